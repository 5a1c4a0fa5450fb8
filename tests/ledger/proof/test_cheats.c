/* The cheats that spec/verify.md lists by number, each made by a ledger that owns all its keys and makes everything
 * else fit as well as it can. Whoever verifies refuses each with the finding that the list names. */
#include "tests/lib/forged_example.h"
#include "tests/lib/forged_policy.h"
#include "tests/lib/forged_vector.h"
#include "tests/lib/unit.h"

/* What a cheat hands to its victim. */
struct cheat {
	unsigned number;
	enum finding_code refused_as;
	json_t *(*make)(void);
	bool policy; /* the victim has a witness policy */
};

static struct statement_options victim;

static void drop_statement_parts(json_t *json)
{
	json_object_del(json, "signatures");
	json_object_del(json, "audit");
}

/* ---- what is filed and shown ---- */

static json_t *leave_out(void)
{
	json_t *json = honest();
	drop_statement_parts(json);
	json_array_remove(part(json, "events"), 0);
	return json;
}

static json_t *leave_out_and_count_less(void)
{
	json_t *json = leave_out();
	set_number(part(json, "map"), "count", 4);
	return json;
}

/* The answer is made from trees and a map in which the event never was, but the epoch in the log had it. */
static json_t *leave_out_of_tree_and_map(void)
{
	forge_event_at(forge, 7)->filed = false;
	return honest();
}

/* Two of her events stand under somebody else's label, and that label's list is shown as hers. */
static json_t *decoy_label(void)
{
	const struct forge_options decoy = {.subject = NOBODY};
	struct label label;
	forge_label(forge, NOBODY, &label);
	forge_event_at(forge, 6)->label = label;
	forge_event_at(forge, 7)->label = label;
	forge_epoch(forge);
	json_t *json = honest();
	json_t *other = forge_statement(forge, &decoy);
	drop_statement_parts(json);
	json_object_set(json, "vrf_proof", part(other, "vrf_proof"));
	json_object_set(json, "map", part(other, "map"));
	json_decref(other);
	return json;
}

static json_t *mixed_subjects(void)
{
	struct label label;
	forge_label(forge, ANNE, &label);
	forge_event_at(forge, 5)->label = label; /* Bent's, and everything proven */
	forge_epoch(forge);
	return honest();
}

static json_t *filed_twice(void)
{
	json_t *json = honest();
	json_array_append(part(json, "events"), item(json, "events", 4));
	set_number(part(json, "map"), "count", 6);
	return json;
}

/* ---- label, genesis, log ---- */

static json_t *another_vrf_key(void)
{
	forge->vrf_secret.b[0] ^= 1;
	forge_epoch(forge); /* a map made of these labels */
	return honest();
}

static json_t *another_genesis(void)
{
	json_t *json = honest();
	forge->entries[0].data[forge->entries[0].len - 20] ^= 1;
	json_object_set_new(
		part(json, "genesis"), "entry", forge_base64(bytes_of(forge->entries[0].data, forge->entries[0].len)));
	forge->entries[0].data[forge->entries[0].len - 20] ^= 1;
	return json;
}

static json_t *another_key(void)
{
	uint8_t public_key[32];
	crypto_sign_keypair(public_key, forge->log_secret);
	return honest();
}

/* A log of its own for this reader: nobody else has cosigned it. */
static json_t *another_history(void)
{
	memset(forge->cosignatures, 0, sizeof forge->cosignatures);
	forge_one(forge, BENT);
	forge_epoch(forge);
	return honest();
}

/* ---- epochs ---- */

static json_t *epoch_not_in_log(void)
{
	uint8_t entry[128];
	struct entry epoch = {.kind = ENTRY_EPOCH};
	struct bytes encoded;
	struct writer w = writer_of(entry, sizeof entry);
	json_t *json = honest();
	forge_event_at(forge, 7)->filed = false;
	forge_compute_epoch(forge, number_of(part(json, "epoch"), "index"), &epoch.epoch);
	ck_ok(entry_encode(&epoch, &w));
	ck_ok(writer_done(&w, &encoded));
	json_object_set_new(part(json, "epoch"), "entry", forge_base64(encoded));
	return json;
}

