/* A folder as the page, what is answered out of it, and what no page may look like. */
#include "query/page/page.h"
#include "query/page/page_folder.h"
#include "query/routes/routes.h"
#include "tests/lib/fixture.h"

#include <zlib.h>

static struct fixture f;
static struct archive *archive;
static struct page *page;
static struct routes routes;
static struct page_source source;
static char folder[128];
static char told[512];

static void tell(const char *line)
{
	snprintf(told, sizeof told, "%s", line);
}

/* 4,000 letters, so that it gets smaller. */
static void put_sample(void)
{
	shell("mkdir -p %s/fonts && cd %s && printf '<!doctype html><title>a</title>' > index.html && "
		  "head -c 4000 /dev/zero | tr '\\0' 'x' > app.3F2A9C01.js && printf 'p{}' > fonts/a.css && printf n > .hidden",
		folder, folder);
}

static void begin(void)
{
	struct fault fault = {.text = ""};
	fixture_make(&f);
	snprintf(folder, sizeof folder, "%s/web", f.place.path);
	put_sample();
	ck_ok(archive_open(f.dir, true, &archive, &fault));
	source = (struct page_source){.folder = folder, .archive = archive, .tell = tell};
	enum error error = page_open(&source, &page, &fault);
	ck_assert_msg(error == E_OK, "%s", fault.text);
	routes = (struct routes){.archive = archive, .page = page};
}

static void end(void)
{
	page_close(page);
	archive_close(archive);
	fixture_remove(&f);
}

static const char *header_of(const struct response *response, const char *name)
{
	for (size_t i = 0; i < response->header_count; i++)
		if (strcmp(response->headers[i].name, name) == 0)
			return response->headers[i].value;
	return "";
}

static void ask(const char *method, const char *path, bool gzip, const char *known, struct response *out)
{
	struct request request = {
		.method = method, .path = path, .query = "code=abc", .gzip = gzip, .if_none_match = known, .local = true};
	routes_answer(&routes, &request, f.now_s, out);
}

static int status_of(const char *method, const char *path)
{
	struct response response;
	ask(method, path, false, NULL, &response);
	int status = response.status;
	response_release(&response);
	return status;
}

/* PAGE-3: a name byte for byte, and nothing else. */
START_TEST(files_are_answered_by_their_names_alone)
{
	static const char *const none[] = {"/fonts", "/fonts/", "/../web/index.html", "/fonts/../index.html",
		"//index.html", "/index%2ehtml", "/%2e%2e/vkey", "/.hidden", "/index.html/", "/INDEX.HTML", "index.html",
		"/v1/", "/vkey", ""};
	begin();
	ck_assert_int_eq(status_of("GET", "/"), 200);
	ck_assert_int_eq(status_of("HEAD", "/index.html"), 200);
	ck_assert_int_eq(status_of("GET", "/fonts/a.css"), 200);
	ck_assert_int_eq(status_of("POST", "/"), 405);
	ck_assert_int_eq(status_of("GET", "/checkpoint"), 400); /* which takes no query: routes go first */
	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
		ck_assert_msg(status_of("GET", none[i]) == 404, "%s", none[i]);
	struct response response;
	ask("GET", "/", false, NULL, &response);
	ck_assert_str_eq(response.route, "/");
	ck_assert_mem_eq(response.body, "<!doctype html>", 15);
	response_release(&response);
	end();
}
END_TEST

/* PAGE-4 */
START_TEST(a_file_is_kept_as_long_as_its_name_lasts)
{
	struct response response;
	char tag[64];
	begin();
	ask("GET", "/", true, NULL, &response);
	ck_assert_str_eq(header_of(&response, "Cache-Control"), "public, no-cache");
	ck_assert_str_eq(header_of(&response, "Content-Type"), "text/html; charset=utf-8");
	ck_assert_str_eq(header_of(&response, "Content-Encoding"), "");
	strcpy(tag, header_of(&response, "ETag"));
	response_release(&response);
	ask("GET", "/", false, tag, &response);
	ck_assert_int_eq(response.status, 304);
	ck_assert_uint_eq(response.body_len, 0);
	ck_assert_str_eq(header_of(&response, "ETag"), tag);
	response_release(&response);
	ask("GET", "/app.3F2A9C01.js", false, tag, &response);
	ck_assert_int_eq(response.status, 200);
	ck_assert_uint_eq(response.body_len, 4000);
	ck_assert_str_eq(header_of(&response, "Cache-Control"), "public, max-age=31536000, immutable");
	ck_assert_str_eq(header_of(&response, "Vary"), "Accept-Encoding");
	response_release(&response);
	ask("GET", "/app.3F2A9C01.js", true, NULL, &response);
	ck_assert_str_eq(header_of(&response, "Content-Encoding"), "gzip");
	ck_assert_ptr_nonnull(strstr(header_of(&response, "ETag"), "-gzip\""));
	uint8_t text[4001];
	z_stream stream = {.next_in = (Bytef *)response.body,
		.avail_in = (uInt)response.body_len,
		.next_out = text,
		.avail_out = sizeof text};
	ck_assert_int_eq(inflateInit2(&stream, 15 + 16), Z_OK);
	ck_assert_int_eq(inflate(&stream, Z_FINISH), Z_STREAM_END);
	inflateEnd(&stream);
	ck_assert_uint_eq(stream.total_out, 4000);
	ck_assert_uint_lt(response.body_len, 100);
	response_release(&response);
	end();
}
END_TEST

