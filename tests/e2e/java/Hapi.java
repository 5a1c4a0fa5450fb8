import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.rest.api.EncodingEnum;
import ca.uhn.fhir.rest.client.api.IGenericClient;
import ca.uhn.fhir.rest.client.apache.GZipContentInterceptor;
import ca.uhn.fhir.rest.client.interceptor.BearerTokenAuthInterceptor;
import ca.uhn.fhir.rest.server.exceptions.BaseServerResponseException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.hl7.fhir.instance.model.api.IBase;
import org.hl7.fhir.instance.model.api.IBaseBundle;
import org.hl7.fhir.instance.model.api.IBaseResource;

/** HAPI's client in front of the FHIR door: what it is given in DIR goes to BASE, and what it makes of the answers is told. */
public class Hapi {
	private final FhirContext context;
	private final IGenericClient client;
	private final Path dir;

	Hapi(String version, String base, String dir) {
		context = version.equals("R5") ? FhirContext.forR5() : FhirContext.forR4();
		context.getRestfulClientFactory().setSocketTimeout(240000);
		client = context.newRestfulGenericClient(base);
		this.dir = Path.of(dir);
	}

	IBaseResource read(String name) throws Exception {
		return context.newJsonParser().parseResource(Files.readString(dir.resolve(name + ".json")));
	}

	String words(IBase where, String path) {
		List<IBase> found = context.newTerser().getValues(where, path);
		StringBuilder words = new StringBuilder();
		for (IBase one : found)
			words.append(words.length() > 0 ? " " : "").append(((org.hl7.fhir.instance.model.api.IPrimitiveType<?>) one).getValueAsString());
		return words.toString();
	}

	void go() throws Exception {
		System.out.println("created=" + client.create().resource(read("one")).execute().getId().getValue());
		System.out.println("xml=" + client.create().resource(read("two")).encoded(EncodingEnum.XML).execute().getId().getValue());
		System.out.println("validate=" + words(client.validate().resource(read("one")).execute().getOperationOutcome(), "OperationOutcome.issue.severity"));
		client.registerInterceptor(new GZipContentInterceptor());
		IBaseBundle answer = client.transaction().withBundle((IBaseBundle) read("bundle")).execute();
		System.out.println("transaction=" + words(answer, "Bundle.entry.response.status"));
		try {
			client.create().resource(read("bad")).execute();
		} catch (BaseServerResponseException e) {
			System.out.println("refused=" + e.getStatusCode() + " " + words(e.getOperationOutcome(), "OperationOutcome.issue.expression"));
		}
	}

	public static void main(String[] args) throws Exception {
		Hapi hapi = new Hapi(args[0], args[1], args[2]);
		if (args.length > 3)
			hapi.client.registerInterceptor(new BearerTokenAuthInterceptor(args[3]));
		hapi.go();
	}
}
