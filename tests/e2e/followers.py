#!/usr/bin/env python3
"""Audits of what a ledger publishes: over HTTP, begun again where they were, and of a ledger that shows two histories.
(AUD-1, AUD-2, AUD-3, TILE-8, TILE-9, MIR-1, MIR-2, MIR-3, MIR-4)"""

import functools
import hashlib
import http.server
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
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
    tap.ok(code == 4 and "/tile/0/001 is not there" in line, "a tile of it gone: " + line)
    result = ledger.result("export", ledger.dir, "/nowhere/at/all")
    tap.ok(result.returncode == 4 and "/nowhere/at/all" in result.stderr, "no such place: " + result.stderr.strip())


class Mirror:
    """`indsigt mirror` of a place."""

    def __init__(self, ledger, name, place):
        self.ledger, self.dir = ledger, ledger.path(name)
        ledger.run("mirror", "init", self.dir, "--ledger", place, "--vkey", ledger.vkey)
        self.process, self.query = None, None

    def once(self):
        return self.ledger.result("mirror", "serve", self.dir, "--once")

    def serve(self):
        self.log = open(self.dir + ".log", "ab")
        self.process = subprocess.Popen([self.ledger.indsigt, "mirror", "serve", self.dir, "--listen", "127.0.0.1:0",
                                         "--interval", "1"], stdout=subprocess.PIPE, stderr=self.log, text=True)
        line = self.process.stdout.readline()
        self.query = line.split()[1].split("=")[1]

    def said(self):
        return open(self.dir + ".log").read()

    def size(self):
        try:
            with urllib.request.urlopen("http://%s/checkpoint" % self.query, timeout=30) as response:
                return int(response.read().split(b"\n")[1])
        except urllib.error.HTTPError:
            return 0

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        code = self.process.wait(60)
        self.process.stdout.close()
        self.log.close()
        return code


def ask(place, path, method="GET", **headers):
    request = urllib.request.Request("http://%s%s" % (place, path), method=method,
                                     headers={k.replace("_", "-"): v for k, v in headers.items()})
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, dict(response.headers), response.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


def ledger_size(ledger):
    return int(ledger.get("/checkpoint").split("\n")[1])


def mirrored(tap, ledger, key, audit):
    mirror = Mirror(ledger, "mirror", url(ledger))
    result = mirror.once()
    tap.ok(result.returncode == 0 and result.stdout == "mirror: ok entries=%d\n" % ledger_size(ledger),
           "a mirror follows once: " + result.stdout.strip())
    tap.ok(same_as_served(ledger, mirror.dir + "/tree"), "... and has what the ledger serves, byte for byte")
    mirror.serve()
    for step, count in enumerate((3, 400, 60)):
        send(ledger, key, "mirror%d" % step, count)
        wait_until(lambda: mirror.size() == ledger_size(ledger), "the mirror follows")
        code, line = audit.run("http://" + mirror.query)
        tap.ok(code == 0 and line == audit.run(url(ledger))[1], "it follows, and audits say the same of it: " + line)
    answers(tap, ledger, mirror)
    of_mirror = Mirror(ledger, "second", "http://" + mirror.query)
    result = of_mirror.once()
    tap.ok(result.returncode == 0 and same_as_served(ledger, of_mirror.dir + "/tree"), "a mirror of the mirror")
    for step in range(4):
        mirror.stop(signal.SIGKILL)
        send(ledger, key, "killed%d" % step, 150)
        mirror.serve()
    wait_until(lambda: mirror.size() == ledger_size(ledger), "the mirror follows again")
    tap.ok(audit.run("http://" + mirror.query)[0] == 0, "killed again and again it goes on")
    tap.ok(mirror.stop() == 0, "it ends when it is told to")
    os.unlink(mirror.dir + "/state.json")
    result = mirror.once()
    tap.ok(result.returncode == 0 and os.path.exists(mirror.dir + "/state.json"), "without its state it reads all again")
    result = ledger.result("mirror", "serve", ledger.path("out"), "--once")
    tap.ok(result.returncode == 4 and "mirror init" in result.stderr, "no mirror's directory: " + result.stderr.strip())
    for place in ("ftp://log.example.org", "nowhere/at/all"):
        result = ledger.result("mirror", "init", ledger.path("no-mirror"), "--ledger", place, "--vkey", ledger.vkey)
        tap.ok(result.returncode != 0 and "http://" in result.stderr and not os.path.exists(ledger.path("no-mirror")),
               "no place of a log: " + result.stderr.splitlines()[0])
    ledger.run("export", ledger.dir, "relative")
    from_files = Mirror(ledger, "from-files", "relative")
    os.chdir("/")
    result = from_files.once()
    os.chdir(ledger.path("work"))
    tap.ok(result.returncode == 0, "a directory is found from wherever the mirror is served: " + result.stdout.strip())
    tap.ok(ledger.result("mirror", "init", mirror.dir, "--ledger", ".", "--vkey", ledger.vkey).returncode == 1,
           "none is made over another")


