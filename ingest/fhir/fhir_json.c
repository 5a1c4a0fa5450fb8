/* Types are looked at in a table that follows the resource down, so that a member in other letter case, or of another
 * type, is told to the sender and not taken for absent: an absent patient would make an event about nobody.
 *
 * Depth is measured first, since all walks recurse. Unknown members pass, since profiles add theirs; an unknown
 * modifierExtension does not. What can fail is told with the path of the member, never with its value. */
#include "ingest/fhir/fhir_json.h"

#include "ingest/fhir/fhir_types.h"
#include "ingest/message/words.h"

#include <string.h>
#include <strings.h>

/* ---- types ---- */

enum { TEXT = 1, BOOL = 2, ONE = 4, MANY = 8, TEXTS = 16 }; /* an object, an array of objects, an array of texts */

struct fhir_member {
	const char *name;
	unsigned types;
	const struct fhir_member *members; /* of an object */
};

static const struct fhir_member coding_members[] = {
	{"system", TEXT, NULL}, {"version", TEXT, NULL}, {"code", TEXT, NULL}, {"display", TEXT, NULL}, {0}};
/* A Coding where R4 has one, a CodeableConcept where R5 has one. */
static const struct fhir_member concept_members[] = {{"system", TEXT, NULL}, {"code", TEXT, NULL},
	{"display", TEXT, NULL}, {"text", TEXT, NULL}, {"coding", MANY, coding_members}, {0}};
static const struct fhir_member assigner_members[] = {{"reference", TEXT, NULL}, {"display", TEXT, NULL}, {0}};
static const struct fhir_member identifier_members[] = {{"use", TEXT, NULL}, {"type", ONE, concept_members},
	{"system", TEXT, NULL}, {"value", TEXT, NULL}, {"assigner", ONE, assigner_members}, {0}};
static const struct fhir_member reference_members[] = {{"reference", TEXT, NULL}, {"type", TEXT, NULL},
	{"display", TEXT, NULL}, {"identifier", ONE, identifier_members}, {0}};
static const struct fhir_member period_members[] = {{"start", TEXT, NULL}, {"end", TEXT, NULL}, {0}};
static const struct fhir_member network_members[] = {{"address", TEXT, NULL}, {"type", TEXT, NULL}, {0}};
static const struct fhir_member extension_members[] = {{"url", TEXT, NULL}, {"valueReference", ONE, reference_members},
	{"valueIdentifier", ONE, identifier_members}, {"valueString", TEXT, NULL}, {0}};
static const struct fhir_member meta_members[] = {{"versionId", TEXT, NULL}, {"lastUpdated", TEXT, NULL},
	{"source", TEXT, NULL}, {"profile", TEXTS, NULL}, {"security", MANY, coding_members}, {"tag", MANY, coding_members},
	{0}};
static const struct fhir_member narrative_members[] = {{"status", TEXT, NULL}, {"div", TEXT, NULL}, {0}};
/* A contained resource: what is looked at to find people. */
static const struct fhir_member contained_members[] = {{"resourceType", TEXT, NULL}, {"id", TEXT, NULL},
	{"meta", ONE, meta_members}, {"language", TEXT, NULL}, {"text", ONE, narrative_members},
	{"identifier", ONE | MANY, identifier_members}, {0}};
static const struct fhir_member agent_members[] = {{"type", ONE, concept_members}, {"role", MANY, concept_members},
	{"who", ONE, reference_members}, {"altId", TEXT, NULL}, {"name", TEXT, NULL}, {"requestor", BOOL, NULL},
	{"userId", ONE, identifier_members}, {"reference", ONE, reference_members}, {"location", ONE, reference_members},
	{"policy", TEXTS, NULL}, {"media", ONE, coding_members}, {"network", ONE, network_members},
	{"networkString", TEXT, NULL}, {"networkUri", TEXT, NULL}, {"networkReference", ONE, reference_members},
	{"purposeOfUse", MANY, concept_members}, {"authorization", MANY, concept_members},
	{"extension", MANY, extension_members}, {0}};
static const struct fhir_member detail_members[] = {{"type", TEXT | ONE, concept_members}, {"valueString", TEXT, NULL},
	{"valueBase64Binary", TEXT, NULL}, {"value", TEXT, NULL}, {0}};
