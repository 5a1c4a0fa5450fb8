/* Each check that the events of a statement are complete, and of what stands beside them, fails by itself, with its own
 * finding. */
#include "tests/lib/forged_example.h"
#include "tests/lib/unit.h"

/* ---- all of them ---- */

/* STM-34, STM-35, STM-36, STM-37, STM-38, STM-39, STM-40 */
START_TEST(completeness_is_checked)
{
	example();
	json_t *json = honest();
	json_object_del(json, "signatures");
	json_array_remove(part(json, "events"), 0);
	refuse(json_deep_copy(json), FINDING_COUNT);
	set_number(part(json, "map"), "count", 4);
	refuse(json, FINDING_PRESENCE);
	json = honest();
	set_number(part(json, "range"), "first", 1);
	refuse(json, FINDING_RANGE);
	json = honest();
	json_array_append_new(part(part(json, "range"), "proof"), forge_base64(BYTES_ARRAY(forge->vrf_secret.b)));
	refuse(json, FINDING_SUBJECT_TREE);
	json = honest();
	spoil(item(json, "events", 0), "blind");
	refuse(json, FINDING_PRESENCE);
	json = honest();
	spoil(part(json, "map"), "proof");
	refuse(json, FINDING_PRESENCE);
	/* The label filed with one event less than there are: its own map, with a root that stands in the log. */
	forge_event_at(forge, 7)->filed = false;
	forge_epoch(forge);
	json = honest();
	forge_event_at(forge, 7)->filed = true;
	json_t *full = honest();
	json_object_set(full, "epoch", part(json, "epoch"));
	json_object_set(full, "checkpoint", part(json, "checkpoint"));
	json_decref(json);
	refuse(full, FINDING_PRESENCE);
	forge_free(forge);
}
END_TEST

/* STM-41, STM-42, STM-43 */
START_TEST(absences_are_checked)
{
	const struct forge_options nobody = {.subject = NOBODY};
	example();
	json_t *json = forge_statement(forge, &nobody);
	spoil(part(json, "map"), "proof");
	refuse(json, FINDING_ABSENCE);
	json = forge_statement(forge, &nobody);
	json_object_set_new(part(json, "map"), "proof", json_string(""));
	refuse(json, FINDING_ABSENCE_EMPTY);
	/* Anne is there: her absence with Bent's proof, and with her own. */
	static const char *const whole[] = {"range", "signatures", "erasures", "audit"};
	json = honest();
	json_t *absent = forge_statement(forge, &nobody);
	for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++)
		json_object_del(json, whole[i]);
	json_object_set_new(json, "events", json_array());
	json_object_set(json, "map", part(absent, "map"));
	refuse(json_deep_copy(json), FINDING_ABSENCE);
	json_decref(absent);
	uint8_t proof[64];
	struct label label;
	forge_label(forge, ANNE, &label);
	memcpy(proof, label.b, 32);
	memset(proof + 32, 1, 32);
	json_object_set_new(part(json, "map"), "proof", forge_base64(BYTES_ARRAY(proof)));
	refuse(json, FINDING_ABSENCE_SELF);
	forge_free(forge);
}
END_TEST

