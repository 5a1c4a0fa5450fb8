/* Epochs against a model: every epoch entry's roots are recomputed from the log and the subjects alone. */
#include "ledger/keys/secrets.h"
#include "ledger/write/ledger_state.h"
#include "tests/lib/fixture.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#define SUBJECTS 40
#define EVENTS_MAX 4000

static struct fixture f;
static struct archive *archive;
static struct snapshot *snapshot;
static struct secrets *secrets;

/* What the model knows of each event: whom it is about. */
static uint32_t subject_of_index[EVENTS_MAX];
static uint64_t next_sequence;

static void make(void)
{
	char keys[128];
	struct fault fault = {.text = ""};
	fixture_make(&f);
	memset(subject_of_index, 0xFF, sizeof subject_of_index);
	next_sequence = 0;
	snprintf(keys, sizeof keys, "%s/keys", f.dir);
	int fd = open(keys, O_RDONLY | O_DIRECTORY);
	ck_ok(secrets_load(fd, false, &secrets, &fault));
	close(fd);
}

static void done(void)
{
	archive_close(archive);
	archive = NULL;
	secrets_free(secrets);
	fixture_remove(&f);
}

/* A batch about random ones of the first `among` subjects. */
static void append(uint32_t count, uint32_t among)
{
	uint32_t subjects[BATCH_EVENTS_MAX];
	for (uint32_t i = 0; i < count; i++)
		subjects[i] = (uint32_t)random() % among;
	struct appended appended =
		fixture_append(&f, fixture_batch(&f, next_sequence, subjects, count, (uint32_t)next_sequence));
	for (uint32_t i = 0; i < count; i++)
		subject_of_index[appended.first_index + i] = subjects[i];
	next_sequence += count;
}

static void append_mass(uint32_t count)
{
	fixture_append(&f, fixture_batch(&f, next_sequence, NULL, count, 1));
	next_sequence += count;
}

/* Whoever closes an environment takes LMDB's locks away from all that this process has of it, so the archive stays open
 * as long as the ledger does, and is opened anew once that is closed. */
static void look(void)
{
	struct fault fault = {.text = ""};
	if (archive != NULL && f.ledger == NULL) {
		archive_close(archive);
		archive = NULL;
	}
	if (archive == NULL)
		ck_ok(archive_open(f.dir, true, &archive, &fault));
	ck_ok(snapshot_begin(archive, &snapshot, &fault));
}

static void look_away(void)
{
	snapshot_end(snapshot);
}

/* ---- the model ---- */

struct model_subject {
	struct label label;
	size_t count;
	struct hash leaves[EVENTS_MAX];
};

static struct model_subject model[SUBJECTS];
static struct hash filing_leaves[EVENTS_MAX];

static void model_roots(uint64_t m, struct hash *map_root, struct hash *filing_root)
{
	size_t filed = 0;
	struct blinding_keys keys;
	struct subject_map *map;
	blinding_keys_derive(&secrets->vrf, &keys);
	for (uint32_t s = 0; s < SUBJECTS; s++) {
		model[s].count = 0;
		ck_ok(label_make(&secrets->vrf, FIXTURE_ORIGIN, bytes_text(fixture_subject(s)), &model[s].label));
	}
	for (uint64_t index = 0; index < m; index++) {
		struct bytes entry;
		struct hash blind, leaf;
		if (subject_of_index[index] == UINT32_MAX)
			continue;
		struct model_subject *subject = &model[subject_of_index[index]];
		ck_ok(snapshot_entry(snapshot, index, &entry));
		merkle_leaf_hash(entry, &leaf);
		blind_make(&keys.subject, index, &blind);
		subject_leaf_hash(&blind, index, &leaf, &subject->leaves[subject->count++]);
		blind_make(&keys.filing, index, &blind);
		filing_leaf_hash(&blind, index, &subject->label, &filing_leaves[filed++]);
	}
	ck_ok(subject_map_new(&map));
	for (uint32_t s = 0; s < SUBJECTS; s++) {
		struct hash root, value;
		if (model[s].count == 0)
			continue;
		merkle_root_of_leaves(model[s].leaves, model[s].count, &root);
		subject_value(model[s].count, &root, &value);
		ck_ok(subject_map_set(map, model[s].label.b, &value));
	}
	subject_map_root(map, map_root);
	subject_map_free(map);
	merkle_root_of_leaves(filing_leaves, filed, filing_root);
}

