import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.rest.api.SearchStyleEnum;
import ca.uhn.fhir.rest.client.api.IGenericClient;
import ca.uhn.fhir.rest.client.interceptor.BearerTokenAuthInterceptor;
import ca.uhn.fhir.rest.gclient.DateClientParam;
import ca.uhn.fhir.rest.gclient.TokenClientParam;
import ca.uhn.fhir.rest.server.exceptions.BaseServerResponseException;
import java.time.Instant;
import java.util.Date;
import org.hl7.fhir.instance.model.api.IBaseOperationOutcome;
import org.hl7.fhir.r4.model.AuditEvent;
import org.hl7.fhir.r4.model.Bundle;
import org.hl7.fhir.r4.model.OperationOutcome;

/** Asks a ledger as any client of FHIR would: the statement first, a search page by page, a form, one event, a refusal. */
public class Asking {
	public static void main(String[] arguments) {
		String number = arguments[2];
		IGenericClient client = FhirContext.forR4().newRestfulGenericClient(arguments[0]);
		client.registerInterceptor(new BearerTokenAuthInterceptor(arguments[1]));
		Date since = Date.from(Instant.parse("2020-01-01T00:00:00Z"));
		Bundle page = client.search().forResource(AuditEvent.class)
			.where(new DateClientParam("date").afterOrEquals().second(since))
			.and(new TokenClientParam("patient.identifier").exactly().systemAndIdentifier("urn:oid:1.2.208.176.1.2", number))
			.sort().descending("date").count(2).returnBundle(Bundle.class).execute();
		int pages = 1;
		String first = null;
		while (true) {
			for (Bundle.BundleEntryComponent entry : page.getEntry())
				if (entry.getResource() instanceof AuditEvent) {
					AuditEvent event = (AuditEvent) entry.getResource();
					first = first == null ? event.getIdElement().getIdPart() : first;
					System.out.println("event " + event.getIdElement().getIdPart() + " " + event.getAction().toCode() + " "
						+ event.getSubtype().get(1).getDisplay());
				} else
					System.out.println("outcome " + ((OperationOutcome) entry.getResource()).getIssue().size());
			if (page.getLink(Bundle.LINK_NEXT) == null)
				break;
			page = client.loadPage().next(page).execute();
			pages++;
		}
		System.out.println("pages " + pages);
		Bundle form = client.search().forResource(AuditEvent.class).usingStyle(SearchStyleEnum.POST)
			.where(new TokenClientParam("patient.identifier").exactly().systemAndIdentifier("urn:oid:1.2.208.176.1.2", number))
			.returnBundle(Bundle.class).execute();
		System.out.println("form " + form.getTotal());
		AuditEvent one = client.read().resource(AuditEvent.class).withId(first).execute();
		System.out.println("read " + one.getIdElement().getIdPart() + " " + one.getMeta().getProfile().get(0).getValue());
		try {
			client.search().byUrl("AuditEvent?agent-name=x&unknown=1").returnBundle(Bundle.class).execute();
		} catch (BaseServerResponseException refused) {
			IBaseOperationOutcome outcome = refused.getOperationOutcome();
			System.out.println("refused " + refused.getStatusCode() + " " + ((OperationOutcome) outcome).getIssueFirstRep().getCode().toCode());
		}
	}
}
