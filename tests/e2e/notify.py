#!/usr/bin/env python3
"""People are told that there is something new about them, through a portal that is a program of its own here: it checks each
signature as its developer would, is away, refuses, is killed; the notifier is killed before any call; and nobody is told
twice under two ids, forgotten, or named where it does not belong."""

import base64
import ctypes
import ctypes.util
import http.client
import http.server
import json
import os
import pwd
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading

from certificates import Authority
from indsigt import DEADLINE_S, Ledger, Tap, event, wait_until

A, B, C = "cpr:0101701234", "cpr:0202702345", "cpr:0303703456"
AT_ONCE = {"on": True, "when": "at-once", "language": "da"}
sodium = ctypes.CDLL(ctypes.util.find_library("sodium"))


def signed(key, headers, body):
    """NTF-18: Standard Webhooks, v1a: any of the signatures."""
    public = base64.b64decode(key.removeprefix("whpk_"))
    text = ("%s.%s." % (headers["webhook-id"], headers["webhook-timestamp"])).encode() + body
    return any(one.startswith("v1a,") and
               sodium.crypto_sign_verify_detached(base64.b64decode(one[4:]), text, ctypes.c_ulonglong(len(text)), public) == 0
               for one in headers["webhook-signature"].split(" "))


class Portal:
    """A receiver: `answer` says what to answer to the n-th notice, as (status, headers)."""

    def __init__(self, port=0, tls=None):
        portal = self
        self.got = []  # (headers, body), as they came
        self.connections = []
        self.answer = lambda number: (204, {})

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                portal.connections.append(self.connection)

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                status, headers = portal.answer(len(portal.got))
                portal.got.append((dict(self.headers), body))
                try:
                    self.send_response(status)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.send_header("content-length", "0")
                    self.end_headers()
                except OSError:
                    pass

            def log_message(self, *arguments):
                pass

        http.server.ThreadingHTTPServer.allow_reuse_address = True
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.server.handle_error = lambda *arguments: None  # a connection that was ended
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        for connection in self.connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def ids(self):
        return [headers["webhook-id"] for headers, _ in self.got]

    def recipients(self):
        """By id, so that what came twice counts once."""
        return sorted(json.loads(body)["data"]["recipient"]
                      for body in {headers["webhook-id"]: body for headers, body in self.got}.values())


class Door:
    """What queryd does for a person."""

    def __init__(self, ledger):
        path = os.path.join(ledger.dir, "notify", "socket")

        def connected():
            self.socket = socket.socket(socket.AF_UNIX)
            try:
                self.socket.connect(path)
                return True
            except OSError:
                self.socket.close()
                return False

        wait_until(connected, "the notifier's socket")
        self.socket.settimeout(DEADLINE_S)
        self.file = self.socket.makefile("rb")

    def ask(self, request):
        text = request if isinstance(request, bytes) else json.dumps(request).encode()
        self.socket.sendall(text + b"\n")
        line = self.file.readline()
        return json.loads(line) if line else None

    def put(self, subject, wishes):
        return self.ask({"put": subject, "wishes": wishes})

    def get(self, subject):
        return self.ask({"get": subject})

    def close(self):
        self.file.close()
        self.socket.close()


def heard_as(uid, path, gid=None):
    """What another user hears at the socket; None: it cannot reach it."""
    ends = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(uid if gid is None else gid)
            os.setuid(uid)
            one = socket.socket(socket.AF_UNIX)
            one.connect(path)
            one.settimeout(DEADLINE_S)
            try:
                one.sendall(b'{"get":"%s"}\n' % A.encode())
                os.write(ends[1], one.recv(999))
            except (BrokenPipeError, ConnectionResetError):
                pass
            os._exit(0)
        finally:
            os._exit(1)
    os.close(ends[1])
    heard = os.read(ends[0], 999)
    os.close(ends[0])
    status = os.waitpid(child, 0)[1]
    return heard if status == 0 else None


