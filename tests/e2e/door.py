#!/usr/bin/env python3
"""Whatever signs for the first time in a process asks the witnesses first: on a copy of a log that has gone on since, guard
and all, nothing is signed by any command. (WIT-17, WIT-19)"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request

from indsigt import Ledger, Tap, event, wait_until

SUBJECT = "cpr:0101701234"


class Witness:
    """A real one, on an address that stays."""

    def __init__(self, ledger, name):
        self.ledger, self.name, self.dir = ledger, name, ledger.path(name)
        self.vkey = ledger.run("witness", "init", self.dir, "--name", "witness.example/" + name).strip()
        ledger.run("witness", "add", self.dir, ledger.vkey)
        self.address = "127.0.0.1:0"
        self.start()

    def start(self):
        self.process = subprocess.Popen([self.ledger.indsigt, "witness", "serve", self.dir, "--listen", self.address],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.address = self.process.stdout.readline().split()[1].split("=")[1]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        self.process.stdout.close()


def policy(ledger, witnesses, *lines):
    with open(ledger.dir + "/witnesses", "w", encoding="utf-8") as file:
        for witness in witnesses:
            file.write("witness %s %s http://%s\n" % (witness.name, witness.vkey, witness.address))
        file.write("\n".join(lines) + "\n")


def put(source, ledger):
    shutil.rmtree(ledger.dir)
    shutil.copytree(source, ledger.dir)


def note(ledger):
    """What the store has signed last."""
    out = ledger.path("note")
    os.rename(ledger.dir + "/witnesses", ledger.path("policy"))  # with it only what is cosigned is exported
    shutil.rmtree(out, ignore_errors=True)
    ledger.run("export", ledger.dir, out)
    os.rename(ledger.path("policy"), ledger.dir + "/witnesses")
    return open(out + "/checkpoint", encoding="utf-8").read()


def commands(ledger, key):
    """Everything that signs, each with how it is run."""
    ingestd = ledger.indsigt.replace("tools/indsigt", "ingest/indsigt-ingestd")
    d, new = ledger.dir, ledger.path("new.key")
    return [("sender add", [ledger.indsigt, "sender", "add", d, "--name", "new", "--org", "cvr:9", "--key", new], 1),
            ("sender policy", [ledger.indsigt, "sender", "policy", d, "--key", key, "--policy", "withhold"], 1),
            ("sender rotate", [ledger.indsigt, "sender", "rotate", d, "--key", key], 1),
            ("sender revoke", [ledger.indsigt, "sender", "revoke", d, "1", "--yes"], 1),
            ("epoch", [ledger.indsigt, "epoch", d], 1),
            ("epoch --rebuild", [ledger.indsigt, "epoch", d, "--rebuild"], 1),
            ("ingestd alone", [ingestd, d, "--listen", "127.0.0.1:0"], 6),
            ("serve", [ledger.indsigt, "serve", d, "--ingest", "127.0.0.1:0", "--query", "127.0.0.1:0"], 1)]


def run(command):
    """One that starts, as it should not, is ended again."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if process.stdout.readline().startswith(("ready ", "listening ")):
        process.send_signal(signal.SIGTERM)
    out, said = process.communicate()
    return subprocess.CompletedProcess(command, process.returncode, out, said)


def policed(ledger, key):
    """A command that has something to sign."""
    return ledger.result("sender", "policy", ledger.dir, "--key", key, "--policy", "withhold")


def refused(tap, ledger, key, backup):
    for name, command, code in commands(ledger, key):
        for more in ((), ("--without-witnesses",)):
            put(backup, ledger)
            before = note(ledger)
            result = run([*command, *more])
            said = result.stderr.strip()
            kept = os.path.isdir(ledger.dir + "/evidence") and os.listdir(ledger.dir + "/evidence")
            tap.ok(result.returncode == code and "witness 'w1' has a checkpoint over" in said and note(ledger) == before
                   and kept and kept[0].startswith("witness-"),
                   "%s on a directory that was put back: %d %s" % (" ".join([name, *more]), result.returncode, said.splitlines()[-1:]))


def remembered(tap, ledger, key, witness):
    """The evidence of before is enough, whoever is away."""
    witness.stop()
    for name, command, code in commands(ledger, key):
        if name == "serve":
            continue
        before = note(ledger)
        result = run([*command, "--without-witnesses"])
        tap.ok(result.returncode == 1 and "a witness has shown a checkpoint" in result.stderr and note(ledger) == before,
               "%s: what a witness has shown stays shown" % name)
    witness.start()


