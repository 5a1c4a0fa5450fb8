#include "tools/witness/witness.h"

#include "ledger/proof/fork.h"
#include "tests/lib/any_log.h"
#include "tests/lib/left_over.h"
#include "tests/lib/place.h"
#include "tests/lib/unit.h"
#include "tests/lib/vector.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOW 1795420000u

/* ---- a disk that fails ---- */

static int fail_fsync, fail_rename, fail_read;

ssize_t __real_read(int fd, void *out, size_t len);
ssize_t __wrap_read(int fd, void *out, size_t len);
ssize_t __wrap_read(int fd, void *out, size_t len)
{
	if (fail_read > 0 && --fail_read == 0) {
		errno = EIO;
		return -1;
	}
	return __real_read(fd, out, len);
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	if (fail_fsync > 0 && --fail_fsync == 0) {
		errno = EIO;
		return -1;
	}
	return __real_fsync(fd);
}

int __real_renameat(int from, const char *a, int to, const char *b);
int __wrap_renameat(int from, const char *a, int to, const char *b);
int __wrap_renameat(int from, const char *a, int to, const char *b)
{
	if (fail_rename) {
		errno = EIO;
		return -1;
	}
	return __real_renameat(from, a, to, b);
}

static struct witness_answer send_bytes(struct witness *witness, struct bytes body, uint64_t now_s)
{
	struct witness_answer answer;
	uint8_t *copy = malloc(body.len + 1);
	memcpy(copy + 1, body.data, body.len);
	witness_add_checkpoint(witness, bytes_of(copy + 1, body.len), now_s, &answer);
	free(copy);
	return answer;
}

static struct witness_answer send_ask(struct witness *witness, const struct ask *ask, uint64_t now_s)
{
	static char body[70000];
	return send_bytes(witness, ask_body(ask, body, sizeof body), now_s);
}

static int status_of(struct witness *witness, struct log *log, uint64_t old, uint64_t size)
{
	struct ask *ask = malloc(sizeof *ask);
	ask_signed(ask, log, old, size);
	int status = send_ask(witness, ask, NOW).status;
	free(ask);
	return status;
}

/* The answer is this witness's good cosignature over the text, and so is what monitors read. */
static uint64_t check_cosigned(struct witness *witness, const struct ask *ask, const struct witness_answer *answer)
{
	char whole[70000], origin[64], hash[65];
	struct note note;
	uint64_t times[1];
	struct witness_answer shown;
	ck_assert_int_eq(answer->status, 200);
	snprintf(whole, sizeof whole, "%s\n%.*s", ask->text, (int)answer->len, answer->body);
	ck_ok(note_split(bytes_text(whole), NOTE_BYTES_MAX, &note));
	ck_ok(cosignatures_read(&note, witness_vkey(witness), 1, times));
	ck_assert(times[0] != 0);
	ck_assert_int_eq(sscanf(ask->text, "%63s", origin), 1);
	ck_assert_str_eq(answer->origin, origin);
	witness_origin_hash(bytes_text(origin), hash);
	witness_checkpoint(witness, bytes_text(hash), &shown);
	ck_assert_int_eq(shown.status, 200);
	ck_ok(note_split(bytes_of(shown.body, shown.len), NOTE_BYTES_MAX, &note));
	ck_assert(bytes_equal(note.text, bytes_text(ask->text)));
	ck_assert(memmem(shown.body, shown.len, answer->body, answer->len) != NULL);
	return times[0];
}

/* ---- places ---- */

struct site {
	struct place place;
	char dir[80];
	struct log a; /* "ledger.example/2026" */
	struct log b; /* "go.sum database tree", with another key too */
	struct vkey b_second;
	uint8_t b_second_secret[64];
	struct witness *witness;
};

static void site_open(struct site *site)
{
	struct fault fault = {0};
	enum error error = witness_open(site->dir, &site->witness, &fault);
	ck_assert_msg(error == E_OK, "%s", fault.text);
}

static void site_again(struct site *site)
{
	witness_close(site->witness);
	site_open(site);
}

