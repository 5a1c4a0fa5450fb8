#!/usr/bin/env python3
"""The clients for applications, each in its own language, in front of a gateway: what they report is there once, also when the gateway
is killed meanwhile, and what is wrong is said. Java and Node where they are. usage: clients.py INDSIGT GATEWAY"""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from gateway import Gateway, seen, shown
from indsigt import Ledger, Tap, event, wait_until

CLIENTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools", "clients")

# Each takes: ADDRESS TOKEN PATIENCE_S and lines of events on standard input; reports the first by itself, the others together; and
# prints "ok" or "refused NAME REASON" or "unavailable COUNT, of these WITH AN ID, REFUSED" for each of both.
class Failing(BaseHTTPRequestHandler):
    """Takes nothing: of several together it refuses the one whose system is "bad" if that is in it, and is busy otherwise."""

    def do_POST(self):
        events = [json.loads(line) for line in self.rfile.read(int(self.headers["Content-Length"])).splitlines()]
        refusal = {"error": "bad-value", "reason": "system: bad", "detail": "system: bad"}
        bad = any(event["system"] == "bad" for event in events)
        together = self.headers["Content-Type"] == "application/x-ndjson"
        results = [refusal if event["system"] == "bad" else {"taken": True} for event in events]
        status = 502 if not bad else 200 if together else 422
        body = json.dumps({"results": results} if together and bad else refusal).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


PYTHON = """
import json, sys
sys.path.insert(0, %r)
from indsigt_client import Reporter, Refused, Unavailable
reporter = Reporter(sys.argv[1], token_file=sys.argv[2] or None, patience=float(sys.argv[3]))
first, *others = [json.loads(line) for line in sys.stdin]
for work in (lambda: [reporter.report(first)] and [], lambda: reporter.report_many(others)):
    try:
        refused = work()
        print("ok" if not refused else "refused %%s %%s" %% (refused[0].error, refused[0].reason), flush=True)
    except Refused as why:
        print("refused %%s %%s" %% (why.error, why.reason), flush=True)
    except Unavailable as why:
        print("unavailable %%d %%d %%d" %% (len(why.events), sum("id" in event for event in why.events), len(why.refused)), flush=True)
""" % os.path.join(CLIENTS, "python", "src")

NODE = """
import { readFileSync } from 'node:fs';
const { Reporter, Refused } = await import(%s);
const [address, token, patience] = process.argv.slice(2);
const reporter = new Reporter({ address, token: token ? readFileSync(token, 'utf8').trim() : undefined, patience: 1000 * Number(patience) });
const [first, ...others] = readFileSync(0, 'utf8').trim().split('\\n').map((line) => JSON.parse(line));
for (const work of [async () => { await reporter.report(first); return []; }, () => reporter.reportMany(others)]) {
  try {
    const [refused] = await work();
    console.log(refused ? `refused ${refused.error} ${refused.reason}` : 'ok');
  } catch (error) {
    console.log(error instanceof Refused ? `refused ${error.error} ${error.reason}` : `unavailable ${error.events.length} ${error.events.filter((event) => event.id).length} ${error.refused.length}`);
  }
}
""" % json.dumps(os.path.abspath(os.path.join(CLIENTS, "javascript", "index.js")))

JAVA = """
import dk.indsigt.client.*;
import java.io.*;
import java.nio.file.*;
import java.time.Duration;
import java.util.*;

public class Try {
    interface Work { List<RefusedException> run() throws Exception; }

    /** Events of this test have texts at their top, and two objects of texts. */
    static Event read(String line) {
        Event event = new Event();
        for (String part : line.split("\\t")) {
            String[] pair = part.split("=", 2);
            if (pair[1].startsWith("{")) {
                Event inner = new Event();
                for (String one : pair[1].substring(1).split(";")) inner.put(one.split(":", 2)[0], one.split(":", 2)[1]);
                event.put(pair[0], inner);
            } else {
                event.put(pair[0], pair[1].replace("HALF", "\\ud800"));
            }
        }
        return event;
    }

    static void say(Work work) throws Exception {
        try {
            List<RefusedException> refused = work.run();
            System.out.println(refused.isEmpty() ? "ok" : "refused " + refused.get(0).error() + " " + refused.get(0).reason());
        } catch (RefusedException why) {
            System.out.println("refused " + why.error() + " " + why.reason());
        } catch (UnavailableException why) {
            long named = why.events().stream().filter(event -> event.toString().matches("(?s).*,\\"id\\":\\"[^\\"]*\\"}")).count();
            System.out.println("unavailable " + why.events().size() + " " + named + " " + why.refused().size());
        }
    }

    public static void main(String[] args) throws Exception {
        String token = args[1].isEmpty() ? null : Files.readString(Path.of(args[1])).trim();
        Reporter reporter = new Reporter(args[0], token, Duration.ofMillis((long) (1000 * Double.parseDouble(args[2]))));
        List<Event> events = new ArrayList<>();
        for (String line; (line = in.readLine()) != null;) events.add(read(line));
        say(() -> { reporter.report(events.get(0)); return List.of(); });
        say(() -> reporter.reportMany(events.subList(1, events.size())));
    }

    static final BufferedReader in = new BufferedReader(new InputStreamReader(System.in, java.nio.charset.StandardCharsets.UTF_8));
}
"""


def for_json(line):
    """HALF stands for half a character, which no line has as it is."""
    return line.replace("HALF", "\\ud800")


def for_java(line):
    """An event's members, as the program above reads them."""
    members = {name: "{" + ";".join("%s:%s" % pair for pair in value.items()) if isinstance(value, dict) else value for name, value in json.loads(line).items()}
    return "\t".join("%s=%s" % pair for pair in members.items())