def raw(place, text):
    """All that comes for these bytes until the other side ends the connection."""
    host, port = place.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(text.encode())
        answer = b""
        while (data := connection.recv(65536)):
            answer += data
    return answer


def one_end(tap, mirror):
    """No body is answered as a request of its own: one answer, and the connection ends (HTTP-7)."""
    following = "GET /checkpoint HTTP/1.1\r\nHost: m\r\n\r\n"
    length = "Content-Length: %d" % len(following)
    for method in ("HEAD", "GET", "POST"):
        for head in (length, length.replace(":", " :"), length.replace(": ", ": +"), "Transfer-Encoding : chunked",
                     "Content-Length: 0\r\n" + length, "X: a\r" + length):
            answer = raw(mirror.query, "%s /checkpoint HTTP/1.1\r\nHost: m\r\n%s\r\n\r\n%s" % (method, head, following))
            tap.ok(answer.count(b"HTTP/1.1 ") == 1 and answer.split()[1] in (b"400", b"413"),
                   "%s with %s gets one answer, a refusal" % (method, head.encode()))


def answers(tap, ledger, mirror):
    """The mirror's server as the ledger's: headers, HEAD, conditions, compression, refusals."""
    origin = hashlib.sha256(b"log.example.dk/e2e").hexdigest()
    names = ("Content-Type", "Cache-Control", "ETag", "Vary", "Content-Encoding", "Content-Length")
    edge = "/tile/1/000.p/%d" % (ledger_size(ledger) // 256)
    for path in ("/checkpoint", "/tile/0/000", "/tile/entries/001", edge):
        for headers in ({}, {"Accept_Encoding": "gzip"}):
            of_ledger, of_mirror = ask(ledger.query, path, **headers), ask(mirror.query, path, **headers)
            same = [of_ledger[1].get(name) == of_mirror[1].get(name) for name in names]
            tap.ok(of_ledger[0] == of_mirror[0] == 200 and all(same) and of_ledger[2] == of_mirror[2],
                   "%s %s is answered as the ledger does" % (path, headers or ""))
    status, headers, body = ask(mirror.query, "/tile/0/000", "HEAD")
    tap.ok(status == 200 and headers["Content-Length"] == "8192" and body == b"", "HEAD")
    status, _, body = ask(mirror.query, "/tile/0/000", If_None_Match=headers["ETag"])
    tap.ok(status == 304 and body == b"", "304")
    status, _, body = ask(mirror.query, "/tile/0/000.p/7")
    tap.ok(status == 200 and len(body) == 224, "a partial tile out of the full one")
    tap.ok(ask(mirror.query, "/%s/checkpoint" % origin)[2] == ask(mirror.query, "/checkpoint")[2], "below its origin's hash")
    one_end(tap, mirror)
    for path, method, wanted in (("/tile/0/999", "GET", 404), ("/tile/0/00", "GET", 404), ("/", "GET", 404),
                                 ("/tile/0/../../state.json", "GET", 404), ("/checkpoint", "POST", 405)):
        tap.ok(ask(mirror.query, path, method)[0] == wanted, "%s %s is %d" % (method, path, wanted))


def refused(tap, ledger, audit):
    state = ledger.path("state.json")
    saved, bad = json.load(open(state)), ledger.path("bad.json")
    another = saved["checkpoint"].replace("log.example.dk/e2e", "log.example.dk/other")
    damaged = saved["checkpoint"].replace("log.example.dk/e2e\n", "log.example.dk/e2e\n1", 1)
    for name, text, status, wanted in (("no state", "{}", 4, "member is missing"), ("no checkpoint", "hello\n", 4, "no checkpoint"),
                                       ("a state of another log", json.dumps({**saved, "checkpoint": another}), 5, "another log"),
                                       ("a checkpoint of another log", another, 5, "another log"),
                                       ("a checkpoint that was changed", damaged, 4, "no checkpoint that the log"),
                                       ("a state that was changed", json.dumps({**saved, "checkpoint": damaged}), 4, "not signed")):
        with open(bad, "w") as file:
            file.write(text)
        code, line = audit.run(url(ledger), "--from", bad)
        tap.ok(code == status and wanted in line, "--from a file that is %s: %d %s" % (name, code, line))
    code, line = audit.run("http://127.0.0.1:1/")
    tap.ok(code == 4 and line.startswith("audit: NOT LOOKED"), "nobody answers: " + line)
    code, line = audit.run(url(ledger) + "/nowhere")
    tap.ok(code == 4 and "not there" in line, "there is no log: " + line)
    code, line = audit.run(url(ledger), "--labels")
    tap.ok(code == 2, "labels are not published")
    code, line = audit.run(ledger.dir, "--save", state)
    tap.ok(code == 2, "a directory is audited as it is")


def recovered(tap, ledger, key):
    """An older store, and a lost guard: what mirrors say of them. (REC-1, REC-2)"""
    store, guard, older, newer = (os.path.join(ledger.dir, "store"), os.path.join(ledger.dir, "guard"),
                                  ledger.path("older"), ledger.path("newer"))
    ledger.stop()
    shutil.copytree(store, older)
    ledger.serve("--epoch-seconds", "250")
    send(ledger, key, "lost", 120)
    out = ledger.path("rescue-out")
    ledger.run("export", ledger.dir, out)
    ledger.stop()
    tap.ok("nothing is to be done" in ledger.run("recover", ledger.dir, "--mirror", out), "all is well: nothing is done")
    os.rename(store, newer)
    shutil.copytree(older, store)
    kept = open(guard, "rb").read()
    for name in ("with its guard", "without a guard"):
        result = ledger.result("recover", ledger.dir, "--mirror", out)
        tap.ok(result.returncode == 1 and "missing: sender=1 events=120" in result.stdout and
               "120 events are missing" in result.stderr, "an older store %s: %s" % (name, result.stdout.strip()))
        tap.ok(not os.path.exists(guard) or open(guard, "rb").read() == kept, "... and nothing is changed")
        if os.path.exists(guard):
            os.remove(guard)
    shutil.rmtree(store)
    os.rename(newer, store)
    result = ledger.result("recover", ledger.dir)
    tap.ok(result.returncode == 4 and "--mirror" in result.stderr, "nobody to ask: " + result.stderr.strip())
    result = ledger.result("recover", ledger.dir, "--mirror", "http://127.0.0.1:1/")
    tap.ok(result.returncode == 1 and "no mirror could be asked" in result.stderr and not os.path.exists(guard),
           "nobody answers: " + result.stderr.strip().splitlines()[-1])
    told = ledger.run("recover", ledger.dir, "--mirror", "http://127.0.0.1:1/", "--mirror", out)
    tap.ok("a new guard" in told and os.path.exists(guard), "the newest store gets a new guard: " + told.strip())
    ledger.serve("--epoch-seconds", "250")
    send(ledger, key, "after", 10)
    tap.ok(ledger.audit()[0] == 0, "and it goes on")

def recover_of_two(tap, ledger, other):
    out = ledger.path("other-out")
    ledger.run("export", other.dir, out)
    guard = os.path.join(ledger.dir, "guard")
    os.rename(guard, guard + ".away")
    for to, name in ((ledger, "larger"), (other, "smaller")):
        if name == "smaller":
            shutil.rmtree(out)
            ledger.run("export", ledger.dir, out)
            guard = os.path.join(other.dir, "guard")
            os.rename(guard, guard + ".away")
        result = ledger.result("recover", to.dir, "--mirror", out)
        kept = [file for file in os.listdir(to.dir + "/evidence") if file.startswith("fork-")]
        tap.ok(result.returncode == 1 and "two histories" in result.stderr and not os.path.exists(guard),
               "recover with a %s checkpoint of another history: %s" % (name, result.stderr.strip()))
        shown = ledger.result("verify", "%s/evidence/%s" % (to.dir, kept[0]), "--vkey", ledger.vkey)
        tap.ok(shown.returncode == 0, "... with evidence for everybody")
        os.rename(guard + ".away", guard)


class Switch(http.server.BaseHTTPRequestHandler):
    """One address that shows one ledger or another."""
    target = None

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        status, headers, body = ask(Switch.target.query, self.path)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def mirror_of_two(tap, ledger, other):
    """A mirror that is shown one history and then the other."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Switch)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Switch.target = ledger
    mirror = Mirror(ledger, "deceived", "http://127.0.0.1:%d" % server.server_port)
    mirror.serve()
    wait_until(lambda: mirror.size() == ledger_size(ledger), "the mirror follows")
    before = ask(mirror.query, "/checkpoint")[2]
    Switch.target = other
    wait_until(lambda: "mirror: ALARM" in mirror.said(), "the alarm")
    kept = os.listdir(mirror.dir + "/evidence")
    tap.ok(len(kept) == 1 and kept[0].startswith("fork-") and kept[0] in mirror.said(),
           "a mirror raises an alarm: " + mirror.said().strip().splitlines()[-1])
    tap.ok(ask(mirror.query, "/checkpoint")[2] == before, "... and goes on serving what it verified")
    shown = ledger.result("verify", "%s/evidence/%s" % (mirror.dir, kept[0]), "--vkey", ledger.vkey)
    tap.ok(shown.returncode == 0 and "two histories" in shown.stdout, "... with evidence for everybody")
    Switch.target = ledger
    wait_until(lambda: "goes on" in mirror.said(), "the end of the alarm")
    mirror.stop()
    Switch.target = other
    result = mirror.once()
    tap.ok(result.returncode == 1 and "ALARM" in result.stderr, "started again it remembers what it saw")
    server.shutdown()


def export_of_two(tap, ledger, other):
    """Files of one history are not gone on with by another, which is larger. (TILE-9)"""
    out = ledger.path("one-history")
    ledger.run("export", ledger.dir, out)
    before = {name: open(os.path.join(out, name), "rb").read() for name in tree_files(out)}
    result = ledger.result("export", other.dir, out)
    tap.ok(ledger_size(other) > ledger_size(ledger) and result.returncode == 1 and "another history" in result.stderr,
           "another history is not exported over it: " + result.stderr.strip())
    tap.ok(before == {name: open(os.path.join(out, name), "rb").read() for name in tree_files(out)},
           "... and the files stay as they were")


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
    tap.ok(code == 4 and "what lies between is not there" in line, "the second history is shorter at first: " + line)
    send(other, other.path("B.key"), "fork-more", 500)
    code, line = audit.run(url(other), "--from", state)
    export_of_two(tap, ledger, other)
    mirror_of_two(tap, ledger, other)
    evidence = [name for name in os.listdir(".") if name.startswith("fork-")]
    tap.ok(code == 1 and len(evidence) == 1 and evidence[0] in line, "... then a larger one: " + line)
    other.stop()
    ledger.stop()
    recover_of_two(tap, ledger, other)
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
    mirrored(tap, ledger, key, audit)
    refused(tap, ledger, audit)
    recovered(tap, ledger, key)
    forked(tap, ledger, indsigt, audit)
    os.chdir("/")
    ledger.remove()
    tap.done()


main()
