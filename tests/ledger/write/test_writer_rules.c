/* Writer and auditors agree. Whatever comes, in whatever order, each entry that the writer commits is taken by the
 * auditors' rules (log_rules.h), and of each ledger time it says whether an entry may bear it as they do. And whatever
 * entry might come next, honest or not: the writer's state (with its registry, as it has run so far or as it was read
 * out of the store again) and an auditor's give the same verdict and the same reason, and go on the same; and the
 * verdict is the one that a reader of the specification gives who looks through all entries for each
 * (tests/lib/naive_log.h).
 *
 * INDSIGT_SEEDS: how many sequences of what comes (8), INDSIGT_SEED: the first one. The seed is printed before each. */
#include "ledger/db/db_put.h"
#include "ledger/log/log_rules.h"
#include "ledger/text/timestamp.h"
#include "ledger/write/ledger_state.h"
#include "tests/lib/any_entry.h"
#include "tests/lib/both_ways.h"
#include "tests/lib/fixture.h"
#include "tests/lib/naive_log.h"

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
static struct naive_log naive; /* the same entries */
static uint32_t next_subject;
static bool damaged;
static unsigned seed;
static const char *doing;
static struct fault why;
static uint64_t taken[ENTRY_LOSS + 1], refused[ENTRY_LOSS + 1]; /* of what might come next, by kind */

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
		HOLDS(naive_log_allows(&naive, &entry));
		naive_log_add(&naive, &entry);
		enum error error = log_rules_entry(&rules, &entry, &finding);
		ck_assert_msg(error == E_OK, "seed %u, %s: index %lu: %s", seed, doing, finding.index, finding.text);
	}
	WORKS(log_rules_end(&rules, &finding));
	rules.state.bundles = (struct log_bundles){.read = NULL};
	db_abort(&reading);
	HOLDS(f.ledger->state.time_s == rules.state.time_s && f.ledger->state.events == rules.state.events);
	HOLDS(losses_equal(&f.ledger->state.losses, &rules.state.losses));
}

static void copy_rules(struct log_rules *out)
{
	size_t capacity = log_rules_encoded_max(&rules);
	uint8_t *encoded = malloc(capacity);
	struct writer w = writer_of(encoded, capacity);
	log_rules_encode(&rules, &w);
	struct reader r = reader_of(bytes_of(encoded, writer_len(&w)));
	log_rules_init(out, &f.vkey);
	log_rules_decode(out, &r);
	HOLDS(reader_done(&r) == E_OK);
	free(encoded);
}

