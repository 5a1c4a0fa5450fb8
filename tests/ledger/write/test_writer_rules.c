/* The writer keeps every rule that others check: whatever comes, in whatever order, each entry that it commits is taken
 * by the auditors' rules (log_rules.h), and of each ledger time it says whether an entry may bear it as they do.
 *
 * INDSIGT_SEEDS: how many sequences of what comes (8), INDSIGT_SEED: the first one. The seed is printed before each. */
#include "ledger/audit/audit.h"
#include "ledger/db/db_put.h"
#include "ledger/log/log_rules.h"
#include "ledger/write/ledger_state.h"
#include "tests/lib/fixture.h"

#include <stdlib.h>

#define OPERATIONS 150
#define SENDERS_MAX 6

struct reporter {
	uint32_t id;
	uint8_t public_key[32];
	uint8_t secret_key[64];
	struct policy policy;
	uint64_t next_sequence;
	bool revoked;
	struct bytes last; /* the batch that was taken last, to come again */
};

static struct fixture f;
static struct reporter reporters[SENDERS_MAX];
static size_t reporter_count;
static struct log_rules rules;
static uint32_t next_subject;
static bool damaged;
static unsigned seed;
static const char *doing;
static struct fault why;

#define HOLDS(condition) ck_assert_msg(condition, "seed %u, %s: %s", seed, doing, #condition)
#define WORKS(call)                                                                                          \
	do {                                                                                                     \
		enum error got = (call);                                                                             \
		ck_assert_msg(got == E_OK, "seed %u, %s: %s: %s %s", seed, doing, #call, error_name(got), why.text); \
	} while (0)

static uint32_t below(uint32_t end)
{
	return (uint32_t)((unsigned long)random() % end);
}

/* ---- what auditors say ---- */

static enum error read_bundle(void *context, uint64_t number, struct bytes *out)
{
	return log_bundle(context, number, out);
}

/* Every entry that is new under the last commit. */
static void take_entries(void)
{
	struct db_txn reading;
	struct log_finding finding = {.text = ""};
	WORKS(db_begin(f.ledger->store, false, &reading));
	rules.state.bundles = (struct log_bundles){read_bundle, &reading};
	while (rules.state.size < f.ledger->checkpoint.size) {
		struct bytes encoded;
		struct entry entry;
		WORKS(log_entry(&reading, rules.state.size, &encoded));
		WORKS(entry_decode(encoded, &entry));
		enum error error = log_rules_entry(&rules, &entry, &finding);
		ck_assert_msg(error == E_OK, "seed %u, %s: index %lu: %s", seed, doing, finding.index, finding.text);
	}
	WORKS(log_rules_end(&rules, &finding));
	rules.state.bundles = (struct log_bundles){.read = NULL};
	db_abort(&reading);
	HOLDS(f.ledger->state.time_s == rules.state.time_s && f.ledger->state.events == rules.state.events);
	HOLDS(losses_equal(&f.ledger->state.losses, &rules.state.losses));
}

/* Would an entry of this time break a rule? One that breaks none else. */
static bool rules_allow(uint64_t time_s)
{
	struct log_rules copy;
	struct log_finding finding;
	size_t capacity = log_rules_encoded_max(&rules);
	uint8_t *encoded = malloc(capacity);
	struct writer w = writer_of(encoded, capacity);
	struct entry entry = {.kind = ENTRY_ERASURE, .erasure = {.retention_years = 5, .time_s = time_s}};
	log_rules_encode(&rules, &w);
	struct reader r = reader_of(bytes_of(encoded, writer_len(&w)));
	log_rules_init(&copy, &f.vkey);
	log_rules_decode(&copy, &r);
	HOLDS(reader_done(&r) == E_OK);
	enum error error = log_rules_entry(&copy, &entry, &finding);
	log_rules_free(&copy);
	free(encoded);
	HOLDS(error == E_OK || error == E_CORRUPT);
	return error == E_OK;
}

static void compare_verdicts(void)
{
	for (int i = 0; i < 4; i++) {
		uint64_t time_s = rules.state.time_s + below(i % 2 ? 700 : 4);
		HOLDS(epoch_lag_allows(&f.ledger->state.lag, time_s) == rules_allow(time_s));
	}
}

/* ---- what comes ---- */

static void file_all(void)
{
	bool finished;
	while (ledger_unfiled(f.ledger) > 0 || f.ledger->epoch != NULL) {
		bool more = f.ledger->epoch != NULL;
		if (!more)
			WORKS(ledger_epoch_start(f.ledger, &more, &why));
		if (more)
			WORKS(ledger_epoch_slice(f.ledger, &finished, &why));
		take_entries();
	}
}

static struct reporter *any_reporter(void)
{
	struct reporter *reporter = &reporters[below((uint32_t)reporter_count)];
	f.sender = reporter->id;
	f.policy = reporter->policy;
	memcpy(f.secret_key, reporter->secret_key, sizeof f.secret_key);
	return reporter;
}

/* Prepared and appended at the time of now, or of the log if that is ahead. */
static enum error try_batch(struct bytes body)
{
	struct appended appended;
	struct fault fault = {.text = ""};
	uint64_t now_s = f.now_s;
	if (f.now_s < ledger_next_s(f.ledger) && period_month(f.now_s) != period_month(ledger_next_s(f.ledger)))
		f.now_s = ledger_next_s(f.ledger);
	enum error error = fixture_take(&f, body, &appended, &fault);
	f.now_s = now_s;
	take_entries();
	return error;
}

static void come(struct reporter *reporter, struct bytes body, bool news)
{
	uint64_t time_s = f.now_s > ledger_next_s(f.ledger) ? f.now_s : ledger_next_s(f.ledger);
	bool allowed = rules_allow(time_s);
	enum error error = try_batch(body);
	if (reporter->revoked && news) {
		HOLDS(error == E_REVOKED_SENDER);
		return;
	}
	if (!news) {
		HOLDS(error == E_OK || error == E_LOST);
		return;
	}
	HOLDS((error == E_UNFILED) == !allowed);
	if (error == E_UNFILED) {
		file_all();
		error = try_batch(body);
	}
	HOLDS(error == E_OK);
}

static void batch(void)
{
	uint32_t subjects[20];
	struct reporter *reporter = any_reporter();
	uint32_t count = 1 + below(20);
	for (uint32_t i = 0; i < count; i++)
		subjects[i] = below(2) ? next_subject++ : below(next_subject + 1);
	struct bytes body =
		fixture_batch(&f, reporter->next_sequence, below(6) ? subjects : NULL, count, (uint32_t)random());
	come(reporter, body, true);
	if (reporter->revoked) {
		free((void *)(uintptr_t)body.data);
		return;
	}
	reporter->next_sequence += count;
	free((void *)(uintptr_t)reporter->last.data);
	reporter->last = body;
}

static void again(void)
{
	struct reporter *reporter = any_reporter();
	if (reporter->last.len > 0)
		come(reporter, reporter->last, false);
}

static void hole(void)
{
	const uint32_t subject = 1;
	struct reporter *reporter = any_reporter();
	struct bytes body = fixture_batch(&f, reporter->next_sequence + 1, &subject, 1, 1);
	enum error error = try_batch(body);
	HOLDS(error == (reporter->revoked ? E_REVOKED_SENDER : E_SEQUENCE_HOLE));
	free((void *)(uintptr_t)body.data);
}

/* A batch in a tick that does not happen. */
static void forgotten(void)
{
	const uint32_t subjects[] = {1, 2};
	struct appended appended;
	struct fault fault = {.text = ""};
	struct prepared *prepared = NULL;
	struct reporter *reporter = any_reporter();
	uint64_t now_s = f.now_s > ledger_next_s(f.ledger) ? f.now_s : ledger_next_s(f.ledger);
	struct bytes body = fixture_batch(&f, reporter->next_sequence, subjects, 2, 1);
	if (prepare_batch(f.preparer, f.sender, body, now_s, &prepared, &fault) == E_OK) {
		WORKS(ledger_begin(f.ledger, &why));
		(void)!ledger_append(f.ledger, prepared, &appended, &fault);
		ledger_abort(f.ledger);
		prepared_free(prepared);
	}
	free((void *)(uintptr_t)body.data);
}

static enum error append_sender(struct entry_sender *entry)
{
	struct fault fault = {.text = ""};
	WORKS(ledger_begin(f.ledger, &why));
	f.ledger->tick_s = f.now_s;
	enum error error = ledger_append_sender(f.ledger, entry, &fault);
	if (error != E_OK) {
		ledger_abort(f.ledger);
		return error;
	}
	WORKS(ledger_commit(f.ledger, &why));
	return E_OK;
}

static void sign(const struct entry_sender *entry, const uint8_t secret[64], uint8_t out[64])
{
	uint8_t message[4096];
	struct bytes to_sign;
	struct writer w = writer_of(message, sizeof message);
	WORKS(sender_message(FIXTURE_ORIGIN, entry, &w));
	WORKS(writer_done(&w, &to_sign));
	crypto_sign_detached(out, NULL, to_sign.data, to_sign.len, secret);
}

static void change(void)
{
	uint8_t secret_key[64];
	bool registers = reporter_count < SENDERS_MAX && below(2) == 0;
	struct reporter *reporter = registers ? &reporters[reporter_count] : any_reporter();
	enum sender_action action = registers       ? SENDER_REGISTER
								: below(8) == 0 ? SENDER_REVOKE
								: below(2)      ? SENDER_ROTATE
												: SENDER_POLICY;
	struct reporter after = *reporter;
	if (registers) {
		after = (struct reporter){.id = (uint32_t)reporter_count + 1};
		policy_default(&after.policy);
	}
	memcpy(secret_key, after.secret_key, sizeof secret_key);
	if (action == SENDER_REGISTER || action == SENDER_ROTATE)
		crypto_sign_keypair(after.public_key, after.secret_key);
	if (action == SENDER_POLICY)
		snprintf(after.policy.purpose, sizeof after.policy.purpose, "purpose %u", below(100));
	after.revoked |= action == SENDER_REVOKE;
	struct entry_sender entry = {
		.action = action, .follows = fixture_follows(&f, action, after.id), .sender = after.id, .policy = after.policy};
	strcpy(entry.org, "cvr:55133018");
	strcpy(entry.name, "Aarhus Kommune");
	memcpy(entry.public_key, after.public_key, 32);
	uint64_t time_s = f.now_s > ledger_next_s(f.ledger) ? f.now_s : ledger_next_s(f.ledger);
	bool allowed = rules_allow(time_s), endorsed = below(3) > 0 && action != SENDER_REVOKE;
	if (endorsed)
		sign(&entry, after.secret_key, entry.signature);
	if (endorsed && (action == SENDER_ROTATE || action == SENDER_POLICY))
		sign(&entry, secret_key, entry.old_signature);
	enum error error = append_sender(&entry);
	if (reporter->revoked && !registers) {
		HOLDS(error == E_REVOKED_SENDER);
		return;
	}
	HOLDS((error == E_UNFILED) == !allowed);
	if (error == E_UNFILED) {
		file_all();
		error = append_sender(&entry);
	}
	HOLDS(error == E_OK);
	*reporter = after;
	reporter_count += registers;
}

static void slices(void)
{
	bool started, finished = false;
	if (f.ledger->epoch == NULL)
		WORKS(ledger_epoch_start(f.ledger, &started, &why));
	for (uint32_t i = below(12); i > 0 && !finished; i--)
		WORKS(ledger_epoch_slice(f.ledger, &finished, &why));
}

/* A record, or an alias pack, of what is not filed yet. */
static void harm(void)
{
	uint8_t key[8], copy[RECORD_BYTES_MAX];
	struct db_walk walk;
	struct db_txn changing;
	enum store_table table = below(3) ? STORE_RECORD : STORE_ALIAS;
	put_u64(key, f.ledger->filing.filed + below((uint32_t)(f.ledger->checkpoint.size - f.ledger->filing.filed) + 1));
	if (f.ledger->epoch != NULL)
		file_all(); /* what it has read already is not read again */
	WORKS(db_begin(f.ledger->store, true, &changing));
	WORKS(db_walk_begin(&changing, table, &walk));
	if (db_walk_from(&walk, BYTES_ARRAY(key)) == E_OK && walk.value.len <= sizeof copy) {
		size_t len = walk.value.len;
		memcpy(copy, walk.value.data, len);
		memcpy(key, walk.key.data, sizeof key);
		copy[len - 1 - below(20)] ^= 1;
		if (get_u64(key) >= f.ledger->filing.filed) {
			damaged |= table == STORE_RECORD;
			db_put(&changing, table, BYTES_ARRAY(key), bytes_of(copy, len));
		}
	}
	db_walk_end(&walk);
	WORKS(db_commit(&changing));
}

static void clock_steps(void)
{
	static const uint64_t steps[] = {1, 2, 30, 61, 150, 299, 300, 301, 400, 4000, 90000, 31 * 86400};
	if (below(5) == 0)
		f.now_s -= below(2000);
	else
		f.now_s += steps[below(sizeof steps / sizeof steps[0])];
}

static void restart(void)
{
	fixture_close(&f);
	fixture_open(&f);
}

/* Where a record is damaged that an epoch has taken, what is filed cannot be made again from the store alone. */
static void rebuild(void)
{
	if (damaged)
		return;
	if (f.ledger->epoch != NULL)
		file_all();
	WORKS(ledger_forget_filing(f.ledger, &why));
	if (below(2))
		restart();
}

static const struct {
	const char *name;
	uint32_t weight;
	void (*run)(void);
} operations[] = {{"batch", 30, batch}, {"again", 8, again}, {"hole", 3, hole}, {"forgotten", 3, forgotten},
	{"change", 12, change}, {"slices", 14, slices}, {"file_all", 4, file_all}, {"harm", 3, harm},
	{"clock", 16, clock_steps}, {"restart", 4, restart}, {"rebuild", 1, rebuild}};

static void run_any(void)
{
	uint32_t all = 0, at;
	for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++)
		all += operations[i].weight;
	at = below(all);
	for (size_t i = 0; i < sizeof operations / sizeof operations[0]; at -= operations[i++].weight)
		if (at < operations[i].weight) {
			doing = operations[i].name;
			operations[i].run();
			return;
		}
}

