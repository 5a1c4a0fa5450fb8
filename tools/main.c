/* indsigt: finds the command, prints help. */
#include "ledger/db/db.h"
#include "ledger/event/event_schema.h"
#include "ledger/mapping/mapping.h"
#include "ledger/options/alike.h"
#include "ledger/process/process.h"
#include "tools/command/child.h"
#include "tools/command/command.h"

#include <sodium.h>

#define MAPPING_COLUMN 24 /* where it says how a field comes about */

static int run_help(int argc, char **argv);

struct help_options {
	char **words;
};
#define T struct help_options
static const struct option_row help_rows[] = {
	ARGUMENT_REST(T, words, "COMMAND|TOPIC"),
};

const struct command command_help = {
	.options = {.name = "indsigt help",
		.summary = "what there is, or how one command or topic works",
		.text = "",
		OPTION_ROWS(help_rows)},
	.run = run_help,
};

#define X(name) &command_##name,
const struct command *const commands[] = {COMMANDS(X) NULL};
#undef X
#define COMMAND_COUNT (sizeof commands / sizeof commands[0] - 1)

struct topic {
	const char *name;
	const char *summary;
	const char *text;
	void (*more)(void); /* prints what follows from elsewhere; or NULL */
};

/* What the schema does not say. */
static const char *event_field_note(const char *path)
{
	static const char *const notes[][2] = {
		{"subject", "required, or subjects: cpr:DIGITS, oid:OID:VALUE, uri:SYSTEM|VALUE, ref:SCHEME:ORG/Patient/ID; "
					"of a grant grants: and one of these"},
		{"subjects", "a number, in place of subject"},
		{"time", "required: 2026-11-23T08:15:30+01:00, always with a zone"},
		{"org.id", "required: SCHEME:ID, such as cvr:55133018"},
		{"purpose", "required, if the registration has none"},
		{"grant.id", "of a grant, required: its name, the same when it is revoked"},
		{"grant.kind", "of a grant, required"},
		{"grant.to", "of a grant, required: who may read, as subject"},
		{"grant.until", "of a grant: when it ends by itself, later than time"},
		{"grant.revoked", "true, without until: it ends now"},
		{"id", "your own, the same when an event is sent again; kept back from the person"},
	};
	for (size_t i = 0; i < sizeof notes / sizeof notes[0]; i++)
		if (strcmp(notes[i][0], path) == 0)
			return notes[i][1];
	return NULL;
}

/* The fields as the schema has them, so that this cannot fall behind. */
static void print_event_fields(void)
{
	for (uint64_t number = 1; number <= EVENT_FIELD_LAST; number++) {
		const struct event_field *field = event_field(number);
		char words[128] = "";
		if (field->words != NULL)
			event_field_words(field, words, sizeof words);
		const char *note = event_field_note(field->path);
		const char *what = note != NULL                             ? note
						   : (field->flags & FIELD_REQUIRED) != 0   ? "required"
						   : (field->flags & FIELD_RESTRICTED) != 0 ? "kept back from the person"
						   : field->type == EVENT_TYPE_LIST         ? "a list"
																	: "optional";
		printf("  %-20s %s%s%s\n", field->path, what, *words ? ": " : "", words);
	}
}

static void print_mapping(void)
{
	for (size_t i = 0; i < mapping_fields_count; i++) {
		const struct mapping_field *row = &mapping_fields[i];
		if (row->field == NULL)
			printf("\n%s: ", row->format);
		else
			printf("  %-*s", MAPPING_COLUMN - 2, row->field);
		options_wrapped(row->how, row->field == NULL ? strlen(row->format) + 2 : MAPPING_COLUMN, stdout);
	}
}

