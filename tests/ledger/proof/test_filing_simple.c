/* The plain cases of spec/filing.md and spec/proof-file.md: honest files, and files with one thing changed, each of
 * which any reader notices. test_filing_cases.c has those that keep every check but one. */
#include "tests/lib/file_case.h"
#include "tests/lib/statement_case.h"
#include "tests/lib/unit.h"

/* ---- filing proofs ---- */

/* Batch 0 to 3 of sender 1 about Anne, Bent, Anne, and one of another sender before and after. */
static void three_batches(void)
{
	const struct forge_draft drafts[] = {{.subject = ANNE}, {.subject = BENT}, {.subject = ANNE}};
	forge = forge_new();
	uint32_t other = forge_sender(forge, "Region Nord", true);
	forge_batch(forge, other, drafts, 2);
	forge->now_s += 5;
	forge_batch(forge, 1, drafts, 3);
	forge_batch(forge, other, drafts, 1);
	forge_epoch(forge);
}

static json_t *filed(bool proofs)
{
	three_batches();
	return forge_filing(forge, 1, 0, proofs);
}

static char *with_subjects(void)
{
	return dump(filed(true));
}

static char *without_subjects(void)
{
	return dump(filed(false));
}

static char *first_batch(void)
{
	three_batches();
	return dump(forge_filing(forge, 2, 0, true));
}

static char *last_batch(void)
{
	three_batches();
	return dump(forge_filing(forge, 2, 2, true));
}

static char *other_checkpoint(void)
{
	json_t *json = filed(true);
	forge->log_secret[0] ^= 1;
	json_object_set_new(json, "checkpoint", forge_checkpoint(forge, 0));
	forge->log_secret[0] ^= 1;
	return dump(json);
}

static char *epoch_not_there(void)
{
	json_t *json = filed(true);
	spoil(part(json, "epoch"), "entry");
	return dump(json);
}

static char *event_missing(void)
{
	json_t *json = filed(true);
	json_array_remove(part(json, "events"), 2);
	return dump(json);
}

static char *other_blind(void)
{
	json_t *json = filed(false);
	spoil(item(json, "events", 1), "blind");
	return dump(json);
}

static char *other_label(void)
{
	json_t *json = filed(false);
	spoil(item(json, "events", 1), "label");
	return dump(json);
}

static char *other_place(void)
{
	json_t *json = filed(false);
	set_number(part(json, "tree"), "first", number_of(part(json, "tree"), "first") + 1);
	return dump(json);
}

static char *other_sender(void)
{
	json_t *json = filed(true);
	set_number(json, "sender", 2);
	return dump(json);
}

static char *other_subject(void)
{
	json_t *json = filed(true);
	set_number(item(json, "events", 0), "subject", 1);
	return dump(json);
}

static char *proof_too_long(void)
{
	json_t *json = filed(false);
	json_t *hashes = part(part(json, "tree"), "proof");
	json_array_append(hashes, json_array_get(hashes, 0));
	return dump(json);
}

static char *subject_spelling(void)
{
	json_t *json = filed(true);
	json_object_set_new(item(json, "subjects", 0), "subject", json_string("cpr:010170-1234"));
	return dump(json);
}

static char *subjects_missing(void)
{
	json_t *json = filed(true);
	json_object_del(json, "subjects");
	return dump(json);
}

static char *uncovered(void)
{
	three_batches();
	uint64_t early = forge->entry_count - 1;
	forge_one(forge, ANNE);
	forge_epoch(forge);
	json_t *json = forge_filing(forge, 1, 3, true);
	json_object_set_new(json, "epoch", forge_included(forge, early, 0));
	return dump(json);
}

static char *unknown_member(void)
{
	json_t *json = filed(true);
	json_object_set_new(json, "later", json_array());
	return dump(json);
}

static char *vrf_changed(void)
{
	json_t *json = filed(true);
	spoil(item(json, "subjects", 0), "vrf_proof");
	return dump(json);
}

static char *wrong_person(void)
{
	three_batches();
	forge_one(forge, ANNE);
	forge_label(forge, BENT, &forge->events[forge->event_count - 1].label);
	forge_epoch(forge);
	return dump(forge_filing(forge, 1, 3, true));
}

