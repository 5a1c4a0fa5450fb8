/* indsigt sender endorse: what an organisation signs on its own machine, where its key is. */
#include "tools/sender/sender_endorse.h"

#include "ledger/base/own.h"
#include "tools/command/command.h"
#include "tools/sender/registration.h"
#include "tools/sender/sender_words.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct endorse_options {
	const char *log;
	const char *id;
	const char *name;
	const char *org;
	const char *key;
	const char *endorsement;
	const char *follows; /* with it a change of what is registered, without a registration */
	const char *rotate;  /* the new key's file */
	bool revoke;
	bool compromised;
	bool clear;
	bool words;
	struct policy policy;
};

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

/* ---- a registration ---- */

static enum error read_number(const char *text, uint64_t least, uint64_t most, uint64_t *out)
{
	errno = 0;
	unsigned long long number = strtoull(text, NULL, 10);
	if (*text == '\0' || strspn(text, "0123456789") != strlen(text) || errno != 0 || number < least || number > most)
		return E_USAGE;
	*out = number;
	return E_OK;
}

static enum error endorse_registration(const struct endorse_options *options, struct fault *fault)
{
	OWNED(sender_key_wipe) struct sender_key key = {0};
	char text[PUBLIC_KEY_TEXT_MAX + 1];
	struct entry_sender entry;
	struct vkey log;
	uint64_t id;
	bool exists = false;
	if (vkey_parse(bytes_text(options->log), &log) != E_OK)
		return fault_set(fault, E_USAGE, "--log is malformed; 'indsigt vkey DIR' prints it at the ledger");
	TRY(registration_start(options->org, options->name, &options->policy, &entry, fault));
	if (read_number(options->id, 1, UINT32_MAX, &id) != E_OK)
		return fault_set(fault, E_USAGE, "--id is a number from 1 to 4294967295");
	entry.sender = (uint32_t)id;
	TRY(sender_key_take(options->key, &log, &entry, &exists, &key, fault));
	key.sender = entry.sender;
	memcpy(entry.public_key, key.public_key, sizeof entry.public_key);
	TRY(sender_key_endorse(&key, &entry));
	TRY(sender_key_write(options->key, &key, exists, fault));
	TRY(endorsement_write(options->endorsement, &log, &entry, fault));
	public_key_format(key.public_key, text);
	puts(text);
	return E_OK;
}

/* ---- a change ---- */

/* The new key, in a file of its own, which is written before anybody signs anything about it. */
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
	TRY(registration_start(org, name, &options->policy, out, fault));
	out->action = options->rotate != NULL ? SENDER_ROTATE : options->revoke ? SENDER_REVOKE : SENDER_POLICY;
	out->sender = key->sender;
	out->compromised = options->compromised;
	if (read_number(options->follows, 0, INT64_MAX, &out->follows) != E_OK)
		return fault_set(
			fault, E_USAGE, "--follows is the log index of the sender's newest entry; the ledger's coverage shows it");
	return E_OK;
}

static enum error tell_change(
	const struct endorse_options *options, const struct entry_sender *entry, struct fault *fault)
{
	char words[POLICY_WORDS_MAX];
	if (policy_words(&entry->policy, words) != E_OK)
		return fault_set(fault, E_NO_ROOM, "");
	if (entry->action == SENDER_REVOKE)
		sender_tell("signed: sender %" PRIu32 ", %s (%s), is to be revoked%s, after entry %" PRIu64, entry->sender,
			entry->name, entry->org, entry->compromised ? ", its key compromised" : "", entry->follows);
	else
		sender_tell("signed: sender %" PRIu32 ", %s (%s): %s%s%spolicy: %s, after entry %" PRIu64, entry->sender,
			entry->name, entry->org, options->rotate ? "the key in '" : "", options->rotate ? options->rotate : "",
			options->rotate ? "', " : "", words, entry->follows);
	return E_OK;
}

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

static enum error read_options(int argc, char **argv, struct endorse_options *out, struct fault *fault)
{
	static const struct option known[] = {{"log", required_argument, NULL, 'l'}, {"id", required_argument, NULL, 'i'},
		{"name", required_argument, NULL, 'n'}, {"org", required_argument, NULL, 'o'},
		{"key", required_argument, NULL, 'k'}, {"policy", required_argument, NULL, 'p'},
		{"endorsement", required_argument, NULL, 'e'}, {"follows", required_argument, NULL, 'f'},
		{"rotate", required_argument, NULL, 'r'}, {"revoke", no_argument, NULL, 'R'},
		{"compromised", no_argument, NULL, 'C'}, {"clear", no_argument, NULL, 'c'}, {NULL, 0, NULL, 0}};
	const char **const texts[] = {['l'] = &out->log,
		['i'] = &out->id,
		['n'] = &out->name,
		['o'] = &out->org,
		['k'] = &out->key,
		['e'] = &out->endorsement,
		['f'] = &out->follows,
		['r'] = &out->rotate};
	policy_default(&out->policy);
	for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
		if (option == '?' || (option == 'p' && policy_apply(&out->policy, optarg, fault) != E_OK))
			return E_USAGE;
		out->words |= option == 'p';
		out->revoke |= option == 'R';
		out->compromised |= option == 'C';
		out->clear |= option == 'c';
		if (option != 'p' && option != 'R' && option != 'C' && option != 'c')
			*texts[option] = optarg;
	}
	return optind == argc ? E_OK : E_USAGE;
}

