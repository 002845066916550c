/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which programs can make a read of their memory block: those that have a userfaultfd. They
 * get one by userfaultfd(2) or by ioctl(USERFAULTFD_IOC_NEW) on /dev/userfaultfd, for their
 * own memory only, so every call that leads there is seen while the program is traced. The
 * only place where core knows calls by number, because the tracer's own life hangs on it.
 * Source: the kernel's system call tables; uapi/linux/userfaultfd.h.
 */
#include "tracer.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define USERFAULTFD_IOC_NEW 0xAA00

static const struct {
	u8 abi;
	u16 userfaultfd;
	u16 ioctl;
} numbers[] = {
	{TG_ABI_X86_64, 323, 16},
	{TG_ABI_I386, 374, 54},
	{TG_ABI_X32, 323, 514},
	{TG_ABI_AARCH64, 282, 29},
};

/* Whether this call can give the program a userfaultfd. */
bool tg_guard_call(u8 abi, s64 nr, const u64 *arg)
{
	for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++)
		if (numbers[i].abi == abi)
			return nr == numbers[i].userfaultfd || (nr == numbers[i].ioctl && (u32)arg[1] == USERFAULTFD_IOC_NEW);
	return false;
}

static bool has_fd(pid_t pid)
{
	char path[64], target[64];
	snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
	DIR *dir = opendir(path);
	if (!dir)
		return false;
	bool found = false;
	struct dirent *entry;
	while (!found && (entry = readdir(dir))) {
		ssize_t n = readlinkat(dirfd(dir), entry->d_name, target, sizeof target - 1);
		target[n > 0 ? n : 0] = 0;
		found = strstr(target, "userfaultfd") != NULL;
	}
	closedir(dir);
	return found;
}

/* VmFlags of a mapping that a userfaultfd serves: um (missing), uw (write-protect), ui (minor). */
static bool has_mapping(pid_t pid)
{
	char line[256];
	snprintf(line, sizeof line, "/proc/%d/smaps", (int)pid);
	FILE *file = fopen(line, "re");
	if (!file)
		return false;
	bool found = false;
	while (!found && fgets(line, sizeof line, file))
		found = !strncmp(line, "VmFlags:", 8) && (strstr(line, " um") || strstr(line, " uw") || strstr(line, " ui"));
	fclose(file);
	return found;
}

/* Whether a process that was running before it was attached to may have one already. */
bool tg_guard_scan(pid_t pid)
{
	return has_fd(pid) || has_mapping(pid);
}
