// SPDX-License-Identifier: Apache-2.0
// What tells two traces, or two groups of traces, apart, in the native API.
//
//   {a:side, b:side, positions:[position…], positionsOmitted, attributes:[attribute…]}
//   side      = {label, traces, spans, meanNanos, p50Nanos, p95Nanos, sampleTraceId, sample?}
//   position  = {service, operation, kind, depth, parent, change, a:numbers, b:numbers, countDelta, nanosDelta,
//                selfNanosDelta}                       parent: index of the position above, null at the top
//   numbers   = {count, errorCount, totalNanos, selfNanos}          sums; the deltas are means a trace, b less a
//   attribute = {scope, key, value, service, operation, countA, countB, shareA, shareB, certainDifference}

package import SondeModel

extension NativeJSON {
    package static func difference(_ difference: TraceDifference) -> [UInt8] {
        object { json in
            json.side("a", difference.a)
            json.side("b", difference.b)
            json.key("positions")
            json.array(Array(difference.positions.prefix(Limits.maxAnalysisRows))) { json, position in
                json.position(position, tracesA: difference.a.traces, tracesB: difference.b.traces)
            }
            let left = max(0, difference.positions.count - Limits.maxAnalysisRows)
            json.member("positionsOmitted", difference.positionsOmitted + left)
            json.key("attributes")
            json.array(difference.attributes) { $0.separation($1) }
        }
    }
}

extension JSONWriter {
    fileprivate mutating func side(_ name: String, _ side: DifferenceSide) {
        key(name)
        beginObject()
        member("label", side.label)
        member("traces", side.traces)
        member("spans", side.spans)
        member("meanNanos", side.meanNanos)
        member("p50Nanos", side.p50Nanos)
        member("p95Nanos", side.p95Nanos)
        key("sampleTraceId")
        if let trace = side.sampleTrace { id(trace) } else { null() }
        if let sample = side.sample { self.sample(sample) }
        endObject()
    }

    fileprivate mutating func position(_ position: PositionDifference, tracesA: Int, tracesB: Int) {
        let (a, b) = (Double(max(1, tracesA)), Double(max(1, tracesB)))
        beginObject()
        member("service", position.service)
        member("operation", position.operation)
        member("kind", position.kind.name)
        member("depth", position.depth)
        key("parent")
        if let parent = position.parent { int(parent) } else { null() }
        member("change", position.change.rawValue)
        numbers("a", position.a)
        numbers("b", position.b)
        member("countDelta", share: Double(position.b.count) / b - Double(position.a.count) / a)
        nanos("nanosDelta", Double(position.b.totalNanos) / b - Double(position.a.totalNanos) / a)
        nanos("selfNanosDelta", Double(position.b.selfNanos) / b - Double(position.a.selfNanos) / a)
        endObject()
    }

    private mutating func numbers(_ name: String, _ side: PositionSide) {
        key(name)
        beginObject()
        member("count", side.count)
        member("errorCount", side.errorCount)
        member("totalNanos", side.totalNanos)
        member("selfNanos", side.selfNanos)
        endObject()
    }

    /// Whole nanoseconds, held inside what 64 bits can say.
    private mutating func nanos(_ name: String, _ value: Double) {
        member(name, Int64(exactly: value.rounded()) ?? (value < 0 ? .min : .max))
    }

    fileprivate mutating func separation(_ separation: AttributeSeparation) {
        beginObject()
        member("scope", separation.scope)
        member("key", separation.key)
        member("value", separation.value)
        member("service", separation.service)
        member("operation", separation.operation)
        member("countA", separation.countA)
        member("countB", separation.countB)
        member("shareA", share: separation.shareA)
        member("shareB", share: separation.shareB)
        member("certainDifference", share: separation.certainDifference)
        endObject()
    }
}
