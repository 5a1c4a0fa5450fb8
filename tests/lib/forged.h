/* What tests of the verifier share: an example log, edits of a statement, and the finding that must come out. */
#pragma once

#include "tests/lib/forge.h"

#define ANNE "cpr:0101701234"
#define BENT "cpr:0202802345"
#define NOBODY "cpr:0303903456"

/* Verifies and gives back `json` as a statement; ends the test unless it holds. */
struct statement *accept_json(const struct forge *forge, json_t *json, const struct statement_options *options);
/* `json` must be refused with this finding; it is given up. */
void refuse_json(
	const struct forge *forge, json_t *json, const struct statement_options *options, enum finding_code wanted);
/* The member of an object, or of the element of an array. */
json_t *part(const json_t *json, const char *name);
json_t *item(const json_t *json, const char *name, size_t i);
/* Flips a bit in the middle of bytes in base64. */
void spoil(json_t *object, const char *name);
/* The same in the first hash of a list. */
void spoil_hash(json_t *object, const char *name);
void set_number(json_t *object, const char *name, uint64_t number);
uint64_t number_of(const json_t *object, const char *name);
