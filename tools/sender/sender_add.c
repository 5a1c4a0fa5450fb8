/* indsigt sender add: how a sender comes into the ledger.
 *
 * The registration entry is signed by the sender's key over its id, so the key file (with the id that is next) is
 * written before the entry: whatever dies in between, no sender is ever registered whose key is lost, and the same
 * command goes on with the file that is there. An id that somebody else has taken meanwhile is replaced by the next. */
#include "ingest/spool/sender_key.h"
#include "ledger/base/own.h"
#include "ledger/store/place.h"
#include "tools/command/admin.h"
#include "tools/command/command.h"
#include "tools/sender/registration.h"
#include "tools/sender/sender_endorse.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ATTEMPTS 16 /* concurrent registrations that may be ahead of this one */

struct add_options {
	const char *dir;
	const char *name;
	const char *org;
	const char *key;
	const char *public_key;
	const char *endorsement;
	struct policy policy;
	bool policy_given;
};

static enum error read_options(
	int argc, char **argv, const struct option *known, struct add_options *out, struct fault *fault)
{
	const char **const texts[] = {
		['n'] = &out->name, ['o'] = &out->org, ['k'] = &out->key, ['u'] = &out->public_key, ['e'] = &out->endorsement};
	policy_default(&out->policy);
	for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
		if (option == '?')
			return E_USAGE;
		if (option == 0)
			continue;
		if (option == 'p') {
			out->policy_given = true;
			if (policy_apply(&out->policy, optarg, fault) != E_OK)
				return E_USAGE;
		} else {
			*texts[option] = optarg;
		}
	}
	return E_OK;
}

/* ---- with the key at hand ---- */

/* The id for the next attempt: the file's own if nobody has it, else the next that is free. */
static enum error choose_id(const struct add_options *options, struct sender_key *key, struct fault *fault)
{
	struct sender sender;
	enum error error = key->sender == 0 ? E_OK : admin_sender(options->dir, key->sender, &sender, fault);
	if (error == E_UNKNOWN_SENDER)
		return E_OK;
	TRY(error);
	if (key->sender != 0 && memcmp(sender.public_key, key->public_key, 32) == 0)
		return fault_set(
			fault, E_EXISTS, "the key in '%s' is registered already, as sender %" PRIu32, options->key, key->sender);
	return admin_next_sender(options->dir, &key->sender, fault);
}

static enum error add_own_key(
	const struct add_options *options, const struct vkey *log, uint32_t *id, struct fault *fault)
{
	OWNED(sender_key_wipe) struct sender_key key = {0};
	struct entry_sender entry;
	bool exists = false;
	TRY(registration_start(options->org, options->name, &options->policy, &entry, fault));
	TRY(sender_key_take(options->key, log, &entry, &exists, &key, fault));
	memcpy(entry.public_key, key.public_key, sizeof entry.public_key);
	for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
		TRY(choose_id(options, &key, fault));
		TRY(sender_key_write(options->key, &key, exists, fault));
		exists = true;
		entry.sender = key.sender;
		TRY(sender_key_endorse(&key, &entry));
		enum error error = admin_append_sender(options->dir, &entry, fault);
		if (error == E_OK)
			*id = key.sender;
		if (error != E_EXISTS)
			return error;
	}
	return E_EXISTS;
}

/* ---- with the key elsewhere ---- */

