/* The last look at a message, when its subjects are known: is there a patient whom nobody would be told of? What can
 * fail: a patient who is no subject (always refused), and a mention in words in a message about nobody. Whatever is
 * told names the place and not what stands there. */
#include "ingest/fhir/fhir_people.h"
#include "ingest/fhir/fhir_types.h"
#include "ingest/message/mention.h"
#include "ingest/message/words.h"

/* A walk through the whole resource, for two kinds of mentions.
 *
 *   of somebody: a reference to a Patient, a contained Patient, a person's number. It must be of a subject, or the
 *   message is refused.
 *
 *   in words: an address in a description, a query, an entity that could be anything. The message may go on if it has a
 *   subject, who was meant; without one it would be about nobody, and is refused. */
struct walk {
	const struct fhir_reader *reader;
	json_t *acting;        /* of contained resources that act: names are their ids, as written and without '#' */
	struct bytes resource; /* the type of the innermost one */
	bool in_words;
	char place[FHIR_PATH_MAX + 1]; /* of the first mention in words */
	const char *reason;
};

/* Whose numbers stand here: what is not said is different for the event itself, for a resource that it contains, and
 * for people at work, who have numbers too. */
enum around { AROUND_EVENT, AROUND_CONTAINED, AROUND_WORK };

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
	struct walk *walk, const char *name, struct bytes text, const struct fhir_path *path, enum around around)
{
	bool query =
		WORDS_ONE_OF(bytes_text(name), "query", "valueBase64Binary", "valueString", "data"); /* what is in base64 */
	bool found = false;
	TRY(mention_look(text, query ? MENTION_QUERY : around == AROUND_WORK ? MENTION_ADDRESS : MENTION_TEXT, &found));
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
	if (walk->in_words) /* the first is told */
		return;
	struct bytes url = fhir_last_segment(fhir_text(value, "url"));
	struct bytes type = fhir_text(value, "type");
	bool extension = strcmp(member, "extension") == 0 && (mention_names(url) || words_are(url, "subject")) &&
					 !fhir_is_thing(fhir_target_type(walk->reader->document, json_object_get(value, "valueReference")));
	bool detail = strcmp(member, "detail") == 0 &&
				  (mention_names(type) || mention_names(fhir_words(json_object_get(value, "type"))));
	bool subject = WORDS_ONE_OF(bytes_text(member), "subject", "beneficiary", "for", "individual") &&
				   json_is_object(value) && !fhir_is_thing(fhir_target_type(walk->reader->document, value));
	bool own = mention_names(bytes_text(member));
	/* Who is named there became a subject, or is nobody by the sender's word (fhir_people.c). */
	bool read = path->up == NULL && (strcmp(member, "patient") == 0 || (extension && walk->reader->message->nobody));
	if (is_something(value) && !read && (extension || detail || subject || own))
		note_words(walk, path, "speaks of a patient that no entity names; add the patient as an entity with role 1");
}

/* ---- objects ---- */

static enum error refuse_mention(const struct walk *walk, const struct fhir_path *path)
{
	return fhir_refuse(walk->reader, path, "a patient that no entity names; add the patient as an entity with role 1");
}

static enum error is_number_of_subject(const struct fhir_reader *reader, const json_t *identifier, bool *out)
{
	json_t *who = json_pack("{s:O}", "identifier", (json_t *)identifier);
	enum error error = who != NULL ? fhir_is_subject(reader, who, out) : E_NO_MEMORY;
	json_decref(who);
	return error;
}

/* In a contained resource somebody may be named by any number. Named so, but no person: what says another type, and
 * members that FHIR lets no patient stand in. */
static bool may_be_person(const struct walk *walk, const char *name, const json_t *object)
{
	const json_t *identifier = json_object_get(object, "identifier");
	if (strcmp(name, "valueIdentifier") == 0)
		return fhir_text(object, "value").len > 0 && !fhir_is_thing_number(object);
	return json_is_object(identifier) && json_object_get(object, "resourceType") == NULL &&
		   !fhir_is_thing_number(identifier) && !fhir_is_thing(fhir_target_type(walk->reader->document, object)) &&
		   !fhir_is_thing_member(bytes_text(name));
}

/* Members that elsewhere may be a patient's, and in this resource are another's: of people at work or relatives, or of
 * documents. */
static bool is_of_another(const struct walk *walk, const char *name)
{
	struct bytes member = bytes_text(name);
	if (bytes_equal(walk->resource, BYTES_LITERAL("Encounter")))
		return WORDS_ONE_OF(member, "individual");
	if (bytes_equal(walk->resource, BYTES_LITERAL("Consent")))
		return WORDS_ONE_OF(member, "source", "sourceReference");
	return WORDS_ONE_OF(member, "custodian");
}

