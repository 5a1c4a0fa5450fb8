#!/usr/bin/env python3
"""Makes the vectors of spec/adapters.md: a message, and the event and the people that it becomes, written down by hand from the page."""

from kit import merged, write

CPR = {"system": "urn:oid:1.2.208.176.1.2", "value": "0101701234"}
MRN = {"system": "urn:oid:1.2.3", "value": "7"}
PATIENT = "cpr:0101701234"
REF = "ref:cvr:55133018/Patient/p1"
BASE = {"resourceType": "AuditEvent", "type": {"code": "rest"}, "action": "R", "recorded": "2026-11-20T10:00:00Z",
        "outcome": "0", "agent": [{"who": {"display": "Dr. Test"}, "requestor": True}], "source": {"observer": {"display": "EPJ"}}}
EVENT = {"time": "2026-11-20T10:00:00Z", "action": "read", "outcome": "ok", "system": "EPJ", "activity": "rest",
         "purpose": "unspecified", "actor": {"kind": "human", "name": "Dr. Test", "role": "unspecified"},
         "source": {"format": "fhir-r4"}}
R5 = {"type": None, "category": [{"coding": [{"code": "rest"}]}], "code": {"coding": [{"code": "read", "display": "read"}]},
      "outcome": {"code": {"code": "success"}}}
R5_EVENT = {"activity": "read", "source": {"format": "fhir-r5"}}
R6 = {"type": {"coding": [{"code": "rest"}]}, "subtype": [{"coding": [{"code": "read", "display": "read"}]}],
      "outcome": {"code": {"code": "success"}}}
R6_EVENT = {"activity": "read", "source": {"format": "fhir-r6"}}
NOBODY = "-"


def ok(name, about, subjects, event=None, **members):
    """`event`: what differs from EVENT. `members`: what differs from BASE."""
    write("adapters", name, {"about": about, "format": "fhir", "message": merged(BASE, members),
                             "subjects": [] if subjects == NOBODY else subjects.split(" "), "event": merged(EVENT, event or {}),
                             "expect": "ok"})


def no(name, about, error, place, **members):
    """`place`: what the reason names."""
    write("adapters", name, {"about": about, "format": "fhir", "message": merged(BASE, members), "place": place, "expect": error})


def entity(**members):
    return {"entity": [members]}


def contained(*resources):
    return [dict(resource, resourceType=kind) for kind, resource in resources]


