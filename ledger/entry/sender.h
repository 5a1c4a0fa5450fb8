/* A registered sender, as the log says it: key, policy, and how far its stream has come. */
#pragma once

#include "ledger/entry/entry.h"

#define SENDER_ROW_BYTES_MAX (128 + ORG_BYTES_MAX + NAME_BYTES_MAX + PURPOSE_BYTES_MAX + MANDATE_BYTES_MAX)

enum sender_status { SENDER_ACTIVE = 1, SENDER_REVOKED = 2 };

struct sender {
	uint32_t id;
	enum sender_status status;
	bool endorsed;
	bool compromised;
	uint64_t version;       /* log index of its newest sender entry */
	uint32_t changes;       /* sender entries after its registration: the number of the newest */
	uint64_t since_s;       /* ledger time of its registration */
	uint64_t last_s;        /* ledger time of its newest batch, 0: none */
	uint64_t next_sequence; /* = events received */
	uint64_t filing_checked;
	char org[ORG_BYTES_MAX + 1];
	char name[NAME_BYTES_MAX + 1];
	uint8_t public_key[32];
	struct policy policy;
	struct mandate mandate;
};

/* What the sender entry at log index `index` makes of a sender: the log's one rule for it (ENTRY-8, ENTRY-16,
 * ENTRY-22, ENTRY-25), for who writes the log and for all who read it. `sender` is what the entries before it made, its
 * id 0 while none has registered it. `*endorsed`: whether this entry bears the signatures that it should.
 *
 * Errors leave everything as it was: E_BAD_VALUE (the id 0; another organisation or name; it follows another entry than
 * the sender's newest, or has another number than the next), E_EXISTS, E_UNKNOWN_SENDER, E_REVOKED_SENDER. */
enum error sender_take(struct sender *sender, const char *origin, const struct entry_sender *entry, uint64_t index,
	bool *endorsed, struct fault *fault) MUST_USE;

/* Whether it may report who may read for whom. */
bool sender_may_report_grants(const struct sender *sender);
/* Whether it is this ledger's own, which reports what is read in it. */
bool sender_may_report_reads(const struct sender *sender);

/* What is kept of a sender: a row of the store's table (spec/store.md), and in the saved state of who follows a log. */
void sender_encode(const struct sender *sender, struct writer *out);
/* What is no sender is the reader's error: E_BAD_VALUE. */
void sender_read(struct reader *in, struct sender *out);
/* A whole row. E_CORRUPT. */
enum error sender_decode(struct bytes row, struct sender *out) MUST_USE;
