/* Where a kept hash goes; its count stays in memory until its file is forgotten:
 *
 *   tail ─► newest file ... oldest file ─► forgotten: counts taken back ─► removed, once the state is durable
 *
 * A file that is written before the state says so is harmless: the next process counts only as much of it as its state
 * says, and writes the rest again over it. A file that is missing or short makes its messages unknown, and they would
 * be sent twice; that is counted as forgotten and is no error, because a sender that does not start loses more. */
#include "ingest/spool/remembered.h"

#include "ledger/base/file.h"
#include "ledger/base/grow.h"

#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

/* A content. Slots whose count is 0 are empty but for the search, and go when the table is made anew. */
struct slot {
	uint64_t hash;
	uint64_t count : 24; /* remembered */
	uint64_t seen : 24;  /* in the input `serial` */
	uint64_t serial : 15;
	uint64_t used : 1;
};

/* Invariants: used <= 3/4 of slot_count, so that a search ends; lengths[i] <= file_hashes; every hash of the files
 * and of the tail is counted in the slots; on_disk <= oldest. */
struct remembered {
	int dir_fd;
	uint32_t file_hashes;
	struct slot *slots; /* open addressing; the hashes are keyed and spread by themselves */
	size_t slot_count;  /* a power of two */
	size_t used;        /* at most three quarters */
	uint32_t serial;    /* of the current input, from 1 */
	uint64_t forgotten;
	uint64_t on_disk; /* oldest file that may still be there */
	uint64_t oldest;  /* file that counts */
	uint32_t files;   /* from there on */
	uint32_t lengths[REMEMBERED_FILES];
	uint64_t *tail; /* kept, and in no file */
	size_t tail_count;
	size_t tail_capacity;
};

enum error remembered_new(int dir_fd, uint32_t file_hashes, struct remembered **out)
{
	OWNED(remembered_release) struct remembered *remembered = calloc(1, sizeof *remembered);
	TRY(allocated(remembered));
	remembered->dir_fd = dir_fd;
	remembered->file_hashes = file_hashes;
	remembered->serial = 1;
	remembered->slot_count = SLOTS_MIN;
	remembered->slots = calloc(SLOTS_MIN, sizeof *remembered->slots);
	TRY(allocated(remembered->slots));
	*out = OWN_TAKE(remembered);
	return E_OK;
}

void remembered_free(struct remembered *remembered)
{
	if (remembered == NULL)
		return;
	free(remembered->slots);
	free(remembered->tail);
	free(remembered);
}

/* ---- the table ---- */

static struct slot *find(struct slot *slots, size_t count, uint64_t hash)
{
	size_t at = (size_t)hash & (count - 1);
	while (slots[at].used && slots[at].hash != hash)
		at = (at + 1) & (count - 1);
	return &slots[at];
}

/* Of half the room and more, what is not remembered goes first. */
static enum error make_room(struct remembered *remembered)
{
	size_t live = 1;
	if ((remembered->used + 1) * 4 <= remembered->slot_count * 3)
		return E_OK;
	for (size_t i = 0; i < remembered->slot_count; i++)
		live += remembered->slots[i].count > 0;
	size_t count = SLOTS_MIN;
	while (live * 2 > count)
		count *= 2;
	struct slot *slots = calloc(count, sizeof *slots);
	TRY(allocated(slots));
	for (size_t i = 0; i < remembered->slot_count; i++)
		if (remembered->slots[i].count > 0)
			*find(slots, count, remembered->slots[i].hash) = remembered->slots[i];
	free(remembered->slots);
	remembered->slots = slots;
	remembered->slot_count = count;
	remembered->used = live - 1;
	return E_OK;
}

static enum error find_or_add(struct remembered *remembered, uint64_t hash, struct slot **out)
{
	*out = find(remembered->slots, remembered->slot_count, hash);
	if ((*out)->used)
		return E_OK;
	TRY(make_room(remembered));
	*out = find(remembered->slots, remembered->slot_count, hash);
	**out = (struct slot){.hash = hash, .used = 1};
	remembered->used++;
	assert(remembered->used * 4 <= remembered->slot_count * 3);
	return E_OK;
}

/* Counting starts anew without a pass over the table: a slot with another serial has seen nothing. Once in 32,767
 * inputs the serials begin again, and only then all are looked at. */
void remembered_begin_input(struct remembered *remembered)
{
	remembered->serial = (remembered->serial + 1) & 0x7fff;
	if (remembered->serial != 0)
		return;
	for (size_t i = 0; i < remembered->slot_count; i++)
		remembered->slots[i].serial = 0;
	remembered->serial = 1;
}

