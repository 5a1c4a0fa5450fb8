/* Who must answer, and with what, before a ledger is opened for writing. */
#include "ledger/note/cosignature.h"
#include "ledger/witness/door.h"
#include "tests/lib/fixture.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static struct fixture f;
static struct vkey keys[2];
static uint8_t secrets[2][64];
static char told[300];

/* What each witness does. */
enum act { SHOWS, SHOWS_BARE, SHOWS_OTHERS, HAS_NOTHING, IS_SILENT };
static enum act acts[2];
static uint8_t shown_note[NOTE_BYTES_MAX];
static size_t shown_len;

static void write_policy(const char *quorum)
{
	char text[1500] = "", vkey[VKEY_TEXT_MAX + 1], path[120];
	for (int i = 0; i < 2; i++) {
		uint8_t seed[32], public_key[32];
		memset(seed, 20 + i, sizeof seed);
		crypto_sign_seed_keypair(public_key, secrets[i], seed);
		ck_ok(vkey_make(i ? "w/b" : "w/a", NOTE_KEY_COSIGNATURE, public_key, &keys[i]));
		vkey_format(&keys[i], vkey);
		size_t len = strlen(text);
		snprintf(text + len, sizeof text - len, "witness %s %s http://%s\n", i ? "b" : "a", vkey, i ? "b" : "a");
	}
	strcat(text, quorum);
	snprintf(path, sizeof path, "%s/" DOOR_POLICY_FILE, f.dir);
	FILE *file = fopen(path, "w");
	fputs(text, file);
	fclose(file);
}

static void remember_note(void)
{
	struct checkpoint checkpoint;
	struct bytes note;
	ledger_checkpoint(f.ledger, &checkpoint, &note);
	memcpy(shown_note, note.data, note.len);
	shown_len = note.len;
}

static enum error answer_one(uint32_t i, door_heard *heard, void *context, struct fault *fault)
{
	uint8_t buffer[NOTE_BYTES_MAX];
	struct writer w = writer_of(buffer, sizeof buffer);
	struct note parts;
	struct door_answer answer = {.witness = i, .came = acts[i] != IS_SILENT, .why = "it is asleep"};
	if (acts[i] == SHOWS_OTHERS)
		writer_bytes(&w, bytes_text("log.example/other\n5\nAAAA\n\n\xE2\x80\x94 x y\n"));
	else if (acts[i] == SHOWS || acts[i] == SHOWS_BARE)
		writer_bytes(&w, bytes_of(shown_note, shown_len));
	if (acts[i] == SHOWS) {
		ck_ok(note_split(bytes_of(shown_note, shown_len), NOTE_BYTES_MAX, &parts));
		ck_ok(cosignature_sign(parts.text, &keys[i], secrets[i], 1700000000, &w));
	}
	answer.note = bytes_of(buffer, writer_len(&w));
	return heard(context, &answer, fault);
}

static enum error ask(
	const char *origin, const struct witness_policy *policy, door_heard *heard, void *context, struct fault *fault)
{
	ck_assert_str_eq(origin, FIXTURE_ORIGIN);
	for (uint32_t i = 0; i < policy->witness_count; i++)
		TRY(answer_one(i, heard, context, fault));
	return E_OK;
}

static void tell(const char *text)
{
	snprintf(told, sizeof told, "%s", text);
}

static struct fault fault;

static enum error open_with(bool without)
{
	const struct door_asker asker = {.ask = ask, .tell = tell, .without_witnesses = without};
	told[0] = '\0';
	fault.text[0] = '\0';
	enum error error = ledger_open(f.dir, &asker, &f.ledger, &fault);
	if (error == E_OK)
		ledger_close(f.ledger);
	f.ledger = NULL;
	return error;
}

static void begin(const char *quorum)
{
	fixture_make(&f);
	remember_note();
	fixture_close(&f);
	write_policy(quorum);
}

/* WIT-19 */
START_TEST(enough_must_answer)
{
	begin("group all all a b\nquorum all\n");
	for (enum act a = SHOWS; a <= IS_SILENT; a++)
		for (enum act b = SHOWS; b <= IS_SILENT; b++) {
			acts[0] = a;
			acts[1] = b;
			bool answers = a == SHOWS || a == HAS_NOTHING || b == SHOWS || b == HAS_NOTHING;
			bool silent = (a != SHOWS && a != HAS_NOTHING) || (b != SHOWS && b != HAS_NOTHING);
			ck_error(open_with(false), answers ? E_OK : E_UNWITNESSED);
			ck_assert(answers || strstr(fault.text, "0 of 2") != NULL);
			ck_assert_int_eq(answers && silent, told[0] != '\0');
			ck_ok(open_with(true));
			ck_assert_int_eq(silent, told[0] != '\0');
		}
	ck_assert_msg(strstr(told, "a: it is asleep; b: it is asleep") != NULL, "%s", told);
	fixture_remove(&f);
}
END_TEST

