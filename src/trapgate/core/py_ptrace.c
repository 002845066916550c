/* SPDX-License-Identifier: BSD-2-Clause */
/* trapgate._core.Ptrace: one tracer, used by one thread; documented in _core.pyi. */
#include "py.h"
#include "tracer.h"

#include <errno.h>
#include <linux/filter.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct ptrace_object {
	PyObject_HEAD
	struct tg_tracer tracer;
	bool open;
};

static PyObject *trace_error;

/* Raises TraceError(errno, "operation: reason") with `operation` and `pid`. */
static PyObject *raise_error(const char *operation, pid_t pid, int error)
{
	PyObject *value = PyObject_CallFunction(trace_error, "iN", error,
						PyUnicode_FromFormat("%s: %s", operation, strerror(error)));
	if (!value)
		return NULL;
	PyObject *name = PyUnicode_FromString(operation), *number = PyLong_FromLong(pid);
	if (name && number && PyObject_SetAttrString(value, "operation", name) == 0 &&
	    PyObject_SetAttrString(value, "pid", number) == 0)
		PyErr_SetObject(trace_error, value);
	Py_XDECREF(name);
	Py_XDECREF(number);
	Py_DECREF(value);
	return NULL;
}

static PyObject *raise_failed(const struct ptrace_object *self, int err)
{
	if (err == -ENOMEM)
		return PyErr_NoMemory();
	return raise_error(self->tracer.failed ? self->tracer.failed : "ptrace", self->tracer.failed_pid, -err);
}

static bool is_open(const struct ptrace_object *self)
{
	if (self->open)
		return true;
	PyErr_SetString(PyExc_ValueError, "the tracer is closed");
	return false;
}

/* ---- plans and wanted calls ---- */

static int store_plan(struct tg_plan *at, PyObject *value)
{
	char *bytes;
	Py_ssize_t size;
	if (PyBytes_AsStringAndSize(value, &bytes, &size) < 0)
		return -1;
	if (size != (Py_ssize_t)sizeof *at) {
		PyErr_Format(PyExc_ValueError, "a plan has %zu bytes, not %zd", sizeof *at, size);
		return -1;
	}
	memcpy(at, bytes, sizeof *at);
	if (tg_plan_check(at) < 0) {
		PyErr_SetString(PyExc_ValueError, "a plan refers to an operation or argument that does not exist");
		return -1;
	}
	return 0;
}

typedef int (*add_plan)(struct tg_plans *, u64, const struct tg_plan *);

static int add_one(struct ptrace_object *self, PyObject *key, PyObject *value, add_plan add)
{
	struct tg_plan plan;
	u64 number = PyLong_AsUnsignedLongLong(key);
	if (PyErr_Occurred() || store_plan(&plan, value) < 0)
		return -1;
	int err = add(&self->tracer.plans, number, &plan);
	if (err == -ENOMEM)
		PyErr_NoMemory();
	else if (err)
		PyErr_Format(PyExc_ValueError, "no plan can have the key %llu", (unsigned long long)number);
	return err ? -1 : 0;
}

static int add_all(struct ptrace_object *self, PyObject *mapping, add_plan add)
{
	PyObject *items = mapping == Py_None ? PyList_New(0) : PyMapping_Items(mapping);
	int result = items ? 0 : -1;
	for (Py_ssize_t i = 0; result == 0 && i < PyList_GET_SIZE(items); i++) {
		PyObject *item = PyList_GET_ITEM(items, i);
		result = add_one(self, PyTuple_GET_ITEM(item, 0), PyTuple_GET_ITEM(item, 1), add);
	}
	Py_XDECREF(items);
	return result;
}

static int set_wanted_abi(struct tg_wanted *wanted, PyObject *key, PyObject *value)
{
	char *bytes;
	Py_ssize_t size;
	long abi = PyLong_AsLong(key);
	if (PyErr_Occurred() || PyBytes_AsStringAndSize(value, &bytes, &size) < 0)
		return -1;
	if (abi < 1 || abi >= TG_ABIS || size > 65536 / 8) {
		PyErr_SetString(PyExc_ValueError, "wanted: an ABI between 1 and 4, and at most 65536 bits");
		return -1;
	}
	free(wanted->map[abi]);
	wanted->map[abi] = malloc((size_t)size + 1);
	if (!wanted->map[abi]) {
		PyErr_NoMemory();
		return -1;
	}
	memcpy(wanted->map[abi], bytes, (size_t)size);
	wanted->bits[abi] = (u32)size * 8;
	return 0;
}

