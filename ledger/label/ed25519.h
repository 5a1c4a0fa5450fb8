/* Which Ed25519 keys may be anybody's. spec/ed25519.md */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* False for an encoding of small order, under which one signature verifies many messages, and for one that is not the
 * one spelling of its point. What is no point at all is not looked for: no signature verifies under it. */
bool ed25519_key_usable(const uint8_t public_key[32]);
