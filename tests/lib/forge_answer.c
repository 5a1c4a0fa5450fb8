#include "ledger/note/note_sign.h"
#include "ledger/proof/auditor_note.h"
#include "ledger/text/timestamp.h"
#include "ledger/tree/merkle.h"
#include "ledger/tree/subject_map.h"
#include "tests/lib/forge.h"
#include "tests/lib/unit.h"

#include <inttypes.h>
#include <string.h>

#define LEAVES_MAX 4096

/* ---- trees over what was filed ---- */

struct leaves {
	size_t count;
	struct hash hashes[LEAVES_MAX];
	const struct forge_event *events[LEAVES_MAX];
};

static enum error leaf_node(void *context, uint32_t level, uint64_t index, struct hash *out)
{
	const struct hash *leaves = context;
	merkle_root_of_leaves(leaves + (index << level), 1ull << level, out);
	return E_OK;
}

static void blinding(const struct forge *forge, struct blinding_keys *out)
{
	blinding_keys_derive(&forge->vrf_secret, out);
}

static bool filed_under(const struct forge_event *event, const struct label *label)
{
	return (event->filed && memcmp(&event->label, label, sizeof *label) == 0) ||
		   (event->twice && memcmp(&event->second, label, sizeof *label) == 0);
}

/* The subject tree of a label over the events below `size`. To be freed. */
static struct leaves *subject_leaves(const struct forge *forge, const struct label *label, uint64_t size)
{
	struct blinding_keys keys;
	struct leaves *leaves = calloc(1, sizeof *leaves);
	ck_assert_ptr_nonnull(leaves);
	blinding(forge, &keys);
	for (size_t i = 0; i < forge->event_count; i++) {
		const struct forge_event *event = &forge->events[i];
		struct hash blind;
		if (event->index >= size || !filed_under(event, label))
			continue;
		ck_assert_uint_lt(leaves->count, LEAVES_MAX);
		blind_make(&keys.subject, event->index, &blind);
		leaves->events[leaves->count] = event;
		subject_leaf_hash(&blind, event->index, &forge->entries[event->index].leaf, &leaves->hashes[leaves->count++]);
	}
	return leaves;
}

static struct leaves *filing_leaves(const struct forge *forge, uint64_t size)
{
	struct blinding_keys keys;
	struct leaves *leaves = calloc(1, sizeof *leaves);
	ck_assert_ptr_nonnull(leaves);
	blinding(forge, &keys);
	for (size_t i = 0; i < forge->event_count; i++) {
		const struct forge_event *event = &forge->events[i];
		struct hash blind;
		if (event->index >= size || !event->filed)
			continue;
		ck_assert_uint_lt(leaves->count, LEAVES_MAX);
		blind_make(&keys.filing, event->index, &blind);
		leaves->events[leaves->count] = event;
		filing_leaf_hash(&blind, event->index, &event->label, &leaves->hashes[leaves->count++]);
	}
	return leaves;
}

static void put_label(const struct forge *forge, const struct label *label, uint64_t size, struct subject_map *map)
{
	struct hash root, value;
	struct leaves *leaves = subject_leaves(forge, label, size);
	merkle_root_of_leaves(leaves->hashes, leaves->count, &root);
	subject_value(leaves->count, &root, &value);
	ck_ok(subject_map_set(map, label->b, &value));
	free(leaves);
}

static struct subject_map *map_of(const struct forge *forge, uint64_t size)
{
	struct subject_map *map;
	ck_ok(subject_map_new(&map));
	for (size_t i = 0; i < forge->event_count && forge->events[i].index < size; i++) {
		if (forge->events[i].filed)
			put_label(forge, &forge->events[i].label, size, map);
		if (forge->events[i].twice)
			put_label(forge, &forge->events[i].second, size, map);
	}
	return map;
}

