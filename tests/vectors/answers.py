#!/usr/bin/env python3
"""Makes vectors of answers: pages of accesses over HTTP, and requests to a witness. python3 tests/vectors/answers.py"""
import copy
from kit import *

LOG, OTHER, SENDER = Key(1), Key(9), Key(11)
NOW, START = 1795435200, 1795420000
ANNE, BENT = "cpr:0101701234", "cpr:0202802345"


# ---- pages of accesses ----

def text_time(seconds):
    import datetime
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Ledger:
    """Four events about Anne: two that are open, one withheld, one whose key was erased; and a mass event."""

    def __init__(self, until=NOW + 1000):
        self.entries = [genesis(LOG, time=START), sender(REGISTER, 1, SENDER, time=START)]
        self.made, self.index, self.sequence = [], {}, 0
        self.add("first", ANNE)
        self.add("second", ANNE)
        self.add("withheld", ANNE, header(until, 5, "RPL § 729 c"))
        self.add("erased", ANNE)
        self.add("other", BENT)
        self.index["mass"] = len(self.entries)
        self.entries.append(event(1, self.sequence, START + 50, self.made[0][1].commitment, True))

    def add(self, name, subject, head=header()):
        fields = {1: subject, 3: (START + self.sequence) * 10**9, 5: 1, 6: 0, 7: "cvr:55133018", 8: "Aarhus Kommune",
                  9: "KSD", 10: "Opslag " + name, 11: "sagsbehandling", 12: 0, 15: "sagsbehandler"}
        made = Event(cbor(fields), cbor({14: "A. Jensen"}), head, b"\x52" * 32, self.sequence)
        self.index[name] = len(self.entries)
        self.made.append((name, made, subject, self.sequence))
        self.entries.append(event(1, self.sequence, START + 10 + self.sequence, made.commitment))
        self.sequence += 1

    def proof(self, name, opened=True):
        index = self.index[name]
        made = next(made for other, made, _, _ in self.made if other == name)
        leaves = [leaf_hash(entry) for entry in self.entries]
        proof = {"index": index, "size": len(leaves), "entry": b64(self.entries[index]), "header": b64(made.header)}
        proof.update({"disclosed": b64(made.disclosed), "c_r": b64(made.c_r)} if opened else {"c_d": b64(made.c_d)})
        proof.update(inclusion=[b64(hash) for hash in inclusion(leaves, index)])
        return proof

    def item(self, name):
        _, made, subject, sequence = next(row for row in self.made if row[0] == name)
        common = {"index": self.index[name], "ledger_time": text_time(START + 10 + sequence),
                  "sender": {"id": 1, "org": "cvr:55133018", "name": "Aarhus Kommune"}}
        if name == "withheld":
            until = int.from_bytes(made.header[:8], "big")
            return {"index": common["index"], "ledger_time": common["ledger_time"], "until": text_time(until),
                    "basis": "RPL § 729 c", "proof": self.proof(name, False)}
        if name == "erased":
            return {"erased": True, **common, "proof": self.proof(name, False)}
        return {"subject": subject, "time": text_time(START + sequence), "action": "read", "outcome": "ok",
                "org": {"id": "cvr:55133018", "name": "Aarhus Kommune"}, "system": "KSD", "activity": "Opslag " + name,
                "purpose": "sagsbehandling", "actor": {"kind": "human", "role": "sagsbehandler"}, **common,
                "proof": self.proof(name)}

    def both(self, name):
        """What an open access would be of an event that is withheld."""
        made = next(made for other, made, _, _ in self.made if other == name)
        until = int.from_bytes(made.header[:8], "big")
        sequence = next(sequence for other, _, _, sequence in self.made if other == name)
        return {"time": text_time(START + sequence), "activity": "Opslag " + name, "withheld_until": text_time(until),
                "withheld_basis": "RPL § 729 c", "proof": self.proof(name)}

    def page(self, open_items=("erased", "second", "first"), withheld=("withheld",), key=LOG, **change):
        root = root_of([leaf_hash(entry) for entry in self.entries])
        page = {"subject": ANNE, "accesses": [self.item(name) for name in open_items],
                "withheld": {"count": len(withheld), "events": [self.item(name) for name in withheld]},
                "complete_until": text_time(START + 50), "coverage": {}, "origin": ORIGIN,
                "checkpoint": note(checkpoint_text(ORIGIN, len(self.entries), root), ORIGIN, key)}
        page.update(change)
        return page


