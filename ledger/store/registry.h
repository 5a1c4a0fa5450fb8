/* The registered senders: key, policy and position of each. spec/store.md
 *
 * In memory there are two copies of each: the committed one, which any thread may read, and the working one, which
 * the writer changes during a tick. registry_publish makes the working copies the committed ones. */
#pragma once

#include "ledger/entry/sender.h"
#include "ledger/store/store.h"

struct registry;

enum error registry_load(struct db_txn *txn, struct registry **out) MUST_USE;
void registry_free(struct registry *registry);
OWN(registry, registry_free);
/* As of the last publish. E_UNKNOWN_SENDER. Any thread. */
enum error registry_get(struct registry *registry, uint32_t id, struct sender *out) MUST_USE;
/* The smallest id that nobody has, so that a large one that somebody took stops nobody. 0: there is none. Any thread.
 */
uint32_t registry_next_id(struct registry *registry);

/* ---- writer thread ---- */

/* The working copy to read or, with `change`, to change; NULL when there is none. Borrowed until the next call. */
struct sender *registry_working(struct registry *registry, uint32_t id, bool change);
enum error registry_add(struct registry *registry, const struct sender *sender) MUST_USE;
/* Writes what changed since the last publish. */
enum error registry_write(struct registry *registry, struct db_txn *txn) MUST_USE;
void registry_publish(struct registry *registry);
/* Forgets what changed since the last publish. */
void registry_revert(struct registry *registry);
