#!/usr/bin/env python3
"""Makes vectors of single records, heads, proofs and addresses: python3 tests/vectors/small.py"""
from kit import *

LEAVES = [leaf_hash(bytes([i])) for i in range(32)]
SENDER, LOG, OTHER = Key(7), Key(1), Key(9)
SMALL = {"identity": u(1, 1) + bytes(31), "order-4": bytes(32), "not-canonical": b"\xee" + b"\xff" * 30 + b"\x7f"}


def tree():
    def consistency_vector(name, about, old, size, wrong=None, new_root=None, old_root=None, expect="bad-proof"):
        proof = [hash.hex() for hash in consistency(LEAVES[:size], old)]
        if wrong is not None:
            proof[wrong] = LEAVES[31].hex()
        write("tree", name, {"about": about, "kind": "consistency", "old_size": old,
                             "old_root": (old_root or root_of(LEAVES[:old])).hex(), "size": size,
                             "root": (new_root or root_of(LEAVES[:size])).hex(), "proof": proof, "expect": expect})

    old = "the old root follows from what is given all the same: only the new root shows it"
    consistency_vector("consistency-4-to-7-wrong-hash", "a wrong hash; " + old, 4, 7, wrong=0)
    consistency_vector("consistency-4-to-7-wrong-last-hash", "a wrong last hash; " + old, 4, 7,
                       wrong=len(consistency(LEAVES[:7], 4)) - 1)
    consistency_vector("consistency-8-to-21-other-new-root", "an honest proof under another new root; " + old, 8, 21,
                       new_root=LEAVES[30])
    consistency_vector("consistency-6-to-7-other-new-root", "an honest proof under another new root", 6, 7,
                       new_root=LEAVES[30])
    consistency_vector("consistency-6-to-7-wrong-right-hash", "a wrong hash on the right side: the old root does not need it",
                       6, 7, wrong=1)
    consistency_vector("consistency-6-to-7-other-old-root", "an honest proof under another old root", 6, 7,
                       old_root=LEAVES[30])


    # What the rest of the algorithm would take.
    def whole(name, about, **vector):
        write("tree", name, {"about": about, **vector, "expect": "bad-proof"})

    leaves16 = [leaf_hash(b"%d" % i) for i in range(16)]
    whole("inclusion-index-in-larger-tree", "an index that is not below the size, with the proof of a tree twice as large",
          kind="inclusion", index=8, size=8, leaf=leaves16[8].hex(), proof=[h.hex() for h in inclusion(leaves16, 8)],
          root=root_of(leaves16).hex())
    left = leaf_hash(b"left")
    whole("inclusion-size-over-2-63", "a tree of 2^63 + 1 leaves", kind="inclusion", index=str(2**63), size=str(2**63 + 1),
          leaf=LEAVES[0].hex(), proof=[left.hex()], root=node_hash(left, LEAVES[0]).hex())
    whole("consistency-size-over-2-63", "to a tree of 2^63 + 1 leaves", kind="consistency", old_size=str(2**63),
          old_root=left.hex(), size=str(2**63 + 1), root=node_hash(left, LEAVES[0]).hex(), proof=[LEAVES[0].hex()])
    whole("consistency-8-to-4-same-root", "backwards, with one root for both", kind="consistency", old_size=8,
          old_root=left.hex(), size=4, root=left.hex(), proof=[])
    whole("consistency-3-to-3-with-proof", "equal sizes and roots, and a proof that is not empty", kind="consistency", old_size=3,
          old_root=left.hex(), size=3, root=left.hex(), proof=[left.hex()])
    whole("consistency-0-to-5-with-proof", "from the empty tree, with a proof that is not empty", kind="consistency", old_size=0,
          old_root=EMPTY_ROOT.hex(), size=5, root=left.hex(), proof=[left.hex()])
    whole("consistency-0-to-5-other-old-root", "from the empty tree, which has another root", kind="consistency", old_size=0,
          old_root=left.hex(), size=5, root=left.hex(), proof=[])


def vkeys():
    def text(name=ORIGIN, kind=1, public=LOG.public, ident=None, tail=None):
        return "%s+%s+%s" % (name, (key_id(name, kind, public).hex() if ident is None else ident),
                             b64(bytes([kind]) + public) if tail is None else tail)

    def vector(case, about, value, expect="bad-key", **members):
        write("vkey", case, {"about": about, "vkey": value, "expect": expect, **members})

    def good(case, about, key_name=ORIGIN, kind=1, key=LOG):
        vector(case, about, text(key_name, kind, key.public), "ok", name=key_name, type=kind, public_key=key.public.hex())

    good("log", "the key of a log")
    good("witness", "the key of a witness", kind=4)
    plus = next(Key(byte) for byte in range(256) if "+" in b64(b"\1" + Key(byte).public))
    good("plus", "base64 with a plus sign", key=plus)
    good("utf8", "a name with letters beyond ASCII", key_name="læge.example/log")
    good("c1", "a name with U+0080", key_name="ledger\u0080")
    good("name-255", "a name of 255 bytes", key_name="n" * 255)
    vector("name-256", "a name of 256 bytes", text("n" * 256))
    vector("name-empty", "no name", text(""))
    for name, about, bad in (("space", "a space", "a b"), ("tab", "a tab", "a\tb"), ("newline", "a newline", "a\nb"),
                             ("delete", "0x7F", "a\x7fb"), ("no-break-space", "U+00A0", "a\u00a0b"),
                             ("wide-space", "U+3000", "a\u3000b"), ("next-line", "U+0085", "a\u0085b")):
        vector("name-" + name, "a name with " + about, text(bad))
    raw = b"ledger\xc3\x28"
    ident = hashlib.sha256(raw + b"\n\1" + LOG.public).digest()[:4].hex()
    write("vkey", "name-not-utf8", {"about": "a name that is not UTF-8", "expect": "bad-key", "vkey_hex":
                                    (raw + ("+%s+%s" % (ident, b64(b"\1" + LOG.public))).encode()).hex()})
    vector("other-id", "another key id", text(ident="00000000"))
    vector("id-capital", "the key id in capitals", next(value for value in (
        text(public=Key(byte).public, ident=key_id(ORIGIN, 1, Key(byte).public).hex().upper()) for byte in range(99))
        if any(letter in "ABCDEF" for letter in value.split("+")[1])))
    vector("id-short", "a key id of three bytes", text(ident=key_id(ORIGIN, 1, LOG.public).hex()[:6]))
    vector("id-empty", "no key id", text(ident=""))
    vector("id-of-type-4", "the key id that the key has under another type", text(ident=key_id(ORIGIN, 4, LOG.public).hex()))
    for kind in (0, 2, 5, 255):
        vector("type-%d" % kind, "type %d" % kind, text(kind=kind))
    vector("small-order", "the identity as a key (EDSIG-1)", text(public=bytes([1]) + bytes(31)))
    vector("key-31", "a key of 31 bytes", text(public=LOG.public[:31]))
    vector("key-33", "a key of 33 bytes", text(public=LOG.public + b"\0"))
    whole = text()
    vector("unpadded", "base64 of 34 bytes without its padding", text(public=LOG.public + b"\0").rstrip("="))
    vector("key-33-padded", "base64 with padding", text(public=LOG.public + b"\0"))
    vector("url-alphabet", "the other alphabet of base64", text(tail=b64(b"\1" + plus.public).replace("+", "-"), public=plus.public))
    vector("not-base64", "a character that base64 does not have", whole[:-1] + "*")
    vector("no-plus", "the name alone", ORIGIN)
    vector("one-plus", "name and key id", whole.rsplit("+", 1)[0] if whole.count("+") == 2 else ORIGIN + "+00000000")
    for case, public in SMALL.items():
        vector("key-" + case, "a key that is refused (EDSIG-1): " + case, text(public=public))
        vector("key-witness-" + case, "a witness's that is refused (EDSIG-1): " + case, text(kind=4, public=public))
    vector("newline", "a newline behind it", whole + "\n")
    vector("space", "a space before it", " " + whole)
    vector("empty", "nothing", "")


def vrf():
    alpha = b"ledger.example/2026\ncpr:0101701234"
    identity = bytes(32)
    h = point_from_hash(SUITE + b"\x82" + identity + alpha)
    k = u(1, 5) + bytes(31)
    kb, kh = scalar_point(k), scalar_point(k, h)
    c = hashlib.sha512(SUITE + b"\2" + identity + h + identity + kb + kh + b"\0").digest()[:16]
    write("vrf", "key-identity-gamma-identity", {
        "about": "the identity as public key and as Gamma: the equations hold for every input, and all inputs get one beta",
        "public_key": identity.hex(), "alpha": alpha.hex(), "proof": (identity + c + k).hex(), "expect": "bad-vrf"})


PERSON, SOMEBODY, FIRM = "cpr:0101701234", "cpr:0202702345", "cvr:55133018"
UNTIL, UNTIL_NS = "2030-01-01T00:00:00Z", 1893456000000000000


def acts(whole, part, plain):
    """EVT-18 to EVT-21, EVT-23"""
    def bad(name, about, expect="bad-value", policy=(), **change):
        event = {key: value for key, value in {**plain, **change}.items() if value is not None}
        write("event", name, {"about": about, "kind": "event", "policy": list(policy), "expect": expect, "event": event})

    held = {"id": "f-7", "kind": "attorney", "from": SOMEBODY}
    holder = "mandates:" + PERSON
    whole("mandate-given", "a mandate with its principal's name and its end", {"subject": holder, "grant": {**held, "name": "Bo", "until": UNTIL}},
          {1: holder, 38: "f-7", 39: 1, 41: UNTIL_NS, 43: SOMEBODY, 44: "Bo"})
    whole("mandate-revoked", "a mandate that is revoked", {"subject": holder, "grant": {**held, "revoked": True}}, {1: holder, 38: "f-7", 39: 1, 42: True, 43: SOMEBODY})
    for name, about, subject, grant, expect in (
            ("among-events", "a mandate with a person as its subject", PERSON, held, "bad-value"),
            ("among-grants", "a mandate among grants", "grants:" + PERSON, held, "missing-field"),
            ("without", "something else than a mandate in a list of mandates", holder, None, "bad-value"),
            ("no-from", "a mandate from nobody", holder, {"id": "f-7", "kind": "attorney"}, "missing-field"),
            ("to", "a mandate that says to whom", holder, {**held, "to": SOMEBODY}, "bad-value"),
            ("from-self", "a mandate from its holder", holder, {**held, "from": PERSON}, "bad-value"),
            ("from-spelling", "a mandate from an id that is not canonical", holder, {**held, "from": "cpr:020270-2345"}, "bad-value"),
            ("from-list", "a mandate from a list", holder, {**held, "from": "grants:" + SOMEBODY}, "bad-value"),
            ("revoked-until", "a mandate that is revoked and has an end", holder, {**held, "revoked": True, "until": UNTIL}, "bad-value"),
            ("until-time", "a mandate that ends when it begins", holder, {**held, "until": "2026-11-23T08:15:30Z"}, "bad-value"),
            ("of-list", "the mandates of a list", "mandates:grants:" + PERSON, held, "bad-subject")):
        bad("mandate-" + name, about, expect, subject=subject, grant=grant)
    bad("mandate-withheld", "a mandate that is withheld", "policy", ["withhold"], subject=holder, grant=held,
        withheld_until="2027-01-01T00:00:00Z", withheld_basis="b")
    bad("grant-from", "a grant that says from whom", subject="grants:" + PERSON, grant={"id": "7", "kind": "attorney", "to": SOMEBODY, "from": SOMEBODY})
    part("mandate-without", "something else than a mandate in a list of mandates", "bad-value", {1: holder})

    report, said = {"id": "r-1", "index": 17, "org": FIRM}, {45: "r-1", 46: 17, 47: FIRM}
    copy = "reports:" + FIRM
    whole("report-plain", "a report of suspicion without words", {"report": report}, said)
    whole("report-text", "a report of suspicion with a comment", {"report": {**report, "text": "Hvem?"}}, {**said, 48: "Hvem?"})
    whole("report-copy", "the organisation's copy says who reported", {"subject": copy, "report": {**report, "by": PERSON}}, {1: copy, **said, 49: PERSON})
    for name, about, subject, change, expect in (
            ("no-id", "a report without a name", PERSON, {"id": None}, "missing-field"),
            ("no-index", "a report about nothing", PERSON, {"index": None}, "missing-field"),
            ("no-org", "a report about nobody", PERSON, {"org": None}, "missing-field"),
            ("org-form", "a report about what is no organisation", PERSON, {"org": "55133018"}, "bad-value"),
            ("by-in-own", "a report in the person's own list that says by whom", PERSON, {"by": PERSON}, "bad-value"),
            ("copy-no-by", "an organisation's copy that does not say by whom", copy, {}, "bad-value"),
            ("copy-by-nobody", "an organisation's copy by no person", copy, {"by": copy}, "bad-value"),
            ("copy-of-other", "a copy in another organisation's list", "reports:cvr:1", {"by": PERSON}, "bad-value"),
            ("among-grants", "a report among grants", "grants:" + PERSON, {}, "bad-value"),
            ("of-nobody", "a list of reports about no organisation", "reports:55133018", {"by": PERSON}, "bad-subject"),
            ("org-129", "a list of reports about an organisation of 129 bytes", "reports:cvr:" + 125 * "1", {"by": PERSON}, "bad-subject"),
            ("index-negative", "a report about an index before the first", PERSON, {"index": -1}, "bad-value"),
            ("text-1025", "a comment of 1025 bytes", PERSON, {"text": 1025 * "a"}, "too-long")):
        bad("report-" + name, about, expect, subject=subject, report={key: value for key, value in {**report, **change}.items() if value is not None})
    bad("report-withheld", "a report that is withheld", "policy", ["withhold"], report=report, withheld_until="2027-01-01T00:00:00Z", withheld_basis="b")
    bad("report-mass", "a report about many", subject=None, subjects=3, report=report)
    bad("reports-without", "something else than a report in a list of reports", subject=copy)

    answer = {"report": "r-1", "text": "Opslaget var berettiget."}
    whole("answer-plain", "the answer to a report", {"answer": answer}, {50: "r-1", 51: answer["text"]})
    bad("answer-no-text", "an answer without words", "missing-field", answer={"report": "r-1"})
    bad("answer-no-report", "an answer to nothing", "missing-field", answer={"text": "Ja."})
    bad("answer-in-copy", "an answer in the organisation's list", subject=copy, answer=answer)
    bad("answer-mass", "an answer to many", subject=None, subjects=3, answer=answer)
    bad("answer-and-report", "an answer that is a report, too", answer=answer, report=report)

    consent = {"id": "s-1", "to": [FIRM], "purposes": ["forskning"], "categories": ["helbred"], "until": UNTIL}
    whole("consent-given", "a consent with all it may say", {"consent_record": consent}, {52: "s-1", 53: [FIRM], 54: ["forskning"], 55: ["helbred"], 56: UNTIL_NS})
    whole("consent-withdrawn", "a consent that is withdrawn", {"consent_record": {"id": "s-1", "withdrawn": True}}, {52: "s-1", 57: True})
    for name, about, record, expect in (
            ("no-id", "a consent without a name", {"to": [FIRM]}, "missing-field"),
            ("no-to", "a consent to nobody", {"id": "s-1"}, "missing-field"),
            ("withdrawn-false", "a consent that says that it is not withdrawn", {"id": "s-1", "withdrawn": False}, "bad-value"),
            ("withdrawn-to", "a withdrawal that says to whom", {"id": "s-1", "to": [FIRM], "withdrawn": True}, "bad-value"),
            ("until-time", "a consent that ends when it begins", {"id": "s-1", "to": [FIRM], "until": "2026-11-23T08:15:30Z"}, "bad-value")):
        bad("consent-" + name, about, expect, consent_record=record)
    bad("consent-in-grants", "a consent among grants", subject="grants:" + PERSON, consent_record=consent)
    bad("consent-mass", "a consent of many", subject=None, subjects=3, consent_record=consent)
    bad("consent-and-grant", "a consent that is a grant, too", subject="grants:" + PERSON, consent_record=consent, grant={"id": "7", "kind": "attorney", "to": SOMEBODY})
    part("consent-withdrawn-to", "a withdrawal that says to whom", "bad-value", {52: "s-1", 53: [FIRM], 57: True})
    part("report-copy-by-nobody", "an organisation's copy by no person", "bad-value", {1: copy, **said, 49: copy})


