/* indsigt vkey: the log's verification key. */
#include "ledger/store/place.h"
#include "tools/command/command.h"
#include "tools/show/vkey_option.h"

struct vkey_options {
	const char *dir;
};
static const struct option_row rows[] = {ARGUMENT(struct vkey_options, dir, "DIR")};

static int run(int argc, char **argv)
{
	struct vkey_options options;
	struct fault fault = {0};
	struct vkey vkey;
	if (!command_read(&command_vkey, argc, argv, &options))
		return EXIT_USAGE;
	enum error error = place_read_vkey(options.dir, &vkey, &fault);
	if (error == E_OK)
		vkey_print(&vkey);
	return command_end(&command_vkey, error, &fault);
}

const struct command command_vkey = {
	.options = {.name = "indsigt vkey",
		.summary = "prints the log's verification key",
		.text = "Everything that the ledger in DIR says is verified with this key. It is public: hand it to citizens, "
				"senders\n"
				"and auditors over a way that they trust.\n",
		OPTION_ROWS(rows)},
	.run = run,
};
