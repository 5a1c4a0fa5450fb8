#!/usr/bin/env python3
"""A sender whose key never comes near the ledger: it is registered, gets other policies, a new key and an end by files that
it signs. What was signed once comes back by nobody's hand, neither by these files nor by the bytes of an entry.
(END-2, END-4, END-5, END-6, ENTRY-7, ENTRY-22, FRM-30) usage: endorsing.py INDSIGT"""

import base64
import json
import os
import socket
import sys
import time

from indsigt import Ledger, Tap, event
from lmdb_file import File

SUBJECT = "cpr:0101701234"
tap = Tap()


class World:
    def __init__(self, indsigt):
        self.ledger = Ledger(indsigt)
        self.home = self.ledger.path("home")  # the organisation's machine
        os.mkdir(self.home)
        self.key, self.made = os.path.join(self.home, "key"), 0

    def endorse(self, *options, code=0, key=None):
        """The file that the organisation makes."""
        self.made += 1
        path = os.path.join(self.home, "endorsement-%d" % self.made)
        result = self.ledger.result("sender", "endorse", "--key", key or self.key, "--endorsement", path, *options)
        if result.returncode != code:
            raise RuntimeError("%s: %s" % (options, result.stderr))
        self.said = result.stdout.strip() or result.stderr
        return path

    def change_at(self, entry, *options, **more):
        return self.endorse("--follows", str(entry[0]), "--change", str(entry[1]), *options, **more)

    def place(self):
        """Of the change that is next."""
        sender = self.sender()
        return sender["entry"], sender["changes"] + 1

    def change(self, *options, **more):
        return self.change_at(self.place(), *options, **more)

    def apply(self, command, path, *options):
        return self.ledger.result("sender", command, self.ledger.dir, "--endorsement", path, *options)

    def sender(self):
        return json.loads(self.ledger.run("sender", "list", self.ledger.dir, "--json"))[0]

    def send(self, activity, key=None):
        return self.ledger.result("send", "--server", self.ledger.ingest, "--key", key or self.key, "-",
                                  stdin=event(SUBJECT, activity) + "\n").returncode

    def entry(self, index):
        """The bytes of an entry, as everybody can have them."""
        size = int(self.ledger.get("/checkpoint").split("\n")[1])
        bundle = self.raw("/tile/entries/000.p/%d" % size)
        for _ in range(index):
            bundle = bundle[2 + int.from_bytes(bundle[:2], "big"):]
        return bundle[2:2 + int.from_bytes(bundle[:2], "big")]

    def raw(self, path):
        import urllib.request
        with urllib.request.urlopen("http://%s%s" % (self.ledger.query, path), timeout=30) as response:
            return response.read()

    def put(self, entry):
        """What somebody who writes the log asks for, past the commands."""
        with socket.socket(socket.AF_UNIX) as control:
            here = os.getcwd()
            os.chdir(self.ledger.dir)
            control.connect("control.sock")
            os.chdir(here)
            control.sendall(json.dumps({"do": "sender", "entry": base64.b64encode(entry).decode()}).encode() + b"\n")
            return json.loads(control.makefile().readline())


def refused(world, name, result, wanted):
    before = world.sender()["entry"]
    tap.ok(result.returncode in (1, 5) and wanted in result.stderr and world.sender()["entry"] == before,
           "%s: refused, %d: %s" % (name, result.returncode, result.stderr.strip()))


def there_already(world, name, result):
    before = world.sender()
    tap.ok(result.returncode == 0 and "in the log already, entry %d;" % before["entry"] in result.stderr and world.sender() == before,
           "%s is in the log already: %d %s" % (name, result.returncode, (result.stdout + result.stderr).strip()))


