#include "tools/following/followed.h"

#include "ledger/base/file.h"
#include "ledger/base/own.h"
#include "ledger/json/json_read.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

#define STATE_VERSION 1
#define STATE_BYTES_MAX 16777216u

/* ---- the list ---- */

static void free_file(struct followed *file)
{
	own_close(&file->fd);
	free(file->name);
	free(file->directory);
	free(file);
}

enum error followed_add(struct followed_list *list, const char *name, const char *directory, struct followed **out)
{
	uint8_t mark[8];
	if (list->count == FOLLOWED_FILES_MAX)
		return E_TOO_MANY;
	struct followed *file = calloc(1, sizeof *file);
	TRY(allocated(file));
	file->fd = -1;
	file->name = strdup(name);
	file->directory = strdup(directory);
	randombytes_buf(mark, sizeof mark);
	sodium_bin2hex(file->mark, sizeof file->mark, mark, sizeof mark);
	if (file->name == NULL || file->directory == NULL) {
		free_file(file);
		return E_NO_MEMORY;
	}
	list->files[list->count++] = file;
	*out = file;
	return E_OK;
}

void followed_remove(struct followed_list *list, struct followed *file)
{
	size_t i = 0;
	while (i < list->count && list->files[i] != file)
		i++;
	if (i == list->count)
		return;
	list->count--;
	memmove(list->files + i, list->files + i + 1, (list->count - i) * sizeof(struct followed *));
	free_file(file);
}

void followed_free(struct followed_list *list)
{
	while (list->count > 0)
		free_file(list->files[--list->count]);
	while (list->name_count > 0)
		free(list->names[--list->name_count].path);
}

struct followed_name *followed_name(struct followed_list *list, const char *path)
{
	for (size_t i = 0; i < list->name_count; i++)
		if (strcmp(list->names[i].path, path) == 0)
			return &list->names[i];
	return NULL;
}

enum error followed_add_name(struct followed_list *list, const char *path, struct followed_name **out)
{
	*out = followed_name(list, path);
	if (*out != NULL)
		return E_OK;
	if (list->name_count == sizeof list->names / sizeof list->names[0])
		return E_TOO_MANY;
	struct followed_name *name = &list->names[list->name_count];
	*name = (struct followed_name){.path = strdup(path)};
	TRY(allocated(name->path));
	list->name_count++;
	*out = name;
	return E_OK;
}

void followed_add_beside(struct followed_name *name, struct followed_beside beside)
{
	if (name->beside_count == FOLLOWED_BESIDE_MAX) {
		struct followed_beside oldest = name->beside[0];
		name->beside_count--;
		memmove(name->beside, name->beside + 1, name->beside_count * sizeof name->beside[0]);
		if (oldest.since_ns < name->beside[0].since_ns)
			name->beside[0].since_ns = oldest.since_ns;
		if (oldest.read_ns < name->beside[0].read_ns)
			name->beside[0].read_ns = oldest.read_ns;
	}
	name->beside[name->beside_count++] = beside;
}

#define INPUT_MARK "#followed-"

void followed_input(const struct followed *file, char out[FOLLOWED_INPUT_MAX])
{
	snprintf(out, FOLLOWED_INPUT_MAX, "%s" INPUT_MARK "%s", file->name, file->mark);
}

bool followed_input_split(struct bytes input, struct bytes *name, struct bytes *mark)
{
	size_t mark_len = sizeof((struct followed *)0)->mark - 1;
	size_t behind = mark_len + strlen(INPUT_MARK);
	if (input.len <= behind || memcmp(input.data + input.len - behind, INPUT_MARK, strlen(INPUT_MARK)) != 0)
		return false;
	*name = bytes_of(input.data, input.len - behind);
	*mark = bytes_of(input.data + input.len - mark_len, mark_len);
	return true;
}

/* ---- reading the state ---- */

