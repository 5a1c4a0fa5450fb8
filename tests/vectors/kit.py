"""What the programs here share that make vectors: the formats of spec/, written a second time and from the pages alone, so
that a vector is never just what the ledger's own code answers. Keys are made from one byte each; nothing is random.
Needs libsodium (for Ed25519 and ristretto255) and nothing else."""
import base64
import copy
import ctypes
import ctypes.util
import hashlib
import json
import os
import struct

HERE = os.path.dirname(os.path.abspath(__file__))
sodium = ctypes.CDLL(ctypes.util.find_library("sodium") or "libsodium.so.23")
assert sodium.sodium_init() >= 0

ORIGIN = "ledger.example/2026"
EMPTY_ROOT = hashlib.sha256(b"").digest()


def write(page, name, vector):
    folder = os.path.join(HERE, page)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name + ".json"), "w", encoding="utf-8") as file:
        json.dump(vector, file, ensure_ascii=False, indent=2)
        file.write("\n")


def merged(base, changes):
    """A copy with these members; None: without it."""
    made = copy.deepcopy(base)
    for name, value in changes.items():
        if value is None:
            made.pop(name, None)
        else:
            made[name] = value
    return made


def b64(data):
    return base64.b64encode(data).decode()


def u(size, number):
    return number.to_bytes(size, "big")


def range16(data):
    if isinstance(data, str):
        data = data.encode()
    return u(2, len(data)) + data


# ---- keys and signatures ----

class Key:
    """An Ed25519 key from a seed of 32 equal bytes."""

    def __init__(self, byte):
        public, secret = ctypes.create_string_buffer(32), ctypes.create_string_buffer(64)
        sodium.crypto_sign_seed_keypair(public, secret, bytes([byte]) * 32)
        self.seed, self.public, self.secret = bytes([byte]) * 32, public.raw, secret.raw

    def sign(self, message):
        out = ctypes.create_string_buffer(64)
        sodium.crypto_sign_detached(out, None, message, ctypes.c_ulonglong(len(message)), self.secret)
        return out.raw


def key_id(name, kind, public):
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]


def vkey(name, public, kind=1):
    return "%s+%s+%s" % (name, key_id(name, kind, public).hex(), b64(bytes([kind]) + public))


def signature_line(name, kind, public, signature):
    return "— %s %s\n" % (name, b64(key_id(name, kind, public) + signature))


def note(text, name, key):
    return text + "\n" + signature_line(name, 1, key.public, key.sign(text.encode()))


def checkpoint_text(origin, size, root):
    return "%s\n%d\n%s\n" % (origin, size, b64(root))


def cosignature_line(text, name, key, time):
    message = "cosignature/v1\ntime %d\n%s" % (time, text)
    return signature_line(name, 4, key.public, u(8, time) + key.sign(message.encode()))


# ---- trees ----

def leaf_hash(entry):
    return hashlib.sha256(b"\0" + entry).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def split(n):
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def root_of(leaves):
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return node_hash(root_of(leaves[:k]), root_of(leaves[k:]))


def inclusion(leaves, index):
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return inclusion(leaves[:k], index) + [root_of(leaves[k:])]
    return inclusion(leaves[k:], index - k) + [root_of(leaves[:k])]


def consistency(leaves, old, whole=True):
    """RFC 9162 section 2.1.4.1, SUBPROOF."""
    if old == len(leaves):
        return [] if whole else [root_of(leaves)]
    if old == 0:
        return []
    k = split(len(leaves))
    if old <= k:
        return consistency(leaves[:k], old, whole) + [root_of(leaves[k:])]
    return consistency(leaves[k:], old - k, False) + [root_of(leaves[:k])]


# ---- events ----

def cbor_head(major, number):
    for extra, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 24:
            return bytes([major << 5 | number])
        if number < 1 << 8 * size:
            return bytes([major << 5 | extra]) + u(size, number)
    raise ValueError(number)


def cbor(value):
    if value is True or value is False:
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return cbor_head(0, value)
    if isinstance(value, str):
        return cbor_head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return cbor_head(4, len(value)) + b"".join(map(cbor, value))
    return cbor_head(5, len(value)) + b"".join(cbor(k) + cbor(v) for k, v in sorted(value.items()))


def header(until=0, years=5, basis=""):
    return u(8, until) + u(1, years) + u(1, len(basis.encode())) + basis.encode()


