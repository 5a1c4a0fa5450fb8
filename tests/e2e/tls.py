#!/usr/bin/env python3
"""TLS on both ports: what is offered, who is believed, and that nobody is told anything before."""

import json
import os
import re
import socket
import ssl
import subprocess
import sys
import threading

from certificates import Authority, NoOpenssl, Place
from indsigt import Ledger, Tap, event, wait_until

SUBJECT = "cpr:0101701234"


class World(Place):
    def serve(self, *options):
        self.ledger.serve("--tls-cert", self.pair.certificate, "--tls-key", self.pair.key, *options)

    def send(self, server, *options, key=None):
        return self.ledger.result("send", "--server", server, "--key", key or self.key, *options, "-", stdin=self.lines(1))


def s_client(address, *options, hangs_up=True):
    """(exit code, all that openssl says)"""
    result = subprocess.run(["openssl", "s_client", "-connect", address, *options], input="" if hangs_up else None, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, errors="replace", timeout=60, check=False)
    return result.returncode, result.stdout


def offers(address, *options):
    """Whether a handshake is done."""
    _, said = s_client(address, *options)
    return re.search(r"^New, TLSv1\.[23], Cipher is (?!\(NONE\))", said, re.M) is not None and "alert" not in said


# ---- it works ----

def both_ports(tap, world):
    """Everything that goes over a port goes by TLS. (TLS-1)"""
    ledger, ca = world.ledger, world.ca.certificate
    server, url = "tls://" + ledger.ingest, "https://" + ledger.query
    result = world.send(server, "--ca", ca, "--query", url)
    tap.ok(result.returncode == 0 and '"batch"' in result.stdout, "a sender gets its receipt by TLS: " + result.stderr.strip())
    ledger.run("epoch", ledger.dir)
    result = ledger.result("send", "--server", server, "--key", world.key, "--ca", ca, "--query", url, "--check-filing")
    tap.ok(result.returncode == 0, "and checks by TLS how its events were filed: " + result.stderr.strip())
    token = ledger.run("token", ledger.dir, SUBJECT).strip()
    result = ledger.result("who", SUBJECT, "--ledger", url, "--token", token, "--ca", ca)
    tap.ok(result.returncode == 0 and "opslag" in result.stdout, "a citizen asks by TLS: " + result.stderr.strip())
    statement = ledger.path("statement.json")
    result = ledger.result("statement", SUBJECT, "--ledger", url, "--token", token, "--ca", ca, "-o", statement)
    tap.ok(result.returncode == 0 and ledger.result("verify", statement, "--vkey", ledger.vkey).returncode == 0,
           "gets a statement: " + result.stderr.strip())
    result = ledger.result("audit", url, "--vkey", ledger.vkey, "--ca", ca)
    tap.ok(result.returncode == 0, "and anybody audits: " + result.stderr.strip())
    plain = socket.create_connection(address_of(ledger.query))
    plain.sendall(b"GET /checkpoint HTTP/1.1\r\nHost: x\r\n\r\n")
    tap.ok(b"HTTP" not in read_all(plain), "a port that speaks TLS speaks nothing else")


def address_of(text):
    host, port = text.rsplit(":", 1)
    return host, int(port)


def read_all(line):
    got = b""
    line.settimeout(60)
    try:
        while piece := line.recv(65536):
            got += piece
    except ConnectionError:
        pass
    return got


# ---- what is offered ----

TABLE = [  # what is asked for, and whether it is given with TLS 1.3 alone, and with --tls-older
    (["-tls1_3"], True, True),
    (["-tls1_2"], False, True),
    (["-tls1_1", "-cipher", "ALL@SECLEVEL=0"], False, False),
    (["-tls1", "-cipher", "ALL@SECLEVEL=0"], False, False),
    (["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"], False, True),
    (["-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384"], False, True),
    (["-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"], False, True),
    (["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256"], False, False),
    (["-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-SHA"], False, False),
    (["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-CCM"], False, False),
    (["-tls1_2", "-cipher", "AES128-GCM-SHA256"], False, False),
    (["-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256"], False, False),
    (["-tls1_2", "-cipher", "aNULL@SECLEVEL=0"], False, False),
    (["-tls1_3", "-groups", "X25519"], True, True),
    (["-tls1_3", "-groups", "P-256"], True, True),
    (["-tls1_3", "-groups", "P-384"], True, True),
    (["-tls1_3", "-groups", "P-521"], False, False),
    (["-tls1_3", "-servername", "somebody.else.example"], True, True),
    (["-tls1_3", "-alpn", "h2"], False, False),
]