def event_vectors():
    def head(name, about, data, expect, **members):
        write("event", "header-" + name, {"about": about, "kind": "header", "header": data.hex(), "expect": expect,
                                          **members})

    head("plain", "not withheld, five years", header(), "ok", withheld_until=0, retention=5, basis="")
    head("withheld", "withheld, with its basis", header(1795421730, 10, "RPL § 729 c"), "ok", withheld_until=1795421730,
         retention=10, basis="RPL § 729 c")
    head("class-99", "the largest class", header(0, 99), "ok", withheld_until=0, retention=99, basis="")
    head("class-0", "class 0", header(0, 0), "bad-value")
    head("class-100", "class 100", header(0, 100), "bad-value")
    head("class-255", "class 255", header(0, 255), "bad-value")
    head("date-no-basis", "a date without a basis", header(1795421730), "bad-value")
    head("basis-no-date", "a basis without a date", header(0, 5, "RPL"), "bad-value")
    head("basis-64", "a basis of 64 bytes", header(1795421730, 5, "b" * 64), "ok", withheld_until=1795421730, retention=5,
         basis="b" * 64)
    head("basis-65", "a basis of 65 bytes", header(1795421730, 5, "b" * 65), "too-long")
    head("basis-newline", "a control character in the basis", header(1795421730, 5, "a\nb"), "bad-value")
    head("basis-delete", "0x7F in the basis", header(1795421730, 5, "a\x7fb"), "bad-value")
    head("basis-space", "nothing but a space in the basis", header(1795421730, 5, " "), "bad-value")
    head("basis-nul", "a zero byte in the basis", header(1795421730, 5, "a\0"), "bad-value")
    head("basis-not-utf8", "a basis that is not UTF-8", u(8, 1795421730) + b"\5\2\xc3\x28", "bad-value")
    head("basis-c1", "U+0085 in the basis: no control character here", header(1795421730, 5, "a\u0085b"), "ok",
         withheld_until=1795421730, retention=5, basis="a\u0085b")
    head("date-largest", "the last date that JSON can say", header(9223372035, 5, "b"), "ok", withheld_until=9223372035,
         retention=5, basis="b")
    head("date-too-late", "a date that is too late", header(9223372036, 5, "b"), "bad-value")
    head("date-all-ones", "the largest eight bytes", header(2**64 - 1, 5, "b"), "bad-value")
    head("cut", "the basis is shorter than its length says", header(1795421730, 5, "basis")[:-1], "truncated")
    head("short", "nine bytes", header()[:9], "truncated")
    head("empty", "no bytes", b"", "truncated")
    head("trailing", "a byte behind the basis", header(1795421730, 5, "basis") + b"x", "trailing")
    head("trailing-zero", "a zero byte behind an empty basis", header() + b"\0", "trailing")

    fields = {1: "cpr:0101701234", 3: 1795421730120000000, 5: 1, 6: 0, 7: "cvr:55133018", 8: "Aarhus Kommune",
              9: "KSD Sygedagpenge", 10: "Opslag", 11: "sagsbehandling", 12: 0, 15: "sagsbehandler"}

    def part(name, about, expect, change, json_event=None):
        members = {number: value for number, value in {**fields, **change}.items() if value is not None}
        vector = {"about": about, "kind": "part", "disclosed": cbor(members).hex(), "expect": expect}
        if json_event:
            vector["event"] = json_event
        write("event", "part-" + name, vector)

    part("subject-and-subjects", "subject and subjects in one disclosed part", "bad-value", {2: 1})
    part("end-before-time", "an end before the time, in the disclosed part alone", "bad-value", {4: 1795421730119999999})
    part("unknown-field", "a field that the table does not have", "unknown-field", {63: 1})
    part("subject-spelling", "a subject in another spelling than its canonical one", "bad-subject", {1: "cpr:010170-1234"})
    part("code-too-large", "an action that the table does not have", "bad-value", {5: 9})
    part("text-control", "a control character", "bad-value", {10: "Op\u001fslag"})
    shown = {"subject": "cpr:0101701234", "time": "2026-11-23T08:15:30.120Z", "action": "read", "outcome": "ok",
             "org": {"id": "cvr:55133018", "name": "Aarhus Kommune"}, "system": "KSD Sygedagpenge", "activity": "Opslag",
             "purpose": "sagsbehandling", "actor": {"kind": "human", "role": "sagsbehandler"}}
    part("text-c1", "U+0080: no control character here", "ok", {10: "Op\u0080slag"}, {**shown, "activity": "Op\u0080slag"})
    write("event", "part-few-fields", {"about": "a part with the subject alone: what is missing is not asked of a part",
                                       "kind": "part", "disclosed": cbor({1: "cpr:0101701234"}).hex(), "expect": "ok",
                                       "event": {"subject": "cpr:0101701234"}})

    plain = {"subject": "cpr:0101701234", "time": "2026-11-23T08:15:30Z", "action": "read", "outcome": "ok",
             "org": {"id": "cvr:55133018", "name": "Aarhus Kommune"}, "system": "KSD", "activity": "Opslag",
             "purpose": "sagsbehandling", "actor": {"kind": "human", "role": "sagsbehandler"}}

    def whole(name, about, change, said, expect="ok", text=None, sequence=3):
        """JSON as a sender reads it; `said` are its fields as the table numbers them."""
        json_event = {**plain, **change}
        event_bytes = cbor({**fields, 3: 1795421730000000000, 9: "KSD", **said}) if expect == "ok" else b""
        secret = hashlib.sha256(name.encode()).digest()
        made = Event(event_bytes, b"", header(), secret, sequence)
        vector = {"about": about, "kind": "event", "event": json_event, "policy": [], "batch_secret": secret.hex(),
                  "sequence": sequence, "expect": expect}
        if text:
            vector["text"] = text(json.dumps(json_event, ensure_ascii=False))
        if expect == "ok":
            vector.update(header=made.header.hex(), disclosed=made.disclosed.hex(), restricted="", secret=made.secret.hex(),
                          c_d=made.c_d.hex(), c_r=made.c_r.hex(), commitment=made.commitment.hex())
        write("event", name, vector)

    whole("time-lower-case", "t and z in lower case, as RFC 3339 allows", {"time": "2026-11-23t08:15:30z"}, {})
    whole("org-of-another", "an organisation that is not the sender's own",
          {"org": {"id": "cvr:29190925", "name": "Region Midtjylland"}}, {7: "cvr:29190925", 8: "Region Midtjylland"})

    def refused(name, about, change, expect):
        write("event", name, {"about": about, "kind": "event", "event": {**plain, **change}, "policy": [], "expect": expect})

    for name, org in (("no-scheme", "55133018"), ("empty-scheme", ":55133018"), ("empty", "cvr:"), ("space", "cvr: 55133018"),
                      ("capital", "CVR:55133018"), ("zero-width", "cvr:5513\u200b3018")):
        refused("org-" + name, "an organisation's id that is no SCHEME:ID", {"org": {"id": org, "name": "Aarhus Kommune"}}, "bad-value")
    for name, text in (("spaces", "   "), ("no-break", "\u00a0"), ("zero-width", "\u200b")):
        refused("purpose-" + name, "a text of which nobody sees anything", {"purpose": text}, "bad-value")
    for name, subject in (
            ("urn-capitals", "uri:URN:OID:1.2.208.176.1.2|0101701234"), ("bare-oid", "uri:1.2.208.176.1.2|0101701234"),
            ("oid-scheme", "uri:oid:1.2.208.176.1.2|0101701234"), ("conditional", "uri:Patient?identifier=urn:oid:1.2.3|7"),
            ("local-word", "uri:MRN|7"), ("code-system", "uri:https://fhir.example.dk/CodeSystem/v2-0203|192"),
            ("code-system-oid", "oid:2.16.840.1.113883.12.203:MR"), ("query", "ref:cvr:55133018/Patient/77?x=1"),
            ("fragment", "ref:cvr:55133018/Patient/77#f"), ("escape", "ref:cvr:55133018/Patient/p%31"),
            ("id-65", "ref:cvr:55133018/Patient/" + 65 * "a"), ("cx", "oid:1.2.3:7^^^&1.2.3&ISO"),
            ("zero-width", "oid:1.2.3:7\u200b"), ("direction", "oid:1.2.3:\u202e7"), ("combining", "oid:1.2.3:a\u030a"),
            ("no-break", "oid:1.2.3:7\u00a07"), ("lost-letter", "oid:1.2.3:S\ufffdren"), ("uri-query", "uri:https://a.example/?x=1|7"),
            ("uri-user", "uri:https://u@a.example/x|7"), ("uri-escape", "uri:https://a.example/%41|7")):
        refused("subject-bad-" + name, "a subject that is in no canonical form", {"subject": subject}, "bad-subject")
    for name, subject in (("no-century", "oid:1.2.752.129.2.1.3.1:700101-1234"), ("no-zero", "uri:http://fhir.nl/fhir/NamingSystem/bsn|12345678"),
                          ("hundred-years", "uri:http://electronichealth.se/identifier/personnummer|150101+1234")):
        refused("subject-short-" + name, "a national number that lacks one or two digits", {"subject": subject}, "bad-subject")
        part("subject-short-" + name, "a national number that lacks one or two digits", "bad-subject", {1: subject})
    for name, subject, canonical in (
            ("host-capitals", "uri:HTTPS://STS.Example.NO/id|7", "uri:https://sts.example.no/id|7"),
            ("slash-at-end", "uri:https://sts.example.no/id/|7", "uri:https://sts.example.no/id|7"),
            ("own-port", "uri:https://sts.example.no:443/id|7", "uri:https://sts.example.no/id|7"),
            ("uuid-capitals", "uri:urn:UUID:5E|7", "uri:urn:uuid:5e|7")):
        whole("subject-" + name, "a system in another spelling is brought into form", {"subject": subject}, {1: canonical})
    for name, subject, canonical in (
            ("number-spaces", "uri:HTTPS://fhir.nhs.uk/Id/nhs-number|943 476 5919", "uri:https://fhir.nhs.uk/Id/nhs-number|9434765919"),
            ("number-hyphens", "oid:2.16.840.1.113883.4.1:123-45-6789", "oid:2.16.840.1.113883.4.1:123456789"),
            ("number-dots", "oid:2.16.756.5.32:756.1234.5678.97", "oid:2.16.756.5.32:7561234567897"),
            ("number-letters", "oid:1.2.246.21:131052-308t", "oid:1.2.246.21:131052-308T"),
            ("number-short", "oid:2.16.840.1.113883.4.1:12-34", "oid:2.16.840.1.113883.4.1:12-34")):
        whole("subject-" + name, "a national number in another spelling is brought into form, if it has as many digits as it must", {"subject": subject}, {1: canonical})
    for name, subject in (("urn-capitals", "uri:urn:UUID:5e|7"), ("host-capitals", "uri:https://A.example/x|7"),
                          ("slash-at-end", "uri:https://a.example/x/|7"), ("zero-width", "oid:1.2.3:7\u200b"),
                          ("number", "oid:2.16.840.1.113883.4.1:123-45-6789")):
        part("subject-" + name, "a subject in another spelling than its canonical one", "bad-subject", {1: subject})
    part("org-no-scheme", "an organisation's id that is no SCHEME:ID", "bad-value", {7: "55133018"})
    part("purpose-spaces", "a text of which nobody sees anything", "bad-value", {11: "  "})
    grant = {"id": "fuldmagt-7", "kind": "attorney", "to": "cpr:0202702345"}
    given = {1: "grants:cpr:0101701234", 38: "fuldmagt-7", 39: 1, 40: "cpr:0202702345"}
    for name, about, more, said in (
            ("given", "a grant without an end", {}, {}), ("parental", "parental authority until an age", {"kind": "parental", "until": "2030-01-01T00:00:00Z"},
                                                        {39: 0, 41: 1893456000000000000}),
            ("revoked", "a grant that is revoked", {"revoked": True}, {42: True})):
        whole("grant-" + name, about, {"subject": "grants:cpr:010170-1234", "grant": {**grant, **more}}, {**given, **said})
    for name, about, change, expect in (
            ("among-events", "a grant with a person as its subject", {"subject": "cpr:0101701234"}, "bad-value"),
            ("without", "something else than a grant in a list of grants", {"grant": None}, "bad-value"),
            ("of-list", "the list of a list", {"subject": "grants:grants:cpr:0101701234"}, "bad-subject"),
            ("of-nobody", "the list of nobody", {"subject": "grants:"}, "bad-subject"),
            ("no-to", "a grant to nobody", {"grant": {"id": "7", "kind": "attorney"}}, "missing-field"),
            ("no-kind", "a grant of no kind", {"grant": {"id": "7", "to": "cpr:0202702345"}}, "missing-field"),
            ("no-id", "a grant without a name", {"grant": {"kind": "attorney", "to": "cpr:0202702345"}}, "missing-field"),
            ("to-spelling", "a grant to an id that is not canonical", {"grant": {**grant, "to": "cpr:020270-2345"}}, "bad-value"),
            ("to-list", "a grant to a list of grants", {"grant": {**grant, "to": "grants:cpr:0202702345"}}, "bad-value"),
            ("to-self", "a grant to oneself", {"grant": {**grant, "to": "cpr:0101701234"}}, "bad-value"),
            ("revoked-false", "a grant that says it is not revoked", {"grant": {**grant, "revoked": False}}, "bad-value"),
            ("revoked-until", "a grant that is revoked and has an end", {"grant": {**grant, "revoked": True, "until": "2030-01-01T00:00:00Z"}}, "bad-value"),
            ("until-time", "a grant that ends when it begins", {"grant": {**grant, "until": "2026-11-23T08:15:30Z"}}, "bad-value"),
            ("id-129", "a grant with a name of 129 bytes", {"grant": {**grant, "id": 129 * "a"}}, "too-long"),
            ("unknown", "a member that a grant does not have", {"grant": {**grant, "scope": "all"}}, "unknown-field")):
        event = {**plain, "subject": "grants:cpr:0101701234", "grant": grant, **change}
        write("event", "grant-" + name, {"about": about, "kind": "event", "policy": [], "expect": expect,
                                         "event": {key: value for key, value in event.items() if value is not None}})
    write("event", "grant-withheld", {"about": "a grant that is withheld from who gives it", "kind": "event", "policy": ["withhold"], "expect": "policy",
                                      "event": {**plain, "subject": "grants:cpr:0101701234", "grant": grant,
                                                "withheld_until": "2027-01-01T00:00:00Z", "withheld_basis": "b"}})
    part("grant-among-events", "a grant with a person as its subject", "bad-value", {38: "7", 39: 1, 40: "cpr:0202702345"})
    given = {1: "grants:cpr:0101701234", 38: "fuldmagt-7", 39: 1, 40: "cpr:0202702345"}
    part("grant", "a grant", "ok", {**given, 41: 1830297600000000000},
         {**shown, "subject": "grants:cpr:0101701234", "grant": {"id": "fuldmagt-7", "kind": "attorney", "to": "cpr:0202702345",
                                                                "until": "2028-01-01T00:00:00Z"}})
    for name, about, change in (
            ("no-name", "a grant without a name", {38: None}), ("no-holder", "a grant to nobody", {40: None}),
            ("to-self", "a grant to oneself", {40: "cpr:0101701234"}), ("to-list", "a grant to a list of grants", {40: "grants:cpr:0202702345"}),
            ("revoked-false", "a grant that says it is not revoked", {42: False}),
            ("revoked-until", "a grant that is revoked and has an end", {41: 1830297600000000000, 42: True}),
            ("until-time", "a grant that ends when it begins", {41: 1795421730120000000})):
        part("grant-" + name, about, "missing-field" if None in change.values() else "bad-value", {**given, **change})
    # What else an event may be, in the disclosed part alone.
    anne, bo, later = "cpr:0101701234", "cpr:0202702345", 1830297600000000000
    mandate = {1: "mandates:" + bo, 38: "fuldmagt-7", 39: 1, 43: anne}
    report = {45: "r-1", 46: 7, 47: "cvr:55133018"}
    answer = {50: "r-1", 51: "Det var en fejl"}
    consent = {52: "samtykke-7", 53: ["cvr:55133018"]}
    for name, about, change in (
            ("grant-from", "a grant that says from whom", {**given, 43: anne}),
            ("mandate-no-name", "a mandate without a name", {**mandate, 38: None}), ("mandate-no-from", "a mandate from nobody", {**mandate, 43: None}), ("mandate-to", "a mandate that says to whom", {**mandate, 40: bo}),
            ("mandate-from-self", "a mandate from its holder", {**mandate, 43: bo}),
            ("mandate-revoked-until", "a mandate that is revoked and has an end", {**mandate, 41: later, 42: True}),
            ("mandate-until-time", "a mandate that ends when it begins", {**mandate, 41: 1795421730120000000}),
            ("mandate-among-events", "a mandate with a person as its subject", {**mandate, 1: anne}),
            ("report-no-index", "a report about nothing", {**report, 46: None}), ("report-org-form", "a report about what is no organisation", {**report, 47: "55133018"}),
            ("report-by-in-own", "a report in the person's own list that says by whom", {**report, 49: anne}),
            ("report-copy-of-other", "a copy in another organisation's list", {**report, 1: "reports:cvr:1", 49: anne}),
            ("report-among-grants", "a report among grants", {**report, 1: "grants:" + anne}),
            ("reports-without", "something else than a report in a list of reports", {1: "reports:cvr:55133018"}),
            ("answer-no-text", "an answer without words", {**answer, 51: None}),
            ("answer-in-copy", "an answer in the organisation's list", {**answer, 1: "reports:cvr:55133018"}),
            ("answer-and-report", "an answer that is a report, too", {**answer, **report}),
            ("consent-no-id", "a consent without a name", {**consent, 52: None}), ("consent-no-to", "a consent to nobody", {**consent, 53: None}),
            ("consent-in-grants", "a consent among grants", {**consent, 1: "grants:" + anne}),
            ("consent-until-time", "a consent that ends when it begins", {**consent, 56: 1795421730120000000}),
            ("consent-withdrawn-false", "a consent that says that it is not withdrawn", {**consent, 53: None, 57: False})):
        part(name, about, "missing-field" if None in change.values() and 57 not in change else "bad-value", change)
    for name, act in (("answer", answer), ("report", report), ("consent", consent)):
        part(name + "-mass", "a %s about many" % name, "bad-value", {**act, 1: None, 2: 3})
    for name, change, member in (("mandate", mandate, {"grant": {"id": "fuldmagt-7", "kind": "attorney", "from": anne}}),
                                 ("report", report, {"report": {"id": "r-1", "index": 7, "org": "cvr:55133018"}}),
                                 ("answer", answer, {"answer": {"report": "r-1", "text": "Det var en fejl"}}),
                                 ("consent", consent, {"consent_record": {"id": "samtykke-7", "to": ["cvr:55133018"]}})):
        part(name, "a " + name, "ok", change, {**shown, "subject": change.get(1, anne), **member})
    part("sha256-capital", "a digest in capitals", "bad-value", {36: "A" * 64})
    part("list-text", "a text for a list", "bad-value", {29: "helbred"})
    part("list-number", "a number in a list", "bad-value", {29: ["helbred", 1]})
    part("time-text", "a text for a time", "bad-value", {3: "2026-11-23T08:15:30Z"})
    part("grant-without", "something else than a grant in a list of grants", "bad-value", {1: "grants:cpr:0101701234"})

    acts(whole, part, plain)
    whole("json-escapes", "members and texts with escapes are what they stand for", {}, {},
          text=lambda text: text.replace('"action"', '"\\u0061ction"').replace("cvr:", "cvr\\u003a"))
    def bad(name, about, expect="bad-value", policy=(), **change):
        write("event", name, {"about": about, "kind": "event", "event": {**plain, **change}, "policy": list(policy),
                              "batch_secret": "00" * 32, "sequence": 3, "expect": expect})

    bad("type-word-number", "a word as a number", action=1)
    bad("type-time-number", "a time as a number", time=1795421730)
    bad("type-list-text", "a list as a text", categories="helbred")
    bad("type-element-number", "a number in a list", categories=["helbred", 7])
    bad("type-group-list", "a group as a list", org=["cvr:55133018"])
    bad("type-boolean-text", "a boolean as a text", emergency="true")
    bad("type-boolean-number", "a boolean as a number", emergency=1)
    bad("list-element-empty", "an empty text in a list", categories=["helbred", ""])
    for name, about, org in (("digit-first", "a scheme that begins with a digit", "1cvr:1"), ("underscore", "an underscore in the scheme",
                             "cv_r:1"), ("capital", "a capital in the scheme", "cVr:1"), ("no-scheme", "no scheme", ":1"),
                             ("no-id", "no id", "cvr:"), ("space", "a space in the id", "cvr:1 2"), ("hidden", "a hidden character",
                             "cvr:1\u200b2")):
        bad("org-id-" + name, "an organisation with " + about, org={"id": org, "name": "X"})
    held = {"withheld_until": "2036-06-01T00:00:00Z", "withheld_basis": "RPL"}
    bad("withheld-until-number", "a date as a number", policy=["withhold"], **{**held, "withheld_until": 2095977600})
    bad("withheld-until-date", "a date without a time", policy=["withhold"], **{**held, "withheld_until": "2036-06-01"})
    bad("withheld-until-1970", "a date that would say that it is not withheld", policy=["withhold"],
        **{**held, "withheld_until": "1970-01-01T00:00:00Z"})
    bad("basis-number", "a basis as a number", policy=["withhold"], **{**held, "withheld_basis": 729})
    bad("basis-empty", "an empty basis", policy=["withhold"], **{**held, "withheld_basis": ""})
    bad("basis-space", "a basis of nothing but spaces", policy=["withhold"], **{**held, "withheld_basis": "  "})
    bad("basis-control", "a control character in the basis", policy=["withhold"], **{**held, "withheld_basis": "a\nb"})
    for name, about, retention in (("number", "as a number", 5), ("y", "without a number", "y"), ("two-y", "with two y", "5yy"),
                                   ("sign", "with a sign", "+5y"), ("space", "with a space", "5 y"), ("letter", "in letters", "vy")):
        bad("retention-" + name, "a retention " + about, retention=retention)
    for name, about, subject in (("slash", "the character before 0 in a number", "cpr:010170123/"),
                                 ("colon", "the one behind 9 in a number", "cpr:010170123:"),
                                 ("eleven", "eleven digits", "cpr:01017012345"), ("only", "a scheme alone", "cpr:"),
                                 ("oid-no-number", "an OID with a letter", "oid:1.2.x:A"), ("oid-first-3", "an OID that begins with 3",
                                  "oid:3.2.1:A"), ("oid-dots", "an OID with two dots", "oid:1..2:A"),
                                 ("uri-no-bar", "a system without its value", "uri:https://a.example/"),
                                 ("uri-no-system", "a value without its system", "uri:|A"),
                                 ("ref-slash", "a slash in the id", "ref:cvr:1/Patient/a/b"),
                                 ("ref-person", "a reference to a Person", "ref:cvr:1/Person/p12"),
                                 ("ref-no-scheme", "an organisation without a scheme", "ref::1/Patient/p1"),
                                 ("ref-no-org-id", "an organisation without an id", "ref:cvr:/Patient/p1"),
                                 ("ref-no-colon", "an organisation without a colon", "ref:cvr/Patient/p1"),
                                 ("ref-underscore", "an underscore in the id", "ref:cvr:1/Patient/p_1"),
                                 ("two-spaces", "two spaces together", "oid:1.2.3:A  B"),
                                 ("ref-no-id", "no id", "ref:cvr:1/Patient/"),
                                 ("value-space", "a value that ends with a space", "oid:1.2.3:A "),
                                 ("value-space-first", "a value that begins with a space", "oid:1.2.3: A"),
                                 ("value-control", "a control character", "oid:1.2.3:A\u001fB")):
        bad("subject-bad-" + name, "a subject with " + about, "bad-subject", subject=subject)
    for name, about, time in (("slash", "the character before 0 in the year", "202/-11-23T08:15:30Z"),
                              ("colon", "the one behind 9 in the year", "202:-11-23T08:15:30Z"),
                              ("space", "a space for T", "2026-11-23 08:15:30Z"), ("zone-no-sign", "an offset without a sign",
                               "2026-11-23T08:15:30 01:00"), ("zone-no-colon", "an offset without a colon", "2026-11-23T08:15:30+0100"),
                              ("zone-24", "an offset of 24 hours", "2026-11-23T08:15:30+24:00"),
                              ("zone-60", "an offset of 60 minutes", "2026-11-23T08:15:30+01:60"),
                              ("zone-hours", "an offset of hours alone", "2026-11-23T08:15:30+01"),
                              ("zone-letters", "an offset in letters", "2026-11-23T08:15:30+0a:00"),
                              ("zone-minutes", "an offset with a letter in its minutes", "2026-11-23T08:15:30+01:0a"),
                              ("point", "a point without decimals", "2026-11-23T08:15:30.Z"), ("comma", "a comma for the point",
                               "2026-11-23T08:15:30,5Z"), ("month-0", "month 0", "2026-00-23T08:15:30Z"), ("month-13", "month 13",
                               "2026-13-23T08:15:30Z"), ("day-0", "day 0", "2026-11-00T08:15:30Z"), ("day-32", "day 32",
                               "2026-12-32T08:15:30Z"), ("february-29", "29 February of a year that has none", "2026-02-29T08:15:30Z"),
                              ("hour-24", "hour 24", "2026-11-23T24:00:00Z"), ("minute-60", "minute 60", "2026-11-23T08:60:30Z"),
                              ("trailing", "something behind the zone", "2026-11-23T08:15:30Z "), ("second-61", "second 61", "2026-11-23T08:15:61Z"),
                              ("year-slash", "a slash behind the year", "2026/11-23T08:15:30Z"), ("month-slash",
                               "a slash behind the month", "2026-11/23T08:15:30Z"), ("hour-dash", "a dash behind the hour",
                               "2026-11-23T08-15:30Z"), ("zone-dash", "a dash inside the offset", "2026-11-23T08:15:30+01-00"), ("empty", "nothing", "")):
        bad("time-bad-" + name, "a time with " + about, time=time)

    def parts(name, about, disclosed, expect, restricted=b""):
        write("event", "parts-" + name, {"about": about, "kind": "parts", "disclosed": disclosed.hex(),
                                         "restricted": restricted.hex(), "policy": [], "expect": expect})

    parts("array", "an array of fields", cbor(list("abc")), "bad-value")
    parts("empty", "no bytes", b"", "truncated")
    parts("count-too-large", "a count of 2^53", cbor({**{key: value for key, value in fields.items() if key != 1}, 2: 2**53}),
          "bad-value")
    parts("text-empty", "an empty text", cbor({**fields, 16: ""}), "bad-value")
    parts("restricted-cut", "a restricted part whose last byte is missing", cbor(fields), "truncated", cbor({14: "A. Jensen"})[:-1])
    parts("too-long", "both parts together have more than 16,384 bytes", cbor({**fields, 29: ["x" * 400] * 40}), "too-long",
          cbor({30: ["y" * 400] * 3}))
    mass = {name: value for name, value in plain.items() if name != "subject"}

    def count(name, about, spelling, expect):
        said = {key: value for key, value in fields.items() if key != 1}
        event_bytes = cbor({**said, 2: 0, 3: 1795421730000000000, 9: "KSD"})
        secret = hashlib.sha256(name.encode()).digest()
        made = Event(event_bytes, b"", header(), secret, 3)
        vector = {"about": about, "kind": "event", "text": json.dumps(mass)[:-1] + ', "subjects": %s}' % spelling, "policy": [],
                  "batch_secret": secret.hex(), "sequence": 3, "expect": expect}
        if expect == "ok":
            vector.update(header=made.header.hex(), disclosed=made.disclosed.hex(), restricted="", secret=made.secret.hex(),
                          c_d=made.c_d.hex(), c_r=made.c_r.hex(), commitment=made.commitment.hex())
        write("event", name, vector)

    count("count-0", "a count of 0", "0", "ok")
    count("count-fraction", "a count with a fraction, though it is whole", "1.0", "bad-value")
    count("count-exponent", "a count with an exponent", "1e2", "bad-value")
    count("count-leading-zero", "a count with a leading zero: no JSON", "01", "bad-json")
    count("count-minus-0", "minus 0: a second spelling of 0", "-0", "bad-value")
    count("count-text", "a count as a text", '"0"', "bad-value")


