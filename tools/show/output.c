/* Results that are files: written beside their name first and renamed (ledger/base/file.h), so that a file that is
 * there is whole, and an older one stays until the new one is on the disk. They are for their owner alone (0600), since
 * a proof names people.
 *
 * What fails: the directory is not there or may not be written, the disk is full; the old file is as it was then. On
 * standard output there is no such promise, and what could not be written is an error. */
#include "tools/show/output.h"

#include "ledger/base/file.h"
#include "ledger/base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* dirname and basename change what they are given, so each has a copy of its own. The directory is opened because it is
 * what a rename is synced in: below the working directory that would be another one. */
enum error output_file(const char *path, struct bytes text, unsigned mode, struct fault *fault)
{
	OWNED_MEMORY char *for_dir = strdup(path);
	OWNED_MEMORY char *for_name = strdup(path);
	if (for_dir == NULL || for_name == NULL)
		return fault_set(fault, E_NO_MEMORY, "");
	OWNED_FD dir_fd = open(dirname(for_dir), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		return fault_set(fault, E_IO, "%s cannot be written: %s", path, strerror(errno));
	return fault_because(
		fault, file_write_atomic(dir_fd, basename(for_name), text, mode), "%s cannot be written", path);
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
	if (json == NULL)
		return E_NO_MEMORY;
	int result = json_dumpf(json, out, JSON_COMPACT | JSON_ENCODE_ANY);
	json_decref(json);
	return result == 0 && putc('\n', out) != EOF ? E_OK : E_IO;
}
