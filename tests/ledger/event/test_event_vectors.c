/* tests/vectors/event: what spec/event.md says, as another program computed it. */
#include "ledger/event/event.h"
#include "ledger/event/event_json.h"
#include "ledger/event/event_schema.h"
#include "tests/lib/unit.h"
#include "tests/lib/vector.h"

#include <string.h>

static uint8_t disclosed_buffer[VECTOR_BYTES_MAX];
static uint8_t restricted_buffer[VECTOR_BYTES_MAX];
static struct event event;
static struct fault fault;

static void policy_of(const json_t *vector, struct policy *out)
{
	size_t i;
	json_t *word;
	policy_default(out);
	json_array_foreach(json_object_get(vector, "policy"), i, word)
	{
		ck_ok(policy_apply(out, json_string_value(word), NULL));
	}
}

static void expect_hex(const json_t *vector, const char *name, struct bytes got, const char *path)
{
	static uint8_t wanted[VECTOR_BYTES_MAX];
	ck_assert_msg(bytes_equal(vector_hex(vector, name, wanted), got), "%s: %s is another", path, name);
}

/* EVT-11 */
static void check_commitment(
	const json_t *vector, struct bytes header, struct bytes disclosed, struct bytes restricted, const char *path)
{
	struct key batch_secret, secret;
	struct hash c_d, c_r, commitment;
	vector_fixed(vector, "batch_secret", batch_secret.b, sizeof batch_secret.b);
	event_secret(&batch_secret, vector_number(vector, "sequence"), &secret);
	expect_hex(vector, "secret", BYTES_ARRAY(secret.b), path);
	event_commit_restricted(&secret, restricted, &c_r);
	expect_hex(vector, "c_r", hash_bytes(&c_r), path);
	event_commit_disclosed(&c_r, disclosed, &c_d);
	expect_hex(vector, "c_d", hash_bytes(&c_d), path);
	event_commitment(header, &c_d, &commitment);
	expect_hex(vector, "commitment", hash_bytes(&commitment), path);
}

/* JSON to both parts, as a sender does it. */
static void check_event(const json_t *vector, const char *path)
{
	struct policy policy;
	char subject[SUBJECT_BYTES_MAX + 1];
	uint8_t header_buffer[HEADER_BYTES_MAX];
	struct writer h = writer_of(header_buffer, sizeof header_buffer);
	struct writer d = writer_of(disclosed_buffer, sizeof disclosed_buffer);
	struct writer r = writer_of(restricted_buffer, sizeof restricted_buffer);
	struct bytes header, disclosed, restricted;
	json_t *document = NULL;
	char *text = json_object_get(vector, "text") ? strdup(vector_text(vector, "text"))
												 : json_dumps(json_object_get(vector, "event"), 0);
	policy_of(vector, &policy);
	enum error error = event_parse_json(bytes_text(text), policy.purpose, subject, &document, &event, &fault);
	if (error == E_OK)
		error = event_encode(&event, &policy, &d, &r, &fault);
	vector_expect(vector, path, error);
	if (error == E_OK) {
		event_header_encode(&event.header, &h);
		ck_ok(writer_done(&h, &header));
		ck_ok(writer_done(&d, &disclosed));
		ck_ok(writer_done(&r, &restricted));
		expect_hex(vector, "header", header, path);
		expect_hex(vector, "disclosed", disclosed, path);
		expect_hex(vector, "restricted", restricted, path);
		check_commitment(vector, header, disclosed, restricted, path);
		ck_ok(event_decode(disclosed, restricted, &policy, false, &event, &fault));
	}
	json_decref(document);
	free(text);
}

/* Both parts to JSON, as a ledger reads them. */
static void check_parts(const json_t *vector, const char *path)
{
	struct policy policy;
	struct bytes disclosed = vector_hex(vector, "disclosed", disclosed_buffer);
	struct bytes restricted = vector_hex(vector, "restricted", restricted_buffer);
	policy_of(vector, &policy);
	enum error error = event_decode(disclosed, restricted, &policy, false, &event, &fault);
	vector_expect(vector, path, error);
	if (error != E_OK)
		return;
	json_t *back = event_to_json(&event);
	ck_assert_msg(json_equal(back, json_object_get(vector, "event")), "%s: says something else", path);
	json_decref(back);
}

/* The disclosed part alone, as a reader has it who knows neither the rest nor the policy. */
static void check_part(const json_t *vector, const char *path)
{
	struct bytes disclosed = vector_hex(vector, "disclosed", disclosed_buffer);
	enum error error = event_decode(disclosed, BYTES_EMPTY, NULL, true, &event, &fault);
	vector_expect(vector, path, error);
	if (error != E_OK)
		return;
	json_t *back = event_to_json(&event);
	ck_assert_msg(json_equal(back, json_object_get(vector, "event")), "%s: says something else", path);
	json_decref(back);
}

