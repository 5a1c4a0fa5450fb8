/* One statement for each check of spec/statement.md that is about the senders' signatures and about the form; with
 * INDSIGT_WRITE_VECTORS set they are written to tests/vectors/statement. */
#include "ledger/tree/merkle.h"
#include "tests/lib/statement_case.h"

#define START FORGE_START_S

/* ---- the senders' signatures. STM-46 to STM-54 ---- */

static json_t *signatures(json_t *json, const char *list, size_t i)
{
	return item(part(json, "signatures"), list, i);
}

static json_t *about_anne_signed(void)
{
	forge_epoch(forge);
	return forge_statement(forge, &(struct forge_options){.subject = ANNE, .signatures = true});
}

static json_t *two_signed(void)
{
	return signed_events(2);
}

static json_t *sender_none(void)
{
	json_t *json = signed_events(1);
	json_array_set_new(part(part(json, "signatures"), "senders"), 0, forge_included(forge, 0, 0));
	return json;
}

static json_t *sender_not_there(void)
{
	json_t *json = signed_events(1);
	spoil_hash(signatures(json, "senders", 0), "inclusion");
	return json;
}

static void to_another_org(struct entry_sender *entry)
{
	entry->org[4] ^= 1;
}

static void to_another_name(struct entry_sender *entry)
{
	entry->name[0] ^= 1;
}

static json_t *history(enum sender_action action, void (*change)(struct entry_sender *entry))
{
	anne_has(1);
	append_sender(action, change);
	return about_anne_signed();
}

static json_t *registered_twice(void)
{
	return history(SENDER_REGISTER, NULL);
}

static json_t *another_org(void)
{
	return history(SENDER_POLICY, to_another_org);
}

static json_t *another_name(void)
{
	return history(SENDER_POLICY, to_another_name);
}

static json_t *after_revocation(void)
{
	anne_has(1);
	forge->senders[0].version = append_sender(SENDER_REVOKE, NULL);
	append_sender(SENDER_POLICY, NULL);
	return about_anne_signed();
}

static json_t *revoked_later(void)
{
	return history(SENDER_REVOKE, NULL);
}

static json_t *never_registered(void)
{
	forge = forge_new();
	forge_sender_change(forge, 1, SENDER_ROTATE, true, false);
	forge_one(forge, ANNE);
	json_t *json = about_anne_signed();
	json_array_remove(part(part(json, "signatures"), "senders"), 0);
	return json;
}

static json_t *signed_after_revocation(void)
{
	forge = forge_new();
	append_sender(SENDER_REVOKE, NULL);
	forge_one(forge, ANNE);
	return about_anne_signed();
}

static json_t *sender_not_shown(void)
{
	json_t *json = signed_events(1);
	json_array_clear(part(part(json, "signatures"), "senders"));
	return json;
}

/* Signs the batch entry at `index`, whose events have these commitments, anew as its bytes say. */
static void sign_batch(uint64_t index, const struct hash *commitments, const uint8_t secret_key[64])
{
	struct entry entry;
	struct hash root;
	ck_ok(entry_decode(bytes_of(forge->entries[index].data, forge->entries[index].len), &entry));
	struct batch_head head = {.kind = BATCH_EVENT,
		.sender = entry.batch.sender,
		.first_sequence = entry.batch.first_sequence,
		.count = entry.batch.count,
		.filing_checked = entry.batch.filing_checked};
	merkle_root_of_leaves(commitments, entry.batch.count, &root);
	batch_sign(FORGE_ORIGIN, &root, secret_key, &head);
	overwrite(index, forge->entries[index].len - 64, head.signature, 64);
}

/* All entries of sender 1 become those of sender 0. */
static json_t *sender_0(void)
{
	anne_has(1);
	overwrite(1, 2, "\0\0\0\0", 4);
	overwrite(2, 1, "\0\0\0\0", 4);
	overwrite(3, 1, "\0\0\0\0", 4);
	sign_batch(3, &forge_event_at(forge, 2)->entry.commitment, forge->senders[0].secret_key);
	forge_event_at(forge, 2)->entry.sender = 0;
	return about_anne_signed();
}

