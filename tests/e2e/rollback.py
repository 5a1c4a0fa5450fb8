#!/usr/bin/env python3
"""An older store put back: refused beside the newer guard; found out through a sender's receipt when the guard is
rolled back too."""

import os
import shutil
import sys

from indsigt import Ledger, Tap, event, wait_until

SUBJECT = "cpr:0101701234"


def send(ledger, key, number):
    return ledger.result("send", "--server", ledger.ingest, "--key", key, "-", stdin=event(SUBJECT, "opslag %d" % number) + "\n")


def main():
    tap = Tap()
    ledger = Ledger(sys.argv[1])
    key = ledger.add_sender("one")
    ledger.serve()
    tap.ok(send(ledger, key, 1).returncode == 0, "a first event is acknowledged")
    ledger.stop()
    shutil.copytree(os.path.join(ledger.dir, "store"), ledger.path("older-store"))
    shutil.copytree(ledger.dir, ledger.path("older"))
    ledger.serve()
    tap.ok(send(ledger, key, 2).returncode == 0, "and a second")
    ledger.stop()

    # The store alone is older than its guard.
    store = os.path.join(ledger.dir, "store")
    os.rename(store, ledger.path("newer-store"))
    shutil.copytree(ledger.path("older-store"), store)
    result = ledger.result("epoch", ledger.dir)
    tap.ok(result.returncode == 1 and "guard" in result.stderr and "older" in result.stderr,
           "an older store beside the newer guard is refused: " + result.stderr.strip())
    code, line = ledger.audit()
    tap.ok(code == 1 and line.startswith("audit: FAILED"), "the audit finds it too: " + line)
    shutil.rmtree(store)
    os.rename(ledger.path("newer-store"), store)
    tap.ok(ledger.result("epoch", ledger.dir).returncode == 0, "the newer store put back opens again")

    # Store and guard together: the sender's receipt tells.
    os.rename(ledger.dir, ledger.path("newer"))
    shutil.copytree(ledger.path("older"), ledger.dir)
    ledger.serve()
    result = send(ledger, key, 3)
    tap.ok(result.returncode != 0 and "does not extend" in result.stderr,
           "a sender that holds a newer receipt stops: " + result.stderr.strip().splitlines()[-1])
    log = wait_until(lambda: "ALARM" in open(ledger.path("serve.log")).read() and open(ledger.path("serve.log")).read(), "the alarm")
    tap.ok("Ingest has stopped" in log, "the ledger raises the alarm")
    tap.ok(os.listdir(os.path.join(ledger.dir, "evidence")) != [], "the evidence is kept")
    wait_until(lambda: ledger.health() == (503, ["rolled-back"]), "healthz to say that ingest has stopped")
    tap.ok('indsigt_ingest_failing{reason="rolled-back"} 1\n' in ledger.get("/metrics"), "healthz and metrics tell it")
    shown = ledger.run("evidence", ledger.dir)
    tap.ok("evidence/rolled-back-" in shown, "'indsigt evidence' lists it")
    other = ledger.result("sender", "add", ledger.dir, "--name", "two", "--org", "cvr:1", "--key", ledger.path("two.key"))
    result = send(ledger, ledger.path("two.key"), 4)
    tap.ok(other.returncode != 0 or result.returncode != 0, "nobody else's events are taken")
    ledger.stop()

    # Whoever starts it again forgets nothing.
    result = ledger.result("epoch", ledger.dir)
    tap.ok(result.returncode != 0 and "evidence/rolled-back-" in result.stderr, "a restart is refused: " + result.stderr.strip())
    shutil.copytree(os.path.join(ledger.dir, "evidence"), os.path.join(ledger.path("newer"), "evidence"))
    shutil.rmtree(ledger.dir)
    os.rename(ledger.path("newer"), ledger.dir)
    tap.ok(ledger.result("epoch", ledger.dir).returncode == 0, "until the newer store is back")
    ledger.remove()
    tap.done()


main()
