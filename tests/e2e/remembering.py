#!/usr/bin/env python3
"""What a sender remembers, seen through the command line: what was refused is tried again, what was sent is not, however the
file is called and wherever the line stands; policy, key, clock, spool and line change under it, and every event is in the
ledger exactly once, or is told."""

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import termios
import threading

from indsigt import Ledger, Tap, event, wait_until

PERSON = "cpr:0101701234"
FHIR = {"resourceType": "AuditEvent", "type": {"code": "rest"}, "action": "R", "recorded": "2026-11-20T08:15:30Z",
        "outcome": "0", "agent": [{"requestor": True, "who": {"identifier": {"value": "u1"}}}],
        "source": {"observer": {"display": "KSD"}},
        "entity": [{"what": {"identifier": {"system": "urn:oid:1.2.208.176.1.2", "value": "0101701234"}},
                    "role": {"code": "1"}}]}


class Proxy:
    """Between a sender and a ledger. `mute`: after the welcome nothing comes back; `deaf`: after the hello nothing goes on;
    `cut_s`, `cut_bytes`: each connection is cut after so long, or after so many bytes of the sender."""

    def __init__(self, address, mute=False, deaf=False, cut_s=None, cut_bytes=None):
        self.to = (address.split(":")[0], int(address.split(":")[1]))
        self.mute, self.deaf, self.cut_s, self.cut_bytes = mute, deaf, cut_s, cut_bytes
        self.connections = 0
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(16)
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def pump(self, a, b, swallow, first, cut_bytes=None):
        seen = passed = 0
        try:
            while True:
                data = a.recv(65536)
                if not data:
                    break
                seen += 1
                if swallow and seen > first:
                    continue
                b.sendall(data)
                passed += len(data)
                if cut_bytes is not None and passed > cut_bytes:
                    self.cut(a, b)
                    return
            b.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def run(self):
        while True:
            try:
                a, _ = self.listener.accept()
                b = socket.create_connection(self.to)
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.pump, args=(a, b, self.deaf, 1, self.cut_bytes), daemon=True).start()
            threading.Thread(target=self.pump, args=(b, a, self.mute, 2), daemon=True).start()
            if self.cut_s is not None:
                threading.Timer(self.cut_s, self.cut, (a, b)).start()

    @staticmethod
    def cut(a, b):
        for s in (a, b):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            s.close()

    def close(self):
        self.listener.close()


class Case:
    """A ledger that is served, and one sender."""

    def __init__(self, indsigt, *options):
        self.ledger = Ledger(indsigt)
        self.key = self.ledger.add_sender("ksd", "cvr:55133018", *options)
        self.ledger.serve()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ledger.remove()

    def write(self, name, lines):
        with open(self.ledger.path(name), "w", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in lines)
        return self.ledger.path(name)

    def command(self, *options, server=None, key=None):
        return [self.ledger.indsigt, "send", "--server", server or self.ledger.ingest, "--key", key or self.key, *options]

    def send(self, *options, server=None, key=None, stdin=None):
        result = subprocess.run(self.command(*options, server=server, key=key), stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, timeout=200, input=stdin,
                                stdin=None if stdin is not None else subprocess.DEVNULL, check=False)
        self.said = result.stderr
        return result.returncode

    def start(self, *options, server=None):
        return subprocess.Popen(self.command(*options, server=server), stdout=subprocess.DEVNULL,
                                stderr=open(self.ledger.path("stderr"), "wb"), stdin=subprocess.DEVNULL)

    def started_says(self):
        with open(self.ledger.path("stderr"), encoding="utf-8") as file:
            return file.read()

    def events(self):
        """How many events the ledger has, of whomever."""
        senders = json.loads(self.ledger.run("sender", "list", self.ledger.dir, "--json"))
        return sum(s["events"] for s in (senders["senders"] if isinstance(senders, dict) else senders))

    def activities(self, subject=PERSON):
        """What was done to a person's data, sorted: who has them twice, or not at all, is seen here."""
        return sorted(a.get("event", a).get("activity", "?") for a in self.ledger.who(subject)["accesses"])

    def interrupted(self, proxy, path, *options):
        """A run that signs, and maybe sends, and gets no receipt."""
        process = self.start(*options, path, server=proxy.address)
        wait_until(lambda: os.path.exists(self.key + ".spool/journal") and
                   os.path.getsize(self.key + ".spool/journal") > 1500, "the batches to wait")
        if not proxy.deaf:
            wait_until(lambda: self.events() > 0, "the ledger to have them")
        process.send_signal(signal.SIGTERM)
        code = process.wait(60)
        proxy.close()
        return code


