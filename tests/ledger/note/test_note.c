#include "ledger/note/note.h"
#include "ledger/note/note_sign.h"
#include "tests/lib/unit.h"
#include "tests/lib/vector.h"

#include <dlfcn.h>
#include <string.h>

static unsigned verifications;

/* In the library's place: counts, and asks it. */
int crypto_sign_verify_detached(
	const unsigned char *sig, const unsigned char *m, unsigned long long mlen, const unsigned char *pk)
{
	typedef int verify(const unsigned char *, const unsigned char *, unsigned long long, const unsigned char *);
	void *symbol = dlsym(RTLD_NEXT, "crypto_sign_verify_detached");
	verify *real;
	memcpy(&real, &symbol, sizeof real);
	verifications++;
	return real(sig, m, mlen, pk);
}

struct signer {
	struct vkey vkey;
	uint8_t secret_key[64];
};

static struct signer make_signer(const char *name, uint8_t seed_byte)
{
	struct signer signer;
	uint8_t seed[32], public_key[32];
	memset(seed, seed_byte, sizeof seed);
	crypto_sign_seed_keypair(public_key, signer.secret_key, seed);
	ck_ok(vkey_make(name, NOTE_KEY_ED25519, public_key, &signer.vkey));
	return signer;
}

/* Appends the signature line alone, as a witness would. */
static void add_line(struct writer *note, struct bytes text, const struct signer *signer)
{
	uint8_t buffer[NOTE_BYTES_MAX];
	struct writer own = writer_of(buffer, sizeof buffer);
	ck_ok(note_sign(text, &signer->vkey, signer->secret_key, &own));
	writer_bytes(note, bytes_of(buffer + text.len + 1, writer_len(&own) - text.len - 1));
}

static struct checkpoint sample(void)
{
	struct checkpoint checkpoint = {.origin = "ledger.example/2026", .size = 70000};
	memset(checkpoint.root.b, 0xFB, HASH_BYTES);
	return checkpoint;
}

/* CKPT-1, CKPT-2 */
START_TEST(vkeys_are_read_exactly)
{
	struct signer signer = make_signer("ledger.example/2026", 1);
	char text[VKEY_TEXT_MAX + 1];
	vkey_format(&signer.vkey, text);
	ck_assert_str_eq(text, "ledger.example/2026+52249859+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c");
	struct vkey parsed;
	ck_ok(vkey_parse(bytes_text(text), &parsed));
	ck_assert_mem_eq(&parsed, &signer.vkey, sizeof parsed);

	/* A key whose base64 has plus signs. */
	for (unsigned seed = 0; seed < 256; seed++) {
		struct signer other = make_signer("a", (uint8_t)seed);
		vkey_format(&other.vkey, text);
		ck_ok(vkey_parse(bytes_text(text), &parsed));
		ck_assert_mem_eq(&parsed, &other.vkey, sizeof parsed);
	}

	/* Any character changed, any prefix. */
	vkey_format(&signer.vkey, text);
	size_t len = strlen(text);
	for (size_t i = 0; i < len; i++) {
		ck_error(vkey_parse(bytes_of(text, i), &parsed), E_BAD_KEY);
		text[i] ^= 1;
		ck_error(vkey_parse(bytes_text(text), &parsed), E_BAD_KEY);
		text[i] ^= 1;
	}
	ck_error(vkey_parse(BYTES_EMPTY, &parsed), E_BAD_KEY);
	ck_error(vkey_parse(BYTES_LITERAL("a+00000000+AA=="), &parsed), E_BAD_KEY);
}
END_TEST