def table(tap, world, old):
    """TLS-3, TLS-5, the same on both ports."""
    for name, address, protocol in (("ingest", world.ledger.ingest, "indsigt"), ("query", world.ledger.query, "http/1.1")):
        rows = TABLE + [(["-tls1_3", "-alpn", "h2," + protocol], True, True)]
        wrong = [row[0] for row in rows if offers(address, *row[0]) != row[2 if old else 1]]
        tap.ok(wrong == [], "%s%s offers what the page says, and nothing else %s" % (name, " with --tls-older" if old else "", wrong or ""))


def no_more_than_that(tap, world):
    """TLS-4, TLS-6"""
    for name, address in (("ingest", world.ledger.ingest), ("query", world.ledger.query)):
        _, said = s_client(address, "-tls1_3", "-showcerts", "-CAfile", world.ca.certificate, "-verify_return_error")
        tap.ok(said.count("BEGIN CERTIFICATE") == 2 and "Verify return code: 0" in said, name + " shows its whole chain")
        tap.ok("Early data was not sent" in said and "Compression: NONE" in said and "Session Ticket" not in said and "TLS session ticket" not in said,
               name + " has no tickets, no early data, no compression")
    kept = world.ledger.path("session")
    s_client(world.ledger.query, "-tls1_2", "-sess_out", kept)
    if os.path.exists(kept):
        _, said = s_client(world.ledger.query, "-tls1_2", "-sess_in", kept)
        tap.ok("Reused, " not in said, "nothing is resumed")


# ---- who is believed ----

