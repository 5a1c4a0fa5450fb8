/* What is new in the log, and about whom: read beside the writer, by alias, without opening a record. spec/notify.md
 *
 * Of the ledger's secrets it reads two: the one that names people (alias), and the one that seals which alias an event
 * is about (filing, made of master, which is wiped). With neither can a record be opened. */
#pragma once

#include "ledger/base/hash.h"
#include "ledger/base/own.h"
#include "tools/wishes/book.h"

struct news;

/* E_NOT_FOUND, E_PERMISSION, E_IO, E_FORMAT. */
enum error news_open(const char *dir, struct news **out, struct fault *fault) MUST_USE;
void news_close(struct news *news);
OWN(news, news_close);
const struct key *news_alias_key(const struct news *news);

struct news_seen {
	struct book_position position; /* after it */
	uint64_t size;                 /* of the log, as far as it is surely on the disk */
	bool more;                     /* there is more to be read at once */
	bool held;                     /* what stands at `position` cannot be read now; nothing is passed over */
};

/* Gives `visit` the alias of each event at or behind `from`, oldest first, some thousands at most, and where that
 * ended. Only what the guard has: that no power cut takes back. E_ROLLED_BACK: the log is not the one that was read
 * before. The errors of `visit`, of the store (E_REPLACED, E_READERS, E_CORRUPT, E_IO). */
typedef enum error news_visitor(void *context, const struct alias *alias);
enum error news_read(struct news *news, const struct book_position *from, news_visitor *visit, void *context,
	struct news_seen *out, struct fault *fault) MUST_USE;
/* Before the entry `next`, or at the end of the log where that comes first: for who has not read of it before. */
enum error news_at(struct news *news, uint64_t next, struct book_position *out, struct fault *fault) MUST_USE;
