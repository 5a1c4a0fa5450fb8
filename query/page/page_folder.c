#include "query/page/page_folder.h"

#include "ledger/base/file.h"
#include "ledger/base/hash.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <zlib.h>

static const struct {
	const char *ending, *type;
	bool dense; /* compressed already */
} types[] = {
	{".html", "text/html; charset=utf-8", false},
	{".js", "text/javascript; charset=utf-8", false},
	{".css", "text/css; charset=utf-8", false},
	{".json", "application/json", false},
	{".webmanifest", "application/manifest+json", false},
	{".svg", "image/svg+xml", false},
	{".txt", "text/plain; charset=utf-8", false},
	{".wasm", "application/wasm", false},
	{".png", "image/png", true},
	{".ico", "image/x-icon", false},
	{".woff2", "font/woff2", true},
};

static size_t type_of(const char *name)
{
	const char *ending = strrchr(name, '.');
	size_t i = 0;
	while (i < sizeof types / sizeof types[0] && (ending == NULL || strcmp(types[i].ending, ending) != 0))
		i++;
	return i;
}

/* "app.3F2A9C01.js": what stands between the last two dots is made of the content, by whoever built the page. */
static bool is_lasting(const char *name)
{
	static const char hashed[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-";
	const char *base = strrchr(name, '/') != NULL ? strrchr(name, '/') + 1 : name;
	const char *first = strchr(base, '.');
	size_t len = first != NULL ? strspn(first + 1, hashed) : 0;
	return first != base && len >= 8 && first[1 + len] == '.' && strchr(first + 2 + len, '.') == NULL;
}

/* NULL: it does not get smaller, or there is no memory, and then it goes out as it is. */
static uint8_t *compress_text(const uint8_t *text, size_t len, size_t *out_len)
{
	OWNED_MEMORY uint8_t *out = malloc(len + 1);
	z_stream stream = {
		.next_in = (Bytef *)(uintptr_t)text, .avail_in = (uInt)len, .next_out = out, .avail_out = (uInt)len};
	if (out == NULL || deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return NULL;
	bool smaller = deflate(&stream, Z_FINISH) == Z_STREAM_END;
	deflateEnd(&stream);
	*out_len = (size_t)stream.total_out;
	return smaller ? OWN_TAKE(out) : NULL;
}

static void set_tag(struct page_file *file)
{
	struct hash hash;
	hash_sha256(&(struct bytes){file->plain, file->plain_len}, 1, &hash);
	sodium_bin2hex(file->tag, sizeof file->tag, hash.b, 16);
}

static struct page_file *file_at(struct page_folder *folder, const char *name)
{
	for (size_t i = 0; i < folder->count; i++)
		if (strcmp(folder->files[i].name, name) == 0)
			return &folder->files[i];
	return NULL;
}

const struct page_file *page_folder_find(const struct page_folder *folder, const char *name)
{
	return file_at((struct page_folder *)(uintptr_t)folder, name);
}

enum error page_folder_add(struct page_folder *folder, const char *name, uint8_t *text, size_t len)
{
	struct page_file *file = file_at(folder, name);
	if (file == NULL && folder->count == PAGE_FILES_MAX) {
		free(text);
		return E_TOO_LONG;
	}
	if (file == NULL)
		file = &folder->files[folder->count++];
	free(file->plain);
	free(file->gzip);
	size_t type = type_of(name);
	*file = (struct page_file){.type = types[type].type, .lasting = is_lasting(name), .plain = text, .plain_len = len};
	strcpy(file->name, name);
	if (!types[type].dense)
		file->gzip = compress_text(text, len, &file->gzip_len);
	set_tag(file);
	return E_OK;
}

/* ---- reading ---- */

struct reading {
	const char *path; /* of the whole folder, for faults */
	struct page_folder *folder;
	size_t bytes;
};

static bool name_good(const char *name)
{
	static const char allowed[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ._-";
	return name[strspn(name, allowed)] == '\0';
}

static enum error read_file(
	struct reading *reading, int dir_fd, const char *base, const char *name, struct fault *fault)
{
	uint8_t *text = NULL;
	size_t len = 0;
	if (type_of(name) == sizeof types / sizeof types[0])
		return fault_set(
			fault, E_BAD_VALUE, "%s/%s is of a kind that is not served; take it away", reading->path, name);
	if (reading->folder->count == PAGE_FILES_MAX)
		return fault_set(fault, E_TOO_LONG, "%s has over %u files", reading->path, PAGE_FILES_MAX);
	enum error error = file_read_all(dir_fd, base, PAGE_BYTES_MAX - reading->bytes, &text, &len);
	if (error == E_TOO_LONG)
		return fault_set(fault, error, "%s has over %u MiB", reading->path, PAGE_BYTES_MAX >> 20);
	TRY(fault_because(fault, error, "%s/%s", reading->path, name));
	reading->bytes += len;
	return fault_set(fault, page_folder_add(reading->folder, name, text, len), "");
}

static enum error read_dir(struct reading *reading, int dir_fd, const char *front, unsigned depth, struct fault *fault);

static enum error read_one(
	struct reading *reading, int dir_fd, const char *front, const char *base, unsigned depth, struct fault *fault)
{
	char name[PAGE_NAME_BYTES_MAX + 2];
	struct stat stat;
	int len = snprintf(name, sizeof name, "%s%s", front, base);
	if (!name_good(base) || len > (int)PAGE_NAME_BYTES_MAX)
		return fault_set(fault, E_BAD_VALUE,
			"%s: a file below %s has a name that is no part of an address as it is (letters, digits, '.', '_', '-'; %u "
			"bytes)",
			reading->path, *front != '\0' ? front : "it", PAGE_NAME_BYTES_MAX);
	if (fstatat(dir_fd, base, &stat, AT_SYMLINK_NOFOLLOW) != 0)
		return fault_set(fault, E_IO, "%s/%s: %m", reading->path, name);
	if (S_ISREG(stat.st_mode))
		return read_file(reading, dir_fd, base, name, fault);
	if (!S_ISDIR(stat.st_mode))
		return fault_set(fault, E_BAD_VALUE, "%s/%s is neither a file nor a folder", reading->path, name);
	if (depth == PAGE_DEPTH_MAX)
		return fault_set(fault, E_TOO_LONG, "%s/%s is %u folders deep", reading->path, name, depth);
	OWNED_FD inner = openat(dir_fd, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (inner < 0)
		return fault_set(fault, E_IO, "%s/%s: %m", reading->path, name);
	strcpy(name + len, len < (int)PAGE_NAME_BYTES_MAX ? "/" : "");
	return read_dir(reading, inner, name, depth + 1, fault);
}

static enum error read_dir(struct reading *reading, int dir_fd, const char *front, unsigned depth, struct fault *fault)
{
	OWNED_DIR *names = file_list(dir_fd, ".");
	if (names == NULL)
		return fault_set(fault, E_IO, "%s/%s: %m", reading->path, front);
	for (const char *base; (base = file_list_next(names)) != NULL;)
		if (base[0] != '.')
			TRY(read_one(reading, dir_fd, front, base, depth, fault));
	return errno == 0 ? E_OK : fault_set(fault, E_IO, "%s/%s: %m", reading->path, front);
}

enum error page_folder_read(const char *path, struct page_folder **out, struct fault *fault)
{
	OWNED(page_folder_release) struct page_folder *folder = calloc(1, sizeof *folder);
	TRY(fault_set(fault, allocated(folder), ""));
	struct reading reading = {.path = path, .folder = folder};
	OWNED_FD fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fault_set(fault, errno == ENOENT ? E_NOT_FOUND : E_IO, "%s: %m", path);
	TRY(read_dir(&reading, fd, "", 1, fault));
	if (page_folder_find(folder, "index.html") == NULL)
		return fault_set(fault, E_NOT_FOUND, "%s has no index.html; it is not the page", path);
	*out = OWN_TAKE(folder);
	return E_OK;
}

void page_folder_free(struct page_folder *folder)
{
	for (size_t i = 0; i < folder->count; i++) {
		free(folder->files[i].plain);
		free(folder->files[i].gzip);
	}
	free(folder);
}