static json_t *batch_none(void)
{
	json_t *json = signed_events(1);
	json_object_set(signatures(json, "batches", 0), "entry", part(part(json, "genesis"), "entry"));
	return json;
}

static json_t *batch_not_there(void)
{
	json_t *json = signed_events(1);
	spoil_hash(signatures(json, "batches", 0), "inclusion");
	return json;
}

static json_t *path_of_no_event(void)
{
	json_t *json = signed_events(1);
	json_t *paths = part(signatures(json, "batches", 0), "paths");
	json_object_set_new(paths, "9", json_array());
	json_object_del(paths, "2");
	return json;
}

/* A second batch entry, signed, over both the event before the first one and something else. */
static json_t *named_twice(void)
{
	struct entry entry = {.kind = ENTRY_BATCH};
	anne_has(1);
	struct hash commitments[2] = {forge_event_at(forge, 2)->entry.commitment, {{7}}};
	entry.batch = (struct entry_batch){.sender = 1, .count = 2};
	uint64_t index = forge_append(forge, &entry);
	sign_batch(index, commitments, forge->senders[0].secret_key);
	forge_one(forge, ANNE);
	json_t *json = about_anne_signed();
	json_t *batch = forge_included(forge, index, 0);
	json_object_set_new(batch, "paths", json_pack("{s:[o]}", "2", forge_base64(hash_bytes(&commitments[1]))));
	json_t *list = part(part(json, "signatures"), "batches");
	json_array_insert_new(list, 1, batch);
	/* As many paths as events: the second event's is not shown. */
	json_array_remove(list, 2);
	return json;
}

/* The batch entry stands in the log a second time, further behind. */
static json_t *batch_elsewhere(void)
{
	struct entry entry;
	anne_has(1);
	ck_ok(entry_decode(bytes_of(forge->entries[3].data, forge->entries[3].len), &entry));
	uint64_t index = forge_append(forge, &entry);
	json_t *json = about_anne_signed();
	json_t *batch = forge_included(forge, index, 0);
	json_object_set_new(batch, "paths", json_pack("{s:[]}", "2"));
	json_array_set_new(part(part(json, "signatures"), "batches"), 0, batch);
	return json;
}

static json_t *other_sequence(void)
{
	anne_has(1);
	overwrite(2, 5, "\0\0\0\0\0\0\0\1", 8);
	return about_anne_signed();
}

static json_t *other_sender(void)
{
	const struct forge_draft draft = {.subject = ANNE};
	forge = forge_new();
	uint32_t second = forge_sender(forge, "Rigspolitiet", true);
	uint64_t first = forge_batch(forge, second, &draft, 1);
	overwrite(first, 1, "\0\0\0\1", 4);
	return about_anne_signed();
}

static json_t *path_longer(void)
{
	json_t *json = signed_events(1);
	json_array_append(part(part(signatures(json, "batches", 0), "paths"), "2"),
		json_array_get(part(part(json, "genesis"), "inclusion"), 0));
	return json;
}

static json_t *path_to_another_root(void)
{
	const struct forge_draft drafts[] = {{.subject = ANNE}, {.subject = ANNE}};
	forge = forge_new();
	forge_batch(forge, 1, drafts, 2);
	json_t *json = about_anne_signed();
	spoil_hash(part(signatures(json, "batches", 0), "paths"), "3");
	return json;
}

static json_t *signature_spoiled(void)
{
	anne_has(1);
	overwrite(3, forge->entries[3].len - 64, "x", 1);
	return about_anne_signed();
}

static json_t *signature_missing(void)
{
	json_t *json = signed_events(2);
	json_array_remove(part(part(json, "signatures"), "batches"), 1);
	return json;
}

static json_t *sender_of_nobody(void)
{
	anne_has(1);
	uint32_t second = forge_sender(forge, "Rigspolitiet", true);
	json_t *json = about_anne_signed();
	json_array_append_new(
		part(part(json, "signatures"), "senders"), forge_included(forge, forge->senders[second - 1].version, 0));
	return json;
}

