/* The action decides the shape: type and subtype, which machine is the client's and which the server's, what the user
 * is called. BALP's profiles are of what went well, so only that names one.
 *
 *   field of the event ─► has it an element in this event? ─► there
 *                                                  else ─► extension TERMS_EXTENSION + name
 *
 * `placed` has the bits of those that an element says whole. */
#include "query/fhir/audit_event.h"

#include "ledger/event/event_schema.h"
#include "ledger/text/timestamp.h"
#include "query/fhir/person.h"
#include "query/fhir/terms.h"

#include <stdio.h>

struct term {
	const char *system, *code, *display;
};

static const struct term rest = {TERMS_EVENT_TYPE, "rest", "Restful Operation"};
static const struct term export_type = {TERMS_DCM, "110106", "Export"};
static const struct term application = {TERMS_DCM, "110150", "Application"};
static const struct term provider_role = {TERMS_DCM, "110153", "Source Role ID"};
static const struct term receiver_role = {TERMS_DCM, "110152", "Destination Role ID"};
static const struct term custodian = {TERMS_PROVENANCE, "custodian", "Custodian"};

static const struct shape {
	const char *profile, *action;
	const struct term *type;
	struct term subtype;
	const struct term *client, *server;
	const char *user; /* of v3-ParticipationType, or NULL */
} shapes[] = {
	[ACTION_CREATE] = {"PatientCreate", "C", &rest, {TERMS_REST, "create", "create"}, &provider_role, &receiver_role,
		"AUT"},
	[ACTION_READ] = {"PatientRead", "R", &rest, {TERMS_REST, "read", "read"}, &receiver_role, &provider_role, "IRCP"},
	[ACTION_UPDATE] = {"PatientUpdate", "U", &rest, {TERMS_REST, "update", "update"}, &provider_role, &receiver_role,
		"AUT"},
	[ACTION_DELETE] = {"PatientDelete", "D", &rest, {TERMS_REST, "delete", "delete"}, &application, &custodian, "AUT"},
	[ACTION_EXECUTE] = {NULL, "E", &rest, {TERMS_REST, "operation", "operation"}, &provider_role, &receiver_role, NULL},
	[ACTION_SEARCH] = {"PatientQuery", "E", &rest, {TERMS_REST, "search", "search"}, &provider_role, &receiver_role,
		"IRCP"},
	[ACTION_EXPORT] = {NULL, "R", &export_type, {TERMS_DCM, "110106", "Export"}, &receiver_role, &provider_role, NULL},
	[ACTION_PRINT] = {NULL, "R", &rest, {TERMS_LIFECYCLE, "access", "Access/View Record Lifecycle Event"},
		&receiver_role, &provider_role, "IRCP"},
	[ACTION_DISCLOSE] = {"PrivacyDisclosure.Source", "R", &export_type,
		{TERMS_LIFECYCLE, "disclose", "Disclose Record Lifecycle Event"}, &receiver_role, &provider_role, NULL},
};

const char *audit_event_profile(uint64_t action)
{
	return action < sizeof shapes / sizeof shapes[0] ? shapes[action].profile : NULL;
}

/* One while it is made. */
struct making {
	const struct audit_event *from;
	const struct shape *shape;
	uint64_t placed;
	json_t *out;
};

static bool has(const struct making *making, unsigned field)
{
	return (making->from->event->present >> field & 1) != 0;
}

static struct bytes text_of(const struct making *making, unsigned field)
{
	return has(making, field) ? making->from->event->values[field].text : BYTES_EMPTY;
}

/* The same, and then it is said. */
static struct bytes place(struct making *making, unsigned field)
{
	making->placed |= 1ull << field;
	return text_of(making, field);
}

static uint64_t number_of(const struct making *making, unsigned field)
{
	return has(making, field) ? making->from->event->values[field].number : 0;
}