/* Would an entry of this time break a rule? One that breaks none else. */
static bool rules_allow(uint64_t time_s)
{
	struct log_rules copy;
	struct log_finding finding;
	struct entry entry = {.kind = ENTRY_ERASURE, .erasure = {.retention_years = 5, .time_s = time_s}};
	copy_rules(&copy);
	enum error error = log_rules_entry(&copy, &entry, &finding);
	log_rules_free(&copy);
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

/* ---- what might come ---- */

static void compare_senders(const struct log_rules *auditor)
{
	for (size_t i = 0; i < auditor->sender_count; i++) {
		const struct sender *a = auditor->senders[i], *b = registry_working(f.ledger->registry, a->id, false);
		HOLDS(b != NULL && a->id == b->id && a->status == b->status && a->version == b->version);
		HOLDS(a->endorsed == b->endorsed && a->compromised == b->compromised && a->since_s == b->since_s);
		HOLDS(a->next_sequence == b->next_sequence && a->filing_checked == b->filing_checked);
		HOLDS(a->last_s == b->last_s && strcmp(a->org, b->org) == 0 && strcmp(a->name, b->name) == 0);
		HOLDS(memcmp(a->public_key, b->public_key, sizeof a->public_key) == 0);
		HOLDS(strcmp(a->policy.purpose, b->policy.purpose) == 0 && a->policy.flags == b->policy.flags);
	}
	uint32_t next = ledger_next_sender(f.ledger);
	HOLDS(registry_working(f.ledger->registry, next, false) == NULL);
	HOLDS(next == 1 || registry_working(f.ledger->registry, next - 1, false) != NULL);
}

static void compare_waiting(const struct log_state *a, const struct log_state *b)
{
	HOLDS(a->lag.lag_s == b->lag.lag_s && a->lag.clock_s == b->lag.clock_s);
	HOLDS(a->lag.events == b->lag.events);
	HOLDS(a->lag.end - a->lag.first == b->lag.end - b->lag.first);
	HOLDS(a->lag.begun - a->lag.first == b->lag.begun - b->lag.first);
	for (size_t i = 0; i < a->lag.end - a->lag.first; i++) {
		const struct lag_run *x = &a->lag.runs[a->lag.first + i], *y = &b->lag.runs[b->lag.first + i];
		HOLDS(x->first == y->first && x->end == y->end && x->since_s == y->since_s);
	}
	HOLDS(a->steps.end - a->steps.first == b->steps.end - b->steps.first);
	for (size_t i = 0; i < a->steps.end - a->steps.first; i++) {
		const struct log_step *x = &a->steps.at[a->steps.first + i], *y = &b->steps.at[b->steps.first + i];
		HOLDS(x->time_s == y->time_s); /* where the first one began is not written down */
		HOLDS(x->index == y->index || (i == 0 && x->index < a->epoch_size && y->index < a->epoch_size));
	}
}

static void compare_states(const struct log_rules *auditor)
{
	const struct log_state *a = &auditor->state, *b = &f.ledger->state;
	HOLDS(a->size == b->size && a->time_s == b->time_s && a->events == b->events);
	HOLDS(a->filing_leaves == b->filing_leaves && a->epoch_index == b->epoch_index);
	HOLDS(a->epoch_size == b->epoch_size && a->epoch_lost == b->epoch_lost);
	HOLDS(hash_equal(&a->map_root, &b->map_root) && hash_equal(&a->filing_root, &b->filing_root));
	HOLDS(losses_equal(&a->losses, &b->losses) && a->run.open == b->run.open);
	if (a->run.open)
		HOLDS(a->run.mass == b->run.mass && a->run.sender == b->run.sender && a->run.count == b->run.count &&
			  a->run.first_sequence == b->run.first_sequence && a->run.first_index == b->run.first_index);
	compare_waiting(a, b);
	compare_senders(auditor);
}

/* What cannot be written is refused before any rule is asked. */
static bool has_its_form(const struct entry *entry)
{
	static uint8_t encoded[ENTRY_BYTES_MAX];
	struct writer w = writer_of(encoded, sizeof encoded);
	struct entry decoded;
	struct bytes written;
	return entry_encode(entry, &w) == E_OK && writer_done(&w, &written) == E_OK &&
		   entry_decode(written, &decoded) == E_OK;
}

/* True: the entry was taken. */
static bool take_any(struct any_log *any, struct log_rules *auditor)
{
	struct entry entry;
	struct log_finding theirs = {.text = ""}, ours = {.text = ""};
	bool honest = any_entry(any, auditor, &entry);
	enum error error = log_rules_entry(auditor, &entry, &theirs);
	enum error own = log_state_take(&f.ledger->state, &entry, &ours);
	ck_assert_msg(error == own && theirs.index == ours.index && strcmp(theirs.text, ours.text) == 0,
		"seed %u, %s, an entry of kind %u: the auditor says %s %s, the writer %s %s", seed, doing, entry.kind,
		error_name(error), theirs.text, error_name(own), ours.text);
	ck_assert_msg(error == E_OK || (error == E_CORRUPT && !honest), "seed %u, %s, an honest entry of kind %u: %s", seed,
		doing, entry.kind, theirs.text);
	ck_assert_msg(!has_its_form(&entry) || (error == E_OK) == naive_log_allows(&naive, &entry),
		"seed %u, %s, an entry of kind %u: the specification says otherwise: %s %s", seed, doing, entry.kind,
		error_name(error), theirs.text);
	(error == E_OK ? taken : refused)[entry.kind]++;
	if (error != E_OK)
		return false;
	compare_states(auditor);
	any_entry_taken(any, &entry);
	naive_log_add(&naive, &entry);
	return true;
}

/* Some entries, in a tick that does not happen: afterwards the state is read out of the store. */
static void take_what_might_come(void)
{
	struct log_rules copy;
	struct any_log any = {.readable = rules.state.size, .key_count = reporter_count};
	for (size_t i = 0; i < reporter_count; i++) {
		any.keys[i].sender = reporters[i].id;
		memcpy(any.keys[i].public_key, reporters[i].public_key, sizeof any.keys[i].public_key);
		memcpy(any.keys[i].secret_key, reporters[i].secret_key, sizeof any.keys[i].secret_key);
	}
	compare_states(&rules);
	for (int round = 0; round < 2; round++) { /* as it has run, as it was read */
		struct any_log now = any;
		copy_rules(&copy);
		WORKS(ledger_begin(f.ledger, &why));
		copy.state.bundles = f.ledger->state.bundles;
		f.ledger->state.signatures_checked = false; /* here they are not */
		for (int i = 0; i < 12 && take_any(&now, &copy);)
			i++;
		ledger_abort(f.ledger);
		HOLDS(!f.ledger->broken);
		naive.size = rules.state.size;
		compare_states(&rules);
		log_rules_free(&copy);
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
	if (f.now_s < ledger_next_s(f.ledger) && timestamp_month(f.now_s) != timestamp_month(ledger_next_s(f.ledger)))
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
	struct entry_sender entry = {.action = action,
		.follows = fixture_follows(&f, action, after.id),
		.change = fixture_change(&f, action, after.id),
		.sender = after.id,
		.policy = after.policy};
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
	if (f.ledger->epoch != NULL || f.ledger->filing.filed < f.ledger->state.epoch_size)
		file_all(); /* what it has read already is not read again; what was filed before is for an operator to give up
					 */
	put_u64(key, f.ledger->filing.filed + below((uint32_t)(f.ledger->checkpoint.size - f.ledger->filing.filed) + 1));
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
	naive = (struct naive_log){.vkey = &f.vkey};
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
		if (below(4) == 0)
			take_what_might_come();
	}
	doing = "the end";
	file_all();
	for (size_t i = 0; i < reporter_count; i++)
		free((void *)(uintptr_t)reporters[i].last.data);
	log_rules_free(&rules);
	naive_log_free(&naive);
	fixture_close(&f);
	struct audit_options options = {.records = !damaged, .labels = !damaged};
	struct audit_result result;
	WORKS(audit_both_ways(f.dir, &f.vkey, &options, &result, &why));
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
	for (enum entry_kind kind = ENTRY_GENESIS; seeds >= 8 && kind <= ENTRY_LOSS; kind++)
		ck_assert_msg((taken[kind] > 0 || kind == ENTRY_GENESIS) && refused[kind] > 0,
			"of kind %u, %lu entries were taken and %lu refused", kind, taken[kind], refused[kind]);
}
END_TEST

/* However it came about: the tick ends, and the next one goes on from what was committed. */
START_TEST(what_breaks_a_rule_is_not_written)
{
	const uint32_t subjects[] = {1, 2, 3};
	seed = 0;
	doing = "breaking a rule";
	fixture_make(&f);
	log_rules_init(&rules, &f.vkey);
	naive = (struct naive_log){.vkey = &f.vkey};
	take_entries();
	const struct entry wrong[] = {
		{.kind = ENTRY_EPOCH, .epoch = {.size = rules.state.size + 1, .time_s = rules.state.time_s}},
		{.kind = ENTRY_BATCH, .batch = {.sender = 1, .count = 1}},
		{.kind = ENTRY_LOSS, .loss = {.first = 1, .end = 2, .events = 1}},
		{.kind = ENTRY_ERASURE, .erasure = {.retention_years = 5, .time_s = rules.state.time_s - 1}},
	};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct fault fault = {.text = ""};
		struct log_finding finding;
		struct log_rules copy;
		copy_rules(&copy);
		copy.state.bundles = f.ledger->state.bundles;
		WORKS(ledger_begin(f.ledger, &why));
		ck_error(log_rules_entry(&copy, &wrong[i], &finding), E_CORRUPT);
		ck_error(ledger_append_entry(f.ledger, &wrong[i], &fault), E_STOPPED);
		ck_assert_msg(strstr(fault.text, finding.text) != NULL, "%s", fault.text);
		ledger_abort(f.ledger);
		log_rules_free(&copy);
		compare_states(&rules);
		fixture_append(&f, fixture_batch(&f, rules.state.events, subjects, 3, (uint32_t)i));
		take_entries();
	}
	log_rules_free(&rules);
	naive_log_free(&naive);
	fixture_remove(&f);
}
END_TEST

UNIT_MAIN("writer_rules", whatever_comes_the_auditors_agree, what_breaks_a_rule_is_not_written)
