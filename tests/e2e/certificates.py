"""An authority for the tests of TLS, by the openssl command: a root, an authority under it, and certificates of servers and clients."""

import os
import shutil
import subprocess

from indsigt import Ledger, event

EVERYWHERE = "DNS:localhost,IP:127.0.0.1"


class NoOpenssl(Exception):
    pass


def openssl(*arguments):
    result = subprocess.run(["openssl", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if result.returncode != 0:
        raise RuntimeError("openssl %s: %s" % (" ".join(arguments), result.stderr))
    return result.stdout


class Pair:
    """A certificate with its chain behind it, and its key (0600)."""

    def __init__(self, certificate, key):
        self.certificate = certificate
        self.key = key


class Authority:
    def __init__(self, folder):
        if shutil.which("openssl") is None:
            raise NoOpenssl("there is no openssl command")
        os.makedirs(folder)
        self.folder = folder
        self.certificate = self.path("root.crt")
        self.serial = 0
        self.make_key("root")
        openssl("req", "-x509", "-key", self.path("root.key"), "-days", "3650", "-subj", "/CN=Root " + os.path.basename(folder), "-out", self.certificate)
        self.make_key("middle")
        self.sign("middle", "root", "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n", 3650)

    def path(self, name):
        return os.path.join(self.folder, name)

    def make_key(self, name):
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", self.path(name + ".key"))
        os.chmod(self.path(name + ".key"), 0o600)

    def sign(self, name, by, extensions, days):
        self.serial += 1
        with open(self.path(name + ".ext"), "w") as file:
            file.write(extensions)
        openssl("req", "-new", "-key", self.path(name + ".key"), "-subj", "/CN=" + name, "-out", self.path(name + ".csr"))
        openssl("x509", "-req", "-in", self.path(name + ".csr"), "-CA", self.path(by + ".crt"), "-CAkey", self.path(by + ".key"), "-set_serial",
                str(self.serial), "-days", str(days), "-extfile", self.path(name + ".ext"), "-out", self.path(name + ".crt"))

    def issue(self, name, names=EVERYWHERE, days=365, key=None):
        """A new certificate; with `key` for that one (its name), as one that is renewed."""
        if key is None:
            self.make_key(name)
        else:
            shutil.copy(self.path(key + ".key"), self.path(name + ".key"))
        self.sign(name, "middle", "subjectAltName=%s\n" % names, days)
        chain = self.path(name + ".chain.crt")
        with open(chain, "w") as file:
            file.write(open(self.path(name + ".crt")).read() + open(self.path("middle.crt")).read())
        return Pair(chain, self.path(name + ".key"))

    def hash_of(self, name):
        """SHA-256 of the certificate's public key, as it stands in it (SubjectPublicKeyInfo), in hexadecimal digits."""
        public = openssl("x509", "-in", self.path(name + ".crt"), "-noout", "-pubkey")
        der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=public.encode(), stdout=subprocess.PIPE, check=True).stdout
        return subprocess.run(["openssl", "dgst", "-sha256", "-r"], input=der, stdout=subprocess.PIPE, check=True).stdout.decode().split()[0]


class Place:
    """A ledger with a sender, an authority, and a certificate of its for both ports."""

    def __init__(self, indsigt):
        self.ledger = Ledger(indsigt)
        self.ca = Authority(self.ledger.path("ca"))
        self.pair = self.ca.issue("server")
        self.key = self.ledger.add_sender("one")
        self.number = 0

    def lines(self, count, subject="cpr:0101701234"):
        """As many events as nobody has sent before."""
        text = "".join(event(subject, "opslag %d" % (self.number + i)) + "\n" for i in range(count))
        self.number += count
        return text
