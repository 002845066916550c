/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Plans: finding the one of a call, and carrying it out. The operations of a phase run in
 * stages: all whose address and length are known are read by one system call; what they
 * brought makes the next stage possible. Pieces of one operation stand together:
 *
 *   TG_STRINGS  the pointers (TG_TERMINATED: with the NULL), then one piece per string
 *   TG_IOVEC    the {base, length} pairs, then one piece per pair, of at most `max` bytes;
 *               at exit no more contents than a positive result says were transferred
 *   TG_MMSG     the headers, then per header: name, iovecs and contents (as above), control
 *
 * An operation whose pointer is NULL, whose condition is false, or whose parent was not
 * readable makes no piece. One that could not be read at all makes an empty one with
 * TG_UNREADABLE.
 */
#include "tracer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define STRING_CHUNK 256
#define MAX_IOVECS 1024
#define MAX_CONTENTS (256u << 10) /* bytes of an array's buffers in all, unless one may be longer */
#define MAX_NAME 128
#define MAX_CONTROL 4096
#define MAX_STRINGS 65536

/* ---- finding ---- */

struct tg_plan_node {
	struct tg_plan_node *next;
	struct tg_plan plan;
};

static const struct tg_plan *keep(struct tg_plans *plans, const struct tg_plan *plan)
{
	struct tg_plan_node *node = malloc(sizeof *node);
	if (!node)
		return NULL;
	*node = (struct tg_plan_node){plans->nodes, *plan};
	plans->nodes = node;
	return &node->plan;
}

/* The plan is copied; one that there was for the same key is replaced. */
int tg_plans_add(struct tg_plans *plans, u64 key, const struct tg_plan *plan)
{
	u32 abi = (u32)(key >> 16), nr = key & 0xffff;
	if (!abi || abi >= TG_ABIS)
		return -EINVAL;
	struct tg_plan_row *row = &plans->row[abi];
	if (nr >= row->n) {
		u32 n = nr + 64;
		const struct tg_plan **by_nr = realloc(row->by_nr, n * sizeof *by_nr);
		if (!by_nr)
			return -ENOMEM;
		memset(by_nr + row->n, 0, (n - row->n) * sizeof *by_nr);
		row->by_nr = by_nr;
		row->n = n;
	}
	row->by_nr[nr] = keep(plans, plan);
	return row->by_nr[nr] ? 0 : -ENOMEM;
}

static u32 sub_home(u64 key, u32 n)
{
	return (u32)((key * 0x9E3779B97F4A7C15u) >> 32) & (n - 1);
}

static void sub_insert(struct tg_plans *plans, u64 key, const struct tg_plan *plan)
{
	u32 i = sub_home(key, plans->n_sub);
	while (plans->sub[i].plan && plans->sub[i].key != key)
		i = (i + 1) & (plans->n_sub - 1);
	plans->used_sub += !plans->sub[i].plan;
	plans->sub[i] = (struct tg_subplan){key, plan};
}

int tg_plans_add_sub(struct tg_plans *plans, u64 key2, const struct tg_plan *plan)
{
	if ((plans->used_sub + 1) * 2 > plans->n_sub) {
		struct tg_subplan *old = plans->sub;
		u32 n_old = plans->n_sub, n = n_old ? n_old * 2 : 256;
		struct tg_subplan *sub = calloc(n, sizeof *sub);
		if (!sub)
			return -ENOMEM;
		plans->sub = sub;
		plans->n_sub = n;
		plans->used_sub = 0;
		for (u32 i = 0; i < n_old; i++)
			if (old[i].plan)
				sub_insert(plans, old[i].key, old[i].plan);
		free(old);
	}
	plan = keep(plans, plan);
	if (!plan)
		return -ENOMEM;
	sub_insert(plans, key2, plan);
	return 0;
}