static int set_wanted(struct ptrace_object *self, PyObject *mapping)
{
	struct tg_wanted *wanted = &self->tracer.wanted;
	wanted->all = mapping == Py_None;
	PyObject *items = wanted->all ? PyList_New(0) : PyMapping_Items(mapping);
	int result = items ? 0 : -1;
	for (Py_ssize_t i = 0; result == 0 && i < PyList_GET_SIZE(items); i++) {
		PyObject *item = PyList_GET_ITEM(items, i);
		result = set_wanted_abi(wanted, PyTuple_GET_ITEM(item, 0), PyTuple_GET_ITEM(item, 1));
	}
	Py_XDECREF(items);
	return result;
}

/* ---- life ---- */

static void close_tracer(struct ptrace_object *self)
{
	/* a thread that stays traced would freeze at its next stop; after a fork it is not ours */
	if (self->open && self->tracer.tasks.n && self->tracer.owner == gettid()) {
		if (self->tracer.kill_on_exit)
			tg_tracer_kill_all(&self->tracer);
		else
			tg_tracer_detach_all(&self->tracer);
	}
	if (self->open)
		tg_tracer_deinit(&self->tracer);
	self->open = false;
}

static int ptrace_init(PyObject *object, PyObject *args, PyObject *kwargs)
{
	struct ptrace_object *self = (struct ptrace_object *)object;
	static char *names[] = {"follow", "hold", "plan", "subplan", "wanted", "seccomp", "kill_on_exit",
				"buffer_size", "flush_ms", "place", "mixed", NULL};
	int follow = 0, hold = 0, mixed = 0, seccomp = 0, kill_on_exit = 0, place = 1;
	Py_ssize_t buffer_size = 1 << 20;
	unsigned flush_ms = 50;
	PyObject *plan = Py_None, *subplan = Py_None, *wanted = Py_None;
	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|$ppOOOppnIpp", names, &follow, &hold, &plan, &subplan, &wanted,
					 &seccomp, &kill_on_exit, &buffer_size, &flush_ms, &place, &mixed))
		return -1;
	if (seccomp && !follow) {
		PyErr_SetString(PyExc_ValueError, "seccomp needs follow: children inherit the filter");
		return -1;
	}
	if (hold && mixed) {
		PyErr_SetString(PyExc_ValueError, "hold and mixed exclude each other");
		return -1;
	}
	close_tracer(self);
	self->tracer = (struct tg_tracer){
		.follow = follow,
		.hold = hold,
		.mixed = mixed,
		.seccomp = seccomp,
		.kill_on_exit = kill_on_exit || seccomp, /* without its tracer a filtered call fails with ENOSYS */
		.buffer_size = buffer_size > 0 ? (size_t)buffer_size : 1,
		.flush_ms = flush_ms,
		.place = {.on = place && !seccomp}, /* with a filter not every call is seen */
	};
	tg_tracer_init(&self->tracer);
	self->open = true;
	if (add_all(self, plan, tg_plans_add) < 0 || add_all(self, subplan, tg_plans_add_sub) < 0 || set_wanted(self, wanted) < 0) {
		close_tracer(self);
		return -1;
	}
	return 0;
}

static void ptrace_dealloc(PyObject *object)
{
	PyTypeObject *type = Py_TYPE(object);
	close_tracer((struct ptrace_object *)object);
	type->tp_free(object);
	Py_DECREF(type);
}

static PyObject *ptrace_close(PyObject *object, PyObject *unused)
{
	(void)unused;
	close_tracer((struct ptrace_object *)object);
	Py_RETURN_NONE;
}

