// SPDX-License-Identifier: Apache-2.0
// How one span and one log record are read into their entries.

internal import SondeModel

extension SpanEntry: OTLPItem {
    static var noun: String { "span" }
    var title: ByteRange { name }

    mutating func read(_ reader: inout ProtobufReader) throws(MalformedProtobuf) -> OTLPFlaw? {
        body = ByteRange(offset: reader.position, count: reader.end - reader.position)
        let base = reader.base
        var traceIDRange = ByteRange.empty
        var spanIDRange = ByteRange.empty
        var parentRange = ByteRange.empty
        var isShallow = true
        while try reader.next() {
            switch reader.field {
            case 1: traceIDRange = try reader.readRange()
            case 2: spanIDRange = try reader.readRange()
            case 3: traceState = try reader.readRange()
            case 4: parentRange = try reader.readRange()
            case 5: name = try reader.readRange()
            case 6: kind = SpanKind(rawValue: UInt8(clamping: try reader.readVarint())) ?? .unspecified
            case 7: start = Timestamp(nanoseconds: try reader.readFixed64())
            case 8: end = Timestamp(nanoseconds: try reader.readFixed64())
            case 9:
                let attribute = try reader.readRange()
                attributes.extend(over: reader.fieldRange, isFirst: attributeCount == 0)
                attributeCount &+= 1
                isShallow = try OTLPShape.keyValue(base: base, range: attribute, depth: 0) && isShallow
            case 10: droppedAttributesCount = UInt32(truncatingIfNeeded: try reader.readVarint())
            case 11:
                eventCount &+= 1
                isShallow = try OTLPShape.event.holds(base: base, range: reader.readRange()) && isShallow
            case 12: droppedEventsCount = UInt32(truncatingIfNeeded: try reader.readVarint())
            case 13:
                linkCount &+= 1
                isShallow = try OTLPShape.link.holds(base: base, range: reader.readRange()) && isShallow
            case 14: droppedLinksCount = UInt32(truncatingIfNeeded: try reader.readVarint())
            case 15: try readStatus(reader.nested(reader.readRange()))
            case 16: flags = try reader.readFixed32()
            default: hasUnknownFields = true
            }
        }
        return isShallow ? takeIDs(base, traceIDRange, spanIDRange, parent: parentRange) : .tooDeep
    }

    /// `Status { 2 message, 3 code }`.
    private mutating func readStatus(_ message: ProtobufReader) throws(MalformedProtobuf) {
        var reader = message
        while try reader.next() {
            switch reader.field {
            case 2: statusMessage = try reader.readRange()
            case 3: status = StatusCode(rawValue: UInt8(clamping: try reader.readVarint())) ?? .unset
            default: continue
            }
        }
    }

    private mutating func takeIDs(
        _ base: UnsafePointer<UInt8>, _ trace: ByteRange, _ span: ByteRange, parent: ByteRange
    ) -> OTLPFlaw? {
        guard let traceID = TraceID(base: base, range: trace) else { return .traceIDLength(Int(trace.count)) }
        guard let spanID = SpanID(base: base, range: span) else { return .spanIDLength(Int(span.count)) }
        guard traceID.isValid else { return .zeroTraceID }
        guard spanID.isValid else { return .zeroSpanID }
        if !parent.isEmpty {
            guard let id = SpanID(base: base, range: parent) else { return .parentSpanIDLength(Int(parent.count)) }
            parentSpanID = id
        }
        self.traceID = traceID
        self.spanID = spanID
        return nil
    }
}

extension LogEntry: OTLPItem {
    static var noun: String { "log record" }
    var title: ByteRange { eventName }

    mutating func read(_ reader: inout ProtobufReader) throws(MalformedProtobuf) -> OTLPFlaw? {
        message = ByteRange(offset: reader.position, count: reader.end - reader.position)
        let base = reader.base
        var traceIDRange = ByteRange.empty
        var spanIDRange = ByteRange.empty
        var isShallow = true
        while try reader.next() {
            switch reader.field {
            case 1: time = Timestamp(nanoseconds: try reader.readFixed64())
            case 2: severityNumber = UInt8(exactly: try reader.readVarint()) ?? 0
            case 3: severityText = try reader.readRange()
            case 5:
                body = try reader.readRange()
                isShallow = try OTLPShape.anyValue(base: base, range: body, depth: 0) && isShallow
            case 6:
                let attribute = try reader.readRange()
                attributes.extend(over: reader.fieldRange, isFirst: attributeCount == 0)
                attributeCount &+= 1
                isShallow = try OTLPShape.keyValue(base: base, range: attribute, depth: 0) && isShallow
            case 7: droppedAttributesCount = UInt32(truncatingIfNeeded: try reader.readVarint())
            case 8: flags = try reader.readFixed32()
            case 9: traceIDRange = try reader.readRange()
            case 10: spanIDRange = try reader.readRange()
            case 11: observedTime = Timestamp(nanoseconds: try reader.readFixed64())
            case 12: eventName = try reader.readRange()
            default: continue
            }
        }
        return isShallow ? takeIDs(base, traceIDRange, spanIDRange) : .tooDeep
    }

    /// Both may be missing; zeros mean the same.
    private mutating func takeIDs(_ base: UnsafePointer<UInt8>, _ trace: ByteRange, _ span: ByteRange) -> OTLPFlaw? {
        if !trace.isEmpty {
            guard let id = TraceID(base: base, range: trace) else { return .traceIDLength(Int(trace.count)) }
            traceID = id
        }
        if !span.isEmpty {
            guard let id = SpanID(base: base, range: span) else { return .spanIDLength(Int(span.count)) }
            spanID = id
        }
        return nil
    }
}

extension ByteRange {
    /// Grows to end where `field` ends; the first field also says where it begins.
    @inline(__always)
    fileprivate mutating func extend(over field: Range<Int>, isFirst: Bool) {
        let start = isFirst ? field.lowerBound : lowerBound
        self = ByteRange(offset: start, count: field.upperBound - start)
    }
}
