/* Keys are made where they are missing and never over others. A key is made known before it signs alone: the old one
 * goes on signing beside it, so that a portal can change when it likes. */
#include "tools/notify/place.h"

#include "ledger/base/file.h"
#include "ledger/json/json_read.h"
#include "ledger/keys/keyfile.h"
#include "ledger/store/place.h"
#include "ledger/text/address.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <strings.h>
#include <sys/stat.h>

#define CONFIG_BYTES_MAX 16384u
#define DAYS_DEFAULT 3u
#define GAP_S_DEFAULT 900u

/* ---- notify.json ---- */

/* The host of an address, without its port and without what may stand before it. */
static struct bytes host_of(const char *url)
{
	const char *start = strstr(url, "://") + 3;
	size_t len = strcspn(start, "/?#");
	const char *user = memrchr(start, '@', len);
	if (user != NULL) {
		len -= (size_t)(user + 1 - start);
		start = user + 1;
	}
	if (*start == '[')
		return bytes_of(start + 1, strcspn(start + 1, "]"));
	size_t host = strcspn(start, ":");
	return bytes_of(start, host < len ? host : len);
}

static bool is_loopback(struct bytes host)
{
	char text[64];
	struct in6_addr six;
	struct in_addr four;
	if (host.len >= sizeof text)
		return false;
	memcpy(text, host.data, host.len);
	text[host.len] = '\0';
	if (inet_pton(AF_INET, text, &four) == 1)
		return ntohl(four.s_addr) >> 24 == 127;
	return strcasecmp(text, "localhost") == 0 ||
		   (inet_pton(AF_INET6, text, &six) == 1 && memcmp(&six, &in6addr_loopback, sizeof six) == 0);
}

static enum error read_url(const json_t *value, struct notify_config *out, struct fault *fault)
{
	const char *url = json_string_value(value);
	if (value == NULL)
		return fault_set(fault, E_MISSING_FIELD, NOTIFY_CONFIG ": url: where the portal takes notices");
	bool secure = url != NULL && strncasecmp(url, "https://", 8) == 0;
	bool plain = url != NULL && strncasecmp(url, "http://", 7) == 0;
	if ((!secure && !plain) || strlen(url) > NOTIFY_URL_MAX || host_of(url).len == 0)
		return fault_set(
			fault, E_BAD_VALUE, NOTIFY_CONFIG ": url: an address of https, of at most %u bytes", NOTIFY_URL_MAX);
	if (plain && !is_loopback(host_of(url)))
		return fault_set(fault, E_BAD_VALUE,
			NOTIFY_CONFIG ": url: another machine is told over https only, since it is told whom to tell");
	strcpy(out->url, url);
	return E_OK;
}

static enum error read_number(
	const json_t *json, const char *name, uint32_t least, uint32_t most, uint32_t *out, struct fault *fault)
{
	const json_t *value = json_object_get(json, name);
	json_int_t number = json_integer_value(value);
	if (value == NULL)
		return E_OK;
	if (!json_is_integer(value) || number < least || number > most)
		return fault_set(fault, E_BAD_VALUE, NOTIFY_CONFIG ": %s: a whole number from %u to %u", name, least, most);
	*out = (uint32_t)number;
	return E_OK;
}

static enum error read_config(const json_t *json, struct notify_config *out, struct fault *fault)
{
	static const char *const known[] = {"url", "ca", "days", "gap_seconds"};
	const char *name;
	json_t *value;
	if (!json_is_object(json))
		return fault_set(fault, E_BAD_JSON, NOTIFY_CONFIG " is no object");
	json_object_foreach((json_t *)json, name, value)
	{
		size_t i = 0;
		while (i < sizeof known / sizeof *known && strcmp(known[i], name) != 0)
			i++;
		if (i == sizeof known / sizeof *known)
			return fault_set(fault, E_UNKNOWN_FIELD, NOTIFY_CONFIG ": %.40s: there is no such setting", name);
	}
	const json_t *ca = json_object_get(json, "ca");
	const char *path = json_string_value(ca);
	if (ca != NULL && (path == NULL || *path != '/' || strlen(path) > NOTIFY_URL_MAX))
		return fault_set(fault, E_BAD_VALUE, NOTIFY_CONFIG ": ca: the whole path of a file of certificates (PEM)");
	strcpy(out->ca, path != NULL ? path : "");
	TRY(read_url(json_object_get(json, "url"), out, fault));
	TRY(read_number(json, "days", 1, 365, &out->days, fault));
	return read_number(json, "gap_seconds", 0, 86400, &out->gap_s, fault);
}

