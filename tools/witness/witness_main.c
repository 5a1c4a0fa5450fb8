/* indsigt-witness: a C2SP witness for any logs.
 *
 * It runs beside no ledger and needs none; nothing in it could write one. The process holds a key, so nobody may look
 * into it (no core dumps, no debugger). The address is read before the lock is taken, so that a mistyped one disturbs
 * no witness that runs. */
#include "tools/command/command.h"
#include "tools/witness/server_witness.h"
#include "tools/witness/witness_command.h"

#include <sys/prctl.h>

static enum error init(void *given, struct fault *fault)
{
	const struct witness_options *options = given;
	struct vkey vkey;
	char text[VKEY_TEXT_MAX + 1];
	TRY(witness_create(options->dir, options->name, &vkey, fault));
	vkey_format(&vkey, text);
	puts(text);
	return E_OK;
}

static enum error add(void *given, struct fault *fault)
{
	const struct witness_options *options = given;
	struct vkey vkey;
	TRY(vkey_parse(bytes_text(options->vkey), &vkey));
	return witness_add_log(options->dir, &vkey, fault);
}

static enum error serve(void *given, struct fault *fault)
{
	const struct witness_options *options = given;
	OWNED(witness_release) struct witness *witness = NULL;
	OWNED(http_server_release) struct http_server *server = NULL;
	struct address address;
	TRY(address_parse(options->listen, &address, fault));
	TRY(tls_files_check(&options->tls, &address, fault));
	if (prctl(PR_SET_DUMPABLE, 0) != 0) /* no core dumps and no debugger: this process holds a key */
		return fault_set(fault, E_IO, "the process limits cannot be set: %m");
	TRY(witness_open(options->dir, &witness, fault));
	TRY(witness_server_new(&address, &options->tls, witness, &server, fault));
	printf("ready witness=%s logs=%zu\n", http_server_address(server), witness_log_count(witness));
	fflush(stdout);
	return http_server_run(server, fault);
}

int main(int argc, char **argv)
{
	static const struct program_command mine[] = {
		{&command_witness_init, init}, {&command_witness_add, add}, {&command_witness_serve, serve}};
	return program_main(mine, sizeof mine / sizeof mine[0], argc, argv);
}
