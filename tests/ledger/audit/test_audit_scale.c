/* `indsigt audit --labels` of a ledger of 100 epochs, honest, and with one event moved, unfiled or doubled in the last
 * one. INDSIGT names the program. INDSIGT_EVENTS: how many events (10,000; 1,000,000 by hand), about a tenth as many
 * people. */
#include "tests/lib/misfiled.h"

#include <inttypes.h>
#include <sys/wait.h>
#include <time.h>

#define EPOCHS 100u
#define BATCH_MAX 1000u
#define EVENTS_OF_PERSON 10u

static uint32_t round_events;
static uint32_t batch_events;
static uint32_t people;

static uint64_t round_index(uint32_t round)
{
	return 2 + round * ((uint64_t)round_events + round_events / batch_events + 1);
}

/* A prime step, so that the events of a round are about different persons. */
static uint32_t subject_of(uint64_t sequence)
{
	return (uint32_t)(sequence * 7919 % people);
}

static void append_round(uint32_t round)
{
	uint32_t subjects[BATCH_MAX];
	for (uint32_t from = 0; from < round_events; from += batch_events) {
		uint64_t sequence = (uint64_t)round * round_events + from;
		for (uint32_t i = 0; i < batch_events; i++)
			subjects[i] = subject_of(sequence + i);
		fixture_append(&f, fixture_batch(&f, sequence, subjects, batch_events, round));
	}
}

/* An event of the last batch but one of the last round, or of its only batch. */
static struct event_place event_of(uint32_t round)
{
	uint32_t batches = round_events / batch_events, batch = batches > 1 ? batches - 2 : 0;
	uint64_t sequence = (uint64_t)round * round_events + (uint64_t)batch * batch_events;
	uint32_t at = batch_events / 2;
	return (struct event_place){round_index(round) + (uint64_t)batch * (batch_events + 1), sequence, batch_events, at,
		subject_of(sequence + at)};
}

static double seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The last line, and the exit code. */
static int audit_command(char *line, size_t line_max)
{
	char command[1024], vkey[VKEY_TEXT_MAX + 1];
	vkey_format(&f.vkey, vkey);
	snprintf(command, sizeof command, "%s audit %s --vkey '%s' --labels", getenv("INDSIGT"), f.dir, vkey);
	double from = seconds();
	FILE *output = popen(command, "r");
	ck_assert_ptr_nonnull(output);
	line[0] = '\0';
	while (fgets(line, (int)line_max, output) != NULL)
		;
	int status = pclose(output);
	line[strcspn(line, "\n")] = '\0';
	printf("# %.1f s: %s\n", seconds() - from, line);
	fflush(stdout);
	return WEXITSTATUS(status);
}

static void check_misfiled(const struct event_place *event, const char *reason)
{
	char line[1024], wanted[128];
	fixture_close(&f);
	snprintf(wanted, sizeof wanted, "audit: FAILED epoch=%" PRIu64 " index=%" PRIu64 " ", round_index(EPOCHS) - 1,
		event_index(event));
	ck_assert_int_eq(audit_command(line, sizeof line), 1);
	ck_assert_msg(strncmp(line, wanted, strlen(wanted)) == 0 && strstr(line, reason) != NULL, "%s", line);
}

static void check_honest(void)
{
	char line[1024], wanted[128];
	fixture_close(&f);
	snprintf(wanted, sizeof wanted, "audit: ok entries=%" PRIu64 " events=%" PRIu32 " ", round_index(EPOCHS),
		EPOCHS * round_events);
	ck_assert_int_eq(audit_command(line, sizeof line), 0);
	ck_assert_msg(strncmp(line, wanted, strlen(wanted)) == 0, "%s", line);
	snprintf(wanted, sizeof wanted, " epochs=%u subjects=%" PRIu32 " ", EPOCHS, people);
	ck_assert_msg(strstr(line, wanted) != NULL, "%s", line);
}

/* The ledger as it is before the last epoch: kept, and put back. */
static void copy_ledger(const char *from, const char *to)
{
	char command[400];
	snprintf(command, sizeof command, "cd %s && rm -rf %s && cp -r %s %s", f.place.path, to, from, to);
	ck_assert_int_eq(system(command), 0);
}

static void read_size(void)
{
	const char *text = getenv("INDSIGT_EVENTS");
	uint32_t events = text != NULL ? (uint32_t)strtoul(text, NULL, 10) : 10000;
	round_events = events / EPOCHS;
	batch_events = round_events < BATCH_MAX ? round_events : BATCH_MAX;
	round_events -= round_events % batch_events;
	people = round_events * EPOCHS / EVENTS_OF_PERSON;
	ck_assert_uint_gt(batch_events, 1);
	ck_assert_uint_le(people, 100000); /* fixture_subject has no more */
}

START_TEST(last_of_a_hundred_epochs)
{
	read_size();
	fixture_make(&f);
	secrets = load_secrets();
	double from = seconds();
	for (uint32_t round = 0; round < EPOCHS; round++) {
		append_round(round);
		if (round + 1 < EPOCHS)
			fixture_epoch(&f);
	}
	printf("# %.1f s: %u events of %u people, %u epochs\n", seconds() - from, EPOCHS * round_events, people, EPOCHS);
	struct event_place event = event_of(EPOCHS - 1);
	fixture_close(&f);
	copy_ledger("ledger", "before");

	fixture_open(&f);
	epoch_moved(&event, true);
	check_misfiled(&event, "under another label");
	for (int doubled = 0; doubled <= 1; doubled++) {
		copy_ledger("before", "ledger");
		fixture_open(&f);
		epoch_miscounted(&event, doubled);
		check_misfiled(&event, doubled ? "twice" : "does not have the event");
	}
	copy_ledger("before", "ledger");
	fixture_open(&f);
	fixture_epoch(&f);
	check_honest();
	secrets_free(secrets);
	fixture_remove(&f);
}
END_TEST

UNIT_MAIN("audit_scale", last_of_a_hundred_epochs)
