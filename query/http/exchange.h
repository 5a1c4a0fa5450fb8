/* One exchange over HTTP: what was asked, and what is answered, for whoever answers. Knows no socket. spec/http.md */
#pragma once

#include "ledger/base/bytes.h"
#include "query/http/room.h"

#define RESPONSE_HEADERS_MAX 12

/* Borrowed until the answer is made. Nothing of it is kept when the answer is made: it names people, in the token at
 * least. */
struct request {
	const char *method;           /* "GET"; "OTHER" for what is none of the usual ones */
	const char *path;             /* as sent, without the query string; never NULL */
	const char *query;            /* what stands after '?', or NULL */
	const char *authorization;    /* the header, or NULL */
	const char *subject;          /* Indsigt-Subject, or NULL: whom it is about; the asker, where there is none */
	const char *case_reference;   /* Indsigt-Case, or NULL */
	const char *if_none_match;    /* the header, or NULL */
	const char *host;             /* the header, or NULL */
	const char *content_type;     /* the header, or NULL */
	const char *content_encoding; /* the header, or NULL */
	const char *accept;           /* the header, or NULL */
	const char *prefer;           /* the header, or NULL */
	const char *if_none_exist;    /* the header, or NULL */
	const char *certificate;      /* hash of the key that the client has shown by TLS, in hex; NULL: none */
	const char *thumbprint;       /* SHA-256 of the certificate itself, in hex; NULL: none */
	const char *address;          /* of the client, without its port; or NULL */
	bool gzip;                    /* may be answered so */
	bool event_stream;            /* wants to be told of what comes (Accept: text/event-stream) */
	const char *last_event_id;    /* the header Last-Event-ID, or NULL */
	bool local;                   /* came over loopback */
	uint64_t arrived_ms;          /* clock_ms */
	uint64_t certificate_ends_s;  /* the server's, in seconds since 1970; 0: it has none */
	struct bytes body;
	struct room *room; /* what answers may have of memory, or NULL */
};

struct response;

/* An answer that goes on behind its first part, until either side ends it (query/server/streams.h). */
struct stream {
	/* In a worker, about once a second: what has come meanwhile, as the body of `out`, which has a room and nothing
	 * else; without one nothing is sent. False: it ends with that. */
	bool (*more)(struct stream *stream, struct response *out);
	void (*free)(struct stream *stream);
};

struct response {
	int status;
	const char *route; /* the pattern, for the log: never what was sent */
	size_t header_count;
	struct {
		const char *name;
		const char *value;
	} headers[RESPONSE_HEADERS_MAX]; /* static texts, `tag` and `own` */
	char *own;                       /* what a header points to: goes with the body; or NULL */
	char *body;                      /* to be freed with response_release */
	size_t body_len;
	struct room *room;
	size_t held;   /* of it, for the body */
	char tag[64];  /* what the header ETag points to: do not copy a response that has one */
	char note[64]; /* what else the log says of the request, from a space on: no personal data */
	bool later;    /* it cannot be answered yet: it is not sent, and asked for again once the server was woken */
	bool timed;    /* how long it took to make tells something that it must not: it goes out as others of its kind do */
	char *report;  /* events, a line of JSON each, that have to be in the log before this goes out; NULL: none */
	char *question; /* for whoever is asked (http_options.ask), whose answer becomes the body; NULL: none */
	/* Any thread: makes the rest of the response of it; empty: there is no answer. */
	void (*answered)(struct response *response, struct bytes answer);
	bool indexed;          /* and the body, a JSON object, then begins with the index of the first of them */
	struct stream *stream; /* the body is its first part; NULL: it is all of it */
	enum error fatal;      /* not E_OK: nothing is sent, and the server ends with it */
};

/* GET and HEAD, which are answered alike: the server leaves the body of a HEAD out. */
bool request_reads(const struct request *request);
/* The token that it shows (RFC 6750 section 2.1), not looked at yet; NULL: it shows none. */
const char *request_bearer(const struct request *request);
/* Whether its body is said to be of this media type ("application/json"), whatever its parameters. */
bool request_is_of(const struct request *request, const char *type);
/* How a server or a door says no, in the form that is spoken there; what `out` had before goes. */
typedef void response_refuser(int status, enum error error, const char *line, struct response *out);
void response_header(struct response *response, const char *name, const char *value);
/* Puts `"index"` in front of the members of the body, where the response wants it. False: no memory. */
bool response_index(struct response *response, uint64_t index);
/* A body that is a line for people; replaces what there is but for the room. */
void response_text(struct response *response, int status, const char *line);
/* Body, room, headers and stream; the rest stays. */
void response_release(struct response *response);
