#!/usr/bin/env python3
"""Memory that is short says nothing about a ledger: with any single allocation failing, 'audit', 'proof', 'verify' and
'who' never say of a good ledger or a good file that it does not hold; and 'send' refuses nothing that is good."""

import concurrent.futures
import json
import os
import shutil
import subprocess
import sys

from indsigt import Ledger, Tap, event

SUBJECT = "cpr:0101701234"
ACCUSES = ("FAILED", "DOES NOT HOLD", "does not verify", "does not hold", "damaged", "malformed", "Nobody")
LAST = 300  # of many
MANY = 1000
WAITS_S = 30  # curl 8 begins with some allocations after which it waits for ever; all else takes a moment
SAMPLE = 60
WAITED = -1  # for ever, as no program ends: not counted among those that say so themselves


class Runs:
    def __init__(self, ledger, library):
        self.ledger = ledger
        self.library = library

    def run(self, at, arguments, stdin=None):
        """The result, and whether there was such an allocation."""
        mark = self.ledger.path("mark-%d" % at)
        environment = dict(os.environ, LD_PRELOAD=self.library, FAILING_MALLOC_AT=str(at), FAILING_MALLOC_MARK=mark)
        try:
            result = subprocess.run([self.ledger.indsigt, *arguments], capture_output=True, text=True, check=False,
                                    env=environment, input=stdin or "", timeout=WAITS_S)
        except subprocess.TimeoutExpired as waits:  # a library's lock that nobody lets go of: it accuses nobody
            said = [text.decode(errors="replace") if text else "" for text in (waits.stdout, waits.stderr)]
            result = subprocess.CompletedProcess(waits.cmd, WAITED, *said)
        reached = os.path.exists(mark)
        if reached:
            os.unlink(mark)
        return at, result, reached

    def count(self, arguments):
        """How many allocations there are."""
        low, high = 0, 1
        while self.run(high, arguments)[2]:
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.run(middle, arguments)[2] else (low, middle)
        return low

    def all(self, arguments):
        """Every single one fails once, but for most of those of a long beginning, which is libcurl's, not ours: what was
        wrong, and how often each exit code came. An answer is whole, or none."""
        wrong, counts = [], {}
        whole = None if arguments[0] == "who" else self.ledger.result(*arguments).stdout  # who's bears the time of asking
        total = self.count(arguments)
        numbers = [at for at in range(1, total + 1) if total < MANY or at > total - LAST or at % SAMPLE == 0]
        workers = concurrent.futures.ThreadPoolExecutor(2)
        for at, result, _ in workers.map(lambda at: self.run(at, arguments), numbers):
            counts[result.returncode] = counts.get(result.returncode, 0) + 1
            text = result.stdout + result.stderr
            if result.returncode not in (0, 4, WAITED) or any(word in text for word in ACCUSES):
                wrong.append("allocation %d of %d: exit %d %s" % (at, total, result.returncode, text.strip()[-200:]))
            elif whole is not None and result.returncode == 0 and result.stdout != whole:
                wrong.append("allocation %d of %d: not all of it: %s" % (at, total, result.stdout.strip()[-200:]))
        return wrong, counts


def rows_of(entry):
    """What was refused once: an event, a Bundle of which an entry is company, and one of which only the event is left."""
    head = {"input": "-", "number": 1, "format": "json", "error": "stopped", "reason": "because"}
    bundle = '{"resourceType":"Bundle","type":"searchset","entry":[%s]}' % entry
    return [json.dumps({**head, **more}) for more in (
        {"run": "0011223344556677", "message": event(SUBJECT, "once more")}, {"format": "fhir", "message": bundle},
        {"number": 3, "identity": "0123456789abcdef", "events": [json.loads(event(SUBJECT, "what is left"))]})]


def given_back(path, rows, entry):
    """Whether all of what a pipe brought and that was kept is a row as it came, or one with the message of such a row."""
    if not os.path.exists(path):
        return True
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    messages = [json.loads(row).get("message") for row in rows[:2]] + [entry]
    return len(lines) <= len(rows) and all(line in rows or json.loads(line).get("message") in messages for line in lines)


