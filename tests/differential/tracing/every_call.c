/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Makes every call of an ABI once, with arguments of 0, while a seccomp filter lets none through:
 *     every_call {64|32} COUNT
 * A tracer stops at each; the kernel answers ENOSYS and does nothing.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static long call_32(long nr)
{
	long result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(nr), "b"(0), "c"(0), "d"(0), "S"(0), "D"(0)
			 : "memory", "r8", "r9", "r10", "r11");
	return result;
}

int main(int argc, char **argv)
{
	/* exit_group with 42 as its status is the way out */
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 42, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 38),
	};
	struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
	int count = argc > 2 ? atoi(argv[2]) : 0;
	int is_32 = argc > 1 && strcmp(argv[1], "32") == 0;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		return 1;
	for (int nr = 0; nr < count; nr++) {
		if (is_32)
			call_32(nr);
		else if (nr != 335 && nr != 336) /* uretprobe, uprobe: SIGILL, filter or not */
			syscall(nr, 0, 0, 0, 0, 0, 0);
	}
	syscall(SYS_exit_group, 42);
}
