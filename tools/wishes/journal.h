/* A file of sealed records, one behind the other, only ever added to, or written anew as a whole. spec/notify.md
 *
 *     open: what was finished is read ─► add, add ─► commit: written and synced ─► ... ─► anew, when most of it is
 * stale
 *
 * Each record is sealed under the file's number and its own place, so none can be moved, changed or taken from another
 * file unseen. What a crash left unfinished at the end is cut off; a record that does not open before others that do is
 * damage. */
#pragma once

#include "ledger/base/hash.h"
#include "ledger/base/own.h"

#define JOURNAL_RECORD_BYTES_MAX 512u

struct journal;

/* One record, of what was finished, in order; an error ends the reading. */
typedef enum error journal_reader(void *context, struct bytes record);

/* Opens `name` in `dir_fd`, or makes it. `cut` (set whatever comes): how many bytes were unfinished and are gone.
 * E_FORMAT, E_UNSEALED (another key, or damage at its beginning), E_CORRUPT, E_IO, and what `reader` gives. */
enum error journal_open(int dir_fd, const char *name, const struct key *key, journal_reader *reader, void *context,
	uint64_t *cut, struct journal **out, struct fault *fault) MUST_USE;
void journal_close(struct journal *journal);
OWN(journal, journal_close);

/* In memory until the commit. E_NO_MEMORY. */
enum error journal_add(struct journal *journal, struct bytes record) MUST_USE;
/* What was added is on the disk when this returns E_OK; with nothing added it does nothing. After any error the file is
 * as a crash would leave it: end the process. E_FULL, E_IO. */
enum error journal_commit(struct journal *journal) MUST_USE;

/* Bytes of it on the disk. */
uint64_t journal_bytes(const struct journal *journal);
/* Begins a file that takes its place: what is added from here on is in that one. Nothing may wait for a commit. The
 * next journal_commit puts it there, whole. E_NO_MEMORY. */
enum error journal_renew(struct journal *journal) MUST_USE;
