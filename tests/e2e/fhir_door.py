#!/usr/bin/env python3
"""The door for FHIR, as its clients use it: what is taken is found under the right person, what is refused stands with the
refused ones and its answer names the element; Bundles; XML; gzip; TLS; what is hostile; HAPI's client.
usage: fhir_door.py INDSIGT GATEWAY [PART...]"""

import gzip
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import threading

import hapi
from certificates import Authority, NoOpenssl
from gateway import run, seen, shown
from indsigt import event, wait_until

FHIR = "application/fhir+json"


def audit(cpr, what, **more):
    """An AuditEvent of R4; `what` is what the citizen sees."""
    resource = {"resourceType": "AuditEvent", "type": {"system": "http://terminology.hl7.org/CodeSystem/audit-event-type", "code": "rest"},
                "subtype": [{"code": "read", "display": what}], "action": "R", "recorded": "2026-11-20T08:00:00.000Z", "outcome": "0",
                "agent": [{"who": {"identifier": {"system": "urn:oid:1.2.208.176.1.1", "value": "lund"}}, "name": "Dr. Lund", "requestor": True,
                           "role": [{"text": "doctor"}]}],
                "source": {"observer": {"display": "EPJ"}},
                "entity": [{"what": {"identifier": {"system": "urn:oid:1.2.208.176.1.2", "value": cpr}}, "role": {"code": "1"}}]}
    resource.update(more)
    return {name: value for name, value in resource.items() if value is not None}


def audit_r5(cpr, what):
    return {"resourceType": "AuditEvent", "category": [{"coding": [{"code": "rest"}]}], "code": {"coding": [{"code": "read", "display": what}]}, "action": "R",
            "recorded": "2026-11-20T08:00:00Z", "outcome": {"code": {"code": "success"}},
            "agent": [{"who": {"identifier": {"system": "urn:oid:1.2.208.176.1.1", "value": "lund"}}, "requestor": True, "role": [{"text": "doctor"}]}],
            "patient": {"identifier": {"system": "urn:oid:1.2.208.176.1.2", "value": cpr}}, "source": {"observer": {"display": "EPJ"}}}


def bundle(kind, *resources, request=True):
    entries = [{"resource": one, **({"request": {"method": "POST", "url": "AuditEvent"}} if request else {})} for one in resources]
    return {"resourceType": "Bundle", "type": kind, "entry": entries}


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.type = response.getheader("Content-Type")
        self.location = response.getheader("Location")
        self.body = response.read()
        self.json = json.loads(self.body) if self.body else None

    def issue(self):
        return self.json["issue"][0]

    def is_outcome(self):
        return self.type.startswith(FHIR) and self.json["resourceType"] == "OperationOutcome"


class Door:
    def __init__(self, ledger, key, program, *options, fhir="127.0.0.1:0"):
        self.key = key
        self.err = ledger.path("fhir.err")
        with open(self.err, "ab") as err:
            self.process = subprocess.Popen([program, "gateway", "--server", ledger.ingest, "--key", key, "--fhir", fhir, *options],
                                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=err, text=True)
        line = self.process.stdout.readline()
        if not line.startswith("listening "):
            raise RuntimeError("the gateway said %r; %s" % (line, self.said()))
        self.words = dict(word.split("=") for word in line.split()[1:])
        self.port = int(self.words["fhir"].rsplit(":", 1)[1])
        self.context = None

    def said(self):
        with open(self.err, encoding="utf-8") as file:
            return file.read()

    def ask(self, method, path, body=None, **headers):
        line = http.client.HTTPSConnection("localhost", self.port, timeout=240, context=self.context) if self.context else \
            http.client.HTTPConnection("127.0.0.1", self.port, timeout=240)
        try:
            line.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            return Answer(line.getresponse())
        finally:
            line.close()

    def post(self, resource, path="/fhir/AuditEvent", kind=FHIR, **headers):
        body = resource if isinstance(resource, (bytes, str)) else json.dumps(resource)
        return self.ask("POST", path, body.encode() if isinstance(body, str) else body, Content_Type=kind, **headers)

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        code = self.process.wait(240)
        self.process.stdout.close()
        return code

    def rejected(self):
        try:
            with open(self.key + ".spool/rejected.jsonl", encoding="utf-8") as file:
                return [json.loads(line) for line in file]
        except FileNotFoundError:
            return []

    def status(self):
        with open(self.key + ".spool/gateway.json", encoding="utf-8") as file:
            return json.load(file)


