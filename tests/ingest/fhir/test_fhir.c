/* Who a FHIR AuditEvent is about, what it says, and what is refused by name. spec/adapters.md */
#include "ingest/message/adapter.h"
#include "ledger/event/event_schema.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <string.h>

static struct policy policy;
static struct adapter_events events;
static struct fault fault;

static enum error map(const char *message)
{
	static const struct source nothing;
	struct adapter_context context = {"cvr:55133018", "Aarhus Kommune", &policy, &nothing, NULL};
	adapter_events_free(&events);
	policy_default(&policy);
	return adapter_map(ADAPTER_FHIR, bytes_text(message), &context, &events, &fault);
}

/* The subjects with spaces between; "-" for a mass event. */
static const char *subjects(void)
{
	static char list[2048];
	size_t len = 0;
	list[0] = '\0';
	for (size_t i = 0; i < events.count; i++) {
		const struct event *event = &events.events[i];
		struct bytes id = event_is_mass(event) ? BYTES_LITERAL("-") : event_subject(event);
		len +=
			(size_t)snprintf(list + len, sizeof list - len, "%s%.*s", i ? " " : "", (int)id.len, (const char *)id.data);
	}
	return list;
}

static const char *field(unsigned number)
{
	static char text[EVENT_TEXT_BYTES_MAX + 1];
	struct bytes value = events.events[0].values[number].text;
	snprintf(text, sizeof text, "%.*s", (int)value.len, value.len > 0 ? (const char *)value.data : "");
	return text;
}

static uint64_t number(unsigned field_number)
{
	return events.events[0].values[field_number].number;
}

/* A message that lacks nothing but what `rest` says; apostrophes stand for quotation marks. */
static const char *message(const char *rest)
{
	static char text[32768];
	snprintf(text, sizeof text,
		"{'resourceType':'AuditEvent','type':{'code':'rest'},'recorded':'2026-11-20T10:00:00Z',"
		"'source':{'observer':{'display':'EPJ'}}%s%s}",
		rest[0] != '\0' ? "," : "", rest);
	for (char *at = text; *at != '\0'; at++)
		if (*at == '\'')
			*at = '"';
	return text;
}

#define AGENT "'agent':[{'who':{'display':'Dr. Test'},'requestor':true}]"
#define ENTITY(entity) AGENT ",'entity':[" entity "]"
#define VALUE_SET "'entity':[{'what':{'reference':'ValueSet/v1'}}]"
#define CPR "'identifier':{'system':'urn:oid:1.2.208.176.1.2','value':'0101701234'}"
#define ROLE_1 "'role':{'code':'1'}"
#define REF "ref:cvr:55133018/Patient/p1"

struct case_of {
	const char *rest;
	const char *subjects; /* NULL: refused */
	const char *named;    /* in the fault */
};

static void check_all(const struct case_of *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		enum error error = map(message(cases[i].rest));
		if (cases[i].subjects != NULL) {
			ck_assert_msg(error == E_OK, "%s: %s", cases[i].rest, fault.text);
			ck_assert_msg(strcmp(subjects(), cases[i].subjects) == 0, "%s: %s", cases[i].rest, subjects());
		} else {
			ck_assert_msg(error != E_OK, "%s: %s", cases[i].rest, subjects());
			ck_assert_msg(strstr(fault.text, cases[i].named) != NULL, "%s: %s", cases[i].rest, fault.text);
		}
	}
	adapter_events_free(&events);
}

#define CHECK_ALL(cases) check_all(cases, sizeof(cases) / sizeof(cases)[0])

/* ADP-25: what is about patients by its definition, said by any code of what happened. */
START_TEST(events_about_patients)
{
#define OF(member, code) AGENT ",'" member "':[{'coding':[{'code':'" code "'}]}]"
	static const struct case_of cases[] = {
		{OF("subtype", "110102"), NULL, "110102, Begin Transferring"},
		{OF("subtype", "110103"), NULL, "110103, DICOM Instances Accessed, is about a patient, and none is named"},
		{OF("subtype", "110104"), NULL, "110104"},
		{OF("subtype", "110105"), NULL, "110105"},
		{OF("subtype", "110106"), NULL, "110106, Export, is about a patient unless"},
		{OF("subtype", "110107"), NULL, "110107"},
		{OF("subtype", "110109"), NULL, "110109"},
		{OF("subtype", "110110"), NULL, "add the patient as an entity with role 1"},
		{OF("subtype", "110111"), NULL, "110111"},
		{OF("category", "110110") ",'code':{'coding':[{'code':'read'}]}", NULL, "110110, Patient Record,"},
		{OF("category", "x") ",'code':{'coding':[{'code':'y'},{'code':'110110'}]}", NULL, "110110"},
		{OF("subtype", "110110") "," VALUE_SET, NULL, "110110"},
		{OF("subtype", "110107") "," VALUE_SET, "-", NULL},
		{OF("subtype", "110107") ",'entity':[{'role':{'code':'3'}}]", NULL, "110107"},
		{AGENT ",'subtype':[{'code':'110106'},{'code':'110110'}]," VALUE_SET, NULL, "110110"},
		{AGENT ",'subtype':[{'code':'110110'},{'code':'110106'}]," VALUE_SET, NULL, "110110"},
		{OF("subtype", "110110") ",'entity':[{'what':{" CPR "}}]", "cpr:0101701234", NULL},
		{OF("subtype", "110110") ",'entity':[{'what':{'identifier':{'value':'<none>'}}," ROLE_1 "}]", "-", NULL},
		{OF("subtype", "110112"), "-", NULL}, /* a query may be for anything */
		{OF("subtype", "110114"), "-", NULL},
	};
	CHECK_ALL(cases);
}
END_TEST

