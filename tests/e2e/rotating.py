#!/usr/bin/env python3
"""indsigt send --follow, with a real ledger: files that grow and are rotated in every way, while the sender is killed
again and again. Each line is in the ledger once, or was said to be lost.
usage: rotating.py INDSIGT [PART...]"""

import collections
import json
import os
import shutil
import signal
import subprocess
import sys
import threading

from indsigt import Ledger, Tap, event, wait_until

SUBJECT = "cpr:0101701001"


class Sender:
    """indsigt send --follow."""

    def __init__(self, ledger, key, *files, options=(), environment=None):
        self.spool = key + ".spool"
        self.stderr = key + ".err"
        self.files = files
        with open(self.stderr, "ab") as err:
            self.process = subprocess.Popen([ledger.indsigt, "send", "--server", ledger.ingest, "--key", key, "--follow",
                                             *options, *files], stdout=subprocess.DEVNULL, stderr=err, stdin=subprocess.DEVNULL, env=environment)

    def said(self):
        with open(self.stderr, encoding="utf-8") as file:
            return file.read()

    def state(self):
        try:
            with open(os.path.join(self.spool, "followed.json"), encoding="utf-8") as file:
                return json.load(file)["files"]
        except FileNotFoundError:
            return []

    def at_end(self, path):
        """It is at the end of the file that has this name, and so is what it says of it, and of all that it still has."""
        offsets = {file["inode"]: file["offset"] for file in self.state()}
        sizes = {str(entry.stat().st_ino): entry.stat().st_size for entry in os.scandir(os.path.dirname(path))}
        return (str(os.stat(path).st_ino) in offsets
                and all(sizes.get(inode, offset) == offset for inode, offset in offsets.items()))

    def until_end(self, path):
        wait_until(lambda: self.process.poll() is not None or self.at_end(path), "all of %s was read" % path)

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(240)


class Writer:
    """A program that writes a log: whole lines, into what is open."""

    def __init__(self, path):
        self.path = path
        self.lines = []
        self.file = open(path, "ab", buffering=0)

    def line(self, text):
        self.lines.append(text)
        self.file.write(event(SUBJECT, text).encode() + b"\n")

    def many(self, count, word):
        for i in range(count):
            self.line("%s %d" % (word, i))

    def reopen(self):
        self.file.close()
        self.file = open(self.path, "ab", buffering=0)


def shown(ledger):
    """How often each activity is in the ledger."""
    ledger.run("epoch", ledger.dir)
    return collections.Counter(access.get("event", access)["activity"] for access in ledger.who(SUBJECT)["accesses"])


def whole(tap, ledger, lines, name):
    got = shown(ledger)
    wanted = collections.Counter(lines)
    missing, more = wanted - got, got - wanted
    tap.ok(not missing and not more, "%s: each line is in the ledger once (%d lines, %d missing, %d more: %s)" % (
        name, len(lines), missing.total(), more.total(), list((missing + more).items())[:3]))


def place(ledger, name):
    os.mkdir(ledger.path(name))
    return os.path.join(ledger.path(name), "audit.log")


def growing(tap, ledger, lines):
    """SND-34, SND-35: it waits for the file, half a line waits for its end, equal lines are all sent."""
    key = ledger.add_sender("growing")
    path = place(ledger, "growing")
    sender = Sender(ledger, key, path)
    wait_until(lambda: "is not there yet" in sender.said(), "it waits for the file")
    writer = Writer(path)
    writer.many(20, "growing")
    for _ in range(3):
        writer.line("growing, equal")
    sender.until_end(path)
    half = event(SUBJECT, "growing, in halves").encode()
    before = os.path.getsize(path)
    writer.file.write(half[:40])
    wait_until(lambda: any(file["size"] == before + 40 for file in sender.state()), "half a line is seen")
    tap.ok(all(file["offset"] == before for file in sender.state()), "half a line is not taken")
    writer.file.write(half[40:] + b"\n")
    writer.lines.append("growing, in halves")
    sender.until_end(path)
    state = os.path.join(sender.spool, "followed.json")
    tap.ok(os.stat(state).st_mode & 0o777 == 0o600, "what it remembers of files is its own")
    with open(state, encoding="utf-8") as file:
        text = file.read()
    tap.ok("growing," not in text and "cpr" not in text, "and says nothing of what they say")
    tap.ok(sender.stop() == 0, "it ends in order: " + sender.said())
    lines += writer.lines
    whole(tap, ledger, lines, "a file that grows")
    sender = Sender(ledger, key, path)
    writer.line("growing, equal")
    sender.until_end(path)
    tap.ok(sender.stop() == 0, "it goes on where it was: " + sender.said())
    lines.append("growing, equal")
    whole(tap, ledger, lines, "one more equal line after that")
    result = ledger.result("send", "--server", ledger.ingest, "--key", key, path)
    tap.ok(result.returncode == 0 and "25 messages sent before" in result.stderr,
           "given as a file none of it is sent again: " + result.stderr)


