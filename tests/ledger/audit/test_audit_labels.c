#include "ledger/audit/audit_labels.h"
#include "tests/lib/filed_log.h"
#include "tests/lib/unit.h"
#include "tests/lib/vector.h"

#include <inttypes.h>
#include <stdio.h>

static struct filed_log filed;
static uint8_t stream[FILED_ENTRIES_MAX * LABEL_ROW_BYTES];

static struct bytes rows_of(const struct filed_log *log, size_t from, size_t to)
{
	struct writer w = writer_of(stream, sizeof stream);
	struct bytes out;
	for (size_t i = from; i < to; i++) {
		writer_u64(&w, log->rows[i].index);
		writer_bytes(&w, BYTES_ARRAY(log->rows[i].label.b));
		writer_bytes(&w, hash_bytes(&log->rows[i].blind));
		writer_bytes(&w, hash_bytes(&log->rows[i].filing_blind));
	}
	ck_ok(writer_done(&w, &out));
	return out;
}

/* Feeds the log: rows for `step` indexes, then those entries, and so on. */
static enum error feed(struct audit_labels *audit, const struct filed_log *log, uint64_t step)
{
	size_t row = 0;
	for (uint64_t at = 0; at < log->size; at += step) {
		uint64_t end = log->size - at < step ? log->size : at + step;
		size_t first = row;
		while (row < log->row_count && (log->rows[row].index < end || end == log->size))
			row++;
		TRY(audit_labels_rows(audit, rows_of(log, first, row)));
		for (uint64_t i = at; i < end; i++)
			TRY(audit_labels_entry(audit, &log->entries[i], &log->leaves[i]));
	}
	return audit_labels_end(audit);
}

static void assert_holds(const struct filed_log *log, uint64_t step)
{
	struct audit_labels *audit;
	ck_ok(audit_labels_new(&audit));
	enum error error = feed(audit, log, step);
	const struct audit_labels_finding *finding = audit_labels_finding(audit);
	ck_assert_msg(error == E_OK && finding == NULL, "%s: %s", error_name(error), finding ? finding->text : "");
	audit_labels_free(audit);
}

/* The ledger's filing tree as it really is, for the audit that may look at it. */
static enum error filing_node(void *context, uint32_t level, uint64_t index, struct hash *out)
{
	const struct filed_log *log = context;
	ck_assert_uint_eq(level, 0);
	for (size_t i = 0; i < log->filed_count; i++)
		if (!log->filed[i].not_in_filing && index-- == 0) {
			*out = log->filed[i].filing_leaf;
			return E_OK;
		}
	return E_NOT_FOUND;
}

static void assert_finds(struct filed_log *log, bool with_tree, uint64_t epoch, uint64_t event, const char *text)
{
	struct audit_labels *audit;
	const struct merkle_nodes nodes = {filing_node, log};
	ck_ok(audit_labels_new(&audit));
	if (with_tree)
		audit_labels_compare_with(audit, &nodes);
	ck_error(feed(audit, log, 100), E_CORRUPT);
	const struct audit_labels_finding *finding = audit_labels_finding(audit);
	ck_assert_msg(finding != NULL, "it should not hold: %s", text);
	ck_assert_msg(finding->epoch == epoch && finding->event == event && strstr(finding->text, text) != NULL,
		"epoch %" PRIu64 ", event %" PRIu64 ": %s; expected %" PRIu64 ", %" PRIu64 ": %s", finding->epoch,
		finding->event, finding->text, epoch, event, text);
	/* Nothing goes on after a finding. */
	ck_error(audit_labels_rows(audit, BYTES_EMPTY), E_CORRUPT);
	ck_error(audit_labels_entry(audit, &log->entries[0], &log->leaves[0]), E_CORRUPT);
	ck_error(audit_labels_end(audit), E_CORRUPT);
	audit_labels_free(audit);
}

/* 300 batches about 40 subjects, with mass events between, an epoch after every tenth that leaves a few events to the
 * next one. The last events are not covered. */
static void make_log(struct filed_log *log)
{
	filed_begin(log, 300);
	for (uint64_t i = 0; i < 300; i++) {
		log->time_s++;
		if (i % 7 == 3)
			filed_mass(log);
		else
			for (uint64_t j = 0; j <= i % 4; j++)
				filed_event(log, (i * i + 5 * j) % 40);
		filed_batch(log);
		if (i % 10 == 9)
			filed_epoch(log, i % 20 == 9 ? log->size : log->size - 3);
	}
	filed_event(log, 7);
	filed_batch(log);
}

