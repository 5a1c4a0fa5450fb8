/* indsigt sender revoke, rotate, policy: what happens to a sender that is registered. */
#include "ingest/spool/sender_key.h"
#include "ledger/base/own.h"
#include "ledger/store/place.h"
#include "tools/command/admin.h"
#include "tools/command/command.h"
#include "tools/sender/registration.h"
#include "tools/sender/sender_words.h"

#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* An entry about a registered sender, as it stands now. */
static enum error entry_about(
	const char *dir, uint32_t id, enum sender_action action, struct entry_sender *out, struct fault *fault)
{
	struct sender sender;
	TRY(admin_sender(dir, id, &sender, fault));
	if (sender.status == SENDER_REVOKED)
		return fault_set(fault, E_REVOKED_SENDER, "sender %" PRIu32 " is revoked already", id);
	*out = (struct entry_sender){.action = action, .sender = id, .follows = sender.version, .policy = sender.policy};
	strcpy(out->org, sender.org);
	strcpy(out->name, sender.name);
	memcpy(out->public_key, sender.public_key, sizeof out->public_key);
	return E_OK;
}

/* The key file, which must be this ledger's and the registered key of its sender. */
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

/* What the file says is what the sender wants, as it is registered now; else nothing is appended. */
static enum error read_endorsed(
	const char *dir, const char *path, enum sender_action action, struct entry_sender *out, struct fault *fault)
{
	struct vkey log;
	struct sender sender;
	TRY(place_read_vkey(dir, &log, fault));
	TRY(endorsement_read(path, &log, out, fault));
	if (out->action != action)
		return fault_set(fault, E_BAD_VALUE, "'%s' is for '%s'", path, endorsement_command(out->action));
	TRY(admin_sender(dir, out->sender, &sender, fault));
	return endorsement_fits(&log, out, &sender, fault);
}

/* ---- revoke ---- */

/* It cannot be taken back: on a terminal a person is asked. */
static enum error ask_first(const struct entry_sender *entry, struct fault *fault)
{
	char answer[16], wanted[16];
	if (!isatty(STDIN_FILENO))
		return E_OK;
	snprintf(wanted, sizeof wanted, "%" PRIu32, entry->sender);
	sender_tell("This takes nothing more from sender %s, %s (%s), for ever.", wanted, entry->name, entry->org);
	printf("Type its number to go on: ");
	fflush(stdout);
	if (fgets(answer, sizeof answer, stdin) != NULL) {
		answer[strcspn(answer, "\r\n")] = '\0';
		if (strcmp(answer, wanted) == 0)
			return E_OK;
	}
	return fault_set(fault, E_BAD_VALUE, "nothing was revoked; --yes goes on without asking");
}

/* `endorsement`: what the sender has signed, or NULL: the operator says it. */
static enum error revoke_sender(
	const char *dir, uint32_t id, const char *endorsement, bool compromised, bool yes, struct fault *fault)
{
	struct entry_sender entry;
	if (endorsement != NULL) {
		TRY(read_endorsed(dir, endorsement, SENDER_REVOKE, &entry, fault));
	} else {
		TRY(entry_about(dir, id, SENDER_REVOKE, &entry, fault));
		entry.compromised = compromised;
	}
	if (!yes)
		TRY(ask_first(&entry, fault));
	TRY(admin_append_sender(dir, &entry, fault));
	sender_tell("sender %" PRIu32 ", %s (%s), is revoked%s", entry.sender, entry.name, entry.org,
		entry.compromised ? ", its key reported compromised" : "");
	return E_OK;
}

static int run_revoke(int argc, char **argv)
{
	static const struct option known[] = {{"compromised", no_argument, NULL, 'c'}, {"yes", no_argument, NULL, 'y'},
		{"endorsement", required_argument, NULL, 'e'}, ADMIN_WITHOUT_WITNESSES, {NULL, 0, NULL, 0}};
	struct fault fault = {0};
	const char *endorsement = NULL;
	bool compromised = false, yes = false;
	for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
		if (option == '?')
			return command_usage(&command_sender_revoke, NULL);
		compromised = compromised || option == 'c';
		yes = yes || option == 'y';
		endorsement = option == 'e' ? optarg : endorsement;
	}
	if (optind + (endorsement != NULL ? 1 : 2) != argc || (endorsement != NULL && compromised))
		return command_usage(&command_sender_revoke, NULL);
	const char *text = endorsement != NULL ? "1" : argv[optind + 1];
	unsigned long long id = strtoull(text, NULL, 10);
	if (strspn(text, "0123456789") != strlen(text) || id == 0 || id > UINT32_MAX) {
		(void)fault_set(&fault, E_USAGE, "ID is a sender's number; 'indsigt sender list' shows them");
		return command_usage(&command_sender_revoke, &fault);
	}
	enum error error = revoke_sender(argv[optind], (uint32_t)id, endorsement, compromised, yes, &fault);
	return command_end(&command_sender_revoke, error, &fault);
}