static json_t *answer_of_epoch(uint64_t size, uint64_t fresher_s)
{
	struct entry entry = {.kind = ENTRY_EPOCH};
	forge_compute_epoch(forge, size > forge->entry_count ? forge->entry_count : size, &entry.epoch);
	entry.epoch.size = size;
	entry.epoch.time_s += fresher_s;
	const struct forge_options options = {.subject = ANNE, .epoch = forge_append(forge, &entry)};
	return forge_statement(forge, &options);
}

static json_t *epoch_too_fresh(void)
{
	return answer_of_epoch(forge->entry_count, 100);
}

static json_t *epoch_ahead(void)
{
	json_t *json = honest();
	struct entry entry = {.kind = ENTRY_EPOCH};
	forge_compute_epoch(forge, forge->entry_count, &entry.epoch);
	entry.epoch.size = forge->entry_count + 5;
	json_t *included = forge_included(forge, forge_append(forge, &entry), 0);
	json_object_set(included, "last", part(part(json, "epoch"), "last"));
	json_object_set_new(json, "epoch", included);
	json_object_set_new(json, "checkpoint", forge_checkpoint(forge, 0));
	json_t *genesis = forge_included(forge, 0, 0);
	json_object_set(part(json, "genesis"), "inclusion", part(genesis, "inclusion"));
	json_decref(genesis);
	return json;
}

/* An old epoch hides what came since; the log itself is fresh. */
static json_t *stale_epoch(void)
{
	forge->now_s = FORGE_START_S + 900;
	forge_one(forge, BENT);
	memset(forge->cosignatures, 0, sizeof forge->cosignatures);
	forge_cosign(forge, 1, 0, FORGE_START_S + 900);
	forge_cosign(forge, 2, 0, FORGE_START_S + 900);
	return honest();
}

static json_t *covered_as_later(void)
{
	json_t *json = honest();
	json_t *hidden = forge_event_json(forge, forge_event_at(forge, 7), FORGE_START_S, 0, forge->entry_count);
	json_array_insert_new(part(json, "later"), 0, hidden);
	return json;
}

static json_t *later_as_covered(void)
{
	json_t *json = honest();
	const struct forge_event *later = forge_event_at(forge, number_of(item(json, "later", 0), "index"));
	json_array_append_new(part(json, "events"), forge_event_json(forge, later, FORGE_START_S, 0, 0));
	return json;
}

static json_t *invented_later(void)
{
	json_t *json = honest();
	spoil_hash(item(json, "later", 0), "inclusion");
	return json;
}

/* ---- absence ---- */

static json_t *without_events(json_t *json)
{
	json_object_del(json, "range");
	json_object_del(json, "erasures");
	drop_statement_parts(json);
	json_object_set_new(json, "events", json_array());
	return json;
}

static json_t *absence_of_another(void)
{
	const struct forge_options nobody = {.subject = NOBODY};
	json_t *json = without_events(honest());
	json_t *absent = forge_statement(forge, &nobody);
	json_object_set(json, "map", part(absent, "map"));
	json_decref(absent);
	return json;
}

static json_t *absence_by_herself(void)
{
	struct label label;
	struct hash value = {{1}};
	uint8_t proof[64];
	json_t *json = absence_of_another();
	forge_label(forge, ANNE, &label);
	memcpy(proof, label.b, 32);
	memcpy(proof + 32, value.b, 32);
	json_object_set_new(part(json, "map"), "proof", forge_base64(BYTES_ARRAY(proof)));
	return json;
}

static json_t *absence_in_nothing(void)
{
	json_t *json = absence_of_another();
	json_object_set_new(part(json, "map"), "proof", json_string(""));
	return json;
}

static json_t *another_spelling(void)
{
	json_t *json = honest();
	json_object_set_new(json, "subject", json_string("cpr:010170-1234"));
	return json;
}

/* Nothing is filed under that id; the victim asked for another. */
static json_t *another_subject(void)
{
	const struct forge_options nobody = {.subject = NOBODY};
	victim.subject = ANNE;
	return forge_statement(forge, &nobody);
}

/* ---- contents and states ---- */

static json_t *swapped_restricted(void)
{
	json_t *json = honest();
	json_object_set(item(json, "events", 0), "c_r", part(item(json, "events", 3), "c_r"));
	return json;
}