enum error notify_config_read(int dir_fd, struct notify_config *out, struct fault *fault)
{
	OWNED_MEMORY uint8_t *text = NULL;
	json_auto_t *json = NULL;
	json_error_t detail = {.line = 0};
	size_t len;
	*out = (struct notify_config){.days = DAYS_DEFAULT, .gap_s = GAP_S_DEFAULT};
	TRY(fault_because(
		fault, file_read_all(dir_fd, NOTIFY_CONFIG, CONFIG_BYTES_MAX, &text, &len), NOTIFY_CONFIG " cannot be read"));
	enum error error = json_read(bytes_of(text, len), JSON_REJECT_DUPLICATES, &detail, &json);
	if (error == E_BAD_JSON)
		return fault_set(fault, error, NOTIFY_CONFIG " is no JSON in line %d", detail.line);
	TRY(fault_set(fault, error, ""));
	return read_config(json, out, fault);
}

/* ---- the folder ---- */

static enum error give_files(int fd, const struct user *user, struct fault *fault)
{
	OWNED_DIR *files = file_list(fd, ".");
	if (files == NULL)
		return fault_set(fault, E_IO, "notify cannot be listed: %m");
	for (const char *name; (name = file_list_next(files)) != NULL;) {
		struct stat info;
		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			continue;
		OWNED_FD file = openat(fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (file < 0 && (errno == ENXIO || errno == ENOENT)) /* the socket of a run before this one */
			continue;
		if (file < 0 || fstat(file, &info) != 0 || !S_ISREG(info.st_mode) || info.st_nlink > 1 ||
			(info.st_uid != 0 && info.st_uid != user->uid))
			return fault_set(
				fault, E_EXISTS, "notify/ has something in it that is a link or another user's: look at it");
		if (fchown(file, user->uid, (gid_t)-1) != 0)
			return fault_set(fault, E_IO, "notify/ cannot be given to its user: %m");
	}
	return E_OK;
}

enum error notify_dir_open(int dir_fd, const struct user *user, int *out, struct fault *fault)
{
	struct stat info;
	if (mkdirat(dir_fd, NOTIFY_DIR, 0700) != 0 && errno != EEXIST)
		return fault_set(fault, error_of_system(errno), "notify cannot be made in the ledger's directory: %m");
	OWNED_FD fd = openat(dir_fd, NOTIFY_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &info) != 0)
		return fault_set(fault, E_IO, "notify cannot be opened: %m");
	if (user->given && geteuid() == 0) {
		TRY(give_files(fd, user, fault));
		if (fchown(fd, user->uid, user->gid) != 0 || fchmod(fd, 02750) != 0)
			return fault_set(fault, E_IO, "notify/ cannot be given to its user: %m");
	}
	*out = fd;
	fd = -1;
	return E_OK;
}

/* ---- keys ---- */

static enum error make_key(int notify_fd, const char *name, struct fault *fault)
{
	OWNED_KEY key;
	randombytes_buf(key.b, sizeof key.b);
	return keyfile_create(notify_fd, name, KEYFILE_OWNER, &key, fault);
}

static bool is_there(int notify_fd, const char *name)
{
	return faccessat(notify_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

enum error notify_keys_make(int notify_fd, struct fault *fault)
{
	if (!is_there(notify_fd, NOTIFY_SEALING))
		TRY(make_key(notify_fd, NOTIFY_SEALING, fault));
	return is_there(notify_fd, NOTIFY_SIGNING) ? E_OK : make_key(notify_fd, NOTIFY_SIGNING, fault);
}

/* A crash between the two leaves an old key alone, and the next 'notify key' makes the new one. */
enum error notify_keys_rotate(int notify_fd, struct fault *fault)
{
	if (is_there(notify_fd, NOTIFY_SIGNING_OLD))
		return fault_set(fault, E_EXISTS,
			"the key before this one signs still; when the portal has the new one, --forget-old ends that");
	if (renameat(notify_fd, NOTIFY_SIGNING, notify_fd, NOTIFY_SIGNING_OLD) != 0)
		return fault_set(fault, E_IO, "notify/" NOTIFY_SIGNING " cannot be moved: %m");
	return make_key(notify_fd, NOTIFY_SIGNING, fault);
}

enum error notify_keys_forget(int notify_fd, struct fault *fault)
{
	if (unlinkat(notify_fd, NOTIFY_SIGNING_OLD, 0) != 0 && errno != ENOENT)
		return fault_set(fault, E_IO, "notify/" NOTIFY_SIGNING_OLD " cannot be removed: %m");
	return fsync(notify_fd) == 0 ? E_OK : fault_set(fault, E_IO, "notify cannot be synced: %m");
}

enum error notify_keys_read(int notify_fd, struct hook_keys *out, struct fault *fault)
{
	OWNED_KEY seed = {0};
	TRY(keyfile_read(notify_fd, NOTIFY_SIGNING, KEYFILE_OWNER, &seed, fault));
	hook_key_of(&seed, out->secret[0]);
	out->count = 1;
	if (!is_there(notify_fd, NOTIFY_SIGNING_OLD))
		return E_OK;
	TRY(keyfile_read(notify_fd, NOTIFY_SIGNING_OLD, KEYFILE_OWNER, &seed, fault));
	hook_key_of(&seed, out->secret[1]);
	out->count = 2;
	return E_OK;
}
