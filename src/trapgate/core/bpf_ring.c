/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The reader of the bpf source: a thread that drains every CPU's ring into batches, in the
 * order in which things ended, and never touches Python. Records that the kernel side had to
 * split are joined here; losses become records. What Python has not taken yet waits in memory
 * up to a bound; beyond it the rings fill and the kernel side counts what it drops.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "bpf_task.h"

#define CHUNK (512u << 10)        /* a batch: larger ones fall out of the cache before they are decoded */
#define SLACK (256u << 10)        /* a record may be as large as this beyond it */
#define RELEASE_EVERY (64u << 10) /* bytes of a ring that are given back at once */
#define SETTLED_NS 50000          /* later than this before now, other CPUs may still be sending */
#define SPLIT_BUCKETS 256
#define PENDING_NS 300000000      /* a call that has gone on for so long is told of before its end */
#define LOOK_EVERY_NS 100000000

struct ring {
	int fd;
	u64 mask;
	u64 *consumer;       /* where we are, for the kernel to see */
	const u64 *producer;
	const u8 *data;      /* mapped twice in a row, so that no record is torn */
	u64 at, end;         /* this cycle: next record, and what the kernel had written */
	u64 released;
	u64 key;             /* when the next record ended; UINT64_MAX if there is none */
	u64 drained;         /* bytes taken in this cycle */
};

struct chunk {
	struct chunk *next;
	size_t used;
	u8 data[CHUNK + SLACK];
};

/* An entry that waits for its exit: see TG_MARK_SPLIT. */
struct split {
	struct split *next;
	struct tg_record rec; /* followed by its pieces */
};

typedef struct {
	PyObject_HEAD
	struct ring *rings;
	int n_rings;
	struct tg_bpf_state *state;
	size_t state_bytes;
	u64 lost_seen[TG_LOSSES];
	struct split *splits[SPLIT_BUCKETS];
	const struct task *tasks; /* NULL: nobody wants to know of calls that go on */
	size_t n_tasks;
	u64 *told;                /* by task: when the call began that was told of last */
	u64 looked_ns;
	int epoll, wake;
	pthread_t thread;
	bool started, finite;
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t changed;
	struct chunk *first, *last, *spare;
	size_t waiting, backlog;
	bool stop, quiet;
	struct chunk *current; /* the thread's own */
} Reader;

static u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (u64)ts.tv_sec * 1000000000 + (u64)ts.tv_nsec;
}

/* ---- batches ---- */

static struct chunk *take_spare(Reader *r)
{
	struct chunk *chunk;

	pthread_mutex_lock(&r->lock);
	chunk = r->spare;
	if (chunk)
		r->spare = chunk->next;
	pthread_mutex_unlock(&r->lock);
	if (!chunk)
		chunk = malloc(sizeof(*chunk));
	if (chunk) {
		chunk->next = NULL;
		chunk->used = 0;
	}
	return chunk;
}

/* Hands the current batch to Python; waits while too much is waiting already. */
static void publish(Reader *r)
{
	struct chunk *chunk = r->current;

	if (!chunk || !chunk->used)
		return;
	pthread_mutex_lock(&r->lock);
	while (r->waiting > r->backlog && !r->stop)
		pthread_cond_wait(&r->changed, &r->lock);
	if (r->last)
		r->last->next = chunk;
	else
		r->first = chunk;
	r->last = chunk;
	r->waiting += sizeof(*chunk);
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
	r->current = NULL;
}

/* Room for a record of `size` bytes at the end of the current batch; NULL without memory. */
static u8 *reserve(Reader *r, size_t size)
{
	if (r->current && r->current->used >= CHUNK)
		publish(r);
	if (!r->current)
		r->current = take_spare(r);
	if (!r->current || r->current->used + size > sizeof(r->current->data)) {
		r->state->lost[TG_LOST_CALL]++; /* not atomic, but never silent */
		return NULL;
	}
	return r->current->data + r->current->used;
}

static void put_record(Reader *r, const void *rec, size_t size)
{
	u8 *to = reserve(r, size);

	if (!to)
		return;
	memcpy(to, rec, size);
	r->current->used += size;
}

/* ---- records that need work ---- */

