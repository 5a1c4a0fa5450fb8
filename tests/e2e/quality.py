#!/usr/bin/env python3
"""How well senders report: everything that can be wrong is made to happen, and is seen in the report, as JSON, over HTTP and as
figures, from both sides; and nobody's number is in any of it. (QLT-1 to QLT-14)
usage: quality.py INDSIGT GATEWAY"""

import http.client
import json
import os
import re
import shutil
import sys
import tempfile
import time

from clock import Clock, LIBRARIES
from gateway import HEAD, Gateway, audit, counted, seen
from indsigt import Ledger, Tap, event, wait_until

DAY = 86400
PERSONS = ["0101701001", "0101701002", "0707614285", "0303701003", "4711471147"]
SPELLED = PERSONS + ["070761-4285", "010170-1001", "Karen"]


def ask(address, path, method="GET", **headers):
    """(status, type, body)"""
    connection = http.client.HTTPConnection(address, timeout=60)
    connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, answer.headers.get("Content-Type"), body


def metric(text, name, **labels):
    """The value of a figure; None: it is not there."""
    wanted = name + ("{" + ",".join('%s="%s"' % pair for pair in labels.items()) + "}" if labels else "")
    for line in text.split("\n"):
        if line.startswith(wanted + " "):
            return float(line.rsplit(" ", 1)[1])
    return None


def now(seconds=0):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def nobody_in(texts):
    return [(where, number) for where, text in texts.items() for number in SPELLED if number in text]


def report(ledger, *options):
    return json.loads(ledger.run("sender", "report", ledger.dir, "--json", *options))


def of(quality, sender):
    return next(one for one in quality["senders"] if one["id"] == sender)


def local(subject):
    """A message that names a person by a local namespace, which nothing maps."""
    return audit(subject, "x").replace("&amp;1.2.208.176.1.2&amp;ISO", "PAS")


def make_happen(gateway):
    """Everything that can be wrong with what a sender reports."""
    good = counted(HEAD + audit(PERSONS[0], "Billede set"))
    gateway.give(good + counted(HEAD + audit(PERSONS[1], "Set igen for 070761-4285")) + counted(HEAD + audit(PERSONS[0], "Om 010170-1001 selv")))
    gateway.give(good)  # on another line: it comes again
    gateway.give(counted(HEAD + "Karen 0303701003 is no audit message"))
    gateway.give(counted(HEAD + local(PERSONS[4])) + counted(HEAD + local(PERSONS[3])))
    posts = [event("cpr:" + PERSONS[0], "opslag", time=now(-60), id="a"), event("cpr:" + PERSONS[0], "opslag", time=now(-60), id="a"),
             event("cpr:" + PERSONS[1], "opslag", time=now(3600), reason="Anmodning fra 0707614285"), event("cpr:" + PERSONS[1], "opslag", purpose="behandling"),
             event("cpr:" + PERSONS[2], "opslag", **{"Karen0303701003": 1}), event("cpr:" + PERSONS[2], "opslag", time="Karen 0303701003")]
    return [gateway.post(post)[0] for post in posts]


def door(tap, gateway):
    """What the gateway says of itself, to this machine."""
    status, kind, body = ask(gateway.http, "/v1/quality")
    wait_until(lambda: sum(json.loads(ask(gateway.http, "/v1/quality")[2])["messages"].values()) >= 13, "the counts are written")
    status, kind, body = ask(gateway.http, "/v1/quality")
    told = json.loads(body)
    tap.ok(status == 200 and kind == "application/json" and told["messages"] == {"taken": 6, "again": 2, "refused": 5}, "messages are counted: %s" % body)
    reasons = {(row["error"], row.get("namespace")): row["count"] for row in told["refused"]}
    tap.ok(reasons.get(("bad-subject", "PAS")) == 2, "a namespace that nothing maps is named: %s" % reasons)
    tap.ok(reasons.get(("unknown-field", None)) == 1 and len(told["refused"]) == 4 and all(row["reason"] for row in told["refused"]),
           "each refusal with its reason: %s" % [row["reason"] for row in told["refused"]])
    tap.ok(told["events"] == 6 and told["purpose_missing"] == 3 and told["purpose_usual"] == 0, "purposes: %s" % told)
    tap.ok(told["numbers_in_texts"] == {"events": 2, "own": 1, "checked": 1, "fields": {"activity": 2}}, "numbers in texts: %s" % told["numbers_in_texts"])
    status, kind, figures = ask(gateway.http, "/metrics")
    tap.ok(status == 200 and kind.startswith("text/plain; version=0.0.4") and metric(figures, "indsigt_gateway_taken") == 6 and
           metric(figures, "indsigt_gateway_again") == 2 and metric(figures, "indsigt_gateway_unmapped") == 2 and
           metric(figures, "indsigt_gateway_purpose_missing") == 3 and metric(figures, "indsigt_gateway_numbers_in_texts") == 2 and
           metric(figures, "indsigt_gateway_refused", error="bad-subject") == 2, "the same as figures: %s" % figures)
    refused = [ask(gateway.http, "/v1/quality", Host="ledger.example")[0], ask(gateway.http, "/metrics", "POST")[0], ask(gateway.http, "/v1/quality?a=b")[0]]
    tap.ok(refused == [403, 405, 400], "it is this machine's, and read: %s" % refused)
    return {"door": body, "figures of the door": figures}


