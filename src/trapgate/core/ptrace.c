/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ptrace loop: one state machine for three modes.
 *
 *   batch  at an entry stop the plan's copies are made into the thread's own record, at the exit
 *          stop the record is completed and moved to the output; the thread goes on at once
 *   hold   every stop becomes a record of its own, and its thread stays stopped until the
 *          next run
 *   mixed  as batch, but calls without a plan, or whose plan says TG_PLAN_HOLD, are held; and what
 *          others did between a call's entry and exit stands between two records of it
 *
 * A traced thread is in exactly one of these states:
 *
 *   running ──entry stop──► in a call ──exit stop──► running
 *      │ signal-delivery stop: reported, goes on with the signal
 *      │ group-stop: reported, PTRACE_LISTEN leaves it stopped until SIGCONT
 *      │ event stops (fork, exec, seccomp): reported or used, it goes on
 *      └ exit: reported, forgotten
 *
 * In seccomp mode the entry stop is the filter's event and the thread runs by PTRACE_CONT
 * outside of calls.
 */
#include "tracer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SYSCALL_STOP (SIGTRAP | 0x80)
#define LOOK_AROUND 32           /* waits between two looks at all that wait */
#define IDLE_NS 250000000ull     /* the longest a signal for Python can stay unseen */
#define PLACE_NS 20000000ull     /* how long stops may cease before the program is free to move */
#define DETACH_NS 2000000000ull  /* threads that do not stop within this are left to the kernel */

static volatile sig_atomic_t ticked;

u64 tg_now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (u64)now.tv_sec * 1000000000u + (u64)now.tv_nsec;
}

long tg_ptrace(int request, pid_t tid, void *addr, void *data)
{
	return syscall(SYS_ptrace, (long)request, (long)tid, addr, data);
}

int tg_tracer_fail(struct tg_tracer *t, const char *operation, pid_t pid, int error)
{
	t->failed = operation;
	t->failed_pid = pid;
	return -error;
}

u32 tg_tracer_options(const struct tg_tracer *t)
{
	u32 options = TG_O_TRACESYSGOOD | TG_O_TRACEEXEC | TG_O_TRACEEXIT;
	if (t->follow)
		options |= TG_O_TRACEFORK | TG_O_TRACEVFORK | TG_O_TRACECLONE;
	if (t->seccomp)
		options |= TG_O_TRACESECCOMP;
	if (t->kill_on_exit)
		options |= TG_O_EXITKILL;
	return options;
}

int tg_tracer_adopt(struct tg_tracer *t, pid_t tid, pid_t pid, u32 flags, struct tg_task **ret)
{
	int err = tg_tasks_add(&t->tasks, tid, pid, ret);
	if (err)
		return tg_tracer_fail(t, "remember a thread", tid, -err);
	(*ret)->flags = flags;
	t->done = false;
	return 0;
}

/* ---- records ---- */

/* Appends a record without pieces to the output. */
static int put(struct tg_tracer *t, const struct tg_task *task, u8 kind, const struct tg_record *words)
{
	struct tg_record record = *words;
	record.size = sizeof record;
	record.kind = kind;
	record.pid = (u32)task->pid;
	record.tid = (u32)task->tid;
	if (!record.time_ns)
		record.time_ns = tg_now_ns();
	return tg_out_append(&t->out, &record, sizeof record);
}

static void fill_call(const struct tg_task *task, struct tg_record *record)
{
	record->abi = task->abi;
	record->pid = (u32)task->pid;
	record->tid = (u32)task->tid;
	record->nr = task->nr;
	record->ip = task->ip;
	record->time_ns = task->entry_ns;
	unsigned n = task->plan && task->plan->n_args < 6 ? task->plan->n_args : 6;
	memcpy(record->arg, task->arg, n * sizeof record->arg[0]);
}

static int put_call(struct tg_tracer *t, const struct tg_task *task, u8 kind, s64 result, u64 now)
{
	struct tg_record record = {0};
	fill_call(task, &record);
	record.result = result;
	if (kind == TG_EXIT) {
		record.time_ns = now;
		record.duration_ns = now - task->entry_ns;
	}
	return put(t, task, kind, &record);
}

