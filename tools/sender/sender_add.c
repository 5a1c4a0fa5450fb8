/* indsigt sender add: how a sender comes into the ledger.
 *
 * The registration entry is signed by the sender's key over its id, so the key file (with the id that is next) is
 * written before the entry: whatever dies in between, no sender is ever registered whose key is lost, and the same
 * command goes on with the file that is there. An id that somebody else has taken meanwhile is replaced by the next. */
#include "ingest/spool/sender_key.h"
#include "ledger/store/place.h"
#include "tools/command/admin.h"
#include "tools/command/command.h"
#include "tools/sender/in_log.h"
#include "tools/sender/registration.h"
#include "tools/sender/sender_endorse.h"
#include "tools/sender/sender_words.h"

#include <inttypes.h>

#define ATTEMPTS 16 /* concurrent registrations that may be ahead of this one */

struct add_options {
	struct admin admin;
	const char *name;
	const char *org;
	const char *key;
	const char *public_key;
	const char *endorsement;
	struct terms_given given;
};

/* ---- with the key at hand ---- */

/* The id for the next attempt: the file's own if nobody has it, else the next that is free. An id that was chosen
 * before and belongs to nobody is kept, so that an attempt that was cut short goes on with the file that it wrote. The
 * same key under an id means that the work is done: to register it again would make two senders of one. */
static enum error choose_id(const struct add_options *options, struct sender_key *key, struct fault *fault)
{
	struct sender sender;
	enum error error = key->sender == 0 ? E_OK : admin_sender(options->admin.dir, key->sender, &sender, fault);
	if (error == E_UNKNOWN_SENDER)
		return E_OK;
	TRY(error);
	if (key->sender != 0 && memcmp(sender.public_key, key->public_key, 32) == 0)
		return fault_set(
			fault, E_EXISTS, "the key in '%s' is registered already, as sender %" PRIu32, options->key, key->sender);
	return admin_next_sender(options->admin.dir, &key->sender, fault);
}

/* Each attempt writes the file before it appends. After the last attempt the error says that ids are taken as fast as
 * they are chosen, which only a script in a loop brings about. */
static enum error add_own_key(
	const struct add_options *options, const struct vkey *log, uint32_t *id, struct fault *fault)
{
	OWNED(sender_key_wipe) struct sender_key key = {0};
	struct entry_sender entry;
	bool exists = false;
	TRY(registration_start(
		options->org, options->name, &options->given.policy, &options->given.mandate, &entry, fault));
	TRY(sender_key_take(options->key, log, &entry, &exists, &key, fault));
	memcpy(entry.public_key, key.public_key, sizeof entry.public_key);
	for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
		TRY(choose_id(options, &key, fault));
		TRY(sender_key_keep(options->key, &key, exists, fault));
		exists = true;
		entry.sender = key.sender;
		TRY(sender_key_endorse(&key, &entry));
		enum error error = admin_append_sender(&options->admin, &entry, fault);
		if (error == E_OK)
			*id = key.sender;
		if (error != E_EXISTS)
			return error;
	}
	return E_EXISTS;
}

/* ---- with the key elsewhere ---- */

/* The key is compared with what the operator was told over another way. The endorsement alone shows only that somebody
 * holds a key; that it is this organisation's is what the operator vouches for by typing it. */
static enum error add_endorsed(
	const struct add_options *options, const struct vkey *log, uint32_t *id, struct fault *fault)
{
	uint8_t key[32];
	uint32_t next = 0;
	bool there;
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
	TRY(in_log_look(options->admin.dir, &entry, &there, fault));
	if (there) {
		*id = entry.sender;
		return E_OK;
	}
	enum error error = admin_append_sender(&options->admin, &entry, fault);
	if (error == E_EXISTS && admin_next_sender(options->admin.dir, &next, NULL) == E_OK)
		return fault_set(fault, error,
			"sender id %" PRIu32 " is taken; %" PRIu32 " is free: have it endorsed with --id %" PRIu32, entry.sender,
			next, next);
	if (error == E_OK)
		*id = entry.sender;
	return error;
}

#define T struct add_options
#define SAID FORM(0)
#define ENDORSED FORM(1)
static const struct option_row rows[] = {
	ARGUMENT(T, admin.dir, "DIR"),
	OPTION_TEXT(T, public_key, "public", "KEY", .forms = ENDORSED, .required = REQUIRED,
		.help = "the key that the organisation says is theirs, over a way that you trust"),
	OPTION_TEXT(T, endorsement, "endorsement", "FILE", .forms = ENDORSED, .required = REQUIRED,
		.help = "what they signed with it"),
	OPTION_TEXT(T, name, "name", "TEXT", .required = SAID, .help = "the system or authority, as citizens see it"),
	OPTION_TEXT(T, org, "org", "SCHEME:ID", .required = SAID, .help = "its organisation, such as cvr:55133018"),
	OPTION_TEXT(
		T, key, "key", "FILE", .forms = SAID, .required = REQUIRED, .help = "the sender's key file (JSON, 0600)"),
	TERMS_ROWS(T, given, SAID),
	ADMIN_WITNESS_ROWS(T, admin),
};

static enum error add(void *given, struct fault *fault)
{
	struct add_options *options = given;
	struct vkey log;
	uint32_t id = 0;
	terms_settle(&options->given);
	TRY(place_read_vkey(options->admin.dir, &log, fault));
	TRY(options->key != NULL ? add_own_key(options, &log, &id, fault) : add_endorsed(options, &log, &id, fault));
	printf("%" PRIu32 "\n", id);
	return E_OK;
}

const struct command command_sender_add = {
	.options = {.name = "indsigt sender add",
		.summary = "registers a system that reports, prints its id",
		.text =
			"The registration stands in the log for everybody to see, signed by the sender's key. With --key the key "
			"file is made if it is not there: it holds all that 'indsigt send' needs. With --public and --endorsement "
			"the key stays with its organisation, which has signed the registration with 'indsigt sender endorse'.\n",
		OPTION_ROWS(rows)},
	.work = add,
	COMMAND_GIVEN(struct add_options, .name = NULL),
};
