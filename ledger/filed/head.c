/* Heads stand between the chunks of two people, so the visit walks all postings and picks them by their number. Each is
 * also searched for by its key: one that only a walk meets would be there for an audit and for no answer. */
#include "ledger/filed/head.h"

#include "ledger/base/domain.h"
#include "ledger/filed/posting.h"

#include <string.h>

/* A head without a leaf would be a subject who is in no tree: there is none. */
static enum error head_open(const struct seal_keys *keys, struct bytes key, struct bytes sealed, struct head *out)
{
	uint8_t plain[HEAD_BYTES_MAX];
	if (sealed.len < SEAL_OVERHEAD + HEAD_FIXED_BYTES || sealed.len > SEAL_OVERHEAD + sizeof plain)
		return E_CORRUPT;
	TRY(unseal_small(&keys->filing, DOMAIN_HEAD, key, sealed, plain));
	struct reader r = reader_of(bytes_of(plain, sealed.len - SEAL_OVERHEAD));
	reader_copy(&r, out->label.b, sizeof out->label.b);
	out->newest = reader_u64(&r);
	merkle_frontier_read(&r, &out->frontier);
	return reader_done(&r) == E_OK && out->frontier.size > 0 ? E_OK : E_CORRUPT;
}

void head_encode(const struct head *head, struct writer *out)
{
	writer_bytes(out, BYTES_ARRAY(head->label.b));
	writer_u64(out, head->newest);
	merkle_frontier_write(out, &head->frontier);
}

enum error head_get(struct db_txn *txn, const struct seal_keys *keys, const struct alias *alias, struct head *out)
{
	uint8_t key[POSTING_KEY_BYTES];
	struct bytes sealed;
	posting_key(alias, POSTING_HEAD, key);
	TRY(db_get(txn, STORE_POSTING, BYTES_ARRAY(key), &sealed));
	return head_open(keys, BYTES_ARRAY(key), sealed, out);
}

enum error head_visit(struct db_txn *txn, const struct seal_keys *keys, head_visitor *visit, void *context)
{
	OWNED_WALK walk = {0};
	enum error error = db_walk_first(txn, STORE_POSTING, &walk);
	for (; error == E_OK; error = db_walk_next(&walk)) {
		struct head head;
		struct alias alias;
		if (walk.key.len != POSTING_KEY_BYTES)
			return E_CORRUPT;
		if (get_u32(walk.key.data + sizeof alias.b) != POSTING_HEAD)
			continue;
		TRY(db_walk_check(&walk));
		TRY(head_open(keys, walk.key, walk.value, &head));
		memcpy(alias.b, walk.key.data, sizeof alias.b);
		TRY(visit(context, &alias, &head));
	}
	return error == E_NOT_FOUND ? E_OK : error;
}