static void site_make(struct site *site)
{
	struct vkey vkey;
	struct fault fault;
	place_make(&site->place);
	snprintf(site->dir, sizeof site->dir, "%s/w", site->place.path);
	site->a = make_log("ledger.example/2026", 1);
	site->b = make_log("other.example/a-log-of-others", 2);
	site->b_second = make_key(site->b.origin, 3, site->b_second_secret);
	ck_ok(witness_create(site->dir, "witness.example/w1", &vkey, &fault));
	ck_ok(witness_add_log(site->dir, &site->a.vkey, &fault));
	ck_ok(witness_add_log(site->dir, &site->b.vkey, &fault));
	ck_ok(witness_add_log(site->dir, &site->b_second, &fault));
	site_open(site);
}

static void site_remove(struct site *site)
{
	witness_close(site->witness);
	place_remove(&site->place);
}

/* ---- every case of the specification ---- */

static void bend_nothing(struct ask *ask, struct site *site)
{
	(void)ask, (void)site;
}
static void bend_unknown_line(struct ask *ask, struct site *site)
{
	uint8_t secret[64];
	struct vkey stranger = make_key("stranger.example", 9, secret);
	(void)site;
	sign_as(ask, &stranger, secret);
}
static void bend_same_name(struct ask *ask, struct site *site)
{
	uint8_t secret[64];
	struct vkey stranger = make_key(site->a.origin, 9, secret);
	sign_as(ask, &stranger, secret);
}
static void bend_only_stranger(struct ask *ask, struct site *site)
{
	ask->lines[0] = '\0';
	bend_same_name(ask, site);
}
static void bend_other_log(struct ask *ask, struct site *site)
{
	ask->lines[0] = '\0';
	sign_as(ask, &site->b.vkey, site->b.secret_key);
}
static void bend_bad_line(struct ask *ask, struct site *site)
{
	(void)site;
	char *last = strrchr(ask->lines, ' ') + 20;
	*last = *last == 'A' ? 'B' : 'A';
}
static void bend_bad_beside_good(struct ask *ask, struct site *site)
{
	sign_as(ask, &site->a.vkey, site->a.secret_key);
	bend_bad_line(ask, site);
}
static void bend_proof(struct ask *ask, struct site *site)
{
	(void)site;
	ask->proof.hashes[0].b[0] ^= 1;
}
static void bend_proof_short(struct ask *ask, struct site *site)
{
	(void)site;
	ask->proof.count--;
}
static void bend_proof_long(struct ask *ask, struct site *site)
{
	(void)site;
	ask->proof.count++;
}
static void bend_root(struct ask *ask, struct site *site)
{
	struct hash root;
	struct log *log = &site->a;
	struct checkpoint checkpoint;
	ck_ok(checkpoint_parse(bytes_text(ask->text), &checkpoint));
	log_root(log, 7, &root);
	checkpoint.root = root;
	memset(ask->text, 0, sizeof ask->text);
	struct writer w = writer_of(ask->text, sizeof ask->text - 1);
	ck_ok(checkpoint_format(&checkpoint, &w));
	ask->lines[0] = '\0';
	sign_as(ask, &log->vkey, log->secret_key);
}
static void bend_origin(struct ask *ask, struct site *site)
{
	(void)site;
	ask->text[0] = 'L';
}
static void bend_origin_spaces(struct ask *ask, struct site *site)
{
	(void)site;
	ask->text[3] = ' ';
}
static void bend_extension(struct ask *ask, struct site *site)
{
	strcat(ask->text, "an extension line\n");
	ask->lines[0] = '\0';
	sign_as(ask, &site->a.vkey, site->a.secret_key);
}
static void bend_empty_extension(struct ask *ask, struct site *site)
{
	strcat(ask->text, "\nbehind an empty line\n");
	ask->lines[0] = '\0';
	sign_as(ask, &site->a.vkey, site->a.secret_key);
}
static void bend_long_text(struct ask *ask, struct site *site)
{
	size_t len = strlen(ask->text);
	memset(ask->text + len, 'x', CHECKPOINT_TEXT_MAX - len);
	strcpy(ask->text + CHECKPOINT_TEXT_MAX, "\n");
	ask->lines[0] = '\0';
	sign_as(ask, &site->a.vkey, site->a.secret_key);
}
static void bend_full_text(struct ask *ask, struct site *site)
{
	bend_long_text(ask, site);
	strcpy(ask->text + CHECKPOINT_TEXT_MAX - 1, "\n");
	ask->lines[0] = '\0';
	sign_as(ask, &site->a.vkey, site->a.secret_key);
}
static void bend_no_lines(struct ask *ask, struct site *site)
{
	(void)site;
	ask->lines[0] = '\0';
}