/* EPO-1, EPO-4, EPO-6, EPO-7, EPO-8 */
START_TEST(an_honest_log_holds)
{
	make_log(&filed);
	for (uint64_t step = 1; step < 2000; step = step * 3 + 1)
		assert_holds(&filed, step);
}
END_TEST

START_TEST(what_held_is_counted)
{
	struct audit_labels *audit;
	struct audit_labels_result result;
	ck_ok(audit_labels_new(&audit));
	audit_labels_result(audit, &result);
	ck_assert_uint_eq(result.epoch_index, NO_INDEX);
	ck_assert_uint_eq(result.entries + result.events + result.uncovered + result.subjects + result.epochs, 0);
	filed_begin(&filed, 10);
	filed_event(&filed, 1);
	filed_event(&filed, 2);
	filed_event(&filed, 1);
	filed_batch(&filed);
	filed_epoch(&filed, 3);
	uint64_t index = filed_epoch(&filed, 4);
	filed_event(&filed, 3);
	ck_ok(feed(audit, &filed, 4));
	audit_labels_result(audit, &result);
	ck_assert_uint_eq(result.entries, 8);
	ck_assert_uint_eq(result.events, 3);
	ck_assert_uint_eq(result.uncovered, 1);
	ck_assert_uint_eq(result.subjects, 2);
	ck_assert_uint_eq(result.epochs, 2);
	ck_assert_uint_eq(result.epoch_index, index);
	ck_assert_uint_eq(result.epoch.size, 4);
	struct hash root = filed_map_root(&filed, 4);
	ck_assert(hash_equal(&result.epoch.map_root, &root));
	audit_labels_free(audit);
}
END_TEST

/* Drops the rows and leaves of the events in [first, end), as a ledger that has lost them, and says so at `end`. */
static void lose(struct filed_log *log, uint64_t first, struct losses *out)
{
	struct lost_range range = {first, log->size, log->size, 0};
	size_t kept = 0;
	for (size_t i = 0; i < log->filed_count; i++) {
		if (log->filed[i].row.index >= first) {
			range.events++;
			continue;
		}
		log->filed[kept] = log->filed[i];
		log->rows[kept++] = log->rows[i];
	}
	log->filed_count = log->row_count = kept;
	*out = (struct losses){1, 1, {range}};
	struct entry entry = {.kind = ENTRY_LOSS, .loss = {first, range.end, range.events}};
	filed_add(log, &entry);
}

static enum error feed_lost(const struct losses *losses, struct audit_labels **out)
{
	ck_ok(audit_labels_new(out));
	audit_labels_lost(*out, losses);
	return feed(*out, &filed, 7);
}

/* EPO-12, LOSS-5: epochs that covered what is lost are not compared, all others are. */
START_TEST(epochs_over_lost_events_are_not_compared)
{
	struct audit_labels *audit;
	struct audit_labels_result result;
	struct losses losses;
	for (int wrong = 0; wrong < 4; wrong++) {
		filed_begin(&filed, 10);
		filed_event(&filed, 1);
		filed_event(&filed, 2);
		filed_epoch(&filed, filed.size);
		filed_event(&filed, 1);
		uint64_t first = filed.size;
		filed_event(&filed, 2);
		filed_event(&filed, 3);
		filed_epoch(&filed, first); /* covers nothing of it */
		filed_epoch(&filed, filed.size);
		lose(&filed, first, &losses);
		filed_epoch(&filed, filed.size);
		filed_event(&filed, 3);
		uint64_t last = filed_epoch(&filed, filed.size);
		if (wrong == 1)
			filed.entries[last].epoch.map_root.b[0] ^= 1; /* after the loss */
		if (wrong == 2)
			filed.entries[first + 2].epoch.filing_root.b[0] ^= 1; /* before it, over what is not lost */
		if (wrong == 3) {
			/* A row for what is lost. */
			memmove(&filed.rows[4], &filed.rows[3], sizeof filed.rows[3]);
			filed.rows[3] = (struct filed_row){.index = first};
			filed.row_count++;
		}
		ck_error(feed_lost(&losses, &audit), wrong ? E_CORRUPT : E_OK);
		if (wrong == 0) {
			audit_labels_result(audit, &result);
			ck_assert_uint_eq(result.events, 4);
			ck_assert_uint_eq(result.epochs, 5);
			ck_assert_uint_eq(result.unverifiable, 1);
			ck_assert_uint_eq(result.epoch_index, last);
			ck_assert_uint_eq(result.subjects, 3);
		} else {
			const struct audit_labels_finding *finding = audit_labels_finding(audit);
			ck_assert_msg(wrong == 3 ? finding->event == first : finding->epoch == (wrong == 1 ? last : first + 2),
				"%d: %s", wrong, finding->text);
		}
		audit_labels_free(audit);
	}
}
END_TEST

