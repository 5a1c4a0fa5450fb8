/* The façade of the reading side: opens a ledger read-only, beside a running writer, and answers from snapshots.
 *
 *   snapshot ─► find (postings, then tail) ─► entry, record ─► unseal ─► event, with proofs from tiles
 *
 * A snapshot pins pages of the store: take it, answer into memory, let it go before anything waits. */
#pragma once

#include "ledger/entry/entry.h"
#include "ledger/entry/sender.h"
#include "ledger/event/batch.h"
#include "ledger/filed/head.h"
#include "ledger/label/label_row.h"
#include "ledger/log/losses.h"
#include "ledger/store/place.h"
#include "ledger/store/records.h"
#include "ledger/tree/merkle.h"
#include "ledger/tree/subject_map.h"
#include "ledger/tree/subject_tree.h"
#include "ledger/tree/tile_path.h"

struct archive;
struct db_txn;
struct secrets;
struct snapshot;

/* With `with_keys` the sealed part can be read too (E_IO or E_PERMISSION when the key files cannot be,
 * E_KEYS when they or the key environment are not the store's). */
enum error archive_open(const char *dir, bool with_keys, struct archive **out, struct fault *fault) MUST_USE;
/* The same of a copy that is being made: it has no `vkey` of its own yet. */
enum error archive_open_copy(
	const char *dir, const struct vkey *vkey, bool with_keys, struct archive **out, struct fault *fault) MUST_USE;
/* Writes the store as it is at one moment to `store_fd`, then the key environment to `keys_fd` (-1: not), which has all
 * keys of that moment. Neither is synced. The ledger may write meanwhile. E_IO, E_FULL. */
enum error archive_copy(const struct archive *archive, int store_fd, int keys_fd, struct fault *fault) MUST_USE;
void archive_close(struct archive *archive);
OWN(archive, archive_close);
const char *archive_origin(const struct archive *archive);
const struct vkey *archive_vkey(const struct archive *archive);
/* Where the ledger lies; borrowed. */
const char *archive_dir(const struct archive *archive);

/* NULL without keys. For the audit, which opens more than a reader may. */
const struct secrets *archive_secrets(const struct archive *archive);

/* An archive may be used by many threads, a snapshot by one. */
enum error snapshot_begin(struct archive *archive, struct snapshot **out, struct fault *fault) MUST_USE;
void snapshot_end(struct snapshot *snapshot);
OWN(snapshot, snapshot_end);

/* Which commit of the store it is: what was computed from another snapshot of the same one holds for this one too. */
uint64_t snapshot_commit(const struct snapshot *snapshot);
/* The signed checkpoint that this snapshot stands under, checked, and its note; borrowed until snapshot_end, or until
 * the snapshot is put under another. */
const struct checkpoint *snapshot_checkpoint(const struct snapshot *snapshot);
struct bytes snapshot_note(const struct snapshot *snapshot);
/* Puts the snapshot under an earlier checkpoint of this log, signed with its key (and cosigned, say): all proofs are
 * under it from here on, and nothing later is found. The note is copied. E_BAD_CHECKPOINT; E_ROLLED_BACK if the store
 * does not extend it. The newest epoch's entry may lie behind it: then there is none (snapshot_epoch). */
enum error snapshot_rest_on(struct snapshot *snapshot, struct bytes note) MUST_USE;
/* The same, for a note that was verified before, with archive_vkey, to hold `checkpoint`. */
enum error snapshot_rest_on_known(
	struct snapshot *snapshot, const struct checkpoint *checkpoint, struct bytes note) MUST_USE;
/* Where the ledger lies, and its origin; borrowed. */
const char *snapshot_dir(const struct snapshot *snapshot);
const char *snapshot_origin(const struct snapshot *snapshot);
/* Ledger time of the newest entry, and how far the filed part reaches (entries with index < filed). */
uint64_t snapshot_time_s(const struct snapshot *snapshot);
uint64_t snapshot_filed(const struct snapshot *snapshot);

/* What the log has lost, said or about to be said. Borrowed. */
const struct losses *snapshot_losses(const struct snapshot *snapshot);

