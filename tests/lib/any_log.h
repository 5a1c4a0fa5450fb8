/* A log of anybody's, for tests of witnesses: any leaves, any keys, no store; and what it asks. */
#pragma once

#include "ledger/tree/merkle.h"
#include "ledger/witness/witness_request.h"

#define LEAVES 300u

struct log {
	char origin[64];
	struct vkey vkey;
	uint8_t secret_key[64];
	struct hash leaves[LEAVES];
};

enum error any_log_node(void *context, uint32_t level, uint64_t index, struct hash *out);
/* The key that follows from name and seed. */
struct vkey make_key(const char *name, uint8_t seed_byte, uint8_t secret_key[64]);
/* Other leaves for each seed. */
struct log make_log(const char *origin, uint8_t seed);

/* One request, which a test may bend before it is sent. */
struct ask {
	uint64_t old;
	struct merkle_proof proof;
	char text[4600];
	char lines[60000];
};

/* The root over the first `size` leaves. */
void log_root(struct log *log, uint64_t size, struct hash *out);
/* Adds a signature line over the text. */
void sign_as(struct ask *ask, const struct vkey *vkey, const uint8_t secret_key[64]);
/* From `old` to `size`, not signed yet; `extension`: more lines behind the checkpoint's three. */
void ask_for(struct ask *ask, struct log *log, uint64_t old, uint64_t size, const char *extension);
void ask_signed(struct ask *ask, struct log *log, uint64_t old, uint64_t size);
/* What is sent, in `out`. */
struct bytes ask_body(const struct ask *ask, char *out, size_t room);
