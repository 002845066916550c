/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of trapgate._core that speak Python share. Each part adds itself by its hook. */
#ifndef TRAPGATE_PY_H
#define TRAPGATE_PY_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

int tg_ptrace_add_types(PyObject *module);  /* py_ptrace.c */
int tg_bpf_add_types(PyObject *module);     /* bpf_ring.c */
int tg_split_add_functions(PyObject *module); /* split.c */

#endif
