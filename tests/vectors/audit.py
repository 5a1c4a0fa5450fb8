#!/usr/bin/env python3
"""Makes the vectors of audits: small whole logs, and what an audit of them must say. python3 tests/vectors/audit.py"""
from kit import *

LOG, OTHER_LOG = Key(1), Key(2)
KEYS = {1: Key(11), 2: Key(12), 3: Key(13)}
NEW = Key(21)
NAMES = {1: "Aarhus Kommune", 2: "Region Midtjylland", 3: "Prøve Kommune"}
START, LAG = 1790000000, 300


def some_root(word):
    """Roots that nobody checks without labels: any 32 bytes."""
    return hashlib.sha256(b"root " + word.encode()).digest()


class Log:
    """An honest log, unless a case says otherwise. It counts what the last line says by itself."""

    def __init__(self, register=True, **change):
        self.entries, self.now, self.change = [], START, change
        self.sequence, self.checked, self.key, self.newest, self.changes = {}, {}, {}, {}, {}
        self.events = self.batches = self.unendorsed = self.epochs = self.lost = 0
        self.last_event = None
        self.append(genesis(LOG, time=START, lag=LAG))
        if register:
            self.register(1)

    def append(self, entry):
        self.entries.append(entry)
        return len(self.entries) - 1

    @property
    def size(self):
        return len(self.entries)

    # ---- senders ----

    def register(self, number, signed=True):
        self.sequence[number], self.checked[number], self.key[number] = 0, 0, KEYS[number]
        self.unendorsed += not signed
        self.changes[number] = 0
        self.newest[number] = self.append(
            sender(REGISTER, number, KEYS[number], time=self.now, name=NAMES[number], signed=signed))
        return self.newest[number]

    def alter(self, action, number, key=None, signed=True, **change):
        """Another entry of a sender: rotation and change of policy are signed by both keys."""
        key, old = key or self.key[number], self.key[number]
        self.key[number] = key
        self.unendorsed += not signed and action != REVOKE
        self.changes[number] += 1
        self.newest[number] = self.append(sender(
            action, number, key, None if action == REVOKE else old,
            **{"time": self.now, "name": NAMES[number], "signed": signed, "follows": self.newest[number],
               "change": self.changes[number], **change}))
        return self.newest[number]

    # ---- events ----

    def commitments(self, number, first, count):
        return [hashlib.sha256(b"event %d %d" % (number, first + i)).digest() for i in range(count)]

    def loose(self, number=1, count=1, mass=False, first=None):
        """Events without their batch entry; gives the index of the first."""
        first = self.sequence.get(number, 0) if first is None else first
        start = self.size
        for i, commitment in enumerate(self.commitments(number, first, count)):
            self.append(event(number, first + i, self.now, commitment, mass))
        self.events += count
        return start

    def close(self, number=1, count=1, mass=False, checked=None, key=None, first=None, **change):
        """The batch entry about the events before it."""
        first = self.sequence.get(number, 0) if first is None else first
        checked = self.checked.get(number, 0) if checked is None else checked
        commitments = self.commitments(number, first, count)
        signature = batch_signature(key or self.key[number], number, first, commitments, checked, mass,
                                    change.get("origin", ORIGIN))
        self.sequence[number] = first + count
        self.checked[number] = max(self.checked.get(number, 0), checked)
        self.batches += 1
        return self.append(batch(number, first, count, checked, signature))

    def batch(self, number=1, count=1, mass=False, checked=None):
        start = self.loose(number, count, mass)
        self.close(number, count, mass, checked)
        return start

    # ---- epochs and losses ----

    def time_at(self, size):
        """The ledger time of the entry before `size`: the newest that an entry below carries."""
        newest = START
        for entry in self.entries[:size]:
            kind = entry[0]
            if kind in (2, 3):
                newest = int.from_bytes(entry[13:21], "big")
            elif kind == 1:
                newest = int.from_bytes(entry[18:26], "big")
            elif kind == 6:
                newest = int.from_bytes(entry[-8:], "big")
        return newest

    def epoch(self, word="a", size=None, time=None, lost=None, roots=None):
        size = self.size if size is None else size
        map_root, filing_root = roots or (some_root("map " + word), some_root("filing " + word))
        self.epochs += 1
        return self.append(epoch(size, map_root, filing_root, self.time_at(size) if time is None else time,
                                 self.lost if lost is None else lost))

    def loss(self, first, events, more=None, end=None):
        """`more`: how many events are lost that were not before; `end`: its own index, if nothing is said."""
        self.lost += events if more is None else more
        return self.append(loss(first, self.size if end is None else end, events))

    def wait(self, seconds):
        self.now += seconds
        return self

    # ---- what comes out ----

    def root(self):
        return root_of([leaf_hash(entry) for entry in self.entries])

    def line(self):
        unchecked = sum(self.sequence[n] > 0 and self.checked[n] == 0 for n in self.sequence)
        unclaimed = sum(self.sequence[n] - self.checked[n] for n in self.sequence)
        return ("audit: ok entries=%d events=%d batches=%d senders=%d unendorsed=%d unchecked=%d unclaimed=%d epochs=%d%s root=%s"
                % (self.size, self.events, self.batches, len(self.sequence), self.unendorsed, unchecked, unclaimed,
                   self.epochs, " lost=%d" % self.lost if self.lost else "", self.root().hex()))

    def note(self, size=None, key=LOG, root=None):
        entries = self.entries if size is None else self.entries[:size]
        root = root or root_of([leaf_hash(entry) for entry in entries])
        return note(checkpoint_text(ORIGIN, len(entries), root), ORIGIN, key)


