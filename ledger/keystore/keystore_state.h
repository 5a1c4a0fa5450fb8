/* What the files of this room share: the environment, and its rows. */
#pragma once

#include "ledger/keystore/keystore.h"

enum table { TABLE_META = KEY_META, TABLE_MARK = KEY_MARK, TABLE_KEY, TABLE_SUBJECT, TABLE_PERIOD, KEYSTORE_TABLES };
extern const char *const keystore_tables[KEYSTORE_TABLES];

#define META_MERGED BYTES_LITERAL("merged")
#define META_ERASED BYTES_LITERAL("erased")

/* What a new key is, where it travels to the writer. */
enum new_key_tag { NEW_SUBJECT = 1, NEW_PERIOD = 2 };

struct keystore {
	struct db_env *env;
	struct key *wrapping; /* guarded memory */
	struct key_position position;
};

static inline void keystore_period_key(struct period period, uint8_t out[3])
{
	put_u16(out, period.month);
	out[2] = period.retention_years;
}

static inline struct bytes keystore_subject_key(const struct alias *alias, uint64_t id, uint8_t out[40])
{
	memcpy(out, alias->b, 32);
	put_u64(out + 32, id);
	return bytes_of(out, 40);
}

/* id || alias: what a wrapped subject key is bound to */
static inline struct bytes keystore_subject_context(uint64_t id, const struct alias *alias, uint8_t out[40])
{
	put_u64(out, id);
	memcpy(out + 8, alias->b, 32);
	return bytes_of(out, 40);
}

enum error keystore_unwrap_subject(
	const struct key *wrapping, uint64_t id, const struct alias *alias, struct bytes wrapped, struct key *out) MUST_USE;
