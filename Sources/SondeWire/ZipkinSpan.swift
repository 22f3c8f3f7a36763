// SPDX-License-Identifier: Apache-2.0
// One span as Zipkin's second version has it, in the form that its JSON and its protobuf have in common. One value is
// filled again and again, so that reading a body of many spans allocates for the largest of them only.
//
// https://zipkin.io/zipkin-api/ and https://github.com/openzipkin/zipkin-api/blob/master/zipkin.proto

internal import SondeModel

struct ZipkinSpan {
    /// A place in ``text``; empty for what is absent, which Zipkin takes for the same.
    typealias Text = Range<Int>

    struct Endpoint {
        var serviceName: Text = 0..<0
        /// Addresses as text.
        var ipv4: Text = 0..<0
        var ipv6: Text = 0..<0
        /// 0 for none.
        var port: UInt16 = 0
    }

    var traceID = TraceID.zero
    var id = SpanID.zero
    var parentID = SpanID.zero
    /// A span without a kind is local work.
    var kind = SpanKind.internal
    var name: Text = 0..<0
    /// Microseconds since 1970; 0 if nobody said.
    var timestamp: UInt64 = 0
    /// Microseconds; 0 if nobody said.
    var duration: UInt64 = 0
    var local = Endpoint()
    var remote = Endpoint()
    var annotations: [(timestamp: UInt64, value: Text)] = []
    var tags: [(key: Text, value: Text)] = []
    var isDebug = false
    var isShared = false
    /// The bytes of all texts.
    var text: [UInt8] = []

    /// Becomes the span without anything, keeping its memory.
    mutating func clear() {
        var annotations = annotations
        var tags = tags
        var text = text
        self = ZipkinSpan()
        annotations.removeAll(keepingCapacity: true)
        tags.removeAll(keepingCapacity: true)
        text.removeAll(keepingCapacity: true)
        self.annotations = annotations
        self.tags = tags
        self.text = text
    }

    /// What makes the span unacceptable, as a sentence without its subject; nil for nothing.
    var flaw: String? {
        guard traceID.isValid else { return "has no traceId but zeros" }
        guard id.isValid else { return "has no id but zeros" }
        guard Self.fits(timestamp), duration <= Self.lastMicrosecond - timestamp else {
            return "begins or ends after the year 2554"
        }
        guard annotations.allSatisfy({ Self.fits($0.timestamp) }) else {
            return "has an annotation after the year 2554"
        }
        return nil
    }

    private static func fits(_ microseconds: UInt64) -> Bool { microseconds <= lastMicrosecond }
    /// The last that nanoseconds can say.
    static let lastMicrosecond = UInt64.max / 1_000

    /// Of tags of one name the last wins, as in every map.
    mutating func dropRepeatedTags() {
        guard tags.count > 1 else { return }
        guard tags.count > Limits.maxPairwiseKeys else {
            for index in (0..<tags.count - 1).reversed() where isRepeated(index) { tags.remove(at: index) }
            return
        }
        var seen: Set<ArraySlice<UInt8>> = []
        var kept: [(key: Text, value: Text)] = []
        for tag in tags.reversed() where seen.insert(text[tag.key]).inserted { kept.append(tag) }
        tags = kept.reversed()
    }

    private func isRepeated(_ index: Int) -> Bool {
        for later in index + 1..<tags.count where equals(tags[index].key, tags[later].key) { return true }
        return false
    }

    /// Without slices: these are compared by the dozen in every span.
    func equals(_ a: Text, _ b: Text) -> Bool {
        guard a.count == b.count else { return false }
        for index in 0..<a.count where text[a.lowerBound + index] != text[b.lowerBound + index] { return false }
        return true
    }

    func equals(_ place: Text, _ word: StaticString) -> Bool {
        guard place.count == word.utf8CodeUnitCount else { return false }
        for index in 0..<place.count where text[place.lowerBound + index] != word.utf8Start[index] { return false }
        return true
    }
}
