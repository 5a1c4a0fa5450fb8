/* Each check of the form of a statement, of its epoch and its single events fails by itself, with its own finding. */
#include "tests/lib/forged_example.h"
#include "tests/lib/forged_policy.h"
#include "tests/lib/unit.h"

/* ---- the form ---- */

/* STM-2 */
START_TEST(form_of_the_file)
{
	static const char *const files[] = {
		"", "{", "[]", "null", "{}", "\"indsigt-statement/v3\"", "{\"type\":\"indsigt-statement/v3\"} x"};
	const struct statement_options anybody = {0};
	struct finding finding;
	struct statement *statement = NULL;
	example();
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		ck_error(statement_verify(bytes_text(files[i]), &forge->vkey, &anybody, &statement, &finding), E_BAD_VALUE);
		ck_assert_int_eq(finding.code, FINDING_FORM);
	}
	ck_error(statement_verify(bytes_of("", STATEMENT_BYTES_MAX + 1), &forge->vkey, &anybody, &statement, &finding),
		E_BAD_VALUE);
	/* A member twice. */
	json_t *json = honest();
	char *text = json_dumps(json, JSON_COMPACT);
	char *twice = NULL;
	ck_assert_int_gt(asprintf(&twice, "{\"subject\":\"%s\",%s", ANNE, text + 1), 0);
	ck_error(statement_verify(bytes_text(twice), &forge->vkey, &anybody, &statement, &finding), E_BAD_VALUE);
	free(twice);
	free(text);
	json_decref(json);
	json = honest();
	json_object_set_new(json, "type", json_string("indsigt-statement/v1"));
	refuse(json, FINDING_FORM);
	forge_free(forge);
}
END_TEST

/* Every object of the format, without each of its members and with one more. STM-2 */
static void each_object(json_t *root, const json_t *object)
{
	const char *name;
	json_t *value;
	size_t i, count = json_object_size(object);
	static const char *const optional[] = {
		"signatures", "audit", "erasures", "window", "range", "before", "after", "opening", "from", "to"};
	json_object_set_new((json_t *)(uintptr_t)object, "more", json_true());
	refuse(json_deep_copy(root), FINDING_FORM);
	json_object_del((json_t *)(uintptr_t)object, "more");
	char **names = calloc(count, sizeof *names);
	size_t at = 0;
	json_object_foreach((json_t *)(uintptr_t)object, name, value) names[at++] = strdup(name);
	for (i = 0; i < count; i++) {
		bool may = false;
		for (size_t k = 0; k < sizeof optional / sizeof optional[0]; k++)
			may = may || strcmp(names[i], optional[k]) == 0;
		value = json_incref(json_object_get(object, names[i]));
		if (!may && strspn(names[i], "0123456789") != strlen(names[i])) {
			json_object_del((json_t *)(uintptr_t)object, names[i]);
			refuse(json_deep_copy(root), FINDING_FORM);
		}
		/* Another type. */
		json_object_set_new((json_t *)(uintptr_t)object, names[i], json_real(1.5));
		refuse(json_deep_copy(root), FINDING_FORM);
		json_object_set((json_t *)(uintptr_t)object, names[i], value);
		if (json_is_object(value))
			each_object(root, value);
		if (json_is_array(value) && json_is_object(json_array_get(value, 0)))
			each_object(root, json_array_get(value, 0));
		json_decref(value);
		free(names[i]);
	}
	free(names);
}

START_TEST(form_of_every_object)
{
	example();
	json_t *json = honest();
	each_object(json, json);
	struct statement *statement = accept_json(forge, json, NULL);
	statement_free(statement);
	const struct forge_options window = {.subject = ANNE,
		.window = {.has_from = true, .from_s = FORGE_START_S, .has_to = true, .to_s = FORGE_START_S + 10}};
	json = forge_statement(forge, &window);
	each_object(json, json);
	json_decref(json);
	const struct forge_options nobody = {.subject = NOBODY};
	json = forge_statement(forge, &nobody);
	each_object(json, json);
	json_decref(json);
	forge_free(forge);
}
END_TEST

