/* Who is found where, and what becomes of each name.
 *
 *   patient, extensions ─► entities ─► agents ─► contained patients that nothing pointed to
 *   one person: each identifier and reference ─┬─ read: a subject
 *                                              └─ not read: kept in `left`
 *               no name of a person was read: refused, with the best reason that there is
 *
 * One name that cannot be read does not refuse a person who has another that can: senders add local numbers. It
 * becomes an object only where one person is concerned, because objects are shown to all subjects. Whether a mention
 * is of a subject is asked by reading it into a message of its own, by the same functions (fhir_is_subject). */
#include "ingest/fhir/fhir_people.h"

#include "ingest/fhir/fhir_types.h"
#include "ingest/message/mention.h"
#include "ingest/message/words.h"

/* ---- signs ---- */

static bool has_one_of(const json_t *concept, const char *const *words)
{
	struct bytes code;
	for (size_t i = 0; fhir_code(concept, i, &code); i++)
		if (words_one_of(code, words))
			return true;
	return false;
}

#define HAS_ONE_OF(concept, ...) has_one_of(concept, WORDS(__VA_ARGS__))

/* Kinds of people's numbers, but for those of people at work, and kinds of numbers of things (HL7 table 0203). */
static const char *const patient_number_kinds[] = {
	"MR", "MRT", "PI", "PT", "SS", "JHN", "NI", "HC", "MA", "MB", "MC", "NH", "SN", "CZ", "DL", "PPN", NULL};
static const char *const thing_number_kinds[] = {"SNO", "UDI", "ACSN", "FILL", "PLAC", "VN", "XX", NULL};

/* Resources that stand for people who are no Patient, or for several. */
static const char *const other_people[] = {"RelatedPerson", "Person", "Group", NULL};

bool fhir_is_patient(const struct fhir_document *document, const json_t *who)
{
	static const struct bytes patient = BYTES_LITERAL("Patient");
	struct bytes reference = fhir_text(who, "reference");
	return mention_is_word(fhir_last_segment(fhir_text(who, "type"))) ||
		   bytes_equal(fhir_reference_type(reference), patient) ||
		   bytes_equal(fhir_text(fhir_contained(document, reference), "resourceType"), patient);
}

const json_t *fhir_entity_what(const json_t *entity)
{
	return fhir_either(entity, "what", "reference");
}

const json_t *fhir_entity_identifier(const json_t *entity)
{
	const json_t *identifier = json_object_get(fhir_entity_what(entity), "identifier");
	return identifier != NULL ? identifier : json_object_get(entity, "identifier");
}

/* ---- what an entity is ---- */

/* A type's name of FHIR, or a word that a list of entity types has for no person. */
static bool names_thing(struct bytes code)
{
	return WORDS_ONE_OF(code, "3", "XrequestId") || fhir_is_thing(code); /* 3 organisation */
}

static bool any_names_thing(const json_t *concept)
{
	struct bytes code;
	for (size_t i = 0; fhir_code(concept, i, &code); i++)
		if (names_thing(code))
			return true;
	return false;
}

/* Roles of the list object-role. 1 is the patient; 4, a resource, may be anybody's; 9, 10 and 19 are those who are
 * insured, who vouch, who buy: people whose data it may be; 6, 8, 11 and 15 are people at work. */
static const char *const thing_roles[] = {
	"2", "3", "5", "7", "12", "13", "14", "16", "17", "18", "20", "21", "22", "23", "24", "25", "26", NULL};
static const char *const people_roles[] = {"4", "9", "10", "19", NULL};
static const char *const patient_codes[] = {"1", "Patient", "patient", "PAT", NULL};

/* NN and a country: a national number. */
static bool has_people_number(const json_t *kind)
{
	struct bytes code;
	for (size_t i = 0; fhir_code(kind, i, &code); i++)
		if (code.len == 5 && memcmp(code.data, "NN", 2) == 0)
			return true;
	return has_one_of(kind, patient_number_kinds);
}

bool fhir_is_patient_number(const json_t *identifier)
{
	return has_people_number(json_object_get(identifier, "type"));
}

bool fhir_is_thing_number(const json_t *identifier)
{
	return has_one_of(json_object_get(identifier, "type"), thing_number_kinds);
}

