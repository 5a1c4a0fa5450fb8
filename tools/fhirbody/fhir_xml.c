/* A stack of the elements that are open. Each gathers its members, and becomes one of its parent's when it ends:
 *
 *   <what><reference value="Patient/1"/></what>     ─►  "what": {"reference": "Patient/1"}
 *   <contained><Device>...</Device></contained>     ─►  "contained": [{"resourceType": "Device", ...}]
 *   <div>some <b>words</b></div>                    ─►  "div": "some words"
 *   <div><a href="Patient/1">this</a></div>         ─►  "div": " Patient/1 this"
 *   <code value="x"><extension .../></code>         ─►  "code": "x", "_code": {"extension": [...]} */
#include "tools/fhirbody/fhir_xml.h"

#include "ingest/dicom/xml.h"
#include "ingest/fhir/fhir_json.h"
#include "ingest/message/words.h"
#include "ledger/base/grow.h"
#include "ledger/base/own.h"

#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 64u /* FHIR's longest has 40 */

/* Invariant: `object` is this frame's own reference. */
struct frame {
	char name[NAME_MAX_BYTES + 1];
	json_t *object;
	char *value;                      /* of the attribute; or NULL */
	const struct fhir_member *member; /* NULL: the table does not have it */
	bool root;                        /* members are those of an AuditEvent */
	bool holds;                       /* one element that is a resource */
	bool held;                        /* it is that resource: its members are its parent's */
};

struct reading {
	struct frame frames[XML_DEPTH_MAX + 1];
	size_t depth;
	size_t elements;
	size_t narrative; /* elements open in a div, itself among them */
	char *words;      /* of it */
	size_t words_len, words_room;
	json_t *root;
	struct fault *fault;
};

static enum error refuse(struct reading *reading, const char *name, const char *why)
{
	return fault_set(reading->fault, E_BAD_VALUE, "%s: %s", fhir_step_name(name), why);
}

/* ---- what JSON has ---- */

static bool is_list(const struct frame *parent, const struct frame *frame)
{
	struct bytes name = bytes_text(frame->name);
	if (frame->member != NULL) {
		enum fhir_kind kind = fhir_member_kind(frame->member);
		if (kind == FHIR_KIND_SEVERAL)
			return !fhir_has_one_identifier(fhir_text(parent->object, "resourceType"));
		return kind == FHIR_KIND_OBJECTS || kind == FHIR_KIND_TEXTS;
	}
	return WORDS_ONE_OF(name, "extension", "modifierExtension", "coding", "entry", "parameter", "link", "contained");
}

static enum error put(json_t *object, const char *name, json_t *value)
{
	return allocated(value != NULL && json_object_set_new(object, name, value) == 0);
}

/* Takes `value` over. */
static enum error attach(struct reading *reading, struct frame *parent, const struct frame *frame, json_t *value)
{
	json_t *there = json_object_get(parent->object, frame->name);
	TRY(allocated(value != NULL));
	if (there == NULL && !is_list(parent, frame))
		return put(parent->object, frame->name, value);
	if (there != NULL && !json_is_array(there) && frame->member != NULL) {
		json_decref(value);
		return refuse(reading, frame->name, "stands twice");
	}
	if (there == NULL || !json_is_array(there)) {
		json_t *list = there != NULL ? json_pack("[O]", there) : json_array();
		enum error error = put(parent->object, frame->name, list);
		if (error != E_OK) {
			json_decref(value);
			return error;
		}
		there = list;
	}
	return allocated(json_array_append_new(there, value) == 0);
}

static json_t *primitive(const struct frame *frame)
{
	bool boolean = frame->member != NULL && fhir_member_kind(frame->member) == FHIR_KIND_BOOL;
	if (boolean && strcmp(frame->value, "true") == 0)
		return json_true();
	if (boolean && strcmp(frame->value, "false") == 0)
		return json_false();
	return json_string(frame->value); /* expat gives UTF-8 */
}

