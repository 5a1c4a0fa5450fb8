#!/usr/bin/env python3
"""Measures reading a published log beside reading the directory: audits, an export, a mirror and recovery of one
ledger.
usage: published.py INDSIGT [EVENTS]"""

import os
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from indsigt import Ledger, event  # noqa: E402


def fill(ledger, events):
    key = ledger.add_sender("A")
    ledger.serve("--epoch-seconds", "250")
    command = [ledger.indsigt, "send", "--server", ledger.ingest, "--key", key, "--spool", ledger.path("spool"),
               "--batch", "1000", "-"]
    send = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    line = event("SUBJECT", "bulk") + "\n"
    for i in range(events):
        send.stdin.write(line.replace("SUBJECT", "cpr:010170%04d" % (i % 5000 + 1000)))
    send.stdin.close()
    if send.wait() != 0:
        raise RuntimeError("send failed")
    ledger.run("epoch", ledger.dir)


def timed(ledger, name, *arguments, entries=None):
    start = time.monotonic()
    line = ledger.run(*arguments).strip().splitlines()[-1]
    seconds = time.monotonic() - start
    entries = entries or int(line.split("entries=")[1].split()[0])
    print("%-34s %8.0f entries/s %6.2f s" % (name, entries / seconds, seconds), flush=True)


def main():
    ledger = Ledger(sys.argv[1])
    fill(ledger, int(sys.argv[2]) if len(sys.argv) > 2 else 1000000)
    keys, away, out, mirror = ledger.dir + "/keys/master", ledger.path("away"), ledger.path("out"), ledger.path("mirror")
    url = "http://" + ledger.query
    os.rename(keys, away)
    timed(ledger, "audit of the directory, public part", "audit", ledger.dir, "--vkey", ledger.vkey)
    os.rename(away, keys)
    timed(ledger, "audit of the directory, with keys", "audit", ledger.dir, "--vkey", ledger.vkey)
    timed(ledger, "audit over HTTP", "audit", url, "--vkey", ledger.vkey)
    timed(ledger, "export", "export", ledger.dir, out)
    timed(ledger, "audit of exported files", "audit", out, "--vkey", ledger.vkey)
    ledger.run("mirror", "init", mirror, "--ledger", url, "--vkey", ledger.vkey)
    timed(ledger, "mirror over HTTP, first round", "mirror", "serve", mirror, "--once")
    ledger.stop()
    size = int(open(os.path.join(out, "checkpoint")).read().splitlines()[1])
    shutil.rmtree(os.path.join(ledger.dir, "store"))
    timed(ledger, "recover from nothing", "recover", ledger.dir, "--mirror", out, "--accept-loss", entries=size)
    ledger.remove()


main()
