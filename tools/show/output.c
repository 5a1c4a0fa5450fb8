/* Results that are files: written beside their name first and renamed (ledger/base/file.h), so that a file that is
 * there is whole, and an older one stays until the new one is on the disk. They are for their owner alone (0600), since
 * a proof names people.
 *
 * What fails: the directory is not there or may not be written, the disk is full; the old file is as it was then. On
 * standard output there is no such promise, and what could not be written is an error. */
#include "tools/show/output.h"

#include "ledger/base/file.h"

#include <fcntl.h>
#include <string.h>

enum error output_file(const char *path, struct bytes text, unsigned mode, struct fault *fault)
{
	return fault_because(fault, file_write_atomic(AT_FDCWD, path, text, mode), "%s cannot be written", path);
}

enum error output_write(const char *output, struct bytes text, struct fault *fault)
{
	if (strcmp(output, "-") == 0) {
		fwrite(text.data, 1, text.len, stdout);
		return putchar('\n') != EOF && fflush(stdout) == 0 ? E_OK : fault_set(fault, E_IO, "it cannot be written: %m");
	}
	return output_file(output, text, 0600, fault);
}

/* Takes the value over so that it can be called on what a json_pack gives: there NULL is no memory, and half a line is
 * never written for it. */
enum error output_json(json_t *json, FILE *out)
{
	TRY(allocated(json));
	int result = json_dumpf(json, out, JSON_COMPACT | JSON_ENCODE_ANY);
	json_decref(json);
	return result == 0 && putc('\n', out) != EOF ? E_OK : E_IO;
}
