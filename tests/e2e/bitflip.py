#!/usr/bin/env python3
"""One flipped bit anywhere in the store. In a row of any table: the audit says FAILED, and for entries, tiles and sealed
records it names the very index. Anywhere else (page headers, free pages, padding): FAILED, or the same result as
before while every row still reads the same and is still found. It never hangs and never leaves without its last line. A sealed record
that was tampered with is refused on reading.

INDSIGT_FLIPS: how many times the usual number of flips (1). INDSIGT_SEED: another choice of bits."""

import concurrent.futures
import json
import os
import queue
import random
import re
import shutil
import subprocess
import sys

from indsigt import DEADLINE_S, Ledger, Tap, event
from lmdb_file import File, rows_of

PEOPLE = ["cpr:01017%05d" % i for i in range(23)]
EVENTS = 350
ROW_LEVELS = 4  # row r of the tiles holds roots of 16^r entries (spec/store.md)
SHOWN_MAX = 20  # of what went wrong
REFUSED = "index %d: "


def make_ledger(indsigt):
    """Entries in several bundles, filed events, a tail that is not filed yet, withheld and mass events."""
    ledger = Ledger(indsigt)
    first = ledger.add_sender("first", "cvr:55133018", "--policy", "withhold")
    second = ledger.add_sender("second", "cvr:29190909")
    ledger.serve("--epoch-seconds", "3600")
    for key, more in ((first, {"withheld_until": "2099-01-01T00:00:00Z", "withheld_basis": "RPL § 729"}), (second, {})):
        lines = [event(PEOPLE[i % len(PEOPLE)], "opslag %d" % i, **(more if i % 50 == 7 else {}))
                 for i in range(EVENTS)]
        lines += [event(None, "udtræk %d" % i, subjects=1000) for i in range(5)]
        ledger.run("send", "--server", ledger.ingest, "--key", key, "--batch", "37", "-", stdin="\n".join(lines) + "\n")
        if key == first:
            ledger.run("epoch", ledger.dir)
    ledger.stop()
    return ledger


class Flips:
    """Audits of copies of one ledger, each with one bit flipped."""

    def __init__(self, ledger, workers):
        self.ledger = ledger
        self.copies = queue.Queue()
        for i in range(workers):
            copy = ledger.path("copy%d" % i)
            shutil.copytree(ledger.dir, copy)
            self.copies.put(copy)
        with open(os.path.join(ledger.dir, "store", "data.mdb"), "rb") as file:
            self.data = file.read()
        self.good = self.audit_line(ledger.dir)
        self.answers = self.everybody(ledger.dir)

    def audit_line(self, directory):
        """The last line of the audit; "hangs" if it does not end."""
        try:
            result = subprocess.run([self.ledger.indsigt, "audit", directory, "--vkey", self.ledger.vkey], text=True,
                                    capture_output=True, timeout=DEADLINE_S, check=False)
        except subprocess.TimeoutExpired:
            return "hangs"
        lines = result.stdout.splitlines()
        return "exit %d %s" % (result.returncode, lines[-1] if lines else "")

    def everybody(self, directory):
        """The accesses that each person is told of; the coverage beside them depends on the time of day."""
        return [json.loads(self.ledger.run("who", subject, "--ledger", directory, "--json"))["accesses"]
                for subject in PEOPLE]

    def with_flip(self, at, bit, command):
        """What `command` gives, called with a copy's directory, while one bit of the copy's store is flipped."""
        copy = self.copies.get()
        path = os.path.join(copy, "store", "data.mdb")
        try:
            with open(path, "r+b", buffering=0) as file:
                os.pwrite(file.fileno(), bytes([self.data[at] ^ 1 << bit]), at)
                result = command(copy)
                os.pwrite(file.fileno(), self.data[at:at + 1], at)
            return result
        finally:
            self.copies.put(copy)

    def same_rows(self, at, bit, rows):
        damaged = bytearray(self.data)
        damaged[at] ^= 1 << bit
        return rows_of(damaged) == rows


def index_in_bundle(value, first, at):
    """The entry that byte `at` of a bundle belongs to."""
    index, place = first, 0
    while True:
        place += 2 + int.from_bytes(value[place:place + 2], "big")
        if at < place:
            return index
        index += 1


def expected_index(region, at, value):
    """The index that the audit must name, or None where any will do."""
    if region.kind != "value":
        return None
    place = at - region.start
    if region.table == "bundle":
        return index_in_bundle(value, 256 * int.from_bytes(region.row, "big"), place)
    if region.table == "tile":
        row, number = region.row[0] & 0x7F, int.from_bytes(region.row[1:], "big")
        at_hash = 255 if region.row[0] & 0x80 else place // 32  # a full tile's last hash has a row of its own
        return (256 * number + at_hash) << (ROW_LEVELS * row)
    if region.table == "record":
        return int.from_bytes(region.row, "big")
    return None


