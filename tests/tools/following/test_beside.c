/* What stands beside a followed name: rotated files that nobody saw under it, what is being compressed, and what only
 * looks like a copy. spec/sender.md, SND-36 and SND-37 */
#include "tests/lib/followed_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void begin(void)
{
	seed = 1;
	taken_count = durable = 0;
	repeated = 0;
	begin_place();
}

static void put(const char *name, const char *text)
{
	shell("printf '%s' >> %s/log/%s", text, where.path, name);
}

/* Looked at again and again, until what is beside a name is no longer looked for. */
static void look_for_long(void)
{
	for (unsigned i = 0; i < 10; i++) {
		now_ms += 1000;
		read_all();
	}
}

/* As long, while something that was cut cannot come to an end. */
static void look_in_vain(void)
{
	for (unsigned i = 0; i < 10; i++) {
		now_ms += 1000;
		read_now();
	}
}

static unsigned count_said(const char *what)
{
	unsigned count = 0;
	for (const char *at = said; (at = strstr(at, what)) != NULL; at++)
		count++;
	return count;
}

/* A file that is there, and was read. */
static void begin_with(const char *text)
{
	begin();
	shell("touch %s", path);
	read_all();
	put("audit.log", text);
	read_all();
	look_for_long();
	taken_count = durable;
}

/* SND-37: what compresses a file gives its time to the other one last, and then removes it. */
START_TEST(what_is_being_compressed_is_not_told)
{
	begin_with("one\\n");
	put("audit.log", "two\\n");
	shell("mv %s %s.1; touch %s; echo half > %s.1.gz; touch -d '+1 hour' %s.1.gz", path, path, path, path, path);
	if (_i == 1)
		look_for_long();
	read_all();
	shell("touch -r %s.1 %s.1.gz; rm %s.1", path, path, path);
	look_for_long();
	ck_assert_uint_eq(taken_count, 2);
	ck_assert_msg(lost_said == 0, "%s", said);
	end_place();
}
END_TEST

/* SND-37: what was taken whole and let go of is not lost when it is compressed, however exactly that keeps its time. */
START_TEST(what_was_taken_and_let_go_of_is_not_told_when_it_is_compressed)
{
	begin_with("one\\n");
	shell("touch -d '1 hour ago' %s", path);
	read_all();
	shell("mv %s %s.old", path, path);
	read_all();
	for (unsigned i = 0; i < FOLLOWING_OLD_MAX + 2; i++) {
		shell("echo line %u > %s", i, path);
		read_all();
		shell("mv %s %s.%u", path, path, i);
		read_all();
		if (i == 0 && _i == 1) /* at once, and its time is kept in whole seconds */
			shell("F=%s.0; gzip $F; touch -d @$(stat -c %%Y $F.gz) $F.gz", path);
	}
	if (_i == 0) /* when it was let go of */
		shell("gzip %s.0", path);
	look_for_long();
	ck_assert_uint_eq(taken_count, 1 + FOLLOWING_OLD_MAX + 2);
	ck_assert_msg(lost_said == 0, "%s", said);
	end_place();
}
END_TEST

/* SND-37: what came and could not be read, and is compressed before that is told; and where FILE itself is compressed.
 */
START_TEST(what_was_never_read_is_told_when_it_is_compressed)
{
	if (geteuid() == 0)
		ck_assert_int_eq(setuid(65534), 0);
	begin_with("one\\n");
	shell("F=%s; sleep 0.02; mv $F $F.2; echo two > $F; mv $F $F.1; chmod 0 $F.1; sleep 0.02; echo three > $F", path);
	read_all();
	ck_assert_uint_eq(lost_said, 0);
	if (_i == 0)
		shell("F=%s.1; echo > $F.gz; touch -r $F $F.gz; rm -f $F", path);
	else
		shell("F=%s; echo > $F.gz; touch -r $F.1 $F.gz; rm -f $F.1", path);
	look_for_long();
	ck_assert_uint_eq(taken_count, 2);
	ck_assert_msg(lost_said == 1 && count_said("is compressed and was never read") == 1, "%s", said);
	end_place();
}
END_TEST

