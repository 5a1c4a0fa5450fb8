/* libcbor decodes one item at a time and tells it by callbacks; what it takes and events do not use meets a callback
 * that does nothing, and so counts as not seen (E_BAD_VALUE). It also takes heads that are longer than needed: how many
 * bytes it has read is compared with what the shortest head would take. So equal events are equal bytes, which is what
 * is committed to. */
#include "ledger/event/dcbor.h"

#include <cbor.h>

/* What the streaming decoder's callbacks leave behind for one item. */
struct seen {
	bool known;
	enum error error;
	struct cbor_item item;
};

static void see(void *context, enum cbor_kind kind, uint64_t number)
{
	struct seen *seen = context;
	seen->known = true;
	seen->item.kind = kind;
	seen->item.number = number;
}

static void see_uint8(void *context, uint8_t value)
{
	see(context, CBOR_UINT, value);
}
static void see_uint16(void *context, uint16_t value)
{
	see(context, CBOR_UINT, value);
}
static void see_uint32(void *context, uint32_t value)
{
	see(context, CBOR_UINT, value);
}
static void see_uint64(void *context, uint64_t value)
{
	see(context, CBOR_UINT, value);
}
static void see_bool(void *context, bool value)
{
	see(context, CBOR_BOOL, value);
}
static void see_array(void *context, size_t count)
{
	see(context, CBOR_ARRAY, count);
}
static void see_map(void *context, size_t count)
{
	see(context, CBOR_MAP, count);
}
static void see_text(void *context, cbor_data data, size_t len)
{
	struct seen *seen = context;
	see(context, CBOR_TEXT, len);
	seen->item.text = bytes_of(data, len);
}
static void see_indefinite(void *context)
{
	((struct seen *)context)->error = E_NOT_DETERMINISTIC;
}

/* What events do not use stays with libcbor's null callbacks, and so is an item that was not seen. */
static const struct cbor_callbacks callbacks = {
	.uint8 = see_uint8,
	.uint16 = see_uint16,
	.uint32 = see_uint32,
	.uint64 = see_uint64,
	.negint8 = cbor_null_negint8_callback,
	.negint16 = cbor_null_negint16_callback,
	.negint32 = cbor_null_negint32_callback,
	.negint64 = cbor_null_negint64_callback,
	.byte_string_start = see_indefinite,
	.byte_string = cbor_null_byte_string_callback,
	.string = see_text,
	.string_start = see_indefinite,
	.indef_array_start = see_indefinite,
	.array_start = see_array,
	.indef_map_start = see_indefinite,
	.map_start = see_map,
	.tag = cbor_null_tag_callback,
	.float2 = cbor_null_float2_callback,
	.float4 = cbor_null_float4_callback,
	.float8 = cbor_null_float8_callback,
	.undefined = cbor_null_undefined_callback,
	.null = cbor_null_null_callback,
	.boolean = see_bool,
	.indef_break = cbor_null_indef_break_callback,
};

static size_t head_bytes(uint64_t number)
{
	return number < 24 ? 1 : number <= UINT8_MAX ? 2 : number <= UINT16_MAX ? 3 : number <= UINT32_MAX ? 5 : 9;
}

static enum error judge(const struct seen *seen, size_t read)
{
	if (seen->error != E_OK)
		return seen->error;
	if (!seen->known)
		return E_BAD_VALUE;
	size_t head = seen->item.kind == CBOR_BOOL ? 1 : head_bytes(seen->item.number);
	if (read != head + seen->item.text.len)
		return E_NOT_DETERMINISTIC;
	return bytes_utf8(seen->item.text) ? E_OK : E_NOT_UTF8;
}

void cbor_read(struct reader *in, struct cbor_item *out)
{
	struct seen seen = {0};
	*out = (struct cbor_item){0};
	if (in->error != E_OK)
		return;
	struct cbor_decoder_result result = cbor_stream_decode(in->at, reader_left(in), &callbacks, &seen);
	if (result.status == CBOR_DECODER_NEDATA) {
		reader_fail(in, E_TRUNCATED);
		return;
	}
	enum error error = result.status == CBOR_DECODER_FINISHED ? judge(&seen, result.read) : E_BAD_VALUE;
	if (error != E_OK) {
		reader_fail(in, error);
		return;
	}
	in->at += result.read;
	*out = seen.item;
}

/* libcbor's encoders return the bytes written, 0 when there is no room. */
static void take(struct writer *out, size_t written)
{
	if (written == 0)
		writer_fail(out, E_NO_ROOM);
	else
		writer_skip(out, written);
}

static size_t room(const struct writer *out)
{
	return out->error == E_OK ? (size_t)(out->end - out->at) : 0;
}

void cbor_put_uint(struct writer *out, uint64_t value)
{
	take(out, cbor_encode_uint(value, out->at, room(out)));
}

void cbor_put_text(struct writer *out, struct bytes text)
{
	take(out, cbor_encode_string_start(text.len, out->at, room(out)));
	writer_bytes(out, text);
}

void cbor_put_bool(struct writer *out, bool value)
{
	take(out, cbor_encode_bool(value, out->at, room(out)));
}

void cbor_put_array(struct writer *out, size_t elements)
{
	take(out, cbor_encode_array_start(elements, out->at, room(out)));
}

void cbor_put_map(struct writer *out, size_t pairs)
{
	take(out, cbor_encode_map_start(pairs, out->at, room(out)));
}
