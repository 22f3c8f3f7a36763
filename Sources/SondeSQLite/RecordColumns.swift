// SPDX-License-Identifier: Apache-2.0
// What spans and logs share on their way into blocks: attributes as shapes and columns, contexts, resources, scopes.
// A session gathers records of any number of batches (or of blocks that are merged); blocks are cut from it.
//
//   key       number of an attribute key; the first few stand for fields that most records lack (PseudoKey)
//   shape     a sequence of keys; a record has one shape
//   value     a (key, AnyValue bytes) pair; records hold value numbers in the order of their shape
//   context   resource, scope and small numbers that neighbours share

/// Columns that are not attributes but rare or long fields, stored like attributes. The numbers are in the file.
enum PseudoKey {
    /// Spans: the status message. Logs: the `AnyValue` of the body.
    static let text = 0
    /// Spans: the trace state. Logs: the severity text.
    static let state = 1
    /// Spans: the fields of events, of links and unknown ones, tags included. Logs: the event name.
    static let extras = 2
    /// Spans: the name of a span whose operation is past the global dictionary's bound.
    static let name = 3
    static let count = 4
}

/// What neighbouring records have in common. In the file it is six varints.
struct RecordContext: BitwiseCopyable, Equatable {
    var resource: UInt32 = 0
    var scope: UInt32 = 0
    var flags: UInt32 = 0
    var droppedAttributes: UInt32 = 0
    /// Spans: dropped events. Logs: the severity number.
    var first: UInt32 = 0
    /// Spans: dropped links.
    var second: UInt32 = 0
}

/// A record of the session that the next one probably resembles: of the same keys, many of them with the same values.
struct RecordLikeness: BitwiseCopyable {
    var shape: UInt32 = 0
    var firstValue: UInt32 = 0
    /// Where its attributes lie, and in which batch: the bytes of another are not at hand.
    var attributes: UInt32 = 0
    var attributeBytes: UInt32 = 0
    var batch: UInt32 = 0
}

struct RecordColumns: ~Copyable {
    struct KeyUse: BitwiseCopyable {
        var values: UInt32 = 0
        var distinct: UInt32 = 0
        /// 1 + the value last taken.
        var latest: UInt32 = 0
    }

    var keys = ByteTable()
    var shapes = ByteTable()
    var values = ByteTable()
    var contexts = ByteTable()
    var resources = ByteTable()
    var scopes = ByteTable()
    /// Value numbers of all records, one run a record.
    var valueIDs = Buffer<UInt32>(capacity: 4_096)
    private var keyUse = Buffer<KeyUse>()
    private var sequence = Buffer<UInt32>()
    private var likeness = RecordLikeness()
    /// Whether the record at hand has had the keys of the one it probably resembles.
    private(set) var isLike = true
    private var expectedKeys = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
    private var lastContext = RecordContext()
    private var lastContextID = -1

    init() { startKeys() }

    private mutating func startKeys() {
        for key in 0..<PseudoKey.count {
            var marker = UInt8(key)
            _ = keys.find(&marker, count: 1, tag: 1)
            keyUse.append(KeyUse())
        }
        _ = shapes.find(UnsafeRawBufferPointer(start: nil, count: 0))
    }

    /// Forgets everything; memory is kept for the next session.
    mutating func removeAll() {
        keys.removeAll()
        shapes.removeAll()
        values.removeAll()
        contexts.removeAll()
        resources.removeAll()
        scopes.removeAll()
        valueIDs.removeAll()
        keyUse.removeAll()
        lastContextID = -1
        startKeys()
    }

    /// Bytes of all dictionaries and of the values' numbers: what the session takes, nearly.
    var byteCount: Int {
        values.byteCount + resources.byteCount + scopes.byteCount + keys.byteCount + shapes.byteCount
            + valueIDs.count * MemoryLayout<UInt32>.stride
    }

    /// Begins a record, which probably looks like `likeness`. Returns where its values begin.
    @inline(__always)
    mutating func begin(like likeness: RecordLikeness) -> Int {
        sequence.removeAll()
        self.likeness = likeness
        isLike = true
        // They stay where they are until the record ends.
        expectedKeys = shapes.bytes(Int(likeness.shape))
        return valueIDs.count
    }

    /// Adds the value of a key known by number.
    @inline(__always)
    mutating func add(key: Int, value: UnsafePointer<UInt8>, count: Int) {
        let isExpected = expectedKey == key
        append(key: key, isExpected: isExpected, value, count)
    }

