/* One statement for each check of spec/statement.md that is about the log, the epoch, the events and that they are all;
 * with INDSIGT_WRITE_VECTORS set they are written to tests/vectors/statement. */
#include "tests/lib/statement_case.h"

#define START FORGE_START_S

/* ---- about whom, and the log. STM-3 to STM-9 ---- */

/* An absence under a spelling that nothing is ever filed under. */
static json_t *other_spelling(void)
{
	const struct forge_options options = {.subject = "cpr:010170-1234"};
	anne_has(1);
	forge_epoch(forge);
	return forge_statement(forge, &options);
}

static json_t *somebody_else(void)
{
	asked.subject = BENT;
	return one_event();
}

static json_t *other_origin(void)
{
	anne_has(1);
	overwrite(0, 1 + 2 + 8 + 2, "x", 1);
	return about_anne();
}

static json_t *other_log_key(void)
{
	anne_has(1);
	overwrite(0, 1 + 2 + 8 + 2 + strlen(FORGE_ORIGIN), "x", 1);
	return about_anne();
}

static json_t *genesis_not_there(void)
{
	json_t *json = one_event();
	spoil_hash(part(json, "genesis"), "inclusion");
	return json;
}

static json_t *genesis_none(void)
{
	json_t *json = one_event();
	json_object_set(part(json, "genesis"), "entry", part(item(json, "events", 0), "entry"));
	return json;
}

static json_t *signed_by_another(void)
{
	uint8_t public_key[32];
	anne_has(1);
	crypto_sign_seed_keypair(public_key, forge->log_secret, forge->vrf_secret.b);
	return about_anne();
}

static json_t *witnessed(uint64_t first_s, uint64_t second_s)
{
	const struct forge_options options = {.subject = ANNE};
	anne_has(1);
	forge_epoch(forge);
	cosigned_by_two(first_s, second_s);
	return forge_statement(forge, &options);
}

static json_t *policy_for_another_log(void)
{
	char key[VKEY_TEXT_MAX + 1], two[FORGED_POLICY_MAX];
	json_t *json = witnessed(START + 20, START + 21);
	vkey_format(&forge->auditor, key);
	two_of_three_text(two);
	ck_assert_int_lt(snprintf(asked.policy_text, sizeof asked.policy_text, "log %s\n%s", key, two), FORGED_POLICY_MAX);
	return json;
}

static json_t *one_witness_of_two(void)
{
	const struct forge_options options = {.subject = ANNE};
	anne_has(1);
	forge_epoch(forge);
	two_of_three_text(asked.policy_text);
	asked.policy = asked.policy_text;
	forge_cosign(forge, 1, 0, START + 20);
	forge_cosign(forge, 4, 0, START + 20);
	return forge_statement(forge, &options);
}

static json_t *two_good_and_a_bad_witness(void)
{
	const struct forge_options options = {.subject = ANNE};
	json_decref(witnessed(START + 20, START + 21));
	forge_cosign(forge, 3, 2, START + 20);
	return forge_statement(forge, &options);
}

/* ---- the epoch. STM-10 to STM-17 ---- */

/* The honest epoch, changed. */
static json_t *epoch_changed(uint64_t size, int64_t seconds)
{
	struct entry entry = {.kind = ENTRY_EPOCH};
	anne_has(1);
	forge_compute_epoch(forge, forge->entry_count, &entry.epoch);
	entry.epoch.size = size ? size : forge->entry_count;
	entry.epoch.time_s += (uint64_t)seconds;
	const struct forge_options options = {.subject = ANNE, .epoch = forge_append(forge, &entry)};
	return forge_statement(forge, &options);
}

static json_t *epoch_none(void)
{
	json_t *json = one_event();
	json_object_set(part(json, "epoch"), "entry", part(part(json, "genesis"), "entry"));
	return json;
}

static json_t *epoch_not_there(void)
{
	json_t *json = one_event();
	spoil_hash(part(json, "epoch"), "inclusion");
	return json;
}

