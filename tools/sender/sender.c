/* indsigt sender revoke, rotate, policy: what happens to a sender that is registered.
 *
 * Each of these is an entry in the log, signed by the sender's own key, here or elsewhere (an endorsement). The
 * ledger's operator cannot make one alone: that is what the signature of the registered key shows to everybody
 * afterwards.
 *
 *   said here ─► entry as it stands now ─► signed with the key file ─┐
 *   endorsed  ─► file read, judged against what is registered ───────┴─► appended ─► told
 *
 * What fails before the append has changed nothing. After it the log has the entry, whatever becomes of files: that is
 * why a new key is on the disk before it is registered, and the old one is only replaced after. What is told says what
 * is and what was, so that a slip is seen by who made it. */
#include "ingest/spool/sender_key.h"
#include "ledger/base/lock.h"
#include "ledger/store/place.h"
#include "tools/command/admin.h"
#include "tools/command/command.h"
#include "tools/sender/in_log.h"
#include "tools/sender/registration.h"
#include "tools/sender/sender_words.h"
#include "tools/show/table.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sys/stat.h>

/* An entry about a registered sender, as it stands now. It follows the newest entry that there is; if another comes in
 * between, the append refuses it, and nothing is lost but the attempt. */
static enum error entry_about(const char *dir, uint32_t id, enum sender_action action, struct entry_sender *out,
	struct sender *before, struct fault *fault)
{
	TRY(admin_sender(dir, id, before, fault));
	if (before->status == SENDER_REVOKED)
		return fault_set(fault, E_REVOKED_SENDER, "sender %" PRIu32 " is revoked already", id);
	*out = (struct entry_sender){.action = action,
		.sender = id,
		.follows = before->version,
		.change = before->changes + 1,
		.policy = before->policy,
		.mandate = before->mandate};
	strcpy(out->org, before->org);
	strcpy(out->name, before->name);
	memcpy(out->public_key, before->public_key, sizeof out->public_key);
	return E_OK;
}

/* What the entry changes, of a sender that stood so, in words. */
static enum error words_of(enum sender_action action, const struct sender *sender, const struct entry_sender *entry,
	char before[TERMS_TEXT_MAX], char after[TERMS_TEXT_MAX])
{
	if (action == SENDER_POLICY) {
		TRY(terms_words(&sender->policy, &sender->mandate, before));
		return terms_words(&entry->policy, &entry->mandate, after);
	}
	if (action == SENDER_ROTATE) {
		public_key_format(sender->public_key, before);
		public_key_format(entry->public_key, after);
		return E_OK;
	}
	snprintf(before, TERMS_TEXT_MAX, "%s", sender_status(sender));
	snprintf(after, TERMS_TEXT_MAX, "revoked%s", entry->compromised ? ", its key reported compromised" : "");
	return E_OK;
}

/* The words are there before the entry is, so that nothing that was done is left untold. */
static enum error append(
	const struct admin *admin, struct entry_sender *entry, const struct sender *sender, struct fault *fault)
{
	static const char *const what[] = {
		[SENDER_ROTATE] = "key ", [SENDER_POLICY] = "policy ", [SENDER_REVOKE] = "status "};
	char before[TERMS_TEXT_MAX], after[TERMS_TEXT_MAX];
	TRY(fault_set(fault, words_of(entry->action, sender, entry, before, after), ""));
	TRY(admin_append_sender(admin, entry, fault));
	table_line(stdout, "sender %" PRIu32 ", %s (%s): %s%s; before: %s", entry->sender, entry->name, entry->org,
		what[entry->action], after, before);
	return E_OK;
}

/* The key file, which must be this ledger's and the registered key of its sender. Three files may disagree: the key's,
 * the ledger's and the registration. Each disagreement has a sentence of its own, because what is to be done about it
 * differs. */
