#!/usr/bin/env python3
"""Who may come in, by a real OpenID provider (oidc-provider of npm, tests/e2e/oidc): a page's login with PKCE, tokens of both
kinds, everything that a wrong one can be, and a provider that changes its keys or is away. (OID-3, OID-6, OID-7, OID-8, OID-9, OID-10, OID-11, OID-12, HTTP-12, ROLE-9)"""

import base64
import hashlib
import http.client
import http.cookiejar
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import npm
from indsigt import Ledger, Tap, event, wait_until

HERE = os.path.dirname(os.path.abspath(__file__))
ANNA, BO, NOBODY = "cpr:0101701234", "cpr:0202701238", "cpr:3112991239"
SIGNED, OPAQUE = "https://log.example/signed", "https://log.example/opaque"


def installed(build):
    """Where the provider stands with what it needs, or why it cannot."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return None, "node and npm are not here"
    place = os.path.join(build, "oidc-provider")
    os.makedirs(place, exist_ok=True)
    for name in ("package.json", "package-lock.json", "provider.js"):  # whole, for who reads it now
        shutil.copy(os.path.join(HERE, "oidc", name), os.path.join(place, "%s.%d" % (name, os.getpid())))
        os.rename(os.path.join(place, "%s.%d" % (name, os.getpid())), os.path.join(place, name))
    why = npm.installed(place)
    return None if why else place, why


class StopAt(urllib.request.HTTPRedirectHandler):
    """Redirects are followed but for the one to the page, which is not there."""

    def redirect_request(self, request, fp, code, message, headers, url):
        if url.startswith("https://page.example/"):
            raise LookupError(url)
        return super().redirect_request(request, fp, code, message, headers, url)


class Provider:
    def __init__(self, place):
        self.process = subprocess.Popen(["node", "provider.js"], cwd=place, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=open(os.path.join(place, "provider-%d.log" % os.getpid()), "w", encoding="utf-8"), text=True)
        self.issuer = "http://127.0.0.1:%s" % self.process.stdout.readline().split()[1]

    def end(self):
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()

    def test(self, what, body=None):
        data = json.dumps(body).encode() if body is not None else b""
        with urllib.request.urlopen("%s/test/%s" % (self.issuer, what), data=data, timeout=30) as answer:
            return answer.read().decode()

    def sign(self, header=None, by=None, **claims):
        now = int(time.time())
        good = {"aud": SIGNED, "client_id": "page", "sub": "anna", "cpr": "0101701234", "acr": "substantial", "iat": now,
                "exp": now + 600}
        good.update(claims)
        return self.test("sign", {"header": header or {}, "by": by,
                                  "claims": {name: value for name, value in good.items() if value is not None}})

    def login(self, person, resource, client="page"):
        """The authorization code flow with PKCE, as a browser and its page do it."""
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()), StopAt())
        verifier = base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("=")
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        question = {"client_id": client, "response_type": "code", "redirect_uri": "https://page.example/cb",
                    "scope": "openid read", "resource": resource, "code_challenge": challenge,
                    "code_challenge_method": "S256", "state": "s"}
        try:
            page = opener.open("%s/auth?%s" % (self.issuer, urllib.parse.urlencode(question)), timeout=30)
            form = {"prompt": "login", "login": person, "password": "x"}
            page = opener.open(page.geturl(), urllib.parse.urlencode(form).encode(), timeout=30)
            opener.open(page.geturl(), b"prompt=consent", timeout=30)
        except LookupError as end:
            code = urllib.parse.parse_qs(urllib.parse.urlparse(end.args[0]).query)["code"][0]
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": "https://page.example/cb",
                "client_id": client, "code_verifier": verifier, "resource": resource}
        with opener.open(self.issuer + "/token", urllib.parse.urlencode(form).encode(), timeout=30) as answer:
            return json.loads(answer.read())


def ask(ledger, token, path="/v1/accesses", **headers):
    """(status, headers, body)"""
    connection = http.client.HTTPConnection(ledger.query, timeout=60)
    connection.request("GET", path, headers={"Authorization": "Bearer " + token, **headers} if token else headers)
    answer = connection.getresponse()
    result = answer.status, dict(answer.getheaders()), answer.read()
    connection.close()
    return result


def is_problem(answer, status):
    code, headers, body = answer
    try:
        problem = json.loads(body)
    except ValueError:
        return False
    good = code == status and headers.get("Content-Type") == "application/problem+json" and problem["status"] == status
    return good and (status != 401 or headers.get("WWW-Authenticate", "").startswith("Bearer ")) and b"0101701234" not in body


def activities(answer):
    return [one["activity"] for one in json.loads(answer[2])["accesses"]] if answer[0] == 200 else answer


def config(ledger, provider, **more):
    secret = os.path.join(ledger.dir, "client.json")
    with open(os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump({"client_id": "ledger", "client_secret": "et hemmeligt:ord"}, file)
    issuer = {"issuer": provider.issuer, "audiences": [SIGNED, OPAQUE], "parties": ["page"],
              "person": {"claim": "cpr", "prefix": "cpr:"},
              "role": {"claim": "roles", "values": {"revisor": "auditor"}, "default": "subject"},
              "assurance": {"required": {"subject": ["substantial", "high"], "auditor": ["high"]}},
              "introspection": {"client": "client.json"}}
    issuer.update(more)
    with open(os.path.join(ledger.dir, "issuers.json"), "w", encoding="utf-8") as file:
        json.dump({"issuers": [issuer]}, file)


def check_flow(tap, ledger, provider):
    tokens = {}
    for resource in (SIGNED, OPAQUE):
        given = provider.login("anna", resource)
        tokens[resource] = given["access_token"]
        answer = ask(ledger, tokens[resource])
        tap.ok(activities(answer) == ["Anna's"], "a login with %s shows one's own events: %s" % (resource, activities(answer)))
    tap.ok(tokens[SIGNED].count(".") == 2 and "." not in tokens[OPAQUE], "one token was signed, one opaque")
    tap.ok(is_problem(ask(ledger, given["id_token"]), 401), "an ID token, which is for the page, is refused")
    for resource in (SIGNED, OPAQUE):
        low = ask(ledger, provider.login("bo", resource)["access_token"])
        tap.ok(is_problem(low, 403), "a login that is not sure enough is refused (%s): %d" % (resource, low[0]))
        elsewhere = ask(ledger, provider.login("anna", "https://other.example/" + resource.rsplit("/", 1)[1])["access_token"])
        tap.ok(is_problem(elsewhere, 401), "a token for another audience is refused (%s): %d" % (resource, elsewhere[0]))
        other = ask(ledger, provider.login("anna", resource, "other")["access_token"])
        tap.ok(is_problem(other, 401), "a token that another client got is refused (%s): %d" % (resource, other[0]))
    rita = provider.login("rita", SIGNED)["access_token"]
    tap.ok(is_problem(ask(ledger, rita), 403), "an auditor has no events of their own")
    tap.ok(ask(ledger, rita, "/v1/labels?from=0&to=1")[0] != 401 and is_problem(
        ask(ledger, tokens[SIGNED], "/v1/labels?from=0&to=1"), 403), "a role opens what is its own, and a citizen has none")
    tap.ok(is_problem(ask(ledger, None), 401) and is_problem(ask(ledger, "x" * 43), 401), "no token, and one that nobody gave")


def check_wrong(tap, ledger, provider):
    now = int(time.time())
    good = activities(ask(ledger, provider.sign()))
    tap.ok(good == ["Anna's"], "a token with the provider's key and good claims is taken: %s" % good)
    wrong = {
        "wrong audience": (401, provider.sign(aud="https://other.example")),
        "no audience": (401, provider.sign(aud=None)),
        "wrong issuer": (401, provider.sign(iss="https://evil.example")),
        "expired": (401, provider.sign(exp=now - 1)),
        "not valid yet": (401, provider.sign(nbf=now + 3600)),
        "issued tomorrow": (401, provider.sign(iat=now + 86400, exp=now + 90000)),
        "wrong key": (401, provider.sign(by="foreign")),
        "wrong key of an unknown name": (401, provider.sign({"kid": "nobody"}, by="foreign")),
        "none": (401, provider.sign({"alg": "none"}, by="none")),
        "no signature": (401, provider.sign(by="none")),
        "HMAC with the public key": (401, provider.sign({"alg": "HS256"}, by="hmac")),
        "HMAC under RS256": (401, provider.sign(by="hmac")),
        "unknown crit": (401, provider.sign({"crit": ["urn:x"], "urn:x": 1})),
        "another type": (401, provider.sign({"typ": "logout+jwt"})),
        "bound to a certificate": (401, provider.sign(cnf={"x5t#S256": "A" * 43})),
        "bound by DPoP": (401, provider.sign(cnf={"jkt": "x"})),
        "times that are texts": (401, provider.sign(exp=str(now + 600))),
        "several audiences and no party": (401, provider.sign(aud=[SIGNED, "https://other.example"], client_id=None)),
        "no number": (403, provider.sign(cpr=None)),
        "a number that is none": (403, provider.sign(cpr="1")),
        "no assurance": (403, provider.sign(acr=None)),
        "an auditor without assurance": (403, provider.sign(roles="revisor", sub="rita")),
    }
    for name, (status, token) in wrong.items():
        answer = ask(ledger, token)
        tap.ok(is_problem(answer, status), "%s: %d %s" % (name, answer[0], json.loads(answer[2]).get("detail", "")))
    tap.ok(activities(ask(ledger, provider.sign(cpr="0202701238"))) == ["Bo's"], "another number shows another person's, and no more")


def check_systems(tap, ledger, provider):
    """A system's own token, by client credentials: it is what its role says, and its SMART scopes say nothing."""
    form = urllib.parse.urlencode({"grant_type": "client_credentials", "scope": "system/AuditEvent.rs", "resource": SIGNED}).encode()
    basic = base64.b64encode(b"epj:a+secret+of+a+system").decode()
    with urllib.request.urlopen(urllib.request.Request(provider.issuer + "/token", form, {"Authorization": "Basic " + basic}), timeout=30) as answer:
        given = json.load(answer)["access_token"]
    where = "/fhir/AuditEvent?patient.identifier=" + urllib.parse.quote("urn:oid:1.2.208.176.1.2|" + ANNA[4:])

    def until(wanted, **more):
        config(ledger, provider, parties=["page", "epj"], **more)
        os.kill(ledger.daemon("indsigt-queryd"), signal.SIGHUP)
        return wait_until(lambda: [one for one in [ask(ledger, given, where, **{"Indsigt-Case": "2026-17"})] if one[0] == wanted], "the issuers are read again")[0][2]

    tap.ok(b"Anna's" not in until(403), "a system whose role nothing maps is nobody")
    body = until(200, role={"claim": "roles", "values": {"system": "supervisor", "revisor": "auditor"}, "default": "subject"})
    tap.ok(b"Anna's" in body and b"Bo's" not in body, "client credentials with a role that is mapped search")
    for scope in ("system/AuditEvent.rs", "patient/*.rs", "user/*.cruds system/*.*", ["system/*.*", 7], 7):
        got = [ask(ledger, provider.sign(scope=scope, **more), path, **headers)[0] for more, path, headers in (
            ({}, "/fhir/AuditEvent", {}), ({}, where.replace(ANNA[4:], BO[4:]), {}), ({"cpr": None, "sub": "epj", "roles": "system"}, where, {"Indsigt-Case": "2026-17"}),
            ({"cpr": None, "sub": "epj"}, where, {}))]
        tap.ok(got == [200, 403, 200, 403], "scope %s opens nothing and shuts nothing: %s" % (scope, got))


