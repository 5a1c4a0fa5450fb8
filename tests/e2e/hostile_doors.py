#!/usr/bin/env python3
"""What is sent to do harm, at every door of the gateway, in files and over a sender's socket: it is refused with its reason, memory stays bounded, nothing of a file is
read, and who comes behind it on the same line is heard. SYS-3, SYS-7, SYS-12, ADP-2, ADP-12, GW-6, GW-12, GW-24
usage: hostile_doors.py INDSIGT GATEWAY [PART...]"""

import http.client
import json
import os
import socket
import subprocess

from callers import Caller, Sender
from fhir_door import FHIR
from fhir_door import audit as resource
from gateway import HEAD, Gateway, audit, counted, run, seen
from indsigt import event, wait_until

SHORT = bool(os.environ.get("INDSIGT_SHORT"))  # sanitizers keep what is freed
MEMORY_KB = 900000 if SHORT else 250000
MAX = 1048576


def memory(gateway, what="VmHWM"):
    with open("/proc/%d/status" % gateway.process.pid, encoding="ascii") as file:
        return int(next(line.split()[1] for line in file if line.startswith(what)))


def entities(root):
    """Three documents with a document type: a billion laughs, the same quadratic, and files of this machine."""
    laughs = "".join("<!ENTITY %s \"%s\">" % (chr(98 + n), ("&%s;" % chr(97 + n)) * 10) for n in range(25))
    files = '<!ENTITY %% p SYSTEM "file:///etc/passwd"> %%p; <!ENTITY x SYSTEM "file:///etc/passwd"><!ENTITY y SYSTEM "http://127.0.0.1:9/">'.replace("%%", "%")
    return {"billion laughs": '<!DOCTYPE r [<!ENTITY a "lol">%s]><%s>&z;</%s>' % (laughs, root, root),
            "quadratic": '<!DOCTYPE r [<!ENTITY a "%s">]><%s>%s</%s>' % ("x" * 100000, root, "&a;" * 100000, root),
            "external entities": "<!DOCTYPE r [%s]><%s>&x;&y;</%s>" % (files, root, root),
            "an external type": '<!DOCTYPE r SYSTEM "file:///etc/passwd"><%s/>' % root}


def bad_xml(good, root):
    """`good`: a document that would be taken, with the text Dr. Lund in an attribute."""
    inner = good[:good.rindex("</")]
    return {**entities(root),
            "deep": "<%s>" % root + "<a>" * 200000,
            "deep behind what is good": inner + "<a>" * 200000 + "</a>" * 50 + "</%s>" % root,
            "a huge attribute": good.replace("Dr. Lund", "x" * 900000),
            "many attributes": good.replace("Dr. Lund", 'x" ' + " ".join('a%d="1"' % n for n in range(60000)) + ' a0="', 1),
            "an attribute twice": good.replace("Dr. Lund", 'x" q="1" q="2', 1),
            "a huge name": "<%s/>" % ("n" * 900000),
            "many elements": "<%s>" % root + "<a/>" * 200000 + "</%s><b/>" % root,
            "an undeclared entity": good.replace("Dr. Lund", "&lol;"),
            "a character that is none": good.replace("Dr. Lund", "&#0;"),
            "a surrogate": good.replace("Dr. Lund", "&#xD800;"),
            "not UTF-8": good.encode().replace(b"Dr. Lund", b"\xff\xfe\xed\xa0\x80"),
            "an encoding of nobody's": '<?xml version="1.0" encoding="X-NOBODY"?>' + good}


