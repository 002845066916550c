# SPDX-License-Identifier: BSD-2-Clause
"""The text of merged records without making values: for the calls whose types follow a few patterns.

A function per argument is put together once for each call; where one of them meets what it does not
know (a piece that is missing, cut or unreadable), it gives None and the decoder does the whole
call instead. The text is the same either way; nothing is decided here that the types do not say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from struct import Struct as Layout

from trapgate._core import split_call
from trapgate.calls.call import Call, Options
from trapgate.calls.describe import Description, Param
from trapgate.calls.memory import ByteArray, Bytes, CharArray, Fixed, In, Out, PathStr, Str, Struct, View, _Result
from trapgate.calls.quote import quote
from trapgate.calls.types import OnlyIf, QuickText, Scalar, Type, truncate
from trapgate.decode.decoder import Decoder, set_result
from trapgate.decode.result import format_result
from trapgate.model.abi import BY_INDEX, Abi
from trapgate.model.record import PieceFlag, Record, parse_record

Words = tuple[int, ...]
Pieces = Mapping[int, tuple[int, bytes]]
"""What was copied in one phase, by address: flags and bytes."""
Show = Callable[[Words, Pieces, int], str | None]
"""From words, pieces and result to an argument's text; None: the decoder has to look at the call."""
ShowAt = Callable[[int, Words, Pieces, int], str | None]
"""As Show, of what is at an address."""
Text = tuple[str, str, bool]
"""The name and arguments, the result, and whether the call failed."""

NOTHING = (0, b"")
"""Where nothing was copied."""
ABSENT = "\0"
"""An argument that this call does not have."""
MOST_KNOWN = 4096
"""Texts of one argument or result that are remembered."""
TERMINATED = int(PieceFlag.TERMINATED)
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
    """Texts of merged records, as ``decoder`` would make them.

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
        return None if shown is None else HalfCall(known, words, shown, batch, offset)

    def _find(self, batch: bytes, offset: int) -> CallText | None:
        key = batch[offset + ABI_AT], take_number(batch, offset + NUMBER_AT)[0]
        if key not in self._known:
            self._known[key] = self._make(*key)
        return self._known[key]

    def _make(self, index: int, nr: int) -> CallText | None:
        options, abi = self.decoder.options, BY_INDEX[index]
        name, description, layout, (_, verbose) = self.decoder.find(abi, nr)
        by_hand = description.function is not None or description.direct is not None or layout.rewritten
        if by_hand or layout.split is None or not verbose or options.arg_names or name in options.raw:
            return None
        if options.decode_fds or options.decode_pids:
            return None
        if description.returns is not None and not description.returns.is_pure(options):
            return None
        made = CallText(self, name, description, abi, layout.split)
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

    __slots__ = ("name", "more_at_exit", "shown", "_text", "_words", "_batch", "_offset")

    def __init__(self, text: CallText, words: Words, shown: list[str], batch: bytes, offset: int) -> None:
        self.name = text.name
        self.more_at_exit = bool(text.at_exit)
        self.shown = shown
        self._text = text
        self._words = words
        self._batch = batch
        self._offset = offset

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
        return parse_record(self._batch, self._offset)[0]


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
        if isinstance(kind, In) and (kind.follows_null or type(kind).decode in (In.decode, Out.decode)):
            inner = self._inner(kind.inner)
            return None if inner is None else self._pointer(kind, inner, index)
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

    def _pointer(self, kind: In, inner: ShowAt, index: int) -> Show:
        mask = (1 << 8 * self.blank.abi.word) - 1
        results, null = self.results, None if kind.follows_null else "NULL"
        fails = kind.out and not getattr(kind, "anyway", False)

        def show(words: Words, pieces: Pieces, result: int) -> str | None:
            addr = words[index] & mask
            if not addr:
                return null
            if fails and (results.get(result) or self.show_result(result))[1]:
                return hex(addr)
            return inner(addr, words, pieces, result)

        return show

    def _inner(self, kind: Type) -> ShowAt | None:
        """What shows the memory at an address."""
        if type(kind) is PathStr:
            return self._path(kind.room)
        if type(kind) is Str and kind.limit is None:
            return self._string()
        if type(kind) is Bytes:
            return self._bytes(kind)
        quick = kind.quick(self.blank)
        if isinstance(kind, Struct) and is_flat(kind, self.blank.options):
            return self._struct(kind, quick)
        if quick is None:
            return None
        known = quick

        def show(addr: int, words: Words, pieces: Pieces, result: int) -> str | None:
            return known(addr, pieces.get(addr, NOTHING)[1], words, result)

        return show

    def _path(self, room: int) -> ShowAt:
        hexadecimal = self.blank.options.hexadecimal

        def show(addr: int, words: Words, pieces: Pieces, result: int) -> str | None:
            flags, data = pieces.get(addr, NOTHING)
            whole = flags & TERMINATED and 0 <= data.find(0) == len(data) - 1 < room
            return quote(data[:-1], hexadecimal) if whole else None

        return show

    def _string(self) -> ShowAt:
        limit, hexadecimal = self.blank.options.string_limit, self.blank.options.hexadecimal

        def show(addr: int, words: Words, pieces: Pieces, result: int) -> str | None:
            flags, data = pieces.get(addr, NOTHING)
            if flags & TERMINATED and 0 <= data.find(0) == len(data) - 1 <= limit:
                return quote(data[:-1], hexadecimal)
            return (
                quote(data[:limit], hexadecimal) + "..." if len(data) > limit and 0 not in data[: limit + 1] else None
            )

        return show

    def _bytes(self, kind: Bytes) -> ShowAt | None:
        size_of = self._size(kind)
        if size_of is None:
            return None
        options = self.blank.options
        limit, hexadecimal = options.string_limit, options.hexadecimal if kind.hexadecimal is None else kind.hexadecimal

        def show(addr: int, words: Words, pieces: Pieces, result: int) -> str | None:
            size = size_of(words, result)
            if not size:
                return '""'
            want = size if size <= limit else limit + 1
            data = pieces.get(addr, NOTHING)[1]
            if len(data) < want:
                return None
            text = quote(data[:limit] if len(data) > limit else data[:want], hexadecimal)
            return text + "..." if size > limit else text

        return show

    def _size(self, kind: Bytes) -> Callable[[Words, int], int] | None:
        """What gives the number of bytes from words and the result."""
        length, abi = kind.length, self.blank.abi
        if isinstance(length, _Result):
            return lambda words, result: max(result, 0)
        if isinstance(length, int):
            constant = length
            return lambda words, result: constant
        if not isinstance(length, str):
            return None
        description = self.blank.description
        assert description is not None
        number, index = description.type_of(length), description.word_index(length, abi)
        if not isinstance(number, Scalar) or type(number).number is not Scalar.number:
            return None
        size, signed = number.size(abi), number.signed
        return lambda words, result: max(truncate(words[index], size, signed), 0)

    def _struct(self, kind: Struct, quick: QuickText | None) -> ShowAt:
        size = kind.size(self.blank.abi)
        known: dict[bytes, str] = {}

        def show(addr: int, words: Words, pieces: Pieces, result: int) -> str | None:
            data = pieces.get(addr, NOTHING)[1]
            if len(data) < size:
                return None
            if quick is not None:
                return quick(addr, data, words, result)
            text = known.get(data)
            if text is None:
                text = kind.view_value(View(self.blank, data, 0, kind, addr)).text
                if len(known) < MOST_KNOWN:
                    known[data] = text
            return text

        return show