def people():
    ok("people-role", "an entity in the role of the patient", PATIENT, **entity(what={"identifier": CPR}, role={"code": "1"}))
    ok("people-no-role", "a number that only people have needs no role", PATIENT, **entity(what={"identifier": CPR}))
    ok("people-role-second", "the role is in the second coding", "oid:1.2.3:7",
       **entity(what={"identifier": MRN}, role={"coding": [{"code": "x"}, {"code": "1"}]}))
    ok("people-role-space", "white space around a code", "oid:1.2.3:7", **entity(what={"identifier": MRN}, role={"code": "1 "}))
    ok("people-reference", "a reference to a Patient, whatever the role", REF,
       **entity(what={"reference": "Patient/p1/_history/3"}, role={"code": "4"}, type={"code": "2"}))
    ok("people-what-type", "the type of the reference", "oid:1.2.3:7", **entity(what={"type": "Patient", "identifier": MRN}))
    ok("people-type", "the type of the entity", "oid:1.2.3:7", **entity(what={"identifier": MRN}, type={"code": "Patient"}))
    ok("people-type-1", "a person, and no role that says otherwise", "oid:1.2.3:7", **entity(what={"identifier": MRN}, type={"code": "1"}))
    ok("people-number-kind", "a kind of number that patients have", "oid:1.2.3:7",
       **entity(what={"identifier": merged(MRN, {"type": {"coding": [{"code": "MR"}]}})}))
    ok("people-word", "the word", "oid:1.2.3:7", **entity(what={"identifier": MRN}, role={"text": "Patient"}))
    ok("people-stu3", "STU3 calls it reference", REF, **entity(reference={"reference": "Patient/p1"}))
    ok("people-r5-patient", "R5 has a member for the patient", REF, R5_EVENT, patient={"reference": "Patient/p1"}, **R5)
    ok("people-extension", "R4 has an extension for it, here to a contained Patient", PATIENT,
       extension=[{"url": "http://hl7.org/fhir/5.0/StructureDefinition/extension-AuditEvent.patient", "valueReference": {"reference": "#p"}}],
       contained=contained(("Patient", {"id": "p", "identifier": [CPR]})))
    ok("people-extension-national", "the address says patient, the value only a number", "oid:1.2.3:7",
       extension=[{"url": "https://x.example/StructureDefinition/AuditEventPatientExtension", "valueReference": {"identifier": MRN}}])
    ok("people-extension-number", "the address says patient, the value is a number", "oid:1.2.3:7",
       extension=[{"url": "https://x.example/patient", "valueIdentifier": MRN}])
    ok("people-agent", "an agent who is a Patient", REF, {"actor": {"kind": "human", "id": "Patient/p1", "role": "unspecified"}},
       agent=[{"who": {"reference": "Patient/p1"}, "requestor": True}])
    ok("people-agent-role", "an agent in the role of the patient", PATIENT,
       {"actor": {"kind": "human", "id": "urn:oid:1.2.208.176.1.2|0101701234", "role": "PAT"}},
       agent=[{"who": {"identifier": CPR}, "role": [{"coding": [{"code": "PAT"}]}], "requestor": True}])
    ok("people-entity-agent", "R5: an agent of an entity in the role of the patient", PATIENT, dict(R5_EVENT, objects=["Observation/1"]),
       **dict(R5, **entity(what={"reference": "Observation/1"}, agent=[{"who": {"identifier": CPR}, "role": [{"coding": [{"code": "PAT"}]}]}])))
    for name, words in (("definite", "Patienten"), ("self", "Patient (selv)"), ("citizen", "Borger")):
        ok("people-agent-" + name, "an agent whose role has the words of the patient", PATIENT,
           {"actor": {"kind": "human", "id": "urn:oid:1.2.208.176.1.2|0101701234", "role": words}},
           agent=[{"who": {"identifier": CPR}, "role": [{"text": words}], "requestor": True}])
    ok("people-contained-same", "the subject's own number in a contained resource", "oid:1.2.3:7",
       contained=contained(("Observation", {"id": "o", "subject": {"identifier": MRN}})),
       entity=[{"what": {"identifier": MRN}, "role": {"code": "1"}}, {"what": {"reference": "#o"}}], event={"objects": ["Observation"]})
    ok("people-contained", "a contained Patient that nothing points to", "oid:1.2.3:7",
       contained=contained(("Patient", {"identifier": [MRN]})))
    ok("people-cx", "a CX as value", PATIENT,
       **entity(what={"identifier": {"value": "0101701234^^^&1.2.208.176.1.2&ISO"}}, role={"code": "1"}))
    ok("people-names", "every name of one person", PATIENT + " " + REF,
       **entity(what={"reference": "Patient/p1", "identifier": CPR}, role={"code": "1"}))
    ok("people-contained-names", "every number of a contained Patient that has a system", PATIENT + " oid:1.2.3:7",
       contained=contained(("Patient", {"id": "p", "identifier": [CPR, MRN]})), **entity(what={"reference": "#p"}, role={"code": "1"}))
    ok("people-bare-number", "a number without a system beside a reference", REF, {"objects": ["MRN-77"]},
       **entity(what={"reference": "Patient/p1", "identifier": {"value": "MRN-77"}}, role={"code": "1"}))
    ok("people-bare-number-two", "a number of one of two people is not told to the other", REF + " ref:cvr:55133018/Patient/p2",
       entity=[{"what": {"reference": "Patient/p1", "identifier": {"value": "MRN-77"}}}, {"what": {"reference": "Patient/p2"}}])
    ok("people-two", "two patients", PATIENT + " " + REF,
       entity=[{"what": {"identifier": CPR}, "role": {"code": "1"}}, {"what": {"reference": "Patient/p1"}}])