static PyObject *add_from(PyObject *object, PyObject *args, add_plan add)
{
	struct ptrace_object *self = (struct ptrace_object *)object;
	PyObject *key, *plan;
	if (!PyArg_ParseTuple(args, "O!O", &PyLong_Type, &key, &plan) || !is_open(self) || add_one(self, key, plan, add) < 0)
		return NULL;
	Py_RETURN_NONE;
}

static PyObject *ptrace_add_plan(PyObject *object, PyObject *args)
{
	return add_from(object, args, tg_plans_add);
}

static PyObject *ptrace_add_subplan(PyObject *object, PyObject *args)
{
	return add_from(object, args, tg_plans_add_sub);
}

/* ---- starting and attaching ---- */

/* A NULL-terminated array of the byte strings in `list`, which keeps owning them. */
static char **strings_of(PyObject *list, const char *what)
{
	if (!PyList_Check(list)) {
		PyErr_Format(PyExc_TypeError, "%s must be a list of bytes", what);
		return NULL;
	}
	Py_ssize_t n = PyList_GET_SIZE(list);
	char **strings = calloc((size_t)n + 1, sizeof *strings);
	if (!strings) {
		PyErr_NoMemory();
		return NULL;
	}
	for (Py_ssize_t i = 0; i < n; i++) {
		/* with a NULL size a NUL inside is an error */
		if (PyBytes_AsStringAndSize(PyList_GET_ITEM(list, i), &strings[i], NULL) < 0) {
			free(strings);
			return NULL;
		}
	}
	return strings;
}

static gid_t *groups_of(PyObject *groups, int *ret_n)
{
	PyObject *list = PySequence_List(groups);
	if (!list)
		return NULL;
	*ret_n = (int)PyList_GET_SIZE(list);
	gid_t *gids = calloc((size_t)*ret_n + 1, sizeof *gids);
	for (int i = 0; gids && i < *ret_n; i++)
		gids[i] = (gid_t)PyLong_AsUnsignedLong(PyList_GET_ITEM(list, i));
	Py_DECREF(list);
	if (gids && PyErr_Occurred()) {
		free(gids);
		return NULL;
	}
	if (!gids)
		PyErr_NoMemory();
	return gids;
}

static int id_or(PyObject *value, unsigned long otherwise, unsigned long *ret)
{
	*ret = value == Py_None ? otherwise : PyLong_AsUnsignedLong(value);
	return PyErr_Occurred() ? -1 : 0;
}

static int set_ids(struct tg_spawn *spawn, PyObject *uid, PyObject *gid, PyObject *euid, PyObject *egid)
{
	unsigned long ids[4];
	if (uid == Py_None)
		return 0;
	if (id_or(uid, 0, &ids[0]) < 0 || id_or(gid, getgid(), &ids[1]) < 0 || id_or(euid, ids[0], &ids[2]) < 0 ||
	    id_or(egid, ids[1], &ids[3]) < 0)
		return -1;
	spawn->set_ids = true;
	spawn->uid = (uid_t)ids[0];
	spawn->gid = (gid_t)ids[1];
	spawn->euid = (uid_t)ids[2];
	spawn->egid = (gid_t)ids[3];
	return 0;
}

/* Forks inside; in daemon mode only the new tracer process comes back. */
static int fork_and_trace(struct ptrace_object *self, const struct tg_spawn *spawn, pid_t *ret)
{
	if (!spawn->daemon)
		return tg_tracer_spawn(&self->tracer, spawn, ret);
	pid_t before = getpid();
	PyOS_BeforeFork();
	int err = tg_tracer_spawn(&self->tracer, spawn, ret);
	if (getpid() == before)
		PyOS_AfterFork_Parent();
	else
		PyOS_AfterFork_Child();
	return err;
}

