/* Everybody who wants to be told, in memory: found by alias, and the one whose turn is next found first. No file, no
 * clock. Some 250 bytes a person. */
#pragma once

#include "ledger/base/own.h"
#include "ledger/keystore/keystore.h"
#include "tools/wishes/wishes.h"

#define PEOPLE_MAX 8000000u /* more than live in the country that this was made for */
#define NOTICE_ID_BYTES 16
#define TURN_NEVER UINT64_MAX

/* A person is told of what is new by one notice at a time; what comes while it is under way makes the next one.
 *
 *   nothing new ──news──► new_s ──due, and sent──► notice ─┬─ taken, or given up ─► nothing new (or new_s)
 *                                                          ├─ refused ─► again, later, under the same id
 *                                                          └─ nobody is there any more (410) ─► stopped */
struct person {
	struct alias alias;
	struct wishes wishes;
	bool stopped;    /* the portal has said that it cannot tell them any more */
	uint64_t new_s;  /* when something new was first seen, 0: nothing is */
	uint64_t told_s; /* when the last notice was made, 0: never */
	uint64_t made_s; /* the notice under way, 0: none */
	uint8_t id[NOTICE_ID_BYTES];
	/* what is forgotten when the process ends */
	uint32_t refusals; /* of the notice under way */
	bool sending;      /* it is on the line */
	uint64_t turn_ms;  /* when to look at them next; TURN_NEVER: when something happens */
	size_t place;      /* in the agenda */
	char subject[];    /* canonical, with its end mark */
};

struct people;

struct people *people_new(void); /* NULL when out of memory */
void people_free(struct people *people);
OWN(people, people_free);
size_t people_count(const struct people *people);

/* NULL: not among them. */
struct person *people_find(const struct people *people, const struct alias *alias);
/* A new one, with nothing new and no turn. E_NO_MEMORY; E_TOO_MANY. */
enum error people_add(
	struct people *people, const struct alias *alias, struct bytes subject, struct person **out) MUST_USE;
/* Wiped, and freed. */
void people_remove(struct people *people, struct person *person);

/* Everybody, in no order; `*at` begins at 0. NULL: no more. */
struct person *people_next(const struct people *people, size_t *at);

/* TURN_NEVER takes them off the agenda. */
void people_turn(struct people *people, struct person *person, uint64_t turn_ms);
/* Whose turn is first; NULL: nobody's. */
struct person *people_first(const struct people *people);
