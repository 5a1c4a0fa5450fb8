/* One statement for each check of spec/statement.md that is about windows, all events, later ones, signatures and the
 * auditor's note; with INDSIGT_WRITE_VECTORS set they are written to tests/vectors/statement. */
#include "ledger/note/note_sign.h"
#include "ledger/proof/auditor_note.h"
#include "ledger/tree/subject_map.h"
#include "tests/lib/statement_case.h"

#define START FORGE_START_S

/* ---- that these are all. STM-34 to STM-43 ---- */

/* Anne's events stand at 2, 4, 6, 8 and 10, from 12:00:10 on. */
static const uint64_t five[] = {2, 4, 6, 8, 10};

static json_t *five_filed(void)
{
	anne_has(5);
	return filed_as(five, 5, 0);
}

static json_t *one_left_out(void)
{
	anne_has(3);
	json_t *json = about_anne();
	struct label label;
	forge_label(forge, ANNE, &label);
	json_array_remove(part(json, "events"), 2);
	json_object_set_new(json, "range", forge_range_json(forge, &label, forge->entry_count - 1, 0, 2));
	return json;
}

static json_t *range_too_far(void)
{
	json_t *json = five_filed();
	set_window(json, 5, 45);
	as_neighbour(json, "after");
	set_number(part(json, "range"), "first", 1);
	return json;
}

static json_t *before_window(void)
{
	json_t *json = five_filed();
	set_window(json, 15, 0);
	return json;
}

static json_t *behind_window(void)
{
	json_t *json = five_filed();
	set_window(json, 0, 50);
	return json;
}

/* Of a window the first or the last event is left out, and nothing stands in its place. */
static json_t *cut(unsigned first, unsigned count)
{
	struct label label;
	json_t *json = five_filed();
	forge_label(forge, ANNE, &label);
	set_window(json, 5, 55);
	for (unsigned i = 0; i < first; i++)
		json_array_remove(part(json, "events"), 0);
	while (json_array_size(part(json, "events")) > count)
		json_array_remove(part(json, "events"), count);
	json_object_set_new(json, "range", forge_range_json(forge, &label, forge->entry_count - 1, first, count));
	return json;
}

static json_t *cut_before(void)
{
	return cut(1, 4);
}

static json_t *cut_after(void)
{
	return cut(0, 4);
}

static json_t *before_is_inside(void)
{
	json_t *json = five_filed();
	set_window(json, 10, 0);
	as_neighbour(json, "before");
	return json;
}

static json_t *after_is_inside(void)
{
	json_t *json = five_filed();
	set_window(json, 0, 51);
	as_neighbour(json, "after");
	return json;
}

static json_t *before_is_mass(void)
{
	anne_has(3);
	overwrite(2, 0, "\3", 1);
	json_t *json = filed_as(five, 3, 0);
	set_window(json, 15, 0);
	as_neighbour(json, "before");
	return json;
}

static json_t *after_is_uncovered(void)
{
	anne_has(1);
	forge->now_s += 10;
	forge_one(forge, BENT);
	forge_one(forge, ANNE);
	json_t *json = filed_as((const uint64_t[]){2, 6}, 2, 6);
	set_window(json, 0, 20);
	as_neighbour(json, "after");
	return json;
}

/* The last event's time is later than that of the last entry: the log goes back. */
static json_t *after_is_late(void)
{
	anne_has(2);
	forge->now_s -= 5;
	forge_one(forge, BENT);
	json_t *json = filed_as(five, 2, 0);
	set_window(json, 0, 15);
	as_neighbour(json, "after");
	return json;
}

/* Three events with the times 12:00:10, 12:00:30 and 12:00:20; all is filed by time. */
static void crossed(void)
{
	anne_has(1);
	forge->now_s = START + 30;
	forge_one(forge, ANNE);
	forge->now_s = START + 20;
	forge_one(forge, ANNE);
	forge->now_s = START + 40;
	forge_one(forge, BENT);
}

