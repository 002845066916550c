/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The interpreter of plans: runs one copy operation for the current task, and appends what it
 * read to this CPU's scratch record as pieces. Everything read here is hostile: each length is
 * bounded where it is used, and a failed read leaves a piece that says so.
 *
 * The functions marked GLOBAL are verified by themselves, so that the verifier's work is their
 * sum and not their product; they find the scratch memory again instead of being given it.
 */
#ifndef TRAPGATE_COPY_H
#define TRAPGATE_COPY_H

#define PIECE_MAX 32768u                /* bytes in one piece */
#define OFF_MAX 65536u                  /* a piece may begin up to here */
#define BUFFER (OFF_MAX + sizeof(struct tg_piece) + PIECE_MAX + 8)
#define DIRECT 512u                     /* bytes that one operation may copy straight into the waiting record */
#define PAGE 4096u                      /* the smallest page: reads are split here when they fail */
#define RUN 32u                         /* elements that one function loops over, as the verifier walks every turn */
#define STRINGS_MAX (RUN * RUN)
#define IOVECS_MAX (RUN * RUN)          /* UIO_MAXIOV */
#define MESSAGES_MAX 64
#define IOVECS_OF_MESSAGE 64
#define NAME_MAX 128
#define CONTROL_MAX 4096

struct scratch {
	u32 off;       /* where the next piece goes */
	u32 pieces;
	u32 busy;
	u32 failed;    /* reads that failed in the present operation */
	u8 buf[BUFFER];
};

struct {
	UINT(type, BPF_MAP_TYPE_ARRAY);
	UINT(max_entries, 1); /* the loader sets it to the number of CPUs: a per-CPU array's values are too small */
	TYPE(key, u32);
	TYPE(value, struct scratch);
} scratches SEC(".maps");

struct {
	UINT(type, BPF_MAP_TYPE_ARRAY);
	UINT(max_entries, 1);
	TYPE(key, u32);
	TYPE(value, struct tg_plan);
} plans SEC(".maps");

INLINE struct scratch *find_scratch(void)
{
	u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&scratches, &cpu);
}

/* At most `max`, in a way that the verifier sees. */
INLINE u32 bound(u32 value, u32 max)
{
	OPAQUE(value);
	return value < max ? value : max;
}

/* What every piece of an operation carries: its index, its phase, and flags. */
INLINE u32 make_tag(u32 op, u32 phase, u32 flags)
{
	return op | phase << 8 | flags << 16;
}

/* Completes the piece at s->off, of which `len` bytes were read; zeroes the padding. */
INLINE void seal_piece(struct scratch *s, u32 off, u32 len, u64 addr, u32 tag)
{
	struct tg_piece *piece = (void *)(s->buf + off);
	u64 *tail;

	piece->len = len;
	piece->arg = tag;
	piece->phase = tag >> 8;
	piece->flags = tag >> 16;
	piece->addr = addr;
	if (len & 7) {
		tail = (void *)(s->buf + off + sizeof(*piece) + (len & ~7u));
		*tail &= (1ull << (len & 7) * 8) - 1;
	}
	s->off = off + sizeof(*piece) + ((len + 7) & ~7u);
	s->pieces++;
}

/* As many of `len` bytes at `addr` as can be read, page by page, into the place of the next piece. */
GLOBAL int read_pages(u64 addr, u32 len)
{
	struct scratch *s = find_scratch();
	u32 done = 0, part, off;
	int page;

	if (!s)
		return 0;
	off = s->off;
	if (off > OFF_MAX || len > PIECE_MAX)
		return 0;
	for (page = 0; page <= (int)(PIECE_MAX / PAGE) && done < len; page++) {
		part = PAGE - (addr & (PAGE - 1));
		if (part > len - done)
			part = len - done;
		if (done > PIECE_MAX - PAGE)
			done = PIECE_MAX - PAGE;
		if (part > PAGE)
			part = PAGE;
		if (bpf_probe_read_user(s->buf + off + sizeof(struct tg_piece) + done, part, (void *)addr))
			break;
		done += part;
		addr += part;
	}
	return done;
}