def bad_json(good):
    """`good`: an object that would be taken, with the text Dr. Lund in it."""
    return {"nested arrays": '{"a":' + "[" * 500000, "nested objects": '{"a":' * 200000, "nested and closed": good[:-1] + ',"x":' + "[" * 5000 + "]" * 5000 + "}",
            "a name twice": good[:-1] + ',"action":"R","action":"read"}', "a lone surrogate": good.replace("Dr. Lund", "\\ud800"),
            "surrogates the wrong way": good.replace("Dr. Lund", "\\udc00\\ud800"), "NaN": good[:-1] + ',"x":NaN}', "Infinity": good[:-1] + ',"x":-Infinity}',
            "1e999": good[:-1] + ',"x":1e999}', "a number of a million digits": good[:-1] + ',"x":' + "9" * 1000000 + "}", "a NUL": good.replace("Dr. Lund", "a\\u0000b"),
            "a raw NUL": good.replace("Dr. Lund", "a\0b"), "not UTF-8": good.encode().replace(b"Dr. Lund", b"\xff\xfe\xed\xa0\x80"),
            "a huge text": good.replace("Dr. Lund", "x" * 900000), "a huge name": good[:-1] + ',"%s":1}' % ("n" * 900000),
            "many members": "{" + ",".join('"m%d":1' % n for n in range(60000)) + "}", "no JSON": "{'a':1}", "a comment": "/* */" + good}


class Refused:
    """What was refused, as it is written; of each row its reason and the end of its message."""

    def __init__(self, gateway):
        self.path = gateway.key + ".spool/rejected.jsonl"
        self.at = 0

    def more(self):
        """Those that are whole since the last call."""
        if not os.path.exists(self.path):
            return []
        with open(self.path, "rb") as file:
            file.seek(self.at)
            data = file.read()
        data = data[:data.rfind(b"\n") + 1]
        self.at += len(data)
        rows = [json.loads(line) for line in data.splitlines()]
        return [(row["reason"], str(row.get("message", row.get("message_base64")))[-20:]) for row in rows]

    def until(self, mark):
        """The reasons up to the message that ends so: it was read behind all that it follows."""
        rows = []
        wait_until(lambda: rows.extend(self.more()) or any(end.endswith(mark) for _, end in rows), mark)
        return [reason for reason, _ in rows]


def raw(text):
    return text if isinstance(text, bytes) else text.encode()


def doors(tap, ledger, program):
    key = ledger.add_sender("hostile", "cvr:55133018")
    gateway = Gateway(ledger, key, program, "--http", "127.0.0.1:0", "--fhir", "127.0.0.1:0")
    syslog(tap, ledger, gateway)
    tap.ok(memory(gateway) < MEMORY_KB, "memory at most: %d kB" % memory(gateway))
    applications(tap, ledger, gateway)
    tap.ok(memory(gateway) < MEMORY_KB, "memory at most: %d kB" % memory(gateway))
    fhir(tap, ledger, gateway)
    tap.ok(memory(gateway) < MEMORY_KB, "memory at most: %d kB; now %d" % (memory(gateway), memory(gateway, "VmRSS")))
    tap.ok("root:" not in json.dumps(gateway.rejected()) and "root:" not in gateway.said(), "no file of the machine was read")
    tap.ok(gateway.stop() == 0, "it ends in order")
    counts = gateway.status()["messages"]
    tap.ok(counts["read"] == counts["taken"] + counts["refused"] and counts["taken"] == 4 and counts["refused"] < 20000, "and nothing of it was taken: %s" % counts)


def syslog(tap, ledger, gateway):
    """All of it on one line, each with a message behind it that has to be found."""
    own = event("cpr:0101701501", "own", actor={"kind": "human", "id": "uuid:1", "name": "Dr. Lund", "role": "x"})
    good = audit("0101701501", "xml").replace('UserID="dr.lund"', 'UserID="dr.lund" UserName="Dr. Lund"').split("?>", 1)[1]
    cases = {"XML: " + name: text for name, text in bad_xml(good, "AuditMessage").items()}
    cases.update(("JSON: " + name, text) for name, text in bad_json(own).items())
    cases.update(("FHIR: " + name, text) for name, text in bad_json(json.dumps(resource("0101701501", "fhir"))).items())
    del cases["FHIR: a huge name"]  # what FHIR does not have is not looked at
    frames = {name: raw(HEAD) + raw(text) for name, text in cases.items()}
    frames = {name: b"%d %s" % (len(message), message) for name, message in frames.items()}
    frames["a length of 10^12"] = b"1000000000000 <85>1 x\n"
    frames["a length of forty digits"] = b"9" * 40 + b" <85>1 x\n"
    frames["a length that is longer than a message may be"] = b"3000000 " + b"<" * 3000000
    frames["a line without an end"] = raw(HEAD) + b"<a " * (MAX + 1) + b"\n"
    frames["structured data without an end"] = counted("<85>1 - - - - - [a b=\"" + "\\]" * 400000)
    frames["priorities"] = b"<85>" * 100000 + b"\n"
    refused = Refused(gateway)
    with gateway.connect() as line:
        for number, (name, frame) in enumerate(frames.items()):
            line.sendall(b"\n" + frame)
            line.sendall(b"\n" + counted(HEAD + "mark %06d" % number))
            reasons = refused.until("mark %06d" % number)
            tap.ok(len(reasons) >= 2 and all(reason and len(reason) < 2000 for reason in reasons), "%s: %s" % (name, reasons[0][:200]))
        line.sendall(counted(HEAD + good))
        tap.ok(seen(ledger, "cpr:0101701501", 1) == ["xml"], "who comes behind all that on the same line is heard")


