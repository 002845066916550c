"""What the tracer copies from a program's memory: by plan, on request, and from hostile programs."""

import json
import os
import struct
import subprocess
import sys
import time

import pytest

from trapgate.model.record import NESTED, Cond, From, Kind, Op, Phase, PieceFlag, Plan, What

X86_64 = 1
READ, WRITE, OPEN, WRITEV, EXECVE, SENDMSG, SENDMMSG, GETPPID, ACCEPT = 0, 1, 2, 20, 59, 46, 307, 110, 43


def plans(**by_name: tuple[Op, ...]) -> dict[int, bytes]:
    return {X86_64 << 16 | globals()[name.upper()]: Plan(ops).pack() for name, ops in by_name.items()}


def test_strings_and_buffers(new_trace, compile_c) -> None:
    program = compile_c(r"""
        #include <fcntl.h>
        #include <unistd.h>
        #include <sys/mman.h>
        #include <sys/syscall.h>
        #include <string.h>
        int main(void) {
            char *page = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), b[8];
            int fd[2];
            munmap(page + 4096, 4096);
            char *end = page + 4096;
            strcpy(end - 6, "short");
            syscall(SYS_open, end - 6, 0);                       /* terminated at the page's end */
            memset(end - 6, 'u', 6);
            syscall(SYS_open, end - 6, 0);                       /* runs into the hole */
            syscall(SYS_open, end, 0);
            char big[6000];
            memset(big, 'b', sizeof big); big[5999] = 0;
            syscall(SYS_open, big, 0);                           /* longer than the bound */
            big[300] = 0;
            syscall(SYS_open, big, 0);                           /* longer than the first look */
            syscall(SYS_open, 0, 0);
            pipe(fd);
            write(fd[1], "hello", 5);
            read(fd[0], b, 8);
            write(fd[1], end - 3, 8);
            write(fd[1], b, 0);
            read(-1, b, 8);
            return 0;
        }""")
    trace = new_trace(plan=plans(
        open=(Op(Phase.ENTRY, What.STRING, 0, max=4096),),
        read=(Op(Phase.EXIT, What.BYTES, 1, From.RESULT, cond=Cond.IF_SUCCESS, max=4),),
        write=(Op(Phase.ENTRY, What.BYTES, 1, From.ARG, 2, max=100),),
    )).spawn(program).finish()  # fmt: skip
    opened = trace.of(Kind.CALL, OPEN)
    short, hole, nothing, cut, long, null = (r.pieces for r in opened)
    assert [(p.data, p.flags) for p in short] == [(b"short\0", PieceFlag.TERMINATED)]
    assert [(p.data, p.flags) for p in hole] == [(b"uuuuuu", PieceFlag.UNREADABLE)]
    assert [(p.data, p.flags, p.addr) for p in nothing] == [(b"", PieceFlag.UNREADABLE, opened[2].args[0])]
    assert [(p.data, p.flags) for p in cut] == [(b"b" * 4096, PieceFlag.TRUNCATED)]
    assert [(p.data, p.flags) for p in long] == [(b"b" * 300 + b"\0", PieceFlag.TERMINATED)]
    assert not null
    got, bad = trace.of(Kind.CALL, READ)[-2:]
    assert got.result == 5
    assert [(p.data, p.flags, p.phase) for p in got.pieces] == [(b"hell", PieceFlag.TRUNCATED, Phase.EXIT)]
    assert not bad.pieces
    hello, hole, empty = trace.of(Kind.CALL, WRITE)
    assert [(p.data, p.flags) for p in hello.pieces] == [(b"hello", 0)]
    assert [(p.data, p.flags) for p in hole.pieces] == [(b"uuu", PieceFlag.UNREADABLE)]
    assert [(p.data, p.flags) for p in empty.pieces] == [(b"", 0)]


