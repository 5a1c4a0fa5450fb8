#!/usr/bin/env python3
"""A gateway that `indsigt serve` runs (DIR/gateway.json): what it says when it is ready, what is taken at its doors, what happens when it dies,
when certificates are read anew, and at the end; whose it is where the daemons have users; what is wrong about its file.
usage: serving_gateway.py INDSIGT"""

import errno
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys

from certificates import Authority, NoOpenssl
from fhir_door import FHIR, audit as resource
from gateway import HEAD, audit, counted
from indsigt import Ledger, Tap, event, wait_until
from users import INGEST, OTHER, QUERY, as_user, ids, opened

SUBJECT = "0101701234"
DOORS = ("syslog", "fhir", "http")


def configure(ledger, **members):
    members = {name.replace("_", "-"): value for name, value in members.items()}
    with open(os.path.join(ledger.dir, "gateway.json"), "w", encoding="utf-8") as file:
        json.dump(members, file)


def connect(ledger, door):
    host, port = ledger.doors[door].rsplit(":", 1)
    return socket.create_connection((host, int(port)), timeout=240)


def give(ledger, what):
    with connect(ledger, "syslog") as line:
        line.sendall(counted(HEAD + audit(SUBJECT, what)))


def post(ledger, door, path, kind, body):
    connection = http.client.HTTPConnection(ledger.doors[door], timeout=240)
    connection.request("POST", path, body, {"Content-Type": kind})
    status = connection.getresponse().status
    connection.close()
    return status


def said(ledger):
    with open(ledger.path("serve.log"), encoding="utf-8") as log:
        return log.read()


def shown(ledger):
    return {one["activity"] for one in ledger.who("cpr:" + SUBJECT)["accesses"]}


def seen(ledger, *what):
    wait_until(lambda: set(what) <= shown(ledger), "they are found: %s" % (what,))
    return True


def take(t, ledger):
    t.ok(tuple(ledger.doors) == ("ingest", "query") + DOORS, "GW-60: ready says where each door is: %s" % ledger.doors)
    give(ledger, "by syslog")
    t.ok(post(ledger, "fhir", "/fhir/AuditEvent", FHIR, json.dumps(resource(SUBJECT, "by FHIR"))) == 201, "an AuditEvent is taken")
    t.ok(post(ledger, "http", "/v1/events", "application/json", event("cpr:" + SUBJECT, "by HTTP")) == 201, "and an event")
    t.ok(seen(ledger, "by syslog", "by FHIR", "by HTTP"), "all are found under the person")


def begin_again(t, ledger):
    before = ledger.daemon("indsigt-gateway")
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: ledger.daemon("indsigt-gateway") not in (None, before), "it is started again")

    def given():
        try:
            give(ledger, "after its death")
            return True
        except ConnectionRefusedError:
            return False
    wait_until(given, "it listens again, where it did")
    t.ok(seen(ledger, "after its death"), "one that dies is started again, at the same doors")


def drain(t, ledger):
    """What is on its way at the end is in the spool, and goes on with the next start."""
    with connect(ledger, "syslog") as line:
        line.sendall(counted(HEAD + audit(SUBJECT, "at the end")))
        ledger.server.send_signal(signal.SIGTERM)
        t.ok(line.recv(1) == b"", "a line is told that it ends")
    code = ledger.server.wait(240)
    ledger.stop()
    t.ok(code == 0 and "cleanly" not in said(ledger), "all of it ends cleanly: %d" % code)
    ledger.serve()
    t.ok(seen(ledger, "at the end"), "what had come by then is reported")


