#!/usr/bin/env python3
"""House rules that a machine can check: rooms, sizes, formatting, specification ids. TAP on standard output.
usage: tidy.py SOURCE [--self-test | --rooms]

The house has four layers, ledger < ingest < query < tools, and in each the rooms that its meson.build names, from the
ground up. A room's own meson.build says in its head which rooms it may include ("May include:"; those of its own layer by
their name alone), all of them further down, so no circle can be. Inside a room the list of sources is the order: a file
may include its own header and those of files listed above it. Headers without a source file of their own stand where
PLACES puts them. One of these that ends in _state.h is its room's own. No file may be without a place.
--rooms prints the house as a table."""

import os
import re
import subprocess
import sys
import tempfile
import textwrap

LAYERS = ["ledger", "ingest", "query", "tools"]
FUNCTION_LINES_MAX = 50
TEST_FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 600
ROOM_FILES_MAX = 25
ROOM_FILES_MEDIAN = 8
TEST_LINES_MAX = 800  # a test file is a list of cases
# A header without a source file stands right after the named source file of its room ("": before all).
PLACES = {"ledger/base/limits.h": "", "ledger/base/domain.h": "", "ledger/base/wrong.h": "", "ledger/base/own.h": "",
          "ledger/base/thread.h": "", "ledger/write/limits.h": "",
          "ledger/read/limits.h": "",
          "ingest/daemon/limits.h": "", "ingest/spool/limits.h": "", "ingest/sender/limits.h": "",
          "ingest/framing/limits.h": "", "ingest/wire/limits.h": "",
          "ledger/db/db_state.h": "db.c", "ledger/tls/tls_line_state.h": "tls_pair.c", "ledger/keystore/keystore_state.h": "keystore.c",
          "ledger/write/ledger_state.h": "prepare.c",
          "ledger/statement/statement_state.h": "statement_parse.c", "ledger/write/filing_state.h": "damage.c",
          "ledger/read/archive_state.h": "archive.c", "ingest/spool/spool_state.h": "spool.c",
          "ingest/sequencer/sequencer_state.h": "health.c", "ingest/sender/outbox_state.h": "filing_checker.c",
          "ingest/daemon/server_state.h": "control.c", "query/providers/providers_state.h": "providers.c",
          "tools/following/following_state.h": "finding.c", "tools/run/serve_state.h": "gateway_file.c", "tools/command/command.h": ""}
# ... and one whose implementation is spread over several files, or whose types files below its source share.
SPREAD = {"ledger/tls/tls_line.h": "tls_pair.c", "ledger/write/ledger.h": "prepare.c", "ledger/statement/statement.h": "statement_parse.c", "ingest/message/adapter.h": "",
          "ingest/sequencer/sequencer.h": "health.c", "ingest/sender/outbox.h": "filing_checker.c",
          "ingest/daemon/server.h": "control.c", "query/routes/routes.h": "", "tools/verify/verify.h": "verify_print.c", "tools/following/following.h": "finding.c", "tools/send/send_input.h": "tickets.c"}


# What only tests call, because what it tells cannot be seen otherwise.
FOR_TESTS = {"frame_welcome_encode", "witness_vkey"}


class Report:
    def __init__(self):
        self.findings = []

    def add(self, rule, where, what):
        self.findings.append((rule, where, what))


class Room:
    """What a room's meson.build says: its sources in their order, which rooms it may include, and what lives there."""

    def __init__(self, path, build):
        self.path = path
        self.files = re.findall(r"'([\w-]+\.c)'", build)
        said = re.search(r"^# May include: (.*)\.$", build, re.M)
        self.may = None if said is None else [] if said.group(1) == "nothing of ours" else [
            name if "/" in name else path.split("/")[0] + "/" + name for name in said.group(1).split()]
        self.persons = re.search(r"^# Citizen's number: .+\.$", build, re.M)
        self.head = [line[2:] for line in build.split("\n") if line.startswith("# ")]