void forge_compute_epoch(struct forge *forge, uint64_t size, struct entry_epoch *out)
{
	struct subject_map *map = map_of(forge, size);
	struct leaves *leaves = filing_leaves(forge, size);
	*out = (struct entry_epoch){.size = size, .time_s = forge->now_s};
	for (uint64_t i = size; i-- > 0;) {
		struct entry entry;
		const struct forge_entry *at = &forge->entries[i];
		ck_ok(entry_decode(bytes_of(at->data, at->len), &entry));
		if (entry_time(&entry, &out->time_s))
			break;
	}
	subject_map_root(map, &out->map_root);
	merkle_root_of_leaves(leaves->hashes, leaves->count, &out->filing_root);
	subject_map_free(map);
	free(leaves);
}

/* ---- parts ---- */

json_t *forge_base64(struct bytes value)
{
	size_t max = sodium_base64_encoded_len(value.len, sodium_base64_VARIANT_ORIGINAL);
	char *text = malloc(max);
	ck_assert_ptr_nonnull(text);
	json_t *json = json_string(sodium_bin2base64(text, max, value.data, value.len, sodium_base64_VARIANT_ORIGINAL));
	free(text);
	return json;
}

static json_t *hash_list(const struct hash *hashes, size_t count)
{
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, forge_base64(hash_bytes(&hashes[i])));
	return list;
}

static struct hash *log_leaves(const struct forge *forge, uint64_t size)
{
	struct hash *leaves = calloc(size + 1, sizeof *leaves);
	ck_assert_ptr_nonnull(leaves);
	for (uint64_t i = 0; i < size; i++)
		leaves[i] = forge->entries[i].leaf;
	return leaves;
}

json_t *forge_checkpoint(const struct forge *forge, uint64_t size)
{
	static char note[NOTE_BYTES_MAX];
	struct bytes signed_note;
	struct checkpoint checkpoint = {.origin = FORGE_ORIGIN, .size = size ? size : forge->entry_count};
	struct hash *leaves = log_leaves(forge, checkpoint.size);
	merkle_root_of_leaves(leaves, checkpoint.size, &checkpoint.root);
	free(leaves);
	struct writer w = writer_of(note, sizeof note);
	ck_ok(checkpoint_sign(&checkpoint, &forge->vkey, forge->log_secret, &w));
	writer_bytes(&w, bytes_text(forge->cosignatures));
	ck_ok(writer_done(&w, &signed_note));
	return json_stringn(note, signed_note.len);
}

static json_t *inclusion(const struct forge *forge, uint64_t index, uint64_t size)
{
	struct merkle_proof proof;
	struct hash *leaves = log_leaves(forge, size ? size : forge->entry_count);
	const struct merkle_nodes nodes = {leaf_node, leaves};
	ck_ok(merkle_prove_inclusion(&nodes, index, size ? size : forge->entry_count, &proof));
	free(leaves);
	return hash_list(proof.hashes, proof.count);
}

static json_t *entry_json(const struct forge *forge, uint64_t index)
{
	return forge_base64(bytes_of(forge->entries[index].data, forge->entries[index].len));
}

json_t *forge_included(const struct forge *forge, uint64_t index, uint64_t size)
{
	return json_pack("{s:I, s:o, s:o}", "index", (json_int_t)index, "entry", entry_json(forge, index), "inclusion",
		inclusion(forge, index, size));
}

static json_t *blind_json(const struct forge *forge, uint64_t index)
{
	struct hash blind;
	struct blinding_keys keys;
	blinding(forge, &keys);
	blind_make(&keys.subject, index, &blind);
	return forge_base64(hash_bytes(&blind));
}

json_t *forge_event_json(
	const struct forge *forge, const struct forge_event *event, uint64_t epoch_s, uint64_t erased_by, uint64_t size)
{
	struct event_header header = {0};
	struct reader in = reader_of(event->header);
	json_t *json = json_pack("{s:I, s:o, s:o}", "index", (json_int_t)event->index, "entry",
		entry_json(forge, event->index), "header", forge_base64(event->header));
	event_header_decode(&in, &header);
	if (erased_by != 0)
		json_object_set_new(json, "erased", json_integer((json_int_t)erased_by));
	else if (header.withheld_until_s > epoch_s)
		json_object_set_new(json, "withheld", json_true());
	if (json_object_size(json) > 3) {
		json_object_set_new(json, "c_d", forge_base64(hash_bytes(&event->c_d)));
	} else {
		json_object_set_new(json, "disclosed", forge_base64(event->disclosed));
		json_object_set_new(json, "c_r", forge_base64(hash_bytes(&event->c_r)));
	}
	if (size == 0)
		json_object_set_new(json, "blind", blind_json(forge, event->index));
	else
		json_object_set_new(json, "inclusion", inclusion(forge, event->index, size));
	return json;
}

