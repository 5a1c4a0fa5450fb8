/* Subjects and times: what is brought into form is in form, and stays so. */
#include "ledger/subject/subject.h"
#include "ledger/text/timestamp.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char id[SUBJECT_BYTES_MAX + 1];
	char again[SUBJECT_BYTES_MAX + 1];
	char text[TIMESTAMP_TEXT_MAX];
	int64_t time_ns;
	int64_t back;
	if (subject_canonical(bytes_of(data, size), id, NULL) == E_OK) {
		enum error error = subject_check(bytes_text(id));
		assert(error == E_OK);
		error = subject_canonical(bytes_text(id), again, NULL);
		assert(error == E_OK && strcmp(id, again) == 0);
		(void)error;
	}
	if (timestamp_parse(bytes_of(data, size), &time_ns) == E_OK) {
		timestamp_format(time_ns, text);
		enum error error = timestamp_parse(bytes_text(text), &back);
		assert(error == E_OK && back == time_ns);
		(void)error;
	}
	return 0;
}