def before(tap, ledger, lines):
    """SND-35: what was sent as a file before is not sent again when it is followed."""
    key = ledger.add_sender("before")
    path = place(ledger, "before")
    writer = Writer(path)
    writer.many(10, "before")
    ledger.run("send", "--server", ledger.ingest, "--key", key, path)
    writer.many(10, "before, later")
    sender = Sender(ledger, key, path)
    sender.until_end(path)
    tap.ok(sender.stop() == 0, "it follows a file that was sent before: " + sender.said())
    lines += writer.lines
    whole(tap, ledger, lines, "a file that was sent before")


def rotations(tap, ledger, lines):
    """SND-36: by rename (the writer goes on in the old file for a while), by copying and cutting, by a new name."""
    key = ledger.add_sender("rotations")
    path = place(ledger, "rotations")
    link = os.path.join(os.path.dirname(path), "current")
    writer = Writer(path)
    writer.many(30, "first")
    os.symlink("audit.log", link)
    sender = Sender(ledger, key, path, os.path.join(os.path.dirname(path), "dated-*.log"), link)
    sender.until_end(path)
    os.rename(path, path + ".1")
    writer.many(10, "still in the old one")
    old = writer.file
    writer.file = open(path, "ab", buffering=0)
    writer.many(10, "in the new one")
    old.write(event(SUBJECT, "last in the old one").encode() + b"\n")
    writer.lines.append("last in the old one")
    old.close()
    sender.until_end(path)
    shutil.copyfile(path, path + ".2")
    os.truncate(path, 0)
    writer.many(25, "behind the cut")
    sender.until_end(path)
    for day in range(3):
        dated = Writer(os.path.join(os.path.dirname(path), "dated-%d.log" % day))
        dated.many(10, "day %d" % day)
        lines += dated.lines
        sender.until_end(dated.path)
    target = Writer(path + ".other")
    target.many(5, "behind the link")
    lines += target.lines
    os.symlink("audit.log.other", link + ".new")
    os.rename(link + ".new", link)
    sender.until_end(target.path)
    tap.ok(sender.stop() == 0, "it ends in order: " + sender.said())
    lines += writer.lines
    tap.ok("LOST" not in sender.said(), "nothing is lost")
    whole(tap, ledger, lines, "three kinds of rotation, and a link")


def away(tap, ledger, lines):
    """SND-37: what is rotated while nobody runs."""
    key = ledger.add_sender("away")
    path = place(ledger, "away")
    writer = Writer(path)
    writer.many(10, "away")
    sender = Sender(ledger, key, path)
    sender.until_end(path)
    tap.ok(sender.stop() == 0, "it ends: " + sender.said())
    for rotation in range(3):
        writer.many(5, "away, before %d" % rotation)
        for number in range(rotation, 0, -1):
            os.rename("%s.%d" % (path, number), "%s.%d" % (path, number + 1))
        os.rename(path, path + ".1")
        writer.reopen()
        writer.many(5, "away, behind %d" % rotation)
    sender = Sender(ledger, key, path)
    sender.until_end(path)
    tap.ok(sender.stop() == 0, "three rotations are made up for: " + sender.said())
    writer.many(5, "away, cut")
    shutil.copyfile(path, path + ".copy")
    os.truncate(path, 0)
    writer.many(5, "away, behind the cut")
    sender = Sender(ledger, key, path)
    sender.until_end(path)
    tap.ok(sender.stop() == 0, "so is a cut, whose copy is there: " + sender.said())
    lines += writer.lines
    whole(tap, ledger, lines, "rotated while nobody ran")
    writer.line("lost")
    os.truncate(path, 0)
    writer.line("not lost")
    sender = Sender(ledger, key, path)
    sender.until_end(path)
    wait_until(lambda: "LOST" in sender.said(), "what is nowhere is told")
    tap.ok(sender.stop() == 1 and "LOST" in sender.said(), "a cut without a copy is told: " + sender.said())
    lines.append("not lost")
    whole(tap, ledger, lines, "a cut without a copy")


