/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ptrace source's insides: shared by its C files, seen by nobody else. No Python here, and
 * no call known by name except where the program's safety hangs on it (guard.c).
 *
 * Functions return 0 (or a count) and -errno; the last parameter is `ret`.
 */
#ifndef TRAPGATE_TRACER_H
#define TRAPGATE_TRACER_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#include "abi.h"

/* ---- bytes that grow (out.c) ---- */

struct tg_out {
	u8 *data;
	size_t len;
	size_t cap;
};

#define TG_RECORD_MAX ((size_t)16 << 20) /* no record grows beyond this, whatever its plan says */

void tg_out_deinit(struct tg_out *out);
int tg_out_reserve(struct tg_out *out, size_t more);
int tg_out_append(struct tg_out *out, const void *bytes, size_t n);

/* A record is built in place: begin writes the header, pieces follow, end fixes the size. */
int tg_record_begin(struct tg_out *out, u8 kind, struct tg_record **ret);
int tg_record_piece(struct tg_out *rec, u8 arg, u8 phase, u16 flags, u64 addr, const void *bytes, u32 len);
void tg_record_end(struct tg_out *rec);

/* ---- memory of another process (remote.c) ---- */

#define TG_MEM_CACHE 32

/* How memory is read; `careful` is set once a traced program may make a plain read block. */
struct tg_mem {
	bool careful;
	struct tg_out scratch; /* bytes read and not yet in a record */
	unsigned next_slot;
	struct {
		pid_t pid;
		int fd;
	} fds[TG_MEM_CACHE];
};

struct tg_read {
	u64 addr;
	size_t want;
	size_t got;
	void *into;
};

void tg_mem_init(struct tg_mem *mem);
void tg_mem_deinit(struct tg_mem *mem);
void tg_mem_forget(struct tg_mem *mem, pid_t pid);
void tg_mem_gather(struct tg_mem *mem, pid_t pid, struct tg_read *reads, unsigned n);
size_t tg_mem_read(struct tg_mem *mem, pid_t pid, u64 addr, void *into, size_t n);
size_t tg_mem_read_string(struct tg_mem *mem, pid_t pid, u64 addr, void *into, size_t max, bool *ret_terminated);
int tg_mem_write(struct tg_mem *mem, pid_t pid, u64 addr, const void *bytes, size_t n);

static inline size_t tg_to_page_end(u64 addr)
{
	return 4096 - (size_t)(addr & 4095);
}

/* ---- plans (plan.c) ---- */

#define TG_ABIS 5

struct tg_plan_row {
	u32 n;
	const struct tg_plan **by_nr;
};

struct tg_subplan {
	u64 key;
	const struct tg_plan *plan;
};

struct tg_plan_node;

struct tg_plans {
	struct tg_plan_row row[TG_ABIS];
	struct tg_subplan *sub; /* open addressing, n_sub is a power of two */
	u32 n_sub;
	u32 used_sub;
	struct tg_plan_node *nodes; /* every plan there was: a call may be under way by an old one */
};

/* What is known of a call while its plan is carried out. */
struct tg_copy {
	struct tg_mem *mem;
	pid_t tid;
	u8 abi;
	const u64 *arg;
	s64 result;
	struct tg_out *rec;
};

int tg_plans_add(struct tg_plans *plans, u64 key, const struct tg_plan *plan);
int tg_plans_add_sub(struct tg_plans *plans, u64 key2, const struct tg_plan *plan);
void tg_plans_deinit(struct tg_plans *plans);
const struct tg_plan *tg_plans_find(const struct tg_plans *plans, u8 abi, s64 nr, const u64 *arg);
int tg_plan_check(const struct tg_plan *plan);
int tg_plan_run(const struct tg_plan *plan, u8 phase, struct tg_copy *copy);

/* ---- which calls are reported (plan.c) ---- */

struct tg_wanted {
	bool all;
	u32 bits[TG_ABIS];
	u8 *map[TG_ABIS];
};

