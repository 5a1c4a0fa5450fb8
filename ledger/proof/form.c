/*   text ─► jansson (duplicates refused) ─► no minus sign ─► members counted against the format's list ─► values
 *
 * Closed: known members are counted, and an object with more than these has one that does not belong there. A minus
 * sign is looked for in the text, because the parser makes 0 of -0. The first fault is kept with the part that is being
 * read; what comes later is read all the same, and is not asked about. Memory for decoded bytes is claimed once, as
 * large as the text, and never moves, so what points into it stays good. */
#include "ledger/proof/form.h"

#include "ledger/base/wrong.h"
#include "ledger/json/json_number.h"
#include "ledger/json/json_read.h"
#include "ledger/text/base64.h"
#include "ledger/text/timestamp.h"

/* Leniently: it is only asked which verifier is to read the file, and that one judges it. */
enum error form_type(struct bytes text, char out[FORM_TYPE_MAX + 1])
{
	json_t *document = NULL;
	enum error read = json_read(text, JSON_DISABLE_EOF_CHECK, NULL, &document);
	const json_t *type = json_object_get(document, "type");
	enum error error = json_is_object(document) ? type == NULL ? E_NOT_FOUND : E_OK : E_BAD_VALUE;
	if (read == E_NO_MEMORY)
		error = E_NO_MEMORY;
	out[0] = '\0';
	if (json_is_string(type) && json_string_length(type) <= FORM_TYPE_MAX)
		strcpy(out, json_string_value(type));
	json_decref(document);
	return error;
}

enum error form_open(struct bytes text, size_t bytes_max, struct form *out, struct finding *finding)
{
	if (WRONG(text.len > bytes_max))
		return finding_form(finding, "file", FINDING_NO_INDEX, NULL, "longer than its limit");
	OWNED(form_close)
	struct form form = {.capacity = text.len, .part = "file", .item = FINDING_NO_INDEX, .finding = finding};
	/* Without JSON_ALLOW_NUL there is no NUL in texts, without JSON_DECODE_ANY nothing but an array or an object. */
	enum error error = json_read(text, JSON_REJECT_DUPLICATES, NULL, &form.document);
	if (error == E_NO_MEMORY)
		return E_NO_MEMORY;
	if (error != E_OK)
		return finding_form(
			finding, "file", FINDING_NO_INDEX, NULL, "not one JSON object without duplicate members in UTF-8");
	if (WRONG(json_has_minus(text)))
		return finding_form(finding, "file", FINDING_NO_INDEX, NULL, "there is a number with a minus sign");
	form.memory = malloc(text.len);
	TRY(allocated(form.memory));
	*out = form;
	form.document = NULL;
	form.memory = NULL;
	return E_OK;
}

void form_close(struct form *form)
{
	json_decref(form->document);
	free(form->memory);
	form->document = NULL;
	form->memory = NULL;
}

uint8_t *form_take(struct form *form)
{
	uint8_t *memory = form->memory;
	form->memory = NULL;
	return memory;
}

enum error form_done(const struct form *form)
{
	return form->error;
}

void form_part(struct form *form, const char *part, uint64_t item)
{
	form->part = part;
	form->item = item;
}

/* The first one stays. What is read after it may have become nonsense by it. */
void form_fail(struct form *form, const char *member, const char *why)
{
	if (form->error == E_OK)
		form->error = finding_form(form->finding, form->part, form->item, member, why);
}

/* ---- objects ---- */

void form_members(struct form *form, const json_t *object, const char *names)
{
	size_t known = 0;
	if (WRONG(!json_is_object(object))) {
		form_fail(form, NULL, "must be an object");
		return;
	}
	while (*names != '\0') {
		bool optional = *names == '?';
		names += optional;
		size_t len = strcspn(names, " ");
		bool there = json_object_getn(object, names, len) != NULL;
		known += there;
		if (!optional && WRONG(!there))
			form_fail(form, NULL, "a member is missing");
		names += len;
		names += strspn(names, " ");
	}
	if (WRONG(known < json_object_size(object)))
		form_fail(form, NULL, "there is a member that does not belong here");
}

bool form_has(const json_t *object, const char *name)
{
	return json_object_get(object, name) != NULL;
}

const json_t *form_object(struct form *form, const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	if (WRONG(!json_is_object(value)))
		form_fail(form, name, "must be an object");
	return value;
}

const json_t *form_enter(struct form *form, const char *name)
{
	form_part(form, "file", FINDING_NO_INDEX);
	const json_t *object = form_object(form, form->document, name);
	form_part(form, name, FINDING_NO_INDEX);
	return object;
}

void *form_room(struct form *form, size_t count, size_t size)
{
	void *items = form->error == E_OK ? calloc(count + 1, size) : NULL;
	if (items == NULL && form->error == E_OK)
		form->error = E_NO_MEMORY;
	return items;
}