/* What does not go together, said so that a person sees what is meant. */
static enum error check_options(const struct endorse_options *options, struct fault *fault)
{
	bool changes = options->rotate != NULL || options->revoke || options->clear;
	if (options->follows == NULL)
		return changes ? fault_set(fault, E_USAGE, "a change of what is registered wants --follows") : E_OK;
	if (options->log != NULL || options->id != NULL)
		return fault_set(fault, E_USAGE, "--log and --id are for a registration; here the key file has them");
	if ((options->rotate != NULL) + options->revoke > 1 || (options->words && options->clear) ||
		(options->revoke && (options->words || options->clear)) || (options->compromised && !options->revoke))
		return fault_set(fault, E_USAGE, "one thing at a time: --rotate, --revoke [--compromised], or a policy");
	if (options->rotate == NULL && !options->revoke && !options->words && !options->clear)
		return fault_set(fault, E_USAGE, "--rotate, --revoke, or the words of a policy (--clear: none) are missing");
	return E_OK;
}

static int run(int argc, char **argv)
{
	struct endorse_options options = {0};
	struct fault fault = {0};
	if (read_options(argc, argv, &options, &fault) != E_OK || check_options(&options, &fault) != E_OK)
		return command_usage(&command_sender_endorse, &fault);
	bool changes = options.follows != NULL;
	const char *const needed[][2] = {{changes ? "" : options.log, "--log"}, {changes ? "" : options.id, "--id"},
		{changes ? "" : options.name, "--name"}, {changes ? "" : options.org, "--org"}, {options.key, "--key"},
		{options.endorsement, "--endorsement"}};
	for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
		if (needed[i][0] == NULL)
			return command_lacks(&command_sender_endorse, needed[i][1]);
	enum error error = changes ? endorse_change(&options, &fault) : endorse_registration(&options, &fault);
	return command_end(&command_sender_endorse, error, &fault);
}

const struct command command_sender_endorse = {
	.name = "sender endorse",
	.arguments = "--log VKEY --id ID --name TEXT --org SCHEME:ID --key FILE --endorsement FILE [--policy WORD]...\n"
				 "       indsigt sender endorse --key FILE --follows INDEX --endorsement FILE\n"
				 "                              --policy WORD... | --clear | --rotate NEWKEY [--policy WORD]... |\n"
				 "                              --revoke [--compromised]",
	.summary = "signs a registration, or a change of it, where the key is",
	.text =
		"For an organisation that keeps its key to itself: needs no ledger. Hand the endorsement file to the ledger's\n"
		"operator; nothing in it is secret.\n"
		"\n"
		"A registration: the public key is printed, hand it over another way. The operator registers both with\n"
		"'indsigt sender add DIR --public KEY --endorsement FILE'.\n"
		"  --log VKEY          the ledger that the registration is for, as 'indsigt vkey' prints it there\n"
		"  --id ID             the sender's id there; the operator says which is free\n"
		"  --key FILE          the sender's key file; made if it is not there\n"
		"  --endorsement FILE  where what is signed goes; an existing file is left alone\n"
		"  --name, --org, --policy   as for 'indsigt sender add'\n"
		"\n"
		"A change, which the operator puts into the log with 'indsigt sender policy', 'rotate' or 'revoke' and\n"
		"'DIR --endorsement FILE'. It holds once, and only if nothing else was changed before it.\n"
		"  --follows INDEX     the log index of the sender's newest entry: 'entry' in /v1/coverage of the ledger, and\n"
		"                      in 'indsigt sender list'\n"
		"  --policy WORD       the whole new policy; --clear: one without words\n"
		"  --rotate NEWKEY     the file of the new key; made if it is not there. Say the words of the policy that is\n"
		"                      registered, which stays. Move NEWKEY to the place of FILE when the operator is done\n"
		"  --revoke            nothing more is taken from this sender, for ever; --compromised: somebody else may "
		"have\n"
		"                      had the key\n"
		"  --name, --org       as they are registered, where the key file has them not\n",
	.run = run,
};