def lines(first, last, **more):
    return [event(PERSON, "opslag %03d" % i, **more) for i in range(first, last)]


def names(first, last):
    return ["opslag %03d" % i for i in range(first, last)]


def refused_is_tried_again(tap, indsigt):
    with Case(indsigt) as c:
        path = c.write("fhir.ndjson", [json.dumps(FHIR)])
        code = c.send(path)
        tap.ok(code != 0, "a forgotten --format is told: %d" % code)
        tap.ok(c.send(path, "--format", "fhir") == 0 and c.events() == 1, "and the same file goes once it is given")
    with Case(indsigt) as c:
        a = lines(0, 3)
        path = c.write("a", [a[0], '{"subject":"x"', a[2]])
        tap.ok(c.send(path) == 1 and c.events() == 2, "one refused, two taken")
        tap.ok(c.send(path) == 1 and "1 messages refused" in c.said and c.events() == 2, "the next run says so again")
        shown = c.ledger.result("spool", c.key + ".spool")
        tap.ok(shown.returncode == 0 and "2 rows" in shown.stdout and "2 marks" in shown.stdout and
               "0101701234" not in shown.stdout, "the spool says in numbers what is kept")
        tap.ok(c.ledger.result("spool", c.ledger.place).returncode == 4 and
               c.ledger.result("spool").returncode == 2, "and what is no spool is told")
        c.write("a", a)
        tap.ok(c.send(path) == 0 and c.activities() == names(0, 3), "a line that was mended goes alone")
        c.write("a", lines(9, 10) + a)
        tap.ok(c.send(path) == 0 and c.events() == 4, "a line that was put on top goes alone")
        os.rename(path, path + ".1")
        shutil.copy(path + ".1", path + ".copy")
        tap.ok(c.send(path + ".1", path + ".copy") == 0 and c.events() == 4, "a rotated and a copied file send nothing")
        tap.ok("8 messages equal to ones sent before" in c.said and "--again" in c.said, "and it says what it cannot know")
        c.write("b", [a[0]] * 3)
        tap.ok(c.send(c.ledger.path("b")) == 0 and c.events() == 6, "equal lines of a file are as many events")
        tap.ok(c.send("--again", c.ledger.path("b")) == 0 and c.events() == 9, "--again sends all of it")


def refused_more_than_once(tap, indsigt):
    """A message that several runs refused has a row of each, and is one message. SND-27"""
    withheld = {"withheld_until": "2036-01-01T00:00:00Z", "withheld_basis": "x"}
    with Case(indsigt, "--policy", "withhold") as c:
        c.send(c.write("other", lines(8, 9)))
        text = lines(0, 3, **withheld)
        path = c.write("a", text + text[:1])
        c.interrupted(Proxy(c.ledger.ingest, deaf=True), path, "--batch", "1")
        c.ledger.run("sender", "policy", c.ledger.dir, "--key", c.key, "--clear")
        rejected = c.key + ".spool/rejected.jsonl"
        c.send("/dev/null")
        c.send(path)
        c.write("a", lines(7, 8, **withheld) + text + text[:1])
        c.send(path)
        os.rename(path, path + ".1")
        c.send(path + ".1")
        c.send(rejected)
        c.send("-", stdin=text[1] + "\n")
        with open(rejected, encoding="utf-8") as file:
            rows = [json.loads(line) for line in file]
        tap.ok(len(rows) > 15 and sum("events" in row for row in rows) >= 8 and c.events() == 1,
               "%d rows of six messages, refused by ledger and sender" % len(rows))
        c.ledger.run("sender", "policy", c.ledger.dir, "--key", c.key, "--policy", "withhold")
        code = c.send(rejected)
        tap.ok(code == 0 and c.events() == 7 and "rows of the same messages" in c.said,
               "each of them is sent once: %s" % c.said.strip().splitlines()[0])
        tap.ok(c.send(path + ".1", rejected) == 0 and c.events() == 7, "and not again, as rows or as the file")


