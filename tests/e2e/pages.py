#!/usr/bin/env python3
"""The pages in plain words: every command of them, as it is written, in one shell for each page. The first block sets the
reader's own values; here it is left out, and they are those of a ledger of this test. A block marked text is what the
commands before it print, '...' standing for anything."""

import fnmatch
import os
import re
import shutil
import socket
import subprocess
import sys

from indsigt import Ledger, Tap, event, wait_until

SOURCE = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
GO_PACKAGES = "/usr/share/gocode/src/golang.org/x/mod/sumdb/tlog"


def blocks(page):
    """[(commands, what they print or None)] of a page, without the first."""
    with open(os.path.join(SOURCE, "spec", page), encoding="utf-8") as file:
        found = re.findall(r"^```(sh|text)\n(.*?)^```$", file.read(), re.M | re.S)
    result = []
    for kind, text in found[1:]:
        if kind == "sh":
            result.append([text, None])
        else:
            result[-1][1] = text
    return result


class Shell:
    def __init__(self, place, environment):
        self.process = subprocess.Popen(["sh"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        cwd=place, env=environment, text=True)

    def start(self, commands):
        self.process.stdin.write(commands)
        self.process.stdin.flush()

    def run(self, commands):
        """(exit status of the last command, output of all)"""
        self.start(commands + "\nprintf '\\nstatus %d\\n' $?\n")
        lines = []
        while True:
            line = self.process.stdout.readline()
            if line == "" or line.startswith("status "):
                return line.strip() or "ended", "".join(lines)[:-1]
            lines.append(line)

    def close(self):
        """Ends the shell, and what it started."""
        self.start("kill $! 2>/dev/null; wait; exit\n")
        self.process.communicate()


def matches(output, wanted):
    """The output has these lines, one after the other, from some line on."""
    pattern = "".join("[[]" if letter == "[" else letter for letter in wanted.replace("...", "*"))
    return fnmatch.fnmatchcase("\n" + output, "*\n" + pattern.rstrip("\n") + "*")


def check(tap, page, shell, commands, wanted):
    name = "%s: %s" % (page, commands.strip().split("\n")[0])
    if "go run" in commands and ("INDSIGT_SHORT" in os.environ or shutil.which("go") is None or not os.path.isdir(GO_PACKAGES)):
        tap.skip(name, "needs Go and golang-golang-x-mod-dev")
        return
    if "go run" in commands:
        commands = 'export GOCACHE="$PWD/cache"; cd "%s"\n%scd - >/dev/null\n' % (SOURCE, commands)
    if commands.rstrip().endswith("&"):  # until it says that it is ready
        shell.start(commands)
        status, output = "status 0", shell.process.stdout.readline()
    else:
        status, output = shell.run(commands)
    if not tap.ok(status == "status 0" and (wanted is None or matches(output, wanted)), name):
        print("# %s\n%s" % (status, re.sub("^", "# ", output, flags=re.M)), flush=True)


def auditor(tap, ledger, environment):
    place = ledger.path("auditor")
    os.mkdir(place)
    shell = Shell(place, environment)
    shell.run("url=http://%s vkey='%s'" % (ledger.query, ledger.vkey))
    for commands, wanted in blocks("be-an-auditor.md"):
        check(tap, "auditor", shell, commands, wanted)
    shell.close()


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def witness(tap, ledger, environment):
    place = ledger.path("witness-of")
    os.mkdir(place)
    shell = Shell(place, environment)
    listen = "127.0.0.1:%d" % free_port()
    shell.run("name=witness.example.org/w1 listen=%s vkey='%s'" % (listen, ledger.vkey))
    for commands, wanted in blocks("be-a-witness.md"):
        if "curl" in commands:  # the operator has done what the page asks for
            ledger.stop()
            with open(os.path.join(place, "witness", "vkey"), encoding="utf-8") as file:
                key = file.read().strip()
            with open(os.path.join(ledger.dir, "witnesses"), "w", encoding="utf-8") as file:
                file.write("witness w1 %s http://%s\nquorum w1\n" % (key, listen))
            ledger.serve()
            wait_until(lambda: "\u2014 witness.example.org/w1 " in ledger.get("/checkpoint"), "the cosignature")
        check(tap, "witness", shell, commands, wanted)
    tap.ok('"state":"cosigns"' in ledger.get("/v1/coverage").replace(" ", ""), "witness: coverage says that it cosigns")
    shell.close()


def main():
    tap = Tap()
    ledger = Ledger(sys.argv[1], "log.example.org/access")
    path = os.path.dirname(ledger.indsigt) + ":" + os.environ["PATH"]
    environment = {**os.environ, "PATH": path, "LC_ALL": "C.UTF-8"}
    key = ledger.add_sender("one")
    ledger.serve()
    lines = "".join(event("cpr:0101701234", "opslag %d" % i) + "\n" for i in range(300))
    ledger.run("send", "--server", ledger.ingest, "--key", key, "-", stdin=lines)
    auditor(tap, ledger, environment)
    witness(tap, ledger, environment)
    ledger.remove()
    tap.done()


main()
