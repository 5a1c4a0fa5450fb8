"""Exports with OpenTelemetry's own SDK, as an application would: export.py ENDPOINT logs|spans|ordinary COUNT BSN [gzip]
Each record is one access to the data of BSN, called "KIND N". Ends with 0 if the SDK says that all was exported."""

import logging
import sys
import time

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

logging.basicConfig(stream=sys.stderr)
endpoint, kind, count, bsn = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
compression = Compression.Gzip if "gzip" in sys.argv[5:] else Compression.NoCompression
resource = Resource.create({"service.name": "Zaaksysteem"})
attributes = {"dpl.core.processing_activity_id": "https://register.example/activities/12", "dpl.core.data_subject_id": bsn,
              "dpl.core.data_subject_id_type": "BSN", "user.id": "jensen"}
if kind == "ordinary":
    attributes = {"http.request.method": "GET"}

if kind == "spans":
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint + "/v1/traces", timeout=120, compression=compression),
                                                   max_queue_size=count + 1, max_export_batch_size=min(50, count), schedule_delay_millis=50))
    tracer = provider.get_tracer("ldv")
    for number in range(count):
        with tracer.start_as_current_span("spans %d" % number, attributes=attributes):
            pass
        time.sleep(0.001)
else:
    provider = LoggerProvider(resource=resource)
    provider.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(endpoint + "/v1/logs", timeout=120, compression=compression),
                                                              max_queue_size=count + 1, max_export_batch_size=min(50, count),
                                                              schedule_delay_millis=50))
    logger = provider.get_logger("ldv")
    for number in range(count):
        logger.emit(LogRecord(timestamp=time.time_ns(), severity_number=SeverityNumber.INFO, body="%s %d" % (kind, number), attributes=attributes))
        time.sleep(0.001)
good = provider.force_flush(240000)
provider.shutdown()
sys.exit(0 if good is not False else 1)
