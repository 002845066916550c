# SPDX-License-Identifier: BSD-2-Clause
"""What a trace lets through: sets of calls, statuses, descriptors, signals and messages.

A set of calls is resolved to names per ABI while it is parsed, so that a misspelt name is an
error at once. ``-e trace=all`` costs nothing: no table is read for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from trapgate.tracing.scan import Complaint, parse_uint, parse_words, split_tokens

DESIGNATORS = {"64": "x86_64", "32": "i386", "x32": "x32"}
"""What stands behind ``@`` in a call's name, and the ABI it means."""
STATUSES = frozenset({"successful", "failed", "unfinished", "unavailable", "detached"})
QUIETABLE = {
    "attach": "attach",
    "exit": "exit",
    "exits": "exit",
    "path-resolution": "path-resolution",
    "personality": "personality",
    "superseded": "thread-execve",
    "thread-execve": "thread-execve",
}
DECODABLE_FDS = {word: word for word in ("path", "socket", "dev", "eventfd", "pidfd", "signalfd")}
DECODABLE_PIDS = {word: word for word in ("pidns", "comm")}
NAMELESS = "syscall_0x"
"""How the name of a number begins that has none."""
_CARRIED = {
    102: "socket bind connect listen accept getsockname getpeername socketpair send recv sendto recvfrom shutdown"
    " setsockopt getsockopt sendmsg recvmsg accept4 recvmmsg sendmmsg",
    117: "semop semget semctl semtimedop msgsnd msgrcv msgget msgctl shmat shmdt shmget shmctl",
}
"""i386: the calls that ``socketcall`` and ``ipc`` carry, known by names of their own (linux/net.h, linux/ipc.h)."""
_CLASS_WORDS = {
    "%desc": ("desc",),
    "%file": ("file",),
    "%memory": ("memory",),
    "%process": ("process",),
    "%creds": ("creds",),
    "%signal": ("signal",),
    "%ipc": ("ipc",),
    "%net": ("network", "net"),
    "%network": ("network", "net"),
    "%stat": ("stat",),
    "%lstat": ("lstat",),
    "%fstat": ("fstat",),
    "%%stat": ("stat", "lstat", "fstat", "%stat", "stat_like"),
    "%statfs": ("statfs",),
    "%fstatfs": ("fstatfs",),
    "%%statfs": ("statfs", "fstatfs", "%statfs", "statfs_like"),
    "%pure": ("pure",),
    "%clock": ("clock",),
}
"""The class as it is asked for, and the words of ``calls/index.tsv`` that mean it."""
_OLD_CLASSES = ("desc", "file", "memory", "process", "signal", "ipc", "network")


class NumberSet:
    """Descriptors or signals: those listed, or all but those."""

    __slots__ = ("negated", "numbers")

    def __init__(self, negated: bool = False, numbers: frozenset[int] = frozenset()) -> None:
        self.negated = negated
        self.numbers = numbers

    def __contains__(self, number: int) -> bool:
        return (number in self.numbers) != self.negated

    def __bool__(self) -> bool:
        return self.negated or bool(self.numbers)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NumberSet) and (self.negated, self.numbers) == (other.negated, other.numbers)

    def __hash__(self) -> int:
        return hash((self.negated, self.numbers))

    def __repr__(self) -> str:
        return f"NumberSet({self.negated}, {set(self.numbers) or '{}'})"


EVERY_SIGNAL = NumberSet(True)


