#!/usr/bin/env python3
"""Makes the vectors of spec/syslog.md: what a connection or a file brings, and the messages in it, written down by hand from the
page: python3 tests/vectors/syslog.py"""
import base64

from kit import write

BOM = b"\xef\xbb\xbf"


def audit(number, end="\n", name="Dr. Test"):
    """An audit message about oid:1.2.3:NUMBER, over several lines."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', "<AuditMessage>",
             '  <EventIdentification EventActionCode="R" EventDateTime="2026-11-20T10:00:00Z" EventOutcomeIndicator="0">',
             '    <EventID csd-code="110110" codeSystemName="DCM" originalText="Patient Record"/>', "  </EventIdentification>",
             '  <ActiveParticipant UserID="u1" UserName="%s" UserIsRequestor="true"/>' % name,
             '  <AuditSourceIdentification AuditSourceID="RIS"/>',
             '  <ParticipantObjectIdentification ParticipantObjectID="%d^^^&amp;1.2.3&amp;ISO" ParticipantObjectTypeCode="1"' % number +
             ' ParticipantObjectTypeCodeRole="1"/>', "</AuditMessage>"]
    return end.join(lines).encode()


def fhir(number):
    return ('{"resourceType":"AuditEvent","type":{"code":"rest"},"action":"R","recorded":"2026-11-20T10:00:00Z","outcome":"0",'
            '"agent":[{"who":{"display":"Dr. Test"},"requestor":true}],"source":{"observer":{"display":"EPJ"}},'
            '"entity":[{"what":{"identifier":{"system":"urn:oid:1.2.3","value":"%d"}},"role":{"code":"1"}}]}' % number).encode()


NATIVE = (b'{"time":"2026-11-20T10:00:00Z","subject":"oid:1.2.3:9","org":{"id":"cvr:55133018","name":"Aarhus Kommune"},"system":"EPJ",'
          b'"action":"read","activity":"opslag","purpose":"behandling","actor":{"kind":"human","role":"doctor","name":"Dr. Test"}}')


def head(pri=85, host="pacs.example", app="ipf", pid="4711", msgid="IHE+RFC-3881", data="-", time="2026-11-20T10:00:01.123Z"):
    return ("<%d>1 %s %s %s %s %s %s " % (pri, time, host, app, pid, msgid, data)).encode()


def counted(message):
    return b"%d %s" % (len(message), message)


def good(number, carries, kind="dicom"):
    """`carries`: what the message carries as it was before relays, of which the event has the hash."""
    return {"expect": "ok", "subjects": ["oid:1.2.3:%d" % number], "format": kind, "carries": carries.decode()}


def refused(error, place):
    """`place`: what the reason says."""
    return {"expect": error, "place": place}


def case(name, about, data, *messages):
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = None
    plain = text is not None and "\0" not in text
    member = {"input": text} if plain else {"input_base64": base64.b64encode(data).decode()}
    write("syslog", name, {"about": about, **member, "messages": list(messages), "expect": "ok"})


def escaped(data):
    return data.replace(b"\r", b"#015").replace(b"\n", b"#012").replace(b"\t", b"#011")


TIME_QUALITY = '[timeQuality tzKnown="1" isSynced="1" syncAccuracy="218500"]'


def senders():
    two = (good(1, audit(1)), good(2, audit(2)))
    case("sender-rsyslog", "rsyslog: lengths, the line end in the count, line ends of the message escaped",
         b"".join(counted(head(85, app="dcm4che") + BOM + escaped(audit(n)) + b"\n") for n in (1, 2)), *two)
    case("sender-rsyslog-lines", "rsyslog: a message a line, with a head of RFC 3164",
         b"".join(b"<85>Nov 20 10:00:01 pacs dcm4che[12]: " + escaped(audit(n)) + b"\n" for n in (1, 2)), *two)
    case("sender-syslog-ng", "syslog-ng: lengths, the line end in the count, line ends as they are, no milliseconds",
         b"".join(counted(head(85, time="2026-11-20T10:00:01+01:00") + BOM + audit(n) + b"\n") for n in (1, 2)), *two)
    case("sender-syslog-ng-lines", "syslog-ng: no lengths, so that the message goes on over lines",
         b"".join(head(85) + audit(n) + b"\n" for n in (1, 2)), *two)
    case("sender-syslog-ng-nul", "syslog-ng passes a NUL on",
         b"".join(counted(head(85) + audit(n) + b"\0\n") for n in (1, 2)), *two)
    case("sender-logger", "logger --octet-count: no line end; structured data",
         b"".join(counted(head(13, app="root", pid="-", msgid="-", data=TIME_QUALITY) + audit(n, "")) for n in (1, 2)),
         good(1, audit(1, "")), good(2, audit(2, "")))
    case("sender-logger-rfc3164", "logger --rfc3164: a line each",
         b"".join(b"<13>Nov 20 10:00:01 pacs root: " + audit(n, "") + b"\n" for n in (1, 2)), good(1, audit(1, "")), good(2, audit(2, "")))
    case("sender-ipf", "IPF: lengths, no line end, a byte order mark",
         b"".join(counted(head(85) + BOM + audit(n, "")) for n in (1, 2)), good(1, audit(1, "")), good(2, audit(2, "")))
    case("sender-dcm4che", "dcm4che: the priority follows the outcome; a length alone is left of a connection that broke",
         counted(head(85, app="arc") + BOM + audit(1)) + counted(head(84, app="arc") + BOM + audit(2)) + b"1006 ", *two)


def frames():
    one = head() + audit(1, "")
    two = head() + audit(2, "")
    both = (good(1, audit(1, "")), good(2, audit(2, "")))
    case("frame-mixed", "lengths and lines on one connection", counted(one) + two + b"\n" + counted(one) + b"\n" + two,
         both[0], both[1], both[0], both[1])
    case("frame-crlf", "CR LF, in the count and behind lines", counted(one + b"\r\n") + two + b"\r\n" + one + b"\r\n", *both, both[0])
    case("frame-nul", "NULs behind messages", one + b"\0" + two + b"\0" + counted(one) + b"\0", *both, both[0])
    case("frame-zeros", "zeros before a length, and a length of zero", b"0%d %s0 " % (len(one), one) + counted(two), *both)
    case("frame-no-space", "no space behind the length", b"%d%s\n" % (len(one), one) + two + b"\n", refused("trailing", "no space"), both[1])
    case("frame-huge", "a length of 10^12, and one of forty digits", b"1000000000000 " + one + counted(two) + b"1" * 40 + b" " + one + b"\n" + two,
         refused("trailing", "length"), both[1], refused("trailing", "length"), both[1])
    letters = audit(1, "", "Dr. Æbelø")
    case("frame-letters", "a sender that counts letters in place of bytes", b"%d " % (len(head() + letters) - 2) + head() + letters + counted(two),
         refused("truncated", "cut on the way"), refused("trailing", "neither a length nor a priority"), both[1])
    case("frame-bytes", "one that counts bytes", counted(head() + letters) + counted(two), good(1, letters), both[1])
    case("frame-end", "the input ends within a message", counted(one) + counted(two)[:-40],
         both[0], refused("truncated", "after %d of %d bytes" % (len(two) - 40, len(two))))
    case("frame-no-priority", "XML without a head, and a line of text", audit(1) + b"\ntext\n" + two + b"\n", refused("trailing", "neither"), both[1])
    case("frame-pretty-json", "JSON over lines", head() + fhir(1).replace(b',"', b',\n  "') + b"\n" + head() + fhir(2) + b"\n",
         good(1, fhir(1).replace(b',"', b',\n  "'), "fhir-r4"), good(2, fhir(2), "fhir-r4"))


def cuts():
    whole = head() + escaped(audit(1))
    two = head() + audit(2, "")
    case("cut-rsyslog", "rsyslog cut it: no line end, and the rest comes as messages of its own",
         counted(whole[:300]) + counted(b"<13>1 2026-11-20T10:00:01Z relay " + whole[300:330] + b" - - - " + whole[330:500]) +
         counted(b"<13>Nov 20 10:00:01 relay " + whole[500:]) + counted(two),
         refused("truncated", "cut on the way after 300 bytes; raise maxMessageSize"), refused("trailing", "a part of one"),
         refused("trailing", "a part of one"), good(2, audit(2, "")))
    case("cut-lines", "cut over lines, and the next message follows", head() + audit(1)[:400] + b"\n" + two + b"\n",
         refused("truncated", "cut on the way"), good(2, audit(2, "")))
    case("cut-logger", "logger makes a message of each line", b"".join(b"<13>Nov 20 10:00:01 pacs root: %s\n" % line for line in audit(1).split(b"\n")[:3]),
         refused("truncated", "--size (logger)"), refused("truncated", "cut"), refused("truncated", "cut"))
    case("cut-json", "JSON that ends early", head() + fhir(1)[:120] + b"\n" + head() + fhir(2) + b"\n",
         refused("truncated", "cut on the way"), good(2, fhir(2), "fhir-r4"))
    case("cut-letter", "cut within a letter", counted((head() + audit(1, "", "Dr. Æ"))[:len(head()) + audit(1, "", "Dr. Æ").index(b"\xc3") + 1]),
         refused("truncated", "cut on the way"))


def heads():
    for name, about, text in (
            ("nothing", "RFC 5424 with nothing but dashes", "<85>1 - - - - - - "),
            ("priority", "a priority that no facility has", "<999>1 2026-11-20T10:00:01Z h a 1 IHE+RFC-3881 - "),
            ("no-id", "without MSGID", "<85>1 2026-11-20T10:00:01Z h a 1 - "),
            ("other-id", "with another MSGID", "<85>1 2026-11-20T10:00:01Z h a 1 DICOM+RFC3881 - "),
            ("data", "structured data with all that could end it", '<85>1 2026-11-20T10:00:01Z h a 1 ID [x@1 a="]<AuditMessage>" b="\\"\\]{"][y] '),
            ("year", "a year in RFC 3164", "<85>Nov 20 2026 10:00:01 h a[1]: "),
            ("day", "a day of one digit", "<85>Nov  2 10:00:01 h a[1]: "),
            ("iso", "an ISO time in RFC 3164", "<85>2026-11-20T10:00:01.5+01:00 h a[1]: "),
            ("no-host", "without a host", "<85>Nov 20 10:00:01 a[1]: "),
            ("no-tag", "without a tag", "<85>Nov 20 10:00:01 h "),
            ("no-time", "without a time", "<85>a: "),
            ("none", "a priority and nothing else", "<85>")):
        case("head-" + name, about, text.encode() + audit(1, "") + b"\n", good(1, audit(1, "")))
    case("head-in-text", "a line of a log that holds an audit message", b"<38>Nov 20 10:00:01 h sshd[1]: Invalid user " + audit(1, "") + b"\n",
         refused("trailing", "no audit message"))
    case("head-no-end", "structured data that does not end", b'<85>1 - - - - - [x a="b] ' + audit(1, "") + b"\n", refused("bad-value", "structured data"))


def escapes():
    case("escape-value", "within a value and a text nothing is undone", head() + audit(1, "", "Dr.#012Test") + b"\n", good(1, audit(1, "", "Dr.#012Test")))
    case("escape-tabs", "tabs, and CR LF", counted(head() + escaped(audit(1, "\r\n\t"))), good(1, audit(1, "\r\n\t")))
    case("escape-json", "JSON over lines, escaped", counted(head() + escaped(fhir(1).replace(b",", b",\n\t"))), good(1, fhir(1).replace(b",", b",\n\t"), "fhir-r4"))


def carried():
    case("carries-fhir", "an AuditEvent of FHIR", counted(head() + BOM + fhir(1)), good(1, fhir(1), "fhir-r4"))
    case("carries-native", "an event in this ledger's own JSON, which has no hash", counted(head() + NATIVE), {"expect": "ok", "subjects": ["oid:1.2.3:9"]})
    case("carries-text", "text", counted(head() + b"session opened"), refused("bad-value", "text of 14 bytes"))
    case("carries-nothing", "nothing", counted(head()), refused("bad-value", "empty"))
    case("carries-fhir-xml", "FHIR in XML", counted(head() + b'<AuditEvent xmlns="http://hl7.org/fhir"/>'), refused("bad-xml", "FHIR in XML"))
    case("carries-other-xml", "other XML", counted(head() + b"<Patient/>"), refused("bad-xml", "AuditMessage"))
    case("carries-doctype", "entities", counted(head() + b'<!DOCTYPE a [<!ENTITY b "c">]><AuditMessage>&b;</AuditMessage>'), refused("bad-xml", "document type"))
    case("carries-twice", "a name that stands twice", counted(head() + b'{"resourceType":"AuditEvent","resourceType":"AuditEvent"}'), refused("bad-json", "twice"))
    case("carries-wrong", "XML that is wrong and whole", counted(head() + b"<AuditMessage><a></AuditMessage>"), refused("bad-xml", "mismatched tag"))
    case("carries-utf16", "UTF-16", counted(head() + "<AuditMessage/>".encode("utf-16-le")), refused("bad-xml", "UTF-16"))


senders()
frames()
cuts()
heads()
escapes()
carried()