/* All ledger times are the last one that there is, and the epoch's is a second later. ENTRY-2 */
static json_t *at_the_end_of_time(uint64_t later_s)
{
	uint8_t time_s[8];
	const struct forge_options options = {.subject = ANNE};
	forge = forge_new();
	forge->now_s = TIME_S_MAX;
	forge_one(forge, ANNE);
	uint64_t epoch = forge_epoch(forge);
	json_t *json = forge_statement(forge, &options);
	if (later_s == 0)
		return json;
	/* The log has it so, and all proofs are made anew. */
	json_t *last = json_incref(part(part(json, "epoch"), "last"));
	put_u64(time_s, TIME_S_MAX + later_s);
	overwrite(epoch, 1 + 8 + 32 + 32, time_s, 8);
	json_t *shown = forge_included(forge, epoch, 0), *genesis = forge_included(forge, 0, 0);
	for (size_t i = 0; i < json_array_size(last); i++)
		json_array_set_new(last, i, forge_included(forge, number_of(json_array_get(last, i), "index"), 0));
	json_object_set_new(shown, "last", last);
	json_object_del(genesis, "index");
	json_object_set_new(json, "epoch", shown);
	json_object_set_new(json, "genesis", genesis);
	json_object_set_new(json, "checkpoint", forge_checkpoint(forge, 0));
	return json;
}

static json_t *latest_times(void)
{
	return at_the_end_of_time(0);
}

static json_t *epoch_too_late(void)
{
	return at_the_end_of_time(1);
}

/* Anne's second event and Bent's are lost. */
static json_t *two_lost(void)
{
	const struct forge_options options = {.subject = ANNE};
	struct entry epoch = {.kind = ENTRY_EPOCH}, loss = {.kind = ENTRY_LOSS, .loss = {.events = 2}};
	forge = forge_new();
	forge_one(forge, ANNE);
	forge->now_s += 5;
	loss.loss.first = forge_one(forge, ANNE);
	forge_one(forge, BENT);
	for (uint64_t i = 0; i < forge->event_count; i++)
		forge->events[i].filed = forge->events[i].index < loss.loss.first;
	loss.loss.end = forge->entry_count;
	forge_append(forge, &loss);
	forge_compute_epoch(forge, forge->entry_count, &epoch.epoch);
	epoch.epoch.lost = 2;
	forge_append(forge, &epoch);
	return forge_statement(forge, &options);
}

static json_t *everything_lost(void)
{
	struct entry entry = {.kind = ENTRY_EPOCH};
	anne_has(1);
	forge_compute_epoch(forge, forge->entry_count, &entry.epoch);
	entry.epoch.lost = UINT64_MAX;
	const struct forge_options options = {.subject = ANNE, .epoch = forge_append(forge, &entry)};
	return forge_statement(forge, &options);
}

static json_t *epoch_covers_itself(void)
{
	return epoch_changed(5, 0);
}

static json_t *epoch_covers_nothing(void)
{
	struct entry entry = {.kind = ENTRY_EPOCH};
	const struct forge_options options = {.subject = ANNE};
	anne_has(1);
	forge_epoch(forge);
	json_t *json = forge_statement(forge, &options);
	uint64_t index = forge_append(forge, &entry);
	json_t *other = forge_statement(forge, &(struct forge_options){.subject = ANNE, .epoch = 4});
	json_t *epoch = forge_included(forge, index, 0);
	json_object_set(epoch, "last", part(part(other, "epoch"), "last"));
	json_object_set_new(other, "epoch", epoch);
	json_decref(json);
	return other;
}

static json_t *last_ends_early(void)
{
	json_t *json = one_event();
	json_array_remove(part(part(json, "epoch"), "last"), 1);
	return json;
}

static json_t *last_begins_late(void)
{
	json_t *json = one_event();
	json_array_remove(part(part(json, "epoch"), "last"), 0);
	return json;
}

static json_t *last_two_with_times(void)
{
	json_t *json = one_event();
	json_array_insert_new(part(part(json, "epoch"), "last"), 0, forge_included(forge, 1, 0));
	return json;
}

static json_t *last_not_there(void)
{
	json_t *json = one_event();
	spoil_hash(item(part(json, "epoch"), "last", 0), "inclusion");
	return json;
}

static json_t *epoch_fresher(void)
{
	return epoch_changed(0, 1);
}

