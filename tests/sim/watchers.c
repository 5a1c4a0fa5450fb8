/* Witnesses and a mirror. They read the store of the ledger that runs, as programs of their own would. */
#include "ledger/follow/follow.h"
#include "ledger/follow/follow_state.h"
#include "ledger/read/archive_state.h"
#include "ledger/store/log.h"
#include "ledger/write/ledger_state.h"
#include "ledger/write/restore.h"
#include "tests/sim/sim.h"
#include "tools/witness/witness.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct witness *witnesses[WITNESSES];
static bool away[WITNESSES];
static uint64_t sizes[WITNESSES];
static int64_t ahead_s[WITNESSES];

static struct archive archive;
static struct log_rules rules;
static struct checkpoint followed;
static struct bytes entries[65536];
static uint8_t note[NOTE_BYTES_MAX];
static size_t note_len;

/* ---- reading beside the daemon ---- */

static struct snapshot *look(void)
{
	struct snapshot *snapshot = NULL;
	struct fault fault = {.text = ""};
	archive.store = daemon_ledger()->store;
	enum error error = snapshot_begin(&archive, &snapshot, &fault);
	if (error != E_OK)
		sim_fail("a reader: %s: %s", error_name(error), fault.text);
	return snapshot;
}

/* ---- witnesses ---- */

static void write_policy(void)
{
	char path[200], vkey[VKEY_TEXT_MAX + 1];
	snprintf(path, sizeof path, "%s/ledger/" DOOR_POLICY_FILE, sim_place());
	FILE *file = fopen(path, "w");
	vkey_format(&archive.vkey, vkey);
	fprintf(file, "log %s\n", vkey);
	for (unsigned i = 0; i < WITNESSES; i++) {
		vkey_format(witness_vkey(witnesses[i]), vkey);
		fprintf(file, "witness w%u %s http://w%u\n", i, vkey, i);
	}
	fprintf(file, "group g 2 w0 w1 w2\nquorum g\n");
	fclose(file);
}

void watchers_make(void)
{
	struct fault fault = {.text = ""};
	struct vkey key;
	char dir[160], name[32];
	pthread_mutex_init(&archive.memory.mutex, NULL);
	snprintf(archive.dir, sizeof archive.dir, "%s/ledger", sim_place());
	sim_must(place_read_vkey(archive.dir, &archive.vkey, &fault));
	for (unsigned i = 0; i < WITNESSES; i++) {
		snprintf(dir, sizeof dir, "%s/witness-%u", sim_place(), i);
		snprintf(name, sizeof name, "witness.example/w%u", i);
		sim_must(witness_create(dir, name, &key, &fault));
		sim_must(witness_add_log(dir, &archive.vkey, &fault));
		sim_must(witness_open(dir, &witnesses[i], &fault));
	}
	write_policy();
	log_rules_init(&rules, &archive.vkey);
}

void witness_set_away(unsigned i, bool is_away)
{
	away[i] = is_away;
}

bool witness_is_away(unsigned i)
{
	return away[i];
}

void witness_set_clock(unsigned i, int64_t seconds)
{
	ahead_s[i] = seconds;
}

void witness_step(unsigned i)
{
	static struct witness_answer answer;
	static uint8_t body[WITNESS_BODY_BYTES_MAX];
	struct merkle_proof proof = {.count = 0};
	struct bytes encoded;
	if (away[i] || !daemon_runs())
		return;
	struct snapshot *snapshot = look();
	struct witness_request request = {.old_size = sizes[i], .checkpoint = snapshot_note(snapshot)};
	const struct checkpoint checkpoint = *snapshot_checkpoint(snapshot);
	if (checkpoint.size < sizes[i])
		sim_fail(
			"the ledger shows %" PRIu64 " entries, and witness %u has seen %" PRIu64, checkpoint.size, i, sizes[i]);
	sim_must(snapshot_prove_consistency(snapshot, sizes[i], &proof));
	request.proof_count = proof.count;
	memcpy(request.proof, proof.hashes, proof.count * sizeof proof.hashes[0]);
	struct writer w = writer_of(body, sizeof body);
	sim_must(witness_request_write(&request, &w));
	sim_must(writer_done(&w, &encoded));
	witness_add_checkpoint(witnesses[i], encoded, sim_now_s() + (uint64_t)ahead_s[i], &answer);
	snapshot_end(snapshot);
	if (answer.status != 200)
		sim_fail("witness %u answers %d: %.*s", i, answer.status, (int)answer.len, answer.body);
	sizes[i] = checkpoint.size;
}

void witness_restart(unsigned i)
{
	char dir[160];
	struct fault fault = {.text = ""};
	witness_close(witnesses[i]);
	snprintf(dir, sizeof dir, "%s/witness-%u", sim_place(), i);
	sim_must(witness_open(dir, &witnesses[i], &fault));
}

