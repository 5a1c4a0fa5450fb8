#include "ledger/note/note_sign.h"
#include "ledger/proof/fork.h"
#include "tests/lib/any_log.h"
#include "tests/lib/unit.h"
#include "tests/lib/vector.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static struct log honest, other;

/* Two histories under one key, equal up to leaf `common`. */
static void make_logs(size_t common)
{
	honest = make_log("ledger.example/2026", 1);
	other = honest;
	for (size_t i = common; i < LEAVES; i++)
		other.leaves[i].b[0] ^= 1;
}

static struct bytes note_of(struct log *log, uint64_t size, uint8_t *buffer)
{
	struct checkpoint checkpoint = {.size = size};
	struct writer w = writer_of(buffer, 1000);
	strcpy(checkpoint.origin, log->origin);
	log_root(log, size, &checkpoint.root);
	ck_ok(checkpoint_sign(&checkpoint, &log->vkey, log->secret_key, &w));
	return bytes_of(buffer, writer_len(&w));
}

/* The evidence that `b` at `size` is no continuation of `a` at `old`. */
static char *evidence(struct log *a, uint64_t old, struct log *b, uint64_t size)
{
	uint8_t first[1000], second[1000];
	struct merkle_proof proof;
	struct hash old_root;
	const struct merkle_nodes nodes = {.node = any_log_node, .context = b};
	char *text;
	ck_ok(merkle_prove_consistency(&nodes, old, size, &proof));
	log_root(b, old, &old_root);
	ck_ok(fork_write(note_of(a, old, first), note_of(b, size, second), &old_root, proof.hashes, proof.count, &text));
	return text;
}

/* FORK-2, FORK-3: at every pair of sizes what is a fork is proven, and what is none is not. */
START_TEST(a_fork_is_proven_at_all_sizes)
{
	for (uint64_t old = 1; old <= 40; old++)
		for (uint64_t size = old; size <= 70; size += old < 5 ? 1 : 7)
			for (size_t common = 0; common <= old; common += 13) {
				struct fork fork;
				struct finding finding;
				make_logs(common);
				char *text = evidence(&honest, old, &other, size);
				enum error error = fork_verify(bytes_text(text), &honest.vkey, &fork, &finding);
				ck_assert_msg(
					common < old ? error == E_OK : error == E_BAD_PROOF, "%d %d %d", (int)old, (int)size, (int)common);
				if (error == E_OK)
					ck_assert(fork.first.size == old && fork.second.size == size);
				else
					ck_assert_int_eq(finding.code, FINDING_FORK);
				free(text);
				/* The honest log's own checkpoints never make one. */
				text = evidence(&honest, old, &honest, size);
				ck_error(fork_verify(bytes_text(text), &honest.vkey, &fork, &finding), E_BAD_PROOF);
				ck_assert_int_eq(finding.code, FINDING_FORK);
				free(text);
			}
}
END_TEST

static void refuse(const char *text, const struct vkey *vkey, enum finding_code code)
{
	struct fork fork;
	struct finding finding = {.code = FINDING_NONE};
	enum error error = fork_verify(bytes_text(text), vkey, &fork, &finding);
	ck_assert_int_eq(error, code == FINDING_FORM ? E_BAD_VALUE : E_BAD_PROOF);
	ck_assert_msg(finding.code == code, "%s", finding.text);
}