void tg_plans_deinit(struct tg_plans *plans)
{
	for (u32 i = 0; i < TG_ABIS; i++)
		free(plans->row[i].by_nr);
	free(plans->sub);
	for (struct tg_plan_node *node = plans->nodes, *next; node; node = next) {
		next = node->next;
		free(node);
	}
	*plans = (struct tg_plans){0};
}

const struct tg_plan *tg_plans_find(const struct tg_plans *plans, u8 abi, s64 nr, const u64 *arg)
{
	if (abi >= TG_ABIS || nr < 0 || nr >= plans->row[abi].n)
		return NULL;
	const struct tg_plan *plan = plans->row[abi].by_nr[nr];
	if (!plan || plan->selector >= 6 || !plans->n_sub)
		return plan;
	u64 key = ((u64)abi << 16 | (u64)nr) << 32 | (u32)arg[plan->selector];
	for (u32 i = sub_home(key, plans->n_sub); plans->sub[i].plan; i = (i + 1) & (plans->n_sub - 1))
		if (plans->sub[i].key == key)
			return plans->sub[i].plan;
	return plan;
}

bool tg_is_wanted(const struct tg_wanted *wanted, u8 abi, s64 nr)
{
	if (wanted->all)
		return true;
	if (abi >= TG_ABIS || nr < 0 || nr >= wanted->bits[abi])
		return false;
	return wanted->map[abi][nr >> 3] >> (nr & 7) & 1;
}

/* Returns 0 if no index in the plan points outside of it: run after this trusts them. */
int tg_plan_check(const struct tg_plan *plan)
{
	if (plan->n_ops > TG_PLAN_OPS)
		return -EINVAL;
	for (unsigned i = 0; i < plan->n_ops; i++) {
		const struct tg_op *op = &plan->op[i];
		bool nested = op->base & TG_NESTED;
		bool from_op = op->len_from == TG_FIELD || op->len_from == TG_FIELD32;
		if (op->phase != TG_AT_ENTRY && op->phase != TG_AT_EXIT)
			return -EINVAL;
		if (op->what < TG_BYTES || op->what > TG_MMSG || op->len_from > TG_ARG_RESULT_MIN || op->cond > TG_IF_ERROR)
			return -EINVAL;
		if (nested ? (op->base & 0x7f) >= i : op->base >= 6)
			return -EINVAL;
		if (op->len_arg >= (from_op ? plan->n_ops : 6) || (from_op && op->len_arg == i) || op->cond_arg >= 6)
			return -EINVAL;
	}
	return 0;
}

/* ---- carrying out ---- */

/* What an operation brought so far: where its first piece's bytes lie in the record. */
struct op_state {
	bool done;
	bool has;
	size_t at;
	u32 len;
	u32 deref;
	bool has_deref;
};

struct run {
	const struct tg_plan *plan;
	struct tg_copy *copy;
	u8 phase;
	u8 word; /* bytes in a pointer */
	struct op_state state[TG_PLAN_OPS];
	struct tg_out *scratch;
};

static u8 word_size(u8 abi)
{
	return abi == TG_ABI_I386 || abi == TG_ABI_X32 ? 4 : 8;
}

static u64 load(const u8 *at, unsigned size)
{
	if (size == 4) {
		u32 value;
		memcpy(&value, at, 4);
		return value;
	}
	u64 value;
	memcpy(&value, at, 8);
	return value;
}

static bool op_applies(const struct tg_op *op, const struct tg_copy *copy, u8 phase)
{
	bool failed = copy->result < 0 && copy->result >= -4095;
	switch (op->cond) {
	case TG_IF_SUCCESS:
		return phase == TG_AT_EXIT && !failed;
	case TG_IF_POSITIVE:
		return phase == TG_AT_EXIT && copy->result > 0;
	case TG_IF_ERROR:
		return phase == TG_AT_EXIT && failed;
	case TG_IF_ARG_EQ:
		return (u32)copy->arg[op->cond_arg] == op->cond_value;
	case TG_IF_ARG_BITS:
		return (u32)copy->arg[op->cond_arg] & op->cond_value;
	default:
		return true;
	}
}