/* Batch mode: the call that `task` will not return from as an entry of its own. */
static int put_open_call(struct tg_tracer *t, struct tg_task *task)
{
	if (t->hold || t->mixed || !(task->flags & TG_T_IN_CALL) || !(task->flags & TG_T_WANTED))
		return 0;
	task->flags &= ~(u32)(TG_T_IN_CALL | TG_T_WANTED);
	((struct tg_record *)task->rec.data)->kind = TG_ENTER;
	tg_record_end(&task->rec);
	return tg_out_append(&t->out, task->rec.data, task->rec.len);
}

/* Mixed mode: tells of the entry at once; `finish_entry` makes a whole call of it if nothing comes between. */
static int put_entry(struct tg_tracer *t, struct tg_task *task)
{
	struct tg_record *record = (struct tg_record *)task->rec.data;
	t->holds_call = task->flags & TG_T_HELD;
	record->kind = TG_ENTER;
	tg_record_end(&task->rec);
	task->entry_len = record->size;
	task->entry_pieces = record->pieces;
	t->open = task;
	t->open_at = t->out.len;
	int err = tg_out_append(&t->out, task->rec.data, task->rec.len);
	t->open_end = t->out.len;
	return err;
}

static int finish_entry(struct tg_tracer *t, struct tg_task *task, u64 now)
{
	struct tg_record *record = (struct tg_record *)task->rec.data;
	t->holds_call = task->flags & TG_T_HELD;
	if (t->open == task && t->open_end == t->out.len) {
		record->kind = TG_CALL;
		t->out.len = t->open_at;
		t->open = NULL;
		return tg_out_append(&t->out, task->rec.data, task->rec.len);
	}
	struct tg_record leave = *record;
	leave.kind = TG_EXIT;
	leave.time_ns = now;
	leave.size = (u32)(sizeof leave + task->rec.len - task->entry_len);
	leave.pieces = (u16)(record->pieces - task->entry_pieces);
	int err = tg_out_append(&t->out, &leave, sizeof leave);
	return err ? err : tg_out_append(&t->out, task->rec.data + task->entry_len, task->rec.len - task->entry_len);
}

static struct tg_copy copy_of(struct tg_tracer *t, struct tg_task *task, s64 result)
{
	return (struct tg_copy){
		.mem = &t->mem,
		.tid = task->tid,
		.abi = task->abi,
		.arg = task->arg,
		.result = result,
		.rec = &task->rec,
	};
}

/* ---- calls ---- */

static bool is_exec(u8 abi, s64 nr)
{
#ifdef SYS_execve
	return abi != TG_ABI_I386 && nr == SYS_execve;
#else
	return false;
#endif
}

static int on_entry(struct tg_tracer *t, struct tg_task *task, const struct tg_call *call, u64 now)
{
	s64 before = task->nr;
	task->abi = call->abi;
	task->nr = call->nr;
	task->ip = call->ip;
	task->entry_ns = now;
	memcpy(task->arg, call->arg, sizeof task->arg);
	task->flags |= TG_T_IN_CALL;
	task->flags &= ~(u32)(TG_T_WANTED | TG_T_FIRST_EXEC | TG_T_HELD);
	if ((task->flags & TG_T_HIDDEN) && is_exec(call->abi, call->nr)) {
		task->flags &= ~(u32)TG_T_HIDDEN;
		task->flags |= TG_T_FIRST_EXEC;
	}
	tg_place_call(&t->place, call->abi, call->nr);
	if (tg_guard_call(call->abi, call->nr, call->arg))
		t->mem.careful = true;
	task->plan = tg_plans_find(&t->plans, call->abi, call->nr, call->arg);
	if (task->plan && (task->plan->flags & TG_PLAN_UFFD))
		t->mem.careful = true;
	if ((task->flags & TG_T_HIDDEN) || !tg_is_wanted(&t->wanted, call->abi, call->nr))
		return 0;
	task->flags |= TG_T_WANTED;
	if (t->mixed && (!task->plan || (task->plan->flags & TG_PLAN_HOLD)))
		task->flags |= TG_T_HELD;
	if (t->hold)
		return put_call(t, task, TG_ENTER, before, now);
	struct tg_record *record;
	int err = tg_record_begin(&task->rec, TG_CALL, &record);
	if (err)
		return err;
	fill_call(task, record);
	record->result = before; /* until it returns */
	if (task->plan) {
		struct tg_copy copy = copy_of(t, task, 0);
		err = tg_plan_run(task->plan, TG_AT_ENTRY, &copy);
	}
	return err || !t->mixed ? err : put_entry(t, task);
}