/* Spellings of values. STM-2 */
START_TEST(form_of_values)
{
	example();
	json_t *json = honest();
	set_number(item(json, "events", 0), "index", 1ull << 63);
	refuse(json, FINDING_FORM);
	static const char *const base64[] = {"A", "AA", "AA=", "AB==", "AA==\n", " AA==", "AA",
		"_w==", "/w=", "AAAA====", "\xC3\xA6\xC3\xA6", "AAA\xC3\xA6"};
	for (size_t i = 0; i < sizeof base64 / sizeof base64[0]; i++) {
		json = honest();
		json_object_set_new(item(json, "events", 0), "header", json_string(base64[i]));
		refuse(json, FINDING_FORM);
	}
	static const char *const times[] = {"2026-11-23T12:00:00.000Z", "2026-11-23T12:00:00+00:00", "2026-11-23t12:00:00Z",
		"2026-11-23T12:00:00.5Z", "2026-11-23", "1969-12-31T23:59:59Z"};
	for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
		json = honest();
		json_object_set_new(json, "window", json_pack("{s:s}", "from", times[i]));
		refuse(json, FINDING_FORM);
	}
	json = honest();
	json_object_set_new(json, "window", json_object());
	refuse(json, FINDING_FORM);
	json = honest();
	json_object_set_new(
		json, "window", json_pack("{s:s, s:s}", "from", "2026-11-23T12:00:00Z", "to", "2026-11-23T12:00:00Z"));
	refuse(json, FINDING_FORM);
	json = honest();
	json_object_set_new(item(json, "events", 1), "withheld", json_false());
	refuse(json, FINDING_FORM);
	json = honest();
	json_object_set(item(json, "events", 0), "erased", part(item(json, "events", 2), "erased"));
	refuse(json, FINDING_FORM);
	json = honest();
	json_object_set_new(part(json, "epoch"), "last", json_array());
	refuse(json, FINDING_FORM);
	json = honest();
	set_number(part(json, "map"), "count", 0);
	refuse(json, FINDING_FORM);
	forge_free(forge);
}
END_TEST

/* What does not belong together. STM-2 */
START_TEST(form_of_the_whole)
{
	example();
	const struct forge_options nobody = {.subject = NOBODY};
	json_t *json = forge_statement(forge, &nobody), *other = honest();
	json_object_set(json, "events", part(other, "events"));
	refuse(json, FINDING_FORM);
	json = forge_statement(forge, &nobody);
	json_object_set(json, "range", part(other, "range"));
	refuse(json, FINDING_FORM);
	json_decref(other);
	/* Neighbours without a window, or at an end that it leaves open. */
	const struct forge_options window = {.subject = ANNE, .window = {.has_to = true, .to_s = FORGE_START_S + 10}};
	json = forge_statement(forge, &window);
	json_object_del(json, "window");
	refuse(json, FINDING_FORM);
	json = forge_statement(forge, &window);
	json_object_set(json, "before", part(json, "after"));
	refuse(json, FINDING_FORM);
	json = forge_statement(forge, &nobody);
	other = forge_statement(forge, &window);
	json_object_set(json, "window", part(other, "window"));
	json_object_set(json, "after", part(other, "after"));
	json_decref(other);
	refuse(json, FINDING_FORM);
	/* An erasure that erases nothing that is shown, or one of a period with a person's opening; lists that do not
	 * ascend. */
	json = honest();
	json_object_set_new(item(json, "erasures", 0), "opening", forge_base64(BYTES_ARRAY(forge->vrf_secret.b)));
	refuse(json, FINDING_FORM);
	json = honest();
	json_array_append(part(json, "erasures"), item(json, "erasures", 0));
	refuse(json, FINDING_FORM);
	forge_erase_person(forge, ANNE);
	forge_erase_period(forge, FORGE_START_S, 1);
	json = honest();
	json_array_append_new(part(json, "erasures"), forge_included(forge, forge->entry_count - 1, 0));
	refuse(json, FINDING_FORM);
	forge_free(forge);
}
END_TEST

