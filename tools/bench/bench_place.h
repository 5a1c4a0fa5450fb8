/* Where `indsigt bench` works, and what its parts share (bench.c: the sprint, one part after the other; sustained.c:
 * all at once). The place is a directory with a fresh ledger, the keys of its senders, and `indsigt serve` on it. */
#pragma once

#include "ledger/note/note.h"
#include "ledger/text/address.h"
#include "tools/bench/bench_load.h"
#include "tools/command/child.h"
#include "tools/show/progress.h"

struct bench_place {
	char dir[CHILD_PATH_MAX / 4];    /* of it all */
	char ledger[CHILD_PATH_MAX / 2]; /* dir/ledger */
	bool temporary;                  /* removed at the end */
	struct vkey vkey;
	struct child serve;
	char certificate[CHILD_PATH_MAX / 2]; /* by TLS: what the daemons show, and who is believed; else empty */
	char ingest[ADDRESS_TEXT_MAX + 8];    /* as a sender is told it: by TLS with tls:// */
	char query[ADDRESS_TEXT_MAX + 1];
	pid_t ingestd;
	pid_t queryd;
	uint64_t ingestd_kib; /* most anonymous memory that was seen */
	uint64_t queryd_kib;
};

/* Makes the directory (a temporary one for NULL, else one that is not there yet), the ledger and `senders` registered
 * senders with key files dir/1.json and so on, and starts serving, by TLS or in the clear, with the
 * daemons' messages in dir/log. Call bench_place_close also after an error. */
enum error bench_place_open(
	const char *dir, uint32_t senders, bool tls, struct bench_place *out, struct fault *fault) MUST_USE;
/* Who has signed the daemons' certificate; NULL: they speak without TLS. */
const char *bench_ca(const struct bench_place *place);
struct bench_look {
	uint64_t ingestd_kib; /* anonymous memory */
	uint64_t queryd_kib;
	uint64_t written; /* bytes that both have given to be written since they began, some of them to connections */
	uint64_t on_disk; /* bytes that the disk under `dir` was written by anybody since it is there; 0: it does not say */
};

/* Looks at what the daemons hold now, and keeps the most of it. `out` may be NULL. */
void bench_place_look(struct bench_place *place, struct bench_look *out);
/* Ends serve and removes what is temporary. */
void bench_place_close(struct bench_place *place);

/* ---- what the parts share ---- */

#define BENCH_BATCH 1000u
#define BENCH_SENDERS 2u
#define BENCH_SENDERS_SINGLE 32u /* connections for batches of one */
#define BENCH_CITIZENS_FROM 9000000000u
#define BENCH_CITIZENS 100u
#define BENCH_CITIZEN_EVENTS 20u

struct bench {
	uint64_t events;
	uint64_t subjects;
	uint64_t batch;   /* 0: all three */
	uint64_t senders; /* 0: the usual */
	bool singles;     /* nothing else */
	double minutes;   /* 0: the sprint */
	uint64_t new_percent;
	const char *picture; /* NULL: none */
	const char *dir;
	bool tls;  /* not the sprint but TLS beside plain */
	bool json; /* ... as JSON */
	struct bench_place place;
	struct progress progress;
	uint64_t progress_total;
};

struct bench_tokens {
	char *texts[BENCH_CITIZENS];
};

/* How many sender processes send batches of that size. */
uint32_t bench_senders_for(const struct bench *bench, uint64_t batch);
/* A load's `watch`: looks at the daemons' memory, and shows how far it is. */
void bench_watch(void *context, uint64_t done);
/* Files what is there, then runs the load: from as many senders as batches of that size usually come from, and about
 * the people of the measurement, where the load does not say. */
enum error bench_load(
	struct bench *bench, const char *what, struct load *load, struct load_result *out, struct fault *fault) MUST_USE;
/* One event for each subject, so that each of them is known. */
enum error bench_warm_up(struct bench *bench, struct fault *fault) MUST_USE;
/* People who ask, each with so many events. */
struct bench_people {
	const char *what; /* for the progress: "events of ..." */
	uint64_t from;    /* numbers of subjects */
	uint32_t count;   /* at most BENCH_CITIZENS */
	uint32_t events;
};

extern const struct bench_people bench_citizens;
/* Sends their events, files them, and makes a token for each, an hour long. Call bench_tokens_free also after an error.
 */
enum error bench_people(
	struct bench *bench, const struct bench_people *people, struct bench_tokens *tokens, struct fault *fault) MUST_USE;
void bench_tokens_free(struct bench_tokens *tokens);
/* sustained.c: what the ledger keeps up for as long as is asked. */
enum error bench_sustained(struct bench *bench, struct fault *fault) MUST_USE;
/* bench_tls.c: a ledger by TLS beside one in the clear. Opens and closes its own places. */
enum error bench_tls(const struct bench *bench, struct fault *fault) MUST_USE;
