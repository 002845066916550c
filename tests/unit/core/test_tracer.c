/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parts of the ptrace source that need no traced program, under the sanitizers: plans are
 * carried out on this process's own memory, with addresses and lengths as a hostile program
 * would choose them. Exits with 0, or says what is wrong and aborts.
 */
#include "tracer.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/ptrace.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CHECK(condition)                                                                   \
	do {                                                                               \
		if (!(condition)) {                                                        \
			fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                           \
		}                                                                          \
	} while (0)

static u64 random_state = 88172645463325252u;

static u64 rnd(u64 below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return below ? random_state % below : 0;
}

/* ---- layouts: ours are the kernel's ---- */

#ifdef PTRACE_GET_SYSCALL_INFO
_Static_assert(sizeof(struct tg_syscall_info) == 88, "size of struct ptrace_syscall_info");
_Static_assert(offsetof(struct tg_syscall_info, arch) == offsetof(struct ptrace_syscall_info, arch), "arch");
_Static_assert(offsetof(struct tg_syscall_info, ip) == offsetof(struct ptrace_syscall_info, instruction_pointer), "ip");
_Static_assert(offsetof(struct tg_syscall_info, entry.args) == offsetof(struct ptrace_syscall_info, entry.args), "args");
_Static_assert(offsetof(struct tg_syscall_info, exit.is_error) == offsetof(struct ptrace_syscall_info, exit.is_error), "is_error");
_Static_assert(offsetof(struct tg_syscall_info, seccomp.ret_data) == offsetof(struct ptrace_syscall_info, seccomp.ret_data), "ret_data");
_Static_assert(TG_PTRACE_GET_SYSCALL_INFO == PTRACE_GET_SYSCALL_INFO && TG_PTRACE_SEIZE == PTRACE_SEIZE, "requests");
_Static_assert(TG_PTRACE_LISTEN == PTRACE_LISTEN && TG_PTRACE_INTERRUPT == PTRACE_INTERRUPT, "requests");
_Static_assert(TG_O_EXITKILL == PTRACE_O_EXITKILL && TG_O_TRACESECCOMP == PTRACE_O_TRACESECCOMP, "options");
_Static_assert(TG_EVENT_SECCOMP == PTRACE_EVENT_SECCOMP && TG_EVENT_STOP == PTRACE_EVENT_STOP, "events");
#endif
_Static_assert(sizeof(struct tg_record) == 112 && offsetof(struct tg_record, nr) == 48, "record");
_Static_assert(sizeof(struct tg_piece) == 16, "piece");

/* ---- memory ---- */

static u8 *hole_page(void)
{
	u8 *page = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(page != MAP_FAILED);
	CHECK(munmap(page + 2 * 4096, 4096) == 0);
	return page;
}

static void test_memory(bool careful)
{
	struct tg_mem mem;
	tg_mem_init(&mem);
	mem.careful = careful;
	u8 *page = hole_page(), *end = page + 2 * 4096;
	u8 into[5][16];
	bool terminated;
	memset(page, 'x', 2 * 4096);
	struct tg_read reads[5] = {
		{.addr = (u64)(uintptr_t)page, .want = 4, .into = into[0]},
		{.addr = (u64)(uintptr_t)end - 3, .want = 8, .into = into[1]},
		{.addr = 8, .want = 8, .into = into[2]},
		{.addr = (u64)(uintptr_t)page + 4094, .want = 0, .into = into[3]},
		{.addr = (u64)(uintptr_t)page + 4094, .want = 4, .into = into[4]},
	};
	tg_mem_gather(&mem, getpid(), reads, 5);
	CHECK(reads[0].got == 4 && reads[1].got == 3 && reads[2].got == 0 && reads[3].got == 0 && reads[4].got == 4);
	char text[5000];
	CHECK(tg_mem_read_string(&mem, getpid(), (u64)(uintptr_t)page, text, 5000, &terminated) == 5000 && !terminated);
	page[4500] = 0;
	CHECK(tg_mem_read_string(&mem, getpid(), (u64)(uintptr_t)page, text, 5000, &terminated) == 4501 && terminated);
	CHECK(tg_mem_read_string(&mem, getpid(), (u64)(uintptr_t)end - 2, text, 10, &terminated) == 2 && !terminated);
	CHECK(tg_mem_read(&mem, getpid(), UINT64_MAX - 2, text, 16) == 0);
	CHECK(tg_mem_write(&mem, getpid(), (u64)(uintptr_t)page, "abc", 3) == 0 && !memcmp(page, "abc", 3));
	CHECK(tg_mem_write(&mem, getpid(), 8, "abc", 3) < 0);
	tg_mem_deinit(&mem);
	munmap(page, 2 * 4096);
}

