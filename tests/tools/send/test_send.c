/* `indsigt send` as a process, against a ledger in the test's own. INDSIGT names the program. */
#include "ingest/spool/sender_key.h"
#include "tests/lib/fake_ledger.h"
#include "tests/lib/fixture.h"
#include "tests/lib/unit.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static struct fixture fixture;
static struct fake fake;
static char directory[96];

static void begin(void)
{
	fixture_make(&fixture);
	fake_make(&fake, &fixture);
	struct sender_key key = {.sender = fixture.sender, .log = fixture.vkey};
	memcpy(key.public_key, fixture.public_key, 32);
	memcpy(key.secret_key, fixture.secret_key, 64);
	snprintf(key.org, sizeof key.org, "cvr:1");
	snprintf(key.name, sizeof key.name, "N");
	snprintf(directory, sizeof directory, "%s", fixture.place.path);
	ck_assert_int_eq(chdir(directory), 0);
	ck_ok(sender_key_write("key", &key, false, NULL));
}

static void end(void)
{
	fake_remove(&fake);
	fixture_remove(&fixture);
}

static void write_events(const char *path, unsigned from, unsigned to)
{
	FILE *file = fopen(path, "w");
	for (unsigned n = from; n < to; n++)
		fprintf(file,
			"{\"subject\":\"%s\",\"time\":\"2026-11-23T08:15:00Z\",\"action\":\"read\",\"outcome\":\"ok\","
			"\"org\":{\"id\":\"cvr:1\",\"name\":\"N\"},\"system\":\"S\",\"activity\":\"%u\",\"purpose\":\"p\","
			"\"actor\":{\"kind\":\"human\",\"role\":\"r\"}}\n",
			fixture_subject(n), n);
	fclose(file);
}

struct child {
	pid_t pid;
	int pidfd;
	int in; /* its stdin, or -1 */
};

static struct child spawn(bool piped, const char *const arguments[])
{
	const char *argv[24] = {getenv("INDSIGT"), "send", "--server", fake.address, "--key", "key"};
	size_t count = 6;
	for (size_t i = 0; arguments[i] != NULL; i++)
		argv[count++] = arguments[i];
	int pipes[2] = {-1, -1};
	posix_spawn_file_actions_t actions;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 1, "out", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	posix_spawn_file_actions_addopen(&actions, 2, "err", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (piped) {
		ck_assert_int_eq(pipe2(pipes, O_CLOEXEC), 0);
		posix_spawn_file_actions_adddup2(&actions, pipes[0], 0);
	} else {
		posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	}
	struct child child = {.in = pipes[1]};
	char **environment = {NULL};
	ck_assert_int_eq(posix_spawn(&child.pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environment), 0);
	posix_spawn_file_actions_destroy(&actions);
	if (piped)
		close(pipes[0]);
	child.pidfd = (int)syscall(SYS_pidfd_open, child.pid, 0);
	ck_assert_int_ge(child.pidfd, 0);
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = 1};
	ck_assert_int_eq(epoll_ctl(fake.epoll, EPOLL_CTL_ADD, child.pidfd, &event), 0);
	return child;
}

/* One turn of the ledger; true when the child has ended. */
static bool turn(void)
{
	struct epoll_event events[4];
	int n = epoll_wait(fake.epoll, events, 4, -1);
	fake_step(&fake);
	for (int i = 0; i < n; i++)
		if (events[i].data.u32 == 1)
			return true;
	return false;
}

/* The same, without waiting for anything to happen in the ledger. */
static void turn_once(void)
{
	struct epoll_event events[4];
	if (epoll_wait(fake.epoll, events, 4, 0) > 0)
		fake_step(&fake);
	sched_yield();
}

