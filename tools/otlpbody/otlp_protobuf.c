/* The library unpacks what has its place in otlp.proto, out of memory that is counted; what it has made is walked by
 * the library's own description of it, whose names are those of the JSON. Numbers of 64 bits become decimal text, as
 * JSON of protobuf has them; ids hexadecimal; what has its zero is left out. */
#include "tools/otlpbody/otlp_protobuf.h"

#include "ledger/json/json_base64.h"

#include <otlp.pb-c.h>

#include <inttypes.h>
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_BYTES_MAX 48

/* ---- memory ---- */

/* Each piece has its size before it. */
union piece {
	size_t bytes;
	max_align_t aligned;
};

struct purse {
	size_t left,
		ever;   /* to be had now; and in all, whatever is given back: merging a message a thousand times costs time */
	bool empty; /* it was, once */
};

static void *take(void *context, size_t bytes)
{
	struct purse *purse = context;
	if (bytes > purse->left || sizeof(union piece) > purse->left - bytes || bytes > purse->ever) {
		purse->empty = true;
		return NULL;
	}
	union piece *piece = malloc(sizeof *piece + bytes);
	if (piece == NULL)
		return NULL;
	piece->bytes = bytes;
	purse->left -= bytes + sizeof *piece;
	purse->ever -= bytes;
	return piece + 1;
}

static void give(void *context, void *data)
{
	struct purse *purse = context;
	if (data == NULL)
		return;
	union piece *piece = (union piece *)data - 1;
	purse->left += piece->bytes + sizeof *piece;
	free(piece);
}

/* ---- what is made ---- */

struct making {
	struct purse purse;
	ProtobufCAllocator allocator;
	size_t values;
	unsigned depth;
	struct fault *fault;
};

static enum error message_json(struct making *making, const ProtobufCMessage *message, json_t **out);

static enum error count(struct making *making)
{
	making->values++;
	return making->values <= OTLP_VALUES_MAX
			   ? E_OK
			   : fault_set(making->fault, E_TOO_LONG, "the request has more than %u values", OTLP_VALUES_MAX);
}

static enum error open_message(
	struct making *making, const ProtobufCMessageDescriptor *kind, struct bytes body, json_t **out)
{
	ProtobufCMessage *message = protobuf_c_message_unpack(kind, &making->allocator, body.len, body.data);
	if (message == NULL && making->purse.empty)
		return fault_set(making->fault, E_TOO_LONG, "the request takes more than %u bytes of memory", OTLP_MEMORY_MAX);
	if (message == NULL)
		return fault_set(making->fault, E_BAD_VALUE, "the body is no protobuf of OTLP, or not all of it");
	enum error error = message_json(making, message, out);
	protobuf_c_message_free_unpacked(message, &making->allocator);
	return error;
}

/* A list or a map, which stands in a value as bytes. */
static enum error nested_json(
	struct making *making, const ProtobufCMessageDescriptor *kind, struct bytes body, json_t **out)
{
	if (making->depth == OTLP_DEPTH_MAX)
		return fault_set(making->fault, E_TOO_LONG, "more than %u values inside each other", OTLP_DEPTH_MAX);
	making->depth++;
	enum error error = open_message(making, kind, body, out);
	making->depth--;
	return error;
}

static enum error hex_json(struct making *making, struct bytes id, json_t **out)
{
	char text[2 * 64 + 1];
	if (id.len > 64)
		return fault_set(making->fault, E_TOO_LONG, "an id of a trace or span is longer than 64 bytes");
	sodium_bin2hex(text, sizeof text, id.data, id.len);
	*out = json_string(text);
	return allocated(*out);
}

static enum error bytes_json(struct making *making, const char *name, struct bytes data, json_t **out)
{
	if (strcmp(name, "array_value") == 0)
		return nested_json(making, &otlp__values__descriptor, data, out);
	if (strcmp(name, "kvlist_value") == 0)
		return nested_json(making, &otlp__pairs__descriptor, data, out);
	if (strcmp(name, "bytes_value") == 0) {
		*out = json_base64(data);
		return allocated(*out);
	}
	if (strcmp(name, "trace_id") == 0 || strcmp(name, "span_id") == 0 || strcmp(name, "parent_span_id") == 0)
		return hex_json(making, data, out);
	if (!bytes_utf8(data))
		return fault_set(making->fault, E_NOT_UTF8, "%s: is not UTF-8", name);
	*out = data.len > 0 ? json_stringn((const char *)data.data, data.len) : json_string("");
	return allocated(*out);
}

static enum error wide_json(const char *format, uint64_t number, json_t **out)
{
	char text[24];
	if (strcmp(format, "d") == 0)
		snprintf(text, sizeof text, "%jd", (intmax_t)number);
	else
		snprintf(text, sizeof text, "%ju", (uintmax_t)number);
	*out = json_string(text);
	return allocated(*out);
}

/* What no JSON number can be has its name in JSON of protobuf. */
static json_t *real_json(double number)
{
	if (isnan(number))
		return json_string("NaN");
	return isinf(number) ? json_string(number > 0 ? "Infinity" : "-Infinity") : json_real(number);
}

