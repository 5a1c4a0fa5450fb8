#include "tests/lib/statement_case.h"

#include "ledger/tree/subject_map.h"
#include "tests/lib/forged_vector.h"

struct asked asked;

/* ---- ledgers ---- */

void anne_has(unsigned count)
{
	forge = forge_new();
	for (unsigned i = 0; i < count; i++) {
		forge->now_s += 10;
		forge_one(forge, ANNE);
	}
}

json_t *about_anne(void)
{
	const struct forge_options options = {.subject = ANNE};
	forge_epoch(forge);
	return forge_statement(forge, &options);
}

json_t *one_event(void)
{
	anne_has(1);
	return about_anne();
}

json_t *signed_events(unsigned count)
{
	const struct forge_options options = {.subject = ANNE, .signatures = true};
	anne_has(count);
	forge_epoch(forge);
	return forge_statement(forge, &options);
}

json_t *audited_event(void)
{
	const struct forge_options options = {.subject = ANNE, .audit = true};
	anne_has(1);
	forge_epoch(forge);
	asked.auditor = true;
	return forge_statement(forge, &options);
}

json_t *nobody(void)
{
	const struct forge_options options = {.subject = NOBODY};
	anne_has(1);
	forge_epoch(forge);
	return forge_statement(forge, &options);
}

/* ---- what does not follow the rules ---- */

uint64_t append_sender(enum sender_action action, void (*change)(struct entry_sender *entry))
{
	struct entry entry;
	uint64_t version = forge->senders[0].version;
	ck_ok(entry_decode(bytes_of(forge->entries[version].data, forge->entries[version].len), &entry));
	entry.sender.action = action;
	entry.sender.follows = action == SENDER_REGISTER ? FOLLOWS_NOTHING : version;
	entry.sender.change = action == SENDER_REGISTER ? 0 : entry.sender.change + 1;
	entry.sender.time_s = forge->now_s;
	if (change != NULL)
		change(&entry.sender);
	return forge_append(forge, &entry);
}

json_t *filed_as(const uint64_t *indexes, size_t count, uint64_t size)
{
	struct entry entry = {.kind = ENTRY_EPOCH};
	struct hash leaves[16], blind, root, value;
	struct blinding_keys keys;
	struct subject_map *map;
	struct label label;
	json_t *events = json_array();
	ck_assert(count <= 16);
	forge_label(forge, ANNE, &label);
	blinding_keys_derive(&forge->vrf_secret, &keys);
	forge_compute_epoch(forge, size ? size : forge->entry_count, &entry.epoch);
	for (size_t i = 0; i < count; i++) {
		const struct forge_event *event = forge_event_at(forge, indexes[i]);
		blind_make(&keys.subject, event->index, &blind);
		subject_leaf_hash(&blind, event->index, &forge->entries[event->index].leaf, &leaves[i]);
		json_array_append_new(events, forge_event_json(forge, event, entry.epoch.time_s, 0, 0));
	}
	merkle_root_of_leaves(leaves, count, &root);
	subject_value(count, &root, &value);
	ck_ok(subject_map_new(&map));
	ck_ok(subject_map_set(map, label.b, &value));
	subject_map_root(map, &entry.epoch.map_root);
	subject_map_free(map);
	const struct forge_options options = {.subject = ANNE, .epoch = forge_append(forge, &entry)};
	json_t *json = forge_statement(forge, &options);
	json_object_set_new(json, "events", events);
	json_object_set_new(
		json, "map", json_pack("{s:b,s:I,s:s}", "present", true, "count", (json_int_t)count, "proof", ""));
	json_object_set_new(json, "range", json_pack("{s:I,s:[]}", "first", (json_int_t)0, "proof"));
	json_object_set_new(json, "later", json_array());
	return json;
}

void as_neighbour(json_t *json, const char *name)
{
	json_t *events = part(json, "events");
	size_t at = strcmp(name, "before") == 0 ? 0 : json_array_size(events) - 1;
	const json_t *event = json_array_get(events, at);
	json_object_set_new(json, name,
		json_pack("{s:O,s:O,s:O}", "index", part(event, "index"), "blind", part(event, "blind"), "entry",
			part(event, "entry")));
	json_array_remove(events, at);
}

void set_window(json_t *json, unsigned from, unsigned to)
{
	char text[32];
	json_t *window = json_object();
	if (from > 0) {
		snprintf(text, sizeof text, "2026-11-23T12:%02u:%02uZ", from / 60, from % 60);
		json_object_set_new(window, "from", json_string(text));
	}
	if (to > 0) {
		snprintf(text, sizeof text, "2026-11-23T12:%02u:%02uZ", to / 60, to % 60);
		json_object_set_new(window, "to", json_string(text));
	}
	json_object_set_new(json, "window", window);
}

void recommit(struct forge_event *event)
{
	event_commit_disclosed(&event->c_r, event->disclosed, &event->c_d);
	event_commitment(event->header, &event->c_d, &event->entry.commitment);
	memcpy(forge->entries[event->index].data + 21, event->entry.commitment.b, HASH_BYTES);
	forge_rehash(forge, event->index);
}

void replace(struct bytes *value, struct bytes with)
{
	uint8_t *copy = malloc(with.len + 1);
	memcpy(copy, with.data, with.len);
	free((void *)(uintptr_t)value->data);
	*value = bytes_of(copy, with.len);
}

void overwrite(uint64_t index, size_t at, const void *bytes, size_t len)
{
	ck_assert_uint_le(at + len, forge->entries[index].len);
	memcpy(forge->entries[index].data + at, bytes, len);
	forge_rehash(forge, index);
}

void cosigned_by_two(uint64_t first_s, uint64_t second_s)
{
	two_of_three_text(asked.policy_text);
	asked.policy = asked.policy_text;
	forge_cosign(forge, 1, 0, first_s);
	forge_cosign(forge, 2, 0, second_s);
}

void try_case(const struct statement_case *one)
{
	struct fault fault = {.text = ""};
	struct witness_policy *policy = NULL;
	memset(&asked, 0, sizeof asked);
	forge = NULL;
	json_t *json = one->make();
	if (asked.policy != NULL)
		ck_ok(witness_policy_parse(bytes_text(asked.policy), &policy, &fault));
	const struct statement_options options = {
		.subject = asked.subject, .policy = policy, .auditor = asked.auditor ? &forge->auditor : NULL};
	char *document = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	if (asked.from != NULL) {
		char *edited = NULL, *at = strstr(document, asked.from);
		ck_assert_msg(at != NULL, "no %s", asked.from);
		ck_assert_int_gt(
			asprintf(&edited, "%.*s%s%s", (int)(at - document), document, asked.to, at + strlen(asked.from)), 0);
		free(document);
		document = edited;
	}
	write_vector("statement", one->name, one->about, "statement", document, &forge->vkey, asked.subject, asked.policy,
		options.auditor, one->finding);
	struct finding finding = {.text = ""};
	struct statement *statement = NULL;
	enum error error = statement_verify(bytes_text(document), &forge->vkey, &options, &statement, &finding);
	ck_assert_msg((error == E_OK) == (one->finding == FINDING_NONE) && finding.code == one->finding,
		"%s: %s instead of %s: %s", one->name, finding_name(finding.code), finding_name(one->finding), finding.text);
	statement_free(statement);
	free(document);
	free(policy);
	forge_free(forge);
}
