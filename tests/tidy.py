#!/usr/bin/env python3
"""House rules that a machine can check: layers, sizes, formatting, specification ids. TAP on standard output.
usage: tidy.py SOURCE [--self-test]

Layers: ledger < ingest < query < tools. Tools may include what is below them, ingest the ledger, query the ledger and of
ingest the sender only. Inside a layer the source lists of its meson.build are the order: a file may include its own
header and those of files listed above it. Headers without a source file of their own stand where PLACES puts them. No
file may be without a place."""

import os
import re
import subprocess
import sys
import tempfile

LAYERS = ["ledger", "ingest", "query", "tools"]
FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 600
TEST_LINES_MAX = 800  # a test file is a list of cases
# A header without a source file stands right after the named source file of its layer ("": before all).
PLACES = {"ledger/own.h": "", "ledger/limits.h": "", "ledger/domain.h": "", "ledger/wrong.h": "", "ledger/sender.h": "ledger/entry.c", "ledger/ledger_state.h": "ledger/prepare.c",
          "ledger/audit_state.h": "ledger/audit.c", "ledger/statement_state.h": "ledger/statement_parse.c",
          "ledger/filing_state.h": "ledger/damage.c", "ledger/archive_state.h": "ledger/archive.c",
          "ingest/spool_state.h": "ingest/spool.c", "ingest/sequencer_state.h": "ingest/health.c",
          "ingest/outbox_state.h": "ingest/filing_checker.c", "ingest/server_state.h": "ingest/control.c",
          "tools/command.h": ""}
# ... and one whose implementation is spread over several files, or whose types files below its source share.
SPREAD = {"ledger/ledger.h": "ledger/prepare.c", "ledger/statement.h": "ledger/statement_parse.c",
          "ingest/adapter.h": "ingest/control_client.c", "ingest/sequencer.h": "ingest/health.c",
          "ingest/outbox.h": "ingest/filing_checker.c", "ingest/server.h": "ingest/control.c",
          "query/routes.h": "query/verify.c", "tools/verify.h": "tools/verify_print.c"}
QUERY_USES_OF_INGEST = {"ingest/outbox.h"}  # the sender: queryd reports its own reads


class Report:
    def __init__(self):
        self.findings = []

    def add(self, rule, where, what):
        self.findings.append((rule, where, what))


def sources_of(build):
    """The source files named in a meson.build, in their order."""
    return re.findall(r"'([\w-]+\.c)'", build)


def place_of(header, order):
    """(layer number, position in the layer) of a header or source file; position -1 is below everything."""
    layer = header.split("/")[0]
    if layer not in LAYERS:
        return None
    names = order.get(layer, [])
    anchor = SPREAD.get(header, PLACES.get(header))
    if anchor == "":
        return LAYERS.index(layer), -1
    name = os.path.basename(anchor if anchor is not None else re.sub(r"\.h$", ".c", header))
    return LAYERS.index(layer), names.index(name) if name in names else None


def check_layers(path, text, order, report):
    here = place_of(path, order)
    if here is None:
        return
    if here[1] is None:
        report.add("layers", path, "has no place in the order of its layer")
        return
    for header in re.findall(r'^#include "([^"]+)"', text, re.M):
        there = place_of(header, order)
        if there is None or there[1] is None:
            report.add("layers", path, 'includes "%s", which has no place in any layer' % header)
        elif path.startswith("query/") and header.startswith("ingest/") and header not in QUERY_USES_OF_INGEST:
            report.add("layers", path, 'includes "%s"; of ingest, query may use the sender only' % header)
        elif there[0] > here[0]:
            report.add("layers", path, 'includes "%s", which is in a layer above' % header)
        elif there[0] == here[0] and there[1] > here[1]:
            report.add("layers", path, 'includes "%s", which is listed below it' % header)


