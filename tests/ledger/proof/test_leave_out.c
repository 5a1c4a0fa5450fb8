/* Leaves out each check of the verifiers of statements, filing proofs, proof files and receipts in turn: no
 * implementation that passes the vectors has forgotten one. */
#include "ledger/proof/filing_lost.h"
#include "ledger/proof/filing_proof.h"
#include "ledger/proof/tlog_proof.h"
#include "ledger/statement/statement.h"
#include "tests/lib/leave_out.h"
#include "tests/lib/unit.h"
#include "tools/verify/receipt_file.h"

static const struct implied implied[] = {
	{"anchor.c", "!included_is(&anchor->genesis_shown, ENTRY_GENESIS, &entry)",
		"what is no genesis entry has another origin or key"},
	{"anchor.c", "!included_is(&anchor->epoch_shown, ENTRY_EPOCH, &entry)",
		"what is no epoch entry has a size, time and roots that nothing fits"},
	{"anchor.c", "entry.epoch.size == 0",
		"no entry stands before index 0: none can be the last one covered, or be filed"},
	{"form.c", "text.len > bytes_max", "a limit of this project, and too long for a vector"},
	{"form.c", "!json_is_object(object)", "what is no object has none of the members that must be there"},
	{"form.c", "!there", "what is not there is of no type"},
	{"form.c", "!json_is_object(value)", "its members are asked for next, and it must have some"},
	{"form.c", "json_array_size(value) > max", "a limit of this project: there is no room for more"},
	{"form.c", "text.len == 0 || timestamp_parse(text, &time_ns) != E_OK", "what is no time is not spelled as one"},
	{"form.c", "!base64_decode(text, to, room < max ? room : max, &len)",
		"what is not read has no bytes; the vectors are such that a lax decoder reads the right ones"},
	{"form.c", "value.len != len", "bytes of another length are not those that were hashed"},
	{"form.c", "json_array_size(list) > max", "a tree that has so many levels has no index that fits"},
	{"form.c", "decode(form, item, name, HASH_BYTES).len != HASH_BYTES", "a hash of another length leads to no root"},
	{"statement.c", "i == 0 && !timed", "without a time it is not the epoch's"},
	{"statement_parse.c", "last != NULL && json_array_size(last) == 0",
		"without an item there is no time, and so not the epoch's"},
	{"statement_parse.c", "out->present && out->count == 0", "a tree without leaves has no range"},
	{"statement_parse.c", "i > 0 && erasure->at.index <= out->erasures[i - 1].at.index",
		"what is out of order is not found by halving, or is not used"},
	{"statement_parse.c", "len == 0", "there is no event at index 0: the genesis entry stands there"},
	{"statement_parse.c", "len > 18", "no checkpoint's tree has such an index, so no event that is shown"},
	{"statement_parse.c", "out->path_count == out->event_count",
		"one path more than events names one twice, or one that is not shown"},
	{"statement_events.c", "!included_is(&erasure->at, ENTRY_ERASURE, &entry)",
		"what is no erasure entry covers no month and class, and no person"},
	{"statement_events.c", "!erasure->has_opening", "an opening that is not there opens nothing"},
	{"statement_events.c", "event->header.withheld_until_s == 0", "a date that is not there has passed"},
	{"statement_range.c", "leaves != shown->count",
		"without neighbours the range must begin at the first leaf and end at the last"},
	{"statement_range.c", "shown->first > shown->count || leaves > shown->count - shown->first",
		"a range that ends after the tree has no proof of its shape"},
	{"statement_range.c",
		"merkle_root_of_range(leaves, shown->first, count, shown->count, shown->range_proof.at, "
		"shown->range_proof.count, &root) != E_OK",
		"without a root the map does not hold it"},
	{"statement_range.c", "!hash_equal(root, &empty)", "an empty proof proves nothing but the empty map (MAP-8)"},
	{"statement_range.c", "memcmp(shown->map_proof.data, shown->label.b, MAP_KEY_BYTES) == 0",
		"a proof of absence with the label itself is none (MAP-9)"},
	{"statement_signatures.c", "!included_is(&item->at, ENTRY_SENDER, &entry)",
		"what is no sender entry registers nobody"},
	{"statement_signatures.c", "!included_is(&batch->at, ENTRY_BATCH, &entry)",
		"what is no batch entry has no place in which an event fits"},
	{"statement_signatures.c", "event->sender != NULL",
		"there are no more paths than events: one that is named twice leaves another without"},
	{"statement_signatures.c", "event->entry.sequence < batch->entry.first_sequence || offset >= batch->entry.count",
		"a place outside the batch has another distance from its entry, or no path"},
	{"statement_signatures.c",
		"merkle_root_of_inclusion(&event->entry.commitment, event->entry.sequence - batch->entry.first_sequence, "
		"batch->entry.count, path->hashes.at, path->hashes.count, &root) != E_OK",
		"without a root no signature verifies, and no other path leads to it"},
	{"filing_proof.c", "!included_is(batch, ENTRY_BATCH, &entry)",
		"what is no batch entry is of another sender or of other events"},
	{"filing_proof.c", "subject >= out->subject_count", "beyond the list there is no label that fits"},
	{"filing_lost.c", "!included_is(batch, ENTRY_BATCH, &entry)",
		"what is no batch entry is of another sender or of other events"},
	{"filing_lost.c", "!included_is(loss, ENTRY_LOSS, &entry)", "what is no loss entry does not begin below the batch"},
	{"filing_lost.c", "entry.batch.count >= batch->index", "no loss reaches what would stand before the log"},
	{"tlog_proof.c", "text.len > TLOG_PROOF_BYTES_MAX", "a note over its limit is none (CKPT-6)"},
	{"tlog_proof.c", "!base64_decode(line, memory, ENTRY_BYTES_MAX, &len)",
		"what is not read has no bytes; the vectors are such that a lax decoder reads the right ones"},
	{"tlog_proof.c", "out->count == PROOF_HASHES_MAX", "a tree that has so many levels has no index that fits"},
	{"tlog_proof.c", "!base64_decode(line, out->hashes[out->count++].b, HASH_BYTES, &len)", "as for the entry"},
	{"tlog_proof.c", "len != HASH_BYTES", "a hash of another length leads to no root"},
	{"tlog_proof.c", "digits.len > TLOG_PROOF_INDEX_DIGITS_MAX", "no checkpoint's tree has such an index"},
	{"receipt_file.c", "count > BATCH_EVENTS_MAX", "there is no such batch entry (BATCH-5)"},
	{"receipt_file.c", "entry_encode(&entry, &w) != E_OK", "what is no entry does not stand in the log"},
};

