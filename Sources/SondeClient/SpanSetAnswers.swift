// SPDX-License-Identifier: Apache-2.0
// What a query in TraceQL found in each trace. Read from a tree of JSON, which keeps the order of members and tells whole
// numbers from broken ones.

import SondeModel
import SondeStorage
import SondeWire

extension Answer {
    /// Fills in the sets of spans of the hits, which stand in the order of the answer.
    func addSpanSets(to traces: inout [TraceSummary]) throws(ReadError) {
        let root = try decoded { bytes throws(DecodeError) in try JSONValue.parse(bytes, as: "the answer") }
        guard let hits = root["traces"]?.array, hits.count == traces.count else { throw notUnderstood }
        for (index, hit) in hits.enumerated() {
            var sets: [MatchedSpanSet] = []
            for set in hit["spanSets"]?.array ?? [] {
                guard let read = MatchedSpanSet(set) else { throw notUnderstood }
                sets.append(read)
            }
            traces[index].spanSets = sets
            traces[index].matchedSpans = hit["matched"]?.integer() ?? 0
            traces[index].omittedSpanSets = hit["spanSetsOmitted"]?.integer() ?? 0
        }
    }
}

extension MatchedSpanSet {
    fileprivate init?(_ json: JSONValue) {
        guard let matched = json["matched"]?.integer(Int.self), let attributes = [Attribute](json["attributes"]),
            let spans = json["spans"]?.array
        else { return nil }
        self.init(matched: matched, attributes: attributes, spans: [])
        for span in spans {
            guard let read = MatchedSpan(span) else { return nil }
            self.spans.append(read)
        }
    }
}

extension MatchedSpan {
    fileprivate init?(_ json: JSONValue) {
        guard let id = json["spanRef"]?.string.flatMap({ SpanID(hex: $0) }), let service = json["service"]?.string,
            let name = json["operation"]?.string, let start = json["start"]?.string.flatMap({ RFC3339.parse($0) }),
            let duration = json["durationNanos"]?.integer(UInt64.self), let attributes = [Attribute](json["attributes"])
        else { return nil }
        self.init(
            spanID: id, service: service, name: name, start: start, durationNanoseconds: duration,
            attributes: attributes)
    }
}

extension [Attribute] {
    /// From an object, or from a list where a key occurs twice.
    fileprivate init?(_ json: JSONValue?) {
        switch json {
        case .object(let members)?: self = members.list.map { Attribute($0.key, AttributeValue($0.value)) }
        case .array(let entries)?:
            self = []
            for entry in entries {
                guard let key = entry["key"]?.string, let value = entry["value"] else { return nil }
                append(Attribute(key, AttributeValue(value)))
            }
        default: return nil
        }
    }
}

extension AttributeValue {
    fileprivate init(_ json: JSONValue) {
        switch json {
        case .null: self = .empty
        case .bool(let flag): self = .bool(flag)
        case .int(let number): self = .int(number)
        case .unsigned(let number): self = .double(Double(number))
        case .double(let number): self = .double(number)
        case .string(let text): self = .string(text)
        case .array(let elements): self = .array(elements.map { AttributeValue($0) })
        case .object(let members): self = .map(members.list.map { Attribute($0.key, AttributeValue($0.value)) })
        }
    }
}
