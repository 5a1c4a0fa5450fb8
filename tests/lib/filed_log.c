#include "tests/lib/filed_log.h"

#include "ledger/tree/merkle.h"
#include "tests/lib/naive_map.h"
#include "tests/lib/unit.h"

static struct hash filed_random(uint64_t seed, uint8_t purpose)
{
	uint8_t bytes[9];
	struct hash out;
	put_u64(bytes, seed);
	bytes[8] = purpose;
	struct bytes part = BYTES_ARRAY(bytes);
	hash_sha256(&part, 1, &out);
	return out;
}

struct label filed_label(uint64_t subject)
{
	struct label label;
	struct hash hash = filed_random(subject, 'l');
	memcpy(label.b, hash.b, sizeof label.b);
	return label;
}

uint64_t filed_add(struct filed_log *log, const struct entry *entry)
{
	uint8_t buffer[1024];
	struct bytes encoded;
	struct writer w = writer_of(buffer, sizeof buffer);
	ck_assert_uint_lt(log->size, FILED_ENTRIES_MAX);
	ck_ok(entry_encode(entry, &w));
	ck_ok(writer_done(&w, &encoded));
	merkle_leaf_hash(encoded, &log->leaves[log->size]);
	log->entries[log->size] = *entry;
	return log->size++;
}

void filed_begin(struct filed_log *log, uint32_t lag_s)
{
	memset(log, 0, sizeof *log);
	log->time_s = 1700000000;
	struct entry entry = {.kind = ENTRY_GENESIS,
		.genesis = {.format = FORMAT_VERSION,
			.time_s = log->time_s,
			.origin = "log.example.dk/filed",
			.log_key = {3},
			.epoch_seconds = 5,
			.epoch_lag_seconds = lag_s}};
	filed_add(log, &entry);
}

void filed_hash(struct filed_log *log, struct filed_leaf *leaf)
{
	const struct filed_row *row = &leaf->row;
	subject_leaf_hash(&row->blind, row->index, &log->leaves[row->index], &leaf->subject_leaf);
	filing_leaf_hash(&row->filing_blind, row->index, &row->label, &leaf->filing_leaf);
}

static struct entry filed_event_entry(struct filed_log *log, bool mass)
{
	return (struct entry){.kind = mass ? ENTRY_MASS : ENTRY_EVENT,
		.event = {mass, 1, log->sequence++, log->time_s, filed_random(log->size, 'c')}};
}

uint64_t filed_event(struct filed_log *log, uint64_t subject)
{
	struct entry entry = filed_event_entry(log, false);
	uint64_t index = filed_add(log, &entry);
	struct filed_row row = {index, filed_label(subject), filed_random(index, 'b'), filed_random(index, 'f')};
	struct filed_leaf *leaf = &log->filed[log->filed_count++];
	log->rows[log->row_count++] = row;
	*leaf = (struct filed_leaf){.row = row};
	filed_hash(log, leaf);
	return index;
}

uint64_t filed_mass(struct filed_log *log)
{
	struct entry entry = filed_event_entry(log, true);
	return filed_add(log, &entry);
}

uint64_t filed_batch(struct filed_log *log)
{
	struct entry entry = {.kind = ENTRY_BATCH, .batch = {.sender = 1, .first_sequence = log->sequence, .count = 1}};
	return filed_add(log, &entry);
}

/* The leaves of one label's tree below m, in the order in which they are filed. */
static size_t filed_tree(const struct filed_log *log, const struct label *label, uint64_t m, struct hash *out)
{
	size_t count = 0;
	for (size_t i = 0; i < log->filed_count; i++) {
		const struct filed_leaf *leaf = &log->filed[i];
		if (leaf->row.index < m && !leaf->not_in_tree && memcmp(leaf->row.label.b, label->b, LABEL_BYTES) == 0)
			out[count++] = leaf->subject_leaf;
	}
	return count;
}

static bool filed_seen(const struct filed_log *log, size_t before)
{
	for (size_t i = 0; i < before; i++)
		if (memcmp(log->filed[i].row.label.b, log->filed[before].row.label.b, LABEL_BYTES) == 0)
			return true;
	return false;
}

struct hash filed_map_root(const struct filed_log *log, uint64_t m)
{
	static struct naive_item items[FILED_ENTRIES_MAX];
	static struct hash leaves[FILED_ENTRIES_MAX];
	size_t count = 0;
	for (size_t i = 0; i < log->filed_count; i++) {
		const struct label *label = &log->filed[i].row.label;
		size_t tree = filed_seen(log, i) ? 0 : filed_tree(log, label, m, leaves);
		if (tree == 0)
			continue;
		struct hash root;
		merkle_root_of_leaves(leaves, tree, &root);
		memcpy(items[count].key, label->b, LABEL_BYTES);
		subject_value(tree, &root, &items[count++].value);
	}
	return naive_root(items, count);
}

struct hash filed_filing_root(const struct filed_log *log, uint64_t m)
{
	static struct hash leaves[FILED_ENTRIES_MAX];
	size_t count = 0;
	struct hash root;
	for (size_t i = 0; i < log->filed_count; i++)
		if (log->filed[i].row.index < m && !log->filed[i].not_in_filing)
			leaves[count++] = log->filed[i].filing_leaf;
	merkle_root_of_leaves(leaves, count, &root);
	return root;
}

uint64_t filed_epoch(struct filed_log *log, uint64_t m)
{
	struct entry entry = {
		.kind = ENTRY_EPOCH, .epoch = {m, filed_map_root(log, m), filed_filing_root(log, m), log->time_s, 0}};
	return filed_add(log, &entry);
}
