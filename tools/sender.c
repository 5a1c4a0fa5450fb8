/* indsigt sender revoke, rotate, policy: what happens to a sender that is registered. */
#include "ingest/sender_key.h"
#include "tools/admin.h"
#include "tools/command.h"
#include "tools/table.h"

#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define POLICY_WORDS_MAX 4096

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
	TRY(ledger_read_vkey(dir, &log, fault));
	TRY(sender_key_read(path, out, fault));
	if (strcmp(out->log.name, log.name) != 0 || memcmp(out->log.public_key, log.public_key, 32) != 0)
		return fault_set(fault, E_WRONG_ORIGIN, "key file '%s' is for the ledger '%s'", path, out->log.name);
	TRY(admin_sender(dir, out->sender, &sender, fault));
	if (memcmp(sender.public_key, out->public_key, 32) != 0)
		return fault_set(fault, E_BAD_KEY, "the key in '%s' is not the one that sender %" PRIu32 " is registered with",
			path, out->sender);
	return E_OK;
}

/* "withhold open=actor.name", or "none". */
static enum error policy_words(const struct policy *policy, char out[POLICY_WORDS_MAX])
{
	struct writer writer = writer_of(out, POLICY_WORDS_MAX);
	out[0] = '\0';
	TRY(policy_format(policy, &writer));
	for (char *line; (line = strchr(out, '\n')) != NULL;)
		*line = ' ';
	size_t len = strlen(out);
	if (len > 0 && out[len - 1] == ' ')
		out[len - 1] = '\0';
	if (out[0] == '\0')
		strcpy(out, "none");
	return E_OK;
}

/* What was done, on stdout: a format for one line, whose texts come from the registration. */
static void tell(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void tell(const char *format, ...)
{
	char text[2 * POLICY_WORDS_MAX];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	table_put(text, strlen(text), stdout);
	putchar('\n');
}

/* ---- revoke ---- */

/* It cannot be taken back: on a terminal a person is asked. */
static enum error ask_first(const struct entry_sender *entry, struct fault *fault)
{
	char answer[16], wanted[16];
	if (!isatty(STDIN_FILENO))
		return E_OK;
	snprintf(wanted, sizeof wanted, "%" PRIu32, entry->sender);
	tell("This takes nothing more from sender %s, %s (%s), for ever.", wanted, entry->name, entry->org);
	printf("Type its number to go on: ");
	fflush(stdout);
	if (fgets(answer, sizeof answer, stdin) != NULL) {
		answer[strcspn(answer, "\r\n")] = '\0';
		if (strcmp(answer, wanted) == 0)
			return E_OK;
	}
	return fault_set(fault, E_BAD_VALUE, "nothing was revoked; --yes goes on without asking");
}

static enum error revoke_sender(const char *dir, uint32_t id, bool compromised, bool yes, struct fault *fault)
{
	struct entry_sender entry;
	TRY(entry_about(dir, id, SENDER_REVOKE, &entry, fault));
	entry.compromised = compromised;
	if (!yes)
		TRY(ask_first(&entry, fault));
	TRY(admin_append_sender(dir, &entry, fault));
	tell("sender %" PRIu32 ", %s (%s), is revoked%s", id, entry.name, entry.org,
		compromised ? ", its key reported compromised" : "");
	return E_OK;
}

static int run_revoke(int argc, char **argv)
{
	static const struct option known[] = {{"compromised", no_argument, NULL, 'c'}, {"yes", no_argument, NULL, 'y'},
		ADMIN_WITHOUT_WITNESSES, {NULL, 0, NULL, 0}};
	struct fault fault = {0};
	bool compromised = false, yes = false;
	for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
		if (option == '?')
			return command_usage(&command_sender_revoke, NULL);
		compromised = compromised || option == 'c';
		yes = yes || option == 'y';
	}
	if (optind + 2 != argc)
		return command_usage(&command_sender_revoke, NULL);
	const char *text = argv[optind + 1];
	unsigned long long id = strtoull(text, NULL, 10);
	if (strspn(text, "0123456789") != strlen(text) || id == 0 || id > UINT32_MAX) {
		(void)fault_set(&fault, E_USAGE, "ID is a sender's number; 'indsigt sender list' shows them");
		return command_usage(&command_sender_revoke, &fault);
	}
	return command_end(
		&command_sender_revoke, revoke_sender(argv[optind], (uint32_t)id, compromised, yes, &fault), &fault);
}

