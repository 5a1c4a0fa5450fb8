/* indsigt page verify: whether a downloaded page is the one that its publisher signed. */
#include "ledger/base/file.h"
#include "tools/command/command.h"
#include "tools/page/page_note.h"
#include "tools/show/vkey_option.h"

#include <fcntl.h>

struct page_verify {
	const char *file;
	const char *note;
	struct vkey vkey;
};

static enum error verify_page_file(void *given, struct fault *fault)
{
	const struct page_verify *options = given;
	char note_path[PATH_BYTES_MAX], hash[2 * HASH_BYTES + 1];
	OWNED_MEMORY uint8_t *archive = NULL;
	OWNED_MEMORY uint8_t *note = NULL;
	size_t len, note_len;
	int path_len = snprintf(note_path, sizeof note_path, "%s" PAGE_NOTE_ENDING, options->file);
	if (path_len < 0 || (size_t)path_len >= sizeof note_path)
		return fault_set(fault, E_TOO_LONG, "FILE has too long a name");
	const char *path = options->note != NULL ? options->note : note_path;
	TRY(fault_because(fault, file_read_all(AT_FDCWD, options->file, PAGE_ARCHIVE_BYTES_MAX, &archive, &len),
		"%s cannot be read", options->file));
	TRY(fault_because(
		fault, file_read_all(AT_FDCWD, path, PAGE_NOTE_BYTES_MAX, &note, &note_len), "%s cannot be read", path));
	TRY(page_note_verify(bytes_of(archive, len), bytes_of(note, note_len), &options->vkey, fault));
	page_note_hash(bytes_of(archive, len), hash);
	if (printf("page: ok publisher=%s sha256=%s\n", options->vkey.name, hash) < 0 || fflush(stdout) != 0)
		return fault_set(fault, E_IO, "the result cannot be written: %m");
	return E_OK;
}

#define T struct page_verify
static const struct option_row rows[] = {
	ARGUMENT(T, file, "FILE"),
	OPTION_VKEY(T, vkey, .required = REQUIRED, .help = "the publisher's verification key"),
	OPTION_TEXT(T, note, "note", "FILE", .help = "the signed note (default: FILE.note)"),
};

const struct command command_page_verify = {
	.options = {.name = "indsigt page verify",
		.summary = "checks that a downloaded page is the one that its publisher signed",
		.text = "FILE is the archive that 'indsigt page write --sign' made, FILE.note what its publisher signed. Get "
				"VKEY from somewhere else than FILE. What holds can be unpacked with tar and served by any web "
				"server.\n",
		OPTION_ROWS(rows)},
	.work = verify_page_file,
	COMMAND_GIVEN(T, .note = NULL),
};
