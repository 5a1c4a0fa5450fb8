/* FHIR AuditEvent in JSON, R4, R5 and R6 by shape. spec/adapters.md
 *
 *   types of all members ─► when, how it ended, what was done ─► who asked ─► whom it is about ─► what else ─► mentions
 *
 * Each member is looked for under its names of R4, R5 and STU3, and the first that says something is taken: programs
 * mix them. Codes of what was done add up, since a message may say it in several places and in several systems; the
 * worst of several outcomes counts. What can fail is told with the member's name: one of another type than FHIR
 * gives it, a required one that is missing, an action or outcome that is none, and above all a patient whom no
 * subject would stand for. */
#include "ingest/fhir/fhir_own.h"
#include "ingest/fhir/fhir_people.h"
#include "ingest/message/participants.h"
#include "ingest/message/words.h"
#include "ledger/json/json_text.h"
#include "ledger/mapping/mapping.h"

#define WORDS_COMPARED 64 /* different words of subtypes, that a further one is compared with; real ones are three */
#define SWISS_ROLES "urn:oid:2.16.756.5.30.1.127.3.10.6"

/* What names a person or device in an element like `who`: an identifier, else a reference; "#x" would say nothing
 * outside the message. */
static enum error id_of(struct audit_message *message, const json_t *who, const json_t *identifier, struct bytes *out)
{
	struct bytes value = fhir_text(identifier, "value");
	struct bytes system = fhir_text(identifier, "system");
	struct bytes reference = fhir_text(who, "reference");
	struct bytes parts[] = {system, system.len > 0 ? BYTES_LITERAL("|") : BYTES_EMPTY, value};
	*out = reference.len > 0 && reference.data[0] == '#' ? BYTES_EMPTY : reference;
	return value.len > 0 ? audit_message_join(message, parts, 3, out) : E_OK;
}

/* ---- names of contained resources ---- */

/* A text, or HumanName, or DeviceName: the first of a list. */
static struct bytes name_in(const json_t *resource, const char *member)
{
	const json_t *name = json_object_get(resource, member);
	if (json_is_array(name))
		name = json_array_get(name, 0);
	if (json_is_string(name))
		return fhir_text(resource, member);
	return words_first(fhir_text(name, "text"), words_first(fhir_text(name, "name"), fhir_text(name, "family")));
}

static const json_t *identifier_in(const json_t *resource)
{
	const json_t *identifier = json_object_get(resource, "identifier");
	return json_is_array(identifier) ? json_array_get(identifier, 0) : identifier;
}

/* What `who` points to: a contained resource, behind a role the practitioner, or NULL. */
static const json_t *target_of(const struct fhir_document *document, const json_t *who)
{
	const json_t *target = fhir_contained(document, fhir_text(who, "reference"));
	const json_t *practitioner =
		fhir_contained(document, fhir_text(json_object_get(target, "practitioner"), "reference"));
	return practitioner != NULL ? practitioner : target;
}

/* Name and id of what `who` points to. */
static enum error name_and_id(struct audit_message *message, const struct fhir_document *document, const json_t *who,
	struct bytes *name, struct bytes *id)
{
	const json_t *target = target_of(document, who);
	const json_t *identifier = json_object_get(who, "identifier");
	*name = words_first(fhir_text(who, "display"), words_first(name_in(target, "name"), name_in(target, "deviceName")));
	return id_of(message, who, identifier != NULL ? identifier : identifier_in(target), id);
}

/* ---- participants ---- */

static enum participant_nature nature_of(struct bytes type)
{
	if (WORDS_ONE_OF(type, "Device", "Organization", "HealthcareService", "Endpoint", "ClientApplication", "Bot"))
		return PARTICIPANT_MACHINE;
	bool human = WORDS_ONE_OF(type, "Practitioner", "PractitionerRole", "Patient", "RelatedPerson", "Person");
	return human ? PARTICIPANT_HUMAN : PARTICIPANT_UNSAID;
}