static bool read_decimal(const char *text, uint64_t *out)
{
	char *end = NULL;
	errno = 0;
	*out = strtoull(text, &end, 10);
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0;
}

static bool read_hex(const char *text, uint64_t *out)
{
	char *end = NULL;
	*out = strtoull(text, &end, 16);
	return strlen(text) == 16 && strspn(text, "0123456789abcdef") == 16 && *end == '\0';
}

static bool read_print(json_t *json, struct print *out)
{
	json_int_t end = 0;
	json_int_t bytes = 0;
	const char *hash = NULL;
	if (json_unpack(json, "{s:I,s:I,s:s!}", "end", &end, "bytes", &bytes, "hash", &hash) != 0)
		return false;
	if (bytes < 0 || bytes > PRINT_BYTES || end < bytes || !read_hex(hash, &out->hash))
		return false;
	out->end = (uint64_t)end;
	out->bytes = (uint32_t)bytes;
	return true;
}

static enum error read_file(struct followed_list *list, json_t *json)
{
	const char *name, *directory, *mark, *device, *inode;
	json_int_t offset, number, known, size, changed;
	json_t *head, *tail;
	int named = 0;
	uint64_t value = 0;
	struct followed *file = NULL;
	if (json_unpack(json, "{s:s,s:s,s:s,s:s,s:s,s:I,s:I,s:I,s:I,s:I,s:b,s:o,s:o!}", "name", &name, "directory",
			&directory, "mark", &mark, "device", &device, "inode", &inode, "offset", &offset, "number", &number,
			"known", &known, "size", &size, "changed", &changed, "named", &named, "head", &head, "tail", &tail) != 0)
		return E_CORRUPT;
	if (offset < 0 || number < 0 || known < 0 || size < 0 || !read_hex(mark, &value))
		return E_CORRUPT;
	TRY(followed_add(list, name, directory, &file));
	memcpy(file->mark, mark, sizeof file->mark);
	file->saved.offset = (uint64_t)offset;
	file->saved.number = (uint64_t)number;
	file->known = (uint64_t)known;
	file->size = (uint64_t)size;
	file->changed_ns = changed;
	file->named = named != 0;
	bool good = read_decimal(device, &file->device) && read_decimal(inode, &file->inode) &&
				read_print(head, &file->head) && read_print(tail, &file->saved.tail) &&
				(file->saved.tail.bytes == 0 || file->saved.tail.end == file->saved.offset);
	file->now = file->saved;
	file->noted = true;
	return good ? E_OK : E_CORRUPT;
}

static enum error read_name(struct followed_list *list, const json_t *json)
{
	struct followed_name *name;
	return json_is_string(json) ? followed_add_name(list, json_string_value(json), &name) : E_CORRUPT;
}

static enum error read_beside(struct followed_list *list, json_t *json)
{
	const char *path;
	json_int_t since = 0;
	json_int_t read = 0;
	if (json_unpack(json, "{s:s,s:I,s:I!}", "name", &path, "since", &since, "read", &read) != 0)
		return E_CORRUPT;
	struct followed_name *name = followed_name(list, path);
	if (name == NULL)
		return E_CORRUPT;
	followed_add_beside(name, (struct followed_beside){.since_ns = since, .read_ns = read});
	return E_OK;
}

/* Before there was "beside" it was not written. */
static enum error read_list(struct followed_list *list, json_t *json)
{
	json_int_t version = 0;
	json_t *names, *files, *item;
	json_t *beside = NULL;
	size_t i;
	if (json_unpack(json, "{s:I,s:o,s:o,s?:o!}", "version", &version, "names", &names, "files", &files, "beside",
			&beside) != 0 ||
		version != STATE_VERSION || !json_is_array(names) || !json_is_array(files) ||
		(beside != NULL && !json_is_array(beside)))
		return E_CORRUPT;
	json_array_foreach(names, i, item) TRY(read_name(list, item));
	json_array_foreach(files, i, item) TRY(read_file(list, item));
	json_array_foreach(beside, i, item) TRY(read_beside(list, item));
	return E_OK;
}

