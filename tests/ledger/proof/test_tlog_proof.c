#include "ledger/proof/tlog_proof.h"

#include "ledger/text/base64.h"
#include "tests/lib/forged_example.h"
#include "tests/lib/unit.h"
#include "tests/lib/vector.h"

#include <inttypes.h>

/* The proof file of an entry; to be freed. */
static char *proof_file(uint64_t index)
{
	char *text = NULL;
	size_t len = 0, i;
	json_t *hash;
	FILE *out = open_memstream(&text, &len);
	json_t *included = forge_included(forge, index, 0), *note = forge_checkpoint(forge, 0);
	fprintf(out, "c2sp.org/tlog-proof@v1\nextra %s\nindex %" PRIu64 "\n", json_string_value(part(included, "entry")),
		index);
	json_array_foreach(part(included, "inclusion"), i, hash) fprintf(out, "%s\n", json_string_value(hash));
	fprintf(out, "\n%s", json_string_value(note));
	fclose(out);
	json_decref(included);
	json_decref(note);
	return text;
}

static enum error verify(const char *text, const struct witness_policy *policy, struct finding *finding)
{
	struct tlog_proof *proof = NULL;
	enum error error = tlog_proof_verify(bytes_text(text), &forge->vkey, policy, &proof, finding);
	free(proof);
	return error;
}

/* TLP-2, TLP-3, TLP-4: every entry of a log. */
START_TEST(every_entry_has_a_proof)
{
	example();
	for (uint64_t i = 0; i < forge->entry_count; i++) {
		struct finding finding;
		struct tlog_proof *proof = NULL;
		char *text = proof_file(i);
		enum error error = tlog_proof_verify(bytes_text(text), &forge->vkey, NULL, &proof, &finding);
		ck_assert_msg(error == E_OK, "%s", finding.text);
		ck_assert_uint_eq(proof->index, i);
		ck_assert_uint_eq(proof->checkpoint.size, forge->entry_count);
		ck_assert_int_eq((int)proof->entry.kind, forge->entries[i].data[0]);
		ck_assert(!proof->seen.proven);
		free(proof);
		free(text);
	}
	forge_free(forge);
}
END_TEST

/* No byte and no prefix. TLP-1 */
START_TEST(no_byte_can_be_changed)
{
	example();
	struct finding finding;
	char *text = proof_file(5);
	for (size_t i = 0; i < strlen(text); i++) {
		text[i] = (char)(text[i] ^ 1 << i % 7);
		ck_assert_msg(verify(text, NULL, &finding) != E_OK, "byte %zu: %s", i, text);
		ck_assert_int_ne(finding.code, FINDING_NONE);
		text[i] = (char)(text[i] ^ 1 << i % 7);
		struct tlog_proof *proof;
		ck_assert(tlog_proof_verify(bytes_of(text, i), &forge->vkey, NULL, &proof, &finding) != E_OK);
	}
	free(text);
	forge_free(forge);
}
END_TEST

/* The text with the first `from` replaced. */
static char *changed(const char *text, const char *from, const char *to)
{
	char *out = NULL;
	const char *at = strstr(text, from);
	ck_assert_ptr_nonnull(at);
	ck_assert_int_gt(asprintf(&out, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)), 0);
	return out;
}