/* An epoch that cannot be compared still covers no less than the one before it; and where it is the last, the newest
 * one that holds is an earlier one. */
START_TEST(unverifiable_epochs_still_cover_more)
{
	for (int shrinks = 0; shrinks <= 1; shrinks++) {
		struct audit_labels *audit;
		struct audit_labels_result result;
		struct losses losses;
		filed_begin(&filed, 10);
		filed_event(&filed, 1);
		uint64_t good = filed_epoch(&filed, filed.size);
		uint64_t first = filed.size;
		filed_event(&filed, 2);
		filed_event(&filed, 2);
		filed_epoch(&filed, first + 2);
		filed_epoch(&filed, shrinks ? first + 1 : first + 2);
		lose(&filed, first, &losses);
		ck_error(feed_lost(&losses, &audit), shrinks ? E_CORRUPT : E_OK);
		audit_labels_result(audit, &result);
		ck_assert_uint_eq(result.epoch_index, good);
		ck_assert_uint_eq(result.epoch.size, good);
		audit_labels_free(audit);
	}
}
END_TEST

/* Every shape of log: random lengths, many subjects or few, epochs of any size, also empty and repeated ones. */
START_TEST(random_honest_logs)
{
	for (int round = 0; round < 150; round++) {
		uint64_t subjects = 1 + randombytes_uniform(round % 2 ? 3 : 60), covered = 1;
		filed_begin(&filed, 1000);
		for (uint32_t i = 0, end = randombytes_uniform(250); i < end; i++) {
			filed.time_s += randombytes_uniform(3);
			switch (randombytes_uniform(12)) {
			case 0:
				filed_mass(&filed);
				break;
			case 1:
				filed_batch(&filed);
				break;
			case 2:
				covered += randombytes_uniform((uint32_t)(filed.size - covered) + 1);
				filed_epoch(&filed, covered);
				break;
			default:
				filed_event(&filed, randombytes_uniform((uint32_t)subjects));
			}
		}
		assert_holds(&filed, 1 + randombytes_uniform(80));
	}
}
END_TEST

/* The index of the epoch entry that covers an index first. */
static uint64_t covering(const struct filed_log *log, uint64_t index)
{
	for (uint64_t i = index; i < log->size; i++)
		if (log->entries[i].kind == ENTRY_EPOCH && log->entries[i].epoch.size > index)
			return i;
	return NO_INDEX;
}

/* Makes the epochs' roots again, after what is filed was changed. */
static void commit_again(struct filed_log *log)
{
	for (uint64_t i = 0; i < log->size; i++)
		if (log->entries[i].kind == ENTRY_EPOCH) {
			struct entry_epoch *epoch = &log->entries[i].epoch;
			epoch->map_root = filed_map_root(log, epoch->size);
			epoch->filing_root = filed_filing_root(log, epoch->size);
		}
}

#define CHANGED 150 /* the filed event that the tests below do something to */

static uint64_t make_changed_log(void)
{
	make_log(&filed);
	return filed.filed[CHANGED].row.index;
}

static void insert_leaf(struct filed_log *log, size_t at, const struct filed_leaf *leaf)
{
	memmove(&log->filed[at + 1], &log->filed[at], (log->filed_count - at) * sizeof log->filed[0]);
	log->filed[at] = *leaf;
	log->filed_count++;
}

/* EPO-1, EPO-10, EPO-11 */
START_TEST(left_out_of_everything)
{
	uint64_t event = make_changed_log();
	filed.filed[CHANGED].not_in_tree = filed.filed[CHANGED].not_in_filing = true;
	commit_again(&filed);
	assert_finds(&filed, false, covering(&filed, event), event, "the subject tree does not have the event");
	assert_finds(&filed, true, covering(&filed, event), event, "the filing tree does not have the event");

	/* Nor does the label stream have it. */
	memmove(&filed.rows[CHANGED], &filed.rows[CHANGED + 1], (filed.row_count - CHANGED - 1) * sizeof filed.rows[0]);
	filed.row_count--;
	assert_finds(&filed, false, covering(&filed, event), event, "filed under nobody");
}
END_TEST