static const struct fhir_member entity_members[] = {{"what", ONE, reference_members},
	{"identifier", ONE, identifier_members}, {"reference", ONE, reference_members}, {"type", ONE, concept_members},
	{"role", ONE, concept_members}, {"lifecycle", ONE, coding_members}, {"securityLabel", MANY, concept_members},
	{"name", TEXT, NULL}, {"description", TEXT, NULL}, {"query", TEXT, NULL}, {"detail", MANY, detail_members},
	{"agent", MANY, agent_members}, {"extension", MANY, extension_members}, {0}};
static const struct fhir_member source_members[] = {{"site", TEXT | ONE, reference_members},
	{"observer", ONE, reference_members}, {"identifier", ONE, identifier_members}, {"type", MANY, concept_members},
	{"extension", MANY, extension_members}, {0}};
static const struct fhir_member outcome_members[] = {{"system", TEXT, NULL}, {"display", TEXT, NULL},
	{"code", TEXT | ONE, concept_members}, {"coding", MANY, coding_members}, {"text", TEXT, NULL},
	{"detail", MANY, concept_members}, {0}};
static const struct fhir_member root_members[] = {{"resourceType", TEXT, NULL}, {"id", TEXT, NULL},
	{"meta", ONE, meta_members}, {"language", TEXT, NULL}, {"text", ONE, narrative_members},
	{"contained", MANY, contained_members}, {"extension", MANY, extension_members}, {"type", ONE, concept_members},
	{"subtype", MANY, concept_members}, {"category", MANY, concept_members}, {"code", ONE, concept_members},
	{"action", TEXT, NULL}, {"severity", TEXT, NULL}, {"recorded", TEXT, NULL}, {"period", ONE, period_members},
	{"occurredPeriod", ONE, period_members}, {"occurredDateTime", TEXT, NULL}, {"outcome", TEXT | ONE, outcome_members},
	{"outcomeDesc", TEXT, NULL}, {"purposeOfEvent", MANY, concept_members}, {"authorization", MANY, concept_members},
	{"basedOn", MANY, reference_members}, {"patient", ONE, reference_members}, {"encounter", ONE, reference_members},
	{"agent", MANY, agent_members}, {"source", ONE, source_members}, {"entity", MANY, entity_members}, {0}};

static const char *word_of(unsigned types)
{
	if (types == (TEXT | ONE))
		return "a string or an object";
	if (types == (ONE | MANY))
		return "an object or an array of objects";
	return types == TEXT    ? "a string"
		   : types == BOOL  ? "true or false, without quotation marks"
		   : types == ONE   ? "an object"
		   : types == TEXTS ? "an array of strings"
							: "an array of objects";
}

/* The bit of what `value` is; an array of other things than objects or texts is none of them. */
static unsigned type_of(const json_t *value)
{
	unsigned all = MANY | TEXTS;
	if (json_is_string(value))
		return TEXT;
	if (json_is_boolean(value))
		return BOOL;
	if (json_is_object(value))
		return ONE;
	if (!json_is_array(value))
		return 0;
	for (struct fhir_each item = {.array = value}; fhir_next(&item);)
		all &= json_is_object(item.item) ? MANY : json_is_string(item.item) ? TEXTS : 0;
	return all;
}

static enum error check_object(
	const json_t *object, const struct fhir_member *members, const struct fhir_path *path, struct fault *fault);

static enum error check_member(
	const json_t *value, const struct fhir_member *member, const struct fhir_path *up, struct fault *fault)
{
	struct fhir_path path = {up, member->name, FHIR_NO_INDEX};
	char text[FHIR_PATH_MAX + 1];
	if ((type_of(value) & member->types) == 0) {
		fhir_path_text(&path, text);
		return fault_set(fault, E_BAD_VALUE, "%s: must be %s", text, word_of(member->types));
	}
	if (member->members == NULL)
		return E_OK;
	if (json_is_object(value))
		return check_object(value, member->members, &path, fault);
	for (struct fhir_each item = {.array = value}; fhir_next(&item);) {
		path.index = item.index;
		TRY(check_object(item.item, member->members, &path, fault));
	}
	return E_OK;
}