static int wait_for(struct child *child)
{
	while (!turn()) {
	}
	int status = 0;
	ck_assert_int_eq(waitpid(child->pid, &status, 0), child->pid);
	close(child->pidfd);
	if (child->in >= 0)
		close(child->in);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int run(const char *const arguments[])
{
	struct child child = spawn(false, arguments);
	return wait_for(&child);
}

#define RUN(...) run((const char *const[]){__VA_ARGS__, NULL})

static uint64_t ledger_has(void)
{
	struct sender row;
	ck_ok(ledger_sender(fixture.ledger, fixture.sender, &row));
	return row.next_sequence;
}

static bool file_says(const char *path, const char *text)
{
	static char content[100000];
	FILE *file = fopen(path, "r");
	ck_assert_ptr_nonnull(file);
	size_t len = fread(content, 1, sizeof content - 1, file);
	content[len] = '\0';
	fclose(file);
	return strstr(content, text) != NULL;
}

/* Checks a receipt with nothing but the line and the log's vkey. */
static uint64_t check_receipt(const json_t *json)
{
	json_int_t sender = 0;
	json_int_t first = 0;
	json_int_t count = 0;
	json_int_t checked = 0;
	json_int_t index = 0;
	const char *origin = NULL;
	const char *kind = NULL;
	const char *signature = NULL;
	const char *note = NULL;
	json_t *inclusion = NULL;
	ck_assert_int_eq(
		json_unpack((json_t *)(uintptr_t)json, "{s:s, s:I, s:{s:s, s:I, s:I, s:I, s:s !}, s:I, s:I, s:o, s:s !}",
			"origin", &origin, "sender", &sender, "batch", "kind", &kind, "first_sequence", &first, "count", &count,
			"filing_checked", &checked, "signature", &signature, "first_index", &index, "count", &count, "inclusion",
			&inclusion, "checkpoint", &note),
		0);
	ck_assert_str_eq(origin, FIXTURE_ORIGIN);
	ck_assert_str_eq(kind, "event");
	struct receipt receipt = {.first_sequence = (uint64_t)first, .count = (uint32_t)count};
	struct batch_head head = {.kind = BATCH_EVENT,
		.sender = (uint32_t)sender,
		.first_sequence = (uint64_t)first,
		.count = (uint32_t)count,
		.filing_checked = (uint64_t)checked};
	size_t len = 0;
	ck_assert_int_eq(sodium_base642bin(head.signature, 64, signature, strlen(signature), NULL, &len, NULL,
						 sodium_base64_VARIANT_ORIGINAL),
		0);
	receipt.first_index = (uint64_t)index;
	receipt.checkpoint = bytes_text(note);
	for (size_t i = 0; i < json_array_size(inclusion); i++) {
		const char *hash = json_string_value(json_array_get(inclusion, i));
		ck_assert_int_eq(sodium_base642bin(receipt.inclusion.hashes[i].b, 32, hash, strlen(hash), NULL, &len, NULL,
							 sodium_base64_VARIANT_ORIGINAL),
			0);
		receipt.inclusion.count++;
	}
	static struct receipt_position position;
	struct fault fault = {0};
	memset(&position, 0, sizeof position);
	ck_assert_msg(receipt_verify(&receipt, &fixture.vkey, &head, &position, &fault) == E_OK, "%s", fault.text);
	return (uint64_t)first + (uint64_t)count;
}

/* The events that the receipts in "out" are about; they must follow each other. */
static uint64_t receipts(uint64_t from)
{
	FILE *file = fopen("out", "r");
	char line[65536];
	while (fgets(line, sizeof line, file) != NULL) {
		json_t *json = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
		ck_assert_ptr_nonnull(json);
		json_t *first = json_object_get(json_object_get(json, "batch"), "first_sequence");
		ck_assert_uint_eq((uint64_t)json_integer_value(first), from);
		from = check_receipt(json);
		json_decref(json);
	}
	fclose(file);
	return from;
}

START_TEST(files_are_sent_once)
{
	begin();
	write_events("a.json", 0, 10);
	write_events("b.json", 10, 15);
	ck_assert_int_eq(RUN("--batch", "4", "a.json", "b.json"), 0);
	ck_assert_uint_eq(ledger_has(), 15);
	ck_assert_uint_eq(receipts(0), 15);
	ck_assert(file_says("err", "15 events acknowledged in 4 batches; 15 messages: 15 acknowledged\n"));
	/* Again on the same, one of them since grown by two. */
	ck_assert_int_eq(system("cat b.json | sed -n 1,2p | sed s/08:15/08:16/ >> a.json"), 0);
	ck_assert_int_eq(RUN("--format", "json", "a.json", "./b.json"), 0);
	ck_assert_uint_eq(ledger_has(), 17);
	ck_assert_uint_eq(receipts(15), 17);
	ck_assert(file_says("err", "15 messages equal to ones sent before"));
	/* The content counts, not its place: a line in front, one mended, one gone, the file under another name. */
	ck_assert_int_eq(
		system("{ head -1 b.json | sed s/08:15/08:17/; sed -e '2d' -e '3s/08:15/08:18/' b.json; } > c.json"), 0);
	ck_assert_int_eq(RUN("c.json"), 0);
	ck_assert_uint_eq(ledger_has(), 19);
	ck_assert_int_eq(RUN("--again", "b.json"), 0);
	ck_assert_uint_eq(ledger_has(), 24);
	/* Equal lines of one file are as many events, and not of two. */
	write_events("d.json", 100, 103);
	ck_assert_int_eq(system("cat d.json d.json > e.json; cp e.json f.json"), 0);
	ck_assert_int_eq(RUN("d.json", "d.json", "e.json", "f.json"), 0);
	ck_assert_uint_eq(ledger_has(), 30);
	ck_assert_int_eq(RUN("e.json"), 0);
	ck_assert_uint_eq(ledger_has(), 30);
	end();
}
END_TEST

/* What comes through a pipe is new, unless a name is given to it; a file is a file also as standard input. */
START_TEST(pipes_are_new_unless_named)
{
	begin();
	write_events("a.json", 0, 1);
	char text[512] = "";
	FILE *file = fopen("a.json", "r");
	ck_assert_ptr_nonnull(fgets(text, sizeof text, file));
	fclose(file);
	for (uint64_t n = 1; n <= 3; n++) {
		struct child child = spawn(true, (const char *const[]){"-", NULL});
		ck_assert_int_eq(write(child.in, text, strlen(text)), (ssize_t)strlen(text));
		ck_assert_int_eq(write(child.in, text, strlen(text)), (ssize_t)strlen(text));
		close(child.in);
		child.in = -1;
		ck_assert_int_eq(wait_for(&child), 0);
		ck_assert_uint_eq(ledger_has(), 2 * n);
	}
	ck_assert_int_eq(RUN("a.json"), 0);
	ck_assert_uint_eq(ledger_has(), 7);
	for (unsigned n = 0; n < 2; n++) {
		struct child child = spawn(true, (const char *const[]){"--resume", "app", "-", NULL});
		for (unsigned i = 0; i < 2; i++)
			ck_assert_int_eq(write(child.in, text, strlen(text)), (ssize_t)strlen(text));
		close(child.in);
		child.in = -1;
		ck_assert_int_eq(wait_for(&child), 0);
		ck_assert_uint_eq(ledger_has(), 8);
	}
	end();
}
END_TEST

START_TEST(refused_messages_are_kept)
{
	begin();
	write_events("a.json", 0, 3);
	FILE *file = fopen("a.json", "a");
	fputs("{\"subject\":\"cpr:0101701234\",\"colour\":\"red\"}\n\n \t\r\nnot json \xff\n", file);
	for (unsigned i = 0; i < 70000; i++)
		fputc('x', file);
	fputc('\n', file);
	fclose(file);
	write_events("b.json", 3, 5);
	ck_assert_int_eq(RUN("--rejected", "no", "a.json", "b.json"), 1);
	ck_assert_uint_eq(ledger_has(), 5);
	ck_assert(file_says("err", "3 messages refused"));
	ck_assert(file_says("no", "\"number\":4,\"error\":\"unknown-field\""));
	ck_assert(file_says("no", "\"message\":\"{\\\"subject\\\":\\\"cpr:0101701234\\\",\\\"colour\\\":\\\"red\\\"}\""));
	ck_assert(file_says("no", "\"number\":5,\"error\":\"bad-json\""));
	ck_assert(file_says("no", "\"message_base64\":\"bm90IGpzb24g/w==\""));
	ck_assert(file_says("no", "\"number\":6,\"error\":\"too-long\""));
	ck_assert(file_says("no", "/a.json\""));
	struct stat info;
	ck_assert_int_eq(stat("no", &info), 0);
	ck_assert_int_eq(info.st_mode & 0777, 0600);
	/* Refused is not sent: it is tried again, and what was taken is not. */
	ck_assert_int_eq(unlink("no"), 0);
	ck_assert_int_eq(RUN("--rejected", "no", "a.json", "b.json"), 1);
	ck_assert(file_says("err", "3 messages refused"));
	ck_assert(file_says("no", "\"number\":4,\"error\":\"unknown-field\""));
	ck_assert_uint_eq(ledger_has(), 5);
	/* Mended in its place it goes, alone. */
	ck_assert_int_eq(
		system("{ sed -n 1,3p a.json; sed -n 1p a.json | sed s/08:15/08:19/; } > m.json && mv m.json a.json"), 0);
	ck_assert_int_eq(RUN("a.json"), 0);
	ck_assert_uint_eq(ledger_has(), 6);
	/* By the ledger, in the middle of a batch. */
	write_events("c.json", 10, 14);
	fake.fault = FAKE_REFUSES_EVENT;
	fake.at = 7;
	fake.error = E_BAD_VALUE;
	ck_assert_int_eq(RUN("c.json"), 1);
	ck_assert_uint_eq(ledger_has(), 9);
	ck_assert(!file_says("err", fixture_subject(11)));
	ck_assert(file_says("err", "4 messages: 3 acknowledged, 1 messages refused, see 'key.spool/rejected.jsonl'\n"));
	ck_assert(file_says("key.spool/rejected.jsonl", "\"number\":2,\"error\":\"bad-value\",\"reason\":\"because\""));
	ck_assert(file_says("key.spool/rejected.jsonl", fixture_subject(11)));
	ck_assert_int_eq(stat("key.spool/rejected.jsonl", &info), 0);
	ck_assert_int_eq(info.st_mode & 0777, 0600);
	/* Sent as it is, once the ledger takes it. */
	ck_assert_int_eq(RUN("key.spool/rejected.jsonl"), 0);
	ck_assert_uint_eq(ledger_has(), 10);
	ck_assert_int_eq(RUN("c.json"), 0); /* what the row told of was sent, too */
	ck_assert_uint_eq(ledger_has(), 10);
	end();
}
END_TEST

static size_t lines_of(const char *path)
{
	FILE *file = fopen(path, "r");
	size_t lines = 0;
	for (int c; (c = fgetc(file)) != EOF;)
		lines += c == '\n';
	fclose(file);
	return lines;
}

/* SND-24, SND-25: what was refused can be sent as it is; refused again, it says where it stood first, and is not
 * wrapped twice. */
START_TEST(refused_again_says_where_it_was)
{
	begin();
	write_events("a.json", 0, 1);
	FILE *file = fopen("a.json", "a");
	fputs("{\"colour\":\"red\"}\nno \xff\n", file);
	for (unsigned i = 0; i < 1500000; i++)
		fputs(i % 2 ? "\xc3\xa6" : "y", file);
	fputs("\n", file);
	write_events("b.json", 1, 2);
	fclose(file);
	ck_assert_int_eq(RUN("--rejected", "no", "a.json"), 1);
	ck_assert(file_says("err", "4 messages: 1 acknowledged, 3 messages refused, see 'no'\n"));
	ck_assert_int_eq(RUN("--rejected", "no2", "no"), 1);
	ck_assert(file_says("err", "3 messages: 0 acknowledged, 3 messages refused, see 'no2'\n"));
	ck_assert_uint_eq(lines_of("no2"), 3);
	ck_assert_int_eq(system("cmp no no2"), 0);
	/* The file itself, which grows meanwhile. */
	ck_assert_int_eq(RUN("--rejected", "no2", "no2"), 1);
	ck_assert_uint_eq(lines_of("no2"), 6);
	/* All of a message that is longer than memory is taken for. */
	ck_assert_int_eq(system("tail -n +4 a.json | tr -d '\\n' | wc -c > long; tail -n 1 no | "
							"sed 's/.*\"message\":\"//; s/\"}$//' | tr -d '\\n' | wc -c > kept; cmp long kept"),
		0);
	/* In another format, which the row remembers. */
	file = fopen("c.xml", "w");
	fputs("<AuditMessage/>\n", file);
	fclose(file);
	ck_assert_int_eq(RUN("--rejected", "no3", "--format", "dicom", "c.xml"), 1);
	ck_assert(file_says("no3", "\"format\":\"dicom\""));
	ck_assert_int_eq(RUN("--rejected", "no4", "no3"), 1);
	ck_assert_int_eq(system("cmp no3 no4"), 0);
	ck_assert_int_eq(RUN("--again", "--rejected", "no5", "--format", "dicom", "no3"), 1);
	ck_assert_int_eq(system("cmp no3 no5"), 0);
	ck_assert_int_eq(RUN("--again", "--rejected", "no6", "--format", "json", "no3"), 1);
	ck_assert(file_says("no6", "\"format\":\"json\""));
	/* A row that was mended is taken. */
	ck_assert_int_eq(
		system("{ printf '{\"input\":\"x\",\"number\":1,\"error\":\"bad-json\",\"reason\":\"r\",\"message\":'; "
			   "tr -d '\\n' < b.json; echo '}'; } > old"),
		0);
	ck_assert_int_eq(RUN("old"), 0);
	ck_assert_uint_eq(ledger_has(), 2);
	end();
}
END_TEST

#define AUDIT_EVENT                                                                                            \
	"{\"resourceType\":\"AuditEvent\",\"type\":{\"code\":\"rest\"},\"action\":\"R\",\"recorded\":"             \
	"\"2026-11-20T10:00:00Z\",\"outcome\":\"0\",\"agent\":[{\"who\":{\"display\":\"A\"},\"requestor\":true}]," \
	"\"source\":{\"observer\":{\"display\":\"EPJ\"}},\"entity\":[{\"what\":{\"identifier\":{\"system\":"       \
	"\"urn:oid:1.2.208.176.1.2\",\"value\":\"0101701234\"}},\"role\":{\"code\":\"1\"}}]}"

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	fputs(text, file);
	fclose(file);
}

