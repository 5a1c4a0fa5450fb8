/* Following a log over tiles: every entry by the rules, every tile handed on once, any interruption, forks. */
#include "ledger/follow/follow.h"
#include "ledger/note/note_sign.h"
#include "ledger/proof/fork.h"
#include "tests/lib/forge.h"
#include "tests/lib/tile_log.h"
#include "tests/lib/unit.h"

#define TILES_MAX 200

static struct forge *forge;
static struct tile_log all;
static struct log_finding finding;

/* What the hooks got. */
struct taken {
	size_t count;
	struct tile_path tiles[TILES_MAX];
	uint64_t stop_at; /* the done hook ends the following at this size */
	uint64_t done;
};

static enum error take_tile(void *context, const struct tile_path *tile, struct bytes content, struct log_finding *why)
{
	struct taken *taken = context;
	struct tile_log same = all;
	struct bytes wanted;
	struct fault fault;
	same.content = NULL; /* `content` is of the last answer of the other one */
	ck_ok(tile_log_read(&same, tile, &wanted, &fault));
	ck_assert(bytes_equal(content, wanted));
	free(same.content);
	ck_assert_uint_lt(taken->count, TILES_MAX);
	taken->tiles[taken->count++] = *tile;
	(void)why;
	return E_OK;
}

static enum error take_done(void *context, const struct log_rules *rules, struct log_finding *why)
{
	struct taken *taken = context;
	ck_assert_uint_gt(rules->state.size, taken->done);
	taken->done = rules->state.size;
	if (taken->stop_at != 0 && rules->state.size >= taken->stop_at)
		return log_finding_set(why, E_CLOSED, rules->state.size, "stopped");
	return E_OK;
}

/* An honest log of at least `entries` entries. */
static void make_log(uint64_t entries)
{
	forge = forge_new();
	uint64_t epoch_s = forge->now_s;
	const struct forge_draft drafts[] = {
		{.subject = "cpr:0101701234"}, {.subject = "cpr:0202802345"}, {.subject = "cpr:0101701234"}};
	while (forge->entry_count < entries) {
		forge_batch(forge, 1, drafts, 3);
		forge->now_s += 1;
		if (forge->now_s - epoch_s > 90) {
			epoch_s = forge->now_s;
			forge_epoch(forge);
		}
	}
	for (size_t i = 0; i < forge->entry_count; i++)
		tile_log_add(&all, bytes_of(forge->entries[i].data, forge->entries[i].len));
	all.published = all.size;
}

static void drop_log(void)
{
	tile_log_free(&all);
	forge_free(forge);
}

static struct tile_reader *open_reader(uint64_t size)
{
	struct checkpoint checkpoint;
	struct tile_reader *reader = NULL;
	const struct tile_source source = tile_log_source(&all);
	tile_log_checkpoint(&all, size, &checkpoint);
	ck_ok(tile_reader_open(&source, &checkpoint, &reader, &finding));
	return reader;
}

static enum error follow_to(struct log_rules *rules, uint64_t size, struct taken *taken)
{
	struct tile_reader *reader = open_reader(size);
	const struct follow_hooks hooks = {taken, take_tile, take_done};
	taken->done = rules->state.size;
	enum error error = follow(rules, reader, &hooks, &finding);
	tile_reader_close(reader);
	return error;
}

/* The tile, as full or as wide, was handed on. */
static bool has_tile(const struct taken *taken, const struct tile_path *tile)
{
	for (size_t i = 0; i < taken->count; i++)
		if (tile_same(&taken->tiles[i], tile))
			return true;
	return false;
}

static void assert_tiles(const struct taken *taken, uint64_t size)
{
	for (uint32_t level = 0; size >> (8 * level) > 0; level++) {
		uint64_t hashes = size >> (8 * level);
		for (uint64_t number = 0; number * TILE_WIDTH < hashes; number++) {
			uint64_t left = hashes - number * TILE_WIDTH;
			struct tile_path tile = {
				.level = level, .number = number, .width = left < TILE_WIDTH ? (uint32_t)left : 256};
			ck_assert_msg(has_tile(taken, &tile), "level %u tile %lu of %lu", level, number, size);
			tile.entries = true;
			ck_assert(level > 0 || has_tile(taken, &tile));
		}
	}
}

static uint64_t batch_end(uint64_t size)
{
	struct entry entry;
	do
		ck_ok(entry_decode(all.entries[size++], &entry));
	while (entry.kind == ENTRY_EVENT);
	return size;
}

