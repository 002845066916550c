"""The program `trapgate`, and `strace` when it is called through a link of that name.

`main` returns the exit status: the command's own, that of a `TrapgateError`, 1 when standard output cannot be
written, or 130 when interrupted.
Called as `strace`, it hands the whole command line to `trapgate.cli.trace` before anything else is
imported, for start-up is a cost that is paid at each run.
"""

import errno
import os
import sys

INTERRUPTED = 130
CANNOT_WRITE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What the write of a file that is open may fail with."""


def main() -> int:
    """The exit status after running the command that `sys.argv` names."""
    from trapgate.model.errors import TrapgateError, format_error

    if None in (sys.stdin, sys.stdout, sys.stderr):  # the caller closed it
        from trapgate.tracing.standard_files import hold_standard_files

        hold_standard_files()
    try:
        try:
            return dispatch(sys.argv)
        finally:
            sys.stdout.flush()
    except TrapgateError as error:
        print(format_error(error), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # whoever read the output has seen enough
        _drop_output()
        return 0
    except OSError as error:
        if error.errno not in CANNOT_WRITE or error.filename is not None:
            raise
        _drop_output()
        failure = TrapgateError("write standard output", error.strerror or "failed", "send it where there is room")
        print(format_error(failure), file=sys.stderr)
        return failure.exit_code


def _drop_output() -> None:
    """Give standard output somewhere to go: the interpreter flushes it once more at its end, which must not fail."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def dispatch(argv: list[str]) -> int:
    """The status of `argv`, whose first word says whether this is `strace` or `trapgate`."""
    if os.path.basename(argv[0]).endswith("strace"):
        from trapgate.cli.trace import run_as_strace

        return run_as_strace(argv[1:], argv[0])
    from trapgate.cli.dispatch import run_command

    return run_command(argv[1:])


if __name__ == "__main__":
    sys.exit(main())