START_TEST(left_out_of_its_subject_tree)
{
	uint64_t event = make_changed_log();
	filed.filed[CHANGED].not_in_tree = true;
	commit_again(&filed);
	assert_finds(&filed, true, covering(&filed, event), event, "the subject tree does not have the event");
}
END_TEST

/* EPO-11: the only event of somebody, who is then not in the map, also when nobody else is. */
START_TEST(left_out_of_the_map)
{
	for (uint64_t others = 0; others < 5; others++) {
		filed_begin(&filed, 300);
		for (uint64_t i = 0; i < others; i++)
			filed_event(&filed, i);
		filed_epoch(&filed, filed.size);
		uint64_t event = filed_event(&filed, 77);
		filed.filed[others].not_in_tree = true;
		uint64_t epoch = filed_epoch(&filed, filed.size);
		assert_finds(&filed, true, epoch, event, "the subject tree does not have the event");
	}
}
END_TEST

/* EPO-11: a subject's tree as it was before the epoch, or up to some event of it. */
START_TEST(tree_that_stays_behind)
{
	for (uint64_t before = 0; before < 4; before++)
		for (uint64_t kept = 0; kept < 4; kept++) {
			filed_begin(&filed, 300);
			for (uint64_t i = 0; i < before; i++)
				filed_event(&filed, 7);
			filed_epoch(&filed, filed.size);
			for (uint64_t i = 0; i < 5; i++) {
				filed_event(&filed, 7);
				filed_event(&filed, 8 + i % 3);
			}
			for (uint64_t i = kept; i < 5; i++)
				filed.filed[before + 2 * i].not_in_tree = true;
			uint64_t epoch = filed_epoch(&filed, filed.size);
			const char *text = kept == 4 ? "does not have" : "ends before";
			assert_finds(&filed, true, epoch, filed.filed[before + 2 * kept].row.index, text);
		}
}
END_TEST

/* Only so many events of one subject are looked through. */
START_TEST(more_events_than_are_tried)
{
	for (uint64_t count = 64; count <= 65; count++) {
		filed_begin(&filed, 300);
		for (uint64_t i = 0; i < count; i++)
			filed_event(&filed, 7);
		filed.filed[30].not_in_tree = true;
		uint64_t epoch = filed_epoch(&filed, filed.size);
		if (count == 64)
			assert_finds(&filed, true, epoch, 31, "does not have the event");
		else
			assert_finds(&filed, true, epoch, NO_INDEX, "the map root is not");
	}
}
END_TEST

START_TEST(filed_under_another_label)
{
	uint64_t event = make_changed_log();
	filed.filed[CHANGED].row.label = filed_label(39);
	filed_hash(&filed, &filed.filed[CHANGED]);
	commit_again(&filed);
	assert_finds(&filed, false, covering(&filed, event), NO_INDEX, "the filing root is not");
	assert_finds(&filed, true, covering(&filed, event), event, "under another label");
	filed.filed[CHANGED].row.label = filed_label(1000);
	filed_hash(&filed, &filed.filed[CHANGED]);
	commit_again(&filed);
	assert_finds(&filed, true, covering(&filed, event), event, "under another label");
}
END_TEST

/* EPO-1, EPO-10, EPO-11 */
START_TEST(an_event_filed_twice_is_named)
{
	uint64_t event = make_changed_log();
	struct filed_leaf leaf = filed.filed[CHANGED];
	insert_leaf(&filed, CHANGED + 1, &leaf);
	commit_again(&filed);
	assert_finds(&filed, false, covering(&filed, event), event, "the subject tree has the event at index");
	assert_finds(&filed, true, covering(&filed, event), event, "the filing tree has the event at index");

	/* Under a second label, and only there. */
	event = make_changed_log();
	leaf = filed.filed[CHANGED];
	leaf.row.label = filed_label(39);
	leaf.not_in_filing = true;
	filed_hash(&filed, &leaf);
	insert_leaf(&filed, CHANGED + 1, &leaf);
	commit_again(&filed);
	assert_finds(&filed, true, covering(&filed, event), NO_INDEX, "the map root is not");

	/* Twice in the label stream. */
	event = make_changed_log();
	memmove(&filed.rows[CHANGED + 1], &filed.rows[CHANGED], (filed.row_count - CHANGED) * sizeof filed.rows[0]);
	filed.row_count++;
	assert_finds(&filed, false, NO_INDEX, event, "twice, or out of order");
}
END_TEST

