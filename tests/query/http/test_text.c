/* The writer of answers beside jansson: the same texts, byte by byte, for whatever is written. */
#include "ledger/event/event_json.h"
#include "ledger/event/event_schema.h"
#include "ledger/json/json_base64.h"
#include "ledger/json/json_number.h"
#include "query/answer/event_text.h"
#include "tests/lib/unit.h"

#include <sodium.h>
#include <zlib.h>

#define COMPACT (JSON_COMPACT | JSON_PRESERVE_ORDER)

static uint32_t below(uint32_t bound)
{
	return randombytes_uniform(bound);
}

/* UTF-8 of any lengths, with all that has to be escaped, and what only some escape. */
static struct bytes any_string(char *out, size_t max)
{
	static const char *const pieces[] = {"\"", "\\", "/", "\b", "\f", "\n", "\r", "\t", "\x01", "\x1f", "\x7f", "a",
		"øre", "\xe2\x80\xa8", "\xf0\x9f\x98\x80", "</script>", "\\u0000", " "};
	size_t len = 0, wanted = below((uint32_t)max - 16);
	while (len < wanted) {
		uint32_t which = below(sizeof pieces / sizeof pieces[0] + 1);
		if (which == sizeof pieces / sizeof pieces[0]) {
			out[len++] = '\0';
			continue;
		}
		memcpy(out + len, pieces[which], strlen(pieces[which]));
		len += strlen(pieces[which]);
	}
	return bytes_of(out, len);
}

static uint64_t any_number(void)
{
	uint64_t number;
	randombytes_buf(&number, sizeof number);
	return number >> (1 + below(63));
}

/* Ends the text, and tells where it differs. */
static void check_text(struct text *text, const json_t *json)
{
	OWNED_MEMORY char *wanted = json_dumps(json, COMPACT | JSON_ENCODE_ANY);
	size_t at = 0;
	ck_ok(text_done(text));
	while (text->data[at] != '\0' && text->data[at] == wanted[at])
		at++;
	ck_assert_msg(strcmp(text->data, wanted) == 0, "at %zu: %.40s | %.40s", at, text->data + at, wanted + at);
	ck_assert_uint_eq(text->len, strlen(wanted));
	text_release(text);
}

/* ---- any tree ---- */

static json_t *write_any(struct text *text, const char *name, unsigned depth);

static json_t *write_list(struct text *text, const char *name, unsigned depth)
{
	json_t *json = json_array();
	text_list(text, name);
	for (uint32_t i = below(5); i > 0; i--)
		json_array_append_new(json, write_any(text, NULL, depth + 1));
	text_list_end(text);
	return json;
}

static json_t *write_object(struct text *text, const char *name, unsigned depth)
{
	json_t *json = json_object();
	text_object(text, name);
	for (uint32_t i = below(5); i > 0; i--) {
		char member[24];
		snprintf(member, sizeof member, "member_%u", i);
		json_object_set_new(json, member, write_any(text, member, depth + 1));
	}
	text_object_end(text);
	return json;
}

static json_t *write_bytes(struct text *text, const char *name)
{
	static uint8_t bytes[3000];
	struct bytes value = bytes_of(bytes, below(2) ? below(40) : below(sizeof bytes));
	randombytes_buf(bytes, sizeof bytes);
	text_base64(text, name, value);
	return json_base64(value);
}

static json_t *write_hashes(struct text *text, const char *name)
{
	struct hash hashes[20];
	size_t count = below(20);
	randombytes_buf(hashes, sizeof hashes);
	text_hashes(text, name, hashes, count);
	return json_hashes(hashes, count);
}

static json_t *write_made(struct text *text, const char *name)
{
	struct text made = {.room = NULL};
	json_t *json = write_any(&made, NULL, 3);
	ck_ok(text_done(&made));
	text_made(text, name, bytes_of(made.data, made.len));
	text_release(&made);
	return json;
}