static void swap(json_t *list)
{
	json_t *first = json_incref(json_array_get(list, 0));
	json_array_remove(list, 0);
	json_array_append_new(list, first);
}

/* Lists that must ascend, each with two items that are good in themselves; paths that are empty. STM-2 */
START_TEST(form_of_order)
{
	example();
	forge_sender_change(forge, 1, SENDER_ROTATE, true, false);
	forge_one(forge, ANNE);
	forge_erase_person(forge, ANNE);
	forge_epoch(forge);
	statement_free(accept_json(forge, honest(), NULL));
	json_t *json = honest();
	swap(part(json, "erasures"));
	refuse(json, FINDING_FORM);
	json = honest();
	swap(part(part(json, "signatures"), "senders"));
	refuse(json, FINDING_FORM);
	json = honest();
	swap(part(part(json, "signatures"), "batches"));
	refuse(json, FINDING_FORM);
	json = honest();
	json_object_set_new(item(part(json, "signatures"), "batches", 0), "paths", json_object());
	refuse(json, FINDING_FORM);
	forge_free(forge);
}
END_TEST

/* ---- about whom, and the log ---- */

/* STM-3, STM-4 */
START_TEST(the_subject_is_checked)
{
	static const char *const spellings[] = {
		"cpr:010170-1234", "CPR:0101701234", "cpr:0101701234 ", "0101701234", "oid:1.2.208.176.1.2:0101701234", ""};
	const struct statement_options bent = {.subject = BENT};
	example();
	for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
		json_t *json = honest();
		json_object_set_new(json, "subject", json_string(spellings[i]));
		refuse(json, FINDING_SUBJECT_SPELLING);
	}
	refuse_json(forge, honest(), &bent, FINDING_SUBJECT_OTHER);
	forge_free(forge);
}
END_TEST

/* STM-5, STM-7, STM-8, STM-9 */
START_TEST(log_and_genesis)
{
	example();
	json_t *json = honest();
	struct forge *other = forge_new();
	memset(other->log_secret, 7, sizeof other->log_secret);
	forge_one(other, ANNE);
	json_object_set_new(json, "checkpoint", forge_checkpoint(other, 0));
	refuse(json, FINDING_CHECKPOINT);
	forge_free(other);

	json = honest();
	json_object_set(part(json, "genesis"), "entry", part(item(json, "events", 0), "entry"));
	refuse(json, FINDING_GENESIS_ENTRY);
	json = honest();
	spoil_hash(part(json, "genesis"), "inclusion");
	refuse(json, FINDING_GENESIS_INCLUSION);
	/* A genesis entry that is not at index 0: its inclusion is checked there. */
	struct entry entry;
	ck_ok(entry_decode(bytes_of(forge->entries[0].data, forge->entries[0].len), &entry));
	entry.genesis.vrf_key[0] ^= 1;
	uint64_t second = forge_append(forge, &entry);
	json = honest();
	json_t *included = forge_included(forge, second, 0);
	json_object_del(included, "index");
	json_object_set_new(json, "genesis", included);
	refuse(json, FINDING_GENESIS_INCLUSION);
	/* A log that begins with the genesis entry of another one. */
	forge->entries[0].data[1 + 2 + 8 + 2]++;
	forge_rehash(forge, 0);
	refuse(honest(), FINDING_GENESIS_KEY);
	forge->entries[0].data[1 + 2 + 8 + 2]--;
	forge->entries[0].data[1 + 2 + 8 + 2 + strlen(FORGE_ORIGIN)]++;
	forge_rehash(forge, 0);
	refuse(honest(), FINDING_GENESIS_KEY);
	forge_free(forge);
}
END_TEST

/* Appends the honest epoch, changed, and gives a statement that uses it. */
static json_t *with_epoch(uint64_t size, int64_t time_change)
{
	struct entry entry = {.kind = ENTRY_EPOCH};
	forge_compute_epoch(forge, size, &entry.epoch);
	entry.epoch.time_s += (uint64_t)time_change;
	const struct forge_options options = {.subject = ANNE, .epoch = forge_append(forge, &entry)};
	return forge_statement(forge, &options);
}

