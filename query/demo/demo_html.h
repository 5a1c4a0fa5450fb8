/* The page on which a test person is picked: nothing of the request is in it. */
#pragma once

#include "query/demo/demo_persons.h"

#define DEMO_CSP \
	"default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

/* To free(); NULL without memory. */
char *demo_html(const struct demo_persons *persons, bool english);
extern const char demo_css[];