def basics(tap, ledger, program):
    key = ledger.add_sender("fhir-basics")
    door = Door(ledger, key, program)
    accept = "application/fhir+xml;q=1.0, application/fhir+json;q=1.0, application/xml+fhir;q=0.9, application/json+fhir;q=0.9"
    for path, wanted in (("/fhir/metadata", "4.0.1"), ("/fhir/metadata?_format=json", "4.0.1"), ("/fhir/R5/metadata", "5.0.0"), ("/fhir/R4B/metadata", "4.3.0")):
        answer = door.ask("GET", path, Accept=accept)
        tap.ok(answer.status == 200 and answer.type.startswith(FHIR) and answer.json["resourceType"] == "CapabilityStatement"
               and answer.json["fhirVersion"] == wanted, "%s: %s" % (path, wanted))
    tap.ok(door.ask("GET", "/fhir/metadata", Accept="application/fhir+json; fhirVersion=5.0").json["fhirVersion"] == "5.0.0", "or as Accept asks")
    answer = door.ask("GET", "/fhir/metadata", Accept="application/fhir+xml")
    tap.ok(answer.status == 406 and answer.is_outcome(), "XML is not answered: 406")
    first = audit("0101701301", "first")
    answer = door.post(first)
    tap.ok(answer.status == 201 and answer.body == b"" and answer.location.startswith("AuditEvent/") and "_history" not in answer.location,
           "a resource is taken: %s" % answer.location)
    name = answer.location
    answer = door.post(first, kind="application/fhir+json; charset=UTF-8", path="/fhir/AuditEvent?_format=json", Prefer="return=OperationOutcome")
    tap.ok(answer.status == 200 and answer.location == name and answer.is_outcome(), "given again it is the same, and says so: %s" % answer.json)
    answer = door.post(audit("0101701301", "second"), kind="application/json", Prefer="return=representation")
    tap.ok(answer.status == 201 and answer.json["resourceType"] == "AuditEvent" and answer.location == "AuditEvent/" + answer.json["id"] != name,
           "and comes back if it is wished for, with its id")
    answer = door.post(audit_r5("0101701301", "fifth"))
    tap.ok(answer.status == 201, "R5")
    tap.ok(seen(ledger, "cpr:0101701301", 3) == ["fifth", "first", "second"], "all are found, once")
    answer = door.post(audit("0101701301", "bad", agent=[{"who": "x"}]))
    tap.ok(answer.status == 422 and answer.is_outcome() and answer.issue()["expression"] == ["AuditEvent.agent[0].who"] and answer.issue()["code"] == "value",
           "what is wrong is named by FHIRPath: %s" % answer.json)
    answer = door.post(audit("0101701301", "bad", agent=None))
    tap.ok(answer.status == 422 and answer.issue()["code"] == "required" and answer.issue()["expression"] == ["AuditEvent.agent"], "what is missing too")
    answer = door.post(audit("0101701301", "bad", entity=[{"what": {"identifier": {"value": "4711"}}, "role": {"code": "1"}}]))
    tap.ok(answer.status == 422 and answer.issue()["expression"][0].startswith("AuditEvent.entity[0]") and "4711" not in answer.body.decode(),
           "nobody is guessed: %s" % answer.issue())
    answer = door.post('{"resourceType":"AuditEvent"')
    tap.ok(answer.status == 400 and answer.issue()["code"] == "structure", "no JSON: %s" % answer.issue())
    rows = door.rejected()
    tap.ok(len(rows) == 4 and all(row["format"] == "fhir" and row["input"] == "fhir" and row["reason"] for row in rows), "what is refused is kept: %d" % len(rows))
    tap.ok(door.stop() == 0, "a signal ends it in order")
    messages = door.status()["messages"]
    tap.ok(messages == {"read": 8, "taken": 3, "repeated": 0, "known": 1, "refused": 4, "about_nobody": 0}, "its counts add up: %s" % messages)
    door = Door(ledger, key, program)
    answer = door.post(first)
    tap.ok(answer.status == 200 and answer.location == name, "after a start it is known by the same name")
    door.stop()