static void swap(json_t *list)
{
	json_array_append(list, json_array_get(list, 0));
	json_array_remove(list, 0);
}

static json_t *senders_swapped(void)
{
	const struct forge_draft draft = {.subject = ANNE};
	forge = forge_new();
	uint32_t second = forge_sender(forge, "Rigspolitiet", true);
	forge_batch(forge, 1, &draft, 1);
	forge_batch(forge, second, &draft, 1);
	json_t *json = about_anne_signed();
	swap(part(part(json, "signatures"), "senders"));
	return json;
}

static json_t *batches_swapped(void)
{
	json_t *json = signed_events(2);
	swap(part(part(json, "signatures"), "batches"));
	return json;
}

static json_t *batch_without_paths(void)
{
	anne_has(1);
	forge_one(forge, BENT);
	json_t *json = about_anne_signed();
	json_t *batch = forge_included(forge, 5, 0);
	json_object_set_new(batch, "paths", json_object());
	json_array_append_new(part(part(json, "signatures"), "batches"), batch);
	return json;
}

static json_t *path_named(const char *name)
{
	json_t *json = signed_events(1);
	json_t *paths = part(signatures(json, "batches", 0), "paths");
	json_object_set(paths, name, part(paths, "2"));
	json_object_del(paths, "2");
	return json;
}

static json_t *path_name_zero(void)
{
	return path_named("02");
}

/* What a reader makes of digits that it does not look at: ':' would be ten. */
static json_t *path_name_no_digit(void)
{
	anne_has(5);
	json_t *json = about_anne_signed();
	json_t *paths = part(signatures(json, "batches", 4), "paths");
	json_object_set(paths, ":", part(paths, "10"));
	json_object_del(paths, "10");
	return json;
}

static json_t *path_name_empty(void)
{
	return path_named("");
}

static json_t *path_name_long(void)
{
	return path_named("1000000000000000000");
}

static json_t *path_is_an_object(void)
{
	json_t *json = signed_events(1);
	json_object_set_new(part(signatures(json, "batches", 0), "paths"), "2", json_object());
	return json;
}

/* ---- the form. STM-2 ---- */

static json_t *changed_text(json_t *json, const char *from, const char *to)
{
	asked.from = from;
	asked.to = to;
	return json;
}

static json_t *another_version(void)
{
	return changed_text(one_event(), "indsigt-statement/v3", "indsigt-statement/v1");
}

static json_t *escaped_type(void)
{
	return changed_text(one_event(), "\"type\":\"indsigt-statement/v3\"", "\"t\\u0079pe\":\"indsigt-statement\\/v3\"");
}

static json_t *white_space(void)
{
	return changed_text(one_event(), "{\"type\":", "\r\n\t {\n\"type\"\t:");
}

static json_t *byte_order_mark(void)
{
	return changed_text(one_event(), "{\"type\"", "\xEF\xBB\xBF{\"type\"");
}

static json_t *behind_the_object(void)
{
	return changed_text(one_event(), "{\"type\"", "{}{\"type\"");
}

static json_t *in_an_array(void)
{
	json_t *json = one_event();
	return json_pack("[o]", json);
}

static json_t *member_twice(void)
{
	return changed_text(one_event(), "{\"type\"", "{\"subject\":\"" ANNE "\",\"type\"");
}

static json_t *member_unknown(void)
{
	json_t *json = one_event();
	json_object_set_new(json, "comment", json_string("nothing"));
	return json;
}

static json_t *member_missing(void)
{
	json_t *json = one_event();
	json_object_del(json, "later");
	return json;
}

static json_t *minus_zero(void)
{
	return changed_text(one_event(), "\"first\":0", "\"first\":-0");
}

static json_t *with_fraction(void)
{
	return changed_text(one_event(), "\"first\":0", "\"first\":0.0");
}

static json_t *with_exponent(void)
{
	return changed_text(one_event(), "\"first\":0", "\"first\":0e0");
}

static json_t *number_as_text(void)
{
	return changed_text(one_event(), "\"first\":0", "\"first\":\"0\"");
}

static json_t *leading_zero(void)
{
	return changed_text(one_event(), "\"first\":0", "\"first\":00");
}