START_TEST(a_log_is_followed_in_steps)
{
	make_log(1200);
	struct log_rules rules;
	struct taken taken = {0};
	log_rules_init(&rules, &forge->vkey);
	for (uint64_t size = 2; size < all.size; size = batch_end(size + size / 7)) {
		all.published = size;
		ck_assert_msg(follow_to(&rules, size, &taken) == E_OK, "%lu: %s", finding.index, finding.text);
		ck_assert_uint_eq(rules.state.size, size);
		assert_tiles(&taken, size);
		if (size + size / 7 >= all.size)
			break;
	}
	log_rules_free(&rules);
	drop_log();
}
END_TEST

/* The same tiles, without the rules. */
START_TEST(tiles_are_copied_without_rules)
{
	make_log(1200);
	const uint64_t sizes[] = {1, 255, 256, 257, 700, all.size};
	struct taken taken = {0};
	uint64_t from = 0;
	for (size_t i = 0; i < 6; from = sizes[i++]) {
		const struct follow_hooks hooks = {.context = &taken, .tile = take_tile};
		all.published = sizes[i];
		struct tile_reader *reader = open_reader(sizes[i]);
		ck_ok(follow_copy(reader, from, &hooks, &finding));
		assert_tiles(&taken, sizes[i]);
		tile_reader_close(reader);
	}
	drop_log();
}
END_TEST

/* Stopped after any bundle, it goes on where it was. */
START_TEST(what_is_interrupted_goes_on)
{
	make_log(1200);
	struct log_rules rules;
	struct taken taken = {0};
	log_rules_init(&rules, &forge->vkey);
	for (uint64_t stop = 256; stop < all.size; stop += 256) {
		taken.stop_at = stop;
		ck_error(follow_to(&rules, all.size, &taken), E_CLOSED);
		ck_assert_uint_eq(rules.state.size, stop);
	}
	taken.stop_at = 0;
	ck_ok(follow_to(&rules, all.size, &taken));
	assert_tiles(&taken, all.size);
	log_rules_free(&rules);
	drop_log();
}
END_TEST

/* A tile that cannot be had now can be had later. */
START_TEST(source_comes_back)
{
	make_log(600);
	struct log_rules rules;
	struct taken taken = {0};
	log_rules_init(&rules, &forge->vkey);
	all.miss = true;
	all.missing = (struct tile_path){.entries = true, .number = 1, .width = 256};
	ck_error(follow_to(&rules, all.size, &taken), E_NOT_FOUND);
	ck_assert_uint_eq(rules.state.size, 256);
	all.miss = false;
	ck_ok(follow_to(&rules, all.size, &taken));
	log_rules_free(&rules);
	drop_log();
}
END_TEST

static void append_entry(const struct entry *entry)
{
	uint64_t index = forge_append(forge, entry);
	tile_log_add(&all, bytes_of(forge->entries[index].data, forge->entries[index].len));
}

static uint64_t events_between(uint64_t first, uint64_t end)
{
	uint64_t events = 0;
	for (uint64_t i = first; i < end; i++)
		events += all.entries[i].data[0] == ENTRY_EVENT;
	return events;
}

/* A loss in the middle of a bundle makes the rules look at others again; then the entries behind it are still taken
 * from their own. If the others cannot be had now, they can be had later. */
START_TEST(a_loss_looks_back_at_bundles)
{
	make_log(600);
	struct log_rules rules;
	struct taken taken = {.stop_at = 512};
	uint64_t first = batch_end(200), loss = all.size;
	const struct entry entry = {.kind = ENTRY_LOSS, .loss = {first, all.size, events_between(first, all.size)}};
	append_entry(&entry);
	for (uint64_t i = 0; i < 40; i++) {
		const struct forge_draft drafts[] = {{.subject = "cpr:0101701234"}};
		forge_batch(forge, 1, drafts, 1);
		while (all.size < forge->entry_count)
			tile_log_add(&all, bytes_of(forge->entries[all.size].data, forge->entries[all.size].len));
	}
	all.published = all.size;
	ck_assert(loss / 256 == 2 && all.size / 256 == 2 && first < 256);
	log_rules_init(&rules, &forge->vkey);
	ck_error(follow_to(&rules, all.size, &taken), E_CLOSED);
	taken.stop_at = 0;
	all.miss = true;
	all.missing = (struct tile_path){.entries = true, .number = 0, .width = 256};
	ck_error(follow_to(&rules, all.size, &taken), E_NOT_FOUND);
	ck_assert_uint_eq(rules.state.size, loss);
	ck_assert_uint_eq(finding.index, 0);
	all.miss = false;
	ck_assert_msg(follow_to(&rules, all.size, &taken) == E_OK, "%lu: %s", finding.index, finding.text);
	ck_assert_uint_eq(losses_events(&rules.state.losses), entry.loss.events);
	assert_tiles(&taken, all.size);
	log_rules_free(&rules);
	drop_log();
}
END_TEST

