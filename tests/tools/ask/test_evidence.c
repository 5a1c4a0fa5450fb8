/* What is kept against a sender is told to whoever asks. INDSIGT names the program. */
#include "tests/lib/fixture.h"

#include <jansson.h>
#include <stdio.h>
#include <sys/wait.h>

static struct fixture f;

static void run(const char *arguments, int wanted, char *out, size_t size)
{
	char command[512];
	const char *program = getenv("INDSIGT");
	ck_assert_ptr_nonnull(program);
	snprintf(command, sizeof command, "%s %s", program, arguments);
	FILE *pipe = popen(command, "r");
	size_t len = fread(out, 1, size - 1, pipe);
	out[len] = '\0';
	int status = pclose(pipe);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == wanted, "%s: %x", arguments, (unsigned)status);
}

static void free_bytes(struct bytes bytes)
{
	free((void *)(uintptr_t)bytes.data);
}

/* STO-16 */
START_TEST(evidence_is_listed)
{
	static char out[65536];
	uint32_t subjects[] = {1, 2, 3};
	char arguments[256];
	struct appended appended;
	struct fault fault;
	fixture_make(&f);
	fixture_append(&f, fixture_batch(&f, 0, subjects, 3, 1));
	snprintf(arguments, sizeof arguments, "evidence %s", f.dir);
	run(arguments, 0, out, sizeof out);
	ck_assert_str_eq(out, "There is no evidence against anybody.\n");
	struct bytes other = fixture_batch(&f, 1, subjects, 2, 2);
	ck_error(fixture_take(&f, other, &appended, &fault), E_EQUIVOCATION);

	run(arguments, 0, out, sizeof out);
	ck_assert_str_eq(out, "sender 1 (Aarhus Kommune, cvr:55133018) has signed two different batches from sequence 1; "
						  "the one that was taken "
						  "has its entry at index 5\n");
	snprintf(arguments, sizeof arguments, "evidence %s --json", f.dir);
	run(arguments, 0, out, sizeof out);
	json_t *json = json_loads(out, 0, NULL);
	const json_t *item = json_array_get(json_object_get(json, "equivocations"), 0);
	uint8_t kept[4096];
	size_t len = 0;
	const char *text = json_string_value(json_object_get(item, "signed"));
	ck_assert_ptr_nonnull(text);
	ck_assert_int_eq(
		sodium_base642bin(kept, sizeof kept, text, strlen(text), NULL, &len, NULL, sodium_base64_VARIANT_ORIGINAL), 0);
	ck_assert_uint_eq(len, BATCH_HEAD_BYTES + 2 * HASH_BYTES);
	ck_assert_mem_eq(kept, other.data, BATCH_HEAD_BYTES); /* what the sender signed */
	json_decref(json);
	free_bytes(other);

	snprintf(arguments, sizeof arguments, "sender list %s --json", f.dir);
	run(arguments, 0, out, sizeof out);
	ck_assert_ptr_nonnull(strstr(out, "\"equivocations\":1"));
	snprintf(arguments, sizeof arguments, "sender list %s", f.dir);
	run(arguments, 0, out, sizeof out);
	ck_assert_ptr_nonnull(strstr(out, "1 signed twice"));
	fixture_remove(&f);
}
END_TEST

UNIT_MAIN("evidence", evidence_is_listed)