/* All codes of it count, and its first words are shown. */
static void read_role(struct participant *participant, const json_t *concept)
{
	struct bytes code;
	for (size_t i = 0; fhir_code(concept, i, &code); i++)
		participant_role_code(participant, code);
	participant->role = words_first(participant->role, fhir_words(concept));
}

/* Switzerland's electronic patient record: an assistant acts for a professional (HCP), a representative for a patient
 * (PAT), who are named beside them and requested nothing. */
static void read_swiss_role(struct participant *participant, const json_t *role)
{
	for (struct fhir_each coding = fhir_list(role, "coding"); fhir_next(&coding);) {
		struct bytes code = fhir_text(coding.item, "code");
		participant->principal |= !participant->requestor &&
								  bytes_equal(fhir_text(coding.item, "system"), BYTES_LITERAL(SWISS_ROLES)) &&
								  WORDS_ONE_OF(code, "HCP", "PAT");
	}
}

static void read_purposes(struct audit_message *message, const json_t *purposes)
{
	for (struct fhir_each purpose = {.array = purposes}; fhir_next(&purpose);) {
		message->purpose = words_first(message->purpose, fhir_words(purpose.item));
		struct bytes code;
		for (size_t i = 0; fhir_code(purpose.item, i, &code); i++)
			message->emergency |= (mapping_effects(MAPPING_PURPOSE, NULL, code) & MAPPING_EMERGENCY) != 0;
	}
}

static enum error read_agent(struct fhir_reader *reader, const json_t *agent)
{
	struct audit_message *message = reader->message;
	const json_t *who = fhir_either(agent, "who", "reference"); /* STU3 */
	struct participant participant = {.requestor = json_is_true(json_object_get(agent, "requestor")),
		.nature = nature_of(fhir_target_type(reader->document, who))};
	participant_role_code(&participant, fhir_text(who, "type"));
	read_role(&participant, json_object_get(agent, "type"));
	for (struct fhir_each role = fhir_list(agent, "role"); fhir_next(&role);) {
		read_role(&participant, role.item);
		read_swiss_role(&participant, role.item);
	}
	TRY(name_and_id(message, reader->document, who, &participant.name, &participant.id));
	participant.name = words_first(participant.name, fhir_text(agent, "name"));
	if (participant.id.len == 0)
		TRY(id_of(message, NULL, json_object_get(agent, "userId"), &participant.id)); /* STU3 */
	participant.id = words_first(participant.id, fhir_text(agent, "altId"));
	struct bytes address = fhir_text(json_object_get(agent, "network"), "address");
	participant.access_point =
		words_first(address, words_first(fhir_text(agent, "networkString"), fhir_text(agent, "networkUri")));
	struct bytes *const texts[] = {&participant.id, &participant.name, &participant.role, &participant.access_point};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		TRY(audit_message_copy(message, *texts[i], texts[i]));
	read_purposes(message, json_object_get(agent, "purposeOfUse"));
	read_purposes(message, json_object_get(agent, "authorization"));
	return participants_add(message, &participant);
}

/* A message without anybody who acted says nothing that could be shown to a person. */
static enum error read_agents(struct fhir_reader *reader)
{
	const json_t *agents = json_object_get(reader->root, "agent");
	if (json_array_size(agents) == 0)
		return fault_set(reader->fault, E_MISSING_FIELD, "agent: required and missing");
	for (struct fhir_each agent = {.array = agents}; fhir_next(&agent);)
		TRY(read_agent(reader, agent.item));
	return E_OK;
}

/* ---- entities ---- */

static bool is_consent(const struct fhir_document *document, const json_t *entity)
{
	return fhir_has_code(json_object_get(entity, "type"), "Consent") ||
		   bytes_equal(fhir_target_type(document, fhir_entity_what(entity)), BYTES_LITERAL("Consent"));
}