enum error followed_read(int dir_fd, struct followed_list *list, struct fault *fault)
{
	OWNED_MEMORY uint8_t *text = NULL;
	size_t len = 0;
	json_t *json = NULL;
	enum error error = file_read_all(dir_fd, FOLLOWED_FILE, STATE_BYTES_MAX, &text, &len);
	if (error == E_NOT_FOUND)
		return E_OK;
	TRY(fault_because(fault, error, "'%s' in the spool", FOLLOWED_FILE));
	error = json_read(bytes_of(text, len), JSON_REJECT_DUPLICATES, NULL, &json);
	if (error == E_OK)
		error = read_list(list, json);
	json_decref(json);
	if (error == E_OK || error == E_NO_MEMORY)
		return fault_because(fault, error, "'%s' in the spool", FOLLOWED_FILE);
	return fault_set(fault, E_CORRUPT,
		"'%s' in the spool, which says how far each file was read, is damaged; move it away, and the files are read "
		"from their beginning: messages that the spool remembers are left out",
		FOLLOWED_FILE);
}

/* ---- writing it ---- */

static json_t *print_json(const struct print *print)
{
	char hash[17];
	snprintf(hash, sizeof hash, "%016" PRIx64, print->hash);
	return json_pack("{s:I,s:I,s:s}", "end", (json_int_t)print->end, "bytes", (json_int_t)print->bytes, "hash", hash);
}

/* What was taken by what it says is counted from the file's beginning: a run that begins again in the midst of it would
 * count wrongly. */
static struct followed_place to_save(const struct followed *file)
{
	return file->saved.offset >= file->known ? file->saved : (struct followed_place){.offset = 0};
}

static json_t *file_json(const struct followed *file)
{
	char device[24];
	char inode[24];
	struct followed_place place = to_save(file);
	snprintf(device, sizeof device, "%" PRIu64, file->device);
	snprintf(inode, sizeof inode, "%" PRIu64, file->inode);
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:I,s:I,s:I,s:I,s:I,s:b,s:o,s:o}", "name", file->name, "directory",
		file->directory, "mark", file->mark, "device", device, "inode", inode, "offset", (json_int_t)place.offset,
		"number", (json_int_t)place.number, "known", (json_int_t)file->known, "size", (json_int_t)file->size, "changed",
		(json_int_t)file->changed_ns, "named", (int)file->named, "head", print_json(&file->head), "tail",
		print_json(&place.tail));
}

static bool add_name(json_t *names, json_t *beside, const struct followed_name *name)
{
	bool good = json_array_append_new(names, json_string(name->path)) == 0;
	for (size_t i = 0; good && i < name->beside_count; i++)
		good = json_array_append_new(
				   beside, json_pack("{s:s,s:I,s:I}", "name", name->path, "since", (json_int_t)name->beside[i].since_ns,
							   "read", (json_int_t)name->beside[i].read_ns)) == 0;
	return good;
}

enum error followed_write(int dir_fd, const struct followed_list *list)
{
	json_t *names = json_array();
	json_t *files = json_array();
	json_t *beside = json_array();
	bool good = names != NULL && files != NULL && beside != NULL;
	for (size_t i = 0; good && i < list->name_count; i++)
		good = add_name(names, beside, &list->names[i]);
	for (size_t i = 0; good && i < list->count; i++)
		good = json_array_append_new(files, file_json(list->files[i])) == 0;
	json_t *json =
		json_pack("{s:i,s:o,s:o,s:o}", "version", STATE_VERSION, "names", names, "files", files, "beside", beside);
	OWNED_MEMORY char *text = good ? json_write(json, JSON_COMPACT) : NULL;
	json_decref(json);
	TRY(allocated(text));
	return file_write_atomic(dir_fd, FOLLOWED_FILE, bytes_text(text), 0600);
}