/* All epoch entries of the log; gives how many there are. */
static unsigned check_epochs(void)
{
	unsigned epochs = 0;
	uint64_t time_s = 0;
	struct bytes encoded;
	for (uint64_t index = 0; index < snapshot_checkpoint(snapshot)->size; index++) {
		struct entry entry;
		struct hash map_root, filing_root;
		ck_ok(snapshot_entry(snapshot, index, &encoded));
		ck_ok(entry_decode(encoded, &entry));
		if (entry.kind != ENTRY_EPOCH)
			continue;
		model_roots(entry.epoch.size, &map_root, &filing_root);
		ck_assert_mem_eq(entry.epoch.map_root.b, map_root.b, 32);
		ck_assert_mem_eq(entry.epoch.filing_root.b, filing_root.b, 32);
		ck_assert_uint_ge(entry.epoch.time_s, time_s);
		time_s = entry.epoch.time_s;
		epochs++;
	}
	return epochs;
}

static void prove_label(struct bytes subject, struct label *out)
{
	uint8_t proof[VRF_PROOF_BYTES];
	ck_ok(snapshot_prove_label(snapshot, subject, proof));
	label_of_proof(proof, out);
}

/* ---- tests ---- */

START_TEST(first_epoch_of_an_empty_ledger)
{
	struct epoch_place place;
	struct label label;
	struct map_proof proof;
	bool present = true;
	make();
	look();
	ck_error(snapshot_epoch(snapshot, &place), E_NOT_FOUND);
	look_away();
	ck_assert_uint_eq(ledger_unfiled(f.ledger), 2);
	fixture_epoch(&f);
	ck_assert_uint_eq(ledger_unfiled(f.ledger), 0);
	fixture_epoch(&f); /* nothing to do */
	fixture_close(&f);
	look();
	ck_ok(snapshot_epoch(snapshot, &place));
	ck_assert_uint_eq(place.index, 2);
	ck_assert_uint_eq(place.entry.size, 2);
	ck_assert_uint_eq(check_epochs(), 1);
	prove_label(bytes_text(fixture_subject(1)), &label);
	ck_ok(snapshot_prove_map(snapshot, &label, &present, &proof));
	ck_assert(!present);
	ck_ok(map_verify_absent(&place.entry.map_root, label.b, bytes_of(proof.bytes, proof.len)));
	look_away();
	done();
}
END_TEST

static void check_subject(uint32_t number, const struct epoch_place *epoch)
{
	struct label label;
	struct map_proof proof;
	struct hash root, value;
	uint64_t *indexes = NULL;
	size_t count = 0, wanted = 0;
	bool present;
	struct bytes subject = bytes_text(fixture_subject(number));
	prove_label(subject, &label);
	ck_ok(snapshot_prove_map(snapshot, &label, &present, &proof));
	ck_ok(snapshot_subject_events(snapshot, subject, &indexes, &count));
	struct hash *leaves = calloc(count + 1, sizeof *leaves);
	for (uint64_t index = 0; index < epoch->entry.size; index++) {
		struct hash blind;
		if (subject_of_index[index] != number)
			continue;
		ck_assert_uint_lt(wanted, count);
		ck_assert_uint_eq(indexes[wanted], index);
		ck_ok(snapshot_subject_leaf(snapshot, index, &blind, &leaves[wanted]));
		wanted++;
	}
	ck_assert_uint_eq(count, wanted);
	ck_assert_int_eq(present, count > 0);
	merkle_root_of_leaves(leaves, count, &root);
	if (present) {
		subject_value(count, &root, &value);
		ck_ok(map_verify_present(&epoch->entry.map_root, label.b, &value, bytes_of(proof.bytes, proof.len)));
	} else {
		ck_ok(map_verify_absent(&epoch->entry.map_root, label.b, bytes_of(proof.bytes, proof.len)));
	}
	free(leaves);
	free(indexes);
}