def check_libraries(path, text, report):
    allowed = {"lmdb.h": r"ledger/db\.c$", "event2/": r"(ingest|query)/(server\w*|control|main)\.[ch]$",
               "expat.h": r"ingest/xml\.c$", "cbor.h": r"ledger/dcbor\.c$", "jwt.h": r"query/token\.c$",
               "curl/": r"ingest/((tile_)?fetch|asking)\.c$"}
    for header in re.findall(r"^#include <([^>]+)>", text, re.M):
        for front, where in allowed.items():
            if header.startswith(front) and not path.startswith("tests/") and not re.search(where, path):
                report.add("libraries", path, "includes <%s>; only %s may" % (header, where))


def check_sizes(path, text, report):
    lines = text.split("\n")
    limit = TEST_LINES_MAX if path.startswith("tests/") else FILE_LINES_MAX
    if len(lines) - 1 > limit:
        report.add("sizes", path, "has %d lines, the limit is %d" % (len(lines) - 1, limit))
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line == "}" and start is not None:
            if number - start - 1 > FUNCTION_LINES_MAX:
                report.add("sizes", "%s:%d" % (path, start), "a function of %d lines, the limit is %d" % (
                    number - start - 1, FUNCTION_LINES_MAX))
            start = None


def check_words(path, text, report):
    for number, line in enumerate(text.split("\n"), 1):
        where = "%s:%d" % (path, number)
        if re.search(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b", line):
            report.add("words", where, "work that is called off or open")
        if re.search(r"[ \t]+$", line):
            report.add("words", where, "white space at the end of the line")
        if re.search(r"(?<![\w.])/wo" + r"rk/", line):
            report.add("words", where, "a path of one machine")
    if text and not text.endswith("\n"):
        report.add("words", path, "no newline at the end")


ID = r"[A-Z]{3,6}-\d+"


def check_ids(pages, tests, report):
    """Every rule of the specification is cited by a test, and every citation is a rule. A text that has MUST stands in a
    rule with an id."""
    rules = {}
    for path, text in pages.items():
        for rule in re.findall(r"\*\*\[(%s)\]\*\*" % ID, text):
            if rule in rules:
                report.add("ids", path, "%s stands in %s already" % (rule, rules[rule]))
            rules[rule] = path
    prefixes = {rule.rsplit("-", 1)[0] for rule in rules}
    cited = set()
    for path, text in tests.items():
        for citation in re.findall(r"(?<![\w\[-])(%s)\b" % ID, text):
            if citation.rsplit("-", 1)[0] not in prefixes:
                continue
            cited.add(citation)
            if citation not in rules:
                report.add("ids", path, "cites %s, which is no rule" % citation)
    for rule, path in sorted(rules.items()):
        if rule not in cited:
            report.add("ids", path, "no test cites %s" % rule)


def check_errors(header, page, report):
    """The specification has the list of errors as the header has it."""
    rows = re.findall(r"^\| (\d+) \| `([a-z0-9-]+)` \| ([a-z ]+) \| (.*) \|$", page, re.M)
    wanted = [(number, name.lower().replace("_", "-"), blame.lower().replace("_", " "), text)
              for name, number, blame, text in re.findall(r'X\(E_(\w+),\s+(\d+), (\w+),\s+"([^"]*)"\)', header)]
    for row in wanted:
        if row not in rows:
            report.add("pages", "spec/errors.md", "has not the row of %s as ledger/error.h has it" % row[1])
    for row in rows:
        if row not in wanted:
            report.add("pages", "spec/errors.md", "has a row of %s that is not in ledger/error.h" % row[1])


def check_pages(pages, paths, order, report):
    """Links lead somewhere; the index of the specification names every page, ARCHITECTURE.md every source."""
    for page, text in pages.items():
        for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
            target = os.path.normpath(os.path.join(os.path.dirname(page), link))
            if "://" not in link and not any(path == target or path.startswith(target + "/") for path in paths):
                report.add("pages", page, "a link to %s, which is not there" % link)
    for path in paths:
        if re.match(r"spec/[^/]*$", path) and path != "spec/README.md" and "(%s)" % path[5:] not in pages["spec/README.md"]:
            report.add("pages", "spec/README.md", "does not name %s" % path[5:])
    words = set(re.findall(r"\w+", pages["ARCHITECTURE.md"]))
    for layer in ("ledger", "ingest", "query"):
        for name in order[layer]:
            if name[:-2] not in words:
                report.add("pages", "ARCHITECTURE.md", "does not name %s/%s, beside its layer" % (layer, name))


def formatter():
    """The clang-format whose opinion counts, or None: every version lays out some lines in a way of its own."""
    for name in ["clang-format-14", "clang-format"]:
        try:
            said = subprocess.run([name, "--version"], capture_output=True, text=True, check=False).stdout
        except FileNotFoundError:
            continue
        if re.search(r"version 14\.", said):
            return name
    return None


def check_format(root, paths, report):
    result = subprocess.run([formatter(), "--dry-run", "-Werror", *paths], cwd=root, capture_output=True, text=True,
                            check=False)
    wrong = sorted({line.split(":")[0] for line in result.stderr.split("\n") if "error:" in line})
    for path in wrong:
        report.add("format", path, "is not as clang-format would have it")
    if result.returncode != 0 and not wrong:
        report.add("format", "clang-format", result.stderr)


def tracked(root):
    """The files of the project: what git knows or would, and without git everything but what is made here."""
    try:
        listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=root, capture_output=True, text=True,
                                check=True).stdout.split("\n")
    except (FileNotFoundError, subprocess.CalledProcessError):
        listed = []
        for folder, folders, names in os.walk(root):
            if folder == root:
                folders[:] = [name for name in folders if not re.match(r"\.git$|build|demo$", name)]
                names = [name for name in names if not re.match(r"build.*\.log$", name)]
            listed += [os.path.relpath(os.path.join(folder, name), root) for name in names]
    return sorted(path for path in listed if path and os.path.isfile(os.path.join(root, path)))


