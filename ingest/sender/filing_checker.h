/* Checking how the ledger filed what this sender reported, in the background. spec/sender.md, spec/filing.md
 *
 *   book ─► oldest batch ─► GET /v1/filing (signed) ─► proof verified ─► same place, same subjects ─► book moves on
 *                              │ not filed yet: wait          │ a subject's label is not known yet: ask with VRF proofs
 *                              └ longer than the log's lag ───┴─► alarm: evidence is kept, checking stops
 *                              (where the log says that the batch is lost: the proof is kept, told, and on to the next)
 *
 * A thread of its own, which never holds up sending. What can be tried again (the ledger cannot be reached) is, with
 * pauses; what cannot (a proof that does not hold, an event filed under somebody else, a batch that is not filed in
 * time) is an alarm. */
#pragma once

#include "ingest/net/fetch.h"
#include "ingest/sender/filing_book.h"
#include "ingest/sender/limits.h"
#include "ingest/spool/sender_key.h"

/* Asks for the filing proof of the batch that holds `sequence`, signed; the answer is borrowed until the next request
 * of `fetch`. E_NOT_FOUND with the reason: not filed yet, for one. */
enum error filing_ask(struct fetch *fetch, const struct sender_key *key, uint64_t sequence, bool proofs,
	struct bytes *out, struct fault *fault) MUST_USE;

struct filing_checker;

struct filing_checker_options {
	const char *url; /* of the ledger's query daemon; only read at the start */
	struct filing_book *book;
	const struct sender_key *key; /* borrowed; not changed while the checker runs */
	const char *evidence;         /* directory in which what does not hold is kept */
};

/* Starts the thread. E_USAGE for an address that is none. */
enum error filing_checker_start(
	const struct filing_checker_options *options, struct filing_checker **out, struct fault *fault) MUST_USE;
/* Ends the thread, and waits for a request that is under way: what is said of the state then is the last word. NULL is
 * allowed. */
void filing_checker_end(struct filing_checker *checker);
/* The same, and frees it. */
void filing_checker_stop(struct filing_checker *checker);
/* There is something new in the book. */
void filing_checker_wake(struct filing_checker *checker);

enum filing_state {
	FILING_WORKING, /* the book has batches, and the next one is looked at or waited for */
	FILING_DONE,    /* everything in the book was checked */
	FILING_ALARM,   /* something does not hold; nothing more is checked */
	FILING_REFUSED, /* the sender may not ask: its clock is wrong, or its key is none; it is tried again all the same */
};

/* Events of this sender's of which the ledger has shown, since the start, that it has lost what they were about. The
 * proof is kept; the batch counts as looked at, because the log itself says so to everybody (spec/loss.md). */
uint64_t filing_checker_lost(struct filing_checker *checker);

/* `text` (FAULT_TEXT_MAX + 1 bytes): the alarm, or why it cannot go on just now; empty if there is nothing to say. */
enum filing_state filing_checker_state(struct filing_checker *checker, char *text);
