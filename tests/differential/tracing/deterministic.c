/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs that make the same calls each time: `deterministic TOPIC`. Everything is done by plain system
 * calls on things the program makes itself; what depends on who runs first is left out.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static char buffer[256];

static void files(void)
{
	struct stat info;
	struct iovec parts[2] = {{"ab", 2}, {"\tc\n", 3}};
	struct timespec times[2] = {{1000000000, 5}, {0, UTIME_OMIT}};
	int fd = open("file", O_RDWR | O_CREAT | O_EXCL, 0640);
	(void)!write(fd, "hello\0world", 11);
	(void)!pwrite(fd, "J", 1, 0);
	writev(fd, parts, 2);
	lseek(fd, 2, SEEK_SET);
	(void)!read(fd, buffer, 5);
	(void)!pread(fd, buffer, 100, 6);
	lseek(fd, -3, SEEK_END);
	(void)!ftruncate(fd, 7);
	fsync(fd);
	fstat(fd, &info);
	fchmod(fd, 0600);
	flock(fd, LOCK_EX | LOCK_NB);
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 1, .l_len = 2};
	fcntl(fd, F_SETLK, &lock);
	fcntl(fd, F_GETFL);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	dup2(fd, 20);
	dup3(fd, 21, O_CLOEXEC);
	close(20);
	close(20);
	rename("file", "file 2");
	link("file 2", "hard");
	symlink("hard", "soft");
	(void)!readlink("soft", buffer, sizeof buffer);
	lstat("soft", &info);
	stat("soft", &info);
	chmod("hard", 04755);
	access("hard", R_OK | X_OK);
	utimensat(AT_FDCWD, "hard", times, 0);
	setxattr("hard", "user.name", "value", 5, XATTR_CREATE);
	getxattr("hard", "user.name", buffer, sizeof buffer);
	(void)!truncate("hard", 3);
	unlink("soft");
	unlink("missing");
	open("file 2/x", O_RDONLY);
	open("\1\377name", O_WRONLY | O_NONBLOCK | O_DIRECTORY);
	mknod("fifo", S_IFIFO | 0600, 0);
	umask(027);
	close(fd);
}

static void directories(void)
{
	DIR *dir;
	mkdir("one", 0755);
	mkdir("one", 0700);
	mkdirat(AT_FDCWD, "one/two", 01777);
	int fd = open("one", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	close(openat(fd, "leaf", O_WRONLY | O_CREAT, 0600));
	symlinkat("leaf", fd, "link");
	renameat2(fd, "leaf", fd, "leaf2", RENAME_NOREPLACE);
	(void)!chdir("one");
	(void)!getcwd(buffer, 3);
	(void)!fchdir(fd);
	dir = opendir(".");
	while (readdir(dir))
		continue;
	closedir(dir);
	unlinkat(fd, "two", AT_REMOVEDIR);
	rmdir("../one");
	rmdir("nothing");
	int watch = inotify_init1(IN_NONBLOCK);
	inotify_add_watch(watch, ".", IN_CREATE | IN_DELETE | IN_ONLYDIR);
	close(watch);
	close(fd);
}

static void pipes(void)
{
	int fd[2], other[2];
	(void)!pipe(fd);
	(void)!pipe2(other, O_NONBLOCK | O_CLOEXEC);
	(void)!write(fd[1], "through", 7);
	(void)!read(fd[0], buffer, sizeof buffer);
	(void)!read(other[0], buffer, sizeof buffer);
	ioctl(fd[0], FIONREAD, buffer);
	(void)!write(fd[1], "0123456789012345678901234567890123456789", 40);
	splice(fd[0], NULL, other[1], NULL, 10, SPLICE_F_NONBLOCK);
	tee(fd[0], other[1], 5, SPLICE_F_NONBLOCK);
	fcntl(fd[1], F_SETPIPE_SZ, 65536);
	close(fd[0]);
	signal(SIGPIPE, SIG_IGN);
	(void)!write(fd[1], "x", 1);
	close(fd[1]);
}

static void sockets(void)
{
	int pair[2], one = 1, fd, client, server;
	socklen_t size = sizeof one;
	struct sockaddr_un name = {AF_UNIX, "\0abstract"};
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(7), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	char control[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec part = {buffer, 4}, out = {"data", 4};
	struct msghdr message = {.msg_iov = &out, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
	socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair);
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	*header = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
	memcpy(CMSG_DATA(header), &one, sizeof one);
	sendmsg(pair[0], &message, MSG_NOSIGNAL);
	message.msg_iov = &part;
	recvmsg(pair[1], &message, MSG_CMSG_CLOEXEC);
	send(pair[0], "abc", 3, MSG_DONTWAIT);
	recv(pair[1], buffer, sizeof buffer, MSG_PEEK);
	shutdown(pair[0], SHUT_WR);
	server = socket(AF_UNIX, SOCK_STREAM, 0);
	bind(server, (void *)&name, offsetof(struct sockaddr_un, sun_path) + 9);
	listen(server, 5);
	client = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	connect(client, (void *)&name, offsetof(struct sockaddr_un, sun_path) + 9);
	close(accept4(server, NULL, NULL, SOCK_CLOEXEC));
	fd = socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	getsockopt(fd, SOL_SOCKET, SO_TYPE, &one, &size);
	bind(fd, (void *)&in, sizeof in);
	size = sizeof in;
	getsockname(fd, (void *)&in, &size);
	sendto(fd, "datagram", 8, 0, (void *)&in, sizeof in);
	size = sizeof in;
	recvfrom(fd, buffer, sizeof buffer, MSG_DONTWAIT, (void *)&in, &size);
	fd = socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP);
	connect(fd, (void *)&in6, sizeof in6);
	getpeername(fd, (void *)&in6, &size);
	socket(AF_INET, 77, 99);
}

static void on_signal(int sig)
{
	(void)sig;
}

static void signals(void)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART | SA_NODEFER};
	sigset_t set;
	siginfo_t info;
	struct timespec none = {0, 0};
	stack_t stack = {.ss_sp = buffer, .ss_flags = SS_DISABLE};
	sigemptyset(&action.sa_mask);
	sigaddset(&action.sa_mask, SIGTERM);
	sigaction(SIGUSR1, &action, NULL);
	kill(getpid(), SIGUSR1);
	sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 5});
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGRTMIN + 1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGUSR2);
	sigpending(&set);
	sigtimedwait(&set, &info, &none);
	sigtimedwait(&set, &info, &none);
	close(signalfd(-1, &set, SFD_CLOEXEC));
	sigaltstack(&stack, NULL);
	alarm(100);
	alarm(0);
	signal(SIGINT, SIG_IGN);
	kill(getpid(), SIGINT);
	kill(getpid(), 77);
	kill(getpid(), SIGTERM);
}

