#include "ledger/filed/head.h"

#include "ledger/base/domain.h"
#include "ledger/filed/posting.h"

#include <sodium.h>
#include <string.h>

#define HEAD_FIXED_BYTES (LABEL_BYTES + 8 + 8)
#define HEAD_BYTES_MAX (HEAD_FIXED_BYTES + 64 * HASH_BYTES)

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

enum error head_get(struct db_txn *txn, const struct seal_keys *keys, const struct alias *alias, struct head *out)
{
	uint8_t key[POSTING_KEY_BYTES];
	struct bytes sealed;
	posting_key(alias, POSTING_HEAD, key);
	TRY(db_get(txn, STORE_POSTING, BYTES_ARRAY(key), &sealed));
	return head_open(keys, BYTES_ARRAY(key), sealed, out);
}

static enum error visit_heads(struct db_walk *walk, const struct seal_keys *keys, head_visitor *visit, void *context)
{
	enum error error = db_walk_from(walk, BYTES_LITERAL("\0"));
	for (; error == E_OK; error = db_walk_next(walk)) {
		struct head head;
		struct alias alias;
		if (walk->key.len != POSTING_KEY_BYTES)
			return E_CORRUPT;
		if (get_u32(walk->key.data + sizeof alias.b) != POSTING_HEAD)
			continue;
		TRY(db_walk_check(walk));
		TRY(head_open(keys, walk->key, walk->value, &head));
		memcpy(alias.b, walk->key.data, sizeof alias.b);
		TRY(visit(context, &alias, &head));
	}
	return error == E_NOT_FOUND ? E_OK : error;
}

enum error head_visit(struct db_txn *txn, const struct seal_keys *keys, head_visitor *visit, void *context)
{
	OWNED_WALK walk = {0};
	TRY(db_walk_begin(txn, STORE_POSTING, &walk));
	return visit_heads(&walk, keys, visit, context);
}

void head_put(struct db_txn *txn, const struct seal_keys *keys, const struct alias *alias, const struct head *head)
{
	uint8_t key[POSTING_KEY_BYTES], plain[HEAD_BYTES_MAX], sealed[HEAD_BYTES_MAX + SEAL_OVERHEAD];
	struct bytes encoded = BYTES_EMPTY;
	struct writer w = writer_of(plain, sizeof plain);
	posting_key(alias, POSTING_HEAD, key);
	writer_bytes(&w, BYTES_ARRAY(head->label.b));
	writer_u64(&w, head->newest);
	merkle_frontier_write(&w, &head->frontier);
	struct writer row = writer_of(sealed, sizeof sealed);
	row.error = writer_done(&w, &encoded);
	if (writer_skip(&row, encoded.len + SEAL_OVERHEAD) != NULL)
		seal_small(&keys->filing, DOMAIN_HEAD, BYTES_ARRAY(key), encoded, sealed);
	db_put_writer(txn, STORE_POSTING, BYTES_ARRAY(key), &row);
	sodium_memzero(plain, sizeof plain);
}
