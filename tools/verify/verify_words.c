/* Everything that 'verify' says, in English and Danish. A sentence claims exactly what was checked, which is why there
 * are so many: "filed until" is not "there are no others", and what a missing option leaves unproven has a sentence
 * too. Whoever adds a check adds its finding here in Danish.
 *
 * Both tables have the same formats with the same arguments; the header says which. */
#include "tools/verify/verify_words.h"

#include <stdio.h>
#include <string.h>

static const struct verify_words english = {
	.who = &words_english,
	.reported = "Reported",
	.about = "Statement about %s in the log %s",
	.all_one = "The 1 access filed until %s is listed.",
	.all = "All %llu accesses filed until %s are listed.",
	.nobody = "Nobody's access is filed: until %s there was none.",
	.window = "Window, by the time of reporting: from %s, before %s.",
	.beginning = "the beginning",
	.end = "the end",
	.window_none = "None of the accesses filed until %s, %llu in all, was reported in the window.",
	.window_one = "Of the accesses filed until %s, %llu in all, the 1 that was reported in the window is listed.",
	.window_all = "All %llu accesses that were reported in the window and filed until %s are listed, of %llu in all.",
	.withheld_one = "1 is withheld until %s.",
	.withheld = "%llu are withheld, the last of them until %s.",
	.withheld_due = "A date of withholding has passed since then: a new statement shows what was withheld.",
	.withheld_cell = "(withheld until %s: %.*s)",
	.erased_one = "1 was erased.",
	.erased = "%llu were erased.",
	.later_one = "1 more came after that. It is not yet covered: that there are no others is not proven.",
	.later = "%llu more came after that. They are not yet covered: that there are no others is not proven.",
	.later_title = "Not yet covered:",
	.lost_one =
		"LOST: the ledger has lost what 1 access was about. It may be one to this person's data: nobody can tell.",
	.lost =
		"LOST: the ledger has lost what %llu accesses were about. Some may be to this person's data: nobody can tell.",
	.signed_by = "Each access that is covered is signed by the system that reported it.",
	.later_unsigned = "Those not yet covered bear no signature here.",
	.later_closed =
		"Of those not yet covered %llu are withheld or erased: that these are about this person is the ledger's "
		"word only.",
	.unsigned_by = "Not shown: the signatures of the systems that reported.",
	.unendorsed = "NOT ENDORSED: %s (%s) was registered, or changed, without the signature of its own key.",
	.compromised = "The key of %s (%s) was reported compromised.",
	.sender = "system no. %u",
	.audited = "The auditor %s recomputed the filing of everybody's accesses at log index %llu.",
	.audit_no_key = "An auditor's note is there, but not its key (--auditor): it is not checked.",
	.witnessed = "Witnessed: %u witnesses of the policy cosigned. As of %s enough of them had seen no newer log.",
	.no_policy = "Not proven without a witness policy: how fresh this is, and that everybody is shown the same log.",
	.scope = "This is about this identifier and this log only, and about what systems reported to it.",
	.predecessor = "The log goes on from %s, which this statement does not cover.",
	.times = "Times are UTC.",
	.filed = "All %u events of system no. %u, sequences %llu to %llu, are filed in the log %s (epoch of %s).",
	.filed_subjects = "Each is filed under the one label of the subject shown, and under no other in this place.",
	.filed_lost = "LOST: what %u of %u events of sender %u, sequences %llu to %llu, were about. The log %s says so "
				  "itself, at index "
				  "%llu.",
	.filed_labels = "Whose the labels are is not part of this proof.",
	.filed_headings = {"Sequence", "Log index", "Subject"},
	.forked =
		"The log %s has signed two histories: its checkpoints over %llu and over %llu entries cannot both be of one "
		"append-only log.",
	.receipts = "%llu receipts for %llu events hold: they stand in the log %s, which had %llu entries then.",
	.receipts_scope = "Each receipt is checked by itself; that they are all there are is not proven.",
	.stands = "Entry %llu stands in the log %s, which had %llu entries then.",
	.entries = {"It is the log's first entry.", "It is an entry of a system that reports: %s (%s).",
		"It is an event of system no. %u, sequence %llu, reported %s, about a person that it does not name.",
		"It is an event of system no. %u, sequence %llu, reported %s, about no single person.",
		"It is a signed batch of system no. %u, sequences %llu to %llu.",
		"It is an epoch over the entries below %llu, of %s.", "It is an erasure.",
		"It says that the log's keeper has lost what %llu events were about, from index %llu on."},
	.signer = "  signatures of: %s (%s), system no. %u",
	.unknown = "NOT LOOKED AT: this is no statement, filing proof, receipt or proof file, nor evidence of a fork.",
	.not_whole = "NOT LOOKED AT: this is %s, and not whole: it is cut off, or something else stands in it. Ask for it "
				 "anew.",
	.not_whole_line = "NOT LOOKED AT: receipt %llu is not whole: it is cut off, or something else stands in it.",
	.kinds = {"a statement", "a filing proof", "evidence of a fork", "a proof file", "receipts"},
	.refused = "DOES NOT HOLD: %s",
	.refused_line = "DOES NOT HOLD: receipt %llu: %s",
	.refused_index = " (log index %llu)",
	.other_log = "ANOTHER LOG: this file does not name %s, whose key this is; give the key of the file's own log.",
};

