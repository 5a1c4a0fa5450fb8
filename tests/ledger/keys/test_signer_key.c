#include "ledger/keys/signer_key.h"
#include "tests/lib/place.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static struct place place;
static char path[128];
static struct fault fault;

static void begin(void)
{
	place_make(&place);
	snprintf(path, sizeof path, "%s/key", place.path);
}

static void write_text(const char *text)
{
	FILE *file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
	ck_assert_int_eq(chmod(path, 0600), 0);
}

START_TEST(made_and_read)
{
	struct signer_key made, read;
	struct stat info;
	begin();
	ck_error(signer_key_read(path, &read, &fault), E_NOT_FOUND);
	ck_error(signer_key_create(path, "two words", &made, &fault), E_BAD_VALUE);
	ck_error(signer_key_read(path, &read, &fault), E_NOT_FOUND);
	ck_ok(signer_key_create(path, "Rigsrevisionen", &made, &fault));
	ck_assert_int_eq(stat(path, &info), 0);
	ck_assert_uint_eq(info.st_mode & 0777, 0600);
	ck_ok(signer_key_read(path, &read, &fault));
	ck_assert_mem_eq(&made, &read, sizeof made);
	ck_error(signer_key_create(path, "Rigsrevisionen", &made, &fault), E_EXISTS);
	ck_assert_int_eq(chmod(path, 0640), 0);
	ck_error(signer_key_read(path, &read, &fault), E_PERMISSION);
	place_remove(&place);
}
END_TEST

START_TEST(what_is_no_key_is_refused)
{
	static const char *const bad[] = {"", "[]", "{}", "{\"name\":\"a\"}",
		"{\"name\":\"a\",\"seed\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
		"{\"name\":\"a b\",\"seed\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"}",
		"{\"name\":1,\"seed\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"}",
		"{\"name\":\"a\",\"seed\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\",\"more\":1}",
		"{\"name\":\"a\",\"name\":\"a\",\"seed\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"}"};
	struct signer_key key;
	begin();
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		write_text(bad[i]);
		ck_error(signer_key_read(path, &key, &fault), E_BAD_KEY);
	}
	write_text("{\"name\":\"a\",\"seed\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"}");
	ck_ok(signer_key_read(path, &key, &fault));
	ck_assert_str_eq(key.name, "a");
	place_remove(&place);
}
END_TEST

UNIT_MAIN("signer_key", made_and_read, what_is_no_key_is_refused)
