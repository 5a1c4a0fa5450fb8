/* indsigt sender endorse: what an organisation signs on its own machine, where its key is.
 *
 * The ledger is not asked: the machine that holds the key need not see it, and should not. So what is registered has to
 * be said again (organisation, name, policy, the entry that it follows), and it is the ledger's side that compares
 * (registration.h). What does not fit is refused there, and the file can be made anew.
 *
 * The key file is written before anything is signed with it: a signature whose key is gone is worth nothing, and could
 * not be repeated. */
#include "tools/sender/sender_endorse.h"

#include "tools/command/command.h"
#include "tools/sender/registration.h"
#include "tools/sender/sender_words.h"
#include "tools/show/table.h"

#include <inttypes.h>
#include <limits.h>

#define FOLLOWS_NOTHING UINT64_MAX

struct endorse_options {
	const char *log;
	uint32_t id;
	const char *name;
	const char *org;
	const char *key;
	const char *endorsement;
	uint32_t change;    /* its number */
	uint64_t follows;   /* a change of what is registered; FOLLOWS_NOTHING: a registration */
	const char *rotate; /* the new key's file */
	bool revoke;
	bool compromised;
	bool clear;
	struct terms_given given;
};

/* A file for another ledger is refused rather than used: a key that signs for two logs lets the one pretend to be the
 * other. */
enum error sender_key_take(const char *path, const struct vkey *log, const struct entry_sender *entry, bool *exists,
	struct sender_key *key, struct fault *fault)
{
	enum error error = sender_key_read(path, key, fault);
	*exists = error == E_OK;
	if (error == E_NOT_FOUND)
		sender_key_generate(key);
	else if (error != E_OK)
		return error;
	else if (!vkey_equal(&key->log, log))
		return fault_set(
			fault, E_WRONG_ORIGIN, "key file '%s' is for the ledger '%s'; give another file", path, key->log.name);
	key->log = *log;
	strcpy(key->org, entry->org);
	strcpy(key->name, entry->name);
	return E_OK;
}

enum error sender_key_keep(const char *path, const struct sender_key *key, bool exists, struct fault *fault)
{
	OWNED(sender_key_wipe) struct sender_key before = {0};
	char spool[PATH_MAX];
	if (!exists)
		return sender_key_write(path, key, false, fault);
	TRY(sender_key_read(path, &before, fault));
	if (before.sender == key->sender && strcmp(before.org, key->org) == 0 && strcmp(before.name, key->name) == 0)
		return E_OK;
	if (snprintf(spool, sizeof spool, "%s.spool", path) >= (int)sizeof spool)
		return fault_set(fault, E_TOO_LONG, "");
	if (access(spool, F_OK) == 0)
		return fault_set(fault, E_EXISTS,
			"'%s' is in use: it is the key file of sender %" PRIu32 ", %s (%s), whose spool is beside it; for another "
			"registration give another file",
			path, before.sender, before.name, before.org);
	return sender_key_write(path, key, true, fault);
}

/* ---- a registration ---- */

/* The public key is printed, and not only written into the file: the operator is to get it over another way, so that
 * who meets the file cannot replace both. */
static enum error endorse_registration(const struct endorse_options *options, struct fault *fault)
{
	OWNED(sender_key_wipe) struct sender_key key = {0};
	char text[PUBLIC_KEY_TEXT_MAX + 1];
	struct entry_sender entry;
	struct vkey log;
	bool exists = false;
	if (vkey_parse(bytes_text(options->log), &log) != E_OK)
		return fault_set(fault, E_USAGE, "--log is malformed; 'indsigt vkey DIR' prints it at the ledger");
	TRY(registration_start(
		options->org, options->name, &options->given.policy, &options->given.mandate, &entry, fault));
	entry.sender = options->id;
	TRY(sender_key_take(options->key, &log, &entry, &exists, &key, fault));
	key.sender = entry.sender;
	memcpy(entry.public_key, key.public_key, sizeof entry.public_key);
	TRY(sender_key_endorse(&key, &entry));
	TRY(sender_key_keep(options->key, &key, exists, fault));
	TRY(endorsement_write(options->endorsement, &log, &entry, fault));
	public_key_format(key.public_key, text);
	puts(text);
	return E_OK;
}

/* ---- a change ---- */

