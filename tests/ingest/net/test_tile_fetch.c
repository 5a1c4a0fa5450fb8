/* Tiles from a directory, and servers that are broken or mean harm; honest ones are in tests/e2e. */
#include "ingest/net/tile_fetch.h"
#include "tests/lib/place.h"
#include "tests/lib/tile_log.h"
#include "tests/lib/unit.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static struct place place;
static char dir[80];
static struct tile_log all;

/* Writes a file below the directory, and the directories that it stands in. */
static void put_file(const char *path, struct bytes content)
{
	char whole[200];
	snprintf(whole, sizeof whole, "%s%s", dir, path);
	for (char *slash = whole + strlen(dir) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
		*slash = '\0';
		mkdir(whole, 0755);
		*slash = '/';
	}
	FILE *file = fopen(whole, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(content.data, 1, content.len, file), content.len);
	ck_assert_int_eq(fclose(file), 0);
}

static void put_tile(bool entries, uint32_t level, uint64_t number, uint32_t width)
{
	char path[TILE_PATH_BYTES_MAX + 1];
	const struct tile_path tile = {.entries = entries, .level = level, .number = number, .width = width};
	struct bytes content;
	struct fault fault;
	ck_ok(tile_log_read(&all, &tile, &content, &fault));
	tile_path_format(&tile, path);
	put_file(path, content);
}

static void put_log(uint64_t size)
{
	place_make(&place);
	snprintf(dir, sizeof dir, "%s/a log", place.path);
	mkdir(dir, 0755);
	tile_log_fill(&all, size);
	for (uint32_t level = 0; size >> (8 * level) > 0; level++) {
		uint64_t hashes = size >> (8 * level);
		for (uint64_t number = 0; number * TILE_WIDTH < hashes; number++) {
			uint64_t left = hashes - number * TILE_WIDTH;
			put_tile(false, level, number, left < TILE_WIDTH ? (uint32_t)left : TILE_WIDTH);
			if (level == 0)
				put_tile(true, 0, number, left < TILE_WIDTH ? (uint32_t)left : TILE_WIDTH);
		}
	}
	put_file("/checkpoint", BYTES_LITERAL("the newest one\n"));
}

static void drop_log(void)
{
	tile_log_free(&all);
	place_remove(&place);
}

static struct tile_fetch *open_fetch(int wake_fd)
{
	struct tile_fetch *fetch = NULL;
	struct fault fault = {.text = ""};
	ck_assert_msg(tile_fetch_open(dir, wake_fd, &fetch, &fault) == E_OK, "%s", fault.text);
	return fetch;
}

START_TEST(a_whole_log)
{
	put_log(5000);
	struct tile_fetch *fetch = open_fetch(-1);
	const struct tile_source source = {tile_fetch_read, fetch};
	struct tile_reader *reader;
	struct checkpoint checkpoint;
	struct log_finding finding;
	struct bytes note;
	struct fault fault;
	ck_ok(tile_fetch_checkpoint(fetch, &note, &fault));
	ck_assert(bytes_equal(note, BYTES_LITERAL("the newest one\n")));
	tile_log_checkpoint(&all, 5000, &checkpoint);
	ck_ok(tile_reader_open(&source, &checkpoint, &reader, &finding));
	for (uint64_t first = 0; first < 20; first += 7) { /* in order, then begun again somewhere else */
		tile_fetch_ahead(fetch, first, 5000);
		for (uint64_t number = first; number < 20; number++) {
			struct tile_bundle bundle;
			ck_assert_msg(tile_reader_bundle(reader, number, &bundle, &finding) == E_OK, "%s", finding.text);
			ck_assert(bytes_equal(bundle.entries[3], all.entries[number * TILE_WIDTH + 3]));
		}
	}
	tile_reader_close(reader);
	tile_fetch_close(fetch);
	drop_log();
}
END_TEST