def pipes_and_ids(tap, indsigt):
    with Case(indsigt) as c:
        line = lines(0, 1)[0] + "\n"
        for n in range(3):
            c.send("-", stdin=line)
        tap.ok(c.events() == 3, "an equal line through a pipe is another event each time")
        for n in range(3):
            c.send("--resume", "app", "-", stdin=line)
        tap.ok(c.events() == 4, "unless it is to be taken as a file")
        named = event(PERSON, "named", id="e-1")
        for n in range(2):
            code = c.send("-", stdin=named + "\n")
        tap.ok(code == 0 and c.events() == 5, "an event with an id is recognised in a pipe")
        path = c.write("ids", [named, event(PERSON, "named", id="e-2")])
        tap.ok(c.send(path) == 0 and c.events() == 6, "and in a file")
        code = c.send("-", stdin=event(PERSON, "other", id="e-1") + "\n")
        with open(c.key + ".spool/rejected.jsonl", encoding="utf-8") as file:
            row = json.loads(file.read().splitlines()[-1])
        tap.ok(code == 1 and row["error"] == "bad-value" and row["reason"].startswith("id: used before"),
               "the same id for another event is refused by name")
        own = c.write("own", [event(PERSON, "own", id="p-1", purpose="x")])
        put_in = c.write("put-in", [event(PERSON, "put in", id="p-2", purpose=None)])
        for purpose in ("x", "y", "x"):
            c.ledger.run("sender", "policy", c.ledger.dir, "--key", c.key, "--policy", "purpose=" + purpose)
            code = c.send(own, put_in)
            tap.ok(code == 0 and c.events() == 8, "whatever purpose the registration puts in: %d" % code)
        code = c.send(c.write("put-in", [event(PERSON, "put in", id="p-2", purpose="z")]))
        tap.ok(code == 1 and c.events() == 8, "but a purpose of its own is part of an event")
        access = [a for a in c.ledger.who(PERSON)["accesses"]]
        tap.ok("e-1" not in json.dumps(access), "an id is kept back from the person")


def policy(tap, indsigt):
    with Case(indsigt) as c:
        withheld = c.write("w", lines(0, 2, withheld_until="2036-01-01T00:00:00Z", withheld_basis="x"))
        c.send(c.write("a", lines(5, 6)))
        tap.ok(c.send(withheld) == 1 and c.events() == 1, "what the registration does not allow is refused")
        c.ledger.run("sender", "policy", c.ledger.dir, "--key", c.key, "--policy", "withhold")
        tap.ok(c.send(withheld) == 0 and c.events() == 3, "the next run asks for the policy before it judges")


def full_spools(tap, indsigt):
    """Rotation and policy with a spool that is not empty, before and after the ledger had the batches."""
    for had in (False, True):
        for what in ("rotate", "policy"):
            with Case(indsigt) as c:
                path = c.write("a", lines(0, 5, legal_basis="SDL"))
                proxy = Proxy(c.ledger.ingest, mute=had, deaf=not had)
                code = c.interrupted(proxy, path, "--batch", "2")
                extra = ("--policy", "close=legal_basis") if what == "policy" else ()
                c.ledger.run("sender", what, c.ledger.dir, "--key", c.key, *extra)
                waits = c.ledger.result("spool", "--key", c.key, "--json")
                tap.ok(waits.returncode == 3 and json.loads(waits.stdout)["waiting"]["messages"] == 5,
                       "the spool shows what waits: %s" % waits.stdout.strip())
                again = c.send(path)
                tap.ok(code == 3 and again == 0 and c.activities() == names(0, 5) and c.ledger.audit()[0] == 0,
                       "%s with a full spool, %s: %d, %d, %s" % (what, "taken without a receipt" if had else "never sent",
                                                                 code, again, c.said.strip().splitlines()[0]))
                tap.ok(c.send(path) == 0 and c.events() == 5, "and again nothing")


