#!/usr/bin/env python3
"""The door for FHIR with access tokens of a real provider (oidc-provider of npm): client credentials, everything that a wrong token
can be, tokens that are bound to a certificate, and a provider that changes its keys or is away. (GW-40, GW-41, GW-42, GW-43, GW-44, GW-45)
usage: fhir_tokens.py INDSIGT GATEWAY [PART...]"""

import base64
import hashlib
import json
import os
import shutil
import ssl
import subprocess
import urllib.parse
import urllib.request

import hapi
from certificates import Authority, NoOpenssl
from fhir_door import Door, audit, bundle
from gateway import run, seen
from indsigt import wait_until
from oidc import Provider, installed

AUDIENCE = "https://gateway.hospital.example/fhir"
SCOPE = "system/AuditEvent.c"


def provider_of(tap, program):
    place, why = installed(os.path.dirname(os.path.dirname(os.path.abspath(program))))
    if place is None:
        tap.skip("access tokens", why)
        return None
    return Provider(place)


def issuers(ledger, provider, **more):
    path = ledger.path("fhir-issuers.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"issuers": [{"issuer": provider.issuer, "audiences": [AUDIENCE], "parties": ["epj"], **more}]}, file)
    return path


def sign(provider, header=None, by=None, **claims):
    return provider.sign(header, by, **{"aud": AUDIENCE, "client_id": "epj", "sub": "epj", "scope": SCOPE, "cpr": None, "acr": None, **claims})


def credentials(where, scope):
    """A token of the flow itself (RFC 6749 section 4.4)."""
    form = urllib.parse.urlencode({"grant_type": "client_credentials", "scope": scope, "resource": AUDIENCE}).encode()
    basic = base64.b64encode(b"epj:" + urllib.parse.quote_plus("a secret of a system").encode()).decode()
    with urllib.request.urlopen(urllib.request.Request(where, form, {"Authorization": "Basic " + basic}), timeout=60) as answer:
        return json.load(answer)["access_token"]


def post(door, token, what, **more):
    return door.post(audit("0101701320", what), **({"Authorization": "Bearer " + token} if token else {}), **more)


def refused(answer, status, challenge):
    return answer.status == status and answer.is_outcome() and answer.headers.get("WWW-Authenticate", "").startswith(challenge)


def tokens(tap, ledger, program):
    provider = provider_of(tap, program)
    if provider is None:
        return
    door = Door(ledger, ledger.add_sender("fhir-tokens"), program, "--fhir-issuers", issuers(ledger, provider))
    answer = wait_until(lambda: [one for one in [door.ask("GET", "/fhir/.well-known/smart-configuration")] if one.status == 200], "the provider was asked")[0]
    tap.ok(answer.type == "application/json" and answer.json["grant_types_supported"] == ["client_credentials"] and SCOPE in answer.json["scopes_supported"]
           and "client-confidential-symmetric" in answer.json["capabilities"], "where tokens are had is said: %s" % answer.json)
    security = door.ask("GET", "/fhir/metadata").json["rest"][0]["security"]
    tap.ok(security["service"][0]["coding"][0]["code"] == "SMART-on-FHIR" and security["extension"][0]["extension"][0]["valueUri"] == answer.json["token_endpoint"],
           "the metadata says it, too")
    token = credentials(answer.json["token_endpoint"], SCOPE)
    tap.ok(post(door, token, "taken").status == 201 and post(door, token, "taken").status == 200, "client credentials: a token that was given for them is taken")
    tap.ok(refused(post(door, credentials(answer.json["token_endpoint"], "system/AuditEvent.rs"), "x"), 403, 'Bearer error="insufficient_scope"'), "one to read is not enough")
    tap.ok(refused(post(door, None, "x"), 401, "Bearer scope="), "none: 401")
    tap.ok(post(door, sign(provider), "signed").status == 201, "one that is signed here")
    wrong = {"another audience": sign(provider, aud="https://log.example"), "expired": sign(provider, exp=1700000000), "another client": sign(provider, client_id="other"),
             "no client": sign(provider, client_id=None), "alg none": sign(provider, {"alg": "none"}, "none"), "HS256": sign(provider, {"alg": "HS256"}, "hmac"),
             "a foreign key": sign(provider, None, "foreign"), "crit": sign(provider, {"crit": ["x"], "x": 1}), "an ID token of logout": sign(provider, {"typ": "logout+jwt"}),
             "DPoP": sign(provider, cnf={"jkt": "x"}), "bound to a certificate": sign(provider, cnf={"x5t#S256": "A" * 43}), "another issuer": sign(provider, iss="https://x.example"),
             "no token": "nonsense", "changed": token[:-8] + "AAAAAAAA", "long": "a." * 4500}
    for what, one in wrong.items():
        answer = door.post(audit("0101701320", what), Authorization="Bearer " + one)
        tap.ok(refused(answer, 401, 'Bearer error="invalid_token"'), "%s: %d %s" % (what, answer.status, answer.issue()["diagnostics"]))
        words = {"another issuer": "iss is", "no token": "JWT"}.get(what, "")
        tap.ok(words in answer.issue()["diagnostics"], "which says what is wrong with it: %s" % (words or "any words"))
    for scope in ("system/Patient.c", "user/AuditEvent.c", "system/AuditEvent.c?type=rest", "", None):
        tap.ok(refused(post(door, sign(provider, scope=scope), "x"), 403, 'Bearer error="insufficient_scope"'), "scope %s: 403" % scope)
    for scope in ("system/*.cud", "system/AuditEvent.write", ["x", "system/*.*"]):
        tap.ok(post(door, sign(provider, scope=scope), "scope %s" % scope).status == 201, "scope %s" % scope)
    provider.test("rotate")
    tap.ok(post(door, sign(provider), "rotated").status == 201, "a new key is fetched when a token names it")
    provider.test("rotate")
    wait_until(lambda: post(door, sign(provider), "rotated").status == 200, "the next one too")
    tap.ok(refused(post(door, token, "x"), 401, 'Bearer error="invalid_token"'), "a token is not remembered beyond its key")
    provider.test("away")
    token = sign(provider)
    tap.ok(post(door, token, "away").status == 201, "keys that are here hold while the provider is away")
    tap.ok(len(seen(ledger, "cpr:0101701320", 7)) == 7, "what was taken is found")
    tap.ok(token.split(".")[2] not in door.said() and "0101701320" not in door.said(), "no token and no number is in what it says")
    tap.ok(door.stop() == 0, "and it ends in order")
    provider.end()


def bound(tap, ledger, program):
    """By TLS: a token or a certificate; RFC 8705."""
    provider = provider_of(tap, program)
    if provider is None:
        return
    try:
        authority = Authority(ledger.path("fhir-tokens-ca"))
    except NoOpenssl as why:
        tap.skip("tokens by TLS", why)
        return
    server, client, stranger = authority.issue("server"), authority.issue("client"), authority.issue("stranger")
    for number, more in enumerate(((), ("--client-ca", authority.certificate))):
        door = Door(ledger, ledger.add_sender("fhir-bound-%d" % number), program, "--fhir-issuers", issuers(ledger, provider), "--fhir-cert", server.certificate, "--fhir-key",
                    server.key, *more, fhir="0.0.0.0:0")
        with open(client.certificate, encoding="ascii") as file:
            der = ssl.PEM_cert_to_DER_cert(file.read().split("-----END CERTIFICATE-----")[0] + "-----END CERTIFICATE-----\n")
        token = sign(provider, cnf={"x5t#S256": base64.urlsafe_b64encode(hashlib.sha256(der).digest()).decode().rstrip("=")})
        for pair, one, wanted in ((None, sign(provider), 201), (client, token, 200), (stranger, token, 401), (None, token, 401), (None, None, 401),
                                  (client, None, 200 if more else 403), (client, "nonsense", 401)):
            door.context = ssl.create_default_context(cafile=authority.certificate)
            if pair:
                door.context.load_cert_chain(pair.certificate, pair.key)
            answer = post(door, one, "bound %d" % number)
            tap.ok(answer.status == wanted, "%s, %s: %d" % (pair and os.path.basename(pair.certificate), "no token" if one is None else "bound" if one == token else "a token", answer.status))
        door.stop()
    provider.end()


def written(tap, ledger, program):
    """What spec/gateway.md has to begin with, with other addresses and the provider's secret; and HAPI's client."""
    provider = provider_of(tap, program)
    if provider is None:
        return
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    with open(os.path.join(root, "spec/gateway.md"), encoding="utf-8") as file:
        page = file.read().split("### Access tokens")[1].split("\n* **")[0]
    path = ledger.path("written-issuers.json")
    with open(path, "w", encoding="utf-8") as file:
        file.write(page.split("```json\n")[1].split("```")[0].replace("https://login.hospital.example", provider.issuer))
    checked = ledger.result("issuer", "check", "--gateway", path)
    tap.ok(checked.returncode == 0 and "tokens         ok: had at %s/token" % provider.issuer in checked.stdout, "issuer check says what works: %s" % (checked.stdout + checked.stderr))
    tap.ok(ledger.result("issuer", "check", ledger.dir, "--gateway", path).returncode == 2 and ledger.result("issuer", "check").returncode == 2, "of one of both")
    door = Door(ledger, ledger.add_sender("fhir-written"), program, "--fhir-issuers", path)
    lines = [line.strip() for line in page.splitlines() if line.startswith("    ") and "curl" in line]
    if shutil.which("curl") and shutil.which("jq"):
        script = "\n".join(lines).replace("https://login.hospital.example", provider.issuer).replace("SECRET", "a+secret+of+a+system") \
            .replace("https://gateway.hospital.example:7516", "http://127.0.0.1:%d" % door.port)
        result = subprocess.run(["sh", "-c", script], cwd=root, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=240, check=False)
        tap.ok(len(lines) == 2 and result.stdout.startswith("HTTP/1.1 201 "), "the lines run as they are written: %s" % (result.stdout + result.stderr))
    else:
        tap.skip("the lines for curl", "there is no curl or no jq")
    try:
        client = hapi.Client(ledger.path("hapi-tokens"))
    except hapi.NotHere as why:
        tap.skip("HAPI's client", why)
    else:
        base, bad = "http://127.0.0.1:%d/fhir" % door.port, audit("0101701322", "bad", recorded=None)
        given = {"one": audit("0101701322", "one"), "two": audit("0101701322", "two"), "bad": bad, "bundle": bundle("transaction", audit("0101701322", "three"))}
        said = client.run("R4", base, credentials(provider.issuer + "/token", SCOPE), **given)
        tap.ok(said.get("created", "").startswith("AuditEvent/") and said.get("transaction") == "201 Created", "HAPI's client with a token: %s" % said)
        tap.ok("401" in client.run("R4", base, "nonsense", **given).get("failed", ""), "and with none that holds")
    tap.ok(door.stop() == 0, "and it ends in order")
    provider.end()


if __name__ == "__main__":
    run(tokens, bound, written)
