"""The records of a program are what the program says it did."""

import contextlib
import os
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from trapgate.model.errors import TrapgateError
from trapgate.model.record import Kind, PieceFlag, parse_record
from trapgate.sources.bpf import Bpf

from .conftest import NR, PLANS, Seen, Watch, pack, read_all, texts

pytestmark = pytest.mark.live


def test_the_first_record_of_a_call_is_the_execve(watch: Watch, calls: Path) -> None:
    seen = watch("files")
    first = next(r for r in seen.records if r.kind == Kind.CALL)
    assert (first.nr, first.pid, first.tid, first.result) == (NR["execve"], seen.pid, seen.pid, 0)
    assert texts(first, 0) == [bytes(calls) + b"\0"]
    pointers, *words = texts(first, 1)
    assert words == [bytes(calls) + b"\0", b"files\0"]
    assert len(pointers) == 3 * 8 and pointers.endswith(bytes(8))
    assert first.duration_ns > 0 and first.ip > 0
    assert seen.lost == 0


def test_paths_payloads_and_structures(watch: Watch) -> None:
    seen = watch("files")
    path = seen.said["path"][0].encode() + b"\0"
    status = next(r for r in seen.calls("newfstatat") if texts(r, 0) == [path])
    assert texts(status, 1) == [bytes.fromhex(seen.said["stat"][0])]
    written = next(r for r in seen.calls("write") if r.args[0] == seen.number("fd"))
    assert texts(written) == [b"hello, records"] and written.result == seen.number("written")
    got = next(r for r in seen.calls("read") if r.result == seen.number("read"))
    (piece,) = got.pieces
    assert (piece.data, piece.flags, piece.addr, got.result) == (b"hello", PieceFlag.TRUNCATED, got.args[1], 14)
    long_path = next(r for r in seen.calls("access") if r.result == -seen.number("errno"))
    assert texts(long_path) == [b"a" * 2999 + b"\0"]
    assert long_path.args[2:] == (0, 0, 0, 0), "words beyond the call's arity are zero"


def test_vectors_and_messages(watch: Watch) -> None:
    seen = watch("vectors")
    (written,) = seen.calls("writev")
    assert written.result == seen.number("writev")
    assert texts(written)[1:] == [b"first", b"the seco", b""], "8 bytes of each"
    assert [p.flags for p in written.pieces[:3]] == [0, 0, PieceFlag.TRUNCATED]
    (got,) = seen.calls("readv")
    assert texts(got)[1:] == [b"firs", b"tthe second one"], "no more than the result says"
    (many,) = seen.calls("sendmmsg")
    assert len(texts(many)[0]) == 2 * 64
    assert [data for data in texts(many)[1:] if len(data) != 16] == [b"first", b"the second one"]
    (one,) = seen.calls("sendmsg")
    assert texts(one, 1)[1:] == [b"first", b"the second one"]
    big = next(r for r in seen.calls("write") if r.result == seen.number("big"))
    assert texts(big) == [bytes(i * 7 & 0xFF for i in range(20000))], "more than waits with the task"


def test_a_program_s_end_is_seen_after_a_call_whose_entry_was_sent_by_itself() -> None:
    command = [sys.executable, "-m", "trapgate", "trace", "--source", "bpf", "-e", "trace=execve", "/bin/true"]
    environment = {"PATH": "/bin", **{f"VARIABLE_{i}": "x" * 40 for i in range(60)}}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "+++ exited with 0 +++"


def test_children_and_threads_are_followed_from_their_first_call(watch: Watch) -> None:
    seen = watch("tree")
    child, parent, vforked = seen.number("child"), seen.number("parent"), seen.number("vforked")
    made = [r.pid for r in seen.calls("getppid")]
    assert made.count(child) == 11 and made.count(parent) == 13
    forks = {record.nr: record for record in seen.of_kind(Kind.FORK)}
    assert forks[child].pid == parent and forks[child].args[:2] == (child, 1)
    assert forks[vforked].args[:2] == (vforked, 2)
    assert {record.args[1] for record in forks.values()} == {1, 2, 3}
    (run,) = [r for r in seen.calls("execve") if r.pid == vforked]
    assert texts(run, 1)[1:] == [b"true\0", b"an argument\0"]
    ends = {record.tid: record.nr for record in seen.of_kind(Kind.TASK_EXIT)}
    assert ends[child] == 3 << 8 and ends[parent] == 0 and set(ends) == {seen.pid, *forks}


