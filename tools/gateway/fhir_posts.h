/* What was posted at the FHIR door, taken by whoever sends. spec/gateway.md */
#pragma once

#include "tools/posted/post.h"
#include "tools/send/send_input.h"

/* Takes it or refuses it, and makes its answer, which is to be given once all that was taken is durable. Only when the
 * outbox is ready. Errors as of send_message. */
enum error fhir_posts_take(struct send *send, struct post *post, struct fault *fault) MUST_USE;
