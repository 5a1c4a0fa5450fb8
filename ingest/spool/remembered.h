/* What a sender remembers of what it has sent: a multiset of 8-byte keyed hashes, one for each message that waits or is
 * acknowledged. The k-th message of an input with a certain content was sent before if the multiset holds k of it: so
 * equal messages of one input are all sent, and the same input under another name is not sent again.
 *
 *   message goes into a batch ─► remembered_add ─► (refused) ─► remembered_remove
 *                                              └─► (receipt) ─► remembered_keep ─► remembered_persist ─► a file
 *
 * Counts are in memory (16 bytes a content). On disk are the kept hashes only, oldest first, in files of at most
 * REMEMBERED_FILE hashes beside the journal; what waits is in the journal. Files are only added to, and only what the
 * journal's state says of them counts: after a crash the journal repeats what the state does not know, so nothing is
 * there twice. When there are more than REMEMBERED_FILES files the oldest is forgotten. */
#pragma once

#include "ingest/spool/limits.h"
#include "ledger/base/hash.h"

struct remembered;

/* `dir_fd` is borrowed. A file holds `file_hashes`. */
enum error remembered_new(int dir_fd, uint32_t file_hashes, struct remembered **out) MUST_USE;
void remembered_free(struct remembered *remembered);
OWN(remembered, remembered_free);

/* An input begins: its messages are counted from the first on. */
void remembered_begin_input(struct remembered *remembered);
/* Counts one more message of the input with this hash; true if as many are remembered, so that it was sent before. */
enum error remembered_take(struct remembered *remembered, uint64_t hash, bool *out) MUST_USE;
/* How many are remembered. */
uint32_t remembered_count(const struct remembered *remembered, uint64_t hash);

enum error remembered_add(struct remembered *remembered, uint64_t hash) MUST_USE;
void remembered_remove(struct remembered *remembered, uint64_t hash);
/* These, which were added, are acknowledged. */
enum error remembered_keep(struct remembered *remembered, const uint64_t *hashes, size_t count) MUST_USE;

/* Hashes that are kept; how many were forgotten since the spool was made. */
uint64_t remembered_kept(const struct remembered *remembered);
uint64_t remembered_forgotten(const struct remembered *remembered);

/* Writes what was kept to the files and syncs them; forgets the oldest file if there are too many. Only when the state
 * that is encoded afterwards is durable may remembered_persisted remove forgotten files. E_FULL, E_IO: what was
 * not written is still kept; try again. */
enum error remembered_persist(struct remembered *remembered) MUST_USE;
void remembered_persisted(struct remembered *remembered);
/* The state that the journal keeps: forgotten (8) || oldest file (8) || files (4) || hashes of each (4) || hashes that
 * are in no file: count (4) || hashes (8 each). */
size_t remembered_encoded_bytes(const struct remembered *remembered);
void remembered_encode(const struct remembered *remembered, struct writer *out);
/* Into a fresh one. Form errors stick in the reader. What files hold less than the state says is forgotten. Files that
 * the state does not name are removed. */
enum error remembered_decode(struct reader *in, struct remembered *remembered) MUST_USE;