/* WIT-1, WIT-2, WIT-3, WIT-4, WIT-5, WIT-6, WIT-8: what is asked of a witness that has cosigned `have` of log a. */
static const struct {
	const char *about;
	uint64_t have, old, size;
	void (*bend)(struct ask *ask, struct site *site);
	int status;
} cases[] = {
	{"the first checkpoint", 0, 0, 100, bend_nothing, 200},
	{"the empty tree first", 0, 0, 0, bend_nothing, 200},
	{"the first leaf", 0, 0, 1, bend_nothing, 200},
	{"the next one", 100, 100, 101, bend_nothing, 200},
	{"a border of tiles", 255, 255, 257, bend_nothing, 200},
	{"a complete tree", 128, 128, 256, bend_nothing, 200},
	{"the same again", 100, 100, 100, bend_nothing, 200},
	{"with a line of an unknown key", 100, 100, 120, bend_unknown_line, 200},
	{"with a line of the log's name and another key", 100, 100, 120, bend_same_name, 200},
	{"with an extension line", 100, 100, 120, bend_extension, 200},
	{"with as much text as there may be", 100, 100, 120, bend_full_text, 200},
	{"with more text than there may be", 100, 100, 120, bend_long_text, 400},
	{"with an empty extension line", 100, 100, 120, bend_empty_extension, 400},
	{"without signature lines", 100, 100, 120, bend_no_lines, 400},
	{"old size over the checkpoint's", 100, 121, 120, bend_nothing, 400},
	{"old size over it, and known", 100, 100, 99, bend_nothing, 400},
	{"another log", 100, 100, 120, bend_origin, 404},
	{"a name that no key can have", 100, 100, 120, bend_origin_spaces, 404},
	{"signed by a stranger", 100, 100, 120, bend_only_stranger, 403},
	{"signed by another log's key", 100, 100, 120, bend_other_log, 403},
	{"signature does not verify", 100, 100, 120, bend_bad_line, 403},
	{"one that does not verify beside one that does", 100, 100, 120, bend_bad_beside_good, 403},
	{"bad signature and old size too large", 100, 130, 120, bend_bad_line, 403},
	{"old size is smaller", 100, 99, 120, bend_nothing, 409},
	{"old size is larger", 100, 101, 120, bend_nothing, 409},
	{"old size 0, to learn the size", 100, 0, 120, bend_nothing, 409},
	{"nothing was cosigned yet", 0, 5, 120, bend_nothing, 409},
	{"wrong old size and wrong proof", 100, 99, 120, bend_proof, 409},
	{"wrong old size and a fork", 100, 99, 100, bend_root, 409},
	{"a hash is changed", 100, 100, 120, bend_proof, 422},
	{"a hash is missing", 100, 100, 120, bend_proof_short, 422},
	{"a hash too many", 100, 100, 120, bend_proof_long, 422},
	{"another root", 100, 100, 120, bend_root, 422},
	{"equal sizes, another root", 100, 100, 100, bend_root, 422},
	{"equal sizes, a proof", 100, 100, 100, bend_proof_long, 422},
	{"from nothing, with a proof", 0, 0, 120, bend_proof_long, 422},
	{"the empty tree with another root", 0, 0, 0, bend_root, 422},
};

