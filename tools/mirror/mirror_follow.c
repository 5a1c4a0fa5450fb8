/* A round, and what is on disk after each step:
 *
 *   look ─► tiles, each once it is verified ─► sync ─► state ─► cosign ─► checkpoint
 *              └─ every SAVE_ENTRIES: sync ─► state
 *
 * The state is written behind its tiles and in front of the checkpoint, so it is never behind what is published. A
 * state that cannot be read is never passed over for an empty one: a person has to take it away, and then everything is
 * read again and must extend what is published.
 *
 * What fails: an alarm, or anything that leaves the rules in the middle of something, closes the follower, and the next
 * round goes on from the state on disk. Everything else is tried again by the next round from where it is. */
#include "tools/mirror/mirror_follow.h"

#include "ledger/base/evidence.h"
#include "ledger/base/file.h"
#include "ledger/json/json_read.h"
#include "ledger/proof/form.h"
#include "tools/mirror/follower.h"
#include "tools/mirror/mirror_key.h"
#include "tools/publish/tile_tree.h"
#include "tools/show/progress.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <time.h>

#define CONFIG "mirror.json"
#define CONFIG_BYTES_MAX 8192u
#define STATE "state.json"
#define TREE "tree"
#define EVIDENCE_FILES_MAX 16u  /* of a kind; a log that goes on growing would fill the disk with more of the same */
#define SAVE_ENTRIES (1u << 18) /* seconds of work */

/* Invariant: `follower` may be used while `following` is set; `saved` entries are on the disk with all their tiles;
 * `torn` is only ever set between a tile that failed and the end of the round. */
struct mirror {
	struct mirror_config config;
	int dir_fd;
	struct tile_tree *tree;
	struct mirror_key *key; /* NULL: it signs nothing */
	struct hash shown;      /* of the log's note that was published last; zero: not since the start */
	struct follower follower;
	int wake_fd;
	bool following; /* the follower is open */
	bool torn;      /* a tile could not be written: the rules stand behind it already */
	uint64_t saved; /* entries, in the state that was written last */
	struct progress progress;
};

static const char type[] = "indsigt-mirror/v1";

const struct mirror_config *mirror_config(const struct mirror *mirror)
{
	return &mirror->config;
}

const struct checkpoint *mirror_published(const struct mirror *mirror)
{
	return tile_tree_published(mirror->tree);
}

/* ---- the directory ---- */

enum error mirror_create(const char *dir, const struct mirror_config *config, struct fault *fault)
{
	char vkey[VKEY_TEXT_MAX + 1];
	if (mkdir(dir, 0755) != 0)
		return fault_set(fault, errno == EEXIST ? E_EXISTS : E_IO, "%s cannot be made: %m", dir);
	OWNED_FD dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		return fault_set(fault, E_IO, "%s cannot be opened: %m", dir);
	vkey_format(&config->vkey, vkey);
	json_auto_t *json = json_pack("{s:s, s:s, s:s}", "type", type, "ledger", config->place, "vkey", vkey);
	OWNED_MEMORY char *text = json_write(json, JSON_INDENT(1));
	return fault_because(fault, text != NULL ? file_write_atomic(dir_fd, CONFIG, bytes_text(text), 0644) : E_NO_MEMORY,
		"%s/" CONFIG, dir);
}

/* Strict, as for what strangers send: a mirror of another log under this one's name would accuse it of a fork. */
static enum error read_config(struct mirror *mirror, struct fault *fault)
{
	OWNED_MEMORY uint8_t *text = NULL;
	OWNED(form_close) struct form form = {0};
	struct finding finding = {.text = ""};
	size_t len;
	enum error error = file_read_all(mirror->dir_fd, CONFIG, CONFIG_BYTES_MAX, &text, &len);
	if (error != E_OK)
		return fault_set(fault, error, "there is no " CONFIG " to read; 'indsigt mirror init' makes a mirror");
	error = form_open(bytes_of(text, len), CONFIG_BYTES_MAX, &form, &finding);
	if (error == E_NO_MEMORY)
		return fault_set(fault, error, "");
	if (error == E_OK) {
		form_members(&form, form.document, "type ledger vkey");
		form_constant(&form, form.document, "type", type);
		struct bytes place = form_text(&form, form.document, "ledger", MIRROR_PLACE_BYTES_MAX);
		struct bytes vkey = form_text(&form, form.document, "vkey", VKEY_TEXT_MAX);
		if (form_done(&form) == E_OK && vkey_parse(vkey, &mirror->config.vkey) != E_OK)
			form_fail(&form, "vkey", "is no verification key");
		error = form_done(&form);
		if (error == E_OK)
			memcpy(mirror->config.place, place.data, place.len);
	}
	return fault_set(fault, error, CONFIG ": %s", finding.text);
}