static const struct topic topics[] = {
	{"recovery", "what to do when the guard and the store do not fit",
		"Beside the store, DIR/guard keeps the newest checkpoint that the ledger signed. A store that\n"
		"is older than its guard, or of another history, is not opened: going on from there would sign\n"
		"a second history, and senders hold receipts for what would be missing.\n"
		"\n"
		"What to do:\n"
		"  1. Stop every process that uses DIR, and copy DIR somewhere safe before you change anything.\n"
		"  2. Find the newer store: the disk or directory that was in use before the older copy was put\n"
		"     here. Put its store/ and keys/ back into DIR and start again. Nothing else is needed:\n"
		"     filed/ is made from the store, and made again where it is missing or another one's.\n"
		"  3. If only the guard is missing or damaged and the store is the newest there is, put a guard\n"
		"     of the same ledger back from where the store came from. It may be older than the store,\n"
		"     never newer.\n"
		"  4. To see where you stand: 'indsigt audit DIR --vkey VKEY' says how far the store reaches,\n"
		"     the senders' receipts ('indsigt verify') say how far it should.\n"
		"\n"
		"If the newer store is lost for good, its public part may still be somewhere: with a mirror, or as\n"
		"exported files. 'indsigt recover DIR --mirror URL' verifies it and says which events of which senders\n"
		"are missing here; with --accept-loss it puts the entries back, also where there is no store at all, so\n"
		"that the ledger goes on from what it signed last. What these events were about stays lost: the log says\n"
		"so in an entry of its own, and every statement, audit and answer after that says how many there are.\n"
		"Senders that still have their messages can report them again ('indsigt send --again').\n"
		"\n"
		"If nobody has it, this ledger cannot go on: senders have receipts for what is gone, and nobody can tell\n"
		"an honest loss from a hidden one. Keep DIR as it is, make a new ledger under a new name with 'indsigt\n"
		"init', register the senders there, and have them send again what the old one has lost.\n"
		"\n"
		"Witnesses (DIR/witnesses, see 'indsigt help cosign') remember how far the log was seen. Whatever is about\n"
		"to sign ('serve', 'sender add', 'epoch' and the like) asks them first: if one shows a checkpoint with this\n"
		"log's signature that the store does not extend, an old store was put back, guard and all, and nothing is\n"
		"done. DIR/evidence keeps what was shown, and refuses such a store from then on; once you have the newer\n"
		"store back it stands in nobody's way. 'indsigt cosign DIR --check' only asks. When so many witnesses are\n"
		"away that they could hide it, nothing is signed either; if you know that this store is the newest there is,\n"
		"--without-witnesses goes on.\n"
		"\n"
		"If keys/env is not the store's (an older copy, another one), put the newest one back: what was sealed with\n"
		"keys that it lacks can be read by nobody. If it is gone for good, so is all that is sealed in the store: "
		"move\n"
		"DIR/store and DIR/keys/env away, and have 'recover' put the public part back from a mirror or an export.\n"
		"\n"
		"If the guard is lost or damaged and the store extends all that witnesses and mirrors have seen,\n"
		"'indsigt recover' makes a new guard.\n",
		NULL},
	{"event", "the fields of an event, as 'indsigt send' reads it",
		"One JSON object a line, such as\n"
		"\n"
		"  "
		"{\"subject\":\"cpr:0101701234\",\"time\":\"2026-11-23T08:15:30.120Z\",\"action\":\"read\",\"outcome\":\"ok\","
		"\n"
		"   \"org\":{\"id\":\"cvr:55133018\",\"name\":\"Aarhus Kommune\"},\"system\":\"KSD\",\"activity\":\"Opslag i "
		"sag\",\n"
		"   \"purpose\":\"sagsbehandling\",\"actor\":{\"kind\":\"human\",\"role\":\"sagsbehandler\"}}\n"
		"\n"
		"(here on three). A point in a name stands for an object in the object. 'subject' says about whom it is;\n"
		"'subjects' in its place is how many an event without a single person was about. 'purpose' may be left out\n"
		"if the registration has one. 'withheld_until' with 'withheld_basis', and 'retention' (\"5y\"), go with any\n"
		"event. Other names are refused.\n"
		"\n"
		"A grant, which says that somebody may read in a person's place, is an event in that person's list of\n"
		"grants. Who reports it is registered with 'indsigt sender add --grants', and signs such as\n"
		"\n"
		"  "
		"{\"subject\":\"grants:cpr:0101701234\",\"time\":\"2026-11-23T08:15:30Z\",\"action\":\"create\",\"outcome\":"
		"\"ok\","
		"\n"
		"   \"org\":{\"id\":\"cvr:34051178\",\"name\":\"Digitaliseringsstyrelsen\"},\"system\":\"Digital Fuldmagt\",\n"
		"   \"activity\":\"Fuldmagt "
		"registreret\",\"purpose\":\"fuldmagt\",\"actor\":{\"kind\":\"system\",\"role\":\"register\"},\n"
		"   "
		"\"grant\":{\"id\":\"fuldmagt-7\",\"kind\":\"attorney\",\"to\":\"cpr:0202702345\",\"until\":\"2028-01-01T00:00:"
		"00Z\"}}"
		"\n"
		"\n"
		"It ends at its date, or with a later event of the same id: 'until' left out, \"revoked\":true in its place.\n"
		"Who reports reads of the ledger itself ('--reads') uses the same fields as anybody.\n"
		"\n",
		print_event_fields},
	{"mapping", "how each format's field becomes one of an event",
		"What stands in a message of another format, and which field of the event it becomes; 'lost' is what the\n"
		"ledger does not keep. Codes, and the words that a person is shown for them: spec/mapping.md.\n",
		print_mapping},
};
#define TOPICS (sizeof topics / sizeof topics[0])

