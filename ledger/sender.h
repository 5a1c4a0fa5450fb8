/* A registered sender, as the log says it: key, policy, and how far its stream has come. */
#pragma once

#include "ledger/entry.h"

enum sender_status { SENDER_ACTIVE = 1, SENDER_REVOKED = 2 };

struct sender {
	uint32_t id;
	enum sender_status status;
	bool endorsed;
	bool compromised;
	uint64_t version;       /* log index of its newest sender entry */
	uint64_t since_s;       /* ledger time of its registration */
	uint64_t last_s;        /* ledger time of its newest batch, 0: none */
	uint64_t next_sequence; /* = events received */
	uint64_t filing_checked;
	char org[ORG_BYTES_MAX + 1];
	char name[NAME_BYTES_MAX + 1];
	uint8_t public_key[32];
	struct policy policy;
};
