#!/usr/bin/env python3
"""'init' and 'recover' are killed before each call that changes something, or opens or maps a file: the same command then
makes good what was begun, and what was begun is never taken for a ledger. (STO-33, STO-34)"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile

from indsigt import Ledger, Tap, event

CALLS_MAX = 2000


def killed(library, at, command):
    """True if it was killed before its call number `at`; False: it has fewer."""
    result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                            env={**os.environ, "LD_PRELOAD": library, "DYING_CALL_AT": str(at)})
    if result.returncode not in (0, -signal.SIGKILL):
        raise RuntimeError("%s: %d %s" % (command, result.returncode, result.stderr))
    return result.returncode != 0


def run(*command):
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)


def audited(indsigt, place):
    vkey = run(indsigt, "vkey", place).stdout.strip()
    return run(indsigt, "audit", place, "--vkey", vkey).stdout.strip().splitlines()[-1:]


def left_over(place):
    return [os.path.join(at, name) for at, dirs, files in os.walk(place) for name in dirs + files
            if name.endswith((".tmp", ".new")) or name == "init-unfinished"]


def init(tap, indsigt, library):
    base = tempfile.mkdtemp(prefix="indsigt-killed-")
    wrong, unfinished, at = [], 0, 0
    for at in range(1, CALLS_MAX):
        place = os.path.join(base, "ledger%d" % at)
        if at % 2:
            os.mkdir(place)  # also one that is there and empty
        if not killed(library, at, [indsigt, "init", place, "--origin", "log.example/killed"]):
            break
        whole = run(indsigt, "vkey", place).returncode == 0
        unfinished += not whole
        if not whole and run(indsigt, "epoch", place).returncode != 4:
            wrong.append("%d: what is unfinished is taken for a ledger" % at)
        again = run(indsigt, "init", place, "--origin", "log.example/killed")
        if (again.returncode == 0) == whole:
            wrong.append("%d: init again: %d %s" % (at, again.returncode, again.stderr.strip()))
        last = audited(indsigt, place)
        if not last or not last[0].startswith("audit: ok entries=1 ") or run(indsigt, "epoch", place).returncode != 0:
            wrong.append("%d: %s" % (at, last))
        if left_over(place):
            wrong.append("%d: left over: %s" % (at, left_over(place)))
        shutil.rmtree(place)
    tap.ok(not wrong and unfinished > 40, "init, killed before each of %d calls, %d times unfinished" % (at - 1, unfinished))
    for line in wrong[:10]:
        print("# " + line)
    shutil.rmtree(base)


def not_touched(tap, indsigt):
    """What others put there stays there."""
    base = tempfile.mkdtemp(prefix="indsigt-killed-")
    place = os.path.join(base, "ledger")
    os.mkdir(place)
    open(place + "/something", "w", encoding="utf-8").close()
    result = run(indsigt, "init", place, "--origin", "log.example/killed")
    tap.ok(result.returncode == 1 and os.listdir(place) == ["something"], "a directory with something in it is left alone")
    open(place + "/init-unfinished", "w", encoding="utf-8").close()
    result = run(indsigt, "init", place, "--origin", "log.example/killed")
    tap.ok(result.returncode == 0 and os.path.exists(place + "/something"), "what an unfinished attempt did not make stays")
    shutil.rmtree(base)


def recover(tap, indsigt, library, keys_too):
    ledger = Ledger(indsigt)
    key = ledger.add_sender("one")
    ledger.serve()
    ledger.run("send", "--server", ledger.ingest, "--key", key, "-", stdin=event("cpr:0101701234", "a") + "\n")
    ledger.run("epoch", ledger.dir)
    ledger.stop()
    out, base = ledger.path("out"), ledger.path("base")
    ledger.run("export", ledger.dir, out)
    shutil.rmtree(ledger.dir + "/store")
    if keys_too:
        shutil.rmtree(ledger.dir + "/keys/env")
    os.rename(ledger.dir, base)
    command = [indsigt, "recover", ledger.dir, "--mirror", out, "--accept-loss"]
    wrong, at = [], 0
    for at in range(1, CALLS_MAX):
        shutil.copytree(base, ledger.dir)
        if not killed(library, at, command):
            break
        again = run(*command)
        if again.returncode != 0 or "can be started" not in again.stdout and "nothing is to be done" not in again.stdout:
            wrong.append("%d: recover again: %d %s" % (at, again.returncode, again.stdout + again.stderr))
        result = run(indsigt, "epoch", ledger.dir)
        last = audited(indsigt, ledger.dir)
        if result.returncode != 0 or not last or not last[0].startswith("audit: ok ") or " lost=1 " not in last[0]:
            wrong.append("%d: %s %s" % (at, result.stderr, last))
        if left_over(ledger.dir):
            wrong.append("%d: left over: %s" % (at, left_over(ledger.dir)))
        shutil.rmtree(ledger.dir)
    tap.ok(not wrong and at > 40, "recover of a store%s that is gone, killed before each of %d calls" %
           (" and a key environment" if keys_too else "", at - 1))
    for line in wrong[:10]:
        print("# " + line)
    ledger.remove()


def unread(tap, indsigt, library):
    """A disk that gives no page, which is a SIGBUS to whoever reads it, says nothing about the log."""
    ledger = Ledger(indsigt)
    outcomes = {}
    for at in range(1, CALLS_MAX):
        result = subprocess.run([indsigt, "audit", ledger.dir, "--vkey", ledger.vkey], capture_output=True, text=True, check=False,
                                env={**os.environ, "LD_PRELOAD": library, "DYING_CALL_AT": str(at),
                                     "DYING_CALL_SIGNAL": str(int(signal.SIGBUS))})
        last = (result.stdout.strip().splitlines() or [""])[-1]
        outcomes.setdefault((result.returncode, last.split(" entries")[0].split(" a page")[0]), []).append(last)
        if result.returncode == 0:
            break
    looked = outcomes.get((4, "audit: NOT LOOKED"), [])
    tap.ok(looked and all("its disk or the memory fails" in last for last in looked), "a page that is not read is not looked at")
    tap.ok(set(outcomes) <= {(0, "audit: ok"), (-signal.SIGBUS, ""), (4, "audit: NOT LOOKED")},
           "... and never a finding: %s" % sorted(outcomes))
    ledger.remove()


def main():
    tap = Tap()
    indsigt, library = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    unread(tap, indsigt, library)
    init(tap, indsigt, library)
    not_touched(tap, indsigt)
    recover(tap, indsigt, library, False)
    recover(tap, indsigt, library, True)
    tap.done()


main()
