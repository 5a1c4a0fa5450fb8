#include "ingest/spool/sender_key.h"

#include "ledger/base/file.h"
#include "ledger/base/own.h"
#include "ledger/json/json_read.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SENDER_KEY_FILE_MAX 8192 /* origin, vkey, org and name at their limits, escaped */
#define SEED_TEXT_MAX sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_ORIGINAL)

void sender_key_generate(struct sender_key *key)
{
	crypto_sign_keypair(key->public_key, key->secret_key);
}

void sender_key_wipe(struct sender_key *key)
{
	sodium_memzero(key, sizeof *key);
}

/* ---- reading ---- */

static enum error read_text(const json_t *json, const char *member, bool required, char *out, size_t max)
{
	const json_t *value = json_object_get(json, member);
	if (value == NULL && !required) {
		out[0] = '\0';
		return E_OK;
	}
	size_t len = json_string_length(value);
	if (!json_is_string(value) || len > max || (required && len == 0))
		return E_BAD_KEY;
	memcpy(out, json_string_value(value), len + 1);
	return E_OK;
}

static enum error read_seed(const json_t *json, struct sender_key *key)
{
	const json_t *value = json_object_get(json, "seed");
	uint8_t seed[32];
	size_t len = 0;
	if (!json_is_string(value) ||
		sodium_base642bin(seed, sizeof seed, json_string_value(value), json_string_length(value), NULL, &len, NULL,
			sodium_base64_VARIANT_ORIGINAL) != 0 ||
		len != sizeof seed) {
		sodium_memzero(seed, sizeof seed);
		return E_BAD_KEY;
	}
	crypto_sign_seed_keypair(key->public_key, key->secret_key, seed);
	sodium_memzero(seed, sizeof seed);
	return E_OK;
}

static enum error read_members(json_t *json, struct sender_key *key, const char **member)
{
	static const char *const known[] = {"origin", "log", "sender", "org", "name", "seed"};
	json_t *value;
	json_object_foreach(json, *member, value)
	{
		bool found = false;
		for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
			found = found || strcmp(*member, known[i]) == 0;
		if (!found)
			return E_BAD_KEY;
	}
	char origin[ORIGIN_BYTES_MAX + 1];
	char log[VKEY_TEXT_MAX + 1];
	TRY(read_text(json, *member = "origin", true, origin, sizeof origin - 1));
	TRY(read_text(json, *member = "log", true, log, sizeof log - 1));
	TRY(vkey_parse(bytes_text(log), &key->log));
	if (strcmp(key->log.name, origin) != 0 || key->log.type != NOTE_KEY_ED25519)
		return E_BAD_KEY;
	TRY(read_text(json, *member = "org", false, key->org, sizeof key->org - 1));
	TRY(read_text(json, *member = "name", false, key->name, sizeof key->name - 1));
	const json_t *id = json_object_get(json, *member = "sender");
	if (!json_is_integer(id) || json_integer_value(id) < 0 || json_integer_value(id) > UINT32_MAX)
		return E_BAD_KEY;
	key->sender = (uint32_t)json_integer_value(id);
	*member = "seed";
	return read_seed(json, key);
}

static enum error parse(const char *path, const char *text, size_t len, struct sender_key *out, struct fault *fault)
{
	json_auto_t *json = NULL;
	if (json_read(bytes_of(text, len), JSON_REJECT_DUPLICATES, NULL, &json) == E_NO_MEMORY)
		return fault_set(fault, E_NO_MEMORY, "");
	if (!json_is_object(json))
		return fault_set(fault, E_BAD_KEY, "key file '%s' is not a JSON object", path);
	OWNED(sender_key_wipe) struct sender_key key = {0};
	const char *member = "";
	if (read_members(json, &key, &member) != E_OK)
		return fault_set(fault, E_BAD_KEY, "key file '%s': member \"%.64s\" is missing, unknown or malformed", path,
			member != NULL ? member : "");
	*out = key;
	return E_OK;
}

