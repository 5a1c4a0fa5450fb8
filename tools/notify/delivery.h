/* Notices on their way to the portal: several at once, by web.h, behind the gate (hook.h). Nothing here is on disk. */
#pragma once

#include "tools/notify/hook.h"
#include "tools/notify/place.h"

#define DELIVERY_SLOTS 16u
#define DELIVERY_SECONDS 20L /* for an answer; Standard Webhooks advises 15 to 30 */

struct delivery;

/* Reads the keys that sign. `config` is borrowed. */
enum error delivery_open(
	const struct notify_config *config, int notify_fd, struct delivery **out, struct fault *fault) MUST_USE;
void delivery_close(struct delivery *delivery);
OWN(delivery, delivery_close);

/* How many more may be begun now; and if none, when that may be otherwise (TURN_NEVER: when one has ended). */
size_t delivery_room(const struct delivery *delivery, uint64_t now_ms);
uint64_t delivery_opens_ms(const struct delivery *delivery, uint64_t now_ms);
/* Keeps `person`, whose notice is on the disk, for delivery_ended. E_NO_MEMORY; E_USAGE: the address is none. */
enum error delivery_begin(struct delivery *delivery, struct person *person, uint64_t now_s) MUST_USE;
/* Lets go of them. What is on the line already may arrive. */
void delivery_drop(struct delivery *delivery, const struct person *person);

/* E_CLOSED: `wake_fd` is readable; E_IO. */
enum error delivery_wait(struct delivery *delivery, int wake_fd, int timeout_ms) MUST_USE;

struct delivered {
	struct person *person;
	enum hook_verdict verdict;
	uint64_t again_ms; /* where it was not taken */
};
/* One that has ended; false: none has. */
bool delivery_ended(struct delivery *delivery, uint64_t now_ms, struct delivered *out);
/* What the portal last said, or why it did not: words without anybody's data; NULL: all is well. Static or the
 * delivery's until the next delivery_ended. */
const char *delivery_trouble(const struct delivery *delivery);
