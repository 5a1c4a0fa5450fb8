/* Reading a configuration in JSON that somebody wrote by hand: what is not known, missing or of another kind is refused
 * with the member's place. `where` is the place of the object: "issuers[0]". All texts are borrowed from the JSON. */
#pragma once

#include "ledger/base/error.h"

#include <jansson.h>

/* `json` is an object, and all its members are in the NULL-terminated list. E_BAD_VALUE, with the one that is not. */
enum error strict_object(
	const json_t *json, const char *where, const char *const known[], struct fault *fault) MUST_USE;
/* A text of 1 to `max` bytes without characters that nobody sees. Where there is none `out` stays as it is. */
enum error strict_text(const json_t *object, const char *where, const char *name, size_t max, const char **out,
	struct fault *fault) MUST_USE;
/* A list of 1 to `count_max` such texts. */
enum error strict_texts(const json_t *object, const char *where, const char *name, size_t max, size_t count_max,
	const char **out, size_t *out_count, struct fault *fault) MUST_USE;
enum error strict_number(const json_t *object, const char *where, const char *name, uint32_t min, uint32_t max,
	uint32_t *out, struct fault *fault) MUST_USE;
/* What `out` was left as NULL for, where it must be there. */
enum error strict_needed(const void *there, const char *where, const char *name, struct fault *fault) MUST_USE;
