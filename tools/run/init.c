/* indsigt init: a new, empty ledger. */
#include "ledger/store/place.h"
#include "ledger/write/ledger.h"
#include "tools/command/command.h"

#include <getopt.h>
#include <stdio.h>

static int run(int argc, char **argv)
{
	static const struct option known[] = {{"origin", required_argument, NULL, 'o'}, {NULL, 0, NULL, 0}};
	struct fault fault = {0};
	struct vkey vkey;
	char text[VKEY_TEXT_MAX + 1];
	const char *origin = NULL;
	for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
		if (option != 'o')
			return command_usage(&command_init, NULL);
		origin = optarg;
	}
	if (optind + 1 != argc || origin == NULL)
		return command_lacks(&command_init, optind >= argc ? "DIR" : origin == NULL ? "--origin" : NULL);
	enum error error = ledger_create(argv[optind], origin, &fault);
	if (error == E_EXISTS)
		(void)fault_set(&fault, error,
			"'%s' is not an empty directory, and an existing ledger is never touched; choose another place",
			argv[optind]);
	if (error == E_OK)
		error = place_read_vkey(argv[optind], &vkey, &fault);
	if (error != E_OK)
		return command_end(&command_init, error, &fault);
	vkey_format(&vkey, text);
	puts(text);
	return EXIT_DONE;
}

const struct command command_init = {
	.name = "init",
	.arguments = "DIR --origin NAME",
	.summary = "makes keys and an empty ledger, prints the log's vkey",
	.text =
		"DIR must not exist, or be empty; an existing ledger is never touched. What was killed or failed half-way is "
		"made\n"
		"anew by the same command. DIR/keys holds the secret keys (0600), DIR/vkey the public one: whoever verifies\n"
		"anything needs it.\n"
		"\n"
		"  --origin NAME  the log's name, for ever: a host name with a path, such as log.example.org/access\n",
	.run = run,
};