/* A piece of `len` bytes at `addr`. */
GLOBAL int put_bytes(u64 addr, u32 len, u32 tag)
{
	struct scratch *s = find_scratch();
	u32 off, got;

	if (!s)
		return 0;
	off = s->off;
	if (off > OFF_MAX)
		return 0;
	if (len > PIECE_MAX) {
		len = PIECE_MAX;
		tag |= TG_TRUNCATED << 16;
	}
	if (len && bpf_probe_read_user(s->buf + off + sizeof(struct tg_piece), len, (void *)addr)) {
		s->failed++;
		tag |= TG_UNREADABLE << 16;
		got = 0;
		if ((addr & (PAGE - 1)) + len > PAGE)
			got = read_pages(addr, len);
		len = bound(got, PIECE_MAX);
	}
	seal_piece(s, off, len, addr, tag);
	return 0;
}

/* A piece of the string at `addr`, its NUL included if it ends within `max` bytes. */
GLOBAL int put_string(u64 addr, u32 max, u32 tag)
{
	struct scratch *s = find_scratch();
	u32 off, size;
	long got;

	if (!s)
		return 0;
	off = s->off;
	if (off > OFF_MAX)
		return 0;
	if (max > PIECE_MAX - 1)
		max = PIECE_MAX - 1;
	size = max + 1; /* the helper makes the last byte a NUL */
	if (size > PIECE_MAX)
		return 0;
	got = bpf_probe_read_user_str(s->buf + off + sizeof(struct tg_piece), size, (void *)addr);
	if (got > (long)max) {
		got = max;
		tag |= TG_TRUNCATED << 16;
	} else if (got > 0) {
		tag |= TG_TERMINATED << 16;
	} else if (max == 0) {
		got = 0;
		tag |= TG_TRUNCATED << 16;
	} else {
		size = PAGE - (addr & (PAGE - 1)); /* what there is before the page that is not */
		got = read_pages(addr, size < max ? size : max);
		s->failed++;
		tag |= TG_UNREADABLE << 16;
	}
	seal_piece(s, off, bound(got, PIECE_MAX), addr, tag);
	return 0;
}

INLINE u32 word_size(u32 abi)
{
	return abi == TG_ABI_X86_64 || abi == TG_ABI_AARCH64 ? 8 : 4;
}

/* The word of `size` bytes at offset `at` of the scratch record. */
INLINE u64 peek(struct scratch *s, u32 at, u32 size)
{
	if (at > OFF_MAX + PIECE_MAX)
		return 0;
	return size == 8 ? *(u64 *)(s->buf + at) : *(u32 *)(s->buf + at);
}

enum { POINTER_NULL, POINTER_GOOD, POINTER_UNREADABLE };

/* Copies one pointer of an array to offset `at` of the scratch record. */
GLOBAL int copy_pointer(u64 addr, u32 at, u32 word)
{
	struct scratch *s = find_scratch();
	u64 pointer = 0;

	if (!s || at > OFF_MAX || (word != 4 && word != 8))
		return POINTER_NULL;
	if (bpf_probe_read_user(&pointer, word, (void *)addr))
		return POINTER_UNREADABLE;
	if (word == 8)
		*(u64 *)(s->buf + at) = pointer;
	else
		*(u32 *)(s->buf + at) = pointer;
	return pointer ? POINTER_GOOD : POINTER_NULL;
}

/* Copies up to RUN pointers; returns how many point to something, and what ended it << 16. */
GLOBAL u32 copy_pointers(u64 addr, u32 at, u32 word, u32 count)
{
	int kind = POINTER_GOOD;
	u32 n;

	for (n = 0; n < RUN && n < count; n++) {
		kind = copy_pointer(addr + n * word, at + n * word, word);
		if (kind != POINTER_GOOD)
			break;
	}
	return n | kind << 16;
}

