/* version ─► counters ─► losses ─► senders ─► open batch ─► steps of the ledger time ─► events that no epoch covers
 *
 * Uncovered events stand as runs of indexes that follow one another and have the same beginning of their lag. */
#include "ledger/log/log_rules.h"

#include "ledger/entry/sender.h"

#define STATE_VERSION 7
#define FIXED_BYTES (512 + LOSSES_BYTES_MAX)
#define FRONTIER_BYTES_MAX (8 + sizeof((struct merkle_frontier){0}).hashes)
#define STEP_BYTES 16
#define RUN_BYTES 24

/* What stands in front, in its order. */
/* clang-format off */
#define RULES_FIELDS(F) \
	F(U64, state.size) F(U64, state.time_s) F(U64, state.events) F(U64, batches) F(U64, event_batches) \
	F(U64, state.filing_leaves) F(U64, sender_entries) F(U64, unendorsed) F(U64, epochs) \
	F(U64, state.epoch_index) F(U64, state.epoch_size) F(U64, state.epoch_lost) \
	F(HASH, state.map_root) F(HASH, state.filing_root)
/* clang-format on */

size_t log_rules_encoded_max(const struct log_rules *rules)
{
	return FIXED_BYTES + FRONTIER_BYTES_MAX + rules->sender_count * SENDER_ROW_BYTES_MAX +
		   (rules->state.steps.end - rules->state.steps.first) * STEP_BYTES +
		   (rules->state.lag.end - rules->state.lag.first) * RUN_BYTES;
}

/* ---- writing ---- */

static void encode_run(const struct log_run *run, struct writer *out)
{
	writer_u8(out, run->open);
	if (!run->open)
		return;
	writer_u8(out, run->mass);
	writer_u32(out, run->sender);
	writer_u64(out, run->first_sequence);
	writer_u64(out, run->first_index);
	writer_u32(out, run->count);
	for (uint32_t i = 0; i < run->commitments.count; i++)
		writer_bytes(out, BYTES_ARRAY(run->commitments.hashes[i].b));
}

static void encode_lag(const struct epoch_lag *lag, struct writer *out)
{
	writer_u64(out, lag->lag_s);
	writer_u64(out, lag->clock_s);
	writer_u64(out, lag->events);
	for (size_t i = lag->first; i < lag->end; i++) {
		writer_u64(out, i < lag->begun ? lag->runs[i].since_s : 0);
		writer_u64(out, lag->runs[i].first);
		writer_u64(out, lag->runs[i].end - lag->runs[i].first);
	}
}

void log_rules_encode(const struct log_rules *rules, struct writer *out)
{
	const struct log_rules *record = rules;
	writer_u8(out, STATE_VERSION);
	RULES_FIELDS(FIELD_WRITE);
	losses_encode(&rules->state.losses, out);
	writer_u64(out, rules->sender_count);
	for (size_t i = 0; i < rules->sender_count; i++)
		sender_encode(rules->senders[i], out);
	encode_run(&rules->state.run, out);
	writer_u64(out, rules->state.steps.end - rules->state.steps.first);
	for (size_t i = rules->state.steps.first; i < rules->state.steps.end; i++) {
		writer_u64(out, rules->state.steps.at[i].index);
		writer_u64(out, rules->state.steps.at[i].time_s);
	}
	encode_lag(&rules->state.lag, out);
}

/* ---- reading ---- */

/* How many records of `bytes` follow: no more than there can be. */
static uint64_t read_count(struct reader *in, size_t bytes)
{
	uint64_t count = reader_u64(in);
	reader_require(in, count <= reader_left(in) / bytes);
	return in->error == E_OK ? count : 0;
}

static void decode_sender(struct log_rules *rules, struct reader *in)
{
	struct sender sender;
	sender_read(in, &sender);
	reader_require(
		in, sender.id > 0 && log_rules_sender(rules, sender.id) == NULL && sender.version < rules->state.size);
	if (in->error == E_OK && rules->state.senders.add(rules->state.senders.context, &sender) != E_OK)
		reader_fail(in, E_NO_MEMORY);
}

