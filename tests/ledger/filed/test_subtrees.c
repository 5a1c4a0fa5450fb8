/* A person with very many events: the parts of the tree that are stored, what is made with them, and the audit of them.
 */
#include "ledger/base/domain.h"
#include "ledger/filed/subtrees.h"
#include "ledger/keys/secrets.h"
#include "ledger/statement/statement.h"
#include "query/statement/statement_make.h"
#include "tests/lib/both_ways.h"
#include "tests/lib/filed.h"
#include "tests/lib/fixture.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define BATCH 600u
#define BATCHES 17u /* 10,200 events less every eleventh: over two rows of 32 subtrees */
#define OTHER 77u

static struct fixture f;
static struct archive *archive;
static struct snapshot *snapshot;
static uint64_t next_sequence;

static void append_many(void)
{
	uint32_t subjects[BATCH];
	for (uint32_t i = 0; i < BATCH; i++)
		subjects[i] = i % 11 == 10 ? OTHER : 1;
	fixture_append(&f, fixture_batch(&f, next_sequence, subjects, BATCH, (uint32_t)next_sequence));
	next_sequence += BATCH;
}

static void make_ledger(void)
{
	fixture_make(&f);
	next_sequence = 0;
	for (unsigned i = 0; i < BATCHES; i++) {
		append_many();
		f.now_s += 60;
		if (i % 4 == 3 || i == BATCHES - 1)
			fixture_epoch(&f);
	}
}

static void look(void)
{
	struct fault fault = {.text = ""};
	ck_ok(archive_open(f.dir, true, &archive, &fault));
	ck_ok(snapshot_begin(archive, &snapshot, &fault));
}

static void look_away(void)
{
	snapshot_end(snapshot);
	archive_close(archive);
}

/* Every kind of node and every place, against all leaves. */
static void compare_view(const char *subject)
{
	struct subject_view view;
	uint64_t *indexes;
	size_t count;
	ck_ok(snapshot_subject_view(snapshot, bytes_text(subject), &view));
	ck_ok(snapshot_subject_events(snapshot, bytes_text(subject), &indexes, &count));
	ck_assert_uint_eq(view.count, count);
	struct hash *leaves = malloc((count + 1) * sizeof *leaves), blind, shown, node, wanted;
	for (size_t i = 0; i < count; i++) {
		uint64_t index;
		ck_ok(snapshot_subject_leaf(snapshot, indexes[i], &blind, &leaves[i]));
		ck_ok(snapshot_subject_index(snapshot, &view, i, &index));
		ck_assert_uint_eq(index, indexes[i]);
		ck_ok(snapshot_subject_leaf_at(snapshot, &view, i, &shown, &node));
		ck_assert(hash_equal(&shown, &blind) && hash_equal(&node, &leaves[i]));
	}
	for (uint32_t level = 0; level < 14; level++)
		for (uint64_t i = 0; (i + 1) << level <= count; i += level < 6 ? 97 : 1) {
			ck_ok(snapshot_subject_node(snapshot, &view, level, i, &node));
			merkle_root_of_leaves(leaves + (i << level), (size_t)1 << level, &wanted);
			ck_assert(hash_equal(&node, &wanted));
		}
	free(leaves);
	free(indexes);
	subject_view_release(&view);
}

/* STO-50: after every slice of an epoch that runs, also when it is given up and done again. */
START_TEST(nodes_are_those_of_the_tree)
{
	struct fault fault = {.text = ""};
	bool started, finished = false;
	make_ledger();
	append_many();
	for (unsigned slices = 1; !finished; slices++) {
		ck_ok(ledger_epoch_start(f.ledger, &started, &fault));
		for (unsigned i = 0; i < slices && !finished; i++)
			ck_ok(ledger_epoch_slice(f.ledger, &finished, &fault));
		fixture_close(&f);
		look();
		compare_view(fixture_subject(1));
		compare_view(fixture_subject(OTHER));
		compare_view(fixture_subject(5));
		look_away();
		fixture_open(&f);
	}
	fixture_close(&f);
	fixture_remove(&f);
}
END_TEST

static struct statement *prove(const struct statement_query *query)
{
	struct statement *statement = NULL;
	struct finding finding = {.text = ""};
	struct fault fault = {.text = ""};
	size_t later;
	struct text text = {.room = NULL};
	enum error error = statement_make(snapshot, query, &text, &later, &fault);
	ck_assert_msg(error == E_OK, "%s", fault.text);
	const struct statement_options options = {.subject = fixture_subject(1)};
	error = statement_verify(bytes_of(text.data, text.len), &f.vkey, &options, &statement, &finding);
	ck_assert_msg(error == E_OK, "%s", finding.text);
	text_release(&text);
	return statement;
}