/* CKPT-1 */
START_TEST(names_of_keys_have_limits)
{
	uint8_t key[32] = {3};
	struct vkey vkey;
	char long_name[ORIGIN_BYTES_MAX + 2];
	memset(long_name, 'n', sizeof long_name);
	long_name[ORIGIN_BYTES_MAX + 1] = '\0';
	ck_error(vkey_make(long_name, NOTE_KEY_ED25519, key, &vkey), E_BAD_KEY);
	long_name[ORIGIN_BYTES_MAX] = '\0';
	ck_ok(vkey_make(long_name, NOTE_KEY_ED25519, key, &vkey));
	char text[VKEY_TEXT_MAX + 1];
	vkey_format(&vkey, text);
	ck_assert_uint_eq(strlen(text), VKEY_TEXT_MAX);
	ck_ok(vkey_parse(bytes_text(text), &vkey));

	const char *bad[] = {"", "a b", "a+b", "a\nb", "a\tb", "a\x7F", "a\x80", "a\xC2\x85", "a\xC2\xA0z", "a\xE1\x9A\x80",
		"a\xE2\x80\x80", "a\xE2\x80\x8A", "a\xE2\x80\xA8", "\xE2\x80\xA9", "a\xE2\x80\xAF", "a\xE2\x81\x9Fz",
		"a\xE3\x80\x80"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_error(vkey_make(bad[i], NOTE_KEY_ED25519, key, &vkey), E_BAD_KEY);
	const char *good[] = {"a", "a\xC3\xA6", "a\xE2\x80\x8B", "a\xC2\xA1", "\xF0\x9F\x94\x91"};
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		ck_ok(vkey_make(good[i], NOTE_KEY_ED25519, key, &vkey));
	ck_ok(vkey_make("a", NOTE_KEY_COSIGNATURE, key, &vkey));
	ck_error(vkey_make("a", 0x02, key, &vkey), E_BAD_KEY);
}
END_TEST

/* CKPT-4, CKPT-13 */
START_TEST(sign_and_verify)
{
	struct signer signer = make_signer("ledger.example/2026", 1);
	struct checkpoint checkpoint = sample(), got;
	uint8_t buffer[1024];
	struct writer w = writer_of(buffer, sizeof buffer);
	ck_ok(checkpoint_sign(&checkpoint, &signer.vkey, signer.secret_key, &w));
	struct bytes note;
	ck_ok(writer_done(&w, &note));
	ck_ok(checkpoint_verify(note, &signer.vkey, &got));
	ck_assert_str_eq(got.origin, checkpoint.origin);
	ck_assert(got.size == checkpoint.size && hash_equal(&got.root, &checkpoint.root));

	struct bytes text;
	ck_ok(note_verify(note, &signer.vkey, &text));
	ck_assert(
		bytes_equal(text, BYTES_LITERAL("ledger.example/2026\n70000\n+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s=\n")));

	/* Every bit of it counts, and so does its end. */
	for (size_t i = 0; i < note.len; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			buffer[i] ^= (uint8_t)(1 << bit);
			ck_error(checkpoint_verify(note, &signer.vkey, &got), E_BAD_CHECKPOINT);
			buffer[i] ^= (uint8_t)(1 << bit);
		}
	for (size_t len = 0; len < note.len; len++) {
		/* In memory of its own, so that reading over the end is seen. */
		uint8_t *copy = malloc(len + 1);
		memcpy(copy + 1, buffer, len);
		ck_error(note_verify(bytes_of(copy + 1, len), &signer.vkey, &text), E_BAD_NOTE);
		free(copy);
	}

	struct signer other = make_signer("ledger.example/2026", 2);
	ck_error(note_verify(note, &other.vkey, &text), E_BAD_SIGNATURE);
	struct vkey cosigner;
	ck_ok(vkey_make("ledger.example/2026", NOTE_KEY_COSIGNATURE, signer.vkey.public_key, &cosigner));
	ck_error(note_verify(note, &cosigner, &text), E_BAD_KEY);
	ck_error(note_sign(text, &cosigner, signer.secret_key, &w), E_BAD_KEY);
}
END_TEST

/* CKPT-12: any other byte in the base64 is refused, also those that libsodium takes for letters. */
START_TEST(another_alphabet_is_refused)
{
	const char *alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t buffer[300];
	struct checkpoint checkpoint = sample(), got;
	struct writer w = writer_of(buffer, sizeof buffer);
	ck_ok(checkpoint_format(&checkpoint, &w));
	struct bytes text = bytes_of(buffer, writer_len(&w));
	for (size_t at = text.len - 45; at < text.len - 1; at++) {
		uint8_t kept = buffer[at];
		for (unsigned byte = 0; byte < 256; byte++) {
			buffer[at] = (uint8_t)byte;
			bool letter = byte != 0 && strchr(alphabet, (int)byte) != NULL;
			if (byte != kept && !(letter && at < text.len - 2))
				ck_error(checkpoint_parse(text, &got), E_BAD_CHECKPOINT);
		}
		buffer[at] = kept;
	}
	ck_ok(checkpoint_parse(text, &got));
}
END_TEST

START_TEST(what_is_not_read_is_not_signed)
{
	struct signer signer = make_signer("a", 1);
	uint8_t buffer[200];
	struct writer w = writer_of(buffer, sizeof buffer);
	ck_error(note_sign(BYTES_EMPTY, &signer.vkey, signer.secret_key, &w), E_BAD_NOTE);
	ck_error(note_sign(BYTES_LITERAL("no newline"), &signer.vkey, signer.secret_key, &w), E_BAD_NOTE);
	ck_error(note_sign(BYTES_LITERAL("a\r\n"), &signer.vkey, signer.secret_key, &w), E_BAD_NOTE);
	ck_error(note_sign(BYTES_LITERAL("\xFF\n"), &signer.vkey, signer.secret_key, &w), E_BAD_NOTE);
	ck_assert_uint_eq(writer_len(&w), 0);
	w = writer_of(buffer, 50);
	ck_error(note_sign(BYTES_LITERAL("text\n"), &signer.vkey, signer.secret_key, &w), E_NO_ROOM);
}
END_TEST

/* CKPT-3: the text may have empty lines itself; the last one is the border. */
START_TEST(empty_lines_in_text)
{
	struct signer signer = make_signer("a", 1);
	const char *texts[] = {"\n", "one\n\ntwo\n", "one\n\n\n", "\n\n\n", "\xE2\x80\x94 not a line\n"};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		uint8_t buffer[300];
		struct writer w = writer_of(buffer, sizeof buffer);
		struct bytes note, text;
		ck_ok(note_sign(bytes_text(texts[i]), &signer.vkey, signer.secret_key, &w));
		ck_ok(writer_done(&w, &note));
		ck_ok(note_verify(note, &signer.vkey, &text));
		ck_assert(bytes_equal(text, bytes_text(texts[i])));
	}
}
END_TEST