/* `size` bytes at `off` of what operation `index` brought; false if it did not bring them. */
static bool field_of(const struct run *run, u8 index, u16 off, unsigned size, u64 *ret)
{
	const struct op_state *state = &run->state[index];
	if (!state->has || (u32)off + size > state->len)
		return false;
	*ret = load(run->copy->rec->data + state->at + off, size);
	return true;
}

static bool needs_deref(const struct run *run, unsigned i)
{
	return run->plan->op[i].len_from == TG_DEREF32 && !run->state[i].has_deref;
}

/* Whether the operations that `i` builds on, of this phase, have been carried out. */
static bool is_ready(const struct run *run, unsigned i)
{
	const struct tg_op *op = &run->plan->op[i];
	if ((op->base & TG_NESTED) && !run->state[op->base & 0x7f].done)
		return false;
	if ((op->len_from == TG_FIELD || op->len_from == TG_FIELD32) && !run->state[op->len_arg].done)
		return false;
	return true;
}

static bool op_address(const struct run *run, const struct tg_op *op, u64 *ret)
{
	if (op->base & TG_NESTED)
		return field_of(run, op->base & 0x7f, op->base_off, run->word, ret) && *ret;
	*ret = run->copy->arg[op->base];
	if (run->word == 4)
		*ret = (u32)*ret;
	return *ret != 0;
}

static u64 at_least_zero(s64 value)
{
	return value > 0 ? (u64)value : 0;
}

static u64 bits_to_bytes(u64 bits, unsigned word)
{
	s64 n = (int)bits;
	return n <= 0 ? 0 : ((u64)n + word * 8 - 1) / (word * 8) * word;
}

/* The length in elements (TG_CONST: bytes); false if what it hangs on was not readable. */
static bool op_count(const struct run *run, unsigned i, u64 *ret)
{
	const struct tg_op *op = &run->plan->op[i];
	const struct tg_copy *copy = run->copy;
	u64 word = copy->arg[op->len_arg < 6 ? op->len_arg : 0];
	u64 result = at_least_zero(copy->result);
	switch (op->len_from) {
	case TG_ARG:
		*ret = word;
		return true;
	case TG_RESULT:
		*ret = result;
		return true;
	case TG_ARG_RESULT_MIN:
		*ret = word < result ? word : result;
		return true;
	case TG_IOC_SIZE:
		*ret = word >> 16 & 0x3fff;
		return true;
	case TG_BITS:
		*ret = bits_to_bytes(word, run->word);
		return true;
	case TG_DEREF32:
		*ret = run->state[i].deref;
		return run->state[i].has_deref;
	case TG_FIELD:
		return field_of(run, op->len_arg, op->len_off, run->word, ret);
	case TG_FIELD32:
		return field_of(run, op->len_arg, op->len_off, 4, ret);
	default:
		*ret = op->max;
		return true;
	}
}

/* count × scale bytes, at most max; says whether that cut something off. */
static u32 bounded(const struct tg_op *op, u64 count, bool *ret_cut)
{
	u64 bytes;
	u32 scale = op->scale && op->len_from != TG_CONST ? op->scale : 1;
	if (__builtin_mul_overflow(count, (u64)scale, &bytes))
		bytes = UINT64_MAX;
	*ret_cut = bytes > op->max;
	return *ret_cut ? op->max : (u32)bytes;
}

static int add_piece(struct run *run, unsigned i, u16 flags, u64 addr, const void *bytes, u32 len)
{
	struct tg_out *rec = run->copy->rec;
	size_t at = rec->len + sizeof(struct tg_piece);
	int err = tg_record_piece(rec, (u8)i, run->phase, flags, addr, bytes, len);
	if (!err && !run->state[i].has && rec->len > at) {
		struct tg_piece written;
		memcpy(&written, rec->data + at - sizeof written, sizeof written);
		run->state[i].has = true;
		run->state[i].at = at;
		run->state[i].len = written.len;
	}
	return err;
}

