/* What the leaves of subject trees and of the filing tree are, and what the subject map holds. Pure.
 * spec/epoch.md
 *
 *   subject tree of a label, ascending:
 *     leaf = SHA-256(0x00 || blind || log index (8) || leaf hash of the event entry)
 *   filing tree, one leaf for each event entry:
 *     leaf = SHA-256(0x00 || blind' || log index (8) || label)
 *   subject map:
 *     label ─► SHA-256(domain || count (8) || subject tree root)
 *
 * Both are trees as in merkle.h. Blinds come from the VRF secret; a blind is shown with its own event only, because
 * with it a sibling hash would give away somebody else's index. */
#pragma once

#include "ledger/label/label.h"

struct blinding_keys {
	struct key subject; /* blind */
	struct key filing;  /* blind' */
};

void blinding_keys_derive(const struct key *vrf_secret, struct blinding_keys *out);
/* SHA-256(domain || key || log index (8)) under one of the two keys: one compression. */
void blind_make(const struct key *blinding_key, uint64_t index, struct hash *out);

void subject_leaf_hash(const struct hash *blind, uint64_t index, const struct hash *entry_leaf, struct hash *out);
void filing_leaf_hash(const struct hash *blind, uint64_t index, const struct label *label, struct hash *out);
/* The value under a label. count >= 1: a subject without events is not in the map. */
void subject_value(uint64_t count, const struct hash *root, struct hash *out);