static json_t *changed_disclosed(void)
{
	json_t *json = honest();
	spoil(item(json, "events", 0), "disclosed");
	return json;
}

static json_t *another_kind(void)
{
	uint8_t mass[ENTRY_EVENT_BYTES];
	json_t *json = honest();
	memcpy(mass, forge->entries[2].data, sizeof mass);
	mass[0] = ENTRY_MASS;
	json_object_set_new(item(json, "events", 0), "entry", forge_base64(BYTES_ARRAY(mass)));
	return json;
}

/* Closes an event of an answer. */
static json_t *close_event(json_t *json, uint64_t index, const char *as, json_t *value)
{
	json_t *event = item(json, "events", 0);
	json_object_del(event, "disclosed");
	json_object_del(event, "c_r");
	json_object_set_new(event, "c_d", forge_base64(hash_bytes(&forge_event_at(forge, index)->c_d)));
	json_object_set_new(event, as, value);
	return json;
}

static json_t *withheld_never(void)
{
	return close_event(honest(), 2, "withheld", json_true());
}

static json_t *withheld_past(void)
{
	forge->now_s = FORGE_START_S + 1000;
	forge_one(forge, BENT);
	json_t *before = honest(); /* the epoch that opens it comes now */
	json_t *closed = json_deep_copy(item(before, "events", 1));
	json_decref(before);
	forge_epoch(forge);
	json_t *json = honest();
	json_array_set_new(part(json, "events"), 1, closed);
	return json;
}

static json_t *erased_without_entry(void)
{
	return close_event(honest(), 2, "erased", json_integer(8));
}

static json_t *erased_by_another_class(void)
{
	json_t *json = honest();
	return close_event(json, 2, "erased", json_incref(part(item(json, "erasures", 0), "index")));
}

static json_t *erased_by_an_earlier_one(void)
{
	json_t *json = honest();
	json_t *later = item(json, "later", 0);
	uint64_t index = number_of(later, "index");
	json_object_del(later, "disclosed");
	json_object_del(later, "c_r");
	json_object_set_new(later, "c_d", forge_base64(hash_bytes(&forge_event_at(forge, index)->c_d)));
	json_object_set(later, "erased", part(item(json, "erasures", 0), "index"));
	return json;
}

static json_t *erased_as_another_person(void)
{
	struct key opening;
	uint64_t bent = forge_erase_person(forge, BENT);
	json_t *json = honest();
	json_t *erasure = forge_included(forge, bent, 0);
	forge_opening(bent, &opening);
	json_object_set_new(erasure, "opening", forge_base64(BYTES_ARRAY(opening.b)));
	json_array_append_new(part(json, "erasures"), erasure);
	return close_event(json, 2, "erased", json_integer((json_int_t)bent));
}

/* ---- windows: a ledger with events of hers every ten seconds ---- */

static json_t *window(void)
{
	forge_free(forge);
	forge = forge_new();
	for (unsigned i = 0; i < 5; i++) {
		forge->now_s = FORGE_START_S + 10 * i;
		forge_one(forge, ANNE);
	}
	forge_epoch(forge);
	const struct forge_options options = {.subject = ANNE,
		.window = {.has_from = true, .from_s = FORGE_START_S + 5, .has_to = true, .to_s = FORGE_START_S + 35}};
	return forge_statement(forge, &options);
}

static json_t *window_with_hole(void)
{
	json_t *json = window();
	json_array_remove(part(json, "events"), 1);
	set_number(part(json, "map"), "count", 4);
	return json;
}

static json_t *window_cut_before(void)
{
	struct label label;
	json_t *json = window();
	forge_label(forge, ANNE, &label);
	json_object_del(json, "before");
	json_object_set_new(json, "range", forge_range_json(forge, &label, forge->entry_count - 1, 1, 4));
	return json;
}

static json_t *window_cut_after(void)
{
	struct label label;
	json_t *json = window();
	forge_label(forge, ANNE, &label);
	json_object_del(json, "after");
	json_object_set_new(json, "range", forge_range_json(forge, &label, forge->entry_count - 1, 0, 4));
	return json;
}

/* ---- senders and auditors ---- */

