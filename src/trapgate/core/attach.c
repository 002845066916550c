/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Attaching to a running process. PTRACE_SEIZE does not stop a thread, so threads may be born
 * and die meanwhile: /proc/PID/task is read again until it shows none that is new.
 */
#include "tracer.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static int seize(struct tg_tracer *t, pid_t tid, pid_t pid)
{
	struct tg_task *task;
	if (tg_ptrace(TG_PTRACE_SEIZE, tid, NULL, (void *)(uintptr_t)tg_tracer_options(t)) < 0)
		return tg_tracer_fail(t, "PTRACE_SEIZE", tid, errno);
	int err = tg_tracer_adopt(t, tid, pid, TG_T_NEW, &task);
	if (err)
		return err;
	tg_ptrace(TG_PTRACE_INTERRUPT, tid, NULL, NULL);
	return 0;
}

/* Seizes the threads of `pid` that are not yet traced; returns how many, or -errno of the leader. */
static int seize_new_threads(struct tg_tracer *t, pid_t pid)
{
	char path[32];
	int found = 0;
	snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	DIR *dir = opendir(path);
	if (!dir)
		return 0;
	struct dirent *entry;
	while ((entry = readdir(dir))) {
		pid_t tid = atoi(entry->d_name);
		if (tid <= 0 || tg_tasks_find(&t->tasks, tid))
			continue;
		/* one that is gone, or was attached at its birth by the kernel, is no failure */
		found += seize(t, tid, pid) == 0;
	}
	closedir(dir);
	return found;
}

/*
 * Attaches to `pid`, a process or a single thread, and with `threads` to all threads of its
 * process. Their first records are TG_ATTACH.
 */
int tg_tracer_attach(struct tg_tracer *t, pid_t pid, bool threads)
{
	if (tg_tasks_find(&t->tasks, pid))
		return 0;
	pid_t tgid = tg_task_tgid(pid);
	t->detaching = false;
	int err = seize(t, pid, tgid);
	if (err)
		return err;
	if (tg_guard_scan(tgid))
		t->mem.careful = true;
	while (threads && seize_new_threads(t, tgid) > 0)
		continue;
	return 0;
}