static PyObject *ptrace_spawn(PyObject *object, PyObject *args, PyObject *kwargs)
{
	struct ptrace_object *self = (struct ptrace_object *)object;
	static char *names[] = {"path", "argv", "env", "uid", "gid", "euid", "egid", "groups", "close_fd", "daemon", NULL};
	struct tg_spawn spawn = {.close_fd = -1};
	PyObject *argv, *env, *uid = Py_None, *gid = Py_None, *euid = Py_None, *egid = Py_None, *groups = Py_None;
	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "yOO|$OOOOOii", names, &spawn.path, &argv, &env, &uid, &gid, &euid,
					 &egid, &groups, &spawn.close_fd, &spawn.daemon))
		return NULL;
	if (!is_open(self) || set_ids(&spawn, uid, gid, euid, egid) < 0)
		return NULL;
	char **argv_bytes = strings_of(argv, "argv");
	char **env_bytes = argv_bytes ? strings_of(env, "env") : NULL;
	gid_t *gids = env_bytes && groups != Py_None ? groups_of(groups, &spawn.n_groups) : NULL;
	PyObject *result = NULL;
	if (env_bytes && (gids || groups == Py_None)) {
		pid_t pid = 0;
		spawn.argv = argv_bytes;
		spawn.env = env_bytes;
		spawn.groups = gids;
		int err = fork_and_trace(self, &spawn, &pid);
		result = err ? raise_failed(self, err) : PyLong_FromLong(pid);
	}
	free(argv_bytes);
	free(env_bytes);
	free(gids);
	return result;
}

static PyObject *task_list(const struct tg_tracer *t, pid_t pid)
{
	PyObject *list = PyList_New(0);
	for (u32 i = 0; list && i < t->tasks.n_slot; i++) {
		const struct tg_task *task = t->tasks.slot[i];
		if (!task || (pid && task->pid != pid))
			continue;
		PyObject *tid = PyLong_FromLong(task->tid);
		if (!tid || PyList_Append(list, tid) < 0)
			Py_CLEAR(list);
		Py_XDECREF(tid);
	}
	return list;
}

static PyObject *ptrace_attach(PyObject *object, PyObject *args, PyObject *kwargs)
{
	struct ptrace_object *self = (struct ptrace_object *)object;
	static char *names[] = {"pid", "threads", NULL};
	int pid, threads = 0;
	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "i|p", names, &pid, &threads) || !is_open(self))
		return NULL;
	if (self->tracer.seccomp) {
		PyErr_SetString(PyExc_ValueError, "a seccomp filter cannot be given to a running process");
		return NULL;
	}
	int err = tg_tracer_attach(&self->tracer, pid, threads);
	if (err)
		return raise_failed(self, err);
	const struct tg_task *task = tg_tasks_find(&self->tracer.tasks, pid);
	return task_list(&self->tracer, task ? task->pid : pid);
}

/* ---- running ---- */

static PyObject *take_batch(struct ptrace_object *self)
{
	struct tg_out *out = &self->tracer.out;
	PyObject *bytes = PyBytes_FromStringAndSize((const char *)out->data, (Py_ssize_t)out->len);
	out->len = 0;
	if (!bytes)
		return NULL;
	PyObject *view = PyMemoryView_FromObject(bytes);
	Py_DECREF(bytes);
	return view;
}

static PyObject *ptrace_run(PyObject *object, PyObject *args, PyObject *kwargs)
{
	struct ptrace_object *self = (struct ptrace_object *)object;
	static char *names[] = {"timeout_ms", NULL};
	int timeout_ms = -1, result;
	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|i", names, &timeout_ms) || !is_open(self))
		return NULL;
	u64 end = timeout_ms < 0 ? 0 : tg_now_ns() + (u64)timeout_ms * 1000000u;
	do {
		Py_BEGIN_ALLOW_THREADS
		result = tg_tracer_run(&self->tracer, timeout_ms);
		Py_END_ALLOW_THREADS
		if (result == TG_RUN_INTERRUPTED && PyErr_CheckSignals() < 0)
			return NULL;
		if (end) {
			u64 now = tg_now_ns();
			timeout_ms = end > now ? (int)((end - now) / 1000000u) : 0;
		}
	} while (result == TG_RUN_INTERRUPTED);
	if (result < 0)
		return raise_failed(self, result);
	if (result == TG_RUN_DONE)
		Py_RETURN_NONE;
	return take_batch(self);
}

static PyObject *ptrace_held(PyObject *object, PyObject *unused)
{
	const struct ptrace_object *self = (struct ptrace_object *)object;
	(void)unused;
	if (!self->tracer.held)
		Py_RETURN_NONE;
	return PyLong_FromLong(self->tracer.held->tid);
}

