#!/usr/bin/env python3
"""The newer store is lost for good: what its mirrors have is put back, the log says what is lost, and everything goes on
from there as one history. (REC-1, REC-3, REC-4, LOSS-4, LOSS-6, FIL-9, SND-21)"""

import json
import os
import shutil
import subprocess
import sys

from indsigt import Ledger, Tap, event, wait_until

ME, OTHER = "cpr:0101701234", "cpr:0202802345"
LOST = 80


def send(ledger, key, activity, count, *options):
    lines = "\n".join(event(ME if i % 4 == 0 else OTHER, "%s %d" % (activity, i)) for i in range(count))
    return ledger.result("send", "--server", ledger.ingest, "--key", key, "--spool", ledger.path("spool"), "--batch", "20",
                         *options, "-", stdin=lines + "\n")


def content(store):
    return open(os.path.join(store, "data.mdb"), "rb").read()


class World:
    """A ledger with an old copy of its store, the newest one gone, and what others have of it."""

    def __init__(self, tap, indsigt):
        self.tap = tap
        self.ledger = ledger = Ledger(indsigt, origin="log.example.dk/recovery")
        self.key = ledger.add_sender("kommune")
        self.store, self.guard = os.path.join(ledger.dir, "store"), os.path.join(ledger.dir, "guard")
        self.newest, self.behind, self.forked = ledger.path("newest"), ledger.path("behind"), ledger.path("forked")
        self.copy = ledger.path("copy")

    def make(self):
        ledger = self.ledger
        ledger.serve()
        self.sent("first", 90, *self.checking())
        ledger.run("epoch", ledger.dir)
        self.check_filing()
        ledger.stop()
        shutil.copytree(self.store, ledger.path("old"))
        shutil.copytree(ledger.dir, ledger.path("fork"))
        ledger.serve("--epoch-seconds", "100")
        self.sent("gone", 60)
        ledger.run("epoch", ledger.dir)
        ledger.run("export", ledger.dir, self.behind)
        self.statement("before.json")
        self.mirror()
        self.sent("gone too", LOST - 60)
        ledger.stop()
        ledger.run("export", ledger.dir, self.newest)
        shutil.rmtree(self.store)
        shutil.copytree(ledger.path("old"), self.store)

    def make_fork(self):
        """The same keys, another history, and more of it."""
        other = Ledger.__new__(Ledger)
        other.__dict__.update(self.ledger.__dict__)
        other.dir = self.ledger.path("fork")
        other.path = lambda name: os.path.join(self.ledger.place, "of-fork-" + name)
        other.serve("--epoch-seconds", "100")
        key = other.path("key")
        other.run("sender", "add", other.dir, "--name", "other", "--org", "cvr:1", "--key", key)
        for name in ("a", "b"):
            send(other, key, name, 100)
        other.stop()
        other.run("export", other.dir, self.forked)

    def checking(self):
        return "--query", "http://" + self.ledger.query

    def check_filing(self):
        return self.ledger.result("send", "--server", self.ledger.ingest, "--key", self.key, "--spool", self.ledger.path("spool"),
                                  *self.checking(), "--check-filing")

    def sent(self, activity, count, *options):
        result = send(self.ledger, self.key, activity, count, *options)
        if result.returncode != 0:
            raise RuntimeError(result.stderr)

    def statement(self, name):
        path = self.ledger.path(name)
        self.ledger.run("statement", ME, "--ledger", self.ledger.dir, "--out", path)
        return path

    def mirror(self):
        """A mirror of what is exported."""
        ledger = self.ledger
        ledger.run("export", ledger.dir, self.newest)
        if not os.path.exists(self.copy):
            ledger.run("mirror", "init", self.copy, "--ledger", self.newest, "--vkey", ledger.vkey)
        ledger.run("mirror", "serve", self.copy, "--once")

    def recover(self, *options):
        return self.ledger.result("recover", self.ledger.dir, *options)