static void assert_refused(uint64_t index, const char *text)
{
	struct log_rules rules;
	struct taken taken = {0};
	log_rules_init(&rules, &forge->vkey);
	ck_error(follow_to(&rules, all.published, &taken), E_CORRUPT);
	ck_assert_msg(finding.index == index && strstr(finding.text, text) != NULL, "%lu: %s", finding.index, finding.text);
	log_rules_free(&rules);
	drop_log();
}

/* The tree is in order, what is in it is not. */
START_TEST(a_rule_is_broken)
{
	make_log(300);
	struct entry entry = {.kind = ENTRY_EVENT, .event = {.sender = 1, .sequence = 0, .time_s = forge->now_s}};
	uint64_t index = all.size;
	append_entry(&entry);
	all.published = all.size;
	assert_refused(index, "stands where");
}
END_TEST

START_TEST(what_is_no_entry_is_named)
{
	make_log(300);
	uint64_t index = all.size;
	tile_log_add(&all, BYTES_LITERAL("\x63 what is this?"));
	all.published = all.size;
	assert_refused(index, "cannot be read");
}
END_TEST

/* A log of another format cannot be looked at with this version: nobody is accused. ENTRY-4 */
START_TEST(another_format_accuses_nobody)
{
	make_log(10);
	for (uint8_t format = 0; format <= FORMAT_VERSION + 1; format++) {
		struct log_rules rules;
		struct taken taken = {.count = 0};
		forge->entries[0].data[2] = format;
		tile_log_free(&all);
		all = (struct tile_log){0};
		for (size_t i = 0; i < forge->entry_count; i++)
			tile_log_add(&all, bytes_of(forge->entries[i].data, forge->entries[i].len));
		all.published = all.size;
		log_rules_init(&rules, &forge->vkey);
		ck_error(follow_to(&rules, all.size, &taken), format == FORMAT_VERSION ? E_OK : E_FORMAT);
		ck_assert(!error_judges(E_FORMAT));
		log_rules_free(&rules);
	}
	drop_log();
}
END_TEST

START_TEST(ends_in_a_batch)
{
	make_log(300);
	struct entry entry;
	do
		ck_ok(entry_decode(all.entries[--all.published - 1], &entry));
	while (entry.kind != ENTRY_EVENT);
	assert_refused(all.published - 3, "not followed by their batch entry");
}
END_TEST

/* The log that was signed for the older size is another one: the proof convinces others. */
START_TEST(a_fork_convinces_others)
{
	uint8_t first[1000], second[1000];
	struct checkpoint old, new;
	struct follow_fork proven;
	struct fork fork;
	struct finding found;
	char *file;
	make_log(700);
	for (uint64_t size = 1; size <= all.size; size += 13) {
		struct tile_reader *reader = open_reader(all.size);
		tile_log_checkpoint(&all, size, &old);
		tile_log_checkpoint(&all, all.size, &new);
		strcpy(old.origin, forge->vkey.name);
		strcpy(new.origin, forge->vkey.name);
		ck_ok(follow_extends(reader, &old, &proven, &finding));
		ck_assert(!proven.found);
		old.root.b[3] ^= 1;
		ck_error(follow_extends(reader, &old, &proven, &finding), E_CORRUPT);
		struct writer of_first = writer_of(first, sizeof first);
		struct writer of_second = writer_of(second, sizeof second);
		ck_ok(checkpoint_sign(&old, &forge->vkey, forge->log_secret, &of_first));
		ck_ok(checkpoint_sign(&new, &forge->vkey, forge->log_secret, &of_second));
		ck_ok(fork_write(bytes_of(first, writer_len(&of_first)), bytes_of(second, writer_len(&of_second)),
			&proven.old_root, proven.proof.hashes, proven.proof.count, &file));
		ck_assert_msg(fork_verify(bytes_text(file), &forge->vkey, &fork, &found) == E_OK, "%lu: %s", size, found.text);
		free(file);
		tile_reader_close(reader);
	}
	drop_log();
}
END_TEST

UNIT_MAIN("follow", a_log_is_followed_in_steps, tiles_are_copied_without_rules, what_is_interrupted_goes_on,
	source_comes_back, a_loss_looks_back_at_bundles, a_rule_is_broken, what_is_no_entry_is_named,
	another_format_accuses_nobody, ends_in_a_batch, a_fork_convinces_others)
