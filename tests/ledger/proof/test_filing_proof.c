#include "tests/lib/forged.h"
#include "tests/lib/unit.h"
#include "tests/lib/vector.h"

static struct forge *forge;

/* Batch 0 to 3 of sender 1 about Anne, Bent, Anne, and one of another sender before and after. */
static void example(void)
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

static enum error verify(const json_t *json, struct filing_proof **out, struct finding *finding)
{
	char *text = json_dumps(json, JSON_COMPACT);
	enum error error = filing_proof_verify(bytes_text(text), &forge->vkey, NULL, out, finding);
	free(text);
	return error;
}

static struct filing_proof *accept(json_t *json)
{
	struct finding finding;
	struct filing_proof *proof = NULL;
	enum error error = verify(json, &proof, &finding);
	ck_assert_msg(error == E_OK, "%s", finding.text);
	json_decref(json);
	return proof;
}

static void refuse(json_t *json, enum finding_code wanted)
{
	struct finding finding;
	struct filing_proof *proof = NULL;
	enum error error = verify(json, &proof, &finding);
	ck_assert_msg(error != E_OK, "accepted, not refused as %s", finding_name(wanted));
	ck_assert_str_eq(finding_name(finding.code), finding_name(wanted));
	ck_error(error, wanted == FINDING_FORM ? E_BAD_VALUE : E_BAD_PROOF);
	ck_assert_ptr_null(proof);
	json_decref(json);
}

/* FIL-1 */
START_TEST(labels_prove_the_subjects)
{
	struct label anne, bent;
	example();
	forge_label(forge, ANNE, &anne);
	forge_label(forge, BENT, &bent);
	struct filing_proof *proof = accept(forge_filing(forge, 1, 1, true));
	ck_assert_uint_eq(proof->batch.sender, 1);
	ck_assert_uint_eq(proof->batch.first_sequence, 0);
	ck_assert_uint_eq(proof->batch.count, 3);
	ck_assert_uint_eq(proof->first_index, forge_event_at(forge, proof->first_index)->index);
	ck_assert_uint_eq(forge_event_at(forge, proof->first_index)->entry.sender, 1);
	ck_assert_uint_eq(proof->epoch_index, forge->entry_count - 1);
	ck_assert_uint_eq(proof->epoch_size, forge->entry_count - 1);
	ck_assert_uint_eq(proof->epoch_time_s, FORGE_START_S + 5);
	ck_assert_uint_eq(proof->size, forge->entry_count);
	ck_assert_uint_eq(proof->subject_count, 2);
	for (unsigned i = 0; i < 3; i++) {
		const struct label *label = i == 1 ? &bent : &anne;
		const struct filing_subject *subject = &proof->subjects[proof->subject_of[i]];
		ck_assert_mem_eq(proof->labels[i].b, label->b, LABEL_BYTES);
		ck_assert_mem_eq(subject->label.b, label->b, LABEL_BYTES);
		ck_assert(bytes_equal(subject->id, bytes_text(i == 1 ? BENT : ANNE)));
	}
	filing_proof_free(proof);
	filing_proof_free(NULL);
	forge_free(forge);
}
END_TEST

/* FIL-2: without the labels' proofs the subjects are not there. */
START_TEST(without_proofs_there_are_no_subjects)
{
	example();
	struct filing_proof *proof = accept(forge_filing(forge, 2, 0, false));
	ck_assert_uint_eq(proof->batch.count, 2);
	ck_assert(proof->subject_count == 0 && proof->subjects == NULL && proof->subject_of == NULL);
	filing_proof_free(proof);
	/* Batches of later epochs, and large ones. */
	struct forge_draft drafts[200];
	for (size_t i = 0; i < 200; i++)
		drafts[i] = (struct forge_draft){.subject = i % 3 ? ANNE : NOBODY};
	forge_batch(forge, 2, drafts, 200);
	forge_one(forge, BENT);
	forge_epoch(forge);
	proof = accept(forge_filing(forge, 2, 150, true));
	ck_assert_uint_eq(proof->batch.count, 200);
	filing_proof_free(proof);
	forge_free(forge);
}
END_TEST

