/* Typed access to a record of OpenTelemetry in OTLP's JSON. spec/otlp.md
 *
 * Members that are not known are passed over, as OTLP demands; of those that are known a wrong type is told by name.
 * Texts are borrowed from the document, or the message's own. */
#pragma once

#include "ingest/message/audit_message.h"

#include <jansson.h>

/* What the lists of a request are called, from the outermost one on. */
struct otlp_lists {
	const char *groups, *scopes, *records;
};

/* Of logs, or of spans. */
const struct otlp_lists *otlp_lists(bool spans);

struct otlp_record {
	const json_t *resource; /* its attributes; NULL: there are none */
	const json_t *attributes;
	const json_t *record;
	bool span;
};

/* A request of one record. E_BAD_VALUE, E_MISSING_FIELD. */
enum error otlp_record_open(const json_t *root, struct otlp_record *out, struct fault *fault) MUST_USE;

/* The value (AnyValue) of a key in a list of them; NULL: there is none, or it says nothing. E_BAD_VALUE: it stands
 * twice, or is no value. */
enum error otlp_attribute(const json_t *attributes, const char *key, const json_t **out, struct fault *fault) MUST_USE;
/* A text, a number or a truth as text, by the name `key` in a fault; empty where there is no value. Of a list the first
 * of its values. E_BAD_VALUE. */
enum error otlp_words(struct audit_message *message, const json_t *value, const char *key, struct bytes *out,
	struct fault *fault) MUST_USE;
/* Nothing but a text. E_BAD_VALUE. */
enum error otlp_text(const json_t *value, const char *key, struct bytes *out, struct fault *fault) MUST_USE;
/* The items of a list; a single value is a list of one. */
size_t otlp_count(const json_t *value);
const json_t *otlp_item(const json_t *value, size_t index);
/* The keys and values of a map, as a list of attributes; NULL for what is none. */
const json_t *otlp_map(const json_t *value);

/* A member that is there; null is none, as in all JSON of protobuf. NULL: it is not. */
const json_t *otlp_member(const json_t *object, const char *name);
/* A member of the record: texts, and numbers, also as decimal text; empty and 0 where it is absent. E_BAD_VALUE. */
enum error otlp_member_text(const json_t *record, const char *name, struct bytes *out, struct fault *fault) MUST_USE;
enum error otlp_member_number(const json_t *record, const char *name, uint64_t *out, struct fault *fault) MUST_USE;