def vector(name, about, log, **members):
    write("audit", name, {"about": about, "vkey": vkey(ORIGIN, LOG.public), "note": log.note(),
                          "entries": [entry.hex() for entry in log.entries], **members})


def good(name, about, log, **members):
    vector(name, about, log, expect="ok", line=log.line(), **members)


def bad(name, rule, about, log, index, **members):
    """Without an index where it is a matter of the reader how much of a tile it names."""
    where = {} if index is None else {"index": index}
    vector(name, about, log, expect="corrupt", rule=rule, **where, **members)


# ---- logs that hold ----

def honest():
    good("genesis-alone", "a log with its genesis entry", Log(False))
    log = Log()
    log.batch(count=3)
    good("one-batch", "a sender and a batch of three events", log)
    log = Log()
    log.batch(count=2, mass=True)
    good("mass", "mass events: they count as events, and their sender as unchecked", log)
    log = Log()
    log.register(2)
    for i in range(3):
        log.wait(1).batch(1, 2)
        log.batch(2, 1, mass=i == 1)
    good("two-senders", "batches of two senders by turns", log)
    log = Log(False)
    log.register(1, signed=False)
    log.batch()
    good("unendorsed", "a sender without its signature: valid, and counted", log)
    log = Log()
    log.batch()
    log.wait(5).alter(ROTATE, 1, NEW)
    log.batch(count=2)
    good("rotate", "events under the key before a rotation and under the new one", log)
    log = Log()
    log.alter(ROTATE, 1, NEW, restricted=0, flags=1)
    log.batch()
    good("rotate-with-policy", "a rotation that changes the policy as well", log)
    log = Log()
    log.alter(POLICY, 1, NEW, flags=1)
    log.batch()
    good("policy-with-key", "a change of policy that gives another key: events are under that key from there on", log)
    log = Log()
    log.alter(ROTATE, 1, NEW, signed=False)
    log.batch()
    good("rotate-unsigned", "a rotation without signatures takes effect and is unendorsed", log)
    log = Log()
    old = log.entries[log.alter(POLICY, 1, flags=1)]
    log.alter(POLICY, 1)
    log.append(old[:6] + u(8, 3) + u(4, 3) + old[18:])
    log.unendorsed += 1
    log.batch()
    good("policy-replayed", "an older policy with its signatures, said to follow the newest entry and to be the next change: valid, and unendorsed", log)
    log = Log()
    log.batch()
    log.alter(REVOKE, 1, compromised=1)
    log.register(2)
    log.batch(2)
    good("revoke", "a revoked sender, and another that goes on", log)
    log = Log()
    log.batch(count=4)
    log.batch(count=2, checked=3)
    log.batch(count=2, checked=1)
    log.batch(count=2, checked=0)
    good("checked", "a claim that a later batch takes back by nothing: checked stays at the highest", log)
    log = Log()
    log.register(2)
    log.batch(count=4)
    log.batch(count=2, checked=4)
    log.batch(2, 3)
    good("checked-two-senders", "one sender that checks and one that does not", log)
    log = Log()
    log.append(erasure(log.now))
    log.batch()
    good("erasure", "an erasure entry", log)
    log = Log()
    log.batch(count=2)
    log.epoch()
    log.wait(10).batch(count=2)
    log.epoch("b")
    good("epochs", "two epochs, each right behind what it covers", log)
    log = Log()
    log.batch(count=2)
    size = log.size
    log.wait(10).batch(count=2)
    log.epoch(size=size)
    good("epoch-behind", "an epoch that covers less than there is: its time is that of the entry before m", log)
    log = Log()
    log.batch()
    log.epoch(size=3)
    good("epoch-inside-batch", "an epoch whose m lies between an event and its batch entry", log)
    log = Log()
    log.batch()
    log.epoch()
    log.epoch()
    log.batch(mass=True)
    log.epoch()
    log.register(2)
    log.epoch()
    good("epoch-nothing-new", "epochs that cover no new event have the roots of the one before", log)
    log = Log()
    log.batch(mass=True)
    log.epoch(roots=(EMPTY_ROOT, EMPTY_ROOT))
    log.batch()
    log.epoch()
    good("epoch-first-of-nothing", "a first epoch that covers no event has the roots of the empty map and the empty tree", log)
    log = Log()
    log.wait(5).batch()
    log.wait(1000).batch()
    log.wait(LAG).batch()
    good("lag-open", "the log ends as late as it may: the lag begins with the first later entry", log)
    log = Log()
    for i in range(4):
        log.wait(LAG).batch()
        log.epoch(str(i))
    good("lag-epochs", "long waits, and an epoch behind each batch", log)


