/* A ledger's store put back to an older one, and what its mirrors would still have of the newer one. */
#pragma once

#include "ledger/audit/audit.h"
#include "ledger/write/restore.h"
#include "tests/lib/fixture.h"

/* Whether events that are filed too late are borne, as 'recover' does. */
extern bool kept_bears_late;

/* The log of a store, as somebody has it who followed it. */
struct kept_log {
	uint64_t size;
	struct bytes *entries; /* owned */
	struct log_rules rules;
	size_t note_len;
	uint8_t note[NOTE_BYTES_MAX];
};

/* All of the ledger's log, which has to keep the rules. */
void kept_log_take(const struct fixture *fixture, struct kept_log *out);
void kept_log_free(struct kept_log *log);
/* Keeps a copy of the store under a name, and puts it back. The ledger is closed. */
void copy_store(const struct fixture *fixture, const char *name, bool back);
/* Puts the store together again from what is kept. */
enum error try_restore(const struct fixture *fixture, const struct kept_log *log, struct fault *fault);
void restore_all(const struct fixture *fixture, const struct kept_log *log);
/* With records and labels. */
struct audit_result full_audit(const struct fixture *fixture);
