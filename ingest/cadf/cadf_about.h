/* What kind of thing a CADF resource is, and whether somebody's data are in it: the table of spec/cadf.md. */
#pragma once

#include "ledger/base/bytes.h"

enum cadf_about {
	CADF_UNCLEAR, /* may be somebody's: a file, an object, a database, or what is not known */
	CADF_THING,   /* a machine, a network, a rule: nobody's data */
	CADF_ACCOUNT, /* somebody's account, who is a person or a program */
};

struct cadf_kind {
	const char *front; /* of the taxonomy's path, up to the end of a segment */
	enum cadf_about about;
};

/* All rows; of those that fit the longest counts. */
extern const struct cadf_kind cadf_kinds[];
extern const size_t cadf_kind_count;

/* By its typeURI, also as a whole address. */
enum cadf_about cadf_about(struct bytes type);
/* Without the taxonomy's own address before it. */
struct bytes cadf_path(struct bytes uri, const char *taxonomy);
