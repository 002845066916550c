/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which tasks are traced: those that have an element of the table `tasks`, which holds the state
 * of their call too. Forks hand it on before the child first runs; a task iterator gives it to
 * running tasks; with state.everything, the first call does.
 *
 * A task's key is the address where its system calls save the registers, which the tracepoints
 * are given: at the top of its kernel stack, so no other task that lives has it. An element is
 * thus found by looking at memory, without one call of a helper; those cost more than all the rest
 * (task storage: twice 20 to 45 ns for the current task, twice 50 to 90 for its storage).
 *
 * The including file defines `struct task`, whose first members are `u64 key; u32 flags`, and
 * `reset_task`, which makes what a former owner left in an element as good as new.
 */
#ifndef TRAPGATE_FOLLOW_H
#define TRAPGATE_FOLLOW_H

const volatile struct tg_bpf_config config SEC(".rodata.config") = {};
struct tg_bpf_state state = {};

struct {
	UINT(type, BPF_MAP_TYPE_ARRAY);
	UINT(max_entries, 1); /* config.task_mask + TG_BPF_WAYS */
	UINT(map_flags, BPF_F_MMAPABLE); /* the reader looks for calls that go on and on */
	TYPE(key, u32);
	TYPE(value, struct task);
} tasks SEC(".maps");

enum { KEY_NEVER = 0, KEY_GONE = 1 }; /* of elements that nobody has: nobody ever had, or somebody did */

struct {
	UINT(type, BPF_MAP_TYPE_CGROUP_ARRAY);
	UINT(max_entries, 1);
	TYPE(key, u32);
	TYPE(value, u32);
} cgroups SEC(".maps");

INLINE void count_lost(u32 why)
{
	__sync_fetch_and_add(&state.lost[why & (TG_LOSSES - 1)], 1);
}

/* The ABI that the call of this task is made in; *nr loses the bit that marks x32. */
INLINE u32 read_abi(struct task_struct *task, s64 *nr)
{
#if defined(TRAPGATE_ARM64)
	return TG_ABI_AARCH64;
#else
	const u32 ts_compat = 2;          /* arch/x86/include/asm/thread_info.h */
	const u32 x32_bit = 0x40000000;   /* __X32_SYSCALL_BIT */

	if (task->thread_info.status & ts_compat)
		return TG_ABI_I386;
	if (*nr < 0 || !(*nr & x32_bit))
		return TG_ABI_X86_64;
	*nr &= ~(s64)x32_bit;
	return TG_ABI_X32;
#endif
}

INLINE bool is_wanted(u32 abi, s64 nr)
{
	u64 bit = (u64)nr & (TG_BPF_NUMBERS - 1);

	return config.wanted[abi & (TG_BPF_ABIS - 1)][bit >> 3] >> (bit & 7) & 1;
}

/* The number of a call that is ending, as far as the registers still tell. */
INLINE s64 read_exiting_nr(struct pt_regs *regs)
{
#if defined(TRAPGATE_ARM64)
	return regs->syscallno;
#else
	return (s64)regs->orig_ax;
#endif
}

/*
 * Whether an exit may be that of a wanted call. The ABI may have changed since the entry
 * (execve) and the number may be gone (sigreturn: -1), so this only rules out.
 */
INLINE bool may_be_wanted(struct pt_regs *regs)
{
	s64 nr = read_exiting_nr(regs);

	return nr < 0 || is_wanted(0, nr);
}

/*
 * What bpf_get_current_cgroup_id gives, without the price of a helper. The verifier looks through the
 * kernel's types at each of these steps, each time it comes by: so here, once.
 */
GLOBAL u64 read_own_cgroup(void)
{
	return bpf_get_current_task_btf()->cgroups->dfl_cgrp->kn->id;
}

/*
 * Keys are relative to an arbitrary address, for the verifier lets pointers be subtracted and
 * compared but not hashed.
 */
INLINE u64 key_of_registers(struct pt_regs *regs)
{
	return (u64)regs - (u64)&state;
}

INLINE u64 key_of(struct task_struct *task)
{
	return (u64)task->stack + state.key_offset;
}

INLINE u32 first_place(u64 key)
{
	return (u32)(key >> 12) * 0x9e3779b1u >> 16 & config.task_mask; /* stacks begin at multiples of pages */
}

INLINE struct task *find_key(u64 key)
{
	u32 place = first_place(key), i, at;
	struct task *t;

	for (i = 0; i < TG_BPF_WAYS; i++) {
		at = place + i;
		t = bpf_map_lookup_elem(&tasks, &at);
		if (!t || t->key == KEY_NEVER)
			return 0;
		if (t->key == key)
			return t;
	}
	return 0;
}

INLINE struct task *find_task(struct task_struct *task)
{
	return find_key(key_of(task));
}

