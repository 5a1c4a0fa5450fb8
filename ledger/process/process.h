/* What a process that holds keys gives up before it reads the first of them: its memory is written to no core dump and
 * shown to no debugger of the same user, and no program that it starts can have more rights than it has. */
#pragma once

#include "ledger/base/error.h"

/* No core dump (RLIMIT_CORE 0), not dumpable: neither ptrace nor /proc/PID/mem for anybody but root. Inherited by
 * children, until they start another program. E_IO. */
enum error process_hide(struct fault *fault) MUST_USE;
/* The same, and nothing that it starts gains rights by a file's mode (PR_SET_NO_NEW_PRIVS); what it makes may be read
 * by nobody but its owner and its group (umask 027). For daemons. E_IO. */
enum error process_harden(struct fault *fault) MUST_USE;
/* How many connections there may be, of `most`, so that `others` more files can always be opened: lets this process
 * open as many as the system lets it. At least 1. */
unsigned process_fit_files(unsigned most, unsigned others);
/* In the environment of one that is kept running: how often it was started again. Who keeps it ('indsigt serve') says
 * what it ends for, from its line "ended REASON" on standard output, since a start that is tried again and again need
 * not say the same each time. */
#define PROCESS_RESTARTS "INDSIGT_RESTARTS"
bool process_is_kept(void);
/* What calls that have returned have left of what they worked on: on this thread's stack (PROCESS_STACK_WIPED bytes
 * below the caller), and in the wide registers that text is copied and hashed with, which a thread that waits keeps and
 * a core dump has. For a thread that goes to wait after it had keys or somebody's data in hand. */
void process_wipe_traces(void);
#define PROCESS_STACK_WIPED (128u << 10)