/* What stands beside a value has a name of its own. */
static enum error attach_beside(struct reading *reading, struct frame *parent, const struct frame *frame)
{
	char beside[NAME_MAX_BYTES + 2];
	if (json_object_size(frame->object) == 0)
		return E_OK;
	if (is_list(parent, frame))
		return refuse(reading, frame->name, "a text of a list with an id or extension is not read");
	snprintf(beside, sizeof beside, "_%s", frame->name);
	if (json_object_get(parent->object, beside) != NULL)
		return refuse(reading, frame->name, "stands twice");
	return put(parent->object, beside, json_incref(frame->object));
}

/* ---- elements ---- */

static void drop(struct frame *frame)
{
	json_decref(frame->object);
	free(frame->value);
	*frame = (struct frame){.object = NULL};
}

static enum error read_attributes(struct reading *reading, struct frame *frame, const char **attributes)
{
	for (size_t i = 0; attributes[i] != NULL; i += 2) {
		const char *name = attributes[i], *value = attributes[i + 1];
		if (strncmp(name, "xmlns", 5) == 0 || strncmp(name, "xsi:", 4) == 0)
			continue;
		if (strcmp(name, "value") == 0 && frame->value == NULL) {
			frame->value = strdup(value);
			TRY(allocated(frame->value != NULL));
		} else if ((strcmp(name, "id") == 0 || strcmp(name, "url") == 0) && !frame->held) {
			TRY(put(frame->object, name, json_string(value)));
		} else {
			return refuse(reading, frame->name, "has an attribute that FHIR does not have");
		}
	}
	return E_OK;
}

static bool is_type(const char *name)
{
	return name[0] >= 'A' && name[0] <= 'Z';
}

/* A resource, as the document or within an element that holds one. */
static enum error begin_resource(struct reading *reading, const struct frame *parent, struct frame *frame)
{
	if (!is_type(frame->name))
		return refuse(reading, frame->name, "a resource is meant here, and its type begins with a capital letter");
	frame->held = parent != NULL;
	frame->root = strcmp(frame->name, "AuditEvent") == 0;
	frame->object = parent != NULL ? json_incref(parent->object) : json_object();
	TRY(allocated(frame->object != NULL));
	if (json_object_get(frame->object, "resourceType") != NULL)
		return refuse(reading, parent != NULL ? parent->name : frame->name, "holds more than one resource");
	return put(frame->object, "resourceType", json_string(frame->name));
}

/* The table is of an AuditEvent's members, and of what it contains. */
static const struct fhir_member *member_of(const struct reading *reading, const struct frame *parent, const char *name)
{
	const struct frame *up = parent->held && reading->depth >= 2 ? parent - 1 : parent;
	return parent->root ? fhir_member_of_root(bytes_text(name)) : fhir_member_within(up->member, bytes_text(name));
}

static enum error begin_member(struct reading *reading, const struct frame *parent, struct frame *frame)
{
	frame->member = member_of(reading, parent, frame->name);
	frame->holds = strcmp(frame->name, "contained") == 0 || strcmp(frame->name, "resource") == 0;
	frame->object = json_object();
	return allocated(frame->object != NULL);
}

static enum error add_words(struct reading *reading, struct bytes text)
{
	if (reading->words_len + text.len > reading->words_room)
		TRY(GROW(reading->words, reading->words_room, 2 * (reading->words_len + text.len)));
	memcpy(reading->words + reading->words_len, text.data, text.len);
	reading->words_len += text.len;
	return E_OK;
}

/* What a link or a picture points to, and says, may be about somebody as words are. */
static enum error begin_markup(struct reading *reading, const char **attributes)
{
	reading->narrative++;
	for (size_t i = 0; attributes[i] != NULL; i += 2) {
		if (strncmp(attributes[i], "xmlns", 5) == 0 || attributes[i + 1][0] == '\0')
			continue;
		const struct bytes parts[] = {BYTES_LITERAL(" "), bytes_text(attributes[i + 1]), BYTES_LITERAL(" ")};
		for (size_t k = 0; k < sizeof parts / sizeof parts[0]; k++)
			TRY(add_words(reading, parts[k]));
	}
	return E_OK;
}