/* ADP-11: whoever is named is found, in every place that names people. */
START_TEST(people_are_found)
{
	static const struct case_of cases[] = {
		{ENTITY("{'what':{" CPR "}," ROLE_1 "}"), "cpr:0101701234", NULL},
		{ENTITY("{'what':{" CPR "}}"), "cpr:0101701234", NULL},
		{ENTITY("{'what':{'identifier':{'system':' HTTPS://FHIR.NHS.uk:443/Id/nhs-number/','value':'943'}}}"),
			"uri:https://fhir.nhs.uk/Id/nhs-number|943", NULL},
		{ENTITY("{'what':{'identifier':{'system':'URN:OID:1.2.246.21','value':'943'}}}"), "oid:1.2.246.21:943", NULL},
		{ENTITY("{'what':{" CPR "},'role':{'code':'4'},'type':{'code':'2'}}"), "cpr:0101701234", NULL},
		{ENTITY("{'what':{" CPR "},'role':{'coding':[{'code':'PAT'},{'code':'1'}]}}"), "cpr:0101701234", NULL},
		{ENTITY("{'what':{'identifier':{'system':'urn:oid:2.16.756.5.32','value':'7'}},'role':{'code':'3'}}"),
			"oid:2.16.756.5.32:7", NULL},
		{ENTITY("{'what':{'identifier':{'type':{'coding':[{'code':'NNPOL'}]},'system':'urn:oid:1.2.3','value':'7'}},"
				"'role':{'code':'3'}}"),
			"oid:1.2.3:7", NULL},
		{ENTITY("{'what':{'type':'patient','identifier':{'system':'urn:oid:1.2.3','value':'7'}},'role':{'code':'3'}}"),
			"oid:1.2.3:7", NULL},
		{ENTITY("{'what':{" CPR "},'role':{'code':'1 '}}"), "cpr:0101701234", NULL},
		{ENTITY("{'what':{'reference':'Patient/p1'}}"), REF, NULL},
		{ENTITY("{'what':{'reference':'Patient/p1/_history/3'},'type':{'code':'2'}}"), REF, NULL},
		{ENTITY("{'what':{'reference':'Patient/p1'},'role':{'code':'4'}}"), REF, NULL},
		{ENTITY("{'what':{'reference':'Patient/p1'},'type':{'code':'OperationOutcome'}}"), REF, NULL},
		{ENTITY("{'what':{'type':'Patient','identifier':{'system':'urn:oid:1.2.3','value':'7'}}}"), "oid:1.2.3:7",
			NULL},
		{ENTITY(
			 "{'what':{'type':'http://hl7.org/fhir/StructureDefinition/Patient','identifier':{'system':'urn:oid:1.2.3',"
			 "'value':'7'}}}"),
			"oid:1.2.3:7", NULL},
		{ENTITY("{'what':{'identifier':{'system':'urn:oid:1.2.3','value':'7'}},'type':{'code':'Patient'}}"),
			"oid:1.2.3:7", NULL},
		{ENTITY("{'what':{'identifier':{'system':'urn:oid:1.2.3','value':'7'}},'type':{'code':'1'}}"), "oid:1.2.3:7",
			NULL},
		{ENTITY("{'what':{'identifier':{'type':{'coding':[{'code':'MR'}]},'system':'urn:oid:1.2.3','value':'7'}}}"),
			"oid:1.2.3:7", NULL},
		{ENTITY("{'reference':{'reference':'Patient/p1'},'type':{'code':'1'}}"), REF, NULL},
		{ENTITY("{'reference':{'reference':'Patient/p1'}}"), REF, NULL},
		{ENTITY("{" CPR ",'role':{'code':'1'}}"), "cpr:0101701234", NULL},
		{AGENT ",'patient':{'reference':'Patient/p1'}", REF, NULL},
		{"'agent':[{'who':{'reference':'Patient/p1'},'requestor':true}]", REF, NULL},
		{"'agent':[{'who':{" CPR "},'role':[{'coding':[{'code':'PAT'}]}],'requestor':true}]", "cpr:0101701234", NULL},
		{AGENT ",'extension':[{'url':'http://hl7.org/fhir/5.0/StructureDefinition/extension-AuditEvent.patient',"
			   "'valueReference':{'reference':'#p'}}],'contained':[{'resourceType':'Patient','id':'p','identifier':["
			   "{'system':'urn:oid:1.2.208.176.1.2','value':'0101701234'}]}]",
			"cpr:0101701234", NULL},
		{ENTITY(
			 "{'what':{'reference':'#p'}," ROLE_1 "}") ",'contained':[{'resourceType':'Patient','id':'p','identifier':["
													   "{'value':'4711'},{'system':'urn:oid:1.2.3','value':'7'}]}]",
			"oid:1.2.3:7", NULL},
		{AGENT ",'contained':[{'resourceType':'Patient','identifier':[{'system':'urn:oid:1.2.3','value':'7'}]}]",
			"oid:1.2.3:7", NULL},
		{ENTITY("{'what':{'identifier':{'value':'0101701234^^^&1.2.208.176.1.2&ISO'}}," ROLE_1 "}"), "cpr:0101701234",
			NULL},
		{ENTITY("{'what':{'reference':'Patient/p1','identifier':{'value':'MRN-77'}}," ROLE_1 "}"), REF, NULL},
		{ENTITY("{'what':{'reference':'urn:uuid:1-2'," CPR "}," ROLE_1 "}"), "cpr:0101701234", NULL},
		{ENTITY("{'what':{'reference':'urn:oid:1.2.3|7'}," ROLE_1 "}"), "oid:1.2.3:7", NULL},
		{ENTITY("{'what':{'identifier':{'system':'urn:oid:1.2.3','value':'7'}},'role':{'text':'patient'}}"),
			"oid:1.2.3:7", NULL},
		{ENTITY(
			 "{'what':{'identifier':{'system':'urn:oid:1.2.3','value':'7'}},'type':{'code':'1'},'role':{'code':'4'}}"),
			"oid:1.2.3:7", NULL},
		{AGENT
			",'extension':[{'url':'https://x.example/StructureDefinition/AuditEventPatientExtension','valueReference':"
			"{'identifier':{'system':'urn:oid:1.2.3','value':'7'}}}]",
			"oid:1.2.3:7", NULL},
		{AGENT ",'extension':[{'url':'https://x.example/StructureDefinition/patient','valueIdentifier':{'system':"
			   "'urn:oid:1.2.3','value':'7'}}]",
			"oid:1.2.3:7", NULL},
	};
	CHECK_ALL(cases);
}
END_TEST

