#include "ledger/tree/tile_path.h"
#include "tests/lib/unit.h"
#include "tests/lib/vector.h"

/* TILE-1 */
START_TEST(paths_have_one_spelling)
{
	static const struct {
		const char *path;
		struct tile_path wanted;
	} cases[] = {
		{"/tile/0/000", {false, 0, 0, 256}},
		{"/tile/0/273.p/112", {false, 0, 273, 112}},
		{"/tile/1/001.p/17", {false, 1, 1, 17}},
		{"/tile/63/000.p/1", {false, 63, 0, 1}},
		{"/tile/0/x001/x234/067", {false, 0, 1234067, 256}},
		{"/tile/0/x001/000", {false, 0, 1000, 256}},
		{"/tile/entries/x001/x000/000.p/255", {true, 0, 1000000, 255}},
		{"/tile/entries/999", {true, 0, 999, 256}},
		{"/tile/0/x999/x999/x999/x999/x999/999", {false, 0, 999999999999999999, 256}},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct tile_path tile;
		ck_assert_msg(tile_path_parse(cases[i].path, &tile), "%s", cases[i].path);
		ck_assert_int_eq(tile.entries, cases[i].wanted.entries);
		ck_assert_uint_eq(tile.level, cases[i].wanted.level);
		ck_assert_uint_eq(tile.number, cases[i].wanted.number);
		ck_assert_uint_eq(tile.width, cases[i].wanted.width);
		char formatted[TILE_PATH_BYTES_MAX + 1];
		tile_path_format(&tile, formatted);
		ck_assert_str_eq(formatted, cases[i].path);
	}
}
END_TEST

/* TILE-1, TILE-2 */
START_TEST(other_spellings_are_refused)
{
	static const char *const cases[] = {"", "/", "/tile/", "/tile/0", "/tile/0/", "/tile/0/0", "/tile/0/00",
		"/tile/0/0000", "/tile/00/000", "/tile/64/000", "/tile/999/000", "/tile/-1/000", "/tile/0/x000/001",
		"/tile/0/001/002", "/tile/0/x001", "/tile/0/x001/", "/tile/0/x001/x002", "/tile/0/1x2", "/tile/0/000.p/",
		"/tile/0/000.p/0", "/tile/0/000.p/256", "/tile/0/000.p/01", "/tile/0/000.p/1/", "/tile/0/000/", "/tile/0/000.p",
		"/tile/0/000.q/1", "/tile/entries/", "/tile/entries", "/tile/entries/0/000", "/tile/Entries/000",
		"/tile/ 0/000", "/tile/+0/000", "/tile/0/x001/x001/x001/x001/x001/x001/001", "/Tile/0/000", "/tile/0/000?",
		"/tile/0/00a", "/tile//000"};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct tile_path tile;
		ck_assert_msg(!tile_path_parse(cases[i], &tile), "%s", cases[i]);
	}
}
END_TEST

static void check_vector(const json_t *vector, const char *path)
{
	struct tile_path tile;
	char formatted[TILE_PATH_BYTES_MAX + 1];
	bool found = tile_path_parse(vector_text(vector, "path"), &tile);
	vector_expect(vector, path, found ? E_OK : E_NOT_FOUND);
	if (!found)
		return;
	ck_assert(tile.entries == json_is_true(json_object_get(vector, "entries")));
	ck_assert(tile.entries || tile.level == vector_number(vector, "level"));
	ck_assert_uint_eq(tile.number, vector_number(vector, "number"));
	ck_assert_uint_eq(tile.width, vector_number(vector, "width"));
	tile_path_format(&tile, formatted);
	ck_assert_str_eq(formatted, vector_text(vector, "path"));
}

/* TILE-1, TILE-2 */
START_TEST(our_path_vectors_hold)
{
	char dir[4096];
	ck_assert(vector_path("INDSIGT_SOURCE", "tests/vectors/tiles", dir));
	ck_assert_uint_ge(vector_walk(dir, check_vector), 28);
}
END_TEST

UNIT_MAIN("tile_path", paths_have_one_spelling, other_spellings_are_refused, our_path_vectors_hold)
