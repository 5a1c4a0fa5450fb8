#include "ledger/json/json_read.h"
#include "ledger/keys/keyfile.h"
#include "ledger/note/note_sign.h"
#include "ledger/statement/statement.h"
#include "ledger/witness/door.h"
#include "query/answer/accesses.h"
#include "query/statement/statement_make.h"
#include "tests/lib/answered.h"
#include "tests/lib/fixture.h"

#include <fcntl.h>
#include <lmdb.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static unsigned opens;
static unsigned checks;
static unsigned transactions;
static unsigned left; /* allocations until one fails; 0: none does */

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
int __real_open64(const char *path, int flags, mode_t mode);
int __wrap_open64(const char *path, int flags, mode_t mode);
int __real_openat64(int dir, const char *path, int flags, mode_t mode);
int __wrap_openat64(int dir, const char *path, int flags, mode_t mode);
int __real_crypto_sign_verify_detached(
	const unsigned char *signature, const unsigned char *text, unsigned long long len, const unsigned char *key);
int __wrap_crypto_sign_verify_detached(
	const unsigned char *signature, const unsigned char *text, unsigned long long len, const unsigned char *key);

int __real_mdb_txn_begin(MDB_env *env, MDB_txn *parent, unsigned flags, MDB_txn **out);
int __wrap_mdb_txn_begin(MDB_env *env, MDB_txn *parent, unsigned flags, MDB_txn **out);

int __wrap_mdb_txn_begin(MDB_env *env, MDB_txn *parent, unsigned flags, MDB_txn **out)
{
	transactions++;
	return __real_mdb_txn_begin(env, parent, flags, out);
}

void *__wrap_malloc(size_t size)
{
	return left > 0 && --left == 0 ? NULL : __real_malloc(size);
}

int __wrap_open64(const char *path, int flags, mode_t mode)
{
	opens++;
	return __real_open64(path, flags, mode);
}

int __wrap_openat64(int dir, const char *path, int flags, mode_t mode)
{
	opens++;
	return __real_openat64(dir, path, flags, mode);
}

int __wrap_crypto_sign_verify_detached(
	const unsigned char *signature, const unsigned char *text, unsigned long long len, const unsigned char *key)
{
	checks++;
	return __real_crypto_sign_verify_detached(signature, text, len, key);
}

static struct fixture f;
static struct archive *archive;
static struct snapshot *snapshot;
static int dir_fd;
static uint8_t secrets[2][64];
static struct vkey keys[2];
static uint64_t sequence;

static void write_file(const char *name, struct bytes content)
{
	char path[200];
	snprintf(path, sizeof path, "%s/%s", f.dir, name);
	FILE *file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(content.data, 1, content.len, file), content.len);
	fclose(file);
}

static void write_policy(const char *quorum)
{
	char text[1500] = "", vkey[VKEY_TEXT_MAX + 1], line[400];
	for (int i = 0; i < 2; i++) {
		uint8_t seed[32], public_key[32];
		memset(seed, 20 + i, sizeof seed);
		crypto_sign_seed_keypair(public_key, secrets[i], seed);
		ck_ok(vkey_make(i ? "w/b" : "w/a", NOTE_KEY_COSIGNATURE, public_key, &keys[i]));
		vkey_format(&keys[i], vkey);
		snprintf(line, sizeof line, "witness %s %s\n", i ? "b" : "a", vkey);
		strcat(text, line);
	}
	snprintf(line, sizeof line, "group both all a b\nquorum %s\n", quorum);
	strcat(text, line);
	write_file(DOOR_POLICY_FILE, bytes_text(text));
}

static void look(void)
{
	struct fault fault = {.text = ""};
	ck_ok(archive_open(f.dir, true, &archive, &fault));
	ck_ok(snapshot_begin(archive, &snapshot, &fault));
}

static void look_away(void)
{
	snapshot_end(snapshot);
	archive_close(archive);
}

static void look_again(void)
{
	look_away();
	look();
}