/* ADP-4, ADP-11: each of several people, and every name of one. */
START_TEST(everybody_is_found)
{
	static const struct case_of cases[] = {
		{ENTITY("{'what':{" CPR "}," ROLE_1 "},{'what':{'reference':'Patient/p1'}}"), "cpr:0101701234 " REF, NULL},
		{ENTITY("{'what':{'reference':'Patient/p1'," CPR "}," ROLE_1 "}"), "cpr:0101701234 " REF, NULL},
		{ENTITY("{'what':{'reference':'Patient/p1'}}") ",'patient':{'reference':'Patient/p1/_history/2'}", REF, NULL},
		{"'agent':[{'who':{'reference':'Patient/p2'},'requestor':true}],'entity':[{'what':{'reference':'Patient/p1'}}]",
			REF " ref:cvr:55133018/Patient/p2", NULL},
		{ENTITY(
			 "{'what':{'reference':'#p'}," ROLE_1 "}") ",'contained':[{'resourceType':'Patient','id':'p','identifier':["
													   "{'system':'urn:oid:1.2.208.176.1.2','value':'0101701234'},"
													   "{'system':'urn:oid:1.2.3','value':'7'}]}]",
			"cpr:0101701234 oid:1.2.3:7", NULL},
	};
	CHECK_ALL(cases);
}
END_TEST

/* ADP-11: one who is meant and cannot be identified, or who stands where nobody is looked for, refuses the message. */
START_TEST(people_are_not_dropped)
{
	static const struct case_of cases[] = {
		{ENTITY("{'what':{'display':'Jens'}," ROLE_1 "}"), NULL, "entity[0].what: a patient without"},
		{ENTITY("{" ROLE_1 "}"), NULL, "entity[0].what: a patient without"},
		{ENTITY("{'what':{'identifier':{'value':'7'}}," ROLE_1 "}"), NULL, "authority"},
		{ENTITY("{'what':{'reference':'RelatedPerson/7'}," ROLE_1 "}"), NULL, "a RelatedPerson where"},
		{ENTITY("{'what':{'reference':'Group/7'}," ROLE_1 "}"), NULL, "a Group where"},
		{ENTITY("{'what':{'type':'Person'}," ROLE_1 "}"), NULL, "a Person where"},
		{ENTITY("{'what':{'reference':'Observation/7'}," ROLE_1 "}"), NULL, "no Patient"},
		{ENTITY("{'what':{'reference':'#nobody'}," ROLE_1 "}"), NULL, "contained resource that is not there"},
		{ENTITY("{'what':{'reference':'urn:uuid:1-2'}," ROLE_1 "}"), NULL, "entry of a bundle"},
		{ENTITY("{'what':{'reference':'#p'}}") ",'contained':[{'resourceType':'Patient','id':'p'}]", NULL,
			"entity[0].what"},
		{AGENT ",'contained':[{'resourceType':'Patient','id':'p'}]", NULL, "contained[0]"},
		{ENTITY("{'what':{'reference':'#p'}}") ",'contained':[{'resourceType':'Device','id':'p'},{'resourceType':'"
											   "Patient',"
											   "'id':'#p','identifier':[{'system':'urn:oid:1.2.3','value':'7'}]}]",
			NULL, "one id"},
		{ENTITY("{'what':{'identifier':{'system':'urn:oid:1.2.3','value':'7^^^&1.2.3&ISO'}}," ROLE_1 "}"),
			"oid:1.2.3:7", NULL},
		{ENTITY("{'what':{'identifier':{'system':'urn:oid:1.2.4','value':'7^^^&1.2.3&ISO'}}," ROLE_1 "}"), NULL,
			"entity[0].what: subject: "},
	};
	CHECK_ALL(cases);
}
END_TEST

/* ADP-11: places that the mapping does not use. */
START_TEST(mentions_are_found)
{
	static const struct case_of cases[] = {
		{ENTITY("{'what':{'reference':'Observation/1'},'extension':[{'url':'x','valueReference':{'reference':'Patient/"
				"p1'}}]}"),
			NULL, "entity[0].extension[0].valueReference"},
		{ENTITY("{'what':{'reference':'Patient/p1'}}") ",'basedOn':[{'reference':'Patient/p1'," CPR "}]", NULL,
			"basedOn[0]"},
		{"'agent':[{'who':{'display':'x'},'extension':[{'url':'x','extension':[{'url':'y','valueReference':{'reference'"
		 ":"
		 "'Patient/p1'}}]}]}]",
			NULL, "agent[0].extension[0].extension[0].valueReference"},
		{ENTITY("{'what':{'reference':'Patient/p1'}}") ",'basedOn':[{'reference':'Patient/p2'}]", NULL, "basedOn[0]"},
		{ENTITY(
			 "{'what':{'reference':'#e'}}") ",'contained':[{'resourceType':'Encounter','id':'e','subject':{'reference':"
											"'Patient/p1'}}]",
			NULL, "contained[0].subject"},
		{ENTITY(
			 "{'what':{'reference':'Patient/p1'}}") ",'contained':[{'resourceType':'RelatedPerson','id':'r','patient':"
													"{'reference':'Patient/p2'}}]",
			NULL, "contained[0].patient"},
		{ENTITY("{'what':{'identifier':{'system':'urn:oid:1.2.3','id':'7'}}," ROLE_1 "}"), NULL, "no value"},
		{ENTITY("{'what':{'reference':'https://x.example/fhir/Patient'}}"), NULL, "entity[0]: may be a person"},
		{ENTITY("{'what':{'identifier':{'system':'urn:oid:1.2.3','value':'7'}},'type':{'code':'1'},'role':{'code':'HCP'"
				"}}"),
			NULL, "entity[0]: may be a person"},
		{ENTITY("{'type':{'code':'1'}}"), NULL, "entity[0].what: a patient without"},
		{ENTITY("{'what':{'reference':'Task/1'},'detail':[{'type':'x','valueString':'see Patient/77'}]}"), NULL,
			"entity[0].detail[0].valueString"},
		{ENTITY("{'role':{'code':'24'},'query':'R0VUIC9PYnNlcnZhdGlvbj9wYXRpZW50PTc3'}"), NULL, "entity[0].query"},
		{ENTITY("{'role':{'code':'24'},'query':'e1wicGF0aWVudFwiOlwiTkhJMTIzXCJ9'}"), NULL, "entity[0].query"},
		{ENTITY("{'role':{'code':'24'},'query':'eyJzdWJqZWN0IjogIlBhdGllbnQvNyJ9'}"), NULL, "entity[0].query"},
		{ENTITY("{'role':{'code':'24'},'query':'GET /Observation?subject:Patient=77'}"), NULL, "entity[0].query"},
		{ENTITY("{'role':{'code':'24'},'query':'L1BhdGllbnQ/aWRlbnRpZmllcj11cm46b2lkOjEuMi4zfDc3'}"), NULL,
			"entity[0].query"},
		{AGENT ",'extension':[{'url':'x','valueIdentifier':{'system':'urn:oid:1.2.208.176.1.2','value':'0101701234'}}]",
			NULL, "extension[0].valueIdentifier"},
	};
	CHECK_ALL(cases);
}
END_TEST