/* ---- batches that are lost ---- */

static uint64_t batch_index, loss_index;

static uint64_t add_loss(uint64_t first, uint64_t events)
{
	struct entry entry = {.kind = ENTRY_LOSS, .loss = {first, forge->entry_count, events}};
	return forge_append(forge, &entry);
}

static json_t *lost_file(void)
{
	json_t *genesis = forge_included(forge, 0, 0);
	json_object_del(genesis, "index");
	return json_pack("{s:s, s:i, s:o, s:o, s:o, s:o}", "type", "indsigt-filing-lost/v1", "sender", 1, "checkpoint",
		forge_checkpoint(forge, 0), "genesis", genesis, "batch", forge_included(forge, batch_index, 0), "loss",
		forge_included(forge, loss_index, 0));
}

/* A batch of three, lost, with another one before it that is not. */
static json_t *second_lost(void)
{
	const struct forge_draft drafts[] = {{.subject = ANNE}, {.subject = BENT}, {.subject = ANNE}};
	forge = forge_new();
	forge_batch(forge, 1, drafts, 2);
	uint64_t first = forge_batch(forge, 1, drafts, 3);
	batch_index = first + 3;
	loss_index = add_loss(first, 3);
	forge_one(forge, BENT);
	return lost_file();
}

static char *lost(void)
{
	return dump(second_lost());
}

static char *lost_form(void)
{
	json_t *json = second_lost();
	json_object_del(json, "loss");
	return dump(json);
}

static char *lost_entry(void)
{
	json_t *json = second_lost();
	json_object_set_new(json, "loss", forge_included(forge, batch_index, 0));
	return dump(json);
}

static char *lost_inclusion(void)
{
	json_t *json = second_lost();
	spoil(part(json, "loss"), "entry");
	return dump(json);
}

static char *lost_range(void)
{
	const struct forge_draft drafts[] = {{.subject = ANNE}, {.subject = BENT}};
	forge = forge_new();
	loss_index = add_loss(forge_batch(forge, 1, drafts, 2), 2);
	batch_index = forge_batch(forge, 1, drafts, 2) + 2;
	return dump(lost_file());
}

static char *lost_sender(void)
{
	json_t *json = second_lost();
	set_number(json, "sender", 2);
	return dump(json);
}

/* ---- proof files ---- */

static char *entry_of(uint64_t index)
{
	example();
	return proof_file(index);
}

static char *proof_of_batch(void)
{
	return entry_of(8);
}

static char *proof_of_epoch(void)
{
	return entry_of(10);
}

static char *proof_of_erasure(void)
{
	return entry_of(9);
}

static char *proof_of_event(void)
{
	return entry_of(5);
}

static char *proof_of_genesis(void)
{
	return entry_of(0);
}

static char *proof_of_sender(void)
{
	return entry_of(1);
}

static char *policy_none(void)
{
	asked.policy = "quorum none\n";
	return entry_of(8);
}

static char *no_cosignature(void)
{
	two_of_three_text(asked.policy_text);
	asked.policy = asked.policy_text;
	return entry_of(8);
}

static char *carriage_return(void)
{
	return replaced(entry_of(8), "@v1\n", "@v1\r\n");
}

static char *version_2(void)
{
	return replaced(entry_of(8), "@v1", "@v2");
}

static char *index_leading_zero(void)
{
	return replaced(entry_of(8), "index 8", "index 08");
}

static char *index_too_large(void)
{
	return replaced(entry_of(8), "index 8", "index 1000000000000000000");
}

static char *index_other(void)
{
	return replaced(entry_of(8), "index 8", "index 7");
}

static char *index_beyond(void)
{
	return replaced(entry_of(8), "index 8", "index 13");
}

static char *no_empty_line(void)
{
	return replaced(entry_of(8), "\n\n", "\n");
}

static char *hash_added(void)
{
	return replaced(entry_of(8), "\n\n", "\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n");
}

static char *hash_short(void)
{
	return replaced(entry_of(8), "\n\n", "\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\n\n");
}