static void forget_split(Reader *r, u32 tid)
{
	struct split **at = &r->splits[tid % SPLIT_BUCKETS], *old;

	while ((old = *at) != NULL) {
		if (old->rec.tid != tid) {
			at = &old->next;
			continue;
		}
		*at = old->next;
		free(old);
	}
}

static void keep_split(Reader *r, const struct tg_record *rec)
{
	struct split *split = malloc(offsetof(struct split, rec) + rec->size);

	forget_split(r, rec->tid);
	if (!split) {
		r->state->lost[TG_LOST_CALL]++;
		return;
	}
	memcpy(&split->rec, rec, rec->size);
	split->next = r->splits[rec->tid % SPLIT_BUCKETS];
	r->splits[rec->tid % SPLIT_BUCKETS] = split;
}

/* Drops the pieces that later ones replace, in place. */
static void drop_retried(struct tg_record *rec)
{
	u8 *at = (u8 *)(rec + 1), *to = at, *end = (u8 *)rec + rec->size;
	u32 replaced = 0, kept = 0;

	for (u8 *p = at; p < end; p += sizeof(struct tg_piece) + ((((struct tg_piece *)p)->len + 7) & ~7u)) {
		struct tg_piece *piece = (struct tg_piece *)p;

		if (piece->flags & TG_AGAIN)
			replaced |= 1u << (piece->arg & 31);
	}
	while (at < end) {
		struct tg_piece *piece = (struct tg_piece *)at;
		size_t size = sizeof(*piece) + ((piece->len + 7) & ~7u);
		bool again = piece->flags & TG_AGAIN;

		if (again || piece->phase != TG_AT_ENTRY || !(replaced >> (piece->arg & 31) & 1)) {
			piece->flags &= (u16)~TG_AGAIN;
			memmove(to, at, size);
			to += size;
			kept++;
		}
		at += size;
	}
	rec->size = (u32)(to - (u8 *)rec);
	rec->pieces = (u16)kept;
}

/* Joins an exit to the entry that was sent before it. */
static void join_split(Reader *r, const struct tg_record *rec)
{
	u32 tid = (u32)rec->arg[1];
	size_t repeated = sizeof(*rec) + (size_t)rec->arg[0], size;
	struct split *split = r->splits[tid % SPLIT_BUCKETS];
	struct tg_record *out;

	while (split && (split->rec.tid != tid || split->rec.time_ns != rec->time_ns))
		split = split->next;
	if (!split || repeated > rec->size) /* the entry was lost, and counted then */
		return;
	size = split->rec.size + rec->size - repeated;
	out = (struct tg_record *)reserve(r, size);
	if (out) {
		memcpy(out, &split->rec, split->rec.size);
		memcpy((u8 *)out + split->rec.size, (const u8 *)rec + repeated, rec->size - repeated);
		out->size = (u32)size;
		out->kind = rec->arg[2] ? TG_ENTER : TG_CALL;
		out->abi &= (u8)~TG_MARKS;
		out->pieces = (u16)(out->pieces + rec->pieces);
		out->duration_ns = rec->duration_ns;
		out->pid = rec->pid;
		out->tid = rec->tid;
		out->result = rec->result;
		if (rec->abi & TG_MARK_RETRIED)
			drop_retried(out);
		r->current->used += out->size;
	}
	forget_split(r, tid);
}

static void put_marked(Reader *r, const struct tg_record *rec)
{
	struct tg_record *out;

	if (rec->abi & TG_MARK_SPLIT) {
		if (rec->kind == TG_ENTER)
			keep_split(r, rec);
		else
			join_split(r, rec);
		return;
	}
	out = (struct tg_record *)reserve(r, rec->size);
	if (!out)
		return;
	memcpy(out, rec, rec->size);
	out->abi &= (u8)~TG_MARKS;
	drop_retried(out);
	r->current->used += out->size;
}

