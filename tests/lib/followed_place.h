/* A followed file in a directory of its own, and whoever follows it, for the tests of following. */
#pragma once

#include "tests/lib/place.h"
#include "tests/lib/unit.h"
#include "tools/following/following.h"

extern struct place where;
extern char path[96]; /* of the file */
extern int spool_fd;
extern struct following *following;
extern uint64_t now_ms;

/* What was said, newest last, and how often that something was lost. */
extern char said[4096];
extern unsigned lost_said;

/* A hash of a text, which is what following knows bytes by here. */
uint64_t hash_text(void *context, struct bytes text);
/* With that hash, and what takes what is said. */
extern const struct following_calls following_calls;

/* Makes the directories, with no file yet, and starts; and removes them. */
void begin_place(void);
void end_place(void);
/* Opens what is followed, as a sender does that begins; and closes it without a word, as one that dies. */
void start(void);
void stop(void);
/* At all names, and remembers what it saw. */
void look(void);
