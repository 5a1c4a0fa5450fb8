/* indsigt page write: the page as files that anybody may serve, and as a signed download.
 *
 *   the folder that npm built ─┬─► OUT/...           files, with a config.json of the ledger's in them
 *                              └─► OUT.tar, OUT.tar.note, and an event about its hash on stdout, for 'indsigt send'
 *
 * The archive follows from its files alone, so who builds the same page has the same hash. */
#include "ledger/base/file.h"
#include "ledger/json/json_read.h"
#include "ledger/keys/signer_key.h"
#include "ledger/subject/subject.h"
#include "ledger/text/timestamp.h"
#include "query/page/page_config.h"
#include "query/page/page_folder.h"
#include "tools/command/child.h"
#include "tools/command/command.h"
#include "tools/page/page_note.h"
#include "tools/page/ustar.h"
#include "tools/show/output.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

struct page_write {
	const char *dir;
	const char *out;
	const char *web;
	struct page_wishes wishes;
	const char *sign, *publisher;
	const char *org, *org_name; /* both: an event is printed */
	char vkey[VKEY_TEXT_MAX + 1];
};

static void ustar_release(struct ustar *archive)
{
	free(archive->data);
}

/* ---- what is written ---- */

static enum error take_config(const struct page_write *options, struct page_folder *folder, struct fault *fault)
{
	OWNED(archive_release) struct archive *archive = NULL;
	json_auto_t *config = NULL;
	char origins[PAGE_ORIGINS_BYTES_MAX + 1];
	TRY(archive_open(options->dir, false, &archive, fault));
	TRY(page_config_make(archive, &options->wishes, &config, fault));
	char *text = json_write(config, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
	TRY(fault_set(fault, allocated(text), ""));
	struct bytes whole = bytes_text(text);
	enum error error = page_config_check(whole, origins, fault);
	if (error != E_OK) {
		free(text);
		return error;
	}
	return fault_set(fault, page_folder_add(folder, PAGE_CONFIG_NAME, (uint8_t *)text, whole.len), "");
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct page_file *)a)->name, ((const struct page_file *)b)->name);
}

