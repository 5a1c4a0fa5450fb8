/* Puts entries that the log has signed and an old store lacks back into the store. spec/recovery.md
 *
 *   restore_open ─► restore_entry, in order from restore_size on ─► restore_commit: all of it, or nothing
 *
 * The caller has verified the entries (follow.h) and holds the ledger's lock. What comes back is the public part: the
 * sealed records and the alias packs of these events are gone, and the ledger says so by a loss entry, the first thing
 * that it appends when it is opened. Where an entry of the log declares events lost that this store still has, they go
 * too. Nothing is signed here. */
#pragma once

#include "ledger/log/log_rules.h"

struct restore;

/* Opens DIR/store for writing, in one transaction. Where there is none, it is made beside (beside.h), has no entry at
 * all, and is there when restore_commit has succeeded; and where the key environment is gone as well, an empty one is
 * made. */
enum error restore_open(const char *dir, struct restore **out, struct fault *fault) MUST_USE;
/* Forgets everything that was not committed; NULL is allowed. */
void restore_close(struct restore *restore);
OWN(restore, restore_close);
/* Entries that the store has so far. */
uint64_t restore_size(const struct restore *restore);
/* The entry at index restore_size, encoded. E_FULL, E_IO, E_CORRUPT: nothing can go on. */
enum error restore_entry(struct restore *restore, struct bytes encoded, struct fault *fault) MUST_USE;
/* `rules` have taken exactly the entries that the store has now, and `note` is the log's checkpoint over them, else
 * E_BAD_CHECKPOINT. Synced; E_FULL: nothing has changed; E_IO: nothing, or, if the disk failed at the very end, all.
 * Nothing else is done with it afterwards but restore_close. */
enum error restore_commit(
	struct restore *restore, const struct log_rules *rules, struct bytes note, struct fault *fault) MUST_USE;
