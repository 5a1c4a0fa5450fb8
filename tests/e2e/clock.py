#!/usr/bin/env python3
"""Clocks that are wrong, and receipts that are lost: the ledger signs no time that nobody confirmed, goes on by itself, and
answers what it has as it took it. Clocks are faked with Debian's libfaketime; without it those cases are skipped.
usage: clock.py INDSIGT"""

import glob
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

from indsigt import Ledger, Tap, event, wait_until

DAY = 86400
tap = Tap()
LIBRARIES = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")


class Clock:
    """The clock of the processes that are started `under` it, read anew from a file at every look."""

    def __init__(self, path):
        self.path = path
        self.set(0)

    def set(self, seconds):
        with open(self.path + ".new", "w") as file:
            file.write("%+d\n" % seconds)
        os.rename(self.path + ".new", self.path)

    def environment(self):
        return {"LD_PRELOAD": LIBRARIES[0], "FAKETIME_TIMESTAMP_FILE": self.path, "FAKETIME_NO_CACHE": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1"}

    def under(self, function, *arguments, **options):
        before = dict(os.environ)
        os.environ.update(self.environment())
        try:
            return function(*arguments, **options)
        finally:
            os.environ.clear()
            os.environ.update(before)


def at(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


class World:
    def __init__(self, indsigt):
        self.ledger = Ledger(indsigt)
        self.key = self.ledger.add_sender("s")
        self.clock = Clock(self.ledger.path("clock"))
        self.sent = 0

    def serve(self):
        self.clock.under(self.ledger.serve, "--epoch-seconds", "1")

    def lines(self, count, when="2026-11-20T08:15:30Z", subject="cpr:0101701234", **more):
        text = "".join(event(subject, "n%d" % (self.sent + i), time=when, **more) + "\n" for i in range(count))
        self.sent += count
        return text

    def write(self, text):
        path = self.ledger.path("input-%d" % self.sent)
        with open(path, "w") as file:
            file.write(text)
        return path

    def begin_send(self, text, key=None):
        arguments = [self.ledger.indsigt, "send", "--server", self.ledger.ingest, "--key", key or self.key, self.write(text)]
        return self.clock.under(subprocess.Popen, arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def send(self, text, key=None):
        """(exit code, the last line)"""
        process = self.begin_send(text, key)
        _, err = process.communicate()
        return process.returncode, err.strip().splitlines()[-1]

    def epoch(self):
        self.ledger.run("epoch", self.ledger.dir)

    def said(self, text):
        return text in open(self.ledger.path("serve.log")).read()

    def accesses(self, subject="cpr:0101701234"):
        return sorted(a["activity"] for a in self.ledger.who(subject)["accesses"])

    def end(self, name, events):
        self.ledger.stop()
        code, line = self.ledger.audit("--labels")
        tap.ok(code == 0 and " events=%d " % events in line, "%s: the audit holds, with %d events (%s)" % (name, events, line[:60]))
        self.ledger.remove()


def quiet_weekend(indsigt):
    """CLK-1, CLK-3: three days without an event are no wrong clock, and events of that moment are not ahead of it."""
    world = World(indsigt)
    fresh = world.ledger.add_sender("fresh")
    world.serve()
    world.send(world.lines(3))
    world.clock.set(3 * DAY)
    code, line = world.send(world.lines(3, when=at(3 * DAY)), fresh)
    tap.ok(code == 0 and "3 events acknowledged" in line, "a sender's first events after a quiet weekend are taken: %s" % line)
    code, line = world.send(world.lines(3, when=at(3 * DAY)))
    tap.ok(code == 0 and "3 events acknowledged" in line, "and those of one that has reported before: %s" % line)
    wait_until(lambda: world.ledger.health() == (200, []), "healthz to find nothing wrong with that")
    world.end("a quiet weekend", 9)


def month_ahead(indsigt):
    """CLK-3, CLK-4, CLK-5: a jump over the end of a month."""
    world = World(indsigt)
    ledger = world.ledger
    world.serve()
    world.send(world.lines(2))
    world.clock.set(35 * DAY)
    wait_until(lambda: world.ledger.health() == (503, ["clock"]), "healthz to name the clock")
    tap.ok(world.said("ALARM: the clock says") and world.said("indsigt clock DIR --confirm"), "a jump of a month is told on standard error")
    waiting = world.begin_send(world.lines(2))
    first = waiting.stderr.readline()
    tap.ok("clock" in first and "trying again" in first, "senders wait: %s" % first.strip())
    result = ledger.result("sender", "add", ledger.dir, "--name", "t", "--org", "cvr:1", "--key", ledger.path("t.key"))
    tap.ok(result.returncode == 4 and "indsigt clock DIR --confirm" in result.stderr, "nobody is registered: %s" % result.stderr.strip())
    result = ledger.result("epoch", ledger.dir)
    tap.ok(result.returncode == 4 and "clock" in result.stderr, "no epoch is made")
    tap.ok(world.accesses() == ["n0", "n1"], "reading goes on")
    result = world.clock.under(ledger.result, "clock", ledger.dir, "--json")
    shown = json.loads(result.stdout)
    tap.ok(result.returncode == 1 and shown["signs"] is False and shown["confirmed"] is None, "'indsigt clock' says so: %s" % shown)
    world.clock.set(0)
    _, err = waiting.communicate()
    tap.ok(waiting.returncode == 0 and "2 events acknowledged" in err, "when the clock is right again what waited is taken")
    wait_until(lambda: world.ledger.health() == (200, []), "all to be well again")

    ledger.stop()
    world.clock.set(3650 * DAY)
    result = world.clock.under(ledger.result, "sender", "policy", ledger.dir, "--key", world.key, "--policy", "withhold")
    tap.ok(result.returncode == 4 and "indsigt clock DIR --confirm" in result.stderr, "a command on a machine ten years ahead is refused")
    clock_file = os.path.join(ledger.dir, "clock")
    with open(clock_file, "w", encoding="ascii") as file:
        file.write("tomorrow\n")
    result = world.clock.under(ledger.result, "clock", ledger.dir)
    tap.ok(result.returncode == 1 and "is not a time" in result.stdout and "Nothing is signed" in result.stdout,
           "a confirmation that is no time confirms nothing: %s" % result.stdout)
    world.clock.set(0)
    result = world.clock.under(ledger.result, "clock", ledger.dir, "--json")
    tap.ok(result.returncode == 0 and json.loads(result.stdout)["malformed"] and json.loads(result.stdout)["signs"],
           "and is no reason against signing when the clock is right: %s" % (result.stdout or result.stderr))
    os.unlink(clock_file)
    world.clock.set(35 * DAY)
    world.serve()
    wait_until(lambda: world.ledger.health() == (503, ["clock"]), "healthz to name the clock")
    tap.ok(True, "a restart changes nothing")
    result = world.clock.under(ledger.result, "clock", ledger.dir, "--confirm")
    tap.ok(result.returncode == 0 and "Confirmed" in result.stdout, "an operator confirms it")
    code, line = world.send(world.lines(2))
    tap.ok(code == 0 and "2 events acknowledged" in line, "and the ledger goes on by itself: %s" % line)
    wait_until(lambda: world.ledger.health() == (200, []), "healthz to see it")
    world.clock.set(0)
    code, line = world.send(world.lines(2))
    tap.ok(code == 0 and "2 events acknowledged" in line, "a log that is a month ahead takes what comes: %s" % line)
    wait_until(lambda: world.said("before the log's newest entry"), "the warning")
    metrics = ledger.get("/metrics")
    ahead = int(metrics.split("\nindsigt_ledger_time_ahead_seconds ")[1].split()[0])
    tap.ok(34 * DAY < ahead <= 36 * DAY, "how far it is ahead is told (%d s)" % ahead)
    world.end("a month ahead", 8)


def two_hours_ahead(indsigt):
    """CLK-6: statements that differ name moments that differ."""
    world = World(indsigt)
    ledger = world.ledger
    world.serve()
    world.send(world.lines(1))
    world.clock.set(7200)
    world.send(world.lines(1))
    world.clock.set(0)
    until = []
    for count in (2, 3, 4):
        if count > 2:
            world.send(world.lines(1))
        world.epoch()
        path = ledger.path("statement-%d" % count)
        ledger.run("statement", "cpr:0101701234", "--ledger", ledger.dir, "-o", path)
        shown = json.loads(ledger.run("verify", path, "--vkey", ledger.vkey, "--json"))
        until.append(shown["complete_until"])
        world.epoch()
    tap.ok(until == sorted(set(until)) and len(until) == 3, "three statements, three moments: %s" % until)
    tap.ok(len(world.accesses()) == 4, "and nobody is missing")
    world.end("two hours ahead", 4)


def behind(indsigt):
    """CLK-1: a ledger whose clock went back is not the events' fault."""
    world = World(indsigt)
    world.serve()
    world.send(world.lines(1))
    world.clock.set(-3 * DAY)
    wait_until(lambda: world.said("before the log's newest entry"), "the warning")
    file = world.write(world.lines(2, when=at(0)))
    result = world.ledger.result("send", "--server", world.ledger.ingest, "--key", world.key, file)
    tap.ok(result.returncode == 0 and "2 events acknowledged" in result.stderr,
           "events of now are taken by a ledger three days behind: %s" % result.stderr.strip().splitlines()[-1])
    fresh = world.ledger.add_sender("fresh")
    result = world.ledger.result("send", "--server", world.ledger.ingest, "--key", fresh, world.write(world.lines(2, when=at(0))))
    tap.ok(result.returncode == 0 and "2 events acknowledged" in result.stderr, "also those of a sender that knows nothing of it yet")
    tap.ok(world.ledger.health() == (200, []), "it goes on as well as it can")
    world.end("three days behind", 5)


def registered_late(indsigt):
    """EPO-9: what a stopped ledger has not filed yet is filed before a command takes the log's time on."""
    world = World(indsigt)
    ledger = world.ledger
    world.clock.under(ledger.serve, "--epoch-seconds", "150")
    world.send(world.lines(1))
    ledger.stop()
    for seconds in (600, 1000):
        world.clock.set(seconds)
        world.clock.under(ledger.run, "sender", "add", ledger.dir, "--name", "t%d" % seconds, "--org", "cvr:1", "--key", ledger.path("%d.key" % seconds))
    code, line = ledger.audit("--labels")
    tap.ok(code == 0, "two registrations after a pause leave nothing filed too late: %s" % line[:70])
    world.end("registered late", 1)


# ---- receipts that are lost ----

def swallowing(address):
    """The address of a proxy that lets challenge and welcome through, and nothing else that comes from the ledger. What it got to
    see of answers is counted in its `swallowed`."""
    host, port = address.split(":")
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(5)
    swallowed = threading.Event()

    def pump(source, target, answers):
        greeting = 2
        while True:
            try:
                data = source.recv(65536)
                if not data:
                    return
                if not answers or greeting > 0:
                    target.sendall(data)
                else:
                    swallowed.set()
            except OSError:
                return
            greeting -= 1

    def accept():
        while True:
            client, _ = listener.accept()
            server = socket.create_connection((host, int(port)))
            for arguments in ((client, server, False), (server, client, True)):
                threading.Thread(target=pump, args=arguments, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return "127.0.0.1:%d" % listener.getsockname()[1], swallowed


def begin_without_receipt(ledger, key, path):
    """Sends the file; it is in the log, and the sender was killed before it knew."""
    server, swallowed = swallowing(ledger.ingest)
    sender = subprocess.Popen([ledger.indsigt, "send", "--server", server, "--key", key, path], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    wait_until(swallowed.is_set, "the receipt to be swallowed")
    sender.kill()
    sender.wait()


def lost_receipt(indsigt, name, change):
    """STO-15: what was taken is answered as it was taken, whatever is registered by then."""
    world = World(indsigt)
    ledger = world.ledger
    world.serve()
    text = world.lines(2, legal_basis="x")
    path = world.write(text)
    begin_without_receipt(ledger, world.key, path)
    tap.ok(len(world.accesses()) == 2, "%s: two events are in the log, and their sender has no receipt" % name)
    ledger.run(*change(ledger, world.key))
    result = ledger.result("send", "--server", ledger.ingest, "--key", world.key, path)
    last = result.stderr.strip().splitlines()[-1]
    tap.ok(result.returncode == 0 and "2 events acknowledged" in result.stderr, "%s: it gets its receipt: %s" % (name, last))
    tap.ok(len(world.accesses()) == 2 and "indsigt_equivocations_total 0\n" in ledger.get("/metrics"),
           "%s: nothing is doubled, nobody accused" % name)
    world.end(name, 2)


def lost_content(indsigt):
    """LOSS-7: what the ledger has lost gets no receipt: its sender keeps it, and reports it again."""
    world = World(indsigt)
    ledger = world.ledger
    ledger.serve("--epoch-seconds", "1")
    world.send(world.lines(1))
    world.epoch()
    ledger.stop()
    store = os.path.join(ledger.dir, "store")
    shutil.copytree(store, ledger.path("older"))
    ledger.serve("--epoch-seconds", "1")
    path = world.write(world.lines(2))
    begin_without_receipt(ledger, world.key, path)
    world.epoch()
    ledger.run("export", ledger.dir, ledger.path("export"))
    ledger.stop()
    shutil.rmtree(store)
    os.rename(ledger.path("older"), store)
    ledger.run("recover", ledger.dir, "--mirror", ledger.path("export"), "--accept-loss")
    ledger.serve("--epoch-seconds", "1")
    rejected = ledger.path("rejected")
    result = ledger.result("send", "--server", ledger.ingest, "--key", world.key, "--rejected", rejected, path)
    last = result.stderr.strip().splitlines()[-1]
    tap.ok(result.returncode == 1 and result.stdout == "" and len(open(rejected).readlines()) == 2,
           "a batch whose content is lost gets no receipt: %s" % last)
    result = ledger.result("send", "--server", ledger.ingest, "--key", world.key, rejected)
    tap.ok(result.returncode == 0 and "2 events acknowledged" in result.stderr, "what was kept of it is reported again")
    tap.ok(world.accesses() == ["n0", "n1", "n2"], "and is told to whom it is about")
    world.end("lost content", 5)


def away(indsigt):
    """HTTP-34: an ingest that gives no sign of life is told of."""
    world = World(indsigt)
    world.clock.environment = dict
    world.serve()
    tap.ok(world.ledger.health() == (200, []), "all is well from the first moment on")
    pid = world.ledger.daemon("indsigt-ingestd")
    os.kill(pid, signal.SIGSTOP)
    adding = subprocess.Popen([indsigt, "sender", "add", world.ledger.dir, "--name", "t", "--org", "cvr:1", "--key", world.ledger.path("t.key")],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: world.ledger.health() == (503, ["ingest-away"]), "the stopped writer to be noticed")
    line = adding.stderr.readline()
    tap.ok("has not answered for 10 seconds" in line, "a command that waits for it says so: %s" % line.strip())
    tap.ok("\nindsigt_ingest_up 0\n" in world.ledger.get("/metrics"), "a writer that stands still is told of")
    os.kill(pid, signal.SIGCONT)
    wait_until(lambda: world.ledger.health() == (200, []), "it to be well again")
    adding.communicate()
    tap.ok(adding.returncode == 0, "until it goes on, and does what it was asked")
    world.end("a stopped writer", 0)


def wrong_while_checking(indsigt):
    """A sender whose clock is wrong may not ask how its events are filed: that ends with a word, and accuses nobody."""
    world = World(indsigt)
    ledger = world.ledger
    ledger.serve("--epoch-seconds", "1")
    query = "http://" + ledger.query

    def send(*arguments):
        return subprocess.run([indsigt, "send", "--server", ledger.ingest, "--key", world.key, "--query", query, *arguments],
                              capture_output=True, text=True, timeout=60, check=False)

    for hours in (1, -1):
        world.clock.set(hours * 3600)
        sent = world.clock.under(send, world.write(world.lines(3)))
        tap.ok(sent.returncode == 0, "a clock is %+d h: events are taken all the same" % hours)
        asked = world.clock.under(send, "--check-filing")
        tap.ok(asked.returncode == 4 and "check the clock" in asked.stderr and "ALARM" not in asked.stderr,
               "a clock is %+d h: the check ends and says why: %d %s" % (hours, asked.returncode, asked.stderr.strip()))
        right = send("--check-filing")
        tap.ok(right.returncode == 0 and "ALARM" not in right.stderr,
               "put right, nothing is late that was not: %d %s" % (right.returncode, right.stderr.strip()))
    ledger.stop()
    # time goes by quickly, so that nobody has to wait for the end of its patience
    quick = {**os.environ, "LD_PRELOAD": LIBRARIES[0], "FAKETIME": "+0 x200"}
    ledger.serve("--epoch-seconds", "3600")
    query = "http://" + ledger.query
    world.clock.set(-3600)
    world.clock.under(send, world.write(world.lines(1)))
    asking = subprocess.Popen([indsigt, "send", "--server", ledger.ingest, "--key", world.key, "--query", query, "--check-filing"],
                              stderr=subprocess.PIPE, text=True)
    ledger.run("epoch", ledger.dir)
    _, said = asking.communicate(timeout=60)
    tap.ok(asking.returncode == 0 and "ALARM" not in said,
           "what was received while the clock was behind is waited for: %d %s" % (asking.returncode, said.strip()))
    send(world.write(world.lines(1)))
    query = "http://127.0.0.1:1"
    asked = subprocess.run([indsigt, "send", "--server", ledger.ingest, "--key", world.key, "--query", query, "--check-filing"],
                           capture_output=True, text=True, timeout=60, check=False, env=quick)
    tap.ok(asked.returncode == 4 and "nothing more could be checked for 660 seconds" in asked.stderr,
           "a ledger that cannot be asked is not waited for without an end: %d %s" % (asked.returncode, asked.stderr.strip()))
    world.end("a clock that is wrong while it checks", 8)


def main():
    indsigt = os.path.abspath(sys.argv[1])
    away(indsigt)
    lost_content(indsigt)
    lost_receipt(indsigt, "policy", lambda ledger, key: ("sender", "policy", ledger.dir, "--key", key, "--policy", "close=legal_basis"))
    lost_receipt(indsigt, "rotate", lambda ledger, key: ("sender", "rotate", ledger.dir, "--key", key))
    lost_receipt(indsigt, "revoke", lambda ledger, key: ("sender", "revoke", ledger.dir, "1"))
    cases = (quiet_weekend, behind, month_ahead, two_hours_ahead, registered_late, wrong_while_checking)
    if not LIBRARIES or subprocess.run([indsigt, "help"], env={**os.environ, "LD_PRELOAD": LIBRARIES[0]}, capture_output=True,
                                       check=False).returncode != 0:
        for case in cases:
            tap.skip(case.__name__, "there is no libfaketime, or it does not go with this build")
    else:
        for case in cases:
            case(indsigt)
    tap.done()


if __name__ == "__main__":
    main()