static bool gives_away(const struct making *making)
{
	uint64_t action = number_of(making, EVENT_ACTION);
	return action == ACTION_DISCLOSE || action == ACTION_EXPORT;
}

static json_t *coding_of(const struct term *term)
{
	return terms_coding(term->system, term->code, term->display);
}

static bool set_text(json_t *object, const char *name, struct bytes text)
{
	return text.len == 0 || terms_set(object, name, terms_text(text));
}

/* ---- the event ---- */

static json_t *meta_of(const struct making *making)
{
	char time[TIMESTAMP_TEXT_MAX];
	timestamp_format_s(making->from->ledger_time_s, time);
	json_auto_t *meta = json_pack("{s:s, s:s}", "versionId", "1", "lastUpdated", time);
	bool profiled =
		making->shape->profile != NULL && has(making, EVENT_OUTCOME) && number_of(making, EVENT_OUTCOME) == OUTCOME_OK;
	if (profiled && !terms_add(meta, "profile", json_sprintf("%s%s", TERMS_BALP, making->shape->profile)))
		return NULL;
	return json_incref(meta);
}

static json_t *time_of(struct making *making, unsigned field)
{
	char time[TIMESTAMP_TEXT_MAX];
	making->placed |= 1ull << field;
	timestamp_format(making->from->event->values[field].time_ns, time);
	return json_string(time);
}

static bool add_times(struct making *making)
{
	if (!has(making, EVENT_END_TIME))
		return terms_set(making->out, "recorded", time_of(making, EVENT_TIME));
	return terms_set(making->out, "period",
			   json_pack("{s:o, s:o}", "start", time_of(making, EVENT_TIME), "end", time_of(making, EVENT_END_TIME))) &&
		   terms_set(making->out, "recorded", time_of(making, EVENT_TIME));
}

/* Refused is what FHIR calls a minor failure and says in words. What the words are is a field that a policy may close.
 */
static bool add_outcome(struct making *making)
{
	static const char *const codes[] = {[OUTCOME_OK] = "0", [OUTCOME_DENIED] = "4", [OUTCOME_FAILED] = "8"};
	static const char *const words[] = {[OUTCOME_OK] = NULL, [OUTCOME_DENIED] = "denied", [OUTCOME_FAILED] = "failed"};
	uint64_t outcome = number_of(making, EVENT_OUTCOME);
	if (!has(making, EVENT_OUTCOME))
		return true;
	making->placed |= 1ull << EVENT_OUTCOME;
	return terms_set(making->out, "outcome", json_string(codes[outcome])) &&
		   (words[outcome] == NULL || terms_set(making->out, "outcomeDesc", json_string(words[outcome])));
}

/* An emergency is a purpose beside the one that is said. */
static bool add_purposes(struct making *making)
{
	struct bytes purpose = place(making, EVENT_PURPOSE);
	if (purpose.len > 0 && !terms_add(making->out, "purposeOfEvent", json_pack("{s:o}", "text", terms_text(purpose))))
		return false;
	if (number_of(making, EVENT_EMERGENCY) == 0)
		return true;
	making->placed |= 1ull << EVENT_EMERGENCY;
	return terms_add(making->out, "purposeOfEvent",
		json_pack("{s:[o]}", "coding", terms_coding(TERMS_REASON, "BTG", "break the glass")));
}

/* The words of the activity are a coding of our own, so that they are told from those of the action. */
static bool add_event(struct making *making)
{
	struct bytes activity = place(making, EVENT_ACTIVITY);
	bool exact = number_of(making, EVENT_ACTION) != ACTION_PRINT;
	making->placed |= exact ? 1ull << EVENT_ACTION : 0;
	if (!terms_set(making->out, "id", json_sprintf("%llu", (unsigned long long)making->from->index)) ||
		!terms_set(making->out, "meta", meta_of(making)) ||
		!terms_set(making->out, "type", coding_of(making->shape->type)) ||
		!terms_add(making->out, "subtype", coding_of(&making->shape->subtype)))
		return false;
	if (activity.len > 0 && !terms_add(making->out, "subtype",
								json_pack("{s:s, s:s, s:o}", "system", TERMS_ACTIVITY, "code", "activity", "display",
									terms_text(activity))))
		return false;
	return terms_set(making->out, "action", json_string(making->shape->action)) && add_times(making) &&
		   add_outcome(making) && add_purposes(making);
}

