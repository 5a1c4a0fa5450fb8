/* What somebody does who takes a lock for left over: every file in the directory goes but those named, one blank
 * between two names. */
#pragma once

void remove_left_over(const char *dir, const char *kept);
