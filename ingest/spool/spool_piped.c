/* What came through pipes, told apart by runs.
 *
 * A pipe brings each message once, so equal ones of two runs are two accesses. But a run that was killed cannot say how
 * far it came, and whoever fed it begins at the first line again. Hence each run remembers what its pipes brought under
 * a salt of its own, which stands in the file `piped` until the run has come to its end; the next one takes up the salt
 * that is there. What was remembered under a salt that is gone is never met again, and ages like everything else. */
#include "ingest/spool/spool_state.h"
#include "ledger/base/file.h"

#include <sodium.h>

#define FILE_NAME "piped"

/* E_NOT_FOUND: no run was interrupted. Whatever else comes instead of a salt says nothing of that. */
static enum error read_salt(struct spool *spool)
{
	OWNED_MEMORY uint8_t *data = NULL;
	size_t len = 0;
	TRY(file_read_all(spool->dir_fd, FILE_NAME, sizeof spool->piped, &data, &len));
	if (len != sizeof spool->piped)
		return E_CORRUPT;
	memcpy(spool->piped, data, len);
	return E_OK;
}

enum error spool_piped_begin(struct spool *spool, bool fresh, bool *interrupted)
{
	if (!spool->piped_begun) {
		enum error error = fresh ? E_NOT_FOUND : read_salt(spool);
		if (error != E_OK && error != E_NOT_FOUND)
			return error;
		spool->piped_interrupted = error == E_OK;
		if (!spool->piped_interrupted)
			randombytes_buf(spool->piped, sizeof spool->piped);
		spool->piped_begun = true;
	}
	*interrupted = spool->piped_interrupted;
	return E_OK;
}

/* Once in a run, and before its first message: what is remembered under a salt that stands nowhere the next run
 * could not meet again. */
enum error spool_piped_note(struct spool *spool)
{
	if (spool->piped_interrupted || spool->piped_noted)
		return E_OK;
	TRY(file_write_atomic(spool->dir_fd, FILE_NAME, bytes_of(spool->piped, sizeof spool->piped), 0600));
	spool->piped_noted = true;
	return E_OK;
}

enum error spool_piped_end(struct spool *spool)
{
	if (!spool->piped_begun)
		return E_OK;
	spool->piped_begun = spool->piped_noted = false;
	return unlinkat(spool->dir_fd, FILE_NAME, 0) == 0 || errno == ENOENT ? E_OK : E_IO;
}

uint64_t spool_piped_hash(const struct spool *spool, struct bytes message)
{
	const struct bytes parts[3] = {BYTES_LITERAL("\0piped\0"), bytes_of(spool->piped, sizeof spool->piped), message};
	return spool_hash(spool, parts, 3);
}
