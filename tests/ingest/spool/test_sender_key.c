#include "ingest/spool/sender_key.h"
#include "ledger/base/file.h"
#include "tests/lib/unit.h"
#include "tests/lib/vector.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64];
static char path[96];

static void place(void)
{
	strcpy(dir, "/tmp/indsigt-unit-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/key.json", dir);
}

static void clear(void)
{
	unlink(path);
	rmdir(dir);
}

static void sample(struct sender_key *key)
{
	uint8_t log_secret[64];
	uint8_t log_public[32];
	memset(key, 0, sizeof *key);
	crypto_sign_keypair(log_public, log_secret);
	ck_ok(vkey_make("log.example/2026", NOTE_KEY_ED25519, log_public, &key->log));
	key->sender = 4294967295u;
	strcpy(key->org, "cvr:55133018");
	strcpy(key->name, "Aarhus Kommune \"test\"");
	sender_key_generate(key);
}

static void put(const char *text)
{
	ck_ok(file_write_atomic(AT_FDCWD, path, bytes_text(text), 0600));
}

START_TEST(a_key_comes_back_as_written)
{
	place();
	struct sender_key key;
	struct sender_key back;
	struct fault fault;
	sample(&key);
	ck_error(sender_key_read(path, &back, &fault), E_NOT_FOUND);
	ck_ok(sender_key_write(path, &key, false, &fault));
	ck_ok(sender_key_read(path, &back, &fault));
	ck_assert_uint_eq(back.sender, key.sender);
	ck_assert_str_eq(back.log.name, key.log.name);
	ck_assert_mem_eq(back.log.public_key, key.log.public_key, 32);
	ck_assert_str_eq(back.org, key.org);
	ck_assert_str_eq(back.name, key.name);
	ck_assert_mem_eq(back.public_key, key.public_key, 32);
	ck_assert_mem_eq(back.secret_key, key.secret_key, 64);
	struct stat info;
	ck_assert_int_eq(stat(path, &info), 0);
	ck_assert_int_eq(info.st_mode & 0777, 0600);

	key.sender = 7;
	key.org[0] = '\0';
	ck_error(sender_key_write(path, &key, false, &fault), E_EXISTS);
	ck_ok(sender_key_write(path, &key, true, &fault));
	ck_ok(sender_key_read(path, &back, NULL));
	ck_assert_uint_eq(back.sender, 7);
	ck_assert_str_eq(back.org, "");
	clear();
}
END_TEST

/* SND-1 */
START_TEST(readable_by_others)
{
	static const mode_t modes[] = {0640, 0604, 0620, 0602, 0610, 0601};
	place();
	struct sender_key key;
	struct fault fault;
	sample(&key);
	ck_ok(sender_key_write(path, &key, false, &fault));
	for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
		ck_assert_int_eq(chmod(path, modes[i]), 0);
		ck_error(sender_key_read(path, &key, &fault), E_PERMISSION);
	}
	ck_assert_int_eq(chmod(path, 0400), 0);
	ck_ok(sender_key_read(path, &key, &fault));
	clear();
}
END_TEST

