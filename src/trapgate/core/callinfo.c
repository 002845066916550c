/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The call at a syscall stop: its ABI, number, words and result, and the changing of them.
 * PTRACE_GET_SYSCALL_INFO (Linux 5.3) tells the ABI of each call, so an `int 0x80` in a 64-bit
 * program is seen as what it is. Where a kernel or a sandbox lacks it the registers are read,
 * and then only the code segment tells 32-bit programs from 64-bit ones.
 */
#include "tracer.h"

#include <errno.h>
#include <string.h>
#include <sys/user.h>

bool tg_use_syscall_info = true;

static u8 abi_of(u32 arch, s64 *nr)
{
	switch (arch) {
	case TG_ARCH_X86_64:
		if (nr && *nr >= 0 && (*nr & TG_X32_BIT)) {
			*nr &= ~(s64)TG_X32_BIT;
			return TG_ABI_X32;
		}
		return TG_ABI_X86_64;
	case TG_ARCH_I386:
		return TG_ABI_I386;
	case TG_ARCH_AARCH64:
		return TG_ABI_AARCH64;
	default:
		return 0;
	}
}

#ifdef __x86_64__
#define USER32_CS 0x23

static int regs_get(const struct tg_task *task, u8 stop, struct tg_call *ret)
{
	struct user_regs_struct regs;
	if (tg_ptrace(TG_PTRACE_GETREGS, task->tid, NULL, &regs) < 0)
		return -errno;
	bool is_32 = regs.cs == USER32_CS;
	*ret = (struct tg_call){.op = stop, .ip = regs.rip, .result = (s64)regs.rax, .nr = (int)regs.orig_rax};
	ret->abi = abi_of(is_32 ? TG_ARCH_I386 : TG_ARCH_X86_64, &ret->nr);
	unsigned long message = 0;
	if (stop == TG_INFO_SECCOMP && tg_ptrace(TG_PTRACE_GETEVENTMSG, task->tid, NULL, &message) == 0)
		ret->ret_data = (u32)message;
	if (is_32) {
		const u64 arg[6] = {regs.rbx, regs.rcx, regs.rdx, regs.rsi, regs.rdi, regs.rbp};
		for (int i = 0; i < 6; i++)
			ret->arg[i] = (u32)arg[i];
		s64 error = (int32_t)regs.rax;
		ret->result = error < 0 && error >= -4095 ? error : (s64)(u32)regs.rax;
	} else {
		const u64 arg[6] = {regs.rdi, regs.rsi, regs.rdx, regs.r10, regs.r8, regs.r9};
		memcpy(ret->arg, arg, sizeof arg);
	}
	return 0;
}

static int regs_set_entry(const struct tg_task *task, s64 nr, const u64 *arg)
{
	struct user_regs_struct regs;
	if (tg_ptrace(TG_PTRACE_GETREGS, task->tid, NULL, &regs) < 0)
		return -errno;
	regs.orig_rax = (u64)nr;
	if (task->abi == TG_ABI_I386) {
		regs.rbx = arg[0], regs.rcx = arg[1], regs.rdx = arg[2];
		regs.rsi = arg[3], regs.rdi = arg[4], regs.rbp = arg[5];
	} else {
		regs.rdi = arg[0], regs.rsi = arg[1], regs.rdx = arg[2];
		regs.r10 = arg[3], regs.r8 = arg[4], regs.r9 = arg[5];
	}
	return tg_ptrace(TG_PTRACE_SETREGS, task->tid, NULL, &regs) < 0 ? -errno : 0;
}

static int regs_set_result(const struct tg_task *task, s64 value)
{
	struct user_regs_struct regs;
	if (tg_ptrace(TG_PTRACE_GETREGS, task->tid, NULL, &regs) < 0)
		return -errno;
	regs.rax = (u64)value;
	return tg_ptrace(TG_PTRACE_SETREGS, task->tid, NULL, &regs) < 0 ? -errno : 0;
}
#else
static int regs_get(const struct tg_task *task, u8 stop, struct tg_call *ret)
{
	(void)task, (void)stop, (void)ret;
	return -ENOSYS;
}

static int regs_set_entry(const struct tg_task *task, s64 nr, const u64 *arg)
{
	(void)task, (void)nr, (void)arg;
	return -ENOSYS;
}