/* A format that was forgotten once loses nothing. */
START_TEST(another_format_loses_nothing)
{
	begin();
	write_text("f.json", AUDIT_EVENT "\n");
	write_events("a.json", 0, 1);
	ck_assert_int_eq(RUN("f.json", "a.json"), 1);
	ck_assert(file_says("err", "f.json' looks like FHIR: use --format fhir; nothing of it was taken\n"));
	ck_assert_uint_eq(ledger_has(), 1);
	ck_assert_int_eq(access("key.spool/rejected.jsonl", F_OK), -1);
	ck_assert_int_eq(RUN("--format", "fhir", "f.json"), 0);
	ck_assert_uint_eq(ledger_has(), 2);
	end();
}
END_TEST

/* The file, through a pipe. */
static int run_piped(const char *path)
{
	char piece[4096];
	struct child child = spawn(true, (const char *const[]){"-", NULL});
	FILE *file = fopen(path, "r");
	for (size_t n; (n = fread(piece, 1, sizeof piece, file)) > 0;)
		ck_assert_int_eq(write(child.in, piece, n), (ssize_t)n);
	fclose(file);
	close(child.in);
	child.in = -1;
	return wait_for(&child);
}

/* What a pipe brings, it brings once: SND-28 */
START_TEST(another_format_through_a_pipe_is_kept)
{
	begin();
	write_text("f.json", AUDIT_EVENT "\n" AUDIT_EVENT "\n");
	ck_assert_int_eq(system("yes 1,2,3 | head -n 20000 > t.csv; echo >> t.csv"), 0);
	ck_assert_int_eq(run_piped("f.json"), 1);
	ck_assert(file_says("err", "'-' looks like FHIR: use --format fhir; nothing of it was sent"));
	ck_assert(file_says("err", "2 messages: 0 acknowledged, 2 messages refused"));
	ck_assert_uint_eq(lines_of("key.spool/rejected.jsonl"), 2);
	ck_assert_int_eq(RUN("key.spool/rejected.jsonl"), 0); /* in the format that it is in */
	ck_assert_uint_eq(ledger_has(), 2);
	ck_assert_int_eq(unlink("key.spool/rejected.jsonl"), 0);
	ck_assert_int_eq(run_piped("t.csv"), 1);
	ck_assert(file_says("err", "1 messages: 0 acknowledged, 1 messages refused"));
	ck_assert_int_eq(system("python3 -c \"import json; "
							"assert json.load(open('key.spool/rejected.jsonl'))['message'] == open('t.csv').read()\""),
		0);
	/* Sent again as it is, it is what it was, and not a row a line: SND-25 */
	ck_assert_int_eq(
		system("cp key.spool/rejected.jsonl t.jsonl; gzip -n < t.csv > t.gz; rm key.spool/rejected.jsonl"), 0);
	ck_assert_int_eq(RUN("t.jsonl"), 1);
	ck_assert(file_says("err", "1 messages: 0 acknowledged, 1 messages refused"));
	ck_assert_int_eq(system("python3 -c \"import json; a, b = (json.load(open(n)) for n in "
							"('t.jsonl', 'key.spool/rejected.jsonl')); a.pop('kept'); assert a == b\""),
		0);
	ck_assert_int_eq(unlink("key.spool/rejected.jsonl"), 0);
	ck_assert_int_eq(run_piped("t.gz"), 1);
	ck_assert_int_eq(RUN("--rejected", "again", "key.spool/rejected.jsonl"), 1);
	ck_assert(file_says("err", "1 messages: 0 acknowledged, 1 messages refused"));
	ck_assert_int_eq(system("python3 -c \"import json, base64; assert base64.b64decode(json.load(open('again'))"
							"['message_base64']) == open('t.gz', 'rb').read()\" && ! ls key.spool/kept-*"),
		0);
	end();
}
END_TEST