/* Events of two subjects, and an epoch if it is wanted. */
static void append(bool epoch)
{
	static const uint32_t subjects[] = {1, 2, 1, 1, 2};
	fixture_append(&f, fixture_batch(&f, sequence, subjects, 5, (uint32_t)sequence));
	sequence += 5;
	if (epoch)
		fixture_epoch(&f);
}

/* A sender entry that changes nothing. */
static void change_policy(void)
{
	struct fault fault;
	struct entry_sender entry = {.action = SENDER_POLICY,
		.sender = 1,
		.follows = fixture_follows(&f, SENDER_POLICY, 1),
		.change = fixture_change(&f, SENDER_POLICY, 1),
		.policy = f.policy};
	strcpy(entry.org, "cvr:55133018");
	strcpy(entry.name, "Aarhus Kommune");
	memcpy(entry.public_key, f.public_key, 32);
	ck_ok(ledger_begin(f.ledger, &fault));
	ck_ok(ledger_append_sender(f.ledger, &entry, &fault));
	ck_ok(ledger_commit(f.ledger, &fault));
}

static void begin(void)
{
	char path[120];
	fixture_make(&f);
	sequence = 0;
	append(true);
	snprintf(path, sizeof path, "%s/" COSIGNED_DIR, f.dir);
	ck_assert_int_eq(mkdir(path, 0755), 0);
	dir_fd = open(f.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	look();
}

static void end(void)
{
	look_away();
	close(dir_fd);
	fixture_remove(&f);
}

/* The log's note as it is now with `count` cosignatures. */
static struct bytes cosigned_note(uint8_t *buffer, int count, uint64_t time_s)
{
	struct bytes note = snapshot_note(snapshot);
	struct note parts;
	struct writer w = writer_of(buffer, NOTE_BYTES_MAX);
	ck_ok(note_split(note, NOTE_BYTES_MAX, &parts));
	writer_bytes(&w, note);
	for (int i = 0; i < count; i++)
		ck_ok(cosignature_sign(parts.text, &keys[i], secrets[i], time_s, &w));
	return bytes_of(buffer, writer_len(&w));
}

static uint64_t size_now(struct bytes *note)
{
	if (note != NULL)
		*note = snapshot_note(snapshot);
	return snapshot_checkpoint(snapshot)->size;
}

/* As queryd does, with what it remembers. */
static struct cosigned_memory memory = COSIGNED_MEMORY;
static struct coverage_memory coverages = COVERAGE_MEMORY;

static const struct cosigned *look_cosigned(void)
{
	static struct cosigned *cosigned;
	cosigned_release(&cosigned);
	cosigned = cosigned_look(archive, &memory);
	ck_assert_ptr_nonnull(cosigned);
	return cosigned;
}

static json_t *coverage_now(const struct cosigned *cosigned, enum error *error)
{
	const struct coverage_query query = {
		.form = COVERAGE_WHOLE, .cosigned = cosigned, .memory = &coverages, .now_s = f.now_s, .silent_after_s = 60};
	return coverage_read(snapshot, &query, error);
}

static json_t *show_coverage(void)
{
	enum error error;
	json_t *coverage = coverage_now(look_cosigned(), &error);
	ck_ok(error);
	return coverage;
}

static bool rest(bool epoch)
{
	return cosigned_rest(snapshot, look_cosigned(), f.now_s, epoch);
}

/* WIT-15: what is wanted, what is there, and what is not believed. */
START_TEST(what_is_cosigned_is_read)
{
	const struct cosigned *cosigned;
	static uint8_t buffer[NOTE_BYTES_MAX];
	begin();
	cosigned = look_cosigned();
	ck_assert(!cosigned->wanted && !cosigned_reached(cosigned, f.now_s));
	ck_assert(!rest(false));
	write_policy("none");
	cosigned = look_cosigned();
	ck_assert(!cosigned->wanted && !cosigned_reached(cosigned, f.now_s));
	write_policy("both");
	cosigned = look_cosigned();
	ck_assert(cosigned->wanted && !cosigned_reached(cosigned, f.now_s));

	write_file("cosigned/checkpoint", cosigned_note(buffer, 1, 1000000000));
	cosigned = look_cosigned();
	ck_assert(cosigned->wanted && !cosigned_reached(cosigned, f.now_s));
	struct bytes whole = cosigned_note(buffer, 2, 1000000000);
	write_file("cosigned/checkpoint", whole);
	cosigned = look_cosigned();
	ck_assert(cosigned->wanted && cosigned_reached(cosigned, f.now_s) && cosigned->quorum.time_s == 1000000000);
	ck_assert(cosigned->checkpoint.size == size_now(NULL));
	ck_assert(bytes_equal(bytes_of(cosigned->note, cosigned->note_len), whole));

	/* A quorum of years to come, of when nobody's clock was looked at: what rests on it would look out of date. */
	static uint8_t later[NOTE_BYTES_MAX];
	write_file("cosigned/checkpoint", cosigned_note(later, 2, (uint64_t)time(NULL) + COSIGNING_CLOCK_S + 60));
	cosigned = look_cosigned();
	ck_assert(cosigned->wanted && !cosigned_reached(cosigned, f.now_s));

	/* A byte changed anywhere. */
	for (size_t i = 0; i < whole.len; i += 11) {
		buffer[i] ^= 1;
		write_file("cosigned/checkpoint", whole);
		cosigned = look_cosigned();
		ck_assert_msg(!cosigned_reached(cosigned, f.now_s), "byte %zu", i);
		buffer[i] ^= 1;
	}
	write_file("cosigned/checkpoint", whole);
	write_file(DOOR_POLICY_FILE, BYTES_LITERAL("quorum both\n"));
	cosigned = look_cosigned();
	ck_assert(cosigned->wanted && !cosigned_reached(cosigned, f.now_s));
	struct witness_policy *policy;
	struct fault fault;
	ck_error(door_policy(dir_fd, &f.vkey, &policy, &fault), E_BAD_VALUE);
	ck_assert_ptr_nonnull(strstr(fault.text, "line 1"));
	/* Another log's policy. */
	char vkey[VKEY_TEXT_MAX + 1], text[400];
	uint8_t public_key[32] = {9};
	struct vkey other;
	ck_ok(vkey_make("other.example", NOTE_KEY_ED25519, public_key, &other));
	vkey_format(&other, vkey);
	snprintf(text, sizeof text, "log %s\nquorum none\n", vkey);
	write_file(DOOR_POLICY_FILE, bytes_text(text));
	ck_error(door_policy(dir_fd, &f.vkey, &policy, &fault), E_BAD_VALUE);
	end();
}
END_TEST

/* WIT-15: under an older checkpoint everything is proven under it, and nothing later is found. */
START_TEST(an_older_checkpoint_can_be_rested_on)
{
	static uint8_t buffer[NOTE_BYTES_MAX];
	uint64_t indexes[64];
	size_t count, before_count, senders, before_senders;
	struct merkle_proof proof;
	struct bytes entry;
	struct hash leaf;
	struct epoch_place epoch;
	begin();
	write_policy("both");
	struct bytes whole = cosigned_note(buffer, 2, 1000000000);
	write_file("cosigned/checkpoint", whole);
	uint64_t size = size_now(NULL);
	ck_ok(snapshot_find(snapshot, bytes_text(fixture_subject(1)), UINT64_MAX, indexes, 64, &before_count));
	ck_ok(snapshot_sender_entries(snapshot, 1, indexes, 64, &before_senders));
	append(false);
	append(false);
	change_policy();
	look_again();
	ck_assert_uint_gt(size_now(NULL), size);
	ck_ok(snapshot_sender_entries(snapshot, 1, indexes, 64, &senders));
	ck_assert_uint_eq(senders, before_senders + 1);
	ck_ok(snapshot_find(snapshot, bytes_text(fixture_subject(1)), UINT64_MAX, indexes, 64, &count));
	ck_assert_uint_eq(count, 3 * before_count);

	ck_assert(rest(true));
	const struct checkpoint checkpoint = *snapshot_checkpoint(snapshot);
	ck_assert(checkpoint.size == size && bytes_equal(snapshot_note(snapshot), whole));
	ck_ok(snapshot_epoch(snapshot, &epoch));
	ck_ok(snapshot_find(snapshot, bytes_text(fixture_subject(1)), UINT64_MAX, indexes, 64, &count));
	ck_assert_uint_eq(count, before_count);
	ck_ok(snapshot_sender_entries(snapshot, 1, indexes, 64, &senders));
	ck_assert_uint_eq(senders, before_senders);
	for (uint64_t i = 0; i < size; i++) {
		ck_ok(snapshot_entry(snapshot, i, &entry));
		ck_ok(snapshot_prove_inclusion(snapshot, i, &proof));
		merkle_leaf_hash(entry, &leaf);
		ck_ok(merkle_verify_inclusion(&leaf, i, size, proof.hashes, proof.count, &checkpoint.root));
	}
	ck_error(snapshot_prove_inclusion(snapshot, size, &proof), E_BAD_VALUE);

	/* A newer epoch that it does not cover: a statement would have nothing to rest on, the checkpoint has. */
	append(true);
	look_again();
	ck_assert(!rest(true));
	ck_assert_uint_gt(size_now(NULL), size);
	ck_assert(rest(false));
	ck_assert_uint_eq(size_now(NULL), size);
	ck_error(snapshot_epoch(snapshot, &epoch), E_NOT_FOUND);
	end();
}
END_TEST

/* WIT-15: a statement waits for the witnesses as long as it is worth it, and for none where there are none. */
START_TEST(a_statement_waits_as_long_as_it_is_worth)
{
	static uint8_t buffer[NOTE_BYTES_MAX];
	struct cosigned_patience *patience = &memory.patience;
	struct epoch_place epoch;
	begin();
	ck_ok(snapshot_epoch(snapshot, &epoch));
	transactions = 0;
	cosigned_await(archive, &memory);
	ck_assert(!patience->busy && patience->until_ms == 0); /* no policy */
	write_policy("none");
	cosigned_await(archive, &memory);
	ck_assert(patience->until_ms == 0);
	ck_assert_uint_eq(transactions, 0); /* nor a look into the store */
	write_policy("both");
	patience->busy = true; /* somebody else */
	cosigned_await(archive, &memory);
	ck_assert(patience->busy && patience->until_ms == 0);
	patience->busy = false;
	cosigned_await(archive, &memory);
	ck_assert(!patience->busy && patience->in_vain && patience->epoch == epoch.index);
	uint64_t until_ms = patience->until_ms;
	append(true);
	look_again();
	cosigned_await(archive, &memory); /* not again before they are back */
	ck_assert(patience->in_vain && patience->until_ms == until_ms);
	write_file("cosigned/checkpoint", cosigned_note(buffer, 2, 1000000000));
	cosigned_await(archive, &memory);
	ck_assert(!patience->in_vain && !patience->busy);
	end();
}
END_TEST

/* What the log signed and the store does not extend. */
START_TEST(not_this_store)
{
	static uint8_t buffer[NOTE_BYTES_MAX];
	struct bytes note;
	begin();
	write_policy("both");
	uint64_t size = size_now(&note);
	struct checkpoint checkpoint = *snapshot_checkpoint(snapshot);
	/* Larger than the store. */
	append(false);
	struct snapshot *newer;
	ck_ok(snapshot_begin(archive, &newer, NULL));
	ck_error(snapshot_rest_on(snapshot, snapshot_note(newer)), E_ROLLED_BACK);
	ck_ok(snapshot_rest_on(newer, note));
	snapshot_end(newer);
	/* Another key's. */
	uint8_t secret[64], public_key[32], seed[32] = {7};
	struct vkey vkey;
	crypto_sign_seed_keypair(public_key, secret, seed);
	ck_ok(vkey_make(f.vkey.name, NOTE_KEY_ED25519, public_key, &vkey));
	struct writer w = writer_of(buffer, sizeof buffer);
	ck_ok(checkpoint_sign(&checkpoint, &vkey, secret, &w));
	ck_error(snapshot_rest_on(snapshot, bytes_of(buffer, writer_len(&w))), E_BAD_CHECKPOINT);
	ck_assert_uint_eq(size_now(NULL), size);
	/* A fork, signed with the log's own key. */
	struct key own;
	int keys_fd = openat(dir_fd, "keys", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_ok(keyfile_read(keys_fd, "log", KEYFILE_OWNER, &own, NULL));
	close(keys_fd);
	crypto_sign_seed_keypair(public_key, secret, own.b);
	ck_assert_mem_eq(public_key, f.vkey.public_key, 32);
	checkpoint.size--;
	w = writer_of(buffer, sizeof buffer);
	ck_ok(checkpoint_sign(&checkpoint, &f.vkey, secret, &w));
	ck_error(snapshot_rest_on(snapshot, bytes_of(buffer, writer_len(&w))), E_ROLLED_BACK);
	ck_assert_uint_eq(size_now(NULL), size);
	end();
}
END_TEST

/* A statement rests on it, cosignatures and all; events behind it are not in it. */
START_TEST(a_statement_rests_on_cosignatures)
{
	static uint8_t buffer[NOTE_BYTES_MAX];
	struct statement *statement;
	struct finding finding = {.text = ""};
	struct fault fault;
	size_t later;
	struct text text = {.room = NULL};
	begin();
	write_policy("both");
	struct bytes whole = cosigned_note(buffer, 2, f.now_s);
	write_file("cosigned/checkpoint", whole);
	uint64_t size = size_now(NULL);
	append(false);
	look_again();
	struct witness_policy *policy;
	ck_ok(door_policy(dir_fd, &f.vkey, &policy, NULL));
	struct statement_query query = {.subject = bytes_text(fixture_subject(1)),
		.to_s = UINT64_MAX,
		.signatures = true,
		.now_s = f.now_s,
		.cosigned = look_cosigned()};
	const struct statement_options options = {.subject = fixture_subject(1), .policy = policy};
	ck_ok(statement_make(snapshot, &query, &text, &later, &fault));
	enum error error = statement_verify(bytes_of(text.data, text.len), &f.vkey, &options, &statement, &finding);
	ck_assert_msg(error == E_OK, "%s", finding.text);
	ck_assert(statement->size == size && statement->later_count == 0 && statement->event_count == 3);
	ck_assert(statement->witnessed.proven && statement->witnessed.quorum.count == 2);
	statement_free(statement);
	text_release(&text);
	free(policy);
	end();
}
END_TEST

/* WIT-16: coverage, and the state file that it comes from. */
START_TEST(states_come_from_their_file)
{
	static uint8_t buffer[NOTE_BYTES_MAX];
	struct cosigning *cosigning, *again;
	struct witness_policy *policy;
	json_t *coverage;
	begin();
	coverage = show_coverage();
	ck_assert(json_is_null(json_object_get(coverage, "witnessing")));
	json_decref(coverage);
	write_policy("both");
	coverage = show_coverage();
	json_t *witnessing = json_object_get(coverage, "witnessing");
	ck_assert(json_is_false(json_object_get(witnessing, "reached")));
	ck_assert(json_is_null(json_object_get(witnessing, "age_seconds")));
	ck_assert_uint_eq(json_array_size(json_object_get(witnessing, "witnesses")), 0);
	json_decref(coverage);

	write_file("cosigned/checkpoint", cosigned_note(buffer, 2, f.now_s - 100));
	ck_ok(door_policy(dir_fd, &f.vkey, &policy, NULL));
	ck_ok(cosigning_new(policy, 60, &cosigning));
	cosigning_witness(cosigning, 1)->size = 77;
	cosigning_witness(cosigning, 1)->state = COSIGNER_AHEAD;
	int cosigned_fd = openat(dir_fd, COSIGNED_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_ok(cosigned_write_state(cosigned_fd, policy, cosigning));
	coverage = show_coverage();
	witnessing = json_object_get(coverage, "witnessing");
	ck_assert(json_is_true(json_object_get(witnessing, "reached")));
	ck_assert_int_eq(json_integer_value(json_object_get(witnessing, "age_seconds")), 100);
	/* HTTP-34: late is a log that has gone on for too long; one that is idle waits for nobody. */
	uint64_t since_s = 0;
	ck_assert(!cosigned_late(snapshot, look_cosigned(), f.now_s + 100000, &since_s));
	append(false);
	look_again();
	ck_assert(!cosigned_late(snapshot, look_cosigned(), f.now_s - 100 + EPOCH_LAG_SECONDS_DEFAULT, &since_s));
	ck_assert(cosigned_late(snapshot, look_cosigned(), f.now_s - 99 + EPOCH_LAG_SECONDS_DEFAULT, &since_s));
	ck_assert_uint_eq(since_s, f.now_s - 100);
	json_t *second = json_array_get(json_object_get(witnessing, "witnesses"), 1);
	ck_assert_str_eq(json_string_value(json_object_get(second, "name")), "b");
	ck_assert_str_eq(json_string_value(json_object_get(second, "state")), "ahead");
	ck_assert(json_is_true(json_object_get(second, "alarm")));
	json_decref(coverage);

	ck_ok(cosigning_new(policy, 60, &again));
	cosigned_read_state(cosigned_fd, policy, again);
	ck_assert_uint_eq(cosigning_witness(again, 1)->size, 77);
	ck_assert_uint_eq(cosigning_witness(again, 0)->size, 0);
	/* A state file that is none changes nothing. */
	static const char *const bad[] = {"", "{", "[", "{}", "[1]", "[{\"name\":1,\"size\":5}]",
		"[{\"name\":\"b\",\"size\":-5}]", "[{\"name\":\"c\",\"size\":5}]"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		write_file("cosigned/state", bytes_text(bad[i]));
		cosigned_read_state(cosigned_fd, policy, again);
		ck_assert_uint_eq(cosigning_witness(again, 1)->size, 77);
		coverage = show_coverage();
		json_decref(coverage);
	}
	close(cosigned_fd);
	cosigning_free(again);
	cosigning_free(cosigning);
	free(policy);
	end();
}
END_TEST

/* From a snapshot of its own, as every page is. */
static json_t *page_now(void)
{
	OWNED(snapshot_release) struct snapshot *now = NULL;
	OWNED(cosigned_release) struct cosigned *cosigned = NULL;
	const struct accesses_query query = {.subject = bytes_text(fixture_subject(1)),
		.to_s = UINT64_MAX,
		.limit = 10,
		.before = ACCESSES_FROM_START,
		.now_s = f.now_s};
	struct fault fault = {.text = ""};
	uint64_t next;
	enum error error;
	ck_ok(snapshot_begin(archive, &now, &fault));
	opens = checks = 0;
	cosigned = cosigned_look(archive, &memory);
	const struct coverage_query coverage = {
		.form = COVERAGE_COUNTED, .cosigned = cosigned, .memory = &coverages, .now_s = f.now_s, .silent_after_s = 60};
	json_t *page = page_read(now, &query, &coverage, &next, &error, &fault);
	ck_ok(error);
	return page;
}

/* Until the kernel's clock has moved on since the file was written: a matter of milliseconds. */
static void settle(const char *name)
{
	char path[200];
	struct file_mark mark;
	snprintf(path, sizeof path, "%s/%s", f.dir, name);
	do
		file_mark(path, &mark);
	while (!mark.settled);
}

/* A page opens no file and checks no signature that the one before it has, and shows at once what is new in them. */
START_TEST(a_page_opens_no_file_again)
{
	static uint8_t buffer[NOTE_BYTES_MAX];
	begin();
	write_policy("both");
	write_file("cosigned/checkpoint", cosigned_note(buffer, 2, f.now_s - 100));
	settle(DOOR_POLICY_FILE);
	settle("cosigned/checkpoint");
	json_t *page = page_now();
	ck_assert_uint_gt(opens, 0);
	ck_assert_uint_eq(checks, 3); /* the log's, and two witnesses' */
	json_t *second = page_now();
	ck_assert_uint_eq(opens, 0);
	ck_assert_uint_eq(checks, 0);
	ck_assert(json_equal(page, second));
	ck_assert(rest(false));
	ck_assert_uint_eq(checks, 0);
	json_decref(page);
	json_decref(second);

	write_file("cosigned/checkpoint", cosigned_note(buffer, 2, f.now_s - 50));
	page = page_now();
	json_t *witnessing = json_object_get(json_object_get(page, "coverage"), "witnessing");
	ck_assert_int_eq(json_integer_value(json_object_get(witnessing, "age_seconds")), 50);
	json_decref(page);
	write_file("cosigned/state", BYTES_LITERAL("[{\"name\":\"a\"}]"));
	page = page_now();
	witnessing = json_object_get(json_object_get(page, "coverage"), "witnessing");
	ck_assert_uint_eq(json_array_size(json_object_get(witnessing, "witnesses")), 1);
	json_decref(page);
	append(false);
	settle("cosigned/state");
	json_decref(page_now());
	page = page_now(); /* after a commit, and of files that have changed before */
	ck_assert_uint_eq(opens, 0);
	ck_assert_uint_eq(checks, 0);
	json_decref(page);
	ck_assert_int_eq(unlinkat(dir_fd, DOOR_POLICY_FILE, 0), 0);
	page = page_now();
	ck_assert(json_is_null(json_object_get(json_object_get(page, "coverage"), "witnessing")));
	json_decref(page);
	end();
}
END_TEST

/* Coverage with witnessing, as text to be freed. */
static enum error coverage_text(char **out)
{
	OWNED(cosigned_release) struct cosigned *cosigned = cosigned_look(archive, &memory);
	enum error error;
	*out = NULL;
	if (cosigned == NULL)
		return E_NO_MEMORY;
	json_auto_t *coverage = coverage_now(cosigned, &error);
	TRY(error);
	*out = json_write(coverage, JSON_COMPACT | JSON_SORT_KEYS);
	return *out != NULL ? E_OK : E_NO_MEMORY;
}

/* Of all allocations each one fails once: then there is no coverage or one that says that nothing is witnessed, and in
 * neither case is anything remembered that is not whole. */
START_TEST(what_memory_cut_off_is_not_remembered)
{
	static uint8_t buffer[NOTE_BYTES_MAX];
	unsigned number = 0;
	bool all;
	char *whole, *text;
	begin();
	f.policy.flags = POLICY_WITHHOLD | POLICY_PURPOSE_REQUIRED;
	change_policy();
	look_again();
	write_policy("both");
	write_file("cosigned/checkpoint", cosigned_note(buffer, 2, f.now_s - 100));
	write_file("cosigned/state", BYTES_LITERAL("[{\"name\":\"a\"},{\"name\":\"b\"}]"));
	settle(DOOR_POLICY_FILE);
	settle("cosigned/checkpoint");
	settle("cosigned/state");
	ck_ok(coverage_text(&whole));
	ck_assert_ptr_nonnull(strstr(whole, "\"name\":\"b\""));
	ck_assert_ptr_nonnull(strstr(whole, "\"withhold\""));
	do {
		cosigned_memory_release(&memory);
		coverage_memory_release(&coverages);
		memory = COSIGNED_MEMORY;
		coverages = COVERAGE_MEMORY;
		left = ++number;
		enum error error = coverage_text(&text);
		all = left > 0;
		left = 0;
		ck_assert_msg(error == E_OK || error == E_NO_MEMORY, "allocation %u: %s", number, error_name(error));
		free(text);
		ck_ok(coverage_text(&text));
		ck_assert_msg(strcmp(text, whole) == 0, "allocation %u: %s", number, text);
		free(text);
	} while (!all);
	ck_assert_uint_gt(number, 100);
	free(whole);
	end();
}
END_TEST

UNIT_MAIN("cosigned", what_memory_cut_off_is_not_remembered, a_page_opens_no_file_again, what_is_cosigned_is_read,
	an_older_checkpoint_can_be_rested_on, a_statement_waits_as_long_as_it_is_worth, not_this_store,
	a_statement_rests_on_cosignatures, states_come_from_their_file)
