#!/usr/bin/env python3
"""What people do over HTTP: a report from its POST to the authority's answer, a power of attorney from its POST to a read by
its holder and its revocation, and a consent from its source. (ROLE-10, HTTP-40, HTTP-41, HTTP-42, HTTP-43, HTTP-44, HTTP-46)"""

import hashlib
import http.client
import json
import os
import re
import signal
import sys
import threading
import time

from indsigt import Ledger, Tap, event, wait_until

ANNE, BO, EVE = "cpr:0101701234", "cpr:0202702345", "cpr:0303703456"
FIRM = "cvr:55133018"


class Person:
    def __init__(self, ledger, who, role="subject", *more):
        self.ledger = ledger
        self.token = ledger.run("token", ledger.dir, who, "--role", role, *more).strip()

    def ask(self, method, path, body=None, subject=None, kind="application/json"):
        headers = {"Authorization": "Bearer " + self.token}
        if subject:
            headers["Indsigt-Subject"] = subject
        if body is not None:
            headers["Content-Type"] = kind
        connection = http.client.HTTPConnection(self.ledger.query, timeout=60)
        connection.request(method, path, body=body if body is None or isinstance(body, bytes) else json.dumps(body), headers=headers)
        response = connection.getresponse()
        text = response.read()
        connection.close()
        return response.status, json.loads(text) if text else None

    def list(self, subject=None):
        status, page = self.ask("GET", "/v1/accesses?limit=1000", subject=subject)
        return page["accesses"] if status == 200 else status


def send(ledger, key, *events):
    ledger.run("send", "--server", ledger.ingest, "--key", key, stdin="\n".join(events) + "\n")


def at_once(person, path, body):
    """The same twice, neither waiting for the other."""
    got = []
    both = [threading.Thread(target=lambda: got.append(person.ask("POST", path, body))) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    return got


def in_two_hours():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 7200))


def reports(tap, ledger, anne, bo):
    """HTTP-40, HTTP-41, EVT-18, EVT-19"""
    access = anne.list()[0]
    status, made = anne.ask("POST", "/v1/reports", {"index": access["index"], "comment": "Hvem var det?", "key": "k-1"})
    tap.ok(status == 201 and made["id"].startswith("r-"), "a report is taken: %s %s" % (status, made))
    guessed = hashlib.blake2b(("%s\0%s\0k-1" % (ANNE, ANNE)).encode(), digest_size=16).hexdigest()
    tap.ok(made["id"] != "r-" + guessed, "and its id is not to be guessed from who made it, and under which key")
    again = anne.ask("POST", "/v1/reports", {"index": access["index"], "comment": "Hvem var det?", "key": "k-1"})
    tap.ok(again == (200, made), "the same again is the same: %s" % (again,))
    status, body = anne.ask("POST", "/v1/reports", {"index": access["index"] + 1, "key": "k-1"})
    tap.ok(status == 400 and "used for something else" in body["detail"], "another under its key is refused: %d %s" % (status, body))
    mine = [one for one in anne.list() if "report" in one]
    tap.ok(len(mine) == 1 and mine[0]["index"] == made["index"] and mine[0]["report"] ==
           {"id": made["id"], "index": access["index"], "org": FIRM, "text": "Hvem var det?"}, "it stands in the person's list once: %s" % mine)
    wrong = [anne.ask("POST", "/v1/reports", body)[0] for body in ({"index": made["index"]}, {"index": 10**6}, {"index": -1}, {}, [], {"index": access["index"], "x": 1},
                                                                  {"index": access["index"], "comment": "a" * 1025})]
    tap.ok(wrong == [404, 404, 400, 400, 400, 400, 400], "what is no report is none: %s" % wrong)
    tap.ok(bo.ask("POST", "/v1/reports", {"index": access["index"]})[0] == 404, "nor is one of somebody else's access")
    tap.ok(bo.ask("POST", "/v1/reports", {"index": access["index"]}, ANNE)[0] == 403, "nor one for somebody without a grant")
    tap.ok(anne.ask("POST", "/v1/reports", b"index=1", kind="text/plain")[0] == 400, "a form is no report")
    kinds = ["application/json-seq", "application/jsonp", "text/plain; application/json", "Application/JSON; charset=utf-8"]
    got = [anne.ask("POST", "/v1/reports", {"index": 10**6}, kind=kind)[0] for kind in kinds]
    tap.ok(got == [400, 400, 400, 404], "what says that it is JSON is: %s" % got)
    firm = Person(ledger, "oid:1.2.3:anna", "authority", "--org", FIRM)
    waiting = firm.ask("GET", "/v1/reports")
    tap.ok(waiting[0] == 200 and [(one["id"], one["subject"], one["index"], one["comment"]) for one in waiting[1]["open"]] ==
           [(made["id"], ANNE, access["index"], "Hvem var det?")] and waiting[1]["whole"], "the authority is told what waits: %s" % (waiting,))
    tap.ok(Person(ledger, "oid:1.2.3:per", "authority", "--org", "cvr:1").ask("GET", "/v1/reports")[1]["open"] == [], "another one is not")
    other = event(ANNE, "Svar", org={"id": "cvr:33257872", "name": "En anden"}, answer={"report": made["id"], "text": "Ikke vores."})
    send(ledger, ledger.source, other)
    tap.ok(len(firm.ask("GET", "/v1/reports")[1]["open"]) == 1, "and nobody else answers for it")
    send(ledger, ledger.own_sender, event(ANNE, "Svar", action="disclose", org={"id": FIRM, "name": "Aarhus Kommune"}, answer={"report": made["id"], "text": "Det var sagsbehandleren."}))
    tap.ok(firm.ask("GET", "/v1/reports")[1]["open"] == [], "answered it waits no more")
    ledger.run("epoch", ledger.dir)
    answers = [one for one in anne.list() if "answer" in one]
    answers = [one for one in answers if one["org"]["id"] == FIRM]
    tap.ok(len(answers) == 1 and answers[0]["answer"]["report"] == made["id"] and answers[0]["org"]["id"] == FIRM, "the answer stands beside it: %s" % answers)
    proof = ledger.path("reports.json")
    made = ledger.result("statement", "reports:" + FIRM, "--ledger", ledger.dir, "-o", proof)
    checked = ledger.result("verify", proof, "--vkey", ledger.vkey, "--subject", "reports:" + FIRM)
    tap.ok(made.returncode == 0 and checked.returncode == 0, "what was reported of an organisation is proven to be all: " + checked.stderr)


