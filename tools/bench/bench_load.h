/* The load of `indsigt bench`: sender processes, each with its own key, spool and connection, that make events and
 * send them as any sender would, with the sender library, and check every receipt. */
#pragma once

#include "tools/bench/bench_query.h"

#define LOAD_SENDERS_MAX 64u

enum load_subjects {
	LOAD_EACH,   /* every subject of the range once, each sender its share */
	LOAD_RANDOM, /* uniformly random ones of the range */
	LOAD_MIXED,  /* the same, but `new_percent` of the events are about somebody whom nobody has met */
};

struct load {
	const char *server; /* HOST:PORT, or by TLS tls://HOST:PORT */
	const char *ca;     /* then: who has signed the server's certificate; else NULL */
	const char *keys;   /* directory with the key files "1.json", "2.json" ...; the spools come beside them */
	uint32_t senders;   /* processes */
	uint32_t batch;
	uint64_t events;  /* of all processes together, at most */
	uint64_t seconds; /* none is begun after so many; 0: however long it takes */
	enum load_subjects order;
	uint32_t new_percent;
	uint64_t first_subject;
	uint64_t subjects;
	bool closed;        /* each sender waits for its receipt before it goes on, and is timed */
	const char *socket; /* NULL, or where one sender listens: then each process is a caller of it, and waits likewise */
	/* Called once they are told to begin, about ten times a second while they run, and at the end; may be NULL. Threads
	 * are started here, not before: the senders are forks of this process, and would be those of half of it. */
	void (*watch)(void *context, uint64_t done);
	void *context;
};

struct load_result {
	uint64_t events;        /* under verified receipts */
	uint64_t batches;       /* receipts */
	struct ask_times times; /* of those that were waited for: from the event to its checked receipt */
	double seconds;         /* from the start of the first sender's first batch to the last receipt */
};

/* The subject with a number, as the load names it. `out` holds LOAD_SUBJECT_MAX bytes. Invented numbers. */
#define LOAD_SUBJECT_MAX 32u
void load_subject(uint64_t number, char out[LOAD_SUBJECT_MAX]);

/* Processes are started, open their spools, and wait for each other; then the clock starts. E_STOPPED when one of them
 * failed, was refused something, or did not get receipts for all that it sent; it has said why on stderr. */
enum error load_run(const struct load *load, struct load_result *out, struct fault *fault) MUST_USE;
