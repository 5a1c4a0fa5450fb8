/* The head of a syslog message, which only says where the message behind it begins. spec/syslog.md
 *
 *   RFC 5424   <PRI>1 TIME HOST APP PROCID MSGID STRUCTURED-DATA MESSAGE
 *   RFC 3164   <PRI>TIME HOST TAG: MESSAGE, and what senders make of it: another time or none, no host, no tag
 *
 * What it says is not looked at: anybody who may log writes what he likes there, and the audit message has its own. */
#pragma once

#include "ledger/base/bytes.h"

#define SYSLOG_PRIORITY_DIGITS 3u

struct syslog_head {
	unsigned priority; /* 0 to 999: a wrong one is no fault */
	bool rfc5424;
	struct bytes data; /* its structured data, if it has any; borrowed */
	struct bytes rest; /* what stands behind it, as it is; borrowed from the message */
};

/* "#012" and the like at the start of `text`, which rsyslog writes for a control character that it got: true, with the
 * character, for a tab, a line feed, a carriage return and a NUL. */
bool syslog_escape(struct bytes text, uint8_t *out);
#define SYSLOG_ESCAPE_BYTES 4u
/* E_TRAILING: it begins with no priority. E_BAD_VALUE: its structured data does not end. */
enum error syslog_head_read(struct bytes message, struct syslog_head *out, struct fault *fault) MUST_USE;
