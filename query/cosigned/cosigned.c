/* Three files that others replace at any moment, each by itself.
 *
 *   marks of the files ─► the same as those it was read under? ──yes──► shared
 *                               └──no──► read policy, checkpoint, state ─► verify ─► remembered under these marks
 *
 * The marks are taken before the reading: what is replaced in between is read under a mark that it does not have, and
 * the next look reads again. A policy that cannot be read counts as one that asks for cosignatures, and a checkpoint
 * that cannot be as a quorum that is not reached: no answer fails for it, and each shows it. What failed for want of
 * memory or of the disk is tried again by the next look.
 *
 * cosigned_await polls, because a cosignature comes as a file and no commit tells of it. Who finds another thread
 * waiting does not wait, so of many statements at once some may rest on the log's signature alone. */
#include "query/cosigned/cosigned.h"

#include "ledger/base/clock.h"
#include "ledger/json/json_number.h"
#include "ledger/json/json_read.h"
#include "ledger/witness/door.h"

#include <fcntl.h>
#include <limits.h>

#define STATE_FILE "state"
#define STATE_BYTES_MAX 65536u

enum { POLICY, CHECKPOINT, STATE };

static const char *const files[COSIGNED_FILES] = {
	[POLICY] = DOOR_POLICY_FILE, [CHECKPOINT] = DOOR_COSIGNED_FILE, [STATE] = COSIGNED_DIR "/" STATE_FILE};

/* ---- the state file ---- */

static json_t *time_or_null(uint64_t time_s)
{
	return time_s == 0 || time_s > INT64_MAX / 1000000000 ? json_null() : json_time(time_s);
}

static json_t *witness_json(const char *name, const struct cosigner *witness)
{
	json_t *apart = witness->clock_ahead_s != 0 ? json_integer((json_int_t)witness->clock_ahead_s) : json_null();
	return json_pack("{s:s, s:s, s:s, s:b, s:I, s:I, s:i, s:i, s:o, s:o}", "name", name, "state",
		cosigner_state_name(witness->state), "meaning", cosigner_state_text(witness->state), "alarm",
		cosigner_state_alarms(witness->state), "size", (json_int_t)witness->size, "cosigned_size",
		(json_int_t)witness->cosigned_size, "failures", (int)witness->failures, "status", witness->status,
		"clock_ahead_s", apart, "cosigned_at", time_or_null(witness->cosigned_s));
}

enum error cosigned_write_state(int cosigned_fd, const struct witness_policy *policy, struct cosigning *cosigning)
{
	json_auto_t *list = json_array();
	for (uint32_t i = 0; i < policy->witness_count; i++)
		if (json_array_append_new(list, witness_json(policy->witnesses[i].name, cosigning_witness(cosigning, i))) != 0)
			return E_NO_MEMORY;
	OWNED_MEMORY char *text = json_write(list, JSON_INDENT(1));
	return text != NULL ? file_write_atomic(cosigned_fd, STATE_FILE, bytes_text(text), 0644) : E_NO_MEMORY;
}

static json_t *load_state(int at_fd, const char *name, enum error *out)
{
	OWNED_MEMORY uint8_t *text = NULL;
	size_t len = 0;
	*out = file_read_all(at_fd, name, STATE_BYTES_MAX, &text, &len);
	if (*out != E_OK)
		return NULL;
	json_auto_t *list = NULL;
	*out = json_read(bytes_of(text, len), JSON_REJECT_DUPLICATES, NULL, &list);
	return json_is_array(list) ? json_incref(list) : NULL;
}

void cosigned_read_state(int cosigned_fd, const struct witness_policy *policy, struct cosigning *cosigning)
{
	enum error ignored;
	json_auto_t *list = load_state(cosigned_fd, STATE_FILE, &ignored);
	size_t at;
	json_t *item;
	json_array_foreach(list, at, item)
	{
		const char *name = json_string_value(json_object_get(item, "name"));
		json_int_t size = json_integer_value(json_object_get(item, "size"));
		for (uint32_t i = 0; name && size > 0 && i < policy->witness_count; i++)
			if (strcmp(policy->witnesses[i].name, name) == 0)
				cosigning_witness(cosigning, i)->size = (uint64_t)size;
	}
}

/* ---- reading ---- */

