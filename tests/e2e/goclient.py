#!/usr/bin/env python3
"""An independent client, written with the packages of Go's checksum database (goclient/main.go), reads the log over HTTP
and from a directory at sizes around the edges of tiles and at random ones: signature, all entries, every tile at every
width, inclusion, consistency with every checkpoint that senders were given. (TILE-1, TILE-3, TILE-4)"""

import glob
import json
import os
import random
import shutil
import subprocess
import sys
import urllib.request

from indsigt import Ledger, Tap, event

BATCH = 1000
EARLIER_MAX = 12  # checkpoints that are kept; all their pairs are checked
NO_EPOCHS = ("--epoch-seconds", "86400")  # an epoch adds an entry; sizes are to be exact
PACKAGES = "/usr/share/gocode"  # golang-golang-x-mod-dev


def build(place):
    """The client, or None where there is no Go or not its packages."""
    go = next(filter(os.path.exists, (shutil.which("go") or "", "/usr/bin/go", "/usr/local/go/bin/go")), None)
    if go is None or not os.path.isdir(PACKAGES + "/src/golang.org/x/mod/sumdb/tlog"):
        return None
    program = os.path.join(place, "client")
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "goclient")
    environment = {**os.environ, "GO111MODULE": "off", "GOPATH": PACKAGES, "GOFLAGS": "", "GOENV": "off",
                   "GOTOOLCHAIN": "local", "GOCACHE": os.path.join(place, "cache")}
    subprocess.run([go, "build", "-o", program, "."], cwd=source, env=environment, check=True)
    shutil.rmtree(environment["GOCACHE"])
    return program


class World:
    def __init__(self, indsigt, tap):
        self.tap = tap
        self.ledger = Ledger(indsigt, "log.example.dk/go")
        self.client = build(self.ledger.place)
        self.size = 1
        self.senders = 0
        self.earlier = self.ledger.path("earlier")
        os.mkdir(self.earlier)

    def keep(self, checkpoint):
        """Keeps a signed checkpoint; of many, some."""
        size = int(checkpoint.split("\n")[1])
        with open(os.path.join(self.earlier, str(size)), "w", encoding="utf-8") as file:
            file.write(checkpoint)
        kept = os.listdir(self.earlier)
        if len(kept) > EARLIER_MAX:
            os.remove(os.path.join(self.earlier, random.choice(kept)))

    def grow(self, size):
        """Makes the log exactly so long: full batches, a smaller one, and a sender where one entry is missing."""
        while self.size < size:
            missing = size - self.size
            if missing == 1 or self.senders == 0:
                self.senders += 1
                self.key = self.ledger.add_sender("system%d" % self.senders)
                self.size += 1
                continue
            batches = missing // (BATCH + 1)
            count = batches * BATCH if batches else missing - 1
            lines = event("cpr:0101701234", "opslag %d" % self.size) + "\n"
            sent = self.ledger.run("send", "--server", self.ledger.ingest, "--key", self.key, "--batch", str(BATCH), "--again",
                                   "-", stdin=lines * count).splitlines()
            self.size += count + len(sent)
            for receipt in random.sample(sent, min(len(sent), 4)):
                self.keep(json.loads(receipt)["checkpoint"])

    def run(self, *arguments):
        return subprocess.run([self.client, "-vkey", self.ledger.vkey, *arguments], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, check=False)

    def check(self):
        checkpoint = self.ledger.get("/checkpoint")
        seed = random.randrange(1 << 30)
        result = self.run("-earlier", self.earlier, "-seed", str(seed), "http://" + self.ledger.query)
        good = result.returncode == 0 and result.stdout.startswith("holds size=%d " % self.size)
        self.tap.ok(good, "size %d: %s (seed %d)" % (self.size, (result.stdout + result.stderr).strip(), seed))
        self.keep(checkpoint)

    def copy(self, target):
        """The checkpoint and its tiles as files, for a log of 257 to 65,535 entries."""
        names = ["checkpoint"]
        for level in ("entries", "0", "1"):
            hashes = self.size >> 8 if level == "1" else self.size
            names += ["tile/%s/%03d" % (level, number) for number in range(hashes >> 8)]
            if hashes & 255:
                names.append("tile/%s/%03d.p/%d" % (level, hashes >> 8, hashes & 255))
        for name in names:
            path = os.path.join(target, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with urllib.request.urlopen("http://%s/%s" % (self.ledger.query, name), timeout=30) as answer, open(path, "wb") as file:
                file.write(answer.read())


def altered(world, directory):
    """Every file, with one bit other than it was, one byte shorter, and gone."""
    for path in sorted(filter(os.path.isfile, glob.glob(directory + "/**", recursive=True))):
        with open(path, "rb") as file:
            content = file.read()
        place = random.randrange(len(content) - 1)  # not the checkpoint's last newline, which says nothing
        other = bytearray(content)
        other[place] ^= 1 << random.randrange(7)
        refused = []
        for what in (bytes(other), content[:-1]):
            with open(path, "wb") as file:
                file.write(what)
            refused.append(world.run("-static", directory).returncode == 1)
        os.rename(path, path + "-away")
        refused.append(world.run("-static", directory).returncode == 1)
        os.rename(path + "-away", path)
        with open(path, "wb") as file:
            file.write(content)
        world.tap.ok(all(refused), "%s altered (byte %d), cut short, gone: refused" % (os.path.relpath(path, directory), place))


def directories(world):
    """The same log from a directory: whole, altered, put right again."""
    files = world.ledger.path("files")
    world.copy(files)
    result = world.run("-static", "-earlier", world.earlier, "file://" + files)
    world.tap.ok(result.returncode == 0, "from a directory: " + (result.stdout + result.stderr).strip())
    world.tap.ok(world.run(files).returncode == 1, "a lesser width is missing: refused where all must be there")
    altered(world, files)
    world.tap.ok(world.run("-static", files).returncode == 0, "put right again it holds")
    vkey, world.ledger.vkey = world.ledger.vkey, "log.example.dk/go+01dce6ae+AWVlZWVlZWVlZWVlZWVlZWVlZWVlZWVlZWVlZWVlZWVl"
    world.tap.ok(world.run("-static", files).returncode == 1, "under another key: refused")
    world.ledger.vkey = vkey


def main():
    tap = Tap()
    world = World(sys.argv[1], tap)
    if world.client is None:
        tap.skip("an independent client", "needs Go and golang-golang-x-mod-dev")
    else:
        world.ledger.serve(*NO_EPOCHS)
        sizes = [1, 2, 255, 256, 257, random.randrange(260, 2000)]
        if "INDSIGT_SHORT" not in os.environ:
            sizes += [random.randrange(2000, 60000), 65535, 65536, 65537, 70000]
        for size in sizes:
            world.grow(size)
            world.check()
            if size == sizes[5]:
                directories(world)
        code, line = world.ledger.audit()
        tap.ok(code == 0, line)
    world.ledger.remove()
    tap.done()


main()
