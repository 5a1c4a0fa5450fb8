"""Invented events for the citizen's page: a person with a varied half year (ANNA), one about whom an access is withheld, a
child, somebody about whom nobody asked, and one with thousands."""

import datetime
import json

ANNA, BO, CHILD, NOBODY, MANY = "cpr:0101701234", "cpr:0202701238", "cpr:1503181235", "cpr:3112991239", "cpr:0507651236"

AARHUS = ("cvr:55133018", "Aarhus Kommune")
SKAT = ("cvr:19552101", "Skattestyrelsen")
HOSPITAL = ("cvr:29190925", "Aarhus Universitetshospital")
POLICE = ("cvr:17150413", "Rigspolitiet")
REGISTER = ("cvr:34051178", "Digitaliseringsstyrelsen")


def at(now, days, hour, minute=0):
    """So many days before now, at this hour in UTC."""
    day = (now - datetime.timedelta(days=days)).date()
    return "%sT%02d:%02d:00Z" % (day.isoformat(), hour, minute)


def event(subject, time, org, system, activity, purpose, role, **more):
    made = {"subject": subject, "time": time, "action": "read", "outcome": "ok", "org": {"id": org[0], "name": org[1]}, "system": system,
            "activity": activity, "purpose": purpose, "actor": {"kind": "human", "role": role}}
    made.update(more)
    return made


def aarhus(now):
    case = {"legal_basis": "Sygedagpengeloven § 3", "categories": ["Helbred", "Beskæftigelse"]}
    made = []
    for days in range(3, 180, 7):
        made.append(event(ANNA, at(now, days, 8 + days % 5, days % 60), AARHUS, "KSD Sygedagpenge", "Opslag i sygedagpengesag", "Sagsbehandling",
                          "Sagsbehandler", actor={"kind": "human", "role": "Sagsbehandler", "id": "uuid:6f1c-%d" % days, "name": "Anne Jensen"},
                          objects=["sag:2026-4711"], **case))
    for minute in range(0, 28, 2):
        made.append(event(ANNA, at(now, 5, 11, minute), AARHUS, "KSD Sygedagpenge", "Opslag i sygedagpengesag", "Sagsbehandling", "Sagsbehandler", **case))
    made.append(event(ANNA, at(now, 4, 9, 30), AARHUS, "Sagsassistenten", "Resumé af sygedagpengesag", "Sagsbehandling", "Assistent",
                      actor={"kind": "ai", "role": "Assistent"}, categories=["Helbred"],
                      ai={"system": "Sagsassistent", "version": "2.3", "sources": ["KSD Sygedagpenge", "Borgerens journal"], "reviewed_by": "Sagsbehandler, Aarhus Kommune"}))
    for days in (20, 50, 80, 110, 140, 170):
        made.append(event(ANNA, at(now, days, 1, 5), AARHUS, "Udbetalingskørsel", "Beregning af sygedagpenge", "Udbetaling", "Natlig kørsel", action="execute",
                          actor={"kind": "system", "role": "Natlig kørsel"}, categories=["Økonomi"]))
    made.append(event(ANNA, at(now, 8, 20, 41), AARHUS, "KSD Sygedagpenge", "Opslag i sygedagpengesag", "Sagsbehandling", "Sagsbehandler", **case))
    made.append(event(CHILD, at(now, 2, 10, 15), AARHUS, "Skolernes elevsystem", "Opslag i elevsag", "Skoletilbud", "Skoleleder", categories=["Skole"]))
    made.append(event(CHILD, at(now, 33, 10, 15), AARHUS, "Sundhedsplejen", "Notat om besøg", "Sundhedspleje", "Sundhedsplejerske", action="update", categories=["Helbred"]))
    made.append(event(BO, at(now, 40, 12, 0), AARHUS, "Nova ESDH", "Opslag i byggesag", "Sagsbehandling", "Sagsbehandler"))
    return made


def skat(now):
    made = [event(ANNA, at(now, days, 7, 12), SKAT, "Årsopgørelsen", "Hentning af indkomstoplysninger", "Beregning af skat", "Automatisk beregning",
                  actor={"kind": "system", "role": "Automatisk beregning"}, legal_basis="Skatteindberetningsloven § 1", categories=["Økonomi"],
                  custodian="eIndkomst") for days in (12, 100, 160)]
    made.append(event(ANNA, at(now, 6, 13, 2), SKAT, "TastSelv Kontrol", "Forsøg på opslag i årsopgørelse", "Kontrol", "Kontrolmedarbejder", outcome="denied",
                      categories=["Økonomi"]))
    made.append(event(ANNA, at(now, 15, 10, 30), SKAT, "eIndkomst", "Videregivelse af indkomst til bank", "Samtykke fra borger", "Selvbetjening", action="disclose",
                      actor={"kind": "system", "role": "Selvbetjening"}, recipient="Jyske Bank A/S", consent="samtykke-2026-17", categories=["Økonomi"]))
    for days, consent in ((14, "samtykke-2026-18"), (13, "samtykke-2026-99")):
        made.append(event(ANNA, at(now, days, 10, 30), SKAT, "eIndkomst", "Udtræk til forskning", "Forskning", "Selvbetjening", action="disclose",
                          actor={"kind": "system", "role": "Selvbetjening"}, consent=consent, categories=["Økonomi"]))
    return made


