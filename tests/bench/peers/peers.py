#!/usr/bin/env python3
"""What the ledger keeps up, beside what a team would use in its place, on the same machine in the same run: a part of one,
a part of the other, and so on, then the medians and their ratios.

usage: peers.py INDSIGT [--minutes N] [--rounds N] [--people N] [--senders N] [--batch N]
       peers.py INDSIGT --singles [--seconds N] [--events N] [--rounds N] [--people N]
       peers.py INDSIGT --answers [--seconds N] [--events N] [--rounds N] [--people N]
       peers.py INDSIGT --audits [--seconds N] [--events N] [--rounds N] [--people N] [--before OLDER]

Needs PostgreSQL's server and libpq's header (Debian: postgresql, libpq-dev), a C compiler, and root or a user who may
run initdb. The cluster is its own, in a temporary folder, with durable commits as PostgreSQL has them when installed.
Where Go is (1.24 or newer, and what it fetches), two more; without it they are left out, which is said.

* plain: one table, an index by person. Anybody who may write to it may change it unseen.
* chained: beside it a chain of hashes over all rows, made by a trigger for each statement: the least that shows a change.
* immudb: a server that keeps a tree of hashes over its rows; synced before it answers.
* tessera: a transparency log as a library; knows no persons, so nobody can ask it for theirs.

With --singles it is single events that are waited for: 32 callers, each of whom gives the next event when the last one is
durable, in the ledger also proven; and one caller alone.

With --answers it is questions: a citizen's 20 events with their proofs beside 20 rows by an indexed key, which nobody can check.

With --audits it is checking: of exported files beside Tessera's fsck (not PostgreSQL), with keys, and with labels; where
an older build of indsigt is given, that one's audits of a ledger that it has made of as many events.

The ledger's rate counts until all is filed and findable with proofs; PostgreSQL's until the last row is in."""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))

TABLES = """
CREATE TABLE plain(seq bigserial PRIMARY KEY, subject bytea NOT NULL, ev bytea NOT NULL, at timestamptz DEFAULT now());
CREATE INDEX ON plain(subject, seq);
CREATE TABLE chained(LIKE plain INCLUDING ALL);
CREATE TABLE chain(seq bigint PRIMARY KEY, hash bytea NOT NULL);
CREATE TABLE chain_end(hash bytea NOT NULL);
INSERT INTO chain_end VALUES ('');
CREATE FUNCTION chain_on() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    link record;
    last bytea;
    numbers bigint[];
    hashes bytea[];
BEGIN
    SELECT hash INTO last FROM chain_end FOR UPDATE;
    FOR link IN SELECT seq, subject, ev FROM added ORDER BY seq LOOP
        last := sha256(last || link.subject || link.ev);
        numbers := numbers || link.seq;
        hashes := hashes || last;
    END LOOP;
    INSERT INTO chain SELECT * FROM unnest(numbers, hashes);
    UPDATE chain_end SET hash = last;
    RETURN NULL;
END $$;
CREATE TRIGGER chain_on AFTER INSERT ON chained
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION chain_on();
"""


class Cluster:
    def __init__(self, place):
        self.place, self.data = place, os.path.join(place, "data")
        self.tools = subprocess.check_output(["pg_config", "--bindir"], text=True).strip()
        self.conninfo = "host=%s port=25433 user=bench dbname=postgres" % place
        os.chmod(place, 0o755)
        if os.geteuid() == 0:
            shutil.chown(place, "postgres")
        self.server("initdb", "-D", self.data, "-U", "bench", "-A", "trust")
        with open(os.path.join(self.data, "postgresql.conf"), "a", encoding="utf-8") as conf:
            conf.write("listen_addresses=''\nport=25433\nunix_socket_directories='%s'\nshared_buffers=2GB\nmax_wal_size=8GB\n"
                       % place)
        self.server("pg_ctl", "-D", self.data, "-l", os.path.join(place, "log"), "-w", "start")
        subprocess.run(["psql", "-q", "-X", "-v", "ON_ERROR_STOP=1", self.conninfo], input=TABLES, text=True, check=True)

    def server(self, tool, *arguments):
        """PostgreSQL does not run as root."""
        command = [os.path.join(self.tools, tool), *arguments]
        if os.geteuid() == 0:
            command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", *command]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self.place)

    def stop(self):
        self.server("pg_ctl", "-D", self.data, "-m", "fast", "-w", "stop")


