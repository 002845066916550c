/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the tracing programs know of a task; the reader looks at it for calls that go on and on. */
#ifndef TRAPGATE_BPF_TASK_H
#define TRAPGATE_BPF_TASK_H

#include "bpf_state.h"

#define KEEP 800u /* bytes of entry pieces that wait with the task for its exit */

/* trace: an element of `tasks`. The record of the task's call waits in it for the call's end. */
struct task {
	u64 key;       /* 0: nobody ever had the element; 1: somebody did */
	u32 flags;     /* enum tg_task_flags */
	u32 plan;      /* index into `plans` */
	u32 retry;     /* operations of the entry to try again at exit, as bits */
	u32 kept;      /* bytes in `pieces` */
	u32 entry_tid;
	u32 reserved;
	struct {
		u32 at; /* offset in the record of the bytes that this operation's first piece holds */
		u32 len;
	} piece[TG_PLAN_OPS];
	struct tg_record rec;
	u8 pieces[KEEP];
};

#endif