def judge(flips, rows, region, at, bit):
    """None if the audit was right about this flip, else what it said."""
    line = flips.with_flip(at, bit, flips.audit_line)
    failed = re.fullmatch(r"exit 1 audit: FAILED (?:epoch=\d+ )?index=(\d+) .+", line)
    must_fail = region is not None and region.kind in ("key", "value") and region.table is not None
    what = "byte %d bit %d (%s of %s): %s" % (
        at, bit, region.kind if region else "unused", region.table if region else "nothing", line)
    if failed is None:
        good = line == flips.good and not must_fail
        # A running epoch may leave leaves of the filing tree behind the finished ones: a longer row is not wrong.
        good = good and (flips.same_rows(at, bit, rows) or region is not None and region.table == "filing")
        if good and region is not None and region.kind == "branch key":
            good = flips.with_flip(at, bit, flips.everybody) == flips.answers
        return None if good else what
    index = expected_index(region, at, rows[region.table][region.row]) if must_fail else None
    return None if index in (None, int(failed.group(1))) else "%s; it is %d" % (what, index)


def choose(chance, regions, count):
    """`count` different bytes of the regions, with a bit of each."""
    places = [(region, at) for region in regions for at in range(region.start, region.end)]
    return [(region, at, chance.randrange(8)) for region, at in chance.sample(places, min(count, len(places)))]


def unused(file, chance, count):
    """Bytes that belong to nothing: free pages, and the space in pages between header and nodes."""
    used = bytearray(len(file.data))
    for region in file.regions:
        used[region.start:region.end] = b"\1" * (region.end - region.start)
    free = [at for at in range(len(used)) if not used[at]]
    return [(None, at, chance.randrange(8)) for at in chance.sample(free, min(count, len(free)))]


def test_audit(tap, flips, file, chance, share):
    def of(kinds, table=None):
        return [r for r in file.regions if r.kind in kinds and (table is None or r.table == table)]

    checkpoint = [r for r in of(("value",), "meta") if r.row == b"checkpoint"]
    cases = [("entries", of(("value",), "bundle"), 250), ("tiles", of(("value",), "tile"), 250),
             ("the checkpoint", checkpoint, 100), ("the state", of(("value",), "meta"), 60),
             ("sealed records", of(("value",), "record"), 100), ("alias packs", of(("value",), "alias"), 40),
             ("batch rows", of(("value",), "batch"), 40), ("sender rows", of(("value",), "sender"), 40),
             ("the filing tree", of(("value",), "filing"), 60)]
    cases += [("keys of %s" % table, of(("key",), table), 12) for table in sorted(file.rows) if table and file.rows[table]]
    cases += [("nodes", of(("node",)), 150), ("page headers", of(("page",)), 150),
              ("branch keys", of(("branch key",)), 60), ("meta pages", of(("meta",)), 100)]
    chosen = [(name, choose(chance, regions, max(3, int(count * share)))) for name, regions, count in cases]
    chosen.append(("unused bytes", unused(file, chance, max(3, int(40 * share)))))
    with concurrent.futures.ThreadPoolExecutor(flips.copies.qsize()) as pool:
        for name, places in chosen:
            wrong = [w for w in pool.map(lambda place: judge(flips, file.rows, *place), places) if w]
            tap.ok(wrong == [] and places, "%d flipped bits in %s" % (len(places), name))
            for line in wrong[:SHOWN_MAX]:
                print("# " + line)


def test_reading(tap, flips, file, chance, share):
    """STO-9, STO-18: the newest record of a person, flipped: whoever reads it is told, and sees nothing of it."""
    ledger = flips.ledger
    subject = PEOPLE[3]
    accesses = ledger.who(subject)["accesses"]
    newest = accesses[0]
    row = newest["index"].to_bytes(8, "big")
    regions = [r for r in file.regions if r.table == "record" and r.kind == "value" and r.row == row]

    def read(directory):
        return subprocess.run([ledger.indsigt, "who", subject, "--ledger", directory, "--json"], capture_output=True,
                              text=True, timeout=DEADLINE_S, check=False)

    places = choose(chance, regions, max(5, int(60 * share)))
    wrong = []
    for _, at, bit in places:
        result = flips.with_flip(at, bit, read)
        if result.returncode != 1 or newest["activity"] in result.stdout or REFUSED % newest["index"] not in result.stderr:
            wrong.append("byte %d bit %d: exit %d %s" % (at, bit, result.returncode, result.stderr.strip()))
    tap.ok(wrong == [] and places, "%d flipped bits in a sealed record: refused on reading" % len(places))
    for line in wrong[:SHOWN_MAX]:
        print("# " + line)


def main():
    tap = Tap()
    share = float(os.environ.get("INDSIGT_FLIPS", "0.1" if os.environ.get("INDSIGT_SHORT") else "1"))
    chance = random.Random(int(os.environ.get("INDSIGT_SEED", "1")))
    ledger = make_ledger(sys.argv[1])
    flips = Flips(ledger, 2)
    tap.ok(flips.good.startswith("exit 0 audit: ok "), "the audit of the ledger as it is: " + flips.good)
    file = File(flips.data)
    tap.ok(all(file.rows[table] for table in ("bundle", "tile", "record", "alias", "batch", "sender", "meta")),
           "every kind of row is there: %s" % ", ".join("%d %s" % (len(r), t) for t, r in sorted(file.rows.items())))
    test_audit(tap, flips, file, chance, share)
    test_reading(tap, flips, file, chance, share)
    ledger.remove()
    tap.done()


main()
