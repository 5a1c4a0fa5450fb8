#!/usr/bin/env python3
"""6,000 messages, every tenth damaged in one of ten ways, in each format, from a file, a pipe that stays open and a file
that is rotated: every message is either shown to its person or kept whole among the refused ones, and a second run
changes nothing."""

import base64
import collections
import json
import os
import random
import subprocess
import sys

from indsigt import Ledger, Tap, event, wait_until

ORG = "cvr:55133018"
MESSAGES = 6000
PEOPLE = ["cpr:01017000%02d" % i for i in range(20)]
WAYS = ["cut", "doubled", "quoted", "typed", "encoded", "long", "empty", "foreign", "binary", "trailing"]


# Messages, each with a word that is in no other.

def in_json(person, word):
    return event(person, word)


def in_fhir(person, word):
    return json.dumps({
        "resourceType": "AuditEvent", "type": {"code": "rest"}, "subtype": [{"code": "read", "display": word}],
        "action": "R", "recorded": "2026-11-20T10:00:00Z", "outcome": "0",
        "agent": [{"who": {"display": "Dr. Test"}, "requestor": True}], "source": {"observer": {"display": "EPJ"}},
        "entity": [{"what": {"identifier": {"system": "urn:oid:1.2.208.176.1.2", "value": person[4:]}},
                    "role": {"code": "1"}}]})


def in_dicom(person, word):
    return ('<AuditMessage><EventIdentification EventActionCode="R" EventDateTime="2026-11-20T10:00:00Z" '
            'EventOutcomeIndicator="0"><EventID csd-code="110110" originalText="%s"/></EventIdentification>'
            '<ActiveParticipant UserID="u1" UserName="Dr. Test" UserIsRequestor="true"/>'
            '<AuditSourceIdentification AuditSourceID="RIS"/><ParticipantObjectIdentification '
            'ParticipantObjectID="%s^^^&amp;1.2.208.176.1.2&amp;ISO" ParticipantObjectTypeCode="1" '
            'ParticipantObjectTypeCodeRole="1"/></AuditMessage>' % (word, person[4:]))


FORMATS = {"json": in_json, "fhir": in_fhir, "dicom": in_dicom}
EMPTY = {"json": b"{}", "fhir": b"{}", "dicom": b"<AuditMessage/>"}
TYPED = {"json": (b'"action": "read"', b'"action": {}'), "fhir": (b'"action": "R"', b'"action": {}'),
         "dicom": (b'EventOutcomeIndicator="0"', b'EventOutcomeIndicator="nul"')}
FOREIGN = {"json": "dicom", "fhir": "json", "dicom": "fhir"}
TRAILING = {"json": b" }", "fhir": b" }", "dicom": b" </AuditMessage>"}


def damage(way, name, person, word, chance):
    """The message, damaged: one line that nobody can read."""
    text = FORMATS[name](person, word).encode()
    if way == "cut":
        return text[:chance.randrange(30, len(text) - 1)]
    if way == "doubled":
        return text[:1] + text
    if way == "quoted":
        return text.replace(b'"', b"", 3) if name == "dicom" else text.replace(b'": "', b'": ', 1)
    if way == "typed":
        return text.replace(*TYPED[name])
    if way == "encoded":
        return text.replace(word.encode(), b"l\xe6ge " + word.encode())
    if way == "long":
        return text.replace(word.encode(), word.encode() + b"x" * 70000)
    if way == "empty":
        return EMPTY[name]
    if way == "foreign":
        return FORMATS[FOREIGN[name]](person, word).encode()
    if way == "binary":
        return b"\x01" + bytes(chance.choice(range(14, 256)) for _ in range(chance.randrange(1, 400))) + b"\x02"
    return text + TRAILING[name]