/* TLP-1, TLP-2, TLP-4 */
START_TEST(other_forms_are_refused)
{
	static const struct {
		const char *from, *to;
		enum finding_code wanted;
	} cases[] = {
		{"tlog-proof@v1\n", "tlog-proof@v2\n", FINDING_FORM},
		{"extra ", "extra", FINDING_FORM},
		{"index 5", "index 05", FINDING_FORM},
		{"index 5", "index 1000000000000000000", FINDING_FORM},
		{"index 5", "index -5", FINDING_FORM},
		{"\n\n", "\nx\n\n", FINDING_FORM},
		{"\n\n", "\n", FINDING_FORM},
		{"index 5", "index 4", FINDING_TLOG_INCLUSION},
		{"index 5", "index 500", FINDING_TLOG_INCLUSION},
		{"\n\n", "\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n", FINDING_TLOG_INCLUSION},
		{"— log.example", "— bog.example", FINDING_CHECKPOINT},
	};
	struct finding finding;
	example();
	char *text = proof_file(5);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char *other = changed(text, cases[i].from, cases[i].to);
		ck_assert(verify(other, NULL, &finding) != E_OK);
		ck_assert_msg(finding.code == cases[i].wanted, "%zu: %s", i, finding.text);
		free(other);
	}
	/* Without the extra line, and with one that is no entry. */
	char *end = strstr(text, "\nindex");
	char *other = NULL;
	ck_assert_int_gt(asprintf(&other, "c2sp.org/tlog-proof@v1%s", end), 0);
	ck_error(verify(other, NULL, &finding), E_BAD_VALUE);
	free(other);
	ck_assert_int_gt(asprintf(&other, "c2sp.org/tlog-proof@v1\nextra AAAA%s", end), 0);
	ck_error(verify(other, NULL, &finding), E_BAD_PROOF);
	ck_assert_int_eq(finding.code, FINDING_TLOG_ENTRY);
	free(other);
	free(text);
	/* As many hashes as there can be, and one more. */
	struct writer w = writer_of(malloc(10000), 10000);
	writer_bytes(&w, BYTES_LITERAL("c2sp.org/tlog-proof@v1\nextra AAAA\nindex 5\n"));
	for (unsigned i = 0; i < 64; i++) {
		struct writer whole = w;
		struct tlog_proof *proof;
		writer_bytes(&whole, BYTES_LITERAL("\nx"));
		ck_ok(whole.error);
		ck_assert(
			tlog_proof_verify(bytes_of(w.start, writer_len(&whole)), &forge->vkey, NULL, &proof, &finding) != E_OK);
		ck_assert_int_eq(finding.code, FINDING_CHECKPOINT);
		if (i < 63)
			writer_bytes(&w, BYTES_LITERAL("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"));
	}
	struct tlog_proof *proof;
	writer_bytes(&w, BYTES_LITERAL("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\nx"));
	ck_error(tlog_proof_verify(bytes_of(w.start, writer_len(&w)), &forge->vkey, NULL, &proof, &finding), E_BAD_VALUE);
	free(w.start);
	forge_free(forge);
}
END_TEST

/* TLP-3 */
START_TEST(witnesses_are_counted)
{
	char line[1024], key[VKEY_TEXT_MAX + 1];
	uint8_t secret_key[64];
	struct vkey vkey;
	struct finding finding;
	struct fault fault;
	struct witness_policy *policy;
	struct tlog_proof *proof;
	example();
	forge_witness(1, &vkey, secret_key);
	vkey_format(&vkey, key);
	snprintf(line, sizeof line, "witness one %s\nquorum one\n", key);
	ck_ok(witness_policy_parse(bytes_text(line), &policy, &fault));
	char *text = proof_file(5);
	ck_error(verify(text, policy, &finding), E_BAD_PROOF);
	ck_assert_int_eq(finding.code, FINDING_WITNESSES);
	free(text);
	forge_cosign(forge, 1, 0, FORGE_START_S);
	text = proof_file(5);
	ck_ok(tlog_proof_verify(bytes_text(text), &forge->vkey, policy, &proof, &finding));
	ck_assert(proof->seen.proven && proof->seen.quorum.time_s == FORGE_START_S);
	free(proof);
	free(text);
	free(policy);
	forge_free(forge);
}
END_TEST