static bool says_kept(const char *path)
{
	return system("test -s key.spool/kept-*.part") == 0 && file_says(path, "\n1,2,3\n");
}

/* SND-28: what a pipe has brought is on the disk before the pipe ends, and is handed back after a kill. */
START_TEST(killed_with_a_pipe_loses_nothing)
{
	begin();
	char name[64] = "";
	struct child child = spawn(true, (const char *const[]){"-", NULL});
	ck_assert_int_eq(write(child.in, "a,b,c\n1,2,3\n", 12), 12);
	while (name[0] == '\0') {
		turn_once();
		FILE *list = popen("ls key.spool/kept-*.part 2>/dev/null", "r");
		ck_assert_ptr_nonnull(list);
		if (fscanf(list, "%63s", name) != 1)
			name[0] = '\0';
		pclose(list);
	}
	while (!says_kept(name))
		turn_once();
	ck_assert_int_eq(write(child.in, "4,5,6\n", 6), 6);
	while (!file_says(name, "\n4,5,6\n"))
		turn_once();
	kill(child.pid, SIGKILL);
	ck_assert_int_eq(waitpid(child.pid, NULL, 0), child.pid);
	close(child.pidfd);
	close(child.in);
	ck_assert_int_eq(access("key.spool/rejected.jsonl", F_OK), -1);
	ck_assert_int_eq(RUN("/dev/null"), 1);
	ck_assert(file_says("err", "what a run that was killed had read from a pipe is with the refused messages"));
	ck_assert(file_says("err", "1 messages: 0 acknowledged, 1 messages refused"));
	ck_assert(file_says("key.spool/rejected.jsonl", "\"error\":\"stopped\""));
	ck_assert(file_says("key.spool/rejected.jsonl", "\"message\":\"a,b,c\\n1,2,3\\n4,5,6\\n\",\"kept\":\""));
	ck_assert_int_eq(access(name, F_OK), -1);
	ck_assert_int_eq(RUN("/dev/null"), 0);
	ck_assert_uint_eq(lines_of("key.spool/rejected.jsonl"), 1);
	end();
}
END_TEST