/* STM-35, STM-36, STM-37, STM-38 */
START_TEST(windows_are_checked_exactly)
{
	forge = forge_new();
	for (unsigned i = 0; i < 5; i++) {
		forge->now_s = FORGE_START_S + 10 * i;
		forge_one(forge, ANNE);
	}
	forge_epoch(forge);
	/* Events at 10, 20, 30; neighbours at 0 and 40. */
	const struct forge_options options = {.subject = ANNE,
		.window = {.has_from = true, .from_s = FORGE_START_S + 5, .has_to = true, .to_s = FORGE_START_S + 35}};
	json_t *json = forge_statement(forge, &options);
	json_object_set_new(part(json, "window"), "from", json_string("2026-11-23T12:00:15Z"));
	refuse(json, FINDING_WINDOW_OUTSIDE);
	json = forge_statement(forge, &options);
	json_object_set_new(part(json, "window"), "to", json_string("2026-11-23T12:00:30Z"));
	refuse(json, FINDING_WINDOW_OUTSIDE);
	/* The neighbour lies in the window. */
	json = forge_statement(forge, &options);
	json_object_set_new(part(json, "window"), "from", json_string("2026-11-23T12:00:00Z"));
	refuse(json, FINDING_WINDOW_BEFORE);
	json = forge_statement(forge, &options);
	json_object_set_new(part(json, "window"), "to", json_string("2026-11-23T12:00:41Z"));
	refuse(json, FINDING_WINDOW_AFTER);
	/* No neighbour though the tree goes on. */
	struct label label;
	forge_label(forge, ANNE, &label);
	json = forge_statement(forge, &options);
	json_object_del(json, "before");
	json_object_set_new(json, "range", forge_range_json(forge, &label, forge->entry_count - 1, 1, 4));
	refuse(json, FINDING_WINDOW_BEFORE);
	json = forge_statement(forge, &options);
	json_object_del(json, "after");
	json_object_set_new(json, "range", forge_range_json(forge, &label, forge->entry_count - 1, 0, 4));
	refuse(json, FINDING_WINDOW_AFTER);
	/* A hole: the neighbours do not stand next to what is shown. */
	json = forge_statement(forge, &options);
	json_array_remove(part(json, "events"), 1);
	set_number(part(json, "map"), "count", 4);
	refuse(json, FINDING_PRESENCE);
	json = forge_statement(forge, &options);
	set_number(part(json, "map"), "count", 4);
	refuse(json, FINDING_RANGE);
	/* Neighbours that are none. */
	json = forge_statement(forge, &options);
	json_object_set(part(json, "before"), "index", part(item(json, "events", 1), "index"));
	refuse(json, FINDING_EVENT_ORDER);
	json = forge_statement(forge, &options);
	json_object_set(part(json, "after"), "index", part(item(json, "events", 1), "index"));
	refuse(json, FINDING_EVENT_ORDER);
	json = forge_statement(forge, &options);
	set_number(part(json, "after"), "index", forge->entry_count - 1);
	refuse(json, FINDING_EVENT_UNCOVERED);
	json = forge_statement(forge, &options);
	json_object_set_new(part(json, "before"), "entry", json_string("BA=="));
	refuse(json, FINDING_EVENT_ENTRY);
	json = forge_statement(forge, &options);
	uint8_t late[ENTRY_EVENT_BYTES];
	memcpy(late, forge->entries[number_of(part(json, "after"), "index")].data, sizeof late);
	late[20]++; /* a second after the epoch */
	json_object_set_new(part(json, "after"), "entry", forge_base64(BYTES_ARRAY(late)));
	refuse(json, FINDING_EVENT_TIME);
	forge_free(forge);
}
END_TEST

/* STM-44, STM-45 */
START_TEST(later_events_are_checked)
{
	example();
	json_t *json = honest();
	json_t *hidden = forge_event_json(forge, forge_event_at(forge, 7), FORGE_START_S, 0, forge->entry_count);
	json_array_insert_new(part(json, "later"), 0, hidden);
	refuse(json, FINDING_LATER_COVERED);
	json = honest();
	spoil_hash(item(json, "later", 0), "inclusion");
	refuse(json, FINDING_LATER_INCLUSION);
	json = honest();
	json_array_append(part(json, "later"), item(json, "later", 0));
	refuse(json, FINDING_EVENT_ORDER);
	/* Outside the window. */
	const struct forge_options window = {.subject = ANNE, .window = {.has_to = true, .to_s = FORGE_START_S + 30}};
	json = forge_statement(forge, &window);
	json_t *whole = honest();
	ck_assert_uint_eq(json_array_size(part(json, "later")), 0);
	json_object_set(json, "later", part(whole, "later"));
	json_decref(whole);
	refuse(json, FINDING_WINDOW_OUTSIDE);
	/* Before the epoch's time though after it in the log. */
	forge->now_s = FORGE_START_S;
	forge_one(forge, ANNE);
	refuse(honest(), FINDING_EVENT_TIME);
	forge_free(forge);
}
END_TEST