class Place:
    """A ledger with a sender, and notify.json."""

    def __init__(self, indsigt, portal, url=None, **settings):
        self.ledger = Ledger(indsigt)
        self.key = self.ledger.run("notify", "key", self.ledger.dir).strip()
        self.configure(url or "http://127.0.0.1:%d/hook" % portal.port, **settings)
        self.sender = self.ledger.add_sender("kommune", "cvr:55133018", "--policy", "withhold")
        self.count = 0

    def configure(self, url, **settings):
        with open(os.path.join(self.ledger.dir, "notify.json"), "w", encoding="utf-8") as file:
            json.dump({"url": url, "gap_seconds": 0, **settings}, file)

    def report(self, *subjects, **more):
        lines = []
        for subject in subjects:
            self.count += 1
            lines.append(event(subject, "Opslag %d" % self.count, **more))
        self.ledger.run("send", "--server", self.ledger.ingest, "--key", self.sender, "-", stdin="\n".join(lines) + "\n")

    def status(self):
        result = self.ledger.result("notify", "status", self.ledger.dir, "--json")
        return json.loads(result.stdout) if result.returncode == 0 else {}

    def settled(self, **wanted):
        """The notifier has read all that is in the log now, and says so."""
        size = int(self.ledger.get("/checkpoint").splitlines()[1])
        wait_until(lambda: (lambda s: s and s["position"] >= size and all(s[k] == v for k, v in wanted.items()))(self.status()),
                   "status %s" % wanted)

    def said(self):
        with open(self.ledger.path("serve.log"), encoding="utf-8") as file:
            return file.read()


def told(tap, indsigt):
    portal = Portal()
    place = Place(indsigt, portal)
    place.ledger.serve()
    door = Door(place.ledger)
    place.report(A)  # before anybody wished for anything: NTF-10
    place.settled(people=0)
    tap.ok(door.get(A) == {"wishes": {"on": False}, "stopped": False, "waiting": False}, "NTF-3: nobody is told who did not ask for it")
    answer = door.put(A, AT_ONCE)
    tap.ok(answer == {"wishes": dict(AT_ONCE, zone="UTC"), "stopped": False, "waiting": False}, "a wish is answered: %s" % answer)
    door.put(B, AT_ONCE)
    place.report(A, A, C)
    wait_until(lambda: portal.got, "a notice")
    place.settled(delivered=1)
    headers, body = portal.got[0]
    tap.ok(signed(place.key, headers, body), "the portal finds it signed with the key that 'notify key' prints")
    tap.ok(not signed(place.key, headers, body + b" ") and not signed(place.key, dict(headers, **{"webhook-id": "msg_1"}), body),
           "and nothing else")
    sent = json.loads(body)
    tap.ok(sorted(sent) == ["data", "timestamp", "type"] and sent["type"] == "indsigt.new" and
           sent["data"] == {"recipient": A, "language": "da"}, "NTF-17: it says whom to tell and in which language: %s" % body)
    tap.ok(re.fullmatch(r"msg_[0-9a-f]{32}", headers["webhook-id"]) is not None, "its id says nothing")
    tap.ok(portal.recipients() == [A], "NTF-12: two accesses at once are one notice, those of others none")
    place.report(B, withheld_until="2027-01-01T00:00:00Z", withheld_basis="Retsplejeloven")
    wait_until(lambda: len(portal.got) == 2, "a notice")
    tap.ok(portal.recipients() == [A, B] and set(portal.got[1][0]) == set(headers) and
           len(portal.got[1][1]) == len(body), "NTF-11: of what is withheld somebody is told as of all else")
    tap.ok("told" in door.get(A), "who asks hears when they were last told")
    door.put(A, {"on": False})
    place.report(A)
    place.settled(people=1)
    tap.ok(len(portal.got) == 2 and door.get(A)["wishes"] == {"on": False}, "NTF-8: who is off is not told")
    quiet = dict(AT_ONCE, when="weekly", hour=8, weekday=1, zone="UTC")
    tap.ok(door.put(A, quiet)["wishes"] == quiet, "hours and days are kept")
    place.report(A)
    place.settled(waiting=1)
    tap.ok(len(portal.got) == 2 and door.get(A)["waiting"], "NTF-13: who is told weekly waits")
    metrics = dict(line.split(" ") for line in place.ledger.get("/metrics").splitlines() if line.startswith("indsigt_noti"))
    tap.ok(metrics["indsigt_notify_people"] == "2" and metrics["indsigt_notices_delivered_total"] == "2" and
           metrics["indsigt_notify_waiting"] == "1" and metrics["indsigt_notices_dead_total"] == "0", "metrics say it, too")
    words = place.ledger.run("notify", "status", place.ledger.dir)
    tap.ok("notices delivered           2" in words and "portal                      well" in words, "status in words")
    place.ledger.stop()
    portal.close()
    place.ledger.remove()


