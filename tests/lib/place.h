/* A directory of its own for a test, gone afterwards; under TMPDIR, else /tmp. */
#pragma once

struct place {
	char path[64];
};

void place_make(struct place *place);
void place_remove(const struct place *place);
/* A command of the shell, which must succeed. */
void shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
