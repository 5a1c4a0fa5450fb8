/* What the commands about senders say to people. */
#pragma once

#include "ledger/entry/sender.h"
#include "ledger/options/options.h"

/* In the words of a person: that a key was compromised matters more than that it was revoked. */
const char *sender_status(const struct sender *sender);
/* What a list's JSON has of each, and of how many sequences it signed two batches. A new object; NULL: out of memory.
 */
json_t *sender_json(const struct sender *sender, json_int_t equivocations);

/* "withhold open=actor.name reports-for=cvr:1"; empty for the usual terms, of which terms_words says "none". */
enum error terms_line(const struct policy *policy, const struct mandate *mandate, char out[TERMS_TEXT_MAX]) MUST_USE;
enum error terms_words(const struct policy *policy, const struct mandate *mandate, char out[TERMS_TEXT_MAX]) MUST_USE;
/* What --policy and its like say, however often they are given. Words that are given more than once add up, in their
 * order. */
struct terms_given {
	struct policy policy; /* from the default; of no meaning without words, before terms_settle */
	struct mandate mandate;
	bool grants; /* --grants, --reads, --consents */
	bool reads;
	bool consents;
	bool words; /* there were any of the others */
};
/* Whether anything was said at all, before it is settled. */
bool terms_said(const struct terms_given *given);
enum error terms_take_word(void *given, const char *word, struct fault *fault) MUST_USE;
enum error terms_take_org(void *given, const char *org, struct fault *fault) MUST_USE;
enum error terms_take_events(void *given, const char *limit, struct fault *fault) MUST_USE;
enum error terms_take_bytes(void *given, const char *limit, struct fault *fault) MUST_USE;
enum error terms_take_authority(void *given, const char *system, struct fault *fault) MUST_USE;
enum error terms_take_namespace(void *given, const char *meaning, struct fault *fault) MUST_USE;
/* A file (PEM or DER), or the hash itself. */
enum error terms_take_certificate(void *given, const char *text, struct fault *fault) MUST_USE;
/* All that was read, or the default where there was nothing. */
void terms_settle(struct terms_given *given);

/* All of them, in the forms that are named: a word each, and a name of its own for what is often said. */
#define TERMS_ROW(T, take, name, what, member, form, ...) \
	OPTION_TAKEN(take, name, what, .offset = offsetof(T, member), .repeats = true, .forms = form, __VA_ARGS__)
#define TERMS_ROWS(T, member, form)                                                                                    \
	TERMS_ROW(T, terms_take_word, "policy", "WORD", member, form,                                                      \
		.help = "open=FIELD or close=FIELD: shown to, or kept back from, the person; purpose=TEXT: stands in for a "   \
				"missing purpose; purpose-required: FHIR and DICOM messages without one are refused; withhold: may "   \
				"report events that the person sees only later; and all words that 'indsigt sender show' shows"),      \
		TERMS_ROW(T, terms_take_org, "reports-for", "SCHEME:ID", member, form,                                         \
			.help = "another organisation whose events the sender may report; its own it always may"),                 \
		TERMS_ROW(T, terms_take_events, "events-per-second", "N", member, form,                                        \
			.help = "more than so many are read later, never refused"),                                                \
		TERMS_ROW(                                                                                                     \
			T, terms_take_bytes, "bytes-per-second", "N", member, form, .help = "likewise, of what the events weigh"), \
		OPTION_FLAG(T, member.grants, "grants", .forms = form, .help = "it may report grants: who may ask for whom"),  \
		OPTION_FLAG(T, member.reads, "reads", .forms = form, .help = "it reports reads of this ledger"),               \
		OPTION_FLAG(T, member.consents, "consents", .forms = form, .help = "it may report consents"),                  \
		TERMS_ROW(T, terms_take_certificate, "certificate", "FILE|HEX", member, form,                                  \
			.help =                                                                                                    \
				"a TLS client certificate that the sender shows, or the SHA-256 of its public key (SPKI), which a "    \
				"renewed one keeps; without any, none is asked for"),                                                  \
		TERMS_ROW(T, terms_take_authority, "authority", "SYSTEM", member, form,                                        \
			.help = "whose numbers those are that come without an authority: an OID or a URI"),                        \
		TERMS_ROW(T, terms_take_namespace, "namespace", "NAME=SYSTEM", member, form,                                   \
			.help = "whose numbers a local name stands for, such as SITE in 4711^^^SITE")
