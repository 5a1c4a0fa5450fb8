#!/usr/bin/env python3
"""What people do to a ledger while it runs: files are removed that look left over."""

import json
import os
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request

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


def fill(at):
    ballast = os.open(at + "/ballast", os.O_CREAT | os.O_WRONLY)
    try:
        while True:
            os.write(ballast, bytes(4096))
    except OSError:
        os.close(ballast)


def full_spool(tap, ledger):
    """A sender whose own disk is full waits, from the first moment on, and loses nothing of its pipe."""
    spool = ledger.path("spool-disk")
    os.mkdir(spool)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", spool], check=True)
    other = ledger.add_sender("two")
    try:
        for number in range(2):
            fill(spool)
            with open(ledger.path("said"), "w+b") as said:
                sender = subprocess.Popen([ledger.indsigt, "send", "--server", ledger.ingest, "--key", other, "--spool", spool + "/spool", "-"],
                                          stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said, text=True)
                sender.stdin.write(event("cpr:0202701234", "fra et rør %d" % number) + "\n")
                sender.stdin.close()
                wait_until(lambda: sender.poll() is not None or b"waiting for room" in open(ledger.path("said"), "rb").read(), "it to say that it waits")
                os.unlink(spool + "/ballast")
                tap.ok(sender.wait() == 0, "a sender with a full disk waits, and goes on by itself")
        tap.ok(len(ledger.who("cpr:0202701234")["accesses"]) == 2, "nothing of the pipe is lost or doubled")
    finally:
        subprocess.run(["umount", "-l", spool], check=False)


def small_disk(tap):
    """Started on a disk that is full, or read-only: questions are answered, and ingest goes on by itself."""
    ledger = Ledger(sys.argv[1])
    at = ledger.path("disk")
    os.mkdir(at)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "none", at], stderr=subprocess.DEVNULL, check=False).returncode != 0:
        tap.skip("a small disk", "needs the right to mount")
        ledger.remove()
        return
    try:
        shutil.copytree(ledger.dir, at + "/ledger")
        ledger.dir = at + "/ledger"
        key = ledger.add_sender("one")
        ledger.serve("--epoch-seconds", "1")
        ports = ledger.ingest, ledger.query
        tap.ok(send(ledger, key, 0).returncode == 0, "an event is acknowledged on the small disk")
        ledger.stop()
        os.unlink(ledger.dir + "/guard")
        shutil.copy(ledger.path("ledger") + "/guard", ledger.dir + "/guard")  # an older one: a new one is due
        fill(at)
        ledger.serve("--ingest", ports[0], "--query", ports[1])
        tap.ok(len(json.loads(ledger.run("who", SUBJECT, "--ledger", "http://" + ledger.query, "--token", token(ledger), "--json"))["accesses"]) == 1,
               "started on a full disk: questions are answered")
        os.unlink(at + "/ballast")
        tap.ok(send(ledger, key, 1).returncode == 0, "with room again it goes on by itself")
        full_spool(tap, ledger)
        ledger.stop()

        subprocess.run(["mount", "-o", "remount,ro", at], check=True)
        log = open(ledger.path("serve.log"), "ab")
        ledger.server = subprocess.Popen([ledger.indsigt, "serve", ledger.dir, "--ingest", ports[0], "--query", ports[1], "--demo-tokens"],
                                         stdout=subprocess.PIPE, stderr=log, text=True)
        wait_until(lambda: "Read-only file system" in open(ledger.path("serve.log")).read(), "ingestd to say what it waits for")
        tap.ok(wait_until(lambda: reads(ledger) is not None and ledger.daemon("indsigt-ingestd"), "queryd to answer") and reads(ledger) == 2,
               "started on a read-only disk: questions are answered, and ingest waits")
        subprocess.run(["mount", "-o", "remount,rw", at], check=True)
        tap.ok(ledger.server.stdout.readline().startswith("ready "), "once it can be written ingest goes on")
        tap.ok(send(ledger, key, 2).returncode == 0, "and acknowledges")
        tap.ok(wait_until(lambda: reads(ledger) == 3, "the answer from the newest store"), "queryd has taken its place among the readers")
        ledger.stop()
    finally:
        subprocess.run(["mount", "-o", "remount,rw", at], check=False)
        ledger.stop()
        subprocess.run(["umount", "-l", at], check=False)
        shutil.rmtree(ledger.place)


def token(ledger):
    return ledger.run("token", ledger.dir, SUBJECT).strip()


def reads(ledger):
    """How many accesses the query daemon tells of; None while there is none."""
    try:
        request = urllib.request.Request("http://%s/v1/accesses" % ledger.query, headers={"Authorization": "Bearer " + token(ledger)})
        return len(json.loads(urllib.request.urlopen(request, timeout=30).read())["accesses"])
    except (OSError, urllib.error.HTTPError):
        return None


def half_a_request(ledger):
    half = socket.socket(socket.AF_UNIX)
    half.settimeout(120)
    half.connect(ledger.dir + "/control.sock")
    half.sendall(b'{"do":"sta')
    return half


def main():
    tap = Tap()
    ledger = Ledger(sys.argv[1])
    key = ledger.add_sender("one")
    ledger.serve("--epoch-seconds", "1")
    tap.ok(send(ledger, key, 0).returncode == 0, "an event is acknowledged")
    lock_mdb_removed(tap, ledger, key, 1)
    os.unlink(ledger.dir + "/control.sock")
    wait_until(lambda: os.path.exists(ledger.dir + "/control.sock"), "the control socket to be made again")
    tap.ok(os.stat(ledger.dir + "/control.sock").st_mode & 0o777 == 0o600 and ledger.result("epoch", ledger.dir).returncode == 0,
           "a control socket that was removed is made again, for its owner alone")
    half = half_a_request(ledger)
    os.unlink(ledger.dir + "/status.json")
    wait_until(lambda: os.path.exists(ledger.dir + "/status.json"), "the status to be written again")
    tap.ok(ledger.get("/healthz").startswith('{"status":"ok"'), "so is the status of ingest")
    code, line = ledger.audit("--labels")
    tap.ok(code == 0, line)
    try:
        over = half.recv(1) == b""
    except TimeoutError:
        over = False
    tap.ok(over, "who sends half a command is not waited for")
    half.close()
    ledger.remove()
    small_disk(tap)
    tap.done()


main()
