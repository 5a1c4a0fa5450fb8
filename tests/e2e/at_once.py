#!/usr/bin/env python3
"""Two do the same thing to a sender at once: one stands still before each call that changes something, or opens or maps a
file, while the other runs. One of them is heard, and no key that is registered is lost. (END-5)
usage: at_once.py INDSIGT DYING_CALL"""

import json
import os
import signal
import subprocess
import sys

from indsigt import Ledger, Tap, event

CALLS_MAX = 2000


class World:
    def __init__(self, indsigt, library):
        self.ledger, self.library, self.made = Ledger(indsigt), library, 0
        self.ledger.serve()

    def name(self, text):
        self.made += 1
        return "%s-%d" % (text, self.made)

    def senders(self):
        return json.loads(self.ledger.run("sender", "list", self.ledger.dir, "--json"))

    def start(self, at, command):
        """(the process, whether it stands still before its call `at`: else it has ended)"""
        process = subprocess.Popen([self.ledger.indsigt, *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True,
                                   env={**os.environ, "LD_PRELOAD": self.library, "DYING_CALL_AT": str(at),
                                        "DYING_CALL_SIGNAL": str(int(signal.SIGSTOP))})
        return process, os.waitid(os.P_PID, process.pid, os.WEXITED | os.WSTOPPED | os.WNOWAIT).si_code == os.CLD_STOPPED

    def end(self, process):
        process.send_signal(signal.SIGCONT)
        out, said = process.communicate()
        return process.returncode, out + said

    def both(self, at, first, second, second_at=CALLS_MAX):
        """(exit codes and words of both), the second started while the first stands still and ended after it; None: the
        first has fewer calls than `at`."""
        stopped, stands = self.start(at, first)
        if not stands:
            self.end(stopped)
            return None
        other, stands = self.start(second_at, second)
        if not stands:
            second = self.end(other)
            return self.end(stopped), second
        return self.end(stopped), self.end(other)

    def reports(self, key):
        return self.ledger.result("send", "--server", self.ledger.ingest, "--key", key, "-",
                                  stdin=event("cpr:0101701234", "a") + "\n").returncode == 0


def told(tap, wrong, at, what):
    tap.ok(not wrong and at > 5, "%s, the first standing still before each of %d calls" % (what, at - 1))
    for line in wrong[:10]:
        print("# " + " / ".join(line.split("\n")))


def rotations(tap, world):
    """By key file: whoever comes second leaves the new key alone, also if the first has not put it in its place yet."""
    wrong, calls, at = [], 0, 0
    for before_end in (0, 1, 2, 3):
        key = world.ledger.add_sender(world.name("rotated"))
        command = ("sender", "rotate", world.ledger.dir, "--key", key)
        for at in range(1, CALLS_MAX):
            ran = world.both(at, command, command, calls - before_end if before_end else CALLS_MAX)
            if ran is None:
                break
            if 0 not in (ran[0][0], ran[1][0]) or not world.reports(key) or os.path.exists(key + ".new"):
                wrong.append("%d, %d: %s" % (at, before_end, ran))
                key = world.ledger.add_sender(world.name("rotated"))
                command = ("sender", "rotate", world.ledger.dir, "--key", key)
        calls = at
    told(tap, wrong, at, "two 'sender rotate'")


def same_new_key(tap, world):
    """The new key is registered by another way while the command stands still: the only file that has it is not removed, and the command, or the
    same once more, puts it in its place."""
    wrong, at = [], 0
    key = world.ledger.add_sender(world.name("endorsed"))
    for at in range(1, CALLS_MAX):
        newest, path = world.senders()[-1], world.ledger.path(world.name("endorsement"))
        world.ledger.run("sender", "endorse", "--key", key, "--endorsement", path, "--follows", str(newest["entry"]),
                         "--change", str(newest["changes"] + 1), "--rotate", key + ".new")
        command = ("sender", "rotate", world.ledger.dir, "--key", key)
        ran = world.both(at, command, ("sender", "rotate", world.ledger.dir, "--endorsement", path))
        if ran is None:
            break
        if ran[0][0] != 0:
            world.ledger.result(*command)
        if ran[1][0] != 0 or not world.reports(key) or os.path.exists(key + ".new"):
            wrong.append("%d: %s" % (at, ran))
            key = world.ledger.add_sender(world.name("endorsed"))
    told(tap, wrong, at, "'sender rotate' with a new key that somebody else registers")


def registrations(tap, world):
    """With one new key file for both: what is registered is in it."""
    wrong, at = [], 0
    for at in range(1, CALLS_MAX):
        key, before = world.ledger.path(world.name("added.key")), len(world.senders())
        command = ("sender", "add", world.ledger.dir, "--name", "added", "--org", "cvr:55133018", "--key", key)
        ran = world.both(at, command, command)
        if ran is None:
            break
        if sorted(code == 0 for code, _ in ran) != [False, True] or not world.reports(key) or len(world.senders()) != before + 1:
            wrong.append("%d: %s" % (at, ran))
    told(tap, wrong, at, "two 'sender add' with one key file")


def endorsed_rotations(tap, world):
    """One file, applied from two shells, makes one entry, whoever of them is told so (END-6); and the file itself, with its new key, made by two."""
    wrong, at = [], 0
    key = world.ledger.add_sender(world.name("away"))
    for at in range(1, CALLS_MAX):
        newest = world.senders()[-1]
        place = ("--follows", str(newest["entry"]), "--change", str(newest["changes"] + 1))
        new, path = world.ledger.path(world.name("new")), world.ledger.path(world.name("endorsement"))
        world.ledger.run("sender", "endorse", "--key", key, "--endorsement", path, *place, "--rotate", new)
        command = ("sender", "rotate", world.ledger.dir, "--endorsement", path)
        ran = world.both(at, command, command)
        if ran is None:
            break
        os.replace(new, key)
        if 0 not in (ran[0][0], ran[1][0]) or world.senders()[-1]["changes"] != newest["changes"] + 1 or not world.reports(key):
            wrong.append("%d: %s" % (at, ran))
    told(tap, wrong, at, "one endorsement applied twice")
    wrong, at = [], 0
    world.ledger.run("sender", "rotate", world.ledger.dir, "--endorsement", path, check=False)
    key = world.ledger.add_sender(world.name("away"))
    for at in range(1, CALLS_MAX):
        newest = world.senders()[-1]
        place = ("--follows", str(newest["entry"]), "--change", str(newest["changes"] + 1))
        new, paths = world.ledger.path(world.name("new")), [world.ledger.path(world.name("endorsement")) for _ in range(2)]
        commands = [("sender", "endorse", "--key", key, "--endorsement", path, *place, "--rotate", new) for path in paths]
        ran = world.both(at, *commands)
        if ran is None:
            break
        made = [path for path, (code, _) in zip(paths, ran) if code == 0]
        applied = [world.ledger.result("sender", "rotate", world.ledger.dir, "--endorsement", path).returncode for path in made]
        os.replace(new, key)
        if 0 not in applied or world.senders()[-1]["changes"] != newest["changes"] + 1 or not world.reports(key):
            wrong.append("%d: %s %s" % (at, ran, applied))
    told(tap, wrong, at, "two 'sender endorse --rotate' with one new key file")


def main():
    tap = Tap()
    world = World(os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]))
    for case in (rotations, same_new_key, registrations, endorsed_rotations):
        case(tap, world)
    world.ledger.remove()
    tap.done()


main()
