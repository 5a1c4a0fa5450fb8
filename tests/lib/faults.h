/* A ledger in a process of its own whose file functions are wrapped (tests/meson.build): the n-th one fails, or all of
 * them are written down to be replayed. LMDB is linked statically, so its calls are among them.
 *
 * The worker does as the sequencer does: E_FULL is tried again, any other failure ends the process. What it has
 * acknowledged is in shared memory, and the parent compares it with what a normal open finds. */
#pragma once

#include "tests/lib/fixture.h"

#define WORK_BATCHES 4u
#define WORK_EVENTS 3u
#define OPERATIONS_MAX 4096
#define LOG_BYTES_MAX (32u << 20)

enum fault_kind { FAULT_NONE, FAULT_LOST, FAULT_DONE };
enum operation_kind { OPERATION_WRITE, OPERATION_SYNC, OPERATION_RENAME, OPERATION_ACKNOWLEDGED };

struct operation {
	enum operation_kind kind;
	bool durable; /* by itself: O_DSYNC */
	char path[512];
	char to[512];
	off_t at;
	size_t data; /* offset in the log */
	size_t len;
	uint64_t batches; /* acknowledged */
};

/* What both processes see. */
struct shared {
	bool armed;
	enum fault_kind kind;
	int error;
	unsigned at; /* fails the at-th call from arming on, from 0 */
	unsigned calls;

	bool recording;
	unsigned operation_count;
	struct operation operations[OPERATIONS_MAX];
	size_t log_len;
	uint8_t log[LOG_BYTES_MAX];

	uint64_t acknowledged; /* batches */
	uint64_t first_index[WORK_BATCHES];
	unsigned note_count;
	size_t note_len[16];
	uint8_t notes[16][2048]; /* every checkpoint that ever left the ledger */
};

extern struct shared *shared;
extern struct fixture f;
extern struct bytes batches[WORK_BATCHES]; /* signed once, so that they can be sent again */

#define DESCRIPTORS_MAX 1024

/* The descriptors that were opened with O_DSYNC. */
extern bool synchronous[DESCRIPTORS_MAX];

/* ---- the worker ---- */

/* One tick with one batch, as the sequencer does it; ends the process where that would. */
void work_tick(unsigned number);
void work_epoch(void);
void work_open(void);

/* ---- the parent ---- */

/* f.dir is the ledger before the work again. */
void put_base_back(void);
/* A ledger with something in it, filed and not filed. */
void work_begin(void);
void work_end(void);
/* Forgets what happened since work_begin. */
void forget_work(void);
/* The worker's exit status: 0, or 1 when it ended because of the failure. */
int run_worker(void (*work)(void));
/* What must hold after a normal open, whatever went wrong before: nothing acknowledged is lost, every checkpoint that
 * ever left is extended, and the sender can go on. `when` says what went wrong. */
void check_ledger(const char *when, unsigned number);
