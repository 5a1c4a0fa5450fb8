/* Borrowed byte ranges and the two cursors every codec is written with.
 *
 * A `struct bytes` never owns what it points to: it lives as long as the buffer it was cut from.
 *
 * Cursors keep their first error. A codec reads or writes all its fields without looking, and asks
 * once at the end (reader_done, writer_done). After an error every read yields zeros or an empty
 * range and moves nothing, so the code in between needs no checks to be safe.
 *
 * All integers on the wire and on disk are big-endian. */
#pragma once

#include "ledger/base/error.h"

#include <stddef.h>
#include <string.h>

struct bytes {
	const uint8_t *data;
	size_t len;
};

#define BYTES_EMPTY ((struct bytes){NULL, 0})
/* The characters of a string literal, without its end mark. */
#define BYTES_LITERAL(text) ((struct bytes){(const uint8_t *)(text), sizeof(text) - 1})
/* An array of bytes (not a pointer to one). */
#define BYTES_ARRAY(array) ((struct bytes){(const uint8_t *)(array), sizeof(array)})

static inline struct bytes bytes_of(const void *data, size_t len)
{
	return (struct bytes){data, len};
}

/* A borrowed view of a C string, without its end mark. */
struct bytes bytes_text(const char *text);

/* Whether it begins with this text; and what stands behind its first `skip` bytes. */
bool bytes_begin(struct bytes text, const char *front);
struct bytes bytes_after(struct bytes text, size_t skip);

/* What stands before `mark`, or all of it; `rest` is what stands behind, and empty where there is no mark. */
struct bytes bytes_cut(struct bytes *rest, char mark);
/* Below, at or over 0 as `a` stands before, with or behind `b` by their bytes; what begins another stands before it. */
int bytes_compare(struct bytes a, struct bytes b);

/* Plain comparison; for secrets use sodium_memcmp. */
bool bytes_equal(struct bytes a, struct bytes b);

/* True if the range is well-formed UTF-8 (no surrogates, nothing over U+10FFFF, no overlong form). */
bool bytes_utf8(struct bytes text);

/* ---- reader ---- */

/* Invariant: at <= end; after an error at == end, so nothing is left to be read. */
struct reader {
	const uint8_t *at;
	const uint8_t *end;
	enum error error; /* the first one, or E_OK */
};

struct reader reader_of(struct bytes input);
size_t reader_left(const struct reader *r);
/* Remembers `error` if none was remembered before, and empties the cursor. */
void reader_fail(struct reader *r, enum error error);
/* E_BAD_VALUE unless it holds. */
void reader_require(struct reader *r, bool holds);
/* One byte that must be 0 or 1. */
bool reader_flag(struct reader *r);
uint8_t reader_u8(struct reader *r);
uint16_t reader_u16(struct reader *r);
uint32_t reader_u32(struct reader *r);
uint64_t reader_u64(struct reader *r);
/* The next `len` bytes, borrowed from the input. Too few: E_TRUNCATED. */
struct bytes reader_bytes(struct reader *r, size_t len);
void reader_copy(struct reader *r, void *out, size_t len);
/* A range with a 16-bit or 32-bit length before it; longer than `max`: E_TOO_LONG. */
struct bytes reader_range16(struct reader *r, size_t max);
struct bytes reader_range32(struct reader *r, size_t max);
/* The first error; E_TRAILING if bytes are left over. */
enum error reader_done(const struct reader *r) MUST_USE;

/* ---- writer ---- */

/* Invariant: start <= at <= end. After an error nothing more is written, and what is there is cut somewhere. */
struct writer {
	uint8_t *start;
	uint8_t *at;
	uint8_t *end;
	enum error error; /* the first one, or E_OK */
};

