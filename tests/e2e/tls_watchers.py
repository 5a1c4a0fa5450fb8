#!/usr/bin/env python3
"""Witnesses and mirrors by https: a ledger whose witness and whose mirror speak TLS, and who of its programs believes them."""

import hashlib
import os
import signal
import socket
import ssl
import subprocess
import sys

from certificates import Authority, NoOpenssl, Place
from indsigt import Tap, wait_until


class Watcher:
    """A witness or a mirror that is served."""

    def __init__(self, ledger, what, folder, *options):
        self.process = subprocess.Popen([ledger.indsigt, what, "serve", folder, "--listen", "127.0.0.1:0", *options], stdout=subprocess.PIPE,
                                        stderr=open(ledger.path(what + ".log"), "ab"), text=True)
        line = self.process.stdout.readline()
        if not line.startswith("ready %s=" % what):
            raise RuntimeError("the %s said %r" % (what, line))
        self.address = line.split()[1].split("=")[1]
        self.url = "https://" + self.address
        self.log = ledger.path(what + ".log")

    def line(self, ca):
        host, port = self.address.rsplit(":", 1)
        return ssl.create_default_context(cafile=ca).wrap_socket(socket.create_connection((host, int(port)), 60), server_hostname=host)

    def get(self, ca, path):
        with self.line(ca) as line:
            line.sendall(b"GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % path.encode())
            got = b""
            while piece := line.recv(65536):
                got += piece
            return got.decode()

    def serial(self, ca):
        with self.line(ca) as line:
            return line.getpeercert()["serialNumber"]

    def in_clear(self):
        """What a plain question is answered."""
        host, port = self.address.rsplit(":", 1)
        with socket.create_connection((host, int(port)), 60) as line:
            line.sendall(b"GET /checkpoint HTTP/1.1\r\nHost: x\r\n\r\n")
            got = b""
            try:
                while piece := line.recv(65536):
                    got += piece
            except ConnectionError:
                pass
            return got

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        self.process.stdout.close()


def pair_of(pair):
    return "--tls-cert", pair.certificate, "--tls-key", pair.key


def options_that_are_refused(tap, ledger, pair, folder):
    """A pair that cannot be used ends the start, and the same words mean the same as of the ledger's daemons."""
    for what in ("witness", "mirror"):
        result = ledger.result(what, "serve", folder[what], "--listen", "127.0.0.1:0", "--tls-cert", pair.certificate)
        tap.ok(result.returncode == 2 and "--tls-key" in result.stderr, "%s: no key: %s" % (what, result.stderr.splitlines()[0]))
        result = ledger.result(what, "serve", folder[what], "--listen", "127.0.0.1:0", "--tls-cert", pair.certificate, "--tls-key", ledger.path("none"))
        tap.ok(result.returncode not in (0, 2) and "none" in result.stderr, "%s: a key that is not there: %s" % (what, result.stderr.strip()))
        os.chmod(pair.key, 0o644)
        result = ledger.result(what, "serve", folder[what], "--listen", "127.0.0.1:0", *pair_of(pair))
        os.chmod(pair.key, 0o600)
        tap.ok(result.returncode != 0 and "0600" in result.stderr, "%s: a key that others may read (TLS-6): %s" % (what, result.stderr.strip()))


def asked_by_https(tap, place, witness):
    """Who asks the witness: the daemon before it signs, the process that asks for cosignatures, and each command on the directory.
    (WIT-20)"""
    ledger, ca = place.ledger, place.ca.certificate
    other = Authority(ledger.path("other")).certificate
    for believed, name in (((), "the system's authorities"), (("--ca", other), "another authority")):
        result = ledger.result("epoch", ledger.dir, *believed)
        tap.ok(result.returncode == 4 and "certificate is not believed" in result.stderr,
               "nothing is signed where only %s are believed: %s" % (name, result.stderr.strip()))
        result = ledger.result("cosign", ledger.dir, "--check", *believed)
        tap.ok(result.returncode == 4, "... and asking says that nobody answered: " + (result.stdout + result.stderr).strip())
    result = ledger.result("epoch", ledger.dir, "--ca", ca)
    tap.ok(result.returncode == 0, "with --ca it is asked: " + result.stderr.strip())
    result = ledger.result("cosign", ledger.dir, "--check", "--ca", ca)
    tap.ok(result.returncode == 0, "... and by who only asks: " + (result.stdout + result.stderr).strip())
    ledger.serve(*pair_of(place.pair), "--ca", ca)
    get = Asked(ledger, ca)
    wait_until(lambda: "witness.example/w1" in get("/checkpoint"), "a cosignature by https")
    tap.ok(True, "serve hands --ca on to who asks the witness")
    hashed = hashlib.sha256(b"log.example.dk/e2e").hexdigest()
    tap.ok("log.example.dk/e2e" in witness.get(ca, "/%s/checkpoint" % hashed), "monitors read it by https")


class Asked:
    def __init__(self, ledger, ca):
        self.context = ssl.create_default_context(cafile=ca)
        self.host, port = ledger.query.rsplit(":", 1)
        self.port = int(port)

    def __call__(self, path):
        with self.context.wrap_socket(socket.create_connection((self.host, self.port), 60), server_hostname=self.host) as line:
            line.sendall(b"GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % path.encode())
            got = b""
            while piece := line.recv(65536):
                got += piece
            return got.decode()


def mirrored_by_https(tap, place, folder):
    """A mirror of https, served by https, and a mirror of that. (MIR-6)"""
    ledger, ca = place.ledger, place.ca.certificate
    result = ledger.result("mirror", "serve", folder, "--once")
    tap.ok(result.returncode == 4, "a ledger whose certificate is not believed is not followed: " + result.stderr.strip())
    mirror = Watcher(ledger, "mirror", folder, "--interval", "1", "--ca", ca, *pair_of(place.pair))
    host, port = mirror.address.rsplit(":", 1)
    silent = socket.create_connection((host, int(port)), 240)
    wait_until(lambda: "witness.example/w1" in mirror.get(ca, "/checkpoint"), "the mirror to have followed")
    tap.ok(True, "a mirror follows by https, and answers by https")
    result = ledger.result("audit", mirror.url, "--vkey", ledger.vkey, "--ca", ca)
    tap.ok(result.returncode == 0, "anybody audits it: " + result.stderr.strip())
    result = ledger.result("audit", mirror.url, "--vkey", ledger.vkey)
    tap.ok(result.returncode == 4, "who does not believe it could not look: " + result.stderr.strip())
    tap.ok(b"HTTP" not in mirror.in_clear(), "its port speaks nothing else (TLS-1)")
    try:
        over = silent.recv(1) == b""
    except TimeoutError:
        over = False  # a connection may live for ten minutes, a handshake may not
    tap.ok(over, "who begins no handshake is not waited for (TLS-7)")
    silent.close()
    mirror.end()


def renewed(tap, place, witness):
    """(TLS-10)"""
    ca = place.ca.certificate
    before = witness.serial(ca)
    place.ca.issue("renewed")
    for end in (".chain.crt", ".key"):
        os.replace(place.ca.path("renewed" + end), place.ca.path("watcher" + end))
    witness.process.send_signal(signal.SIGHUP)
    wait_until(lambda: witness.serial(ca) != before, "the witness to show another certificate")
    tap.ok("read anew" in open(witness.log).read(), "SIGHUP reads a witness's certificate anew")


def main():
    tap = Tap()
    try:
        place = Place(sys.argv[1])
    except NoOpenssl as why:
        tap.skip("witnesses and mirrors by https", str(why))
        tap.done()
    ledger = place.ledger
    pair = place.ca.issue("watcher")
    folders = {"witness": ledger.path("w1"), "mirror": ledger.path("m1")}
    vkey = ledger.run("witness", "init", folders["witness"], "--name", "witness.example/w1").strip()
    ledger.run("witness", "add", folders["witness"], ledger.vkey)
    ledger.run("mirror", "init", folders["mirror"], "--ledger", ledger.dir, "--vkey", ledger.vkey)
    options_that_are_refused(tap, ledger, pair, folders)
    witness = Watcher(ledger, "witness", folders["witness"], *pair_of(pair))
    with open(os.path.join(ledger.dir, "witnesses"), "w", encoding="utf-8") as file:
        file.write("witness w1 %s %s\nquorum w1\n" % (vkey, witness.url))
    asked_by_https(tap, place, witness)
    tap.ok(b"HTTP" not in witness.in_clear(), "a witness's port that speaks TLS speaks nothing else (TLS-1)")
    followed = ledger.path("m2")
    ledger.run("mirror", "init", followed, "--ledger", "https://" + ledger.query, "--vkey", ledger.vkey, "--ca", place.ca.certificate)
    mirrored_by_https(tap, place, followed)
    renewed(tap, place, witness)
    witness.end()
    ledger.remove()
    tap.done()


main()