/* STM-10, STM-11, STM-12 */
START_TEST(the_epoch_is_checked)
{
	example();
	json_t *json = honest();
	json_object_set(part(json, "epoch"), "entry", part(part(json, "genesis"), "entry"));
	refuse(json, FINDING_EPOCH_ENTRY);
	json = honest();
	spoil(part(json, "epoch"), "entry"); /* the filing root: still an epoch entry */
	refuse(json, FINDING_EPOCH_INCLUSION);
	json = honest();
	set_number(part(json, "epoch"), "index", 9);
	refuse(json, FINDING_EPOCH_INCLUSION);
	/* An epoch that covers its own place or more. */
	struct entry entry = {.kind = ENTRY_EPOCH};
	json = honest();
	forge_compute_epoch(forge, forge->entry_count, &entry.epoch);
	entry.epoch.size++;
	uint64_t index = forge_append(forge, &entry);
	json_object_set_new(json, "checkpoint", forge_checkpoint(forge, 0));
	json_t *genesis = forge_included(forge, 0, 0);
	json_object_del(genesis, "index");
	json_object_set_new(json, "genesis", genesis);
	json_t *shown = forge_included(forge, index, 0);
	json_object_set(shown, "last", part(part(json, "epoch"), "last"));
	json_object_set_new(json, "epoch", shown);
	refuse(json, FINDING_EPOCH_SIZE);
	forge_free(forge);
}
END_TEST

/* STM-13, STM-14, STM-15 */
START_TEST(the_epochs_time_is_checked)
{
	example();
	refuse(with_epoch(forge->entry_count, 1), FINDING_EPOCH_TIME);
	refuse(with_epoch(forge->entry_count, -1), FINDING_EPOCH_TIME);
	/* The newest entries are the epochs of above, a batch entry and an event. */
	json_t *json = with_epoch(forge->entry_count, 0);
	json_t *last = part(part(json, "epoch"), "last");
	ck_assert_uint_eq(json_array_size(last), 4);
	json_array_remove(last, 3);
	refuse(json, FINDING_EPOCH_LAST);
	json = with_epoch(forge->entry_count, 0);
	json_array_remove(part(part(json, "epoch"), "last"), 0);
	refuse(json, FINDING_EPOCH_LAST); /* a batch entry has no time */
	json = with_epoch(forge->entry_count, 0);
	json_array_remove(part(part(json, "epoch"), "last"), 1);
	refuse(json, FINDING_EPOCH_LAST);
	json = with_epoch(forge->entry_count, 0);
	json_array_insert_new(part(part(json, "epoch"), "last"), 0, forge_included(forge, 10, 0));
	refuse(json, FINDING_EPOCH_LAST);
	json = with_epoch(forge->entry_count, 0);
	spoil_hash(item(part(json, "epoch"), "last", 0), "inclusion");
	refuse(json, FINDING_EPOCH_LAST_INCLUSION);
	/* An older entry with a time before the newest one. */
	json = with_epoch(8, 0);
	last = part(part(json, "epoch"), "last");
	json_array_insert_new(last, 0, forge_included(forge, 6, 0));
	refuse(json, FINDING_EPOCH_LAST);
	forge_free(forge);
}
END_TEST

/* ---- witnesses ---- */

/* STM-6 */
START_TEST(the_witnesses_are_checked)
{
	example();
	struct witness_policy *policy = two_of_three();
	const struct statement_options options = {.policy = policy};
	refuse_json(forge, honest(), &options, FINDING_WITNESSES);
	forge_cosign(forge, 1, 0, FORGE_START_S + 40);
	forge_cosign(forge, 4, 0, FORGE_START_S + 40);
	refuse_json(forge, honest(), &options, FINDING_WITNESSES);
	forge_cosign(forge, 3, 0, FORGE_START_S + 50);
	struct statement *statement = accept_json(forge, honest(), &options);
	ck_assert(statement->witnessed.proven);
	ck_assert_uint_eq(statement->witnessed.quorum.count, 2);
	ck_assert_uint_eq(statement->witnessed.quorum.time_s, FORGE_START_S + 40);
	statement_free(statement);
	/* Without the policy nobody looks. */
	statement = accept_json(forge, honest(), NULL);
	ck_assert(!statement->witnessed.proven && statement->witnessed.quorum.count == 0);
	statement_free(statement);
	/* A cosignature of another checkpoint makes the note invalid. */
	forge_cosign(forge, 2, 5, FORGE_START_S + 50);
	refuse_json(forge, honest(), &options, FINDING_WITNESSES);
	free(policy);
	/* A policy that asks for nothing proves nothing. */
	struct fault fault;
	ck_ok(witness_policy_parse(BYTES_LITERAL("quorum none\n"), &policy, &fault));
	const struct statement_options none = {.policy = policy};
	statement = accept_json(forge, honest(), &none);
	ck_assert(!statement->witnessed.proven);
	statement_free(statement);
	free(policy);
	forge_free(forge);
}
END_TEST