static void take_marks(const char *dir, struct file_mark out[COSIGNED_FILES])
{
	char path[PATH_MAX + 32];
	for (int i = 0; i < COSIGNED_FILES; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, files[i]);
		file_mark(path, &out[i]);
	}
}

static bool same_marks(const struct file_mark *a, const struct file_mark *b)
{
	int same = 0;
	while (same < COSIGNED_FILES && file_mark_same(&a[same], &b[same]))
		same++;
	return same == COSIGNED_FILES;
}

/* What failed for want of memory, or of a disk that answers, is tried again the next time. */
static void unsettle(struct cosigned *cosigned, int file, enum error error)
{
	if (error == E_NO_MEMORY || error == E_IO)
		cosigned->marks[file].settled = false;
}

static void read_note(int dir_fd, const struct vkey *log, const struct witness_policy *policy, struct cosigned *out)
{
	OWNED_MEMORY uint8_t *text = NULL;
	struct note note;
	size_t len = 0;
	enum error error = file_read_all(dir_fd, files[CHECKPOINT], NOTE_BYTES_MAX, &text, &len);
	unsettle(out, CHECKPOINT, error);
	if (error != E_OK || checkpoint_verify(bytes_of(text, len), log, &out->checkpoint) != E_OK ||
		note_split(bytes_of(text, len), NOTE_BYTES_MAX, &note) != E_OK ||
		witness_policy_read(policy, &note, &out->quorum) != E_OK)
		return;
	out->note_len = len;
	memcpy(out->note, text, len);
}

static void read_all(const char *dir, const struct vkey *log, struct cosigned *out)
{
	OWNED_FD dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	OWNED(witness_policy_release) struct witness_policy *policy = NULL;
	enum error error = dir_fd >= 0 ? door_policy(dir_fd, log, &policy, NULL) : E_IO;
	unsettle(out, POLICY, error);
	out->wanted = error != E_NOT_FOUND && (error != E_OK || !policy->none);
	if (error == E_OK && out->wanted)
		read_note(dir_fd, log, policy, out);
	if (dir_fd >= 0 && out->wanted) {
		out->witnesses = load_state(dir_fd, files[STATE], &error);
		unsettle(out, STATE, error);
	}
}

/* The newest one, if it was read from the files that these are the marks of. */
static struct cosigned *recall(struct cosigned_memory *memory, const struct file_mark *marks)
{
	struct cosigned *known = NULL;
	pthread_mutex_lock(&memory->mutex);
	if (memory->newest != NULL && same_marks(memory->newest->marks, marks)) {
		known = memory->newest;
		__atomic_add_fetch(&known->users, 1, __ATOMIC_RELAXED);
	}
	pthread_mutex_unlock(&memory->mutex);
	return known;
}

static void remember(struct cosigned_memory *memory, struct cosigned *fresh)
{
	__atomic_add_fetch(&fresh->users, 1, __ATOMIC_RELAXED);
	pthread_mutex_lock(&memory->mutex);
	OWNED(cosigned_release) struct cosigned *older = memory->newest;
	memory->newest = fresh;
	pthread_mutex_unlock(&memory->mutex);
}

struct cosigned *cosigned_look(const struct archive *archive, struct cosigned_memory *memory)
{
	struct file_mark marks[COSIGNED_FILES];
	take_marks(archive_dir(archive), marks);
	struct cosigned *cosigned = memory != NULL ? recall(memory, marks) : NULL;
	if (cosigned != NULL || (cosigned = calloc(1, sizeof *cosigned)) == NULL)
		return cosigned;
	cosigned->users = 1;
	memcpy(cosigned->marks, marks, sizeof marks);
	read_all(archive_dir(archive), archive_vkey(archive), cosigned);
	if (memory != NULL)
		remember(memory, cosigned);
	return cosigned;
}