def losses():
    log = Log()
    log.batch(count=3)
    first = log.size
    log.wait(5).batch(count=2)
    log.batch(count=2, mass=True)
    log.loss(first, 2)
    log.batch()
    log.epoch()
    good("loss", "two events and two mass events are lost: the events are counted", log)
    log = Log()
    log.batch(count=3)
    first = log.size
    log.batch(count=2)
    log.loss(first, 2)
    log.batch(count=4)
    log.loss(first, 6, more=4)
    log.epoch()
    good("loss-again", "a loss that reaches back into an earlier one: no event is counted twice", log)
    log = Log()
    log.batch()
    log.epoch()
    first = log.size
    log.wait(5).batch()
    log.loss(first, 1)
    log.wait(1000).batch(mass=True)
    log.wait(1000).batch(mass=True)
    log.epoch()
    good("loss-not-late", "what is lost is never filed, and is not late", log)
    log = Log()
    log.batch()
    log.batch()
    log.epoch()
    log.loss(4, 1)
    log.epoch("without")
    log.epoch("without")
    good("loss-of-covered", "the epoch after a loss leaves out what is lost: its roots may be others", log)
    log = Log()
    first = log.size
    log.batch(mass=True)
    log.loss(first, 0)
    log.batch()
    log.epoch()
    good("loss-of-nothing", "a loss of mass events alone: no event is lost, and epochs have no field", log)
    log = Log()
    for _ in range(1024):
        log.loss(log.size - 1, 0)
    good("losses-1024", "1024 loss entries", log)
    log = Log()
    for _ in range(1025):
        log.loss(log.size - 1, 0)
    bad("losses-1025", "LOSS-3", "1025 loss entries", log, 1026)
    log = Log()
    log.append(loss(log.size, log.size + 1, 0))
    bad("loss-of-itself", "LOSS-1", "a loss of its own index", log, 2)
    log = Log()
    log.append(loss(1, log.size + 1, 0))
    bad("loss-with-itself", "LOSS-1", "a loss of everything up to its own index, and of that too", log, 2)
    log = Log()
    log.append(loss(log.size + 5, log.size + 6, 0))
    bad("loss-ahead", "LOSS-1", "a loss of what stands behind it", log, 2)
    log = Log()
    log.batch(count=5)
    log.loss(3, 1, end=4)
    log.wait(5).batch(mass=True)
    log.epoch()
    good("loss-inside-batch", "an event in the middle of its batch is lost, and the others are not", log)
    log = Log()
    log.batch(count=3)
    log.batch(count=2, mass=True)
    log.batch(count=2)
    log.loss(3, 3, end=10)
    log.loss(9, 1, end=10, more=0)
    log.loss(2, 1, end=3)
    log.epoch()
    good("loss-any-order", "losses over the ends of batches, inside of one another, and before others", log)
    log = Log()
    late = log.batch(count=3)
    log.loss(late + 1, 1, end=late + 2)
    log.wait(5).batch(mass=True)
    log.wait(301).batch(mass=True)
    bad("late-beside-lost", "EPO-9", "of three events the one in the middle is lost, and no epoch covers the others", log, late)
    for name, events in (("few", 2), ("many", 4), ("none", 0), ("all-ones", 2**64 - 1)):
        log = Log()
        log.batch(count=3)
        log.loss(2, events, more=0)
        bad("loss-counts-" + name, "LOSS-2", "a loss of three events that says %d" % events, log, 6)
    log = Log()
    log.batch(count=2)
    log.batch(count=2, mass=True)
    log.loss(2, 4)
    bad("loss-counts-mass", "LOSS-2", "a loss that counts mass events too", log, 8)
    log = Log()
    log.batch(count=2)
    log.loss(2, 2)
    log.batch()
    log.epoch(lost=0)
    bad("epoch-without-lost", "LOSS-4", "an epoch that does not say what is lost", log, 8)
    for lost in (1, 3, 2**64 - 1):
        log = Log()
        log.batch(count=2)
        log.loss(2, 2)
        log.batch()
        log.epoch(lost=lost)
        bad("epoch-lost-%d" % lost, "LOSS-4", "an epoch that says that %d of the 2 lost events are lost" % lost, log, 8)
    log = Log()
    log.batch()
    log.epoch(lost=1)
    bad("epoch-lost-nothing", "LOSS-4", "an epoch that says that an event is lost, and there is no loss entry", log, 4)
    log = Log()
    log.batch(count=2)
    log.loss(2, 2)
    log.batch(count=2)
    log.loss(2, 4, more=2)
    log.epoch(lost=6)
    bad("epoch-lost-twice", "LOSS-4", "an epoch that counts events twice that lie in two ranges", log, 10)