def refused(world):
    tap, ledger = world.tap, world.ledger
    before, kept = content(world.store), open(world.guard, "rb").read()

    def nothing(result, text, name):
        tap.ok(result.returncode == 1 and text in result.stdout + result.stderr and content(world.store) == before and
               open(world.guard, "rb").read() == kept, "%s: %s" % (name, result.stderr.strip().splitlines()[-1]))
    serve = subprocess.run([ledger.indsigt, "serve", ledger.dir, "--ingest", "127.0.0.1:0", "--query", "127.0.0.1:0"],
                           capture_output=True, text=True, check=False)
    nothing(serve, "indsigt help recovery", "an old store is not served")
    nothing(world.recover(), "older store", "nobody is asked")
    nothing(world.recover("--mirror", world.newest), "missing: sender=1 events=%d sequences=90-%d" % (LOST, 89 + LOST),
            "a mirror has more")
    nothing(world.recover("--mirror", world.newest), "--accept-loss", "... and what can be done is said")
    nothing(world.recover("--mirror", world.behind, "--accept-loss"), "no mirror that was asked has all",
            "the guard has seen more than the mirror")
    nothing(world.recover("--mirror", world.newest, "--mirror", world.forked, "--accept-loss"), "two histories",
            "one mirror has another history")
    evidence = os.path.join(ledger.dir, "evidence")
    forks = os.listdir(evidence)
    tap.ok(ledger.result("verify", os.path.join(evidence, forks[0]), "--vkey", ledger.vkey).returncode == 0,
           "... with evidence for everybody")
    usage = world.recover("--accept-loss")
    tap.ok(usage.returncode == 2 and "--mirror" in usage.stderr, "a loss is accepted with a mirror only")


def put_back(world):
    tap, ledger = world.tap, world.ledger
    result = world.recover("--mirror", world.behind, "--mirror", world.newest, "--accept-loss")
    tap.ok(result.returncode == 0 and "put back" in result.stdout, "put back: " + result.stdout.strip().replace("\n", "; "))
    code, line = ledger.audit("--labels")
    tap.ok(code == 0, "a store that is in order, with a loss that is not said yet: " + line)
    again = world.recover("--mirror", world.newest, "--accept-loss")
    tap.ok(again.returncode == 0 and "nothing is to be done" in again.stdout, "once is enough")


def goes_on(world):
    tap, ledger = world.tap, world.ledger
    ledger.serve("--epoch-seconds", "100")
    result = send(ledger, world.key, "after", 40, *world.checking())
    tap.ok(result.returncode == 0, "the sender goes on where it was")
    ledger.run("epoch", ledger.dir)
    told = [result.stderr]
    result = world.check_filing()
    told.append(result.stderr)
    lost = sum(max([0] + [int(line.split("what ")[1].split()[0]) for line in run.splitlines() if "LOST: " in line])
               for run in told)
    tap.ok(result.returncode == 0 and lost == LOST and "ALARM" not in "".join(told),
           "the sender is told of %d events, and goes on checking" % lost)
    proof = ledger.path("lost.json")
    ledger.run("filing", "--query", "http://" + ledger.query, "--key", world.key, "--seq", "95", "-o", proof)
    for language, text in (("en", "LOST: what 20 of 20 events of sender 1, sequences 90 to 109"), ("da", "TABT: hvad 20 af 20")):
        told = ledger.run("verify", proof, "--vkey", ledger.vkey, "--lang", language)
        tap.ok(text in told, "... with a proof: " + told.strip())
    told = json.loads(ledger.run("verify", proof, "--vkey", ledger.vkey, "--json"))
    tap.ok(told["lost"] and told["first_sequence"] == 90, "... for machines as well")
    code, line = ledger.audit("--labels")
    tap.ok(code == 0 and " lost=%d unverifiable=1 " % LOST in line and " events=%d " % (90 + LOST + 40) in line,
           "the accredited audit: " + line)
    world.mirror()
    for place in ("http://" + ledger.query, os.path.join(world.copy, "tree")):
        line = ledger.run("audit", place, "--vkey", ledger.vkey).strip().splitlines()[-1]
        tap.ok(" lost=%d " % LOST in line, "everybody's audit: " + line)


