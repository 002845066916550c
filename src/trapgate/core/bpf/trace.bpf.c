// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The bpf source, kernel side: follows tasks, copies what the plan of each call says, and
 * sends one record a call to the ring of the CPU that finished it. No call is known by name.
 *
 * A call's record is begun in the task's element at entry and finished there at exit; only what
 * needs more memory goes through the CPU's scratch memory. Nobody is woken, but when the last
 * traced thread ends: the reader polls.
 */
#define TRAPGATE_BPF
#include "kernel.h"
#include "../bpf_task.h"

INLINE void reset_task(struct task *t)
{
	t->rec.pid = 0;
}

#include "follow.h"
#include "copy.h"

struct {
	UINT(type, BPF_MAP_TYPE_HASH);
	UINT(max_entries, 1);
	TYPE(key, u64);
	TYPE(value, u32);
} subplans SEC(".maps");

struct ring {
	UINT(type, BPF_MAP_TYPE_RINGBUF);
	UINT(max_entries, 4096);
};

struct {
	UINT(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	UINT(max_entries, 1); /* the number of CPUs */
	TYPE(key, u32);
	ARRAY(values, struct ring);
} rings SEC(".maps");

INLINE void *find_ring(void)
{
	u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&rings, &cpu);
}

/* Sends a record; false, and counted, if there is no room. */
INLINE bool send(void *record, u32 size)
{
	void *ring = find_ring();

	if (ring && !bpf_ringbuf_output(ring, record, size, BPF_RB_NO_WAKEUP))
		return 1;
	count_lost(TG_LOST_CALL);
	return 0;
}

INLINE void read_words(struct pt_regs *regs, u32 abi, u32 n, u64 *arg)
{
#if defined(TRAPGATE_ARM64)
	arg[0] = n > 0 ? regs->orig_x0 : 0;
	arg[1] = n > 1 ? regs->regs[1] : 0;
	arg[2] = n > 2 ? regs->regs[2] : 0;
	arg[3] = n > 3 ? regs->regs[3] : 0;
	arg[4] = n > 4 ? regs->regs[4] : 0;
	arg[5] = n > 5 ? regs->regs[5] : 0;
#else
	if (abi == TG_ABI_I386) {
		arg[0] = n > 0 ? (u32)regs->bx : 0;
		arg[1] = n > 1 ? (u32)regs->cx : 0;
		arg[2] = n > 2 ? (u32)regs->dx : 0;
		arg[3] = n > 3 ? (u32)regs->si : 0;
		arg[4] = n > 4 ? (u32)regs->di : 0;
		arg[5] = n > 5 ? (u32)regs->bp : 0;
		return;
	}
	arg[0] = n > 0 ? regs->di : 0;
	arg[1] = n > 1 ? regs->si : 0;
	arg[2] = n > 2 ? regs->dx : 0;
	arg[3] = n > 3 ? regs->r10 : 0;
	arg[4] = n > 4 ? regs->r8 : 0;
	arg[5] = n > 5 ? regs->r9 : 0;
#endif
}

INLINE u64 read_ip(struct pt_regs *regs)
{
#if defined(TRAPGATE_ARM64)
	return regs->pc;
#else
	return regs->ip;
#endif
}

INLINE struct tg_plan *find_plan(struct task *t)
{
	u32 index = t->plan;

	return bpf_map_lookup_elem(&plans, &index);
}

/* Chooses the plan of a call: that of its number, or of its number and its selecting argument. */
INLINE struct tg_plan *choose_plan(struct task *t, struct pt_regs *regs, u32 abi, s64 nr)
{
	struct tg_plan *plan;
	u64 key;
	u32 *index;

	t->plan = (u64)nr < TG_BPF_NUMBERS ? config.plan_index[abi & (TG_BPF_ABIS - 1)][nr & (TG_BPF_NUMBERS - 1)] : 0;
	plan = find_plan(t);
	if (!plan || plan->selector > 5)
		return plan;
	read_words(regs, abi, 6, t->rec.arg);
	key = (u64)(abi << 16 | (u32)nr) << 32 | (u32)t->rec.arg[plan->selector];
	index = bpf_map_lookup_elem(&subplans, &key);
	if (!index)
		return plan;
	t->plan = *index;
	return find_plan(t);
}