static void *thread(void *value)
{
	syscall(SYS_gettid);
	return value;
}

static void threads(void)
{
	pthread_t one;
	for (int i = 0; i < 2; i++) {
		pthread_create(&one, NULL, thread, NULL);
		pthread_join(one, NULL);
	}
}

static void forks(void)
{
	int status;
	siginfo_t info;
	if (fork() == 0) {
		if (fork() == 0)
			_exit(11);
		wait(&status);
		getppid();
		_exit(12);
	}
	wait4(-1, &status, 0, NULL);
	pid_t child = vfork();
	if (child == 0)
		_exit(13);
	waitid(P_PID, child, &info, WEXITED | WNOWAIT);
	waitpid(child, &status, 0);
	child = fork();
	if (child == 0) {
		raise(SIGKILL);
		_exit(0);
	}
	waitpid(child, &status, 0);
	waitpid(-1, &status, WNOHANG);
	getpriority(PRIO_PROCESS, 0);
	setpgid(0, 0);
	_exit(300);
}

static void executions(void)
{
	char *argv[] = {"name", "with \"quotes\"", "", NULL}, *env[] = {"A=1", NULL};
	execve("/no/such/program", argv, env);
	execve("/etc/passwd", argv, env);
	execve("/etc/passwd/x", argv, env);
	execve((char *)1, argv, env);
	execve("/bin/true", argv, env);
}

static void memory(void)
{
	char *at = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mprotect(at, 4096, PROT_NONE);
	mprotect(at + 4096, 4096, PROT_READ | PROT_EXEC);
	madvise(at, 8192, MADV_DONTNEED);
	mlock(at + 8192, 4096);
	munlock(at + 8192, 4096);
	msync(at, 4096, MS_ASYNC);
	mincore(at + 8192, 4096, (unsigned char *)buffer);
	at = mremap(at, 16384, 32768, MREMAP_MAYMOVE);
	munmap(at, 32768);
	mmap(NULL, 0, PROT_READ, MAP_SHARED, -1, 0);
	mmap(NULL, 4096, PROT_READ, MAP_SHARED, 99, 4096);
	int fd = memfd_create("memory", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	(void)!ftruncate(fd, 4096);
	mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	syscall(SYS_brk, 0);
}

static void clocks(void)
{
	struct timespec time = {0, 1000000};
	struct itimerval interval = {.it_value = {100, 5}}, none = {0};
	struct itimerspec spec = {.it_value = {50, 7}};
	struct sigevent event = {.sigev_notify = SIGEV_NONE};
	timer_t timer;
	syscall(SYS_clock_gettime, CLOCK_REALTIME, &time);
	syscall(SYS_clock_getres, CLOCK_MONOTONIC, &time);
	syscall(SYS_clock_gettime, 12345, &time);
	syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &(struct timespec){0, 1000}, NULL);
	syscall(SYS_gettimeofday, buffer, NULL);
	syscall(SYS_nanosleep, &(struct timespec){0, 1000000000}, NULL);
	setitimer(ITIMER_REAL, &interval, NULL);
	setitimer(ITIMER_REAL, &none, NULL);
	timer_create(CLOCK_MONOTONIC, &event, &timer);
	timer_settime(timer, 0, &spec, NULL);
	timer_delete(timer);
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	timerfd_settime(fd, TFD_TIMER_ABSTIME, &spec, NULL);
	(void)!read(fd, buffer, 7);
	close(fd);
}

