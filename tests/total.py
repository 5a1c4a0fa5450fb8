#!/usr/bin/env python3
"""Totals the results in meson's test logs: TAP lines where a test prints them, else one result for the program.
What failed is named once more, with its lines, since of a long output often only the end is seen.
The last line printed is "N passed, N failed, N skipped"; exit 1 if anything failed or nothing ran."""

import json
import re
import sys

TAP_LINE = re.compile(r"^(not )?ok\b(.*)$")


def totals(result, output):
    """(passed, failed, skipped) of one test program."""
    counts = [0, 0, 0]
    for line in output.splitlines():
        match = TAP_LINE.match(line)
        if not match:
            continue
        directive = match.group(2).upper()
        skipped = "# SKIP" in directive
        counts[2 if skipped else 1 if match.group(1) else 0] += 1
    if result in ("FAIL", "ERROR", "TIMEOUT", "INTERRUPT") and counts[1] == 0:
        counts[1] += 1
    if sum(counts) == 0:
        counts[2 if result == "SKIP" else 0] += 1
    return counts


def name_failed(path, test, output):
    print("failed: %s, %s (%s)" % (test["name"], test["result"], path))
    for line in output.splitlines():
        match = TAP_LINE.match(line)
        if match and match.group(1):
            print("    " + line)


def main(paths):
    total = [0, 0, 0]
    for path in paths:
        with open(path, encoding="utf-8") as log:
            for line in log:
                test = json.loads(line)
                output = test.get("stdout") or ""
                counts = totals(test["result"], output)
                if counts[1] > 0:
                    name_failed(path, test, output)
                total = [sum(pair) for pair in zip(total, counts)]
    print("%d passed, %d failed, %d skipped" % tuple(total))
    return 1 if total[1] > 0 or total[0] == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
