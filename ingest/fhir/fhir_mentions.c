/* The last look at a message, when its subjects are known: is there a patient whom nobody would be told of? What can
 * fail: a patient who is no subject (always refused), and a mention in words in a message about nobody. Whatever is
 * told names the place and not what stands there. */
#include "ingest/fhir/fhir_people.h"
#include "ingest/fhir/fhir_types.h"
#include "ingest/message/mention.h"
#include "ingest/message/words.h"

#include <string.h>

/* A walk through the whole resource, for two kinds of mentions.
 *
 *   of somebody: a reference to a Patient, a contained Patient, a person's number. It must be of a subject, or the
 *   message is refused.
 *
 *   in words: an address in a description, a query, an entity that could be anything. The message may go on if it has a
 *   subject, who was meant; without one it would be about nobody, and is refused. */
struct walk {
	const struct fhir_reader *reader;
	bool in_words;
	char place[FHIR_PATH_MAX + 1]; /* of the first mention in words */
	const char *reason;
};

static void note_words(struct walk *walk, const struct fhir_path *path, const char *reason)
{
	if (walk->in_words)
		return;
	walk->in_words = true;
	walk->reason = reason;
	fhir_path_text(path, walk->place);
}

/* ---- texts ---- */

/* Texts of agents may hold numbers of people at work, but no address of a patient. */
static enum error look_at_text(
	struct walk *walk, const char *name, struct bytes text, const struct fhir_path *path, bool at_work)
{
	bool query = WORDS_ONE_OF(bytes_text(name), "query", "valueBase64Binary", "data"); /* what is in base64 */
	bool found = false;
	TRY(mention_look(text, query ? MENTION_QUERY : at_work ? MENTION_ADDRESS : MENTION_TEXT, &found));
	if (found)
		note_words(walk, path,
			query ? "asks for a patient that no entity names; add the patient as an entity with role 1"
				  : "names a patient that no entity names; add the patient as an entity with role 1");
	return E_OK;
}

static bool is_something(const json_t *value)
{
	return json_object_size(value) + json_array_size(value) + json_string_length(value) > 0 || json_is_number(value);
}

/* What is named after a patient: a detail or an extension by its type, a member of a sender's own; and the subject of a
 * contained resource, of whom nothing says what it is. */
static void look_at_name(struct walk *walk, const char *member, const json_t *value, const struct fhir_path *path)
{
	bool extension = strcmp(member, "extension") == 0 && mention_word(fhir_last_segment(fhir_text(value, "url"))) &&
					 !fhir_is_thing(fhir_target_type(walk->reader->document, json_object_get(value, "valueReference")));
	bool detail = strcmp(member, "detail") == 0 &&
				  (mention_word(fhir_text(value, "type")) || mention_word(fhir_words(json_object_get(value, "type"))));
	bool subject = WORDS_ONE_OF(bytes_text(member), "subject", "beneficiary", "for", "individual") &&
				   json_is_object(value) && !fhir_is_thing(fhir_target_type(walk->reader->document, value));
	bool own = mention_word(bytes_text(member));
	if (is_something(value) && (extension || detail || subject || own))
		note_words(walk, path, "speaks of a patient that no entity names; add the patient as an entity with role 1");
}

/* ---- objects ---- */

static enum error refuse_mention(const struct walk *walk, const struct fhir_path *path)
{
	char place[FHIR_PATH_MAX + 1];
	fhir_path_text(path, place);
	return fault_set(walk->reader->fault, E_BAD_SUBJECT,
		"%s: a patient that no entity names; add the patient as an entity with role 1", place);
}

static enum error is_number_of_subject(const struct fhir_reader *reader, const json_t *identifier, bool *out)
{
	json_t *who = json_pack("{s:O}", "identifier", (json_t *)identifier);
	enum error error = who != NULL ? fhir_is_subject(reader, who, out) : E_NO_MEMORY;
	json_decref(who);
	return error;
}

/* A Patient, a reference to one, or a number that only people have; those of agents and of the source are of people at
 * work. */