def requests(tap, ledger, program):
    """What is no post of FHIR is answered in FHIR's own words, and kept nowhere."""
    key = ledger.add_sender("fhir-requests")
    secret = ledger.path("fhir-token")
    with open(secret, "w", encoding="utf-8", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        file.write("0123456789abcdef\n")
    door = Door(ledger, key, program)
    one = audit("0101701302", "one")
    long = json.dumps(audit("0101701302", "long", text={"status": "generated", "div": "x" * 1048576}))
    answers = [(door.post(one, kind="text/plain"), 415), (door.post(one, kind="application/octet-stream"), 415), (door.post(one, Content_Encoding="br"), 415),
               (door.post(one, Content_Encoding="gzip"), 400), (door.post(""), 400), (door.post(one, path="/fhir/AuditEvent?identifier=x"), 400),
               (door.post(one, If_None_Exist="_id=1"), 501), (door.post(one, Host="ehr.example"), 403), (door.post(one, path="/fhir/Patient"), 404),
               (door.post(one, path="/elsewhere"), 404), (door.ask("GET", "/fhir/AuditEvent?patient=1"), 405), (door.ask("DELETE", "/fhir/AuditEvent"), 405),
               (door.ask("PUT", "/fhir/AuditEvent/1", b"{}", Content_Type=FHIR), 400), (door.ask("GET", "/fhir/AuditEvent/1"), 404), (door.post(long), 413),
               (door.post(gzip.compress(b" " * 200000000), Content_Encoding="gzip"), 413), (door.post(gzip.compress(b"{}") + b"x", Content_Encoding="gzip"), 400)]
    for answer, wanted in answers:
        tap.ok(answer.status == wanted and answer.is_outcome() and answer.issue()["diagnostics"], "%d: %s" % (answer.status, answer.issue()["diagnostics"]))
    astray = door.post(one, path="/elsewhere").issue()["diagnostics"]
    tap.ok("/fhir/AuditEvent" in astray, "who is astray is told where to post: %s" % astray)
    tap.ok(door.rejected() == [], "nothing of it is kept")
    answer = door.post(gzip.compress(json.dumps(one).encode()), Content_Encoding="gzip")
    tap.ok(answer.status == 201 and seen(ledger, "cpr:0101701302", 1) == ["one"], "gzip is taken")
    door.stop()
    door = Door(ledger, key, program, "--http-token", secret, "--fhir-base", "")
    tap.ok(door.ask("GET", "/metadata").status == 200, "metadata is everybody's, at another base too")
    tap.ok(door.post(one, path="/AuditEvent").status == 401, "with a token nobody else is taken from")
    tap.ok(door.post(one, path="/AuditEvent", Authorization="Bearer 0123456789abcdef").status == 200, "who has it is")
    door.stop()
    shared = Door(ledger, key, program, "--http", "127.0.0.1:0")
    tap.ok(shared.words["http"] == shared.words["fhir"], "both doors at one address")
    answer = shared.ask("POST", "/v1/events", event("cpr:0101701302", "event", id="fhir-1").encode(), Content_Type="application/json")
    tap.ok(answer.status == 201 and answer.json == {"taken": True, "events": 1}, "events there are answered as ever")
    answer = shared.ask("POST", "/v1/events", b"{}", Content_Type="application/json")
    tap.ok(answer.status == 422 and answer.type == "application/problem+json", "with problems")
    tap.ok(shared.post(one).status == 200 and shared.post({"resourceType": "AuditEvent"}).is_outcome(), "and FHIR with outcomes")
    shared.stop()


def bundles(tap, ledger, program):
    key = ledger.add_sender("fhir-bundles")
    door = Door(ledger, key, program)
    good = [audit("0101701303", "batch %d" % n) for n in range(3)]
    bad = audit("0101701303", "bad", recorded=None)
    answer = door.post(bundle("batch", good[0], bad, good[1], good[0]), path="/fhir")
    entries = [entry["response"] for entry in answer.json["entry"]]
    tap.ok(answer.status == 200 and answer.json["type"] == "batch-response" and [e["status"][:3] for e in entries] == ["201", "422", "201", "201"],
           "a batch, entry by entry: %s" % [e["status"] for e in entries])
    tap.ok(entries[1]["outcome"]["issue"][0]["severity"] == "error" and "location" not in entries[1] and entries[3]["location"] == entries[0]["location"] + "-2",
           "each has its own answer: %s" % entries[1]["outcome"])
    tap.ok(seen(ledger, "cpr:0101701303", 3) == ["batch 0", "batch 0", "batch 1"], "equal entries of one Bundle are so many accesses")
    answer = door.post(bundle("batch", good[0], good[1], good[0], good[2]), path="/fhir/")
    tap.ok([e["response"]["status"][:3] for e in answer.json["entry"]] == ["200", "200", "200", "201"], "given again only what is new is taken")
    answer = door.post(bundle("collection", audit("0101701303", "collected"), request=False), path="/fhir")
    tap.ok(answer.json["entry"][0]["response"]["status"] == "201 Created", "a collection")
    rows = len(door.rejected())
    other = bundle("batch", *good)
    other["entry"][0]["request"]["method"] = "PUT"
    other["entry"][1]["request"]["url"] = "Patient"
    other["entry"][2]["request"]["ifNoneExist"] = "x"
    other["entry"].append({"resource": {"resourceType": "Patient"}, "request": {"method": "POST", "url": "AuditEvent"}})
    other["entry"].append({"resource": good[0]})
    answer = door.post(other, path="/fhir")
    tap.ok([e["response"]["status"][:3] for e in answer.json["entry"]] == ["405", "405", "501", "422", "422"], "what else may be asked for is not done: %s" %
           [e["response"]["outcome"]["issue"][0]["diagnostics"] for e in answer.json["entry"]])
    tap.ok(len(door.rejected()) == rows + 5, "and stands with the refused ones")
    for wrong, status in ((bundle("history", good[0]), 422), (good[0], 422), ({"resourceType": "Bundle"}, 422), ("[]", 422), ("{", 400)):
        answer = door.post(wrong, path="/fhir")
        tap.ok(answer.status == status and answer.is_outcome(), "no such Bundle: %s" % answer.issue()["diagnostics"])
    answer = door.post(bundle("batch"), path="/fhir")
    tap.ok(answer.status == 200 and "entry" not in answer.json, "an empty one")
    answer = door.post(bundle("batch", audit("0101701303", "wished")), path="/fhir", Prefer="return=representation")
    tap.ok(answer.json["entry"][0]["response"]["location"] == "AuditEvent/" + answer.json["entry"][0]["resource"]["id"], "with what was wished for")
    door.stop()


def transactions(tap, ledger, program):
    """All or nothing."""
    key = ledger.add_sender("fhir-transactions")
    door = Door(ledger, key, program)
    good = [audit("0101701304", "part %d" % n) for n in range(3)]
    wrong = [audit("0101701304", "bad", agent=[{"who": 1}]), audit("0101701304", "bad", recorded=None)]
    answer = door.post(bundle("transaction", good[0], wrong[0], good[1], wrong[1]), path="/fhir")
    places = [issue.get("expression", [""])[0] for issue in answer.json["issue"]]
    tap.ok(answer.status == 422 and answer.is_outcome() and places[0] == "Bundle.entry[1].resource.agent[0].who" and len(places) == 2,
           "one that is wrong refuses all, and all that is wrong is named: %s" % answer.json["issue"])
    rows = door.rejected()
    tap.ok(len(rows) == 1 and json.loads(rows[0]["message"])["type"] == "transaction", "it is kept as one")
    answer = door.post(bundle("transaction", good[0], wrong[0]), path="/fhir")
    tap.ok(answer.status == 422 and answer.is_outcome() and len(answer.json["issue"]) == 1, "one that cannot be read at all refuses all, too")
    whole = bundle("transaction", *good)
    answer = door.post(whole, path="/fhir")
    tap.ok(answer.status == 200 and answer.json["type"] == "transaction-response" and [e["response"]["status"] for e in answer.json["entry"]] == ["201 Created"] * 3,
           "all good: all are taken")
    for n, entry in enumerate(whole["entry"]):
        entry["fullUrl"] = "urn:uuid:0fb4c7d8-0000-4000-8000-%012d" % n
    again = door.post(whole, path="/fhir")
    tap.ok([e["response"]["status"] for e in again.json["entry"]] == ["200 OK"] * 3
           and [e["response"]["location"] for e in again.json["entry"]] == [e["response"]["location"] for e in answer.json["entry"]], "once")
    tap.ok(seen(ledger, "cpr:0101701304", 3) == ["part 0", "part 1", "part 2"], "and are found: nothing of the refused one")
    other = bundle("transaction", good[0])
    other["entry"][0]["request"]["method"] = "DELETE"
    answer = door.post(other, path="/fhir")
    tap.ok(answer.status == 405 and answer.issue()["expression"] == ["Bundle.entry[0].request.method"], "nothing is deleted: %s" % answer.json)
    answer = door.post(bundle("transaction", good[1]), path="/fhir")
    tap.ok(answer.json["entry"][0]["response"]["status"] == "201 Created" and door.post(good[1]).status == 200, "one alone is the same as if it came alone")
    nobody = audit("0101701304", "nobody", entity=[{"what": {"reference": "Device/1", "type": "Device"}, "type": {"code": "2"}, "role": {"code": "4"}}])
    answer = door.post(bundle("transaction", good[0], nobody), path="/fhir")
    tap.ok(answer.status == 422 and "not both" in answer.issue()["diagnostics"], "what cannot stand together in the ledger is no transaction: %s" % answer.issue())
    many = json.dumps(bundle("transaction", *[{"resourceType": "AuditEvent"}] * 4097))
    answer = door.post(many, path="/fhir")
    tap.ok(answer.status == 413 and answer.issue()["code"] == "too-long", "one that does not fit: %s" % answer.issue())
    before = len(seen(ledger, "cpr:0101701304", 4))
    answer = door.post(bundle("transaction"), path="/fhir")
    tap.ok(answer.status == 200 and "entry" not in answer.json, "an empty one")
    door.stop()
    tap.ok(len(shown(ledger, "cpr:0101701304")) == before == 4, "nothing of what was refused is there")
    path = ledger.path("again.json")
    with open(path, "w", encoding="utf-8") as file:
        file.write(json.dumps(good[1]) + "\n" + json.dumps(audit("0101701304", "of a file")) + "\n")
    result = ledger.result("send", "--format", "fhir", "--server", ledger.ingest, "--key", key, path)
    tap.ok(len(result.stdout.splitlines()) == 1 and json.loads(result.stdout)["batch"]["count"] == 1, "what the door took a file does not bring again")


def validate(tap, ledger, program):
    key = ledger.add_sender("fhir-validate")
    door = Door(ledger, key, program)
    path = "/fhir/AuditEvent/$validate"
    good = audit("0101701305", "only looked at")
    answer = door.post(good, path=path)
    tap.ok(answer.status == 200 and answer.is_outcome() and answer.issue()["severity"] == "information", "a good one: %s" % answer.json)
    answer = door.post({"resourceType": "Parameters", "parameter": [{"name": "mode", "valueCode": "create"}, {"name": "resource", "resource": good}]}, path=path)
    tap.ok(answer.status == 200 and answer.issue()["severity"] == "information", "within Parameters")
    for wrong, place in ((audit("0101701305", "x", agent=[{"who": 1}]), ["AuditEvent.agent[0].who"]), (audit("0101701305", "x" * 2000), None), ("{", None)):
        answer = door.post(wrong, path=path)
        tap.ok(answer.status == 200 and answer.issue()["severity"] == "error" and answer.issue().get("expression") == place, "a bad one: %s" % answer.issue())
    door.post(audit("0101701306", "real"))
    seen(ledger, "cpr:0101701306", 1)
    tap.ok(shown(ledger, "cpr:0101701305") == [] and door.rejected() == [], "nothing is taken, and nothing kept")
    door.stop()
    tap.ok(door.status()["messages"]["read"] == 1, "or counted")


XML = """<?xml version="1.0" encoding="UTF-8"?>
<AuditEvent xmlns="http://hl7.org/fhir"><text><status value="generated"/><div xmlns="http://www.w3.org/1999/xhtml"><p>One <b>access</b></p></div></text>
<contained><Device><id value="d"/><identifier><system value="urn:oid:1.2.3"/><value value="EPJ-1"/></identifier><deviceName><name value="EPJ"/></deviceName></Device></contained>
<type><system value="http://terminology.hl7.org/CodeSystem/audit-event-type"/><code value="rest"/></type>
<subtype><code value="read"/><display value="%s"/></subtype><action value="R"/><recorded value="2026-11-20T08:00:00.000Z"/><outcome value="0"/>
<agent><role><text value="doctor"/></role><who><identifier><system value="urn:oid:1.2.208.176.1.1"/><value value="lund"/></identifier></who>
<name value="Dr. Lund"/><requestor value="true"/></agent><source><observer><reference value="#d"/></observer></source>
<entity><what><identifier><system value="urn:oid:1.2.208.176.1.2"/><value value="%s"/></identifier></what><role><code value="1"/></role></entity></AuditEvent>"""


def xml(tap, ledger, program):
    key = ledger.add_sender("fhir-xml")
    door = Door(ledger, key, program)
    kind = "application/fhir+xml; charset=UTF-8"
    answer = door.post(XML % ("in XML", "0101701307"), kind=kind)
    tap.ok(answer.status == 201, "XML is taken: %s" % answer.json)
    answer = door.post(XML % ("in XML", "0101701307"), kind="application/xml")
    tap.ok(answer.status == 200, "and known when it comes again")
    inner = (XML % ("in a Bundle", "0101701307")).split("\n", 1)[1]
    answer = door.post('<Bundle xmlns="http://hl7.org/fhir"><type value="transaction"/><entry><resource>%s</resource><request><method value="POST"/>'
                       '<url value="AuditEvent"/></request></entry></Bundle>' % inner, path="/fhir", kind=kind)
    tap.ok(answer.status == 200 and answer.json["entry"][0]["response"]["status"] == "201 Created", "a Bundle in XML: %s" % answer.json)
    tap.ok(seen(ledger, "cpr:0101701307", 2) == ["in XML", "in a Bundle"], "both are found")
    answer = door.post((XML % ("x", "0101701307")).replace("<agent>", "<agent><who><display value='x'/></who>"), kind=kind)
    tap.ok(answer.status == 422 and "twice" in answer.issue()["diagnostics"], "what stands twice: %s" % answer.issue())
    answer = door.post((XML % ("x", "0101701307")).replace('value="true"', 'value="maybe"'), kind=kind)
    tap.ok(answer.status == 422 and answer.issue()["expression"] == ["AuditEvent.agent[0].requestor"], "a value that is none: %s" % answer.issue())
    rows = door.rejected()
    tap.ok(rows[0]["message"].startswith("<?xml") and json.loads(rows[1]["message"])["resourceType"] == "AuditEvent", "what could be read is kept as JSON")
    door.stop()


def hostile(tap, ledger, program):
    """Refused at once, in bounded memory, and the door stands open behind it."""
    key = ledger.add_sender("fhir-hostile")
    door = Door(ledger, key, program)
    good = json.dumps(audit("0101701308", "x"))
    laughs = '<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa">%s]><AuditEvent xmlns="http://hl7.org/fhir"><id value="&z;"/></AuditEvent>' % "".join(
        '<!ENTITY %s "%s">' % (chr(98 + n), ("&%s;" % chr(97 + n)) * 10) for n in range(25))
    cases = {"nested arrays": ("[" * 500000, FHIR), "nested objects": ('{"a":' * 200000, FHIR), "a name twice": (good[:-1] + ',"action":"R"}', FHIR),
             "a lone surrogate": (good.replace("Dr. Lund", "\\ud800"), FHIR), "NaN": (good[:-1] + ',"x":NaN}', FHIR), "1e999": (good[:-1] + ',"x":1e999}', FHIR),
             "a NUL": (good.replace("Dr. Lund", "a\\u0000b"), FHIR), "not UTF-8": (good.encode().replace(b"Dr. Lund", b"\xff\xfe"), FHIR),
             "null": (good[:-1] + ',"patient":null}', FHIR), "deep extensions": (good[:-1] + ',"extension":' + '[{"extension":' * 100 + "[]" + "}]" * 100 + "}", FHIR),
             "billion laughs": (laughs, "application/fhir+xml"), "an external entity": (
                 '<!DOCTYPE a SYSTEM "file:///etc/passwd"><AuditEvent/>', "application/fhir+xml"), "deep XML": ("<a>" * 100000, "application/fhir+xml"),
             "a huge attribute": ('<AuditEvent xmlns="http://hl7.org/fhir"><id value="%s"/></AuditEvent>' % ("x" * 900000), "application/fhir+xml"),
             "many elements": ("<AuditEvent>" + "<a/>" * 200000 + "</AuditEvent>", "application/fhir+xml")}
    for path in ("/fhir/AuditEvent", "/fhir", "/fhir/AuditEvent/$validate"):
        for name, (body, kind) in cases.items():
            answer = door.post(body, path=path, kind=kind)
            wanted = (200,) if path.endswith("validate") else (400, 413, 422)
            tap.ok(answer.status in wanted and answer.is_outcome() and answer.issue()["severity"] == "error", "%s to %s: %d %s" % (
                name, path, answer.status, answer.issue()["diagnostics"]))
    with socket.create_connection(("127.0.0.1", door.port), timeout=240) as line:
        line.sendall(b"POST /fhir/AuditEvent HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/fhir+json\r\nContent-Length: 1000000000000\r\n\r\n")
        said = line.recv(4096)
        tap.ok(said == b"" or b" 413 " in said, "a length of 10^12 is not waited for")
    with open("/proc/%d/status" % door.process.pid, encoding="ascii") as file:
        peak = int(next(line.split()[1] for line in file if line.startswith("VmHWM")))
    tap.ok(peak < (800000 if os.environ.get("INDSIGT_SHORT") else 200000), "memory at most: %d kB" % peak)
    tap.ok(door.post(good).status == 201, "the door is open")
    tap.ok(door.stop() == 0, "and ends in order")


def chunks(tap, ledger, program):
    """Clients that do not know how long their body will be."""
    door = Door(ledger, ledger.add_sender("fhir-chunks"), program)
    head = b"POST /fhir/AuditEvent HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/fhir+json\r\n"

    def said(headers, body):
        with socket.create_connection(("127.0.0.1", door.port), timeout=240) as line:
            line.sendall(head + headers + b"\r\n" + body)
            answer = b""
            while part := line.recv(65536):
                answer += part
            return answer

    def chunked(name):
        text = json.dumps(audit("0101701390", name)).encode()
        return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (text[:7], text[7:500], text[500:])) + b"0\r\n\r\n"

    one = b"Transfer-Encoding: chunked\r\n"
    answer = said(one, chunked("in chunks"))
    tap.ok(answer.startswith(b"HTTP/1.1 201") and b"Connection: close" in answer, "a body in chunks is taken, and the connection ends: %s" % answer[:200])
    answer = said(one, chunked("first") + head + one + b"\r\n" + chunked("behind it"))
    tap.ok(answer.count(b"HTTP/1.1 ") == 1 and answer.startswith(b"HTTP/1.1 201"), "what stands behind one is nobody's request")
    for headers, why in ((one + one, "twice"), (one + b"Content-Length: 10\r\n", "beside a length"), (b"Content-Length: 10\r\n" + one, "behind a length"),
                         (b"Transfer-Encoding: gzip, chunked\r\n", "with another coding"), (b"Transfer-Encoding : chunked\r\n", "with a blank")):
        answer = said(headers, chunked("not taken"))
        tap.ok(answer.startswith(b"HTTP/1.1 400") and answer.count(b"HTTP/1.1 ") == 1, "chunks %s are refused: %s" % (why, answer[:30]))
    tap.ok(b" 413 " in said(one, b"%x\r\n" % (1 << 40)), "a chunk of 2^40 is not waited for")
    tap.ok(seen(ledger, "cpr:0101701390", 2) == ["first", "in chunks"], "what was taken is there, and nothing else")
    tap.ok(door.stop() == 0, "it ends in order")


