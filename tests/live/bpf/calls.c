/*
 * Makes calls whose records the tests know, because this program prints what it did.
 * Each line of standard error: a name and numbers or hex, parsed by the test.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static void say_bytes(const char *name, const void *bytes, size_t n)
{
	fprintf(stderr, "%s ", name);
	for (size_t i = 0; i < n; i++)
		fprintf(stderr, "%02x", ((const unsigned char *)bytes)[i]);
	fprintf(stderr, "\n");
}

static void do_files(void)
{
	char path[] = "/tmp/trapgate-test-XXXXXX", long_path[3000];
	struct stat st;
	char buf[64];
	int fd = mkstemp(path);
	ssize_t n = write(fd, "hello, records", 14);

	fprintf(stderr, "path %s\nfd %d\nwritten %zd\n", path, fd, n);
	syscall(SYS_newfstatat, AT_FDCWD, path, &st, 0);
	say_bytes("stat", &st, sizeof(st));
	lseek(fd, 0, SEEK_SET);
	fprintf(stderr, "read %zd\n", read(fd, buf, sizeof(buf)));
	memset(long_path, 'a', sizeof(long_path) - 1);
	long_path[sizeof(long_path) - 1] = 0;
	syscall(SYS_access, long_path, 0);
	fprintf(stderr, "errno %d\n", errno);
	unlink(path);
}

static void do_vectors(void)
{
	static char big[20000];
	char a[] = "first", b[] = "the second one", in[8], rest[64];
	struct iovec out[3] = {{a, 5}, {b, 14}, {NULL, 0}}, into[2] = {{in, 4}, {rest, 60}};
	struct mmsghdr messages[2] = {0};
	int pipes[2], pair[2];

	if (pipe(pipes) || socketpair(AF_UNIX, SOCK_DGRAM, 0, pair))
		exit(9);
	fprintf(stderr, "writev %zd\n", writev(pipes[1], out, 3));
	fprintf(stderr, "readv %zd\n", readv(pipes[0], into, 2));
	for (int i = 0; i < 2; i++) {
		messages[i].msg_hdr.msg_iov = &out[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	fprintf(stderr, "sendmmsg %ld\n", syscall(SYS_sendmmsg, pair[0], messages, 2, 0));
	struct msghdr one = {.msg_iov = out, .msg_iovlen = 2};
	fprintf(stderr, "sendmsg %zd\n", sendmsg(pair[0], &one, 0));
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (char)(i * 7);
	int null = open("/dev/null", O_WRONLY);
	fprintf(stderr, "big %zd\n", write(null, big, sizeof(big)));
}

static void *make_calls(void *n)
{
	for (long i = 0; i < (long)n; i++)
		syscall(SYS_getppid);
	return NULL;
}

static void do_tree(void)
{
	pthread_t thread;
	pid_t pid = fork();

	if (pid == 0) {
		make_calls((void *)11);
		_exit(3);
	}
	waitpid(pid, NULL, 0);
	fprintf(stderr, "child %d 11\n", pid);
	pthread_create(&thread, NULL, make_calls, (void *)13);
	pthread_join(thread, NULL);
	pid = vfork();
	if (pid == 0) {
		execl("/bin/true", "true", "an argument", NULL);
		_exit(9);
	}
	waitpid(pid, NULL, 0);
	fprintf(stderr, "vforked %d\nparent %d\n", pid, getpid());
}

static void *run_true(void *unused)
{
	(void)unused;
	fprintf(stderr, "thread %ld\n", syscall(SYS_gettid));
	execl("/bin/true", "true", NULL);
	return NULL;
}

static void do_thread_exec(void)
{
	pthread_t thread;

	fprintf(stderr, "process %d\n", getpid());
	pthread_create(&thread, NULL, run_true, NULL);
	pthread_join(thread, NULL);
}

static void on_signal(int number)
{
	(void)number;
}

static void do_signals(void)
{
	pid_t pid;

	signal(SIGUSR1, on_signal);
	sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 4711});
	fprintf(stderr, "process %d\nuid %d\n", getpid(), getuid());
	pid = fork();
	if (pid == 0) {
		pause();
		_exit(9);
	}
	usleep(100000);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	fprintf(stderr, "killed %d\n", pid);
}

static void do_memory(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *two = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *file;
	char path[] = "/tmp/trapgate-cold-XXXXXX";
	int fd = mkstemp(path), null = open("/dev/null", O_WRONLY);

	munmap(two + page, page);
	strcpy(two + page - 4, "end");
	fprintf(stderr, "edge %p %ld\n", (void *)(two + page - 4), syscall(SYS_access, two + page - 4, 0));
	memcpy(two + page - 4, "open", 4);
	fprintf(stderr, "cut %p %ld\n", (void *)(two + page - 4), syscall(SYS_access, two + page - 4, 0));
	fprintf(stderr, "bad %ld\n", syscall(SYS_access, 0x10, 0));
	fprintf(stderr, "half %p %zd\n", (void *)(two + page - 4), write(null, two + page - 4, 12));
	/* a page that is in the file but not in this process: nothing has touched it */
	if (write(fd, "/no/such/file/anywhere", 23) != 23)
		exit(9);
	file = mmap(NULL, page, PROT_READ, MAP_PRIVATE, fd, 0);
	fprintf(stderr, "cold %p %ld\n", (void *)file, syscall(SYS_access, file, 0));
	unlink(path);
}