/* The operations of a phase, as bits; user space keeps both sets in `reserved`. */
INLINE u32 read_ops(struct tg_plan *plan, u32 phase)
{
	return phase == TG_AT_ENTRY ? plan->reserved & 0xffff : plan->reserved >> 16;
}

/* A record of something other than a call, to be submitted; null, and counted, if there is no room. */
INLINE struct tg_record *begin_event(struct task *t, u32 kind)
{
	struct tg_record *rec;
	void *ring = find_ring();

	rec = ring ? bpf_ringbuf_reserve(ring, sizeof(*rec), 0) : 0;
	if (!rec) {
		count_lost(TG_LOST_EVENT);
		return 0;
	}
	__builtin_memset(rec, 0, sizeof(*rec));
	rec->size = sizeof(*rec);
	rec->kind = kind;
	rec->abi = t->rec.abi & ~TG_MARKS;
	rec->time_ns = bpf_ktime_get_ns();
	rec->pid = t->rec.pid;
	rec->tid = t->rec.tid;
	rec->cgroup = t->rec.cgroup;
	return rec;
}

INLINE void send_event(struct task *t, u32 kind, s64 nr, u64 arg0, u64 arg1, u64 flags)
{
	struct tg_record *rec = begin_event(t, kind);

	if (!rec)
		return;
	rec->nr = nr;
	rec->arg[0] = arg0;
	rec->arg[1] = arg1;
	bpf_ringbuf_submit(rec, flags);
}

INLINE void identify(struct task *t, struct task_struct *task)
{
	t->rec.pid = task->tgid;
	t->rec.tid = task->pid;
}

/* The first that is seen of a task, from within it. */
INLINE void introduce(struct task *t, struct task_struct *task)
{
	identify(t, task);
	t->rec.cgroup = read_own_cgroup();
	if (t->flags & T_ANNOUNCE)
		send_event(t, TG_ATTACH, 0, 0, 0, BPF_RB_NO_WAKEUP);
	t->flags &= ~T_ANNOUNCE;
}

/* Begins the record of a call. */
INLINE struct tg_plan *begin_call(struct task *t, struct pt_regs *regs, u32 abi, s64 nr)
{
	struct tg_plan *plan;

	plan = choose_plan(t, regs, abi, nr);
	t->retry = 0;
	t->kept = 0;
	t->entry_tid = t->rec.tid;
	t->rec.size = sizeof(t->rec);
	t->rec.kind = TG_CALL;
	t->rec.abi = abi;
	t->rec.pieces = 0;
	t->rec.time_ns = bpf_ktime_get_ns();
	t->rec.duration_ns = 0;
	t->rec.ip = read_ip(regs);
	t->rec.cgroup = read_own_cgroup();
	t->rec.nr = nr;
	t->rec.result = 0;
	read_words(regs, abi, plan ? plan->n_args : 6, t->rec.arg);
	return plan;
}

INLINE void forget_pieces(struct task *t)
{
	u32 i;

	for (i = 0; i < TG_PLAN_OPS; i++)
		t->piece[i].len = 0;
}

INLINE void run_ops(struct task *t, u32 ops)
{
	u32 i;

	for (i = 0; i < TG_PLAN_OPS; i++)
		if (ops >> i & 1)
			run_op(t, i);
}

/* Whether all these operations could be done where the record waits; if not, none was. */
INLINE bool run_all_directly(struct task *t, u32 ops)
{
	u32 i, kept = t->kept, pieces = t->rec.pieces;

	for (i = 0; ops && i < TG_PLAN_OPS; i++, ops >>= 1) {
		if (!(ops & 1) || run_directly(t, i))
			continue;
		t->kept = kept;
		t->rec.pieces = pieces;
		return 0;
	}
	return 1;
}