/* ---- opening ---- */

/* The sentence says what taking the file away leads to, so that nobody does it lightly. */
static enum error load_file(struct mirror *mirror, int dir_fd, const char *name, struct fault *fault)
{
	OWNED_MEMORY uint8_t *text = NULL;
	struct fault why = {.text = ""};
	size_t len;
	enum error error = file_read_all(dir_fd, name, FOLLOW_STATE_BYTES_MAX, &text, &len);
	if (error == E_NOT_FOUND)
		return error;
	if (error == E_OK)
		error = follower_load(&mirror->follower, bytes_of(text, len), &why);
	if (error == E_OK)
		return E_OK;
	return fault_set(fault, error, "%s: %s; take it away and everything is read and checked again", name,
		why.text[0] != '\0' ? why.text : error_reason(error));
}

/* The last tile that the state speaks of: it was written before the state was. Only the last one is looked at: tiles
 * are written in order, and a copy that lacks older ones is found by who audits it. */
static bool has_tiles(const struct mirror *mirror)
{
	uint64_t size = mirror->follower.rules.state.size;
	uint64_t number = size > 0 ? (size - 1) / TILE_WIDTH : 0;
	const struct tile_path tile = {.entries = true, .number = number, .width = (uint32_t)(size - number * TILE_WIDTH)};
	OWNED_MEMORY uint8_t *content = NULL;
	size_t len;
	OWNED_FD fd = openat(mirror->dir_fd, TREE, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return size == 0 || (fd >= 0 && tile_tree_read(fd, &tile, &content, &len) == E_OK);
}

/* Without a state what is published still binds: everything is read again, and must extend it. */
static enum error load_state(struct mirror *mirror, struct fault *fault)
{
	enum error error = load_file(mirror, mirror->dir_fd, STATE, fault);
	if (error == E_NOT_FOUND)
		error = load_file(mirror, mirror->dir_fd, TREE "/checkpoint", fault);
	if (error == E_NOT_FOUND)
		return E_OK;
	TRY(error);
	if (mirror->follower.known.checkpoint.size < tile_tree_published(mirror->tree)->size)
		return fault_set(fault, E_BAD_VALUE,
			STATE " is older than what is published here; take it away and everything is read and checked again");
	if (!has_tiles(mirror))
		return fault_set(fault, E_BAD_VALUE,
			TREE " does not hold what " STATE " speaks of; put it back, or take " STATE
				 " away and everything is read and checked again");
	mirror->saved = mirror->follower.rules.state.size;
	return E_OK;
}

static void close_follower(struct mirror *mirror)
{
	if (mirror->following)
		follower_close(&mirror->follower);
	mirror->following = false;
	mirror->torn = false;
}

/* Anything that is left half open is closed: the next round begins anew. */
static enum error open_follower(struct mirror *mirror, struct fault *fault)
{
	const struct mirror_config *config = &mirror->config;
	TRY(follower_open(config->place, mirror->wake_fd, &config->vkey, &mirror->follower, fault));
	mirror->following = true;
	enum error error = load_state(mirror, fault);
	if (error != E_OK)
		close_follower(mirror); /* never from nothing because the state could not be read */
	return error;
}

/* The tree's lock comes before the state is read, so that two mirrors of one directory never both go on from it. */
static enum error open_parts(struct mirror *mirror, const char *dir, struct fault *fault)
{
	char path[PATH_BYTES_MAX];
	TRY(fault_set(fault, file_path(dir, TREE, path), "the path is too long"));
	mirror->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mirror->dir_fd < 0)
		return fault_set(fault, E_NOT_FOUND, "it cannot be opened: %m");
	TRY(read_config(mirror, fault));
	TRY(mirror_key_open(dir, &mirror->key, fault));
	TRY(tile_tree_open(path, &mirror->config.vkey, &mirror->tree, fault)); /* from here on it is the only one */
	file_remove_left(mirror->dir_fd, STATE);                               /* of writes that a kill cut short */
	return open_follower(mirror, fault);
}

