#!/usr/bin/env python3
"""Three witnesses of which two are enough, and the clock of one is wrong, by minutes or by years: it is shown as wrong and
spoils nothing, statements hold, and their time is that of the others. Clocks are faked with Debian's libfaketime; without it
all is skipped. (WIT-12, WIT-16, STM-16) usage: witness_clock.py INDSIGT"""

import glob
import json
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import datetime

from indsigt import Ledger, Tap, event, wait_until

SUBJECT = "cpr:0101701234"
LIBRARIES = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
tap = Tap()


def seconds(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class Witness:
    def __init__(self, ledger, name, ahead_s):
        self.name, place = name, ledger.path(name)
        self.vkey = ledger.run("witness", "init", place, "--name", "witness.example/" + name).strip()
        ledger.run("witness", "add", place, ledger.vkey)
        environment = dict(os.environ)
        if ahead_s:
            environment.update(LD_PRELOAD=LIBRARIES[0], FAKETIME="%+d" % ahead_s, FAKETIME_DONT_FAKE_MONOTONIC="1")
        self.process = subprocess.Popen([ledger.indsigt, "witness", "serve", place, "--listen", "127.0.0.1:0"],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment)
        self.url = "http://" + self.process.stdout.readline().split()[1].split("=")[1]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        self.process.stdout.close()


class World:
    def __init__(self, indsigt, ahead_s):
        self.ledger = Ledger(indsigt)
        self.key = self.ledger.add_sender("one")
        self.witnesses = [Witness(self.ledger, "w%d" % i, ahead_s if i == 3 else 0) for i in (1, 2, 3)]
        self.policy = os.path.join(self.ledger.dir, "witnesses")
        with open(self.policy, "w", encoding="utf-8") as file:
            for witness in self.witnesses:
                file.write("witness %s %s %s\n" % (witness.name, witness.vkey, witness.url))
            file.write("group enough 2 w1 w2 w3\nquorum enough\n")
        self.ledger.serve("--epoch-seconds", "1")
        self.sent, self.sending = 0, threading.Event()
        self.sending.set()
        self.sender = threading.Thread(target=self.send_all_the_time, daemon=True)
        self.sender.start()

    def send_all_the_time(self):
        command = [self.ledger.indsigt, "send", "--server", self.ledger.ingest, "--key", self.key, "-"]
        while self.sending.is_set():
            subprocess.run(command, input=event(SUBJECT, "opslag %d" % self.sent) + "\n", text=True, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, check=False)
            self.sent += 1

    def witnessing(self):
        return json.loads(self.ledger.get("/v1/coverage"))["witnessing"]

    def state(self, name):
        return next((w for w in self.witnessing()["witnesses"] if w["name"] == name), {"state": None})

    def statement(self):
        """What verify says of a statement that bears a quorum, and when: one that was made in the moment after an epoch, before a
        witness can have seen it, rests on the log alone and is asked for again."""
        path = self.ledger.path("statement.json")
        told = []

        def made():
            if self.ledger.result("statement", SUBJECT, "--ledger", self.ledger.dir, "-o", path).returncode != 0:
                return False  # no epoch yet
            result = self.ledger.result("verify", path, "--vkey", self.ledger.vkey, "--policy", self.policy, "--json")
            told[:] = [result.returncode, json.loads(result.stdout), time.time()]
            return told[0] == 0 or told[1]["check"] != "witnesses"
        wait_until(made, "a statement that the witnesses have seen")
        return told

    def remove(self):
        self.sending.clear()
        self.sender.join()
        self.ledger.remove()
        for witness in self.witnesses:
            witness.stop()


def case(indsigt, name, ahead_s, state):
    world = World(indsigt, ahead_s)
    try:
        wait_until(lambda: world.state("w3")["state"] == state, "w3 to be " + state)
        wait_until(lambda: world.witnessing()["reached"], "a quorum")
        witness, witnessing = world.state("w3"), world.witnessing()
        tap.ok(witness["alarm"] == (state == "wrong") and witnessing["reached"], "a witness %s: %s" % (name, state))
        said = witness["clock_ahead_s"]
        tap.ok(said is None if state == "cosigns" else abs(said - ahead_s) < 30, "... and how far its clock is off: %s" % said)
        tap.ok('witness="w3",state="%s"' % state in world.ledger.get("/metrics"),
               "... in the metrics")
        told = [world.statement() for _ in range(8)]
        tap.ok(all(code == 0 and answer["holds"] and answer["witnessed"] for code, answer, _ in told),
               "... statements hold: %s" % [answer.get("check") for _, answer, _ in told])
        # As of its own time each witness had seen it; as of that of the second newest, two had.
        ahead = [round(seconds(answer["witnessed_at"]) - now_s) for _, answer, now_s in told if "witnessed_at" in answer]
        tap.ok(ahead and max(ahead) <= 1, "... and say a time that has been: %s" % ahead)
        ages = [line.split()[1] for line in world.ledger.get("/metrics").splitlines() if line.startswith("indsigt_quorum_age_seconds ")]
        tap.ok(len(ages) == 1 and int(ages[0]) < 60, "... the quorum's age is that of the others: %s" % ages)
        if state == "wrong":
            log = open(world.ledger.path("serve.log"), encoding="utf-8").read()
            tap.ok("ALARM: witness 'w3' gives answers that cannot be right: its clock is " in log, "... the operator is told")
    finally:
        world.remove()


def main():
    indsigt = sys.argv[1]
    cases = (("400 seconds ahead", 400, "wrong"), ("a day ahead", 86400, "wrong"), ("ten years ahead", 10 * 365 * 86400, "wrong"),
             ("400 seconds behind", -400, "wrong"), ("20 seconds ahead", 20, "cosigns"))
    for name, ahead_s, state in cases:
        if LIBRARIES:
            case(indsigt, name, ahead_s, state)
        else:
            tap.skip(name, "there is no libfaketime")
    tap.done()


main()