static json_t *number_2_63(void)
{
	return changed_text(one_event(), "\"first\":0", "\"first\":9223372036854775808");
}

static json_t *no_boolean(void)
{
	json_t *json = nobody();
	set_number(part(json, "map"), "present", 0);
	return json;
}

static json_t *withheld_false(void)
{
	const struct forge_draft draft = {.subject = ANNE, .withheld_until_s = START + 1000};
	forge = forge_new();
	forge_batch(forge, 1, &draft, 1);
	json_t *json = about_anne();
	json_object_set_new(item(json, "events", 0), "withheld", json_false());
	return json;
}

static json_t *two_states(void)
{
	const struct forge_draft draft = {.subject = ANNE, .withheld_until_s = START + 1000};
	forge = forge_new();
	forge_batch(forge, 1, &draft, 1);
	json_t *json = about_anne();
	json_object_set_new(item(json, "events", 0), "c_r", forge_base64(BYTES_ARRAY(forge->vrf_secret.b)));
	return json;
}

static json_t *array_is_an_object(void)
{
	json_t *json = one_event();
	json_object_set_new(json, "later", json_object());
	return json;
}

static json_t *object_is_an_array(void)
{
	json_t *json = one_event();
	json_object_set_new(json, "genesis", json_array());
	return json;
}

static json_t *paths_are_an_array(void)
{
	json_t *json = signed_events(1);
	json_object_set_new(signatures(json, "batches", 0), "paths", json_array());
	return json;
}

static json_t *note_unchecked(json_t *note)
{
	json_t *json = audited_event();
	asked.auditor = false;
	json_object_set_new(part(json, "audit"), "note", note);
	return json;
}

static json_t *note_is_a_number(void)
{
	return note_unchecked(json_integer(1));
}

static json_t *note_over_its_limit(void)
{
	static char text[NOTE_BYTES_MAX + 2];
	memset(text, 'a', NOTE_BYTES_MAX + 1);
	return note_unchecked(json_string(text));
}

static json_t *note_with_nul(void)
{
	return changed_text(note_unchecked(json_string("a note")), "a note", "a\\u0000note");
}

static json_t *note_with_half_a_pair(void)
{
	return changed_text(note_unchecked(json_string("a note")), "a note", "a\\ud800note");
}

static json_t *with_base64(const char *header)
{
	json_t *json = one_event();
	ck_assert_str_eq(json_string_value(part(item(json, "events", 0), "header")), "AAAAAAAAAAAFAA==");
	json_object_set_new(item(json, "events", 0), "header", json_string(header));
	return json;
}

static json_t *base64_trailing_bits(void)
{
	return with_base64("AAAAAAAAAAAFAB==");
}

static json_t *base64_unpadded(void)
{
	return with_base64("AAAAAAAAAAAFAA");
}

static json_t *base64_with_a_line(void)
{
	return with_base64("AAAAAAAA\nAAAFAA==");
}

static json_t *hash_short(void)
{
	json_t *json = one_event();
	json_array_set_new(part(part(json, "genesis"), "inclusion"), 0, forge_base64(bytes_of(forge->vrf_secret.b, 31)));
	return json;
}

static json_t *blind_short(void)
{
	json_t *json = one_event();
	json_object_set_new(item(json, "events", 0), "blind", forge_base64(bytes_of(forge->vrf_secret.b, 31)));
	return json;
}

static json_t *sixty_four_hashes(void)
{
	json_t *json = one_event();
	json_t *list = part(part(json, "genesis"), "inclusion");
	while (json_array_size(list) < PROOF_HASHES_MAX + 1)
		json_array_append(list, json_array_get(list, 0));
	return json;
}

static json_t *sixty_five_last(void)
{
	anne_has(1);
	while (forge->entry_count < 3 + STATEMENT_LAST_MAX)
		forge_epoch(forge);
	return about_anne();
}

static json_t *last_empty(void)
{
	json_t *json = one_event();
	json_object_set_new(part(json, "epoch"), "last", json_array());
	return json;
}