json_t *forge_range_json(
	const struct forge *forge, const struct label *label, uint64_t epoch_size, uint64_t first, uint64_t count)
{
	struct merkle_range_proof proof;
	struct leaves *leaves = subject_leaves(forge, label, epoch_size);
	const struct merkle_nodes nodes = {leaf_node, leaves->hashes};
	ck_ok(merkle_prove_range(&nodes, first, count, leaves->count, &proof));
	free(leaves);
	return json_pack("{s:I, s:o}", "first", (json_int_t)first, "proof", hash_list(proof.hashes, proof.count));
}

json_t *forge_map_json(const struct forge *forge, const struct label *label, uint64_t epoch_size)
{
	static struct map_proof proof;
	struct hash value;
	struct subject_map *map = map_of(forge, epoch_size);
	struct leaves *leaves = subject_leaves(forge, label, epoch_size);
	bool present = subject_map_prove(map, label->b, &value, &proof);
	json_t *json = json_pack("{s:b, s:o}", "present", present, "proof", forge_base64(bytes_of(proof.bytes, proof.len)));
	if (present)
		json_object_set_new(json, "count", json_integer((json_int_t)leaves->count));
	subject_map_free(map);
	free(leaves);
	return json;
}

json_t *forge_audit_json(const struct forge *forge, uint64_t epoch, uint64_t size)
{
	uint8_t text_buffer[1024], note_buffer[2048];
	struct entry entry;
	struct bytes text, signed_note;
	struct auditor_note note = {.origin = FORGE_ORIGIN, .size = size ? size : forge->entry_count, .epoch_index = epoch};
	ck_ok(entry_decode(bytes_of(forge->entries[epoch].data, forge->entries[epoch].len), &entry));
	note.map_root = entry.epoch.map_root;
	note.filing_root = entry.epoch.filing_root;
	struct writer w = writer_of(text_buffer, sizeof text_buffer);
	ck_ok(auditor_note_format(&note, &w));
	ck_ok(writer_done(&w, &text));
	w = writer_of(note_buffer, sizeof note_buffer);
	ck_ok(note_sign(text, &forge->auditor, forge->auditor_secret, &w));
	ck_ok(writer_done(&w, &signed_note));
	return json_pack("{s:s%, s:o}", "note", (const char *)signed_note.data, signed_note.len, "epoch",
		forge_included(forge, epoch, size));
}

/* ---- a statement ---- */

struct building {
	struct forge *forge;
	const struct forge_options *options;
	struct entry_epoch epoch;
	uint64_t epoch_index;
	uint64_t size;
	struct label label;
	struct leaves *leaves; /* the whole subject tree */
	size_t first;          /* of the events shown, in it */
	size_t end;
	json_t *root;
	json_t *erasures;
};

static void decode_at(const struct forge *forge, uint64_t index, struct entry *out)
{
	ck_ok(entry_decode(bytes_of(forge->entries[index].data, forge->entries[index].len), out));
}

static void find_epoch(struct building *b)
{
	struct entry entry;
	for (uint64_t i = b->size; i-- > 0;) {
		decode_at(b->forge, i, &entry);
		if (entry.kind == ENTRY_EPOCH && (b->options->epoch == 0 || b->options->epoch == i)) {
			b->epoch_index = i;
			b->epoch = entry.epoch;
			return;
		}
	}
	ck_abort_msg("no such epoch");
}

