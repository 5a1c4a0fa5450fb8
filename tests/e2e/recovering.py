#!/usr/bin/env python3
"""'recover' where what is at hand is itself not in order: mirrors that lie, key environments that are gone or older,
evidence of what was signed. It says truly whether the ledger can be started. (REC-3, REC-5, REC-7, STO-31, STO-32)"""

import os
import shutil
import subprocess
import sys

from indsigt import Ledger, Tap, event


class Place:
    """A ledger with two events, stopped; `newest` is what a mirror has of it, `behind` what it had before the second."""

    def __init__(self, indsigt):
        self.ledger = ledger = Ledger(indsigt)
        self.key = ledger.add_sender("one")
        self.env, self.store = ledger.dir + "/keys/env", ledger.dir + "/store"
        self.newest, self.behind = ledger.path("newest"), ledger.path("behind")
        self.send("cpr:0101701234")
        ledger.run("export", ledger.dir, self.behind)
        shutil.copytree(ledger.dir, ledger.path("old"))
        self.send("cpr:0202802345")
        ledger.run("export", ledger.dir, self.newest)
        shutil.copytree(ledger.dir, ledger.path("good"))

    def send(self, subject):
        ledger = self.ledger
        ledger.serve()
        ledger.run("send", "--server", ledger.ingest, "--key", self.key, "-", stdin=event(subject, "a") + "\n")
        ledger.run("epoch", ledger.dir)
        ledger.stop()

    def again(self):
        shutil.rmtree(self.ledger.dir)
        shutil.copytree(self.ledger.path("good"), self.ledger.dir)

    def recover(self, *options):
        return self.ledger.result("recover", self.ledger.dir, *options)

    def starts(self):
        return self.ledger.result("epoch", self.ledger.dir).returncode == 0


def mirrors(tap, place):
    """One that shows the newest checkpoint need not have what is under it."""
    liar, other = place.ledger.path("liar"), place.ledger.path("liar2")
    os.mkdir(liar)
    shutil.copy(place.newest + "/checkpoint", liar)
    shutil.copytree(place.newest, other)
    for at, _, names in os.walk(other + "/tile/entries"):
        for name in names:
            with open(os.path.join(at, name), "r+b") as file:
                file.seek(40)
                byte = file.read(1)[0]
                file.seek(40)
                file.write(bytes([byte ^ 0xff]))
    shutil.rmtree(place.store)
    result = place.recover("--mirror", liar, "--mirror", other, "--mirror", place.behind, "--accept-loss")
    tap.ok(result.returncode != 0 and liar + " shows the newest" in result.stderr and other + " shows the newest" in result.stderr
           and "none has all of them" in result.stderr and not os.path.exists(place.store),
           "none that shows the newest has it: " + result.stderr.strip().splitlines()[-1])
    result = place.recover("--mirror", liar, "--mirror", other, "--mirror", place.newest, "--accept-loss")
    tap.ok(result.returncode == 0 and liar + " shows the newest" in result.stderr and "can be started" in result.stdout and place.starts(),
           "the third one has it: " + result.stdout.strip().splitlines()[-1])


def keys(tap, place):
    ledger = place.ledger
    place.again()
    shutil.rmtree(place.env)
    result = place.recover()
    tap.ok(result.returncode != 0 and "cannot be started" in result.stderr and "keys/env" in result.stderr and not os.path.exists(place.env),
           "with sealed records there no empty key environment is made: " + result.stderr.strip())
    shutil.rmtree(place.store)
    result = place.recover("--mirror", place.newest, "--accept-loss")
    tap.ok(result.returncode == 0 and "can be started" in result.stdout and place.starts(), "where all of them are lost one is")
    ledger.serve()
    ledger.run("send", "--server", ledger.ingest, "--key", place.key, "-", stdin=event("cpr:0303803456", "b") + "\n")
    ledger.run("epoch", ledger.dir)
    ledger.stop()
    code, line = ledger.audit("--labels")
    tap.ok(code == 0 and " lost=2 " in line, "and it goes on: " + line)

    place.again()
    shutil.rmtree(place.env)
    shutil.copytree(ledger.path("old") + "/keys/env", place.env)
    for command in (["recover", ledger.dir], ["epoch", ledger.dir], ["audit", ledger.dir, "--vkey", ledger.vkey],
                    ["who", "cpr:0101701234", "--ledger", ledger.dir],
                    ["serve", ledger.dir, "--ingest", "127.0.0.1:0", "--query", "127.0.0.1:0"]):
        result = subprocess.run([ledger.indsigt, *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True, check=False)
        said = (result.stdout + result.stderr).strip()
        tap.ok(result.returncode == 5 and "keys/env is older than the store" in said,
               "an older key environment, %s: %d %s" % (command[0], result.returncode, said.splitlines()[-1:]))


def evidence(tap, place):
    """What somebody has shown counts as seen, and stands in nobody's way once the store has it."""
    ledger = place.ledger
    shutil.rmtree(ledger.dir)
    shutil.copytree(ledger.path("old"), ledger.dir)
    os.mkdir(ledger.dir + "/evidence")
    shutil.copy(place.newest + "/checkpoint", ledger.dir + "/evidence/rolled-back-8-sender-1")
    for i in range(2, 60):  # many senders
        shutil.copy(place.behind + "/checkpoint", ledger.dir + "/evidence/rolled-back-5-sender-%d" % i)
    result = place.recover()
    tap.ok(result.returncode == 1 and "evidence/rolled-back-8-sender-1" in result.stderr, "without a mirror: " + result.stderr.strip())
    result = place.recover("--mirror", place.behind, "--accept-loss")
    tap.ok(result.returncode == 1 and "evidence/rolled-back-8-sender-1 has the log's signature" in result.stderr,
           "with a mirror that is behind: " + result.stderr.strip())
    tap.ok(not place.starts(), "and it does not start")
    result = place.recover("--mirror", place.newest, "--accept-loss")
    tap.ok(result.returncode == 0 and "can be started" in result.stdout and place.starts(), "with one that has it, it does")


def main():
    tap = Tap()
    place = Place(sys.argv[1])
    mirrors(tap, place)
    keys(tap, place)
    evidence(tap, place)
    place.ledger.remove()
    tap.done()


main()