def send_refuses_nothing(tap, runs, key, by_pipe):
    """Each run has its own spool."""
    ledger = runs.ledger
    path = ledger.path("rows")
    entry = '{"search":{"mode":"include"},"resource":{"resourceType":"Patient","id":"x"}}'
    rows = rows_of(entry)
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(row + "\n" for row in rows)
    wrong, counts, rows_as_they_were = [], {}, 0
    reached, at = True, 0
    while reached:
        at += 1
        spool = ledger.path("spool-%d" % at)
        refused = os.path.join(spool, "rejected.jsonl")
        _, result, reached = runs.run(at, ["send", "--server", ledger.ingest, "--key", key, "--spool", spool,
                                           "-" if by_pipe else path], "\n".join(rows) + "\n" if by_pipe else None)
        counts[result.returncode] = counts.get(result.returncode, 0) + 1
        good = given_back(refused, rows, entry) if by_pipe else not os.path.exists(refused)
        sent = "2 events acknowledged" in result.stderr
        if not good or result.returncode not in (0, 4) or (result.returncode == 0 and not sent):
            wrong.append("allocation %d: exit %d %s" % (at, result.returncode, result.stderr.strip()[-200:]))
        if os.path.exists(refused):
            with open(refused, encoding="utf-8") as file:
                rows_as_they_were += sum(line.rstrip("\n") in rows for line in file)
        shutil.rmtree(spool, ignore_errors=True)
    tap.ok(not wrong and counts.get(4, 0) > 2 and (rows_as_they_were > 2 or not by_pipe),
           "send %s: %s, %d rows as they were" % ("by a pipe" if by_pipe else "a file", counts, rows_as_they_were))
    for line in wrong[:20]:
        print("# " + line.replace("\n", " | "))


def main():
    tap = Tap()
    ledger = Ledger(sys.argv[1], "log.example.dk/memory")
    key = ledger.add_sender("one")
    ledger.serve()
    lines = "".join(event(SUBJECT, "opslag %d" % i) + "\n" for i in range(3))
    receipts = ledger.path("receipts")
    with open(receipts, "w", encoding="utf-8") as file:
        file.write(ledger.run("send", "--server", ledger.ingest, "--key", key, "--batch", "2", "-", stdin=lines))
    ledger.run("epoch", ledger.dir)
    runs = Runs(ledger, sys.argv[2])
    _, plain, reached = runs.run(1 << 40, ["help"])
    if plain.returncode != 0 or reached:
        tap.skip("single failing allocations", "nothing can be preloaded here: " + plain.stderr.strip()[:100])
        ledger.stop()
        ledger.remove()
        tap.done()
    for by_pipe in (False, True):
        send_refuses_nothing(tap, runs, ledger.add_sender("pipe" if by_pipe else "file"), by_pipe)
    ledger.stop()
    statement, proof = ledger.path("statement"), ledger.path("proof")
    public = ledger.path("public")
    ledger.run("statement", SUBJECT, "--ledger", ledger.dir, "-o", statement)
    window = ledger.path("window")
    ledger.run("statement", SUBJECT, "--ledger", ledger.dir, "--signatures", "--from", "2020-01-01", "-o", window)
    ledger.run("proof", ledger.dir, "3", "-o", proof)
    ledger.run("export", ledger.dir, public)
    vkey = ("--vkey", ledger.vkey)
    for what, arguments in (("audit", ["audit", ledger.dir, *vkey]),
                            ("audit --labels", ["audit", ledger.dir, *vkey, "--labels"]),
                            ("audit of tiles", ["audit", public, *vkey]),
                            ("proof", ["proof", ledger.dir, "3", *vkey]),
                            ("proof from tiles", ["proof", public, "3", *vkey]),
                            ("verify a statement", ["verify", statement, *vkey]),
                            ("verify a window", ["verify", window, *vkey, "--json"]),
                            ("evidence", ["evidence", ledger.dir, "--json"]),
                            ("verify receipts", ["verify", receipts, *vkey, "--json"]),
                            ("verify a proof file", ["verify", proof, *vkey]),
                            ("who", ["who", SUBJECT, "--ledger", ledger.dir])):
        wrong, counts = runs.all(arguments)
        tap.ok(not wrong and counts.get(4, 0) > 2, "%s: %s" % (what, counts))
        for line in wrong[:20]:
            print("# " + line.replace("\n", " | "))
    ledger.remove()
    tap.done()


if __name__ == "__main__":
    main()
