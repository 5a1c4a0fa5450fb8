/* What 'indsigt who' says, in English and Danish. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* A sentence is a whole format: sentences that are put together of pieces come out right in one language only. Where a
 * number is one or many there are two. */
struct words {
	const char *headings[8]; /* time, organisation, system, activity, purpose, who, on behalf of, action */
	const char *title;       /* one %s: the subject */
	const char *window;      /* two times, or `beginning` and `end` */
	const char *beginning;
	const char *end;
	const char *only_org; /* the organisation asked for */
	const char *nobody;
	const char *none_of;        /* with a filter: %llu, how many there are without it */
	const char *accesses;       /* one %llu */
	const char *withheld;       /* %llu: how many */
	const char *withheld_until; /* date, basis */
	const char *erased;         /* %llu */
	const char *erased_cell;
	const char *reporter;    /* who reported an access that is not shown: name of the system */
	const char *reported_by; /* organisation, name of the system that reported the access in its name */
	const char *coverage;    /* senders, hours, silent ones */
	const char *witnessed;   /* the quorum's time, as the ledger tells it */
	const char *unwitnessed;
	const char *silent; /* name, organisation, when last heard or `never` */
	const char *never;
	const char *lost;        /* how many, two times */
	const char *complete;    /* time */
	const char *ahead;       /* by how much the ledger's clock is ahead of the reader's */
	const char *verified;    /* %llu, checkpoint's origin */
	const char *unsigned_by; /* no vkey was given */
	const char *statement;   /* what is not proven */
	const char *times;
	const char *emergency;
	const char *human;
	const char *system;
	const char *ai;
	const char *ok;
	const char *denied;
	const char *failed;
};

extern const struct words words_english, words_danish;
/* `lang` is "da", "en", or a locale such as da_DK.UTF-8; anything that does not begin with "da" is English. */
const struct words *words_for(const char *lang);
/* The language that the environment asks for: LC_ALL, LC_MESSAGES, LANG, in this order. */
const char *words_environment(void);
/* A length of time for people, in its two largest units: "2 d 3 h", "1 h 59 min", "12 s". */
#define WORDS_SPAN_MAX 48
void words_span(uint64_t seconds, char out[WORDS_SPAN_MAX]);
/* An action's name for people; gives the name itself for one that it does not know. */
const char *words_action(const struct words *words, const char *action);
