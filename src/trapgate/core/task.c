/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of traced threads: open addressing by tid, entries at stable addresses. */
#include "tracer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static u32 home(const struct tg_tasks *tasks, pid_t tid)
{
	return ((u32)tid * 2654435761u) & (tasks->n_slot - 1);
}

static void insert(struct tg_tasks *tasks, struct tg_task *task)
{
	u32 i = home(tasks, task->tid);
	while (tasks->slot[i])
		i = (i + 1) & (tasks->n_slot - 1);
	tasks->slot[i] = task;
}

static int grow(struct tg_tasks *tasks)
{
	struct tg_tasks bigger = {.n_slot = tasks->n_slot ? tasks->n_slot * 2 : 64, .n = tasks->n};
	bigger.slot = calloc(bigger.n_slot, sizeof *bigger.slot);
	if (!bigger.slot)
		return -ENOMEM;
	for (u32 i = 0; i < tasks->n_slot; i++)
		if (tasks->slot[i])
			insert(&bigger, tasks->slot[i]);
	free(tasks->slot);
	*tasks = bigger;
	return 0;
}

struct tg_task *tg_tasks_find(const struct tg_tasks *tasks, pid_t tid)
{
	if (!tasks->n_slot)
		return NULL;
	for (u32 i = home(tasks, tid); tasks->slot[i]; i = (i + 1) & (tasks->n_slot - 1))
		if (tasks->slot[i]->tid == tid)
			return tasks->slot[i];
	return NULL;
}

int tg_tasks_add(struct tg_tasks *tasks, pid_t tid, pid_t pid, struct tg_task **ret)
{
	if ((tasks->n + 1) * 2 > tasks->n_slot) {
		int err = grow(tasks);
		if (err)
			return err;
	}
	struct tg_task *task = calloc(1, sizeof *task);
	if (!task)
		return -ENOMEM;
	task->tid = tid;
	task->pid = pid;
	insert(tasks, task);
	tasks->n++;
	*ret = task;
	return 0;
}

/* Takes `task` out of its slot and closes the gap, so that probing needs no tombstones. */
static void unlink_task(struct tg_tasks *tasks, const struct tg_task *task)
{
	u32 mask = tasks->n_slot - 1;
	u32 gap = home(tasks, task->tid);
	while (tasks->slot[gap] != task)
		gap = (gap + 1) & mask;
	for (u32 i = (gap + 1) & mask; tasks->slot[i]; i = (i + 1) & mask) {
		u32 want = home(tasks, tasks->slot[i]->tid);
		if (((i - want) & mask) >= ((i - gap) & mask)) {
			tasks->slot[gap] = tasks->slot[i];
			gap = i;
		}
	}
	tasks->slot[gap] = NULL;
}

void tg_tasks_remove(struct tg_tasks *tasks, struct tg_task *task)
{
	unlink_task(tasks, task);
	tasks->n--;
	tg_out_deinit(&task->rec);
	free(task);
}

void tg_tasks_rename(struct tg_tasks *tasks, struct tg_task *task, pid_t tid)
{
	unlink_task(tasks, task);
	task->tid = tid;
	insert(tasks, task);
}

void tg_tasks_deinit(struct tg_tasks *tasks)
{
	for (u32 i = 0; i < tasks->n_slot; i++)
		if (tasks->slot[i]) {
			tg_out_deinit(&tasks->slot[i]->rec);
			free(tasks->slot[i]);
		}
	free(tasks->slot);
	*tasks = (struct tg_tasks){0};
}

pid_t tg_task_tgid(pid_t tid)
{
	char line[128];
	snprintf(line, sizeof line, "/proc/%d/status", (int)tid);
	FILE *file = fopen(line, "re");
	if (!file)
		return tid;
	int tgid = tid;
	while (fgets(line, sizeof line, file))
		if (sscanf(line, "Tgid: %d", &tgid) == 1)
			break;
	fclose(file);
	return tgid > 0 ? tgid : tid;
}