/* ---- agents ---- */

/* Who, by what is known of them. */
static json_t *who_of(struct bytes id, struct bytes name, const char *type)
{
	if (id.len == 0 && name.len == 0)
		return terms_absent();
	json_auto_t *who = json_object();
	if ((id.len > 0 && !terms_set(who, "identifier", json_pack("{s:o}", "value", terms_text(id)))) ||
		(type != NULL && !terms_set(who, "type", json_string(type))) || !set_text(who, "display", name))
		return NULL;
	return json_incref(who);
}

static bool add_agent(struct making *making, json_t *type, json_t *who, bool requestor, json_t **out)
{
	json_t *agent = json_pack("{s:o, s:o, s:b}", "type", type, "who", who, "requestor", requestor);
	*out = agent;
	return terms_add(making->out, "agent", agent);
}

/* The concept of a role: a code, which may be missing, and the words that a person is shown. */
static json_t *concept_of(const char *system, const char *code, struct bytes words)
{
	if (code == NULL && words.len == 0)
		return terms_absent();
	json_auto_t *concept = json_object();
	if ((code != NULL && !terms_add(concept, "coding", terms_coding(system, code, NULL))) ||
		!set_text(concept, "text", words))
		return NULL;
	return json_incref(concept);
}

/* Who acted. */
static bool add_user(struct making *making)
{
	uint64_t kind = number_of(making, EVENT_ACTOR_KIND);
	struct bytes role = place(making, EVENT_ACTOR_ROLE);
	struct bytes id = place(making, EVENT_ACTOR_ID), name = place(making, EVENT_ACTOR_NAME);
	const char *device = has(making, EVENT_ACTOR_KIND) && kind != ACTOR_HUMAN ? "Device" : NULL;
	json_t *who = who_of(id, name, NULL), *agent;
	if (who != NULL && device != NULL && !terms_set(who, "type", json_string(device))) {
		json_decref(who);
		return false;
	}
	making->placed |= kind != ACTOR_AI ? 1ull << EVENT_ACTOR_KIND : 0;
	return add_agent(making, concept_of(TERMS_PARTICIPATION, making->shape->user, role), who, true, &agent) &&
		   (role.len == 0 || terms_add(agent, "role", json_pack("{s:o}", "text", terms_text(role)))) &&
		   set_text(agent, "name", name);
}

/* The client, of which only an access point may be known, or whom the data was given. */
static bool add_client(struct making *making)
{
	struct bytes recipient = gives_away(making) ? place(making, EVENT_RECIPIENT) : BYTES_EMPTY;
	struct bytes address = place(making, EVENT_ACCESS_POINT);
	json_t *agent;
	json_t *type = json_pack("{s:[o]}", "coding", coding_of(making->shape->client));
	if (!add_agent(making, type, who_of(BYTES_EMPTY, recipient, NULL), false, &agent))
		return false;
	return terms_set(
		agent, "network", address.len > 0 ? json_pack("{s:o}", "address", terms_text(address)) : terms_absent());
}

/* The system that was accessed, which is the source of what is told. */
static bool add_server(struct making *making)
{
	struct bytes system = place(making, EVENT_SYSTEM);
	json_t *type = json_pack("{s:[o]}", "coding", coding_of(making->shape->server)), *agent;
	json_t *source = json_pack("{s:o, s:[o]}", "observer", who_of(system, system, NULL), "type",
		terms_coding(TERMS_SOURCE_TYPE, "4", "Application Server"));
	return terms_set(making->out, "source", source) &&
		   add_agent(making, type, who_of(system, system, NULL), false, &agent) &&
		   terms_set(agent, "network", terms_absent());
}

