#!/usr/bin/env python3
"""No personal data where it leaks: a person's number, names, a token and keys are looked for, as text and in the forms in which
programs hold them, in all that a ledger keeps and says, and in the memory of its daemons and of a sender. Once as it is tried out, and
once as it is run: by TLS, with tokens of an identity provider."""

import base64
import http.client
import json
import os
import re
import shutil
import socket
import ssl
import struct
import subprocess
import sys

from certificates import Authority, NoOpenssl, openssl
from issuer import Issuer
from indsigt import Ledger, Tap, event, wait_until

NUMBER = "0101704321"
SUBJECT = "cpr:" + NUMBER
OTHER_NUMBER = "0202708765"
STAFF, STAFF_ID, ACTIVITY = "Qvist-Zebraklint", "uuid:5e1f00dd-aaaa-4bbb-8ccc-1234567890ab", "Opslag i Xylofonsagen"
EVENTS = 40
PT_LOAD = 1  # of a core: memory


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
    """Of the ledger and of its sender."""
    keys = {"keys/" + name: forms(bytes.fromhex(open(ledger.dir + "/keys/" + name, encoding="ascii").read().strip()))
            for name in ("log", "vrf", "alias", "master", "wrapping", "token")}
    keys["the sender's seed"] = forms(base64.b64decode(json.load(open(sender_key, encoding="utf-8"))["seed"]))
    return keys


def tls_key(path):
    """As the file has it, line by line, and the number that it is, from both ends."""
    lines = [line.encode() for line in open(path, encoding="ascii").read().splitlines() if not line.startswith("-")]
    said = re.search(r"^priv:\n((?:\s+[0-9a-f:]+\n)+)", openssl("pkey", "-in", path, "-noout", "-text"), re.M).group(1)
    number = bytes.fromhex(re.sub(r"[\s:]", "", said)).lstrip(b"\0")
    return lines + forms(number) + [number[::-1]]


class World:
    """A ledger as it is tried out: no TLS, tokens of its own."""

    def __init__(self, indsigt):
        self.ledger = Ledger(indsigt, operator="cvr:34051178")
        self.scheme, self.line, self.trust, self.opaque = "http://", "", (), None
        self.secrets = {}
        self.listener = None
        self.prepare()
        self.key = self.ledger.add_sender("KSD")
        self.ledger.serve(*self.options())
        self.listen()

    def prepare(self):
        pass

    def options(self):
        return ()

    def listen(self):
        """A sender that others share: it lives as long as they do."""
        key, path = self.ledger.add_sender("shared"), self.ledger.path("s")
        self.secrets["the shared sender's seed"] = forms(base64.b64decode(json.load(open(key, encoding="utf-8"))["seed"]))
        self.listener = subprocess.Popen([self.ledger.indsigt, "send", "--server", self.line + self.ledger.ingest, "--key", key, "--listen", path, *self.trust],
                                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: os.path.exists(path), "the sender to listen")
        with socket.socket(socket.AF_UNIX) as caller:
            caller.connect(path)
            caller.sendall((event("cpr:" + OTHER_NUMBER, ACTIVITY) + "\n").encode())
            if b"receipt" not in caller.recv(65536):
                raise RuntimeError("the shared sender gave no receipt")

    def token(self):
        return self.ledger.run("token", self.ledger.dir, "-", stdin=SUBJECT + "\n").strip()

    def client(self):
        address, port = self.ledger.query.split(":")
        if self.ledger.ca is None:
            return http.client.HTTPConnection(address, int(port), timeout=30)
        return http.client.HTTPSConnection(address, int(port), timeout=30, context=ssl.create_default_context(cafile=self.ledger.ca))

    def end(self):
        if self.listener is not None:
            self.listener.terminate()
            self.listener.wait()
        self.ledger.remove()


