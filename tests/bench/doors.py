#!/usr/bin/env python3
"""How fast the doors are, beside the native sender, by turns in one run: the same events through each, until all are acknowledged by
the ledger. Prints a line for each door: its rate, and its ratio to native (medians). With --idle N in their place: what so many
lines of syslog that say nothing cost of the gateway's memory, each, without TLS and with it and a certificate.
usage: doors.py INDSIGT GATEWAY [--events N] [--rounds N] [--idle N] [DOOR...]"""

import argparse
import http.client
import itertools
import json
import os
import resource as limits
import select
import socket
import ssl
import statistics
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from certificates import Authority, Pair  # noqa: E402
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vectors"))
import otlp as records  # noqa: E402
from fhir_door import audit as resource, bundle  # noqa: E402
from gateway import HEAD, Gateway, audit, counted  # noqa: E402
from indsigt import Ledger, event, wait_until  # noqa: E402

PEOPLE = 1000
LINES = 4
FHIR_LINES = 16


def number(n):
    return "01017%05d" % (n % PEOPLE)


def native(ledger, program, key, events, turn):
    path = ledger.path("native-%d.jsonl" % turn)
    with open(path, "w", encoding="utf-8") as file:
        for n in range(events):
            file.write(event("cpr:" + number(n), "%d-%d" % (turn, n)) + "\n")
    begin = time.monotonic()
    subprocess.run([ledger.indsigt, "send", "--server", ledger.ingest, "--key", key, path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return time.monotonic() - begin


def received(ledger, name):
    """Events of that sender that are in the log."""
    return sum(int(one["events"]) for one in json.loads(ledger.get("/v1/coverage"))["senders"] if one["name"] == name)


def in_threads(give):
    """`give(part)`, in LINES threads; until all have ended."""
    threads = [threading.Thread(target=give, args=(part,)) for part in range(LINES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def until_logged(ledger, key, events, give):
    """`give(part)`, in LINES threads; the seconds until all of it is in the log."""
    name = os.path.basename(key)[:-len(".key")]
    wanted = received(ledger, name) + events
    begin = time.monotonic()
    in_threads(give)
    while received(ledger, name) < wanted:
        time.sleep(0.01)
    return time.monotonic() - begin


def through(ledger, program, key, events, give, *options):
    """`give(gateway, part)`; until the gateway has ended with nothing waiting."""
    gateway = Gateway(ledger, key, program, *options)
    took = until_logged(ledger, key, events, lambda part: give(gateway, part))
    gateway.stop()
    return took


def syslog(ledger, program, key, events, turn):
    data = [b"".join(counted(HEAD + audit(number(n), "%d-%d" % (turn, n))) for n in range(part, events, LINES)) for part in range(LINES)]
    return through(ledger, program, key, events, lambda gateway, part: gateway.give(data[part]))


def posted(ledger, program, key, events, turn):
    lines = [[event("cpr:" + number(n), "%d-%d" % (turn, n)) for n in range(part, events, LINES)] for part in range(LINES)]

    def give(gateway, part):
        connection = http.client.HTTPConnection(gateway.http, timeout=240)
        for at in range(0, len(lines[part]), 1000):
            connection.request("POST", "/v1/events", "\n".join(lines[part][at:at + 1000]), {"Content-Type": "application/x-ndjson"})
            answer = json.load(connection.getresponse())
            assert all("taken" in one for one in answer["results"]), answer
        connection.close()
    return through(ledger, program, key, events, give, "--http", "127.0.0.1:0")


def fhir(ledger, program, key, events, turn):
    """One resource a request, as clients of FHIR do, over connections that stay. The client is one thread with all of them, and has its
    requests ready, so that it costs little beside what it measures."""
    head = b"POST /fhir/AuditEvent HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/fhir+json\r\nContent-Length: %d\r\n\r\n%s"
    bodies = (json.dumps(resource(number(n), "%d-%d" % (turn, n))).encode() for n in range(events))
    requests = [head % (len(body), body) for body in bodies]

    def give(gateway, part):
        if part > 0:
            return
        host, port = gateway.fhir.rsplit(":", 1)
        waiting, lines, left = select.epoll(), {}, iter(requests)
        for request in itertools.islice(left, LINES * FHIR_LINES):
            line = socket.create_connection((host, int(port)))
            lines[line.fileno()] = line
            waiting.register(line, select.EPOLLIN)
            line.send(request)
        while lines:
            for fd, _ in waiting.poll():
                line = lines[fd]
                answer = line.recv(4096)
                assert answer.startswith(b"HTTP/1.1 201 ") and answer.endswith(b"\r\n\r\n"), answer
                request = next(left, None)
                if request is None:
                    del lines[fd]
                    line.close()
                else:
                    line.send(request)
    return through(ledger, program, key, events, give, "--fhir", "127.0.0.1:0")


def bundles(ledger, program, key, events, turn):
    """In Bundles of a hundred."""
    data = [[resource(number(n), "%d-%d" % (turn, n)) for n in range(part, events, LINES)] for part in range(LINES)]

    def give(gateway, part):
        connection = http.client.HTTPConnection(gateway.fhir, timeout=240)
        for at in range(0, len(data[part]), 100):
            connection.request("POST", "/fhir", json.dumps(bundle("batch", *data[part][at:at + 100])), {"Content-Type": "application/fhir+json"})
            answer = json.load(connection.getresponse())
            assert all(one["response"]["status"] == "201 Created" for one in answer["entry"]), answer
        connection.close()
    return through(ledger, program, key, events, give, "--fhir", "127.0.0.1:0")


def otlp(ledger, program, key, events, turn):
    """A hundred spans a request, in JSON, of people who have Danish numbers."""
    def one(n):
        given = records.attributes(dpl__core__data_subject_id=number(n), dpl__core__data_subject_id_type="CPR", user__id="jensen")
        return records.span(given, name="%d-%d" % (turn, n))
    data = [[one(n) for n in range(part, events, LINES)] for part in range(LINES)]

    def give(gateway, part):
        connection = http.client.HTTPConnection(gateway.http, timeout=240)
        for at in range(0, len(data[part]), 100):
            request = records.request(None)
            request["resourceSpans"][0]["scopeSpans"][0]["spans"] = data[part][at:at + 100]
            connection.request("POST", "/v1/traces", json.dumps(request), {"Content-Type": "application/json"})
            answer = json.load(connection.getresponse())
            assert answer == {}, answer
        connection.close()
    return through(ledger, program, key, events, give, "--http", "127.0.0.1:0")


def callers(ledger, program, key, events, turn):
    path = ledger.path("callers-%d" % turn)
    data = ["".join(event("cpr:" + number(n), "%d-%d" % (turn, n)) + "\n" for n in range(part, events, LINES)).encode() for part in range(LINES)]
    sender = subprocess.Popen([ledger.indsigt, "send", "--server", ledger.ingest, "--key", key, "--listen", path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: os.path.exists(path), "it listens")

    def give(part):
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(path)
            thread = threading.Thread(target=line.sendall, args=(data[part],))
            thread.start()
            heard = 0
            while heard < len(range(part, events, LINES)):
                heard += line.recv(1 << 20).count(b"\n")
            thread.join()
    begin = time.monotonic()
    in_threads(give)
    took = time.monotonic() - begin
    sender.terminate()
    sender.wait(240)
    return took


def follow(ledger, program, key, events, turn):
    """Files that grow, one for each of LINES writers, read on by one sender."""
    paths = [ledger.path("followed-%d-%d" % (turn, part)) for part in range(LINES)]
    data = ["".join(event("cpr:" + number(n), "%d-%d" % (turn, n)) + "\n" for n in range(part, events, LINES)).encode() for part in range(LINES)]
    for path in paths:
        open(path, "wb").close()
    sender = subprocess.Popen([ledger.indsigt, "send", "--server", ledger.ingest, "--key", key, "--follow", *paths], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def write(part):
        with open(paths[part], "ab", buffering=0) as file:
            for at in range(0, len(data[part]), 1 << 16):
                file.write(data[part][at:at + (1 << 16)])
    took = until_logged(ledger, key, events, write)
    sender.terminate()
    sender.wait(240)
    return took


def memory(pid):
    """KiB that this process alone has."""
    with open("/proc/%d/smaps_rollup" % pid, encoding="utf-8") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Pss_Anon:"))


def are_open(gateway, wanted):
    """As it says itself, once it has said anything."""
    try:
        with open(gateway.key + ".spool/gateway.json", encoding="utf-8") as file:
            return json.load(file)["lines"]["open"] == wanted
    except FileNotFoundError:
        return False


def idle(ledger, program, count):
    """Yields what it is, and KiB a line: of those behind the first 32, which warm the gateway up."""
    limits.setrlimit(limits.RLIMIT_NOFILE, (count + 256, count + 256))
    ca = Authority(ledger.path("ca"))
    server, client = ca.issue("server"), ca.issue("client")
    alone = Pair(ca.path("client.crt"), client.key)
    key = ledger.add_sender("idle", "cvr:55133018", "--policy", "from=certificate:%s=cvr:55133018=Aarhus Kommune=Billedarkiv" % ca.hash_of("client"))
    secure = "--syslog-cert", server.certificate, "--syslog-key", server.key
    for what, options, pair, version in (("plain", (), None, None), ("tls1.3", secure, alone, ssl.TLSVersion.TLSv1_3),
                                         ("tls1.3-chain", secure, client, ssl.TLSVersion.TLSv1_3), ("tls1.2-chain", secure, client, ssl.TLSVersion.TLSv1_2)):
        gateway = Gateway(ledger, key, program, *options)
        context = ssl.create_default_context(cafile=ca.certificate)
        if pair is not None:
            context.load_cert_chain(pair.certificate, pair.key)
            context.maximum_version = version
        lines, sizes = [], []
        for wanted in 32, 32 + count:
            while len(lines) < wanted:
                line = gateway.connect()
                lines.append(context.wrap_socket(line, server_hostname="localhost") if pair is not None else line)
            wait_until(lambda: are_open(gateway, wanted), "all are open")
            sizes.append(memory(gateway.process.pid))
        yield what, (sizes[1] - sizes[0]) / count
        for line in lines:
            line.close()
        gateway.stop()


DOORS = {"native": native, "syslog": syslog, "http": posted, "fhir": fhir, "bundles": bundles, "otlp": otlp, "socket": callers, "follow": follow}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("indsigt")
    parser.add_argument("gateway")
    parser.add_argument("doors", nargs="*", default=[])
    parser.add_argument("--events", type=int, default=50000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--idle", type=int, default=0)
    given = parser.parse_intermixed_args()
    doors = {name: DOORS[name] for name in DOORS if not given.doors or name in given.doors or name == "native"}
    ledger = Ledger(given.indsigt)
    if given.idle:
        ledger.serve()
        try:
            for what, size in idle(ledger, os.path.abspath(given.gateway), given.idle):
                print("idle %s KiB=%.1f" % (what, size), flush=True)
        finally:
            ledger.remove()
        return
    rates = {name: [] for name in doors}
    ledger.serve()
    try:
        keys = {name: ledger.add_sender(name) for name in doors}
        for turn in range(given.rounds):
            for name, door in doors.items():
                rates[name].append(given.events / door(ledger, os.path.abspath(given.gateway), keys[name], given.events, turn))
    finally:
        ledger.remove()
    for name, got in rates.items():
        ratio = statistics.median(mine / other for mine, other in zip(got, rates["native"]))
        print("door %s events/s=%d ratio=%.2f" % (name, statistics.median(got), ratio))


if __name__ == "__main__":
    main()