/* The organisation that accessed. */
static bool add_organisation(struct making *making)
{
	struct bytes id = place(making, EVENT_ORG_ID), name = place(making, EVENT_ORG_NAME);
	json_t *agent, *who = json_pack("{s:s, s:{s:s, s:o}, s:o}", "type", "Organization", "identifier", "system",
					   TERMS_ORGANISATION, "value", terms_text(id), "display", terms_text(name));
	return add_agent(making, json_pack("{s:s}", "text", "organisation"), who, false, &agent);
}

static bool add_principal(struct making *making)
{
	const uint64_t fields =
		1ull << EVENT_ON_BEHALF_OF_ID | 1ull << EVENT_ON_BEHALF_OF_NAME | 1ull << EVENT_ON_BEHALF_OF_ROLE;
	json_t *agent;
	if ((making->from->event->present & fields) == 0)
		return true;
	making->placed |= fields;
	return add_agent(making, concept_of(TERMS_ROLE_CODE, "DELEGATOR", text_of(making, EVENT_ON_BEHALF_OF_ROLE)),
		who_of(text_of(making, EVENT_ON_BEHALF_OF_ID), text_of(making, EVENT_ON_BEHALF_OF_NAME), NULL), false, &agent);
}

/* ---- entities ---- */

static bool add_entity(struct making *making, json_t *what, json_t *type, json_t *role)
{
	json_t *entity = json_pack("{s:o, s:o}", "what", what, "type", type);
	return terms_add(making->out, "entity", entity) && (role == NULL || terms_set(entity, "role", role));
}

static bool add_person(struct making *making)
{
	json_t *what =
		json_pack("{s:s, s:o}", "type", "Patient", "identifier", person_identifier(place(making, EVENT_SUBJECT)));
	return add_entity(
		making, what, terms_coding(TERMS_ENTITY_TYPE, "1", "Person"), terms_coding(TERMS_OBJECT_ROLE, "1", "Patient"));
}

/* BALP has one entity of the type System Object, the query itself where one was made. What was asked is not kept. */
static bool add_query(struct making *making)
{
	json_t *entity = json_pack("{s:o, s:o, s:o}", "_query", terms_absent(), "type",
		terms_coding(TERMS_ENTITY_TYPE, "2", "System Object"), "role", terms_coding(TERMS_OBJECT_ROLE, "24", "Query"));
	return terms_add(making->out, "entity", entity);
}

static bool add_objects(struct making *making)
{
	const struct event *event = making->from->event;
	bool searched = number_of(making, EVENT_ACTION) == ACTION_SEARCH;
	const struct event_list none = {.count = 0};
	const struct event_list *list =
		has(making, EVENT_OBJECTS) ? &event->lists[event->values[EVENT_OBJECTS].list] : &none;
	making->placed |= 1ull << EVENT_OBJECTS;
	if (searched && !add_query(making))
		return false;
	if (!searched && list->count == 0)
		return add_entity(making, terms_absent(), terms_coding(TERMS_ENTITY_TYPE, "2", "System Object"),
			terms_coding(TERMS_OBJECT_ROLE, "4", "Domain Resource"));
	for (uint32_t i = 0; i < list->count; i++) {
		json_t *type = !searched && i == 0 ? terms_coding(TERMS_ENTITY_TYPE, "2", "System Object")
										   : terms_coding(TERMS_ENTITY_TYPE, "4", "Other");
		json_t *what = who_of(list->items[i], BYTES_EMPTY, NULL);
		if (!add_entity(making, what, type, terms_coding(TERMS_OBJECT_ROLE, "4", "Domain Resource")))
			return false;
	}
	return true;
}

