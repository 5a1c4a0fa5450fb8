/* One access as the cells of a table's row, as 'who' and 'verify' print them. */
#pragma once

#include "tools/show/words.h"

#include <jansson.h>

#define CELLS 8         /* as the headings of words.h */
#define CELL_BYTES 4096 /* cells are cut here for the screen; --json has everything */

/* The text of a member; empty where there is none. */
const char *cell_text(const json_t *object, const char *name);

/* Fills in all but the first cell (the time) with texts that the caller frees; `item` has the shape of event_to_json,
 * or "erased": true with "sender". False when out of memory: some may be filled in. */
bool cells_make(const json_t *item, const struct words *words, char *cells[CELLS]);
