/* Entries: the leaves of the log. spec/entry.md
 *
 * An entry is its kind byte and fixed fields, big-endian; texts have a 16-bit length. Event and mass entries are
 * 53 bytes, so that 0x00 plus the entry fits one SHA-256 compression. No entry holds personal data.
 *
 * What must know a new kind, beside encoder, decoder and entry_time here:
 *
 *   its rule                ledger/log/log_state.c; log_rules_state.c and ledger/write/judge.c if it leaves a state
 *   no time of its own      ledger/statement/statement.c (untimed)
 *   the words for it        tools/verify: verify_words.[ch], verify_tlog_proof.c
 *   rows beside it          ledger/audit/audit_log.c, ledger/write/restore.c: no compiler warns there
 *   who appends it          ledger/write: create.c, append.c, filing.c (epoch), damage.c (loss)
 *   a command asks for it   ingest/sequencer (job.h, sequencer.c), ingest/daemon/control.c, tools/command/admin.c
 *
 * A new action of a sender entry is no kind: its rule is sender_take (sender.h). */
#pragma once

#include "ledger/event/batch.h"
#include "ledger/mandate/mandate.h"
#include "ledger/note/note.h"

enum entry_kind {
	ENTRY_GENESIS = 0,
	ENTRY_SENDER = 1,
	ENTRY_EVENT = 2,
	ENTRY_MASS = 3,
	ENTRY_BATCH = 4,
	ENTRY_EPOCH = 5,
	ENTRY_ERASURE = 6,
	ENTRY_LOSS = 7,
};

#define ENTRY_KINDS 8

#define ENTRY_EVENT_BYTES 53
#define ENTRY_BATCH_BYTES (1 + 4 + 8 + 4 + 8 + 64)
/* 1 had no `follows` in its sender entries, 2 no `change` and no mandate, 3 no source, 4 other commitments and blinds.
 */
#define FORMAT_VERSION 5

struct entry_genesis {
	uint16_t format;
	uint64_t time_s;
	char origin[ORIGIN_BYTES_MAX + 1];
	uint8_t log_key[32];
	uint8_t vrf_key[32];
	uint32_t epoch_seconds;     /* an epoch at least this often when there is something new */
	uint32_t epoch_lag_seconds; /* a verifier refuses an epoch older than this beside a newer cosignature */
	struct bytes predecessor;   /* empty, or: origin, vkey and final checkpoint, each as range16 */
};

enum sender_action { SENDER_REGISTER = 1, SENDER_ROTATE = 2, SENDER_POLICY = 3, SENDER_REVOKE = 4 };

#define FOLLOWS_NOTHING UINT64_MAX /* of a registration */

/* Signatures over sender_message(): all zero where there is none. */
struct entry_sender {
	enum sender_action action;
	uint32_t sender;
	uint64_t follows; /* log index of this sender's newest entry before this one, or FOLLOWS_NOTHING */
	uint32_t change;  /* which change of this sender it is; 0: its registration */
	uint64_t time_s;
	char org[ORG_BYTES_MAX + 1];   /* SCHEME:ID */
	char name[NAME_BYTES_MAX + 1]; /* of the organisation or system */
	uint8_t public_key[32];
	struct policy policy;
	struct mandate mandate;
	bool compromised;          /* revocation only: the key was reported compromised */
	uint8_t signature[64];     /* by public_key: registration, rotation, policy; a revocation may have it */
	uint8_t old_signature[64]; /* by the previous key: rotation, policy */
};

struct entry_event {
	bool mass;
	uint32_t sender;
	uint64_t sequence;
	uint64_t time_s; /* ledger time */
	struct hash commitment;
};

struct entry_batch {
	uint32_t sender;
	uint64_t first_sequence;
	uint32_t count;
	uint64_t filing_checked;
	uint8_t signature[64];
};

struct entry_epoch {
	uint64_t size; /* m: covers event entries with index < m */
	struct hash map_root;
	struct hash filing_root;
	uint64_t time_s; /* ledger time of entry m - 1 */
	uint64_t lost;   /* event entries that are lost, by the loss entries before it (losses.h); filed nowhere */
};

struct entry_erasure {
	bool person;           /* else a period */
	uint16_t period_month; /* months since 1970-01 */
	uint8_t retention_years;
	struct hash label_commitment;
	char policy[NAME_BYTES_MAX + 1];
	uint64_t time_s;
};

/* The sealed part of the event and mass entries with first <= index < end is lost. */
struct entry_loss {
	uint64_t first;
	uint64_t end;
	uint64_t events; /* event entries among them */
};

struct entry {
	enum entry_kind kind;
	union {
		struct entry_genesis genesis;
		struct entry_sender sender;
		struct entry_event event;
		struct entry_batch batch;
		struct entry_epoch epoch;
		struct entry_erasure erasure;
		struct entry_loss loss;
	};
};

/* E_BAD_VALUE (or a batch's own errors) for values that entry_decode would refuse: then nothing is written. Texts, the
 * policy and the format's number are the caller's business. */
enum error entry_encode(const struct entry *entry, struct writer *out) MUST_USE;
/* Exactly one entry; texts are checked for UTF-8, control characters and length, and every value that has one spelling
 * only. `predecessor` is borrowed. E_FORMAT: a genesis of another format. */
enum error entry_decode(struct bytes encoded, struct entry *out) MUST_USE;
/* The entry's own ledger time; false for a batch and a loss, which have none, and an epoch, whose time is that of what
 * it covers. */
bool entry_time(const struct entry *entry, uint64_t *out);
/* The entry that ends a batch, as its head says it; and the head, as the entry says it, but for the kind. */
struct entry entry_of_batch(const struct batch_head *head);
struct batch_head entry_batch_head(const struct entry_batch *batch, enum batch_kind kind);
/* The fast path for events: fills in exactly ENTRY_EVENT_BYTES. */
void entry_event_encode(const struct entry_event *event, uint8_t out[ENTRY_EVENT_BYTES]);

#define SENDER_ENTRY_BYTES_MAX \
	(256u + ORG_BYTES_MAX + NAME_BYTES_MAX + PURPOSE_BYTES_MAX + MANDATE_BYTES_MAX + ORIGIN_BYTES_MAX)

/* What a sender's endorsement signs, never more than SENDER_ENTRY_BYTES_MAX: domain || origin (range16) || action (1)
 * || id (4) || follows (8) || change (4) || org (range16) || name (range16) || policy || mandate || compromised (1) ||
 * key (32). `follows` gives it its place and `change` its turn: indexes are never used twice, so what was signed for
 * one entry endorses no other, however often it is put into the log. */
enum error sender_message(const char *origin, const struct entry_sender *entry, struct writer *out) MUST_USE;
/* True if this is the key's signature over the entry's message. */
bool sender_signed(
	const char *origin, const struct entry_sender *entry, const uint8_t signature[64], const uint8_t key[32]);
/* True if the entry bears the signatures that its action asks for (`old_key` NULL for a registration). A revocation
 * needs none. */
bool sender_endorsed(const char *origin, const struct entry_sender *entry, const uint8_t *old_key);
