/* Environments, transactions whose first error sticks, and walks in key order. LMDB is known to this room alone: its
 * calls to db.c and db_put.c, the head of its file to db_file.c.
 *
 * Durability: a write transaction is synced when db_commit returns E_OK. What LMDB does not do, callers must know:
 * it does not check its pages, so a damaged file may crash the reader (audit walks in a child process). A file that is
 * empty, no environment or cut is refused on opening (db_file.h).
 *
 * Values from get and walks are borrowed from the map: until the transaction ends, and in a write transaction only
 * until its next write. Keys sort as byte strings. */
#pragma once

#include "ledger/base/bytes.h"
#include "ledger/base/own.h"

#include <endian.h>

#define DB_TABLES_MAX 16
#define DB_READERS_MAX 512 /* snapshots at a time, of all processes */

struct db_env;

struct db_txn {
	struct db_env *env;
	void *handle;
	enum error error; /* the first one, but for E_NOT_FOUND */
};

/* Opens (or with `create` makes; without it nothing is ever made) an environment in the directory `path`, with `count`
 * tables: table i of later calls is names[i]. One process may open an environment once. Read-only still needs write
 * permission on lock.mdb. */
enum error db_open(const char *path, const char *const *names, size_t count, size_t map_bytes, bool read_only,
	bool create, struct db_env **out, struct fault *fault) MUST_USE;
void db_close(struct db_env *env);
OWN(db_env, db_close);
/* Frees the slots of readers that died: their snapshots keep pages from being used again, and LMDB leaves it to its
 * users to look. */
void db_reap_readers(struct db_env *env);

/* E_REPLACED when data.mdb or lock.mdb in the directory is not the file that was opened any more: its snapshots are not
 * seen by whoever writes now (nor are those of who opened it while the disk was read-only, once it is not), or it would
 * write over the pages of those who opened it meanwhile. db_begin looks too. */
enum error db_check(const struct db_env *env) MUST_USE;
/* Whether that has happened to any environment that this process read, until it was closed. Who judges what was read
 * asks this first. Any thread. */
bool db_was_replaced(void);

/* The other process's snapshot that keeps the most pages; `transaction` 0: there is none that keeps any. */
struct db_reader {
	uint64_t transaction;
	int pid;
};

/* Writes a whole environment, as it is at one moment, to the file `fd`: it is a data.mdb of its own. Others may write
 * meanwhile. E_IO, E_FULL. */
enum error db_copy(struct db_env *env, int fd) MUST_USE;

void db_oldest_reader(struct db_env *env, struct db_reader *out);

/* Which commit it sees: another number, another state of the environment. */
uint64_t db_commit_seen(const struct db_txn *txn);
/* `out` is set whatever it returns, so that db_abort may always follow. E_READERS: the table of readers is full of
 * living ones, at most DB_READERS_MAX at a time; dead ones were cleared away. E_REPLACED as for db_check. */
enum error db_begin(struct db_env *env, bool write, struct db_txn *out) MUST_USE;
/* Ends the transaction whatever it returns. A read transaction is just let go. E_FULL: the disk or the map is full,
 * nothing was committed and the environment is still good. E_IO: whether it was committed is unknown: end the process.
 */
enum error db_commit(struct db_txn *txn) MUST_USE;
/* Forgets the transaction; nothing to do if it has ended. */
void db_abort(struct db_txn *txn);
#define OWNED_TXN OWNED(db_abort) struct db_txn

/* Keys of one number (8 bytes), and of two (4 and 8 bytes): for the block in which they stand. */
#define DB_KEY(number) bytes_of(&(uint64_t){htobe64(number)}, 8)
#define DB_KEY_PAIR(first, second) bytes_of(&(struct db_key_pair){htobe32(first), htobe64(second)}, 12)

struct db_key_pair {
	uint32_t first;
	uint64_t second;
} __attribute__((packed));

/* What must be there: that it is not is damage. */
static inline enum error db_must(enum error error)
{
	return error == E_NOT_FOUND ? E_CORRUPT : error;
}

enum error db_get(struct db_txn *txn, unsigned table, struct bytes key, struct bytes *out) MUST_USE;
/* A row that holds one number (8 bytes); 0 when there is none. E_CORRUPT for any other length. */
enum error db_get_number(struct db_txn *txn, unsigned table, struct bytes key, uint64_t *out) MUST_USE;
/* Number of rows. */
enum error db_count(struct db_txn *txn, unsigned table, uint64_t *out) MUST_USE;

/* ---- walks ---- */

struct db_walk {
	struct db_txn *txn;
	void *cursor;
	struct bytes key;
	struct bytes value;
};

/* `out` is set whatever it returns. */
enum error db_walk_begin(struct db_txn *txn, unsigned table, struct db_walk *out) MUST_USE;
void db_walk_end(struct db_walk *walk);
#define OWNED_WALK OWNED(db_walk_end) struct db_walk
/* Begins with the first row of the table; E_NOT_FOUND when it has none. */
enum error db_walk_first(struct db_txn *txn, unsigned table, struct db_walk *out) MUST_USE;
/* Each moves to a row and fills in key and value; E_NOT_FOUND when there is none. */
enum error db_walk_from(struct db_walk *walk, struct bytes key) MUST_USE; /* the first row at or after `key` */
enum error db_walk_upto(struct db_walk *walk, struct bytes key) MUST_USE; /* the last row at or before `key` */
enum error db_walk_last(struct db_walk *walk) MUST_USE;
enum error db_walk_next(struct db_walk *walk) MUST_USE;
enum error db_walk_previous(struct db_walk *walk) MUST_USE;
/* Whether a search by the key finds the very row that the walk stands on: in a damaged tree a walk can meet rows that
 * no search reaches. E_CORRUPT if it does not. */
enum error db_walk_check(const struct db_walk *walk) MUST_USE;
