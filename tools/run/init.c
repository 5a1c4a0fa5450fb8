/* indsigt init: a new, empty ledger.
 *
 * The only command that makes keys of a ledger. What fails half-way leaves a directory that is marked as unfinished,
 * and the same command begins anew; a directory that is a ledger already is never touched, whatever state it is in. The
 * vkey is read back from the disk, so that what is handed out is what is there. */
#include "ledger/store/place.h"
#include "ledger/write/ledger.h"
#include "tools/command/command.h"
#include "tools/command/owners.h"
#include "tools/run/reporter.h"
#include "tools/show/vkey_option.h"

struct init_options {
	const char *dir;
	const char *origin;
	const char *ingest, *query;
	const char *operator, * operator_name;
};
#define T struct init_options
static const struct option_row rows[] = {
	ARGUMENT(T, dir, "DIR"),
	OPTION_TEXT(T, origin, "origin", "NAME", .required = REQUIRED,
		.help = "the log's name, for ever: a host name with a path, such as log.example.org/access"),
	OPTION_TEXT(T, ingest, "ingest-user", "NAME", .wants = "query-user",
		.help = "the user that indsigt-ingestd will run as, for root to set; see 'indsigt own'"),
	OPTION_TEXT(
		T, query, "query-user", "NAME", .wants = "ingest-user", .help = "the user that indsigt-queryd will run as"),
	OPTION_TEXT(T, operator, "operator", "SCHEME:ID", .wants = "operator-name",
		.help = "the organisation that runs the ledger, such as cvr:34051178: registers a sender of its own, which "
				"reports what is read of others ('indsigt serve' runs it). Without it, until one is registered, "
				"nobody but people about themselves is answered"),
	OPTION_TEXT(T, operator_name, "operator-name", "TEXT", .wants = "operator", .help = "its name, as people read it"),
};

static enum error init(void *given, struct fault *fault)
{
	const struct init_options *options = given;
	struct vkey vkey;
	struct owners owners;
	TRY(owners_find(options->ingest, options->query, &owners, fault));
	if (options->operator!= NULL) /* a ledger that is there could not be begun anew */
		TRY(reporter_check(options->operator, options->operator_name, fault));
	enum error error = ledger_create(options->dir, options->origin, fault);
	if (error == E_EXISTS)
		return fault_set(fault, error,
			"'%s' is not an empty directory, and an existing ledger is never touched; choose another place",
			options->dir);
	TRY(error);
	if (options->operator!= NULL)
		TRY(reporter_register(options->dir, options->operator, options->operator_name, fault));
	TRY(owners_set(options->dir, &owners, fault));
	TRY(place_read_vkey(options->dir, &vkey, fault));
	vkey_print(&vkey);
	return E_OK;
}

const struct command command_init = {
	.options = {.name = "indsigt init",
		.summary = "makes keys and an empty ledger, prints the log's vkey",
		.text = "DIR must not exist, or be empty; an existing ledger is never touched. What was killed or failed "
				"half-way is made anew by the same command. DIR/keys holds the secret keys (0600), DIR/vkey the public "
				"one: whoever verifies anything needs it. DIR/reads is of the sender that reports what is read here.\n",
		OPTION_ROWS(rows)},
	.work = init,
	COMMAND_GIVEN(struct init_options, .dir = NULL),
};
