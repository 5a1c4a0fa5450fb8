/* Bodies in gzip: whole ones, damaged ones, and ones that would become too much. */
#include "tests/lib/unit.h"
#include "tools/fhirbody/fhir_inflate.h"

#include <string.h>
#include <zlib.h>

#define MOST 100000u

/* `len` bytes of 'x' in gzip. */
static struct bytes packed(size_t len)
{
	static uint8_t out[400000];
	uint8_t *in = malloc(len + 1);
	memset(in, 'x', len);
	z_stream stream = {.next_in = in, .avail_in = (uInt)len, .next_out = out, .avail_out = sizeof out};
	ck_assert_int_eq(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
	ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
	deflateEnd(&stream);
	free(in);
	return bytes_of(out, stream.total_out);
}

START_TEST(what_fits_comes_out_whole)
{
	static const size_t lens[] = {0, 1, 16383, 16384, 16385, 32768, 99999, MOST};
	for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
		char *out = NULL;
		size_t len = 0;
		ck_ok(fhir_inflate(packed(lens[i]), MOST, &out, &len));
		ck_assert_uint_eq(len, lens[i]);
		ck_assert(len == 0 || (out[0] == 'x' && out[len - 1] == 'x'));
		free(out);
	}
}
END_TEST

START_TEST(more_than_the_limit_is_refused)
{
	static const size_t lens[] = {MOST + 1, 200000, 100000000};
	for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
		char *out = NULL;
		size_t len = 0;
		ck_error(fhir_inflate(packed(lens[i]), MOST, &out, &len), E_TOO_LONG);
		ck_assert_ptr_null(out);
	}
}
END_TEST

START_TEST(what_is_damaged_is_refused)
{
	char *out = NULL;
	size_t len = 0;
	struct bytes good = packed(1000);
	uint8_t bytes[4096];
	for (size_t cut = 0; cut < good.len; cut++)
		ck_error(fhir_inflate(bytes_of(good.data, cut), MOST, &out, &len), E_BAD_VALUE);
	memcpy(bytes, good.data, good.len);
	bytes[good.len] = 'x';
	ck_error(fhir_inflate(bytes_of(bytes, good.len + 1), MOST, &out, &len), E_BAD_VALUE);
	bytes[good.len - 5] ^= 1; /* of the check sum */
	ck_error(fhir_inflate(bytes_of(bytes, good.len), MOST, &out, &len), E_BAD_VALUE);
	ck_error(fhir_inflate(bytes_text("{\"resourceType\":\"AuditEvent\"}"), MOST, &out, &len), E_BAD_VALUE);
}
END_TEST

UNIT_MAIN("fhir_inflate", what_fits_comes_out_whole, more_than_the_limit_is_refused, what_is_damaged_is_refused)