def compose(name, way_in):
    """(lines, words of the good ones, damaged lines)"""
    chance = random.Random(name + way_in)
    lines, words, damaged = [], [], []
    for i in range(MESSAGES):
        person, word = PEOPLE[i % len(PEOPLE)], "%s %s %d" % (name, way_in, i)
        if i % 10 == 3:
            damaged.append(damage(WAYS[i // 10 % 10], name, person, word, chance))
            lines.append(damaged[-1])
        else:
            words.append(word)
            lines.append(FORMATS[name](person, word).encode())
    return lines, words, damaged


def refused(path):
    rows = [json.loads(line) for line in open(path, "rb")] if os.path.exists(path) else []
    return [row["message"].encode() if "message" in row else base64.b64decode(row["message_base64"]) for row in rows]


class Feed:
    """One format through one way in, with a sender of its own."""

    def __init__(self, ledger, name, way_in):
        self.ledger, self.name, self.way_in = ledger, name, way_in
        self.key = ledger.add_sender("%s-%s" % (name, way_in), ORG)
        self.rejected = self.key + ".rejected"
        self.lines, self.words, self.damaged = compose(name, way_in)

    def command(self, *inputs):
        return ["send", "--server", self.ledger.ingest, "--key", self.key, "--format", self.name, "--rejected",
                self.rejected, *inputs]

    def send(self, *inputs):
        return self.ledger.result(*self.command(*inputs))

    def write(self, name, lines):
        path = self.ledger.path("%s-%s-%s" % (self.name, self.way_in, name))
        with open(path, "wb") as file:
            file.write(b"\n".join(lines) + b"\n")
        return path

    def by_file(self):
        path = self.write("all", self.lines)
        return self.send(path), self.send(path)

    def by_pipe(self):
        """It stays open until everything is acknowledged or refused."""
        chance = random.Random(self.name)
        pieces = []
        for line in self.lines:  # what comes in parts is waited for, but not for ever: a damaged one comes at once
            at = len(line) if line in self.damaged else chance.randrange(len(line))
            pieces += [line[:at], line[at:] + b"\n"]
        arguments = self.command("--resume", "feed", "-")
        with subprocess.Popen([self.ledger.indsigt, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as child:
            while pieces:
                count = 2 * chance.randrange(1, 30) + chance.randrange(2)
                child.stdin.write(b"".join(pieces[:count]))
                child.stdin.flush()
                pieces = pieces[count:]
            acknowledged = 0
            while acknowledged < len(self.words):
                acknowledged += json.loads(child.stdout.readline())["count"]
            wait_until(lambda: len(refused(self.rejected)) >= len(self.damaged), "refused messages")
            child.stdin.close()
            output, errors = child.stdout.read(), child.stderr.read()
        first = subprocess.CompletedProcess(arguments, child.returncode, output.decode(), errors.decode())
        again = subprocess.run([self.ledger.indsigt, *arguments], input=b"\n".join(self.lines) + b"\n",
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        return first, subprocess.CompletedProcess(arguments, again.returncode, again.stdout.decode(), again.stderr.decode())

    def by_rotation(self):
        """Half of it is there, then it gets another name and the rest comes."""
        half = len(self.lines) // 2
        log = self.write("log", self.lines[:half])
        self.send(log)
        os.rename(log, log + ".1")
        os.unlink(self.rejected)
        self.write("log", self.lines[half:])
        return self.send(log + ".1", log), self.send(log + ".1", log)


def closing(result):
    """The line that counts."""
    return [line for line in result.stderr.splitlines() if "acknowledged in" in line][-1]


def check(tap, feed):
    first, second = {"file": feed.by_file, "pipe": feed.by_pipe, "rotated": feed.by_rotation}[feed.way_in]()
    name = "%s, %s: " % (feed.name, feed.way_in)
    kept = "%d messages refused" % len(feed.damaged)
    tap.ok(first.returncode == 1 and kept in closing(first), name + "only what is damaged is refused: " + closing(first))
    wanted = collections.Counter(line.strip() for line in feed.damaged)
    rows = collections.Counter(refused(feed.rejected))
    rows.subtract(wanted)
    rows.subtract(wanted)
    tap.ok(not any(rows.values()), name + "refused whole, in each run %r" % [r for r in rows.items() if r[1]][:2])
    before = "%d messages sent before" % len(feed.words)
    nothing = "indsigt: 0 events acknowledged" in closing(second) and before in closing(second)
    tap.ok(second.returncode == 1 and nothing, name + "a second run sends nothing: " + closing(second))


def send_again(tap, feed):
    """What was refused is read in its own format, refused for the same reasons, and not wrapped twice: of the rows of
    both runs each message comes once."""
    again = feed.rejected + ".again"
    result = feed.ledger.result("send", "--server", feed.ledger.ingest, "--key", feed.key, "--rejected", again,
                                feed.rejected)
    rows = set(open(feed.rejected, "rb"))
    same = set(open(again, "rb")) <= rows and set(refused(again)) == set(refused(feed.rejected))
    tap.ok(result.returncode == 1 and same, feed.name + ": refused again as it was: " + closing(result))


def main():
    tap = Tap()
    ledger = Ledger(sys.argv[1])
    ledger.serve()
    words = []
    for name in FORMATS:
        for way_in in ("file", "pipe", "rotated"):
            feed = Feed(ledger, name, way_in)
            check(tap, feed)
            words += feed.words
        send_again(tap, feed)
    ledger.stop()
    told = [access["activity"] for person in PEOPLE for access in ledger.who(person)["accesses"]]
    missing = collections.Counter(words)
    missing.subtract(told)
    tap.ok(not any(missing.values()), "each of %d good messages is told once %r" % (
        len(words), [word for word in missing.items() if word[1]][:3]))
    code, line = ledger.audit()
    tap.ok(code == 0 and " events=%d " % len(words) in line, "the audit counts them: " + line)
    ledger.remove()
    tap.done()


main()
