/* Each sender is a process, because that is what senders are: none shares a lock or a CPU's time with another's thread.
 *
 *   fork ─► spool, connection, policy ─► a byte on `ready` ─► the end of `go` ─► sends ─► last receipt: end_ns
 *
 * The clock starts when all are ready, so what is measured is sending. What they did stands in shared memory. One that
 * fails while it sends has said why; the others go on, and the load as a whole fails, for its figures would be of
 * another load. */
#include "tools/bench/bench_load.h"

#include "ingest/sender/outbox.h"
#include "ledger/base/clock.h"
#include "ledger/event/event_json.h"
#include "ledger/event/event_schema.h"
#include "ledger/json/json_read.h"
#include "ledger/process/unix_socket.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define WATCH_MS 100
#define ANSWER_S_MAX 30
#define START_TRIES 3000              /* a hundredth of a second apart */
#define NEW_SUBJECTS_FROM 6000000000u /* of a mixed load: every process its own */

/* Shared with the processes. */
struct seat {
	_Atomic uint64_t events; /* under verified receipts */
	_Atomic uint64_t batches;
	uint64_t added; /* events */
	uint64_t end_ns;
};

/* Of `indsigt send --listen`: gives one event, waits for its answer, gives the next. */
struct caller {
	int fd;     /* -1: none */
	size_t len; /* of the answer, so far */
	char answer[16384];
};

/* Shared, too: of each event that was waited for. */
struct times {
	_Atomic uint64_t count;
	double ms[];
};

struct crew {
	const struct load *load;
	struct seat *seats;
	struct times *times; /* NULL: nothing is waited for */
	pid_t pids[LOAD_SENDERS_MAX];
	uint32_t started;
	int ready[2]; /* the processes write, this one reads; its end: all are gone */
	int go[2];
};

struct worker {
	const struct load *load;
	uint32_t number; /* from 0 */
	struct seat *seat;
	struct times *times;
	struct outbox *outbox;
	struct caller caller;
	uint64_t left;
	uint64_t next; /* LOAD_EACH: the next subject */
	uint64_t met;  /* LOAD_MIXED: new subjects so far */
	uint64_t random;
	bool refused;
};

void load_subject(uint64_t number, char out[LOAD_SUBJECT_MAX])
{
	snprintf(out, LOAD_SUBJECT_MAX, "cpr:%010" PRIu64, number % 10000000000u);
}

/* ---- one caller ---- */