def away(tap, ledger, key, witness):
    """On the newest store; nobody answers."""
    witness.stop()
    before = note(ledger)
    result = ledger.result("epoch", ledger.dir)
    tap.ok(result.returncode == 0 and note(ledger) == before, "nobody is needed where there is nothing to sign" + result.stderr)
    result = ledger.result("epoch", ledger.dir, "--rebuild")
    tap.ok(result.returncode == 4 and "w1:" in result.stderr and "--without-witnesses" in result.stderr and note(ledger) == before,
           "the only witness is away: " + result.stderr.strip())
    result = policed(ledger, key)
    tap.ok(result.returncode == 4 and note(ledger) == before, "nor is a policy changed: " + result.stderr.strip())
    result = ledger.result("cosign", ledger.dir, "--check")
    tap.ok(result.returncode == 4, "cosign --check says the same: %d" % result.returncode)
    result = ledger.result("sender", "add", ledger.dir, "--name", "b", "--org", "cvr:9", "--key", ledger.path("b.key"), "--without-witnesses")
    tap.ok(result.returncode == 0 and "w1:" in result.stderr, "with the flag it signs, and says who is silent: " + result.stderr.strip())
    ledger.serve("--without-witnesses")
    ledger.stop()
    tap.ok(True, "serve hands the flag on")
    log = open(ledger.path("waiting.log"), "w+", encoding="utf-8")
    server = subprocess.Popen([ledger.indsigt, "serve", ledger.dir, "--ingest", "127.0.0.1:0", "--query", "127.0.0.1:0"],
                              stdout=subprocess.PIPE, stderr=log, text=True)
    wait_until(lambda: "nothing is signed yet" in open(log.name, encoding="utf-8").read(), "serve to say that it waits")
    server.send_signal(signal.SIGTERM)
    tap.ok(server.wait() == 0, "serve can be ended while it waits: %d" % server.returncode)
    server.stdout.close()
    free = socket.create_server(("127.0.0.1", 0))
    query = "127.0.0.1:%d" % free.getsockname()[1]
    free.close()
    server = subprocess.Popen([ledger.indsigt, "serve", ledger.dir, "--ingest", "127.0.0.1:0", "--query", query],
                              stdout=subprocess.PIPE, stderr=log, text=True)
    tap.ok(wait_until(lambda: answers(query), "an answer"), "meanwhile questions are answered")
    codes = {ledger.result("sender", "add", ledger.dir, "--name", "c", "--org", "cvr:9", "--key", ledger.path("c%d.key" % i),
                           "--without-witnesses").returncode for i in range(20)}
    tap.ok(0 in codes and codes <= {0, 4}, "commands get at the directory, one at a time: %s" % codes)
    witness.start()
    line = server.stdout.readline()
    tap.ok(line.startswith("ready "), "serve waits for its witness, and goes on when it is back")
    server.send_signal(signal.SIGTERM)
    tap.ok(server.wait() == 0, "and ends well")
    server.stdout.close()


def answers(address):
    try:
        with urllib.request.urlopen("http://%s/checkpoint" % address, timeout=30) as response:
            return response.status == 200
    except OSError:
        return False


def enough(tap, ledger, key, witnesses):
    """Who is silent must not be a quorum."""
    def signs():
        return policed(ledger, key)

    w1, w2, w3 = witnesses
    policy(ledger, witnesses, "group g 2 w1 w2 w3", "quorum g")
    result = signs()
    tap.ok(result.returncode == 0, "witnesses that never saw the log have nothing against it" + result.stderr)
    w3.stop()
    tap.ok(signs().returncode == 0, "of two of three one may be away")
    w2.stop()
    result = signs()
    tap.ok(result.returncode == 4 and "1 of 3" in result.stderr and "w2:" in result.stderr and "w3:" in result.stderr,
           "of two of three two may not: " + result.stderr.strip())
    policy(ledger, witnesses, "group g all w1 w2 w3", "quorum g")
    tap.ok(signs().returncode == 0, "of all of three two may")
    policy(ledger, witnesses, "group g any w1 w2 w3", "quorum g")
    tap.ok(signs().returncode == 4, "of any of three none may")
    policy(ledger, witnesses, "quorum none")
    tap.ok(signs().returncode == 0, "without a quorum nobody is waited for")
    with open(ledger.dir + "/witnesses", "a", encoding="utf-8") as file:
        file.write("nonsense\n")
    result = signs()
    tap.ok(result.returncode != 0 and "policy file" in result.stderr, "a policy that is not understood is not passed over")


def main():
    tap = Tap()
    ledger = Ledger(sys.argv[1])
    key = ledger.add_sender("one")
    w1 = Witness(ledger, "w1")
    policy(ledger, [w1], "quorum w1")

    def send(text):
        ledger.run("send", "--server", ledger.ingest, "--key", key, "-", stdin=event(SUBJECT, text) + "\n")
        ledger.run("epoch", ledger.dir)

    def cosigned():
        lines = ledger.get("/checkpoint").split("\n")
        return int(lines[1]) if any("witness.example" in line for line in lines) else 0

    ledger.serve()
    send("a")
    backup, newest = ledger.path("backup"), ledger.path("newest")
    ledger.run("copy", ledger.dir, backup)
    send("b")
    wait_until(lambda: cosigned() >= json.loads(ledger.get("/healthz"))["entries"], "the witness to cosign")
    ledger.stop()
    shutil.copytree(ledger.dir, newest)
    refused(tap, ledger, key, backup)
    remembered(tap, ledger, key, w1)
    put(newest, ledger)
    away(tap, ledger, key, w1)
    w2, w3 = Witness(ledger, "w2"), Witness(ledger, "w3")
    enough(tap, ledger, key, [w1, w2, w3])
    w1.stop()
    ledger.remove()
    tap.done()


main()
