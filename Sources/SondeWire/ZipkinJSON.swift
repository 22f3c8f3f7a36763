// SPDX-License-Identifier: Apache-2.0
// Zipkin's second version in JSON, in: an array of spans becomes a batch. What becomes of each part is the table in
// ZipkinTranslator.swift; ZipkinJSON+Encode.swift is the way out.
//
// https://zipkin.io/zipkin-api/#/default/post_spans

package import SondeModel

package enum ZipkinJSON {
    /// Reads an array of spans.
    ///
    /// - Ids are 1 to 32 hex digits (span ids to 16) in either case; zeros are put in front of short ones.
    /// - `null` stands for an absent member, names that are not known are ignored. Tags may be numbers or booleans, and
    ///   are kept as their text. Times may be numbers or strings, and fractions of microseconds are cut off.
    /// - A span that is JSON and no span of Zipkin's, an id or a time included, costs itself only: it is left out and
    ///   counted, and the first of them named by its number, counted from 0, and the field.
    /// - ``DecodeError`` if no span is left, or if the body is not JSON.
    /// - Parameter arrival: When spans began whose trace says nothing of time, if that is known.
    package static func decode(
        _ bytes: [UInt8], arrival: Timestamp? = nil
    ) throws(DecodeError) -> DecodedBatch<SpanEntry> {
        guard !bytes.isEmpty else { return try OTLPDecoder.decode([]) }
        let translator = try JSONReader.read(bytes, as: "Zipkin JSON body") { json throws(MalformedJSON) in
            var translator = ZipkinTranslator(reservingCapacity: bytes.count)
            var reader = ZipkinJSONReader()
            var flaw: MalformedJSON?
            var spans = try json.beginArray()
            while try json.nextElement(&spans) {
                let untouched = json
                do throws(MalformedJSON) {
                    try reader.read(&json)
                    translator.add(&reader.span)
                } catch {
                    json = untouched
                    // What is not even JSON is reported as the reader of spans has it, which knows the span and the field.
                    guard (try? json.skipValue()) != nil else { throw error }
                    flaw = flaw ?? error
                    guard translator.leaveOut("\(error.reason) at byte \(error.offset)") else { throw error }
                }
            }
            if let flaw, translator.isEmpty { throw flaw }
            return translator
        }
        return try translator.decode(arrival: arrival)
    }
}

private struct ZipkinJSONReader {
    var span = ZipkinSpan()
    private var index = -1

    /// Reads the next span of the array.
    mutating func read(_ json: inout JSONReader) throws(MalformedJSON) {
        index += 1
        span.clear()
        do throws(MalformedJSON) {
            _ = try json.peek()
            let start = json.position
            try object(&json, "a span") { reader, key, json throws(MalformedJSON) in try reader.member(key, &json) }
            if let flaw = span.flaw { throw json.malformed(flaw, at: start) }
        } catch {
            throw MalformedJSON(reason: "span \(index) \(error.reason)", offset: error.offset)
        }
    }

    private mutating func member(_ key: JSONText, _ json: inout JSONReader) throws(MalformedJSON) {
        if json.equals(key, "traceId") {
            span.traceID = try id("traceId", digits: 32, &json)
        } else if json.equals(key, "id") {
            span.id = SpanID(try id("id", digits: 16, &json).low)
        } else if json.equals(key, "parentId") {
            span.parentID = SpanID(try id("parentId", digits: 16, &json).low)
        } else if json.equals(key, "name") {
            span.name = try text("name", &json)
        } else if json.equals(key, "kind") {
            span.kind = try kind(&json)
        } else if json.equals(key, "timestamp") {
            span.timestamp = try whole("timestamp", &json)
        } else if json.equals(key, "duration") {
            span.duration = try whole("duration", &json)
        } else if json.equals(key, "localEndpoint") {
            span.local = try endpoint("localEndpoint", &json)
        } else if json.equals(key, "remoteEndpoint") {
            span.remote = try endpoint("remoteEndpoint", &json)
        } else if json.equals(key, "tags") {
            try tags(&json)
        } else if json.equals(key, "annotations") {
            try annotations(&json)
        } else {
            try rareMember(key, &json)
        }
    }

    private mutating func rareMember(_ key: JSONText, _ json: inout JSONReader) throws(MalformedJSON) {
        if json.equals(key, "debug") {
            span.isDebug = try flag("debug", &json)
        } else if json.equals(key, "shared") {
            span.isShared = try flag("shared", &json)
        } else if json.equals(key, "binaryAnnotations") {
            throw json.malformed("has binaryAnnotations: it is of Zipkin's first version, only the second is read")
        } else {
            try json.skipValue()
        }
    }

    private mutating func endpoint(
        _ name: StaticString, _ json: inout JSONReader
    ) throws(MalformedJSON) -> ZipkinSpan.Endpoint {
        var endpoint = ZipkinSpan.Endpoint()
        try object(&json, name) { reader, key, json throws(MalformedJSON) in
            if json.equals(key, "serviceName") {
                endpoint.serviceName = try reader.text("serviceName", &json)
            } else if json.equals(key, "ipv4") {
                endpoint.ipv4 = try reader.text("ipv4", &json)
            } else if json.equals(key, "ipv6") {
                endpoint.ipv6 = try reader.text("ipv6", &json)
            } else if json.equals(key, "port") {
                let start = json.position
                guard let port = UInt16(exactly: try reader.whole("port", &json)) else {
                    throw json.malformed("has a port above 65535 in \(name)", at: start)
                }
                endpoint.port = port
            } else {
                try json.skipValue()
            }
        }
        return endpoint
    }

