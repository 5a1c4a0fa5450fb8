#!/usr/bin/env python3
"""No personal data where it leaks: a person's number, names, a token and keys are looked for, as text and in the forms in which
programs hold them, in all that a ledger keeps and says, and in the memory of its daemons."""

import base64
import http.client
import json
import os
import re
import shutil
import subprocess
import sys

from indsigt import Ledger, Tap, event, wait_until

NUMBER = "0101704321"
SUBJECT = "cpr:" + NUMBER
OTHER_NUMBER = "0202708765"
STAFF, STAFF_ID, ACTIVITY = "Qvist-Zebraklint", "uuid:5e1f00dd-aaaa-4bbb-8ccc-1234567890ab", "Opslag i Xylofonsagen"
EVENTS = 40


def forms(text):
    """How it may stand in memory or in a file: as it is, in hexadecimal, in base64 at each of its three places."""
    data = text.encode() if isinstance(text, str) else text
    found = {data, data.hex().encode(), data.hex().upper().encode()}
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + data)
        found.add(whole[(0, 2, 3)[shift]:-4 if (len(data) + shift) % 3 else None])
    return [form for form in found if len(form) >= 8]


def personal():
    return {"the person's number": forms(NUMBER), "another person's number": forms(OTHER_NUMBER), "an employee's name": forms(STAFF),
            "an employee's id": forms(STAFF_ID[5:]), "what was done": forms(ACTIVITY)}


def keys_of(ledger, sender_key):
    keys = {"keys/" + name: forms(bytes.fromhex(open(ledger.dir + "/keys/" + name, encoding="ascii").read().strip()))
            for name in ("log", "vrf", "alias", "master", "wrapping", "token")}
    keys["the sender's seed"] = forms(base64.b64decode(json.load(open(sender_key, encoding="utf-8"))["seed"]))
    return keys


def seen(data, what):
    return sorted(name for name, found in what.items() if any(form in data for form in found))


def content(place):
    """All bytes below it, and the names."""
    pieces = []
    for folder, folders, files in os.walk(place):
        pieces += [name.encode() for name in folders + files]
        pieces += [open(os.path.join(folder, name), "rb").read() for name in files if not os.path.islink(os.path.join(folder, name))]
    return b"\n".join(pieces)


def listing(place):
    return "\n".join(os.path.join(folder, name) for folder, folders, files in os.walk(place) for name in folders + files).encode()


def memory(pid, dumped_only):
    """What a core dump of it would hold; root alone may look. Where the kernel is told not to dump (VmFlags dd) only if all
    is asked for. Files that are mapped are looked at as files."""
    pieces = []
    maps = open("/proc/%d/smaps" % pid, encoding="utf-8", errors="replace").read()
    with open("/proc/%d/mem" % pid, "rb", 0) as file:
        for start, end, rights, flags in re.findall(r"^([0-9a-f]+)-([0-9a-f]+) (\S+) .*?^VmFlags: ([^\n]*)$", maps, re.M | re.S):
            if rights[0] != "r" or rights[3] == "s" or (dumped_only and "dd" in flags.split()):
                continue
            try:
                file.seek(int(start, 16))
                pieces.append(file.read(int(end, 16) - int(start, 16)))
            except (OSError, ValueError, OverflowError):
                pass  # vvar, vsyscall
    return b"\n".join(pieces)


def look_at_disk(t, ledger, key, what):
    said = open(ledger.path("serve.log"), "rb").read()
    for name, data in (("the store", content(ledger.dir + "/store")), ("what is filed", content(ledger.dir + "/filed")),
                       ("the key environment", content(ledger.dir + "/keys/env")), ("all names in the ledger", listing(ledger.dir)),
                       ("guard, vkey and status", b"".join(open(os.path.join(ledger.dir, name), "rb").read()
                                                           for name in ("guard", "vkey", "status.json"))),
                       ("all names in the spool", listing(key + ".spool")),
                       ("what the daemons say", said), ("/metrics", ledger.get("/metrics").encode()),
                       ("/healthz", ledger.get("/healthz").encode()), ("/v1/coverage", ledger.get("/v1/coverage").encode())):
        t.ok(len(data) > 20 and not seen(data, what), "%s: %d bytes, %s" % (name, len(data), seen(data, what) or "nothing of it"))


def look_at_lines(t, ledger):
    """Every line of queryd: method, route, status, time. No parameter, no name."""
    lines = open(ledger.path("serve.log"), encoding="utf-8").read().splitlines()
    requests = [line for line in lines if line.startswith(("GET ", "POST ", "HEAD "))]
    odd = [line for line in requests if not re.fullmatch(r"[A-Z]+ [\w/{}.*-]+( [\w=]+)* \d+ [\d.]+ms", line)]
    t.ok(len(requests) > 5 and not odd, "%d lines say method, route, status and time: %s" % (len(requests), odd[:2]))
    t.ok(not any("?" in line or "limit" in line for line in lines), "no line has a query string")


