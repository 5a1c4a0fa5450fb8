#!/usr/bin/env python3
"""The OpenAPI descriptions beside the daemons: the same routes, and every answer has a status, a type, headers and a body that
are described, with no member that is not. (HTTP-1, HTTP-2, HTTP-4, HTTP-5, TILE-6, TILE-7, WIT-3, WIT-4, WIT-5, WIT-6,
WIT-11)"""

import gzip
import hashlib
import http.client
import json
import os
import re
import subprocess
import sys

try:
    import yaml
except ImportError:
    yaml = None

from indsigt import Ledger, Tap, event, wait_until

SOURCE = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
SUBJECT = "cpr:0101701234"
TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "null": type(None)}


class Description:
    def __init__(self, name):
        with open(os.path.join(SOURCE, "spec", name), encoding="utf-8") as file:
            self.document = yaml.safe_load(file)
        self.asked = set()

    def resolve(self, node):
        while "$ref" in node:
            more = {key: value for key, value in node.items() if key != "$ref"}
            target = self.document
            for word in node["$ref"].lstrip("#/").split("/"):
                target = target[word]
            node = {**target, **more}
        return node

    def references(self, node):
        """Resolves all there are; a KeyError if one leads nowhere."""
        if isinstance(node, dict):
            if "$ref" in node:
                self.resolve(node)
            for value in node.values():
                self.references(value)
        elif isinstance(node, list):
            for value in node:
                self.references(value)

    def wrong(self, schema, value, where="body"):
        """What is wrong with a value, or None."""
        schema = self.resolve(schema)
        kinds = schema.get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else kinds
        if kinds and not any(isinstance(value, TYPES[kind]) and (kind != "integer" or value is not True) for kind in kinds):
            return "%s is no %s" % (where, kinds)
        if "const" in schema and value != schema["const"]:
            return "%s is not %r but %r" % (where, schema["const"], value)
        if "enum" in schema and value not in schema["enum"]:
            return "%s is %r" % (where, value)
        if "pattern" in schema and isinstance(value, str) and not re.search(schema["pattern"], value):
            return "%s has another form: %r" % (where, value[:200])
        if isinstance(value, list):
            found = [self.wrong(schema.get("items", {}), item, where + "[]") for item in value]
            return next(filter(None, found), None)
        if isinstance(value, dict) and "properties" in schema:
            return self.wrong_members(schema, value, where)
        return None

    def wrong_members(self, schema, value, where):
        for name in schema.get("required", []):
            if name not in value:
                return "%s.%s is missing" % (where, name)
        for name, member in value.items():
            if name not in schema["properties"]:
                if schema.get("additionalProperties"):
                    continue
                return "%s.%s is not described" % (where, name)
            found = self.wrong(schema["properties"][name], member, where + "." + name)
            if found:
                return found
        return None

    def wrong_answer(self, path, method, status, headers, body):
        operations = self.document["paths"][path]
        operation = operations.get(method.lower()) or next(iter(operations.values()))
        self.asked.add(path)
        described = operation["responses"].get(str(status)) or operation["responses"].get("default")
        if described is None:
            return "status %d is not described" % status
        described = self.resolve(described)
        for name, header in described.get("headers", {}).items():
            header = self.resolve(header)
            if name not in headers and header.get("required"):
                return "the header %s is missing" % name
            found = name in headers and self.wrong(header["schema"], headers[name], name)
            if found:
                return found
        if "content" not in described:
            return None
        kind = headers["Content-Type"]
        if kind not in described["content"]:
            return "the type %s is not described" % kind
        if headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        schema = described["content"][kind]["schema"]
        if "json" in kind:
            return self.wrong(schema, json.loads(body))
        return None if schema.get("format") == "binary" else self.wrong(schema, body.decode())


class World:
    def __init__(self, tap, description, address):
        self.tap, self.description, self.address = tap, description, address

    def ask(self, path, status, target=None, method="GET", body=None, **headers):
        """Asks for `target`, which is described as `path`."""
        connection = http.client.HTTPConnection(self.address, timeout=60)
        connection.request(method, target or path, body=body, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        wrong = self.description.wrong_answer(path, method, answer.status, answer.headers, content)
        if answer.status != status:
            wrong = "the status is %d: %r" % (answer.status, content[:200])
        self.tap.ok(wrong is None, "%s %s: %d%s" % (method, (target or path)[:60], status, ": " + wrong if wrong else ""))
        return answer.headers, content

    def all_asked(self):
        left = set(self.description.document["paths"]) - self.description.asked
        self.tap.ok(not left, "every path was asked %s" % (left or ""))


def can_fail(tap, description):
    """The comparison itself."""
    schema = {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}, "b": {"enum": ["x"]}}}
    good = [{"a": 1}, {"a": 1, "b": "x"}]
    bad = [[], {}, {"a": "1"}, {"a": True}, {"a": 1, "b": "y"}, {"a": 1, "c": 1}]
    tap.ok(not any(description.wrong(schema, value) for value in good) and all(description.wrong(schema, value) for value in bad),
           "what is not described is found")


