#!/usr/bin/env python3
"""Many events of many people from four senders at once: every receipt is checked, nothing is missing, and no process
takes more than 256 MiB of memory of its own (RssAnon; the map of the store does not count).

INDSIGT_EVENTS: how many in all (100,000; 1,000,000 by hand). A tenth as many people."""

import json
import os
import re
import select
import subprocess
import sys

from indsigt import Ledger, Tap, event

SENDERS = 4
BATCH = 1000
RSS_ANON_MAX_KIB = 256 * 1024
SAMPLE_EVERY_MS = 100  # beside every receipt


def person(number):
    return "cpr:%010d" % (number + 1)  # all zeros are nobody's


def write_events(path, sender, count, people):
    template = event("cpr:@", "opslag #")
    with open(path, "w", encoding="utf-8") as file:
        for i in range(count):
            number = (i * SENDERS + sender) * 7919 % people
            file.write(template.replace("cpr:@", person(number)).replace("#", "%d-%d" % (sender, i)) + "\n")


def family(pid):
    """A process and those that it started."""
    found = [pid]
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as file:
            for child in file.read().split():
                found += family(int(child))
    except (FileNotFoundError, ProcessLookupError):
        pass
    return found


class Memory:
    """The most memory that each program has had."""

    def __init__(self):
        self.peak_kib = {}

    def sample(self, pids):
        for pid in (one for root in pids for one in family(root)):
            try:
                with open("/proc/%d/status" % pid, encoding="utf-8") as file:
                    status = file.read()
                with open("/proc/%d/cmdline" % pid, encoding="utf-8") as file:
                    words = file.read().split("\0")
            except (FileNotFoundError, ProcessLookupError):
                continue
            match = re.search(r"^RssAnon:\s+(\d+) kB", status, re.M)
            if match:
                program = os.path.basename(words[0])
                name = " ".join([program, words[1]]) if program == "indsigt" else program
                self.peak_kib[name] = max(self.peak_kib.get(name, 0), int(match.group(1)))

    def watch(self, processes, others):
        """Until all end: samples at every line that one prints, and now and then. Returns what each printed."""
        printed = {process: [] for process in processes}
        open_ones = {process.stdout.fileno(): process for process in processes}
        poll = select.poll()
        for descriptor in open_ones:
            poll.register(descriptor, select.POLLIN)
        while open_ones:
            for descriptor, _ in poll.poll(SAMPLE_EVERY_MS):
                data = os.read(descriptor, 1 << 20)
                printed[open_ones[descriptor]].append(data)
                if not data:
                    poll.unregister(descriptor)
                    del open_ones[descriptor]
            self.sample([process.pid for process in processes] + others)
        for process in processes:
            process.wait()
            process.stdout.close()
        return [b"".join(printed[process]).decode() for process in processes]


def main():
    tap = Tap()
    events = int(os.environ.get("INDSIGT_EVENTS", "10000" if os.environ.get("INDSIGT_SHORT") else "100000"))
    share = events // SENDERS
    people = events // 10
    memory = Memory()
    ledger = Ledger(sys.argv[1])
    ledger.serve("--epoch-seconds", "2")

    def start(*arguments):
        return subprocess.Popen([ledger.indsigt, *arguments], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL,
                                stderr=open(ledger.path("stderr"), "ab"))

    commands = []
    for s in range(SENDERS):
        source = ledger.path("events%d" % s)
        write_events(source, s, share, people)
        commands.append(("send", "--server", ledger.ingest, "--key", ledger.add_sender("sender%d" % s), "--batch",
                         str(BATCH), source))
    senders = [start(*command) for command in commands]
    receipts = memory.watch(senders, [ledger.server.pid])
    tap.ok([sender.returncode for sender in senders] == [0] * SENDERS, "four senders had every receipt checked")
    tap.ok([len(lines.splitlines()) for lines in receipts] == [-(-share // BATCH)] * SENDERS, "a receipt for each batch")

    audit = start("audit", ledger.dir, "--vkey", ledger.vkey)
    line = memory.watch([audit], [ledger.server.pid])[0].strip().rpartition("\n")[2]
    tap.ok(audit.returncode == 0 and " events=%d " % (share * SENDERS) in line and " records=%d " % (share * SENDERS) in line,
           "the audit, beside the running ledger, counts %d events: %s" % (share * SENDERS, line))

    wanted = {}
    for s in range(SENDERS):
        for i in range(share):
            number = (i * SENDERS + s) * 7919 % people
            if number in (0, 1, people - 1):
                wanted.setdefault(number, []).append("opslag %d-%d" % (s, i))
    for number, activities in sorted(wanted.items()):
        token = ledger.run("token", ledger.dir, person(number)).strip()
        asked = start("who", person(number), "--ledger", "http://" + ledger.query, "--token", token, "--json")
        answer = json.loads(memory.watch([asked], [ledger.server.pid])[0])
        told = sorted(access["activity"] for access in answer["accesses"])
        tap.ok(told == sorted(activities), "person %d is told of %d accesses" % (number, len(activities)))
    ledger.remove()

    for name, peak in sorted(memory.peak_kib.items()):
        what = "%s takes at most 256 MiB: %.1f MiB" % (name, peak / 1024)
        if os.environ.get("INDSIGT_SHORT"):
            tap.skip(what, "the sanitizers' own memory is in it")
        else:
            tap.ok(peak <= RSS_ANON_MAX_KIB, what)
    tap.ok(len(memory.peak_kib) >= 5, "every program was looked at: %s" % ", ".join(sorted(memory.peak_kib)))
    tap.done()


main()
