/* Where a process may write: nowhere, whosever files they are (Landlock). For one that answers the network and writes
 * no store, root's or not. What is open already stays as it was opened. */
#pragma once

#include "ledger/base/error.h"

/* From here on this thread, and all that it starts, can make, open for writing, cut, rename and remove no file. After
 * process_harden. A kernel that does not know Landlock (before 5.13, or switched off) restricts nothing: then the
 * rights of the files are all there is, and `*out` is false. E_IO. */
enum error confine_writes(bool *out, struct fault *fault) MUST_USE;