struct stream {
	uint64_t from;
	uint64_t to;
	uint64_t next;
	size_t count;
	struct hash leaves[EVENTS_MAX];
};

static enum error take_place(void *context, const struct label_row *place)
{
	struct stream *stream = context;
	ck_assert(place->index >= stream->next && place->index < stream->to);
	for (; stream->next < place->index; stream->next++)
		ck_assert_uint_eq(subject_of_index[stream->next], UINT32_MAX);
	ck_assert_uint_ne(subject_of_index[place->index], UINT32_MAX);
	ck_assert_mem_eq(place->label.b, model[subject_of_index[place->index]].label.b, 32);
	filing_leaf_hash(&place->filing_blind, place->index, &place->label, &stream->leaves[stream->count++]);
	stream->next = place->index + 1;
	return E_OK;
}

/* Part of the label stream is a range of the filing tree. */
static void check_stream(uint64_t from, uint64_t to, uint64_t first, const struct epoch_place *epoch)
{
	static struct stream stream;
	struct merkle_range_proof proof;
	stream = (struct stream){.from = from, .to = to, .next = from};
	ck_ok(snapshot_visit_filing(snapshot, from, to, take_place, &stream));
	if (stream.count == 0)
		return;
	ck_ok(snapshot_prove_filing(snapshot, first, stream.count, &proof));
	ck_ok(merkle_verify_range(stream.leaves, first, stream.count, snapshot_filing_size(snapshot), proof.hashes,
		proof.count, &epoch->entry.filing_root));
}

static void *slices_beside(void *context)
{
	(void)context;
	while (ledger_epoch_beside(f.ledger))
		continue;
	return NULL;
}

/* Ticks, one of which is lost, so that what the writer knows is read again. */
static void ticks(void)
{
	struct fault fault = {.text = ""};
	uint64_t from = 0, oldest_s;
	append(7, SUBJECTS - 1); /* not in this epoch */
	ck_ok(ledger_oldest_unfiled(f.ledger, &from, &oldest_s));
	ck_ok(ledger_begin(f.ledger, &fault));
	ledger_abort(f.ledger);
	append(2, SUBJECTS - 1);
}

/* On a thread of their own, all slices that need no writer. */
static void epoch_beside_ticks(void)
{
	bool started, finished = false;
	unsigned beside = 0;
	struct fault fault = {.text = ""};
	append(9, 2);
	ck_ok(ledger_epoch_start(f.ledger, &started, &fault));
	while (!finished) {
		pthread_t thread;
		if (ledger_epoch_needs_writer(f.ledger)) {
			ck_ok(ledger_epoch_slice(f.ledger, &finished, &fault));
			continue;
		}
		ck_assert_int_eq(pthread_create(&thread, NULL, slices_beside, NULL), 0);
		ticks();
		ck_assert_int_eq(pthread_join(thread, NULL), 0);
		beside++;
	}
	ck_assert_uint_eq(beside, 2); /* loading; and from merging to the synced run */
	ck_assert_uint_gt(ledger_unfiled(f.ledger), 0);
}

