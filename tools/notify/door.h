/* Where queryd hands in what people wish: DIR/notify/socket, lines of JSON. spec/notify.md
 *
 *   {"get":SUBJECT}                      ─► {"wishes":{...},"stopped":false,"waiting":false,"told":TIME}
 *   {"put":SUBJECT,"wishes":{...}}       ─► the same, as it is now, once that is on the disk
 *                                        ─► {"error":NAME,"reason":TEXT}
 *
 * Whoever may speak here speaks for anybody: so it is root, this process' own user, and, where the folder was given to
 * a group, that group's. */
#pragma once

#include "ledger/base/own.h"
#include "tools/wishes/wishes.h"

#define DOOR_LINE_MAX 4096u
#define DOOR_CALLERS_MAX 64u
#define DOOR_LINE_MS 5000u  /* from the first byte of a line to its last */
#define DOOR_IDLE_MS 60000u /* between lines */

struct door;

/* `wake_fd`: an epoll descriptor, which becomes readable when there is something to do. E_BUSY: somebody listens there;
 * E_IO, E_NO_MEMORY. */
enum error door_open(int notify_fd, int wake_fd, struct door **out, struct fault *fault) MUST_USE;
void door_close(struct door *door);
OWN(door, door_close);

/* What is asked: `wishes` NULL asks only, `on` false wants nothing any more. Gives a new reference, or an error for the
 * caller; E_NO_MEMORY ends all. */
struct door_request {
	struct bytes subject; /* canonical, a person's */
	bool puts;
	bool on;
	struct wishes wishes;
};
typedef enum error door_handler(void *context, const struct door_request *request, json_t **answer);

/* Reads all that has come, and calls `handler` for each line that is understood. What it gives goes out with
 * door_answer. Errors are the handler's, but for those that a caller is told: E_TOO_MANY. */
enum error door_serve(struct door *door, uint64_t now_ms, door_handler *handler, void *context) MUST_USE;
/* Sends what was answered, once it holds; lets go of who is too slow. */
void door_answer(struct door *door, uint64_t now_ms);
/* By when door_answer wants to be called again for that. */
uint64_t door_next_ms(const struct door *door);