def refused_people():
    bad = "bad-subject"
    no("lost-display", "a patient of whom only the name is said", bad, "entity[0].what", **entity(what={"display": "Jens"}, role={"code": "1"}))
    no("lost-nothing", "a patient of whom nothing is said", bad, "entity[0].what", **entity(role={"code": "1"}))
    no("lost-system", "a number without a system", bad, "entity[0].what", **entity(what={"identifier": {"value": "7"}}, role={"code": "1"}))
    no("lost-system-word", "of a number without a system the refusal says which word of the registration would help", bad, "authority=SYSTEM",
       **entity(what={"identifier": {"value": "7"}}, role={"code": "1"}))
    no("lost-value", "a system without a number", bad, "entity[0].what",
       **entity(what={"identifier": {"system": "urn:oid:1.2.3"}}, role={"code": "1"}))
    no("lost-related", "a RelatedPerson in the role of the patient", bad, "RelatedPerson",
       **entity(what={"reference": "RelatedPerson/7"}, role={"code": "1"}))
    no("lost-group", "a Group in the role of the patient", bad, "Group", **entity(what={"reference": "Group/7"}, role={"code": "1"}))
    no("lost-bundle", "a reference into a bundle", bad, "entity[0].what", **entity(what={"reference": "urn:uuid:1-2"}, role={"code": "1"}))
    no("lost-contained", "a contained Patient that is not there", bad, "entity[0].what", **entity(what={"reference": "#p"}, role={"code": "1"}))
    no("lost-contained-twice", "two contained resources with one id", "bad-value", "contained",
       contained=contained(("Patient", {"id": "p", "identifier": [CPR]}), ("Patient", {"id": "p", "identifier": [MRN]})),
       **entity(what={"reference": "#p"}, role={"code": "1"}))
    no("lost-many", "more people than a message may name", "too-long", "entity[64].what",
       entity=[{"what": {"reference": "Patient/p%d" % i}} for i in range(65)])
    no("lost-contained-number", "a contained Patient without a number", bad, "contained[0]", contained=contained(("Patient", {"id": "p"})))
    no("mention-entity-extension", "a Patient in an extension of an entity", bad, "entity[0].extension[0].valueReference",
       **entity(what={"reference": "Observation/1"}, extension=[{"url": "x", "valueReference": {"reference": "Patient/p1"}}]))
    no("mention-agent-extension", "a Patient two extensions deep", bad, "agent[0].extension[0].extension[0].valueReference",
       agent=[{"who": {"display": "x"}, "extension": [{"url": "x", "extension": [{"url": "y", "valueReference": {"reference": "Patient/p1"}}]}]}])
    no("mention-observer", "the observer is a Patient", bad, "source.observer", source={"observer": {"reference": "Patient/p1"}})
    no("mention-unknown", "a Patient in a member that FHIR does not have", bad, "whose", whose={"reference": "Patient/p1"})
    no("mention-second", "a second Patient beside the subject", bad, "contained[0].patient",
       contained=contained(("RelatedPerson", {"id": "r", "patient": {"reference": "Patient/p2"}})), **entity(what={"reference": "Patient/p1"}))
    no("mention-contained-subject", "the Patient of a contained Encounter", bad, "contained[0].subject",
       contained=contained(("Encounter", {"id": "e", "subject": {"reference": "Patient/p1"}})), **entity(what={"reference": "#e"}))
    for kind, member in (("Observation", {"subject": {"identifier": MRN}}), ("Group", {"member": [{"entity": {"identifier": MRN}}]}),
                         ("Parameters", {"parameter": [{"name": "x", "valueIdentifier": MRN}]}), ("Coverage", {"policyHolder": {"identifier": MRN}}),
                         ("Appointment", {"participant": [{"actor": {"identifier": MRN}}]}), ("Basic", {"identifier": [CPR]}),
                         ("RelatedPerson", {"patient": {"identifier": MRN}})):
        no("mention-contained-" + kind.lower(), "somebody's number in a contained %s, beside a subject" % kind, bad, "contained[0].",
           contained=contained((kind, dict(member, id="o"))), entity=[{"what": {"reference": "Patient/p1"}}, {"what": {"reference": "#o"}}])
    no("mention-source", "a person's number where the system stands", bad, "source.observer.identifier",
       source={"observer": {"display": "EPJ", "identifier": CPR}})
    no("mention-stray", "an entity in a contained AuditEvent", bad, "contained[0].entity[0]",
       contained=contained(("AuditEvent", {"entity": [{"what": {"identifier": MRN}, "role": {"code": "1"}}]})))
    no("mention-number", "a person's number in an extension", bad, "extension[0].valueIdentifier", extension=[{"url": "x", "valueIdentifier": CPR}])
    no("words-detail", "an address in words, and no subject", bad, "entity[0].detail[0].valueString",
       **entity(what={"reference": "Task/1"}, detail=[{"type": "x", "valueString": "see Patient/77"}]))
    no("words-query", "a query for a patient (Observation?patient=77), and no subject", bad, "entity[0].query",
       **entity(role={"code": "24"}, query="R0VUIC9PYnNlcnZhdGlvbj9wYXRpZW50PTc3"))
    no("words-reference", "a search where a reference stands", bad, "entity[0].what.reference", **entity(what={"reference": "Observation?patient=77"}))
    no("words-name", "a search in a name", bad, "entity[0].name", **entity(role={"code": "24"}, name="Observation?subject=77"))
    no("words-value", "a search in a detail", bad, "entity[0].detail[0].valueString",
       **entity(role={"code": "24"}, detail=[{"type": "url", "valueString": "Observation?patient=77"}]))
    no("words-policy", "a search in an agent's texts", bad, "agent[0].policy", agent=[{"who": {"display": "x"}, "policy": ["https://x.example/Consent?patient=77"]}])
    no("words-detail-number", "a detail by the name of a number", bad, "entity[0].detail[0]",
       **entity(what={"reference": "Task/1"}, detail=[{"type": "MRN", "valueString": "77"}]))
    no("unclear-agent-words", "an agent with a number, whose role speaks of the patient and of something else", bad, "agent[0]",
       agent=[{"who": {"identifier": CPR}, "role": [{"text": "patient or proxy"}]}])
    no("unclear-number", "a number of which nothing says what it is", bad, "entity[0]", **entity(what={"identifier": MRN}))
    no("unclear-resource", "somebody's resource, by number", bad, "entity[0]", **entity(what={"identifier": MRN}, role={"code": "4"}))
    no("unclear-type", "a type of resource that FHIR does not have", bad, "entity[0]", **entity(what={"reference": "Citizen/1"}, role={"code": "4"}))
    no("unclear-group", "a Group, which may be anybody", bad, "entity[0]", **entity(what={"reference": "Group/1"}))
    no("unclear-user", "a user, by number", bad, "entity[0]", **entity(what={"identifier": MRN}, role={"code": "6"}))
    no("unclear-name", "a name of which nothing says what it is of", bad, "entity[0]", **entity(name="Jens"))
    no("unclear-agent", "an agent who is the patient and has no id, and no subject", bad, "agent[0]",
       agent=[{"who": {"display": "Jens"}, "role": [{"coding": [{"code": "PAT"}]}]}])


