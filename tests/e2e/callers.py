#!/usr/bin/env python3
"""Programs on one machine that give their messages to one sender over a socket: each hears what became of each of its own
messages, what comes together is one batch, and whatever dies, nothing that was answered is missing and nothing is there
twice."""

import json
import os
import resource
import signal
import socket
import stat
import subprocess
import sys
import threading

from indsigt import Ledger, Tap, event, wait_until


class Sender:
    """indsigt send --listen."""

    def __init__(self, ledger, key, *options, limit=4096):
        self.socket = ledger.path("callers.sock")
        self.stderr = ledger.path("callers.err")
        limit = min(limit, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
        with open(self.stderr, "wb") as err:
            self.process = subprocess.Popen([ledger.indsigt, "send", "--server", ledger.ingest, "--key", key, "--listen",
                                             "unix:" + self.socket, *options], stdout=subprocess.DEVNULL, stderr=err, stdin=subprocess.DEVNULL,
                                            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit)))
        wait_until(lambda: self.process.poll() is not None or "takes messages at" in self.said(), "it listens")

    def said(self):
        with open(self.stderr, encoding="utf-8") as file:
            return file.read()

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(240)


class Caller:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.socket.settimeout(240)
        self.file = self.socket.makefile("rb")

    def give(self, *lines):
        self.socket.sendall("".join(line + "\n" for line in lines).encode())

    def hear(self):
        line = self.file.readline()
        return json.loads(line) if line else None

    def ask(self, line):
        self.give(line)
        return self.hear()

    def close(self):
        self.file.close()
        self.socket.close()


def shown(ledger, subject):
    """What a citizen is shown, by activity."""
    ledger.run("epoch", ledger.dir)
    return sorted(access.get("event", access)["activity"] for access in ledger.who(subject)["accesses"])


def one(tap, ledger, key):
    sender = Sender(ledger, key)
    mode = os.stat(sender.socket).st_mode
    tap.ok(stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o660, "the socket is the user's and the group's")
    caller = Caller(sender.socket)
    answer = caller.ask(event("cpr:0101701001", "first"))
    tap.ok(answer["number"] == 1 and answer["sequence"] == 0 and answer["events"] == 1, "the first message is answered")
    receipt = ledger.path("receipt.json")
    with open(receipt, "w", encoding="utf-8") as file:
        json.dump(answer["receipt"], file)
    result = ledger.result("verify", receipt, "--vkey", ledger.vkey)
    tap.ok(result.returncode == 0, "the receipt in it verifies: " + result.stdout + result.stderr)
    batch = answer["receipt"]
    tap.ok(batch["first_index"] <= answer["index"] < batch["first_index"] + batch["count"], "the index is the event's own")
    # SND-32: one answer for each, also where a line is no event
    caller.give("{", event("cpr:0101701001", "second"), event("cpr:0101701001", "no purpose", purpose=None))
    answers = {answer["number"]: answer for answer in (caller.hear() for _ in range(3))}
    tap.ok("error" in answers[2] and "reason" in answers[2], "what is no event is refused, and why is said")
    tap.ok("receipt" in answers[3], "the message behind it is taken")
    tap.ok(answers[4]["error"] == "missing-field" and "purpose" in answers[4]["reason"], "what lacks a field is refused")
    rows = open(os.path.join(key + ".spool", "rejected.jsonl"), encoding="utf-8").read().splitlines()
    tap.ok(len(rows) == 2, "what is refused stands with the refused messages")
    # an id that comes again
    with_id = event("cpr:0101701001", "third", id="x-1")
    tap.ok("receipt" in caller.ask(with_id), "an event with an id is taken")
    tap.ok(caller.ask(with_id) == {"number": 6, "known": True}, "when it comes again it is known")
    caller.socket.shutdown(socket.SHUT_WR)
    tap.ok(caller.hear() is None, "a caller that gives nothing more is let go of")
    # a caller that does not wait for its answers
    deaf = Caller(sender.socket)
    fourth = event("cpr:0101701001", "fourth", id="x-2")
    deaf.give(fourth)
    deaf.close()
    tap.ok(set(Caller(sender.socket).ask(fourth)) & {"known", "receipt"}, "what it gave is taken all the same, once")
    other = subprocess.run([ledger.indsigt, "send", "--server", ledger.ingest, "--key", ledger.add_sender("other"),
                            "--listen", sender.socket], stderr=subprocess.PIPE, text=True, timeout=200, check=False)
    tap.ok(other.returncode == 4 and "somebody listens there" in other.stderr, "a socket that is in use stays: " + other.stderr)
    tap.ok(sender.stop() == 1 and not os.path.exists(sender.socket), "it ends, says that something was refused, takes the socket away")
    tap.ok(shown(ledger, "cpr:0101701001") == ["first", "fourth", "second", "third"], "all of it is in the ledger, once")