/* A NULL-terminated array of at most `count` pointers as one piece; returns how many point to something. */
GLOBAL int put_pointers(u64 addr, u32 word, u32 count, u32 tag)
{
	struct scratch *s = find_scratch();
	u32 off, at, i, n = 0, part, kind = POINTER_GOOD;

	if (!s || (word != 4 && word != 8))
		return 0;
	off = s->off;
	if (off > OFF_MAX - STRINGS_MAX * 8 - sizeof(struct tg_piece))
		return 0;
	at = off + sizeof(struct tg_piece);
	for (i = 0; i < STRINGS_MAX / RUN && n < count && kind == POINTER_GOOD; i++) {
		part = copy_pointers(addr + n * word, at + n * word, word, count - n);
		n += part & 0xffff;
		kind = part >> 16;
	}
	if (kind != POINTER_UNREADABLE)
		tag |= (kind == POINTER_NULL ? TG_TERMINATED : TG_TRUNCATED) << 16;
	if (kind == POINTER_UNREADABLE) {
		tag |= TG_UNREADABLE << 16;
		s->failed++;
	}
	count = bound(kind == POINTER_NULL ? n + 1 : n, STRINGS_MAX);
	seal_piece(s, off, bound(count * word, STRINGS_MAX * 8), addr, tag);
	return n;
}

/* The string whose pointer is at offset `at` of the scratch record. */
GLOBAL int put_nth_string(u32 at, u32 word, u32 max, u32 tag)
{
	struct scratch *s = find_scratch();

	return s ? put_string(peek(s, at, word), max, tag) : 0;
}

GLOBAL int put_some_strings(u32 at, u32 count, u64 word_max, u32 tag)
{
	u32 word = word_max >> 32, i;

	for (i = 0; i < RUN && i < count; i++)
		put_nth_string(at + i * word, word, (u32)word_max, tag);
	return 0;
}

/*
 * A NULL-terminated array of strings of at most `max` bytes, of the pointers alone if that is 0;
 * `word_count` = word size << 32 | most elements.
 */
GLOBAL int put_strings(u64 addr, u64 word_count, u32 max, u32 tag)
{
	struct scratch *s = find_scratch();
	u32 word = word_count >> 32, at, n, i;

	if (!s)
		return 0;
	at = s->off + sizeof(struct tg_piece);
	n = put_pointers(addr, word, (u32)word_count, tag);
	for (i = 0; max && i < STRINGS_MAX / RUN && i * RUN < n; i++)
		put_some_strings(at + i * RUN * word, n - i * RUN, (u64)word << 32 | max, tag);
	return 0;
}

/* At most `max` bytes of what the iovec at offset `at` of the scratch record points to; returns what is left of `left`. */
INLINE u32 put_vector(u32 at, u32 word, u32 left, u32 max, u32 tag)
{
	struct scratch *s = find_scratch();
	u64 base, len;

	if (!s)
		return 0;
	base = peek(s, at, word);
	len = peek(s, at + word, word);
	if (len > left)
		len = left;
	if (len > max)
		put_bytes(base, max, tag | TG_TRUNCATED << 16);
	else
		put_bytes(base, len, tag);
	return left - len;
}

/* `left_max` = what was transferred, over all of them << 32 | most bytes of each. */
GLOBAL u32 put_some_vectors(u32 at, u64 word_count, u64 left_max, u32 tag)
{
	u32 word = word_count >> 32, count = word_count, left = left_max >> 32, i;

	for (i = 0; i < RUN && i < count && left; i++)
		left = put_vector(at + 2 * i * word, word, left, left_max, tag);
	return left;
}

