#!/usr/bin/env python3
"""Makes the vectors of identifiers and of DICOM messages of spec/adapters.md, written down by hand from the page:
python3 tests/vectors/dicom.py"""
import base64

from kit import write

ORG = "cvr:55133018"
CPR = "cpr:0101701234"


def identifiers():
    def good(name, text, subject):
        write("identifier", name, {"about": "an identifier in text", "text": text,
                                                 "org": ORG, "expect": "ok", "subject": subject})

    def bad(name, text, why):
        write("identifier", "bad-" + name, {"about": why, "text": text, "org": ORG,
                                                     "expect": "bad-subject"})

    def fhir(name, system, value, subject):
        vector = {"about": "a FHIR identifier", "system": system, "value": value,
                  "expect": "ok" if subject else "bad-subject"}
        if subject:
            vector["subject"] = subject
        write("identifier", "fhir-" + name, vector)

    good("reference", "Patient/77", "ref:%s/Patient/77" % ORG)
    good("reference-version", "Patient/77/_history/1", "ref:%s/Patient/77" % ORG)
    good("reference-elsewhere", "HTTPS://A.example:443/r4/Patient/77", "uri:https://a.example/r4/Patient|77")
    good("reference-conditional", "Patient?identifier=urn%3Aoid%3A1.2.208.176.1.2%7C010170-1234", CPR)
    good("cx", "77^5^M11^NS&1.2.3.4&ISO^PI", "oid:1.2.3.4:77")
    good("cx-uuid", "77^^^&8F0E3C5E-1111-2222-3333-444455556666&UUID",
         "uri:urn:uuid:8f0e3c5e-1111-2222-3333-444455556666|77")
    good("cx-uri", "77^^^&https://a.example/mrn/&URI", "uri:https://a.example/mrn|77")
    good("urn-oid", "URN:OID:1.2.208.176.1.2|0101701234", CPR)
    good("bare-oid", "1.2.208.176.1.2|010170-1234", CPR)
    good("oid-scheme", " oid:1.2.3 | 77 ", "oid:1.2.3:77")
    good("uri", "HTTPS://A.example:443/mrn/|7|7", "uri:https://a.example/mrn|7|7")
    good("uri-value", "urn:ietf:rfc:3986|URN:UUID:8F0E", "uri:urn:ietf:rfc:3986|urn:uuid:8f0e")
    good("none", "<none>", None)
    good("none-cx", "<none>^^^SITE&1.2.3.4&ISO", None)
    for name, text, why in (
            ("bare", "77", "a number without an authority"), ("namespace", "77^^^SITE", "a namespace is no authority"),
            ("empty", "", "nothing"), ("cx-empty", "^^^&1.2.3.4&ISO", "a CX without an id"),
            ("cx-dns", "77^^^&a.example&DNS", "an authority of another type"),
            ("cx-escape", "7\\T\\7^^^&1.2.3.4&ISO", "an HL7 escape"),
            ("cx-subcomponent", "7&7^^^&1.2.3.4&ISO", "an id with subcomponents"),
            ("small-letter", "patient/77", "a FHIR type in another case"), ("query", "Patient/77?x=1", "a query"),
            ("fragment", "Patient/77#f", "a fragment"), ("escape", "Patient/p%31", "an escape in an id"),
            ("path", "/fhir/Patient/77", "a path before the type"), ("behind", "Patient/77/x", "a path behind the id"),
            ("two-parameters", "Patient?identifier=urn:oid:1.2|7&active=true", "two parameters"),
            ("two-identifiers", "Patient?identifier=urn:oid:1.2|7,urn:oid:1.2|8", "two identifiers"),
            ("no-system", "Patient?identifier=77", "an identifier without a system"),
            ("bundle", "urn:uuid:8f0e3c5e-1111-2222-3333-444455556666", "a reference into a Bundle"),
            ("placeholder", "UNKNOWN^^^&1.2.3&ISO", "a placeholder"),
            ("local-word", "MRN|77", "a system that every hospital has"),
            ("code-system", "https://a.example/fhir/CodeSystem/v2-0203|192", "a code system"),
            ("zero-width", "urn:oid:1.2.3|7\u200b", "a character that nobody sees")):
        bad(name, text, why)
    fhir("system", "URN:OID:1.2.208.176.1.2", "0101701234", CPR)
    fhir("cx", "", "0101701234^^^&1.2.208.176.1.2&ISO", CPR)
    fhir("cx-same-system", "urn:oid:1.2.3", "77^^^&1.2.3&ISO", "oid:1.2.3:77")
    fhir("cx-other-system", "urn:oid:1.2.4", "77^^^&1.2.3&ISO", None)
    fhir("no-system", "", "77", None)


