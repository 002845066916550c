#define SYSCALL_DEFINE9(name, ...) not one of these
// SYSCALL_DEFINE1(comment, int, a)
SYSCALL_DEFINE4(openat, int, dfd, const char __user *, filename, int, flags,
		umode_t, mode)
{
}
#ifdef CONFIG_COMPAT
COMPAT_SYSCALL_DEFINE3(truncate64, const char __user *, pathname,
		       compat_arg_u64_dual(length))
{
}
#endif
SYSCALL_DEFINE0(getpid)
{
}
SYSCALL_DEFINE3(hidden, MACRO_OF_THIS_FILE)
