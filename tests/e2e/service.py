#!/usr/bin/env python3
"""The unit of systemd: understood by systemd, and no tighter than the ledger can live with. usage: service.py INDSIGT"""

import os
import re
import shutil
import subprocess
import sys

from indsigt import Ledger, Tap, event

# System users that every Debian has, in place of the service's own.
INGEST, QUERY = "daemon", "games"
SUBJECT = "cpr:0101701234"


def value(unit, name):
    return " ".join(re.findall(r"^%s=(.*)$" % name, unit, re.M))


def follows(tap, indsigt, place):
    """The unit that follows logs."""
    path = os.path.join(os.path.dirname(indsigt), "..", "service", "indsigt-follow@.service")
    with open(path, encoding="utf-8") as file:
        unit = file.read()
    command = value(unit, "ExecStart")
    usage = subprocess.run([indsigt, "send", "--help"], capture_output=True, text=True, check=True).stdout
    options = set(re.findall(r"--[a-z-]+", command))
    tap.ok(options == {"--key", "--follow"} and all(option in usage for option in options), "send takes what it is called with: %s" % command)
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "service", "sysusers-follow.conf")
    with open(source, encoding="utf-8") as file:
        users = re.findall(r"^u (\S+)", file.read(), re.M)
    tap.ok(users == [value(unit, "User")], "the user that it names is made: %s" % users)
    understood(tap, path, re.sub(r"^User=.*$", "User=daemon", unit, flags=re.M), place)


def understood(tap, path, unit, place):
    """By systemd itself, with a program and users that are there."""
    if shutil.which("systemd-analyze") is None:
        tap.skip("systemd understands the unit", "there is no systemd-analyze")
        return
    copy = os.path.join(place, os.path.basename(path))
    program = value(unit, "ExecStart").split()[0]
    with open(copy, "w", encoding="utf-8") as file:
        file.write(unit.replace(program, "/bin/true"))
    result = subprocess.run(["systemd-analyze", "verify", "--man=no", copy], capture_output=True, text=True, timeout=60, check=False)
    said = [line for line in result.stderr.splitlines() if "indsigt" in line]
    if result.returncode != 0 and not said:
        tap.skip("systemd understands the unit", "systemd-analyze does not work here: %s" % result.stderr.strip()[-100:])
        return
    tap.ok(result.returncode == 0 and not said, "systemd understands %s: %s" % (os.path.basename(path), said or "all of it"))


def tight(tap, ledger, unit):
    """All that the unit leaves of root's rights is enough, from the hand-over to the end."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        tap.skip("serve lives with the capabilities that the unit leaves", "that takes root, and setpriv")
        return
    caps = ",".join("+" + cap[4:].lower() for cap in value(unit, "CapabilityBoundingSet").split())
    os.chmod(ledger.place, 0o711)
    key = ledger.add_sender("KSD")
    program = ledger.indsigt
    script = ledger.path("as-the-unit")
    with open(script, "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\numask %s\nexec setpriv --bounding-set=-all,%s --inh-caps=-all --no-new-privs '%s' \"$@\"\n" %
                   (value(unit, "UMask"), caps, program))
    os.chmod(script, 0o755)
    ledger.indsigt = script
    ledger.serve("--ingest-user", INGEST, "--query-user", QUERY)
    ledger.indsigt = program
    sent = ledger.result("send", "--server", ledger.ingest, "--key", key, "-", stdin=event(SUBJECT, "opslag") + "\n")
    ledger.run("epoch", ledger.dir)
    token = ledger.run("token", ledger.dir, SUBJECT).strip()
    said = ledger.result("who", SUBJECT, "--ledger", "http://" + ledger.query, "--token", token)
    tap.ok(sent.returncode == 0 and "opslag" in said.stdout, "with %s events are taken in and answered: %s" % (caps, (sent.stderr + said.stderr).strip()))
    server = ledger.server
    ledger.stop()
    tap.ok(server.returncode == 0, "and it ends cleanly: %d" % server.returncode)


def gateway(tap, indsigt, source, place):
    """The other unit: a gateway's."""
    path = os.path.join(os.path.dirname(indsigt), "..", "service", "indsigt-gateway.service")
    with open(path, encoding="utf-8") as file:
        unit = file.read()
    understood(tap, path, unit, place)
    usage = subprocess.run([indsigt, "gateway", "--help"], capture_output=True, text=True, check=True).stdout
    options = re.findall(r"--[a-z-]+", value(unit, "ExecStart"))
    tap.ok(options == ["--key", "--spool"] and all(option in usage for option in options), "the gateway takes what it is called with: %s" % options)
    with open(os.path.join(source, "sysusers-gateway.conf"), encoding="utf-8") as file:
        users = re.findall(r"^u (\S+)", file.read(), re.M)
    tap.ok(users == [value(unit, "User")] and value(unit, "ExecStart").split("--spool ")[1].startswith("/var/lib/" + value(unit, "StateDirectory")),
           "as a user that is made, in a place that is: %s" % users)


def main():
    tap = Tap()
    indsigt = os.path.abspath(sys.argv[1])
    path = os.path.join(os.path.dirname(indsigt), "..", "service", "indsigt.service")
    unit = open(path, encoding="utf-8").read()
    command = value(unit, "ExecStart")
    options = set(re.findall(r"--[a-z-]+", command))
    usage = subprocess.run([indsigt, "serve", "--help"], capture_output=True, text=True, check=True).stdout
    tap.ok(options == {"--ingest-user", "--query-user"} and all(option in usage for option in options), "serve takes what it is called with: %s" % command)
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "service")
    users = re.findall(r"^u (\S+)", open(os.path.join(source, "sysusers.conf"), encoding="utf-8").read(), re.M)
    tap.ok(sorted(users) == sorted(re.findall(r"-user (\S+)", command)), "the users that it names are made: %s" % users)
    made = re.findall(r"^d (\S+)", open(os.path.join(source, "tmpfiles.conf"), encoding="utf-8").read(), re.M)
    tap.ok(value(unit, "ReadWritePaths") in made and all(place in command for place in made), "and the place where the ledger is: %s" % made)
    ledger = Ledger(indsigt)
    understood(tap, path, unit, ledger.place)
    gateway(tap, indsigt, source, ledger.place)
    tight(tap, ledger, unit)
    follows(tap, indsigt, ledger.place)
    ledger.remove()
    tap.done()


main()