def routes(tap, description):
    with open(os.path.join(SOURCE, "query", "routes", "routes.c"), encoding="utf-8") as file:
        table = re.findall(r'^\t\{"(/[^"]*)", (?:true|false), \w+, route_', file.read(), re.M)
    paths = [re.sub(r"\{.*", "", path) for path in description.document["paths"]]
    tap.ok(len(table) > 5 and sorted(table) == sorted(paths), "the routes of the query daemon: " + " ".join(sorted(table)))


def query(world, ledger, token, auditor):
    ask = world.ask
    size = int(ledger.get("/checkpoint").split("\n")[1])
    ask("/checkpoint", 200)
    ask("/checkpoint", 405, method="POST")
    ask("/checkpoint", 400, "/checkpoint?a=b")
    ask("/v1/coverage", 200)
    ask("/v1/numbers", 200)
    ask("/v1/accesses", 200, Authorization=token)
    ask("/v1/accesses", 200, "/v1/accesses?limit=1", Authorization=token)
    _, first = ask("/v1/accesses", 200, "/v1/accesses?limit=1&coverage=whole", Authorization=token)
    ask("/v1/accesses", 200, "/v1/accesses?limit=1&cursor=" + json.loads(first)["cursor"], Authorization=token)
    ask("/v1/accesses", 400, "/v1/accesses?coverage=short", Authorization=token)
    ask("/v1/accesses", 400, "/v1/accesses?limit=0", Authorization=token)
    ask("/v1/accesses", 401)
    ask("/v1/accesses", 403, Authorization=auditor)
    ask("/v1/statement", 200, Authorization=token)
    ask("/v1/statement", 401)
    ask("/v1/labels", 200, "/v1/labels?from=0&to=2", Authorization=auditor)
    ask("/v1/labels", 400, Authorization=auditor)
    ask("/v1/labels", 403, "/v1/labels?from=0&to=2", Authorization=token)
    ask("/v1/quality", 200, Authorization=auditor)
    ask("/v1/quality", 400, "/v1/quality?a=b", Authorization=auditor)
    ask("/v1/quality", 401)
    ask("/v1/quality", 403, Authorization=token)
    ask("/v1/mandates", 200, Authorization=token)
    fhir = "/fhir/{path}"
    ask(fhir, 200, "/fhir/metadata")
    ask(fhir, 200, "/fhir/AuditEvent", Authorization=token)
    ask(fhir, 200, "/fhir/AuditEvent/_search", method="POST", body=b"_count=1", Content_Type="application/x-www-form-urlencoded", Authorization=token)
    ask(fhir, 404, "/fhir/AuditEvent/999999", Authorization=token)
    ask(fhir, 405, "/fhir/AuditEvent", method="POST", body=b"{}")
    ask(fhir, 401, "/fhir/AuditEvent")
    ask("/v1/notifications", 503, Authorization=token)
    ask("/v1/notifications", 403, Authorization=auditor)
    ask("/v1/mandates", 403, Authorization=auditor)
    act = lambda path, status, body, **headers: ask(path, status, method="POST", body=body, Content_Type="application/json", **headers)
    ask("/v1/reports", 403, Authorization=token)
    act("/v1/reports", 404, b'{"index":999999}', Authorization=token)
    act("/v1/reports", 400, b"{}", Authorization=token)
    act("/v1/grants", 503, b'{"to":"cpr:0202702345","kind":"attorney"}', Authorization=token)
    act("/v1/grants", 401, b"{}")
    act("/v1/grants/revoke", 404, b'{"id":"f"}', Authorization=token)
    ask("/v1/filing", 401, "/v1/filing?sender=1&seq=0")
    ask("/metrics", 200)
    ask("/healthz", 200)
    tile = "/tile/{path}"
    headers, _ = ask(tile, 200, "/tile/0/000.p/%d" % min(size, 255))
    ask(tile, 304, "/tile/0/000.p/%d" % min(size, 255), If_None_Match=headers["ETag"])
    ask(tile, 200, "/tile/entries/000.p/1", Accept_Encoding="identity")
    ask(tile, 200, "/tile/entries/000.p/1", Accept_Encoding="gzip")
    ask(tile, 404, "/tile/entries/x001/000")
    ask(tile, 404, "/tile/entries/0")
    ask(tile, 405, "/tile/0/000.p/1", method="DELETE")
    pattern = world.description.document["paths"][tile]["get"]["parameters"][0]["schema"]["pattern"]
    good = ["0/000", "63/x001/x234/067", "entries/000.p/255", "entries/999.p/1"]
    bad = ["64/000", "00/000", "0/0000", "0/1", "0/000.p/256", "0/000.p/0", "0/000.p/01", "data/000", "0/x001", "0/000/", "0/000.p"]
    world.tap.ok(all(re.search(pattern, one) for one in good) and not any(re.search(pattern, one) for one in bad),
                 "the form of a tile's address")
    world.all_asked()


