/* The façade of the reading side: opens a ledger read-only, beside a running writer, and answers from snapshots.
 *
 *   snapshot ─► find (postings, then tail) ─► entry, record ─► unseal ─► event, with proofs from tiles
 *
 * A snapshot pins pages of the store: take it, answer into memory, let it go before anything waits. */
#pragma once

#include "ledger/entry.h"
#include "ledger/ledger.h"
#include "ledger/merkle.h"

struct archive;
struct db_txn;
struct secrets;
struct snapshot;

/* With `with_keys` the sealed part can be read too (E_IO or E_PERMISSION when the key files cannot be). */
enum error archive_open(const char *dir, bool with_keys, struct archive **out, struct fault *fault) MUST_USE;
void archive_close(struct archive *archive);
const char *archive_origin(const struct archive *archive);
const struct vkey *archive_vkey(const struct archive *archive);

/* NULL without keys. For the audit, which opens more than a reader may. */
const struct secrets *archive_secrets(const struct archive *archive);

/* An archive may be used by many threads, a snapshot by one. */
enum error snapshot_begin(struct archive *archive, struct snapshot **out, struct fault *fault) MUST_USE;
void snapshot_end(struct snapshot *snapshot);

/* The signed checkpoint that this snapshot stands under, checked; borrowed until snapshot_end. */
void snapshot_checkpoint(const struct snapshot *snapshot, struct checkpoint *out, struct bytes *note);
/* Ledger time of the newest entry, and how far the filed part reaches (entries with index < filed). */
uint64_t snapshot_time_s(const struct snapshot *snapshot);
uint64_t snapshot_filed(const struct snapshot *snapshot);

/* Borrowed until snapshot_end. E_NOT_FOUND, E_CORRUPT. */
enum error snapshot_entry(struct snapshot *snapshot, uint64_t index, struct bytes *out) MUST_USE;
/* 256 entries as they are stored (C2SP entry bundle), the last one fewer. Borrowed. */
enum error snapshot_bundle(struct snapshot *snapshot, uint64_t number, struct bytes *out) MUST_USE;
/* `count` hashes from position `from` of a row of the tree (log.h), within one tile. Borrowed. */
enum error snapshot_row(
	struct snapshot *snapshot, uint32_t row, uint64_t from, size_t count, const struct hash **out) MUST_USE;
/* Inclusion under this snapshot's checkpoint. */
enum error snapshot_prove_inclusion(struct snapshot *snapshot, uint64_t index, struct merkle_proof *out) MUST_USE;
enum error snapshot_prove_consistency(struct snapshot *snapshot, uint64_t old_size, struct merkle_proof *out) MUST_USE;

/* Indexes of the events filed under `subject` with index < before, newest first: at most `max` of them. Fewer than
 * `max`: there are no more. `before` UINT64_MAX starts at the newest. */
enum error snapshot_find(struct snapshot *snapshot, struct bytes subject, uint64_t before, uint64_t *indexes,
	size_t max, size_t *count) MUST_USE;

/* A sealed record, opened: the memory is the snapshot's until the next record or snapshot_end. */
struct opened {
	struct entry_event entry;
	struct bytes header; /* encoded */
	struct bytes disclosed;
	struct bytes restricted;
	struct opening opening;
	struct hash c_d;
	struct hash c_r;
};

/* Opens and checks the record against the commitment in its entry. E_UNSEALED, E_ERASED, E_NOT_FOUND. For mass events
 * too. With an erased key `out` still holds entry, header, c_d and c_r. */
enum error snapshot_open_record(struct snapshot *snapshot, uint64_t index, struct opened *out) MUST_USE;

/* Every sender, by id. `visit` returns false to stop. */
enum error snapshot_senders(
	struct snapshot *snapshot, bool (*visit)(void *context, const struct sender *sender), void *context) MUST_USE;
enum error snapshot_sender(struct snapshot *snapshot, uint32_t id, struct sender *out) MUST_USE;

/* For the audit, which reads the tables themselves. Borrowed until snapshot_end. */
struct db_txn *snapshot_store(struct snapshot *snapshot);