def empty():
    """An entity that says nothing says not that it is no person."""
    for name, members in (("", {}), ("-label", {"securityLabel": [{"text": "x"}]}), ("-type", {"type": {}}), ("-role", {"role": {}, "query": " "})):
        no("empty-entity" + name, "an entity that does not say what it is", "bad-subject", "entity[0]", **entity(**members))
    ok("empty-entity-beside", "the same beside a subject", REF, entity=[{"what": {"reference": "Patient/p1"}, "role": {"code": "1"}}, {}])
    ok("empty-entity-query", "a query is something", NOBODY, {"action": "search"}, action="E", **entity(query="eA=="))


def others():
    """Others with a number in contained resources, and agents with a patient's number."""
    bad = "bad-subject"
    staff = {"identifier": {"system": "urn:oid:1.2.9", "value": "s7"}}
    subject = entity(what={"reference": "Patient/p1"}, role={"code": "1"})
    for name, kind, place, member in (
            ("encounter", "Encounter", "contained[0].participant[0].individual", {"participant": [{"individual": staff}]}),
            ("consent", "Consent", "contained[0].sourceReference", {"sourceReference": staff}),
            ("relative", "RelatedPerson", "contained[0]", {"identifier": [MRN]}),
            ("person", "Person", "contained[0]", {"identifier": [MRN]})):
        ok("others-%s-beside" % name, "another's number in a contained %s, beside a subject" % kind, REF,
           contained=contained((kind, dict(member, id="o"))), **subject)
        no("others-" + name, "the same in a message without one", bad, place, contained=contained((kind, dict(member, id="o"))))
    ok("others-person-same", "the subject's own number in a contained Person", "oid:1.2.3:7",
       contained=contained(("Person", {"identifier": [MRN]})), **entity(what={"identifier": MRN}, role={"code": "1"}))
    no("others-encounter-actor", "the same member as R5 calls it may be a patient", bad, "contained[0].participant[0].actor",
       contained=contained(("Encounter", {"participant": [{"actor": staff}]})), **subject)
    no("others-same-id", "a Patient in a contained Bundle, of another number, whose id is that of the subject", bad,
       "contained[1].entry[0].resource",
       contained=contained(("Patient", {"id": "p", "identifier": [CPR]}),
                           ("Bundle", {"entry": [{"resource": {"resourceType": "Patient", "id": "p", "identifier": [MRN]}}]})),
       **entity(what={"reference": "#p"}, role={"code": "1"}))
    record = dict(MRN, type={"coding": [{"code": "MR"}]})
    agent = {"who": {"identifier": record}, "requestor": True}
    no("others-agent", "an agent with a patient's number and no role", bad, "agent[0]", agent=[agent])
    no("others-agent-beside", "the same beside a subject with another number", bad, "agent[0]", agent=[agent], **subject)
    acts = {"actor": {"kind": "human", "id": "urn:oid:1.2.3|7", "role": "unspecified"}}
    acts["actor"]["id"] = "%s|%s" % (MRN["system"], MRN["value"])
    ok("others-agent-same", "an agent with the subject's number", "oid:1.2.3:7", acts, agent=[agent],
       **entity(what={"identifier": MRN}, role={"code": "1"}))
    ok("others-agent-role", "an agent with such a number whose role is said", NOBODY,
       {"actor": dict(acts["actor"], role="nurse")}, agent=[dict(agent, type={"text": "nurse"})])