def rooms_of(read):
    """The rooms in their order; `read` gives the text of a file of the project."""
    rooms = {}
    for layer in LAYERS:
        for name in re.findall(r"^subdir\('(\w+)'\)", read(layer + "/meson.build"), re.M):
            rooms[layer + "/" + name] = Room(layer + "/" + name, read("%s/%s/meson.build" % (layer, name)))
    return rooms


def position(path, room):
    """Where a header or source file stands in its room; -1: before all; None: nowhere."""
    anchor = SPREAD.get(path, PLACES.get(path, re.sub(r"\.h$", ".c", os.path.basename(path))))
    return -1 if anchor == "" else room.files.index(anchor) if anchor in room.files else None


def check_heads(rooms, report):
    """A room's head says what lives there, in about ten lines, and names rooms that stand before it."""
    order = list(rooms)
    for path, room in rooms.items():
        if room.may is None or len(room.head) < 2 or len(room.head) > 12:
            report.add("rooms", path + "/meson.build", "begins with what lives there and a line '# May include: ROOM ROOM.'")
        if room.persons is None:
            report.add("rooms", path + "/meson.build", "does not say where a citizen's number is in the clear: "
                       "\"# Citizen's number: none.\", or in memory, on disk, on the line, and in which files")
        for other in room.may or []:
            if other not in rooms:
                report.add("rooms", path + "/meson.build", "may include %s, which is no room" % other)
            elif order.index(other) >= order.index(path):
                report.add("rooms", path + "/meson.build", "may include %s, which is not below it" % other)


def check_rooms(path, text, rooms, arrows, report):
    room = rooms.get(os.path.dirname(path))
    if room is None:
        if path.split("/")[0] in LAYERS and path != "tools/main.c" and not path.startswith("tools/clients/"):  # programs of others
            report.add("rooms", path, "stands in no room")
        return
    here = position(path, room)
    if here is None:
        report.add("rooms", path, "has no place in the order of its room")
        return
    for header in re.findall(r'^#include "([^"]+)"', text, re.M):
        other = rooms.get(os.path.dirname(header))
        there = None if other is None else position(header, other)
        if there is None:
            report.add("rooms", path, 'includes "%s", which has no place in any room' % header)
        elif other is room and there > here:
            report.add("rooms", path, 'includes "%s", which is listed below it' % header)
        elif other is not room:
            arrows.add((room.path, other.path))
            if other.path not in (room.may or []):
                report.add("rooms", path, 'includes "%s"; its room may not include %s' % (header, other.path))
            elif header.endswith("_state.h") and header in PLACES:
                report.add("rooms", path, 'includes "%s", which is that room\'s own' % header)