/* An array of iovecs, then what they point to. */
GLOBAL int put_iovec(u64 addr, u64 word_count, u64 left_max, u32 tag)
{
	struct scratch *s = find_scratch();
	u32 word = word_count >> 32, count = word_count, left = left_max >> 32, at, i;

	if (!s || (word != 4 && word != 8))
		return 0;
	at = s->off + sizeof(struct tg_piece);
	put_bytes(addr, bound(count, IOVECS_MAX) * 2 * word, count > IOVECS_MAX ? tag | TG_TRUNCATED << 16 : tag);
	count = s->off < at ? 0 : (s->off - at) / (2 * word); /* those that could be read */
	for (i = 0; i < IOVECS_MAX / RUN && i * RUN < count && left; i++)
		left = put_some_vectors(at + 2 * i * RUN * word, (u64)word << 32 | (count - i * RUN),
					(u64)left << 32 | (u32)left_max, tag);
	return 0;
}

/*
 * What the struct mmsghdr at offset `at` of the scratch record points to. Its members: msg_name,
 * msg_namelen (u32, padded), msg_iov, msg_iovlen, msg_control, msg_controllen, msg_flags (padded),
 * msg_len (u32).
 */
GLOBAL int put_message(u32 at, u32 word, u32 max, u32 tag)
{
	struct scratch *s = find_scratch();
	u32 left = ~0u, n;
	u64 pointer;

	if (!s || (word != 4 && word != 8))
		return 0;
	if ((tag >> 8 & 0xff) == TG_AT_EXIT)
		left = peek(s, at + 7 * word, 4);
	pointer = peek(s, at, word);
	if (pointer)
		put_bytes(pointer, bound(peek(s, at + word, 4), NAME_MAX), tag);
	pointer = peek(s, at + 2 * word, word);
	n = bound(peek(s, at + 3 * word, word), IOVECS_OF_MESSAGE);
	if (pointer)
		put_iovec(pointer, (u64)word << 32 | n, (u64)left << 32 | max, tag);
	pointer = peek(s, at + 4 * word, word);
	if (pointer)
		put_bytes(pointer, bound(peek(s, at + 5 * word, word), CONTROL_MAX), tag);
	return 0;
}

/* An array of struct mmsghdr and what each points to, at most `max` bytes of each buffer. */
GLOBAL int put_messages(u64 addr, u64 word_count, u32 max, u32 tag)
{
	struct scratch *s = find_scratch();
	u32 word = word_count >> 32, count = word_count, at, i;

	if (!s || (word != 4 && word != 8))
		return 0;
	at = s->off + sizeof(struct tg_piece);
	put_bytes(addr, bound(count, MESSAGES_MAX) * 8 * word, count > MESSAGES_MAX ? tag | TG_TRUNCATED << 16 : tag);
	count = s->off < at ? 0 : (s->off - at) / (8 * word);
	for (i = 0; i < MESSAGES_MAX && i < count; i++)
		put_message(at + i * 8 * word, word, max, tag);
	return 0;
}

INLINE u64 read_arg(struct task *t, u32 index)
{
	return index < 6 ? t->rec.arg[index] : 0;
}

/* Whether the operation applies to this call. */
INLINE bool applies(struct task *t, struct tg_op *op)
{
	u64 word = read_arg(t, op->cond_arg);
	bool failed = t->rec.result < 0 && t->rec.result >= -4095, at_exit = op->phase == TG_AT_EXIT;

	switch (op->cond) {
	case TG_IF_SUCCESS:
		return at_exit && !failed;
	case TG_IF_POSITIVE:
		return at_exit && t->rec.result > 0;
	case TG_IF_ERROR:
		return at_exit && failed;
	case TG_IF_ARG_EQ:
		return (u32)word == op->cond_value;
	case TG_IF_ARG_BITS:
		return (u32)word & op->cond_value;
	}
	return 1;
}

/* The word of `size` bytes at `off` in what operation `index` copied; 0 and *known = 0 if it copied less. */
INLINE u64 read_field(struct task *t, struct scratch *s, u32 index, u32 off, u32 size, bool *known)
{
	if (index >= TG_PLAN_OPS || off + size > t->piece[index].len) {
		*known = 0;
		return 0;
	}
	return peek(s, t->piece[index].at + off, size);
}