def registered(world):
    ledger = world.ledger
    twin = Ledger(ledger.indsigt)  # of the same name
    foreign = world.endorse("--log", twin.vkey, "--id", "1", "--name", "Aarhus Kommune", "--org", "cvr:55133018", key=world.key + ".twin")
    result = ledger.result("sender", "add", ledger.dir, "--public", world.said, "--endorsement", foreign)
    tap.ok(result.returncode == 5 and ledger.result("sender", "list", ledger.dir, "--json").stdout.strip() == "[]",
           "what was signed for another log is taken by that one alone: %d %s" % (result.returncode, result.stderr.strip()))
    result = twin.result("sender", "add", twin.dir, "--public", world.said, "--endorsement", foreign)
    tap.ok(result.returncode == 0, "... which takes it: " + result.stderr.strip())
    change = world.change_at((1, 1), "--policy", "withhold", key=world.key + ".twin")
    twin.remove()
    path = world.endorse("--log", ledger.vkey, "--id", "1", "--name", "Aarhus Kommune", "--org", "cvr:55133018")
    public = world.said
    with open(path, encoding="utf-8") as file:
        strange = json.dumps({**json.load(file), "policy": ["open=\x1b[2J\u009b\u202e"]})
    result = ledger.result("sender", "add", ledger.dir, "--public", public, "--endorsement", "/dev/stdin", stdin=strange)
    tap.ok(result.returncode == 1 and "no field '?[2J??'" in result.stderr, "what a file says steers nobody's terminal: %r" % result.stderr)
    refused_early = world.apply("policy", path)
    tap.ok(refused_early.returncode == 1 and "sender add DIR" in refused_early.stderr, "a registration is no policy: " + refused_early.stderr.strip())
    with open(path, encoding="utf-8") as file:  # also through a pipe
        tap.ok(ledger.run("sender", "add", ledger.dir, "--public", public, "--endorsement", "/dev/stdin", stdin=file.read()).strip() == "1",
               "registered")
    again = ledger.result("sender", "add", ledger.dir, "--public", public, "--endorsement", path)
    there_already(world, "the registration", again)
    tap.ok(again.stdout.strip() == "1", "... and its id is said again: " + again.stdout.strip())
    with open(world.key, encoding="utf-8") as file:
        whole = file.read()
    again = world.endorse("--log", ledger.vkey, "--id", "1", "--name", "Aarhus Kommune", "--org", "cvr:55133018")
    tap.ok(world.said == public, "signed again it is the same key")
    there_already(world, "that", ledger.result("sender", "add", ledger.dir, "--public", public, "--endorsement", again))
    taken = world.endorse("--log", ledger.vkey, "--id", "1", "--name", "Other", "--org", "cvr:7", key=world.key + ".other")
    result = ledger.result("sender", "add", ledger.dir, "--public", world.said, "--endorsement", taken)
    tap.ok(result.returncode == 1 and "2 is free: have it endorsed with --id 2" in result.stderr, "another's id is another thing: " + result.stderr.strip())
    tap.ok(world.send("first") == 0, "it reports")
    for options in (("--id", "2", "--name", "Aarhus Kommune"), ("--id", "1", "--name", "Another")):
        world.endorse("--log", ledger.vkey, *options, "--org", "cvr:55133018", code=1)
        tap.ok("is in use" in world.said and "sender 1, Aarhus Kommune" in world.said and open(world.key, encoding="utf-8").read() == whole,
               "a key file that is in use stays as it is: " + world.said.strip())
    refused(world, "another log's change of the sender with that number", world.apply("policy", change), "for another ledger")
    coverage = json.loads(ledger.get("/v1/coverage"))["senders"][0]
    tap.ok(coverage["entry"] == world.sender()["entry"] == 1, "coverage shows its newest entry")
    tap.ok(coverage["changes"] == world.sender()["changes"] == 0, "... and how many changes it has had")