def nobody():
    ok("nobody", "no entities", NOBODY)
    ok("nobody-observation", "a resource that is no person", NOBODY, {"objects": ["Observation/1"]}, **entity(what={"reference": "Observation/1"}))
    ok("nobody-device", "an absolute reference to a Device", NOBODY, {"objects": ["https://x.example/fhir/Device/1"]},
       **entity(what={"reference": "https://x.example/fhir/Device/1"}))
    ok("nobody-all", "all of a type", NOBODY, {"objects": ["https://x.example/fhir/CarePlan"]},
       **entity(what={"reference": "https://x.example/fhir/CarePlan"}))
    ok("nobody-version", "the id of a version looks like a type", NOBODY, {"objects": ["Observation/AB/_history/1"]},
       **entity(what={"reference": "Observation/AB/_history/1"}))
    ok("nobody-report", "a role that things have", NOBODY, {"objects": ["urn:oid:1.2.3|7"]}, **entity(what={"identifier": MRN}, role={"code": "3"}))
    ok("nobody-serial", "a kind of number that things have", NOBODY, {"objects": ["AB"]},
       **entity(what={"identifier": {"type": {"coding": [{"code": "SNO"}]}, "value": "AB"}}, role={"code": "4"}))
    ok("nobody-query", "a search for people by name (Patient?family=h)", NOBODY, {"action": "search"}, action="E",
       **entity(role={"code": "24"}, query="R0VUIC9QYXRpZW50P2ZhbWlseT1o"))
    ok("nobody-agent-number", "the number of one who works there", NOBODY,
       {"actor": {"kind": "human", "id": "urn:oid:1.2.208.176.1.2|0101701234", "role": "unspecified"}},
       agent=[{"who": {"identifier": CPR}, "requestor": True}])
    ok("nobody-agent-word", "another word that begins alike", NOBODY,
       {"actor": {"kind": "human", "id": "urn:oid:1.2.208.176.1.2|0101701234", "role": "patientansvarlig"}},
       agent=[{"who": {"identifier": CPR}, "role": [{"text": "patientansvarlig"}], "requestor": True}])
    ok("nobody-r5-patient", "R5: nobody by the sender's word", NOBODY, R5_EVENT, patient={"identifier": {"value": "<none>"}}, **R5)
    ok("nobody-extension-patient", "R4: nobody by the sender's word", NOBODY,
       extension=[{"url": "https://x.example/patient", "valueIdentifier": {"value": "<none>"}}])
    ok("nobody-contained-work", "the number of one who works there in a contained resource", NOBODY,
       {"actor": {"kind": "human", "id": "urn:oid:1.2.208.176.1.2|0101701234", "role": "unspecified"}},
       agent=[{"who": {"reference": "#p"}, "requestor": True}], contained=contained(("Practitioner", {"id": "p", "identifier": [CPR]})))
    ok("objects-unclear", "what is unclear is an object beside a subject", REF, {"objects": ["7", "Group/1"]},
       entity=[{"what": {"reference": "Patient/p1"}}, {"what": {"identifier": {"value": "7"}}}, {"what": {"reference": "Group/1"}}])
    ok("objects-words", "words beside a subject mean the subject", REF, {"action": "read"},
       entity=[{"what": {"reference": "Patient/p1"}}, {"role": {"code": "24"}, "query": "R0VUIC9PYnNlcnZhdGlvbj9wYXRpZW50PTc3"}])
    ok("objects-many", "more than there is room for are counted", REF,
       {"objects": ["Observation/%d" % i for i in range(63)] + ["+ 2 more"]},
       entity=[{"what": {"reference": "Patient/p1"}}] + [{"what": {"reference": "Observation/%d" % i}} for i in range(65)])


