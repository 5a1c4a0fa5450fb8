/* Logs of many sizes, and every tile of each against the entries. */
#include "query/answer/coverage.h"
#include "query/routes/routes.h"
#include "tests/lib/fixture.h"

#include <inttypes.h>
#include <zlib.h>

#define SIZE_MAX_HERE 70000

static struct fixture f;
static struct archive *archive;
static struct routes routes;
static struct response response;
static struct hash levels[3][SIZE_MAX_HERE];
static uint64_t size;
static uint64_t next_sequence;

/* Batches until the log has exactly so many entries: one of n events takes n + 1. */
static void grow(uint64_t wanted)
{
	while (size < wanted) {
		uint64_t left = wanted - size;
		uint64_t take = left > BATCH_EVENTS_MAX + 1 ? BATCH_EVENTS_MAX + 1 : left;
		if (left - take == 1)
			take--;
		ck_assert_uint_ge(take, 2);
		fixture_append(&f, fixture_batch(&f, next_sequence, NULL, (uint32_t)take - 1, 1));
		next_sequence += take - 1;
		size += take;
	}
}

static int ask_as(const char *path, const char *if_none_match, bool gzip)
{
	struct request request = {
		.method = "GET", .path = path, .if_none_match = if_none_match, .gzip = gzip, .local = true};
	response_release(&response);
	routes_answer(&routes, &request, f.now_s, &response);
	return response.status;
}

static int ask(const char *path)
{
	return ask_as(path, NULL, false);
}

static const char *header_of(const char *name)
{
	for (size_t i = 0; i < response.header_count; i++)
		if (strcmp(response.headers[i].name, name) == 0)
			return response.headers[i].value;
	return "";
}

static void number_text(uint64_t number, char out[32])
{
	if (number >= 1000)
		snprintf(out, 32, "x%03u/%03u", (unsigned)(number / 1000), (unsigned)(number % 1000));
	else
		snprintf(out, 32, "%03u", (unsigned)number);
}

static void check_hashes(uint32_t level, uint64_t number, uint32_t width)
{
	char path[64], text[32];
	number_text(number, text);
	if (width == 256)
		snprintf(path, sizeof path, "/tile/%u/%s", level, text);
	else
		snprintf(path, sizeof path, "/tile/%u/%s.p/%u", level, text, width);
	ck_assert_msg(ask(path) == 200, "%s at size %" PRIu64 ": %d", path, size, response.status);
	ck_assert_uint_eq(response.body_len, width * 32);
	ck_assert_mem_eq(response.body, levels[level][number * 256].b, width * 32);
	ck_assert_str_eq(header_of("Content-Type"), "application/octet-stream");
	ck_assert_ptr_nonnull(strstr(header_of("Cache-Control"), "immutable"));
}

static void check_entries(struct snapshot *snapshot, uint64_t number, uint32_t width)
{
	char path[64], text[32];
	number_text(number, text);
	snprintf(path, sizeof path, width == 256 ? "/tile/entries/%s" : "/tile/entries/%s.p/%u", text, width);
	ck_assert_msg(ask(path) == 200, "%s at size %" PRIu64, path, size);
	struct reader r = reader_of(bytes_of(response.body, response.body_len));
	for (uint32_t i = 0; i < width; i++) {
		struct bytes entry;
		ck_ok(snapshot_entry(snapshot, number * 256 + i, &entry));
		ck_assert(bytes_equal(reader_range16(&r, ENTRY_BYTES_MAX), entry));
	}
	ck_ok(reader_done(&r));
}

static void check_missing(uint32_t level, uint64_t count)
{
	char path[64], text[32];
	number_text(count / 256, text);
	snprintf(path, sizeof path, "/tile/%u/%s", level, text);
	ck_assert_int_eq(ask(path), 404); /* not full */
	if (count % 256 == 255)
		return;
	snprintf(path, sizeof path, "/tile/%u/%s.p/%u", level, text, (unsigned)(count % 256 + 1));
	ck_assert_int_eq(ask(path), 404);
}