def many(tap, ledger, key):
    """SND-31: while a batch is under way what comes is gathered."""
    sender = Sender(ledger, key)
    callers, each = 16, 25
    answers = [[] for _ in range(callers)]

    def call(number):
        caller = Caller(sender.socket)
        for i in range(each):
            answers[number].append(caller.ask(event("cpr:0101701002", "%d/%d" % (number, i))))
        caller.close()

    threads = [threading.Thread(target=call, args=(number,)) for number in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tap.ok(all(answer["number"] == i + 1 and "receipt" in answer for heard in answers for i, answer in enumerate(heard)),
           "each caller hears of its own messages, in order")
    sequences = {answer["sequence"] for heard in answers for answer in heard}
    indexes = {answer["index"] for heard in answers for answer in heard}
    tap.ok(len(sequences) == len(indexes) == callers * each, "no two have the same place")
    batches = {answer["receipt"]["batch"]["first_sequence"] for heard in answers for answer in heard}
    tap.ok(len(batches) < callers * each / 2, "they share batches: %d" % len(batches))
    # A message gives its receipt's own place: the entry there is that event.
    answer = answers[3][7]
    tap.ok(answer["index"] - answer["receipt"]["first_index"]
           == answer["sequence"] - answer["receipt"]["batch"]["first_sequence"], "place and sequence fit")
    tap.ok(sender.stop() == 0, "it ends in order")
    tap.ok(len(shown(ledger, "cpr:0101701002")) == callers * each, "all of it is in the ledger, once")


def killed(tap, ledger, key):
    """SND-33: it dies between message and answer, and the callers give again what had no answer."""
    lines = [event("cpr:0101701003", "k%d" % i) for i in range(60)]
    answered = set()
    for _ in range(4):
        sender = Sender(ledger, key)
        caller = Caller(sender.socket)
        left = [i for i in range(len(lines)) if i not in answered]
        caller.give(*(lines[i] for i in left))
        for _ in range(min(12, len(left))):
            answer = caller.hear()
            answered.add(left[answer["number"] - 1])
        sender.stop(signal.SIGKILL)
        while True:
            try:
                answer = caller.hear()
            except ValueError: # the line that was being written
                break
            except ConnectionError:
                break
            if answer is None:
                break
            answered.add(left[answer["number"] - 1])
        caller.close()
    tap.ok(os.path.exists(sender.socket), "a socket is left over")
    sender = Sender(ledger, key)
    caller = Caller(sender.socket)
    left = [i for i in range(len(lines)) if i not in answered]
    caller.give(*(lines[i] for i in left))
    heard = [caller.hear() for _ in left]
    tap.ok(all("known" in answer or "receipt" in answer for answer in heard), "the next run takes its place")
    tap.ok(sender.stop() == 0, "it ends in order")
    tap.ok(shown(ledger, "cpr:0101701003") == sorted("k%d" % i for i in range(len(lines))), "nothing is missing, nothing twice")


def away(tap, ledger, key):
    """The ledger is away: what was taken waits, and is answered when it is back."""
    sender = Sender(ledger, key)
    caller = Caller(sender.socket)
    tap.ok("receipt" in caller.ask(event("cpr:0101701004", "before")), "the ledger is there")
    address = ledger.ingest
    ledger.stop()
    caller.give(event("cpr:0101701004", "meanwhile"))
    tap.ok(sender.stop() == 3, "ended before its receipt it says that something waits")
    tap.ok(caller.hear() is None, "the caller has no answer")
    ledger.serve("--ingest", address)
    sender = Sender(ledger, key)
    caller = Caller(sender.socket)
    tap.ok(caller.ask(event("cpr:0101701004", "meanwhile")).get("known"), "given again it is known")
    tap.ok(sender.stop() == 0, "it ends in order")
    tap.ok(shown(ledger, "cpr:0101701004") == ["before", "meanwhile"], "it is there once")


def refused_later(tap, ledger, key):
    """The ledger refuses what this sender had taken: nobody is told that it is known, also who gave it a second time."""
    ledger.run("sender", "policy", ledger.dir, "--key", key, "--policy", "withhold")
    sender = Sender(ledger, key)
    caller = Caller(sender.socket)
    tap.ok("receipt" in caller.ask(event("cpr:0101701005", "before")), "the sender knows a policy")
    ledger.run("sender", "policy", ledger.dir, "--key", key, "--clear")
    withheld = event("cpr:0101701005", "withheld", id="w-1", withheld_until="2030-01-01T00:00:00Z", withheld_basis="x")
    caller.give(withheld, withheld)
    answers = {answer["number"]: answer for answer in (caller.hear() for _ in range(2))}
    tap.ok(answers[2].get("error") == "policy", "the message is refused: %s" % answers[2])
    tap.ok(answers[3].get("error") == "stopped", "its second is to be given again: %s" % answers[3])
    tap.ok(caller.ask(withheld).get("error") == "policy", "and then it is refused")
    tap.ok(sender.stop() == 1, "it ends, and says that something was refused")


def ended(tap, ledger, key):
    """SND-33: it ends while messages that it has read wait for room in the spool. Whoever gives them again, and sends what was
    refused, sends nothing twice."""
    lines = [event("cpr:0101701006", "e%d" % i) for i in range(300)]
    sender = Sender(ledger, key, "--batch", "1")
    caller = Caller(sender.socket)
    tap.ok("receipt" in caller.ask(event("cpr:0101701006", "before")), "the ledger is there")
    ingestd = ledger.daemon("indsigt-ingestd")
    os.kill(ingestd, signal.SIGSTOP)
    caller.give(*lines)
    journal = os.path.join(key + ".spool", "journal")
    wait_until(lambda: os.path.getsize(journal) > 128 * 200, "the spool holds what may wait")
    tap.ok(sender.stop() == 3, "it says that something waits")
    os.kill(ingestd, signal.SIGCONT)
    answers = [caller.hear()]
    tap.ok(answers[0]["error"] == "stopped", "what was read and has no place is to be given again: %s" % answers[0])
    rejected = os.path.join(key + ".spool", "rejected.jsonl")
    tap.ok(not os.path.exists(rejected), "it is not kept here as well")
    sender = Sender(ledger, key)
    caller = Caller(sender.socket)
    caller.give(*lines)
    heard = [caller.hear() for _ in lines]
    tap.ok(all("known" in answer or "receipt" in answer for answer in heard), "the next run takes all of it")
    tap.ok(sender.stop() == 0, "it ends in order")
    if os.path.exists(rejected):
        ledger.run("send", "--server", ledger.ingest, "--key", key, rejected)
    tap.ok(len(shown(ledger, "cpr:0101701006")) == len(lines) + 1, "all of it is in the ledger, once")


def rows(tap, ledger, key):
    """SND-32: rows of refused messages: one answer for each message, and none is called known that was refused."""
    def row(message):
        return json.dumps({"input": "x", "format": "json", "number": 1, "error": "policy", "reason": "r", "run": "ab", "message": message})

    sender = Sender(ledger, key)
    caller = Caller(sender.socket)
    bad = row(event("cpr:0101701007", "bad", purpose=None))
    tap.ok(caller.ask(bad)["error"] == "missing-field", "a row is refused")
    answer = caller.ask(bad)
    tap.ok(answer["number"] == 2 and answer.get("error") == "exists", "its second is not called known: %s" % answer)
    good = row(event("cpr:0101701007", "good"))
    tap.ok([caller.ask(good).get("events"), caller.ask(good).get("error")] == [1, "exists"], "likewise of a row that is taken: it is sent once")
    caller.give(row(event("cpr:0101701007", "1") + "\n" + event("cpr:0101701007", "2")), event("cpr:0101701007", "3"))
    answers = [caller.hear() for _ in range(3)]
    tap.ok([answer["number"] for answer in answers] == [5, 6, 7] and all("receipt" in answer for answer in answers),
           "a row of two messages has two answers, told apart: %s" % [answer["number"] for answer in answers])
    tap.ok(sender.stop() == 1, "it ends, and says that something was refused")
    tap.ok(shown(ledger, "cpr:0101701007") == ["1", "2", "3", "good"], "what was taken is in the ledger, once")


def crowd(tap, ledger, key):
    """More callers than there are descriptors for: those that wait outside take nothing from those that are in."""
    sender = Sender(ledger, key, limit=80)
    crowd = [Caller(sender.socket) for _ in range(100)]
    tap.ok(crowd[0].ask("{")["error"] == "bad-json", "a caller is answered, and what is refused has a place")
    tap.ok("receipt" in crowd[1].ask(event("cpr:0101701008", "in the crowd")), "an event of another one is taken")
    for caller in crowd[:60]:
        caller.close()
    tap.ok("receipt" in crowd[60].ask(event("cpr:0101701008", "later")), "when they have gone others are let in")
    tap.ok(sender.stop() == 1, "it ends in order")
    tap.ok(shown(ledger, "cpr:0101701008") == ["in the crowd", "later"], "what was taken is in the ledger, once")


def busy(tap, ledger, key):
    """Somebody listens at the socket and has as many callers waiting as may: it is not taken for one that is left over."""
    path = ledger.path("busy.sock")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(0)
    waiting = socket.socket(socket.AF_UNIX)
    waiting.connect(path)
    inode = os.stat(path).st_ino
    sender = subprocess.Popen([ledger.indsigt, "send", "--server", ledger.ingest, "--key", key, "--listen", path], stderr=subprocess.PIPE, text=True)
    said = sender.stderr.readline()
    sender.terminate()
    said += sender.stderr.read()
    tap.ok(sender.wait(240) == 4 and "somebody listens there" in said and os.stat(path).st_ino == inode, "the socket stays its own: " + said)


def main():
    tap = Tap()
    ledger = Ledger(sys.argv[1])
    try:
        ledger.serve()
        for test in (one, many, killed, away, refused_later, ended, rows, crowd, busy):
            test(tap, ledger, ledger.add_sender(test.__name__))
        code, last = ledger.audit()
        tap.ok(code == 0, "audit: " + last)
    finally:
        ledger.remove()
    tap.done()


if __name__ == "__main__":
    main()