/* ---- plans ---- */

/* Every piece lies inside the record, and the header counts them right. */
static void check_record(const struct tg_out *rec, const struct tg_plan *plan)
{
	struct tg_record header;
	memcpy(&header, rec->data, sizeof header);
	CHECK(header.size == rec->len && header.size % 8 == 0 && rec->len <= TG_RECORD_MAX);
	size_t at = sizeof header;
	for (unsigned i = 0; i < header.pieces; i++) {
		struct tg_piece piece;
		CHECK(at + sizeof piece <= rec->len);
		memcpy(&piece, rec->data + at, sizeof piece);
		CHECK(piece.arg < plan->n_ops && piece.phase == plan->op[piece.arg].phase);
		if (plan->op[piece.arg].what == TG_BYTES || plan->op[piece.arg].what == TG_STRING)
			CHECK(piece.len <= plan->op[piece.arg].max);
		if (piece.flags & TG_TERMINATED && plan->op[piece.arg].what == TG_STRING)
			CHECK(piece.len && !rec->data[at + sizeof piece + piece.len - 1]);
		at += sizeof piece + ((piece.len + 7u) & ~7u);
	}
	CHECK(at == rec->len);
}

static struct tg_plan random_plan(void)
{
	struct tg_plan plan = {.n_ops = (u8)(1 + rnd(TG_PLAN_OPS)), .selector = TG_NO_SELECTOR, .n_args = 6};
	for (unsigned i = 0; i < plan.n_ops; i++) {
		struct tg_op *op = &plan.op[i];
		op->phase = (u8)(1 + rnd(2));
		op->what = (u8)(1 + rnd(5));
		op->base = i && rnd(2) ? (u8)(TG_NESTED | rnd(i)) : (u8)rnd(6);
		op->base_off = (u16)rnd(64);
		op->len_from = (u8)rnd(9);
		bool from_op = op->len_from == TG_FIELD || op->len_from == TG_FIELD32;
		op->len_arg = (u8)rnd(from_op ? plan.n_ops : 6);
		op->len_off = (u16)rnd(64);
		op->cond = (u8)rnd(6);
		op->cond_arg = (u8)rnd(6);
		op->cond_value = (u32)rnd(4);
		op->scale = (u32)rnd(4) ? (u32)rnd(20) : (u32)random_state;
		op->max = rnd(50) ? (u32)rnd(5000) : (u32)rnd(1 << 20);
	}
	return plan;
}

/* A word as a hostile program would choose it: near the hole, a small number, or anything. */
static u64 random_word(const u8 *page)
{
	switch (rnd(6)) {
	case 0:
		return rnd(100);
	case 1:
		return random_state;
	case 2:
		return (u64)-1 - rnd(8);
	case 3:
		return (u64)(uintptr_t)page + 2 * 4096 - rnd(40);
	default:
		return (u64)(uintptr_t)page + rnd(2 * 4096);
	}
}

static void test_random_plans(unsigned rounds, bool careful)
{
	struct tg_mem mem;
	struct tg_out rec = {0};
	tg_mem_init(&mem);
	mem.careful = careful;
	u8 *page = hole_page();
	unsigned checked = 0;
	for (unsigned round = 0; round < rounds; round++) {
		for (unsigned i = 0; i < 2 * 4096 / 8; i++) {
			u64 word = rnd(3) ? random_word(page) : 0;
			memcpy(page + 8 * i, &word, 8);
		}
		for (unsigned k = 0; k < 200; k++) {
			u64 arg[6];
			struct tg_plan plan = random_plan();
			if (tg_plan_check(&plan) < 0)
				continue;
			for (int i = 0; i < 6; i++)
				arg[i] = random_word(page);
			struct tg_copy copy = {.mem = &mem, .tid = getpid(), .abi = (u8)(1 + rnd(4)), .arg = arg, .rec = &rec};
			CHECK(tg_record_begin(&rec, TG_CALL, NULL) == 0);
			CHECK(tg_plan_run(&plan, TG_AT_ENTRY, &copy) == 0);
			copy.result = rnd(2) ? (s64)rnd(5000) : -(s64)rnd(5000);
			CHECK(tg_plan_run(&plan, TG_AT_EXIT, &copy) == 0);
			tg_record_end(&rec);
			check_record(&rec, &plan);
			checked++;
		}
	}
	CHECK(checked > rounds * 50);
	tg_out_deinit(&rec);
	tg_mem_deinit(&mem);
	munmap(page, 2 * 4096);
}

