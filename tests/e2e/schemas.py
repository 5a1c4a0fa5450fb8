#!/usr/bin/env python3
"""The JSON schemas in spec/schemas: that they are schemas, that they take what the vectors and the programs say and refuse what is
malformed, and that the one of events has the table's fields. Skipped where python3-jsonschema is missing."""

import glob
import json
import os
import re
import sys

try:
    import jsonschema
except ImportError:
    jsonschema = None

from indsigt import Ledger, Tap, event

SOURCE = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
SUBJECT = "cpr:0101701234"


def load(*path):
    with open(os.path.join(SOURCE, *path), encoding="utf-8") as file:
        return json.load(file)


class Schemas:
    def __init__(self):
        self.validators = {}
        for path in sorted(glob.glob(os.path.join(SOURCE, "spec", "schemas", "*.json"))):
            schema = load(path)
            jsonschema.Draft202012Validator.check_schema(schema)
            self.validators[os.path.basename(path)[:-5]] = jsonschema.Draft202012Validator(schema)

    def wrong(self, name, value):
        error = jsonschema.exceptions.best_match(self.validators[name].iter_errors(value))
        return "" if error is None else "%s: %s" % ("/".join(map(str, error.absolute_path)), error.message[:200])


def vectors(page):
    for path in sorted(glob.glob(os.path.join(SOURCE, "tests", "vectors", page, "*.json"))):
        yield os.path.basename(path), load(path)


def parsed(text):
    """The JSON in a text, or None where it is none, or says a member twice."""
    def once(pairs):
        if len(dict(pairs)) != len(pairs):
            raise ValueError("twice")
        return dict(pairs)
    try:
        return json.loads(text, object_pairs_hook=once)
    except ValueError:
        return None


def files(tap, schemas, name, page, member, beyond):
    """Vectors of a file: what is taken keeps the schema, what is refused does not, but for what no schema can see."""
    for case, vector in vectors(page):
        value = parsed(vector[member])
        problem = "no JSON" if value is None else schemas.wrong(name, value)
        good = vector["expect"] == "ok" or re.match(beyond, case) is not None
        tap.ok((problem == "") == good, "%s by %s%s" % (case, name, ": " + problem if problem and good else ""))


# Malformed by STM-2, and by no schema: spellings of JSON, order, what spans several members, entries.
BEYOND = {"statement": r"form-(minus-0|fraction|exponent|note-half-pair|.*-order|window-(no-time|date|too-late)|erasure-of-nothing|"
                       r"erasure-opened|sender-of-nobody|window-offset-0)$",
          "filing": r"minus-0$|subject-beyond$|event-in-proof$|event-missing$", "filing-lost": r"-$", "receipts": r"minus-0$|other-origin$|two-counts$"}


def proofs(tap, schemas):
    """What a verifier refuses for its form does not keep the schema, and all else does."""
    for page, member, names in (("statement", "statement", ["statement"]), ("filing", "proof", ["filing"]), ("filing-lost", "proof", ["filing-lost"]),
                                ("receipts", "receipts", ["receipt"])):
        wrong, kept, refused = [], 0, 0
        for case, vector in vectors(page):
            case = case[:-5]
            lines = vector[member].split("\n") if page == "receipts" else [vector[member]]
            values = [parsed(line) for line in (lines[:-1] if page == "receipts" and lines[-1] == "" else lines)]
            problem = "".join("no JSON" if value is None else schemas.wrong(names[0], value) for value in values)
            good = vector["finding"] != "form" or re.match(BEYOND[page], case) is not None
            if (problem == "") != good:
                wrong.append("%s: %s" % (case, problem))
            kept += good
            refused += not good
        tap.ok(not wrong and kept > 0 and refused > 0, "%s: %d files keep the schema, %d do not %s" % (page, kept, refused, wrong[:40]))


