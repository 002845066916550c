"""The errors a user may see: what failed, why, what mends it, and the exit status.

Every layer raises these; only `trapgate.__main__` turns them into text and a status.
A mistake of the user is never a traceback, and a traceback is always a bug.
"""

__all__ = ("CannotTraceError", "TrapgateError", "UsageError", "escape_controls", "format_error")

FAILED = 1
"""Exit status: something was found, or something failed."""
USAGE = 2
"""Exit status: the command line (or a name in it) was wrong."""
CANNOT_TRACE = 3
"""Exit status: this machine or user may not trace this way."""


class TrapgateError(Exception):
    """What failed (`what`), the cause (`why`), and the command or option that mends it (`hint`).

    `exit_code` is the status the process ends with: 1 found or failed, 2 usage, 3 cannot trace here.
    """

    exit_code: int = FAILED

    def __init__(self, what: str, why: str, hint: str = "", exit_code: int | None = None) -> None:
        super().__init__(what, why, hint)
        self.what = what
        self.why = why
        self.hint = hint
        if exit_code is not None:
            self.exit_code = exit_code

    def __str__(self) -> str:
        return f"{self.what}: {self.why}"


class UsageError(TrapgateError):
    """A wrong command line, or a name that does not exist: exit status 2."""

    exit_code = USAGE


class CannotTraceError(TrapgateError):
    """A missing capability, sysctl, package or kernel feature: exit status 3."""

    exit_code = CANNOT_TRACE


def format_error(error: TrapgateError) -> str:
    """The lines of `error` for standard error, without the final newline.

    >>> print(format_error(UsageError("show", "no call is named 'opena'", "did you mean 'open'?")))
    trapgate: error: show: no call is named 'opena'
    hint: did you mean 'open'?
    """
    lines = [f"trapgate: error: {error}", f"hint: {error.hint}"] if error.hint else [f"trapgate: error: {error}"]
    return "\n".join([_shorten(escape_controls(line)) for line in lines])


def escape_controls(text: str) -> str:
    r"""Text that may hold a file's name, as one line with nothing in it that a terminal would obey.

    >>> escape_controls("open 'a\x1b[31m\u202e': é")
    "open 'a\\x1b[31m\\u202e': é"
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _shorten(line: str) -> str:
    """A word that the user gave may be of any length; its end may tell a line or an offset."""
    return " ".join([w if len(w) <= 500 else f"{w[:300]}…{w[-100:]}" for w in line.split(" ")])