def sources():
    """What a registration knows of its source: one spelling."""
    def vector(case, about, text, expect=None):
        members = {"kind": 1, "org": "cvr:55133018", "origin": ORIGIN, "name": "Aarhus Kommune", "endorsed": True,
                   "words": text.split("\n")} if expect is None else {}
        write("entry", "sender-source-" + case, {"about": about, "entry": sender(REGISTER, 3, SENDER, more=mandate(
            "cvr:1", source=text)).hex(), "expect": expect or "ok", **(members and {**members, "words": ["reports-for=cvr:1"] + members["words"]})})

    everything = ["authority=1.2.208.176.1.2", "from=address:10.0.0.7=cvr:55133018=Aarhus Kommune=Journal",
                  "from=address:2001:db8::7=cvr:1=Hospital=Røntgen", "from=certificate:" + "ab" * 32 + "=cvr:1=Hospital=Røntgen",
                  "from=source:PACS-1=cvr:1=Hospital=Røntgen = stuen", "identifiers-in=objects", "identifiers-in=reason",
                  "namespace=HOSP=1.2.3.4", "namespace=HOSP2=https://hosp.example/mrn", "namespace=LAB A=urn:uuid:6f1c2f4e-0000-4000-8000-000000000001",
                  "role=sagsbehandler"]
    vector("all", "all that may be said of a source", "\n".join(sorted(everything, key=str.encode)))
    for name, about, text in (
            ("order", "words in another order", "role=a\nauthority=1.2.3"),
            ("twice", "a word twice", "role=læge\nrole=læge"), ("two-roles", "two roles", "role=a\nrole=b"),
            ("two-authorities", "two authorities", "authority=1.2.3\nauthority=1.2.4"),
            ("two-meanings", "two meanings of one namespace", "namespace=A=1.2.3\nnamespace=A=1.2.4"),
            ("two-origins", "one address of two systems", "from=address:10.0.0.7=cvr:1=H=A\nfrom=address:10.0.0.7=cvr:1=H=B"),
            ("line-behind", "a line break behind the last", "role=a\n"), ("line-before", "one before the first", "\nrole=a"),
            ("empty-line", "an empty line", "authority=1.2.3\n\nrole=a"), ("unknown", "a word that there is not", "zone=Europe/Copenhagen"),
            ("policy-word", "a word of the policy", "purpose=pleje"), ("nul", "a zero byte", "role=a\0"),
            ("control", "a tab", "role=a\tb"), ("role-empty", "no role", "role="), ("role-blank", "a role of spaces", "role=  "),
            ("authority-empty", "no authority", "authority="), ("authority-urn", "an OID in a second spelling", "authority=urn:oid:1.2.3"),
            ("authority-zeros", "an OID that is none", "authority=1.02.3"), ("authority-name", "a local name", "authority=HOSP"),
            ("authority-capitals", "a URI in a second spelling", "authority=HTTPS://hosp.example/mrn"),
            ("authority-codes", "the OID of a code system", "authority=2.16.840.1.113883.6.96"),
            ("namespace-empty", "a namespace without a name", "namespace==1.2.3"),
            ("namespace-nothing", "a namespace that stands for nothing", "namespace=A="),
            ("namespace-mark", "a mark of HL7 in a name", "namespace=A&B=1.2.3"),
            ("namespace-oid", "an OID as a name: what says whose numbers it has is not moved", "namespace=1.2.208.176.1.2=1.2.3"),
            ("namespace-number", "digits alone as a name", "namespace=4711=1.2.3"),
            ("namespace-uri", "a URI as a name", "namespace=https://hosp.example/mrn=1.2.3"),
            ("namespace-long", "a name of 65 bytes", "namespace=" + "N" * 65 + "=1.2.3"),
            ("from-kind", "no such kind", "from=host:a=cvr:1=H=A"), ("from-short", "no system", "from=source:A=cvr:1=H"),
            ("from-empty", "an empty system", "from=source:A=cvr:1=H="), ("from-no-name", "no organisation's name", "from=source:A=cvr:1==S"),
            ("from-org", "an organisation that it may not report for", "from=source:A=cvr:2=H=S"),
            ("from-org-none", "an organisation that is none", "from=source:A=1=H=S"),
            ("from-address", "an address that is none", "from=address:10.0.0.256=cvr:1=H=S"),
            ("from-address-spelled", "an address in a second spelling", "from=address:2001:db8:0::7=cvr:1=H=S"),
            ("from-certificate", "a hash in capitals", "from=certificate:" + "AB" * 32 + "=cvr:1=H=S"),
            ("from-certificate-short", "a hash of 31 bytes", "from=certificate:" + "ab" * 31 + "=cvr:1=H=S"),
            ("field", "a field that there is not", "identifiers-in=text"), ("field-subject", "the subject", "identifiers-in=subject"),
            ("field-enum", "a field of fixed words", "identifiers-in=action"), ("field-system", "a field that is about no person", "identifiers-in=system")):
        vector(name, about, text, "bad-value")
    full = "\n".join(sorted("namespace=N%05d=1.2.3.4.5.6.7.8.9.%05d" % (i, 10000 + i) for i in range(90)))
    rest = "role="
    vector("4096", "4,096 bytes", full + "\n" + rest + "r" * (4096 - len(full) - 1 - len(rest)))
    vector("4097", "4,097 bytes", full + "\n" + rest + "r" * (4097 - len(full) - 1 - len(rest)), "too-long")