def policies(world):
    wide = world.change("--policy", "withhold", "--policy", "close=legal_basis")
    tap.ok("policy: " in world.said and "withhold" in world.said and "change 1, after entry 1" in world.said, "what is signed is said: " + world.said)
    twin = world.change("--policy", "withhold")
    refused(world, "a change of policy for a rotation", world.apply("rotate", wide), "sender policy DIR")
    result = world.apply("policy", wide)
    tap.ok(result.returncode == 0 and "before: none" in result.stdout, "another policy: " + result.stdout.strip())
    there_already(world, "the policy", world.apply("policy", wide))
    sender = world.sender()
    first = sender["entry"]
    tap.ok(sender["endorsed"] and "withhold" in sender["policy"], "... endorsed")
    refused(world, "another file for the same place", world.apply("policy", twin), "--follows %d" % first)
    entry, number = world.place()
    for other in (number - 1, number + 1):
        result = world.apply("policy", world.change_at((entry, other), "--clear"))
        refused(world, "change %d where %d is next" % (other, number), result, "--change %d" % number)
    result = world.apply("policy", world.change("--clear"))
    tap.ok(result.returncode == 0 and world.sender()["policy"] == [], "none again: " + result.stdout.strip())
    result = world.apply("policy", wide)
    refused(world, "the older file again", result, "in the log already, entry %d, and sender 1 was changed since, by entry %d" % (first, world.sender()["entry"]))
    tap.ok("anew" not in result.stderr, "... which is not to be signed anew")
    tap.ok(world.send("second") == 0, "it reports under the new one")
    # Past the commands, by whoever may write.
    replayed = world.entry(first)
    answer = world.put(replayed)
    tap.ok(not answer["ok"] and world.sender()["policy"] == [], "the entry's own bytes again: refused: %s" % answer)
    entry, number = world.place()
    moved = replayed[:6] + entry.to_bytes(8, "big") + replayed[14:]
    answer = world.put(moved)
    tap.ok(not answer["ok"] and "has had 2" in answer["text"], "moved to this place alone: refused: %s" % answer)
    moved = replayed[:6] + entry.to_bytes(8, "big") + number.to_bytes(4, "big") + replayed[18:]
    answer = world.put(moved)
    tap.ok(not answer["ok"] and world.sender()["endorsed"], "moved to this place and turn: refused: %s" % answer)
    tap.ok("unendorsed=0" in world.ledger.audit()[1], "all that stands in the log is endorsed: " + world.ledger.audit()[1])


def reported(world, key):
    """An access in the name of an organisation that the sender is not of. (STM-60)"""
    ledger = world.ledger
    tap.ok(world.send("for another", key) == 0, "it reports for another organisation")
    ledger.run("epoch", ledger.dir)
    ledger.run("statement", SUBJECT, "--ledger", ledger.dir, "--signatures", "-o", ledger.path("statement"))
    table = ledger.run("who", SUBJECT, "--ledger", ledger.dir)
    proven = ledger.run("verify", ledger.path("statement"), "--vkey", ledger.vkey)
    for name, text in (("who", table), ("verify", proven)):
        rows = [row for row in text.split("\n") if "for another" in row or "second" in row]
        tap.ok([row.count("reported by") for row in rows] == [row.count("reported by other (cvr:2)") for row in rows] and len(rows) == 2 and
               all(("reported by" in row) == ("for another" in row) for row in rows), "%s says who reported in another's name: %s" % (name, rows))
    both = [(row["org"]["id"], row["sender"]["org"]) for row in json.loads(ledger.run("who", SUBJECT, "--ledger", ledger.dir, "--json"))["accesses"]
            if row["activity"] == "for another"]
    tap.ok(both == [("cvr:55133018", "cvr:2")], "as JSON too: %s" % both)