START_TEST(in_the_wrong_order)
{
	/* Two events of one subject in one epoch, the later one first in the subject tree. */
	filed_begin(&filed, 300);
	for (uint64_t i = 0; i < 6; i++)
		filed_event(&filed, i % 2);
	struct hash first = filed.filed[2].subject_leaf;
	filed.filed[2].subject_leaf = filed.filed[4].subject_leaf;
	filed.filed[4].subject_leaf = first;
	uint64_t epoch = filed_epoch(&filed, filed.size);
	assert_finds(&filed, true, epoch, 3, "after a later one");

	/* The same in the filing tree. */
	uint64_t event = make_changed_log();
	first = filed.filed[CHANGED].filing_leaf;
	filed.filed[CHANGED].filing_leaf = filed.filed[CHANGED + 2].filing_leaf;
	filed.filed[CHANGED + 2].filing_leaf = first;
	commit_again(&filed);
	assert_finds(&filed, true, covering(&filed, event), event, "under another label");

	/* And in the label stream. */
	make_log(&filed);
	struct filed_row row = filed.rows[CHANGED];
	filed.rows[CHANGED] = filed.rows[CHANGED + 1];
	filed.rows[CHANGED + 1] = row;
	assert_finds(&filed, false, NO_INDEX, row.index, "twice, or out of order");
}
END_TEST

/* Each byte of a row counts. */
START_TEST(each_byte_of_a_row_counts)
{
	uint64_t event = make_changed_log();
	uint64_t epoch = covering(&filed, event);
	filed.rows[CHANGED].blind.b[5] ^= 1;
	assert_finds(&filed, true, epoch, NO_INDEX, "the map root is not");
	filed.rows[CHANGED].blind.b[5] ^= 1;
	filed.rows[CHANGED].filing_blind.b[31] ^= 0x80;
	assert_finds(&filed, true, epoch, event, "under another label");
	filed.rows[CHANGED].filing_blind.b[31] ^= 0x80;
	filed.rows[CHANGED].label.b[0] ^= 1;
	assert_finds(&filed, true, epoch, event, "under another label");
	filed.rows[CHANGED].label.b[0] ^= 1;
	assert_holds(&filed, 50);
}
END_TEST

/* EPO-10 */
START_TEST(rows_without_an_event)
{
	/* For a mass event, a batch entry, an entry that is not there. */
	make_log(&filed);
	uint64_t mass = 0;
	while (filed.entries[mass].kind != ENTRY_MASS)
		mass++;
	for (uint64_t index = mass; index < mass + 2; index++) {
		make_log(&filed);
		size_t at = 0;
		while (filed.rows[at].index < index)
			at++;
		memmove(&filed.rows[at + 1], &filed.rows[at], (filed.row_count - at) * sizeof filed.rows[0]);
		filed.rows[at].index = index;
		filed.row_count++;
		assert_finds(&filed, false, NO_INDEX, index, "no event entry stands there");
	}
	make_log(&filed);
	filed.rows[filed.row_count++].index = filed.size;
	assert_finds(&filed, false, NO_INDEX, filed.size, "the log ends before it");

	/* After its entry. */
	struct audit_labels *audit;
	filed_begin(&filed, 300);
	filed_event(&filed, 1);
	ck_ok(audit_labels_new(&audit));
	ck_error(audit_labels_rows(audit, bytes_of(stream, LABEL_ROW_BYTES - 1)), E_TRUNCATED);
	for (uint64_t i = 0; i < filed.size; i++)
		ck_ok(audit_labels_entry(audit, &filed.entries[i], &filed.leaves[i]));
	ck_error(audit_labels_rows(audit, rows_of(&filed, 0, 1)), E_CORRUPT);
	ck_assert_uint_eq(audit_labels_finding(audit)->event, 1);
	audit_labels_free(audit);
}
END_TEST

