/* As for a mirror and a witness: options and help are known to `indsigt`, which shows and completes them, and to
 * indsigt-notify, which has the work. */
#include "tools/notify/notify_command.h"

#define T struct notify_options

static const struct option_row rows[] = {
	ARGUMENT(T, dir, "DIR"),
	OPTION_TEXT(T, user, "user", "NAME", .help = "as root: give DIR/notify to this user, and go on as it for good"),
	OPTION_TEXT(T, group, "group", "NAME", .wants = "user",
		.help = "as root: in this group, which may read the store and hand wishes in: that of indsigt-queryd's user"),
	OPTION_NUMBER(T, from, "from", "N", 0, 999999999999999999u,
		.help = "go on from entry N of the log, wherever it was left: for a log that was put back (see 'indsigt help "
				"recovery')"),
};

const struct command command_notify = {
	.options = {.name = "indsigt notify",
		.summary = "tells people that there is something new, through a portal ('serve' runs it)",
		.text = "Whoever has asked for it is told that there is something new about them, and nothing else: not what, "
				"not who, "
				"not how much. It reads the log beside the writer without opening a record, and sends a signed webhook "
				"(Standard Webhooks) to the portal that DIR/notify.json names:\n\n  {\"url\": "
				"\"https://portal.example/indsigt\", \"ca\": \"/etc/ssl/portal.pem\", \"days\": 3, \"gap_seconds\": "
				"900}\n\nAll but the address may be left out. What people wish (at once, daily, weekly; quiet hours; "
				"language) comes through indsigt-queryd, to the socket DIR/notify/socket, and is kept in DIR/notify, "
				"sealed.\n",
		OPTION_ROWS(rows),
		.after = "A portal that is away is tried again, less and less often, for as many days as said; nothing is lost "
				 "and what comes twice has the same webhook-id. 'indsigt notify key DIR' prints the key by which the "
				 "portal knows that a notice is this ledger's. Runs until SIGTERM or Ctrl-C.\n"},
	.beside = "indsigt-notify",
	COMMAND_GIVEN(T, .from = NOTIFY_FROM_LEFT),
};

static const struct option_row key_rows[] = {
	ARGUMENT(T, dir, "DIR"),
	OPTION_FLAG(T, rotate, "rotate", .group = 1,
		.help = "make a new key; the old one goes on signing beside it until it is forgotten"),
	OPTION_FLAG(
		T, forget, "forget-old", .group = 1, .help = "have the old key sign no more: the portal has the new one"),
};

const struct command command_notify_key = {
	.options = {.name = "indsigt notify key",
		.summary = "prints the key that signs notices, for the portal; makes it",
		.text =
			"Prints whpk_..., the public key of Standard Webhooks (Ed25519, v1a), each time; makes DIR/notify and its "
			"keys where they are not there. A notifier that runs takes up another key when it is started again.\n",
		OPTION_ROWS(key_rows)},
	.beside = "indsigt-notify",
	COMMAND_GIVEN(T, .from = NOTIFY_FROM_LEFT),
};

static const struct option_row status_rows[] = {
	ARGUMENT(T, dir, "DIR"),
	OPTION_FLAG(T, json, "json", .help = "one JSON object"),
};

const struct command command_notify_status = {
	.options = {.name = "indsigt notify status",
		.summary = "says how many people are told, and how the portal is doing",
		.text = "Counts only, as the notifier last wrote them to DIR/notify/status.json.\n",
		OPTION_ROWS(status_rows)},
	.beside = "indsigt-notify",
	COMMAND_GIVEN(T, .from = NOTIFY_FROM_LEFT),
};
