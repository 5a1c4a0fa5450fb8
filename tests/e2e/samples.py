#!/usr/bin/env python3
"""Every real message in the shared samples is sent over TCP; each patient named in one gets exactly their events."""

import glob
import hashlib
import json
import os
import re
import sys
import xml.etree.ElementTree as ElementTree

from indsigt import Ledger, Tap

ORG = "cvr:55133018"


def canonical(text):
    """The subject of one identifier, written down a second time, from the rules in spec/adapters.md."""
    if "^" in text:
        parts = text.split("^")
        oid = parts[3].split("&")[1]
        return "oid:%s:%s" % (oid, parts[0])
    if text.startswith("urn:oid:"):
        oid, value = text[len("urn:oid:"):].split("|")
        return "oid:%s:%s" % (oid, value)
    match = re.search(r"(?:^|/)Patient/([^/]+)", text)
    return "ref:%s/Patient/%s" % (ORG, match.group(1))


def people_of_dicom(path):
    people = []
    for element in ElementTree.parse(path).getroot().iter("ParticipantObjectIdentification"):
        if element.get("ParticipantObjectTypeCode") == "1" and element.get("ParticipantObjectTypeCodeRole") == "1":
            people += [canonical(one) for one in element.get("ParticipantObjectID").split("~") if one not in ("", "<none>")]
    return sorted(set(people))


def people_of_fhir(path):
    people = []
    for entity in json.load(open(path, encoding="utf-8")).get("entity", []):
        if entity.get("role", {}).get("code") == "1":
            people.append(canonical(entity["what"]["reference"]))
    return sorted(set(people))


def digest(path):
    """Of the message: the file without the white space around it."""
    with open(path, "rb") as file:
        return hashlib.sha256(file.read().strip()).hexdigest()


def told(ledger, person):
    """Which messages the accesses came from that this person is told of."""
    sources = [access["source"] for access in ledger.who(person)["accesses"]]
    return sorted(source["sha256"] for source in sources)


def main():
    tap = Tap()
    samples = os.path.join(os.environ.get("INDSIGT_SHARED", ""), "samples")
    dicom = sorted(glob.glob(os.path.join(samples, "dicom", "*.xml")))
    fhir = sorted(glob.glob(os.path.join(samples, "fhir-balp", "*.json")))
    if not dicom or not fhir:
        tap.skip("real messages", "the shared samples are not here")
        tap.done()
    ledger = Ledger(sys.argv[1])
    key = ledger.add_sender("samples", ORG)
    ledger.serve()
    expected = {}
    events = 0
    for paths, name, people in ((dicom, "dicom", people_of_dicom), (fhir, "fhir", people_of_fhir)):
        for path in paths:
            named = people(path)
            events += max(1, len(named))
            for person in named:
                expected.setdefault(person, []).append(digest(path))
        result = ledger.result("send", "--server", ledger.ingest, "--key", key, "--format", name, *paths)
        tap.ok(result.returncode == 0, "%d %s messages are taken: %s" % (len(paths), name, result.stderr.strip()))
    ledger.stop()
    wrong = [person for person, messages in expected.items() if told(ledger, person) != sorted(messages)]
    tap.ok(wrong == [], "each of %d people gets exactly their events %r" % (len(expected), wrong))
    code, line = ledger.audit()
    tap.ok(code == 0 and " events=%d " % events in line, "the audit counts %d events: %s" % (events, line))
    ledger.remove()
    tap.done()


main()
