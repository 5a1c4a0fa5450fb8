/* Each of these is a right of its own, and none comes with another: whoever may say who reads for whom may not say that
 * somebody has read. */
#include "ledger/mandate/reporting.h"

#include "ledger/base/wrong.h"
#include "ledger/event/event_schema.h"

static bool is_read(const struct event *event)
{
	return (event->present >> EVENT_SYSTEM & 1) &&
		   bytes_equal(event->values[EVENT_SYSTEM].text, bytes_text(SYSTEM_OF_READS));
}

enum error reporting_check(
	const struct mandate *mandate, const char *own, const struct event *event, struct fault *fault)
{
	struct bytes org = event_org_id(event);
	if (WRONG(!bytes_equal(org, bytes_text(own)) && !mandate_names(mandate, org)))
		return fault_set(fault, E_POLICY,
			"org.id: not the sender's own organisation, and its registration does not let it report for this one "
			"(reports-for)");
	enum event_act_kind act = event_act(event);
	if (WRONG((act == ACT_GRANT || act == ACT_MANDATE) && (mandate->rights & RIGHT_GRANTS) == 0))
		return fault_set(fault, E_POLICY, "grant: the registration does not allow reporting grants");
	if (WRONG(act == ACT_CONSENT && (mandate->rights & RIGHT_CONSENTS) == 0))
		return fault_set(fault, E_POLICY, "consent_record: the registration does not allow reporting consents");
	if (WRONG(act == ACT_REPORT && (mandate->rights & RIGHT_READS) == 0))
		return fault_set(fault, E_POLICY, "report: people report through the ledger's own sender of reads alone");
	if (WRONG(is_read(event) && (mandate->rights & RIGHT_READS) == 0))
		return fault_set(fault, E_POLICY,
			"system: " SYSTEM_OF_READS " is this ledger itself, and the registration does not allow reporting what is "
			"read in it");
	return E_OK;
}