def secure(tap, ledger, program):
    try:
        authority = Authority(ledger.path("fhir-ca"))
    except NoOpenssl as why:
        tap.skip("FHIR by TLS", why)
        return
    server, good = authority.issue("server"), authority.issue("good")
    stranger = Authority(ledger.path("fhir-other")).issue("stranger")
    tls = ("--fhir-cert", server.certificate, "--fhir-key", server.key)

    def context(pair):
        made = ssl.create_default_context(cafile=authority.certificate)
        if pair:
            made.load_cert_chain(pair.certificate, pair.key)
        return made

    def attempt(door, pair, resource):
        door.context = context(pair)
        try:
            return door.post(resource).status
        except (ssl.SSLError, ConnectionError, http.client.HTTPException):
            return None

    door = Door(ledger, ledger.add_sender("fhir-secure"), program, *tls, "--client-ca", authority.certificate, fhir="0.0.0.0:0")
    tap.ok(attempt(door, good, audit("0101701309", "let in")) == 201, "a certificate of the authority is let in")
    for pair, what in ((None, "none"), (stranger, "a stranger's")):
        tap.ok(attempt(door, pair, audit("0101701309", what)) is None, "%s is not" % what)
    door.context = context(good)
    door.process.send_signal(signal.SIGHUP)
    wait_until(lambda: door.post(audit("0101701309", "let in")).status == 200 and "read anew" in door.said(), "the certificate is read anew")
    door.stop()
    held = subprocess.run("openssl x509 -in %s -pubkey -noout | openssl pkey -pubin -outform DER | sha256sum" % good.certificate, shell=True,
                          capture_output=True, text=True, check=True).stdout.split()[0]
    key = ledger.add_sender("fhir-registered", "cvr:55133018", "--policy", "from=certificate:%s=cvr:55133018=Aarhus Kommune=Laboratoriet" % held)
    door = Door(ledger, key, program, *tls, fhir="0.0.0.0:0")
    tap.ok(attempt(door, good, audit("0101701310", "registered", source={"observer": {"display": "LAB"}})) == 201, "a key that the registration names")
    for pair, what in ((None, "none"), (stranger, "another")):
        tap.ok(attempt(door, pair, audit("0101701310", what)) == 403, "%s: 403" % what)
    door.context = context(None)
    tap.ok(door.post("<", kind="text/plain").status == 403 and door.ask("GET", "/fhir/metadata").status == 200,
           "of who shows none nothing is looked at; the metadata is everybody's")
    seen(ledger, "cpr:0101701310", 1)
    tap.ok([access.get("event", access)["system"] for access in ledger.who("cpr:0101701310")["accesses"]] == ["Laboratoriet"], "which says which system it is")
    tap.ok("0101701310" not in door.said(), "nobody's number is in what it says")
    door.stop()


