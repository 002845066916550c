# SPDX-License-Identifier: BSD-2-Clause
"""The texts of ``trapgate trace --help`` and of the drop-in's ``-h``, ``-V`` and ``--tips``.

One option is one line that begins with its flags, so that shells' completion and the reference pages
can be made from it. Loaded only when one of these texts is asked for.
"""

from __future__ import annotations

_OWN_OPENING = """\
usage: trapgate trace [OPTIONS] PROGRAM [ARGUMENTS]
       trapgate trace [OPTIONS] -p PID

Print the system calls that a program makes, decoded, as strace does.

examples:
  trapgate trace -f -e trace=%file make      every file that a build touches
  trapgate trace -p 4242 -z -T               what a running process does, and how long it takes
"""

_STRACE_OPENING = """\
usage: strace [OPTIONS] PROGRAM [ARGUMENTS]
       strace [OPTIONS] -p PID

Print the system calls that a program makes, decoded. This is trapgate under the name of strace: it takes
strace 7.2's command line.

examples:
  strace -f -o log make                      a program and its children, into a file
  strace -c ls                               count and time the calls of one program
"""

_SOURCES = """
where calls are seen:
  --source {auto,bpf,ptrace}   bpf copies calls without stopping the program, ptrace needs no privilege
  --all                        watch every process of this machine (bpf)
  --cgroup PATH                watch every process of a control group (bpf), may be repeated
  --ring-size SIZE             memory between kernel and tracer, as 64M (bpf)
  --strict                     fail when an event was lost
  --json                       one event a line, as JSON with typed arguments
"""

_OPTIONS = """
what is traced:
  -p, --attach PID             attach to a running process, may be repeated or a list
  -f, --follow-forks           trace the program's children too
  -ff                          the same, with one output file per process
  -u, --user USER              run the program as a user, by name or as UID:GID
  -E, --env VAR[=VALUE]        set a variable of the program's environment, or remove it
  --argv0 NAME                 what the program is told as its own name
  -b, --detach-on execve       let go of a process that executes a program
  -D, --daemonize[=LEVEL]      trace from a grandchild; -DD own process group, -DDD own session
  -I, --interruptible WHEN     which signals may stop the tracer: 1 any, 2 between calls, 3 none, 4 not even ^Z
  --kill-on-exit               end the program when the tracer ends
  --syscall-limit N            detach after N calls
  --seccomp-bpf                calls that are not traced cost nothing (with -f)

which calls are shown:
  -e EXPRESSION                NAME=[!]VALUE,…; NAME= may be left out for trace=; NAME is a long option below
  --trace SET                  names, numbers, %class, /regex, all, none; ! inverts, ? forgives, @64 @32 @x32 choose
  --trace-fds SET              calls on these file descriptors
  -P, --trace-path PATH        calls on this path, may be repeated
  --status SET                 successful, failed, unfinished, unavailable, detached
  -z, --successful-only        calls that did not fail
  -Z, --failed-only            calls that failed
  --signals SET                signals whose delivery is shown
  -q, --quiet[=SET]            without messages: attach, exit, path-resolution, personality, thread-execve; -qq -qqq

    classes: %clock %creds %desc %file %fstat %fstatfs %ipc %lstat %memory %net %process %pure %signal %stat %statfs
             %%stat %%statfs

how they are shown:
  -o, --output FILE            write to a file; |COMMAND or !COMMAND pipes
  -A, --output-append-mode     append to the file
  --output-separately          one file per process: FILE.PID
  -a, --columns N              column of the result (40)
  -s, --string-limit N         longest string (32)
  -v, --no-abbrev              structures and lists in full
  --abbrev SET                 calls whose structures are shortened
  --verbose SET                calls whose pointers are followed
  --raw SET                    calls whose arguments are printed as numbers
  -X, --const-print-style {abbrev,raw,verbose}   constants by name, by number, or both
  -x, --strings-in-hex[=WHAT]  strings with unprintable characters in hexadecimal; -xx all strings
  -y, --decode-fds[=SET]       paths of descriptors; -yy also sockets, devices, pidfds, eventfds, signalfds
  -Y, --decode-pids SET        comm: names of processes (-Y); pidns: ids in this namespace too
  --pidns-translation          the same as --decode-pids=pidns
  --read SET                   dump what is read from these descriptors
  --write SET                  dump what is written to these descriptors
  -i, --instruction-pointer    address of the instruction behind the call
  -n, --syscall-number         number of the call
  -N, --arg-names              names of the arguments
  -k, --stack-trace[=WHAT]     how the program came to the call; -kk with source lines
  --stack-trace-frame-limit N  at most N callers (256)
  -t, --absolute-timestamps[=FORMAT]   time of day; -tt with microseconds, -ttt since 1970
  -r, --relative-timestamps[=UNIT]     time since the line before: s, ms, us, ns
  -T, --syscall-times[=UNIT]   time that the call took
  --always-show-pid            the process id on every line
  --color {auto,always,never}  colours on a terminal
  --kvm vcpu[+]                why a virtual CPU stopped
  --namespace[=new]            ids of the namespaces that the program enters

summary:
  -c, --summary-only           a table of calls, errors and times in place of the calls
  -C, --summary                the table as well
  -S, --summary-sort-by COLUMN order of the table
  -U, --summary-columns LIST   time-percent, total-time, min-time, max-time, avg-time, calls, errors, name, wall-…
  -w, --summary-wall-clock     wall-clock time in place of system time
  -O, --summary-syscall-overhead TIME   taken off every call

tampering (ptrace):
  --inject SET:ACTION[:when=W] error=E, retval=V, signal=S, syscall=PURE, delay_enter=T, delay_exit=T,
                               poke_enter=@argN=HEX, poke_exit=@argN=HEX; W is FIRST[..LAST][+[STEP]]
  --fault SET[:error=E][:when=W]   the call fails, with ENOSYS if nothing else is said

other:
  -d, --debug                  what the tracer does, on standard error
  -h, --help                   this help
  -V, --version                the version
  --tips[=ID]                  a piece of advice at the end
"""

