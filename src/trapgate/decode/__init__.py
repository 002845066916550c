# SPDX-License-Identifier: BSD-2-Clause
"""Records and descriptions become values, values become text. No I/O happens here."""
