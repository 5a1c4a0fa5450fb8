#!/usr/bin/env python3
"""The verifier of the citizen's page (query/web/verify), written from spec/ alone: it runs all vectors that concern a verifier, in
Node and in a worker of Chromium, each refused by its rule; it takes nothing else for a statement that was changed in any place;
and for each of its checks there is a vector that notices when it is left out. It says what is proven, and what is not. (LOSS-6)
And what a real ledger with witnesses hands out holds for it. (HTTP-20 to HTTP-25, STM-1, STM-60)
usage: verifier.py INDSIGT vectors|claims|mutations|left-out|ledger|chromium"""

import json
import os
import shutil
import subprocess
import sys
import urllib.request

from indsigt import Tap, event, wait_until
from npm import installed
from witnesses import World

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.join(HERE, "..", "..")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def node():
    """The command for node, or None. Node 18 (Debian 12) has what libsodium needs only if it is asked for it."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return None
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    major = int(version.lstrip("v").split(".")[0])
    return None if major < 18 else ["node", "--experimental-global-webcrypto"] if major == 18 else ["node"]


def copied(place, *path):
    """A folder of the sources below `place`, without what npm installed beside it."""
    target = os.path.join(place, *path)
    os.makedirs(target, exist_ok=True)
    shutil.copytree(os.path.join(SOURCE, *path), target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("node_modules", "dist"))
    return target


def prepared(build, part):
    """A place with the sources and their packages, or why there can be none."""
    if node() is None:
        return None, "node (18 or newer) and npm are not here"
    if part == "chromium" and not any(map(shutil.which, BROWSERS)):
        return None, "chromium is not here"
    place = os.path.join(build, "verifier-" + part)
    web, tests = copied(place, "query", "web"), copied(place, "tests", "web")
    if part == "left-out":
        shutil.copy(os.path.join(tests, "refused-left-out.js"), os.path.join(web, "verify", "refused.js"))
    why = installed(web)
    if why is None and part == "chromium":
        why = installed(tests)
    return place, why


ANNE, BO, NOBODY = "cpr:0101701234", "cpr:0202702345", "cpr:0303701238"


def fill(world):
    """About Anne five events, one of them withheld, by two systems in several batches; about Bo one; and a search."""
    ledger = world.ledger
    second = ledger.add_sender("two", "cvr:29190623", "--policy", "withhold")
    more = ({}, {"objects": ["sag:1"], "emergency": True}, {"withheld_until": "2099-01-01T00:00:00Z", "withheld_basis": "RPL § 729 c"},
            {"retention": "10y", "categories": ["helbred", "skat"]}, {"subjects": 3})
    for number, members in enumerate(more):
        lines = event(None if "subjects" in members else ANNE, "Opslag %d" % number, **members) + "\n" + (event(BO, "Opslag") + "\n" if number == 0 else "")
        ledger.run("send", "--server", ledger.ingest, "--key", second if number > 0 else world.key, "-", stdin=lines)


def asked(ledger, path, token):
    request = urllib.request.Request("http://%s%s" % (ledger.query, path), headers={"Authorization": "Bearer " + token})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read().decode()


def cases(world):
    """What the ledger hands out: [name, file, what to ask the verifier, what has to come out]."""
    ledger = world.ledger
    fill(world)
    ledger.run("epoch", ledger.dir)
    with open(world.policy, encoding="utf-8") as file:
        witnessed = {"vkey": ledger.vkey, "policy": file.read()}
    signed = {"vkey": ledger.vkey}
    made = []

    def statement(name, subject, options, expect, *arguments):
        path = ledger.path(name + ".json")
        ledger.run("statement", subject, "--ledger", ledger.dir, "-o", path, *arguments)
        made.append({"name": name, "path": path, "options": {**options, "subject": subject}, "expect": {"ok": True, **expect}})

    def fulfilled():
        statement("witnessed", ANNE, witnessed, {"open": 3, "withheld": 1})
        result = ledger.result("verify", made[-1]["path"], "--vkey", ledger.vkey, "--policy", world.policy)
        return result.returncode == 0 or made.clear()
    wait_until(fulfilled, "a witnessed statement")
    statement("signatures", ANNE, signed, {"open": 3, "withheld": 1, "count": 4, "witnesses": None}, "--signatures")
    statement("one-event", BO, witnessed, {"open": 1, "present": True})
    statement("nobody", NOBODY, witnessed, {"present": False, "count": 0})
    statement("window", ANNE, signed, {"open": 0, "present": True}, "--to", "2026-01-01")
    token = ledger.run("token", ledger.dir, ANNE).strip()
    for name, query in (("page", "limit=100"), ("page-whole", "limit=100&coverage=whole")):
        path = ledger.path(name + ".json")
        with open(path, "w", encoding="utf-8") as file:
            file.write(asked(ledger, "/v1/accesses?" + query, token))
        made.append({"name": name, "page": True, "path": path, "options": {**signed, "subject": ANNE},
                     "expect": {"ok": True, "open": 3, "withheld": 1, "erased": 0, "signed": True}})
    return made


def handed_out(indsigt, place, tap):
    world = World(indsigt, tap)
    try:
        world.ledger.serve()
        path = world.ledger.path("cases.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(cases(world), file)
        return subprocess.run([*node(), os.path.join(place, "tests", "web", "run-cases.js"), path], check=False).returncode
    finally:
        for witness in world.witnesses:
            witness.kill()
        world.ledger.remove()


def main():
    indsigt, part = os.path.abspath(sys.argv[1]), sys.argv[2]
    place, why = prepared(os.path.join(os.path.dirname(os.path.dirname(indsigt)), "tests"), part)
    if why is not None:
        tap = Tap()
        tap.skip("the verifier in JavaScript: " + part, why)
        tap.done()
    if part == "ledger":
        sys.exit(handed_out(indsigt, place, Tap()))
    vectors = os.path.join(SOURCE, "tests", "vectors")
    script = "run-browser.js" if part == "chromium" else "run-node.js"
    last = next(filter(None, map(shutil.which, BROWSERS))) if part == "chromium" else part
    sys.exit(subprocess.run([*node(), os.path.join(place, "tests", "web", script), vectors, last], check=False).returncode)


if __name__ == "__main__":
    main()
