/* Statements: whatever the file says, the verifier neither reads astray nor keeps anything; and what it accepts names a
 * canonical subject. With the key of the corpus all checks are reached. */
#include "ledger/statement/statement.h"
#include "ledger/subject/subject.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The log and the auditor of tests/lib/forge.h. */
static void forge_key(const char *purpose, const char *name, struct vkey *out)
{
	static const uint8_t zero[8];
	uint8_t public_key[32], secret_key[64];
	struct hash seed;
	const struct bytes parts[] = {BYTES_LITERAL("forge "), bytes_text(purpose), BYTES_ARRAY(zero)};
	hash_blake2b(NULL, parts, 3, &seed);
	crypto_sign_seed_keypair(public_key, secret_key, seed.b);
	enum error error = vkey_make(name, NOTE_KEY_ED25519, public_key, out);
	assert(error == E_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct vkey log, auditor;
	struct finding finding;
	struct statement *statement = NULL;
	if (sodium_init() < 0)
		return 0;
	if (log.name[0] == '\0') {
		forge_key("auditor", "auditor.example.dk", &auditor);
		forge_key("log", "log.example.dk/forge", &log);
	}
	const struct statement_options options = {.auditor = &auditor};
	enum error error = statement_verify(bytes_of(data, size), &log, &options, &statement, &finding);
	assert((error == E_OK) == (statement != NULL) && strlen(finding.text) <= FINDING_TEXT_MAX);
	if (error == E_OK) {
		enum error canonical = subject_check(bytes_text(statement->subject));
		assert(canonical == E_OK);
		assert(statement->open + statement->withheld + statement->erased == statement->event_count);
		assert(statement->event_count <= statement->count);
	}
	statement_free(statement);
	return 0;
}
