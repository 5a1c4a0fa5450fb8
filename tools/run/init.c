/* indsigt init: a new, empty ledger. */
#include "ledger/store/place.h"
#include "ledger/write/ledger.h"
#include "tools/command/command.h"
#include "tools/show/vkey_option.h"

struct init_options {
	const char *dir;
	const char *origin;
};
#define T struct init_options
static const struct option_row rows[] = {
	ARGUMENT(T, dir, "DIR"),
	OPTION_TEXT(T, origin, "origin", "NAME", .required = REQUIRED,
		.help = "the log's name, for ever: a host name with a path, such as log.example.org/access"),
};
#undef T

static int run(int argc, char **argv)
{
	struct init_options options;
	struct fault fault = {0};
	struct vkey vkey;
	if (!command_read(&command_init, argc, argv, &options))
		return EXIT_USAGE;
	enum error error = ledger_create(options.dir, options.origin, &fault);
	if (error == E_EXISTS)
		(void)fault_set(&fault, error,
			"'%s' is not an empty directory, and an existing ledger is never touched; choose another place",
			options.dir);
	if (error == E_OK)
		error = place_read_vkey(options.dir, &vkey, &fault);
	if (error == E_OK)
		vkey_print(&vkey);
	return command_end(&command_init, error, &fault);
}

const struct command command_init = {
	.options = {.name = "indsigt init",
		.summary = "makes keys and an empty ledger, prints the log's vkey",
		.text =
			"DIR must not exist, or be empty; an existing ledger is never touched. What was killed or failed half-way "
			"is\n"
			"made anew by the same command. DIR/keys holds the secret keys (0600), DIR/vkey the public one: whoever\n"
			"verifies anything needs it.\n",
		OPTION_ROWS(rows)},
	.run = run,
};
