/*   encode   required ─► each value ─► header ─► two maps, split by the policy ─► within the limit together
 *   decode   disclosed ─► restricted ─► each field known, ascending, in its part, once ─► required ─► each value
 *
 * Values are checked the same on both ways, so that a sender learns of what the ledger would refuse. What depends on
 * the policy of its time (the split) is left out when no policy is given. The commitment is over bytes, never over
 * decoded fields: whoever checks it needs no schema. Faults name the field, and hold no text of it. */
#include "ledger/event/event.h"

#include "ledger/base/domain.h"
#include "ledger/base/wrong.h"
#include "ledger/event/dcbor.h"
#include "ledger/event/event_schema.h"
#include "ledger/subject/subject.h"
#include "ledger/text/visible.h"

#include <inttypes.h>
#include <string.h>

#define COUNT_MAX ((1ull << 53) - 1)

/* ---- header ---- */

void event_header_encode(const struct event_header *header, struct writer *out)
{
	writer_u64(out, header->withheld_until_s);
	writer_u8(out, header->retention_years);
	writer_u8(out, header->basis_len);
	writer_bytes(out, bytes_of(header->basis, header->basis_len));
}

static bool good_header(const struct event_header *header)
{
	return !WRONG(header->retention_years < 1) && !WRONG(header->retention_years > RETENTION_YEARS_MAX) &&
		   header->basis_len <= WITHHELD_BASIS_BYTES_MAX &&
		   !WRONG((header->withheld_until_s == 0) != (header->basis_len == 0)) &&
		   !WRONG(header->withheld_until_s > TIME_S_MAX) && visible_clean(bytes_of(header->basis, header->basis_len)) &&
		   (header->basis_len == 0 || !WRONG(visible_blank(bytes_of(header->basis, header->basis_len))));
}

void event_header_decode(struct reader *in, struct event_header *out)
{
	struct event_header header = {0};
	header.withheld_until_s = reader_u64(in);
	header.retention_years = reader_u8(in);
	header.basis_len = reader_u8(in);
	if (header.basis_len > WITHHELD_BASIS_BYTES_MAX)
		reader_fail(in, E_TOO_LONG);
	else
		reader_copy(in, header.basis, header.basis_len);
	if (in->error == E_OK && !good_header(&header))
		reader_fail(in, E_BAD_VALUE);
	if (in->error == E_OK)
		*out = header;
}

/* ---- what every event must be ---- */

static enum error check_text(const struct event_field *field, struct bytes text, struct fault *fault)
{
	if (WRONG(text.len == 0))
		return fault_set(fault, E_BAD_VALUE, "%s: must not be empty", field->path);
	if (WRONG(text.len > field->bytes_max))
		return fault_set(fault, E_TOO_LONG, "%s: %zu bytes, the limit is %zu", field->path, text.len, field->bytes_max);
	if (visible_plain(text))
		return E_OK;
	if (!bytes_utf8(text)) /* for a better reason than the next one's */
		return fault_set(fault, E_NOT_UTF8, "%s: not valid UTF-8", field->path);
	if (!visible_clean(text))
		return fault_set(fault, E_BAD_VALUE, "%s: holds control characters", field->path);
	if (WRONG(visible_blank(text)))
		return fault_set(
			fault, E_BAD_VALUE, "%s: holds nothing but spaces; say it in words, or leave it out", field->path);
	return E_OK;
}

static enum error check_list(const struct event_field *field, const struct event_list *list, struct fault *fault)
{
	if (WRONG(list->count == 0) || WRONG(list->count > EVENT_LIST_MAX))
		return fault_set(fault, list->count == 0 ? E_BAD_VALUE : E_TOO_LONG,
			"%s: %" PRIu32 " elements, must be 1 to %u", field->path, list->count, EVENT_LIST_MAX);
	for (uint32_t i = 0; i < list->count; i++)
		TRY(check_text(field, list->items[i], fault));
	return E_OK;
}

static enum error check_field(const struct event *event, const struct event_field *field, struct fault *fault)
{
	const union event_value *value = &event->values[field->number];
	switch (field->type) {
	case EVENT_TYPE_TEXT:
		return check_text(field, value->text, fault);
	case EVENT_TYPE_LIST:
		return check_list(field, &event->lists[value->list], fault);
	case EVENT_TYPE_TIME:
		return !WRONG(value->time_ns < 0)
				   ? E_OK
				   : fault_set(fault, E_BAD_VALUE, "%s: before 1970 or after April 2262", field->path);
	case EVENT_TYPE_ENUM:
		return !WRONG(event_field_word(field, value->number) == NULL)
				   ? E_OK
				   : fault_set(fault, E_BAD_VALUE, "%s: code %" PRIu64 " is not known", field->path, value->number);
	case EVENT_TYPE_BOOL:
		return value->number <= 1 ? E_OK : fault_set(fault, E_BAD_VALUE, "%s: must be true or false", field->path);
	case EVENT_TYPE_COUNT:
		return !WRONG(value->number > COUNT_MAX)
				   ? E_OK
				   : fault_set(fault, E_BAD_VALUE, "%s: larger than 2^53 - 1", field->path);
	}
	return E_BAD_VALUE;
}

