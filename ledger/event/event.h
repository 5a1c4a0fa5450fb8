/* The event: who did what to whose data, when and why. spec/event.md
 *
 * An event is a flat set of numbered fields (event_schema.h lists them once: number, JSON path, type,
 * whether required, default part; encoder, decoder, JSON and the table in the spec follow from it).
 * It is carried as two deterministic CBOR maps from field number to value: the *disclosed* part, which the
 * subject sees, and the *restricted* part, which may be empty (zero bytes). Beside them stands the
 * *header*: what must stay provable even when nothing is opened.
 *
 * Texts in a `struct event` are borrowed, from the JSON document, the CBOR or the arena it was made from. */
#pragma once

#include "ledger/base/hash.h"
#include "ledger/event/policy.h"

struct event_list {
	uint32_t count;
	struct bytes items[EVENT_LIST_MAX];
};

union event_value {
	struct bytes text;
	uint64_t number; /* count, enumeration code or boolean */
	int64_t time_ns; /* since 1970-01-01T00:00:00Z */
	uint32_t list;   /* index into `lists` */
};

#define EVENT_FIELDS_MAX 64 /* field numbers are 1 to 63: one bit each */
#define EVENT_LISTS_MAX 6   /* list fields of the schema */

/* What stands outside both parts. */
struct event_header {
	uint64_t withheld_until_s; /* 0: not withheld */
	uint8_t retention_years;
	uint8_t basis_len;
	char basis[WITHHELD_BASIS_BYTES_MAX];
};

struct event {
	uint64_t present; /* bit n: field n is there */
	union event_value values[EVENT_FIELDS_MAX];
	uint32_t list_count;
	struct event_list lists[EVENT_LISTS_MAX];
	struct event_header header;
};

/* ---- header ---- */

/* withheld until (8) || retention years (1) || basis length (1) || basis */
void event_header_encode(const struct event_header *header, struct writer *out);
void event_header_decode(struct reader *in, struct event_header *out);
/* Whether its sender may withhold, and whether this may be withheld at all. E_POLICY. */
enum error event_header_check(
	const struct event_header *header, const struct policy *policy, bool act, struct fault *fault) MUST_USE;

/* ---- CBOR ---- */

/* Checks everything that the schema and `policy` ask for, then writes the two parts. Mass events have
 * `subjects` and no `subject`. E_MISSING_FIELD, E_BAD_VALUE, E_TOO_LONG, E_POLICY, with the field. */
enum error event_encode(const struct event *event, const struct policy *policy, struct writer *disclosed,
	struct writer *restricted, struct fault *fault) MUST_USE;

/* The fields whose bits are set in `fields`, as one map, without judging them: for comparing events. */
void event_encode_fields(const struct event *event, uint64_t fields, struct writer *out);

/* Reads both parts, strictly: deterministic CBOR, UTF-8, known fields, each in the part where `policy`
 * puts it, required ones present, closed lists and limits kept, canonical subject. With policy NULL the
 * split is not judged (a verifier reads what an earlier policy split). `restricted` may be empty, also when the
 * required fields in it are therefore missing: `partial` says so and only what is there is checked. */
enum error event_decode(struct bytes disclosed, struct bytes restricted, const struct policy *policy, bool partial,
	struct event *out, struct fault *fault) MUST_USE;

/* ---- fields that the ledger itself reads ---- */

bool event_is_mass(const struct event *event);
/* The canonical subject id; empty for a mass event. */
struct bytes event_subject(const struct event *event);
int64_t event_time_ns(const struct event *event);
struct bytes event_org_id(const struct event *event);

/* ---- acts (event_acts.c) ----
 * What an event does beside telling of an access: it gives or takes back a right to read, complains of an access,
 * answers a complaint, or tells of a consent. Each has fields of its own and a place where it stands. */

enum event_act_kind {
	ACT_ACCESS,
	ACT_GRANT,   /* in the principal's list of grants */
	ACT_MANDATE, /* the same, in the holder's list of mandates */
	ACT_REPORT,  /* of suspicion: in the person's list, and in that of the organisation that it is about */
	ACT_ANSWER,  /* to a report, in the person's list */
	ACT_CONSENT, /* given, changed or withdrawn, in the person's list */
};

enum event_act_kind event_act(const struct event *event);
/* All of an act or nothing of it, one of them at most, and where it belongs. E_BAD_VALUE, E_MISSING_FIELD. */
enum error event_check_acts(const struct event *event, struct fault *fault) MUST_USE;

/* ---- commitment ---- */

/*   batch secret ─► secret ─┐
 *                restricted ─┴► c_r ─┐
 *                         disclosed ─┴► c_d ─┐
 *                                     header ─┴► commitment
 *
 * Each step hides what is before it as long as that is not shown: c_r opens the disclosed part and says nothing of the
 * restricted one, c_d says nothing of either. So one secret is enough for both. */

/* The secret of one event of a batch. */
void event_secret(const struct key *batch_secret, uint64_t sequence, struct key *out);
void event_commit_restricted(const struct key *secret, struct bytes restricted, struct hash *c_r);
void event_commit_disclosed(const struct hash *c_r, struct bytes disclosed, struct hash *c_d);
/* `header` in its encoded form. */
void event_commitment(struct bytes header, const struct hash *c_d, struct hash *out);
