# SPDX-License-Identifier: BSD-2-Clause
"""The text of records without making values: for the calls whose types follow a few patterns.

A function per argument is put together once for each call; where one of them meets what it does not
know (a piece that is missing, cut or unreadable), it gives None and the decoder does the whole
call instead. The text is the same either way; nothing is decided here that the types do not say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from struct import Struct as Layout

from trapgate._core import split_call
from trapgate.calls.call import Call, Options
from trapgate.calls.describe import MOST_KNOWN, Description, Param
from trapgate.calls.memory import ByteArray, CharArray, Fixed, In, Out, Struct, View
from trapgate.calls.types import NO_PIECE, OnlyIf, Pieces, QuickText, Scalar, Type
from trapgate.decode.decoder import Decoder, set_result
from trapgate.decode.result import format_result
from trapgate.model.abi import BY_INDEX, Abi
from trapgate.model.record import Record, parse_record

Words = tuple[int, ...]
Show = Callable[[Words, Pieces, int], str | None]
"""From words, pieces and result to an argument's text; None: the decoder has to look at the call."""
Text = tuple[str, str, bool]
"""The name and arguments, the result, and whether the call failed."""

ABSENT = "\0"
"""An argument that this call does not have."""
ABI_AT, NUMBER_AT = 5, 48
"""Where a record's header has the ABI and the call's number."""
take_number = Layout("=q").unpack_from


def is_flat(kind: Type, options: Options) -> bool:
    """Whether the text of a structure's member follows from its bytes and the options."""
    if isinstance(kind, Struct):
        return kind.own_bytes or (
            kind.show_fields is None and all(is_flat(member, options) for member in kind.members.values())
        )
    if isinstance(kind, Fixed):
        return is_flat(kind.inner, options)
    return isinstance(kind, (CharArray, ByteArray)) or (isinstance(kind, Scalar) and kind.is_pure(options))


class Shortcut:
    """Texts of records, as ``decoder`` would make them.

    ``exact``: what is read after the call was copied after it; otherwise also what was copied before it counts.
    """

    def __init__(self, decoder: Decoder, exact: bool) -> None:
        self.decoder = decoder
        self.exact = exact
        self._known: dict[tuple[int, int], CallText | None] = {}

    def text(self, batch: bytes, offset: int) -> Text | None:
        """The text of the record at ``offset``; None where the decoder has to make it."""
        known = self._find(batch, offset)
        return None if known is None else known.text(batch, offset)

    def enter(self, batch: bytes, offset: int) -> HalfCall | None:
        """The call whose entry alone is the record at ``offset``; None where the decoder has to look at it."""
        known = self._find(batch, offset)
        parts = None if known is None or not self.exact else split_call(batch, offset)
        if known is None or parts is None:
            return None
        words, _, before, _ = parts
        shown = show_all(known.at_entry, words, before, 0)
        if shown is None:
            return None
        size = int.from_bytes(batch[offset : offset + 4], "little")
        return HalfCall(known, words, shown, batch[offset : offset + size])

    def _find(self, batch: bytes, offset: int) -> CallText | None:
        key = batch[offset + ABI_AT], take_number(batch, offset + NUMBER_AT)[0]
        if key not in self._known:
            self._known[key] = self._make(*key)
        return self._known[key]

    def _make(self, index: int, nr: int) -> CallText | None:
        options, abi = self.decoder.options, BY_INDEX[index]
        name, description, layout, (_, verbose) = self.decoder.find(abi, nr)
        split = layout.split if description.function is None else description.plain_split
        if split is None or description.direct is not None:
            return None
        if not verbose or options.arg_names or name in options.raw:
            return None
        if options.decode_fds or options.decode_pids:
            return None
        if description.returns is not None and not description.returns.is_pure(options):
            return None
        made = CallText(self, name, description, abi, split)
        return made if len(made.shows) == len(description.params) else None


def show_all(shows: Sequence[Show], words: Words, pieces: Pieces, result: int) -> list[str] | None:
    """The texts of the arguments that there are; None where one takes a decoder."""
    shown = []
    for show in shows:
        text = show(words, pieces, result)
        if text is None:
            return None
        if text is not ABSENT:
            shown.append(text)
    return shown


class HalfCall:
    """A call that has begun, told by its quick text; ``shown`` are the arguments known at entry."""

    __slots__ = ("name", "more_at_exit", "shown", "_text", "_words", "_record")

    def __init__(self, text: CallText, words: Words, shown: list[str], record: bytes) -> None:
        self.name = text.name
        self.more_at_exit = bool(text.at_exit)
        self.shown = shown
        self._text = text
        self._words = words
        self._record = record

    def leave(self, batch: bytes, offset: int) -> tuple[list[str], str] | None:
        """What its exit, the record at ``offset``, adds: arguments and the result; None where that takes a decoder."""
        parts = split_call(batch, offset)
        if parts is None:
            return None
        _, result, _, after = parts
        more = show_all(self._text.at_exit, self._words, after, result)
        return None if more is None else (more, (self._text.results.get(result) or self._text.show_result(result))[0])

    def record(self) -> Record:
        """The record of the entry."""
        return parse_record(self._record)[0]