static bool has(const struct event *event, unsigned number)
{
	return (event->present >> number & 1) != 0;
}

/* Computed once from the table; events are many. */
static enum error check_required(const struct event *event, struct fault *fault)
{
	static _Atomic uint64_t required;
	if (required == 0)
		required = event_fields_with(FIELD_REQUIRED);
	uint64_t missing = required & ~event->present;
	if (WRONG(missing != 0))
		return fault_set(
			fault, E_MISSING_FIELD, "%s: required and missing", event_field((uint64_t)__builtin_ctzll(missing))->path);
	if (WRONG(!has(event, EVENT_SUBJECT) && !has(event, EVENT_SUBJECTS)))
		return fault_set(fault, E_MISSING_FIELD, "subject: required and missing, or subjects for a mass event");
	return E_OK;
}

static bool hexadecimal(struct bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!(text.data[i] >= '0' && text.data[i] <= '9') && !(text.data[i] >= 'a' && text.data[i] <= 'f'))
			return false;
	return true;
}

/* Rules that concern the values of single fields or of two together; for whatever is present. */
static enum error check_values(const struct event *event, struct fault *fault)
{
	for (uint64_t left = event->present; left != 0; left &= left - 1)
		TRY(check_field(event, event_field((uint64_t)__builtin_ctzll(left)), fault));
	if (has(event, EVENT_SUBJECT))
		TRY(subject_judge(event->values[EVENT_SUBJECT].text, fault));
	if (WRONG(has(event, EVENT_SUBJECT) && has(event, EVENT_SUBJECTS)))
		return fault_set(fault, E_BAD_VALUE, "subject: either subject, or subjects for a mass event, and not both");
	if (has(event, EVENT_ORG_ID) && WRONG(!subject_org_valid(event->values[EVENT_ORG_ID].text)))
		return fault_set(
			fault, E_BAD_VALUE, "org.id: must be SCHEME:ID, such as cvr:55133018: a small-lettered scheme, no spaces");
	if (has(event, EVENT_SOURCE_SHA256) && (WRONG(event->values[EVENT_SOURCE_SHA256].text.len != 64) ||
											   WRONG(!hexadecimal(event->values[EVENT_SOURCE_SHA256].text))))
		return fault_set(fault, E_BAD_VALUE, "source.sha256: must be 64 lower-case hexadecimal digits");
	if (has(event, EVENT_END_TIME) && has(event, EVENT_TIME) &&
		WRONG(event->values[EVENT_END_TIME].time_ns < event->values[EVENT_TIME].time_ns))
		return fault_set(fault, E_BAD_VALUE, "end_time: before time");
	return event_check_acts(event, fault);
}

enum error event_header_check(
	const struct event_header *header, const struct policy *policy, bool act, struct fault *fault)
{
	bool withheld = header->withheld_until_s != 0;
	if (WRONG(withheld && (policy->flags & POLICY_WITHHOLD) == 0))
		return fault_set(fault, E_POLICY, "withheld_until: the registration does not allow withholding");
	if (WRONG(withheld && act))
		return fault_set(
			fault, E_POLICY, "withheld_until: a grant, a report, an answer and a consent are never withheld");
	return E_OK;
}

static enum error check_header(const struct event *event, const struct policy *policy, struct fault *fault)
{
	if (!good_header(&event->header))
		return fault_set(fault, E_BAD_VALUE,
			"withheld_until, withheld_basis, retention: both of the first two or none, basis in words of up to %u "
			"bytes, 1y "
			"to %uy",
			WITHHELD_BASIS_BYTES_MAX, RETENTION_YEARS_MAX);
	return event_header_check(&event->header, policy, event_act(event) != ACT_ACCESS, fault);
}

/* ---- encoding ---- */

