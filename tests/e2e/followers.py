#!/usr/bin/env python3
"""Audits of what a ledger publishes: over HTTP, begun again where they were, and of a ledger that shows two histories.
(AUD-1, AUD-2, AUD-3, TILE-8)"""

import functools
import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
import urllib.request

from indsigt import Ledger, Tap, event, wait_until

SUBJECTS = ["cpr:0101701234", "cpr:0202802345", "cpr:0303903456"]


def send(ledger, key, activity, count, batch=50):
    lines = "\n".join(event(SUBJECTS[i % 3], "%s %d" % (activity, i)) for i in range(count))
    ledger.run("send", "--server", ledger.ingest, "--key", key, "--spool", ledger.path("spool"), "--batch",
               str(batch), "-", stdin=lines + "\n")


def words(line):
    """The numbers of an audit's last line."""
    return dict(word.split("=", 1) for word in line.split() if "=" in word)


class Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


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


def tree_files(out):
    return sorted(os.path.relpath(os.path.join(at, name), out) for at, _, names in os.walk(out) for name in names
                  if not name.startswith("."))


def same_as_served(ledger, out):
    """Every file of the tree is what the query daemon gives under that address."""
    for name in tree_files(out):
        with urllib.request.urlopen(url(ledger) + "/" + name, timeout=30) as response, \
                open(os.path.join(out, name), "rb") as file:
            if response.read() != file.read():
                return False
    return True


def exported(tap, ledger, key, audit):
    """The same log as files: by steps, interrupted, and for any web server."""
    out = ledger.path("out")
    sizes = []
    for step, count in enumerate((1, 252, 1, 2, 300)):
        send(ledger, key, "export%d" % step, count, batch=count)
        said = json.loads(ledger.run("export", ledger.dir, out, "--json"))
        sizes.append(said["entries"])
        code, line = audit.run(out)
        tap.ok(code == 0 and words(line)["entries"] == str(said["entries"]) and same_as_served(ledger, out),
               "export of %(entries)d entries, %(new)d of them new, %(tiles)d tiles written" % said)
    tap.ok(len(set(sizes)) == 5 and json.loads(ledger.run("export", ledger.dir, out, "--json"))["tiles"] == 0,
           "nothing new: nothing is written")
    want = ["tile/%s/%03d" % (level, n) for level in ("0", "entries") for n in range(sizes[-1] // 256)]
    files = tree_files(out)
    tap.ok(all(name in files for name in want) and not any("000.p" in name for name in files if "/1/" not in name),
           "full tiles took the place of partial ones")
    killed = ledger.path("killed")
    for _ in range(8):
        process = subprocess.Popen([ledger.indsigt, "export", ledger.dir, killed], stdout=subprocess.DEVNULL)
        wait_until(lambda: os.path.exists(killed + "/tile/0") or process.poll() is not None, "the first tile")
        process.kill()
        process.wait()
        if os.path.exists(killed + "/checkpoint") and audit.run(killed)[0] != 0:
            tap.ok(False, "a tree whose writer was killed holds")
    ledger.run("export", ledger.dir, killed)
    tap.ok(set(tree_files(killed)) <= set(files) and audit.run(killed)[0] == 0,
           "an export that was killed is finished by the next one")
    handler = functools.partial(Silent, directory=out)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    code, line = audit.run("http://127.0.0.1:%d/" % server.server_port)
    tap.ok(code == 0 and line == audit.run(out)[1], "any web server can serve it")
    server.shutdown()
    spoiled = os.path.join(out, "tile/entries/001")
    with open(spoiled, "r+b") as file:
        file.seek(1000)
        file.write(b"?!")
    code, line = audit.run(out)
    index = int(words(line)["index"]) if code == 1 else 0
    tap.ok(code == 1 and 256 <= index < 512, "a byte of it changed: " + line)
    os.unlink(os.path.join(out, "tile/0/001"))
    code, line = audit.run(out)
    tap.ok(code == 1 and "/tile/0/001 is not there" in line, "a tile of it gone: " + line)
    result = ledger.result("export", ledger.dir, "/nowhere/at/all")
    tap.ok(result.returncode == 1 and "/nowhere/at/all" in result.stderr, "no such place: " + result.stderr.strip())


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
    exported(tap, ledger, key, audit)
    refused(tap, ledger, audit)
    forked(tap, ledger, indsigt, audit)
    os.chdir("/")
    ledger.remove()
    tap.done()


main()
