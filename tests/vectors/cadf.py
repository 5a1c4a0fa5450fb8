#!/usr/bin/env python3
"""Makes the vectors of spec/cadf.md: a CADF event, and the event and the people that it becomes, written down by hand from the
page: python3 tests/vectors/cadf.py"""
import json

from kit import merged, write

BASE = {"typeURI": "http://schemas.dmtf.org/cloud/audit/1.0/event", "eventType": "activity", "id": "0a196053-95de-48f8-9890-4527b25b5007",
        "eventTime": "2026-11-20T10:00:00.123456+0000", "action": "read", "outcome": "success",
        "initiator": {"typeURI": "service/security/account/user", "id": "68a3f50705a54f799ce94380fc02ed8a", "name": "jensen",
                      "host": {"address": "10.1.2.3", "agent": "python-novaclient"}, "credential": {"token": "secret"}},
        "target": {"typeURI": "compute/machine", "id": "vm-7", "name": "web1"}, "observer": {"id": "target"}}
EVENT = {"time": "2026-11-20T10:00:00.123456Z", "action": "read", "outcome": "ok", "system": "web1", "activity": "read", "purpose": "unspecified",
         "actor": {"kind": "human", "id": "68a3f50705a54f799ce94380fc02ed8a", "name": "jensen", "role": "unspecified"}, "access_point": "10.1.2.3",
         "objects": ["compute/machine: web1 (vm-7)"], "source": {"format": "cadf"}}
USER = {"typeURI": "data/security/account/user", "id": "a71f"}
FILE = {"typeURI": "data/file", "id": "f-1"}
FILE_EVENT = {"system": "unspecified", "objects": ["data/file: f-1"]}
OBSERVER = {"observer": {"id": "o1", "typeURI": "service/security", "name": "keystone"}}


def ok(file, about, subjects, event=None, source=None, message=None, **members):
    vector = {"about": about, "format": "cadf", "message": merged(BASE, members) if message is None else message}
    if source:
        vector["source"] = source
    write("cadf", file, {**vector, "subjects": subjects, "event": merged(EVENT, event or {}), "expect": "ok"})


def no(file, about, error, place, source=None, message=None, **members):
    vector = {"about": about, "format": "cadf", "message": merged(BASE, members) if message is None else message}
    if source:
        vector["source"] = source
    write("cadf", file, {**vector, "place": place, "expect": error})


def named(content):
    return [{"typeURI": "mime:text/plain", "name": "data_subject", "content": content}]