uint64_t watchers_witnessed(void)
{
	uint64_t largest = 0, second = 0;
	for (unsigned i = 0; i < WITNESSES; i++) {
		if (sizes[i] > largest) {
			second = largest;
			largest = sizes[i];
		} else if (sizes[i] > second) {
			second = sizes[i];
		}
	}
	return second;
}

static enum error ask(
	const char *origin, const struct witness_policy *policy, door_heard *heard, void *context, struct fault *fault)
{
	static struct witness_answer answer;
	char hash[2 * HASH_BYTES + 1];
	witness_origin_hash(bytes_text(origin), hash);
	for (uint32_t i = 0; i < policy->witness_count; i++) {
		struct door_answer heard_of = {.witness = i, .came = !away[i], .why = "it is away"};
		if (!away[i]) {
			witness_checkpoint(witnesses[i], bytes_text(hash), &answer);
			heard_of.note = answer.status == 200 ? bytes_of(answer.body, answer.len) : BYTES_EMPTY;
		}
		TRY(heard(context, &heard_of, fault));
	}
	return E_OK;
}

static void tell(const char *text)
{
	sim_say("  door: %s", text);
}

const struct door_asker *watchers_asker(void)
{
	static const struct door_asker asker = {.ask = ask, .tell = tell};
	return &asker;
}

/* ---- the mirror ---- */

static enum error read_tile(void *context, const struct tile_path *tile, struct bytes *out, struct fault *fault)
{
	enum error error = snapshot_tile(context, tile, out);
	return error == E_OK ? E_OK : fault_set(fault, error, "");
}

static void keep_entries(struct snapshot *snapshot, uint64_t size)
{
	if (size > sizeof entries / sizeof entries[0])
		sim_fail("the log has grown over what the simulation holds");
	for (uint64_t i = followed.size; i < size; i++) {
		struct bytes encoded;
		sim_must(snapshot_entry(snapshot, i, &encoded));
		uint8_t *copy = malloc(encoded.len);
		memcpy(copy, encoded.data, encoded.len);
		entries[i] = bytes_of(copy, encoded.len);
	}
}

void mirror_step(void)
{
	if (!daemon_runs())
		return;
	struct snapshot *snapshot = look();
	struct tile_source source = {read_tile, snapshot};
	struct tile_reader *reader = NULL;
	struct follow_hooks hooks = {.tile = NULL};
	struct follow_fork fork;
	struct log_finding finding = {0};
	const struct checkpoint checkpoint = *snapshot_checkpoint(snapshot);
	enum error error = tile_reader_open(&source, &checkpoint, &reader, &finding);
	if (error == E_OK && followed.size > checkpoint.size)
		sim_fail("the mirror has more than the ledger shows");
	if (error == E_OK && followed.size > 0)
		error = follow_extends(reader, &followed, &fork, &finding);
	if (error == E_OK)
		error = follow(&rules, reader, &hooks, &finding);
	if (error != E_OK)
		sim_fail("the mirror: %s at index %" PRIu64 ": %s", error_name(error), finding.index, finding.text);
	keep_entries(snapshot, checkpoint.size);
	followed = checkpoint;
	note_len = snapshot_note(snapshot).len;
	memcpy(note, snapshot_note(snapshot).data, note_len);
	tile_reader_close(reader);
	snapshot_end(snapshot);
}

void mirror_restart(void)
{
	struct follow_state state = {.checkpoint = followed, .note_len = note_len};
	struct finding finding = {0};
	char *text = NULL;
	if (followed.size == 0)
		return;
	memcpy(state.note, note, note_len);
	sim_must(follow_state_write(&state, &rules, &text));
	log_rules_free(&rules);
	log_rules_init(&rules, &archive.vkey);
	enum error error = follow_state_read(bytes_text(text), &rules, &state, &finding);
	if (error != E_OK || state.checkpoint.size != followed.size)
		sim_fail("the mirror cannot go on from its state: %s", error_name(error));
	free(text);
}

bool watchers_see_lost(uint64_t index)
{
	return daemon_runs() && losses_cover(&daemon_ledger()->state.losses, index);
}

uint64_t mirror_size(void)
{
	return followed.size;
}

enum error mirror_restore(const char *dir)
{
	struct restore *restore = NULL;
	struct fault fault = {.text = ""};
	enum error error = restore_open(dir, &restore, &fault);
	while (error == E_OK && restore_size(restore) < followed.size)
		error = restore_entry(restore, entries[restore_size(restore)], &fault);
	if (error == E_OK)
		error = restore_commit(restore, &rules, bytes_of(note, note_len), &fault);
	if (error != E_OK && error != E_IO)
		sim_fail("recovering: %s: %s", error_name(error), fault.text);
	restore_close(restore);
	return error;
}