static bool is_restart(s64 result)
{
	return result == -512 || result == -513 || result == -514 || result == -516; /* ERESTART* */
}

static int on_exit_stop(struct tg_tracer *t, struct tg_task *task, s64 result, u64 now)
{
	u32 flags = task->flags;
	if ((flags & TG_T_FIRST_EXEC) && result < 0)
		task->flags |= TG_T_HIDDEN; /* exec failed: what follows is our child's own excuse */
	task->flags &= ~(u32)TG_T_FIRST_EXEC;
	if (!(flags & TG_T_WANTED)) {
		task->flags &= ~(u32)TG_T_IN_CALL;
		return 0;
	}
	if ((flags & TG_T_DETACH) && is_restart(result))
		return 0; /* our own interruption: the call stays open and is told as such */
	task->flags &= ~(u32)(TG_T_IN_CALL | TG_T_WANTED);
	if (t->hold)
		return put_call(t, task, TG_EXIT, result, now);
	struct tg_record *record = (struct tg_record *)task->rec.data;
	record->duration_ns = now - task->entry_ns;
	record->result = result;
	record->pid = (u32)task->pid;
	record->tid = (u32)task->tid;
	if (task->plan) {
		struct tg_copy copy = copy_of(t, task, result);
		int err = tg_plan_run(task->plan, TG_AT_EXIT, &copy);
		if (err)
			return err;
	}
	tg_record_end(&task->rec);
	return t->mixed ? finish_entry(t, task, now) : tg_out_append(&t->out, task->rec.data, task->rec.len);
}

/* An exit whose entry was not seen: tracing began in the middle of the call. */
static int on_stray_exit(struct tg_tracer *t, struct tg_task *task, const struct tg_call *call, u64 now)
{
	struct tg_record record = {.abi = call->abi, .time_ns = now, .nr = -1, .result = call->result, .ip = call->ip};
	return t->wanted.all && !(task->flags & TG_T_HIDDEN) ? put(t, task, TG_EXIT, &record) : 0;
}

static int on_syscall_stop(struct tg_tracer *t, struct tg_task *task)
{
	struct tg_call call;
	bool in_call = task->flags & TG_T_IN_CALL;
	if (in_call && !(task->flags & (TG_T_WANTED | TG_T_FIRST_EXEC)))
		return on_exit_stop(t, task, 0, 0);
	u64 now = tg_now_ns();
	int err = tg_call_get(task, in_call ? TG_INFO_EXIT : TG_INFO_ENTRY, &call);
	if (err)
		return err;
	if (call.op == TG_INFO_ENTRY)
		return on_entry(t, task, &call, now);
	if (call.op == TG_INFO_EXIT)
		return in_call ? on_exit_stop(t, task, call.result, now) : on_stray_exit(t, task, &call, now);
	return 0;
}

static int on_seccomp(struct tg_tracer *t, struct tg_task *task)
{
	struct tg_call call;
	int err = tg_call_get(task, TG_INFO_SECCOMP, &call);
	if (err)
		return err;
	if (call.op != TG_INFO_SECCOMP || call.ret_data != TG_FILTER_DATA || (task->flags & TG_T_IN_CALL))
		return 0;
	err = on_entry(t, task, &call, tg_now_ns());
	if (!(task->flags & (TG_T_WANTED | TG_T_FIRST_EXEC)))
		task->flags &= ~(u32)TG_T_IN_CALL;
	return err;
}

/* ---- other stops ---- */

static int on_signal(struct tg_tracer *t, struct tg_task *task, int sig)
{
	u8 siginfo[TG_SIGINFO_SIZE];
	struct tg_out record = {0};
	struct tg_record *header;
	task->sig = sig;
	if (task->flags & TG_T_HIDDEN)
		return 0;
	int err = tg_record_begin(&record, TG_SIGNAL, &header);
	if (err)
		return err;
	header->abi = task->abi;
	header->time_ns = tg_now_ns();
	header->pid = (u32)task->pid;
	header->tid = (u32)task->tid;
	header->nr = sig;
	if (tg_ptrace(TG_PTRACE_GETSIGINFO, task->tid, NULL, siginfo) == 0)
		err = tg_record_piece(&record, 0, TG_AT_ENTRY, 0, 0, siginfo, sizeof siginfo);
	tg_record_end(&record);
	if (!err)
		err = tg_out_append(&t->out, record.data, record.len);
	tg_out_deinit(&record);
	return err;
}

