/* What applications posted, on its way through the sender: taken ─► durable ─► answered. spec/gateway.md */
#pragma once

#include "tools/gateway/http_door.h"
#include "tools/send/send_input.h"

#define POSTS_PATIENCE_MS 5000u /* for the ledger, or for room, before a post is answered 503 */

/* Invariant: `held` are taken, and answered once they are durable; `waiting` are not taken yet. */
struct posts {
	struct send *send;
	struct http_door *door; /* NULL: there is none, and nothing is done */
	struct input input;
	struct post *waiting, *held;
};

/* `door` becomes the posts' own, whatever comes of it. Errors as of outbox_begin_input. */
enum error posts_begin(struct posts *posts, struct send *send, struct http_door *door, struct fault *fault) MUST_USE;
/* What was posted waits here; who has waited too long hears so. */
void posts_gather(struct posts *posts);
/* Takes what waits. Only when the outbox is ready. Errors as of send_message. */
enum error posts_take(struct posts *posts, struct fault *fault) MUST_USE;
/* All that was taken is durable: it is answered. */
void posts_settle(struct posts *posts);
/* Nothing more is taken: what waits is answered so, and what was taken and not settled, that it is not durable. */
void posts_end(struct posts *posts);
