"""The program `trapgate`, and `strace` when it is called through a link of that name.

`main` returns the exit status: the command's own, that of a `TrapgateError`, or 130 when interrupted.
Called as `strace`, it hands the whole command line to `trapgate.cli.trace` before anything else is
imported, for start-up is a cost that is paid at each run.
"""

import os
import sys

INTERRUPTED = 130


def main() -> int:
    """The exit status after running the command that `sys.argv` names."""
    from trapgate.model.errors import TrapgateError, format_error

    try:
        try:
            return dispatch(sys.argv)
        finally:
            if sys.stdout is not None:  # None when the caller closed it
                sys.stdout.flush()
    except TrapgateError as error:
        print(format_error(error), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has seen enough. The interpreter flushes stdout once more when it
        # ends, which must not fail again: give it somewhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def dispatch(argv: list[str]) -> int:
    """The status of `argv`, whose first word says whether this is `strace` or `trapgate`."""
    if os.path.basename(argv[0]).endswith("strace"):
        from trapgate.cli.trace import run_as_strace

        return run_as_strace(argv[1:], argv[0])
    from trapgate.cli.dispatch import run_command

    return run_command(argv[1:])


if __name__ == "__main__":
    sys.exit(main())