static enum error add_endorsed(
	const struct add_options *options, const struct vkey *log, uint32_t *id, struct fault *fault)
{
	uint8_t key[32];
	uint32_t next = 0;
	struct entry_sender entry;
	if (public_key_parse(options->public_key, key) != E_OK)
		return fault_set(fault, E_USAGE, "--public is a key as 'indsigt sender endorse' prints it");
	TRY(endorsement_read(options->endorsement, log, &entry, fault));
	if (entry.action != SENDER_REGISTER)
		return fault_set(
			fault, E_BAD_VALUE, "'%s' is for '%s'", options->endorsement, endorsement_command(entry.action));
	if (memcmp(entry.public_key, key, sizeof key) != 0)
		return fault_set(
			fault, E_BAD_KEY, "the endorsement is by another key than --public; ask its sender which is right");
	if ((options->org && strcmp(options->org, entry.org) != 0) ||
		(options->name && strcmp(options->name, entry.name) != 0))
		return fault_set(fault, E_BAD_VALUE, "the endorsement names another organisation or name than --org or --name");
	enum error error = admin_append_sender(options->dir, &entry, fault);
	if (error == E_EXISTS && admin_next_sender(options->dir, &next, NULL) == E_OK)
		return fault_set(fault, error,
			"sender id %" PRIu32 " is taken; %" PRIu32 " is free: have it endorsed with --id %" PRIu32, entry.sender,
			next, next);
	if (error == E_OK)
		*id = entry.sender;
	return error;
}

static int run_add(int argc, char **argv)
{
	static const struct option known[] = {
		{"name", required_argument, NULL, 'n'},
		{"org", required_argument, NULL, 'o'},
		{"key", required_argument, NULL, 'k'},
		{"policy", required_argument, NULL, 'p'},
		{"public", required_argument, NULL, 'u'},
		{"endorsement", required_argument, NULL, 'e'},
		ADMIN_WITHOUT_WITNESSES,
		{NULL, 0, NULL, 0},
	};
	struct add_options options = {0};
	struct fault fault = {0};
	struct vkey log;
	uint32_t id = 0;
	if (read_options(argc, argv, known, &options, &fault) != E_OK || optind + 1 != argc)
		return command_usage(&command_sender_add, &fault);
	bool own = options.key && options.name && options.org && !options.public_key && !options.endorsement;
	bool elsewhere = options.public_key && options.endorsement && !options.key && !options.policy_given;
	if (!own && !elsewhere)
		return command_lacks(&command_sender_add, options.public_key && !options.endorsement   ? "--endorsement"
												  : options.endorsement && !options.public_key ? "--public"
												  : options.public_key                         ? NULL
												  : !options.name                              ? "--name"
												  : !options.org                               ? "--org"
																							   : "--key");
	options.dir = argv[optind];
	enum error error = place_read_vkey(options.dir, &log, &fault);
	if (error == E_OK)
		error = own ? add_own_key(&options, &log, &id, &fault) : add_endorsed(&options, &log, &id, &fault);
	if (error == E_OK)
		printf("%" PRIu32 "\n", id);
	return command_end(&command_sender_add, error, &fault);
}

const struct command command_sender_add = {
	.name = "sender add",
	.arguments = "DIR --name TEXT --org SCHEME:ID --key FILE [--policy WORD]...\n"
				 "       indsigt sender add DIR --public KEY --endorsement FILE [--name TEXT] [--org SCHEME:ID]",
	.summary = "registers a system that reports, prints its id",
	.text =
		"The registration stands in the log for everybody to see, signed by the sender's key. With --key the key file\n"
		"is made if it is not there: it holds all that 'indsigt send' needs. With --public and --endorsement the key\n"
		"stays with its organisation, which has signed the registration with 'indsigt sender endorse'.\n"
		"\n"
		"  --name TEXT         the system or authority, as citizens see it\n"
		"  --org SCHEME:ID     its organisation, such as cvr:55133018\n"
		"  --key FILE          the sender's key file (JSON, 0600)\n"
		"  --policy WORD       open=FIELD or close=FIELD: shown to, or kept back from, the person; purpose=TEXT: "
		"stands\n"
		"                      in for a missing purpose; purpose-required: FHIR and DICOM messages without one are\n"
		"                      refused; withhold: may report events that the person sees only later\n"
		"  --public KEY        the key that the organisation says is theirs, over a way that you trust\n"
		"  --endorsement FILE  what they signed with it\n" ADMIN_WITHOUT_WITNESSES_HELP,
	.run = run_add,
};
