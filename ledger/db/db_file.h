/* What is looked at in an LMDB file before LMDB itself opens it. LMDB maps the file and believes its head: a file
 * that was cut ends the process by a signal at some later read, and an empty one is taken for a new environment and
 * written over. spec/store.md */
#pragma once

#include "ledger/base/error.h"

#include <signal.h>
#include <stddef.h>

/* Whether the file in the directory `path` can be an environment: its head is one, and it is about as long as
 * the head says. E_NOT_FOUND: there is none. E_CORRUPT: it is empty, no LMDB file, or cut. E_PERMISSION, E_IO. */
enum error db_file_check(const char *path, struct fault *fault) MUST_USE;

/* Which files an environment is, to be compared later: data.mdb, and lock.mdb where the readers' snapshots are noted.
 * Who goes on with one after the other process has another no longer sees that process's snapshots, or is not seen. */
struct db_identity {
	uint64_t device[2], inode[2]; /* 0: not there */
};

void db_file_identity(const char *path, struct db_identity *out);
/* Whether they are the same files still. True also where that cannot be looked at. */
bool db_file_same(const char *path, const struct db_identity *then);

/* The two pages of the head, of which LMDB makes new ones wherever its own reading finds nothing: it then takes a
 * whole store for an empty file. */
#define DB_HEAD_BYTES_MAX 131072u

struct db_head {
	uint8_t *bytes; /* to free() */
	size_t len;
};

enum error db_head_read(const char *path, struct db_head *out, struct fault *fault) MUST_USE;
/* Whether LMDB has made a new head, before any transaction, where `head` was of a later one; the head is then put
 * back, and nothing is lost. True also where the disk does not say what head there is now. */
bool db_head_put_back(const char *path, const struct db_head *head);

/* In a handler of SIGBUS: says on standard error what came of reading a page. True if the file does not have it, since
 * it was cut or a damaged page names one that never was: that is damage. False if it is there and could not be read
 * (the disk or the memory fails), or nothing can be told: that says nothing about the store. */
bool db_file_fault(const siginfo_t *info);
/* A page that cannot be read although the file's length looked right (it was cut by less than can be told, or the disk
 * fails) ends the process all the same: then with a sentence on standard error and status 4, not by a bare signal.
 * Done once for a process; whoever has a disposition for SIGBUS of their own keeps it. */
void db_file_name_faults(void);
