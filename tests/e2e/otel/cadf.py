"""A CADF event as pycadf makes it, in JSON: cadf.py TARGET_TYPE [KIND NUMBER]"""

import json
import sys

from pycadf import attachment, cadftaxonomy, cadftype, event, eventfactory, host, reason, resource

who = resource.Resource(typeURI=cadftaxonomy.ACCOUNT_USER, id="68a3f50705a54f799ce94380fc02ed8a", name="jensen", host=host.Host(address="10.1.2.3", agent="test"))
what = resource.Resource(typeURI=sys.argv[1], id="0a196053-95de-48f8-9890-4527b25b5007", name="archive")
made = eventfactory.EventFactory().new_event(eventType=cadftype.EVENTTYPE_ACTIVITY, outcome=cadftaxonomy.OUTCOME_SUCCESS, action=cadftaxonomy.ACTION_READ,
                                             initiator=who, target=what, reason=reason.Reason(reasonType="HTTP", reasonCode="200"),
                                             observer=resource.Resource(id="target"))
assert isinstance(made, event.Event)
made.requestPath = "/v1/archive"
if len(sys.argv) > 2:
    made.add_attachment(attachment.Attachment(typeURI="mime:application/json", name="data_subject", content={"type": sys.argv[2], "id": sys.argv[3]}))
print(json.dumps(made.as_dict()))