static void build_epoch(struct building *b)
{
	struct entry entry;
	json_t *epoch = forge_included(b->forge, b->epoch_index, b->size);
	json_t *last = json_array();
	uint64_t first = b->epoch.size;
	do
		decode_at(b->forge, --first, &entry);
	while (!entry_time(&entry, &(uint64_t){0}));
	for (uint64_t i = first; i < b->epoch.size; i++)
		json_array_append_new(last, forge_included(b->forge, i, b->size));
	json_object_set_new(epoch, "last", last);
	json_object_set_new(b->root, "epoch", epoch);
}

static json_t *time_json(uint64_t time_s)
{
	char text[TIMESTAMP_TEXT_MAX];
	timestamp_format_s(time_s, text);
	return json_string(text);
}

static json_t *leaf_json(const struct forge *forge, uint64_t index)
{
	return json_pack("{s:I, s:o, s:o}", "index", (json_int_t)index, "blind", blind_json(forge, index), "entry",
		entry_json(forge, index));
}

/* Range, window and neighbours. */
static void build_range(struct building *b)
{
	const struct statement_window *window = &b->options->window;
	b->end = b->leaves->count;
	while (window->has_from && b->first < b->end && b->leaves->events[b->first]->entry.time_s < window->from_s)
		b->first++;
	while (window->has_to && b->end > b->first && b->leaves->events[b->end - 1]->entry.time_s >= window->to_s)
		b->end--;
	if (window->has_from || window->has_to) {
		json_t *json = json_object();
		if (window->has_from)
			json_object_set_new(json, "from", time_json(window->from_s));
		if (window->has_to)
			json_object_set_new(json, "to", time_json(window->to_s));
		json_object_set_new(b->root, "window", json);
	}
	if (b->leaves->count == 0)
		return;
	bool before = b->first > 0, after = b->end < b->leaves->count;
	if (before)
		json_object_set_new(b->root, "before", leaf_json(b->forge, b->leaves->events[b->first - 1]->index));
	if (after)
		json_object_set_new(b->root, "after", leaf_json(b->forge, b->leaves->events[b->end]->index));
	json_object_set_new(b->root, "range",
		forge_range_json(b->forge, &b->label, b->epoch.size, b->first - before, b->end - b->first + before + after));
}

/* The first erasure entry that covers the event, put into the list; 0 for none. */
static uint64_t erased_by(struct building *b, const struct forge_event *event)
{
	for (uint64_t i = event->index + 1; i < b->size; i++) {
		struct entry entry;
		struct key opening;
		struct hash commitment;
		char key[24];
		decode_at(b->forge, i, &entry);
		if (entry.kind != ENTRY_ERASURE)
			continue;
		forge_opening(i, &opening);
		label_commitment(&opening, &b->label, &commitment);
		bool covers = entry.erasure.person ? hash_equal(&commitment, &entry.erasure.label_commitment)
										   : entry.erasure.retention_years == event->header.data[8] &&
												 entry.erasure.period_month == forge_month(event->entry.time_s);
		if (!covers)
			continue;
		snprintf(key, sizeof key, "%020" PRIu64, i);
		json_t *json = forge_included(b->forge, i, b->size);
		if (entry.erasure.person)
			json_object_set_new(json, "opening", forge_base64(BYTES_ARRAY(opening.b)));
		json_object_set_new(b->erasures, key, json);
		return i;
	}
	return 0;
}

static void build_events(struct building *b)
{
	json_t *events = json_array(), *later = json_array();
	const struct statement_window *window = &b->options->window;
	for (size_t i = b->first; i < b->end; i++) {
		const struct forge_event *event = b->leaves->events[i];
		json_array_append_new(events, forge_event_json(b->forge, event, b->epoch.time_s, erased_by(b, event), 0));
	}
	for (size_t i = 0; i < b->forge->event_count; i++) {
		const struct forge_event *event = &b->forge->events[i];
		if (event->index < b->epoch.size || event->index >= b->size || strcmp(event->subject, b->options->subject) != 0)
			continue;
		if ((window->has_from && event->entry.time_s < window->from_s) ||
			(window->has_to && event->entry.time_s >= window->to_s))
			continue;
		json_array_append_new(later, forge_event_json(b->forge, event, b->epoch.time_s, erased_by(b, event), b->size));
	}
	json_object_set_new(b->root, "events", events);
	json_object_set_new(b->root, "later", later);
}