def witness(world, ledger):
    ask, add = world.ask, "/add-checkpoint"
    note = ledger.get("/checkpoint")
    own = note[:note.index("\u2014 witness")] if "\u2014 witness" in note else note
    size = own.split("\n")[1]

    def post(status, body):
        return ask(add, status, method="POST", body=body.encode(), Content_Type="text/plain")[1].decode()
    read = "/{origin_hash}/checkpoint"
    target = "/%s/checkpoint" % hashlib.sha256(own.split("\n")[0].encode()).hexdigest()
    ask(read, 404, target)
    asked = world.description.document["paths"][add]["post"]["requestBody"]["content"]["text/plain"]["schema"]
    world.tap.ok(not world.description.wrong(asked, "old 0\n\n" + own), "the form of a request")
    post(200, "old 0\n\n" + own)
    world.tap.ok(post(409, "old 0\n\n" + own) == size + "\n", "the size is in the answer")
    post(400, "hello\n")
    post(400, "old %d\n\n%s" % (int(size) + 1, own))
    post(403, "old %s\n\n%s" % (size, own[:-20] + "AAAA" + own[-16:]))
    post(404, "old 0\n\nelsewhere" + own)
    post(422, "old %s\n%s\n\n%s" % (size, "A" * 43 + "=", own))
    post(413, "old 0\n" + "A" * 140000)
    ask(add, 405)
    ask(read, 200, target)
    ask(read, 405, target, method="POST")
    world.all_asked()


def start_witness(ledger, name):
    directory = ledger.path(name)
    vkey = ledger.run("witness", "init", directory, "--name", "witness.example/" + name).strip()
    ledger.run("witness", "add", directory, ledger.vkey)
    process = subprocess.Popen([ledger.indsigt, "witness", "serve", directory, "--listen", "127.0.0.1:0"],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return process, vkey, process.stdout.readline().split()[1].split("=")[1]


def main():
    tap = Tap()
    if yaml is None:
        tap.skip("the descriptions", "needs python3-yaml")
        tap.done()
    of_query, of_witness = Description("openapi.yaml"), Description("openapi-witness.yaml")
    of_query.references(of_query.document)
    of_witness.references(of_witness.document)
    tap.ok(True, "every reference leads somewhere")
    can_fail(tap, of_query)
    routes(tap, of_query)
    ledger = Ledger(sys.argv[1], "log.example.dk/openapi")
    first, vkey, address = start_witness(ledger, "w1")
    second, _, other = start_witness(ledger, "w2")
    with open(os.path.join(ledger.dir, "witnesses"), "w", encoding="utf-8") as file:
        file.write("witness w1 %s http://%s\nquorum w1\n" % (vkey, address))
    key = ledger.add_sender("one", "cvr:55133018", "--policy", "withhold")
    ledger.add_reporter()
    ledger.serve()
    lines = [event(SUBJECT, "opslag"), event(SUBJECT, "opslag 2"),
             event(SUBJECT, "opslag 3", withheld_until="2099-01-01T00:00:00Z", withheld_basis="Retsplejeloven § 729 c")]
    ledger.run("send", "--server", ledger.ingest, "--key", key, "-", stdin="\n".join(lines) + "\n")
    ledger.run("epoch", ledger.dir)
    wait_until(lambda: "\u2014 witness.example/w1 " in ledger.get("/checkpoint"), "the cosignature")
    wait_until(lambda: os.path.exists(os.path.join(ledger.dir, "reads", "socket")), "the sender of reads")
    token = "Bearer " + ledger.run("token", ledger.dir, SUBJECT).strip()
    auditor = "Bearer " + ledger.run("token", ledger.dir, SUBJECT, "--role", "auditor").strip()
    query(World(tap, of_query, ledger.query), ledger, token, auditor)
    witness(World(tap, of_witness, other), ledger)
    for process in (first, second):
        process.terminate()
        process.wait()
        process.stdout.close()
    ledger.remove()
    tap.done()


main()