static bool stops_group(int sig)
{
	return sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU;
}

static int on_event_stop(struct tg_tracer *t, struct tg_task *task, int sig)
{
	if (!stops_group(sig))
		return 0;
	task->flags |= TG_T_GROUP_STOP;
	const struct tg_record record = {.nr = sig};
	return put(t, task, TG_STOP, &record);
}

static unsigned long event_message(const struct tg_task *task)
{
	unsigned long message = 0;
	return tg_ptrace(TG_PTRACE_GETEVENTMSG, task->tid, NULL, &message) < 0 ? 0 : message;
}

static bool is_thread_of(pid_t pid, pid_t tid)
{
	return syscall(SYS_tgkill, pid, tid, 0) == 0 || errno != ESRCH;
}

/*
 * A child's first stop may be seen before the event of its parent's fork, and it may even be
 * gone by then: such a child must not be remembered again, it would never end.
 */
static void note_early(struct tg_tracer *t, pid_t tid)
{
	t->early[t->n_early++ % TG_EARLY] = tid;
}

static bool was_early(struct tg_tracer *t, pid_t tid)
{
	for (unsigned i = 0; i < TG_EARLY; i++)
		if (t->early[i] == tid) {
			t->early[i] = 0;
			return true;
		}
	return false;
}

static int on_fork(struct tg_tracer *t, struct tg_task *task, int event)
{
	pid_t tid = (pid_t)event_message(task);
	if (tid <= 0)
		return 0;
	pid_t pid = event == TG_EVENT_CLONE && is_thread_of(task->pid, tid) ? task->pid : tid;
	struct tg_task *child = tg_tasks_find(&t->tasks, tid);
	if (!was_early(t, tid) && !child) {
		int err = tg_tracer_adopt(t, tid, pid, TG_T_NEW, &child);
		if (err)
			return err;
	}
	const struct tg_record record = {.nr = tid, .arg = {(u64)pid, (u64)event}};
	return task->flags & TG_T_HIDDEN ? 0 : put(t, task, TG_FORK, &record);
}

/*
 * After exec the process has one thread, and it bears the process id, whichever called exec.
 * `task` is the entry of that id: the leader's, whose thread is gone if another one called.
 * `*ret` is the entry that goes on.
 */
static int on_exec(struct tg_tracer *t, struct tg_task *task, struct tg_task **ret)
{
	pid_t former = (pid_t)event_message(task), tid = task->tid;
	struct tg_task *caller = former > 0 && former != tid ? tg_tasks_find(&t->tasks, former) : NULL;
	struct tg_record record = {.nr = former > 0 && former != tid ? former : 0};
	int err = 0;
	tg_mem_forget(&t->mem, task->pid);
	tg_place_forget(&t->place, tid);
	if (caller) {
		err = put_open_call(t, task);
		u32 inherited = task->flags & (TG_T_ROOT | TG_T_STOPPED | TG_T_DETACH);
		tg_tasks_remove(&t->tasks, task);
		tg_tasks_rename(&t->tasks, caller, tid);
		caller->flags |= inherited;
		*ret = task = caller;
	}
	task->pid = tid;
	task->flags &= ~(u32)(TG_T_HIDDEN | TG_T_FIRST_EXEC);
	struct tg_call call; /* the new program may be of another ABI, and make no call that is wanted */
	if (tg_call_get(task, TG_INFO_EXIT, &call) == 0)
		record.abi = call.abi;
	return err ? err : put(t, task, TG_EXEC, &record);
}

static u32 threads_left(const struct tg_tracer *t, pid_t pid)
{
	u32 n = 0;
	for (u32 i = 0; i < t->tasks.n_slot; i++)
		n += t->tasks.slot[i] && t->tasks.slot[i]->pid == pid;
	return n;
}

static void forget(struct tg_tracer *t, struct tg_task *task)
{
	pid_t pid = task->pid;
	if (task->resume_ns)
		t->n_delayed--;
	if (t->held == task)
		t->held = NULL;
	tg_place_forget(&t->place, task->tid);
	tg_tasks_remove(&t->tasks, task);
	if (!threads_left(t, pid))
		tg_mem_forget(&t->mem, pid);
}

