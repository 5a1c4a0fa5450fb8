"""What tests in a real browser need: Chromium, node, the built page, and playwright beside the test's own modules."""

import os
import shutil

from indsigt import Tap
from npm import installed

HERE = os.path.dirname(os.path.abspath(__file__))


def skip(why):
    tap = Tap()
    tap.skip("the page in a browser", why)
    tap.done()


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
    os.makedirs(place, exist_ok=True)
    for one in os.listdir(source):
        if one.endswith((".mjs", ".json")):
            shutil.copy(os.path.join(source, one), place)
    why = installed(place)
    if why:
        skip(why)
    return chromium, folder, place
