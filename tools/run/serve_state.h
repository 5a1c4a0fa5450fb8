/* What 'indsigt serve' runs, and of what. */
#pragma once

#include "ledger/tls/tls_server.h"
#include "tools/command/owners.h"
#include "tools/run/daemon.h"
#include "tools/run/gateway_file.h"

enum part {
	INGEST,
	QUERY,
	COSIGN,   /* asks the witnesses */
	REPORTER, /* reports what is read here */
	NOTIFY,   /* tells people */
	GATEWAY,  /* takes what other systems send */
	DAEMONS
};

struct serve {
	const char *dir;
	const char *ingest; /* addresses as they were asked for */
	const char *query;
	const char *epoch_seconds; /* or NULL */
	const char *issuers;       /* or NULL */
	const char *web;           /* or NULL: where the page is found */
	char page[CHILD_PATH_MAX]; /* then, where that is */
	bool demo_tokens;
	bool without_witnesses;
	struct tls_files tls;                 /* of both daemons ... */
	const char *query_cert, *query_key;   /* ... unless queryd has a pair of its own */
	const char *ingest_user, *query_user; /* both or neither */
	const char *notify_user;              /* or NULL: the query user */
	const char *gateway_user;             /* or NULL, where the others have none */
	struct daemon daemons[DAEMONS];
	char notify_group[64];
	char reads_socket[CHILD_PATH_MAX]; /* of who reports reads */
	char reads_key[CHILD_PATH_MAX];
	struct gateway_file gateway;
	int signals;
	bool announced;
	bool poll_failed;
	bool look_again; /* at who has ended */
	bool stopping;
};

/* Who of them is wanted, by what the ledger's directory has. */
enum error serve_look(struct serve *serve, const struct owners *owners, struct fault *fault) MUST_USE;
/* Starts it, with what it is called with now. */
void serve_start(const struct serve *serve, struct daemon *daemon);
/* Of what the gateway said that it listens on: " syslog=HOST:PORT fhir=HOST:PORT http=HOST:PORT", of these what there
 * is; empty without a gateway. */
#define SERVE_DOORS_MAX (2u * CHILD_LINE_MAX)
void serve_doors(const struct serve *serve, char out[SERVE_DOORS_MAX]);
