/* The text is cut where it is too long and the index stays, because a finding without its index helps nobody. It gives
 * back the error, so that whoever finds something returns it in the same line. */
#include "ledger/log/log_finding.h"

#include <stdarg.h>
#include <stdio.h>

enum error log_finding_set(struct log_finding *finding, enum error error, uint64_t index, const char *format, ...)
{
	va_list arguments;
	finding->index = index;
	va_start(arguments, format);
	vsnprintf(finding->text, sizeof finding->text, format, arguments);
	va_end(arguments);
	return error;
}
