/* Events as they come, to the person that they are about (Server-Sent Events). spec/http.md
 *
 *   route_following: who asks, about whom, from which log index on ─► an answer that goes on (exchange.h)
 *       ─► about once a second, in a worker: another commit? ─► the person's newest events ─► those that were not told
 *
 * Nothing is held between two looks but where it stands: no snapshot, no list. Each event goes out as a page of
 * /v1/accesses with it alone, so that it is checked as any page is. */
#include "ledger/base/clock.h"
#include "ledger/base/thread.h"
#include "ledger/text/number.h"
#include "query/answer/grants.h"
#include "query/routes/call.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#define BEAT_MS 15000u         /* a line at least this often, so that proxies and clients know that it goes on */
#define EVENTS_MAX 32u         /* at once; the others a second later */
#define BYTES_MAX (256u << 10) /* ... and no more once it has these */
#define MISSED_MAX 256u        /* more of them are not told one by one */

struct following {
	struct stream stream;
	const struct routes *routes;
	struct asking asking;
	struct hash asker;
	uint64_t next;    /* events below this log index were told, or were there before */
	uint64_t commit;  /* of the last look, after which nothing was left to tell */
	uint64_t told_ms; /* when something was sent last */
};

/* ---- how many there are ---- */

static bool enter(struct followers *followers, const struct hash *asker)
{
	uint32_t own = 0;
	LOCKED(&followers->mutex);
	for (uint32_t i = 0; i < followers->count; i++)
		own += hash_equal(&followers->askers[i], asker);
	if (followers->count == FOLLOWERS_MAX || own == FOLLOWERS_OF_ONE_MAX)
		return false;
	followers->askers[followers->count++] = *asker;
	return true;
}

static void leave(struct followers *followers, const struct hash *asker)
{
	LOCKED(&followers->mutex);
	for (uint32_t i = 0; i < followers->count; i++)
		if (hash_equal(&followers->askers[i], asker)) {
			followers->askers[i] = followers->askers[--followers->count];
			return;
		}
}

static void following_free(struct stream *stream)
{
	struct following *following = (struct following *)stream;
	leave(following->routes->followers, &following->asker);
	own_wipe(following, sizeof *following);
}

/* ---- one look ---- */

/* As a page with this event alone. */
static enum error tell_event(struct following *following, struct snapshot *snapshot, uint64_t index, FILE *out)
{
	struct fault fault;
	uint64_t next;
	OWNED(text_release) struct text text = {.room = NULL};
	const struct coverage_query coverage = {.form = COVERAGE_NAMED,
		.memory = following->routes->coverage,
		.now_s = (uint64_t)time(NULL),
		.silent_after_s = following->routes->silent_after_s};
	const struct accesses_query query = {.subject = bytes_text(following->asking.subject),
		.to_s = UINT64_MAX,
		.limit = 1,
		.before = index + 1,
		.now_s = (uint64_t)time(NULL)};
	TRY(accesses_page(snapshot, &query, &coverage, &text, &next, &fault));
	fprintf(out, "event: access\nid: %" PRIu64 "\ndata: %s\n\n", index, text.data);
	return E_OK;
}

/* The oldest of what was not told first; the rest, if it is too much for once, at the next look. */
static enum error tell_new(struct following *following, struct snapshot *snapshot, FILE *out)
{
	uint64_t indexes[MISSED_MAX + 1];
	size_t count, fresh = 0, told = 0;
	struct bytes subject = bytes_text(following->asking.subject);
	TRY(snapshot_find(snapshot, subject, UINT64_MAX, indexes, MISSED_MAX + 1, &count));
	while (fresh < count && indexes[fresh] >= following->next)
		fresh++;
	if (fresh > MISSED_MAX) {
		following->next = indexes[0] + 1;
		fprintf(out, "event: reset\nid: %" PRIu64 "\ndata:\n\n", indexes[0]);
		fresh = 0;
	}
	for (; told < fresh && told < EVENTS_MAX && ftell(out) < (long)BYTES_MAX; told++) {
		uint64_t index = indexes[fresh - 1 - told];
		TRY(tell_event(following, snapshot, index, out));
		following->next = index + 1;
	}
	if (told == fresh)
		following->commit = snapshot_commit(snapshot);
	return E_OK;
}

