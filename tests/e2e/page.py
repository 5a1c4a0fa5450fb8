#!/usr/bin/env python3
"""The citizen's page in a real Chromium, in front of a real ledger: signing in, overview, filters, details, the panel green,
and red against answers that were changed on their way, for somebody else, reports and answers, consents, figures, languages,
sizes, and what axe finds. Screenshots are left in BUILD/page-shots. (HTTP-41, HTTP-42, HTTP-43, PAGE-13)
usage: page.py INDSIGT"""

import json
import os
import subprocess
import sys

import oidc
import page_events
from chromium import prepared
from indsigt import Ledger, event, wait_until

MANY = 5000


def reported(ledger, token, index):
    """A report, under a key of its own: however often it is sent it is one. None while the ledger's own sender is not there."""
    body = json.dumps({"index": index, "comment": "Jeg var på skadestuen, men hvem så i journalen?", "key": "once"})
    said = json.loads(subprocess.run(["curl", "-s", "-H", "Authorization: Bearer " + token, "-H", "Content-Type: application/json", "-d", body,
                                      "http://%s/v1/reports" % ledger.query], capture_output=True, text=True, check=True).stdout)
    return said if "id" in said else None


def answer_a_report(ledger, token):
    """One report that was answered by its organisation's own system; the index of the access."""
    page = json.loads(subprocess.run(["curl", "-s", "-H", "Authorization: Bearer " + token, "http://%s/v1/accesses?limit=1000" % ledger.query],
                                     capture_output=True, text=True, check=True).stdout)
    access = next(one for one in page["accesses"] if one.get("emergency"))
    said = wait_until(lambda: reported(ledger, token, access["index"]), "a report in the log")
    org = access["org"]
    ledger.run("send", "--server", ledger.ingest, "--key", ledger.path("hospital.key"), "-", stdin=event(
        page_events.ANNA, "Svar på en melding", org=org, system="Borgerservice", purpose="Svar til borger", time=access["ledger_time"],
        actor={"kind": "human", "role": "Databeskyttelsesrådgiver"}, answer={"report": said["id"], "text": "Opslaget var en fejl. Vi beklager."}) + "\n")
    return access["index"]


def real_provider(build, ledger):
    """oidc-provider, which the ledger believes and its page names; None where it cannot be had."""
    place, why = oidc.installed(build)
    if why:
        print("# no OpenID provider: %s" % why)
        return None
    provider = oidc.Provider(place)
    oidc.config(ledger, provider, person={"claim": "cpr", "prefix": "cpr:"})
    with open(os.path.join(ledger.dir, "page.json"), "w", encoding="utf-8") as file:
        json.dump({"ledger": "./", "vkey": ledger.vkey, "policy": None, "lag_seconds": 60, "issuer": provider.issuer, "client_id": "page",
                   "scope": "openid read", "resource": oidc.SIGNED, "languages": ["da", "en"], "demo": False}, file)
    return provider


def main():
    indsigt = os.path.abspath(sys.argv[1])
    build = os.path.dirname(os.path.dirname(indsigt))
    chromium, folder, place = prepared(indsigt, "page-test")
    ledger = Ledger(indsigt, origin="log.example.dk/2026", operator="cvr:34051178")
    real = None
    try:
        real = real_provider(build, ledger)
        ledger.serve()
        if real:
            real.test("page", "http://%s/index.html" % ledger.query)
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
                  "shots": os.path.join(build, "page-shots"), "statement": statement, "real": "http://%s/" % ledger.query if real else None, "others": open(others, encoding="utf-8").read(), "chromium": chromium}
        with open(ledger.path("page.json"), "w", encoding="utf-8") as file:
            json.dump(config, file)
        result = subprocess.run(["node", "page.mjs", ledger.path("page.json")], cwd=place, check=False)
        kept = ledger.result("verify", statement, "--vkey", ledger.vkey, "--subject", page_events.ANNA)
        if kept.returncode != 0:
            print("# the statement that the page handed out does not verify: %s" % kept.stderr.strip())
        sys.exit(result.returncode or kept.returncode)
    finally:
        if real:
            real.end()
        ledger.remove()


main()