/* The text without what stands from `from` up to `to`. */
static char *without(char *text, const char *from, const char *to)
{
	char *start = strstr(text, from);
	ck_assert_ptr_nonnull(start);
	char *end = to != NULL ? strstr(start + 1, to) : start + strlen(start);
	ck_assert_ptr_nonnull(end);
	memmove(start, end, strlen(end) + 1);
	return text;
}

static char *hash_missing(void)
{
	char *text = entry_of(8);
	char *end = strstr(text, "\n\n"), *last = end;
	while (last[-1] != '\n')
		last--;
	memmove(last, end + 1, strlen(end + 1) + 1);
	return text;
}

static char *no_checkpoint(void)
{
	char *text = entry_of(8);
	strstr(text, "\n\n")[2] = '\0';
	return text;
}

static char *no_extra(void)
{
	return without(entry_of(8), "extra ", "index");
}

static char *extra_changed(const char *entry)
{
	char *line = NULL;
	ck_assert_int_gt(asprintf(&line, "extra %s\nindex", entry), 0);
	char *text = replaced(without(entry_of(8), "extra ", "index"), "index", line);
	free(line);
	return text;
}

static char *extra_no_entry(void)
{
	return extra_changed("/w==");
}

static char *extra_not_canonical(void)
{
	return extra_changed("/x==");
}

static char *extra_other_entry(void)
{
	example();
	json_t *entry = forge_base64(bytes_of(forge->entries[5].data, forge->entries[5].len));
	forge_free(forge);
	char *text = extra_changed(json_string_value(entry));
	json_decref(entry);
	return text;
}

/* A byte of the signature, which begins with four of the key's id. */
static char *signature_changed(void)
{
	char *text = entry_of(8);
	char *signature = strstr(text, "\xe2\x80\x94 " FORGE_ORIGIN " ") + strlen("\xe2\x80\x94 " FORGE_ORIGIN " ");
	signature[20] = signature[20] == 'A' ? 'B' : 'A';
	return text;
}

static char *size_changed(void)
{
	return replaced(entry_of(8), FORGE_ORIGIN "\n13\n", FORGE_ORIGIN "\n14\n");
}

/* ---- all ---- */

