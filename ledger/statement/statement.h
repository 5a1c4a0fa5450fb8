/* Statements: what a citizen, or anybody they hand it to, can verify offline with nothing but the file, the log's vkey
 * and, where there is one, a witness policy. spec/statement.md
 *
 *   vkey ─► checkpoint ─► genesis (index 0) ─► VRF key ─► label of the subject ─┐
 *                     └─► epoch entry ─► map root ─► map proof ◄────────────────┘
 *                                                       │ present: SHA-256(domain || count || root)
 *   each event: entry ◄─ commitment ◄─ header, c_d ─► leaf ─► subject tree root
 *
 * statement_verify checks everything that the page lists, in its order, and stops at the first check that does not
 * hold. What it gives says no more than was proven. Pure: no store, no keys, no files, no clock. */
#pragma once

#include "ledger/entry/sender.h"
#include "ledger/proof/anchor.h"

enum statement_state { STATEMENT_OPEN, STATEMENT_WITHHELD, STATEMENT_ERASED };

struct statement_event {
	uint64_t index;
	struct entry_event entry;
	enum statement_state state;
	struct event_header header;
	struct bytes disclosed; /* open: CBOR that event_decode (partial) reads; else empty */
	uint64_t erased_by;     /* erased: log index of the erasure entry */
	/* Where the statement shows signatures, for covered events: whose signature over this event was verified; else
	 * NULL. */
	const struct sender *sender;
};

/* A half-open window over ledger time. */
struct statement_window {
	bool has_from;
	bool has_to;
	uint64_t from_s;
	uint64_t to_s;
};

enum statement_audit { STATEMENT_AUDIT_NONE, STATEMENT_AUDIT_NO_KEY, STATEMENT_AUDIT_VERIFIED };

/* What is proven. Everything that it points to is its own. */
struct statement {
	char subject[SUBJECT_BYTES_MAX + 1];
	char origin[ORIGIN_BYTES_MAX + 1];
	uint64_t size; /* of the checkpoint */
	uint64_t epoch_index;
	uint64_t epoch_size;   /* m: events with a lower log index are covered */
	uint64_t epoch_time_s; /* complete until then */
	uint64_t lost;         /* events of this log, about anybody, whose content is lost: nobody's list has them */
	bool present;
	uint64_t count; /* the subject's covered events, in the window or not */
	struct statement_window window;
	size_t event_count; /* all of them, or all in the window; ascending by index */
	struct statement_event *events;
	uint64_t open;
	uint64_t withheld;
	uint64_t erased;
	size_t later_count; /* not yet covered: some of what came after, never counted as complete */
	struct statement_event *later;
	bool signatures; /* every one of `events` bears its sender's verified signature */
	size_t sender_count;
	struct sender *senders; /* as those of their entries make them that are shown; nothing of how far they came */
	/* With a witness policy that asks for something: it is fulfilled, and the epoch is not older beside the quorum's
	 * time than the log allows itself. Else freshness and one history are not proven. */
	struct witnessed witnessed;
	enum statement_audit audit;
	char auditor[ORIGIN_BYTES_MAX + 1];     /* verified: the key's name */
	uint64_t audit_epoch;                   /* verified: log index of the epoch entry that was recomputed */
	char predecessor[ORIGIN_BYTES_MAX + 1]; /* origin of the log before; empty when there is none */

	uint8_t *memory; /* what the events point into */
};

struct statement_options {
	const char *subject;                 /* canonical; NULL: whoever it is about */
	const struct witness_policy *policy; /* NULL: cosignatures are not looked at */
	/* With a key there must be a note of it; NULL: a note is not checked, and the result says so. */
	const struct vkey *auditor;
};

/* E_BAD_VALUE for the form, E_BAD_PROOF for what does not hold, with `finding`; E_NO_MEMORY (finding FINDING_NONE). On
 * success the caller calls statement_free. About 0.5 ms, 15 us for each event and 100 us for each batch of signatures.
 */
enum error statement_verify(struct bytes text, const struct vkey *log, const struct statement_options *options,
	struct statement **out, struct finding *finding) MUST_USE;
/* NULL is allowed. */
void statement_free(struct statement *statement);
OWN(statement, statement_free);
