/* With what this ledger shows an issuer who asks about opaque tokens: client credentials (RFC 6749 section 2.3.1), from
 * a file of mode 0600: {"client_id": "...", "client_secret": "..."}. spec/identity.md */
#pragma once

#include "ledger/base/bytes.h"

#define CLIENT_FILE_BYTES_MAX 4096u
#define CLIENT_TEXT_BYTES_MAX 255u

/* "Authorization: Basic ...", in guarded memory, to be client_release'd. E_PERMISSION for a file that others may read,
 * E_BAD_JSON, E_BAD_VALUE, E_NOT_FOUND, E_IO, E_NO_MEMORY. */
enum error client_read(const char *path, char **authorization, struct fault *fault) MUST_USE;
void client_release(char **authorization);

/* What a file is called that issuers.json in `folder` names; false where that is too long. */
bool client_path(const char *folder, const char *name, size_t size, char *out);

/* The body of the question about a token (RFC 7662 section 2.1), to be wiped and freed; NULL: no memory. */
char *client_question(const char *token);