#define THING "{'what':{'reference':'Observation/1'}"

/* ADP-11: words that speak of a patient, in a message that would be about nobody. */
START_TEST(words_are_found)
{
	static const struct case_of cases[] = {
		{ENTITY(THING ",'detail':[{'type':'patient-id','valueString':'77'}]}"), NULL, "entity[0].detail[0]"},
		{ENTITY(THING ",'detail':[{'type':{'text':'Patient id'},'valueString':'77'}]}"), NULL, "entity[0].detail[0]"},
		{ENTITY(THING ",'detail':[{'type':'x','valueString':'77^^^&1.2.3&ISO'}]}"), NULL, "detail[0].valueString"},
		{ENTITY(THING ",'description':'https://fhir.nhs.uk/Id/nhs-number|9434765919'}"), NULL, "entity[0].description"},
		{ENTITY(THING ",'patientId':'77'}"), NULL, "entity[0].patientId"},
		{ENTITY(THING "}") ",'patientNo':77", NULL, "patientNo"},
		{ENTITY(THING "}") ",'extension':[{'url':'https://x.example/patient-id','valueString':'77'}]", NULL,
			"extension[0]: speaks"},
		{ENTITY(THING "}") ",'extension':[{'url':'https://x.example/context','extension':[{'url':'patient',"
						   "'valueIdentifier':{'system':'urn:oid:1.2.3','value':'77'}}]}]",
			NULL, "extension[0].extension[0]: speaks"},
		{ENTITY("{'what':{'reference':'#o'}}") ",'contained':[{'resourceType':'Observation','id':'o',"
											   "'subject':{'identifier':{'system':'urn:oid:1.2.3','value':'77'}}}]",
			NULL, "contained[0].subject: a patient"},
		{ENTITY("{'what':{'reference':'#o'}}") ",'contained':[{'resourceType':'Coverage','id':'o',"
											   "'beneficiary':{'display':'Jens'}}]",
			NULL, "contained[0].beneficiary: speaks"},
		{ENTITY(THING "}") ",'object':[{'identifier':{'system':'urn:oid:1.2.3','value':'77'},'role':{'code':'1'}}]",
			NULL, "object[0]: a patient"},
		{ENTITY(
			 "{'role':{'code':'24'},'query':'aWRlbnRpZmllcj11cm4lM0FvaWQlM0ExLjIuMjA4LjE3Ni4xLjIlN0MwMTAxNzAxMjM0'}"),
			NULL, "entity[0].query"},
		{"'agent':[{'who':{'display':'Jens'},'role':[{'text':'Patient'}]}]", NULL, "agent[0]: is the patient"},
		{"'agent':[{'who':{'display':'Jens'},'type':{'coding':[{'code':'PATSBJ'}]}}]", NULL,
			"agent[0]: is the patient"},
		/* The name of a member may be anybody's number, and is not told. */
		{AGENT ",'0101701234':{'reference':'Patient/p1'}", NULL, "?: a patient"},
		/* Who is at work has numbers too. */
		{"'agent':[{'who':{'display':'x'},'altId':'urn:oid:1.2.208.176.1.2|0101701234'}]", "-", NULL},
		{ENTITY("{'what':{'reference':'Patient/p1'}}") ",'patientId':'77'", REF, NULL},
	};
	CHECK_ALL(cases);
}
END_TEST

/* ADP-11: what could be a person in a message about nobody. */
START_TEST(nobody_needs_a_sign)
{
	static const struct case_of cases[] = {
		{ENTITY("{'what':{'identifier':{'system':'urn:oid:1.2.3','value':'7'}}}"), NULL, "entity[0]: may be a person"},
		{ENTITY("{'what':{'identifier':{'system':'urn:oid:1.2.3','value':'7'}},'role':{'code':'4'}}"), NULL,
			"entity[0]: may be a person"},
		{ENTITY("{'what':{'display':'Jens'}}"), NULL, "entity[0]: may be a person"},
		{ENTITY("{'name':'Jens'}"), NULL, "entity[0]: may be a person"},
		{ENTITY("{'what':{'identifier':{'system':'urn:oid:1.2.3','value':'7'}},'role':{'code':'6'}}"), NULL,
			"entity[0]: may be a person"},
		{ENTITY(
			 "{'what':{'identifier':{'system':'urn:oid:1.2.3','value':'7'}},'type':{'code':'4'},'role':{'code':'4'}}"),
			NULL, "entity[0]: may be a person"},
		{ENTITY("{'what':{'reference':'Group/1'},'role':{'code':'4'}}"), NULL, "entity[0]: may be a person"},
		{ENTITY("{'what':{'reference':'Citizen/1'},'role':{'code':'4'}}"), NULL, "entity[0]: may be a person"},
		{ENTITY("{'what':{'identifier':{'system':'urn:oid:1.2.3','value':'7'}},'role':{'code':'9'}}"), NULL,
			"entity[0]: may be a person"},
		{ENTITY(
			 "{'what':{'identifier':{'system':'urn:oid:1.2.3','value':'7'}},'type':{'code':'1'},'role':{'code':'3'}}"),
			NULL, "entity[0]: may be a person"},
		{"'agent':[{'who':{'display':'Jens'},'role':[{'coding':[{'code':'PAT'}]}]}]", NULL, "agent[0]: is the patient"},
	};
	CHECK_ALL(cases);
}
END_TEST