const struct command command_sender_revoke = {
	.name = "sender revoke",
	.arguments = "DIR ID [--compromised] [--yes]",
	.summary = "takes nothing more from a sender, for ever",
	.text = "What it reported before stays in the log. Whoever comes back registers anew, under another id.\n"
			"\n"
			"  --compromised  somebody else may have had the key: what it reported is shown with that remark\n"
			"  --yes          do not ask, on a terminal\n" ADMIN_WITHOUT_WITNESSES_HELP,
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
	__attribute__((cleanup(sender_key_wipe))) struct sender_key old = {0};
	__attribute__((cleanup(sender_key_wipe))) struct sender_key new = {0};
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
	tell("sender %" PRIu32 ", %s (%s), has a new key, in '%s'", entry.sender, entry.name, entry.org, path);
	return E_OK;
}

static int run_rotate(int argc, char **argv)
{
	static const struct option known[] = {
		{"key", required_argument, NULL, 'k'}, ADMIN_WITHOUT_WITNESSES, {NULL, 0, NULL, 0}};
	struct fault fault = {0};
	const char *path = NULL;
	for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
		if (option == '?')
			return command_usage(&command_sender_rotate, NULL);
		if (option == 'k')
			path = optarg;
	}
	if (optind + 1 != argc || path == NULL)
		return command_lacks(&command_sender_rotate, optind + 1 != argc ? "DIR" : "--key");
	return command_end(&command_sender_rotate, rotate(argv[optind], path, &fault), &fault);
}

const struct command command_sender_rotate = {
	.name = "sender rotate",
	.arguments = "DIR --key FILE",
	.summary = "gives a sender a new key, signed by the old one and the new",
	.text = "The new key takes the place of the old one in FILE. Stop 'indsigt send' on that file first, and start it\n"
			"again afterwards: it goes on where it was. Interrupted, the same command finishes what it began.\n"
			"\n" ADMIN_WITHOUT_WITNESSES_HELP,
	.run = run_rotate,
};

/* ---- policy ---- */

/* Shows it without a new one (NULL). */
static enum error change_policy(const char *dir, const char *path, const struct policy *policy, struct fault *fault)
{
	__attribute__((cleanup(sender_key_wipe))) struct sender_key key = {0};
	struct entry_sender entry;
	char before[POLICY_WORDS_MAX], after[POLICY_WORDS_MAX];
	TRY(read_registered_key(dir, path, &key, fault));
	TRY(entry_about(dir, key.sender, SENDER_POLICY, &entry, fault));
	TRY(policy_words(&entry.policy, before));
	if (policy == NULL) {
		tell("sender %" PRIu32 ", %s (%s): %s", entry.sender, entry.name, entry.org, before);
		return E_OK;
	}
	entry.policy = *policy;
	TRY(policy_words(&entry.policy, after));
	TRY(sender_key_endorse(&key, &entry));
	TRY(sender_key_endorse_old(&key, &entry));
	TRY(admin_append_sender(dir, &entry, fault));
	tell("sender %" PRIu32 ", %s (%s): %s; before: %s", entry.sender, entry.name, entry.org, after, before);
	return E_OK;
}

static int run_policy(int argc, char **argv)
{
	static const struct option known[] = {{"key", required_argument, NULL, 'k'},
		{"policy", required_argument, NULL, 'p'}, {"clear", no_argument, NULL, 'c'}, ADMIN_WITHOUT_WITNESSES,
		{NULL, 0, NULL, 0}};
	struct fault fault = {0};
	const char *path = NULL;
	bool words = false, clear = false;
	struct policy policy;
	policy_default(&policy);
	for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
		if (option == '?' || (option == 'p' && policy_apply(&policy, optarg, &fault) != E_OK))
			return command_usage(&command_sender_policy, &fault);
		if (option == 'k')
			path = optarg;
		words = words || option == 'p';
		clear = clear || option == 'c';
	}
	if (optind + 1 != argc || path == NULL)
		return command_lacks(&command_sender_policy, optind + 1 != argc ? "DIR" : "--key");
	if (words && clear) {
		(void)fault_set(&fault, E_USAGE, "--clear takes all words away: leave it out, or the words");
		return command_usage(&command_sender_policy, &fault);
	}
	enum error error = change_policy(argv[optind], path, words || clear ? &policy : NULL, &fault);
	return command_end(&command_sender_policy, error, &fault);
}

const struct command command_sender_policy = {
	.name = "sender policy",
	.arguments = "DIR --key FILE [--policy WORD]... [--clear]",
	.summary = "shows a sender's policy, or gives it another, signed by its key",
	.text =
		"Without words it shows the policy and changes nothing. The words are those of 'indsigt sender add'; they are\n"
		"the whole new policy, not a change to the old one. It holds for what is sent from now on.\n"
		"\n"
		"  --clear  a policy without words\n" ADMIN_WITHOUT_WITNESSES_HELP,
	.run = run_policy,
};
