/* Records of OpenTelemetry that were posted, taken by whoever sends. spec/otlp.md */
#pragma once

#include "tools/posted/post.h"
#include "tools/send/send_input.h"

/* Takes them or refuses them, each for itself, and makes the answer, which is to be given once all that was taken is
 * durable. Only when the outbox is ready. Errors as of send_message. */
enum error otlp_posts_take(struct send *send, struct post *post, struct fault *fault) MUST_USE;