static json_t *count_0(void)
{
	json_t *json = nobody();
	json_object_set_new(json, "map", json_pack("{s:b,s:i,s:s}", "present", true, "count", 0, "proof", ""));
	json_object_set_new(json, "range", json_pack("{s:i,s:[]}", "first", 0, "proof"));
	return json;
}

/* ---- windows ---- */

static json_t *window_empty(void)
{
	json_t *json = one_event();
	set_window(json, 0, 0);
	return json;
}

static json_t *window_of_no_time(void)
{
	anne_has(2);
	json_t *json = filed_as((const uint64_t[]){2, 4}, 2, 0);
	as_neighbour(json, "before");
	as_neighbour(json, "after");
	set_window(json, 15, 15);
	return json;
}

static json_t *window_with_offset(void)
{
	json_t *json = one_event();
	json_object_set_new(json, "window", json_pack("{s:s}", "to", "2026-11-23T14:00:00+00:00"));
	return json;
}

static json_t *window_with_fraction(void)
{
	json_t *json = one_event();
	json_object_set_new(json, "window", json_pack("{s:s}", "to", "2026-11-23T14:00:00.5Z"));
	return json;
}

static json_t *window_no_time(void)
{
	json_t *json = one_event();
	json_object_set_new(json, "window", json_pack("{s:s}", "to", "2026-02-30T14:00:00Z"));
	return json;
}

static json_t *window_too_late(void)
{
	json_t *json = one_event();
	json_object_set_new(json, "window", json_pack("{s:s}", "to", "2262-04-11T23:47:16Z"));
	return json;
}

static json_t *window_latest(void)
{
	json_t *json = one_event();
	json_object_set_new(json, "window", json_pack("{s:s}", "to", "2262-04-11T23:47:15Z"));
	return json;
}

/* The window is open at its end, and the last events are hidden behind a neighbour. */
static json_t *neighbour_of_an_open_end(void)
{
	anne_has(3);
	json_t *json = filed_as((const uint64_t[]){2, 4, 6}, 3, 0);
	set_window(json, 5, 0);
	as_neighbour(json, "after");
	return json;
}

static json_t *absent_with_range(void)
{
	json_t *json = nobody();
	json_object_set_new(json, "range", json_pack("{s:i,s:[]}", "first", 0, "proof"));
	return json;
}

static json_t *absent_with_neighbour(void)
{
	json_t *other = one_event();
	forge_free(forge);
	json_t *json = nobody();
	set_window(json, 5, 0);
	json_object_set_new(json, "before",
		json_pack("{s:i,s:O,s:O}", "index", 2, "blind", part(item(other, "events", 0), "blind"), "entry",
			part(item(other, "events", 0), "entry")));
	json_decref(other);
	return json;
}

/* The map holds nothing, since the event was never filed; it is shown all the same. */
static json_t *absent_with_events(void)
{
	anne_has(1);
	forge_event_at(forge, 2)->filed = false;
	json_t *json = about_anne();
	json_array_append_new(part(json, "events"), forge_event_json(forge, forge_event_at(forge, 2), START + 10, 0, 0));
	return json;
}

/* ---- erasures ---- */

static json_t *erasure_of_nothing(void)
{
	anne_has(1);
	uint64_t index = forge_erase_period(forge, START, 4);
	json_t *json = about_anne();
	json_object_set_new(json, "erasures", json_pack("[o]", forge_included(forge, index, 0)));
	return json;
}

static json_t *erasure_opened(void)
{
	anne_has(1);
	forge_erase_period(forge, START, 5);
	json_t *json = about_anne();
	json_object_set_new(item(json, "erasures", 0), "opening", forge_base64(BYTES_ARRAY(forge->vrf_secret.b)));
	return json;
}

static json_t *erasures_swapped(void)
{
	const struct forge_draft drafts[] = {{.subject = ANNE}, {.subject = ANNE, .retention_years = 1}};
	forge = forge_new();
	forge_batch(forge, 1, drafts, 2);
	forge_erase_period(forge, START, 5);
	forge_erase_period(forge, START, 1);
	json_t *json = about_anne();
	swap(part(json, "erasures"));
	return json;
}

