"""The C extension: what touches the kernel. It knows no call by name and formats nothing.

Every failure is a `TraceError`; a wrong argument is a TypeError or ValueError.
"""

from collections.abc import Mapping, Sequence

class TraceError(OSError):
    """A ptrace operation failed: `errno`, and which one for whom."""

    operation: str
    """What was tried: "PTRACE_SEIZE", "fork", "execve", "setreuid" …"""
    pid: int
    """The process or thread it was tried on, 0 if none."""

def have_syscall_info() -> tuple[bool, bool]:
    """Whether PTRACE_GET_SYSCALL_INFO and PTRACE_SET_SYSCALL_INFO work, as far as they have been tried."""

def use_syscall_info(on: bool) -> None:
    """Whether PTRACE_GET_SYSCALL_INFO and _SET_SYSCALL_INFO may be used, or the registers only (for tests)."""

class Ptrace:
    """One ptrace tracer. All methods belong to the thread that made it.

    *Batch* mode (the default): copies are made by the plan, entry and exit become one CALL
    record, and `run` returns many records at once. A call still open when its thread dies, is
    superseded or detached comes as ENTER.

    *Hold* mode: every stop is returned as soon as it happens and its thread stays stopped until
    the next `run`. A batch then belongs to one stop: its last record is the stop's own, before it
    may stand the ATTACH of a new thread.

    *Mixed* mode: as batch mode, except that a call without a plan, or whose plan has PLAN_HOLD, is held at entry and
    exit (the last record of its batch), and that a call is told by an ENTER and an EXIT record with the pieces of
    each where something else was told in between.
    """

    def __init__(
        self,
        *,
        follow: bool = False,
        hold: bool = False,
        plan: Mapping[int, bytes] | None = None,
        subplan: Mapping[int, bytes] | None = None,
        wanted: Mapping[int, bytes] | None = None,
        seccomp: bool = False,
        kill_on_exit: bool = False,
        buffer_size: int = 1 << 20,
        flush_ms: int = 50,
        place: bool = True,
        mixed: bool = False,
    ) -> None:
        """Args:
            follow: trace children and new threads too.
            hold: hold mode instead of batch mode.
            plan: `abi << 16 | nr` → packed `tg_plan`.
            subplan: `key << 32 | selector's value` → packed `tg_plan` that replaces it.
            wanted: ABI → bitmap of the numbers to report (bit n of byte n/8); None: all. An ABI that is
                missing, and numbers beyond its bitmap, are not reported.
            seccomp: make the calls that are not wanted free. Needs `follow`, works with `spawn` only, and
                implies `kill_on_exit`: without its tracer a filtered call would fail with ENOSYS.
            kill_on_exit: the kernel kills what is traced when the tracer dies.
            buffer_size: bytes of records that make `run` return.
            flush_ms: how long a record waits at most before `run` returns it.
            place: keep tracer and program on one CPU.
            mixed: mixed mode.
        Raises:
            ValueError: a plan of the wrong size or with an index out of range.
        """

    def spawn(
        self,
        path: bytes,
        argv: list[bytes],
        env: list[bytes],
        *,
        uid: int | None = None,
        gid: int | None = None,
        euid: int | None = None,
        egid: int | None = None,
        groups: Sequence[int] | None = None,
        close_fd: int = -1,
        daemon: int = 0,
    ) -> int:
        """The pid of a new program that has not begun: its execve is the first call reported.

        Args:
            uid, gid, euid, egid, groups: what the program runs as; without `uid` all are ignored, the others
                default to the tracer's gid, `uid`, `gid` and no groups.
            close_fd: a descriptor closed in the program (the tracer's output).
            daemon: 0, or 1 to 3: the calling process becomes the program and this returns in a grandchild, the
                tracer: 1 in the same process group, 2 in a group of its own, 3 in a session of its own.
        """

    def attach(self, pid: int, threads: bool = False) -> list[int]:
        """The traced threads of the process of `pid`: that one thread, or with `threads` all of them."""

    def add_plan(self, key: int, plan: bytes) -> None:
        """Add or replace the plan of a call, from its next entry on; raises ValueError."""

    def add_subplan(self, key: int, plan: bytes) -> None:
        """As `add_plan`, for one value of the call's selector."""

    def run(self, timeout_ms: int = -1) -> memoryview | None:
        """Records (see `core/record.h`), empty after `timeout_ms`, or None when nothing is traced any more.

        Raises KeyboardInterrupt, or whatever a Python signal handler raises; tracing can go on.
        """

    def held(self) -> int | None:
        """Hold and mixed mode: the thread that is stopped now; None if none is."""

    def tasks(self) -> list[int]:
        """All traced threads."""

    def exec_error(self) -> int:
        """errno of the spawned program's execve, if it failed; else 0. Such a program exits with 1."""

    def options(self) -> int:
        """The PTRACE_O_* options that threads are traced with."""

    def take_strays(self) -> list[tuple[int, int]]:
        """(pid, wait status) of children of this thread that ended untraced, or were let go at once; each told once."""

    def read(self, tid: int, addr: int, n: int) -> bytes:
        """The readable prefix of `n` bytes at `addr`; empty if nothing is readable. Never blocks."""

    def read_string(self, tid: int, addr: int, max: int) -> tuple[bytes, bool]:
        """At most `max` bytes up to and including NUL, and whether the NUL is there."""

    def write(self, tid: int, addr: int, data: bytes) -> None:
        """Writes all of `data`, or raises TraceError."""

    def set_call(self, tid: int, nr: int) -> None:
        """Changes the number of the call at whose entry `tid` is held; -1: the kernel skips it (ENOSYS)."""

    def set_args(self, tid: int, args: tuple[int, int, int, int, int, int]) -> None:
        """Changes the six words of the call at whose entry `tid` is held."""

    def set_result(self, tid: int, value: int) -> None:
        """Changes the result of the call at whose exit `tid` is held; -4095 … -1 is -errno."""

    def deliver(self, tid: int, sig: int) -> None:
        """The held thread gets signal `sig` when it goes on, at a signal stop instead of the one reported."""

    def suppress_signal(self, tid: int) -> None:
        """The held thread does not get the signal just reported."""

    def delay(self, tid: int, ns: int) -> None:
        """The held thread goes on only `ns` from now; others go on with the next run."""

    def detach(self, tid: int) -> None:
        """Lets a thread go on untraced, now or at its next stop; its DETACH record follows."""

    def detach_all(self) -> None:
        """Lets everything go on untraced; waits at most two seconds. The next `run` has the last records."""

    def close(self) -> None:
        """Lets everything go on untraced and frees the tracer; so does its end as an object."""

