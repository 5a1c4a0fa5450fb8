/* The ledger is made and its senders are registered before anybody serves it, in one tick. It is served as users do,
 * with `indsigt serve`; the daemons are found among that process's children, to look at their memory. Whatever fails,
 * bench_place_close ends what was started. Each load begins with nothing left to file, so that none pays for the filing
 * of the one before. */
#include "tools/bench/bench_place.h"

#include "ingest/spool/sender_key.h"
#include "ledger/store/place.h"
#include "ledger/write/ledger.h"
#include "query/identity/demo_issuer.h"
#include "tools/bench/bench_pair.h"
#include "tools/command/admin.h"

#include <ftw.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#define START_MS_MAX 60000
#define STOP_MS_MAX 60000

/* ---- ledger and senders ---- */

static enum error make_dir(const char *dir, struct bench_place *place, struct fault *fault)
{
	const char *base = getenv("TMPDIR");
	int len = dir ? snprintf(place->dir, sizeof place->dir, "%s", dir)
				  : snprintf(place->dir, sizeof place->dir, "%s/indsigt-bench-XXXXXX", base && *base ? base : "/tmp");
	if (len <= 0 || (size_t)len >= sizeof place->dir)
		return fault_set(fault, E_USAGE, "the name of the directory is too long");
	if (dir ? mkdir(place->dir, 0700) != 0 : mkdtemp(place->dir) == NULL)
		return fault_set(fault, errno == EEXIST ? E_EXISTS : E_IO, "'%s' cannot be made: %m", place->dir);
	place->temporary = dir == NULL;
	snprintf(place->ledger, sizeof place->ledger, "%s/ledger", place->dir);
	return E_OK;
}

static enum error register_one(struct ledger *ledger, const struct bench_place *place, uint32_t id, struct fault *fault)
{
	OWNED(sender_key_wipe) struct sender_key key = {.sender = id, .log = place->vkey};
	struct entry_sender entry = {.action = SENDER_REGISTER, .follows = FOLLOWS_NOTHING, .sender = id};
	char path[CHILD_PATH_MAX / 2];
	snprintf(path, sizeof path, "%s/%" PRIu32 ".json", place->dir, id);
	snprintf(entry.org, sizeof entry.org, "cvr:55133018");
	snprintf(entry.name, sizeof entry.name, "Load %" PRIu32, id);
	policy_default(&entry.policy);
	sender_key_generate(&key);
	memcpy(entry.public_key, key.public_key, sizeof entry.public_key);
	TRY(sender_key_endorse(&key, &entry));
	TRY(sender_key_write(path, &key, false, fault));
	return ledger_append_sender(ledger, &entry, fault);
}

static enum error register_all(
	struct ledger *ledger, const struct bench_place *place, uint32_t senders, struct fault *fault)
{
	TRY(ledger_begin(ledger, fault));
	for (uint32_t id = 1; id <= senders; id++)
		TRY(register_one(ledger, place, id, fault));
	return ledger_commit(ledger, fault);
}

static enum error make_ledger(struct bench_place *place, uint32_t senders, struct fault *fault)
{
	struct ledger *ledger = NULL;
	TRY(ledger_create(place->ledger, "bench.example/load", fault));
	TRY(place_read_vkey(place->ledger, &place->vkey, fault));
	TRY(ledger_open(place->ledger, NULL, &ledger, fault));
	enum error error = register_all(ledger, place, senders, fault);
	ledger_close(ledger);
	return error;
}

/* ---- serving ---- */

const char *bench_ca(const struct bench_place *place)
{
	return place->certificate[0] != '\0' ? place->certificate : NULL;
}

static enum error read_ready(struct bench_place *place, struct fault *fault)
{
	char line[CHILD_LINE_MAX + 1];
	char ingest[ADDRESS_TEXT_MAX + 1];
	while (!child_line(&place->serve, line)) {
		if (place->serve.output < 0 || !child_wait_output(&place->serve, START_MS_MAX))
			return fault_set(fault, E_STOPPED, "'indsigt serve' did not become ready; with --dir its log is kept");
	}
	if (sscanf(line, "ready ingest=%63s query=%63s", ingest, place->query) != 2)
		return fault_set(fault, E_STOPPED, "'indsigt serve' did not say that it is ready");
	snprintf(place->ingest, sizeof place->ingest, "%s%s", bench_ca(place) ? "tls://" : "", ingest);
	return E_OK;
}

