// SPDX-License-Identifier: Apache-2.0
// The part of OTLP that traces and logs share: items inside scopes inside resources. The hot loop of ingest, hence a
// struct over a pointer, specialised for each signal.

internal import SondeModel

/// What differs between signals: how one item is read.
protocol OTLPItem: Sendable {
    /// What rejections call it.
    static var noun: String { get }
    init()
    /// Index into the batch's resources.
    var resource: UInt32 { get set }
    /// Index into the batch's scopes.
    var scope: UInt32 { get set }
    /// What rejections quote, besides the index.
    var title: ByteRange { get }

    /// Reads the message that `reader` stands before; what makes it unacceptable, if anything, is returned.
    mutating func read(_ reader: inout ProtobufReader) throws(MalformedProtobuf) -> OTLPFlaw?
}

/// What can be wrong with one item of a body that is otherwise fine.
enum OTLPFlaw {
    case traceIDLength(Int), spanIDLength(Int), parentSpanIDLength(Int)
    case zeroTraceID, zeroSpanID
    case tooDeep, resourceTooDeep, scopeTooDeep

    var isOfID: Bool {
        switch self {
        case .traceIDLength, .spanIDLength, .parentSpanIDLength: true
        default: false
        }
    }

    var sentence: String {
        switch self {
        case .traceIDLength(let count): "has a trace id of \(count) bytes, expected 16"
        case .spanIDLength(let count): "has a span id of \(count) bytes, expected 8"
        case .parentSpanIDLength(let count): "has a parent span id of \(count) bytes, expected 8 or none"
        case .zeroTraceID: "has a trace id of zeros only"
        case .zeroSpanID: "has a span id of zeros only"
        case .tooDeep: "has values that nest deeper than \(ProtobufReader.maxValueDepth) levels"
        case .resourceTooDeep: "has a resource with values that nest deeper than \(ProtobufReader.maxValueDepth) levels"
        case .scopeTooDeep: "has a scope with values that nest deeper than \(ProtobufReader.maxValueDepth) levels"
        }
    }
}

/// The first id of a body that could not be written as bytes: which item has it, and a sentence about it.
struct OTLPBadID: Sendable {
    /// Index of the item in the body.
    var item: Int
    /// For example `has a trace id that is not hexadecimal`.
    var sentence: String
}

struct OTLPEnvelope<Item: OTLPItem> {
    let base: UnsafePointer<UInt8>
    /// What to say of that item instead of what its bytes look like.
    var badID: OTLPBadID?
    private(set) var items: [Item] = []
    private(set) var resources: [ResourceEntry] = []
    private(set) var scopes: [ScopeEntry] = []
    private(set) var rejectedCount = 0
    private(set) var rejectionReason: String?

    init(base: UnsafePointer<UInt8>, reservingItems count: Int) {
        self.base = base
        items.reserveCapacity(count)
    }

    mutating func readRequest(_ range: Range<Int>) throws(MalformedProtobuf) {
        var reader = ProtobufReader(base: base, range: range)
        while try reader.next() {
            guard reader.field == 1 else { continue }
            try readResourceItems(reader.readRange())
        }
    }

    /// The resource may come after the scopes, so its place is taken before and filled in after. A resource without
    /// accepted items is forgotten: a body of nothing but envelopes must not grow a large index.
    private mutating func readResourceItems(_ range: ByteRange) throws(MalformedProtobuf) {
        let index = resources.count
        let firstItem = items.count
        let firstScope = scopes.count
        resources.append(ResourceEntry())
        var entry = ResourceEntry()
        var reader = ProtobufReader(base: base, range: range)
        while try reader.next() {
            switch reader.field {
            case 1: entry.body = try reader.readRange()
            case 2: try readScopeItems(reader.readRange(), resource: UInt32(truncatingIfNeeded: index))
            case 3: entry.schemaURL = try reader.readRange()
            default: continue
            }
        }
        if try OTLPShape.resource.holds(base: base, range: entry.body) {
            entry.serviceName = try serviceName(entry.body)
        } else {
            rejectItems(from: firstItem, for: .resourceTooDeep)
            scopes.removeSubrange(firstScope...)
        }
        if items.count == firstItem { resources.removeLast() } else { resources[index] = entry }
    }

    /// As for resources, the scope may come last.
    private mutating func readScopeItems(_ range: ByteRange, resource: UInt32) throws(MalformedProtobuf) {
        let index = scopes.count
        let firstItem = items.count
        scopes.append(ScopeEntry())
        var entry = ScopeEntry()
        var reader = ProtobufReader(base: base, range: range)
        while try reader.next() {
            switch reader.field {
            case 1: entry.body = try reader.readRange()
            case 2: try readItem(reader.readRange(), resource: resource, scope: UInt32(truncatingIfNeeded: index))
            case 3: entry.schemaURL = try reader.readRange()
            default: continue
            }
        }
        if try !OTLPShape.scope.holds(base: base, range: entry.body) {
            rejectItems(from: firstItem, for: .scopeTooDeep)
        }
        if items.count == firstItem { scopes.removeLast() } else { scopes[index] = entry }
    }

    private mutating func readItem(
        _ range: ByteRange, resource: UInt32, scope: UInt32
    ) throws(MalformedProtobuf) {
        var item = Item()
        item.resource = resource
        item.scope = scope
        var reader = ProtobufReader(base: base, range: range)
        if let flaw = try item.read(&reader) {
            reject(item, at: items.count + rejectedCount, for: flaw)
        } else {
            items.append(item)
        }
    }

    private mutating func rejectItems(from first: Int, for flaw: OTLPFlaw) {
        guard let item = items[first...].first else { return }
        let count = items.count - first
        // Where items before it were rejected, the reason in place names them, so this index is not shown.
        reject(item, at: first, for: flaw)
        rejectedCount += count - 1
        items.removeSubrange(first...)
    }

    private mutating func reject(_ item: Item, at index: Int, for flaw: OTLPFlaw) {
        rejectedCount += 1
        guard rejectionReason == nil else { return }
        let title = ByteRange(
            offset: item.title.lowerBound, count: min(Int(item.title.count), Limits.maxQuotedTitle))
        let name = ProtobufReader(base: base, range: .empty).text(title)
        let known = badID.flatMap { $0.item == index && flaw.isOfID ? $0.sentence : nil }
        rejectionReason = "\(Item.noun) \(index) (\"\(name)\", counting from 0) \(known ?? flaw.sentence)"
    }

    /// The string value of the first attribute named `service.name`; empty for any other kind of value.
    private func serviceName(_ resource: ByteRange) throws(MalformedProtobuf) -> ByteRange {
        var cursor = AttributeCursor(base: base, range: resource, field: 1)
        while try cursor.next() {
            guard isServiceName(cursor.key) else { continue }
            var reader = ProtobufReader(base: base, range: cursor.value)
            var name = ByteRange.empty
            while try reader.next() {
                guard (1...7).contains(reader.field) else { continue }
                name = reader.field == 1 ? try reader.readRange() : .empty
            }
            return name
        }
        return .empty
    }

    private func isServiceName(_ key: ByteRange) -> Bool {
        UnsafeBufferPointer(start: base + key.lowerBound, count: Int(key.count)).elementsEqual("service.name".utf8)
    }
}
