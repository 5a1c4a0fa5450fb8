#include "query/cosigned/cosigned.h"

#include "ledger/base/file.h"
#include "ledger/base/own.h"
#include "ledger/json/json_read.h"
#include "ledger/text/timestamp.h"
#include "ledger/witness/door.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STATE_FILE "state"
#define CHECKPOINT_FILE "checkpoint"
#define STATE_BYTES_MAX 65536u

static int open_dir(int at_fd, const char *name)
{
	return openat(at_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* ---- the state file ---- */

static json_t *json_time(uint64_t time_s)
{
	char text[TIMESTAMP_TEXT_MAX];
	if (time_s == 0 || time_s > INT64_MAX / 1000000000)
		return json_null();
	timestamp_format_s(time_s, text);
	return json_string_nocheck(text);
}

static json_t *witness_json(const char *name, const struct cosigner *witness)
{
	json_t *object = json_pack("{s:s%,s:s,s:s,s:b,s:I,s:I,s:i,s:i}", "name", name, strlen(name), "state",
		cosigner_state_name(witness->state), "meaning", cosigner_state_text(witness->state), "alarm",
		cosigner_state_alarms(witness->state), "size", (json_int_t)witness->size, "cosigned_size",
		(json_int_t)witness->cosigned_size, "failures", (int)witness->failures, "status", witness->status);
	json_t *apart = witness->clock_ahead_s != 0 ? json_integer((json_int_t)witness->clock_ahead_s) : json_null();
	if (json_object_set_new_nocheck(object, "clock_ahead_s", apart) != 0 ||
		json_object_set_new_nocheck(object, "cosigned_at", json_time(witness->cosigned_s)) != 0) {
		json_decref(object);
		return NULL;
	}
	return object;
}

enum error cosigned_write_state(int cosigned_fd, const struct witness_policy *policy, struct cosigning *cosigning)
{
	json_auto_t *list = json_array();
	for (uint32_t i = 0; i < policy->witness_count; i++)
		if (json_array_append_new(list, witness_json(policy->witnesses[i].name, cosigning_witness(cosigning, i))) != 0)
			return E_NO_MEMORY;
	char *text = json_write(list, JSON_INDENT(1));
	if (text == NULL)
		return E_NO_MEMORY;
	enum error error = file_write_atomic(cosigned_fd, STATE_FILE, bytes_text(text), 0644);
	free(text);
	return error;
}

static json_t *load_state(int cosigned_fd)
{
	OWNED_MEMORY uint8_t *text = NULL;
	size_t len = 0;
	if (file_read_all(cosigned_fd, STATE_FILE, STATE_BYTES_MAX, &text, &len) != E_OK)
		return NULL;
	json_t *list = json_loadb((const char *)text, len, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_array(list))
		return list;
	json_decref(list);
	return NULL;
}

void cosigned_read_state(int cosigned_fd, const struct witness_policy *policy, struct cosigning *cosigning)
{
	json_auto_t *list = load_state(cosigned_fd);
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

static void read_note(int dir_fd, const struct vkey *log, const struct witness_policy *policy, struct cosigned *out)
{
	OWNED_FD cosigned_fd = open_dir(dir_fd, COSIGNED_DIR);
	OWNED_MEMORY uint8_t *text = NULL;
	struct note note;
	size_t len = 0;
	if (cosigned_fd < 0 || file_read_all(cosigned_fd, CHECKPOINT_FILE, NOTE_BYTES_MAX, &text, &len) != E_OK)
		return;
	if (checkpoint_verify(bytes_of(text, len), log, &out->checkpoint) != E_OK ||
		note_split(bytes_of(text, len), NOTE_BYTES_MAX, &note) != E_OK ||
		witness_policy_read(policy, &note, &out->quorum) != E_OK)
		return;
	/* From before witnesses were judged by this clock: it would say that the newest epoch is long out of date. */
	bool ahead = out->quorum.time_s > (uint64_t)time(NULL) + COSIGNING_CLOCK_S;
	out->reached = out->quorum.reached && !ahead;
	out->note_len = len;
	memcpy(out->note, text, len);
}

static void read_cosigned(struct snapshot *snapshot, struct witness_policy **policy, struct cosigned *out)
{
	OWNED_FD dir_fd = open_dir(AT_FDCWD, snapshot_dir(snapshot));
	const struct vkey *log = archive_vkey(snapshot_archive(snapshot));
	*out = (struct cosigned){0};
	enum error error = dir_fd >= 0 ? door_policy(dir_fd, log, policy, NULL) : E_IO;
	out->wanted = error != E_NOT_FOUND && (error != E_OK || !(*policy)->none);
	if (error == E_OK && out->wanted)
		read_note(dir_fd, log, *policy, out);
}

void cosigned_read(struct snapshot *snapshot, struct cosigned *out)
{
	OWNED(witness_policy_release) struct witness_policy *policy = NULL;
	read_cosigned(snapshot, &policy, out);
}

bool cosigned_rest(struct snapshot *snapshot, bool epoch)
{
	struct epoch_place place = {0};
	struct cosigned *cosigned = malloc(sizeof *cosigned);
	bool rests = false;
	if (cosigned == NULL)
		return false;
	cosigned_read(snapshot, cosigned);
	if (cosigned->reached &&
		(!epoch || (snapshot_epoch(snapshot, &place) == E_OK && place.index < cosigned->checkpoint.size)))
		rests = snapshot_rest_on(snapshot, bytes_of(cosigned->note, cosigned->note_len)) == E_OK;
	free(cosigned);
	return rests;
}

bool cosigned_late(struct snapshot *snapshot, uint64_t now_s, uint64_t *since_s)
{
	struct checkpoint newest;
	struct bytes note;
	struct cosigned *cosigned = malloc(sizeof *cosigned);
	if (cosigned == NULL)
		return false;
	snapshot_checkpoint(snapshot, &newest, &note);
	cosigned_read(snapshot, cosigned);
	bool behind = cosigned->reached && cosigned->checkpoint.size < newest.size &&
				  now_s > cosigned->quorum.time_s + EPOCH_LAG_SECONDS_DEFAULT;
	bool late = cosigned->wanted && (!cosigned->reached || behind);
	if (late)
		*since_s = behind ? cosigned->quorum.time_s : now_s;
	free(cosigned);
	return late;
}

/* ---- waiting for the witnesses ---- */

static uint64_t clock_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Whether there is a newest epoch that its witnesses, if it has any, have not seen yet. */
static bool is_ahead(struct archive *archive, uint64_t *epoch, bool *kept_up)
{
	OWNED(snapshot_release) struct snapshot *snapshot = NULL;
	struct epoch_place place;
	struct cosigned *cosigned = malloc(sizeof *cosigned);
	*kept_up = false;
	if (cosigned == NULL || snapshot_begin(archive, &snapshot, NULL) != E_OK ||
		snapshot_epoch(snapshot, &place) != E_OK) {
		free(cosigned);
		return false;
	}
	cosigned_read(snapshot, cosigned);
	*epoch = place.index;
	*kept_up = cosigned->reached && place.index < cosigned->checkpoint.size;
	bool ahead = cosigned->wanted && !*kept_up;
	free(cosigned);
	return ahead;
}

void cosigned_await(struct archive *archive, struct cosigned_patience *patience)
{
	static const struct timespec pause = {.tv_nsec = 20000000};
	uint64_t epoch;
	bool kept_up;
	if (__atomic_exchange_n(&patience->busy, true, __ATOMIC_ACQUIRE))
		return;
	uint64_t end_ms = clock_ms() + COSIGNED_WAIT_MS; /* whatever becomes the newest epoch meanwhile */
	while (is_ahead(archive, &epoch, &kept_up) && !patience->in_vain) {
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

json_t *cosigned_json(struct snapshot *snapshot, uint64_t now_s)
{
	OWNED(witness_policy_release) struct witness_policy *policy = NULL;
	struct cosigned *cosigned = malloc(sizeof *cosigned);
	if (cosigned == NULL)
		return NULL;
	read_cosigned(snapshot, &policy, cosigned);
	json_t *json = cosigned->wanted ? json_object() : json_null();
	if (cosigned->wanted) {
		OWNED_FD dir_fd = open_dir(AT_FDCWD, snapshot_dir(snapshot));
		OWNED_FD cosigned_fd = dir_fd >= 0 ? open_dir(dir_fd, COSIGNED_DIR) : -1;
		json_t *witnesses = cosigned_fd >= 0 ? load_state(cosigned_fd) : NULL;
		uint64_t time_s = cosigned->reached ? cosigned->quorum.time_s : 0;
		uint64_t age_s = now_s > time_s ? now_s - time_s : 0;
		int failed = json_object_set_new_nocheck(json, "reached", json_boolean(cosigned->reached));
		failed |= json_object_set_new_nocheck(
			json, "size", cosigned->reached ? json_integer((json_int_t)cosigned->checkpoint.size) : json_null());
		failed |= json_object_set_new_nocheck(json, "time", json_time(time_s));
		failed |= json_object_set_new_nocheck(
			json, "age_seconds", cosigned->reached ? json_integer((json_int_t)age_s) : json_null());
		failed |= json_object_set_new_nocheck(json, "witnesses", witnesses ? witnesses : json_array());
		if (failed) {
			json_decref(json);
			json = NULL;
		}
	}
	free(cosigned);
	return json;
}
