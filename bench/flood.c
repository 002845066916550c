/* Makes getppid(2) calls at a steady rate and prints how many: flood CALLS_PER_SECOND SECONDS; rate 0: as many as it can. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	double rate = argc > 1 ? atof(argv[1]) : 1e6, seconds = argc > 2 ? atof(argv[2]) : 5, start = now(), t;
	long made = 0;

	while ((t = now() - start) < seconds) {
		if (rate > 0 && (double)made > rate * t)
			continue;
		for (int i = 0; i < 500; i++)
			syscall(SYS_getppid);
		made += 500;
	}
	printf("%ld %.3f\n", made, t);
	return 0;
}