static enum error on_start(void *context, const char *name, const char **attributes)
{
	struct reading *reading = context;
	struct frame *parent = reading->depth > 0 ? &reading->frames[reading->depth - 1] : NULL;
	struct frame *frame = &reading->frames[reading->depth];
	if (reading->elements++ >= FHIR_XML_ELEMENTS_MAX)
		return fault_set(reading->fault, E_TOO_LONG, "more than %u elements", FHIR_XML_ELEMENTS_MAX);
	if (reading->narrative > 0 || (parent != NULL && strcmp(name, "div") == 0))
		return begin_markup(reading, attributes);
	if (strlen(name) > NAME_MAX_BYTES)
		return refuse(reading, name, "is no element of FHIR's");
	if (parent != NULL && parent->value != NULL && strcmp(name, "extension") != 0)
		return refuse(reading, parent->name, "has a value and elements");
	strcpy(frame->name, name);
	reading->depth++;
	if (parent == NULL || parent->holds)
		TRY(begin_resource(reading, parent, frame));
	else
		TRY(begin_member(reading, parent, frame));
	return read_attributes(reading, frame, attributes);
}

static enum error end_narrative(struct reading *reading)
{
	static const struct frame div = {.name = "div"};
	struct frame *parent = &reading->frames[reading->depth - 1];
	json_t *words = json_stringn(reading->words != NULL ? reading->words : "", reading->words_len);
	reading->words_len = 0;
	if (json_object_get(parent->object, "div") != NULL) {
		json_decref(words);
		return refuse(reading, "div", "stands twice");
	}
	return attach(reading, parent, &div, words);
}

static enum error end_member(struct reading *reading, struct frame *parent, struct frame *frame)
{
	if (frame->value == NULL)
		return attach(reading, parent, frame, json_incref(frame->object));
	TRY(attach_beside(reading, parent, frame));
	return attach(reading, parent, frame, primitive(frame));
}

static enum error on_end(void *context)
{
	struct reading *reading = context;
	enum error error = E_OK;
	if (reading->narrative > 0)
		return --reading->narrative == 0 ? end_narrative(reading) : E_OK;
	struct frame *frame = &reading->frames[--reading->depth];
	if (reading->depth == 0)
		reading->root = json_incref(frame->object);
	else if (!frame->held)
		error = end_member(reading, frame - 1, frame);
	drop(frame);
	return error;
}

static enum error on_text(void *context, struct bytes text)
{
	struct reading *reading = context;
	if (reading->narrative == 0)
		return words_trim(text).len == 0
				   ? E_OK
				   : refuse(reading, reading->depth > 0 ? reading->frames[reading->depth - 1].name : "",
						 "has text in it; FHIR has values in the attribute 'value'");
	return add_words(reading, text);
}

static enum error fill_fault(struct fault *fault, enum error error)
{
	return error == E_NO_MEMORY ? fault_set(fault, error, "") : error;
}

enum error fhir_xml_read(struct bytes text, json_t **out, struct fault *fault)
{
	static const struct xml_events events = {.start = on_start, .end = on_end, .text = on_text};
	struct reading *reading = calloc(1, sizeof *reading);
	TRY(fault_set(fault, allocated(reading), ""));
	reading->fault = fault;
	enum error error = fill_fault(fault, xml_read(text, &events, reading, fault));
	for (size_t i = 0; i <= XML_DEPTH_MAX; i++)
		drop(&reading->frames[i]);
	if (error != E_OK)
		json_decref(reading->root);
	else
		*out = reading->root;
	free(reading->words);
	free(reading);
	return error;
}