_TIPS = (
    "-e trace=%file shows every call that takes a path: the first thing to try when a program cannot find something.",
    "-z shows only what succeeded and -Z only what failed: two short answers to 'what is it doing?'.",
    "-y prints the path behind each descriptor, so that nobody has to look for the open that made it.",
    "-f follows children and threads; without it a shell's trace shows little but waiting.",
    "-o '|grep -v futex' sends the trace through a command and leaves the program's own output alone.",
    "-P PATH keeps the calls that touch one path, however the program names it.",
    "-e inject=openat:error=ENOENT:when=3 lets the third openat fail: a cheap test of error handling.",
    "-c counts instead of printing; -c -w counts the time that passed, waiting included.",
    "-T shows how long each call took, -r how long passed between two lines.",
    "-e trace=/^sched_ takes a regular expression in place of names.",
    "-k prints how the program came to each call.",
    "--seccomp-bpf with -f and a short -e trace= leaves the other calls at full speed.",
)


def render_help(own: bool) -> str:
    """The help of ``trapgate trace`` (``own``) or of the drop-in."""
    return (_OWN_OPENING + _SOURCES if own else _STRACE_OPENING) + _OPTIONS


def render_version(own: bool) -> str:
    """Which trapgate this is; the drop-in says first which strace's command line it speaks."""
    from trapgate import __version__

    if own:
        return f"trapgate {__version__}\n"
    return (
        f"strace -- version 7.2 (its command line and output, by trapgate {__version__})\n"
        "\nOptional features enabled: m32-mpers mx32-mpers\n"
    )


def render_tip(number: int | None, style: str) -> str:
    """One tip: the one asked for, or any; ``full`` frames it."""
    if number is None:
        import os

        number = os.getpid()
    text = f"tip: {_TIPS[number % len(_TIPS)]}"
    if style != "full":
        return f"{text}\n"
    rule = "-" * len(text)
    return f"{rule}\n{text}\n{rule}\n"