def coverage(*senders):
    """Whole, of senders as (id, entry, status, compromised, silent)."""
    rows = b"".join(id.to_bytes(4, "big") + entry.to_bytes(8, "big") + bytes([silent]) for id, entry, _, _, silent in senders)
    return {"as_of": text_time(NOW), "counts": {
        "senders": len(senders), "active": sum(status == "active" for _, _, status, _, _ in senders),
        "compromised": sum(bad for _, _, _, bad, _ in senders), "silent": sum(silent for _, _, _, _, silent in senders)},
        "hash": b64(hashlib.sha256(b"indsigt/v1 coverage\n" + rows).digest()),
        "senders": [{"id": id, "entry": entry, "status": status, "compromised": bad, "silent": silent}
                    for id, entry, status, bad, silent in senders]}


def pages():
    ledger = Ledger()

    def vector(name, about, page, rule=None, expect="ok", now=NOW, before=None, key=True, **counts):
        made = {"about": about, "vkey": vkey(ORIGIN, LOG.public) if key else None, "subject": ANNE, "now": now, "page": page,
                "expect": expect}
        if before is not None:
            made["before"] = before
        if rule:
            made["rule"] = rule
        write("answer", name, {**made, **counts})

    def changed(name, about, rule, expect, *steps, now=NOW, **options):
        """The whole page with `steps` done to it."""
        page = copy.deepcopy(ledger.page())
        for step in steps:
            step(page)
        vector(name, about, page, rule, expect, now, **options)

    vector("whole", "two open accesses, one erased, one withheld", ledger.page(), open=2, withheld=1, erased=1)
    vector("empty", "nobody has looked", ledger.page((), ()), open=0, withheld=0, erased=0)
    vector("no-vkey", "without a vkey: the signature is not checked", ledger.page(), key=False, open=2, withheld=1, erased=1)
    vector("second-page", "what comes after another page", ledger.page(("first",), ()), before=ledger.index["second"], open=1,
           withheld=0, erased=0)
    vector("withheld-just-over", "a withholding that ended 59 seconds ago", ledger.page(), now=NOW + 1059, open=2, withheld=1,
           erased=1)
    vector("other-key", "a checkpoint signed by another key", ledger.page(key=OTHER), "HTTP-20", "wrong-origin")
    changed("not-signed", "a checkpoint whose signature does not verify", "HTTP-20", "bad-checkpoint",
            lambda page: page.update(checkpoint=page["checkpoint"].replace("\n8\n", "\n9\n")))
    stranger = ledger.page()
    stranger["checkpoint"] = note(checkpoint_text("ledger.example/2027", len(ledger.entries), root_of(
        [leaf_hash(entry) for entry in ledger.entries])), ORIGIN, LOG)
    vector("other-origin", "a checkpoint of another log", stranger, "HTTP-20", "bad-checkpoint")
    changed("no-checkpoint", "no checkpoint", "HTTP-20", "bad-value", lambda page: page.pop("checkpoint"))
    changed("other-origin-shown", "another log's name beside the checkpoint", "HTTP-20", "bad-value",
            lambda page: page.update(origin="ledger.example/2027"))
    # What the proof shows.
    item = lambda page, i=1: page["accesses"][i]
    proof = lambda page, i=1: page["accesses"][i]["proof"]
    held = lambda page: page["withheld"]["events"][0]
    changed("other-c-r", "another commitment of the restricted part", "HTTP-21", "commitment",
            lambda page: proof(page).update(c_r=b64(bytes(32))))
    changed("other-c-d", "another commitment of both parts", "HTTP-21", "commitment",
            lambda page: held(page)["proof"].update(c_d=b64(bytes(32))))
    changed("other-header", "another header", "HTTP-21", "commitment", lambda page: proof(page).update(header=b64(header(0, 6))))
    changed("other-disclosed", "another disclosed part, and an access that says the same", "HTTP-21", "commitment",
            lambda page: (proof(page).update(disclosed=b64(base64.b64decode(proof(page)["disclosed"]).replace(
                b"second", b"fecond"))), item(page).update(activity="Opslag fecond")))
    changed("bad-header", "a header of class 0", "HTTP-21", "bad-value", lambda page: proof(page).update(header=b64(header(0, 0))))
    odd = Ledger()
    odd.add("odd", ANNE, header(0, 0))
    shown = odd.item("odd")
    shown["retention"] = "0y"
    page = odd.page((), ())
    page["accesses"] = [shown]
    vector("bad-header-committed", "a header of class 0 that was committed to", page, "HTTP-21", "bad-value")
    changed("inclusion-changed", "another hash in the inclusion proof", "HTTP-21", "bad-proof",
            lambda page: proof(page)["inclusion"].__setitem__(0, b64(bytes(32))))
    changed("inclusion-short", "a hash less in the inclusion proof", "HTTP-21", "bad-proof",
            lambda page: proof(page)["inclusion"].pop())
    changed("other-index", "an index of another entry", "HTTP-21", "bad-proof",
            lambda page: (proof(page).update(index=2), item(page).update(index=2)))
    changed("other-size", "a size that is not the checkpoint's", "HTTP-21", "bad-proof", lambda page: proof(page).update(size=7))
    invented = Event(cbor({1: ANNE, 3: START * 10**9, 5: 1, 6: 0, 7: "cvr:1", 8: "X", 9: "X", 10: "X", 11: "X", 12: 0, 15: "X"}))

    def invent(page):
        proof(page).update(entry=b64(event(1, 1, START + 11, invented.commitment)), header=b64(invented.header),
                           disclosed=b64(invented.disclosed), c_r=b64(invented.c_r))
        item(page).update(time=text_time(START), org={"id": "cvr:1", "name": "X"}, system="X", activity="X", purpose="X",
                          actor={"kind": "human", "role": "X"})

    changed("not-in-log", "an access that stands in no log", "HTTP-21", "bad-proof", invent)

    def as_mass(page):
        row = next(made for name, made, _, _ in ledger.made if name == "first")
        leaves = [leaf_hash(entry) for entry in ledger.entries]
        index = ledger.index["mass"]
        shown = ledger.item("first")
        shown.update(index=index, ledger_time=text_time(START + 50))
        shown["proof"].update(index=index, entry=b64(ledger.entries[index]), header=b64(row.header),
                              inclusion=[b64(hash) for hash in inclusion(leaves, index)])
        page["accesses"].insert(0, shown)

    changed("mass-entry", "a mass entry as an access", "HTTP-21", "bad-value", as_mass)
    changed("no-proof", "an access without a proof", "HTTP-21", "bad-value", lambda page: item(page).pop("proof"))
    changed("no-accesses", "no list of accesses", "HTTP-21", "bad-value", lambda page: page.pop("accesses"))
    # What is shown beside it.
    changed("other-subject-in-event", "an access to another person's data", "HTTP-22", "bad-proof",
            lambda page: page["accesses"].insert(0, ledger.item("other")))
    changed("other-subject-on-page", "a page about another person", "HTTP-22", "bad-value",
            lambda page: page.update(subject=BENT))
    for member, value in (("activity", "noget andet"), ("time", text_time(START + 9)), ("purpose", "andet"),
                          ("actor", {"kind": "human", "role": "læge"}), ("subject", BENT)):
        changed("shown-" + member, "another %s than was committed to" % member, "HTTP-22", "bad-proof",
                lambda page, member=member, value=value: item(page).update({member: value}))
    changed("shown-less", "a member that is left out", "HTTP-22", "bad-proof", lambda page: item(page).pop("purpose"))
    changed("shown-more", "a member that was not committed to", "HTTP-22", "bad-proof",
            lambda page: item(page).update(legal_basis="SDL § 3"))
    changed("shown-ledger-time", "another ledger time", "HTTP-22", "bad-proof",
            lambda page: item(page).update(ledger_time=text_time(START)))
    changed("shown-sender", "another sender", "HTTP-22", "bad-proof", lambda page: item(page)["sender"].update(id=2))
    changed("sender-less", "a sender without its name", "HTTP-22", "bad-proof", lambda page: item(page)["sender"].pop("name"))
    changed("sender-more", "a sender of whom more is said", "HTTP-22", "bad-proof",
            lambda page: item(page)["sender"].update(status="active"))
    changed("erased-more", "an erased access that says what it was", "HTTP-22", "bad-proof",
            lambda page: page["accesses"][0].update(activity="Opslag erased"))
    changed("shown-index", "another index beside the proof", "HTTP-22", "bad-proof", lambda page: item(page).update(index=2))
    # Withheld and erased.
    changed("withheld-over", "a withholding that ended a minute ago", "HTTP-23", "bad-proof", now=NOW + 1060)
    changed("withheld-until", "another date", "HTTP-23", "bad-proof", lambda page: held(page).update(until=text_time(NOW + 9999)))
    changed("withheld-basis", "another basis", "HTTP-23", "bad-proof", lambda page: held(page).update(basis="RPL"))

    def withhold_open(page):
        first = page["accesses"].pop()
        page["withheld"]["events"].append({"index": first["index"], "ledger_time": first["ledger_time"],
                                           "until": text_time(NOW + 1000), "basis": "RPL § 729 c",
                                           "proof": ledger.proof("first", False)})
        page["withheld"]["count"] = 2

    changed("withheld-never", "an access that its header does not withhold", "HTTP-23", "bad-proof", withhold_open)
    changed("withheld-opened", "a withheld access that shows what it is", "HTTP-23", "bad-proof",
            lambda page: held(page).update(proof=ledger.proof("withheld")))
    changed("withheld-more", "a withheld access of which more is told", "HTTP-23", "bad-proof",
            lambda page: held(page).update(purpose="sagsbehandling"))
    vector("withheld-no-count", "nothing is withheld, and that is not said",
           {**ledger.page(withheld=()), "withheld": {"events": []}}, "HTTP-23", "bad-value")
    changed("withheld-count", "a count that is not the number", "HTTP-23", "bad-value",
            lambda page: page["withheld"].update(count=2))
    changed("erased-not-said", "an access that is neither open, nor withheld, nor erased", "HTTP-23", "bad-proof",
            lambda page: page["accesses"][0].pop("erased"))
    changed("erased-false", "one that says that it is not erased, and shows nothing", "HTTP-23", "bad-proof",
            lambda page: page["accesses"][0].update(erased=False))
    changed("erased-text", "one that says so in words", "HTTP-23", "bad-proof",
            lambda page: page["accesses"][0].update(erased="yes"))
    # Who reports.
    covered = coverage((1, 1, "active", False, False), (2, 700, "revoked", True, True), (2**32 - 1, 2**40, "active", False, True))
    vector("coverage", "three senders, as the hash has them", ledger.page(coverage=covered), open=2, withheld=1, erased=1)
    vector("coverage-empty", "no sender at all", ledger.page(coverage=coverage()), open=2, withheld=1, erased=1)
    vector("coverage-named", "a coverage by its hash alone", ledger.page(coverage={"hash": covered["hash"]}), open=2, withheld=1,
           erased=1)

    def uncovered(name, about, step):
        page = ledger.page(coverage=copy.deepcopy(covered))
        step(page["coverage"])
        vector("coverage-" + name, about, page, "HTTP-25", "bad-value")

    def count(name, more):
        return lambda shown: shown["counts"].update({name: shown["counts"][name] + more})

    uncovered("left-out", "a sender that is left out", lambda shown: (
        shown["senders"].pop(0), shown["counts"].update(senders=2, active=1)))
    uncovered("other-entry", "an older entry of a sender", lambda shown: shown["senders"][1].update(entry=7))
    uncovered("not-silent", "a silent sender that is shown as one that is not", lambda shown: (
        shown["senders"][1].update(silent=False), shown["counts"].update(silent=1)))
    uncovered("order", "senders in another order", lambda shown: shown["senders"].reverse())
    backwards = coverage((2, 700, "revoked", True, True), (1, 1, "active", False, False))
    vector("coverage-descending", "senders in another order, and the hash of that order", ledger.page(coverage=backwards),
           "HTTP-25", "bad-value")
    uncovered("silent-number", "a silence that is a number", lambda shown: shown["senders"][0].update(silent=0))
    uncovered("compromised-text", "a key that is compromised in words", lambda shown: shown["senders"][0].update(compromised="no"))
    uncovered("no-hash", "senders without a hash", lambda shown: shown.pop("hash"))
    uncovered("no-counts", "senders without counts", lambda shown: shown.pop("counts"))
    uncovered("no-status", "a sender without its status", lambda shown: shown["senders"][1].pop("status"))
    uncovered("no-entry", "a sender without its entry", lambda shown: shown["senders"][0].pop("entry"))
    for name in ("senders", "active", "compromised", "silent"):
        uncovered("count-" + name, "a count that is not the number: " + name, count(name, 1))
    uncovered("revoked", "a revoked sender that is shown as one that is not, and counted as it is",
              lambda shown: shown["senders"][1].update(status="active"))
    # Order.
    changed("ascending", "oldest first", "HTTP-24", "bad-value", lambda page: page["accesses"].reverse())
    changed("twice", "an access twice", "HTTP-24", "bad-value", lambda page: page["accesses"].insert(1, page["accesses"][1]))
    both = ledger.page(("withheld", "first"))
    both["accesses"][0] = {**ledger.item("first"), **ledger.item("withheld"), **ledger.both("withheld")}
    for name in ("until", "basis"):
        both["accesses"][0].pop(name)
    vector("both-lists", "an event that is shown and withheld at once", both, "HTTP-24", "bad-value")
    vector("after-page", "an access that the page before had", ledger.page(("second",), ()), "HTTP-24", "bad-value",
           before=ledger.index["second"])
    vector("above-page", "an access above those of the page before", ledger.page(("second",), ()), "HTTP-24", "bad-value",
           before=ledger.index["first"])


