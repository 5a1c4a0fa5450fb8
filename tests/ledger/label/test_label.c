#include "ledger/label/label.h"
#include "tests/lib/unit.h"
#include "tests/lib/vector.h"

#include <string.h>

#define ORIGIN "log.example.dk/test"

static const char *const subjects[] = {
	"cpr:0101701234", "cpr:0101701235", "cpr:010170123", "uri:https://id.example.dk/a", "uri:https://id.example.dk/A"};

/* VRF-8, VRF-9: the label is the VRF of origin, newline and id, and proven by that proof. */
START_TEST(from_the_vrf)
{
	struct key secret;
	uint8_t public_key[32], proof[VRF_PROOF_BYTES], wanted_proof[VRF_PROOF_BYTES], beta[VRF_OUTPUT_BYTES];
	struct label label, proven;
	vrf_keygen(&secret, public_key);
	for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++) {
		char alpha[100];
		snprintf(alpha, sizeof alpha, "%s\n%s", ORIGIN, subjects[i]);
		ck_ok(vrf_output(&secret, bytes_text(alpha), beta));
		ck_ok(vrf_prove(&secret, bytes_text(alpha), wanted_proof));
		ck_ok(label_make(&secret, ORIGIN, bytes_text(subjects[i]), &label));
		ck_ok(label_prove(&secret, ORIGIN, bytes_text(subjects[i]), proof));
		ck_assert_mem_eq(label.b, beta, LABEL_BYTES);
		ck_assert_mem_eq(proof, wanted_proof, sizeof proof);
		ck_ok(label_verify(public_key, ORIGIN, bytes_text(subjects[i]), proof, &proven));
		ck_assert_mem_eq(proven.b, label.b, LABEL_BYTES);
		label_of_proof(proof, &proven);
		ck_assert_mem_eq(proven.b, label.b, LABEL_BYTES);
	}
}
END_TEST

/* VRF-10: another key, log or subject has another label, and nothing is written when a proof does not hold. */
START_TEST(of_one_log_and_subject)
{
	struct key secret, other_secret;
	uint8_t public_key[32], other_key[32], proof[VRF_PROOF_BYTES];
	struct label label = {{7}}, untouched = {{7}}, other;
	vrf_keygen(&secret, public_key);
	vrf_keygen(&other_secret, other_key);
	ck_ok(label_prove(&secret, ORIGIN, bytes_text(subjects[0]), proof));
	ck_error(label_verify(other_key, ORIGIN, bytes_text(subjects[0]), proof, &label), E_BAD_VRF);
	ck_error(label_verify(public_key, ORIGIN "2", bytes_text(subjects[0]), proof, &label), E_BAD_VRF);
	for (size_t i = 1; i < sizeof subjects / sizeof subjects[0]; i++)
		ck_error(label_verify(public_key, ORIGIN, bytes_text(subjects[i]), proof, &label), E_BAD_VRF);
	proof[79] ^= 1;
	ck_error(label_verify(public_key, ORIGIN, bytes_text(subjects[0]), proof, &label), E_BAD_VRF);
	ck_assert_mem_eq(label.b, untouched.b, LABEL_BYTES);
	ck_ok(label_make(&secret, ORIGIN, bytes_text(subjects[0]), &label));
	ck_ok(label_make(&other_secret, ORIGIN, bytes_text(subjects[0]), &other));
	ck_assert_mem_ne(label.b, other.b, LABEL_BYTES);
	/* The newline keeps origin and id apart. */
	ck_ok(label_make(&secret, "log.example.dk/t", bytes_text("est\ncpr:1"), &label));
	ck_ok(label_make(&secret, "log.example.dk/test", bytes_text("cpr:1"), &other));
	ck_assert_mem_ne(label.b, other.b, LABEL_BYTES);
}
END_TEST

