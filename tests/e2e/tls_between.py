#!/usr/bin/env python3
"""Both ends are proven before anything is told, whatever TLS says: also where something in front of the ledger ends TLS, reads what passes,
and plays it again. And lines that end in every way."""

import socket
import ssl
import struct
import subprocess
import sys
import threading

from certificates import NoOpenssl, Place
from indsigt import Ledger, Tap, event, wait_until

SUBJECT = "cpr:0101701234"
CHALLENGE, HELLO, WELCOME, BATCH, RECEIPT, ERROR = 9, 1, 2, 3, 4, 8


def frames(data):
    """The whole frames in it: (type, bytes with their head)."""
    at, found = 0, []
    while len(data) - at >= 5 and len(data) - at - 4 >= (length := struct.unpack(">I", data[at:at + 4])[0]):
        found.append((data[at + 4], data[at:at + 4 + length]))
        at += 4 + length
    return found


def of_type(data, kind):
    return [frame for found, frame in frames(data) if found == kind]


def read_all(line):
    got = b""
    line.settimeout(60)
    try:
        while piece := line.recv(65536):
            got += piece
    except OSError:
        pass
    return got


class Between(threading.Thread):
    """Ends TLS, passes on in the clear to `behind`, and keeps what passed. Or, without `behind`, says `says` and listens. Of the first connection
    it passes on `cut` bytes of the sender's, and ends both sides: by a plain close, or a reset."""

    def __init__(self, pair, behind=None, says=b"", cut=None, resets=False, passes_tls=False):
        super().__init__(daemon=True)
        self.context = None
        if not passes_tls:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(pair.certificate, pair.key)
            self.context.set_alpn_protocols(["indsigt"])
        self.behind, self.says, self.cut, self.resets = behind, says, cut, resets
        self.sent, self.answered, self.lines = b"", b"", 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.socket.getsockname()[1]
        self.start()

    def run(self):
        while True:
            try:
                line, _ = self.socket.accept()
            except OSError:
                return
            self.lines += 1
            threading.Thread(target=self.serve, args=(line, self.lines == 1), daemon=True).start()

    def serve(self, line, first):
        try:
            line = self.context.wrap_socket(line, server_side=True) if self.context else line
        except (ssl.SSLError, OSError):
            return
        if self.behind is None:
            line.sendall(self.says)
            line.settimeout(60)
            try:
                while piece := line.recv(65536):
                    self.sent += piece
            except OSError:
                pass
            return
        host, port = self.behind.rsplit(":", 1)
        behind = socket.create_connection((host, int(port)))
        threading.Thread(target=self.back, args=(behind, line), daemon=True).start()
        passed = 0
        try:
            while piece := line.recv(16384):
                if first and self.cut is not None and passed + len(piece) >= self.cut:
                    behind.sendall(piece[:self.cut - passed])
                    self.end(line, behind)
                    return
                passed += len(piece)
                self.sent += piece
                behind.sendall(piece)
        except OSError:
            pass
        self.end(line, behind)

    def back(self, behind, line):
        try:
            while piece := behind.recv(16384):
                self.answered += piece
                line.sendall(piece)
        except OSError:
            pass

    def end(self, *lines):
        for line in lines:
            if self.resets:
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            else:
                try:
                    line.shutdown(socket.SHUT_RDWR)  # no close_notify: a plain end
                except OSError:
                    pass
            line.close()

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


class World(Place):
    def send(self, between, count=1, batch=1000):
        return self.ledger.result("send", "--server", "tls://" + between.address, "--ca", self.ca.certificate, "--key", self.key, "--batch", str(batch),
                                  "-", stdin=self.lines(count))


def through(tap, world):
    """What passes where TLS is ended: (the hello, the challenge and the welcome)."""
    between = Between(world.pair, world.ledger.ingest)
    result = world.send(between)
    tap.ok(result.returncode == 0 and '"batch"' in result.stdout, "a sender gets its receipt through what ends TLS")
    between.close()
    return of_type(between.sent, HELLO)[0], of_type(between.answered, CHALLENGE)[0], of_type(between.answered, WELCOME)[0]


