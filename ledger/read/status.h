/* What ingestd says about itself: DIR/status.json, for whoever answers /healthz and /metrics. spec/http.md
 *
 * One process writes it about once a second, in place: the file has a fixed size, so that it can be written on a disk
 * that is full. Others read it whole. Times of `..._ms` are CLOCK_MONOTONIC, which processes of one machine share and
 * nobody sets; a file from before a restart of the machine is taken for old. */
#pragma once

#include "ledger/base/bytes.h"

#define STATUS_NAME "status.json"
#define STATUS_BYTES 8192u
#define STATUS_FRESH_MS 10000u    /* a sign of life that is older is none */
#define STATUS_ERRORS 128u        /* numbers of errors that are counted */
#define STATUS_REFUSED_OF_MAX 64u /* of senders; what has no row is in the sums alone */

/* Why nothing, or not everything, goes on. */
#define STATUS_REASON_LIST(X)                                                                                    \
	X(STATUS_AWAY, "ingest-away", "indsigt-ingestd does not run, or gives no sign of life")                      \
	X(STATUS_WRITER_STUCK, "writer-stuck", "the thread that writes gives no sign of life")                       \
	X(STATUS_DISK_FULL, "disk-full", "the disk or the map is full: nothing is acknowledged until there is room") \
	X(STATUS_HALTED, "rolled-back", "an older store was put back: ingest has stopped")                           \
	X(STATUS_EVIDENCE, "evidence-unwritten", "the evidence that an older store was put back cannot be written")  \
	X(STATUS_CLOCK, "clock", "the clock is far ahead of the log and nobody confirmed it: nothing is signed")     \
	X(STATUS_EPOCH_FAILED, "epoch-failed", "the last epoch was given up")                                        \
	X(STATUS_FILING_LATE, "filing-late", "events wait for long to be filed")                                     \
	X(STATUS_GUARD, "guard-late", "the guard cannot be written")                                                 \
	X(STATUS_DAMAGE, "damage", "a batch that was sent again was stored once and is damaged now")                 \
	X(STATUS_QUORUM, "quorum-late", "the newest checkpoints have not got enough cosignatures of witnesses")

enum status_reason {
#define X(code, name, text) code,
	STATUS_REASON_LIST(X)
#undef X
		STATUS_REASONS
};

/* Static texts. */
const char *status_name(enum status_reason reason);
const char *status_text(enum status_reason reason);

/* How often it has been started again by who started it. */
uint64_t status_restarts(void);
/* What a daemon ends for, and what helps where it may not read something: "PROGRAM: TEXT" on standard error, or as
 * process_is_kept has it. */
void status_ended(const char *program, enum error error, const struct fault *fault);

/* Batches of one sender that were refused with one error. */
struct status_refused {
	uint32_t sender;
	enum error error;
	uint64_t count; /* 0: no such row */
};

struct status {
	uint64_t beat_ms;                 /* the process */
	uint64_t writer_ms;               /* its thread that writes */
	uint64_t since_s[STATUS_REASONS]; /* time of day; 0: not so */
	uint64_t snapshot_s;              /* for so long the oldest snapshot has been held; 0: none that matters */
	uint64_t restarts;                /* of the process */
	uint64_t certificate_s;           /* when the ingest port's ends; 0: it has none */
	uint64_t refused[STATUS_ERRORS];  /* batches since the process began, by the number of the error */
	struct status_refused refused_of[STATUS_REFUSED_OF_MAX];
};

/* JSON, filled up to STATUS_BYTES. E_NO_MEMORY. */
enum error status_encode(const struct status *status, uint8_t out[STATUS_BYTES]) MUST_USE;
/* Reads DIR/status.json and adds what can be seen from outside: whether the signs of life are fresh at `now_ms`. What
 * cannot be read is a process that is away, but for E_NO_MEMORY, which says nothing of it. */
enum error status_read(const char *dir, uint64_t now_ms, struct status *out) MUST_USE;
