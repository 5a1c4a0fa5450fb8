/* What shows a sender that the log says that its batch is lost: the honest file, and every way in which it may lie. */
#include "ledger/proof/filing_lost.h"
#include "tests/lib/forged.h"
#include "tests/lib/unit.h"
#include "tests/lib/vector.h"

static struct forge *forge;
static uint64_t batch_index, loss_index;

static uint64_t add_loss(uint64_t first, uint64_t end, uint64_t events)
{
	struct entry entry = {.kind = ENTRY_LOSS, .loss = {first, end, events}};
	return forge_append(forge, &entry);
}

/* A batch of three, lost, with another one before it that is not. */
static void example(void)
{
	const struct forge_draft drafts[] = {{.subject = ANNE}, {.subject = BENT}, {.subject = ANNE}};
	forge = forge_new();
	forge_batch(forge, 1, drafts, 2);
	uint64_t first = forge_batch(forge, 1, drafts, 3);
	batch_index = first + 3;
	loss_index = add_loss(first, batch_index + 1, 3);
	forge_one(forge, BENT);
}

static json_t *lost_file(void)
{
	json_t *genesis = forge_included(forge, 0, 0);
	json_object_del(genesis, "index");
	return json_pack("{s:s, s:i, s:o, s:o, s:o, s:o}", "type", "indsigt-filing-lost/v1", "sender", 1, "checkpoint",
		forge_checkpoint(forge, 0), "genesis", genesis, "batch", forge_included(forge, batch_index, 0), "loss",
		forge_included(forge, loss_index, 0));
}

static enum error verify(const json_t *json, struct filing_lost *out, struct finding *finding)
{
	char *text = json_dumps(json, JSON_COMPACT);
	ck_assert(filing_lost_is(bytes_text(text)) || json_object_get(json, "type") == NULL);
	enum error error = filing_lost_verify(bytes_text(text), &forge->vkey, NULL, out, finding);
	free(text);
	return error;
}

static void refuse(json_t *json, enum finding_code wanted)
{
	struct finding finding;
	struct filing_lost lost;
	enum error error = verify(json, &lost, &finding);
	ck_assert_str_eq(finding_name(finding.code), finding_name(wanted));
	ck_error(error, wanted == FINDING_FORM ? E_BAD_VALUE : E_BAD_PROOF);
	json_decref(json);
}

/* FIL-9 */
START_TEST(an_honest_loss_is_proven)
{
	struct filing_lost lost;
	example();
	json_t *json = lost_file();
	ck_ok(verify(json, &lost, NULL));
	ck_assert_uint_eq(lost.batch.sender, 1);
	ck_assert_uint_eq(lost.batch.first_sequence, 2);
	ck_assert_uint_eq(lost.batch.count, 3);
	ck_assert_uint_eq(lost.first_index, batch_index - 3);
	ck_assert_uint_eq(lost.loss_index, loss_index);
	ck_assert_uint_eq(lost.events, 3);
	ck_assert_uint_eq(lost.size, forge->entry_count);
	json_decref(json);
	ck_assert(!filing_lost_is(BYTES_EMPTY) && !filing_lost_is(BYTES_LITERAL("{\"type\":\"indsigt-filing/v1\"}")));
	forge_free(forge);
}
END_TEST

/* FIL-8 */
START_TEST(its_form_is_exact)
{
	static const char *const members[] = {"sender", "checkpoint", "genesis", "batch", "loss"};
	example();
	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
		json_t *json = lost_file();
		json_object_del(json, members[i]);
		refuse(json, FINDING_FORM);
	}
	json_t *json = lost_file();
	json_object_set_new(json, "epoch", forge_included(forge, 1, 0));
	refuse(json, FINDING_FORM);
	json = lost_file();
	json_object_set_new(json, "sender", json_integer(0));
	refuse(json, FINDING_FORM);
	forge_free(forge);
}
END_TEST

/* FIL-9 */
START_TEST(each_lie_is_found)
{
	example();
	json_t *json = lost_file();
	spoil(part(json, "batch"), "entry");
	refuse(json, FINDING_BATCH_INCLUSION);
	json = lost_file();
	json_object_set_new(json, "batch", forge_included(forge, 1, 0));
	refuse(json, FINDING_BATCH_ENTRY);
	json = lost_file();
	json_object_set_new(json, "sender", json_integer(2));
	refuse(json, FINDING_FILING_BATCH);
	json = lost_file();
	json_object_set_new(json, "loss", forge_included(forge, batch_index, 0));
	refuse(json, FINDING_LOSS_ENTRY);
	json = lost_file();
	spoil(part(json, "loss"), "entry");
	refuse(json, FINDING_LOSS_INCLUSION);
	/* Somebody else's log, and one of another name. */
	json = lost_file();
	forge->log_secret[3] ^= 1;
	json_object_set_new(json, "checkpoint", forge_checkpoint(forge, 0));
	refuse(json, FINDING_CHECKPOINT);
	forge->log_secret[3] ^= 1;
	json = lost_file();
	json_object_set_new(json, "genesis", forge_included(forge, 1, 0));
	json_object_del(json_object_get(json, "genesis"), "index");
	refuse(json, FINDING_GENESIS_ENTRY);
	forge_free(forge);
}
END_TEST

/* FIL-9: the loss is of other events. */
START_TEST(another_loss_proves_nothing)
{
	for (int later = 0; later <= 1; later++) {
		const struct forge_draft drafts[] = {{.subject = ANNE}, {.subject = BENT}};
		forge = forge_new();
		uint64_t first = forge_batch(forge, 1, drafts, 2);
		if (!later)
			loss_index = add_loss(first, first + 3, 2);
		batch_index = forge_batch(forge, 1, drafts, 2) + 2;
		if (later) {
			first = forge_one(forge, ANNE);
			loss_index = add_loss(first, first + 2, 1);
		}
		refuse(lost_file(), FINDING_LOSS_RANGE);
		forge_free(forge);
	}
}
END_TEST

static void check_vector(const json_t *vector, const char *path)
{
	struct vkey vkey;
	struct fault fault;
	struct witness_policy *policy = NULL;
	struct finding finding;
	struct filing_lost lost;
	ck_ok(vkey_parse(bytes_text(vector_text(vector, "vkey")), &vkey));
	if (json_object_get(vector, "policy") != NULL)
		ck_ok(witness_policy_parse(bytes_text(vector_text(vector, "policy")), &policy, &fault));
	enum error error = filing_lost_verify(bytes_text(vector_text(vector, "proof")), &vkey, policy, &lost, &finding);
	free(policy);
	vector_expect(vector, path, error);
	ck_assert_msg(
		strcmp(finding_name(finding.code), vector_text(vector, "finding")) == 0, "%s: %s", path, finding.text);
	if (error != E_OK)
		return;
	ck_assert_uint_eq(vector_number(vector, "first_index"), lost.first_index);
	ck_assert_uint_eq(vector_number(vector, "loss_index"), lost.loss_index);
	ck_assert_uint_eq(vector_number(vector, "events"), lost.events);
}

START_TEST(our_loss_vectors_hold)
{
	char dir[4096];
	ck_assert(vector_path("INDSIGT_SOURCE", "tests/vectors/filing-lost", dir));
	ck_assert_uint_ge(vector_walk(dir, check_vector), 3);
}
END_TEST

UNIT_MAIN("filing_lost", an_honest_loss_is_proven, its_form_is_exact, each_lie_is_found, another_loss_proves_nothing,
	our_loss_vectors_hold)
