/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The seccomp filter that stops a program at the wanted calls only. For each ABI one range
 * test per run of numbers, searched as a binary tree: every call costs about log2(runs)
 * comparisons. The calls that guard.c watches for always stop.
 */
#include "tracer.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define TRACE BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE | TG_FILTER_DATA)
#define MAX_NR 65536
#define LAST_GUARDED 1024 /* guard.c knows no number beyond */

struct program {
	struct sock_filter *code;
	u16 n;
	u32 cap;
	int error;
};

static void emit(struct program *p, struct sock_filter one)
{
	if (p->error)
		return;
	if (p->n >= BPF_MAXINSNS) {
		p->error = -E2BIG;
		return;
	}
	if (p->n == p->cap) {
		u32 cap = p->cap ? p->cap * 2 : 128;
		struct sock_filter *code = realloc(p->code, cap * sizeof *code);
		if (!code) {
			p->error = -ENOMEM;
			return;
		}
		p->code = code;
		p->cap = cap;
	}
	p->code[p->n++] = one;
}

/* Where the answer changes: numbers [edge[0], edge[1]) are traced, [edge[1], edge[2]) not … */
struct edges {
	u32 *at;
	u32 n;
};

static bool is_traced(const struct tg_wanted *wanted, u8 abi, u32 nr)
{
	const u64 fd_ioctl[6] = {0, 0xAA00};
	return tg_is_wanted(wanted, abi, nr) || tg_guard_call(abi, nr, fd_ioctl);
}

static int find_edges(const struct tg_wanted *wanted, u8 abi, struct edges *ret)
{
	ret->n = 0;
	ret->at = malloc((MAX_NR + 1) * sizeof *ret->at);
	if (!ret->at)
		return -ENOMEM;
	bool inside = false;
	u32 end = wanted->all || wanted->bits[abi] > MAX_NR ? MAX_NR : wanted->bits[abi];
	if (end < LAST_GUARDED)
		end = LAST_GUARDED;
	for (u32 nr = 0; nr < end; nr++)
		if (is_traced(wanted, abi, nr) != inside) {
			ret->at[ret->n++] = nr;
			inside = !inside;
		}
	if (inside && !wanted->all)
		ret->at[ret->n++] = end;
	return 0;
}

/* Code that answers for numbers between the edges [low, high): a tree of JGE tests. */
static void emit_tree(struct program *p, const struct edges *edges, u32 low, u32 high)
{
	if (low == high) {
		/* `low` edges lie at or below the number: odd means inside a traced run */
		emit(p, low & 1 ? (struct sock_filter)TRACE : (struct sock_filter)ALLOW);
		return;
	}
	u32 middle = low + (high - low) / 2;
	/* jumps reach 255 instructions, so the far side is reached by a long jump */
	emit(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, edges->at[middle], 0, 1));
	u16 jump = p->n;
	emit(p, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 0));
	emit_tree(p, edges, low, middle);
	if (!p->error)
		p->code[jump].k = (u32)(p->n - jump - 1);
	emit_tree(p, edges, middle + 1, high);
}

static int emit_abi(struct program *p, const struct tg_wanted *wanted, u8 abi)
{
	struct edges edges;
	int err = find_edges(wanted, abi, &edges);
	if (!err)
		emit_tree(p, &edges, 0, edges.n);
	free(edges.at);
	return err;
}

static u16 emit_unless_arch(struct program *p, u32 arch)
{
	emit(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, arch, 1, 0));
	emit(p, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 0));
	return (u16)(p->n - 1);
}

static void land(struct program *p, u16 jump)
{
	if (!p->error)
		p->code[jump].k = (u32)(p->n - jump - 1);
}

static void load_word(struct program *p, u32 offset)
{
	emit(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset));
}

/* Makes a filter from the wanted calls; the caller frees `ret->filter`. */
int tg_filter_make(const struct tg_wanted *wanted, struct sock_fprog *ret)
{
	struct program p = {0};
	int err = 0;
	const struct {
		u32 arch;
		u8 abi;
	} plain[] = {{TG_ARCH_I386, TG_ABI_I386}, {TG_ARCH_AARCH64, TG_ABI_AARCH64}};
	for (unsigned i = 0; i < 2 && !err; i++) {
		load_word(&p, offsetof(struct seccomp_data, arch));
		u16 other = emit_unless_arch(&p, plain[i].arch);
		load_word(&p, offsetof(struct seccomp_data, nr));
		err = emit_abi(&p, wanted, plain[i].abi);
		land(&p, other);
	}
	u16 other = emit_unless_arch(&p, TG_ARCH_X86_64);
	load_word(&p, offsetof(struct seccomp_data, nr));
	/* nr -1 has the x32 bit too: it is a call that does not exist, let it go */
	emit(&p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x80000000u, 0, 1));
	emit(&p, (struct sock_filter)ALLOW);
	emit(&p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, TG_X32_BIT, 1, 0));
	emit(&p, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 0));
	u16 native = (u16)(p.n - 1);
	emit(&p, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, ~(u32)TG_X32_BIT));
	if (!err)
		err = emit_abi(&p, wanted, TG_ABI_X32);
	land(&p, native);
	if (!err)
		err = emit_abi(&p, wanted, TG_ABI_X86_64);
	land(&p, other);
	emit(&p, (struct sock_filter)ALLOW);
	if (!err)
		err = p.error;
	if (err) {
		free(p.code);
		return err;
	}
	*ret = (struct sock_fprog){.len = p.n, .filter = p.code};
	return 0;
}

/*
 * Installs the filter in the calling thread. A thread without CAP_SYS_ADMIN may do so only
 * once it cannot gain privileges by exec; a program under an unprivileged tracer could not
 * have gained them anyway.
 */
int tg_filter_install(const struct sock_fprog *filter)
{
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, filter) == 0)
		return 0;
	if (errno != EACCES)
		return -errno;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, filter) == 0 ? 0 : -errno;
}