/* "Entity" is no unknown member: it is meant for one that is looked at. */
static enum error check_spelling(
	const char *name, const struct fhir_member *members, const struct fhir_path *up, struct fault *fault)
{
	for (; members->name != NULL; members++) {
		struct fhir_path path = {up, members->name, FHIR_NO_INDEX};
		char text[FHIR_PATH_MAX + 1];
		if (strcasecmp(name, members->name) != 0 || strcmp(name, members->name) == 0)
			continue;
		fhir_path_text(&path, text);
		return fault_set(fault, E_BAD_VALUE, "%s: is there in other letter case; write it as here", text);
	}
	return E_OK;
}

static enum error check_object(
	const json_t *object, const struct fhir_member *members, const struct fhir_path *path, struct fault *fault)
{
	const char *name;
	json_t *item;
	json_object_foreach((json_t *)object, name, item) TRY(check_spelling(name, members, path, fault));
	for (; members->name != NULL; members++) {
		const json_t *value = json_object_get(object, members->name);
		if (value != NULL)
			TRY(check_member(value, members, path, fault));
	}
	return E_OK;
}

static size_t depth_of(const json_t *value, size_t max)
{
	const char *name;
	json_t *item;
	size_t deepest = 0;
	if (max == 0 || (!json_is_object(value) && !json_is_array(value)))
		return 1;
	json_object_foreach((json_t *)value, name, item)
	{
		size_t depth = depth_of(item, max - 1);
		deepest = depth > deepest ? depth : deepest;
	}
	for (struct fhir_each one = {.array = value}; fhir_next(&one);) {
		size_t depth = depth_of(one.item, max - 1);
		deepest = depth > deepest ? depth : deepest;
	}
	return deepest + 1;
}

/* FHIR forbids to read on where there is one that is not known, in any element: it may turn the meaning round. Rules
 * of a sender's own may too. */
static enum error check_modifiers(const json_t *value, const struct fhir_path *path, struct fault *fault)
{
	static const char *const modifiers[] = {"modifierExtension", "implicitRules"};
	const char *name;
	json_t *item;
	char text[FHIR_PATH_MAX + 1];
	for (size_t i = 0; i < sizeof modifiers / sizeof modifiers[0]; i++) {
		struct fhir_path inner = {path, modifiers[i], FHIR_NO_INDEX};
		if (json_object_get(value, modifiers[i]) == NULL)
			continue;
		fhir_path_text(&inner, text);
		return fault_set(fault, E_BAD_VALUE,
			"%s: may change the meaning of the message, and is not known here; send it without", text);
	}
	json_object_foreach((json_t *)value, name, item)
	{
		struct fhir_path inner = {path, fhir_step_name(name), FHIR_NO_INDEX};
		TRY(check_modifiers(item, &inner, fault));
	}
	for (struct fhir_each one = {.array = value}; fhir_next(&one);) {
		struct fhir_path inner = {path != NULL ? path->up : NULL, path != NULL ? path->name : "", one.index};
		TRY(check_modifiers(one.item, &inner, fault));
	}
	return E_OK;
}

bool fhir_has_one_identifier(struct bytes type)
{
	return WORDS_ONE_OF(
		type, "Bundle", "Composition", "QuestionnaireResponse", "TestReport", "TestScript", "SubstanceSpecification");
}

/* R4's Coding has its code in itself, and R4's outcome is a text: a concept beside that is R4 by a program that took
 * the one for the other. */
enum fhir_shape fhir_shape(const json_t *root)
{
	const json_t *type = json_object_get(root, "type");
	if (json_object_get(root, "code") != NULL)
		return FHIR_SHAPE_R5;
	bool concept = json_object_get(type, "coding") != NULL || json_object_get(type, "text") != NULL;
	bool older = json_object_get(type, "code") != NULL || json_is_string(json_object_get(root, "outcome"));
	return concept && !older ? FHIR_SHAPE_R6 : FHIR_SHAPE_R4;
}

