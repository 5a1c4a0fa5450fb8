/* AUD-1: the reader of tiles over logs of every shape, and sources that lie or lack something. */
#include "ledger/follow/tile_reader.h"
#include "tests/lib/tile_log.h"
#include "tests/lib/unit.h"

static struct tile_log all;
static struct log_finding finding;

static struct tile_reader *open_reader(uint64_t size)
{
	struct checkpoint checkpoint;
	struct tile_reader *reader = NULL;
	const struct tile_source source = tile_log_source(&all);
	all.published = size;
	tile_log_checkpoint(&all, size, &checkpoint);
	enum error error = tile_reader_open(&source, &checkpoint, &reader, &finding);
	ck_assert_msg(error == E_OK, "size %lu: %s", size, finding.text);
	return reader;
}

static void check_bundle(struct tile_reader *reader, uint64_t number, uint64_t size)
{
	struct tile_bundle bundle;
	uint64_t left = size - number * TILE_WIDTH;
	ck_ok(tile_reader_bundle(reader, number, &bundle, &finding));
	ck_assert_uint_eq(bundle.count, left < TILE_WIDTH ? left : TILE_WIDTH);
	for (uint32_t i = 0; i < bundle.count; i++)
		ck_assert(bytes_equal(bundle.entries[i], all.entries[number * TILE_WIDTH + i]));
}

static void check_node(struct tile_reader *reader, uint32_t level, uint64_t index)
{
	struct hash wanted, got;
	merkle_root_of_leaves(all.leaves + (index << level), (size_t)1 << level, &wanted);
	ck_ok(tile_reader_node(reader, level, index, &got));
	ck_assert(hash_equal(&wanted, &got));
}

static void check_size(uint64_t size)
{
	struct tile_reader *reader = open_reader(size);
	struct hash hash;
	for (uint64_t number = 0; number * TILE_WIDTH < size; number += 1 + number / 3)
		check_bundle(reader, number, size);
	if (size > 0)
		check_bundle(reader, (size - 1) / TILE_WIDTH, size);
	for (uint32_t level = 0; level < 20; level++) {
		uint64_t count = size >> level;
		for (uint64_t index = 0; index < count; index += 1 + count / 5)
			check_node(reader, level, index);
		if (count > 0)
			check_node(reader, level, count - 1);
		ck_error(tile_reader_node(reader, level, count, &hash), E_BAD_VALUE);
	}
	struct merkle_nodes nodes = {tile_reader_node, reader};
	ck_ok(merkle_root(&nodes, size, &hash));
	ck_assert(hash_equal(&hash, &tile_reader_checkpoint(reader)->root));
	tile_reader_close(reader);
}

static const uint64_t sizes[] = {0, 1, 2, 3, 255, 256, 257, 511, 512, 513, 1000, 65535, 65536, 65537, 66000, 70000};

START_TEST(every_size_is_read)
{
	tile_log_fill(&all, 70000);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		check_size(sizes[i]);
	tile_log_free(&all);
}
END_TEST

/* The publisher went on, and the partial tiles of this checkpoint gave way to full ones. */
START_TEST(full_tiles_stand_for_partial_ones)
{
	struct checkpoint checkpoint;
	struct tile_reader *reader;
	const struct tile_source source = tile_log_source(&all);
	tile_log_fill(&all, 1024);
	all.partials_dropped = true;
	tile_log_checkpoint(&all, 300, &checkpoint);
	ck_ok(tile_reader_open(&source, &checkpoint, &reader, &finding));
	check_bundle(reader, 1, 300);
	struct tile_bundle bundle;
	ck_ok(tile_reader_bundle(reader, 1, &bundle, &finding));
	size_t len = 0;
	for (uint32_t i = 0; i < bundle.count; i++)
		len += 2 + bundle.entries[i].len;
	ck_assert_uint_eq(bundle.content.len, len);
	struct bytes hashes;
	ck_ok(tile_reader_tile(reader, 0, 1, &hashes, &finding));
	ck_assert_uint_eq(hashes.len, 44 * HASH_BYTES);
	tile_reader_close(reader);
	tile_log_free(&all);
}
END_TEST

static enum error read_by(uint64_t size, unsigned workers)
{
	struct checkpoint checkpoint;
	struct tile_reader *reader;
	const struct tile_source source = tile_log_source(&all);
	tile_log_checkpoint(&all, size, &checkpoint);
	enum error error = tile_reader_open(&source, &checkpoint, &reader, &finding);
	if (error != E_OK)
		return error;
	if (workers > 1)
		ck_ok(tile_reader_ahead(reader, 0, workers));
	for (uint64_t number = 0; error == E_OK && number * TILE_WIDTH < size; number++) {
		struct tile_bundle bundle;
		error = tile_reader_bundle(reader, number, &bundle, &finding);
		if (error == E_OK && number > 0 && number % 5 == 0) /* looking back, as for a loss */
			ck_ok(tile_reader_bundle(reader, number / 2, &bundle, &finding));
	}
	ck_assert(tile_reader_deceived(reader) == (error == E_CORRUPT));
	tile_reader_close(reader);
	return error;
}

