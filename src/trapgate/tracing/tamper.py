# SPDX-License-Identifier: BSD-2-Clause
"""Tampering with calls: ``-e inject=`` and ``-e fault=`` as data, and when each applies.

``parse_injection`` reads ``SET[:error=E|:retval=V][:signal=S][:syscall=PURE][:delay_enter=T]…[:when=…]``;
``InjectionState`` counts one tracee's calls. Nothing here touches a process: the source does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from errno import ENOSYS

from trapgate.tracing.filters import DESIGNATORS, NAMELESS, CallSet, call_names, find_class, parse_calls, parse_signal
from trapgate.tracing.scan import Complaint, parse_duration, parse_strtoull, parse_uint, scan_uint, split_tokens

MAX_ERRNO = 4095
FOREVER = 0xFFFF
"""``last`` of an injection that does not end."""
MAX_POKE_DIGITS = 2048


@dataclass(frozen=True, slots=True)
class Injection:
    """What is done to some calls, and at which of their occurrences."""

    calls: CallSet
    error: int = 0
    """The call is not made and fails with this errno; 0: no error is injected."""
    retval: int | None = None
    """The call is not made and returns this (64 bits, unsigned)."""
    signal: int = 0
    """Delivered at entry."""
    syscall: str = ""
    """Made in place of the call: one without effects."""
    delay_enter_ns: int | None = None
    delay_exit_ns: int | None = None
    poke_enter: tuple[tuple[int, bytes], ...] = ()
    """Bytes written at entry to where argument N (from 1) points."""
    poke_exit: tuple[tuple[int, bytes], ...] = ()
    """The same at exit."""
    first: int = 1
    """The occurrence, from 1, that is the first tampered with."""
    last: int = FOREVER
    """The last occurrence that is looked at."""
    step: int = 1
    """Every ``step``-th after the first; 0: the first only."""

    @property
    def replaces_result(self) -> bool:
        """Whether the call is not made."""
        return self.error > 0 or self.retval is not None

    def syscall_number(self, abi: str) -> int:
        """The number of ``syscall`` in ``abi``; -1, which no call has, when none was named."""
        if not self.syscall:
            return -1
        return next(number for number, name in call_names(abi).items() if name == self.syscall)


class InjectionState:
    """One tracee's position in every injection: each call is counted by itself."""

    __slots__ = ("_counters", "_injections")

    def __init__(self, injections: Sequence[Injection]) -> None:
        self._injections = injections
        self._counters: dict[tuple[str, str], _Counter | None] = {}

    def enter(self, name: str, abi: str) -> Injection | None:
        """Counts a call that is traced; what to do to this occurrence, None for nothing."""
        key = name, abi
        if key not in self._counters:
            self._counters[key] = self._find(name, abi)
        counter = self._counters[key]
        return counter.injection if counter is not None and counter.is_due() else None

    def _find(self, name: str, abi: str) -> _Counter | None:
        if name.startswith(NAMELESS):  # a number without a name is in no injection
            return None
        for injection in reversed(self._injections):
            if injection.calls.matches(name, abi):
                return _Counter(injection)
        return None


class _Counter:
    """How many occurrences remain until the next one that is tampered with."""

    __slots__ = ("_remaining", "_until", "injection")

    def __init__(self, injection: Injection) -> None:
        self.injection = injection
        self._until = injection.first
        self._remaining = injection.last

    def is_due(self) -> bool:
        """Counts one occurrence; whether it is one to tamper with."""
        if not self._until or not self._remaining:
            return False
        if self.injection.last != FOREVER:
            self._remaining -= 1
        self._until -= 1
        if self._until:
            return False
        self._until = self.injection.step
        return True


# --- parsing --------------------------------------------------------------------------------


def parse_injection(text: str, fault: bool, warn: Callable[[str], None]) -> Injection:
    """The injection that ``text`` describes; ``fault``: in the syntax of ``-e fault=``.

    ``warn`` is told of what is odd but allowed. Raises ``Complaint``.
    """
    what = "fault" if fault else "inject"
    calls, *tokens = split_tokens(text, ":") if text[:1] not in ("", ":") else [""]
    fields: dict[str, object] = {}
    for token in tokens:
        if not _add_token(token, fault, fields, warn):
            raise Complaint(f"invalid {what} argument '{text}'")
    chosen = parse_calls(calls)
    if not fields.keys() - {"first", "last", "step", "syscall"}:
        if not fault:
            raise Complaint(f"invalid {what} argument '{text}'")
        fields["error"] = ENOSYS
    return Injection(chosen, **fields)  # type: ignore[arg-type]  # each parser fills its own field


