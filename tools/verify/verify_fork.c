/* Two checkpoints with the log's own signature that cannot both be of one log that only grows. Whoever sees this needs
 * no trust in who found it: the signatures are the log's. It holds when the log has forked, so "holds" is the bad news
 * here, and the sentence says so. */
#include "ledger/json/json_number.h"
#include "ledger/proof/fork.h"
#include "tools/verify/verify.h"

enum error verify_fork(const struct verify_call *call, struct finding *finding)
{
	struct fork fork;
	TRY(fork_verify(call->text, &call->log, &fork, finding));
	if (call->json)
		return output_json(
			json_pack("{s:s, s:b, s:s, s:o, s:o}", "kind", "fork", "holds", true, "log", call->log.name, "first_size",
				json_number(fork.first.size), "second_size", json_number(fork.second.size)),
			call->out);
	table_line(call->out, call->words->forked, call->log.name, (unsigned long long)fork.first.size,
		(unsigned long long)fork.second.size);
	return E_OK;
}