static void put_losses(Reader *r)
{
	for (int why = 0; why < TG_LOSSES; why++) {
		u64 lost = __atomic_load_n(&r->state->lost[why], __ATOMIC_RELAXED);
		struct tg_record rec = {.size = sizeof(rec), .kind = TG_LOST};

		if (lost == r->lost_seen[why])
			continue;
		rec.time_ns = now_ns();
		rec.nr = (s64)(lost - r->lost_seen[why]);
		rec.arg[0] = (u64)why;
		r->lost_seen[why] = lost;
		put_record(r, &rec, sizeof(rec));
	}
}

/* ---- calls that go on ---- */

/* A copy of the record that waits in `t`, with its pieces; false if the call ended meanwhile. */
static bool copy_pending(const struct task *t, u64 began, struct tg_record *to)
{
	u32 kept = t->kept;

	if (kept > KEEP)
		return false;
	memcpy(to, &t->rec, sizeof(*to) + kept);
	to->size = sizeof(*to) + kept;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&t->rec.time_ns, __ATOMIC_RELAXED) == began &&
	       __atomic_load_n(&t->flags, __ATOMIC_RELAXED) & T_IN_CALL;
}

/* The entry of the call that `t` is in, which may have been sent before. */
static const struct tg_record *find_pending(Reader *r, const struct task *t, u64 began, struct tg_record *room)
{
	struct split *split;

	if (!(t->flags & T_SPLIT))
		return copy_pending(t, began, room) ? room : NULL;
	for (split = r->splits[t->entry_tid % SPLIT_BUCKETS]; split; split = split->next)
		if (split->rec.tid == t->entry_tid && split->rec.time_ns == began)
			return &split->rec;
	return NULL;
}

/* Tells of each call that began by `latest`, has not ended and has not been told of. */
static void put_pending(Reader *r, u64 latest)
{
	u64 room[(sizeof(struct tg_record) + KEEP) / 8];
	const u32 in_call = T_LIVES | T_IN_CALL, not_yet = T_WAITS | T_LATE | T_DROPPED;

	for (size_t i = 0; i < r->n_tasks; i++) {
		const struct task *t = &r->tasks[i];
		u32 flags = __atomic_load_n(&t->flags, __ATOMIC_ACQUIRE);
		u64 began = __atomic_load_n(&t->rec.time_ns, __ATOMIC_RELAXED);
		const struct tg_record *rec;
		u8 *to;

		if ((flags & in_call) != in_call || flags & not_yet || began > latest || began == r->told[i])
			continue;
		rec = find_pending(r, t, began, (struct tg_record *)room);
		to = rec ? reserve(r, rec->size) : NULL;
		if (!to)
			continue;
		memcpy(to, rec, rec->size);
		((struct tg_record *)to)->kind = TG_ENTER;
		((struct tg_record *)to)->abi &= (u8)~TG_MARKS;
		r->current->used += rec->size;
		r->told[i] = began;
	}
}

static void look_for_pending(Reader *r)
{
	u64 now = now_ns();

	if (now - r->looked_ns < LOOK_EVERY_NS)
		return;
	r->looked_ns = now;
	put_pending(r, now - PENDING_NS);
}

/* ---- rings ---- */

static const u32 *header_at(const struct ring *ring)
{
	return (const u32 *)(ring->data + (ring->at & ring->mask));
}

static u64 step_of(u32 header)
{
	u64 len = header & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);

	return (len + BPF_RINGBUF_HDR_SZ + 7) & ~7ull;
}

/* Finds the next record and its key; stops before one that is still being written. */
static void look_ahead(struct ring *ring, bool *busy)
{
	const struct tg_record *rec;
	u32 header;

	ring->key = UINT64_MAX;
	while (ring->at < ring->end) {
		header = __atomic_load_n(header_at(ring), __ATOMIC_ACQUIRE);
		if (header & BPF_RINGBUF_BUSY_BIT) {
			*busy = true;
			return;
		}
		if (!(header & BPF_RINGBUF_DISCARD_BIT)) {
			rec = (const struct tg_record *)((const u8 *)header_at(ring) + BPF_RINGBUF_HDR_SZ);
			ring->key = rec->time_ns + rec->duration_ns;
			return;
		}
		ring->at += step_of(header);
	}
}

static void release(struct ring *ring)
{
	__atomic_store_n(ring->consumer, ring->at, __ATOMIC_RELEASE);
	ring->released = ring->at;
}