static void find_daemons(struct bench_place *place)
{
	char path[64];
	char name[17];
	int pid;
	snprintf(path, sizeof path, "/proc/%d/task/%d/children", place->serve.pid, place->serve.pid);
	FILE *children = fopen(path, "re");
	while (children && fscanf(children, "%d", &pid) == 1) {
		snprintf(path, sizeof path, "/proc/%d/comm", pid);
		FILE *comm = fopen(path, "re");
		if (comm && fscanf(comm, "%16s", name) == 1 && strcmp(name, "indsigt-ingestd") == 0)
			place->ingestd = pid;
		else
			place->queryd = pid;
		if (comm)
			fclose(comm);
	}
	if (children)
		fclose(children);
}

static enum error start_serving(struct bench_place *place, bool tls, struct fault *fault)
{
	char self[CHILD_PATH_MAX];
	char key[CHILD_PATH_MAX / 2];
	const char *argv[13] = {
		"indsigt", "serve", place->ledger, "--ingest", "127.0.0.1:0", "--query", "127.0.0.1:0", "--demo-tokens"};
	const char *const pair[] = {"--tls-cert", place->certificate, "--tls-key", key};
	char log[CHILD_PATH_MAX / 2];
	snprintf(log, sizeof log, "%s/log", place->dir);
	snprintf(key, sizeof key, "%s/tls.key", place->dir);
	if (tls) {
		snprintf(place->certificate, sizeof place->certificate, "%s/tls.crt", place->dir);
		TRY(bench_pair_make(place->certificate, key, fault));
		memcpy(argv + 8, pair, sizeof pair);
	}
	TRY(child_self(self, fault));
	TRY(child_start(self, (char *const *)argv, log, &place->serve, fault));
	TRY(read_ready(place, fault));
	find_daemons(place);
	return E_OK;
}

enum error bench_place_open(const char *dir, uint32_t senders, bool tls, struct bench_place *out, struct fault *fault)
{
	*out = (struct bench_place){.serve = CHILD_NONE};
	TRY(make_dir(dir, out, fault));
	TRY(make_ledger(out, senders, fault));
	return start_serving(out, tls, fault);
}

/* ---- what the daemons take ---- */

/* The number behind `name` in a file of /proc; 0 if there is none. */
static uint64_t proc_number(pid_t pid, const char *file, const char *name)
{
	char path[64];
	char line[256];
	uint64_t number = 0;
	size_t len = strlen(name);
	snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
	FILE *lines = pid > 0 ? fopen(path, "re") : NULL;
	while (lines && fgets(line, sizeof line, lines))
		if (strncmp(line, name, len) == 0)
			number = strtoull(line + len, NULL, 10);
	if (lines)
		fclose(lines);
	return number;
}

/* Of the block device that holds the directory, in its statistics the seventh number: sectors of 512 bytes. */
static uint64_t bytes_on_disk(const char *dir)
{
	struct stat info;
	char path[64];
	uint64_t sectors = 0;
	if (stat(dir, &info) != 0)
		return 0;
	snprintf(path, sizeof path, "/sys/dev/block/%u:%u/stat", major(info.st_dev), minor(info.st_dev));
	FILE *file = fopen(path, "re");
	if (file == NULL || fscanf(file, "%*s %*s %*s %*s %*s %*s %" SCNu64, &sectors) != 1)
		sectors = 0;
	if (file)
		fclose(file);
	return sectors * 512;
}

/* What is written is taken from `wchar`, which counts what system calls were given. `write_bytes` counts whole folios
 * that became dirty: on file systems with large ones (ext4 from Linux 6.16 on) that is up to eighty times what then
 * goes to the disk. */