def whose():
    ok("thing-machine", "a machine is nobody", [])
    for kind in ("network/node/host", "storage/volume", "service/compute/servers/server", "data/image", "data/security/project",
                 "http://schemas.dmtf.org/cloud/audit/1.0/taxonomy/resource/compute/node", "service/security"):
        ok("thing-" + kind.rsplit("resource/", 1)[-1].replace("/", "-"), "a thing", [], {"objects": [kind + ": web1 (vm-7)"]},
           target={"typeURI": kind, "id": "vm-7", "name": "web1"})
    for kind in ("data/file", "storage/object", "data/database/table", "service/storage/object/account/container/object", "data", "unknown", "computer",
                 "storage", "service/security/keymanager/secret", "service", "service/healthcare/journals", "service/database"):
        no("unclear-" + kind.replace("/", "-"), "somebody's data may be in it", "bad-subject", "target.typeURI", target={"typeURI": kind, "id": "f-1"})
    no("unclear-target-id", "nothing says what the target is", "bad-subject", "target.typeURI", target=None, targetId="f-1")
    for kind in ("data/security/account/user", "service/security/account/user", "data/security/credential", "service/compute/users/user"):
        no("account-" + kind.replace("/", "-"), "an account is no person by itself", "bad-subject", "namespace=account/user=SYSTEM",
           target={"typeURI": kind, "id": "a71f"}, **OBSERVER)
    ok("account-registered", "the registration says whose numbers the accounts are", ["uri:https://hr.example/employees|a71f"],
       {"system": "keystone", "activity": "updated.user", "action": "update", "objects": ["data/security/account/user: a71f"]},
       source=["namespace=account/user=https://hr.example/employees"], target=USER, action="updated.user", **OBSERVER)
    no("account-login", "a login is no access, whoever the account is", "bad-subject", "login", source=["namespace=account/user=https://hr.example/employees"],
       target=USER, action="authenticate", **OBSERVER)
    ok("named-text", "whose data it was, in an attachment", ["cpr:0101701234"], FILE_EVENT, target=FILE, attachments=named("urn:oid:1.2.208.176.1.2|0101701234"))
    ok("named-object", "with the name of the kind of number", ["cpr:0101701234"], FILE_EVENT, target=FILE,
       attachments=named({"id": "010170-1234", "type": "CPR"}))
    ok("named-list", "two people", ["cpr:0101701234", "oid:2.16.840.1.113883.2.4.6.3:999990019"], FILE_EVENT, target=FILE,
       attachments=named([{"id": "010170-1234", "type": "CPR"}, {"id": "999990019", "type": "BSN"}]))
    ok("named-target", "in an attachment of the target", ["cpr:0101701234"], FILE_EVENT, target={**FILE, "attachments": named({"id": "010170-1234", "type": "CPR"})})
    ok("named-account", "beside an account", ["cpr:0101701234"], {"system": "keystone", "objects": ["data/security/account/user: a71f"]},
       target=USER, attachments=named({"id": "010170-1234", "type": "CPR"}), **OBSERVER)
    ok("named-thing", "beside a thing", ["cpr:0101701234"], attachments=named({"id": "010170-1234", "type": "CPR"}))
    ok("named-none", "the sender's word for nobody", [], FILE_EVENT, target=FILE, attachments=named("<none>"))
    no("named-bare", "a number without its authority", "bad-subject", "authority=SYSTEM", target=FILE, attachments=named("77"))
    for name, attachments in (("object", named("<none>")[0]), ("text", "data_subject")):
        no("attachments-" + name, "attachments that are no list, and a thing", "bad-value", "attachments: must be a list", attachments=attachments)
    ok("named-capitals", "the name in other letters, beside a thing", ["cpr:0101701234"],
       attachments=[{"name": "Data_Subject", "content": {"id": "010170-1234", "type": "CPR"}}])
    no("named-empty-list", "a list of nobody, beside a thing", "bad-subject", "data_subject: an empty list", attachments=named([]))
    no("named-form", "a name that is none", "bad-value", "data_subject", target=FILE, attachments=named(77))
    no("mention-path", "a thing, and a person in the request", "bad-subject", "a person is mentioned", requestPath="/v2/x?patient=77")
    no("mention-name", "a thing with a person's number in its name", "bad-subject", "a person is mentioned",
       target={"typeURI": "storage/volume", "id": "v", "name": "arkiv 010170-1234"})


