/* Batches are prepared on another thread than they are appended: that one sees only what was committed, while the
 * writer changes its own copies. Only the writer moves slots or changes what others read, and only under the mutex; so
 * it may look without. A tick that is aborted drops the senders that it added, and what it changed of others. */
#include "ledger/store/registry.h"

#include "ledger/base/grow.h"
#include "ledger/entry/sender.h"
#include "ledger/store/store_put.h"

#include <pthread.h>

/* Invariant: what is not dirty is the same in both copies; what is new is dirty. */
struct slot {
	uint32_t id; /* the writer sets `working` without the mutex, so it is not looked for in there */
	struct sender committed;
	struct sender working;
	bool is_new; /* not committed yet */
	bool dirty;
};

struct registry {
	pthread_mutex_t mutex; /* guards everything that registry_get reads */
	struct slot *slots;    /* ascending by id */
	size_t count;
	size_t capacity;
};

/* ---- slots ---- */

/* A few hundred senders, each asked for once a batch: sorted and halved is quick enough, and has an order to write rows
 * in. */
static struct slot *slot_find(struct registry *registry, uint32_t id)
{
	size_t low = 0;
	size_t high = registry->count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (registry->slots[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < registry->count && registry->slots[low].id == id ? &registry->slots[low] : NULL;
}

static enum error slot_insert(struct registry *registry, const struct sender *sender, bool is_new)
{
	TRY(GROW(registry->slots, registry->capacity, registry->count + 1));
	size_t at = registry->count;
	for (; at > 0 && registry->slots[at - 1].id > sender->id; at--)
		registry->slots[at] = registry->slots[at - 1];
	registry->slots[at] = (struct slot){sender->id, *sender, *sender, is_new, is_new};
	registry->count++;
	return E_OK;
}

static enum error load_rows(struct registry *registry, struct db_txn *txn)
{
	OWNED_WALK walk = {0};
	enum error error = db_walk_first(txn, STORE_SENDER, &walk);
	for (; error == E_OK; error = db_walk_next(&walk)) {
		struct sender sender;
		TRY(sender_decode(walk.value, &sender));
		TRY(slot_insert(registry, &sender, false));
	}
	return error == E_NOT_FOUND ? E_OK : error;
}

enum error registry_load(struct db_txn *txn, struct registry **out)
{
	OWNED(registry_release) struct registry *registry = calloc(1, sizeof *registry);
	TRY(allocated(registry));
	pthread_mutex_init(&registry->mutex, NULL);
	TRY(load_rows(registry, txn));
	*out = OWN_TAKE(registry);
	return E_OK;
}

void registry_free(struct registry *registry)
{
	if (registry == NULL)
		return;
	pthread_mutex_destroy(&registry->mutex);
	free(registry->slots);
	free(registry);
}

enum error registry_get(struct registry *registry, uint32_t id, struct sender *out)
{
	pthread_mutex_lock(&registry->mutex);
	const struct slot *slot = slot_find(registry, id);
	bool found = slot != NULL && !slot->is_new;
	if (found)
		*out = slot->committed;
	pthread_mutex_unlock(&registry->mutex);
	return found ? E_OK : E_UNKNOWN_SENDER;
}

uint32_t registry_next_id(struct registry *registry)
{
	pthread_mutex_lock(&registry->mutex);
	uint32_t next = 1;
	for (size_t i = 0; i < registry->count && registry->slots[i].id == next; i++)
		next++;
	pthread_mutex_unlock(&registry->mutex);
	return next;
}

/* Only the writer thread moves slots, so it may look without the mutex. */
struct sender *registry_working(struct registry *registry, uint32_t id, bool change)
{
	struct slot *slot = slot_find(registry, id);
	if (slot == NULL)
		return NULL;
	slot->dirty |= change;
	return &slot->working;
}

enum error registry_add(struct registry *registry, const struct sender *sender)
{
	pthread_mutex_lock(&registry->mutex);
	enum error error = slot_find(registry, sender->id) ? E_EXISTS : slot_insert(registry, sender, true);
	pthread_mutex_unlock(&registry->mutex);
	return error;
}

/* Only what the tick has changed: rows of senders lie all over their table. */
enum error registry_write(struct registry *registry, struct db_txn *txn)
{
	for (size_t i = 0; i < registry->count; i++)
		if (registry->slots[i].dirty)
			store_sender_put(txn, &registry->slots[i].working);
	return txn->error;
}

/* After the commit and never before: the other thread must not judge a batch by a key that may yet not be. */
void registry_publish(struct registry *registry)
{
	pthread_mutex_lock(&registry->mutex);
	for (size_t i = 0; i < registry->count; i++) {
		struct slot *slot = &registry->slots[i];
		if (!slot->dirty)
			continue;
		slot->committed = slot->working;
		slot->is_new = false;
		slot->dirty = false;
	}
	pthread_mutex_unlock(&registry->mutex);
}

void registry_revert(struct registry *registry)
{
	pthread_mutex_lock(&registry->mutex);
	size_t kept = 0;
	for (size_t i = 0; i < registry->count; i++) {
		struct slot *slot = &registry->slots[i];
		if (slot->is_new)
			continue;
		slot->working = slot->committed;
		slot->dirty = false;
		registry->slots[kept++] = *slot;
	}
	registry->count = kept;
	pthread_mutex_unlock(&registry->mutex);
}