static void encode_value(const struct event *event, const struct event_field *field, struct writer *out)
{
	const union event_value *value = &event->values[field->number];
	switch (field->type) {
	case EVENT_TYPE_TEXT:
		cbor_put_text(out, value->text);
		break;
	case EVENT_TYPE_LIST: {
		const struct event_list *list = &event->lists[value->list];
		cbor_put_array(out, list->count);
		for (uint32_t i = 0; i < list->count; i++)
			cbor_put_text(out, list->items[i]);
		break;
	}
	case EVENT_TYPE_TIME:
		cbor_put_uint(out, (uint64_t)value->time_ns);
		break;
	case EVENT_TYPE_BOOL:
		cbor_put_bool(out, value->number != 0);
		break;
	case EVENT_TYPE_ENUM:
	case EVENT_TYPE_COUNT:
		cbor_put_uint(out, value->number);
		break;
	}
}

void event_encode_fields(const struct event *event, uint64_t fields, struct writer *out)
{
	cbor_put_map(out, (size_t)__builtin_popcountll(fields));
	for (uint64_t left = fields; left != 0; left &= left - 1) {
		unsigned number = (unsigned)__builtin_ctzll(left);
		cbor_put_uint(out, number);
		encode_value(event, event_field(number), out);
	}
}

/* An empty restricted part has no bytes at all, so that nothing hidden is one encoding and not two. */
enum error event_encode(const struct event *event, const struct policy *policy, struct writer *disclosed,
	struct writer *restricted, struct fault *fault)
{
	size_t before = writer_len(disclosed) + writer_len(restricted);
	TRY(check_required(event, fault));
	TRY(check_values(event, fault));
	TRY(check_header(event, policy, fault));
	uint64_t hidden = event->present & policy->restricted;
	event_encode_fields(event, event->present & ~policy->restricted, disclosed);
	if (hidden != 0)
		event_encode_fields(event, hidden, restricted);
	if (disclosed->error != E_OK || restricted->error != E_OK ||
		writer_len(disclosed) + writer_len(restricted) - before > EVENT_BYTES_MAX)
		return fault_set(fault, E_TOO_LONG, "the event is longer than %u bytes", EVENT_BYTES_MAX);
	return E_OK;
}

/* ---- decoding ---- */

static enum error wrong_type(const struct event_field *field, struct fault *fault)
{
	return fault_set(fault, E_BAD_VALUE, "%s: wrong type of value", field->path);
}

/* Lists have their place by the order in which they come; each field stands once, so there are never more than the
 * schema has. */
static enum error decode_list(
	struct reader *in, const struct event_field *field, uint64_t count, struct event *out, struct fault *fault)
{
	if (count > EVENT_LIST_MAX)
		return fault_set(fault, E_TOO_LONG, "%s: more than %u elements", field->path, EVENT_LIST_MAX);
	if (out->list_count == EVENT_LISTS_MAX)
		return wrong_type(field, fault);
	struct event_list *list = &out->lists[out->list_count];
	list->count = (uint32_t)count;
	for (uint32_t i = 0; i < list->count; i++) {
		struct cbor_item item;
		cbor_read(in, &item);
		if (in->error != E_OK)
			return fault_set(fault, in->error, "%s: %s", field->path, error_text(in->error));
		if (item.kind != CBOR_TEXT)
			return wrong_type(field, fault);
		list->items[i] = item.text;
	}
	out->values[field->number].list = out->list_count++;
	return E_OK;
}

static enum error decode_value(
	struct reader *in, const struct event_field *field, struct event *out, struct fault *fault)
{
	static const enum cbor_kind kinds[] = {[EVENT_TYPE_TEXT] = CBOR_TEXT,
		[EVENT_TYPE_TIME] = CBOR_UINT,
		[EVENT_TYPE_ENUM] = CBOR_UINT,
		[EVENT_TYPE_BOOL] = CBOR_BOOL,
		[EVENT_TYPE_COUNT] = CBOR_UINT,
		[EVENT_TYPE_LIST] = CBOR_ARRAY};
	struct cbor_item item;
	cbor_read(in, &item);
	if (in->error != E_OK)
		return fault_set(fault, in->error, "%s: %s", field->path, error_text(in->error));
	if (WRONG(item.kind != kinds[field->type]))
		return wrong_type(field, fault);
	if (field->type == EVENT_TYPE_LIST)
		return decode_list(in, field, item.number, out, fault);
	if (field->type == EVENT_TYPE_TEXT)
		out->values[field->number].text = item.text;
	else if (field->type == EVENT_TYPE_TIME)
		out->values[field->number].time_ns = item.number <= INT64_MAX ? (int64_t)item.number : -1;
	else
		out->values[field->number].number = item.number;
	return E_OK;
}

/* The policy decides which numbers may stand in the part; so no field is in both, and the closed ones are never in the
 * open part. */