static enum error caller_open(const char *socket_path, struct caller *caller, struct fault *fault)
{
	const char *slash = strrchr(socket_path, '/');
	OWNED_MEMORY char *dir = slash ? strndup(socket_path, (size_t)(slash - socket_path)) : NULL;
	OWNED_FD dir_fd = dir ? open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	struct timeval patience = {.tv_sec = ANSWER_S_MAX};
	caller->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (dir_fd < 0 || caller->fd < 0 ||
		setsockopt(caller->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0)
		return fault_set(fault, E_IO, "no socket: %m");
	for (unsigned tries = 0; unix_connect(caller->fd, dir_fd, slash + 1) != 0; tries++) {
		if (tries >= START_TRIES)
			return fault_set(fault, E_IO, "nobody listens for callers: %m");
		(void)poll(NULL, 0, 10);
	}
	return E_OK;
}

static enum error hear(struct caller *caller, struct fault *fault)
{
	caller->len = 0;
	while (caller->len == 0 || caller->answer[caller->len - 1] != '\n') {
		ssize_t n = 0;
		if (caller->len + 1 < sizeof caller->answer)
			n = recv(caller->fd, caller->answer + caller->len, sizeof caller->answer - 1 - caller->len, 0);
		if (n <= 0)
			return fault_set(fault, E_IO, "a caller got no answer");
		caller->len += (size_t)n;
	}
	caller->answer[caller->len] = '\0';
	if (strstr(caller->answer, "\"receipt\":{") == NULL)
		return fault_set(fault, E_STOPPED, "a caller was answered '%.150s'", caller->answer);
	return E_OK;
}

static enum error caller_ask(struct caller *caller, const struct event *event, struct fault *fault)
{
	json_auto_t *json = event_to_json(event);
	OWNED_MEMORY char *text = json ? json_write(json, JSON_COMPACT) : NULL;
	size_t len = text ? strlen(text) : 0;
	TRY(fault_set(fault, allocated(text), ""));
	text[len] = '\n'; /* in place of its end, which is not needed any more */
	if (send(caller->fd, text, len + 1, MSG_NOSIGNAL) != (ssize_t)(len + 1))
		return fault_set(fault, E_IO, "a caller cannot give its event: %m");
	return hear(caller, fault);
}

/* ---- one event ---- */

static void set_text(struct event *event, unsigned field, const char *text)
{
	event->present |= 1ull << field;
	event->values[field].text = bytes_text(text);
}

static void set_code(struct event *event, unsigned field, uint64_t code)
{
	event->present |= 1ull << field;
	event->values[field].number = code;
}

static void set_list(struct event *event, unsigned field, const char *first, const char *second)
{
	struct event_list *list = &event->lists[event->list_count];
	list->items[0] = bytes_text(first);
	list->count = second ? 2 : 1;
	if (second)
		list->items[1] = bytes_text(second);
	event->present |= 1ull << field;
	event->values[field].list = event->list_count++;
}

/* What all events of the load share: a case worker's look into a case, about 300 bytes as it is stored. */
static void fill_template(struct event *event)
{
	*event = (struct event){.header.retention_years = RETENTION_YEARS_DEFAULT};
	set_code(event, EVENT_ACTION, ACTION_READ);
	set_code(event, EVENT_OUTCOME, OUTCOME_OK);
	set_text(event, EVENT_ORG_ID, "cvr:55133018");
	set_text(event, EVENT_ORG_NAME, "Aarhus Kommune");
	set_text(event, EVENT_SYSTEM, "KSD Sygedagpenge");
	set_text(event, EVENT_ACTIVITY, "Opslag i sygedagpengesag");
	set_text(event, EVENT_PURPOSE, "sagsbehandling");
	set_text(event, EVENT_LEGAL_BASIS, "SDL § 3");
	set_code(event, EVENT_ACTOR_KIND, ACTOR_HUMAN);
	set_text(event, EVENT_ACTOR_NAME, "A. Jensen");
	set_text(event, EVENT_ACTOR_ROLE, "sagsbehandler");
	set_list(event, EVENT_CATEGORIES, "helbred", "beskæftigelse");
}

/* splitmix64 */
static uint64_t next_random(struct worker *worker)
{
	uint64_t z = worker->random += 0x9E3779B97F4A7C15u;
	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	return z ^ (z >> 31);
}

static uint64_t next_subject(struct worker *worker)
{
	const struct load *load = worker->load;
	if (load->order == LOAD_MIXED && next_random(worker) % 100 < load->new_percent)
		return NEW_SUBJECTS_FROM + worker->met++ * load->senders + worker->number;
	uint64_t offset = load->order == LOAD_EACH ? worker->next++ : next_random(worker);
	return load->first_subject + offset % load->subjects;
}

static enum error add_event(struct worker *worker, struct event *event, struct fault *fault)
{
	char subject[LOAD_SUBJECT_MAX];
	char actor[48];
	char object[40];
	char session[40];
	uint64_t chance = next_random(worker);
	load_subject(next_subject(worker), subject);
	snprintf(actor, sizeof actor, "uuid:6f1c0d2e-5b7a-4e39-8c41-%012" PRIx64, chance & 0xFFFFFFFFFFFF);
	snprintf(object, sizeof object, "sag:2026-%06" PRIu64, chance % 1000000);
	snprintf(session, sizeof session, "s-%016" PRIx64, chance);
	set_text(event, EVENT_SUBJECT, subject);
	set_text(event, EVENT_ACTOR_ID, actor);
	set_text(event, EVENT_SESSION, session);
	event->present |= 1ull << EVENT_TIME;
	event->values[EVENT_TIME].time_ns = (int64_t)(clock_wall_ns() / 1000000 * 1000000);
	event->list_count = 1;
	set_list(event, EVENT_OBJECTS, object, NULL);
	worker->left--;
	worker->seat->added++;
	return worker->load->socket ? caller_ask(&worker->caller, event, fault)
								: outbox_add(worker->outbox, event, 1, NULL, fault);
}

/* ---- one sender ---- */

static void count_receipt(void *context, const struct batch_head *batch, const struct receipt *receipt)
{
	struct worker *worker = context;
	(void)receipt;
	worker->seat->events += batch->count;
	worker->seat->batches++;
}

static void note_refusal(void *context, const struct outbox_rejection *rejection)
{
	struct worker *worker = context;
	fprintf(stderr, "indsigt: an event of the load was refused: %s\n", rejection->text);
	worker->refused = true;
}

static enum error finish(struct worker *worker, struct fault *fault)
{
	if (worker->load->socket != NULL)
		return E_OK;
	TRY(outbox_flush(worker->outbox, fault));
	while (!outbox_idle(worker->outbox))
		TRY(outbox_poll(worker->outbox, -1, NULL, -1, fault));
	return E_OK;
}

/* One event, and what becomes of it. */
static enum error send_and_wait(struct worker *worker, struct event *event, struct fault *fault)
{
	uint64_t start_ns = clock_ns();
	TRY(add_event(worker, event, fault));
	TRY(finish(worker, fault));
	worker->times->ms[worker->times->count++] = (double)(clock_ns() - start_ns) / 1e6;
	if (worker->load->socket != NULL) {
		worker->seat->events++;
		worker->seat->batches = worker->seat->events;
	}
	return E_OK;
}

static enum error send_all(struct worker *worker, struct fault *fault)
{
	struct event event = {.present = 0};
	fill_template(&event);
	uint64_t until_ns = worker->load->seconds ? clock_ns() + worker->load->seconds * 1000000000 : UINT64_MAX;
	while (worker->left > 0 && clock_ns() < until_ns) {
		while (worker->outbox != NULL && !outbox_ready(worker->outbox))
			TRY(outbox_poll(worker->outbox, -1, NULL, -1, fault));
		TRY(worker->times ? send_and_wait(worker, &event, fault) : add_event(worker, &event, fault));
	}
	return finish(worker, fault);
}

/* Fetches the policy, so that the start of the clock finds a sender that could send at once. */
static enum error get_ready(struct worker *worker, struct fault *fault)
{
	if (worker->load->socket != NULL)
		return caller_open(worker->load->socket, &worker->caller, fault);
	while (!outbox_ready(worker->outbox))
		TRY(outbox_poll(worker->outbox, -1, NULL, -1, fault));
	return E_OK;
}

/* `ready`: a byte goes there when this sender could start; `go`: it starts when that ends. */
static enum error work(struct worker *worker, int ready, int go, struct fault *fault)
{
	char key[PATH_MAX];
	char byte = 'r';
	snprintf(key, sizeof key, "%s/%" PRIu32 ".json", worker->load->keys, worker->number + 1);
	struct outbox_options options = {.server = worker->load->server,
		.tls = {.ca = worker->load->ca},
		.key_path = key,
		.batch = worker->load->batch,
		.calls = {.receipt = count_receipt, .rejected = note_refusal, .context = worker}};
	if (worker->load->socket == NULL)
		TRY(outbox_open(&options, &worker->outbox, fault));
	enum error error = get_ready(worker, fault);
	if (error == E_OK && (write(ready, &byte, 1) != 1 || read(go, &byte, 1) != 0))
		error = fault_set(fault, E_STOPPED, "the load was stopped");
	if (error == E_OK)
		error = send_all(worker, fault);
	worker->seat->end_ns = clock_ns();
	outbox_close(worker->outbox);
	own_close(&worker->caller.fd);
	return error;
}

static _Noreturn void become_worker(const struct crew *crew, uint32_t number, int ready, int go, pid_t parent)
{
	const struct load *load = crew->load;
	struct fault fault = {0};
	struct worker worker = {
		.load = load, .number = number, .seat = &crew->seats[number], .times = crew->times, .caller = {.fd = -1}};
	uint64_t share = load->events / load->senders;
	uint64_t rest = load->events % load->senders;
	worker.left = share + (number < rest ? 1 : 0);
	worker.next = share * number + (number < rest ? number : rest);
	worker.random = clock_wall_ns() + ((uint64_t)number << 32);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
		_exit(1);
	enum error error = work(&worker, ready, go, &fault);
	if (error != E_OK)
		fprintf(stderr, "indsigt: a sender of the load failed: %s\n", fault.text[0] ? fault.text : error_text(error));
	_exit(error != E_OK || worker.refused);
}

/* ---- all of them ---- */

static enum error start(struct crew *crew, struct fault *fault)
{
	pid_t self = getpid();
	if (pipe2(crew->ready, O_CLOEXEC) != 0 || pipe2(crew->go, O_CLOEXEC) != 0)
		return fault_set(fault, E_IO, "no pipe can be made: %m");
	for (uint32_t i = 0; i < crew->load->senders; i++) {
		pid_t pid = fork();
		if (pid == 0) {
			own_close_now(&crew->ready[0]);
			own_close_now(&crew->go[1]);
			become_worker(crew, i, crew->ready[1], crew->go[0], self);
		}
		if (pid < 0)
			return fault_set(fault, E_IO, "no process can be started: %m");
		crew->pids[crew->started++] = pid;
	}
	own_close_now(&crew->ready[1]);
	own_close_now(&crew->go[0]);
	return E_OK;
}

static enum error wait_ready(struct crew *crew, struct fault *fault)
{
	char byte;
	for (uint32_t i = 0; i < crew->started; i++) {
		ssize_t n;
		do
			n = read(crew->ready[0], &byte, 1);
		while (n < 0 && errno == EINTR);
		if (n != 1)
			return fault_set(fault, E_STOPPED, "not all senders of the load could start");
	}
	return E_OK;
}

static uint64_t events_done(const struct crew *crew)
{
	uint64_t events = 0;
	for (uint32_t i = 0; i < crew->started; i++)
		events += crew->seats[i].events;
	return events;
}

/* Until the last process has closed its end of the pipe. */
static void watch(const struct crew *crew)
{
	struct pollfd fd = {.fd = crew->ready[0], .events = POLLIN};
	do {
		if (crew->load->watch)
			crew->load->watch(crew->load->context, events_done(crew));
	} while (poll(&fd, 1, WATCH_MS) <= 0);
	if (crew->load->watch)
		crew->load->watch(crew->load->context, events_done(crew));
}

static bool reap(const struct crew *crew)
{
	bool good = true;
	for (uint32_t i = 0; i < crew->started; i++) {
		int status = 0;
		while (waitpid(crew->pids[i], &status, 0) < 0 && errno == EINTR)
			;
		good = good && WIFEXITED(status) && WEXITSTATUS(status) == 0;
	}
	return good;
}

static enum error run(struct crew *crew, struct load_result *out, struct fault *fault)
{
	enum error error = start(crew, fault) ?: wait_ready(crew, fault);
	uint64_t start_ns = clock_ns();
	if (error == E_OK) {
		own_close_now(&crew->go[1]);
		watch(crew);
	}
	for (uint32_t i = 0; error != E_OK && i < crew->started; i++)
		(void)kill(crew->pids[i], SIGKILL);
	if (!reap(crew) && error == E_OK)
		error = fault_set(fault, E_STOPPED, "a sender of the load failed");
	TRY(error);
	struct load_result result = {.events = events_done(crew)};
	uint64_t end_ns = start_ns;
	uint64_t added = 0;
	for (uint32_t i = 0; i < crew->started; i++) {
		added += crew->seats[i].added;
		result.batches += crew->seats[i].batches;
		end_ns = crew->seats[i].end_ns > end_ns ? crew->seats[i].end_ns : end_ns;
	}
	result.seconds = (double)(end_ns - start_ns) / 1e9;
	if (result.events != added)
		return fault_set(fault, E_STOPPED, "%" PRIu64 " events were sent and %" PRIu64 " stand under receipts", added,
			result.events);
	if (crew->times != NULL && crew->times->count > 0)
		result.times = ask_times_of(crew->times->ms, crew->times->count);
	*out = result;
	return E_OK;
}

enum error load_run(const struct load *load, struct load_result *out, struct fault *fault)
{
	struct crew crew = {.load = load, .ready = {-1, -1}, .go = {-1, -1}};
	size_t bytes = LOAD_SENDERS_MAX * sizeof *crew.seats;
	if (load->senders < 1 || load->senders > LOAD_SENDERS_MAX)
		return fault_set(fault, E_USAGE, "the load comes from 1 to %u senders", LOAD_SENDERS_MAX);
	crew.seats = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (crew.seats == MAP_FAILED)
		return fault_set(fault, E_NO_MEMORY, "");
	size_t times_bytes = sizeof *crew.times + load->events * sizeof crew.times->ms[0];
	if (load->closed || load->socket != NULL)
		crew.times = mmap(NULL, times_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (crew.times == MAP_FAILED) {
		munmap(crew.seats, bytes);
		return fault_set(fault, E_NO_MEMORY, "");
	}
	fflush(stdout);
	enum error error = run(&crew, out, fault);
	own_close_now(&crew.ready[0]);
	own_close_now(&crew.ready[1]);
	own_close_now(&crew.go[0]);
	own_close_now(&crew.go[1]);
	munmap(crew.seats, bytes);
	if (crew.times != NULL)
		munmap(crew.times, times_bytes);
	return error;
}
