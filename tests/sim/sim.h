/* The simulation: one ledger, its senders, witnesses and a mirror, each a machine of its own (machine.h), under a
 * schedule that follows from a seed. What must hold whatever happens:
 *
 *   - each event that was acknowledged is in the log exactly once, or the log says that it is lost
 *   - both audits hold
 *   - the mirror raises no alarm
 *   - there is no evidence against an honest sender, and no alarm about what did not happen
 *   - every sender gets on in the end: all that it was given is acknowledged
 *
 * The code is the real one: outbox and spool, session and sequencer with both of its threads, ledger, witness, follower
 * and audit. What is the simulation's own is how bytes come from a socket to a session (server.c for libevent), and the
 * people: who registers, rotates, restores, sets clocks right and makes room. */
#pragma once

#include "ledger/write/ledger.h"
#include "tests/sim/machine.h"

#define SIM_ORIGIN "log.example.dk/sim"
#define SENDERS_MAX 8
#define MESSAGES_MAX 512
#define WITNESSES 3

/* ---- main.c ---- */

/* A line of the schedule: shown with --verbose, and the last ones when something does not hold. */
void sim_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* It does not hold. */
_Noreturn void sim_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
#define sim_must(expression)                                                                    \
	do {                                                                                        \
		enum error must_error = (expression);                                                   \
		if (must_error != E_OK)                                                                 \
			sim_fail("%s:%d: %s: %s", __FILE__, __LINE__, #expression, error_name(must_error)); \
	} while (0)
void sim_shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The directory of this seed. */
const char *sim_place(void);

/* ---- schedule.c ---- */

/* A world, what happens to it, its end, and whether all holds. */
void schedule_run(unsigned steps);

/* ---- daemon.c: the ledger's own machine ---- */

struct daemon_result {
	bool died;
	enum error error;
	struct fault fault;
};

extern struct machine ledger_machine;

void daemon_make(void);
void daemon_start(struct daemon_result *out);
/* Takes what has come, lets its threads run, answers. False: it is dead. */
bool daemon_step(void);
/* Ends it as SIGTERM does. False: it died meanwhile. */
bool daemon_stop(void);
bool daemon_runs(void);
/* Its clock is so far ahead that it signs nothing. */
bool daemon_refuses_clock(void);
/* Breaks all connections, as a network does. */
void daemon_hang_up(void);
/* The next answer on each connection that there is does not arrive, and the connection breaks. */
void daemon_lose_answers(void);
struct ledger *daemon_ledger(void);
/* Hands a sender entry in, as the control socket does; the answer comes in a later step. */
void daemon_submit(const struct entry_sender *entry);
/* The same by a command on the directory, while no daemon runs. */
void daemon_append(const struct entry_sender *entry);
/* True once: an answer is there. */
bool daemon_answered(enum error *out);
/* True once: it ended before it had answered. */
bool daemon_lost_request(void);
void daemon_ask_epoch(void);

/* ---- people.c: senders, and what their operators do ---- */

struct acknowledged {
	uint64_t first_sequence;
	uint64_t first_index;
	uint32_t count;
};

struct person {
	struct machine machine;
	char key_path[160];
	uint32_t id; /* 0: not registered yet */
	bool revoked;
	bool copied;                   /* there is a copy of its spool */
	bool old_spool;                /* that was put back: it may report what it reported since again */
	bool ended;                    /* its outbox is at its end, and nobody starts it again */
	uint32_t given;                /* messages in its file */
	uint32_t added;                /* of them by this pass over the file */
	uint64_t time_s[MESSAGES_MAX]; /* of the events */
	size_t acknowledged_count;
	size_t acknowledged_capacity;
	struct acknowledged *acknowledged;
};

extern struct person people[SENDERS_MAX];
extern unsigned people_count;

/* Its operator asks for a registration; or for another key, policy, or the end of a registered one. Nothing happens
 * while another request waits. */
void people_add(void);
void people_change(unsigned i, enum sender_action action);
/* Looks what became of the request that waits. */
void people_look(void);
bool people_wait(void);
/* One turn of a sender that is registered. */
void person_step(unsigned i);
void person_stop(unsigned i);
/* Its spool is copied, or the copy put back; it is stopped for that. */
void person_back_up(unsigned i);
void person_put_back(unsigned i);
/* It has sent all that it was given. */
bool person_is_done(unsigned i);

/* ---- check.c ---- */

/* Everything has come to rest, and the daemon is stopped. */
void check_all(void);
/* Both audits. */
void check_audits(void);

/* ---- watchers.c: witnesses and the mirror ---- */

void watchers_make(void);
const struct door_asker *watchers_asker(void);
/* A witness, or the mirror, starts again from its files. */
void witness_restart(unsigned i);
void mirror_restart(void);
/* Shows the newest checkpoint to a witness; what it has is behind, or the same. */
void witness_step(unsigned i);
void witness_set_away(unsigned i, bool away);
bool witness_is_away(unsigned i);
void witness_set_clock(unsigned i, int64_t seconds);
/* The largest size that a quorum of witnesses has cosigned. */
uint64_t watchers_witnessed(void);
/* The ledger that runs says that the event at this index is lost. */
bool watchers_see_lost(uint64_t index);
/* Follows up to the newest checkpoint. */
void mirror_step(void);
uint64_t mirror_size(void);
/* Puts what the mirror has into the store of `dir`. E_IO; anything else does not hold. */
enum error mirror_restore(const char *dir);