/* FIL-3 */
START_TEST(its_form_is_exact)
{
	static const char *const members[] = {
		"type", "sender", "checkpoint", "genesis", "epoch", "batch", "tree", "events"};
	example();
	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
		json_t *json = forge_filing(forge, 1, 0, true);
		json_object_del(json, members[i]);
		refuse(json, FINDING_FORM);
	}
	json_t *json = forge_filing(forge, 1, 0, true);
	json_object_set_new(json, "later", json_array());
	refuse(json, FINDING_FORM);
	json = forge_filing(forge, 1, 0, true);
	json_object_del(json, "subjects");
	refuse(json, FINDING_FORM);
	json = forge_filing(forge, 1, 0, false);
	json_object_set_new(json, "subjects", json_array());
	refuse(json, FINDING_FORM);
	json = forge_filing(forge, 1, 0, true);
	set_number(item(json, "events", 0), "subject", 2);
	refuse(json, FINDING_FORM);
	json = forge_filing(forge, 1, 0, true);
	json_array_remove(part(json, "events"), 2);
	refuse(json, FINDING_FORM); /* not as many as the batch has */
	json = forge_filing(forge, 1, 0, true);
	set_number(json, "sender", 0);
	refuse(json, FINDING_FORM);
	json = forge_filing(forge, 1, 0, true);
	json_array_append_new(part(json, "subjects"),
		json_pack("{s:s, s:O}", "subject", NOBODY, "vrf_proof", part(item(json, "subjects", 0), "vrf_proof")));
	refuse(json, FINDING_VRF);
	forge_free(forge);
}
END_TEST

/* FIL-4, FIL-5 */
START_TEST(log_and_batch)
{
	example();
	json_t *json = forge_filing(forge, 1, 0, true);
	forge->log_secret[0] ^= 1;
	json_object_set_new(json, "checkpoint", forge_checkpoint(forge, 0));
	forge->log_secret[0] ^= 1;
	refuse(json, FINDING_CHECKPOINT);
	json = forge_filing(forge, 1, 0, true);
	spoil_hash(part(json, "genesis"), "inclusion");
	refuse(json, FINDING_GENESIS_INCLUSION);
	json = forge_filing(forge, 1, 0, true);
	spoil(part(json, "epoch"), "entry");
	refuse(json, FINDING_EPOCH_INCLUSION);
	json = forge_filing(forge, 1, 0, true);
	json_object_set(part(json, "batch"), "entry", part(part(json, "epoch"), "entry"));
	refuse(json, FINDING_BATCH_ENTRY);
	json = forge_filing(forge, 1, 0, true);
	spoil(part(json, "batch"), "entry");
	refuse(json, FINDING_BATCH_INCLUSION);
	json = forge_filing(forge, 1, 0, true);
	set_number(json, "sender", 2);
	refuse(json, FINDING_FILING_BATCH);
	/* The epoch does not reach the batch. */
	uint64_t early = forge->entry_count - 1;
	forge_one(forge, ANNE);
	forge_epoch(forge);
	json = forge_filing(forge, 1, 3, true);
	json_object_set_new(json, "epoch", forge_included(forge, early, 0));
	refuse(json, FINDING_FILING_BATCH);
	forge_free(forge);
}
END_TEST

/* FIL-6, FIL-7 */
START_TEST(labels_and_tree)
{
	example();
	json_t *json = forge_filing(forge, 1, 0, true);
	json_object_set_new(item(json, "subjects", 0), "subject", json_string("cpr:010170-1234"));
	refuse(json, FINDING_SUBJECT_SPELLING);
	json = forge_filing(forge, 1, 0, true);
	spoil(item(json, "subjects", 0), "vrf_proof");
	refuse(json, FINDING_VRF);
	json = forge_filing(forge, 1, 0, true);
	set_number(item(json, "events", 0), "subject", 1);
	refuse(json, FINDING_FILING_SUBJECTS);
	static const char *const members[] = {"blind", "label"};
	for (size_t i = 0; i < 2; i++) {
		json = forge_filing(forge, 1, 0, false);
		spoil(item(json, "events", 1), members[i]);
		refuse(json, FINDING_FILING_TREE);
	}
	static const char *const numbers[] = {"size", "first"};
	for (size_t i = 0; i < 2; i++) {
		json = forge_filing(forge, 1, 0, false);
		set_number(part(json, "tree"), numbers[i], 1000);
		refuse(json, FINDING_FILING_TREE);
	}
	json = forge_filing(forge, 1, 0, false);
	spoil_hash(part(json, "tree"), "proof");
	refuse(json, FINDING_FILING_TREE);
	/* Filed under another person's label, and the ledger says so: the label's proof is about that person. */
	forge_one(forge, ANNE);
	forge_label(forge, BENT, &forge->events[forge->event_count - 1].label);
	forge_epoch(forge);
	refuse(forge_filing(forge, 1, 3, true), FINDING_FILING_SUBJECTS);
	/* The label of the filing tree and the one that is shown differ. */
	json = forge_filing(forge, 1, 3, true);
	struct label anne;
	forge_label(forge, ANNE, &anne);
	json_object_set_new(item(json, "events", 0), "label", forge_base64(BYTES_ARRAY(anne.b)));
	refuse(json, FINDING_FILING_TREE);
	forge_free(forge);
}
END_TEST