static PyObject *ptrace_tasks(PyObject *object, PyObject *unused)
{
	(void)unused;
	return task_list(&((struct ptrace_object *)object)->tracer, 0);
}

static PyObject *ptrace_exec_error(PyObject *object, PyObject *unused)
{
	(void)unused;
	return PyLong_FromLong(tg_tracer_exec_error(&((struct ptrace_object *)object)->tracer));
}

static PyObject *ptrace_options(PyObject *object, PyObject *unused)
{
	(void)unused;
	return PyLong_FromUnsignedLong(tg_tracer_options(&((struct ptrace_object *)object)->tracer));
}

static PyObject *ptrace_take_strays(PyObject *object, PyObject *unused)
{
	struct tg_tracer *t = &((struct ptrace_object *)object)->tracer;
	(void)unused;
	PyObject *list = PyList_New((Py_ssize_t)t->n_strays);
	for (u32 i = 0; list && i < t->n_strays; i++) {
		PyObject *pair = Py_BuildValue("ii", t->stray[i].tid, t->stray[i].status);
		if (pair)
			PyList_SET_ITEM(list, i, pair);
		else
			Py_CLEAR(list);
	}
	t->n_strays = 0;
	return list;
}

/* ---- memory ---- */

static PyObject *ptrace_read(PyObject *object, PyObject *const *args, Py_ssize_t n_args)
{
	struct ptrace_object *self = (struct ptrace_object *)object;
	if (n_args != 3) {
		PyErr_SetString(PyExc_TypeError, "read(tid, addr, n)");
		return NULL;
	}
	long tid = PyLong_AsLong(args[0]);
	u64 addr = PyLong_AsUnsignedLongLongMask(args[1]);
	Py_ssize_t n = PyLong_AsSsize_t(args[2]);
	if (PyErr_Occurred() || !is_open(self))
		return NULL;
	if (n < 0 || (size_t)n > TG_RECORD_MAX) {
		PyErr_Format(PyExc_ValueError, "read: between 0 and %zu bytes", TG_RECORD_MAX);
		return NULL;
	}
	PyObject *bytes = PyBytes_FromStringAndSize(NULL, n);
	if (!bytes || n == 0)
		return bytes;
	size_t got = tg_mem_read(&self->tracer.mem, (pid_t)tid, addr, PyBytes_AS_STRING(bytes), (size_t)n);
	if (got < (size_t)n)
		_PyBytes_Resize(&bytes, (Py_ssize_t)got);
	return bytes;
}

static PyObject *ptrace_read_string(PyObject *object, PyObject *const *args, Py_ssize_t n_args)
{
	struct ptrace_object *self = (struct ptrace_object *)object;
	if (n_args != 3) {
		PyErr_SetString(PyExc_TypeError, "read_string(tid, addr, max)");
		return NULL;
	}
	long tid = PyLong_AsLong(args[0]);
	u64 addr = PyLong_AsUnsignedLongLongMask(args[1]);
	Py_ssize_t max = PyLong_AsSsize_t(args[2]);
	if (PyErr_Occurred() || !is_open(self))
		return NULL;
	if (max < 0 || (size_t)max > TG_RECORD_MAX) {
		PyErr_Format(PyExc_ValueError, "read_string: between 0 and %zu bytes", TG_RECORD_MAX);
		return NULL;
	}
	struct tg_out *scratch = &self->tracer.mem.scratch;
	bool terminated = false;
	scratch->len = 0;
	if (tg_out_reserve(scratch, (size_t)max + 1) < 0)
		return PyErr_NoMemory();
	size_t got = tg_mem_read_string(&self->tracer.mem, (pid_t)tid, addr, scratch->data, (size_t)max, &terminated);
	return Py_BuildValue("y#O", scratch->data, (Py_ssize_t)got, terminated ? Py_True : Py_False);
}

static PyObject *ptrace_write(PyObject *object, PyObject *args)
{
	struct ptrace_object *self = (struct ptrace_object *)object;
	int tid;
	unsigned long long addr;
	Py_buffer data;
	if (!PyArg_ParseTuple(args, "iKy*", &tid, &addr, &data))
		return NULL;
	int err = is_open(self) ? tg_mem_write(&self->tracer.mem, tid, addr, data.buf, (size_t)data.len) : 0;
	PyBuffer_Release(&data);
	if (PyErr_Occurred())
		return NULL;
	if (err)
		return raise_error("write memory", tid, -err);
	Py_RETURN_NONE;
}

