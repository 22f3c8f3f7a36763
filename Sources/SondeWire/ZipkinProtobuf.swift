// SPDX-License-Identifier: Apache-2.0
// Zipkin's second version in protobuf, in. What becomes of each part is the table in ZipkinTranslator.swift.
//
//   ListOfSpans { 1 repeated Span }
//   Span        { 1 trace_id, 2 parent_id, 3 id, 4 kind, 5 name, 6 timestamp fixed64 µs, 7 duration µs, 8 local Endpoint,
//                 9 remote Endpoint, 10 repeated Annotation, 11 map<string, string> tags, 12 debug, 13 shared }
//   Endpoint    { 1 service_name, 2 ipv4 of 4 bytes, 3 ipv6 of 16, 4 port int32 }
//   Annotation  { 1 timestamp fixed64 µs, 2 value }
//
// https://github.com/openzipkin/zipkin-api/blob/master/zipkin.proto

package import SondeModel

package enum ZipkinProtobuf {
    /// Reads a `ListOfSpans`.
    ///
    /// Fields that are not known are ignored. A malformed span is left out and counted, as in JSON: it is named by its
    /// number, counted from 0, and the field. ``DecodeError`` if no span is left, or if the list itself is malformed.
    /// - Parameter arrival: When spans began whose trace says nothing of time, if that is known.
    package static func decode(
        _ bytes: [UInt8], arrival: Timestamp? = nil
    ) throws(DecodeError) -> DecodedBatch<SpanEntry> {
        let translator: ZipkinTranslator
        do throws(MalformedProtobuf) {
            translator = try bytes.withUnsafeBufferPointer { buffer throws(MalformedProtobuf) in
                guard let base = buffer.baseAddress, !buffer.isEmpty, buffer.count <= Limits.maxBodySize else {
                    return ZipkinTranslator(reservingCapacity: 0)
                }
                return try translate(ProtobufReader(base: base, range: 0..<buffer.count))
            }
        } catch {
            throw DecodeError(message: "cannot decode Zipkin protobuf body: \(error.reason)")
        }
        return try translator.decode(arrival: arrival)
    }

    private static func translate(_ list: ProtobufReader) throws(MalformedProtobuf) -> ZipkinTranslator {
        var reader = list
        var translator = ZipkinTranslator(reservingCapacity: reader.end * 2)
        var span = ZipkinSpan()
        var index = 0
        var flaw: MalformedProtobuf?
        while try reader.next() {
            guard reader.field == 1 else { continue }
            let message = try reader.readRange()
            span.clear()
            do throws(MalformedProtobuf) {
                try span.read(reader.nested(message))
                if let flaw = span.flaw { throw MalformedProtobuf(reason: flaw, offset: message.lowerBound) }
                translator.add(&span)
            } catch {
                let named = MalformedProtobuf(reason: "span \(index) \(error.reason)", offset: error.offset)
                flaw = flaw ?? named
                guard translator.leaveOut(named.reason) else { throw named }
            }
            index += 1
        }
        if let flaw, translator.isEmpty { throw flaw }
        return translator
    }
}

extension ZipkinSpan {
    fileprivate mutating func read(_ message: ProtobufReader) throws(MalformedProtobuf) {
        var reader = message
        while try reader.next() {
            switch reader.field {
            case 1: traceID = try Self.traceID(&reader)
            case 2: parentID = try Self.spanID(&reader, "parent_id")
            case 3: id = try Self.spanID(&reader, "span id")
            case 4: kind = Self.kind(try reader.readVarint())
            case 5: name = take(try reader.readRange(), reader)
            case 6: timestamp = try reader.readFixed64()
            case 7: duration = try reader.readVarint()
            case 8: local = try endpoint(reader.nested(reader.readRange()))
            case 9: remote = try endpoint(reader.nested(reader.readRange()))
            case 10: try readAnnotation(reader.nested(reader.readRange()))
            case 11: try readTag(reader.nested(reader.readRange()))
            case 12: isDebug = try reader.readVarint() != 0
            case 13: isShared = try reader.readVarint() != 0
            default: continue
            }
        }
    }

    private mutating func take(_ range: ByteRange, _ reader: ProtobufReader) -> Text {
        let start = text.count
        text.append(contentsOf: UnsafeBufferPointer(start: reader.base + range.lowerBound, count: Int(range.count)))
        return start..<text.count
    }

    private mutating func endpoint(_ message: ProtobufReader) throws(MalformedProtobuf) -> Endpoint {
        var reader = message
        var endpoint = Endpoint()
        while try reader.next() {
            switch reader.field {
            case 1: endpoint.serviceName = take(try reader.readRange(), reader)
            case 2: endpoint.ipv4 = try address(&reader, size: 4)
            case 3: endpoint.ipv6 = try address(&reader, size: 16)
            case 4:
                guard let port = UInt16(exactly: try reader.readVarint()) else {
                    throw reader.malformed("is a port above 65535")
                }
                endpoint.port = port
            default: continue
            }
        }
        return endpoint
    }

    /// An address as text; no bytes are no address.
    private mutating func address(_ reader: inout ProtobufReader, size: Int) throws(MalformedProtobuf) -> Text {
        let range = try reader.readRange()
        guard !range.isEmpty else { return 0..<0 }
        guard range.count == size else {
            throw reader.malformed("is an address of \(range.count) bytes, expected \(size)")
        }
        let start = text.count
        IPAddressText.append(
            UnsafeBufferPointer(start: reader.base + range.lowerBound, count: size), to: &text)
        return start..<text.count
    }

    private mutating func readAnnotation(_ message: ProtobufReader) throws(MalformedProtobuf) {
        var reader = message
        var annotation: (timestamp: UInt64, value: Text) = (0, 0..<0)
        while try reader.next() {
            switch reader.field {
            case 1: annotation.timestamp = try reader.readFixed64()
            case 2: annotation.value = take(try reader.readRange(), reader)
            default: continue
            }
        }
        annotations.append(annotation)
    }

    private mutating func readTag(_ message: ProtobufReader) throws(MalformedProtobuf) {
        var reader = message
        var tag: (key: Text, value: Text) = (0..<0, 0..<0)
        while try reader.next() {
            switch reader.field {
            case 1: tag.key = take(try reader.readRange(), reader)
            case 2: tag.value = take(try reader.readRange(), reader)
            default: continue
            }
        }
        tags.append(tag)
    }

    /// 8 or 16 bytes.
    private static func traceID(_ reader: inout ProtobufReader) throws(MalformedProtobuf) -> TraceID {
        let range = try reader.readRange()
        if let id = TraceID(base: reader.base, range: range) { return id }
        if let low = SpanID(base: reader.base, range: range) { return TraceID(high: 0, low: low.value) }
        guard range.isEmpty else { throw reader.malformed("is a trace_id of \(range.count) bytes, expected 8 or 16") }
        return .zero
    }

    private static func spanID(
        _ reader: inout ProtobufReader, _ name: StaticString
    ) throws(MalformedProtobuf) -> SpanID {
        let range = try reader.readRange()
        if let id = SpanID(base: reader.base, range: range) { return id }
        guard range.isEmpty else { throw reader.malformed("is a \(name) of \(range.count) bytes, expected 8") }
        return .zero
    }

    private static func kind(_ number: UInt64) -> SpanKind {
        switch number {
        case 1: .client
        case 2: .server
        case 3: .producer
        case 4: .consumer
        default: .internal
        }
    }
}
