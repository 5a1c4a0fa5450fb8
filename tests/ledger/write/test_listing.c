/* A directory whose list breaks off: what was not seen is not taken for what is not there. The function is wrapped
 * (tests/meson.build). */
#include "tests/lib/fixture.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *in_directory; /* of this name, */
static int fail_at;              /* the call of this number, from 1 on */
static int calls;

static bool is_in(DIR *names)
{
	char link[64], path[512];
	snprintf(link, sizeof link, "/proc/self/fd/%d", dirfd(names));
	ssize_t len = readlink(link, path, sizeof path - 1);
	ck_assert_int_gt(len, 0);
	path[len] = '\0';
	return strcmp(strrchr(path, '/') + 1, in_directory) == 0;
}

struct dirent *__real_readdir64(DIR *names);
struct dirent *__wrap_readdir64(DIR *names);
struct dirent *__wrap_readdir64(DIR *names)
{
	if (in_directory == NULL || !is_in(names) || ++calls != fail_at)
		return __real_readdir64(names);
	errno = EIO;
	return NULL;
}

/* Whether the call will be met is seen afterwards. */
static void break_off(const char *directory, int at)
{
	in_directory = directory;
	fail_at = at;
	calls = 0;
}

static struct fixture f;

static const char *in(const char *name)
{
	static char path[200];
	snprintf(path, sizeof path, "%s/%s", f.dir, name);
	return path;
}

/* STO-33: an existing ledger is never touched. */
START_TEST(no_ledger_is_begun_in_what_is_not_seen)
{
	struct fault fault = {.text = ""};
	fixture_make(&f);
	fixture_close(&f);
	bool all = false;
	for (int at = 1; !all; at++) {
		break_off("ledger", at);
		enum error error = ledger_create(f.dir, FIXTURE_ORIGIN, &fault);
		all = calls < at;
		ck_error(error, all ? E_EXISTS : E_IO);
		ck_assert_msg(all || strstr(fault.text, strerror(EIO)) != NULL, "%s", fault.text);
		ck_assert_int_eq(access(in("vkey"), F_OK), 0);
	}
	break_off(NULL, 0);
	fixture_open(&f);
	fixture_remove(&f);
}
END_TEST

/* STO-31: what was shown once stays shown. */
START_TEST(evidence_that_is_not_seen_stops_as_well)
{
	struct fault fault = {.text = ""};
	uint8_t note[4096];
	fixture_make(&f);
	fixture_append(&f, fixture_batch(&f, 0, NULL, 2, 1));
	fixture_close(&f);
	FILE *guard = fopen(in("guard"), "re");
	ck_assert_ptr_nonnull(guard);
	size_t len = fread(note, 1, sizeof note, guard);
	fclose(guard);
	ck_assert_int_eq(mkdir(in("evidence"), 0700), 0);
	FILE *shown = fopen(in("evidence/witness-2"), "we");
	ck_assert_ptr_nonnull(shown);
	ck_assert_uint_eq(fwrite(note, 1, len, shown), len);
	fclose(shown);
	bool all = false;
	for (int at = 1; !all; at++) {
		break_off("evidence", at);
		enum error error = ledger_open(f.dir, NULL, &f.ledger, &fault);
		all = calls < at;
		ck_error(error, all ? E_OK : E_IO);
		ck_assert_msg(all || strstr(fault.text, "evidence cannot be listed") != NULL, "%s", fault.text);
	}
	ledger_close(f.ledger);
	/* On another disk, by a link: it is looked at there. */
	char elsewhere[200];
	strcpy(elsewhere, in("elsewhere"));
	ck_assert_int_eq(rename(in("evidence"), elsewhere), 0);
	ck_assert_int_eq(symlink("elsewhere", in("evidence")), 0);
	break_off("elsewhere", 1);
	ck_error(ledger_open(f.dir, NULL, &f.ledger, &fault), E_IO);
	break_off(NULL, 0);
	ck_ok(ledger_open(f.dir, NULL, &f.ledger, &fault));
	ledger_close(f.ledger);
	f.ledger = NULL;
	ck_assert_int_eq(unlink(in("evidence")), 0);
	place_remove(&f.place);
}
END_TEST

UNIT_MAIN("listing", no_ledger_is_begun_in_what_is_not_seen, evidence_that_is_not_seen_stops_as_well)
