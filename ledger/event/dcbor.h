/* Deterministic CBOR (RFC 8949 section 4.2), restricted to what events use: unsigned integers, text, booleans, arrays
 * and maps of definite length. Array and map heads are given as items; their contents follow. No allocation. */
#pragma once

#include "ledger/base/bytes.h"

enum cbor_kind { CBOR_UINT, CBOR_TEXT, CBOR_BOOL, CBOR_ARRAY, CBOR_MAP };

struct cbor_item {
	enum cbor_kind kind;
	uint64_t number;   /* value, 0 or 1, or number of elements or pairs */
	struct bytes text; /* borrowed; valid UTF-8 */
};

/* The next item; a failure sticks in `in`: E_TRUNCATED, E_NOT_DETERMINISTIC, E_NOT_UTF8, E_BAD_VALUE (another kind). */
void cbor_read(struct reader *in, struct cbor_item *out);

void cbor_put_uint(struct writer *out, uint64_t value);
void cbor_put_text(struct writer *out, struct bytes text);
void cbor_put_bool(struct writer *out, bool value);
void cbor_put_array(struct writer *out, size_t elements);
void cbor_put_map(struct writer *out, size_t pairs);