START_TEST(any_of_two_needs_both)
{
	begin("group any any a b\nquorum any\n");
	acts[0] = SHOWS;
	acts[1] = IS_SILENT;
	ck_error(open_with(false), E_UNWITNESSED);
	acts[1] = HAS_NOTHING;
	ck_ok(open_with(false));
	write_policy("quorum none\n");
	acts[0] = acts[1] = IS_SILENT;
	ck_ok(open_with(false));
	fixture_remove(&f);
}
END_TEST

/* WIT-17: with a policy and nobody to ask it does not open either. */
START_TEST(no_means_to_ask)
{
	begin("quorum a\n");
	ck_error(ledger_open(f.dir, NULL, &f.ledger, &fault), E_UNWITNESSED);
	f.ledger = NULL;
	fixture_remove(&f);
}
END_TEST

/* WIT-19: whoever has cosigned this log has something of it. An address that something else answers is no witness. */
START_TEST(nothing_from_one_that_cosigned)
{
	uint8_t buffer[NOTE_BYTES_MAX];
	struct writer w = writer_of(buffer, sizeof buffer);
	struct note parts;
	char path[120];
	begin("quorum a\n");
	acts[0] = acts[1] = HAS_NOTHING;
	ck_ok(open_with(false));
	snprintf(path, sizeof path, "%s/cosigned", f.dir);
	ck_assert_int_eq(mkdir(path, 0755), 0);
	ck_ok(note_split(bytes_of(shown_note, shown_len), NOTE_BYTES_MAX, &parts));
	writer_bytes(&w, bytes_of(shown_note, shown_len));
	ck_ok(cosignature_sign(parts.text, &keys[0], secrets[0], 1700000000, &w));
	snprintf(path, sizeof path, "%s/" DOOR_COSIGNED_FILE, f.dir);
	FILE *file = fopen(path, "w");
	fwrite(buffer, 1, writer_len(&w), file);
	fclose(file);
	ck_error(open_with(false), E_UNWITNESSED);
	ck_assert_msg(strstr(fault.text, "a: it says that it has nothing of this log") != NULL, "%s", fault.text);
	ck_ok(open_with(true));
	acts[0] = SHOWS;
	ck_ok(open_with(false));
	acts[0] = HAS_NOTHING;
	write_policy("quorum b\n"); /* that one has cosigned nothing */
	ck_ok(open_with(false));
	write_policy("quorum a\n");
	ck_assert_int_eq(truncate(path, 20), 0); /* damaged: nothing is remembered */
	ck_ok(open_with(false));
	fixture_remove(&f);
}
END_TEST

static void put_older_store(void)
{
	char command[400];
	snprintf(command, sizeof command, "rm -r %s && cp -r %s.old %s", f.dir, f.dir, f.dir);
	ck_assert_int_eq(system(command), 0);
}

/* WIT-17, STO-31: the log's own signature is enough, the witness's is not needed for that, and no flag helps. */
START_TEST(an_older_store_does_not_sign)
{
	static const uint32_t subjects[] = {1, 2};
	char command[400];
	begin("quorum a\n");
	snprintf(command, sizeof command, "cp -r %s %s.old", f.dir, f.dir);
	ck_assert_int_eq(system(command), 0);
	acts[0] = acts[1] = HAS_NOTHING;
	char path[120];
	snprintf(path, sizeof path, "%s/" DOOR_POLICY_FILE, f.dir);
	ck_assert_int_eq(remove(path), 0);
	fixture_open(&f);
	fixture_append(&f, fixture_batch(&f, 0, subjects, 2, 0));
	remember_note();
	fixture_close(&f);
	for (enum act act = SHOWS; act <= SHOWS_BARE; act++) {
		put_older_store();
		acts[1] = act;
		ck_error(open_with(true), E_ROLLED_BACK);
		ck_assert_msg(strstr(fault.text, "witness 'b'") != NULL, "%s", fault.text);
		acts[1] = HAS_NOTHING;
		ck_error(open_with(true), E_GUARD);
		ck_assert_msg(strstr(fault.text, "a witness has shown") != NULL, "%s", fault.text);
	}
	fixture_remove(&f);
}
END_TEST

UNIT_MAIN("door", enough_must_answer, any_of_two_needs_both, no_means_to_ask, nothing_from_one_that_cosigned,
	an_older_store_does_not_sign)