/* Something came after the epoch, and the quorum is from later than the lag allows. */
static json_t *stale_by(uint64_t late_s)
{
	const struct forge_options options = {.subject = ANNE};
	anne_has(1);
	forge_epoch(forge);
	forge_one(forge, BENT);
	cosigned_by_two(START + 10 + FORGE_LAG_SECONDS + late_s, START + 10 + FORGE_LAG_SECONDS + 3600);
	return forge_statement(forge, &options);
}

static json_t *stale(void)
{
	return stale_by(1);
}

static json_t *one_clock_ahead(void)
{
	return stale_by(0);
}

/* Somebody else's label, with its absence. */
static json_t *other_label(void)
{
	const struct forge_options options = {.subject = NOBODY};
	anne_has(1);
	forge_epoch(forge);
	json_t *json = forge_statement(forge, &options);
	json_object_set_new(json, "subject", json_string(ANNE));
	return json;
}

/* ---- erasures. STM-18 to STM-20, STM-31 to STM-33 ---- */

/* Anne's one event, erased by whatever `erase` appends. */
static json_t *erased(void (*erase)(void))
{
	anne_has(1);
	erase();
	return about_anne();
}

static void of_the_person(void)
{
	forge_erase_person(forge, ANNE);
}

static void of_the_period(void)
{
	forge_erase_period(forge, forge->now_s, 5);
}

static json_t *erased_person(void)
{
	return erased(of_the_person);
}

static json_t *erased_period(void)
{
	return erased(of_the_period);
}

static json_t *erasure_none(void)
{
	json_t *json = erased_period();
	json_t *list = part(json, "erasures");
	json_array_set_new(list, 0, forge_included(forge, 3, 0));
	set_number(item(json, "events", 0), "erased", 3);
	return json;
}

static json_t *erasure_not_there(void)
{
	json_t *json = erased_period();
	spoil_hash(item(json, "erasures", 0), "inclusion");
	return json;
}

static json_t *erasure_unopened(void)
{
	json_t *json = erased_person();
	json_object_del(item(json, "erasures", 0), "opening");
	return json;
}

static json_t *erasure_of_another(void)
{
	struct key opening;
	anne_has(1);
	uint64_t index = forge_erase_person(forge, BENT);
	json_t *json = about_anne();
	json_t *erasure = forge_included(forge, index, 0);
	forge_opening(index, &opening);
	json_object_set_new(erasure, "opening", forge_base64(BYTES_ARRAY(opening.b)));
	json_object_set_new(json, "erasures", json_pack("[o]", erasure));
	json_t *event = item(json, "events", 0);
	json_object_del(event, "disclosed");
	json_object_del(event, "c_r");
	json_object_set_new(event, "c_d", forge_base64(hash_bytes(&forge_event_at(forge, 2)->c_d)));
	set_number(event, "erased", index);
	return json;
}

/* Anne's only event is said to be erased by the entry at `index`. */
static json_t *called_erased(uint64_t event_index, uint64_t index)
{
	json_t *json = about_anne();
	json_t *event = item(json, "events", 0);
	struct entry entry;
	json_object_del(event, "disclosed");
	json_object_del(event, "c_r");
	json_object_set_new(event, "c_d", forge_base64(hash_bytes(&forge_event_at(forge, event_index)->c_d)));
	set_number(event, "erased", index);
	ck_ok(entry_decode(bytes_of(forge->entries[index].data, forge->entries[index].len), &entry));
	json_t *erasure = forge_included(forge, index, 0);
	if (entry.kind == ENTRY_ERASURE && entry.erasure.person) {
		struct key opening;
		forge_opening(index, &opening);
		json_object_set_new(erasure, "opening", forge_base64(BYTES_ARRAY(opening.b)));
	}
	if (entry.kind == ENTRY_ERASURE)
		json_object_set_new(json, "erasures", json_pack("[o]", erasure));
	else
		json_decref(erasure);
	return json;
}

static json_t *erased_without_entry(void)
{
	anne_has(1);
	return called_erased(2, 3);
}

static json_t *erased_before_it_came(void)
{
	forge = forge_new();
	forge_erase_person(forge, ANNE);
	forge_one(forge, ANNE);
	return called_erased(3, 2);
}