START_TEST(every_case_has_its_answer)
{
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct site site = {0};
		static struct ask ask, after;
		site_make(&site);
		if (cases[i].have > 0)
			ck_assert_int_eq(status_of(site.witness, &site.a, 0, cases[i].have), 200);
		ask_signed(&ask, &site.a, cases[i].old, cases[i].size);
		cases[i].bend(&ask, &site);
		struct witness_answer answer = send_ask(site.witness, &ask, NOW + 5);
		ck_assert_msg(answer.status == cases[i].status, "%s: %d %.*s", cases[i].about, answer.status, (int)answer.len,
			answer.body);
		ck_assert_str_eq(answer.content_type, answer.status == 409 ? "text/x.tlog.size" : "text/plain; charset=utf-8");
		if (answer.status == 200)
			ck_assert_uint_eq(check_cosigned(site.witness, &ask, &answer), NOW + 5);
		if (answer.status == 409) {
			char size[24];
			snprintf(size, sizeof size, "%" PRIu64 "\n", cases[i].have);
			ck_assert(bytes_equal(bytes_of(answer.body, answer.len), bytes_text(size)));
		}
		/* What was refused has changed nothing, here and on disk. */
		for (int again = 0; again < 2; again++) {
			uint64_t size = answer.status == 200 ? cases[i].size : cases[i].have;
			ask_signed(&after, &site.a, LEAVES + 1, LEAVES);
			after.old = size == LEAVES ? 0 : size;
			after.proof.count = 0;
			after.old = size + 1;
			struct witness_answer told = send_ask(site.witness, &after, NOW);
			ck_assert_msg(told.status == 409 && strtoull(told.body, NULL, 10) == size, "%s", cases[i].about);
			site_again(&site);
		}
		site_remove(&site);
	}
}
END_TEST

/* WIT-1: the form of a request, byte by byte. */
START_TEST(a_request_has_one_form)
{
	static const char *const bad[] = {"", "\n", "old", "old \n", "old 0", "old 0\n", "old 00\n\n", "old -1\n\n",
		"old +1\n\n", "old 0 \n\n", "old  0\n\n", "Old 0\n\n", "old 0\r\n\r\n", "old 9223372036854775809\n\n",
		"old 0\nAAAA\n\n", "old 0\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n\n",
		"old 0\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=\n\n",
		"old 0\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n\n"};
	struct site site = {0};
	struct witness_request request;
	static struct ask ask;
	static char body[70000], long_body[2 * WITNESS_BODY_BYTES_MAX];
	site_make(&site);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		ck_assert_msg(witness_request_parse(bytes_text(bad[i]), &request) == E_BAD_VALUE, "form %zu", i);
		ck_assert_int_eq(send_bytes(site.witness, bytes_text(bad[i]), NOW).status, 400);
	}
	ck_ok(witness_request_parse(BYTES_LITERAL("old 9223372036854775808\n\n"), &request));
	ck_assert(request.old_size == 1ull << 63 && request.proof_count == 0 && request.checkpoint.len == 0);

	/* Cut at every byte it is refused; whole it is not. */
	ck_assert_int_eq(status_of(site.witness, &site.a, 0, 37), 200);
	ask_signed(&ask, &site.a, 37, 200);
	struct bytes whole = ask_body(&ask, body, sizeof body);
	for (size_t len = 0; len < whole.len; len++)
		ck_assert_int_eq(send_bytes(site.witness, bytes_of(whole.data, len), NOW).status, 400);
	ck_assert_int_eq(send_bytes(site.witness, whole, NOW).status, 200);

	/* 63 hashes are read, 64 are not; nor is a body that is too long. */
	struct witness_request many = {.proof_count = 63, .checkpoint = BYTES_LITERAL("x")};
	struct writer w = writer_of(body, sizeof body);
	ck_ok(witness_request_write(&many, &w));
	ck_ok(witness_request_parse(bytes_of(body, writer_len(&w)), &request));
	ck_assert(request.proof_count == 63);
	snprintf(long_body, sizeof long_body, "old 0\n%.*s%s", 45, body + 6, body + 6);
	ck_error(witness_request_parse(bytes_text(long_body), &request), E_BAD_VALUE);
	memset(long_body, 'x', sizeof long_body);
	memcpy(long_body, "old 0\n\n", 7);
	ck_ok(witness_request_parse(bytes_of(long_body, WITNESS_BODY_BYTES_MAX), &request));
	ck_error(witness_request_parse(bytes_of(long_body, WITNESS_BODY_BYTES_MAX + 1), &request), E_TOO_LONG);
	site_remove(&site);
}
END_TEST

