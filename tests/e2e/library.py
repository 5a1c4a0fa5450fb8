#!/usr/bin/env python3
"""libindsigt-sender as a program of others finds it: installed, by pkg-config, with the example. usage: library.py INDSIGT BUILD"""

import os
import re
import shutil
import signal
import subprocess
import sys

from indsigt import Ledger, Tap, event, wait_until

HERE = os.path.dirname(os.path.abspath(__file__))

# Saves what it is given, and dies; or counts what it is told, until nothing waits.
PROGRAM = """
#include <indsigt_sender.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static unsigned receipts, rejected;
static void on_receipt(void *context, uint64_t index, uint64_t sequence, uint32_t events)
{
	(void)context, (void)index, (void)sequence;
	receipts += events;
}
static void on_rejected(void *context, const char *text, const char *error, const char *reason)
{
	(void)context;
	rejected++;
	printf("rejected %s %s %d\\n", error, reason, strstr(text, "later") != NULL);
}
int main(int argc, char **argv)
{
	struct {
		struct indsigt_sender_options first;
		int later;
	} given;
	struct indsigt_sender *sender;
	struct indsigt_fault fault;
	memset(&given, 0, sizeof given);
	given.first.size = argc > 4 ? (size_t)atoi(argv[4]) : sizeof given.first;
	given.later = argc > 5 ? atoi(argv[5]) : 0;
	given.first.server = argv[1];
	given.first.key = argv[2];
	given.first.receipt = on_receipt;
	given.first.rejected = on_rejected;
	int got = indsigt_sender_open(&given.first, &sender, &fault);
	if (got != INDSIGT_OK)
		return printf("open %s %s\\n", fault.error, fault.reason), 1;
	char line[65536];
	while (fgets(line, sizeof line, stdin) != NULL) {
		line[strcspn(line, "\\n")] = '\\0';
		while ((got = indsigt_sender_report(sender, line, strlen(line), &fault)) == INDSIGT_BUSY)
			if (indsigt_sender_poll(sender, 1000, &fault) == INDSIGT_FAILED)
				return printf("poll %s %s\\n", fault.error, fault.reason), 1;
		printf("report %d%s%s\\n", got, got == INDSIGT_REFUSED ? " " : "", got == INDSIGT_REFUSED ? fault.reason : "");
	}
	if (indsigt_sender_save(sender, -1, &fault) != INDSIGT_OK)
		return printf("save %s %s\\n", fault.error, fault.reason), 1;
	printf("saved %d\\n", (int)indsigt_sender_waiting(sender));
	fflush(stdout);
	if (strcmp(argv[3], "die") == 0)
		abort();
	while (indsigt_sender_waiting(sender) > 0)
		if (indsigt_sender_poll(sender, -1, &fault) == INDSIGT_FAILED)
			return printf("poll %s %s\\n", fault.error, fault.reason), 1;
	printf("done %u %u\\n", receipts, rejected);
	indsigt_sender_close(sender);
	return 0;
}
"""

# Takes the library in and lets go of it in a thread, as what is loaded into a server does.
PLUGIN = """
#include <dlfcn.h>
#include <indsigt_sender.h>
#include <pthread.h>
#include <stdio.h>
static char **arguments;
static void *work(void *unused)
{
	void *library = dlopen("libindsigt-sender.so.0", RTLD_NOW);
	enum indsigt_result (*open)(const struct indsigt_sender_options *, struct indsigt_sender **, struct indsigt_fault *) =
		dlsym(library, "indsigt_sender_open");
	void (*close)(struct indsigt_sender *) = dlsym(library, "indsigt_sender_close");
	struct indsigt_sender_options options = {.size = sizeof options, .server = arguments[1], .key = arguments[2]};
	struct indsigt_sender *sender;
	struct indsigt_fault fault;
	printf("open %d\\n", open(&options, &sender, &fault));
	close(sender);
	printf("closed %d\\n", dlclose(library));
	return unused;
}
int main(int argc, char **argv)
{
	pthread_t thread;
	arguments = argv;
	(void)argc;
	pthread_create(&thread, NULL, work, NULL);
	pthread_join(thread, NULL);
	printf("done\\n");
	return 0;
}
"""


def shown(ledger, subject):
    return sorted(access.get("event", access)["activity"] for access in ledger.who(subject)["accesses"])


def installed(tap, ledger, build):
    """Where it was installed to; None where that cannot be."""
    root = ledger.path("root")
    result = subprocess.run(["meson", "install", "-C", build, "--no-rebuild", "--quiet"], env={**os.environ, "DESTDIR": root}, capture_output=True, text=True, check=False)
    places = {name: os.path.join(place, name) for place, _, names in os.walk(root) for name in names}
    wanted = ("libindsigt-sender.so.0.1.0", "indsigt_sender.h", "indsigt-sender.pc", "indsigt-sender.3", "example.c")
    missing = [name for name in wanted if name not in places]
    tap.ok(result.returncode == 0 and not missing, "installed: library, header, pkg-config file, manual page, example %s%s" % (missing or "", result.stderr[-300:]))
    return root, places


