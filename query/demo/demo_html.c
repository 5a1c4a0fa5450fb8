/* The form goes to the address that it came from, query and all, so what signing in has to remember is nowhere in the
 * text. */
#include "query/demo/demo_html.h"

#include "ledger/base/own.h"

#include <stdio.h>

const char demo_css[] =
	":root{color-scheme:light dark;font:1rem/1.5 'IBM Plex Sans',system-ui,sans-serif}\n"
	"body{margin:0 auto;padding:2rem 1rem;max-width:32rem}\n"
	"h1{font-size:1.5rem;line-height:1.25;margin:0 0 .5rem}\n"
	"ul{list-style:none;padding:0;margin:1.5rem 0}\n"
	"li{margin:.5rem 0}\n"
	"button{font:inherit;text-align:start;inline-size:100%;padding:.75rem 1rem;border:1px solid currentColor;"
	"border-radius:4px;background:none;color:inherit;cursor:pointer}\n"
	"button:hover{text-decoration:underline}\n"
	":focus-visible{outline:3px solid Highlight;outline-offset:2px}\n"
	"button span{display:block;font-size:.875rem}\n"
	"label{display:block;margin:1.5rem 0 .25rem}\n"
	"input{font:inherit;box-sizing:border-box;inline-size:100%;padding:.75rem 1rem;border:1px solid currentColor;"
	"border-radius:4px;margin-block-end:.5rem}\n";

struct words {
	const char *language, *title, *about, *other, *go;
};

static const struct words danish = {"da", "Log ind som testperson",
	"Dette er en prøve på denne maskine: her er ingen adgangskode, og personerne er opfundne.",
	"En anden person (f.eks. cpr:0101701234)", "Log ind"};
static const struct words english = {"en", "Sign in as a test person",
	"This is a trial on this machine: there is no password, and the persons are invented.",
	"Somebody else (cpr:0101701234, say)", "Sign in"};

static void escape(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (strchr("<>&\"'", *text) != NULL)
			fprintf(out, "&#%d;", *text);
		else
			fputc(*text, out);
	}
}

static void write_persons(FILE *out, const struct demo_persons *persons)
{
	fputs("<form method=\"post\"><ul>", out);
	for (size_t i = 0; i < persons->count; i++) {
		fprintf(out, "<li><button name=\"person\" value=\"%zu\">", i);
		escape(out, persons->list[i].name);
		fputs("<span>", out);
		escape(out, persons->list[i].id);
		fputs("</span></button></li>", out);
	}
	fputs("</ul></form>", out);
}

char *demo_html(const struct demo_persons *persons, bool in_english)
{
	const struct words *words = in_english ? &english : &danish;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	if (out == NULL)
		return NULL;
	fprintf(out,
		"<!doctype html><html lang=\"%s\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
		"content=\"width=device-width, initial-scale=1\"><title>%s</title><link rel=\"icon\" "
		"href=\"data:,\"><link rel=\"stylesheet\" href=\"style.css\"></head><body><main><h1>%s</h1><p>%s</p>",
		words->language, words->title, words->title, words->about);
	if (persons->count > 0)
		write_persons(out, persons);
	fprintf(out,
		"<form method=\"post\"><label for=\"other\">%s</label><input id=\"other\" name=\"other\" required "
		"autocomplete=\"off\"><button>%s</button></form></main></body></html>\n",
		words->other, words->go);
	bool failed = ferror(out) != 0;
	failed = fclose(out) != 0 || failed;
	if (failed) {
		free(text);
		return NULL;
	}
	return text;
}
