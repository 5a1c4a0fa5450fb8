#!/usr/bin/env python3
"""Who may ask what about whom, as the table of spec/roles.md says it, cell by cell over HTTP; grants while they last; and reads
of others, which are on record before they are answered, or not answered. (ROLE-1, ROLE-2, ROLE-3, ROLE-4, ROLE-7, ROLE-8)"""

import http.client
import json
import os
import re
import signal
import ssl
import sys
import time
import urllib.parse

from certificates import Authority, NoOpenssl
from indsigt import Ledger, Tap, event, wait_until

SOURCE = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
CHILD, PARENT, STRANGER = "cpr:0101151234", "cpr:0202702345", "cpr:0303703456"
OWN, OTHER = "cvr:55133018", "cvr:29190925"
STAFF = "oid:1.2.3:anna"
VALUES = {"from": "0", "to": "1", "org": OWN, "limit": "5", "cursor": None, "coverage": "whole", "whole": "1", "signatures": "1",
          "subject": CHILD, "sender": "1", "seq": "0", "proofs": "all"}
TIMES = {"from": "2020-01-01", "to": "2030-01-01"}
DETAILS = ["activity", "Opslag", "Aarhus", "proof", "inclusion"]


def table():
    """{route: {role: None, or (reach, [parameters])}} as the page has it."""
    page = open(os.path.join(SOURCE, "spec", "roles.md"), encoding="utf-8").read()
    lines = [line for line in page.split("\n") if line.startswith(("| route |", "| `/v1/", "| `POST /v1/", "| `PUT /v1/"))]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    roles = [cell.strip("`") for cell in cells[0][1:]]
    rows = {}
    for row in cells[1:]:
        rows[row[0].strip("`")] = {role: None if cell == "no" else (cell.split(":")[0], re.findall("`([a-z]+)`", cell))
                                   for role, cell in zip(roles, row[1:])}
    return rows


class Asker:
    def __init__(self, ledger):
        self.ledger = ledger
        self.tokens = {}
        self.recorded = 0  # answers about CHILD to others

    def token(self, role, who):
        if (role, who) not in self.tokens:
            org = ["--org", OWN] if role == "authority" else []
            self.tokens[role, who] = self.ledger.run("token", self.ledger.dir, who, "--role", role, *org).strip()
        return self.tokens[role, who]

    def ask(self, path, role=None, who=None, subject=None, query=None, case="2026-17", method="GET", token=None, body=None):
        """(status, body)"""
        headers = {}
        if role or token:
            headers["Authorization"] = "Bearer " + (token or self.token(role, who))
        if subject:
            headers["Indsigt-Subject"] = subject
        if case and role == "supervisor":
            headers["Indsigt-Case"] = case
        connection = http.client.HTTPConnection(self.ledger.query, timeout=60)
        if body:
            headers["Content-Type"] = "application/json"
        connection.request(method, path + ("?" + urllib.parse.urlencode(query) if query else ""), body=body, headers=headers)
        response = connection.getresponse()
        body = response.read().decode("latin-1")
        connection.close()
        principal = (subject or "").replace("grants:", "")
        if response.status == 200 and principal == CHILD and who != CHILD:
            self.recorded += 1
        return response.status, body


def usual(role):
    """Whom this role asks about in this test, and who it is then."""
    return {"subject": (CHILD, None), "proxy": (PARENT, CHILD), "authority": (STAFF, CHILD), "auditor": (STAFF, None),
            "supervisor": (STAFF, CHILD)}[role]


def value_of(route, name):
    return TIMES[name] if name in TIMES and route != "/v1/labels" else VALUES[name]


# What a body must be does not matter here: a question that may be asked is refused for it, after the cell was looked at.
def walk_act(tap, asker, route, role, cell):
    """ROLE-1, ROLE-3: rows of a method, with bodies that are none."""
    method, path = route.split(" ")
    who, subject = usual(role)
    reach = cell and cell[0]
    about = subject if reach == "granted" else None
    status, body = asker.ask(path, role, who, about, method=method)
    if cell is None:
        return tap.ok(status == 403 and "this role may not ask" in body, "%s is not for %s: %d" % (route, role, status))
    far = asker.ask(path, role, who, STRANGER, method=method, body="{}")
    return tap.ok(status == 400 and "Content-Type" in body and far[0] in (403, 400) and asker.ask(path, role, who, about, {"from": "0"}, method=method)[0] == 400,
                  "%s looks at what %s sends, and at no parameter: %d, %d" % (route, role, status, far[0]))