START_TEST(malformed_keys_are_refused_by_member)
{
	place();
	struct sender_key key;
	struct fault fault;
	char log[VKEY_TEXT_MAX + 1];
	sample(&key);
	vkey_format(&key.log, log);
	static const char seed[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
	static const char *const shapes[] = {
		"{\"origin\":\"log.example/2026\",\"log\":\"%s\",\"sender\":1,\"seed\":\"%s\"}", /* the good one */
		"{\"origin\":\"other.example\",\"log\":\"%s\",\"sender\":1,\"seed\":\"%s\"}",
		"{\"origin\":\"log.example/2026\",\"log\":\"%s0\",\"sender\":1,\"seed\":\"%s\"}",
		"{\"origin\":\"log.example/2026\",\"log\":\"%s\",\"sender\":-1,\"seed\":\"%s\"}",
		"{\"origin\":\"log.example/2026\",\"log\":\"%s\",\"sender\":4294967296,\"seed\":\"%s\"}",
		"{\"origin\":\"log.example/2026\",\"log\":\"%s\",\"seed\":\"%s\"}",
		"{\"origin\":\"log.example/2026\",\"log\":\"%s\",\"sender\":1,\"seed\":\"AA%s\"}",
		"{\"origin\":\"log.example/2026\",\"log\":\"%s\",\"sender\":1,\"seed\":\"%.20s\"}",
		"{\"origin\":\"log.example/2026\",\"log\":\"%s\",\"sender\":1,\"sender\":1,\"seed\":\"%s\"}",
		"{\"origin\":\"log.example/2026\",\"log\":\"%s\",\"sender\":1,\"seed\":\"%s\",\"more\":1}",
		"{\"origin\":\"log.example/2026\",\"log\":\"%s\",\"sender\":1,\"org\":2,\"seed\":\"%s\"}",
		"[\"%s\",\"%s\"]",
		"",
	};
	for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
		char text[2048];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(text, sizeof text, shapes[i], log, seed);
#pragma GCC diagnostic pop
		put(text);
		ck_assert_msg(sender_key_read(path, &key, &fault) == (i == 0 ? E_OK : E_BAD_KEY), "shape %zu", i);
		ck_assert_ptr_null(strstr(fault.text, "AAAAAAAA"));
	}
	char *big = malloc(9001);
	memset(big, ' ', 9000);
	big[9000] = '\0';
	put(big);
	free(big);
	ck_error(sender_key_read(path, &key, &fault), E_BAD_KEY);
	clear();
}
END_TEST

START_TEST(an_endorsement_is_by_the_named_key)
{
	struct sender_key key;
	struct sender_key next;
	sample(&key);
	next = key;
	sender_key_generate(&next);
	struct entry_sender entry = {
		.action = SENDER_REGISTER, .follows = FOLLOWS_NOTHING, .sender = 3, .org = "cvr:1", .name = "n"};
	policy_default(&entry.policy);
	memcpy(entry.public_key, key.public_key, 32);
	ck_error(sender_key_endorse(&next, &entry), E_BAD_KEY);
	ck_assert(!sender_endorsed(key.log.name, &entry, NULL));
	ck_ok(sender_key_endorse(&key, &entry));
	ck_assert(sender_endorsed(key.log.name, &entry, NULL));
	ck_assert(!sender_endorsed("other.example", &entry, NULL));

	entry.action = SENDER_ROTATE;
	entry.follows = 1;
	entry.change = 1;
	memcpy(entry.public_key, next.public_key, 32);
	ck_ok(sender_key_endorse(&next, &entry));
	ck_assert(!sender_endorsed(key.log.name, &entry, key.public_key));
	ck_ok(sender_key_endorse_old(&key, &entry));
	ck_assert(sender_endorsed(key.log.name, &entry, key.public_key));
	ck_assert(!sender_endorsed(key.log.name, &entry, next.public_key));
}
END_TEST

static void check_vector(const json_t *vector, const char *path_of_vector)
{
	struct sender_key key;
	struct fault fault;
	uint8_t public_key[32];
	put(vector_text(vector, "file"));
	enum error error = sender_key_read(path, &key, &fault);
	vector_expect(vector, path_of_vector, error);
	if (error != E_OK)
		return;
	vector_fixed(vector, "public_key", public_key, sizeof public_key);
	ck_assert_mem_eq(key.public_key, public_key, sizeof public_key);
	ck_assert_uint_eq(key.sender, vector_number(vector, "sender"));
}

START_TEST(our_key_vectors_hold)
{
	char vectors[4096];
	place();
	ck_assert(vector_path("INDSIGT_SOURCE", "tests/vectors/sender-key", vectors));
	ck_assert_uint_ge(vector_walk(vectors, check_vector), 20);
	clear();
}
END_TEST

UNIT_MAIN("sender_key", our_key_vectors_hold, a_key_comes_back_as_written, readable_by_others,
	malformed_keys_are_refused_by_member, an_endorsement_is_by_the_named_key)
