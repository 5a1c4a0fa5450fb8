#!/usr/bin/env python3
"""Privilege is linkage: a program that only reads has nothing in it that writes a ledger or signs for one, and a program
that serves what others wrote does not even have the store. TAP on standard output.
usage: linkage.py NM WRITER READER=LIBRARY[,LIBRARY...]...

Nothing that a named LIBRARY exports may be in READER. WRITER is a program that has all of it: where it shows nothing
(it was stripped), nothing can be told of the others either, and the test says so."""

import os
import re
import subprocess
import sys

# What the libraries must be about, so that an empty one is noticed. One name for each kind of writing.
SURE = {"libindsigt-write.a": ["ledger_append", "ledger_commit", "ledger_create", "log_append", "db_put", "store_state_put",
                               "store_sender_put", "head_put", "aliases_put", "keystore_write", "keystore_merge",
                               "keymaker_open", "map_update_slice", "secrets_create"],
        "libindsigt-sign.a": ["checkpoint_sign", "note_sign"],
        "libindsigt-read.a": ["db_open", "db_get", "store_open", "keystore_open", "archive_open"]}
# Whatever library it may come from.
NEVER = re.compile(r"ledger_append|ledger_commit|\w+_put|checkpoint_sign|secrets_create")
# Nor may these programs open a record (NTF-1): the calls that do, and the one that loads what they need.
OPENS = re.compile(r"record_find\w*|snapshot_\w+|archive_\w+|secrets_load|keystore_unwrap_period")
BLIND = ("indsigt-notify",)
# These have a sender in them, with a spool and a book of their own, and nothing of a ledger's: not even its tables.
SENDS = ("indsigt-gateway",)
LEDGERS = re.compile(r"ledger_\w+|log_append|checkpoint_sign|note_sign|secrets_\w+|store_\w+|keystore_\w+|keymaker_\w+|snapshot_\w+|archive_\w+|record_find\w*")


def exported(nm, path):
    """The names that a program or library defines for others."""
    listed = subprocess.run([nm, "--defined-only", "--extern-only", path], capture_output=True, text=True, check=True).stdout
    return {match.group(1) for match in re.finditer(r"^[0-9a-f]+ [A-Z] (\w+)$", listed, re.M) if match.group(1)[0] != "_"}


def forbidden(names, libraries):
    """What of these names may not be there."""
    return {name for name in names if NEVER.fullmatch(name) or any(name in library for library in libraries)}


def judge(nm, writer, readers):
    """Yields what holds, and whether it does."""
    everything = exported(nm, writer)
    if "ledger_append" not in everything:
        yield "# SKIP %s shows no names: it was stripped, or linked as one" % os.path.basename(writer), True
        return
    for name, libraries in readers.items():
        has = exported(nm, name)
        exports = [exported(nm, library) for library in libraries]
        for library, names in zip(libraries, exports):
            missing = [sure for sure in SURE[os.path.basename(library)] if sure not in names]
            if missing:
                print("# %s does not export %s" % (os.path.basename(library), " ".join(missing)))
            yield "%s is what it is called" % os.path.basename(library), not missing
        sends = os.path.basename(name) in SENDS
        wrong = {one for one in has if LEDGERS.fullmatch(one)} if sends else forbidden(has, exports)
        for one in sorted(wrong):
            print("# %s has %s" % (os.path.basename(name), one))
        yield "%s: %d names, none that it may not have" % (os.path.basename(name), len(has)), "main" in has and not wrong
        if os.path.basename(name) in BLIND:
            opens = {one for one in has if OPENS.fullmatch(one)}
            yield "%s cannot open a record: %s" % (os.path.basename(name), " ".join(sorted(opens)) or "nothing in it does"), not opens
            yield "what could is seen", any(OPENS.fullmatch(one) for one in everything)
        if sends:
            yield "what is a ledger's is seen", len([one for one in everything if LEDGERS.fullmatch(one)]) > 50
            continue
        # The rule sees what it is there for.
        yield "a name too many in %s is noticed" % os.path.basename(name), all(
            forbidden(has | {sure}, exports) != wrong for library in libraries for sure in SURE[os.path.basename(library)])
    yield "a program that writes is seen to", {"checkpoint_sign", "ledger_append", "db_put", "secrets_create"} <= forbidden(
        everything | {"secrets_create"}, [])


def main():
    nm, writer, *rest = sys.argv[1:]
    readers = {name: libraries.split(",") for name, libraries in (one.split("=") for one in rest)}
    failed = count = 0
    for what, good in judge(nm, writer, readers):
        count += 1
        failed += not good
        print("%sok %d %s%s" % ("" if good else "not ", count, "" if what.startswith("#") else "- ", what))
    print("1..%d" % count)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
