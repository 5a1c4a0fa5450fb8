/*   text, may hold empty lines │ the last empty line │ "— name base64(key id || signature)" for each key
 *
 * The border is the last empty line, because signature lines hold none. Lines of keys that nobody here knows are passed
 * over, whatever their signature is, as long as their form is good: a note may bear more signatures than a reader
 * understands. Of a known key each line must verify. Base64, numbers and names have one spelling each, so that one
 * checkpoint is one text. */
#include "ledger/note/note.h"

#include "ledger/base/wrong.h"
#include "ledger/label/ed25519.h"
#include "ledger/text/base64.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

#define KEY_ID_BYTES NOTE_KEY_ID_BYTES
#define SIGNATURE_BYTES 64
#define BASE64_PIECE 64 /* characters decoded at a time: any number of whole groups of four */
#define SIZE_LEAVES_MAX (1ull << TREE_LEVELS_MAX)

/* U+2014 and a space: what every signature line begins with. */
static const struct bytes dash = {(const uint8_t *)"\xE2\x80\x94 ", 4};

/* ---- base64 ---- */

/* base64_decode for a text of any length, in pieces: of what it decodes to, the first `capacity` bytes are kept, and
 * `out_len` is the whole length. */
static bool base64_decode_front(struct bytes text, uint8_t *out, size_t capacity, size_t *out_len)
{
	uint8_t piece[BASE64_PIECE / 4 * 3];
	size_t total = 0;
	for (size_t at = 0; at < text.len; at += BASE64_PIECE) {
		size_t chars = text.len - at < BASE64_PIECE ? text.len - at : BASE64_PIECE, len;
		if (!base64_decode(bytes_of(text.data + at, chars), piece, sizeof piece, &len))
			return false;
		if (at + chars < text.len && len < sizeof piece)
			return false; /* padding before the end */
		size_t kept = total >= capacity ? 0 : len < capacity - total ? len : capacity - total;
		if (kept > 0)
			memcpy(out + total, piece, kept);
		total += len;
	}
	*out_len = total;
	return true;
}

/* ---- cutting text ---- */

bool note_cut(struct bytes *rest, uint8_t mark, struct bytes *out)
{
	const uint8_t *at = rest->len ? memchr(rest->data, mark, rest->len) : NULL;
	if (at == NULL)
		return false;
	*out = bytes_of(rest->data, (size_t)(at - rest->data));
	*rest = bytes_of(at + 1, rest->len - out->len - 1);
	return true;
}

/* The code points with the property White_Space beyond ASCII, in UTF-8. */
static bool has_unicode_space(struct bytes text)
{
	for (size_t i = 0; i + 1 < text.len; i++) {
		const uint8_t *p = text.data + i;
		if (p[0] == 0xC2 && (p[1] == 0x85 || p[1] == 0xA0))
			return true;
		if (i + 2 >= text.len)
			continue;
		uint32_t three = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
		if (three == 0xE19A80 || (three >= 0xE28080 && three <= 0xE2808A) || three == 0xE280A8 || three == 0xE280A9 ||
			three == 0xE280AF || three == 0xE2819F || three == 0xE38080)
			return true;
	}
	return false;
}

static bool name_valid(struct bytes name)
{
	if (WRONG(name.len == 0) || WRONG(!bytes_utf8(name)) || WRONG(has_unicode_space(name)))
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (WRONG(name.data[i] <= ' ' || name.data[i] == 0x7F) || WRONG(name.data[i] == '+'))
			return false;
	return true;
}

/* UTF-8 that ends in a newline and has no other control characters. */
bool note_text_valid(struct bytes text)
{
	if (text.len == 0 || WRONG(text.data[text.len - 1] != '\n') || WRONG(!bytes_utf8(text)))
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (WRONG(text.data[i] < ' ' && text.data[i] != '\n'))
			return false;
	return true;
}

/* ---- keys ---- */