def ask_strangely(ledger, token):
    """What may be written down by a careless program: paths, parameters and headers that hold a number."""
    address, port = ledger.query.split(":")
    for path in ("/v1/accesses?subject=" + SUBJECT, "/v1/" + NUMBER, "/" + SUBJECT, "/v1/accesses?limit=5&org=" + NUMBER,
                 "/v1/statement?from=" + NUMBER, "/tile/" + NUMBER, "//" + NUMBER + "?x=" + STAFF):
        for headers in {}, {"Authorization": "Bearer " + token}, {"Authorization": "Bearer x" + NUMBER},\
                {"Indsigt-Subject": SUBJECT}, {"User-Agent": STAFF, "X-" + NUMBER: STAFF}:
            client = http.client.HTTPConnection(address, int(port), timeout=30)
            client.request("GET", path, headers=headers)
            client.getresponse().read()
            client.close()


def use(t, ledger, key):
    """Events are taken in, filed, and asked for over HTTP, so that the daemons have had everything in hand."""
    actor = {"kind": "human", "id": STAFF_ID, "name": STAFF, "role": "sagsbehandler"}
    lines = [event(SUBJECT if i % 2 else "cpr:" + OTHER_NUMBER, ACTIVITY, actor=actor, id="e%d" % i) for i in range(EVENTS)]
    bad = event(SUBJECT, ACTIVITY, actor=actor, outcome=STAFF)
    sent = ledger.result("send", "--server", ledger.ingest, "--key", key, "-", stdin="\n".join(lines + [bad, STAFF + NUMBER]) + "\n")
    ledger.run("epoch", ledger.dir)
    token = ledger.run("token", ledger.dir, "-", stdin=SUBJECT + "\n").strip()
    os.environ["INDSIGT_TOKEN"] = token
    answer = json.loads(ledger.run("who", "-", "--ledger", "http://" + ledger.query, "--json", stdin=SUBJECT + "\n"))
    ledger.run("statement", "-", "--ledger", "http://" + ledger.query, "-o", ledger.path("s.json"), stdin=SUBJECT + "\n")
    ask_strangely(ledger, token)
    t.ok(len(answer["accesses"]) == EVENTS // 2 and sent.returncode == 1, "events are taken in, asked for, and two are refused (exit %d, %d)" %
         (sent.returncode, len(answer["accesses"])))
    t.ok(not seen((sent.stderr + sent.stdout).encode(), personal()), "what 'send' says names nobody")
    rejected = key + ".spool/rejected.jsonl"
    t.ok(os.stat(rejected).st_mode & 0o777 == 0o600 and os.stat(key + ".spool").st_mode & 0o777 == 0o700 and
         seen(open(rejected, "rb").read(), personal()), "what was refused stands in a file for its owner alone")
    os.unlink(rejected)
    return token


def look_at_memory(t, ledger, what):
    if os.geteuid() != 0:
        t.skip("the memory of the daemons", "only root may look at it")
        return
    for name in "indsigt-ingestd", "indsigt-queryd":
        pid = ledger.daemon(name)
        data = memory(pid, True)
        t.ok(len(data) > 1000000 and not seen(data, what), "a dump of %s, at rest: %d bytes, %s" % (name, len(data),
             seen(data, what) or "nothing of it"))
        # what the test looks for is there to be found, where no dump looks
        t.ok("keys/master" in seen(memory(pid, False), what), "%s has its keys in memory that is never dumped" % name)


def dump(t, ledger, what):
    """A real one, by a debugger that root has forced to."""
    if os.geteuid() != 0 or shutil.which("gcore") is None:
        t.skip("a core taken on purpose", "it wants root and gdb's gcore")
        return
    for name in "indsigt-ingestd", "indsigt-queryd":
        pid = ledger.daemon(name)
        result = subprocess.run(["gcore", "-o", ledger.path("core"), str(pid)], capture_output=True, text=True, check=False)
        path = ledger.path("core.%d" % pid)
        if result.returncode != 0 or not os.path.exists(path):
            t.skip("a core taken on purpose", "gcore may not: " + (result.stderr.strip().splitlines() or ["?"])[-1])
            return
        data = open(path, "rb").read()
        os.unlink(path)
        t.ok(len(data) > 1000000 and not seen(data, what), "a core of %s, taken on purpose: %s" % (name, seen(data, what) or
             "nothing of it"))


def at_rest(ledger):
    """Both have done what they had to do: nothing waits, and everything is filed."""
    wait_until(lambda: ledger.health()[0] == 200, "healthy")


def main():
    t = Tap()
    t.ok(not seen(b"nothing", personal()) and seen(b"x" + base64.b64encode(b"ab" + NUMBER.encode() + b"c"), personal()) ==
         ["the person's number"], "what is looked for is found, also in base64")
    ledger = Ledger(sys.argv[1])
    try:
        key = ledger.add_sender("KSD")
        ledger.serve()
        token = use(t, ledger, key)
        what = {**personal(), **keys_of(ledger, key), "a token": forms(token)}
        at_rest(ledger)
        look_at_disk(t, ledger, key, what)
        look_at_lines(t, ledger)
        look_at_memory(t, ledger, what)
        dump(t, ledger, what)
    finally:
        ledger.remove()
    t.done()


main()