def durable(tap, ledger, program):
    """What was answered is there, whatever happens then."""
    key = ledger.add_sender("fhir-durable")
    door = Door(ledger, key, program)
    statuses = []

    def give(turn):
        for n in range(10):
            statuses.append(door.post(audit("0101701311", "%d-%d" % (turn, n))).status)
    threads = [threading.Thread(target=give, args=(turn,)) for turn in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    door.stop(signal.SIGKILL)
    tap.ok(statuses == [201] * 80, "eighty at once")
    door = Door(ledger, key, program)
    tap.ok(len(seen(ledger, "cpr:0101701311", 80)) == 80, "all are found after a kill")
    tap.ok(door.post(audit("0101701311", "3-3")).status == 200, "and known")
    door.stop()


def usage(tap, ledger, program):
    key = ledger.add_sender("fhir-usage")
    for options, word in ((["--fhir", "0.0.0.0:0"], "--fhir-cert"), (["--fhir", "127.0.0.1:0", "--fhir-cert", "x"], "--fhir-key"),
                          (["--fhir", "127.0.0.1:0", "--fhir-base", "fhir"], "--fhir-base"), (["--fhir", "127.0.0.1:0", "--client-ca", "x"], "--fhir-cert"),
                          (["--fhir", "127.0.0.1:0", "--http", "127.0.0.1:0", "--fhir-cert", "x", "--fhir-key", "y"], "address of its own"),
                          (["--http", "127.0.0.1:0", "--fhir-base", "/x"], "--fhir")):
        result = subprocess.run([program, "gateway", "--server", ledger.ingest, "--key", key, *options], capture_output=True, text=True, timeout=240, check=False)
        tap.ok(result.returncode != 0 and word in result.stderr, "%s: %s" % (" ".join(options), result.stderr.strip().splitlines()[-1] if result.stderr else ""))


def curl(tap, ledger, program):
    """As README.md has it."""
    if shutil.which("curl") is None:
        tap.skip("curl", "it is not here")
        return
    door = Door(ledger, ledger.add_sender("fhir-curl"), program)
    base = "http://127.0.0.1:%d/fhir" % door.port
    sample = os.path.join(os.environ.get("INDSIGT_SOURCE", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")), "tests/samples/fhir/%s.json")
    for name in ("read-r4", "create-r5", "nobody-r4"):
        result = subprocess.run(["curl", "-si", "--data-binary", "@" + sample % name, "-H", "Content-Type: application/fhir+json", base + "/AuditEvent"],
                                capture_output=True, text=True, timeout=240, check=False)
        tap.ok(result.stdout.startswith("HTTP/1.1 201 Created") and "\nLocation: AuditEvent/" in result.stdout, "curl posts %s: %s" % (name, result.stdout.splitlines()[:1]))
    result = subprocess.run(["curl", "-s", "-H", "Expect: 100-continue", "--compressed", base + "/metadata"], capture_output=True, text=True, timeout=240, check=False)
    tap.ok(json.loads(result.stdout)["resourceType"] == "CapabilityStatement", "and asks for the metadata")
    door.stop()


def clients(tap, ledger, program):
    """HAPI's client, which asks for the metadata first, and takes the id from Location."""
    curl(tap, ledger, program)
    try:
        client = hapi.Client(ledger.path("hapi"))
    except hapi.NotHere as why:
        tap.skip("HAPI's client", why)
        return
    door = Door(ledger, ledger.add_sender("fhir-hapi"), program)
    for version, make in (("R4", audit), ("R5", audit_r5)):
        base = "http://127.0.0.1:%d/fhir%s" % (door.port, "" if version == "R4" else "/R5")
        cpr = "01017013%s" % ("20" if version == "R4" else "21")
        bad = make(cpr, "bad")
        del bad["agent"][0]["who"], bad["recorded"]
        said = client.run(version, base, one=make(cpr, "one"), two=make(cpr, "two"), bad=bad,
                          bundle=bundle("transaction", make(cpr, "three"), make(cpr, "four")))
        tap.ok(said.get("created", "").startswith("AuditEvent/") and "_history" not in said["created"], "%s: create: %s" % (version, said))
        tap.ok(said.get("xml", "").startswith("AuditEvent/"), "%s: create in XML: %s" % (version, said.get("xml")))
        tap.ok(said.get("validate") == "information", "%s: validate: %s" % (version, said.get("validate")))
        tap.ok(said.get("transaction") == "201 Created 201 Created", "%s: transaction, in gzip: %s" % (version, said.get("transaction")))
        tap.ok(said.get("refused") == "422 AuditEvent.recorded", "%s: a refusal is told with the element: %s" % (version, said.get("refused")))
        tap.ok(seen(ledger, "cpr:" + cpr, 4) == ["four", "one", "three", "two"], "%s: all are found" % version)
    door.stop()


if __name__ == "__main__":
    run(basics, requests, bundles, transactions, validate, xml, hostile, chunks, secure, durable, usage, clients)