def check_counts(rooms, paths, report):
    """A room is small enough to be looked over, and half of them are very small."""
    counts = sorted((sum(os.path.dirname(path) == room and path.endswith((".c", ".h")) for path in paths), room) for room in rooms)
    for count, room in counts:
        if count > ROOM_FILES_MAX:
            report.add("rooms", room, "has %d files, the limit is %d" % (count, ROOM_FILES_MAX))
    if counts and counts[len(counts) // 2][0] > ROOM_FILES_MEDIAN:
        report.add("rooms", "the house", "has %d files in its median room, the limit is %d" % (
            counts[len(counts) // 2][0], ROOM_FILES_MEDIAN))


def check_arrows(rooms, arrows, report):
    """What may be included and is not is said no longer."""
    for path, room in rooms.items():
        for other in room.may or []:
            if (path, other) not in arrows:
                report.add("rooms", path + "/meson.build", "may include %s and does not" % other)


def print_rooms(root, rooms):
    """The house as a table: for each room its files and lines, and what it includes."""
    counts = []
    print("%-18s %5s %6s  %s" % ("room", "files", "lines", "what lives there, and what it may include"))
    for path, room in rooms.items():
        names = [name for name in os.listdir(os.path.join(root, path)) if name.endswith((".c", ".h"))]
        lines = 0
        for name in names:
            with open(os.path.join(root, path, name), encoding="utf-8") as file:
                lines += file.read().count("\n")
        counts.append(len(names))
        layer = path.split("/")[0] + "/"
        told = " ".join(line for line in room.head if not line.startswith(("May include:", "The only files")))
        may = "includes " + " ".join(name.removeprefix(layer) for name in room.may) if room.may else "includes no other room"
        print("%-18s %5d %6d  %s" % (path, len(names), lines, textwrap.fill(told, 122, initial_indent=" " * 33, subsequent_indent=" " * 33).lstrip()))
        print(textwrap.fill(may, 120, initial_indent=" " * 33, subsequent_indent=" " * 33) + "\n")
    counts.sort()
    print("%d rooms, %d files; a room has %d at most, the median is %d; no circle: every room includes rooms above it only" % (
        len(rooms), sum(counts), counts[-1], counts[len(counts) // 2]))


def check_libraries(path, text, report):
    allowed = {"lmdb.h": r"ledger/db/db(_put\.c|\.c|_state\.h)$", "event2/": r"(ingest/daemon/(server\w*|control|main)|query/server/\w+)\.[ch]$",
               "xxh": r"ledger/filed/run\.c$", "expat.h": r"ingest/dicom/xml\.c$", "cjose/": r"query/token/public_key\.[ch]$",
               "curl/": r"ingest/net/web\.c$", "openssl/": r"(ledger/base/hash|ledger/keys/gcm|query/token/public_key|ledger/tls/\w+|tools/sender/certificate|tools/bench/bench_pair)\.c$"}
    for header in re.findall(r"^#include <([^>]+)>", text, re.M):
        for front, where in allowed.items():
            if header.startswith(front) and not path.startswith("tests/") and not re.search(where, path):
                report.add("libraries", path, "includes <%s>; only %s may" % (header, where))


# What reaches outside: chance is not among it, which some pure computation is handed by libsodium on purpose.
IMPURE_INCLUDES = ("ledger/db/", "ledger/base/file.h", "ledger/base/clock.h", "ledger/base/lock.h", "ledger/store/", "query/server/")
IMPURE_CALLS = re.compile(r"\b(time|clock_gettime|gettimeofday|localtime(?:_r)?|open|openat|fopen|opendir|fdopendir|socket|connect|getaddrinfo|"
                          r"pthread_create|fork)\(")


def check_claims(rooms, production, report):
    """What says that it is pure asks no file, no clock, no network and no store: a header its source, a room's head all of them."""
    for path, text in production.items():
        room = rooms.get(os.path.dirname(path))
        header = production.get(re.sub(r"\.c$", ".h", path), "")
        first = re.match(r"/\*.*?\*/", header, re.S)
        claims = bool(first and re.search(r"\b[Pp]ure\b", first.group()))
        if room and re.search(r"\bno file, no clock\b", " ".join(room.head), re.I):
            claims = True
        if not path.endswith(".c") or not claims:
            continue
        code = re.sub(r'"(?:[^"\\\n]|\\.)*"', '""', re.sub(r"/\*.*?\*/", "", re.sub(r'^#include.*$', "", text, flags=re.M), flags=re.S))
        for found in [name for name in re.findall(r'^#include "([^"]+)"', text, re.M) if name.startswith(IMPURE_INCLUDES)] + \
                [match.group(1) + "()" for match in IMPURE_CALLS.finditer(code)]:
            report.add("claims", path, "is said to be pure, and uses " + found)


def check_sizes(path, text, report):
    lines = text.split("\n")
    limit, longest = ((TEST_LINES_MAX, TEST_FUNCTION_LINES_MAX) if path.startswith("tests/") else
                      (FILE_LINES_MAX, FUNCTION_LINES_MAX))
    if len(lines) - 1 > limit:
        report.add("sizes", path, "has %d lines, the limit is %d" % (len(lines) - 1, limit))
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line == "}" and start is not None:
            if number - start - 1 > longest:
                report.add("sizes", "%s:%d" % (path, start), "a function of %d lines, the limit is %d" % (
                    number - start - 1, longest))
            start = None


def code_of(text):
    """Without comments and texts."""
    return re.sub(r'"(?:\\.|[^"\\])*"', '""', re.sub(r"/\*.*?\*/", "", text, flags=re.S))


DECLARED = re.compile(r"^(?!static|typedef|#|\t)[a-z][\w \t\n*]*?\b\**(\w+)\([^;{]*?\)[^;{]*;", re.M)


def check_unused(production, tests, report):
    """What a header exports is called from another file, or a test that is about it; else it is static, or gone."""
    codes = {path: code_of(text) for path, text in production.items()}
    words = {path: set(re.findall(r"\w+", code)) for path, code in codes.items()}
    tested = set(re.findall(r"\w+", "\n".join(code_of(text) for text in tests.values())))
    for header in codes:
        for name in DECLARED.findall(codes[header]) if header.endswith(".h") else ():
            users = [path for path in codes if path != header and name in words[path]]
            own = [path for path in users if re.search(r"\b%s\([^;]*?\)\n{" % name, codes[path])]
            if len(users) > len(own) or len(re.findall(r"\b%s\b" % name, codes[header])) > 1:
                continue
            called = any(len(re.findall(r"\b%s\b" % name, codes[path])) > 1 for path in own)
            if not (name in FOR_TESTS if not called else name in tested):
                report.add("unused", header, "%s is %s" % (name, "called in its own file only: make it static" if called else "called by nobody"))


def check_test_names(path, text, report):
    """What a test says holds, as a sentence: of three words at least."""
    for name in re.findall(r"^START_TEST\((\w+)\)", text, re.M):
        if name.count("_") < 2:
            report.add("names", path, "the test %s is no sentence; say what holds" % name)
    # It lies beside the others, so whatever they import finds it first, runs it, and ends.
    if path.endswith(".py") and os.path.basename(path)[:-3] in sys.stdlib_module_names:
        report.add("names", path, "it has the name of one of Python's own modules, and would be taken for that")


def check_helpers(path, text, report):
    """What tests share is a manual, and beside it the code: a header of tests/lib has macros, and no function's body."""
    if re.match(r"tests/lib/.*\.h$", path):
        for found in re.finditer(r"^(\w[^;{}#]*?)\s*\{(?=[^}]*\n)", code_of(text), re.M):
            if "(" in found.group(1) and "=" not in found.group(1):
                report.add("helpers", path, "%s() has its body in the header; it belongs into the .c beside it" % (
                    re.search(r"(\w+)\(", found.group(1)).group(1)))


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
            report.add("pages", "spec/errors.md", "has not the row of %s as ledger/base/error.h has it" % row[1])
    for row in rows:
        if row not in wanted:
            report.add("pages", "spec/errors.md", "has a row of %s that is not in ledger/base/error.h" % row[1])


def check_pages(pages, paths, rooms, report):
    """Links lead somewhere; the index of the specification names every page, ARCHITECTURE.md every room."""
    for page, text in pages.items():
        for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
            target = os.path.normpath(os.path.join(os.path.dirname(page), link))
            if "://" not in link and not any(path == target or path.startswith(target + "/") for path in paths):
                report.add("pages", page, "a link to %s, which is not there" % link)
    for path in paths:
        if re.match(r"spec/[^/]*$", path) and path != "spec/README.md" and "(%s)" % path[5:] not in pages["spec/README.md"]:
            report.add("pages", "spec/README.md", "does not name %s" % path[5:])
    picture = pages["ARCHITECTURE.md"].partition("\n## Rooms\n")[2].partition("```")[2].partition("```")[0]
    named = {}
    for line in picture.split("\n"):
        layer = re.match(r"\w*", line).group(0) or (list(named)[-1] if named else "")
        named.setdefault(layer, set()).update(re.findall(r"\w+", line))
    for room in rooms:
        layer, name = room.split("/")
        if name not in named.get(layer, ()):
            report.add("pages", "ARCHITECTURE.md", "has not the room %s in its picture" % room)


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


def rooms_in(root):
    def read(path):
        with open(os.path.join(root, path), encoding="utf-8") as file:
            return file.read()
    return rooms_of(read)


def check_tree(root):
    report = Report()
    rooms = rooms_in(root)
    arrows = set()
    check_heads(rooms, report)
    paths = tracked(root)
    pages, tests, texts, production = {}, {}, {}, {}
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
        check_test_names(path, text, report)
        check_helpers(path, text, report)
        if path.endswith((".c", ".h")):
            check_rooms(path, text, rooms, arrows, report)
            if path.split("/")[0] in LAYERS:
                production[path] = text
            check_libraries(path, text, report)
            check_sizes(path, text, report)
    check_ids(pages, tests, report)
    check_arrows(rooms, arrows, report)
    check_counts(rooms, paths, report)
    check_claims(rooms, production, report)
    check_unused(production, {path: text for path, text in tests.items() if path.endswith((".c", ".h"))}, report)
    check_pages(texts, paths, rooms, report)
    with open(os.path.join(root, "ledger/base/error.h"), encoding="utf-8") as file:
        check_errors(file.read(), texts["spec/errors.md"], report)
    if formatter():
        check_format(root, [path for path in paths if path.endswith((".c", ".h"))], report)
    return report


RULES = ["rooms", "libraries", "claims", "sizes", "unused", "names", "helpers", "words", "ids", "pages", "format"]


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
    build = {"ledger/meson.build": "subdir('base')\nsubdir('log')\n", "ingest/meson.build": "subdir('wire')\n",
             "query/meson.build": "", "tools/meson.build": "",
             "ledger/base/meson.build": "# Bytes.\n# Citizen's number: none.\n# May include: nothing of ours.\nfiles('bytes.c', 'hash.c')\n",
             "ledger/log/meson.build": "# Entries.\n# Citizen's number: in memory.\n# May include: base ingest/wire nowhere.\nfiles('log.c')\n",
             "ingest/wire/meson.build": "# May include: ledger/base.\nfiles('frame.c')\n"}
    rooms = rooms_of(build.__getitem__)
    report, arrows = Report(), set()
    check_heads(rooms, report)
    yield "heads of rooms", len(report.findings) == 4
    report = Report()
    check_rooms("ledger/dead.c", "", rooms, arrows, report)
    check_rooms("ledger/base/dead.c", "", rooms, arrows, report)
    check_rooms("ledger/log/log.c", '#include "ledger/base/nowhere.h"\n', rooms, arrows, report)
    check_rooms("ledger/base/bytes.c", '#include "ledger/log/log.h"\n', rooms, arrows, report)
    check_rooms("ledger/base/bytes.c", '#include "ledger/base/hash.h"\n', rooms, arrows, report)
    check_rooms("ledger/log/log.c", '#include "ledger/base/bytes.h"\n#include "ledger/base/limits.h"\n', rooms, arrows, report)
    check_rooms("ingest/wire/frame.c", '#include "ledger/log/log.h"\n', rooms, arrows, report)
    rooms["ledger/log"].may.append("ledger/audit")
    rooms["ledger/audit"] = Room("ledger/audit", "# May include: nothing of ours.\nfiles('audit.c')")
    PLACES["ledger/audit/own_state.h"] = ""
    check_rooms("ledger/log/log.c", '#include "ledger/audit/own_state.h"\n', rooms, arrows, report)
    del PLACES["ledger/audit/own_state.h"]
    yield "rooms", len(report.findings) == 7
    report = Report()
    check_counts({"big": None, "small": None, "mid": None}, ["big/%d.c" % i for i in range(26)] +
                 ["mid/%d.h" % i for i in range(9)] + ["small/a.c", "small/notes.txt"], report)
    yield "files of a room", len(report.findings) == 2
    report = Report()
    check_arrows(rooms, {("ledger/log", "ledger/base")}, report)
    yield "arrows", len(report.findings) == 4
    report = Report()
    check_libraries("ledger/log.c", "#include <lmdb.h>\n", report)
    check_libraries("ledger/db/db.c", "#include <lmdb.h>\n", report)
    check_libraries("ingest/session.c", "#include <event2/event.h>\n", report)
    yield "libraries", len(report.findings) == 2
    report = Report()
    rooms["ledger/base"].head.append("Trees. No file, no clock.")
    check_claims(rooms, {"ledger/log/a.h": "/* Trees. Pure. */\n/* open( */\n", "ledger/log/a.c": "int x = time(NULL); /* fopen() */\n",
                         "ledger/log/b.h": "/* Files. */\n", "ledger/log/b.c": '#include "ledger/db/db.h"\n',
                         "ledger/base/c.c": '#include "ledger/base/clock.h"\nint f(void) { say("open(%s)"); reopen(); }\n'}, report)
    yield "claims", sorted(finding[2] for finding in report.findings) == [
        "is said to be pure, and uses ledger/base/clock.h", "is said to be pure, and uses time()"]
    report = Report()
    check_sizes("a.c", "int f(void)\n{\n" + "\tx;\n" * (FUNCTION_LINES_MAX + 1) + "}\n", report)
    check_sizes("a.c", "int f(void)\n{\n" + "\tx;\n" * FUNCTION_LINES_MAX + "}\n", report)
    check_sizes("b.c", "x\n" * 601, report)
    check_sizes("b.c", "x\n" * 600, report)
    yield "sizes", len(report.findings) == 2
    report = Report()
    check_unused({"a.h": "/* of_a */\nvoid used(void);\nvoid own(int x);\nvoid tried(void);\nvoid dead(void);\nvoid told(void);\n",
                  "a.c": "void used(void)\n{\n}\nvoid own(int x)\n{\n}\nvoid tried(void)\n{\n}\nvoid dead(void)\n{\n}\n"
                         "void told(void)\n{\n\town(1);\n\ttried();\n}\n",
                  "b.c": 'used(); told(); "dead()"\n'}, {"t.c": "tried(); dead();"}, report)
    yield "unused", sorted(finding[2].split()[0] for finding in report.findings) == ["dead", "own"]
    report = Report()
    check_test_names("t.c", "START_TEST(round_trip)\nSTART_TEST(a_key_comes_back)\n", report)
    check_test_names("tests/copy.py", "", report)
    check_test_names("tests/copying.py", "", report)
    yield "names", len(report.findings) == 2
    report = Report()
    helper = "#define CASE(x)   \\\n\tint main(void)   \\\n\t{   \\\n\t}\nstruct place {\n\tint x;\n};\nvoid f(void);\nstatic inline int g(int x)\n{\n\treturn x;\n}\nint\nh(void) { return 1;\n}\n"
    check_helpers("tests/lib/place.h", helper, report)
    check_helpers("tests/lib/place.c", helper, report)
    yield "helpers", [finding[2][:3] for finding in report.findings] == ["g()", "h()"]
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
                 "ARCHITECTURE.md": "# A\n## Rooms\n```\nledger   base\n         keys\ningest   log\n```\n"}, ["spec/README.md", "spec/x.md", "spec/y.md", "tests/run"],
                {"ledger/base": None, "ledger/log": None, "ledger/keys": None}, report)
    check_errors('X(E_OLD, 1, NOBODY, "a") X(E_NEW_ONE,  2, MIXED_UP,  "b")', "| 1 | `old` | nobody | a |\n| 3 | `gone` | place | c |\n", report)
    yield "pages", sorted(finding[2] for finding in report.findings) == [
        "a link to gone.md, which is not there", "does not name y.md",
        "has a row of gone that is not in ledger/base/error.h", "has not the room ledger/log in its picture",
        "has not the row of new-one as ledger/base/error.h has it"]
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
    if "--rooms" in sys.argv:
        root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
        print_rooms(root, rooms_in(root))
        return 0
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