def rotations(world):
    new = os.path.join(world.home, "key.new")
    with_words = world.change("--rotate", new, "--policy", "withhold")
    refused(world, "a new key and another policy at once", world.apply("rotate", with_words), "another policy")
    early = world.change("--rotate", new)
    before = world.sender()["public_key"]
    tap.ok(world.change("--rotate", world.key, code=1) and "is to be replaced" in world.said, "the key itself is no new one")
    other = world.ledger.add_sender("other", "cvr:2")
    reported(world, other)
    changed = json.load(open(early))
    changed["old_signature"] = changed["signature"]
    path = os.path.join(world.home, "changed")
    json.dump(changed, open(path, "w"))
    refused(world, "signed by the new key alone", world.apply("rotate", path), "not signed by the key that sender 1 has")
    result = world.apply("rotate", early)
    told = "key %s; before: %s" % (world.sender()["public_key"], before)
    tap.ok(result.returncode == 0 and world.sender()["endorsed"] and world.sender()["public_key"] != before and told in result.stdout, "a new key: " + result.stdout.strip())
    there_already(world, "the new key", world.apply("rotate", early))
    os.replace(new, world.key)
    tap.ok(world.send("third") == 0, "it reports under the new key")
    stranger = world.change("--policy", "withhold", key=other, code=0)
    refused(world, "another sender's file", world.apply("policy", stranger), "follows")


def limited(world):
    """What is registered is held to: 11 go at once, and the rest takes its time however fast the machine is. (FRM-30)"""
    result = world.apply("policy", world.change("--events-per-second", "10"))
    tap.ok(result.returncode == 0 and "events-per-second=10" in result.stdout, "ten events a second: " + result.stdout.strip())
    lines = "".join(event(SUBJECT, "limited %d" % i) + "\n" for i in range(25))
    begun = time.monotonic()
    sent = world.ledger.result("send", "--server", world.ledger.ingest, "--key", world.key, "--batch", "1", "-", stdin=lines)
    took = time.monotonic() - begun
    tap.ok(sent.returncode == 0 and "25 events acknowledged" in sent.stderr and took >= 1.4,
           "25 take over a second: %.1f s: %s" % (took, sent.stderr.strip()))
    result = world.apply("policy", world.change("--clear"))
    tap.ok(result.returncode == 0, "and none again: " + result.stdout.strip())


def revoked(world):
    path = world.change("--revoke", "--compromised")
    tap.ok("is to be revoked, its key compromised" in world.said, "an end is signed: " + world.said)
    refused(world, "an end for a policy", world.apply("policy", path), "sender revoke DIR")
    result = world.apply("revoke", path, "--yes")
    tap.ok(result.returncode == 0 and "its key reported compromised" in result.stdout, "revoked: " + result.stdout.strip())
    tap.ok(world.sender()["status"] == "revoked" and world.sender()["compromised"], "... as it was signed")
    there_already(world, "the end", world.apply("revoke", path))
    refused(world, "a policy after the end", world.apply("policy", world.change("--clear")), "revoked already")
    code, line = world.ledger.audit()
    tap.ok(code == 0 and "unendorsed=0" in line, "the audit: " + line)


