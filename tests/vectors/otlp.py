#!/usr/bin/env python3
"""Makes the vectors of spec/otlp.md: a record of OpenTelemetry, and the event and the people that it becomes, written down by
hand from the page: python3 tests/vectors/otlp.py"""
from kit import merged, write

BSN = "oid:2.16.840.1.113883.2.4.6.3:999990019"
ACTIVITY = "https://register.example/activities/12"
TRACE, SPAN = "5B8EFFF798038103D269B633813FC60C", "EEE19B7EC3C1B174"
EVENT = {"time": "2026-11-20T10:00:00.123456789Z", "action": "execute", "outcome": "ok", "system": "Zaaksysteem", "activity": "tonenDossier",
         "purpose": "unspecified", "processing_activity": ACTIVITY, "actor": {"kind": "system", "name": "Zaaksysteem", "role": "unspecified"},
         "trace": (TRACE + "-" + SPAN).lower(), "source": {"format": "otlp-span"}}
AT = 1795168800123456789


def any_value(value):
    if isinstance(value, dict):
        return value
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, list):
        return {"arrayValue": {"values": [any_value(one) for one in value]}}
    return {"stringValue": value}


def a_map(**members):
    return {"kvlistValue": {"values": pairs(members)}}


def pairs(attributes):
    return [{"key": key, "value": any_value(value)} for key, value in attributes.items() if value is not None]


def request(record, span=True, resource=None):
    outer, inner, records = ("resourceSpans", "scopeSpans", "spans") if span else ("resourceLogs", "scopeLogs", "logRecords")
    resource = {"service.name": "Zaaksysteem", "service.version": "2.1"} if resource is None else resource
    return {outer: [{"resource": {"attributes": pairs(resource)}, inner: [{"scope": {"name": "ldv"}, records: [record]}]}]}


def attributes(**changes):
    """Names with __ for dots: those of the standard, and what differs."""
    made = {"dpl.core.processing_activity_id": ACTIVITY, "dpl.core.data_subject_id": "999990019", "dpl.core.data_subject_id_type": "BSN"}
    made.update({name.replace("__", "."): value for name, value in changes.items()})
    return made


def span(given=None, **members):
    made = {"traceId": TRACE, "spanId": SPAN, "name": "tonenDossier", "kind": 2, "startTimeUnixNano": str(AT), "endTimeUnixNano": "0",
            "attributes": pairs(given if given is not None else attributes()), "status": {"code": 0}}
    made.update(members)
    return {name: value for name, value in made.items() if value is not None}


def log(given=None, **members):
    made = {"timeUnixNano": AT, "severityNumber": 9, "body": {"stringValue": "Dossier getoond"},
            "attributes": pairs(given if given is not None else attributes())}
    made.update(members)
    return {name: value for name, value in made.items() if value is not None}


def ok(name, about, subjects, message, event=None, source=None):
    vector = {"about": about, "format": "otlp", "message": message}
    if source:
        vector["source"] = source
    write("otlp", name, {**vector, "subjects": subjects, "event": merged(EVENT, event or {}), "expect": "ok"})


def no(name, about, error, place, message, source=None):
    vector = {"about": about, "format": "otlp", "message": message}
    if source:
        vector["source"] = source
    write("otlp", name, {**vector, "place": place, "expect": error})


LOG = {"activity": "Dossier getoond", "trace": None, "source": {"format": "otlp-log"}}