def types():
    bad = "bad-value"
    patient = {"what": {"identifier": CPR}, "role": {"code": "1"}}
    no("type-outcome", "a number for a code", bad, "outcome", outcome=8)
    write("adapters", "type-null", {"about": "null is no value", "format": "fhir", "message": merged(BASE, {}) | {"outcome": None},
                                    "place": "outcome", "expect": bad})
    no("type-action", "an object for a code", bad, "action", action={})
    no("type-purpose", "an object for a list", bad, "purposeOfEvent", purposeOfEvent={"coding": [{"code": "BTG"}]})
    no("type-entity", "an object for a list of entities", bad, "entity", entity=patient)
    no("type-role", "a number for the code of a role", bad, "entity[0].role.code", entity=[merged(patient, {"role": {"code": 1}})])
    no("type-value", "a number for an identifier's value", bad, "entity[0].what.identifier.value",
       **entity(what={"identifier": {"system": "urn:oid:1.2.208.176.1.2", "value": 101701234}}))
    no("type-reference", "a list for a reference", bad, "entity[0].what.reference", **entity(what={"reference": ["Patient/p1"]}))
    no("type-requestor", "a text for a boolean", bad, "agent[0].requestor", agent=[{"requestor": "true"}])
    no("type-agent", "an object for a list of agents", bad, "agent", agent={"requestor": True})
    no("type-coding", "an object for a list of codings", bad, "agent[0].type.coding", agent=[{"type": {"coding": {"code": "110153"}}}])
    no("type-contained", "an object for a list of resources", bad, "contained", contained={"resourceType": "Patient"})
    no("case-entity", "a member of FHIR's in other letter case", bad, "entity", Entity=[patient])
    no("action-empty", "an empty action", bad, "action", action="")
    no("modifier-contained", "the same in a contained resource", bad, "contained[0].name[0].modifierExtension",
       contained=contained(("Patient", {"identifier": [CPR], "name": [{"modifierExtension": [{"url": "x", "valueBoolean": True}]}]})))
    no("modifier-rules", "rules of the sender's own", bad, "implicitRules", implicitRules="https://x.example/rules")
    no("type-meta", "a text for the metadata", bad, "meta", meta="x")
    no("type-profile", "a text for a list of profiles", bad, "meta.profile", meta={"profile": "x"})
    no("type-text", "a text for the narrative", bad, "text", text="x")
    no("type-language", "a list for the language", bad, "language", language=["da"])
    no("type-contained-meta", "a text for a contained resource's metadata", bad, "contained[0].meta",
       contained=contained(("Patient", {"meta": "x", "identifier": [CPR]})))
    no("type-contained-identifier", "an object for a list of identifiers", bad, "contained[0].identifier",
       contained=contained(("Patient", {"identifier": CPR})))
    no("type-detail", "R4: an object for the type of a detail", bad, "entity[0].detail[0].type",
       entity=[merged(patient, {"detail": [{"type": {"text": "x"}, "valueString": "y"}]})])
    no("type-detail-r5", "R5: a text for the type of a detail", bad, "entity[0].detail[0].type",
       **dict(R5, entity=[merged(patient, {"detail": [{"type": "x", "valueString": "y"}]})]))
    no("modifier", "a modifier extension", bad, "modifierExtension", modifierExtension=[{"url": "x", "valueBoolean": True}])
    ok("type-unknown", "a member that FHIR does not have, of any type", NOBODY, whatever={"is": ["not", 7]})
    deep = []
    for _ in range(70):
        deep = [deep]
    no("deep", "70 elements inside each other", "bad-json", "nested", whatever=deep)
    no("resource-type", "another resource", bad, "resourceType", resourceType="Provenance")
    no("no-agent", "nobody acted", "missing-field", "agent", agent=None)
    no("no-recorded", "no time", "missing-field", "time", recorded=None)


