#!/usr/bin/env python3
"""Records of OpenTelemetry and CADF events at the gateway and in files: what is taken is found under the right person, what is
refused stands with its reason and the answer says so; gzip; what is hostile; the SDK and pycadf from PyPI, also while the
gateway is killed. usage: otlp.py INDSIGT GATEWAY [PART...]"""

import gzip
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys

import npm
from gateway import Gateway, run, seen, shown
from indsigt import wait_until
from otel_packages import FOLDER, Packages

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vectors"))
import cadf  # the vectors' own, for the messages
import otlp as records

PROTOBUF, JSON = "application/x-protobuf", "application/json"
NOBODY = {"http.request.method": "GET"}


def person(number):
    """(BSN, the subject)"""
    return "%09d" % (999990000 + number), "oid:2.16.840.1.113883.2.4.6.3:%09d" % (999990000 + number)


def span(number, name, **changes):
    bsn, _ = person(number)
    return records.span(records.attributes(dpl__core__data_subject_id=bsn, **changes), name=name)


def several(*spans):
    request = records.request(spans[0], span="startTimeUnixNano" in spans[0])
    key = "resourceSpans" if "resourceSpans" in request else "resourceLogs"
    inner = request[key][0]["scopeSpans" if key == "resourceSpans" else "scopeLogs"][0]
    inner["spans" if key == "resourceSpans" else "logRecords"] = list(spans)
    return request


class Answer:
    def __init__(self, response):
        self.status, self.headers, self.body = response.status, response.headers, response.read()
        self.type = response.getheader("Content-Type")
        self.json = json.loads(self.body) if self.type == JSON and self.body else None


def post(door, path, body, kind=JSON, method="POST", **headers):
    host, port = door.http.rsplit(":", 1)
    line = http.client.HTTPConnection(host, int(port), timeout=240)
    try:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        line.request(method, path, data, {"Content-Type": kind, **{name.replace("_", "-"): value for name, value in headers.items()}})
        return Answer(line.getresponse())
    finally:
        line.close()


def rows(door, text):
    return [row for row in door.rejected() if text in row["reason"]]


# ---- protobuf, written a second time: OTLP's field numbers and wire types ----

def varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def pair(key, value):
    return field(1, key.encode()) + field(2, field(1, value.encode()))


def span_bytes(bsn, name, extra=b""):
    given = b"".join(field(9, pair(key, value)) for key, value in records.attributes(dpl__core__data_subject_id=bsn).items())
    return (field(1, bytes.fromhex(records.TRACE)) + field(2, bytes.fromhex(records.SPAN)) + field(5, name.encode()) + varint(7 << 3 | 1) +
            records.AT.to_bytes(8, "little") + given + extra)


def request_bytes(*spans):
    resource_part = field(1, field(1, pair("service.name", "Zaaksysteem")))
    return field(1, resource_part + field(2, b"".join(field(2, one) for one in spans)))


def read_varint(data, at):
    number = shift = 0
    while True:
        number |= (data[at] & 127) << shift
        shift += 7
        at += 1
        if data[at - 1] < 128:
            return number, at


def fields(data):
    """{number: the last value} of a message of ours."""
    out, at = {}, 0
    while at < len(data):
        tag, at = read_varint(data, at)
        if tag & 7 == 0:
            out[tag >> 3], at = read_varint(data, at)
        else:
            size, at = read_varint(data, at)
            out[tag >> 3], at = data[at:at + size], at + size
    return out


# ---- parts ----