static json_t *write_tree(struct text *text, const char *name)
{
	struct text aside = {.room = NULL};
	json_t *json = write_any(&aside, NULL, 3);
	text_json(text, name, json);
	text_release(&aside);
	return json;
}

static json_t *write_any(struct text *text, const char *name, unsigned depth)
{
	char string[4000];
	struct bytes value;
	uint64_t number = any_number();
	switch (below(depth < 4 ? 11 : 7)) {
	case 0:
		text_null(text, name);
		return json_null();
	case 1:
		text_flag(text, name, number & 1);
		return json_boolean(number & 1);
	case 2:
		text_number(text, name, number);
		return json_integer((json_int_t)number);
	case 3:
		text_time(text, name, number >> 30);
		return json_time(number >> 30);
	case 4:
		return write_bytes(text, name);
	case 5:
		return write_hashes(text, name);
	case 6:
		value = any_string(string, below(2) ? 60 : sizeof string);
		text_string(text, name, value);
		return json_stringn((const char *)value.data, value.len);
	case 7:
		return write_list(text, name, depth);
	case 8:
		return write_object(text, name, depth);
	case 9:
		return write_tree(text, name);
	default:
		return write_made(text, name);
	}
}

START_TEST(trees_are_written_as_jansson_writes_them)
{
	for (unsigned round = 0; round < 3000; round++) {
		struct text text = {.room = NULL};
		json_auto_t *json = write_object(&text, NULL, 0);
		check_text(&text, json);
	}
}
END_TEST

START_TEST(every_sign_is_escaped_where_it_has_to_be)
{
	for (uint32_t sign = 0; sign < 0x110000; sign += sign < 0x800 ? 1 : 61) {
		char utf8[8] = {0};
		struct text text = {.room = NULL};
		size_t len = sign < 0x80 ? 1 : sign < 0x800 ? 2 : sign < 0x10000 ? 3 : 4;
		static const uint8_t lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
		for (size_t i = len; i > 1; i--)
			utf8[i - 1] = (char)(0x80 | (sign >> 6 * (len - i) & 0x3F));
		utf8[0] = (char)(lead[len] | sign >> 6 * (len - 1));
		json_auto_t *json = json_stringn(utf8, len);
		text_string(&text, NULL, bytes_of(utf8, len));
		if (json == NULL) { /* a surrogate */
			ck_error(text_done(&text), E_CORRUPT);
			text_release(&text);
			continue;
		}
		check_text(&text, json);
	}
}
END_TEST

START_TEST(numbers_are_written_whole)
{
	static const struct {
		uint64_t number;
		const char *text;
	} cases[] = {
		{0, "0"}, {9, "9"}, {10, "10"}, {INT64_MAX, "9223372036854775807"}, {UINT64_MAX, "18446744073709551615"}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct text text = {.room = NULL};
		text_number(&text, NULL, cases[i].number);
		ck_ok(text_done(&text));
		ck_assert_str_eq(text.data, cases[i].text);
		text_release(&text);
	}
}
END_TEST

/* What is not UTF-8 is nobody's text, and the text ends with that. */
START_TEST(what_is_no_utf8_is_not_written)
{
	static const char *const bad[] = {"\xff", "a\x80", "\xc0\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xe2\x80"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct text text = {.room = NULL};
		text_object(&text, NULL);
		text_string(&text, "a", bytes_text(bad[i]));
		text_object_end(&text);
		ck_error(text_done(&text), E_CORRUPT);
		text_release(&text);
	}
}
END_TEST

/* ---- room ---- */