/* Borrowed until snapshot_end. E_NOT_FOUND, E_CORRUPT. */
enum error snapshot_entry(struct snapshot *snapshot, uint64_t index, struct bytes *out) MUST_USE;
/* Ledger time at `index`. Batch entries have none and an epoch's lies earlier: they count as the entry after them, and
 * behind the last one that has a time it is the newest. */
enum error snapshot_time_at(struct snapshot *snapshot, uint64_t index, uint64_t *out) MUST_USE;
/* Ledger time of the last entry before `end` that has one. */
enum error snapshot_time_before(struct snapshot *snapshot, uint64_t end, uint64_t *out) MUST_USE;
/* The content of a tile (tile_path.h). Borrowed until the next one. E_NOT_FOUND when it is not there, or not as wide.
 */
enum error snapshot_tile(struct snapshot *snapshot, const struct tile_path *tile, struct bytes *out) MUST_USE;
/* Inclusion under this snapshot's checkpoint. */
enum error snapshot_prove_inclusion(struct snapshot *snapshot, uint64_t index, struct merkle_proof *out) MUST_USE;
enum error snapshot_prove_consistency(struct snapshot *snapshot, uint64_t old_size, struct merkle_proof *out) MUST_USE;

/* Indexes of the events filed under `subject` with index < before, newest first: at most `max` of them. Fewer than
 * `max`: there are no more. `before` UINT64_MAX starts at the newest. */
enum error snapshot_find(struct snapshot *snapshot, struct bytes subject, uint64_t before, uint64_t *indexes,
	size_t max, size_t *count) MUST_USE;

/* ---- the newest finished epoch ---- */

struct epoch_place {
	uint64_t index; /* of the epoch entry; it is under this snapshot's checkpoint */
	struct entry_epoch entry;
};

/* E_NOT_FOUND before the first one, and while what it covers is being filed again. */
enum error snapshot_epoch(struct snapshot *snapshot, struct epoch_place *out) MUST_USE;
/* The VRF proof of the subject's label (105 us). E_PERMISSION without keys. */
enum error snapshot_prove_label(struct snapshot *snapshot, struct bytes subject, uint8_t out[VRF_PROOF_BYTES]) MUST_USE;
/* Presence (*present) or absence of the label in the newest epoch's map, with its proof. */
enum error snapshot_prove_map(
	struct snapshot *snapshot, const struct label *label, bool *present, struct map_proof *out) MUST_USE;
/* All events that the newest epoch has filed under `subject`, ascending: the leaves of its subject tree. The array is
 * the caller's to free; NULL when there are none. */
enum error snapshot_subject_events(
	struct snapshot *snapshot, struct bytes subject, uint64_t **indexes, size_t *count) MUST_USE;
/* A subject's tree as the newest epoch has it, for whoever needs a part of it: costs what is asked for, and 64 bytes of
 * memory for each 256 events. Belongs to one snapshot; released with subject_view_release. */
struct subject_view {
	struct alias alias;
	struct head head;
	uint64_t count;     /* leaves; 0: the subject is not in the epoch */
	struct hash *roots; /* of the complete subtrees of 256 leaves; behind them of pairs of those, and so on */
	uint64_t chunk;     /* which of the posting chunks is at hand */
	size_t chunk_count;
	bool hashed; /* `blinds` and `leaves` of that chunk are there too */
	uint64_t indexes[POSTING_INDEXES_MAX];
	struct hash blinds[POSTING_INDEXES_MAX];
	struct hash leaves[POSTING_INDEXES_MAX];
};

enum error snapshot_subject_view(struct snapshot *snapshot, struct bytes subject, struct subject_view *out) MUST_USE;
void subject_view_release(struct subject_view *view);
/* The log index of leaf `position`, which must be below `count`. */
enum error snapshot_subject_index(
	struct snapshot *snapshot, struct subject_view *view, uint64_t position, uint64_t *out) MUST_USE;
/* Its leaf hash, and the blind in it. */
enum error snapshot_subject_leaf_at(struct snapshot *snapshot, struct subject_view *view, uint64_t position,
	struct hash *blind, struct hash *leaf) MUST_USE;
