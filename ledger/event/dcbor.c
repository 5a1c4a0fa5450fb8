/*   item ─► head: kind (3 bits), number (5 bits up to 23, else the 1, 2, 4 or 8 bytes behind it)
 *        └► of a text: as many bytes behind that
 *
 * An event's bytes are read once, by the ledger for each event that comes, so this is straight code and no library's
 * callbacks. What it takes is one encoding for each value, and little: whatever else CBOR has (other kinds, lengths
 * that are not told, heads that are longer than needed) is refused where it stands. tests/ledger/event/test_dcbor.c
 * holds it against libcbor, byte by byte. */
#include "ledger/event/dcbor.h"

enum major { MAJOR_UINT, MAJOR_NEGATIVE, MAJOR_BYTES, MAJOR_TEXT, MAJOR_ARRAY, MAJOR_MAP, MAJOR_TAG, MAJOR_OTHER };

#define INFO_BYTES 24 /* the number stands in 1 << (info - INFO_BYTES) bytes behind the head */
#define INFO_LAST 27
#define INFO_INDEFINITE 31
#define INFO_FALSE 20
#define INFO_TRUE 21

struct head {
	enum major major;
	unsigned info;
	uint64_t number;
	size_t bytes;
};

static size_t head_bytes(uint64_t number)
{
	return number < INFO_BYTES ? 1 : number <= UINT8_MAX ? 2 : number <= UINT16_MAX ? 3 : number <= UINT32_MAX ? 5 : 9;
}

static uint64_t get_number(const uint8_t *at, size_t bytes)
{
	return bytes == 1 ? *at : bytes == 2 ? get_u16(at) : bytes == 4 ? get_u32(at) : get_u64(at);
}

static enum error read_head(const uint8_t *at, size_t left, struct head *out)
{
	if (left == 0)
		return E_TRUNCATED;
	*out = (struct head){(enum major)(at[0] >> 5), at[0] & 0x1F, at[0] & 0x1F, 1};
	if (out->info < INFO_BYTES)
		return E_OK;
	if (out->info == INFO_INDEFINITE && out->major >= MAJOR_BYTES && out->major <= MAJOR_MAP)
		return E_NOT_DETERMINISTIC;
	if (out->info > INFO_LAST || (out->major == MAJOR_OTHER && out->info == INFO_BYTES))
		return E_BAD_VALUE;
	size_t behind = (size_t)1 << (out->info - INFO_BYTES);
	if (left - 1 < behind)
		return E_TRUNCATED;
	out->number = get_number(at + 1, behind);
	out->bytes = 1 + behind;
	return E_OK;
}

/* What events do not use is a bad value, once it is whole. */
static enum error read_item(const uint8_t *at, size_t left, struct cbor_item *out, size_t *bytes)
{
	static const enum cbor_kind kinds[] = {[MAJOR_UINT] = CBOR_UINT,
		[MAJOR_TEXT] = CBOR_TEXT,
		[MAJOR_ARRAY] = CBOR_ARRAY,
		[MAJOR_MAP] = CBOR_MAP,
		[MAJOR_OTHER] = CBOR_BOOL};
	struct head head;
	TRY(read_head(at, left, &head));
	bool text = head.major == MAJOR_TEXT;
	if ((text || head.major == MAJOR_BYTES) && left - head.bytes < head.number)
		return E_TRUNCATED;
	if (head.major == MAJOR_NEGATIVE || head.major == MAJOR_BYTES || head.major == MAJOR_TAG)
		return E_BAD_VALUE;
	if (head.major == MAJOR_OTHER) {
		if (head.info != INFO_FALSE && head.info != INFO_TRUE)
			return E_BAD_VALUE;
		head.number = head.info == INFO_TRUE;
	} else if (head.bytes != head_bytes(head.number)) {
		return E_NOT_DETERMINISTIC;
	}
	struct bytes body = text ? bytes_of(at + head.bytes, (size_t)head.number) : BYTES_EMPTY;
	*out = (struct cbor_item){kinds[head.major], head.number, body};
	*bytes = head.bytes + body.len;
	return bytes_utf8(body) ? E_OK : E_NOT_UTF8;
}

void cbor_read(struct reader *in, struct cbor_item *out)
{
	size_t bytes = 0;
	enum error error = in->error == E_OK ? read_item(in->at, reader_left(in), out, &bytes) : in->error;
	if (error != E_OK) {
		*out = (struct cbor_item){0};
		reader_fail(in, error);
		return;
	}
	in->at += bytes;
}

/* ---- writing ---- */

static void put_head(struct writer *out, enum major major, uint64_t number)
{
	size_t bytes = head_bytes(number);
	uint8_t *at = writer_skip(out, bytes);
	if (at == NULL)
		return;
	uint8_t info = (uint8_t)(bytes == 1 ? number : (uint64_t)(INFO_BYTES + __builtin_ctzl(bytes - 1)));
	at[0] = (uint8_t)(major << 5 | info);
	for (size_t i = bytes - 1; i > 0; i--, number >>= 8)
		at[i] = (uint8_t)number;
}

void cbor_put_uint(struct writer *out, uint64_t value)
{
	put_head(out, MAJOR_UINT, value);
}

void cbor_put_text(struct writer *out, struct bytes text)
{
	put_head(out, MAJOR_TEXT, text.len);
	writer_bytes(out, text);
}

void cbor_put_bool(struct writer *out, bool value)
{
	put_head(out, MAJOR_OTHER, value ? INFO_TRUE : INFO_FALSE);
}

void cbor_put_array(struct writer *out, size_t elements)
{
	put_head(out, MAJOR_ARRAY, elements);
}

void cbor_put_map(struct writer *out, size_t pairs)
{
	put_head(out, MAJOR_MAP, pairs);
}
