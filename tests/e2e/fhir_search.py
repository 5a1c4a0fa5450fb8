#!/usr/bin/env python3
"""Searches for events in FHIR over HTTP: what matches, in which order, page by page while events come; what is withheld and
erased; who may ask about whom, on record; forms, formats, refusals; by HAPI's client where there is Java, and judged by
fhir.resources where that is.
(FHQ-1, FHQ-2, FHQ-3, FHQ-4, FHQ-7, FHQ-8, FHQ-9, FHQ-10, FHQ-11, FHQ-12, FHQ-13, FHQ-14, FHQ-15, FHQ-16)"""

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.parse

from indsigt import Ledger, Tap, event, wait_until

HERE = os.path.dirname(os.path.abspath(__file__))
ANNA, BO, STAFF = "cpr:0101701234", "cpr:0202702345", "oid:1.2.3:anna"
ANNAS, BOS = "urn:oid:1.2.208.176.1.2|0101701234", "urn:oid:1.2.208.176.1.2|0202702345"
OWN, OTHER = "cvr:55133018", "cvr:29190925"
EVENTS = "/fhir/AuditEvent"


class Asker:
    def __init__(self, ledger):
        self.ledger = ledger
        self.tokens = {}

    def token(self, role, who):
        if (role, who) not in self.tokens:
            org = ["--org", OWN] if role == "authority" else []
            self.tokens[role, who] = self.ledger.run("token", self.ledger.dir, who, "--role", role, *org).strip()
        return self.tokens[role, who]

    def ask(self, path=EVENTS, role="subject", who=ANNA, method="GET", body=None, **headers):
        """(status, headers, JSON)"""
        if role:
            headers["Authorization"] = "Bearer " + self.token(role, who)
        if role == "supervisor":
            headers["Indsigt-Case"] = "2026-17"
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection(self.ledger.query, timeout=60)
        connection.request(method, path, body=body, headers=headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, answer.headers, json.loads(text) if text else None

    def search(self, role="subject", who=ANNA, **parameters):
        """(the bundle, activities of what matched)"""
        named = {name.replace("__", "."): value for name, value in parameters.items()}
        status, _, bundle = self.ask(EVENTS + "?" + urllib.parse.urlencode(named, doseq=True), role, who)
        return bundle, activities(bundle) if status == 200 else status

    def walk(self, query):
        """Activities, page by page."""
        path, pages = EVENTS + "?" + query, []
        while path:
            status, _, bundle = self.ask(path)
            if status != 200:
                return status
            pages.append(activities(bundle))
            path = link(bundle, "next")
            yield pages[-1]
        return None


def matches(bundle):
    return [entry["resource"] for entry in bundle["entry"] if entry["search"]["mode"] == "match"]


def activities(bundle):
    return [match["subtype"][1]["display"] for match in matches(bundle)]


def issues(bundle):
    outcomes = [entry["resource"] for entry in bundle["entry"] if entry["search"]["mode"] == "outcome"]
    return [issue for outcome in outcomes for issue in outcome["issue"]]


def link(bundle, relation):
    """Without the server, or None."""
    urls = [one["url"] for one in bundle["link"] if one["relation"] == relation]
    return urls[0][urls[0].index("/fhir"):] if urls else None


def sent(ledger, key, *lines):
    ledger.run("send", "--server", ledger.ingest, "--key", key, "--again", stdin="\n".join(lines) + "\n")


def matching(tap, asker):
    """FHQ-7, FHQ-8"""
    every = ["Udlevering", "Nægtet", "Søgning", "Opslag 2", "Opslag 1", "Opslag 0"]
    cases = [({}, every), ({"action": "R"}, ["Udlevering", "Nægtet", "Opslag 2", "Opslag 1", "Opslag 0"]),
             ({"action": "E,D"}, ["Søgning"]), ({"action": ["R", "E"]}, []), ({"action:not": "R"}, ["Søgning"]),
             ({"outcome": "4"}, ["Nægtet"]), ({"date": "2026-11-21"}, ["Opslag 1"]), ({"date": "ge2026-11-21"}, every[:5]),
             ({"date": ["gt2026-11-20", "lt2026-11-22"]}, ["Opslag 1"]), ({"date": "sa2026-11-21"}, every[:4]),
             ({"date": "eb2026-11-21T08:15:30Z"}, ["Opslag 0"]), ({"date": "ne2026-11-21"}, every[:4] + ["Opslag 0"]),
             ({"date": "le2026-11-21T09:15:30+01:00"}, ["Opslag 1", "Opslag 0"]),
             ({"agent__identifier": "https://indsigt.example/fhir/NamingSystem/organisation|" + OTHER}, ["Udlevering"]),
             ({"agent:identifier": "cvr:29190925"}, ["Udlevering"]), ({"agent-name": "region"}, ["Udlevering"]),
             ({"agent-name:contains": "LAND"}, ["Udlevering"]), ({"agent-role:missing": "true"}, []),
             ({"source__identifier": "EPJ"}, ["Udlevering"]), ({"entity-type": "2", "subtype": "disclose"}, ["Udlevering"]),
             ({"entity-role": "24"}, ["Søgning"]), ({"type": "rest"}, every[1:]), ({"agent-name": "Jensen"}, []),
             ({"patient.identifier": ANNAS}, every), ({"patient:identifier": "1.2.208.176.1.2|010170-1234"}, every),
             ({"_lastUpdated": "gt2020"}, every), ({"_lastUpdated": "lt2020"}, []), ({"_summary": "false", "_format": "json"}, every)]
    for parameters, wanted in cases:
        bundle, got = asker.search(**parameters)
        tap.ok(got == wanted and bundle.get("total") == len(wanted), "%s: %s" % (parameters, got))
    bundle, got = asker.search(_summary="count", action="R")
    tap.ok(bundle["total"] == 5 and got == [], "how many there are, and none of them")
    bundle, _ = asker.search(_count=0)
    tap.ok(bundle["total"] == 6 and not matches(bundle), "a count of 0 asks the same")


def sorting(tap, asker):
    """FHQ-11"""
    by_date = ["Opslag 0", "Opslag 1", "Opslag 2", "Søgning", "Nægtet", "Udlevering"]
    orders = {"date": by_date, "-date": by_date[::-1], "_lastUpdated": by_date, "-_lastUpdated": by_date[::-1]}
    for order, wanted in orders.items():
        pages = list(asker.walk("_count=2&_sort=" + order))
        tap.ok(sum(pages, []) == wanted and len(pages) == 3, "_sort=%s: %s" % (order, pages))


def paging(tap, ledger, asker, key):
    """FHQ-12: what comes meanwhile moves nothing."""
    for query in ("_count=2", "_count=2&_sort=date", "_count=4&action=R"):
        before = asker.search(**dict(urllib.parse.parse_qsl(query.replace("_count=2", "_count=99").replace("_count=4", "_count=99"))))[1]
        got = []
        for page in asker.walk(query):
            got += page
            sent(ledger, key, event(BO, "Opslag"), event(ANNA, "Kommet til", time="2026-11-01T08:00:00Z"))
        tap.ok(got == before, "%s: each once while events come: %s" % (query, got))
    _, _, bundle = asker.ask(EVENTS + "?_count=1&patient.identifier=" + urllib.parse.quote(ANNAS))
    following = link(bundle, "next")
    tap.ok("0101701234" not in following and "patient" not in following, "a link that is followed names nobody")
    tap.ok("0101701234" in urllib.parse.unquote(link(bundle, "self")), "the link of the first page is what was asked")
    tap.ok(asker.ask(following, who=BO)[0] == 403, "it gives nobody else a right")
    unnamed = link(asker.ask(EVENTS + "?_count=1")[2], "next")
    tap.ok(asker.ask(unnamed)[0] == 200 and asker.ask(unnamed, who=BO)[0] == 403, "nor does one of a question that named nobody")
    tap.ok(asker.ask(following, role=None)[0] == 401, "nor nobody")
    tap.ok(asker.ask(following, Indsigt_Subject=BO)[0] == 400, "and is about one person")
    tap.ok(asker.ask(following + "&action=R")[0] == 400 and asker.ask(following[:-2])[0] == 400, "it stands alone, and whole")
    tap.ok(asker.ask(EVENTS + "?_count=1", Host="evil\"x")[0] == 400, "a Host that is none gets no links")


def beside(tap, asker):
    """FHQ-13"""
    bundle, _ = asker.search(action="C")
    said = issues(bundle)
    names = {one["url"].rsplit("/", 1)[1]: one for issue in said for one in issue["extension"]}
    tap.ok([issue["code"] for issue in said] == ["informational", "suppressed"] and bundle["total"] == 0, "what is withheld is said, whatever is asked for")
    tap.ok(names["withheld-until"]["valueInstant"] == "2099-01-01T00:00:00Z" and "Hemmeligt" not in json.dumps(bundle), "and until when, and no more")
    tap.ok("complete-until" in names, "and to what time this is all")
    index = names["index"]["valueString"]
    status, _, outcome = asker.ask(EVENTS + "/" + index)
    tap.ok(status == 403 and "withheld until 2099" in outcome["issue"][0]["diagnostics"], "alone it is refused, with the date")
    status, _, _ = asker.ask(EVENTS + "/" + index, who=BO)
    tap.ok(status == 404, "to others it is not there")


def single(tap, asker):
    """FHQ-14"""
    match = matches(asker.search(action="E")[0])[0]
    status, headers, one = asker.ask(EVENTS + "/" + match["id"])
    tap.ok(status == 200 and one == match and headers["Content-Type"] == "application/fhir+json; charset=utf-8" and headers["Cache-Control"] == "no-store",
           "one event alone is as in the bundle")
    for path in ("999999", "0", "x", "-1", "", "1/2"):
        status, _, outcome = asker.ask(EVENTS + "/" + path)
        tap.ok(status == 404 and outcome["resourceType"] == "OperationOutcome", "'%s' is not there: %d" % (path, status))
    tap.ok(asker.ask(EVENTS + "/" + match["id"], who=BO)[0] == 404, "nor for somebody else")
    for query in ("_count=1", "_sort=date", "_summary=count", "action=R"):
        tap.ok(asker.ask(EVENTS + "/" + match["id"] + "?" + query)[0] == 400, "one event takes no %s" % query)


def asking(tap, asker):
    """FHQ-1, FHQ-2, FHQ-3, FHQ-9, FHQ-10"""
    for path, status, code in ((EVENTS + "?foo=1", 400, "not-supported"), (EVENTS + "?date=x", 400, "invalid"), (EVENTS + "?agent=Device/1", 400, "not-supported"),
                               (EVENTS + "?_elements=id", 400, "not-supported"), (EVENTS + "?date:not=2026", 400, "not-supported"), ("/fhir/Patient", 404, "not-found"),
                               ("/fhir", 404, "not-found"), ("/fhir/", 404, "not-found"), (EVENTS + "?_format=xml", 406, "not-supported"),
                               (EVENTS + "?patient.identifier=0101701234", 400, "invalid")):
        got, headers, outcome = asker.ask(path)
        tap.ok(got == status and outcome["issue"][0]["code"] == code and headers["Content-Type"].startswith("application/fhir+json") and "01017" not in json.dumps(outcome),
               "%s: %d %s" % (path, got, outcome["issue"][0]["code"]))
    status, headers, outcome = asker.ask(EVENTS + "?foo=1", role=None)
    tap.ok(status == 401 and headers["WWW-Authenticate"].startswith("Bearer") and outcome["issue"][0]["code"] == "login", "who asks is told first")
    for method, path, allow in (("POST", EVENTS, "GET, HEAD"), ("POST", EVENTS + "/1", "GET, HEAD"), ("GET", EVENTS + "/_search", "POST"), ("DELETE", EVENTS, "GET, HEAD, POST")):
        status, headers, outcome = asker.ask(path, method=method, body="{}" if method == "POST" else None)
        tap.ok(status == 405 and headers["Allow"] == allow and outcome["resourceType"] == "OperationOutcome", "%s %s: %d" % (method, path, status))
    bundle = asker.ask(EVENTS + "?foo=1&action=E", Prefer="return=representation; handling=lenient")[2]
    tap.ok(len(matches(bundle)) == 1 and "not-supported" in [issue["code"] for issue in issues(bundle)] and link(bundle, "self").endswith("?action=E"), "on demand it is ignored, and said")
    hapi = "application/fhir+xml;q=1.0, application/fhir+json;q=1.0, application/xml+fhir;q=0.9, application/json+fhir;q=0.9"
    tap.ok([asker.ask(Accept=accept)[0] for accept in (hapi, "*/*", "application/json", "application/fhir+xml", "application/fhir+json; fhirVersion=5.0")] == [200, 200, 200, 406, 406], "formats")
    form = {"method": "POST", "body": urllib.parse.urlencode({"patient.identifier": ANNAS, "action": "E"}), "Content_Type": "application/x-www-form-urlencoded"}
    status, _, bundle = asker.ask(EVENTS + "/_search", **form)
    tap.ok(status == 200 and activities(bundle) == ["Søgning"], "a form asks the same: %d" % status)
    tap.ok(asker.ask(EVENTS + "/_search", **{**form, "Content_Type": "application/json"})[0] == 415, "and is a form")
    tap.ok(asker.ask(EVENTS + "/_search", **{**form, "body": "action=R\0&outcome=8"})[0] == 400, "nothing behind a NUL is left out")
    status, _, none = asker.ask(EVENTS, method="HEAD")
    tap.ok(status == 200 and none is None, "HEAD has no body")
    status, _, statement = asker.ask("/fhir/metadata", role=None, Accept=hapi)
    names = [one["name"] for one in statement["rest"][0]["resource"][0]["searchParam"]]
    tap.ok(status == 200 and statement["fhirVersion"] == "4.0.1" and {"patient.identifier", "date", "agent.identifier", "action", "outcome", "entity.identifier", "source.identifier"} <= set(names),
           "the statement is everybody's: %s" % names)
    values = {"date": "2026", "_lastUpdated": "2026", "patient.identifier": ANNAS}
    answers = [asker.ask(EVENTS + "?" + urllib.parse.urlencode({name: values.get(name, "x")}))[0] for name in names]
    tap.ok(answers == [200] * len(names), "and each parameter in it is taken: %s" % answers)


def roles(tap, asker):
    """FHQ-15, FHQ-16"""
    tap.ok(asker.search(patient__identifier=BOS)[1] == 403, "a person asks about nobody else")
    tap.ok(asker.search("auditor", STAFF, patient__identifier=ANNAS)[1] == 403, "an auditor asks about nobody")
    tap.ok(asker.search("supervisor", STAFF)[1] == 400, "a supervisor says about whom")
    tap.ok(asker.ask(EVENTS + "?patient.identifier=" + urllib.parse.quote(ANNAS), "supervisor", STAFF, Indsigt_Subject=BO)[0] == 400, "in one voice")
    before = len(asker.search(source__identifier="Indsigt")[1])
    bundle, got = asker.search("supervisor", STAFF, patient__identifier=ANNAS, action="E")
    tap.ok(got == ["Søgning"] and "A. Jensen" not in json.dumps(bundle), "a supervisor asks about anybody: %s" % got)
    got = asker.search("authority", STAFF, patient__identifier=ANNAS, action="R", source__identifier="EPJ,KSD")[1]
    tap.ok("Nægtet" in got and "Udlevering" not in got, "an authority sees its own: %s" % got)
    asker.ask(EVENTS + "?action=E", "supervisor", STAFF, Indsigt_Subject=ANNA)
    following = link(asker.ask(EVENTS + "?_count=1", "supervisor", STAFF, Indsigt_Subject=ANNA)[2], "next")
    tap.ok(asker.ask(following, "supervisor", STAFF)[0] == 200, "a link knows whom the header named")
    reads = asker.search(source__identifier="Indsigt")[1]
    tap.ok(len(reads) == before + 5 and set(reads) == {"Opslag i adgangsloggen"}, "each is on record: %s" % reads)
    tap.ok(asker.search("proxy", BO, patient__identifier=ANNAS)[1] == 403, "a proxy without a grant reads nothing")


# Of each action that has a profile: how the client and the server are called, and the role of the entity of type 2.
BALP = {"PatientCreate": ("110153", "110152", "4"), "PatientRead": ("110152", "110153", "4"), "PatientUpdate": ("110153", "110152", "4"),
        "PatientDelete": ("110150", "custodian", "4"), "PatientQuery": ("110153", "110152", "24"),
        "PrivacyDisclosure.Source": ("110152", "110153", "4")}


def unrecorded(tap, ledger, asker):
    """FHQ-1, FHQ-16: what cannot be put on record is not answered, and is refused in FHIR's words."""
    os.kill(ledger.daemon("indsigt-ingestd"), signal.SIGSTOP)
    try:
        status, headers, outcome = asker.ask(EVENTS + "?action=E", "supervisor", STAFF, Indsigt_Subject=ANNA)
        tap.ok(status == 503 and outcome["issue"][0]["code"] == "transient" and headers["Content-Type"].startswith("application/fhir+json") and "Retry-After" in headers,
               "a read that is not on record is refused: %d" % status)
    finally:
        os.kill(ledger.daemon("indsigt-ingestd"), signal.SIGCONT)


def balp(event):
    """What the profile that it names demands and it has not (BALP 1.1.4), or None."""
    profile = event["meta"]["profile"][0].split("IHE.BasicAudit.")[1]
    client, server, role = BALP[profile]
    codes = [coding["code"] for agent in event["agent"] for coding in agent["type"].get("coding", [])]
    machines = [agent for agent in event["agent"] if {coding["code"] for coding in agent["type"].get("coding", [])} & {client, server}]
    kinds = [(entity["type"]["code"], entity["role"]["code"]) for entity in event["entity"] if "role" in entity]
    if codes.count(client) != 1 or codes.count(server) != 1 or not all("who" in agent and "network" in agent for agent in machines):
        return "client and server"
    if kinds.count(("1", "1")) != 1 or [kind for kind in kinds if kind[0] == "2"] != [("2", role)]:
        return "entities %s" % kinds
    if event["outcome"] != "0" or sum(agent["requestor"] for agent in event["agent"]) != 1:
        return "outcome and requestor"
    if profile.startswith("Privacy") and machines[1]["who"] != event["source"]["observer"]:
        return "the source is not its agent"
    return None


def profiles(tap, ledger, asker, key):
    """FHQ-4: what names a profile of BALP keeps it."""
    actions = ("create", "read", "update", "delete", "execute", "search", "export", "print", "disclose")
    sent(ledger, key, *[event("cpr:0303703456", "Handling", action=action, recipient="R" if action == "disclose" else None) for action in actions])
    events = matches(asker.search(who="cpr:0303703456")[0])
    named = [one for one in events if "profile" in one["meta"]]
    wrong = [found for found in map(balp, named) if found]
    tap.ok(len(events) == 9 and len(named) == 6 and not wrong, "six of nine actions have a profile, and keep it: %s" % wrong)
    tap.ok({one["meta"]["profile"][0].split("IHE.BasicAudit.")[1] for one in named} == set(BALP), "each its own")


def judged(tap, asker):
    """Against the definitions of FHIR, where a package has them."""
    try:
        from fhir.resources.R4B.bundle import Bundle
        from fhir.resources.R4B.capabilitystatement import CapabilityStatement
    except ImportError:
        tap.skip("FHIR's own definitions", "needs fhir.resources 8.3.0 of PyPI")
        return
    Bundle.model_validate(asker.search()[0])
    CapabilityStatement.model_validate(asker.ask("/fhir/metadata")[2])
    tap.ok(True, "bundle and statement are what FHIR defines")


def jars(build):
    """Where HAPI's client stands, or None and why not."""
    if shutil.which("java") is None or shutil.which("mvn") is None:
        return None, "java and mvn are not here"
    place = os.path.join(build, "hapi")
    done = os.path.join(place, "jars", ".done")
    if not os.path.exists(done):
        os.makedirs(place, exist_ok=True)
        shutil.copy(os.path.join(HERE, "hapi", "pom.xml"), place)
        result = subprocess.run(["mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=jars", "-DincludeScope=runtime"],
                                cwd=place, capture_output=True, text=True, timeout=200, check=False)
        if result.returncode != 0:
            return None, "mvn: %s" % (result.stdout.strip().splitlines() or ["failed"])[0]
        open(done, "w", encoding="utf-8").close()
    return os.path.join(place, "jars"), None


def hapi(tap, ledger, asker):
    place, why = jars(os.path.join(os.path.dirname(os.path.dirname(ledger.indsigt)), "tests"))
    if place is None:
        tap.skip("HAPI's client", why)
        return
    wanted = list(asker.walk("_count=2&_sort=-date"))
    result = subprocess.run(["java", "-cp", place + "/*", os.path.join(HERE, "hapi", "Asking.java"), "http://%s/fhir" % ledger.query,
                             asker.token("subject", ANNA), ANNA[4:]], capture_output=True, text=True, timeout=200, check=False)
    lines = [line for line in result.stdout.splitlines() if line.split(" ")[0] in ("event", "outcome", "pages", "form", "read", "refused")]
    events = [line.split(" ", 3)[3] for line in lines if line.startswith("event ")]
    tap.ok(events == sum(wanted, []) and "pages %d" % len(wanted) in lines, "HAPI's client finds the same, page by page: %s %s" % (events, result.stderr[-300:]))
    tap.ok("form %d" % len(events) in lines, "and by a form")
    tap.ok(any(line.startswith("read ") and "IHE.BasicAudit." in line for line in lines) and "refused 400 not-supported" in lines,
           "reads one, and understands a refusal: %s" % lines[-2:])


def main():
    tap = Tap()
    ledger = Ledger(sys.argv[1], "log.example.dk/fhir", operator="cvr:34051178")
    try:
        own = ledger.add_sender("ksd", OWN, "--policy", "withhold")
        other = ledger.add_sender("epj", OTHER)
        ledger.serve()
        asker = Asker(ledger)
        for i in range(3):
            sent(ledger, own, event(ANNA, "Opslag %d" % i, time="2026-11-2%dT08:15:30Z" % i))
        sent(ledger, own, event(ANNA, "Søgning", action="search", time="2026-11-23T08:00:00Z", categories=["helbred"]),
             event(ANNA, "Nægtet", outcome="denied", time="2026-11-24T08:00:00Z"), event(BO, "Opslag om Bo"),
             event(ANNA, "Hemmeligt", withheld_until="2099-01-01T00:00:00Z", withheld_basis="RPL 729"))
        sent(ledger, other, event(ANNA, "Udlevering", action="disclose", system="EPJ", recipient="A-kassen", time="2026-11-25T08:00:00Z",
                                  org={"id": OTHER, "name": "Region Midtjylland"}))
        wait_until(lambda: os.path.exists(os.path.join(ledger.dir, "reads", "socket")), "the sender of reads")
        matching(tap, asker)
        sorting(tap, asker)
        beside(tap, asker)
        single(tap, asker)
        asking(tap, asker)
        profiles(tap, ledger, asker, own)
        judged(tap, asker)
        hapi(tap, ledger, asker)
        paging(tap, ledger, asker, own)
        wait_until(lambda: asker.search("supervisor", STAFF, patient__identifier=BOS)[1] != 503, "the sender of reads")
        roles(tap, asker)
        unrecorded(tap, ledger, asker)
        log = open(ledger.path("serve.log"), encoding="utf-8").read()
        tap.ok("0101701234" not in log and "GET /fhir/AuditEvent 200" in log, "no person's number in what the daemons say")
    finally:
        ledger.remove()
    tap.done()


if __name__ == "__main__":
    main()
