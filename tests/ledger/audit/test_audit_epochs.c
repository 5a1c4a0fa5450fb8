/* What the ledger commits in its epochs is what the audit recomputes from its entries and its label stream. */
#include "ledger/audit/audit_labels.h"
#include "tests/lib/fixture.h"

#include <string.h>

static struct fixture f;

struct feeding {
	struct audit_labels *audit;
	struct snapshot *snapshot;
	uint64_t size;
};

static enum error take_place(void *context, const struct label_row *place)
{
	struct feeding *feeding = context;
	uint8_t row[LABEL_ROW_BYTES];
	label_row_encode(place, row);
	return audit_labels_rows(feeding->audit, BYTES_ARRAY(row));
}

static enum error feed(struct feeding *feeding)
{
	TRY(snapshot_visit_filing(feeding->snapshot, 0, snapshot_filed(feeding->snapshot), take_place, feeding));
	for (uint64_t i = 0; i < feeding->size; i++) {
		struct bytes encoded;
		struct entry entry;
		struct hash leaf;
		TRY(snapshot_entry(feeding->snapshot, i, &encoded));
		TRY(entry_decode(encoded, &entry));
		merkle_leaf_hash(encoded, &leaf);
		TRY(audit_labels_entry(feeding->audit, &entry, &leaf));
	}
	return audit_labels_end(feeding->audit);
}

static void audit(struct audit_labels_result *out)
{
	struct feeding feeding;
	struct archive *archive;
	struct fault fault = {.text = ""};
	ck_assert_msg(archive_open(f.dir, true, &archive, &fault) == E_OK, "%s", fault.text);
	ck_ok(snapshot_begin(archive, &feeding.snapshot, &fault));
	feeding.size = snapshot_checkpoint(feeding.snapshot)->size;
	ck_ok(audit_labels_new(&feeding.audit));
	enum error error = feed(&feeding);
	const struct audit_labels_finding *finding = audit_labels_finding(feeding.audit);
	ck_assert_msg(error == E_OK, "%s: %s", error_name(error), finding ? finding->text : "");
	audit_labels_result(feeding.audit, out);
	audit_labels_free(feeding.audit);
	snapshot_end(feeding.snapshot);
	archive_close(archive);
}

static void append_some(uint64_t *sequence, uint32_t batches, uint32_t people)
{
	for (uint32_t i = 0; i < batches; i++) {
		uint32_t subjects[40], count = 1 + randombytes_uniform(40);
		for (uint32_t j = 0; j < count; j++)
			subjects[j] = randombytes_uniform(people);
		fixture_append(&f, fixture_batch(&f, *sequence, i % 6 == 5 ? NULL : subjects, count, i));
		*sequence += count;
		f.now_s += randombytes_uniform(3);
	}
}

/* Batches come in while the epoch is made: its size is below its own index, and they belong to the next one. */
static void epoch_among_batches(uint64_t *sequence)
{
	bool started = false, finished = false;
	struct fault fault = {.text = ""};
	ck_ok(ledger_epoch_start(f.ledger, &started, &fault));
	ck_assert(started);
	while (!finished) {
		append_some(sequence, 1, 60);
		ck_assert_msg(ledger_epoch_slice(f.ledger, &finished, &fault) == E_OK, "%s", fault.text);
	}
}

/* EPO-1 to EPO-8: epochs of many sizes, with and without new people; restarts between; a tail that is not covered. */
START_TEST(ledger_as_recomputed)
{
	struct audit_labels_result result;
	uint64_t sequence = 0;
	fixture_make(&f);
	fixture_epoch(&f);
	for (uint32_t round = 0; round < 8; round++) {
		append_some(&sequence, 1 + round * 3, 1 + round * round * 20);
		fixture_epoch(&f);
		append_some(&sequence, 2, 30);
		epoch_among_batches(&sequence);
		if (round % 3 == 2) {
			fixture_close(&f);
			fixture_open(&f);
		}
	}
	append_some(&sequence, 4, 50);
	audit(&result);
	ck_assert_uint_ge(result.epochs, 16);
	ck_assert_uint_gt(result.events, 500);
	ck_assert_uint_gt(result.uncovered, 0);
	ck_assert_uint_gt(result.subjects, 300);
	fixture_remove(&f);
}
END_TEST

UNIT_MAIN("audit_epochs", ledger_as_recomputed)