static enum error read_registered_key(const char *dir, const char *path, struct sender_key *out, struct fault *fault)
{
	struct vkey log;
	struct sender sender;
	TRY(place_read_vkey(dir, &log, fault));
	TRY(sender_key_read(path, out, fault));
	if (strcmp(out->log.name, log.name) != 0 || memcmp(out->log.public_key, log.public_key, 32) != 0)
		return fault_set(fault, E_WRONG_ORIGIN, "key file '%s' is for the ledger '%s'", path, out->log.name);
	TRY(admin_sender(dir, out->sender, &sender, fault));
	if (memcmp(sender.public_key, out->public_key, 32) != 0)
		return fault_set(fault, E_BAD_KEY, "the key in '%s' is not the one that sender %" PRIu32 " is registered with",
			path, out->sender);
	return E_OK;
}

/* ---- signed elsewhere ---- */

/* What the file says is what the sender wants, as it is registered now; else nothing is appended. `there`: it stands in
 * the log, and all is as it says; this has been said. */
static enum error read_endorsed(const char *dir, const char *path, struct entry_sender *out, struct sender *before,
	bool *there, enum sender_action action, struct fault *fault)
{
	struct vkey log;
	TRY(place_read_vkey(dir, &log, fault));
	TRY(endorsement_read(path, &log, out, fault));
	if (out->action != action)
		return fault_set(fault, E_BAD_VALUE, "'%s' is for '%s'", path, endorsement_command(out->action));
	TRY(in_log_look(dir, out, there, fault));
	if (*there)
		return E_OK;
	TRY(admin_sender(dir, out->sender, before, fault));
	return endorsement_fits(&log, out, before, fault);
}

/* ---- revoke ---- */

/* It cannot be taken back: on a terminal a person is asked. Only on a terminal: a script has nobody to ask, and says
 * what it means by being run. What is typed is the number, not "yes", so that a habit of the fingers revokes nobody. */
static enum error ask_first(const struct entry_sender *entry, struct fault *fault)
{
	char answer[16], wanted[16];
	if (!isatty(STDIN_FILENO))
		return E_OK;
	snprintf(wanted, sizeof wanted, "%" PRIu32, entry->sender);
	table_line(stdout, "This takes nothing more from sender %s, %s (%s), for ever.", wanted, entry->name, entry->org);
	printf("Type its number to go on: ");
	fflush(stdout);
	if (fgets(answer, sizeof answer, stdin) != NULL) {
		answer[strcspn(answer, "\r\n")] = '\0';
		if (strcmp(answer, wanted) == 0)
			return E_OK;
	}
	return fault_set(fault, E_BAD_VALUE, "nothing was revoked; --yes goes on without asking");
}

/* One struct for three commands, since most of it is the same; each reads the rows that it has. */
struct change_options {
	struct admin admin;
	uint32_t id;             /* revoke */
	const char *key;         /* rotate, policy */
	const char *endorsement; /* what the sender has signed, or NULL: it is said here */
	bool compromised;
	bool yes;
	bool clear;
	struct terms_given given;
};
#define T struct change_options
#define SAID FORM(0)
#define ENDORSED FORM(1)

static enum error revoke_sender(void *given, struct fault *fault)
{
	const struct change_options *options = given;
	const struct admin *admin = &options->admin;
	struct entry_sender entry;
	struct sender before;
	bool there = false;
	if (options->endorsement != NULL) {
		TRY(read_endorsed(admin->dir, options->endorsement, &entry, &before, &there, SENDER_REVOKE, fault));
	} else {
		TRY(entry_about(admin->dir, options->id, SENDER_REVOKE, &entry, &before, fault));
		entry.compromised = options->compromised;
	}
	if (there)
		return E_OK;
	if (!options->yes)
		TRY(ask_first(&entry, fault));
	return append(admin, &entry, &before, fault);
}

