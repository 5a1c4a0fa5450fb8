/* Only judges: whoever calls has the sockets, the store and the clock.
 *
 * The target may change while a witness thinks, so each one keeps the text that it was asked to sign, and its answer is
 * verified over that: a line over an older target still says how far the witness is, and counts for no quorum. What a
 * witness seems to have is forgotten after an answer that is not good, and it is asked as one that has nothing, which
 * it corrects with its size (409); one that was only away has what it had. A witness that names another size each time
 * would be asked for ever: after COSIGNING_CONFLICTS_MAX it is wrong. */
#include "query/cosigned/cosigning.h"

struct cosigning {
	const struct witness_policy *policy;
	uint32_t refresh_s;
	uint64_t target_number; /* 0: none yet */
	uint64_t known_size;    /* what the log has, target or not */
	uint64_t target_ms;     /* when it became the target, or was asked for again */
	struct checkpoint target;
	size_t text_len;
	size_t note_len;
	char note[NOTE_BYTES_MAX];
	bool fresh; /* a line came that was not taken yet */
	struct cosigner witnesses[POLICY_WITNESSES_MAX];
};

struct state_row {
	const char *name;
	const char *text;
	bool alarms;
};

static const struct state_row rows[] = {
#define X(code, name, alarm, text) {name, text, alarm},
	COSIGNER_STATES(X)
#undef X
};

const char *cosigner_state_name(enum cosigner_state state)
{
	return rows[state].name;
}

const char *cosigner_state_text(enum cosigner_state state)
{
	return rows[state].text;
}

bool cosigner_state_alarms(enum cosigner_state state)
{
	return rows[state].alarms;
}

enum error cosigning_new(const struct witness_policy *policy, uint32_t refresh_s, struct cosigning **out)
{
	struct cosigning *cosigning = calloc(1, sizeof *cosigning);
	TRY(allocated(cosigning));
	cosigning->policy = policy;
	cosigning->refresh_s = refresh_s;
	*out = cosigning;
	return E_OK;
}

void cosigning_free(struct cosigning *cosigning)
{
	free(cosigning);
}

struct cosigner *cosigning_witness(struct cosigning *cosigning, uint32_t index)
{
	return &cosigning->witnesses[index];
}

struct bytes cosigning_target(const struct cosigning *cosigning)
{
	return bytes_of(cosigning->note, cosigning->note_len);
}

uint64_t cosigning_target_size(const struct cosigning *cosigning)
{
	return cosigning->target.size;
}

/* ---- the target ---- */

/* Only who is done counts: the time of a cosignature on an older target says nothing of this one. */
static void judge(const struct cosigning *cosigning, struct quorum *out)
{
	uint64_t times[POLICY_WITNESSES_MAX];
	for (uint32_t i = 0; i < cosigning->policy->witness_count; i++)
		times[i] = cosigning->witnesses[i].done ? cosigning->witnesses[i].cosigned_s : 0;
	witness_policy_judge(cosigning->policy, times, out);
}

/* Reached, or nobody left who could still answer for it. */
static bool target_over(const struct cosigning *cosigning)
{
	struct quorum quorum;
	judge(cosigning, &quorum);
	if (quorum.reached)
		return true;
	for (uint32_t i = 0; i < cosigning->policy->witness_count; i++) {
		const struct cosigner *witness = &cosigning->witnesses[i];
		if (witness->busy && witness->asked_target == cosigning->target_number)
			return false;
	}
	return true;
}