# ---- logs that do not ----

def genesis_rules():
    log = Log(False)
    log.entries = []
    log.register(1)
    bad("first-sender", "ENTRY-11", "a log that begins with another entry than genesis", log, 0)
    log = Log(False)
    log.entries = [epoch(1, EMPTY_ROOT, EMPTY_ROOT, START)]
    bad("first-epoch", "ENTRY-11", "a log that begins with an epoch entry", log, 0)
    log = Log()
    log.append(genesis(LOG, time=START, lag=LAG))
    bad("second-genesis", "ENTRY-11", "a second genesis entry", log, 2)
    log = Log()
    log.entries[0] = genesis(OTHER_LOG, time=START, lag=LAG)
    bad("genesis-other-key", "ENTRY-18", "a genesis entry with another log key", log, 0)
    log = Log()
    log.entries[0] = genesis(LOG, origin="ledger.example/2027", time=START, lag=LAG)
    bad("genesis-other-origin", "ENTRY-18", "a genesis entry with another origin", log, 0)
    log = Log()
    log.entries[0] = log.entries[0] + b"\0"
    bad("genesis-trailing", "ENTRY-1", "a genesis entry with a byte behind it", log, 0)
    log = Log()
    log.batch()
    log.append(b"\x08")
    bad("unknown-kind", "ENTRY-1", "an entry of a kind that there is not", log, 4)
    log = Log()
    log.append(b"")
    bad("empty-entry", "ENTRY-1", "an entry of no bytes", log, 2)
    log = Log(False)
    log.entries = []
    vector("empty", "a log of no entries: it lacks its genesis entry", log, expect="corrupt", rule="ENTRY-11", index=0)


def time_rules():
    log = Log()
    log.wait(5).batch()
    log.wait(-1).batch()
    bad("time-event", "ENTRY-12", "an event with an earlier time than the one before", log, 4)
    log = Log()
    log.wait(5).batch()
    log.wait(-1).register(2)
    bad("time-sender", "ENTRY-12", "a sender entry with an earlier time", log, 4)
    log = Log()
    log.wait(5).batch()
    log.append(erasure(log.now - 1))
    bad("time-erasure", "ENTRY-12", "an erasure entry with an earlier time", log, 4)
    log = Log()
    log.wait(5).loose()
    log.wait(-1).append(event(1, 1, log.now, log.commitments(1, 1, 1)[0]))
    log.close(count=2)
    bad("time-in-batch", "ENTRY-12", "an earlier time inside a batch", log, 3)
    log = Log(False)
    log.wait(-1).register(1)
    bad("time-before-genesis", "ENTRY-12", "a time before that of the genesis entry", log, 1)
    log = Log()
    log.wait(9223372035 - START).batch()
    good("time-largest", "the largest time that there is", log)
    log.append(erasure(START))
    bad("time-after-largest", "ENTRY-12", "an early time behind the largest", log, 4)
    for name, time in (("too-late", 9223372036), ("over-63-bits", 2**63), ("all-ones", 2**64 - 1)):
        log = Log()
        log.wait(time - START).batch()
        bad("time-" + name, "ENTRY-2", "a time that is too late: %d" % time, log, 2)