#define AUDIT_MESSAGE                                                                                               \
	"<AuditMessage><EventIdentification EventActionCode=\"R\" EventDateTime=\"2026-11-20T10:00:00Z\" "              \
	"EventOutcomeIndicator=\"0\"><EventID csd-code=\"110110\" codeSystemName=\"DCM\" originalText=\"Patient "       \
	"Record\"/></EventIdentification><ActiveParticipant UserID=\"u1\" UserName=\"L\xC3\xA6ge\" "                    \
	"UserIsRequestor=\"true\"/><AuditSourceIdentification AuditSourceID=\"RIS\"/><ParticipantObjectIdentification " \
	"ParticipantObjectID=\"77^^^NS&amp;1.2.3.4&amp;ISO\" ParticipantObjectTypeCode=\"1\" "                          \
	"ParticipantObjectTypeCodeRole=\"1\"/></AuditMessage>\n"

/* ADP-23; what is refused of it can be sent again as it is. */
START_TEST(a_feed_in_utf16_is_sent)
{
	begin();
	write_text("d.xml", AUDIT_MESSAGE "<AuditMessage>\n" AUDIT_MESSAGE);
	ck_assert_int_eq(system("iconv -f utf-8 -t utf-16 d.xml > u.xml; iconv -f utf-8 -t utf-16be d.xml > b.xml"), 0);
	ck_assert_int_eq(RUN("--format", "dicom", "u.xml"), 1);
	ck_assert(file_says("err", "3 messages: 2 acknowledged, 1 messages refused"));
	ck_assert_int_eq(RUN("--format", "dicom", "b.xml"), 1);
	ck_assert(file_says("err", "3 messages: 2 acknowledged, 1 messages refused"));
	ck_assert_uint_eq(ledger_has(), 4);
	ck_assert_int_eq(RUN("key.spool/rejected.jsonl"), 1);
	ck_assert(file_says("err", "2 messages: 0 acknowledged, 2 messages refused"));
	end();
}
END_TEST