/* Scratch memory for this task until it is released; null, and counted, if another has it. */
INLINE struct scratch *claim_scratch(void)
{
	struct scratch *s = find_scratch();

	if (!s || s->busy) {
		count_lost(TG_LOST_BUSY);
		return 0;
	}
	s->busy = 1;
	s->off = sizeof(struct tg_record);
	s->pieces = 0;
	return s;
}

/* Sends what was copied at entry by itself, for it is more than a task keeps. */
INLINE void send_entry(struct task *t, struct scratch *s)
{
	struct tg_record *rec = (void *)s->buf;
	u32 i, size = s->off;

	bpf_probe_read_kernel(rec, sizeof(*rec), &t->rec);
	rec->kind = TG_ENTER;
	rec->abi |= TG_MARK_SPLIT;
	rec->pieces = s->pieces;
	rec->size = size;
	for (i = 0; i < TG_PLAN_OPS; i++)
		if (t->piece[i].at + t->piece[i].len > sizeof(*rec) + KEEP)
			t->piece[i].len = 0;
	if (size > BUFFER)
		return;
	t->flags |= send(rec, size) ? T_SPLIT : T_SPLIT | T_DROPPED;
}

INLINE void copy_at_entry(struct task *t, u32 ops)
{
	struct scratch *s = claim_scratch();
	u32 size;

	if (!s)
		return;
	run_ops(t, ops);
	size = s->off - sizeof(struct tg_record);
	if (size <= KEEP) {
		t->rec.pieces = s->pieces;
	} else {
		send_entry(t, s);
		size = KEEP;
	}
	bpf_probe_read_kernel(t->pieces, size, s->buf + sizeof(struct tg_record));
	t->kept = size;
	s->busy = 0;
}

SEC("tp_btf/sys_enter")
int sys_enter(u64 *ctx)
{
	struct pt_regs *regs = (void *)ctx[0];
	struct task_struct *task;
	struct tg_plan *plan;
	s64 nr = ctx[1];
	struct task *t;
	u32 abi, ops;

	if (config.narrow && !is_wanted(0, nr))
		return 0;
	t = find_or_adopt(regs);
	if (!t || !(t->flags & T_LIVES))
		return 0;
	task = bpf_get_current_task_btf();
	abi = read_abi(task, &nr);
	if (config.narrow && !is_wanted(abi, nr))
		return 0;
	if (t->flags & T_WAITS && nr != config.exec_nr)
		return 0;
	if (!t->rec.pid || t->flags & T_ANNOUNCE)
		introduce(t, task);
	t->flags = (t->flags & (T_LIVES | T_SPAWNED)) | T_IN_CALL;
	plan = begin_call(t, regs, abi, nr);
	ops = plan ? read_ops(plan, TG_AT_ENTRY) : 0;
	if (plan && plan->n_ops > 1)
		forget_pieces(t);
	if (ops && !run_all_directly(t, ops))
		copy_at_entry(t, ops);
	return 0;
}

/* Sends the end of a call whose entry was sent by itself. */
INLINE void mark_split(struct task *t, struct tg_record *rec, bool returned)
{
	rec->kind = TG_EXIT;
	rec->abi |= TG_MARK_SPLIT;
	rec->arg[0] = t->kept;
	rec->arg[1] = t->entry_tid;
	rec->arg[2] = !returned;
}