def sequence_rules():
    log = Log()
    log.loose(first=1)
    log.close(first=1)
    bad("sequence-1", "ENTRY-13", "a first event with sequence 1", log, 2)
    log = Log()
    log.batch(count=2)
    log.loose(first=3)
    log.close(first=3)
    bad("sequence-hole", "ENTRY-13", "a hole between two batches", log, 5)
    log = Log()
    log.batch(count=2)
    log.loose(first=1)
    log.close(first=1)
    bad("sequence-again", "ENTRY-13", "a sequence that was there", log, 5)
    for name, about, second in (("hole", "a hole inside a batch", 2), ("again", "a sequence twice inside a batch", 0),
                                ("backwards", "sequences that go backwards inside a batch", 2**64 - 1)):
        log = Log()
        log.loose()
        commitments = [log.commitments(1, 0, 1)[0], log.commitments(1, second, 1)[0]]
        log.append(event(1, second, log.now, commitments[1]))
        log.append(batch(1, 0, 2, 0, batch_signature(KEYS[1], 1, 0, commitments)))
        bad("sequence-%s-in-batch" % name, "ENTRY-13", about, log, 3)
    log = Log()
    log.register(2)
    log.batch(count=2)
    log.loose(2, first=2)
    log.close(2, first=2)
    bad("sequence-of-another", "ENTRY-13", "sequences that go on with another sender's", log, 6)
    log = Log()
    log.loose(count=2)
    bad("batch-open", "ENTRY-14", "events at the end without their batch entry", log, 2)
    for name, add in (("sender", lambda log: log.register(2)), ("epoch", lambda log: log.epoch(size=2)),
                      ("erasure", lambda log: log.append(erasure(log.now))), ("loss", lambda log: log.append(loss(1, 2, 0)))):
        log = Log()
        log.loose()
        add(log)
        log.close()
        bad("batch-interrupted-" + name, "ENTRY-14", "an entry of another kind between events and their batch entry", log, 3)
    log = Log()
    log.loose()
    log.append(event(1, 1, log.now, log.commitments(1, 1, 1)[0], True))
    log.close(count=2)
    bad("batch-two-kinds", "ENTRY-14", "an event and a mass event in one batch", log, 3)
    log = Log()
    log.register(2)
    log.loose()
    log.append(event(2, 1, log.now, log.commitments(1, 1, 1)[0]))
    log.close(count=2)
    bad("batch-two-senders", "ENTRY-14", "events of two senders in one batch", log, 4)
    log = Log()
    log.close()
    bad("batch-of-nothing", "ENTRY-14", "a batch entry without events", log, 2)
    log = Log()
    log.batch()
    log.entries.append(log.entries[-1])
    bad("batch-twice", "ENTRY-14", "a batch entry twice", log, 4)
    for name, about, first, count in (("short", "a count that is one less", 0, 1),
                                      ("long", "a count that is one more", 0, 3),
                                      ("first", "another first sequence", 1, 2)):
        log = Log()
        log.loose(count=2)
        signature = batch_signature(KEYS[1], 1, first, log.commitments(1, 0, 2), count=count)
        log.append(batch(1, first, count, 0, signature))
        bad("batch-" + name, "ENTRY-14", "a batch entry with %s, which its sender signed" % about, log, 4)
    for name, about, key in (("another", "signed by that one", KEYS[2]), ("another-own-key", "signed by this one", KEYS[1])):
        log = Log()
        log.register(2)
        log.loose(count=2)
        log.append(batch(2, 0, 2, 0, batch_signature(key, 2, 0, log.commitments(1, 0, 2))))
        bad("batch-of-" + name, "ENTRY-14", "a batch entry of another sender, " + about, log, 5)


def signature_rules():
    def signed(name, about, **change):
        log = Log()
        log.register(2)
        mass = change.pop("really_mass", False)
        log.loose(count=2, mass=mass)
        log.close(count=2, **change)
        bad("signature-" + name, "ENTRY-15", about, log, 5)

    signed("other-key", "signed with another sender's key", key=KEYS[2])
    signed("other-origin", "signed for another log", origin="ledger.example/2027")
    signed("event-as-mass", "events signed as mass events", mass=True)
    signed("mass-as-event", "mass events signed as events", really_mass=True)
    log = Log()
    log.loose(count=2)
    commitments = log.commitments(1, 0, 2)
    log.append(batch(1, 0, 2, 0, batch_signature(KEYS[1], 1, 0, commitments[::-1])))
    bad("signature-order", "ENTRY-15", "signed over the commitments in another order", log, 4)
    log = Log()
    log.loose(count=2)
    log.append(batch(1, 0, 2, 0, batch_signature(KEYS[1], 1, 0, [commitments[0], bytes(32)])))
    bad("signature-commitment", "ENTRY-15", "signed over another commitment", log, 4)
    log = Log()
    log.batch(count=2)
    log.loose(count=2)
    commitments = log.commitments(1, 2, 2)
    log.append(batch(1, 2, 2, 2, batch_signature(KEYS[1], 1, 2, commitments, 1)))
    bad("signature-checked", "ENTRY-15", "signed with another claim of what was checked", log, 7)
    log = Log()
    log.loose()
    log.append(batch(1, 0, 1, 0, bytes(64)))
    bad("signature-none", "ENTRY-15", "64 zero bytes", log, 3)
    log = Log()
    log.alter(ROTATE, 1, NEW)
    log.loose()
    log.close(key=KEYS[1])
    bad("signature-old-key", "ENTRY-15", "signed with the key before a rotation", log, 4)
    log = Log()
    log.alter(POLICY, 1, NEW)
    log.loose()
    log.close(key=KEYS[1])
    bad("signature-before-policy", "ENTRY-15", "signed with the key before a change of policy that gave another", log, 4)
    log = Log()
    log.loose()
    log.close(key=NEW)
    log.alter(ROTATE, 1, NEW)
    bad("signature-new-key", "ENTRY-15", "signed with the key of a rotation that comes later", log, 3)