/* ---- signatures and the auditor ---- */

static json_t *signatures_of(json_t *json)
{
	return part(json, "signatures");
}

/* STM-46, STM-47, STM-48 */
START_TEST(the_senders_are_checked)
{
	example();
	json_t *json = honest();
	json_object_set(item(signatures_of(json), "senders", 0), "entry", part(part(json, "epoch"), "entry"));
	refuse(json, FINDING_SENDER_ENTRY);
	json = honest();
	spoil_hash(item(signatures_of(json), "senders", 0), "inclusion");
	refuse(json, FINDING_SENDER_INCLUSION);
	json = honest();
	json_array_clear(part(signatures_of(json), "senders"));
	refuse(json, FINDING_SENDER_HISTORY);
	/* A registration left out, or one too many. */
	forge_sender_change(forge, 1, SENDER_ROTATE, true, false);
	json = honest();
	ck_assert_uint_eq(json_array_size(part(signatures_of(json), "senders")), 2);
	json_array_remove(part(signatures_of(json), "senders"), 0);
	refuse(json, FINDING_SENDER_HISTORY);
	uint32_t other = forge_sender(forge, "Region Nord", true);
	json = honest();
	json_array_append_new(
		part(signatures_of(json), "senders"), forge_included(forge, forge->senders[other - 1].version, 0));
	refuse(json, FINDING_FORM);
	forge_free(forge);
	/* Entries that do not follow from one another: another name, registered twice, something after a revocation. */
	for (unsigned i = 0; i < 3; i++) {
		struct entry entry;
		example();
		struct forge_sender *sender = &forge->senders[0];
		if (i == 2)
			forge_sender_change(forge, 1, SENDER_REVOKE, true, false);
		const struct forge_entry *newest = &forge->entries[sender->version];
		ck_ok(entry_decode(bytes_of(newest->data, newest->len), &entry));
		entry.sender.action = i == 1 ? SENDER_REGISTER : SENDER_POLICY;
		entry.sender.follows = i == 1 ? FOLLOWS_NOTHING : sender->version;
		entry.sender.change = i == 1 ? 0 : entry.sender.change + 1;
		entry.sender.name[0] = i == 0 ? 'B' : entry.sender.name[0];
		forge_append(forge, &entry);
		refuse(honest(), FINDING_SENDER_HISTORY);
		forge_free(forge);
	}
	/* Events after the sender was revoked. */
	example();
	forge_sender_change(forge, 1, SENDER_REVOKE, true, false);
	forge_one(forge, ANNE);
	forge_epoch(forge);
	refuse(honest(), FINDING_SENDER_HISTORY);
	forge_free(forge);
}
END_TEST

