/* Options of 'indsigt serve' that the programs which it starts are given: each function writes the words for one of
 * them at `extra`, if it was given at all, and gives the place behind. */
#pragma once

#include "ledger/tls/tls_server.h"

const char **pass_user(const char **extra, const char *user);
/* --ca, for those who ask witnesses. */
const char **pass_ca(const char **extra);
const char **pass_tls(const struct tls_files *tls, const char **extra);
