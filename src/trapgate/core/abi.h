/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel constants and layouts the tracer needs, spelled out here so that the build does not
 * depend on how new the installed headers are. Source: uapi/linux/ptrace.h, uapi/linux/audit.h;
 * tests/unit/core compares them with the headers where those have them.
 */
#ifndef TRAPGATE_ABI_H
#define TRAPGATE_ABI_H

#include <stdint.h>

#include "record.h"

#define TG_PTRACE_SYSCALL 24
#define TG_PTRACE_CONT 7
#define TG_PTRACE_GETREGS 12
#define TG_PTRACE_SETREGS 13
#define TG_PTRACE_DETACH 17
#define TG_PTRACE_SETOPTIONS 0x4200
#define TG_PTRACE_GETEVENTMSG 0x4201
#define TG_PTRACE_GETSIGINFO 0x4202
#define TG_PTRACE_SEIZE 0x4206
#define TG_PTRACE_INTERRUPT 0x4207
#define TG_PTRACE_LISTEN 0x4208
#define TG_PTRACE_GET_SYSCALL_INFO 0x420e
#define TG_PTRACE_SET_SYSCALL_INFO 0x4212 /* since Linux 6.16 */

#define TG_O_TRACESYSGOOD 0x01
#define TG_O_TRACEFORK 0x02
#define TG_O_TRACEVFORK 0x04
#define TG_O_TRACECLONE 0x08
#define TG_O_TRACEEXEC 0x10
#define TG_O_TRACEEXIT 0x40
#define TG_O_TRACESECCOMP 0x80
#define TG_O_EXITKILL 0x100000

#define TG_EVENT_FORK 1
#define TG_EVENT_VFORK 2
#define TG_EVENT_CLONE 3
#define TG_EVENT_EXEC 4
#define TG_EVENT_EXIT 6
#define TG_EVENT_SECCOMP 7
#define TG_EVENT_STOP 128

#define TG_INFO_NONE 0
#define TG_INFO_ENTRY 1
#define TG_INFO_EXIT 2
#define TG_INFO_SECCOMP 3

#define TG_ARCH_X86_64 0xC000003Eu
#define TG_ARCH_I386 0x40000003u
#define TG_ARCH_AARCH64 0xC00000B7u
#define TG_X32_BIT 0x40000000

/* struct ptrace_syscall_info */
struct tg_syscall_info {
	uint8_t op;
	uint8_t reserved;
	uint16_t flags;
	uint32_t arch;
	uint64_t ip;
	uint64_t sp;
	union {
		struct {
			uint64_t nr;
			uint64_t args[6];
		} entry;
		struct {
			int64_t rval;
			uint8_t is_error;
		} exit;
		struct {
			uint64_t nr;
			uint64_t args[6];
			uint32_t ret_data;
			uint32_t reserved2;
		} seccomp;
	};
};

#define TG_SIGINFO_SIZE 128

#endif
