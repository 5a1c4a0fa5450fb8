/* A directory is a ledger if no `init` is unfinished in it and it has a public key. The mark of an `init` is looked at
 * first, because the key is written before that ends. A key file that the disk does not give is no verdict (E_IO):
 * whoever asks would else take a ledger for none. */
#include "ledger/store/place.h"

#include "ledger/base/file.h"

#include <fcntl.h>

int place_open(const char *dir)
{
	return open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

enum error place_read_vkey(const char *dir, struct vkey *out, struct fault *fault)
{
	OWNED_MEMORY uint8_t *text = NULL;
	size_t len = 0;
	OWNED_FD dir_fd = place_open(dir);
	if (dir_fd < 0)
		return fault_set(fault, E_NOT_FOUND, "%s is not a ledger: %s%s", dir, strerror(errno),
			strchr(dir, ':') != NULL ? "; an address begins with http://" : "");
	if (faccessat(dir_fd, PLACE_UNFINISHED, F_OK, 0) == 0)
		return fault_set(
			fault, E_NOT_FOUND, "%s is no ledger yet: 'indsigt init' was not finished there; run it again", dir);
	enum error error = file_read_all(dir_fd, "vkey", VKEY_TEXT_MAX + 1, &text, &len);
	if (error == E_IO || error == E_NO_MEMORY)
		return fault_because(fault, error, "%s/vkey cannot be read", dir);
	TRY(fault_set(fault, error, "%s is not a ledger: it has no readable file 'vkey' (%s)", dir, error_reason(error)));
	error = len > 0 && text[len - 1] == '\n' ? vkey_parse(bytes_of(text, len - 1), out) : E_BAD_KEY;
	return fault_because(fault, error, "%s/vkey", dir);
}
