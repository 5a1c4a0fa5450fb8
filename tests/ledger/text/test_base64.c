#include "ledger/text/base64.h"
#include "tests/lib/unit.h"

#include <string.h>

/* RFC 4648 section 10. */
START_TEST(known_texts_are_read)
{
	static const char *const texts[] = {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
	for (size_t i = 0; i < 7; i++) {
		uint8_t out[6];
		size_t len = 99;
		ck_assert(base64_decode(bytes_text(texts[i]), out, i, &len));
		ck_assert_uint_eq(len, i);
		ck_assert_mem_eq(out, "foobar", i);
		if (i > 0)
			ck_assert(!base64_decode(bytes_text(texts[i]), out, i - 1, &len));
	}
}
END_TEST

START_TEST(other_spellings_are_refused)
{
	static const char *const texts[] = {"Zg", "Zg=", "Zg===", "Zh==", "Zm8", "Zm9=", "Z", "====", " Zg==", "Zg==\n",
		"Zm9v\n", "Zm 9v", "Zm9_", "Zm9-", "Zm9v====", "Z\xC3\xA6==", "\xFFm9v", "Zm9\xBF"};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		uint8_t out[16];
		size_t len;
		ck_assert_msg(!base64_decode(bytes_text(texts[i]), out, sizeof out, &len), "%s", texts[i]);
	}
	/* Every byte at the end: 64 letters, and no other ("=" would leave bits over). */
	unsigned accepted = 0;
	for (unsigned c = 0; c < 256; c++) {
		uint8_t out[3], text[4] = {'Z', 'm', '9', (uint8_t)c};
		size_t len;
		accepted += base64_decode(BYTES_ARRAY(text), out, sizeof out, &len);
	}
	ck_assert_uint_eq(accepted, 64);
}
END_TEST

START_TEST(known_texts_are_written)
{
	static const char *const texts[] = {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
	for (size_t i = 0; i < 7; i++) {
		uint8_t buffer[9] = {0};
		struct writer w = writer_of(buffer, strlen(texts[i]));
		base64_write(bytes_of("foobar", i), &w);
		ck_ok(w.error);
		ck_assert_str_eq((const char *)buffer, texts[i]);
		base64_write(BYTES_LITERAL("f"), &w);
		ck_error(w.error, E_NO_ROOM);
	}
}
END_TEST

UNIT_MAIN("base64", known_texts_are_read, known_texts_are_written, other_spellings_are_refused)