static json_t *before_is_newer(void)
{
	crossed();
	json_t *json = filed_as((const uint64_t[]){6, 4}, 2, 0);
	set_window(json, 25, 0);
	as_neighbour(json, "before");
	return json;
}

static json_t *after_is_older(void)
{
	crossed();
	json_t *json = filed_as((const uint64_t[]){6, 4}, 2, 0);
	set_window(json, 0, 25);
	as_neighbour(json, "after");
	return json;
}

static json_t *neighbours_crossed(void)
{
	crossed();
	json_t *json = filed_as((const uint64_t[]){6, 4}, 2, 0);
	set_window(json, 22, 28);
	as_neighbour(json, "before");
	as_neighbour(json, "after");
	return json;
}

static json_t *neighbours_honest(void)
{
	json_t *json = five_filed();
	set_window(json, 20, 50);
	as_neighbour(json, "before");
	as_neighbour(json, "after");
	return json;
}

static json_t *range_proof_longer(void)
{
	json_t *json = one_event();
	json_array_append(part(part(json, "range"), "proof"), json_array_get(part(part(json, "genesis"), "inclusion"), 0));
	return json;
}

static json_t *other_blind(void)
{
	json_t *json = one_event();
	spoil(item(json, "events", 0), "blind");
	return json;
}

/* Bent's absence would need another proof. */
static json_t *absence_of_another(void)
{
	const struct forge_options bent = {.subject = BENT}, options = {.subject = NOBODY};
	anne_has(1);
	forge_one(forge, "cpr:0404904567");
	forge_epoch(forge);
	json_t *json = forge_statement(forge, &bent), *other = forge_statement(forge, &options);
	spoil(part(other, "map"), "proof");
	json_object_set(json, "map", part(other, "map"));
	json_decref(other);
	return json;
}

static json_t *absence_empty(void)
{
	json_t *json = nobody();
	json_object_set_new(part(json, "map"), "proof", json_string(""));
	return json;
}

/* Anne's own entry of the map, which holds Anne alone, for a proof that she has none. */
static json_t *absence_self(void)
{
	uint8_t own[64];
	struct label label;
	struct hash value;
	json_t *json = one_event();
	struct subject_map *map;
	struct map_proof proof;
	static struct hash leaf, blind;
	struct blinding_keys keys;
	forge_label(forge, ANNE, &label);
	blinding_keys_derive(&forge->vrf_secret, &keys);
	blind_make(&keys.subject, 2, &blind);
	subject_leaf_hash(&blind, 2, &forge->entries[2].leaf, &leaf);
	subject_value(1, &leaf, &value);
	ck_ok(subject_map_new(&map));
	ck_ok(subject_map_set(map, label.b, &value));
	ck_assert(subject_map_prove(map, label.b, &value, &proof));
	subject_map_free(map);
	memcpy(own, label.b, 32);
	memcpy(own + 32, value.b, 32);
	json_object_set_new(json, "map", json_pack("{s:b,s:o}", "present", false, "proof", forge_base64(BYTES_ARRAY(own))));
	json_object_set_new(json, "events", json_array());
	json_object_del(json, "range");
	return json;
}

/* ---- events after the epoch. STM-44, STM-45 ---- */

/* One event is filed, then the epoch, then two that are not covered. */
static json_t *with_later(void)
{
	const struct forge_options options = {.subject = ANNE};
	anne_has(1);
	forge_epoch(forge);
	for (unsigned i = 0; i < 2; i++) {
		forge->now_s += 10;
		forge_one(forge, ANNE);
	}
	return forge_statement(forge, &options);
}

/* The second event is not filed, and shown as one that came later. */
static json_t *later_covered(void)
{
	forge = forge_new();
	forge_one(forge, ANNE);
	forge_one(forge, ANNE);
	forge_event_at(forge, 4)->filed = false;
	json_t *json = about_anne();
	const struct forge_event *event = forge_event_at(forge, 4);
	json_array_append_new(part(json, "later"), forge_event_json(forge, event, START, 0, forge->entry_count));
	return json;
}

