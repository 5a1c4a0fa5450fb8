/*   guard: how far ─► packs of aliases from there on (ledger/filed/aliases.h) ─► visit ─► the entry before where it
 * ended
 *
 * The guard lags behind the store by a second at most, and a checkpoint that it has is on the disk for certain; what is
 * newer waits for the next look. So a power cut never takes back an entry that somebody was told of.
 *
 * A pack that does not open is nobody's and everybody's: reading stops before it, and goes on when it has been made
 * anew (an epoch does that, from the records) or is said to be lost. */
#include "tools/notify/news.h"

#include "ledger/base/file.h"
#include "ledger/filed/aliases.h"
#include "ledger/keys/keyfile.h"
#include "ledger/store/log.h"
#include "ledger/store/place.h"

#include <fcntl.h>
#include <sodium.h>

#define PACKS_AT_ONCE 256u /* then somebody else's turn: 4,096 aliases each at most */

struct news_keys {
	struct key alias;
	struct seal_keys seal; /* the locator key is wiped */
};

struct news {
	int dir_fd;
	struct vkey vkey;
	struct news_keys *keys; /* guarded */
	struct db_env *store;
	struct losses losses;
	struct alias_walk walk;
};

/* ---- opening ---- */

static enum error read_keys(int dir_fd, struct news_keys *out, struct fault *fault)
{
	OWNED_KEY master = {0};
	OWNED_FD keys_fd = openat(dir_fd, "keys", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (keys_fd < 0)
		return fault_set(fault, errno == EACCES ? E_PERMISSION : E_IO, "keys/ cannot be opened: %m");
	TRY(keyfile_read(keys_fd, "alias", KEYFILE_GROUP, &out->alias, fault));
	TRY(keyfile_read(keys_fd, "master", KEYFILE_GROUP, &master, fault));
	seal_keys_derive(&master, &out->seal);
	key_wipe(&out->seal.locator);
	return E_OK;
}

enum error news_open(const char *dir, struct news **out, struct fault *fault)
{
	char path[PATH_BYTES_MAX];
	OWNED(news_release) struct news *news = calloc(1, sizeof *news);
	TRY(fault_set(fault, allocated(news), ""));
	news->dir_fd = -1;
	TRY(place_read_vkey(dir, &news->vkey, fault));
	TRY(fault_set(fault, file_path(dir, "store", path), ""));
	news->dir_fd = place_open(dir);
	news->keys = sodium_malloc(sizeof *news->keys);
	TRY(fault_set(fault, allocated(news->keys), ""));
	if (news->dir_fd < 0)
		return fault_set(fault, E_IO, "%s cannot be opened: %m", dir);
	TRY(read_keys(news->dir_fd, news->keys, fault));
	TRY(store_open(path, true, &news->store, fault));
	*out = OWN_TAKE(news);
	return E_OK;
}

void news_close(struct news *news)
{
	if (news == NULL)
		return;
	db_close(news->store);
	sodium_free(news->keys);
	own_close(&news->dir_fd);
	free(news);
}

const struct key *news_alias_key(const struct news *news)
{
	return &news->keys->alias;
}

/* ---- reading ---- */

/* A ledger that has never signed anything has no guard. */
static enum error read_guard(struct news *news, uint64_t *size, struct fault *fault)
{
	OWNED_MEMORY uint8_t *note = NULL;
	struct checkpoint checkpoint;
	size_t len;
	*size = 0;
	enum error error = file_read_all(news->dir_fd, "guard", NOTE_BYTES_MAX, &note, &len);
	if (error == E_NOT_FOUND)
		return E_OK;
	TRY(fault_because(fault, error, "the guard cannot be read"));
	TRY(fault_because(fault, checkpoint_verify(bytes_of(note, len), &news->vkey, &checkpoint), "the guard"));
	*size = checkpoint.size;
	return E_OK;
}

static enum error mark(struct db_txn *txn, uint64_t next, struct book_position *out)
{
	struct bytes entry;
	*out = (struct book_position){.next = next};
	if (next == 0)
		return E_OK;
	TRY(db_must(log_entry(txn, next - 1, &entry)));
	hash_sha256(&entry, 1, &out->last);
	return E_OK;
}

/* An older store that was put back, or another log. */
static enum error check_same(
	struct db_txn *txn, uint64_t store_size, const struct book_position *from, struct fault *fault)
{
	struct book_position here = {0};
	if (from->next <= store_size)
		TRY(fault_because(fault, mark(txn, from->next, &here), "the store cannot be read"));
	if (from->next > store_size || !hash_equal(&here.last, &from->last))
		return fault_set(fault, E_ROLLED_BACK,
			"ALARM: the log is not the one that was read up to entry %lu; an older store was put back? If it is to be: "
			"'indsigt notify DIR --from N' goes on from entry N",
			(unsigned long)from->next);
	return E_OK;
}

/* From here on every pack is whole: the guard stands where a tick ended. */
static enum error read_packs(struct news *news, struct db_txn *txn, uint64_t size, uint64_t *next, news_visitor *visit,
	void *context, struct news_seen *out)
{
	struct alias_walk *walk = &news->walk;
	TRY(alias_walk_begin(txn, &news->keys->seal, *next, walk));
	for (unsigned packs = 0; packs < PACKS_AT_ONCE; packs++) {
		enum error error = alias_walk_next(walk);
		if (error == E_NOT_FOUND || (error == E_OK && walk->first_index >= size)) {
			*next = size;
			return E_OK;
		}
		if (error == E_UNSEALED || error == E_CORRUPT) {
			out->held = walk->walk.key.len != 8 || !losses_cover(&news->losses, get_u64(walk->walk.key.data));
			if (out->held)
				return E_OK;
			continue;
		}
		TRY(error);
		for (uint32_t i = 0; i < walk->count; i++)
			if (!losses_cover(&news->losses, walk->first_index + i))
				TRY(visit(context, &walk->aliases[i]));
		*next = walk->first_index + walk->count;
	}
	out->more = true;
	return E_OK;
}

enum error news_read(struct news *news, const struct book_position *from, news_visitor *visit, void *context,
	struct news_seen *out, struct fault *fault)
{
	struct store_state state;
	OWNED_TXN txn = {0};
	*out = (struct news_seen){.position = *from};
	TRY(read_guard(news, &out->size, fault)); /* before the store, which is then never behind it */
	TRY(fault_because(fault, db_begin(news->store, false, &txn), "the store cannot be read"));
	TRY(fault_because(fault, db_must(store_state_get(&txn, &state)), "the store cannot be read"));
	TRY(fault_because(fault, store_losses_get(&txn, &news->losses), "the store cannot be read"));
	if (out->size > state.frontier.size)
		return fault_set(fault, E_ROLLED_BACK, "ALARM: the store is older than its guard; see 'indsigt help recovery'");
	TRY(check_same(&txn, state.frontier.size, from, fault));
	if (out->size <= from->next)
		return E_OK;
	uint64_t next = from->next;
	enum error error = read_packs(news, &txn, out->size, &next, visit, context, out);
	alias_walk_end(&news->walk);
	TRY(fault_because(fault, error, "the store cannot be read"));
	return fault_because(fault, mark(&txn, next, &out->position), "the store cannot be read");
}

enum error news_at(struct news *news, uint64_t next, struct book_position *out, struct fault *fault)
{
	uint64_t size;
	OWNED_TXN txn = {0};
	TRY(read_guard(news, &size, fault));
	TRY(fault_because(fault, db_begin(news->store, false, &txn), "the store cannot be read"));
	return fault_because(fault, mark(&txn, next < size ? next : size, out), "the store cannot be read");
}
