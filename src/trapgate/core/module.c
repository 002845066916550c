/* SPDX-License-Identifier: BSD-2-Clause */
/* trapgate._core: the part of trapgate that touches the kernel. */
#include "py.h"

static int exec_module(PyObject *module)
{
	if (tg_ptrace_add_types(module) < 0)
		return -1;
	if (tg_bpf_add_types(module) < 0)
		return -1;
	if (tg_split_add_functions(module) < 0)
		return -1;
	return 0;
}

static PyModuleDef_Slot slots[] = {
	{Py_mod_exec, exec_module},
	{0, NULL},
};

static struct PyModuleDef definition = {
	PyModuleDef_HEAD_INIT,
	.m_name = "trapgate._core",
	.m_doc = "Copies, rings and ptrace in C; knows no call by name.",
	.m_slots = slots,
};

PyMODINIT_FUNC PyInit__core(void)
{
	return PyModuleDef_Init(&definition);
}
