/* A picture of figures over time: SVG, one panel for each, one below the other, so that what happens at the same moment
 * stands in one vertical line. */
#pragma once

#include "ledger/base/error.h"

#include <stddef.h>

struct chart_panel {
	const char *title; /* with its unit; plain text without markup */
	const double *y;   /* `count` of them, as the others; a negative one is a gap */
};

/* Writes `path`, whole or not at all; an older one is replaced. `x` in seconds, ascending; `count` at least 2. Texts
 * are borrowed. E_IO, E_FULL, E_NO_MEMORY. */
enum error chart_write(const char *path, const char *caption, const double *x, size_t count,
	const struct chart_panel *panels, size_t panel_count, struct fault *fault) MUST_USE;