/* The operation's length in elements, where no memory need be read for it. */
INLINE u64 read_simple_length(struct task *t, struct tg_op *op)
{
	u64 word = word_size(t->rec.abi), arg = read_arg(t, op->len_arg), result = t->rec.result > 0 ? t->rec.result : 0;

	switch (op->len_from) {
	case TG_ARG:
		break;
	case TG_RESULT:
		arg = result;
		break;
	case TG_IOC_SIZE:
		return arg >> 16 & 0x3fff;
	case TG_BITS:
		arg = (s32)arg < 0 ? 0 : (u32)arg;
		arg = (arg + word * 8 - 1) / (word * 8) * word;
		break;
	case TG_ARG_RESULT_MIN:
		arg = arg < result ? arg : result;
		break;
	default:
		arg = op->what == TG_BYTES ? op->max : op->scale ? op->scale : IOVECS_MAX;
	}
	return arg < 1 << 20 ? arg : 1 << 20;
}

/* The operation's length in elements; *known = 0 if what it hangs on could not be read. */
INLINE u64 read_length(struct task *t, struct scratch *s, struct tg_op *op, bool *known)
{
	u32 value = 0;

	switch (op->len_from) {
	case TG_DEREF32:
		if (bpf_probe_read_user(&value, sizeof(value), (void *)read_arg(t, op->len_arg)))
			*known = 0;
		return value;
	case TG_FIELD:
		return read_field(t, s, op->len_arg, op->len_off, word_size(t->rec.abi), known);
	case TG_FIELD32:
		return read_field(t, s, op->len_arg, op->len_off, 4, known);
	}
	return read_simple_length(t, op);
}

INLINE int put(struct task *t, struct tg_op *op, u64 addr, u64 len, u32 tag)
{
	u32 word = word_size(t->rec.abi), max = op->max;
	u64 word_len = (u64)word << 32 | (len > 0xffff ? 0xffff : len), left = ~0u;

	switch (op->what) {
	case TG_BYTES:
		if (len > 1 << 20)
			len = 1 << 20;
		if (op->scale && op->len_from != TG_CONST)
			len *= op->scale;
		if (len > max)
			return put_bytes(addr, max, tag | TG_TRUNCATED << 16);
		return put_bytes(addr, len, tag);
	case TG_STRING:
		return put_string(addr, max, tag);
	case TG_STRINGS:
		return put_strings(addr, (u64)word << 32 | (op->scale ? op->scale : STRINGS_MAX), max, tag);
	case TG_IOVEC:
		if (op->phase == TG_AT_EXIT && t->rec.result >= 0 && t->rec.result < left)
			left = t->rec.result; /* a read's buffers beyond its result hold nothing */
		return put_iovec(addr, word_len, left << 32 | max, tag);
	case TG_MMSG:
		return put_messages(addr, word_len, max, tag);
	}
	return 0;
}

/*
 * Runs operation `i` of the task's plan. What cannot be read at entry because its page is not
 * there is marked in t->retry, to be tried again at exit, when the kernel has touched it.
 */