/* An element for `key`; null, and counted, if all its places are taken. */
INLINE struct task *claim_place(u64 key)
{
	u32 place = first_place(key), i, at;
	struct task *t;
	u64 old;

	for (i = 0; i < TG_BPF_WAYS; i++) {
		at = place + i;
		t = bpf_map_lookup_elem(&tasks, &at);
		if (!t)
			return 0;
		old = t->key;
		if (old > KEY_GONE || __sync_val_compare_and_swap(&t->key, old, key) != old)
			continue;
		reset_task(t);
		return t;
	}
	count_lost(TG_LOST_TASK);
	return 0;
}

INLINE struct task *make_task(u64 key, u32 flags)
{
	struct task *t = find_key(key);

	if (!t)
		t = claim_place(key);
	if (!t || t->flags & T_LIVES)
		return t;
	t->flags = flags;
	if (flags & T_LIVES)
		__sync_fetch_and_add(&state.live, 1);
	return t;
}

/* Frees the element of a task that ends; its flags say so first, for who finds it at this moment. */
INLINE void forget_task(struct task *t)
{
	t->flags = 0;
	t->key = KEY_GONE;
}

/* The current task's element, made now if everything (of a cgroup) is traced. */
INLINE struct task *find_or_adopt(struct pt_regs *regs)
{
	u64 key = key_of_registers(regs);
	struct task *t = find_key(key);

	if (t || !state.everything)
		return t;
	if ((u32)bpf_get_current_task_btf()->tgid == state.self)
		return 0;
	if (state.in_cgroup && bpf_current_task_under_cgroup(&cgroups, 0) != 1)
		return 0;
	return make_task(key, T_LIVES | T_FRESH | T_ANNOUNCE);
}

/* The child's element if the child is to be traced. */
INLINE struct task *follow_fork(struct task *parent, struct task_struct *maker, struct task_struct *child)
{
	if (state.everything && (u32)maker->tgid == state.self) {
		make_task(key_of(child), T_IGNORED);
		return 0;
	}
	if (!parent)
		return 0;
	if (parent->flags & T_IGNORED) {
		make_task(key_of(child), T_IGNORED);
		return 0;
	}
	if (!config.follow_forks || parent->flags & T_WAITS)
		return 0;
	return make_task(key_of(child), T_LIVES | T_FORKED);
}

/* Ends the tracing of a task, once; false if it had ended before. */
INLINE bool leave(struct task *t)
{
	if (!(__sync_fetch_and_and(&t->flags, ~T_LIVES) & T_LIVES))
		return 0;
	forget_task(t);
	__sync_fetch_and_add(&state.live, -1);
	return 1;
}

/* The id of `pid` in the pid namespace at `level`, 0 if it is not in it. */
INLINE int read_id(struct pid *pid, u32 level, struct pid_namespace *ns)
{
	struct upid id = {};

	if (!pid || pid->level < level || level > 32)
		return 0;
	/* numbers[] is as long as the namespace is deep, which BTF cannot say */
	if (bpf_probe_read_kernel(&id, sizeof(id), (char *)&pid->numbers[0] + level * sizeof(id)))
		return 0;
	return id.ns == ns ? id.nr : 0;
}

INLINE struct pid_namespace *read_namespace(struct pid *pid, u32 level)
{
	struct upid id = {};

	if (level <= 32)
		bpf_probe_read_kernel(&id, sizeof(id), (char *)&pid->numbers[0] + level * sizeof(id));
	return id.ns;
}

/* Whether the iterator's request means this task. */
INLINE bool is_meant(struct task_struct *task, struct task_struct *tracer, u32 how)
{
	struct pid *own = tracer->thread_pid, *pid;
	u32 level;
	int id;

	if (!own || (u32)task->tgid == state.self)
		return 0;
	pid = how == TG_ATTACH_PROCESS ? task->group_leader->thread_pid : task->thread_pid;
	level = own->level;
	id = read_id(pid, level, read_namespace(own, level));
	return id && id == state.attach_id;
}

/* Read by the tracer: the current task is the tracer's, and ids are those of its pid namespace. */
SEC("iter/task")
int attach(struct bpf_iter__task *ctx)
{
	const u32 pf_exiting = 4; /* include/linux/sched.h */
	struct task_struct *task = ctx->task, *tracer = bpf_get_current_task_btf();
	u32 how = state.attach_how;
	struct task *t;

	if (!task)
		return 0;
	if (how == TG_ATTACH_SELF) {
		state.self = tracer->tgid;
		state.key_offset = key_of_registers(bpf_task_pt_regs(tracer)) - (u64)tracer->stack;
		if (task->real_parent->tgid == tracer->tgid && !(task->flags & pf_exiting))
			make_task(key_of(task), T_IGNORED);
		return 0;
	}
	if (task->flags & pf_exiting || !is_meant(task, tracer, how))
		return 0;
	t = make_task(key_of(task), how == TG_ATTACH_SPAWNED ? T_LIVES | T_SPAWNED | T_WAITS : T_LIVES | T_FRESH | T_ANNOUNCE);
	if (!t)
		return 0;
	state.attach_found++;
	if (task->flags & pf_exiting) /* it may have passed the exit tracepoint before */
		leave(t);
	return 0;
}

#endif
