/* What the gateway says of itself: SPOOL/gateway.json, counts alone. spec/gateway.md */
#pragma once

#include "tools/gateway/lines.h"

#define STATUS_FILE "gateway.json"
#define STATUS_MS 5000u

/* Writes it if it is time, or `now`. That it cannot be written stops nothing. */
void status_look(struct lines *lines, const char *listening, bool now);
