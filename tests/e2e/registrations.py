#!/usr/bin/env python3
"""What a registration says of a source, tried with the kinds of messages that a hospital's archive writes: without its words each
refusal names the one that would help, with them the messages come through, under the right person. Where the shared samples are,
theirs too. ADP-26, ADP-27, GW-6
usage: registrations.py INDSIGT GATEWAY"""

import glob
import os
import re

from gateway import HEAD, Gateway, audit, counted, run, seen

# What the archive writes as the patient's id; whose that is with the words below; and the word that the refusal names without them,
# or what else it says.
WORDS = ("authority=1.2.3.1", "namespace=SITE=1.2.3.2", "namespace=ARC.63A7.null=1.2.3.3", "namespace=WARD=1.2.3.4",
         "from=source:ARCHIVE=cvr:55133018=Aarhus Kommune=Billedarkiv")
KINDS = (
    ("GE4711", "oid:1.2.3.1:GE4711", "authority=SYSTEM"),
    ("47-11", "oid:1.2.3.1:47-11", "authority=SYSTEM"),
    ("P1^^^SITE", "oid:1.2.3.2:P1", "namespace=SITE=OID"),
    ("P1^^^SITE^MR", "oid:1.2.3.2:P1", "namespace=SITE=OID"),
    ("P2^^^ARC.63A7.null", "oid:1.2.3.3:P2", "namespace=ARC.63A7.null=OID"),
    ("P3^^^WARD&WARD_EPI&L", "oid:1.2.3.4:P3", "namespace=WARD=OID"),
    ("SITE|P4", "oid:1.2.3.2:P4", "namespace=SITE=OID"),
    ("P5^^^SITE&1.2.9.9&ISO", "oid:1.2.9.9:P5", None),
    ("P6^^^&1.2.9.9&ISO", "oid:1.2.9.9:P6", None),
    ("P7^^^https://hospital.example/mrn", "uri:https://hospital.example/mrn|P7", None),
    ("P8^^^1.2.9.8", "oid:1.2.9.8:P8", None),
    ("PID-NEW", None, "no registration could say"),
    ("P9^^^SITE&a.example&DNS", None, "must be an OID with ISO"),
    ("PATIENT-4711^^^DEPT:A", None, "no registration could have it"),
    ("P10^^^CENTER&X&Q", None, "must be an OID with ISO"),
)


def message(identifier, what):
    """As audit(), of the archive that the registration names."""
    text = audit("X", what).replace("X^^^&amp;1.2.208.176.1.2&amp;ISO", identifier.replace("&", "&amp;"))
    return HEAD + text.replace('AuditSourceID="PACS"', 'AuditSourceID="ARCHIVE"')


def without_words(tap, ledger, program):
    key = ledger.add_sender("without-words")
    gateway = Gateway(ledger, key, program)
    gateway.give(b"".join(counted(message(identifier, "without %d" % n)) for n, (identifier, _, _) in enumerate(KINDS)))
    gateway.stop()
    reasons = {int(re.search(r"without (\d+)", row["message"]).group(1)): row["reason"] for row in gateway.rejected()}
    for n, (identifier, _, wanted) in enumerate(KINDS):
        tap.ok(wanted in reasons.get(n, "") if wanted else n not in reasons, "%s: %s" % (identifier, reasons.get(n, "taken")))
    tap.ok(all("4711" not in reason for reason in reasons.values()), "no reason has a number of anybody's in it")


def with_words(tap, ledger, program):
    words = [option for word in WORDS for option in ("--policy", word)]
    key = ledger.add_sender("with-words", "cvr:55133018", *words)
    gateway = Gateway(ledger, key, program)
    gateway.give(b"".join(counted(message(identifier, "with %d" % n)) for n, (identifier, _, _) in enumerate(KINDS)))
    people = sorted({subject for _, subject, _ in KINDS if subject})
    for subject in people:
        wanted = ["with %d" % n for n, (_, whose, _) in enumerate(KINDS) if whose == subject]
        without = ["without %d" % n for n, (_, whose, word) in enumerate(KINDS) if whose == subject and word is None]
        tap.ok(seen(ledger, subject, len(wanted + without)) == sorted(wanted + without), "%s: %s" % (subject, wanted))
    systems = {access.get("event", access)["system"] for access in ledger.who("oid:1.2.3.2:P1")["accesses"]}
    tap.ok(systems == {"Billedarkiv"}, "and it is told as which system it is registered: %s" % systems)
    gateway.stop()
    tap.ok(len(gateway.rejected()) == sum(subject is None for _, subject, _ in KINDS), "what nobody could know is refused: %s" % [
        row["reason"] for row in gateway.rejected()])


def mended(tap, ledger, program):
    """Who reads the refusal does what it says, and gives what was refused once more."""
    key = ledger.add_sender("mended")
    gateway = Gateway(ledger, key, program)
    gateway.give(counted(message("P77^^^MENDED", "mended")))
    gateway.stop()
    word = re.search(r"namespace=MENDED=", gateway.rejected()[0]["reason"]).group(0) + "1.2.3.77"
    ledger.run("sender", "policy", ledger.dir, "--key", key, "--policy", word)
    aside = ledger.path("mended.jsonl")
    os.rename(key + ".spool/rejected.jsonl", aside)
    ledger.run("send", "--server", ledger.ingest, "--key", key, aside)
    tap.ok(seen(ledger, "oid:1.2.3.77:P77", 1) == ["mended"], "a word later the same message is taken")


def shared(tap, ledger, program):
    """Of what is refused every reason says what to do: a word of the registration, or what the sender has to send."""
    folder = os.environ.get("INDSIGT_SHARED", "")
    paths = sorted(glob.glob(folder + "/samples/dicom/*.xml") + glob.glob(folder + "/samples/fhir-balp/*.json")) if folder else []
    if not paths:
        tap.skip("the shared samples", "they are not here")
        return
    key = ledger.add_sender("shared")
    gateway = Gateway(ledger, key, program)
    for path in paths:
        with open(path, encoding="utf-8") as file:
            gateway.give(counted(HEAD + file.read()))
    gateway.stop()
    says = re.compile(r"indsigt sender policy|; send |; raise |required and missing")
    rows = gateway.rejected()
    tap.ok(all(says.search(row["reason"]) for row in rows), "%d shared samples, %d refused: %s" % (len(paths), len(rows), sorted({row["reason"] for row in rows})))
    counts = gateway.status()["messages"]
    tap.ok(counts["read"] == len(paths) == counts["taken"] + counts["refused"], "each is taken or refused: %s" % counts)


if __name__ == "__main__":
    run(without_words, with_words, mended, shared)