/* The largest plan a caller may give cannot make a record larger than its bound. */
static void test_record_bound(void)
{
	struct tg_mem mem;
	struct tg_out rec = {0};
	tg_mem_init(&mem);
	size_t size = TG_RECORD_MAX * 2;
	u8 *big = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(big != MAP_FAILED);
	struct tg_plan plan = {.n_ops = 2, .op = {{.phase = TG_AT_ENTRY, .what = TG_BYTES, .max = (u32)size},
						  {.phase = TG_AT_ENTRY, .what = TG_BYTES, .max = (u32)size}}};
	u64 arg[6] = {(u64)(uintptr_t)big};
	struct tg_copy copy = {.mem = &mem, .tid = getpid(), .abi = TG_ABI_X86_64, .arg = arg, .rec = &rec};
	CHECK(tg_record_begin(&rec, TG_CALL, NULL) == 0);
	CHECK(tg_plan_run(&plan, TG_AT_ENTRY, &copy) == 0);
	tg_record_end(&rec);
	check_record(&rec, &plan);
	CHECK(rec.len > TG_RECORD_MAX - 64);
	munmap(big, size);
	tg_out_deinit(&rec);
	tg_mem_deinit(&mem);
}

static void test_plan_lookup(void)
{
	struct tg_plans plans = {0};
	static struct tg_plan plan[3000], sub[3000];
	u64 arg[6] = {0};
	for (unsigned i = 0; i < 3000; i++) {
		plan[i].selector = 2;
		plan[i].reserved = i;
		sub[i].reserved = 3000 + i; /* plans are copied: told apart by what is in them */
		CHECK(tg_plans_add(&plans, (u64)(1 + i % 4) << 16 | i, &plan[i]) == 0);
		CHECK(tg_plans_add_sub(&plans, ((u64)(1 + i % 4) << 16 | i) << 32 | (u32)(i * 7919u), &sub[i]) == 0);
	}
	CHECK(tg_plans_add(&plans, 0, plan) < 0 && tg_plans_add(&plans, 9u << 16, plan) < 0);
	for (unsigned i = 0; i < 3000; i++) {
		u8 abi = (u8)(1 + i % 4);
		arg[2] = 0xffffffff00000000u | (u32)(i * 7919u);
		CHECK(tg_plans_find(&plans, abi, i, arg)->reserved == 3000 + i);
		arg[2] = i * 7919u + 1;
		CHECK(tg_plans_find(&plans, abi, i, arg)->reserved == i);
		CHECK(!tg_plans_find(&plans, abi % 4 + 1, i, arg));
	}
	plan[0].reserved = 9000;
	CHECK(tg_plans_add(&plans, 1u << 16, &plan[0]) == 0 && tg_plans_find(&plans, 1, 0, arg)->reserved == 9000);
	CHECK(!tg_plans_find(&plans, 1, -1, arg) && !tg_plans_find(&plans, 77, 0, arg) && !tg_plans_find(&plans, 1, 1 << 20, arg));
	tg_plans_deinit(&plans);
}

/* ---- threads ---- */