def test_a_task_s_records_are_in_order(watch: Watch) -> None:
    seen = watch("tree")
    ends: dict[int, int] = {}
    for record in seen.records:
        assert record.time_ns + record.duration_ns >= ends.get(record.tid, 0)
        ends[record.tid] = record.time_ns + record.duration_ns


def test_no_follow(watch: Watch) -> None:
    seen = watch("tree", follow=False)
    assert {record.tid for record in seen.records} == {seen.pid}
    assert not seen.calls("getppid")


def test_a_thread_that_is_not_the_leader_runs_a_program(watch: Watch) -> None:
    seen = watch("thread-exec")
    former, process = seen.number("thread"), seen.number("process")
    second = seen.of_kind(Kind.EXEC)[1]
    assert (second.nr, second.tid, second.pid) == (former, process, process)
    assert seen.calls("execve")[1].tid == process
    assert [r.tid for r in seen.of_kind(Kind.TASK_EXIT)] == [process], "the old leader was superseded"


def test_signals(watch: Watch) -> None:
    seen = watch("signals")
    delivered = {record.nr: record for record in seen.of_kind(Kind.SIGNAL)}
    info = delivered[signal.SIGUSR1].pieces[0].data
    number, error, code, pid, uid, value = struct.unpack_from("=iii4xIIi", info)
    assert (number, error, code, pid, uid, value) == (
        signal.SIGUSR1, 0, -1, seen.number("process"), seen.number("uid"), 4711
    )  # fmt: skip
    assert len(info) == 128 and not any(info[48:])
    killed = seen.number("killed")
    assert signal.SIGCHLD in delivered, "even when it is ignored"
    (end,) = [r for r in seen.of_kind(Kind.TASK_EXIT) if r.tid == killed]
    assert end.nr == signal.SIGKILL
    open_calls = [(r.tid, r.nr) for r in seen.of_kind(Kind.ENTER)]
    assert (killed, NR["pause"]) in open_calls, "a call that never returned"
    assert not [r for r in seen.calls("pause") if r.tid == killed]


def test_memory_that_cannot_be_read_is_not_an_empty_string(watch: Watch) -> None:
    seen = watch("memory")
    by_address = {record.args[0]: record.pieces[0] for record in seen.calls("access") if record.pieces}
    assert by_address[0x10].flags == PieceFlag.UNREADABLE and by_address[0x10].data == b""
    at_edge = [r.pieces[0] for r in seen.calls("access") if r.args[0] == seen.number("edge")]
    assert (at_edge[0].data, at_edge[0].flags) == (b"end\0", PieceFlag.TERMINATED)
    assert (at_edge[1].data, at_edge[1].flags) == (b"open", PieceFlag.UNREADABLE)
    half = next(r for r in seen.calls("write") if r.args[1] == seen.number("half"))
    assert (half.pieces[0].data, half.pieces[0].flags) == (b"open", PieceFlag.UNREADABLE)
    cold = by_address[seen.number("cold")]
    assert (cold.data, cold.flags) == (b"/no/such/file/anywhere\0", PieceFlag.TERMINATED), "read again at exit"


def test_each_call_has_its_own_abi(watch: Watch) -> None:
    seen = watch("abi")
    if seen.number("int80") > 0:
        (compat,) = [r for r in seen.records if r.kind == Kind.CALL and r.abi == 2]
        assert (compat.nr, compat.result, compat.args[0]) == (20, seen.number("int80"), 0xB0B0)
    (x32,) = [r for r in seen.records if r.kind == Kind.CALL and r.abi == 3]
    assert (x32.nr, x32.result) == (39, -38 if seen.number("x32") == -1 else seen.number("x32"))
    (unknown,) = [r for r in seen.records if r.kind == Kind.CALL and r.nr == 1000]
    assert (unknown.result, unknown.args) == (-seen.number("unknown", 1), (1, 2, 3, 4, 5, 6))