    private mutating func tags(_ json: inout JSONReader) throws(MalformedJSON) {
        try object(&json, "tags") { reader, key, json throws(MalformedJSON) in
            guard try !json.takeNull() else { return }
            let start = reader.span.text.count
            json.append(key, to: &reader.span.text)
            let middle = reader.span.text.count
            try reader.scalar(&json)
            reader.span.tags.append((start..<middle, middle..<reader.span.text.count))
        }
    }

    /// Appends the text of a tag's value.
    private mutating func scalar(_ json: inout JSONReader) throws(MalformedJSON) {
        switch try json.peek() {
        case .string: json.append(try json.readText(), to: &span.text)
        case .bool: span.text += try json.readBool() ? "true".utf8 : "false".utf8
        case .number:
            let start = json.position
            _ = try json.readNumber()
            span.text += UnsafeBufferPointer(start: json.base + start, count: json.position - start)
        default: throw json.malformed("expected a string in tags")
        }
    }

    private mutating func annotations(_ json: inout JSONReader) throws(MalformedJSON) {
        guard try json.peek() == .array else {
            guard try json.takeNull() else { throw json.malformed("expected an array for annotations") }
            return
        }
        var elements = try json.beginArray()
        while try json.nextElement(&elements) {
            var annotation: (timestamp: UInt64, value: ZipkinSpan.Text) = (0, 0..<0)
            try object(&json, "an annotation") { reader, key, json throws(MalformedJSON) in
                if json.equals(key, "timestamp") {
                    annotation.timestamp = try reader.whole("annotation's timestamp", &json)
                } else if json.equals(key, "value") {
                    annotation.value = try reader.text("annotation's value", &json)
                } else {
                    try json.skipValue()
                }
            }
            span.annotations.append(annotation)
        }
    }

    // MARK: Values. Null is the same as nothing.

    private mutating func object(
        _ json: inout JSONReader, _ name: StaticString,
        _ member: (inout ZipkinJSONReader, JSONText, inout JSONReader) throws(MalformedJSON) -> Void
    ) throws(MalformedJSON) {
        guard try json.peek() == .object else {
            guard try json.takeNull() else { throw json.malformed("expected an object for \(name)") }
            return
        }
        var members = try json.beginObject()
        while let key = try json.nextKey(&members) { try member(&self, key, &json) }
    }

    private mutating func text(_ name: StaticString, _ json: inout JSONReader) throws(MalformedJSON) -> Range<Int> {
        guard try json.peek() == .string else {
            guard try json.takeNull() else { throw json.malformed("expected a string for \(name)") }
            return 0..<0
        }
        let start = span.text.count
        json.append(try json.readText(), to: &span.text)
        return start..<span.text.count
    }

    private func flag(_ name: StaticString, _ json: inout JSONReader) throws(MalformedJSON) -> Bool {
        guard try json.peek() == .bool else {
            guard try json.takeNull() else { throw json.malformed("expected true or false for \(name)") }
            return false
        }
        return try json.readBool()
    }

    private func whole(_ name: StaticString, _ json: inout JSONReader) throws(MalformedJSON) -> UInt64 {
        let number: JSONNumber?
        let kind = try json.peek()
        let start = json.position
        switch kind {
        case .null:
            _ = try json.takeNull()
            return 0
        case .number: number = try json.readNumber()
        case .string: number = json.number(in: try json.readText())
        default: number = nil
        }
        if let exact = number?.exactly(UInt64.self) { return exact }
        if case .double(let value)? = number, let cut = UInt64(exactly: value.rounded(.down)) { return cut }
        throw json.malformed("expected a whole number of 64 bits, not negative, for \(name)", at: start)
    }

    private func id(_ name: StaticString, digits: Int, _ json: inout JSONReader) throws(MalformedJSON) -> TraceID {
        guard try json.peek() == .string else {
            guard try json.takeNull() else { throw json.malformed("expected a string for \(name)") }
            return .zero
        }
        let text = try json.readText()
        var id = TraceID.zero
        // Absent and empty are the same.
        for place in 0..<text.count {
            guard place < digits, let nibble = Hex.nibble(json.base[text.offset + place]) else {
                throw json.malformed("expected 1 to \(digits) hex digits for \(name)", at: text.offset - 1)
            }
            id.high = id.high << 4 | id.low >> 60
            id.low = id.low << 4 | UInt64(nibble)
        }
        return id
    }

    private func kind(_ json: inout JSONReader) throws(MalformedJSON) -> SpanKind {
        guard try json.peek() == .string else {
            guard try json.takeNull() else { throw json.malformed("expected a string for kind") }
            return .internal
        }
        let text = try json.readText()
        let name = json.string(text)
        if name.isEmpty { return .internal }
        guard let kind = SpanKind(name: name), kind.rawValue >= SpanKind.server.rawValue else {
            throw json.malformed("expected CLIENT, SERVER, PRODUCER or CONSUMER for kind", at: text.offset - 1)
        }
        return kind
    }
}
