/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the BPF programs and user space share besides records: one structure in the object's
 * .bss, mapped by the reader, and the marks inside records that never leave the reader.
 */
#ifndef TRAPGATE_BPF_STATE_H
#define TRAPGATE_BPF_STATE_H

#include "record.h"

/* Why an event could not be kept: the index into `lost`, and arg[0] of a TG_LOST record. */
enum tg_loss {
	TG_LOST_CALL = 1,  /* ring full: a call */
	TG_LOST_EVENT = 2, /* ring full: a signal, fork, exec or exit */
	TG_LOST_BUSY = 3,  /* another call was using this CPU's scratch memory */
	TG_LOST_TASK = 4,  /* no room to follow a task */
	TG_LOST_GROUP = 5, /* count: no room for another row */
	TG_LOSSES = 8,
};

enum tg_attach {
	TG_ATTACH_SELF = 1,    /* learn who the tracer is, and set its children aside */
	TG_ATTACH_PROCESS = 2, /* every thread of process `attach_id` */
	TG_ATTACH_THREAD = 3,  /* thread `attach_id` alone */
	TG_ATTACH_SPAWNED = 4, /* thread `attach_id`, from its execve on */
};

/* Written by the kernel side and read here, but for the second half. */
struct tg_bpf_state {
	u64 live;            /* traced threads that have not ended */
	u64 lost[TG_LOSSES]; /* by enum tg_loss */
	u32 self;            /* the tracer's tgid in the initial pid namespace */
	u32 attach_found;    /* threads that the last run of the task iterator marked */
	u64 away[6];         /* what follows is read at every call: not in a cache line that others write */
	u32 attach_how;      /* what a run of the task iterator is to do: enum tg_attach */
	int attach_id;       /* in the tracer's pid namespace */
	u32 everything;      /* trace whoever makes a call … */
	u32 in_cgroup;       /* … if it is in the cgroup of map `cgroups` */
	u64 key_offset;      /* from a task's kernel stack to its key: see bpf/follow.h */
};

/* The state of a task in `tasks`. */
enum tg_task_flags {
	T_LIVES = 1 << 0,     /* traced, and counted in state.live */
	T_IGNORED = 1 << 1,   /* never traced: the tracer's own children */
	T_SPAWNED = 1 << 2,   /* made by the tracer, and has not run its program yet */
	T_WAITS = 1 << 3,     /* … and its execve has not begun */
	T_FORKED = 1 << 4,    /* its first exit is that of the fork that made it */
	T_FRESH = 1 << 5,     /* no call seen yet: an exit may belong to one begun before */
	T_ANNOUNCE = 1 << 6,  /* TG_ATTACH is due */
	T_IN_CALL = 1 << 7,
	T_EXECED = 1 << 8,    /* the memory of the entry is gone */
	T_LATE = 1 << 9,      /* nothing was copied at entry */
	T_SPLIT = 1 << 10,    /* the entry was sent by itself */
	T_DROPPED = 1 << 11,  /* … and lost */
	T_AT_EXIT = 1 << 12,  /* operations run at exit */
};

#define TG_BPF_ABIS 8
#define TG_BPF_WAYS 4 /* places in `tasks` where a task may be */
#define TG_BPF_NUMBERS 1024

/* Set before the programs are loaded: constants to the verifier, so unused branches vanish. */
struct tg_bpf_config {
	u8 follow_forks;
	u8 narrow;           /* only calls in `wanted` are recorded */
	u8 count_by;         /* count: enum tg_count_by */
	u8 reserved;
	u32 exec_nr;         /* execve in the tracer's own ABI: where a spawned task begins */
	u32 task_mask;       /* map `tasks` has this + TG_BPF_WAYS elements; a power of two less 1, below 65536 */
	u32 reserved2;
	u8 wanted[TG_BPF_ABIS][TG_BPF_NUMBERS / 8]; /* by ABI, a bit per call; [0] is the union of all */
	u16 plan_index[TG_BPF_ABIS][TG_BPF_NUMBERS]; /* by ABI and number: index into `plans`; 0 = nothing to copy */
};

/* What counting groups by, beside the call. */
enum tg_count_by {
	TG_BY_CALL = 0,
	TG_BY_PID = 1,    /* group[0] = tgid in the initial pid namespace */
	TG_BY_COMM = 2,   /* group = the 16 bytes of comm */
	TG_BY_ERROR = 3,  /* group[0] = errno, 0 for success */
	TG_BY_CGROUP = 4, /* group[0] = the cgroup's id */
};

struct tg_count_key {
	u32 abi;
	u32 nr;
	u64 group[2];
};

/*
 * Buckets of the histogram of durations: four to each power of two, so that a bucket is known to
 * 1/4 of its lower bound. Bucket i < 4 holds i ns; else [(4 + i % 4) << (i / 4 - 1), + 1 << (i / 4 - 1)).
 */
#define TG_COUNT_BUCKETS 160
#define TG_COUNT_ROWS 640 /* rows of `calls` for each ABI: greater numbers are kept in `groups` */

struct tg_count {
	u64 calls;      /* that returned */
	u64 errors;
	u64 total_ns;
	u64 max_ns;
	u64 unfinished; /* that never returned: exit, or killed in the call */
	u32 bucket[TG_COUNT_BUCKETS];
};

/*
 * Marks in a record's `abi`. A call whose entry pieces are too large to keep with the task is
 * sent as two records, joined by the reader: (TG_ENTER | SPLIT), then (TG_EXIT | SPLIT) with
 *   arg[0] = bytes of entry pieces that the second repeats, arg[1] = tid of the first,
 *   arg[2] = 1 if the call never returned.
 * RETRIED: the pieces with flag TG_AGAIN replace earlier ones of the same operation.
 */
#define TG_MARK_SPLIT 0x80
#define TG_MARK_RETRIED 0x40
#define TG_MARKS 0xc0
#define TG_AGAIN 0x8000

#endif