/* "fonts/a.woff2": the folder first. */
static enum error make_folders(int out_fd, const char *name, struct fault *fault)
{
	char part[PAGE_NAME_BYTES_MAX + 1];
	for (const char *slash = strchr(name, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		snprintf(part, sizeof part, "%.*s", (int)(slash - name), name);
		if (mkdirat(out_fd, part, 0755) != 0 && errno != EEXIST)
			return fault_set(fault, E_IO, "%s cannot be made: %m", part);
	}
	return E_OK;
}

/* Into a folder that was not there before: what an older page left would be served with it. */
static enum error write_files(const char *out, const struct page_folder *folder, struct fault *fault)
{
	if (mkdir(out, 0755) != 0)
		return fault_set(fault, errno == EEXIST ? E_EXISTS : E_IO, "%s cannot be made: %m; give a new folder", out);
	OWNED_FD out_fd = open(out, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (out_fd < 0)
		return fault_set(fault, E_IO, "%s: %m", out);
	for (size_t i = 0; i < folder->count; i++) {
		const struct page_file *file = &folder->files[i];
		TRY(make_folders(out_fd, file->name, fault));
		OWNED_FD fd = openat(out_fd, file->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
		if (fd < 0)
			return fault_set(fault, E_IO, "%s/%s: %m", out, file->name);
		TRY(fault_because(fault, file_write_all(fd, bytes_of(file->plain, file->plain_len)), "%s/%s", out, file->name));
	}
	return E_OK;
}

static enum error make_archive(const struct page_folder *folder, struct ustar *out)
{
	for (size_t i = 0; i < folder->count; i++)
		TRY(ustar_add(out, folder->files[i].name, bytes_of(folder->files[i].plain, folder->files[i].plain_len)));
	return ustar_end(out);
}

/* A new key's vkey is shown at once: without it a signature is worth nothing to anybody. */
static enum error open_key(const struct page_write *options, struct signer_key *out, bool *made, struct fault *fault)
{
	enum error error = signer_key_read(options->sign, out, fault);
	if (error != E_NOT_FOUND || options->publisher == NULL)
		return error;
	*made = true;
	return signer_key_create(options->sign, options->publisher, out, fault);
}

/* ... which the page names beside the address where it is had. */
static enum error take_key(struct page_write *options, struct signer_key *key, struct fault *fault)
{
	struct vkey vkey;
	bool made = false;
	TRY(open_key(options, key, &made, fault));
	TRY(fault_set(fault, vkey_make(key->name, NOTE_KEY_ED25519, key->public_key, &vkey), ""));
	vkey_format(&vkey, options->vkey);
	if (made)
		fprintf(stderr, "indsigt: a new publisher's key was made; hand out its vkey: %s\n", options->vkey);
	options->wishes.publisher = options->wishes.download != NULL ? options->vkey : NULL;
	return E_OK;
}

static enum error write_archive(
	const struct page_write *options, const struct signer_key *key, struct bytes archive, struct fault *fault)
{
	char path[PATH_BYTES_MAX];
	uint8_t buffer[PAGE_NOTE_BYTES_MAX];
	struct bytes note;
	struct writer w = writer_of(buffer, sizeof buffer);
	TRY(fault_because(fault, page_note_make(archive, key, &w) ?: writer_done(&w, &note), "the note"));
	int len = snprintf(path, sizeof path, "%s.tar" PAGE_NOTE_ENDING, options->out);
	if (len < 0 || (size_t)len >= sizeof path)
		return fault_set(fault, E_TOO_LONG, "OUT has too long a name");
	TRY(output_file(path, note, 0644, fault));
	*strrchr(path, '.') = '\0';
	return output_file(path, archive, 0644, fault);
}

/* About no person; whoever reports it puts it into the log. */
static enum error print_event(const struct page_write *options, struct bytes archive, struct fault *fault)
{
	char hash[2 * HASH_BYTES + 1], now[TIMESTAMP_TEXT_MAX];
	page_note_hash(archive, hash);
	timestamp_format((int64_t)time(NULL) * 1000000000, now);
	return fault_set(fault,
		output_json(
			json_pack("{s:i, s:s, s:s, s:s, s:{s:s, s:s}, s:s, s:s, s:s, s:{s:s, s:s}, s:{s:s, s:s}}", "subjects", 0,
				"time", now, "action", "export", "outcome", "ok", "org", "id", options->org, "name", options->org_name,
				"system", "Borgerens side", "activity", "Udgivelse af borgerens side", "purpose", "udgivelse", "actor",
				"kind", "system", "role", "udgiver", "source", "format", "page", "sha256", hash),
			stdout),
		"the event cannot be written");
}

/* ---- the command ---- */

static enum error write_page(void *given, struct fault *fault)
{
	struct page_write *options = given;
	OWNED(signer_key_wipe) struct signer_key key = {.name = ""};
	char found[CHILD_PATH_MAX];
	OWNED(page_folder_release) struct page_folder *folder = NULL;
	OWNED(ustar_release) struct ustar archive = {.data = NULL};
	if (options->org != NULL && !subject_org_valid(bytes_text(options->org)))
		return fault_set(fault, E_USAGE, "--org must be SCHEME:ID");
	if (options->web == NULL && !child_find_page(found))
		return fault_set(fault, E_NOT_FOUND,
			"the page was not built with this program (it needs node and npm); --web FOLDER names one");
	TRY(page_folder_read(options->web != NULL ? options->web : found, &folder, fault));
	if (options->sign != NULL)
		TRY(take_key(options, &key, fault));
	TRY(take_config(options, folder, fault));
	qsort(folder->files, folder->count, sizeof folder->files[0], by_name);
	TRY(fault_set(fault, make_archive(folder, &archive), ""));
	TRY(write_files(options->out, folder, fault));
	const struct bytes whole = bytes_of(archive.data, archive.len);
	if (options->sign != NULL)
		TRY(write_archive(options, &key, whole, fault));
	return options->org != NULL ? print_event(options, whole, fault) : E_OK;
}

#define T struct page_write
static const struct option_row rows[] = {
	ARGUMENT(T, dir, "DIR"),
	ARGUMENT(T, out, "OUT"),
	OPTION_TEXT(
		T, wishes.ledger, "ledger", "URL", .help = "where the page asks the ledger (default: beside itself, ./)"),
	OPTION_TEXT(T, wishes.issuer, "issuer", "URL", .help = "the OpenID provider that signs people in"),
	OPTION_TEXT(T, wishes.client_id, "client-id", "ID", .wants = "issuer", .help = "as whom (default indsigt-page)"),
	OPTION_TEXT(T, wishes.scope, "scope", "TEXT", .wants = "issuer", .help = "asked for (default openid)"),
	OPTION_TEXT(T, wishes.resource, "resource", "URL", .wants = "issuer", .help = "the token's audience (RFC 8707)"),
	OPTION_TEXT(
		T, wishes.policy, "policy", "FILE", .help = "witness policy (default DIR/witnesses, where it is there)"),
	OPTION_TEXT(
		T, web, "web", "FOLDER", .help = "the page as npm built it (default: the one that came with this program)"),
	OPTION_TEXT(T, sign, "sign", "KEYFILE", .help = "also OUT.tar, and OUT.tar.note, signed with this key"),
	OPTION_TEXT(T, publisher, "publisher", "NAME", .wants = "sign", .help = "makes the key, where it is not there"),
	OPTION_TEXT(T, wishes.download, "download", "URL", .wants = "sign",
		.help = "where OUT.tar and OUT.tar.note are had; the page links them, with the key"),
	OPTION_TEXT(T, org, "org", "SCHEME:ID", .wants = "org-name",
		.help = "print an event about the archive's hash, of this organisation, for 'indsigt send'"),
	OPTION_TEXT(T, org_name, "org-name", "TEXT", .wants = "org", .help = "... and its name"),
};

const struct command command_page_write = {
	.options = {.name = "indsigt page write",
		.summary = "the citizen's page as files that anybody may serve",
		.text =
			"Writes the page to the new folder OUT, with a config.json that names the key of the ledger in DIR, its "
			"witness policy, and who signs people in. Any web server may serve it.\n",
		OPTION_ROWS(rows),
		.after = "A page that a ledger's operator serves can lie: it is the operator who says what it checks. Somebody "
				 "else's copy cannot lie for them, and with --sign it is known to be the page that was published: the "
				 "archive follows from its files alone, its hash is signed, and is in the log once the event was "
				 "reported:\n\n  indsigt page write DIR OUT --sign KEYFILE --org ORG --org-name NAME | indsigt send "
				 "--server HOST:PORT --key KEY -\n"},
	.work = write_page,
	COMMAND_GIVEN(T, .out = NULL),
};