def places(sender):
    return sorted((file["mark"], file["number"]) for file in sender.state() if file["number"] > 0)


def killed(tap, ledger, lines):
    """Ten kills under load, with rotation by rename in between."""
    key = ledger.add_sender("killed")
    path = place(ledger, "killed")
    writer = Writer(path)
    writing = threading.Event()
    rotated = [0]

    def write():
        i = 0
        while not writing.is_set():
            writer.line("killed %d" % (i // 2))  # each twice
            i += 1
            if i % 150 == 0:
                rotated[0] += 1
                os.rename(path, "%s.%d" % (path, rotated[0]))
                writer.reopen()
            writing.wait(0.0005)  # it goes on until the last kill

    sender = Sender(ledger, key, path)
    wait_until(sender.state, "it has found the file")
    sender.stop(signal.SIGKILL)
    thread = threading.Thread(target=write)
    thread.start()
    journal = os.path.join(sender.spool, "journal")
    for i in range(10):
        had, size = places(sender), os.path.getsize(journal)
        sender = Sender(ledger, key, path)
        if i % 2 == 0:  # what it took is durable, and how far it came is not written yet
            wait_until(lambda: sender.process.poll() is not None or os.path.getsize(journal) > size + 20000, "it has sent something")
        else:
            wait_until(lambda: sender.process.poll() is not None or places(sender) != had, "it has written down how far it came")
        sender.stop(signal.SIGKILL)
    writing.set()
    thread.join()
    sender = Sender(ledger, key, path)
    sender.until_end(path)
    tap.ok(sender.stop() == 0, "it ends in order: " + sender.said()[-2000:])
    tap.ok("LOST" not in sender.said(), "nothing is lost in %d rotations" % rotated[0])
    lines += writer.lines
    whole(tap, ledger, lines, "ten kills")


def refused(tap, ledger, lines):
    """SND-38: what is refused stands there once, and can be sent; two that are equal are two."""
    key = ledger.add_sender("refused")
    path = place(ledger, "refused")
    writer = Writer(path)
    bad = event(SUBJECT, "without a purpose", purpose=None).encode() + b"\n"
    sender = Sender(ledger, key, path)
    writer.file.write(bad)
    sender.until_end(path)
    tap.ok(sender.stop() == 1, "a refused line is told at the end")
    sender = Sender(ledger, key, path)
    writer.file.write(bad)
    sender.until_end(path)
    sender.stop()
    rejected = os.path.join(sender.spool, "rejected.jsonl")
    with open(rejected, encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    tap.ok(len(rows) == 2 and rows[0]["input"] == path and rows[0]["run"] == rows[1]["run"]
           and [row["number"] for row in rows] == [1, 2], "both stand there: %r" % [{k: row[k] for k in ("input", "number", "run")} for row in rows])
    for row in rows:
        row["message"] = row["message"].replace('"activity"', '"purpose": "sagsbehandling", "activity"')
    with open(ledger.path("mended.jsonl"), "w", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    ledger.run("send", "--server", ledger.ingest, "--key", key, ledger.path("mended.jsonl"))
    lines += 2 * ["without a purpose"]
    whole(tap, ledger, lines, "mended")
    result = ledger.result("send", "--server", ledger.ingest, "--key", key, "--follow", rejected)
    tap.ok(result.returncode == 2 and "refused messages" in result.stderr, "its own refused messages are not followed: " + result.stderr)
    other = os.path.join(os.path.dirname(path), "other.log")
    shutil.copyfile(os.path.join(os.path.dirname(os.path.abspath(__file__)), "tap.sh"), other)
    with open(other, "w", encoding="utf-8") as file:
        file.write('<?xml version="1.0"?>\n<AuditMessage>\n</AuditMessage>\n')
    sender = Sender(ledger, key, other)
    wait_until(lambda: "use --format dicom" in sender.said(), "what is in another format is said")
    tap.ok(sender.stop() == 1, "a file in another format is left as it is")


def fhir(word):
    return {"resourceType": "AuditEvent", "type": {"code": "rest"}, "subtype": [{"code": "read", "display": word}], "action": "R",
            "recorded": "2026-11-20T08:15:30Z", "outcome": "0", "purposeOfEvent": [{"text": "sagsbehandling"}],
            "agent": [{"requestor": True, "who": {"identifier": {"value": "u1"}}}], "source": {"observer": {"display": "KSD"}},
            "entity": [{"what": {"identifier": {"system": "urn:oid:1.2.208.176.1.2", "value": "0101701001"}}, "role": {"code": "1"}}]}


def documents(tap, ledger, lines):
    """SND-35: FHIR over many lines, within an array that never ends, killed each time."""
    key = ledger.add_sender("documents")
    path = place(ledger, "documents")
    before = shown(ledger).total()
    count = 0
    with open(path, "w", encoding="utf-8") as file:
        file.write("[")
    for i in range(6):
        sender = Sender(ledger, key, path, options=("--format", "fhir"))
        journal = os.path.join(sender.spool, "journal")
        wait_until(lambda: sender.process.poll() is not None or any(file["size"] == os.path.getsize(path) for file in sender.state()), "it is there")
        size = os.path.getsize(journal)
        with open(path, "a", encoding="utf-8") as file:
            bundle = {"resourceType": "Bundle", "type": "batch", "entry": [{"resource": fhir("in a bundle")}, {"resource": fhir("in a bundle")}]}
            for document in (fhir("alone"), bundle):
                file.write(json.dumps(document, indent=1) + ",\n")
        count += 3
        wait_until(lambda: sender.process.poll() is not None or os.path.getsize(journal) > size, "it has taken something")
        sender.stop(signal.SIGKILL)
    sender = Sender(ledger, key, path, options=("--format", "fhir"))
    wait_until(lambda: sender.process.poll() is not None or any(file["size"] == os.path.getsize(path) for file in sender.state()), "it has seen all")
    wait_until(lambda: shown(ledger).total() == before + count, "all documents are there")
    tap.ok(all(file["offset"] == 0 for file in sender.state()), "within an array reading is not begun")
    tap.ok(sender.stop() == 0, "it ends in order: " + sender.said())
    got = shown(ledger)
    tap.ok(got.total() == before + count, "documents are there once: %d of %d" % (got.total() - before, count))
    more = got - collections.Counter(lines)
    lines += list(more.elements())


def unreachable(tap, ledger, lines):
    """SND-36: while there is no ledger nothing is read, and no file is lost."""
    key = ledger.add_sender("unreachable")
    path = place(ledger, "unreachable")
    writer = Writer(path)
    sender = Sender(ledger, key, path)
    writer.many(10, "unreachable")
    sender.until_end(path)
    ledger.stop()
    for i in range(3):
        writer.many(10, "unreachable, %d" % i)
        os.rename(path, "%s.%d" % (path, i))
        writer.reopen()
        wait_until(lambda: any(file["inode"] == str(os.stat(path).st_ino) for file in sender.state()), "the next file is found")
    tap.ok(sender.stop() == 3, "what is not sent is told: " + sender.said())
    ledger.serve()
    sender = Sender(ledger, key, path)
    writer.line("unreachable, last")
    sender.until_end(path)
    tap.ok(sender.stop() == 0, "and sent later: " + sender.said())
    lines += writer.lines
    whole(tap, ledger, lines, "without a ledger")


def failing(tap, ledger, lines):
    """A disk that has names and sizes, and does not give what is in the files: told once, and read when it does."""
    if "INDSIGT_FAILING_CALL" not in os.environ:
        tap.skip("a disk that cannot be read", "the library that does it was not named")
        return
    key = ledger.add_sender("failing")
    path = place(ledger, "failing")
    flag = ledger.path("disk-cannot-be-read")
    sender = Sender(ledger, key, path, environment={**os.environ, "LD_PRELOAD": os.environ["INDSIGT_FAILING_CALL"], "FAILING_READ": flag})
    writer = Writer(path)
    writer.many(10, "failing")
    sender.until_end(path)
    for turn in range(2):
        with open(flag, "w", encoding="ascii"):
            pass
        for i in range(5):
            writer.line("failing, not read %d" % i)
            wait_until(lambda: any(file["size"] == os.path.getsize(path) for file in sender.state()), "it has seen that it grew")
        os.remove(flag)
        sender.until_end(path)
        told = sender.said().count("cannot be read: Input/output error; it is tried again")
        tap.ok(told == turn + 1, "that it cannot be read is told once: " + sender.said())
    tap.ok(sender.stop() == 0, "it goes on when it can be read: " + sender.said())
    lines += writer.lines
    whole(tap, ledger, lines, "a disk that could not be read")


def counted(tap, ledger, lines):
    """What is counted gives its turn to the next while it cannot be looked at."""
    if "INDSIGT_FAILING_CALL" not in os.environ:
        tap.skip("a counted file that cannot be read", "the library that does it was not named")
        return
    key = ledger.add_sender("counted")
    path = place(ledger, "counted")
    endless, lost = path + ".endless", ledger.path("lost")
    with open(endless, "wb") as file:
        file.truncate(1 << 40)
    writer = Writer(path)
    writer.line("counted, behind what cannot be read")
    sender = Sender(ledger, key, endless, path, environment={**os.environ, "LD_PRELOAD": os.environ["INDSIGT_FAILING_CALL"], "FAILING_STAT": lost})

    def is_read():
        files = "/proc/%d/fd" % sender.process.pid
        for number in os.listdir(files):
            try:
                if os.path.realpath(os.path.join(files, number)) == os.path.realpath(endless):
                    with open("/proc/%d/fdinfo/%s" % (sender.process.pid, number), encoding="ascii") as file:
                        return int(file.readline().split()[1]) > 0
            except FileNotFoundError:  # closed meanwhile
                pass
        return False
    wait_until(is_read, "the first file is being read")
    os.symlink(endless, lost)
    wait_until(lambda: "cannot be read" in sender.said(), "it cannot be looked at")
    lines += writer.lines
    wait_until(lambda: shown(ledger)[lines[-1]] == 1, "the next file has its turn")
    tap.ok(sender.stop() == 3, "the next one has its turn: " + sender.said())
    whole(tap, ledger, lines, "beside a counted file that cannot be read")


def logrotate(tap, ledger, lines):
    """Debian's logrotate itself, both ways."""
    program = shutil.which("logrotate") or "/usr/sbin/logrotate"
    if not os.path.exists(program):
        tap.skip("logrotate", "logrotate is not installed")
        return
    for way in ("create", "copytruncate"):
        key = ledger.add_sender("logrotate-" + way)
        path = place(ledger, "logrotate-" + way)
        os.chmod(os.path.dirname(path), 0o755)
        writer = Writer(path)
        sender = Sender(ledger, key, path)
        wait_until(sender.state, "it has found the file")
        config = ledger.path(way + ".conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write("%s {\n rotate 20\n size 1\n %s\n}\n" % (path, way))
        os.chmod(config, 0o644)
        for i in range(6):
            writer.many(40, "%s %d" % (way, i))
            if way == "copytruncate" and i % 2 == 0:
                sender.until_end(path)
            done = subprocess.run([program, "-s", ledger.path(way + ".state"), config], stderr=subprocess.PIPE, text=True, check=False)
            if done.returncode != 0:
                tap.ok(False, "logrotate: " + done.stderr)
            if way == "create":
                writer.reopen()
        writer.line(way + ", last")
        sender.until_end(path)
        tap.ok(sender.stop() == 0, "logrotate, %s: %s" % (way, sender.said()))
        lines += writer.lines
        whole(tap, ledger, lines, "logrotate, " + way)


def main():
    tap = Tap()
    ledger = Ledger(sys.argv[1])
    lines = []
    try:
        ledger.serve()
        for part in (growing, before, rotations, away, killed, refused, documents, unreachable, failing, counted, logrotate):
            if part.__name__ in sys.argv[2:] or len(sys.argv) == 2:
                part(tap, ledger, lines)
        code, said = ledger.audit()
        tap.ok(code == 0, "the ledger is as it should be: " + said)
    finally:
        ledger.remove()
    tap.done()


if __name__ == "__main__":
    main()
