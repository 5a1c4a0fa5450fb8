/* Time zones by their names in the tz database, from the files that the system has (tzdata). */
#pragma once

#include <stdbool.h>

#define ZONE_BYTES_MAX 40u /* "America/Argentina/ComodRivadavia" has 32 */

/* Whether it is a name of a zone, and its file is there. "UTC" always is. */
bool zone_known(const char *zone);
/* What localtime_r and mktime of this process go by from here on; one whose file is gone counts as UTC. The C library
 * has one zone at a time, so one thread. */
void zone_use(const char *zone);