def sender_rules():
    def case(name, about, build, index, register=True, rule="ENTRY-16"):
        log = Log(register)
        build(log)
        bad("sender-" + name, rule, about, log, index)

    case("0", "a registration of id 0", lambda log: log.append(
        sender(REGISTER, 0, KEYS[2], time=log.now, name=NAMES[2])), 2)
    case("twice", "a second registration of an id", lambda log: log.register(1), 2)
    case("after-revoke", "a registration of an id that was revoked", lambda log: (log.alter(REVOKE, 1), log.register(1)), 3)
    for action, word in ((ROTATE, "rotate"), (POLICY, "policy"), (REVOKE, "revoke")):
        case(word + "-unknown", "a change of a sender that is not registered", lambda log, action=action: log.append(
            sender(action, 2, KEYS[2], KEYS[2], time=log.now, name=NAMES[2])), 2)
        case(word + "-revoked", "a change of a sender that is revoked",
             lambda log, action=action: (log.alter(REVOKE, 1), log.alter(action, 1)), 3)
        case(word + "-other-org", "a change that names another organisation",
             lambda log, action=action: log.alter(action, 1, org="cvr:55133019"), 2)
        case(word + "-other-name", "a change that gives another name",
             lambda log, action=action: log.alter(action, 1, name="Aarhus kommune"), 2)

    def replayed(log):
        """The same bytes once more, after another change."""
        first = log.entries[log.alter(POLICY, 1, flags=1)]
        log.alter(POLICY, 1)
        log.append(first)

    case("replayed", "an entry that is put in again", replayed, 4, rule="ENTRY-22")
    for word, about, follows in (("older", "the entry before the newest one", lambda log: 1),
                                 ("later", "itself", lambda log: log.size), ("genesis", "the genesis entry", lambda log: 0),
                                 ("other", "another sender's entry", lambda log: log.register(2)),
                                 ("batch", "a batch entry", lambda log: log.batch() + 1)):
        for action, kind in ((ROTATE, "rotate"), (POLICY, "policy"), (REVOKE, "revoke")):
            def build(log, action=action, follows=follows):
                log.alter(POLICY, 1)
                place = follows(log)
                log.alter(action, 1, follows=place)

            index = {"other": 4, "batch": 5}.get(word, 3)
            case("%s-follows-%s" % (kind, word), "a change that follows " + about, build, index, rule="ENTRY-22")

    for word, about, number in (("again", "has the number of the one before", 1), ("skipped", "leaves a number out", 3),
                                ("largest", "has the largest number", 2**32 - 1)):
        for action, kind in ((ROTATE, "rotate"), (POLICY, "policy"), (REVOKE, "revoke")):
            case("%s-change-%s" % (kind, word), "a change that " + about,
                 lambda log, action=action, number=number: (log.alter(POLICY, 1), log.alter(action, 1, change=number)), 3,
                 rule="ENTRY-25")

    def unknown(log):
        log.key[2] = KEYS[2]
        log.loose(2)
        log.close(2)

    case("event-unknown", "an event of a sender that is not registered", unknown, 2)
    case("event-revoked", "an event of a revoked sender", lambda log: (log.alter(REVOKE, 1), log.batch()), 3)
    case("event-before", "an event of a sender that is registered later", lambda log: (unknown(log), log.register(2)), 2)


def epoch_rules():
    def epoch_case(name, rule, about, index, **change):
        log = Log()
        log.wait(5).batch(count=2)
        log.wait(5).batch(count=2)
        log.epoch(**change)
        bad("epoch-" + name, rule, about, log, index)

    epoch_case("ahead", "ENTRY-17", "an epoch over its own index", 8, size=9, time=START + 10)
    epoch_case("size-0", "ENTRY-17", "an epoch of size 0", 8, size=0, time=START,
               roots=(EMPTY_ROOT, EMPTY_ROOT))
    epoch_case("all-ones", "ENTRY-17", "an epoch of the largest size", 8, size=2**64 - 1, time=START + 10)
    log = Log()
    log.wait(5).batch()
    log.batch()
    log.epoch()
    log.epoch(size=4)
    bad("epoch-backwards", "ENTRY-17", "an epoch that covers less than the one before", log, 7)
    epoch_case("time-late", "ENTRY-19", "a time a second later", 8, time=START + 11)
    epoch_case("time-early", "ENTRY-19", "a time a second earlier", 8, time=START + 9)
    epoch_case("time-0", "ENTRY-19", "the time 0", 8, time=0)
    epoch_case("time-of-newest", "ENTRY-19", "the time of the newest entry, where less is covered", 8, size=5, time=START + 10)
    log = Log()
    log.wait(5).batch(count=2)
    size = log.size
    log.wait(5).batch(count=2)
    log.epoch(size=size)
    log.epoch("b", time=START + 5)
    bad("epoch-time-of-older", "ENTRY-19", "the time of the epoch before, where more is covered", log, 9)

    def equal(name, about, second, between=None, first=None):
        log = Log()
        log.batch(mass=first is not None)
        log.epoch(roots=first)
        if between:
            between(log)
        index = log.epoch(roots=second)
        bad("epoch-" + name, "EPO-8", about, log, index)

    same_map, same_filing, other = some_root("map a"), some_root("filing a"), some_root("other")
    equal("same-other-map", "an epoch that covers nothing new, with another map root", (other, same_filing))
    equal("same-other-filing", "an epoch that covers nothing new, with another filing root", (same_map, other))
    equal("same-emptied", "an epoch that covers nothing new, with empty roots", (EMPTY_ROOT, EMPTY_ROOT))
    equal("same-mass", "an epoch that covers new mass events alone, with another map root", (other, same_filing),
          lambda log: log.batch(mass=True))
    equal("same-sender", "an epoch that covers a new sender entry alone, with another filing root", (same_map, other),
          lambda log: log.register(2))
    log = Log()
    log.batch()
    size = log.size
    log.epoch()
    log.batch()
    bad("epoch-same-behind", "EPO-8", "a new event that the epoch does not cover, and another map root", log,
        log.epoch("b", size=size))
    for name, about, roots in (("map", "map root", (other, EMPTY_ROOT)), ("filing", "filing root", (EMPTY_ROOT, other)),
                               ("zero", "roots of zero bytes", (bytes(32), bytes(32)))):
        log = Log()
        log.batch(mass=True)
        bad("epoch-nothing-" + name, "EPO-8", "a first epoch that covers no event, with another " + about, log,
            log.epoch(roots=roots))
    log = Log()
    log.batch(mass=True)
    log.epoch(roots=(EMPTY_ROOT, EMPTY_ROOT))
    log.batch(mass=True)
    bad("epoch-nothing-again", "EPO-8", "a second epoch that still covers no event, with other roots", log, log.epoch())
    log = Log()
    log.batch()
    log.loss(2, 1)
    bad("epoch-nothing-left", "EPO-8", "a first epoch of which all events are lost, with other roots", log, log.epoch())
    log = Log()
    log.batch()
    log.batch()
    log.loss(4, 1)
    log.epoch()
    bad("epoch-same-after-loss", "EPO-8", "nothing new and nothing more lost, with other roots", log, log.epoch("b"))