static const struct verify_words danish = {
	.who = &words_danish,
	.reported = "Indberettet",
	.about = "Erklæring om %s i loggen %s",
	.all_one = "Det ene opslag, der er arkiveret indtil %s, står her.",
	.all = "Alle %llu opslag, der er arkiveret indtil %s, står her.",
	.nobody = "Ingens opslag er arkiveret: indtil %s var der intet.",
	.window = "Vindue, efter indberetningstid: fra %s, før %s.",
	.beginning = "begyndelsen",
	.end = "slutningen",
	.window_none = "Intet af opslagene, der er arkiveret indtil %s, i alt %llu, blev indberettet i vinduet.",
	.window_one = "Af opslagene, der er arkiveret indtil %s, i alt %llu, står det ene fra vinduet her.",
	.window_all = "Alle %llu opslag, der blev indberettet i vinduet og arkiveret indtil %s, står her, af %llu i alt.",
	.withheld_one = "1 er tilbageholdt til %s.",
	.withheld = "%llu er tilbageholdt, det sidste af dem til %s.",
	.withheld_due = "En dato for tilbageholdelse er siden passeret: en ny erklæring viser, hvad der var tilbageholdt.",
	.withheld_cell = "(tilbageholdt til %s: %.*s)",
	.erased_one = "1 er slettet.",
	.erased = "%llu er slettet.",
	.later_one = "1 kom til derefter. Det er endnu ikke dækket: at der ikke er flere, er ikke bevist.",
	.later = "%llu kom til derefter. De er endnu ikke dækket: at der ikke er flere, er ikke bevist.",
	.later_title = "Endnu ikke dækket:",
	.lost_one =
		"TABT: loggens fører har mistet, hvad 1 opslag handlede om. Det kan være et i denne persons oplysninger: "
		"det kan ingen sige.",
	.lost = "TABT: loggens fører har mistet, hvad %llu opslag handlede om. Nogle kan være i denne persons oplysninger: "
			"det kan ingen sige.",
	.signed_by = "Hvert dækket opslag er underskrevet af det system, der indberettede det.",
	.later_unsigned = "De endnu ikke dækkede bærer ingen underskrift her.",
	.later_closed =
		"Af de endnu ikke dækkede er %llu tilbageholdt eller slettet: at de handler om denne person, har man kun "
		"loggens ord for.",
	.unsigned_by = "Ikke vist: underskrifterne fra de systemer, der indberettede.",
	.unendorsed = "IKKE BEKRÆFTET: %s (%s) blev registreret eller ændret uden sin egen nøgles underskrift.",
	.compromised = "Nøglen for %s (%s) er meldt kompromitteret.",
	.sender = "system nr. %u",
	.audited = "Revisoren %s har genberegnet arkiveringen af alles opslag ved logplads %llu.",
	.audit_no_key = "Der er en revisornote, men ikke dens nøgle (--auditor): den er ikke efterprøvet.",
	.witnessed = "Bevidnet: %u af politikkens vidner har skrevet under. Pr. %s havde nok af dem ikke set en nyere log.",
	.no_policy = "Ikke bevist uden en vidnepolitik: hvor ny erklæringen er, og at alle ser samme log.",
	.scope = "Dette gælder kun dette id og denne log, og hvad systemer har indberettet til den.",
	.predecessor = "Loggen fortsætter %s, som erklæringen ikke dækker.",
	.times = "Tider er i UTC.",
	.filed = "Alle %u hændelser fra system nr. %u, numre %llu til %llu, er arkiveret i loggen %s (epoke fra %s).",
	.filed_subjects = "Hver er arkiveret under den ene etiket for den viste person, og ingen anden på denne plads.",
	.filed_lost =
		"TABT: hvad %u af %u hændelser fra system nr. %u, numre %llu til %llu, handlede om. Loggen %s siger det selv, "
		"på plads %llu.",
	.filed_labels = "Hvis etiketterne er, er ikke en del af dette bevis.",
	.filed_headings = {"Nummer", "Logplads", "Person"},
	.forked =
		"Loggen %s har underskrevet to historier: dens kontrolpunkter over %llu og over %llu poster kan ikke begge "
		"være af én log, der kun vokser.",
	.receipts = "%llu kvitteringer for %llu hændelser holder: de står i loggen %s, som da havde %llu poster.",
	.receipts_scope = "Hver kvittering er efterprøvet for sig; at der ikke er flere, er ikke bevist.",
	.stands = "Post %llu står i loggen %s, som da havde %llu poster.",
	.entries = {"Det er loggens første post.", "Det er en post om et system, der indberetter: %s (%s).",
		"Det er en hændelse fra system nr. %u, nummer %llu, indberettet %s, om en person, som den ikke nævner.",
		"Det er en hændelse fra system nr. %u, nummer %llu, indberettet %s, om ingen enkelt person.",
		"Det er en underskrevet portion fra system nr. %u, numre %llu til %llu.",
		"Det er en epoke over posterne under %llu, fra %s.", "Det er en sletning.",
		"Den siger, at loggens fører har mistet indholdet af %llu hændelser, fra logplads %llu."},
	.signer = "  underskrifter af: %s (%s), system nr. %u",
	.unknown = "IKKE UNDERSØGT: dette er hverken en erklæring, et arkivbevis, kvitteringer, en bevisfil eller beviser "
			   "for to historier.",
	.not_whole =
		"IKKE UNDERSØGT: dette er %s, men ikke hele filen: den er skåret af, eller der står andet i den. Bed om "
		"den igen.",
	.not_whole_line = "IKKE UNDERSØGT: kvittering %llu er ikke hel: den er skåret af, eller der står andet i den.",
	.kinds = {"en erklæring", "et arkivbevis", "beviser for to historier", "en bevisfil", "kvitteringer"},
	.refused = "HOLDER IKKE: %s",
	.refused_line = "HOLDER IKKE: kvittering %llu: %s",
	.refused_index = " (logplads %llu)",
	.other_log = "EN ANDEN LOG: filen nævner ikke %s, som nøglen tilhører; angiv nøglen for filens egen log.",
};