static enum error decode_part(
	struct bytes part, const char *name, uint64_t allowed, struct event *out, struct fault *fault)
{
	struct cbor_item map;
	uint64_t previous = 0;
	struct reader r = reader_of(part);
	cbor_read(&r, &map);
	if (r.error != E_OK || map.kind != CBOR_MAP)
		return fault_set(
			fault, r.error != E_OK ? r.error : E_BAD_VALUE, "the %s part is not a deterministic CBOR map", name);
	for (uint64_t i = 0; i < map.number; i++) {
		struct cbor_item key;
		cbor_read(&r, &key);
		if (r.error != E_OK)
			return fault_set(fault, r.error, "the %s part: %s", name, error_text(r.error));
		if (key.kind != CBOR_UINT || WRONG(key.number <= previous))
			return fault_set(
				fault, E_NOT_DETERMINISTIC, "the %s part: field numbers must be unsigned and ascend", name);
		const struct event_field *field = event_field(key.number);
		if (field == NULL)
			return fault_set(fault, E_UNKNOWN_FIELD, "field %" PRIu64 " is not in the schema", key.number);
		if (WRONG((allowed >> field->number & 1) == 0) || WRONG(has(out, field->number)))
			return fault_set(
				fault, E_POLICY, "%s: does not belong in the %s part under the sender's policy", field->path, name);
		TRY(decode_value(&r, field, out, fault));
		out->present |= 1ull << field->number;
		previous = key.number;
	}
	if (WRONG(reader_done(&r) != E_OK))
		return fault_set(fault, E_TRAILING, "the %s part: %s", name, error_text(E_TRAILING));
	return E_OK;
}

enum error event_decode(struct bytes disclosed, struct bytes restricted, const struct policy *policy, bool partial,
	struct event *out, struct fault *fault)
{
	uint64_t open = policy ? ~policy->restricted : UINT64_MAX;
	uint64_t hidden = policy ? policy->restricted : ~event_fields_with(FIELD_FIXED);
	out->present = 0;
	out->list_count = 0;
	out->header = (struct event_header){.retention_years = RETENTION_YEARS_DEFAULT};
	if (WRONG(disclosed.len + restricted.len > EVENT_BYTES_MAX))
		return fault_set(fault, E_TOO_LONG, "the event is longer than %u bytes", EVENT_BYTES_MAX);
	TRY(decode_part(disclosed, "disclosed", open, out, fault));
	if (restricted.len > 0) {
		uint64_t shown = out->present;
		TRY(decode_part(restricted, "restricted", hidden, out, fault));
		if (WRONG(out->present == shown))
			return fault_set(fault, E_NOT_DETERMINISTIC, "the restricted part: an empty one has no bytes at all");
	}
	if (!partial)
		TRY(check_required(out, fault));
	return check_values(out, fault);
}

/* ---- fields that the ledger itself reads ---- */

bool event_is_mass(const struct event *event)
{
	return has(event, EVENT_SUBJECTS);
}

struct bytes event_subject(const struct event *event)
{
	return has(event, EVENT_SUBJECT) ? event->values[EVENT_SUBJECT].text : BYTES_EMPTY;
}

int64_t event_time_ns(const struct event *event)
{
	return has(event, EVENT_TIME) ? event->values[EVENT_TIME].time_ns : 0;
}

struct bytes event_org_id(const struct event *event)
{
	return has(event, EVENT_ORG_ID) ? event->values[EVENT_ORG_ID].text : BYTES_EMPTY;
}

/* ---- commitment ---- */

/* Each stands behind a domain string of its own and before what has no length told, so that no two steps, and no two
 * splits of one, hash the same bytes. The strings are short: what is hashed for the secret, and for a commitment
 * without a basis, is 55 bytes, the most that fit one compression of SHA-256. */
static void hash_of(struct bytes domain, struct bytes front, struct bytes rest, struct hash *out)
{
	const struct bytes parts[] = {domain, front, rest};
	hash_sha256_secret(parts, 3, out);
}

void event_secret(const struct key *batch_secret, uint64_t sequence, struct key *out)
{
	uint8_t number[8];
	put_u64(number, sequence);
	key_derive_sha256(batch_secret, DOMAIN_EVENT_KEY, BYTES_ARRAY(number), out);
}

void event_commit_restricted(const struct key *secret, struct bytes restricted, struct hash *c_r)
{
	hash_of(BYTES_LITERAL(DOMAIN_C_R), BYTES_ARRAY(secret->b), restricted, c_r);
}

void event_commit_disclosed(const struct hash *c_r, struct bytes disclosed, struct hash *c_d)
{
	hash_of(BYTES_LITERAL(DOMAIN_C_D), hash_bytes(c_r), disclosed, c_d);
}

void event_commitment(struct bytes header, const struct hash *c_d, struct hash *out)
{
	hash_of(BYTES_LITERAL(DOMAIN_COMMITMENT), header, hash_bytes(c_d), out);
}
