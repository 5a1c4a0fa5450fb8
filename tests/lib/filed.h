/* What is filed (ledger/filed/runs.h), made without a ledger, or changed as somebody with its disk and its keys could.
 */
#pragma once

#include "ledger/filed/head.h"
#include "ledger/filed/run_put.h"

#include <limits.h>

struct filed {
	char dir[80];
	int dir_fd;
	struct run_shelf *shelf;
	struct store_filing filing; /* what is named, as a commit would */
	struct runs runs;           /* those, and what is read of them */
	struct run_writer *writer;
	enum run_table table; /* which it is at */
};

/* ---- in a directory of its own ---- */

/* Nothing is filed yet. */
void filed_make(struct filed *filed, const char *dir);
/* That of a ledger which is closed. */
void filed_open(struct filed *filed, const char *dir);
void filed_close(struct filed *filed);
/* An epoch of about so many bytes; rows are put in the order of their keys. */
void filed_new_run(struct filed *filed, uint64_t bytes);
void filed_reach(struct filed *filed, enum run_table table, struct bytes key);
/* Reaches as well. */
void filed_row_put(struct filed *filed, enum run_table table, struct bytes key, struct bytes value);
void filed_finish(struct filed *filed);
void filed_give_up(struct filed *filed);
/* Of the run at this place, the oldest first. */
void filed_path(const struct filed *filed, size_t place, char out[PATH_MAX]);

/* ---- in a ledger that is closed ---- */

/* Row `number` of a table, in the order of the keys: the key, and the length of the value. False: there is none. */
bool filed_row_at(
	const char *dir, enum run_table table, uint64_t number, uint8_t key[RUN_KEY_BYTES_MAX], size_t *value_len);
/* A copy, to be freed; it must be there. */
struct bytes filed_row(const char *dir, enum run_table table, struct bytes key);
/* The row is this one from now on; NULL: it is gone. All runs become one, and every check is right. */
void filed_change(const char *dir, enum run_table table, struct bytes key, const struct bytes *value);
/* Flips one bit of a row's value; every check is right. */
void filed_flip_row(const char *dir, enum run_table table, struct bytes key, size_t at, unsigned bit);
/* The head of a subject, which must be there; and it becomes this one. */
void filed_head_of(const char *dir, const struct seal_keys *keys, const struct alias *alias, struct head *out);
void filed_head(const char *dir, const struct seal_keys *keys, const struct alias *alias, const struct head *head);
/* Bytes of the newest run's file; and one bit of them is another. */
uint64_t filed_bytes(const char *dir);
void filed_flip(const char *dir, uint64_t at, unsigned bit);