def check_tree(root):
    report = Report()
    order = {}
    for layer in LAYERS:
        with open(os.path.join(root, layer, "meson.build"), encoding="utf-8") as file:
            order[layer] = sources_of(file.read())
    paths = tracked(root)
    pages, tests, texts = {}, {}, {}
    for path in paths:
        if re.match(r"tests/(samples|vectors|fuzz/corpus)/|LICENSE", path):
            continue
        with open(os.path.join(root, path), "rb") as file:
            raw = file.read()
        if b"\0" in raw:
            continue
        text = raw.decode("utf-8")
        if re.match(r"spec/.*\.md$", path):
            pages[path] = text
        if path.endswith(".md"):
            texts[path] = text
        if path.startswith("tests/") and path != "tests/tidy.py":
            tests[path] = text
        check_words(path, text, report)
        if path.endswith((".c", ".h")):
            check_layers(path, text, order, report)
            check_libraries(path, text, report)
            check_sizes(path, text, report)
    check_ids(pages, tests, report)
    check_pages(texts, paths, order, report)
    with open(os.path.join(root, "ledger/error.h"), encoding="utf-8") as file:
        check_errors(file.read(), texts["spec/errors.md"], report)
    if formatter():
        check_format(root, [path for path in paths if path.endswith((".c", ".h"))], report)
    return report


RULES = ["layers", "libraries", "sizes", "words", "ids", "pages", "format"]


def lists_what_is_ours():
    """In a folder that git does not know: all but what is made there."""
    with tempfile.TemporaryDirectory(prefix="indsigt-tidy-") as root:
        os.mkdir(os.path.join(root, "build-asan"))
        for name in ("a.c", "build-asan/made.c", "build-asan-setup.log"):
            with open(os.path.join(root, name), "w", encoding="utf-8") as file:
                file.write("\n")
        return tracked(root) == ["a.c"]


