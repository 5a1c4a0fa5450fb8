#!/usr/bin/env python3
"""What other senders cost an answer: a person's 20 events in a ledger of ten senders, and in one of very many who have all
reported something, asked for in turn.
Usage: senders.py INDSIGT [SENDERS]"""

import concurrent.futures
import http.client
import os
import statistics
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from indsigt import Ledger, event  # noqa: E402
from many import SUBJECT, ask  # noqa: E402

FEW = 10
ASKED = 500  # times in a round
ROUNDS = 5


def make(indsigt, senders):
    ledger = Ledger(indsigt)
    keys = [ledger.add_sender("S%d" % i) for i in range(senders)]
    ledger.serve("--demo-tokens")

    def report(number, subject, count):
        lines = "".join(event(subject, "%d of sender %d" % (i, number)) + "\n" for i in range(count))
        ledger.run("send", "--server", ledger.ingest, "--key", keys[number], "--spool", ledger.path("spool%d" % number), "-",
                   stdin=lines)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: report(number, "cpr:0201701%03d" % (number % 1000), 1), range(1, senders)))
    report(0, SUBJECT, 20)
    ledger.run("epoch", ledger.dir)
    return ledger


class Asker:
    def __init__(self, ledger):
        self.ledger, self.pid = ledger, ledger.daemon("indsigt-queryd")
        self.headers = {"Authorization": "Bearer " + ledger.run("token", ledger.dir, SUBJECT).strip()}
        self.connection = http.client.HTTPConnection(ledger.query)
        self.ms, self.cpu_us = [], []

    def cpu(self):
        with open("/proc/%d/stat" % self.pid, encoding="ascii") as file:
            words = file.read().rsplit(")", 1)[1].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK") * 1e6

    def round(self):
        before = self.cpu()
        for _ in range(ASKED):
            status, ms, body = ask(self.connection, "/v1/accesses?limit=20", self.headers)
            assert status == 200, body
            self.ms.append(ms)
            self.bytes = len(body)
        self.cpu_us.append((self.cpu() - before) / ASKED)


def main():
    many = int(sys.argv[2]) if len(sys.argv) > 2 else 2000
    askers = [Asker(make(sys.argv[1], senders)) for senders in (FEW, many)]
    for _ in range(ROUNDS):
        for asker in askers:
            asker.round()
    for senders, asker in zip((FEW, many), askers):
        print("%d senders: p50_ms=%.3f cpu_us=%.0f bytes=%d" % (senders, statistics.median(asker.ms),
                                                               statistics.median(asker.cpu_us), asker.bytes))
        asker.ledger.remove()
    few, much = askers
    print("ratio p50=%.2f cpu=%.2f" % (statistics.median(much.ms) / statistics.median(few.ms),
                                      statistics.median(much.cpu_us) / statistics.median(few.cpu_us)))


if __name__ == "__main__":
    main()
