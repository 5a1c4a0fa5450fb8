/* indsigt-gateway: doors for systems that report as they are.
 *
 * A program of its own: it reads what strangers send, and has a sender's key; of a ledger it has nothing
 * (tests/linkage.py). */
#include "tools/gateway/gateway.h"

static enum error run(void *given, struct fault *fault)
{
	return gateway_run(given, fault);
}

int main(int argc, char **argv)
{
	static const struct program_command mine[] = {{&command_gateway, run}};
	return program_main(mine, sizeof mine / sizeof mine[0], argc, argv);
}