const struct command command_sender_revoke = {
	.name = "sender revoke",
	.arguments = "DIR ID [--compromised] [--yes]\n"
				 "       indsigt sender revoke DIR --endorsement FILE [--yes]",
	.summary = "takes nothing more from a sender, for ever",
	.text = "What it reported before stays in the log. Whoever comes back registers anew, under another id.\n"
			"\n"
			"  --compromised       somebody else may have had the key: what it reported is shown with that remark\n"
			"  --endorsement FILE  the sender has signed it, with 'indsigt sender endorse --revoke'\n"
			"  --yes               do not ask, on a terminal\n" ADMIN_WITHOUT_WITNESSES_HELP,
	.run = run_revoke,
};

/* ---- rotate ----
 * The new key lies in FILE.new before it is registered and takes FILE's place afterwards, so that whatever dies in
 * between, a file with the registered key is there: the same command then goes on where the last one stopped. */

static enum error move_new_key(const char *new_path, const char *path, struct fault *fault)
{
	if (rename(new_path, path) != 0)
		return fault_set(
			fault, E_IO, "'%s' is the registered key now, but cannot take the place of '%s': %m", new_path, path);
	return E_OK;
}

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

static enum error rotate(const char *dir, const char *path, struct fault *fault)
{
	OWNED(sender_key_wipe) struct sender_key old = {0};
	OWNED(sender_key_wipe) struct sender_key new = {0};
	char new_path[PATH_MAX];
	struct entry_sender entry;
	if (snprintf(new_path, sizeof new_path, "%s.new", path) >= (int)sizeof new_path)
		return fault_set(fault, E_TOO_LONG, "the key file's path is longer than %d bytes", PATH_MAX - 5);
	if (read_registered_key(dir, new_path, &new, fault) == E_OK)
		return move_new_key(new_path, path, fault);
	TRY(read_registered_key(dir, path, &old, fault));
	/* Whoever may not rotate leaves no secret behind. */
	TRY(entry_about(dir, old.sender, SENDER_ROTATE, &entry, fault));
	TRY(read_new_key(new_path, &old, &new, fault));
	memcpy(entry.public_key, new.public_key, sizeof entry.public_key);
	TRY(sender_key_endorse(&new, &entry));
	TRY(sender_key_endorse_old(&old, &entry));
	enum error error = admin_append_sender(dir, &entry, fault);
	if (error_judges(error)) /* else it may have been registered all the same */
		unlink(new_path);
	TRY(error);
	TRY(move_new_key(new_path, path, fault));
	sender_tell("sender %" PRIu32 ", %s (%s), has a new key, in '%s'", entry.sender, entry.name, entry.org, path);
	return E_OK;
}

static enum error rotate_endorsed(const char *dir, const char *endorsement, struct fault *fault)
{
	struct entry_sender entry;
	TRY(read_endorsed(dir, endorsement, SENDER_ROTATE, &entry, fault));
	TRY(admin_append_sender(dir, &entry, fault));
	sender_tell("sender %" PRIu32 ", %s (%s), has a new key", entry.sender, entry.name, entry.org);
	return E_OK;
}

static int run_rotate(int argc, char **argv)
{
	static const struct option known[] = {{"key", required_argument, NULL, 'k'},
		{"endorsement", required_argument, NULL, 'e'}, ADMIN_WITHOUT_WITNESSES, {NULL, 0, NULL, 0}};
	struct fault fault = {0};
	const char *path = NULL, *endorsement = NULL;
	for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
		if (option == '?')
			return command_usage(&command_sender_rotate, NULL);
		path = option == 'k' ? optarg : path;
		endorsement = option == 'e' ? optarg : endorsement;
	}
	if (optind + 1 != argc || (path == NULL) == (endorsement == NULL))
		return command_lacks(&command_sender_rotate, optind + 1 != argc ? "DIR" : path == NULL ? "--key" : NULL);
	enum error error =
		path != NULL ? rotate(argv[optind], path, &fault) : rotate_endorsed(argv[optind], endorsement, &fault);
	return command_end(&command_sender_rotate, error, &fault);
}

