#include "ledger/note/cosignature.h"
#include "tests/lib/unit.h"
#include "tests/lib/vector.h"

#include <string.h>

#define TIME 1795420000u

struct cosigner {
	struct vkey vkey;
	uint8_t secret_key[64];
};

static struct cosigner make_cosigner(const char *name, uint8_t type, uint8_t seed_byte)
{
	struct cosigner cosigner;
	uint8_t seed[32], public_key[32];
	memset(seed, seed_byte, sizeof seed);
	crypto_sign_seed_keypair(public_key, cosigner.secret_key, seed);
	ck_ok(vkey_make(name, type, public_key, &cosigner.vkey));
	return cosigner;
}

static const char text[] = "ledger.example/2026\n7\n+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s=\n";

static struct note split(struct bytes whole)
{
	struct note note;
	ck_ok(note_split(whole, NOTE_BYTES_MAX, &note));
	return note;
}

/* COSIG-1, COSIG-2, COSIG-5 */
START_TEST(sign_and_read)
{
	struct cosigner a = make_cosigner("w/a", NOTE_KEY_COSIGNATURE, 1);
	struct cosigner b = make_cosigner("w/b", NOTE_KEY_COSIGNATURE, 2);
	struct cosigner log = make_cosigner("w/a", NOTE_KEY_ED25519, 1);
	uint8_t buffer[1024];
	struct writer w = writer_of(buffer, sizeof buffer);
	writer_bytes(&w, bytes_text(text));
	writer_bytes(&w, BYTES_LITERAL("\n"));
	ck_ok(cosignature_sign(bytes_text(text), &b.vkey, b.secret_key, TIME, &w));
	struct bytes whole;
	ck_ok(writer_done(&w, &whole));
	struct note note = split(whole);
	struct vkey keys[] = {a.vkey, b.vkey};
	uint64_t times[2];
	ck_ok(cosignatures_read(&note, keys, 2, times));
	ck_assert(times[0] == 0 && times[1] == TIME);
	ck_error(note_verify_lines(&note, &b.vkey), E_BAD_KEY);

	/* Every bit of text and signature counts; of the name and the key id, it is another key then. */
	size_t front = whole.len - 1 - 104; /* 76 bytes in base64 */
	for (size_t i = 0; i < whole.len; i++) {
		buffer[i] ^= 1;
		if (note_split(whole, NOTE_BYTES_MAX, &note) == E_OK) {
			enum error error = cosignatures_read(&note, keys, 2, times);
			bool other_key = error == E_OK && times[0] == 0 && times[1] == 0 && i >= note.text.len && i < front + 6;
			ck_assert_msg(other_key || error == E_BAD_SIGNATURE, "byte %zu", i);
			ck_assert(times[0] == 0 && times[1] == 0);
		}
		buffer[i] ^= 1;
	}

	size_t before = writer_len(&w);
	ck_error(cosignature_sign(bytes_text(text), &b.vkey, b.secret_key, 0, &w), E_BAD_VALUE);
	ck_error(cosignature_sign(bytes_text(text), &b.vkey, b.secret_key, COSIGNATURE_TIME_MAX + 1, &w), E_BAD_VALUE);
	ck_error(cosignature_sign(bytes_text(text), &log.vkey, log.secret_key, TIME, &w), E_BAD_KEY);
	ck_assert_uint_eq(writer_len(&w), before);
	w = writer_of(buffer, 20);
	ck_error(cosignature_sign(bytes_text(text), &b.vkey, b.secret_key, TIME, &w), E_NO_ROOM);
	struct bytes lines = note.lines;
	struct note_line line;
	uint64_t time;
	ck_assert(note_line_next(&lines, &line));
	ck_error(cosignature_verify(&line, note.text, &log.vkey, &time), E_BAD_KEY);
}
END_TEST

/* A text of CHECKPOINT_TEXT_MAX and a little more is more than a witness signs. */
START_TEST(a_longer_text_is_not_signed)
{
	static uint8_t longer[2 * CHECKPOINT_TEXT_MAX], buffer[400];
	struct cosigner a = make_cosigner("w/a", NOTE_KEY_COSIGNATURE, 1);
	memset(longer, 'x', sizeof longer);
	struct writer w = writer_of(buffer, sizeof buffer);
	ck_ok(cosignature_sign(bytes_of(longer, CHECKPOINT_TEXT_MAX), &a.vkey, a.secret_key, TIME, &w));
	ck_error(cosignature_sign(bytes_of(longer, sizeof longer), &a.vkey, a.secret_key, TIME, &w), E_NO_ROOM);
	struct bytes lines = bytes_of(buffer, writer_len(&w));
	struct note_line line;
	uint64_t time;
	ck_ok(note_lines_check(lines));
	ck_assert(note_line_next(&lines, &line));
	ck_ok(cosignature_verify(&line, bytes_of(longer, CHECKPOINT_TEXT_MAX), &a.vkey, &time));
	ck_assert(time == TIME);
	ck_error(cosignature_verify(&line, bytes_of(longer, sizeof longer), &a.vkey, &time), E_BAD_SIGNATURE);
}
END_TEST