def entry():
    def sender_vector(case, about, data, expect="ok", endorsed=True, old_key=None, **members):
        vector = {"about": about, "entry": data.hex(), "expect": expect}
        if expect == "ok":
            vector.update({"kind": 1, "org": "cvr:55133018", "origin": ORIGIN, "name": "Aarhus Kommune", "endorsed": endorsed, **members})
            if old_key:
                vector["old_key"] = old_key.public.hex()
        write("entry", "sender-" + case, vector)

    sender_vector("restricted-default", "the fields that are restricted unless a policy says otherwise: 13, 14, 21, 30, 34, 37",
                  sender(REGISTER, 3, SENDER), restricted=str(DEFAULT_RESTRICTED))
    sender_vector("restricted-none", "a policy that restricts nothing", sender(REGISTER, 3, SENDER, restricted=0),
                  restricted="0")
    for bit, about in ((4, "the lowest bit that may be set"), (36, "field 36 alone")):
        sender_vector("restricted-%d" % bit, about, sender(REGISTER, 3, SENDER, restricted=1 << bit), restricted=str(1 << bit))
    reversed_mask = int("{:064b}".format(DEFAULT_RESTRICTED)[::-1], 2)
    sender_vector("restricted-other-order", "bit n for field 63 - n", sender(REGISTER, 3, SENDER, restricted=reversed_mask),
                  "bad-value")
    for bit in (0, 1, 2, 3, 5, 7, 8, 12):
        about = "bit 0, which is no field" if bit == 0 else "field %d, which is always disclosed" % bit
        sender_vector("restricted-bad-%d" % bit, about, sender(REGISTER, 3, SENDER, restricted=DEFAULT_RESTRICTED | 1 << bit),
                      "bad-value")
    sender_vector("restricted-bad-63", "bit 63, a field that the table does not have",
                  sender(REGISTER, 3, SENDER, restricted=DEFAULT_RESTRICTED | 1 << 63), "bad-value")
    honest = sender(REGISTER, 3, SENDER)
    other = sender(REGISTER, 3, SENDER, restricted=0)
    sender_vector("restricted-not-signed", "signed for another policy", other[:-128] + honest[-128:], endorsed=False,
                  restricted="0")
    def narrowed(case, about, more, words=None, expect=None, **change):
        data = sender(REGISTER, 3, SENDER, more=more, **change)
        sender_vector("mandate-" + case, about, data, expect or ("bad-value" if words is None else "ok"),
                      **({} if words is None else {"words": words}))

    one, two = bytes(range(32)), bytes(range(1, 33))
    narrowed("all", "all that a mandate may say", mandate("cvr:1 cvr:10 cvr:2 se:16-7", 1000, 2**32 - 1, 3, [one, two]),
             ["reports-for=cvr:1", "reports-for=cvr:10", "reports-for=cvr:2", "reports-for=se:16-7", "events-per-second=1000",
              "bytes-per-second=4294967295", "grants", "reads", "certificate=" + one.hex(), "certificate=" + two.hex()])
    narrowed("none", "no mandate", NO_MANDATE, [])
    narrowed("grants", "grants alone", mandate(rights=1), ["grants"])
    narrowed("reads", "reads alone", mandate(rights=2), ["reads"])
    narrowed("consents", "consents alone", mandate(rights=4), ["consents"])
    for rights in (8, 15, 0x8000):
        narrowed("rights-%d" % rights, "a right that there is not", mandate(rights=rights))
    for name, about, orgs in (("order", "organisations in another order", "cvr:2 cvr:1"), ("twice", "an organisation twice", "cvr:1 cvr:1"),
                              ("two-spaces", "two spaces between organisations", "cvr:1  cvr:2"),
                              ("space-before", "a space before the first", " cvr:1"), ("space-behind", "a space behind the last", "cvr:1 "),
                              ("no-scheme", "one without a scheme", "1"), ("no-id", "one without an id", "cvr:"),
                              ("capitals", "one with a scheme in capitals", "CVR:1"),
                              ("control", "a line break between them", "cvr:1\ncvr:2"), ("nul", "a zero byte", "cvr:1\0"),
                              ("org-129", "one of 129 bytes", "cvr:" + "1" * 125),
                              ("own", "the sender's own organisation", "cvr:1 cvr:55133018")):
        narrowed(name, about, mandate(orgs))
    full = " ".join("a:%05d" % i for i in range(256))
    narrowed("orgs-2049", "2,049 bytes of organisations", mandate(full + "00"), expect="too-long")
    narrowed("orgs-2048", "2,048 bytes of organisations", mandate(full + "0"), ["reports-for=" + org for org in (full + "0").split()])
    narrowed("certificates-order", "certificates in another order", mandate(certificates=[two, one]))
    narrowed("certificates-twice", "a certificate twice", mandate(certificates=[one, one]))
    several = [bytes([i]) * 32 for i in range(9)]
    narrowed("certificates-8", "eight certificates", mandate(certificates=several[:8]),
             ["certificate=" + each.hex() for each in several[:8]])
    narrowed("certificates-9", "nine certificates", mandate(certificates=several), expect="too-long")
    honest_mandate, wider = sender(REGISTER, 3, SENDER), sender(REGISTER, 3, SENDER, more=mandate("cvr:1"))
    sender_vector("mandate-not-signed", "signed for another mandate", wider[:-128] + honest_mandate[-128:], endorsed=False,
                  words=["reports-for=cvr:1"])
    sources()
    for flags in (4, 8, 0x8000, 0xFFFF):
        sender_vector("flags-%d" % flags, "a flag that is none", sender(REGISTER, 3, SENDER, flags=flags), "bad-value")
    for name, about, org in (("org-no-id", "a scheme without an id", "cvr:"), ("org-no-first", "an id without a scheme", ":1"),
                             ("org-empty", "no organisation", ""), ("org-colon", "a colon alone", ":")):
        sender_vector(name, about, sender(REGISTER, 3, SENDER, org=org), "bad-value")
    sender_vector("org-129", "an organisation of 129 bytes", sender(REGISTER, 3, SENDER, org="cvr:" + "1" * 125), "too-long")
    sender_vector("purpose-control", "a control character in the purpose", sender(REGISTER, 3, SENDER, purpose="a\tb"),
                  "bad-value")
    sender_vector("name-c1", "U+0080 in the name: no control character here",
                  sender(REGISTER, 3, SENDER, name="Aarhus\u0080Kommune"), name="Aarhus\u0080Kommune")
    sender_vector("rotate-other-policy", "a rotation that gives another policy too: both take effect",
                  sender(ROTATE, 3, OTHER, SENDER, restricted=0, flags=1), old_key=SENDER, restricted="0")
    sender_vector("policy-other-key", "a change of policy that gives another key too: both take effect",
                  sender(POLICY, 3, OTHER, SENDER), old_key=SENDER, restricted=str(DEFAULT_RESTRICTED))
    sender_vector("policy-new-only", "a change of policy under another key that the key before did not sign",
                  sender(POLICY, 3, OTHER), endorsed=False, old_key=SENDER, restricted=str(DEFAULT_RESTRICTED))
    sender_vector("name-delete", "0x7F in the name", sender(REGISTER, 3, SENDER, name="Aarhus\x7fKommune"), "bad-value")
    sender_vector("org-control", "a control character in the organisation", sender(REGISTER, 3, SENDER, org="cvr:\n1"), "bad-value")
    sender_vector("purpose-delete", "0x7F in the purpose", sender(REGISTER, 3, SENDER, purpose="a\x7fb"), "bad-value")
    sender_vector("purpose-not-utf8", "a purpose that is not UTF-8", sender(REGISTER, 3, SENDER, purpose="ab").replace(
        range16("ab") + NO_MANDATE, range16(b"\xc3\x28") + NO_MANDATE), "bad-value")
    sender_vector("purpose-256", "a purpose of 256 bytes", sender(REGISTER, 3, SENDER, purpose="p" * 256), "too-long")
    sender_vector("compromised-2", "a flag of 2", sender(REVOKE, 3, SENDER, compromised=2), "bad-value")
    for action, word in ((ROTATE, "rotate"), (POLICY, "policy")):
        sender_vector("compromised-" + word, "compromised, but no revocation", sender(action, 3, SENDER, SENDER, compromised=1),
                      "bad-value")

    for name, public in SMALL.items():
        about = "a key that is refused (EDSIG-1): " + name
        sender_vector("key-" + name, about, sender(REGISTER, 3, SENDER).replace(SENDER.public, public), "bad-value")
        write("entry", "genesis-key-" + name, {"about": about, "entry": genesis(LOG).replace(LOG.public, public).hex(),
                                               "expect": "bad-value"})

    register = sender(REGISTER, 3, SENDER)
    sender_vector("register", "a registration signed by its key", register)
    sender_vector("register-unsigned", "a registration without a signature is an entry, unendorsed",
                  sender(REGISTER, 3, SENDER, signed=False), endorsed=False)
    sender_vector("register-other-origin", "a registration signed for another ledger",
                  sender(REGISTER, 3, SENDER, origin="ledger.example/2027"), endorsed=False)
    sender_vector("rotate", "a rotation signed by both keys", sender(ROTATE, 3, OTHER, SENDER), old_key=SENDER)
    rotate = sender(ROTATE, 3, OTHER, SENDER)
    sender_vector("rotate-new-only", "a rotation signed by the new key alone", rotate[:-64] + bytes(64), endorsed=False,
                  old_key=SENDER)
    sender_vector("rotate-old-only", "a rotation signed by the old key alone", rotate[:-128] + bytes(64) + rotate[-64:],
                  endorsed=False, old_key=SENDER)
    sender_vector("policy", "a policy change signed by the key", sender(POLICY, 3, SENDER, SENDER), old_key=SENDER)
    sender_vector("revoke", "a revocation needs no signature", sender(REVOKE, 3, SENDER, compromised=1), old_key=SENDER)
    for action, word in ((ROTATE, "rotate"), (POLICY, "policy")):
        key = OTHER if action == ROTATE else SENDER
        signed = sender(action, 3, key, SENDER)
        for other, about in ((8, "a later place"), (6, "an earlier place"), (NOTHING - 1, "a place far away")):
            placed = sender(action, 3, key, SENDER, follows=other)
            sender_vector("%s-follows-%s" % (word, other if other < 9 else "far"), "signed for %s: endorsed nowhere else" % about,
                          signed[:-128] + placed[-128:], endorsed=False, old_key=SENDER)
        sender_vector(word + "-follows-nothing", "a change that follows nothing",
                      sender(action, 3, key, SENDER, follows=NOTHING), "bad-value")
    sender_vector("revoke-follows-nothing", "a revocation that follows nothing", sender(REVOKE, 3, SENDER, follows=NOTHING),
                  "bad-value")
    for action, word in ((ROTATE, "rotate"), (POLICY, "policy")):
        key = OTHER if action == ROTATE else SENDER
        signed = sender(action, 3, key, SENDER)
        for other in (1, 3, 2**32 - 1):
            placed = sender(action, 3, key, SENDER, change=other)
            sender_vector("%s-change-%s" % (word, other if other < 9 else "largest"), "signed for another change: endorsed nowhere else",
                          signed[:-128] + placed[-128:], endorsed=False, old_key=SENDER)
        sender_vector(word + "-change-0", "a change with the number of a registration", sender(action, 3, key, SENDER, change=0),
                      "bad-value")
    sender_vector("revoke-change-0", "a revocation with the number of a registration", sender(REVOKE, 3, SENDER, change=0),
                  "bad-value")
    for other in (1, 2**32 - 1):
        sender_vector("register-change-%s" % (other if other < 9 else "largest"), "a registration that is a change",
                      sender(REGISTER, 3, SENDER, change=other), "bad-value")
    for other in (0, 7, NOTHING - 1):
        sender_vector("register-follows-%s" % (other if other < 9 else "far"), "a registration that follows something",
                      sender(REGISTER, 3, SENDER, follows=other), "bad-value")
    for action, word in ((ROTATE, "rotate"), (POLICY, "policy")):
        other = sender(ROTATE + POLICY - action, 3, SENDER, SENDER)
        sender_vector(word + "-other-action", "signed for another action", sender(action, 3, SENDER)[:-128] + other[-128:],
                      endorsed=False, old_key=SENDER)
    old = (b"indsigt/v1 sender\n" + range16(ORIGIN) + u(1, REGISTER) + u(4, 3) + range16("cvr:55133018") +
           range16("Aarhus Kommune") + u(8, DEFAULT_RESTRICTED) + u(2, 0) + range16("") + SENDER.public)
    sender_vector("register-version-1", "signed as entries of format 1 were", register[:-128] + SENDER.sign(old) + bytes(64),
                  endorsed=False)
    old = (b"indsigt/v2 sender\n" + range16(ORIGIN) + u(1, REGISTER) + u(4, 3) + u(8, NOTHING) + range16("cvr:55133018") +
           range16("Aarhus Kommune") + u(8, DEFAULT_RESTRICTED) + u(2, 0) + range16("") + u(1, 0) + SENDER.public)
    sender_vector("register-version-2", "signed as entries of format 2 were", register[:-128] + SENDER.sign(old) + bytes(64),
                  endorsed=False)
    sender_vector("format-1", "an entry of format 1, without what it follows", register[:6] + register[14:18] + register[22:],
                  "bad-value")
    sender_vector("format-2", "an entry of format 2, without its number and mandate",
                  (register[:14] + register[18:]).replace(NO_MANDATE, b""), "bad-value")
    old = (b"indsigt/v3 sender\n" + range16(ORIGIN) + u(1, REGISTER) + u(4, 3) + u(8, NOTHING) + u(4, 0) + range16("cvr:55133018") +
           range16("Aarhus Kommune") + u(8, DEFAULT_RESTRICTED) + u(2, 0) + range16("") + NO_MANDATE[:-2] + u(1, 0) + SENDER.public)
    sender_vector("register-version-3", "signed as entries of format 3 were", register[:-128] + SENDER.sign(old) + bytes(64),
                  endorsed=False)
    sender_vector("format-3", "an entry of format 3, which knows nothing of its source",
                  register.replace(NO_MANDATE, NO_MANDATE[:-2]), "truncated")
    sender_vector("org-no-scheme", "an organisation without its scheme", sender(REGISTER, 3, SENDER, org="55133018"), "bad-value")
    for action in (0, 5):
        sender_vector("action-%d" % action, "no such action", sender(action, 3, SENDER), "bad-value")
    sender_vector("compromised-register", "only a revocation reports a compromised key",
                  sender(REGISTER, 3, SENDER, compromised=1), "bad-value")
    sender_vector("flag-2", "a flag is 0 or 1", sender(REVOKE, 3, SENDER, compromised=2), "bad-value")
    sender_vector("name-long", "a name of 256 bytes", sender(REGISTER, 3, SENDER, name="n" * 256), "too-long")
    sender_vector("no-name", "a sender without a name", sender(REGISTER, 3, SENDER, name=""), "bad-value")
    sender_vector("name-control", "a newline in the name", sender(REGISTER, 3, SENDER, name="a\nb"), "bad-value")
    sender_vector("name-nul", "a zero byte in the name", sender(REGISTER, 3, SENDER, name="a\0b"), "bad-value")
    sender_vector("name-not-utf8", "a name that is not UTF-8",
                  sender(REGISTER, 3, SENDER, name="ab").replace(range16("ab"), range16(b"\xc3\x28")), "not-utf8")
    sender_vector("name-utf8", "a name beyond ASCII", sender(REGISTER, 3, SENDER, name="Sønderborg Kommune"),
                  name="Sønderborg Kommune")
    sender_vector("truncated", "the last byte is missing", register[:-1], "truncated")
    sender_vector("trailing", "a byte too many", register + b"\0", "trailing")

    def erased(name, about, person=0, month=682, years=5, commitment=bytes(32), expect="bad-value", policy="retention"):
        data = b"\6" + u(1, person) + u(2, month) + u(1, years) + commitment + range16(policy) + u(8, 1790000000)
        vector = {"about": about, "entry": data.hex(), "expect": expect}
        if expect == "ok":
            vector["kind"] = 6
        write("entry", "erasure-" + name, vector)

    label = b"\x08" * 32
    erased("policy-256", "a policy of 256 bytes", policy="p" * 256, expect="too-long")
    erased("policy-control", "a line break in the policy", policy="a\nb")
    erased("class-1", "the smallest class", years=1, expect="ok")
    erased("class-99", "the largest class", years=99, expect="ok")
    erased("class-0", "class 0", years=0)
    erased("class-100", "class 100", years=100)
    erased("period-label", "a period with a commitment to a label", commitment=label)
    erased("person-month", "a person with a month", 1, 682, 0, label)
    erased("person-years", "a person with a class", 1, 0, 5, label)
    erased("person-2", "a flag of 2", 2, 0, 0, label)
    for action in (6, 255):
        sender_vector("action-%d" % action, "action %d" % action, sender(action, 3, SENDER), "bad-value")

    records = {"genesis": (0, lambda time: genesis(LOG, time=time)), "erasure": (6, erasure),
               "event": (2, lambda time: event(3, 7, time, bytes(32))), "mass": (3, lambda time: event(3, 7, time, bytes(32), True)),
               "epoch": (5, lambda time: epoch(9, bytes(32), bytes(32), time))}
    for name, (kind, make_record) in records.items():
        vector = {"about": "the largest time that there is", "entry": make_record(9223372035).hex(), "expect": "ok", "kind": kind}
        if kind in (2, 3):
            vector.update(sender=3, sequence=7, time=9223372035)
        write("entry", "time-largest-" + name, vector)
        write("entry", "time-too-late-" + name, {"about": "a second later than the largest time", "expect": "bad-value",
                                                 "entry": make_record(9223372036).hex()})
    sender_vector("time-largest", "the largest time that there is", sender(REGISTER, 3, SENDER, time=9223372035),
                  restricted=str(DEFAULT_RESTRICTED))
    sender_vector("time-too-late", "a second later than the largest time", sender(REGISTER, 3, SENDER, time=9223372036),
                  "bad-value")

    def first_entry(name, about, entry_bytes, expect="bad-value"):
        vector = {"about": about, "entry": entry_bytes.hex(), "expect": expect}
        if expect == "ok":
            vector["kind"] = 0
        write("entry", "genesis" + name, vector)

    first_entry("", "a log without a predecessor", genesis(LOG), "ok")
    for form in (0, 1, 2, 3, 4, 6):
        first_entry("-format-%d" % form, "a format of the future" if form == 6 else "a format that is no more, or never was",
                    genesis(LOG, form=form), "format")
    first_entry("-origin-empty", "no origin", genesis(LOG, origin=""))
    first_entry("-origin-space", "an origin that is no name of a note key", genesis(LOG, origin="ledger example"))
    first_entry("-long-origin", "an origin of 256 bytes", genesis(LOG, origin="o" * 256), "too-long")
    first_entry("-no-epochs", "epochs every 0 seconds", genesis(LOG, seconds=0))

    old_text = checkpoint_text("ledger.example/2025", 12, LEAVES[0])
    old_note = note(old_text, "ledger.example/2025", LOG)
    old_vkey = vkey("ledger.example/2025", LOG.public)

    def before(origin="ledger.example/2025", key=old_vkey, text=old_note, more=b""):
        return range16(origin) + range16(key) + range16(text) + more

    def genesis_vector(name, about, predecessor, expect="bad-value"):
        vector = {"about": about, "entry": genesis(LOG, predecessor=predecessor).hex(), "expect": expect}
        if expect == "ok":
            vector["kind"] = 0
        write("entry", "genesis-predecessor-" + name, vector)

    genesis_vector("whole", "the log before, with its last checkpoint", before(), "ok")
    genesis_vector("other-origin", "an origin that is not the name of the vkey", before(origin="ledger.example/2024"))
    genesis_vector("other-vkey", "a vkey of another name",
                   before(key=vkey("ledger.example/2024", LOG.public)))
    genesis_vector("other-key", "a checkpoint under another key of that name",
                   before(key=vkey("ledger.example/2025", OTHER.public)))
    genesis_vector("not-signed", "a checkpoint whose signature does not verify",
                   before(text=old_text + "\n" + signature_line("ledger.example/2025", 1, LOG.public, bytes(64))))
    genesis_vector("witness-key", "the key of a witness",
                   before(key=vkey("ledger.example/2025", LOG.public, 4)))
    genesis_vector("checkpoint-of-another", "a checkpoint of another log under the same key",
                   before(text=note(checkpoint_text("ledger.example/2024", 12, LEAVES[0]), "ledger.example/2025", LOG)))
    genesis_vector("trailing", "a byte behind the three", before(more=b"\0"))
    genesis_vector("no-checkpoint", "two of the three", range16("ledger.example/2025") + range16(old_vkey))
    genesis_vector("empty-checkpoint", "an empty checkpoint", before(text=""))


