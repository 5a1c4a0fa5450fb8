/* What 'indsigt verify' says, in English and Danish. */
#pragma once

#include "ledger/entry/entry.h"
#include "ledger/log/finding.h"
#include "tools/show/words.h"

/* clang-format off */
#define VERIFY_WORDS(X) \
	X(reported, "Reported", "Indberettet") /* heading of the ledger time */ \
	X(about, "Statement about %s in the log %s", "Erklæring om %s i loggen %s") /* subject, log */ \
	X(all_one, "The 1 access filed until %s is listed.", /* time */ \
		"Det ene opslag, der er arkiveret indtil %s, står her.") \
	X(all, "All %llu accesses filed until %s are listed.", /* how many, time */ \
		"Alle %llu opslag, der er arkiveret indtil %s, står her.") \
	X(nobody, "Nobody's access is filed: until %s there was none.", /* time */ \
		"Ingens opslag er arkiveret: indtil %s var der intet.") \
	X(window, "Window, by the time of reporting: from %s, before %s.", /* two times, or the next two */ \
		"Vindue, efter indberetningstid: fra %s, før %s.") \
	X(beginning, "the beginning", "begyndelsen") \
	X(end, "the end", "slutningen") \
	X(window_none, /* time, how many in all */ \
		"None of the accesses filed until %s, %llu in all, was reported in the window.", \
		"Intet af opslagene, der er arkiveret indtil %s, i alt %llu, blev indberettet i vinduet.") \
	X(window_one, /* the same */ \
		"Of the accesses filed until %s, %llu in all, the 1 that was reported in the window is listed.", \
		"Af opslagene, der er arkiveret indtil %s, i alt %llu, står det ene fra vinduet her.") \
	X(window_all, /* how many in the window, time, how many in all */ \
		"All %llu accesses that were reported in the window and filed until %s are listed, of %llu in all.", \
		"Alle %llu opslag, der blev indberettet i vinduet og arkiveret indtil %s, står her, af %llu i alt.") \
	X(withheld_one, "1 is withheld until %s.", "1 er tilbageholdt til %s.") /* date */ \
	X(withheld, "%llu are withheld, the last of them until %s.", /* how many, date of the last one */ \
		"%llu er tilbageholdt, det sidste af dem til %s.") \
	X(withheld_due, "A date of withholding has passed since then: a new statement shows what was withheld.", \
		"En dato for tilbageholdelse er siden passeret: en ny erklæring viser, hvad der var tilbageholdt.") \
	X(withheld_cell, "(withheld until %s: %.*s)", "(tilbageholdt til %s: %.*s)") /* date, basis */ \
	X(erased_one, "1 was erased.", "1 er slettet.") \
	X(erased, "%llu were erased.", "%llu er slettet.") /* how many */ \
	X(later_one, "1 more came after that. It is not yet covered: that there are no others is not proven.", \
		"1 kom til derefter. Det er endnu ikke dækket: at der ikke er flere, er ikke bevist.") \
	X(later, /* how many */ \
		"%llu more came after that. They are not yet covered: that there are no others is not proven.", \
		"%llu kom til derefter. De er endnu ikke dækket: at der ikke er flere, er ikke bevist.") \
	X(later_title, "Not yet covered:", "Endnu ikke dækket:") \
	X(lost_one, \
		"LOST: the ledger has lost what 1 access was about. It may be one to this person's data: nobody can tell.", \
		"TABT: loggens fører har mistet, hvad 1 opslag handlede om. Det kan være et i denne persons " \
		"oplysninger: det kan ingen sige.") \
	X(lost, /* how many */ \
		"LOST: the ledger has lost what %llu accesses were about. Some may be to this person's data: nobody can " \
		"tell.", \
		"TABT: loggens fører har mistet, hvad %llu opslag handlede om. Nogle kan være i denne persons " \
		"oplysninger: det kan ingen sige.") \
	X(signed_by, "Each access that is covered is signed by the system that reported it.", \
		"Hvert dækket opslag er underskrevet af det system, der indberettede det.") \
	X(within_rights, /* behind signed_by */ \
		"Each was registered beforehand to report it: for that organisation, with that right.", \
		"Hvert var forud registreret til at indberette det: for den organisation, med den ret.") \
	X(later_unsigned, /* behind signed_by, where later events are listed */ \
		"Those not yet covered bear no signature here, and whether their systems may report them was not checked.", \
		"De endnu ikke dækkede bærer ingen underskrift her, og om deres systemer må indberette dem, er ikke efterprøvet.") \
	X(later_closed, /* how many of the later ones are withheld or erased */ \
		"Of those not yet covered %llu are withheld or erased: that these are about this person is the ledger's " \
		"word only.", \
		"Af de endnu ikke dækkede er %llu tilbageholdt eller slettet: at de handler om denne person, har man " \
		"kun loggens ord for.") \
	X(unsigned_by, "Not shown: the signatures of the systems that reported.", \
		"Ikke vist: underskrifterne fra de systemer, der indberettede.") \
	X(rights_unchecked, /* behind unsigned_by, or where later events are listed */ \
		"Not checked: whether these systems may report for these organisations (a statement with signatures shows it).", \
		"Ikke efterprøvet: om disse systemer må indberette for disse organisationer (en erklæring med underskrifter viser " \
		"det).") \
	X(unendorsed, /* name, organisation */ \
		"NOT ENDORSED: %s (%s) was registered, or changed, without the signature of its own key.", \
		"IKKE BEKRÆFTET: %s (%s) blev registreret eller ændret uden sin egen nøgles underskrift.") \
	X(compromised, "The key of %s (%s) was reported compromised.", /* name, organisation */ \
		"Nøglen for %s (%s) er meldt kompromitteret.") \
	X(sender, "system no. %u", "system nr. %u") /* id */ \
	X(audited, /* auditor, log index */ \
		"The auditor %s recomputed the filing of everybody's accesses at log index %llu.", \
		"Revisoren %s har genberegnet arkiveringen af alles opslag ved logplads %llu.") \
	X(audit_no_key, "An auditor's note is there, but not its key (--auditor): it is not checked.", \
		"Der er en revisornote, men ikke dens nøgle (--auditor): den er ikke efterprøvet.") \
	X(witnessed, /* how many witnesses, time */ \
		"Witnessed: %u witnesses of the policy cosigned. As of %s enough of them had seen no newer log.", \
		"Bevidnet: %u af politikkens vidner har skrevet under. Pr. %s havde nok af dem ikke set en nyere log.") \
	X(no_policy, "Not proven without a witness policy: how fresh this is, and that everybody is shown the same log.", \
		"Ikke bevist uden en vidnepolitik: hvor ny erklæringen er, og at alle ser samme log.") \
	X(scope, "This is about this identifier and this log only, and about what systems reported to it.", \
		"Dette gælder kun dette id og denne log, og hvad systemer har indberettet til den.") \
	X(predecessor, "The log goes on from %s, which this statement does not cover.", /* origin */ \
		"Loggen fortsætter %s, som erklæringen ikke dækker.") \
	X(times, "Times are UTC.", "Tider er i UTC.") \
	X(filed, /* how many of how many events, sender, first and last sequence, log, time */ \
		"All %u events of system no. %u, sequences %llu to %llu, are filed in the log %s (epoch of %s).", \
		"Alle %u hændelser fra system nr. %u, numre %llu til %llu, er arkiveret i loggen %s (epoke fra %s).") \
	X(filed_subjects, "Each is filed under the one label of the subject shown, and under no other in this place.", \
		"Hver er arkiveret under den ene etiket for den viste person, og ingen anden på denne plads.") \
	X(filed_labels, "Whose the labels are is not part of this proof.", \
		"Hvis etiketterne er, er ikke en del af dette bevis.") \
	X(filed_lost, /* how many of how many events, sender, first and last sequence, log, log index */ \
		"LOST: what %u of %u events of sender %u, sequences %llu to %llu, were about. The log %s says so " \
		"itself, at index %llu.", \
		"TABT: hvad %u af %u hændelser fra system nr. %u, numre %llu til %llu, handlede om. Loggen %s siger det " \
		"selv, på plads %llu.") \
	X(forked, /* log, the two sizes */ \
		"The log %s has signed two histories: its checkpoints over %llu and over %llu entries cannot both be of " \
		"one append-only log.", \
		"Loggen %s har underskrevet to historier: dens kontrolpunkter over %llu og over %llu poster kan ikke " \
		"begge være af én log, der kun vokser.") \
	X(receipts, /* how many receipts, events, log, largest size */ \
		"%llu receipts for %llu events hold: they stand in the log %s, which had %llu entries then.", \
		"%llu kvitteringer for %llu hændelser holder: de står i loggen %s, som da havde %llu poster.") \
	X(receipts_scope, "Each receipt is checked by itself; that they are all there are is not proven.", \
		"Hver kvittering er efterprøvet for sig; at der ikke er flere, er ikke bevist.") \
	X(stands, "Entry %llu stands in the log %s, which had %llu entries then.", /* log index, log, size */ \
		"Post %llu står i loggen %s, som da havde %llu poster.") \
	X(signer, "  signatures of: %s (%s), system no. %u", /* name, organisation, number */ \
		"  underskrifter af: %s (%s), system nr. %u") \
	X(unknown, "NOT LOOKED AT: this is no statement, filing proof, receipt or proof file, nor evidence of a fork, of a version " \
		"that this program knows.", \
		"IKKE UNDERSØGT: dette er hverken en erklæring, et arkivbevis, kvitteringer, en bevisfil eller beviser " \
		"for to historier i en version, som dette program kender.") \
	X(not_whole, /* what it is */ \
		"NOT LOOKED AT: this is %s, and not whole: it is cut off, or something else stands in it. Ask for it anew.", \
		"IKKE UNDERSØGT: dette er %s, men ikke hele filen: den er skåret af, eller der står andet i den. Bed om " \
		"den igen.") \
	X(not_whole_line, /* number of the receipt */ \
		"NOT LOOKED AT: receipt %llu is not whole: it is cut off, or something else stands in it.", \
		"IKKE UNDERSØGT: kvittering %llu er ikke hel: den er skåret af, eller der står andet i den.") \
	X(refused, "DOES NOT HOLD: %s", "HOLDER IKKE: %s") /* what does not hold */ \
	X(refused_line, "DOES NOT HOLD: receipt %llu: %s", /* number of the receipt, what does not hold */ \
		"HOLDER IKKE: kvittering %llu: %s") \
	X(refused_index, " (log index %llu)", " (logplads %llu)") /* log index */ \
	X(other_log, /* the log's name */ \
		"ANOTHER LOG: this file does not name %s, whose key this is; give the key of the file's own log.", \
		"EN ANDEN LOG: filen nævner ikke %s, som nøglen tilhører; angiv nøglen for filens egen log.")
/* clang-format on */

struct verify_words {
#define X(name, english, danish) const char *name;
	VERIFY_WORDS(X)
#undef X
	const struct words *who;          /* headings and cells */
	const char *filed_headings[3];    /* sequence, log index, subject */
	const char *entries[ENTRY_KINDS]; /* what kinds of entries are: 1 name, organisation; 2, 3 sender, sequence, time; 4
									   * sender, first and last sequence; 5 size, time */
	const char *kinds[5];             /* statement, filing proof, evidence of a fork, proof file, receipts */
};

/* As words_for. */
const struct verify_words *verify_words_for(const char *lang);
/* The text of a finding in the language of `words`; with what is wrong with the form. At most FINDING_TEXT_MAX bytes.
 */
void verify_words_finding(
	const struct verify_words *words, const struct finding *finding, char out[FINDING_TEXT_MAX + 1]);
