/* When somebody is to be told: their hour, their quiet hours, in their own zone. One thread (zone.h). spec/notify.md */
#pragma once

#include "tools/wishes/wishes.h"

/* The earliest time at which somebody with these wishes is told of something that came at `new_s`, seconds since 1970.
 * `told_s`: when they were last told (0: never), and `gap_s` how long at least after that, for who is told at once. A
 * zone whose file is gone counts as UTC. */
uint64_t due_time(const struct wishes *wishes, uint64_t new_s, uint64_t told_s, uint32_t gap_s);
