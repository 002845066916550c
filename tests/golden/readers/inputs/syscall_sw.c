const mach_trap_t mach_trap_table[MACH_TRAP_TABLE_COUNT] = {
/* 0 */ MACH_TRAP(kern_invalid, 0, 0, NULL),
#if defined(__LP64__)
/* 1 */ MACH_TRAP(mach_msg2_trap, 8, 16, munge_llllllll),
#else
/* 1 */ MACH_TRAP(kern_invalid, 0, 0, NULL), /* none */
#endif
/* 2 */ MACH_TRAP(mach_reply_port, 0, 0, NULL, .mach_trap_returns_port = 1),
/* 9 */ MACH_TRAP(swtch, 0, 0, NULL),
};
MACH_TRAP(after_the_table, 0, 0, NULL)