START_TEST(what_is_not_there)
{
	put_log(300);
	struct tile_fetch *fetch = open_fetch(-1);
	const struct tile_path missing = {.level = 0, .number = 7, .width = 3};
	const struct tile_path long_one = {.level = 0, .number = 0, .width = 256};
	struct bytes content;
	struct fault fault;
	ck_error(tile_fetch_read(fetch, &missing, &content, &fault), E_NOT_FOUND);
	ck_assert_str_eq(fault.text, "/tile/0/007.p/3 is not there");
	static uint8_t too_long[TILE_WIDTH * HASH_BYTES + 1];
	put_file("/tile/0/000", BYTES_ARRAY(too_long));
	ck_error(tile_fetch_read(fetch, &long_one, &content, &fault), E_IO);
	ck_assert_ptr_nonnull(strstr(fault.text, "longer than the 8192 bytes"));
	tile_fetch_close(fetch);
	drop_log();
}
END_TEST

START_TEST(a_wait_ends_when_woken)
{
	put_log(10);
	int ends[2];
	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(write(ends[1], "x", 1), 1);
	struct tile_fetch *fetch;
	struct bytes content;
	struct fault fault;
	/* Nobody answers there: without the wake it would be tried for seconds. */
	ck_ok(tile_fetch_open("http://127.0.0.1:1/", ends[0], &fetch, &fault));
	ck_error(tile_fetch_checkpoint(fetch, &content, &fault), E_CLOSED);
	tile_fetch_close(fetch);
	close(ends[0]);
	close(ends[1]);
	drop_log();
}
END_TEST

/* Files are read without waiting for anything; it ends all the same. */
START_TEST(woken_while_reading_files)
{
	put_log(300);
	int ends[2];
	ck_assert_int_eq(pipe(ends), 0);
	struct tile_fetch *fetch = open_fetch(ends[0]);
	const struct tile_path tile = {.level = 0, .number = 0, .width = TILE_WIDTH};
	struct bytes content;
	struct fault fault;
	tile_fetch_ahead(fetch, 0, 300);
	ck_ok(tile_fetch_read(fetch, &tile, &content, &fault));
	ck_assert_int_eq(write(ends[1], "x", 1), 1);
	ck_error(tile_fetch_read(fetch, &tile, &content, &fault), E_CLOSED);
	tile_fetch_close(fetch);
	close(ends[0]);
	close(ends[1]);
	drop_log();
}
END_TEST

/* ---- servers ---- */

struct served {
	int listener;
	uint16_t port;
	unsigned asked;
	const char *head;
	const uint8_t *body;
	size_t body_len;
	bool endless; /* the body over and over, until nobody takes it */
};

static void answer_one(struct served *served, int fd)
{
	char request[4096] = "";
	size_t len = 0;
	ssize_t n = 1;
	while (strstr(request, "\r\n\r\n") == NULL && n > 0 && len < sizeof request - 1) {
		n = recv(fd, request + len, sizeof request - 1 - len, 0);
		len += n > 0 ? (size_t)n : 0;
	}
	served->asked++;
	ck_assert_ptr_nonnull(strstr(request, "Accept-Encoding: gzip, identity\r\n"));
	n = send(fd, served->head, strlen(served->head), MSG_NOSIGNAL);
	do
		n = send(fd, served->body, served->body_len, MSG_NOSIGNAL);
	while (served->endless && n > 0);
	shutdown(fd, SHUT_WR);
	while (n > 0)
		n = recv(fd, request, sizeof request, 0);
}

static void *serve(void *context)
{
	struct served *served = context;
	for (int fd; (fd = accept(served->listener, NULL, NULL)) >= 0;) {
		answer_one(served, fd);
		close(fd);
	}
	return NULL;
}

static pthread_t serve_begin(struct served *served)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof address;
	pthread_t thread;
	served->listener = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(served->listener, (struct sockaddr *)&address, len), 0);
	ck_assert_int_eq(getsockname(served->listener, (struct sockaddr *)&address, &len), 0);
	ck_assert_int_eq(listen(served->listener, 16), 0);
	served->port = ntohs(address.sin_port);
	ck_assert_int_eq(pthread_create(&thread, NULL, serve, served), 0);
	return thread;
}