/* FORK-1, FORK-2: the form, and whose checkpoints they are. */
START_TEST(other_forms_are_refused)
{
	static const char *const members[] = {"type", "first", "second", "old_root", "proof"};
	make_logs(20);
	char *text = evidence(&honest, 37, &other, 70);
	struct log stranger = make_log("ledger.example/2026", 2);
	refuse(text, &stranger.vkey, FINDING_CHECKPOINT);
	for (size_t i = 0; i < 5; i++) {
		json_t *json = json_loads(text, 0, NULL);
		json_object_del(json, members[i]);
		char *without = json_dumps(json, 0);
		refuse(without, &honest.vkey, FINDING_FORM);
		free(without);
		json_object_set_new(json, members[i], json_integer(7));
		without = json_dumps(json, 0);
		refuse(without, &honest.vkey, FINDING_FORM);
		free(without);
		json_decref(json);
	}
	json_t *json = json_loads(text, 0, NULL);
	json_object_set_new(json, "more", json_true());
	char *more = json_dumps(json, 0);
	refuse(more, &honest.vkey, FINDING_FORM);
	free(more);
	json_object_del(json, "more");
	/* The other way round, and with a hash less. */
	json_t *first = json_incref(json_object_get(json, "first"));
	json_object_set(json, "first", json_object_get(json, "second"));
	json_object_set_new(json, "second", first);
	more = json_dumps(json, 0);
	refuse(more, &honest.vkey, FINDING_FORK);
	free(more);
	json_decref(json);
	json = json_loads(text, 0, NULL);
	json_array_remove(json_object_get(json, "proof"), 0);
	more = json_dumps(json, 0);
	refuse(more, &honest.vkey, FINDING_FORK);
	free(more);
	json_decref(json);
	free(text);
	refuse("", &honest.vkey, FINDING_FORM);
	static char long_text[FORK_BYTES_MAX + 2];
	memset(long_text, ' ', FORK_BYTES_MAX + 1);
	refuse(long_text, &honest.vkey, FINDING_FORM);
}
END_TEST

/* What a proof is of: both roots, where it holds them. */
START_TEST(roots_of_proofs)
{
	make_logs(0);
	const struct merkle_nodes nodes = {.node = any_log_node, .context = &honest};
	for (uint64_t old = 0; old <= 70; old++)
		for (uint64_t size = old; size <= 70; size++) {
			struct merkle_proof proof;
			struct hash old_root, root, wanted_old, wanted;
			ck_ok(merkle_prove_consistency(&nodes, old, size, &proof));
			enum error error = merkle_roots_of_consistency(old, size, proof.hashes, proof.count, &old_root, &root);
			bool holds = old > 0 && old < size && (old & (old - 1)) != 0;
			ck_assert_int_eq(error, holds ? E_OK : E_BAD_PROOF);
			if (!holds)
				continue;
			log_root(&honest, old, &wanted_old);
			log_root(&honest, size, &wanted);
			ck_assert(hash_equal(&old_root, &wanted_old) && hash_equal(&root, &wanted));
			ck_error(
				merkle_roots_of_consistency(old, size, proof.hashes, proof.count - 1, &old_root, &root), E_BAD_PROOF);
		}
}
END_TEST

static void check_vector(const json_t *vector, const char *path)
{
	struct vkey vkey;
	struct fork fork;
	struct finding finding = {.code = FINDING_NONE};
	ck_ok(vkey_parse(bytes_text(vector_text(vector, "vkey")), &vkey));
	enum error error = fork_verify(bytes_text(vector_text(vector, "fork")), &vkey, &fork, &finding);
	vector_expect(vector, path, error);
	ck_assert_msg(
		strcmp(finding_name(finding.code), vector_text(vector, "finding")) == 0, "%s: %s", path, finding.text);
	if (error != E_OK)
		return;
	ck_assert_uint_eq(fork.first.size, vector_number(vector, "first_size"));
	ck_assert_uint_eq(fork.second.size, vector_number(vector, "second_size"));
}

/* FORK-1, FORK-2, FORK-3 */
START_TEST(our_fork_vectors_hold)
{
	char dir[4096];
	ck_assert(vector_path("INDSIGT_SOURCE", "tests/vectors/fork", dir));
	ck_assert_uint_ge(vector_walk(dir, check_vector), 25);
}
END_TEST

UNIT_MAIN("fork", our_fork_vectors_hold, a_fork_is_proven_at_all_sizes, other_forms_are_refused, roots_of_proofs)
