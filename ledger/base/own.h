/* Owners that let go by themselves where their block ends, whichever way it ends.
 *
 *     OWNED_FD fd = openat(...);              closed, unless negative
 *     OWNED_MEMORY uint8_t *text = NULL;      freed
 *     OWNED(snapshot_release) struct snapshot *snapshot = NULL;
 *
 * The release of a type of ours stands beside its declaration, made by OWN. It is called with what the variable holds
 * at the end of the block, so each is set where it is declared, and whoever hands it on takes it out (OWN_TAKE; fd:
 * -1). */
#pragma once

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OWNED(release) __attribute__((cleanup(release), unused)) /* often it is only there to be let go */
#define OWNED_MEMORY OWNED(own_free)
#define OWNED_FD OWNED(own_close) int
#define OWNED_DIR OWNED(own_close_dir) DIR

/* The release of a pointer to a type of ours: TYPE_release. */
#define OWN(type, end)                                     \
	static inline void type##_release(struct type **owner) \
	{                                                      \
		if (*owner != NULL)                                \
			end(*owner);                                   \
	}                                                      \
	_Static_assert(1, "a semicolon follows")

/* What the owner holds, handed on: `*out = OWN_TAKE(snapshot);`. */
#define OWN_TAKE(owner)                        \
	({                                         \
		__typeof__(owner) own_taken = (owner); \
		(owner) = NULL;                        \
		own_taken;                             \
	})

static inline void own_free(void *owner)
{
	void *memory;
	memcpy(&memory, owner, sizeof memory);
	free(memory);
}

/* Memory that held a secret, or what somebody reported about a person. */
static inline void own_wipe(void *memory, size_t len)
{
	if (memory != NULL)
		explicit_bzero(memory, len);
	free(memory);
}

/* OWNED_SECRET body = {malloc(len), len}; wiped and freed. */
struct own_secret {
	uint8_t *data;
	size_t len;
};
#define OWNED_SECRET OWNED(own_secret_release) struct own_secret

static inline void own_secret_release(struct own_secret *secret)
{
	own_wipe(secret->data, secret->len);
}

/* The reason of an E_IO outlives the clearing up. */
static inline void own_close(const int *fd)
{
	int kept = errno;
	if (*fd >= 0)
		close(*fd);
	errno = kept;
}

/* Before its owner's block ends. */
static inline void own_close_now(int *fd)
{
	own_close(fd);
	*fd = -1;
}

static inline void own_close_dir(DIR **dir)
{
	int kept = errno;
	if (*dir != NULL)
		closedir(*dir);
	errno = kept;
}
