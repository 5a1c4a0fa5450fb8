/* That it is a regular file which nobody else may read is looked at before it is read, its length before it is parsed.
 * The fault names the path and the system's reason, never a piece of the content. The text is wiped after reading and
 * after writing, and so is what jansson holds of it meanwhile, when it is freed (process/wiping.c). */
#include "ledger/keys/key_json.h"

#include "ledger/base/file.h"
#include "ledger/base/own.h"
#include "ledger/json/json_read.h"

#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <sys/stat.h>

_Static_assert(KEY_SEED_TEXT_MAX == sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_ORIGINAL), "a seed in base64");

/* ---- reading ---- */

static enum error open_file(const char *path, int *out, struct fault *fault)
{
	struct stat info;
	*out = open(path, O_RDONLY | O_CLOEXEC);
	if (*out < 0) {
		return fault_set(fault,
			errno == ENOENT   ? E_NOT_FOUND
			: errno == EACCES ? E_PERMISSION
							  : E_IO,
			"key file '%s' cannot be opened: %m", path);
	}
	if (fstat(*out, &info) != 0 || !S_ISREG(info.st_mode))
		return fault_set(fault, E_IO, "key file '%s' is not a regular file", path);
	if ((info.st_mode & 077) != 0)
		return fault_set(fault, E_PERMISSION, "key file '%s': %s", path, error_text(E_PERMISSION));
	return E_OK;
}

static enum error parse(const char *path, struct bytes text, json_t **out, struct fault *fault)
{
	json_auto_t *json = NULL;
	if (text.len > KEY_JSON_BYTES_MAX)
		return fault_set(fault, E_BAD_KEY, "key file '%s' is longer than %d bytes", path, KEY_JSON_BYTES_MAX);
	if (json_read(text, JSON_REJECT_DUPLICATES, NULL, &json) == E_NO_MEMORY)
		return fault_set(fault, E_NO_MEMORY, "");
	if (!json_is_object(json))
		return fault_set(fault, E_BAD_KEY, "key file '%s' is none that indsigt made: it is not a JSON object", path);
	*out = OWN_TAKE(json);
	return E_OK;
}

enum error key_json_read(const char *path, json_t **out, struct fault *fault)
{
	OWNED_FD fd = -1;
	char text[KEY_JSON_BYTES_MAX + 1];
	size_t len = 0;
	ssize_t n = 0;
	TRY(open_file(path, &fd, fault));
	while (len < sizeof text && (n = read(fd, text + len, sizeof text - len)) > 0)
		len += (size_t)n;
	enum error error = n < 0 ? fault_set(fault, E_IO, "key file '%s' cannot be read: %m", path)
							 : parse(path, bytes_of(text, len), out, fault);
	sodium_memzero(text, sizeof text);
	return error;
}

/* The public key is made of the seed and not read: the two cannot disagree. */
enum error key_json_seed(const json_t *json, uint8_t public_key[32], uint8_t secret_key[64])
{
	const json_t *value = json_object_get(json, "seed");
	uint8_t seed[32];
	size_t len = 0;
	bool good = json_is_string(value) &&
				sodium_base642bin(seed, sizeof seed, json_string_value(value), json_string_length(value), NULL, &len,
					NULL, sodium_base64_VARIANT_ORIGINAL) == 0 &&
				len == sizeof seed;
	if (good)
		crypto_sign_seed_keypair(public_key, secret_key, seed);
	sodium_memzero(seed, sizeof seed);
	return good ? E_OK : E_BAD_KEY;
}

/* ---- writing ---- */

enum error key_json_set_seed(json_t *json, const uint8_t secret_key[64])
{
	char seed[KEY_SEED_TEXT_MAX];
	sodium_bin2base64(seed, sizeof seed, secret_key, 32, sodium_base64_VARIANT_ORIGINAL);
	bool set = json_object_set_new(json, "seed", json_string(seed)) == 0;
	sodium_memzero(seed, sizeof seed);
	return set ? E_OK : E_NO_MEMORY;
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

static enum error write_file(const char *path, struct bytes text, bool replace)
{
	OWNED_FD dir_fd = -1;
	const char *name = NULL;
	TRY(open_parent(path, &dir_fd, &name));
	return replace ? file_write_atomic(dir_fd, name, text, 0600) : file_write_new(dir_fd, name, text, 0600);
}

enum error key_json_write(const char *path, const json_t *json, bool replace, struct fault *fault)
{
	char text[KEY_JSON_BYTES_MAX + 1];
	size_t len = json_dumpb(json, text, sizeof text - 1, JSON_INDENT(2));
	enum error error = E_NO_MEMORY;
	if (len > 0 && len < sizeof text - 1) {
		text[len] = '\n';
		error = write_file(path, bytes_of(text, len + 1), replace);
	}
	sodium_memzero(text, sizeof text);
	return fault_because(fault, error, "key file '%s' cannot be written", path);
}