def refusals(tap, indsigt):
    """NTF-4, NTF-5, NTF-7: who may speak, and what is said to what is not understood."""
    portal = Portal()
    place = Place(indsigt, portal)
    place.ledger.serve()
    door = Door(place.ledger)
    table = [(b"{", "bad-json"), (b"[]", "bad-value"), (b"{}", "bad-value"), ({"get": 1}, "bad-value"),
             ({"get": A, "put": A}, "bad-value"), ({"get": A, "wishes": AT_ONCE}, "bad-value"), ({"put": A}, "missing-field"),
             ({"get": "0101701234"}, "bad-subject"), ({"get": "grants:" + A}, "bad-subject"),
             ({"put": A, "wishes": {"on": True}}, "missing-field"),
             ({"put": A, "wishes": dict(AT_ONCE, kinds=["emergency"])}, "unknown-field"),
             ({"put": A, "wishes": dict(AT_ONCE, when="daily", hour=8, zone="Europe/Atlantis")}, "bad-value"),
             (b'{"get":"%s","get":"%s"}' % (A.encode(), B.encode()), "bad-json")]
    wrong = []
    for request, name in table:
        answer = door.ask(request)
        if answer is None or answer.get("error") != name or "0101701234" in answer["reason"]:
            wrong.append((request, answer))
    tap.ok(not wrong, "what is not understood is refused by name, and nobody is named: %s" % wrong)
    tap.ok(door.get(A)["wishes"] == {"on": False}, "and nothing came of it")
    door.socket.sendall(b"x" * 4096)
    tap.ok(door.file.readline() == b"", "a line that is too long ends the connection")
    mode = os.stat(os.path.join(place.ledger.dir, "notify")).st_mode & 0o7777
    tap.ok(mode == 0o700, "the folder is its user's alone")
    if os.geteuid() == 0:
        os.chmod(place.ledger.place, 0o755)
        os.chmod(place.ledger.dir, 0o755)
        os.chmod(os.path.join(place.ledger.dir, "notify"), 0o755)
        os.chmod(os.path.join(place.ledger.dir, "notify", "socket"), 0o666)
        path = os.path.join(place.ledger.dir, "notify", "socket")
        tap.ok(heard_as(65534, path) == b"", "another user is not heard")
    else:
        tap.skip("another user is not heard", "only root can be another user")
    place.ledger.stop()
    portal.close()
    place.ledger.remove()


def asked_over_http(ledger, token, method="GET", wishes=None, **headers):
    connection = http.client.HTTPConnection(ledger.query, timeout=DEADLINE_S)
    body = wishes if wishes is None or isinstance(wishes, bytes) else json.dumps(wishes)
    connection.request(method, "/v1/notifications", body, {"Authorization": "Bearer " + token, "Content-Type": "application/json", **headers})
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, json.loads(text) if text else None