def programs(tap, ledger):
    """{language: (command, how an event is written)}"""
    made = {}
    with open(ledger.path("try.py"), "w", encoding="utf-8") as file:
        file.write(PYTHON)
    made["Python"] = ([sys.executable, ledger.path("try.py")], for_json)
    if shutil.which("node"):
        with open(ledger.path("try.mjs"), "w", encoding="utf-8") as file:
            file.write(NODE)
        made["JavaScript"] = (["node", ledger.path("try.mjs")], for_json)
    else:
        tap.skip("JavaScript", "node is not here")
    if shutil.which("javac"):
        with open(ledger.path("Try.java"), "w", encoding="utf-8") as file:
            file.write(JAVA)
        source = os.path.join(CLIENTS, "java", "src", "main", "java", "dk", "indsigt", "client")
        result = subprocess.run(["javac", "--release", "11", "-Xlint:all", "-Werror", "-d", ledger.path("classes"), ledger.path("Try.java"),
                                 *[os.path.join(source, name) for name in sorted(os.listdir(source))]], capture_output=True, text=True, check=False)
        tap.ok(result.returncode == 0, "Java: compiled without a warning %s" % (result.stdout + result.stderr)[-300:])
        made["Java"] = (["java", "-cp", ledger.path("classes"), "Try"], for_java)
    else:
        tap.skip("Java", "javac is not here")
    return made


def run(command, written, address, token, patience, events):
    result = subprocess.run([*command, address, token, str(patience)], input="\n".join(written(one) for one in events) + "\n", capture_output=True, text=True,
                            timeout=240, check=False)
    return result.stdout.splitlines() or [result.stderr]


def main():
    tap = Tap()
    ledger = Ledger(sys.argv[1])
    program = os.path.abspath(sys.argv[2])
    ledger.serve()
    failing = ThreadingHTTPServer(("127.0.0.1", 0), Failing)
    threading.Thread(target=failing.serve_forever, daemon=True).start()
    token = ledger.path("token")
    with open(token, "w", encoding="ascii", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        file.write("a secret of thirty characters.\n")
    try:
        for number, (language, (command, written)) in enumerate(programs(tap, ledger).items()):
            person = "cpr:01017013%02d" % number
            key = ledger.add_sender(language)
            gateway = Gateway(ledger, key, program, "--http", "127.0.0.1:0", "--http-token", token)
            said = run(command, written, gateway.http, token, 30, [event(person, "Opslag æøå \\ \" %d" % n) for n in range(4)])
            tap.ok(said == ["ok", "ok"], "%s: one, and three together: %s" % (language, said))
            tap.ok(len(seen(ledger, person, 4)) == 4, "%s: they are there, once" % language)
            said = run(command, written, gateway.http, token, 30, [event(person, "bad", action="look"), event(person, "good"), event(person, "bad", outcome="?")])
            tap.ok(len(said) == 2 and said[0].startswith("refused bad-value action") and said[1].startswith("refused bad-value outcome"),
                   "%s: what is wrong is said: %s" % (language, said))
            tap.ok(len(seen(ledger, person, 5)) == 5, "%s: and what is right among it is there" % language)
            said = run(command, written, gateway.http, token, 30, [event(person, "HALF"), event(person, "whole"), event(person, "HALF x")])
            tap.ok(len(said) == 2 and all(line.startswith("refused bad-json") for line in said), "%s: half a character is refused, and not changed: %s" % (language, said))
            tap.ok(len(seen(ledger, person, 6)) == 6, "%s: and what is whole beside it is there" % language)
            long = "x" * 700000
            said = run(command, written, "127.0.0.1:%d" % failing.server_port, "", 0.3, [event(person, "first"), event(person, long, system="bad"), event(person, long)])
            tap.ok(said == ["unavailable 1 1 0", "unavailable 1 1 1"],
                   "%s: what a server that fails did not take is given back with its id, beside what was refused: %s" % (language, said))
            said = run(command, written, gateway.http, "", 30, [event(person, "nobody"), event(person, "nobody")])
            tap.ok(all(line.startswith("refused") for line in said[:1]), "%s: without the token it is refused: %s" % (language, said))
            address, http = gateway.address, gateway.http
            gateway.stop(signal.SIGKILL)
            said = run(command, written, http, token, 0.3, [event(person, "away"), event(person, "away"), event(person, "away")])
            tap.ok(said == ["unavailable 1 1 0", "unavailable 2 2 0"], "%s: a gateway that is away is said to be, and what is not reported is given back: %s" % (language, said))
            answers = []
            thread = threading.Thread(target=lambda: answers.extend(run(command, written, http, token, 60, [event(person, "again %d" % n) for n in range(300)])))
            thread.start()
            gateway = Gateway(ledger, key, program, "--http", http, "--http-token", token, address=address)
            wait_until(lambda: any("again" in what for what in shown(ledger, person)) or not thread.is_alive(), "some are there")
            gateway.stop(signal.SIGKILL)
            gateway = Gateway(ledger, key, program, "--http", http, "--http-token", token, address=address)
            thread.join()
            tap.ok(answers == ["ok", "ok"], "%s: killed meanwhile, and started again: all are taken: %s" % (language, answers))
            wait_until(lambda: len(shown(ledger, person)) >= 306, "all are there")
            found = shown(ledger, person)
            tap.ok(len(found) == 306 and len(set(found)) == 306, "%s: each once: %d" % (language, len(found)))
            gateway.stop()
    finally:
        failing.shutdown()
        ledger.remove()
    tap.done()


if __name__ == "__main__":
    main()