/* Room for `n` bytes that are read before they become a piece. */
static u8 *scratch(struct run *run, size_t n)
{
	run->scratch->len = 0;
	return tg_out_reserve(run->scratch, n) ? NULL : run->scratch->data;
}

static int string_piece(struct run *run, unsigned i, u64 addr, u32 max, const u8 *first, size_t n_first, size_t want_first)
{
	const u8 *nul = n_first ? memchr(first, 0, n_first) : NULL;
	if (nul)
		return add_piece(run, i, TG_TERMINATED, addr, first, (u32)(nul - first) + 1);
	if (n_first < want_first)
		return add_piece(run, i, TG_UNREADABLE, addr, first, (u32)n_first);
	if (n_first == max)
		return add_piece(run, i, TG_TRUNCATED, addr, first, max);
	struct tg_out whole = {0};
	bool terminated = false;
	int err = tg_out_reserve(&whole, max);
	if (!err) {
		memcpy(whole.data, first, n_first);
		size_t more = tg_mem_read_string(run->copy->mem, run->copy->tid, addr + n_first, whole.data + n_first,
						 max - n_first, &terminated);
		size_t len = n_first + more;
		u16 flags = terminated ? TG_TERMINATED : len == max ? TG_TRUNCATED : TG_UNREADABLE;
		err = add_piece(run, i, flags, addr, whole.data, (u32)len);
	}
	tg_out_deinit(&whole);
	return err;
}

static size_t first_chunk(u64 addr, u32 max)
{
	size_t n = max < STRING_CHUNK ? max : STRING_CHUNK;
	return n < tg_to_page_end(addr) ? n : tg_to_page_end(addr);
}

/* The pointers of a NULL-terminated array, at most `limit`: a page at a time until the NULL. */
static int read_pointers(struct run *run, u64 addr, u32 limit, struct tg_out *pointers, u16 *ret_flags)
{
	u32 n = 0;
	*ret_flags = TG_TRUNCATED;
	while (n < limit) {
		u64 at = addr + (u64)n * run->word;
		u32 room = (u32)(tg_to_page_end(at) / run->word);
		u32 want = limit - n < room ? limit - n : room;
		if (!want)
			want = 1; /* a pointer across two pages */
		int err = tg_out_reserve(pointers, (size_t)want * run->word);
		if (err)
			return err;
		u8 *into = pointers->data + pointers->len;
		size_t got = tg_mem_read(run->copy->mem, run->copy->tid, at, into, (size_t)want * run->word) / run->word;
		for (size_t k = 0; k < got; k++) {
			pointers->len += run->word;
			if (!load(into + k * run->word, run->word)) {
				*ret_flags = TG_TERMINATED;
				return 0;
			}
		}
		n += (u32)got;
		if (got < want) {
			*ret_flags = TG_UNREADABLE;
			return 0;
		}
	}
	return 0;
}

#define BATCH 32

/* One piece per string of the array. */
static int copy_strings(struct run *run, unsigned i, const struct tg_out *pointers, u32 n, u32 max)
{
	struct tg_read reads[BATCH];
	for (u32 done = 0; done < n;) {
		u32 count = n - done < BATCH ? n - done : BATCH;
		u8 *into = scratch(run, (size_t)count * STRING_CHUNK);
		if (!into)
			return -ENOMEM;
		for (u32 k = 0; k < count; k++) {
			u64 addr = load(pointers->data + (size_t)(done + k) * run->word, run->word);
			reads[k] = (struct tg_read){.addr = addr, .want = first_chunk(addr, max), .into = into + k * STRING_CHUNK};
		}
		tg_mem_gather(run->copy->mem, run->copy->tid, reads, count);
		for (u32 k = 0; k < count; k++) {
			int err = string_piece(run, i, reads[k].addr, max, reads[k].into, reads[k].got, reads[k].want);
			if (err)
				return err;
		}
		done += count;
	}
	return 0;
}