static const struct option_row revoke_rows[] = {
	ARGUMENT(T, admin.dir, "DIR"),
	ARGUMENT_NUMBER(
		T, id, "ID", 1, UINT32_MAX, .forms = SAID, .must = "a sender's number; 'indsigt sender list' shows them"),
	OPTION_FLAG(T, compromised, "compromised", .forms = SAID,
		.help = "somebody else may have had the key: what it reported is shown with that remark"),
	OPTION_TEXT(T, endorsement, "endorsement", "FILE", .forms = ENDORSED, .required = REQUIRED,
		.help = "the sender has signed it, with 'indsigt sender endorse --revoke'"),
	OPTION_FLAG(T, yes, "yes", .help = "do not ask, on a terminal"),
	ADMIN_WITNESS_ROWS(T, admin),
};

const struct command command_sender_revoke = {
	.options = {.name = "indsigt sender revoke",
		.summary = "takes nothing more from a sender, for ever",
		.text = "What it reported before stays in the log. Whoever comes back registers anew, under another id.\n",
		OPTION_ROWS(revoke_rows)},
	.work = revoke_sender,
	COMMAND_GIVEN(T, .yes = false),
};

/* A new key, or another policy. */
static enum error change_endorsed(
	const struct admin *admin, const char *endorsement, enum sender_action action, struct fault *fault)
{
	struct entry_sender entry;
	struct sender before;
	bool there;
	TRY(read_endorsed(admin->dir, endorsement, &entry, &before, &there, action, fault));
	return there ? E_OK : append(admin, &entry, &before, fault);
}

/* ---- rotate ----
 * The new key lies in FILE.new before it is registered and takes FILE's place afterwards, so that whatever dies in
 * between, a file with the registered key is there: the same command then goes on where the last one stopped. */

/* The log has the new key by now. That the file could not be moved is said with both names, and the same command
 * finishes it. */
static enum error move_new_key(const char *new_path, const char *path, struct fault *fault)
{
	if (rename(new_path, path) != 0)
		return fault_set(
			fault, E_IO, "'%s' is the registered key now, but cannot take the place of '%s': %m", new_path, path);
	return E_OK;
}

/* What an earlier attempt has registered. What was before is in the log: 'indsigt sender show'. */
static enum error finish_rotation(
	const struct sender_key *new, const char *new_path, const char *path, struct fault *fault)
{
	char key[PUBLIC_KEY_TEXT_MAX + 1];
	public_key_format(new->public_key, key);
	TRY(move_new_key(new_path, path, fault));
	table_line(stdout, "sender %" PRIu32 ": key %s was registered before, and is in '%s' now", new->sender, key, path);
	return E_OK;
}

/* A file that is there may be left of an attempt that was cut short: then its key may already be registered, so it is
 * used and never made anew. A file of another sender has only the same name by accident. */
static enum error read_new_key(
	const char *new_path, const struct sender_key *old, struct sender_key *out, struct fault *fault)
{
	enum error error = sender_key_read(new_path, out, fault);
	if (error == E_OK && out->sender == old->sender && strcmp(out->log.name, old->log.name) == 0)
		return E_OK;
	if (error == E_OK)
		return fault_set(fault, E_EXISTS, "'%s' is another sender's key file; move it away", new_path);
	if (error != E_NOT_FOUND)
		return error;
	*out = *old;
	sender_key_generate(out);
	return sender_key_write(new_path, out, false, fault);
}

/* Two that rotate one key would each take the other's new one for its own, and remove it. What was opened may have been
 * replaced before it was locked: then the lock is of a file that nobody finds any more. E_NOT_FOUND: there is no file,
 * and nothing that somebody else could do with it. */