/* The thread will not return from its call, if it is in one: told now, in the order in which threads end. */
static int on_exiting(struct tg_tracer *t, struct tg_task *task)
{
	const struct tg_record record = {.nr = (s64)event_message(task)};
	if (task->flags & TG_T_HIDDEN)
		return 0;
	int err = put_open_call(t, task);
	return err ? err : put(t, task, TG_EXITING, &record);
}

static int on_death(struct tg_tracer *t, struct tg_task *task, int status)
{
	int err = put_open_call(t, task);
	const struct tg_record record = {.nr = status, .arg = {threads_left(t, task->pid) - 1}};
	if (!err)
		err = put(t, task, TG_TASK_EXIT, &record);
	forget(t, task);
	return err;
}

/* ---- going on ---- */

static void resume(struct tg_tracer *t, struct tg_task *task)
{
	int request = TG_PTRACE_SYSCALL;
	if (task->flags & TG_T_GROUP_STOP)
		request = TG_PTRACE_LISTEN;
	else if (t->seccomp && !(task->flags & TG_T_IN_CALL))
		request = TG_PTRACE_CONT;
	task->flags &= ~(u32)(TG_T_STOPPED | TG_T_GROUP_STOP);
	/* ESRCH: it was killed while it was stopped, and its exit is on the way */
	tg_ptrace(request, task->tid, NULL, (void *)(intptr_t)task->sig);
	task->sig = 0;
}

/* Lets a stopped thread go for good; what it was about to get (a signal, a stop) it gets. */
static int let_go(struct tg_tracer *t, struct tg_task *task)
{
	int err = put_open_call(t, task);
	const struct tg_record record = {0};
	if (!err)
		err = put(t, task, TG_DETACH, &record);
	tg_place_forget(&t->place, task->tid);
	tg_ptrace(TG_PTRACE_DETACH, task->tid, NULL, (void *)(intptr_t)task->sig);
	t->root_left |= !t->detaching && (task->flags & TG_T_ROOT) != 0;
	forget(t, task);
	return err;
}

static int on_stop(struct tg_tracer *t, struct tg_task **at, int status)
{
	struct tg_task *task = *at;
	int sig = WSTOPSIG(status), event = status >> 16, err = 0;
	task->flags |= TG_T_STOPPED;
	task->sig = 0;
	if (task->flags & TG_T_NEW) {
		task->flags &= ~(u32)TG_T_NEW;
		task->nr = tg_call_interrupted(task);
		const struct tg_record record = {0};
		if (!(task->flags & TG_T_HIDDEN))
			err = put(t, task, TG_ATTACH, &record);
	}
	if (err)
		return err;
	switch (event) {
	case 0:
		return sig == SYSCALL_STOP ? on_syscall_stop(t, task) : on_signal(t, task, sig);
	case TG_EVENT_STOP:
		return on_event_stop(t, task, sig);
	case TG_EVENT_SECCOMP:
		return on_seccomp(t, task);
	case TG_EVENT_EXEC:
		return on_exec(t, task, at);
	case TG_EVENT_EXIT:
		return on_exiting(t, task);
	case TG_EVENT_FORK:
	case TG_EVENT_VFORK:
	case TG_EVENT_CLONE:
		return on_fork(t, task, event);
	default:
		return 0;
	}
}

/* A stop or exit of a process that is not in the table. */
static int on_unknown(struct tg_tracer *t, pid_t tid, int status, struct tg_task **ret)
{
	*ret = NULL;
	if (WIFSTOPPED(status) && t->follow) {
		note_early(t, tid);
		return tg_tracer_adopt(t, tid, tg_task_tgid(tid), TG_T_NEW, ret);
	}
	if (WIFSTOPPED(status)) {
		tg_ptrace(TG_PTRACE_DETACH, tid, NULL, NULL); /* a child made with CLONE_PTRACE */
	} else if (t->root_left && tid == t->root) {
		t->root_left = false;
		return 0;
	}
	if (t->n_strays < TG_STRAYS)
		t->stray[t->n_strays++] = (struct tg_pending){tid, status};
	return 0;
}