static int regs_set_result(const struct tg_task *task, s64 value)
{
	(void)task, (void)value;
	return -ENOSYS;
}
#endif

static bool is_missing(int error)
{
	return error == EIO || error == EINVAL || error == ENOSYS;
}

/*
 * The call at this stop. `stop` says which stop it is when only the registers can tell:
 * TG_INFO_ENTRY, _EXIT or _SECCOMP.
 */
int tg_call_get(const struct tg_task *task, u8 stop, struct tg_call *ret)
{
	struct tg_syscall_info info;
	if (!tg_use_syscall_info)
		return regs_get(task, stop, ret);
	if (tg_ptrace(TG_PTRACE_GET_SYSCALL_INFO, task->tid, (void *)sizeof info, &info) < 0) {
		if (!is_missing(errno))
			return -errno;
		tg_use_syscall_info = false;
		return regs_get(task, stop, ret);
	}
	ret->op = info.op;
	ret->ip = info.ip;
	if (info.op == TG_INFO_EXIT) {
		ret->abi = abi_of(info.arch, NULL);
		ret->result = info.exit.rval;
		return 0;
	}
	if (info.op == TG_INFO_NONE) {
		ret->abi = abi_of(info.arch, NULL);
		return 0;
	}
	ret->nr = (s64)info.entry.nr;
	ret->abi = abi_of(info.arch, &ret->nr);
	memcpy(ret->arg, info.entry.args, sizeof ret->arg);
	ret->ret_data = info.op == TG_INFO_SECCOMP ? info.seccomp.ret_data : 0;
	return 0;
}

/* The number of the call that a thread was interrupted in when it was attached to; -1 for none that is known. */
s64 tg_call_interrupted(const struct tg_task *task)
{
	struct tg_call call;
	return regs_get(task, TG_INFO_EXIT, &call) < 0 ? -1 : call.nr;
}

bool tg_have_get_syscall_info(void)
{
	return tg_use_syscall_info;
}

static bool have_setter = true;

bool tg_have_set_syscall_info(void)
{
	return have_setter && tg_use_syscall_info;
}

/* Writes `info` back; 1 when this kernel cannot and the registers must be written instead. */
static int write_info(const struct tg_task *task, struct tg_syscall_info *info)
{
	info->flags = 0;
	info->reserved = 0;
	if (tg_ptrace(TG_PTRACE_SET_SYSCALL_INFO, task->tid, (void *)sizeof *info, info) == 0)
		return 0;
	if (!is_missing(errno))
		return -errno;
	if (errno != EINVAL)
		have_setter = false;
	return 1;
}

/*
 * Changes number and words of the call whose entry stop `task` is in. `nr` is as records have it
 * (x32 without its bit); -1 makes the kernel skip the call.
 */
int tg_call_set_entry(const struct tg_task *task, s64 nr, const u64 *arg)
{
	struct tg_syscall_info info;
	if (task->abi == TG_ABI_X32 && nr >= 0)
		nr |= TG_X32_BIT;
	if (!tg_have_set_syscall_info() ||
	    tg_ptrace(TG_PTRACE_GET_SYSCALL_INFO, task->tid, (void *)sizeof info, &info) < 0 ||
	    (info.op != TG_INFO_ENTRY && info.op != TG_INFO_SECCOMP))
		return regs_set_entry(task, nr, arg);
	info.entry.nr = (u64)nr;
	memcpy(info.entry.args, arg, sizeof info.entry.args);
	if (info.op == TG_INFO_SECCOMP)
		info.seccomp.reserved2 = 0;
	int err = write_info(task, &info);
	return err == 1 ? regs_set_entry(task, nr, arg) : err;
}

/* Changes the result of the call whose exit stop `task` is in; -4095 … -1 is -errno. */
int tg_call_set_result(const struct tg_task *task, s64 value)
{
	struct tg_syscall_info info;
	if (!tg_have_set_syscall_info() ||
	    tg_ptrace(TG_PTRACE_GET_SYSCALL_INFO, task->tid, (void *)sizeof info, &info) < 0 || info.op != TG_INFO_EXIT)
		return regs_set_result(task, value);
	bool failed = value < 0 && value >= -4095;
	memset(&info.exit, 0, sizeof info.exit);
	info.exit.rval = value;
	info.exit.is_error = failed;
	int err = write_info(task, &info);
	return err == 1 ? regs_set_result(task, value) : err;
}
