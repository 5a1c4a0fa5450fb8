#!/usr/bin/env python3
"""What a pipe brings that is no message: 'send' is killed before each call that changes something, or opens or maps a file, or finds
its disk full, and what it had taken stands whole with the refused messages, once. (SND-28)"""

import base64
import glob
import json
import os
import signal
import subprocess
import sys

from indsigt import Ledger, Tap, event, wait_until

CALLS_MAX = 2000
TABLE = b"who,when,what\n" + b"".join(b"A. Hansen \xc3\xa6,%d,opslag\n" % n for n in range(8000))
PACKED = b"\x1f\x8b\x08\x00" + bytes(n * n % 251 for n in range(150000))


def send(ledger, key, spool, data, **environment):
    return subprocess.run([ledger.indsigt, "send", "--server", ledger.ingest, "--key", key, "--spool", spool, "-"], input=data,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, env={**os.environ, **environment})


def kept(spool):
    """What is in the files of what was taken, without their heads."""
    contents = [open(path, "rb").read() for path in glob.glob(spool + "/kept-*.part")]
    return b"".join(content[content.find(b"\n") + 1:] if b"\n" in content else b"" for content in contents)


def rows(spool):
    path = spool + "/rejected.jsonl"
    return [json.loads(line) for line in open(path, encoding="utf-8")] if os.path.exists(path) else []


def message(row):
    return row["message"].encode() if "message" in row else base64.b64decode(row["message_base64"])


def whole_rows(spool):
    """How many of the file's lines are whole; the rest was being written."""
    path = spool + "/rejected.jsonl"
    return open(path, "rb").read().count(b"\n") if os.path.exists(path) else 0


