#!/usr/bin/env python3
"""Where the time of a single event goes: `indsigt bench --batch 1 --singles` under perf, and for each of its parts the CPU
time of an event by process, thread, and what it was spent on.

usage: singles.py INDSIGT [--events N] [--people N]

Needs perf, and the right to see the kernel's part (root, or kernel.perf_event_paranoid 1). What the disk, and whoever else
uses the processors, makes an event wait is not in it: p50_ms says that."""

import argparse
import collections
import os
import re
import subprocess
import sys
import tempfile
import time

HERTZ = 3999
# By the part: what the processes are whose CPU time an event costs. The bench's own forks are the senders, or the callers.
PROCESSES = {"ingest": {"indsigt": "senders"}, "lone": {"indsigt": "sender"},
             "callers": {"indsigt": "callers, and their sender"}}
LIBRARIES = {"libsodium": "signatures, sealing, BLAKE2b (libsodium)", "libcrypto": "SHA-256 (OpenSSL)",
             "liblmdb": "LMDB", "libjansson": "JSON (jansson)", "libevent": "libevent", "libc.so": "memory, text (libc)"}
CALLS = {"fdatasync": "syncs", "fsync": "syncs", "pwrite64": "writes of files", "pwritev": "writes of files",
         "writev": "writes of files, answers", "sendto": "sockets", "recvfrom": "sockets", "readv": "sockets",
         "read": "sockets", "write": "sockets", "futex": "waking threads", "epoll_wait": "waiting", "poll": "waiting",
         "newfstatat": "looking whether files are the same"}
HEAD = re.compile(r"^(\S.*?)\s+(\d+)/(\d+)\s+([\d.]+):")
FRAME = re.compile(r"^\s+[0-9a-f]+ (.+) \((.*)\)$")


def run_bench(options, recording):
    """The lines of the parts, and when each began and ended."""
    command = ["perf", "record", "-q", "-g", "-e", "cpu-clock", "-F", str(HERTZ), "-k", "CLOCK_MONOTONIC", "-o", recording,
               "--", options.indsigt, "bench", "--batch", "1", "--singles", "--events", str(options.events), "--subjects",
               str(options.people)]
    parts = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as bench:
        for line in bench.stdout:
            if "events/s=" not in line:
                continue
            end = time.monotonic()
            figures = dict(word.split("=") for word in line.split()[1:])
            parts.append((line.split()[0], line.strip(), end - float(figures["seconds"]), end, int(figures["events"])))
    if bench.returncode != 0 or len(parts) != len(PROCESSES):
        sys.exit("singles.py: the bench, or perf, failed")
    return parts


def samples(recording):
    """(comm, pid, tid, time, frames from the inside out)"""
    script = subprocess.Popen(["perf", "script", "-i", recording, "-F", "comm,pid,tid,time,ip,sym,dso"],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, errors="replace")
    head, frames = None, []
    for line in script.stdout:
        found = HEAD.match(line)
        if found:
            head, frames = found, []
        elif line.strip():
            frame = FRAME.match(line)
            frames.append((frame.group(1), frame.group(2)) if frame else ("", ""))
        elif head:
            yield head.group(1), int(head.group(2)), int(head.group(3)), float(head.group(4)), frames
            head = None
    script.wait()


def spent_on(frames):
    if not frames:
        return "else"
    for symbol, _ in frames:
        call = re.match(r"__x64_sys_(\w+)", symbol)
        if call:
            return "kernel: " + CALLS.get(call.group(1), "else")
    if "kernel" in frames[0][1]:
        return "kernel: else"
    for library, name in LIBRARIES.items():
        if library in frames[0][1]:
            return name
    return "our own code" if "indsigt" in frames[0][1] else "else"


def thread_names(found):
    """Of a daemon's threads: the one that syncs is the tick's, the first is the network's."""
    names = {}
    syncs = collections.Counter()
    for (_, pid, tid), spent in found.items():
        syncs[(pid, tid)] += spent["kernel: syncs"]
        names[(pid, tid)] = "network" if pid == tid else "prepare"
    if syncs:
        names[max(syncs, key=syncs.get)] = "tick and filing"
    return names


def show(part, found, parts_of):
    name, line, _, _, events = part
    print("\n" + line)
    daemon = {key: spent for key, spent in found.items() if key[0].startswith("indsigt-ingest")}
    names = thread_names(daemon)
    table = collections.defaultdict(collections.Counter)
    for (comm, pid, tid), spent in found.items():
        if (comm, pid, tid) in daemon:
            table["ingestd, " + names[(pid, tid)]].update(spent)
        elif comm in parts_of:
            table[parts_of[comm]].update(spent)
    total = 0
    for who, spent in sorted(table.items()):
        us = {what: count / HERTZ * 1e6 / events for what, count in spent.items()}
        total += sum(us.values())
        print("%-28s %6.1f us  %s" % (who, sum(us.values()), ", ".join(
            "%s %.1f" % (what, value) for what, value in sorted(us.items(), key=lambda item: -item[1]) if value >= 0.5)))
    print("%-28s %6.1f us of CPU an event" % (name + ", all", total))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("indsigt")
    parser.add_argument("--events", type=int, default=20000)
    parser.add_argument("--people", type=int, default=100000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="indsigt-singles-") as place:
        recording = os.path.join(place, "perf.data")
        parts = run_bench(options, recording)
        found = [collections.defaultdict(collections.Counter) for _ in parts]
        for comm, pid, tid, at, frames in samples(recording):
            for i, (_, _, start, end, _) in enumerate(parts):
                if start <= at <= end and comm.startswith("indsigt"):
                    found[i][(comm, pid, tid)][spent_on(frames)] += 1
        for part, spent in zip(parts, found):
            show(part, spent, PROCESSES[part[0]])


main()
