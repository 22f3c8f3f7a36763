// SPDX-License-Identifier: Apache-2.0
// Log records of the native API.
//
//   {logs:[{time, observedTime?, level, severityNumber, severityText?, service, body, eventName?, traceId?, spanId?,
//           attributes, resource, scope, traceFlags?, droppedAttributesCount?, resourceSchemaUrl?,
//           resourceDroppedAttributesCount?}], next, total:{value, exact}}

package import SondeModel

extension NativeJSON {
    /// One page of log records.
    ///
    /// - `time` is when it happened or, where the source did not say, when it was observed.
    /// - `level` is the short name of the severity number's range, null for 0 and numbers beyond 24.
    /// - `body` is any value; most senders send a string.
    package static func logs(_ logs: [LogRecord], next: String?, total: Total) -> [UInt8] {
        var parts = SharedParts()
        return object { json in
            json.key("logs")
            json.array(logs) { json, log in
                json.beginObject()
                json.log(log, &parts)
                json.endObject()
            }
            json.page(next: next, total: total)
        }
    }

    /// One record by itself, as a line of newline-delimited JSON needs it.
    package static func log(_ log: LogRecord) -> [UInt8] {
        var parts = SharedParts()
        return object { $0.log(log, &parts) }
    }
}

extension JSONWriter {
    fileprivate mutating func log(_ log: LogRecord, _ parts: inout SharedParts) {
        member("time", log.effectiveTime)
        if log.observedTime != .zero { member("observedTime", log.observedTime) }
        key("level")
        if let level = LogLevel(severityNumber: log.severityNumber) { string(level.name) } else { null() }
        member("severityNumber", log.severityNumber)
        memberIfPresent("severityText", log.severityText)
        member("service", log.resource.serviceName)
        key("body")
        value(log.body)
        memberIfPresent("eventName", log.eventName)
        if log.traceID.isValid {
            key("traceId")
            id(log.traceID)
        }
        if log.spanID.isValid {
            key("spanId")
            id(log.spanID)
        }
        key("attributes")
        attributes(log.attributes)
        key("resource")
        raw(parts.json(of: log.resource))
        key("scope")
        raw(parts.json(of: log.scope))
        memberIfPresent("traceFlags", log.flags)
        memberIfPresent("droppedAttributesCount", log.droppedAttributesCount)
        memberIfPresent("resourceSchemaUrl", log.resource.schemaURL)
        memberIfPresent("resourceDroppedAttributesCount", log.resource.droppedAttributesCount)
    }
}