def figures(line):
    return {name: float(value) for name, value in (word.split("=") for word in line.split() if "=" in word)}


def build(place):
    out = os.path.join(place, "pg_load")
    include = subprocess.check_output(["pg_config", "--includedir"], text=True).strip()
    subprocess.run(["cc", "-O2", "-D_GNU_SOURCE", "-I", include, "-o", out, os.path.join(HERE, "pg_load.c"), "-lpq", "-lpthread"],
                   check=True)
    return out


def measure_ledger(options):
    command = [options.indsigt, "bench", "--minutes", str(options.minutes), "--subjects", str(options.people), "--batch",
               str(options.batch), "--senders", str(options.senders)]
    out = subprocess.check_output(command, text=True)
    line = figures(next(line for line in out.splitlines() if line.startswith("sustained ")))
    return {"rate": line["events/s"], "answer": line["answer_p99_ms"]}


def as_found(line):
    return {"rate": line["rows/s"], "answer": line.get("answer_p99_ms", float("nan")), "p50": line["insert_p50_ms"],
            "p99": line["insert_p99_ms"]}


class Table:
    """A table of PostgreSQL."""

    def __init__(self, load, cluster, name):
        self.load, self.cluster, self.name = load, cluster, name

    def measure(self, seconds, clients, batch, people):
        return as_found(figures(subprocess.check_output(
            [self.load, self.cluster.conninfo, self.name, str(seconds), str(clients), str(batch), str(people)], text=True)))


class GoPeer:
    """A program beside this one, which begins with an empty folder each time."""

    def __init__(self, place, name):
        self.name, self.place, self.program = name, place, os.path.join(place, name)
        subprocess.run(["go", "build", "-o", self.program, "."], cwd=os.path.join(HERE, name), check=True)

    def measure(self, seconds, clients, batch, people):
        folder = tempfile.mkdtemp(dir=self.place)
        with open(self.program + ".log", "w", encoding="utf-8") as log:
            out = subprocess.check_output([self.program, folder, str(int(seconds)), str(clients), str(batch)] +
                                          ([str(people)] if self.name == "immudb" else []), text=True, stderr=log)
        shutil.rmtree(folder)
        return as_found(figures(out.splitlines()[-1]))


def find_peers(place, cluster):
    load = build(place)
    peers = [Table(load, cluster, "plain"), Table(load, cluster, "chained")]
    for name in ("immudb", "tessera"):
        try:
            peers.append(GoPeer(place, name))
        except (OSError, subprocess.CalledProcessError) as why:
            print("%s is left out: %s" % (name, why), flush=True)
    return peers


def ratios(ours, others):
    return ", ".join("%s %.2f" % (name, ours / rate) for name, rate in others.items())


CALLERS = 32


def measure_single_events(options):
    out = subprocess.check_output([options.indsigt, "bench", "--batch", "1", "--singles", "--events", str(options.events),
                                   "--subjects", str(options.people)], text=True)
    lines = {line.split()[0]: figures(line) for line in out.splitlines() if "events/s=" in line}
    return {"rate": lines["callers"]["events/s"], "p50": lines["callers"]["p50_ms"], "p99": lines["callers"]["p99_ms"],
            "signed": lines["ingest"]["events/s"], "lone": lines["lone"]["p50_ms"]}


def measure_single_rows(peer, options):
    many, one = (peer.measure(options.seconds, clients, 1, options.people) for clients in (CALLERS, 1))
    return {"rate": many["rate"], "p50": many["p50"], "p99": many["p99"], "lone": one["p50"]}


def medians(results):
    return {name: {key: statistics.median(part[key] for part in found) for key in found[0]}
            for name, found in results.items()}


