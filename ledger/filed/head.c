/* Heads stand between the chunks of two people, so the visit walks all rows and picks them by their number. */
#include "ledger/filed/head.h"

#include "ledger/base/domain.h"

#include <sodium.h>
#include <string.h>

#define GAP_BYTES_MAX 8 /* between two indexes of a log */
_Static_assert(7 * GAP_BYTES_MAX < 64, "a gap fits");

void posting_key(const struct alias *alias, uint32_t number, uint8_t out[POSTING_KEY_BYTES])
{
	memcpy(out, alias->b, sizeof alias->b);
	put_u32(out + sizeof alias->b, number);
}

size_t head_open_indexes(const struct head *head)
{
	return head->frontier.size % POSTING_INDEXES_MAX;
}

/* LEB128, of at most GAP_BYTES_MAX. */
static void gap_write(struct writer *out, uint64_t gap)
{
	for (; gap >= 0x80; gap >>= 7)
		writer_u8(out, (uint8_t)(gap | 0x80));
	writer_u8(out, (uint8_t)gap);
}

static uint64_t gap_read(struct reader *r)
{
	uint64_t gap = 0;
	uint8_t byte = 0x80;
	for (unsigned i = 0; i < GAP_BYTES_MAX && byte >= 0x80; i++) {
		byte = reader_u8(r);
		gap |= (uint64_t)(byte & 0x7F) << 7 * i;
	}
	reader_require(r, byte < 0x80);
	return gap;
}

void head_encode(const struct head *head, struct writer *out)
{
	writer_bytes(out, BYTES_ARRAY(head->label.b));
	writer_u64(out, head->newest);
	merkle_frontier_write(out, &head->frontier);
	for (size_t i = head_open_indexes(head); i > 1; i--)
		gap_write(out, head->indexes[i - 1] - head->indexes[i - 2]);
}

/* From the newest back. */
static void read_indexes(struct reader *r, size_t count, struct head *out)
{
	if (count > 0)
		out->indexes[count - 1] = out->newest;
	for (size_t i = count; i > 1 && r->error == E_OK; i--) {
		uint64_t gap = gap_read(r);
		reader_require(r, gap > 0 && gap <= out->indexes[i - 1]);
		out->indexes[i - 2] = out->indexes[i - 1] - gap;
	}
}

/* A head without a leaf would be a subject who is in no tree: there is none. False: it is no head. */
static bool head_decode(struct bytes plain, struct head *out)
{
	struct reader r = reader_of(plain);
	reader_copy(&r, out->label.b, sizeof out->label.b);
	out->newest = reader_u64(&r);
	merkle_frontier_read(&r, &out->frontier);
	read_indexes(&r, r.error == E_OK ? head_open_indexes(out) : 0, out);
	return reader_done(&r) == E_OK && out->frontier.size > 0;
}

enum error head_open(const struct seal_keys *keys, struct bytes key, struct bytes sealed, struct head *out)
{
	uint8_t plain[HEAD_BYTES_MAX];
	if (sealed.len < ROW_SEAL_OVERHEAD + HEAD_FIXED_BYTES || sealed.len > ROW_SEAL_OVERHEAD + sizeof plain)
		return E_CORRUPT;
	TRY(unseal_row(&keys->filing, DOMAIN_HEAD, key, sealed, plain));
	bool good = head_decode(bytes_of(plain, sealed.len - ROW_SEAL_OVERHEAD), out);
	sodium_memzero(plain, sealed.len - ROW_SEAL_OVERHEAD);
	return good ? E_OK : E_CORRUPT;
}

void head_value(const struct head *head, struct hash *out)
{
	struct hash root;
	merkle_frontier_root(&head->frontier, &root);
	subject_value(head->frontier.size, &root, out);
}

enum error head_row(struct runs *runs, const struct alias *alias, struct bytes *out)
{
	uint8_t key[POSTING_KEY_BYTES];
	posting_key(alias, POSTING_HEAD, key);
	return runs_get(runs, RUN_SUBJECT, BYTES_ARRAY(key), out);
}

enum error head_get(struct runs *runs, const struct seal_keys *keys, const struct alias *alias, struct head *out)
{
	uint8_t key[POSTING_KEY_BYTES];
	struct bytes sealed;
	TRY(head_row(runs, alias, &sealed));
	posting_key(alias, POSTING_HEAD, key);
	return head_open(keys, BYTES_ARRAY(key), sealed, out);
}

enum error head_visit(struct runs *runs, const struct seal_keys *keys, head_visitor *visit, void *context)
{
	OWNED_RUNS_WALK walk;
	enum error error = runs_walk_begin(runs, RUN_SUBJECT, 0, BYTES_EMPTY, &walk);
	for (; error == E_OK; error = runs_walk_next(&walk)) {
		struct head head;
		struct alias alias;
		if (get_u32(walk.key.data + sizeof alias.b) != POSTING_HEAD)
			continue;
		TRY(head_open(keys, walk.key, walk.value, &head));
		memcpy(alias.b, walk.key.data, sizeof alias.b);
		TRY(visit(context, &alias, &head));
	}
	return error == E_NOT_FOUND ? E_OK : error;
}