/* STM-49, STM-50, STM-51, STM-52, STM-53, STM-54 */
START_TEST(the_batches_are_checked)
{
	example();
	json_t *json = honest();
	json_object_set(item(signatures_of(json), "batches", 0), "entry", part(part(json, "epoch"), "entry"));
	refuse(json, FINDING_BATCH_ENTRY);
	json = honest();
	spoil(item(signatures_of(json), "batches", 0), "entry"); /* the signature in it */
	refuse(json, FINDING_BATCH_INCLUSION);
	json = honest();
	json_object_del(part(item(signatures_of(json), "batches", 0), "paths"), "2");
	refuse(json, FINDING_SIGNATURE_MISSING);
	json = honest();
	json_t *paths = part(item(signatures_of(json), "batches", 0), "paths");
	json_object_set(paths, "5", part(paths, "6"));
	json_object_del(paths, "6");
	refuse(json, FINDING_BATCH_PLACE); /* Bent's event is not in the statement */
	json = honest();
	paths = part(item(signatures_of(json), "batches", 0), "paths");
	spoil_hash(paths, "7");
	refuse(json, FINDING_SIGNATURE_PATH);
	json = honest();
	paths = part(item(signatures_of(json), "batches", 0), "paths");
	json_array_remove(part(paths, "7"), 0);
	refuse(json, FINDING_SIGNATURE_PATH);
	json = honest();
	paths = part(item(signatures_of(json), "batches", 0), "paths");
	json_object_set(paths, "07", part(paths, "7"));
	json_object_del(paths, "7");
	refuse(json, FINDING_FORM);
	/* An event shown with another batch. */
	forge_one(forge, ANNE);
	forge_epoch(forge);
	json = honest();
	ck_assert_uint_eq(json_array_size(part(signatures_of(json), "batches")), 3);
	json_object_set_new(part(item(signatures_of(json), "batches", 1), "paths"), "7", json_array());
	json_object_del(part(item(signatures_of(json), "batches", 0), "paths"), "7");
	refuse(json, FINDING_BATCH_PLACE);
	/* An event that the sender never signed. */
	forge_event_at(forge, 7)->entry.commitment.b[0] ^= 1;
	forge->senders[0].secret_key[0] ^= 1;
	forge_one(forge, ANNE);
	forge_event_at(forge, 7)->entry.commitment.b[0] ^= 1;
	forge_epoch(forge);
	refuse(honest(), FINDING_SIGNATURE);
	forge_free(forge);
}
END_TEST

/* STM-55, STM-56, STM-57, STM-58 */
START_TEST(the_audits_are_checked)
{
	example();
	const struct statement_options verify = {.auditor = &forge->auditor}, other = {.auditor = &forge->vkey};
	json_t *json = honest();
	json_object_set(part(part(json, "audit"), "epoch"), "entry", part(part(json, "genesis"), "entry"));
	refuse(json, FINDING_AUDIT_EPOCH);
	json = honest();
	spoil_hash(part(part(json, "audit"), "epoch"), "inclusion");
	refuse(json, FINDING_AUDIT_EPOCH);
	refuse_json(forge, honest(), &other, FINDING_AUDIT_NOTE);
	json = honest();
	json_object_set(part(json, "audit"), "note", part(json, "checkpoint"));
	refuse_json(forge, json, &verify, FINDING_AUDIT_NOTE);
	/* Roots that the auditor did not find. */
	json = honest();
	uint64_t first = number_of(part(json, "epoch"), "index");
	forge->entries[first].data[40] ^= 1;
	json_object_set_new(json, "audit", forge_audit_json(forge, first, 0));
	forge->entries[first].data[40] ^= 1;
	json_object_set_new(part(json, "audit"), "epoch", forge_included(forge, first, 0));
	refuse_json(forge, json, &verify, FINDING_AUDIT_OTHER);
	/* A note about another epoch than the one that is shown with it, or from a log that was too short. */
	uint64_t second = forge_epoch(forge);
	json = honest();
	json_object_set_new(part(json, "audit"), "epoch", forge_included(forge, first, 0));
	refuse_json(forge, json, &verify, FINDING_AUDIT_OTHER);
	/* The statement uses an older epoch than the one that was audited. */
	const struct forge_options stale = {.subject = ANNE, .epoch = first};
	json = forge_statement(forge, &stale);
	json_object_set_new(json, "audit", forge_audit_json(forge, second, 0));
	refuse_json(forge, json, &verify, FINDING_AUDIT_NEWER);
	forge_free(forge);
}
END_TEST

UNIT_MAIN("statement_complete", completeness_is_checked, absences_are_checked, windows_are_checked_exactly,
	later_events_are_checked, the_senders_are_checked, the_batches_are_checked, the_audits_are_checked)