class Event:
    """The commitment of an event, and what opens it."""

    def __init__(self, disclosed, restricted=b"", head=header(), secret=b"\x51" * 32, sequence=0):
        self.disclosed, self.restricted, self.header = disclosed, restricted, head
        self.secret = hashlib.sha256(b"indsigt/v3 key\n" + secret + u(8, sequence)).digest()
        self.c_r = hashlib.sha256(b"indsigt/v3 c_r\n" + self.secret + restricted).digest()
        self.c_d = hashlib.sha256(b"indsigt/v3 c_d\n" + self.c_r + disclosed).digest()
        self.commitment = hashlib.sha256(b"indsigt/v3 c\n" + head + self.c_d).digest()


# ---- entries ----

DEFAULT_RESTRICTED = 1 << 13 | 1 << 14 | 1 << 21 | 1 << 30 | 1 << 34 | 1 << 37
REGISTER, ROTATE, POLICY, REVOKE = 1, 2, 3, 4
NOTHING = 2**64 - 1  # what a registration follows


def genesis(key, origin=ORIGIN, time=1790000000, lag=300, seconds=5, vrf=b"\x22" * 32, predecessor=b"", form=5):
    return (b"\0" + u(2, form) + u(8, time) + range16(origin) + key.public + vrf + u(4, seconds) + u(4, lag) +
            range16(predecessor))


def mandate(reports_for="", events=0, size=0, rights=0, certificates=(), source=""):
    return (range16(reports_for) + u(4, events) + u(4, size) + u(2, rights) + u(1, len(certificates)) + b"".join(certificates) +
            range16(source))


NO_MANDATE = mandate()


def sender_message(origin, action, sender, org, name, restricted, flags, purpose, public, follows=NOTHING, compromised=0,
                   change=0, more=NO_MANDATE):
    return (b"indsigt/v4 sender\n" + range16(origin) + u(1, action) + u(4, sender) + u(8, follows) + u(4, change) +
            range16(org) + range16(name) + u(8, restricted) + u(2, flags) + range16(purpose) + more + u(1, compromised) + public)


def sender(action, number, key, old=None, *, time=1790000000, org="cvr:55133018", name="Aarhus Kommune",
           restricted=DEFAULT_RESTRICTED, flags=0, purpose="", compromised=0, origin=ORIGIN, signed=True, follows=None,
           change=None, more=NO_MANDATE):
    """`follows` is 7 and `change` 2 for what is no registration, unless the case says otherwise; `more` is the mandate."""
    if follows is None:
        follows = NOTHING if action == REGISTER else 7
    if change is None:
        change = 0 if action == REGISTER else 2
    message = sender_message(origin, action, number, org, name, restricted, flags, purpose, key.public, follows, compromised,
                             change, more)
    first = key.sign(message) if signed and action != REVOKE else bytes(64)
    second = old.sign(message) if old is not None and signed else bytes(64)
    return (b"\1" + u(1, action) + u(4, number) + u(8, follows) + u(4, change) + u(8, time) + range16(org) + range16(name) + key.public +
            u(8, restricted) + u(2, flags) + range16(purpose) + more + u(1, compromised) + first + second)


def event(number, sequence, time, commitment, mass=False):
    return (b"\3" if mass else b"\2") + u(4, number) + u(8, sequence) + u(8, time) + commitment


def batch_signature(key, number, first, commitments, checked=0, mass=False, origin=ORIGIN, count=None):
    message = (b"indsigt/v1 batch\n" + range16(origin) + u(1, 2 if mass else 1) + u(4, number) + u(8, first) +
               u(4, len(commitments) if count is None else count) + root_of(commitments) + u(8, checked))
    return key.sign(message)


def batch(number, first, count, checked, signature):
    return b"\4" + u(4, number) + u(8, first) + u(4, count) + u(8, checked) + signature


def epoch(size, map_root, filing_root, time, lost=0):
    return b"\5" + u(8, size) + map_root + filing_root + u(8, time) + (u(8, lost) if lost else b"")


def erasure(time, month=682, years=5, policy="retention"):
    return b"\6" + b"\0" + u(2, month) + u(1, years) + bytes(32) + range16(policy) + u(8, time)


def loss(first, end, events):
    return b"\7" + u(8, first) + u(8, end) + u(8, events)


# ---- ristretto255 and the VRF ----

SUITE = b"\xffc2sp.org/vrf-r255"


def scalar_point(scalar, point=None):
    """scalar * point, or * base; the identity where libsodium refuses to say so."""
    out = ctypes.create_string_buffer(32)
    if point is None:
        sodium.crypto_scalarmult_ristretto255_base(out, scalar)
    else:
        sodium.crypto_scalarmult_ristretto255(out, scalar, point)
    return out.raw


def point_from_hash(data):
    out = ctypes.create_string_buffer(32)
    sodium.crypto_core_ristretto255_from_hash(out, hashlib.sha512(data).digest())
    return out.raw