/* SHA-256(name || 0x0A || type || public key), the first four bytes. */
static void key_id(struct vkey *vkey)
{
	struct hash hash;
	struct bytes parts[] = {
		bytes_text(vkey->name), BYTES_LITERAL("\n"), bytes_of(&vkey->type, 1), BYTES_ARRAY(vkey->public_key)};
	hash_sha256(parts, 4, &hash);
	memcpy(vkey->id, hash.b, sizeof vkey->id);
}

/* Every key of a note passes here, so a point of small order is never verified with. */
static enum error make(struct bytes name, uint8_t type, const uint8_t public_key[32], struct vkey *out)
{
	if (WRONG(name.len > ORIGIN_BYTES_MAX) || !name_valid(name))
		return E_BAD_KEY;
	if (WRONG(type != NOTE_KEY_ED25519 && type != NOTE_KEY_COSIGNATURE) || WRONG(!ed25519_key_usable(public_key)))
		return E_BAD_KEY;
	memset(out, 0, sizeof *out);
	memcpy(out->name, name.data, name.len);
	out->type = type;
	memcpy(out->public_key, public_key, sizeof out->public_key);
	key_id(out);
	return E_OK;
}

enum error vkey_make(const char *name, uint8_t type, const uint8_t public_key[32], struct vkey *out)
{
	return make(bytes_text(name), type, public_key, out);
}

enum error vkey_parse(struct bytes text, struct vkey *out)
{
	struct bytes name, id;
	uint8_t key[1 + 32];
	size_t key_len;
	/* The base64 may hold a '+': only the first two separate. */
	if (!note_cut(&text, '+', &name) || !note_cut(&text, '+', &id))
		return E_BAD_KEY;
	if (WRONG(!base64_decode(text, key, sizeof key, &key_len)) || WRONG(key_len != sizeof key))
		return E_BAD_KEY;
	struct vkey vkey;
	TRY(make(name, key[0], key + 1, &vkey));
	char wanted[2 * KEY_ID_BYTES + 1];
	sodium_bin2hex(wanted, sizeof wanted, vkey.id, sizeof vkey.id);
	if (WRONG(!bytes_equal(id, bytes_text(wanted))))
		return E_BAD_KEY;
	*out = vkey;
	return E_OK;
}

void vkey_format(const struct vkey *vkey, char *out)
{
	uint8_t key[1 + 32];
	char base64[sodium_base64_ENCODED_LEN(sizeof key, sodium_base64_VARIANT_ORIGINAL)];
	char id[2 * KEY_ID_BYTES + 1];
	key[0] = vkey->type;
	memcpy(key + 1, vkey->public_key, sizeof vkey->public_key);
	sodium_bin2base64(base64, sizeof base64, key, sizeof key, sodium_base64_VARIANT_ORIGINAL);
	sodium_bin2hex(id, sizeof id, vkey->id, sizeof vkey->id);
	snprintf(out, VKEY_TEXT_MAX + 1, "%s+%s+%s", vkey->name, id, base64);
}

/* ---- checkpoints ---- */

enum error checkpoint_format(const struct checkpoint *checkpoint, struct writer *out)
{
	char size[24];
	snprintf(size, sizeof size, "\n%" PRIu64 "\n", checkpoint->size);
	writer_bytes(out, bytes_text(checkpoint->origin));
	writer_bytes(out, bytes_text(size));
	note_hash_write(&checkpoint->root, out);
	writer_bytes(out, BYTES_LITERAL("\n"));
	return out->error;
}

bool note_size_parse(struct bytes text, uint64_t *out)
{
	if (WRONG(text.len == 0) || WRONG(text.len > 19) || WRONG(text.data[0] == '0' && text.len > 1))
		return false; /* 2^63 has 19 digits, and no number of 19 digits leaves 64 bits */
	uint64_t size = 0;
	for (size_t i = 0; i < text.len; i++) {
		if (WRONG(text.data[i] < '0' || text.data[i] > '9'))
			return false;
		size = size * 10 + (uint64_t)(text.data[i] - '0');
	}
	*out = size;
	return !WRONG(size > SIZE_LEAVES_MAX);
}