/* PAGE-5: the page may do little, and what is not the page still less. */
START_TEST(a_file_says_what_it_may)
{
	struct response response;
	begin();
	ask("GET", "/", false, NULL, &response);
	const char *policy = header_of(&response, "Content-Security-Policy");
	ck_assert_ptr_nonnull(
		strstr(policy, "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self';"));
	ck_assert_ptr_nonnull(strstr(policy, "connect-src 'self';"));
	ck_assert_ptr_nonnull(strstr(policy, "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types"));
	ck_assert_str_eq(header_of(&response, "X-Content-Type-Options"), "nosniff");
	ck_assert_str_eq(header_of(&response, "Referrer-Policy"), "no-referrer");
	ck_assert_str_eq(header_of(&response, "Cross-Origin-Opener-Policy"), "same-origin");
	ck_assert_str_eq(header_of(&response, "Cross-Origin-Resource-Policy"), "same-origin");
	ck_assert_ptr_nonnull(strstr(header_of(&response, "Permissions-Policy"), "camera=()"));
	response_release(&response);
	ask("GET", "/nowhere", false, NULL, &response);
	ck_assert_str_eq(header_of(&response, "Content-Security-Policy"), "default-src 'none'; frame-ancestors 'none'");
	response_release(&response);
	end();
}
END_TEST

static void refused(const char *making, const char *says)
{
	struct page_folder *read = NULL;
	struct fault fault = {.text = ""};
	shell("rm -rf %s && mkdir %s", folder, folder);
	put_sample();
	shell("cd %s && %s", folder, making);
	ck_assert_msg(page_folder_read(folder, &read, &fault) != E_OK, "%s", making);
	ck_assert_msg(strstr(fault.text, says) != NULL, "%s: %s", making, fault.text);
}

/* PAGE-1 */
START_TEST(what_is_no_page_is_refused_by_name)
{
	begin();
	refused("rm index.html", "no index.html");
	refused("ln -s /etc/passwd a.txt", "a.txt is neither a file nor a folder");
	refused("ln -s /etc etc", "etc is neither");
	refused("mkfifo a.js", "a.js is neither");
	refused("touch a.exe", "a.exe is of a kind");
	refused("touch noending", "noending is of a kind");
	refused("touch 'a b.js'", "no part of an address");
	refused("mkdir -p a/b/c/d && touch a/b/c/d/e.js", "4 folders deep");
	refused("i=0; while [ $i -lt 256 ]; do touch $i.js; i=$((i+1)); done", "over 256 files");
	refused("truncate -s 8388609 big.js", "over 8 MiB");
	refused("touch $(printf '%0125d' 0).js", "no part of an address");
	end();
}
END_TEST

/* PAGE-2 */
START_TEST(a_page_is_read_again_or_stays)
{
	struct response response;
	begin();
	shell("printf new > %s/index.html; printf more > %s/more.txt", folder, folder);
	ck_assert_int_eq(status_of("GET", "/more.txt"), 404);
	page_reload(page);
	ck_assert_int_eq(status_of("GET", "/more.txt"), 200);
	ask("GET", "/", false, NULL, &response);
	ck_assert_mem_eq(response.body, "new", 3);
	response_release(&response);
	shell("mkfifo %s/bad.js", folder);
	page_reload(page);
	ck_assert_int_eq(status_of("GET", "/"), 200);
	ck_assert_ptr_nonnull(strstr(told, "stays as it is"));
	ck_assert_ptr_nonnull(strstr(told, "bad.js"));
	told[0] = '\0';
	page_reload(page);
	const struct request posted = {.method = "POST", .path = "/index.html"};
	ck_assert(!routes_take_body(&routes, &posted)); /* the loop asks: it reads no folder */
	ck_assert_str_eq(told, "");
	end();
}
END_TEST

static json_t *config_of(void)
{
	struct response response;
	ask("GET", "/config.json", false, NULL, &response);
	ck_assert_int_eq(response.status, 200);
	json_t *config = json_loadb(response.body, response.body_len, 0, NULL);
	ck_assert_ptr_nonnull(config);
	response_release(&response);
	return config;
}

static const char *config_text(const char *name)
{
	static char text[512];
	json_t *config = config_of();
	const char *value = json_string_value(json_object_get(config, name));
	snprintf(text, sizeof text, "%s", value != NULL ? value : "");
	json_decref(config);
	return text;
}

static void again(const char *wanted)
{
	page_reload(page);
	ck_assert_int_eq(status_of("GET", "/"), 200);
	ck_assert_msg(strstr(told, wanted) != NULL, "%s", told);
}

