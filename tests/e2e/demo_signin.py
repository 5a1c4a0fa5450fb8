#!/usr/bin/env python3
"""Signing in where tokens are for trying things out, step by step as the page does it; and what is not let through.
(DEMO-1, DEMO-2, DEMO-3, DEMO-4, DEMO-5, HTTP-7)"""

import base64
import hashlib
import http.client
import json
import re
import subprocess
import sys
import urllib.parse

from indsigt import Ledger, Tap, event

SUBJECT = "cpr:0101701234"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def text_of(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def bytes_of(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Browser:
    """Follows nothing by itself."""

    def __init__(self, address):
        self.address = address

    def ask(self, method, path, form=None, headers=None, body=None):
        """(status, headers, body)"""
        connection = http.client.HTTPConnection(*self.address.rsplit(":", 1), timeout=30)
        body = urllib.parse.urlencode(form) if form is not None else body
        connection.request(method, path, body, {**(FORM if form is not None else {}), **(headers or {})})
        response = connection.getresponse()
        data = response.read()
        connection.close()
        return response.status, response.headers, data

    def json(self, method, path, form=None, headers=None):
        status, _, body = self.ask(method, path, form, headers)
        return status, json.loads(body)


def question(browser, **others):
    asked = {"response_type": "code", "client_id": "indsigt-page", "redirect_uri": "http://%s/index.html" % browser.address,
             "scope": "openid", "state": "s&=ø", "nonce": "n-1", "ui_locales": "en", "code_challenge_method": "S256",
             "code_challenge": text_of(hashlib.sha256(VERIFIER.encode()).digest()), **others}
    return "/demo/authorize?" + urllib.parse.urlencode({name: value for name, value in asked.items() if value is not None})


def pick(browser, person, **others):
    """The parameters that the page is come back to with."""
    status, headers, _ = browser.ask("POST", question(browser, **others), person)
    way = urllib.parse.urlsplit(headers["Location"])
    assert status == 303, status
    return way, dict(urllib.parse.parse_qsl(way.query))


def exchange(browser, code, **others):
    return browser.json("POST", "/demo/token", {"grant_type": "authorization_code", "code": code, "client_id": "indsigt-page",
                                                "redirect_uri": "http://%s/index.html" % browser.address,
                                                "code_verifier": VERIFIER, **others})


def verifies(ledger, token, key):
    """By OpenSSL, under the published key."""
    head, payload, signature = token.split(".")
    der = bytes.fromhex("302a300506032b6570032100") + bytes_of(key["x"])
    for name, data in (("key", der), ("signed", ("%s.%s" % (head, payload)).encode()), ("signature", bytes_of(signature))):
        with open(ledger.path(name), "wb") as file:
            file.write(data)
    return subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", ledger.path("key"), "-rawin",
                           "-in", ledger.path("signed"), "-sigfile", ledger.path("signature")], capture_output=True,
                          check=False).returncode == 0


def signs_in(tap, ledger, browser):
    name = "http://%s/demo" % browser.address
    status, known = browser.json("GET", "/demo/.well-known/openid-configuration")
    tap.ok(status == 200 and known["issuer"] == name and known["token_endpoint"] == name + "/token", "the provider says what it is")
    tap.ok(known["code_challenge_methods_supported"] == ["S256"], "... and wants PKCE")
    status, headers, body = browser.ask("GET", question(browser))
    page = body.decode()
    tap.ok(status == 200 and "Karen &#38; Søn" in page and 'lang="en"' in page, "a page lists the persons (DEMO-4)")
    tap.ok("form-action 'self'" in headers["Content-Security-Policy"] and "<script" not in page and "<style" not in page,
           "... and can do nothing but be sent")
    tap.ok('rel="icon" href="data:,"' in page and "img-src data:" in headers["Content-Security-Policy"],
           "... and asks for no picture that is not there")
    tap.ok("n-1" not in page and VERIFIER not in page and browser.ask("GET", "/demo/style.css")[0] == 200,
           "... with nothing of the question in it")
    way, back = pick(browser, {"person": "0"})
    tap.ok("%s://%s%s" % way[:3] == "http://%s/index.html" % browser.address and back["state"] == "s&=ø" and back["iss"] == name,
           "picking one leads back to the page")
    status, given = exchange(browser, back["code"])
    tap.ok(status == 200 and given["token_type"] == "Bearer" and given["expires_in"] == 3600, "the code becomes a token")
    claims = json.loads(bytes_of(given["id_token"].split(".")[1]))
    tap.ok(claims["nonce"] == "n-1" and claims["aud"] == "indsigt-page" and claims["iss"] == name and claims["sub"] == SUBJECT and
           claims["name"] == "Karen & Søn", "... and an ID token about the person")
    key = browser.json("GET", "/demo/jwks")[1]["keys"][0]
    tap.ok(verifies(ledger, given["id_token"], key), "... signed with the published key (DEMO-5)")
    answer = browser.json("GET", "/v1/accesses", headers={"Authorization": "Bearer " + given["access_token"]})[1]
    tap.ok(len(answer["accesses"]) == 1 and answer["subject"] == SUBJECT, "the ledger answers to it")
    tap.ok(exchange(browser, back["code"])[1]["error"] == "invalid_grant", "a code is good once (DEMO-3)")
    other = pick(browser, {"other": "cpr:020270-2345"})[1]
    given = exchange(browser, other["code"])[1]
    answer = browser.json("GET", "/v1/accesses", headers={"Authorization": "Bearer " + given["access_token"]})[1]
    tap.ok(answer["accesses"] == [] and answer["subject"] == "cpr:0202702345", "anybody else can be signed in by number")