static json_t *later_not_there(void)
{
	json_t *json = with_later();
	spoil_hash(item(json, "later", 0), "inclusion");
	return json;
}

static json_t *later_out_of_order(void)
{
	const struct forge_options options = {.subject = ANNE};
	const struct forge_draft drafts[] = {{.subject = ANNE}, {.subject = ANNE}};
	anne_has(1);
	forge_epoch(forge);
	forge_batch(forge, 1, drafts, 2);
	json_t *json = forge_statement(forge, &options);
	json_t *list = part(json, "later");
	json_array_append(list, json_array_get(list, 0));
	json_array_remove(list, 0);
	return json;
}

static json_t *later_is_earlier(void)
{
	const struct forge_options options = {.subject = ANNE};
	anne_has(1);
	forge_epoch(forge);
	forge->now_s -= 5;
	forge_one(forge, ANNE);
	return forge_statement(forge, &options);
}

static json_t *later_before_window(void)
{
	json_t *json = with_later();
	set_window(json, 25, 0);
	as_neighbour(json, "before");
	return json;
}

static json_t *later_behind_window(void)
{
	json_t *json = with_later();
	set_window(json, 0, 30);
	return json;
}

static json_t *later_about_another(void)
{
	const struct forge_options options = {.subject = ANNE};
	anne_has(1);
	forge_epoch(forge);
	forge_one(forge, BENT);
	json_t *json = forge_statement(forge, &options);
	const struct forge_event *event = &forge->events[forge->event_count - 1];
	json_array_append_new(part(json, "later"), forge_event_json(forge, event, START, 0, forge->entry_count));
	return json;
}

/* ---- the auditor's note. STM-55 to STM-59, STM-61 ---- */

static json_t *no_note(void)
{
	asked.auditor = true;
	return one_event();
}

static json_t *audit_none(void)
{
	json_t *json = audited_event();
	asked.auditor = false;
	json_object_set_new(part(json, "audit"), "epoch", forge_included(forge, 3, 0));
	return json;
}

static json_t *audit_not_there(void)
{
	json_t *json = audited_event();
	spoil_hash(part(part(json, "audit"), "epoch"), "inclusion");
	return json;
}

static json_t *audit_newer(void)
{
	const struct forge_options options = {.subject = ANNE, .epoch = 4, .audit = true};
	anne_has(1);
	forge_epoch(forge);
	uint64_t newer = forge_epoch(forge);
	asked.auditor = true;
	json_t *json = forge_statement(forge, &options);
	json_object_set_new(json, "audit", forge_audit_json(forge, newer, 0));
	return json;
}

static json_t *audit_signed_by_another(void)
{
	uint8_t public_key[32];
	anne_has(1);
	crypto_sign_seed_keypair(public_key, forge->auditor_secret, forge->vrf_secret.b);
	forge_epoch(forge);
	asked.auditor = true;
	return forge_statement(forge, &(struct forge_options){.subject = ANNE, .audit = true});
}

/* The auditor's note with this text. */
static json_t *noted(struct bytes text)
{
	uint8_t buffer[2048];
	struct bytes note;
	struct writer w = writer_of(buffer, sizeof buffer);
	json_t *json = audited_event();
	ck_ok(note_sign(text, &forge->auditor, forge->auditor_secret, &w));
	ck_ok(writer_done(&w, &note));
	json_object_set_new(part(json, "audit"), "note", json_stringn((const char *)note.data, note.len));
	return json;
}

