/* What a request's headers ask for, as RFC 9110 reads them. Pure. spec/tiles.md */
#pragma once

#include <stdbool.h>

/* Does an Accept-Encoding header (NULL: there is none) take gzip? A weight of 0 says no, "*" stands for all that are
 * not named. */
bool negotiate_gzip(const char *accept_encoding);
/* Does an If-None-Match header (NULL: there is none) hold the entity tag of what is there, or "*"? `tag` with its
 * quotes. */
bool negotiate_known(const char *if_none_match, const char *tag);