def subjects():
    ok("subject-bsn", "a BSN", [BSN], request(span()))
    ok("subject-bsn-spelled", "the type in other letters, and what people write between digits", [BSN],
       request(span(attributes(dpl__core__data_subject_id="9999.90.019", dpl__core__data_subject_id_type="bsn"))))
    ok("subject-cpr", "a Danish number", ["cpr:0101701234"],
       request(span(attributes(dpl__core__data_subject_id="010170-1234", dpl__core__data_subject_id_type="CPR"))))
    ok("subject-uri", "a type that is a URI", ["uri:https://a.example/personeel|77"],
       request(span(attributes(dpl__core__data_subject_id="77", dpl__core__data_subject_id_type="https://a.example/personeel"))))
    ok("subject-oid", "a type that is an OID", ["oid:1.2.3:77"],
       request(span(attributes(dpl__core__data_subject_id="77", dpl__core__data_subject_id_type="urn:oid:1.2.3"))))
    ok("subject-list", "several people in one record", [BSN, "oid:2.16.840.1.113883.2.4.6.3:999990020"],
       request(span(attributes(dpl__core__data_subject_id=["999990019", "999990020", "999990019"]))))
    ok("subject-own-authority", "no type, and an id that has its own authority", ["oid:1.2.3:77"],
       request(span(attributes(dpl__core__data_subject_id="urn:oid:1.2.3|77", dpl__core__data_subject_id_type=None))))
    ok("subject-authority", "no type, and the registration says whose numbers these are", ["oid:1.2.3:77"],
       request(span(attributes(dpl__core__data_subject_id="77", dpl__core__data_subject_id_type=None))), source=["authority=1.2.3"])
    ok("subject-namespace", "a type that is a local name", ["oid:1.2.3:77"],
       request(span(attributes(dpl__core__data_subject_id="77", dpl__core__data_subject_id_type="personeelsnummer"))),
       source=["namespace=personeelsnummer=1.2.3"])
    ok("subject-namespace-bsn", "the registration's word for BSN, where these are encrypted", ["uri:https://pseudo.example|kv8x2"],
       request(span(attributes(dpl__core__data_subject_id="kv8x2"))), source=["namespace=BSN=https://pseudo.example"])
    ok("subject-none", "the sender's word for nobody", [], request(span(attributes(dpl__core__data_subject_id="<none>"))))
    no("subject-bsn-encrypted", "an encrypted BSN has no nine digits", "bad-subject", "namespace=BSN=SYSTEM",
       request(span(attributes(dpl__core__data_subject_id="kv8x2"))))
    no("subject-bsn-short", "a BSN that has lost its leading zero", "bad-subject", "9 digits",
       request(span(attributes(dpl__core__data_subject_id="99990019"))))
    no("subject-local", "a local name that nobody explained", "bad-subject", "namespace=personeelsnummer=OID",
       request(span(attributes(dpl__core__data_subject_id="77", dpl__core__data_subject_id_type="personeelsnummer"))))
    no("subject-no-type", "a number without a type", "bad-subject", "authority=SYSTEM",
       request(span(attributes(dpl__core__data_subject_id="77", dpl__core__data_subject_id_type=None))))
    no("subject-placeholder", "a placeholder", "bad-subject", "placeholder",
       request(span(attributes(dpl__core__data_subject_id="unknown", dpl__core__data_subject_id_type="https://a.example/p"))))
    no("subject-number", "a number has no leading zeros", "bad-value", "dpl.core.data_subject_id: must be a text",
       request(span(attributes(dpl__core__data_subject_id=999990019))))
    no("subject-empty-list", "an empty list", "missing-field", "dpl.core.data_subject_id", request(span(attributes(dpl__core__data_subject_id=[]))))
    no("subject-list-in-list", "a list in a list", "bad-value", "dpl.core.data_subject_id",
       request(span(attributes(dpl__core__data_subject_id=[["999990019"]]))))
    no("subject-missing", "nobody is named", "missing-field", "dpl.core.data_subject_id: required",
       request(span(attributes(dpl__core__data_subject_id=None))))
    no("subject-empty-value", "a value that says nothing", "missing-field", "dpl.core.data_subject_id: required",
       request(span(attributes(dpl__core__data_subject_id={}))))
    no("ordinary-span", "a span of an application like any other", "missing-field", "line of a log",
       request(span({"http.request.method": "GET", "user.id": "jensen"})))
    no("ordinary-log", "a line of a log", "missing-field", "line of a log", request(log({}), span=False))
    no("ordinary-no-attributes", "a record without attributes", "missing-field", "line of a log", request(log(attributes=None), span=False))
    no("nobody-mentions", "nobody, and a person in another attribute", "bad-subject", "attributes: a person is mentioned",
       request(span(attributes(dpl__core__data_subject_id="<none>", url__full="https://a.example/fhir/Patient/77"))))
    none = attributes(dpl__core__data_subject_id="<none>")
    no("nobody-mentions-name", "nobody, and a person in the name", "bad-subject", "name: a person is mentioned", request(span(none, name="GET /Patient/77")))
    no("nobody-mentions-event-name", "nobody, and a person in the event's name", "bad-subject", "eventName: a person is mentioned",
       request(log(none, eventName="opslag 010170-1234"), span=False))
    no("nobody-mentions-status", "nobody, and a person in the words of the status", "bad-subject", "status: a person is mentioned",
       request(span(none, status={"code": 2, "message": "Patient/77 not found"})))
    no("nobody-mentions-event", "nobody, and a person at an event of the span", "bad-subject", "events: a person is mentioned",
       request(span(none, events=[{"name": "read", "attributes": pairs({"patient.id": "77"})}])))
    no("nobody-mentions-link", "nobody, and a person at a link of the span", "bad-subject", "links: a person is mentioned",
       request(span(none, links=[{"traceId": TRACE, "spanId": SPAN, "attributes": pairs({"patient.id": "77"})}])))
    no("nobody-mentions-body", "nobody, and a person in the text", "bad-subject", "body: a person is mentioned",
       request(log(attributes(dpl__core__data_subject_id="<none>"), body={"stringValue": "opslag 010170-1234"}), span=False))


