#!/usr/bin/env python3
"""The citizen's page in a real Chromium, in front of what means it no good: answers that are none, streams without end, texts
that want to be something else, and people who do not wait. (PAGE-10, PAGE-11, PAGE-12, PAGE-14)
usage: page_hostile.py INDSIGT"""

import json
import os
import subprocess
import sys
import tempfile

from chromium import prepared


def main():
    chromium, folder, place = prepared(sys.argv[1], "page-hostile")
    with tempfile.TemporaryDirectory() as made:
        config = os.path.join(made, "hostile.json")
        with open(config, "w", encoding="utf-8") as file:
            json.dump({"folder": folder, "chromium": chromium}, file)
        sys.exit(subprocess.run(["node", "hostile.mjs", config], cwd=place, check=False).returncode)


main()