/* The operator writes an event into an authority's stream, and signs the batch with a key of its own. */
static json_t *invented_event(void)
{
	const struct forge_draft draft = {.subject = ANNE};
	uint8_t public_key[32];
	crypto_sign_keypair(public_key, forge->senders[0].secret_key);
	forge_batch(forge, 1, &draft, 1);
	forge_epoch(forge);
	json_t *json = honest();
	json_object_del(json, "audit");
	return json;
}

static json_t *false_audit(void)
{
	json_t *json = honest();
	forge_event_at(forge, 7)->filed = false;
	forge_epoch(forge);
	json_t *other = forge_audit_json(forge, forge->entry_count - 1, 0);
	json_object_set(part(json, "audit"), "note", part(other, "note"));
	json_decref(other);
	return json;
}

static const struct cheat cheats[] = {
	{1, FINDING_COUNT, leave_out, false},
	{2, FINDING_PRESENCE, leave_out_and_count_less, false},
	{3, FINDING_PRESENCE, leave_out_of_tree_and_map, false},
	{4, FINDING_VRF, decoy_label, false},
	{5, FINDING_EVENT_SUBJECT, mixed_subjects, false},
	{6, FINDING_EVENT_ORDER, filed_twice, false},
	{7, FINDING_VRF, another_vrf_key, false},
	{8, FINDING_GENESIS_INCLUSION, another_genesis, false},
	{9, FINDING_CHECKPOINT, another_key, false},
	{10, FINDING_WITNESSES, another_history, true},
	{11, FINDING_EPOCH_INCLUSION, epoch_not_in_log, false},
	{12, FINDING_EPOCH_TIME, epoch_too_fresh, false},
	{13, FINDING_EPOCH_SIZE, epoch_ahead, false},
	{14, FINDING_EPOCH_STALE, stale_epoch, true},
	{15, FINDING_LATER_COVERED, covered_as_later, false},
	{16, FINDING_EVENT_UNCOVERED, later_as_covered, false},
	{17, FINDING_LATER_INCLUSION, invented_later, false},
	{18, FINDING_ABSENCE, absence_of_another, false},
	{19, FINDING_ABSENCE_SELF, absence_by_herself, false},
	{20, FINDING_ABSENCE_EMPTY, absence_in_nothing, false},
	{21, FINDING_SUBJECT_SPELLING, another_spelling, false},
	{22, FINDING_SUBJECT_OTHER, another_subject, false},
	{23, FINDING_EVENT_COMMITMENT, swapped_restricted, false},
	{24, FINDING_EVENT_COMMITMENT, changed_disclosed, false},
	{25, FINDING_EVENT_ENTRY, another_kind, false},
	{26, FINDING_WITHHELD_NEVER, withheld_never, false},
	{27, FINDING_WITHHELD_PAST, withheld_past, false},
	{28, FINDING_ERASED_UNPROVEN, erased_without_entry, false},
	{29, FINDING_ERASED_OTHER, erased_by_another_class, false},
	{30, FINDING_ERASED_EARLIER, erased_by_an_earlier_one, false},
	{31, FINDING_ERASURE_OPENING, erased_as_another_person, false},
	{32, FINDING_PRESENCE, window_with_hole, false},
	{33, FINDING_WINDOW_BEFORE, window_cut_before, false},
	{34, FINDING_WINDOW_AFTER, window_cut_after, false},
	{35, FINDING_SIGNATURE, invented_event, false},
	{36, FINDING_AUDIT_OTHER, false_audit, false},
};

#define CHEATS (sizeof cheats / sizeof cheats[0])

/* ---- vectors ---- */

static void write_statement(
	const char *name, const char *about, const json_t *statement, const struct vkey *log, enum finding_code finding)
{
	char policy[FORGED_POLICY_MAX];
	char *document = json_dumps(statement, JSON_COMPACT);
	two_of_three_text(policy);
	write_vector("statement", name, about, "statement", document, log, victim.subject, victim.policy ? policy : NULL,
		victim.auditor, finding);
	free(document);
}

static void accept_vector(const char *name, const char *about, const struct forge_options *options)
{
	json_t *json = forge_statement(forge, options);
	write_statement(name, about, json, &forge->vkey, FINDING_NONE);
	statement_free(accept_json(forge, json, &victim));
}