class AsItIsRun(World):
    """By TLS on both ports, the shared sender with a certificate of its own; tokens, signed and opaque, of an identity provider."""

    def prepare(self):
        ledger = self.ledger
        ca = Authority(ledger.path("ca"))
        self.server, client = ca.issue("server"), ca.issue("client")
        self.issuer = Issuer(ledger.path("issuer"))
        self.issuer.configure(ledger, "klientens-hemmelighed-7431")
        self.scheme, self.line, ledger.ca = "https://", "tls://", ca.certificate
        self.trust = ("--ca", ca.certificate)
        self.opaque = "uigennemsigtig-" + base64.urlsafe_b64encode(os.urandom(24)).decode()
        self.issuer.give(self.opaque, cpr=NUMBER, name=STAFF)
        self.secrets = {"the server's key of TLS": tls_key(self.server.key), "the client's key of TLS": tls_key(client.key),
                        "the client's secret at the provider": forms("klientens-hemmelighed-7431"), "an opaque token": forms(self.opaque)}
        self.client_pair = client

    def options(self):
        return "--tls-cert", self.server.certificate, "--tls-key", self.server.key

    def listen(self):
        self.trust += "--tls-cert", self.client_pair.certificate, "--tls-key", self.client_pair.key
        super().listen()
        self.trust = self.trust[:2]

    def token(self):
        return self.issuer.sign(cpr=NUMBER, name=STAFF, sub=STAFF_ID)

    def end(self):
        super().end()
        self.issuer.end()


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


def ask_strangely(world, token):
    """What may be written down by a careless program: paths, parameters and headers that hold a number."""
    for path in ("/v1/accesses?subject=" + SUBJECT, "/v1/" + NUMBER, "/" + SUBJECT, "/v1/accesses?limit=5&org=" + NUMBER,
                 "/v1/statement?from=" + NUMBER, "/tile/" + NUMBER, "//" + NUMBER + "?x=" + STAFF):
        for headers in {}, {"Authorization": "Bearer " + token}, {"Authorization": "Bearer x" + NUMBER},\
                {"Indsigt-Subject": SUBJECT}, {"User-Agent": STAFF, "X-" + NUMBER: STAFF}:
            client = world.client()
            client.request("GET", path, headers=headers)
            client.getresponse().read()
            client.close()


def read_for_a_case(t, world):
    """What is put on record names who asks, about whom, and the case."""
    ledger = world.ledger
    wait_until(lambda: os.path.exists(ledger.dir + "/reads/socket"), "the sender of reads")
    reader = ledger.run("token", ledger.dir, "oid:1.2.3:" + STAFF_ID[5:], "--role", "supervisor").strip()
    client = world.client()
    client.request("GET", "/v1/accesses", headers={"Authorization": "Bearer " + reader, "Indsigt-Subject": SUBJECT, "Indsigt-Case": STAFF})
    answer = client.getresponse()
    t.ok(answer.status == 200 and answer.read(), "somebody reads about the person for a case, on record")
    client.close()


def use(t, world):
    """Events are taken in, filed, and asked for over HTTP, so that the daemons have had everything in hand."""
    ledger, key = world.ledger, world.key
    url = world.scheme + ledger.query
    actor = {"kind": "human", "id": STAFF_ID, "name": STAFF, "role": "sagsbehandler"}
    lines = [event(SUBJECT if i % 2 else "cpr:" + OTHER_NUMBER, ACTIVITY, actor=actor, id="e%d" % i) for i in range(EVENTS)]
    bad = event(SUBJECT, ACTIVITY, actor=actor, outcome=STAFF)
    sent = ledger.result("send", "--server", world.line + ledger.ingest, "--key", key, *world.trust, "-", stdin="\n".join(lines + [bad, STAFF + NUMBER]) + "\n")
    ledger.run("epoch", ledger.dir)
    token = world.token()
    for one in [token] + [world.opaque] * (world.opaque is not None):
        os.environ["INDSIGT_TOKEN"] = one
        answer = json.loads(ledger.run("who", "-", "--ledger", url, "--json", *world.trust, stdin=SUBJECT + "\n"))
        ledger.run("statement", "-", "--ledger", url, "-o", ledger.path("s.json"), *world.trust, stdin=SUBJECT + "\n")
        ask_strangely(world, one)
    read_for_a_case(t, world)
    del os.environ["INDSIGT_TOKEN"]  # what is started from here on has it from nobody
    t.ok(len(answer["accesses"]) == EVENTS // 2 and sent.returncode == 1, "events are taken in, asked for, and two are refused (exit %d, %d)" %
         (sent.returncode, len(answer["accesses"])))
    t.ok(not seen((sent.stderr + sent.stdout).encode(), personal()), "what 'send' says names nobody")
    rejected = key + ".spool/rejected.jsonl"
    t.ok(os.stat(rejected).st_mode & 0o777 == 0o600 and os.stat(key + ".spool").st_mode & 0o777 == 0o700 and
         seen(open(rejected, "rb").read(), personal()), "what was refused stands in a file for its owner alone")
    os.unlink(rejected)
    return token


