/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The little of the kernel that the BPF programs know: helper numbers, map declarations, and
 * those members of its structures that they read. Offsets are not these: libbpf relocates each
 * access against the running kernel's BTF (preserve_access_index).
 * Source of numbers: include/uapi/linux/bpf.h.
 */
#ifndef TRAPGATE_KERNEL_H
#define TRAPGATE_KERNEL_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef signed int s32;
typedef signed long long s64;
typedef _Bool bool;

#define SEC(name) __attribute__((section(name), used))
#define INLINE static inline __attribute__((always_inline))
/* Verified once, by itself, whatever its callers pass: what keeps the programs within the limits. */
#define GLOBAL __attribute__((noinline))

/* Map declarations as libbpf reads them from BTF. */
#define UINT(name, value) int(*name)[value]
#define TYPE(name, type) __typeof__(type) *name
#define ARRAY(name, type) __typeof__(type) *name[]

enum {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_CGROUP_ARRAY = 8,
	BPF_MAP_TYPE_ARRAY_OF_MAPS = 12,
	BPF_MAP_TYPE_RINGBUF = 27,
};
enum { BPF_NOEXIST = 1 };
enum { BPF_RB_NO_WAKEUP = 1, BPF_RB_FORCE_WAKEUP = 2 };
enum { BPF_F_MMAPABLE = 1 << 10 };

static void *(*bpf_map_lookup_elem)(void *map, const void *key) = (void *)1;
static long (*bpf_map_update_elem)(void *map, const void *key, const void *value, u64 flags) = (void *)2;
static u64 (*bpf_ktime_get_ns)(void) = (void *)5;
static u32 (*bpf_get_smp_processor_id)(void) = (void *)8;
static u64 (*bpf_get_current_pid_tgid)(void) = (void *)14;
static u64 (*bpf_get_current_uid_gid)(void) = (void *)15;
static long (*bpf_get_current_comm)(void *buf, u32 size) = (void *)16;
static long (*bpf_current_task_under_cgroup)(void *map, u32 index) = (void *)37;
static u64 (*bpf_get_current_cgroup_id)(void) = (void *)80;
static long (*bpf_probe_read_user)(void *dst, u32 size, const void *unsafe_ptr) = (void *)112;
static long (*bpf_probe_read_kernel)(void *dst, u32 size, const void *unsafe_ptr) = (void *)113;
static long (*bpf_probe_read_user_str)(void *dst, u32 size, const void *unsafe_ptr) = (void *)114;
static long (*bpf_ringbuf_output)(void *ringbuf, void *data, u64 size, u64 flags) = (void *)130;
static void *(*bpf_ringbuf_reserve)(void *ringbuf, u64 size, u64 flags) = (void *)131;
static void (*bpf_ringbuf_submit)(void *data, u64 flags) = (void *)132;
struct task_struct;
static struct task_struct *(*bpf_get_current_task_btf)(void) = (void *)158;
struct pt_regs;
static struct pt_regs *(*bpf_task_pt_regs)(struct task_struct *task) = (void *)175;

#define FIELD_EXISTS(field) __builtin_preserve_field_info(field, 2)

/* Keeps the compiler from proving a bound and dropping the check that the verifier needs to see. */
#define OPAQUE(value) __asm__ volatile("" : "+r"(value))

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct thread_info {
	unsigned long flags;
	u32 status;
};

typedef struct {
	unsigned long sig[1];
} sigset_t;

struct sigpending {
	sigset_t signal;
};

typedef struct {
	int counter;
} atomic_t;

struct signal_struct {
	atomic_t live;
	struct task_struct *group_exec_task; /* 5.16 and later */
	struct task_struct *group_exit_task; /* before */
};

struct mm_struct;
struct pid_namespace;

struct kernfs_node {
	u64 id;
};

struct cgroup {
	struct kernfs_node *kn;
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct upid numbers[1];
};

struct task_struct {
	struct thread_info thread_info;
	void *stack;
	u32 flags;
	struct mm_struct *mm;
	int exit_code;
	int exit_signal;
	int pid;
	int tgid;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	struct signal_struct *signal;
	struct sigpending pending;
	struct css_set *cgroups;
	char comm[16];
};

struct sigaction {
	void *sa_handler;
};

struct k_sigaction {
	struct sigaction sa;
};

struct bpf_iter__task {
	struct task_struct *task;
};

#if defined(TRAPGATE_ARM64)
struct user_pt_regs {
	u64 regs[31];
	u64 sp;
	u64 pc;
};
struct pt_regs {
	u64 regs[31];
	u64 pc;
	u64 orig_x0;
	int syscallno;
};
#else
struct pt_regs {
	unsigned long bp, bx, r10, r9, r8, cx, dx, si, di, orig_ax, ip;
};
#endif

#pragma clang attribute pop

struct kernel_siginfo; /* only copied, whole: its first 48 bytes are those of siginfo_t */

#endif