static json_t *erased_by_other_month(void)
{
	anne_has(1);
	return called_erased(2, forge_erase_period(forge, START - 40 * 86400, 5));
}

static json_t *erased_by_other_class(void)
{
	anne_has(1);
	return called_erased(2, forge_erase_period(forge, START, 4));
}

/* ---- each event. STM-21 to STM-30 ---- */

static json_t *events_out_of_order(void)
{
	forge = forge_new();
	const struct forge_draft drafts[] = {{.subject = ANNE}, {.subject = ANNE}};
	forge_batch(forge, 1, drafts, 2);
	return filed_as((const uint64_t[]){3, 2}, 2, 0);
}

static json_t *event_uncovered(void)
{
	forge = forge_new();
	forge_one(forge, BENT);
	forge_one(forge, ANNE);
	return filed_as((const uint64_t[]){4}, 1, 4);
}

static json_t *mass_entry(void)
{
	anne_has(1);
	overwrite(2, 0, "\3", 1);
	return about_anne();
}

/* Ledger times that go back: the log breaks its rules, which a statement shows only of the events in it. */
static json_t *before_genesis(void)
{
	forge = forge_new();
	forge->now_s -= 10;
	forge_one(forge, ANNE);
	forge->now_s += 20;
	forge_one(forge, BENT);
	return about_anne();
}

static json_t *times_go_back(void)
{
	anne_has(1);
	forge->now_s -= 5;
	forge_one(forge, ANNE);
	forge->now_s += 20;
	forge_one(forge, BENT);
	return about_anne();
}

static json_t *after_the_epoch_time(void)
{
	anne_has(1);
	forge->now_s -= 5;
	forge_one(forge, BENT);
	return about_anne();
}

static json_t *with_header(struct bytes header)
{
	anne_has(1);
	replace(&forge_event_at(forge, 2)->header, header);
	recommit(forge_event_at(forge, 2));
	return about_anne();
}

static json_t *header_without_class(void)
{
	return with_header(BYTES_LITERAL("\0\0\0\0\0\0\0\0\0\0"));
}

static json_t *header_too_long(void)
{
	return with_header(BYTES_LITERAL("\0\0\0\0\0\0\0\0\5\0\0"));
}

/* The second after the last time that there is. EVT-8 */
static json_t *header_too_late(void)
{
	return with_header(BYTES_LITERAL("\0\0\0\2\x25\xC1\x7D\4\5\3law"));
}

static json_t *other_restricted_part(void)
{
	json_t *json = one_event();
	spoil(item(json, "events", 0), "c_r");
	return json;
}

static json_t *with_disclosed(const char *behind, size_t len)
{
	uint8_t bytes[2048];
	anne_has(1);
	struct forge_event *event = forge_event_at(forge, 2);
	ck_assert_uint_lt(event->disclosed.len + len, sizeof bytes);
	memcpy(bytes, event->disclosed.data, event->disclosed.len);
	memcpy(bytes + event->disclosed.len, behind, len);
	replace(&event->disclosed, bytes_of(bytes, event->disclosed.len + len));
	recommit(event);
	return about_anne();
}

static json_t *disclosed_too_long(void)
{
	return with_disclosed("\0", 1);
}

/* About one person and, in the same breath, about three. EVT-2 */
static json_t *disclosed_about_many(void)
{
	anne_has(1);
	replace(&forge_event_at(forge, 2)->disclosed, BYTES_LITERAL("\xA2\x01\x6E" ANNE "\x02\x03"));
	recommit(forge_event_at(forge, 2));
	return about_anne();
}

static json_t *disclosed_about_another(void)
{
	anne_has(1);
	replace(&forge_event_at(forge, 2)->disclosed, BYTES_LITERAL("\xA1\x01\x6E" BENT));
	recommit(forge_event_at(forge, 2));
	return about_anne();
}

/* What is disclosed need not be a whole event. */
static json_t *disclosed_subject_alone(void)
{
	anne_has(1);
	replace(&forge_event_at(forge, 2)->disclosed, BYTES_LITERAL("\xA1\x01\x6E" ANNE));
	recommit(forge_event_at(forge, 2));
	return about_anne();
}