/* Epochs of all sizes, some given up half-way (the process ends) and begun anew with more to file. */
START_TEST(like_the_model)
{
	struct epoch_place place;
	srandom(11);
	make();
	for (unsigned round = 0; round < 14; round++) {
		append(1 + (uint32_t)random() % 60, round < 4 ? 5 : SUBJECTS - 1);
		if (round % 5 == 3)
			append_mass(3);
		append(1 + (uint32_t)random() % 90, 3);
		if (round % 3 == 1) {
			bool started = false, finished = false;
			struct fault fault = {.text = ""};
			ck_ok(ledger_epoch_start(f.ledger, &started, &fault));
			for (unsigned slices = (unsigned)random() % 5; slices > 0 && !finished; slices--)
				ck_ok(ledger_epoch_slice(f.ledger, &finished, &fault));
			append(5, SUBJECTS - 1); /* while it runs */
			fixture_close(&f);
			fixture_open(&f);
			append(4, SUBJECTS - 1);
		}
		fixture_epoch(&f);
		if (round % 4 == 2)
			epoch_beside_ticks();
	}
	fixture_close(&f);
	look();
	ck_assert_uint_ge(check_epochs(), 14);
	ck_ok(snapshot_epoch(snapshot, &place));
	struct hash map_root, filing_root;
	model_roots(place.entry.size, &map_root, &filing_root);
	for (uint32_t s = 0; s < SUBJECTS; s++)
		check_subject(s, &place);
	uint64_t position = 0;
	for (uint64_t from = 0; from + 100 < place.entry.size; from += 100) {
		check_stream(from, from + 100, position, &place);
		for (uint64_t index = from; index < from + 100; index++)
			position += subject_of_index[index] != UINT32_MAX;
	}
	ck_error(snapshot_visit_filing(snapshot, 0, place.entry.size + 1, take_place, NULL), E_BAD_VALUE);
	look_away();
	done();
}
END_TEST

START_TEST(batches_are_found)
{
	uint64_t first_sequence, first_index, position;
	uint32_t count;
	make();
	append(10, 5); /* sequences 0 to 9, at index 2 */
	append_mass(4);
	append(6, 5); /* sequences 14 to 19 */
	fixture_epoch(&f);
	fixture_close(&f);
	look();
	ck_ok(snapshot_batch(snapshot, f.sender, 17, &first_sequence, &count, &first_index));
	ck_assert_uint_eq(first_sequence, 14);
	ck_assert_uint_eq(count, 6);
	ck_assert_uint_eq(first_index, 2 + 11 + 5);
	ck_ok(snapshot_filing_position(snapshot, first_index, &position));
	ck_assert_uint_eq(position, 10);
	ck_error(snapshot_filing_position(snapshot, 2 + 11, &position), E_NOT_FOUND); /* mass */
	ck_error(snapshot_batch(snapshot, f.sender, 20, &first_sequence, &count, &first_index), E_NOT_FOUND);
	ck_error(snapshot_batch(snapshot, f.sender + 1, 0, &first_sequence, &count, &first_index), E_NOT_FOUND);
	ck_error(snapshot_batch(snapshot, 0, 0, &first_sequence, &count, &first_index), E_NOT_FOUND);
	look_away();
	done();
}
END_TEST

static uint64_t newest_epoch_size(void)
{
	struct epoch_place place;
	fixture_close(&f);
	look();
	ck_ok(snapshot_epoch(snapshot, &place));
	look_away();
	fixture_open(&f);
	return place.entry.size;
}

/* CLK-6: an epoch that cannot take all ends where the log's time goes on, not within a second, as long as its memory
 * allows that. */
START_TEST(ends_with_a_second)
{
	make();
	f.ledger->epoch_events_max = 8;
	f.now_s += 3; /* ahead of the clock, which may come to the next second at any time */
	append(5, 9);
	append(5, 9); /* the same second: together, though one epoch should take less */
	f.now_s++;
	append(5, 9);
	f.now_s++;
	append(5, 9);
	fixture_epoch(&f);
	ck_assert_uint_eq(newest_epoch_size(), 2 + 12);
	fixture_epoch(&f);
	ck_assert_uint_gt(newest_epoch_size(), 2 + 12 + 12);
	f.ledger->epoch_events_max = 8;
	for (int i = 0; i < 5; i++) /* a clock that stands: at twice its size it ends */
		append(5, 9);
	uint64_t size = ledger_filed(f.ledger);
	fixture_epoch(&f);
	ck_assert_uint_gt(newest_epoch_size(), size);
	ck_assert_uint_le(newest_epoch_size(), size + 2 + 3 * 6);
	done();
}
END_TEST

