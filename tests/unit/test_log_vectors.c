/* The logs of tests/vectors/audit, entry by entry: each is judged as it says, and of the rules none can be left out
 * without one of them telling. What is about tiles and remembered checkpoints is in tests/e2e/audit_vectors.py.
 *
 * This program has log_rules.c and losses.c of its own, in which each condition can be left out (ledger/wrong.h). */
#include "ledger/log_rules.h"
#include "ledger/wrong.h"
#include "tests/unit/unit.h"
#include "tests/unit/vector.h"

#include <stdlib.h>
#include <string.h>

#define VECTORS_MAX 256
#define ENTRIES_MAX 512

extern struct wrong_place *const __start_wrong_places[];
extern struct wrong_place *const __stop_wrong_places[];

struct log {
	char name[64];
	struct vkey vkey;
	size_t count;
	struct bytes entries[ENTRIES_MAX]; /* owned */
	bool holds;
	bool has_index;
	uint64_t index;
};

static struct log *logs[VECTORS_MAX];
static size_t log_count;

static void load_log(const json_t *vector, const char *path)
{
	static uint8_t buffer[VECTOR_BYTES_MAX];
	const json_t *entries = json_object_get(vector, "entries");
	if (json_object_get(vector, "files") != NULL || json_object_get(vector, "remembered") != NULL ||
		strncmp(strrchr(path, '/'), "/checkpoint-", 12) == 0 || json_array_size(entries) == 0)
		return;
	struct log *log = calloc(1, sizeof *log);
	ck_assert(log != NULL && log_count < VECTORS_MAX && json_array_size(entries) <= ENTRIES_MAX);
	snprintf(log->name, sizeof log->name, "%s", strrchr(path, '/') + 1);
	ck_ok(vkey_parse(bytes_text(vector_text(vector, "vkey")), &log->vkey));
	log->count = json_array_size(entries);
	for (size_t i = 0; i < log->count; i++) {
		struct bytes entry = vector_unhex(json_string_value(json_array_get(entries, i)), buffer);
		uint8_t *copy = malloc(entry.len + 1);
		ck_assert_ptr_nonnull(copy);
		memcpy(copy, entry.data, entry.len);
		log->entries[i] = bytes_of(copy, entry.len);
	}
	log->holds = strcmp(vector_text(vector, "expect"), "ok") == 0;
	log->has_index = json_object_get(vector, "index") != NULL;
	log->index = log->has_index ? vector_number(vector, "index") : 0;
	logs[log_count++] = log;
}

static void load_all(void)
{
	char dir[4096];
	ck_assert(vector_path("INDSIGT_SOURCE", "tests/vectors/audit", dir));
	ck_assert_uint_ge(vector_walk(dir, load_log), 140);
	ck_assert_uint_ge(log_count, 125);
}

static void drop_all(void)
{
	while (log_count > 0) {
		struct log *log = logs[--log_count];
		for (size_t i = 0; i < log->count; i++)
			free((void *)(uintptr_t)log->entries[i].data);
		free(log);
	}
}

/* For loss entries, which look back. */
static enum error read_bundle(void *context, uint64_t number, struct bytes *out)
{
	static uint8_t bundle[256 * 4096];
	const struct log *log = context;
	struct writer w = writer_of(bundle, sizeof bundle);
	for (size_t i = number * 256; i < log->count && i < (number + 1) * 256; i++)
		writer_range16(&w, log->entries[i]);
	return writer_done(&w, out);
}

static enum error judge(struct log *log, struct log_finding *finding)
{
	struct log_rules rules;
	enum error error = E_OK;
	log_rules_init(&rules, &log->vkey);
	rules.bundles = (struct log_bundles){read_bundle, log};
	for (size_t i = 0; error == E_OK && i < log->count; i++) {
		struct entry entry;
		*finding = (struct log_finding){.index = i};
		error = entry_decode(log->entries[i], &entry) == E_OK ? log_rules_entry(&rules, &entry, finding) : E_CORRUPT;
	}
	if (error == E_OK)
		error = log_rules_end(&rules, finding);
	log_rules_free(&rules);
	return error;
}

/* ENTRY-11, ENTRY-12, ENTRY-13, ENTRY-14, ENTRY-15, ENTRY-16, ENTRY-17, ENTRY-18, ENTRY-19, ENTRY-20, EPO-8, EPO-9,
 * LOSS-1, LOSS-2, LOSS-3, LOSS-4, LOSS-5 */
START_TEST(judged)
{
	load_all();
	for (size_t i = 0; i < log_count; i++) {
		struct log_finding finding;
		enum error error = judge(logs[i], &finding);
		ck_assert_msg(error == (logs[i]->holds ? E_OK : E_CORRUPT), "%s: %s", logs[i]->name, finding.text);
		ck_assert_msg(!logs[i]->has_index || finding.index == logs[i]->index, "%s: index %lu: %s", logs[i]->name,
			finding.index, finding.text);
	}
	drop_all();
}
END_TEST

/* Is there a log that is refused, and would be taken without this check? */
static bool noticed(struct wrong_place *place)
{
	bool found = false;
	place->left_out = true;
	for (size_t i = 0; i < log_count && !found; i++) {
		struct log_finding finding;
		found = !logs[i]->holds && judge(logs[i], &finding) == E_OK;
	}
	place->left_out = false;
	return found;
}

/* Made for the sake of a better reason; without it the log is refused all the same: no batch entry can say 4,097. */
static bool implied(const struct wrong_place *place)
{
	return strcmp(place->condition, "run->count == BATCH_EVENTS_MAX") == 0; /* BATCH-5 */
}

START_TEST(left_out)
{
	size_t places = (size_t)(__stop_wrong_places - __start_wrong_places);
	load_all();
	ck_assert_uint_ge(places, 30);
	for (size_t i = 0; i < places; i++) {
		struct wrong_place *place = __start_wrong_places[i];
		ck_assert_msg(noticed(place) != implied(place), "%s:%d: no log is taken without it, or it is not implied: %s",
			place->file, place->line, place->condition);
	}
	drop_all();
}
END_TEST

UNIT_MAIN("log_vectors", judged, left_out)
