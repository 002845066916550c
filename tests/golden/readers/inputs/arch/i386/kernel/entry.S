ENTRY(system_call)
	pushl %eax
	call *SYMBOL_NAME(sys_call_table)(,%eax,4)

.data
ENTRY(sys_call_table)
	.long SYMBOL_NAME(sys_ni_syscall)	/* 0 - old "setup" system call */
	.long SYMBOL_NAME(sys_exit)
	.long sys_fork
#ifdef CONFIG_PTRACE
	.long sys_ptrace
#else
	.long sys_ni_syscall
#endif
	.long old_mmap		/* 4 */
	.long sys_stime		/* 6 */

	.rept NR_syscalls-6
		.long SYMBOL_NAME(sys_ni_syscall)
	.endr
