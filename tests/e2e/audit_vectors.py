#!/usr/bin/env python3
"""The vectors of audits: each as a directory of tiles, and the last line of `indsigt audit`.
(AUD-1, AUD-2, AUD-3, ENTRY-11 to ENTRY-20, EPO-8, EPO-9, LOSS-1 to LOSS-5)"""

import json
import os
import re
import subprocess
import sys
import tempfile

from indsigt import Tap

VECTORS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vectors")
sys.path.insert(0, VECTORS)
from kit import leaf_hash, range16, root_of  # noqa: E402

NO_RESULT = {"not-found": (4, "audit: NOT LOOKED "), "bad-value": (4, "audit: NOT LOOKED "), "wrong-origin": (5, "audit: WRONG KEY ")}


def put(root, path, content):
    place = os.path.join(root, path)
    os.makedirs(os.path.dirname(place), exist_ok=True)
    with open(place, "wb") as file:
        file.write(content)


def write_tiles(root, entries):
    """All tiles of the log, as spec/tiles.md addresses them; so small a log has numbers of three digits."""
    hashes, level = [leaf_hash(entry) for entry in entries], 0
    while hashes:
        for first in range(0, len(hashes), 256):
            width = min(256, len(hashes) - first)
            end = "%03d" % (first // 256) + (".p/%d" % width if width < 256 else "")
            put(root, "tile/%d/%s" % (level, end), b"".join(hashes[first:first + width]))
            if level == 0:
                put(root, "tile/entries/" + end, b"".join(map(range16, entries[first:first + width])))
        hashes = [root_of(hashes[i:i + 256]) for i in range(0, len(hashes) - 255, 256)]
        level += 1


def audit(program, root, vector):
    write_tiles(root, [bytes.fromhex(entry) for entry in vector["entries"]])
    put(root, "checkpoint", vector["note"].encode())
    for path, content in vector.get("files", {}).items():
        if content is None:
            os.remove(os.path.join(root, path))
        else:
            put(root, path, bytes.fromhex(content))
    command = [program, "audit", root, "--vkey", vector["vkey"]]
    if "remembered" in vector:
        put(root, "remembered", vector["remembered"].encode())
        command += ["--from", os.path.join(root, "remembered")]
    result = subprocess.run(command, capture_output=True, text=True, cwd=root, check=False)
    lines = result.stdout.strip().split("\n")
    return result.returncode, lines[-1]


def wrong(program, root, vector):
    """What is wrong with the audit's answer, or nothing."""
    code, line = audit(program, root, vector)
    if vector["expect"] == "ok":
        return None if code == 0 and line == vector["line"] else "%d: %s\n# wanted: %s" % (code, line, vector["line"])
    if vector["expect"] in NO_RESULT:
        wanted = NO_RESULT[vector["expect"]]
        return None if (code, line.startswith(wanted[1])) == (wanted[0], True) else "%d: %s, wanted %d" % (code, line, wanted[0])
    if code != 1 or not re.match(r"audit: FAILED index=%s " % vector.get("index", "[0-9]+"), line):
        return "%d: %s, wanted index %s" % (code, line, vector.get("index", "of any"))
    if "fork" in vector:
        evidence = os.path.join(root, "fork-%d-%d.json" % tuple(vector["fork"]))
        if not os.path.exists(evidence):
            return "no evidence was kept"
        return None if subprocess.run([program, "verify", evidence, "--vkey", vector["vkey"]], capture_output=True,
                                      check=False).returncode == 0 else "the evidence does not hold"
    return None


def main():
    tap, count = Tap(), 0
    folder = os.path.join(VECTORS, "audit")
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            vector = json.load(file)
        with tempfile.TemporaryDirectory(prefix="indsigt-audit-") as root:
            problem = wrong(os.path.abspath(sys.argv[1]), root, vector)
        tap.ok(problem is None, name + ("" if problem is None else ": " + problem))
        count += 1
    tap.ok(count >= 140, "%d logs" % count)
    tap.done()


if __name__ == "__main__":
    main()
