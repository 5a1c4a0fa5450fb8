#!/usr/bin/env python3
"""The tables of spec/mapping.md against ledger/mapping/*.json, and what the programs say of them: the fields in 'indsigt help
mapping', the words in 'indsigt who'.  (MPG-3, MPG-4, MPG-5, MPG-6)
usage: mapping.py INDSIGT | mapping.py --write   (writes the tables anew)"""

import json
import os
import re
import subprocess
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
PAGE = os.path.join(ROOT, "spec", "mapping.md")
KINDS = {"purpose": "Purposes", "event": "What happened", "role": "Roles", "outcome": "Outcomes"}
FORMATS = {"fhir": "FHIR AuditEvent", "dicom": "DICOM audit message", "syslog": "Syslog", "otlp": "OpenTelemetry", "cadf": "CADF", "json": "JSON"}


def load(name):
    with open(os.path.join(ROOT, "ledger", "mapping", name), encoding="utf-8") as file:
        return json.load(file)


def cell(text):
    return text.replace("|", "\\|")


def table(heads, rows):
    return "\n".join("| %s |" % " | ".join(map(cell, row)) for row in [heads, ["---"] * len(heads)] + rows)


def fields_text(data):
    return "\n\n".join("### %s\n\n%s.\n\n%s" % (FORMATS[form], about[0].upper() + about[1:], table(
        ["event", "from"], [[field, how] for its, field, how in data["fields"] if its == form])) for form, about in data["formats"].items())


def codes_text(data):
    parts = []
    for kind, title in KINDS.items():
        parts.append("### " + title)
        for name, system in data["systems"].items():
            rows = [["`%s`" % code, display, means, danish, english] for its, of, code, display, means, danish, english in data["codes"] if (its, of) == (kind, name)]
            if rows:
                parts.append(" or ".join("`%s`" % one for one in system if one) + ":" if system[0] else "Without a system:")
                parts.append(table(["code", "display", "means", "Danish", "English"], rows))
    return "\n\n".join(parts)


def made(page):
    """The page with the tables that the data gives."""
    fields, codes = load("fields.json"), load("codes.json")
    lost = table(["format", "lost"], [[FORMATS[form], text] for form, text in fields["lost"]])
    for name, text, end in (("fields", fields_text(fields), "\n## "), ("lost", lost, "\n## "), ("codes", codes_text(codes), None)):
        front, _, rest = page.partition("<!-- %s -->\n" % name)
        page = front + "<!-- %s -->\n\n%s\n" % (name, text) + (rest[rest.index(end):] if end else "")
    return page


def check_codes(tap, data):
    seen, words, twice, two = set(), {}, [], []
    for kind, system, code, display, _, danish, english in data["codes"]:
        twice += [(kind, system, code)] if (kind, system, code) in seen else []
        seen.add((kind, system, code))
        for text in {code.lower(), display.lower()} - {""}:
            if words.setdefault((kind, text), (danish, english)) != (danish, english):
                two.append((kind, text))
    tap.ok(len(seen) > 300 and not twice, "no code stands twice (MPG-5): %s" % twice)
    tap.ok(not two, "no text has two meanings (MPG-5): %s" % two)
    bare = [row[2] for row in data["codes"] if not row[5].strip() or not row[6].strip() or row[5] != row[5].strip() or row[6] != row[6].strip()]
    tap.ok(not bare, "each row has words in both languages (MPG-5): %s" % bare)
    unused = set(data["systems"]) - {row[1] for row in data["codes"]}
    tap.ok(not unused, "each system has codes: %s" % unused)
    parted = [row[3] for row in data["codes"] if row[0] == "event" and ", " in row[3]]
    tap.ok(not parted, "no display of what happened is taken apart: %s" % parted)