const struct command command_sender_rotate = {
	.name = "sender rotate",
	.arguments = "DIR --key FILE\n"
				 "       indsigt sender rotate DIR --endorsement FILE",
	.summary = "gives a sender a new key, signed by the old one and the new",
	.text = "The new key takes the place of the old one in FILE. Stop 'indsigt send' on that file first, and start it\n"
			"again afterwards: it goes on where it was. Interrupted, the same command finishes what it began.\n"
			"\n"
			"  --endorsement FILE  the keys are elsewhere, and both have signed: 'indsigt sender endorse "
			"--rotate'\n" ADMIN_WITHOUT_WITNESSES_HELP,
	.run = run_rotate,
};

/* ---- policy ---- */

static enum error append_policy(const char *dir, struct entry_sender *entry, const char *before, struct fault *fault)
{
	char after[POLICY_WORDS_MAX];
	TRY(policy_words(&entry->policy, after));
	TRY(admin_append_sender(dir, entry, fault));
	sender_tell("sender %" PRIu32 ", %s (%s): %s; before: %s", entry->sender, entry->name, entry->org, after, before);
	return E_OK;
}

/* Shows it without a new one (NULL). */
static enum error change_policy(const char *dir, const char *path, const struct policy *policy, struct fault *fault)
{
	OWNED(sender_key_wipe) struct sender_key key = {0};
	struct entry_sender entry;
	char before[POLICY_WORDS_MAX];
	TRY(read_registered_key(dir, path, &key, fault));
	TRY(entry_about(dir, key.sender, SENDER_POLICY, &entry, fault));
	TRY(policy_words(&entry.policy, before));
	if (policy == NULL) {
		sender_tell("sender %" PRIu32 ", %s (%s): %s", entry.sender, entry.name, entry.org, before);
		return E_OK;
	}
	entry.policy = *policy;
	TRY(sender_key_endorse(&key, &entry));
	TRY(sender_key_endorse_old(&key, &entry));
	return append_policy(dir, &entry, before, fault);
}

static enum error change_policy_endorsed(const char *dir, const char *endorsement, struct fault *fault)
{
	struct entry_sender entry;
	struct sender sender;
	char before[POLICY_WORDS_MAX];
	TRY(read_endorsed(dir, endorsement, SENDER_POLICY, &entry, fault));
	TRY(admin_sender(dir, entry.sender, &sender, fault));
	TRY(policy_words(&sender.policy, before));
	return append_policy(dir, &entry, before, fault);
}

static int run_policy(int argc, char **argv)
{
	static const struct option known[] = {{"key", required_argument, NULL, 'k'},
		{"policy", required_argument, NULL, 'p'}, {"clear", no_argument, NULL, 'c'},
		{"endorsement", required_argument, NULL, 'e'}, ADMIN_WITHOUT_WITNESSES, {NULL, 0, NULL, 0}};
	struct fault fault = {0};
	const char *path = NULL, *endorsement = NULL;
	bool words = false, clear = false;
	struct policy policy;
	policy_default(&policy);
	for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
		if (option == '?' || (option == 'p' && policy_apply(&policy, optarg, &fault) != E_OK))
			return command_usage(&command_sender_policy, &fault);
		path = option == 'k' ? optarg : path;
		endorsement = option == 'e' ? optarg : endorsement;
		words = words || option == 'p';
		clear = clear || option == 'c';
	}
	if (optind + 1 != argc || (path == NULL) == (endorsement == NULL))
		return command_lacks(&command_sender_policy, optind + 1 != argc ? "DIR" : path == NULL ? "--key" : NULL);
	if (endorsement != NULL && (words || clear)) {
		(void)fault_set(&fault, E_USAGE, "the endorsement has the words of the policy: leave them out");
		return command_usage(&command_sender_policy, &fault);
	}
	if (words && clear) {
		(void)fault_set(&fault, E_USAGE, "--clear takes all words away: leave it out, or the words");
		return command_usage(&command_sender_policy, &fault);
	}
	enum error error = endorsement != NULL ? change_policy_endorsed(argv[optind], endorsement, &fault)
										   : change_policy(argv[optind], path, words || clear ? &policy : NULL, &fault);
	return command_end(&command_sender_policy, error, &fault);
}

const struct command command_sender_policy = {
	.name = "sender policy",
	.arguments = "DIR --key FILE [--policy WORD]... [--clear]\n"
				 "       indsigt sender policy DIR --endorsement FILE",
	.summary = "shows a sender's policy, or gives it another, signed by its key",
	.text =
		"Without words it shows the policy and changes nothing. The words are those of 'indsigt sender add'; they are\n"
		"the whole new policy, not a change to the old one. It holds for what is sent from now on.\n"
		"\n"
		"  --clear             a policy without words\n"
		"  --endorsement FILE  the key is elsewhere, and has signed the new policy: 'indsigt sender "
		"endorse'\n" ADMIN_WITHOUT_WITNESSES_HELP,
	.run = run_policy,
};
