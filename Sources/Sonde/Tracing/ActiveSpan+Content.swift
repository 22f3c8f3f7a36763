// SPDX-License-Identifier: Apache-2.0
// What can be said about a lean span: each fact is written as the bytes that will be sent.

import SondeModel
public import Tracing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

extension ActiveSpan {
    // MARK: Attributes. A key that is set again has its last value.

    /// Sets an attribute to a text, cut to ``SpanLimits/attributeValueLength``.
    public mutating func set(_ key: StaticString, to value: String) {
        key.withBytes { set($0, text: value) }
    }

    /// Sets an attribute to a whole number.
    public mutating func set(_ key: StaticString, to value: Int) {
        key.withBytes { key in write(key) { $0.attribute(key, int: Int64(value), field: 9) } }
    }

    /// Sets an attribute to a number.
    public mutating func set(_ key: StaticString, to value: Double) {
        key.withBytes { key in write(key) { $0.attribute(key, double: value, field: 9) } }
    }

    /// Sets an attribute to true or false.
    public mutating func set(_ key: StaticString, to value: Bool) {
        key.withBytes { key in write(key) { $0.attribute(key, bool: value, field: 9) } }
    }

    /// An attribute of any type of swift-distributed-tracing, with a key made at run time.
    @_disfavoredOverload
    public mutating func set(_ key: String, to value: SpanAttribute) {
        guard isRecording else { return }
        let length = scratch.pointee.limits.attributeValueLength
        key.withBytes { key in write(key) { $0.attribute(key, value, field: 9, length: length) } }
    }

    // MARK: Events, links, status

    /// Says that something happened now.
    public mutating func addEvent(_ name: StaticString) {
        guard scratch.pointee.admitsEvent() else { return }
        let now = SpanClock.now()
        name.withBytes { scratch.pointee.addEvent($0, at: now) }
    }

    /// Adds an event with attributes and a time of its own.
    @_disfavoredOverload
    public mutating func addEvent(_ event: Tracing.SpanEvent) {
        guard scratch.pointee.admitsEvent() else { return }
        event.name.withBytes {
            scratch.pointee.addEvent($0, at: event.nanosecondsSinceEpoch, attributes: event.attributes)
        }
    }

    /// Adds an `exception` event and fails the span with the error's description.
    public mutating func recordError(_ error: any Error) {
        guard isRecording else { return }
        let message = "\(error)"
        addEvent(
            Tracing.SpanEvent(
                name: "exception",
                attributes: [
                    "exception.type": .string(String(reflecting: type(of: error))),
                    "exception.message": .string(message),
                ]))
        setStatus(Tracing.SpanStatus(code: .error, message: message))
    }

    /// Says that the span has to do with another one that is not its parent.
    public mutating func addLink(_ other: SpanContext) {
        guard isRecording else { return }
        guard scratch.pointee.linkCount < scratch.pointee.limits.linkCount else {
            return scratch.pointee.droppedLinks += 1
        }
        scratch.pointee.linkCount += 1
        scratch.pointee.buffer.message(field: 13) { $0.linked(other.trace) }
    }

    /// Says how it went. "Ok" is final; an error may take the place of an error. Only errors have a message.
    public mutating func setStatus(_ status: Tracing.SpanStatus) {
        guard isRecording, scratch.pointee.status.code != .ok else { return }
        switch status.code {
        case .ok: scratch.pointee.status = SondeModel.SpanStatus(code: .ok)
        case .error: scratch.pointee.status = SondeModel.SpanStatus(code: .error, message: status.message ?? "")
        }
    }

    // MARK: Writing

    @inline(__always)
    private mutating func set(_ key: UnsafeBufferPointer<UInt8>, text: String) {
        guard scratch.pointee.admitsAttribute(key) else { return }
        let text = scratch.pointee.limits.attributeValueLength.map { String(text.prefix($0)) } ?? text
        text.withBytes { scratch.pointee.buffer.attribute(key, text: $0, field: 9) }
    }

    @inline(__always)
    private mutating func write(_ key: UnsafeBufferPointer<UInt8>, _ body: (inout EntryBuffer) -> Void) {
        if scratch.pointee.admitsAttribute(key) { body(&scratch.pointee.buffer) }
    }
}

extension SpanScratch {
    /// Makes room for one more attribute; false if it is not to be written.
    @inline(__always)
    fileprivate mutating func admitsAttribute(_ key: UnsafeBufferPointer<UInt8>) -> Bool {
        guard isRecording else { return false }
        removeAttribute(key)
        guard attributeCount < limits.attributeCount else {
            droppedAttributes += 1
            return false
        }
        if knownCount < Limits.scratchAttributes {
            attributeOffsets[knownCount] = UInt32(truncatingIfNeeded: buffer.count)
            knownCount += 1
        }
        attributeCount += 1
        return true
    }

    /// Keys must be unique: the value that was set before goes.
    @inline(__always)
    private mutating func removeAttribute(_ key: UnsafeBufferPointer<UInt8>) {
        for index in 0..<knownCount
        where buffer.holdsAttribute(key, at: Int(attributeOffsets[index])) {
            return removeAttribute(at: index)
        }
    }

    private mutating func removeAttribute(at index: Int) {
        let offset = Int(attributeOffsets[index])
        let size = buffer.fieldSize(at: offset)
        buffer.remove(at: offset, length: size)
        knownCount -= 1
        for later in index..<knownCount { attributeOffsets[later] = attributeOffsets[later + 1] - UInt32(size) }
        attributeCount -= 1
    }

    fileprivate mutating func admitsEvent() -> Bool {
        guard isRecording else { return false }
        guard eventCount < limits.eventCount else {
            droppedEvents += 1
            return false
        }
        eventCount += 1
        return true
    }

    fileprivate mutating func addEvent(
        _ name: UnsafeBufferPointer<UInt8>, at time: UInt64, attributes: SpanAttributes = [:]
    ) {
        let start = buffer.beginMessage(field: 11)
        buffer.fixed64(time, field: 1)
        buffer.string(name, field: 2)
        buffer.attributes(attributes, field: 3, limits: limits, droppedField: 4)
        buffer.endMessage(start)
    }
}

extension EntryBuffer {
    /// Whether the `KeyValue` field that begins at `offset` has this key.
    @inline(__always)
    fileprivate func holdsAttribute(_ key: UnsafeBufferPointer<UInt8>, at offset: Int) -> Bool {
        var place = offset + 1
        _ = readVarint(&place)
        place += 1
        guard readVarint(&place) == key.count, let start = key.baseAddress else { return false }
        return memcmp(base + place, start, key.count) == 0
    }

    /// The bytes of the length-delimited field that begins at `offset`, tag and length included.
    fileprivate func fieldSize(at offset: Int) -> Int {
        var place = offset + 1
        let length = readVarint(&place)
        return place + length - offset
    }

    @inline(__always)
    private func readVarint(_ place: inout Int) -> Int {
        var value = 0
        var shift = 0
        while true {
            let byte = base.load(fromByteOffset: place, as: UInt8.self)
            place += 1
            value |= Int(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
    }
}