enum error cosigning_offer(
	struct cosigning *cosigning, const struct checkpoint *checkpoint, struct bytes note, bool urgent, uint64_t now_ms)
{
	struct note parts;
	uint64_t age_ms = now_ms - cosigning->target_ms;
	bool newer = cosigning->target_number == 0 || checkpoint->size != cosigning->target.size;
	uint64_t wanted_ms = newer && urgent ? COSIGNING_URGENT_MS
						 : newer         ? COSIGNING_INTERVAL_MS
										 : cosigning->refresh_s * 1000ull;
	if (cosigning->target_number != 0 && (age_ms < wanted_ms || !target_over(cosigning)))
		return E_OK;
	TRY(note_split(note, sizeof cosigning->note, &parts));
	if (parts.text.len > CHECKPOINT_TEXT_MAX)
		return E_BAD_NOTE;
	cosigning->target_number++;
	cosigning->target_ms = now_ms;
	cosigning->target = *checkpoint;
	cosigning->text_len = parts.text.len;
	cosigning->note_len = note.len;
	memcpy(cosigning->note, note.data, note.len);
	cosigning_known(cosigning, checkpoint->size);
	for (uint32_t i = 0; i < cosigning->policy->witness_count; i++) {
		cosigning->witnesses[i].done = false;
		cosigning->witnesses[i].conflicts = 0;
	}
	return E_OK;
}

void cosigning_known(struct cosigning *cosigning, uint64_t size)
{
	if (size > cosigning->known_size)
		cosigning->known_size = size;
}

/* ---- asking ---- */

/* One that has what the log has, and was not offered yet, is asked when that is the target. */
static bool can_ask(const struct cosigning *cosigning, uint32_t index)
{
	const struct cosigner *witness = &cosigning->witnesses[index];
	if (witness->size > cosigning->target.size && witness->size <= cosigning->known_size)
		return false;
	return cosigning->target_number != 0 && cosigning->policy->witnesses[index].url[0] != '\0' && !witness->busy &&
		   !witness->done;
}

bool cosigning_next(struct cosigning *cosigning, uint64_t now_ms, uint32_t *index, uint64_t *old_size, uint64_t *size)
{
	for (uint32_t i = 0; i < cosigning->policy->witness_count; i++) {
		struct cosigner *witness = &cosigning->witnesses[i];
		if (!can_ask(cosigning, i) || witness->due_ms > now_ms)
			continue;
		witness->busy = true;
		witness->asked_old = witness->size <= cosigning->target.size ? witness->size : 0;
		witness->asked_size = cosigning->target.size;
		witness->asked_target = cosigning->target_number;
		witness->asked_text_len = cosigning->text_len;
		memcpy(witness->asked_text, cosigning->note, cosigning->text_len);
		*index = i;
		*old_size = witness->asked_old;
		*size = cosigning->target.size;
		return true;
	}
	return false;
}

uint64_t cosigning_wait_ms(const struct cosigning *cosigning, uint64_t now_ms, uint64_t most)
{
	for (uint32_t i = 0; i < cosigning->policy->witness_count; i++) {
		uint64_t due_ms = cosigning->witnesses[i].due_ms;
		if (can_ask(cosigning, i) && due_ms < now_ms + most)
			most = due_ms > now_ms ? due_ms - now_ms : 0;
	}
	return most;
}

/* ---- answers ---- */

static int64_t ahead(uint64_t time_s, uint64_t now_s)
{
	uint64_t apart_s = time_s > now_s ? time_s - now_s : now_s - time_s;
	int64_t seconds = apart_s < INT64_MAX ? (int64_t)apart_s : INT64_MAX;
	return time_s > now_s ? seconds : -seconds;
}

/* The witness's own line among those of the answer, over what it was asked for: COSIG-3, and a time near ours. */
static bool take_line(const struct vkey *key, struct cosigner *witness, struct bytes body, uint64_t now_s)
{
	struct bytes text = bytes_of(witness->asked_text, witness->asked_text_len);
	struct note_line line;
	struct bytes own = BYTES_EMPTY;
	uint64_t time_s = 0;
	if (note_lines_check(body) != E_OK)
		return false;
	for (const uint8_t *at = body.data; note_line_next(&body, &line); at = body.data) {
		if (!note_line_is_of(&line, key))
			continue;
		own = bytes_of(at, (size_t)(body.data - at));
		if (cosignature_verify(&line, text, key, &time_s) != E_OK)
			return false;
		witness->clock_ahead_s = ahead(time_s, now_s);
		if (witness->clock_ahead_s > COSIGNING_CLOCK_S || witness->clock_ahead_s < -(int64_t)COSIGNING_CLOCK_S)
			return false;
		witness->clock_ahead_s = 0;
	}
	if (own.len == 0 || own.len > sizeof witness->line)
		return false;
	witness->cosigned_s = time_s;
	witness->line_len = own.len;
	memcpy(witness->line, own.data, own.len);
	return true;
}