/* The page's own, else the ledger's, else what follows from the ledger. */
START_TEST(the_configuration_is_the_pages_own)
{
	char vkey[VKEY_TEXT_MAX + 1];
	struct response response;
	begin();
	vkey_format(&f.vkey, vkey);
	ck_assert_str_eq(config_text("vkey"), vkey);
	ck_assert_str_eq(config_text("ledger"), "./");
	json_t *config = config_of();
	ck_assert_int_gt(json_integer_value(json_object_get(config, "lag_seconds")), 0);
	ck_assert(json_is_null(json_object_get(config, "policy")) && json_is_null(json_object_get(config, "issuer")));
	json_decref(config);
	shell("printf '{\"ledger\":\"https://a.example/x\",\"vkey\":\"%s\",\"issuer\":\"https://b.example:8/y\","
		  "\"client_id\":\"c\",\"connect\":[\"https://t.example\"]}' > %s/page.json",
		vkey, f.dir);
	again("read again");
	ck_assert_str_eq(config_text("client_id"), "c");
	ask("GET", "/", false, NULL, &response);
	ck_assert_ptr_nonnull(strstr(header_of(&response, "Content-Security-Policy"),
		"connect-src 'self' https://a.example https://b.example:8 https://t.example;"));
	response_release(&response);
	shell("printf '{\"ledger\":\"./\",\"vkey\":\"%s\",\"scope\":\"own\"}' > %s/config.json", vkey, folder);
	again("read again");
	ck_assert_str_eq(config_text("scope"), "own");
	end();
}
END_TEST

static void config_refused(const char *text, const char *says)
{
	char origins[PAGE_ORIGINS_BYTES_MAX + 1];
	struct fault fault = {.text = ""};
	ck_assert_msg(page_config_check(bytes_text(text), origins, &fault) != E_OK, "%s", text);
	ck_assert_msg(strstr(fault.text, says) != NULL, "%s: %s", text, fault.text);
}

/* PAGE-6 */
START_TEST(a_configuration_that_cannot_do_is_refused)
{
	static const char *const addresses[] = {"b.example", "ftp://b.example", "https://",
		"https://b.example; script-src *", "https://b.example 'unsafe-inline'", "https://B.EXAMPLE/",
		"https://b.example?x", "//b.example", "javascript:x", "https://u@b.example/"};
	char vkey[VKEY_TEXT_MAX + 1], text[1024];
	begin();
	vkey_format(&f.vkey, vkey);
#define CONFIG(more) (snprintf(text, sizeof text, "{\"ledger\":\"./\",\"vkey\":\"%s\"%s}", vkey, more), text)
	char origins[PAGE_ORIGINS_BYTES_MAX + 1];
	ck_ok(page_config_check(bytes_text(CONFIG("")), origins, NULL));
	ck_assert_str_eq(origins, "");
	config_refused(CONFIG(",\"more\":1"), "not known");
	config_refused("[]", "an object");
	config_refused("{", "line 1");
	config_refused("{\"ledger\":\"./\"}", "vkey");
	config_refused("{\"ledger\":\"./\",\"vkey\":\"x+y\"}", "vkey");
	config_refused(CONFIG(",\"policy\":\"nonsense\\n\""), "policy");
	config_refused(CONFIG(",\"lag_seconds\":0"), "lag_seconds");
	config_refused(CONFIG(",\"demo\":1"), "demo");
	config_refused(CONFIG(",\"languages\":[\"danish\"]"), "languages");
	config_refused(CONFIG(",\"issuer\":\"https://b.example\""), "client_id");
	config_refused(CONFIG(",\"connect\":\"https://b.example\""), "connect");
	config_refused(CONFIG(",\"download\":\"https://b.example/page.tar\""), "publisher must be the vkey");
	config_refused(CONFIG(",\"publisher\":\"x\""), "download must be an address");
	config_refused(CONFIG(",\"download\":\"javascript:x\",\"publisher\":\"x\""), "download must be an address");
	char both[sizeof vkey + 64];
	snprintf(both, sizeof both, ",\"download\":\"https://b.example/page.tar\",\"publisher\":\"%s\"", vkey);
	ck_ok(page_config_check(bytes_text(CONFIG(both)), origins, NULL));
	ck_assert_str_eq(origins, "");
	for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
		char member[128];
		snprintf(member, sizeof member, ",\"client_id\":\"c\",\"issuer\":\"%s\"", addresses[i]);
		config_refused(CONFIG(member), "issuer must be an address");
		snprintf(member, sizeof member, ",\"connect\":[\"%s\"]", addresses[i]);
		config_refused(CONFIG(member), "connect must be an address");
	}
	end();
}
END_TEST

UNIT_MAIN("page", files_are_answered_by_their_names_alone, a_file_is_kept_as_long_as_its_name_lasts,
	a_file_says_what_it_may, what_is_no_page_is_refused_by_name, a_page_is_read_again_or_stays,
	the_configuration_is_the_pages_own, a_configuration_that_cannot_do_is_refused)