static int run_strings(struct run *run, unsigned i, u64 addr)
{
	const struct tg_op *op = &run->plan->op[i];
	struct tg_out pointers = {0};
	u16 flags;
	u32 limit = op->scale && op->scale < MAX_STRINGS ? op->scale : MAX_STRINGS;
	int err = read_pointers(run, addr, limit, &pointers, &flags);
	if (!err)
		err = add_piece(run, i, flags, addr, pointers.data, (u32)pointers.len);
	u32 n = (u32)(pointers.len / run->word) - (flags == TG_TERMINATED);
	if (!err)
		err = copy_strings(run, i, &pointers, n, op->max);
	tg_out_deinit(&pointers);
	return err;
}

/* The piece of one read that stands alone; `cut` says that more was there. */
static int plain_piece(struct run *run, unsigned i, u64 addr, u32 len, bool cut)
{
	u8 *into = scratch(run, len);
	if (!into && len)
		return -ENOMEM;
	size_t got = len ? tg_mem_read(run->copy->mem, run->copy->tid, addr, into, len) : 0;
	u16 flags = (got < len ? TG_UNREADABLE : 0) | (cut ? TG_TRUNCATED : 0);
	return add_piece(run, i, flags, addr, into, (u32)got);
}

/* One piece per {base, length} pair in `pairs`, of at most `max` bytes, while some of the `left` transferred are. */
static int copy_pairs(struct run *run, unsigned i, const u8 *pairs, u32 n, u64 left, u32 max)
{
	struct tg_read reads[BATCH];
	u64 room = max > MAX_CONTENTS ? max : MAX_CONTENTS;
	u32 done = 0;
	while (done < n && left && room) {
		u32 count = 0;
		size_t total = 0;
		bool cut[BATCH];
		while (count < BATCH && done + count < n && left && room) {
			const u8 *pair = pairs + (size_t)(done + count) * 2 * run->word;
			u64 len = load(pair + run->word, run->word);
			len = len < left ? len : left;
			left -= len;
			u64 most = max < room ? max : room;
			cut[count] = len > most;
			if (cut[count])
				len = most;
			reads[count++] = (struct tg_read){.addr = load(pair, run->word), .want = len};
			total += len;
			room -= len;
		}
		u8 *into = scratch(run, total + 1);
		if (!into)
			return -ENOMEM;
		for (u32 k = 0; k < count; k++) {
			reads[k].into = into;
			into += reads[k].want;
		}
		tg_mem_gather(run->copy->mem, run->copy->tid, reads, count);
		for (u32 k = 0; k < count; k++) {
			u16 flags = (reads[k].got < reads[k].want ? TG_UNREADABLE : 0) | (cut[k] ? TG_TRUNCATED : 0);
			int err = add_piece(run, i, flags, reads[k].addr, reads[k].into, (u32)reads[k].got);
			if (err)
				return err;
		}
		done += count;
	}
	return 0;
}

/* The pairs as a piece, then their contents. */
static int copy_iovec(struct run *run, unsigned i, u64 addr, u64 count, u32 limit, u64 left)
{
	bool cut = count > limit;
	u32 n = cut ? limit : (u32)count;
	struct tg_out pairs = {0};
	size_t bytes = (size_t)n * 2 * run->word;
	int err = tg_out_reserve(&pairs, bytes + 1);
	if (!err) {
		size_t got = bytes ? tg_mem_read(run->copy->mem, run->copy->tid, addr, pairs.data, bytes) : 0;
		got -= got % (2 * run->word);
		u16 flags = (got < bytes ? TG_UNREADABLE : 0) | (cut ? TG_TRUNCATED : 0);
		err = add_piece(run, i, flags, addr, pairs.data, (u32)got);
		if (!err)
			err = copy_pairs(run, i, pairs.data, (u32)(got / (2 * run->word)), left, run->plan->op[i].max);
	}
	tg_out_deinit(&pairs);
	return err;
}