static enum cosigner_state judge_conflict(struct cosigner *witness, struct bytes body, uint64_t known_size, bool *again)
{
	uint64_t size;
	if (body.len < 2 || body.data[body.len - 1] != '\n' || !note_size_parse(bytes_of(body.data, body.len - 1), &size))
		return COSIGNER_WRONG;
	if (size > known_size)
		return COSIGNER_AHEAD;
	if (size == witness->asked_old)
		/* Version 1.0.0 says so for equal sizes with different roots; else it contradicts itself. */
		return size == witness->asked_size ? COSIGNER_FORK : COSIGNER_WRONG;
	/* What was asked before, by a process that was ended meanwhile, may still have raised it. */
	if (witness->conflicts > 0 && (size <= witness->asked_old || witness->conflicts >= COSIGNING_CONFLICTS_MAX))
		return COSIGNER_WRONG; /* another size each time */
	witness->size = size;
	witness->conflicts++;
	*again = true;
	return size > witness->asked_size ? COSIGNER_NEWER : witness->state;
}

static enum cosigner_state judge_answer(const struct cosigning *cosigning, uint32_t index, struct cosigner *witness,
	struct bytes body, uint64_t now_s, bool *again)
{
	const struct vkey *key = &cosigning->policy->keys[index];
	switch (witness->status) {
	case 200:
		return take_line(key, witness, body, now_s) ? COSIGNER_GOOD : COSIGNER_WRONG;
	case 400:
	case 403:
	case 404:
		return COSIGNER_REFUSES;
	case 409:
		return judge_conflict(witness, body, cosigning->known_size, again);
	case 422:
		return COSIGNER_FORK;
	default:
		return COSIGNER_AWAY;
	}
}

static uint64_t backoff_ms(uint32_t failures)
{
	uint64_t ms = COSIGNING_BACKOFF_MS_FIRST;
	while (--failures > 0 && ms < COSIGNING_BACKOFF_MS_MAX)
		ms *= 2;
	return ms < COSIGNING_BACKOFF_MS_MAX ? ms : COSIGNING_BACKOFF_MS_MAX;
}

bool cosigning_answer(
	struct cosigning *cosigning, uint32_t index, int status, struct bytes body, uint64_t now_ms, uint64_t now_s)
{
	struct cosigner *witness = &cosigning->witnesses[index];
	enum cosigner_state before = witness->state;
	bool again = false;
	witness->busy = false;
	witness->status = status;
	witness->clock_ahead_s = 0;
	enum cosigner_state state = judge_answer(cosigning, index, witness, body, now_s, &again);
	witness->state = state;
	if (again)
		return state != before;
	if (state == COSIGNER_GOOD) {
		witness->size = witness->cosigned_size = witness->asked_size;
		witness->failures = 0;
		witness->due_ms = 0;
		witness->done = witness->asked_target == cosigning->target_number;
		cosigning->fresh |= witness->done;
	} else {
		/* Whatever it was that it has: learn it anew. One that is away only has what it had. */
		if (state != COSIGNER_AWAY)
			witness->size = 0;
		witness->conflicts = 0;
		witness->failures++;
		witness->due_ms = now_ms + backoff_ms(witness->failures);
	}
	return state != before;
}

bool cosigning_take(struct cosigning *cosigning, struct writer *out, struct quorum *quorum)
{
	judge(cosigning, quorum);
	if (!quorum->reached || !cosigning->fresh)
		return false;
	writer_bytes(out, cosigning_target(cosigning));
	for (uint32_t i = 0; i < cosigning->policy->witness_count; i++) {
		const struct cosigner *witness = &cosigning->witnesses[i];
		if (witness->done)
			writer_bytes(out, bytes_of(witness->line, witness->line_len));
	}
	cosigning->fresh = false;
	return out->error == E_OK;
}
