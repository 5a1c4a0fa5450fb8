#include "ledger/keys/signer_key.h"

#include "ledger/base/own.h"
#include "ledger/json/json_read.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX 4096
#define SEED_TEXT_MAX sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_ORIGINAL)

void signer_key_wipe(struct signer_key *key)
{
	sodium_memzero(key, sizeof *key);
}

/* ---- writing ---- */

static enum error write_key(int fd, const char *name, const struct signer_key *key)
{
	char text[FILE_BYTES_MAX], seed[SEED_TEXT_MAX];
	sodium_bin2base64(seed, sizeof seed, key->secret_key, 32, sodium_base64_VARIANT_ORIGINAL);
	json_auto_t *json = json_pack("{s:s, s:s}", "name", name, "seed", seed);
	size_t len = json ? json_dumpb(json, text, sizeof text - 1, JSON_INDENT(1)) : 0;
	enum error error = len > 0 && len < sizeof text ? E_OK : E_NO_MEMORY;
	text[len < sizeof text ? len++ : 0] = '\n';
	if (error == E_OK && (write(fd, text, len) != (ssize_t)len || fsync(fd) != 0))
		error = E_IO;
	sodium_memzero(text, sizeof text);
	sodium_memzero(seed, sizeof seed);
	return error;
}

enum error signer_key_create(const char *path, const char *name, struct signer_key *out, struct fault *fault)
{
	struct vkey vkey;
	OWNED(signer_key_wipe) struct signer_key key = {.name = ""};
	crypto_sign_keypair(key.public_key, key.secret_key);
	if (vkey_make(name, NOTE_KEY_ED25519, key.public_key, &vkey) != E_OK)
		return fault_set(
			fault, E_BAD_VALUE, "a key's name has 1 to %u bytes, and no space or plus sign", ORIGIN_BYTES_MAX);
	strcpy(key.name, name);
	OWNED_FD fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return fault_set(
			fault, errno == EEXIST ? E_EXISTS : E_IO, "key file '%s' cannot be made: %s", path, strerror(errno));
	if (write_key(fd, name, &key) != E_OK) {
		unlink(path);
		return fault_set(fault, E_IO, "key file '%s' cannot be written: %s", path, strerror(errno));
	}
	*out = key;
	return E_OK;
}

/* ---- reading ---- */

static bool read_seed(const json_t *value, struct signer_key *key)
{
	uint8_t seed[32];
	size_t len = 0;
	bool good = json_is_string(value) &&
				sodium_base642bin(seed, sizeof seed, json_string_value(value), json_string_length(value), NULL, &len,
					NULL, sodium_base64_VARIANT_ORIGINAL) == 0 &&
				len == sizeof seed;
	if (good)
		crypto_sign_seed_keypair(key->public_key, key->secret_key, seed);
	sodium_memzero(seed, sizeof seed);
	return good;
}

static enum error parse(const char *path, const char *text, size_t len, struct signer_key *out, struct fault *fault)
{
	struct vkey vkey;
	json_auto_t *json = NULL;
	if (json_read(bytes_of(text, len), JSON_REJECT_DUPLICATES, NULL, &json) == E_NO_MEMORY)
		return fault_set(fault, E_NO_MEMORY, "");
	const char *name = json_string_value(json_object_get(json, "name"));
	OWNED(signer_key_wipe) struct signer_key key = {.name = ""};
	if (json_object_size(json) != 2 || name == NULL || !read_seed(json_object_get(json, "seed"), &key) ||
		vkey_make(name, NOTE_KEY_ED25519, key.public_key, &vkey) != E_OK)
		return fault_set(fault, E_BAD_KEY, "key file '%s' is not {\"name\": key name, \"seed\": base64}", path);
	strcpy(key.name, name);
	*out = key;
	return E_OK;
}

enum error signer_key_read(const char *path, struct signer_key *out, struct fault *fault)
{
	char text[FILE_BYTES_MAX];
	struct stat info;
	OWNED_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fault_set(fault,
			errno == ENOENT   ? E_NOT_FOUND
			: errno == EACCES ? E_PERMISSION
							  : E_IO,
			"key file '%s' cannot be opened: %s", path, strerror(errno));
	if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
		return fault_set(fault, E_IO, "key file '%s' is not a regular file", path);
	if ((info.st_mode & 077) != 0)
		return fault_set(fault, E_PERMISSION, "key file '%s': %s", path, error_text(E_PERMISSION));
	ssize_t len = read(fd, text, sizeof text);
	if (len < 0)
		return fault_set(fault, E_IO, "key file '%s' cannot be read: %s", path, strerror(errno));
	enum error error = parse(path, text, (size_t)len, out, fault);
	sodium_memzero(text, sizeof text);
	return error;
}