def times_and_outcomes():
    ok("log", "a log record; its time as a number", [BSN], request(log(), span=False), LOG)
    ok("log-observed", "when it was observed stands in for when it was", [BSN],
       request(log(timeUnixNano="0", observedTimeUnixNano=str(AT)), span=False), LOG)
    ok("log-event-name", "the name of the event is told rather than the text", [BSN],
       request(log(eventName="tonenDossier", traceId=TRACE), span=False), {"source": {"format": "otlp-log"}, "trace": TRACE.lower()})
    ok("log-event-attribute", "the same as an attribute", [BSN],
       request(log(attributes(event__name="tonenDossier")), span=False), {**LOG, "activity": "tonenDossier"})
    ok("log-error", "severity of an error", [BSN], request(log(severityNumber=17), span=False), {**LOG, "outcome": "failed"})
    ok("span-end", "start and end", [BSN], request(span(endTimeUnixNano=str(AT + 1000))), {"end_time": "2026-11-20T10:00:00.123457789Z"})
    ok("span-ok", "a status that says that it is well", [BSN], request(span(status={"code": 1})))
    ok("span-no-status", "no status", [BSN], request(span(status=None)))
    ok("span-error", "a status that says that it failed", [BSN], request(span(status={"code": 2})), {"outcome": "failed"})
    ok("span-denied", "a status whose text says that it was refused", [BSN], request(span(status={"code": 2, "message": "Access denied"})),
       {"outcome": "denied"})
    ok("http-forbidden", "403, of which a server's span says nothing", [BSN], request(span(attributes(http__response__status_code=403))),
       {"outcome": "denied"})
    ok("http-older", "403 by the older name", [BSN], request(span(attributes(http__status_code=403))), {"outcome": "denied"})
    ok("http-not-found", "404 is an answer", [BSN], request(span(attributes(http__response__status_code=404))))
    ok("http-error", "a server's error", [BSN], request(span(attributes(http__response__status_code=503))), {"outcome": "failed"})
    ok("action-code", "a name that is a code of NEN 7513's", [BSN], request(span(name="R")), {"action": "read", "activity": "R"})
    no("time-missing", "no time", "missing-field", "time: required", request(span(startTimeUnixNano="0")))
    no("time-negative", "a time before 1970", "bad-value", "startTimeUnixNano", request(span(startTimeUnixNano="-1")))
    no("time-large", "a time after 2262", "bad-value", "startTimeUnixNano", request(span(startTimeUnixNano="18446744073709551615")))
    no("time-fraction", "a time with a fraction", "bad-value", "startTimeUnixNano", request(span(startTimeUnixNano=1.5)))
    no("status-name", "a status by its name, which OTLP forbids", "bad-value", "code", request(span(status={"code": "STATUS_CODE_ERROR"})))
    no("status-unknown", "a status that there is not", "bad-value", "status.code", request(span(status={"code": 3})))
    no("trace-short", "an id with too few digits", "bad-value", "traceId", request(span(traceId="5b8e")))
    ok("trace-zero", "an id of zeros is none", [BSN], request(span(traceId="0" * 32, spanId="0" * 16)), {"trace": None})


