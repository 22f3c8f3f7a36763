// SPDX-License-Identifier: Apache-2.0
// One log record as OTLP's LogRecord message.
//
//   LogRecord { 1 time fixed64, 2 severity_number, 3 severity_text, 5 body AnyValue, 6 repeated KeyValue, 7 dropped,
//               8 flags fixed32, 9 trace_id, 10 span_id, 11 observed_time fixed64, 12 event_name }

package import SondeModel

extension OTLPEncoder {
    /// The fields of a `LogRecord` message, without a tag or length around them.
    package static func log(_ log: LogRecord, into writer: inout ProtobufWriter) {
        if log.time != .zero { writer.fixed64(log.time.nanoseconds, field: 1) }
        if log.severityNumber != 0 { writer.varint(UInt64(log.severityNumber), field: 2) }
        if !log.severityText.isEmpty { writer.string(log.severityText, field: 3) }
        if log.body != .empty { writer.message(field: 5) { value(log.body, into: &$0) } }
        attributes(log.attributes, field: 6, into: &writer)
        count(log.droppedAttributesCount, field: 7, into: &writer)
        if log.flags != 0 { writer.fixed32(log.flags, field: 8) }
        if log.traceID.isValid { writer.traceID(log.traceID, field: 9) }
        if log.spanID.isValid { writer.spanID(log.spanID, field: 10) }
        if log.observedTime != .zero { writer.fixed64(log.observedTime.nanoseconds, field: 11) }
        if !log.eventName.isEmpty { writer.string(log.eventName, field: 12) }
    }
}