def verified(tap, schemas):
    """What 'indsigt verify --json' says of every vector that it takes, and of those that it refuses."""
    bad, said = [], 0
    ledger = Ledger(sys.argv[1])
    for page, member in (("statement", "statement"), ("filing", "proof"), ("filing-lost", "proof"), ("receipts", "receipts"), ("proof-file", "proof"), ("fork", "fork")):
        for number, (case, vector) in enumerate(vectors(page)):
            if vector["expect"] != "ok" and number % 8 != 0 or "vkey" not in vector:
                continue
            options = ["--vkey", vector["vkey"], "--json"]
            for name in ("subject", "auditor"):
                options += ["--" + name, vector[name]] if isinstance(vector.get(name), str) else []
            if "policy" in vector:
                with open(ledger.path("policy"), "w", encoding="utf-8") as file:
                    file.write(vector["policy"])
                options += ["--policy", ledger.path("policy")]
            with open(ledger.path("file"), "w", encoding="utf-8") as file:
                file.write(vector[member])
            text = ledger.run("verify", ledger.path("file"), *options, check=False)
            value = json.loads(text)
            problem = schemas.wrong("verify", value)
            if problem or value["holds"] != (vector["expect"] == "ok") or (not value["holds"] and value["check"] != vector["finding"]):
                bad.append("%s/%s: %s %s" % (page, case, problem, text[:200]))
            said += 1
    tap.ok(not bad and said > 40, "what verify says of %d files keeps its schema %s" % (said, bad[:5]))
    ledger.remove()


def events(tap, schemas):
    page = open(os.path.join(SOURCE, "spec", "event.md"), encoding="utf-8").read()
    table = set(re.findall(r"^\| \d+ \| `([\w.]+)` \|", page, re.M))
    schema = load("spec", "schemas", "event.json")
    known = set()
    for name, field in schema["properties"].items():
        known |= {name + "." + inner for inner in field["properties"]} if "properties" in field else {name}
    tap.ok(known - table == {"withheld_until", "withheld_basis", "retention"} and table <= known,
           "the schema of events has the fields of the table: %s" % sorted(known ^ table))
    taken = refused = 0
    for case, vector in vectors("event"):
        if vector["kind"] != "event":
            continue
        value = parsed(vector["text"]) if "text" in vector else vector["event"]
        problem = "no JSON" if value is None else schemas.wrong("event", value)
        if vector["expect"] == "ok" and "policy" in vector and any(word.startswith("purpose=") for word in vector["policy"]):
            problem = problem.replace("'purpose' is a required property", "")
        if vector["expect"] == "ok" and problem != "":
            tap.ok(False, "%s: %s" % (case, problem))
        taken += vector["expect"] == "ok" and problem == ""
        refused += vector["expect"] != "ok" and problem != ""
    tap.ok(taken >= 35, "%d events are taken" % taken)
    tap.ok(refused >= 50, "%d malformed ones are refused" % refused)


def rows(tap, schemas, ledger, key):
    """Refused messages: as text, as bytes that are no text, and as the events that the ledger refused."""
    ahead = json.loads(event(SUBJECT, "Opslag i morgen"))
    ahead["time"] = "2200-01-01T00:00:00Z"
    path = ledger.path("refused")
    bad = path + ".in"
    with open(bad, "wb") as file:
        file.write(b'{"subject": 7}\n{"subject": "\xff"}\n' + json.dumps(ahead).encode() + b"\n")
    ledger.run("send", "--server", ledger.ingest, "--key", key, "--rejected", path, bad, check=False)
    with open(path, encoding="utf-8") as file:
        found = [json.loads(line) for line in file]
    for row in found:
        problem = schemas.wrong("rejected", row) or "".join(schemas.wrong("event", one) for one in row.get("events", []))
        tap.ok(problem == "", "a row of a refused message keeps its schema %s" % problem)
    tap.ok(len(found) >= 2 and any("message_base64" in row for row in found), "%d rows" % len(found))
    tap.ok(schemas.wrong("rejected", {**found[0], "events": [{}]}) != "", "a row with a message and events does not")


