/* All or none: with one key missing or readable by others the rest is let go, and guarded memory is wiped as it is
 * freed. The directory's mode is looked at first, because a key file that others may replace is as bad as one that they
 * may read. The signing key is read only by who asks for it, so that a program that reads has nothing to sign with. */
#include "ledger/keys/secrets.h"

#include "ledger/base/file.h"

#include <sodium.h>
#include <sys/stat.h>

static enum error load_log(int keys_fd, struct secrets *secrets, struct fault *fault)
{
	OWNED_KEY seed = {0};
	TRY(keyfile_read(keys_fd, "log", KEYFILE_OWNER, &seed, fault));
	crypto_sign_seed_keypair(secrets->log_public, secrets->log_secret, seed.b);
	secrets->can_sign = true;
	return E_OK;
}

/* What others may read, or change, is no secret any more. Where keys/ was given to a group that opens what is sealed
 * ('indsigt own'), that group may read, and nobody but the owner may change. A place that is not there is named by
 * whoever opens it. */
static enum error check_modes(int keys_fd, struct fault *fault)
{
	static const struct {
		const char *name, *shown;
		unsigned mode;
	} places[] = {{".", "keys", 0700}, {"env", "keys/env", 0700}, {"env/data.mdb", "keys/env/data.mdb", 0600}};
	struct stat keys;
	bool shared = fstat(keys_fd, &keys) == 0 && file_is_shared(keys.st_mode);
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		struct stat info;
		if (fstatat(keys_fd, places[i].name, &info, 0) != 0) {
			if (errno != ENOENT)
				return fault_set(fault, E_IO, "%s: %m", places[i].shown);
		} else if ((info.st_mode & (shared && info.st_gid == keys.st_gid ? 027 : 077)) != 0) {
			return fault_set(fault, E_PERMISSION,
				"%s may be read or changed by others; set its mode to %04o, or its users with 'indsigt own'",
				places[i].shown, places[i].mode);
		}
	}
	return E_OK;
}

/* The keys that are derived are made once and kept: deriving them for each question would bring the master key to life
 * each time. */
static enum error load(int keys_fd, bool with_log, struct secrets *secrets, struct fault *fault)
{
	secrets->can_sign = false;
	TRY(check_modes(keys_fd, fault));
	TRY(keyfile_read(keys_fd, "vrf", KEYFILE_GROUP, &secrets->vrf, fault));
	TRY(keyfile_read(keys_fd, "alias", KEYFILE_GROUP, &secrets->alias, fault));
	TRY(keyfile_read(keys_fd, "master", KEYFILE_GROUP, &secrets->master, fault));
	TRY(keyfile_read(keys_fd, "wrapping", KEYFILE_GROUP, &secrets->wrapping, fault));
	seal_keys_derive(&secrets->master, &secrets->seal);
	blinding_keys_derive(&secrets->vrf, &secrets->blinding);
	return with_log ? load_log(keys_fd, secrets, fault) : E_OK;
}

enum error secrets_load(int keys_fd, bool with_log, struct secrets **out, struct fault *fault)
{
	OWNED(secrets_release) struct secrets *secrets = sodium_malloc(sizeof *secrets);
	TRY(fault_set(fault, allocated(secrets), ""));
	TRY(load(keys_fd, with_log, secrets, fault));
	*out = OWN_TAKE(secrets);
	return E_OK;
}

void secrets_free(struct secrets *secrets)
{
	sodium_free(secrets);
}
