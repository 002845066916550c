// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Counting inside the kernel: calls, errors, time and its distribution, per call and group.
 * Nothing is sent; user space reads the tables when it likes.
 */
#define TRAPGATE_BPF
#include "kernel.h"
#include "../bpf_state.h"

struct task {
	u64 key;
	u32 flags;
	u32 abi;
	u32 nr;
	u32 reserved;
	u64 begun_ns;
};

INLINE void reset_task(struct task *t)
{
	t->begun_ns = 0;
}

#include "follow.h"

struct {
	UINT(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	UINT(max_entries, TG_COUNT_ROWS * 4); /* index: (abi - 1) * TG_COUNT_ROWS + nr */
	TYPE(key, u32);
	TYPE(value, struct tg_count);
} calls SEC(".maps");

struct {
	UINT(type, BPF_MAP_TYPE_HASH); /* allocated in advance: an allocator fails when many rows come at once */
	UINT(max_entries, 1);
	TYPE(key, struct tg_count_key);
	TYPE(value, struct tg_count);
} groups SEC(".maps");

/* What a new row begins with; too large for the stack, and .bss is for `state` alone. */
const struct tg_count nothing SEC(".rodata.nothing") = {};

INLINE u32 find_bucket(u64 ns)
{
	u32 log = 0;
	u64 rest = ns;

	if (ns < 4)
		return ns;
	if (rest >> 32) {
		log += 32;
		rest >>= 32;
	}
	if (rest >> 16) {
		log += 16;
		rest >>= 16;
	}
	if (rest >> 8) {
		log += 8;
		rest >>= 8;
	}
	if (rest >> 4) {
		log += 4;
		rest >>= 4;
	}
	if (rest >> 2) {
		log += 2;
		rest >>= 2;
	}
	log += rest >> 1;
	log = (log - 1) * 4 + (ns >> (log - 2) & 3);
	return log < TG_COUNT_BUCKETS ? log : TG_COUNT_BUCKETS - 1;
}

/* The row of a call outside `calls`, made if need be; null, and counted, if there is no room. */
INLINE struct tg_count *find_group(u32 abi, u32 nr, s64 result)
{
	struct tg_count_key key = {.abi = abi, .nr = nr};
	struct tg_count *row;

	switch (config.count_by) {
	case TG_BY_PID:
		key.group[0] = bpf_get_current_pid_tgid() >> 32;
		break;
	case TG_BY_COMM:
		bpf_get_current_comm(key.group, sizeof(key.group));
		break;
	case TG_BY_ERROR:
		key.group[0] = result < 0 && result >= -4095 ? -result : 0;
		break;
	case TG_BY_CGROUP:
		key.group[0] = bpf_get_current_cgroup_id();
		break;
	}
	row = bpf_map_lookup_elem(&groups, &key);
	if (row)
		return row;
	bpf_map_update_elem(&groups, &key, (void *)&nothing, BPF_NOEXIST);
	row = bpf_map_lookup_elem(&groups, &key);
	if (!row)
		count_lost(TG_LOST_GROUP);
	return row;
}

/* The row of a call that is counted by itself, this CPU's own; null if it is to be kept in `groups`. */
INLINE struct tg_count *find_own(u32 abi, u32 nr)
{
	u32 index = (abi - 1) * TG_COUNT_ROWS + nr;

	if (config.count_by != TG_BY_CALL || nr >= TG_COUNT_ROWS)
		return 0;
	return bpf_map_lookup_elem(&calls, &index);
}

/* Adds to a row that no other CPU writes. */
INLINE void add(struct tg_count *row, bool failed, u64 ns, u32 bucket)
{
	row->calls++;
	row->errors += failed;
	row->total_ns += ns;
	if (ns > row->max_ns)
		row->max_ns = ns;
	row->bucket[bucket]++;
}

/* Adds to a row that all CPUs share. */
INLINE void add_shared(struct tg_count *row, bool failed, u64 ns, u32 bucket)
{
	u64 longest = row->max_ns, seen;
	u32 try;

	__sync_fetch_and_add(&row->calls, 1);
	if (failed)
		__sync_fetch_and_add(&row->errors, 1);
	__sync_fetch_and_add(&row->total_ns, ns);
	__sync_fetch_and_add(&row->bucket[bucket], 1);
	for (try = 0; try < 8 && ns > longest; try++) {
		seen = __sync_val_compare_and_swap(&row->max_ns, longest, ns);
		if (seen == longest)
			break;
		longest = seen;
	}
}

INLINE void count(u32 abi, u32 nr, s64 result, u64 ns)
{
	bool failed = result < 0 && result >= -4095;
	struct tg_count *row = find_own(abi, nr);
	u32 bucket = find_bucket(ns);

	OPAQUE(bucket);
	if (bucket >= TG_COUNT_BUCKETS)
		return;
	if (row) {
		add(row, failed, ns, bucket);
		return;
	}
	row = find_group(abi, nr, result);
	if (row)
		add_shared(row, failed, ns, bucket);
}

SEC("tp_btf/sys_enter")
int sys_enter(u64 *ctx)
{
	s64 nr = ctx[1];
	struct task *t;
	u32 abi;

	if (config.narrow && !is_wanted(0, nr))
		return 0;
	t = find_or_adopt((void *)ctx[0]);
	if (!t || !(t->flags & T_LIVES) || (t->flags & T_WAITS && nr != config.exec_nr))
		return 0;
	abi = read_abi(bpf_get_current_task_btf(), &nr);
	if (config.narrow && !is_wanted(abi, nr))
		return 0;
	t->flags = (t->flags & (T_LIVES | T_SPAWNED)) | T_IN_CALL;
	t->abi = abi;
	t->nr = nr;
	t->begun_ns = bpf_ktime_get_ns();
	return 0;
}

/* An exit without its entry: refused before it began, and then it took no time; or begun before we looked. */
INLINE void count_late(struct task *t, struct pt_regs *regs, s64 result)
{
	s64 nr = read_exiting_nr(regs);
	u32 abi = read_abi(bpf_get_current_task_btf(), &nr);

	if (!(t->flags & (T_FORKED | T_FRESH | T_WAITS)) && (!config.narrow || is_wanted(abi, nr)))
		count(abi, nr, result, 0);
	t->flags &= ~(T_FORKED | T_FRESH);
}

SEC("tp_btf/sys_exit")
int sys_exit(u64 *ctx)
{
	struct pt_regs *regs = (void *)ctx[0];
	s64 result = ctx[1];
	struct task *t;

	if (config.narrow && !may_be_wanted(regs))
		return 0;
	t = find_or_adopt(regs);
	if (!t || !(t->flags & T_LIVES))
		return 0;
	if (!(t->flags & T_IN_CALL)) {
		count_late(t, regs, result);
		return 0;
	}
	count(t->abi, t->nr, result, bpf_ktime_get_ns() - t->begun_ns);
	t->flags = T_LIVES | (t->flags & T_SPAWNED ? T_SPAWNED | T_WAITS : 0);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int sched_process_fork(u64 *ctx)
{
	struct task_struct *maker = (void *)ctx[0], *child = (void *)ctx[1];

	follow_fork(find_task(maker), maker, child);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int sched_process_exec(u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	struct task *t = find_task(task);

	if (t)
		t->flags &= ~(T_WAITS | T_SPAWNED);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int sched_process_exit(u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	struct task *t = find_task(task);
	struct tg_count *row;

	if (!t)
		return 0;
	if (!(t->flags & T_LIVES)) {
		forget_task(t);
		return 0;
	}
	if (t->flags & T_IN_CALL) {
		row = find_own(t->abi, t->nr);
		if (!row)
			row = find_group(t->abi, t->nr, 0);
		if (row)
			__sync_fetch_and_add(&row->unfinished, 1);
	}
	leave(t);
	return 0;
}

char licence[] SEC("license") = "Dual BSD/GPL";