def refuse(t, ledger):
    """Each is said by its name."""
    key = {"key": "gateway/key.json"}
    for members, words in (({"syslog": "127.0.0.1:0"}, "key"), ({**key, "sislog": "127.0.0.1:0"}, "sislog"), ({"keys": "gateway/key.json"}, "keys"), ({**key, "server": "127.0.0.1:1"}, "server"),
                           ({**key, "syslog": 6514}, "syslog: a text"), ({**key, "plain-syslog": "yes"}, "plain-syslog: true"), (key, "no door"),
                           ({**key, "0101701234": "x"}, "gateway.json: ?"), ([], "gateway.json"), ({**key, "syslog": "127.0.0.1:0", "syslog-cert": "x.crt"}, "--syslog-key")):
        with open(os.path.join(ledger.dir, "gateway.json"), "w", encoding="utf-8") as file:
            json.dump(members, file)
        result = ledger.result("serve", ledger.dir, "--ingest", "127.0.0.1:0", "--query", "127.0.0.1:0")
        t.ok(result.returncode in (1, 2) and words in result.stderr and "ready" not in result.stdout and "usage:" not in result.stderr,
             "GW-60: %s: %d %s" % (json.dumps(members), result.returncode, next((line for line in result.stderr.split("\n") if words in line), result.stderr)))
    # what is looked for again is said once
    configure(ledger, key="gateway/other.json", syslog="127.0.0.1:0")
    result = ledger.result("serve", ledger.dir, "--ingest", "127.0.0.1:0", "--query", "127.0.0.1:0")
    told = [line for line in result.stderr.split("\n") if "other.json" in line]
    t.ok(result.returncode == 4 and len(told) == 1 and told[0].startswith("indsigt-gateway: "), "what it lacks for long is said once: %d %s" % (result.returncode, " / ".join(told)))


def by_tls(t, ledger):
    """It believes the certificate that ingest shows, and begins anew with the next."""
    try:
        one = Authority(ledger.path("ca")).issue("one")
    except NoOpenssl as why:
        t.skip("a gateway beside an ingest that speaks TLS", str(why))
        return
    doors = {"key": "gateway/key.json", "syslog": "127.0.0.1:0"}
    configure(ledger, **doors, fhir="127.0.0.1:0", fhir_cert=one.certificate, fhir_key=one.key)
    ledger.serve()
    now = ledger.daemon("indsigt-gateway")
    ledger.server.send_signal(signal.SIGHUP)
    wait_until(lambda: "were read anew" in said(ledger), "the gateway has its certificate read anew")
    give(ledger, "after a signal")
    t.ok(seen(ledger, "after a signal") and ledger.daemon("indsigt-gateway") == now, "SIGHUP is passed on, and it goes on")
    ledger.stop()
    configure(ledger, **doors)
    ledger.ca = ledger.path("ca/ca.crt")
    ledger.serve("--tls-cert", one.certificate, "--tls-key", one.key)
    give(ledger, "over TLS")
    t.ok(seen(ledger, "over TLS"), "ingest speaks TLS, and the gateway believes its certificate")
    before = ledger.daemon("indsigt-gateway")
    ledger.server.send_signal(signal.SIGHUP)
    wait_until(lambda: ledger.daemon("indsigt-gateway") not in (None, before), "it begins anew")
    t.ok(said(ledger).count("indsigt-gateway ended") == 1, "which is not said to be a death")
    ledger.stop()
    reload_early(t, ledger, one)
    configure(ledger, **doors)
    ledger.ca = None


def told_to_wait(path):
    """Somebody has it open to read, and has got nothing yet."""
    try:
        return os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        return None


def is_told_to_end(pid):
    with open("/proc/%d/status" % pid, encoding="utf-8") as status:
        pending = next(line.split()[1] for line in status if line.startswith("ShdPnd:"))
    return int(pending, 16) >> (signal.SIGTERM - 1) & 1


def reload_early(t, ledger, one):
    """Certificates are read anew while the gateway has not come to listen yet."""
    slow = ledger.path("slow.crt")
    os.mkfifo(slow)
    configure(ledger, key="gateway/key.json", syslog="127.0.0.1:0", syslog_cert=slow, syslog_key=one.key)
    ledger.begin("--tls-cert", one.certificate, "--tls-key", one.key)
    writer = wait_until(lambda: told_to_wait(slow), "the gateway reads its certificate")
    first = ledger.daemon("indsigt-gateway")
    ledger.server.send_signal(signal.SIGHUP)
    wait_until(lambda: is_told_to_end(first), "it is told to begin anew")
    shutil.copy(one.certificate, slow + ".new")
    os.rename(slow + ".new", slow)
    os.close(writer)
    try:
        ledger.ready()
        t.ok(ledger.daemon("indsigt-gateway") != first, "GW-60: SIGHUP before it has ever listened has it begin anew, and ends nothing")
    except RuntimeError as why:
        t.ok(False, "GW-60: SIGHUP before it has ever listened has it begin anew, and ends nothing: %s" % why)
    ledger.stop()


