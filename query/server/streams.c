/* evhttp goes on reading while an answer goes on, so that it notices an end; then it lets the request go, which is to
 * be freed by whoever has it (evhttp_request_get_connection is NULL), unless it was us who ended the connection. */
#include "query/server/streams.h"

#include "ledger/base/clock.h"
#include "query/server/reply.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdlib.h>
#include <sys/queue.h>

struct flow {
	struct work work;
	LIST_ENTRY(flow) place;
	struct streams *streams;
	struct evhttp_request *http; /* NULL: its connection has ended */
	struct response response;    /* with the stream, and what a worker made last */
	bool away;
	bool last;   /* said by the worker that has it: there is no more */
	bool ended;  /* the request is evhttp's again, which ends the connection once all is taken */
	bool broken; /* there was no memory for its first part */
	size_t held; /* of the room, for what is being taken */
	uint64_t taken_ms;
};

struct streams {
	struct workers *workers;
	struct event *tick;
	LIST_HEAD(flows, flow) all;
};

static void flow_free(struct flow *flow)
{
	room_set(flow->response.room, &flow->held, 0);
	response_release(&flow->response);
	free(flow);
}

static struct evbuffer *output_of(const struct flow *flow)
{
	return bufferevent_get_output(evhttp_connection_get_bufferevent(evhttp_request_get_connection(flow->http)));
}

/* Whoever takes nothing for as long as an answer may take is gone. */
static void look(struct flow *flow, uint64_t now_ms)
{
	if (flow->away)
		return;
	if (flow->broken || now_ms - flow->taken_ms > STREAMS_TAKE_SECONDS * 1000u) {
		evhttp_connection_free(evhttp_request_get_connection(flow->http));
		return;
	}
	if (flow->ended || evbuffer_get_length(output_of(flow)) > 0)
		return;
	flow->taken_ms = now_ms;
	room_set(flow->response.room, &flow->held, 0);
	flow->away = true;
	workers_give(flow->streams->workers, &flow->work);
}

static void on_tick(evutil_socket_t fd, short events, void *context)
{
	(void)fd, (void)events;
	struct streams *streams = context;
	const struct timeval tick = {.tv_sec = STREAMS_TICK_MS / 1000, .tv_usec = STREAMS_TICK_MS % 1000 * 1000};
	struct flow *next;
	for (struct flow *flow = LIST_FIRST(&streams->all); flow != NULL; flow = next) {
		next = LIST_NEXT(flow, place);
		look(flow, clock_ms());
	}
	if (!LIST_EMPTY(&streams->all))
		evtimer_add(streams->tick, &tick);
}

enum error streams_new(struct event_base *base, struct workers *workers, struct streams **out)
{
	struct streams *streams = calloc(1, sizeof *streams);
	TRY(allocated(streams));
	streams->workers = workers;
	streams->tick = evtimer_new(base, on_tick, streams);
	*out = streams;
	return allocated(streams->tick);
}

void streams_free(struct streams *streams)
{
	if (streams != NULL && streams->tick != NULL)
		event_free(streams->tick);
	free(streams);
}

/* ---- one ---- */

static bool send_part(struct flow *flow)
{
	struct response *response = &flow->response;
	struct evbuffer *part = response->body_len > 0 ? evbuffer_new() : NULL;
	bool good = response->body_len == 0 || reply_body(response, part);
	if (part != NULL && good) {
		flow->held = response->held;
		response->held = 0;
		evhttp_send_reply_chunk(flow->http, part);
	}
	if (part != NULL)
		evbuffer_free(part);
	response->body_len = 0;
	return good;
}

struct flow *streams_add(struct streams *streams, struct evhttp_request *http, struct response *response)
{
	const struct timeval tick = {.tv_sec = STREAMS_TICK_MS / 1000, .tv_usec = STREAMS_TICK_MS % 1000 * 1000};
	struct flow *flow = calloc(1, sizeof *flow);
	if (flow == NULL)
		return NULL;
	*flow = (struct flow){.work.goes_on = true, .streams = streams, .http = http, .taken_ms = clock_ms()};
	reply_headers(response, true, evhttp_request_get_output_headers(http));
	evhttp_send_reply_start(http, response->status, NULL);
	flow->response = (struct response){.room = response->room,
		.held = response->held,
		.body = response->body,
		.body_len = response->body_len,
		.stream = response->stream};
	response->body = NULL;
	response->stream = NULL;
	response->held = 0;
	flow->broken = !send_part(flow);
	if (LIST_EMPTY(&streams->all))
		evtimer_add(streams->tick, &tick);
	LIST_INSERT_HEAD(&streams->all, flow, place);
	return flow;
}

void streams_drop(struct flow *flow)
{
	LIST_REMOVE(flow, place);
	if (!flow->ended && evhttp_request_get_connection(flow->http) == NULL)
		evhttp_request_free(flow->http);
	flow->http = NULL;
	if (!flow->away)
		flow_free(flow);
}

void streams_work(struct work *work, void (*judge)(struct response *response))
{
	struct flow *flow = (struct flow *)work;
	struct response *response = &flow->response;
	flow->last = !response->stream->more(response->stream, response);
	if (judge != NULL)
		judge(response);
	if (!room_set(response->room, &response->held, response->body_len)) {
		free(response->body); /* whoever comes again goes on where they were */
		response->body = NULL;
		response->body_len = 0;
		flow->last = true;
	}
}

enum error streams_back(struct work *work)
{
	struct flow *flow = (struct flow *)work;
	enum error fatal = flow->response.fatal;
	flow->away = false;
	if (flow->http == NULL)
		flow_free(flow);
	else if (fatal == E_OK && (!send_part(flow) || flow->last)) {
		flow->ended = true;
		evhttp_send_reply_end(flow->http);
	}
	return fatal;
}

void streams_release(struct work *work)
{
	flow_free((struct flow *)work);
}