def grants(tap, ledger, anne, bo, eve):
    """HTTP-42, HTTP-43, ROLE-4, EVT-23"""
    tap.ok(bo.ask("GET", "/v1/mandates") == (200, {"mandates": []}), "before, nobody may be acted for")
    tap.ok(bo.ask("GET", "/v1/accesses", subject=ANNE)[0] == 403, "nor read for")
    until = in_two_hours()
    status, made = anne.ask("POST", "/v1/grants", {"to": BO, "kind": "attorney", "until": until, "name": "Bo", "key": "g"})
    tap.ok(status == 201, "a power of attorney is given: %s %s" % (status, made))
    tap.ok(anne.ask("POST", "/v1/grants", {"to": BO, "kind": "attorney", "until": until, "name": "Bo", "key": "g"}) == (200, made), "once")
    status, body = anne.ask("POST", "/v1/grants", {"to": EVE, "kind": "attorney", "until": until, "key": "g"})
    tap.ok(status == 400 and "used for something else" in body["detail"], "and for nobody else under its key: %d %s" % (status, body))
    held = bo.ask("GET", "/v1/mandates")
    tap.ok(held == (200, {"mandates": [{"principal": ANNE, "kind": "attorney", "until": until, "grant": made["id"]}]}), "its holder is told: %s" % (held,))
    tap.ok(isinstance(bo.list(ANNE), list), "and reads by it")
    tap.ok(any(one.get("consent") == made["id"] and one["activity"].startswith("Opslag") for one in anne.list()), "which the giver sees")
    tap.ok(bo.ask("POST", "/v1/grants", {"to": EVE, "kind": "attorney"}, ANNE)[0] == 403, "it is not given on")
    access = [one for one in anne.list() if one["system"] != "Indsigt"][-1]
    status, report = bo.ask("POST", "/v1/reports", {"index": access["index"]}, ANNE)
    tap.ok(status == 201, "the holder reports in the giver's place: %s" % status)
    wrong = [anne.ask("POST", "/v1/grants", body)[0] for body in ({"to": ANNE, "kind": "attorney"}, {"to": "grants:" + BO, "kind": "attorney"}, {"to": "020270-2345", "kind": "attorney"},
                                                                 {"to": BO, "kind": "parental"}, {"to": BO, "kind": "attorney", "until": "2020-01-01T00:00:00Z"}, {"to": BO})]
    tap.ok(wrong == [400] * 6, "what is no power of attorney is none: %s" % wrong)
    tap.ok(bo.ask("POST", "/v1/grants/revoke", {"id": made["id"]})[0] == 404 and eve.ask("POST", "/v1/grants/revoke", {"id": made["id"]})[0] == 404, "only who gave it takes it back")
    status, ended = anne.ask("POST", "/v1/grants/revoke", {"id": made["id"]})
    tap.ok(status == 201 and anne.ask("POST", "/v1/grants/revoke", {"id": made["id"]})[0] == 200, "revoked it is, once: %s %s" % (status, ended))
    tap.ok(bo.ask("GET", "/v1/accesses", subject=ANNE)[0] == 403 and bo.ask("GET", "/v1/mandates") == (200, {"mandates": []}), "and over at once")
    both = [anne.list("grants:" + ANNE), bo.list("mandates:" + BO)]
    tap.ok([[bool(one["grant"].get("revoked")) for one in found] for found in both] == [[True, False]] * 2, "both see both in lists of their own")
    tap.ok(both[0][1]["retention"] == "5y" if "retention" in both[0][1] else True, "kept for as long as it lasts, and longer")