/* EVT-8 */
static void check_header(const json_t *vector, const char *path)
{
	struct event_header header = {0};
	struct reader in = reader_of(vector_hex(vector, "header", disclosed_buffer));
	event_header_decode(&in, &header);
	enum error error = reader_done(&in);
	vector_expect(vector, path, error);
	if (error != E_OK)
		return;
	ck_assert_uint_eq(header.withheld_until_s, vector_number(vector, "withheld_until"));
	ck_assert_uint_eq(header.retention_years, vector_number(vector, "retention"));
	ck_assert(bytes_equal(bytes_of(header.basis, header.basis_len), bytes_text(vector_text(vector, "basis"))));
}

static void check_vector(const json_t *vector, const char *path)
{
	static const struct {
		const char *kind;
		void (*check)(const json_t *vector, const char *path);
	} kinds[] = {{"event", check_event}, {"parts", check_parts}, {"part", check_part}, {"header", check_header}};
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		if (strcmp(vector_text(vector, "kind"), kinds[i].kind) == 0) {
			kinds[i].check(vector, path);
			return;
		}
	}
	ck_abort_msg("%s: kind", path);
}

/* EVT-1 to EVT-8, EVT-12, EVT-13 */
START_TEST(our_event_vectors_hold)
{
	char dir[4096];
	ck_assert(vector_path("INDSIGT_SOURCE", "tests/vectors/event", dir));
	ck_assert_uint_ge(vector_walk(dir, check_vector), 180);
}
END_TEST

/* ---- the table of fields in the specification ---- */

static void type_cell(const struct event_field *field, char *out, size_t capacity)
{
	size_t len = 0;
	switch (field->type) {
	case EVENT_TYPE_TEXT:
		snprintf(out, capacity, "text, %zu", field->bytes_max);
		break;
	case EVENT_TYPE_LIST:
		snprintf(out, capacity, "list of text, %zu", field->bytes_max);
		break;
	case EVENT_TYPE_TIME:
		snprintf(out, capacity, "time");
		break;
	case EVENT_TYPE_BOOL:
		snprintf(out, capacity, "boolean");
		break;
	case EVENT_TYPE_COUNT:
		snprintf(out, capacity, "count");
		break;
	case EVENT_TYPE_ENUM:
		for (uint64_t code = 0; event_field_word(field, code) != NULL; code++)
			len += (size_t)snprintf(out + len, capacity - len, "%s%u %s", code > 0 ? ", " : "", (unsigned)code,
				event_field_word(field, code));
		break;
	}
}

/* The row as it must stand in spec/event.md. */
static void table_row(const struct event_field *field, char *out, size_t capacity)
{
	char type[256];
	type_cell(field, type, sizeof type);
	const char *part = field->flags & FIELD_FIXED        ? "always disclosed"
					   : field->flags & FIELD_RESTRICTED ? "restricted"
														 : "disclosed";
	snprintf(out, capacity, "\n| %u | `%s` | %s | %s | %s |\n", field->number, field->path, type,
		field->flags & FIELD_REQUIRED ? "required" : "", part);
}

static char *read_page(const char *name)
{
	char path[4096];
	ck_assert(vector_path("INDSIGT_SOURCE", name, path));
	FILE *file = fopen(path, "r");
	ck_assert_msg(file != NULL, "%s cannot be read", path);
	char *page = calloc(1, VECTOR_BYTES_MAX);
	ck_assert_uint_lt(fread(page, 1, VECTOR_BYTES_MAX - 1, file), VECTOR_BYTES_MAX - 1);
	fclose(file);
	return page;
}

/* EVT-1: the table and the schema are the same. */
START_TEST(table_of_fields)
{
	char *page = read_page("spec/event.md");
	unsigned rows = 0;
	for (uint64_t number = 1; number <= EVENT_FIELD_LAST; number++) {
		char row[512];
		table_row(event_field(number), row, sizeof row);
		ck_assert_msg(strstr(page, row) != NULL, "spec/event.md lacks%s", row);
	}
	for (const char *line = strstr(page, "\n| "); line != NULL; line = strstr(line + 1, "\n| "))
		rows += line[3] >= '0' && line[3] <= '9';
	ck_assert_uint_eq(rows, EVENT_FIELD_LAST);
	free(page);
}
END_TEST

/* EVT-9: the fields that the specification says are never repeated are those of the schema. */
START_TEST(personal_fields_are_the_schemas)
{
	char *page = read_page("spec/event.md");
	char *rule = strstr(page, "**[EVT-9]**");
	char *end = rule ? strstr(rule, "\n* **[") : NULL;
	ck_assert(rule != NULL && end != NULL);
	*end = '\0';
	for (uint64_t number = 1; number <= EVENT_FIELD_LAST; number++) {
		char quoted[64];
		const struct event_field *field = event_field(number);
		snprintf(quoted, sizeof quoted, "`%s`", field->path);
		ck_assert_msg((strstr(rule, quoted) != NULL) == ((field->flags & FIELD_PERSONAL) != 0), "%s", field->path);
	}
	free(page);
}
END_TEST

UNIT_MAIN("event_vectors", our_event_vectors_hold, table_of_fields, personal_fields_are_the_schemas)