/* Lines alone, as a witness answers. */
START_TEST(lines_alone_are_read)
{
	struct note_line line;
	struct bytes none = BYTES_EMPTY;
	ck_error(note_lines_check(none), E_BAD_NOTE);
	ck_assert(!note_line_next(&none, &line));
	ck_error(note_lines_check(BYTES_LITERAL("\n")), E_BAD_NOTE);
	ck_error(note_lines_check(BYTES_LITERAL("409\n")), E_BAD_NOTE);
	ck_error(note_lines_check(BYTES_LITERAL("\xE2\x80\x94 a AAAAAA==\n")), E_BAD_NOTE);
	ck_error(note_lines_check(BYTES_LITERAL("\xE2\x80\x94 a AAAAAAA=")), E_BAD_NOTE);
	ck_ok(note_lines_check(BYTES_LITERAL("\xE2\x80\x94 a AAAAAAA=\n")));
	ck_error(note_lines_check(BYTES_LITERAL("\xE2\x80\x94 a AAAAAAA=\n\n\xE2\x80\x94 a AAAAAAA=\n")), E_BAD_NOTE);
	/* Padding inside a long signature, at a border of the pieces that are decoded. */
	char padded[200] = "\xE2\x80\x94 a ";
	memset(padded + 6, 'A', 80);
	strcpy(padded + 86, "\n");
	ck_ok(note_lines_check(bytes_text(padded)));
	padded[6 + 63] = '=';
	ck_error(note_lines_check(bytes_text(padded)), E_BAD_NOTE);
	struct bytes lines = BYTES_LITERAL("\xE2\x80\x94 a AQIDBAU=\n");
	ck_assert(note_line_next(&lines, &line) && line.signature_bytes == 1 && line.signature[0] == 5 && lines.len == 0);
	ck_assert_mem_eq(line.key_id, "\1\2\3\4", 4);
}
END_TEST

/* Other logs may have extension lines. */
START_TEST(other_logs_may_extend_theirs)
{
	struct checkpoint checkpoint;
	char extended[300];
	ck_ok(checkpoint_parse_extended(bytes_text(text), &checkpoint));
	snprintf(extended, sizeof extended, "%sone\n  two\n", text);
	ck_ok(checkpoint_parse_extended(bytes_text(extended), &checkpoint));
	ck_assert_str_eq(checkpoint.origin, "ledger.example/2026");
	ck_assert_uint_eq(checkpoint.size, 7);
	ck_error(checkpoint_parse(bytes_text(extended), &checkpoint), E_BAD_CHECKPOINT);
	snprintf(extended, sizeof extended, "%sone\n\ntwo\n", text);
	ck_error(checkpoint_parse_extended(bytes_text(extended), &checkpoint), E_BAD_CHECKPOINT);
	snprintf(extended, sizeof extended, "%sone", text);
	ck_error(checkpoint_parse_extended(bytes_text(extended), &checkpoint), E_BAD_CHECKPOINT);
}
END_TEST

/* COSIG-3, COSIG-4 and the rules above, one case a file. */
static void check_vector(const json_t *vector, const char *path)
{
	struct vkey keys[8];
	uint64_t times[8];
	const json_t *texts = json_object_get(vector, "keys");
	size_t count = json_array_size(texts);
	ck_assert_uint_le(count, 8);
	for (size_t i = 0; i < count; i++)
		ck_ok(vkey_parse(bytes_text(json_string_value(json_array_get(texts, i))), &keys[i]));
	struct note note = split(bytes_text(vector_text(vector, "note")));
	enum error error = cosignatures_read(&note, keys, count, times);
	vector_expect(vector, path, error);
	const json_t *wanted = json_object_get(vector, "times");
	ck_assert_uint_eq(json_array_size(wanted), error == E_OK ? count : 0);
	for (size_t i = 0; error == E_OK && i < count; i++)
		ck_assert_msg(
			times[i] == strtoull(json_string_value(json_array_get(wanted, i)), NULL, 10), "%s: time %zu", path, i);
}

START_TEST(our_cosignature_vectors_hold)
{
	char dir[4096];
	ck_assert(vector_path("INDSIGT_SOURCE", "tests/vectors/cosignature", dir));
	ck_assert_uint_ge(vector_walk(dir, check_vector), 20);
}
END_TEST

UNIT_MAIN("cosignature", sign_and_read, a_longer_text_is_not_signed, lines_alone_are_read, other_logs_may_extend_theirs,
	our_cosignature_vectors_hold)