enum error mirror_open(const char *dir, int wake_fd, struct mirror **out, struct fault *fault)
{
	struct fault why = {.text = ""};
	struct mirror *mirror = calloc(1, sizeof *mirror);
	TRY(fault_set(fault, allocated(mirror), ""));
	mirror->dir_fd = -1;
	mirror->wake_fd = wake_fd;
	enum error error = open_parts(mirror, dir, &why);
	if (error != E_OK) {
		mirror_close(mirror);
		return fault_set(fault, error, "%s: %s", dir, why.text);
	}
	*out = mirror;
	return E_OK;
}

void mirror_close(struct mirror *mirror)
{
	if (mirror == NULL)
		return;
	close_follower(mirror);
	mirror_key_close(mirror->key);
	tile_tree_close(mirror->tree);
	own_close(&mirror->dir_fd);
	free(mirror);
}

/* ---- alarms ---- */

/* What the log signed and what is wrong with it: whoever reads the log's tiles up to there finds the same. */
static char *broken_text(const struct mirror *mirror, const struct log_finding *finding)
{
	const struct follow_state *known = &mirror->follower.known;
	json_auto_t *json = json_pack("{s:s, s:s%, s:I, s:s}", "type", "indsigt-broken/v1", "checkpoint",
		(const char *)known->note, known->note_len, "index", (json_int_t)finding->index, "reason", finding->text);
	return json_write(json, JSON_INDENT(1));
}

/* E_TOO_MANY: what is there says it all. */
static enum error make_room(int folder_fd, const char *kind)
{
	unsigned count = 0;
	OWNED_DIR *evidence = file_list(folder_fd, ".");
	if (evidence == NULL)
		return E_IO;
	for (const char *name; (name = file_list_next(evidence)) != NULL;)
		count += strncmp(name, kind, strlen(kind)) == 0;
	return errno != 0 ? E_IO : count < EVIDENCE_FILES_MAX ? E_OK : E_TOO_MANY;
}

/* E_TOO_MANY; what is there under the name stays as it is, and is not looked at again at every turn. One file of a kind
 * and size: what a log has signed once does not change, so the first is as good as any later. */
static enum error keep(struct mirror *mirror, const struct log_finding *finding, char *name, size_t room)
{
	const struct follower *follower = &mirror->follower;
	bool fork = follower->evidence != NULL;
	OWNED_FD folder_fd = evidence_folder(mirror->dir_fd);
	if (folder_fd < 0)
		return E_IO;
	char file[FOLLOWER_FORK_MAX];
	if (fork)
		follower_fork_name(&follower->known.checkpoint, &follower->seen.checkpoint, file);
	else
		snprintf(file, sizeof file, "broken-%" PRIu64 ".json", follower->known.checkpoint.size);
	snprintf(name, room, EVIDENCE_FOLDER "/%s", file);
	if (faccessat(mirror->dir_fd, name, F_OK, 0) == 0)
		return E_OK;
	TRY(make_room(folder_fd, fork ? "fork-" : "broken-"));
	OWNED_MEMORY char *broken = fork ? NULL : broken_text(mirror, finding);
	const char *text = fork ? follower->evidence : broken;
	return text != NULL ? evidence_keep(mirror->dir_fd, name, room, bytes_text(text)) : E_NO_MEMORY;
}

/* An alarm is about what the log has signed; tiles that are not that may be anybody's fault. The alarm says where the
 * evidence is, because whoever reads it is to hand that on. */
static enum error raise_alarm(struct mirror *mirror, const struct log_finding *finding, struct fault *fault)
{
	char name[120] = "";
	if (mirror->follower.deceived)
		return fault_set(fault, E_CORRUPT,
			"what is given there is not what the log signed: %s (index %" PRIu64 "); a cache in between may be broken",
			finding->text, finding->index);
	enum error kept = keep(mirror, finding, name, sizeof name);
	return fault_set(fault, E_CORRUPT, "ALARM: %s (index %" PRIu64 "); %s %s", finding->text, finding->index,
		kept == E_OK         ? "the evidence is in"
		: kept == E_TOO_MANY ? "enough evidence of it is kept, without"
							 : "the evidence cannot be written to",
		name);
}

