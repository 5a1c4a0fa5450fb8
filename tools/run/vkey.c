/* indsigt vkey: the log's verification key. */
#include "ledger/store/place.h"
#include "tools/command/command.h"

#include <getopt.h>
#include <stdio.h>

static int run(int argc, char **argv)
{
	static const struct option known[] = {{NULL, 0, NULL, 0}};
	struct fault fault = {0};
	struct vkey vkey;
	char text[VKEY_TEXT_MAX + 1];
	if (getopt_long(argc, argv, "", known, NULL) != -1)
		return command_usage(&command_vkey, NULL);
	if (optind + 1 != argc)
		return command_lacks(&command_vkey, optind == argc ? "DIR" : NULL);
	enum error error = place_read_vkey(argv[optind], &vkey, &fault);
	if (error != E_OK)
		return command_end(&command_vkey, error, &fault);
	vkey_format(&vkey, text);
	puts(text);
	return EXIT_DONE;
}

const struct command command_vkey = {
	.name = "vkey",
	.arguments = "DIR",
	.summary = "prints the log's verification key",
	.text =
		"Everything that the ledger in DIR says is verified with this key. It is public: hand it to citizens, senders\n"
		"and auditors over a way that they trust.\n",
	.run = run,
};