def frame():
    def head(name, about, state, kind, body_bytes, expect="ok"):
        write("frame", "session-" + name, {"about": about, "kind": "session-head", "state": state,
                                           "head": (u(4, body_bytes + 1) + u(1, kind)).hex(), "expect": expect})

    long = "frame-too-long"
    write("frame", "head-longest", {"about": "the longest frame: no type in use is that long, but FRM-1 is about the head alone",
                                    "kind": "head", "head": "0010100004", "type": 4, "body_bytes": 1052671, "expect": "ok"})
    head("hello", "the longest hello", "greeting", 1, 16745)
    head("hello-long", "a hello with a byte too many", "greeting", 1, 16746, long)
    head("batch", "the longest batch", "open", 3, 1048576)
    head("batch-long", "a batch with a byte too many", "open", 3, 1048577, long)
    head("batch-longest-frame", "a batch as long as the longest frame", "open", 3, 1052671, long)
    head("ping", "the longest ping", "open", 6, 64)
    head("ping-long", "a ping with a byte too many", "open", 6, 65, long)
    head("ping-empty", "an empty ping", "open", 6, 0)
    kind = "frame-type"
    head("hello-again", "a second hello", "open", 1, 100, kind)
    head("batch-first", "a batch before the hello", "greeting", 3, 100, kind)
    head("ping-first", "a ping before the hello", "greeting", 6, 0)
    head("ping-first-again", "a second ping before the hello", "greeting-pinged", 6, 0, kind)
    for number, word in ((2, "welcome"), (4, "receipt"), (5, "refusal"), (7, "pong"), (8, "error"), (9, "challenge")):
        head(word + "-from-sender", "a %s, which only the ledger sends" % word, "open", number, 8, kind)
    write("frame", "head-type-9", {"about": "the last type", "kind": "head", "head": "0000000309", "type": 9,
                                   "body_bytes": 2, "expect": "ok"})
    write("frame", "head-type-10", {"about": "the first unknown type", "kind": "head", "head": "000000030a",
                                    "expect": "frame-type"})
    challenges()
    hellos()
    welcomes()


