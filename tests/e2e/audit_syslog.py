#!/usr/bin/env python3
"""Syslog from files and pipes: the same audit messages in the frames of five senders, what was cut and what is none, and rows of what
was refused, which are sent again as they are. SYS-1 to SYS-14"""

import glob
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys

from indsigt import Ledger, Tap

SOURCE = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
BOM = b"\xef\xbb\xbf"
HEAD = b"<85>1 2026-11-20T10:00:01Z pacs.example arc 4711 IHE+RFC-3881 - "


def counted(message):
    return b"%d %s" % (len(message), message)


def escaped(message):
    """As rsyslog writes control characters."""
    return message.replace(b"\r", b"#015").replace(b"\n", b"#012").replace(b"\t", b"#011")


FRAMES = {
    "rsyslog": lambda xml: counted(HEAD + escaped(xml) + b"\n"),
    "rsyslog-lines": lambda xml: b"<85>Nov 20 10:00:01 pacs arc[12]: " + escaped(xml) + b"\n",
    "syslog-ng": lambda xml: counted(HEAD + BOM + xml + b"\n"),
    "syslog-ng-lines": lambda xml: HEAD + xml + b"\n",
    "logger": lambda xml: counted(b'<13>1 2026-11-20T10:00:01+01:00 pacs root - - [timeQuality tzKnown="1" isSynced="0"] ' + xml),
    "ipf": lambda xml: counted(HEAD + BOM + xml),
    "dcm4che": lambda xml: counted(HEAD.replace(b"85", b"84") + BOM + xml),
}


def samples(pattern):
    """Own ones, and the shared ones if they are here."""
    shared = os.environ.get("INDSIGT_SHARED", "")
    paths = glob.glob(os.path.join(SOURCE, "tests", "samples", pattern))
    if shared:
        paths += glob.glob(os.path.join(shared, "samples", pattern)) + glob.glob(os.path.join(shared, "samples", pattern.replace("fhir", "fhir-balp")))
    return [open(path, "rb").read().strip() for path in sorted(set(paths))]


class Sender:
    def __init__(self, ledger, name):
        self.ledger = ledger
        self.key = ledger.add_sender(name, "cvr:55133018")
        self.rejected = os.path.join(self.key + ".spool", "rejected.jsonl")

    def send(self, data, *options, piped=False):
        """What was sent, and the rows of what was refused in this run."""
        path = os.path.join(self.ledger.place, "input")
        with open(path, "wb") as file:
            file.write(data)
        if os.path.exists(self.rejected):
            os.remove(self.rejected)
        command = [self.ledger.indsigt, "send", "--server", self.ledger.ingest, "--key", self.key, *options, "-" if piped else path]
        result = subprocess.run(command, input=data if piped else None, stdin=None if piped else subprocess.DEVNULL,
                                capture_output=True, check=False)
        rows = []
        if os.path.exists(self.rejected):
            rows = [json.loads(line) for line in open(self.rejected, encoding="utf-8")]
        return result, rows


def framed(tap, ledger):
    """Each message in each frame is what it is in a file: taken under the same hash, or refused for the same reason."""
    for kind, pattern in (("dicom", "dicom/*.xml"), ("fhir", "fhir/*.json")):
        messages = [message for message in samples(pattern) if message.startswith((b"<", b"{", BOM))]
        messages = [message[3:] if message.startswith(BOM) else message for message in messages]
        plain = Sender(ledger, "plain-" + kind)
        result, rows = plain.send(b"\n".join(messages), "--format", kind)
        wanted = sorted(row["reason"] for row in rows)
        tap.ok(result.returncode == (1 if rows else 0), "%d messages as %s: %s" % (len(messages), kind, result.stderr.decode().strip()))
        for name, frame in FRAMES.items():
            sender = Sender(ledger, name + "-" + kind)
            result, rows = sender.send(b"".join(frame(message) for message in messages), "--format", "syslog", piped=name.startswith("ipf"))
            said = "%d messages: %d acknowledged" % (len(messages), len(messages) - len(wanted))
            same = said in result.stderr.decode() and sorted(row["reason"] for row in rows) == wanted
            tap.ok(same, "... and as %s writes them: %s %r" % (name, result.stderr.decode().strip(), [row["reason"] for row in rows]))


