/* SPDX-License-Identifier: BSD-2-Clause */
/* Three threads that work, or with an argument one that is not the leader and executes it. Says "ready". */
#include <pthread.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static char **program;

static void *work(void *unused)
{
	for (;;) {
		getppid();
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
	return unused;
}

static void *execute(void *unused)
{
	execv(program[0], program);
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	long pid;

	__asm__ volatile("int $0x80" : "=a"(pid) : "a"(20) : "memory", "r8", "r9", "r10", "r11");
	program = argv + 1;
	if (argc > 1) {
		pthread_create(&thread, NULL, execute, NULL);
	} else {
		pthread_create(&thread, NULL, work, NULL);
		pthread_create(&thread, NULL, work, NULL);
		puts("ready");
		fflush(stdout);
	}
	work(NULL);
}