static void cosign_anew(uint64_t first_s, uint64_t second_s)
{
	memset(forge->cosignatures, 0, sizeof forge->cosignatures);
	forge_cosign(forge, 1, 0, first_s);
	forge_cosign(forge, 2, 0, second_s);
}

/* By the quorum's time: the clock of one witness, however far ahead, changes nothing. STM-16, STM-30 */
START_TEST(freshness_is_the_quorums)
{
	example(); /* an event came after the epoch */
	const uint64_t epoch_s = FORGE_START_S + 20;
	struct witness_policy *policy = two_of_three();
	const struct statement_options options = {.policy = policy};
	cosign_anew(epoch_s + 1000000, epoch_s + FORGE_LAG_SECONDS);
	statement_free(accept_json(forge, honest(), &options));
	cosign_anew(epoch_s + FORGE_LAG_SECONDS + 1, epoch_s + FORGE_LAG_SECONDS + 1);
	refuse_json(forge, honest(), &options, FINDING_EPOCH_STALE);
	statement_free(accept_json(forge, honest(), NULL));
	/* Nothing was appended since: as new as can be. */
	forge_epoch(forge);
	cosign_anew(FORGE_START_S + 1000000, FORGE_START_S + 999);
	statement_free(accept_json(forge, honest(), &options));
	/* What was withheld until then is due, though the epoch is older. */
	cosign_anew(FORGE_START_S + 1000, FORGE_START_S + 1000);
	refuse_json(forge, honest(), &options, FINDING_WITHHELD_PAST);
	/* An epoch at the end of the log that does not cover all before it is as old as its time. */
	json_t *json = with_epoch(forge->entry_count - 1, 0);
	json_decref(json);
	cosign_anew(FORGE_START_S + 998, FORGE_START_S + 999);
	refuse_json(forge, honest(), &options, FINDING_EPOCH_STALE);
	free(policy);
	forge_free(forge);
}
END_TEST

/* STM-17 */
START_TEST(the_label_is_checked)
{
	example();
	json_t *json = honest();
	spoil(json, "vrf_proof");
	refuse(json, FINDING_VRF);
	const struct forge_options bent = {.subject = BENT};
	json = honest();
	json_t *other = forge_statement(forge, &bent);
	json_object_set(json, "vrf_proof", part(other, "vrf_proof"));
	json_decref(other);
	refuse(json, FINDING_VRF);
	forge->vrf_secret.b[0] ^= 1; /* another key than genesis has */
	refuse(honest(), FINDING_VRF);
	forge_free(forge);
}
END_TEST

/* ---- events ---- */