/* A text that differs from the honest one in `what`. */
static json_t *noted_other(const char *what)
{
	uint8_t buffer[1024];
	struct bytes text;
	struct entry entry;
	struct auditor_note note = {.origin = FORGE_ORIGIN, .size = 5, .epoch_index = 4};
	json_decref(audited_event());
	ck_ok(entry_decode(bytes_of(forge->entries[4].data, forge->entries[4].len), &entry));
	forge_free(forge);
	note.map_root = entry.epoch.map_root;
	note.filing_root = entry.epoch.filing_root;
	if (strcmp(what, "origin") == 0)
		note.origin[0] = 'x';
	note.epoch_index -= strcmp(what, "index") == 0;
	note.size -= strcmp(what, "size") == 0;
	note.map_root.b[0] ^= strcmp(what, "map") == 0;
	note.filing_root.b[0] ^= strcmp(what, "filing") == 0;
	struct writer w = writer_of(buffer, sizeof buffer);
	ck_ok(auditor_note_format(&note, &w));
	ck_ok(writer_done(&w, &text));
	if (strcmp(what, "zero") == 0) { /* "05" for 5 */
		uint8_t *number = memmem(buffer, text.len, "\n5\n", 3);
		ck_assert_ptr_nonnull(number);
		memmove(number + 2, number + 1, text.len - (size_t)(number + 1 - buffer));
		number[1] = '0';
		text.len++;
	}
	return noted(text);
}

static json_t *note_of_origin(void)
{
	return noted_other("origin");
}

static json_t *note_of_index(void)
{
	return noted_other("index");
}

static json_t *note_of_size(void)
{
	return noted_other("size");
}

static json_t *note_of_map(void)
{
	return noted_other("map");
}

static json_t *note_of_filing(void)
{
	return noted_other("filing");
}

static json_t *note_with_zero(void)
{
	return noted_other("zero");
}

/* ---- a sender's entries name one another. STM-48 ---- */

/* One that follows the registration though there is a newer one, as when it is put into the log a second time. */
static json_t *follows_another(void)
{
	forge = forge_new();
	uint64_t registration = forge->senders[0].version;
	forge_sender_change(forge, 1, SENDER_POLICY, true, false);
	forge->senders[0].version = registration;
	forge_sender_change(forge, 1, SENDER_POLICY, true, false);
	forge_one(forge, ANNE);
	forge_epoch(forge);
	return forge_statement(forge, &(struct forge_options){.subject = ANNE, .signatures = true});
}

/* One that has the number of the change after the next. */
static json_t *another_change(void)
{
	forge = forge_new();
	forge_sender_change(forge, 1, SENDER_POLICY, true, false);
	forge->senders[0].changes++;
	forge_sender_change(forge, 1, SENDER_POLICY, true, false);
	forge_one(forge, ANNE);
	forge_epoch(forge);
	return forge_statement(forge, &(struct forge_options){.subject = ANNE, .signatures = true});
}

static json_t *change_left_out(void)
{
	forge = forge_new();
	forge_sender_change(forge, 1, SENDER_POLICY, true, false);
	forge_sender_change(forge, 1, SENDER_POLICY, true, false);
	forge_one(forge, ANNE);
	forge_epoch(forge);
	json_t *json = forge_statement(forge, &(struct forge_options){.subject = ANNE, .signatures = true});
	json_array_remove(part(part(json, "signatures"), "senders"), 1);
	return json;
}