/* ADP-11: nobody by a positive sign; and what is unclear does not cost a message that names its subject. */
START_TEST(nobody_and_objects)
{
	static const struct case_of cases[] = {
		{AGENT, "-", NULL},
		{ENTITY("{'what':{'reference':'Observation/1'}}"), "-", NULL},
		{ENTITY("{'what':{'reference':'Practitioner/1'},'role':{'code':'6'}}"), "-", NULL},
		{ENTITY("{'what':{'reference':'https://x.example/fhir/Device/1'}}"), "-", NULL},
		{ENTITY("{'what':{'reference':'https://x.example/fhir/CarePlan'}}"), "-", NULL},
		{ENTITY("{'what':{'reference':'Observation/AB/_history/1'}}"), "-", NULL},
		{AGENT ",'extension':[{'url':'https://x.example/patient-consent','valueReference':{'reference':'Consent/1'}}]",
			"-", NULL},
		{ENTITY("{'what':{'identifier':{'value':'4a8d'}},'type':{'code':'XrequestId'}}"), "-", NULL},
		{ENTITY("{'what':{'identifier':{'system':'urn:oid:1.2.3','value':'7'}},'role':{'code':'3'}}"), "-", NULL},
		{ENTITY("{'what':{'identifier':{'type':{'coding':[{'code':'SNO'}]},'value':'AB'}},'role':{'code':'4'}}"), "-",
			NULL},
		{ENTITY("{'what':{'identifier':{'system':'urn:oid:1.2.3','value':'7'}},'type':{'code':'4'}}"), "-", NULL},
		{ENTITY("{'type':{'code':'2'},'description':'GET /fhir/Observation?code=1'}"), "-", NULL},
		{ENTITY("{'role':{'code':'24'},'query':'R0VUIC9QYXRpZW50P2ZhbWlseT1o'}"), "-", NULL},
		{ENTITY("{'role':{'code':'24'},'query':'GET /Observation?subject=Group/7'}"), "-", NULL},
		{ENTITY("{'what':{'identifier':{'value':'<none>'}}," ROLE_1 "}"), "-", NULL},
		{ENTITY("{'what':{'reference':'#o'}}") ",'contained':[{'resourceType':'OperationOutcome','id':'o'}]", "-",
			NULL},
		{"'agent':[{'who':{'identifier':{'system':'urn:oid:1.2.208.176.1.2','value':'0101701234'}},'requestor':true}]",
			"-", NULL}, /* a number of who works there */
		{ENTITY("{'what':{'reference':'Patient/p1'}},{'what':{'identifier':{'value':'7'}}},{'name':'x'}"), REF, NULL},
		{ENTITY("{'what':{'reference':'Patient/p1'}},{'what':{'reference':'Group/1'}}"), REF, NULL},
		{ENTITY("{'what':{'reference':'Patient/p1'," CPR "}}") ",'basedOn':[{'reference':'Patient/p1'}]",
			"cpr:0101701234 " REF, NULL},
		{ENTITY("{'what':{'reference':'Patient/"
				"p1'}},{'role':{'code':'24'},'query':'R0VUIC9PYnNlcnZhdGlvbj9wYXRpZW50PTc3'}"),
			REF, NULL},
		{ENTITY("{'what':{'reference':'Patient/p1'}},{'what':{'reference':'#e'}}") ",'contained':[{'resourceType':"
																				   "'Encounter','id':'e','subject':{"
																				   "'reference':'Patient/p1'}}]",
			REF, NULL},
	};
	CHECK_ALL(cases);
	ck_ok(map(message(ENTITY("{'what':{'reference':'Observation/1'}}"))));
	ck_assert_uint_eq(number(EVENT_SUBJECTS), 0);
	adapter_events_free(&events);
}
END_TEST

/* ADP-12: a member of the wrong type is not absent. */
START_TEST(types_are_checked)
{
	static const struct case_of cases[] = {
		{AGENT ",'outcome':8", NULL, "outcome: must be a string or an object"},
		{AGENT ",'outcome':null", NULL, "outcome: must be"},
		{AGENT ",'outcome':{'code':8}", NULL, "outcome.code: must be"},
		{AGENT ",'action':{}", NULL, "action: must be a string"},
		{AGENT ",'purposeOfEvent':{'coding':[{'code':'BTG'}]}", NULL, "purposeOfEvent: must be an array of objects"},
		{AGENT ",'purposeOfEvent':['BTG']", NULL, "purposeOfEvent: must be an array of objects"},
		{AGENT ",'source':[]", NULL, "valid JSON"}, /* twice */
		{AGENT ",'entity':{'what':{" CPR "}}", NULL, "entity: must be an array of objects"},
		{ENTITY("{'what':{" CPR "},'role':{'code':1}}"), NULL, "entity[0].role.code: must be a string"},
		{ENTITY("{'what':{" CPR "},'role':'1'}"), NULL, "entity[0].role: must be an object"},
		{ENTITY("{'what':[{" CPR "}]}"), NULL, "entity[0].what: must be an object"},
		{ENTITY("{'what':{'identifier':[{'value':'7'}]}}"), NULL, "entity[0].what.identifier: must be an object"},
		{ENTITY("{'what':{'identifier':{'system':'urn:oid:1.2.208.176.1.2','value':101701234}}}"), NULL,
			"entity[0].what.identifier.value: must be a string"},
		{ENTITY("{'what':{'reference':{'reference':'Patient/p1'}}}"), NULL,
			"entity[0].what.reference: must be a string"},
		{ENTITY("{'what':{'reference':['Patient/p1']}}"), NULL, "entity[0].what.reference: must be a string"},
		{"'agent':{'requestor':true}", NULL, "agent: must be an array of objects"},
		{"'agent':[{'requestor':'true'}]", NULL, "agent[0].requestor: must be true or false"},
		{"'agent':[{'role':{'code':'x'}}]", NULL, "agent[0].role: must be an array of objects"},
		{"'agent':[{'purposeOfUse':{}}]", NULL, "agent[0].purposeOfUse: must be an array of objects"},
		{"'agent':[{'type':{'coding':{'code':'110153'}}}]", NULL, "agent[0].type.coding: must be an array of objects"},
		{AGENT ",'patient':[{'reference':'Patient/p1'}]", NULL, "patient: must be an object"},
		{AGENT ",'extension':{'valueReference':{'reference':'Patient/p1'}}", NULL,
			"extension: must be an array of objects"},
		{AGENT ",'contained':{'resourceType':'Patient'}", NULL, "contained: must be an array of objects"},
		{AGENT ",'subtype':{'code':'read'}", NULL, "subtype: must be an array of objects"},
		{AGENT ",'action':''", NULL, "action: must be one of"},
		{AGENT ",'Entity':[{'what':{'reference':'Observation/1'}}]", NULL, "entity: is there in other letter case"},
		{ENTITY("{'what':{'identifier':{'SYSTEM':'x','value':'7'}}}"), NULL,
			"entity[0].what.identifier.system: is there"},
		{AGENT ",'modifierExtension':[{'url':'x','valueBoolean':true}]", NULL, "modifierExtension"},
		{ENTITY("{'what':{'reference':'Patient/p1'},'modifierExtension':[]}"), NULL, "modifierExtension"},
		{AGENT ",'extension':[{'url':'x','valueInteger':7}],'whatever':{'is':['not','known']}", "-", NULL},
	};
	CHECK_ALL(cases);
	ck_error(map(" <AuditEvent xmlns=\"http://hl7.org/fhir\"/>"), E_BAD_JSON);
	ck_assert_ptr_nonnull(strstr(fault.text, "XML"));
	static char deep[4096];
	size_t len = (size_t)snprintf(deep, sizeof deep, AGENT ",'x':");
	for (int i = 0; i < 70; i++)
		len += (size_t)snprintf(deep + len, sizeof deep - len, "[");
	for (int i = 0; i < 70; i++)
		len += (size_t)snprintf(deep + len, sizeof deep - len, "]");
	ck_error(map(message(deep)), E_BAD_JSON);
	ck_assert_ptr_nonnull(strstr(fault.text, "nested"));
	adapter_events_free(&events);
}
END_TEST

