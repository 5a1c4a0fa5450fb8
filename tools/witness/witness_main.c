/* indsigt-witness: a C2SP witness for any logs. */
#include "ledger/base/own.h"
#include "tools/command/command.h"
#include "tools/witness/server_witness.h"
#include "tools/witness/witness.h"
#include "tools/witness/witness_command.h"

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

static int run_init(int argc, char **argv)
{
	struct witness_options options = {.dir = NULL};
	struct fault fault = {0};
	struct vkey vkey;
	char text[VKEY_TEXT_MAX + 1];
	if (!command_read(&command_witness_init, argc, argv, &options))
		return EXIT_USAGE;
	enum error error = witness_create(options.dir, options.name, &vkey, &fault);
	if (error != E_OK)
		return command_end(&command_witness_init, error, &fault);
	vkey_format(&vkey, text);
	puts(text);
	return EXIT_DONE;
}

static int run_add(int argc, char **argv)
{
	struct witness_options options = {.dir = NULL};
	struct fault fault = {0};
	struct vkey vkey;
	if (!command_read(&command_witness_add, argc, argv, &options))
		return EXIT_USAGE;
	enum error error = vkey_parse(bytes_text(options.vkey), &vkey);
	if (error == E_OK)
		error = witness_add_log(options.dir, &vkey, &fault);
	return command_end(&command_witness_add, error, &fault);
}

static enum error serve(const char *dir, const char *listen, struct fault *fault)
{
	OWNED(witness_release) struct witness *witness = NULL;
	OWNED(witness_server_release) struct witness_server *server = NULL;
	struct address address;
	TRY(address_parse(listen, &address, fault));
	if (prctl(PR_SET_DUMPABLE, 0) != 0) /* no core dumps and no debugger: this process holds a key */
		return fault_set(fault, E_IO, "the process limits cannot be set: %m");
	TRY(witness_open(dir, &witness, fault));
	TRY(witness_server_new(&address, witness, &server, fault));
	printf("ready witness=%s logs=%zu\n", witness_server_address(server), witness_log_count(witness));
	fflush(stdout);
	return witness_server_run(server, fault);
}

static int run_serve(int argc, char **argv)
{
	struct witness_options options = {.listen = WITNESS_LISTEN_DEFAULT};
	struct fault fault = {0};
	if (!command_read(&command_witness_serve, argc, argv, &options))
		return EXIT_USAGE;
	return command_end(&command_witness_serve, serve(options.dir, options.listen, &fault), &fault);
}

int main(int argc, char **argv)
{
	static const struct program_command mine[] = {
		{&command_witness_init, run_init}, {&command_witness_add, run_add}, {&command_witness_serve, run_serve}};
	return program_main(mine, sizeof mine / sizeof mine[0], argc, argv);
}