GLOBAL int run_op(struct task *t, u32 i)
{
	struct scratch *s = find_scratch();
	struct tg_plan *plan;
	struct tg_op *op;
	u32 index, tag, start, pieces;
	bool known = 1, again;
	u64 addr, len;

	if (!t || !s || i >= TG_PLAN_OPS)
		return 0;
	index = t->plan;
	plan = bpf_map_lookup_elem(&plans, &index);
	if (!plan)
		return 0;
	op = &plan->op[i];
	if (!applies(t, op))
		return 0;
	again = t->flags & T_AT_EXIT && op->phase == TG_AT_ENTRY && !(t->flags & T_LATE);
	if (op->base & TG_NESTED)
		addr = read_field(t, s, op->base & 0x7f, op->base_off, word_size(t->rec.abi), &known);
	else
		addr = read_arg(t, op->base);
	if (word_size(t->rec.abi) == 4)
		addr = (u32)addr;
	len = known && addr ? read_length(t, s, op, &known) : 0;
	if (!known && op->phase == TG_AT_ENTRY && !(t->flags & T_AT_EXIT))
		t->retry |= 1 << i;
	if (!known || !addr)
		return 0;
	start = s->off;
	pieces = s->pieces;
	s->failed = 0;
	tag = make_tag(i, op->phase, again ? TG_AGAIN : 0);
	put(t, op, addr, len, tag);
	if (s->failed && again) { /* nothing gained: what was read at entry stays */
		s->off = start;
		s->pieces = pieces;
		return 0;
	}
	if (s->failed && op->phase == TG_AT_ENTRY && !(t->flags & T_AT_EXIT))
		t->retry |= 1 << i;
	if (s->off > start) {
		t->piece[i].at = start + sizeof(struct tg_piece);
		t->piece[i].len = start <= OFF_MAX ? ((struct tg_piece *)(s->buf + start))->len : 0;
	}
	return 0;
}


/*
 * Operation `i` done where the record waits, without scratch memory: for most calls that is all.
 * Returns 0, having done nothing, if it needs run_op: what it reads depends on what another
 * operation read, is an array, is large, or could not be read.
 */
GLOBAL int run_directly(struct task *t, u32 i)
{
	struct tg_piece *piece;
	struct tg_plan *plan;
	struct tg_op *op;
	u32 index, kept, max, flags = 0;
	u64 addr, len, *tail, small[5] = {};
	long got;

	if (!t || i >= TG_PLAN_OPS)
		return 0;
	index = t->plan;
	kept = t->kept;
	plan = bpf_map_lookup_elem(&plans, &index);
	if (!plan || kept > KEEP - sizeof(*piece) - DIRECT - 8)
		return 0;
	op = &plan->op[i];
	if (op->base & TG_NESTED || op->what > TG_STRING || (op->len_from >= TG_DEREF32 && op->len_from <= TG_FIELD32))
		return 0;
	addr = read_arg(t, op->base);
	if (word_size(t->rec.abi) == 4)
		addr = (u32)addr;
	if (!addr || !applies(t, op))
		return 1;
	piece = (void *)(t->pieces + kept);
	max = op->max;
	if (op->what == TG_STRING) {
		got = bpf_probe_read_user_str(piece + 1, max < DIRECT ? max + 1 : DIRECT, (void *)addr);
		if (got <= 0 || got >= DIRECT)
			return 0;
		flags = TG_TERMINATED;
		if (got > max) {
			got = max;
			flags = TG_TRUNCATED;
		}
		len = bound(got, DIRECT);
	} else {
		len = read_simple_length(t, op);
		if (op->scale && op->len_from != TG_CONST)
			len *= op->scale;
		if (len > max) {
			len = max;
			flags = TG_TRUNCATED;
		}
		if (len > DIRECT)
			return 0;
		if (len <= sizeof(small)) { /* the kernel checks where a copy goes, and the stack is checked soonest */
			if (bpf_probe_read_user(small, len, (void *)addr))
				return 0;
			__builtin_memcpy(piece + 1, small, sizeof(small));
		} else if (bpf_probe_read_user(piece + 1, len, (void *)addr)) {
			return 0;
		}
	}
	piece->len = len;
	piece->arg = i;
	piece->phase = op->phase;
	piece->flags = flags;
	piece->addr = addr;
	if (len & 7) {
		tail = (u64 *)((u8 *)(piece + 1) + (len & (DIRECT - 8)));
		*tail &= (1ull << (len & 7) * 8) - 1;
	}
	t->piece[i].at = sizeof(t->rec) + kept + sizeof(*piece);
	t->piece[i].len = len;
	t->kept = kept + sizeof(*piece) + ((len + 7) & ~7ull);
	t->rec.pieces++;
	return 1;
}

#endif
