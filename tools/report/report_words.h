/* What 'indsigt sender report' says, in English and Danish. As words.h: sentences are whole formats, with the same
 * arguments in both languages. */
#pragma once

/* clang-format off */
#define REPORT_WORDS(X) \
	X(ledger_side, "Events since %s, as the ledger %s has them", "Hændelser siden %s, som loggen %s har dem") /* time, origin */ \
	X(sampled, /* id, how many, of how many */ \
		"  sender %lld: %lld of its %lld events were looked at", \
		"  afsender %lld: %lld af dens %lld hændelser er set igennem") \
	X(unseen, /* id, how many */ \
		"  sender %lld: the purpose of %lld events is restricted, and not counted here", \
		"  afsender %lld: formålet med %lld hændelser er lukket og ikke talt med her") \
	X(unreadable, /* id, how many */ \
		"  sender %lld: %lld events cannot be read: erased, lost or damaged", \
		"  afsender %lld: %lld hændelser kan ikke læses: slettet, gået tabt eller beskadiget") \
	X(early, "too early to say", "for tidligt at sige") \
	X(usual, "no", "nej") \
	X(silent, "YES, since %s", "JA, siden %s") /* time */ \
	X(revoked, "revoked", "tilbagekaldt") \
	X(never, "never", "aldrig") \
	X(numbers, /* how many, of these the person's own, of these fulfil the check */ \
		"%lld (own %lld, check %lld)", "%lld (egne %lld, kontrol %lld)") \
	X(lags, "%s, %s, %s", "%s, %s, %s") /* half, 99 %, longest */ \
	X(in_fields, "  sender %lld: persons' numbers in %s: %lld", "  afsender %lld: personnumre i %s: %lld") /* id, field, how many */ \
	X(check_hint, /* nothing */ \
		"A number that fulfils the check (modulus 11) is a hint; since 2007 there are person numbers that do not.", \
		"Et nummer, der opfylder modulus 11, er et fingerpeg; siden 2007 er der personnumre, som ikke gør.") \
	X(sender_side, "Messages since %s, as sender %lld saw them itself", "Meddelelser siden %s, som afsender %lld selv så dem") /* time, id */ \
	X(messages, /* taken, came again, refused */ \
		"  taken %lld, came again %lld, refused %lld", "  modtaget %lld, kom igen %lld, afvist %lld") \
	X(events, /* events, without a purpose, with the registration's */ \
		"  events %lld: without a purpose %lld, with the registration's %lld; persons' numbers in texts %s", \
		"  hændelser %lld: uden formål %lld, med registreringens %lld; personnumre i tekster %s") \
	X(otherwise, "  and %lld refused for other reasons", "  og %lld afvist af andre grunde") /* how many */ \
	X(unmapped, /* how many, name, name */ \
		"  namespace not mapped: %lld of %s; 'indsigt sender policy ... --namespace %s=OID'", \
		"  navnerum uden OID: %lld af %s; 'indsigt sender policy ... --namespace %s=OID'")
/* clang-format on */

#define REPORT_COLUMNS 11
#define REFUSED_COLUMNS 4

struct report_words {
#define X(name, english, danish) const char *name;
	REPORT_WORDS(X)
#undef X
	const char *headings[REPORT_COLUMNS];
	const char *refused[REFUSED_COLUMNS]; /* count, last, error, reason */
};

/* As words_for. */
const struct report_words *report_words_for(const char *lang);