/* CKPT-6, CKPT-7: NOTE_SIGNATURES_MAX lines and no more. */
START_TEST(so_many_signatures_and_no_more)
{
	struct signer signer = make_signer("a", 1), witness = make_signer("w", 2);
	for (unsigned others = 0; others <= NOTE_SIGNATURES_MAX; others++) {
		uint8_t buffer[NOTE_BYTES_MAX];
		struct writer w = writer_of(buffer, sizeof buffer);
		struct bytes note, text = BYTES_LITERAL("text\n");
		writer_bytes(&w, text);
		writer_u8(&w, '\n');
		for (unsigned i = 0; i < others; i++)
			add_line(&w, text, &witness);
		add_line(&w, text, &signer);
		ck_ok(writer_done(&w, &note));
		ck_error(note_verify(note, &signer.vkey, &text), others < NOTE_SIGNATURES_MAX ? E_OK : E_BAD_NOTE);
	}
}
END_TEST

/* CKPT-8: a bad line of the key is told apart from a bad form, which goes first. */
START_TEST(form_before_signature)
{
	struct signer signer = make_signer("a", 1);
	uint8_t buffer[300];
	struct bytes text = BYTES_LITERAL("text\n"), note;
	struct writer w = writer_of(buffer, sizeof buffer);
	ck_ok(note_sign(text, &signer.vkey, signer.secret_key, &w));
	buffer[0] = 'T';
	ck_ok(writer_done(&w, &note));
	ck_error(note_verify(note, &signer.vkey, &text), E_BAD_SIGNATURE);
	writer_bytes(&w, BYTES_LITERAL("no line\n"));
	ck_ok(writer_done(&w, &note));
	ck_error(note_verify(note, &signer.vkey, &text), E_BAD_NOTE);
}
END_TEST

