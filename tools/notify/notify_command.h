/* The commands `indsigt notify`, `notify key` and `notify status`, as `indsigt` shows and completes them; the work is
 * indsigt-notify's (notify_main.c). */
#pragma once

#include "tools/command/command.h"
#include "tools/notify/notifier.h"
