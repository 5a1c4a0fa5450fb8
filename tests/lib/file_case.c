#include "tests/lib/file_case.h"

#include "ledger/proof/filing_lost.h"
#include "ledger/proof/tlog_proof.h"
#include "tests/lib/forged_vector.h"
#include "tests/lib/statement_case.h"
#include "tests/lib/unit.h"

#include <sodium.h>

static const char *const page_names[] = {
	[FILING] = "filing", [LOST] = "filing-lost", [PROOF_FILE] = "proof-file", [RECEIPTS] = "receipts"};

char *dump(json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT);
	ck_assert_ptr_nonnull(text);
	json_decref(json);
	return text;
}

char *replaced(char *text, const char *from, const char *to)
{
	char *out = NULL, *at = strstr(text, from);
	ck_assert_msg(at != NULL, "no %s in %s", from, text);
	ck_assert_int_gt(asprintf(&out, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)), 0);
	free(text);
	return out;
}

char *proof_file(uint64_t index)
{
	static uint8_t memory[20000];
	json_t *json = forge_included(forge, index, 0), *note = forge_checkpoint(forge, 0);
	const struct forge_entry *entry = &forge->entries[index];
	struct hash hashes[PROOF_HASHES_MAX];
	size_t count = json_array_size(part(json, "inclusion"));
	for (size_t i = 0; i < count; i++) {
		const json_t *hash = json_array_get(part(json, "inclusion"), i);
		ck_assert_int_eq(sodium_base642bin(hashes[i].b, HASH_BYTES, json_string_value(hash), json_string_length(hash),
							 NULL, NULL, NULL, sodium_base64_VARIANT_ORIGINAL),
			0);
	}
	const struct included included = {index, bytes_of(entry->data, entry->len), {hashes, count}};
	struct writer w = writer_of(memory, sizeof memory - 1);
	ck_ok(tlog_proof_write(&included, bytes_text(json_string_value(note)), &w));
	memory[writer_len(&w)] = '\0';
	json_decref(json);
	json_decref(note);
	return strdup((char *)memory);
}

static enum error verify(
	const struct file_case *one, const char *text, const struct witness_policy *policy, struct finding *finding)
{
	enum error error = E_OK;
	struct bytes rest = bytes_text(text);
	struct filing_proof *proof = NULL;
	struct tlog_proof *entry = NULL;
	struct filing_lost lost_batch;
	switch (one->page) {
	case FILING:
		error = filing_proof_verify(rest, &forge->vkey, policy, &proof, finding);
		filing_proof_free(proof);
		break;
	case LOST:
		error = filing_lost_verify(rest, &forge->vkey, policy, &lost_batch, finding);
		break;
	case PROOF_FILE:
		error = tlog_proof_verify(rest, &forge->vkey, policy, &entry, finding);
		free(entry);
		break;
	case RECEIPTS:
		while (rest.len > 0 && error == E_OK) {
			struct receipt_shown shown = {.mass = false};
			error = receipt_file_next(&rest, &forge->vkey, policy, &shown, finding);
			receipt_shown_release(&shown);
		}
		break;
	}
	return error;
}

/* What a vector says of a file that holds, besides that it does. */
static void write_proven(const struct file_case *one, const char *text, json_t *vector)
{
	char hex[2 * LABEL_BYTES + 1];
	struct filing_lost lost;
	struct tlog_proof *entry = NULL;
	struct filing_proof *proof = NULL;
	if (one->page == LOST) {
		ck_ok(filing_lost_verify(bytes_text(text), &forge->vkey, NULL, &lost, NULL));
		set_number(vector, "first_index", lost.first_index);
		set_number(vector, "loss_index", lost.loss_index);
		set_number(vector, "events", lost.events);
	}
	if (one->page == PROOF_FILE) {
		ck_ok(tlog_proof_verify(bytes_text(text), &forge->vkey, NULL, &entry, NULL));
		set_number(vector, "index", entry->index);
		free(entry);
	}
	if (one->page != FILING)
		return;
	json_t *labels = json_array(), *subjects = json_array();
	ck_ok(filing_proof_verify(bytes_text(text), &forge->vkey, NULL, &proof, NULL));
	for (uint32_t i = 0; i < proof->batch.count; i++) {
		const struct bytes *id = proof->subject_of != NULL ? &proof->subjects[proof->subject_of[i]].id : NULL;
		json_array_append_new(labels, json_string(sodium_bin2hex(hex, sizeof hex, proof->labels[i].b, LABEL_BYTES)));
		if (id != NULL)
			json_array_append_new(subjects, json_stringn((const char *)id->data, id->len));
	}
	json_object_set_new(vector, "labels", labels);
	if (proof->subject_of != NULL)
		json_object_set(vector, "subjects", subjects);
	json_decref(subjects);
	set_number(vector, "first_index", proof->first_index);
	filing_proof_free(proof);
}

static void write_case(const struct file_case *one, const char *text)
{
	char path[512];
	const char *page = page_names[one->page];
	write_vector(page, one->name, one->about, one->page == RECEIPTS ? "receipts" : "proof", text, &forge->vkey, NULL,
		asked.policy, NULL, one->finding);
	if (getenv("INDSIGT_WRITE_VECTORS") == NULL || one->finding != FINDING_NONE)
		return;
	snprintf(path, sizeof path, "%s/tests/vectors/%s/%s.json", getenv("INDSIGT_SOURCE"), page, one->name);
	json_t *vector = json_load_file(path, 0, NULL);
	write_proven(one, text, vector);
	ck_assert_int_eq(json_dump_file(vector, path, JSON_INDENT(1) | JSON_ENSURE_ASCII), 0);
	json_decref(vector);
}

void check_case(const struct file_case *one)
{
	struct fault fault = {.text = ""};
	struct witness_policy *policy = NULL;
	struct finding finding = {.text = ""};
	memset(&asked, 0, sizeof asked);
	char *text = one->make();
	if (asked.policy != NULL)
		ck_ok(witness_policy_parse(bytes_text(asked.policy), &policy, &fault));
	enum error error = verify(one, text, policy, &finding);
	ck_assert_msg((error == E_OK) == (one->finding == FINDING_NONE) && finding.code == one->finding,
		"%s: %s instead of %s: %s", one->name, finding_name(finding.code), finding_name(one->finding), finding.text);
	write_case(one, text);
	free(text);
	free(policy);
	forge_free(forge);
}
