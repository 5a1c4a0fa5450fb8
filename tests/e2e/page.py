#!/usr/bin/env python3
"""The citizen's page in a real Chromium, in front of a real ledger: signing in, overview, filters, details, the panel green,
and red against answers that were changed on their way, for somebody else, reports and answers, consents, figures, languages,
sizes, and what axe finds. Screenshots are left in BUILD/page-shots. (HTTP-41, HTTP-42, HTTP-43)
usage: page.py INDSIGT"""

import json
import os
import shutil
import subprocess
import sys

import page_events
from indsigt import Ledger, Tap, event

HERE = os.path.dirname(os.path.abspath(__file__))
MANY = 5000


def skip(why):
    tap = Tap()
    tap.skip("the page in a browser", why)
    tap.done()


def installed(source, place, names):
    """npm ci of what the lock says, once; None, or why it cannot be."""
    os.makedirs(place, exist_ok=True)
    for name in names:
        shutil.copy(os.path.join(source, name), place)
    lock = open(os.path.join(place, "package-lock.json"), encoding="utf-8").read()
    done = os.path.join(place, "node_modules", ".installed")
    if os.path.exists(done) and open(done, encoding="utf-8").read() == lock:
        return None
    result = subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=place, capture_output=True, text=True, timeout=300, check=False)
    if result.returncode != 0:
        return "npm ci: %s" % (result.stderr.strip().splitlines() or ["failed"])[-1]
    with open(done, "w", encoding="utf-8") as file:
        file.write(lock)
    return None


def answer_a_report(ledger, token):
    """One report that was answered by its organisation's own system; the index of the access."""
    page = json.loads(subprocess.run(["curl", "-s", "-H", "Authorization: Bearer " + token, "http://%s/v1/accesses?limit=1000" % ledger.query],
                                     capture_output=True, text=True, check=True).stdout)
    access = next(one for one in page["accesses"] if one.get("emergency"))
    said = subprocess.run(["curl", "-s", "-H", "Authorization: Bearer " + token, "-H", "Content-Type: application/json", "-d",
                           json.dumps({"index": access["index"], "comment": "Jeg var på skadestuen, men hvem så i journalen?"}),
                           "http://%s/v1/reports" % ledger.query], capture_output=True, text=True, check=True).stdout
    org = access["org"]
    ledger.run("send", "--server", ledger.ingest, "--key", ledger.path("hospital.key"), "-", stdin=event(
        page_events.ANNA, "Svar på en melding", org=org, system="Borgerservice", purpose="Svar til borger", time=access["ledger_time"],
        actor={"kind": "human", "role": "Databeskyttelsesrådgiver"}, answer={"report": json.loads(said)["id"], "text": "Opslaget var en fejl. Vi beklager."}) + "\n")
    return access["index"]


def main():
    indsigt = os.path.abspath(sys.argv[1])
    build = os.path.dirname(os.path.dirname(indsigt))
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    folder = os.path.join(build, "query", "web")
    if shutil.which("node") is None or shutil.which("npm") is None or chromium is None:
        skip("node, npm or chromium is not here")
    if not os.path.exists(os.path.join(folder, "index.html")):
        skip("the page was not built")
    place = os.path.join(build, "page-test")
    source = os.path.join(HERE, "..", "web")
    why = installed(source, place, [name for name in os.listdir(source) if name.endswith((".mjs", ".json"))])
    if why:
        skip(why)
    ledger = Ledger(indsigt, origin="log.example.dk/2026", operator="cvr:34051178")
    try:
        ledger.serve()
        page_events.report_all(ledger, MANY)
        roles = {page_events.ANNA: ["--role", "proxy"]}
        tokens = {name: ledger.run("token", ledger.dir, subject, *roles.get(subject, [])).strip() for name, subject in
                  (("anna", page_events.ANNA), ("bo", page_events.BO), ("child", page_events.CHILD), ("nobody", page_events.NOBODY), ("many", page_events.MANY))}
        answered = answer_a_report(ledger, tokens["anna"])
        ledger.run("epoch", ledger.dir)
        others = ledger.path("others.json")
        ledger.run("statement", page_events.BO, "--ledger", ledger.dir, "-o", others)
        statement = ledger.path("statement.json")
        config = {"folder": folder, "query": ledger.query, "vkey": ledger.vkey, "tokens": tokens, "many": MANY, "answered": answered,
                  "shots": os.path.join(build, "page-shots"), "statement": statement, "others": open(others, encoding="utf-8").read(), "chromium": chromium}
        with open(ledger.path("page.json"), "w", encoding="utf-8") as file:
            json.dump(config, file)
        result = subprocess.run(["node", "page.mjs", ledger.path("page.json")], cwd=place, check=False)
        kept = ledger.result("verify", statement, "--vkey", ledger.vkey, "--subject", page_events.ANNA)
        if kept.returncode != 0:
            print("# the statement that the page handed out does not verify: %s" % kept.stderr.strip())
        sys.exit(result.returncode or kept.returncode)
    finally:
        ledger.remove()


main()
