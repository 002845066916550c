/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trapgate._core.split_call: the parts of a merged record as Python objects. Records of varied
 * work differ from each other, so each is taken apart; in Python that takes longer than to tell
 * what most of them say.
 */
#include "py.h"

#include <stdbool.h>
#include <string.h>

#include "record.h"

#define WORDS (sizeof((struct tg_record *)0)->arg / sizeof(u64))

/* Adds the bytes behind `piece` to those of its phase; 0 if its address is there already, -1 with an exception set. */
static int add_piece(PyObject *pieces, const struct tg_piece *piece, const char *bytes)
{
	int added = -1;
	PyObject *addr = PyLong_FromUnsignedLongLong(piece->addr);
	PyObject *value = addr ? Py_BuildValue("(Iy#)", piece->flags, bytes, (Py_ssize_t)piece->len) : NULL;
	if (value) {
		added = PyDict_Contains(pieces, addr);
		if (added >= 0)
			added = added ? 0 : PyDict_SetItem(pieces, addr, value) < 0 ? -1 : 1;
	}
	Py_XDECREF(value);
	Py_XDECREF(addr);
	return added;
}

/* 1 if all pieces of the record, which ends at `end`, were added; 0 if one is not as it should be; -1 on an exception. */
static int add_pieces(PyObject *before, PyObject *after, unsigned count, const char *at, const char *end)
{
	struct tg_piece piece;
	while (count--) {
		if (end - at < (Py_ssize_t)sizeof piece)
			return 0;
		memcpy(&piece, at, sizeof piece);
		at += sizeof piece;
		if (end - at < piece.len || (piece.phase != TG_AT_ENTRY && piece.phase != TG_AT_EXIT))
			return 0;
		int added = add_piece(piece.phase == TG_AT_EXIT ? after : before, &piece, at);
		if (added <= 0)
			return added;
		Py_ssize_t padded = ((Py_ssize_t)piece.len + 7) & ~(Py_ssize_t)7;
		at += padded < end - at ? padded : end - at;
	}
	return 1;
}

static PyObject *split_call(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
	(void)self;
	if (n != 2 || !PyBytes_Check(args[0]) || !PyLong_Check(args[1])) {
		PyErr_SetString(PyExc_TypeError, "split_call(batch: bytes, offset: int)");
		return NULL;
	}
	Py_ssize_t offset = PyLong_AsSsize_t(args[1]), size = PyBytes_GET_SIZE(args[0]);
	if (offset == -1 && PyErr_Occurred())
		return NULL;
	struct tg_record record;
	if (offset < 0 || offset > size || size - offset < (Py_ssize_t)sizeof record)
		Py_RETURN_NONE;
	const char *start = PyBytes_AS_STRING(args[0]) + offset;
	memcpy(&record, start, sizeof record);
	if (record.size < sizeof record || record.size > size - offset)
		Py_RETURN_NONE;
	PyObject *before = PyDict_New(), *after = PyDict_New(), *words = PyTuple_New(WORDS), *found = NULL;
	if (!before || !after || !words)
		goto out;
	for (size_t i = 0; i < WORDS; i++) {
		PyObject *word = PyLong_FromUnsignedLongLong(record.arg[i]);
		if (!word)
			goto out;
		PyTuple_SET_ITEM(words, i, word);
	}
	int whole = add_pieces(before, after, record.pieces, start + sizeof record, start + record.size);
	if (whole > 0)
		found = Py_BuildValue("(OLOO)", words, (long long)record.result, before, after);
	else if (whole == 0)
		found = Py_NewRef(Py_None);
out:
	Py_XDECREF(before);
	Py_XDECREF(after);
	Py_XDECREF(words);
	return found;
}

static PyMethodDef functions[] = {
	{"split_call", (PyCFunction)(void (*)(void))split_call, METH_FASTCALL,
	 "The words, result and copied pieces of the record at an offset of a batch."},
	{NULL, NULL, 0, NULL},
};

int tg_split_add_functions(PyObject *module)
{
	return PyModule_AddFunctions(module, functions);
}
