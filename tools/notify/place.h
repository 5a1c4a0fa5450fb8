/* What lies in DIR/notify, and beside it: DIR/notify.json. spec/notify.md
 *
 *   notify.json      where the portal is, and a few numbers; the operator's
 *   notify/signing   the key that signs what the portal is sent; notify/signing.old while a new one is made known
 *   notify/sealing   seals the file of wishes
 *   notify/wishes    who wants to be told (tools/wishes)
 *   notify/socket    where queryd hands wishes in
 *   notify/status.json  counts, for people and monitors */
#pragma once

#include "ledger/base/hash.h"
#include "ledger/process/user.h"
#include "tools/notify/hook.h"

#define NOTIFY_CONFIG "notify.json"
#define NOTIFY_DIR "notify"
#define NOTIFY_SIGNING "signing"
#define NOTIFY_SIGNING_OLD "signing.old"
#define NOTIFY_SEALING "sealing"
#define NOTIFY_SOCKET "socket"
#define NOTIFY_STATUS "status.json"
#define NOTIFY_URL_MAX 1023u

struct notify_config {
	char url[NOTIFY_URL_MAX + 1];
	char ca[NOTIFY_URL_MAX + 1]; /* "": the system's */
	uint32_t days;               /* a notice is given up after so many (3) */
	uint32_t gap_s;              /* between two notices, for who is told at once (900) */
};

/* Of the ledger in `dir_fd`. E_NOT_FOUND, E_BAD_JSON, E_UNKNOWN_FIELD, E_MISSING_FIELD, E_BAD_VALUE: also for an
 * address that is not https and names another machine. */
enum error notify_config_read(int dir_fd, struct notify_config *out, struct fault *fault) MUST_USE;

/* DIR/notify, made where it is not there, as a descriptor to close. As root with a user given: it and what is in it are
 * this user's, and its group may reach the socket. E_IO; E_EXISTS for what nobody makes there (a link, another's). */
enum error notify_dir_open(int dir_fd, const struct user *user, int *out, struct fault *fault) MUST_USE;

/* Makes what is not there of both keys. E_IO. */
enum error notify_keys_make(int notify_fd, struct fault *fault) MUST_USE;
/* The key that signs becomes the old one, which signs too until it is forgotten. E_EXISTS: there is an old one yet. */
enum error notify_keys_rotate(int notify_fd, struct fault *fault) MUST_USE;
enum error notify_keys_forget(int notify_fd, struct fault *fault) MUST_USE;
/* `out` is guarded memory of the caller's. E_NOT_FOUND, E_PERMISSION. */
enum error notify_keys_read(int notify_fd, struct hook_keys *out, struct fault *fault) MUST_USE;