static void take_one(Reader *r, struct ring *ring)
{
	const u32 *header = header_at(ring);
	const struct tg_record *rec = (const struct tg_record *)((const u8 *)header + BPF_RINGBUF_HDR_SZ);

	if (rec->abi & TG_MARKS)
		put_marked(r, rec);
	else
		put_record(r, rec, rec->size);
	ring->at += step_of(*header);
	if (ring->at - ring->released >= RELEASE_EVERY)
		release(ring);
}

/* The ring whose next record ended first, and in *until how far it is the first. */
static struct ring *find_first(Reader *r, u64 limit, u64 *until)
{
	struct ring *first = NULL;

	*until = limit;
	for (int i = 0; i < r->n_rings; i++) {
		struct ring *ring = &r->rings[i];

		if (ring->key > limit || ring->key == UINT64_MAX)
			continue;
		if (!first || ring->key < first->key) {
			if (first && first->key < *until)
				*until = first->key;
			first = ring;
		} else if (ring->key < *until) {
			*until = ring->key;
		}
	}
	return first;
}

/* Takes every record that ended by `limit`, in order; returns whether something is left in the rings. */
static bool drain(Reader *r, u64 limit)
{
	struct ring *ring;
	bool left = false;
	u64 until;

	for (int i = 0; i < r->n_rings; i++) {
		ring = &r->rings[i];
		ring->end = __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE);
		ring->drained = ring->end - ring->at;
		look_ahead(ring, &left);
	}
	while ((ring = find_first(r, limit, &until)) != NULL) {
		do {
			take_one(r, ring);
			look_ahead(ring, &left);
		} while (ring->key <= until && ring->key != UINT64_MAX);
	}
	for (int i = 0; i < r->n_rings; i++) {
		left |= r->rings[i].at < r->rings[i].end;
		if (r->rings[i].at != r->rings[i].released)
			release(&r->rings[i]);
	}
	return left;
}

/* How long to sleep, in ms: so short that the fullest ring would not be a quarter full next time. */
static int choose_pause(const Reader *r)
{
	u64 most = 0;

	for (int i = 0; i < r->n_rings; i++) {
		u64 share = r->rings[i].drained * 64 / (r->rings[i].mask + 1);

		if (share > most)
			most = share;
	}
	return most >= 16 ? 1 : most >= 6 ? 2 : most >= 3 ? 4 : 8;
}

static void set_quiet(Reader *r, bool quiet)
{
	pthread_mutex_lock(&r->lock);
	if (quiet != r->quiet) {
		r->quiet = quiet;
		pthread_cond_broadcast(&r->changed);
	}
	pthread_mutex_unlock(&r->lock);
}

static bool is_stopped(Reader *r)
{
	bool stop;

	pthread_mutex_lock(&r->lock);
	stop = r->stop;
	pthread_mutex_unlock(&r->lock);
	return stop;
}

static bool is_queue_empty(Reader *r)
{
	bool empty;

	pthread_mutex_lock(&r->lock);
	empty = !r->first;
	pthread_mutex_unlock(&r->lock);
	return empty;
}

/* A last look at the rings, when nobody writes to them any more. */
static void take_rest(Reader *r)
{
	drain(r, UINT64_MAX - 1);
	put_pending(r, UINT64_MAX);
	put_losses(r);
	publish(r);
	set_quiet(r, true);
}

static void *read_rings(void *arg)
{
	Reader *r = arg;
	struct epoll_event events[8];

	while (!is_stopped(r)) {
		/* The order matters: who ends reserves its last record before it leaves `live`. */
		bool over = r->finite && !__atomic_load_n(&r->state->live, __ATOMIC_ACQUIRE);
		bool left = drain(r, over ? UINT64_MAX - 1 : now_ns() - SETTLED_NS);

		look_for_pending(r);
		put_losses(r);
		if (over || is_queue_empty(r))
			publish(r);
		set_quiet(r, over && !left);
		epoll_wait(r->epoll, events, 8, over && left ? 0 : choose_pause(r));
	}
	take_rest(r);
	return NULL;
}

/* ---- the Python type ---- */

