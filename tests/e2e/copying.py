#!/usr/bin/env python3
"""A copy of a ledger that runs: whole each time, taken by audit and serve; without keys it opens nothing."""

import os
import shutil
import stat
import subprocess
import sys

from indsigt import Ledger, Tap, event, wait_until

COPIES = 6


def serve_copy(ledger, directory, key=None):
    """Served, and audited; with a key, a sender of the original is taken: the copy has all that was acknowledged."""
    original, ledger.dir = ledger.dir, directory
    try:
        ledger.serve()
        if key is None:
            return ledger.health()[0] == 200 and ledger.audit("--labels")[0] == 0, ""
        result = ledger.result("send", "--server", ledger.ingest, "--key", key, "-", stdin=event("cpr:0101709999", "efter") + "\n")
        return result.returncode == 0 and ledger.audit("--labels")[0] == 0, result.stderr
    finally:
        ledger.stop()
        ledger.dir = original


def modes(directory):
    found = {}
    for place, _, files in os.walk(directory):
        for name in files + ["."]:
            path = os.path.normpath(os.path.join(place, name))
            if not name.startswith("lock") and not stat.S_ISSOCK(os.stat(path).st_mode) and name != "status.json":
                found[os.path.relpath(path, directory)] = stat.S_IMODE(os.stat(path).st_mode)
    return found


def main():
    tap = Tap()
    ledger = Ledger(sys.argv[1])
    key = ledger.add_sender("one")
    ledger.serve("--epoch-seconds", "1")
    ledger.run("token", ledger.dir, "cpr:0101701234")
    sender = subprocess.Popen([ledger.indsigt, "send", "--server", ledger.ingest, "--key", key, "--batch", "20", "-"],
                              stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True)
    number = 0
    for i in range(COPIES):
        copy = ledger.path("copy%d" % i)
        before = int(ledger.audit()[1].split("entries=")[1].split()[0])
        for _ in range(200):
            sender.stdin.write(event("cpr:010170%04d" % (number % 3000), "opslag %d" % number) + "\n")
            number += 1
        sender.stdin.flush()
        wait_until(lambda: int(ledger.audit()[1].split("entries=")[1].split()[0]) > before, "the log to grow")
        said = ledger.run("copy", ledger.dir, copy)
        entries = int(said.split("entries=")[1].split()[0])
        old, ledger.dir = ledger.dir, copy
        code, line = ledger.audit("--labels")
        ledger.dir = old
        tap.ok(code == 0 and ("entries=%d " % entries) in line and entries > before and "keys=yes" in said, "copy %d under load: %s" % (i, line))
    sender.stdin.close()
    tap.ok(sender.wait() == 0, "the sender was not held up")
    last = ledger.path("last")
    ledger.run("epoch", ledger.dir)  # or nothing may be filed yet, and nothing is named that could be copied
    open(ledger.dir + "/leftover.tmp", "w").close()
    ledger.run("copy", ledger.dir, last)
    ledger.stop()
    os.unlink(ledger.dir + "/leftover.tmp")
    # A run that nothing names any more stays where it is for as long as somebody may read it, and is not copied.
    missing = set(modes(ledger.dir).items()) - set(modes(last).items())
    more = set(modes(last).items()) - set(modes(ledger.dir).items())
    tap.ok(not more and all(name.startswith("filed/") for name, _ in missing) and
           any(name.startswith("filed/") for name in modes(last)), "it has every file, with its mode: %s" % (missing | more))
    good, said = serve_copy(ledger, last, key)
    tap.ok(good, "it is served, and takes the sender: " + said)

    result = ledger.result("copy", ledger.dir, last)
    tap.ok(result.returncode != 0 and "not there" in result.stderr, "nothing is written over: " + result.stderr.strip())
    result = ledger.result("copy", ledger.dir, ledger.dir + "/inside")
    tap.ok(result.returncode != 0 and not os.path.exists(ledger.dir + "/inside"), "nor into the ledger: " + result.stderr.strip())
    bare = ledger.path("bare")
    tap.ok("keys=no" in ledger.run("copy", ledger.dir, bare, "--without-keys"), "a copy without keys")
    tap.ok(not os.path.exists(bare + "/keys"), "... has none")
    old, ledger.dir = ledger.dir, bare
    tap.ok(ledger.audit()[0] == 0 and ledger.result("who", "cpr:0101700001", "--ledger", bare).returncode != 0,
           "... is audited, and opens nothing")
    ledger.dir = old
    shutil.copytree(ledger.dir + "/keys", bare + "/keys")
    tap.ok(serve_copy(ledger, bare)[0], "... and is served with the newest keys beside it")
    unfinished = ledger.path("unfinished")
    shutil.copytree(bare, unfinished)
    os.unlink(unfinished + "/vkey")
    tap.ok(ledger.result("epoch", unfinished).returncode != 0, "without its vkey, which comes last, it is no ledger")
    ledger.remove()
    tap.done()


main()