def over_http(tap, indsigt):
    """HTTP-45, NTF-3: a person's wishes, through queryd."""
    portal = Portal()
    place = Place(indsigt, portal)
    ledger = place.ledger
    ledger.serve()
    door = Door(ledger)
    token = ledger.run("token", ledger.dir, A, "--role", "subject").strip()
    off = {"wishes": {"on": False}, "stopped": False, "waiting": False}
    tap.ok(asked_over_http(ledger, token) == (200, off), "who never asked wishes for nothing")
    answer = asked_over_http(ledger, token, "PUT", AT_ONCE)
    tap.ok(answer == (200, dict(off, wishes=dict(AT_ONCE, zone="UTC"))) and door.get(A)["wishes"]["on"], "a wish is handed to the notifier: %s" % (answer,))
    tap.ok(door.get(B)["wishes"] == {"on": False}, "about who asks alone")
    place.report(A)
    wait_until(lambda: portal.got, "a notice")
    tap.ok(portal.recipients() == [A], "and heeded")
    table = [(b"{", "bad-json"), (b"[]", "bad-json"), (b'{"on":true,"on":false}', "bad-json"), ({"on": True}, "missing-field"), (dict(AT_ONCE, kinds=1), "unknown-field"),
             ({"on": True, "a" + "\u00e6" * 40: 1}, "unknown-field"), (dict(AT_ONCE, hour=1), "bad-value"), (dict(AT_ONCE, zone="x" * 3000), "too-long")]
    wrong = [(body, got) for body, name in table for got in [asked_over_http(ledger, token, "PUT", body)] if got[0] != 400 or got[1]["error"] != name]
    tap.ok(not wrong, "what is no wish is refused by name: %s" % wrong)
    tap.ok(door.get(A)["wishes"]["on"], "and changes nothing")
    for role, who in (("supervisor", "oid:1.2.3:x"), ("auditor", "oid:1.2.3:x")):
        other = ledger.run("token", ledger.dir, who, "--role", role).strip()
        case = {"Indsigt-Subject": A, "Indsigt-Case": "7"}
        tap.ok(asked_over_http(ledger, other, **case)[0] == 403 and asked_over_http(ledger, other, "PUT", {"on": False}, **case)[0] == 403, "no %s asks or wishes" % role)
    tap.ok(asked_over_http(ledger, token, "PUT", {"on": False}, **{"Indsigt-Subject": B})[0] == 403, "nor anybody for somebody else")
    proxy = ledger.run("token", ledger.dir, A, "--role", "proxy").strip()
    tap.ok(asked_over_http(ledger, proxy)[0] == 200 and asked_over_http(ledger, proxy, **{"Indsigt-Subject": B})[0] == 403, "a proxy asks of its own alone")
    notifier = ledger.daemon("indsigt-notify")
    os.kill(notifier, signal.SIGSTOP)
    try:
        waiting = [threading.Thread(target=lambda: stuck.append(asked_over_http(ledger, token))) for _ in range(8)]
        stuck = []
        for one in waiting:
            one.start()
        tap.ok(all(ledger.get("/v1/coverage") for _ in range(5)) and not stuck, "while it stands still others are answered")
        for one in waiting:
            one.join()
        tap.ok(all(status == 503 and body["error"] == "notifier" for status, body in stuck) and len(stuck) == 8, "and who asks is told that it gives no answer: %s" % stuck[:1])
    finally:
        os.kill(notifier, signal.SIGCONT)
    tap.ok(wait_until(lambda: asked_over_http(ledger, token)[0] == 200, "an answer"), "it goes on by itself")
    tap.ok(asked_over_http(ledger, token, "PUT", {"on": False}) [0] == 200 and door.get(A)["wishes"] == {"on": False}, "NTF-8: off is off")
    tap.ok(A[4:] not in place.said(), "nobody's number in what the daemons say")
    ledger.stop()
    portal.close()
    ledger.remove()