static void call_withheld(json_t *event, uint64_t index)
{
	json_object_del(event, "disclosed");
	json_object_del(event, "c_r");
	json_object_set_new(event, "c_d", forge_base64(hash_bytes(&forge_event_at(forge, index)->c_d)));
	json_object_set_new(event, "withheld", json_true());
}

static json_t *never_withheld(void)
{
	json_t *json = one_event();
	call_withheld(item(json, "events", 0), 2);
	return json;
}

static json_t *withheld_until_the_epoch(void)
{
	const struct forge_draft draft = {.subject = ANNE, .withheld_until_s = START};
	forge = forge_new();
	forge_batch(forge, 1, &draft, 1);
	json_t *json = about_anne();
	call_withheld(item(json, "events", 0), 2);
	return json;
}

/* Nothing came after the epoch; the quorum is from the very second of the date. */
static json_t *withheld_until(uint64_t quorum_s)
{
	const struct forge_draft draft = {.subject = ANNE, .withheld_until_s = START + 1000};
	const struct forge_options options = {.subject = ANNE};
	forge = forge_new();
	forge_batch(forge, 1, &draft, 1);
	forge_epoch(forge);
	cosigned_by_two(quorum_s, START + 5000);
	return forge_statement(forge, &options);
}

static json_t *withheld_until_the_quorum(void)
{
	return withheld_until(START + 1000);
}

static json_t *withheld_for_a_second_more(void)
{
	return withheld_until(START + 999);
}