/* WIT-1, WIT-3: 16 signatures as large as post-quantum ones are; only the log's are kept. */
START_TEST(many_large_signatures_are_taken)
{
	struct site site = {0};
	static struct ask ask;
	struct witness_answer answer, shown;
	char hash[65];
	site_make(&site);
	ask_for(&ask, &site.a, 0, 50, "");
	for (int i = 0; i < 15; i++) {
		char *end = ask.lines + strlen(ask.lines);
		end += sprintf(end, "\xE2\x80\x94 pq.example/%d ", i);
		memset(end, 'A', 3244);
		strcpy(end + 3244, "\n");
	}
	sign_as(&ask, &site.a.vkey, site.a.secret_key);
	answer = send_ask(site.witness, &ask, NOW);
	check_cosigned(site.witness, &ask, &answer);
	witness_origin_hash(bytes_text(site.a.origin), hash);
	witness_checkpoint(site.witness, bytes_text(hash), &shown);
	ck_assert(memmem(shown.body, shown.len, "pq.example", 10) == NULL);
	ck_assert_uint_lt(shown.len, 600);
	site_remove(&site);
}
END_TEST

/* Several logs, one of them with two keys: each has its own state (WIT-2, WIT-3, WIT-11). */
START_TEST(several_logs_stay_apart)
{
	struct site site = {0};
	static struct ask ask;
	struct witness_answer answer, shown;
	struct note note;
	char hash[65];
	site_make(&site);
	ck_assert_uint_eq(witness_log_count(site.witness), 2);
	witness_origin_hash(bytes_text(site.b.origin), hash);
	witness_checkpoint(site.witness, bytes_text(hash), &shown);
	ck_assert_int_eq(shown.status, 404);
	ck_assert_int_eq(status_of(site.witness, &site.a, 0, 10), 200);
	witness_checkpoint(site.witness, bytes_text(hash), &shown);
	ck_assert_int_eq(shown.status, 404);

	/* By its second key alone, then by both, with extension lines as its logs have them. */
	ask_for(&ask, &site.b, 0, 20, "an extension\nand another\n");
	sign_as(&ask, &site.b_second, site.b_second_secret);
	answer = send_ask(site.witness, &ask, NOW);
	check_cosigned(site.witness, &ask, &answer);
	ask_signed(&ask, &site.b, 20, 30);
	sign_as(&ask, &site.b_second, site.b_second_secret);
	answer = send_ask(site.witness, &ask, NOW);
	check_cosigned(site.witness, &ask, &answer);
	witness_checkpoint(site.witness, bytes_text(hash), &shown);
	ck_ok(note_split(bytes_of(shown.body, shown.len), NOTE_BYTES_MAX, &note));
	ck_ok(note_verify_lines(&note, &site.b.vkey));
	ck_ok(note_verify_lines(&note, &site.b_second));
	ck_assert_int_eq(status_of(site.witness, &site.a, 10, 11), 200);

	/* Other spellings of the hash. */
	hash[63] ^= 1;
	witness_checkpoint(site.witness, bytes_text(hash), &shown);
	ck_assert_int_eq(shown.status, 404);
	hash[63] ^= 1;
	for (char *c = hash; *c; c++)
		*c = *c >= 'a' ? (char)(*c - 32) : *c;
	witness_checkpoint(site.witness, bytes_text(hash), &shown);
	ck_assert_int_eq(shown.status, 404);
	witness_checkpoint(site.witness, BYTES_EMPTY, &shown);
	ck_assert_int_eq(shown.status, 404);
	site_remove(&site);
}
END_TEST

/* WIT-9: time goes on, and never back. */
START_TEST(time_never_goes_back)
{
	struct site site = {0};
	static struct ask ask;
	struct witness_answer answer;
	site_make(&site);
	ask_signed(&ask, &site.a, 0, 10);
	answer = send_ask(site.witness, &ask, NOW);
	ck_assert_uint_eq(check_cosigned(site.witness, &ask, &answer), NOW);
	ask_signed(&ask, &site.a, 10, 10);
	answer = send_ask(site.witness, &ask, NOW + 100);
	ck_assert_uint_eq(check_cosigned(site.witness, &ask, &answer), NOW + 100);
	site_again(&site);
	ask_signed(&ask, &site.a, 10, 12);
	answer = send_ask(site.witness, &ask, NOW);
	ck_assert_uint_eq(check_cosigned(site.witness, &ask, &answer), NOW + 100);
	ask_signed(&ask, &site.b, 0, 12);
	ck_assert_int_eq(send_ask(site.witness, &ask, 0).status, 500);
	ck_assert_int_eq(send_ask(site.witness, &ask, NOW).status, 200);
	site_remove(&site);
}
END_TEST

