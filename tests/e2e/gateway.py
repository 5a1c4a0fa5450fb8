#!/usr/bin/env python3
"""The door for syslog, as senders use it: what they hand over is found under the right person, or among the refused ones with
its reason; lines that break off, and come again; TLS; kills; and the daemons of Debian.
usage: gateway.py INDSIGT GATEWAY [PART...]"""

import json
import os
import resource
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import syslog_daemons
from certificates import Authority, NoOpenssl
from indsigt import Ledger, Tap, event, wait_until

HEAD = "<85>1 2026-11-20T08:00:00Z pacs.example.dk app 123 IHE+RFC-3881 - "


def audit(subject, what, extra=""):
    """A DICOM audit message on one line; `what` is what the citizen sees."""
    return ('<?xml version="1.0" encoding="UTF-8"?><AuditMessage><EventIdentification EventActionCode="R" EventDateTime="2026-11-20T08:00:00.250Z"'
            ' EventOutcomeIndicator="0"><EventID csd-code="110103" codeSystemName="DCM" originalText="Instances"/><EventTypeCode csd-code="X"'
            ' codeSystemName="LOCAL" originalText="%s"/></EventIdentification><ActiveParticipant UserID="dr.lund" UserIsRequestor="true"><RoleIDCode'
            ' csd-code="doctor" codeSystemName="LOCAL" originalText="Doctor"/></ActiveParticipant><AuditSourceIdentification AuditSourceID="PACS"/>'
            '<ParticipantObjectIdentification ParticipantObjectID="%s^^^&amp;1.2.208.176.1.2&amp;ISO" ParticipantObjectTypeCode="1"'
            ' ParticipantObjectTypeCodeRole="1"/>%s</AuditMessage>' % (what, subject, extra))


def counted(text):
    data = text.encode()
    return b"%d %s" % (len(data), data)


class Gateway:
    def __init__(self, ledger, key, program, *options, address="127.0.0.1:0", environment=None):
        self.ledger, self.key = ledger, key
        self.err = ledger.path("gateway.err")
        self.begins = os.path.getsize(self.err) if os.path.exists(self.err) else 0
        with open(self.err, "ab") as err:
            self.process = subprocess.Popen([program, "gateway", "--server", ledger.ingest, "--key", key, "--syslog", address, *options],
                                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=err, text=True, env=environment)
        line = self.process.stdout.readline()
        if not line.startswith("listening "):
            raise RuntimeError("the gateway said %r; %s" % (line, self.said()))
        words = dict(word.split("=") for word in line.split()[1:])
        self.address = words["syslog"]
        self.http, self.fhir = words.get("http"), words.get("fhir")
        self.port = int(self.address.rsplit(":", 1)[1])

    def said(self):
        with open(self.err, encoding="utf-8") as file:
            file.seek(self.begins)
            return file.read()

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=240)

    def give(self, data):
        """One line, closed behind it."""
        with self.connect() as line:
            line.sendall(data)

    def post(self, body, kind="application/json", path="/v1/events", **headers):
        """(status, what is answered)"""
        request = urllib.request.Request("http://%s%s" % (self.http, path), data=body.encode() if body is not None else None,
                                         headers={"Content-Type": kind, **{name.replace("_", "-"): value for name, value in headers.items()}})
        try:
            with urllib.request.urlopen(request, timeout=240) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        code = self.process.wait(240)
        self.process.stdout.close()
        return code

    def status(self):
        with open(self.key + ".spool/gateway.json", encoding="utf-8") as file:
            return json.load(file)

    def rejected(self):
        """Those that are whole: the last one may just be written."""
        try:
            with open(self.key + ".spool/rejected.jsonl", encoding="utf-8") as file:
                return [json.loads(line) for line in file if line.endswith("\n")]
        except FileNotFoundError:
            return []


def shown(ledger, subject):
    """What a citizen is shown, by activity."""
    return sorted(access.get("event", access)["activity"] for access in ledger.who(subject)["accesses"])


def seen(ledger, subject, wanted):
    """Waits until so many accesses are shown."""
    wait_until(lambda: len(shown(ledger, subject)) >= wanted, "%d accesses of %s" % (wanted, subject))
    return shown(ledger, subject)


