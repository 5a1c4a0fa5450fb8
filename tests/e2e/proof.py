#!/usr/bin/env python3
"""Proof files made by 'indsigt proof', from the directory, over HTTP and out of receipts, and read by 'indsigt verify': the
way there and back, what is refused, and with whose cosignatures. (TLP-1, TLP-2, TLP-3, TLP-4, TLP-5)"""

import glob
import json
import os
import subprocess
import sys

from indsigt import Ledger, Tap, event, wait_until

SUBJECT = "cpr:0101701234"
KINDS = ["genesis", "sender", "event", "event", "batch", "event", "batch"]


class World:
    def __init__(self, indsigt, tap):
        self.tap = tap
        self.ledger = Ledger(indsigt, "log.example.dk/proof")
        self.key = self.ledger.add_sender("one")
        self.ledger.serve("--epoch-seconds", "86400")
        self.url = "http://" + self.ledger.query
        self.receipts = self.ledger.path("receipts.json")
        lines = "".join(event(SUBJECT, "opslag %d" % i) + "\n" for i in range(3))
        with open(self.receipts, "w", encoding="utf-8") as file:
            file.write(self.ledger.run("send", "--server", self.ledger.ingest, "--key", self.key, "--batch", "2", "-", stdin=lines))

    def prove(self, *arguments):
        return self.ledger.result("proof", *arguments)

    def verify(self, path, *options, vkey=None):
        return self.ledger.result("verify", path, "--vkey", vkey or self.ledger.vkey, *options)

    def kind(self, path):
        shown = json.loads(self.verify(path, "--json").stdout)
        return shown["entry"] if shown["holds"] else shown["check"]

    def refuses(self, what, code, words, *arguments):
        result = self.prove(*arguments)
        self.tap.ok(result.returncode == code and words in result.stderr, "%s: refused: %s" % (what, result.stderr.split("\n")[0]))


def read(path):
    with open(path, "rb") as file:
        return file.read()


def every_entry(world):
    """From the directory and over HTTP: the same files, and each holds."""
    tap, ledger = world.tap, world.ledger
    good = True
    for index, kind in enumerate(KINDS):
        here, there = ledger.path("here-%d" % index), ledger.path("there-%d" % index)
        ledger.run("proof", ledger.dir, str(index), "-o", here)
        shown = json.loads(ledger.run("proof", world.url, str(index), "--vkey", ledger.vkey, "-o", there, "--json"))
        good &= shown == {"file": there, "origin": "log.example.dk/proof", "index": index, "size": len(KINDS)}
        good &= read(here) == read(there) and world.kind(here) == kind
    tap.ok(good, "every entry, from the directory and over HTTP: the same file, and it holds")
    tap.ok(ledger.run("proof", ledger.dir, "3").encode() == read(ledger.path("here-3")), "on standard output: as it is")
    words = world.verify(ledger.path("here-4")).stdout
    tap.ok("Entry 4 stands in the log log.example.dk/proof, which had 7 entries then." in words, words.split("\n")[0])


def exported(world):
    """From exported files: the same proof; and none where they are not what was signed."""
    tap, ledger = world.tap, world.ledger
    files, path = ledger.path("files"), ledger.path("from-files")
    ledger.run("export", ledger.dir, files)
    ledger.run("proof", files, "3", "--vkey", ledger.vkey, "-o", path)
    tap.ok(read(path) == read(ledger.path("here-3")), "from exported files: the same")
    world.refuses("exported files without a key", 2, "--vkey", files, "3")
    os.remove(path)
    for name in ("tile/entries/000.p/7", "tile/0/000.p/7"):
        content = read(os.path.join(files, name))
        with open(os.path.join(files, name), "wb") as file:
            file.write(content[:-40] + bytes([content[-40] ^ 1]) + content[-39:])
        world.refuses("with another byte in " + name, 1, "", files, "6", "--vkey", ledger.vkey, "-o", path)
        with open(os.path.join(files, name), "wb") as file:
            file.write(content)
    tap.ok(not os.path.exists(path), "then nothing is written")


def altered(world):
    """No line of a file can be other than it is."""
    path, other = world.ledger.path("here-3"), world.ledger.path("altered")
    lines = read(path).split(b"\n")
    name = world.ledger.vkey.split("+")[0].encode()
    good = True
    for number, line in enumerate(lines[:-1]):
        for changed in (line[:-3] + bytes([line[-3] ^ 1]) + line[-2:] if len(line) > 2 else b"x", None):
            with open(other, "wb") as file:
                file.write(b"\n".join(lines[:number] + ([] if changed is None else [changed]) + lines[number + 1:]))
            # without its name it is no proof file, without its last line not whole, without the log's none of this log
            cut = number == 0 or (number == len(lines) - 2 and changed is None)
            wanted = (4,) if cut else (1, 5) if name in line else (1,)
            good &= world.verify(other).returncode in wanted
    world.tap.ok(good, "with any line changed or left out: refused")
    batch = read(world.ledger.path("here-4")).split(b"\n")
    with open(other, "wb") as file:
        file.write(b"\n".join(lines[:1] + batch[1:2] + lines[2:]))
    world.tap.ok(world.kind(other) == "tlog-inclusion", "with another entry of the log: refused")