static const char *const danish_findings[FINDING_CODES] = {
	[FINDING_NONE] = "alt holder",
	[FINDING_FORM] = "filen har ikke den rette form",
	[FINDING_SUBJECT_SPELLING] = "id'et er ikke stavet på sin ene gyldige måde",
	[FINDING_SUBJECT_OTHER] = "erklæringen er om en anden, end der blev spurgt om",
	[FINDING_CHECKPOINT] = "checkpointet er misdannet, fra en anden log eller ikke underskrevet med denne logs nøgle",
	[FINDING_WITNESSES] = "vidnernes underskrifter opfylder ikke vidnepolitikken",
	[FINDING_GENESIS_ENTRY] = "det, der vises som loggens første post, er det ikke",
	[FINDING_GENESIS_INCLUSION] = "den første post står ikke i loggen på plads 0",
	[FINDING_GENESIS_KEY] = "den første post nævner et andet lognavn eller en anden lognøgle",
	[FINDING_EPOCH_ENTRY] = "det, der vises som epokepost, er ingen",
	[FINDING_EPOCH_INCLUSION] = "epokeposten står ikke i loggen",
	[FINDING_EPOCH_SIZE] = "epoken dækker intet, eller mere end der står før den",
	[FINDING_EPOCH_LAST] = "posterne, der viser epokens tid, er ikke de sidste, den dækker",
	[FINDING_EPOCH_LAST_INCLUSION] = "en post, der viser epokens tid, står ikke i loggen",
	[FINDING_EPOCH_TIME] = "epokens tid er ikke den sidst dækkede posts",
	[FINDING_EPOCH_STALE] = "epoken er for gammel i forhold til vidnernes underskrifter",
	[FINDING_VRF] = "etikettens bevis holder ikke for denne person under loggens VRF-nøgle",
	[FINDING_ERASURE_ENTRY] = "det, der vises som sletningspost, er ingen",
	[FINDING_ERASURE_INCLUSION] = "en sletningspost står ikke i loggen",
	[FINDING_ERASURE_OPENING] = "en sletning af en person er ikke af denne person",
	[FINDING_EVENT_ORDER] = "opslagenes logpladser stiger ikke",
	[FINDING_EVENT_UNCOVERED] = "et opslag vises som dækket, men epoken dækker det ikke",
	[FINDING_EVENT_ENTRY] = "det, der vises som et opslags post, er ikke en post om en person",
	[FINDING_EVENT_TIME] = "et opslags indberetningstid passer ikke til dets plads i loggen",
	[FINDING_EVENT_HEADER] = "et opslags hoved er misdannet",
	[FINDING_EVENT_COMMITMENT] = "det viste af et opslag er ikke det, dets post binder sig til",
	[FINDING_EVENT_CONTENT] = "et opslags viste del er ikke en gyldig hændelse",
	[FINDING_EVENT_SUBJECT] = "et vist opslag er om en anden",
	[FINDING_WITHHELD_NEVER] = "et opslag kaldes tilbageholdt, men afsenderen har ikke tilbageholdt det",
	[FINDING_WITHHELD_PAST] = "et opslag kaldes tilbageholdt, men datoen er passeret",
	[FINDING_ERASED_UNPROVEN] = "et opslag kaldes slettet uden en sletningspost",
	[FINDING_ERASED_EARLIER] = "et opslag kaldes slettet af en post, der står før det",
	[FINDING_ERASED_OTHER] = "et opslag kaldes slettet af en post, der ikke omfatter det",
	[FINDING_COUNT] = "antallet af viste opslag er ikke det, loggens kort har",
	[FINDING_RANGE] = "udsnittet ligger ikke inden for personens opslag",
	[FINDING_WINDOW_OUTSIDE] = "et opslag ligger uden for vinduet",
	[FINDING_WINDOW_BEFORE] = "intet viser, at der ikke mangler opslag i vinduets begyndelse",
	[FINDING_WINDOW_AFTER] = "intet viser, at der ikke mangler opslag i vinduets slutning",
	[FINDING_SUBJECT_TREE] = "beviset for udsnittet har ikke den form, som dets plads kræver",
	[FINDING_PRESENCE] = "disse opslag og deres antal er ikke det, som loggens kort har for denne person",
	[FINDING_ABSENCE_EMPTY] = "et tomt bevis for fravær vises for et kort, der ikke er tomt",
	[FINDING_ABSENCE_SELF] = "fraværet vises med personens egen plads i kortet",
	[FINDING_ABSENCE] = "beviset for, at loggens kort intet har for denne person, holder ikke",
	[FINDING_LATER_COVERED] = "et opslag, som epoken dækker, vises som endnu ikke dækket",
	[FINDING_LATER_INCLUSION] = "et opslag efter epoken står ikke i loggen",
	[FINDING_SENDER_ENTRY] = "det, der vises som en afsenderpost, er ingen",
	[FINDING_SENDER_INCLUSION] = "en afsenderpost står ikke i loggen",
	[FINDING_SENDER_HISTORY] = "afsenderposterne følger ikke af hinanden",
	[FINDING_BATCH_ENTRY] = "det, der vises som en portionspost, er ingen",
	[FINDING_BATCH_INCLUSION] = "en portionspost står ikke i loggen",
	[FINDING_BATCH_PLACE] = "et opslag hører ikke til den portion, det vises med",
	[FINDING_SIGNATURE_PATH] = "et opslags sti fører ikke til dets portions rod",
	[FINDING_SIGNATURE] = "afsenderens underskrift på en portion holder ikke",
	[FINDING_SIGNATURE_MISSING] = "et opslag mangler sin sti, skønt underskrifter vises",
	[FINDING_AUDIT_MISSING] = "en revisors nøgle blev givet, men erklæringen har ingen revisornote",
	[FINDING_AUDIT_EPOCH] = "det, der vises som den reviderede epoke, står ikke i loggen",
	[FINDING_AUDIT_NEWER] = "en nyere epoke end erklæringens stod allerede i loggen",
	[FINDING_AUDIT_NOTE] = "revisornoten er misdannet eller ikke underskrevet med revisorens nøgle",
	[FINDING_AUDIT_OTHER] = "revisornoten er om en anden log eller fandt andre rødder end epokeposten har",
	[FINDING_FILING_BATCH] = "portionen er en anden afsenders, eller epoken dækker den ikke",
	[FINDING_FILING_SUBJECTS] = "en etiket er ikke den vist persons",
	[FINDING_LOSS_ENTRY] = "det, der vises som en tabspost, er ingen",
	[FINDING_LOSS_INCLUSION] = "tabsposten står ikke i loggen",
	[FINDING_LOSS_RANGE] = "tabsposten handler ikke om portionens hændelser",
	[FINDING_TLOG_ENTRY] = "det, bevisfilen rummer, er ikke en logpost",
	[FINDING_TLOG_INCLUSION] = "posten står ikke i loggen på sin plads",
	[FINDING_FORK] = "intet her viser, at de to kontrolpunkter ikke passer sammen",
	[FINDING_FILING_TREE] = "hændelserne er ikke arkiveret under disse etiketter i epokens arkivtræ",
};

const struct verify_words *verify_words_for(const char *lang)
{
	return words_for(lang) == &words_danish ? &danish : &english;
}

void verify_words_finding(
	const struct verify_words *words, const struct finding *finding, char out[FINDING_TEXT_MAX + 1])
{
	char index[48] = "";
	const char *text = words == &danish ? danish_findings[finding->code] : finding_text(finding->code);
	/* Behind the text stands what is wrong in particular, or the index. */
	const char *detail = finding->index == FINDING_NO_INDEX && finding->text[0] != '\0'
							 ? finding->text + strlen(finding_text(finding->code))
							 : "";
	if (finding->index != FINDING_NO_INDEX)
		snprintf(index, sizeof index, words->refused_index, (unsigned long long)finding->index);
	snprintf(out, FINDING_TEXT_MAX + 1, "%s%s%s", text ? text : "", detail, index);
}