/* Reads all that there is: E_OK only when every tile is good. The same, with the same words, however many look. */
static enum error read_all(uint64_t size)
{
	enum error error = read_by(size, 1);
	struct log_finding alone = finding;
	ck_error(read_by(size, 3), error);
	if (error != E_OK) {
		ck_assert_uint_eq(finding.index, alone.index);
		ck_assert_str_eq(finding.text, alone.text);
	}
	return error;
}

/* Whatever bit of whatever tile: it is found, and the finding names the first entry concerned. */
START_TEST(every_tile_spoiled)
{
	tile_log_fill(&all, 70000);
	const struct {
		struct tile_path tile;
		uint64_t index;
	} cases[] = {
		{{.level = 0, .number = 273, .width = 112}, 0}, /* the edges give the root only together */
		{{.level = 1, .number = 1, .width = 17}, 0},
		{{.level = 2, .number = 0, .width = 1}, 0},
		{{.level = 1, .number = 0, .width = 256}, 0},
		{{.level = 0, .number = 0, .width = 256}, 0},
		{{.level = 0, .number = 7, .width = 256}, 7 * 256},
		{{.level = 0, .number = 272, .width = 256}, 272 * 256},
		{{.entries = true, .number = 3, .width = 256}, UINT64_MAX},
		{{.entries = true, .number = 273, .width = 112}, UINT64_MAX},
	};
	ck_ok(read_all(70000));
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		for (size_t at = 0; at < 500; at += 251) {
			all.spoil = true;
			all.spoiled = cases[i].tile;
			all.spoil_at = at;
			ck_error(read_all(70000), E_CORRUPT);
			if (cases[i].index != UINT64_MAX)
				ck_assert_uint_eq(finding.index, cases[i].index);
			else
				ck_assert_uint_eq(finding.index / TILE_WIDTH, cases[i].tile.number);
		}
	}
	tile_log_free(&all);
}
END_TEST

/* Bytes behind the last entry of a bundle, partial or full: one byte, and a whole empty entry. TILE-1 */
START_TEST(bundles_too_long)
{
	tile_log_fill(&all, 600);
	static const uint32_t widths[] = {256, 256, 88};
	for (uint32_t number = 0; number < 3; number++)
		for (all.extra = 1; all.extra <= 2; all.extra++) {
			all.spoil = true;
			all.spoiled = (struct tile_path){.entries = true, .number = number, .width = widths[number]};
			ck_error(read_all(600), E_CORRUPT);
			ck_assert_uint_eq(finding.index, number * TILE_WIDTH + widths[number] - 1);
		}
	tile_log_free(&all);
}
END_TEST

START_TEST(missing_tiles_are_not_findings)
{
	tile_log_fill(&all, 600);
	all.miss = true;
	all.missing = (struct tile_path){.level = 0, .number = 2, .width = 88};
	ck_error(read_all(600), E_NOT_FOUND);
	ck_assert_str_eq(finding.text, "/tile/0/002.p/88 is not there");
	all.missing = (struct tile_path){.entries = true, .number = 1, .width = 256};
	ck_error(read_all(600), E_NOT_FOUND);
	ck_assert_str_eq(finding.text, "/tile/entries/001 is not there");
	ck_assert_uint_eq(finding.index, 256);
	tile_log_free(&all);
}
END_TEST

/* Reading in order asks for each tile once, and ahead too. */
START_TEST(each_tile_once)
{
	tile_log_fill(&all, 70000);
	for (unsigned workers = 1; workers <= 3; workers += 2) {
		struct checkpoint checkpoint;
		struct tile_reader *reader;
		struct tile_bundle bundle;
		const struct tile_source source = tile_log_source(&all);
		all.asked = 0;
		tile_log_checkpoint(&all, 70000, &checkpoint);
		ck_ok(tile_reader_open(&source, &checkpoint, &reader, &finding));
		ck_ok(tile_reader_ahead(reader, 0, workers));
		for (uint64_t number = 0; number * TILE_WIDTH < 70000; number++)
			ck_ok(tile_reader_bundle(reader, number, &bundle, &finding));
		ck_assert_uint_eq(all.asked, 2 * 274 + 2 + 1);
		tile_reader_close(reader);
	}
	tile_log_free(&all);
}
END_TEST

UNIT_MAIN("tile_reader", every_size_is_read, full_tiles_stand_for_partial_ones, every_tile_spoiled, bundles_too_long,
	missing_tiles_are_not_findings, each_tile_once)