def receipts(world):
    tap, ledger = world.tap, world.ledger
    into = ledger.path("proofs")
    said = ledger.run("proof", "--receipt", world.receipts, "--vkey", ledger.vkey, "--into", into)
    tap.ok(said == "%s: proofs of 2 batches and 0 events\n" % into and sorted(os.listdir(into)) == ["4.tlog-proof", "6.tlog-proof"],
           "out of the receipts alone: one file for each batch")
    tap.ok(all(world.kind(path) == "batch" for path in glob.glob(into + "/*")), "each holds")
    for number, place in enumerate((ledger.dir, world.url)):
        into = ledger.path("events%d" % number)
        said = ledger.run("proof", "--receipt", world.receipts, "--vkey", ledger.vkey, "--into", into, "--events", place, "--json")
        found = {int(os.path.basename(path).split(".")[0]): world.kind(path) for path in glob.glob(into + "/*")}
        tap.ok([json.loads(line)["index"] for line in said.splitlines()] == [4, 2, 3, 6, 5] and
               found == {index: KINDS[index] for index in (2, 3, 4, 5, 6)}, "and one for each event, from " + place[:5])


def refused(world):
    ledger, vkey = world.ledger, ("--vkey", world.ledger.vkey)
    world.refuses("no index", 2, "usage", ledger.dir)
    world.refuses("an index that is none", 2, "usage", ledger.dir, "-1")
    world.refuses("a key that is none", 2, "--vkey", ledger.dir, "1", "--vkey", "x")
    world.refuses("JSON without a file", 2, "usage", ledger.dir, "1", "--json")
    world.refuses("an address without a key", 2, "--vkey", world.url, "1")
    world.refuses("receipts without a key", 2, "usage", "--receipt", world.receipts, "--into", ledger.path("x"))
    world.refuses("receipts into nowhere", 4, "cannot be made", "--receipt", world.receipts, *vkey, "--into", ledger.path("x/y"))
    world.refuses("no ledger", 4, "nowhere", ledger.path("nowhere"), "1")
    world.refuses("an index that is not there", 4, "the log has 7 entries", ledger.dir, "7")
    world.refuses("the same over HTTP", 4, "a newer one may take a moment", world.url, "7", *vkey)
    other = Ledger(ledger.indsigt, "log.example.dk/proof")
    world.refuses("another log's key", 5, "another log", ledger.dir, "1", "--vkey", other.vkey)
    world.refuses("another log's key over HTTP", 5, "another log's", world.url, "1", "--vkey", other.vkey)
    world.refuses("another log's key and receipts", 5, "receipt 1 is of another log", "--receipt", world.receipts, "--vkey", other.vkey, "--into",
                  ledger.path("x"))
    result = world.verify(ledger.path("here-3"), vkey=other.vkey)
    world.tap.ok(result.returncode == 1 and "not signed" in result.stdout, "a file under another log's key: refused")
    other.remove()
    lines = open(world.receipts, encoding="utf-8").read().splitlines()
    wrong = json.loads(lines[1])
    wrong["first_index"] += 1
    with open(ledger.path("wrong.json"), "w", encoding="utf-8") as file:
        file.write(lines[0] + "\n" + json.dumps(wrong) + "\n")
    world.refuses("a receipt with another index", 1, "receipt 2", "--receipt", ledger.path("wrong.json"), *vkey, "--into",
                  ledger.path("x"))


def witnessed(world):
    """With a witness the proof carries its cosignature, as soon as it has seen that much."""
    tap, ledger = world.tap, world.ledger
    directory, policy = ledger.path("witness"), os.path.join(ledger.dir, "witnesses")
    vkey = ledger.run("witness", "init", directory, "--name", "witness.example/w1").strip()
    ledger.run("witness", "add", directory, ledger.vkey)
    witness = subprocess.Popen([ledger.indsigt, "witness", "serve", directory, "--listen", "127.0.0.1:0"],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    address = witness.stdout.readline().split()[1].split("=")[1]
    ledger.stop()
    with open(policy, "w", encoding="utf-8") as file:
        file.write("witness w1 %s http://%s\nquorum w1\n" % (vkey, address))
    ledger.serve("--epoch-seconds", "86400")
    wait_until(lambda: "\u2014 witness.example/w1 " in ledger.get("/checkpoint"), "the cosignature")
    cosigned = ledger.path("cosigned")
    plain = world.verify(ledger.path("here-4"), "--policy", policy)
    tap.ok(plain.returncode == 1 and "witness policy" in plain.stdout, "a file from before does not satisfy a policy")
    for place in (ledger.dir, "http://" + ledger.query):
        ledger.run("proof", place, "4", "--vkey", ledger.vkey, "-o", cosigned)
        shown = json.loads(world.verify(cosigned, "--policy", policy, "--json").stdout)
        tap.ok(shown["holds"] and shown["witnessed"], "with a witness it proves one history, from " + place[:5])

    # The witness is away: what is newer than its cosignature stands under the log's signature alone.
    witness.terminate()
    witness.wait()
    witness.stdout.close()
    ledger.run("send", "--server", ledger.ingest, "--key", world.key, "-", stdin=event(SUBJECT, "opslag") + "\n")
    ledger.run("proof", ledger.dir, "8", "-o", cosigned)
    tap.ok(world.kind(cosigned) == "batch" and world.verify(cosigned, "--policy", policy).returncode == 1,
           "what the witness has not seen is proven by the log alone")
    ledger.run("proof", ledger.dir, "4", "-o", cosigned)
    tap.ok(world.verify(cosigned, "--policy", policy).returncode == 0, "what it has seen is still proven with it")


def main():
    tap = Tap()
    world = World(sys.argv[1], tap)
    every_entry(world)
    exported(world)
    altered(world)
    receipts(world)
    refused(world)
    witnessed(world)
    world.ledger.remove()
    tap.done()


main()
