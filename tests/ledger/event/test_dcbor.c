/* Our reading of CBOR beside libcbor's, with what deterministic form asks for added: the same items, the same errors,
 * and the same bytes taken, of whatever comes. EVT-3 */
#include "ledger/event/dcbor.h"

#include "tests/lib/unit.h"

#include <cbor.h>
#include <string.h>

/* ---- the reference: libcbor tells one item at a time by callbacks ---- */

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

static void reference_read(struct reader *in, struct cbor_item *out)
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

/* ---- both ---- */

static void compare(struct bytes input)
{
	struct reader ours = reader_of(input), theirs = reader_of(input);
	struct cbor_item item, wanted;
	do {
		cbor_read(&ours, &item);
		reference_read(&theirs, &wanted);
		if (ours.error != theirs.error || ours.at != theirs.at || item.kind != wanted.kind ||
			item.number != wanted.number || item.text.data != wanted.text.data || item.text.len != wanted.text.len)
			ck_abort_msg("%zu bytes, 0x%02X at first: %s, and libcbor: %s", input.len,
				input.len > 0 ? input.data[0] : 0, error_name(ours.error), error_name(theirs.error));
	} while (ours.error == E_OK && reader_left(&ours) > 0);
}

/* Every first byte with every second one, behind which is enough, or not. */
START_TEST(every_head_is_read_as_libcbor_reads_it)
{
	uint8_t input[64] = {0};
	for (unsigned first = 0; first < 256; first++)
		for (unsigned second = 0; second < 256; second++) {
			input[0] = (uint8_t)first;
			input[1] = (uint8_t)second;
			for (size_t len = 0; len <= 12; len++)
				compare(bytes_of(input, len));
			compare(bytes_of(input, sizeof input));
		}
}
END_TEST

/* Numbers at the edges of each width, in each width and each kind, cut everywhere. */
START_TEST(every_width_is_read_as_libcbor_reads_it)
{
	static const uint64_t numbers[] = {0, 1, 23, 24, 255, 256, 65535, 65536, UINT32_MAX, 1ull << 32, UINT64_MAX};
	uint8_t input[9 + 256];
	memset(input, 'a', sizeof input);
	for (unsigned kind = 0; kind < 8; kind++)
		for (unsigned width = 0; width < 4; width++)
			for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
				input[0] = (uint8_t)(kind << 5 | (24 + width));
				for (size_t at = 1u << width, left = at; at > 0; at--)
					input[at] = (uint8_t)(numbers[i] >> 8 * (left - at));
				for (size_t len = 0; len <= sizeof input; len += len < 12 ? 1 : 11)
					compare(bytes_of(input, len));
			}
}
END_TEST

/* Texts of chance, mostly well-formed, of every length around a word's. */
START_TEST(every_text_is_read_as_libcbor_reads_it)
{
	static const char *const pieces[] = {"a", " ", "abcdefgh", "\xC3\xA6", "\xE2\x82\xAC", "\xF0\x9F\x99\x82", "\x7F",
		"\n", "\x80", "\xC3", "\xED\xA0\x80", "\xC0\x80", "\xF4\x90\x80\x80"};
	for (unsigned round = 0; round < 200000; round++) {
		uint8_t input[64];
		struct writer w = writer_of(input + 2, sizeof input - 2);
		uint32_t bad = randombytes_uniform(3) == 0 ? 0 : 5;
		for (uint32_t left = randombytes_uniform(9); left > 0 && w.error == E_OK; left--)
			writer_bytes(
				&w, bytes_text(pieces[randombytes_uniform((uint32_t)(sizeof pieces / sizeof pieces[0]) - bad)]));
		size_t len = writer_len(&w);
		size_t head = len < 24 ? 1 : 2;
		if (head == 1)
			input[1] = (uint8_t)(0x60 | len);
		else
			put_u16(input, (uint16_t)(0x7800 | len));
		compare(bytes_of(input + 2 - head, head + len));
	}
}
END_TEST

/* What is written is what libcbor writes. */
START_TEST(every_number_is_written_as_libcbor_writes_it)
{
	for (unsigned bits = 0; bits <= 64; bits++)
		for (int less = 0; less < 2; less++) {
			uint64_t number = (bits < 64 ? 1ull << bits : 0) - (unsigned)less;
			uint8_t ours[64], theirs[64];
			struct writer w = writer_of(ours, sizeof ours);
			cbor_put_uint(&w, number);
			cbor_put_array(&w, number);
			cbor_put_map(&w, number);
			cbor_put_bool(&w, less == 1);
			size_t len = cbor_encode_uint(number, theirs, sizeof theirs);
			len += cbor_encode_array_start(number, theirs + len, sizeof theirs - len);
			len += cbor_encode_map_start(number, theirs + len, sizeof theirs - len);
			len += cbor_encode_bool(less == 1, theirs + len, sizeof theirs - len);
			ck_assert_uint_eq(writer_len(&w), len);
			ck_assert_mem_eq(ours, theirs, len);
		}
	for (size_t room = 0; room < 12; room++) {
		uint8_t ours[12];
		struct writer w = writer_of(ours, room);
		cbor_put_text(&w, BYTES_LITERAL("0123456789"));
		ck_assert_int_eq(w.error, room < 11 ? E_NO_ROOM : E_OK);
	}
}
END_TEST

UNIT_MAIN("dcbor", every_head_is_read_as_libcbor_reads_it, every_width_is_read_as_libcbor_reads_it,
	every_text_is_read_as_libcbor_reads_it, every_number_is_written_as_libcbor_writes_it)
