#!/bin/sh
# hl7.fhir.r4.examples 4.0.1 (npm): an AuditEvent with agents of which none is the requestor.
set -eu
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
npm pack --silent hl7.fhir.r4.examples@4.0.1 >/dev/null
tar xzf hl7.fhir.r4.examples-4.0.1.tgz package/AuditEvent-example.json
python3 - <<'P'
import json
agents = json.load(open("package/AuditEvent-example.json"))["agent"]
for agent in agents:
    role = [c.get("code") for c in agent.get("type", {}).get("coding", [])]
    print("agent: requestor %s, type %s" % (agent["requestor"], role))
assert len(agents) == 2 and not any(agent["requestor"] for agent in agents)
print("as seen: nobody asked for what happened")
P
