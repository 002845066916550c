/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Starting a program under the tracer. The child prepares itself, says "ready" on one pipe,
 * waits for "go" on another and calls execve, the first call that is reported. It is seized
 * and interrupted between the two, so it cannot reach execve untraced.
 *
 * With `daemon` the roles are exchanged: the calling process becomes the program, and the
 * tracer goes on in a grandchild (fork twice, so that the program has no child it does not
 * know of).
 */
#include "tracer.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef PR_SET_PTRACER
#define PR_SET_PTRACER 0x59616d61
#endif

/* What the future program tells the tracer: where preparing or exec failed. */
struct report {
	int error;
	char stage[12];
};

struct pipes {
	int report[2];
	int go[2];
};

static void close_pair(int pair[2])
{
	for (int i = 0; i < 2; i++)
		if (pair[i] >= 0)
			close(pair[i]);
}

static int open_pipes(struct pipes *pipes)
{
	*pipes = (struct pipes){{-1, -1}, {-1, -1}};
	if (pipe2(pipes->report, O_CLOEXEC) < 0 || pipe2(pipes->go, O_CLOEXEC) < 0) {
		int err = -errno;
		close_pair(pipes->report);
		close_pair(pipes->go);
		return err;
	}
	return 0;
}

_Noreturn static void give_up(int fd, const char *stage, int error)
{
	struct report report = {.error = error};
	strncpy(report.stage, stage, sizeof report.stage - 1);
	ssize_t n = write(fd, &report, sizeof report);
	(void)n;
	_exit(1);
}

static void become_user(const struct tg_spawn *spawn, const struct pipes *pipes)
{
	if (!spawn->set_ids)
		return;
	if (setgroups((size_t)spawn->n_groups, spawn->groups) < 0)
		give_up(pipes->report[1], "setgroups", errno);
	if (setregid(spawn->gid, spawn->egid) < 0)
		give_up(pipes->report[1], "setregid", errno);
	/* a filter is easier to install while CAP_SYS_ADMIN is still there */
	if (spawn->filter && tg_filter_install(spawn->filter) < 0)
		give_up(pipes->report[1], "seccomp", errno);
	if (setreuid(spawn->uid, spawn->euid) < 0)
		give_up(pipes->report[1], "setreuid", errno);
}

/* What Python ignores and a program expects to be at its default. */
static void restore_signals(void)
{
	signal(SIGPIPE, SIG_DFL);
#ifdef SIGXFSZ
	signal(SIGXFSZ, SIG_DFL);
#endif
}

_Noreturn static void become_program(const struct tg_spawn *spawn, struct pipes *pipes)
{
	const struct report ready = {0};
	char go;
	close(pipes->report[0]);
	close(pipes->go[1]);
	if (spawn->close_fd >= 0)
		close(spawn->close_fd);
	become_user(spawn, pipes);
	restore_signals();
	if (write(pipes->report[1], &ready, sizeof ready) != sizeof ready)
		_exit(1);
	ssize_t n;
	while ((n = read(pipes->go[0], &go, 1)) < 0 && errno == EINTR)
		continue;
	if (n != 1)
		_exit(1); /* the tracer is gone */
	if (spawn->filter && !spawn->set_ids && tg_filter_install(spawn->filter) < 0)
		give_up(pipes->report[1], "seccomp", errno);
	execve(spawn->path, spawn->argv, spawn->env);
	give_up(pipes->report[1], "execve", errno);
}

/* Reads one report; 0 if it says that all is well, else -errno with `operation`. */
static int read_report(int fd, const char **ret_operation)
{
	static _Thread_local struct report report;
	ssize_t n;
	while ((n = read(fd, &report, sizeof report)) < 0 && errno == EINTR)
		continue;
	*ret_operation = "spawn";
	if (n != sizeof report)
		return n < 0 ? -errno : -ECHILD;
	report.stage[sizeof report.stage - 1] = 0;
	if (report.error)
		*ret_operation = report.stage;
	return -report.error;
}

