/* What 'indsigt who' says, in English and Danish. */
#pragma once

#include <stdbool.h>

struct words {
	const char *headings[8]; /* time, organisation, system, activity, purpose, who, on behalf of, action */
	const char *title;       /* one %s: the subject */
	const char *nobody;
	const char *accesses;       /* one %llu */
	const char *withheld;       /* %llu: how many */
	const char *withheld_until; /* date, basis */
	const char *erased;         /* %llu */
	const char *erased_cell;
	const char *coverage;  /* senders, hours, silent ones */
	const char *witnessed; /* the quorum's time, as the ledger tells it */
	const char *unwitnessed;
	const char *silent; /* name, organisation, when last heard or `never` */
	const char *never;
	const char *lost;        /* how many, two times */
	const char *complete;    /* time */
	const char *verified;    /* %llu, checkpoint's origin */
	const char *unsigned_by; /* no vkey was given */
	const char *statement;   /* what is not proven */
	const char *times;       /* zone */
	const char *emergency;
	const char *human;
	const char *system;
	const char *ai;
	const char *ok;
	const char *denied;
	const char *failed;
};

/* `lang` is "da", "en", or a locale such as da_DK.UTF-8; anything that does not begin with "da" is English. */
const struct words *words_for(const char *lang);
/* The language that the environment asks for: LC_ALL, LC_MESSAGES, LANG, in this order. */
const char *words_environment(void);
/* An action's name for people; gives the name itself for one that it does not know. */
const char *words_action(const struct words *words, const char *action);
