/* One file for each check of spec/filing.md, spec/proof-file.md and the lines of spec/receipt.md that the older vectors
 * do not need; with INDSIGT_WRITE_VECTORS set they are written to tests/vectors. Each keeps every check but one. */
#include "tests/lib/file_case.h"
#include "tests/lib/statement_case.h"
#include "tests/lib/unit.h"

/* What a policy that is for another log, or not fulfilled, asks of any file. */
static void ask_two(const char *head)
{
	char two[FORGED_POLICY_MAX];
	two_of_three_text(two);
	snprintf(asked.policy_text, sizeof asked.policy_text, "%s%s", head, two);
	asked.policy = asked.policy_text;
}

static void ask_two_of_another_log(void)
{
	ask_two("log auditor.example.dk+4dbbd6f2+ATMJ86xZia5F0u/x4kpBZTgWU+OrAtJJkNCvF415FoIt\n");
}

static void cosign_both(void)
{
	forge_cosign(forge, 1, 0, FORGE_START_S + 20);
	forge_cosign(forge, 2, 0, FORGE_START_S + 20);
}

/* ---- filing proofs ---- */

static json_t *filed(void)
{
	anne_has(1);
	forge_epoch(forge);
	return forge_filing(forge, 1, 0, true);
}

static char *filing_origin(void)
{
	anne_has(1);
	overwrite(0, 1 + 2 + 8 + 2, "x", 1);
	forge_epoch(forge);
	return dump(forge_filing(forge, 1, 0, true));
}

static char *filing_log_key(void)
{
	anne_has(1);
	overwrite(0, 1 + 2 + 8 + 2 + strlen(FORGE_ORIGIN), "x", 1);
	forge_epoch(forge);
	return dump(forge_filing(forge, 1, 0, true));
}

static char *filing_genesis(void)
{
	json_t *json = filed();
	spoil_hash(part(json, "genesis"), "inclusion");
	return dump(json);
}

static char *filing_genesis_none(void)
{
	json_t *json = filed();
	json_object_set(part(json, "genesis"), "entry", part(part(json, "batch"), "entry"));
	return dump(json);
}

static char *filing_epoch_none(void)
{
	json_t *json = filed();
	json_object_set(part(json, "epoch"), "entry", part(part(json, "batch"), "entry"));
	return dump(json);
}

#define EPOCH_OF_ALL UINT64_MAX

/* An epoch of `size` (EPOCH_OF_ALL: everything) whose filing tree has these leaves under one label: log indexes from
 * `first` on. */
static json_t *filing_tree(uint64_t batch_index, uint64_t first, uint64_t count, uint64_t leaves_count, uint64_t size)
{
	struct entry entry = {.kind = ENTRY_EPOCH};
	struct hash leaves[16] = {{{0}}}, blind = {{9}};
	struct label label;
	json_t *events = json_array(), *proof = json_array();
	forge_label(forge, ANNE, &label);
	forge_compute_epoch(forge, forge->entry_count, &entry.epoch);
	entry.epoch.size = size == EPOCH_OF_ALL ? entry.epoch.size : size;
	for (uint64_t i = 0; i < leaves_count; i++)
		filing_leaf_hash(&blind, first + i, &label, &leaves[i]);
	merkle_root_of_leaves(leaves, leaves_count, &entry.epoch.filing_root);
	uint64_t epoch = forge_append(forge, &entry);
	for (uint64_t i = 0; i < count; i++)
		json_array_append_new(events, json_pack("{s:o,s:o}", "blind", forge_base64(hash_bytes(&blind)), "label",
										  forge_base64(BYTES_ARRAY(label.b))));
	/* Of a tree of one leaf and others behind it, each right side is a hash of the proof. */
	for (uint64_t at = count; at < leaves_count; at *= 2) {
		struct hash right;
		ck_assert_uint_eq(count, 1);
		merkle_root_of_leaves(&leaves[at], at, &right);
		json_array_append_new(proof, forge_base64(hash_bytes(&right)));
	}
	json_t *genesis = forge_included(forge, 0, 0);
	json_object_del(genesis, "index");
	return json_pack("{s:s,s:i,s:o,s:o,s:o,s:o,s:{s:I,s:i,s:o},s:o}", "type", "indsigt-filing/v1", "sender", 1,
		"checkpoint", forge_checkpoint(forge, 0), "genesis", genesis, "epoch", forge_included(forge, epoch, 0), "batch",
		forge_included(forge, batch_index, 0), "tree", "size", (json_int_t)leaves_count, "first", 0, "proof", proof,
		"events", events);
}

