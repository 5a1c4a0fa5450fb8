/* A search for AuditEvents (IHE ITI-81) as it was asked, and whether an AuditEvent matches it. spec/fhir.md
 *
 * Values of one parameter with commas between are alternatives; a parameter that is given again must match, too. It is
 * the AuditEvent that is looked at, as whoever asks is shown it: what is kept back cannot be searched for. */
#pragma once

#include "ledger/base/bytes.h"
#include "ledger/base/limits.h"

#include <jansson.h>

#define SEARCH_BYTES_MAX 8192u /* of a query string or a form */
#define SEARCH_ASKED_MAX 4096u /* of what is understood in it, encoded anew */
#define SEARCH_CRITERIA_MAX 32u
#define SEARCH_VALUES_MAX 256u /* of all criteria: each is looked for in each event */
#define SEARCH_COUNT_DEFAULT 50u
#define SEARCH_COUNT_MAX 200u /* entries on a page, whatever is asked for: FHIR lets a page be shorter */

enum search_type { SEARCH_TOKEN, SEARCH_DATE, SEARCH_STRING };
enum search_modifier { MODIFIER_NONE, MODIFIER_NOT, MODIFIER_MISSING, MODIFIER_EXACT, MODIFIER_CONTAINS };

struct search_parameter {
	const char *name;
	enum search_type type;
	const char *path, *other; /* elements of an AuditEvent, joined by '.'; `other` may be NULL */
	const char *definition;   /* what it is called in R4, or NULL */
};

struct criterion {
	const struct search_parameter *parameter;
	enum search_modifier modifier;
	const char *value; /* with its escapes */
};

/* Newest in the log first where nothing is asked for. */
enum search_order { ORDER_LOG_DOWN, ORDER_LOG_UP, ORDER_DATE_DOWN, ORDER_DATE_UP };

/* Do not copy: points into itself. */
struct search {
	size_t count, values;
	struct criterion criteria[SEARCH_CRITERIA_MAX];
	enum search_order order;
	uint32_t page;                      /* entries */
	bool counted;                       /* _summary=count: no entries */
	bool shaped;                        /* there is a _count, _sort or _summary in it */
	unsigned given;                     /* which of FHIR's own were there, a bit each */
	bool named;                         /* there is a person in it */
	char person[SUBJECT_BYTES_MAX + 1]; /* canonical */
	const char *format;                 /* _format, or NULL */
	const char *continuation;           /* _page, or NULL: then there is nothing else but _format */
	bool ignored;                       /* something was not understood, and left out on demand */
	uint64_t now_s;
	size_t asked_len;
	char asked[SEARCH_ASKED_MAX]; /* what was understood, encoded anew: the question of a page that follows */
	char text[2 * SEARCH_BYTES_MAX + 2];
};

/* The parameters that there are, NULL-ended by name. */
extern const struct search_parameter search_parameters[];

/* Query string and form together, either may be NULL. `lenient`: what is not known is ignored and said. E_UNKNOWN_FIELD
 * for a parameter or modifier that there is none, E_BAD_VALUE (also for one of FHIR's own that is there twice),
 * E_TOO_LONG, E_BAD_SUBJECT; faults name the parameter if it is known, and never hold a value. */
enum error search_parse(const char *query, const char *form, bool lenient, uint64_t now_s, struct search *out,
	struct fault *fault) MUST_USE;
bool search_matches(const struct search *search, const json_t *event);
/* Which ledger times may match at all: seconds, from <= t < to. */
void search_window(const struct search *search, uint64_t *from_s, uint64_t *to_s);