static void test_tasks(void)
{
	struct tg_tasks tasks = {0};
	static struct tg_task *expected[4096];
	u32 n = 0;
	for (unsigned step = 0; step < 200000; step++) {
		pid_t tid = (pid_t)(1 + rnd(4095));
		if (!expected[tid]) {
			CHECK(!tg_tasks_find(&tasks, tid));
			CHECK(tg_tasks_add(&tasks, tid, tid, &expected[tid]) == 0);
			n++;
		} else if (rnd(8) == 0) {
			pid_t other = (pid_t)(1 + rnd(4095));
			if (expected[other])
				continue;
			tg_tasks_rename(&tasks, expected[tid], other);
			expected[other] = expected[tid];
			expected[tid] = NULL;
		} else {
			CHECK(tg_tasks_find(&tasks, tid) == expected[tid] && expected[tid]->tid == tid);
			tg_tasks_remove(&tasks, expected[tid]);
			expected[tid] = NULL;
			n--;
		}
		CHECK(tasks.n == n);
	}
	for (pid_t tid = 1; tid < 4096; tid++)
		CHECK(tg_tasks_find(&tasks, tid) == expected[tid]);
	tg_tasks_deinit(&tasks);
}

/* ---- the seccomp filter, run by a small interpreter of the instructions it uses ---- */

static u32 run_filter(const struct sock_fprog *filter, const struct seccomp_data *data)
{
	u32 a = 0;
	for (unsigned pc = 0; pc < filter->len; pc++) {
		const struct sock_filter *i = &filter->filter[pc];
		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			memcpy(&a, (const u8 *)data + i->k, 4);
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= i->k;
			break;
		case BPF_JMP | BPF_JA:
			pc += i->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			pc += a == i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			pc += a >= i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			pc += a & i->k ? i->jt : i->jf;
			break;
		case BPF_RET | BPF_K:
			return i->k;
		default:
			CHECK(!"an instruction that the filter does not use");
		}
	}
	CHECK(!"the filter runs off its end");
	return 0;
}

static void check_filter(const struct tg_wanted *wanted)
{
	struct sock_fprog filter;
	const u64 fd_ioctl[6] = {0, 0xAA00};
	CHECK(tg_filter_make(wanted, &filter) == 0);
	CHECK(filter.len <= BPF_MAXINSNS);
	const struct {
		u32 arch, bit;
		u8 abi;
	} abis[] = {{TG_ARCH_X86_64, 0, TG_ABI_X86_64},
		    {TG_ARCH_X86_64, TG_X32_BIT, TG_ABI_X32},
		    {TG_ARCH_I386, 0, TG_ABI_I386},
		    {TG_ARCH_AARCH64, 0, TG_ABI_AARCH64}};
	for (unsigned i = 0; i < 4; i++)
		for (u32 nr = 0; nr < 1200; nr++) {
			struct seccomp_data data = {.nr = (int)(nr | abis[i].bit), .arch = abis[i].arch};
			bool traced = tg_is_wanted(wanted, abis[i].abi, nr) || tg_guard_call(abis[i].abi, nr, fd_ioctl);
			u32 expected = traced ? SECCOMP_RET_TRACE | TG_FILTER_DATA : SECCOMP_RET_ALLOW;
			CHECK(run_filter(&filter, &data) == expected);
		}
	struct seccomp_data none = {.nr = -1, .arch = TG_ARCH_X86_64}, other = {.nr = 1, .arch = 12345};
	CHECK(run_filter(&filter, &none) == SECCOMP_RET_ALLOW);
	CHECK(run_filter(&filter, &other) == SECCOMP_RET_ALLOW);
	free(filter.filter);
}

static void test_filter(void)
{
	const struct tg_wanted all = {.all = true}, nothing = {0};
	check_filter(&all);
	check_filter(&nothing);
	for (unsigned round = 0; round < 30; round++) {
		u8 map[TG_ABIS][128];
		struct tg_wanted wanted = {0};
		for (unsigned abi = 1; abi < TG_ABIS; abi++) {
			wanted.bits[abi] = (u32)rnd(129) * 8;
			wanted.map[abi] = map[abi];
			for (unsigned i = 0; i < 128; i++)
				map[abi][i] = round % 2 ? (u8)(1u << rnd(20)) : (u8)rnd(256) & (u8)rnd(256);
		}
		check_filter(&wanted);
	}
}

int main(void)
{
	test_memory(false);
	test_memory(true);
	test_random_plans(40, false);
	test_random_plans(10, true);
	test_record_bound();
	test_plan_lookup();
	test_tasks();
	test_filter();
	puts("all is well");
	return 0;
}