START_TEST(sizes_of_epochs)
{
	filed_begin(&filed, 300);
	filed_event(&filed, 1);
	filed_event(&filed, 1);
	filed_epoch(&filed, 3);
	assert_holds(&filed, 9);
	filed.entries[3].epoch.size = 4; /* itself */
	assert_finds(&filed, false, 3, NO_INDEX, "covers entries after itself");
	filed.entries[3].epoch.size = 3;
	uint64_t index = filed_epoch(&filed, 2);
	assert_finds(&filed, false, index, NO_INDEX, "fewer than the one before");

	/* An epoch that says it covers less than it does, or more. */
	filed_begin(&filed, 300);
	filed_event(&filed, 1);
	filed_event(&filed, 2);
	index = filed_epoch(&filed, 3);
	filed.entries[index].epoch.size = 2;
	assert_finds(&filed, false, index, NO_INDEX, "the filing root is not");
	struct entry genesis = filed.entries[0];
	filed_add(&filed, &genesis);
	filed.entries[index].epoch.size = 3;
	assert_finds(&filed, false, NO_INDEX, NO_INDEX, "genesis");
}
END_TEST

/* EPO-8, EPO-11: An epoch that says nothing new still says what is there. */
START_TEST(epoch_without_events)
{
	filed_begin(&filed, 300);
	uint64_t index = filed_epoch(&filed, 1);
	filed_mass(&filed);
	filed_epoch(&filed, 3);
	assert_holds(&filed, 1);
	filed.entries[index].epoch.map_root.b[0] ^= 1;
	assert_finds(&filed, false, index, NO_INDEX, "the map root is not");
}
END_TEST

/* EPO-9 */
START_TEST(late_filing_is_named)
{
	/* The lag counts from the first step of ledger time after the event: 1000 s pass, and nothing is late. */
	filed_begin(&filed, 300);
	uint64_t event = filed_event(&filed, 1);
	filed_mass(&filed); /* in the same second: no step */
	filed.time_s += 1000;
	filed_mass(&filed);
	filed.time_s += 300;
	filed_mass(&filed);
	uint64_t epoch = filed_epoch(&filed, filed.size);
	assert_holds(&filed, 9);

	/* A second more is late, also when the log ends there, and when the epoch does not cover the event. */
	filed.entries[4].event.time_s++;
	assert_finds(&filed, false, NO_INDEX, event, "filed too late");
	filed.size = epoch;
	assert_finds(&filed, false, NO_INDEX, event, "filed too late");
	filed.entries[4].event.time_s--;
	assert_holds(&filed, 9);
	filed_epoch(&filed, 1);
	assert_holds(&filed, 9);
	filed.time_s++;
	filed_mass(&filed);
	assert_finds(&filed, false, NO_INDEX, event, "filed too late");
}
END_TEST

/* EPO-9: each event has its own lag: what an epoch leaves behind counts on. */
START_TEST(late_after_an_epoch)
{
	filed_begin(&filed, 300);
	filed_event(&filed, 1);
	filed.time_s += 10;
	uint64_t left = filed_event(&filed, 1);
	filed.time_s += 10;
	filed_event(&filed, 2); /* the lag of the second event counts from here */
	filed_epoch(&filed, left);
	filed.time_s += 300;
	filed_event(&filed, 2);
	assert_holds(&filed, 9);
	filed.time_s += 1;
	uint64_t last = filed_event(&filed, 2);
	assert_finds(&filed, false, NO_INDEX, left, "filed too late");
	filed.entries[last].event.time_s--;
	assert_holds(&filed, 9);
}
END_TEST

/* ---- vectors ---- */

/* Where labels and blinds come from. */
static void check_derived(const json_t *vector, const struct entry_genesis *genesis, struct bytes rows)
{
	struct key secret;
	struct blinding_keys keys;
	uint8_t public_key[32];
	const json_t *subjects = json_object_get(vector, "subjects");
	vector_fixed(vector, "vrf_secret", secret.b, sizeof secret.b);
	blinding_keys_derive(&secret, &keys);
	ck_ok(vrf_public_key(&secret, public_key));
	ck_assert_mem_eq(public_key, genesis->vrf_key, sizeof public_key);
	ck_assert_uint_eq(json_array_size(subjects), rows.len / LABEL_ROW_BYTES);
	for (size_t i = 0; i < json_array_size(subjects); i++) {
		const uint8_t *row = rows.data + i * LABEL_ROW_BYTES;
		struct bytes subject = bytes_text(json_string_value(json_array_get(subjects, i)));
		struct label label;
		struct hash blind;
		ck_ok(label_make(&secret, genesis->origin, subject, &label));
		ck_assert_mem_eq(row + 8, label.b, LABEL_BYTES);
		blind_make(&keys.subject, get_u64(row), &blind);
		ck_assert_mem_eq(row + 40, blind.b, HASH_BYTES);
		blind_make(&keys.filing, get_u64(row), &blind);
		ck_assert_mem_eq(row + 72, blind.b, HASH_BYTES);
	}
}