def basics(tap, ledger, program):
    key = ledger.add_sender("basics")
    gateway = Gateway(ledger, key, program)
    gateway.give(b"".join(counted(HEAD + audit("0101701001", "one %d" % n)) for n in range(3)))
    gateway.give("".join(HEAD + audit("0101701001", "line %d" % n) + "\n" for n in range(2)).encode())
    tap.ok(seen(ledger, "cpr:0101701001", 5) == ["line 0", "line 1", "one 0", "one 1", "one 2"], "counted and by lines, all are found")
    whole = HEAD + audit("0101701002", "open")
    with gateway.connect() as line:
        line.sendall(counted(whole))
        line.sendall(counted(HEAD + "not an audit message"))
        line.sendall(counted(HEAD + audit("0101701002", "behind")))
        tap.ok(seen(ledger, "cpr:0101701002", 2) == ["behind", "open"], "what cannot be read costs only itself, and the line goes on")
    rows = gateway.rejected()
    tap.ok(len(rows) == 1 and "not an audit message" in rows[0]["message"] and rows[0]["input"] == "syslog 127.0.0.1" and rows[0]["reason"],
           "it is kept whole, with its reason: %s" % [row["reason"] for row in rows])
    with gateway.connect() as line:
        line.sendall(counted(HEAD + audit("0101701003", "whole")) + counted(HEAD + audit("0101701003", "cut"))[:300])
    tap.ok(seen(ledger, "cpr:0101701003", 1) == ["whole"], "a line that breaks off within a message")
    rows = wait_until(lambda: gateway.rejected()[1:], "what was cut is kept")
    tap.ok("cut" in rows[0]["reason"], "what came of it is kept: %s" % rows[0]["reason"])
    tap.ok(gateway.stop() == 0, "a signal ends it in order")
    status = gateway.status()
    tap.ok(status["messages"] == {"read": 10, "taken": 8, "repeated": 0, "known": 0, "refused": 2, "about_nobody": 0} and status["lines"]["accepted"] == 4
           and status["lines"]["broken"] == 1, "its counts add up: %s" % status)


