#!/usr/bin/env python3
"""What keeps a port of TLS open to those who mean it: handshakes that nobody finishes, certificates that change under load, and that end."""

import http.client
import os
import re
import resource
import select
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

from certificates import NoOpenssl, Place
from indsigt import Tap, wait_until

HALF_OPEN = 2000


def client_hello():
    """The first bytes of a handshake, as a client sends them."""
    context = ssl.create_default_context()
    out = ssl.MemoryBIO()
    try:
        context.wrap_bio(ssl.MemoryBIO(), out, server_hostname="localhost").do_handshake()
    except ssl.SSLWantReadError:
        pass
    return out.read()


class HalfOpen(threading.Thread):
    """Keeps so many handshakes begun and not finished: what the server closes is begun anew."""

    def __init__(self, address):
        super().__init__(daemon=True)
        host, port = address.rsplit(":", 1)
        self.address = (host, int(port))
        self.hello = client_hello()
        self.ends = False
        self.begun = 0
        self.start()

    def open(self, poll, lines):
        line = socket.socket()
        line.setblocking(False)
        line.connect_ex(self.address)
        lines[line.fileno()] = line
        poll.register(line.fileno(), select.EPOLLOUT)

    def run(self):
        poll, lines = select.epoll(), {}
        while not self.ends:
            while len(lines) < HALF_OPEN:
                self.open(poll, lines)
            for number, what in poll.poll(0.1):
                try:
                    if what & select.EPOLLOUT:
                        lines[number].send(self.hello)
                        self.begun += 1
                        poll.modify(number, select.EPOLLIN)
                    elif lines[number].recv(65536):
                        continue
                    else:
                        raise OSError
                except OSError:
                    poll.unregister(number)
                    lines.pop(number).close()
        for line in lines.values():
            line.close()


