#!/usr/bin/env python3
"""How long the page's verifier takes for the statement of a person with many accesses, in Node and in a worker of Chromium, and for
how long the page's own thread is held meanwhile.  usage: verifier.py INDSIGT [EVENTS]
The statements are made by the ledger's own programs; in the last one each event came in a batch of its own."""

import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))
from indsigt import Ledger, event  # noqa: E402
from verifier import BROWSERS, node, prepared  # noqa: E402

ANNE = "cpr:0101701234"


def main():
    indsigt, events = os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 5000
    place, why = prepared(os.path.join(os.path.dirname(os.path.dirname(indsigt)), "tests"), "chromium")
    if why is not None:
        sys.exit(why)
    ledger = Ledger(indsigt, "log.example.dk/speed")
    try:
        ledger.serve()
        many, single = ledger.add_sender("A"), ledger.add_sender("B")
        lines = "\n".join(event(ANNE, "Opslag i sag %d" % i) for i in range(events)) + "\n"
        alone = "\n".join(event("cpr:0202702345", "Opslag i sag %d" % i) for i in range(events)) + "\n"
        ledger.run("send", "--server", ledger.ingest, "--key", many, "-", stdin=lines)
        ledger.run("send", "--server", ledger.ingest, "--key", single, "--batch", "1", "-", stdin=alone)
        ledger.stop()
        ledger.run("epoch", ledger.dir)
        for name, subject, *options in (("plain", ANNE), ("signatures", ANNE, "--signatures"), ("alone", "cpr:0202702345", "--signatures")):
            path = ledger.path(name + ".json")
            ledger.run("statement", subject, "--ledger", ledger.dir, "-o", path, *options)
            print("%s: %d bytes" % (name, os.path.getsize(path)), flush=True)
            browser = next(filter(None, map(shutil.which, BROWSERS)))
            subprocess.run([*node(), os.path.join(place, "tests", "web", "speed.js"), path, ledger.vkey, subject, browser], check=True)
    finally:
        ledger.remove()


main()
