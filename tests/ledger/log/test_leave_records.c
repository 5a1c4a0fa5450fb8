/* Leaves out each check of what reads single records, evidence and answers, as test_leave_out.c does of the verifiers
 * of files: some vector that must be refused is then taken. */
#include "ingest/wire/handshake.h"
#include "ingest/wire/session.h"
#include "ledger/entry/entry.h"
#include "ledger/event/event.h"
#include "ledger/event/event_json.h"
#include "ledger/proof/fork.h"
#include "ledger/tree/tile_path.h"
#include "ledger/witness/witness_policy.h"
#include "query/answer/verify.h"
#include "tests/lib/leave_out.h"
#include "tests/lib/place.h"
#include "tests/lib/unit.h"
#include "tools/sender/registration.h"

static const struct implied implied[] = {
	{"event.c", "has(out, field->number)",
		"under a policy a field has one part, and without one the disclosed part is read alone"},
	{"event.c", "list->count > EVENT_LIST_MAX", "there is no room to read more; a limit of the reader"},
	{"event.c", "text.len == 0", "an empty text shows nothing"},
	{"event_json.c", "!json_is_object(json)", "what is no object lacks every field that must be there"},
	{"event_json.c", "!json_is_object(object)", "what is no object has no members"},
	{"event_json.c", "!json_is_array(value)", "what is no array has no elements"},
	{"event_json.c", "years > RETENTION_YEARS_MAX", "no header has such a class (EVT-8)"},
	{"event_json.c", "text.len == 0", "a header with a date has a basis (EVT-8)"},
	{"event_json.c", "time_ns == 0", "a header with a basis has a date (EVT-8)"},
	{"timestamp.c", "out->seconds - out->leap < 0", "an event has no time before 1970"},
	{"subject.c", "!bytes_utf8(text)", "both readers, of JSON and of CBOR, refuse it before"},
	{"subject.c", "id.len < 1", "an empty id is a placeholder, in what comes in; of what is filed the form is asked"},
	{"witness_policy.c", "text.len > POLICY_BYTES_MAX", "a limit of this project, and too long for a vector"},
	{"fork.c", "checkpoint_verify(first, log, &fork.first) != E_OK",
		"what does not verify is not read; whoever reads it first takes the vector"},
	{"fork.c", "checkpoint_verify(second, log, &fork.second) != E_OK", "as for the first"},
	{"verify.c", "error != E_OK", "what does not verify is not read; whoever reads it first takes the vector"},
};

static uint8_t buffer[VECTOR_BYTES_MAX], other[VECTOR_BYTES_MAX];

/* ---- the readers ---- */

static enum error read_entry(const json_t *vector)
{
	struct entry entry;
	return entry_decode(vector_hex(vector, "entry", buffer), &entry);
}

static enum error read_json(const json_t *vector, const struct policy *policy)
{
	static struct event event;
	char subject[SUBJECT_BYTES_MAX + 1];
	struct fault fault;
	json_t *document = NULL;
	struct writer d = writer_of(buffer, sizeof buffer), r = writer_of(other, sizeof other);
	char *text = json_object_get(vector, "text") ? strdup(vector_text(vector, "text"))
												 : json_dumps(json_object_get(vector, "event"), 0);
	enum error error = event_parse_json(bytes_text(text), policy->purpose, subject, &document, &event, &fault);
	if (error == E_OK)
		error = event_encode(&event, policy, &d, &r, &fault);
	json_decref(document);
	free(text);
	return error;
}

static enum error read_event(const json_t *vector)
{
	static struct event event;
	struct event_header header;
	struct policy policy;
	struct fault fault;
	size_t i;
	json_t *word;
	const char *kind = vector_text(vector, "kind");
	policy_default(&policy);
	json_array_foreach(json_object_get(vector, "policy"), i, word)
	{
		ck_ok(policy_apply(&policy, json_string_value(word), NULL));
	}
	if (strcmp(kind, "event") == 0)
		return read_json(vector, &policy);
	if (strcmp(kind, "header") == 0) {
		struct reader in = reader_of(vector_hex(vector, "header", buffer));
		event_header_decode(&in, &header);
		return reader_done(&in);
	}
	bool part = strcmp(kind, "part") == 0;
	return event_decode(vector_hex(vector, "disclosed", buffer),
		part ? BYTES_EMPTY : vector_hex(vector, "restricted", other), part ? NULL : &policy, part, &event, &fault);
}

static struct verdict judge_fork(const json_t *vector)
{
	struct vkey vkey;
	struct fork fork;
	struct finding finding = {.code = FINDING_NONE};
	ck_ok(vkey_parse(bytes_text(vector_text(vector, "vkey")), &vkey));
	enum error error = fork_verify(bytes_text(vector_text(vector, "fork")), &vkey, &fork, &finding);
	return (struct verdict){error, finding.code};
}

static enum error read_answer(const json_t *vector)
{
	struct vkey vkey;
	struct verified verified;
	struct fault fault;
	const char *key = json_string_value(json_object_get(vector, "vkey"));
	uint64_t before = json_object_get(vector, "before") != NULL ? vector_number(vector, "before") : UINT64_MAX;
	if (key != NULL)
		ck_ok(vkey_parse(bytes_text(key), &vkey));
	return verify_page(json_object_get(vector, "page"), bytes_text(vector_text(vector, "subject")), before,
		vector_number(vector, "now"), key != NULL ? &vkey : NULL, &verified, &fault);
}

