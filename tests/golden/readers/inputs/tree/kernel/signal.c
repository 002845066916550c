SYSCALL_DEFINE3(read, unsigned int, fd, char __user *, buf, size_t, count)
#ifdef CONFIG_ODD
SYSCALL_DEFINE4(rt_sigaction, int, sig, const struct sigaction __user *, act,
		struct sigaction __user *, oact, size_t, sigsetsize)
#endif