enum error sender_key_read(const char *path, struct sender_key *out, struct fault *fault)
{
	OWNED_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		enum error error = errno == ENOENT ? E_NOT_FOUND : errno == EACCES ? E_PERMISSION : E_IO;
		return fault_set(fault, error, "key file '%s' cannot be opened: %s", path, strerror(errno));
	}
	struct stat info;
	if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
		return fault_set(fault, E_IO, "key file '%s' is not a regular file", path);
	if ((info.st_mode & 077) != 0)
		return fault_set(fault, E_PERMISSION, "key file '%s': %s", path, error_text(E_PERMISSION));
	char text[SENDER_KEY_FILE_MAX + 1];
	size_t len = 0;
	ssize_t n = 0;
	while (len < sizeof text && (n = read(fd, text + len, sizeof text - len)) > 0)
		len += (size_t)n;
	enum error error = E_OK;
	if (n < 0)
		error = fault_set(fault, E_IO, "key file '%s' cannot be read: %s", path, strerror(errno));
	else if (len > SENDER_KEY_FILE_MAX)
		error = fault_set(fault, E_BAD_KEY, "key file '%s' is longer than %d bytes", path, SENDER_KEY_FILE_MAX);
	else
		error = parse(path, text, len, out, fault);
	sodium_memzero(text, sizeof text);
	return error;
}

/* ---- writing ---- */

static json_t *to_json(const struct sender_key *key)
{
	char log[VKEY_TEXT_MAX + 1];
	char seed[SEED_TEXT_MAX];
	vkey_format(&key->log, log);
	sodium_bin2base64(seed, sizeof seed, key->secret_key, 32, sodium_base64_VARIANT_ORIGINAL);
	json_t *json = json_pack("{s:s, s:s, s:I}", "origin", key->log.name, "log", log, "sender", (json_int_t)key->sender);
	bool good = json != NULL;
	if (key->org[0] != '\0')
		good = good && json_object_set_new(json, "org", json_string(key->org)) == 0;
	if (key->name[0] != '\0')
		good = good && json_object_set_new(json, "name", json_string(key->name)) == 0;
	good = good && json_object_set_new(json, "seed", json_string(seed)) == 0;
	sodium_memzero(seed, sizeof seed);
	if (good)
		return json;
	json_decref(json);
	return NULL;
}

/* Splits a path so that the directory can be synced after the rename. */
static enum error open_parent(const char *path, int *dir_fd, const char **name)
{
	const char *slash = strrchr(path, '/');
	*name = slash == NULL ? path : slash + 1;
	char dir[PATH_MAX] = ".";
	if (slash != NULL) {
		size_t len = slash == path ? 1 : (size_t)(slash - path);
		if (len >= sizeof dir)
			return E_TOO_LONG;
		memcpy(dir, path, len);
		dir[len] = '\0';
	}
	if (**name == '\0')
		return E_IO;
	*dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *dir_fd >= 0 ? E_OK : E_IO;
}

static enum error write_file(const char *path, const char *text, bool replace)
{
	OWNED_FD dir_fd = -1;
	const char *name = NULL;
	TRY(open_parent(path, &dir_fd, &name));
	if (!replace && faccessat(dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return E_EXISTS;
	return file_write_atomic(dir_fd, name, bytes_text(text), 0600);
}

enum error sender_key_write(const char *path, const struct sender_key *key, bool replace, struct fault *fault)
{
	json_auto_t *json = to_json(key);
	char text[SENDER_KEY_FILE_MAX + 1];
	size_t len = json == NULL ? 0 : json_dumpb(json, text, sizeof text - 2, JSON_INDENT(2));
	enum error error = E_NO_MEMORY;
	if (len > 0 && len <= sizeof text - 2) {
		text[len] = '\n';
		text[len + 1] = '\0';
		error = write_file(path, text, replace);
	}
	sodium_memzero(text, sizeof text);
	if (error != E_OK)
		return fault_set(fault, error, "key file '%s' cannot be written: %s", path, error_reason(error));
	return E_OK;
}

/* ---- endorsement ---- */

static enum error sign(const struct sender_key *key, const struct entry_sender *entry, uint8_t out[64])
{
	uint8_t buffer[2048];
	struct writer w = writer_of(buffer, sizeof buffer);
	struct bytes message;
	TRY(sender_message(key->log.name, entry, &w));
	TRY(writer_done(&w, &message));
	crypto_sign_detached(out, NULL, message.data, message.len, key->secret_key);
	return E_OK;
}

enum error sender_key_endorse(const struct sender_key *key, struct entry_sender *entry)
{
	if (memcmp(key->public_key, entry->public_key, sizeof key->public_key) != 0)
		return E_BAD_KEY;
	return sign(key, entry, entry->signature);
}

enum error sender_key_endorse_old(const struct sender_key *old_key, struct entry_sender *entry)
{
	return sign(old_key, entry, entry->old_signature);
}