def away(tap, ledger, anne):
    """ROLE-10: 503 while nothing can be on record."""
    ingest = ledger.daemon("indsigt-ingestd")
    os.kill(ingest, signal.SIGSTOP)
    try:
        status, body = anne.ask("POST", "/v1/grants", {"to": EVE, "kind": "attorney", "key": "late"})
        tap.ok(status == 503 and body["error"] == "unrecorded", "while ingest is away nothing is given: %d" % status)
    finally:
        os.kill(ingest, signal.SIGCONT)
    wait_until(lambda: anne.ask("POST", "/v1/grants", {"to": EVE, "kind": "attorney", "key": "late"})[0] in (200, 201), "it to be given again")
    given = [one for one in anne.list("grants:" + ANNE) if one["grant"]["to"] == EVE]
    tap.ok(len(given) == 1, "and asked for again it is given once: %d" % len(given))


def in_words(tap, ledger):
    """'who' and 'verify' say what is no access, too, in both languages."""
    english = [": to %s, of entry " % FIRM, ": Hvem var det?", "Svar: to the report r-", ": Det var sagsbehandleren.", "consent s-1 given to %s, without an end" % FIRM,
               "consent s-1 withdrawn"]
    danish = [": til %s, om post " % FIRM, "Svar: på anmeldelsen r-", "samtykke s-1 givet til %s, uden udløb" % FIRM, "samtykke s-1 trukket tilbage"]
    ledger.run("epoch", ledger.dir)
    for subject, words in ((ANNE, (english, danish)),
                           ("mandates:" + BO, ([" given by %s until " % ANNE, " by %s revoked" % ANNE], [" givet af %s indtil " % ANNE, " fra %s tilbagekaldt" % ANNE])),
                           ("grants:" + ANNE, ([" given to %s until " % BO, " to %s revoked" % BO], [" givet til %s indtil " % BO, " til %s tilbagekaldt" % BO]))):
        proof = ledger.path("words.json")
        ledger.run("statement", subject, "--ledger", ledger.dir, "-o", proof)
        for language, wanted in zip(("en", "da"), words):
            said = ledger.run("who", subject, "--ledger", ledger.dir, "--lang", language)
            shown = ledger.run("verify", proof, "--vkey", ledger.vkey, "--subject", subject, "--lang", language)
            lacks = [(command, line) for command, text in (("who", said), ("verify", shown)) for line in wanted if line not in text]
            tap.ok(not lacks, "'who' and 'verify' say it of %s in %s: %s" % (subject.split(":")[0], language, lacks or "all"))