static int run_iovec(struct run *run, unsigned i, u64 addr, u64 count)
{
	const struct tg_op *op = &run->plan->op[i];
	u32 limit = op->scale && op->scale < MAX_IOVECS ? op->scale : MAX_IOVECS;
	u64 left = UINT64_MAX;
	if (op->len_from == TG_CONST)
		count = limit;
	if (run->phase == TG_AT_EXIT && run->copy->result >= 0)
		left = (u64)run->copy->result;
	return copy_iovec(run, i, addr, count, limit, left);
}

/* struct mmsghdr: name, namelen, iov, iovlen, control, controllen, flags (msghdr), then len. */
static int copy_mmsg(struct run *run, unsigned i, const u8 *header, u32 iovecs)
{
	unsigned word = run->word;
	u64 name = load(header, word);
	u32 name_len = (u32)load(header + word, 4);
	u64 iov = load(header + 2 * word, word), iov_len = load(header + 3 * word, word);
	u64 control = load(header + 4 * word, word), control_len = load(header + 5 * word, word);
	u64 left = run->phase == TG_AT_EXIT ? load(header + 7 * word, 4) : UINT64_MAX;
	int err = 0;
	if (name)
		err = plain_piece(run, i, name, name_len < MAX_NAME ? name_len : MAX_NAME, name_len > MAX_NAME);
	if (!err && iov)
		err = copy_iovec(run, i, iov, iov_len, iovecs, left);
	if (!err && control)
		err = plain_piece(run, i, control, control_len < MAX_CONTROL ? (u32)control_len : MAX_CONTROL,
				  control_len > MAX_CONTROL);
	return err;
}

static int run_mmsg(struct run *run, unsigned i, u64 addr, u64 count)
{
	const struct tg_op *op = &run->plan->op[i];
	u32 limit = op->scale && op->scale < MAX_IOVECS ? op->scale : MAX_IOVECS;
	bool cut = count > limit;
	u32 n = cut ? limit : (u32)count;
	u32 size = 8u * run->word; /* 64 in LP64, 32 in ILP32 */
	struct tg_out headers = {0};
	int err = tg_out_reserve(&headers, (size_t)n * size + 1);
	if (!err) {
		size_t bytes = (size_t)n * size;
		size_t got = bytes ? tg_mem_read(run->copy->mem, run->copy->tid, addr, headers.data, bytes) : 0;
		got -= got % size;
		err = add_piece(run, i, (got < bytes ? TG_UNREADABLE : 0) | (cut ? TG_TRUNCATED : 0), addr, headers.data, (u32)got);
		for (u32 k = 0; !err && k < got / size; k++)
			err = copy_mmsg(run, i, headers.data + (size_t)k * size, 64);
	}
	tg_out_deinit(&headers);
	return err;
}

/* A read of the stage being gathered, and what it is for. */
struct want {
	u8 op;
	bool deref, cut;
};

/* Adds operation `i` to the stage, or carries it out at once when it needs reads of its own. */
static int stage_op(struct run *run, unsigned i, struct tg_read *read, struct want *want, bool *ret_used)
{
	const struct tg_op *op = &run->plan->op[i];
	struct op_state *state = &run->state[i];
	u64 addr, count = 0;
	*ret_used = false;
	if (!state->has_deref && (!op_applies(op, run->copy, run->phase) || !op_address(run, op, &addr))) {
		state->done = true;
		return 0;
	}
	if (needs_deref(run, i)) {
		*read = (struct tg_read){.addr = run->copy->arg[op->len_arg], .want = 4};
		*want = (struct want){.op = (u8)i, .deref = true};
		*ret_used = true;
		return 0;
	}
	state->done = true;
	if (!op_address(run, op, &addr) || !op_count(run, i, &count))
		return 0;
	switch (op->what) {
	case TG_STRINGS:
		return run_strings(run, i, addr);
	case TG_IOVEC:
		return run_iovec(run, i, addr, count);
	case TG_MMSG:
		return run_mmsg(run, i, addr, count);
	case TG_STRING:
		*read = (struct tg_read){.addr = addr, .want = first_chunk(addr, op->max)};
		*want = (struct want){.op = (u8)i};
		break;
	default:
		*want = (struct want){.op = (u8)i};
		*read = (struct tg_read){.addr = addr, .want = bounded(op, count, &want->cut)};
	}
	*ret_used = true;
	return 0;
}