/* One value, which stands at `at`. */
static enum error field_json(struct making *making, const ProtobufCFieldDescriptor *field, const void *at, json_t **out)
{
	const ProtobufCBinaryData *data = at;
	switch (field->type) {
	case PROTOBUF_C_TYPE_MESSAGE:
		return message_json(making, *(const ProtobufCMessage *const *)at, out);
	case PROTOBUF_C_TYPE_BYTES:
		return bytes_json(making, field->name, bytes_of(data->data, data->len), out);
	case PROTOBUF_C_TYPE_FIXED64:
		return wide_json("u", *(const uint64_t *)at, out);
	case PROTOBUF_C_TYPE_INT64:
		return wide_json("d", *(const uint64_t *)at, out);
	case PROTOBUF_C_TYPE_BOOL:
		*out = json_boolean(*(const protobuf_c_boolean *)at);
		return allocated(*out);
	case PROTOBUF_C_TYPE_DOUBLE:
		*out = real_json(*(const double *)at);
		return allocated(*out);
	case PROTOBUF_C_TYPE_INT32:
		*out = json_integer(*(const int32_t *)at);
		return allocated(*out);
	default: /* of 32 bits */
		*out = json_integer(*(const uint32_t *)at);
		return allocated(*out);
	}
}

static size_t size_of(const ProtobufCFieldDescriptor *field)
{
	return field->type == PROTOBUF_C_TYPE_MESSAGE ? sizeof(void *) : sizeof(ProtobufCBinaryData);
}

/* Of several: only messages are. */
static enum error list_json(
	struct making *making, const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message, json_t **out)
{
	size_t items = *(const size_t *)((const char *)message + field->quantifier_offset);
	const char *first = *(const char *const *)((const char *)message + field->offset);
	*out = json_array();
	TRY(allocated(*out));
	for (size_t i = 0; i < items; i++) {
		json_t *item = NULL;
		enum error error = field_json(making, field, first + i * size_of(field), &item);
		if (error != E_OK)
			json_decref(item);
		else if (json_array_append_new(*out, item) != 0)
			error = E_NO_MEMORY;
		TRY(error);
	}
	return E_OK;
}

/* Whether it is there: what has its zero is not. */
static bool is_there(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message)
{
	const char *at = (const char *)message + field->offset;
	static const char zeros[sizeof(uint64_t)];
	if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0)
		return *(const uint32_t *)((const char *)message + field->quantifier_offset) == field->id;
	switch (field->type) {
	case PROTOBUF_C_TYPE_MESSAGE:
		return *(const void *const *)at != NULL;
	case PROTOBUF_C_TYPE_BYTES:
		return ((const ProtobufCBinaryData *)at)->len > 0;
	case PROTOBUF_C_TYPE_FIXED64:
		return memcmp(at, zeros, sizeof(uint64_t)) != 0;
	default:
		return memcmp(at, zeros, sizeof(uint32_t)) != 0;
	}
}

/* trace_id ─► traceId */
static void camel(const char *name, char out[NAME_BYTES_MAX])
{
	size_t len = 0;
	for (; *name != '\0' && len + 1 < NAME_BYTES_MAX; name++) {
		bool up = *name == '_';
		name += up;
		out[len++] = up ? (char)(*name - 'a' + 'A') : *name;
	}
	out[len] = '\0';
}

static enum error member_json(
	struct making *making, const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message, json_t *into)
{
	char name[NAME_BYTES_MAX];
	json_t *value = NULL;
	bool several = field->label == PROTOBUF_C_LABEL_REPEATED;
	if (several ? *(const size_t *)((const char *)message + field->quantifier_offset) == 0 : !is_there(field, message))
		return E_OK;
	enum error error = count(making);
	if (error == E_OK)
		error = several ? list_json(making, field, message, &value)
						: field_json(making, field, (const char *)message + field->offset, &value);
	camel(field->name, name);
	if (error != E_OK)
		json_decref(value);
	else if (json_object_set_new(into, name, value) != 0)
		error = E_NO_MEMORY;
	return error;
}

static enum error message_json(struct making *making, const ProtobufCMessage *message, json_t **out)
{
	TRY(count(making));
	*out = json_object();
	TRY(allocated(*out));
	for (unsigned i = 0; i < message->descriptor->n_fields; i++)
		TRY(member_json(making, &message->descriptor->fields[i], message, *out));
	return E_OK;
}

enum error otlp_protobuf_read(struct bytes body, bool spans, json_t **out, struct fault *fault)
{
	struct making making = {.purse = {.left = OTLP_MEMORY_MAX, .ever = 4 * OTLP_MEMORY_MAX}, .fault = fault};
	making.allocator = (ProtobufCAllocator){.alloc = take, .free = give, .allocator_data = &making.purse};
	*out = NULL;
	*fault = (struct fault){.error = E_OK};
	enum error error = open_message(&making, spans ? &otlp__spans__descriptor : &otlp__logs__descriptor, body, out);
	if (error == E_OK)
		return E_OK;
	json_decref(*out);
	*out = NULL;
	return fault->error == E_OK ? fault_set(fault, error, "") : error;
}

/* ---- answers ---- */

static uint8_t *packed(const ProtobufCMessage *message, size_t *out_len)
{
	uint8_t *out = malloc(protobuf_c_message_get_packed_size(message) + 1);
	*out_len = out != NULL ? protobuf_c_message_pack(message, out) : 0;
	return out;
}

uint8_t *otlp_protobuf_answer(int64_t rejected, const char *why, size_t *out_len)
{
	Otlp__PartialSuccess partial = OTLP__PARTIAL_SUCCESS__INIT;
	Otlp__Answer answer = OTLP__ANSWER__INIT;
	partial.rejected = rejected;
	partial.error_message = (char *)(uintptr_t)why;
	answer.partial_success = rejected > 0 ? &partial : NULL;
	return packed(&answer.base, out_len);
}

uint8_t *otlp_protobuf_failure(const char *why, size_t *out_len)
{
	Otlp__Failure failure = OTLP__FAILURE__INIT;
	failure.message = (char *)(uintptr_t)why;
	return packed(&failure.base, out_len);
}
