/* Who reads followed files line by line, for the tests of following: it dies between any two steps, and remembers of
 * what it took what was durable by then. */
#pragma once

#include "tests/lib/followed_place.h"

#define FOLLOWED_LINES_MAX 20000u

/* A number below `below`, always the same after the same `seed`. */
extern uint64_t seed;
unsigned draw(unsigned below);

/* Lines that were taken, by where they stood and what they say; the first `durable` survive. `repeated`: recognised. */
extern struct taken {
	char mark[17];
	uint64_t at;
	uint64_t text;
} taken[FOLLOWED_LINES_MAX];
extern size_t taken_count, durable;
extern uint64_t repeated;

uint64_t text_of(const char *line, size_t len);
/* How often a line that says this was taken. */
size_t count_text(uint64_t text);

/* What there is to do with a file that is next, with `most` bytes of it. */
void read_some(struct followed *file, size_t most);
/* All that there is to read now; and all that there is, however long it takes. */
void read_now(void);
void read_all(void);
/* Everything that was taken becomes durable. */
void save(void);
/* And begins anew. Of what was not durable some is, in order. */
void die(void);