START_TEST(no_room_is_told_apart_from_none_ever)
{
	struct room room;
	room_init(&room, 100000, 100000);
	size_t others = 0;
	ck_assert(room_set(&room, &others, 60000));
	static const struct {
		size_t others, bytes;
		enum error error;
	} cases[] = {{60000, 20000, E_OK}, {60000, 80000, E_TOO_MANY}, {0, 80000, E_OK}, {0, 120000, E_TOO_LONG}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct text text = {.room = &room};
		ck_assert(room_set(&room, &others, cases[i].others));
		text_list(&text, NULL);
		for (size_t n = 0; n < cases[i].bytes; n += 1000) {
			char string[1000];
			memset(string, 'x', sizeof string);
			text_string(&text, NULL, bytes_of(string, sizeof string - 3));
		}
		text_list_end(&text);
		ck_error(text_done(&text), cases[i].error);
		if (cases[i].error == E_OK)
			ck_assert_uint_eq(room.used, cases[i].others + text.len + 1);
		text_release(&text);
		ck_assert_uint_eq(room.used, cases[i].others);
	}
	room_release(&room);
}
END_TEST

/* ---- compressed ---- */

/* A list of strings, about `bytes` long. */
static void write_long(struct text *text, size_t bytes)
{
	char string[3000];
	text_object(text, NULL);
	text_list(text, "list");
	for (uint32_t i = 0; text->error == E_OK && text_written(text) < bytes; i++) {
		size_t len = (i * 37) % sizeof string;
		memset(string, 'a' + (int)(i % 26), sizeof string);
		text_string(text, NULL, bytes_of(string, len));
		text_object(text, NULL);
		text_number(text, "number", i);
		text_object_end(text);
	}
	text_list_end(text);
	text_object_end(text);
}

static void check_gzip(struct bytes zipped, struct bytes wanted)
{
	OWNED_MEMORY uint8_t *out = malloc(wanted.len + 1);
	z_stream stream = {.next_in = (Bytef *)(uintptr_t)zipped.data,
		.avail_in = (uInt)zipped.len,
		.next_out = out,
		.avail_out = (uInt)wanted.len + 1};
	ck_assert_int_eq(inflateInit2(&stream, 15 + 16), Z_OK);
	ck_assert_int_eq(inflate(&stream, Z_FINISH), Z_STREAM_END);
	ck_assert_uint_eq(stream.avail_in, 0);
	ck_assert_uint_eq(stream.total_out, wanted.len);
	ck_assert_mem_eq(out, wanted.data, wanted.len);
	inflateEnd(&stream);
}

/* Of any length: the same text, in less memory; a short one is left as it is. */
START_TEST(long_texts_are_compressed)
{
	static const size_t sizes[] = {
		0, 1000, TEXT_GZIP_BYTES - 4000, TEXT_GZIP_BYTES + 10, 2 * TEXT_GZIP_BYTES, 700000, 1u << 20, 5u << 20};
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		struct room room;
		room_init(&room, 8u << 20, 8u << 20);
		struct text plain = {.room = NULL}, text = {.room = &room, .gzip = true};
		write_long(&plain, sizes[i]);
		write_long(&text, sizes[i]);
		ck_assert_uint_eq(text_written(&plain), text_written(&text));
		ck_assert_uint_lt(room.used, 2u << 20);
		ck_ok(text_done(&plain));
		ck_ok(text_done(&text));
		ck_assert(!plain.gzip && text.gzip == (sizes[i] > TEXT_GZIP_BYTES));
		ck_assert_uint_eq(room.used, text.len + 1);
		if (text.gzip)
			check_gzip(bytes_of(text.data, text.len), bytes_of(plain.data, plain.len));
		else
			ck_assert_str_eq(text.data, plain.data);
		text_release(&plain);
		text_release(&text);
		ck_assert_uint_eq(room.used, 0);
		room_release(&room);
	}
}
END_TEST

/* Who reads it has to hold it: it may be as long as one that is not compressed. And one that is given up gives back
 * what it has. */