/* ---- changing what a held thread does ---- */

/* The task with this tid if it is held now; else NULL and an exception. */
static struct tg_task *held_task(struct ptrace_object *self, int tid)
{
	struct tg_task *held = self->tracer.held;
	if (!is_open(self))
		return NULL;
	if (held && held->tid == tid)
		return held;
	raise_error("the thread is not held", tid, ESRCH);
	return NULL;
}

static PyObject *done_or_raise(const char *operation, int tid, int err)
{
	if (err)
		return raise_error(operation, tid, -err);
	Py_RETURN_NONE;
}

static PyObject *ptrace_set_call(PyObject *object, PyObject *args)
{
	struct ptrace_object *self = (struct ptrace_object *)object;
	int tid;
	long long nr;
	if (!PyArg_ParseTuple(args, "iL", &tid, &nr))
		return NULL;
	struct tg_task *task = held_task(self, tid);
	return task ? done_or_raise("set the call's number", tid, tg_call_set_entry(task, nr, task->arg)) : NULL;
}

static PyObject *ptrace_set_args(PyObject *object, PyObject *args)
{
	struct ptrace_object *self = (struct ptrace_object *)object;
	int tid;
	unsigned long long arg[6];
	if (!PyArg_ParseTuple(args, "i(KKKKKK)", &tid, &arg[0], &arg[1], &arg[2], &arg[3], &arg[4], &arg[5]))
		return NULL;
	struct tg_task *task = held_task(self, tid);
	if (!task)
		return NULL;
	for (int i = 0; i < 6; i++)
		task->arg[i] = arg[i];
	return done_or_raise("set the call's arguments", tid, tg_call_set_entry(task, task->nr, task->arg));
}

static PyObject *ptrace_set_result(PyObject *object, PyObject *args)
{
	struct ptrace_object *self = (struct ptrace_object *)object;
	int tid;
	long long value;
	if (!PyArg_ParseTuple(args, "iL", &tid, &value))
		return NULL;
	struct tg_task *task = held_task(self, tid);
	return task ? done_or_raise("set the call's result", tid, tg_call_set_result(task, value)) : NULL;
}

static PyObject *ptrace_deliver(PyObject *object, PyObject *args)
{
	struct ptrace_object *self = (struct ptrace_object *)object;
	int tid, sig;
	if (!PyArg_ParseTuple(args, "ii", &tid, &sig))
		return NULL;
	struct tg_task *task = held_task(self, tid);
	if (!task)
		return NULL;
	task->sig = sig;
	Py_RETURN_NONE;
}

static PyObject *ptrace_suppress_signal(PyObject *object, PyObject *args)
{
	int tid;
	if (!PyArg_ParseTuple(args, "i", &tid))
		return NULL;
	struct tg_task *task = held_task((struct ptrace_object *)object, tid);
	if (!task)
		return NULL;
	task->sig = 0;
	Py_RETURN_NONE;
}

static PyObject *ptrace_delay(PyObject *object, PyObject *args)
{
	struct ptrace_object *self = (struct ptrace_object *)object;
	int tid;
	unsigned long long ns;
	if (!PyArg_ParseTuple(args, "iK", &tid, &ns) || !held_task(self, tid))
		return NULL;
	return done_or_raise("delay", tid, tg_tracer_delay(&self->tracer, tid, ns));
}

static PyObject *ptrace_detach(PyObject *object, PyObject *args)
{
	struct ptrace_object *self = (struct ptrace_object *)object;
	int tid;
	if (!PyArg_ParseTuple(args, "i", &tid) || !is_open(self))
		return NULL;
	int err = tg_tracer_detach(&self->tracer, tid);
	if (err)
		return raise_failed(self, err);
	Py_RETURN_NONE;
}