def portal_away(tap, indsigt):
    """NTF-20 to NTF-23: away, refusing, slow to come back."""
    portal = Portal()
    place = Place(indsigt, portal)
    place.ledger.serve()
    door = Door(place.ledger)
    for subject in (A, B, C):
        door.put(subject, AT_ONCE)
    portal.answer = lambda number: (500, {}) if number < 1 else (204, {})
    place.report(A)
    wait_until(lambda: len(portal.got) == 2, "a second attempt")
    tap.ok(len(set(portal.ids())) == 1, "NTF-19: what is tried again has the same id")
    first, second = (int(headers["webhook-timestamp"]) for headers, _ in portal.got)
    tap.ok(second >= first + 4 and all(signed(place.key, *one) for one in portal.got), "later, and signed for that time")
    place.settled(waiting=0)
    portal.got.clear()
    portal.answer = lambda number: (429, {"retry-after": "2"}) if number < 1 else (204, {})
    place.report(B)
    wait_until(lambda: len(portal.got) == 2, "a second attempt")
    first, second = (int(headers["webhook-timestamp"]) for headers, _ in portal.got)
    tap.ok(second >= first + 2 and len(set(portal.ids())) == 1, "NTF-23: Retry-After is heard")
    place.settled(waiting=0)
    portal.close()
    place.report(A, B, C)
    place.settled(waiting=3)
    wait_until(lambda: place.status()["trouble"], "trouble is said")
    place.ledger.stop()
    portal = Portal(portal.port)  # both begin again
    place.ledger.serve()
    wait_until(lambda: len(set(portal.ids())) == 3, "all three")
    place.settled(waiting=0)
    tap.ok(portal.recipients() == sorted([A, B, C]), "a portal that was away is told of all, once it is back")
    tap.ok("does not take notices" in place.said() and "takes notices again" in place.said(), "both are said once: " +
           place.said()[-200:])
    portal.got.clear()
    portal.answer = lambda number: (410, {})
    place.report(A)
    door = Door(place.ledger)
    wait_until(lambda: door.get(A)["stopped"], "stopped")
    place.report(A)
    place.settled(stopped=1, waiting=0)
    tap.ok(len(portal.got) == 1 and door.get(A)["wishes"]["on"], "NTF-24: a recipient who is gone is not tried again")
    portal.answer = lambda number: (204, {})
    door.put(A, AT_ONCE)
    place.report(A)
    wait_until(lambda: len(portal.got) == 2, "a notice")
    tap.ok(door.get(A)["stopped"] is False, "until they wish for it again")
    place.ledger.stop()
    portal.close()
    place.ledger.remove()


def killed_by_hand(tap, indsigt):
    """NTF-21: kill -9 of the notifier that 'serve' runs, while the portal answers nothing."""
    portal = Portal()
    place = Place(indsigt, portal)
    place.ledger.serve()
    door = Door(place.ledger)
    people = ["cpr:%010d" % (1000000000 + i) for i in range(40)]
    for subject in people:
        door.put(subject, AT_ONCE)
    gate = threading.Event()

    def answer(_):
        gate.wait(DEADLINE_S)
        return 204, {}
    portal.answer = lambda number: (204, {}) if number < 1 else answer(number)
    place.report(*people)
    wait_until(lambda: len(portal.got) >= 1, "something")
    for _ in range(3):
        pid = wait_until(lambda: place.ledger.daemon("indsigt-notify"), "the notifier")
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: place.ledger.daemon("indsigt-notify") not in (None, pid), "another one")
    gate.set()
    wait_until(lambda: len(portal.recipients()) >= len(people), "all")
    place.settled(waiting=0)
    tap.ok(portal.recipients() == people, "NTF-20: kill -9 loses nobody, and who is told twice is told under one id (%d for %d)" %
           (len(portal.got), len(people)))
    place.ledger.stop()
    portal.close()
    place.ledger.remove()