/* Entities that are no subjects. */
static enum error read_entities(struct fhir_reader *reader)
{
	struct audit_message *message = reader->message;
	for (struct fhir_each entity = fhir_list(reader->root, "entity"); fhir_next(&entity);) {
		struct bytes name;
		struct bytes id;
		message->query |=
			json_object_get(entity.item, "query") != NULL || fhir_has_code(json_object_get(entity.item, "role"), "24");
		if (fhir_entity_person(reader->document, entity.item) == FHIR_PERSON_YES)
			continue;
		const json_t *what = fhir_entity_what(entity.item);
		TRY(name_and_id(message, reader->document, what, &name, &id));
		if (id.len == 0)
			TRY(id_of(message, NULL, json_object_get(entity.item, "identifier"), &id)); /* STU3 */
		id = words_first(id, words_first(name, fhir_text(entity.item, "name")));
		id = words_first(id, fhir_text(target_of(reader->document, what), "resourceType"));
		if (is_consent(reader->document, entity.item) && message->consent.len == 0)
			message->consent = id;
		else
			TRY(audit_message_object(message, id));
		message->things |= id.len > 0;
	}
	return E_OK;
}

/* ---- the event ---- */

/* Of both versions at once: no code means something else in the other. */
static bool read_severity(struct bytes code, enum severity *out)
{
	return audit_message_severity(mapping_effects(MAPPING_OUTCOME, NULL, code), out);
}

/* A refusal is no outcome of FHIR: it is told from codes and words beside it. */
static void read_denial(struct audit_message *message, const json_t *concept)
{
	struct bytes code;
	for (size_t i = 0; fhir_code(concept, i, &code); i++)
		audit_message_denial_code(message, code);
}

static void read_denials(struct audit_message *message, const json_t *concepts)
{
	for (struct fhir_each concept = {.array = concepts}; fhir_next(&concept);) {
		read_denial(message, concept.item);
		audit_message_denial_words(message, fhir_text(concept.item, "text"));
		audit_message_denial_words(message, fhir_words(concept.item));
	}
}

/* R4: a code. R5: a Coding in `code`, details beside it. The worst of several codes counts. */
static enum error read_outcome(struct fhir_reader *reader)
{
	struct audit_message *message = reader->message;
	const json_t *outcome = json_object_get(reader->root, "outcome");
	const json_t *inner = json_object_get(outcome, "code");
	const json_t *concept = json_is_object(inner) ? inner : outcome;
	struct bytes code = fhir_text(reader->root, "outcome");
	bool understood = outcome == NULL || (!json_is_object(outcome) && read_severity(code, &message->severity));
	for (size_t i = 0; json_is_object(outcome) && fhir_code(concept, i, &code); i++) {
		enum severity severity = SEVERITY_NONE;
		if (code.len == 0 || !read_severity(code, &severity))
			continue;
		understood = true;
		message->severity = severity > message->severity ? severity : message->severity;
	}
	if (!understood)
		return fault_set(reader->fault, E_BAD_VALUE,
			"outcome: not one of 0, 4, 8, 12 (R4) or success, information, warning, error, fatal (R5)");
	read_denials(message, json_object_get(outcome, "detail"));
	audit_message_denial_words(message, fhir_text(reader->root, "outcomeDesc"));
	return E_OK;
}

/* FHIR's interactions, where the message has no action. */
static void read_interaction(struct audit_message *message, unsigned says)
{
	static const struct {
		enum mapping_effect effect;
		uint8_t action;
	} known[] = {{MAPPING_READ, 'R'}, {MAPPING_CREATE, 'C'}, {MAPPING_UPDATE, 'U'}, {MAPPING_DELETE, 'D'}};
	for (size_t i = 0; i < sizeof known / sizeof known[0] && message->action == 0; i++)
		if ((says & known[i].effect) != 0)
			message->action = known[i].action;
}