def acting():
    def agent(display, requestor=False, code=None, **members):
        made = dict({"who": {"display": display}, "requestor": requestor}, **members)
        if code:
            made["type"] = {"coding": [{"code": code}]}
        return made

    def actor(name, kind="human", role="unspecified"):
        return {"kind": kind, "name": name, "role": role}

    ok("actor-human-first", "of two requestors the human", NOBODY, {"actor": actor("u1"), "objects": ["110153: app"]},
       agent=[agent("app", True, "110153"), agent("u1", True)])
    ok("actor-requestor-first", "a requestor before a human who is none", NOBODY, {"actor": actor("app", "system", "110150"), "objects": ["u1"]},
       agent=[agent("u1"), agent("app", True, "110150")])
    ok("actor-no-requestor", "without a requestor who is said to be human", NOBODY, {"actor": actor("u1", role="humanuser"), "objects": ["gate"]},
       agent=[agent("gate"), agent("u1", code="humanuser")])
    ok("actor-device", "a Device by an absolute reference", NOBODY,
       {"actor": {"kind": "system", "id": "https://x.example/fhir/Device/1", "role": "unspecified"}},
       agent=[{"who": {"reference": "https://x.example/fhir/Device/1"}, "requestor": True}])
    ok("actor-organization", "an organisation", NOBODY, {"actor": {"kind": "system", "id": "Organization/1", "role": "unspecified"}},
       agent=[{"who": {"reference": "Organization/1"}, "requestor": True}])
    ok("actor-contained", "who is told in a contained resource", NOBODY, {"actor": actor("Rita Lin")},
       agent=[{"who": {"reference": "#r"}, "requestor": True}],
       contained=contained(("PractitionerRole", {"id": "r", "practitioner": {"reference": "#p"}}),
                           ("Practitioner", {"id": "p", "name": [{"text": "Rita Lin"}]})))
    ok("actor-delegator", "who acts for whom", NOBODY, {"actor": actor("u1"), "on_behalf_of": {"name": "Dr. Holm", "role": "DELEGATOR"}},
       agent=[agent("Dr. Holm", True, "DELEGATOR"), agent("u1", True)])
    swiss = "urn:oid:2.16.756.5.30.1.127.3.10.6"
    ok("actor-assistant", "an assistant for a professional (Switzerland)", NOBODY,
       {"actor": actor("R. F.", role="ASS"), "on_behalf_of": {"name": "Dr. A", "role": "HCP"}},
       agent=[agent("Dr. A", role=[{"coding": [{"system": swiss, "code": "HCP"}]}]),
              agent("R. F.", True, role=[{"coding": [{"system": swiss, "code": "ASS"}]}])])
    ok("recipient", "to whom it was disclosed", NOBODY,
       {"action": "disclose", "activity": "disclose, read", "actor": actor("u1"), "recipient": "Court; Police"},
       subtype=[{"code": "disclose"}, {"code": "read"}],
       agent=[agent("u1", True), agent("Court", code="110152"), agent("Police", code="110152")])
    ok("recipient-none", "a destination of what is no disclosure", NOBODY, {"actor": actor("u1"), "objects": ["110152: server"]},
       agent=[agent("u1", True), agent("server", code="110152")])
    ok("export-medium", "an export to a medium", NOBODY, {"action": "export", "activity": "ITI-32", "actor": actor("u1"), "recipient": "DVD", "objects": ["ValueSet/v1"]},
       type={"code": "110106"}, subtype=[{"code": "ITI-32"}], agent=[agent("u1", True), agent("DVD", code="110154")], **entity(what={"reference": "ValueSet/v1"}))
    ok("export-type", "Export as the type of a reading", NOBODY, {"activity": "Document retrieval", "objects": ["ValueSet/v1"]},
       type={"code": "110106"}, subtype=[{"code": "ATC_DOC_READ", "display": "Document retrieval"}], **entity(what={"reference": "ValueSet/v1"}))


def outcomes():
    def of(name, about, outcome, result, **members):
        r5 = isinstance(outcome, dict)
        ok("outcome-" + name, about, NOBODY, dict({"outcome": result}, **(R5_EVENT if r5 else {})), **dict(R5 if r5 else {}, outcome=outcome, **members))

    of("absent", "no outcome", None, "ok")
    of("4", "a minor failure is no denial", "4", "failed")
    of("4-403", "with a sign of refusal it is", "4", "denied", outcomeDesc="HTTP 403 Forbidden")
    of("4-part", "a number with 403 in it is no sign", "4", "failed", outcomeDesc="took 4031 ms")
    of("8", "a failure", "8", "failed")
    of("12", "a failure", "12", "failed")
    ok("outcome-8-consent", "a decision on a consent", NOBODY, {"outcome": "denied", "activity": "AuthZ-Consent"}, outcome="8",
       subtype=[{"code": "AuthZ-Consent"}])
    of("warning", "R5: a warning", {"code": {"code": "warning"}}, "ok")
    of("error", "R5: an error is no denial", {"code": {"code": "error"}}, "failed")
    of("error-detail", "R5: the detail says so", {"code": {"code": "error"}, "detail": [{"coding": [{"code": "forbidden"}]}]}, "denied")
    of("fatal", "R5: a failure", {"code": {"code": "fatal"}}, "failed")
    no("outcome-unknown", "a code off the list", "bad-value", "outcome", outcome="9")
    no("outcome-empty", "an empty code", "bad-value", "outcome", outcome="")