CHALLENGE_NONCE, HELLO_NONCE = bytes(range(32)), bytes(range(100, 132))
DEFAULT_WELCOME = dict(next_sequence=1000, ledger_time=1795421730, batch_events=4096, batch_bytes=1048576,
                       window_batches=64, window_bytes=4194304)


def challenge_body(origin=ORIGIN, nonce=CHALLENGE_NONCE, key=LOG.public):
    return u(2, 5) + nonce + key + range16(origin)


def challenges():
    def vector(name, about, body, expect="ok", **members):
        write("frame", "challenge-" + name, {"about": about, "kind": "challenge", "body": body.hex(), **members,
                                             "expect": expect})

    def good(name, about, origin):
        vector(name, about, challenge_body(origin), origin=origin, nonce=CHALLENGE_NONCE.hex(), log_key=LOG.public.hex())

    good("plain", "the first frame of a connection", ORIGIN)
    good("origin-255", "the longest origin", "o" * 255)
    vector("origin-256", "an origin that is too long", challenge_body("o" * 256), "too-long")
    vector("trailing", "one byte left over", challenge_body() + b"\0", "trailing")
    vector("truncated", "one byte missing", challenge_body()[:-1], "truncated")
    vector("empty", "no version", b"", "truncated")
    vector("version-6", "a later version, with a body of its own", u(2, 6) + b"whatever it says", "version")
    vector("version-only", "an earlier version that says no more", u(2, 1), "version")


def hellos():
    """The signature is judged where `challenge` (a body) and `public_key` are given."""
    def message(sender, origin, checkpoint, nonce, challenge_nonce=CHALLENGE_NONCE, log_key=LOG.public):
        return (b"indsigt/v2 hello\n" + challenge_nonce + nonce + log_key + u(4, sender) + range16(origin)
                + hashlib.sha256(checkpoint).digest())

    def body(sender=7, origin=ORIGIN, checkpoint=b"", nonce=HELLO_NONCE, key=SENDER, signature=None, **said):
        signed = {"sender": sender, "origin": origin, "checkpoint": checkpoint, "nonce": nonce, **said}
        return (u(2, 5) + u(4, sender) + range16(origin) + range16(checkpoint) + nonce
                + (key.sign(message(**signed)) if signature is None else signature))

    def vector(name, about, body, expect="ok", **members):
        vector = {"about": about, "kind": "hello", "body": body.hex()}
        if expect in ("ok", "bad-signature"):
            vector.update(challenge=challenge_body().hex(), public_key=SENDER.public.hex(), sender=7, origin=ORIGIN,
                          checkpoint="", nonce=HELLO_NONCE.hex())
        write("frame", "hello-" + name, {**vector, **members, "expect": expect})

    note_text = checkpoint_text(ORIGIN, 12, LEAVES[0])
    last = note(note_text, ORIGIN, LOG).encode()
    vector("first", "a sender without a receipt", body())
    vector("again", "with the checkpoint of the last receipt", body(2**32 - 1, checkpoint=last), sender=2**32 - 1,
           checkpoint=last.hex())
    vector("checkpoint-16384", "the longest checkpoint", body(checkpoint=b"c" * 16384), checkpoint=(b"c" * 16384).hex())
    vector("checkpoint-16385", "a checkpoint that is too long", body(checkpoint=b"c" * 16385), "too-long")
    vector("origin-255", "the longest origin", body(origin="o" * 255), origin="o" * 255)
    vector("origin-256", "an origin that is too long", body(origin="o" * 256), "too-long")
    vector("trailing", "one byte left over", body() + b"\0", "trailing")
    vector("truncated", "one byte missing", body()[:-1], "truncated")
    vector("empty", "no version", b"", "truncated")
    vector("version-0", "version 0", u(2, 0) + body()[2:], "version")
    vector("version-1", "a sender of version 1", u(2, 1) + u(4, 7) + range16(ORIGIN) + range16(""), "version")
    vector("version-2", "a sender of version 2", u(2, 2) + body()[2:], "version")
    vector("version-3", "a sender of version 3", u(2, 3) + body()[2:], "version")
    vector("version-4", "a sender of version 4", u(2, 4) + body()[2:], "version")
    vector("version-6", "a later version, with a body of its own", u(2, 6) + b"whatever it says", "version")
    vector("version-only", "a later version that says no more", b"\xff\xff", "version")
    bad = "bad-signature"
    vector("key-other", "signed by another key", body(key=OTHER), bad)
    vector("sender-other", "signed for another id", body(signature=SENDER.sign(message(8, ORIGIN, b"", HELLO_NONCE))), bad)
    vector("nonce-other", "signed over another nonce of its own",
           body(signature=SENDER.sign(message(7, ORIGIN, b"", bytes(32)))), bad)
    vector("challenge-other", "signed for another connection", body(challenge_nonce=HELLO_NONCE), bad)
    vector("log-other", "signed for another log of the same name", body(log_key=OTHER.public), bad)
    vector("origin-other", "signed for another origin",
           body(signature=SENDER.sign(message(7, ORIGIN + "0", b"", HELLO_NONCE))), bad)
    vector("checkpoint-other", "signed over another checkpoint",
           body(checkpoint=last, signature=SENDER.sign(message(7, ORIGIN, b"", HELLO_NONCE))), bad, checkpoint=last.hex())
    vector("domain-other", "the same fields signed as something else", body(signature=SENDER.sign(
        message(7, ORIGIN, b"", HELLO_NONCE).replace(b"hello", b"howdy"))), bad)


def welcomes():
    """Signed by the log as the answer to the hello of sender 7 with the nonce `nonce`, after the challenge `challenge`."""
    def fields(mask=0, flags=0, purpose="", version=5, source=""):
        return (u(2, version) + u(8, 1000) + u(8, 1795421730) + u(4, 4096) + u(4, 1048576) + u(4, 64) + u(4, 4194304)
                + u(8, mask) + u(2, flags) + range16(purpose) + range16(source))

    def message(fields, challenge_nonce=CHALLENGE_NONCE, nonce=HELLO_NONCE, sender=7, origin=ORIGIN,
                domain=b"indsigt/v2 welcome\n"):
        return domain + challenge_nonce + nonce + u(4, sender) + range16(origin) + fields

    def vector(name, about, body, expect="ok", **members):
        vector = {"about": about, "kind": "welcome", "body": body.hex()}
        if expect in ("ok", "bad-signature"):
            vector.update(challenge=challenge_body().hex(), nonce=HELLO_NONCE.hex(), sender=7, log_key=LOG.public.hex(),
                          **DEFAULT_WELCOME, restricted=0, flags=0, purpose="", source="")
        write("frame", "welcome-" + name, {**vector, **members, "expect": expect})

    def signed(text, key=LOG, **said):
        return text + key.sign(message(text, **said))

    vector("plain", "a policy that restricts nothing", signed(fields()))
    vector("policy", "flags and a purpose", signed(fields(0, 3, "sagsbehandling æ")), flags=3, purpose="sagsbehandling æ")
    words = "authority=1.2.208.176.1.2\nnamespace=SITE=1.2.3.4"
    vector("source", "what the registration knows of its source", signed(fields(source=words)), source=words)
    vector("source-order", "the same in another order", signed(fields(source="\n".join(reversed(words.split("\n"))))), "bad-value")
    vector("trailing", "one byte left over", signed(fields()) + b"\0", "trailing")
    vector("truncated", "no policy", fields()[:34], "truncated")
    vector("unsigned", "no signature", fields(), "truncated")
    vector("version", "version 1", signed(fields(version=1)), "version")
    vector("flags-4", "a flag that is none", signed(fields(flags=4)), "bad-value")
    for name, about, mask, expect in (
            ("restricted", "the fields that are restricted unless a policy says otherwise: 13, 14, 21, 30, 34, 37",
             DEFAULT_RESTRICTED, "ok"),
            ("restricted-bad-1", "a policy that restricts the subject", DEFAULT_RESTRICTED | 2, "bad-value"),
            ("restricted-bad-0", "a policy with bit 0, which is no field", DEFAULT_RESTRICTED | 1, "bad-value"),
            ("restricted-bad-63", "a policy with a field that the table does not have", 1 << 63, "bad-value")):
        vector(name, about, signed(fields(mask)), expect, **({"restricted": mask} if expect == "ok" else {}))
    bad = "bad-signature"
    vector("key-other", "signed by another key", signed(fields(), OTHER), bad)
    vector("challenge-other", "played again: it answers another connection", signed(fields(), challenge_nonce=bytes(32)), bad)
    vector("nonce-other", "played again: it answers another hello", signed(fields(), nonce=bytes(32)), bad)
    vector("sender-other", "meant for another sender", signed(fields(), sender=8), bad)
    vector("origin-other", "of another origin", signed(fields(), origin=ORIGIN + "0"), bad)
    vector("domain-other", "the same fields signed as something else", signed(fields(), domain=b"indsigt/v2 hello\n"), bad)
    vector("changed", "the ledger time was changed after it was signed",
           signed(fields()).replace(u(8, 1795421730), u(8, 1795421731)), bad, ledger_time=1795421731)


def checkpoint_sizes():
    for name, about, size in (("size-slash", "a size with the character before 0", "1/"), ("size-colon", "a size with the one behind 9",
                              "1:"), ("size-sign", "a size with a sign", "+7"), ("size-space", "a space behind the size", "7 "),
                              ("size-hex", "a size in hexadecimal", "0x7")):
        text = "%s\n%s\n%s\n" % (ORIGIN, size, b64(LEAVES[0]))
        write("checkpoint", name, {"about": about, "vkey": vkey(ORIGIN, LOG.public), "note": note(text, ORIGIN, LOG),
                                   "expect": "bad-checkpoint"})
    text = checkpoint_text(ORIGIN, 7, LEAVES[0])
    write("checkpoint", "witness-key", {"about": "a line under the key of a witness, with the signature of a log",
                                        "vkey": vkey(ORIGIN, LOG.public, 4), "expect": "bad-checkpoint",
                                        "note": text + "\n" + signature_line(ORIGIN, 4, LOG.public, LOG.sign(text.encode()))})
    for name, about, dash in (("en-dash", "a line that begins with another dash", "–"), ("minus-sign", "one that begins with a minus", "−")):
        good = note(text, ORIGIN, LOG)
        write("checkpoint", name, {"about": about, "vkey": vkey(ORIGIN, LOG.public), "expect": "bad-checkpoint",
                                   "note": good.replace("—", dash)})
        write("checkpoint", "unknown-" + name, {"about": about + ", of an unknown key", "vkey": vkey(ORIGIN, LOG.public),
                                                "expect": "bad-checkpoint", "note": good + signature_line(
                                                    "witness", 1, OTHER.public, bytes(64)).replace("—", dash)})
    lines = "".join(signature_line("w%d" % i, 1, OTHER.public, bytes(64)) for i in range(64))
    good = note(text, ORIGIN, LOG)
    write("checkpoint", "lines-65", {"about": "65 signature lines", "vkey": vkey(ORIGIN, LOG.public), "note": good + lines,
                                     "expect": "bad-checkpoint"})
    write("checkpoint", "root-33", {"about": "a root of 33 bytes", "vkey": vkey(ORIGIN, LOG.public), "expect": "bad-checkpoint",
                                    "note": note("%s\n7\n%s\n" % (ORIGIN, b64(bytes(33))), ORIGIN, LOG)})


def checkpoint_lines():
    """Each would be a good note for whoever leaves out one check."""
    text = checkpoint_text(ORIGIN, 7, LEAVES[0])
    good, line = note(text, ORIGIN, LOG), signature_line(ORIGIN, 1, LOG.public, LOG.sign(text.encode()) + b"x")
    for name, about, value in (("long-signature", "a byte behind the log's signature", text + "\n" + line),
                               ("cut-last-line", "a last line without its newline, behind a good one",
                                good + signature_line("other", 1, OTHER.public, bytes(64))[:-1])):
        write("checkpoint", name, {"about": about, "vkey": vkey(ORIGIN, LOG.public), "note": value, "expect": "bad-checkpoint"})


def checkpoint():
    checkpoint_sizes()
    checkpoint_lines()
    text = checkpoint_text(ORIGIN, 7, LEAVES[0])
    good = note(text, ORIGIN, LOG)

    def unknown(name, about, key_name, expect):
        more = signature_line(key_name, 1, OTHER.public, bytes(64))
        vector = {"about": about, "vkey": vkey(ORIGIN, LOG.public), "note": good + more, "expect": expect}
        if expect == "ok":
            vector.update(size=7, root=LEAVES[0].hex())
        write("checkpoint", name, vector)

    unknown("unknown-name-c1", "U+0080 in the name of an unknown key: no control character here", "wit\u0080ness", "ok")
    unknown("unknown-name-c1-last", "U+009F in the name of an unknown key", "wit\u009fness", "ok")
    unknown("unknown-name-next-line", "U+0085 in the name of an unknown key: white space", "wit\u0085ness", "bad-checkpoint")
    unknown("unknown-name-delete", "0x7F in the name of an unknown key", "wit\u007fness", "bad-checkpoint")
    unknown("unknown-name-unit", "0x1F in the name of an unknown key", "wit\u001fness", "bad-checkpoint")


def policy():
    def about_log(name, about, text, log, has):
        write("policy", name, {"about": about, "policy": text, "log": log, "names_log": has, "cases": [{"times": [], "reached": True, "time": 0}], "expect": "ok"})

    for name, about, wanted, count in (("slash", "the character before 0", "1/", 9), ("colon", "the one behind 9", ":", 10)):
        names = ["w%d" % i for i in range(count)]
        lines = "".join("witness %s %s\n" % (one, vkey(one, Key(100 + i).public, 4)) for i, one in enumerate(names))
        write("policy", "bad-wanted-" + name, {"about": "a number with " + about, "line": count + 1, "expect": "bad-value",
                                               "policy": lines + "group g %s %s\nquorum g\n" % (wanted, " ".join(names))})
    ours, renamed, others = vkey(ORIGIN, LOG.public), vkey("ledger.example/2027", LOG.public), vkey(ORIGIN, OTHER.public)
    about_log("log-named", "the policy names the log", "log %s\nquorum none\n" % ours, ours, True)
    about_log("log-second", "the policy names two logs", "log %s\nlog %s\nquorum none\n" % (others, ours), ours, True)
    about_log("log-none", "a policy that names no log is for every log", "quorum none\n", ours, True)
    about_log("log-other-key", "the policy names another key of the same name", "log %s\nquorum none\n" % others, ours, False)
    for name, public in SMALL.items():
        for word, line in (("log", "log %s\nquorum none\n" % vkey(ORIGIN, public)),
                           ("witness", "witness w %s\nquorum w\n" % vkey("w", public, 4))):
            write("policy", "bad-%s-key-%s" % (word, name), {"about": "a key that is refused (EDSIG-1): " + name, "policy": line,
                                                             "line": 1, "expect": "bad-value"})
    about_log("log-other-name", "the policy names the same key under another name", "log %s\nquorum none\n" % renamed, ours,
              False)


