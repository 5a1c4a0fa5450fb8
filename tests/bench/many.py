#!/usr/bin/env python3
"""One person with very many events: a whole statement, a window of 20 of them, pages, and sixty who ask and do not read.
Usage: many.py INDSIGT [EVENTS]"""

import http.client
import json
import os
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from indsigt import Ledger, event  # noqa: E402

SUBJECT = "cpr:0101701234"


def send(ledger, key, count, name):
    path = ledger.path(name)
    with open(path, "w", encoding="utf-8") as file:
        for i in range(count):
            file.write(event(SUBJECT, "%s %d" % (name, i)) + "\n")
    ledger.run("send", "--server", ledger.ingest, "--key", key, path)


def memory_mib(pid):
    with open("/proc/%d/status" % pid, encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("RssAnon")) / 1024


def daemon_of(ledger):
    out = subprocess.run(["pgrep", "-f", "indsigt-queryd %s" % ledger.dir], capture_output=True, text=True, check=True)
    return int(out.stdout.split()[0])


def ask(connection, path, headers):
    begun = time.monotonic()
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    body = response.read()
    return response.status, (time.monotonic() - begun) * 1000, body


def measured(ledger, path, headers, rounds):
    connection = http.client.HTTPConnection(ledger.query)
    times, size = [], 0
    for _ in range(rounds):
        status, ms, body = ask(connection, path, headers)
        assert status == 200, body
        times.append(ms)
        size = len(body)
    times.sort()
    print("%s: p50_ms=%.1f p99_ms=%.1f bytes=%d" % (path, times[rounds // 2], times[rounds * 99 // 100], size), flush=True)


def deaf(ledger, headers):
    host, port = ledger.query.rsplit(":", 1)
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.connect((host, int(port)))
    s.sendall(("GET /v1/statement HTTP/1.1\r\nHost: l\r\nAuthorization: %s\r\n\r\n" % headers["Authorization"]).encode())
    return s


def main():
    ledger = Ledger(sys.argv[1])
    key = ledger.add_sender("many")
    ledger.serve("--demo-tokens")
    send(ledger, key, int(sys.argv[2]) if len(sys.argv) > 2 else 100000, "many")
    time.sleep(2.1)
    send(ledger, key, 20, "few")
    ledger.run("epoch", ledger.dir)
    headers = {"Authorization": "Bearer " + ledger.run("token", ledger.dir, SUBJECT).strip()}
    newest = json.loads(ask(http.client.HTTPConnection(ledger.query), "/v1/accesses?limit=1", headers)[2])
    since = newest["accesses"][0]["ledger_time"]
    measured(ledger, "/v1/statement?from=" + since, headers, 200)
    measured(ledger, "/v1/accesses?limit=20", headers, 200)
    measured(ledger, "/v1/statement", headers, 5)
    pid = daemon_of(ledger)
    before = memory_mib(pid)
    clients = [deaf(ledger, headers) for _ in range(60)]
    answers = [c.recv(12).split()[1].decode() for c in clients]
    print("60 who do not read: %d answered, %d told to come again, memory +%.0f MiB" % (
        answers.count("200"), answers.count("503"), memory_mib(pid) - before))
    measured(ledger, "/v1/accesses?limit=20", headers, 100)
    for c in clients:
        c.close()
    ledger.stop()


if __name__ == "__main__":
    main()
