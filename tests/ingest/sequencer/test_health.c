/* What ingest says of itself: batches that it refused, of whom and why. */
#include "ingest/sequencer/health.h"
#include "ledger/base/clock.h"
#include "tests/lib/place.h"
#include "tests/lib/scarce.h"
#include "tests/lib/unit.h"

static uint64_t count_of(const struct status *status, uint32_t sender, enum error error)
{
	uint64_t count = 0;
	for (size_t i = 0; i < STATUS_REFUSED_OF_MAX; i++)
		if (status->refused_of[i].sender == sender && status->refused_of[i].error == error)
			count += status->refused_of[i].count;
	return count;
}

/* As many as there is room for have a row, whose count goes on; the sums have all. */
START_TEST(refused_batches_are_counted_by_sender)
{
	struct place place;
	struct health *health;
	struct status status;
	place_make(&place);
	ck_ok(health_new(place.path, &health));
	for (uint32_t round = 0; round < 2; round++)
		for (uint32_t sender = 1; sender <= STATUS_REFUSED_OF_MAX; sender++)
			health_refused(health, sender, sender % 2 ? E_POLICY : E_NOT_DETERMINISTIC);
	health_refused(health, 4000000000u, E_POLICY);
	health_beat(health);
	ck_ok(status_read(place.path, clock_ms(), &status));
	ck_assert_uint_eq(status.since_s[STATUS_AWAY], 0);
	for (uint32_t sender = 1; sender <= STATUS_REFUSED_OF_MAX; sender++)
		ck_assert_uint_eq(count_of(&status, sender, sender % 2 ? E_POLICY : E_NOT_DETERMINISTIC), 2);
	ck_assert_uint_eq(count_of(&status, 4000000000u, E_POLICY), 0);
	ck_assert_uint_eq(status.refused[E_POLICY], STATUS_REFUSED_OF_MAX + 1);
	health_free(health);
	place_remove(&place);
}
END_TEST

/* The file has its size whatever is in it. */
START_TEST(all_there_can_be_has_room)
{
	static struct status status;
	uint8_t out[STATUS_BYTES];
	memset(&status, 0xFF, sizeof status);
	for (size_t i = 0; i < STATUS_REFUSED_OF_MAX; i++)
		status.refused_of[i] = (struct status_refused){UINT32_MAX, E_NOT_DETERMINISTIC, INT64_MAX};
	for (size_t i = 0; i < STATUS_ERRORS; i++)
		status.refused[i] = strcmp(error_name((enum error)i), "unknown") == 0 ? 0 : INT64_MAX;
	ck_ok(status_encode(&status, out));
}
END_TEST

/* A monitor that cannot read it has nothing to say of the daemon. */
START_TEST(without_memory_nobody_is_away)
{
	struct place place;
	struct health *health;
	struct status status;
	bool all = false;
	place_make(&place);
	ck_ok(health_new(place.path, &health));
	health_beat(health);
	for (unsigned number = 1; !all; number++) {
		scarce_at(number);
		enum error error = status_read(place.path, clock_ms(), &status);
		all = !scarce_end();
		ck_error(error, all ? E_OK : E_NO_MEMORY);
	}
	ck_assert_uint_eq(status.since_s[STATUS_AWAY], 0);
	health_free(health);
	place_remove(&place);
}
END_TEST

UNIT_MAIN("health", refused_batches_are_counted_by_sender, all_there_can_be_has_room, without_memory_nobody_is_away)