    /// Adds an attribute of the current record.
    @inline(__always)
    mutating func add(
        keyBytes: UnsafePointer<UInt8>, keyCount: Int, value: UnsafePointer<UInt8>, count: Int
    ) {
        if let key = expectedKey, key >= PseudoKey.count, keys.matches(key, keyBytes, count: keyCount) {
            return append(key: key, isExpected: true, value, count)
        }
        append(key: key(keyBytes, keyCount), isExpected: false, value, count)
    }

    /// The key that comes next if the record goes on like the one it resembles.
    @inline(__always)
    private var expectedKey: Int? {
        let place = sequence.count
        return isLike && place &* 4 < expectedKeys.count ? Int(Self.key(in: expectedKeys, at: place)) : nil
    }

    /// Adds the attribute of which the record at hand has the same bytes as the one it resembles: false, and nothing
    /// added, if that has another key in this place.
    @inline(__always)
    mutating func addSame() -> Bool {
        guard let key = expectedKey, key >= PseudoKey.count else { return false }
        (keyUse.base + key).pointee.values &+= 1
        valueIDs.append(valueIDs.base[Int(likeness.firstValue) &+ sequence.count])
        sequence.append(UInt32(truncatingIfNeeded: key))
        return true
    }

    @inline(__always)
    private mutating func append(key: Int, isExpected: Bool, _ value: UnsafePointer<UInt8>, _ count: Int) {
        let place = sequence.count
        sequence.append(UInt32(truncatingIfNeeded: key))
        isLike = isExpected
        if isExpected {
            let expected = valueIDs.base[Int(likeness.firstValue) &+ place]
            if values.matches(Int(expected), value, count: count) {
                (keyUse.base + key).pointee.values &+= 1
                return valueIDs.append(expected)
            }
        }
        valueIDs.append(UInt32(truncatingIfNeeded: self.value(key: key, value, count)))
    }

    /// The number of an attribute key.
    mutating func key(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Int {
        let key = keys.find(bytes, count: count)
        while keyUse.count < keys.count { keyUse.append(KeyUse()) }
        return key
    }

    /// The number of a value of `key`. Columns that turn out mostly distinct are no longer looked up.
    @inline(__always)
    mutating func value(key: Int, _ value: UnsafePointer<UInt8>, _ count: Int) -> Int {
        let use = keyUse.base + key
        use.pointee.values &+= 1
        // Neighbours often agree, and comparing costs less than looking up.
        let latest = Int(use.pointee.latest) &- 1
        if latest >= 0, values.matches(latest, value, count: count) { return latest }
        let tag = UInt32(truncatingIfNeeded: key)
        if use.pointee.values > Limits.distinctSample, use.pointee.distinct &* 4 > use.pointee.values &* 3 {
            use.pointee.distinct &+= 1
            let id = values.append(value, count: count, tag: tag)
            use.pointee.latest = UInt32(truncatingIfNeeded: id &+ 1)
            return id
        }
        let known = values.count
        let id = values.find(value, count: count, tag: tag)
        if id == known { use.pointee.distinct &+= 1 }
        use.pointee.latest = UInt32(truncatingIfNeeded: id &+ 1)
        return id
    }

    /// Ends the record: the number of its shape.
    @inline(__always)
    mutating func end() -> Int {
        if isLike, sequence.count &* 4 == expectedKeys.count { return Int(likeness.shape) }
        return shapes.find(UnsafeRawBufferPointer(sequence.elements))
    }

    @inline(__always)
    static func key(in shape: UnsafeBufferPointer<UInt8>, at place: Int) -> UInt32 {
        guard let start = shape.baseAddress else { return 0 }
        return UnsafeRawPointer(start).loadUnaligned(fromByteOffset: place &* 4, as: UInt32.self)
    }

    /// The number of a context; neighbours mostly share one.
    @inline(__always)
    mutating func contextID(_ context: RecordContext) -> Int {
        if lastContextID >= 0, context == lastContext { return lastContextID }
        lastContext = context
        lastContextID = withUnsafeBytes(of: context) { contexts.find($0) }
        return lastContextID
    }

    func context(_ id: Int) -> RecordContext {
        guard let start = contexts.bytes(id).baseAddress else { return RecordContext() }
        return UnsafeRawPointer(start).loadUnaligned(as: RecordContext.self)
    }

    /// The number of a resource, or of a scope: they are kept as `varint service (resources only) · varint length of
    /// the schema URL · schema URL · message`.
    static func envelope(
        service: Int?, schemaURL: UnsafeRawBufferPointer, message: UnsafeRawBufferPointer
    ) -> ByteBuffer {
        var bytes = ByteBuffer(capacity: schemaURL.count + message.count + 16)
        if let service { bytes.appendVarint(service) }
        bytes.appendVarint(schemaURL.count)
        bytes.append(schemaURL)
        bytes.append(message)
        return bytes
    }
}