static bool add_consent(struct making *making)
{
	struct bytes consent = place(making, EVENT_CONSENT);
	return consent.len == 0 || add_entity(making, who_of(consent, BYTES_EMPTY, NULL),
								   terms_coding(TERMS_RESOURCE_TYPE, "Consent", "Consent"), NULL);
}

/* ---- what FHIR has no place for ---- */

static json_t *value_of(const struct event *event, const struct event_field *field, const char **type)
{
	const union event_value *value = &event->values[field->number];
	char time[TIMESTAMP_TEXT_MAX];
	switch (field->type) {
	case EVENT_TYPE_TIME:
		*type = "valueInstant";
		timestamp_format(value->time_ns, time);
		return json_string(time);
	case EVENT_TYPE_ENUM:
		*type = "valueCode";
		return json_string(event_field_word(field, value->number));
	case EVENT_TYPE_BOOL:
		*type = "valueBoolean";
		return json_boolean(value->number != 0);
	case EVENT_TYPE_COUNT:
		*type = "valueDecimal";
		return json_integer((json_int_t)value->number);
	default:
		*type = "valueString";
		return terms_text(value->text);
	}
}

static bool add_field(struct making *making, const struct event_field *field)
{
	const struct event *event = making->from->event;
	const char *type;
	json_t *value;
	if (field->type != EVENT_TYPE_LIST) {
		value = value_of(event, field, &type);
		return terms_add(making->out, "extension", terms_extension(field->path, type, value));
	}
	const struct event_list *list = &event->lists[event->values[field->number].list];
	for (uint32_t i = 0; i < list->count; i++)
		if (!terms_add(
				making->out, "extension", terms_extension(field->path, "valueString", terms_text(list->items[i]))))
			return false;
	return true;
}

static bool add_header(struct making *making)
{
	const struct event_header *header = &making->from->event->header;
	char text[TIMESTAMP_TEXT_MAX];
	if (header->retention_years != RETENTION_YEARS_DEFAULT) {
		snprintf(text, sizeof text, "%uy", header->retention_years);
		if (!terms_add(making->out, "extension", terms_extension("retention", "valueString", json_string(text))))
			return false;
	}
	if (header->withheld_until_s == 0)
		return true;
	timestamp_format_s(header->withheld_until_s, text);
	return terms_add(making->out, "extension", terms_extension("withheld_until", "valueInstant", json_string(text))) &&
		   terms_add(making->out, "extension",
			   terms_extension(
				   "withheld_basis", "valueString", terms_text(bytes_of(header->basis, header->basis_len))));
}

static bool add_rest(struct making *making)
{
	const struct sender *sender = making->from->sender;
	json_t *by = json_pack("{s:s, s:{s:s, s:s}, s:s}", "type", "Organization", "identifier", "system",
		TERMS_ORGANISATION, "value", sender->org, "display", sender->name);
	if (!terms_add(making->out, "extension", terms_extension("reported_by", "valueReference", by)) ||
		!add_header(making))
		return false;
	for (uint64_t left = making->from->event->present & ~making->placed; left != 0; left &= left - 1)
		if (!add_field(making, event_field((uint64_t)__builtin_ctzll(left))))
			return false;
	return true;
}

enum error audit_event_json(const struct audit_event *from, json_t **out)
{
	json_auto_t *event = json_pack("{s:s}", "resourceType", "AuditEvent");
	struct making making = {.from = from, .out = event};
	uint64_t action = number_of(&making, EVENT_ACTION);
	if (action >= sizeof shapes / sizeof shapes[0])
		return E_CORRUPT;
	making.shape = &shapes[action];
	if (event == NULL || !add_event(&making) || !add_user(&making) || !add_client(&making) || !add_server(&making) ||
		!add_organisation(&making) || !add_principal(&making) || !add_person(&making) || !add_objects(&making) ||
		!add_consent(&making) || !add_rest(&making))
		return E_NO_MEMORY;
	*out = json_incref(event);
	return E_OK;
}
