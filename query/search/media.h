/* Which format is asked for: JSON is the one that there is. spec/fhir.md */
#pragma once

#include <stdbool.h>

/* By `_format` where it is there, else by the header Accept (NULL: there is none), whatever its order: clients list XML
 * first and mean both. */
bool media_takes_json(const char *format, const char *accept);