/* A grant ends by itself, or by an event. */
static enum error check_grant(struct following *following, struct snapshot *snapshot, bool *out)
{
	struct asking *asking = &following->asking;
	*out = asking->own;
	if (asking->own)
		return E_OK;
	TRY(grants_find(
		snapshot, bytes_text(asking->subject), bytes_text(asking->who.id), (uint64_t)time(NULL), asking->grant, NULL));
	*out = asking->grant[0] != '\0';
	return E_OK;
}

/* False: it ends, and the reason is said. */
static bool look(struct following *following, FILE *out)
{
	OWNED(snapshot_release) struct snapshot *snapshot = NULL;
	bool granted = true;
	bool beat = clock_ms() - following->told_ms >= BEAT_MS;
	if ((uint64_t)time(NULL) >= following->asking.who.expires_s) {
		fputs("event: end\ndata: token\n\n", out);
		return false;
	}
	enum error error = snapshot_begin(following->routes->archive, &snapshot, NULL);
	if (error == E_OK && (beat || snapshot_commit(snapshot) != following->commit))
		error = check_grant(following, snapshot, &granted);
	if (error == E_OK && granted && snapshot_commit(snapshot) != following->commit)
		error = tell_new(following, snapshot, out);
	if (!granted)
		fputs("event: end\ndata: grant\n\n", out);
	else if (beat && ftell(out) == 0)
		fputs(":\n\n", out);
	return granted && (error == E_OK || error == E_READERS); /* whoever comes again learns what is wrong */
}

static bool more(struct stream *stream, struct response *response)
{
	struct following *following = (struct following *)stream;
	OWNED_MEMORY char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	if (out == NULL)
		return true;
	bool goes_on = look(following, out);
	bool failed = ferror(out) != 0;
	failed = fclose(out) != 0 || failed;
	if (failed)
		return false;
	if (len == 0)
		return goes_on;
	response->body = OWN_TAKE(text);
	response->body_len = len;
	following->told_ms = clock_ms();
	return goes_on;
}

/* ---- the route ---- */

/* Where to go on from: behind what was told last, or with what comes from now on. */
static bool read_place(struct call *call, uint64_t *out)
{
	const char *last = call->request->last_event_id;
	uint64_t size = snapshot_checkpoint(call->snapshot)->size;
	*out = size;
	if (last == NULL)
		return true;
	if (!number_parse(last, 0, NUMBER_INDEX_MAX, out))
		return call_refuse_param(call, "header Last-Event-ID must be the id of an event of this stream");
	*out = *out + 1 < size ? *out + 1 : size;
	return true;
}

/* NULL: the response is made. */
static struct following *following_new(struct call *call, const struct asking *asking)
{
	struct followers *followers = call->routes->followers;
	struct following *following = calloc(1, sizeof *following);
	const struct bytes asker[] = {bytes_text(asking->who.issuer), BYTES_LITERAL("\n"), bytes_text(asking->who.id)};
	if (!call_good(call, allocated(following)))
		return NULL;
	hash_blake2b(NULL, asker, sizeof asker / sizeof asker[0], &following->asker);
	if (followers == NULL || !enter(followers, &following->asker)) {
		call_problem(
			call, 503, E_TOO_MANY, "too many are being told of what comes; ask for pages, or end another window");
		free(following);
		return NULL;
	}
	following->stream = (struct stream){.more = more, .free = following_free};
	following->routes = call->routes;
	following->asking = *asking;
	following->told_ms = clock_ms();
	return following;
}

void route_following(struct call *call)
{
	struct asking asking;
	struct params params;
	uint64_t next;
	if (!call_asking(call, &asking, &params))
		return;
	if (asking.who.role != ROLE_SUBJECT && asking.who.role != ROLE_PROXY) {
		call_problem(
			call, 403, E_FORBIDDEN, "people are told of what comes about them and those they act for; ask for pages");
		return;
	}
	if (params.count > 0) {
		call_refuse_param(call, "a stream takes no parameters: it tells of everything that comes");
		return;
	}
	if (!call_snapshot(call) || !call_granted(call, &asking) || !read_place(call, &next))
		return;
	struct following *following = following_new(call, &asking);
	if (following == NULL)
		return;
	following->next = next;
	call->response->stream = &following->stream;
	call_body(call, strdup("retry: 2000\n\n"), strlen("retry: 2000\n\n"), "text/event-stream", "no-store");
	response_header(call->response, "X-Accel-Buffering", "no"); /* or a proxy waits for more */
	call_record(call, &asking, &(struct read){"read", "Løbende besked om nye opslag"});
}