static char *filing_epoch(uint64_t size)
{
	anne_has(1);
	return dump(filing_tree(3, 2, 1, 1, size));
}

static char *filing_epoch_itself(void)
{
	return filing_epoch(5);
}

static char *filing_epoch_0(void)
{
	return filing_epoch(0);
}

static char *filing_uncovered(void)
{
	return filing_epoch(2);
}

static char *filing_witnesses(void)
{
	ask_two("");
	return dump(filed());
}

static char *filing_witnessed(void)
{
	json_decref(filed());
	ask_two("");
	cosign_both();
	return dump(forge_filing(forge, 1, 0, true));
}

static char *filing_other_log(void)
{
	json_decref(filed());
	ask_two_of_another_log();
	cosign_both();
	return dump(forge_filing(forge, 1, 0, true));
}

static char *filing_batch_none(void)
{
	json_t *json = filed();
	json_object_set_new(json, "batch", forge_included(forge, 2, 0));
	return dump(json);
}

static char *filing_batch_not_there(void)
{
	json_t *json = filed();
	spoil_hash(part(json, "batch"), "inclusion");
	return dump(json);
}

static char *filing_large_sender(void)
{
	return replaced(dump(filed()), "\"sender\":1", "\"sender\":4294967297");
}

static char *filing_subject_beyond(void)
{
	return replaced(dump(filed()), "\"subject\":0", "\"subject\":1");
}

static char *filing_minus_zero(void)
{
	return replaced(dump(filed()), "\"subject\":0", "\"subject\":-0");
}

static char *filing_spelling(void)
{
	anne_has(1);
	struct forge_event *event = forge_event_at(forge, 2);
	strcpy(event->subject, "cpr:010170-1234");
	forge_label(forge, event->subject, &event->label);
	forge_epoch(forge);
	return dump(forge_filing(forge, 1, 0, true));
}

static char *filing_one_less(void)
{
	const struct forge_draft drafts[] = {{.subject = ANNE}, {.subject = ANNE}};
	forge = forge_new();
	forge_batch(forge, 1, drafts, 2);
	forge_epoch(forge);
	json_t *json = forge_filing(forge, 1, 0, true);
	/* The second leaf stands in the proof instead. */
	struct hash leaf, blind;
	struct blinding_keys keys;
	blinding_keys_derive(&forge->vrf_secret, &keys);
	blind_make(&keys.filing, 3, &blind);
	filing_leaf_hash(&blind, 3, &forge_event_at(forge, 3)->label, &leaf);
	json_array_remove(part(json, "events"), 1);
	json_array_append_new(part(part(json, "tree"), "proof"), forge_base64(hash_bytes(&leaf)));
	return dump(json);
}

static char *filing_large_tree(void)
{
	anne_has(1);
	return dump(filing_tree(3, 2, 1, 8, EPOCH_OF_ALL));
}

static uint64_t add_batch(uint32_t count)
{
	struct entry entry = {.kind = ENTRY_BATCH};
	entry.batch = (struct entry_batch){.sender = 1, .count = count};
	return forge_append(forge, &entry);
}

static char *filing_from_genesis(void)
{
	forge = forge_new();
	return dump(filing_tree(add_batch(2), 0, 2, 2, EPOCH_OF_ALL));
}

/* ---- a batch that is lost ---- */

static uint64_t add_range(uint64_t first, uint64_t end, uint64_t events)
{
	struct entry entry = {.kind = ENTRY_LOSS, .loss = {first, end, events}};
	return forge_append(forge, &entry);
}

