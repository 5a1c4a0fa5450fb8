#!/usr/bin/env python3
"""The page as a daemon serves it that may open nothing for writing: read at the start, again on SIGHUP, or not at all.
(PAGE-1, PAGE-2, PAGE-3, PAGE-5)"""

import http.client
import json
import os
import signal
import sys

from indsigt import Ledger, Tap, wait_until


def ask(ledger, method, path, **headers):
    """(status, headers, body)"""
    connection = http.client.HTTPConnection(*ledger.query.rsplit(":", 1), timeout=30)
    connection.putrequest(method, path, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, response.headers, body


def write(folder, name, text):
    os.makedirs(os.path.dirname(os.path.join(folder, name)), exist_ok=True)
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        file.write(text)


def log_of(ledger):
    return open(ledger.path("serve.log"), encoding="utf-8").read()


def main():
    tap = Tap()
    ledger = Ledger(sys.argv[1])
    try:
        folder = ledger.path("web")
        write(folder, "index.html", "<!doctype html><title>one</title>")
        write(folder, "app.0123ABCD.js", "one();" * 400)
        ledger.serve("--web", folder)
        status, headers, body = ask(ledger, "GET", "/")
        tap.ok(status == 200 and b"one" in body, "the page is at /")
        tap.ok("default-src 'none'" in headers["Content-Security-Policy"], "... with its policy")
        status, headers, body = ask(ledger, "HEAD", "/app.0123ABCD.js")
        tap.ok(status == 200 and headers["Content-Length"] == "2400" and body == b"", "HEAD has the length and no body")
        status, headers, body = ask(ledger, "GET", "/app.0123ABCD.js", Accept_Encoding="gzip, br")
        tap.ok(headers["Content-Encoding"] == "gzip" and len(body) < 100, "a script goes out compressed")
        status, _, body = ask(ledger, "GET", "/app.0123ABCD.js", Accept_Encoding="gzip", If_None_Match=headers["ETag"])
        tap.ok(status == 304 and body == b"", "... and is not sent again")
        config = json.loads(ask(ledger, "GET", "/config.json")[2])
        tap.ok(config["vkey"] == ledger.vkey and config["demo"] is True, "its configuration is the ledger's")
        for path in ("/../ledger/vkey", "/..%2fledger/vkey", "/.git", "/app.0123ABCD.js/"):
            tap.ok(ask(ledger, "GET", path)[0] == 404, "nothing is at " + path)
        tap.ok(ask(ledger, "GET", "/v1/coverage")[1]["Content-Type"] == "application/json", "what else is asked is answered")

        write(folder, "index.html", "<!doctype html><title>two</title>")
        ledger.server.send_signal(signal.SIGHUP)
        tap.ok(wait_until(lambda: b"two" in ask(ledger, "GET", "/")[2], "the new page"), "SIGHUP: another page")
        write(folder, "bad.exe", "")
        ledger.server.send_signal(signal.SIGHUP)
        wait_until(lambda: ask(ledger, "GET", "/")[0] == 200 and "stays as it is" in log_of(ledger), "the refusal")
        tap.ok(b"two" in ask(ledger, "GET", "/")[2] and "bad.exe" in log_of(ledger), "one that cannot be served: the one before stays")
        tap.ok(" / 200" in log_of(ledger) and "0123ABCD" not in log_of(ledger), "all of its files are one word in the log")
        ledger.stop()

        result = ledger.result("serve", ledger.dir, "--ingest", "127.0.0.1:0", "--query", "127.0.0.1:0", "--web", folder)
        tap.ok(result.returncode == 1 and "bad.exe" in result.stderr, "a start with such a page is refused")
        ledger.serve("--web", "none")
        tap.ok(ask(ledger, "GET", "/")[0] == 404, "--web none: there is no page")
    finally:
        ledger.remove()
    tap.done()


main()
