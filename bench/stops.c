/* What a call costs: stops CALLS prints the nanoseconds of one getppid; stops CALLS traced: with two bare ptrace stops. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static void make_calls(long calls)
{
	long long begin = now();

	for (long i = 0; i < calls; i++)
		syscall(SYS_getppid);
	printf("%.0f\n", (double)(now() - begin) / (double)calls);
	fflush(stdout);
}

/* The least that a tracer can do: wait, and let go on to the next stop. */
static int stop_at_calls(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) == child && WIFSTOPPED(status))
		if (ptrace(PTRACE_SYSCALL, child, 0, 0) < 0)
			return 1;
	return !WIFEXITED(status) || WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	long calls = argc > 1 ? atol(argv[1]) : 0;
	pid_t child;

	if (calls <= 0 || argc > 3 || (argc == 3 && strcmp(argv[2], "traced"))) {
		fprintf(stderr, "stops CALLS [traced]\n");
		return 2;
	}
	if (argc == 2) {
		make_calls(calls);
		return 0;
	}
	child = fork();
	if (child == 0) {
		if (ptrace(PTRACE_TRACEME, 0, 0, 0) < 0)
			return 1;
		raise(SIGSTOP);
		make_calls(calls);
		return 0;
	}
	return child < 0 || stop_at_calls(child);
}
