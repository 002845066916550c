# SPDX-License-Identifier: BSD-2-Clause
"""Reads options as the C library's ``getopt_long`` does, its messages included.

Letters may be clustered, arguments attached or separate, long names abbreviated as far as they stay
clear; the first word that is no option ends them. Python's own ``getopt`` knows no optional arguments
and words its errors differently, and strace's command line is promised to the byte.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

NO_ARGUMENT = 0
REQUIRED = 1
OPTIONAL = 2

Option = tuple[str, str, "str | None"]
"""The option's key, how it was written (``-s``, ``--string-limit``), and its argument."""


class OptionError(Exception):
    """The C library's words for an option that cannot be understood."""


class OptionReader:
    """The options at the start of ``words``; when they are all read, ``rest`` is what follows them.

    Args:
        short: by letter, whether it takes an argument.
        long: by name, its key and whether it takes an argument; names with one key are synonyms.
    """

    def __init__(self, words: Sequence[str], short: Mapping[str, int], long: Mapping[str, tuple[str, int]]) -> None:
        self.rest = list(words)
        self._short = short
        self._long = long

    def __iter__(self) -> Iterator[Option]:
        while self.rest and self.rest[0].startswith("-") and self.rest[0] != "-":
            word = self.rest.pop(0)
            if word == "--":
                return
            if word.startswith("--"):
                yield self._read_long(word[2:])
            else:
                yield from self._read_cluster(word[1:])

    def _read_cluster(self, letters: str) -> Iterator[Option]:
        """``-tts16`` or ``-s 16``."""
        while letters:
            letter, letters = letters[0], letters[1:]
            if letter not in self._short:
                raise OptionError(f"invalid option -- '{letter}'")
            if self._short[letter] == NO_ARGUMENT:
                yield letter, f"-{letter}", None
                continue
            if not letters and not self.rest:
                raise OptionError(f"option requires an argument -- '{letter}'")
            yield letter, f"-{letter}", letters or self.rest.pop(0)
            return

    def _read_long(self, word: str) -> Option:
        """``--name``, ``--name=argument`` or ``--name argument``."""
        given, equals, attached = word.partition("=")
        name = self._complete(given, word)
        key, takes = self._long[name]
        argument = attached if equals else None
        if equals and takes == NO_ARGUMENT:
            raise OptionError(f"option '--{name}' doesn't allow an argument")
        if not equals and takes == REQUIRED:
            if not self.rest:
                raise OptionError(f"option '--{name}' requires an argument")
            argument = self.rest.pop(0)
        return key, f"--{name}", argument

    def _complete(self, given: str, word: str) -> str:
        """The name that ``given`` begins, if it begins only one or synonyms."""
        if given in self._long:
            return given
        begun = [name for name in self._long if name.startswith(given)]
        if not begun:
            raise OptionError(f"unrecognized option '--{word}'")
        others = [name for name in begun[1:] if self._long[name] != self._long[begun[0]]]
        if others:
            listed = " ".join(f"'--{name}'" for name in (begun[0], *others))
            raise OptionError(f"option '--{word}' is ambiguous; possibilities: {listed}")
        return begun[0]