/* ADP-8 */
START_TEST(who_acted_is_told)
{
	static const struct {
		const char *rest;
		const char *name;
		uint64_t kind;
	} cases[] = {
		{"'agent':[{'type':{'coding':[{'code':'110153'}]},'who':{'display':'app'},'requestor':true},{'who':{'display':"
		 "'u1'},'requestor':true}]",
			"u1", ACTOR_HUMAN},
		{"'agent':[{'who':{'display':'gate'}},{'type':{'coding':[{'code':'humanuser'}]},'who':{'display':'u1'}}]", "u1",
			ACTOR_HUMAN},
		{"'agent':[{'who':{'display':'dev','reference':'https://x.example/fhir/Device/1'},'requestor':true}]", "dev",
			ACTOR_SYSTEM},
		{"'agent':[{'who':{'display':'org','reference':'Organization/1'},'requestor':true}]", "org", ACTOR_SYSTEM},
		{"'agent':[{'who':{'display':'dev','type':'Device'},'requestor':true}]", "dev", ACTOR_SYSTEM},
		{"'agent':[{'who':{'display':'bot','reference':'Bot/1'},'requestor':true}]", "bot", ACTOR_SYSTEM},
		{"'agent':[{'who':{'display':'dev','type':'110153'},'requestor':true}]", "dev", ACTOR_SYSTEM},
		{"'agent':[{'who':{'reference':'#d'},'requestor':true}],'contained':[{'resourceType':'Device','id':'d',"
		 "'deviceName':[{'name':'scanner'}]}]",
			"scanner", ACTOR_SYSTEM},
		{"'agent':[{'who':{'reference':'#r'},'requestor':true}],'contained':[{'resourceType':'PractitionerRole','id':'"
		 "r',"
		 "'practitioner':{'reference':'#p'}},{'resourceType':'Practitioner','id':'p','name':[{'text':'Rita Lin'}]}]",
			"Rita Lin", ACTOR_HUMAN},
		{"'agent':[{'role':[{'coding':[{'code':'DELEGATOR'}]}],'who':{'display':'Dr. Holm'},'requestor':true},{'who':{"
		 "'display':'u1'},'requestor':true}]",
			"u1", ACTOR_HUMAN},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		ck_assert_msg(map(message(cases[i].rest)) == E_OK, "%s: %s", cases[i].rest, fault.text);
		ck_assert_str_eq(field(EVENT_ACTOR_NAME), cases[i].name);
		ck_assert_msg(number(EVENT_ACTOR_KIND) == cases[i].kind, "%s", cases[i].rest);
	}
	ck_assert_str_eq(field(EVENT_ON_BEHALF_OF_NAME), "Dr. Holm");
	ck_ok(map(message("'agent':[{'role':[{'coding':[{'system':'urn:oid:2.16.756.5.30.1.127.3.10.6','code':'HCP'}]}],"
					  "'name':'Dr. A','requestor':false},{'role':[{'coding':[{'system':"
					  "'urn:oid:2.16.756.5.30.1.127.3.10.6','code':'ASS'}]}],'name':'R. F.','requestor':true}]")));
	ck_assert_str_eq(field(EVENT_ACTOR_NAME), "R. F.");
	ck_assert_str_eq(field(EVENT_ON_BEHALF_OF_NAME), "Dr. A");
	/* Contained resources are told by what they say, not by their mark. */
	ck_ok(
		map(message("'agent':[{'who':{'reference':'#d'},'requestor':true}],'entity':[{'what':{'reference':'#o'}}],"
					"'contained':[{'resourceType':'Device','id':'d'},{'resourceType':'OperationOutcome','id':'o'}]")));
	ck_assert_uint_eq(number(EVENT_ACTOR_KIND), ACTOR_SYSTEM);
	ck_assert_str_eq(field(EVENT_ACTOR_ID), "");
	ck_assert(bytes_equal(events.events[0].lists[0].items[0], BYTES_LITERAL("OperationOutcome")));
	/* The observer is a patient. */
	ck_error(map("{\"resourceType\":\"AuditEvent\",\"recorded\":\"2026-11-20T10:00:00Z\",\"agent\":[{}],\"source\":{"
				 "\"observer\":{\"reference\":\"Patient/p1\"}}}"),
		E_BAD_SUBJECT);
	ck_assert_ptr_nonnull(strstr(fault.text, "source.observer"));
	adapter_events_free(&events);
}
END_TEST

