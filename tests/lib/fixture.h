/* A ledger with one sender in a directory of its own, and batches for it, as a real sender makes them. */
#pragma once

#include "ledger/event/event_json.h"
#include "ledger/read/archive.h"
#include "ledger/write/ledger.h"
#include "tests/lib/place.h"
#include "tests/lib/unit.h"

#define FIXTURE_ORG "cvr:55133018"
#define FIXTURE_ORIGIN "log.example.dk/test"

struct fixture {
	struct place place;
	char dir[80];
	struct vkey vkey;
	uint8_t public_key[32];
	uint8_t secret_key[64];
	struct policy policy;
	struct mandate mandate; /* of senders that are registered from here on; nothing at first */
	struct ledger *ledger;
	struct preparer *preparer;
	uint32_t sender;
	uint64_t now_s;
};

/* Creates and opens the ledger and registers the sender (id 1) with the default policy. */
void fixture_make(struct fixture *fixture);
/* Closes what is open and removes the directory. */
void fixture_remove(struct fixture *fixture);
/* Registers a sender with the fixture's keys, policy and mandate, in a tick of its own; batches come from it from here
 * on. Whoever it is may report for FIXTURE_ORG, whose the events here are, and for cvr:1 and cvr:2. */
void fixture_register(struct fixture *fixture, uint32_t id, const char *org, const char *name);
/* Revokes it, in a tick of its own. */
void fixture_revoke(struct fixture *fixture, uint32_t id, bool compromised);
/* What an entry of this sender has to follow. */
uint64_t fixture_follows(struct fixture *fixture, enum sender_action action, uint32_t id);
/* ... and which change it is. */
uint32_t fixture_change(struct fixture *fixture, enum sender_action action, uint32_t id);
void fixture_open(struct fixture *fixture);
void fixture_close(struct fixture *fixture);

/* The body of a batch frame of `count` events; event i is about subject number subjects[i] (cpr:01017NNNNN), or a mass
 * batch when `subjects` is NULL. `salt` makes the content differ. To be freed. */
struct bytes fixture_batch(
	struct fixture *fixture, uint64_t first_sequence, const uint32_t *subjects, uint32_t count, uint32_t salt);
/* Makes the body from event objects in JSON. */
struct bytes fixture_batch_of_json(
	struct fixture *fixture, uint64_t first_sequence, const char *const *events, uint32_t count);
/* Recomputes root and signature after a test has changed the frame's events: `body` in place. */
void fixture_sign_again(struct fixture *fixture, struct bytes body);
/* The canonical id of a subject number. */
const char *fixture_subject(uint32_t number);

/* Prepares and appends in a tick of its own; the error of either, or of the commit. */
enum error fixture_take(struct fixture *fixture, struct bytes body, struct appended *out, struct fault *fault) MUST_USE;
/* The same for a batch that must be taken; frees `body`. */
struct appended fixture_append(struct fixture *fixture, struct bytes body);
/* Runs an epoch to its end. */
void fixture_epoch(struct fixture *fixture);