def changed_while_running(tap, indsigt):
    with Case(indsigt) as c:
        path = c.write("a", lines(0, 3000))
        process = c.start("--batch", "10", path)
        for n in range(4):
            wait_until(lambda: c.events() > 200 * n or process.poll() is not None, "progress")
            c.ledger.run("sender", "policy", c.ledger.dir, "--key", c.key, "--policy", "purpose=p%d" % n)
        wait_until(lambda: c.events() > 1200 or process.poll() is not None, "progress")
        c.ledger.run("sender", "rotate", c.ledger.dir, "--key", c.key)
        code = process.wait(100)
        tap.ok(code == 0 and c.events() == 3000, "policies and a key that change while it sends: %d, %s" % (
            code, c.started_says().strip().splitlines()[-1]))


def other_spools(tap, indsigt):
    with Case(indsigt) as c:
        path = c.write("a", lines(0, 5))
        c.send(path)
        shutil.copytree(c.key + ".spool", c.ledger.path("old"))
        c.send(c.write("b", lines(5, 9)))
        shutil.rmtree(c.key + ".spool")
        shutil.copytree(c.ledger.path("old"), c.key + ".spool")
        code = c.send(c.write("d", lines(9, 12)))
        tap.ok(code == 0 and c.events() == 12 and "4 events of this sender that this spool does not know" in c.said and
               "older copy" in c.said, "an older spool goes on behind what the ledger has, and says what it cannot know")
        code = c.send("--spool", c.ledger.path("fresh"), c.write("e", lines(12, 13)))
        tap.ok(code == 0 and c.events() == 13 and "the spool is new" in c.said and "twice" in c.said,
               "a fresh one says so too")
        tap.ok(c.ledger.audit()[0] == 0, "the log holds")


def revoked(tap, indsigt):
    with Case(indsigt) as c:
        path = c.write("a", lines(0, 5))
        code = c.interrupted(Proxy(c.ledger.ingest, deaf=True), path, "--batch", "2")
        c.ledger.run("sender", "revoke", c.ledger.dir, "1", "--yes", check=False)
        again = c.send(path)
        tap.ok(code == 3 and again == 3 and "--take-out" in c.said and "run it again" not in c.said, "a revoked sender is told: %d, %d, %s" % (code, again, c.said.strip().replace("\n", " / ")))
        taken = c.ledger.result("send", "--key", c.key, "--take-out", "--rejected", c.ledger.path("rows"))
        tap.ok(taken.returncode == 1 and c.ledger.result("spool", "--key", c.key).returncode == 0,
               "what waited is taken out: %d, %s" % (taken.returncode, taken.stderr.strip()))
        other = c.ledger.add_sender("other")
        tap.ok(c.send(c.ledger.path("rows"), key=other) == 0 and c.activities() == names(0, 5),
               "and sent by another: nothing is lost")


def revoked_when_taken(tap, indsigt):
    """The ledger had what waits for its receipt when its sender was revoked: it is not lost, and not reported twice."""
    with Case(indsigt) as c:
        path = c.write("a", lines(0, 5))
        code = c.interrupted(Proxy(c.ledger.ingest, mute=True), path, "--batch", "2")
        had = c.events()
        c.ledger.run("sender", "revoke", c.ledger.dir, "1", "--yes", check=False)
        again = c.send(path)
        tap.ok(code == 3 and had == 2 and again == 3, "a sender is revoked before its receipt comes: %d, %d: %s" % (code, again, c.said.strip()))
        taken = c.ledger.result("send", "--key", c.key, "--take-out", "--rejected", c.ledger.path("rows"))
        tap.ok(c.ledger.result("spool", "--key", c.key).returncode == 0, "nothing waits any more: %d, %s" % (taken.returncode, taken.stderr.strip()))
        other = c.ledger.add_sender("other")
        tap.ok(c.send(c.ledger.path("rows"), key=other) == 0 and c.activities() == names(0, 5) and c.ledger.audit()[0] == 0,
               "what the ledger had got its receipt all the same, and another sends the rest: each is there once: %s" % c.activities())


