"""What the end-to-end tests share: a ledger of their own, its daemons, senders, and TAP on standard output."""

import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

DEADLINE_S = 240  # for any single thing that is waited for; far more than it takes


class Tap:
    def __init__(self):
        self.count = 0
        self.failed = 0

    def ok(self, good, name):
        self.count += 1
        self.failed += not good
        # what a program said may be part of the name, and a name is one line
        print("%sok %d - %s" % ("" if good else "not ", self.count, " / ".join(name.split("\n"))), flush=True)
        return good

    def skip(self, name, why):
        self.count += 1
        print("ok %d - %s # SKIP %s" % (self.count, name, why), flush=True)

    def done(self):
        print("1..%d" % self.count, flush=True)
        sys.exit(1 if self.failed or self.count == 0 else 0)


def wait_until(condition, what):
    """Waits for something to happen, looking again as fast as the machine lets it."""
    end = time.monotonic() + DEADLINE_S
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise TimeoutError(what)
        os.sched_yield()


class Ledger:
    """A ledger in a temporary directory, and the programs around it."""

    def __init__(self, indsigt, origin="log.example.dk/e2e", operator=None):
        self.indsigt = os.path.abspath(indsigt)
        self.place = tempfile.mkdtemp(prefix="indsigt-e2e-")
        self.dir = os.path.join(self.place, "ledger")
        named = ["--operator", operator, "--operator-name", "Tilsynet"] if operator else []
        self.vkey = self.run("init", self.dir, "--origin", origin, *named).strip()
        self.server = None
        self.ingest = self.query = None
        self.ca = None  # a file: both ports speak TLS, and this is who is believed

    def path(self, name):
        return os.path.join(self.place, name)

    def run(self, *arguments, check=True, stdin=None):
        result = self.result(*arguments, stdin=stdin)
        if check and result.returncode != 0:
            raise RuntimeError("indsigt %s: %s" % (" ".join(arguments), result.stderr))
        return result.stdout

    def result(self, *arguments, stdin=None):
        return subprocess.run([self.indsigt, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              input=stdin, stdin=None if stdin is not None else subprocess.DEVNULL, check=False)

    def serve(self, *options, demo=True):
        self.begin(*options, demo=demo)
        self.ready()

    def begin(self, *options, demo=True):
        """Starts it, and waits for nothing."""
        log = open(self.path("serve.log"), "ab")
        self.server = subprocess.Popen([self.indsigt, "serve", self.dir, "--ingest", "127.0.0.1:0", "--query",
                                        "127.0.0.1:0", *(["--demo-tokens"] if demo else []), *options],
                                       stdout=subprocess.PIPE, stderr=log, text=True)

    def ready(self):
        line = self.server.stdout.readline()
        if not line.startswith("ready "):
            raise RuntimeError("serve said %r; %s" % (line, open(self.path("serve.log")).read()))
        words = dict(word.split("=") for word in line.split()[1:])
        self.ingest, self.query, self.doors = words["ingest"], words["query"], words

    def daemon(self, name):
        """The process id of a running daemon, or None."""
        children = "/proc/%d/task/%d/children" % (self.server.pid, self.server.pid)
        for pid in open(children).read().split():
            try:
                if open("/proc/%s/comm" % pid).read().strip().startswith(name[:15]):
                    return int(pid)
            except (FileNotFoundError, ProcessLookupError):
                pass
        return None

    def stop(self):
        if self.server:
            self.server.send_signal(signal.SIGTERM)
            self.server.wait(DEADLINE_S)
            self.server.stdout.close()
            self.server = None

    def add_sender(self, name, org="cvr:55133018", *options):
        """It may report what event() makes, whoever it is."""
        key = self.path(name + ".key")
        others = () if org == "cvr:55133018" else ("--reports-for", "cvr:55133018")
        self.run("sender", "add", self.dir, "--name", name, "--org", org, "--key", key, *others, *options)
        return key

    def add_reporter(self):
        """The ledger's own sender of reads, for the next start of serve; after others, who keep their ids."""
        os.makedirs(os.path.join(self.dir, "reads"), mode=0o700, exist_ok=True)
        self.run("sender", "add", self.dir, "--name", "Tilsynet", "--org", "cvr:34051178", "--reads", "--key",
                 os.path.join(self.dir, "reads", "key.json"))

    def audit(self, *options):
        """(exit code, last line)"""
        result = self.result("audit", self.dir, "--vkey", self.vkey, *options)
        lines = result.stdout.strip().splitlines()
        return result.returncode, lines[-1] if lines else result.stderr

    def who(self, subject):
        return json.loads(self.run("who", subject, "--ledger", self.dir, "--json"))

    def open(self, path):
        """What is answered to a GET."""
        context = ssl.create_default_context(cafile=self.ca) if self.ca else None
        return urllib.request.urlopen("%s://%s%s" % ("https" if self.ca else "http", self.query, path), timeout=30, context=context)

    def get(self, path):
        with self.open(path) as response:
            return response.read().decode()

    def health(self):
        """(status, the reasons)"""
        try:
            with self.open("/healthz") as response:
                status, body = response.status, response.read()
        except urllib.error.HTTPError as error:
            status, body = error.code, error.read()
        return status, [r["reason"] for r in json.loads(body)["reasons"]]

    def remove(self):
        self.stop()
        shutil.rmtree(self.place)


def event(subject, activity, **more):
    """One line of JSON: an event about `subject`."""
    members = {"subject": subject, "time": "2026-11-20T08:15:30.120Z", "action": "read", "outcome": "ok",
               "org": {"id": "cvr:55133018", "name": "Aarhus Kommune"}, "system": "KSD", "activity": activity,
               "purpose": "sagsbehandling",
               "actor": {"kind": "human", "id": "uuid:1", "name": "A. Jensen", "role": "sagsbehandler"}}
    members.update(more)
    return json.dumps({k: v for k, v in members.items() if v is not None}, ensure_ascii=False)