def self_test():
    """Each rule finds what it is there for."""
    yield "what it looks at", lists_what_is_ours()
    order = {"ledger": ["bytes.c", "log.c"], "ingest": ["frame.c"], "query": ["routes.c"], "tools": []}
    report = Report()
    check_layers("ledger/dead.c", "", order, report)
    check_layers("ledger/log.c", '#include "ledger/nowhere.h"\n', order, report)
    check_layers("query/routes.c", '#include "ingest/frame.h"\n', order, report)
    check_layers("ledger/bytes.c", '#include "ingest/frame.h"\n', order, report)
    check_layers("ledger/bytes.c", '#include "ledger/log.h"\n', order, report)
    check_layers("ledger/log.c", '#include "ledger/bytes.h"\n#include "ledger/limits.h"\n', order, report)
    check_layers("ingest/frame.c", '#include "ledger/log.h"\n', order, report)
    yield "layers", len(report.findings) == 5
    report = Report()
    check_libraries("ledger/log.c", "#include <lmdb.h>\n", report)
    check_libraries("ledger/db.c", "#include <lmdb.h>\n", report)
    check_libraries("ingest/session.c", "#include <event2/event.h>\n", report)
    yield "libraries", len(report.findings) == 2
    report = Report()
    check_sizes("a.c", "int f(void)\n{\n" + "\tx;\n" * 71 + "}\n", report)
    check_sizes("a.c", "int f(void)\n{\n" + "\tx;\n" * 70 + "}\n", report)
    check_sizes("b.c", "x\n" * 601, report)
    check_sizes("b.c", "x\n" * 600, report)
    yield "sizes", len(report.findings) == 2
    report = Report()
    check_words("a", "fine\n", report)
    check_words("a", "/* TO" + "DO */\nend \n/wo" + "rk/x", report)
    yield "words", len(report.findings) == 4
    report = Report()
    check_ids({"p": "**[ABC-1]** x **[ABC-2]** y **[ABC-1]**"}, {"t": "/* ABC-1, ABC-3 */ RFC-9 SHA-256"}, report)
    yield "ids", sorted(finding[2] for finding in report.findings) == [
        "ABC-1 stands in p already", "cites ABC-3, which is no rule", "no test cites ABC-2"]
    report = Report()
    check_pages({"spec/README.md": "[x](x.md) [gone](gone.md) [up](../tests#part) [far](https://example.org)",
                 "ARCHITECTURE.md": "`frame.c`"}, ["spec/README.md", "spec/x.md", "spec/y.md", "tests/run"],
                {"ledger": [], "ingest": ["frame.c", "fram.c"], "query": []}, report)
    check_errors('X(E_OLD, 1, NOBODY, "a") X(E_NEW_ONE,  2, MIXED_UP,  "b")', "| 1 | `old` | nobody | a |\n| 3 | `gone` | place | c |\n", report)
    yield "pages", sorted(finding[2] for finding in report.findings) == [
        "a link to gone.md, which is not there", "does not name ingest/fram.c, beside its layer", "does not name y.md",
        "has a row of gone that is not in ledger/error.h", "has not the row of new-one as ledger/error.h has it"]
    if not formatter():
        yield "format", True
        return
    report = Report()
    path = "/tmp/indsigt-tidy-%d.c" % os.getpid()
    with open(path, "w", encoding="utf-8") as file:
        file.write("int   x ;\n")
    check_format("/tmp", [path], report)
    os.remove(path)
    yield "format", len(report.findings) == 1


def main():
    count = failed = 0
    if "--self-test" in sys.argv:
        results = list(self_test())
    else:
        report = check_tree(sys.argv[1])
        for rule, where, what in report.findings:
            print("# %s: %s: %s" % (rule, where, what))
        results = [(rule, all(finding[0] != rule for finding in report.findings)) for rule in RULES]
    for rule, good in results:
        count += 1
        failed += not good
        skipped = " # SKIP there is no clang-format 14" if rule == "format" and not formatter() else ""
        print("%sok %d - %s%s" % ("" if good else "not ", count, rule, skipped))
    print("1..%d" % count)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