def lag_rules():
    log = Log()
    event_index = log.wait(5).batch()
    log.wait(1).batch(mass=True)
    log.wait(LAG).batch(mass=True)
    log.wait(1).batch(mass=True)
    bad("late", "EPO-9", "the log goes on too long before an epoch covers an event", log, event_index)
    log = Log()
    event_index = log.wait(5).batch()
    log.wait(1).register(2)
    log.wait(LAG + 1).batch(mass=True)
    log.epoch()
    bad("late-epoch", "EPO-9", "the epoch that covers it comes right behind the entry that shows it", log, event_index)
    log = Log()
    log.wait(5).batch()
    size = log.size
    event_index = log.batch()
    log.epoch(size=size)
    log.wait(1).batch(mass=True)
    log.wait(LAG + 1).batch(mass=True)
    bad("late-uncovered", "EPO-9", "an epoch that covers the event before it, not this one", log, event_index)
    log = Log()
    event_index = log.wait(5).batch()
    log.wait(1).append(erasure(log.now))
    log.wait(LAG + 1).append(erasure(log.now))
    bad("late-erasure", "EPO-9", "an erasure entry shows it: it carries a ledger time too", log, event_index)
    log = Log()
    event_index = log.wait(5).batch()
    log.wait(1).batch(mass=True)
    first = log.size
    log.batch()
    log.loss(first, 1)
    log.wait(LAG + 1).batch(mass=True)
    bad("late-beside-loss", "EPO-9", "a loss that does not reach back to the event", log, event_index)


def wide():
    """300 entries: a full tile and a partial one on two levels."""
    log = Log()
    while log.size < 285:
        log.wait(1).batch(count=6)
        if log.size % 5 == 0:
            log.epoch(str(log.size))
    while log.size < 296:
        log.append(erasure(log.now))
    log.batch(count=2)
    log.epoch("last")
    return log


def tile(log, path):
    """The bytes of a full tile or partial tile at that address."""
    parts = path.split("/")
    width = 256
    if parts[-2].endswith(".p"):
        width, parts = int(parts[-1]), parts[:-2] + [parts[-2][:-2]]
    number = int(parts[-1])
    if parts[1] == "entries":
        return b"".join(range16(entry) for entry in log.entries[256 * number:256 * number + width])
    step = 256 ** int(parts[1])
    leaves = [leaf_hash(entry) for entry in log.entries]
    start = 256 * number * step
    return b"".join(root_of(leaves[start + i * step:start + (i + 1) * step]) for i in range(width))