/* What one code says about the action. */
static unsigned read_action_code(struct audit_message *message, struct bytes code)
{
	unsigned says = mapping_effects(MAPPING_EVENT, NULL, code);
	message->query |= (says & MAPPING_SEARCH) != 0;
	message->disclosed |= (says & MAPPING_DISCLOSE) != 0;
	message->emergency |= (says & MAPPING_EMERGENCY) != 0;
	read_interaction(message, says);
	audit_message_event_code(message, code);
	audit_message_denial_code(message, code);
	return says;
}

static unsigned read_action_codes(struct audit_message *message, const json_t *concept)
{
	struct bytes code;
	unsigned says = 0;
	for (size_t i = 0; fhir_code(concept, i, &code); i++)
		says |= read_action_code(message, code);
	return says;
}

/* The words of one concept, or of each of a list: "Disclose Record Lifecycle Event, read"; and what all codes say. */
static enum error read_concepts(
	struct audit_message *message, const json_t *concepts, struct bytes *words, unsigned *says)
{
	struct bytes seen[WORDS_COMPARED];
	size_t compared = 0;
	*words = BYTES_EMPTY;
	*says = 0;
	if (json_is_object(concepts)) {
		*says = read_action_codes(message, concepts);
		*words = fhir_words(concepts);
		return E_OK;
	}
	for (struct fhir_each concept = {.array = concepts}; fhir_next(&concept);) {
		struct bytes next = fhir_words(concept.item);
		bool again = false;
		for (size_t k = 0; k < compared; k++)
			again |= bytes_equal(seen[k], next);
		if (!again && compared < WORDS_COMPARED)
			seen[compared++] = next;
		struct bytes parts[] = {*words, words->len > 0 ? BYTES_LITERAL(", ") : BYTES_EMPTY, next};
		*says |= read_action_codes(message, concept.item);
		if (next.len == 0 || again)
			continue;
		if (words->len + 2 + next.len <= EVENT_TEXT_BYTES_MAX || words->len == 0)
			TRY(audit_message_join(message, parts, 3, words));
		else
			TRY(audit_message_object(message, next)); /* told elsewhere rather than cut */
	}
	return E_OK;
}

/* DCM 110154: Destination Media. */
static bool to_medium(const json_t *agents)
{
	bool found = false;
	for (struct fhir_each agent = {.array = agents}; fhir_next(&agent);)
		found |= fhir_has_code(json_object_get(agent.item, "type"), "110154");
	return found;
}

static enum error read_activity(struct fhir_reader *reader, enum fhir_shape shape)
{
	bool r5 = shape == FHIR_SHAPE_R5;
	struct audit_message *message = reader->message;
	struct bytes narrow, wide;
	unsigned narrow_says, wide_says;
	struct bytes action = fhir_text(reader->root, "action");
	if (action.len != 1 && json_object_get(reader->root, "action") != NULL)
		return fault_set(reader->fault, E_BAD_VALUE, "action: must be one of C, R, U, D, E");
	message->action = action.len == 1 ? action.data[0] : 0;
	TRY(read_concepts(message, json_object_get(reader->root, r5 ? "code" : "subtype"), &narrow, &narrow_says));
	TRY(read_concepts(message, json_object_get(reader->root, r5 ? "category" : "type"), &wide, &wide_says));
	struct bytes own = fhir_own_activity(json_object_get(reader->root, "subtype"));
	message->activity = words_first(own, words_first(narrow, wide));
	/* Some profiles have "Export" as the type of everything: what it was is said by the code below it. */
	message->exported =
		(narrow_says & MAPPING_EXPORT) != 0 ||
		((wide_says & MAPPING_EXPORT) != 0 && (narrow.len == 0 || to_medium(json_object_get(reader->root, "agent"))));
	return E_OK;
}

/* A time with a clock: FHIR allows a mere date or a year too, which are no times. */
static bool is_moment(struct bytes text)
{
	return text.len > 10 && (text.data[10] == 'T' || text.data[10] == 't');
}