void cosigned_end(struct cosigned *cosigned)
{
	if (__atomic_sub_fetch(&cosigned->users, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	json_decref(cosigned->witnesses);
	free(cosigned);
}

void cosigned_memory_release(struct cosigned_memory *memory)
{
	cosigned_release(&memory->newest);
	pthread_mutex_destroy(&memory->mutex);
}

bool cosigned_reached(const struct cosigned *cosigned, uint64_t now_s)
{
	return cosigned != NULL && cosigned->quorum.reached && cosigned->quorum.time_s <= now_s + COSIGNING_CLOCK_S;
}

bool cosigned_rest(struct snapshot *snapshot, const struct cosigned *cosigned, uint64_t now_s, bool epoch)
{
	struct epoch_place place = {0};
	return cosigned_reached(cosigned, now_s) &&
		   (!epoch || (snapshot_epoch(snapshot, &place) == E_OK && place.index < cosigned->checkpoint.size)) &&
		   snapshot_rest_on_known(snapshot, &cosigned->checkpoint, bytes_of(cosigned->note, cosigned->note_len)) ==
			   E_OK;
}

bool cosigned_late(const struct snapshot *snapshot, const struct cosigned *cosigned, uint64_t now_s, uint64_t *since_s)
{
	if (cosigned == NULL || !cosigned->wanted)
		return false;
	bool reached = cosigned_reached(cosigned, now_s);
	bool behind = reached && cosigned->checkpoint.size < snapshot_checkpoint(snapshot)->size &&
				  now_s > cosigned->quorum.time_s + EPOCH_LAG_SECONDS_DEFAULT;
	if (!reached || behind)
		*since_s = behind ? cosigned->quorum.time_s : now_s;
	return !reached || behind;
}

json_t *cosigned_json(const struct cosigned *cosigned, uint64_t now_s)
{
	if (cosigned == NULL || !cosigned->wanted)
		return cosigned == NULL ? NULL : json_null();
	bool reached = cosigned_reached(cosigned, now_s);
	uint64_t time_s = reached ? cosigned->quorum.time_s : 0;
	uint64_t age_s = now_s > time_s ? now_s - time_s : 0;
	json_t *size = reached ? json_integer((json_int_t)cosigned->checkpoint.size) : json_null();
	json_t *age = reached ? json_integer((json_int_t)age_s) : json_null();
	json_t *witnesses = cosigned->witnesses != NULL ? json_incref(cosigned->witnesses) : json_array();
	return json_pack("{s:b, s:o, s:o, s:o, s:o}", "reached", reached, "size", size, "time", time_or_null(time_s),
		"age_seconds", age, "witnesses", witnesses);
}

/* ---- waiting for the witnesses ---- */

/* Whether there is a newest epoch that its witnesses, if it has any, have not seen yet. */
static bool is_ahead(struct archive *archive, struct cosigned_memory *memory, uint64_t *epoch, bool *kept_up)
{
	OWNED(snapshot_release) struct snapshot *snapshot = NULL;
	OWNED(cosigned_release) struct cosigned *cosigned = cosigned_look(archive, memory);
	struct epoch_place place;
	*kept_up = false;
	if (cosigned == NULL || !cosigned->wanted || snapshot_begin(archive, &snapshot, NULL) != E_OK ||
		snapshot_epoch(snapshot, &place) != E_OK)
		return false;
	*epoch = place.index;
	*kept_up = cosigned_reached(cosigned, (uint64_t)time(NULL)) && place.index < cosigned->checkpoint.size;
	return !*kept_up;
}

void cosigned_await(struct archive *archive, struct cosigned_memory *memory)
{
	static const struct timespec pause = {.tv_nsec = 20000000};
	struct cosigned_patience *patience = &memory->patience;
	uint64_t epoch;
	bool kept_up;
	if (__atomic_exchange_n(&patience->busy, true, __ATOMIC_ACQUIRE))
		return;
	uint64_t end_ms = clock_ms() + COSIGNED_WAIT_MS; /* whatever becomes the newest epoch meanwhile */
	while (is_ahead(archive, memory, &epoch, &kept_up) && !patience->in_vain) {
		uint64_t now_ms = clock_ms();
		if (patience->until_ms == 0 || epoch != patience->epoch)
			patience->until_ms = now_ms + COSIGNED_WAIT_MS;
		patience->epoch = epoch;
		patience->in_vain = now_ms >= patience->until_ms || now_ms >= end_ms;
		if (!patience->in_vain)
			nanosleep(&pause, NULL);
	}
	patience->in_vain = patience->in_vain && !kept_up;
	__atomic_store_n(&patience->busy, false, __ATOMIC_RELEASE);
}
