"""Each call's ABI, words and result as the program made it, and the changing of them."""

import os

import pytest

from trapgate.model.record import Kind, Op, Phase, Plan, What

X86_64, I386, X32 = 1, 2, 3
GETPPID, I386_GETPPID = 110, 64

INT80 = r"""
#include <unistd.h>
#include <sys/syscall.h>
#include <sys/mman.h>
#include <string.h>
static long int80(long nr, long a, long b, long c)
{
	long r;
	asm volatile("int $0x80" : "=a"(r) : "a"(nr), "b"(a), "c"(b), "d"(c) : "memory", "r8", "r9", "r10", "r11");
	return r;
}
int main(void)
{
	char *low = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	strcpy(low, "/dev/null");
	syscall(SYS_getppid);
	int80(64, 0, 0, 0);           /* getppid */
	int80(5, (long)low, 0, 0);    /* open */
	int80(5, 0, 0, 0);
	syscall(SYS_getppid | 0x40000000);
	syscall(0x123456, 1, 2, 3, 4, 5, 6);
	syscall(-1);
	return 0;
}
"""


@pytest.mark.parametrize("hold", [True, False])
def test_each_call_has_its_own_abi(new_trace, compile_c, hold: bool) -> None:
    plan = {I386 << 16 | 5: Plan((Op(Phase.ENTRY, What.STRING, 0, max=4096),)).pack()}
    trace = new_trace(hold=hold, plan=plan).spawn(compile_c(INT80)).finish()
    done = trace.of(Kind.EXIT if hold else Kind.CALL)
    first = next(i for i, r in enumerate(done) if r.nr == GETPPID)
    native, old, opened, failed, x32, unknown, minus_one = done[first : first + 7]
    assert [(r.abi, r.nr) for r in (native, old, opened, failed)] == [
        (X86_64, GETPPID), (I386, I386_GETPPID), (I386, 5), (I386, 5)
    ]  # fmt: skip
    assert native.result == old.result == os.getpid()
    assert opened.result >= 3
    assert failed.result == -14
    assert (x32.abi, x32.nr) == (X32, GETPPID)
    assert (unknown.abi, unknown.nr, unknown.args) == (X86_64, 0x123456, (1, 2, 3, 4, 5, 6))
    assert (minus_one.nr, minus_one.result) == (-1, -38)
    if not hold:
        (piece,) = opened.pieces
        assert (piece.data, piece.addr) == (b"/dev/null\0", opened.args[0])
        assert not failed.pieces


I386_PROGRAM = r"""
#include <sys/syscall.h>
#include <sys/mman.h>
#include <unistd.h>
#include <fcntl.h>
int main(int argc, char **argv)
{
	syscall(SYS_getppid);
	syscall(SYS_mmap2, 0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	syscall(SYS_open, "/missing", O_RDONLY);
	if (argc > 1) execl("/bin/true", "true", (char *)0);
	return 0;
}
"""


def test_an_i386_program_that_execs_a_64_bit_one(new_trace, compile_c) -> None:
    program = compile_c(I386_PROGRAM, "-m32", "-static")
    trace = new_trace().spawn(program, "go").finish()
    calls = trace.of(Kind.CALL)
    assert (calls[0].abi, calls[0].nr, calls[0].result) == (X86_64, 59, 0), "made by the 64-bit child"
    (ppid,) = (r for r in calls if r.abi == I386 and r.nr == I386_GETPPID)
    assert ppid.result == os.getpid()
    assert [r.result for r in calls if r.abi == I386 and r.nr == 5] == [-2]
    mapped = [r for r in calls if r.abi == I386 and r.nr == 192]
    assert mapped and all(4096 <= r.result < 2**32 and r.args[4] in (0xFFFFFFFF, *range(10)) for r in mapped)
    (back,) = (r for r in calls if r.abi == I386 and r.nr == 11)
    assert back.result == 0
    assert {r.abi for r in calls[calls.index(back) + 1 :]} == {X86_64}


CHANGED = r"""
#include <unistd.h>
#include <sys/syscall.h>
#include <errno.h>
int main(void)
{
	char text[] = "before";
	if (syscall(SYS_getppid) != 12345) return 1;
	if (syscall(SYS_getppid) != -1 || errno != EXDEV) return 2;
	if (syscall(SYS_lseek, 1, 2, 3, 4, 5, 6) != getpid()) return 3;
	if (syscall(SYS_dup, 77) < 3) return 4;
	syscall(SYS_access, text, 0);
	return text[0] == 'B' ? 0 : 5;
}
"""


