#!/usr/bin/env python3
"""TLS beside plain, in the same run and by turns: batches of 1,000, single events over one kept connection, and citizens' answers over
kept connections. usage: tls.py build/tools/indsigt [EVENTS]"""

import os
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from certificates import Authority  # noqa: E402
from indsigt import Ledger, event  # noqa: E402

ROUNDS = 5
PERSON = "cpr:0101701234"
QUESTIONS = 1500


class Side:
    """A ledger, by TLS or plain."""

    def __init__(self, indsigt, ca, pair):
        self.ledger = Ledger(indsigt, origin="log.example.dk/" + ("plain" if pair is None else "tls"))
        self.ca = ca.certificate
        self.tls = pair is not None
        self.key = self.ledger.add_sender("one")
        self.ledger.serve(*(["--tls-cert", pair.certificate, "--tls-key", pair.key] if pair else []))

    def send(self, path, batch):
        """Events a second, with the start of the program."""
        begun = time.monotonic()
        result = self.ledger.result("send", "--server", ("tls://" if self.tls else "") + self.ledger.ingest, "--ca", self.ca, "--key", self.key, "--batch",
                                    str(batch), "--again", path)
        if result.returncode != 0:
            raise RuntimeError(result.stderr)
        return sum(1 for _ in open(path)) / (time.monotonic() - begun)

    def ask(self, token):
        """Answers a second, over four connections that are kept."""
        url = "%s://%s/v1/accesses?limit=20" % ("https" if self.tls else "http", self.ledger.query)
        config = "\n".join('url = "%s"\noutput = "/dev/null"' % url for _ in range(QUESTIONS // 4))
        begun = time.monotonic()
        curls = []
        for _ in range(4):
            curl = subprocess.Popen(["curl", "-sSf", "--cacert", self.ca, "-H", "Authorization: Bearer " + token, "-K", "-"], stdin=subprocess.PIPE, text=True)
            curl.stdin.write(config)
            curl.stdin.close()
            curls.append(curl)
        for curl in curls:
            if curl.wait() != 0:
                raise RuntimeError("curl ended with %d" % curl.returncode)
        return QUESTIONS / (time.monotonic() - begun)


def main():
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 100000
    plain = Side(sys.argv[1], ca := Authority(os.path.join(Ledger(sys.argv[1], "log.example.dk/none").place, "ca")), None)
    tls = Side(sys.argv[1], ca, ca.issue("server"))
    many, few = plain.ledger.path("many.jsonl"), plain.ledger.path("few.jsonl")
    for path, lines in ((many, count), (few, 2000)):
        with open(path, "w") as file:
            file.writelines(event("cpr:%010d" % (i % 10000 + 100), "opslag") + "\n" for i in range(lines))
    person = plain.ledger.path("person.jsonl")
    with open(person, "w") as file:
        file.writelines(event(PERSON, "opslag %d" % i) + "\n" for i in range(20))
    sides = (plain, tls)
    for side in sides:
        side.send(person, 1000)
        side.ledger.run("epoch", side.ledger.dir)
    tokens = [side.ledger.run("token", side.ledger.dir, PERSON).strip() for side in sides]
    kinds = (("batches of 1000", lambda side: side.send(many, 1000)), ("single events", lambda side: side.send(few, 1)),
             ("answers", lambda side: side.ask(tokens[sides.index(side)])))
    for what, measure in kinds:
        figures = [[measure(side) for side in sides] for _ in range(ROUNDS)]
        ratio = statistics.median(by_tls / in_clear for in_clear, by_tls in figures)
        print("%s: plain %.0f/s, tls %.0f/s, ratio %.2f (median of %d)" % (
            what, statistics.median(f[0] for f in figures), statistics.median(f[1] for f in figures), ratio, ROUNDS), flush=True)
    for side in sides:
        side.ledger.remove()


if __name__ == "__main__":
    main()
