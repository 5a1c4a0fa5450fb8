/* What a mirror does over and over: look for a newer checkpoint, verify and copy what it adds, publish. spec/mirror.md
 *
 *   DIR/mirror.json   where the log is read from and whose it is
 *   DIR/tree/         the copy (tools/publish/tile_tree.h); only what was verified is published in it
 *   DIR/state.json    where it stands (ledger/follow/follow_state.h), written behind the tiles that it speaks of
 *   DIR/evidence/     what was found wrong: fork-<sizes>.json, broken-<size>.json
 *
 * A power cut or a kill at any moment loses at most work. */
#pragma once

#include "ledger/note/note.h"

#define MIRROR_PLACE_BYTES_MAX 2048u

struct mirror_config {
	char place[MIRROR_PLACE_BYTES_MAX + 1]; /* an address or a directory */
	struct vkey vkey;
};

/* A new directory for a mirror. E_EXISTS, E_IO. */
enum error mirror_create(const char *dir, const struct mirror_config *config, struct fault *fault) MUST_USE;

struct mirror;

/* E_NOT_FOUND for what is no mirror's directory, E_LOCKED, E_BAD_VALUE and others for what lies in it. A readable
 * `wake_fd` (-1: none) ends a round with E_CLOSED. */
enum error mirror_open(const char *dir, int wake_fd, struct mirror **out, struct fault *fault) MUST_USE;
void mirror_close(struct mirror *mirror);
OWN(mirror, mirror_close);
const struct mirror_config *mirror_config(const struct mirror *mirror);
/* The checkpoint that is published; size 0 before the first. */
const struct checkpoint *mirror_published(const struct mirror *mirror);

/* One round. E_OK: the newest checkpoint that the log shows is published. E_CORRUPT: an alarm, the fault says which,
 * and where the evidence is, or that the tiles are not the signed ones; what is published stays. E_CLOSED. Everything
 * else may pass. */
enum error mirror_round(struct mirror *mirror, struct fault *fault) MUST_USE;