START_TEST(compressed_texts_have_the_same_bound)
{
	struct room room;
	room_init(&room, 4u << 20, 4u << 20);
	struct text text = {.room = &room, .gzip = true};
	write_long(&text, 6u << 20);
	ck_error(text_done(&text), E_TOO_LONG);
	text_release(&text);
	ck_assert_uint_eq(room.used, 0);
	text = (struct text){.room = &room, .gzip = true};
	text_grow(&text, 5u << 20);
	ck_error(text_done(&text), E_TOO_LONG);
	text_release(&text);
	size_t others = 0;
	ck_assert(room_set(&room, &others, (4u << 20) - (450u << 10)));
	text = (struct text){.room = &room, .gzip = true};
	write_long(&text, 2u << 20);
	ck_error(text_done(&text), E_TOO_MANY);
	text_release(&text);
	ck_assert_uint_eq(room.used, others);
	room_release(&room);
}
END_TEST

/* ---- events ---- */

static void fill_field(struct event *event, const struct event_field *field, char *memory)
{
	union event_value *value = &event->values[field->number];
	switch (field->type) {
	case EVENT_TYPE_TEXT:
		value->text = any_string(memory, 100);
		break;
	case EVENT_TYPE_TIME:
		value->time_ns = (int64_t)(any_number() >> 2);
		value->time_ns -= value->time_ns % (below(2) ? 1 : below(2) ? 1000 : 1000000000);
		break;
	case EVENT_TYPE_ENUM:
		value->number = below(2);
		break;
	case EVENT_TYPE_BOOL:
	case EVENT_TYPE_COUNT:
		value->number = field->type == EVENT_TYPE_BOOL ? below(2) : any_number() >> 11;
		break;
	case EVENT_TYPE_LIST:
		value->list = event->list_count++;
		event->lists[value->list].count = 1 + below(EVENT_LIST_MAX - 1);
		struct bytes item = any_string(memory, 100);
		for (uint32_t i = 0; i < event->lists[value->list].count; i++)
			event->lists[value->list].items[i] = i == 1 ? bytes_of("", 0) : item;
		break;
	}
}

/* Each field by itself, and any of them together: those of one group stand in one object. */
START_TEST(events_are_written_as_jansson_writes_them)
{
	static char memory[EVENT_FIELDS_MAX][120];
	for (unsigned round = 0; round < 2000; round++) {
		static struct event event;
		struct text text = {.room = NULL};
		event = (struct event){.header.retention_years = below(2) ? RETENTION_YEARS_DEFAULT : (uint8_t)below(100)};
		for (unsigned number = 1; number <= EVENT_FIELD_LAST; number++) {
			if (round < EVENT_FIELD_LAST ? number != round + 1 : round > 100 && below(3) > 0)
				continue;
			event.present |= 1ull << number;
			fill_field(&event, event_field(number), memory[number]);
		}
		if (below(4) == 0) {
			event.header.withheld_until_s = 1 + (any_number() >> 32);
			event.header.basis_len = 3;
			memcpy(event.header.basis, "\xc2\xa7\"", 3);
		}
		json_auto_t *json = event_to_json(&event);
		text_object(&text, NULL);
		event_write(&text, &event);
		text_object_end(&text);
		check_text(&text, json);
	}
}
END_TEST

/* A word that the schema does not have is of a damaged record. */
START_TEST(unknown_words_are_not_written)
{
	static struct event event;
	struct text text = {.room = NULL};
	event = (struct event){.present = 1ull << EVENT_ACTION, .header.retention_years = RETENTION_YEARS_DEFAULT};
	event.values[EVENT_ACTION].number = 99;
	text_object(&text, NULL);
	event_write(&text, &event);
	text_object_end(&text);
	ck_error(text_done(&text), E_CORRUPT);
	text_release(&text);
}
END_TEST

UNIT_MAIN("text", trees_are_written_as_jansson_writes_them, every_sign_is_escaped_where_it_has_to_be,
	numbers_are_written_whole, what_is_no_utf8_is_not_written, no_room_is_told_apart_from_none_ever,
	long_texts_are_compressed, compressed_texts_have_the_same_bound, events_are_written_as_jansson_writes_them,
	unknown_words_are_not_written)