def meaning():
    ok("consent-r5", "a reference to a Consent", REF, dict(R5_EVENT, consent="Consent/c1"),
       entity=[{"what": {"reference": "Patient/p1"}}, {"what": {"reference": "Consent/c1"}}], **R5)
    ok("consent-type", "an entity of type Consent", REF, {"consent": "urn:uuid:a4"},
       entity=[{"what": {"reference": "Patient/p1"}}, {"what": {"identifier": {"value": "urn:uuid:a4"}}, "type": {"code": "Consent"}}])
    ok("period", "when it happened, from when to when", NOBODY, {"time": "2026-11-20T08:00:00Z", "end_time": "2026-11-20T09:00:00Z"},
       period={"start": "2026-11-20T08:00:00Z", "end": "2026-11-20T09:00:00Z"})
    ok("period-dates", "mere dates are no times", NOBODY, period={"start": "2026-11-20", "end": "2026-11-21"})
    ok("occurred", "R5: when it happened", NOBODY, dict(R5_EVENT, time="2026-11-20T08:00:00Z"), occurredDateTime="2026-11-20T08:00:00Z", **R5)
    ok("subtypes", "each of the subtypes, once", NOBODY, {"activity": "Read, vread"},
       subtype=[{"code": "read", "display": "Read"}, {"code": "vread"}, {"code": "vread"}])
    ok("search-type", "DCM Query as the type", NOBODY, {"action": "search", "activity": "110112"}, action="E", type={"code": "110112"})
    ok("search-r5", "DCM Query as R5's code", NOBODY, {"action": "search", "activity": "110112", "source": {"format": "fhir-r5"}},
       **dict(R5, action="E", code={"coding": [{"code": "110112"}]}))
    ok("r6", "R6's ballots: type and subtype as concepts, all else as in R5", "cpr:0101701234 oid:1.2.3:7",
       dict(R6_EVENT, time="2026-11-20T08:00:00Z", purpose="treatment"), occurredDateTime="2026-11-20T08:00:00Z", patient={"identifier": CPR},
       authorization=[{"coding": [{"code": "TREAT", "display": "treatment"}]}],
       entity=[{"what": {"identifier": MRN}, "role": {"coding": [{"code": "1"}]}, "detail": [{"type": {"text": "x"}, "valueString": "y"}]}], **R6)
    ok("r6-text", "R6: a type in words alone", NOBODY, {"activity": "Opslag", "source": {"format": "fhir-r6"}}, type={"text": "Opslag"},
       outcome={"code": {"code": "success"}})
    r4 = {"entity": [{"what": {"identifier": MRN}, "role": {"code": "1"}, "detail": [{"type": "x", "valueString": "y"}]}]}
    ok("r4-concept", "R4 with a concept where it has a Coding", "oid:1.2.3:7", type={"coding": [{"code": "rest"}]}, **r4)
    ok("r4-both", "R4 with words beside its Coding", "oid:1.2.3:7", dict(activity="Rest"), type={"code": "rest", "text": "Rest"}, outcome=None, **r4)
    ok("r6-denied", "R6: the detail of the outcome says so", NOBODY, dict(R6_EVENT, outcome="denied"),
       **dict(R6, outcome={"code": {"code": "error"}, "detail": [{"coding": [{"code": "forbidden"}]}]}))
    no("r6-detail", "R6: a text for the type of a detail", "bad-value", "entity[0].detail[0].type",
       **dict(R6, entity=[{"what": {"identifier": MRN}, "role": {"coding": [{"code": "1"}]}, "detail": [{"type": "x", "valueString": "y"}]}]))
    ok("emergency-started", "an emergency override", NOBODY, {"activity": "110127", "emergency": True}, subtype=[{"code": "110127"}])
    ok("emergency", "break the glass in the second coding", NOBODY, {"purpose": "break the glass", "emergency": True},
       purposeOfEvent=[{"coding": [{"code": "X"}, {"code": "BTG", "display": "break the glass"}]}])
    ok("emergency-override", "emergency treatment without consent", NOBODY, {"purpose": "OVRER", "emergency": True}, purposeOfEvent=[{"coding": [{"code": "OVRER"}]}])
    ok("emergency-swiss", "Swiss access in an emergency", NOBODY, {"purpose": "Emergency Access", "emergency": True},
       purposeOfEvent=[{"coding": [{"system": "urn:oid:2.16.756.5.30.1.127.3.10.5", "code": "EMER", "display": "Emergency Access"}]}])
    ok("emergency-or-unable", "a code that says an emergency or something else", NOBODY, {"purpose": "EMERGENCY"}, purposeOfEvent=[{"coding": [{"code": "EMERGENCY"}]}])


for make in (people, refused_people, empty, others, nobody, types, acting, outcomes, meaning):
    make()