bool fhir_is_record_number(const json_t *identifier)
{
	return HAS_ONE_OF(json_object_get(identifier, "type"), "MR", "MRT", "PI", "PT");
}

/* Some of its texts. */
static bool has_words(const json_t *concept, enum mention_words wanted)
{
	bool found = mention_words_are(fhir_text(concept, "text")) == wanted ||
				 mention_words_are(fhir_text(concept, "display")) == wanted;
	for (struct fhir_each coding = fhir_list(concept, "coding"); fhir_next(&coding);)
		found |= mention_words_are(fhir_text(coding.item, "display")) == wanted;
	return found;
}

static bool has_patient_word(const json_t *concept)
{
	return has_words(concept, MENTION_WORDS_PATIENT);
}

/* Something says that it is the patient. */
static bool says_patient(const struct fhir_document *document, const json_t *entity)
{
	const json_t *identifier = fhir_entity_identifier(entity);
	const json_t *type = json_object_get(entity, "type");
	const json_t *role = json_object_get(entity, "role");
	bool person = fhir_has_code(type, "1") && (role == NULL || has_one_of(role, people_roles));
	return has_one_of(role, patient_codes) || has_patient_word(role) || has_patient_word(type) ||
		   HAS_ONE_OF(type, "Patient", "patient", "PAT") || fhir_is_patient(document, fhir_entity_what(entity)) ||
		   mention_numbers_people(fhir_text(identifier, "system")) || fhir_is_patient_number(identifier) || person;
}

/* Neither what it is nor what was done with it: {}. */
static bool says_nothing(const json_t *entity)
{
	static const char *const members[] = {"type", "role", "query", "description", "detail"};
	bool said = false;
	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
		said |= json_object_size(json_object_get(entity, members[i])) > 0 ||
				json_array_size(json_object_get(entity, members[i])) > 0 || fhir_text(entity, members[i]).len > 0;
	return !said;
}

enum fhir_person fhir_entity_person(const struct fhir_document *document, const json_t *entity)
{
	const json_t *what = fhir_entity_what(entity);
	const json_t *identifier = fhir_entity_identifier(entity);
	const json_t *type = json_object_get(entity, "type");
	const json_t *role = json_object_get(entity, "role");
	struct bytes target = fhir_target_type(document, what);
	if (says_patient(document, entity))
		return FHIR_PERSON_YES;
	if (has_one_of(type, other_people) || words_one_of(target, other_people))
		return FHIR_PERSON_UNCLEAR;
	bool other = fhir_has_code(type, "4") && role == NULL;  /* neither person nor system nor organisation */
	if (fhir_has_code(type, "1") && !fhir_is_thing(target)) /* in the role of a thing: one of both is wrong */
		return FHIR_PERSON_UNCLEAR;
	if (fhir_is_thing(target) || any_names_thing(type) || other || has_one_of(role, thing_roles) ||
		fhir_is_thing_number(identifier))
		return FHIR_PERSON_NO;
	bool something = what != NULL || identifier != NULL || fhir_text(entity, "name").len > 0;
	return something || says_nothing(entity) ? FHIR_PERSON_UNCLEAR : FHIR_PERSON_NO; /* nothing is pointed at */
}

static bool is_patient_role(const json_t *concept)
{
	struct bytes code;
	bool found = has_patient_word(concept);
	for (size_t i = 0; fhir_code(concept, i, &code); i++)
		found |= mention_role(code);
	return found;
}

bool fhir_agent_is_patient(const struct fhir_document *document, const json_t *agent)
{
	bool found = fhir_is_patient(document, json_object_get(agent, "who")) ||
				 fhir_is_patient(document, json_object_get(agent, "reference")) ||
				 is_patient_role(json_object_get(agent, "type"));
	for (struct fhir_each role = fhir_list(agent, "role"); fhir_next(&role);)
		found |= is_patient_role(role.item);
	return found;
}

bool fhir_agent_may_be_patient(const json_t *agent)
{
	const json_t *who = fhir_either(agent, "who", "reference");
	bool unclear = has_words(json_object_get(agent, "type"), MENTION_WORDS_UNCLEAR);
	for (struct fhir_each role = fhir_list(agent, "role"); fhir_next(&role);)
		unclear |= has_words(role.item, MENTION_WORDS_UNCLEAR);
	return unclear && (fhir_text(json_object_get(who, "identifier"), "value").len > 0 ||
						  fhir_text(json_object_get(agent, "userId"), "value").len > 0);
}