def walk_cell(tap, asker, route, role, cell, names):
    who, subject = usual(role)
    if cell and cell[0] in ("self", "all"):
        subject = None
    needed = {"from": "0", "to": "1"} if route == "/v1/labels" else {}
    status, body = asker.ask(route, role, who, subject, needed)
    if cell is None:
        return tap.ok(status == 403 and "this role may not ask" in body, "%s is not for %s: %d" % (route, role, status))
    reach, allowed = cell
    good = 503 if route == "/v1/notifications" else 200  # no notifier runs here
    tap.ok(status == good and (good == 200 or json.loads(body)["error"] == "notifier"), "%s answers %s about %s: %d %s" % (route, role, reach, status, body[:200] if status != 200 else ""))
    wrong = []
    for name in names:
        if VALUES[name] is None:
            continue
        status, body = asker.ask(route, role, who, subject, {**needed, name: value_of(route, name)})
        if (name in allowed) != (status == good) or (name not in allowed and (status != 400 or "not known" not in body)):
            wrong.append((name, status))
    tap.ok(not wrong, "%s takes from %s the parameters of the cell and no others: %s" % (route, role, wrong))
    if reach == "all":
        status, body = asker.ask(route, role, who, CHILD, needed)
        tap.ok(status == 400, "%s is about nobody alone for %s" % (route, role))
        return None
    others = {STRANGER: 200 if reach in ("organisation", "anybody") else 403,
              "grants:" + STRANGER: 200 if reach == "anybody" else 403,
              "grants:" + CHILD: good if reach == "anybody" or who == CHILD else 403}
    got = {other: asker.ask(route, role, who, other)[0] for other in others}
    return tap.ok(got == others, "%s for %s reaches %s and nothing else: %s" % (route, role, reach, got))


def walk(tap, asker):
    """ROLE-1, ROLE-2, ROLE-3"""
    rows = table()
    tap.ok(sorted(rows) == ["/v1/accesses", "/v1/labels", "/v1/mandates", "/v1/notifications", "/v1/quality", "/v1/reports", "/v1/statement", "POST /v1/grants",
                            "POST /v1/grants/revoke", "POST /v1/reports", "PUT /v1/notifications"]
           and all(len(row) == 5 for row in rows.values()), "the page's table has these rows of five cells")
    names = sorted(VALUES)
    for route, row in rows.items():
        for role, cell in row.items():
            if " " in route:
                walk_act(tap, asker, route, role, cell)
            else:
                walk_cell(tap, asker, route, role, cell, names)
        if " " in route:
            continue
        tap.ok(asker.ask(route)[0] == 401 and asker.ask(route, token="x.y.z")[0] == 401, "%s asks who it is" % route)
    for role in ("subject", "proxy", "authority", "auditor", "supervisor"):
        status, _ = asker.ask("/v1/filing", role, usual(role)[0], None, {"sender": "1", "seq": "0"})
        tap.ok(status == 401, "/v1/filing is no %s's" % role)
        open_to_all = [asker.ask(path, role, usual(role)[0])[0] for path in ("/checkpoint", "/v1/coverage", "/tile/0/000.p/1")]
        tap.ok(all(status in (200, 404) for status in open_to_all), "what is everybody's is a %s's, too: %s" % (role, open_to_all))
    tap.ok(asker.ask("/v1/accesses", "supervisor", STAFF, CHILD, case=None)[0] == 403, "a supervisor without a case is none")
    for role in ("authority", "supervisor"):
        tap.ok(asker.ask("/v1/accesses", role, STAFF)[0] == 400, "a %s says whom it is about" % role)


