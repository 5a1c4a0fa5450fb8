/* What somebody wants to be told, and when: a person's own wishes. spec/notify.md
 *
 * Read strictly: what is not understood is refused by name, and nothing is guessed, since a notice at the wrong hour is
 * one that nobody asked for. */
#pragma once

#include "ledger/base/bytes.h"
#include "tools/wishes/zone.h"

#include <jansson.h>

#define LANGUAGE_BYTES_MAX 5u
#define DAY_MINUTES 1440u

enum wish_when { WISH_AT_ONCE, WISH_DAILY, WISH_WEEKLY };

/* Who is not on has no wishes at all: nothing is kept of them. */
struct wishes {
	uint8_t when;                  /* enum wish_when */
	uint8_t hour;                  /* daily and weekly: local, 0 to 23 */
	uint8_t weekday;               /* weekly: 1 Monday to 7 */
	uint16_t quiet_from, quiet_to; /* minutes of the local day; the same: no quiet hours */
	char zone[ZONE_BYTES_MAX + 1]; /* a name of the tz database; "UTC" where it does not matter */
	char language[LANGUAGE_BYTES_MAX + 1];
};

/* `on` false: `out` is not set. E_UNKNOWN_FIELD, E_MISSING_FIELD, E_BAD_VALUE. */
enum error wishes_read(const json_t *json, bool *on, struct wishes *out, struct fault *fault) MUST_USE;
/* A new reference, as wishes_read takes it; NULL: nobody's, so {"on": false}. NULL when out of memory. */
json_t *wishes_json(const struct wishes *wishes);

#define WISHES_BYTES_MAX (3 + 4 + 2 * 2 + ZONE_BYTES_MAX + LANGUAGE_BYTES_MAX)
void wishes_encode(const struct wishes *wishes, struct writer *out);
/* What wishes_encode wrote; else the reader's error is set. */
void wishes_decode(struct reader *in, struct wishes *out);
