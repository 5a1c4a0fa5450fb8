/* Followed files against a naive model: a writer that appends, is rotated in every way and is cut; a sender that dies
 * between any two steps, and remembers of what it took what was durable by then. Each line is taken once, unless a cut
 * destroyed it. */
#include "tests/lib/followed_reader.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT_MAX 64

/* ---- the writer ---- */

/* Lines as they were written; destroyed: not in any file any more, and perhaps never taken. */
static uint64_t written[FOLLOWED_LINES_MAX];
static bool destroyed[FOLLOWED_LINES_MAX];
static size_t written_count;
static unsigned rotated;
static int writer_fd, old_fd;
static size_t in_file; /* the first line of the file that is written to */

static void write_line(int fd, const char *line)
{
	char text[TEXT_MAX + 1];
	int len = snprintf(text, sizeof text, "%s\n", line);
	int part = draw(4) == 0 ? 1 + (int)draw((unsigned)len - 1) : len; /* in two parts, looked at between them */
	ck_assert_uint_lt(written_count, FOLLOWED_LINES_MAX);
	written[written_count++] = text_of(line, (size_t)len - 1);
	ck_assert_int_eq(write(fd, text, (size_t)part), part);
	if (part < len && draw(2) == 0) {
		look();
		struct followed *file = following_next(following);
		if (file != NULL)
			read_some(file, 64);
	}
	ck_assert_int_eq(write(fd, text + part, (size_t)(len - part)), len - part);
}

/* Some are there twice. */
static void append(int fd)
{
	char line[TEXT_MAX];
	snprintf(
		line, sizeof line, "line %zu of file %u%.*s", written_count, rotated, (int)draw(20), "....................");
	write_line(fd, line);
	if (draw(5) == 0)
		write_line(fd, line);
}

static void open_file(void)
{
	writer_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	ck_assert_int_ge(writer_fd, 0);
	in_file = written_count;
}

static void rename_file(void)
{
	char to[128];
	snprintf(to, sizeof to, "%s.%u", path, ++rotated);
	ck_assert_int_eq(rename(path, to), 0);
	if (old_fd >= 0)
		close(old_fd);
	old_fd = writer_fd;
	open_file();
}