def fork():
    honest = [leaf_hash(b"a%d" % i) for i in range(40)]
    other = honest[:20] + [leaf_hash(b"b%d" % i) for i in range(20, 40)]
    ours = vkey(ORIGIN, LOG.public)

    def signed(leaves, size, key=LOG, origin=ORIGIN):
        return note(checkpoint_text(origin, size, root_of(leaves[:size])), origin, key)

    def evidence(old, new, **change):
        file = {"type": "indsigt-fork/v1", "first": signed(honest, old), "second": signed(other, new),
                "old_root": b64(root_of(other[:old])), "proof": [b64(hash) for hash in consistency(other[:new], old)]}
        file.update(change)
        return {name: value for name, value in file.items() if value is not None}

    def vector(name, about, file, finding="none", **sizes):
        write("fork", name, {"about": about, "vkey": ours, "fork": json.dumps(file) if isinstance(file, dict) else file,
                             "finding": finding, "expect": {"none": "ok", "form": "bad-value"}.get(finding, "bad-proof"),
                             **sizes})

    vector("sizes-differ", "a later checkpoint that begins with another log", evidence(30, 37), first_size=30,
           second_size=37)
    vector("power-of-two", "the old size is a power of two: its root is not in the proof", evidence(32, 37), first_size=32,
           second_size=37)
    vector("sizes-equal", "two roots of one size", evidence(30, 30), first_size=30, second_size=30)
    vector("escaped", "the same with escapes in its texts",
           json.dumps(evidence(30, 37)).replace("indsigt-fork/v1", "indsigt\\u002dfork\\/v1"), first_size=30, second_size=37)
    vector("no-fork", "an honest log's two checkpoints", evidence(30, 37, second=signed(honest, 37),
           old_root=b64(root_of(honest[:30])), proof=[b64(hash) for hash in consistency(honest[:37], 30)]), "fork")
    vector("same-checkpoint", "one checkpoint twice", evidence(30, 30, second=signed(honest, 30),
           old_root=b64(root_of(honest[:30]))), "fork")
    vector("common-beginning", "the two logs are still the same at the first one's size", evidence(18, 37), "fork")
    vector("other-old-root", "an old root that the proof does not begin with", evidence(30, 37, old_root=b64(LEAVES[0])),
           "fork")
    vector("equal-other-old-root", "equal sizes, and an old root that is not the second's",
           evidence(30, 30, old_root=b64(LEAVES[0])), "fork")
    vector("equal-with-proof", "equal sizes, and a proof that is not empty", evidence(30, 30, proof=[b64(LEAVES[0])]), "fork")
    vector("hash-missing", "a hash less", evidence(30, 37, proof=[b64(h) for h in consistency(other[:37], 30)][1:]), "fork")
    vector("turned-round", "the larger one first", evidence(30, 37, first=signed(other, 37), second=signed(honest, 30)),
           "fork")
    vector("first-not-signed", "the first by another key", evidence(30, 37, first=signed(honest, 30, OTHER)), "checkpoint")
    vector("second-not-signed", "the second by another key", evidence(30, 37, second=signed(other, 37, OTHER)), "checkpoint")
    vector("second-of-another-log", "the second of another log",
           evidence(30, 37, second=signed(other, 37, LOG, "ledger.example/2027")), "checkpoint")
    for member in ("type", "first", "second", "old_root", "proof"):
        vector("without-" + member.replace("_", "-"), "without " + member, evidence(30, 37, **{member: None}), "form")
    vector("unknown-member", "a member more", evidence(30, 37, more=True), "form")
    vector("other-type", "another type", evidence(30, 37, type="indsigt-fork/v2"), "form")
    vector("old-root-31", "an old root of 31 bytes", evidence(30, 37, old_root=b64(bytes(31))), "form")
    spelled = b64(root_of(other[:30]))
    vector("old-root-spelling", "base64 with bits behind its end", evidence(30, 37,
           old_root=spelled[:-2] + chr(ord(spelled[-2]) + 1) + "="), "form")
    vector("member-twice", "a member twice", json.dumps(evidence(30, 37))[:-1] + ', "proof": []}', "form")
    vector("trailing", "text behind the object", json.dumps(evidence(30, 37)) + "x", "form")
    vector("array", "an array", "[]", "form")


def tiles():
    def path(name, about, text, **tile):
        write("tiles", name, {"about": about, "path": text, **tile, "expect": "ok" if tile else "not-found"})

    path("first", "the first tile", "/tile/0/000", level=0, number=0, width=256)
    path("partial", "a partial tile", "/tile/0/273.p/112", level=0, number=273, width=112)
    path("level-63", "the highest level", "/tile/63/000.p/1", level=63, number=0, width=1)
    path("long", "three groups", "/tile/1/x001/x234/067", level=1, number=1234067, width=256)
    path("thousand", "a last group of zeros", "/tile/0/x001/000", level=0, number=1000, width=256)
    path("zeros-inside", "a group of zeros inside", "/tile/entries/x001/x000/000.p/255", entries=True, number=1000000,
         width=255)
    path("entries", "entries", "/tile/entries/999", entries=True, number=999, width=256)
    for name, about, text in (
            ("leading-group", "a first group of zeros", "/tile/0/x000/001"), ("level-64", "level 64", "/tile/64/000"),
            ("level-zeros", "a level with a leading zero", "/tile/00/000"), ("level-sign", "a level with a sign", "/tile/+1/000"),
            ("level-none", "no level", "/tile//000"), ("number-short", "a number of two digits", "/tile/0/01"),
            ("number-long", "a number of four digits", "/tile/0/0001"), ("number-no-x", "a group without its x", "/tile/0/001/002"),
            ("number-x-last", "an x before the last group", "/tile/0/x001/x002"), ("number-none", "no number", "/tile/0/"),
            ("width-0", "width 0", "/tile/0/000.p/0"), ("width-256", "width 256", "/tile/0/000.p/256"),
            ("width-zeros", "a width with a leading zero", "/tile/0/000.p/01"), ("width-none", "no width", "/tile/0/000.p/"),
            ("behind", "something behind the width", "/tile/0/000.p/1/"), ("slash", "a slash behind the number", "/tile/0/000/"),
            ("entries-level", "entries and a level", "/tile/entries/0/000"), ("capital", "a capital letter", "/tile/Entries/000"),
            ("hex", "a number in hexadecimal", "/tile/0/00a"), ("escape", "an escaped digit", "/tile/0/%3000"),
            ("other-root", "another folder", "/tiles/0/000")):
        path("bad-" + name, about, text)


def request():
    target, time = "/v1/filing?sender=7&seq=12", 1795435200

    def vector(name, about, expect="ok", key=SENDER, origin=ORIGIN, signed_target=target, number=7, signed_time=time,
               change=None):
        message = (b"indsigt/v1 request\n" + range16(origin) + range16(signed_target) + u(4, number) + u(8, signed_time))
        text = "Indsigt-Sender " + b64(u(4, 7) + u(8, time) + key.sign(message))
        write("sender-request", name, {
            "about": about, "origin": ORIGIN, "target": target, "public_key": SENDER.public.hex(), "sender": 7, "time": time,
            "authorization": change(text) if change else text, "expect": expect})

    vector("good", "signed as it should be")
    vector("other-key", "signed with another key", "bad-signature", key=OTHER)
    vector("other-origin", "signed for another ledger", "bad-signature", origin="ledger.example/2027")
    vector("other-target", "signed for another sequence", "bad-signature", signed_target="/v1/filing?sender=7&seq=13")
    vector("path-alone", "signed without the query", "bad-signature", signed_target="/v1/filing")
    vector("other-sender", "signed with another id", "bad-signature", number=8)
    vector("other-time", "signed a second later", "bad-signature", signed_time=time + 1)
    vector("other-scheme", "another scheme", "token", change=lambda text: text.replace("Indsigt-Sender", "Bearer"))
    vector("short", "base64 that is cut", "token", change=lambda text: text[:-4])
    vector("long", "a byte more", "token", change=lambda text: text[:15] + b64(base64.b64decode(text[15:]) + b"\0"))
    vector("not-base64", "a character that base64 does not have", "token", change=lambda text: text[:-5] + "*" + text[-4:])
    vector("two-spaces", "two spaces behind the scheme", "token", change=lambda text: text.replace(" ", "  "))
    vector("spelling", "base64 with bits behind its end", "token",
           change=lambda text: text[:-3] + chr(ord(text[-3]) + 1) + "==" if text.endswith("==") else text + "=")


