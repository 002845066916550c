/* SPDX-License-Identifier: BSD-2-Clause */
/* Does what its arguments name, one after the other: a program for tests of the tracer's options. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void on_signal(int sig)
{
	(void)sig;
}

static void write_data(void)
{
	int fd = open("data", O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (write(fd, "0123456789abcdef0123456789abcdef0123456789\t\1\377", 45) != 45)
		_exit(9);
	close(fd);
}

static void write_much(void)
{
	static char much[40000];
	struct iovec parts[2] = {{much, 20000}, {much, 5}};
	int fd = open("/dev/null", O_WRONLY);
	memset(much, 'x', sizeof much);
	if (write(fd, much, sizeof much) != sizeof much || writev(fd, parts, 2) != 20005)
		_exit(9);
	close(fd);
}

static void run_child(const char *self, int executes)
{
	pid_t child = fork();
	if (child == 0) {
		getppid();
		if (executes)
			execl(self, self, "chdir", (char *)NULL);
		_exit(3);
	}
	waitpid(child, NULL, 0);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *what = argv[i];
		if (!strcmp(what, "chdir") && chdir("/"))
			return 1;
		if (!strcmp(what, "missing"))
			open("/no/such/file", O_RDONLY);
		if (!strcmp(what, "data"))
			write_data();
		if (!strcmp(what, "much"))
			write_much();
		if (!strcmp(what, "signal")) {
			signal(SIGUSR1, on_signal);
			raise(SIGUSR1);
		}
		if (!strcmp(what, "fork") || !strcmp(what, "exec"))
			run_child("/proc/self/exe", what[0] == 'e');
		if (!strcmp(what, "stat")) {
			struct stat info;
			syscall(SYS_stat, "/", &info);
		}
		if (!strcmp(what, "colour"))
			chdir(getenv("COLOUR") ? getenv("COLOUR") : "unset");
		if (!strcmp(what, "name"))
			chdir(argv[0]);
		if (!strcmp(what, "ids"))
			if (chdir(getuid() == 65534 && getgid() == 65534 ? "/user" : "/other"))
				continue;
		if (!strcmp(what, "sleep"))
			nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
		if (!strcmp(what, "unknown"))
			syscall(700, 1, 2, 3, 4, 5, 6);
		if (!strcmp(what, "rename"))
			prctl(PR_SET_NAME, "renamed");
		if (!strcmp(what, "pids"))
			kill(getpid(), 0);
		if (!strcmp(what, "stop"))
			for (;;)
				pause();
	}
	return 5;
}
