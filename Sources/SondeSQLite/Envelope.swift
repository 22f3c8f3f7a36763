// SPDX-License-Identifier: Apache-2.0
// Messages kept as bytes and read when asked for: resources and scopes with their schema URL, events, links and unknown
// fields of a span, attribute values.

import SondeModel

/// A resource or a scope as it lies in a block: `[varint service] · varint length · schema URL · message`.
struct Envelope {
    let service: Int
    let schemaURL: String
    let message: UnsafeBufferPointer<UInt8>

    /// Nil for damaged bytes.
    init?(_ bytes: UnsafeBufferPointer<UInt8>, hasService: Bool) {
        var reader = ByteReader(bytes)
        do throws(Damage) {
            service = hasService ? try reader.count() : 0
            let url = try reader.take(try reader.count())
            schemaURL = String(decoding: bytes[url], as: UTF8.self)
        } catch { return nil }
        message = UnsafeBufferPointer(rebasing: bytes[reader.position...])
    }

    private func withMessage<R>(
        _ body: (UnsafePointer<UInt8>, ByteRange) throws(MalformedProtobuf) -> R
    ) throws(MalformedProtobuf) -> R {
        guard let base = message.baseAddress else {
            var nothing: UInt8 = 0
            return try body(&nothing, .empty)
        }
        return try body(base, ByteRange(offset: 0, count: message.count))
    }

    func resource() throws(MalformedProtobuf) -> Resource {
        try withMessage { base, range throws(MalformedProtobuf) in
            try Resource(base: base, range: range, schemaURL: schemaURL)
        }
    }

    func scope() throws(MalformedProtobuf) -> InstrumentationScope {
        try withMessage { base, range throws(MalformedProtobuf) in
            try InstrumentationScope(base: base, range: range, schemaURL: schemaURL)
        }
    }
}

/// What a span holds beside its columns. Bytes that were walked before they were stored: what does not parse is absent.
struct SpanExtras {
    var events: [SpanEvent] = []
    var links: [SpanLink] = []
    var unknownFields: [UInt8] = []

    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard let base = bytes.baseAddress else { return }
        try? read(base, bytes.count)
    }

    private mutating func read(_ base: UnsafePointer<UInt8>, _ count: Int) throws(MalformedProtobuf) {
        var reader = ProtobufReader(base: base, range: 0..<count)
        while try reader.next() {
            switch (reader.field, reader.wireType) {
            case (11, 2): events.append(try SpanEvent(base: base, range: reader.readRange()))
            case (13, 2): links.append(try SpanLink(base: base, range: reader.readRange()))
            default:
                try reader.skipPayload()
                unknownFields += UnsafeBufferPointer(
                    rebasing: UnsafeBufferPointer(start: base, count: count)[reader.fieldRange])
            }
        }
    }

    /// The attributes of all events and links.
    var attributes: [Attribute] { events.flatMap(\.attributes) + links.flatMap(\.attributes) }
}

extension AnyValueBytes {
    /// The value; empty for bytes that are not an `AnyValue`.
    static func value(_ bytes: UnsafeBufferPointer<UInt8>) -> AttributeValue {
        guard let base = bytes.baseAddress else { return .empty }
        return (try? ProtobufReader.value(base: base, range: ByteRange(offset: 0, count: bytes.count))) ?? .empty
    }
}