def answers(tap, ledger, program):
    key = ledger.add_sender("answers")
    door = Gateway(ledger, key, program, "--http", "127.0.0.1:0")
    _, subject = person(1)
    result = post(door, "/v1/traces", several(span(1, "een"), span(1, "twee")))
    tap.ok((result.status, result.json) == (200, {}), "a request of two spans is taken: %s %s" % (result.status, result.body))
    tap.ok(seen(ledger, subject, 2) == ["een", "twee"], "and both are found")
    result = post(door, "/v1/traces", several(span(1, "een"), span(1, "twee")))
    tap.ok((result.status, result.json) == (200, {}) and shown(ledger, subject) == ["een", "twee"], "given again it is known (OTL-10)")
    result = post(door, "/v1/traces", several(span(1, "twee")))
    tap.ok((result.status, result.json) == (200, {}) and shown(ledger, subject) == ["een", "twee"], "also beside others than before: %s" % result.body)
    result = post(door, "/v1/traces", several(span(1, "drie"), records.span(NOBODY), span(1, "vier")))
    partial = result.json["partialSuccess"]
    tap.ok(result.status == 200 and partial["rejectedSpans"] == "1" and "number 2" in partial["errorMessage"] and "line of a log" in partial["errorMessage"],
           "an ordinary span is refused, counted and named, and the others taken (OTL-9): %s" % partial)
    tap.ok(seen(ledger, subject, 4) == ["drie", "een", "twee", "vier"], "they are found")
    refused = rows(door, "line of a log")
    tap.ok(len(refused) == 1 and refused[0]["format"] == "otlp" and json.loads(refused[0]["message"])["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["name"]
           == "tonenDossier", "it is kept as a request of its own")
    result = post(door, "/v1/logs", several(records.log(records.attributes(dpl__core__data_subject_id=person(1)[0]), body={"stringValue": "vijf"}),
                                            records.log(NOBODY)))
    tap.ok(result.json["partialSuccess"]["rejectedLogRecords"] == "1" and "vijf" in seen(ledger, subject, 5), "log records likewise")
    # protobuf
    result = post(door, "/v1/traces", request_bytes(span_bytes(person(2)[0], "pb een"), span_bytes(person(2)[0], "pb twee")), PROTOBUF)
    tap.ok((result.status, result.type, result.body) == (200, PROTOBUF, b""), "protobuf is answered in protobuf: all is well is nothing (OTL-7, OTL-8)")
    tap.ok(seen(ledger, person(2)[1], 2) == ["pb een", "pb twee"], "and found")
    result = post(door, "/v1/traces", gzip.compress(request_bytes(span_bytes(person(2)[0], "pb drie"), span_bytes("7", "pb vier"))), PROTOBUF, Content_Encoding="gzip")
    partial = fields(fields(result.body)[1])
    tap.ok(result.status == 200 and partial[1] == 1 and b"9 digits" in partial[2], "with gzip; what was refused is counted: %s" % partial)
    same = json.loads(rows(door, "9 digits")[0]["message"])["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    tap.ok(same["traceId"] == records.TRACE.lower() and same["startTimeUnixNano"] == str(records.AT), "what is kept of protobuf is OTLP's JSON")
    result = post(door, "/v1/traces", b"", PROTOBUF)
    tap.ok((result.status, result.body) == (200, b""), "an empty request is well")
    tap.ok(all(post(door, "/v1/logs", body).json == {} for body in (b"{ }", b" {\r\n}\n")), "however it is spaced (OTL-8)")
    tap.ok(post(door, "/v1/logs", {}).json == {} and post(door, "/v1/logs", {"resourceLogs": []}).json == {}, "in JSON too")
    wrong = (("GET", "/v1/logs", b"", JSON, 405), ("POST", "/v1/metrics", b"{}", JSON, 404), ("POST", "/v1/logs", b"{}", "text/plain", 415),
             ("POST", "/v1/logs?a=1", b"{}", JSON, 400), ("POST", "/v1/logs", b"x" * 1048577, JSON, 413))
    for method, path, body, kind, status in wrong:
        result = post(door, path, body, kind, method)
        tap.ok(result.status == status and result.json["message"] != "", "%s %s is answered %d with a Status (OTL-11): %s" % (method, path, status, result.body))
    result = post(door, "/v1/metrics", b"", PROTOBUF)
    tap.ok(result.status == 404 and b"metrics" in fields(result.body)[2], "in protobuf, if that was sent")
    result = post(door, "/v1/logs", b"{}", Host="ledger.example")
    tap.ok(result.status == 403, "asked for by another name nobody is heard")
    tap.ok(door.stop() == 0, "the gateway ends")


def again(tap, ledger, program):
    """What was refused is sent again from the file, once the registration helps."""
    key = ledger.add_sender("again", "cvr:55133018")
    door = Gateway(ledger, key, program, "--http", "127.0.0.1:0")
    result = post(door, "/v1/traces", several(*(span(3, "nr %d" % n, dpl__core__data_subject_id_type="zaaknummer") for n in range(3))))
    tap.ok("namespace=zaaknummer=OID" in result.json["partialSuccess"]["errorMessage"], "the answer names the registration's word that would help (OTL-3)")
    door.stop()
    ledger.run("sender", "policy", ledger.dir, "--key", key, "--namespace", "zaaknummer=2.16.840.1.113883.2.4.6.3")
    moved = ledger.path("moved.jsonl")
    os.rename(key + ".spool/rejected.jsonl", moved)
    result = ledger.result("send", "--server", ledger.ingest, "--key", key, moved)
    tap.ok(result.returncode == 0 and seen(ledger, person(3)[1], 3) == ["nr 0", "nr 1", "nr 2"], "and 'indsigt send' takes them: %s" % result.stderr)


def files(tap, ledger, program):
    key = ledger.add_sender("files")
    path = ledger.path("otlp.jsonl")
    with open(path, "w", encoding="utf-8") as file:
        file.write(json.dumps(several(span(4, "uit bestand 1"), span(4, "uit bestand 2"), records.span(NOBODY))) + "\n")
        file.write('{"resourceSpans": [}\n' + json.dumps(records.request(span(4, "uit bestand 3"))) + "\n")
    result = ledger.result("send", "--server", ledger.ingest, "--key", key, "--format", "otlp", path)
    tap.ok(result.returncode == 1 and seen(ledger, person(4)[1], 3) == ["uit bestand %d" % n for n in (1, 2, 3)],
           "a file of requests is cut into its records (OTL-1): %s" % result.stderr)
    with open(key + ".spool/rejected.jsonl", encoding="utf-8") as file:
        refused = [json.loads(line) for line in file]
    tap.ok([row["error"] for row in refused] == ["missing-field", "bad-json"], "a damaged line costs itself: %s" % refused)
    result = ledger.result("send", "--server", ledger.ingest, "--key", key, "--format", "otlp", path)
    tap.ok(len(shown(ledger, person(4)[1])) == 3, "sent again nothing is doubled")
    result = ledger.result("send", "--server", ledger.ingest, "--key", key, path)
    tap.ok("use --format otlp" in result.stderr, "as another format it is told what it looks like: %s" % result.stderr)
    path = ledger.path("cadf.log")
    with open(path, "w", encoding="utf-8") as file:
        file.write("2026-11-20 10:00:00.2 7 INFO oslo.messaging [-] " + json.dumps({"event_type": "audit.http.response", "payload": {
            **cadf.BASE, "target": cadf.FILE, "name": "arkiv", "attachments": cadf.named({"id": "010170-1234", "type": "CPR"})}}) + "\n")
    result = ledger.result("send", "--server", ledger.ingest, "--key", key, "--format", "cadf", path)
    tap.ok(result.returncode == 0 and seen(ledger, "cpr:0101701234", 1) == ["arkiv"], "lines of a log with CADF events (CDF-1): %s" % result.stderr)
    result = ledger.result("send", "--server", ledger.ingest, "--key", key, path)
    tap.ok("use --format cadf" in result.stderr, "which are told, too: %s" % result.stderr)


def followed(tap, ledger, program):
    """A collector's file as it grows, read on by another run in the middle of it."""
    key = ledger.add_sender("followed")
    path = ledger.path("collector.jsonl")

    def write(*numbers):
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(several(*(span(6, "gevolgd %d" % n) for n in numbers))) + "\n")

    write(1, 2)
    for numbers in ((3, 4, 5), (6,)):
        process = subprocess.Popen([ledger.indsigt, "send", "--server", ledger.ingest, "--key", key, "--format", "otlp", "--follow", path],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        write(*numbers)
        seen(ledger, person(6)[1], max(numbers))
        process.send_signal(signal.SIGKILL)
        process.wait(240)
    tap.ok(shown(ledger, person(6)[1]) == ["gevolgd %d" % n for n in range(1, 7)], "a file that is followed, by two runs: each record once")


def cadf_posts(tap, ledger, program):
    key = ledger.add_sender("cadf")
    door = Gateway(ledger, key, program, "--http", "127.0.0.1:0")
    named = {**cadf.BASE, "target": cadf.FILE, "name": "dossier", "attachments": cadf.named({"id": "020270-2345", "type": "CPR"})}
    result = post(door, "/v1/cadf", named)
    tap.ok((result.status, result.json) == (201, {"taken": True, "events": 1}), "a CADF event is taken: %s" % result.body)
    result = post(door, "/v1/cadf", named)
    tap.ok((result.status, result.json) == (200, {"known": True}) and seen(ledger, "cpr:0202702345", 1) == ["dossier"], "given again it is known (CDF-8)")
    result = post(door, "/v1/cadf", {**cadf.BASE, "target": cadf.FILE})
    tap.ok(result.status == 422 and b"target.typeURI" in result.body, "of a file nobody says whose it is: %s" % result.body)
    result = post(door, "/v1/cadf", ("\n".join(json.dumps(one) for one in (cadf.BASE, {**cadf.BASE, "outcome": "pending"}))).encode(), "application/x-ndjson")
    tap.ok(result.json["results"][0].get("taken") and "pending" in result.json["results"][1]["reason"], "several, one a line: %s" % result.body)
    tap.ok(all(row["format"] == "cadf" for row in door.rejected()) and len(door.rejected()) == 2, "what is refused is kept in its format")
    door.stop()


def hostile(tap, ledger, program):
    key = ledger.add_sender("hostile")
    door = Gateway(ledger, key, program, "--http", "127.0.0.1:0")
    deep = field(1, b"x")
    for _ in range(20000):
        deep = field(5, field(1, deep))
    pairs = b"\x4a\x00" * 400000
    values = field(5, b"\x0a\x00" * 400000)
    cases = (("depth of values", request_bytes(span_bytes("7", "x", field(9, field(1, b"k") + field(2, deep)))), PROTOBUF, 413),
             ("a million attributes", request_bytes(span_bytes("7", "x", pairs)), PROTOBUF, 413),
             ("a million values", request_bytes(span_bytes("7", "x", field(9, field(1, b"k") + field(2, values)))), PROTOBUF, 413),
             ("a length of 10^12", b"\x0a" + varint(10**12) + b"x", PROTOBUF, 400), ("no protobuf", os.urandom(1000), PROTOBUF, 400),
             ("text that is no UTF-8", request_bytes(span_bytes("7", "x", field(3, b"\xff"))), PROTOBUF, 400),
             ("NaN in protobuf", request_bytes(span_bytes("7", "x", field(9, field(1, b"k") + field(2, b"\x21" + b"\xff" * 8)))), PROTOBUF, 200),
             ("deep JSON", b"[" * 100000, JSON, 400), ("NaN in JSON", b'{"resourceSpans":[{"x":NaN}]}', JSON, 400),
             ("1e999", b'{"resourceSpans":[{"x":1e999}]}', JSON, 400), ("a lone surrogate", b'{"resourceSpans":[{"x":"\\ud800"}]}', JSON, 400),
             ("a member twice", b'{"resourceSpans":[],"resourceSpans":[]}', JSON, 400), ("a NUL", b'{"resourceSpans":[]}\0', JSON, 400),
             ("brackets", b"{},".join([b'{"resourceSpans":['] + [b""] * 300000) + b"{}]}", JSON, 413),
             ("another kind", several(span(5, "x")), JSON, 400),
             ("more records than a batch", several(*[records.span({}, traceId=None, spanId=None, name=None)] * 4097), JSON, 413),
             ("a resource around each", records.request(span(5, "x"), resource={"k": "x" * 60000}), JSON, 413))
    for name, body, kind, status in cases:
        if name == "another kind":
            result = post(door, "/v1/logs", body, kind)
        elif name == "a resource around each":
            body["resourceSpans"][0]["scopeSpans"][0]["spans"] *= 400
            result = post(door, "/v1/traces", body, kind)
        else:
            result = post(door, "/v1/traces", body, kind)
        tap.ok(result.status == status, "%s is refused with %d (OTL-12): %d %s" % (name, status, result.status, result.body[:200]))
    result = post(door, "/v1/traces", gzip.compress(b" " * (64 << 20)), Content_Encoding="gzip")
    tap.ok(result.status == 413, "a bomb is refused: %s" % result.body)
    peak = int(open("/proc/%d/status" % door.process.pid, encoding="utf-8").read().split("VmHWM:")[1].split()[0])
    tap.ok(peak < 200000, "in bounded memory: %d KiB" % peak)
    result = post(door, "/v1/traces", records.request(span(5, "daarna")))
    tap.ok(result.status == 200 and seen(ledger, person(5)[1], 1) == ["daarna"], "and the door goes on")
    door.stop()


def sdk(tap, ledger, program):
    packages = Packages(ledger.place)
    if packages.missing:
        tap.skip("OpenTelemetry's SDK and pycadf", packages.missing)
        return
    key = ledger.add_sender("sdk")
    door = Gateway(ledger, key, program, "--http", "127.0.0.1:0")
    for kind, number, options in (("spans", 11, ()), ("logs", 12, ()), ("spans", 13, ("gzip",))):
        code, _, err = packages.run("export.py", "http://" + door.http, kind, "120", person(number)[0], *options)
        tap.ok(code == 0 and seen(ledger, person(number)[1], 120) == sorted("%s %d" % (kind, n) for n in range(120)),
               "the SDK's %s are found: %s" % (" ".join((kind, *options)), err[-300:]))
    tap.ok(ledger.who(person(11)[1])["accesses"][0].get("event", ledger.who(person(11)[1])["accesses"][0])["system"] == "Zaaksysteem", "with their system")
    code, _, err = packages.run("export.py", "http://" + door.http, "ordinary", "7", "0")
    tap.ok(len(rows(door, "line of a log")) == 7, "its ordinary records are refused, each kept: %s" % err[-300:])
    host, port = door.http.rsplit(":", 1)
    process = packages.start("export.py", "http://" + door.http, "spans", "3000", person(14)[0])
    for wanted in (300, 900, 1500):
        wait_until(lambda: len(shown(ledger, person(14)[1])) >= wanted or process.poll() is not None, "some are there")
        door.stop(signal.SIGKILL)
        door = Gateway(ledger, key, program, "--http", "%s:%s" % (host, port))
    out, err = process.communicate(timeout=600)
    found = seen(ledger, person(14)[1], 3000)
    tap.ok(process.returncode == 0 and found == sorted("spans %d" % n for n in range(3000)),
           "killed three times while the SDK exports: nothing lost, nothing doubled (OTL-10): %d; %s" % (len(found), err[-300:]))
    for target, more, status in (("data/file", ("CPR", "030370-3456"), 201), ("data/file", (), 422), ("compute/machine", (), 201)):
        code, out, err = packages.run("cadf.py", target, *more)
        result = post(door, "/v1/cadf", out.encode())
        tap.ok(code == 0 and result.status == status, "an event of pycadf about %s%s: %d %s %s" % (target, " and somebody" if more else "", result.status, result.body, err[-300:]))
    tap.ok(seen(ledger, "cpr:0303703456", 1) == ["read"], "it is found under the right person")
    door.stop()


def javascript(tap, ledger, program):
    """Its exporters send JSON; with gzip in chunks."""
    missing = npm.installed(FOLDER) if shutil.which("npm") else "there is no npm"
    if missing:
        tap.skip("OpenTelemetry's exporters of JSON", missing)
        return
    door = Gateway(ledger, ledger.add_sender("javascript"), program, "--http", "127.0.0.1:0")
    wanted = sorted("%s %d" % (kind, n) for kind in ("log", "span") for n in range(20))
    for number, options in ((21, ()), (22, ("gzip",))):
        result = subprocess.run(["node", os.path.join(FOLDER, "export.js"), "http://" + door.http, "20", person(number)[0], *options],
                                capture_output=True, text=True, timeout=240, check=False)
        tap.ok(result.returncode == 0 and seen(ledger, person(number)[1], 40) == wanted,
               "logs and spans in JSON%s are found: %s" % (" with gzip" if options else "", result.stderr[-300:]))
    door.stop()


if __name__ == "__main__":
    run(answers, again, files, followed, cadf_posts, hostile, sdk, javascript)
