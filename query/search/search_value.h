/* One value of a search parameter against one element of a resource (R4, search.html). spec/fhir.md */
#pragma once

#include "ledger/base/bytes.h"

#include <jansson.h>

#define SEARCH_VALUE_BYTES_MAX 1024u

/* The next of several values with commas between, `\,` being a comma in one: `rest` moves behind it; the piece still
 * has its escapes. False: there are no more. */
bool search_value_next(struct bytes *rest, struct bytes *out);
/* The piece up to the first `mark` without a backslash in front, and what is behind; false: there is no mark. */
bool search_value_split(struct bytes text, char mark, struct bytes *front, struct bytes *behind);
/* Without its escapes (\, \| \$ \\), with an end mark. E_BAD_VALUE for another escape, E_TOO_LONG. */
enum error search_value_plain(struct bytes text, char out[SEARCH_VALUE_BYTES_MAX + 1]) MUST_USE;

/* What a token asks for. */
struct search_token {
	bool systematic; /* there was a '|' */
	char system[SEARCH_VALUE_BYTES_MAX + 1];
	char code[SEARCH_VALUE_BYTES_MAX + 1]; /* "": any */
};

/* [system|]code, |code, system|. E_BAD_VALUE, E_TOO_LONG. */
enum error search_token_parse(struct bytes text, struct search_token *out) MUST_USE;
/* Against a code, a Coding, a CodeableConcept or an Identifier. */
bool search_token_matches(const struct search_token *token, const json_t *element);

enum string_match { STRING_BEGINS, STRING_CONTAINS, STRING_EXACT };

/* Letter case counts only where it is exact: of ASCII and of Latin-1's letters. */
bool search_string_matches(const char *wanted, enum string_match how, const json_t *element);