class CallSet:
    """Calls of each ABI: those named, or all but those."""

    __slots__ = ("_names", "_negated")

    def __init__(self, negated: bool = False, names: Mapping[str, frozenset[str]] | None = None) -> None:
        self._negated = negated
        self._names = {abi: listed for abi, listed in (names or {}).items() if listed}

    def matches(self, name: str, abi: str, number: int = -1) -> bool:
        """Whether the call ``name`` of ``abi`` is in the set.

        A call that ``socketcall`` or ``ipc`` carries goes by its own name. A number without a name goes
        by ``syscall_0x…``, which no set can leave out: what nobody expects is always shown.
        """
        if name.startswith(NAMELESS):
            return True
        listed = self._names.get(abi)
        return (listed is not None and name in listed) != self._negated

    @property
    def is_everything(self) -> bool:
        """Whether no call is left out."""
        return self._negated and not self._names

    @property
    def is_nothing(self) -> bool:
        """Whether no call is in it."""
        return not self._negated and not self._names

    def numbers(self, abi: str) -> frozenset[int] | None:
        """The numbers (without the x32 bit) of the named calls in the set; None when it leaves out no call of ``abi``.

        Numbers without a name are not among them, though ``matches`` lets them through. The numbers of
        ``socketcall`` and ``ipc`` are among them when a call that they carry is.
        """
        if self._negated and abi not in self._names:
            return None
        chosen = {number for number, name in call_names(abi).items() if self.matches(name, abi)}
        if abi == "i386":
            chosen |= {n for n, names in _CARRIED.items() if any(self.matches(name, abi) for name in names.split())}
        return frozenset(chosen)

    def bitmap(self, abi: str, size: int = 1024) -> bytes | None:
        """Bit n of byte n/8 is set when number n is to be seen, a number without a name included; None: all are."""
        chosen = self.numbers(abi)
        if chosen is None:
            return None
        named = call_names(abi)
        bits = sum(1 << number for number in range(size) if number in chosen or number not in named)
        return bits.to_bytes(size // 8, "little")

    def names(self, abi: str) -> frozenset[str] | None:
        """The names in the set; None when it leaves out no call of ``abi``."""
        if not self._negated:
            return self._names.get(abi, frozenset())
        if abi not in self._names:
            return None
        return _known_names(abi) - self._names[abi]

    def key(self) -> tuple[bool, frozenset[str]]:
        """Whether the names are the exceptions, and the names of all ABIs: what ``-e abbrev=`` needs."""
        return self._negated, frozenset().union(*self._names.values())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CallSet) and (self._negated, self._names) == (other._negated, other._names)

    def __hash__(self) -> int:
        return hash((self._negated, frozenset(self._names.items())))

    def __repr__(self) -> str:
        return f"CallSet({self._negated}, {self._names})"


EVERY_CALL = CallSet(True)
NO_CALL = CallSet(False)


def parse_calls(text: str) -> CallSet:
    """The set that ``[!][?]{NAME|NUMBER|%CLASS|/REGEX}[@64|@32|@x32],…``, ``all`` or ``none`` means.

    Raises ``Complaint`` for a name, number or class that no ABI has, unless ``?`` precedes it.
    """
    body = text.lstrip("!")
    negated = bool((len(text) - len(body)) % 2)
    if body in ("none", "all"):
        return CallSet(negated != (body == "all"))
    tokens = split_tokens(body)
    if not tokens:
        raise Complaint(f"invalid system call '{text}'")
    names: dict[str, set[str]] = {}
    for token in tokens:
        if not _add_token(token, names):
            raise Complaint(f"invalid system call '{token}'")
    return CallSet(negated, {abi: frozenset(found) for abi, found in names.items()})


def _add_token(token: str, names: dict[str, set[str]]) -> bool:
    """Adds what ``token`` means to ``names``; whether it means anything, or need not."""
    word = token.lstrip("?")
    abis: Iterable[str] = DESIGNATORS.values()
    qualified, at, designator = word.rpartition("@")
    if at:
        if designator not in DESIGNATORS:
            raise Complaint(f"incorrect personality designator '{designator}' in qualification '{word}'", see_help=True)
        word, abis = qualified, (DESIGNATORS[designator],)
    known = token.startswith("?")
    for abi in abis:
        found = _find_names(word, abi)
        if found is not None:
            known = True
            names.setdefault(abi, set()).update(found)
    return known


def _find_names(word: str, abi: str) -> Iterable[str] | None:
    """The names in ``abi`` that ``word`` stands for; None when it stands for nothing there."""
    if word[:1].isdigit():
        number = parse_uint(word)
        name = None if number is None else call_names(abi).get(number)
        return None if name is None else (name,)
    if word.startswith("/"):
        return _find_matching(word[1:], abi) or None
    if word == "all":
        return _known_names(abi)
    words = _CLASS_WORDS.get("%" + word if word in _OLD_CLASSES else word)
    if words is not None:
        return find_class(words, abi)
    return (word,) if _is_known(word, abi) else None