/* Turns one finished read of the stage into a piece, or into a length for the next stage. */
static int finish_read(struct run *run, const struct tg_read *read, const struct want *want)
{
	const struct tg_op *op = &run->plan->op[want->op];
	if (want->deref) {
		run->state[want->op].has_deref = read->got == 4;
		run->state[want->op].done = read->got < 4;
		if (read->got == 4)
			run->state[want->op].deref = (u32)load(read->into, 4);
		return 0;
	}
	if (op->what == TG_STRING)
		return string_piece(run, want->op, read->addr, op->max, read->into, read->got, read->want);
	u16 flags = (read->got < read->want ? TG_UNREADABLE : 0) | (want->cut ? TG_TRUNCATED : 0);
	return add_piece(run, want->op, flags, read->addr, read->into, (u32)read->got);
}

/* Reads everything that can be read now; returns how many operations moved on, or -errno. */
static int run_stage(struct run *run)
{
	struct tg_read reads[TG_PLAN_OPS];
	struct want wants[TG_PLAN_OPS];
	u32 ready = 0, moved = 0;
	unsigned n = 0;
	size_t total = 0;
	for (unsigned i = 0; i < run->plan->n_ops; i++)
		if (run->plan->op[i].phase == run->phase && !run->state[i].done && is_ready(run, i))
			ready |= 1u << i;
	for (unsigned i = 0; i < run->plan->n_ops; i++) {
		bool used;
		if (!(ready >> i & 1))
			continue;
		int err = stage_op(run, i, &reads[n], &wants[n], &used);
		if (err)
			return err;
		moved++;
		if (used)
			total += reads[n++].want;
	}
	u8 *into = scratch(run, total + 1);
	if (!into)
		return -ENOMEM;
	for (unsigned k = 0; k < n; k++) {
		reads[k].into = into;
		into += reads[k].want;
	}
	if (total)
		tg_mem_gather(run->copy->mem, run->copy->tid, reads, n);
	for (unsigned k = 0; k < n; k++) {
		int err = finish_read(run, &reads[k], &wants[k]);
		if (err)
			return err;
	}
	return (int)moved;
}

/* Makes what the entry phase brought known to the exit phase. */
static void find_pieces(struct run *run)
{
	const struct tg_out *rec = run->copy->rec;
	size_t at = sizeof(struct tg_record);
	while (at + sizeof(struct tg_piece) <= rec->len) {
		struct tg_piece piece;
		memcpy(&piece, rec->data + at, sizeof piece);
		at += sizeof piece;
		if (piece.arg < TG_PLAN_OPS && !run->state[piece.arg].has) {
			run->state[piece.arg].has = true;
			run->state[piece.arg].at = at;
			run->state[piece.arg].len = piece.len;
		}
		at += ((size_t)piece.len + 7) & ~(size_t)7;
	}
}

/*
 * Carries out the operations of one phase and appends their pieces to the record.
 * Returns 0 or -ENOMEM; unreadable memory is no error.
 */
int tg_plan_run(const struct tg_plan *plan, u8 phase, struct tg_copy *copy)
{
	struct run run = {.plan = plan, .copy = copy, .phase = phase, .word = word_size(copy->abi), .scratch = &copy->mem->scratch};
	bool any = false;
	for (unsigned i = 0; i < plan->n_ops; i++) {
		run.state[i].done = plan->op[i].phase != phase;
		any |= !run.state[i].done;
	}
	if (!any)
		return 0;
	if (phase == TG_AT_EXIT)
		find_pieces(&run);
	int moved;
	do
		moved = run_stage(&run);
	while (moved > 0);
	return moved;
}