def test_arrays_of_strings(new_trace) -> None:
    trace = new_trace(plan=plans(execve=(
        Op(Phase.ENTRY, What.STRINGS, 1, scale=3, max=5),
        Op(Phase.ENTRY, What.STRINGS, 2, scale=9, max=300),
    )))  # fmt: skip
    trace.spawn("true", "ab", "abcdefgh", "4th", env={"A": "x" * 290, "B": ""}).finish()
    argv = [p for p in trace.records[1].pieces if p.op == 0]
    env = [p for p in trace.records[1].pieces if p.op == 1]
    assert [(len(argv[0].data), argv[0].flags)] == [(24, PieceFlag.TRUNCATED)]
    assert [(p.data, p.flags) for p in argv[1:]] == [
        (b"true\0", PieceFlag.TERMINATED), (b"ab\0", PieceFlag.TERMINATED), (b"abcde", PieceFlag.TRUNCATED)
    ]  # fmt: skip
    assert struct.unpack("3Q", env[0].data)[2] == 0 and env[0].flags == PieceFlag.TERMINATED
    assert [p.data for p in env[1:]] == [b"A=" + b"x" * 290 + b"\0", b"B=\0"]
    assert [p.addr for p in env[1:]] == list(struct.unpack("3Q", env[0].data)[:2])


def test_iovecs_and_messages(new_trace, compile_c) -> None:
    program = compile_c(r"""
        #include <sys/socket.h>
        #include <sys/uio.h>
        #include <unistd.h>
        #include <sys/un.h>
        #include <sys/syscall.h>
        int main(void) {
            int fd[2];
            char c[64] = {0};
            struct iovec v[] = {{"one", 3}, {0, 0}, {"three", 5}, {(void *)8, 4}};
            struct msghdr m = {.msg_iov = v, .msg_iovlen = 3};
            struct mmsghdr mm[] = {{{.msg_iov = v, .msg_iovlen = 1}}, {{.msg_iov = v + 2, .msg_iovlen = 1}}};
            socketpair(AF_UNIX, SOCK_DGRAM, 0, fd);
            writev(fd[0], v, 4);
            writev(fd[0], v, 3);
            sendmsg(fd[0], &m, 0);
            sendmmsg(fd[0], mm, 2, 0);
            return 0;
        }""")
    trace = new_trace(plan=plans(
        writev=(Op(Phase.ENTRY, What.IOVEC, 1, From.ARG, 2, max=4),),
        sendmsg=(
            Op(Phase.ENTRY, What.BYTES, 1, max=56),
            Op(Phase.ENTRY, What.IOVEC, NESTED | 0, From.FIELD, 0, base_off=16, len_off=24, max=100),
        ),
        sendmmsg=(Op(Phase.ENTRY, What.MMSG, 1, From.ARG, 2, max=100),),
    )).spawn(program).finish()  # fmt: skip
    bad, good = trace.of(Kind.CALL, WRITEV)
    assert [len(p.data) for p in bad.pieces] == [64, 3, 0, 4, 0]
    assert [p.data for p in good.pieces[1:]] == [b"one", b"", b"thre"]
    assert [p.flags for p in good.pieces] == [0, 0, 0, PieceFlag.TRUNCATED]
    (sent,) = trace.of(Kind.CALL, SENDMSG)
    assert [(p.op, p.data) for p in sent.pieces[2:]] == [(1, b"one"), (1, b""), (1, b"three")]
    (many,) = trace.of(Kind.CALL, SENDMMSG)
    assert [len(p.data) for p in many.pieces] == [128, 16, 3, 16, 5]
    assert [p.data for p in many.pieces[2::2]] == [b"one", b"three"]


def test_lengths_behind_pointers_and_in_structures(new_trace, compile_c) -> None:
    program = compile_c(r"""
        #include <sys/socket.h>
        #include <sys/un.h>
        #include <string.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <unistd.h>
        int main(void) {
            struct sockaddr_un a = {AF_UNIX}, b;
            socklen_t n = sizeof b;
            snprintf(a.sun_path + 1, 100, "trapgate-%d", getpid());
            int s = socket(AF_UNIX, SOCK_STREAM, 0), c = socket(AF_UNIX, SOCK_STREAM, 0);
            bind(s, (void *)&a, sizeof(sa_family_t) + 1 + strlen(a.sun_path + 1));
            listen(s, 1);
            bind(c, (void *)&a, sizeof(sa_family_t));
            connect(c, (void *)&a, sizeof(sa_family_t) + 1 + strlen(a.sun_path + 1));
            accept(s, (void *)&b, &n);
            n = sizeof b;
            accept(-1, (void *)&b, &n);
            accept(-1, (void *)&b, (void *)8);
            return 0;
        }""")
    op = Op(Phase.EXIT, What.BYTES, 1, From.DEREF32, 2, max=100)
    trace = new_trace(plan=plans(accept=(op,))).spawn(program).finish()
    good, bad, worse = trace.of(Kind.CALL, ACCEPT)
    (name,) = good.pieces
    assert name.data[:3] == b"\1\0\0" and len(name.data) == 8, "an autobound name"
    assert [(len(p.data), p.flags) for p in bad.pieces] == [(100, PieceFlag.TRUNCATED)]
    assert not worse.pieces