static uint64_t add_loss(uint64_t first)
{
	return add_range(first, forge->entry_count, 1);
}

static json_t *lost_file(uint64_t batch, uint64_t loss)
{
	json_t *genesis = forge_included(forge, 0, 0);
	json_object_del(genesis, "index");
	return json_pack("{s:s,s:i,s:o,s:o,s:o,s:o}", "type", "indsigt-filing-lost/v1", "sender", 1, "checkpoint",
		forge_checkpoint(forge, 0), "genesis", genesis, "batch", forge_included(forge, batch, 0), "loss",
		forge_included(forge, loss, 0));
}

static json_t *lost(void)
{
	anne_has(1);
	return lost_file(3, add_loss(2));
}

/* Anne's event, and a batch of three at 4, 5 and 6, of which [first, end) is lost. */
static json_t *three_lost(uint64_t first, uint64_t end)
{
	const struct forge_draft drafts[] = {{.subject = ANNE}, {.subject = BENT}, {.subject = ANNE}};
	anne_has(1);
	forge_batch(forge, 1, drafts, 3);
	uint64_t loss = add_range(first, end, 1);
	forge_one(forge, BENT);
	return lost_file(7, loss);
}

static char *lost_one(void)
{
	return dump(three_lost(5, 6));
}

static char *lost_earlier_one(void)
{
	return dump(three_lost(2, 4));
}

static char *lost_before_the_batch(void)
{
	const struct forge_draft drafts[] = {{.subject = ANNE}, {.subject = BENT}, {.subject = ANNE}};
	anne_has(1);
	uint64_t loss = add_range(2, 8, 1); /* at 4, about what is to come too */
	forge_batch(forge, 1, drafts, 3);
	return dump(lost_file(8, loss));
}

static char *lost_origin(void)
{
	anne_has(1);
	overwrite(0, 1 + 2 + 8 + 2, "x", 1);
	return dump(lost_file(3, add_loss(2)));
}

static char *lost_log_key(void)
{
	anne_has(1);
	overwrite(0, 1 + 2 + 8 + 2 + strlen(FORGE_ORIGIN), "x", 1);
	return dump(lost_file(3, add_loss(2)));
}

static char *lost_genesis(void)
{
	json_t *json = lost();
	spoil_hash(part(json, "genesis"), "inclusion");
	return dump(json);
}

static char *lost_witnesses(void)
{
	ask_two("");
	return dump(lost());
}

static char *lost_other_log(void)
{
	json_decref(lost());
	ask_two_of_another_log();
	cosign_both();
	return dump(lost_file(3, 4));
}

static char *lost_batch_none(void)
{
	json_t *json = lost();
	json_object_set_new(json, "batch", forge_included(forge, 2, 0));
	return dump(json);
}

static char *lost_batch_not_there(void)
{
	json_t *json = lost();
	spoil_hash(part(json, "batch"), "inclusion");
	return dump(json);
}

static char *lost_large_sender(void)
{
	return replaced(dump(lost()), "\"sender\":1", "\"sender\":4294967297");
}

static char *lost_from_genesis(void)
{
	forge = forge_new();
	uint64_t batch =
		add_batch(3); /* at 2: its first event would stand before the log, or, wrapped around, far behind */
	uint64_t loss = add_loss(1);
	return dump(lost_file(batch, loss));
}

static char *lost_later_ones(void)
{
	anne_has(1);
	return dump(lost_file(3, add_loss(3)));
}

/* ---- proof files ---- */

static char *proof_other_log(void)
{
	anne_has(1);
	ask_two_of_another_log();
	cosign_both();
	return proof_file(3);
}

static char *proof_of_no_entry(void)
{
	anne_has(1);
	overwrite(3, 0, "x", 1);
	return proof_file(3);
}

static char *proof_index_empty(void)
{
	anne_has(1);
	return replaced(proof_file(0), "index 0\n", "index \n");
}