/* What the tests above take apart, written: the same bytes. TLP-1 */
START_TEST(what_is_read_is_written_alike)
{
	example();
	for (uint64_t i = 0; i < forge->entry_count; i++) {
		struct tlog_proof *proof = NULL;
		struct finding finding;
		char *text = proof_file(i);
		json_t *shown = forge_included(forge, i, 0), *note = forge_checkpoint(forge, 0), *hash;
		struct hash hashes[PROOF_HASHES_MAX];
		struct included included = {i, bytes_of(forge->entries[i].data, forge->entries[i].len), {hashes, 0}};
		size_t at, len;
		json_array_foreach(part(shown, "inclusion"), at, hash) ck_assert(
			base64_decode(bytes_text(json_string_value(hash)), hashes[included.proof.count++].b, HASH_BYTES, &len));
		char *memory = malloc(strlen(text) + 1);
		struct bytes got;
		struct writer w = writer_of(memory, strlen(text));
		ck_ok(tlog_proof_write(&included, bytes_text(json_string_value(note)), &w));
		ck_ok(writer_done(&w, &got));
		ck_assert(bytes_equal(got, bytes_text(text)));
		ck_ok(tlog_proof_verify(got, &forge->vkey, NULL, &proof, &finding));
		for (size_t room = 0; room < strlen(text); room++) {
			w = writer_of(memory, room);
			ck_error(tlog_proof_write(&included, bytes_text(json_string_value(note)), &w), E_NO_ROOM);
		}
		free(proof);
		free(memory);
		free(text);
		json_decref(shown);
		json_decref(note);
	}
	forge_free(forge);
}
END_TEST

/* The limits, each reached and passed; the largest file fits. TLP-1 */
START_TEST(what_is_written_has_limits)
{
	static uint8_t entry[ENTRY_BYTES_MAX + 1], note[NOTE_BYTES_MAX + 1], memory[TLOG_PROOF_BYTES_MAX];
	struct hash hashes[PROOF_HASHES_MAX + 1] = {0};
	const struct included most = {
		TLOG_PROOF_INDEX_END - 1, bytes_of(entry, ENTRY_BYTES_MAX), {hashes, PROOF_HASHES_MAX}};
	struct bytes largest = bytes_of(note, NOTE_BYTES_MAX);
	struct writer w = writer_of(memory, sizeof memory);
	ck_ok(tlog_proof_write(&most, largest, &w));
	struct included over = most;
	over.index++;
	w = writer_of(memory, sizeof memory);
	ck_error(tlog_proof_write(&over, largest, &w), E_BAD_VALUE);
	over = most;
	over.proof.count++;
	ck_error(tlog_proof_write(&over, largest, &w), E_BAD_VALUE);
	over = most;
	over.entry.len++;
	ck_error(tlog_proof_write(&over, largest, &w), E_TOO_LONG);
	ck_error(tlog_proof_write(&most, BYTES_ARRAY(note), &w), E_TOO_LONG);
	ck_assert_uint_eq(writer_len(&w), 0);
}
END_TEST

static void check_vector(const json_t *vector, const char *path)
{
	struct vkey log;
	struct fault fault;
	struct finding finding = {.text = ""};
	struct tlog_proof *proof = NULL;
	struct witness_policy *policy = NULL;
	ck_ok(vkey_parse(bytes_text(vector_text(vector, "vkey")), &log));
	if (json_object_get(vector, "policy") != NULL)
		ck_ok(witness_policy_parse(bytes_text(vector_text(vector, "policy")), &policy, &fault));
	enum error error = tlog_proof_verify(bytes_text(vector_text(vector, "proof")), &log, policy, &proof, &finding);
	vector_expect(vector, path, error);
	ck_assert_msg(
		strcmp(finding_name(finding.code), vector_text(vector, "finding")) == 0, "%s: %s", path, finding.text);
	if (proof != NULL)
		ck_assert_int_eq((json_int_t)proof->index, json_integer_value(json_object_get(vector, "index")));
	free(proof);
	free(policy);
}

/* TLP-1 to TLP-4 */
START_TEST(our_proof_vectors_hold)
{
	char dir[4096];
	ck_assert(vector_path("INDSIGT_SOURCE", "tests/vectors/proof-file", dir));
	ck_assert_uint_ge(vector_walk(dir, check_vector), 25 + 5 + 3);
}
END_TEST

UNIT_MAIN("tlog_proof", every_entry_has_a_proof, no_byte_can_be_changed, other_forms_are_refused, witnesses_are_counted,
	what_is_read_is_written_alike, what_is_written_has_limits, our_proof_vectors_hold)
