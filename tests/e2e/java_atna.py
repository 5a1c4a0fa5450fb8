#!/usr/bin/env python3
"""IPF's ATNA senders, from Maven Central, by TLS with a client certificate: what they write is found under the right person, or stands
with the refused ones and its reason; by TLS 1.3 and 1.2; over a line that is closed while they say nothing; and what senders do
that write a length by itself. B1, B4, B8, B9 of what real senders do; GW-2, GW-7, SYS-4
usage: java_atna.py INDSIGT GATEWAY [PART...]"""

import os
import shutil
import socket
import ssl
import subprocess

from certificates import Authority, NoOpenssl, openssl
from gateway import HEAD, Gateway, audit, free_port, run, seen
from indsigt import wait_until
from maven import NotHere, Program

PASSWORD = "changeit"  # of stores that live as long as the test


class Stores:
    """A certificate and whom to believe, as Java wants them."""

    def __init__(self, folder, pair, root):
        self.keys, self.trust = folder + "/keys.p12", folder + "/trust.p12"
        openssl("pkcs12", "-export", "-in", pair.certificate, "-inkey", pair.key, "-name", "client", "-passout", "pass:" + PASSWORD, "-out", self.keys)
        subprocess.run(["keytool", "-importcert", "-noprompt", "-alias", "root", "-file", root, "-storetype", "PKCS12", "-storepass", PASSWORD,
                        "-keystore", self.trust], check=True, capture_output=True, timeout=600)