def grant(ledger, key, name, **members):
    line = event("grants:" + CHILD, "Forældremyndighed", action="create", actor={"kind": "system", "role": "register"},
                 org={"id": "cvr:34051178", "name": "CPR"}, time=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 5)),
                 grant={"id": name, "kind": "parental", "to": PARENT, **members})
    ledger.run("send", "--server", ledger.ingest, "--key", key, stdin=line + "\n")


def activities(asker, subject):
    """All of them, page by page: how often a test looks again depends on the machine."""
    found, query = [], {"limit": "100"}
    while True:
        status, body = asker.ask("/v1/accesses", "subject", CHILD, subject, query)
        if status != 200:
            return []
        page = json.loads(body.encode("latin-1"))
        found += page["accesses"]
        if "cursor" not in page:
            return found
        query["cursor"] = page["cursor"]


def grants(tap, ledger, asker, key):
    """ROLE-4: a proxy reads while a grant lasts; the principal sees grant and reads."""
    asked = lambda: asker.ask("/v1/accesses", "proxy", PARENT, CHILD)
    before = asked()
    stranger = asker.ask("/v1/accesses", "proxy", PARENT, STRANGER)
    tap.ok(before[0] == 403 and before == stranger, "before it is given nothing, in the same bytes as of somebody unknown")
    end = int(time.time()) + 5
    grant(ledger, key, "f-1", until=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(end)))
    status, body = asked()
    tap.ok(status == 200 and "Opslag" in body, "while it lasts the proxy sees what the child sees: %d" % status)
    tap.ok(asker.ask("/v1/statement", "proxy", PARENT, CHILD)[0] == 200, "the statement, too")
    shown = ledger.result("who", CHILD, "--ledger", "http://" + ledger.query, "--token", asker.token("proxy", PARENT), "--vkey", ledger.vkey)
    asker.recorded += 1
    tap.ok(shown.returncode == 0 and "Opslag 1" in shown.stdout, "'who' asks for the proxy: " + shown.stderr)
    shown = ledger.result("who", CHILD, "--ledger", "http://" + ledger.query, "--token", asker.token("supervisor", STAFF), "--case", "7")
    tap.ok(shown.returncode == 0 and "Opslag 1" in shown.stdout, "and for a supervisor: " + shown.stderr)
    wait_until(lambda: asked()[0] == 403, "the grant's end")
    tap.ok(time.time() >= end, "it ends by itself, at its end")
    grant(ledger, key, "f-2")
    tap.ok(asked()[0] == 200, "another one is another one")
    grant(ledger, key, "f-2", revoked=True)
    tap.ok(asked()[0] == 403, "revoked it is over at once")
    given = activities(asker, "grants:" + CHILD)
    tap.ok([item["grant"]["id"] for item in given] == ["f-2", "f-2", "f-1"] and all(item["grant"]["to"] == PARENT for item in given),
           "the child sees what was given to whom, and that it was revoked")
    reads = [item for item in activities(asker, None) if item.get("consent")]
    tap.ok(len(reads) == asker.recorded and {item["consent"] for item in reads} == {"f-1", "f-2"},
           "and each read by it: %d of %d" % (len(reads), asker.recorded))
    asker.recorded += 1  # the supervisor's
    said = ledger.run("who", "grants:" + CHILD, "--ledger", ledger.dir)
    day = time.strftime("%Y-%m-%d", time.gmtime(end))
    wanted = ["parental authority (f-1) given to %s until %s" % (PARENT, day), "parental authority (f-2) given to %s, without an end" % PARENT,
              "parental authority (f-2) to %s revoked" % PARENT]
    tap.ok(all(line in said for line in wanted), "'who' says in words what was given, to whom, until when, and what is over: %s" % said)
    said = ledger.run("who", CHILD, "--ledger", ledger.dir)
    wanted = ["repræsentant %s, by the grant f-1" % PARENT, "repræsentant %s, by the grant f-2" % PARENT, "tilsynsførende, sag 7"]
    tap.ok(all(line in said for line in wanted), "and of a read by whom, and by what right: %s" % said)
    said = ledger.run("who", "grants:" + CHILD, "--ledger", ledger.dir, "--lang", "da")
    tap.ok("forældremyndighed (f-2) til %s tilbagekaldt" % PARENT in said, "in Danish too")
    result = ledger.result("statement", "grants:" + CHILD, "--ledger", ledger.dir, "-o", ledger.path("grants.json"))
    verified = ledger.result("verify", ledger.path("grants.json"), "--vkey", ledger.vkey, "--subject", "grants:" + CHILD)
    tap.ok(result.returncode == 0 and verified.returncode == 0, "that these are all is proven by a statement: %s" % verified.stderr)


