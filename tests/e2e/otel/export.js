// Exports as an application would, in JSON: export.js ENDPOINT COUNT BSN [gzip]. Ends with 0 if the exporters say that all was taken.
const {LoggerProvider, SimpleLogRecordProcessor} = require("@opentelemetry/sdk-logs");
const {OTLPLogExporter} = require("@opentelemetry/exporter-logs-otlp-http");
const {BasicTracerProvider, SimpleSpanProcessor} = require("@opentelemetry/sdk-trace-base");
const {OTLPTraceExporter} = require("@opentelemetry/exporter-trace-otlp-http");
const {resourceFromAttributes} = require("@opentelemetry/resources");

const [endpoint, count, bsn, compression] = process.argv.slice(2);
const attributes = {"dpl.core.processing_activity_id": "https://register.example/activities/12", "dpl.core.data_subject_id": bsn,
  "dpl.core.data_subject_id_type": "BSN", "user.id": "jensen"};
const resource = resourceFromAttributes({"service.name": "Zaaksysteem"});
let failed = 0;

function watched(exporter) {
  const give = exporter.export.bind(exporter);
  exporter.export = (items, done) => give(items, (result) => {
    if (result.code !== 0) {
      failed++;
      console.error(result.error);
    }
    done(result);
  });
  return exporter;
}

async function main() {
  const options = (path) => ({url: endpoint + path, compression});
  const logs = new LoggerProvider({resource, processors: [new SimpleLogRecordProcessor({exporter: watched(new OTLPLogExporter(options("/v1/logs")))})]});
  const traces = new BasicTracerProvider({resource, spanProcessors: [new SimpleSpanProcessor(watched(new OTLPTraceExporter(options("/v1/traces"))))]});
  for (let n = 0; n < Number(count); n++) {
    logs.getLogger("ldv").emit({body: "log " + n, attributes});
    traces.getTracer("ldv").startSpan("span " + n, {attributes}).end();
  }
  await logs.shutdown();
  await traces.shutdown();
  process.exit(failed > 0 ? 1 : 0);
}

main();