/* ADP-10 */
START_TEST(outcomes_are_read_by_code)
{
	static const struct {
		const char *rest;
		uint64_t outcome;
	} cases[] = {
		{AGENT, OUTCOME_OK},
		{AGENT ",'outcome':'0'", OUTCOME_OK},
		{AGENT ",'outcome':'4'", OUTCOME_FAILED},
		{AGENT ",'outcome':'4','outcomeDesc':'HTTP 403 Forbidden'", OUTCOME_DENIED},
		{AGENT ",'outcome':'4','outcomeDesc':'took 4031 ms'", OUTCOME_FAILED},
		{AGENT ",'outcome':'8','outcomeDesc':'AccessDenied'", OUTCOME_DENIED},
		{AGENT ",'outcome':'8','outcomeDesc':'Adgang nægtet'", OUTCOME_DENIED},
		{AGENT ",'outcome':'8','outcomeDesc':'read undenied'", OUTCOME_FAILED},
		{AGENT ",'outcome':'8'", OUTCOME_FAILED},
		{AGENT ",'outcome':'8','subtype':[{'code':'read'},{'code':'AuthZ-Consent'}]", OUTCOME_DENIED},
		{AGENT ",'outcome':'12'", OUTCOME_FAILED},
		{AGENT ",'outcome':{'code':{'code':'success'}}", OUTCOME_OK},
		{AGENT ",'outcome':{'code':{'code':'warning'}}", OUTCOME_OK},
		{AGENT ",'outcome':{'code':{'code':'information'}}", OUTCOME_OK},
		{AGENT ",'outcome':{'code':{'code':'error'}}", OUTCOME_FAILED},
		{AGENT ",'outcome':{'code':{'code':'fatal'}}", OUTCOME_FAILED},
		{AGENT ",'outcome':{'code':{'code':'error'},'detail':[{'coding':[{'code':'forbidden'}]}]}", OUTCOME_DENIED},
		{AGENT ",'outcome':{'code':{'code':'error'},'detail':[{'text':'Consent denied'}]}", OUTCOME_DENIED},
		{AGENT ",'outcome':{'code':{'code':'4'}}", OUTCOME_FAILED},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		ck_assert_msg(map(message(cases[i].rest)) == E_OK, "%s: %s", cases[i].rest, fault.text);
		ck_assert_msg(number(EVENT_OUTCOME) == cases[i].outcome, "%s", cases[i].rest);
	}
	ck_error(map(message(AGENT ",'outcome':'9'")), E_BAD_VALUE);
	ck_error(map(message(AGENT ",'outcome':{'code':{'code':'refused'}}")), E_BAD_VALUE);
	ck_error(map(message(AGENT ",'outcome':{}")), E_BAD_VALUE);
	ck_error(map(message(AGENT ",'outcome':''")), E_BAD_VALUE);
	adapter_events_free(&events);
}
END_TEST

/* ADP-13: what a message says beside who and whose. */
START_TEST(meaning_is_kept)
{
	ck_ok(map(message(
		ENTITY("{'what':{'reference':'Patient/p1'}},{'what':{'reference':'Consent/c1'},'role':{'code':'4'}}"))));
	ck_assert_str_eq(field(EVENT_CONSENT), "Consent/c1");
	ck_ok(map(message(ENTITY("{'what':{'identifier':{'value':'urn:uuid:a4'}},'type':{'code':'Consent'}}"))));
	ck_assert_str_eq(field(EVENT_CONSENT), "urn:uuid:a4");
	ck_ok(map(
		message(AGENT ",'subtype':[{'code':'read','display':'Read'},{'code':'vread'},{'code':'vread'}],'action':'R'")));
	ck_assert_str_eq(field(EVENT_ACTIVITY), "Read, vread");
	ck_assert_uint_eq(number(EVENT_ACTION), ACTION_READ);
	ck_ok(map(message(AGENT ",'subtype':[{'code':'read'},{'code':'search-type'}],'action':'E'")));
	ck_assert_uint_eq(number(EVENT_ACTION), ACTION_SEARCH);
	ck_ok(map(message(AGENT ",'code':{'coding':[{'code':'110112'}]},'action':'E'")));
	ck_assert_uint_eq(number(EVENT_ACTION), ACTION_SEARCH);
	ck_ok(
		map(message("'agent':[{'who':{'display':'u1'},'requestor':true},{'type':{'coding':[{'code':'110152'}]},'who':{"
					"'display':'Court'}}],'subtype':[{'code':'disclose'}],'action':'R'")));
	ck_assert_uint_eq(number(EVENT_ACTION), ACTION_DISCLOSE);
	ck_assert_str_eq(field(EVENT_RECIPIENT), "Court");
	ck_ok(
		map(message("'agent':[{'who':{'display':'u1'},'requestor':true},{'type':{'coding':[{'code':'110154'}]},'name':"
					"'DVD'}],'category':[{'coding':[{'code':'110106'}]}],'code':{'text':'x'}," VALUE_SET)));
	ck_assert_uint_eq(number(EVENT_ACTION), ACTION_EXPORT);
	ck_assert_str_eq(field(EVENT_RECIPIENT), "DVD");
	/* "Export" as the type of everything. */
	ck_ok(
		map(message(AGENT ",'category':[{'coding':[{'code':'110106'}]}],'code':{'text':'Document retrieval'},'action':"
						  "'R'," VALUE_SET)));
	ck_assert_uint_eq(number(EVENT_ACTION), ACTION_READ);
	ck_ok(map(message(AGENT ",'category':[{'coding':[{'code':'110106'}]}],'code':{},'action':'R'," VALUE_SET)));
	ck_assert_uint_eq(number(EVENT_ACTION), ACTION_EXPORT);
	ck_ok(
		map(message(AGENT ",'purposeOfEvent':[{'coding':[{'code':'X'},{'code':'BTG','display':'break the glass'}]}]")));
	ck_assert_str_eq(field(EVENT_PURPOSE), "break the glass");
	ck_assert_uint_eq(number(EVENT_EMERGENCY), 1);
	ck_ok(map(message(AGENT ",'code':{'coding':[{'code':'110127'}]}")));
	ck_assert_uint_eq(number(EVENT_EMERGENCY), 1);
	adapter_events_free(&events);
}
END_TEST

/* ADP-13: when it happened, if that is said, and until when. */
/* ADP-13: of many subtypes each word is told once, however many stand before it. */
START_TEST(words_are_told_once)
{
	char rest[8192] = AGENT ",'subtype':[";
	for (size_t i = 0; i < 100; i++)
		strcat(rest, "{'code':'read'},");
	strcat(rest, "{'display':'Opslag'},{'display':'Opslag'}]");
	ck_ok(map(message(rest)));
	ck_assert_str_eq(field(EVENT_ACTIVITY), "read, Opslag");
	adapter_events_free(&events);
}
END_TEST