def away(tap, ledger, asker):
    """ROLE-8: while ingest gives no receipt a read of others is refused, and nothing of it leaks."""
    ingest = ledger.daemon("indsigt-ingestd")
    os.kill(ingest, signal.SIGSTOP)
    try:
        begun = time.monotonic()
        status, body = asker.ask("/v1/accesses", "supervisor", STAFF, CHILD)
        tap.ok(status == 503 and json.loads(body)["error"] == "unrecorded", "a read that is not on record is refused: %d" % status)
        tap.ok(not any(word in body for word in DETAILS) and CHILD not in body, "and nothing of it is in the refusal")
        tap.ok(time.monotonic() - begun < 60, "nobody waits for ever")
        tap.ok(asker.ask("/v1/labels", "auditor", STAFF, None, {"from": "0", "to": "1"})[0] == 503, "nor are labels given")
        status, body = asker.ask("/v1/accesses", "supervisor", STAFF, CHILD, method="HEAD")
        tap.ok(status == 503, "nor lengths")
        tap.ok(asker.ask("/v1/accesses", "subject", CHILD)[0] == 200, "people read about themselves meanwhile")
    finally:
        os.kill(ingest, signal.SIGCONT)
    wait_until(lambda: asker.ask("/v1/accesses", "supervisor", STAFF, CHILD)[0] == 200, "reads to be recorded again")
    tap.ok(True, "and it goes on by itself")


def reporter(ledger):
    """The process id of the ledger's own sender, or None."""
    for pid in open("/proc/%d/task/%d/children" % (ledger.server.pid, ledger.server.pid)).read().split():
        if open("/proc/%s/cmdline" % pid).read().split("\0")[1:3] == ["send", "--listen"]:
            return int(pid)
    return None


def reloaded(tap, ledger, asker):
    """Without TLS the sender of reads has nothing to read anew, and no read is refused for it."""
    before, queryd = reporter(ledger), ledger.daemon("indsigt-queryd")
    os.kill(ledger.server.pid, signal.SIGHUP)
    os.kill(queryd, signal.SIGKILL)  # once it is there again, the signal before has been seen to
    wait_until(lambda: ledger.daemon("indsigt-queryd") not in (None, queryd), "queryd to be there again")

    def answered():
        try:
            return asker.ask("/v1/accesses", "supervisor", STAFF, CHILD)[0] == 200
        except OSError:
            return False

    wait_until(answered, "reads to be answered again")
    tap.ok(before is not None and reporter(ledger) == before, "the sender of reads goes on over SIGHUP: %s" % before)


def unreported(tap, indsigt):
    """Without a sender of reads."""
    ledger = Ledger(indsigt, "log.example.dk/unreported")
    try:
        ledger.serve()
        asker = Asker(ledger)
        status, body = asker.ask("/v1/accesses", "supervisor", STAFF, CHILD)
        tap.ok(status == 503 and "no sender for that" in body, "a ledger without a sender of reads answers no one about others")
        tap.ok(asker.ask("/v1/accesses", "subject", CHILD)[0] == 200, "but people about themselves")
    finally:
        ledger.remove()


def by_tls(tap, indsigt):
    """Where both ports speak TLS the ledger's own sender believes the certificate that ingest shows, and a new one."""
    ledger = Ledger(indsigt, "log.example.dk/roles-by-tls", operator="cvr:34051178")
    try:
        authority = Authority(ledger.path("ca"))
        pair = authority.issue("somewhere-else.example")
        ledger.serve("--tls-cert", pair.certificate, "--tls-key", pair.key)
        token = ledger.run("token", ledger.dir, STAFF, "--role", "supervisor").strip()

        def ask():
            context = ssl.create_default_context(cafile=authority.certificate)
            context.check_hostname = False
            connection = http.client.HTTPSConnection(ledger.query, timeout=60, context=context)
            connection.request("GET", "/v1/accesses", headers={"Authorization": "Bearer " + token, "Indsigt-Subject": CHILD, "Indsigt-Case": "7"})
            status = connection.getresponse().status
            connection.close()
            return status

        wait_until(lambda: ask() == 200, "a read by TLS")
        tap.ok(True, "by TLS, too, a read is recorded and answered")
        tap.ok(len(ledger.who(CHILD)["accesses"]) > 0, "and is in the log")
    except NoOpenssl as why:
        tap.skip("by TLS, too, a read is recorded and answered", str(why))
    finally:
        ledger.remove()


