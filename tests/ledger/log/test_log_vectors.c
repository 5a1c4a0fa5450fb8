/* The logs of tests/vectors/audit, entry by entry: each is judged as it says, and of the rules none can be left out
 * without one of them telling (this program has log_state.c and losses.c of its own). What is about tiles, and about
 * checkpoints that are shown or remembered, is in tests/e2e/audit_vectors.py. */
#include "ledger/log/log_rules.h"
#include "tests/lib/leave_out.h"
#include "tests/lib/unit.h"

#include <stdlib.h>

#define ENTRIES_MAX 2048

struct log {
	size_t count;
	struct bytes entries[ENTRIES_MAX]; /* in `memory` */
	uint8_t memory[1 << 16];
};

/* False: it is about more than its entries. */
static bool load_log(const json_t *vector, struct log *out)
{
	const json_t *entries = json_object_get(vector, "entries");
	const char *expect = vector_text(vector, "expect");
	const json_t *rule = json_object_get(vector, "rule");
	struct writer w = writer_of(out->memory, sizeof out->memory);
	if (json_object_get(vector, "files") != NULL || json_object_get(vector, "remembered") != NULL ||
		(strcmp(expect, "ok") != 0 && (rule == NULL || json_object_get(vector, "index") == NULL)) ||
		json_array_size(entries) == 0)
		return false;
	out->count = json_array_size(entries);
	ck_assert_uint_le(out->count, ENTRIES_MAX);
	for (size_t i = 0; i < out->count; i++) {
		static uint8_t buffer[VECTOR_BYTES_MAX];
		uint8_t *start = w.at;
		writer_bytes(&w, vector_unhex(json_string_value(json_array_get(entries, i)), buffer));
		out->entries[i] = bytes_of(start, (size_t)(w.at - start));
	}
	ck_ok(w.error);
	return true;
}

/* For loss entries, which look back. */
static enum error read_bundle(void *context, uint64_t number, struct bytes *out)
{
	static uint8_t bundle[1 << 17];
	const struct log *log = context;
	struct writer w = writer_of(bundle, sizeof bundle);
	for (size_t i = number * 256; i < log->count && i < (number + 1) * 256; i++)
		writer_range16(&w, log->entries[i]);
	return writer_done(&w, out);
}

static enum error judge(struct log *log, const struct vkey *vkey, struct log_finding *finding)
{
	struct log_rules rules;
	enum error error = E_OK;
	log_rules_init(&rules, vkey);
	rules.state.bundles = (struct log_bundles){read_bundle, log};
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

static unsigned judged_logs;

static void check_vector(const json_t *vector, const char *path)
{
	static struct log log;
	struct vkey vkey;
	struct log_finding finding;
	if (!load_log(vector, &log))
		return;
	ck_ok(vkey_parse(bytes_text(vector_text(vector, "vkey")), &vkey));
	vector_expect(vector, path, judge(&log, &vkey, &finding));
	if (json_object_get(vector, "index") != NULL)
		ck_assert_msg(
			finding.index == vector_number(vector, "index"), "%s: index %lu: %s", path, finding.index, finding.text);
	judged_logs++;
}

/* ENTRY-11, ENTRY-12, ENTRY-13, ENTRY-14, ENTRY-15, ENTRY-16, ENTRY-17, ENTRY-18, ENTRY-19, ENTRY-20, EPO-8, EPO-9,
 * LOSS-1, LOSS-2, LOSS-3, LOSS-4, LOSS-5 */
START_TEST(every_vector_is_judged_alike)
{
	char dir[4096];
	ck_assert(vector_path("INDSIGT_SOURCE", "tests/vectors/audit", dir));
	ck_assert_uint_ge(vector_walk(dir, check_vector), 160);
	ck_assert_uint_ge(judged_logs, 125);
}
END_TEST

/* What is about more than the entries is as it is expected to be, whatever is left out here. */
static struct verdict verify(const json_t *vector)
{
	static struct log log;
	struct vkey vkey;
	struct log_finding finding;
	const char *expect = vector_text(vector, "expect");
	if (!load_log(vector, &log)) {
		for (int code = 0; code < 256; code++)
			if (strcmp(error_name((enum error)code), expect) == 0)
				return (struct verdict){(enum error)code, FINDING_NONE};
		ck_abort_msg("no error %s", expect);
	}
	ck_ok(vkey_parse(bytes_text(vector_text(vector, "vkey")), &vkey));
	return (struct verdict){judge(&log, &vkey, &finding), FINDING_NONE};
}

static const struct implied implied[] = {
	{"log_state.c", "run->count == BATCH_EVENTS_MAX", "no batch entry can say 4,097 (BATCH-5)"},
};

START_TEST(every_rule_is_needed)
{
	static const struct page audits[] = {{"audit", verify, ""}};
	leave_out(audits, 1, implied, sizeof implied / sizeof implied[0]);
}
END_TEST

UNIT_MAIN("log_vectors", every_vector_is_judged_alike, every_rule_is_needed)