static char *proof_index_no_digit(void)
{
	anne_has(5);
	return replaced(proof_file(10), "index 10\n", "index :\n");
}

static char *proof_index_long(void)
{
	anne_has(1);
	return replaced(proof_file(3), "index 3\n", "index 1000000000000000000\n");
}

/* ---- receipts as lines ---- */

/* What `indsigt send` prints for the batch entry at `index`. */
static json_t *receipt(uint64_t index)
{
	struct entry entry;
	json_t *included = forge_included(forge, index, 0);
	ck_ok(entry_decode(bytes_of(forge->entries[index].data, forge->entries[index].len), &entry));
	const struct entry_batch *batch = &entry.batch;
	json_t *json = json_pack("{s:s,s:I,s:{s:s,s:I,s:I,s:I,s:o},s:I,s:I,s:O,s:o}", "origin", FORGE_ORIGIN, "sender",
		(json_int_t)batch->sender, "batch", "kind", "event", "first_sequence", (json_int_t)batch->first_sequence,
		"count", (json_int_t)batch->count, "filing_checked", (json_int_t)batch->filing_checked, "signature",
		forge_base64(BYTES_ARRAY(batch->signature)), "first_index", (json_int_t)(index - batch->count), "count",
		(json_int_t)batch->count, "inclusion", part(included, "inclusion"), "checkpoint", forge_checkpoint(forge, 0));
	json_decref(included);
	return json;
}

static json_t *receipt_of_one(void)
{
	anne_has(1);
	return receipt(3);
}

static char *two_receipts(void)
{
	char *both = NULL;
	anne_has(2);
	char *one = dump(receipt(3)), *two = dump(receipt(5));
	ck_assert_int_gt(asprintf(&both, "%s\n%s\n", one, two), 0);
	free(one);
	free(two);
	return both;
}

static char *receipt_without_newline(void)
{
	return dump(receipt_of_one());
}

static char *receipt_of_mass(void)
{
	return replaced(dump(receipt_of_one()), "\"kind\":\"event\"", "\"kind\":\"mass\"");
}

static char *receipt_of_other_kind(void)
{
	return replaced(dump(receipt_of_one()), "\"kind\":\"event\"", "\"kind\":\"other\"");
}

static char *receipt_large_sender(void)
{
	return replaced(dump(receipt_of_one()), "\"sender\":1", "\"sender\":4294967297");
}

static char *receipt_other_origin(void)
{
	json_t *json = receipt_of_one();
	json_object_set_new(json, "origin", json_string("log.example.dk/other"));
	return dump(json);
}

static char *receipt_two_counts(void)
{
	json_t *json = receipt_of_one();
	set_number(part(json, "batch"), "count", 2);
	return dump(json);
}

static char *receipt_large_count(void)
{
	json_t *json = receipt_of_one();
	set_number(part(json, "batch"), "count", BATCH_EVENTS_MAX + 1);
	set_number(json, "count", BATCH_EVENTS_MAX + 1);
	return dump(json);
}

static char *receipt_no_count(void)
{
	json_t *json = receipt_of_one();
	set_number(part(json, "batch"), "count", 0);
	set_number(json, "count", 0);
	return dump(json);
}

static char *receipt_unknown_member(void)
{
	json_t *json = receipt_of_one();
	set_number(json, "more", 1);
	return dump(json);
}

static char *receipt_empty_line(void)
{
	char *out = NULL, *one = dump(receipt_of_one());
	ck_assert_int_gt(asprintf(&out, "%s\n\n", one), 0);
	free(one);
	return out;
}

static char *receipt_minus_zero(void)
{
	return replaced(dump(receipt_of_one()), "\"first_sequence\":0", "\"first_sequence\":-0");
}

static char *receipt_other_key(void)
{
	uint8_t public_key[32];
	anne_has(1);
	crypto_sign_seed_keypair(public_key, forge->log_secret, forge->vrf_secret.b);
	return dump(receipt(3));
}

static char *receipt_witnesses(void)
{
	ask_two("");
	return dump(receipt_of_one());
}