def tile_rules():
    log = wide()
    good("wide", "300 entries: a full tile, partial ones, and two levels", log)
    partial = "tile/entries/001.p/44"
    good("wide-from-full", "a partial tile that is gone: the full one stands in its place", log,
         files={partial: None, "tile/entries/001": (tile(log, partial) + range16(b"\x08") * 212).hex()})
    bad("tile-full-too-short", "AUD-1", "a full bundle in the place of a partial one that has less than 256 entries", log, None,
        files={partial: None, "tile/entries/001": (tile(log, partial) + range16(b"\x08")).hex()})

    def changed(path, at, bit=1):
        data = bytearray(tile(log, path))
        data[at] ^= bit
        return {path: bytes(data).hex()}

    def spoilt(name, about, files):
        bad("tile-" + name, "AUD-1", about, log, None, files=files)

    spoilt("entry", "an entry in a full bundle is another", changed("tile/entries/000", len(b"".join(
        range16(entry) for entry in log.entries[:2])) + 2 + 20))
    spoilt("entry-partial", "an entry in the partial bundle is another", changed(partial, len(b"".join(
        range16(entry) for entry in log.entries[256:257])) + 2 + 5))
    spoilt("hash", "a hash in the full tile of level 0 is another", changed("tile/0/000", 32 * 100))
    spoilt("hash-partial", "a hash in the partial tile of level 0 is another", changed("tile/0/001.p/44", 32 * 7))
    spoilt("hash-level-1", "the hash in the partial tile of level 1 is another", changed("tile/1/000.p/1", 3))
    spoilt("bundle-cut", "a bundle whose last entry is cut", {partial: tile(log, partial)[:-1].hex()})
    spoilt("bundle-longer", "a partial bundle with a byte more", {partial: (tile(log, partial) + b"\0").hex()})
    spoilt("bundle-entry-more", "a partial bundle with an entry more than its address says",
           {partial: (tile(log, partial) + range16(b"\x08")).hex()})
    spoilt("full-bundle-longer", "a full bundle with a byte more",
           {"tile/entries/000": (tile(log, "tile/entries/000") + b"\0").hex()})
    spoilt("hash-longer", "a partial tile with a hash more",
           {"tile/0/001.p/44": (tile(log, "tile/0/001.p/44") + bytes(32)).hex()})
    def nothing(name, about, expect="not-found", log=log, **members):
        vector(name, about, log, expect=expect, **members)

    nothing("tile-missing", "a full tile of hashes that is not there", files={"tile/0/000": None})
    nothing("tile-partial-missing", "a partial tile that is not there, nor the full one", files={"tile/0/001.p/44": None})
    nothing("bundle-missing", "a full bundle that is not there", files={"tile/entries/000": None})
    nothing("checkpoint-missing", "no checkpoint", files={"checkpoint": None})
    small = Log()
    small.batch()
    nothing("checkpoint-other-key", "a checkpoint signed by another key", "wrong-origin", small, note=small.note(key=OTHER_LOG))
    nothing("checkpoint-text", "no checkpoint but a text", "wrong-origin", small, note="Not found\n")
    write("audit", "checkpoint-other-root", {
        "about": "a checkpoint with another root than the tiles have", "vkey": vkey(ORIGIN, LOG.public),
        "note": log.note(root=some_root("x")), "entries": [entry.hex() for entry in log.entries], "expect": "corrupt",
        "rule": "AUD-1"})
    for name, rule, about, text in (("not-signed", "CKPT-8", "a checkpoint whose signature does not verify",
                                     small.note().replace("\n4\n", "\n3\n")),
                                    ("other-origin", "CKPT-13", "a checkpoint of another log",
                                     note(checkpoint_text("ledger.example/2027", 4, small.root()), ORIGIN, LOG))):
        write("audit", "checkpoint-" + name, {"about": about, "vkey": vkey(ORIGIN, LOG.public), "note": text,
                                              "entries": [entry.hex() for entry in small.entries], "expect": "corrupt",
                                              "rule": rule})


def remembered():
    log = wide()
    small = Log()
    small.entries = log.entries[:9]
    good("from-older", "a checkpoint of 37 entries is remembered, and the log extends it", log, remembered=log.note(37))
    good("from-same", "the same checkpoint is remembered", log, remembered=log.note())
    good("from-newer", "a newer checkpoint is remembered than the one that is shown: the audit is over the newer", log,
         note=log.note(37), remembered=log.note())
    bad("from-newer-fork", "AUD-2", "a newer checkpoint is remembered, and the one that is shown has another root", log, None,
        note=note(checkpoint_text(ORIGIN, 37, some_root("fork")), ORIGIN, LOG), remembered=log.note(), fork=[300, 37])
    bad("from-fork", "AUD-2", "a checkpoint of 37 entries with another root is remembered", log, None,
        remembered=note(checkpoint_text(ORIGIN, 37, some_root("fork")), ORIGIN, LOG), fork=[37, 300])
    bad("from-fork-same-size", "AUD-2", "a checkpoint of as many entries with another root is remembered", log, None,
        remembered=log.note(root=some_root("fork")), fork=[300, 300])
    vector("from-other-key", "what is remembered is signed by another key: nothing is shown of the log", log, expect="wrong-origin",
           remembered=log.note(37, OTHER_LOG))
    vector("from-newer-not-there", "a newer checkpoint is remembered, and the place has the tiles of the older one alone", small,
           expect="not-found", remembered=log.note())


for make in (honest, losses, genesis_rules, time_rules, sequence_rules, signature_rules, sender_rules, epoch_rules,
             lag_rules, tile_rules, remembered):
    make()