/* SND-36: filled, copied, cut and the copy compressed between two looks. */
START_TEST(a_compressed_copy_of_what_nobody_saw_is_told)
{
	begin();
	read_all();
	shell("touch %s", path);
	read_all();
	look_for_long();
	shell("F=%s; echo one > $F; sleep 0.02; cp $F $F.1; sleep 0.02; : > $F; gzip $F.1", path);
	look_for_long();
	ck_assert_msg(lost_said == 1 && count_said("audit.log.1.gz' is compressed and was never read") == 1, "%s", said);
	end_place();
}
END_TEST

/* SND-36: of what is cut, and its copy compressed, all that was seen was read. */
START_TEST(a_compressed_copy_of_what_was_read_is_not_told)
{
	begin_with("a line that is long enough to be known again\\n");
	shell("F=%s; cp $F $F.1; : > $F; gzip $F.1; sleep 0.02; echo two > $F", path);
	look_for_long();
	ck_assert_uint_eq(taken_count, 2);
	ck_assert_msg(lost_said == 0, "%s", said);
	end_place();
}
END_TEST

#define HEADER "# version 1, fields: date time who what\\n"

/* SND-37: all files of the name begin with the same line, which is all that the first of them holds. */
START_TEST(what_begins_alike_is_no_copy)
{
	begin_with(HEADER);
	shell("F=%s; mv $F $F.2; printf '" HEADER "two\\n' > $F; mv $F $F.1; printf '" HEADER "three\\n' > $F", path);
	look_for_long();
	ck_assert_uint_eq(count_text(text_of("two", 3)), 1);
	ck_assert_uint_eq(count_text(text_of("three", 5)), 1);
	ck_assert_msg(lost_said == 0, "%s", said);
	end_place();
}
END_TEST

static char pattern[128];

static void start_with(char *const *names)
{
	struct fault fault = {.text = ""};
	stop();
	enum error error = following_open(spool_fd, names, &following_calls, &following, &fault);
	ck_assert_msg(error == E_OK, "%s", fault.text);
}

/* Beside FILE, so that there is no room for another one. */
static void fill_up(unsigned files)
{
	snprintf(pattern, sizeof pattern, "%s/many/*.log", where.path);
	shell("mkdir %s/many; cd %s/many; for i in $(seq %u); do echo $i > $i.log; done", where.path, where.path, files);
	start_with((char *[]){path, pattern, NULL});
	read_all();
}

/* SND-36: for what is not read before there is room it is looked until there is. */
START_TEST(what_came_while_there_was_no_room_is_read_when_there_is)
{
	begin_with("one\\n");
	fill_up(FOLLOWED_FILES_MAX - 2);
	size_t before = taken_count;
	shell("F=%s; mv $F $F.2; echo two > $F; mv $F $F.1; echo three > $F", path);
	look_for_long();
	ck_assert_uint_eq(taken_count, before + 1);
	ck_assert_uint_eq(count_said("would be one more"), 1);
	shell("rm %s/many/1.log", where.path);
	read_all();
	now_ms += FOLLOWING_QUIET_MS;
	look_for_long();
	ck_assert_uint_eq(taken_count, before + 2);
	ck_assert_msg(lost_said == 0, "%s", said);
	end_place();
}
END_TEST

/* SND-36: what was cut needs room, too. */
START_TEST(a_cut_without_room_is_told_once)
{
	begin_with("one\\n");
	fill_up(FOLLOWED_FILES_MAX - 1);
	size_t before = taken_count;
	shell(": > %s; echo two > %s", path, path);
	look_in_vain();
	ck_assert_uint_eq(taken_count, before);
	ck_assert_msg(count_said("would be one more") == 1, "%s", said);
	shell("rm %s/many/1.log", where.path);
	read_now();
	now_ms += FOLLOWING_QUIET_MS;
	look_for_long();
	ck_assert_uint_eq(taken_count, before + 1);
	end_place();
}
END_TEST

/* SND-37: a directory that cannot be listed is told once while the copy of what was cut is looked for. */
START_TEST(a_cut_in_a_directory_that_cannot_be_listed_is_told_once)
{
	char log[128];
	if (geteuid() == 0)
		ck_assert_int_eq(setuid(65534), 0);
	begin_with("a line that is long enough to be known again\\n");
	snprintf(log, sizeof log, "%s/log", where.path);
	ck_assert_int_eq(chmod(log, 0311), 0);
	shell(": > %s; echo two > %s", path, path);
	for (unsigned i = 0; i < 10; i++) {
		now_ms += 100;
		read_now();
	}
	ck_assert_msg(count_said("cannot be told") == 1, "%s", said);
	ck_assert_int_eq(chmod(log, 0700), 0);
	end_place();
}
END_TEST