def processes(world):
    return [(name, world.ledger.daemon(name)) for name in ("indsigt-ingestd", "indsigt-queryd")] + [("indsigt send --listen", world.listener.pid)]


def not_its_own(name, what):
    """A sender has events in hand that are its organisation's own, and in files beside it; keys and tokens nobody leaves about."""
    return {thing: found for thing, found in what.items() if "send" not in name or thing not in personal()}


def look_at_memory(t, world, what):
    if os.geteuid() != 0:
        t.skip("the memory of the daemons", "only root may look at it")
        return
    for name, pid in processes(world):
        data = memory(pid, True)
        found = seen(data, not_its_own(name, what))
        t.ok(len(data) > 1000000 and not found, "a dump of %s, at rest: %d bytes, %s" % (name, len(data), found or "nothing of it"))
        # what the test looks for is there to be found, where no dump looks
        held = {"the shared sender's seed"} if "send" in name else {"keys/master"}
        held |= {"the client's key of TLS" if "send" in name else "the server's key of TLS"} if world.ledger.ca else set()
        t.ok(held <= set(seen(memory(pid, False), what)), "%s has its keys in memory that is never dumped: %s" % (name, ", ".join(sorted(held))))


def memory_of_core(core):
    """A core without its notes. They hold the registers of each thread, and in those of AVX-512 stands what was copied last, up to 64
    bytes of it, for as long as nothing else is: nobody can wipe that for whoever stops a program by force (threat-model.md)."""
    first, = struct.unpack_from("<Q", core, 32)
    count, = struct.unpack_from("<H", core, 56)
    parts = [struct.unpack_from("<IIQQQQQQ", core, first + 56 * i) for i in range(count)]
    return b"\n".join(core[at:at + size] for kind, _, at, _, _, size, _, _ in parts if kind == PT_LOAD)


def dump(t, world, what):
    """A real one, by a debugger that root has forced to."""
    if os.geteuid() != 0 or shutil.which("gcore") is None:
        t.skip("a core taken on purpose", "it wants root and gdb's gcore")
        return
    ledger = world.ledger
    for name, pid in processes(world):
        result = subprocess.run(["gcore", "-o", ledger.path("core"), str(pid)], capture_output=True, text=True, check=False)
        path = ledger.path("core.%d" % pid)
        if result.returncode != 0 or not os.path.exists(path):
            t.skip("a core taken on purpose", "gcore may not: " + (result.stderr.strip().splitlines() or ["?"])[-1])
            return
        data = memory_of_core(open(path, "rb").read())
        os.unlink(path)
        found = seen(data, not_its_own(name, what))
        t.ok(len(data) > 1000000 and not found, "a core of %s, taken on purpose: %s" % (name, found or "nothing of it"))


def at_rest(ledger):
    """Both have done what they had to do: nothing waits, and everything is filed."""
    wait_until(lambda: ledger.health()[0] == 200, "healthy")


def look(t, world):
    ledger = world.ledger
    token = use(t, world)
    what = {**personal(), **keys_of(ledger, world.key), **world.secrets, "a token": forms(token)}
    at_rest(ledger)
    look_at_disk(t, ledger, world.key, what)
    look_at_lines(t, ledger)
    look_at_memory(t, world, what)
    dump(t, world, what)


def main():
    t = Tap()
    t.ok(not seen(b"nothing", personal()) and seen(b"x" + base64.b64encode(b"ab" + NUMBER.encode() + b"c"), personal()) ==
         ["the person's number"], "what is looked for is found, also in base64")
    for kind in World, AsItIsRun:
        try:
            world = kind(sys.argv[1])
        except NoOpenssl as why:
            t.skip("a ledger by TLS", str(why))
            continue
        try:
            look(t, world)
        finally:
            world.end()
    t.done()


main()