/* Runs what is left to copy behind what was copied at entry, and sends the whole. */
INLINE void copy_at_exit(struct task *t, u32 ops)
{
	struct scratch *s = claim_scratch();
	struct tg_record *rec;
	u32 kept = t->kept, size;

	if (!s)
		return;
	rec = (void *)s->buf;
	if (kept > KEEP)
		kept = KEEP;
	bpf_probe_read_kernel(rec, sizeof(*rec) + kept, &t->rec);
	s->off = sizeof(*rec) + kept;
	s->pieces = t->rec.pieces;
	t->flags |= T_AT_EXIT;
	run_ops(t, ops);
	size = s->off;
	rec->pieces = s->pieces;
	rec->size = size;
	if (t->retry)
		rec->abi |= TG_MARK_RETRIED;
	if (t->flags & T_SPLIT)
		mark_split(t, rec, 1);
	if (size <= BUFFER && !(t->flags & T_DROPPED))
		send(rec, size);
	s->busy = 0;
}

/* Sends `bytes` of memory that begins with a record, which may be longer than the record. */
INLINE bool send_words(void *record, const u32 bytes)
{
	u64 *from = record, *to;
	void *ring = find_ring();
	u32 i;

	to = ring ? bpf_ringbuf_reserve(ring, bytes, 0) : 0;
	if (!to) {
		count_lost(TG_LOST_CALL);
		return 0;
	}
	for (i = 0; i < bytes / 8; i++)
		to[i] = from[i];
	bpf_ringbuf_submit(to, BPF_RB_NO_WAKEUP);
	return 1;
}

/* Sends the record as it waits with the task. */
INLINE void send_kept(struct task *t)
{
	u32 size = sizeof(t->rec) + t->kept;

	if (t->flags & T_DROPPED)
		return;
	if (t->flags & T_SPLIT) {
		mark_split(t, &t->rec, t->rec.kind != TG_ENTER);
		size = sizeof(t->rec);
		t->rec.arg[0] = 0;
	}
	t->rec.size = size;
	/* Reserving what is known in advance and filling it costs half of bpf_ringbuf_output. */
	if (size <= sizeof(t->rec))
		send_words(&t->rec, sizeof(t->rec));
	else if (size <= sizeof(t->rec) + 32)
		send_words(&t->rec, sizeof(t->rec) + 32);
	else if (size <= sizeof(t->rec) + 80)
		send_words(&t->rec, sizeof(t->rec) + 80);
	else if (size <= sizeof(t->rec) + KEEP)
		send(&t->rec, size);
}

/* A call that ends because the thread is being killed never returns to the program. */
INLINE bool is_killed(s64 result)
{
	const u64 sigkill = 1 << 8;

	if (result != -4 && (result > -512 || result < -516)) /* EINTR, ERESTART* */
		return 0;
	return bpf_get_current_task_btf()->pending.signal.sig[0] & sigkill;
}

/*
 * An exit without its entry: the call was refused before it began (seccomp, a debugger), or
 * it began before this thread was traced.
 */
INLINE struct tg_plan *begin_late(struct task *t, struct pt_regs *regs)
{
	struct task_struct *task = bpf_get_current_task_btf();
	s64 nr = read_exiting_nr(regs);
	u32 abi = read_abi(task, &nr), kind = t->flags & T_FRESH ? TG_EXIT : TG_CALL;
	struct tg_plan *plan;

	if (config.narrow && !is_wanted(abi, nr))
		return 0;
	if (!t->rec.pid || t->flags & T_ANNOUNCE)
		introduce(t, task);
	plan = begin_call(t, regs, abi, nr);
	t->rec.kind = kind;
	t->flags = T_LIVES | T_IN_CALL | T_LATE;
	forget_pieces(t);
	return plan;
}

