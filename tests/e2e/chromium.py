"""What tests in a real browser need: Chromium, node, the built page, and playwright beside the test's own modules."""

import os
import shutil
import subprocess
import sys

from indsigt import Tap

HERE = os.path.dirname(os.path.abspath(__file__))


def skip(why):
    tap = Tap()
    tap.skip("the page in a browser", why)
    tap.done()


def installed(source, place, names):
    """npm ci of what the lock says, once; None, or why it cannot be."""
    os.makedirs(place, exist_ok=True)
    for name in names:
        shutil.copy(os.path.join(source, name), place)
    lock = open(os.path.join(place, "package-lock.json"), encoding="utf-8").read()
    done = os.path.join(place, "node_modules", ".installed")
    if os.path.exists(done) and open(done, encoding="utf-8").read() == lock:
        return None
    result = subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=place, capture_output=True, text=True, timeout=300, check=False)
    if result.returncode != 0:
        return "npm ci: %s" % (result.stderr.strip().splitlines() or ["failed"])[-1]
    with open(done, "w", encoding="utf-8") as file:
        file.write(lock)
    return None


def prepared(indsigt, name):
    """(chromium, the page's folder, where to run node in), or ends as skipped. Two tests at once have a place each."""
    build = os.path.dirname(os.path.dirname(os.path.abspath(indsigt)))
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    folder = os.path.join(build, "query", "web")
    if shutil.which("node") is None or shutil.which("npm") is None or chromium is None:
        skip("node, npm or chromium is not here")
    if not os.path.exists(os.path.join(folder, "index.html")):
        skip("the page was not built")
    place = os.path.join(build, name)
    source = os.path.join(HERE, "..", "web")
    why = installed(source, place, [one for one in os.listdir(source) if one.endswith((".mjs", ".json"))])
    if why:
        skip(why)
    return chromium, folder, place
