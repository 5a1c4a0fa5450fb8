#!/usr/bin/env python3
"""What the ledger keeps up, beside PostgreSQL on the same machine in the same run: a part of one, a part of the other,
and so on, then the medians and their ratios.

usage: postgres.py INDSIGT [--minutes N] [--rounds N] [--people N] [--senders N] [--batch N]
       postgres.py INDSIGT --singles [--seconds N] [--events N] [--rounds N] [--people N]
       postgres.py INDSIGT --answers [--seconds N] [--events N] [--rounds N] [--people N]

Needs PostgreSQL's server and libpq's header (Debian: postgresql, libpq-dev), a C compiler, and root or a user who may
run initdb. The cluster is its own, in a temporary folder, with durable commits as PostgreSQL has them when installed.

* plain: one table, an index by person. Anybody who may write to it may change it unseen.
* chained: beside it a chain of hashes over all rows, made by a trigger for each statement: the least that shows a change.

With --singles it is single events that are waited for: 32 callers, each of whom gives the next event when the last one is
durable, in the ledger also proven; and one caller alone.

With --answers it is questions: a citizen's 20 events with their proofs beside 20 rows by an indexed key, which nobody can check.

The ledger's rate counts until all is filed and findable with proofs; PostgreSQL's until the last row is in."""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

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


def measure_table(load, cluster, options, table):
    line = figures(subprocess.check_output([load, cluster.conninfo, table, str(options.minutes * 60), str(options.senders),
                                            str(options.batch), str(options.people)], text=True))
    return {"rate": line["rows/s"], "answer": line["answer_p99_ms"]}


CALLERS = 32


def measure_single_events(options):
    out = subprocess.check_output([options.indsigt, "bench", "--batch", "1", "--singles", "--events", str(options.events),
                                   "--subjects", str(options.people)], text=True)
    lines = {line.split()[0]: figures(line) for line in out.splitlines() if "events/s=" in line}
    return {"rate": lines["callers"]["events/s"], "p50": lines["callers"]["p50_ms"], "p99": lines["callers"]["p99_ms"],
            "signed": lines["ingest"]["events/s"], "lone": lines["lone"]["p50_ms"]}


def measure_single_rows(load, cluster, options, table):
    many, one = (figures(subprocess.check_output([load, cluster.conninfo, table, str(options.seconds), str(clients), "1",
                                                  str(options.people)], text=True)) for clients in (CALLERS, 1))
    return {"rate": many["rows/s"], "p50": many["insert_p50_ms"], "p99": many["insert_p99_ms"], "lone": one["insert_p50_ms"]}


def compare_singles(options, cluster, load):
    results = {"indsigt": [], "plain": [], "chained": []}
    for number in range(options.rounds):
        for name, found in results.items():
            found.append(measure_single_events(options) if name == "indsigt"
                         else measure_single_rows(load, cluster, options, name))
            print("round %d: %-8s %d callers %s" % (number + 1, name, CALLERS, " ".join(
                "%s=%.3f" % item for item in found[-1].items())), flush=True)
    middle = {name: {key: statistics.median(part[key] for part in found) for key in found[0]}
              for name, found in results.items()}
    ours, plain, chained = middle["indsigt"], middle["plain"], middle["chained"]
    print("single events, %d callers, medians: indsigt %.0f/s, p50 %.2f ms; of PostgreSQL plain %.2f, chained %.2f" % (
        CALLERS, ours["rate"], ours["p50"], ours["rate"] / plain["rate"], ours["rate"] / chained["rate"]))
    print("each event signed by itself, %d senders: indsigt %.0f/s; of PostgreSQL plain %.2f, chained %.2f" % (
        CALLERS, ours["signed"], ours["signed"] / plain["rate"], ours["signed"] / chained["rate"]))
    print("one event at a time, p50: indsigt %.2f ms with its proof, PostgreSQL plain %.2f, chained %.2f" % (
        ours["lone"], plain["lone"], chained["lone"]))


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
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--events", type=int, default=50000)
    options = parser.parse_args()
    place = tempfile.mkdtemp(prefix="indsigt-peers-")
    results = {"indsigt": [], "plain": [], "chained": []}
    cluster = None
    try:
        cluster = Cluster(place)
        load = build(place)
        if options.singles:
            compare_singles(options, cluster, load)
            return 0
        if options.answers:
            compare_answers(options, cluster)
            return 0
        for number in range(options.rounds):
            for name, found in results.items():
                found.append(measure_ledger(options) if name == "indsigt" else measure_table(load, cluster, options, name))
                print("round %d: %-8s %8.0f events/s, answer p99 %.2f ms" % (number + 1, name, found[-1]["rate"],
                                                                            found[-1]["answer"]), flush=True)
    finally:
        if cluster:
            cluster.stop()
        shutil.rmtree(place, ignore_errors=True)
    rates = {name: statistics.median(part["rate"] for part in found) for name, found in results.items()}
    print("sustained, medians: indsigt %.0f/s; of PostgreSQL plain %.2f, chained %.2f" % (
        rates["indsigt"], rates["indsigt"] / rates["plain"], rates["indsigt"] / rates["chained"]))
    return 0


sys.exit(main())