bool tg_is_wanted(const struct tg_wanted *wanted, u8 abi, s64 nr);

/* ---- traced threads (task.c) ---- */

enum tg_task_flag {
	TG_T_NEW = 1 << 0,       /* known, but it has not stopped yet */
	TG_T_IN_CALL = 1 << 1,   /* between an entry stop and its exit stop */
	TG_T_WANTED = 1 << 2,    /* the open call is reported */
	TG_T_STOPPED = 1 << 3,   /* in a ptrace-stop that we have not ended */
	TG_T_GROUP_STOP = 1 << 4,/* that stop is a group-stop: it ends by PTRACE_LISTEN */
	TG_T_HIDDEN = 1 << 5,    /* our own child on its way to its first exec */
	TG_T_ROOT = 1 << 6,      /* the program that spawn() started */
	TG_T_FIRST_EXEC = 1 << 7,/* the open call is that first exec */
	TG_T_DETACH = 1 << 8,    /* let go at the next stop */
	TG_T_HELD = 1 << 9,      /* mixed mode: stopped for the caller at this call's entry and exit */
};

struct tg_task {
	pid_t tid;
	pid_t pid;
	u32 flags;
	int sig;               /* delivered when the present stop ends */
	u8 abi;
	s64 nr;
	u64 arg[6];
	u64 ip;
	u64 entry_ns;
	const struct tg_plan *plan;
	struct tg_out rec;     /* the call being recorded */
	u32 entry_len;         /* mixed mode: how much of it was told at entry */
	u16 entry_pieces;
	u64 resume_ns;         /* hold: not resumed before this time */
};

struct tg_tasks {
	struct tg_task **slot; /* open addressing by tid, a power of two */
	u32 n_slot;
	u32 n;
};

struct tg_task *tg_tasks_find(const struct tg_tasks *tasks, pid_t tid);
int tg_tasks_add(struct tg_tasks *tasks, pid_t tid, pid_t pid, struct tg_task **ret);
void tg_tasks_remove(struct tg_tasks *tasks, struct tg_task *task);
void tg_tasks_rename(struct tg_tasks *tasks, struct tg_task *task, pid_t tid);
void tg_tasks_deinit(struct tg_tasks *tasks);
pid_t tg_task_tgid(pid_t tid); /* from /proc, `tid` itself when that cannot be read */

/* ---- the call at a stop (callinfo.c) ---- */

struct tg_call {
	u8 op; /* TG_INFO_* */
	u8 abi;
	s64 nr;
	u64 arg[6];
	u64 ip;
	s64 result;
	u32 ret_data;
};

int tg_call_get(const struct tg_task *task, u8 stop, struct tg_call *ret);
s64 tg_call_interrupted(const struct tg_task *task);
int tg_call_set_entry(const struct tg_task *task, s64 nr, const u64 *arg);
int tg_call_set_result(const struct tg_task *task, s64 value);
bool tg_have_get_syscall_info(void);
bool tg_have_set_syscall_info(void);
extern bool tg_use_syscall_info; /* tests switch it off to reach the fallback by registers */

/* ---- placement (place.c) ---- */

struct tg_guarded;

struct tg_place {
	bool on;
	bool narrowed;   /* one thread and the tracer are kept on one CPU now */
	pid_t last;      /* whose stop was the last */
	u32 streak;      /* its stops in a row */
	u32 stops;       /* since the last tick */
	u64 since_ns;
	cpu_set_t own;   /* the tracer's mask before it was narrowed */
	struct tg_guarded *guarded;
	int guard_pipe;
};

void tg_place_stop(struct tg_place *place, pid_t tid);
void tg_place_call(struct tg_place *place, u8 abi, s64 nr);
void tg_place_tick(struct tg_place *place);
void tg_place_forget(struct tg_place *place, pid_t tid);
void tg_place_release(struct tg_place *place);
void tg_place_deinit(struct tg_place *place);

/* ---- the tracer (ptrace.c) ---- */

struct tg_pending {
	pid_t tid;
	int status;
};

