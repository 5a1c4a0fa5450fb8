/* Whether what an organisation has signed stands in the log already: a file comes twice, and who brings it wants to
 * know that it is done and not that it is wrong. spec/endorsement.md, END-6 */
#pragma once

#include "ledger/entry/sender.h"

/* Looks for the very entry among those of its sender, whatever its time. `there`: it is the sender's newest, so that
 * all stands as it says. E_EXISTS, with the reason: it was followed by others, and has no say any more. */
enum error in_log_look(const char *dir, const struct entry_sender *entry, bool *there, struct fault *fault) MUST_USE;
