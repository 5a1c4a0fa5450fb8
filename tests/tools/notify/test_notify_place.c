/* notify.json is read strictly, and nobody is told of over plain HTTP on another machine; keys are made, changed and
 * forgotten without a moment in which none signs. */
#include "tests/lib/place.h"
#include "tests/lib/unit.h"
#include "tools/notify/place.h"

#include "ledger/base/file.h"
#include "ledger/base/own.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static struct place place;
static int dir_fd;

static void setup(void)
{
	place_make(&place);
	dir_fd = open(place.path, O_RDONLY | O_DIRECTORY);
}

static void teardown(void)
{
	close(dir_fd);
	place_remove(&place);
}

static enum error take(const char *text, struct notify_config *out, struct fault *fault)
{
	ck_ok(file_write_atomic(dir_fd, NOTIFY_CONFIG, bytes_text(text), 0644));
	return notify_config_read(dir_fd, out, fault);
}

/* NTF-2, NTF-17 */
START_TEST(the_address_is_secret_or_near)
{
	static const char *const good[] = {"https://portal.example/x", "HTTPS://portal.example", "http://127.0.0.1:8080/x",
		"http://[::1]:80/", "http://localhost/x", "http://user:secret@127.0.0.2/x"};
	static const char *const bad[] = {"http://portal.example/x", "http://127.0.0.1.example/x",
		"http://localhost.example/", "http://127.0.0.1@portal.example/", "http://portal.example/@127.0.0.1",
		"http://[::2]/", "http://10.0.0.1/", "ftp://portal.example/", "portal.example", "https://", "https:///x",
		"http://2130706433.example"};
	struct notify_config config;
	char text[256];
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		snprintf(text, sizeof text, "{\"url\":\"%s\"}", good[i]);
		struct fault fault = {0};
		ck_assert_msg(take(text, &config, &fault) == E_OK, "%s: %s", good[i], fault.text);
		ck_assert_str_eq(config.url, good[i]);
		ck_assert(config.days == 3 && config.gap_s == 900 && config.ca[0] == '\0');
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		snprintf(text, sizeof text, "{\"url\":\"%s\"}", bad[i]);
		struct fault fault = {0};
		ck_assert_msg(take(text, &config, &fault) == E_BAD_VALUE, "%s", bad[i]);
		ck_assert_ptr_nonnull(strstr(fault.text, "url: "));
	}
}
END_TEST

START_TEST(settings_are_known)
{
	struct notify_config config;
	struct fault fault = {0};
	ck_error(notify_config_read(dir_fd, &config, &fault), E_NOT_FOUND);
	ck_error(take("{\"url\":", &config, &fault), E_BAD_JSON);
	ck_error(take("[]", &config, &fault), E_BAD_JSON);
	ck_error(take("{\"days\":3}", &config, &fault), E_MISSING_FIELD);
	ck_error(take("{\"url\":\"https://a.example\",\"day\":3}", &config, &fault), E_UNKNOWN_FIELD);
	ck_error(take("{\"url\":\"https://a.example\",\"days\":0}", &config, &fault), E_BAD_VALUE);
	ck_error(take("{\"url\":\"https://a.example\",\"gap_seconds\":1.5}", &config, &fault), E_BAD_VALUE);
	ck_error(take("{\"url\":\"https://a.example\",\"ca\":\"ca.pem\"}", &config, &fault), E_BAD_VALUE);
	ck_ok(take("{\"url\":\"https://a.example\",\"ca\":\"/ca.pem\",\"days\":9,\"gap_seconds\":0}", &config, &fault));
	ck_assert(config.days == 9 && config.gap_s == 0 && strcmp(config.ca, "/ca.pem") == 0);
}
END_TEST

/* NTF-18 */
START_TEST(keys_change_without_a_gap)
{
	const struct user nobody = {0};
	struct hook_keys first, both, last;
	struct fault fault = {0};
	struct stat info;
	OWNED_FD fd = -1;
	ck_ok(notify_dir_open(dir_fd, &nobody, &fd, &fault));
	ck_assert(fstat(fd, &info) == 0 && (info.st_mode & 07777) == 0700);
	ck_error(notify_keys_read(fd, &first, &fault), E_NOT_FOUND);
	ck_ok(notify_keys_make(fd, &fault));
	ck_assert(fstatat(fd, NOTIFY_SIGNING, &info, 0) == 0 && (info.st_mode & 07777) == 0600);
	ck_ok(notify_keys_read(fd, &first, &fault));
	ck_ok(notify_keys_make(fd, &fault)); /* never over one that is there */
	ck_ok(notify_keys_rotate(fd, &fault));
	ck_error(notify_keys_rotate(fd, &fault), E_EXISTS);
	ck_ok(notify_keys_read(fd, &both, &fault));
	ck_assert(first.count == 1 && both.count == 2);
	ck_assert(memcmp(first.secret[0], both.secret[1], 64) == 0 && memcmp(first.secret[0], both.secret[0], 64) != 0);
	ck_ok(notify_keys_forget(fd, &fault));
	ck_ok(notify_keys_forget(fd, &fault));
	ck_ok(notify_keys_read(fd, &last, &fault));
	ck_assert(last.count == 1 && memcmp(last.secret[0], both.secret[0], 64) == 0);
	ck_assert(fchmodat(fd, NOTIFY_SIGNING, 0640, 0) == 0);
	ck_error(notify_keys_read(fd, &last, &fault), E_PERMISSION);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("notify_place");
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, the_address_is_secret_or_near);
	tcase_add_test(tcase, settings_are_known);
	tcase_add_test(tcase, keys_change_without_a_gap);
	return unit_run("notify_place", tcase);
}
