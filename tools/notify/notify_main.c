/* indsigt-notify: tells people that there is something new.
 *
 * A program of its own: nothing in it writes a ledger, signs for one, or opens a record (tests/linkage.py). */
#include "ledger/base/file.h"
#include "ledger/json/json_read.h"
#include "ledger/store/place.h"
#include "tools/notify/notify_command.h"
#include "tools/notify/place.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

#define STATUS_BYTES_MAX 4096u

static enum error run(void *given, struct fault *fault)
{
	return notifier_run(given, fault);
}

static void keys_wipe(struct hook_keys *keys)
{
	sodium_memzero(keys, sizeof *keys);
}

/* As root in a ledger that has users the folder is given away when the notifier starts. */
static enum error print_key(void *given, struct fault *fault)
{
	const struct notify_options *options = given;
	OWNED(keys_wipe) struct hook_keys keys = {0};
	struct user nobody = {0};
	char text[HOOK_PUBLIC_TEXT_MAX];
	OWNED_FD notify_fd = -1;
	OWNED_FD dir_fd = place_open(options->dir);
	struct vkey vkey;
	TRY(place_read_vkey(options->dir, &vkey, fault));
	if (dir_fd < 0)
		return fault_set(fault, E_NOT_FOUND, "%s cannot be opened: %m", options->dir);
	TRY(notify_dir_open(dir_fd, &nobody, &notify_fd, fault));
	TRY(notify_keys_make(notify_fd, fault));
	if (options->rotate)
		TRY(notify_keys_rotate(notify_fd, fault));
	if (options->forget)
		TRY(notify_keys_forget(notify_fd, fault));
	TRY(notify_keys_read(notify_fd, &keys, fault));
	hook_public_text(keys.secret[0], text);
	puts(text);
	return E_OK;
}

static json_int_t number_of(const json_t *json, const char *name)
{
	return json_integer_value(json_object_get(json, name));
}

static void print_words(const json_t *json)
{
	const char *trouble = json_string_value(json_object_get(json, "trouble"));
	const char *last = json_string_value(json_object_get(json, "last_delivered"));
	printf("people who want to be told  %" JSON_INTEGER_FORMAT "\n", number_of(json, "people"));
	printf("whom the portal knows not   %" JSON_INTEGER_FORMAT "\n", number_of(json, "stopped"));
	printf("waiting to be told          %" JSON_INTEGER_FORMAT "\n", number_of(json, "waiting"));
	printf("notices delivered           %" JSON_INTEGER_FORMAT ", last %s\n", number_of(json, "delivered"),
		last != NULL ? last : "-");
	printf("notices given up            %" JSON_INTEGER_FORMAT "\n", number_of(json, "dead"));
	printf("log read                    %" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT " entries%s\n",
		number_of(json, "position"), number_of(json, "size"),
		json_is_true(json_object_get(json, "held")) ? ", held up: what follows cannot be read now" : "");
	printf("portal                      %s\n", trouble != NULL ? trouble : "well");
}

static enum error print_status(void *given, struct fault *fault)
{
	const struct notify_options *options = given;
	OWNED_MEMORY uint8_t *text = NULL;
	json_auto_t *json = NULL;
	size_t len;
	OWNED_FD dir_fd = place_open(options->dir);
	if (dir_fd < 0)
		return fault_set(fault, E_NOT_FOUND, "%s cannot be opened: %m", options->dir);
	enum error error = file_read_all(dir_fd, NOTIFY_DIR "/" NOTIFY_STATUS, STATUS_BYTES_MAX, &text, &len);
	if (error == E_NOT_FOUND)
		return fault_set(fault, error,
			"nobody has been told anything here yet: with %s/notify.json there, 'indsigt serve' runs who does, see "
			"'indsigt notify --help'",
			options->dir);
	TRY(fault_because(fault, error, "%s/notify/" NOTIFY_STATUS, options->dir));
	TRY(fault_because(fault, json_read(bytes_of(text, len), 0, NULL, &json), "%s/notify/" NOTIFY_STATUS, options->dir));
	if (options->json)
		puts((const char *)text);
	else
		print_words(json);
	return E_OK;
}

int main(int argc, char **argv)
{
	static const struct program_command mine[] = {
		{&command_notify, run}, {&command_notify_key, print_key}, {&command_notify_status, print_status}};
	return program_main(mine, sizeof mine / sizeof mine[0], argc, argv);
}
