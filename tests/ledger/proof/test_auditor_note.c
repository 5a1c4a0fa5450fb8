#include "ledger/note/note_sign.h"
#include "ledger/proof/auditor_note.h"
#include "tests/lib/unit.h"

#include <string.h>

static void example(struct auditor_note *out)
{
	*out = (struct auditor_note){.origin = "log.example.dk", .size = 1000, .epoch_index = 998};
	memset(out->map_root.b, 1, HASH_BYTES);
	memset(out->filing_root.b, 255, HASH_BYTES);
}

START_TEST(a_note_comes_back_as_written)
{
	struct auditor_note note, got;
	uint8_t buffer[1024];
	struct bytes text;
	example(&note);
	note.size = INT64_MAX;
	memset(note.origin, 'a', ORIGIN_BYTES_MAX);
	struct writer w = writer_of(buffer, sizeof buffer);
	ck_ok(auditor_note_format(&note, &w));
	ck_ok(writer_done(&w, &text));
	memset(&got, 0, sizeof got);
	ck_ok(auditor_note_parse(text, &got));
	ck_assert_mem_eq(&got, &note, sizeof note);
}
END_TEST

/* STM-59 */
START_TEST(it_has_one_spelling)
{
	static const char *const bad[] = {"", "\n\n\n\n\n\n",
		"indsigt/auditor/v2\nlog.example.dk\n1000\n998\n"
		"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n//////////////////////////////////////////8=\n",
		"indsigt/auditor/v1\nlog.example.dk\n01000\n998\n"
		"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n//////////////////////////////////////////8=\n",
		"indsigt/auditor/v1\nlog.example.dk\n1000\n+98\n"
		"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n//////////////////////////////////////////8=\n",
		"indsigt/auditor/v1\nlog.example.dk\n1000\n998\n"
		"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQF=\n//////////////////////////////////////////8=\n",
		"indsigt/auditor/v1\nlog.example.dk\n1000\n998\n"
		"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n//////////////////////////////////////////8=\n\n",
		"indsigt/auditor/v1\nlog.example.dk\n1000\n998\n"
		"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n//////////////////////////////////////////8=",
		"indsigt/auditor/v1\nlog.example.dk\n99999999999999999999\n998\n"
		"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n//////////////////////////////////////////8=\n",
		"indsigt/auditor/v1\nlog.example.dk\n1000\n998\n"
		"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n//////////////////////////////////////////8=\n"};
	struct auditor_note note;
	ck_ok(auditor_note_parse(
		bytes_text("indsigt/auditor/v1\nlog.example.dk\n1000\n998\n"
				   "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n//////////////////////////////////////////8=\n"),
		&note));
	ck_assert_uint_eq(note.size, 1000);
	ck_assert_uint_eq(note.epoch_index, 998);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_error(auditor_note_parse(bytes_text(bad[i]), &note), E_BAD_NOTE);
}
END_TEST

START_TEST(it_is_signed_by_the_auditor)
{
	struct auditor_note note, got;
	uint8_t text_buffer[1024], note_buffer[2048], public_key[32], secret_key[64];
	struct vkey auditor, other;
	struct bytes text, signed_text;
	example(&note);
	crypto_sign_keypair(public_key, secret_key);
	ck_ok(vkey_make("auditor.example", NOTE_KEY_ED25519, public_key, &auditor));
	ck_ok(vkey_make("other.example", NOTE_KEY_ED25519, public_key, &other));
	struct writer w = writer_of(text_buffer, sizeof text_buffer);
	ck_ok(auditor_note_format(&note, &w));
	ck_ok(writer_done(&w, &text));
	w = writer_of(note_buffer, sizeof note_buffer);
	ck_ok(note_sign(text, &auditor, secret_key, &w));
	ck_ok(writer_done(&w, &signed_text));
	ck_ok(auditor_note_verify(signed_text, &auditor, &got));
	ck_assert_uint_eq(got.epoch_index, 998);
	ck_error(auditor_note_verify(signed_text, &other, &got), E_BAD_SIGNATURE);
	note_buffer[30] ^= 1;
	ck_error(auditor_note_verify(signed_text, &auditor, &got), E_BAD_SIGNATURE);
}
END_TEST

UNIT_MAIN("auditor_note", a_note_comes_back_as_written, it_has_one_spelling, it_is_signed_by_the_auditor)
