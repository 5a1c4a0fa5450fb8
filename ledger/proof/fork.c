/* Both notes must be the log's own, else anybody could make such a file. Then one comparison: the proof leads from
 * `old_root` to the second checkpoint, and `old_root` is not what was signed in the first. A smaller size of 0 is no
 * exception: its root is the empty one, and a log that has signed another has signed what no log can have. */
#include "ledger/proof/fork.h"

#include "ledger/base/wrong.h"
#include "ledger/json/json_base64.h"
#include "ledger/json/json_read.h"
#include "ledger/proof/form.h"

static const char type[] = "indsigt-fork/v1";

enum error fork_verify(struct bytes text, const struct vkey *log, struct fork *out, struct finding *finding)
{
	OWNED(form_close) struct form form = {0};
	struct fork fork;
	struct hash old_root = {{0}};
	TRY(form_open(text, FORK_BYTES_MAX, &form, finding));
	form_part(&form, "fork", FINDING_NO_INDEX);
	form_members(&form, form.document, "type first second old_root proof");
	form_constant(&form, form.document, "type", type);
	struct bytes first = form_text(&form, form.document, "first", NOTE_BYTES_MAX);
	struct bytes second = form_text(&form, form.document, "second", NOTE_BYTES_MAX);
	form_fixed(&form, form.document, "old_root", &old_root, sizeof old_root);
	struct hashes proof = form_hashes(&form, form.document, "proof", MERKLE_PROOF_MAX);
	TRY(form_done(&form));
	if (WRONG(checkpoint_verify(first, log, &fork.first) != E_OK) ||
		WRONG(checkpoint_verify(second, log, &fork.second) != E_OK))
		return finding_set(finding, FINDING_CHECKPOINT, FINDING_NO_INDEX);
	if (WRONG(hash_equal(&old_root, &fork.first.root)) ||
		WRONG(merkle_verify_consistency(
				  fork.first.size, &old_root, fork.second.size, &fork.second.root, proof.at, proof.count) != E_OK))
		return finding_set(finding, FINDING_FORK, FINDING_NO_INDEX);
	*out = fork;
	return E_OK;
}

enum error fork_write(struct bytes first, struct bytes second, const struct hash *old_root, const struct hash *proof,
	size_t proof_count, char **out)
{
	json_auto_t *json = json_pack("{s:s, s:s%, s:s%, s:o, s:o}", "type", type, "first", (const char *)first.data,
		first.len, "second", (const char *)second.data, second.len, "old_root", json_base64(hash_bytes(old_root)),
		"proof", json_hashes(proof, proof_count));
	char *text = json_write(json, JSON_INDENT(1));
	TRY(allocated(text));
	*out = text;
	return E_OK;
}