/* ---- the verifiers ---- */

struct call {
	struct vkey log;
	struct vkey auditor;
	bool audited;
	struct witness_policy *policy;
};

static void call_read(const json_t *vector, struct call *out)
{
	struct fault fault = {.text = ""};
	*out = (struct call){.policy = NULL};
	ck_ok(vkey_parse(bytes_text(vector_text(vector, "vkey")), &out->log));
	out->audited = json_object_get(vector, "auditor") != NULL;
	if (out->audited)
		ck_ok(vkey_parse(bytes_text(vector_text(vector, "auditor")), &out->auditor));
	if (json_object_get(vector, "policy") != NULL)
		ck_ok(witness_policy_parse(bytes_text(vector_text(vector, "policy")), &out->policy, &fault));
}

static struct verdict verify_statement(const json_t *vector)
{
	struct call call;
	struct finding finding = {.text = ""};
	struct statement *statement = NULL;
	call_read(vector, &call);
	const struct statement_options options = {.subject = json_string_value(json_object_get(vector, "subject")),
		.policy = call.policy,
		.auditor = call.audited ? &call.auditor : NULL};
	enum error error =
		statement_verify(bytes_text(vector_text(vector, "statement")), &call.log, &options, &statement, &finding);
	statement_free(statement);
	free(call.policy);
	return (struct verdict){error, finding.code};
}

static struct verdict verify_filing(const json_t *vector)
{
	struct call call;
	struct finding finding = {.text = ""};
	struct filing_proof *proof = NULL;
	call_read(vector, &call);
	enum error error =
		filing_proof_verify(bytes_text(vector_text(vector, "proof")), &call.log, call.policy, &proof, &finding);
	filing_proof_free(proof);
	free(call.policy);
	return (struct verdict){error, finding.code};
}

static struct verdict verify_lost(const json_t *vector)
{
	struct call call;
	struct finding finding = {.text = ""};
	struct filing_lost lost;
	call_read(vector, &call);
	enum error error =
		filing_lost_verify(bytes_text(vector_text(vector, "proof")), &call.log, call.policy, &lost, &finding);
	free(call.policy);
	return (struct verdict){error, finding.code};
}

static struct verdict verify_proof_file(const json_t *vector)
{
	struct call call;
	struct finding finding = {.text = ""};
	struct tlog_proof *proof = NULL;
	call_read(vector, &call);
	enum error error =
		tlog_proof_verify(bytes_text(vector_text(vector, "proof")), &call.log, call.policy, &proof, &finding);
	free(proof);
	free(call.policy);
	return (struct verdict){error, finding.code};
}

static struct verdict verify_receipts(const json_t *vector)
{
	struct call call;
	struct finding finding = {.text = ""};
	struct bytes rest = bytes_text(vector_text(vector, "receipts"));
	enum error error = E_OK;
	call_read(vector, &call);
	while (rest.len > 0 && error == E_OK) {
		struct receipt_shown shown = {.mass = false};
		error = receipt_file_next(&rest, &call.log, call.policy, &shown, &finding);
		receipt_shown_release(&shown);
	}
	free(call.policy);
	return (struct verdict){error, finding.code};
}

static const struct page files[] = {
	{"statement", verify_statement, ""},
	{"filing", verify_filing, "anchor.c"},
	{"filing-lost", verify_lost, "anchor.c"},
	{"proof-file", verify_proof_file, "anchor.c"},
	{"receipts", verify_receipts, "anchor.c"},
};

START_TEST(every_check_is_needed)
{
	leave_out(files, sizeof files / sizeof files[0], implied, sizeof implied / sizeof implied[0]);
}
END_TEST

static bool named[FINDING_CODES];

static void note_name(const json_t *vector, const char *path)
{
	(void)path;
	for (unsigned i = 0; i < FINDING_CODES; i++)
		named[i] |= strcmp(finding_name((enum finding_code)i), vector_text(vector, "finding")) == 0;
}

/* Every name on the list comes out of some vector, but for that of a fork, which has vectors without names. */
START_TEST(every_name_has_a_vector)
{
	char dir[4096], path[64];
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		snprintf(path, sizeof path, "tests/vectors/%s", files[i].name);
		ck_assert(vector_path("INDSIGT_SOURCE", path, dir));
		(void)vector_walk(dir, note_name);
	}
	for (unsigned i = 0; i < FINDING_CODES; i++)
		ck_assert_msg(named[i] || i == FINDING_FORK, "no vector is refused as %s", finding_name((enum finding_code)i));
}
END_TEST

UNIT_MAIN("leave_out", every_check_is_needed, every_name_has_a_vector)