enum error remembered_take(struct remembered *remembered, uint64_t hash, bool *out)
{
	struct slot *slot = NULL;
	TRY(find_or_add(remembered, hash, &slot));
	if (slot->serial != remembered->serial)
		slot->seen = 0;
	slot->serial = remembered->serial & 0x7fff;
	*out = slot->seen < slot->count;
	if (slot->seen < 0xffffff)
		slot->seen++;
	return E_OK;
}

uint32_t remembered_count(const struct remembered *remembered, uint64_t hash)
{
	const struct slot *slot = find(remembered->slots, remembered->slot_count, hash);
	return slot->used ? slot->count : 0;
}

enum error remembered_add(struct remembered *remembered, uint64_t hash)
{
	struct slot *slot = NULL;
	TRY(find_or_add(remembered, hash, &slot));
	if (slot->count < 0xffffff)
		slot->count++;
	return E_OK;
}

void remembered_remove(struct remembered *remembered, uint64_t hash)
{
	struct slot *slot = find(remembered->slots, remembered->slot_count, hash);
	if (slot->used && slot->count > 0)
		slot->count--;
}

enum error remembered_keep(struct remembered *remembered, const uint64_t *hashes, size_t count)
{
	size_t need = remembered->tail_count + count;
	TRY(GROW(remembered->tail, remembered->tail_capacity, need));
	if (count > 0)
		memcpy(remembered->tail + remembered->tail_count, hashes, count * sizeof *hashes);
	remembered->tail_count = need;
	return E_OK;
}

uint64_t remembered_kept(const struct remembered *remembered)
{
	uint64_t kept = remembered->tail_count;
	for (uint32_t i = 0; i < remembered->files; i++)
		kept += remembered->lengths[i];
	return kept;
}

uint64_t remembered_forgotten(const struct remembered *remembered)
{
	return remembered->forgotten;
}

/* ---- files ---- */

static void file_name(uint64_t file, char out[32])
{
	snprintf(out, 32, "sent-%08" PRIx64, file);
}

static enum error write_hashes(int fd, const uint64_t *hashes, size_t count, uint64_t at)
{
	uint8_t part[PART_BYTES];
	for (size_t done = 0; done < count;) {
		size_t n = count - done < PART_BYTES / 8 ? count - done : PART_BYTES / 8;
		for (size_t i = 0; i < n; i++)
			put_u64(part + i * 8, hashes[done + i]);
		TRY(file_write_at(fd, bytes_of(part, n * 8), at + done * 8));
		done += n;
	}
	return fdatasync(fd) == 0 ? E_OK : error_of_system(errno);
}