def check_same(tap, ledger, provider):
    """What is refused is refused alike, whoever it is about. (OID-11)"""
    now = int(time.time())
    for name, wrong in (("expired", {"exp": now - 1}), ("no assurance", {"acr": "low"}), ("wrong audience", {"aud": "x"})):
        known, unknown = provider.sign(**wrong), provider.sign(cpr=NOBODY[4:], **wrong)
        answers = {person: set() for person in (known, unknown)}
        for _ in range(1000):
            for person in answers:
                code, headers, body = ask(ledger, person)
                headers.pop("Date", None)
                answers[person].add((code, tuple(sorted(headers.items())), body))
        tap.ok(len(answers[known]) == 1 and answers[known] == answers[unknown],
               "%s: 1,000 answers about who is in the ledger and 1,000 about who is not are the same" % name)


def check_rotation(tap, ledger, provider):
    """Keys change while people ask: nobody is refused."""
    statuses, stop, tokens = [], threading.Event(), [provider.sign()]

    def go_on():
        while not stop.is_set():
            statuses.append(ask(ledger, tokens[-1])[0])

    threads = [threading.Thread(target=go_on) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(2):
        before = len(statuses)
        provider.test("rotate")
        tokens.append(provider.sign())
        old = tokens[-2]
        fresh = [ask(ledger, tokens[-1])[0] for _ in range(2)] + [ask(ledger, old)[0]]
        wait_until(lambda: len(statuses) > before + 20, "answers go on")
        tap.ok(fresh == [200] * 3, "a new key is fetched, and the old one holds on: %s" % fresh)
    stop.set()
    for thread in threads:
        thread.join()
    tap.ok(set(statuses) == {200}, "of %d answers while keys changed none was refused: %s" % (len(statuses), set(statuses)))


def check_away(tap, ledger, provider):
    """An issuer that is away: its keys hold; what only it could say was not looked at."""
    def said():
        return open(ledger.path("serve.log"), encoding="utf-8").read().count("\nissuer ")

    held, opaque = provider.sign(), provider.login("anna", OPAQUE)["access_token"]
    provider.test("away")
    before = said()
    answers = ask(ledger, held), ask(ledger, opaque), ask(ledger, provider.sign({"kid": "another"}))
    tap.ok(answers[0][0] == 200, "while the provider is away its keys hold")
    tap.ok(is_problem(answers[1], 503) and is_problem(answers[2], 503),
           "what could not be looked at is 503, never 401: %d, %d" % (answers[1][0], answers[2][0]))
    others = [ask(ledger, "nobody-%d" % i)[0] for i in range(20)]
    tap.ok(set(others) == {503} and said() - before <= 2, "an operator is told of keys and of tokens, and not for each that is shown: %d" % (said() - before))
    ledger.stop()
    ledger.serve()
    first = ask(ledger, held)
    tap.ok(is_problem(first, 503) and "Retry-After" in first[1], "no key is here and none can be had: %d" % first[0])
    provider.test("back")
    back = wait_until(lambda: ask(ledger, held)[0] == 200, "the provider is back")
    tap.ok(back, "and when it is back it is asked again by itself")
    again = ask(ledger, opaque)[0]
    tap.ok(again == 200, "and about opaque tokens, too: %d" % again)


def check_relatives(tap, ledger, provider, register):
    """A provider's token says who somebody is; whom they act for is said by grants alone. (ROLE-9)"""
    def grant(**more):
        line = event("grants:" + ANNA, "Fuldmagt", grant={"id": "f-1", "kind": "attorney", "to": BO, **more})
        ledger.run("send", "--server", ledger.ingest, "--key", register, "-", stdin=line + "\n")

    config(ledger, provider, assurance={"claim": "acr", "required": {"subject": ["substantial", "high"], "proxy": ["high"]}})
    ledger.stop()
    ledger.serve()
    bo, weak = provider.sign(cpr="0202701238", acr="high"), provider.sign(cpr="0202701238")
    about = {"Indsigt-Subject": ANNA}
    before = ask(ledger, bo, **about)
    tap.ok(is_problem(before, 403) and b"nobody has registered" in before[2], "without a grant nobody acts for another: %s" % (before[::2],))
    grant()
    got = wait_until(lambda: next((answer for answer in [ask(ledger, bo, **about)] if answer[0] != 503), None), "the sender of reads")
    tap.ok(got[0] == 200 and "Anna's" in activities(got), "with one a person's own token does: %s" % (activities(got),))
    tap.ok(activities(ask(ledger, bo)) == ["Bo's"], "and without a name it is about who asks")
    less = ask(ledger, weak, **about)
    tap.ok(is_problem(less, 403) and activities(ask(ledger, weak)) == ["Bo's"], "whose assurance is not that of proxies asks about nobody else: %d" % less[0])
    lists = ask(ledger, bo, **{"Indsigt-Subject": "grants:" + ANNA})
    tap.ok(is_problem(lists, 403) and ask(ledger, bo, **{"Indsigt-Subject": "grants:" + BO})[0] == 200, "lists of grants are read by whose they are")
    grant(revoked=True)
    after = ask(ledger, bo, **about)
    tap.ok(after[0] == 403 and after[2] == before[2], "once it is revoked nobody does")
    shown = [one["activity"] for one in json.loads(ask(ledger, provider.sign())[2])["accesses"] if one["system"] == "Indsigt"]
    tap.ok(len(shown) == 1, "and the read is in that person's own log: %s" % shown)


def check_comes_later(tap, ledger, provider):
    """A ledger that was started before anybody was named needs a SIGHUP and no start. Without demo tokens."""
    log, token = ledger.path("serve.log"), provider.sign()
    os.rename(os.path.join(ledger.dir, "issuers.json"), ledger.path("put-away"))
    ledger.stop()
    ledger.serve(demo=False)
    status, _, body = ask(ledger, token)
    tap.ok(status == 401 and "trusts no identity provider" in str(body), "without issuers.json nobody comes in: %d %s" % (status, body))
    os.kill(ledger.daemon("indsigt-queryd"), signal.SIGHUP)
    tap.ok(ask(ledger, token)[0] == 401, "... after a SIGHUP, too")
    os.rename(ledger.path("put-away"), os.path.join(ledger.dir, "issuers.json"))
    before = open(log, encoding="utf-8").read().count("issuers were read again")
    ledger.server.send_signal(signal.SIGHUP)
    wait_until(lambda: open(log, encoding="utf-8").read().count("issuers were read again") > before, "the file is seen")
    tap.ok(ask(ledger, token)[0] == 200, "one that comes later is read on SIGHUP")
    os.rename(os.path.join(ledger.dir, "issuers.json"), ledger.path("put-away"))
    before = open(log, encoding="utf-8").read().count("stay as they were")
    ledger.server.send_signal(signal.SIGHUP)
    wait_until(lambda: open(log, encoding="utf-8").read().count("stay as they were") > before, "it is missed")
    tap.ok(ask(ledger, token)[0] == 200, "and one that is gone again changes nothing")
    os.rename(ledger.path("put-away"), os.path.join(ledger.dir, "issuers.json"))


def check_reload(tap, ledger, provider):
    token = provider.sign()
    log = ledger.path("serve.log")
    config(ledger, provider, audiences=["https://new.example"])
    os.kill(ledger.daemon("indsigt-queryd"), signal.SIGHUP)
    wait_until(lambda: "issuers were read again" in open(log, encoding="utf-8").read(), "the file is read")
    tap.ok(ask(ledger, token)[0] == 401 and ask(ledger, provider.sign(aud="https://new.example"))[0] == 200,
           "SIGHUP reads the file again")
    config(ledger, provider, audience="https://log.example")
    os.kill(ledger.daemon("indsigt-queryd"), signal.SIGHUP)
    wait_until(lambda: "stay as they were" in open(log, encoding="utf-8").read(), "the file is refused")
    said = open(log, encoding="utf-8").read()
    tap.ok("issuers[0] has the member 'audience'" in said and ask(ledger, provider.sign(aud="https://new.example"))[0] == 200,
           "one that is wrong is told by the member, and changes nothing")
    tap.ok("0101701234" not in said, "no number of anybody is in the log")


def check_issuer_check(tap, ledger, provider):
    """What an operator is told."""
    def said():
        result = ledger.result("issuer", "check", ledger.dir)
        return result.returncode, result.stdout + result.stderr

    config(ledger, provider)
    code, text = said()
    tap.ok(code == 0 and text.count(" ok") == 3 and "2 can verify" in text, "issuer check says that all three work: %d %s" % (code, text))
    with open(os.path.join(ledger.dir, "client.json"), "w", encoding="utf-8") as file:
        json.dump({"client_id": "ledger", "client_secret": "wrong"}, file)
    code, text = said()
    tap.ok(code == 4 and "does not take the client" in text and "wrong" not in text, "that the client is not taken: %d %s" % (code, text))
    config(ledger, provider, issuer=provider.issuer + "/")
    code, text = said()
    tap.ok(code == 1 and "letter for letter" in text, "that the name is another: %d %s" % (code, text))
    provider.test("away")
    code, text = said()
    provider.test("back")
    tap.ok(code == 4 and "HTTP status 503" in text, "that it is away: %d %s" % (code, text))
    config(ledger, provider, audience="x")
    code, text = said()
    tap.ok(code == 1 and "issuers[0] has the member 'audience'" in text, "that the file is wrong: %d %s" % (code, text))


def main():
    tap = Tap()
    place, why = installed(os.path.dirname(os.path.dirname(os.path.abspath(sys.argv[1]))))
    if place is None:
        tap.skip("a real OpenID provider", why)
        tap.done()
    ledger, provider = Ledger(sys.argv[1], operator="cvr:34051178"), Provider(place)
    key = ledger.add_sender("ksd")
    register = ledger.add_sender("cpr", "cvr:34051178", "--grants")
    config(ledger, provider)
    ledger.serve()
    events = "\n".join(event(who, what) for who, what in ((ANNA, "Anna's"), (BO, "Bo's")))
    ledger.run("send", "--server", ledger.ingest, "--key", key, "-", stdin=events)
    check_flow(tap, ledger, provider)
    check_wrong(tap, ledger, provider)
    check_same(tap, ledger, provider)
    check_rotation(tap, ledger, provider)
    check_away(tap, ledger, provider)
    check_reload(tap, ledger, provider)
    config(ledger, provider)
    check_comes_later(tap, ledger, provider)
    check_relatives(tap, ledger, provider, register)
    check_systems(tap, ledger, provider)
    check_issuer_check(tap, ledger, provider)
    provider.end()
    ledger.remove()
    tap.done()


if __name__ == "__main__":
    main()