def help_says_so(tap, ledger):
    """'help event' has every field of the page, and its grant is taken as it stands there."""
    said = ledger.run("help", "event")
    page = open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "spec", "event.md"), encoding="utf-8").read()
    fields = re.findall(r"^\| \d+ \| `([a-z0-9_.]+)` \|", page, re.M)
    lacks = [field for field in fields if not re.search(r"^  %s +\S" % re.escape(field), said, re.M)]
    tap.ok(len(fields) >= 42 and not lacks, "help event has all %d fields: %s" % (len(fields), lacks or "all"))
    examples = re.findall(r"^  \{.*?\}\}$", said, re.M | re.S)
    key = ledger.add_sender("as-helped", "cvr:34051178", "--grants", "--reports-for", "cvr:55133018")
    for text in examples:
        result = ledger.result("send", "--server", ledger.ingest, "--key", key, "-", stdin=json.dumps(json.loads(text)) + "\n")
        tap.ok(result.returncode == 0, "an example of help event is taken: %s" % result.stderr.strip())
    tap.ok(len(examples) == 2, "there are two")


def main():
    tap = Tap()
    ledger = Ledger(sys.argv[1], "log.example.dk/roles", operator="cvr:34051178")
    try:
        own = ledger.add_sender("ksd", OWN)
        register = ledger.add_sender("cpr", "cvr:34051178", "--grants")
        ledger.serve("--epoch-seconds", "1")
        asker = Asker(ledger)
        lines = [event(subject, "Opslag %d" % i) for i in range(3) for subject in (CHILD, STRANGER)]
        ledger.run("send", "--server", ledger.ingest, "--key", own, stdin="\n".join(lines) + "\n")
        ledger.run("epoch", ledger.dir)
        wait_until(lambda: asker.ask("/v1/accesses", "supervisor", STAFF, STRANGER)[0] == 200, "the sender of reads")
        grants(tap, ledger, asker, register)
        grant(ledger, register, "f-3")
        ledger.run("epoch", ledger.dir)
        walk(tap, asker)
        reads = [item for item in activities(asker, None) if item["system"] == "Indsigt"]
        tap.ok(len(reads) == asker.recorded, "each answer about the child is on record: %d of %d" % (len(reads), asker.recorded))
        tap.ok(all("id" not in item["actor"] for item in reads), "who of the staff it was is kept back, as elsewhere")
        away(tap, ledger, asker)
        reads = [item for item in activities(asker, None) if item["system"] == "Indsigt"]
        tap.ok(len(reads) >= asker.recorded, "none is missing after that: %d of %d" % (len(reads), asker.recorded))
        metrics = ledger.get("/metrics")
        counts = dict(re.findall(r"^(indsigt_reads_\w+) (\d+)$", metrics, re.M))
        tap.ok(int(counts["indsigt_reads_own_total"]) > 0 and int(counts["indsigt_reads_of_others_total"]) >= asker.recorded,
               "both kinds are counted: %s" % counts)
        reloaded(tap, ledger, asker)
        help_says_so(tap, ledger)
        code, line = ledger.audit("--labels")
        tap.ok(code == 0, "the audit holds: %s" % line)
        log = open(ledger.path("serve.log"), encoding="utf-8").read()
        tap.ok(CHILD[4:] not in log and PARENT[4:] not in log, "no person's number in what the daemons say")
    finally:
        ledger.remove()
    unreported(tap, sys.argv[1])
    by_tls(tap, sys.argv[1])
    tap.done()


if __name__ == "__main__":
    main()