/* A complete node of the tree. Roots that are stored are taken as they are: whether all is as the epoch commits to is
 * seen from the tree's root. */
enum error snapshot_subject_node(
	struct snapshot *snapshot, struct subject_view *view, uint32_t level, uint64_t index, struct hash *out) MUST_USE;
/* A subject tree's leaf hash, and what it is made of. */
enum error snapshot_subject_leaf(
	struct snapshot *snapshot, uint64_t index, struct hash *blind, struct hash *leaf) MUST_USE;

/* Visits the event entries with log index in [from, to), all of them filed, in log order. E_BAD_VALUE if `to` is over
 * the newest epoch's size. `visit` ends the walk with an error. */
typedef enum error filing_visitor(void *context, const struct label_row *place);
enum error snapshot_visit_filing(
	struct snapshot *snapshot, uint64_t from, uint64_t to, filing_visitor *visit, void *context) MUST_USE;
/* Leaves of the filing tree of the newest epoch, and the place in it of a batch's first event. E_NOT_FOUND: no batch of
 * event entries begins at this log index. */
uint64_t snapshot_filing_size(const struct snapshot *snapshot);
enum error snapshot_filing_position(struct snapshot *snapshot, uint64_t first_index, uint64_t *out) MUST_USE;
/* For `count` leaves from position `first` on. */
enum error snapshot_prove_filing(
	struct snapshot *snapshot, uint64_t first, uint64_t count, struct merkle_range_proof *out) MUST_USE;
/* A batch of a sender that holds `sequence`: where its events begin in the log, its first sequence and count. */
enum error snapshot_batch(struct snapshot *snapshot, uint32_t sender, uint64_t sequence, uint64_t *first_sequence,
	uint32_t *count, uint64_t *first_index) MUST_USE;

/* As record_find (records.h); the memory is the snapshot's until the next record or snapshot_end. */
enum error snapshot_open_record(struct snapshot *snapshot, uint64_t index, struct opened *out) MUST_USE;
/* The same, for the event or mass entry that stands at `index`. */
enum error snapshot_open_record_of(
	struct snapshot *snapshot, uint64_t index, const struct entry_event *entry, struct opened *out) MUST_USE;

/* For who is going to open all of them: keeps what their keys cost (keystore.h, key_snapshot_keep). */
void snapshot_keep_keys(struct snapshot *snapshot);

/* Every sender, by id. `visit` returns false to stop. */
enum error snapshot_senders(
	struct snapshot *snapshot, bool (*visit)(void *context, const struct sender *sender), void *context) MUST_USE;
/* The log indexes of a sender's entries, ascending: at most `max` of them. E_TOO_LONG if there are more. */
enum error snapshot_sender_entries(
	struct snapshot *snapshot, uint32_t id, uint64_t *indexes, size_t max, size_t *count) MUST_USE;
enum error snapshot_sender(struct snapshot *snapshot, uint32_t id, struct sender *out) MUST_USE;

/* A batch with other content than the stored one, under its sender's signature (STO-16). */
struct evidence_row {
	struct batch_head head;
	struct bytes signed_batch; /* head and commitments; borrowed */
};

/* By sender and sequence. `visit` ends the walk with an error; E_CORRUPT: a row is malformed. */
typedef enum error evidence_visitor(void *context, const struct evidence_row *row);
enum error snapshot_visit_evidence(struct snapshot *snapshot, evidence_visitor *visit, void *context) MUST_USE;

/* For the audit, which reads the tables themselves. Borrowed until snapshot_end. */
struct db_txn *snapshot_store(struct snapshot *snapshot);
/* Writes the runs that a snapshot of the copy names to the folder `dir_fd`, each synced. `archive`: what was copied, of
 * which an older snapshot has been held since before the copy was begun, so that none is gone. E_IO, E_FULL. */
enum error archive_copy_runs(
	const struct archive *archive, const struct snapshot *copy, int dir_fd, struct fault *fault) MUST_USE;
/* What is filed: the runs that the snapshot's moment names. Borrowed until snapshot_end. E_CORRUPT: one is not there,
 * or damaged. */
enum error snapshot_runs(struct snapshot *snapshot, struct runs **out) MUST_USE;