/* What R4 and R5, or one resource and another, have in other types: a detail's type, an identifier or many. */
static enum error check_versions(const json_t *root, struct fault *fault)
{
	const unsigned wanted = fhir_shape(root) == FHIR_SHAPE_R4 ? TEXT : ONE;
	for (struct fhir_each entity = fhir_list(root, "entity"); fhir_next(&entity);)
		for (struct fhir_each detail = fhir_list(entity.item, "detail"); fhir_next(&detail);) {
			const json_t *type = json_object_get(detail.item, "type");
			if (type != NULL && (type_of(type) & wanted) == 0)
				return fault_set(fault, E_BAD_VALUE, "entity[%zu].detail[%zu].type: must be %s", entity.index,
					detail.index, word_of(wanted));
		}
	for (struct fhir_each one = fhir_list(root, "contained"); fhir_next(&one);)
		if (json_is_object(json_object_get(one.item, "identifier")) &&
			!fhir_has_one_identifier(fhir_text(one.item, "resourceType")))
			return fault_set(fault, E_BAD_VALUE, "contained[%zu].identifier: must be %s", one.index, word_of(MANY));
	return E_OK;
}

enum error fhir_check_types(const json_t *root, struct fault *fault)
{
	if (depth_of(root, FHIR_DEPTH_MAX) > FHIR_DEPTH_MAX)
		return fault_set(fault, E_BAD_JSON, "elements are nested more than %u deep", FHIR_DEPTH_MAX);
	TRY(check_object(root, root_members, NULL, fault));
	TRY(check_versions(root, fault));
	return check_modifiers(root, NULL, fault);
}

static const struct fhir_member *find(const struct fhir_member *members, struct bytes name)
{
	for (; members != NULL && members->name != NULL; members++)
		if (bytes_equal(bytes_text(members->name), name))
			return members;
	return NULL;
}

const struct fhir_member *fhir_member_of_root(struct bytes name)
{
	return find(root_members, name);
}

const struct fhir_member *fhir_member_within(const struct fhir_member *up, struct bytes name)
{
	return up != NULL ? find(up->members, name) : NULL;
}

enum fhir_kind fhir_member_kind(const struct fhir_member *member)
{
	switch (member->types) {
	case TEXT:
		return FHIR_KIND_TEXT;
	case BOOL:
		return FHIR_KIND_BOOL;
	case ONE:
		return FHIR_KIND_OBJECT;
	case TEXTS:
		return FHIR_KIND_TEXTS;
	case MANY:
		return FHIR_KIND_OBJECTS;
	case TEXT | ONE:
		return FHIR_KIND_EITHER;
	default:
		return FHIR_KIND_SEVERAL;
	}
}

/* ---- paths ---- */

const char *fhir_step_name(const char *name)
{
	size_t len = 0;
	while (words_letter((uint8_t)name[len]))
		len++;
	bool known = strcmp(name, "valueBase64Binary") == 0 || (len <= 40 && name[len] == '\0');
	return known ? name : "?";
}

void fhir_path_text(const struct fhir_path *path, char out[FHIR_PATH_MAX + 1])
{
	char buffer[FHIR_PATH_MAX + 1] = "";
	size_t at = FHIR_PATH_MAX;
	for (; path != NULL; path = path->up) {
		char step[FHIR_PATH_MAX + 1];
		int len =
			path->index == FHIR_NO_INDEX
				? snprintf(step, sizeof step, "%s%s", path->name, at < FHIR_PATH_MAX ? "." : "")
				: snprintf(step, sizeof step, "%s[%zu]%s", path->name, path->index, at < FHIR_PATH_MAX ? "." : "");
		if (len < 0 || (size_t)len > at)
			break;
		at -= (size_t)len;
		memcpy(buffer + at, step, (size_t)len);
	}
	snprintf(out, FHIR_PATH_MAX + 1, "%s", buffer + at);
}

/* ---- texts and codes ---- */

struct bytes fhir_text(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	return json_is_string(value) ? words_trim(bytes_of(json_string_value(value), json_string_length(value)))
								 : BYTES_EMPTY;
}

struct bytes fhir_words(const json_t *concept)
{
	struct bytes code = fhir_text(concept, "code");
	struct bytes words = fhir_text(concept, "display");
	for (struct fhir_each coding = fhir_list(concept, "coding"); fhir_next(&coding);) {
		words = words_first(words, fhir_text(coding.item, "display"));
		code = words_first(code, fhir_text(coding.item, "code"));
	}
	return words_first(words, words_first(fhir_text(concept, "text"), code));
}

bool fhir_code(const json_t *concept, size_t index, struct bytes *out)
{
	const json_t *codings = json_object_get(concept, "coding");
	if (index > json_array_size(codings))
		return false;
	*out = fhir_text(index == 0 ? concept : json_array_get(codings, index - 1), "code");
	return true;
}