/* SND-36: it was cut while nobody ran, before anything was taken of it. */
START_TEST(a_copy_of_what_was_not_begun_is_read_after_a_start)
{
	begin();
	read_all();
	shell("touch %s", path);
	read_all();
	look_for_long();
	put("audit.log", "one\\n");
	look();
	shell("cp %s %s.1; : > %s", path, path, path);
	stop();
	start();
	look_for_long();
	ck_assert_uint_eq(taken_count, 1);
	ck_assert_msg(lost_said == 0, "%s", said);
	end_place();
}
END_TEST

/* While the first name is looked beside, the file of the second is copied and cut. */
static void cut_and_say(void *context, bool lost, const char *text)
{
	following_calls.say(context, lost, text);
	if (strstr(text, "came between two looks at") != NULL && strstr(text, "first.log'") != NULL)
		shell("cp %s %s.1; : > %s", path, path, path);
}

/* SND-36: between a look at all files and at what is beside them its copy is found, which is no other file's. */
START_TEST(a_copy_that_was_found_before_the_cut_was_seen_is_one)
{
	const struct following_calls calls = {.key = following_calls.key, .say = cut_and_say};
	char first[128];
	struct fault fault = {.text = ""};
	begin_with("");
	stop();
	snprintf(first, sizeof first, "%s/log/first.log", where.path);
	shell("echo one > %s", first);
	ck_ok(following_open(spool_fd, (char *[]){first, path, NULL}, &calls, &following, &fault));
	look_for_long();
	shell("F=%s; mv $F $F.2; echo two > $F; mv $F $F.1; touch $F", first);
	put("audit.log", "three\\n");
	look();
	look();
	look_for_long();
	ck_assert_uint_eq(count_said("came between"), 2);
	ck_assert_uint_eq(taken_count, 3);
	ck_assert_msg(lost_said == 0, "%s", said);
	end_place();
}
END_TEST

/* SND-37: what stands beside two names, one of which begins with the other, is of the longer one. */
START_TEST(what_is_beside_the_longer_name_is_of_it)
{
	char other[128];
	begin_with("one\\n");
	snprintf(other, sizeof other, "%s-error", path);
	shell("echo other one > %s", other);
	start_with((char *[]){path, other, NULL});
	look_for_long();
	size_t before = taken_count;
	shell("F=%s; mv $F $F.1; echo two > $F; mv $F-error $F-error.1; echo other two > $F-error; gzip $F-error.1", path);
	if (_i == 1)
		shell("F=%s; mv $F-error $F-error.0; echo other three > $F-error", path);
	look_for_long();
	ck_assert_uint_eq(taken_count, before + 2 + (size_t)_i);
	ck_assert_uint_eq(count_said("came between"), (unsigned)_i);
	ck_assert_uint_eq(count_said("came between two looks at '"), (unsigned)_i);
	if (_i == 1)
		ck_assert_msg(strstr(said, "audit.log-error': it is read") != NULL, "%s", said);
	ck_assert_msg(lost_said == 0, "%s", said);
	end_place();
}
END_TEST

/* SND-37: what a rotation gives its readers last can be read by the end of it. */
START_TEST(what_cannot_be_read_yet_is_read_when_it_can)
{
	if (geteuid() == 0)
		ck_assert_int_eq(setuid(65534), 0);
	begin_with("one\\n");
	shell("F=%s; mv $F $F.2; echo two > $F; chmod 0 $F; mv $F $F.1; echo three > $F", path);
	read_all();
	if (_i == 0)
		shell("chmod 600 %s.1", path);
	look_for_long();
	ck_assert_uint_eq(taken_count, _i == 0 ? 3 : 2);
	ck_assert_uint_eq(lost_said, (unsigned)_i);
	ck_assert_uint_eq(count_said("cannot be read"), (unsigned)_i);
	end_place();
}
END_TEST

/* Two names are followed: FILE, and what it is called when it is rotated. */
static void start_with_rotated(void)
{
	char rotated[128];
	begin_with("one\\n");
	snprintf(rotated, sizeof rotated, "%s.1", path);
	start_with((char *[]){path, rotated, NULL});
	look_for_long();
}