static int watch(int epoll, int fd)
{
	/* edge-triggered: data alone wakes nobody, a forced wake-up does */
	struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.fd = fd};

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static int map_ring(struct ring *ring, int fd, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	u8 *read_only;

	ring->fd = fd;
	ring->mask = size - 1;
	ring->consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ring->consumer == MAP_FAILED) {
		ring->consumer = NULL;
		return -1;
	}
	read_only = mmap(NULL, page + 2 * size, PROT_READ, MAP_SHARED, fd, (off_t)page);
	if (read_only == MAP_FAILED)
		return -1;
	ring->producer = (const u64 *)read_only;
	ring->data = read_only + page;
	return 0;
}

static void unmap_ring(struct ring *ring)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (ring->data)
		munmap((void *)(ring->data - page), page + 2 * (ring->mask + 1));
	if (ring->consumer)
		munmap(ring->consumer, page);
}

static int map_all(Reader *r, PyObject *fds, size_t size)
{
	r->n_rings = (int)PyTuple_GET_SIZE(fds);
	r->rings = calloc((size_t)r->n_rings + 1, sizeof(*r->rings));
	r->epoll = epoll_create1(EPOLL_CLOEXEC);
	r->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!r->rings || r->epoll < 0 || r->wake < 0 || watch(r->epoll, r->wake))
		return -1;
	for (int i = 0; i < r->n_rings; i++) {
		int fd = (int)PyLong_AsLong(PyTuple_GET_ITEM(fds, i));

		if (PyErr_Occurred() || map_ring(&r->rings[i], fd, size) || watch(r->epoll, fd))
			return -1;
	}
	return 0;
}

static int map_tasks(Reader *r, int fd, size_t tasks)
{
	const struct task *found = mmap(NULL, tasks * sizeof(*found), PROT_READ, MAP_SHARED, fd, 0);

	if (found == MAP_FAILED)
		return -1;
	r->tasks = found;
	r->n_tasks = tasks;
	r->told = calloc(tasks, sizeof(*r->told));
	return r->told ? 0 : -1;
}

PyDoc_STRVAR(reader_doc,
"BpfReader(rings, ring_bytes, state_fd, state_bytes, backlog_bytes, finite, tasks_fd, tasks)\n--\n\n"
"Drains BPF ring buffers into batches of records, in a thread of its own.\n\n"
"rings: file descriptors of ring buffers of `ring_bytes` each, which stay the caller's. state_fd: the\n"
"map that holds `struct tg_bpf_state`. backlog_bytes: the most that may wait to be taken. finite:\n"
"whether it is over when no traced thread is left. tasks_fd: the map `tasks` of so many elements, or -1:\n"
"calls that go on for long are then not told of before their end. Raises OSError when memory cannot be mapped.");

static PyObject *reader_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"rings", "ring_bytes", "state_fd", "state_bytes", "backlog_bytes", "finite",
				"tasks_fd", "tasks", NULL};
	PyObject *fds;
	Py_ssize_t ring_bytes, state_bytes, backlog, tasks;
	int state_fd, finite, tasks_fd;
	Reader *r;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O!ninnpin", names, &PyTuple_Type, &fds, &ring_bytes,
					 &state_fd, &state_bytes, &backlog, &finite, &tasks_fd, &tasks))
		return NULL;
	if (state_bytes < (Py_ssize_t)sizeof(struct tg_bpf_state) || ring_bytes < 4096 || ring_bytes & (ring_bytes - 1))
		return PyErr_Format(PyExc_ValueError, "impossible size of ring or state");
	r = (Reader *)type->tp_alloc(type, 0);
	if (!r)
		return NULL;
	r->epoll = r->wake = -1;
	r->backlog = (size_t)backlog;
	r->finite = finite;
	pthread_mutex_init(&r->lock, NULL);
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&r->changed, &attr);
	pthread_condattr_destroy(&attr);
	r->state = mmap(NULL, (size_t)state_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, state_fd, 0);
	if (r->state == MAP_FAILED) {
		r->state = NULL;
		PyErr_SetFromErrno(PyExc_OSError);
	} else {
		r->state_bytes = (size_t)state_bytes;
		if ((map_all(r, fds, (size_t)ring_bytes) || (tasks_fd >= 0 && map_tasks(r, tasks_fd, (size_t)tasks))) &&
		    !PyErr_Occurred())
			PyErr_SetFromErrno(PyExc_OSError);
	}
	if (PyErr_Occurred()) {
		Py_DECREF(r);
		return NULL;
	}
	return (PyObject *)r;
}

