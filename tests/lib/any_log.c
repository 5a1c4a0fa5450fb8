#include "tests/lib/any_log.h"

#include "ledger/note/note_sign.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <string.h>

enum error any_log_node(void *context, uint32_t level, uint64_t index, struct hash *out)
{
	const struct log *log = context;
	merkle_root_of_leaves(log->leaves + (index << level), (size_t)1 << level, out);
	return E_OK;
}

struct vkey make_key(const char *name, uint8_t seed_byte, uint8_t secret_key[64])
{
	struct vkey vkey;
	uint8_t seed[32], public_key[32];
	memset(seed, seed_byte, sizeof seed);
	crypto_sign_seed_keypair(public_key, secret_key, seed);
	ck_ok(vkey_make(name, NOTE_KEY_ED25519, public_key, &vkey));
	return vkey;
}

struct log make_log(const char *origin, uint8_t seed)
{
	struct log log = {0};
	snprintf(log.origin, sizeof log.origin, "%s", origin);
	log.vkey = make_key(origin, seed, log.secret_key);
	for (size_t i = 0; i < LEAVES; i++) {
		uint8_t entry[] = {seed, (uint8_t)i, (uint8_t)(i >> 8)};
		merkle_leaf_hash(BYTES_ARRAY(entry), &log.leaves[i]);
	}
	return log;
}

void log_root(struct log *log, uint64_t size, struct hash *out)
{
	merkle_root_of_leaves(log->leaves, size, out);
}

void sign_as(struct ask *ask, const struct vkey *vkey, const uint8_t secret_key[64])
{
	uint8_t note[6000];
	struct writer w = writer_of(note, sizeof note);
	size_t text_len = strlen(ask->text);
	ck_ok(note_sign(bytes_text(ask->text), vkey, secret_key, &w));
	size_t before = strlen(ask->lines);
	memcpy(ask->lines + before, note + text_len + 1, writer_len(&w) - text_len - 1);
	ask->lines[before + writer_len(&w) - text_len - 1] = '\0';
}

void ask_for(struct ask *ask, struct log *log, uint64_t old, uint64_t size, const char *extension)
{
	struct checkpoint checkpoint = {.size = size};
	const struct merkle_nodes nodes = {.node = any_log_node, .context = log};
	memset(ask, 0, sizeof *ask);
	ask->old = old;
	strcpy(checkpoint.origin, log->origin);
	log_root(log, size, &checkpoint.root);
	struct writer w = writer_of(ask->text, sizeof ask->text - 1);
	ck_ok(checkpoint_format(&checkpoint, &w));
	writer_bytes(&w, bytes_text(extension));
	if (old <= size)
		ck_ok(merkle_prove_consistency(&nodes, old, size, &ask->proof));
}

void ask_signed(struct ask *ask, struct log *log, uint64_t old, uint64_t size)
{
	ask_for(ask, log, old, size, "");
	sign_as(ask, &log->vkey, log->secret_key);
}

struct bytes ask_body(const struct ask *ask, char *out, size_t room)
{
	struct writer w = writer_of(out, room);
	char note[65000];
	snprintf(note, sizeof note, "%s\n%s", ask->text, ask->lines);
	struct witness_request request = {
		.old_size = ask->old, .proof_count = ask->proof.count, .checkpoint = bytes_text(note)};
	memcpy(request.proof, ask->proof.hashes, ask->proof.count * sizeof(struct hash));
	struct bytes body;
	ck_ok(witness_request_write(&request, &w));
	ck_ok(writer_done(&w, &body));
	return body;
}