/* Of which byte comes first its row says as much as its input did: ADP-23, SND-25 */
START_TEST(a_row_in_utf16_says_its_byte_order)
{
	begin();
	write_text("d.xml", "<AuditMessage name='\xC5\x81ukasz'/>\n" AUDIT_MESSAGE);
	ck_assert_int_eq(system("sed -i 's/L\\xC3\\xA6ge/\\xC5\\x81ukasz/' d.xml; iconv -f utf-8 -t utf-16 d.xml > u.xml; "
							"tail -c +3 u.xml > v.xml"),
		0);
	ck_assert_int_eq(RUN("--format", "dicom", "u.xml"), 1);
	ck_assert(file_says("err", "2 messages: 1 acknowledged, 1 messages refused"));
	ck_assert(file_says("key.spool/rejected.jsonl", "\"message_base64\":\"//48AE"));
	ck_assert_int_eq(RUN("key.spool/rejected.jsonl"), 1);
	ck_assert(!file_says("key.spool/rejected.jsonl", "byte order"));
	ck_assert_int_eq(RUN("--again", "--format", "dicom", "v.xml"), 1);
	ck_assert(file_says("err", "2 messages: 0 acknowledged, 2 messages refused"));
	ck_assert(file_says("key.spool/rejected.jsonl", "begin the input with a byte order mark"));
	ck_assert_uint_eq(ledger_has(), 1);
	end();
}
END_TEST

