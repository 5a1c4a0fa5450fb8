#!/usr/bin/env python3
"""What people do to a ledger while it runs: files are removed that look left over."""

import os
import sys

from indsigt import Ledger, Tap, event, wait_until

SUBJECT = "cpr:0101701234"


def send(ledger, key, number):
    return ledger.result("send", "--server", ledger.ingest, "--key", key, "-", stdin=event(SUBJECT, "opslag %d" % number) + "\n")


def lock_mdb_removed(tap, ledger, key, number):
    """LMDB notes in lock.mdb who reads what. Without it the writer writes over the pages of those who read."""
    for place in "store", "keys/env":
        ingest, query = ledger.daemon("indsigt-ingestd"), ledger.daemon("indsigt-queryd")
        os.unlink(os.path.join(ledger.dir, place, "lock.mdb"))
        lines, known = [], True
        while known:
            code, line = ledger.audit()
            known = code in (0, 4)
            lines.append(line)
            if ledger.daemon("indsigt-ingestd") not in (None, ingest):
                break
        tap.ok(known, "%s/lock.mdb removed: no audit of a ledger that is whole fails: %s" % (place, lines[-1]))
        wait_until(lambda: send(ledger, key, number).returncode == 0, "an event to be acknowledged again")
        ledger.run("epoch", ledger.dir)

        def answers():
            try:
                return ledger.health() == (200, []) and ledger.daemon("indsigt-queryd") not in (None, query)
            except OSError:
                return False

        wait_until(answers, "queryd to answer from the new files")
        log = open(ledger.path("serve.log")).read()
        tap.ok(place + " was removed or replaced" in log and "indsigt-queryd: the store's files were removed" in log,
               "and both daemons said why they began anew")
        number += 1
        tap.ok(len(ledger.who(SUBJECT)["accesses"]) == number, "every event is answered")
    return number


def main():
    tap = Tap()
    ledger = Ledger(sys.argv[1])
    key = ledger.add_sender("one")
    ledger.serve("--epoch-seconds", "1")
    tap.ok(send(ledger, key, 0).returncode == 0, "an event is acknowledged")
    lock_mdb_removed(tap, ledger, key, 1)
    code, line = ledger.audit("--labels")
    tap.ok(code == 0, line)
    ledger.remove()
    tap.done()


main()