# ---- witness ----

def witness():
    name, other_name = "ledger.example/2026", "ledger.example/2027"
    leaves = [leaf_hash(b"entry %d" % i) for i in range(40)]
    forked = leaves[:20] + [leaf_hash(b"other %d" % i) for i in range(20, 40)]
    ours, second, theirs = Key(1), Key(2), Key(3)
    logs = [vkey(name, ours.public), vkey(name, second.public), vkey(other_name, theirs.public)]

    def text(size, of=leaves, origin=name, more=""):
        return checkpoint_text(origin, size, root_of(of[:size])) + more

    def line(body, key=ours, origin=name):
        return signature_line(origin, 1, key.public, key.sign(body.encode()))

    def body(old, size, of=leaves, hashes=None, lines=None, more="", origin=name, key=ours):
        shown = text(size, of, origin, more)
        hashes = consistency(of[:size], old) if hashes is None and 0 < old < size else hashes or []
        lines = line(shown, key, origin) if lines is None else lines(shown)
        return "old %s\n%s\n%s\n%s" % (old, "".join(b64(hash) + "\n" for hash in hashes), shown, lines)

    def step(request, status, now=NOW, **more):
        return {"now": now, "body": request, "status": status, **more}

    def vector(case, about, *steps):
        write("witness", case, {"about": about, "logs": logs, "steps": list(steps), "expect": "ok"})

    first = step(body(0, 20), 200, time=NOW)
    vector("first", "a first checkpoint", first)
    vector("next", "one that extends it, and the next", first, step(body(20, 21), 200, NOW + 5, time=NOW + 5),
           step(body(21, 40), 200, NOW + 6, time=NOW + 6))
    vector("again", "the same again, with the time of now", first, step(body(20, 20), 200, NOW + 60, time=NOW + 60))
    vector("clock-back", "a clock that was put back: the time is not older than before", first,
           step(body(20, 20), 200, NOW - 60, time=NOW))
    vector("clock-0", "a clock at 0 signs nothing, and one that is right again does", step(body(0, 20), 500, 0),
           step(body(0, 20), 200, NOW, time=NOW))
    vector("size-0", "the empty log", step(body(0, 0), 200, time=NOW))
    vector("size-0-other-root", "size 0 with another root", step(body(0, 0, lines=None).replace(
        text(0), checkpoint_text(name, 0, leaves[0])).replace(line(text(0)), line(checkpoint_text(name, 0, leaves[0]))), 422))
    vector("extension", "extension lines are signed with the rest", step(body(0, 20, more="extension\n"), 200, time=NOW))
    vector("second-key", "signed by the other key that the log has", step(body(0, 20, key=second), 200, time=NOW))
    vector("two-logs", "two logs, each with its own memory", first, step(body(0, 30, origin=other_name, key=theirs), 200, time=NOW))
    vector("unknown-lines", "lines of unknown keys are ignored", step(body(0, 20, lines=lambda shown: signature_line(
        "somebody", 1, Key(8).public, bytes(64)) + line(shown)), 200, time=NOW))
    # In the order of the steps: 400 for the form, 404, 403, 400, 409, 422.
    vector("unknown-log", "a log that the witness does not watch",
           step(body(0, 20, origin="ledger.example/2028"), 404))
    vector("unknown-log-first", "a log that it does not watch, with an old size over the checkpoint's: said first",
           step(body(30, 20, origin="ledger.example/2028"), 404))
    vector("not-signed", "no line of a key of the log", step(body(0, 20, key=Key(8)), 403))
    vector("key-of-other-log", "the key of the other log", step(body(0, 20, key=theirs), 403))
    vector("bad-line", "a line of the log's key that does not verify",
           step(body(0, 20, lines=lambda shown: line(text(21))), 403))
    vector("bad-beside-good", "one that does not verify beside a good one",
           step(body(0, 20, lines=lambda shown: line(shown) + line(text(21), second)), 403))
    vector("not-signed-first", "not signed, and an old size over the checkpoint's: 403 is said first",
           step(body(30, 20, key=Key(8)), 403))
    vector("old-over-size", "an old size over the checkpoint's", first, step(body(21, 20), 400))
    vector("old-over-size-first", "the same, where the witness has another size: 400 is said first", step(body(21, 20), 400))
    vector("old-other", "another old size than the witness has", first, step(body(10, 30), 409, size=20))
    vector("old-before-first", "an old size before the first checkpoint", step(body(10, 30), 409, size=0))
    vector("old-smaller", "a checkpoint that is older than the last", first, step(body(0, 10), 409, size=20))
    vector("old-other-bad-proof", "another old size and a proof that does not hold: 409 is said first", first,
           step(body(10, 30, hashes=[]), 409, size=20))
    vector("memory-per-log", "the other log's size is not this one's", first,
           step(body(20, 30, origin=other_name, key=theirs), 409, size=0))
    vector("fork", "a checkpoint of another history", step(body(0, 30), 200, time=NOW), step(body(30, 40, of=forked), 422),
           step(body(30, 40), 200, NOW + 1, time=NOW + 1))
    vector("fork-same-size", "the same size with another root", step(body(0, 30), 200, time=NOW), step(body(30, 30, of=forked), 422))
    hashes = consistency(leaves[:30], 20)
    vector("proof-short", "a hash less", first, step(body(20, 30, hashes=hashes[:-1]), 422))
    vector("proof-long", "a hash more", first, step(body(20, 30, hashes=hashes + [leaves[0]]), 422))
    vector("proof-changed", "another hash", first, step(body(20, 30, hashes=hashes[:-1] + [leaves[0]]), 422))
    vector("proof-at-first", "a proof that is not empty from old size 0", step(body(0, 20, hashes=[leaves[0]]), 422))
    vector("proof-same-size", "a proof that is not empty between equal sizes", first, step(body(20, 20, hashes=[leaves[0]]), 422))
    whole = body(0, 20)
    for case, about, request in (
            ("empty", "nothing", ""), ("no-old", "no line of the old size", whole[6:]), ("old-word", "another first word",
             whole.replace("old ", "Old ")), ("old-sign", "an old size with a sign", whole.replace("old 0", "old +0")),
            ("old-zeros", "an old size with a leading zero", whole.replace("old 0", "old 00")),
            ("old-spaces", "two spaces", whole.replace("old 0", "old  0")), ("old-none", "no number", whole.replace("old 0", "old ")),
            ("old-large", "an old size over 64 bits", whole.replace("old 0", "old 18446744073709551616")),
            ("crlf", "carriage returns", whole.replace("\n", "\r\n")), ("no-newline", "no newline at the end", whole[:-1]),
            ("no-empty-line", "no empty line behind the hashes", whole.replace("old 0\n\n", "old 0\n")),
            ("no-signature", "a note without signature lines", body(0, 20, lines=lambda shown: "")),
            ("hash-short", "a hash of 31 bytes", body(0, 20, hashes=[bytes(31)])),
            ("hash-long", "a hash of 33 bytes", body(0, 20, hashes=[bytes(33)])),
            ("hash-unpadded", "base64 without its padding", body(0, 20, hashes=[leaves[0]]).replace("=\n\n", "\n\n", 1)),
            ("hashes-64", "64 hashes", body(0, 20, hashes=[leaves[0]] * 64)),
            ("empty-extension", "an empty extension line", body(0, 20, more="\n")),
            ("size-zeros", "a size with a leading zero", whole.replace("\n20\n", "\n020\n")),
            ("root-short", "a root of 31 bytes", whole.replace(b64(root_of(leaves[:20])), b64(bytes(31)))),
            ("no-checkpoint", "two lines of text", "old 0\n\n%s\n20\n\n%s" % (name, line(name + "\n20\n")))):
        vector("form-" + case, about, step(request, 400))
    vector("hashes-63", "63 hashes are taken, and do not hold", step(body(0, 20, hashes=[leaves[0]] * 63), 422))


pages()
witness()