class CallText:
    """The text of one call in one ABI."""

    def __init__(self, shortcut: Shortcut, name: str, description: Description, abi: Abi, split: int) -> None:
        self.name = name
        self.exact = shortcut.exact
        self.blank = Call(abi, 0, name, (0,) * 6, options=shortcut.decoder.options)
        self.blank.description = description
        self.results: dict[int, tuple[str, bool]] = {}
        self.shows: list[Show] = []
        index = 0
        for position, param in enumerate(description.params):
            words = param.type.words(abi)
            show = self.show_of(param, index) if words == 1 and index < 6 else None
            if show is None or (param.type.out and position < split):
                break
            self.shows.append(show)
            index += words
        self.at_entry, self.at_exit = tuple(self.shows[:split]), tuple(self.shows[split:])

    def text(self, batch: bytes, offset: int) -> Text | None:
        """The text of the record whose bytes begin at ``offset``."""
        parts = split_call(batch, offset)
        if parts is None:
            return None
        words, result, before, after = parts
        shown = show_all(self.at_entry, words, before, result)
        if shown is None:
            return None
        if self.at_exit:
            more = show_all(self.at_exit, words, after if self.exact or not before else {**before, **after}, result)
            if more is None:
                return None
            shown += more
        tail, failed = self.results.get(result) or self.show_result(result)
        return f"{self.name}({', '.join(shown)}) ", tail, failed

    def show_result(self, result: int) -> tuple[str, bool]:
        """What stands behind the arguments, and whether the call failed."""
        c = self.blank
        set_result(c, result)
        known = f"= {format_result(c)}", bool(c.error)
        if len(self.results) < MOST_KNOWN:
            self.results[result] = known
        return known

    # --- arguments -------------------------------------------------------------------------

    def show_of(self, param: Param, index: int) -> Show | None:
        """What shows the argument in register ``index``; None where that takes a decoder."""
        kind = param.type
        if isinstance(kind, OnlyIf):
            return self._only_if(kind, index)
        if kind.is_pure(self.blank.options):
            return self._pure(kind, index)
        if isinstance(kind, In):
            follows = kind.follows_null or type(kind).decode in (In.decode, Out.decode)
            return self._pointer(kind, self._inner(kind.inner) if follows else None, index)
        return None

    def _pure(self, kind: Type, index: int) -> Show:
        known: dict[int, str] = {}

        def show(words: Words, pieces: Pieces, result: int) -> str | None:
            word = words[index]
            text = known.get(word)
            if text is None:
                value = kind.decode(self.blank, word)
                text = ABSENT if value is None else value.text
                if len(known) < MOST_KNOWN:
                    known[word] = text
            return text

        return show

    def _only_if(self, kind: OnlyIf, index: int) -> Show | None:
        inner = self._pure(kind.inner, index) if kind.inner.is_pure(self.blank.options) else None
        if inner is None:
            return None
        condition: Callable[[Call], bool] = kind.condition  # type: ignore[assignment]

        def show(words: Words, pieces: Pieces, result: int) -> str | None:
            self.blank.args = words
            return inner(words, pieces, result) if condition(self.blank) else ABSENT

        return show

    def _pointer(self, kind: In, inner: QuickText | None, index: int) -> Show:
        """What shows a pointer; without ``inner`` only where it leads nowhere."""
        mask = (1 << 8 * self.blank.abi.word) - 1
        results, null = self.results, None if kind.follows_null else "NULL"
        fails = inner is not None and kind.out and not getattr(kind, "anyway", False)

        def show(words: Words, pieces: Pieces, result: int) -> str | None:
            addr = words[index] & mask
            if not addr:
                return null
            if fails and (results.get(result) or self.show_result(result))[1]:
                return hex(addr)
            return None if inner is None else inner(addr, pieces, words, result)

        return show

    def _inner(self, kind: Type) -> QuickText | None:
        """What shows the memory at an address."""
        quick = kind.quick(self.blank)
        if quick is None and isinstance(kind, Struct) and is_flat(kind, self.blank.options):
            return self._struct(kind)
        return quick

    def _struct(self, kind: Struct) -> QuickText:
        size = kind.size(self.blank.abi)
        known: dict[bytes, str] = {}

        def show(addr: int, pieces: Pieces, words: Sequence[int], result: int) -> str | None:
            data = pieces.get(addr, NO_PIECE)[1]
            if len(data) < size:
                return None
            text = known.get(data)
            if text is None:
                text = kind.view_value(View(self.blank, data, 0, kind, addr)).text
                if len(known) < MOST_KNOWN:
                    known[data] = text
            return text

        return show