struct writer writer_of(void *buffer, size_t capacity);
size_t writer_len(const struct writer *w);
void writer_fail(struct writer *w, enum error error);
void writer_u8(struct writer *w, uint8_t value);
void writer_u16(struct writer *w, uint16_t value);
void writer_u32(struct writer *w, uint32_t value);
void writer_u64(struct writer *w, uint64_t value);
/* No room: E_NO_ROOM. */
void writer_bytes(struct writer *w, struct bytes value);
/* Advances by `len` and gives the place to fill in, or NULL when there is no room. */
uint8_t *writer_skip(struct writer *w, size_t len);
void writer_range16(struct writer *w, struct bytes value);
void writer_range32(struct writer *w, struct bytes value);
/* What was written, borrowed from the buffer; `out` is set only on success. */
enum error writer_done(const struct writer *w, struct bytes *out) MUST_USE;

/* ---- single integers ---- */

static inline void put_u16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}
static inline void put_u32(uint8_t *p, uint32_t v)
{
	put_u16(p, (uint16_t)(v >> 16));
	put_u16(p + 2, (uint16_t)v);
}
static inline void put_u64(uint8_t *p, uint64_t v)
{
	put_u32(p, (uint32_t)(v >> 32));
	put_u32(p + 4, (uint32_t)v);
}
static inline uint16_t get_u16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}
static inline uint32_t get_u32(const uint8_t *p)
{
	return (uint32_t)get_u16(p) << 16 | get_u16(p + 2);
}
static inline uint64_t get_u64(const uint8_t *p)
{
	return (uint64_t)get_u32(p) << 32 | get_u32(p + 4);
}
/* As memcmp of `len` >= 4 bytes, for what nearly always differs in the first of them: then no function is called. */
static inline int front_order(const uint8_t *a, const uint8_t *b, size_t len)
{
	uint64_t front_a = len >= 8 ? get_u64(a) : get_u32(a);
	uint64_t front_b = len >= 8 ? get_u64(b) : get_u32(b);
	if (front_a != front_b)
		return front_a < front_b ? -1 : 1;
	return memcmp(a, b, len);
}

/* ---- records ----
 *
 * The fields of a record are listed once, in their order; what writes and what reads them comes of the list.
 *
 *     #define LOSS_FIELDS(F) F(U64, first) F(U64, end) F(U64, events)
 *
 *     LOSS_FIELDS(FIELD_WRITE);   where `record` is what is written, and `out` the writer
 *     LOSS_FIELDS(FIELD_READ);    where `in` is the reader, and `record` is what is filled in
 *
 * A kind is a number, bytes of a fixed length (an array, a hash), or a range, which may be at most so long. A file may
 * have kinds of its own: FIELD_WRITE_x and FIELD_READ_x of the member. */

#define FIELD_WRITE(kind, member, ...) FIELD_WRITE_##kind(member);
#define FIELD_READ(kind, member, ...) FIELD_READ_##kind(member, ##__VA_ARGS__);

#define FIELD_WRITE_U8(member) writer_u8(out, (uint8_t)record->member)
#define FIELD_WRITE_U16(member) writer_u16(out, (uint16_t)record->member)
#define FIELD_WRITE_U32(member) writer_u32(out, record->member)
#define FIELD_WRITE_U64(member) writer_u64(out, record->member)
#define FIELD_WRITE_BYTES(member) writer_bytes(out, BYTES_ARRAY(record->member))
#define FIELD_WRITE_HASH(member) writer_bytes(out, hash_bytes(&record->member))
#define FIELD_WRITE_RANGE16(member) writer_range16(out, record->member)
#define FIELD_WRITE_TEXT(member) writer_range16(out, bytes_text(record->member))

#define FIELD_READ_U8(member) record->member = reader_u8(in)
#define FIELD_READ_U16(member) record->member = reader_u16(in)
#define FIELD_READ_U32(member) record->member = reader_u32(in)
#define FIELD_READ_U64(member) record->member = reader_u64(in)
#define FIELD_READ_BYTES(member) reader_copy(in, record->member, sizeof record->member)
#define FIELD_READ_HASH(member) reader_copy(in, record->member.b, HASH_BYTES)
#define FIELD_READ_RANGE16(member, max) record->member = reader_range16(in, max)
