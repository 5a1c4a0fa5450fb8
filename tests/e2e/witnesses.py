#!/usr/bin/env python3
"""A ledger with three witnesses of which two are enough: dead, slow, lying, restarted with old state, on a store put back.
What is served stays true, the state is visible, and it heals by itself. (WIT-12, WIT-13, WIT-14, WIT-15, WIT-16,
WIT-17, WIT-18, WIT-19)"""

import http.server
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request

from indsigt import Ledger, Tap, event, wait_until

SUBJECT = "cpr:0101701234"


class Quiet(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # a client that went away


class Witness:
    """A real witness behind a proxy that can be told to misbehave: the address stays, whatever becomes of the witness."""

    def __init__(self, ledger, name):
        self.ledger, self.name = ledger, name
        self.dir = ledger.path(name)
        self.vkey = ledger.run("witness", "init", self.dir, "--name", "witness.example/" + name).strip()
        ledger.run("witness", "add", self.dir, ledger.vkey)
        self.mode = "well"
        self.released = threading.Event()
        self.process = None
        self.start()
        witness = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *arguments):
                pass

            def do_GET(self):
                if witness.mode == "dead":
                    self.close_connection = True
                    return
                self.reply(*witness.forward(self.path, None))

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if witness.mode == "dead":
                    self.close_connection = True
                    return
                if witness.mode == "slow":
                    witness.released.wait()
                status, content_type, answer = witness.forward(self.path, body)
                if witness.mode == "lying" and status == 200:
                    answer = answer.replace(answer[-20:-10], b"AAAAAAAAAA")
                if witness.mode == "boasting":
                    status, content_type, answer = 409, "text/x.tlog.size", b"999999\n"
                self.reply(status, content_type, answer)

            def reply(self, status, content_type, answer):
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

        self.proxy = Quiet(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.proxy.serve_forever, daemon=True).start()
        self.url = "http://127.0.0.1:%d" % self.proxy.server_port

    def forward(self, path, body):
        request = urllib.request.Request("http://%s%s" % (self.address, path), data=body, method="GET" if body is None else "POST")
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, response.headers["Content-Type"], response.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers["Content-Type"], error.read()
        except OSError:
            return 502, "text/plain", b"away\n"

    def start(self):
        self.process = subprocess.Popen([self.ledger.indsigt, "witness", "serve", self.dir, "--listen", "127.0.0.1:0"],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = self.process.stdout.readline()
        if not line.startswith("ready witness="):
            raise RuntimeError("the witness said %r" % line)
        self.address = line.split()[1].split("=")[1]

    def kill(self, number=signal.SIGKILL):
        self.process.send_signal(number)
        self.process.wait()
        self.process.stdout.close()


class World:
    def __init__(self, indsigt, tap):
        self.tap = tap
        self.ledger = Ledger(indsigt)
        self.key = self.ledger.add_sender("one")
        self.witnesses = [Witness(self.ledger, "w%d" % i) for i in (1, 2, 3)]
        self.policy = os.path.join(self.ledger.dir, "witnesses")
        with open(self.policy, "w", encoding="utf-8") as file:
            for witness in self.witnesses:
                file.write("witness %s %s %s\n" % (witness.name, witness.vkey, witness.url))
            file.write("group enough 2 w1 w2 w3\nquorum enough\n")
        self.sent = 0
        self.seen = 0

    def send(self):
        """An event, acknowledged; gives the size that the log then has at least."""
        self.sent += 1
        result = self.ledger.result("send", "--server", self.ledger.ingest, "--key", self.key, "-",
                                    stdin=event(SUBJECT, "opslag %d" % self.sent) + "\n")
        if result.returncode != 0:
            raise RuntimeError(result.stderr)
        try:
            return json.loads(self.ledger.get("/healthz"))["entries"]
        except urllib.error.HTTPError as error:  # something is not well, as the test wants it
            return json.loads(error.read())["entries"]

    def checkpoint(self):
        """(size, names of the witnesses in it) of what is served; it never goes back, and never without a quorum once
        there was one."""
        lines = self.ledger.get("/checkpoint").split("\n")
        size = int(lines[1])
        names = [line.split()[1].split("/")[1] for line in lines if line.startswith("\u2014 witness.example/")]
        if size < self.seen or (self.seen and len(names) < 2):
            raise RuntimeError("what is served went back: %r after %d" % (lines, self.seen))
        if len(names) >= 2:
            self.seen = size
        return size, names

    def witnessed(self, size, *names):
        """Waits until what is served reaches `size`, with the cosignatures of these."""
        def reached():
            got, by = self.checkpoint()
            return got >= size and set(names) <= set(by)
        wait_until(reached, "a quorum over %d by %s" % (size, names))

    def states(self):
        witnessing = json.loads(self.ledger.get("/v1/coverage"))["witnessing"]
        return {witness["name"]: witness for witness in witnessing["witnesses"]}, witnessing

    def becomes(self, name, state):
        wait_until(lambda: self.states()[0].get(name, {}).get("state") == state, "%s to be %s" % (name, state))

    def log(self):
        return open(self.ledger.path("serve.log"), encoding="utf-8").read()


def statement_verifies(world, name):
    """A statement that the policy is content with. (One made in the moment after an epoch, before the witnesses have
    seen it, rests on the log's signature alone; then the next.)"""
    path = world.ledger.path("statement.json")

    def made():
        world.ledger.run("statement", SUBJECT, "--ledger", world.ledger.dir, "-o", path)
        return world.ledger.result("verify", path, "--vkey", world.ledger.vkey, "--policy", world.policy).returncode == 0
    world.ledger.run("epoch", world.ledger.dir)
    wait_until(made, "a witnessed statement")
    world.tap.ok(True, name)


def witnessed_receipt(world):
    """A receipt is older than any cosignature; proofs made of it afterwards bear them."""
    tap, ledger = world.tap, world.ledger
    receipts, into = ledger.path("receipts"), ledger.path("proofs")
    with open(receipts, "w", encoding="utf-8") as file:
        file.write(ledger.run("send", "--server", ledger.ingest, "--key", world.key, "-", stdin=event(SUBJECT, "bevidnet") + "\n"))
    world.witnessed(json.loads(ledger.get("/healthz"))["entries"], "w1", "w2", "w3")
    for place, proven in ((None, False), ("http://" + ledger.query, True), (ledger.dir, True)):
        ledger.run("proof", "--receipt", receipts, "--vkey", ledger.vkey, "--into", into, *(("--events", place) if place else ()))
        for name in os.listdir(into):
            result = ledger.result("verify", os.path.join(into, name), "--vkey", ledger.vkey, "--policy", world.policy, "--json")
            told = json.loads(result.stdout)
            tap.ok((result.returncode == 0) == proven and (told["holds"] and told["witnessed"] if proven else told["check"] == "witnesses"),
                   "%s of a receipt, made %s" % (name, "from " + place[:5] if place else "out of it alone"))
        shutil.rmtree(into)


def recover(world):
    """A lost guard: made again if enough witnesses say that the store is not an old one, and only then."""
    tap, ledger = world.tap, world.ledger
    w1, w2, w3 = world.witnesses
    guard = os.path.join(ledger.dir, "guard")
    ledger.stop()
    older = ledger.path("older-store")
    shutil.copytree(os.path.join(ledger.dir, "store"), older)
    behind, newest = ledger.path("behind"), ledger.path("newest")
    ledger.run("export", ledger.dir, behind)
    ledger.serve()
    tap.ok(ledger.result("recover", ledger.dir).returncode == 4, "not while the ledger runs")
    world.witnessed(world.send(), "w1", "w2", "w3")
    ledger.stop()
    ledger.run("export", ledger.dir, newest)
    tap.ok("nothing is to be done" in ledger.run("recover", ledger.dir), "a guard that fits is left alone")
    kept = open(guard, "rb").read()
    os.rename(os.path.join(ledger.dir, "store"), ledger.path("newer-store"))
    shutil.copytree(older, os.path.join(ledger.dir, "store"))
    result = ledger.result("recover", ledger.dir)
    tap.ok(result.returncode == 1 and "older store" in result.stderr and open(guard, "rb").read() == kept,
           "a good guard is not replaced for an older store")
    os.remove(guard)
    result = ledger.result("recover", ledger.dir)
    tap.ok(result.returncode == 1 and "put back" in result.stderr and not os.path.exists(guard),
           "without a guard the witnesses tell that it is older")
    result = ledger.result("recover", ledger.dir, "--mirror", behind, "--accept-loss")
    tap.ok(result.returncode == 1 and "no mirror that was asked has all" in result.stderr and not os.path.exists(guard),
           "a witness has seen more than the mirror: " + result.stderr.strip().splitlines()[-1])
    shutil.rmtree(os.path.join(ledger.dir, "store"))
    os.rename(ledger.path("newer-store"), os.path.join(ledger.dir, "store"))
    w2.mode = w3.mode = "dead"
    result = ledger.result("recover", ledger.dir)
    tap.ok(result.returncode == 1 and "not enough" in result.stderr and not os.path.exists(guard), "one witness is not enough")
    w2.mode = w3.mode = "well"
    tap.ok("a new guard" in ledger.run("recover", ledger.dir), "enough of them are, for the newest store")
    ledger.serve()
    world.witnessed(world.send(), "w1", "w2", "w3")
    code, line = ledger.audit()
    tap.ok(code == 0, "and it goes on: " + line)
    ledger.stop()
    ledger.run("export", ledger.dir, newest)
    shutil.rmtree(os.path.join(ledger.dir, "store"))
    shutil.copytree(older, os.path.join(ledger.dir, "store"))
    os.remove(guard)
    result = ledger.result("recover", ledger.dir, "--mirror", newest, "--accept-loss")
    tap.ok(result.returncode == 0 and "a new guard" in result.stdout, "an old store, put back from files that all witnesses have seen")
    ledger.serve()
    world.witnessed(world.send(), "w1", "w2", "w3")
    code, line = ledger.audit()
    tap.ok(code == 0 and " lost=" in line, "the witnesses cosign the log that says what it lost: " + line)


def roll_back(world):
    """The whole directory of the ledger put back, guard and all: the witnesses tell."""
    tap, ledger = world.tap, world.ledger
    older, newer = ledger.path("older"), ledger.path("newer")
    ledger.stop()
    shutil.copytree(ledger.dir, older)
    ledger.serve()
    size = world.send()
    world.witnessed(size, "w1", "w2", "w3")
    ledger.stop()
    os.rename(ledger.dir, newer)
    os.rename(older, ledger.dir)
    try:
        ledger.serve()
        said = "it serves"
    except RuntimeError as error:
        said = str(error)
    tap.ok("an old store was put back" in said and not os.path.exists(os.path.join(ledger.dir, "control.sock")),
           "a ledger that was put back does not start: " + said.strip().splitlines()[-1])
    kept = os.listdir(os.path.join(ledger.dir, "evidence"))
    tap.ok(any(name.startswith("witness-") for name in kept), "the evidence is kept")
    ledger.server.wait()
    ledger.server.stdout.close()

    # Without its witnesses it starts when somebody says so, and has lost the evidence; when they are back it ends.
    for witness in world.witnesses:
        witness.mode = "dead"
    shutil.rmtree(os.path.join(ledger.dir, "evidence"))
    ledger.serve("--without-witnesses")
    for witness in world.witnesses:
        witness.mode = "well"
    tap.ok(ledger.server.wait() != 0 and "ALARM" in world.log(), "nor does it go on when the witnesses are back")
    ledger.server.stdout.close()
    ledger.server = None
    shutil.rmtree(ledger.dir)
    os.rename(newer, ledger.dir)
    ledger.serve()
    world.witnessed(world.send(), "w1", "w2", "w3")
    tap.ok(True, "the newer one put back goes on")
    witnessed_receipt(world)
    recover(world)


def exported(world):
    """What was exported before there was a policy is more than what has been witnessed since: that is no old store."""
    tap, ledger, out = world.tap, world.ledger, world.ledger.path("out")
    os.rename(world.policy, world.policy + ".away")
    ledger.run("export", ledger.dir, out)
    os.rename(world.policy + ".away", world.policy)
    before = open(out + "/checkpoint", encoding="utf-8").read()
    result = ledger.result("export", ledger.dir, out)
    tap.ok(result.returncode == 0 and "new=0" in result.stdout and world.checkpoint()[0] < int(before.split("\n")[1]),
           "files that are ahead of what is witnessed stay: " + (result.stdout + result.stderr).strip())
    tap.ok(open(out + "/checkpoint", encoding="utf-8").read() == before, "... as they were")


def one_asks(tap, ledger):
    second = subprocess.Popen([ledger.indsigt, "cosign", ledger.dir], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        wait_until(lambda: second.poll() is not None, "a second cosign to be refused")
    finally:
        second.kill()
        said = second.communicate()[1].strip()
    tap.ok(second.returncode == 4 and "asks the witnesses of this ledger" in said, "one process asks for a ledger: " + said)


def main():
    tap = Tap()
    world = World(sys.argv[1], tap)
    ledger, (w1, w2, w3) = world.ledger, world.witnesses
    ledger.serve()
    world.witnessed(1, "w1", "w2", "w3")
    tap.ok(True, "all three cosign, and what is served says so")
    one_asks(tap, ledger)
    size = world.send()
    world.witnessed(size, "w1", "w2", "w3")
    statement_verifies(world, "a statement proves one history, offline, with the policy")

    shown = subprocess.run([ledger.indsigt, "who", SUBJECT, "--ledger", ledger.dir], stdout=subprocess.PIPE, text=True,
                           env={**os.environ, "LC_ALL": "C"}, check=True).stdout
    tap.ok("independent witnesses last saw this ledger at 2" in shown, "who says when witnesses last saw the ledger")

    w3.mode = "dead"
    size = world.send()
    world.witnessed(size, "w1", "w2")
    world.becomes("w3", "unreachable")
    metrics = ledger.get("/metrics")
    tap.ok('indsigt_witness_state{witness="w3",state="unreachable"} 1' in metrics and "indsigt_quorum_reached 1" in metrics,
           "one is dead: two are enough, coverage and metrics show it")

    w2.mode = "slow"
    before = world.checkpoint()[0]
    size = world.send()
    for _ in range(20):
        size = world.send()
    got, names = world.checkpoint()
    tap.ok(got < size and len(names) >= 2 and before <= got,
           "one is slow as well: 21 events are acknowledged meanwhile, what is served is older and still witnessed")
    w2.mode = "well"
    w2.released.set()
    world.witnessed(size, "w1", "w2")
    tap.ok(True, "when it answers, the newest is witnessed")

    w3.mode = "well"
    world.becomes("w3", "cosigns")
    world.witnessed(size, "w3")
    w2.mode = "lying"
    size = world.send()
    world.witnessed(size, "w1", "w3")
    world.becomes("w2", "wrong")
    states, _ = world.states()
    tap.ok(states["w2"]["alarm"] and "ALARM: witness 'w2'" in world.log() and "w2" not in world.checkpoint()[1],
           "one lies: its lines are not passed on, and there is an alarm")
    statement_verifies(world, "a statement is good beside a liar")
    w2.mode = "boasting"
    world.becomes("w2", "ahead")
    tap.ok(world.states()[0]["w2"]["alarm"], "one says it has seen more of the log than there is: an alarm")
    w2.mode = "well"
    world.becomes("w2", "cosigns")
    tap.ok(not world.states()[0]["w2"]["alarm"], "and it heals by itself")

    w1.kill()
    shutil.copytree(os.path.join(w1.dir, "seen"), ledger.path("old-seen"))
    size = world.send()
    world.witnessed(size, "w2", "w3")
    w1.start()
    size = world.send()
    world.witnessed(size, "w1")
    w1.kill(signal.SIGTERM)
    shutil.rmtree(os.path.join(w1.dir, "seen"))
    os.rename(ledger.path("old-seen"), os.path.join(w1.dir, "seen"))
    w1.start()
    size = world.send()
    world.witnessed(size, "w1", "w2", "w3")
    tap.ok(world.states()[0]["w1"]["state"] == "cosigns", "one is killed, and comes back with an old state")

    # The asking side forgets everything, and is killed.
    before = ledger.daemon("indsigt")
    os.kill(before, signal.SIGKILL)
    shutil.rmtree(os.path.join(ledger.dir, "cosigned"))
    world.seen = 0
    size = world.send()
    world.witnessed(size, "w1", "w2", "w3")
    tap.ok(ledger.daemon("indsigt") != before, "the process that asks is killed and its files are gone: all comes back")

    for witness in world.witnesses:
        witness.mode = "dead"
    size = world.send()
    world.becomes("w1", "unreachable")
    _, witnessing = world.states()
    tap.ok(witnessing["reached"] and witnessing["size"] < size and witnessing["age_seconds"] >= 0,
           "all are dead: ingest goes on, coverage says how old the last quorum is")
    exported(world)
    for witness in world.witnesses:
        witness.mode = "well"
    world.witnessed(size, "w1", "w2", "w3")
    code, line = ledger.audit()
    tap.ok(code == 0, line)
    roll_back(world)
    for witness in world.witnesses:
        witness.kill(signal.SIGTERM)
    ledger.remove()
    tap.done()


if __name__ == "__main__":
    main()