class BpfReader:
    """Drains BPF ring buffers into batches of records, in a thread of its own that never touches Python."""

    def __new__(
        cls,
        rings: tuple[int, ...],
        ring_bytes: int,
        state_fd: int,
        state_bytes: int,
        backlog_bytes: int,
        finite: bool,
        tasks_fd: int,
        tasks: int,
    ) -> BpfReader:
        """Args:
            rings: file descriptors of ring buffers of `ring_bytes` each; they stay the caller's.
            state_fd, state_bytes: the map with `struct tg_bpf_state`.
            backlog_bytes: the most that may wait to be taken before the rings fill.
            finite: it is over when no traced thread is left.
            tasks_fd, tasks: the map of tasks and how many it has; -1: of calls that go on for long only
                the end is told.
        Raises:
            OSError: memory cannot be mapped.
        """

    def start(self) -> None:
        """Begin to empty the rings; else the first `read` does. Raises OSError if no thread can be made."""

    def read(self, timeout_ms: int, /) -> bytes | None:
        """The next batch: whole records in the order in which things ended; b"" when none came in time
        (-1: wait for ever); None when it is over and everything has been taken.

        Raises KeyboardInterrupt, or whatever a Python signal handler raises; reading can go on.
        """

    def stop(self) -> None:
        """Ends the thread after a last look at the rings; `read` still gives what is left."""

    losses: tuple[int, ...]
    """Events lost so far, by `enum tg_loss`."""
    live: int
    """Traced threads that have not ended."""

def fork_at_gate(
    path: bytes, argv: tuple[bytes, ...], env: tuple[bytes, ...], uid: int, gid: int, groups: tuple[int, ...], /
) -> tuple[int, int, int]:
    """(pid, gate, report) of a child that runs `path` once a byte is written to the pipe `gate`.

    If it cannot, it writes errno (a C int) to the pipe `report` and exits with 1; else `report` just ends.
    uid and gid -1 keep the caller's, and then `groups` is not used.
    """

def split_call(
    batch: bytes, offset: int, /
) -> tuple[tuple[int, ...], int, dict[int, tuple[int, bytes]], dict[int, tuple[int, bytes]]] | None:
    """The six words of the record at `offset`, its result, and what was copied before and after the call: flags and
    bytes by address.

    None if the record or one of its pieces does not end in the batch, a piece has no known phase, or two of one
    phase have one address.
    """
