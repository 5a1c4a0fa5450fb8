#!/usr/bin/env python3
"""Writes the tables as C.  usage: codes_c.py codes.json fields.json OUT.c

One row for each code, ordered by kind and then by the code's bytes, as mapping.c looks for them, and for each field; what is wrong in
it (a kind or an effect that there is none of, a system that is not named, another number of columns) ends the build."""
import json
import sys

KINDS = ["event", "role", "purpose", "outcome"]
EFFECTS = ["create", "read", "update", "delete", "search", "disclose", "export", "emergency", "denied", "patient", "patient-or-thing",
           "machine", "human", "destination", "principal", "ok", "minor", "serious", "major"]


def text(value):
    return '"%s"' % "".join(c if c not in '"\\' else "\\" + c for c in value)


def effects_of(words):
    for word in words:
        if word not in EFFECTS:
            sys.exit("codes.json: %r is no effect" % word)
    return " | ".join("MAPPING_" + word.upper().replace("-", "_") for word in words) or "0"


def main(codes, fields, out):
    with open(codes, encoding="utf-8") as file:
        table = json.load(file)
    with open(fields, encoding="utf-8") as file:
        others = json.load(file)
    for row in table["codes"]:
        if row[0] not in KINDS:
            sys.exit("codes.json: %r is no kind" % row[0])
    rows = sorted(table["codes"], key=lambda row: (KINDS.index(row[0]), row[2].encode()))
    with open(out, "w", encoding="utf-8") as file:
        file.write('/* Made from ledger/mapping/codes.json; change that. */\n#include "ledger/mapping/mapping.h"\n\n')
        file.write("const struct mapping_code mapping_codes[] = {\n")
        for kind, system, code, display, effects, danish, english in rows:
            file.write("\t{MAPPING_%s, %s, %s, %s, %s, %s, %s},\n" % (
                kind.upper(), text(table["systems"][system][0]), text(code), text(display), effects_of(effects.split()), text(danish), text(english)))
        file.write("};\nconst size_t mapping_codes_count = sizeof mapping_codes / sizeof mapping_codes[0];\n")
        file.write("const struct mapping_field mapping_fields[] = {\n")
        for form, about in others["formats"].items():
            file.write("\t{%s, NULL, %s},\n" % (text(form), text(about)))
            for field, how in [(field, how) for its, field, how in others["fields"] if its == form] + [
                    ("lost", lost) for its, lost in others["lost"] if its == form]:
                file.write("\t{%s, %s, %s},\n" % (text(form), text(field), text(how)))
        file.write("};\nconst size_t mapping_fields_count = sizeof mapping_fields / sizeof mapping_fields[0];\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