class World(Place):
    def __init__(self, indsigt):
        super().__init__(indsigt)
        self.trust = ssl.create_default_context(cafile=self.ca.certificate)

    def log(self):
        return open(self.ledger.path("serve.log"), encoding="utf-8").read()

    def sender(self, *options, **more):
        return subprocess.Popen([self.ledger.indsigt, "send", "--server", "tls://" + self.ledger.ingest, "--ca", self.ca.certificate, "--key", self.key,
                                 *options, "-"], **{"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **more})

    def web(self):
        host, port = self.ledger.query.rsplit(":", 1)
        return http.client.HTTPSConnection(host, int(port), context=self.trust, timeout=60)

    def shown(self, address):
        """The serial number of the certificate that a new connection is shown."""
        with socket.create_connection(address.rsplit(":", 1), timeout=60) as line:
            with self.trust.wrap_socket(line, server_hostname="localhost") as stream:
                return int(stream.getpeercert()["serialNumber"], 16)


# ---- handshakes that nobody finishes ----

def one_by_one(sender, world, count):
    """Events a second, each in a batch of its own, over one connection that is kept."""
    begun = time.monotonic()
    for _ in range(count):
        sender.stdin.write(world.lines(1))
        sender.stdin.flush()
        if not sender.stdout.readline():
            raise RuntimeError(sender.stderr.read())
    return count / (time.monotonic() - begun)


def questions(web, count):
    begun = time.monotonic()
    for _ in range(count):
        web.request("GET", "/checkpoint")
        if web.getresponse().read()[:3] != b"log":
            raise RuntimeError("no checkpoint")
    return count / (time.monotonic() - begun)


def gets_in(world, address):
    """Whoever means it comes again, as every client does."""
    try:
        return world.shown(address) > 0
    except OSError:
        return False


def starving(tap, world):
    """TLS-7, TLS-8: who only begins handshakes keeps nobody out, and disturbs nobody who works. How much of their rate those
    who work keep is printed, and stands in tests/bench/RESULTS.md: half at least, on a machine that nobody else uses."""
    ledger = world.ledger
    sender, web = world.sender("--batch", "1"), world.web()
    one_by_one(sender, world, 5)
    for name, address, work, count in (("ingest", ledger.ingest, lambda n: one_by_one(sender, world, n), 150), ("query", ledger.query, lambda n: questions(web, n), 400)):
        alone = work(count)
        crowd = HalfOpen(address)
        wait_until(lambda: crowd.begun >= HALF_OPEN, "the crowd to be there")
        beside = work(count)
        print("# %s: %.0f a second alone, %.0f beside %d half-open handshakes" % (name, alone, beside, HALF_OPEN))
        tap.ok(beside > 0, name + ": who is there works on, over the same connection")
        if name == "ingest":
            sender.stdin.close()
            said = sender.stderr.read()
            tap.ok(sender.wait() == 0 and "trying again" not in said, "the sender kept its connection: " + said.strip().splitlines()[-1])
            web.close()  # it has been idle for a while, and may begin anew
        wait_until(lambda: gets_in(world, address), "a newcomer to get in")
        tap.ok(not crowd.ends, name + ": who means it gets in meanwhile")
        crowd.ends = True
        crowd.join()


def silence(tap, world):
    """A handshake that is begun and not gone on with ends after ten seconds. (TLS-7)"""
    lines = []
    for address in (world.ledger.ingest, world.ledger.query):
        host, port = address.rsplit(":", 1)
        lines.append(socket.create_connection((host, int(port))))
        lines[-1].sendall(client_hello()[:100])
    for name, line in zip(("ingest", "query"), lines):
        line.settimeout(60)
        try:
            left = line.recv(1)
        except ConnectionError:
            left = b""
        line.close()
        tap.ok(left == b"", name + " ends a handshake that does not go on")


def part(tap, world):
    """A quarter of all connections may be handshakes, and it is chance who has to go. By their deadlines they would go in the
    order in which they came. (TLS-7)"""
    host, port = world.ledger.query.rsplit(":", 1)
    lines, closed, hello = [], set(), client_hello()[:100]
    waiting = select.poll()
    for _ in range(600):
        lines.append(socket.create_connection((host, int(port))))
        lines[-1].sendall(hello)
        waiting.register(lines[-1], select.POLLIN)
    places = {line.fileno(): place for place, line in enumerate(lines)}
    while len(closed) < 600 - 256:
        for number, _ in waiting.poll(60000):
            waiting.unregister(number)
            closed.add(places[number])
    tap.ok(any(place not in closed for place in range(50)), "query has a part of its connections for handshakes, and picks by chance")
    for line in lines:
        line.close()


# ---- certificates that change ----

def put(world, certificate, key, mode=0o600):
    shutil.copy(certificate, world.ledger.path("live.crt"))
    shutil.copy(key, world.ledger.path("live.key"))
    os.chmod(world.ledger.path("live.key"), mode)


def reload(world):
    """SIGHUP, until both daemons have said how it went; what they said."""
    before = len(world.log())
    world.ledger.server.send_signal(signal.SIGHUP)
    told = r"TLS: (certificate and key were read anew|the files are not taken)"
    wait_until(lambda: len(re.findall(told, world.log()[before:])) >= 2, "both daemons to have read their files")
    return world.log()[before:]


def swapped(tap, world):
    """Under load, no connection is lost. (TLS-10)"""
    ledger = world.ledger
    sender, web = world.sender("--batch", "10", stdout=subprocess.DEVNULL), world.web()
    results = {}

    def feed():
        for _ in range(100):
            sender.stdin.write(world.lines(20))
            sender.stdin.flush()
        results["sent"] = sender.communicate()

    def ask():
        web.connect()
        line = web.sock
        results["asked"] = sum(questions(web, 10) > 0 for _ in range(60))
        results["kept"] = web.sock is line

    threads = [threading.Thread(target=feed), threading.Thread(target=ask)]
    for thread in threads:
        thread.start()
    seen = []
    for i in range(8):
        pair = world.ca.issue("swap%d" % i)
        put(world, pair.certificate, pair.key)
        said = reload(world)
        seen.append((said.count("read anew"), world.shown(ledger.ingest), world.shown(ledger.query), world.ca.serial))
    for thread in threads:
        thread.join()
    tap.ok(all(anew == 2 and ingest == query == serial for anew, ingest, query, serial in seen), "new connections are shown the new one, on both ports")
    tap.ok(sender.returncode == 0 and "trying again" not in results["sent"][1], "no sender's connection was lost: " + results["sent"][1].strip().splitlines()[-1])
    tap.ok(results["asked"] == 60 and results["kept"], "no asker's, either")


def bad_pairs(tap, world):
    """TLS-10: they change nothing, and it is told."""
    ledger, good = world.ledger, world.shown(world.ledger.ingest)
    other, ended = world.ca.issue("other"), world.ca.issue("ended", days=-1)
    empty = world.ledger.path("empty")
    open(empty, "w").close()
    cases = [("of which one is not the other's", world.pair.certificate, other.key, 0o600, "not that of the certificate"),
             ("that others may read", other.certificate, other.key, 0o644, "0600"), ("that has ended", ended.certificate, ended.key, 0o600, "has ended"),
             ("that is none", empty, other.key, 0o600, "no certificate"), ("without a key", other.certificate, empty, 0o600, "no private key")]
    for what, certificate, key, mode, word in cases:
        put(world, certificate, key, mode)
        said = reload(world)
        tap.ok(said.count("are not taken") == 2 and word in said and world.shown(ledger.ingest) == good == world.shown(ledger.query),
               "a pair %s changes nothing: %s" % (what, said.strip().splitlines()[-1]))
    os.unlink(ledger.path("live.crt"))
    tap.ok(reload(world).count("are not taken") == 2 and world.shown(ledger.query) == good, "nor does one that is not there")


def metric(world, name):
    web = world.web()
    web.request("GET", "/metrics")
    found = re.search(r"^%s (\d+)$" % name, web.getresponse().read().decode(), re.M)
    return int(found.group(1)) if found else None


def warned(tap, world):
    """TLS-11: 30 days before it ends, and not sooner."""
    for days, told in ((31, 0), (29, 2)):
        pair = world.ca.issue("short%d" % days, days=days)
        put(world, pair.certificate, pair.key)
        said = reload(world)
        warnings = len(re.findall(r"the certificate \S+ ends in \d+ days", said))
        ends = wait_until(lambda: (metric(world, "indsigt_ingest_certificate_ends_seconds") or 0) - time.time() < (days + 1) * 86400 and
                          (metric(world, "indsigt_ingest_certificate_ends_seconds"), metric(world, "indsigt_query_certificate_ends_seconds")), "the metrics")
        tap.ok(warnings == told, "%d days before: %d warnings" % (days, warnings))
        tap.ok(all(abs(end - time.time() - days * 86400) < 3600 for end in ends), "the metrics have the second in which it ends, on both ports")


def main():
    tap = Tap()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        world = World(sys.argv[1])
    except NoOpenssl as why:
        tap.skip("limits of TLS", str(why))
        tap.done()
    put(world, world.pair.certificate, world.pair.key)
    world.ledger.serve("--tls-cert", world.ledger.path("live.crt"), "--tls-key", world.ledger.path("live.key"))
    swapped(tap, world)
    bad_pairs(tap, world)
    warned(tap, world)
    silence(tap, world)
    part(tap, world)
    starving(tap, world)
    world.ledger.remove()
    tap.done()


if __name__ == "__main__":
    main()
