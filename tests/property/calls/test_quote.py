# SPDX-License-Identifier: BSD-2-Clause
"""Quoting: nothing but printable ASCII comes out, and C reads the same bytes back."""

from __future__ import annotations

import ast

from hypothesis import given
from hypothesis import strategies as st

from trapgate.calls.quote import Hex, escape, quote, unescape


@given(st.binary(max_size=200), st.sampled_from(Hex))
def test_printable_and_exact(data: bytes, style: Hex) -> None:
    """Python's escapes of bytes are C's here, so its parser can read the text back."""
    text = quote(data, style)
    assert all(" " <= char <= "~" for char in text)
    assert ast.literal_eval("b" + text) == data


@given(st.binary(max_size=200), st.sampled_from(Hex), st.sampled_from([b"", b"<>"]))
def test_what_is_escaped_is_had_back(data: bytes, style: Hex, extra: bytes) -> None:
    assert unescape(escape(data, style, extra)) == data