def shown(world):
    """One sender in full, with its history, as JSON and in words."""
    ledger = world.ledger
    sender = json.loads(ledger.run("sender", "show", ledger.dir, "1", "--json"))
    history = sender.pop("history")
    tap.ok(sender == world.sender(), "it is shown as the list has it")
    tap.ok([(row["change"], row["action"]) for row in history] ==
           list(enumerate(("register", "policy", "policy", "rotate", "policy", "policy", "revoke"))), "... and all of its changes, in their order: %s" % history)
    tap.ok([row["entry"] for row in history] == sorted(row["entry"] for row in history) and history[-1]["entry"] == sender["entry"],
           "... each with its place in the log")
    tap.ok([row["policy"] for row in history] == [[], ["close=legal_basis", "withhold"], [], [], ["events-per-second=10"], [], []], "... with the policy after each")
    keys = [row["public_key"] for row in history]
    tap.ok(keys[0] == keys[1] == keys[2] != keys[3] == keys[4] == keys[5] == keys[6] == sender["public_key"], "... and the key")
    tap.ok(all(row["endorsed"] for row in history) and [row["compromised"] for row in history] == [False] * 6 + [True], "... endorsed")
    text = ledger.run("sender", "show", ledger.dir, "1")
    for wanted in ("sender 1, Aarhus Kommune (cvr:55133018)\n", "revoked, key compromised", "Public key        " + sender["public_key"], "Events            28\n",
                   "its own organisation alone", "revoke, key compromised", keys[0]):
        tap.ok(wanted in text, "in words: %s" % wanted.strip())
    # What nobody but the ledger has signed.
    place = json.loads(ledger.run("sender", "list", ledger.dir, "--json"))[1]["entry"]
    entry = world.entry(place)
    answer = world.put(entry[:1] + b"\3" + entry[2:6] + place.to_bytes(8, "big") + (1).to_bytes(4, "big") + entry[18:-128] + bytes(128))
    tap.ok(answer["ok"], "a change without a signature is taken: %s" % answer)
    ledger.run("sender", "revoke", ledger.dir, "2", "--yes")
    sender = json.loads(ledger.run("sender", "show", ledger.dir, "2", "--json"))
    tap.ok([row["endorsed"] for row in sender["history"]] == [True, False, False] and not sender["endorsed"], "... and shown as what it is")
    text = ledger.run("sender", "show", ledger.dir, "2")
    tap.ok("an entry lacks a signature" in text and "by the ledger alone" in text, "... in words: " + text)
    for command, code, wanted in ((("7",), 5, "not registered"), ((), 2, "ID is missing"), (("0",), 2, "a sender's number")):
        result = ledger.result("sender", "show", ledger.dir, *command)
        tap.ok(result.returncode == code and wanted in result.stderr, "sender show %s: %s" % (command, result.stderr.strip()))


def broken(world):
    """A history that is not the sender's, or not all of it, is none."""
    ledger = world.ledger
    ledger.stop()
    store = os.path.join(ledger.dir, "store", "data.mdb")
    with open(store, "rb") as file:
        whole = file.read()
    last = max((region for region in File(whole).regions if (region.kind, region.table) == ("key", "change") and region.row[:4] == b"\0\0\0\1"),
               key=lambda region: region.row)
    rows = ("a batch's entry among them", last.end - 8, (int.from_bytes(last.row[4:], "big") - 1).to_bytes(8, "big")), \
           ("one that is another sender's", last.start, b"\0\0\0\2")
    for name, at, changed in rows:
        with open(store, "r+b") as file:
            file.seek(at)
            file.write(changed)
        result = ledger.result("sender", "show", ledger.dir, "1", "--json")
        with open(store, "r+b") as file:
            file.write(whole)
        tap.ok(result.returncode == 1 and result.stdout == "" and "the history of sender 1 cannot be read: " in result.stderr,
               "%s: %d %s" % (name, result.returncode, result.stderr.strip()))
    tap.ok(ledger.result("sender", "show", ledger.dir, "1").returncode == 0, "and it is shown again when all is well")


def usage(world):
    for name, options, wanted in (
            ("a change without its place", ("--rotate", "x"), "wants --follows"),
            ("a change without its number", ("--follows", "3", "--rotate", "x"), "--change"),
            ("nothing to change", ("--follows", "3", "--change", "1"), "are missing"),
            ("two things", ("--follows", "3", "--change", "1", "--rotate", "x", "--revoke"), "one thing at a time"),
            ("words and none", ("--follows", "3", "--change", "1", "--policy", "withhold", "--clear"), "one thing at a time"),
            ("a log for a change", ("--follows", "3", "--change", "1", "--log", world.ledger.vkey, "--clear"), "the key file has them"),
            ("a place that is none", ("--follows", "-3", "--change", "1", "--clear"), "--follows is the log index")):
        world.endorse(*options, code=2)
        tap.ok(wanted in world.said, name + ": " + world.said.split("\n")[0])


def main():
    world = World(sys.argv[1])
    world.ledger.serve()
    for case in (registered, policies, rotations, limited, revoked, shown, usage, broken):
        case(world)
    world.ledger.remove()
    tap.done()


main()