/* ---- one person ---- */

/* What was found out about one. */
struct finding {
	size_t names;       /* identifiers and references that became subjects, or are the mark for nobody */
	struct bytes bare;  /* an identifier without a system */
	bool valueless;     /* an identifier without a value */
	struct fault fault; /* why the first other one did not */
};

enum error fhir_refuse(const struct fhir_reader *reader, const struct fhir_path *path, const char *reason)
{
	char place[FHIR_PATH_MAX + 1];
	fhir_path_text(path, place);
	return fault_set(reader->fault, E_BAD_SUBJECT, "%s: %s", place, reason);
}

/* An error of one name is kept: another name of the same person may do. */
static enum error note(struct finding *finding, enum error error, const struct fault *fault)
{
	if (error == E_OK)
		finding->names++;
	else if (error != E_BAD_SUBJECT || finding->fault.error == E_OK)
		finding->fault = *fault;
	return error == E_BAD_SUBJECT ? E_OK : error;
}

static enum error add_identifier(struct fhir_reader *reader, const json_t *identifier, struct finding *finding)
{
	struct bytes system = fhir_text(identifier, "system");
	struct bytes value = fhir_text(identifier, "value");
	struct fault fault = {0};
	enum error error;
	const struct identifier_scope scope = audit_message_scope(reader->context);
	finding->valueless |= identifier != NULL && value.len == 0;
	if (value.len == 0)
		return E_OK;
	if (system.len == 0 && !words_have(value, "^") && !words_have(value, "|") &&
		!bytes_equal(value, BYTES_LITERAL("<none>")) && source_authority(scope.source).len == 0) {
		finding->bare = words_first(finding->bare, value);
		return E_OK;
	}
	if (system.len > 0)
		error = audit_message_identifier(reader->message, system, value, &scope, &fault);
	else
		error = audit_message_subject(reader->message, value, &scope, &fault);
	if (error == E_BAD_SUBJECT)
		TRY(texts_add(&reader->left, value));
	return note(finding, error, &fault);
}

/* Those of a contained resource: one, or a list. */
static enum error add_identifiers(struct fhir_reader *reader, const json_t *resource, struct finding *finding)
{
	const json_t *identifiers = json_object_get(resource, "identifier");
	if (json_is_object(identifiers))
		return add_identifier(reader, identifiers, finding);
	for (struct fhir_each one = {.array = identifiers}; fhir_next(&one);)
		TRY(add_identifier(reader, one.item, finding));
	return E_OK;
}

static enum error add_reference(struct fhir_reader *reader, struct bytes reference, struct finding *finding)
{
	const struct identifier_scope scope = audit_message_scope(reader->context);
	struct fault fault = {0};
	if (reference.len == 0)
		return E_OK;
	TRY(texts_add(&reader->known, reference));
	if (reference.data[0] == '#') {
		const json_t *contained = fhir_contained(reader->document, reference);
		return bytes_equal(fhir_text(contained, "resourceType"), BYTES_LITERAL("Patient"))
				   ? add_identifiers(reader, contained, finding)
				   : E_OK;
	}
	bool identifier =
		words_have(reference, "|") || words_have(reference, "^"); /* written where a reference should stand */
	if (!identifier && !bytes_equal(fhir_reference_type(reference), BYTES_LITERAL("Patient")))
		return finding->names > 0 ? texts_add(&reader->left, reference) : E_OK;
	enum error error = audit_message_subject(reader->message, reference, &scope, &fault);
	if (error == E_BAD_SUBJECT)
		TRY(texts_add(&reader->left, reference));
	return note(finding, error, &fault);
}

