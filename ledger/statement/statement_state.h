/* A statement while it is verified: what the file shows, read and sized, nothing judged; and what the stages of the
 * verification hand on. Shared by the files that implement statement.h. Bytes are borrowed from the form, arrays are
 * its own. */
#pragma once

#include "ledger/label/label.h"
#include "ledger/proof/anchor.h"
#include "ledger/statement/statement.h"

struct shown_event {
	uint64_t index;
	struct hash blind; /* covered ones */
	struct bytes entry;
	struct bytes header;
	struct hash c_d; /* unless open */
	enum statement_state state;
	struct bytes disclosed;  /* open */
	struct hash c_r;         /* open */
	uint64_t erased_by;      /* erased */
	struct hashes inclusion; /* later ones */
	/* With signatures: its sender's newest entry before its batch; filled in when the signature was checked. */
	const struct entry_sender *by;
};

/* A neighbour of the window. */
struct shown_leaf {
	bool shown;
	uint64_t index;
	struct hash blind;
	struct bytes entry;
	uint64_t time_s; /* filled in when it is checked */
};

struct shown_erasure {
	struct included at;
	bool has_opening;
	struct key opening;
	struct entry_erasure entry; /* filled in when it is checked */
	bool used;
};

struct shown_batch {
	struct included at;
	struct entry_batch entry; /* from here on: filled in when it is checked */
	size_t signer;            /* place of the sender entry whose key signed */
	bool has_root;
	struct hash root;
};

/* An event's path to the root of its batch. */
struct shown_path {
	uint64_t index; /* of the event */
	size_t batch;
	struct hashes hashes;
};

struct shown_sender {
	struct included at;
	struct entry_sender entry; /* from here on: filled in when it is checked */
	size_t sender;             /* place in the result's `senders` */
	bool used;
};

struct shown {
	struct bytes subject;
	struct anchor anchor;
	size_t last_count;
	struct included last[STATEMENT_LAST_MAX];
	uint8_t vrf_proof[VRF_PROOF_BYTES];
	bool present;
	uint64_t count;
	struct bytes map_proof;
	bool windowed;
	struct statement_window window;
	uint64_t first;
	struct hashes range_proof;
	struct shown_leaf before;
	struct shown_leaf after;
	size_t event_count;
	struct shown_event *events;
	size_t later_count;
	struct shown_event *later;
	size_t erasure_count;
	struct shown_erasure *erasures;
	bool signatures;
	size_t sender_count;
	struct shown_sender *senders;
	size_t batch_count;
	struct shown_batch *batches;
	size_t path_count;
	struct shown_path *paths;
	bool audited;
	struct bytes audit_note;
	struct included audit_epoch;
	/* What the stages hand on. */
	uint64_t quorum_s; /* POL-10: one witness whose clock is ahead does not move it; 0 without a policy */
	struct label label;
	struct finding *finding;
};

/* statement_parse.c: reads the whole document into `out`; the caller calls shown_release in any case. The form's error,
 * or E_NO_MEMORY. */
enum error statement_read(struct form *form, struct shown *out) MUST_USE;
void shown_release(struct shown *shown);

/* statement_events.c: the erasure entries, then the covered events one by one, into `out`, which has its arrays. */
enum error statement_check_events(struct shown *shown, struct statement *out) MUST_USE;
/* The events after the epoch. */
enum error statement_check_later(struct shown *shown, struct statement *out) MUST_USE;

/* statement_range.c: that the events shown are all there are (in the window), and the map's proof. */
enum error statement_check_range(struct shown *shown, const struct statement *result) MUST_USE;

/* statement_signatures.c: the senders' signatures. */
enum error statement_check_signatures(struct shown *shown, struct statement *out) MUST_USE;