def by_users(t, ledger):
    users = ("--ingest-user", INGEST, "--query-user", QUERY)
    if os.geteuid() != 0:
        t.skip("GW-61: the gateway has a user of its own", "only root can start it as another")
        return
    os.chmod(ledger.place, 0o711)
    for more, words in ((), "--gateway-user"), (("--gateway-user", QUERY), "a third user"):
        result = ledger.result("serve", ledger.dir, "--ingest", "127.0.0.1:0", "--query", "127.0.0.1:0", *users, *more)
        t.ok(result.returncode == 2 and words in result.stderr, "GW-61: %s: %s" % (" ".join(more) or "no user for it", result.stderr.split("\n")[0]))
    os.chmod(ledger.dir, 0o700)
    result = ledger.result("serve", ledger.dir, "--ingest", "127.0.0.1:0", "--query", "127.0.0.1:0", *users, "--gateway-user", OTHER)
    t.ok(result.returncode == 4 and "chmod o+x" in result.stderr, "a ledger that is closed to it is said, and what to do: %s" % result.stderr.split("\n")[0])
    os.chmod(ledger.dir, os.stat(ledger.dir).st_mode & 0o7777 | 0o001)
    ledger.serve(*users, "--gateway-user", OTHER)
    give(ledger, "as another user")
    t.ok(seen(ledger, "as another user"), "with a user of its own it takes what comes")
    with open("/proc/%d/status" % ledger.daemon("indsigt-gateway"), encoding="utf-8") as status:
        uids = [line.split()[1:] for line in status if line.startswith("Uid:")]
    t.ok(uids == [[str(ids(OTHER)[0])] * 4], "with that user's ids alone")
    files = [os.path.join(folder, name) for folder, _, names in os.walk(ledger.dir) for name in names]
    mine = [path for path in files if path.startswith(os.path.join(ledger.dir, "gateway") + os.sep)]
    sealed = [path for path in files if "/keys/" in path or "/store/" in path or "/filed/" in path]
    t.ok(not as_user(OTHER, lambda: opened(sealed, os.O_RDONLY)) and sealed, "GW-61: it can read nothing of store and keys")
    t.ok(set(as_user(OTHER, lambda: opened(mine, os.O_RDWR))) == set(mine) and mine, "and everything of its own")
    t.ok(not as_user(QUERY, lambda: opened(mine, os.O_RDONLY)), "which queryd's user cannot")
    rows = {line.split()[0]: line.split()[3:] for line in ledger.run("own", ledger.dir).splitlines()[1:]}
    t.ok(rows["gateway/key.json"] == ["-", "-", "read,", "write", "-"], "own shows it: %s" % rows.get("gateway/key.json"))
    ledger.stop()


def main():
    t = Tap()
    ledger = Ledger(sys.argv[1])
    try:
        os.makedirs(os.path.join(ledger.dir, "gateway"), mode=0o700)
        ledger.run("sender", "add", ledger.dir, "--name", "Arkiv", "--org", "cvr:55133018", "--key", os.path.join(ledger.dir, "gateway", "key.json"))
        configure(ledger, key="gateway/key.json", **{door: "127.0.0.1:0" for door in DOORS})
        ledger.serve()
        take(t, ledger)
        begin_again(t, ledger)
        drain(t, ledger)
        ledger.stop()
        by_tls(t, ledger)
        by_users(t, ledger)
        refuse(t, ledger)
    finally:
        ledger.remove()
    t.done()


if __name__ == "__main__":
    main()
