/* A folder of static files, read into memory whole: what is served is what was there at one moment, and nothing that is
 * asked for reaches the disk. spec/page.md
 *
 * Names are what addresses may hold as they are, so an address either is a name or is nothing: there is nothing to
 * decode, and no way out of the folder. What begins with a dot is passed over; what is no plain file, or of a kind that
 * is not known, is refused by name. */
#pragma once

#include "ledger/base/bytes.h"
#include "ledger/base/own.h"

#define PAGE_FILES_MAX 256u
#define PAGE_BYTES_MAX (8u << 20) /* of all, as they are */
#define PAGE_NAME_BYTES_MAX 127u  /* with folders: "fonts/sans.woff2" */
#define PAGE_DEPTH_MAX 4u
#define PAGE_TAG_BYTES_MAX 40u

struct page_file {
	char name[PAGE_NAME_BYTES_MAX + 1];
	const char *type;                 /* its Content-Type */
	bool lasting;                     /* its name changes with its content */
	char tag[PAGE_TAG_BYTES_MAX + 1]; /* without quotes */
	uint8_t *plain;
	size_t plain_len;
	uint8_t *gzip; /* NULL: it does not get smaller */
	size_t gzip_len;
};

struct page_folder {
	size_t count;
	struct page_file files[PAGE_FILES_MAX];
};

/* E_NOT_FOUND, E_BAD_VALUE, E_TOO_LONG, E_IO, E_NO_MEMORY. */
enum error page_folder_read(const char *path, struct page_folder **out, struct fault *fault) MUST_USE;
void page_folder_free(struct page_folder *folder);
OWN(page_folder, page_folder_free);
/* One more, or another in place of one of this name; takes `text`. Its name is known to be good. E_TOO_LONG,
 * E_NO_MEMORY. */
enum error page_folder_add(struct page_folder *folder, const char *name, uint8_t *text, size_t len) MUST_USE;
/* By its whole name; NULL. */
const struct page_file *page_folder_find(const struct page_folder *folder, const char *name);
