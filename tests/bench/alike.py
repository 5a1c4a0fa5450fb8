#!/usr/bin/env python3
"""Whether a refusal takes as long of somebody who is in the ledger as of somebody who is not: 1,000 questions about each, in turn
and in an order that is drawn anew for every turn, over one kept-alive connection.

    tests/bench/alike.py build/tools/indsigt [ROUNDS]

For each kind of refusal: mean and quantiles of both, and two figures that say whether they can be told apart. `ratio` is the median
of the one over the median of the other; beside it the range that it has when the answers are dealt out to the two at random (99 of
100 times). `guess` is how often somebody who sees one answer of each and takes the slower one for the known person is right: 0.5
is no better than a coin; beside it, too, what chance gives."""

import http.client
import os
import random
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from indsigt import Ledger, event  # pylint: disable=wrong-import-position

KNOWN, UNKNOWN, GIVER, ASKER = "cpr:0101701234", "cpr:0101705678", "cpr:0303703456", "cpr:0202702345"
GRANTS = 900


def grant(i):
    return event("grants:" + GIVER, "Fuldmagt registreret", action="create", actor={"kind": "system", "role": "register"},
                 grant={"id": "g-%d" % i, "kind": "attorney", "to": "cpr:0404704567"})


class Asker:
    def __init__(self, ledger):
        self.connection = http.client.HTTPConnection(ledger.query, timeout=60)

    def ask(self, token, subject):
        """(seconds, what was answered but for its date)"""
        headers = {"Authorization": "Bearer " + token}
        if subject:
            headers["Indsigt-Subject"] = subject
        begun = time.perf_counter()
        self.connection.request("GET", "/v1/accesses", headers=headers)
        response = self.connection.getresponse()
        body = response.read()
        took = time.perf_counter() - begun
        return took, (response.status, tuple(h for h in response.getheaders() if h[0] != "Date"), body)


def guess(slow, fast):
    """How often a random one of `slow` took longer than a random one of `fast` (the rank sum, scaled)."""
    both = sorted([(t, 1) for t in slow] + [(t, 0) for t in fast])
    ranks = sum(rank for rank, (_, of_slow) in enumerate(both, 1) if of_slow)
    return (ranks - len(slow) * (len(slow) + 1) / 2) / (len(slow) * len(fast))


def by_chance(a, b, figure, times=400):
    both, found = a + b, []
    for _ in range(times):
        random.shuffle(both)
        found.append(figure(both[:len(a)], both[len(a):]))
    found.sort()
    return found[times // 200], found[-1 - times // 200]


def quantiles(times):
    cut = statistics.quantiles(times, n=100)
    return "mean %.0f us, p10 %.0f, p50 %.0f, p90 %.0f, p99 %.0f" % tuple(
        1e6 * t for t in (statistics.fmean(times), cut[9], cut[49], cut[89], cut[98]))


def compare(asker, name, known, unknown, rounds):
    sides, answers = {known: [], unknown: []}, {known: set(), unknown: set()}
    for turn in range(rounds + 50):
        for side in random.sample((known, unknown), 2):
            took, answer = asker.ask(*side)
            answers[side].add(answer)
            if turn >= 50:  # before that caches are filled
                sides[side].append(took)
    a, b = sides[known], sides[unknown]
    ratio = lambda x, y: statistics.median(x) / statistics.median(y)
    same = answers[known] == answers[unknown] and len(answers[known]) == 1
    print("%s: %s, bytes %s" % (name, sorted(answer[0] for answer in answers[known]), "the same" if same else "NOT THE SAME"))
    print("    known    %s\n    unknown  %s" % (quantiles(a), quantiles(b)))
    print("    ratio %.3f (by chance %.3f to %.3f)  guess %.3f (by chance %.3f to %.3f)" % (
        (ratio(a, b), *by_chance(a, b, ratio), guess(a, b), *by_chance(a, b, guess))), flush=True)


def main():
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    ledger = Ledger(sys.argv[1], operator="cvr:34051178")
    try:
        key, register = ledger.add_sender("ksd"), ledger.add_sender("register", "cvr:34051178", "--grants")
        ledger.serve()
        lines = [event(KNOWN, "Opslag %d" % i) for i in range(200)]
        ledger.run("send", "--server", ledger.ingest, "--key", key, "-", stdin="\n".join(lines))
        ledger.run("send", "--server", ledger.ingest, "--key", register, "-", stdin="\n".join(map(grant, range(GRANTS))))
        ledger.run("epoch", ledger.dir)
        token = lambda who, *more: ledger.run("token", ledger.dir, who, *more).strip()
        broken = lambda who: token(who)[:-4] + "AAAA"
        subject, proxy, asker = token(ASKER), token(ASKER, "--role", "proxy"), Asker(ledger)
        compare(asker, "a token that is wrong (401)", (broken(KNOWN), None), (broken(UNKNOWN), None), rounds)
        compare(asker, "a person about somebody else (403)", (subject, KNOWN), (subject, UNKNOWN), rounds)
        compare(asker, "a proxy without a grant (403)", (proxy, KNOWN), (proxy, UNKNOWN), rounds)
        compare(asker, "... of somebody who gave %d to others (403)" % GRANTS, (proxy, GIVER), (proxy, UNKNOWN), rounds)
    finally:
        ledger.remove()


main()