def compare_singles(options, peers):
    results = {name: [] for name in ["indsigt"] + [peer.name for peer in peers]}
    for number in range(options.rounds):
        results["indsigt"].append(measure_single_events(options))
        for peer in peers:
            results[peer.name].append(measure_single_rows(peer, options))
        for name, found in results.items():
            print("round %d: %-8s %d callers %s" % (number + 1, name, CALLERS, " ".join(
                "%s=%.3f" % item for item in found[-1].items())), flush=True)
    middle = medians(results)
    ours = middle.pop("indsigt")
    rates = {name: part["rate"] for name, part in middle.items()}
    print("single events, %d callers, medians: indsigt %.0f/s, p50 %.2f ms; of %s" % (
        CALLERS, ours["rate"], ours["p50"], ratios(ours["rate"], rates)))
    print("each event signed by itself, %d senders: indsigt %.0f/s; of %s" % (
        CALLERS, ours["signed"], ratios(ours["signed"], rates)))
    print("one event at a time, p50: indsigt %.2f ms with its proof; %s" % (
        ours["lone"], ", ".join("%s %.2f" % (name, part["lone"]) for name, part in middle.items())))


def compare_sustained(options, peers):
    results = {name: [] for name in ["indsigt"] + [peer.name for peer in peers]}
    for number in range(options.rounds):
        results["indsigt"].append(measure_ledger(options))
        for peer in peers:
            results[peer.name].append(peer.measure(options.minutes * 60, options.senders, options.batch, options.people))
        for name, found in results.items():
            print("round %d: %-8s %8.0f events/s, answer p99 %.2f ms" % (number + 1, name, found[-1]["rate"],
                                                                        found[-1]["answer"]), flush=True)
    rates = {name: statistics.median(part["rate"] for part in found) for name, found in results.items()}
    ours = rates.pop("indsigt")
    print("sustained, medians: indsigt %.0f/s; of %s" % (ours, ratios(ours, rates)))


ANSWERS = 8  # connections that ask at the same time


def measure_answers(options):
    """A citizen's 20 events with their proofs, and statements of 100, beside each other in one run of the bench."""
    out = subprocess.check_output([options.indsigt, "bench", "--batch", "1000", "--events", str(options.events),
                                   "--subjects", str(options.people)], text=True)
    lines = {line.split()[0]: figures(line) for line in out.splitlines() if line.startswith(("query ", "statement "))}
    return {"rate": lines["query"]["queries/s"], "p50": lines["query"]["p50_ms"], "statement": lines["statement"]["p50_ms"]}


LOOKUP = """\\set person random(0, 4999)
SELECT seq, ev FROM plain WHERE subject = sha256(int8send(:person)) ORDER BY seq DESC LIMIT 20;
"""


def measure_lookups(cluster, options):
    """Rows without proofs: what a look-up costs at all, through pgbench and libpq."""
    subprocess.run(["psql", "-q", "-X", "-v", "ON_ERROR_STOP=1", cluster.conninfo, "-c", """TRUNCATE plain;
        INSERT INTO plain(subject, ev) SELECT sha256(int8send(n % 5000)), decode(repeat('2a', 268), 'hex')
        FROM generate_series(1, 200000) n; ANALYZE plain"""], check=True)
    script = os.path.join(cluster.place, "lookup.sql")
    with open(script, "w", encoding="utf-8") as file:
        file.write(LOOKUP)
    found = []
    for clients in (ANSWERS, 1):
        out = subprocess.check_output(["pgbench", "-n", "-M", "prepared", "-f", script, "-c", str(clients), "-j", str(clients),
                                       "-T", str(int(options.seconds)), cluster.conninfo], text=True)
        found.append({words[0]: float(words[1].split()[0]) for words in (line.split(" = ") for line in out.splitlines())
                      if len(words) == 2 and words[0] in ("tps", "latency average")})
    return {"rate": found[0]["tps"], "mean": found[1]["latency average"]}