static void stop_thread(Reader *r)
{
	u64 one = 1;

	if (!r->started)
		return;
	pthread_mutex_lock(&r->lock);
	r->stop = true;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
	if (write(r->wake, &one, sizeof(one)) < 0) {
		/* the thread looks for `stop` within its pause anyway */
	}
	Py_BEGIN_ALLOW_THREADS
	pthread_join(r->thread, NULL);
	Py_END_ALLOW_THREADS
	r->started = false;
}

static void free_chunks(struct chunk *chunk)
{
	struct chunk *next;

	for (; chunk; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
}

static void reader_dealloc(Reader *r)
{
	stop_thread(r);
	for (int i = 0; r->rings && i < r->n_rings; i++)
		unmap_ring(&r->rings[i]);
	for (int i = 0; i < SPLIT_BUCKETS; i++)
		while (r->splits[i])
			forget_split(r, r->splits[i]->rec.tid);
	free(r->rings);
	free(r->told);
	if (r->tasks)
		munmap((void *)r->tasks, r->n_tasks * sizeof(*r->tasks));
	free_chunks(r->first);
	free_chunks(r->spare);
	free_chunks(r->current);
	if (r->state)
		munmap(r->state, r->state_bytes);
	if (r->epoll >= 0)
		close(r->epoll);
	if (r->wake >= 0)
		close(r->wake);
	pthread_cond_destroy(&r->changed);
	pthread_mutex_destroy(&r->lock);
	Py_TYPE(r)->tp_free((PyObject *)r);
}

static int start_thread(Reader *r)
{
	sigset_t all, before;
	int error;

	sigfillset(&all); /* signals are for Python's main thread */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&r->thread, NULL, read_rings, r);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	r->started = error == 0;
	return error;
}

/* Waits for a batch until `deadline` (0: for ever), in slices so that Ctrl-C is noticed. */
static struct chunk *wait_chunk(Reader *r, u64 deadline, bool *over)
{
	const u64 slice_ns = 100000000;
	struct chunk *chunk;
	u64 now = now_ns(), until = deadline && deadline < now + slice_ns ? deadline : now + slice_ns;
	struct timespec ts = {.tv_sec = (time_t)(until / 1000000000), .tv_nsec = (long)(until % 1000000000)};

	pthread_mutex_lock(&r->lock);
	while (!r->first && !r->quiet && pthread_cond_timedwait(&r->changed, &r->lock, &ts) == 0)
		;
	chunk = r->first;
	if (chunk) {
		r->first = chunk->next;
		if (!r->first)
			r->last = NULL;
		r->waiting -= sizeof(*chunk);
		pthread_cond_broadcast(&r->changed);
	}
	*over = !chunk && r->quiet;
	pthread_mutex_unlock(&r->lock);
	return chunk;
}

static PyObject *give_chunk(Reader *r, struct chunk *chunk)
{
	PyObject *bytes = PyBytes_FromStringAndSize((const char *)chunk->data, (Py_ssize_t)chunk->used);

	pthread_mutex_lock(&r->lock);
	if (r->spare) {
		free(chunk);
	} else {
		chunk->next = NULL;
		r->spare = chunk;
	}
	pthread_mutex_unlock(&r->lock);
	return bytes;
}

PyDoc_STRVAR(start_doc, "start()\n--\n\nBegins to empty the rings; else the first read() does. Raises OSError if no thread can be made.");

static PyObject *reader_start(Reader *r, PyObject *unused)
{
	int error = r->started || r->stop ? 0 : start_thread(r);

	(void)unused;
	if (!error)
		Py_RETURN_NONE;
	errno = error;
	return PyErr_SetFromErrno(PyExc_OSError);
}

PyDoc_STRVAR(read_doc,
"read(timeout_ms)\n--\n\n"
"The next batch: bytes of whole records; b'' when none came in time (-1: wait for ever); None when it\n"
"is over: no traced thread is left, or stop() was called, and everything has been taken.");

