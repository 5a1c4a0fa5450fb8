/* OTLP's protobuf as OTLP's JSON: what is read is the JSON, and there is one reading. Pure. spec/otlp.md */
#pragma once

#include "ledger/base/bytes.h"

#include <jansson.h>

#define OTLP_MEMORY_MAX (16u << 20) /* that one request may take of the library */
#define OTLP_VALUES_MAX 131072u     /* of JSON, in one request; a mebibyte has some 40,000 of real ones */
#define OTLP_DEPTH_MAX 16u          /* of values inside each other */

/* The request, to be json_decref()ed. E_BAD_VALUE: it is no protobuf, or a value has no place in JSON; E_NOT_UTF8;
 * E_TOO_LONG: one of the limits above; E_NO_MEMORY. */
enum error otlp_protobuf_read(struct bytes body, bool spans, json_t **out, struct fault *fault) MUST_USE;

/* What is answered, malloc()ed; NULL: no memory. `rejected` 0: all was taken. */
uint8_t *otlp_protobuf_answer(int64_t rejected, const char *why, size_t *out_len);
uint8_t *otlp_protobuf_failure(const char *why, size_t *out_len);
