/* Nothing is copied: what was typed lives as long as the program. */
#include "tools/run/passed_on.h"

#include "ingest/net/web.h"
#include "ledger/base/own.h"

const char **pass_user(const char **extra, const char *user)
{
	if (user != NULL) {
		*extra++ = "--user";
		*extra++ = user;
	}
	return extra;
}

const char **pass_ca(const char **extra)
{
	if (web_trust().ca != NULL) {
		*extra++ = "--ca";
		*extra++ = web_trust().ca;
	}
	return extra;
}

const char **pass_tls(const struct tls_files *tls, const char **extra)
{
	if (tls->certificate != NULL) {
		memcpy(extra, (const char *[]){"--tls-cert", tls->certificate, "--tls-key", tls->key}, 4 * sizeof *extra);
		extra += 4;
	}
	if (tls->old)
		*extra++ = "--tls-older";
	if (tls->plain_off_loopback)
		*extra++ = "--plain-off-loopback";
	return extra;
}
