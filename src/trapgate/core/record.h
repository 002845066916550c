/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The record: the raw words and bytes of one thing that happened, and the plan that says
 * what to copy. Shared by the BPF program, the ptrace loop and (mirrored) model/record.py.
 * Nothing here knows a call by name. All integers are in host byte order.
 *
 * A record in bytes (every record is a multiple of 8 long):
 *
 *    0        4     5    6        8          16           24     28     32
 *    +--------+-----+----+--------+----------+------------+------+------+
 *    | size   |kind |abi |pieces  | time_ns  | duration_ns| pid  | tid  |
 *    +--------+-----+----+--------+----------+------------+------+------+
 *   32         40         48       56                        104        112
 *    +----------+----------+--------+-------------------------+----------+
 *    | ip       | cgroup   | nr     | arg[0] … arg[5]         | result   |
 *    +----------+----------+--------+-------------------------+----------+
 *  112  pieces, each: len u32 | arg u8 | phase u8 | flags u16 | addr u64 | bytes, padded to 8
 *
 * From byte 48 to the end a record says what happened; before it, who and when. Two records
 * with equal kind, abi and bytes [48, size) therefore decode to equal text.
 */
#ifndef TRAPGATE_RECORD_H
#define TRAPGATE_RECORD_H

#ifndef TRAPGATE_BPF
#include <stdint.h>
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t s64;
#endif

enum tg_kind {
	TG_CALL = 1,      /* entry and exit in one: time is the entry's, result is valid */
	TG_ENTER = 2,     /* entry only: held at entry (result = number of the call before it, -1 if unknown), or a call
	                     that never returned */
	TG_EXIT = 3,      /* exit only: held at exit, or attached in the middle of a call */
	TG_SIGNAL = 4,    /* nr = signal; piece 0 = siginfo (128 bytes, addr 0, absent if unavailable) */
	TG_FORK = 5,      /* pid/tid = parent; nr = new tid; arg[0] = new pid; arg[1] = PTRACE_EVENT_* */
	TG_EXEC = 6,      /* nr = former tid of the thread that called exec (0 when the leader did) */
	TG_TASK_EXIT = 7, /* nr = wait status as wait4(2) gives it; arg[0] = tasks left in the process if known */
	TG_STOP = 8,      /* group-stop by signal nr */
	TG_ATTACH = 9,    /* tracing of this thread begins */
	TG_DETACH = 10,   /* tracing of this thread ends, it goes on untraced */
	TG_LOST = 11,     /* nr = how many events could not be kept; arg[0] = reason */
	TG_STACK = 12,    /* reserved: a call stack that belongs to the record before it */
	TG_EXITING = 13,  /* ptrace: PTRACE_EVENT_EXIT, the thread is about to end; TG_TASK_EXIT follows when it has */
};

/* The value of `abi`. */
enum tg_abi { TG_ABI_X86_64 = 1, TG_ABI_I386 = 2, TG_ABI_X32 = 3, TG_ABI_AARCH64 = 4 };

struct tg_record {
	u32 size;
	u8 kind;
	u8 abi;
	u16 pieces;
	u64 time_ns;     /* CLOCK_MONOTONIC */
	u64 duration_ns;
	u32 pid;         /* tgid, in the tracer's pid namespace (bpf: initial namespace) */
	u32 tid;
	u64 ip;          /* user instruction pointer at entry, 0 if unknown */
	u64 cgroup;      /* cgroup id, 0 if unknown */
	s64 nr;          /* as the ABI numbers it; x32 without its bit 30 */
	u64 arg[6];
	s64 result;      /* -4095 … -1 is -errno */
};

struct tg_piece {
	u32 len;         /* bytes that follow, without padding */
	u8 arg;          /* index of the plan's op that made it */
	u8 phase;        /* TG_AT_ENTRY or TG_AT_EXIT */
	u16 flags;
	u64 addr;        /* where in the tracee the bytes came from */
};

enum tg_phase { TG_AT_ENTRY = 1, TG_AT_EXIT = 2 };

enum tg_piece_flags {
	TG_TRUNCATED = 1,  /* more was there than the plan's bound */
	TG_UNREADABLE = 2, /* the read failed after `len` bytes */
	TG_TERMINATED = 4, /* string: the NUL is included */
};

/*
 * The plan: up to TG_PLAN_OPS copy operations for a call of an ABI.
 *   key of a plan: abi << 16 | nr                     (nr < 65536)
 *   a call whose meaning hangs on one argument (ioctl, fcntl, prctl …) has selector = that
 *   argument's index; a second look-up with key2 = (u64)key << 32 | (u32)arg[selector] may
 *   find a plan that replaces the first.
 */
enum tg_what {
	TG_BYTES = 1,   /* `len` bytes at the address */
	TG_STRING = 2,  /* up to and including NUL, at most `max` */
	TG_STRINGS = 3, /* NULL-terminated array of pointers (its own piece), at most `scale` of them, each string at most `max` */
	TG_IOVEC = 4,   /* array of `len` {base, length} pairs (its own piece), then their contents, `max` bytes of each;
	                   at exit no more in all than the result */
	TG_MMSG = 5,    /* array of `len` struct mmsghdr: each header's name, iovecs, control */
};

enum tg_from {      /* where the length (bytes, or elements of `scale` bytes) comes from */
	TG_CONST = 0,   /* `max` */
	TG_ARG = 1,     /* arg[len_arg] */
	TG_RESULT = 2,  /* the result, if positive */
	TG_DEREF32 = 3, /* u32 at arg[len_arg], read in the same phase */
	TG_FIELD = 4,   /* word of ABI size at len_off in the bytes of op len_arg */
	TG_FIELD32 = 5, /* u32 at len_off in the bytes of op len_arg */
	TG_IOC_SIZE = 6,/* bits 16…29 of arg[len_arg]: an ioctl request's size */
	TG_BITS = 7,    /* arg[len_arg] bits rounded up to words of ABI size: fd_set */
	TG_ARG_RESULT_MIN = 8, /* smaller of arg[len_arg] and the result */
};

enum tg_cond { TG_ALWAYS = 0, TG_IF_SUCCESS = 1, TG_IF_POSITIVE = 2, TG_IF_ARG_EQ = 3, TG_IF_ARG_BITS = 4, TG_IF_ERROR = 5 };

#define TG_NESTED 0x80 /* base: pointer of ABI size at base_off in the bytes of op (base & 0x7f) */

struct tg_op {
	u8 phase;       /* TG_AT_ENTRY or TG_AT_EXIT */
	u8 what;
	u8 base;        /* argument index, or TG_NESTED | op */
	u8 len_from;
	u8 len_arg;
	u8 cond;
	u8 cond_arg;
	u8 flags;
	u16 base_off;
	u16 len_off;
	u32 scale;      /* bytes per element; 0 means 1 */
	u32 max;        /* bound in bytes (elements for TG_IOVEC, TG_MMSG: see `scale`) */
	u32 cond_value;
};

#define TG_PLAN_OPS 10
#define TG_NO_SELECTOR 0xff

enum tg_plan_flags {
	TG_PLAN_UFFD = 1, /* the call may make later reads of this process block (userfaultfd) */
	TG_PLAN_NO_RETURN = 2,
	TG_PLAN_HOLD = 4, /* ptrace, mixed mode: the program is held at this call, the plan does not cover what its text needs */
};

struct tg_plan {
	u8 n_ops;
	u8 selector;
	u8 flags;
	u8 n_args;      /* words beyond are zeroed in the record: equal calls give equal records */
	u32 reserved;
	struct tg_op op[TG_PLAN_OPS];
};

#endif