void bench_place_look(struct bench_place *place, struct bench_look *out)
{
	struct bench_look look = {.ingestd_kib = proc_number(place->ingestd, "status", "RssAnon:"),
		.queryd_kib = proc_number(place->queryd, "status", "RssAnon:"),
		.written = proc_number(place->ingestd, "io", "wchar:") + proc_number(place->queryd, "io", "wchar:"),
		.on_disk = bytes_on_disk(place->dir)};
	place->ingestd_kib = look.ingestd_kib > place->ingestd_kib ? look.ingestd_kib : place->ingestd_kib;
	place->queryd_kib = look.queryd_kib > place->queryd_kib ? look.queryd_kib : place->queryd_kib;
	if (out)
		*out = look;
}

/* ---- end ---- */

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
	(void)info, (void)type, (void)ftw;
	return remove(path);
}

void bench_place_close(struct bench_place *place)
{
	child_stop(&place->serve);
	(void)child_wait(&place->serve, STOP_MS_MAX);
	if (place->temporary)
		(void)nftw(place->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- what the parts share ---- */

void bench_watch(void *context, uint64_t done)
{
	struct bench *bench = context;
	bench_place_look(&bench->place, NULL);
	progress_update(&bench->progress, done, bench->progress_total);
}

enum error bench_load(
	struct bench *bench, const char *what, struct load *load, struct load_result *out, struct fault *fault)
{
	load->senders = load->senders ? load->senders : bench_senders_for(bench, load->batch);
	load->subjects = load->subjects ? load->subjects : bench->subjects;
	load->server = bench->place.ingest;
	load->ca = bench_ca(&bench->place);
	load->keys = bench->place.dir;
	load->watch = bench_watch;
	load->context = bench;
	bench->progress_total = load->events;
	TRY(admin_epoch(&(struct admin){.dir = bench->place.ledger}, false, fault));
	progress_start(&bench->progress, what);
	enum error error = load_run(load, out, fault);
	progress_clear(&bench->progress);
	return error;
}

uint32_t bench_senders_for(const struct bench *bench, uint64_t batch)
{
	if (bench->senders)
		return (uint32_t)bench->senders;
	return batch == 1 ? BENCH_SENDERS_SINGLE : BENCH_SENDERS;
}

enum error bench_warm_up(struct bench *bench, struct fault *fault)
{
	struct load_result result;
	struct load each = {.batch = BENCH_BATCH, .events = bench->subjects, .order = LOAD_EACH};
	return bench_load(bench, "subjects made known", &each, &result, fault);
}

const struct bench_people bench_citizens = {
	"events of the citizens who will ask", BENCH_CITIZENS_FROM, BENCH_CITIZENS, BENCH_CITIZEN_EVENTS};

void bench_tokens_free(struct bench_tokens *tokens)
{
	for (size_t i = 0; i < BENCH_CITIZENS; i++)
		free(tokens->texts[i]);
}

static enum error make_tokens(
	const struct bench *bench, const struct bench_people *people, struct bench_tokens *out, struct fault *fault)
{
	OWNED(demo_issuer_wipe) struct demo_issuer issuer = {0};
	char text[TOKEN_TEXT_MAX + 1];
	uint64_t now_s = (uint64_t)time(NULL);
	TRY(demo_issuer_open(bench->place.ledger, false, &issuer, fault));
	for (size_t i = 0; i < people->count; i++) {
		struct identity identity = {.role = ROLE_SUBJECT, .expires_s = now_s + 3600};
		load_subject(people->from + i, identity.id);
		TRY(demo_issue(&issuer, &identity, now_s, text));
		out->texts[i] = strdup(text);
		TRY(fault_set(fault, allocated(out->texts[i]), ""));
	}
	return E_OK;
}

enum error bench_people(
	struct bench *bench, const struct bench_people *people, struct bench_tokens *tokens, struct fault *fault)
{
	struct load_result loaded;
	struct load load = {.senders = 1,
		.batch = BENCH_BATCH,
		.events = (uint64_t)people->count * people->events,
		.order = LOAD_EACH,
		.first_subject = people->from,
		.subjects = people->count};
	TRY(bench_load(bench, people->what, &load, &loaded, fault));
	TRY(admin_epoch(&(struct admin){.dir = bench->place.ledger}, false, fault));
	return make_tokens(bench, people, tokens, fault);
}