SEC("tp_btf/sys_exit")
int sys_exit(u64 *ctx)
{
	struct pt_regs *regs = (void *)ctx[0];
	s64 result = ctx[1];
	struct tg_plan *plan;
	struct task *t;
	u32 ops = 0;

	if (config.narrow && !may_be_wanted(regs))
		return 0;
	t = find_or_adopt(regs);
	if (!t || !(t->flags & T_LIVES) || t->flags & T_WAITS)
		return 0;
	if (t->flags & T_IN_CALL) {
		plan = find_plan(t);
	} else if (t->flags & T_FORKED) {
		t->flags &= ~T_FORKED;
		return 0;
	} else {
		plan = begin_late(t, regs);
	}
	if (!(t->flags & T_IN_CALL) || is_killed(result))
		return 0;
	t->rec.duration_ns = bpf_ktime_get_ns() - t->rec.time_ns;
	t->rec.result = result;
	if (plan) {
		ops = read_ops(plan, TG_AT_EXIT);
		if (t->flags & T_LATE)
			ops |= read_ops(plan, TG_AT_ENTRY);
		else if (!(t->flags & T_EXECED))
			ops |= t->retry;
	}
	if (t->flags & T_EXECED)
		t->retry = 0;
	if (!ops || (!(t->retry || t->flags & T_SPLIT) && run_all_directly(t, ops)))
		send_kept(t);
	else
		copy_at_exit(t, ops);
	t->flags = T_LIVES | (t->flags & T_SPAWNED ? T_SPAWNED | T_WAITS : 0); /* still its maker's if execve failed */
	return 0;
}

/* PTRACE_EVENT_FORK, _VFORK or _CLONE, as far as the child tells. */
INLINE u32 read_fork_kind(struct task_struct *maker, struct task_struct *child)
{
	if (child->mm == maker->mm && child->tgid != maker->tgid)
		return 2;
	return child->exit_signal == 17 ? 1 : 3;
}

SEC("tp_btf/sched_process_fork")
int sched_process_fork(u64 *ctx)
{
	struct task_struct *maker = (void *)ctx[0], *child = (void *)ctx[1];
	struct task *parent = find_task(maker), *t = follow_fork(parent, maker, child);

	if (parent && parent->flags & T_LIVES && !(parent->flags & T_WAITS)) {
		if (!parent->rec.pid)
			introduce(parent, maker);
		send_event(parent, TG_FORK, child->pid, child->tgid, read_fork_kind(maker, child), BPF_RB_NO_WAKEUP);
	}
	if (t && parent) {
		identify(t, child);
		t->rec.cgroup = parent->rec.cgroup;
		t->rec.abi = parent->rec.abi & ~TG_MARKS;
	}
	return 0;
}

SEC("tp_btf/sched_process_exec")
int sched_process_exec(u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	s32 former = ctx[1];
	struct task *t = find_task(task);

	if (!t || !(t->flags & T_LIVES))
		return 0;
	identify(t, task);
	t->flags = (t->flags & ~(T_WAITS | T_SPAWNED)) | T_EXECED;
	send_event(t, TG_EXEC, former == task->pid ? 0 : former, 0, 0, BPF_RB_NO_WAKEUP);
	return 0;
}

/* Whether the process's leader ends because another of its threads runs a program and takes its id. */
INLINE bool is_superseded(struct task_struct *task)
{
	struct signal_struct *signal = task->signal;

	if (task->pid != task->tgid)
		return 0;
	if (FIELD_EXISTS(signal->group_exec_task))
		return signal->group_exec_task != 0;
	return FIELD_EXISTS(signal->group_exit_task) && signal->group_exit_task != 0;
}

SEC("tp_btf/sched_process_exit")
int sched_process_exit(u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	struct task *t = find_task(task);
	struct tg_record *rec;

	if (!t)
		return 0;
	if (!(t->flags & T_LIVES)) {
		forget_task(t);
		return 0;
	}
	if (!t->rec.pid)
		identify(t, task);
	if (t->flags & T_IN_CALL) {
		t->rec.kind = TG_ENTER;
		send_kept(t);
	}
	rec = is_superseded(task) ? 0 : begin_event(t, TG_TASK_EXIT);
	/* Once nobody lives the reader takes what is reserved and ends: reserve, leave, submit. */
	leave(t);
	if (!rec)
		return 0;
	rec->nr = task->exit_code;
	rec->arg[0] = task->signal->live.counter;
	bpf_ringbuf_submit(rec, state.live ? BPF_RB_NO_WAKEUP : BPF_RB_FORCE_WAKEUP);
	return 0;
}

