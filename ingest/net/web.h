/* Asking over HTTP, several at once: what fetch.h (a ledger's answers), tile_fetch.h (a log's tiles) and asking.h
 * (witnesses) stand on, and the only file that knows libcurl.
 *
 *     web_begin(slot) ─► under way ─► ended: web_answer ─► web_begin or web_drop
 *
 * A slot is one connection's worth of asking: what it learned and the memory of its last answer are kept for its next.
 * One thread. */
#pragma once

#include "ledger/base/bytes.h"
#include "ledger/base/own.h"

/* ---- who is believed by https, of this process, before its first question: spec/tls.md ---- */

struct web_trust {
	const char *ca;          /* a file, PEM: whose certificates are believed; NULL: the system's */
	bool plain_off_loopback; /* http may leave this machine, also with what nobody else may see */
};

struct web_trust web_trust(void);
/* For options. */
enum error web_take_ca(void *nothing, const char *path, struct fault *fault);
enum error web_take_plain(void *nothing, const char *none, struct fault *fault);

#define WEB_CA_ROW(...)                                                                \
	OPTION_TAKEN(web_take_ca, "ca", "FILE",                                            \
		.help = "believe what these certificates (PEM) have signed, and nobody else, " \
				"by https",                                                            \
		__VA_ARGS__)
#define WEB_TRUST_ROWS(...)                                      \
	WEB_CA_ROW(__VA_ARGS__),                                     \
		OPTION_TAKEN(web_take_plain, "plain-off-loopback", NULL, \
			.help = "ask another machine without TLS: what is asked and answered can be read on the way", __VA_ARGS__)

/* How all of a client's questions are asked. What is 0 has no limit. */
struct web_manner {
	bool local;      /* files, by file: addresses; they have no status */
	bool compressed; /* an answer may come as gzip */
	bool private;    /* not over http to another machine, unless web_trust() says so */
	long redirects;  /* followed at most, and none that leaves HTTP */
	long seconds, connect_seconds;
	long stall_seconds, stall_bytes; /* ends with fewer bytes a second than this for so long */
	long connections;                /* to one host */
	const char *trust;               /* how people say whom to believe; NULL: "--ca FILE" */
	size_t refusal_max;              /* of what comes with another status than 200; more ends it */
};

struct web;

/* With `slots` slots. E_NO_MEMORY. */
enum error web_open(const struct web_manner *manner, size_t slots, struct web **out) MUST_USE;
void web_close(struct web *web);
OWN(web, web_close);

#define WEB_HEADERS_MAX 4

struct web_question {
	const char *url;
	const char *headers[WEB_HEADERS_MAX]; /* up to the first that is NULL */
	const char *ca;    /* who alone vouches for the host: a file of certificates; NULL: --ca, or the system's */
	struct bytes body; /* sent by POST, as a copy; GET where it has no data */
	size_t answer_max;
};

/* What asking again does not mend has an end of its own. */
enum web_end {
	WEB_IDLE, /* nothing was asked, or it was dropped */
	WEB_UNDER_WAY,
	WEB_WHOLE,    /* an answer, of whatever status */
	WEB_TOO_LONG, /* or it could not be kept: shortage_seen() */
	WEB_NO_FILE,
	WEB_PLAIN,      /* it would have gone over http to another machine: nothing was sent */
	WEB_NO_HTTP,    /* what answers there is something else */
	WEB_NO_TLS,     /* by https, and what answers there does not speak TLS */
	WEB_DISTRUSTED, /* its certificate is not believed; whoever asks again hears the same */
	WEB_FAILED,
};

struct web_answer {
	enum web_end end;
	long status;            /* 0: none came */
	uint64_t retry_after_s; /* when to come back, if it said so (Retry-After, in seconds or as a date); else 0 */
	struct bytes body;      /* borrowed until the slot's next question */
	const char *why;        /* it ended so, in general words, static */
	const char *details;    /* as `why`, with what is known of this one and what may help; borrowed like the body */
};

/* Asks in a slot where nothing is under way. E_NO_MEMORY; E_USAGE for an address that is none. */
enum error web_begin(struct web *web, size_t slot, const struct web_question *question) MUST_USE;
/* One round of work on all that is under way, after waiting up to `timeout_ms` for something to do. E_CLOSED: `wake_fd`
 * (-1: none) is readable; E_IO. */
enum error web_wait(struct web *web, int wake_fd, int timeout_ms) MUST_USE;
struct web_answer web_answer(const struct web *web, size_t slot);
/* A slot whose question has ended; false: there is none. */
bool web_find_ended(const struct web *web, size_t *slot);
/* The slot is idle, whatever was under way; what is borrowed from it stays. */
void web_drop(struct web *web, size_t slot);
/* ... and nothing stays of what was asked and answered in it. */
void web_forget(struct web *web, size_t slot);

/* ---- addresses ---- */

struct web_param {
	const char *name;
	const char *value; /* NULL: left out */
};

bool web_is_http(const char *url);
/* `base` with `path` behind it and `count` parameters, percent-encoded; to be freed. NULL for what is no address. */
char *web_url(const char *base, const char *path, const struct web_param *params, size_t count);
/* Where files are asked for: an address of http, https or file, or the path of a directory; without a slash at its end,
 * to be freed. NULL for what is none of these. */
char *web_place(const char *place, bool *local);