def applications(tap, ledger, gateway):
    good = event("cpr:0101701502", "own", actor={"kind": "human", "id": "uuid:1", "name": "Dr. Lund", "role": "x"})
    host, port = gateway.http.split(":")

    def ask(body, kind="application/json"):
        line = http.client.HTTPConnection(host, int(port), timeout=240)
        try:
            line.request("POST", "/v1/events", raw(body), {"Content-Type": kind})
            answer = line.getresponse()
            return answer.status, answer.read()
        finally:
            line.close()

    for name, body in bad_json(good).items():
        status, said = ask(body)
        tap.ok(status in (400, 413, 422) and len(said) < 4096, "an application: %s: %d %s" % (name, status, said[:120]))
    for name, body, wanted in (("lines of nothing", b"{}\n" * (MAX // 3 - 1), 413), ("lines of brackets", b"[\n" * (MAX // 2 - 1), 413), ("empty lines", b"\n" * MAX, 200), ("as many as may be", b"{}\n" * 8192, 200),
                               ("one more", b"{}\n" * 8193, 413)):
        status, said = ask(body, "application/x-ndjson")
        tap.ok(status == wanted, "an application: %s: %d, %d bytes of an answer; memory %d kB" % (name, status, len(said), memory(gateway)))
    unread(tap, host, int(port), "/v1/events", "application/json")
    status, said = ask(good)
    tap.ok(status == 201 and seen(ledger, "cpr:0101701502", 1) == ["own"], "who comes behind is heard: %d" % status)


def unread(tap, host, port, path, kind):
    """Lengths and heads that nobody may wait for."""
    start = b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\n" % (path.encode(), kind.encode())
    rests = {"a length of 10^12": b"Content-Length: 1000000000000\r\n\r\n", "a length of forty digits": b"Content-Length: " + b"9" * 40 + b"\r\n\r\n",
             "a length below nothing": b"Content-Length: -1\r\n\r\n", "a head without an end": b"X: " + b"x" * 8388608,
             "a part of 2^63": b"Transfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\nx", "a body of 3 MiB": b"Content-Length: 3145728\r\n\r\n" + b" " * 3145728}
    lines = {name: socket.create_connection((host, port), timeout=240) for name in rests}
    for name, line in lines.items():
        try:
            line.sendall(start + rests[name])
        except ConnectionError:
            pass
    for name, line in lines.items():
        with line:
            try:
                answer = line.recv(4096)
            except ConnectionError:
                answer = b""
        tap.ok(answer == b"" or answer.split()[1][:1] == b"4", "%s at %s: %r" % (name, path, answer[:40]))


def fhir(tap, ledger, gateway):
    good = json.dumps(resource("0101701503", "fhir"))
    xml = ('<AuditEvent xmlns="http://hl7.org/fhir"><type><code value="rest"/></type><subtype><display value="xml"/></subtype><action value="R"/>'
           '<recorded value="2026-11-20T08:00:00Z"/><agent><who><identifier><value value="lund"/></identifier></who><name value="Dr. Lund"/><requestor value="true"/></agent>'
           '<source><observer><display value="EPJ"/></observer></source><entity><what><identifier><system value="urn:oid:1.2.208.176.1.2"/>'
           '<value value="0101701503"/></identifier></what><role><code value="1"/></role></entity></AuditEvent>')
    host, port = gateway.fhir.split(":")

    def ask(path, body, kind):
        line = http.client.HTTPConnection(host, int(port), timeout=240)
        try:
            line.request("POST", path, raw(body), {"Content-Type": kind})
            answer = line.getresponse()
            return answer.status, answer.read()
        finally:
            line.close()

    cases = {"JSON: " + name: (text, FHIR) for name, text in bad_json(good).items()}
    cases.update(("XML: " + name, (text, "application/fhir+xml")) for name, text in bad_xml(xml, "AuditEvent").items())
    for path in ("/fhir/AuditEvent", "/fhir"):
        for name, (body, kind) in cases.items():
            status, said = ask(path, body, kind)
            tap.ok(status in (400, 413, 422) and json.loads(said)["resourceType"] == "OperationOutcome", "%s at %s: %d" % (name, path, status))
    unread(tap, host, int(port), "/fhir/AuditEvent", FHIR)
    tap.ok(ask("/fhir/AuditEvent", good, FHIR)[0] == 201 and ask("/fhir/AuditEvent", xml, "application/fhir+xml")[0] == 201, "who comes behind is heard")
    tap.ok(seen(ledger, "cpr:0101701503", 2) == ["fhir", "xml"], "and found")


def files(tap, ledger, _program):
    """The same in files, each with what is good behind it."""
    key = ledger.add_sender("hostile-files")
    taken = [json.dumps(resource("0101701504", "fhir")), audit("0101701504", "xml").replace('UserID="dr.lund"', 'UserID="dr.lund" UserName="Dr. Lund"'),
             event("cpr:0101701504", "own", actor={"kind": "human", "id": "uuid:1", "name": "Dr. Lund", "role": "x"})]
    cases = [("fhir", name, text, taken[0]) for name, text in bad_json(taken[0]).items() if name != "a comment"]  # behind it is a message
    cases += [("dicom", name, text, taken[1]) for name, text in bad_xml(taken[1].split("?>", 1)[1], "AuditMessage").items()]
    cases += [("json", name, text, taken[2]) for name, text in bad_json(taken[2]).items()]
    cases.append(("json", "lines of nothing", "{}\n" * 100000, taken[2]))
    peak = 0
    for form, name, text, good in cases:
        path = ledger.path("hostile-file")
        with open(path, "wb") as file:
            file.write(raw(text) + b"\n" + raw(good) + b"\n")
        command = [ledger.indsigt, "send", "--server", ledger.ingest, "--key", key, "--format", form, path]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
            said = process.stderr.read()
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        peak = max(peak, used.ru_maxrss)
        tap.ok(process.returncode in (1, 2) and len(said) < 8192, "a file: %s: %s: %s" % (form, name, said.strip().splitlines()[-1][:160] if said else ""))
    tap.ok(peak < MEMORY_KB, "memory at most: %d kB" % peak)
    found = seen(ledger, "cpr:0101701504", 3)
    tap.ok(found == ["fhir", "own", "xml"], "what is good behind all that is taken, once: %s" % found)


def callers(tap, ledger, _program):
    """The same over the socket of one sender, on one line."""
    sender = Sender(ledger, ledger.add_sender("hostile-callers"))
    good = event("cpr:0101701505", "own", actor={"kind": "human", "id": "uuid:1", "name": "Dr. Lund", "role": "x"})
    caller = Caller(sender.socket)
    for name, text in bad_json(good).items():
        caller.socket.sendall(raw(text) + b"\n")
        answer = caller.hear()
        tap.ok(answer is not None and "error" in answer and len(json.dumps(answer)) < 4096, "a caller: %s: %s" % (name, answer))
    caller.socket.sendall(b"{" + b" " * 8388608 + b"\n")
    answer = caller.hear()
    tap.ok(answer is not None and "error" in answer, "a caller: a line of 8 MiB: %s" % answer)
    answer = caller.ask(good)
    tap.ok(answer is not None and "receipt" in answer and seen(ledger, "cpr:0101701505", 1) == ["own"], "who comes behind is answered")
    caller.close()
    tap.ok(memory(sender) < MEMORY_KB, "memory at most: %d kB" % memory(sender))
    tap.ok(sender.stop() == 1, "it ends, and says that something was refused")


if __name__ == "__main__":
    run(doors, files, callers)
