#include "tools/page/ustar.h"

#include "ledger/base/grow.h"

#include <stdio.h>
#include <string.h>

#define BLOCK 512u

/* POSIX.1-1988, ustar interchange format. */
struct header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, linked[100], magic[6], version[2];
	char user[32], group[32], major[8], minor[8], prefix[155], left[12];
};
_Static_assert(sizeof(struct header) == BLOCK, "a header is a block");

static enum error add_zeroed(struct ustar *archive, size_t len, uint8_t **out)
{
	TRY(GROW(archive->data, archive->capacity, archive->len + len));
	*out = archive->data + archive->len;
	memset(*out, 0, len);
	archive->len += len;
	return E_OK;
}

/* The sum of all bytes, with blanks in its own place. */
static void set_checksum(struct header *header)
{
	const uint8_t *bytes = (const uint8_t *)header;
	unsigned sum = 0;
	memset(header->checksum, ' ', sizeof header->checksum);
	for (size_t i = 0; i < sizeof *header; i++)
		sum += bytes[i];
	snprintf(header->checksum, sizeof header->checksum, "%06o", sum);
}

enum error ustar_add(struct ustar *archive, const char *name, struct bytes content)
{
	struct header header = {.mode = "0000644", .uid = "0000000", .gid = "0000000", .mtime = "00000000000", .type = '0'};
	uint8_t *block;
	if (strlen(name) > USTAR_NAME_BYTES_MAX)
		return E_TOO_LONG;
	memcpy(header.name, name, strlen(name));
	snprintf(header.size, sizeof header.size, "%011zo", content.len);
	memcpy(header.magic, "ustar", 6);
	memcpy(header.version, "00", 2);
	memcpy(header.major, "0000000", 7);
	memcpy(header.minor, "0000000", 7);
	set_checksum(&header);
	TRY(add_zeroed(archive, BLOCK, &block));
	memcpy(block, &header, sizeof header);
	TRY(add_zeroed(archive, (content.len + BLOCK - 1) / BLOCK * BLOCK, &block));
	if (content.len > 0)
		memcpy(block, content.data, content.len);
	return E_OK;
}

enum error ustar_end(struct ustar *archive)
{
	uint8_t *blocks;
	return add_zeroed(archive, 2 * BLOCK, &blocks);
}