/* FHIR's interactions say what was done where the message has no action. */
START_TEST(interactions_say_what_was_done)
{
	static const struct {
		const char *rest;
		uint64_t action;
	} cases[] = {
		{AGENT ",'subtype':[{'code':'vread'}]", ACTION_READ},
		{AGENT ",'code':{'coding':[{'code':'read'}]}", ACTION_READ},
		{AGENT ",'subtype':[{'code':'history-instance'}]", ACTION_READ},
		{AGENT ",'subtype':[{'code':'create'}]", ACTION_CREATE},
		{AGENT ",'subtype':[{'code':'patch'}]", ACTION_UPDATE},
		{AGENT ",'subtype':[{'code':'delete'}]", ACTION_DELETE},
		{AGENT ",'subtype':[{'code':'operation'}]", ACTION_EXECUTE},
		{AGENT ",'subtype':[{'code':'create'}],'action':'E'", ACTION_EXECUTE},
		{AGENT ",'subtype':[{'code':'create'}],'action':'U'", ACTION_UPDATE},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		ck_assert_msg(map(message(cases[i].rest)) == E_OK, "%s: %s", cases[i].rest, fault.text);
		ck_assert_msg(number(EVENT_ACTION) == cases[i].action, "%s", cases[i].rest);
	}
	adapter_events_free(&events);
}
END_TEST

START_TEST(times_are_read_exactly)
{
	ck_ok(map(message(AGENT ",'period':{'start':'2026-11-20T08:00:00Z','end':'2026-11-20T09:00:00Z'}")));
	ck_assert_int_eq(events.events[0].values[EVENT_END_TIME].time_ns - events.events[0].values[EVENT_TIME].time_ns,
		3600 * 1000000000ll);
	ck_ok(map(message(AGENT ",'occurredDateTime':'2026-11-20T08:00:00Z'")));
	int64_t occurred_ns = events.events[0].values[EVENT_TIME].time_ns;
	ck_ok(map(message(AGENT ",'occurredDateTime':'2026-11-20'")));
	ck_assert_int_eq(events.events[0].values[EVENT_TIME].time_ns - occurred_ns, 2 * 3600 * 1000000000ll);
	ck_ok(map(message(AGENT ",'period':{'start':'2026-11','end':'2026-11-20T09:00:00Z'}")));
	ck_assert_int_eq(events.events[0].values[EVENT_TIME].time_ns - occurred_ns, 2 * 3600 * 1000000000ll);
	ck_error(map("{\"resourceType\":\"AuditEvent\",\"agent\":[{}],\"occurredDateTime\":\"2026-11-20T08:00:00Z\"}"),
		E_MISSING_FIELD);
	adapter_events_free(&events);
}
END_TEST

#define OURS "https://indsigt.example/fhir/"
#define SAID(name, type, value) "{'url':'" OURS "StructureDefinition/" name "','" type "':'" value "'}"

/* ADP-29 */
START_TEST(what_is_ours_is_read)
{
	ck_ok(map(message(
		AGENT ",'action':'R','subtype':[{'code':'read','display':'read'},{'system':'" OURS
			  "CodeSystem/activity','code':'activity','display':'Opslag'}],'extension':[" SAID("legal-basis",
				  "valueString", "SDL § 3") "," SAID("categories", "valueString", "a") "," SAID("categories",
				  "valueString", "b") "," SAID("ai-sources", "valueString", "c") "," SAID("action", "valueCode",
				  "print") "," SAID("actor-kind", "valueCode", "ai") "," SAID("org-id", "valueString", "cvr:1") "]")));
	const struct event *event = &events.events[0];
	ck_assert_str_eq(field(EVENT_ACTIVITY), "Opslag");
	ck_assert_str_eq(field(EVENT_LEGAL_BASIS), "SDL § 3");
	ck_assert_str_eq(field(EVENT_ORG_ID), "cvr:55133018");
	ck_assert_uint_eq(number(EVENT_ACTION), ACTION_PRINT);
	ck_assert_uint_eq(number(EVENT_ACTOR_KIND), ACTOR_AI);
	ck_assert_uint_eq(event->lists[event->values[EVENT_CATEGORIES].list].count, 2);
	ck_assert_uint_eq(event->lists[event->values[EVENT_AI_SOURCES].list].count, 1);
	ck_ok(map(message(AGENT ",'action':'D','extension':[" SAID("action", "valueCode", "print") "]")));
	ck_assert_uint_eq(number(EVENT_ACTION), ACTION_DELETE);
	static const char *const wrong[] = {SAID("legal-basis", "valueCode", "x"), SAID("legal-basis", "valueString", " "),
		SAID("action", "valueCode", "leak"), SAID("reason", "valueString", "a") "," SAID("reason", "valueString", "b")};
	char rest[2048];
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		snprintf(rest, sizeof rest, AGENT ",'extension':[%s]", wrong[i]);
		ck_error(map(message(rest)), E_BAD_VALUE);
		ck_assert_msg(strncmp(fault.text, "extension: ", strlen("extension: ")) == 0, "%s", fault.text);
	}
	size_t len = (size_t)snprintf(rest, sizeof rest, AGENT ",'extension':[");
	char many[16384];
	len = (size_t)snprintf(many, sizeof many, "%s", rest);
	for (int i = 0; i < 65; i++)
		len += (size_t)snprintf(
			many + len, sizeof many - len, "%s%s", i ? "," : "", SAID("categories", "valueString", "a"));
	snprintf(many + len, sizeof many - len, "]");
	ck_error(map(message(many)), E_TOO_LONG);
	adapter_events_free(&events);
}
END_TEST

UNIT_MAIN("fhir", what_is_ours_is_read, events_about_patients, people_are_found, everybody_is_found,
	people_are_not_dropped, mentions_are_found, words_are_found, nobody_needs_a_sign, nobody_and_objects,
	types_are_checked, who_acted_is_told, outcomes_are_read_by_code, meaning_is_kept, interactions_say_what_was_done,
	words_are_told_once, times_are_read_exactly)
