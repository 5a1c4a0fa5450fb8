/* What the writer takes of sender entries: each has its place, and what was signed once comes back by nobody's hand. */
#include "tests/lib/fixture.h"

static struct fixture f;

static void sign(struct entry_sender *entry, const uint8_t secret_key[64], uint8_t out[64])
{
	uint8_t buffer[SENDER_ENTRY_BYTES_MAX];
	struct bytes message;
	struct writer w = writer_of(buffer, sizeof buffer);
	ck_ok(sender_message(FIXTURE_ORIGIN, entry, &w));
	ck_ok(writer_done(&w, &message));
	crypto_sign_detached(out, NULL, message.data, message.len, secret_key);
}

/* An entry of sender 1 under its key, signed. */
static struct entry_sender change(enum sender_action action, const char *word)
{
	struct entry_sender entry = {.action = action,
		.sender = 1,
		.follows = fixture_follows(&f, action, 1),
		.change = fixture_change(&f, action, 1),
		.policy = f.policy};
	ck_ok(policy_apply(&entry.policy, word, NULL));
	strcpy(entry.org, "cvr:55133018");
	strcpy(entry.name, "Aarhus Kommune");
	memcpy(entry.public_key, f.public_key, 32);
	sign(&entry, f.secret_key, entry.signature);
	if (action != SENDER_REVOKE)
		sign(&entry, f.secret_key, entry.old_signature);
	return entry;
}

static enum error append(struct entry_sender entry, struct fault *fault)
{
	ck_ok(ledger_begin(f.ledger, fault));
	enum error error = ledger_append_sender(f.ledger, &entry, fault);
	struct fault inner = {.text = ""};
	ck_ok(ledger_commit(f.ledger, &inner));
	return error;
}

static struct sender registered(void)
{
	struct sender sender;
	ck_ok(ledger_sender(f.ledger, 1, &sender));
	return sender;
}

/* ENTRY-7, ENTRY-22, ENTRY-25: an older policy is refused as it was signed, and unendorsed if its signatures are taken
 * off. */
START_TEST(an_older_policy_does_not_come_back)
{
	struct fault fault = {.text = ""};
	fixture_make(&f);
	struct entry_sender wide = change(SENDER_POLICY, "withhold");
	ck_ok(append(wide, &fault));
	ck_ok(append(change(SENDER_POLICY, "purpose-required"), &fault));
	struct sender before = registered();
	ck_assert(before.endorsed && before.policy.flags == POLICY_PURPOSE_REQUIRED);
	ck_error(append(wide, &fault), E_BAD_VALUE);
	ck_assert_msg(strstr(fault.text, "the newest entry of sender 1 is at 3") != NULL, "%s", fault.text);
	for (uint64_t follows = 0; follows < 6; follows++) {
		struct entry_sender moved = wide;
		moved.follows = follows;
		moved.change = before.changes + 1;
		ck_error(append(moved, &fault), follows == before.version ? E_BAD_SIGNATURE : E_BAD_VALUE);
	}
	ck_assert_uint_eq(registered().version, before.version);
	wide.follows = before.version;
	ck_error(append(wide, &fault), E_BAD_VALUE); /* the change that it was has been made */
	ck_assert_msg(strstr(fault.text, "but sender 1 has had 2") != NULL, "%s", fault.text);
	wide.change = before.changes + 1;
	memset(wide.signature, 0, 64);
	memset(wide.old_signature, 0, 64);
	ck_ok(append(wide, &fault));
	ck_assert(!registered().endorsed && registered().policy.flags == POLICY_WITHHOLD);
	fixture_close(&f);
	fixture_remove(&f);
}
END_TEST

