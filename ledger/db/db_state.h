/* What the two files that know LMDB share: reading (db.c) and putting (db_put.c). */
#pragma once

#include "ledger/db/db.h"
#include "ledger/db/db_file.h"

#include <lmdb.h>

/* Invariant: once `remember` has run it is in the list that begins in db.c, until db_close. */
struct db_env {
	MDB_env *env;
	MDB_dbi tables[DB_TABLES_MAX];
	char *path;
	bool read_only;
	bool unlocked;            /* on a disk that is read-only nothing is locked: nobody writes */
	struct db_identity files; /* as they were opened */
	struct db_env *next;      /* all that this process has open */
};

/* What LMDB returned, as an error; the first one stays with the transaction, but for E_NOT_FOUND. */
enum error db_stick(struct db_txn *txn, int rc);

static inline MDB_val db_val(struct bytes b)
{
	return (MDB_val){b.len, (void *)(uintptr_t)b.data};
}