static PyObject *reader_read(Reader *r, PyObject *arg)
{
	long timeout_ms = PyLong_AsLong(arg);
	PyObject *started;
	u64 deadline;

	if (timeout_ms == -1 && PyErr_Occurred())
		return NULL;
	started = reader_start(r, NULL);
	if (!started)
		return NULL;
	Py_DECREF(started);
	deadline = timeout_ms < 0 ? 0 : now_ns() + (u64)timeout_ms * 1000000;
	for (;;) {
		struct chunk *chunk;
		bool over;

		Py_BEGIN_ALLOW_THREADS
		chunk = wait_chunk(r, deadline, &over);
		Py_END_ALLOW_THREADS
		if (chunk)
			return give_chunk(r, chunk);
		if (over)
			Py_RETURN_NONE;
		if (PyErr_CheckSignals())
			return NULL;
		if (deadline && now_ns() >= deadline)
			return PyBytes_FromStringAndSize(NULL, 0);
	}
}

PyDoc_STRVAR(stop_doc, "stop()\n--\n\nEnds the thread after a last look at the rings; read() still gives what is left.");

static PyObject *reader_stop(Reader *r, PyObject *unused)
{
	(void)unused;
	if (r->started) {
		stop_thread(r);
	} else if (!r->stop) {
		r->stop = true;
		take_rest(r);
	}
	Py_RETURN_NONE;
}

static PyObject *reader_losses(Reader *r, void *unused)
{
	PyObject *tuple = PyTuple_New(TG_LOSSES);

	(void)unused;
	for (int i = 0; tuple && i < TG_LOSSES; i++) {
		PyObject *n = PyLong_FromUnsignedLongLong(__atomic_load_n(&r->state->lost[i], __ATOMIC_RELAXED));

		if (!n)
			Py_CLEAR(tuple);
		else
			PyTuple_SET_ITEM(tuple, i, n);
	}
	return tuple;
}

static PyObject *reader_live(Reader *r, void *unused)
{
	(void)unused;
	return PyLong_FromUnsignedLongLong(__atomic_load_n(&r->state->live, __ATOMIC_ACQUIRE));
}

static PyMethodDef reader_methods[] = {
	{"start", (PyCFunction)reader_start, METH_NOARGS, start_doc},
	{"read", (PyCFunction)reader_read, METH_O, read_doc},
	{"stop", (PyCFunction)reader_stop, METH_NOARGS, stop_doc},
	{NULL, NULL, 0, NULL},
};

static PyGetSetDef reader_getset[] = {
	{"losses", (getter)reader_losses, NULL, "Events lost so far, by `enum tg_loss`.", NULL},
	{"live", (getter)reader_live, NULL, "Traced threads that have not ended.", NULL},
	{NULL, NULL, NULL, NULL, NULL},
};

static PyTypeObject reader_type = {
	PyVarObject_HEAD_INIT(NULL, 0)
	.tp_name = "trapgate._core.BpfReader",
	.tp_basicsize = sizeof(Reader),
	.tp_flags = Py_TPFLAGS_DEFAULT,
	.tp_doc = reader_doc,
	.tp_new = reader_new,
	.tp_dealloc = (destructor)reader_dealloc,
	.tp_methods = reader_methods,
	.tp_getset = reader_getset,
};

/* ---- a child that waits at a gate before it runs its program ---- */

struct program {
	const char *path;
	char **argv, **env;
	long uid, gid;
	gid_t *groups;
	size_t n_groups;
	int gate, report;
};

/* In the child, between fork and execve: only calls that are safe there. */
static void run_program(const struct program *p)
{
	static const int ignored_by_python[] = {SIGPIPE, SIGXFSZ};
	char byte;
	int error;

	if (read(p->gate, &byte, 1) != 1)
		_exit(1);
	for (size_t i = 0; i < sizeof(ignored_by_python) / sizeof(*ignored_by_python); i++)
		signal(ignored_by_python[i], SIG_DFL);
	if ((p->gid < 0 || (setgroups(p->n_groups, p->groups) == 0 && setgid((gid_t)p->gid) == 0)) &&
	    (p->uid < 0 || setuid((uid_t)p->uid) == 0))
		execve(p->path, p->argv, p->env);
	error = errno;
	if (write(p->report, &error, sizeof(error)) < 0)
		_exit(2);
	_exit(1);
}

