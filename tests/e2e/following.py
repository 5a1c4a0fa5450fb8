#!/usr/bin/env python3
"""Events as they come, told to the person that they are about, by a client as a page is: read line by line, and begun again
behind the last. (SSE-1, SSE-2, SSE-3, SSE-4, SSE-5)"""

import base64
import hashlib
import hmac
import http.client
import json
import os
import sys
import time

from indsigt import Ledger, Tap, event, wait_until

SUBJECT, OTHER, IDLE = "cpr:0101701234", "cpr:0202702345", "cpr:0303703456"
CHILD, PARENT = "cpr:0404101234", "cpr:0505705678"


class Stream:
    """One connection, and what comes over it."""

    def __init__(self, ledger, token, last=None, subject=None, query="", method="GET"):
        self.connection = http.client.HTTPConnection(*ledger.query.rsplit(":", 1), timeout=240)
        headers = {"Accept": "text/event-stream", "Authorization": "Bearer " + token}
        if last is not None:
            headers["Last-Event-ID"] = str(last)
        if subject is not None:
            headers["Indsigt-Subject"] = subject
        self.connection.request(method, "/v1/accesses" + query, headers=headers)
        self.response = self.connection.getresponse()
        self.status = self.response.status
        self.last = last

    def next(self):
        """(event, data), ("beat", None) for a comment, (None, None) at the end."""
        kind, data = None, None
        while True:
            raw = self.response.readline()
            if raw == b"" or (raw == b"\n" and kind is not None):
                return kind, data
            line = raw.decode().rstrip("\n")
            if line.startswith(":"):
                return "beat", None
            name, _, value = line.partition(":")
            if name == "event":
                kind = value.strip()
            elif name == "id":
                self.last = int(value)
            elif name == "data":
                data = value.strip()

    def access(self):
        """The index of the one event in the page that comes next."""
        kind, data = self.next()
        page = json.loads(data or "{}")
        items = page.get("accesses", []) + page.get("withheld", {"events": []})["events"]
        assert kind == "access" and len(items) == 1 and items[0]["index"] == self.last and "cursor" not in page, (kind, page)
        self.page = page
        return self.last

    def close(self):
        self.response.close()
        self.connection.close()


def send(ledger, key, *lines):
    ledger.run("send", "--server", ledger.ingest, "--key", key, "-", stdin="\n".join(lines) + "\n")