/* A tile of the server's log; `text` is in the fault. */
static void assert_told(struct served *served, enum error error, const char *text, unsigned asked)
{
	const struct tile_path tile = {.level = 0, .number = 0, .width = TILE_WIDTH};
	pthread_t thread = serve_begin(served);
	char url[64];
	struct tile_fetch *fetch;
	struct bytes content;
	struct fault fault = {.text = ""};
	snprintf(url, sizeof url, "http://127.0.0.1:%u", served->port);
	ck_ok(tile_fetch_open(url, -1, &fetch, &fault));
	ck_error(tile_fetch_read(fetch, &tile, &content, &fault), error);
	ck_assert_msg(strstr(fault.text, text) != NULL, "%s: %s", served->head, fault.text);
	tile_fetch_close(fetch);
	shutdown(served->listener, SHUT_RDWR);
	pthread_join(thread, NULL);
	close(served->listener);
	ck_assert_uint_eq(served->asked, asked);
}

static struct bytes bomb(void)
{
	static uint8_t packed[1 << 16], zeros[1 << 20];
	z_stream stream = {.next_out = packed, .avail_out = sizeof packed};
	ck_assert_int_eq(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	for (int i = 0; i < 32; i++) {
		stream.next_in = zeros;
		stream.avail_in = sizeof zeros;
		ck_assert_int_eq(deflate(&stream, i == 31 ? Z_FINISH : Z_NO_FLUSH), i == 31 ? Z_STREAM_END : Z_OK);
	}
	deflateEnd(&stream);
	return bytes_of(packed, stream.total_out);
}

START_TEST(bad_servers_are_told_apart)
{
	static uint8_t page[100000];
	const struct bytes packed = bomb();
	memset(page, 'x', sizeof page);
	struct {
		struct served served;
		enum error error;
		const char *text;
		unsigned asked;
	} cases[] = {
		{{.head = "HTTP/1.1 404 Not Found\r\n\r\n", .body = page, .body_len = 9379}, E_NOT_FOUND, "is not there", 1},
		{{.head = "HTTP/1.1 404 Not Found\r\n\r\n", .body = page, .body_len = 9379, .endless = true}, E_NOT_FOUND,
			"is not there", 1},
		{{.head = "HTTP/1.1 410 Gone\r\nContent-Length: 100000\r\n\r\n", .body = page, .body_len = 100000}, E_NOT_FOUND,
			"is not there", 1},
		{{.head = "HTTP/1.1 403 Forbidden\r\n\r\n", .body = page, .body_len = 9379}, E_IO, "answered 403", 1},
		{{.head = "HTTP/1.1 503 Busy\r\n\r\n", .body = page, .body_len = 9379}, E_IO, "answered 503", TILE_FETCH_TRIES},
		{{.head = "HTTP/1.1 200 OK\r\n\r\n", .body = page, .body_len = 8193}, E_IO, "longer than the 8192 bytes", 1},
		{{.head = "HTTP/1.1 200 OK\r\n\r\n", .body = page, .body_len = 1, .endless = true}, E_IO,
			"longer than the 8192 bytes", 1},
		{{.head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", .body = packed.data, .body_len = packed.len},
			E_IO, "longer than the 8192 bytes", 1},
		{{.head = "HTTP/1.1 200 OK\r\nContent-Length: 8192\r\n\r\n", .body = page, .body_len = 5000}, E_IO,
			"3192 bytes", TILE_FETCH_TRIES},
		{{.head = "HTTP/1.1 302 Found\r\nLocation: file:///etc/hostname\r\nContent-Length: 1\r\n\r\n",
			 .body = page,
			 .body_len = 1},
			E_IO, "Protocol \"file\"", TILE_FETCH_TRIES},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_told(&cases[i].served, cases[i].error, cases[i].text, cases[i].asked);
}
END_TEST

START_TEST(bad_places_are_refused)
{
	static const char *const places[] = {"", "ftp://example.org/", "/nowhere/at/all", "http://", "gopher:x"};
	struct tile_fetch *fetch;
	struct fault fault;
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		fault.text[0] = '\0';
		ck_error(tile_fetch_open(places[i], -1, &fetch, &fault), E_USAGE);
		ck_assert_ptr_nonnull(strstr(fault.text, "http://"));
	}
}
END_TEST

UNIT_MAIN("tile_fetch", a_whole_log, what_is_not_there, a_wait_ends_when_woken, woken_while_reading_files,
	bad_servers_are_told_apart, bad_places_are_refused)
