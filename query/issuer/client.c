/* Id and secret are form-encoded before they are joined by a colon, which they may therefore hold (RFC 6749 section
 * 2.3.1; much software forgets it). Every copy that is made on the way is wiped. */
#include "query/issuer/client.h"

#include "ledger/base/file.h"
#include "ledger/base/own.h"
#include "ledger/json/json_text.h"
#include "ledger/text/base64.h"
#include "query/claims/strict.h"

#include <fcntl.h>
#include <libgen.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>

#define ENCODED_BYTES_MAX (3 * CLIENT_TEXT_BYTES_MAX)
#define FRONT "Authorization: Basic "

/* Appends what is not unreserved as %XX; gives the end. */
static char *form_encode(const char *text, char *out)
{
	static const char hex[] = "0123456789ABCDEF";
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;
		if ((c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || strchr("-._~", c) != NULL) {
			*out++ = (char)c;
			continue;
		}
		*out++ = '%';
		*out++ = hex[c >> 4];
		*out++ = hex[c & 15];
	}
	*out = '\0';
	return out;
}

static enum error make(const char *id, const char *secret, char **out)
{
	char pair[2 * ENCODED_BYTES_MAX + 2];
	char *end = form_encode(id, pair);
	*end++ = ':';
	size_t len = (size_t)(form_encode(secret, end) - pair);
	char *header = sodium_malloc(sizeof FRONT + BASE64_BYTES(len));
	if (header != NULL)
		*base64_encode(bytes_of(pair, len), stpcpy(header, FRONT)) = '\0';
	sodium_memzero(pair, sizeof pair);
	*out = header;
	return allocated(header);
}

/* A ledger whose daemons have users of their own: its group is queryd's, on purpose. */
static bool in_shared(const char *path)
{
	char folder[PATH_BYTES_MAX];
	struct stat info;
	snprintf(folder, sizeof folder, "%s", path);
	return stat(dirname(folder), &info) == 0 && file_is_shared(info.st_mode);
}

/* The mode before the content: what others could read is no secret any more. */
static enum error read_file(const char *path, struct own_secret *out, struct fault *fault)
{
	struct stat info;
	if (stat(path, &info) != 0)
		return fault_set(
			fault, errno == ENOENT ? E_NOT_FOUND : E_IO, "the client's file '%s' cannot be opened: %m", path);
	if ((info.st_mode & (in_shared(path) ? 037 : 077)) != 0)
		return fault_set(
			fault, E_PERMISSION, "the client's file '%s' can be read by others; set its mode to 0600", path);
	if (access(path, R_OK) != 0)
		return fault_set(fault, E_IO,
			"the client's file '%s' cannot be read: %m; where queryd has a user of its own it stands in the ledger's "
			"directory, and 'indsigt own' lets that user's group read it",
			path);
	return fault_because(fault, file_read_all(AT_FDCWD, path, CLIENT_FILE_BYTES_MAX, &out->data, &out->len),
		"the client's file '%s'", path);
}

enum error client_read(const char *path, char **authorization, struct fault *fault)
{
	static const char *const known[] = {"client_id", "client_secret", NULL};
	static const char where[] = "the client's file";
	const char *id = NULL, *secret = NULL;
	OWNED_SECRET content = {NULL, 0};
	json_auto_t *json = NULL;
	TRY(read_file(path, &content, fault));
	TRY(json_text_parse(bytes_of(content.data, content.len), &json, fault));
	TRY(strict_object(json, where, known, fault));
	TRY(strict_text(json, where, "client_id", CLIENT_TEXT_BYTES_MAX, &id, fault));
	TRY(strict_text(json, where, "client_secret", CLIENT_TEXT_BYTES_MAX, &secret, fault));
	TRY(strict_needed(id, where, "client_id", fault));
	TRY(strict_needed(secret, where, "client_secret", fault));
	enum error error = make(id, secret, authorization);
	sodium_memzero((char *)secret, strlen(secret)); /* jansson's copy, which is freed now */
	return fault_set(fault, error, "");
}

void client_release(char **authorization)
{
	sodium_free(*authorization);
	*authorization = NULL;
}

bool client_path(const char *folder, const char *name, size_t size, char *out)
{
	int len = name[0] == '/' ? snprintf(out, size, "%s", name) : snprintf(out, size, "%s/%s", folder, name);
	return len >= 0 && (size_t)len < size;
}

char *client_question(const char *token)
{
	static const char front[] = "token=", back[] = "&token_type_hint=access_token";
	char *body = malloc(sizeof front + 3 * strlen(token) + sizeof back);
	if (body != NULL)
		strcpy(form_encode(token, stpcpy(body, front)), back);
	return body;
}
