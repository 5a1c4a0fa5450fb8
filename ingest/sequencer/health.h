/* How ingest is: what its threads note, written to DIR/status.json by the network thread (ledger/read/status.h).
 * No personal data. Any thread, but for health_beat, health_new and health_free: those are the network thread's. */
#pragma once

#include "ledger/read/status.h"

struct health;

enum error health_new(const char *dir, struct health **out) MUST_USE;
/* Removes the file: a daemon that has ended says nothing. */
void health_free(struct health *health);
/* True if a reason came or went since the file was written: it should not wait for the next beat. */
bool health_changed(struct health *health);
/* Notes whether it is so; true when that is new. */
bool health_set(struct health *health, enum status_reason reason, bool so);
/* The writing thread is alive. */
void health_writer(struct health *health);
/* For so long the oldest snapshot of the store has been held; 0: none that matters. */
void health_snapshot(struct health *health, uint64_t age_s);
/* A batch of this sender was refused. */
void health_refused(struct health *health, uint32_t sender, enum error error);
/* When the certificate of the ingest port ends, in seconds since 1970. */
void health_certificate(struct health *health, uint64_t ends_s);
/* About once a second: the process is alive. Writes the file. */
void health_beat(struct health *health);