/* WIT-7, WIT-10: a write that fails gives no cosignature; a write that was done but reported failed neither, and
 * whatever is on disk then, the witness goes on from there. */
START_TEST(a_failing_write_cosigns_nothing)
{
	for (int where = 0; where < 3; where++) {
		struct site site = {0};
		static struct ask ask;
		site_make(&site);
		ck_assert_int_eq(status_of(site.witness, &site.a, 0, 10), 200);
		fail_rename = where == 0;
		fail_fsync = where; /* 1: the file's, 2: the directory's, when the name is there already */
		ask_signed(&ask, &site.a, 10, 20);
		struct witness_answer answer = send_ask(site.witness, &ask, NOW);
		ck_assert_int_eq(answer.status, 500);
		ck_assert(memmem(answer.body, answer.len, "witness.example", 15) == NULL);
		fail_rename = fail_fsync = 0;
		struct site copy = site;
		ck_assert_int_eq(status_of(copy.witness, &copy.a, 20, 25), 409);
		site_again(&site);
		int status = status_of(site.witness, &site.a, 10, 20);
		ck_assert_int_eq(status, where == 2 ? 409 : 200);
		ck_assert_int_eq(status_of(site.witness, &site.a, 20, 30), 200);
		site_remove(&site);
	}
}
END_TEST

/* WIT-10: what is damaged is not taken for nothing, and what a crash left lying about is no memory. */
START_TEST(damaged_memory_is_not_nothing)
{
	struct site site = {0};
	struct witness *none = NULL;
	struct fault fault;
	char path[300], hash[65], content[4096];
	site_make(&site);
	ck_assert_int_eq(status_of(site.witness, &site.a, 0, 10), 200);
	remove_left_over(site.dir, "key vkey logs");
	ck_error(witness_open(site.dir, &none, &fault), E_LOCKED);
	witness_close(site.witness);
	witness_origin_hash(bytes_text(site.a.origin), hash);
	snprintf(path, sizeof path, "%s/seen/%s", site.dir, hash);
	FILE *file = fopen(path, "r+");
	size_t len = fread(content, 1, sizeof content, file);
	for (size_t cut = 0; cut < len; cut += 7) {
		ck_assert_int_eq(truncate(path, (off_t)cut), 0);
		ck_error(witness_open(site.dir, &none, &fault), E_CORRUPT);
		ck_assert_ptr_nonnull(strstr(fault.text, hash));
		rewind(file);
		ck_assert_uint_eq(fwrite(content, 1, len, file), len);
		fflush(file);
	}
	content[0] ^= 1;
	rewind(file);
	fwrite(content, 1, len, file);
	fflush(file);
	ck_error(witness_open(site.dir, &none, &fault), E_CORRUPT);
	content[0] ^= 1;
	rewind(file);
	fwrite(content, 1, len, file);
	fclose(file);
	strcat(path, ".1234.tmp");
	file = fopen(path, "w");
	fputs("half a checkp", file);
	fclose(file);
	site_open(&site);
	ck_assert_int_ne(access(path, F_OK), 0);
	ck_assert_int_eq(status_of(site.witness, &site.a, 10, 12), 200);
	site_remove(&site);
}
END_TEST

/* FORK-4: what the log signed for another history is kept, once; what proves nothing is not. */
static char *evidence_of(const struct site *site)
{
	char path[300], hash[65];
	static char content[20000];
	witness_origin_hash(bytes_text(site->a.origin), hash);
	snprintf(path, sizeof path, "%s/evidence/%s", site->dir, hash);
	FILE *file = fopen(path, "r");
	if (file == NULL)
		return NULL;
	content[fread(content, 1, sizeof content - 1, file)] = '\0';
	fclose(file);
	return content;
}