def test_a_subplan_replaces_the_plan(new_trace, compile_c) -> None:
    program = compile_c(r"""
        #include <unistd.h>
        #include <sys/syscall.h>
        int main(void) { syscall(SYS_write, -1, "0123456789", 10); syscall(SYS_write, -2, "0123456789", 10); }""")
    key = X86_64 << 16 | WRITE
    plain = Plan((Op(Phase.ENTRY, What.BYTES, 1, max=2),), selector=0, n_args=2).pack()
    special = Plan((Op(Phase.ENTRY, What.BYTES, 1, max=4),), n_args=1).pack()
    trace = new_trace(plan={key: plain}, subplan={key << 32 | 2**32 - 2: special}).spawn(program).finish()
    first, second = trace.of(Kind.CALL, WRITE)
    assert first.pieces[0].data == b"01" and first.args[1] and not first.args[2], "words beyond n_args are zero"
    assert second.pieces[0].data == b"0123" and not any(second.args[1:])


@pytest.mark.parametrize(
    "op",
    [
        Op(Phase.ENTRY, What.BYTES, 6),
        Op(Phase.ENTRY, What.BYTES, NESTED | 0),
        Op(Phase.ENTRY, What.BYTES, 0, From.FIELD, 0),
        Op(Phase.ENTRY, What.BYTES, 0, From.ARG, 6),
        Op(3, What.BYTES, 0),  # type: ignore[arg-type]
        Op(Phase.ENTRY, 9, 0),  # type: ignore[arg-type]
    ],
)
def test_plans_that_point_nowhere_are_refused(new_trace, op: Op) -> None:
    with pytest.raises(ValueError, match="does not exist"):
        new_trace(plan={X86_64 << 16: Plan((op,)).pack()})


def test_reading_and_writing_on_request(new_trace, compile_c) -> None:
    program = compile_c(r"""
        #include <sys/mman.h>
        #include <string.h>
        #include <unistd.h>
        #include <sys/syscall.h>
        int main(void) {
            char *page = mmap(0, 12288, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            strcpy(page + 4090, "abcdefghijk");
            mprotect(page, 4096, PROT_READ);
            mprotect(page + 8192, 4096, PROT_NONE);
            syscall(SYS_getppid, page);
            return strcmp(page + 4090, "XXcdefghijk");
        }""")
    trace = new_trace(hold=True).spawn(program)
    entry = trace.until(lambda r: r.kind == Kind.ENTER and r.nr == GETPPID)
    ptrace, tid, page = trace.ptrace, entry.tid, entry.args[0]
    assert ptrace.read(tid, page + 4090, 11) == b"abcdefghijk"
    assert ptrace.read_string(tid, page + 4090, 100) == (b"abcdefghijk\0", True)
    assert ptrace.read_string(tid, page + 4090, 11) == (b"abcdefghijk", False)
    assert ptrace.read_string(tid, page + 4090, 3) == (b"abc", False)
    assert ptrace.read(tid, page + 8190, 10) == b"\0\0", "a page without permission is not readable"
    assert ptrace.read(tid, 8, 4) == b""
    assert ptrace.read_string(tid, 2**64 - 1, 4) == (b"", False)
    assert ptrace.read(tid, page, 0) == b""
    ptrace.write(tid, page + 4090, b"XX")  # the program itself may not write there
    with pytest.raises(OSError):
        ptrace.write(tid, 8, b"no")
    trace.finish()
    assert os.waitstatus_to_exitcode(trace.exit_status()) == 0


def test_the_buffer_size_and_the_flush_time_end_a_batch(new_trace, compile_c) -> None:
    busy = compile_c("#include <unistd.h>\nint main(void) { for (int i = 0; i < 3000; i++) getppid(); return 0; }")
    trace = new_trace(buffer_size=112 * 100, flush_ms=10_000).spawn(busy)
    sizes = []
    while (records := trace.step()) is not None:
        sizes.append(len(records))
    assert set(sizes[:-1]) == {100}
    slow = compile_c("#include <unistd.h>\nint main(void) { getppid(); pause(); return 0; }")
    trace = new_trace(flush_ms=50).spawn(slow)
    begin = time.monotonic()
    trace.until(lambda r: r.nr == GETPPID)
    assert time.monotonic() - begin < 5