/* Why one who is meant to be the patient is nobody's number. */
static enum error refuse_person(
	const struct fhir_reader *reader, const struct fhir_path *path, const json_t *who, const struct finding *finding)
{
	struct bytes target = fhir_target_type(reader->document, who);
	char reason[FAULT_TEXT_MAX + 1];
	if (finding->fault.error != E_OK)
		return fhir_refuse(reader, path, finding->fault.text);
	if (WORDS_ONE_OF(target, "RelatedPerson", "Person", "Group", "Practitioner", "PractitionerRole")) {
		snprintf(reason, sizeof reason,
			"a %.*s where the patient is named; send the Patient, or an identifier with its system", (int)target.len,
			(const char *)target.data);
		return fhir_refuse(reader, path, reason);
	}
	if (finding->bare.len > 0)
		return fhir_refuse(reader, path,
			"an identifier without a system or assigning authority could be anybody's; send it with one, or "
			"have the registration say whose numbers these are ('indsigt sender policy', authority=SYSTEM)");
	if (finding->valueless)
		return fhir_refuse(reader, path, "a patient with an identifier that has no value");
	struct bytes reference = fhir_text(who, "reference");
	if (reference.len > 0 && reference.data[0] == '#' && fhir_contained(reader->document, reference) == NULL)
		return fhir_refuse(reader, path, "a patient in a contained resource that is not there");
	if (reference.len > 4 && memcmp(reference.data, "urn:", 4) == 0)
		return fhir_refuse(reader, path,
			"a patient by the address of an entry of a bundle, which says nothing outside it; send the identifier");
	if (target.len > 0 && !bytes_equal(target, BYTES_LITERAL("Patient")))
		return fhir_refuse(reader, path, "a resource that is no Patient where the patient is named");
	return fhir_refuse(
		reader, path, "a patient without an identifier that has a system, and without a reference to Patient/ID");
}

/* What no other name of the person makes good: more people than a message may name. */
static enum error pass_on(
	const struct fhir_reader *reader, enum error error, const struct fhir_path *path, const struct finding *finding)
{
	char place[FHIR_PATH_MAX + 1];
	if (finding->fault.error != error)
		return error;
	fhir_path_text(path, place);
	return fault_set(reader->fault, error, "%s: %s", place, finding->fault.text);
}

/* Every name of one person is a subject: who asks under one of them must not be told that nobody looked. */
static enum error add_person(
	struct fhir_reader *reader, const json_t *who, const json_t *identifier, const struct fhir_path *path)
{
	struct finding finding = {0};
	size_t before = reader->message->subject_count;
	enum error error =
		add_identifier(reader, identifier, &finding) ?: add_reference(reader, fhir_text(who, "reference"), &finding);
	if (error != E_OK)
		return pass_on(reader, error, path, &finding);
	if (finding.names == 0)
		return refuse_person(reader, path, who, &finding);
	reader->people += reader->message->subject_count > before;
	return texts_add(&reader->left, finding.bare);
}

/* All that `probe` names are subjects of `message`. */
static bool has_all(const struct audit_message *message, const struct audit_message *probe)
{
	for (size_t i = 0; i < probe->subject_count; i++) {
		bool found = false;
		for (size_t k = 0; k < message->subject_count; k++)
			found |= bytes_equal(probe->subjects[i], message->subjects[k]);
		if (!found)
			return false;
	}
	return true;
}

enum error fhir_is_subject(const struct fhir_reader *reader, const json_t *who, bool *out)
{
	struct bytes reference = fhir_text(who, "reference");
	struct audit_message probe = {0};
	struct fhir_reader reading = {.document = reader->document, .message = &probe, .context = reader->context};
	struct finding finding = {0};
	bool known = false;
	for (size_t i = 0; i < reader->known.count; i++)
		known |= reference.len > 0 && bytes_equal(reader->known.items[i], reference);
	enum error error = add_identifiers(&reading, who, &finding) ?: add_reference(&reading, reference, &finding);
	*out = (known || probe.subject_count > 0) && has_all(reader->message, &probe);
	fhir_reader_free(&reading);
	audit_message_free(&probe);
	return error;
}

void fhir_reader_free(struct fhir_reader *reader)
{
	texts_free(&reader->known);
	texts_free(&reader->left);
}

bool fhir_is_known(const struct fhir_reader *reader, struct bytes id)
{
	if (id.len > 0 && id.data[0] == '#') /* the id itself was written with the mark */
		id = bytes_of(id.data + 1, id.len - 1);
	for (size_t i = 0; id.len > 0 && i < reader->known.count; i++) {
		struct bytes mark = reader->known.items[i];
		if (mark.data[0] == '#' && bytes_equal(bytes_of(mark.data + 1, mark.len - 1), id))
			return true;
	}
	return false;
}

/* ---- everybody ---- */

