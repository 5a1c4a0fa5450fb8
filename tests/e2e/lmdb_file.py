"""Reads an LMDB file (data version 1, 64 bits, little-endian) without LMDB: every row, and for every byte what it is.
A damaged file ends in Damaged, never in a crash or a loop."""

import struct

PAGE_HEADER = 16
NODE_HEADER = 8
META_BYTES = 136
TABLE_BYTES = 48
BRANCH, LEAF, OVERFLOW = 1, 2, 4
NODE_BIG, NODE_SUB = 1, 2
NO_PAGE = (1 << 64) - 1
DEPTH_MAX = 32


class Damaged(Exception):
    pass


class Region:
    """Bytes [start, end) of the file. `kind`: "meta", "page", "node", "branch key", "key", "value"; `row` is the key of
    the row that a key or value belongs to, `at` where in the value the region begins."""

    def __init__(self, start, end, kind, table=None, row=None, at=0):
        self.start, self.end, self.kind, self.table, self.row, self.at = start, end, kind, table, row, at


class File:
    def __init__(self, data):
        self.data = data
        self.regions = []
        self.rows = {}  # table -> {key: value}
        self.visits = 0
        (self.page_bytes,) = self.unpack("<I", PAGE_HEADER + 24)
        if self.page_bytes not in (1 << n for n in range(9, 17)):
            raise Damaged("page size")
        metas = [self.meta(page * self.page_bytes) for page in (0, 1)]
        _, main_root = max(metas, key=lambda meta: meta[0])  # the first of equals, as LMDB does
        self.walk(main_root, None, 0)

    def unpack(self, form, at):
        if at < 0 or at + struct.calcsize(form) > len(self.data):
            raise Damaged("offset")
        return struct.unpack_from(form, self.data, at)

    def meta(self, at):
        magic, version = self.unpack("<II", at + PAGE_HEADER)
        if magic != 0xBEEFC0DE or version & 0xFFFF != 1:
            raise Damaged("meta")
        main = at + PAGE_HEADER + 24 + 48
        (root,) = self.unpack("<Q", main + 40)
        (transaction,) = self.unpack("<Q", main + 48 + 8)
        self.regions.append(Region(at, at + PAGE_HEADER + META_BYTES, "meta"))
        return transaction, root

    def walk(self, page, table, depth):
        """Reads the tree at `page`; rows of the main tree (table None) are the tables."""
        self.visits += 1
        if depth > DEPTH_MAX or self.visits > len(self.data) // self.page_bytes:
            raise Damaged("depth")
        at = page * self.page_bytes
        _, _, flags, lower = self.unpack("<QHHH", at)
        if not PAGE_HEADER <= lower <= self.page_bytes or flags & (BRANCH | LEAF) not in (BRANCH, LEAF):
            raise Damaged("page")
        self.regions.append(Region(at, at + lower, "page", table))
        for i in range((lower - PAGE_HEADER) // 2):
            (offset,) = self.unpack("<H", at + PAGE_HEADER + 2 * i)
            self.node(at + offset, flags, table, depth, i == 0)

    def node(self, at, page_flags, table, depth, is_first):
        low, high, flags, key_bytes = self.unpack("<HHHH", at)
        if page_flags & BRANCH and is_first:
            key_bytes = 0  # whatever it says: everything below the second key is there
        key_at = at + NODE_HEADER
        if key_at + key_bytes > len(self.data):  # LMDB reads past a page too: an old copy of it may lie there
            raise Damaged("key")
        key = bytes(self.data[key_at:key_at + key_bytes])
        self.regions.append(Region(at, key_at, "node", table, key))
        if page_flags & BRANCH:
            self.regions.append(Region(key_at, key_at + key_bytes, "branch key", table))
            self.walk(low | high << 16 | flags << 32, table, depth + 1)
            return
        self.regions.append(Region(key_at, key_at + key_bytes, "key", table, key))
        value_bytes = low | high << 16
        value_at = key_at + key_bytes
        if flags & NODE_BIG:
            (page,) = self.unpack("<Q", value_at)
            self.regions.append(Region(value_at, value_at + 8, "node", table, key))
            self.regions.append(Region(page * self.page_bytes, page * self.page_bytes + PAGE_HEADER, "page", table))
            value_at = page * self.page_bytes + PAGE_HEADER
        if table is None and flags & NODE_SUB:
            value_bytes = TABLE_BYTES  # whatever the node says
            (root,) = self.unpack("<Q", value_at + 40)
            self.regions.append(Region(value_at, value_at + value_bytes, "node", None, key))
            self.rows.setdefault(key.decode("ascii", "replace"), {})
            if root != NO_PAGE:
                self.walk(root, key.decode("ascii", "replace"), 0)
            return
        if value_at + value_bytes > len(self.data):
            raise Damaged("value")
        self.regions.append(Region(value_at, value_at + value_bytes, "value", table, key))
        self.rows.setdefault(table, {})[key] = bytes(self.data[value_at:value_at + value_bytes])


def rows_of(data):
    """All rows by table, or None if the file is too damaged to tell."""
    try:
        return File(data).rows
    except Damaged:
        return None