/* TILE-3, TILE-4, TILE-5: what there is at a size, and that there is no more. */
static void check_size(void)
{
	struct snapshot *snapshot;
	struct fault fault = {.text = ""};
	ck_ok(snapshot_begin(archive, &snapshot, &fault));
	for (uint64_t i = 0; i < size; i++) {
		struct bytes entry;
		ck_ok(snapshot_entry(snapshot, i, &entry));
		merkle_leaf_hash(entry, &levels[0][i]);
	}
	for (unsigned level = 1; level < 3; level++)
		for (uint64_t i = 0; i < size >> (8 * level); i++)
			merkle_root_of_leaves(&levels[level - 1][i * 256], 256, &levels[level][i]);
	for (uint32_t level = 0; level < 3; level++) {
		uint64_t count = size >> (8 * level);
		uint64_t full = count / 256;
		for (uint64_t number = 0; number < full; number += 1 + full / 7)
			check_hashes(level, number, 256);
		for (uint32_t width = 1; width <= count % 256; width += 1 + width / 3)
			check_hashes(level, full, width);
		if (count % 256 > 0)
			check_hashes(level, full, (uint32_t)(count % 256));
		check_missing(level, count);
	}
	check_entries(snapshot, 0, size < 256 ? (uint32_t)size : 256);
	if (size % 256 > 0) {
		check_entries(snapshot, size / 256, (uint32_t)(size % 256));
		check_entries(snapshot, size / 256, 1);
	}
	snapshot_end(snapshot);
}

static void begin(void)
{
	struct fault fault = {.text = ""};
	fixture_make(&f);
	size = 2;
	next_sequence = 0;
	ck_ok(archive_open(f.dir, false, &archive, &fault));
	routes = (struct routes){.archive = archive, .silent_after_s = COVERAGE_SILENT_S_DEFAULT};
}

static void end(void)
{
	response_release(&response);
	archive_close(archive);
	fixture_remove(&f);
}

START_TEST(tiles_have_every_size)
{
	static const uint64_t wanted[] = {2, 5, 255, 257, 511, 65535, 65537, SIZE_MAX_HERE};
	begin();
	for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
		grow(wanted[i]);
		check_size();
	}
	end();
}
END_TEST

START_TEST(full_tiles_stay_for_ever)
{
	static const uint64_t wanted[] = {256, 512, 65536};
	begin();
	for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
		grow(wanted[i]);
		check_size();
	}
	end();
}
END_TEST

/* TILE-6, TILE-7 */
START_TEST(caching_and_gzip)
{
	static uint8_t unzipped[1 << 20];
	char tag[64];
	begin();
	grow(300);
	ck_assert_int_eq(ask("/tile/entries/000"), 200);
	size_t plain_len = response.body_len;
	char *plain = malloc(plain_len);
	memcpy(plain, response.body, plain_len);
	ck_assert_str_eq(header_of("Vary"), "Accept-Encoding");
	ck_assert_str_eq(header_of("Content-Encoding"), "");
	strcpy(tag, header_of("ETag"));
	ck_assert_int_eq(ask_as("/tile/entries/000", tag, false), 304);
	ck_assert_uint_eq(response.body_len, 0);
	ck_assert_str_eq(header_of("ETag"), tag);
	ck_assert_int_eq(ask_as("/tile/entries/000", "\"other\"", false), 200);

	ck_assert_int_eq(ask_as("/tile/entries/000", tag, true), 200); /* another encoding is another entity */
	ck_assert_str_eq(header_of("Content-Encoding"), "gzip");
	ck_assert_uint_lt(response.body_len, plain_len);
	z_stream stream = {.next_in = (Bytef *)response.body,
		.avail_in = (uInt)response.body_len,
		.next_out = unzipped,
		.avail_out = sizeof unzipped};
	ck_assert_int_eq(inflateInit2(&stream, 15 + 16), Z_OK);
	ck_assert_int_eq(inflate(&stream, Z_FINISH), Z_STREAM_END);
	ck_assert_uint_eq(stream.total_out, plain_len);
	ck_assert_mem_eq(unzipped, plain, plain_len);
	inflateEnd(&stream);
	free(plain);

	ck_assert_int_eq(ask_as("/tile/0/000", NULL, true), 200); /* hashes do not get smaller */
	ck_assert_str_eq(header_of("Content-Encoding"), "");
	ck_assert_int_eq(ask_as("/tile/entries/001.p/1", NULL, true), 200); /* nor does a commitment */
	ck_assert_str_eq(header_of("Content-Encoding"), "");
	ck_assert_str_eq(header_of("ETag"), "\"entries-1-1\"");
	ck_assert_int_eq(ask("/tile/0/0"), 404);
	ck_assert_ptr_nonnull(strstr(response.body, "no tile's address"));
	ck_assert_int_eq(ask("/tile/0/001"), 404);
	ck_assert_ptr_nonnull(strstr(response.body, "the log has 300 entries"));
	ck_assert_int_eq(ask("/tile/8/000.p/1"), 404);
	ck_assert_int_eq(ask("/tile/0/x999/x999/x999/x999/x999/999"), 404);
	ck_assert_str_eq(header_of("Cache-Control"), "no-store");
	end();
}
END_TEST

UNIT_MAIN("tiles", tiles_have_every_size, full_tiles_stay_for_ever, caching_and_gzip)
