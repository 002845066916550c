/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keeping tracer and program on one CPU. Two stops a call mean four switches between two
 * processes; when each wakes the other on another CPU they cost several times as much (and in
 * virtual machines far more), and the scheduler likes to spread a waker and its wakee.
 *
 * Only narrowing the program's CPU mask makes the scheduler wake it here. So while one thread
 * makes stop after stop, and no other does, its mask and the tracer's are narrowed to one CPU.
 * It is widened again before anything can show or inherit it: before the calls that read
 * or set masks or make threads and programs, when another thread stops too, when the
 * stops cease for a tick, and when tracing ends. If the tracer is killed, a small guard process
 * sees its pipe close and widens the mask. Tried and worse: moving only the tracer
 * after each stop (the scheduler flees it), narrowing around each wake (two more calls a
 * stop), SCHED_IDLE for the tracer (starves on a busy machine), spinning (takes a second CPU).
 */
#include "tracer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define HOT_STOPS 64           /* stops in a row of one thread that make it worth narrowing */
#define RECONSIDER_NS 500000000ull /* then let the scheduler choose a CPU anew */

/* What the guard process needs to know; in shared memory. */
struct tg_guarded {
	volatile pid_t tid; /* 0: nothing is narrowed */
	int cpu;
	cpu_set_t mask;
};

/* Calls that show a mask or hand it on: sched_[gs]etaffinity, fork, vfork, clone, clone3, execve, execveat. */
static const struct {
	u8 abi;
	u16 nr[9];
} revealing[] = {
	{TG_ABI_X86_64, {203, 204, 56, 57, 58, 435, 59, 322}},
	{TG_ABI_X32, {203, 204, 56, 57, 58, 435, 520, 545}},
	{TG_ABI_I386, {241, 242, 120, 2, 190, 435, 11, 358}},
	{TG_ABI_AARCH64, {122, 123, 220, 435, 221, 281}},
};

static bool is_revealing(u8 abi, s64 nr)
{
	for (unsigned i = 0; i < sizeof revealing / sizeof *revealing; i++)
		if (revealing[i].abi == abi) {
			for (unsigned k = 0; revealing[i].nr[k]; k++)
				if (revealing[i].nr[k] == nr)
					return true;
			return false;
		}
	return true;
}

/* Gives back a mask, unless somebody else has changed it meanwhile. */
static void widen(pid_t tid, int cpu, const cpu_set_t *mask)
{
	cpu_set_t now;
	if (sched_getaffinity(tid, sizeof now, &now) == 0 && CPU_COUNT(&now) == 1 && CPU_ISSET(cpu, &now))
		sched_setaffinity(tid, sizeof *mask, mask);
}

_Noreturn static void guard(int pipe_end, const struct tg_guarded *guarded)
{
	char byte;
	setsid(); /* a terminal's signals are not for this one */
	prctl(PR_SET_NAME, "trapgate-guard", 0, 0, 0);
	dup2(pipe_end, 0);
	syscall(SYS_close_range, 1u, ~0u, 0u);
	while (read(0, &byte, 1) < 0 && errno == EINTR)
		continue;
	if (guarded->tid)
		widen(guarded->tid, guarded->cpu, &guarded->mask);
	_exit(0);
}

/* Starts the guard as a grandchild, which nobody has to wait for. */
static bool start_guard(struct tg_place *place)
{
	int ends[2], status;
	struct tg_guarded *guarded = mmap(NULL, sizeof *guarded, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (guarded == MAP_FAILED)
		return false;
	guarded->tid = 0;
	if (pipe2(ends, O_CLOEXEC) < 0) {
		munmap(guarded, sizeof *guarded);
		return false;
	}
	pid_t child = fork();
	if (child == 0) {
		pid_t grandchild = fork();
		if (grandchild != 0)
			_exit(grandchild < 0);
		close(ends[1]);
		guard(ends[0], guarded);
	}
	close(ends[0]);
	while (child > 0 && waitpid(child, &status, __WALL) < 0 && errno == EINTR)
		continue;
	if (child < 0 || status != 0) {
		close(ends[1]);
		munmap(guarded, sizeof *guarded);
		return false;
	}
	place->guarded = guarded;
	place->guard_pipe = ends[1];
	return true;
}

static int choose_cpu(const cpu_set_t *a, const cpu_set_t *b)
{
	int here = sched_getcpu();
	cpu_set_t both;
	CPU_AND(&both, a, b);
	if (here >= 0 && CPU_ISSET(here, &both))
		return here;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &both))
			return cpu;
	return -1;
}

static void narrow(struct tg_place *place, pid_t tid)
{
	cpu_set_t task, one;
	if (sched_getaffinity(tid, sizeof task, &task) < 0 || sched_getaffinity(0, sizeof place->own, &place->own) < 0)
		return;
	int cpu = choose_cpu(&task, &place->own);
	if (cpu < 0 || (CPU_COUNT(&task) == 1 && CPU_COUNT(&place->own) == 1))
		return;
	if (!place->guarded && !start_guard(place)) {
		place->on = false;
		return;
	}
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	place->guarded->cpu = cpu;
	place->guarded->mask = task;
	place->guarded->tid = tid; /* from here on the guard would widen it */
	if (sched_setaffinity(tid, sizeof one, &one) < 0) {
		place->guarded->tid = 0;
		return;
	}
	sched_setaffinity(0, sizeof one, &one);
	place->since_ns = tg_now_ns();
	place->narrowed = true;
}

/* Gives tracer and program their own masks back. */
void tg_place_release(struct tg_place *place)
{
	place->streak = 0;
	if (!place->narrowed)
		return;
	widen(place->guarded->tid, place->guarded->cpu, &place->guarded->mask);
	widen(0, place->guarded->cpu, &place->own);
	place->guarded->tid = 0;
	place->narrowed = false;
}

/* Told of every stop. */
void tg_place_stop(struct tg_place *place, pid_t tid)
{
	if (!place->on)
		return;
	place->stops++;
	if (tid != place->last) {
		tg_place_release(place);
		place->last = tid;
	} else if (!place->narrowed && ++place->streak >= HOT_STOPS) {
		narrow(place, tid);
		place->streak = 0;
	}
}

/* Told of every call that is about to be made. */
void tg_place_call(struct tg_place *place, u8 abi, s64 nr)
{
	if (place->narrowed && is_revealing(abi, nr))
		tg_place_release(place);
}

/* Told of every tick of the timer, which is quick while something is narrowed. */
void tg_place_tick(struct tg_place *place)
{
	if (place->narrowed && (!place->stops || tg_now_ns() - place->since_ns > RECONSIDER_NS))
		tg_place_release(place);
	place->stops = 0;
}

/* Told that a thread is gone or goes on untraced. */
void tg_place_forget(struct tg_place *place, pid_t tid)
{
	if (place->last != tid)
		return;
	tg_place_release(place);
	place->last = 0;
}

void tg_place_deinit(struct tg_place *place)
{
	tg_place_release(place);
	if (!place->guarded)
		return;
	close(place->guard_pipe);
	munmap(place->guarded, sizeof *place->guarded);
	place->guarded = NULL;
}