bool note_hash_parse(struct bytes text, struct hash *out)
{
	struct hash hash = {{0}};
	size_t len = 0;
	if (WRONG(!base64_decode(text, hash.b, HASH_BYTES, &len)) || WRONG(len != HASH_BYTES))
		return false;
	*out = hash;
	return true;
}

void note_hash_write(const struct hash *hash, struct writer *out)
{
	base64_write(hash_bytes(hash), out);
}

/* The three lines at the front of the text; `rest` is what follows them. */
static enum error parse_front(struct bytes text, struct checkpoint *out, struct bytes *rest)
{
	struct bytes origin, size, root;
	if (!note_cut(&text, '\n', &origin) || !note_cut(&text, '\n', &size) || !note_cut(&text, '\n', &root))
		return E_BAD_CHECKPOINT;
	struct checkpoint checkpoint = {0};
	if (WRONG(origin.len > ORIGIN_BYTES_MAX) || !name_valid(origin) || !note_size_parse(size, &checkpoint.size))
		return E_BAD_CHECKPOINT;
	if (!note_hash_parse(root, &checkpoint.root))
		return E_BAD_CHECKPOINT;
	memcpy(checkpoint.origin, origin.data, origin.len);
	*out = checkpoint;
	*rest = text;
	return E_OK;
}

/* For the log's own notes nothing may follow; other logs may extend theirs. */
enum error checkpoint_parse(struct bytes text, struct checkpoint *out)
{
	struct bytes rest;
	struct checkpoint checkpoint;
	TRY(parse_front(text, &checkpoint, &rest));
	if (WRONG(rest.len != 0))
		return E_BAD_CHECKPOINT;
	*out = checkpoint;
	return E_OK;
}

enum error checkpoint_parse_extended(struct bytes text, struct checkpoint *out)
{
	struct bytes rest, line;
	struct checkpoint checkpoint;
	TRY(parse_front(text, &checkpoint, &rest));
	while (rest.len != 0)
		if (!note_cut(&rest, '\n', &line) || line.len == 0)
			return E_BAD_CHECKPOINT;
	*out = checkpoint;
	return E_OK;
}

/* ---- notes ---- */

/* Reads one signature line without its newline. */
static bool line_parse(struct bytes line, struct note_line *out)
{
	uint8_t value[KEY_ID_BYTES + NOTE_SIGNATURE_BYTES_MAX];
	size_t len = 0;
	struct bytes name;
	if (line.len < dash.len || WRONG(memcmp(line.data, dash.data, dash.len) != 0))
		return false;
	struct bytes rest = bytes_of(line.data + dash.len, line.len - dash.len);
	if (!note_cut(&rest, ' ', &name) || !name_valid(name))
		return false;
	if (WRONG(!base64_decode_front(rest, value, sizeof value, &len)) || WRONG(len <= KEY_ID_BYTES))
		return false;
	memset(out, 0, sizeof *out);
	out->name = name;
	out->signature_bytes = len - KEY_ID_BYTES;
	memcpy(out->key_id, value, KEY_ID_BYTES);
	memcpy(out->signature, value + KEY_ID_BYTES,
		out->signature_bytes < sizeof out->signature ? out->signature_bytes : sizeof out->signature);
	return true;
}

enum error note_lines_check(struct bytes lines)
{
	struct bytes line;
	struct note_line parsed;
	unsigned count = 0;
	if (!note_text_valid(lines))
		return E_BAD_NOTE;
	while (note_cut(&lines, '\n', &line))
		if (WRONG(++count > NOTE_SIGNATURES_MAX) || WRONG(!line_parse(line, &parsed)))
			return E_BAD_NOTE;
	return E_OK;
}

bool note_line_next(struct bytes *lines, struct note_line *out)
{
	struct bytes line;
	return note_cut(lines, '\n', &line) && line_parse(line, out);
}

bool note_line_is_of(const struct note_line *line, const struct vkey *vkey)
{
	return bytes_equal(line->name, bytes_text(vkey->name)) && memcmp(line->key_id, vkey->id, KEY_ID_BYTES) == 0;
}