def find_class(words: tuple[str, ...], abi: str) -> frozenset[str]:
    """The calls that are described as members of one of the classes ``words`` in ``abi``; it need not have them all."""
    from trapgate.calls.describe import index

    wanted = frozenset(words)
    return frozenset(
        name
        for name, rows in index().items()
        if any(abi in row.abis and not wanted.isdisjoint(row.classes) for row in rows)
    )


def call_names(abi: str) -> Mapping[int, str]:
    """The names of the calls of ``abi`` by number, x32's without the bit that marks them."""
    from trapgate.catalog import table_names

    return table_names(abi)


@lru_cache(None)
def _known_names(abi: str) -> frozenset[str]:
    """Every name a call of ``abi`` can go by."""
    carried = " ".join(_CARRIED.values()).split() if abi == "i386" else ()
    return frozenset(call_names(abi).values()).union(carried)


def _is_known(name: str, abi: str) -> bool:
    """Whether ``name`` is one of ``_known_names``, without reading the ABI's whole table."""
    from trapgate.catalog import has_name

    if not name.isascii():  # no call is; and what came as undecodable bytes cannot be looked up
        return False
    return has_name(abi, name) or (abi == "i386" and any(name in names.split() for names in _CARRIED.values()))


def _find_matching(pattern: str, abi: str) -> frozenset[str]:
    """The names of ``abi`` that the POSIX extended regular expression ``pattern`` is found in."""
    from trapgate.tracing.posix_regex import PosixRegex, RegexError

    try:
        regex = PosixRegex(pattern)
    except RegexError as error:
        raise Complaint(f"regcomp: {pattern}: {error}") from None
    with regex:
        return frozenset(name for name in _known_names(abi) if regex.search(name))


# --- sets of numbers and words --------------------------------------------------------------


def parse_fds(text: str) -> NumberSet:
    """The descriptors of ``-e read=``, ``write=``, ``trace-fds=``."""
    return NumberSet(*parse_words(text, "descriptor", parse_uint))


def parse_signals(text: str) -> NumberSet:
    """The signals of ``-e signal=``: names with or without SIG, in any case, or numbers."""
    return NumberSet(*parse_words(text, "signal", parse_signal))


def parse_signal(text: str) -> int | None:
    """The number of one signal.

    >>> parse_signal("sigchld"), parse_signal("RT_3"), parse_signal("15"), parse_signal("POLL")
    (17, 35, 15, None)
    """
    if text[:1].isdigit():
        return parse_uint(text, 255)
    from trapgate.calls.structs_signal import SIGRTMAX, signal_name

    name = "SIG" + text.upper().removeprefix("SIG")
    return next((number for number in range(1, SIGRTMAX + 1) if signal_name(number) == name), None)


def parse_statuses(text: str) -> frozenset[str]:
    """The statuses of ``-e status=``."""
    return _choose(text, "status", {word: word for word in STATUSES})


def parse_quiet(text: str) -> frozenset[str]:
    """The messages of ``-e quiet=``.

    >>> sorted(parse_quiet("!attach,exits,superseded"))
    ['path-resolution', 'personality']
    """
    return _choose(text, "quiet", QUIETABLE)


def parse_decode_fds(text: str) -> frozenset[str]:
    """What ``--decode-fds=`` is to tell of a descriptor."""
    return _choose(text, "decode-fds", DECODABLE_FDS)


def parse_decode_pids(text: str) -> frozenset[str]:
    """What ``--decode-pids=`` is to tell of a process id."""
    return _choose(text, "decode-pids", DECODABLE_PIDS)


def _choose(text: str, what: str, words: Mapping[str, str]) -> frozenset[str]:
    negated, chosen = parse_words(text, what, lambda word: words.get(word.lower()))
    return frozenset(words.values()) - chosen if negated else chosen