static void feed(struct child *child, const char *text)
{
	ck_assert_int_eq(write(child->in, text, strlen(text)), (ssize_t)strlen(text));
}

static void wait_for_events(uint64_t count)
{
	while (ledger_has() < count)
		ck_assert(!turn());
}

/* A pipe that stays open: what is good is sent at once, whatever came before it, and with no line end behind it. */
START_TEST(a_live_feed_is_sent_at_once)
{
	begin();
	struct child child = spawn(true, (const char *const[]){"--format", "fhir", "--rejected", "no", "-", NULL});
	feed(&child, "{\"resourceType\":\"AuditEvent\",\"type\":{\"co\n" AUDIT_EVENT "\n");
	wait_for_events(1);
	feed(&child, "{{\"resourceType\":\"AuditEvent\",\"action\":\"R\"}\n" AUDIT_EVENT);
	wait_for_events(2);
	feed(&child, "\n[" AUDIT_EVENT);
	wait_for_events(3);
	close(child.in);
	child.in = -1;
	ck_assert_int_eq(wait_for(&child), 1);
	ck_assert(file_says("err", "5 messages: 3 acknowledged, 2 messages refused, see 'no'\n"));
	end();
}
END_TEST

/* What comes through a pipe is sent as it comes; a signal leaves a spool that the next run empties. */
START_TEST(a_stream_is_sent_as_it_comes)
{
	begin();
	char event[512];
	write_events("a.json", 0, 1);
	FILE *file = fopen("a.json", "r");
	ck_assert_ptr_nonnull(fgets(event, sizeof event, file));
	fclose(file);
	struct child child = spawn(true, (const char *const[]){"-", NULL});
	for (uint64_t n = 1; n <= 3; n++) {
		ck_assert_int_eq(write(child.in, event, strlen(event)), (ssize_t)strlen(event));
		while (ledger_has() < n)
			ck_assert(!turn());
	}
	fake.holding = true;
	ck_assert_int_eq(write(child.in, event, strlen(event)), (ssize_t)strlen(event));
	while (fake.held_count == 0)
		ck_assert(!turn());
	ck_assert_int_eq(kill(child.pid, SIGTERM), 0);
	ck_assert_int_eq(wait_for(&child), 3);
	ck_assert(file_says("err", "1 events wait in the spool"));
	fake_hang_up(&fake);
	fake.holding = false;
	ck_assert_int_eq(RUN("/dev/null"), 0);
	ck_assert_uint_eq(ledger_has(), 4);
	ck_assert_uint_eq(receipts(3), 4);
	end();
}
END_TEST

/* Killed at any moment, run again until it is done: nothing lost, nothing doubled. */
START_TEST(killed_anywhere_nothing_is_doubled)
{
	begin();
	write_events("a.json", 0, 1200);
	fake.window_batches = 4;
	unsigned kills = 0;
	int code = -1;
	while (code != 0) {
		struct child child = spawn(false, (const char *const[]){"--batch", "3", "a.json", NULL});
		unsigned enough = fake.batches + 7 + kills;
		bool ended = false;
		while (!ended && (fake.batches < enough || kills == 6))
			ended = turn();
		if (!ended) {
			kill(child.pid, SIGKILL);
			int status = 0;
			ck_assert_int_eq(waitpid(child.pid, &status, 0), child.pid);
			close(child.pidfd);
			kills++;
			continue;
		}
		int status = 0;
		ck_assert_int_eq(waitpid(child.pid, &status, 0), child.pid);
		close(child.pidfd);
		code = WEXITSTATUS(status);
		ck_assert_int_eq(code, 0);
	}
	ck_assert_uint_ge(kills, 5);
	ck_assert_uint_eq(ledger_has(), 1200);
	end();
}
END_TEST