def people():
    human = {"kind": "human", "id": "jensen", "role": "unspecified"}
    ok("user", "who acted by OpenTelemetry's conventions", [BSN],
       request(span(attributes(user__id="jensen", user__full_name="A. Jensen", user__roles=["behandelaar", "arts"], client__address="10.1.2.3",
                               session__id="s-7"))),
       {"actor": {"kind": "human", "id": "jensen", "name": "A. Jensen", "role": "behandelaar"}, "access_point": "10.1.2.3", "session": "s-7"})
    ok("user-older", "by the older ones", [BSN], request(span(attributes(enduser__id="jensen", enduser__role="arts"))),
       {"actor": {**human, "role": "arts"}})
    ok("user-registration", "the registration's role", [BSN], request(span(attributes(user__id="jensen"))), {"actor": {**human, "role": "medewerker"}},
       source=["role=medewerker"])
    ok("nen7513", "users and objects of the extension for healthcare", [BSN, "oid:2.16.840.1.113883.2.4.6.3:999990020"],
       request(span({**attributes(), "dpl.nen7513.users": [
           a_map(userID="app", roleIDCode="110150", userIsRequestor=False),
           a_map(userID="jensen", userName="A. Jensen", roleIDCode="arts", userIsRequestor=True, purposeOfUse="TREAT", networkAccessPointID="ws7")],
           "dpl.nen7513.participants": [a_map(participantObjectTypeCode=2, participantObjectTypeCodeRole=3, participantObjectID="doc-4"),
                                        a_map(participantObjectTypeCode=1, participantObjectTypeCodeRole=1, participantObjectID="999990020",
                                              participantObjectIDTypeCode="BSN")],
           "dpl.nen7513.toestemmingsProfiel": "T-1"}),
           resource={"nen7513.AuditSourceId": 42, "service.name": "epd"}),
       {"system": "42", "actor": {"kind": "human", "id": "jensen", "name": "A. Jensen", "role": "arts"}, "access_point": "ws7", "purpose": "TREAT",
        "consent": "T-1", "objects": ["110150: app", "doc-4"]})
    no("nen7513-patient", "a patient among the objects of whom nothing says who it is", "bad-subject", "dpl.nen7513.participants",
       request(span({**attributes(), "dpl.nen7513.participants": [
           a_map(participantObjectTypeCode=1, participantObjectTypeCodeRole=1, participantObjectID="77")]})))
    no("nen7513-users", "users that are no maps", "bad-value", "dpl.nen7513.users", request(span({**attributes(), "dpl.nen7513.users": "jensen"})))
    ok("foreign", "who asked from elsewhere", [BSN],
       request(span(attributes(dpl__core__foreign_operation__processor="https://gemeente.example"))),
       {"objects": ["dpl.core.foreign_operation.processor: https://gemeente.example"]})
    ok("no-activity", "whose data it was is said, and not what for", [BSN], request(span(attributes(dpl__core__processing_activity_id=None))),
       {"processing_activity": None})
    ok("service-unknown", "a name that an SDK gives itself is none", [BSN], request(span(), resource={"service.name": "unknown_service:java"}),
       {"system": "unspecified", "actor": {"kind": "system", "role": "unspecified"}})
    ok("service-registered", "a source that the registration knows", [BSN], request(span()),
       {"system": "Zaken", "actor": EVENT["actor"]}, source=["from=source:Zaaksysteem=cvr:55133018=Aarhus Kommune=Zaken"])


def forms():
    ok("null-members", "null is what is not there, as in all JSON of protobuf", [BSN],
       {"resourceLogs": None, "resourceSpans": [{"resource": None, "scopeSpans": [{"scope": None, "spans": [
           {**span(), "status": None, "spanId": None, "endTimeUnixNano": None,
            "attributes": pairs(attributes()) + [{"key": "user.id", "value": None}, {"key": "user.name", "value": {"stringValue": None}}]}]}]}]},
       {"system": "unspecified", "actor": {"kind": "system", "role": "unspecified"}, "trace": TRACE.lower()})
    no("null-subject", "a subject that is null is none", "missing-field", "dpl.core.data_subject_id: required",
       request(span(attributes(dpl__core__data_subject_id={"stringValue": None}))))
    ok("unknown-members", "members that OTLP does not have are passed over", [BSN], {**request(span(futureField={"x": 1})), "future": 1})
    ok("attribute-unknown-form", "a value of a form that is not known says nothing", [BSN],
       request(span({**attributes(), "user.id": {"stringRef": 4}})))
    twice = span()
    twice["attributes"] += pairs({"dpl.core.data_subject_id": "999990020"})
    no("attribute-twice", "a key that stands twice", "bad-value", "dpl.core.data_subject_id: stands twice", request(twice))
    no("attribute-two-values", "a value of two forms", "bad-value", "two values",
       request(span({**attributes(), "dpl.core.data_subject_id": {"stringValue": "999990019", "intValue": "7"}})))
    no("attribute-text", "a value that is no object", "bad-value", "must be an object",
       request(span(attributes=[{"key": "dpl.core.data_subject_id", "value": "999990019"}])))
    no("attributes-object", "attributes as an object", "bad-value", "attributes: must be a list", request(span(attributes={"a": 1})))
    two = request(span())
    two["resourceSpans"][0]["scopeSpans"][0]["spans"].append(span())
    no("two-records", "a message is one record", "bad-value", "spans: must be a list of one", two)
    no("metrics", "metrics", "missing-field", "resourceLogs or resourceSpans", {"resourceMetrics": []})
    for name, about, text in (("nan", "NaN is no JSON", '{"resourceSpans":[{"x":NaN}]}'), ("large", "a number that is none", '{"resourceSpans":[{"x":1e999}]}'),
                              ("surrogate", "half a surrogate pair", '{"resourceSpans":[{"x":"\\ud800"}]}'),
                              ("duplicate", "a member twice", '{"resourceSpans":[],"resourceSpans":[]}'), ("nul", "a NUL in a text", '{"resourceSpans":[{"x":"\\u0000"}]}'),
                              ("deep", "brackets without end", "[" * 5000), ("array", "an array", "[]")):
        write("otlp", "json-" + name, {"about": about, "format": "otlp", "message": text, "expect": "missing-field" if name == "array" else "bad-json"})


if __name__ == "__main__":
    subjects()
    times_and_outcomes()
    people()
    forms()