static int print_command(const struct command *command)
{
	options_help(&command->options, stdout);
	return EXIT_DONE;
}

/* The first word of a two-word command: all of its kind. */
static bool print_family(const char *word)
{
	bool found = false;
	const struct command *const *at = commands;
	for (const struct command *command; (command = command_next(word, &at)) != NULL; found = true) {
		if (found)
			putchar('\n');
		print_command(command);
	}
	return found;
}

static void print_overview(FILE *out)
{
	fputs("usage: indsigt COMMAND ...\n\n"
		  "Keeps a verifiable record of who accessed whose data.\n\nCommands:\n",
		out);
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		fprintf(out, "  %-16s %s\n", command_name(commands[i]), commands[i]->options.summary);
	fputs("\nTopics:\n", out);
	for (size_t i = 0; i < TOPICS; i++)
		fprintf(out, "  %-16s %s\n", topics[i].name, topics[i].summary);
	fputs("\n'indsigt COMMAND --help' or 'indsigt help TOPIC' says more.\n"
		  "Exit: 0 done; 1 refused, or does not hold; 2 usage; 3 partly, run it again; 4 could not be looked at\n"
		  "(network, rights, memory, disk, something that is not there); 5 another ledger, key or sender than meant.\n",
		out);
}

/* The command that the words name, and how many words that took. */
static const struct command *find(int argc, char **argv, int *words)
{
	for (size_t i = 0; argc > 0 && i < COMMAND_COUNT; i++) {
		const char *name = command_name(commands[i]);
		const char *space = strchr(name, ' ');
		size_t first = space ? (size_t)(space - name) : strlen(name);
		if (strlen(argv[0]) != first || memcmp(argv[0], name, first) != 0)
			continue;
		if (space == NULL || (argc > 1 && strcmp(argv[1], space + 1) == 0)) {
			*words = space ? 2 : 1;
			return commands[i];
		}
	}
	return NULL;
}

static int run_help(int argc, char **argv)
{
	int words = 0;
	if (argc == 1) {
		print_overview(stdout);
		return EXIT_DONE;
	}
	const struct command *command = find(argc - 1, argv + 1, &words);
	if (command && words == argc - 1)
		return print_command(command);
	for (size_t i = 0; argc == 2 && i < TOPICS; i++) {
		if (strcmp(topics[i].name, argv[1]) == 0) {
			fputs(topics[i].text, stdout);
			if (topics[i].more != NULL)
				topics[i].more();
			return EXIT_DONE;
		}
	}
	if (argc == 2 && print_family(argv[1]))
		return EXIT_DONE;
	fprintf(stderr, "indsigt: there is no command or topic of that name; 'indsigt help' lists all\n");
	return EXIT_USAGE;
}

