/* SPDX-License-Identifier: BSD-2-Clause */
/* Byte buffers that grow, and the writing of records into them. */
#include "tracer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void tg_out_deinit(struct tg_out *out)
{
	free(out->data);
	*out = (struct tg_out){0};
}

int tg_out_reserve(struct tg_out *out, size_t more)
{
	if (out->cap - out->len >= more)
		return 0;
	size_t cap = out->cap ? out->cap : 512;
	while (cap - out->len < more)
		cap *= 2;
	u8 *data = realloc(out->data, cap);
	if (!data)
		return -ENOMEM;
	out->data = data;
	out->cap = cap;
	return 0;
}

int tg_out_append(struct tg_out *out, const void *bytes, size_t n)
{
	int err = tg_out_reserve(out, n);
	if (err)
		return err;
	if (n)
		memcpy(out->data + out->len, bytes, n);
	out->len += n;
	return 0;
}

/* Starts a record at offset 0 of `out`. */
int tg_record_begin(struct tg_out *out, u8 kind, struct tg_record **ret)
{
	out->len = 0;
	int err = tg_out_reserve(out, sizeof(struct tg_record));
	if (err)
		return err;
	struct tg_record *header = (struct tg_record *)out->data;
	memset(header, 0, sizeof *header);
	header->kind = kind;
	out->len = sizeof *header;
	if (ret)
		*ret = header;
	return 0;
}

/*
 * Appends a piece to the record being built; `len` is cut to what TG_RECORD_MAX leaves.
 * The header may move: callers fetch it again.
 */
int tg_record_piece(struct tg_out *rec, u8 arg, u8 phase, u16 flags, u64 addr, const void *bytes, u32 len)
{
	size_t room = TG_RECORD_MAX - rec->len;
	if (room < sizeof(struct tg_piece) + 8)
		return 0;
	if (len > room - sizeof(struct tg_piece) - 8) {
		len = room - sizeof(struct tg_piece) - 8;
		flags |= TG_TRUNCATED;
	}
	size_t padded = ((size_t)len + 7) & ~(size_t)7;
	int err = tg_out_reserve(rec, sizeof(struct tg_piece) + padded);
	if (err)
		return err;
	struct tg_record *header = (struct tg_record *)rec->data;
	if (header->pieces == UINT16_MAX)
		return 0;
	struct tg_piece piece = {.len = len, .arg = arg, .phase = phase, .flags = flags, .addr = addr};
	u8 *at = rec->data + rec->len;
	memcpy(at, &piece, sizeof piece);
	at += sizeof piece;
	if (len)
		memcpy(at, bytes, len);
	memset(at + len, 0, padded - len);
	rec->len += sizeof piece + padded;
	header->pieces++;
	return 0;
}

void tg_record_end(struct tg_out *rec)
{
	((struct tg_record *)rec->data)->size = (u32)rec->len;
}