def killed_anywhere(tap, indsigt, library):
    """NTF-20, NTF-21: before each call that changes something, or opens a file: news, a wish, an answer."""
    portal = Portal()
    place = Place(indsigt, portal)
    place.ledger.serve()
    Door(place.ledger).put(A, AT_ONCE)
    wanted, wrong, at, kills, alive_s = [], [], 0, 0, 0
    notify = os.path.join(os.path.dirname(os.path.abspath(indsigt)), "indsigt-notify")
    os.rename(os.path.join(place.ledger.dir, "notify.json"), os.path.join(place.ledger.dir, "kept.json"))
    place.ledger.stop()
    place.ledger.serve()  # without a notifier of its own
    os.rename(os.path.join(place.ledger.dir, "kept.json"), os.path.join(place.ledger.dir, "notify.json"))
    errors = place.ledger.path("notify.err")
    for at in range(1, 400):
        place.report(A)
        wanted.append(A)
        before = len(set(portal.ids()))
        size = int(place.ledger.get("/checkpoint").splitlines()[1])
        with open(errors, "ab") as err:
            one = subprocess.Popen([notify, "notify", place.ledger.dir], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=err,
                                   env={**os.environ, "LD_PRELOAD": library, "DYING_CALL_AT": str(at)})
        wait_until(lambda: one.poll() is not None or (len(set(portal.ids())) > before and place.status().get("waiting") == 0 and
                                                      place.status()["position"] >= size), "told or killed")
        alive = one.poll() is None
        one.send_signal(signal.SIGTERM)
        if one.wait(DEADLINE_S) not in (0, -signal.SIGKILL):
            wrong.append("%d: ended with %d" % (at, one.returncode))
        kills += one.returncode == -signal.SIGKILL
        alive_s = alive_s + 1 if alive else 0
        if alive_s == 3:  # it makes fewer calls than that
            break
    with open(errors, "ab") as err:  # what is left is told now
        last = subprocess.Popen([notify, "notify", place.ledger.dir], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=err)
    place.report(A)
    place.settled(waiting=0)
    last.send_signal(signal.SIGTERM)
    last.wait(DEADLINE_S)
    bodies = {}
    for headers, body in portal.got:
        bodies.setdefault(headers["webhook-id"], set()).add(body)
    for line in open(errors, encoding="utf-8"):
        if "ALARM" in line or "damaged" in line:
            wrong.append(line.strip())
    tap.ok(not wrong and kills > 20, "killed %d times before a call, up to the %dth: %s" % (kills, at, wrong[:5]))
    tap.ok(all(len(one) == 1 for one in bodies.values()), "each id is one notice, however often it came (%d for %d)" % (len(portal.got), len(bodies)))
    tap.ok(0 < len(bodies) <= len(wanted) + 1, "and no more notices than there were news: %d of %d" % (len(bodies), len(wanted) + 1))
    place.ledger.stop()
    portal.close()
    place.ledger.remove()


def over_tls(tap, indsigt):
    """NTF-17: the portal's certificate is checked, against --ca's authority alone."""
    with_tls = Ledger(indsigt)  # a place for the files
    authority = Authority(with_tls.path("authority"))
    pair = authority.issue("portal")
    portal = Portal(tls=(pair.certificate, pair.key))
    place = Place(indsigt, portal, url="https://localhost:%d/hook" % portal.port)
    place.ledger.serve()
    Door(place.ledger).put(A, AT_ONCE)
    place.report(A)
    place.settled(waiting=1)
    wait_until(lambda: place.status()["trouble"], "trouble is said")
    tap.ok(not portal.got, "a portal whose authority is not believed is told nothing: %s" % place.status()["trouble"])
    place.ledger.stop()
    place.configure("https://localhost:%d/hook" % portal.port, ca=authority.certificate)
    place.ledger.serve()
    wait_until(lambda: portal.got, "a notice")
    place.settled(waiting=0)
    tap.ok(portal.recipients() == [A] and signed(place.key, *portal.got[0]), "one that is believed is")
    place.ledger.stop()
    place.configure("http://192.0.2.1/hook")
    result = place.ledger.result("notify", place.ledger.dir)
    tap.ok(result.returncode == 1 and "https only" in result.stderr, "another machine without TLS is refused: " + result.stderr)
    portal.close()
    place.ledger.remove()
    with_tls.remove()


def put_back(tap, indsigt):
    """NTF-10: a log that is not the one that was read stops it, and it says what to do."""
    portal = Portal()
    place = Place(indsigt, portal)
    place.ledger.serve()
    Door(place.ledger).put(A, AT_ONCE)
    place.report(A)
    place.settled(waiting=0)
    place.ledger.stop()
    other = Place(indsigt, portal)
    for name in ("store", "keys", "filed", "guard", "vkey"):
        if os.path.exists(os.path.join(place.ledger.dir, name)):
            os.rename(os.path.join(place.ledger.dir, name), place.ledger.path("old-" + name))
        if os.path.exists(os.path.join(other.ledger.dir, name)):
            os.rename(os.path.join(other.ledger.dir, name), os.path.join(place.ledger.dir, name))
    result = place.ledger.result("notify", place.ledger.dir)
    tap.ok(result.returncode in (1, 4) and "--from" in result.stderr, "another log is not read on: " + result.stderr.strip())
    place.ledger.remove()
    other.ledger.remove()
    portal.close()


