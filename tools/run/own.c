/* indsigt own: whose a ledger's files are, and who may read what.
 *
 * With names it sets them, without it only looks. It is the way to two users for a ledger that is there already;
 * `init` and `serve` do the same with the same options. */
#include "tools/command/command.h"
#include "tools/run/owners.h"

struct own_options {
	const char *dir;
	const char *ingest, *query;
};
#define T struct own_options
static const struct option_row rows[] = {
	ARGUMENT(T, dir, "DIR"),
	OPTION_TEXT(T, ingest, "ingest-user", "NAME", .wants = "query-user",
		.help = "give everything that is written to the user that indsigt-ingestd runs as"),
	OPTION_TEXT(T, query, "query-user", "NAME", .wants = "ingest-user",
		.help = "let the group of the user that indsigt-queryd runs as read the store and the keys that open records"),
};

static enum error own(void *given, struct fault *fault)
{
	const struct own_options *options = given;
	struct owners owners;
	TRY(owners_find(options->ingest, options->query, &owners, fault));
	TRY(owners_set(options->dir, &owners, fault));
	return owners_print(options->dir, &owners, stdout, fault);
}

const struct command command_own = {
	.options = {.name = "indsigt own",
		.summary = "gives each daemon a user of its own, shows who may read what",
		.text =
			"Prints for each place in DIR whose it is, and what ingestd, queryd and anybody else may do with it. With "
			"two users, which must be there ('adduser --system --group NAME'), sets owners and modes first; that is "
			"for root, and can be done again at any time.\n"
			"Only ingestd's user may read keys/log, with which the log is signed. queryd's user may read the keys "
			"that open records, and write nothing but the table of readers (lock.mdb) and cosigned/.\n",
		OPTION_ROWS(rows)},
	.work = own,
	COMMAND_GIVEN(struct own_options, .dir = NULL),
};