/* An agent who is the patient and can be identified. One who cannot is mentioned all the same (fhir_check_mentions). */
static enum error add_agents(struct fhir_reader *reader, const json_t *agents, const struct fhir_path *holder)
{
	for (struct fhir_each agent = {.array = agents}; fhir_next(&agent);) {
		const json_t *who = fhir_either(agent.item, "who", "reference");
		const json_t *identifier = json_object_get(who, "identifier");
		struct fhir_path up = {holder, "agent", agent.index};
		struct fhir_path path = {&up, "who", FHIR_NO_INDEX};
		bool identified = fhir_is_patient(reader->document, who) || fhir_text(identifier, "system").len > 0 ||
						  words_have(fhir_text(identifier, "value"), "^^^");
		if (identified && fhir_agent_is_patient(reader->document, agent.item))
			TRY(add_person(reader, who, identifier, &path));
	}
	return E_OK;
}

static enum error add_entities(struct fhir_reader *reader)
{
	for (struct fhir_each entity = fhir_list(reader->root, "entity"); fhir_next(&entity);) {
		struct fhir_path up = {NULL, "entity", entity.index};
		struct fhir_path path = {&up,
			json_object_get(entity.item, "what") == NULL && json_object_get(entity.item, "reference") != NULL
				? "reference"
				: "what",
			FHIR_NO_INDEX};
		if (fhir_entity_person(reader->document, entity.item) == FHIR_PERSON_YES)
			TRY(add_person(reader, fhir_entity_what(entity.item), fhir_entity_identifier(entity.item), &path));
		TRY(add_agents(reader, json_object_get(entity.item, "agent"), &up));
	}
	return E_OK;
}

/* The last step of an extension's address has "patient" in it. */
static bool says_patient_extension(const json_t *extension)
{
	return mention_word(fhir_last_segment(fhir_text(extension, "url")));
}

/* R5's `patient`, which R4 has as an extension: HL7's own, and those of national profiles under other names. */
static enum error add_patient(struct fhir_reader *reader)
{
	const json_t *patient = json_object_get(reader->root, "patient");
	struct fhir_path path = {NULL, "patient", FHIR_NO_INDEX};
	if (patient != NULL)
		TRY(add_person(reader, patient, json_object_get(patient, "identifier"), &path));
	for (struct fhir_each extension = fhir_list(reader->root, "extension"); fhir_next(&extension);) {
		const json_t *value = json_object_get(extension.item, "valueReference");
		const json_t *number = json_object_get(extension.item, "valueIdentifier");
		bool said = says_patient_extension(extension.item) && fhir_target_type(reader->document, value).len == 0;
		struct fhir_path up = {NULL, "extension", extension.index};
		struct fhir_path inner = {&up, value != NULL ? "valueReference" : "valueIdentifier", FHIR_NO_INDEX};
		if (fhir_is_patient(reader->document, value) || (value != NULL && said))
			TRY(add_person(reader, value, json_object_get(value, "identifier"), &inner));
		else if (number != NULL && said)
			TRY(add_person(reader, NULL, number, &inner));
	}
	return E_OK;
}

/* Contained patients that nothing points to. */
static enum error add_contained(struct fhir_reader *reader)
{
	for (struct fhir_each resource = fhir_list(reader->root, "contained"); fhir_next(&resource);) {
		struct fhir_path path = {NULL, "contained", resource.index};
		struct bytes id = fhir_text(resource.item, "id");
		struct finding finding = {0};
		if (fhir_is_known(reader, id) ||
			!bytes_equal(fhir_text(resource.item, "resourceType"), BYTES_LITERAL("Patient")))
			continue;
		enum error error = add_identifiers(reader, resource.item, &finding);
		if (error != E_OK)
			return pass_on(reader, error, &path, &finding);
		if (finding.names == 0)
			return refuse_person(reader, &path, NULL, &finding);
		reader->people++;
	}
	return E_OK;
}

enum error fhir_subjects(struct fhir_reader *reader)
{
	TRY(add_patient(reader));
	TRY(add_entities(reader));
	TRY(add_agents(reader, json_object_get(reader->root, "agent"), NULL));
	TRY(add_contained(reader));
	for (size_t i = 0; i < reader->left.count && reader->people == 1; i++)
		TRY(audit_message_object(reader->message, reader->left.items[i]));
	return E_OK;
}