static enum error feed_vector(
	struct audit_labels *audit, const json_t *entries, struct bytes rows, struct entry *genesis)
{
	TRY(audit_labels_rows(audit, rows));
	for (size_t i = 0; i < json_array_size(entries); i++) {
		static uint8_t buffer[VECTOR_BYTES_MAX];
		struct bytes encoded = vector_unhex(json_string_value(json_array_get(entries, i)), buffer);
		struct entry entry;
		struct hash leaf;
		ck_ok(entry_decode(encoded, &entry));
		merkle_leaf_hash(encoded, &leaf);
		if (i == 0)
			*genesis = entry;
		TRY(audit_labels_entry(audit, &entry, &leaf));
	}
	return audit_labels_end(audit);
}

static uint64_t number_or_none(const json_t *vector, const char *name)
{
	return json_object_get(vector, name) != NULL ? vector_number(vector, name) : NO_INDEX;
}

/* What the vector's loss entry says, if it has one. */
static void vector_losses(const json_t *entries, struct losses *out)
{
	*out = (struct losses){.count = 0};
	for (size_t i = 0; i < json_array_size(entries); i++) {
		uint8_t buffer[VECTOR_BYTES_MAX];
		struct entry entry;
		ck_ok(entry_decode(vector_unhex(json_string_value(json_array_get(entries, i)), buffer), &entry));
		if (entry.kind == ENTRY_LOSS)
			*out = (struct losses){1, 1, {{entry.loss.first, entry.loss.end, i, entry.loss.events}}};
	}
}

static unsigned checked;

/* The other kinds are for test_subject_tree.c. */
static void check_vector(const json_t *vector, const char *path)
{
	const json_t *list = json_object_get(vector, "rows");
	struct audit_labels *audit;
	struct entry genesis;
	struct losses losses;
	if (strcmp(vector_text(vector, "kind"), "log") != 0)
		return;
	for (size_t i = 0; i < json_array_size(list); i++) {
		uint8_t buffer[VECTOR_BYTES_MAX];
		struct bytes row = vector_unhex(json_string_value(json_array_get(list, i)), buffer);
		ck_assert_uint_eq(row.len, LABEL_ROW_BYTES);
		memcpy(stream + i * LABEL_ROW_BYTES, row.data, row.len);
	}
	struct bytes rows = bytes_of(stream, json_array_size(list) * LABEL_ROW_BYTES);
	vector_losses(json_object_get(vector, "entries"), &losses);
	ck_ok(audit_labels_new(&audit));
	audit_labels_lost(audit, &losses);
	enum error error = feed_vector(audit, json_object_get(vector, "entries"), rows, &genesis);
	vector_expect(vector, path, error);
	if (error != E_OK) {
		const struct audit_labels_finding *finding = audit_labels_finding(audit);
		ck_assert_msg(finding->epoch == number_or_none(vector, "epoch"), "%s: epoch %" PRIu64, path, finding->epoch);
		ck_assert_msg(finding->event == number_or_none(vector, "event"), "%s: event %" PRIu64, path, finding->event);
	} else if (json_object_get(vector, "vrf_secret") != NULL) {
		check_derived(vector, &genesis.genesis, rows);
	}
	audit_labels_free(audit);
	checked++;
}

START_TEST(our_label_vectors_hold)
{
	char dir[4096];
	ck_assert(vector_path("INDSIGT_SOURCE", "tests/vectors/epoch", dir));
	vector_walk(dir, check_vector);
	ck_assert_uint_ge(checked, 25);
}
END_TEST

UNIT_MAIN("audit_labels", an_honest_log_holds, what_held_is_counted, epochs_over_lost_events_are_not_compared,
	unverifiable_epochs_still_cover_more, random_honest_logs, left_out_of_everything, left_out_of_its_subject_tree,
	left_out_of_the_map, tree_that_stays_behind, more_events_than_are_tried, filed_under_another_label,
	an_event_filed_twice_is_named, in_the_wrong_order, each_byte_of_a_row_counts, rows_without_an_event,
	sizes_of_epochs, epoch_without_events, late_filing_is_named, late_after_an_epoch, our_label_vectors_hold)