static enum error hold_key(const char *path, int *out, struct fault *fault)
{
	struct stat held, there;
	char before[FAULT_TEXT_MAX];
	snprintf(before, sizeof before, "the key in '%s' is being changed by ", path);
	do {
		own_close(out);
		*out = open(path, O_RDWR | O_CLOEXEC); /* NFS locks only what could be written */
		if (*out < 0 && errno == EACCES)
			*out = open(path, O_RDONLY | O_CLOEXEC);
		if (*out < 0)
			return errno == ENOENT ? E_NOT_FOUND : fault_set(fault, E_IO, "key file '%s' cannot be read: %m", path);
		TRY(lock_dir(*out, E_BUSY, before, "; try again when it has ended", fault));
		if (fstat(*out, &held) != 0 || stat(path, &there) != 0)
			return errno == ENOENT ? E_NOT_FOUND : fault_set(fault, E_IO, "key file '%s' cannot be read: %m", path);
	} while (held.st_ino != there.st_ino || held.st_dev != there.st_dev);
	return E_OK;
}

/* What the ledger would not take: perhaps because an earlier attempt, which was ended while it waited, has registered
 * this very key meanwhile. The ledger does one thing after the other, so by now that shows. Else nobody shall find a
 * secret that is of no use. */
static enum error end_refused(
	const char *dir, const char *new_path, const char *path, enum error refused, struct fault *fault)
{
	OWNED(sender_key_wipe) struct sender_key new = {0};
	struct fault why;
	enum error error = read_registered_key(dir, new_path, &new, &why);
	if (error == E_OK)
		return finish_rotation(&new, new_path, path, fault);
	if (error == E_BAD_KEY)
		unlink(new_path);
	return refused;
}

/* The first look is for an earlier attempt that got as far as registering: then only the file is to be moved. Nothing
 * that is made here is left behind by one who may not rotate, since a secret that nobody knows of is found by somebody
 * some day. */
static enum error rotate_held(const struct admin *admin, const char *path, struct fault *fault)
{
	const char *dir = admin->dir;
	OWNED(sender_key_wipe) struct sender_key old = {0};
	OWNED(sender_key_wipe) struct sender_key new = {0};
	char new_path[PATH_MAX];
	struct entry_sender entry;
	struct sender before;
	if (snprintf(new_path, sizeof new_path, "%s.new", path) >= (int)sizeof new_path)
		return fault_set(fault, E_TOO_LONG, "the key file's path is longer than %d bytes", PATH_MAX - 5);
	if (read_registered_key(dir, new_path, &new, fault) == E_OK)
		return finish_rotation(&new, new_path, path, fault);
	TRY(read_registered_key(dir, path, &old, fault));
	/* Whoever may not rotate leaves no secret behind. */
	TRY(entry_about(dir, old.sender, SENDER_ROTATE, &entry, &before, fault));
	TRY(read_new_key(new_path, &old, &new, fault));
	memcpy(entry.public_key, new.public_key, sizeof entry.public_key);
	TRY(sender_key_endorse(&new, &entry));
	TRY(sender_key_endorse_old(&old, &entry));
	enum error error = append(admin, &entry, &before, fault);
	if (error_judges(error)) /* else it may have been registered all the same */
		return end_refused(dir, new_path, path, error, fault);
	TRY(error);
	return move_new_key(new_path, path, fault);
}

static enum error rotate_own(const struct admin *admin, const char *path, struct fault *fault)
{
	OWNED_FD held = -1;
	enum error error = hold_key(path, &held, fault);
	return error == E_OK || error == E_NOT_FOUND ? rotate_held(admin, path, fault) : error;
}

static const struct option_row rotate_rows[] = {
	ARGUMENT(T, admin.dir, "DIR"),
	OPTION_TEXT(T, key, "key", "FILE", .forms = SAID, .required = REQUIRED, .help = "the sender's key file"),
	OPTION_TEXT(T, endorsement, "endorsement", "FILE", .forms = ENDORSED, .required = REQUIRED,
		.help = "the keys are elsewhere, and both have signed: 'indsigt sender endorse --rotate'"),
	ADMIN_WITNESS_ROWS(T, admin),
};

static enum error rotate(void *given, struct fault *fault)
{
	const struct change_options *options = given;
	return options->key != NULL ? rotate_own(&options->admin, options->key, fault)
								: change_endorsed(&options->admin, options->endorsement, SENDER_ROTATE, fault);
}

