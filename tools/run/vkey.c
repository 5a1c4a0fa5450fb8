/* indsigt vkey: the log's verification key.
 *
 * Read from the file and not from the keys, so that anybody may do it who may read the directory. */
#include "ledger/store/place.h"
#include "tools/command/command.h"
#include "tools/show/vkey_option.h"

struct vkey_options {
	const char *dir;
};
static const struct option_row rows[] = {ARGUMENT(struct vkey_options, dir, "DIR")};

static enum error print(void *given, struct fault *fault)
{
	struct vkey vkey;
	TRY(place_read_vkey(((const struct vkey_options *)given)->dir, &vkey, fault));
	vkey_print(&vkey);
	return E_OK;
}

const struct command command_vkey = {
	.options = {.name = "indsigt vkey",
		.summary = "prints the log's verification key",
		.text = "Everything that the ledger in DIR says is verified with this key. It is public: hand it to citizens, "
				"senders and auditors over a way that they trust.\n",
		OPTION_ROWS(rows)},
	.work = print,
	COMMAND_GIVEN(struct vkey_options, .dir = NULL),
};