/* ---- a command that there is not ---- */

/* The command whose first word is much like this one; NULL: none. */
static const struct command *alike(const char *word)
{
	const struct command *best = NULL;
	unsigned least = ALIKE_FAR;
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		char first[ALIKE_LETTERS_MAX + 1];
		const char *name = command_name(commands[i]);
		snprintf(first, sizeof first, "%.*s", (int)strcspn(name, " "), name);
		unsigned here = alike_distance(word, first);
		if (here < least) {
			least = here;
			best = commands[i];
		}
	}
	return best;
}

/* The sub-commands of a word; false if it has none. */
static bool list_family(const char *word, bool given)
{
	bool found = false;
	const struct command *const *at = commands;
	for (const struct command *command; (command = command_next(word, &at)) != NULL; found = true) {
		if (!found)
			command_wanted(word, given);
		command_offered(command);
	}
	return found;
}

static int refuse_word(const char *word, bool more)
{
	if (list_family(word, more))
		return EXIT_USAGE;
	const struct command *meant = alike(word);
	fprintf(stderr, "indsigt: there is no command of that name; ");
	if (meant != NULL)
		fprintf(stderr, "did you mean '%.*s'? ", (int)strcspn(command_name(meant), " "), command_name(meant));
	fprintf(stderr, "'indsigt help' lists all\n");
	return EXIT_USAGE;
}

/* Files that were replaced while they were read prove nothing, whatever was found in them. */
static int unless_replaced(const struct command *command, int code)
{
	if ((code != EXIT_DONE && code != EXIT_REFUSED) || command->replaces_store || !db_was_replaced())
		return code;
	fprintf(stderr, "indsigt: %s; run it again\n", error_text(E_REPLACED));
	return EXIT_NOT_LOOKED;
}

/* A program of its own goes on in this one's place, from the command's last word. */
static int become(const struct command *command, char **argv)
{
	char path[CHILD_PATH_MAX];
	struct fault fault = {.text = ""};
	enum error error = child_find(command->beside, "tools", path, &fault);
	if (error == E_OK) {
		execv(path, argv);
		error = fault_set(&fault, E_IO, "%s cannot be started: %m", path);
	}
	return command_end(command, error, &fault);
}

static int dispatch(int argc, char **argv)
{
	int words = 0;
	const struct command *command = find(argc - 1, argv + 1, &words);
	bool help = options_ask_help(argc, argv);
	if (command && help)
		return print_command(command);
	if (command && command->beside != NULL)
		return become(command, argv + words - 1);
	if (command) {
		return unless_replaced(command, command_run(command, command->work, argc - words, argv + words));
	}
	if (argc < 2) {
		print_overview(stderr);
		return EXIT_USAGE;
	}
	bool first = strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0;
	if (first)
		print_overview(stdout);
	if (help && (first || print_family(argv[1])))
		return EXIT_DONE;
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		puts("indsigt " INDSIGT_VERSION);
		return EXIT_DONE;
	}
	return refuse_word(argv[1], argc > 2);
}

int main(int argc, char **argv)
{
	struct fault fault;
	if (argc < 1 || sodium_init() < 0)
		return EXIT_NOT_LOOKED;
	if (process_hide(&fault) != E_OK) { /* most commands hold a key, or read what is sealed */
		fprintf(stderr, "indsigt: %s\n", fault.text);
		return EXIT_NOT_LOOKED;
	}
	int code = dispatch(argc, argv);
	if (fflush(stdout) != 0 && code == EXIT_DONE) {
		fprintf(stderr, "indsigt: the output cannot be written: %m\n");
		return EXIT_NOT_LOOKED;
	}
	return code;
}