#define SIGINFO_BYTES 128 /* siginfo_t */

struct signal_record {
	struct tg_record rec;
	struct tg_piece piece;
	union {
		u8 bytes[SIGINFO_BYTES];
		struct {
			s32 signo, error, code, pad;
			u32 pid, uid;
		};
	} info;
};

/*
 * The siginfo in a signal's tracepoint; for a signal sent without one what the kernel writes then: 0 stands for a
 * process's, 1 for its own. The word is read as a number, for the verifier takes it for a pointer that is never 0.
 */
INLINE void fill_siginfo(struct signal_record *out, s32 signo, u64 *word)
{
	const u32 kernel_siginfo_bytes = 48;
	u64 from = 0;

	bpf_probe_read_kernel(&from, sizeof(from), word);
	out->info.signo = signo;
	if (from == 0) {
		out->info.pid = bpf_get_current_pid_tgid() >> 32;
		out->info.uid = bpf_get_current_uid_gid();
	} else if (from == 1) {
		out->info.code = 0x80; /* SI_KERNEL */
	} else {
		bpf_probe_read_kernel(out->info.bytes, kernel_siginfo_bytes, (void *)from);
	}
}

INLINE void send_signal(struct task *t, s32 signo, u64 *siginfo)
{
	struct signal_record *out;
	void *ring = find_ring();

	out = ring ? bpf_ringbuf_reserve(ring, sizeof(*out), 0) : 0;
	if (!out) {
		count_lost(TG_LOST_EVENT);
		return;
	}
	__builtin_memset(out, 0, sizeof(*out));
	out->rec.size = sizeof(*out);
	out->rec.kind = TG_SIGNAL;
	out->rec.abi = t->rec.abi;
	out->rec.pieces = 1;
	out->rec.time_ns = bpf_ktime_get_ns();
	out->rec.pid = t->rec.pid;
	out->rec.tid = t->rec.tid;
	out->rec.cgroup = t->rec.cgroup;
	out->rec.nr = signo;
	out->piece.len = SIGINFO_BYTES;
	out->piece.phase = TG_AT_ENTRY;
	fill_siginfo(out, signo, siginfo);
	bpf_ringbuf_submit(out, BPF_RB_NO_WAKEUP);
}

INLINE bool hears_signals(struct task *t)
{
	return t && t->flags & T_LIVES && !(t->flags & T_WAITS);
}

SEC("tp_btf/signal_deliver")
int signal_deliver(u64 *ctx)
{
	const u64 stops = 1ull << 19 | 1ull << 20 | 1ull << 21 | 1ull << 22; /* SIGSTOP, TSTP, TTIN, TTOU */
	struct task_struct *task = bpf_get_current_task_btf();
	struct k_sigaction *action = (void *)ctx[2];
	struct task *t = find_task(task);
	s32 signo = ctx[0];

	if (!hears_signals(t) || signo == 9) /* SIGKILL shows as the exit's status */
		return 0;
	if (!t->rec.pid)
		introduce(t, task);
	send_signal(t, signo, &ctx[1]);
	if (stops >> (signo & 63) & 1 && !action->sa.sa_handler)
		send_event(t, TG_STOP, signo, 0, 0, BPF_RB_NO_WAKEUP);
	return 0;
}

/* Signals that the target ignores are never delivered; a tracer that stops the target would see them. */
SEC("tp_btf/signal_generate")
int signal_generate(u64 *ctx)
{
	const s32 ignored = 1; /* TRACE_SIGNAL_IGNORED */
	struct task_struct *target = (void *)ctx[2];
	struct task *t;

	if ((s32)ctx[4] != ignored)
		return 0;
	t = find_task(target);
	if (hears_signals(t) && t->rec.pid)
		send_signal(t, ctx[0], &ctx[1]);
	return 0;
}

char licence[] SEC("license") = "Dual BSD/GPL";
