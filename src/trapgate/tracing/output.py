# SPDX-License-Identifier: BSD-2-Clause
"""Where a trace's lines go: standard error, a file, a file per process, another program's input.

Files are created for their owner alone (0600) and never through a link that somebody else could
have planted; what cannot be written is an error that says so, not silence.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, TextIO

from trapgate.model.errors import TrapgateError
from trapgate.tracing.lines import Sink

if TYPE_CHECKING:
    import subprocess

BUFFER = 1 << 16


class OutputError(TrapgateError):
    """The output cannot be opened or written."""

    path = ""
    """The file that failed while it was written."""


MOST_LINKS = 40
"""Links that are followed one after the other, as many as the kernel follows."""


def open_file(path: str, append: bool) -> TextIO:
    """A text file to write a trace to; as `open_descriptor`."""
    return open(open_descriptor(path, append), "w", BUFFER, encoding="utf-8", errors="surrogateescape")


def open_descriptor(path: str, append: bool = False) -> int:
    """A file to write to, made with mode 0600; its descriptor.

    Raises OutputError: the path cannot be opened, or leads through a link that another user owns.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | (os.O_APPEND if append else os.O_TRUNC)
    try:
        return _open_past_links(path, flags)
    except OSError as error:
        raise OutputError(f"open '{path}'", os.strerror(error.errno or 0), "choose another file with -o") from None


def _open_past_links(path: str, flags: int) -> int:
    """The file at the end of our own links, each judged and read through one descriptor: none can be swapped."""
    at = path
    for _ in range(MOST_LINKS):
        try:
            return os.open(at, flags | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
        link = os.open(at, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            info = os.fstat(link)
            if info.st_uid not in (0, os.geteuid()):
                raise OutputError(
                    f"open '{path}'",
                    "it is a symbolic link that another user made",
                    "name the file it leads to, or remove the link",
                )
            if info.st_dev == os.stat("/proc").st_dev:  # /dev/stdout: the kernel's link to an open file
                return os.open(at, flags & ~os.O_CREAT)
            at = os.path.join(os.path.dirname(at), os.readlink("", dir_fd=link))
        finally:
            os.close(link)
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))


OnFailure = Callable[[OutputError], None]
"""Told once of a place that cannot be written; what else is written there is dropped."""


def raise_failure(error: OutputError) -> None:
    """Let the failure end the trace."""
    raise error


class FileSink:
    """Lines to a text file. When it cannot be written ``on_failure`` is told, and the rest is dropped."""

    def __init__(self, file: IO[str], name: str, owned: bool = True, on_failure: OnFailure = raise_failure) -> None:
        self._file = file
        self.name = name
        self._owned = owned
        self._on_failure = on_failure

    def write(self, text: str) -> None:
        """Add text."""
        try:
            self._file.write(text)
        except BrokenPipeError:
            raise
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        """From now on to /dev/null, which takes what is still in the buffers too."""
        null = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        os.dup2(null, self._file.fileno(), inheritable=False)
        os.close(null)
        self._file.flush()
        hint = "free some room, or choose another file with -o"
        failure = OutputError(f"write '{self.name}'", os.strerror(error.errno or errno.EIO), hint)
        failure.path = self.name
        self._on_failure(failure)

    @classmethod
    def standard_error(cls) -> FileSink:
        """Standard error as a sink."""
        file = open(2, "w", BUFFER, encoding="utf-8", errors="surrogateescape", closefd=False)  # noqa: SIM115  # the sink owns it
        return cls(file, "standard error", False, lambda error: None)  # there is nowhere left to tell it

    def flush(self) -> None:
        """Hand everything to the kernel."""
        try:
            self._file.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            self._fail(error)

    def close(self) -> None:
        """Flush, and close unless it is shared."""
        self.flush()
        if self._owned:
            self._file.close()


class Output:
    """The places for lines: ``sink_for(tid)`` is one shared, or one per task with -ff."""

    def __init__(self, name: str | None, append: bool, separately: bool, on_failure: OnFailure = raise_failure) -> None:
        self._name = name
        self._on_failure = on_failure
        self._append = append
        self._separately = separately and name is not None
        self._child: subprocess.Popen[str] | None = None
        self._shared: Sink | None = None if self._separately else self._open_shared()

    @property
    def reader(self) -> int:
        """The pid of the program that reads the output, 0 if there is none."""
        return self._child.pid if self._child is not None else 0

    def _open_shared(self) -> Sink:
        if self._name is None:
            return FileSink.standard_error()
        if self._name[:1] in ("|", "!"):
            import subprocess

            # a shell because the option's very meaning is a shell command (strace -o '|cmd')
            self._child = subprocess.Popen(
                self._name[1:], shell=True, stdin=subprocess.PIPE, text=True, encoding="utf-8", errors="surrogateescape"
            )
            assert self._child.stdin is not None
            return FileSink(self._child.stdin, self._name, True, self._on_failure)
        return FileSink(open_file(self._name, self._append), self._name, False, self._on_failure)

    def sink_for(self, tid: int) -> Sink:
        """Where the lines of task ``tid`` go."""
        if self._shared is not None:
            return self._shared
        name = f"{self._name}.{tid}"
        return FileSink(open_file(name, self._append), name, True, self._on_failure)

    def close(self) -> None:
        """Flush what is shared, and wait for the program that reads it."""
        if self._shared is not None:
            self._shared.flush()
        if self._child is not None:
            assert self._child.stdin is not None
            self._child.stdin.close()
            self._child.wait()