def compiled(tap, ledger, root, places, source, name, compiler="cc", linked=True):
    environment = {**os.environ, "PKG_CONFIG_PATH": os.path.dirname(places["indsigt-sender.pc"]), "PKG_CONFIG_SYSROOT_DIR": root}
    flags = subprocess.run(["pkg-config", "--cflags", *(["--libs"] if linked else []), "indsigt-sender"], env=environment, capture_output=True, text=True, check=True).stdout.split()
    result = subprocess.run([compiler, "-Wall", "-Wextra", "-Werror", source, *flags, *([] if linked else ["-ldl", "-pthread"]), "-o", ledger.path(name)], capture_output=True, text=True, check=False)
    tap.ok(result.returncode == 0, "%s compiles %s %s" % (compiler, os.path.basename(source), result.stderr[-500:]))
    return ledger.path(name)


def exports(tap, places):
    library = places["libindsigt-sender.so.0.1.0"]
    names = re.findall(r" T (\S+)", subprocess.run(["nm", "-D", "--defined-only", library], capture_output=True, text=True, check=True).stdout)
    with open(places["indsigt_sender.h"], encoding="utf-8") as file:
        declared = set(re.findall(r"\b(indsigt_sender_\w+)\(", file.read()))
    tap.ok({name.split("@@")[0] for name in names} == declared and all(name.endswith("@@INDSIGT_SENDER_0") for name in names),
           "it exports what its header declares, with a version, and nothing else: %d names" % len(names))


def main():
    tap = Tap()
    ledger = Ledger(sys.argv[1])
    ledger.serve()
    try:
        root, places = installed(tap, ledger, sys.argv[2])
        exports(tap, places)
        with open(ledger.path("program.c"), "w", encoding="utf-8") as file:
            file.write(PROGRAM)
        if shutil.which("pkg-config") is None or shutil.which("cc") is None:
            tap.skip("programs", "there is no compiler, or no pkg-config")
            return
        os.environ["LD_LIBRARY_PATH"] = os.path.dirname(places["libindsigt-sender.so.0.1.0"])
        example = compiled(tap, ledger, root, places, places["example.c"], "example")
        program = compiled(tap, ledger, root, places, ledger.path("program.c"), "program")
        if shutil.which("c++"):
            shutil.copy(ledger.path("program.c"), ledger.path("program.cc"))
            compiled(tap, ledger, root, places, ledger.path("program.cc"), "program-cc", "c++")
        with open(ledger.path("plugin.c"), "w", encoding="utf-8") as file:
            file.write(PLUGIN)
        plugin = compiled(tap, ledger, root, places, ledger.path("plugin.c"), "plugin", linked=False)
        key = ledger.add_sender("library")

        def run(what, lines, server=ledger.ingest, more=()):
            return subprocess.run([program, server, key, what, *more], input="".join(line + "\n" for line in lines), capture_output=True, text=True, timeout=240, check=False)

        result = subprocess.run([example, ledger.ingest, key], input=event("cpr:0101701401", "example") + "\n{}\n", capture_output=True, text=True, timeout=240, check=False)
        tap.ok(result.returncode == 1 and "refused: " in result.stderr and shown(ledger, "cpr:0101701401") == ["example"], "the example reports, and says what is refused: %s" % result.stderr.strip())
        result = subprocess.run([plugin, ledger.ingest, key], capture_output=True, text=True, timeout=240, check=False)
        tap.ok(result.returncode == 0 and result.stdout.split() == ["open", "0", "closed", "0", "done"], "a thread that let go of the library ends: %d %s" % (result.returncode, result.stdout.split()))
        died = run("die", [event("cpr:0101701402", "one", id="l-1"), event("cpr:0101701402", "two", id="l-2")])
        tap.ok(died.returncode == -signal.SIGABRT and died.stdout.splitlines()[-1] == "saved 2", "two are saved, and the program dies: %s" % died.stdout.split("\n"))
        again = run("wait", [event("cpr:0101701402", "one", id="l-1"), event("cpr:0101701402", "three", id="l-3"), event("cpr:0101701402", "?", id="l-1")])
        said = again.stdout.splitlines()
        tap.ok(said[:2] == ["report 1", "report 0"] and said[2].startswith("report 3 id: ") and said[-1] == "done 3 0", "the next one goes on, knows what was taken, and refuses another with its id: %s" % said)
        tap.ok(shown(ledger, "cpr:0101701402") == ["one", "three", "two"], "each is there once")
        with open(key, encoding="utf-8") as file:
            held = file.read()
        os.rename(key, key + ".away")
        result = run("wait", [])
        tap.ok(result.returncode == 1 and result.stdout.startswith("open not-found"), "a key that is not there: %s" % result.stdout.strip())
        os.rename(key + ".away", key)
        result = run("wait", [], more=["8"])
        tap.ok(result.returncode == 1 and "size" in result.stdout, "a struct that is none: %s" % result.stdout.strip())
        result = run("wait", [], more=["100", "0"])
        tap.ok(result.returncode == 0 and result.stdout.splitlines()[-1] == "done 0 0", "a newer program that asks for nothing new: %s" % result.stdout.strip())
        result = run("wait", [], more=["100", "1"])
        tap.ok(result.returncode == 1 and result.stdout.startswith("open usage") and "newer" in result.stdout, "one that asks for what is not known here: %s" % result.stdout.strip())
        tap.ok("0101701402" not in result.stdout + again.stderr and held[:1] == "{", "nobody is named")
    finally:
        ledger.remove()
        tap.done()


if __name__ == "__main__":
    main()