def killed(tap, ledger, key, library):
    wrong, unfinished, torn, at = [], 0, 0, 0
    for at in range(1, CALLS_MAX):
        spool, data = ledger.path("spool%d" % at), TABLE if at % 2 else PACKED
        result = send(ledger, key, spool, data, LD_PRELOAD=library, DYING_CALL_AT=str(at))
        if result.returncode != -signal.SIGKILL:
            break
        taken = kept(spool)
        complete = whole_rows(spool) == 1
        unfinished += len(taken) > 0
        torn += len(taken) > 0 and os.path.exists(spool + "/rejected.jsonl") and not complete
        again = send(ledger, key, spool, b"")
        found = rows(spool)
        expected = [data] if complete else [taken] if taken else []
        if [message(row) for row in found] != expected or not data.startswith(taken):
            wrong.append("%d: %d rows of %r bytes; %d were taken" % (at, len(found), [len(message(row)) for row in found], len(taken)))
        if again.returncode not in ((0, 1) if complete else (1,) if taken else (0,)) or glob.glob(spool + "/kept-*"):
            wrong.append("%d: again: %d %s %s" % (at, again.returncode, again.stderr, os.listdir(spool)))
        if taken and not complete and b"a run that was killed" not in again.stderr:
            wrong.append("%d: it is not said: %s" % (at, again.stderr))
        if send(ledger, key, spool, b"").returncode != 0 or rows(spool) != found:
            wrong.append("%d: handed back twice" % at)
    tap.ok(not wrong and unfinished > 5 and torn > 0, "killed before each of %d calls, %d times with something taken, %d times within "
           "its row" % (at - 1, unfinished, torn))
    for line in wrong[:10]:
        print("# " + line)
    tap.ok(result.returncode == 1 and [message(row) for row in rows(spool)] == [data], "... and not killed it keeps all of it")
    sent = subprocess.run([ledger.indsigt, "send", "--server", ledger.ingest, "--key", key, "--spool", spool, "--rejected",
                           spool + "/again", spool + "/rejected.jsonl"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    lines = open(spool + "/again", encoding="utf-8").read().splitlines()
    tap.ok(sent.returncode == 1 and len(lines) == 1 and message(json.loads(lines[0])) == data, "sent again it is refused as what it is")


def fill(at):
    with open(at + "/ballast", "wb", buffering=0) as ballast:
        try:
            while True:
                ballast.write(bytes(4096))
        except OSError:
            pass


def full(tap, ledger, key):
    """The disk is full before anything comes, then in the middle, then when the row is written."""
    disk = ledger.path("disk")
    os.mkdir(disk)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", disk], stderr=subprocess.DEVNULL, check=False).returncode != 0:
        tap.skip("a full disk", "needs the right to mount")
        return
    try:
        for number, moment in enumerate(("before it comes", "while it comes", "at its end")):
            spool, said = disk + "/spool%d" % number, ledger.path("said")
            with open(said, "w+b") as log:
                sender = subprocess.Popen([ledger.indsigt, "send", "--server", ledger.ingest, "--key", key, "--spool", spool, "-"],
                                          stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=log)
            first, more = TABLE[:60000], TABLE[60000:110000]  # as much as a pipe holds
            # The spool is there, and the ledger is known, before the disk is full.
            wait_until(lambda: os.path.exists(spool), "the spool")
            if number > 0:
                sender.stdin.write(first)
                sender.stdin.flush()
                wait_until(lambda: kept(spool) == first, "the first part to be kept")
            fill(disk)
            if number == 0:
                sender.stdin.write(first)
                sender.stdin.flush()
            elif number == 1:
                sender.stdin.write(more)
                sender.stdin.flush()
            if number != 1:
                sender.stdin.close()
            wait_until(lambda: sender.poll() is not None or b"waiting for room" in open(said, "rb").read(), "it to say that it waits")
            os.unlink(disk + "/ballast")
            if number == 1:
                sender.stdin.close()
            code = sender.wait()
            found = [message(row) for row in rows(spool)]
            tap.ok(code == 1 and found == [first + more if number == 1 else first], "a disk that is full %s loses nothing: %d" % (moment, code))
        spool = disk + "/spool-ended"
        with open(said, "w+b") as log:
            sender = subprocess.Popen([ledger.indsigt, "send", "--server", ledger.ingest, "--key", key, "--spool", spool, "-"],
                                      stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=log)
        sender.stdin.write(first)
        sender.stdin.flush()
        wait_until(lambda: kept(spool) == first, "the first part to be kept")
        fill(disk)
        sender.send_signal(signal.SIGTERM)
        code = sender.wait()
        tap.ok(code == 4 and b"run it again, and it is handed back" in open(said, "rb").read(), "ended there, it says where it is: %d" % code)
        looked = ledger.result("spool", spool)
        tap.ok(looked.returncode == 3 and "%d bytes" % len(first) in looked.stdout, "'spool' says how much is left")
        os.unlink(disk + "/ballast")
        tap.ok(send(ledger, key, spool, b"").returncode == 1 and [message(row) for row in rows(spool)] == [first],
               "... and the next run hands it back")
        sender.stdin.close()
    finally:
        subprocess.run(["umount", "-l", disk], check=False)


def torn_row(tap, ledger, key):
    """A row that a power cut has cut takes no other with it."""
    spool = ledger.path("torn")
    send(ledger, key, spool, b"")
    with open(spool + "/rejected.jsonl", "w", encoding="utf-8") as file:
        file.write('{"input":"-","format":"js')
    result = send(ledger, key, spool, event("cpr:0101701234", "a").encode() + b"\n{\n")
    lines = open(spool + "/rejected.jsonl", encoding="utf-8").read().splitlines()
    tap.ok(result.returncode == 1 and len(lines) == 2 and json.loads(lines[1])["message"] == "{", "a row behind a torn one is on a line of its own")


def main():
    tap = Tap()
    ledger = Ledger(sys.argv[1])
    key = ledger.add_sender("one")
    ledger.serve()
    killed(tap, ledger, key, os.path.abspath(sys.argv[2]))
    full(tap, ledger, key)
    torn_row(tap, ledger, key)
    ledger.remove()
    tap.done()


main()