static char *receipt_witnessed(void)
{
	anne_has(1);
	ask_two("");
	cosign_both();
	return dump(receipt(3));
}

static char *receipt_other_log(void)
{
	anne_has(1);
	ask_two_of_another_log();
	cosign_both();
	return dump(receipt(3));
}

static char *receipt_other_index(void)
{
	json_t *json = receipt_of_one();
	set_number(json, "first_index", 1);
	return dump(json);
}

static char *receipt_last_sequence(void)
{
	json_t *json = receipt_of_one();
	set_number(part(json, "batch"), "filing_checked", 2);
	return dump(json);
}

static const struct file_case cases[] = {
	{FILING, "genesis-origin", "the log begins with the genesis entry of another log", FINDING_GENESIS_KEY,
		filing_origin},
	{FILING, "genesis-log-key", "the log begins with the genesis entry of another key", FINDING_GENESIS_KEY,
		filing_log_key},
	{FILING, "genesis-inclusion", "the genesis entry's proof has another hash", FINDING_GENESIS_INCLUSION,
		filing_genesis},
	{FILING, "genesis-none", "a batch entry for the genesis entry", FINDING_GENESIS_ENTRY, filing_genesis_none},
	{FILING, "epoch-none", "a batch entry for the epoch entry", FINDING_EPOCH_ENTRY, filing_epoch_none},
	{FILING, "epoch-size-itself", "an epoch that covers itself", FINDING_EPOCH_SIZE, filing_epoch_itself},
	{FILING, "epoch-size-0", "an epoch that covers nothing", FINDING_EPOCH_SIZE, filing_epoch_0},
	{FILING, "batch-uncovered", "an epoch that files a batch which it does not cover", FINDING_FILING_BATCH,
		filing_uncovered},
	{FILING, "witnesses", "a policy, and no cosignature", FINDING_WITNESSES, filing_witnesses},
	{FILING, "witnessed", "a policy that is fulfilled", FINDING_NONE, filing_witnessed},
	{FILING, "witnesses-other-log", "a policy for another log", FINDING_WITNESSES, filing_other_log},
	{FILING, "batch-none", "an event entry for the batch entry", FINDING_BATCH_ENTRY, filing_batch_none},
	{FILING, "batch-inclusion", "the batch entry's proof has another hash", FINDING_BATCH_INCLUSION,
		filing_batch_not_there},
	{FILING, "sender-large", "a sender's id of 2^32 + 1", FINDING_FORM, filing_large_sender},
	{FILING, "subject-beyond", "a subject beyond the list", FINDING_FORM, filing_subject_beyond},
	{FILING, "minus-0", "-0", FINDING_FORM, filing_minus_zero},
	{FILING, "subject-spelling-filed", "a subject in another spelling, filed under that spelling's label",
		FINDING_SUBJECT_SPELLING, filing_spelling},
	{FILING, "event-in-proof", "one event of two is left out, and its leaf stands in the proof", FINDING_FORM,
		filing_one_less},
	{FILING, "tree-large", "a filing tree of more leaves than entries are covered", FINDING_FILING_TREE,
		filing_large_tree},
	{FILING, "batch-from-genesis", "a batch whose first event would be the genesis entry", FINDING_FILING_BATCH,
		filing_from_genesis},
	{LOST, "lost-one", "the log says that one event of three is lost", FINDING_NONE, lost_one},
	{LOST, "loss-of-earlier-ones", "a loss of what stands before the batch", FINDING_LOSS_RANGE, lost_earlier_one},
	{LOST, "loss-before-batch", "a loss entry before the batch, whose range reaches over it", FINDING_LOSS_RANGE,
		lost_before_the_batch},
	{LOST, "genesis-origin", "the log begins with the genesis entry of another log", FINDING_GENESIS_KEY, lost_origin},
	{LOST, "genesis-log-key", "the log begins with the genesis entry of another key", FINDING_GENESIS_KEY,
		lost_log_key},
	{LOST, "genesis-inclusion", "the genesis entry's proof has another hash", FINDING_GENESIS_INCLUSION, lost_genesis},
	{LOST, "witnesses", "a policy, and no cosignature", FINDING_WITNESSES, lost_witnesses},
	{LOST, "witnesses-other-log", "a policy for another log", FINDING_WITNESSES, lost_other_log},
	{LOST, "batch-none", "an event entry for the batch entry", FINDING_BATCH_ENTRY, lost_batch_none},
	{LOST, "batch-inclusion", "the batch entry's proof has another hash", FINDING_BATCH_INCLUSION,
		lost_batch_not_there},
	{LOST, "sender-large", "a sender's id of 2^32 + 1", FINDING_FORM, lost_large_sender},
	{LOST, "batch-before-genesis", "a batch of more events than stand before it", FINDING_FILING_BATCH,
		lost_from_genesis},
	{LOST, "loss-of-later-ones", "a loss of what stands behind the batch's first event", FINDING_LOSS_RANGE,
		lost_later_ones},
	{PROOF_FILE, "witnesses-other-log", "a policy for another log", FINDING_WITNESSES, proof_other_log},
	{PROOF_FILE, "no-entry", "a leaf of the log that is no entry", FINDING_TLOG_ENTRY, proof_of_no_entry},
	{PROOF_FILE, "index-empty", "no digit for the index 0", FINDING_FORM, proof_index_empty},
	{PROOF_FILE, "index-no-digit", "an index that is no number", FINDING_FORM, proof_index_no_digit},
	{PROOF_FILE, "index-long", "an index of 10^18", FINDING_FORM, proof_index_long},
	{RECEIPTS, "two", "two receipts", FINDING_NONE, two_receipts},
	{RECEIPTS, "without-newline", "a last line without its newline", FINDING_NONE, receipt_without_newline},
	{RECEIPTS, "mass", "kind says mass: nothing binds it", FINDING_NONE, receipt_of_mass},
	{RECEIPTS, "other-kind", "another kind", FINDING_FORM, receipt_of_other_kind},
	{RECEIPTS, "sender-large", "a sender's id of 2^32 + 1", FINDING_FORM, receipt_large_sender},
	{RECEIPTS, "other-origin", "another origin than the log's", FINDING_FORM, receipt_other_origin},
	{RECEIPTS, "two-counts", "two counts that differ", FINDING_FORM, receipt_two_counts},
	{RECEIPTS, "count-4097", "more events than a batch may have", FINDING_FORM, receipt_large_count},
	{RECEIPTS, "count-0", "no event", FINDING_BATCH_ENTRY, receipt_no_count},
	{RECEIPTS, "unknown-member", "a member that does not belong there", FINDING_FORM, receipt_unknown_member},
	{RECEIPTS, "empty-line", "an empty line behind a good one", FINDING_FORM, receipt_empty_line},
	{RECEIPTS, "minus-0", "-0", FINDING_FORM, receipt_minus_zero},
	{RECEIPTS, "other-key", "the checkpoint is signed with another key", FINDING_CHECKPOINT, receipt_other_key},
	{RECEIPTS, "witnesses", "a policy, and no cosignature", FINDING_WITNESSES, receipt_witnesses},
	{RECEIPTS, "witnessed", "a policy that is fulfilled", FINDING_NONE, receipt_witnessed},
	{RECEIPTS, "witnesses-other-log", "a policy for another log", FINDING_WITNESSES, receipt_other_log},
	{RECEIPTS, "other-index", "another index", FINDING_BATCH_INCLUSION, receipt_other_index},
	{RECEIPTS, "filing-checked-ahead", "a batch that claims more of its filing than it has sent", FINDING_BATCH_ENTRY,
		receipt_last_sequence},
};

START_TEST(each_case_gives_its_finding)
{
	check_case(&cases[_i]);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("filing_cases");
	tcase_add_loop_test(tcase, each_case_gives_its_finding, 0, (int)(sizeof cases / sizeof cases[0]));
	return unit_run("filing_cases", tcase);
}