def again(tap, ledger, program):
    """At least once: who does not know whether a message arrived gives it again, on another line."""
    key = ledger.add_sender("again")
    gateway = Gateway(ledger, key, program)
    twins = counted(HEAD + audit("0101701004", "twin").replace("08:00:00.250Z", "08:00:00.000Z")) * 2
    once = counted(HEAD + audit("0101701004", "third"))
    gateway.give(twins + once + once)
    tap.ok(seen(ledger, "cpr:0101701004", 3) == ["third", "twin", "twin"], "equal messages on one line are two, unless they say the very moment")
    gateway.give(counted(HEAD + audit("0101701004", "third")) + twins + counted(HEAD + audit("0101701004", "fourth")))
    tap.ok(seen(ledger, "cpr:0101701004", 4) == ["fourth", "third", "twin", "twin"], "on a second line they are the same")
    gateway.stop()
    tap.ok(gateway.status()["messages"]["repeated"] == 4, "and are counted")
    gateway = Gateway(ledger, key, program)
    gateway.give(twins + twins[:len(twins) // 2] + counted(HEAD + audit("0101701004", "fifth")))
    tap.ok(seen(ledger, "cpr:0101701004", 6) == ["fifth", "fourth", "third", "twin", "twin", "twin"], "also after a start: the third twin is new")
    gateway.stop()
    tap.ok(gateway.status()["messages"]["repeated"] == 2, "the others are not")


def drained(tap, ledger, program):
    """What is on its way when it is told to end."""
    key = ledger.add_sender("drained")
    gateway = Gateway(ledger, key, program)
    with gateway.connect() as line:
        line.sendall(b"".join(counted(HEAD + audit("0101701005", "early %03d" % n)) for n in range(200)))
        gateway.process.send_signal(signal.SIGTERM)
        line.settimeout(240)
        tap.ok(line.recv(1) == b"", "who is connected is told that it ends")
        line.sendall(b"".join(counted(HEAD + audit("0101701005", "late %03d" % n)) for n in range(200)))
    tap.ok(gateway.stop() == 0, "it ends")
    gateway = Gateway(ledger, key, program)  # what it had no receipt for waits in the spool
    tap.ok(len(seen(ledger, "cpr:0101701005", 400)) == 400, "and has taken what was sent until the line ended")
    gateway.stop()


def killed(tap, ledger, program):
    """Killed in the middle, ten times: what it had read before its last round is in the spool."""
    key = ledger.add_sender("killed")
    sent = lost = kills = 0
    gateway = Gateway(ledger, key, program)
    for turn in range(10):
        data = [counted(HEAD + audit("0101701006", "%d-%05d" % (turn, n))) for n in range(400)]
        with gateway.connect() as line:
            line.sendall(b"".join(data[:200]))
            wait_until(lambda: gateway_read(gateway) == 0, "all is read")
            gateway_round(gateway, line, turn)
            gateway.process.kill()
            kills += 1
            sent += 200
        gateway.stop(signal.SIGKILL)
        gateway = Gateway(ledger, key, program)
    gateway.stop()
    found = shown(ledger, "cpr:0101701006")
    tap.ok(len(found) == len(set(found)), "nothing is there twice")
    missing = [one for one in ("%d-%05d" % (turn, n) for turn in range(10) for n in range(200)) if one not in set(found)]
    lost += len(missing)
    tap.ok(lost == 0, "%d kills, %d messages that were read: %d are missing" % (kills, sent, lost))


def gateway_read(gateway):
    """Bytes in its sockets' receive buffers that it has not read."""
    with open("/proc/net/tcp", encoding="ascii") as file:
        lines = [line.split() for line in file.readlines()[1:]]
    local = "0100007F:%04X" % gateway.port
    return sum(int(line[4].split(":")[1], 16) for line in lines if line[1] == local and line[3] != "0A")


def gateway_round(gateway, line, turn):
    """A round reads a line four times at most, and the next one begins only when all of it is on the disk: once five further messages
    were read, each by itself, what came before them is."""
    for mark in range(5):
        line.sendall(counted(HEAD + audit("0101701007", "mark %d.%d" % (turn, mark))))
        wait_until(lambda: gateway_read(gateway) == 0, "the mark is read")


def secure(tap, ledger, program):
    try:
        authority = Authority(ledger.path("ca"))
    except NoOpenssl as why:
        tap.skip("the door by TLS", why)
        return
    server, good = authority.issue("server"), authority.issue("good")
    stranger = Authority(ledger.path("other")).issue("stranger")
    key = ledger.add_sender("secure")
    gateway = Gateway(ledger, key, program, "--syslog-cert", server.certificate, "--syslog-key", server.key, "--client-ca", authority.certificate)

    def context(pair, least=ssl.TLSVersion.TLSv1_2, most=ssl.TLSVersion.MAXIMUM_SUPPORTED):
        made = ssl.create_default_context(cafile=authority.certificate)
        made.minimum_version, made.maximum_version = least, most
        if pair:
            made.load_cert_chain(pair.certificate, pair.key)
        return made

    def attempt(pair, text, **versions):
        """The version that was spoken, or None where the door stayed closed."""
        try:
            with gateway.connect() as plain, context(pair, **versions).wrap_socket(plain, server_hostname="localhost") as line:
                line.sendall(counted(HEAD + text))
                version = line.version()
                line.unwrap()
                return version
        except (ssl.SSLError, ConnectionError):
            return None

    early = gateway.connect()  # says nothing for now
    tap.ok(attempt(good, audit("0101701008", "1.3")) == "TLSv1.3", "TLS 1.3 is what is spoken")
    tap.ok(attempt(good, audit("0101701008", "1.2"), most=ssl.TLSVersion.TLSv1_2) == "TLSv1.2", "1.2 is for those who cannot do better")
    tap.ok(seen(ledger, "cpr:0101701008", 2) == ["1.2", "1.3"], "and what came is there")
    for pair, why in ((None, "no certificate"), (stranger, "a stranger's certificate")):
        attempt(pair, audit("0101701008", why))
        tap.ok(wait_until(lambda why=why: "certificate" in gateway.said(), "it says why"), "%s: not let in" % why)
    gateway.give(counted(HEAD + audit("0101701008", "in the clear")))
    wait_until(lambda: "what it sends is not TLS" in gateway.said(), "plain is told of")
    with context(good).wrap_socket(early, server_hostname="localhost") as line:
        line.sendall(counted(HEAD + audit("0101701008", "early")))
    tap.ok(seen(ledger, "cpr:0101701008", 3) == ["1.2", "1.3", "early"], "a handshake that comes long after the connection is none too late")
    with gateway.connect() as half:
        half.sendall(b"\x16\x03\x01")
        half.settimeout(240)
        tap.ok(half.recv(1) == b"", "one that has begun has to end")
    said = gateway.said()
    tap.ok("0101701008" not in said, "nobody's number is in what it says")
    idle(tap, gateway, lambda: context(good))
    gateway.stop()
    tap.ok(gateway.status()["lines"]["refused"] == 4, "who was not let in is counted")
    registered(tap, ledger, program, server, context, good)


def anonymous(gateway):
    """Bytes that the gateway alone has."""
    with open("/proc/%d/smaps_rollup" % gateway.process.pid, encoding="ascii") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("Pss_Anon:"))


def idle(tap, gateway, context):
    """Lines whose clients show their authority's certificate behind their own."""
    if "INDSIGT_DYING_CALL" not in os.environ or ssl.OPENSSL_VERSION_INFO[:2] != (3, 0):
        tap.skip("memory of idle lines", "it is known for OpenSSL 3.0, without sanitizers")
        return
    lines, before = [], 0
    for wanted in 32, 232:
        before = anonymous(gateway) if lines else 0
        while len(lines) < wanted:
            lines.append(context().wrap_socket(gateway.connect(), server_hostname="localhost"))
        wait_until(lambda: gateway.status()["lines"]["open"] == wanted, "they are open")
    size = (anonymous(gateway) - before) / 200 / 1024
    tap.ok(0 < size < 22, "what signed a certificate is not kept: %.1f KiB a line" % size)
    for line in lines:
        line.close()


def registered(tap, ledger, program, server, context, pair):
    """Without an authority: whose key the registration names."""
    held = subprocess.run("openssl x509 -in %s -pubkey -noout | openssl pkey -pubin -outform DER | sha256sum" % pair.certificate, shell=True,
                          capture_output=True, text=True, check=True).stdout.split()[0]
    key = ledger.add_sender("registered", "cvr:55133018", "--policy", "from=certificate:%s=cvr:55133018=Aarhus Kommune=Billedarkiv" % held)
    gateway = Gateway(ledger, key, program, "--syslog-cert", server.certificate, "--syslog-key", server.key)
    for one in (pair, None):
        try:
            with gateway.connect() as plain, context(one).wrap_socket(plain, server_hostname="localhost") as line:
                line.sendall(counted(HEAD + audit("0101701009", "registered" if one else "nobody")))
                line.unwrap()
        except (ssl.SSLError, ConnectionError):
            pass
    seen(ledger, "cpr:0101701009", 1)
    accesses = ledger.who("cpr:0101701009")["accesses"]
    tap.ok([access.get("event", access)["system"] for access in accesses] == ["Billedarkiv"], "a registered certificate is let in, and says which system it is")
    gateway.stop()


def posts(tap, ledger, program):
    """Applications on this machine."""
    key = ledger.add_sender("posts")
    secret = ledger.path("token")
    with open(secret, "w", encoding="utf-8") as file:
        file.write("0123456789abcdef\n")
    result = subprocess.run([program, "gateway", "--server", ledger.ingest, "--key", key, "--http", "127.0.0.1:0", "--http-token", secret],
                            capture_output=True, text=True, timeout=240, check=False)
    tap.ok(result.returncode != 0 and "chmod 600" in result.stderr, "a token that others can read: %s" % result.stderr.strip())
    gateway = Gateway(ledger, key, program, "--http", "127.0.0.1:0")
    one = event("cpr:0101701010", "one", id="a-1")
    tap.ok(gateway.post(one) == (201, {"taken": True, "events": 1}), "an event is taken")
    tap.ok(gateway.post(json.dumps(json.loads(one), indent=2)) == (200, {"known": True}), "and known when it comes again, however it is written")
    tap.ok(gateway.post(event("cpr:0101701010", "other", id="a-1"))[0] == 422, "another one with its id is refused")
    status, problem = gateway.post(event("cpr:0101701010", "bad", action="look"))
    tap.ok(status == 422 and problem["error"] == "bad-value" and "action" in problem["detail"], "what is wrong is named: %s" % problem)
    status, answer = gateway.post("\n".join([event("cpr:0101701010", "two"), "{", event("cpr:0101701010", "three"), one]) + "\n", "application/x-ndjson")
    kinds = [next(k for k in ("taken", "known", "error") if k in result) for result in answer["results"]]
    tap.ok(status == 200 and kinds == ["taken", "error", "taken", "known"] and [r["number"] for r in answer["results"]] == [1, 2, 3, 4],
           "of several, each has its answer: %s" % answer)
    tap.ok(seen(ledger, "cpr:0101701010", 3) == ["one", "three", "two"], "and what was taken is there")
    refused = [(gateway.post(one, "text/plain"), 415), (gateway.post(one, path="/v1/other"), 404), (gateway.post(None), 405), (gateway.post(""), 400),
               (gateway.post(one, Host="indsigt.example"), 403), (gateway.post(one, path="/v1/events?x=1"), 400), (gateway.post(one + one), 422),
               (gateway.post(one + "\0"), 400)]
    for (status, problem), wanted in refused:
        tap.ok(status == wanted and problem["detail"], "%d: %s" % (status, problem["detail"]))
    answers = []
    threads = [threading.Thread(target=lambda n=n: answers.append(gateway.post(event("cpr:0101701011", "at once %02d" % n))[0])) for n in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tap.ok(answers == [201] * 40 and len(seen(ledger, "cpr:0101701011", 40)) == 40, "forty at once")
    gateway.stop(signal.SIGKILL)
    os.chmod(secret, 0o600)
    gateway = Gateway(ledger, key, program, "--http", "127.0.0.1:0", "--http-token", secret)
    tap.ok(gateway.post(one)[0] == 401 and gateway.post(one, Authorization="Bearer 0123456789abcdeF")[0] == 401, "without the token nobody is taken from")
    tap.ok(gateway.post(one, Authorization="Bearer 0123456789abcdef") == (200, {"known": True}), "what was answered before a kill is known after it")
    without = event("cpr:0101701010", "without an id")
    for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGTERM):
        tap.ok(gateway.post(without, Authorization="Bearer 0123456789abcdef")[0] == 201, "GW-14: without an id an equal one is another, before and after %s" % number.name)
        gateway.stop(number)
        gateway = Gateway(ledger, key, program, "--http", "127.0.0.1:0", "--http-token", secret)
        tap.ok("a run before" not in gateway.said(), "and nothing is said to be left out")
    gateway.stop()
    rows = gateway.rejected()
    tap.ok(all(row["input"] == "http" for row in rows) and len(rows) == 4, "what was refused stands with the refused ones: %d" % len(rows))


def crowded(tap, ledger, program):
    """The doors do not take each other's places."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard < 4096:
        tap.skip("many lines beside an event", "only %d files may be open" % hard)
        return
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, hard))
    gateway = Gateway(ledger, ledger.add_sender("crowded"), program, "--http", "127.0.0.1:0")
    crowd = [gateway.connect() for _ in range(900)]
    for line in crowd:
        line.sendall(counted(HEAD + audit("0101701013", "one of many")))
    wait_until(lambda: gateway_read(gateway) == 0, "all are let in")
    status, answer = gateway.post(event("cpr:0101701014", "beside them"))
    tap.ok(status == 201, "an event beside %d lines: %s" % (len(crowd), answer))
    for line in crowd:
        line.close()
    gateway.stop()


def dying(tap, ledger, program):
    """Killed before each call by which it changes something on the disk: what was answered is there."""
    if "INDSIGT_DYING_CALL" not in os.environ:
        tap.skip("killed before each call", "the library that does it was not named")
        return
    key = ledger.add_sender("dying")
    answered, died = [], 0
    for at in range(1, 200, 11 if os.environ.get("INDSIGT_SHORT") else 3):
        environment = {**os.environ, "LD_PRELOAD": os.environ["INDSIGT_DYING_CALL"], "DYING_CALL_AT": str(at)}
        try:
            gateway = Gateway(ledger, key, program, "--http", "127.0.0.1:0", environment=environment)
        except RuntimeError:
            died += 1
            continue
        try:
            for part in range(3):
                name = "%d.%d" % (at, part)
                if gateway.post(event("cpr:0101701012", name, id=name))[0] == 201:
                    answered.append(name)
        except (OSError, ValueError):
            died += 1
        gateway.stop(signal.SIGKILL)
    gateway = Gateway(ledger, key, program, "--http", "127.0.0.1:0")
    known = [gateway.post(event("cpr:0101701012", name, id=name)) for name in answered]
    tap.ok(died > 5 and answered and all(one == (200, {"known": True}) for one in known),
           "killed %d times, %d answers: all are known afterwards" % (died, len(answered)))
    gateway.stop()


def usage(tap, ledger, program):
    key = ledger.path("basics.key")
    for options, word in ((["--syslog", "0.0.0.0:0"], "--plain-syslog"), (["--syslog", "127.0.0.1:0", "--syslog-cert", "x"], "--syslog-key"),
                          (["--syslog", "127.0.0.1:0", "--client-ca", "x"], "--syslog-cert"), (["--syslog", "localhost"], "HOST:PORT"), ([], "no door"),
                          (["--http", "0.0.0.0:0"], "this one alone"), (["--syslog", "127.0.0.1:0", "--http-token", "x"], "--http")):
        result = subprocess.run([program, "gateway", "--server", ledger.ingest, "--key", key, *options], capture_output=True, text=True, timeout=240, check=False)
        tap.ok(result.returncode != 0 and word in result.stderr, "%s: %s" % (" ".join(options), result.stderr.strip().splitlines()[-1] if result.stderr else ""))


def daemons(tap, ledger, program):
    root, why = syslog_daemons.fetch(ledger.place)
    if root is None:
        tap.skip("rsyslog and syslog-ng", why)
        return
    authority = Authority(ledger.path("ca-of-daemons"))
    server, client = authority.issue("server"), authority.issue("client")
    tls = ("--syslog-cert", server.certificate, "--syslog-key", server.key, "--client-ca", authority.certificate)
    files = {"ca": authority.certificate, "certificate": client.certificate, "key": client.key}
    plain = Gateway(ledger, ledger.add_sender("daemons"), program)
    secured = Gateway(ledger, ledger.add_sender("daemons-tls"), program, *tls)
    driver = {"StreamDriverMode": "1", "StreamDriverAuthMode": "x509/certvalid"}
    ways = {
        "rsyslog counted": lambda f, p: syslog_daemons.rsyslog(root, f, p, plain.address, TCP_Framing="octet-counted"),
        "rsyslog by lines": lambda f, p: syslog_daemons.rsyslog(root, f, p, plain.address, TCP_Framing="traditional"),
        "rsyslog gtls": lambda f, p: syslog_daemons.rsyslog(root, f, p, secured.address, TCP_Framing="octet-counted", StreamDriver="gtls", **driver, **files),
        "rsyslog ossl": lambda f, p: syslog_daemons.rsyslog(root, f, p, secured.address, TCP_Framing="octet-counted", StreamDriver="ossl", **driver, **files),
        "syslog-ng": lambda f, p: syslog_daemons.syslog_ng(root, f, p, plain.address),
        "syslog-ng tls": lambda f, p: syslog_daemons.syslog_ng(root, f, p, secured.address, (authority.certificate, client.certificate, client.key)),
    }
    for number, (name, start) in enumerate(ways.items()):
        subject = "01017011%02d" % number
        port = free_port()
        daemon = start(ledger.path("daemon-%d" % number), port)
        with socket.create_connection(("127.0.0.1", port)) as line:
            line.sendall(b"".join(counted(HEAD + audit(subject, "%s %02d" % (name, n))) for n in range(20)))
        try:
            found = seen(ledger, "cpr:" + subject, 20)
        except TimeoutError:
            found = shown(ledger, "cpr:" + subject)
        tap.ok(found == ["%s %02d" % (name, n) for n in range(20)], "%s: all of 20 are found (%d)%s" % (
            name, len(found), "" if len(found) == 20 else " " + daemon.said()[-300:] + plain.said()[-200:] + secured.said()[-200:]))
        daemon.stop()
    subject = "0101701120"
    subprocess.run(["logger", "--server", "127.0.0.1", "--port", str(plain.port), "--tcp", "--octet-count", "--size", "65536", "--rfc5424", "--msgid", "x",
                    audit(subject, "logger")], check=True)
    tap.ok(seen(ledger, "cpr:" + subject, 1) == ["logger"], "util-linux logger")
    plain.stop()
    secured.stop()
    outages(tap, ledger, program, root)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def outages(tap, ledger, program, root):
    """rsyslog's target is killed and started again, while messages come."""
    count, kills = (5000, 5) if os.environ.get("INDSIGT_SHORT") else (100000, 10)
    key = ledger.add_sender("outages")
    port, to = free_port(), free_port()
    address = "127.0.0.1:%d" % to
    gateway = Gateway(ledger, key, program, address=address)
    daemon = syslog_daemons.rsyslog(root, ledger.path("outages"), port, address, TCP_Framing="octet-counted")
    people = 50
    with socket.create_connection(("127.0.0.1", port)) as line:
        for part in range(kills + 1):
            step = count // (kills + 1)
            numbers = range(part * step, count if part == kills else (part + 1) * step)
            line.sendall(b"".join(counted(HEAD + audit("01017012%02d" % (n % people), "%06d" % n)) for n in numbers))
            if part < kills:
                gateway.stop(signal.SIGKILL if part % 2 else signal.SIGTERM)
                gateway = Gateway(ledger, key, program, address=address)

    def quiet():
        before = sum(gateway.status()["messages"].values())
        end = time.monotonic() + 6
        wait_until(lambda: time.monotonic() > end, "the status is written again")
        return before == sum(gateway.status()["messages"].values())
    wait_until(quiet, "nothing comes any more")
    wait_until(lambda: gateway.status()["events"]["waiting"] == 0, "all has its receipt")
    daemon.stop()
    gateway.stop()
    ledger.run("epoch", ledger.dir)
    found = [what for n in range(people) for what in shown(ledger, "cpr:01017012%02d" % n)]
    tap.ok(len(found) == len(set(found)), "nothing is there twice")
    tap.ok(not gateway.rejected() or all("cut" in row["reason"] for row in gateway.rejected()), "what was refused was cut: %d" % len(gateway.rejected()))
    print("# %d messages, %d kills: %d found, %d lost on the way between rsyslog and who was killed; repeated in the last run: %s" % (
        count, kills, len(found), count - len(found), gateway.status()["messages"]["repeated"]))
    # What is lost was in the kernel of who was killed: how much that is nobody can promise.
    tap.ok(set(found) >= {"%06d" % n for n in range(count - count // (kills + 1), count)}, "all that came after the last kill is there")


def run(*parts):
    """Those that the arguments name, or all, with a ledger of their own; ends the program."""
    tap = Tap()
    ledger = Ledger(sys.argv[1])
    program = os.path.abspath(sys.argv[2])
    ledger.serve("--epoch-seconds", "1")
    try:
        chosen = sys.argv[3:]
        for part in parts:
            if not chosen or part.__name__ in chosen:
                part(tap, ledger, program)
        code, last = ledger.audit()
        tap.ok(code == 0, "audit: %s" % last)
    finally:
        ledger.remove()
    tap.done()


if __name__ == "__main__":
    run(basics, again, drained, killed, secure, posts, crowded, dying, usage, daemons)