/* Ended before the ledger has said a word: what was read is in no spool, and that is said. */
START_TEST(stopped_early_is_said)
{
	begin();
	write_events("a.json", 0, 3);
	struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof place;
	int silent = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(silent, (struct sockaddr *)&place, len), 0);
	ck_assert_int_eq(listen(silent, 1), 0);
	ck_assert_int_eq(getsockname(silent, (struct sockaddr *)&place, &len), 0);
	char address[32];
	snprintf(address, sizeof address, "127.0.0.1:%u", ntohs(place.sin_port));
	struct child child = spawn(false, (const char *const[]){"--server", address, "a.json", NULL});
	int taken = accept4(silent, NULL, NULL, SOCK_CLOEXEC);
	char hello[1];
	ck_assert_int_eq(read(taken, hello, 1), 1); /* it waits for the welcome, with the first message in its hand */
	ck_assert_int_eq(kill(child.pid, SIGTERM), 0);
	ck_assert_int_eq(wait_for(&child), 3);
	ck_assert(file_says("err", "1 messages: 0 acknowledged, 1 not taken\n"));
	ck_assert(file_says("err", "run it again"));
	close(taken);
	close(silent);
	ck_assert_int_eq(RUN("a.json"), 0);
	ck_assert_uint_eq(ledger_has(), 3);
	end();
}
END_TEST

/* What an error ends is kept like what a signal does, and said to be. */
START_TEST(what_was_read_before_an_error_is_kept)
{
	begin();
	write_events("a.json", 0, 3);
	ck_assert_int_ne(RUN("a.json", "none.json"), 0);
	ck_assert(file_says("err", "; 3 events wait in the spool: run it again"));
	ck_assert_uint_eq(ledger_has(), 0);
	ck_assert_int_eq(RUN("a.json"), 0);
	ck_assert_uint_eq(ledger_has(), 3);
	end();
}
END_TEST

/* The kernel gives this process, and what it starts, no word about what its descriptor 0 is. */
static void hide_what_stdin_is(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fstat, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_newfstatat, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EIO),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {.len = sizeof filter / sizeof *filter, .filter = filter};
	ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

/* SND-28: a pipe's messages are new each time, so a file that was taken for a pipe would be sent twice. */
START_TEST(what_cannot_be_looked_at_is_no_pipe)
{
	begin();
	hide_what_stdin_is();
	ck_assert_int_eq(RUN("-"), 4);
	ck_assert(file_says("err", "'-' cannot be looked at: Input/output error"));
	ck_assert_uint_eq(ledger_has(), 0);
	end();
}
END_TEST

START_TEST(wrong_usage_is_named)
{
	begin();
	ck_assert_int_eq(RUN("--batch", "0", "x"), 2);
	ck_assert_int_eq(RUN("--batch", "4097", "x"), 2);
	ck_assert_int_eq(RUN("--format", "csv", "x"), 2);
	ck_assert_int_eq(RUN("--colour"), 2);
	ck_assert_int_eq(RUN("missing.json"), 4);
	ck_assert(file_says("err", "'missing.json': No such file"));
	ck_assert_int_eq(chmod("key", 0644), 0);
	ck_assert_int_eq(RUN("/dev/null"), 4);
	ck_assert(file_says("err", "0600"));
	end();
}
END_TEST

UNIT_MAIN("send", files_are_sent_once, pipes_are_new_unless_named, refused_messages_are_kept,
	refused_again_says_where_it_was, another_format_loses_nothing, another_format_through_a_pipe_is_kept,
	killed_with_a_pipe_loses_nothing, a_feed_in_utf16_is_sent, a_row_in_utf16_says_its_byte_order,
	a_live_feed_is_sent_at_once, a_stream_is_sent_as_it_comes, killed_anywhere_nothing_is_doubled,
	stopped_early_is_said, what_was_read_before_an_error_is_kept, what_cannot_be_looked_at_is_no_pipe,
	wrong_usage_is_named)