/* STM-18, STM-19, STM-20: erasure entries */
START_TEST(erasure_entries_are_checked)
{
	example();
	uint64_t person = forge_erase_person(forge, ANNE);
	forge_epoch(forge);
	json_t *json = honest();
	ck_assert_uint_eq(json_array_size(part(json, "erasures")), 2);
	json_object_set(item(json, "erasures", 0), "entry", part(part(json, "epoch"), "entry"));
	refuse(json, FINDING_ERASURE_ENTRY);
	json = honest();
	spoil_hash(item(json, "erasures", 1), "inclusion");
	refuse(json, FINDING_ERASURE_INCLUSION);
	json = honest();
	spoil(item(json, "erasures", 1), "opening");
	refuse(json, FINDING_ERASURE_OPENING);
	json = honest();
	json_object_del(item(json, "erasures", 1), "opening");
	refuse(json, FINDING_ERASURE_OPENING);
	/* Somebody else's erasure. */
	uint64_t bent = forge_erase_person(forge, BENT);
	json = honest();
	json_t *erasure = forge_included(forge, bent, 0);
	struct key opening;
	forge_opening(bent, &opening);
	json_object_set_new(erasure, "opening", forge_base64(BYTES_ARRAY(opening.b)));
	json_array_append_new(part(json, "erasures"), erasure);
	refuse(json, FINDING_ERASURE_OPENING);
	ck_assert_uint_lt(person, bent);
	forge_free(forge);
}
END_TEST

/* STM-21, STM-22, STM-23, STM-24, STM-25 */
START_TEST(the_events_are_checked)
{
	example();
	json_t *json = honest();
	json_array_insert(part(json, "events"), 0, item(json, "events", 1));
	refuse(json, FINDING_EVENT_ORDER);
	json = honest();
	json_array_append(part(json, "events"), item(json, "events", 4));
	refuse(json, FINDING_EVENT_ORDER);
	json = honest();
	json_t *event =
		forge_event_json(forge, forge_event_at(forge, number_of(item(json, "later", 0), "index")), FORGE_START_S, 0, 0);
	json_array_append_new(part(json, "events"), event);
	refuse(json, FINDING_EVENT_UNCOVERED);
	json = honest();
	json_object_set(item(json, "events", 0), "entry", part(part(json, "epoch"), "entry"));
	refuse(json, FINDING_FORM); /* longer than an event's entry can be */
	json = honest();
	uint8_t mass[ENTRY_EVENT_BYTES];
	memcpy(mass, forge->entries[2].data, sizeof mass);
	mass[0] = ENTRY_MASS;
	json_object_set_new(item(json, "events", 0), "entry", forge_base64(BYTES_ARRAY(mass)));
	refuse(json, FINDING_EVENT_ENTRY);
	/* Times that do not fit the place. */
	json = honest();
	forge->entries[2].data[20] += 15;
	json_object_set_new(
		item(json, "events", 0), "entry", forge_base64(bytes_of(forge->entries[2].data, ENTRY_EVENT_BYTES)));
	refuse(json, FINDING_EVENT_TIME);
	forge->entries[2].data[20] -= 15;
	json = honest();
	json_object_set_new(item(json, "events", 0), "header", json_string("AA=="));
	refuse(json, FINDING_EVENT_HEADER);
	forge_free(forge);
}
END_TEST

/* STM-26 */
START_TEST(the_commitments_are_checked)
{
	static const char *const members[] = {"c_r", "disclosed"};
	example();
	for (size_t i = 0; i < 2; i++) {
		json_t *json = honest();
		spoil(item(json, "events", 0), members[i]);
		refuse(json, FINDING_EVENT_COMMITMENT);
	}
	json_t *json = honest();
	spoil(item(json, "events", 1), "c_d");
	refuse(json, FINDING_EVENT_COMMITMENT);
	/* A header of another event that is as well-formed. */
	json = honest();
	json_object_set(item(json, "events", 0), "header", part(item(json, "events", 1), "header"));
	refuse(json, FINDING_EVENT_COMMITMENT);
	/* The restricted part of another event. */
	json = honest();
	json_object_set(item(json, "events", 0), "c_r", part(item(json, "events", 3), "c_r"));
	refuse(json, FINDING_EVENT_COMMITMENT);
	json = honest();
	spoil(item(json, "later", 0), "c_r");
	refuse(json, FINDING_EVENT_COMMITMENT);
	forge_free(forge);
}
END_TEST

