#!/usr/bin/env python3
"""Audits of what a ledger publishes: over HTTP, begun again where they were, and of a ledger that shows two histories.
(AUD-1, AUD-2, AUD-3)"""

import json
import os
import shutil
import sys

from indsigt import Ledger, Tap, event

SUBJECTS = ["cpr:0101701234", "cpr:0202802345", "cpr:0303903456"]


def send(ledger, key, activity, count, batch=50):
    lines = "\n".join(event(SUBJECTS[i % 3], "%s %d" % (activity, i)) for i in range(count))
    ledger.run("send", "--server", ledger.ingest, "--key", key, "--spool", ledger.path("spool"), "--batch",
               str(batch), "-", stdin=lines + "\n")


def words(line):
    """The numbers of an audit's last line."""
    return dict(word.split("=", 1) for word in line.split() if "=" in word)


class Audit:
    """`indsigt audit URL` from a directory of its own, where it leaves what it finds."""

    def __init__(self, ledger):
        self.ledger = ledger

    def run(self, place, *options):
        result = self.ledger.result("audit", place, "--vkey", self.ledger.vkey, *options)
        lines = result.stdout.strip().splitlines()
        return result.returncode, lines[-1] if lines else result.stderr.strip()


def url(ledger):
    return "http://" + ledger.query


def over_http(tap, ledger, key, audit):
    send(ledger, key, "first", 700)
    ledger.run("epoch", ledger.dir)
    code, line = audit.run(url(ledger))
    tap.ok(code == 0 and line.startswith("audit: ok entries="), "an audit over HTTP: " + line)
    of_dir = ledger.audit()[1]
    same = ("entries", "events", "batches", "senders", "unendorsed", "unchecked", "unclaimed", "root")
    tap.ok(all(words(line)[name] == words(of_dir)[name] for name in same), "... says what that of the directory says: "
           + of_dir)
    code, line = audit.run(url(ledger), "--json")
    tap.ok(code == 0 and json.loads(line)["entries"] == int(words(of_dir)["entries"]), "... and as one JSON object")
    tap.ok("lagging" not in line and "records" not in line, "... without what tiles do not show")


def gone_on(tap, ledger, key, audit):
    state, fresh = ledger.path("state.json"), ledger.path("fresh.json")
    code, line = audit.run(url(ledger), "--save", state)
    tap.ok(code == 0 and os.path.exists(state), "an audit that writes down where it stands")
    code, again = audit.run(url(ledger), "--from", state)
    tap.ok(code == 0 and again == line, "... goes on from there when there is nothing new")
    with open(ledger.path("checkpoint"), "w") as file:
        file.write(ledger.get("/checkpoint"))
    send(ledger, key, "second", 300)
    code, more = audit.run(url(ledger), "--from", state, "--save", state)
    code_all, whole = audit.run(url(ledger), "--save", fresh)
    tap.ok(code == 0 and code_all == 0 and more == whole and more != line, "... and when there is: " + more)
    tap.ok(json.load(open(state))["rules"] == json.load(open(fresh))["rules"], "... with the same state as from the start")
    code, line = audit.run(url(ledger), "--from", ledger.path("checkpoint"))
    tap.ok(code == 0 and line == whole, "from a checkpoint alone")


def refused(tap, ledger, audit):
    state = ledger.path("state.json")
    for name, text, wanted in (("no state", "{}", "member is missing"), ("no checkpoint", "hello\n", "no checkpoint"),
                               ("of another log", None, "not signed with this log's key")):
        bad = ledger.path("bad.json")
        if text is None:
            saved = json.load(open(state))
            saved["checkpoint"] = saved["checkpoint"].replace("log.example.dk/e2e", "log.example.dk/other")
            text = json.dumps(saved)
        with open(bad, "w") as file:
            file.write(text)
        code, line = audit.run(url(ledger), "--from", bad)
        tap.ok(code == 1 and wanted in line, "--from a file that is %s: %s" % (name, line))
    code, line = audit.run("http://127.0.0.1:1/")
    tap.ok(code == 1 and line.startswith("audit: FAILED"), "nobody answers: " + line)
    code, line = audit.run(url(ledger) + "/nowhere")
    tap.ok(code == 1 and "not there" in line, "there is no log: " + line)
    code, line = audit.run(url(ledger), "--labels")
    tap.ok(code == 2, "labels are not published")
    code, line = audit.run(ledger.dir, "--save", state)
    tap.ok(code == 2, "a directory is audited as it is")


def forked(tap, ledger, indsigt, audit):
    """The same log in two directories, with all its keys, and two histories from there on."""
    state = ledger.path("state.json")
    audit.run(url(ledger), "--save", state)
    ledger.stop()
    other = Ledger(indsigt)
    shutil.rmtree(other.dir)
    shutil.copytree(ledger.dir, other.dir)
    other.vkey = ledger.vkey
    for which, count in ((ledger, 150), (other, 90)):
        shutil.copy(ledger.path("A.key"), which.path("B.key"))
        which.serve("--epoch-seconds", "250")
        send(which, which.path("B.key"), "fork%d" % count, count)
    code, line = audit.run(url(ledger), "--from", state, "--save", state)
    tap.ok(code == 0, "the first history: " + line)
    code, line = audit.run(url(other), "--from", state)
    tap.ok(code == 1 and "what lies between is not there" in line, "the second history is shorter at first: " + line)
    send(other, other.path("B.key"), "fork-more", 500)
    code, line = audit.run(url(other), "--from", state)
    evidence = [name for name in os.listdir(".") if name.startswith("fork-")]
    tap.ok(code == 1 and len(evidence) == 1 and evidence[0] in line, "... then a larger one: " + line)
    other.stop()
    ledger.stop()
    shown = ledger.result("verify", evidence[0], "--vkey", ledger.vkey)
    tap.ok(shown.returncode == 0 and "two histories" in shown.stdout, "the evidence convinces offline: " +
           shown.stdout.strip().splitlines()[0])
    with open(evidence[0]) as file:
        bent = json.load(file)
    bent["old_root"] = bent["proof"][0]
    with open("bent.json", "w") as file:
        json.dump(bent, file)
    tap.ok(ledger.result("verify", "bent.json", "--vkey", ledger.vkey).returncode == 1, "... and what is bent does not")
    other.remove()


def main():
    indsigt = os.path.abspath(sys.argv[1])
    tap = Tap()
    ledger = Ledger(indsigt)
    os.makedirs(ledger.path("work"))
    os.chdir(ledger.path("work"))
    audit = Audit(ledger)
    key = ledger.add_sender("A")
    ledger.serve("--epoch-seconds", "250")
    over_http(tap, ledger, key, audit)
    gone_on(tap, ledger, key, audit)
    refused(tap, ledger, audit)
    forked(tap, ledger, indsigt, audit)
    os.chdir("/")
    ledger.remove()
    tap.done()


main()