static const struct statement_case cases[] = {
	{"spelling-other", "about a spelling that is none, under which nothing is filed", FINDING_SUBJECT_SPELLING,
		other_spelling},
	{"asked-for-another", "an honest statement about another subject than was asked for", FINDING_SUBJECT_OTHER,
		somebody_else},
	{"checkpoint-key", "the checkpoint is signed with another key under the log's name", FINDING_CHECKPOINT,
		signed_by_another},
	{"genesis-origin", "the log begins with the genesis entry of another log", FINDING_GENESIS_KEY, other_origin},
	{"genesis-log-key", "the log begins with the genesis entry of another key", FINDING_GENESIS_KEY, other_log_key},
	{"genesis-inclusion", "the genesis entry's proof has another hash", FINDING_GENESIS_INCLUSION, genesis_not_there},
	{"genesis-none", "an event entry for the genesis entry", FINDING_GENESIS_ENTRY, genesis_none},
	{"witnesses-other-log", "the policy names another log, and its witnesses have cosigned", FINDING_WITNESSES,
		policy_for_another_log},
	{"witnesses-too-few", "one witness of two, and one that the policy does not know", FINDING_WITNESSES,
		one_witness_of_two},
	{"witnesses-one-bad", "two good cosignatures, and one of a key of the policy over another checkpoint",
		FINDING_WITNESSES, two_good_and_a_bad_witness},
	{"epoch-none", "a genesis entry for the epoch entry", FINDING_EPOCH_ENTRY, epoch_none},
	{"epoch-inclusion", "the epoch entry's proof has another hash", FINDING_EPOCH_INCLUSION, epoch_not_there},
	{"times-latest", "all times are the last that there is", FINDING_NONE, latest_times},
	{"epoch-too-late", "the epoch's time is a second after the last that there is", FINDING_EPOCH_ENTRY,
		epoch_too_late},
	{"lost", "two events of the log are lost, one of which was this person's", FINDING_NONE, two_lost},
	{"lost-largest", "2^64 - 1 events of the log are lost", FINDING_NONE, everything_lost},
	{"epoch-size-itself", "an epoch that covers itself", FINDING_EPOCH_SIZE, epoch_covers_itself},
	{"epoch-size-0", "an epoch that covers nothing", FINDING_EPOCH_SIZE, epoch_covers_nothing},
	{"epoch-last-early", "the last covered entry is left out of last", FINDING_EPOCH_LAST, last_ends_early},
	{"epoch-last-late", "last begins with a batch entry, which has no time", FINDING_EPOCH_LAST, last_begins_late},
	{"epoch-last-two-times", "last has an entry with a time before the newest one", FINDING_EPOCH_LAST,
		last_two_with_times},
	{"epoch-last-inclusion", "the proof of an entry of last has another hash", FINDING_EPOCH_LAST_INCLUSION,
		last_not_there},
	{"epoch-time", "the epoch says a second more than the last entry it covers", FINDING_EPOCH_TIME, epoch_fresher},
	{"epoch-stale", "the quorum's time is a second over the lag after the epoch", FINDING_EPOCH_STALE, stale},
	{"epoch-clock-ahead", "the quorum's time is the lag after the epoch, and one witness is an hour ahead",
		FINDING_NONE, one_clock_ahead},
	{"vrf-other-label", "the absence of somebody else, with the proof of that label", FINDING_VRF, other_label},
	{"erased-person", "erased by an erasure of the person", FINDING_NONE, erased_person},
	{"erased-period", "erased by an erasure of month and class", FINDING_NONE, erased_period},
	{"erasure-none", "a batch entry for an erasure entry", FINDING_ERASURE_ENTRY, erasure_none},
	{"erasure-inclusion", "the erasure entry's proof has another hash", FINDING_ERASURE_INCLUSION, erasure_not_there},
	{"erasure-unopened", "an erasure of a person without its opening", FINDING_ERASURE_OPENING, erasure_unopened},
	{"erasure-other-person", "an erasure of another person, with its opening", FINDING_ERASURE_OPENING,
		erasure_of_another},
	{"erased-unproven", "called erased by a batch entry that is no item of erasures", FINDING_ERASED_UNPROVEN,
		erased_without_entry},
	{"erased-earlier", "erased by an erasure of the person that stands before the event", FINDING_ERASED_EARLIER,
		erased_before_it_came},
	{"erased-other-month", "erased by an erasure of the class in another month", FINDING_ERASED_OTHER,
		erased_by_other_month},
	{"erased-other-class", "erased by an erasure of another class in the month", FINDING_ERASED_OTHER,
		erased_by_other_class},
	{"event-order", "two events filed and shown in the other order", FINDING_EVENT_ORDER, events_out_of_order},
	{"event-uncovered", "an event filed by an epoch that does not cover it", FINDING_EVENT_UNCOVERED, event_uncovered},
	{"event-mass", "a mass entry filed and shown as an event", FINDING_EVENT_ENTRY, mass_entry},
	{"event-time-genesis", "an event with a time before the genesis entry's", FINDING_EVENT_TIME, before_genesis},
	{"event-time-back", "an event with a time before that of the event before it", FINDING_EVENT_TIME, times_go_back},
	{"event-time-epoch", "an event with a time after the epoch's", FINDING_EVENT_TIME, after_the_epoch_time},
	{"header-class-0", "a header of class 0, committed to", FINDING_EVENT_HEADER, header_without_class},
	{"header-too-late", "withheld until a second after the last time", FINDING_EVENT_HEADER, header_too_late},
	{"header-trailing", "a header with a byte behind it, committed to", FINDING_EVENT_HEADER, header_too_long},
	{"commitment-c-r", "another c_r", FINDING_EVENT_COMMITMENT, other_restricted_part},
	{"content-trailing", "a byte behind the disclosed part, committed to", FINDING_EVENT_CONTENT, disclosed_too_long},
	{"content-subjects", "a disclosed part with both subject and subjects", FINDING_EVENT_CONTENT,
		disclosed_about_many},
	{"content-subject-alone", "a disclosed part with a subject and nothing else: no field is missed", FINDING_NONE,
		disclosed_subject_alone},
	{"subject-other-event", "an event about somebody else, filed under this subject", FINDING_EVENT_SUBJECT,
		disclosed_about_another},
	{"withheld-never", "called withheld, and its header has no date", FINDING_WITHHELD_NEVER, never_withheld},
	{"withheld-epoch", "withheld until the second of the epoch's time", FINDING_WITHHELD_PAST,
		withheld_until_the_epoch},
	{"withheld-quorum", "withheld until the second of the quorum's time", FINDING_WITHHELD_PAST,
		withheld_until_the_quorum},
	{"withheld-clock-ahead", "withheld for a second more than the quorum's time, and one witness is an hour ahead",
		FINDING_NONE, withheld_for_a_second_more},
};

STATEMENT_CASES("statement_cases", cases)