static void do_abi(void)
{
	int result = -1;

#if defined(__x86_64__)
	/* getpid of i386, with rubbish above the 32 bits that count */
	__asm__ volatile("movabs $0xdead0000000b0b0, %%rbx; int $0x80"
			 : "=a"(result) : "a"(20) : "rbx", "memory", "r8", "r9", "r10", "r11");
	fprintf(stderr, "int80 %d %d\n", result, getpid());
	fprintf(stderr, "x32 %ld\n", syscall(0x40000000 + 39));
#endif
	result = (int)syscall(1000, 1, 2, 3, 4, 5, 6);
	fprintf(stderr, "unknown %d %d\n", result, errno);
}

static void do_seccomp(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mkdir, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 77),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {4, code};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		exit(9);
	long result = syscall(SYS_mkdir, "/tmp/refused", 0700);
	fprintf(stderr, "mkdir %ld %d\n", result, errno);
}

static void do_flood(long n)
{
	make_calls((void *)n);
}

static void *wait_for_ever(void *unused)
{
	pause();
	return unused;
}

/* Three threads in pause(); the main thread makes `n` calls after a line on standard input. */
static void do_wait(long n)
{
	pthread_t thread;
	char line[16];

	for (int i = 0; i < 3; i++)
		pthread_create(&thread, NULL, wait_for_ever, NULL);
	fprintf(stderr, "ready %d\n", getpid());
	if (read(0, line, sizeof(line)) < 0)
		exit(9);
	make_calls((void *)n);
	fprintf(stderr, "done\n");
	if (read(0, line, sizeof(line)) < 0)
		exit(9);
	exit(0);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	long n = argc > 2 ? atol(argv[2]) : 0;

	if (!strcmp(what, "files"))
		do_files();
	else if (!strcmp(what, "vectors"))
		do_vectors();
	else if (!strcmp(what, "tree"))
		do_tree();
	else if (!strcmp(what, "thread-exec"))
		do_thread_exec();
	else if (!strcmp(what, "signals"))
		do_signals();
	else if (!strcmp(what, "memory"))
		do_memory();
	else if (!strcmp(what, "abi"))
		do_abi();
	else if (!strcmp(what, "seccomp"))
		do_seccomp();
	else if (!strcmp(what, "flood"))
		do_flood(n);
	else if (!strcmp(what, "wait"))
		do_wait(n);
	else
		return 2;
	return 0;
}