def compare_answers(options, cluster):
    ours, theirs = [], []
    for number in range(options.rounds):
        ours.append(measure_answers(options))
        theirs.append(measure_lookups(cluster, options))
        print("round %d: indsigt %s; PostgreSQL plain %s" % (number + 1, ours[-1], theirs[-1]), flush=True)
    middle = {key: statistics.median(part[key] for part in ours) for key in ours[0]}
    plain = {key: statistics.median(part[key] for part in theirs) for key in theirs[0]}
    print("20 events with proofs, p50 %.2f ms; %d connections %.0f/s, of PostgreSQL's plain look-ups (%.2f ms, %.0f/s) %.2f; "
          "a statement of 100, p50 %.2f ms" % (middle["p50"], ANSWERS, middle["rate"], plain["mean"], plain["rate"],
                                               middle["rate"] / plain["rate"], middle["statement"]))


class Audited:
    """A ledger as the bench of one build leaves it, and its exported files."""

    def __init__(self, indsigt, place, options):
        self.indsigt, self.dir, self.files = indsigt, os.path.join(place, "ledger"), os.path.join(place, "exported")
        subprocess.run([indsigt, "bench", "--events", str(options.events), "--subjects", str(options.people), "--batch", "1000",
                        "--dir", place], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open(os.path.join(self.dir, "vkey"), encoding="utf-8") as file:
            self.vkey = file.read().strip()
        subprocess.run([indsigt, "export", self.dir, self.files], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)

    def rate(self, *arguments):
        start = time.monotonic()
        out = subprocess.check_output([self.indsigt, "audit", *arguments, "--vkey", self.vkey, "--json"], text=True)
        return json.loads(out)["entries"] / (time.monotonic() - start)

    def measure(self):
        return {"files": self.rate(self.files), "keys": self.rate(self.dir), "labels": self.rate(self.dir, "--labels")}


def compare_audits(options, place):
    ledgers = {"indsigt": Audited(options.indsigt, os.path.join(place, "own"), options)}
    if options.before:
        ledgers["before"] = Audited(options.before, os.path.join(place, "before"), options)
    results = {name: [] for name in ledgers}
    tessera = GoPeer(place, "tessera")
    log = os.path.join(place, "log")
    quiet = {"text": True, "stderr": subprocess.DEVNULL}
    subprocess.check_output([tessera.program, log, str(int(options.seconds)), "2", "1000"], **quiet)
    results["tessera"] = []
    for number in range(options.rounds):
        for name, ledger in ledgers.items():
            results[name].append(ledger.measure())
        out = subprocess.check_output([tessera.program, "fsck", log], **quiet)
        results["tessera"].append({"files": figures(out)["entries/s"]})
        for name, found in results.items():
            print("round %d: %-8s entries/s %s" % (number + 1, name, " ".join("%s=%.0f" % item for item in found[-1].items())),
                  flush=True)
    middle = medians(results)
    ours = middle.pop("indsigt")
    for name, part in middle.items():
        print("audits, medians: of %s %s" % (name, ", ".join("%s %.2f" % (key, ours[key] / rate) for key, rate in part.items())))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("indsigt")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--people", type=int, default=1000000)
    parser.add_argument("--senders", type=int, default=2)
    parser.add_argument("--batch", type=int, default=1000)
    parser.add_argument("--singles", action="store_true")
    parser.add_argument("--answers", action="store_true")
    parser.add_argument("--audits", action="store_true")
    parser.add_argument("--before")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--events", type=int, default=50000)
    options = parser.parse_args()
    place = tempfile.mkdtemp(prefix="indsigt-peers-")
    cluster = None
    try:
        if options.audits:
            compare_audits(options, place)
            return 0
        cluster = Cluster(place)
        if options.answers:
            compare_answers(options, cluster)
        elif options.singles:
            compare_singles(options, find_peers(place, cluster))
        else:
            compare_sustained(options, find_peers(place, cluster))
    finally:
        if cluster:
            cluster.stop()
        shutil.rmtree(place, ignore_errors=True)
    return 0


sys.exit(main())