def is_refused(tap, browser):
    bad = {"redirect_uri": ["http://evil.example/", "http://%s.evil.example/" % browser.address, "http://%s/other" % browser.address,
                            "http://%s/index.html?x" % browser.address, None], "response_type": ["token", None],
           "code_challenge": [None, "short"], "code_challenge_method": ["plain", None], "client_id": [None, "x" * 128],
           "more": ["1"]}
    tap.ok(all(browser.ask(method, question(browser, **{name: value}), form)[0] == 400 for name, values in bad.items()
               for value in values for method, form in (("GET", None), ("POST", {"person": "0"}))),
           "a question that could send a code elsewhere, or unproven, is refused (DEMO-2)")
    for form in ({"person": "7"}, {"person": ""}, {"other": "nobody"}, {}, {"person": "0", "more": "1"}):
        tap.ok(browser.ask("POST", question(browser), form)[0] == 400, "nobody is signed in by %s" % form)
    for change in ({"code_verifier": "x" * 43}, {"redirect_uri": "http://%s/" % browser.address}, {"client_id": "other"}):
        code = pick(browser, {"person": "0"})[1]["code"]
        good = exchange(browser, code, **change)[1]["error"] == "invalid_grant" and exchange(browser, code)[0] == 400
        tap.ok(good, "a code is gone with a wrong %s (DEMO-3)" % list(change)[0])
    tap.ok(exchange(browser, "x" * 43)[1]["error"] == "invalid_grant", "a code that was never given is refused")
    tap.ok(exchange(browser, "x", grant_type="password")[1]["error"] == "unsupported_grant_type", "no other kind of grant")
    status, _, body = browser.ask("POST", "/demo/token", body="{}", headers={"Content-Type": "application/json"})
    tap.ok(status == 400 and b"a form" in body, "what is no form is refused")
    tap.ok(browser.ask("POST", "/demo/token", body="x=" + "y" * 2047, headers=FORM)[0] == 400, "... and one that is too long")
    tap.ok(browser.ask("POST", "/demo/token", body="x=" + "y" * 5000, headers=FORM)[0] == 413, "... or much too long")
    host = {"Host": "evil.example"}
    tap.ok(all(browser.ask("GET", path, headers=host)[0] == 400 for path in ("/demo/.well-known/openid-configuration", question(browser))),
           "it answers to its own name alone (DEMO-1)")
    status, headers, _ = browser.ask("GET", "/demo/token")
    tap.ok(status == 405 and headers["Allow"] == "POST", "a token is not read")
    tap.ok(browser.ask("GET", "/demo/")[0] == 404 and browser.ask("GET", "/demo/else")[0] == 404, "nothing else is there")
    tap.ok(browser.ask("POST", "/v1/coverage", {"x": "y"})[0] == 400 and browser.ask("PUT", "/demo/token", {"x": "y"})[0] == 400,
           "a body is read nowhere else (HTTP-7)")


def main():
    tap = Tap()
    ledger = Ledger(sys.argv[1])
    try:
        with open(ledger.dir + "/demo-persons.json", "w", encoding="utf-8") as file:
            json.dump([{"id": SUBJECT, "name": "Karen & Søn"}], file)
        key = ledger.add_sender("one")
        ledger.serve("--web", "none")
        ledger.run("send", "--server", ledger.ingest, "--key", key, "-", stdin=event(SUBJECT, "Opslag") + "\n")
        browser = Browser(ledger.query)
        signs_in(tap, ledger, browser)
        is_refused(tap, browser)
        log = open(ledger.path("serve.log"), encoding="utf-8").read()
        tap.ok(" /demo/ 303" in log and "0101701234" not in log and not re.search(r"code=|person=", log), "nothing of it is in the log")
        ledger.stop()
        queryd = subprocess.Popen([ledger.indsigt.replace("tools/indsigt", "query/indsigt-queryd"), ledger.dir, "--listen", "127.0.0.1:0"],
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        plain = Browser(queryd.stdout.readline().split()[1])
        tap.ok(plain.ask("GET", "/demo/.well-known/openid-configuration")[0] == 404 and
               plain.ask("POST", "/demo/token", {"code": "x"})[0] == 400, "without --demo-tokens there is none of it (DEMO-1)")
        queryd.terminate()
        queryd.wait()
        queryd.stdout.close()
    finally:
        ledger.remove()
    tap.done()


main()