def ledger_side(tap, ledger, sender):
    quality = of(report(ledger)["ledger"], sender)
    tap.ok(quality["events"] == 6 and quality["looked_at"] == quality["sample"] == 6 and quality["unreadable"] == 0, "its events are looked at: %s" % quality)
    tap.ok(quality["purpose"] == {"seen": 6, "missing": 3, "usual": 0}, "purposes: %s" % quality["purpose"])
    tap.ok(quality["numbers_in_texts"] == {"events": 2, "own": 1, "checked": 1, "fields": {"activity": 2}},
           "numbers in texts, but where they are to be expected: %s" % quality["numbers_in_texts"])
    lag = quality["lag"]
    tap.ok(lag["events"] == 6 and lag["over_day"] == 4 and lag["ahead"] == 1 and lag["max_s"] > DAY and lag["p50_s"] > DAY and lag["p99_s"] == lag["max_s"],
           "lag: %s" % lag)
    tap.ok(quality["rhythm"]["kind"] == "early" and not quality["rhythm"]["silent"] and quality["rhythm"]["silent_from"] is None, "too early to say")
    return quality


def over_http(tap, ledger, sender, quality):
    token = lambda role, *org: "Bearer " + ledger.run("token", ledger.dir, "oid:1.2.3:rita", "--role", role, *org).strip()
    answers = {}
    for role, org in (("auditor", ()), ("supervisor", ()), ("authority", ("--org", "cvr:55133018")), ("authority", ("--org", "cvr:29190925"))):
        status, _, body = ask(ledger.query, "/v1/quality", Authorization=token(role, *org), **({"Indsigt_Case": "2026-17"} if role == "supervisor" else {}))
        told = json.loads(body)
        answers[role + "".join(org)] = body
        ids = [one["id"] for one in told["senders"]]
        wanted = [2] if org == ("--org", "cvr:29190925") else [1] if org else [1, 2]
        tap.ok(status == 200 and ids == wanted and told["complete"], "%s is told of its senders: %s" % (role + "".join(org), ids))
        if sender in ids:
            tap.ok(of(told, sender) == quality, "the same as in the report")
    subject = "Bearer " + ledger.run("token", ledger.dir, "cpr:" + PERSONS[0]).strip()
    refused = ask(ledger.query, "/v1/quality")[0], ask(ledger.query, "/v1/quality", Authorization=subject)[0]
    tap.ok(refused == (401, 403), "nobody else is: %s %s" % refused)
    figures = ask(ledger.query, "/metrics")[2]
    value = lambda name, **labels: metric(figures, "indsigt_sender_" + name, sender=str(sender), **labels)
    tap.ok(value("events") == 6 and value("sample") == 6 and value("purpose_missing") == 3 and value("purpose_usual") == 0 and value("numbers_in_texts") == 2
           and value("late") == 4 and value("ahead") == 1 and value("silent") == 0 and value("lag_seconds", quantile="1") == quality["lag"]["max_s"]
           and metric(figures, "indsigt_quality_complete") == 1, "the same as figures: %s" % re.findall(r"indsigt_sender_\w+\{.*", figures))
    return {**answers, "figures": figures}


