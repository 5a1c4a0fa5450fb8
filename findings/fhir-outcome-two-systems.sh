#!/bin/sh
# hl7.fhir.r4.examples 4.0.1, hl7.fhir.r5.examples 5.0.0 (npm): outcome.code comes from two code systems in R5.
set -eu
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
npm pack --silent hl7.fhir.r4.examples@4.0.1 hl7.fhir.r5.examples@5.0.0 >/dev/null
mkdir r4 r5
tar xzf hl7.fhir.r4.examples-4.0.1.tgz -C r4
tar xzf hl7.fhir.r5.examples-5.0.0.tgz -C r5
python3 - <<'P'
import collections, glob, json
seen = collections.Counter()
for path in glob.glob("r5/package/AuditEvent-*.json"):
    code = json.load(open(path)).get("outcome", {}).get("code", {})
    seen[(code.get("system"), code.get("code"))] += 1
for (system, code), count in sorted(seen.items(), key=str):
    print("R5: %d times %s of %s" % (count, code, system))
before = json.load(open("r4/package/AuditEvent-example-error.json"))["outcome"]
after = json.load(open("r5/package/AuditEvent-example-error.json"))["outcome"]["code"]
print("the example of an error: R4 outcome %s, R5 %s" % (before, after["code"]))
assert len({system for system, _ in seen if system}) == 2
assert before == "8" and after["code"] == "error" and after["system"].endswith("issue-severity")
print("as seen: two code systems, and a serious failure of R4 is an \"error\" of the other one")
P
