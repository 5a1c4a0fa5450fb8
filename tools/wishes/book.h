/* Who wants to be told, what they wish, and how far each has been told: in memory (people.h) and in DIR/notify/wishes
 * (journal.h). Pure but for that file: whoever calls says what the time is. spec/notify.md
 *
 *     something happens (news, a wish, an answer) ─► book_... ─► in memory ─► book_commit: on disk ─► it may be seen
 *
 * Each record of the file is the whole of one person's state, or how far the log has been read; the newest counts. So
 * what a crash takes away is read, or sent, once more, and sent under the same id. What failed to be written ends the
 * process, and the file is what holds. */
#pragma once

#include "tools/wishes/journal.h"
#include "tools/wishes/people.h"

/* How far the log has been read: entries below `next`, the last of which has this hash (none: all zero). */
struct book_position {
	uint64_t next;
	struct hash last;
};

struct book_totals {
	uint64_t delivered; /* notices that the portal took */
	uint64_t dead;      /* given up */
	uint64_t stopped;   /* people whom the portal does not know any more, now */
	uint64_t waiting;   /* with something new that they were not told of yet, now */
};

struct book_rules {
	uint32_t gap_s;  /* between two notices, for who is told at once */
	uint64_t dead_s; /* a notice that was not taken for so long is given up */
};

struct book;

/* `alias_key` names people, `sealing` seals the file. The errors of journal_open. */
enum error book_open(int dir_fd, const struct key *alias_key, const struct key *sealing, const struct book_rules *rules,
	struct book **out, struct fault *fault) MUST_USE;
void book_close(struct book *book);
OWN(book, book_close);

const struct people *book_people(const struct book *book);
/* False before the first book_reached: the log has not been looked at. */
bool book_begun(const struct book *book);
struct book_position book_position(const struct book *book);
struct book_totals book_totals(const struct book *book);
/* Bytes of the file's end that were never finished. */
uint64_t book_cut(const struct book *book);

/* What time it is, before what follows: on the wall and on the clock that nobody sets. When they have moved apart by
 * more than a few seconds (somebody set the clock) all turns are reckoned anew. E_NO_MEMORY. */
enum error book_now(struct book *book, uint64_t wall_s, uint64_t now_ms) MUST_USE;

/* ---- the log ---- */

/* Something about whoever has this alias; nobody has: nothing happens. */
enum error book_news(struct book *book, const struct alias *alias) MUST_USE;
enum error book_reached(struct book *book, const struct book_position *position) MUST_USE;

/* ---- people ---- */

/* Borrowed until the next call; NULL: not among them. `subject` is canonical. */
const struct person *book_find(const struct book *book, struct bytes subject);
/* From now on. Whoever was stopped is not any more. What was new stays so. E_TOO_MANY, E_NO_MEMORY. */
enum error book_set(struct book *book, struct bytes subject, const struct wishes *wishes) MUST_USE;
/* Nothing is kept of them: the file is written anew, without them, within BOOK_ERASE_MS. Whoever holds the person lets
 * go of them first. */
enum error book_remove(struct book *book, struct bytes subject) MUST_USE;
#define BOOK_ERASE_MS 30000u

/* ---- notices ---- */

/* Whose turn it is now: their notice is under way from here on, after book_commit. NULL: nobody's. */
enum error book_next(struct book *book, struct person **out) MUST_USE;
/* When the next turn is (TURN_NEVER). */
uint64_t book_turn_ms(const struct book *book);

/* What became of it; it is not `sending` any more. */
enum error book_delivered(struct book *book, struct person *person) MUST_USE;
/* To be sent again, not before `again_ms`. `refused`: the portal took exception to this very notice. It is given up
 * when it is too old. */
enum error book_failed(struct book *book, struct person *person, bool refused, uint64_t again_ms) MUST_USE;
/* The portal does not know them any more. */
enum error book_stop(struct book *book, struct person *person) MUST_USE;

/* All of it is on the disk; and now and then the file is written anew. E_FULL, E_IO: end the process. */
enum error book_commit(struct book *book) MUST_USE;
