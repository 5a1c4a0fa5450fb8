#!/usr/bin/env python3
"""The verifier of the citizen's page (query/web/verify), written from spec/ alone: it runs all vectors that concern a verifier, in
Node and in a worker of Chromium, each refused by its rule; it takes nothing else for a statement that was changed in any place;
and for each of its checks there is a vector that notices when it is left out.
usage: verifier.py INDSIGT vectors|mutations|left-out|chromium"""

import os
import shutil
import subprocess
import sys

from indsigt import Tap

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.join(HERE, "..", "..")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def copied(place, *path):
    """A folder of the sources below `place`, without what npm installed beside it."""
    target = os.path.join(place, *path)
    os.makedirs(target, exist_ok=True)
    shutil.copytree(os.path.join(SOURCE, *path), target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("node_modules", "dist"))
    return target


def installed(folder):
    """None where the packages of this folder's lock are there, or why they are not."""
    with open(os.path.join(folder, "package-lock.json"), encoding="utf-8") as file:
        lock = file.read()
    done = os.path.join(folder, "node_modules", ".installed")
    if os.path.exists(done) and open(done, encoding="utf-8").read() == lock:
        return None
    result = subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, capture_output=True, text=True, timeout=600, check=False)
    if result.returncode != 0:
        return "npm ci: %s" % (result.stderr.strip().splitlines() or ["failed"])[-1]
    with open(done, "w", encoding="utf-8") as file:
        file.write(lock)
    return None


def prepared(build, part):
    """A place with the sources and their packages, or why there can be none."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return None, "node and npm are not here"
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


def main():
    indsigt, part = os.path.abspath(sys.argv[1]), sys.argv[2]
    place, why = prepared(os.path.join(os.path.dirname(os.path.dirname(indsigt)), "tests"), part)
    if why is not None:
        tap = Tap()
        tap.skip("the verifier in JavaScript: " + part, why)
        tap.done()
    vectors = os.path.join(SOURCE, "tests", "vectors")
    script = "run-browser.js" if part == "chromium" else "run-node.js"
    last = next(filter(None, map(shutil.which, BROWSERS))) if part == "chromium" else part
    sys.exit(subprocess.run(["node", os.path.join(place, "tests", "web", script), vectors, last], check=False).returncode)


if __name__ == "__main__":
    main()