def source(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


def check_otlp(tap, fields):
    """The attributes that the reader's table has, each named at the field that it becomes, and no other of theirs."""
    names = dict(re.findall(r'#define (OTLP_\w+) "([^"]+)"', source("ingest", "otlp", "otlp_fields.h")))
    rows = [(names.get(name, name.strip('"')), field.lower()) for name, field in re.findall(
        r'\{("[^"]+"|OTLP_\w+), EVENT_(\w+),', source("ingest", "otlp", "otlp_fields.c"))]
    told = {field.replace("actor.", "actor_"): how for form, fields_of, how in fields for field in fields_of.split(", ") if form == "otlp"}
    missing = [row for row in rows if "`%s`" % row[0] not in told.get(row[1], told.get("actor", "") if row[1].startswith("actor") else "")]
    known = {name for name, _ in rows} | set(names.values())
    other = [name for how in told.values() for name in re.findall(r"`((?:dpl|nen7513|user|enduser|client|session|service|http)\.[\w.]+)`", how) if name not in known]
    tap.ok(len(rows) > 20 and not missing and not other, "the fields of OTLP are those that its reader has: %s %s" % (missing, other))


def check_cadf(tap):
    """What spec/cadf.md says of paths (CDF-6), by the reader's table."""
    rows = dict(re.findall(r'\{"([\w/]+)", CADF_(\w+)\}', source("ingest", "cadf", "cadf_about.c")))
    told = {}
    for kind, paths in re.findall(r"^\| (a thing|an account|unclear) \| (.+) \|$", source("spec", "cadf.md"), re.M):
        front, _, security = re.split("; a thing with|, and all else", paths)[0].partition(", and of `data/security`: ")
        for path in re.findall(r"`([\w/]+)`", front) + ["data/security/" + name for name in re.findall(r"`(\w+)`", security)]:
            told[path] = {"a thing": "THING", "an account": "ACCOUNT", "unclear": "UNCLEAR"}[kind]
    tap.ok(len(rows) > 20 and told == rows, "what CADF's targets are (CDF-6) is what its reader has: %s" % sorted(set(told.items()) ^ set(rows.items())))


PERSON = "cpr:0101701234"
AUDIT_EVENT = {
    "resourceType": "AuditEvent", "recorded": "2026-11-20T08:15:30Z", "action": "R", "outcome": "0", "type": {"code": "rest"},
    "subtype": [{"code": "vread"}, {"display": "Journal, side 2"}], "purposeOfEvent": [{"coding": [{"code": "BTG"}]}],
    "agent": [{"requestor": True, "who": {"identifier": {"value": "u1"}}, "role": [{"coding": [{"code": "46255001", "display": "Pharmacist"}]}]}],
    "source": {"observer": {"display": "EPJ"}},
    "entity": [{"role": {"code": "1"}, "what": {"identifier": {"system": "urn:oid:1.2.208.176.1.2", "value": "0101701234"}}}]}


def check_shown(tap, ledger, event):
    """One that a reader made and one in its sender's own words, in both languages, and what programs are given."""
    key = ledger.add_sender("mapping", "cvr:55133018")
    ledger.serve()
    for form, text in (("fhir", json.dumps(AUDIT_EVENT)), ("json", event(PERSON, "Behandling, operation", purpose="Donation", org={"id": "cvr:55133018", "name": "R"}))):
        ledger.run("send", "--server", ledger.ingest, "--key", key, "--format", form, stdin=text + "\n")
    ledger.stop()
    given = {}
    for language, wanted in (("da", ["læsning af en bestemt udgave, Journal, side 2", "nødopslag: en spærring blev brudt", "farmaceut"]),
                             ("en", ["reading of a certain version, Journal, side 2", "emergency access: a barrier was broken", "pharmacist"])):
        ask = ["who", PERSON, "--ledger", ledger.dir, "--lang", language]
        said = re.sub(r"\s+", " ", ledger.run(*ask))
        words = [word for one in wanted + ["Behandling, operation", "Donation"] for word in one.split()]
        lacks = [word for word in words if word not in said]
        tap.ok(not lacks and "BTG" not in said, "'who' shows codes in %s, and a sender's own words as they are (MPG-3, MPG-6): %s" % (language, lacks))
        given[language] = json.loads(ledger.run(*ask, "--json"))["accesses"]
    sent = {(one["activity"], one["purpose"], one["actor"]["role"]) for one in given["da"]}
    tap.ok(given["da"] == given["en"] and ("vread, Journal, side 2", "BTG", "Pharmacist") in sent, "what programs are given is what was sent, in each language: %s" % sent)
    ledger.remove()


def main():
    with open(PAGE, encoding="utf-8") as file:
        page = file.read()
    if sys.argv[1] == "--write":
        with open(PAGE, "w", encoding="utf-8") as file:
            file.write(made(page))
        return
    from indsigt import Ledger, Tap, event
    tap = Tap()
    tap.ok(page == made(page), "spec/mapping.md has the tables as they are; 'tests/e2e/mapping.py --write' writes them")
    check_codes(tap, load("codes.json"))
    said = subprocess.run([sys.argv[1], "help", "mapping"], stdout=subprocess.PIPE, text=True, check=False)
    flat = re.sub(r"\s+", " ", said.stdout)
    fields = load("fields.json")
    missing = [row for row in fields["fields"] + fields["lost"] if re.sub(r"\s+", " ", row[-1]) not in flat]
    check_otlp(tap, fields["fields"])
    check_cadf(tap)
    tap.ok(said.returncode == 0 and not missing, "'indsigt help mapping' has each field: %s" % missing[:2])
    check_shown(tap, Ledger(sys.argv[1]), event)
    tap.done()


if __name__ == "__main__":
    main()