START_TEST(honest_ones_are_accepted)
{
	struct witness_policy *policy = two_of_three();
	victim = (struct statement_options){.subject = NULL};
	example();
	victim.auditor = &forge->auditor;
	accept_vector("whole-history", "open, withheld and erased events, a later one, signatures, an audit", &anne);
	victim.auditor = NULL;
	accept_vector("absence", "nobody looked", &(struct forge_options){.subject = NOBODY});
	accept_vector("one-event", "somebody with one event", &(struct forge_options){.subject = BENT});
	victim.subject = ANNE;
	accept_vector("asked-for", "about the subject that was asked for", &(struct forge_options){.subject = ANNE});
	victim.subject = NULL;
	victim.policy = policy;
	forge_cosign(forge, 1, 0, FORGE_START_S + 40);
	forge_cosign(forge, 3, 0, FORGE_START_S + 41);
	accept_vector("witnessed", "cosigned by two of three witnesses", &(struct forge_options){.subject = ANNE});
	victim.policy = NULL;
	json_t *json = window();
	write_statement("window", "the three events of a window, with neighbours", json, &forge->vkey, FINDING_NONE);
	statement_free(accept_json(forge, json, &victim));
	accept_vector("window-empty", "a window between two events",
		&(struct forge_options){.subject = ANNE,
			.window = {.has_from = true, .from_s = FORGE_START_S + 11, .has_to = true, .to_s = FORGE_START_S + 19}});
	accept_vector("window-open", "a window without an end",
		&(struct forge_options){.subject = ANNE, .window = {.has_from = true, .from_s = FORGE_START_S + 25}});
	forge_free(forge);
	free(policy);
}
END_TEST

START_TEST(each_is_refused)
{
	const struct cheat *cheat = &cheats[_i];
	struct witness_policy *policy = two_of_three();
	victim = (struct statement_options){.policy = cheat->policy ? policy : NULL, .auditor = NULL};
	example();
	if (cheat->policy) {
		forge_cosign(forge, 1, 0, FORGE_START_S + 40);
		forge_cosign(forge, 2, 0, FORGE_START_S + 40);
	}
	victim.auditor = &forge->auditor;
	statement_free(accept_json(forge, honest(), &victim)); /* the same ledger, honest */
	json_t *json = cheat->make();
	char name[64], about[64];
	snprintf(name, sizeof name, "cheat-%02u-%s", cheat->number, finding_name(cheat->refused_as));
	snprintf(about, sizeof about, "number %u of the list in verify.md", cheat->number);
	victim.auditor = &forge->auditor;
	write_statement(name, about, json, &forge->vkey, cheat->refused_as);
	refuse_json(forge, json, &victim, cheat->refused_as);
	forge_free(forge);
	free(policy);
}
END_TEST

/* The list in the specification has these numbers, with these findings, and no others. */
START_TEST(the_list_is_in_the_specification)
{
	char path[512];
	static char text[1 << 16];
	snprintf(path, sizeof path, "%s/spec/verify.md", getenv("INDSIGT_SOURCE"));
	FILE *file = fopen(path, "r");
	ck_assert_ptr_nonnull(file);
	size_t len = fread(text, 1, sizeof text - 1, file);
	fclose(file);
	text[len] = '\0';
	for (size_t i = 0; i < CHEATS; i++) {
		char number[16], name[64];
		snprintf(number, sizeof number, "\n| %u | ", cheats[i].number);
		snprintf(name, sizeof name, "`%s`", finding_name(cheats[i].refused_as));
		const char *row = strstr(text, number);
		ck_assert_msg(row != NULL, "the list has no number %u", cheats[i].number);
		const char *found = strstr(row, name);
		ck_assert_msg(
			found != NULL && found < strchr(row + 1, '\n'), "number %u is not refused as %s", cheats[i].number, name);
	}
	char next[16];
	snprintf(next, sizeof next, "\n| %zu | ", CHEATS + 1);
	ck_assert_ptr_null(strstr(text, next));
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("cheats");
	tcase_add_test(tcase, honest_ones_are_accepted);
	tcase_add_loop_test(tcase, each_is_refused, 0, (int)CHEATS);
	tcase_add_test(tcase, the_list_is_in_the_specification);
	return unit_run("cheats", tcase);
}