/* VRF-8: lengths. */
START_TEST(labels_have_lengths)
{
	struct key secret, zero = {{0}};
	uint8_t public_key[32], proof[VRF_PROOF_BYTES];
	char origin[ORIGIN_BYTES_MAX + 2], subject[SUBJECT_BYTES_MAX + 2];
	struct label label, proven;
	memset(origin, 'o', sizeof origin);
	memset(subject, 's', sizeof subject);
	origin[ORIGIN_BYTES_MAX] = subject[SUBJECT_BYTES_MAX] = '\0';
	vrf_keygen(&secret, public_key);
	ck_ok(label_make(&secret, origin, bytes_text(subject), &label));
	ck_ok(label_prove(&secret, origin, bytes_text(subject), proof));
	ck_ok(label_verify(public_key, origin, bytes_text(subject), proof, &proven));
	ck_assert_mem_eq(proven.b, label.b, LABEL_BYTES);
	struct bytes too_long = bytes_of(subject, SUBJECT_BYTES_MAX + 1);
	ck_error(label_make(&secret, origin, too_long, &label), E_TOO_LONG);
	ck_error(label_prove(&secret, origin, too_long, proof), E_TOO_LONG);
	ck_error(label_verify(public_key, origin, too_long, proof, &label), E_TOO_LONG);
	origin[ORIGIN_BYTES_MAX] = 'o';
	origin[ORIGIN_BYTES_MAX + 1] = '\0';
	ck_error(label_make(&secret, origin, bytes_text("s"), &label), E_TOO_LONG);
	ck_error(label_prove(&secret, origin, bytes_text("s"), proof), E_TOO_LONG);
	ck_error(label_verify(public_key, origin, bytes_text("s"), proof, &label), E_TOO_LONG);
	ck_error(label_make(&zero, ORIGIN, bytes_text("s"), &label), E_BAD_KEY);
	ck_error(label_prove(&zero, ORIGIN, bytes_text("s"), proof), E_BAD_KEY);
	ck_assert_mem_eq(proven.b, label.b, LABEL_BYTES);
}
END_TEST

static void check_label(const json_t *vector, const char *path)
{
	uint8_t public_key[32], proof[VRF_PROOF_BYTES], again[VRF_PROOF_BYTES];
	const char *origin = vector_text(vector, "origin");
	struct bytes subject = bytes_text(vector_text(vector, "subject"));
	struct label label, wanted;
	vector_fixed(vector, "public_key", public_key, sizeof public_key);
	vector_fixed(vector, "proof", proof, sizeof proof);
	enum error error = label_verify(public_key, origin, subject, proof, &label);
	vector_expect(vector, path, error);
	if (error != E_OK)
		return;
	struct key secret;
	vector_fixed(vector, "label", wanted.b, sizeof wanted.b);
	ck_assert_mem_eq(label.b, wanted.b, LABEL_BYTES);
	vector_fixed(vector, "secret", secret.b, sizeof secret.b);
	ck_ok(label_make(&secret, origin, subject, &label));
	ck_assert_mem_eq(label.b, wanted.b, LABEL_BYTES);
	ck_ok(label_prove(&secret, origin, subject, again));
	ck_assert_mem_eq(again, proof, sizeof proof);
}

/* VRF-11 */
static void check_vector(const json_t *vector, const char *path)
{
	if (strcmp(vector_text(vector, "kind"), "label") == 0) {
		check_label(vector, path);
		return;
	}
	struct key opening;
	struct label label;
	struct hash commitment, wanted;
	ck_assert_str_eq(vector_text(vector, "kind"), "commitment");
	vector_fixed(vector, "opening", opening.b, sizeof opening.b);
	vector_fixed(vector, "label", label.b, sizeof label.b);
	vector_fixed(vector, "commitment", &wanted, sizeof wanted);
	label_commitment(&opening, &label, &commitment);
	vector_expect(vector, path, hash_equal(&commitment, &wanted) ? E_OK : E_BAD_VALUE);
}

START_TEST(our_label_vectors_hold)
{
	char dir[4096];
	ck_assert(vector_path("INDSIGT_SOURCE", "tests/vectors/label", dir));
	ck_assert_uint_ge(vector_walk(dir, check_vector), 15);
}
END_TEST

UNIT_MAIN("label", from_the_vrf, of_one_log_and_subject, labels_have_lengths, our_label_vectors_hold)
