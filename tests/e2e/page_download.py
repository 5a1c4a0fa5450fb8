#!/usr/bin/env python3
"""The page as files and as a signed download that anybody may serve. (PAGE-6, PAGE-7, PAGE-8, PAGE-9,
PAGE-10)"""

import hashlib
import io
import json
import os
import re
import sys
import tarfile

from indsigt import Ledger, Tap

FILES = {"index.html": "<!doctype html><title>one</title>", "app.0123ABCD.js": "one();" * 100, "fonts/a.css": "p{}"}


def write(folder, name, text):
    os.makedirs(os.path.dirname(os.path.join(folder, name)), exist_ok=True)
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        file.write(text)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def archive_holds(tap, data, ledger):
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        members = tar.getmembers()
        names = [member.name for member in members]
        tap.ok(names == sorted([*FILES, "config.json"]), "the archive has the files, by name (PAGE-7)")
        tap.ok(all((m.mode, m.uid, m.gid, m.mtime, m.uname, m.gname, m.isreg()) == (0o644, 0, 0, 0, "", "", True) for m in members),
               "... and nothing of who made it, or when")
        tap.ok(all(tar.extractfile(name).read().decode() == text for name, text in FILES.items()), "... as they are")
        config = json.load(tar.extractfile("config.json"))
        tap.ok(config["vkey"] == ledger.vkey and config["issuer"] == "https://login.example/x" and config["client_id"] == "page",
               "its configuration names the ledger's key and who signs in (PAGE-6)")
    tap.ok(len(data) % 512 == 0 and data[-1024:] == bytes(1024), "it ends in two blocks of zeros")


def main():
    tap = Tap()
    ledger = Ledger(sys.argv[1])
    try:
        folder, out, again = ledger.path("web"), ledger.path("out"), ledger.path("again")
        for name, text in reversed(FILES.items()):
            write(folder, name, text)
        options = ("--web", folder, "--issuer", "https://login.example/x", "--client-id", "page", "--sign", ledger.path("publisher.key"))
        tap.ok(ledger.result("page", "write", ledger.dir, out + "0", *options).returncode == 4, "without a key nothing is signed")
        made = ledger.result("page", "write", ledger.dir, out, *options, "--publisher", "publisher.example/page", "--org",
                             "cvr:55133018", "--org-name", "Aarhus Kommune")
        tap.ok(made.returncode == 0, "the page is written: " + made.stderr.strip()[:40])
        vkey = re.search(r"publisher\.example/page\+\S+", made.stderr).group()
        data = read(out + ".tar")
        archive_holds(tap, data, ledger)
        tap.ok(all(read(os.path.join(out, name)).decode() == text for name, text in FILES.items()), "the folder has the same files")
        for name in FILES:
            write(folder, name, FILES[name])
        ledger.run("page", "write", ledger.dir, again, *options)
        tap.ok(read(again + ".tar") == data and read(again + ".tar.note") == read(out + ".tar.note"), "made again it is the same (PAGE-7)")
        tap.ok(ledger.result("page", "write", ledger.dir, out, *options).returncode == 1, "what is there is not written over")
        bad = ledger.result("page", "write", ledger.dir, out + "1", "--web", folder, "--issuer", "ftp://x")
        tap.ok(bad.returncode == 1 and "issuer must be an address" in bad.stderr, "an address that is none is refused (PAGE-6)")

        hash_text = hashlib.sha256(data).hexdigest()
        good = ledger.result("page", "verify", out + ".tar", "--vkey", vkey)
        tap.ok(good.returncode == 0 and hash_text in good.stdout, "it verifies (PAGE-8)")
        tap.ok(read(out + ".tar.note").decode().startswith("indsigt/v1 page\n%s\n\n" % hash_text), "... by a note about its hash")
        other = ledger.result("page", "verify", out + ".tar", "--vkey", ledger.vkey)
        tap.ok(other.returncode == 5 and "not signed by" in other.stderr, "another's key is another's")
        linked = ledger.path("linked")
        ledger.run("page", "write", ledger.dir, linked, *options, "--download", "https://page.example/page.tar")
        config = json.loads(read(os.path.join(linked, "config.json")))
        tap.ok(config["download"] == "https://page.example/page.tar" and config["publisher"] == vkey, "the page knows where it is had, and by whose key (PAGE-10)")
        tap.ok(ledger.result("page", "verify", linked + ".tar", "--vkey", config["publisher"]).returncode == 0, "... which is the one that signed it")
        alone = ledger.result("page", "write", ledger.dir, out + "2", "--web", folder, "--download", "https://page.example/page.tar")
        tap.ok(alone.returncode == 2 and "sign" in alone.stderr, "what is not signed is not offered")
        with open(ledger.path("changed.tar"), "wb") as file:
            file.write(data.replace(b"one();", b"two();", 1))
        changed = ledger.result("page", "verify", ledger.path("changed.tar"), "--note", out + ".tar.note", "--vkey", vkey)
        tap.ok(changed.returncode == 1 and "another page" in changed.stderr, "one changed byte is another page")
        note = read(out + ".tar.note").decode()
        for name, text in (("forged", note.replace(hash_text, hashlib.sha256(b"").hexdigest())), ("none", note.replace("page", "book")),
                           ("empty", "")):
            write(ledger.place, name + ".note", text)
            result = ledger.result("page", "verify", out + ".tar", "--note", ledger.path(name + ".note"), "--vkey", vkey)
            says = "does not verify" if name == "forged" else "no note about a page"
            tap.ok(result.returncode == 1 and says in result.stderr, "a note that is %s is refused" % name)
        tap.ok(ledger.result("page", "verify", out + ".tar", "--note", "/nowhere", "--vkey", vkey).returncode == 4, "one that is not there could not be looked at")

        event = json.loads(made.stdout)
        tap.ok(event["subjects"] == 0 and event["source"] == {"format": "page", "sha256": hash_text}, "its hash is an event (PAGE-9)")
        key = ledger.add_sender("one")
        ledger.serve("--web", out)
        sent = ledger.run("send", "--server", ledger.ingest, "--key", key, "-", stdin=made.stdout)
        tap.ok(len(sent.splitlines()) == 1, "... which the log takes")
        tap.ok(json.loads(ledger.get("/config.json"))["client_id"] == "page", "what was written can be served")
    finally:
        ledger.remove()
    tap.done()


main()
