/* indsigt epoch: files everything now. */
#include "tools/admin.h"
#include "tools/command.h"

#include <getopt.h>

static int run(int argc, char **argv)
{
	static const struct option known[] = {{NULL, 0, NULL, 0}};
	struct fault fault = {0};
	if (getopt_long(argc, argv, "", known, NULL) != -1 || optind + 1 != argc)
		return command_usage(&command_epoch, NULL);
	return command_end(&command_epoch, admin_epoch(argv[optind], &fault), &fault);
}

const struct command command_epoch = {
	.name = "epoch",
	.arguments = "DIR",
	.summary = "asks for an epoch now",
	.text = "An epoch files what was received under the people it is about. A running ledger does that by itself every "
			"few\n"
			"seconds; this asks for it at once and returns when it is done.\n",
	.run = run,
};