/* The same for a key: what the old one signed about the new one holds once. */
START_TEST(an_older_key_does_not_come_back)
{
	uint8_t new_public[32], new_secret[64];
	struct fault fault = {.text = ""};
	fixture_make(&f);
	struct entry_sender there = change(SENDER_ROTATE, "withhold");
	crypto_sign_keypair(new_public, new_secret);
	memcpy(there.public_key, new_public, 32);
	sign(&there, new_secret, there.signature);
	sign(&there, f.secret_key, there.old_signature);
	ck_ok(append(there, &fault));
	struct entry_sender back = change(SENDER_ROTATE, "withhold");
	sign(&back, new_secret, back.old_signature);
	ck_ok(append(back, &fault));
	ck_assert(registered().endorsed);
	ck_error(append(there, &fault), E_BAD_VALUE);
	ck_error(append(back, &fault), E_BAD_VALUE);
	there.follows = registered().version;
	there.change = registered().changes + 1;
	ck_error(append(there, &fault), E_BAD_SIGNATURE);
	fixture_close(&f);
	fixture_remove(&f);
}
END_TEST

/* ENTRY-16, ENTRY-23: a registration follows nothing and is made once, whoever signed it. */
START_TEST(a_registration_holds_once)
{
	struct fault fault = {.text = ""};
	fixture_make(&f);
	struct entry_sender entry = change(SENDER_POLICY, "withhold");
	entry.action = SENDER_REGISTER;
	entry.follows = FOLLOWS_NOTHING;
	entry.change = 0;
	memset(entry.old_signature, 0, 64);
	sign(&entry, f.secret_key, entry.signature);
	ck_error(append(entry, &fault), E_EXISTS);
	ck_ok(append(change(SENDER_REVOKE, "withhold"), &fault));
	ck_error(append(entry, &fault), E_EXISTS);
	entry.sender = 2;
	ck_error(append(entry, &fault), E_BAD_SIGNATURE);
	sign(&entry, f.secret_key, entry.signature);
	ck_ok(append(entry, &fault));
	fixture_close(&f);
	fixture_remove(&f);
}
END_TEST

/* A revocation needs no signature; one that is there is the registered key's. ENTRY-8 */
START_TEST(a_revocation_may_be_signed)
{
	struct fault fault = {.text = ""};
	fixture_make(&f);
	struct entry_sender entry = change(SENDER_REVOKE, "withhold");
	entry.compromised = true;
	ck_error(append(entry, &fault), E_BAD_SIGNATURE); /* that was not said */
	sign(&entry, f.secret_key, entry.signature);
	entry.follows++;
	ck_error(append(entry, &fault), E_BAD_VALUE);
	entry.follows--;
	entry.change++;
	ck_error(append(entry, &fault), E_BAD_VALUE);
	entry.change--;
	ck_ok(append(entry, &fault));
	ck_assert(registered().compromised && registered().status == SENDER_REVOKED);
	ck_error(append(entry, &fault), E_REVOKED_SENDER);
	fixture_close(&f);
	fixture_remove(&f);
}
END_TEST

/* Two in one tick: the second follows the first, which is not committed yet. */
START_TEST(in_one_tick)
{
	struct fault fault = {.text = ""};
	fixture_make(&f);
	struct entry_sender first = change(SENDER_POLICY, "withhold"), second = change(SENDER_POLICY, "purpose-required");
	ck_ok(ledger_begin(f.ledger, &fault));
	ck_ok(ledger_append_sender(f.ledger, &first, &fault));
	ck_error(ledger_append_sender(f.ledger, &second, &fault), E_BAD_VALUE);
	second.follows = ledger_next_index(f.ledger) - 1;
	second.change++;
	sign(&second, f.secret_key, second.signature);
	sign(&second, f.secret_key, second.old_signature);
	ck_ok(ledger_append_sender(f.ledger, &second, &fault));
	ck_ok(ledger_commit(f.ledger, &fault));
	ck_assert(registered().endorsed && registered().version == 3);
	fixture_close(&f);
	fixture_remove(&f);
}
END_TEST

UNIT_MAIN("sender", an_older_policy_does_not_come_back, an_older_key_does_not_come_back, a_registration_holds_once,
	a_revocation_may_be_signed, in_one_tick)