static void build_erasures(struct building *b)
{
	json_t *list = json_array();
	for (uint64_t i = 0; i < b->size; i++) {
		char key[24];
		snprintf(key, sizeof key, "%020" PRIu64, i);
		if (json_object_get(b->erasures, key))
			json_array_append(list, json_object_get(b->erasures, key));
	}
	if (json_array_size(list) > 0)
		json_object_set(b->root, "erasures", list);
	json_decref(list);
	json_decref(b->erasures);
}

/* ---- signatures ---- */

static json_t *path_json(const struct forge *forge, const struct forge_event *event)
{
	struct entry batch;
	struct merkle_proof proof;
	struct hash commitments[256];
	decode_at(forge, event->batch, &batch);
	uint64_t first = event->batch - batch.batch.count;
	for (uint32_t i = 0; i < batch.batch.count; i++)
		commitments[i] = forge_event_at((struct forge *)(uintptr_t)forge, first + i)->entry.commitment;
	const struct merkle_nodes nodes = {leaf_node, commitments};
	ck_ok(merkle_prove_inclusion(&nodes, event->index - first, batch.batch.count, &proof));
	return hash_list(proof.hashes, proof.count);
}

static void build_signatures(struct building *b)
{
	json_t *senders = json_array(), *batches = json_array();
	bool concerned[FORGE_SENDERS_MAX + 1] = {false};
	json_t *batch = NULL;
	uint64_t at = 0;
	for (size_t i = b->first; i < b->end; i++) {
		const struct forge_event *event = b->leaves->events[i];
		char key[24];
		concerned[event->entry.sender] = true;
		if (batch == NULL || at != event->batch) {
			at = event->batch;
			batch = forge_included(b->forge, at, b->size);
			json_object_set_new(batch, "paths", json_object());
			json_array_append_new(batches, batch);
		}
		snprintf(key, sizeof key, "%" PRIu64, event->index);
		json_object_set_new(json_object_get(batch, "paths"), key, path_json(b->forge, event));
	}
	for (uint64_t i = 0; i < b->size; i++) {
		struct entry entry;
		decode_at(b->forge, i, &entry);
		if (entry.kind == ENTRY_SENDER && concerned[entry.sender.sender])
			json_array_append_new(senders, forge_included(b->forge, i, b->size));
	}
	json_object_set_new(b->root, "signatures", json_pack("{s:o, s:o}", "senders", senders, "batches", batches));
}

json_t *forge_statement(struct forge *forge, const struct forge_options *options)
{
	uint8_t proof[VRF_PROOF_BYTES];
	struct building b = {
		.forge = forge, .options = options, .size = options->size ? options->size : forge->entry_count};
	find_epoch(&b);
	forge_label(forge, options->subject, &b.label);
	ck_ok(label_prove(&forge->vrf_secret, FORGE_ORIGIN, bytes_text(options->subject), proof));
	b.leaves = subject_leaves(forge, &b.label, b.epoch.size);
	b.erasures = json_object();
	b.root = json_pack("{s:s, s:s, s:o, s:{s:o, s:o}, s:o, s:o}", "type", "indsigt-statement/v3", "subject",
		options->subject, "checkpoint", forge_checkpoint(forge, b.size), "genesis", "entry", entry_json(forge, 0),
		"inclusion", inclusion(forge, 0, b.size), "vrf_proof", forge_base64(BYTES_ARRAY(proof)), "map",
		forge_map_json(forge, &b.label, b.epoch.size));
	ck_assert_ptr_nonnull(b.root);
	build_epoch(&b);
	build_range(&b);
	build_events(&b);
	build_erasures(&b);
	if (options->signatures)
		build_signatures(&b);
	if (options->audit)
		json_object_set_new(b.root, "audit", forge_audit_json(forge, b.epoch_index, b.size));
	free(b.leaves);
	return b.root;
}