/* Replaces the disclosed part of the event at `index` in the forge before it is used: the ledger made up an event. */
static void disclose(uint64_t index, struct bytes disclosed)
{
	struct entry entry;
	struct forge_event *event = forge_event_at(forge, index);
	free((void *)(uintptr_t)event->disclosed.data);
	uint8_t *copy = malloc(disclosed.len);
	memcpy(copy, disclosed.data, disclosed.len);
	event->disclosed = bytes_of(copy, disclosed.len);
	event_commit_disclosed(&event->c_r, event->disclosed, &event->c_d);
	event_commitment(event->header, &event->c_d, &event->entry.commitment);
	ck_ok(entry_decode(bytes_of(forge->entries[index].data, forge->entries[index].len), &entry));
	memcpy(forge->entries[index].data + 21, event->entry.commitment.b, 32);
	forge_rehash(forge, index);
}

/* STM-27, STM-28 */
START_TEST(the_contents_are_checked)
{
	const struct forge_options plain = {.subject = ANNE};
	example();
	disclose(6, BYTES_LITERAL("\xA0\x00"));
	forge_epoch(forge);
	refuse(forge_statement(forge, &plain), FINDING_EVENT_CONTENT);
	forge_free(forge);
	example();
	disclose(6, forge_event_at(forge, 5)->disclosed);
	forge_epoch(forge);
	refuse(forge_statement(forge, &plain), FINDING_EVENT_SUBJECT);
	disclose(6, BYTES_LITERAL("\xA0")); /* about nobody */
	forge_epoch(forge);
	refuse(forge_statement(forge, &plain), FINDING_EVENT_SUBJECT);
	forge_free(forge);
}
END_TEST

static void call_withheld(json_t *event, uint64_t index)
{
	json_object_del(event, "disclosed");
	json_object_del(event, "c_r");
	json_object_del(event, "erased");
	json_object_set_new(event, "c_d", forge_base64(hash_bytes(&forge_event_at(forge, index)->c_d)));
	json_object_set_new(event, "withheld", json_true());
}

static void call_erased(json_t *event, uint64_t index, uint64_t by)
{
	call_withheld(event, index);
	json_object_del(event, "withheld");
	set_number(event, "erased", by);
}

/* STM-29, STM-30, STM-31, STM-32, STM-33 */
START_TEST(the_states_are_checked)
{
	example();
	json_t *json = honest();
	call_withheld(item(json, "events", 0), 2);
	refuse(json, FINDING_WITHHELD_NEVER);
	json = honest();
	json_t *later = item(json, "later", 0);
	call_withheld(later, number_of(later, "index"));
	refuse(json, FINDING_WITHHELD_NEVER);
	json = honest();
	call_erased(item(json, "events", 0), 2, 10);
	refuse(json, FINDING_ERASED_UNPROVEN);
	json = honest();
	call_erased(item(json, "events", 0), 2, number_of(item(json, "erasures", 0), "index"));
	refuse(json, FINDING_ERASED_OTHER); /* of another retention class */
	json = honest();
	later = item(json, "later", 0);
	call_erased(later, number_of(later, "index"), number_of(item(json, "erasures", 0), "index"));
	refuse(json, FINDING_ERASED_EARLIER);
	/* The same class of another month. */
	forge_erase_period(forge, FORGE_START_S - 40 * 86400, 5);
	json = honest();
	json_array_append_new(part(json, "erasures"), forge_included(forge, forge->entry_count - 1, 0));
	call_erased(item(json, "events", 0), 2, forge->entry_count - 1);
	refuse(json, FINDING_ERASED_OTHER);
	/* On its date the withheld event opens. */
	forge->now_s = FORGE_START_S + 1000;
	forge_one(forge, BENT);
	forge_epoch(forge);
	json = honest();
	call_withheld(item(json, "events", 1), 3);
	refuse(json, FINDING_WITHHELD_PAST);
	forge_free(forge);
}
END_TEST

UNIT_MAIN("statement_checks", form_of_the_file, form_of_every_object, form_of_values, form_of_the_whole, form_of_order,
	the_subject_is_checked, log_and_genesis, the_epoch_is_checked, the_epochs_time_is_checked,
	the_witnesses_are_checked, freshness_is_the_quorums, the_label_is_checked, erasure_entries_are_checked,
	the_events_are_checked, the_commitments_are_checked, the_contents_are_checked, the_states_are_checked)
