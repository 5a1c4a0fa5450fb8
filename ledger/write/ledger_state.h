/* What ledger.c (open, guard), create.c, append.c and repeat.c (ticks) and filing.c (epochs) share. Not for others. */
#pragma once

#include "ledger/base/file.h"
#include "ledger/filed/run_put.h"
#include "ledger/keys/secrets.h"
#include "ledger/log/log_state.h"
#include "ledger/store/log.h"
#include "ledger/store/place.h"
#include "ledger/write/ledger.h"
#include "ledger/write/wall_clock.h"

struct epoch;

/* The oldest snapshot of another process, and since when it is the oldest. */
struct held {
	struct db_reader reader;
	uint64_t since_ms;
};

struct ledger {
	int dir_fd; /* locked */
	int older_lock_fd;
	bool unwitnessed;               /* too few witnesses have answered: nothing may be signed, */
	struct fault unwitnessed_fault; /* and this is why */
	struct vkey vkey;
	struct secrets *secrets;
	struct db_env *store;
	struct keystore *keystore;
	struct registry *registry;

	struct log_appender *log;
	struct wall_clock clock;        /* its log_s is ledger_next_s() of the last commit */
	uint64_t floor_s;               /* later than everything that an epoch covers, also one that is running */
	struct log_state state;         /* with the tick's changes, if one is running; the last loss may be due: append.c */
	struct store_filing filing;     /* the newest finished epoch */
	bool filing_lost;               /* its row is damaged: nothing counts as filed, and all of it is cleared first */
	struct entry_epoch epoch_entry; /* the newest one in the log; ahead of `filing` while that is made again */
	struct checkpoint checkpoint;   /* of the last commit */
	uint8_t note[NOTE_BYTES_MAX];
	size_t note_len;

	struct db_txn tick; /* the running tick */
	uint64_t tick_s;    /* when it began */
	bool ticking;
	bool broken;        /* a commit failed: nothing more is done */
	struct db_txn read; /* a snapshot of the last commit, for receipts; begun when the first is asked for */
	uint8_t *new_keys;  /* to be written before the next commit */
	size_t new_keys_len;
	size_t new_keys_capacity;

	bool declare_lost;           /* somebody has said so */
	struct ledger_damage damage; /* that nobody has asked for */
	uint32_t epoch_events_max;   /* EPOCH_EVENTS_MAX; less in tests */
	uint64_t guard_size;         /* of the checkpoint in the guard file */
	uint64_t guard_time_ms;      /* when it was last tried, monotonic */
	uint64_t guard_late_ms;      /* since when it cannot be written; 0: it can */
	struct epoch *epoch;         /* the running one, or NULL */
	struct run_shelf *shelf;     /* what is filed */
	struct run_sweep sweep;      /* what is not filed any more, and may still be read */
	uint64_t looked_ms;          /* at who reads; care.c */
	struct held held[2];         /* in the store, in the key environment */
};

/* What creating and opening share: nothing open yet; the directory and its lock; the secrets; both environments. */
struct ledger *ledger_new(void);
void ledger_free(struct ledger *ledger);
OWN(ledger, ledger_free);
enum error ledger_open_place(struct ledger *ledger, const char *dir, struct fault *fault) MUST_USE;
enum error ledger_load_keys(struct ledger *ledger, const char *dir, struct fault *fault) MUST_USE;
enum error ledger_open_environments(struct ledger *ledger, const char *dir, bool create, struct fault *fault) MUST_USE;
/* Writes the last checkpoint to the guard file, if it is not there already. */
enum error ledger_write_guard(struct ledger *ledger, struct fault *fault) MUST_USE;
/* The same while the ledger runs: that it cannot be written is borne for a while. */
enum error ledger_keep_guard(struct ledger *ledger, struct fault *fault) MUST_USE;
/* Before anything is signed, or thrown away: E_UNWITNESSED if it was opened so. */
enum error ledger_may_sign(const struct ledger *ledger, struct fault *fault) MUST_USE;
/* Reads where the store stands into memory: at open, and after a tick that did not happen. */
enum error ledger_load_state(struct ledger *ledger, struct db_txn *txn) MUST_USE;
/* The least time that the next entry may bear. */
uint64_t ledger_next_s(const struct ledger *ledger);
/* Every entry from here on bears a later time than this one: an epoch over all that bear it has begun. */
void ledger_raise_floor(struct ledger *ledger, uint64_t time_s);
/* The answer to a batch that begins below its sender's next sequence. */
enum error ledger_answer_repeated(
	struct ledger *ledger, const struct prepared *prepared, struct appended *out, struct fault *fault) MUST_USE;
void ledger_epoch_free(struct ledger *ledger);
/* What the running epoch writes; NULL: nothing yet. Its number may be asked for by the writer at any time. */
const struct run_writer *ledger_epoch_writer(const struct ledger *ledger);

/* ---- judge.c ---- */

/* A log without entries. */
void ledger_judge_init(struct ledger *ledger);
/* From the rows of the store, into `ledger->state` and `frontier`. */
enum error ledger_judge_load(struct ledger *ledger, struct db_txn *txn, struct merkle_frontier *frontier) MUST_USE;
/* Its row in the store; the losses have one of their own. */
void ledger_judge_put(struct db_txn *txn, const struct log_state *state, const struct merkle_frontier *frontier);
/* The epoch entry at `index` over `size` entries, whose roots are to come out when all of it is filed again: `index`,
 * or 0 if a loss hides it, for then they come out of no filing. */
uint64_t ledger_epoch_again(const struct losses *losses, uint64_t index, uint64_t size);
/* Leaves that the filing tree has or will have: event entries that are not lost. */
uint64_t ledger_filing_leaves(const struct log_state *state);
/* Judges and appends one entry inside a tick. E_STOPPED: it breaks a rule of the log; E_CORRUPT: what it is judged by
 * cannot be read again. With any error the tick cannot go on. */
enum error ledger_append_entry(struct ledger *ledger, const struct entry *entry, struct fault *fault) MUST_USE;
enum error ledger_append_event(struct ledger *ledger, const struct entry_event *event, struct fault *fault) MUST_USE;
