"""An identity provider for the tests that need no real one (oidc.py has that): a key on P-256 by the openssl command, what an issuer
publishes, and an endpoint that is asked about opaque tokens. On this machine, in the clear."""

import base64
import http.server
import json
import os
import subprocess
import threading
import time
import urllib.parse

AUDIENCE = "https://log.example/issuer-of-tests"


def text64(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def whole(der, at):
    """The integer of an ECDSA signature in DER that begins there, in 32 bytes, and where the next one begins."""
    length = der[at + 1]
    return der[at + 2:at + 2 + length].lstrip(b"\0").rjust(32, b"\0"), at + 2 + length


class Issuer:
    def __init__(self, folder):
        os.makedirs(folder)
        self.folder, self.key = folder, os.path.join(folder, "key.pem")
        self.opaque = {}  # by token
        subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", self.key], check=True)
        point = subprocess.run(["openssl", "pkey", "-in", self.key, "-pubout", "-outform", "DER"], stdout=subprocess.PIPE, check=True).stdout[-64:]
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *arguments):
                pass

            def reply(self, document):
                body = json.dumps(document).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                self.reply(self.keys() if self.path == "/keys" else {"issuer": issuer.address, "jwks_uri": issuer.address + "/keys",
                                                                     "introspection_endpoint": issuer.address + "/introspect"})

            def keys(self):
                return {"keys": [{"kty": "EC", "crv": "P-256", "kid": "k", "use": "sig", "x": text64(point[:32]), "y": text64(point[32:])}]}

            def do_POST(self):
                form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                self.reply(issuer.opaque.get(form["token"][0], {"active": False}))

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = "http://127.0.0.1:%d" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def claims(self, **more):
        now = int(time.time())
        return {"iss": self.address, "aud": AUDIENCE, "iat": now, "exp": now + 600, **more}

    def sign(self, **more):
        text = "%s.%s" % (text64(json.dumps({"alg": "ES256", "kid": "k"}).encode()), text64(json.dumps(self.claims(**more)).encode()))
        der = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.key], input=text.encode(), stdout=subprocess.PIPE, check=True).stdout
        first, at = whole(der, 2)
        return "%s.%s" % (text, text64(first + whole(der, at)[0]))

    def give(self, token, **more):
        """An opaque token from now on."""
        self.opaque[token] = {"active": True, **self.claims(**more)}

    def configure(self, ledger, secret, **more):
        """The ledger believes it, and asks with this secret."""
        with open(os.open(os.path.join(ledger.dir, "client.json"), os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
            json.dump({"client_id": "ledger", "client_secret": secret}, file)
        config = {"issuer": self.address, "audiences": [AUDIENCE], "person": {"claim": "cpr", "prefix": "cpr:"},
                  "role": {"claim": "role", "values": {"tilsyn": "supervisor"}, "default": "subject"}, "introspection": {"client": "client.json"}, **more}
        with open(os.path.join(ledger.dir, "issuers.json"), "w", encoding="utf-8") as file:
            json.dump({"issuers": [config]}, file)

    def end(self):
        self.server.shutdown()
        self.server.server_close()