/* The new key, in a file of its own, which is written before anybody signs anything about it. The old key itself as the
 * new one would rotate nothing, and would look as if something had been done. */
static enum error take_new_key(const char *path, const struct sender_key *old, const struct entry_sender *entry,
	struct sender_key *out, struct fault *fault)
{
	bool exists;
	TRY(sender_key_take(path, &old->log, entry, &exists, out, fault));
	if (exists && (out->sender != old->sender || memcmp(out->public_key, old->public_key, 32) == 0))
		return fault_set(
			fault, E_EXISTS, "'%s' is the key file of another sender, or of the key that is to be replaced", path);
	out->sender = old->sender;
	return exists ? E_OK : sender_key_write(path, out, false, fault);
}

/* Older key files have no organisation and name; then they are asked for rather than guessed. */
static enum error start_change(
	const struct endorse_options *options, const struct sender_key *key, struct entry_sender *out, struct fault *fault)
{
	const char *org = options->org != NULL ? options->org : key->org;
	const char *name = options->name != NULL ? options->name : key->name;
	if (key->sender == 0)
		return fault_set(fault, E_BAD_KEY, "the key in '%s' is not registered yet", options->key);
	if (*org == '\0' || *name == '\0')
		return fault_set(
			fault, E_USAGE, "the key file has no organisation and name: give --org and --name as they are registered");
	TRY(registration_start(org, name, &options->given.policy, &options->given.mandate, out, fault));
	out->action = options->rotate != NULL ? SENDER_ROTATE : options->revoke ? SENDER_REVOKE : SENDER_POLICY;
	out->sender = key->sender;
	out->compromised = options->compromised;
	out->follows = options->follows;
	out->change = options->change;
	return E_OK;
}

/* All that the signature covers is shown in words: who signs should see what they sign. */
static enum error tell_change(
	const struct endorse_options *options, const struct entry_sender *entry, struct fault *fault)
{
	char words[TERMS_TEXT_MAX];
	if (terms_words(&entry->policy, &entry->mandate, words) != E_OK)
		return fault_set(fault, E_NO_ROOM, "");
	if (entry->action == SENDER_REVOKE)
		table_line(stdout,
			"signed: sender %" PRIu32 ", %s (%s), is to be revoked%s: change %" PRIu32 ", after entry %" PRIu64,
			entry->sender, entry->name, entry->org, entry->compromised ? ", its key compromised" : "", entry->change,
			entry->follows);
	else
		table_line(stdout,
			"signed: sender %" PRIu32 ", %s (%s): %s%s%spolicy: %s: change %" PRIu32 ", after entry %" PRIu64,
			entry->sender, entry->name, entry->org, options->rotate ? "the key in '" : "",
			options->rotate ? options->rotate : "", options->rotate ? "', " : "", words, entry->change, entry->follows);
	return E_OK;
}

/* Both keys sign a rotation: the old one shows that its holder wants it, the new one that somebody holds it. */
static enum error endorse_change(const struct endorse_options *options, struct fault *fault)
{
	OWNED(sender_key_wipe) struct sender_key old = {0};
	OWNED(sender_key_wipe) struct sender_key new = {0};
	struct entry_sender entry;
	TRY(sender_key_read(options->key, &old, fault));
	TRY(start_change(options, &old, &entry, fault));
	new = old;
	if (options->rotate != NULL) {
		sender_key_wipe(&new);
		TRY(take_new_key(options->rotate, &old, &entry, &new, fault));
	}
	memcpy(entry.public_key, new.public_key, sizeof entry.public_key);
	TRY(sender_key_endorse(&new, &entry));
	if (entry.action != SENDER_REVOKE)
		TRY(sender_key_endorse_old(&old, &entry));
	TRY(endorsement_write(options->endorsement, &old.log, &entry, fault));
	return tell_change(options, &entry, fault);
}

/* ---- the command ---- */

/* What does not go together, said so that a person sees what is meant. The table of options says which of them go
 * together; what is left for words is said here, by what the person seems to have meant. */