def hashes(tap, ledger):
    """Of one message, by whatever way, the person is told one hash."""
    xml = open(os.path.join(SOURCE, "tests", "samples", "dicom", "query.xml"), "rb").read().strip()
    digest = hashlib.sha256(xml).hexdigest()
    sender = Sender(ledger, "hashes")
    result, _ = sender.send(xml, "--format", "dicom")
    for frame in FRAMES.values():
        result, _ = sender.send(frame(xml), "--format", "syslog")
        tap.ok(result.returncode == 0, "a message in another frame: %s" % result.stderr.decode().strip())
    ledger.stop()
    told = [access["source"]["sha256"] for access in ledger.who("oid:1.2.208.184.100:A-7")["accesses"]]
    tap.ok(told.count(digest) >= 1 + len(FRAMES), "each is told under the hash of the file: %d of %d" % (told.count(digest), len(told)))


def refusals(tap, ledger):
    xml = open(os.path.join(SOURCE, "tests", "samples", "dicom", "query.xml"), "rb").read().strip()
    good = HEAD + escaped(xml)
    lost = (b"ent'/></AuditMessage>\n" + counted(good[:700]) + counted(b"<13>Nov 20 10:00:01 relay " + good[700:]) + b"<13>Nov 20 10:00:01 h su: hello\n" +
            HEAD + b"two\nlines\n" + counted(HEAD + b"x" * 1200000) + b"1000000000000 " + counted(good)[:-1] + b"\n" + counted(good + b"\n") +
            counted(good)[:-100])
    sender = Sender(ledger, "refusals")
    result, rows = sender.send(lost, "--format", "syslog")
    errors = [row["error"] for row in rows]
    tap.ok(result.returncode == 1 and "1 acknowledged" in result.stderr.decode(), "one of them is good: %s" % result.stderr.decode().strip())
    tap.ok(errors == ["trailing", "truncated", "trailing", "bad-value", "bad-value", "trailing", "too-long", "trailing", "truncated"], "the others are refused: %r" % errors)
    tap.ok("after 700 bytes; raise maxMessageSize" in rows[1]["reason"] and "after %d of %d bytes" % (len(good) - 100, len(good)) in rows[8]["reason"], "what was cut is said to be that")
    tap.ok(all(row["format"] == "syslog" for row in rows) and len(rows[6]["message"]) == len(HEAD) + 1200000, "a message is kept whole")
    again, second = sender.send(b"".join(json.dumps(row).encode() + b"\n" for row in rows))
    same = [(row["error"], row["message"]) for row in second] == [(row["error"], row["message"]) for row in rows]
    tap.ok(again.returncode == 1 and same, "rows of them are refused again as they are: %r" % [row["error"] for row in second])
    mended = dict(rows[1], message=(HEAD + xml).decode())
    result, rows = sender.send(json.dumps(mended).encode() + b"\n", "--again")
    tap.ok(result.returncode == 0, "one that is mended is taken: %s" % result.stderr.decode().strip())


def looks(tap, ledger):
    xml = open(os.path.join(SOURCE, "tests", "samples", "dicom", "query.xml"), "rb").read().strip()
    sender = Sender(ledger, "looks")
    result, rows = sender.send(HEAD + xml + b"\n", "--format", "dicom")
    tap.ok(b"use --format syslog" in result.stderr and not rows, "syslog under another name is told")
    result, rows = sender.send(xml, "--format", "syslog")
    tap.ok(b"use --format dicom" in result.stderr and not rows, "another format under its name, too")


def by_logger(tap, ledger):
    """util-linux logger prints what it would send, with no network; it wants a socket to open first."""
    if not shutil.which("logger"):
        tap.skip("logger", "it is not here")
        return
    place = os.path.join(ledger.place, "log")
    door = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    door.bind(place)
    xml = b"".join(line.strip() + b" " for line in open(os.path.join(SOURCE, "tests", "samples", "dicom", "query.xml"), "rb")).strip()
    said = subprocess.run(["logger", "--no-act", "--stderr", "--socket", place, "--size", "65536", "--rfc5424", "--priority", "auth.notice"], input=xml, capture_output=True, check=False).stderr
    cut = subprocess.run(["logger", "--no-act", "--stderr", "--socket", place, "--rfc3164"], input=xml, capture_output=True, check=False).stderr
    sender = Sender(ledger, "logger")
    result, rows = sender.send(said, "--format", "syslog")
    tap.ok(result.returncode == 0, "a message of logger's: %s %r" % (result.stderr.decode().strip(), said[:100]))
    result, rows = sender.send(cut, "--format", "syslog")
    tap.ok(rows and rows[0]["error"] == "truncated" and "--size (logger)" in rows[0]["reason"], "one that it cut: %r" % [row["reason"] for row in rows])


def main():
    tap = Tap()
    ledger = Ledger(sys.argv[1])
    ledger.serve()
    framed(tap, ledger)
    refusals(tap, ledger)
    looks(tap, ledger)
    by_logger(tap, ledger)
    hashes(tap, ledger)
    ledger.remove()
    tap.done()


main()