static const struct file_case cases[] = {
	{FILING, "with-subjects", "three events of two subjects, with the labels' proofs", FINDING_NONE, with_subjects},
	{FILING, "without-subjects", "the same batch for a sender that remembers the labels", FINDING_NONE,
		without_subjects},
	{FILING, "first-batch", "the batch at the beginning of the filing tree", FINDING_NONE, first_batch},
	{FILING, "last-batch", "the batch at its end, of one event", FINDING_NONE, last_batch},
	{FILING, "checkpoint", "a checkpoint signed with another key", FINDING_CHECKPOINT, other_checkpoint},
	{FILING, "epoch-inclusion", "an epoch entry with another root than the log has", FINDING_EPOCH_INCLUSION,
		epoch_not_there},
	{FILING, "event-missing", "fewer events than the batch has", FINDING_FORM, event_missing},
	{FILING, "other-blind", "a blind that is not the one filed", FINDING_FILING_TREE, other_blind},
	{FILING, "other-label", "a label that is not the one filed", FINDING_FILING_TREE, other_label},
	{FILING, "other-place", "another place in the filing tree", FINDING_FILING_TREE, other_place},
	{FILING, "other-sender", "the batch is another sender's", FINDING_FILING_BATCH, other_sender},
	{FILING, "other-subject", "an event shown with the other subject", FINDING_FILING_SUBJECTS, other_subject},
	{FILING, "proof-too-long", "a hash too many in the range proof", FINDING_FILING_TREE, proof_too_long},
	{FILING, "subject-spelling", "a subject in another spelling", FINDING_SUBJECT_SPELLING, subject_spelling},
	{FILING, "subjects-missing", "events point into a list that is not there", FINDING_FORM, subjects_missing},
	{FILING, "uncovered", "an epoch that does not reach the batch", FINDING_FILING_BATCH, uncovered},
	{FILING, "unknown-member", "a member that does not belong there", FINDING_FORM, unknown_member},
	{FILING, "vrf", "a changed VRF proof", FINDING_VRF, vrf_changed},
	{FILING, "wrong-person", "an event that the ledger filed under somebody else's label", FINDING_FILING_SUBJECTS,
		wrong_person},
	{LOST, "lost", "the log says that the batch is lost", FINDING_NONE, lost},
	{LOST, "form", "a member is missing", FINDING_FORM, lost_form},
	{LOST, "loss-entry", "a batch entry shown as loss entry", FINDING_LOSS_ENTRY, lost_entry},
	{LOST, "loss-inclusion", "a loss entry that stands nowhere", FINDING_LOSS_INCLUSION, lost_inclusion},
	{LOST, "loss-range", "a loss entry of other events", FINDING_LOSS_RANGE, lost_range},
	{LOST, "other-sender", "another sender's batch", FINDING_FILING_BATCH, lost_sender},
	{PROOF_FILE, "batch", "a sender's batch", FINDING_NONE, proof_of_batch},
	{PROOF_FILE, "epoch", "an epoch", FINDING_NONE, proof_of_epoch},
	{PROOF_FILE, "erasure", "an erasure", FINDING_NONE, proof_of_erasure},
	{PROOF_FILE, "event", "an event", FINDING_NONE, proof_of_event},
	{PROOF_FILE, "genesis", "the genesis entry", FINDING_NONE, proof_of_genesis},
	{PROOF_FILE, "sender", "a sender's registration", FINDING_NONE, proof_of_sender},
	{PROOF_FILE, "policy-none", "a policy that asks for nothing", FINDING_NONE, policy_none},
	{PROOF_FILE, "no-cosignature", "no cosignature, though the policy asks for one", FINDING_WITNESSES, no_cosignature},
	{PROOF_FILE, "carriage-return", "lines that end in a carriage return", FINDING_FORM, carriage_return},
	{PROOF_FILE, "version-2", "another version", FINDING_FORM, version_2},
	{PROOF_FILE, "index-leading-zero", "an index with a leading zero", FINDING_FORM, index_leading_zero},
	{PROOF_FILE, "index-too-large", "an index of 10^18", FINDING_FORM, index_too_large},
	{PROOF_FILE, "index-other", "the index of another entry", FINDING_TLOG_INCLUSION, index_other},
	{PROOF_FILE, "index-beyond", "an index behind the log's end", FINDING_TLOG_INCLUSION, index_beyond},
	{PROOF_FILE, "no-empty-line", "without the empty line before the checkpoint", FINDING_FORM, no_empty_line},
	{PROOF_FILE, "hash-added", "a hash too many", FINDING_TLOG_INCLUSION, hash_added},
	{PROOF_FILE, "hash-missing", "the last hash is missing", FINDING_TLOG_INCLUSION, hash_missing},
	{PROOF_FILE, "hash-short", "a hash of 31 bytes", FINDING_FORM, hash_short},
	{PROOF_FILE, "no-checkpoint", "it ends after the hashes", FINDING_CHECKPOINT, no_checkpoint},
	{PROOF_FILE, "no-extra", "without the extra line, which the outside format allows", FINDING_FORM, no_extra},
	{PROOF_FILE, "extra-no-entry", "the extra line is no entry", FINDING_TLOG_ENTRY, extra_no_entry},
	{PROOF_FILE, "extra-not-canonical", "base64 with bits that mean nothing", FINDING_FORM, extra_not_canonical},
	{PROOF_FILE, "extra-other-entry", "another entry of the same log", FINDING_TLOG_INCLUSION, extra_other_entry},
	{PROOF_FILE, "signature-changed", "a changed signature", FINDING_CHECKPOINT, signature_changed},
	{PROOF_FILE, "size-changed", "a checkpoint of another size", FINDING_CHECKPOINT, size_changed},
};

START_TEST(each_case_gives_its_finding)
{
	check_case(&cases[_i]);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("filing_simple");
	tcase_add_loop_test(tcase, each_case_gives_its_finding, 0, (int)(sizeof cases / sizeof cases[0]));
	return unit_run("filing_simple", tcase);
}