START_TEST(a_fork_is_kept_as_evidence)
{
	for (int equal = 0; equal < 2; equal++) {
		struct site site = {0};
		static struct ask ask;
		struct fork fork;
		struct finding finding;
		site_make(&site);
		struct log forked = site.a;
		forked.leaves[3].b[0] ^= 1;
		ck_assert_int_eq(status_of(site.witness, &site.a, 0, 100), 200);
		ask_signed(&ask, &site.a, 100, 120);
		ask.proof.hashes[0].b[0] ^= 1;
		ck_assert_int_eq(send_ask(site.witness, &ask, NOW).status, 422);
		ck_assert_ptr_null(evidence_of(&site));
		ck_assert_int_eq(status_of(site.witness, &forked, 100, equal ? 100 : 133), 422);
		const char *text = evidence_of(&site);
		ck_assert_ptr_nonnull(text);
		ck_ok(fork_verify(bytes_text(text), &site.a.vkey, &fork, &finding));
		ck_assert(fork.first.size == 100 && fork.second.size == (equal ? 100 : 133));
		ck_assert_int_eq(status_of(site.witness, &forked, 100, 140), 422);
		ck_ok(fork_verify(bytes_text(evidence_of(&site)), &site.a.vkey, &fork, &finding));
		ck_assert(fork.second.size == (equal ? 100 : 133));
		/* It goes on with what it knows. */
		ck_assert_int_eq(status_of(site.witness, &site.a, 100, 150), 200);
		site_remove(&site);
	}
}
END_TEST

/* Files that are not as they should be, each with its reason. */
START_TEST(each_wrong_file_has_its_reason)
{
	struct place place;
	struct vkey vkey;
	struct fault fault;
	struct witness *witness = NULL;
	struct stat info;
	char dir[80], path[120], text[VKEY_TEXT_MAX + 2];
	struct log log = make_log("ledger.example/2026", 1);
	place_make(&place);
	snprintf(dir, sizeof dir, "%s/w", place.path);
	ck_error(witness_open(dir, &witness, &fault), E_NOT_FOUND);
	ck_error(witness_add_log(dir, &log.vkey, &fault), E_NOT_FOUND);
	ck_error(witness_create(dir, "two words", &vkey, &fault), E_BAD_VALUE);
	ck_ok(witness_create(dir, "witness.example/w1", &vkey, &fault));
	ck_error(witness_create(dir, "witness.example/w1", &vkey, &fault), E_EXISTS);
	ck_assert(vkey.type == NOTE_KEY_COSIGNATURE);
	snprintf(path, sizeof path, "%s/key", dir);
	ck_assert_int_eq(stat(path, &info), 0);
	ck_assert_int_eq(info.st_mode & 0777, 0600);
	ck_error(witness_add_log(dir, &vkey, &fault), E_BAD_KEY);
	ck_ok(witness_add_log(dir, &log.vkey, &fault));
	ck_error(witness_add_log(dir, &log.vkey, &fault), E_EXISTS);
	ck_ok(witness_open(dir, &witness, &fault));
	ck_assert_uint_eq(witness_log_count(witness), 1);
	witness_close(witness);

	chmod(path, 0644);
	ck_error(witness_open(dir, &witness, &fault), E_PERMISSION);
	chmod(path, 0600);
	struct vkey other;
	uint8_t other_key[32];
	memcpy(other_key, vkey.public_key, sizeof other_key);
	other_key[0] ^= 1;
	ck_ok(vkey_make(vkey.name, NOTE_KEY_COSIGNATURE, other_key, &other));
	vkey_format(&other, text);
	strcat(text, "\n");
	snprintf(path, sizeof path, "%s/vkey", dir);
	FILE *file = fopen(path, "w");
	fputs(text, file);
	fclose(file);
	ck_error(witness_open(dir, &witness, &fault), E_BAD_KEY);
	vkey_format(&vkey, text);
	strcat(text, "\n");
	file = fopen(path, "w");
	fputs(text, file);
	fclose(file);
	snprintf(path, sizeof path, "%s/logs", dir);
	file = fopen(path, "a");
	fputs("# a comment\n\nno vkey\n", file);
	fclose(file);
	ck_error(witness_open(dir, &witness, &fault), E_BAD_KEY);
	ck_assert_ptr_nonnull(strstr(fault.text, "line 5"));
	place_remove(&place);
}
END_TEST