static void run_seed(void)
{
	srandom(seed);
	printf("# seed %u\n", seed);
	fflush(stdout);
	fixture_make(&f);
	log_rules_init(&rules, &f.vkey);
	reporter_count = 1;
	next_subject = 0;
	damaged = false;
	reporters[0] = (struct reporter){.id = 1, .policy = f.policy};
	memcpy(reporters[0].public_key, f.public_key, sizeof f.public_key);
	memcpy(reporters[0].secret_key, f.secret_key, sizeof f.secret_key);
	take_entries();
	for (int i = 0; i < OPERATIONS; i++) {
		run_any();
		take_entries();
		compare_verdicts();
	}
	doing = "the end";
	file_all();
	for (size_t i = 0; i < reporter_count; i++)
		free((void *)(uintptr_t)reporters[i].last.data);
	log_rules_free(&rules);
	fixture_close(&f);
	struct audit_options options = {.records = !damaged, .labels = !damaged};
	struct audit_result result;
	WORKS(audit_directory(f.dir, &f.vkey, &options, &result, &why));
	ck_assert_msg(result.ok, "seed %u: index %lu: %s", seed, result.index, result.reason);
	fixture_open(&f);
	fixture_remove(&f);
}

START_TEST(whatever_comes_the_auditors_agree)
{
	const char *first = getenv("INDSIGT_SEED"), *count = getenv("INDSIGT_SEEDS");
	unsigned seeds = count != NULL ? (unsigned)strtoul(count, NULL, 10) : 8;
	seed = first != NULL ? (unsigned)strtoul(first, NULL, 10) : 1;
	for (unsigned i = 0; i < seeds; i++, seed++)
		run_seed();
}
END_TEST

UNIT_MAIN("writer_rules", whatever_comes_the_auditors_agree)