/* Handles one wait status; the thread goes on unless it is to be held. */
static int handle(struct tg_tracer *t, pid_t tid, int status)
{
	struct tg_task *task = tg_tasks_find(&t->tasks, tid);
	int err = 0;
	if (!task)
		err = on_unknown(t, tid, status, &task);
	if (err || !task)
		return err;
	if (!WIFSTOPPED(status))
		return on_death(t, task, status);
	tg_place_stop(&t->place, tid);
	size_t before = t->out.len;
	t->holds_call = false;
	err = on_stop(t, &task, status);
	if (err == -ESRCH)
		err = 0; /* killed in the middle: leave it, its exit follows */
	if (err)
		return tg_tracer_fail(t, "handle a stop", tid, -err);
	if (t->detaching || (task->flags & TG_T_DETACH))
		return let_go(t, task);
	if (t->hold ? t->out.len > before : t->holds_call)
		t->held = task;
	else
		resume(t, task);
	return 0;
}

/* ---- waiting ---- */

static void on_tick(int sig)
{
	(void)sig;
	ticked = 1;
}

/*
 * The timer interrupts a blocked wait4 so that records that wait are handed over and Python sees
 * its signals. Its signal goes to this thread only, repeats (a tick between our look at
 * `ticked` and the wait would else be lost), and restarts nothing.
 */
static int set_timer(struct tg_tracer *t, u64 period_ns)
{
	if (!t->timer_made) {
		struct sigaction action = {.sa_handler = on_tick};
		struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMAX - 3};
		event._sigev_un._tid = t->owner;
		if (sigaction(event.sigev_signo, &action, NULL) < 0 || timer_create(CLOCK_MONOTONIC, &event, &t->timer) < 0)
			return tg_tracer_fail(t, "timer_create", 0, errno);
		t->timer_made = true;
	}
	if (t->timer_ns == period_ns)
		return 0;
	struct itimerspec spec;
	spec.it_interval.tv_sec = (time_t)(period_ns / 1000000000u);
	spec.it_interval.tv_nsec = (long)(period_ns % 1000000000u);
	spec.it_value = spec.it_interval;
	if (timer_settime(t->timer, 0, &spec, NULL) < 0)
		return tg_tracer_fail(t, "timer_settime", 0, errno);
	t->timer_ns = period_ns;
	return 0;
}

static int next_pending(struct tg_tracer *t, pid_t *ret_tid, int *ret_status)
{
	if (t->at_pending == t->n_pending)
		return 0;
	*ret_tid = t->pending[t->at_pending].tid;
	*ret_status = t->pending[t->at_pending].status;
	if (++t->at_pending == t->n_pending)
		t->at_pending = t->n_pending = 0;
	return 1;
}

/*
 * wait4 looks through the traced threads from the first to the last, so busy ones at the front
 * could keep others waiting for ever. Now and then all that wait are collected, and served in
 * that order before the next is asked for.
 */
static void look_around(struct tg_tracer *t)
{
	if (t->tasks.n < 2 || ++t->waits < LOOK_AROUND)
		return;
	t->waits = 0;
	while (t->n_pending < TG_PENDING) {
		struct tg_pending *at = &t->pending[t->n_pending];
		at->tid = wait4(-1, &at->status, __WALL | __WNOTHREAD | WNOHANG, NULL);
		if (at->tid <= 0)
			return;
		t->n_pending++;
	}
}

/* 1 with an event, 0 if interrupted, -ECHILD when nothing is left, -errno. */
static int wait_event(struct tg_tracer *t, pid_t *ret_tid, int *ret_status)
{
	look_around(t);
	if (next_pending(t, ret_tid, ret_status))
		return 1;
	int options = __WALL | __WNOTHREAD | (t->tasks.n || t->root_left ? 0 : WNOHANG);
	pid_t tid = wait4(-1, ret_status, options, NULL);
	if (tid > 0) {
		*ret_tid = tid;
		return 1;
	}
	if (tid == 0)
		return -ECHILD;
	return errno == EINTR ? 0 : -errno;
}

/* Resumes what was delayed long enough; returns how long the next one has to wait, 0 for none. */
static u64 resume_delayed(struct tg_tracer *t)
{
	u64 now = tg_now_ns(), next = 0;
	for (u32 i = 0; t->n_delayed && i < t->tasks.n_slot; i++) {
		struct tg_task *task = t->tasks.slot[i];
		if (!task || !task->resume_ns)
			continue;
		if (task->resume_ns <= now) {
			task->resume_ns = 0;
			t->n_delayed--;
			resume(t, task);
		} else if (!next || task->resume_ns - now < next) {
			next = task->resume_ns - now;
		}
	}
	return next;
}

