#define __NR_syscall (__NR_Linux + 0)
#define __NR_exit	(__NR_Linux + 1)
#define __NR_cachectl (__NR_Linux + (1 << 2) + 2 * 3)