static int seize_program(struct tg_tracer *t, pid_t pid, struct pipes *pipes)
{
	const char *operation;
	struct tg_task *task;
	int err = read_report(pipes->report[0], &operation);
	if (err)
		return tg_tracer_fail(t, operation, pid, -err);
	void *options = (void *)(uintptr_t)tg_tracer_options(t);
	if (tg_ptrace(TG_PTRACE_SEIZE, pid, NULL, options) < 0 || tg_ptrace(TG_PTRACE_INTERRUPT, pid, NULL, NULL) < 0)
		return tg_tracer_fail(t, "PTRACE_SEIZE", pid, errno);
	err = tg_tracer_adopt(t, pid, pid, TG_T_NEW | TG_T_HIDDEN | TG_T_ROOT, &task);
	if (err)
		return err;
	if (write(pipes->go[1], "g", 1) != 1)
		return tg_tracer_fail(t, "write", pid, errno);
	t->root = pid;
	fcntl(pipes->report[0], F_SETFL, O_NONBLOCK);
	t->exec_error_fd = pipes->report[0];
	pipes->report[0] = -1;
	return 0;
}

/* Forks twice; returns 0 in the grandchild, which is the tracer, and the wait-free parent's fate otherwise. */
static pid_t fork_daemon(int daemon)
{
	pid_t child = fork();
	if (child != 0)
		return child;
	pid_t grandchild = fork();
	if (grandchild != 0)
		_exit(grandchild < 0 ? errno : 0);
	if (daemon == 2)
		setpgid(0, 0);
	if (daemon >= 3)
		setsid();
	return 0;
}

/* The calling process becomes the program; only the grandchild returns. */
static int spawn_around(struct tg_tracer *t, const struct tg_spawn *spawn, struct pipes *pipes, pid_t *ret)
{
	pid_t program = getpid();
	prctl(PR_SET_PTRACER, -1L, 0, 0, 0); /* without Yama this fails, and is not needed */
	pid_t child = fork_daemon(spawn->daemon);
	if (child < 0)
		return tg_tracer_fail(t, "fork", 0, errno);
	if (child > 0) {
		while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
			continue;
		become_program(spawn, pipes);
	}
	t->owner = gettid();
	*ret = program;
	return seize_program(t, program, pipes);
}

static int spawn_child(struct tg_tracer *t, const struct tg_spawn *spawn, struct pipes *pipes, pid_t *ret)
{
	pid_t pid = fork();
	if (pid < 0)
		return tg_tracer_fail(t, "fork", 0, errno);
	if (pid == 0)
		become_program(spawn, pipes);
	*ret = pid;
	int err = seize_program(t, pid, pipes);
	if (err) {
		struct tg_task *task = tg_tasks_find(&t->tasks, pid);
		kill(pid, SIGKILL);
		while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
			continue;
		if (task)
			tg_tasks_remove(&t->tasks, task);
	}
	return err;
}

/*
 * Starts `spawn->path`; nothing of it has run when this returns. In daemon mode this returns
 * in another process than it was called in.
 */
int tg_tracer_spawn(struct tg_tracer *t, const struct tg_spawn *spawn, pid_t *ret)
{
	struct pipes pipes;
	struct sock_fprog filter = {0};
	struct tg_spawn with_filter = *spawn;
	int err = open_pipes(&pipes);
	t->detaching = false;
	if (err)
		return tg_tracer_fail(t, "pipe2", 0, -err);
	if (t->seccomp) {
		err = tg_filter_make(&t->wanted, &filter);
		if (err) {
			close_pair(pipes.report);
			close_pair(pipes.go);
			return tg_tracer_fail(t, "seccomp filter", 0, -err);
		}
		with_filter.filter = &filter;
	}
	err = spawn->daemon ? spawn_around(t, &with_filter, &pipes, ret)
			    : spawn_child(t, &with_filter, &pipes, ret);
	close_pair(pipes.report);
	close_pair(pipes.go);
	free(filter.filter);
	return err;
}

/* errno of the execve (or seccomp) that failed in the spawned child, 0 if none did. */
int tg_tracer_exec_error(struct tg_tracer *t)
{
	const char *operation;
	if (t->exec_error_fd < 0)
		return 0;
	int err = read_report(t->exec_error_fd, &operation);
	return err == -EAGAIN || err == -ECHILD ? 0 : -err;
}