/* Two names of one file, of which one is renamed to the other. */
START_TEST(names_that_lead_to_one_file_come_to_rest)
{
	start_with_rotated();
	shell("F=%s; mv $F $F.1; echo two > $F", path);
	look_for_long();
	ck_assert_uint_eq(taken_count, 2);
	ck_ok(following_look(following, now_ms));
	ck_assert(!following_dirty(following));
	put("audit.log.1", "half");
	look_for_long();
	now_ms += FOLLOWING_QUIET_MS;
	look_for_long();
	ck_assert_uint_eq(taken_count, 2); /* it has a name */
	end_place();
}
END_TEST

/* SND-37: a file that the sender has not open is looked for as long, before it is told as lost. */
START_TEST(what_a_first_look_passed_by_is_found_by_the_next)
{
	begin_with("one\\n");
	put("audit.log", "two\\n");
	stop();
	shell("F=%s; mv $F %s/passed-by; echo three > $F", path, where.path);
	start();
	read_all();
	ck_assert(following_behind(following)); /* who ends now has not read all */
	now_ms += 1000;
	shell("mv %s/passed-by %s.1", where.path, path);
	look_for_long();
	ck_assert(!following_behind(following));
	ck_assert_uint_eq(taken_count, 3);
	ck_assert_msg(lost_said == 0, "%s", said);
	end_place();
}
END_TEST

/* Who reads nothing of a file still sees that it was cut. */
START_TEST(what_is_left_and_cut_is_read_anew)
{
	begin_with("one\\n");
	put("audit.log", "of another format\\n");
	look();
	following_file(following, 0)->left = true;
	read_all();
	shell(": > %s", path);
	look_for_long();
	put("audit.log", "two\\n");
	look_for_long();
	ck_assert_uint_eq(taken_count, 2);
	end_place();
}
END_TEST

/* SND-37: of more than are kept the oldest becomes one with the next, which hides nothing that it would have found. */
START_TEST(too_many_times_become_one)
{
	struct followed_name name = {.path = path};
	for (int64_t i = 1; i <= 2 * (int64_t)FOLLOWED_BESIDE_MAX; i++)
		followed_add_beside(&name, (struct followed_beside){.since_ns = i, .read_ns = 100 + i, .from_ms = (uint64_t)i});
	ck_assert_uint_eq(name.beside_count, FOLLOWED_BESIDE_MAX);
	ck_assert_int_eq(name.beside[0].since_ns, 1);
	ck_assert_int_eq(name.beside[0].read_ns, 101);
	ck_assert_uint_eq(name.beside[0].from_ms, FOLLOWED_BESIDE_MAX + 1);
	ck_assert_int_eq(name.beside[1].since_ns, FOLLOWED_BESIDE_MAX + 2);
}
END_TEST

/* And when it is removed its room is another's. */
START_TEST(what_is_left_and_removed_is_let_go_of)
{
	begin_with("one\\n");
	put("audit.log", "of another format\\n");
	look();
	following_file(following, 0)->left = true;
	shell("rm %s", path);
	look_for_long();
	ck_assert_ptr_nonnull(following_file(following, 0));
	now_ms += FOLLOWING_QUIET_MS;
	read_all();
	ck_assert_ptr_null(following_file(following, 0));
	end_place();
}
END_TEST

/* SND-36: what came beside a name before is no copy of what was cut later. */
START_TEST(what_came_before_is_no_copy_of_what_is_cut_again)
{
	begin_with("one\\n");
	shell("mv %s %s.2; echo two > %s; mv %s %s.1; touch %s", path, path, path, path, path, path);
	look_for_long();
	ck_assert_uint_eq(count_said("came between"), 1);
	put("audit.log", "three\\n");
	read_all();
	shell(": > %s", path);
	look();
	put("audit.log", "unread line here\\n");
	struct followed *file = following_next(following);
	enum following_end how;
	while (file == NULL || following_cut(following, file, &how) != E_OK) {
		now_ms += 1000;
		look();
		file = following_next(following);
	}
	shell(": > %s", path);
	look_in_vain();
	read_all();
	ck_assert_msg(count_said("at least 17 bytes of") == 1, "%s", said);
	end_place();
}
END_TEST