def dicom():
    def message(event='EventActionCode="R" EventDateTime="2026-11-20T10:00:00Z" EventOutcomeIndicator="0"',
                words='<EventID csd-code="110110" codeSystemName="DCM" originalText="Patient Record"/>',
                people='<ActiveParticipant UserID="u1" UserName="Dr. Test"><RoleIDCode csd-code="d" originalText="doctor"/>'
                       '</ActiveParticipant>', source='<AuditSourceIdentification AuditSourceID="RIS"/>', rest="", front=""):
        return "%s<AuditMessage><EventIdentification %s>%s</EventIdentification>%s%s%s</AuditMessage>" % (
            front, event, words, people, source, rest)

    def thing(attributes, inner=""):
        return "<ParticipantObjectIdentification %s>%s</ParticipantObjectIdentification>" % (attributes, inner)

    patient_id = 'ParticipantObjectID="77^^^NS&amp;1.2.3.4&amp;ISO" '
    patient = thing(patient_id + 'ParticipantObjectTypeCode="1" ParticipantObjectTypeCodeRole="1"')
    number = '<ParticipantObjectIDTypeCode csd-code="2" codeSystemName="RFC-3881" originalText="Patient Number"/>'

    def event(**change):
        return {"time": "2026-11-20T10:00:00Z", "action": "read", "outcome": "ok", "system": "RIS", "activity": "Patient Record",
                "purpose": "unspecified", "actor": {"kind": "human", "id": "u1", "name": "Dr. Test", "role": "doctor"},
                "source": {"format": "dicom"}, **change}

    def whole(name, about, text, expect="ok", **members):
        message = {"message_base64": base64.b64encode(text).decode()} if isinstance(text, bytes) else {"message": text}
        write("adapters", "dicom-" + name, {"about": about, "format": "dicom", **message, **members, "expect": expect})

    def good(name, about, text, subjects=("oid:1.2.3.4:77",), **change):
        whole(name, about, text, subjects=list(subjects), event=event(**change))

    good("plain", "type code 1 and role 1", message(rest=patient))
    good("no-role", "type code 1 without a role", message(rest=thing(patient_id + 'ParticipantObjectTypeCode="1"')))
    good("no-type", "role 1 without a type code", message(rest=thing(patient_id + 'ParticipantObjectTypeCodeRole="1"')))
    good("white-space", "codes with white space and zeros",
         message(rest=thing(patient_id + 'ParticipantObjectTypeCode=" 1 " ParticipantObjectTypeCodeRole=" 01 "')))
    good("id-type", "the id's type alone says that it is a patient's number", message(rest=thing(patient_id, number)))
    good("id-type-first", "a patient's number in the role of a user",
         message(rest=thing(patient_id + 'ParticipantObjectTypeCode="1" ParticipantObjectTypeCodeRole="6"', number)))
    good("reference", "a resource that is a patient",
         message(rest=thing('ParticipantObjectID="Patient/p1" ParticipantObjectTypeCode="2" '
                            'ParticipantObjectTypeCodeRole="4"')), subjects=["ref:%s/Patient/p1" % ORG])
    study = thing('ParticipantObjectID="1.2.9" ParticipantObjectTypeCode="2" ParticipantObjectTypeCodeRole="3"')
    good("nobody", "a study, and nobody", message(words='<EventID csd-code="list" originalText="Study list"/>', rest=study), subjects=[],
         activity="Study list", objects=["1.2.9"])
    good("none", "nobody by the sender's word",
         message(rest=thing('ParticipantObjectID="&lt;none&gt;" ParticipantObjectTypeCode="1" '
                            'ParticipantObjectTypeCodeRole="1"')), subjects=[])
    good("beside", "a doctor among the objects, beside the patient",
         message(rest=patient + thing('ParticipantObjectID="d" ParticipantObjectTypeCode="1" ParticipantObjectTypeCodeRole="8"')),
         objects=["d"])
    good("two", "two people: two events", message(rest=thing('ParticipantObjectID="1^^^&amp;1.2.3&amp;ISO~2^^^&amp;1.2.3&amp;ISO" ParticipantObjectTypeCode="1" '
                             'ParticipantObjectTypeCodeRole="1"')), subjects=["oid:1.2.3:1", "oid:1.2.3:2"])
    app = '<ActiveParticipant UserID="app" UserIsRequestor="%s"><RoleIDCode csd-code="110153" originalText="Source"/></ActiveParticipant>'
    human = ('<ActiveParticipant UserID="u1" UserName="Dr. Test" %s><RoleIDCode csd-code="d" originalText="doctor"/>'
             '</ActiveParticipant>')
    good("requestors", "the human of two requestors", message(people=app % "true" + human % 'UserIsRequestor="true"', rest=patient),
         objects=["Source: app"])
    good("boolean-1", "1 is true", message(people=app % "false" + human % 'UserIsRequestor="1"', rest=patient),
         objects=["Source: app"])
    good("boolean-absent", "absent is true", message(people=app % "0" + human % "", rest=patient), objects=["Source: app"])
    good("empty-type", "an event type without words", message(
        words='<EventID csd-code="110110" originalText="" displayName="Patient Record"/><EventTypeCode csd-code="" originalText=""/>',
        rest=patient))
    good("two-sources", "the first source that names a system",
         message(source='<AuditSourceIdentification/><AuditSourceIdentification AuditSourceID="RIS"/>'
                        '<AuditSourceIdentification AuditSourceID="x"/>', rest=patient))
    good("elsewhere", "a role and a purpose where the standard has none",
         message(rest=thing(patient_id + 'ParticipantObjectTypeCode="1" ParticipantObjectTypeCodeRole="1"',
                            '<RoleIDCode csd-code="110153"/><PurposeOfUse csd-code="BTG" originalText="x"/>')))
    good("unknown-element", "an element that the standard does not have",
         message(rest="<Extension><Deep>text</Deep></Extension>" + patient))
    good("comment", "an end tag in a comment", message(rest="<!-- </AuditMessage> -->" + patient))
    good("leap-second", "a leap second", message(
        event='EventActionCode="R" EventDateTime="2016-12-31T23:59:60Z" EventOutcomeIndicator="0"', rest=patient),
        time="2016-12-31T23:59:59.999999999Z")
    good("denied", "words of refusal", message(
        event='EventActionCode="R" EventDateTime="2026-11-20T10:00:00Z" EventOutcomeIndicator="4"',
        words='<EventID csd-code="110110" originalText="Patient Record"/>'
              '<EventOutcomeDescription>HTTP 403</EventOutcomeDescription>', rest=patient), outcome="denied")
    good("failed", "a minor failure without a sign of refusal", message(
        event='EventActionCode="R" EventDateTime="2026-11-20T10:00:00Z" EventOutcomeIndicator="4"', rest=patient), outcome="failed")
    soren = message(people='<ActiveParticipant UserID="u1" UserName="S%sren €"/>' % "ø", rest=patient,
                    front='<?xml version="1.0" encoding="iso-8859-15"?>').encode("iso-8859-15")
    good("latin9", "an encoding that only iconv knows", soren,
         actor={"kind": "human", "id": "u1", "name": "Søren €", "role": "unspecified"})
    good("utf16", "16 bits a character", message(rest=patient).encode("utf-16"))

    def bad(name, about, text, place, expect="bad-subject"):
        whole(name, about, text, expect, place=place)

    bad("no-id", "a patient without an id",
        message(rest=thing('ParticipantObjectTypeCode="1" ParticipantObjectTypeCodeRole="1"')), "subject")
    bad("unclear", "an object that could be a person", message(rest=thing(patient_id)), "ParticipantObjectIdentification")
    bad("unclear-role", "a person in the role of a list",
        message(rest=thing(patient_id + 'ParticipantObjectTypeCode="1" ParticipantObjectTypeCodeRole="7"')),
        "ParticipantObjectIdentification")
    bad("unclear-beside", "an object that could be a person, beside a patient", message(rest=patient + thing(patient_id)),
        "ParticipantObjectIdentification")
    bad("user-alone", "a person at work, and nobody whose data it is",
        message(rest=thing(patient_id + 'ParticipantObjectTypeCode="1" ParticipantObjectTypeCodeRole="6"')), "subject")
    bad("mention", "a patient in an element that is not read", message(rest='<Patient id="77"/>'), "subject")
    study_id = 'ParticipantObjectTypeCode="2" ParticipantObjectTypeCodeRole="3" ParticipantObjectID='
    query = '<EventID csd-code="110112" originalText="Query"/>'
    search = "Observation?patient=77"
    for name, place, about, text in (
            ("attribute", "ParticipantObjectIdentification", "a number in an attribute that the standard does not have",
             message(words=query, rest=thing(study_id + '"1.2" PatientID="77"'))),
            ("attribute-elsewhere", "AuditMessage", "the same of an element that it does not have", message(words=query, rest='<Extra patientId="77"/>')),
            ("attribute-value", "AuditSourceIdentification", "a search in an attribute of the standard",
             message(words=query, source='<AuditSourceIdentification AuditSourceID="RIS" AuditEnterpriseSiteID="%s"/>' % search)),
            ("stray-text", "AuditMessage", "text where no text stands", message(words=query, rest="0101701234")),
            ("stray-text-front", "ParticipantObjectQuery", "text before a child",
             message(words=query, rest=thing(study_id + '"1.2"', "<ParticipantObjectQuery>%s<x/></ParticipantObjectQuery>" % search))),
            ("query-child", "ParticipantObjectQuery", "a query in a child",
             message(words=query, rest=thing(study_id + '"1.2"', "<ParticipantObjectQuery><x>%s</x></ParticipantObjectQuery>" % search))),
            ("detail-children", "ParticipantObjectDetail", "a detail in children", message(words=query, rest=thing(
                study_id + '"1.2"', "<ParticipantObjectDetail><type>PatientID</type><value>Nzc=</value></ParticipantObjectDetail>"))),
            ("detail-text", "ParticipantObjectDetail", "a detail as text", message(words=query, rest=thing(
                study_id + '"1.2"', "<ParticipantObjectDetail>%s</ParticipantObjectDetail>" % search))),
            ("id-search", "ParticipantObjectIdentification", "a search as an object's id",
             message(words=query, rest=thing(study_id + '"https://x.example/%s"' % search))),
            ("event-type", "EventTypeCode", "words of what happened",
             message(words=query + '<EventTypeCode csd-code="x" originalText="Read Patient/77"/>')),
            ("event-id", "EventID", "a number in the words of what happened", message(words='<EventID csd-code="110112" originalText="Opslag 0101701234"/>')),
            ("outcome-words", "EventOutcomeDescription", "words of how it ended",
             message(words=query + "<EventOutcomeDescription>Patient/77 not found</EventOutcomeDescription>")),
            ("purpose", "PurposeOfUse", "words of the purpose", message(words=query + '<PurposeOfUse csd-code="x" originalText="Patient/77"/>')),
            ("access-point", "ActiveParticipant", "an address",
             message(words=query, people='<ActiveParticipant UserID="u1" NetworkAccessPointID="https://x.example/Patient/77"/>')),
            ("participant-child", "ActiveParticipant", "a number in what a participant does not have", message(
                words=query, people='<ActiveParticipant UserID="u1"><X>cpr: 0101701234</X></ActiveParticipant>')),
            ("role-words", "RoleIDCode", "the words of a patient's role", message(
                words=query, people='<ActiveParticipant UserID="u1"><RoleIDCode csd-code="x" originalText="Patienten"/></ActiveParticipant>'))):
        bad("mention-" + name, about, text, place)
    good("anything", "attributes and texts that mention nobody", message(
        words='<EventID csd-code="110112" originalText="Query"/>', people='<ActiveParticipant UserID="0101701234" UserName="Dr. Test"><RoleIDCode '
        'csd-code="d" originalText="doctor"/></ActiveParticipant>', rest=' words <Extra size="77" of="a patient">more</Extra>'),
         subjects=[], activity="Query",
         actor={"kind": "human", "id": "0101701234", "name": "Dr. Test", "role": "doctor"})
    bad("second-event", "a second EventIdentification",
        message(rest='<EventIdentification EventDateTime="2020-01-01T00:00:00Z" EventOutcomeIndicator="8"/>' + patient),
        "EventIdentification", "bad-value")
    bad("deep-event", "an EventIdentification in an object", message(rest=thing(
        patient_id + 'ParticipantObjectTypeCode="1" ParticipantObjectTypeCodeRole="1"',
        '<EventIdentification EventDateTime="2020-01-01T00:00:00Z" EventOutcomeIndicator="8"/>')), "EventIdentification", "bad-xml")
    bad("deep-object", "an object in an element that is not read", message(rest="<Extension>" + patient + "</Extension>"),
        "ParticipantObjectIdentification", "bad-xml")
    bad("small-letters", "an object in other letter case",
        message(rest=patient.replace("ParticipantObjectIdentification", "participantobjectidentification")),
        "ParticipantObjectIdentification", "bad-xml")
    bad("no-zone", "a time without a zone", message(
        event='EventActionCode="R" EventDateTime="2026-11-20T10:00:00" EventOutcomeIndicator="0"', rest=patient), "time", "bad-value")
    bad("boolean-word", "no XML boolean", message(people=human % 'UserIsRequestor="yes"', rest=patient), "UserIsRequestor", "bad-value")
    bad("encoding", "an encoding that nobody knows", message(rest=patient, front='<?xml version="1.0" encoding="x-none"?>'),
        "encoding", "bad-xml")
    bad("doctype", "a document type", message(rest=patient, front="<!DOCTYPE AuditMessage>"), "document type", "bad-xml")


identifiers()
dicom()