def reports(tap, ledger, key):
    """For people, in both languages; from the spool alone; and what does not fit together."""
    spool = key + ".spool"
    english = ledger.run("sender", "report", ledger.dir, "--spool", spool, "--lang", "en")
    danish = ledger.run("sender", "report", ledger.dir, "--spool", spool, "--lang", "da", "--sender", "1")
    tap.ok("too early to say" in english and "namespace not mapped: 2 of PAS" in english and "persons' numbers in activity: 2" in english
           and "taken 6, came again 2, refused 5" in english and "modulus 11" in english, "for people: %s" % english)
    tap.ok("for tidligt at sige" in danish and "modtaget 6, kom igen 2, afvist 5" in danish and "navnerum uden OID: 2 af PAS" in danish, "in Danish: %s" % danish)
    both = ledger.run("sender", "report", ledger.dir, "--spool", spool, "--json", "--sender", "1")
    told = json.loads(both)
    tap.ok([one["id"] for one in told["ledger"]["senders"]] == [1] and told["sender_side"]["sender"] == 1, "both sides as JSON")
    alone = json.loads(ledger.run("sender", "report", "--spool", os.path.join(spool, "quality.json"), "--json"))
    tap.ok(list(alone) == ["sender_side"] and alone["sender_side"]["messages"] == told["sender_side"]["messages"], "the sender's side alone, from the file")
    other = Ledger(ledger.indsigt, "log.example.dk/other")
    codes = [ledger.result("sender", "report").returncode, ledger.result("sender", "report", ledger.dir, "--sender", "99").returncode,
             ledger.result("sender", "report", other.dir, "--spool", spool).returncode,
             ledger.result("sender", "report", ledger.dir, "--spool", spool, "--sender", "2").returncode,
             ledger.result("sender", "report", "--spool", ledger.place).returncode]
    other.remove()
    tap.ok(codes == [2, 5, 5, 2, 4], "exit codes: %s" % codes)
    return {"english": english, "danish": danish, "json": both, "file": open(os.path.join(spool, "quality.json"), encoding="utf-8").read()}


def wrong(tap, indsigt, program):
    ledger = Ledger(indsigt)
    key = ledger.add_sender("pacs", "cvr:55133018", "--policy", "identifiers-in=reason")
    ledger.add_sender("other", "cvr:29190925")
    ledger.serve()
    gateway = Gateway(ledger, key, program, "--http", "127.0.0.1:0")
    statuses = make_happen(gateway)
    tap.ok(statuses == [201, 200, 201, 201, 422, 422], "applications are answered: %s" % statuses)
    seen(ledger, "cpr:" + PERSONS[0], 3)
    seen(ledger, "cpr:" + PERSONS[1], 3)
    texts = door(tap, gateway)
    quality = ledger_side(tap, ledger, 1)
    texts.update(over_http(tap, ledger, 1, quality))
    gateway.stop()
    texts.update(reports(tap, ledger, key))
    found = nobody_in(texts)
    tap.ok(not found and len(texts) == 11, "nobody is in any of it: %s" % found)
    gateway = Gateway(ledger, key, program, "--http", "127.0.0.1:0")
    gateway.give(counted(HEAD + audit(PERSONS[0], "efter")))
    wait_until(lambda: json.loads(ask(gateway.http, "/v1/quality")[2])["messages"]["taken"] == 7, "counts go on after a start")
    gateway.stop()
    ledger.stop()
    tap.ok(of(report(ledger)["ledger"], 1)["events"] == 7, "the report needs nobody who serves")
    ledger.remove()


def sampled(tap, indsigt):
    """Of many events a sample; indsigt send counts as well."""
    ledger = Ledger(indsigt)
    key = ledger.add_sender("many", "cvr:55133018", "--policy", "purpose=kontrol")
    ledger.serve()
    lines = [event("cpr:0101701001", "opslag %d" % n, purpose="unspecified" if n % 2 else "kontrol", time=now(-10), id=str(n)) for n in range(3000)]
    ledger.run("send", "--server", ledger.ingest, "--key", key, "-", stdin="\n".join(lines) + "\n")
    quality = of(report(ledger)["ledger"], 1)
    tap.ok(quality["events"] == 3000 and 512 <= quality["sample"] <= 1024 and quality["looked_at"] == quality["sample"], "a sample: %s" % quality)
    tap.ok(0.4 < quality["purpose"]["missing"] / quality["sample"] < 0.6 and sum(quality["purpose"].values()) == 2 * quality["sample"],
           "which says what all say, with the registration's purpose beside it")
    side = json.loads(ledger.run("sender", "report", "--spool", key + ".spool", "--json"))["sender_side"]
    tap.ok(side["messages"] == {"taken": 3000, "again": 0, "refused": 0} and side["purpose_missing"] == side["purpose_usual"] == 1500, "the sender counted all: %s" % side)
    ledger.remove()