bool fhir_has_code(const json_t *concept, const char *wanted)
{
	struct bytes code;
	for (size_t i = 0; fhir_code(concept, i, &code); i++)
		if (bytes_equal(code, bytes_text(wanted)))
			return true;
	return false;
}

/* ---- references ---- */

/* A name as resource types have it. */
static bool type_name(struct bytes text)
{
	if (text.len == 0 || text.data[0] < 'A' || text.data[0] > 'Z')
		return false;
	for (size_t i = 1; i < text.len; i++)
		if (!words_letter(text.data[i]))
			return false;
	return true;
}

/* Without the version: [base/]Type/ID/_history/V. */
static struct bytes without_version(struct bytes reference)
{
	static const char mark[] = "/_history/";
	const uint8_t *at = reference.len > 0 ? memmem(reference.data, reference.len, mark, sizeof mark - 1) : NULL;
	return at != NULL ? bytes_of(reference.data, (size_t)(at - reference.data)) : reference;
}

/* The last segment that is a type's name and has something behind it; but a patient, where there is one: all that
 * stands behind belongs to the patient. */
struct bytes fhir_reference_type(struct bytes reference)
{
	struct bytes found = BYTES_EMPTY;
	size_t start = 0;
	reference = without_version(reference);
	for (size_t at = 0; at + 1 < reference.len; at++) {
		uint8_t c = reference.data[at];
		if (c != '/' && c != '?')
			continue;
		struct bytes segment = bytes_of(reference.data + start, at - start);
		if (words_are(segment, "Patient"))
			return BYTES_LITERAL("Patient"); /* in lower case it is none, and to be refused as what it is meant for */
		if (type_name(segment))
			found = segment;
		if (c == '?')
			return found;
		start = at + 1;
	}
	struct bytes last = reference.len > 0 ? bytes_of(reference.data + start, reference.len - start) : BYTES_EMPTY;
	return fhir_is_thing(last) ? last : found; /* all of a type: [base/]CarePlan */
}

/* ---- contained resources ---- */

/* FHIR has them in the outermost resource only; some put them into each other. */
static enum error index_contained(const json_t *resource, json_t *index, struct fault *fault)
{
	for (struct fhir_each one = fhir_list(resource, "contained"); fhir_next(&one);) {
		struct bytes id = fhir_text(one.item, "id");
		if (id.len > 0 && id.data[0] == '#') /* some write the id itself with the mark */
			id = bytes_of(id.data + 1, id.len - 1);
		const char *key = (const char *)id.data;
		if (id.len > 0 && json_object_getn(index, key, id.len) != NULL)
			return fault_set(fault, E_BAD_VALUE, "contained: two resources have one id; give each its own");
		if (id.len > 0 && json_object_setn(index, key, id.len, one.item) != 0)
			return E_NO_MEMORY;
		TRY(index_contained(one.item, index, fault));
	}
	return E_OK;
}

enum error fhir_document_open(json_t *root, struct fhir_document *out, struct fault *fault)
{
	*out = (struct fhir_document){root, json_object()};
	TRY(allocated(out->contained));
	return index_contained(root, out->contained, fault);
}

void fhir_document_close(struct fhir_document *document)
{
	json_decref(document->contained);
	*document = (struct fhir_document){0};
}

const json_t *fhir_contained(const struct fhir_document *document, struct bytes reference)
{
	if (reference.len < 2 || reference.data[0] != '#')
		return NULL;
	return json_object_getn(document->contained, (const char *)reference.data + 1, reference.len - 1);
}

/* `type` may be a name, or the address of the type's definition. */
struct bytes fhir_last_segment(struct bytes type)
{
	for (size_t at = type.len; at-- > 0;)
		if (type.data[at] == '/')
			return bytes_of(type.data + at + 1, type.len - at - 1);
	return type;
}

struct bytes fhir_target_type(const struct fhir_document *document, const json_t *who)
{
	struct bytes reference = fhir_text(who, "reference");
	struct bytes type = fhir_last_segment(fhir_text(who, "type"));
	const json_t *contained = fhir_contained(document, reference);
	return words_first(type, words_first(fhir_text(contained, "resourceType"), fhir_reference_type(reference)));
}
