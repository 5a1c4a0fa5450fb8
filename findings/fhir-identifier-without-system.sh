#!/bin/sh
# hl7.fhir.r4.examples 4.0.1, hl7.fhir.r5.examples 5.0.0 (npm): a whole HL7 v2 CX in identifier.value, without a system.
set -eu
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
for package in hl7.fhir.r4.examples@4.0.1 hl7.fhir.r5.examples@5.0.0; do
	name=${package%@*}
	npm pack --silent "$package" >/dev/null
	mkdir "$name"
	tar xzf "$name-${package#*@}.tgz" -C "$name"
done
python3 - <<'P'
import json
for package in ("hl7.fhir.r4.examples", "hl7.fhir.r5.examples"):
    for example in ("media", "pixQuery"):
        event = json.load(open("%s/package/AuditEvent-example-%s.json" % (package, example)))
        people = [e["what"]["identifier"] for e in event["entity"] if '"1"' in json.dumps(e.get("role"))]
        assert len(people) == 1 and "system" not in people[0]
        value = people[0]["value"].split("^")
        assert len(value) == 4 and value[3].split("&")[2] == "ISO"
        print("%s %s: identifier has %s; the value's fourth component names an ISO authority" % (package, example, sorted(people[0])))
print("as seen: four examples identify a patient by a v2 CX inside a FHIR value")
P