static u64 timer_period(const struct tg_tracer *t, u64 deadline, u64 delayed)
{
	u64 period = t->out.len ? (u64)t->flush_ms * 1000000u : IDLE_NS;
	if (t->place.narrowed && period > PLACE_NS)
		period = PLACE_NS;
	if (deadline) {
		u64 now = tg_now_ns();
		u64 left = deadline > now ? deadline - now : 0;
		period = left < period ? left : period;
	}
	if (delayed && delayed < period)
		period = delayed;
	return period < 100000 ? 100000 : period;
}

/* Whether the timer, set when nothing waited, would now come too late. */
static bool timer_is_late(const struct tg_tracer *t, u64 delayed)
{
	if (delayed && delayed < t->timer_ns)
		return true;
	if (t->place.narrowed && t->timer_ns > PLACE_NS)
		return true;
	return !t->hold && t->out.len && t->timer_ns > (u64)t->flush_ms * 1000000u;
}

static void release_held(struct tg_tracer *t)
{
	struct tg_task *task = t->held;
	t->held = NULL;
	if (!task || !(task->flags & TG_T_STOPPED))
		return;
	if (task->resume_ns)
		t->n_delayed++;
	else
		resume(t, task);
}

/* Whether the first record of the batch has waited as long as it may. */
static bool is_old(struct tg_tracer *t)
{
	if (!t->out.len)
		return false;
	u64 now = tg_now_ns();
	return now - t->out_since_ns >= (u64)t->flush_ms * 1000000u;
}

/* One wait and what follows from it. Returns 0 to go on, else enum tg_run_result or -errno. */
static int step(struct tg_tracer *t, u64 deadline)
{
	pid_t tid;
	int status;
	u64 delayed = t->n_delayed ? resume_delayed(t) : 0;
	bool full = t->held || (t->hold ? t->out.len > 0 : t->out.len >= t->buffer_size);
	if (full || (ticked && is_old(t)))
		return TG_RUN_BATCH;
	if (deadline && tg_now_ns() >= deadline)
		return t->out.len ? TG_RUN_BATCH : TG_RUN_TIMEOUT;
	if (ticked || !t->timer_ns || timer_is_late(t, delayed)) {
		bool was_ticked = ticked;
		ticked = 0;
		if (was_ticked)
			tg_place_tick(&t->place);
		int err = set_timer(t, timer_period(t, deadline, delayed));
		if (err || was_ticked)
			return err ? err : TG_RUN_INTERRUPTED;
	}
	int got = wait_event(t, &tid, &status);
	if (got > 0) {
		bool was_empty = !t->out.len;
		int err = handle(t, tid, status);
		if (was_empty && t->out.len && !t->hold)
			t->out_since_ns = tg_now_ns();
		return err;
	}
	if (got == 0)
		return ticked ? 0 : TG_RUN_INTERRUPTED;
	if (got != -ECHILD)
		return tg_tracer_fail(t, "wait4", -1, -got);
	t->done = true;
	set_timer(t, 0);
	return t->out.len ? TG_RUN_BATCH : TG_RUN_DONE;
}

/*
 * Traces until there is something to hand over: TG_RUN_BATCH leaves it in `out`, which the
 * caller empties. TG_RUN_INTERRUPTED asks the caller to look at its signals and run again.
 */
int tg_tracer_run(struct tg_tracer *t, int timeout_ms)
{
	if (gettid() != t->owner)
		return tg_tracer_fail(t, "run from another thread than the one that attached", 0, EPERM);
	u64 deadline = timeout_ms < 0 ? 0 : tg_now_ns() + (u64)timeout_ms * 1000000u;
	if (t->done)
		return t->out.len ? TG_RUN_BATCH : TG_RUN_DONE;
	release_held(t);
	t->open = NULL; /* what stands in the batch may have been taken */
	int result = deadline ? set_timer(t, timer_period(t, deadline, 0)) : 0;
	if (result)
		return result;
	do
		result = step(t, deadline);
	while (result == 0);
	return result;
}

