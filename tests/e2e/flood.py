#!/usr/bin/env python3
"""A flood of people whom nobody has met, from two senders as fast as they can: filing keeps up, whatever comes in. How old
the oldest event was when its epoch came is read from the log itself: an event counts from its own ledger time to that of
the newest entry before the epoch entry that covers it.

INDSIGT_EVENTS: how many in all (6,000; 1,500,000 by hand)."""

import os
import subprocess
import sys
import time

from indsigt import Ledger, Tap, event

SENDERS = 2
OLDEST_MAX_S = 100  # a third of the lag that the log allows


def write_events(path, sender, count):
    template = event("cpr:@", "opslag")
    with open(path, "w", encoding="utf-8") as file:
        for i in range(count):
            file.write(template.replace("@", "%010d" % (sender * count + i + 1)) + "\n")


def entries_of(place):
    """All entries of an exported log, in order."""
    top = os.path.join(place, "tile", "entries")
    names = sorted(os.path.join(directory, name)[len(top) + 1:] for directory, _, files in os.walk(top) for name in files)
    whole = [name for name in names if ".p" not in name]
    partial = [name for name in names if ".p" in name]
    newest = sorted(partial, key=lambda name: (name.split(".p")[0], int(name.rsplit("/", 1)[1])))[-1:]
    for name in sorted(whole) + [name for name in newest if name.split(".p")[0] not in whole]:
        with open(os.path.join(top, name), "rb") as file:
            bundle = file.read()
        at = 0
        while at < len(bundle):
            size = int.from_bytes(bundle[at:at + 2], "big")
            yield bundle[at + 2:at + 2 + size]
            at += 2 + size


def oldest_s(place):
    """(events, epochs, the age of the oldest event that an epoch came for)"""
    waiting, now, oldest, epochs, events = [], 0, 0, 0, 0
    for index, entry in enumerate(entries_of(place)):
        if entry[0] == 2:
            at = int.from_bytes(entry[13:21], "big")
            events += 1
            now = max(now, at)
            if not waiting or waiting[-1][1] != at:
                waiting.append([index, at])
        elif entry[0] == 5:
            covered = int.from_bytes(entry[1:9], "big")
            epochs += 1
            if waiting and waiting[0][0] < covered:
                oldest = max(oldest, now - waiting[0][1])
            while len(waiting) > 1 and waiting[1][0] <= covered:
                waiting.pop(0)
            if waiting and waiting[0][0] < covered:
                waiting[0][0] = covered
    return events, epochs, oldest


def main():
    tap = Tap()
    events = int(os.environ.get("INDSIGT_EVENTS", "6000"))
    share = events // SENDERS
    ledger = Ledger(sys.argv[1])
    ledger.serve("--epoch-seconds", "2")
    commands = []
    for s in range(SENDERS):
        source = ledger.path("events%d" % s)
        write_events(source, s, share)
        commands.append([ledger.indsigt, "send", "--server", ledger.ingest, "--key", ledger.add_sender("sender%d" % s), "--batch",
                         "1000", source])
    start = time.monotonic()
    senders = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
                                stderr=open(ledger.path("stderr"), "ab")) for command in commands]
    codes = [sender.wait() for sender in senders]
    taken_s = time.monotonic() - start
    tap.ok(codes == [0] * SENDERS, "two senders had every receipt checked, %d events/s" % (events / taken_s))
    ledger.run("epoch", ledger.dir)
    filed_s = time.monotonic() - start
    ledger.run("export", ledger.dir, ledger.path("export"))
    found, epochs, oldest = oldest_s(ledger.path("export"))
    tap.ok(found == share * SENDERS and epochs > 0, "%d events, filed by %d epochs after %.1f s" % (found, epochs, filed_s))
    tap.ok(oldest < OLDEST_MAX_S, "the oldest event that was not filed was %d s old" % oldest)
    with open(ledger.path("serve.log"), encoding="utf-8") as file:
        tap.ok("ALARM" not in file.read(), "nobody was alarmed")
    audit = ledger.result("audit", ledger.dir, "--vkey", ledger.vkey, "--labels")
    line = audit.stdout.strip().rpartition("\n")[2]
    tap.ok(audit.returncode == 0 and " events=%d " % (share * SENDERS) in line, "the accredited audit: " + line)
    ledger.remove()
    tap.done()


if __name__ == "__main__":
    main()
