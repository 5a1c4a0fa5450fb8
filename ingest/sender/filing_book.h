/* The filing book: what a sender must remember to check how the ledger filed its events, in a directory of its own
 * inside the spool. spec/sender.md
 *
 *   receipt checked ─► filing_book_add ─► filing_book_next ─► (proof verified) ─► filing_book_pass ─► forgotten
 *
 * For each batch whose receipt was checked: whose data each event is about, and where the batch stands in the log,
 * until its filing was checked. And for each subject the label that was once proven, so that a subject costs one VRF
 * verification for ever. It begins with the first batch after it was made: filing can be claimed only by a sender whose
 * book has all of its events.
 *
 * Any thread; crash-safe (LMDB). Files are 0600: they hold personal data of the sender's own. Labels stand under
 * a plain hash of the subject: whoever has the file can try all numbers. */
#pragma once

#include "ledger/event/batch.h"
#include "ledger/label/label.h"

struct filing_book;

/* A batch of the book. */
struct filing_note {
	uint64_t first_sequence;
	uint64_t first_index;
	uint64_t receipt_s; /* when its receipt was checked */
	uint32_t count;
	enum batch_kind kind;
	struct bytes *subjects; /* `count` of them for an event batch; owned, one allocation with what they point to */
};

/* Opens the book in the directory `path`; with `create` makes one, which begins at sequence `begin`. E_NOT_FOUND. */
enum error filing_book_open(
	const char *path, bool create, uint64_t begin, struct filing_book **out, struct fault *fault) MUST_USE;
void filing_book_close(struct filing_book *book);
OWN(filing_book, filing_book_close);

/* All events below this sequence were checked; 0 if the book does not begin with the sender's first one. Where the book
 * has a hole it stays below that for ever. */
uint64_t filing_book_claim(struct filing_book *book);

/* Notes a batch from its body (of a batch frame); again changes nothing. Durable after filing_book_commit, which must
 * follow soon: until then filing_book_claim and filing_book_pass wait. */
enum error filing_book_add(struct filing_book *book, struct bytes body, uint64_t first_index, uint64_t now_s) MUST_USE;
enum error filing_book_commit(struct filing_book *book) MUST_USE;

/* The oldest batch that waits; E_NOT_FOUND. To be freed with filing_note_free. */
enum error filing_book_next(struct filing_book *book, struct filing_note *out) MUST_USE;
void filing_note_free(struct filing_note *note);
/* The label of a subject, as it was proven once. E_NOT_FOUND. */
enum error filing_book_label(struct filing_book *book, struct bytes subject, struct label *out) MUST_USE;

struct filing_label {
	struct bytes subject;
	struct label label;
};

/* The batch is filed rightly: it is forgotten, the claim moves on if nothing is missing before it, and these labels are
 * remembered. */
enum error filing_book_pass(
	struct filing_book *book, const struct filing_note *note, const struct filing_label *labels, size_t count) MUST_USE;