/* The run must end where the log does, or the next event would go on with something that has ended. */
static void decode_run(struct log_rules *rules, struct reader *in)
{
	struct log_run *run = &rules->state.run;
	run->open = reader_flag(in);
	if (!run->open)
		return;
	run->mass = reader_flag(in);
	run->sender = reader_u32(in);
	const struct sender *sender = log_rules_sender(rules, run->sender);
	run->first_sequence = reader_u64(in);
	run->first_index = reader_u64(in);
	run->count = reader_u32(in);
	reader_require(in, sender != NULL && run->count >= 1 && run->count <= BATCH_EVENTS_MAX);
	reader_require(in, run->first_index < rules->state.size && rules->state.size - run->first_index == run->count);
	reader_require(in, sender != NULL && run->first_sequence == sender->next_sequence);
	run->commitments.size = run->count;
	run->commitments.count = (uint32_t)__builtin_popcount(run->count);
	for (uint32_t i = 0; i < run->commitments.count; i++)
		reader_copy(in, run->commitments.hashes[i].b, HASH_BYTES);
}

/* Both ascend; a log that has entries has a step, so time before an entry is never asked of nothing. */
static void decode_steps(struct log_rules *rules, struct reader *in)
{
	uint64_t count = read_count(in, STEP_BYTES);
	for (uint64_t i = 0; i < count && in->error == E_OK; i++) {
		uint64_t index = reader_u64(in);
		uint64_t time_s = reader_u64(in);
		const struct log_step *before = i > 0 ? &rules->state.steps.at[i - 1] : NULL;
		reader_require(in, index < rules->state.size && (before == NULL || index > before->index));
		reader_require(in, time_s <= rules->state.time_s && (before == NULL || time_s > before->time_s));
		if (in->error == E_OK && log_steps_add(&rules->state.steps, index, time_s) != E_OK)
			reader_fail(in, E_NO_MEMORY);
	}
	reader_require(in, rules->state.size == 0 || count > 0);
}

static void decode_lag(struct log_rules *rules, struct reader *in)
{
	struct epoch_lag *lag = &rules->state.lag;
	uint64_t next = rules->state.epoch_size;
	bool begun = true;
	lag->lag_s = reader_u64(in);
	lag->clock_s = reader_u64(in);
	uint64_t left = reader_u64(in);
	reader_require(in, left <= rules->state.size);
	while (left > 0 && in->error == E_OK) {
		uint64_t since_s = reader_u64(in);
		uint64_t first = reader_u64(in);
		uint64_t count = reader_u64(in);
		reader_require(in, count >= 1 && count <= left && first >= next && first <= rules->state.size);
		reader_require(
			in, count <= rules->state.size - first && since_s <= rules->state.time_s && (begun || since_s == 0));
		if (in->error == E_OK && epoch_lag_add(lag, since_s, first, count) != E_OK)
			reader_fail(in, E_NO_MEMORY);
		begun = since_s > 0;
		next = first + count;
		left -= count;
	}
}

/* The state was written by the same program and may have been kept by somebody else: whatever later code relies on is
 * asked here. */
void log_rules_decode(struct log_rules *rules, struct reader *in)
{
	struct log_rules *record = rules;
	reader_require(in, reader_u8(in) == STATE_VERSION);
	RULES_FIELDS(FIELD_READ);
	reader_require(in, rules->state.epoch_size <= rules->state.size &&
						   (rules->state.size == 0 || rules->state.epoch_index < rules->state.size));
	losses_decode(in, &rules->state.losses);
	reader_require(
		in, rules->state.losses.count == 0 || losses_newest(&rules->state.losses)->entry < rules->state.size);
	uint64_t senders = read_count(in, 1);
	for (uint64_t i = 0; i < senders && in->error == E_OK; i++)
		decode_sender(rules, in);
	decode_run(rules, in);
	decode_steps(rules, in);
	decode_lag(rules, in);
}