def endorsed(tap, indsigt):
    """A key that never leaves its organisation, rotated while batches wait; and a right that ends while they do."""
    for had in (False, True):
        with Case(indsigt) as c:
            path = c.write("a", lines(0, 5))
            c.interrupted(Proxy(c.ledger.ingest, mute=had, deaf=not had), path, "--batch", "2")
            sender = json.loads(c.ledger.run("sender", "list", c.ledger.dir, "--json"))[0]
            place = ("--follows", str(sender["entry"]), "--change", str(sender["changes"] + 1))
            c.ledger.run("sender", "endorse", "--key", c.key, *place, "--rotate", c.key + ".new", "--endorsement", c.ledger.path("change"))
            c.ledger.run("sender", "rotate", c.ledger.dir, "--endorsement", c.ledger.path("change"))
            os.replace(c.key + ".new", c.key)
            code = c.send(path)
            tap.ok(code == 0 and c.activities() == names(0, 5) and "unendorsed=0" in c.ledger.audit()[1],
                   "an endorsed key with a full spool, %s: %d, %s" % ("taken without a receipt" if had else "never sent", code, c.said.strip().splitlines()[0]))
    with Case(indsigt, "--reports-for", "cvr:29190925") as c:
        region = {"org": {"id": "cvr:29190925", "name": "Region"}}
        path = c.write("a", lines(0, 2) + lines(2, 6, **region))
        c.interrupted(Proxy(c.ledger.ingest, deaf=True), path, "--batch", "2")
        c.ledger.run("sender", "policy", c.ledger.dir, "--key", c.key, "--clear")
        code = c.send(path)
        rows = open(c.key + ".spool/rejected.jsonl", encoding="utf-8").read()
        tap.ok(code == 1 and c.activities() == names(0, 2) and "reports-for" in rows and rows.count("opslag 00") == 4,
               "what it may report no more is moved aside with the reason, and the rest is sent: %d, %s" % (code, c.said.strip()))
        c.ledger.run("sender", "policy", c.ledger.dir, "--key", c.key, "--reports-for", "cvr:29190925")
        tap.ok(c.send(path) == 0 and c.activities() == names(0, 6), "once it may again the same file brings it")