def users(tap, indsigt):
    """NTF-4: a user of its own, in the group of queryd's."""
    if os.geteuid() != 0:
        tap.skip("a user of its own", "only root may become one")
        return
    daemon, games, www = (pwd.getpwnam(name) for name in ("daemon", "games", "www-data"))
    portal = Portal()
    place = Place(indsigt, portal)
    os.chmod(place.ledger.place, 0o755)
    place.ledger.serve("--ingest-user", "daemon", "--query-user", "games", "--notify-user", "www-data")
    door = Door(place.ledger)
    door.put(A, AT_ONCE)
    place.report(A)
    wait_until(lambda: portal.got, "a notice")
    ids = dict(line.split(":", 1) for line in open("/proc/%d/status" % place.ledger.daemon("indsigt-notify"), encoding="ascii") if ":" in line)
    tap.ok(set(ids["Uid"].split()) == {str(www.pw_uid)} and set(ids["Gid"].split()) == {str(games.pw_gid)} and not ids["Groups"].strip(),
           "it runs as its user, in queryd's group: %s %s" % (ids["Uid"], ids["Gid"]))
    folder = os.path.join(place.ledger.dir, "notify")
    info = os.stat(folder)
    tap.ok((info.st_uid, info.st_gid, info.st_mode & 0o7777) == (www.pw_uid, games.pw_gid, 0o2750) and
           all(os.stat(os.path.join(folder, name)).st_uid == www.pw_uid and os.stat(os.path.join(folder, name)).st_mode & 0o077 == 0
               for name in ("signing", "sealing", "wishes")), "its keys and its file are its own alone")
    path = os.path.join(folder, "socket")
    tap.ok(b"wishes" in (heard_as(games.pw_uid, path, games.pw_gid) or b""), "queryd's user is heard")
    tap.ok(not heard_as(daemon.pw_uid, path, daemon.pw_gid), "ingestd's is not")
    tap.ok(wait_until(lambda: "indsigt_notify_people 1\n" in place.ledger.get("/metrics"), "counts"), "queryd reads its counts")
    place.ledger.stop()
    portal.close()
    place.ledger.remove()


def keys(tap, indsigt):
    portal = Portal()
    place = Place(indsigt, portal)
    tap.ok(place.ledger.run("notify", "key", place.ledger.dir).strip() == place.key, "the key is printed each time")
    new = place.ledger.run("notify", "key", place.ledger.dir, "--rotate").strip()
    again = place.ledger.result("notify", "key", place.ledger.dir, "--rotate")
    tap.ok(new != place.key and again.returncode == 1 and "--forget-old" in again.stderr, "a new key, and not a third: " + again.stderr)
    place.ledger.serve()
    Door(place.ledger).put(A, AT_ONCE)
    place.report(A)
    wait_until(lambda: portal.got, "a notice")
    tap.ok(signed(place.key, *portal.got[0]) and signed(new, *portal.got[0]), "NTF-18: both sign until the old one is forgotten")
    place.settled(waiting=0)
    place.ledger.run("notify", "key", place.ledger.dir, "--forget-old")
    place.ledger.stop()
    place.ledger.serve()
    place.report(A)
    wait_until(lambda: len(portal.got) == 2, "a notice")
    tap.ok(not signed(place.key, *portal.got[1]) and signed(new, *portal.got[1]), "then the new one alone")
    place.ledger.stop()
    portal.close()
    everything = ""
    for base, _, names in os.walk(place.ledger.place):
        for name in names:
            if not base.endswith(".spool"):
                everything += open(os.path.join(base, name), "rb").read().decode("latin-1")
    tap.ok("0101701234" not in everything and "Opslag" not in everything, "NTF-9: nobody is named in any file or log")
    place.ledger.remove()


def main():
    tap = Tap()
    for part in (told, over_http, refusals, users, keys, over_tls, put_back, portal_away, killed_by_hand):
        part(tap, sys.argv[1])
    if len(sys.argv) > 2:  # sanitizers want to be where the library is
        killed_anywhere(tap, sys.argv[1], sys.argv[2])
    tap.done()


main()