def what():
    ok("search", "a list is a search", [], {"action": "search", "activity": "read/list"}, action="read/list")
    ok("action-uri", "the action as a whole address", [], {"action": "update", "activity": "update/reboot"},
       action="http://schemas.dmtf.org/cloud/audit/1.0/taxonomy/action/update/reboot")
    ok("action-other", "an action that is none of ours", [], {"action": "execute", "activity": "start"}, action="start")
    ok("action-send", "sent to somebody", [], {"action": "disclose", "activity": "send"}, action="send")
    ok("action-deny", "a rule said no", [], {"action": "execute", "outcome": "denied", "activity": "deny"}, eventType="control", action="deny")
    ok("called", "what it is called", [], {"activity": "VM vist"}, name="VM vist")
    ok("failed", "it failed", [], {"outcome": "failed"}, outcome="failure", reason={"reasonCode": "500", "reasonType": "HTTP"})
    ok("denied", "it was refused", [], {"outcome": "denied"}, outcome="failure", reason={"reasonCode": "403", "reasonType": "HTTP"})
    ok("time-zone", "a zone with its colon", [], {"time": "2026-11-20T09:00:00Z"}, eventTime="2026-11-20T10:00:00+01:00")
    ok("path", "what was asked", [], {"objects": ["compute/machine: web1 (vm-7)", "/v2/servers/vm-7"]}, requestPath="/v2/servers/vm-7")
    no("pending", "it goes on", "bad-value", "outcome: pending", outcome="pending")
    no("outcome", "an outcome that there is not", "bad-value", "outcome", outcome="unknown")
    no("outcome-missing", "no outcome", "missing-field", "outcome", outcome=None)
    no("monitor", "a measurement", "bad-value", "eventType", eventType="monitor")
    no("event-type", "a type that there is not", "bad-value", "eventType", eventType="x")
    no("time-missing", "no time", "missing-field", "eventTime", eventTime=None)
    no("time-bare", "a time without a zone", "bad-value", "time:", eventTime="2026-11-20T10:00:00")
    no("action-missing", "no action", "missing-field", "action", action=None)
    no("action-number", "an action that is no text", "bad-value", "action: must be a text", action=7)
    no("target-missing", "no target", "missing-field", "target", target=None)
    no("target-text", "a target that is no object", "bad-value", "target: must be an object", target="vm-7")


def who():
    ok("initiator-id", "nothing but an id", [], {"actor": {"kind": "human", "id": "u-1", "role": "unspecified"}, "access_point": None},
       initiator=None, initiatorId="u-1")
    ok("initiator-service", "a service acted", [], {"actor": {"kind": "system", "id": "s-1", "name": "nova", "role": "unspecified"}, "access_point": None},
       initiator={"typeURI": "service/compute", "id": "s-1", "name": "nova"})
    ok("initiator-keystone", "keystone's names", [], {"actor": {"kind": "human", "id": "u-1", "name": "jensen", "role": "unspecified"}, "access_point": None},
       initiator={"typeURI": "service/security/account/user", "id": "x", "user_id": "u-1", "username": "jensen"})
    ok("observer", "an observer of its own", [], {"system": "keystone"}, **OBSERVER)
    ok("observer-initiator", "an observer who is the initiator", [], {"system": "jensen"}, observer={"id": "initiator"})
    no("initiator-unknown", "nobody is named who acted", "missing-field", "initiator", initiator={"typeURI": "service", "id": "unknown", "name": "unknown"})


def envelopes():
    note = {"event_type": "audit.http.response", "message_id": "m", "publisher_id": "compute.h1", "priority": "INFO", "timestamp": "2026-11-20 10:00:00.2",
            "payload": merged(BASE, {"observer": {"id": "o-1"}})}
    ok("notification", "the payload of a notification", [], {"system": "compute.h1"}, message=note)
    ok("envelope", "a notification as the text within a message", [], {"system": "compute.h1"}, message={"oslo.version": "2.0", "oslo.message": json.dumps(note)})
    ok("log-line", "behind the head of a line of a log", [], {"system": "compute.h1"},
       message="2026-11-20 10:00:00.200 7 INFO oslo.messaging.notification.audit.http.response [-] " + json.dumps(note))
    no("basic", "a notification that is no CADF", "bad-value", "notification_format", message={**note, "payload": {"resource_info": "a71f"}})
    no("other", "another event", "bad-value", "typeURI", typeURI="http://schemas.dmtf.org/cloud/audit/1.0/log")
    no("envelope-text", "an envelope that is no text", "bad-value", "oslo.message", message={"oslo.message": {}})
    no("log-line-plain", "a line of a log without an event", "bad-json", "", message="2026-11-20 10:00:00.200 7 INFO nova.api [-] hello")


if __name__ == "__main__":
    whose()
    what()
    who()
    envelopes()