static enum error write_file(
	const struct remembered *remembered, uint64_t file, const uint64_t *hashes, size_t count, uint32_t from)
{
	char name[32];
	file_name(file, name);
	OWNED_FD fd = openat(remembered->dir_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	return fd >= 0 ? write_hashes(fd, hashes, count, (uint64_t)from * 8) : error_of_system(errno);
}

/* Adds the first `length` hashes of a file to the counts, or takes them out; says how many there were. */
static enum error count_file(struct remembered *remembered, uint64_t file, uint32_t length, bool add, uint32_t *out)
{
	char name[32];
	uint8_t part[PART_BYTES];
	file_name(file, name);
	*out = 0;
	OWNED_FD fd = openat(remembered->dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? E_OK : E_IO;
	ssize_t got = 8;
	while (*out < length && got >= 8) {
		uint32_t n = length - *out < PART_BYTES / 8 ? length - *out : PART_BYTES / 8;
		got = pread(fd, part, (size_t)n * 8, (off_t)*out * 8);
		if (got < 0)
			return E_IO;
		for (ssize_t at = 0; at + 8 <= got; at += 8, ++*out) {
			if (add)
				TRY(remembered_add(remembered, get_u64(part + at)));
			else
				remembered_remove(remembered, get_u64(part + at));
		}
	}
	return E_OK;
}

/* Its hashes are read once more to take their counts back: memory holds no list of which came from where. */
static enum error forget_oldest(struct remembered *remembered)
{
	uint32_t counted = 0;
	TRY(count_file(remembered, remembered->oldest, remembered->lengths[0], false, &counted));
	remembered->forgotten += remembered->lengths[0];
	remembered->oldest++;
	remembered->files--;
	memmove(remembered->lengths, remembered->lengths + 1, remembered->files * sizeof remembered->lengths[0]);
	return E_OK;
}

/* Writes as much of the tail from `done` on as the newest file takes, or a new one. */
static enum error fill_newest(struct remembered *remembered, size_t *done)
{
	bool fresh = remembered->files == 0 || remembered->lengths[remembered->files - 1] == remembered->file_hashes;
	if (fresh && remembered->files == REMEMBERED_FILES)
		TRY(forget_oldest(remembered));
	uint64_t file = remembered->oldest + remembered->files - !fresh;
	uint32_t from = fresh ? 0 : remembered->lengths[remembered->files - 1];
	size_t n = remembered->tail_count - *done;
	if (n > remembered->file_hashes - from)
		n = remembered->file_hashes - from;
	TRY(write_file(remembered, file, remembered->tail + *done, n, from));
	remembered->files += fresh;
	remembered->lengths[remembered->files - 1] = from + (uint32_t)n;
	*done += n;
	return E_OK;
}

enum error remembered_persist(struct remembered *remembered)
{
	size_t done = 0;
	if (remembered->files == 0 && remembered->tail_count <= TAIL_INLINE_MAX)
		return E_OK;
	enum error error = E_OK;
	while (error == E_OK && done < remembered->tail_count)
		error = fill_newest(remembered, &done);
	remembered->tail_count -= done;
	memmove(remembered->tail, remembered->tail + done, remembered->tail_count * sizeof *remembered->tail);
	TRY(error);
	return fsync(remembered->dir_fd) == 0 ? E_OK : E_IO;
}

/* Not before the state is durable: a crash would else find a state that names files that are gone. */
void remembered_persisted(struct remembered *remembered)
{
	char name[32];
	for (; remembered->on_disk < remembered->oldest; remembered->on_disk++) {
		file_name(remembered->on_disk, name);
		(void)unlinkat(remembered->dir_fd, name, 0);
	}
}

/* What a process that died left, and the lists of the first version. */
static void remove_others(const struct remembered *remembered)
{
	OWNED_DIR *dir = file_list(remembered->dir_fd, ".");
	for (const struct dirent *item; dir != NULL && (item = readdir(dir)) != NULL;) {
		uint64_t file = 0;
		bool sent = sscanf(item->d_name, "sent-%" SCNx64, &file) == 1;
		if ((sent && (file < remembered->oldest || file >= remembered->oldest + remembered->files)) ||
			strncmp(item->d_name, "input-", 6) == 0)
			(void)unlinkat(remembered->dir_fd, item->d_name, 0);
	}
}

/* ---- state ---- */

size_t remembered_encoded_bytes(const struct remembered *remembered)
{
	return 8 + 8 + 4 + (size_t)remembered->files * 4 + 4 + remembered->tail_count * 8;
}

void remembered_encode(const struct remembered *remembered, struct writer *out)
{
	writer_u64(out, remembered->forgotten);
	writer_u64(out, remembered->oldest);
	writer_u32(out, remembered->files);
	for (uint32_t i = 0; i < remembered->files; i++)
		writer_u32(out, remembered->lengths[i]);
	writer_u32(out, (uint32_t)remembered->tail_count);
	for (size_t i = 0; i < remembered->tail_count; i++)
		writer_u64(out, remembered->tail[i]);
}

enum error remembered_decode(struct reader *in, struct remembered *remembered)
{
	remembered->forgotten = reader_u64(in);
	remembered->on_disk = remembered->oldest = reader_u64(in);
	uint32_t files = reader_u32(in);
	if (files > REMEMBERED_FILES)
		reader_fail(in, E_CORRUPT);
	for (uint32_t i = 0; i < files && in->error == E_OK; i++) {
		remembered->lengths[i] = reader_u32(in);
		if (remembered->lengths[i] > remembered->file_hashes)
			reader_fail(in, E_CORRUPT);
	}
	remembered->files = in->error == E_OK ? files : 0;
	for (uint32_t left = reader_u32(in); left > 0 && in->error == E_OK; left--) {
		uint64_t hash = reader_u64(in);
		if (in->error != E_OK)
			break;
		TRY(remembered_keep(remembered, &hash, 1));
		TRY(remembered_add(remembered, hash));
	}
	TRY(in->error);
	for (uint32_t i = 0; i < remembered->files; i++) {
		uint32_t counted = 0;
		TRY(count_file(remembered, remembered->oldest + i, remembered->lengths[i], true, &counted));
		remembered->forgotten += remembered->lengths[i] - counted; /* somebody removed or cut it */
		remembered->lengths[i] = counted;
	}
	remove_others(remembered);
	return E_OK;
}