enum error note_line_write(const struct vkey *vkey, struct bytes signature, struct writer *out)
{
	uint8_t value[KEY_ID_BYTES + NOTE_SIGNATURE_BYTES_MAX];
	if (signature.len > NOTE_SIGNATURE_BYTES_MAX)
		return E_NO_ROOM;
	memcpy(value, vkey->id, KEY_ID_BYTES);
	memcpy(value + KEY_ID_BYTES, signature.data, signature.len);
	writer_bytes(out, dash);
	writer_bytes(out, bytes_text(vkey->name));
	writer_bytes(out, BYTES_LITERAL(" "));
	base64_write(bytes_of(value, KEY_ID_BYTES + signature.len), out);
	writer_bytes(out, BYTES_LITERAL("\n"));
	return out->error;
}

enum error note_split(struct bytes note, size_t bytes_max, struct note *out)
{
	if (WRONG(note.len > bytes_max) || !note_text_valid(note))
		return E_BAD_NOTE;
	/* The text may hold empty lines itself: the last one is the border. */
	const uint8_t *border = note.data + note.len - 1;
	while (border > note.data && !(border[0] == '\n' && border[-1] == '\n'))
		border--;
	if (WRONG(border == note.data))
		return E_BAD_NOTE;
	struct bytes text = bytes_of(note.data, (size_t)(border - note.data));
	struct bytes lines = bytes_of(border + 1, note.len - text.len - 1);
	TRY(note_lines_check(lines));
	out->text = text;
	out->lines = lines;
	return E_OK;
}

enum error note_verify_lines(const struct note *note, const struct vkey *vkey)
{
	struct bytes lines = note->lines;
	struct note_line line;
	uint8_t verified[SIGNATURE_BYTES];
	bool good = false;
	if (vkey->type != NOTE_KEY_ED25519)
		return E_BAD_KEY;
	while (note_line_next(&lines, &line)) {
		if (!note_line_is_of(&line, vkey))
			continue;
		/* The same line again, up to 64 times, would cost whoever is shown it as many verifications. */
		if (good && bytes_equal(bytes_of(line.signature, line.signature_bytes), BYTES_ARRAY(verified)))
			continue;
		if (WRONG(line.signature_bytes != SIGNATURE_BYTES) ||
			WRONG(crypto_sign_verify_detached(line.signature, note->text.data, note->text.len, vkey->public_key) != 0))
			return E_BAD_SIGNATURE;
		memcpy(verified, line.signature, sizeof verified);
		good = true;
	}
	return WRONG(!good) ? E_BAD_SIGNATURE : E_OK;
}

enum error note_verify(struct bytes note, const struct vkey *vkey, struct bytes *text)
{
	struct note parts;
	if (vkey->type != NOTE_KEY_ED25519)
		return E_BAD_KEY;
	TRY(note_split(note, NOTE_BYTES_MAX, &parts));
	TRY(note_verify_lines(&parts, vkey));
	*text = parts.text;
	return E_OK;
}

bool vkey_equal(const struct vkey *a, const struct vkey *b)
{
	return a->type == b->type && strcmp(a->name, b->name) == 0 &&
		   memcmp(a->public_key, b->public_key, sizeof a->public_key) == 0;
}

/* No signature is checked: it is asked in order to say whose note it pretends to be. */
bool note_claims(struct bytes note, const struct vkey *vkey)
{
	struct note parts;
	struct note_line line;
	if (note_split(note, NOTE_BYTES_MAX, &parts) != E_OK)
		return false;
	while (note_line_next(&parts.lines, &line))
		if (note_line_is_of(&line, vkey))
			return true;
	return false;
}

enum error checkpoint_verify(struct bytes note, const struct vkey *vkey, struct checkpoint *out)
{
	struct bytes text;
	struct checkpoint checkpoint;
	if (note_verify(note, vkey, &text) != E_OK || checkpoint_parse(text, &checkpoint) != E_OK ||
		WRONG(strcmp(checkpoint.origin, vkey->name) != 0))
		return E_BAD_CHECKPOINT;
	*out = checkpoint;
	return E_OK;
}