@pytest.mark.parametrize("setter", ["syscall_info", "registers"])
def test_number_words_result_and_memory_are_changed(new_trace, compile_c, setter: str) -> None:
    import trapgate._core as core

    trace = new_trace(hold=True).spawn(compile_c(CHANGED))
    core.use_syscall_info(setter == "syscall_info")
    try:
        ptrace, getppids = trace.ptrace, 0
        while (records := trace.step()) is not None:
            record = records[-1]
            match Kind(record.kind), record.nr:
                case Kind.ENTER, 110:
                    ptrace.set_call(record.tid, -1)
                case Kind.EXIT, 110:
                    ptrace.set_result(record.tid, 12345 if getppids == 0 else -18)
                    getppids += 1
                case Kind.ENTER, 8 if record.args[:2] == (1, 2):
                    ptrace.set_call(record.tid, 39)
                case Kind.ENTER, 32 if record.args[0] == 77:
                    ptrace.set_args(record.tid, (1, 0, 0, 0, 0, 0))
                case Kind.ENTER, 21 if ptrace.read(record.tid, record.args[0], 6) == b"before":
                    ptrace.write(record.tid, record.args[0], b"B")
    finally:
        core.use_syscall_info(True)
    assert os.waitstatus_to_exitcode(trace.exit_status()) == 0


def test_registers_tell_the_same_as_syscall_info(new_trace, compile_c) -> None:
    import trapgate._core as core

    program = compile_c("#include <unistd.h>\nint main(void) { getppid(); write(-1, 0, 5); return 0; }", "-static")
    with_info = new_trace().spawn(program).finish()
    core.use_syscall_info(False)
    try:
        with_registers = new_trace().spawn(program).finish()
    finally:
        core.use_syscall_info(True)

    def calls(trace) -> list[tuple[int, int, int]]:
        return [(r.abi, r.nr, min(r.result, 1)) for r in trace.of(Kind.CALL)]

    assert calls(with_info) == calls(with_registers)


def test_a_held_call_can_be_delayed(new_trace, compile_c) -> None:
    program = compile_c("#include <unistd.h>\nint main(void) { getppid(); return 0; }")
    trace = new_trace(hold=True).spawn(program)
    entry = trace.until(lambda r: r.kind == Kind.ENTER and r.nr == GETPPID)
    trace.ptrace.delay(entry.tid, 300_000_000)
    end = trace.until(lambda r: r.kind == Kind.EXIT)
    assert end.nr == GETPPID
    assert 300_000_000 <= end.duration_ns < 5_000_000_000
    trace.finish()


def test_only_wanted_calls_are_reported(new_trace, compile_c) -> None:
    program = compile_c(INT80)
    trace = new_trace(wanted={I386: (1 << I386_GETPPID).to_bytes(16, "little")}).spawn(program).finish()
    assert [(r.abi, r.nr) for r in trace.of(Kind.CALL)] == [(I386, I386_GETPPID)]
    assert not trace.of(Kind.ENTER)


def numbers(*wanted: int) -> bytes:
    return sum(1 << nr for nr in wanted).to_bytes(max(wanted) // 8 + 1, "little")


def test_seccomp_stops_at_wanted_calls_of_each_abi_only(new_trace, compile_c) -> None:
    wanted = {X86_64: numbers(59, GETPPID, 257, 258, 300), I386: numbers(I386_GETPPID)}
    trace = new_trace(follow=True, seccomp=True, wanted=wanted)
    trace.spawn("sh", "-c", f"{compile_c(INT80)}; true").finish()
    calls = [(r.abi, r.nr) for r in trace.of(Kind.CALL)]
    assert calls[0] == (X86_64, 59)
    assert calls.count((I386, I386_GETPPID)) == 1
    assert {abi for abi, _ in calls} == {X86_64, I386}
    assert set(calls) == {(X86_64, 59), (X86_64, GETPPID), (X86_64, 257), (I386, I386_GETPPID)}
    plain = new_trace(follow=True, wanted=wanted).spawn("sh", "-c", f"{compile_c(INT80)}; true").finish()
    assert sorted((r.abi, r.nr, min(r.result, 1)) for r in plain.of(Kind.CALL)) == sorted(
        (r.abi, r.nr, min(r.result, 1)) for r in trace.of(Kind.CALL)
    )
    assert os.waitstatus_to_exitcode(trace.exit_status()) == 0


def test_seccomp_lets_other_calls_run_free(new_trace, compile_c) -> None:
    program = compile_c(r"""
        #include <unistd.h>
        #include <stdio.h>
        #include <string.h>
        #include <stdlib.h>
        #include <sys/resource.h>
        #include <sys/syscall.h>
        int main(void) {
            struct rusage u;
            for (int i = 0; i < 20000; i++) syscall(SYS_getppid);
            getrusage(RUSAGE_SELF, &u);
            return u.ru_nvcsw > 5000;   /* a stop is a voluntary switch */
        }""")
    trace = new_trace(follow=True, seccomp=True, wanted={X86_64: numbers(257)}).spawn(program).finish()
    assert os.waitstatus_to_exitcode(trace.exit_status()) == 0
    assert {r.nr for r in trace.of(Kind.CALL)} == {257}
    stopped = new_trace(follow=True, wanted={X86_64: numbers(257)}).spawn(program).finish()
    assert os.waitstatus_to_exitcode(stopped.exit_status()) == 1, "the measure itself must work"


def test_seccomp_is_for_followed_programs_only(new_trace) -> None:
    with pytest.raises(ValueError, match="follow"):
        new_trace(seccomp=True)
    with pytest.raises(ValueError, match="running process"):
        new_trace(follow=True, seccomp=True).ptrace.attach(os.getpid())