def hospital(now):
    made = [event(ANNA, at(now, days, 9, 40), HOSPITAL, "Elektronisk patientjournal", "Opslag i journal", "Behandling", "Læge",
                  legal_basis="Sundhedsloven § 42 a", categories=["Helbred"], on_behalf_of={"name": "Medicinsk afdeling", "role": "Afdeling"})
            for days in (11, 11, 45, 90, 130)]
    made.append(event(ANNA, at(now, 10, 1, 47), HOSPITAL, "Elektronisk patientjournal", "Opslag i journal på skadestuen", "Akut behandling", "Læge", emergency=True,
                      reason="Bevidstløs patient", categories=["Helbred"]))
    made.append(event(CHILD, at(now, 60, 14, 5), HOSPITAL, "Elektronisk patientjournal", "Opslag i journal", "Behandling", "Sygeplejerske", categories=["Helbred"]))
    return made


def police(now):
    until = (now + datetime.timedelta(days=95)).strftime("%Y-%m-%dT00:00:00Z")
    return [event(BO, at(now, 3, 12, 0), POLICE, "POLSAS", "Opslag i efterforskning", "Efterforskning", "Efterforsker", withheld_until=until,
                  withheld_basis="Efterforskning (retsplejeloven)")]


def grants(now):
    return [event("grants:" + CHILD, at(now, 400, 9, 0), REGISTER, "CPR", "Forældremyndighed registreret", "Forældremyndighed", "Register", action="create",
                  actor={"kind": "system", "role": "Register"}, grant={"id": "cpr-15", "kind": "parental", "to": ANNA, "until": "2036-03-15T00:00:00Z"}),
            event("grants:" + BO, at(now, 30, 9, 0), REGISTER, "Digital Fuldmagt", "Fuldmagt registreret", "Fuldmagt", "Register", action="create",
                  actor={"kind": "system", "role": "Register"}, grant={"id": "fuldmagt-7", "kind": "attorney", "to": ANNA, "until": "2028-01-01T00:00:00Z"})]


def mandates(now):
    """The same, in the lists of who may read."""
    made = []
    for one in grants(now):
        grant = dict(one["grant"], **{"from": one["subject"][len("grants:"):]})
        made.append(dict(one, subject="mandates:" + grant.pop("to"), grant=grant))
    return made


def consents(now):
    return [event(ANNA, at(now, 90, 9, 0), REGISTER, "Digitalt Samtykke", "Samtykke givet", "Samtykke", "Register", action="create", actor={"kind": "system", "role": "Register"},
                  consent_record={"id": "samtykke-2026-17", "to": ["Jyske Bank A/S"], "purposes": ["Samtykke fra borger"], "categories": ["Økonomi"]}),
            event(ANNA, at(now, 90, 9, 5), REGISTER, "Digitalt Samtykke", "Samtykke givet", "Samtykke", "Register", action="create", actor={"kind": "system", "role": "Register"},
                  consent_record={"id": "samtykke-2026-18", "to": ["Forskningsinstituttet"], "purposes": ["Forskning"]}),
            event(ANNA, at(now, 25, 9, 0), REGISTER, "Digitalt Samtykke", "Samtykke trukket tilbage", "Samtykke", "Register", action="update", actor={"kind": "system", "role": "Register"},
                  consent_record={"id": "samtykke-2026-18", "withdrawn": True})]


def many(now, count):
    made = []
    for n in range(count):
        day, hour = n // 25, 7 + n % 9
        made.append(event(MANY, at(now, day, hour, n % 60), AARHUS if n % 3 else HOSPITAL, "KSD Sygedagpenge" if n % 3 else "Elektronisk patientjournal",
                          "Opslag i sag nr. %d" % (n % 40), "Sagsbehandling" if n % 3 else "Behandling", "Sagsbehandler" if n % 3 else "Læge",
                          categories=["Helbred"] if n % 2 else ["Økonomi"]))
    return made


SENDERS = [("aarhus", AARHUS, []), ("skat", SKAT, []), ("hospital", HOSPITAL, []), ("police", POLICE, ["--policy", "withhold"]),
           ("register", REGISTER, ["--grants", "--consents"]), ("quiet", ("cvr:12345678", "Stille Styrelse"), [])]


def lines(name, now, count):
    made = {"aarhus": aarhus, "skat": skat, "hospital": hospital, "police": police, "register": lambda now: grants(now) + mandates(now) + consents(now)}[name](now)
    if name == "aarhus" and count:
        made += [one for one in many(now, count) if one["org"]["id"] == AARHUS[0]]
    if name == "hospital" and count:
        made += [one for one in many(now, count) if one["org"]["id"] == HOSPITAL[0]]
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in sorted(made, key=lambda one: one["time"]))


def report_all(ledger, count=0):
    """Registers the senders, streams everything, and files it."""
    now = datetime.datetime.now(datetime.timezone.utc)
    for name, org, options in SENDERS:
        key = ledger.path(name + ".key")
        ledger.run("sender", "add", ledger.dir, "--name", org[1], "--org", org[0], "--key", key, *options)
        if name != "quiet":
            ledger.run("send", "--server", ledger.ingest, "--key", key, "-", stdin=lines(name, now, count))
    ledger.run("epoch", ledger.dir)