static void polling(void)
{
	int fd[2];
	struct timespec none = {0, 0};
	struct timeval zero = {0, 0};
	fd_set readable, writable;
	sigset_t set;
	(void)!pipe(fd);
	(void)!write(fd[1], "x", 1);
	struct pollfd polled[] = {{fd[0], POLLIN | POLLPRI, 0}, {fd[1], POLLOUT, 0}, {-1, POLLIN, 0}, {77, POLLIN, 0}};
	poll(polled, 4, 0);
	poll(polled, 1, 100);
	poll(NULL, 0, 1);
	sigemptyset(&set);
	ppoll(polled, 2, &none, &set);
	FD_ZERO(&readable);
	FD_SET(fd[0], &readable);
	FD_ZERO(&writable);
	FD_SET(fd[1], &writable);
	select(fd[1] + 1, &readable, &writable, NULL, &zero);
	pselect(fd[1] + 1, &readable, NULL, NULL, &none, &set);
	select(0, NULL, NULL, NULL, &zero);
	int at = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u64 = 0x100000007}, ready[2];
	epoll_ctl(at, EPOLL_CTL_ADD, fd[0], &event);
	epoll_ctl(at, EPOLL_CTL_ADD, fd[0], &event);
	epoll_wait(at, ready, 2, 0);
	epoll_pwait(at, ready, 2, 0, &set);
	close(eventfd(3, EFD_NONBLOCK | EFD_SEMAPHORE));
}

static void terminal(void)
{
	struct termios settings;
	struct winsize size = {24, 80, 0, 0};
	int on = 1, fd = open("/dev/ptmx", O_RDWR | O_NOCTTY);
	ioctl(fd, TIOCSPTLCK, (on = 0, &on));
	ioctl(fd, TIOCSWINSZ, &size);
	ioctl(fd, TIOCGWINSZ, &size);
	ioctl(fd, TCGETS, &settings);
	settings.c_lflag &= ~(tcflag_t)(ECHO | ICANON);
	ioctl(fd, TCSETS, &settings);
	ioctl(fd, TIOCOUTQ, &on);
	ioctl(fd, FIONBIO, &on);
	ioctl(0, TCGETS, &settings);
	ioctl(fd, 0x12345678, 0);
	close(fd);
}

static void identity(void)
{
	struct utsname name;
	struct rlimit limit;
	getuid();
	geteuid();
	getgid();
	getresuid((uid_t *)buffer, (uid_t *)buffer + 1, (uid_t *)buffer + 2);
	getpgrp();
	uname(&name);
	syscall(SYS_getrlimit, RLIMIT_NOFILE, &limit);
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	prctl(PR_SET_NAME, "a name");
	prctl(PR_GET_DUMPABLE);
	sched_yield();
	syscall(SYS_sched_getscheduler, 0);
	setpriority(PRIO_PROCESS, 0, 0);
	syscall(SYS_getcwd, buffer, 1);
	chroot("/no/such");
	sync();
}

static const struct {
	const char *name;
	void (*run)(void);
} topics[] = {
	{"files", files},     {"directories", directories}, {"pipes", pipes},     {"sockets", sockets},
	{"signals", signals}, {"threads", threads},         {"forks", forks},     {"executions", executions},
	{"memory", memory},   {"clocks", clocks},           {"polling", polling}, {"terminal", terminal},
	{"identity", identity},
};

int main(int argc, char **argv)
{
	for (unsigned i = 0; argc > 1 && i < sizeof topics / sizeof *topics; i++)
		if (!strcmp(argv[1], topics[i].name)) {
			topics[i].run();
			return 0;
		}
	return 2;
}
