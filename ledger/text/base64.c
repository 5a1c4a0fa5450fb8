/* One text for each range of bytes: padding must be there and the bits behind the last byte must be zero, which the
 * library looks at. It does not look at bytes over 0x7F, and takes them for letters; so that is done here, before. */
#include "ledger/text/base64.h"

#include <sodium.h>

static bool letter(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/' ||
		   c == '=';
}

bool base64_decode(struct bytes text, uint8_t *out, size_t capacity, size_t *out_len)
{
	size_t len = 0;
	for (size_t i = 0; i < text.len; i++)
		if (!letter(text.data[i]))
			return false; /* the library takes bytes over 0x7F for letters */
	if (sodium_base642bin(
			out, capacity, (const char *)text.data, text.len, NULL, &len, NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
		return false;
	*out_len = len;
	return true;
}

/* By a table: libsodium's takes the same time for all values, which nothing that is shown needs, and ten times as long.
 */
char *base64_encode(struct bytes value, char *out)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const uint8_t *at = value.data;
	size_t left = value.len;
	for (; left >= 3; left -= 3, at += 3) {
		*out++ = letters[at[0] >> 2];
		*out++ = letters[(at[0] & 3) << 4 | at[1] >> 4];
		*out++ = letters[(at[1] & 15) << 2 | at[2] >> 6];
		*out++ = letters[at[2] & 63];
	}
	if (left == 0)
		return out;
	uint8_t second = left == 2 ? at[1] : 0;
	*out++ = letters[at[0] >> 2];
	*out++ = letters[(at[0] & 3) << 4 | second >> 4];
	*out++ = left == 2 ? letters[(second & 15) << 2] : '=';
	*out++ = '=';
	return out;
}

void base64_write(struct bytes value, struct writer *out)
{
	uint8_t *place = writer_skip(out, BASE64_BYTES(value.len));
	if (place != NULL)
		base64_encode(value, (char *)place);
}