/* Derived state is thrown away, made again half, and again whole; the epochs after it go on. */
START_TEST(derived_state_is_made_again)
{
	struct epoch_place place, before;
	struct fault fault = {.text = ""};
	bool started, finished = false;
	make();
	for (unsigned round = 0; round < 5; round++) {
		append(30, SUBJECTS - 1);
		fixture_epoch(&f);
	}
	append(10, SUBJECTS - 1);
	look();
	ck_ok(snapshot_epoch(snapshot, &before));
	look_away();
	ck_ok(ledger_forget_filing(f.ledger, &fault));
	ck_assert_uint_eq(ledger_filed(f.ledger), 0);
	ck_ok(ledger_epoch_start(f.ledger, &started, &fault));
	for (unsigned i = 0; i < 3 && !finished; i++)
		ck_ok(ledger_epoch_slice(f.ledger, &finished, &fault));
	fixture_close(&f);
	look();
	ck_error(snapshot_epoch(snapshot, &place), E_NOT_FOUND);
	look_away();
	fixture_open(&f);
	fixture_epoch(&f); /* up to the newest epoch, without an entry */
	fixture_close(&f);
	look();
	ck_ok(snapshot_epoch(snapshot, &place));
	ck_assert_uint_eq(place.index, before.index);
	struct hash map_root, filing_root;
	model_roots(place.entry.size, &map_root, &filing_root);
	for (uint32_t s = 0; s < SUBJECTS; s++)
		check_subject(s, &place);
	look_away();
	fixture_open(&f);
	fixture_epoch(&f);
	fixture_close(&f);
	look();
	ck_assert_uint_eq(check_epochs(), 6);
	look_away();
	done();
}
END_TEST

/* So many that a slice ends among them: an epoch goes through subjects by the first byte of their alias. */
#define ALIKE 300

static void find_alike(uint32_t subjects[ALIKE])
{
	uint32_t found = 0;
	for (uint32_t number = SUBJECTS; found < ALIKE; number++) {
		struct alias alias;
		ck_assert_uint_lt(number, 100000);
		alias_make(&secrets->alias, bytes_text(fixture_subject(number)), &alias);
		if (alias.b[0] == 0x5A)
			subjects[found++] = number;
	}
}

/* What threads work out ahead is not of the epoch any more when that is freed. */
START_TEST(given_up_with_subjects_ahead)
{
	static uint32_t subjects[ALIKE];
	struct fault fault = {.text = ""};
	bool started, finished = false;
	make();
	find_alike(subjects);
	fixture_append(&f, fixture_batch(&f, 0, subjects, ALIKE, 1));
	for (unsigned slices = 1; slices < 6; slices++) {
		ck_ok(ledger_epoch_start(f.ledger, &started, &fault));
		for (unsigned i = 0; i < slices && !finished; i++)
			ck_ok(ledger_epoch_slice(f.ledger, &finished, &fault));
		fixture_close(&f);
		fixture_open(&f);
	}
	fixture_epoch(&f);
	fixture_close(&f);
	look();
	for (uint32_t i = 0; i < ALIKE; i++) {
		uint64_t *indexes = NULL;
		size_t count = 0;
		ck_ok(snapshot_subject_events(snapshot, bytes_text(fixture_subject(subjects[i])), &indexes, &count));
		ck_assert_uint_eq(count, 1);
		free(indexes);
	}
	look_away();
	done();
}
END_TEST

UNIT_MAIN("filing", ends_with_a_second, derived_state_is_made_again, first_epoch_of_an_empty_ledger, like_the_model,
	batches_are_found, given_up_with_subjects_ahead)