/* When it happened, if the message says so, else when it was recorded. */
static void read_times(struct fhir_reader *reader)
{
	struct audit_message *message = reader->message;
	const json_t *period = fhir_either(reader->root, "occurredPeriod", "period");
	struct bytes start = words_first(fhir_text(period, "start"), fhir_text(reader->root, "occurredDateTime"));
	struct bytes end = fhir_text(period, "end");
	message->time = fhir_text(reader->root, "recorded");
	if (message->time.len == 0 || !is_moment(start))
		return;
	message->time = start;
	message->end_time = is_moment(end) ? end : BYTES_EMPTY;
}

/* Whatever names the system: its observer, in R5 the site it is at, in STU3 an identifier. */
static enum error read_source(struct fhir_reader *reader)
{
	const json_t *source = json_object_get(reader->root, "source");
	const json_t *site = json_object_get(source, "site");
	struct bytes name;
	struct bytes id;
	TRY(name_and_id(reader->message, reader->document, json_object_get(source, "observer"), &name, &id));
	struct bytes system = words_first(words_first(name, id), fhir_text(source, "site"));
	if (system.len == 0) {
		TRY(name_and_id(reader->message, reader->document, site, &name, &id)); /* R5: a reference */
		system = words_first(name, id);
	}
	if (system.len == 0)
		TRY(id_of(reader->message, NULL, json_object_get(source, "identifier"), &system)); /* STU3 */
	reader->message->system = system;
	return E_OK;
}

static enum error read_root(struct fhir_reader *reader)
{
	const json_t *root = reader->root;
	struct audit_message *message = reader->message;
	const char *const formats[] = {
		[FHIR_SHAPE_R4] = "fhir-r4", [FHIR_SHAPE_R5] = "fhir-r5", [FHIR_SHAPE_R6] = "fhir-r6"};
	enum fhir_shape shape = fhir_shape(root);
	if (!bytes_equal(fhir_text(root, "resourceType"), BYTES_LITERAL("AuditEvent")))
		return fault_set(reader->fault, E_BAD_VALUE, "resourceType: must be AuditEvent");
	TRY(fhir_check_types(root, reader->fault));
	message->format = formats[shape];
	read_times(reader);
	TRY(read_outcome(reader));
	TRY(read_activity(reader, shape));
	TRY(read_source(reader));
	TRY(fhir_read_own(reader));
	read_purposes(message, json_object_get(root, "purposeOfEvent"));
	read_purposes(message, json_object_get(root, "authorization"));
	TRY(read_agents(reader));
	TRY(fhir_subjects(reader));
	TRY(read_entities(reader));
	TRY(fhir_check_mentions(reader));
	return audit_message_check_nobody(message, "add the patient as an entity with role 1", reader->fault);
}

/* Texts must outlive the document: every one of the message's is copied. */
static enum error keep_texts(struct audit_message *message)
{
	struct bytes *const texts[] = {
		&message->time, &message->end_time, &message->system, &message->activity, &message->purpose, &message->consent};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		TRY(audit_message_copy(message, *texts[i], texts[i]));
	return E_OK;
}

enum error fhir_read(
	struct bytes text, const struct adapter_context *context, struct audit_message *out, struct fault *fault)
{
	json_auto_t *root = NULL;
	struct bytes start = words_trim(text);
	if (start.len > 0 && start.data[0] == '<')
		return fault_set(fault, E_BAD_JSON, "the message is XML; FHIR is read as JSON (application/fhir+json)");
	TRY(json_text_parse(text, &root, fault));
	OWNED(fhir_document_close) struct fhir_document document = {0};
	OWNED(fhir_reader_free)
	struct fhir_reader reader = {
		.document = &document, .root = root, .message = out, .context = context, .fault = fault};
	TRY(fhir_document_open(root, &document, fault));
	TRY(read_root(&reader));
	return keep_texts(out);
}