def short_token(ledger, seconds):
    """A demo token that soon ends."""
    def text(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=")
    claims = {"iss": "indsigt-demo/" + ledger.vkey.split("+")[0], "sub": SUBJECT, "role": "subject", "iat": int(time.time()),
              "exp": int(time.time()) + seconds}
    signed = text(b'{"alg":"HS256","typ":"JWT"}') + b"." + text(json.dumps(claims).encode())
    with open(os.path.join(ledger.dir, "keys", "token"), "rb") as file:
        key = bytes.fromhex(file.read().decode())
    return (signed + b"." + text(hmac.new(key, signed, hashlib.sha256).digest())).decode()


def tells(tap, ledger, key, token):
    stream = Stream(ledger, token)
    kind = stream.response.headers["Content-Type"]
    tap.ok(stream.status == 200 and kind == "text/event-stream" and stream.response.headers["Cache-Control"] == "no-store",
           "a stream begins (SSE-1)")
    send(ledger, key, event(OTHER, "Andre"), event(SUBJECT, "Første"))
    first = stream.access()
    item = stream.page["accesses"][0]
    tap.ok(item["activity"] == "Første" and "inclusion" in item["proof"] and stream.page["subject"] == SUBJECT,
           "an event is told as a page with it alone (SSE-2)")
    tap.ok(stream.page["checkpoint"].startswith(ledger.vkey.split("+")[0]) and list(stream.page["coverage"]) == ["hash"],
           "... under a checkpoint")
    send(ledger, key, event(SUBJECT, "Anden"), event(SUBJECT, "Tredje"))
    tap.ok(first < stream.access() < stream.access(), "the next ones in their order, and nobody else's")
    stream.close()
    send(ledger, key, *(event(SUBJECT, "Imens %d" % i) for i in range(40)))
    again = Stream(ledger, token, last=stream.last)
    seen = [again.access() for _ in range(40)]
    tap.ok(seen == sorted(set(seen)) and seen[0] > stream.last, "what came meanwhile is told, all of it and once (SSE-3)")
    again.close()
    send(ledger, key, *(event(SUBJECT, "Mange %d" % i) for i in range(300)))
    again = Stream(ledger, token, last=again.last)
    tap.ok(again.next()[0] == "reset", "who missed too many asks for pages (SSE-3)")
    send(ledger, key, event(SUBJECT, "Efter"))
    tap.ok(again.access() > seen[-1] + 300 and again.page["accesses"][0]["activity"] == "Efter", "... and is told of what comes then")
    again.close()


def refuses(tap, ledger, token):
    authority = ledger.run("token", ledger.dir, SUBJECT, "--role", "authority", "--org", "cvr:55133018").strip()
    supervisor = ledger.run("token", ledger.dir, SUBJECT, "--role", "auditor").strip()
    tap.ok(Stream(ledger, authority, subject=SUBJECT).status == 403 and Stream(ledger, supervisor).status == 403,
           "people alone are told (SSE-1)")
    tap.ok(Stream(ledger, token, subject=OTHER).status == 403, "... of themselves alone")
    tap.ok(Stream(ledger, "x").status == 401, "... with a token")
    tap.ok(Stream(ledger, token, query="?limit=5").status == 400, "there are no parameters")
    tap.ok(Stream(ledger, token, last="x").status == 400 and Stream(ledger, token, last=-1).status == 400, "an id is an index")
    head = Stream(ledger, token, method="HEAD")
    tap.ok(head.status == 200 and head.response.headers["Content-Type"] == "application/json", "HEAD is of a page")
    streams = [Stream(ledger, token, last=10**12) for _ in range(4)]
    fifth = Stream(ledger, token)
    tap.ok([s.status for s in streams] == [200] * 4 and fifth.status == 503 and fifth.response.headers["Retry-After"],
           "four streams of one person are enough (SSE-5)")
    fifth.close()
    streams[0].close()

    def again():
        stream = Stream(ledger, token)
        stream.close()
        return stream.status == 200
    tap.ok(wait_until(again, "a place"), "... and one that ends makes room")
    for stream in streams[1:]:
        stream.close()


def grant(ledger, key, **members):
    send(ledger, key, event("grants:" + CHILD, "Forældremyndighed", action="create", actor={"kind": "system", "role": "register"},
                            org={"id": "cvr:34051178", "name": "CPR"}, grant={"id": "f-1", "kind": "parental", "to": PARENT, **members}))


def ends(tap, ledger, key, register):
    stream = Stream(ledger, short_token(ledger, 3))
    tap.ok(stream.next() == ("end", "token") and stream.next() == (None, None), "a stream ends with its token (SSE-4)")
    stream.close()
    token = ledger.run("token", ledger.dir, PARENT, "--role", "proxy").strip()
    tap.ok(Stream(ledger, token, subject=CHILD).status == 403, "a proxy without a grant is told nothing (SSE-4)")
    grant(ledger, register)
    stream = Stream(ledger, token, subject=CHILD)
    tap.ok(stream.status == 200, "a proxy with one is")
    tap.ok("Løbende besked om nye opslag" in json.dumps(ledger.who(CHILD), ensure_ascii=False), "... and that is on record before (ROLE-7)")
    send(ledger, key, event(CHILD, "Om barnet"))
    while stream.access() and stream.page["accesses"][0]["activity"] != "Om barnet":
        pass
    grant(ledger, register, revoked=True)
    send(ledger, key, event(CHILD, "Senere"))
    kind, data = stream.next()
    tap.ok((kind, data) == ("end", "grant"), "... until it is revoked (SSE-4)")
    stream.close()


def main():
    tap = Tap()
    ledger = Ledger(sys.argv[1])
    try:
        key = ledger.add_sender("one")
        register = ledger.add_sender("cpr", "cvr:34051178", "--grants")
        ledger.add_reporter()
        ledger.serve("--web", "none")
        token = ledger.run("token", ledger.dir, SUBJECT).strip()
        idle = Stream(ledger, ledger.run("token", ledger.dir, IDLE).strip())
        tells(tap, ledger, key, token)
        refuses(tap, ledger, token)
        ends(tap, ledger, key, register)
        tap.ok(idle.next()[0] == "beat", "one where nothing comes says that it goes on (SSE-2)")
        log = open(ledger.path("serve.log"), encoding="utf-8").read()
        tap.ok("is started again" not in log and SUBJECT[4:] not in log, "the daemon went on, and said nothing of anybody")
        ledger.stop()
        tap.ok(idle.next() == (None, None), "the end of the daemon ends them, at once")
        log = open(ledger.path("serve.log"), encoding="utf-8").read()
        tap.ok("did not end cleanly" not in log, "... and it ends cleanly")
    finally:
        ledger.remove()
    tap.done()


main()
