/* indsigt sender revoke, rotate, policy: what happens to a sender that is registered. */
#include "ingest/sender_key.h"
#include "tools/admin.h"
#include "tools/command.h"

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
	*out = (struct entry_sender){.action = action, .sender = id, .policy = sender.policy};
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

/* ---- revoke ---- */

static int run_revoke(int argc, char **argv)
{
	static const struct option known[] = {{"compromised", no_argument, NULL, 'c'}, {NULL, 0, NULL, 0}};
	struct fault fault = {0};
	struct entry_sender entry;
	bool compromised = false;
	for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
		if (option != 'c')
			return command_usage(&command_sender_revoke, NULL);
		compromised = true;
	}
	if (optind + 2 != argc)
		return command_usage(&command_sender_revoke, NULL);
	const char *text = argv[optind + 1];
	unsigned long long id = strtoull(text, NULL, 10);
	if (strspn(text, "0123456789") != strlen(text) || id == 0 || id > UINT32_MAX) {
		(void)fault_set(&fault, E_USAGE, "ID is a sender's number; 'indsigt sender list' shows them");
		return command_usage(&command_sender_revoke, &fault);
	}
	enum error error = entry_about(argv[optind], (uint32_t)id, SENDER_REVOKE, &entry, &fault);
	entry.compromised = compromised;
	if (error == E_OK)
		error = admin_append_sender(argv[optind], &entry, &fault);
	return command_end(&command_sender_revoke, error, &fault);
}

const struct command command_sender_revoke = {
	.name = "sender revoke",
	.arguments = "DIR ID [--compromised]",
	.summary = "takes nothing more from a sender, for ever",
	.text = "What it reported before stays in the log. Whoever comes back registers anew, under another id.\n"
			"\n"
			"  --compromised  somebody else may have had the key: what it reported is shown with that remark\n",
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
	TRY(read_new_key(new_path, &old, &new, fault));
	TRY(entry_about(dir, old.sender, SENDER_ROTATE, &entry, fault));
	memcpy(entry.public_key, new.public_key, sizeof entry.public_key);
	TRY(sender_key_endorse(&new, &entry));
	TRY(sender_key_endorse_old(&old, &entry));
	TRY(admin_append_sender(dir, &entry, fault));
	return move_new_key(new_path, path, fault);
}

static int run_rotate(int argc, char **argv)
{
	static const struct option known[] = {{"key", required_argument, NULL, 'k'}, {NULL, 0, NULL, 0}};
	struct fault fault = {0};
	const char *path = NULL;
	for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
		if (option != 'k')
			return command_usage(&command_sender_rotate, NULL);
		path = optarg;
	}
	if (optind + 1 != argc || path == NULL)
		return command_usage(&command_sender_rotate, NULL);
	return command_end(&command_sender_rotate, rotate(argv[optind], path, &fault), &fault);
}

const struct command command_sender_rotate = {
	.name = "sender rotate",
	.arguments = "DIR --key FILE",
	.summary = "gives a sender a new key, signed by the old one and the new",
	.text = "The new key takes the place of the old one in FILE. Stop 'indsigt send' on that file first, and start it\n"
			"again afterwards: it goes on where it was. Interrupted, the same command finishes what it began.\n",
	.run = run_rotate,
};

/* ---- policy ---- */

static enum error change_policy(const char *dir, const char *path, const struct policy *policy, struct fault *fault)
{
	__attribute__((cleanup(sender_key_wipe))) struct sender_key key = {0};
	struct entry_sender entry;
	TRY(read_registered_key(dir, path, &key, fault));
	TRY(entry_about(dir, key.sender, SENDER_POLICY, &entry, fault));
	entry.policy = *policy;
	TRY(sender_key_endorse(&key, &entry));
	TRY(sender_key_endorse_old(&key, &entry));
	return admin_append_sender(dir, &entry, fault);
}

static int run_policy(int argc, char **argv)
{
	static const struct option known[] = {
		{"key", required_argument, NULL, 'k'}, {"policy", required_argument, NULL, 'p'}, {NULL, 0, NULL, 0}};
	struct fault fault = {0};
	const char *path = NULL;
	struct policy policy;
	policy_default(&policy);
	for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
		if (option == '?' || (option == 'p' && policy_apply(&policy, optarg, &fault) != E_OK))
			return command_usage(&command_sender_policy, &fault);
		if (option == 'k')
			path = optarg;
	}
	if (optind + 1 != argc || path == NULL)
		return command_usage(&command_sender_policy, NULL);
	return command_end(&command_sender_policy, change_policy(argv[optind], path, &policy, &fault), &fault);
}

const struct command command_sender_policy = {
	.name = "sender policy",
	.arguments = "DIR --key FILE [--policy WORD]...",
	.summary = "gives a sender another policy, signed by its key",
	.text =
		"The words are those of 'indsigt sender add'; they are the whole new policy, not a change to the old one. It\n"
		"holds for what is sent from now on.\n",
	.run = run_policy,
};