/* NULL-terminated array of the strings of a tuple of bytes, which owns them. */
static char **list_strings(PyObject *tuple)
{
	Py_ssize_t n = PyTuple_GET_SIZE(tuple);
	char **list = PyMem_Calloc((size_t)n + 1, sizeof(*list));

	if (!list) {
		PyErr_NoMemory();
		return NULL;
	}
	for (Py_ssize_t i = 0; i < n; i++) {
		list[i] = PyBytes_AsString(PyTuple_GET_ITEM(tuple, i));
		if (!list[i]) {
			PyMem_Free(list);
			return NULL;
		}
	}
	return list;
}

static gid_t *list_groups(PyObject *tuple, size_t *n)
{
	gid_t *list;

	*n = (size_t)PyTuple_GET_SIZE(tuple);
	list = PyMem_Calloc(*n + 1, sizeof(*list));
	if (!list)
		PyErr_NoMemory();
	for (size_t i = 0; list && i < *n; i++)
		list[i] = (gid_t)PyLong_AsUnsignedLong(PyTuple_GET_ITEM(tuple, (Py_ssize_t)i));
	return list;
}

/* Forks; the child's ends of the two pipes are closed here. */
static PyObject *fork_program(struct program *p)
{
	int gate[2], report[2];
	pid_t pid;

	if (pipe2(gate, O_CLOEXEC))
		return PyErr_SetFromErrno(PyExc_OSError);
	if (pipe2(report, O_CLOEXEC)) {
		close(gate[0]);
		close(gate[1]);
		return PyErr_SetFromErrno(PyExc_OSError);
	}
	p->gate = gate[0];
	p->report = report[1];
	pid = fork();
	if (pid == 0) {
		close(gate[1]); /* else the child would never see its maker die */
		run_program(p);
	}
	close(gate[0]);
	close(report[1]);
	if (pid > 0)
		return Py_BuildValue("iii", (int)pid, gate[1], report[0]);
	close(gate[1]);
	close(report[0]);
	return PyErr_SetFromErrno(PyExc_OSError);
}

PyDoc_STRVAR(fork_doc,
"fork_at_gate(path, argv, env, uid, gid, groups)\n--\n\n"
"(pid, gate, report) of a child that runs `path` once a byte is written to the pipe `gate`. If it cannot,\n"
"it writes errno (a C int) to the pipe `report` and exits with 1; else `report` just ends. `path`, and the\n"
"tuples `argv` and `env`, are bytes; uid and gid -1 keep the caller's, and then `groups` is not used.");

static PyObject *fork_at_gate(PyObject *module, PyObject *args)
{
	struct program p = {0};
	PyObject *argv, *env, *groups, *result = NULL;

	(void)module;
	if (!PyArg_ParseTuple(args, "yO!O!llO!", &p.path, &PyTuple_Type, &argv, &PyTuple_Type, &env, &p.uid, &p.gid,
			      &PyTuple_Type, &groups))
		return NULL;
	p.argv = list_strings(argv);
	p.env = p.argv ? list_strings(env) : NULL;
	p.groups = p.env ? list_groups(groups, &p.n_groups) : NULL;
	if (p.groups && !PyErr_Occurred())
		result = fork_program(&p);
	PyMem_Free(p.argv);
	PyMem_Free(p.env);
	PyMem_Free(p.groups);
	return result;
}

static PyMethodDef functions[] = {
	{"fork_at_gate", fork_at_gate, METH_VARARGS, fork_doc},
	{NULL, NULL, 0, NULL},
};

/* Adds what the bpf source needs to the extension module; -1 with an exception set on failure. */
int tg_bpf_add_types(PyObject *module)
{
	if (PyType_Ready(&reader_type) < 0 || PyModule_AddFunctions(module, functions) < 0)
		return -1;
	return PyModule_AddObjectRef(module, "BpfReader", (PyObject *)&reader_type);
}