static enum error judge(struct mirror *mirror, enum error error, const struct log_finding *finding, struct fault *fault)
{
	if (error == E_OK)
		return E_OK;
	error = error == E_CORRUPT ? raise_alarm(mirror, finding, fault) : fault_set(fault, error, "%s", finding->text);
	/* Its rules may have taken half an entry, or stand behind a tile that is not there: the next round goes on from
	 * the state on disk. */
	if (error == E_CORRUPT || error == E_NO_MEMORY || mirror->torn)
		close_follower(mirror);
	return error;
}

/* ---- a round ---- */

static enum error save_state(struct mirror *mirror, struct log_finding *finding)
{
	TRY(follower_save(&mirror->follower, mirror->dir_fd, STATE, finding));
	mirror->saved = mirror->follower.rules.state.size;
	return E_OK;
}

/* A damaged copy is this machine's business, no alarm about the log. */
static enum error of_tree(enum error error, const struct fault *fault, struct log_finding *finding)
{
	if (error == E_OK)
		return E_OK;
	return log_finding_set(finding, error == E_CORRUPT ? E_IO : error, 0, "the copy: %s", fault->text);
}

/* Where it stands, when all tiles up to there are on the disk. */
static enum error sync_and_save(struct mirror *mirror, struct log_finding *finding)
{
	struct fault fault = {.text = ""};
	TRY(of_tree(tile_tree_sync(mirror->tree, &fault), &fault, finding));
	return save_state(mirror, finding);
}

/* A tile that could not be written leaves the rules ahead of the disk, which only a state from the disk can heal. */
static enum error on_tile(
	void *context, const struct tile_path *tile, struct bytes content, struct log_finding *finding)
{
	struct mirror *mirror = context;
	struct fault fault = {.text = ""};
	enum error error = tile_tree_write(mirror->tree, tile, content, &fault);
	mirror->torn |= error != E_OK;
	return of_tree(error, &fault, finding);
}

/* Saved in steps, so that a copy of years that is broken off does not begin again. */
static enum error on_bundle(void *context, const struct log_rules *rules, struct log_finding *finding)
{
	struct mirror *mirror = context;
	progress_update(&mirror->progress, rules->state.size, mirror->follower.known.checkpoint.size);
	if (rules->state.size - mirror->saved < SAVE_ENTRIES)
		return E_OK;
	return sync_and_save(mirror, finding);
}

/* With the mirror's own signature, which is made when everything that it speaks of is on the disk. An error without a
 * text is the signature's own: then nothing is published either. */
static enum error publish(struct mirror *mirror, struct bytes note, struct log_finding *finding)
{
	uint8_t cosigned[NOTE_BYTES_MAX];
	struct bytes whole;
	struct fault fault = {.text = ""};
	struct writer w = writer_of(cosigned, sizeof cosigned);
	enum error error = (mirror_key_cosign(mirror->key, note, (uint64_t)time(NULL), &w) ?: writer_done(&w, &whole))
						   ?: tile_tree_publish(mirror->tree, whole, &fault);
	if (error != E_OK && fault.text[0] == '\0')
		fault_set(&fault, error, "the checkpoint cannot be cosigned: %s", error_reason(error));
	return of_tree(error, &fault, finding);
}

static enum error copy(struct mirror *mirror, struct log_finding *finding)
{
	const struct follow_hooks hooks = {mirror, on_tile, on_bundle};
	progress_start(&mirror->progress, "entries");
	enum error error = follower_read(&mirror->follower, &hooks, finding);
	progress_clear(&mirror->progress);
	return error;
}

/* The same checkpoint may come with more cosignatures. */
static enum error copy_and_publish(struct mirror *mirror, struct log_finding *finding)
{
	const struct follower *follower = &mirror->follower;
	const struct bytes note = bytes_of(follower->known.note, follower->known.note_len);
	struct hash shown;
	hash_blake2b(NULL, &note, 1, &shown);
	if (follower->rules.state.size == follower->known.checkpoint.size && hash_equal(&shown, &mirror->shown))
		return E_OK;
	TRY(copy(mirror, finding));
	/* In this order: a state that is behind what is published would not be gone on from. */
	TRY(sync_and_save(mirror, finding));
	TRY(publish(mirror, note, finding));
	mirror->shown = shown;
	return E_OK;
}

enum error mirror_round(struct mirror *mirror, struct fault *fault)
{
	struct log_finding finding = {.text = ""};
	bool newer;
	if (!mirror->following)
		TRY(open_follower(mirror, fault));
	enum error error = follower_look(&mirror->follower, &newer, &finding) ?: copy_and_publish(mirror, &finding);
	return judge(mirror, error, &finding, fault);
}