#define TG_PENDING 256
#define TG_STRAYS 64
#define TG_EARLY 256

struct tg_tracer {
	bool follow, hold, mixed, seccomp, kill_on_exit;
	u32 flush_ms;
	size_t buffer_size;
	struct tg_plans plans;
	struct tg_wanted wanted;
	struct tg_mem mem;
	struct tg_tasks tasks;
	struct tg_out out;
	u64 out_since_ns;        /* when the first record of the batch was put there */
	struct tg_task *held;
	bool holds_call;         /* mixed mode: the stop being handled is one of a held call */
	const struct tg_task *open; /* mixed mode: whose entry is the last record of the batch */
	size_t open_at, open_end;
	struct tg_pending pending[TG_PENDING];
	u32 n_pending, at_pending;
	struct tg_pending stray[TG_STRAYS];
	u32 n_strays;
	u32 waits;               /* since the last look at who else is waiting */
	u32 n_delayed;
	pid_t early[TG_EARLY];   /* stopped before their parent's fork event, a ring */
	u32 n_early;
	bool detaching;          /* every stop is to be the last one */
	bool done;               /* the last run found nothing left to trace */
	bool root_left;          /* the program that spawn() started goes on untraced: its end is waited for */
	pid_t root;
	int exec_error_fd;       /* the spawned child's pipe: errno if exec failed */
	timer_t timer;
	u64 timer_ns;            /* its present period, 0 when off */
	bool timer_made;
	pid_t owner;             /* the thread that traces */
	struct tg_place place;
	const char *failed;      /* operation of the last -errno */
	pid_t failed_pid;
};

enum tg_run_result { TG_RUN_BATCH = 1, TG_RUN_INTERRUPTED = 2, TG_RUN_TIMEOUT = 3, TG_RUN_DONE = 4 };

int tg_tracer_init(struct tg_tracer *t);
void tg_tracer_deinit(struct tg_tracer *t);
int tg_tracer_run(struct tg_tracer *t, int timeout_ms); /* enum tg_run_result or -errno */
int tg_tracer_delay(struct tg_tracer *t, pid_t tid, u64 ns);
int tg_tracer_detach(struct tg_tracer *t, pid_t tid);
int tg_tracer_detach_all(struct tg_tracer *t);
void tg_tracer_kill_all(struct tg_tracer *t);
int tg_tracer_fail(struct tg_tracer *t, const char *operation, pid_t pid, int error);
u32 tg_tracer_options(const struct tg_tracer *t);
u64 tg_now_ns(void);
long tg_ptrace(int request, pid_t tid, void *addr, void *data);
int tg_tracer_adopt(struct tg_tracer *t, pid_t tid, pid_t pid, u32 flags, struct tg_task **ret);

/* ---- attaching (attach.c) ---- */

int tg_tracer_attach(struct tg_tracer *t, pid_t pid, bool threads);

/* ---- starting a program (spawn.c) ---- */

struct tg_spawn {
	const char *path;
	char *const *argv;
	char *const *env;
	bool set_ids;
	uid_t uid, euid;
	gid_t gid, egid;
	const gid_t *groups;
	int n_groups;
	int close_fd;      /* closed in the program, -1 for none */
	int daemon;        /* 0: child of the tracer; 1…3: the caller becomes the program */
	const struct sock_fprog *filter;
};

int tg_tracer_spawn(struct tg_tracer *t, const struct tg_spawn *spawn, pid_t *ret);
int tg_tracer_exec_error(struct tg_tracer *t);

/* ---- the seccomp filter (filter.c) ---- */

#define TG_FILTER_DATA 0x7467 /* SECCOMP_RET_DATA of our filter */

struct sock_fprog;
int tg_filter_make(const struct tg_wanted *wanted, struct sock_fprog *ret);
int tg_filter_install(const struct sock_fprog *filter);

/* ---- calls that make reads block (guard.c) ---- */

bool tg_guard_call(u8 abi, s64 nr, const u64 *arg);
bool tg_guard_scan(pid_t pid);

#endif
