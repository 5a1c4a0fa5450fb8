/* A label costs 60 us, so it is computed once for each subject and not for each event; and so is its head opened.
 *
 * Kept under a keyed hash of the alias, not under the alias: 16 bytes that nobody who chooses subjects can aim at. What
 * does not hold is not kept, so whoever looks at the same subject again finds the same. Two threads that meet a subject
 * at once both compute its label. */
#include "ledger/audit/audit_subjects.h"

#include "ledger/base/thread.h"
#include "ledger/filed/head.h"
#include "ledger/keys/secrets.h"

#include <sodium.h>

#define PLACES_FIRST 4096u /* power of two */

struct known {
	uint8_t mark[crypto_shorthash_siphashx24_BYTES]; /* all zero: a free place */
	struct label label;
};

/* Invariant: at most three quarters full, so that a search always comes to a free place. */
struct audit_subjects {
	pthread_mutex_t mutex;
	uint8_t key[crypto_shorthash_siphashx24_KEYBYTES];
	struct known *known;
	size_t count;
	size_t places;
};

enum error audit_subjects_new(struct audit_subjects **out)
{
	OWNED(audit_subjects_release) struct audit_subjects *subjects = calloc(1, sizeof *subjects);
	TRY(allocated(subjects));
	pthread_mutex_init(&subjects->mutex, NULL);
	crypto_shorthash_keygen(subjects->key);
	subjects->places = PLACES_FIRST;
	subjects->known = calloc(subjects->places, sizeof *subjects->known);
	TRY(allocated(subjects->known));
	*out = OWN_TAKE(subjects);
	return E_OK;
}

void audit_subjects_free(struct audit_subjects *subjects)
{
	if (subjects == NULL)
		return;
	pthread_mutex_destroy(&subjects->mutex);
	free(subjects->known);
	free(subjects);
}

static bool is_free(const struct known *known)
{
	return sodium_is_zero(known->mark, sizeof known->mark);
}

/* Its place, or the free one where it belongs. */
static struct known *find_place(const struct audit_subjects *subjects, const uint8_t mark[static 16])
{
	size_t at = (size_t)get_u64(mark) & (subjects->places - 1);
	while (!is_free(&subjects->known[at]) && memcmp(subjects->known[at].mark, mark, sizeof subjects->known->mark) != 0)
		at = (at + 1) & (subjects->places - 1);
	return &subjects->known[at];
}

static enum error make_room(struct audit_subjects *subjects)
{
	struct known *old = subjects->known;
	size_t places = subjects->places;
	if (4 * (subjects->count + 1) <= 3 * places)
		return E_OK;
	struct known *larger = calloc(2 * places, sizeof *larger);
	TRY(allocated(larger));
	subjects->known = larger;
	subjects->places = 2 * places;
	for (size_t i = 0; i < places; i++)
		if (!is_free(&old[i]))
			*find_place(subjects, old[i].mark) = old[i];
	free(old);
	return E_OK;
}

static bool find(struct audit_subjects *subjects, const uint8_t mark[static 16], struct label *out)
{
	LOCKED(&subjects->mutex);
	const struct known *place = find_place(subjects, mark);
	if (is_free(place))
		return false;
	*out = place->label;
	return true;
}

static enum error keep(struct audit_subjects *subjects, const uint8_t mark[static 16], const struct label *label)
{
	LOCKED(&subjects->mutex);
	TRY(make_room(subjects));
	struct known *place = find_place(subjects, mark);
	subjects->count += is_free(place);
	memcpy(place->mark, mark, sizeof place->mark);
	place->label = *label;
	return E_OK;
}

enum error audit_subjects_label(struct audit_subjects *subjects, const struct audit_view *view, uint64_t index,
	const struct alias *alias, struct bytes subject, struct label *out)
{
	uint8_t mark[crypto_shorthash_siphashx24_BYTES];
	struct head head;
	struct runs *runs;
	crypto_shorthash_siphashx24(mark, alias->b, sizeof alias->b, subjects->key);
	mark[0] |= 1;
	if (find(subjects, mark, out))
		return E_OK;
	enum error error = label_make(&view->secrets->vrf, view->vkey->name, subject, out)
						   ?: snapshot_runs(view->snapshot, &runs)
						   ?: head_get(runs, &view->secrets->seal, alias, &head);
	if (error != E_OK || memcmp(head.label.b, out->b, sizeof out->b) != 0)
		return audit_finding_filed(view, error, index, "the event's subject is not filed under its own label");
	return keep(subjects, mark, out);
}