def played_again(tap, world, hello, challenge, welcome):
    """FRM-26, FRM-27, whatever TLS says."""
    host, port = world.ledger.ingest.rsplit(":", 1)
    line = socket.create_connection((host, int(port)))
    line.sendall(hello)
    answer = read_all(line)
    tap.ok(of_type(answer, WELCOME) == [] and len(of_type(answer, ERROR)) == 1, "a hello that was recorded is welcomed by nobody")
    # What it does then: it hangs up and comes again; it has said its hello and waits; it hangs up.
    for says, what, told, lines in ((challenge + welcome, "a challenge and a welcome that were recorded", 1, 2),
                                    (challenge, "a recorded challenge alone", 1, 1), (welcome, "a recorded welcome alone", 0, 2)):
        between = Between(world.pair, says=says)
        sender = start_sender(world, between)
        wait_until(lambda: sender.poll() is not None or between.lines >= lines and
                   (lines > 1 or of_type(between.sent, HELLO) != []), "the sender to have heard it")
        sender.terminate()
        said = sender.communicate()[1]
        between.close()
        kinds = [kind for kind, _ in frames(between.sent)]
        tap.ok(BATCH not in kinds and b"opslag" not in between.sent and kinds.count(HELLO) <= told * between.lines,
               "%s is told no event, by a believed certificate: %s" % (what, (said.strip().splitlines() or [""])[0]))


def start_sender(world, between):
    given = world.ledger.path("given.jsonl")
    with open(given, "w") as file:
        file.write(event(SUBJECT, "opslag hemmelig") + "\n")
    return subprocess.Popen([world.ledger.indsigt, "send", "--server", "tls://" + between.address, "--ca", world.ca.certificate, "--key", world.key, given],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def another_ledger(tap, world):
    """A believed certificate in front of a ledger that is not the sender's: it is not even told who asks."""
    other = Ledger(world.ledger.indsigt, origin="log.example.dk/other")
    other.serve()
    between = Between(world.pair, other.ingest)
    result = world.send(between)
    tap.ok(result.returncode == 5 and of_type(between.sent, HELLO) == [], "another ledger behind a believed certificate is told nothing: " +
           result.stderr.strip().splitlines()[-1])
    between.close()
    other.remove()


def ends(tap, world, passes_tls):
    """A line that ends, at a boundary or within a frame, by a plain close or a reset, takes with it what was not whole. (TLS-9)"""
    for resets in (False, True):
        for cut in (900, 4000):
            between = Between(world.pair, world.ledger.ingest, cut=cut, resets=resets, passes_tls=passes_tls)
            before = world.number
            result = world.send(between, count=20, batch=2)
            between.close()
            tap.ok(result.returncode == 0 and between.lines >= 2, "%s after %d bytes%s: the sender goes on, and %d events come" % (
                "a reset" if resets else "a plain close", cut, " of TLS" if passes_tls else "", world.number - before))


def main():
    tap = Tap()
    try:
        world = World(sys.argv[1])
    except NoOpenssl as why:
        tap.skip("TLS that is ended in between", str(why))
        tap.done()
    ledger = world.ledger
    ledger.serve()
    recorded = through(tap, world)
    played_again(tap, world, *recorded)
    another_ledger(tap, world)
    ends(tap, world, passes_tls=False)
    ledger.stop()
    ledger.serve("--tls-cert", world.pair.certificate, "--tls-key", world.pair.key)
    ends(tap, world, passes_tls=True)
    ledger.stop()
    code, line = ledger.audit()
    between = int(line.split("events=")[1].split()[0])
    tap.ok(code == 0 and between == world.number - 1, "all came, each once: %s" % line)
    ledger.remove()
    tap.done()


if __name__ == "__main__":
    main()
