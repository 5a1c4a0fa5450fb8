/* What a sender shows that knows a newer state of the log than its store holds. */
#pragma once

#include "tests/lib/fixture.h"

/* The registered sender's first hello, which has nothing of the log yet. */
struct job *first_hello(const struct fixture *f);
/* The same with a checkpoint over a million entries, signed by the log. */
struct job *newer_hello(const struct fixture *f);
/* While a file of that name is there the ledger's evidence cannot be written. */
void bar_evidence(const struct fixture *f, bool bar);
bool evidence_is_kept(const struct fixture *f);