def test_a_call_that_seccomp_refuses_is_seen(watch: Watch) -> None:
    seen = watch("seccomp")
    (refused,) = seen.calls("mkdir")
    assert refused.result == -seen.number("mkdir", 1) == -77
    assert texts(refused) == [b"/tmp/refused\0"]


def test_only_wanted_calls_leave_records(watch: Watch) -> None:
    bits = bytearray(128)
    bits[NR["getppid"] // 8] |= 1 << NR["getppid"] % 8
    seen = watch("tree", wanted={1: bytes(bits)})
    assert {r.nr for r in seen.records if r.kind == Kind.CALL} == {NR["getppid"]}
    assert len(seen.calls("getppid")) == 24
    assert len(seen.of_kind(Kind.TASK_EXIT)) == 4


def test_what_does_not_fit_is_counted(watch: Watch) -> None:
    made = 200_000
    seen = watch("flood", str(made), ring_bytes=4096)
    kept = len(seen.calls("getppid"))
    reported = sum(record.nr for record in seen.of_kind(Kind.LOST))
    assert reported == seen.lost > 0, "a page is too small for this"
    assert made <= kept + seen.lost < made + 200, "the program's other calls may be among the lost"


def test_nothing_is_lost_by_default(watch: Watch) -> None:
    seen = watch("flood", "300000")
    assert (len(seen.calls("getppid")), seen.lost, seen.of_kind(Kind.LOST)) == (300_000, 0, [])


class Waiting:
    """The program, when its threads are made and its main thread waits; no child of this process."""

    def __init__(self, calls: Path, made: int) -> None:
        pipe = subprocess.PIPE
        command = ["setsid", "--fork", str(calls), "wait", str(made)]
        self.process: subprocess.Popen[str] = subprocess.Popen(command, stdin=pipe, stderr=pipe, text=True)
        assert self.process.stderr
        self.pid = int(self.process.stderr.readline().removeprefix("ready "))
        self.process.wait()
        time.sleep(0.1)

    def tell(self) -> None:
        """Let it go on."""
        assert self.process.stdin
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def is_done(self) -> bool:
        """Whether it has made its calls, once it has."""
        assert self.process.stderr
        return self.process.stderr.readline() == "done\n"

    def end(self) -> None:
        """Kill it if it still runs, and close its pipes."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self.process.communicate()


def test_attach_to_all_threads_of_a_process(calls: Path) -> None:
    process = Waiting(calls, 500)
    try:
        with Bpf(plan=pack(PLANS)) as source:
            threads = source.attach(process.pid)
            assert len(threads) == 4 and source.live == 4
            process.tell()
            assert process.is_done()
            process.tell()
            seen = Seen(read_all(source))
    finally:
        process.end()
    assert len(seen.calls("getppid")) == 500
    (begun,) = seen.of_kind(Kind.EXIT)
    assert (begun.nr, begun.tid) == (NR["read"], process.pid), "the call that it was in"
    assert len(seen.of_kind(Kind.TASK_EXIT)) == 4
    assert process.pid in {record.tid for record in seen.of_kind(Kind.ATTACH)}


def test_detach_leaves_the_program_as_it_was(calls: Path) -> None:
    process = Waiting(calls, 10)
    try:
        with Bpf(plan={}) as source:
            source.attach(process.pid)
            source.detach_all()
            assert source.run() is None or source.run() is None
        process.tell()
        assert process.is_done()
    finally:
        process.end()


def test_a_killed_tracer_leaves_nothing_behind(calls: Path) -> None:
    process = Waiting(calls, 10)
    code = (
        "import sys; from trapgate.sources.bpf import Bpf; s = Bpf(plan={}); "
        f"s.attach({process.pid}); print('attached', flush=True); sys.stdin.read()"
    )
    pipe = subprocess.PIPE
    tracer = subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe, text=True)
    try:
        assert tracer.stdout and tracer.stdout.readline() == "attached\n"
        before = count_programs()
        tracer.kill()
        tracer.communicate()
        deadline = time.monotonic() + 10
        while count_programs() > before - 7 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert count_programs() <= before - 7
        process.tell()
        assert process.is_done()
    finally:
        process.end()


def count_programs() -> int:
    """How many tracing programs the kernel holds, whoever loaded them."""
    from ctypes import byref, c_int, c_uint

    from trapgate.sources.libbpf import load_library

    library = load_library()
    number, following, count = c_uint(0), c_uint(0), 0
    library.bpf_prog_get_next_id.restype = c_int
    while library.bpf_prog_get_next_id(number, byref(following)) == 0:
        number.value = following.value
        count += 1
    return count


def test_the_whole_system_but_not_the_tracer(calls: Path) -> None:
    process = Waiting(calls, 300)
    try:
        with Bpf(plan=pack(PLANS)) as source:
            source.attach_all()
            process.tell()
            assert process.is_done()
            helper = subprocess.run(["/bin/true"], check=True)
            assert helper.returncode == 0
            source.detach_all()
            records = read_all(source)
    finally:
        process.end()
    seen = Seen(records)
    assert len([r for r in seen.calls("getppid") if r.pid == process.pid]) == 300
    own = os.getpid()
    assert own not in {record.pid for record in records}
    forked = {record.args[0] for record in seen.of_kind(Kind.FORK) if record.pid == own}
    assert not forked & {record.pid for record in records}


def test_a_cgroup(calls: Path) -> None:
    mounts = [
        line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines() if " - cgroup2 " in line
    ]
    if not mounts:
        pytest.skip("no cgroup of version 2 is mounted")
    folder = Path(mounts[0]) / f"trapgate-test-{os.getpid()}"
    folder.mkdir()
    inside, outside = Waiting(calls, 70), Waiting(calls, 80)
    try:
        (folder / "cgroup.procs").write_text(str(inside.pid))
        with Bpf(plan=pack(PLANS)) as source:
            source.attach_cgroup(str(folder))
            for process in (inside, outside):
                process.tell()
                assert process.is_done()
            source.detach_all()
            seen = Seen(read_all(source))
        assert {record.pid for record in seen.records} == {inside.pid}
        assert len(seen.calls("getppid")) == 70
        assert {r.cgroup for r in seen.calls("getppid")} == {folder.stat().st_ino}
    finally:
        inside.end()
        outside.end()
        folder.rmdir()


def test_a_program_that_cannot_run(tmp_path: Path) -> None:
    file = tmp_path / "no-program"
    file.write_text("nothing to run")
    file.chmod(0o755)
    with Bpf(plan=pack(PLANS)) as source:
        pid = source.spawn(os.fsencode(file), [b"no-program"], [])
        seen = Seen(read_all(source))
    assert source.exec_error() == 8
    assert [(r.kind, r.nr, r.result) for r in seen.records if r.kind == Kind.CALL] == [(Kind.CALL, NR["execve"], -8)]
    assert [(r.tid, r.nr) for r in seen.of_kind(Kind.TASK_EXIT)] == [(pid, 1 << 8)]


def test_run_returns_nothing_when_nothing_came_in_time(calls: Path) -> None:
    process = Waiting(calls, 1)
    try:
        with Bpf(plan={}) as source:
            source.attach(process.pid)
            assert source.run(20) == b""
    finally:
        process.end()


@pytest.mark.parametrize(("pid", "why"), [(os.getpid(), "trapgate itself"), (1 << 30, "no such process")])
def test_what_cannot_be_attached_to(pid: int, why: str) -> None:
    with Bpf(plan={}) as source, pytest.raises(TrapgateError, match=why):
        source.attach(pid)


def test_batches_hold_whole_records(calls: Path) -> None:
    with Bpf(plan=pack(PLANS)) as source:
        source.spawn(os.fsencode(calls), [b"calls", b"flood", b"20000"], [])
        count = 0
        while (batch := source.run()) is not None:
            at = 0
            while at < len(batch):
                _, at = parse_record(batch, at)
                count += 1
            assert at == len(batch)
    assert count > 20000
