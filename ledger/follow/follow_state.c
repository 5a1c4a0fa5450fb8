/* The file is read like one of somebody else's, though it is one's own: by the form, then the rules, then the note
 * under the log's key. Another log's file is told apart (E_WRONG_ORIGIN) from one that is damaged, so that a wrong path
 * is not taken for damage. Rules that are ahead of their checkpoint are refused: then nothing signed stands behind
 * them. */
#include "ledger/follow/follow_state.h"

#include "ledger/base/own.h"
#include "ledger/json/json_base64.h"
#include "ledger/json/json_read.h"
#include "ledger/proof/form.h"

#include <stdlib.h>
#include <string.h>

static const char type[] = "indsigt-follow/v1";

enum error follow_state_take(struct bytes note, const struct vkey *vkey, struct follow_state *out)
{
	struct checkpoint checkpoint;
	if (note.len > sizeof out->note || checkpoint_verify(note, vkey, &checkpoint) != E_OK)
		return E_BAD_CHECKPOINT;
	out->checkpoint = checkpoint;
	out->note_len = note.len;
	memcpy(out->note, note.data, note.len);
	return E_OK;
}

static enum error encode_rules(const struct log_rules *rules, json_t **out)
{
	struct bytes whole;
	size_t capacity = log_rules_encoded_max(rules);
	OWNED_MEMORY uint8_t *encoded = malloc(capacity);
	TRY(allocated(encoded));
	struct writer w = writer_of(encoded, capacity);
	log_rules_encode(rules, &w);
	TRY(writer_done(&w, &whole));
	*out = json_base64(whole);
	return allocated(*out);
}

enum error follow_state_write(const struct follow_state *state, const struct log_rules *rules, char **out)
{
	json_t *encoded = NULL;
	TRY(encode_rules(rules, &encoded));
	json_auto_t *json = json_pack(
		"{s:s, s:s%, s:o}", "type", type, "checkpoint", (const char *)state->note, state->note_len, "rules", encoded);
	char *text = json != NULL ? json_write(json, JSON_INDENT(1)) : NULL;
	TRY(allocated(text));
	*out = text;
	return E_OK;
}

static enum error decode_rules(struct bytes encoded, struct log_rules *rules, struct form *form)
{
	struct reader r = reader_of(encoded);
	log_rules_decode(rules, &r);
	enum error error = reader_done(&r);
	if (error == E_NO_MEMORY)
		return error;
	if (error != E_OK)
		form_fail(form, "rules", "is not what a version like this one wrote");
	return E_OK;
}

enum error follow_state_read(
	struct bytes text, struct log_rules *rules, struct follow_state *out, struct finding *finding)
{
	OWNED(form_close) struct form form = {0};
	TRY(form_open(text, FOLLOW_STATE_BYTES_MAX, &form, finding));
	form_part(&form, "state", FINDING_NO_INDEX);
	form_members(&form, form.document, "type checkpoint rules");
	form_constant(&form, form.document, "type", type);
	struct bytes note = form_text(&form, form.document, "checkpoint", NOTE_BYTES_MAX);
	struct bytes encoded = form_bytes(&form, form.document, "rules", FOLLOW_STATE_BYTES_MAX);
	TRY(form_done(&form));
	if (!note_claims(note, rules->state.vkey))
		return E_WRONG_ORIGIN;
	TRY(decode_rules(encoded, rules, &form));
	if (follow_state_take(note, rules->state.vkey, out) != E_OK)
		form_fail(&form, "checkpoint", "is not signed with this log's key");
	else if (rules->state.size > out->checkpoint.size)
		form_fail(&form, "rules", "has more entries than the checkpoint");
	return form_done(&form);
}
