#!/usr/bin/env python3
"""Records that are damaged before their events are filed: each event is declared lost, by the ledger itself while they are
few, and everything else goes on."""

import json
import os
import sys

import lmdb_file
from indsigt import Ledger, Tap, event, wait_until

QUIET = ("--epoch-seconds", "150")  # no epoch but those that are asked for


def harm(ledger, wanted):
    """Flips a byte in the sealed part of each record of a log index that is wanted; the ledger is stopped."""
    path = ledger.dir + "/store/data.mdb"
    with open(path, "rb") as file:
        data = bytearray(file.read())
    ends = {}
    for region in lmdb_file.File(bytes(data)).regions:
        if region.kind == "value" and region.table == "record":
            ends[int.from_bytes(region.row, "big")] = max(region.end, ends.get(int.from_bytes(region.row, "big"), 0))
    for index in wanted:
        data[ends[index] - 20] ^= 1
    with open(path, "wb") as file:
        file.write(data)
    return len(wanted)


def send(ledger, key, people, name, what="opslag"):
    source = ledger.path(name)
    with open(source, "w", encoding="utf-8") as file:
        for person in people:
            file.write(event("cpr:%010d" % person, what) + "\n")
    return ledger.result("send", "--server", ledger.ingest, "--key", key, source)


def log_of(ledger):
    with open(ledger.path("serve.log"), encoding="utf-8") as file:
        return file.read()


def audit(ledger):
    result = ledger.result("audit", ledger.dir, "--vkey", ledger.vkey, "--labels")
    return result.returncode, result.stdout.strip().rpartition("\n")[2]


def few(tap, indsigt):
    ledger = Ledger(indsigt)
    key = ledger.add_sender("ksd")
    ledger.serve(*QUIET)
    tap.ok(send(ledger, key, range(100, 150), "fifty").returncode == 0, "fifty events about fifty people")
    ledger.stop()
    harm(ledger, [20])
    ledger.serve(*QUIET)
    tap.ok(send(ledger, key, [500], "another").returncode == 0, "an event about somebody else")
    result = ledger.result("epoch", ledger.dir)
    tap.ok(result.returncode == 0, "an epoch comes: " + result.stderr)
    tap.ok(log_of(ledger).count("ALARM: the store is damaged: the records of 1 events") == 1, "the operator is told once")
    statement = ledger.path("statement")
    ledger.run("statement", "cpr:%010d" % 500, "--ledger", ledger.dir, "-o", statement)
    verified = ledger.run("verify", statement, "--vkey", ledger.vkey, "--subject", "cpr:%010d" % 500)
    tap.ok("LOST: the ledger has lost what 1 access was about" in verified, "the other's statement holds, and says what is lost")
    told = json.loads(ledger.run("who", "cpr:%010d" % 118, "--ledger", ledger.dir, "--json"))
    tap.ok(told["accesses"] == [] and told["coverage"]["lost"]["events"] == 1, "whose event it was is told that one is lost")
    told = json.loads(ledger.run("who", "cpr:%010d" % 119, "--ledger", ledger.dir, "--json"))
    tap.ok(len(told["accesses"]) == 1, "the next one in the same batch has lost nothing")
    tap.ok("\nindsigt_lost_events 1\n" in ledger.get("/metrics"), "the metrics count it")
    wait_until(lambda: ledger.health() == (200, []), "healthz to find nothing wrong")
    tap.ok(True, "the ledger is well")
    code, line = audit(ledger)
    tap.ok(code == 0 and " lost=1 " in line, "the accredited audit: " + line)
    ledger.stop()
    ledger.serve(*QUIET)
    tap.ok(send(ledger, key, [501], "later").returncode == 0 and ledger.result("epoch", ledger.dir).returncode == 0,
           "it goes on after a restart")
    tap.ok(log_of(ledger).count("ALARM: the store is damaged") == 1, "and says nothing again")
    ledger.remove()