static PyObject *ptrace_detach_all(PyObject *object, PyObject *unused)
{
	struct ptrace_object *self = (struct ptrace_object *)object;
	int err;
	(void)unused;
	if (!is_open(self))
		return NULL;
	Py_BEGIN_ALLOW_THREADS
	err = tg_tracer_detach_all(&self->tracer);
	Py_END_ALLOW_THREADS
	if (err)
		return raise_failed(self, err);
	Py_RETURN_NONE;
}

#define KEYWORDS(function) (PyCFunction)(void (*)(void))(function), METH_VARARGS | METH_KEYWORDS
#define FAST(function) (PyCFunction)(void (*)(void))(function), METH_FASTCALL

static PyMethodDef methods[] = {
	{"spawn", KEYWORDS(ptrace_spawn), NULL},
	{"attach", KEYWORDS(ptrace_attach), NULL},
	{"add_plan", ptrace_add_plan, METH_VARARGS, NULL},
	{"add_subplan", ptrace_add_subplan, METH_VARARGS, NULL},
	{"run", KEYWORDS(ptrace_run), NULL},
	{"held", ptrace_held, METH_NOARGS, NULL},
	{"tasks", ptrace_tasks, METH_NOARGS, NULL},
	{"exec_error", ptrace_exec_error, METH_NOARGS, NULL},
	{"options", ptrace_options, METH_NOARGS, NULL},
	{"take_strays", ptrace_take_strays, METH_NOARGS, NULL},
	{"read", FAST(ptrace_read), NULL},
	{"read_string", FAST(ptrace_read_string), NULL},
	{"write", ptrace_write, METH_VARARGS, NULL},
	{"set_call", ptrace_set_call, METH_VARARGS, NULL},
	{"set_args", ptrace_set_args, METH_VARARGS, NULL},
	{"set_result", ptrace_set_result, METH_VARARGS, NULL},
	{"deliver", ptrace_deliver, METH_VARARGS, NULL},
	{"suppress_signal", ptrace_suppress_signal, METH_VARARGS, NULL},
	{"delay", ptrace_delay, METH_VARARGS, NULL},
	{"detach", ptrace_detach, METH_VARARGS, NULL},
	{"detach_all", ptrace_detach_all, METH_NOARGS, NULL},
	{"close", ptrace_close, METH_NOARGS, NULL},
	{NULL, NULL, 0, NULL},
};

static PyType_Slot slots[] = {
	{Py_tp_doc, "One ptrace tracer, for one thread."},
	{Py_tp_init, ptrace_init},
	{Py_tp_dealloc, ptrace_dealloc},
	{Py_tp_methods, methods},
	{0, NULL},
};

static PyType_Spec spec = {
	.name = "trapgate._core.Ptrace",
	.basicsize = sizeof(struct ptrace_object),
	.flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
	.slots = slots,
};

static PyObject *use_syscall_info(PyObject *module, PyObject *value)
{
	(void)module;
	int on = PyObject_IsTrue(value);
	if (on < 0)
		return NULL;
	tg_use_syscall_info = on;
	Py_RETURN_NONE;
}

static PyObject *have_syscall_info(PyObject *module, PyObject *unused)
{
	(void)module, (void)unused;
	return Py_BuildValue("OO", tg_have_get_syscall_info() ? Py_True : Py_False,
			     tg_have_set_syscall_info() ? Py_True : Py_False);
}

static PyMethodDef functions[] = {
	{"use_syscall_info", use_syscall_info, METH_O, NULL},
	{"have_syscall_info", have_syscall_info, METH_NOARGS, NULL},
	{NULL, NULL, 0, NULL},
};

int tg_ptrace_add_types(PyObject *module)
{
	if (PyModule_AddFunctions(module, functions) < 0)
		return -1;
	trace_error = PyErr_NewExceptionWithDoc("trapgate._core.TraceError", "A ptrace operation failed.",
						PyExc_OSError, NULL);
	PyObject *type = PyType_FromSpec(&spec);
	if (!trace_error || !type)
		return -1;
	if (PyModule_AddObjectRef(module, "TraceError", trace_error) < 0 ||
	    PyModule_AddObjectRef(module, "Ptrace", type) < 0)
		return -1;
	Py_DECREF(type);
	return 0;
}