/* Windows at every batch: within one part, over several, at both ends, and empty. */
START_TEST(windows_cost_what_they_show)
{
	make_ledger();
	fixture_close(&f);
	look();
	struct statement_query query = {
		.subject = bytes_text(fixture_subject(1)), .to_s = UINT64_MAX, .now_s = f.now_s, .signatures = false};
	struct statement *all = prove(&query);
	uint64_t start = all->events[0].entry.time_s;
	for (unsigned i = 0; i < BATCHES; i++)
		for (unsigned length = 0; length < 3; length++) {
			size_t wanted = 0;
			query.from_s = start + 60 * i + (length == 0);
			query.to_s = length == 0 ? query.from_s + 1 : query.from_s + 60 * length;
			for (size_t at = 0; at < all->event_count; at++)
				wanted += all->events[at].entry.time_s >= query.from_s && all->events[at].entry.time_s < query.to_s;
			struct statement *statement = prove(&query);
			ck_assert_uint_eq(statement->event_count, wanted);
			ck_assert_uint_eq(statement->count, all->count);
			statement_free(statement);
		}
	statement_free(all);
	look_away();
	fixture_remove(&f);
}
END_TEST

/* ---- the audit, and a reader, of parts that are not right ---- */

static struct secrets *load_secrets(void)
{
	char path[160];
	struct secrets *secrets = NULL;
	snprintf(path, sizeof path, "%s/keys", f.dir);
	int keys_fd = open(path, O_RDONLY | O_DIRECTORY);
	ck_ok(secrets_load(keys_fd, false, &secrets, NULL));
	close(keys_fd);
	return secrets;
}

static void row_key(const struct secrets *secrets, uint32_t row, uint8_t key[POSTING_KEY_BYTES])
{
	struct alias alias;
	alias_make(&secrets->alias, bytes_text(fixture_subject(1)), &alias);
	posting_key(&alias, SUBTREE_FIRST + row, key);
}

/* Changes hash `at` of a row, and back the second time; drops the row with UINT32_MAX. */
static void spoil(const struct secrets *secrets, uint32_t row, uint32_t at)
{
	uint8_t key[POSTING_KEY_BYTES], plain[SUBTREES_IN_ROW * HASH_BYTES], again[sizeof plain + ROW_SEAL_OVERHEAD];
	row_key(secrets, row, key);
	if (at == UINT32_MAX) {
		filed_change(f.dir, RUN_SUBJECT, BYTES_ARRAY(key), NULL);
		return;
	}
	struct bytes sealed = filed_row(f.dir, RUN_SUBJECT, BYTES_ARRAY(key));
	size_t len = sealed.len - ROW_SEAL_OVERHEAD;
	ck_ok(unseal_row(&secrets->seal.filing, DOMAIN_SUBTREES, BYTES_ARRAY(key), sealed, plain));
	ck_assert_uint_lt(at * HASH_BYTES, len);
	plain[at * HASH_BYTES] ^= 1;
	ck_ok(seal_row(&secrets->seal.filing, DOMAIN_SUBTREES, BYTES_ARRAY(key), bytes_of(plain, len), again));
	const struct bytes changed = bytes_of(again, sealed.len);
	filed_change(f.dir, RUN_SUBJECT, BYTES_ARRAY(key), &changed);
	free((uint8_t *)sealed.data);
}

static struct audit_result audited(void)
{
	struct audit_result result;
	struct fault fault = {.text = ""};
	const struct audit_options options = {.records = true};
	enum error error = audit_both_ways(f.dir, &f.vkey, &options, &result, &fault);
	ck_assert_msg(error == E_OK, "%s", fault.text);
	return result;
}

/* STO-50: nothing is handed out that was made with them, and the audit names the first event of the part. */
START_TEST(nothing_is_made_of_false_parts)
{
	struct fault fault = {.text = ""};
	size_t later;
	struct text text = {.room = NULL};
	make_ledger();
	fixture_close(&f);
	ck_assert(audited().ok);
	struct secrets *secrets = load_secrets();
	struct statement_query query = {
		.subject = bytes_text(fixture_subject(1)), .from_s = f.now_s - 60, .to_s = UINT64_MAX, .now_s = f.now_s};
	for (unsigned i = 0; i < 3; i++) {
		static const uint32_t rows[] = {0, 1, 0}, hashes[] = {5, 2, UINT32_MAX};
		spoil(secrets, rows[i], hashes[i]);
		look();
		ck_error(statement_make(snapshot, &query, &text, &later, &fault), E_CORRUPT);
		text_release(&text);
		look_away();
		struct audit_result result = audited();
		ck_assert_msg(!result.ok && strstr(result.reason, "parts of a subject's tree") != NULL, "%s", result.reason);
		if (hashes[i] != UINT32_MAX)
			spoil(secrets, rows[i], hashes[i]);
	}
	secrets_free(secrets);
	fixture_remove(&f);
}
END_TEST

UNIT_MAIN("subtrees", nodes_are_those_of_the_tree, windows_cost_what_they_show, nothing_is_made_of_false_parts)
