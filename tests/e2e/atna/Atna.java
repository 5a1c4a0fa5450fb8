import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.List;
import org.openehealth.ipf.commons.audit.CustomTlsParameters;
import org.openehealth.ipf.commons.audit.DefaultAuditContext;
import org.openehealth.ipf.commons.audit.codes.EventActionCode;
import org.openehealth.ipf.commons.audit.codes.EventOutcomeIndicator;
import org.openehealth.ipf.commons.audit.codes.ParticipantObjectIdTypeCode;
import org.openehealth.ipf.commons.audit.codes.ParticipantObjectTypeCode;
import org.openehealth.ipf.commons.audit.codes.ParticipantObjectTypeCodeRole;
import org.openehealth.ipf.commons.audit.event.BaseAuditMessageBuilder;
import org.openehealth.ipf.commons.audit.event.DataExportBuilder;
import org.openehealth.ipf.commons.audit.event.PatientRecordBuilder;
import org.openehealth.ipf.commons.audit.event.QueryBuilder;
import org.openehealth.ipf.commons.audit.event.UserAuthenticationBuilder;
import org.openehealth.ipf.commons.audit.protocol.AuditTransmissionChannel;
import org.openehealth.ipf.commons.audit.types.EventType;
import org.openehealth.ipf.commons.audit.types.ParticipantObjectIdType;

/**
 * IPF's audit in front of the syslog door: what stands on standard input, KIND PATIENT WHAT a line, is sent to PORT over CHANNEL by the
 * versions of TLS in PROTOCOLS, with a certificate of KEYS. A line is answered when IPF has done with it: "done", or "failed" and why.
 */
public class Atna {
	private static final EventOutcomeIndicator GOOD = EventOutcomeIndicator.Success;
	private static String failed;

	private static void person(BaseAuditMessageBuilder<?> message, String patient) {
		message.addParticipantObjectIdentification(ParticipantObjectIdTypeCode.PatientNumber, null, null, null, patient,
			ParticipantObjectTypeCode.Person, ParticipantObjectTypeCodeRole.Patient, null, null);
	}

	private static BaseAuditMessageBuilder<?> message(String kind, String patient, String what) {
		EventType type = EventType.of(what, "LOCAL", what);
		switch (kind) {
		case "record":
			return new PatientRecordBuilder(GOOD, EventActionCode.Read, type)
				.addUserParticipant("dr.lund", null, "Dr. Lund", "10.0.0.7", List.of(), true)
				.addPatient(patient, null, List.of());
		case "query":
			QueryBuilder query = new QueryBuilder(GOOD, type)
				.setQueryingParticipant("viewer", null, null, "10.0.0.8", true)
				.setRespondingParticipant("archive", null, null, "10.0.0.9", false);
			person(query, patient);
			return query.addParticipantObjectIdentification(ParticipantObjectIdType.of("ITI-18", "IHE Transactions", "Registry Stored Query"), null,
				"urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d".getBytes(), null, "q1", ParticipantObjectTypeCode.System,
				ParticipantObjectTypeCodeRole.Query, null, null);
		case "export":
			DataExportBuilder export = new DataExportBuilder(GOOD, type)
				.addReceivingParticipant("registry", null, "Register", "10.0.0.9", false)
				.addExportingParticipant("archive", null, "Archive", "10.0.0.8", true);
			person(export, patient);
			return export;
		default:
			return new UserAuthenticationBuilder.Login(GOOD)
				.setAuthenticatedParticipant("dr.lund", "10.0.0.7").setAuthenticatingSystemParticipant("archive", "10.0.0.8");
		}
	}

	public static void main(String[] args) throws Exception {
		CustomTlsParameters tls = new CustomTlsParameters();
		tls.setKeyStoreType("PKCS12");
		tls.setKeyStoreFile(args[3]);
		tls.setKeyStorePassword("changeit");
		tls.setTrustStoreType("PKCS12");
		tls.setTrustStoreFile(args[4]);
		tls.setTrustStorePassword("changeit");
		tls.setEnabledProtocols(args[2]);
		DefaultAuditContext context = new DefaultAuditContext();
		context.setAuditEnabled(true);
		context.setAuditSourceId("IPF");
		context.setAuditRepositoryHost("localhost");
		context.setAuditRepositoryPort(Integer.parseInt(args[1]));
		context.setTlsParameters(tls);
		context.setAuditTransmissionProtocol(AuditTransmissionChannel.valueOf(args[0]).makeInstance(tls));
		context.setAuditExceptionHandler((where, why, message) -> failed = String.valueOf(why));
		BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
		for (String line = in.readLine(); line != null; line = in.readLine()) {
			String[] words = line.split(" ", 3);
			failed = null;
			context.audit(message(words[0], words[1], words[2]).setAuditSource(context).getMessage());
			System.out.println(failed == null ? "done" : "failed " + failed);
			System.out.flush();
		}
		context.getAuditTransmissionProtocol().shutdown();
	}
}
