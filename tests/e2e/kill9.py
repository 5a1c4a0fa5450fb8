#!/usr/bin/env python3
"""kill -9 of ingestd under load, again and again, every other time while it makes an epoch: nothing acknowledged is lost,
nothing is doubled, every epoch holds when it is recomputed from the labels, the senders go on by themselves.
INDSIGT_KILLS rounds (6; 50 by hand)."""

import json
import os
import random
import signal
import subprocess
import sys

from indsigt import Ledger, Tap, event, wait_until

SENDERS = 4
SUBJECTS = 1500  # enough that an epoch is made in many slices
ASKED = 40  # people whose answers are compared
EPOCH_STEPS_MAX = 4000  # how long an epoch runs before the kill, in turns of the scheduler
EVENTS = 400  # of each sender, for each kill
BATCH = 20


def lines_of(path):
    with open(path, "rb") as file:
        return file.read().count(b"\n")


def acknowledged(outputs):
    return sum(lines_of(path) for path in outputs)


def main():
    tap = Tap()
    kills = int(os.environ.get("INDSIGT_KILLS", "6"))
    chance = random.Random(int(os.environ.get("INDSIGT_SEED", "1")))
    total = EVENTS * kills
    ledger = Ledger(sys.argv[1])
    subjects = ["cpr:01017%05d" % i for i in range(SUBJECTS)]
    sent = {subject: [] for subject in subjects}
    ledger.serve("--epoch-seconds", "3600")  # only those that are asked for

    processes, outputs = [], []
    for s in range(SENDERS):
        key = ledger.add_sender("sender%d" % s)
        source = ledger.path("events%d" % s)
        with open(source, "w", encoding="utf-8") as file:
            for i in range(total):
                subject = chance.choice(subjects)
                activity = "opslag %d-%d" % (s, i)
                sent[subject].append(activity)
                file.write(event(subject, activity) + "\n")
        outputs.append(ledger.path("receipts%d" % s))
        processes.append(subprocess.Popen(
            [ledger.indsigt, "send", "--server", ledger.ingest, "--key", key, "--batch", str(BATCH), source],
            stdout=open(outputs[-1], "wb"), stderr=open(ledger.path("send%d.log" % s), "wb")))

    batches = SENDERS * total // BATCH
    killed = in_epoch = 0
    for i in range(kills):
        # Somewhere in this round's share of the work: the moment is random because progress is not even.
        goal = min(batches - 1, batches * i // kills + chance.randrange(max(1, batches // kills)))
        wait_until(lambda: acknowledged(outputs) >= goal or all(p.poll() is not None for p in processes), "progress")
        pid = wait_until(lambda: ledger.daemon("indsigt-ingestd"), "ingestd to run")
        if i % 2 == 1:
            asking = subprocess.Popen([ledger.indsigt, "epoch", ledger.dir], stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL)
            for _ in range(chance.randrange(EPOCH_STEPS_MAX)):
                os.sched_yield()
        while True:
            try:
                os.kill(pid, signal.SIGKILL)
                break
            except ProcessLookupError:  # the command had the directory just then, and it was started again
                pid = wait_until(lambda: ledger.daemon("indsigt-ingestd"), "ingestd to run")
        if i % 2 == 1:
            in_epoch += asking.wait(60) != 0  # it had not ended
        killed += 1
        wait_until(lambda: ledger.daemon("indsigt-ingestd") not in (None, pid), "ingestd to come back")
    tap.ok(killed == kills, "ingestd was killed %d times, %d of them in an epoch" % (kills, in_epoch))
    codes = [process.wait(600) for process in processes]
    tap.ok(codes == [0] * SENDERS, "every sender finished by itself: %r" % codes)

    for s, path in enumerate(outputs):
        first = {}
        for line in open(path, encoding="utf-8"):
            receipt = json.loads(line)
            place = (receipt["first_index"], receipt["count"])
            first.setdefault(receipt["batch"]["first_sequence"], set()).add(place)
        expected = 0
        dense = True
        for sequence in sorted(first):
            dense = dense and sequence == expected and len(first[sequence]) == 1
            expected = sequence + next(iter(first[sequence]))[1]
        tap.ok(dense and expected == total, "receipts of sender %d cover each event once, each at one place" % s)
    # The daemon may only just be coming back.
    wait_until(lambda: ledger.result("epoch", ledger.dir).returncode == 0, "the last epoch")
    ledger.stop()

    code, line = ledger.audit("--labels")
    tap.ok(code == 0 and " events=%d " % (SENDERS * total) in line, "the audit holds and counts every event: " + line)
    wrong = [subject for subject in chance.sample(subjects, ASKED)
             if sorted(access["activity"] for access in ledger.who(subject)["accesses"]) != sorted(sent[subject])]
    tap.ok(wrong == [], "everybody's accesses are exactly those that were sent")
    ledger.remove()
    tap.done()


main()