UFFD = r"""
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <pthread.h>
static char *page;
static void *blocked(void *x) { syscall(SYS_access, page, 0); return x; }
int main(int argc, char **argv)
{
	int dev = open("/dev/userfaultfd", O_RDWR | O_CLOEXEC);
	int fd = argc > 1 && argv[1][0] == 'd' ? ioctl(dev, USERFAULTFD_IOC_NEW, 0) : syscall(SYS_userfaultfd, 0);
	struct uffdio_api api = {.api = UFFD_API};
	if (fd < 0 || ioctl(fd, UFFDIO_API, &api)) return 77;
	page = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct uffdio_register r = {.range = {(long)page, 4096}, .mode = UFFDIO_REGISTER_MODE_MISSING};
	if (ioctl(fd, UFFDIO_REGISTER, &r)) return 78;
	if (argc > 2) { puts("ready"); fflush(stdout); getchar(); }
	/* the call itself blocks on the missing page: another thread makes it, and it is resolved later */
	pthread_t t;
	pthread_create(&t, 0, blocked, 0);
	usleep(100000);
	static char path[4096] __attribute__((aligned(4096))) = "/resolved";
	struct uffdio_copy c = {.dst = (long)page, .src = (long)path, .len = 4096};
	if (ioctl(fd, UFFDIO_COPY, &c)) return 79;
	pthread_join(t, 0);
	syscall(SYS_access, page, 0);
	return 0;
}
"""
UFFD_TRACER = """
import json, sys
from trapgate._core import Ptrace
from trapgate.model.record import *
mode, target, *words = sys.argv[1:]
key = 1 << 16 | 21
plan = {key: Plan((Op(Phase.ENTRY, What.STRING, 0, max=4096),)).pack()}
wanted = {1: (1 << 21 | 1 << 59).to_bytes(8, "little")}
ptrace = Ptrace(follow=True, hold=mode == "hold", seccomp=mode == "seccomp", plan=plan, wanted=wanted)
if mode == "attach":
    ptrace.attach(int(target), threads=True)
    print("attached", file=sys.stderr, flush=True)
else:
    ptrace.spawn(target.encode(), [target.encode(), *map(str.encode, words)], [])
seen, status = [], None
while (view := ptrace.run()) is not None:
    offset = 0
    while offset < len(view):
        record, offset = parse_record(view, offset)
        if record.nr == 21 and record.kind == Kind.CALL:
            seen += [[p.data.decode(), p.flags] for p in record.pieces]
        if record.nr == 21 and record.kind == Kind.ENTER:
            data, terminated = ptrace.read_string(record.tid, record.args[0], 4096)
            seen.append([data.decode(), 4 if terminated else 2])
        if record.kind == Kind.TASK_EXIT:
            status = record.nr
print(json.dumps([seen[-2:], status]))
"""
UFFD_LIMIT_S = 10


@pytest.mark.parametrize("mode", ["batch", "hold", "seccomp", "attach"])
@pytest.mark.parametrize("way", ["call", "device"])
def test_a_userfaultfd_does_not_hang_the_tracer(compile_c, running, mode: str, way: str) -> None:
    """In a process of its own: a tracer that hangs here is beyond any signal but SIGKILL."""
    program = compile_c(UFFD)
    words = [program, way] if way == "device" else [program]
    command = [sys.executable, "-c", UFFD_TRACER, mode]
    if mode != "attach":
        done = subprocess.run([*command, *words], capture_output=True, text=True, timeout=UFFD_LIMIT_S, check=False)
        output, errors = done.stdout, done.stderr
    else:
        process = running(program, way, "wait")
        with subprocess.Popen(
            [*command, str(process.pid)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as tracer:
            try:
                assert tracer.stderr is not None and tracer.stderr.readline() == "attached\n"
                process.stdin.write("\n")
                process.stdin.flush()
                output, errors = tracer.communicate(timeout=UFFD_LIMIT_S)
            finally:
                tracer.kill()
    assert output, errors
    seen, status = json.loads(output)
    if status in (77 << 8, 78 << 8):
        pytest.skip("this kernel or user has no userfaultfd")
    assert seen == [["", PieceFlag.UNREADABLE], ["/resolved\0", PieceFlag.TERMINATED]]
    assert status == 0
