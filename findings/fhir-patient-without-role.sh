#!/bin/sh
# hl7.fhir.r4.examples 4.0.1 (npm): the example of a patient that is read names the patient in an entity without role.
set -eu
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
npm pack --silent hl7.fhir.r4.examples@4.0.1 >/dev/null
tar xzf hl7.fhir.r4.examples-4.0.1.tgz package/AuditEvent-example-rest.json
python3 - <<'P'
import json
event = json.load(open("package/AuditEvent-example-rest.json"))
entities = event["entity"]
for entity in entities:
    print("entity: what %s, type %s, role %s" % (entity["what"], entity["type"]["code"], entity.get("role")))
named = [e for e in entities if e["what"].get("reference", "").startswith("Patient/")]
assert len(named) == 1 and "role" not in named[0] and named[0]["type"]["code"] == "2"
assert not any(e.get("role", {}).get("code") == "1" for e in entities)
print("as seen: the only mention of the person is an entity of type 2 (system object) without any role")
P