/* ---- a filing proof ---- */

/* The place of a subject in the list, where it is put with its proof if it is not there. */
static json_int_t subject_place(const struct forge *forge, const char *subject, json_t *subjects)
{
	uint8_t proof[VRF_PROOF_BYTES];
	size_t i;
	json_t *item;
	json_array_foreach(subjects, i, item)
	{
		if (strcmp(json_string_value(json_object_get(item, "subject")), subject) == 0)
			return (json_int_t)i;
	}
	ck_ok(label_prove(&forge->vrf_secret, FORGE_ORIGIN, bytes_text(subject), proof));
	json_array_append_new(
		subjects, json_pack("{s:s, s:o}", "subject", subject, "vrf_proof", forge_base64(BYTES_ARRAY(proof))));
	return (json_int_t)json_array_size(subjects) - 1;
}

static json_t *filing_events(const struct forge *forge, const struct entry_batch *batch, const struct leaves *leaves,
	size_t first, json_t *subjects)
{
	struct blinding_keys keys;
	json_t *events = json_array();
	blinding(forge, &keys);
	for (size_t i = first; i < first + batch->count; i++) {
		struct hash blind;
		const struct forge_event *event = leaves->events[i];
		blind_make(&keys.filing, event->index, &blind);
		json_t *json = json_pack("{s:o, s:o}", "blind", forge_base64(hash_bytes(&blind)), "label",
			forge_base64(BYTES_ARRAY(event->label.b)));
		if (subjects)
			json_object_set_new(json, "subject", json_integer(subject_place(forge, event->subject, subjects)));
		json_array_append_new(events, json);
	}
	return events;
}

json_t *forge_filing(struct forge *forge, uint32_t sender, uint64_t sequence, bool proofs)
{
	struct entry batch;
	struct merkle_range_proof proof;
	size_t first = 0;
	const struct forge_options options = {0};
	struct building b = {.forge = forge, .options = &options, .size = forge->entry_count};
	find_epoch(&b);
	struct leaves *leaves = filing_leaves(forge, b.epoch.size);
	const struct merkle_nodes nodes = {leaf_node, leaves->hashes};
	while (first < leaves->count &&
		   (leaves->events[first]->entry.sender != sender || leaves->events[first]->entry.sequence != sequence))
		first++;
	ck_assert_uint_lt(first, leaves->count);
	uint64_t index = leaves->events[first]->batch;
	decode_at(forge, index, &batch);
	first -= sequence - batch.batch.first_sequence;
	ck_ok(merkle_prove_range(&nodes, first, batch.batch.count, leaves->count, &proof));
	json_t *subjects = proofs ? json_array() : NULL;
	json_t *root = json_pack("{s:s, s:I, s:o, s:{s:o, s:o}, s:o, s:o, s:{s:I, s:I, s:o}, s:o}", "type",
		"indsigt-filing/v1", "sender", (json_int_t)sender, "checkpoint", forge_checkpoint(forge, 0), "genesis", "entry",
		entry_json(forge, 0), "inclusion", inclusion(forge, 0, 0), "epoch", forge_included(forge, b.epoch_index, 0),
		"batch", forge_included(forge, index, 0), "tree", "size", (json_int_t)leaves->count, "first", (json_int_t)first,
		"proof", hash_list(proof.hashes, proof.count), "events",
		filing_events(forge, &batch.batch, leaves, first, subjects));
	if (subjects)
		json_object_set_new(root, "subjects", subjects);
	free(leaves);
	return root;
}

/* ---- verifying ---- */

enum error forge_verify(const struct forge *forge, const json_t *statement, const struct statement_options *options,
	struct statement **out, struct finding *finding)
{
	char *text = json_dumps(statement, JSON_COMPACT);
	ck_assert_ptr_nonnull(text);
	enum error error = statement_verify(bytes_text(text), &forge->vkey, options, out, finding);
	free(text);
	return error;
}
