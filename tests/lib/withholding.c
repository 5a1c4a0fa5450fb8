#include "tests/lib/withholding.h"

#include "ledger/base/error.h"

void fixture_withholding_sender(struct fixture *fixture)
{
	uint8_t message[2048];
	struct bytes to_sign;
	struct fault fault = {0};
	struct entry_sender entry = {.action = SENDER_REGISTER, .follows = FOLLOWS_NOTHING, .sender = 2};
	ck_ok(policy_apply(&fixture->policy, "withhold", &fault));
	entry.policy = fixture->policy;
	strcpy(entry.org, "cvr:17143611");
	strcpy(entry.name, "Rigspolitiet");
	memcpy(entry.public_key, fixture->public_key, 32);
	struct writer w = writer_of(message, sizeof message);
	ck_ok(sender_message(FIXTURE_ORIGIN, &entry, &w));
	ck_ok(writer_done(&w, &to_sign));
	crypto_sign_detached(entry.signature, NULL, to_sign.data, to_sign.len, fixture->secret_key);
	ck_ok(ledger_begin(fixture->ledger, &fault));
	ck_ok(ledger_append_sender(fixture->ledger, &entry, &fault));
	ck_ok(ledger_commit(fixture->ledger, &fault));
	fixture->sender = 2;
}