/* ---- detaching ---- */

/* The thread that hold mode holds goes on only `ns` after the next run, others meanwhile. */
int tg_tracer_delay(struct tg_tracer *t, pid_t tid, u64 ns)
{
	if (!t->held || t->held->tid != tid)
		return tg_tracer_fail(t, "delay a thread that is not held", tid, ESRCH);
	t->held->resume_ns = tg_now_ns() + ns;
	return 0;
}

/* Whether a thread has ended, which a leader's death does not report before its last thread's. */
static bool is_zombie(pid_t tid)
{
	char path[32], state = 0;
	snprintf(path, sizeof path, "/proc/%d/stat", (int)tid);
	FILE *file = fopen(path, "re");
	if (!file)
		return false;
	for (int c; (c = getc(file)) != EOF;)
		if (c == ')' && fscanf(file, " %c", &state) != 1)
			state = 0; /* a name may hold a parenthesis: the last one counts */
	fclose(file);
	return state == 'Z' || state == 'X';
}

static int ask_to_stop(struct tg_tracer *t, struct tg_task *task)
{
	task->flags |= TG_T_DETACH;
	if ((task->flags & TG_T_STOPPED) || is_zombie(task->tid))
		return let_go(t, task);
	tg_ptrace(TG_PTRACE_INTERRUPT, task->tid, NULL, NULL); /* a new one stops by itself */
	return 0;
}

/* Lets one thread go on untraced: at once if it is stopped, else at its next stop. */
int tg_tracer_detach(struct tg_tracer *t, pid_t tid)
{
	struct tg_task *task = tg_tasks_find(&t->tasks, tid);
	if (!task)
		return tg_tracer_fail(t, "detach", tid, ESRCH);
	return ask_to_stop(t, task);
}

/*
 * Lets every thread go on untraced. The records of what was still seen stay in `out` for
 * the next run. Threads that the kernel does not stop in time (uninterruptible sleep) are let
 * go by it when the tracer ends.
 */
int tg_tracer_detach_all(struct tg_tracer *t)
{
	u64 deadline = tg_now_ns() + DETACH_NS;
	struct tg_task **all = calloc(t->tasks.n + 1, sizeof *all);
	u32 n = 0;
	int err = 0;
	if (!all)
		return tg_tracer_fail(t, "detach", 0, ENOMEM);
	t->detaching = true; /* also those that are born meanwhile */
	for (u32 i = 0; i < t->tasks.n_slot; i++)
		if (t->tasks.slot[i])
			all[n++] = t->tasks.slot[i];
	for (u32 i = 0; i < n && !err; i++)
		err = ask_to_stop(t, all[i]);
	free(all);
	while (!err && (t->tasks.n || t->n_pending) && tg_now_ns() < deadline) {
		pid_t tid;
		int status;
		err = set_timer(t, 50000000);
		int got = err ? err : wait_event(t, &tid, &status);
		if (got < 0)
			break;
		if (!got)
			continue;
		err = handle(t, tid, status);
	}
	set_timer(t, 0);
	t->done = !t->tasks.n;
	return err;
}

/* What PTRACE_O_EXITKILL does when the tracer ends, now. */
void tg_tracer_kill_all(struct tg_tracer *t)
{
	for (u32 i = 0; i < t->tasks.n_slot; i++)
		if (t->tasks.slot[i])
			kill(t->tasks.slot[i]->pid, SIGKILL);
}

/* ---- life ---- */

int tg_tracer_init(struct tg_tracer *t)
{
	tg_mem_init(&t->mem);
	t->exec_error_fd = -1;
	t->owner = gettid();
	return 0;
}

void tg_tracer_deinit(struct tg_tracer *t)
{
	if (t->timer_made)
		timer_delete(t->timer);
	t->timer_made = false;
	if (t->exec_error_fd >= 0)
		close(t->exec_error_fd);
	t->exec_error_fd = -1;
	t->held = NULL;
	tg_place_deinit(&t->place);
	tg_mem_deinit(&t->mem);
	tg_tasks_deinit(&t->tasks);
	tg_plans_deinit(&t->plans);
	tg_out_deinit(&t->out);
	for (unsigned i = 0; i < TG_ABIS; i++) {
		free(t->wanted.map[i]);
		t->wanted.map[i] = NULL;
	}
}