static void copy_bytes(void)
{
	char to[128];
	char text[4096];
	ssize_t n;
	snprintf(to, sizeof to, "%s.%u", path, rotated);
	int in = open(path, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	while ((n = read(in, text, sizeof text)) > 0)
		ck_assert_int_eq(write(out, text, (size_t)n), n);
	close(in);
	close(out);
}

/* A copy is known by what was taken of the file: where nothing was, nobody knows that it is one. */
static bool anchored(void)
{
	struct followed *file;
	struct stat info;
	ck_assert_int_eq(fstat(writer_fd, &info), 0);
	for (size_t i = 0; (file = following_file(following, i)) != NULL; i++)
		if (file->inode == (uint64_t)info.st_ino && file->saved.offset >= PRINT_BYTES_MIN && !file->cut)
			return true;
	return false;
}

static void copy_file(bool copy, bool late)
{
	rotated++;
	look();
	if (copy)
		copy_bytes();
	size_t from = copy && anchored() ? written_count : in_file;
	if (late)
		append(writer_fd); /* between the copy and the cut */
	ck_assert_int_eq(ftruncate(writer_fd, 0), 0);
	for (size_t i = from; i < written_count; i++)
		destroyed[i] = true;
	in_file = written_count;
}

/* ---- */

static void begin(uint64_t with)
{
	seed = with;
	taken_count = durable = written_count = 0;
	rotated = 0;
	repeated = 0;
	old_fd = -1;
	memset(destroyed, 0, sizeof destroyed);
	begin_place();
}

static void end(void)
{
	end_place();
	close(writer_fd);
	if (old_fd >= 0)
		close(old_fd);
}

static size_t count_written(uint64_t text, bool whole_only)
{
	size_t count = 0;
	for (size_t i = 0; i < written_count; i++)
		count += written[i] == text && !(whole_only && destroyed[i]);
	return count;
}

/* Each line as often as it was written; destroyed ones at most so often. A half line that a cut left is no line. */
static void expect_all(bool cuts)
{
	for (size_t i = 0; i < written_count; i++) {
		size_t got = count_text(written[i]);
		ck_assert_msg(got <= count_written(written[i], false), "line %zu was taken %zu times\n%s", i, got, said);
		ck_assert_msg(got >= count_written(written[i], true), "line %zu was taken %zu times\n%s", i, got, said);
	}
	if (!cuts)
		ck_assert_uint_eq(taken_count, written_count);
}

/* Eight came after it: what is written to it then is read by nobody. */
static bool is_let_go(int fd)
{
	struct followed *file;
	struct stat info;
	bool gone = following_file(following, FOLLOWING_OLD_MAX) != NULL;
	ck_assert_int_eq(fstat(fd, &info), 0);
	for (size_t i = 0; (file = following_file(following, i)) != NULL; i++)
		if (file->inode == (uint64_t)info.st_ino)
			gone = file->gone;
	return gone;
}

/* A step of anybody. */
static void step(bool cuts)
{
	struct followed *file;
	now_ms += draw(100);
	switch (draw(cuts ? 12 : 10)) {
	case 0:
	case 1:
	case 2:
		append(writer_fd);
		break;
	case 3:
		if (old_fd >= 0 && !is_let_go(old_fd))
			append(old_fd);
		break;
	case 4:
		if (draw(4) == 0)
			rename_file();
		break;
	case 5:
		if (draw(3) == 0)
			die();
		break;
	case 6:
		save();
		break;
	case 10:
		if (draw(4) == 0)
			copy_file(true, false);
		break;
	case 11:
		if (draw(8) == 0)
			copy_file(draw(2) == 0, true);
		break;
	default:
		look();
		if ((file = following_next(following)) != NULL)
			read_some(file, 1 + draw(120));
	}
}

/* SND-35, SND-36, SND-37: renamed files, kills between any two steps. */
START_TEST(renamed_files_are_taken_whole)
{
	begin((uint64_t)_i + 1);
	read_all(); /* its name is no longer new */
	open_file();
	read_all();
	for (unsigned i = 0; i < 400; i++)
		step(false);
	read_all();
	expect_all(false);
	ck_assert_msg(lost_said == 0, "%s", said);
	end();
}
END_TEST

/* SND-36: cut files, whose copies are there or not. */
START_TEST(cut_files_lose_what_the_cut_destroyed)
{
	begin((uint64_t)_i + 1000);
	read_all();
	open_file();
	read_all();
	for (unsigned i = 0; i < 400; i++)
		step(true);
	read_all();
	expect_all(true);
	end();
}
END_TEST

static void put(const char *name, const char *text)
{
	shell("printf '%s' >> %s/log/%s", text, where.path, name);
}

/* SND-36: what was seen and never read is said with its length. */
START_TEST(a_cut_without_a_copy_is_told)
{
	begin(1);
	open_file();
	read_all();
	put("audit.log", "one\\ntwo\\n");
	read_all();
	put("audit.log", "three\\n");
	look();
	ck_assert_int_eq(ftruncate(writer_fd, 0), 0);
	read_all();
	ck_assert_uint_eq(lost_said, 1);
	ck_assert_msg(strstr(said, "at least 6 bytes of") != NULL, "%s", said);
	put("audit.log", "four\\n");
	read_all();
	ck_assert_uint_eq(taken_count, 3);
	end();
}
END_TEST

/* SND-36: filled, copied and cut between two looks. */
START_TEST(a_copy_that_nobody_saw_the_file_of_is_read)
{
	begin(1);
	read_all();
	open_file();
	read_all();
	put("audit.log", "one\\ntwo\\n");
	shell("cp %s %s.1", path, path);
	ck_assert_int_eq(ftruncate(writer_fd, 0), 0);
	read_all();
	ck_assert_uint_eq(taken_count, 2);
	put("audit.log", "three\\n");
	read_all();
	ck_assert_uint_eq(taken_count, 3);
	ck_assert_uint_eq(lost_said, 0);
	end();
}
END_TEST

/* SND-37: copied and cut twice between two looks. What was written between the cuts is in a copy that nobody follows.
 */
START_TEST(a_copy_that_came_between_two_looks_is_read)
{
	const char *kept = _i == 0 ? "2" : "1"; /* the first copy is there, or was written over */
	begin(1);
	open_file();
	read_all();
	put("audit.log", "a line that is long enough to be known again\\n");
	read_all();
	shell("cp %s %s.%s", path, path, kept);
	ck_assert_int_eq(ftruncate(writer_fd, 0), 0);
	put("audit.log", "two\\n");
	shell("cp %s %s.1", path, path);
	ck_assert_int_eq(ftruncate(writer_fd, 0), 0);
	put("audit.log", "three\\n");
	read_all();
	ck_assert_uint_eq(taken_count, 3);
	ck_assert_msg(lost_said == 0, "%s", said);
	end();
}
END_TEST

/* SND-36: what is copied and not cut yet is known as the copy of what is cut then. */
START_TEST(a_copy_of_what_is_there_is_taken_once)
{
	begin(1);
	open_file();
	read_all();
	put("audit.log", "a line that is long enough to be known again\\n");
	read_all();
	shell("cp %s %s.2", path, path);
	ck_assert_int_eq(ftruncate(writer_fd, 0), 0);
	put("audit.log", "another line that is long enough to be known\\n");
	shell("cp %s %s.1", path, path);
	read_all();
	ck_assert_uint_eq(taken_count, 2);
	ck_assert_int_eq(ftruncate(writer_fd, 0), 0);
	put("audit.log", "three\\n");
	read_all();
	ck_assert_uint_eq(taken_count, 3);
	ck_assert_msg(lost_said == 0 && strstr(said, "came between") == NULL, "%s", said);
	end();
}
END_TEST

/* SND-35: the name is removed, the inode comes again under it with other content. */
START_TEST(another_file_with_the_same_inode_is_another)
{
	begin(1);
	open_file();
	read_all();
	put("audit.log", "one\\ntwo\\n");
	read_all();
	stop();
	start();
	ck_assert_int_eq(ftruncate(writer_fd, 0), 0); /* the same inode, and longer than before */
	put("audit.log", "three\\nfour\\nfive\\n");
	read_all();
	now_ms += FOLLOWING_BESIDE_MS;
	read_all();
	ck_assert_uint_eq(taken_count, 5);
	ck_assert_msg(strstr(said, "is gone, also under other names: of it 8 bytes had been taken") != NULL, "%s", said);
	end();
}
END_TEST

/* SND-34: a half line at the end of a file that has lost its name is taken as it is once it is quiet. */
START_TEST(an_old_half_line_is_taken_when_it_is_quiet)
{
	begin(1);
	open_file();
	read_all();
	put("audit.log", "one\\ntw");
	read_all();
	ck_assert_uint_eq(taken_count, 1);
	rename_file();
	now_ms += FOLLOWING_QUIET_MS;
	read_all();
	ck_assert_uint_eq(taken_count, 1);
	now_ms += FOLLOWING_QUIET_MS - 1;
	read_all();
	ck_assert_uint_eq(taken_count, 1);
	now_ms += 1;
	read_all();
	ck_assert_uint_eq(taken_count, 2);
	ck_assert_uint_eq(count_text(text_of("tw", 2)), 1);
	end();
}
END_TEST

/* SND-35: what was there when the name was new, and has been sent as a file, is recognised by what it says. */
START_TEST(what_was_there_is_recognised_by_what_it_says)
{
	begin(1);
	open_file();
	put("audit.log", "one\\none\\ntwo\\n");
	taken[0] = (struct taken){.mark = "sent as a file", .text = text_of("one", 3)};
	taken_count = durable = 1;
	look();
	die();
	read_all();
	ck_assert_uint_eq(taken_count, 3);
	put("audit.log", "one\\n");
	read_all();
	ck_assert_uint_eq(count_text(text_of("one", 3)), 3);
	end();
}
END_TEST

/* SND-37: compressed before it was read. */
START_TEST(compressed_files_are_told)
{
	begin(1);
	open_file();
	put("audit.log", "one\\n");
	read_all();
	shell("mv %s %s.1; echo two > %s.2.gz; touch -d '+1 hour' %s.2.gz; echo three > %s", path, path, path, path, path);
	read_all();
	ck_assert_uint_eq(taken_count, 2);
	ck_assert_uint_eq(lost_said, 1);
	ck_assert_msg(strstr(said, "audit.log.2.gz' is compressed and was never read") != NULL, "%s", said);
	end();
}
END_TEST

/* SND-36: gzip keeps the time of what it compresses. What was written between a look and the rotation is read. */
START_TEST(what_was_compressed_while_it_was_read_is_not_lost)
{
	begin(1);
	open_file();
	put("audit.log", "one\\n");
	read_all();
	put("audit.log", "two\\n");
	shell("touch -d '+1 hour' %s; gzip -c %s > %s.1.gz; touch -r %s %s.1.gz; rm %s; echo three > %s", path, path, path,
		path, path, path, path);
	read_all();
	ck_assert_uint_eq(taken_count, 3);
	ck_assert_msg(lost_said == 0, "%s", said);
	end();
}
END_TEST

static unsigned count_said(const char *what)
{
	unsigned count = 0;
	for (const char *at = said; (at = strstr(at, what)) != NULL; at++)
		count++;
	return count;
}

/* What cannot be read beside what can is told once, however often it is looked; what is no file, never. */
START_TEST(what_a_pattern_cannot_read_is_told_once)
{
	begin(1);
	stop();
	shell("cd %s/log; mkdir b.log; mkfifo c.log; ln -s d.log d.log; ln -s e.log e.log", where.path);
	put("a.log", "one\\n");
	put("f.log", "two\\n");
	snprintf(path, sizeof path, "%s/log/*.log", where.path);
	writer_fd = -1;
	start();
	for (unsigned i = 0; i < 4; i++)
		read_all();
	ck_assert_uint_eq(taken_count, 2);
	ck_assert_uint_eq(count_said("waits for"), 1);
	ck_assert_uint_eq(count_said("no file"), 0);
	shell("cd %s/log; rm d.log e.log; ln -s d.log d.log", where.path);
	read_all();
	ck_assert_uint_le(count_said("waits for"), 2);
	ck_assert_uint_eq(lost_said, 0);
	end();
}
END_TEST

/* A pipe is not opened: its writer, who waits for a reader, would go on, and write to nobody. */
START_TEST(a_pipe_is_not_opened)
{
	begin(1);
	writer_fd = -1;
	shell("mkfifo %s; (exec > %s; echo word; touch %s/opened) &", path, path, where.path);
	for (unsigned i = 0; i < 100; i++)
		look();
	ck_assert_uint_eq(count_said("is no file"), 1);
	char opened[128];
	snprintf(opened, sizeof opened, "%s/opened", where.path);
	ck_assert_int_ne(access(opened, F_OK), 0);
	int reader = open(path, O_RDONLY | O_CLOEXEC);
	char word[8];
	ck_assert_int_eq(read(reader, word, sizeof word), 5);
	ck_assert_int_eq(read(reader, word, sizeof word), 0); /* the writer has made its last file */
	close(reader);
	end();
}
END_TEST

/* SND-37: names in a directory that may be passed through, but not listed. */
START_TEST(a_directory_that_cannot_be_listed_loses_nothing)
{
	char log[128];
	if (geteuid() == 0)
		ck_assert_int_eq(setuid(65534), 0);
	begin(1);
	open_file();
	read_all();
	put("audit.log", "one\\n");
	read_all();
	snprintf(log, sizeof log, "%s/log", where.path);
	ck_assert_int_eq(chmod(log, 0311), 0);
	stop();
	start();
	put("audit.log", "two\\n");
	read_all();
	ck_assert_uint_eq(taken_count, 2);
	ck_assert_uint_eq(repeated, 0);
	ck_assert_msg(lost_said == 0, "%s", said);
	ck_assert_int_eq(chmod(log, 0700), 0);
	end();
}
END_TEST

/* SND-35: the state that cannot be read is not taken for none. */
START_TEST(a_damaged_state_is_refused)
{
	begin(1);
	open_file();
	read_all();
	stop();
	shell("printf '{\"version\":1' > %s/spool/followed.json", where.path);
	char *names[] = {path, NULL};
	struct fault fault = {.text = ""};
	ck_error(following_open(spool_fd, names, &following_calls, &following, &fault), E_CORRUPT);
	ck_assert_msg(strstr(fault.text, "is damaged; move it away") != NULL, "%s", fault.text);
	shell("rm %s/spool/followed.json", where.path);
	start();
	end();
}
END_TEST

/* SND-37: a disk that is not there yet is no loss. */
START_TEST(a_missing_disk_is_waited_for)
{
	begin(1);
	open_file();
	put("audit.log", "one\\n");
	read_all();
	stop();
	shell("mv %s/log %s/away; mkdir %s/log", where.path, where.path, where.path);
	start();
	read_all();
	shell("rmdir %s/log; mv %s/away %s/log", where.path, where.path, where.path);
	put("audit.log", "two\\n");
	read_all();
	ck_assert_uint_eq(taken_count, 2);
	ck_assert_uint_eq(lost_said, 0);
	end();
}
END_TEST

/* Looked at again and again, until what is beside a name is no longer looked for. */
static void look_for_long(void)
{
	for (unsigned i = 0; i < 10; i++) {
		now_ms += 1000;
		read_all();
	}
}

/* SND-37: looked at in the midst of a rotation, when its name leads to nothing; then filled and rotated again before
 * the next look. Whoever died meanwhile knows it, too. */
START_TEST(what_came_while_a_name_led_to_nothing_is_read)
{
	begin(1);
	open_file();
	read_all();
	put("audit.log", "one\\n");
	read_all();
	shell("mv %s %s.1", path, path);
	if (_i == 2) { /* and has been quiet, as removed */
		shell("rm %s.1", path);
		look_for_long();
		now_ms += 2 * (uint64_t)FOLLOWING_QUIET_MS;
	}
	read_all();
	if (_i >= 1) {
		read_all();
		stop();
		start();
		read_all();
	}
	shell("F=%s; echo two > $F; %s mv $F $F.1; echo three > $F", path, _i == 2 ? "" : "mv $F.1 $F.2;");
	read_all();
	ck_assert_uint_eq(taken_count, 3);
	ck_assert_msg(lost_said == 0, "%s", said);
	end();
}
END_TEST

/* SND-37: a name that a rotation moves from behind the look to before it. */
START_TEST(what_a_look_passed_by_is_found_by_the_next)
{
	begin(1);
	open_file();
	read_all();
	put("audit.log", "one\\n");
	read_all();
	shell("mv %s %s.1; echo two > %s/passed-by; echo three > %s", path, path, where.path, path);
	read_all();
	ck_assert_uint_eq(taken_count, 2);
	now_ms += 1000;
	shell("mv %s/passed-by %s.2", where.path, path);
	read_all();
	ck_assert_uint_eq(taken_count, 3);
	look_for_long();
	shell("echo 'of somebody else' > %s.old", path);
	look_for_long();
	ck_assert_uint_eq(taken_count, 3);
	ck_assert_msg(lost_said == 0, "%s", said);
	end();
}
END_TEST

/* SND-36: so is a copy of what was cut, before it is said that there is none. */
START_TEST(a_copy_that_a_look_passed_by_is_found_by_the_next)
{
	begin(1);
	open_file();
	read_all();
	put("audit.log", "a line that is long enough to be known again\\n");
	read_all();
	put("audit.log", "two\\n");
	look();
	shell("cp %s %s/passed-by", path, where.path);
	ck_assert_int_eq(ftruncate(writer_fd, 0), 0);
	put("audit.log", "three\\n");
	read_now();
	now_ms += 500;
	shell("mv %s/passed-by %s.2", where.path, path);
	read_all();
	look_for_long();
	ck_assert_uint_eq(taken_count, 3);
	ck_assert_msg(lost_said == 0 && strstr(said, "is read from its copy") != NULL, "%s", said);
	end();
}
END_TEST

/* SND-36: it was empty when it was looked at; then filled, copied, cut and filled again. */
START_TEST(what_an_empty_file_held_between_two_looks_is_read)
{
	begin(1);
	read_all();
	open_file();
	read_all();
	look_for_long();
	put("audit.log", "one\\n");
	if (_i == 1) /* and nothing was taken of what it had then */
		look();
	shell("cp %s %s.1", path, path);
	ck_assert_int_eq(ftruncate(writer_fd, 0), 0);
	put("audit.log", "a line that is longer\\n");
	read_all();
	ck_assert_uint_eq(taken_count, 2);
	ck_assert_msg(lost_said == 0, "%s", said);
	end();
}
END_TEST

/* SND-37: what is compressed, and what cannot be read, is told once. */
START_TEST(what_is_beside_a_name_is_told_once)
{
	begin(1);
	open_file();
	read_all();
	put("audit.log", "one\\n");
	read_all();
	shell("mv %s %s.3; echo two > %s.2; gzip %s.2; echo three > %s", path, path, path, path, path);
	look_for_long();
	ck_assert_uint_eq(taken_count, 2);
	ck_assert_msg(lost_said == 1 && count_said("is compressed and was never read") == 1, "%s", said);
	end();
}
END_TEST

/* SND-37: a copy that is being made holds nothing yet. */
START_TEST(a_copy_that_is_being_made_is_taken_once)
{
	begin(1);
	read_all();
	open_file();
	read_all();
	put("audit.log", "a line that is long enough to be known again\\n");
	if (_i == 0)
		look(); /* and not read yet */
	else
		read_all();
	shell("touch %s.1", path);
	look();
	look();
	read_now();
	shell("cp %s %s.1", path, path);
	ck_assert_int_eq(ftruncate(writer_fd, 0), 0);
	look_for_long();
	ck_assert_uint_eq(taken_count, 1);
	ck_assert_msg(lost_said == 0, "%s", said);
	end();
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("rotations");
	tcase_add_loop_test(tcase, renamed_files_are_taken_whole, 0, 30);
	tcase_add_loop_test(tcase, cut_files_lose_what_the_cut_destroyed, 0, 40);
	tcase_add_test(tcase, a_cut_without_a_copy_is_told);
	tcase_add_test(tcase, a_copy_that_nobody_saw_the_file_of_is_read);
	tcase_add_loop_test(tcase, a_copy_that_came_between_two_looks_is_read, 0, 2);
	tcase_add_test(tcase, a_copy_of_what_is_there_is_taken_once);
	tcase_add_test(tcase, another_file_with_the_same_inode_is_another);
	tcase_add_test(tcase, an_old_half_line_is_taken_when_it_is_quiet);
	tcase_add_test(tcase, what_was_there_is_recognised_by_what_it_says);
	tcase_add_test(tcase, compressed_files_are_told);
	tcase_add_test(tcase, what_was_compressed_while_it_was_read_is_not_lost);
	tcase_add_test(tcase, what_a_pattern_cannot_read_is_told_once);
	tcase_add_test(tcase, a_pipe_is_not_opened);
	tcase_add_test(tcase, a_directory_that_cannot_be_listed_loses_nothing);
	tcase_add_test(tcase, a_damaged_state_is_refused);
	tcase_add_test(tcase, a_missing_disk_is_waited_for);
	tcase_add_loop_test(tcase, what_came_while_a_name_led_to_nothing_is_read, 0, 3);
	tcase_add_test(tcase, what_a_look_passed_by_is_found_by_the_next);
	tcase_add_test(tcase, a_copy_that_a_look_passed_by_is_found_by_the_next);
	tcase_add_test(tcase, what_is_beside_a_name_is_told_once);
	tcase_add_loop_test(tcase, a_copy_that_is_being_made_is_taken_once, 0, 2);
	tcase_add_loop_test(tcase, what_an_empty_file_held_between_two_looks_is_read, 0, 2);
	return unit_run("rotations", tcase);
}