/* No byte can be changed. */
START_TEST(no_byte_can_be_changed)
{
	example();
	json_t *json = forge_filing(forge, 1, 0, true);
	char *text = json_dumps(json, JSON_COMPACT);
	size_t len = strlen(text);
	for (size_t i = 0; i < len; i++) {
		struct finding finding;
		struct filing_proof *proof = NULL;
		char *copy = malloc(len);
		memcpy(copy, text, len);
		copy[i] = (char)(copy[i] ^ 1 << i % 8);
		ck_assert_msg(filing_proof_verify(bytes_of(copy, len), &forge->vkey, NULL, &proof, &finding) != E_OK,
			"byte %zu of %zu", i, len);
		free(copy);
	}
	free(text);
	json_decref(json);
	forge_free(forge);
}
END_TEST

static void check_proven(const json_t *vector, const char *path, const struct filing_proof *proof)
{
	const json_t *labels = json_object_get(vector, "labels"), *subjects = json_object_get(vector, "subjects");
	ck_assert_msg(json_array_size(labels) == proof->batch.count, "%s", path);
	ck_assert_uint_eq(vector_number(vector, "first_index"), proof->first_index);
	ck_assert_msg((subjects != NULL) == (proof->subject_of != NULL), "%s", path);
	for (uint32_t i = 0; i < proof->batch.count; i++) {
		char hex[2 * LABEL_BYTES + 1];
		sodium_bin2hex(hex, sizeof hex, proof->labels[i].b, LABEL_BYTES);
		ck_assert_str_eq(hex, json_string_value(json_array_get(labels, i)));
		if (subjects)
			ck_assert(bytes_equal(
				proof->subjects[proof->subject_of[i]].id, bytes_text(json_string_value(json_array_get(subjects, i)))));
	}
}

static void check_vector(const json_t *vector, const char *path)
{
	struct vkey vkey;
	struct fault fault;
	struct witness_policy *policy = NULL;
	struct finding finding;
	struct filing_proof *proof = NULL;
	ck_ok(vkey_parse(bytes_text(vector_text(vector, "vkey")), &vkey));
	if (json_object_get(vector, "policy") != NULL)
		ck_ok(witness_policy_parse(bytes_text(vector_text(vector, "policy")), &policy, &fault));
	enum error error = filing_proof_verify(bytes_text(vector_text(vector, "proof")), &vkey, policy, &proof, &finding);
	free(policy);
	vector_expect(vector, path, error);
	ck_assert_msg(
		strcmp(finding_name(finding.code), vector_text(vector, "finding")) == 0, "%s: %s", path, finding.text);
	if (error == E_OK)
		check_proven(vector, path, proof);
	filing_proof_free(proof);
}

START_TEST(our_filing_vectors_hold)
{
	char dir[4096];
	ck_assert(vector_path("INDSIGT_SOURCE", "tests/vectors/filing", dir));
	ck_assert_uint_ge(vector_walk(dir, check_vector), 12);
}
END_TEST

UNIT_MAIN("filing_proof", labels_prove_the_subjects, without_proofs_there_are_no_subjects, its_form_is_exact,
	log_and_batch, labels_and_tree, no_byte_can_be_changed, our_filing_vectors_hold)