def outputs(tap, schemas):
    ledger = Ledger(sys.argv[1])
    key = ledger.path("k")
    ledger.run("sender", "add", ledger.dir, "--name", "Aarhus Kommune", "--org", "cvr:55133018", "--key", key, "--policy", "withhold")
    ledger.run("sender", "add", ledger.dir, "--name", "Region Prøve", "--org", "cvr:1", "--key", ledger.path("k2"))
    ledger.run("sender", "endorse", "--log", ledger.vkey, "--id", "3", "--name", "Prøve", "--org", "cvr:2", "--key", ledger.path("k3"),
               "--endorsement", ledger.path("endorsement"), "--policy", "close=system")
    ledger.serve()
    lines = [event(SUBJECT, "Opslag %d" % i) for i in range(3)]
    withheld = json.loads(lines[0])
    withheld.update(withheld_until="2040-01-01T00:00:00Z", withheld_basis="RPL § 729 c")
    tap.ok(schemas.wrong("event", withheld) == "", "an event that is sent keeps its schema")
    sent = ledger.run("send", "--server", ledger.ingest, "--key", key, "-", stdin="\n".join(lines + [json.dumps(withheld)]) + "\n")
    ledger.run("epoch", ledger.dir)
    ledger.run("statement", SUBJECT, "--ledger", ledger.dir, "-o", ledger.path("statement"))
    ledger.run("filing", "--query", "http://" + ledger.query, "--key", key, "--seq", "0", "-o", ledger.path("filing"))
    with open(ledger.path("receipts"), "w", encoding="utf-8") as file:
        file.write(sent)
    said = [("verify", json.loads(ledger.run("verify", ledger.path(name), "--vkey", ledger.vkey, "--json")))
            for name in ("statement", "filing", "receipts")]
    for name, value in (("statement", load(ledger.path("statement"))), ("filing", load(ledger.path("filing"))),
                        *(("receipt", json.loads(line)) for line in sent.splitlines()), *said, ("sender-key", load(key)), ("endorsement", load(ledger.path("endorsement"))),
                        ("senders", json.loads(ledger.run("sender", "list", ledger.dir, "--json"))),
                        ("sender", json.loads(ledger.run("sender", "show", ledger.dir, "1", "--json"))),
                        ("report", json.loads(ledger.run("sender", "report", ledger.dir, "--spool", key + ".spool", "--json"))),
                        ("who", json.loads(ledger.run("who", SUBJECT, "--ledger", ledger.dir, "--json")))):
        problem = schemas.wrong(name, value)
        tap.ok(problem == "", "what is written as %s keeps its schema %s" % (name, problem))
        if isinstance(value, dict) and name not in ("who", "verify"):
            tap.ok(schemas.wrong(name, {**value, "more": 1}) != "", "%s with a member more does not" % name)
    rows(tap, schemas, ledger, key)
    place = "http://" + ledger.query
    for options in ([ledger.dir], [ledger.dir, "--labels"], [place]):
        value = json.loads(ledger.run("audit", *options, "--vkey", ledger.vkey, "--json"))
        problem = schemas.wrong("audit", value)
        tap.ok(problem == "" and value["ok"], "an audit's JSON keeps its schema %s" % problem)
    other = json.loads(ledger.run("audit", place, "--vkey", ledger.vkey[:-2] + ("B=" if ledger.vkey[-2] != "B" else "A="), "--json",
                                  check=False) or "null")
    tap.ok(other is None or schemas.wrong("audit", other) == "", "one that failed does too")
    ledger.stop()
    ledger.remove()


def index(tap):
    """spec/README.md names every page, and every folder of vectors has a row."""
    with open(os.path.join(SOURCE, "spec", "README.md"), encoding="utf-8") as file:
        page = file.read()
    pages = [name for name in os.listdir(os.path.join(SOURCE, "spec")) if name.endswith((".md", ".yaml")) and name != "README.md"]
    folders = [name for name in os.listdir(os.path.join(SOURCE, "tests", "vectors"))
               if os.path.isdir(os.path.join(SOURCE, "tests", "vectors", name)) and not name.startswith("_")]
    missing = [name for name in pages if "](%s)" % name not in page]
    missing += [name for name in folders if not re.search(r"^\|[^|]*`%s`[^|]*\|" % name, page, re.M)]
    missing += [name for name in os.listdir(os.path.join(SOURCE, "spec", "schemas")) if "`%s`" % name[:-5] not in page]
    tap.ok(not missing, "the index of the specification is whole %s" % missing)


def main():
    tap = Tap()
    index(tap)
    if jsonschema is None:
        tap.skip("schemas", "python3-jsonschema is missing")
        tap.done()
    schemas = Schemas()
    tap.ok(len(schemas.validators) >= 8, "%d schemas" % len(schemas.validators))
    for folder in sorted(os.listdir(os.path.join(SOURCE, "tests", "vectors"))):
        problems = [case + " " + problem for case, vector in vectors(folder) if (problem := schemas.wrong("vector", vector))]
        tap.ok(not problems, "the vectors of %s are vectors %s" % (folder, problems[:1]))
    events(tap, schemas)
    files(tap, schemas, "endorsement", "endorsement", "endorsement", r"other-(?!type)|origin-alone|.*spelling|sender-fraction|follows-fraction|change-fraction|change-replayed|mandate-(?:own|org|bytes)|revoke-other")
    files(tap, schemas, "sender-key", "sender-key", "file", r"other-origin|witness-key")
    files(tap, schemas, "fork", "fork", "fork",
          r"no-fork|same-|common|other-old|equal-|hash-missing|turned|first-not|second-|old-root-spelling")
    proofs(tap, schemas)
    verified(tap, schemas)
    outputs(tap, schemas)
    tap.done()


main()
