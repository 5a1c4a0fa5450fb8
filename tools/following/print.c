#include "tools/following/print.h"

#include "ledger/base/file.h"

struct print print_of(const struct print_key *key, struct bytes text, uint64_t end)
{
	size_t bytes = text.len < PRINT_BYTES ? text.len : PRINT_BYTES;
	uint64_t hash = bytes > 0 ? key->hash(key->context, bytes_of(text.data + text.len - bytes, bytes)) : 0;
	return (struct print){.end = end, .bytes = (uint32_t)bytes, .hash = hash};
}

enum error print_look(const struct print_key *key, const struct print *print, int fd)
{
	uint8_t text[PRINT_BYTES];
	if (print->bytes == 0)
		return E_OK;
	enum error error = file_read_at(fd, text, print->bytes, print->end - print->bytes);
	if (error == E_TRUNCATED)
		return E_NOT_FOUND;
	TRY(error);
	return key->hash(key->context, bytes_of(text, print->bytes)) == print->hash ? E_OK : E_NOT_FOUND;
}