def restricted(tap, indsigt):
    """What the ledger cannot see is not told as if it were not there."""
    ledger = Ledger(indsigt)
    key = ledger.add_sender("closed", "cvr:55133018", "--policy", "close=purpose")
    ledger.serve()
    ledger.run("send", "--server", ledger.ingest, "--key", key, "-", stdin=event("cpr:0101701001", "opslag", purpose="unspecified", time=now(-10)) + "\n")
    figures = ask(ledger.query, "/metrics")[2]
    english, danish = (ledger.run("sender", "report", ledger.dir, "--lang", lang) for lang in ("en", "da"))
    tap.ok("sender 1: the purpose of 1 events is restricted" in english and "afsender 1: formålet med 1 hændelser er lukket" in danish,
           "a purpose that is restricted: %s %s" % (english, danish))
    tap.ok(metric(figures, "indsigt_sender_purpose_seen", sender="1") == 0 and metric(figures, "indsigt_sender_events", sender="1") == 1, "and as a figure")
    ledger.remove()


def silent(tap, indsigt):
    """Two hours each morning, for seventeen days; then a morning without."""
    if not LIBRARIES or "INDSIGT_FAILING_CALL" not in os.environ:
        tap.skip("silence against its own rhythm", "needs libfaketime, and a build that lets something be loaded before it")
        return
    place = tempfile.mkdtemp(prefix="indsigt-clock-")
    clock = Clock(os.path.join(place, "clock"))
    midnight = (int(time.time()) // DAY - 20) * DAY
    at = lambda day, hour: clock.set(int(midnight + day * DAY + hour * 3600 + 600 - time.time()))
    at(0, 1)
    ledger = clock.under(Ledger, indsigt)
    key = clock.under(ledger.add_sender, "office")
    clock.under(ledger.serve)
    for day in range(17):
        for hour in (8, 9):
            at(day, hour)
            begun = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(midnight + day * DAY + hour * 3600))
            clock.under(ledger.run, "send", "--server", ledger.ingest, "--key", key, "-", stdin=event("cpr:0101701001", "%d %d" % (day, hour), time=begun) + "\n")
    token = "Bearer " + clock.under(ledger.run, "token", ledger.dir, "oid:1.2.3:rita", "--role", "auditor", "--hours", "8000").strip()

    def told():
        status, _, body = ask(ledger.query, "/v1/quality", Authorization=token)
        figures = ask(ledger.query, "/metrics")[2]
        rhythm = json.loads(body)["senders"][0]["rhythm"] if status == 200 else body
        return rhythm, metric(figures, "indsigt_sender_silent", sender="1"), of(clock.under(report, ledger)["ledger"], 1)["rhythm"] == rhythm

    at(17, 8)
    rhythm, figure, same = told()
    tap.ok(rhythm["kind"] == "weekly" and rhythm["usual_hours"] == 14 and not rhythm["silent"] and figure == 0 and same, "a night is no silence: %s" % rhythm)
    wanted = time.strftime("%Y-%m-%dT10:00:00Z", time.gmtime(midnight + 17 * DAY))
    tap.ok(rhythm["silent_from"] == wanted, "it is known from when on it is one: %s" % rhythm)
    at(17, 10)
    rhythm, figure, same = told()
    tap.ok(rhythm["silent"] and rhythm["silent_from"] == wanted and figure == 1 and same, "a morning is: %s" % rhythm)
    text = clock.under(ledger.run, "sender", "report", ledger.dir, "--lang", "en")
    tap.ok("YES, since " + wanted in text, "and is told: %s" % text)
    ledger.remove()
    shutil.rmtree(place)


def main():
    tap = Tap()
    wrong(tap, sys.argv[1], os.path.abspath(sys.argv[2]))
    sampled(tap, sys.argv[1])
    restricted(tap, sys.argv[1])
    silent(tap, sys.argv[1])
    tap.done()


main()