class Sender:
    def __init__(self, program, stores, port, channel="TLS", protocols="TLSv1.3,TLSv1.2"):
        self.process = subprocess.Popen([*program.command, channel, str(port), protocols, stores.keys, stores.trust], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def send(self, kind, patient, what):
        """What IPF says: "done", or "failed" and why."""
        self.process.stdin.write("%s %s %s\n" % (kind, patient, what))
        self.process.stdin.flush()
        line = self.process.stdout.readline().strip()
        return line or self.process.stderr.read()[-1000:]

    def stop(self):
        self.process.communicate(timeout=240)
        return self.process.returncode


def danish(cpr):
    return cpr + "^^^&1.2.208.176.1.2&ISO"


class Ground:
    """What every part needs, once."""

    def __init__(self, ledger):
        self.authority = Authority(ledger.path("atna-ca"))
        self.server, self.client = self.authority.issue("server"), self.authority.issue("client")
        self.tls = ("--syslog-cert", self.server.certificate, "--syslog-key", self.server.key, "--client-ca", self.authority.certificate)

    def context(self):
        made = ssl.create_default_context(cafile=self.authority.certificate)
        made.load_cert_chain(self.client.certificate, self.client.key)
        return made


def ground(tap, ledger, what):
    if not hasattr(ledger, "atna"):
        try:
            ledger.atna = Ground(ledger)
        except NoOpenssl as why:
            tap.skip(what, why)
            return None
    return ledger.atna


def ipf(tap, ledger, program):
    here = ground(tap, ledger, "IPF")
    if here is None:
        return
    if shutil.which("keytool") is None:
        tap.skip("IPF", "there is no keytool")
        return
    try:
        java = Program(ledger.path("ipf"), os.path.join(os.path.dirname(os.path.abspath(__file__)), "atna/Atna.java"))
    except NotHere as why:
        tap.skip("IPF", why)
        return
    stores = Stores(ledger.place, here.client, here.authority.certificate)
    messages(tap, ledger, program, here, java, stores)
    closed(tap, ledger, program, here, java, stores)


def messages(tap, ledger, program, here, java, stores):
    ways = (("TLS", "TLSv1.3,TLSv1.2"), ("TLS", "TLSv1.2"), ("NETTY_TLS", "TLSv1.3,TLSv1.2"))
    for number, (channel, protocols) in enumerate(ways):
        name, cpr = "%s %s" % (channel, protocols), "010170140%d" % number
        gateway = Gateway(ledger, ledger.add_sender("ipf-%d" % number), program, *here.tls)
        sender = Sender(java, stores, gateway.port, channel, protocols)
        given = [sender.send(kind, danish(cpr), kind) for kind in ("record", "query", "export")]
        given += [sender.send("login", "-", "login"), sender.send("record", "47-11", "bare"), sender.send("record", "P1^^^SITE", "named")]
        tap.ok(given == ["done"] * 6, "%s: IPF sends: %s" % (name, given))
        tap.ok(seen(ledger, "cpr:" + cpr, 3) == ["export", "query", "record"], "%s: a record, a query and an export are found under the person" % name)
        actions = {a["activity"]: a["action"] for a in (access.get("event", access) for access in ledger.who("cpr:" + cpr)["accesses"])}
        tap.ok(actions == {"record": "read", "query": "search", "export": "export"}, "%s: each as what it is: %s" % (name, actions))
        wait_until(lambda gateway=gateway: len(gateway.rejected()) == 2, "two are refused")
        reasons = [row["reason"] for row in gateway.rejected()]
        tap.ok("authority=SYSTEM" in reasons[0] and "namespace=SITE=OID" in reasons[1], "%s: who could be anybody is refused, with the word that helps: %s" % (
            name, reasons))
        tap.ok(sender.stop() == 0, "%s: it ends" % name)
        gateway.stop()
        counts = gateway.status()["messages"]
        tap.ok(counts["read"] == 6 and counts["taken"] == 4 and counts["about_nobody"] == 1 and counts["refused"] == 2, "%s: a login is about nobody: %s" % (name, counts))
        tap.ok(gateway.status()["lines"]["broken"] == 0, "%s: a line that ends between messages is not broken" % name)


def closed(tap, ledger, program, here, java, stores):
    """The gateway ends while its sender says nothing, and is there again: the sender looks at its line before it writes."""
    address = "127.0.0.1:%d" % free_port()
    key = ledger.add_sender("ipf-closed")
    gateway = Gateway(ledger, key, program, *here.tls, address=address)
    sender = Sender(java, stores, gateway.port)
    said = []
    for turn in range(3):
        said.append(sender.send("record", danish("0101701410"), "turn %d" % turn))
        seen(ledger, "cpr:0101701410", turn + 1)
        gateway.stop()
        gateway = Gateway(ledger, key, program, *here.tls, address=address)
    said.append(sender.send("record", danish("0101701410"), "last"))
    tap.ok(said == ["done"] * 4, "IPF goes on after its line was closed: %s" % said)
    tap.ok(seen(ledger, "cpr:0101701410", 4) == ["last", "turn 0", "turn 1", "turn 2"], "and nothing is lost")
    sender.stop()
    gateway.stop()


def pieces(tap, ledger, program):
    """As dcm4che writes: length, space and message in records of their own; a line that breaks leaves a length behind, or a part of the
    message, and the whole of it comes on the next one. No line is ended with close_notify."""
    here = ground(tap, ledger, "length by itself")
    if here is None:
        return
    gateway = Gateway(ledger, ledger.add_sender("pieces"), program, *here.tls)

    def give(*records):
        """A line that ends without a word of TLS."""
        with gateway.connect() as plain:
            line = here.context().wrap_socket(plain, server_hostname="localhost", suppress_ragged_eofs=True)
            for record in records:
                line.sendall(record)
            plain = socket.socket(fileno=line.detach())
            plain.close()

    texts = [(HEAD.replace("<85>", "<84>") + "\ufeff" + audit("0101701420", "piece %d" % n)).encode() for n in range(4)]
    whole = [(b"%d" % len(text), b" ", text) for text in texts]
    give(*whole[0])
    give(b"%d" % len(texts[1]))
    give(*whole[1])
    give(b"%d" % len(texts[2]), b" ")
    give(*whole[2])
    tap.ok(seen(ledger, "cpr:0101701420", 3) == ["piece 0", "piece 1", "piece 2"], "a length alone is forgotten, and the message on the next line taken")
    tap.ok(gateway.rejected() == [], "it is no error of anybody's")
    give(*whole[3][:2], texts[3][:500])
    give(*whole[3])
    tap.ok(seen(ledger, "cpr:0101701420", 4)[-1] == "piece 3", "what was cut is taken when it comes whole")
    rows = wait_until(gateway.rejected, "what was cut is kept")
    tap.ok(len(rows) == 1 and "after 500 of %d bytes" % len(texts[3]) in rows[0]["reason"], "and stands with the refused ones: %s" % [row["reason"] for row in rows])
    tap.ok(gateway.stop() == 0, "the gateway ends in order")
    lines = gateway.status()["lines"]
    tap.ok(lines["accepted"] == 7 and lines["refused"] == 0 and lines["broken"] == 1, "one message was broken: %s" % lines)


if __name__ == "__main__":
    run(ipf, pieces)
