#!/usr/bin/env python3
"""An independent client, written with the packages of Go's checksum database (goclient/main.go), reads the log over HTTP,
from exported files and from a mirror, at sizes around the edges of tiles and at random ones: signature, all entries,
every tile at every width, inclusion, consistency with every checkpoint that senders were given; and proof files.
(TILE-1, TILE-3, TILE-4, TLP-1)"""

import glob
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

from indsigt import Ledger, Tap, event

BATCH = 1000
ROOM = 20
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
        # First of all: while it is built a ledger's time would stand still, and what comes next would be an epoch.
        self.workshop = tempfile.TemporaryDirectory(prefix="indsigt-goclient-")
        self.client = build(self.workshop.name)
        self.ledger = Ledger(indsigt, "log.example.dk/go")
        self.size = 1
        self.senders = 0
        self.earlier = self.ledger.path("earlier")
        os.mkdir(self.earlier)
        self.files = self.ledger.path("files")
        self.mirror = self.ledger.path("mirror")

    def keep(self, checkpoint):
        """Keeps a signed checkpoint; of many, some."""
        size = int(checkpoint.split("\n")[1])
        with open(os.path.join(self.earlier, str(size)), "w", encoding="utf-8") as file:
            file.write(checkpoint)
        kept = os.listdir(self.earlier)
        if len(kept) > EARLIER_MAX:
            os.remove(os.path.join(self.earlier, random.choice(kept)))

    def grow(self, size):
        """Makes the log exactly so long: large batches, small ones, and a sender where one entry is missing."""
        while self.size < size:
            missing = size - self.size
            if missing == 1 or self.senders == 0:
                self.senders += 1
                self.key = self.ledger.add_sender("system%d" % self.senders)
                self.size += 1
                continue
            # The sender may cut a batch where it has to wait for input, so the last few are sent one by one.
            count = (missing - ROOM) * BATCH // (BATCH + 1) if missing > 2 * ROOM else 1
            path = self.ledger.path("events.json")
            with open(path, "w", encoding="utf-8") as file:
                file.write((event("cpr:0101701234", "opslag %d" % self.size) + "\n") * count)
            sent = self.ledger.run("send", "--server", self.ledger.ingest, "--key", self.key, "--batch", str(BATCH), "--again",
                                   path).splitlines()
            self.size += count + len(sent)
            for receipt in random.sample(sent, min(len(sent), 4)):
                self.keep(json.loads(receipt)["checkpoint"])

    def follow(self):
        """A mirror's copy, each time what is new."""
        result = self.ledger.result("mirror", "serve", self.mirror, "--once")
        shown = self.run("-static", "-earlier", self.earlier, os.path.join(self.mirror, "tree"))
        good = result.returncode == 0 and shown.stdout.startswith("holds size=%d " % self.size)
        self.tap.ok(good, "mirrored: " + (result.stderr + shown.stdout + shown.stderr).strip().split("\n")[-1])

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

    def export(self):
        """The log as files, each time what is new: the same client reads them, and every earlier checkpoint holds."""
        self.ledger.run("export", self.ledger.dir, self.files)
        result = self.run("-static", "-earlier", self.earlier, "file://" + self.files)
        good = result.returncode == 0 and result.stdout.startswith("holds size=%d " % self.size)
        self.tap.ok(good, "exported: " + (result.stdout + result.stderr).strip())


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


def files(world):
    """A fresh export: whole, altered, put right again."""
    fresh = world.ledger.path("fresh")
    world.ledger.run("export", world.ledger.dir, fresh)
    world.tap.ok(world.run("-static", "-earlier", world.earlier, fresh).returncode == 0, "exported anew: holds")
    world.tap.ok(world.run(fresh).returncode == 1, "a lesser width is missing: refused where all must be there")
    altered(world, fresh)
    world.tap.ok(world.run("-static", fresh).returncode == 0, "put right again it holds")
    vkey, world.ledger.vkey = world.ledger.vkey, "log.example.dk/go+01dce6ae+AWVlZWVlZWVlZWVlZWVlZWVlZWVlZWVlZWVlZWVlZWVl"
    world.tap.ok(world.run("-static", fresh).returncode == 1, "under another key: refused")
    world.ledger.vkey = vkey


def proofs(world):
    """Proof files of random entries."""
    path = world.ledger.path("tlog-proof")
    indexes = [0, world.size - 1] + [random.randrange(world.size) for _ in range(8)]
    good = True
    for index in indexes:
        world.ledger.run("proof", world.ledger.dir, str(index), "-o", path)
        result = world.run("-proof", path)
        good &= result.stdout.startswith("holds index=%d size=%d " % (index, world.size))
    world.tap.ok(good, "proof files of the entries %s: %s" % (indexes, (result.stdout + result.stderr).strip()))
    with open(path, "r+b") as file:
        content = file.read().replace(b"\nindex %d\n" % indexes[-1], b"\nindex %d\n" % (indexes[-1] ^ 1))
        file.seek(0)
        file.write(content)
        file.truncate()
    world.tap.ok(world.run("-proof", path).returncode == 1, "with another index: refused")


def mirror(world):
    """What the mirror serves: of partial tiles those of the checkpoints that it published (MIR-3)."""
    process = subprocess.Popen([world.ledger.indsigt, "mirror", "serve", world.mirror, "--listen", "127.0.0.1:0"],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    address = process.stdout.readline().split()[1].split("=")[1]
    result = world.run("-static", "-earlier", world.earlier, "http://" + address)
    good = result.returncode == 0 and result.stdout.startswith("holds size=%d " % world.size)
    world.tap.ok(good, "from the mirror: " + (result.stdout + result.stderr).strip())
    process.terminate()
    process.wait()
    process.stdout.close()


def main():
    tap = Tap()
    world = World(sys.argv[1], tap)
    if world.client is None:
        tap.skip("an independent client", "needs Go and golang-golang-x-mod-dev")
    else:
        world.ledger.serve(*NO_EPOCHS)
        world.ledger.run("mirror", "init", world.mirror, "--ledger", "http://" + world.ledger.query, "--vkey", world.ledger.vkey)
        sizes = [1, 2, 255, 256, 257, random.randrange(260, 2000)]
        if "INDSIGT_SHORT" not in os.environ:
            sizes += [random.randrange(2000, 60000), 65535, 65536, 65537, 70000]
        for size in sizes:
            world.grow(size)
            world.check()
            world.export()
            world.follow()
            if size == sizes[5]:
                files(world)
                proofs(world)
        mirror(world)
        code, line = world.ledger.audit()
        tap.ok(code == 0, line)
    world.ledger.remove()
    world.workshop.cleanup()
    tap.done()


main()