/* What the disk does not give is neither damaged nor missing. */
START_TEST(unread_is_no_judgement)
{
	struct site site = {0};
	struct fault fault = {.text = ""};
	site_make(&site);
	ck_assert_int_eq(status_of(site.witness, &site.a, 0, 10), 200);
	witness_close(site.witness);
	for (int at = 1; at <= 4; at++) { /* vkey, key, logs, seen */
		struct witness *witness = NULL;
		fail_read = at;
		ck_error(witness_open(site.dir, &witness, &fault), E_IO);
		ck_assert_int_eq(fail_read, 0);
	}
	site_open(&site);
	site_remove(&site);
}
END_TEST

/* WITNESS_LOGS_MAX keys, no more. */
START_TEST(so_many_logs_and_no_more)
{
	struct site site = {0};
	struct fault fault;
	struct witness *none;
	site_make(&site);
	witness_close(site.witness);
	for (unsigned i = 3; i <= WITNESS_LOGS_MAX; i++) {
		char origin[32];
		uint8_t secret[64];
		snprintf(origin, sizeof origin, "log.example/%u", i);
		struct vkey vkey = make_key(origin, (uint8_t)i, secret);
		if (i == WITNESS_LOGS_MAX) {
			site_open(&site);
			witness_close(site.witness);
		}
		ck_ok(witness_add_log(site.dir, &vkey, &fault));
	}
	ck_error(witness_open(site.dir, &none, &fault), E_TOO_MANY);
	place_remove(&site.place);
}
END_TEST

/* One request of a vector: the status, and what an answer of that status holds. */
static void check_step(struct witness *witness, const json_t *step, const char *path, size_t number)
{
	const char *body = vector_text(step, "body");
	struct witness_answer answer = send_bytes(witness, bytes_text(body), vector_number(step, "now"));
	ck_assert_msg(answer.status == (int)vector_number(step, "status"), "%s: step %zu: %d: %.*s", path, number,
		answer.status, (int)answer.len, answer.body);
	if (answer.status == 409) {
		char size[32];
		snprintf(size, sizeof size, "%" PRIu64 "\n", vector_number(step, "size"));
		ck_assert(bytes_equal(bytes_of(answer.body, answer.len), bytes_text(size)));
		ck_assert_str_eq(answer.content_type, "text/x.tlog.size");
	}
	if (answer.status == 200) {
		static struct ask ask;
		const char *text = strstr(body, "\n\n") + 2;
		snprintf(ask.text, sizeof ask.text, "%.*s", (int)(strstr(text, "\n\n") + 1 - text), text);
		ck_assert_msg(
			check_cosigned(witness, &ask, &answer) == vector_number(step, "time"), "%s: step %zu", path, number);
	}
}

static void check_vector(const json_t *vector, const char *path)
{
	struct place place;
	char dir[80];
	struct vkey vkey;
	struct fault fault = {.text = ""};
	struct witness *witness;
	size_t i;
	json_t *item;
	place_make(&place);
	snprintf(dir, sizeof dir, "%s/w", place.path);
	ck_ok(witness_create(dir, "witness.example/w1", &vkey, &fault));
	json_array_foreach(json_object_get(vector, "logs"), i, item)
	{
		ck_ok(vkey_parse(bytes_text(json_string_value(item)), &vkey));
		ck_ok(witness_add_log(dir, &vkey, &fault));
	}
	ck_ok(witness_open(dir, &witness, &fault));
	json_array_foreach(json_object_get(vector, "steps"), i, item)
	{
		check_step(witness, item, path, i);
	}
	witness_close(witness);
	place_remove(&place);
}

/* WIT-1, WIT-2, WIT-3, WIT-4, WIT-5, WIT-6, WIT-7, WIT-8, WIT-9 */
START_TEST(our_witness_vectors_hold)
{
	char dir[4096];
	ck_assert(vector_path("INDSIGT_SOURCE", "tests/vectors/witness", dir));
	ck_assert_uint_ge(vector_walk(dir, check_vector), 50);
}
END_TEST

UNIT_MAIN("witness", our_witness_vectors_hold, every_case_has_its_answer, a_request_has_one_form,
	many_large_signatures_are_taken, several_logs_stay_apart, time_never_goes_back, a_failing_write_cosigns_nothing,
	damaged_memory_is_not_nothing, a_fork_is_kept_as_evidence, each_wrong_file_has_its_reason, unread_is_no_judgement,
	so_many_logs_and_no_more)