def endorsement():
    words = ["withhold", "purpose=sagsbehandling"]
    ours = vkey(ORIGIN, LOG.public)
    fields = {"org": "cvr:55133018", "name": "Aarhus Kommune"}
    actions = {"register": REGISTER, "rotate": ROTATE, "policy": POLICY, "revoke": REVOKE}

    def signed(action="register", key=SENDER, number=3, restricted=DEFAULT_RESTRICTED, flags=1, purpose="sagsbehandling",
               follows=NOTHING, compromised=0, by=None, change=None, more=NO_MANDATE):
        if change is None:
            change = 0 if action == "register" else 2
        return b64((by or key).sign(sender_message(ORIGIN, actions[action], number, *fields.values(), restricted, flags, purpose,
                                                   key.public, follows, compromised, change, more)))

    def file(**change):
        """A registration; a member whose change is ... is left out."""
        made = {"type": "indsigt-endorsement/v3", "origin": ORIGIN, "log": ours, "action": "register", "sender": 3, "follows": None,
                "change": 0,
                **fields, "policy": words, "compromised": False, "public_key": b64(SENDER.public), "signature": signed(),
                "old_signature": None, **change}
        return {name: value for name, value in made.items() if value is not ...}

    def rotated(**change):
        return file(**{"action": "rotate", "follows": 7, "change": 2, "public_key": b64(OTHER.public),
                       "signature": signed("rotate", OTHER, follows=7),
                       "old_signature": signed("rotate", OTHER, follows=7, by=SENDER), **change})

    def policy(**change):
        return file(**{"action": "policy", "follows": 7, "change": 2, "signature": signed("policy", follows=7),
                       "old_signature": signed("policy", follows=7), **change})

    def revoked(compromised=False, **change):
        return file(**{"action": "revoke", "follows": 7, "change": 2, "policy": [], "compromised": compromised,
                       "signature": signed("revoke", flags=0, purpose="", follows=7, compromised=int(compromised)), **change})

    def vector(name, about, content, expect, **members):
        write("endorsement", name, {"about": about, "vkey": ours,
                                    "endorsement": json.dumps(content) if isinstance(content, dict) else content,
                                    "expect": expect, **members})

    entry_bytes = sender(REGISTER, 3, SENDER, time=0, flags=1, purpose="sagsbehandling")
    vector("good", "a registration that holds, and its entry with the ledger time 0", file(), "ok", entry=entry_bytes.hex())
    vector("no-words", "the default policy", file(policy=[], signature=signed(flags=0, purpose="")), "ok",
           entry=sender(REGISTER, 3, SENDER, time=0).hex())
    opened = DEFAULT_RESTRICTED & ~(1 << 14) | 1 << 9
    vector("all-words", "the other words of a policy",
           file(policy=["open=actor.name", "close=system", "purpose-required"],
                signature=signed(restricted=opened, flags=2, purpose="")), "ok",
           entry=sender(REGISTER, 3, SENDER, time=0, restricted=opened, flags=2).hex())
    vector("rotate", "a new key, signed by both", rotated(), "ok",
           entry=sender(ROTATE, 3, OTHER, SENDER, time=0, flags=1, purpose="sagsbehandling").hex())
    vector("policy", "another policy", policy(), "ok",
           entry=sender(POLICY, 3, SENDER, SENDER, time=0, flags=1, purpose="sagsbehandling").hex())
    far = 2**63 - 1
    vector("follows-largest", "after the largest index that can be said",
           policy(follows=far, signature=signed("policy", follows=far), old_signature=signed("policy", follows=far)), "ok",
           entry=sender(POLICY, 3, SENDER, SENDER, time=0, flags=1, purpose="sagsbehandling", follows=far).hex())
    for compromised in (False, True):
        bare = sender(REVOKE, 3, SENDER, time=0, compromised=int(compromised))
        said = revoked(compromised)
        vector("revoke-compromised" if compromised else "revoke",
               "a revocation that reports the key" if compromised else "a revocation", said, "ok",
               entry=(bare[:-128] + base64.b64decode(said["signature"]) + bytes(64)).hex())
    vector("revoke-other-compromised", "signed for a key that was not compromised",
           revoked(signature=revoked()["signature"], compromised=True), "bad-signature")
    vector("revoke-words", "a revocation with words of a policy", revoked(policy=["withhold"], signature=signed(
        "revoke", purpose="", follows=7)), "bad-value")
    vector("policy-compromised", "a key reported in what is no revocation",
           policy(compromised=True, signature=signed("policy", follows=7, compromised=1)), "bad-value")
    vector("compromised-zero", "a number for false", file(compromised=0), "bad-value")
    vector("compromised-number", "a number for true", revoked(compromised=True) | {"compromised": 1}, "bad-value")
    vector("other-policy", "signed for another policy", file(policy=["withhold"]), "bad-signature")
    vector("other-sender", "signed for another id", file(sender=4), "bad-signature")
    vector("other-name", "signed for another name", file(name="Aarhus kommune"), "bad-signature")
    vector("other-org", "signed for another organisation", file(org="cvr:55133019"), "bad-signature")
    vector("other-key", "another public key", file(public_key=b64(OTHER.public)), "bad-signature")
    vector("other-place", "signed for another place", policy(follows=8), "bad-signature")
    vector("other-action", "signed for another action", policy(action="rotate"), "bad-signature")
    vector("other-log", "for another log", file(log=vkey("ledger.example/2027", LOG.public), origin="ledger.example/2027"),
           "wrong-origin")
    vector("other-log-key", "for another key of the log's name", file(log=vkey(ORIGIN, OTHER.public)), "wrong-origin")
    vector("origin-alone", "origin and log do not fit", file(origin="ledger.example/2027"), "wrong-origin")
    for member in file():
        vector("without-" + member.replace("_", "-"), "without " + member, file(**{member: ...}), "bad-value")
    vector("unknown-member", "a member more", file(seed="x"), "bad-value")
    vector("version-1", "a file of the first version",
           file(type=..., action=..., follows=..., change=..., compromised=..., old_signature=...), "bad-value")
    vector("version-2", "a file of the second version", file(type="indsigt-endorsement/v2", change=...), "bad-value")
    vector("other-type", "another type", file(type="indsigt-endorsement/v1"), "bad-value")
    vector("other-change", "signed as another change", policy(change=3), "bad-signature")
    vector("change-replayed", "an older change, said to be the next one", policy(follows=9, change=3), "bad-signature")
    vector("register-change", "a registration that is a change", file(change=1, signature=signed(change=1)), "bad-value")
    for name, about, value in (("zero", "is a registration's", 0), ("null", "is nothing", None), ("negative", "is less than 0", -1),
                               ("text", "is a text", "2"), ("fraction", "is a fraction", 2.0), ("too-large", "has 33 bits", 2**32 + 2)):
        vector("change-" + name, "a change whose number " + about, policy(change=value), "bad-value")
    largest = 2**32 - 1
    vector("change-largest", "the largest number of a change",
           policy(change=largest, signature=signed("policy", follows=7, change=largest),
                  old_signature=signed("policy", follows=7, change=largest)), "ok",
           entry=sender(POLICY, 3, SENDER, SENDER, time=0, flags=1, purpose="sagsbehandling", change=largest).hex())
    hashes = [bytes(range(32)), bytes(range(1, 33))]
    wide = mandate("cvr:1 cvr:2", 500, 1000000, 3, hashes)
    said = ["reports-for=cvr:2", "certificate=" + hashes[1].hex(), "reads", "reports-for=cvr:1", "events-per-second=500", "grants",
            "bytes-per-second=1000000", "certificate=" + hashes[0].hex()]
    vector("mandate", "the words of a mandate, in any order", file(policy=said, signature=signed(flags=0, purpose="", more=wide)), "ok",
           entry=sender(REGISTER, 3, SENDER, time=0, more=wide).hex())
    vector("other-mandate", "signed for another mandate",
           file(policy=said[1:], signature=signed(flags=0, purpose="", more=wide)), "bad-signature")
    for name, about, word in (("org", "an organisation that is none", "reports-for=1"), ("own", "its own organisation", "reports-for=cvr:55133018"),
                              ("events", "no events a second", "events-per-second=0"), ("bytes", "a limit of 33 bits", "bytes-per-second=4294967296"),
                              ("fraction", "a limit with a fraction", "events-per-second=1.5"),
                              ("certificate", "a certificate's hash in capitals", "certificate=" + "A" * 64),
                              ("certificate-short", "a certificate's hash of 31 bytes", "certificate=" + "a" * 62)):
        vector("mandate-" + name, about, file(policy=[word]), "bad-value")
    vector("revoke-mandate", "a revocation with a mandate", revoked(policy=["grants"], signature=signed(
        "revoke", flags=0, purpose="", follows=7, more=mandate(rights=1))), "bad-value")
    vector("action-unknown", "an action that there is not", file(action="add"), "bad-value")
    vector("register-follows", "a registration that follows an entry",
           file(follows=7), "bad-value")
    vector("register-old-signature", "a registration with two signatures", file(old_signature=signed()), "bad-value")
    vector("revoke-old-signature", "a revocation with two signatures", revoked(old_signature=revoked()["signature"]), "bad-value")
    for name, about, value in (("null", "nothing", None), ("negative", "less than 0", -1), ("text", "a text", "7"),
                               ("fraction", "a fraction", 7.0)):
        vector("follows-" + name, "a change that follows " + about, policy(follows=value), "bad-value")
    at_0 = {"signature": signed("policy", follows=0), "old_signature": signed("policy", follows=0)}
    vector("follows-first", "a change that follows the genesis entry: the file is good, the ledger refuses it", policy(follows=0, **at_0), "ok",
           entry=sender(POLICY, 3, SENDER, SENDER, time=0, flags=1, purpose="sagsbehandling", follows=0).hex())
    vector("follows-zero-text", "0 as a text, and signed for 0", policy(follows="0", **at_0), "bad-value")
    vector("follows-too-large", "a change that follows 2^63, and signed for it",
           json.dumps(policy(signature=signed("policy", follows=2**63))).replace('"follows": 7', '"follows": %d' % 2**63), "bad-json")
    vector("old-signature-none", "a rotation without the old key's signature", rotated(old_signature=None), "bad-value")
    vector("old-signature-short", "an old signature of 63 bytes", rotated(old_signature=b64(bytes(63))), "bad-key")
    vector("sender-0", "id 0, and signed for it", file(sender=0, signature=signed(number=0)), "bad-value")
    vector("sender-wraps", "an id of 33 bits, signed for its lower 32", file(sender=2**32 + 3), "bad-value")
    vector("sender-text", "the id as a text", file(sender="3"), "bad-value")
    vector("sender-too-large", "an id of 33 bits", file(sender=2**32), "bad-value")
    vector("org-no-scheme", "an organisation without a scheme", file(org="55133018"), "bad-value")
    vector("name-empty", "an empty name", file(name=""), "bad-value")
    vector("name-256", "a name of 256 bytes", file(name="n" * 256), "bad-value")
    vector("name-delete", "0x7F in the name", file(name="Aarhus\x7f"), "bad-value")
    vector("name-newline", "a newline in the name", file(name="Aarhus\n"), "bad-value")
    vector("org-129", "an organisation of 129 bytes", file(org="cvr:" + "1" * 125), "bad-value")
    vector("org-control", "a control character in the organisation", file(org="cvr:\t1"), "bad-value")
    vector("sender-fraction", "the id with a fraction", json.dumps(file()).replace('"sender": 3', '"sender": 3.0'), "bad-value")
    vector("array", "an array", str(list(range(14))), "bad-value")
    vector("key-long", "a public key of 33 bytes", file(public_key=b64(bytes(33))), "bad-key")
    vector("policy-text", "the policy as a text", file(policy="withhold", signature=signed(flags=0, purpose="")), "bad-value")
    vector("policy-unknown", "a word that there is not", file(policy=["withold"]), "bad-value")
    vector("policy-number", "a number among the words", file(policy=[7]), "bad-value")
    vector("key-short", "a public key of 31 bytes", file(public_key=b64(bytes(31))), "bad-key")
    spelled = file()["signature"]
    vector("signature-spelling", "a signature with bits behind its end",
           file(signature=spelled[:-3] + chr(ord(spelled[-3]) + 1) + "=="), "bad-key")
    vector("key-unpadded", "a public key without its padding", file(public_key=b64(SENDER.public).rstrip("=")), "bad-key")
    vector("not-json", "no JSON", "endorsement\n", "bad-json")
    vector("member-twice", "a member twice", json.dumps(file())[:-1] + ', "sender": 3}', "bad-json")


def sender_key():
    ours = vkey(ORIGIN, LOG.public)

    def file(**change):
        made = {"origin": ORIGIN, "log": ours, "sender": 3, "org": "cvr:55133018", "name": "Aarhus Kommune",
                "seed": b64(SENDER.seed)}
        made.update(change)
        return {name: value for name, value in made.items() if value is not None}

    def vector(name, about, content, expect="bad-key", **members):
        write("sender-key", name, {"about": about, "file": json.dumps(content) if isinstance(content, dict) else content,
                                   "expect": expect, **members})

    good = {"sender": 3, "public_key": SENDER.public.hex()}
    vector("good", "a whole key file", file(), "ok", **good)
    vector("few", "without what is for people", file(org=None, name=None), "ok", **good)
    vector("sender-0", "an id that is not given yet", file(sender=0), "ok", sender=0, public_key=SENDER.public.hex())
    vector("sender-largest", "the largest id", file(sender=2**32 - 1), "ok", sender=2**32 - 1,
           public_key=SENDER.public.hex())
    vector("sender-too-large", "an id of 33 bits", file(sender=2**32))
    vector("sender-negative", "a negative id", file(sender=-1))
    vector("sender-text", "the id as a text", file(sender="3"))
    vector("unknown-member", "a member that there is not", file(comment="x"))
    vector("other-origin", "an origin that is not the vkey's name", file(origin="ledger.example/2027"))
    vector("witness-key", "the key of a witness as the log's", file(log=vkey(ORIGIN, LOG.public, 4)))
    vector("log-bad", "a vkey with another key id", file(log=ours.replace("+", "+0", 1)))
    vector("seed-short", "a seed of 31 bytes", file(seed=b64(bytes(31))))
    vector("seed-long", "a seed of 33 bytes", file(seed=b64(bytes(33))))
    vector("seed-unpadded", "base64 without its padding", file(seed=b64(SENDER.seed).rstrip("=")))
    vector("org-number", "the organisation as a number", file(org=55133018))
    vector("org-129", "an organisation of 129 bytes", file(org="c" * 129))
    vector("name-256", "a name of 256 bytes", file(name="n" * 256))
    vector("origin-empty", "an empty origin", file(origin=""))
    for member in ("origin", "log", "sender", "seed"):
        vector("without-" + member, "without " + member, file(**{member: None}))
    vector("member-twice", "a member twice", json.dumps(file())[:-1] + ', "sender": 3}')
    vector("array", "an array", "[]")
    vector("trailing", "text behind the object", json.dumps(file()) + "{}")


def proof_file():
    entry_bytes = genesis(LOG)
    leaves = [leaf_hash(entry_bytes)] + LEAVES[:6]
    signed = note(checkpoint_text(ORIGIN, 7, root_of(leaves)), ORIGIN, LOG)

    def vector(name, about, hashes, finding):
        text = "c2sp.org/tlog-proof@v1\nextra %s\nindex 0\n%s\n%s" % (
            b64(entry_bytes), "".join(b64(hash) + "\n" for hash in hashes), signed)
        made = {"about": about, "vkey": vkey(ORIGIN, LOG.public), "proof": text, "finding": finding,
                "expect": {"none": "ok", "form": "bad-value"}.get(finding, "bad-proof")}
        if finding == "none":
            made["index"] = 0
        write("proof-file", name, made)

    vector("hashes-3", "an entry of a log of seven", inclusion(leaves, 0), "none")
    vector("hashes-63", "as many hashes as there may be, and they do not hold", LEAVES[:1] * 63, "tlog-inclusion")
    vector("hashes-64", "a hash more than there may be", LEAVES[:1] * 64, "form")


def consents():
    """EVT-22: the list as answers have it, the access at `index`, and how it stands to its consent."""
    def record(index, day, **members):
        return {"index": index, "time": "2026-11-%02dT08:00:00Z" % day, "consent_record": {"id": "s-1", **members}}

    def case(name, about, state, said, **access):
        at = {"index": 9, "time": "2026-11-20T08:00:00Z", "system": "KSD", "org": {"id": "cvr:1", "name": "Aarhus"}, "purpose": "forskning", "categories": ["helbred"],
              "consent": "s-1", **access}
        write("consent", name, {"about": about, "list": said + [{key: value for key, value in at.items() if value is not None}], "index": 9, "state": state, "expect": "ok"})

    to = {"to": ["cvr:1"]}
    case("covered", "given before to that organisation", "covered", [record(1, 10, **to)])
    case("by-name", "given to the organisation by its name", "covered", [record(1, 10, to=["cvr:7", "Aarhus"])])
    case("to-recipient", "given to who received the data", "covered", [record(1, 10, to=["Projekt 7"])], recipient="Projekt 7")
    case("narrow", "for this purpose and these kinds", "covered", [record(1, 10, purposes=["x", "forskning"], categories=["helbred", "job"], **to)])
    case("at-once", "given at the very time of the access", "covered", [record(1, 20, **to)])
    case("reported-later", "given before, and reported after", "covered", [record(11, 10, **to)])
    case("ends-later", "it ends after the access", "covered", [record(1, 10, until="2026-11-20T08:00:00.000000001Z", **to)])
    case("withdrawn-later", "withdrawn after the access", "covered", [record(1, 10, **to), record(12, 21, withdrawn=True)])
    case("changed", "changed before the access, so that it fits", "covered", [record(1, 10, to=["cvr:2"]), record(2, 11, **to)])
    case("changed-one-time-rising", "two at one time, told the other way round", "covered", [record(1, 10, to=["cvr:2"]), record(2, 10, **to)])
    case("changed-one-time", "two at one time: the one behind in the log counts", "covered", [record(2, 10, **to), record(1, 10, to=["cvr:2"])])
    case("unknown", "nobody has reported it", "unknown", [])
    case("another", "another one is reported", "unknown", [{**record(1, 10, **to), "consent_record": {"id": "s-2", **to}}])
    case("given-later", "given after the access", "unknown", [record(1, 21, **to)])
    case("withdrawn", "withdrawn before the access", "withdrawn", [record(1, 10, **to), record(2, 11, withdrawn=True)])
    case("withdrawn-at-once", "withdrawn at the very time of the access", "withdrawn", [record(1, 10, **to), record(2, 20, withdrawn=True)])
    case("withdrawn-and-again", "what is said after a withdrawal gives nothing back", "withdrawn", [record(1, 10, **to), record(2, 11, withdrawn=True), record(3, 12, **to)])
    case("withdrawn-alone", "the withdrawal of what was never reported", "withdrawn", [record(2, 11, withdrawn=True)])
    case("ended", "it ended before the access", "ended", [record(1, 10, until="2026-11-20T08:00:00Z", **to)])
    case("shortened", "changed so that it ended before the access", "ended", [record(1, 10, **to), record(2, 11, until="2026-11-15T00:00:00Z", **to)])
    case("other-org", "given to another organisation", "other", [record(1, 10, to=["cvr:2"])])
    case("org-front", "given to one whose id begins so", "other", [record(1, 10, to=["cvr:10"])])
    case("other-purpose", "given for another purpose", "other", [record(1, 10, purposes=["behandling"], **to)])
    case("other-kind", "one of the kinds of data is not among those", "other", [record(1, 10, categories=["helbred"], **to)], categories=["helbred", "job"])
    case("no-kind", "the access does not say which kinds", "other", [record(1, 10, categories=["helbred"], **to)], categories=None)
    case("changed-away", "changed before the access, so that it fits no more", "other", [record(1, 10, **to), record(2, 11, to=["cvr:2"])])
    case("none", "the access names none", None, [record(1, 10, **to)], consent=None)
    case("in-ledger", "a read of the ledger names a grant", None, [], system="Indsigt")


for make in (tree, vkeys, vrf, event_vectors, consents, entry, frame, checkpoint, policy, fork, tiles, request, endorsement, sender_key,
             proof_file):
    make()