static enum error read_policy(const json_t *vector)
{
	struct witness_policy *policy = NULL;
	struct fault fault;
	struct bytes text = json_object_get(vector, "policy_hex") ? vector_hex(vector, "policy_hex", buffer)
															  : bytes_text(vector_text(vector, "policy"));
	enum error error = witness_policy_parse(text, &policy, &fault);
	free(policy);
	return error;
}

static enum error check_head(const json_t *vector, const struct batch_head *head)
{
	struct hash commitments[64], root;
	uint8_t public_key[32];
	const json_t *list = json_object_get(vector, "commitments");
	ck_assert_uint_lt(json_array_size(list), 64);
	for (size_t i = 0; i < json_array_size(list); i++)
		memcpy(commitments[i].b, vector_unhex(json_string_value(json_array_get(list, i)), other).data, HASH_BYTES);
	merkle_root_of_leaves(commitments, json_array_size(list), &root);
	vector_fixed(vector, "public_key", public_key, sizeof public_key);
	return batch_check_signature(vector_text(vector, "origin"), head, &root, public_key);
}

static enum error read_batch(const json_t *vector)
{
	struct batch_head head;
	struct batch_event event;
	bool is_head = strcmp(vector_text(vector, "kind"), "head") == 0;
	struct reader in = reader_of(vector_hex(vector, is_head ? "head" : "encoded", buffer));
	if (is_head)
		batch_head_decode(&in, &head);
	else
		batch_event_decode(&in, &event);
	TRY(reader_done(&in));
	return is_head ? check_head(vector, &head) : E_OK;
}

static enum error read_head(const json_t *vector, bool by_session)
{
	struct session session;
	enum frame_type type;
	size_t len;
	struct writer w = writer_of(other, sizeof other);
	TRY(frame_head_decode(vector_hex(vector, "head", buffer), &type, &len));
	if (!by_session)
		return E_OK;
	memset(&session, 0, sizeof session);
	if (strcmp(vector_text(vector, "state"), "open") == 0)
		session.state = SESSION_OPEN;
	session.pinged = strcmp(vector_text(vector, "state"), "greeting-pinged") == 0;
	return session_head(&session, type, len, &w);
}

static enum error read_frame(const json_t *vector)
{
	static uint8_t challenged[VECTOR_BYTES_MAX];
	uint8_t key[64];
	uint8_t nonce[64];
	struct frame_challenge challenge;
	struct frame_hello hello;
	struct frame_welcome welcome;
	struct frame_refusal refusal;
	struct frame_error error;
	const char *kind = vector_text(vector, "kind");
	if (strcmp(kind, "head") == 0 || strcmp(kind, "session-head") == 0)
		return read_head(vector, strcmp(kind, "head") != 0);
	struct bytes body = vector_hex(vector, "body", buffer);
	if (strcmp(kind, "challenge") == 0)
		return frame_challenge_decode(body, &challenge);
	bool judged = json_object_get(vector, "challenge") != NULL;
	if (strcmp(kind, "hello") == 0) {
		TRY(frame_hello_decode(body, &hello));
		if (!judged)
			return E_OK;
		TRY(frame_challenge_decode(vector_hex(vector, "challenge", challenged), &challenge));
		return hello_verify(&challenge, &hello, vector_hex(vector, "public_key", key).data);
	}
	if (strcmp(kind, "welcome") == 0) {
		TRY(frame_welcome_decode(body, &welcome));
		if (!judged)
			return E_OK;
		TRY(frame_challenge_decode(vector_hex(vector, "challenge", challenged), &challenge));
		return welcome_verify(&challenge, vector_hex(vector, "nonce", nonce).data,
			(uint32_t)vector_number(vector, "sender"), &welcome, vector_hex(vector, "log_key", key).data);
	}
	return strcmp(kind, "refusal") == 0 ? frame_refusal_decode(body, &refusal) : frame_error_decode(body, &error);
}

static enum error read_tile_path(const json_t *vector)
{
	struct tile_path path;
	return tile_path_parse(vector_text(vector, "path"), &path) ? E_OK : E_NOT_FOUND;
}

static struct place directory;

static enum error read_endorsement(const json_t *vector)
{
	char path[128];
	struct vkey log;
	struct entry_sender entry;
	struct fault fault;
	snprintf(path, sizeof path, "%s/endorsement", directory.path);
	FILE *file = fopen(path, "w");
	ck_assert(file != NULL && fputs(vector_text(vector, "endorsement"), file) >= 0 && fclose(file) == 0);
	ck_ok(vkey_parse(bytes_text(vector_text(vector, "vkey")), &log));
	return endorsement_read(path, &log, &entry, &fault);
}

/* ---- leaving out ---- */

#define PAGE(name)                                                  \
	static struct verdict judge_##name(const json_t *vector)        \
	{                                                               \
		return (struct verdict){read_##name(vector), FINDING_NONE}; \
	}
PAGE(entry)
PAGE(event)
PAGE(answer)
PAGE(policy)
PAGE(batch)
PAGE(frame)
PAGE(tile_path)
PAGE(endorsement)

static const struct page records[] = {
	{"entry", judge_entry, "entry.c"},
	{"event", judge_event, "event.c"},
	{"answer", judge_answer, ""},
	{"policy", judge_policy, ""},
	{"batch", judge_batch, "batch.c"},
	{"frame", judge_frame, ""},
	{"tiles", judge_tile_path, ""},
	{"endorsement", judge_endorsement, ""},
	{"fork", judge_fork, ""},
};

START_TEST(every_check_is_needed)
{
	place_make(&directory);
	leave_out(records, sizeof records / sizeof records[0], implied, sizeof implied / sizeof implied[0]);
	place_remove(&directory);
}
END_TEST

UNIT_MAIN("leave_records", every_check_is_needed)