/* SND-36: a plain file that is newer is not what a compressed one is made of. */
START_TEST(what_was_compressed_before_its_name_came_again_is_told)
{
	begin_with("one\\n");
	shell(
		"F=%s; mv $F $F.2; echo two > $F; mv $F $F.1; gzip $F.1; echo three > $F; touch -d '+1 minute' $F; mv $F $F.1; "
		"echo four > $F",
		path);
	look_for_long();
	ck_assert_uint_eq(taken_count, 3);
	ck_assert_msg(count_said("audit.log.1.gz' is compressed and was never read") == 1, "%s", said);
	end_place();
}
END_TEST

/* SND-37: a longer name that has no file of its own looks beside none. */
START_TEST(what_is_beside_a_name_without_a_file_is_told)
{
	start_with_rotated();
	shell("F=%s; mv $F $F.2; echo two > $F; mv $F $F.1; gzip $F.1; echo three > $F", path);
	look_for_long();
	ck_assert_uint_eq(taken_count, 2);
	ck_assert_msg(count_said("audit.log.1.gz' is compressed and was never read") == 1, "%s", said);
	end_place();
}
END_TEST

/* SND-36: what could not be read, and was cut meanwhile, is read when it can. */
START_TEST(what_could_not_be_read_when_it_was_cut_is_read)
{
	begin_with("one and more\\n");
	struct followed *file = following_file(following, 0);
	errno = EIO;
	following_failed(following, file);
	shell(": > %s; echo two >> %s", path, path);
	look_for_long();
	ck_assert_uint_eq(taken_count, 2);
	end_place();
}
END_TEST

/* SND-36: compressed while nobody ran, and all of it had been taken. */
START_TEST(what_was_taken_before_a_stop_is_not_told_when_it_is_compressed)
{
	begin_with("one\\n");
	shell("mv %s %s.1; touch %s", path, path, path);
	read_all();
	put("audit.log", "two\\n");
	read_all();
	shell("mv %s.1 %s.2; mv %s %s.1; touch %s", path, path, path, path, path);
	read_all();
	stop();
	shell("gzip %s.1", path);
	start();
	read_all();
	look_for_long();
	ck_assert_uint_eq(taken_count, 2);
	ck_assert_msg(lost_said == 0, "%s", said);
	end_place();
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("beside");
	tcase_add_loop_test(tcase, what_is_being_compressed_is_not_told, 0, 2);
	tcase_add_loop_test(tcase, what_was_taken_and_let_go_of_is_not_told_when_it_is_compressed, 0, 2);
	tcase_add_loop_test(tcase, what_was_never_read_is_told_when_it_is_compressed, 0, 2);
	tcase_add_test(tcase, a_compressed_copy_of_what_nobody_saw_is_told);
	tcase_add_test(tcase, a_compressed_copy_of_what_was_read_is_not_told);
	tcase_add_test(tcase, what_begins_alike_is_no_copy);
	tcase_add_test(tcase, what_came_while_there_was_no_room_is_read_when_there_is);
	tcase_add_test(tcase, a_cut_without_room_is_told_once);
	tcase_add_test(tcase, a_cut_in_a_directory_that_cannot_be_listed_is_told_once);
	tcase_add_test(tcase, a_copy_of_what_was_not_begun_is_read_after_a_start);
	tcase_add_test(tcase, a_copy_that_was_found_before_the_cut_was_seen_is_one);
	tcase_add_loop_test(tcase, what_is_beside_the_longer_name_is_of_it, 0, 2);
	tcase_add_loop_test(tcase, what_cannot_be_read_yet_is_read_when_it_can, 0, 2);
	tcase_add_test(tcase, names_that_lead_to_one_file_come_to_rest);
	tcase_add_test(tcase, what_a_first_look_passed_by_is_found_by_the_next);
	tcase_add_test(tcase, what_is_left_and_cut_is_read_anew);
	tcase_add_test(tcase, what_is_left_and_removed_is_let_go_of);
	tcase_add_test(tcase, too_many_times_become_one);
	tcase_add_test(tcase, what_came_before_is_no_copy_of_what_is_cut_again);
	tcase_add_test(tcase, what_was_compressed_before_its_name_came_again_is_told);
	tcase_add_test(tcase, what_is_beside_a_name_without_a_file_is_told);
	tcase_add_test(tcase, what_could_not_be_read_when_it_was_cut_is_read);
	tcase_add_test(tcase, what_was_taken_before_a_stop_is_not_told_when_it_is_compressed);
	return unit_run("beside", tcase);
}