static enum error check_options(const void *out, struct fault *fault)
{
	const struct endorse_options *options = out;
	bool changes = options->rotate != NULL || options->revoke || options->clear;
	if (options->follows == FOLLOWS_NOTHING)
		return changes ? fault_set(fault, E_USAGE, "a change of what is registered wants --follows") : E_OK;
	if (options->log != NULL || options->id != 0)
		return fault_set(fault, E_USAGE, "--log and --id are for a registration; here the key file has them");
	if ((options->rotate != NULL) + options->revoke > 1 || (terms_said(&options->given) && options->clear) ||
		(options->revoke && (terms_said(&options->given) || options->clear)) ||
		(options->compromised && !options->revoke))
		return fault_set(fault, E_USAGE, "one thing at a time: --rotate, --revoke [--compromised], or a policy");
	if (options->rotate == NULL && !options->revoke && !terms_said(&options->given) && !options->clear)
		return fault_set(fault, E_USAGE, "--rotate, --revoke, or the words of a policy (--clear: none) are missing");
	return E_OK;
}

#define T struct endorse_options
#define REGISTERS FORM(0)
#define CHANGES FORM(1)
static const struct option_row rows[] = {
	OPTION_HEADING("A registration: the public key is printed, hand it over another way. The operator registers both "
				   "with 'indsigt sender add DIR --public KEY --endorsement FILE'."),
	OPTION_TEXT(T, log, "log", "VKEY", .forms = REGISTERS, .required = REQUIRED,
		.help = "the ledger that the registration is for, as 'indsigt vkey' prints it there"),
	OPTION_NUMBER(T, id, "id", "ID", 1, UINT32_MAX, .forms = REGISTERS, .required = REQUIRED,
		.help = "the sender's id there; the operator says which is free"),
	OPTION_TEXT(T, name, "name", "TEXT", .required = REGISTERS,
		.help = "as for 'indsigt sender add'; of a change as it is registered, where the key file has it not"),
	OPTION_TEXT(T, org, "org", "SCHEME:ID", .required = REGISTERS, .help = "likewise"),
	OPTION_TEXT(T, key, "key", "FILE", .required = REQUIRED, .help = "the sender's key file; made if it is not there"),
	OPTION_TEXT(T, endorsement, "endorsement", "FILE", .required = REQUIRED,
		.help = "where what is signed goes; an existing file is left alone"),
	TERMS_ROWS(T, given, 0),
	OPTION_HEADING("A change, which the operator puts into the log with 'indsigt sender policy', 'rotate' or 'revoke' "
				   "and 'DIR --endorsement FILE'. It holds once, and only if nothing else was changed before it."),
	OPTION_NUMBER(T, follows, "follows", "INDEX", 0, INT64_MAX, .forms = CHANGES, .required = REQUIRED,
		.must = "the log index of the sender's newest entry; the ledger's coverage shows it",
		.help = "the log index of the sender's newest entry: 'entry' in /v1/coverage of the ledger, and in 'indsigt "
				"sender list'"),
	OPTION_NUMBER(T, change, "change", "N", 1, UINT32_MAX, .forms = CHANGES, .required = REQUIRED,
		.help = "which change of the sender it is: one more than 'changes' there, so 1 for the first"),
	OPTION_FLAG(T, clear, "clear", .forms = CHANGES, .help = "a policy without words"),
	OPTION_TEXT(T, rotate, "rotate", "NEWKEY", .forms = CHANGES,
		.help =
			"the file of the new key; made if it is not there. Say the words of the policy that is registered, which "
			"stays. Move NEWKEY to the place of FILE when the operator is done"),
	OPTION_FLAG(T, revoke, "revoke", .forms = CHANGES, .help = "nothing more is taken from this sender, for ever"),
	OPTION_FLAG(T, compromised, "compromised", .forms = CHANGES, .wants = "revoke",
		.help = "with --revoke: somebody else may have had the key"),
};

static enum error endorse(void *given, struct fault *fault)
{
	struct endorse_options *options = given;
	terms_settle(&options->given);
	return options->follows != FOLLOWS_NOTHING ? endorse_change(options, fault) : endorse_registration(options, fault);
}

const struct command command_sender_endorse = {
	.options = {.name = "indsigt sender endorse",
		.summary = "signs a registration, or a change of it, where the key is",
		.text = "For an organisation that keeps its key to itself: needs no ledger. Hand the endorsement file to the "
				"ledger's operator; nothing in it is secret.\n",
		OPTION_ROWS(rows),
		.check = check_options},
	.work = endorse,
	COMMAND_GIVEN(struct endorse_options, .follows = FOLLOWS_NOTHING),
};
