#ifndef _ASM_UNISTD_64_H
#define _ASM_UNISTD_64_H

#define __NR_read 0
#define __NR_write 1 /* a comment
that goes on */
#define __NR_openat 0x101
#define __NR_syscalls 463

#endif /* _ASM_UNISTD_64_H */