def many(tap, indsigt):
    ledger = Ledger(indsigt)
    key = ledger.add_sender("ksd")
    ledger.serve(*QUIET)
    tap.ok(send(ledger, key, range(1000, 1400), "events").returncode == 0, "four hundred events")
    ledger.stop()
    count = harm(ledger, range(50, 350))
    ledger.serve(*QUIET)
    result = ledger.result("epoch", ledger.dir)
    tap.ok(result.returncode == 1 and "300 events" in result.stderr and "--declare-lost" in result.stderr,
           "so many wait for an operator: " + result.stderr)
    tap.ok(send(ledger, key, [500], "another").returncode == 0, "in time events are taken in")
    wait_until(lambda: ledger.health() == (503, ["epoch-failed"]), "healthz to say it")
    tap.ok(True, "and the ledger says that it is not well")
    ledger.result("epoch", ledger.dir)
    tap.ok(log_of(ledger).count("--declare-lost") == 1, "the operator is told once, however often it is tried")
    result = ledger.result("epoch", ledger.dir, "--declare-lost")
    tap.ok(result.returncode == 0, "the operator's word: " + result.stderr)
    code, line = audit(ledger)
    tap.ok(code == 0 and " lost=%d " % count in line, "the accredited audit: " + line)
    ledger.stop()
    tap.ok(ledger.result("epoch", ledger.dir).returncode == 0, "nothing is left to be declared")
    ledger.remove()


def filed(tap, indsigt):
    """The record of an event that is filed is damaged, and its person has no other."""
    ledger = Ledger(indsigt)
    key = ledger.add_sender("ksd")
    ledger.serve(*QUIET)
    tap.ok(send(ledger, key, range(100, 150), "fifty").returncode == 0, "fifty events about fifty people")
    tap.ok(send(ledger, key, [100, 120], "again", "another").returncode == 0, "two of them once more")
    ledger.run("epoch", ledger.dir)
    ledger.stop()
    harm(ledger, [20])
    statement = ["statement", "cpr:%010d" % 100, "--ledger", ledger.dir, "-o", ledger.path("statement")]
    before = ledger.result("audit", ledger.dir, "--vkey", ledger.vkey).stdout
    result = ledger.result("epoch", ledger.dir, "--rebuild")
    tap.ok(result.returncode == 1 and "1 events" in result.stderr and "Nothing was changed" in result.stderr,
           "what could not be filed again is told: " + result.stderr)
    tap.ok(ledger.result("audit", ledger.dir, "--vkey", ledger.vkey).stdout == before, "and nothing was changed")
    tap.ok(ledger.result(*statement).returncode == 0, "others' statements hold")
    os.remove(ledger.path("statement"))
    result = ledger.result("epoch", ledger.dir, "--rebuild", "--declare-lost")
    tap.ok(result.returncode == 0, "the operator's word: " + result.stderr)
    tap.ok(ledger.result(*statement).returncode == 0, "others' statements still hold")
    code, line = audit(ledger)
    tap.ok(code == 0 and " lost=1 " in line, "the accredited audit: " + line)
    verified = ledger.run("verify", ledger.path("statement"), "--vkey", ledger.vkey, "--subject", "cpr:%010d" % 100)
    tap.ok("LOST" in verified, "a statement says that something is lost")
    ledger.serve(*QUIET)
    tap.ok(send(ledger, key, [700], "more").returncode == 0, "the ledger goes on")
    tap.ok(ledger.result("epoch", ledger.dir).returncode == 0, "and files")
    ledger.stop()
    harm(ledger, [22])
    result = ledger.result("epoch", ledger.dir, "--rebuild")
    tap.ok(result.returncode == 0, "of whom another record opens, all is filed again: " + result.stderr)
    ledger.remove()


def main():
    tap = Tap()
    filed(tap, sys.argv[1])
    few(tap, sys.argv[1])
    many(tap, sys.argv[1])
    tap.done()


main()