static const struct statement_case cases[] = {
	{"signatures-two-batches", "two events of two batches, with signatures", FINDING_NONE, two_signed},
	{"sender-none", "a genesis entry for a sender entry", FINDING_SENDER_ENTRY, sender_none},
	{"sender-inclusion", "a sender entry's proof has another hash", FINDING_SENDER_INCLUSION, sender_not_there},
	{"sender-0", "a sender with the id 0", FINDING_SENDER_HISTORY, sender_0},
	{"sender-twice", "a sender that is registered twice", FINDING_SENDER_HISTORY, registered_twice},
	{"sender-other-org", "a sender whose organisation becomes another one", FINDING_SENDER_HISTORY, another_org},
	{"sender-other-name", "a sender whose name becomes another one", FINDING_SENDER_HISTORY, another_name},
	{"sender-after-revocation", "an entry of a sender after its revocation", FINDING_SENDER_HISTORY, after_revocation},
	{"sender-revoked-later", "a sender that was revoked after its batch", FINDING_NONE, revoked_later},
	{"sender-unregistered", "a rotation is the first entry shown of a sender", FINDING_SENDER_HISTORY,
		never_registered},
	{"sender-revoked", "a batch that was signed after the sender's revocation", FINDING_SENDER_HISTORY,
		signed_after_revocation},
	{"sender-not-shown", "no entry of the batch's sender", FINDING_SENDER_HISTORY, sender_not_shown},
	{"batch-none", "a genesis entry for a batch entry", FINDING_BATCH_ENTRY, batch_none},
	{"batch-inclusion", "the batch entry's proof has another hash", FINDING_BATCH_INCLUSION, batch_not_there},
	{"batch-place-none", "a path for an event that is not shown", FINDING_BATCH_PLACE, path_of_no_event},
	{"batch-place-twice", "one event is named in two batches, both signed, and another in none", FINDING_BATCH_PLACE,
		named_twice},
	{"batch-place-index", "the batch entry stands further behind than its events allow", FINDING_BATCH_PLACE,
		batch_elsewhere},
	{"batch-place-sequence", "the event's sequence is none of the batch's", FINDING_BATCH_PLACE, other_sequence},
	{"batch-place-sender", "the event is another sender's than the batch that signs it", FINDING_BATCH_PLACE,
		other_sender},
	{"signature-path-longer", "a hash too many in the path", FINDING_SIGNATURE_PATH, path_longer},
	{"signature-path-root", "the second path of a batch leads to another root", FINDING_SIGNATURE_PATH,
		path_to_another_root},
	{"signature-other", "the signature in the batch entry does not verify", FINDING_SIGNATURE, signature_spoiled},
	{"signature-missing", "one of two events has no path", FINDING_SIGNATURE_MISSING, signature_missing},
	{"form-sender-of-nobody", "a sender entry of a sender that has no event in events", FINDING_FORM, sender_of_nobody},
	{"form-senders-order", "sender entries that do not ascend", FINDING_FORM, senders_swapped},
	{"form-batches-order", "batches that do not ascend", FINDING_FORM, batches_swapped},
	{"form-paths-empty", "a batch without paths", FINDING_FORM, batch_without_paths},
	{"form-path-zero", "a path's name with a leading zero", FINDING_FORM, path_name_zero},
	{"form-path-no-digit", "a path's name that is no number", FINDING_FORM, path_name_no_digit},
	{"form-path-empty", "an empty name of a path", FINDING_FORM, path_name_empty},
	{"form-path-long", "a path's name of 19 digits, which no index has", FINDING_FORM, path_name_long},
	{"form-path-object", "an object for a path", FINDING_FORM, path_is_an_object},
	{"form-type", "another version", FINDING_FORM, another_version},
	{"form-type-escaped", "the type and its name, spelled with escapes", FINDING_NONE, escaped_type},
	{"form-white-space", "white space between the tokens", FINDING_NONE, white_space},
	{"form-byte-order-mark", "a byte order mark", FINDING_FORM, byte_order_mark},
	{"form-two-objects", "two objects", FINDING_FORM, behind_the_object},
	{"form-array", "the object in an array", FINDING_FORM, in_an_array},
	{"form-member-twice", "a member twice, with the same value", FINDING_FORM, member_twice},
	{"form-member-unknown", "a member that does not belong there", FINDING_FORM, member_unknown},
	{"form-member-missing", "a member is missing", FINDING_FORM, member_missing},
	{"form-minus-0", "-0", FINDING_FORM, minus_zero},
	{"form-fraction", "0.0", FINDING_FORM, with_fraction},
	{"form-exponent", "0e0", FINDING_FORM, with_exponent},
	{"form-number-text", "a number as a text", FINDING_FORM, number_as_text},
	{"form-leading-zero", "00", FINDING_FORM, leading_zero},
	{"form-2-63", "2^63", FINDING_FORM, number_2_63},
	{"form-boolean", "0 for false", FINDING_FORM, no_boolean},
	{"form-withheld-false", "withheld is false", FINDING_FORM, withheld_false},
	{"form-two-states", "a withheld event with what opens its disclosed part", FINDING_FORM, two_states},
	{"form-later-object", "an object for an array", FINDING_FORM, array_is_an_object},
	{"form-genesis-array", "an array for an object", FINDING_FORM, object_is_an_array},
	{"form-paths-array", "an array for paths", FINDING_FORM, paths_are_an_array},
	{"form-note-number", "a number for a note that nobody checks", FINDING_FORM, note_is_a_number},
	{"form-note-long", "a note that nobody checks, a byte over its limit", FINDING_FORM, note_over_its_limit},
	{"form-note-nul", "a note that nobody checks, with a NUL", FINDING_FORM, note_with_nul},
	{"form-note-half-pair", "a note that nobody checks, with half of a surrogate pair", FINDING_FORM,
		note_with_half_a_pair},
	{"form-base64-bits", "base64 with trailing bits that are not zero", FINDING_FORM, base64_trailing_bits},
	{"form-base64-unpadded", "base64 without its padding", FINDING_FORM, base64_unpadded},
	{"form-base64-line", "base64 with a newline", FINDING_FORM, base64_with_a_line},
	{"form-hash-short", "a hash of 31 bytes", FINDING_FORM, hash_short},
	{"form-blind-short", "a blind of 31 bytes", FINDING_FORM, blind_short},
	{"form-64-hashes", "an inclusion proof of 64 hashes", FINDING_FORM, sixty_four_hashes},
	{"form-65-last", "65 items of last, all as they must be", FINDING_FORM, sixty_five_last},
	{"form-last-empty", "no item of last", FINDING_FORM, last_empty},
	{"form-count-0", "present, with no event", FINDING_FORM, count_0},
	{"form-window-empty", "a window without beginning and end", FINDING_FORM, window_empty},
	{"form-window-no-time", "a window that ends when it begins, between two events", FINDING_FORM, window_of_no_time},
	{"form-window-offset", "a time with an offset of 0", FINDING_FORM, window_with_offset},
	{"form-window-fraction", "a time with a fraction", FINDING_FORM, window_with_fraction},
	{"form-window-date", "a date that does not exist", FINDING_FORM, window_no_time},
	{"form-window-too-late", "a time after the last one", FINDING_FORM, window_too_late},
	{"window-latest", "the last time", FINDING_NONE, window_latest},
	{"form-open-end", "a window that is open at its end, with a neighbour there", FINDING_FORM,
		neighbour_of_an_open_end},
	{"form-absent-range", "a range, and the map holds nothing", FINDING_FORM, absent_with_range},
	{"form-absent-neighbour", "a neighbour, and the map holds nothing", FINDING_FORM, absent_with_neighbour},
	{"form-absent-events", "an event, and the map holds nothing", FINDING_FORM, absent_with_events},
	{"form-erasure-of-nothing", "an erasure that no event is erased by", FINDING_FORM, erasure_of_nothing},
	{"form-erasure-opened", "an erasure of a period with an opening", FINDING_FORM, erasure_opened},
	{"form-erasures-order", "erasures that do not ascend", FINDING_FORM, erasures_swapped},
};

STATEMENT_CASES("statement_cases_form", cases)