/* The very resource that a subject was referred to by, and no other of the same id. */
static bool is_known_resource(const struct fhir_reader *reader, const json_t *object)
{
	struct bytes id = fhir_text(object, "id");
	return fhir_is_known(reader, id) &&
		   json_object_getn(reader->document->contained, (const char *)id.data, id.len) == object;
}

/* A Person or a RelatedPerson who has a number of its own may be the one that a message without a subject is about. */
static enum error look_at_relative(
	struct walk *walk, const json_t *object, const struct fhir_path *path, enum around around)
{
	const json_t *identifiers = json_object_get(object, "identifier");
	bool found = false;
	if (around == AROUND_WORK || json_object_size(identifiers) + json_array_size(identifiers) == 0 ||
		!WORDS_ONE_OF(fhir_text(object, "resourceType"), "Person", "RelatedPerson"))
		return E_OK;
	TRY(fhir_is_subject(walk->reader, object, &found));
	if (!found)
		note_words(
			walk, path, "a person with a number, whom no entity names; add the patient as an entity with role 1");
	return E_OK;
}

/* A Patient, a reference to one, or a number that only people have, but for those of people at work. */
static enum error look_at_object(
	struct walk *walk, const char *name, const json_t *object, const struct fhir_path *path, enum around around)
{
	const struct fhir_reader *reader = walk->reader;
	bool resource = bytes_equal(fhir_text(object, "resourceType"), BYTES_LITERAL("Patient"));
	bool reference = json_object_get(object, "reference") != NULL || json_object_get(object, "identifier") != NULL ||
					 json_object_get(object, "display") != NULL;
	bool person = around == AROUND_CONTAINED && may_be_person(walk, name, object);
	if (person && is_of_another(walk, name)) {
		note_words(walk, path, "may be a person, whom no entity names; add the patient as an entity with role 1");
		person = false;
	}
	bool number = around != AROUND_WORK && json_object_get(object, "value") != NULL &&
				  (person || mention_numbers_people(fhir_text(object, "system")) || fhir_is_patient_number(object));
	bool found = resource && is_known_resource(reader, object);
	if (!resource && !number && !person && !(reference && fhir_is_patient(reader->document, object)))
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

/* The same for one who acts: in an entity's detail, in a contained AuditEvent or Provenance. */
static enum error look_at_stray_agent(
	const struct walk *walk, const char *name, const json_t *object, const struct fhir_path *path)
{
	bool root = path->up == NULL;
	bool of_entity = path->up != NULL && path->up->up == NULL && strcmp(path->up->name, "entity") == 0;
	const json_t *who = fhir_either(object, "who", "reference");
	bool found = false;
	if (strcmp(name, "agent") != 0 || root || of_entity || json_object_get(who, "identifier") == NULL ||
		!fhir_agent_is_patient(walk->reader->document, object))
		return E_OK;
	TRY(fhir_is_subject(walk->reader, who, &found));
	return found ? E_OK : refuse_mention(walk, path);
}

static enum error find_acting(struct walk *walk)
{
	for (struct fhir_each agent = fhir_list(walk->reader->root, "agent"); fhir_next(&agent);) {
		struct bytes mark = fhir_text(fhir_either(agent.item, "who", "reference"), "reference");
		if (mark.len < 2 || mark.data[0] != '#')
			continue;
		for (size_t cut = 0; cut < 2; cut++) /* some write the id itself with the mark */
			if (json_object_setn_new(walk->acting, (const char *)mark.data + cut, mark.len - cut, json_true()) != 0)
				return E_NO_MEMORY;
	}
	return E_OK;
}

/* A contained resource is of people at work by its type, or because it is one who acts. */
static bool at_work(const struct walk *walk, const json_t *resource)
{
	struct bytes id = fhir_text(resource, "id");
	if (WORDS_ONE_OF(fhir_text(resource, "resourceType"), "Practitioner", "PractitionerRole", "Organization", "Device",
			"HealthcareService", "Endpoint", "Location"))
		return true;
	return id.len > 0 && json_object_getn(walk->acting, (const char *)id.data, id.len) != NULL;
}

static enum around around_member(
	const struct walk *walk, enum around around, const char *name, const char *member, const json_t *object)
{
	if (WORDS_ONE_OF(bytes_text(member), "agent", "assigner"))
		return AROUND_WORK;
	if (strcmp(name, "contained") == 0 && at_work(walk, object))
		around = AROUND_WORK;
	if (around == AROUND_WORK && WORDS_ONE_OF(bytes_text(member), "patient", "subject", "beneficiary", "for", "link"))
		return AROUND_CONTAINED; /* the one for whom they work */
	return strcmp(member, "contained") == 0 ? AROUND_CONTAINED : around;
}

static enum error walk_value(
	struct walk *walk, const char *name, const json_t *value, const struct fhir_path *path, enum around around)
{
	const char *member;
	json_t *item;
	struct bytes resource = walk->resource;
	if (path != NULL)
		look_at_name(walk, name, value, path);
	if (json_is_string(value))
		return look_at_text(walk, name, bytes_of(json_string_value(value), json_string_length(value)), path, around);
	if (json_is_object(value) && path != NULL) {
		TRY(look_at_object(walk, name, value, path, around));
		TRY(look_at_stray_entity(walk, value, path));
		TRY(look_at_stray_agent(walk, name, value, path));
		TRY(look_at_relative(walk, value, path, around));
	}
	walk->resource = words_first(fhir_text(value, "resourceType"), resource);
	json_object_foreach((json_t *)value, member, item)
	{
		struct fhir_path inner = {path, fhir_step_name(member), FHIR_NO_INDEX};
		TRY(walk_value(walk, member, item, &inner, around_member(walk, around, name, member, value)));
	}
	for (struct fhir_each one = {.array = value}; fhir_next(&one);) {
		struct fhir_path inner = {path != NULL ? path->up : NULL, path != NULL ? path->name : "", one.index};
		TRY(walk_value(walk, name, one.item, &inner, around));
	}
	walk->resource = resource;
	return E_OK;
}

/* Agents whose role nobody says, and who have a number that only patients have. */
static enum error check_agents(const struct walk *walk, const json_t *agents, const struct fhir_path *up)
{
	for (struct fhir_each item = {.array = agents}; fhir_next(&item);) {
		struct fhir_path path = {up, "agent", item.index};
		const json_t *who = fhir_either(item.item, "who", "reference");
		const json_t *identifier = json_object_get(who, "identifier");
		bool found = false;
		if (json_object_get(item.item, "type") != NULL || json_array_size(json_object_get(item.item, "role")) > 0 ||
			!fhir_is_record_number(identifier) || fhir_is_thing(fhir_target_type(walk->reader->document, who)))
			continue;
		TRY(is_number_of_subject(walk->reader, identifier, &found));
		if (!found)
			return fhir_refuse(walk->reader, &path,
				"has a patient's number, and nothing says that it is no patient; say its role, or add the patient as "
				"an "
				"entity with role 1");
	}
	return E_OK;
}

static enum error check_all_agents(const struct walk *walk)
{
	const json_t *root = walk->reader->root;
	for (struct fhir_each item = fhir_list(root, "entity"); fhir_next(&item);) {
		struct fhir_path path = {NULL, "entity", item.index};
		TRY(check_agents(walk, json_object_get(item.item, "agent"), &path));
	}
	return check_agents(walk, json_object_get(root, "agent"), NULL);
}

/* Agents who are the patient and say nothing else. */
static void look_at_agents(struct walk *walk, const json_t *agents, const struct fhir_path *up)
{
	for (struct fhir_each item = {.array = agents}; fhir_next(&item);) {
		struct fhir_path path = {up, "agent", item.index};
		if (fhir_agent_is_patient(walk->reader->document, item.item))
			note_words(
				walk, &path, "is the patient, and cannot be identified; add the patient as an entity with role 1");
		if (fhir_agent_may_be_patient(item.item))
			note_words(
				walk, &path, "may be the patient by the words of its role; add the patient as an entity with role 1");
	}
}

/* Entities that could be a person, and agents. */
static void look_at_unclear(struct walk *walk)
{
	const json_t *root = walk->reader->root;
	for (struct fhir_each item = fhir_list(root, "entity"); fhir_next(&item);) {
		struct fhir_path path = {NULL, "entity", item.index};
		if (fhir_entity_person(walk->reader->document, item.item) == FHIR_PERSON_UNCLEAR)
			note_words(
				walk, &path, "may be a person; say with role, type or a reference what it is (role 1: the patient)");
		look_at_agents(walk, json_object_get(item.item, "agent"), &path);
	}
	look_at_agents(walk, json_object_get(root, "agent"), NULL);
}

enum error fhir_check_mentions(const struct fhir_reader *reader)
{
	json_auto_t *acting = json_object();
	struct walk walk = {.reader = reader, .acting = acting};
	TRY(allocated(acting));
	TRY(find_acting(&walk));
	TRY(walk_value(&walk, "", reader->root, NULL, AROUND_EVENT));
	TRY(check_all_agents(&walk));
	look_at_unclear(&walk);
	if (walk.in_words && reader->message->subject_count == 0)
		return fault_set(reader->fault, E_BAD_SUBJECT, "%s: %s", walk.place, walk.reason);
	return E_OK;
}