static const struct statement_case cases[] = {
	{"sender-follows-another", "a sender's last entry follows another one than the one before it",
		FINDING_SENDER_HISTORY, follows_another},
	{"sender-another-change", "a sender's last entry is its third change, but there were no two before it",
		FINDING_SENDER_HISTORY, another_change},
	{"sender-change-left-out", "one of a sender's entries is left out", FINDING_SENDER_HISTORY, change_left_out},
	{"count-one-less", "the last of three events is left out, with a range proof of the others", FINDING_COUNT,
		one_left_out},
	{"range-too-far", "a range that ends after the last event", FINDING_RANGE, range_too_far},
	{"window-outside-before", "an event before the window is shown in it", FINDING_WINDOW_OUTSIDE, before_window},
	{"window-outside-after", "an event at the end of the window, which is not in it, is shown in it",
		FINDING_WINDOW_OUTSIDE, behind_window},
	{"window-before-missing", "the range begins with the second event, and nothing shows why", FINDING_WINDOW_BEFORE,
		cut_before},
	{"window-after-missing", "the range ends before the last event, and nothing shows why", FINDING_WINDOW_AFTER,
		cut_after},
	{"window-before-inside", "the neighbour before the window is in it", FINDING_WINDOW_BEFORE, before_is_inside},
	{"window-after-inside", "the neighbour after the window is in it", FINDING_WINDOW_AFTER, after_is_inside},
	{"window-before-mass", "the neighbour before the window is a mass entry", FINDING_EVENT_ENTRY, before_is_mass},
	{"window-after-uncovered", "the neighbour after the window is not covered by the epoch", FINDING_EVENT_UNCOVERED,
		after_is_uncovered},
	{"window-after-late", "the neighbour after the window has a time after the epoch's", FINDING_EVENT_TIME,
		after_is_late},
	{"window-before-newer", "the neighbour before the window has a higher index than the first event",
		FINDING_EVENT_ORDER, before_is_newer},
	{"window-after-older", "the neighbour after the window has a lower index than the last event", FINDING_EVENT_ORDER,
		after_is_older},
	{"window-crossed", "the neighbours of an empty window stand the wrong way round", FINDING_EVENT_ORDER,
		neighbours_crossed},
	{"window-neighbours", "a window whose neighbours stand at its very edges", FINDING_NONE, neighbours_honest},
	{"range-proof-longer", "a hash too many in the range's proof", FINDING_SUBJECT_TREE, range_proof_longer},
	{"presence-blind", "another blind", FINDING_PRESENCE, other_blind},
	{"absence-changed", "a proof of absence with a bit changed", FINDING_ABSENCE, absence_of_another},
	{"absence-empty-map", "an empty proof of absence, and the map holds somebody", FINDING_ABSENCE_EMPTY,
		absence_empty},
	{"absence-own-entry", "the absence is shown with the subject's own entry", FINDING_ABSENCE_SELF, absence_self},
	{"later", "one covered event and two later ones", FINDING_NONE, with_later},
	{"later-covered", "an event that stands before the epoch and was not filed is shown as a later one",
		FINDING_LATER_COVERED, later_covered},
	{"later-inclusion", "a later event's proof has another hash", FINDING_LATER_INCLUSION, later_not_there},
	{"later-order", "two later events in the other order", FINDING_EVENT_ORDER, later_out_of_order},
	{"later-time", "a later event with a time before the epoch's", FINDING_EVENT_TIME, later_is_earlier},
	{"later-window-before", "a later event before the window", FINDING_WINDOW_OUTSIDE, later_before_window},
	{"later-window-after", "a later event at the end of the window", FINDING_WINDOW_OUTSIDE, later_behind_window},
	{"later-subject", "a later event about somebody else", FINDING_EVENT_SUBJECT, later_about_another},
	{"audit-missing", "an auditor's key is given, and there is no note", FINDING_AUDIT_MISSING, no_note},
	{"audit-epoch-none", "a batch entry for the audited epoch, and no auditor's key", FINDING_AUDIT_EPOCH, audit_none},
	{"audit-epoch-inclusion", "the proof of the audited epoch has another hash", FINDING_AUDIT_EPOCH, audit_not_there},
	{"audit-newer", "a note about a newer epoch than the statement's", FINDING_AUDIT_NEWER, audit_newer},
	{"audit-note-key", "the note is signed with another key under the auditor's name", FINDING_AUDIT_NOTE,
		audit_signed_by_another},
	{"audit-note-zero", "a leading zero in the note, signed", FINDING_AUDIT_NOTE, note_with_zero},
	{"audit-other-origin", "a note about another log", FINDING_AUDIT_OTHER, note_of_origin},
	{"audit-other-index", "a note about another index", FINDING_AUDIT_OTHER, note_of_index},
	{"audit-other-size", "a note whose size does not reach the epoch entry", FINDING_AUDIT_OTHER, note_of_size},
	{"audit-other-map", "a note with another map root", FINDING_AUDIT_OTHER, note_of_map},
	{"audit-other-filing", "a note with another filing root", FINDING_AUDIT_OTHER, note_of_filing},
};

STATEMENT_CASES("statement_cases_all", cases)
