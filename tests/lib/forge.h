/* A ledger in memory whose keys all belong to the test: it makes honest statements and filing proofs, and any other.
 *
 * Everything is fixed (keys, secrets, times), so the same calls give the same bytes. A test builds a log with the
 * forge_* calls below, asks for a statement, and may cheat in between at each level:
 *
 *   - before an epoch: change where an event is filed (`filed`, `label`, `second` of a struct forge_event);
 *   - any entry: append what you like (forge_append), or change `entries[i]` and call forge_rehash;
 *   - an epoch with other roots, another size or time: forge_compute_epoch, change it, forge_append;
 *   - an answer under other keys: change `vrf_secret` or `log_secret` before forge_statement;
 *   - the statement itself: it is a json_t; forge_event_json, forge_included, forge_checkpoint, forge_base64 and
 *     forge_range_json make parts that hold by themselves.
 *
 * Log indexes name everything. Allocation failures and misuse end the test. */
#pragma once

#include "ledger/event/event.h"
#include "ledger/proof/filing_proof.h"
#include "ledger/statement/statement.h"
#include "ledger/tree/subject_tree.h"

#include <jansson.h>

#define FORGE_ORIGIN "log.example.dk/forge"
#define FORGE_START_S 1795435200u /* 2026-11-23T12:00:00Z, ledger time at the beginning */
#define FORGE_SENDERS_MAX 16
#define FORGE_LAG_SECONDS 300

struct forge_entry {
	uint8_t *data; /* encoded; after a change call forge_rehash */
	size_t len;
	struct hash leaf;
};

struct forge_event {
	uint64_t index;
	char subject[SUBJECT_BYTES_MAX + 1];
	struct entry_event entry;
	struct bytes header;
	struct bytes disclosed;
	struct bytes restricted;
	struct hash c_d;
	struct hash c_r;
	uint64_t batch; /* log index of its batch entry */
	/* Where epochs file it: under `label` unless `filed` is false, and under `second` too if `twice`. */
	bool filed;
	bool twice;
	struct label label;
	struct label second;
};

struct forge_sender {
	uint32_t id;
	uint8_t public_key[32];
	uint8_t secret_key[64];
	uint64_t next_sequence;
	uint64_t version; /* log index of its newest entry */
	uint32_t changes; /* its entries after the registration */
};

struct forge {
	struct vkey vkey;
	uint8_t log_secret[64];
	struct key vrf_secret;
	struct vkey auditor;
	uint8_t auditor_secret[64];
	uint64_t now_s; /* ledger time of what is appended next; move it on as you like */
	size_t entry_count;
	struct forge_entry *entries;
	size_t event_count;
	struct forge_event *events; /* ascending by index; pointers into it end with the next event */
	size_t sender_count;
	struct forge_sender senders[FORGE_SENDERS_MAX];
	uint64_t secrets;        /* how many batch secrets have been made */
	char cosignatures[4096]; /* empty at first; lines that forge_checkpoint puts under every note */
};

/* A log with its genesis entry and sender 1, "Aarhus Kommune", endorsed, which may withhold. */
struct forge *forge_new(void);
void forge_free(struct forge *forge);

/* ---- the log ---- */

/* The encoded entry at the end; gives its log index. */
uint64_t forge_append(struct forge *forge, const struct entry *entry);
/* After `entries[index]` was changed. */
void forge_rehash(struct forge *forge, uint64_t index);
/* Registers the next id under a name; without `endorsed` its signature is broken. */
uint32_t forge_sender(struct forge *forge, const char *name, bool endorsed);
/* A later entry of a sender: SENDER_ROTATE (under a new key), SENDER_POLICY or SENDER_REVOKE; gives its log index. */
uint64_t forge_sender_change(
	struct forge *forge, uint32_t sender, enum sender_action action, bool endorsed, bool compromised);

/* The key of witness `number`, as a policy lists it. */
void forge_witness(unsigned number, struct vkey *vkey, uint8_t secret_key[64]);
/* Its cosignature of the checkpoint of `size` entries (0: all so far) goes under every note from now on. */
void forge_cosign(struct forge *forge, unsigned number, uint64_t size, uint64_t time_s);

struct forge_draft {
	const char *subject;
	uint64_t withheld_until_s;           /* 0: not */
	uint8_t retention_years;             /* 0: the default */
	void (*change)(struct event *event); /* before it is encoded; or NULL */
};

/* A signed batch: its events, then the batch entry; gives the log index of the first event. */
uint64_t forge_batch(struct forge *forge, uint32_t sender, const struct forge_draft *drafts, size_t count);
/* A batch of one event of sender 1. */
uint64_t forge_one(struct forge *forge, const char *subject);
uint64_t forge_erase_person(struct forge *forge, const char *subject);
uint64_t forge_erase_period(struct forge *forge, uint64_t time_s, uint8_t retention_years);
/* Months since 1970-01, in UTC. */
uint16_t forge_month(uint64_t time_s);
struct forge_event *forge_event_at(struct forge *forge, uint64_t index);
/* 32 bytes with which the erasure entry at `index` opens to its label. */
void forge_opening(uint64_t index, struct key *out);

/* The honest epoch entry over the events below `size`. */
void forge_compute_epoch(struct forge *forge, uint64_t size, struct entry_epoch *out);
/* Appends the honest epoch over the whole log so far; gives its log index. */
uint64_t forge_epoch(struct forge *forge);
void forge_label(const struct forge *forge, const char *subject, struct label *out);

/* ---- parts of answers: new references ---- */

json_t *forge_base64(struct bytes value);
/* The signed note of the first `size` entries (0: all), with the cosignatures. */
json_t *forge_checkpoint(const struct forge *forge, uint64_t size);
/* {"index", "entry", "inclusion"} under the checkpoint of `size` entries. */
json_t *forge_included(const struct forge *forge, uint64_t index, uint64_t size);
/* A covered event with its blind, or (size not 0) a later one with its inclusion proof. Withheld where its date lies
 * after `epoch_s`, erased where `erased_by` is not 0, else open. */
json_t *forge_event_json(
	const struct forge *forge, const struct forge_event *event, uint64_t epoch_s, uint64_t erased_by, uint64_t size);
/* {"first", "proof"} of the range in the subject tree of `label` at an epoch of `epoch_size`. */
json_t *forge_range_json(
	const struct forge *forge, const struct label *label, uint64_t epoch_size, uint64_t first, uint64_t count);
/* {"present", "count", "proof"} or {"present", "proof"} of the map at an epoch of `epoch_size`. */
json_t *forge_map_json(const struct forge *forge, const struct label *label, uint64_t epoch_size);
/* {"note", "epoch"} for the epoch entry at `epoch`. */
json_t *forge_audit_json(const struct forge *forge, uint64_t epoch, uint64_t size);

/* ---- whole answers ---- */

struct forge_options {
	const char *subject;
	uint64_t epoch; /* log index of the epoch entry; 0: the newest */
	uint64_t size;  /* of the checkpoint; 0: the whole log */
	struct statement_window window;
	bool signatures;
	bool audit;
};

/* What an honest ledger would answer, given what it filed. */
json_t *forge_statement(struct forge *forge, const struct forge_options *options);
/* The filing proof of the batch with this sequence under the newest epoch. */
json_t *forge_filing(struct forge *forge, uint32_t sender, uint64_t sequence, bool proofs);

/* Verifies `statement` (the reference is kept by the caller) with the forge's vkey. */
enum error forge_verify(const struct forge *forge, const json_t *statement, const struct statement_options *options,
	struct statement **out, struct finding *finding);