def is_said(world):
    tap, ledger = world.tap, world.ledger
    lost = json.loads(ledger.get("/v1/coverage"))["lost"]
    tap.ok(lost["events"] == LOST and len(lost["ranges"]) == 1 and lost["ranges"][0]["events"] == LOST and
           lost["ranges"][0]["from"] <= lost["ranges"][0]["to"], "coverage says it: %s" % lost)
    tap.ok("\nindsigt_lost_events %d\n" % LOST in ledger.get("/metrics"), "so do the metrics")
    who = ledger.who(ME)
    tap.ok(len(who["accesses"]) == 23 + 10, "what is not lost is found")
    for language, text in (("en", "LOST: what %d accesses" % LOST), ("da", "TABT: hvad %d opslag" % LOST)):
        told = ledger.run("who", ME, "--ledger", ledger.dir, "--lang", language)
        tap.ok(text in told, "'who' says it (%s)" % language)
    statement = world.statement("after.json")
    for language, text in (("en", "LOST: the ledger has lost what %d" % LOST), ("da", "TABT: loggens fører")):
        told = ledger.run("verify", statement, "--vkey", ledger.vkey, "--lang", language)
        tap.ok(text in told, "a statement says it (%s)" % language)
    told = json.loads(ledger.run("verify", statement, "--vkey", ledger.vkey, "--json"))
    tap.ok(told["lost"] == LOST and told["count"] == 33, "... for machines as well")
    earlier = json.loads(ledger.run("verify", ledger.path("before.json"), "--vkey", ledger.vkey, "--json"))
    tap.ok(earlier["lost"] == 0 and earlier["count"] == 38, "a statement from before the loss still holds, and shows more")


def again(world):
    """And once more, over HTTP, with the guard gone too."""
    tap, ledger = world.tap, world.ledger
    ledger.stop()
    shutil.rmtree(ledger.path("old"))
    shutil.copytree(world.store, ledger.path("old"))
    ledger.serve("--epoch-seconds", "100")
    world.sent("gone again", 20)
    world.mirror()
    ledger.stop()
    shutil.rmtree(world.store)
    shutil.copytree(ledger.path("old"), world.store)
    os.remove(world.guard)
    os.mkdir(world.guard)
    result = world.recover("--mirror", world.behind, "--accept-loss")
    tap.ok(result.returncode == 4 and "guard cannot be read" in result.stderr,
           "a guard that cannot be read is not taken for a lost one: " + result.stderr.strip())
    os.rmdir(world.guard)
    served = subprocess.Popen([ledger.indsigt, "mirror", "serve", world.copy, "--listen", "127.0.0.1:0"],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    place = "http://" + served.stdout.readline().split()[1].partition("=")[2]
    result = world.recover("--mirror", place, "--accept-loss")
    served.terminate()
    served.wait()
    served.stdout.close()
    tap.ok(result.returncode == 0 and "a new guard" in result.stdout, "from a mirror: " + result.stdout.strip().replace("\n", "; "))
    ledger.serve("--epoch-seconds", "100")
    world.sent("after", 10)
    ledger.run("epoch", ledger.dir)
    code, line = ledger.audit("--labels")
    tap.ok(code == 0 and " lost=%d " % (LOST + 20) in line, "lost twice: " + line)


def from_nothing(world):
    """The store is gone altogether; the keys are there."""
    tap, ledger = world.tap, world.ledger
    ledger.run("export", ledger.dir, world.newest)
    ledger.stop()
    kept = open(world.guard, "rb").read()
    shutil.rmtree(world.store)
    serve = subprocess.run([ledger.indsigt, "serve", ledger.dir, "--ingest", "127.0.0.1:0", "--query", "127.0.0.1:0"],
                           capture_output=True, text=True, check=False)
    tap.ok(serve.returncode == 4 and "indsigt help recovery" in serve.stderr, "it is not served")
    result = world.recover()
    tap.ok(result.returncode == 4 and "has no store" in result.stderr, "nothing to go on with: " + result.stderr.strip())
    result = world.recover("--mirror", world.behind, "--accept-loss")
    tap.ok(result.returncode == 1 and "no mirror that was asked has all" in result.stderr and not os.path.exists(world.store),
           "the guard has seen more than the mirror")
    result = world.recover("--mirror", world.newest)
    tap.ok(result.returncode == 1 and "events=240 sequences=0-239" in result.stdout and not os.path.exists(world.store),
           "all is missing")
    result = world.recover("--mirror", world.newest, "--accept-loss")
    tap.ok(result.returncode == 0 and open(world.guard, "rb").read() == kept, "put back from nothing")
    ledger.serve("--epoch-seconds", "100")
    world.sent("last", 20)
    ledger.run("epoch", ledger.dir)
    code, line = ledger.audit("--labels")
    tap.ok(code == 0 and " lost=240 " in line and " records=20 " in line, "and it goes on: " + line)


def main():
    tap = Tap()
    world = World(tap, sys.argv[1])
    try:
        world.make()
        world.make_fork()
        refused(world)
        put_back(world)
        goes_on(world)
        is_said(world)
        again(world)
        from_nothing(world)
    finally:
        world.ledger.remove()
    tap.done()


if __name__ == "__main__":
    main()
