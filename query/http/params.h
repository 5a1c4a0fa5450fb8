/* The query string of a request: names and values, percent-decoded. spec/http.md
 *
 * Strict on purpose: a filter that is misspelt or given twice would otherwise silently give another answer than the one
 * that was asked for. */
#pragma once

#include "ledger/base/bytes.h"

#define PARAMS_MAX 16u
#define PARAMS_BYTES_MAX 2048u /* the whole query string; a cursor and an organisation are far below */

struct params {
	size_t count;
	struct {
		const char *name;
		const char *value;
	} items[PARAMS_MAX];
	char text[PARAMS_BYTES_MAX + 1]; /* what names and values point into: do not copy the struct */
};

/* `query` is what stands after '?', or NULL. "name=value" joined by '&'; "%XX" and '+' are decoded. Refuses bad
 * escapes, control characters, bytes that are not UTF-8, empty names, names given twice and names that are not in the
 * NULL-terminated list `known`. E_BAD_VALUE, E_TOO_LONG; the fault names the parameter if it is a known one. */
enum error params_parse(const char *query, const char *const known[], struct params *out, struct fault *fault) MUST_USE;
/* The value, or NULL when the parameter is not there. */
const char *params_get(const struct params *params, const char *name);
/* Decodes [from, end) to `to`, which may be the same place, without an end mark; gives the length, or -1 for a bad
 * escape or a control character. */
int params_decode(const char *from, const char *end, char *to);