static enum error look_at_object(
	const struct walk *walk, const json_t *object, const struct fhir_path *path, bool at_work)
{
	const struct fhir_reader *reader = walk->reader;
	bool resource = bytes_equal(fhir_text(object, "resourceType"), BYTES_LITERAL("Patient"));
	bool reference = json_object_get(object, "reference") != NULL || json_object_get(object, "identifier") != NULL ||
					 json_object_get(object, "display") != NULL;
	bool number =
		!at_work && json_object_get(object, "value") != NULL && mention_numbers_people(fhir_text(object, "system"));
	bool found = resource && fhir_is_known(reader, fhir_text(object, "id"));
	if (!resource && !number && !(reference && fhir_is_patient(reader->document, object)))
		return E_OK;
	if (!found && number)
		TRY(is_number_of_subject(reader, object, &found));
	else if (!found)
		TRY(fhir_is_subject(reader, object, &found));
	return found ? E_OK : refuse_mention(walk, path);
}

/* Something like an entity in a place where none is read: in a contained AuditEvent, in a member that FHIR does not
 * have. It says what it is by a role or type; what has neither is no entity but a reference or an identifier. */
static enum error look_at_stray_entity(const struct walk *walk, const json_t *object, const struct fhir_path *path)
{
	const struct fhir_reader *reader = walk->reader;
	const json_t *what = fhir_entity_what(object);
	const json_t *identifier = fhir_entity_identifier(object);
	bool read = path->up == NULL && strcmp(path->name, "entity") == 0;
	bool entity = json_object_get(object, "what") != NULL || json_is_object(json_object_get(object, "role")) ||
				  json_is_object(json_object_get(object, "type"));
	bool found = false;
	if (read || !entity || (what == NULL && identifier == NULL) ||
		fhir_entity_person(reader->document, object) != FHIR_PERSON_YES)
		return E_OK;
	if (json_is_object(what))
		TRY(fhir_is_subject(reader, what, &found));
	else if (json_is_object(identifier))
		TRY(is_number_of_subject(reader, identifier, &found));
	return found ? E_OK : refuse_mention(walk, path);
}

/* A member's name is the sender's, and may be anybody's number: only what could be one of FHIR's is told. */
static const char *step_name(const char *name)
{
	size_t len = 0;
	while (words_letter((uint8_t)name[len]))
		len++;
	bool known = strcmp(name, "valueBase64Binary") == 0 || (len <= 40 && name[len] == '\0');
	return known ? name : "?";
}

static enum error walk_value(
	struct walk *walk, const char *name, const json_t *value, const struct fhir_path *path, bool at_work)
{
	const char *member;
	json_t *item;
	if (path != NULL)
		look_at_name(walk, name, value, path);
	if (json_is_string(value))
		return look_at_text(walk, name, bytes_of(json_string_value(value), json_string_length(value)), path, at_work);
	if (json_is_object(value) && path != NULL) {
		TRY(look_at_object(walk, value, path, at_work));
		TRY(look_at_stray_entity(walk, value, path));
	}
	json_object_foreach((json_t *)value, member, item)
	{
		struct fhir_path inner = {path, step_name(member), FHIR_NO_INDEX};
		bool work = at_work || WORDS_ONE_OF(bytes_text(member), "agent", "source", "contained", "assigner");
		TRY(walk_value(walk, member, item, &inner, work));
	}
	for (struct fhir_each one = {.array = value}; fhir_next(&one);) {
		struct fhir_path inner = {path != NULL ? path->up : NULL, path != NULL ? path->name : "", one.index};
		TRY(walk_value(walk, name, one.item, &inner, at_work));
	}
	return E_OK;
}

/* Entities that could be a person, and agents who are the patient and say nothing else. */
static void look_at_unclear(struct walk *walk)
{
	const struct fhir_document *document = walk->reader->document;
	const json_t *root = walk->reader->root;
	for (struct fhir_each item = fhir_list(root, "entity"); fhir_next(&item);) {
		struct fhir_path path = {NULL, "entity", item.index};
		if (fhir_entity_person(document, item.item) == FHIR_PERSON_UNCLEAR)
			note_words(
				walk, &path, "may be a person; say with role, type or a reference what it is (role 1: the patient)");
	}
	for (struct fhir_each item = fhir_list(root, "agent"); fhir_next(&item);) {
		struct fhir_path path = {NULL, "agent", item.index};
		if (fhir_agent_is_patient(document, item.item))
			note_words(
				walk, &path, "is the patient, and cannot be identified; add the patient as an entity with role 1");
	}
}

enum error fhir_check_mentions(const struct fhir_reader *reader)
{
	struct walk walk = {.reader = reader};
	TRY(walk_value(&walk, "", reader->root, NULL, false));
	look_at_unclear(&walk);
	if (walk.in_words && reader->message->subject_count == 0)
		return fault_set(reader->fault, E_BAD_SUBJECT, "%s: %s", walk.place, walk.reason);
	return E_OK;
}
