/* What 'indsigt who' says, in English and Danish. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* A sentence is a whole format: sentences that are put together of pieces come out right in one language only. Where a
 * number is one or many there are two. */
/* clang-format off */
#define WORDS(X) \
	X(title, "Accesses to data about %s", "Opslag i oplysninger om %s") /* one %s: the subject */ \
	X(window, "Window, by the time of reporting: from %s, before %s", /* two times, or `beginning` and `end` */ \
		"Vindue, efter indberetningstid: fra %s, før %s") \
	X(beginning, "the beginning", "begyndelsen") \
	X(end, "the end", "slutningen") \
	X(only_org, "Only accesses of, or reported by, %s", /* the organisation asked for */ \
		"Kun opslag, som er foretaget eller indberettet af %s") \
	X(nobody, "Nobody has looked, as far as the systems below report.", \
		"Ingen har slået op, så vidt systemerne nedenfor indberetter.") \
	X(none_of, /* with a filter: %llu, how many there are without it */ \
		"None of the accesses, %llu in all, is one of these.", \
		"Ingen af opslagene, i alt %llu, er blandt disse.") \
	X(accesses, "Accesses: %llu", "Opslag: %llu") /* one %llu */ \
	X(withheld, "Withheld for now: %llu", "Tilbageholdt indtil videre: %llu") /* %llu: how many */ \
	X(withheld_until, "  to be shown after %s (%s)", "  vises efter %s (%s)") /* date, basis */ \
	X(erased, "Erased: %llu", "Slettet: %llu") /* %llu */ \
	X(consent_covered, "Rest on a consent that covers them: %llu", "Hviler på et samtykke, der dækker: %llu") /* %llu */ \
	X(consent_wrong, /* withdrawn or ended, for another, not known */ \
		"NOT covered by the consent that they name: withdrawn or ended %llu, for another use %llu, not known %llu", \
		"IKKE dækket af det samtykke, de nævner: trukket tilbage eller udløbet %llu, til andet brug %llu, ukendt %llu") \
	X(report_open, /* log index, days */ \
		"Reported as suspicious: entry %llu; not answered for %llu days", \
		"Anmeldt som mistænkeligt: post %llu; ubesvaret i %llu dage") \
	X(report_answered, "Reported as suspicious: entry %llu; answered after %llu days", /* the same */ \
		"Anmeldt som mistænkeligt: post %llu; besvaret efter %llu dage") \
	X(erased_cell, "(erased)", "(slettet)") \
	X(reporter, "(reported by %s)", /* who reported an access that is not shown: name of the system */ \
		"(indberettet af %s)") \
	X(reported_by, "%s, reported by %s (%s)", /* organisation; name and organisation of who reported in its name */ \
		"%s, indberettet af %s (%s)") \
	X(reported_by_some, "%s (reported by %s)", /* the same, where it is not known whose system it is */ \
		"%s (indberettet af %s)") \
	X(coverage, /* senders, hours, silent ones */ \
		"Coverage: systems that report here: %llu; silent of these for more than %llu hours: %llu", \
		"Dækning: systemer, der indberetter hertil: %llu; heraf tavse i mere end %llu timer: %llu") \
	X(witnessed, /* the quorum's time, as the ledger tells it */ \
		"Enough independent witnesses last saw this ledger at %s, it says; a statement proves it", \
		"Nok uafhængige vidner så senest denne log kl. %s, siger den; en erklæring beviser det") \
	X(unwitnessed, "Not enough independent witnesses have seen this ledger yet", \
		"Endnu har ikke nok uafhængige vidner set denne log") \
	X(silent, "  silent: %s (%s), last heard %s", /* name, organisation, when last heard or `never` */ \
		"  tavs: %s (%s), sidst hørt %s") \
	X(never, "never", "aldrig") \
	X(lost, /* how many, two times */ \
		"LOST: what %llu accesses were about, reported from %s to %s. Some may be to these data: nobody can tell.", \
		"TABT: hvad %llu opslag handlede om, indberettet fra %s til %s. Nogle kan være i disse oplysninger: det " \
		"kan ingen sige.") \
	X(complete, "Complete until %s: what the ledger had received by then", /* time */ \
		"Fuldstændig indtil %s: alt, hvad loggen havde modtaget da") \
	X(ahead, /* by how much the ledger's clock is ahead of the reader's */ \
		"The ledger's clock is ahead of this machine's by %s: \"until\" is by its clock.", \
		"Loggens ur er %s foran denne maskines: \"indtil\" er efter dens ur.") \
	X(verified, "Verified: %llu, each of which stands in the log %s exactly as shown", /* %llu, checkpoint's origin */ \
		"Efterprøvet: %llu, som hver står i loggen %s præcis som vist") \
	X(unsigned_by, "Not checked: the log's signature (give --vkey)", /* no vkey was given */ \
		"Ikke efterprøvet: loggens underskrift (brug --vkey)") \
	X(statement, "That nothing was left out is proven by a statement, not by this list.", /* what is not proven */ \
		"At intet er udeladt, bevises af en erklæring, ikke af denne liste.") \
	X(times, "Times are local, each with its distance from UTC.", "Tider er lokale, hver med sin afstand fra UTC.") \
	X(grant_until, "%s: %s (%s) given to %s until %s", /* activity, kind, the grant's id, holder, date */ \
		"%s: %s (%s) givet til %s indtil %s") \
	X(grant_open, "%s: %s (%s) given to %s, without an end", /* activity, kind, id, holder */ \
		"%s: %s (%s) givet til %s, uden udløb") \
	X(grant_revoked, "%s: %s (%s) to %s revoked", "%s: %s (%s) til %s tilbagekaldt") /* the same */ \
	X(mandate_until, "%s: %s (%s) given by %s until %s", /* activity, kind, the grant's id, principal, date */ \
		"%s: %s (%s) givet af %s indtil %s") \
	X(mandate_open, "%s: %s (%s) given by %s, without an end", /* activity, kind, id, principal */ \
		"%s: %s (%s) givet af %s, uden udløb") \
	X(mandate_revoked, "%s: %s (%s) by %s revoked", "%s: %s (%s) fra %s tilbagekaldt") /* the same */ \
	X(consent_until, "%s: consent %s given to %s until %s", /* activity, the consent's id, to whom, date */ \
		"%s: samtykke %s givet til %s indtil %s") \
	X(consent_open, "%s: consent %s given to %s, without an end", /* activity, id, to whom */ \
		"%s: samtykke %s givet til %s, uden udløb") \
	X(consent_withdrawn, "%s: consent %s withdrawn", "%s: samtykke %s trukket tilbage") /* activity, id */ \
	X(says_report, "%s: to %s, of entry %llu%s%s", /* activity, organisation, log index, text behind a colon */ \
		"%s: til %s, om post %llu%s%s") \
	X(says_answer, "%s: to the report %s%s%s", /* activity, the report's name, text behind a colon */ \
		"%s: på anmeldelsen %s%s%s") \
	X(parental, "parental authority", "forældremyndighed") \
	X(attorney, "power of attorney", "fuldmagt") \
	X(read_by_grant, "%s %s, by the grant %s", /* role, who, the grant's id */ "%s %s, efter bemyndigelsen %s") \
	X(read_in_case, "%s, %s", "%s, %s") /* role, the case as the event has it */ \
	X(read_for, "%s of %s", "%s hos %s") /* role, organisation */ \
	X(emergency, "emergency", "nødopslag") \
	X(human, "person", "person") \
	X(system, "system", "system") \
	X(ai, "AI", "AI") \
	X(ok, "ok", "udført") \
	X(denied, "denied", "afvist") \
	X(failed, "failed", "mislykket")
/* clang-format on */

struct words {
#define X(name, english, danish) const char *name;
	WORDS(X)
#undef X
	const char *headings[8]; /* time, organisation, system, activity, purpose, who, on behalf of, action */
};

extern const struct words words_english, words_danish;
/* `lang` is "da", "en", or a locale such as da_DK.UTF-8; anything that does not begin with "da" is English. */
const struct words *words_for(const char *lang);
/* The language that the environment asks for: LC_ALL, LC_MESSAGES, LANG, in this order. */
const char *words_environment(void);
/* A length of time for people, in its two largest units: "2 d 3 h", "1 h 59 min", "12 s". */
#define WORDS_SPAN_MAX 48
/* A log closes the second that an epoch reaches to (CLK-6): this much ahead of the reader no clock is wrong. */
#define WORDS_AHEAD_S 5
void words_span(uint64_t seconds, char out[WORDS_SPAN_MAX]);
/* An action's name for people; gives the name itself for one that it does not know. */
const char *words_action(const struct words *words, const char *action);