def interrupted_pipe(tap, indsigt):
    """Whoever feeds a run that was killed begins at the first line again. SND-17"""
    with Case(indsigt) as c:
        text = lines(0, 200)
        for most in (60, 130):
            process = subprocess.Popen([indsigt, "send", "--server", c.ledger.ingest, "--key", c.key, "--batch", "7", "-"],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            process.stdin.write(("\n".join(text[:most]) + "\n").encode())
            process.stdin.flush()
            process.stdout.readline()  # one batch, at least, has its receipt
            process.kill()
            process.communicate()
        code = c.send("-", stdin="\n".join(text) + "\n")
        tap.ok(code == 0 and c.events() == 200 and "were left out" in c.said and "did not come to its end" in c.said,
               "a pipe that begins again after two kills: %d of 200, %s" % (c.events(), c.said.strip()))
        code = c.send("-", stdin=text[0] + "\n")
        tap.ok(code == 0 and c.events() == 201 and "left out" not in c.said, "after a run that came to its end all is new again")


def drained(pipe):
    unread = bytearray(4)
    fcntl.ioctl(pipe.fileno(), termios.FIONREAD, unread)
    return not any(unread)


def stopped(tap, indsigt):
    """Whatever ends a run: what it read from a pipe is acknowledged, waits, or is kept whole. SND-28"""
    with Case(indsigt) as c, socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        nobody = ["127.0.0.1:%d" % silent.getsockname()[1] for silent in (one, other)]
        process = subprocess.Popen(c.command("-", server=nobody[0]), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE)
        process.stdin.write("".join(line + "\n" for line in lines(0, 3)).encode() + lines(3, 4)[0][:40].encode())
        process.stdin.flush()
        wait_until(lambda: drained(process.stdin), "the pipe to be read")
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate()
        tap.ok(process.returncode == 1 and b"4 messages refused" in said, "stopped before the first answer: %d, %s" % (
            process.returncode, said.decode().strip().splitlines()[-1]))
        tap.ok(c.send(c.key + ".spool/rejected.jsonl") == 1 and c.activities() == names(0, 3),
               "what had been read can be sent, but for the line that was cut")
        os.remove(c.key + ".spool/rejected.jsonl")
        path = c.write("a", lines(3, 5))
        process = subprocess.Popen(c.command(path, server=nobody[1]), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        connection, _ = other.accept()
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate()
        connection.close()
        tap.ok(process.returncode == 3 and b"run it again" in said and not os.path.exists(c.key + ".spool/rejected.jsonl"),
               "a file is read again: %d, %s" % (process.returncode, said.decode().strip().splitlines()[-1]))
        process = subprocess.Popen(c.command("--batch", "2", "-"), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE)
        process.stdin.write("".join(line + "\n" for line in lines(5, 9)).encode())
        process.stdin.flush()
        wait_until(lambda: c.events() == 7, "the events to arrive")
        c.ledger.run("sender", "revoke", c.ledger.dir, "1", "--yes", check=False)
        process.stdin.write("".join(line + "\n" for line in lines(9, 69)).encode())
        _, said = process.communicate()
        waits = json.loads(c.ledger.result("spool", "--key", c.key, "--json").stdout)
        tap.ok(process.returncode == 3 and waits["waiting"]["messages"] + waits["refused"] == 60,
               "a sender is revoked while a pipe brings more: %s" % said.decode().strip().splitlines()[-1])


def lines_that_are_cut(tap, indsigt):
    with Case(indsigt) as c:
        path = c.write("a", lines(0, 400))
        proxy = Proxy(c.ledger.ingest, cut_bytes=20000)
        code = c.send("--batch", "20", path, server=proxy.address)
        tap.ok(code == 0 and c.events() == 400 and proxy.connections > 3,
               "a line that is cut every 20 kB brings everything, in %d connections" % proxy.connections)
        proxy.close()
        path = c.write("b", lines(400, 3400))
        proxy = Proxy(c.ledger.ingest, cut_s=0.03)
        code = c.send(path, server=proxy.address)
        tap.ok(code == 0 and c.events() == 3400,
               "a line that is cut every 30 ms brings everything, in %d connections" % proxy.connections)
        proxy.close()


def wrong_addresses(tap, indsigt):
    with Case(indsigt) as c:
        path = c.write("a", lines(0, 1))
        for server in ("127.0.0.1:99999", "127.0.0.1:abc", "127.0.0.1:0", "127.0.0.1"):
            tap.ok(c.send(path, server=server) == 2, "'%s' is told at once" % server)
        code = c.send(path, server=c.ledger.query)
        tap.ok(code not in (0, 1) and "query port" in c.said, "the query port is told: %d" % code)
        code = c.send(path, server="no-such-host.invalid:4710") if resolver_answers() else 4
        tap.ok(code == 4, "so is a host that is not there")


def resolver_answers():
    try:
        socket.getaddrinfo("no-such-host.invalid", 4710)
    except socket.gaierror as error:
        return error.errno == socket.EAI_NONAME
    return True


def main():
    tap = Tap()
    for case in (refused_is_tried_again, refused_more_than_once, pipes_and_ids, interrupted_pipe, policy, full_spools, changed_while_running,
                 other_spools, revoked, revoked_when_taken, endorsed, stopped, lines_that_are_cut, wrong_addresses):
        case(tap, sys.argv[1])
    tap.done()


if __name__ == "__main__":
    main()