/* NULL after any fault: no loop runs over what was refused. */
const json_t *form_array(struct form *form, const json_t *object, const char *name, size_t max)
{
	const json_t *value = json_object_get(object, name);
	if (WRONG(!json_is_array(value)))
		form_fail(form, name, "must be an array");
	else if (WRONG(json_array_size(value) > max))
		form_fail(form, name, "has more elements than its limit");
	return form->error == E_OK ? value : NULL;
}

/* ---- values ---- */

uint64_t form_number(struct form *form, const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	if (WRONG(!json_is_integer(value))) {
		form_fail(form, name, "must be a whole number that is not negative");
		return 0;
	}
	return (uint64_t)json_integer_value(value);
}

bool form_bool(struct form *form, const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	if (WRONG(!json_is_boolean(value)))
		form_fail(form, name, "must be true or false");
	return json_is_true(value);
}

static struct bytes text_of(struct form *form, const json_t *value, const char *name, size_t max)
{
	if (WRONG(!json_is_string(value))) {
		form_fail(form, name, "must be a text");
		return BYTES_EMPTY;
	}
	if (WRONG(json_string_length(value) > max)) {
		form_fail(form, name, "longer than its limit");
		return BYTES_EMPTY;
	}
	return bytes_of(json_string_value(value), json_string_length(value));
}

struct bytes form_text(struct form *form, const json_t *object, const char *name, size_t max)
{
	return text_of(form, json_object_get(object, name), name, max);
}

void form_constant(struct form *form, const json_t *object, const char *name, const char *wanted)
{
	if (WRONG(!bytes_equal(form_text(form, object, name, SIZE_MAX), bytes_text(wanted))))
		form_fail(form, name, "is another than this format's");
}

uint64_t form_time(struct form *form, const json_t *object, const char *name)
{
	int64_t time_ns;
	char spelled[TIMESTAMP_TEXT_MAX];
	struct bytes text = form_text(form, object, name, TIMESTAMP_TEXT_MAX);
	if (WRONG(text.len == 0 || timestamp_parse(text, &time_ns) != E_OK)) {
		form_fail(form, name, "must be a time such as 2026-11-23T12:04:05Z");
		return 0;
	}
	uint64_t time_s = (uint64_t)(time_ns / 1000000000);
	timestamp_format_s(time_s, spelled);
	if (WRONG(!bytes_equal(text, bytes_text(spelled))))
		form_fail(form, name, "must be a time such as 2026-11-23T12:04:05Z");
	return time_s;
}

/* ---- base64 ---- */

#define BASE64_MAX(bytes) (((bytes) + 2) / 3 * 4)

/* Decodes to the end of the memory: padded, canonical, and nothing else. */
static struct bytes decode(struct form *form, const json_t *value, const char *name, size_t max)
{
	size_t len = 0;
	struct bytes text = text_of(form, value, name, BASE64_MAX(max));
	if (form->error != E_OK)
		return BYTES_EMPTY;
	uint8_t *to = form->memory + form->used;
	size_t room = form->capacity - form->used;
	if (WRONG(!base64_decode(text, to, room < max ? room : max, &len))) {
		form_fail(form, name, "must be base64 with padding, in its one canonical spelling, within its limit");
		return BYTES_EMPTY;
	}
	form->used += len;
	return bytes_of(to, len);
}

struct bytes form_bytes(struct form *form, const json_t *object, const char *name, size_t max)
{
	return decode(form, json_object_get(object, name), name, max);
}

/* Zeros instead of what was there, so nothing that comes later reads memory that was never set. */
void form_fixed(struct form *form, const json_t *object, const char *name, void *out, size_t len)
{
	struct bytes value = decode(form, json_object_get(object, name), name, len);
	if (form->error == E_OK && WRONG(value.len != len))
		form_fail(form, name, "does not have the number of bytes that it must have");
	if (form->error == E_OK)
		memcpy(out, value.data, len);
	else
		memset(out, 0, len);
}

struct hashes form_hash_list(struct form *form, const json_t *list, const char *name, size_t max)
{
	struct hashes hashes = {(const struct hash *)(form->memory + form->used), 0};
	size_t i;
	json_t *item;
	if (WRONG(!json_is_array(list)))
		form_fail(form, name, "must be an array");
	if (WRONG(json_array_size(list) > max))
		form_fail(form, name, "has more elements than its limit");
	json_array_foreach((json_t *)(uintptr_t)list, i, item)
	{
		if (form->error == E_OK && WRONG(decode(form, item, name, HASH_BYTES).len != HASH_BYTES) && form->error == E_OK)
			form_fail(form, name, "a hash must have 32 bytes");
	}
	if (form->error == E_OK)
		hashes.count = json_array_size(list);
	return hashes;
}

struct hashes form_hashes(struct form *form, const json_t *object, const char *name, size_t max)
{
	return form_hash_list(form, json_object_get(object, name), name, max);
}
