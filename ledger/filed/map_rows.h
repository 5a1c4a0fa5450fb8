/* The rows of the subject map (map_store.h): their keys, and what is in them. spec/store.md, spec/map.md */
#pragma once

#include "ledger/filed/runs.h"
#include "ledger/tree/subject_map.h"
#include "ledger/tree/subject_tree.h"

#define MAP_BUCKET_DEPTH 20
#define MAP_ROW_BITS 4
#define MAP_ROW_SLOTS (1u << MAP_ROW_BITS)
#define MAP_ROW_CONTENT_MAX (2 + MAP_ROW_SLOTS * HASH_BYTES)

struct map_change {
	struct label label;
	struct hash value;
};

/* The labels that begin with the same MAP_BUCKET_DEPTH bits, ascending, each with its value. */
struct map_bucket {
	struct map_change *items;
	size_t count;
	size_t capacity;
};

/* A subtree, or nothing. */
struct map_slot {
	bool used;
	struct hash hash;
};

/* The levels of a row: level 0 has its sixteen slots, level MAP_ROW_BITS the one that stands for all. */
struct map_row {
	struct map_slot levels[MAP_ROW_BITS + 1][MAP_ROW_SLOTS];
};

struct bytes map_row_key(unsigned depth, uint32_t prefix, uint8_t out[4]);
/* The first MAP_BUCKET_DEPTH bits. */
uint32_t map_label_prefix(const struct label *label);
/* Those above the buckets first, the root's row last: as they are written. */
void map_row_place(struct bytes key, unsigned *depth, uint32_t *prefix);
/* What a row holds; empty when there is none. Borrowed until the next one is read. */
enum error map_row_get(struct runs *runs, unsigned depth, uint32_t prefix, struct bytes *out) MUST_USE;
/* The row of a label, as it is written. E_CORRUPT. */
enum error map_label_row(struct bytes key, struct bytes value, struct map_change *out) MUST_USE;
/* What `runs` hold of a bucket, in place of what is in `out`. */
enum error map_bucket_read(struct runs *runs, uint32_t prefix, struct map_bucket *out) MUST_USE;
/* Behind those that it has. E_NO_MEMORY. */
enum error map_bucket_add(struct map_bucket *bucket, const struct map_change *item) MUST_USE;
void map_bucket_release(struct map_bucket *bucket);
/* The first item of the upper side, and the bit that divides them. count >= 2, ascending. */
size_t map_bucket_divide(const struct map_change *items, size_t count, unsigned *bit);
void map_bucket_hash(const struct map_change *items, size_t count, struct hash *out);
enum error map_row_read(struct bytes content, struct map_row *out) MUST_USE;
enum error map_row_content(const struct map_row *row, uint8_t out[MAP_ROW_CONTENT_MAX], struct bytes *content) MUST_USE;
bool map_slot_equal(const struct map_slot *a, const struct map_slot *b);
/* An inner node stands only where both sides have something. `like` (may be NULL): a folded row, of which is taken over
 * what stands over the same slots. */
void map_row_fold(struct map_row *row, unsigned depth, const struct map_row *like);
/* By label; for qsort and bsearch. */
int map_change_compare(const void *left, const void *right);