const struct command command_sender_rotate = {
	.options = {.name = "indsigt sender rotate",
		.summary = "gives a sender a new key, signed by the old one and the new",
		.text = "The new key takes the place of the old one in FILE. Stop 'indsigt send' on that file first, and start "
				"it again afterwards: it goes on where it was. Interrupted, the same command finishes what it began.\n",
		OPTION_ROWS(rotate_rows)},
	.work = rotate,
	COMMAND_GIVEN(T, .key = NULL),
};

/* ---- policy ---- */

/* Shows it without a new one (NULL). Shows it without a change, because a person who is about to replace all words
 * wants to see the ones that are there. */
static enum error change_policy(
	const struct admin *admin, const char *path, const struct terms_given *given, struct fault *fault)
{
	OWNED(sender_key_wipe) struct sender_key key = {0};
	struct entry_sender entry;
	struct sender before;
	char words[TERMS_TEXT_MAX];
	TRY(read_registered_key(admin->dir, path, &key, fault));
	TRY(entry_about(admin->dir, key.sender, SENDER_POLICY, &entry, &before, fault));
	if (given == NULL) {
		TRY(terms_words(&entry.policy, &entry.mandate, words));
		table_line(stdout, "sender %" PRIu32 ", %s (%s): policy %s", entry.sender, entry.name, entry.org, words);
		return E_OK;
	}
	TRY(registration_check_mandate(entry.org, &given->mandate, fault));
	entry.policy = given->policy;
	entry.mandate = given->mandate;
	TRY(sender_key_endorse(&key, &entry));
	TRY(sender_key_endorse_old(&key, &entry));
	return append(admin, &entry, &before, fault);
}

static const struct option_row policy_rows[] = {
	ARGUMENT(T, admin.dir, "DIR"),
	OPTION_TEXT(T, key, "key", "FILE", .forms = SAID, .required = REQUIRED, .help = "the sender's key file"),
	TERMS_ROWS(T, given, SAID),
	OPTION_FLAG(T, clear, "clear", .forms = SAID, .help = "a policy without words"),
	OPTION_TEXT(T, endorsement, "endorsement", "FILE", .forms = ENDORSED, .required = REQUIRED,
		.help = "the key is elsewhere, and has signed the new policy: 'indsigt sender endorse'"),
	ADMIN_WITNESS_ROWS(T, admin),
};

/* A change of policy replaces all of it, so "no words" has to be said (--clear) and cannot be meant by leaving them
 * out. */
static enum error check_policy(const void *out, struct fault *fault)
{
	const struct change_options *options = out;
	if (options->endorsement != NULL && (terms_said(&options->given) || options->clear))
		return fault_set(fault, E_USAGE, "the endorsement has the words of the policy: leave them out");
	if (terms_said(&options->given) && options->clear)
		return fault_set(fault, E_USAGE, "--clear takes all words away: leave it out, or the words");
	return E_OK;
}

static enum error policy(void *given, struct fault *fault)
{
	struct change_options *options = given;
	terms_settle(&options->given);
	const struct terms_given *wanted = options->given.words || options->clear ? &options->given : NULL;
	return options->key != NULL ? change_policy(&options->admin, options->key, wanted, fault)
								: change_endorsed(&options->admin, options->endorsement, SENDER_POLICY, fault);
}

const struct command command_sender_policy = {
	.options = {.name = "indsigt sender policy",
		.summary = "shows a sender's policy, or gives it another, signed by its key",
		.text = "Without words it shows the policy and changes nothing. The words are those of 'indsigt sender add'; "
				"they are the whole new policy, not a change to the old one. It holds for what is sent from now on.\n",
		OPTION_ROWS(policy_rows),
		.check = check_policy},
	.work = policy,
	COMMAND_GIVEN(T, .key = NULL),
};