/* CKPT-5, CKPT-9, CKPT-10, CKPT-11, CKPT-12 and the rules above, one case a file. */
static void check_vector(const json_t *vector, const char *path)
{
	uint8_t buffer[VECTOR_BYTES_MAX];
	struct bytes note = json_object_get(vector, "note_hex") ? vector_hex(vector, "note_hex", buffer)
															: bytes_text(vector_text(vector, "note"));
	struct vkey vkey;
	ck_ok(vkey_parse(bytes_text(vector_text(vector, "vkey")), &vkey));
	struct checkpoint checkpoint;
	enum error error = checkpoint_verify(note, &vkey, &checkpoint);
	vector_expect(vector, path, error);
	if (error == E_OK) {
		struct hash root;
		vector_fixed(vector, "root", &root, sizeof root);
		ck_assert(checkpoint.size == vector_number(vector, "size"));
		ck_assert(hash_equal(&checkpoint.root, &root));
		ck_assert_str_eq(checkpoint.origin, vkey.name);
		uint8_t again[1024];
		struct writer w = writer_of(again, sizeof again);
		struct bytes text, formatted;
		ck_ok(note_verify(note, &vkey, &text));
		ck_ok(checkpoint_format(&checkpoint, &w));
		ck_ok(writer_done(&w, &formatted));
		ck_assert(bytes_equal(text, formatted));
	}
}

static void check_vkey(const json_t *vector, const char *path)
{
	struct vkey vkey;
	uint8_t public_key[32];
	uint8_t buffer[VECTOR_BYTES_MAX];
	struct bytes text = json_object_get(vector, "vkey_hex") ? vector_hex(vector, "vkey_hex", buffer)
															: bytes_text(vector_text(vector, "vkey"));
	enum error error = vkey_parse(text, &vkey);
	vector_expect(vector, path, error);
	if (error != E_OK)
		return;
	vector_fixed(vector, "public_key", public_key, sizeof public_key);
	ck_assert_mem_eq(vkey.public_key, public_key, sizeof public_key);
	ck_assert_str_eq(vkey.name, vector_text(vector, "name"));
	ck_assert_uint_eq(vkey.type, vector_number(vector, "type"));
}

/* CKPT-1, CKPT-2 */
START_TEST(own_vectors_of_vkeys)
{
	char dir[4096];
	ck_assert(vector_path("INDSIGT_SOURCE", "tests/vectors/vkey", dir));
	ck_assert_uint_ge(vector_walk(dir, check_vkey), 30);
}
END_TEST

START_TEST(our_note_vectors_hold)
{
	char dir[4096];
	ck_assert(vector_path("INDSIGT_SOURCE", "tests/vectors/checkpoint", dir));
	ck_assert_uint_ge(vector_walk(dir, check_vector), 40);
}
END_TEST

/* Whoever shows a note pays for one signature, however often its line stands there; and any other line of the key is
 * still looked at. */
START_TEST(a_line_is_paid_for_once)
{
	uint8_t buffer[NOTE_BYTES_MAX];
	struct signer signer = make_signer("ledger.example/2026", 1);
	struct bytes text = BYTES_LITERAL("ledger.example/2026\n1\nAAAA\n"), out;
	struct writer w = writer_of(buffer, sizeof buffer);
	writer_bytes(&w, text);
	writer_bytes(&w, BYTES_LITERAL("\n"));
	for (unsigned i = 0; i < NOTE_SIGNATURES_MAX; i++)
		add_line(&w, text, &signer);
	verifications = 0;
	ck_ok(note_verify(bytes_of(buffer, writer_len(&w)), &signer.vkey, &out));
	ck_assert_uint_eq(verifications, 1);
	w = writer_of(buffer, sizeof buffer);
	writer_bytes(&w, text);
	writer_bytes(&w, BYTES_LITERAL("\n"));
	add_line(&w, text, &signer);
	add_line(&w, BYTES_LITERAL("another text\n"), &signer);
	ck_error(note_verify(bytes_of(buffer, writer_len(&w)), &signer.vkey, &out), E_BAD_SIGNATURE);
}
END_TEST

UNIT_MAIN("note", vkeys_are_read_exactly, names_of_keys_have_limits, sign_and_verify, another_alphabet_is_refused,
	what_is_not_read_is_not_signed, empty_lines_in_text, so_many_signatures_and_no_more, a_line_is_paid_for_once,
	form_before_signature, our_note_vectors_hold, own_vectors_of_vkeys)