def consents(tap, ledger, anne):
    """EVT-20"""
    tell = lambda key, **record: ledger.result("send", "--server", ledger.ingest, "--key", key, stdin=event(
        ANNE, "Samtykke", action="create", org={"id": "cvr:33257872", "name": "Sundhedsdatastyrelsen"}, consent_record={"id": "s-1", **record}) + "\n")
    tell(ledger.source, to=[FIRM])
    tell(ledger.source, withdrawn=True)
    found = [one["consent_record"] for one in anne.list() if "consent_record" in one]
    tap.ok(found == [{"id": "s-1", "withdrawn": True}, {"id": "s-1", "to": [FIRM]}], "a consent and its withdrawal stand in the list: %s" % found)
    send(ledger, ledger.own_sender, event(ANNE, "Forskning", consent="s-1", time=time.strftime("%Y-%m-%dT%H:%M:%SZ")), event(ANNE, "Forskning", consent="s-9"))
    shown = ledger.result("who", ANNE, "--ledger", ledger.dir)
    tap.ok("answered after 0 days" in shown.stdout + shown.stderr or "besvaret efter 0 dage" in shown.stdout, "'who' says that the report was answered: " + shown.stdout[-2500:] + shown.stderr)
    tap.ok(re.search(r"(NOT covered|IKKE dækket).*1", shown.stdout) is not None, "and which accesses no consent covers")
    in_words(tap, ledger)
    refused = ledger.result("send", "--server", ledger.ingest, "--key", ledger.own_sender, stdin=event(ANNE, "Samtykke", consent_record={"id": "s-2", "withdrawn": True}) + "\n")
    tap.ok(refused.returncode == 1, "a sender without the right reports none")


def bounded(tap, ledger, eve, bo):
    """HTTP-46"""
    send(ledger, ledger.own_sender, event(EVE, "Opslag"), event(BO, "Opslag"))
    index, his = ([one["index"] for one in person.list() if one["system"] != "Indsigt"][-1] for person in (eve, bo))
    before = len([one for one in eve.list() if "report" in one])
    got = [eve.ask("POST", "/v1/reports", {"index": index, "key": "b-%d" % i}) for i in range(52)]
    tap.ok([status for status, _ in got] == [201] * 50 + [429] * 2 and got[50][1]["error"] == "too-many", "fifty reports a day are taken, and no more: %s" % got[-1:])
    tap.ok(len([one for one in eve.list() if "report" in one]) == before + 50, "and nothing comes of one more")
    tap.ok(eve.ask("POST", "/v1/reports", {"index": index, "key": "b-0"}) == (200, got[0][1]), "what was reported is answered as ever")
    tap.ok(bo.ask("POST", "/v1/reports", {"index": his})[0] == 201, "others report")
    got = at_once(bo, "/v1/reports", {"index": his, "key": "twice"})
    where = [one["index"] for one in bo.list() if "report" in one][:1]
    tap.ok(201 in [status for status, _ in got] and all(status == 503 or [body["index"]] == where for status, body in got),
           "the same twice at once is done once, and both are told where it is (HTTP-40): %s %s" % (got, where))
    got = [eve.ask("POST", "/v1/grants", {"to": BO, "kind": "attorney"}) for _ in range(51)]
    tap.ok([status for status, _ in got] == [201] * 50 + [429], "fifty powers of attorney: %s" % got[-1:])
    ended = [eve.ask("POST", "/v1/grants/revoke", {"id": made["id"]})[0] for _, made in got[:2]]
    tap.ok(ended == [201, 201] and eve.ask("POST", "/v1/grants", {"to": BO, "kind": "attorney"})[0] == 429, "all of which can be revoked, which makes no room: %s" % ended)
    tap.ok(bo.ask("GET", "/v1/mandates")[1]["mandates"][0]["principal"] == EVE, "whose holder finds them")


def main():
    tap = Tap()
    ledger = Ledger(sys.argv[1], "log.example.dk/acts", operator="cvr:34051178")
    try:
        ledger.own_sender = ledger.add_sender("ksd", FIRM)
        ledger.source = ledger.add_sender("samtykke", "cvr:33257872", "--consents")
        ledger.serve("--epoch-seconds", "1")
        send(ledger, ledger.own_sender, *[event(ANNE, "Opslag %d" % i) for i in range(3)])
        anne, bo, eve = Person(ledger, ANNE), Person(ledger, BO, "proxy"), Person(ledger, EVE)
        wait_until(lambda: os.path.exists(os.path.join(ledger.dir, "reads", "socket")), "the sender of reads")
        reports(tap, ledger, anne, bo)
        grants(tap, ledger, anne, bo, eve)
        away(tap, ledger, anne)
        consents(tap, ledger, anne)
        bounded(tap, ledger, eve, bo)
        code, line = ledger.audit("--labels")
        tap.ok(code == 0, "the audit holds: %s" % line)
        log = open(ledger.path("serve.log"), encoding="utf-8").read()
        tap.ok(not any(one[4:] in log for one in (ANNE, BO, EVE)) and "Hvem" not in log, "nobody's number and no words in what the daemons say")
    finally:
        ledger.remove()
    tap.done()


if __name__ == "__main__":
    main()