class Listener(threading.Thread):
    """A stranger with a certificate: all that it was told, once decrypted."""

    def __init__(self, pair, protocol="indsigt", says=b""):
        super().__init__(daemon=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(pair.certificate, pair.key)
        self.context.set_alpn_protocols([protocol])
        self.says = says
        self.told = b""
        self.asked = 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.socket.getsockname()[1]
        self.start()

    def run(self):
        while True:
            try:
                line, _ = self.socket.accept()
            except OSError:
                return
            self.asked += 1
            try:
                with self.context.wrap_socket(line, server_side=True) as stream:
                    stream.sendall(self.says)
                    while piece := stream.recv(65536):
                        self.told += piece
            except (ssl.SSLError, OSError):
                pass

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


def believed(tap, world):
    """Nothing is told to whom is not believed. (TLS-12)"""
    ledger, ca = world.ledger, world.ca.certificate
    foreign = Authority(ledger.path("foreign-ca"))
    cases = [("of a foreign authority", foreign.issue("server")), ("made out for another host", world.ca.issue("other", names="DNS:other.example")),
             ("that has ended", world.ca.issue("ended", days=-1))]
    token = ledger.run("token", ledger.dir, SUBJECT).strip()
    for what, pair in cases:
        listener = Listener(pair)
        result = world.send("tls://" + listener.address, "--ca", ca)
        tap.ok(result.returncode == 4 and listener.asked > 0 and listener.told == b"",
               "a sender tells nothing to one with a certificate %s: %s" % (what, result.stderr.strip().splitlines()[-1]))
        listener.close()
        listener = Listener(pair, "http/1.1")
        result = ledger.result("who", SUBJECT, "--ledger", "https://" + listener.address, "--token", token, "--ca", ca)
        tap.ok(result.returncode == 4 and listener.asked > 0 and listener.told == b"", "nor does who asks: " + result.stderr.strip())
        listener.close()
        listener = Listener(pair, "http/1.1")
        result = ledger.result("audit", "https://" + listener.address, "--vkey", ledger.vkey, "--ca", ca)
        tap.ok(result.returncode == 4 and listener.asked == 1, "an audit asks no second time: " + result.stdout.strip().splitlines()[-1])
        listener.close()
    result = world.send("tls://" + ledger.ingest)
    tap.ok(result.returncode == 4 and "not believed" in result.stderr, "without --ca the system's authorities count: " + result.stderr.strip().splitlines()[-1])
    name = "localhost:" + ledger.ingest.rsplit(":", 1)[1]
    tap.ok(world.send("tls://" + name, "--ca", ca).returncode == 0, "a name does as well as an address")


def riddles(tap, world, tls):
    """What somebody is told who has mistaken port, name or authority: what it is, and what helps."""
    ledger, ca = world.ledger, world.ca.certificate
    ingest, query = ledger.ingest, ledger.query
    named = world.ca.issue("named", names="DNS:log.example,IP:192.0.2.7,DNS:other.example")
    listeners = [Listener(named), Listener(named, "http/1.1")]
    to_sender = [("tls://" + listeners[0].address, ("log.example, 192.0.2.7", "not for 127.0.0.1")), ("tls://" + query, ("another protocol",)),
                 (ingest, ("tls://",)), (query, ("tls://",))] if tls else [("tls://" + ingest, ("does not speak TLS",)), ("tls://" + query, ("does not speak TLS",))]
    to_asker = [("https://" + listeners[1].address, ("DNS:log.example", "192.0.2.7", "not for 127.0.0.1")), ("https://" + ingest, ("speaks no HTTP",)),
                ("http://" + ingest, ("https://",)), ("http://" + query, ("https://",))] if tls else \
        [("https://" + ingest, ("does not speak TLS", "http://")), ("https://" + query, ("does not speak TLS", "http://")), ("http://" + ingest, ("speaks no HTTP",))]
    for server, wanted in to_sender:
        trust = ["--ca", ca] if server.startswith("tls:") else []
        process = subprocess.Popen([ledger.indsigt, "send", "--server", server, "--key", world.key, *trust, "-"],
                                   stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        process.stdin.write(world.lines(1))
        process.stdin.close()
        said = ""
        while not all(word in said for word in wanted) and (line := process.stderr.readline()):
            said += line
        ends = server.startswith("tls:")  # of one without TLS it may be a restart
        if not ends:
            process.terminate()
        process.stderr.read()
        tap.ok(all(word in said for word in wanted) and (process.wait() == 4 or not ends), "a sender to %s: %s" % (server, said.strip()))
    for url, wanted in to_asker:
        for command in (("who", SUBJECT, "--token", "x", "--ledger", url), ("audit", url, "--vkey", ledger.vkey)):
            result = ledger.result(*command, "--ca", ca)
            said = (result.stdout + result.stderr).strip()
            tap.ok(result.returncode == 4 and all(word in said for word in wanted), "%s of %s: %s" % (command[0], url, said.splitlines()[-1]))
    for listener in listeners:
        listener.close()


def believed_by_whom(tap, world):
    """--ca and its like are named where they help."""
    ledger = world.ledger
    for command in (("who", SUBJECT, "--token", "x", "--ledger", "https://" + ledger.query), ("audit", "https://" + ledger.query, "--vkey", ledger.vkey),
                    ("send", "--server", "tls://" + ledger.ingest, "--key", world.key, "-")):
        result = ledger.result(*command, stdin=world.lines(1))
        said = (result.stdout + result.stderr).strip()
        tap.ok(result.returncode == 4 and "--ca FILE" in said, "%s names --ca: %s" % (command[0], said))


def plain(tap, world):
    """Off loopback only by name. (TLS-1, TLS-2)"""
    ledger = world.ledger
    result = ledger.result("serve", ledger.dir, "--ingest", "0.0.0.0:0", "--query", "127.0.0.1:0")
    tap.ok(result.returncode == 2 and "--plain-off-loopback" in result.stderr, "no plain ingest port for others: " + result.stderr.splitlines()[0])
    result = ledger.result("serve", ledger.dir, "--ingest", "127.0.0.1:0", "--query", "0.0.0.0:0")
    tap.ok(result.returncode == 2 and "--plain-off-loopback" in result.stderr, "no plain query port either")
    for program, folder in (("indsigt-ingestd", "ingest"), ("indsigt-queryd", "query")):
        path = os.path.join(os.path.dirname(os.path.dirname(ledger.indsigt)), folder, program)
        result = subprocess.run([path, ledger.dir, "--listen", "0.0.0.0:0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
        tap.ok(result.returncode == 2 and "--plain-off-loopback" in result.stderr, program + " refuses it itself")
    result = world.send("192.0.2.1:7514")
    tap.ok(result.returncode == 2 and "tls://" in result.stderr, "a sender does not go to another machine without TLS")
    result = ledger.result("who", SUBJECT, "--ledger", "http://192.0.2.1:7580", "--token", "x")
    tap.ok(result.returncode == 2 and "https://" in result.stderr, "nor does who asks: " + result.stderr.splitlines()[0])


def plain_by_name(tap, indsigt):
    """Where it is allowed by name, what reads are reported by gets to that address, too. (ROLE-8)"""
    ledger = Ledger(indsigt, operator="cvr:34051178")
    ledger.serve("--ingest", "0.0.0.0:0", "--plain-off-loopback")
    wait_until(lambda: os.path.exists(os.path.join(ledger.dir, "reads", "socket")), "who reports reads to listen")
    reads = socket.socket(socket.AF_UNIX)
    reads.connect(os.path.join(ledger.dir, "reads", "socket"))
    reads.sendall((event(SUBJECT, "a", org={"id": "cvr:34051178", "name": "Tilsynet"}) + "\n").encode())
    answer = json.loads(reads.makefile().readline())
    tap.ok("receipt" in answer, "plain off loopback, who reports reads is heard: %s" % answer)
    reads.close()
    ledger.remove()


def client_certificates(tap, world):
    """TLS-13"""
    ledger, ca, server = world.ledger, world.ca.certificate, "tls://" + world.ledger.ingest
    mine, foreign = world.ca.issue("mine"), Authority(ledger.path("own-ca"))
    key = ledger.add_sender("bound", "cvr:1", "--policy", "certificate=" + world.ca.hash_of("mine"))
    result = world.send(server, "--ca", ca, key=key)
    tap.ok(result.returncode == 5 and "--tls-cert" in result.stderr, "who shows no certificate is not welcomed: " + result.stderr.strip().splitlines()[-1])
    other = foreign.issue("other")
    result = world.send(server, "--ca", ca, "--tls-cert", other.certificate, "--tls-key", other.key, key=key)
    tap.ok(result.returncode == 5, "nor who shows another")
    result = world.send(server, "--ca", ca, "--tls-cert", mine.certificate, "--tls-key", mine.key, key=key)
    tap.ok(result.returncode == 0, "who shows the registered one is: " + result.stderr.strip().splitlines()[-1])
    renewed = world.ca.issue("renewed", key="mine")
    result = world.send(server, "--ca", ca, "--tls-cert", renewed.certificate, "--tls-key", renewed.key, key=key)
    tap.ok(result.returncode == 0, "and who shows a renewed one of the same key")
    result = world.send(server, "--ca", ca, "--tls-cert", mine.certificate, "--tls-key", mine.key)
    tap.ok(result.returncode == 0, "a sender that has registered none may show one")
    line = [ledger.indsigt, "send", "--server", server, "--key", key, "--ca", ca, "--tls-cert", mine.certificate, "--tls-key", mine.key, "-"]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as there:
        for words, _ in ((("mine", "other"), True), (("other",), False)):
            there.stdin.write(event(SUBJECT, "before " + words[0], org={"id": "cvr:1", "name": "B"}) + "\n")
            there.stdin.flush()
            receipt = there.stdout.readline()
            named = [word for name in words for word in ("--certificate", ledger.path("ca" if name == "mine" else "own-ca") + "/%s.crt" % name)]
            ledger.run("sender", "policy", ledger.dir, "--key", key, *named)
            tap.ok('"batch"' in receipt, "a line that is there goes on while the registration names its certificate")
        there.stdin.write(event(SUBJECT, "after", org={"id": "cvr:1", "name": "B"}) + "\n")
        _, said = there.communicate()
        tap.ok(there.returncode == 5 and "client certificates" in said,
               "and is ended when it names others: %d %s" % (there.returncode, said.strip().splitlines()[-1]))


def files(tap, world):
    """TLS-6"""
    ledger, pair = world.ledger, world.pair
    listen = ("serve", ledger.dir, "--ingest", "127.0.0.1:0", "--query", "127.0.0.1:0")
    os.chmod(pair.key, 0o640)
    result = ledger.result(*listen, "--tls-cert", pair.certificate, "--tls-key", pair.key)
    tap.ok(result.returncode != 0 and "0600" in result.stderr, "a key that others may read is refused: " + result.stderr.splitlines()[0])
    os.chmod(pair.key, 0o600)
    other = world.ca.issue("unpaired")
    result = ledger.result(*listen, "--tls-cert", pair.certificate, "--tls-key", other.key)
    tap.ok(result.returncode != 0 and "not that of the certificate" in result.stderr, "a pair that is none is refused")
    result = ledger.result(*listen, "--tls-cert", pair.certificate)
    tap.ok(result.returncode == 2 and "together" in result.stderr, "one without the other is a mistake")


def main():
    tap = Tap()
    try:
        world = World(sys.argv[1])
    except NoOpenssl as why:
        tap.skip("TLS", str(why))
        tap.done()
    plain(tap, world)
    plain_by_name(tap, world.ledger.indsigt)
    files(tap, world)
    world.serve()
    both_ports(tap, world)
    table(tap, world, old=False)
    believed(tap, world)
    client_certificates(tap, world)
    riddles(tap, world, tls=True)
    believed_by_whom(tap, world)
    world.ledger.stop()
    world.ledger.serve()
    riddles(tap, world, tls=False)
    world.ledger.stop()
    world.serve("--tls-older")
    table(tap, world, old=True)
    no_more_than_that(tap, world)
    world.ledger.remove()
    tap.done()


if __name__ == "__main__":
    main()
