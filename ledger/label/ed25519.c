/* Such keys are refused where one is read, with all that it stands in (EDSIG-1), and not left to the verification:
 * libraries differ in what they make of them, and whoever has made such a key could use that to have a log hold for
 * some and not for others. The sign of x is left out of the comparison, because y alone decides whether the order is
 * small. */
#include "ledger/label/ed25519.h"

#include <string.h>

#define KEY_BYTES 32

/* The y of the eight points of small order, little-endian; the sign of x is the uppermost bit, which is left out. */
static const uint8_t small[][KEY_BYTES] = {
	{0}, /* order 4 */
	{1}, /* the identity */
	{0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac,
		0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05}, /* order 8, as the next one */
	{0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53,
		0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
	{0xec, [1 ... 30] = 0xff, 0x7f}, /* p - 1, order 2 */
};

/* p = 2^255 - 19 and above. */
static bool below_p(const uint8_t y[KEY_BYTES])
{
	static const uint8_t p[KEY_BYTES] = {0xed, [1 ... 30] = 0xff, 0x7f};
	for (int i = KEY_BYTES - 1; i >= 0; i--)
		if (y[i] != p[i])
			return y[i] < p[i];
	return false;
}

bool ed25519_key_usable(const uint8_t public_key[KEY_BYTES])
{
	uint8_t y[KEY_BYTES];
	memcpy(y, public_key, KEY_BYTES);
	y[KEY_BYTES - 1] &= 0x7f;
	for (unsigned i = 0; i < sizeof small / sizeof small[0]; i++)
		if (memcmp(y, small[i], KEY_BYTES) == 0)
			return false;
	return below_p(y);
}
