/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory of a traced program. Everything read is hostile: lengths are bounded by the caller, a
 * read may end early, and a read must never block.
 *
 * process_vm_readv(2) is the fast way and honours page protections, but a page fault that a
 * userfaultfd serves blocks it beyond any signal but SIGKILL. Reading /proc/PID/mem does not
 * wait for a userfaultfd: that path gets its page without FAULT_FLAG_ALLOW_RETRY, and such a
 * fault fails at once (kernel mm/userfaultfd.c, handle_userfault()). So once guard.c has
 * seen a traced program get a userfaultfd, every read goes the second way.
 */
#include "tracer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define GATHER_MAX 64

void tg_mem_init(struct tg_mem *mem)
{
	*mem = (struct tg_mem){0};
	for (unsigned i = 0; i < TG_MEM_CACHE; i++)
		mem->fds[i].fd = -1;
}

void tg_mem_deinit(struct tg_mem *mem)
{
	for (unsigned i = 0; i < TG_MEM_CACHE; i++)
		if (mem->fds[i].fd >= 0)
			close(mem->fds[i].fd);
	tg_out_deinit(&mem->scratch);
	tg_mem_init(mem);
}

/* Called when `pid` got a new address space or is gone. */
void tg_mem_forget(struct tg_mem *mem, pid_t pid)
{
	for (unsigned i = 0; i < TG_MEM_CACHE; i++)
		if (mem->fds[i].fd >= 0 && mem->fds[i].pid == pid) {
			close(mem->fds[i].fd);
			mem->fds[i].fd = -1;
		}
}

static int open_mem(struct tg_mem *mem, pid_t pid)
{
	for (unsigned i = 0; i < TG_MEM_CACHE; i++)
		if (mem->fds[i].fd >= 0 && mem->fds[i].pid == pid)
			return mem->fds[i].fd;
	char path[32];
	snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -1;
	unsigned slot = mem->next_slot++ % TG_MEM_CACHE;
	if (mem->fds[slot].fd >= 0)
		close(mem->fds[slot].fd);
	mem->fds[slot].pid = pid;
	mem->fds[slot].fd = fd;
	return fd;
}

static size_t read_careful(struct tg_mem *mem, pid_t pid, u64 addr, void *into, size_t n)
{
	int fd = open_mem(mem, pid);
	if (fd < 0 || addr > INT64_MAX)
		return 0;
	size_t done = 0;
	while (done < n) {
		ssize_t got = pread(fd, (u8 *)into + done, n - done, (off_t)(addr + done));
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		done += (size_t)got;
	}
	return done;
}

/* One system call for `n` reads; returns the bytes transferred or -errno. */
static ssize_t read_plain(pid_t pid, const struct tg_read *reads, unsigned n)
{
	struct iovec local[GATHER_MAX], remote[GATHER_MAX];
	for (unsigned i = 0; i < n; i++) {
		local[i] = (struct iovec){reads[i].into, reads[i].want};
		remote[i] = (struct iovec){(void *)(uintptr_t)reads[i].addr, reads[i].want};
	}
	ssize_t got = process_vm_readv(pid, local, n, remote, n, 0);
	return got < 0 ? -errno : got;
}

/*
 * Carries out all reads with as few system calls as their success allows; each `got` says how
 * long a prefix was readable. The kernel stops at the first unreadable page, so the reads
 * behind a failing one are asked for again.
 */
void tg_mem_gather(struct tg_mem *mem, pid_t pid, struct tg_read *reads, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		reads[i].got = 0;
	unsigned i = 0;
	while (i < n && !mem->careful) {
		unsigned end = n - i < GATHER_MAX ? n : i + GATHER_MAX;
		ssize_t got = read_plain(pid, reads + i, end - i);
		if (got == -EPERM || got == -ENOSYS)
			break; /* the security policy refuses this system call: the file may still do */
		size_t left = got > 0 ? (size_t)got : 0;
		bool whole = true;
		while (i < end && whole) {
			reads[i].got = left < reads[i].want ? left : reads[i].want;
			left -= reads[i].got;
			whole = reads[i].got == reads[i].want;
			i++;
		}
	}
	for (; i < n; i++)
		reads[i].got = read_careful(mem, pid, reads[i].addr, reads[i].into, reads[i].want);
}

/* Returns the length of the readable prefix. */
size_t tg_mem_read(struct tg_mem *mem, pid_t pid, u64 addr, void *into, size_t n)
{
	struct tg_read one = {.addr = addr, .want = n, .into = into};
	tg_mem_gather(mem, pid, &one, 1);
	return one.got;
}

/* Reads up to and including NUL, at most `max` bytes; never asks for a page beyond the NUL's. */
size_t tg_mem_read_string(struct tg_mem *mem, pid_t pid, u64 addr, void *into, size_t max, bool *ret_terminated)
{
	size_t done = 0, chunk = 256;
	*ret_terminated = false;
	while (done < max) {
		size_t want = max - done;
		if (want > chunk)
			want = chunk;
		if (want > tg_to_page_end(addr + done))
			want = tg_to_page_end(addr + done);
		size_t got = tg_mem_read(mem, pid, addr + done, (u8 *)into + done, want);
		u8 *nul = got ? memchr((u8 *)into + done, 0, got) : NULL;
		if (nul) {
			*ret_terminated = true;
			return (size_t)(nul - (u8 *)into) + 1;
		}
		done += got;
		if (got < want)
			break;
		chunk = 4096;
	}
	return done;
}

/* All or -errno; falls back to /proc/PID/mem, which may write where the program may not. */
int tg_mem_write(struct tg_mem *mem, pid_t pid, u64 addr, const void *bytes, size_t n)
{
	if (!mem->careful) {
		struct iovec local = {(void *)(uintptr_t)bytes, n};
		struct iovec remote = {(void *)(uintptr_t)addr, n};
		if (process_vm_writev(pid, &local, 1, &remote, 1, 0) == (ssize_t)n)
			return 0;
	}
	int fd = open_mem(mem, pid);
	if (fd < 0)
		return -errno;
	ssize_t done = pwrite(fd, bytes, n, (off_t)addr);
	if (done < 0)
		return -errno;
	return (size_t)done == n ? 0 : -EFAULT;
}