def _add_token(token: str, fault: bool, fields: dict[str, object], warn: Callable[[str], None]) -> bool:
    """Puts what ``token`` says into ``fields``; whether it could be read and may stand there."""
    key, equals, value = token.partition("=")
    if not equals or (fault and key not in ("when", "syscall", "error")):
        return False
    if key == "when":
        found = parse_when(value)
        if found is not None:
            fields.update(found)
        return found is not None
    parse = _PARSERS.get(key)
    taken = {"error", "retval"} if key in ("error", "retval") else {_FIELDS.get(key, key)}
    if parse is None or taken & fields.keys():
        return False
    parsed = parse(value)
    if parsed is None:
        return False
    fields[_FIELDS.get(key, key)] = parsed
    if key == "retval":
        _warn_of_retval(parse_strtoull(value) or 0, warn)
    return True


def parse_when(text: str) -> dict[str, int] | None:
    """``FIRST[..LAST][+[STEP]]`` as first, last and step.

    >>> parse_when("3"), parse_when("2+3")
    ({'first': 3, 'last': 65535, 'step': 0}, {'first': 2, 'last': 65535, 'step': 3})
    >>> parse_when("2..8"), parse_when("0"), parse_when("8..2")
    ({'first': 2, 'last': 8, 'step': 1}, None, None)
    """
    found = scan_uint(text, 0xFFFF)
    if found is None or not found[0]:
        return None
    (first, rest), last = found, FOREVER
    if rest.startswith(".."):
        found = scan_uint(rest[2:], 0xFFFF - 1)
        if found is None or found[0] < first:
            return None
        last, rest = found
    if not rest:
        return {"first": first, "last": last, "step": 0 if last == FOREVER else 1}
    if not rest.startswith("+"):
        return None
    step = parse_uint(rest[1:], 0xFFFF) if rest != "+" else 1
    return {"first": first, "last": last, "step": step} if step else None


def parse_error(text: str) -> int | None:
    """An errno by number or name, in any case.

    >>> parse_error("enoent"), parse_error("2"), parse_error("ENOTSUPP"), parse_error("0")
    (2, 2, 524, None)
    """
    number = parse_uint(text, MAX_ERRNO)
    if number is None:
        from trapgate.calls.errnames import error_name

        name = text.upper()
        number = next((errno for errno in range(1, 600) if error_name(errno) == name), None)
    return number or None


def _parse_signal(text: str) -> int | None:
    number = parse_signal(text)
    return number if number is not None and 1 <= number <= 64 else None


def _parse_pure(text: str) -> str | None:
    """The name of a call that every ABI has and that changes nothing anywhere."""
    from trapgate.catalog import has_name

    pure = all(text in find_class(("pure",), abi) and has_name(abi, text) for abi in DESIGNATORS.values())
    return text if pure else None


def _parse_poke(text: str) -> tuple[tuple[int, bytes], ...] | None:
    """``@argN=HEX,…`` as (N, bytes), each N once."""
    pokes: dict[int, bytes] = {}
    for token in split_tokens(text):
        argument, _, digits = token.removeprefix("@arg").partition("=")
        if not token.startswith("@arg") or argument not in tuple("1234567"):
            return None
        if not digits.isalnum() or len(digits) > MAX_POKE_DIGITS or int(argument) in pokes:
            return None
        try:
            pokes[int(argument)] = bytes.fromhex(digits)
        except ValueError:
            return None
    return tuple(pokes.items()) if text else None


_FIELDS = {"delay_enter": "delay_enter_ns", "delay_exit": "delay_exit_ns"}
_PARSERS: dict[str, Callable[[str], object | None]] = {
    "error": parse_error,
    "retval": parse_strtoull,
    "signal": _parse_signal,
    "syscall": _parse_pure,
    "delay_enter": parse_duration,
    "delay_exit": parse_duration,
    "poke_enter": _parse_poke,
    "poke_exit": _parse_poke,
}


def _warn_of_retval(value: int, warn: Callable[[str], None]) -> None:
    """Says when a return value would be taken for an error, or does not fit where registers have 32 bits."""
    error, compat_error = 2**64 - value, 2**32 - (value & 0xFFFFFFFF)
    if error <= MAX_ERRNO:
        warn(f"Inadvertent injection of error {error} is possible for retval={value}")
    elif compat_error <= MAX_ERRNO:
        warn(f"Inadvertent injection of error {compat_error} is possible in compat personality for retval={value}")
    elif value >= 2**32:
        warn(f"Injected return value {value} will be clipped to {value & 0xFFFFFFFF} in compat personality")
