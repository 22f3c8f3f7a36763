// SPDX-License-Identifier: Apache-2.0
// Which spans of kind producer the receivers of messages link to, wherever they are stored.

import SondeModel
import SondeStorage

struct GraphLinks {
    /// A link of a receiver.
    struct Target: BitwiseCopyable {
        var trace: TraceWords
        var spanID: UInt64
        /// Which of the receivers that are looked at.
        var call: Int
    }

    struct Sender: Hashable {
        var trace: TraceWords
        var spanID: UInt64
    }

    private var senders: Set<Sender> = []

    /// Whether a receiver links to this span of kind producer.
    func contains(_ trace: TraceWords, _ spanID: UInt64) -> Bool {
        !senders.isEmpty && senders.contains(Sender(trace: trace, spanID: spanID))
    }

    /// Adds where receivers of a block link to, each place once.
    func read(
        _ calls: ArraySlice<WaitingCall>, in block: SpanBlockInfo, of file: BlockFile, into targets: inout [Target]
    ) throws(ReadError) {
        let meta = try file.meta(.cold, block.id)
        guard let key = meta.keys.firstIndex(where: { $0.pseudo == PseudoKey.extras }) else { return }
        try file.pick(calls.map(\.row.row), keys: [key], in: block) { index, values throws(ReadError) in
            guard let found = values.places.first,
                let extras = values.withValue(found.key, found.place, { $0.extras })
            else { return }
            for link in Set(extras.links.map { Sender(trace: TraceWords($0.traceID), spanID: $0.spanID.value) }) {
                targets.append(Target(trace: link.trace, spanID: link.spanID, call: calls.startIndex + index))
            }
        }
    }

    /// Calls `body` for each target that is a stored span of kind producer.
    mutating func resolve(
        _ targets: inout [Target], in file: BlockFile, _ operations: ActivityOperations,
        _ body: (Target, ActivityRow) throws(ReadError) -> Void
    ) throws(ReadError) {
        targets.sort { ($0.trace.high, $0.trace.low) < ($1.trace.high, $1.trace.low) }
        var next = 0
        while next < targets.count {
            let trace = targets[next].trace
            let end = targets[next...].firstIndex { $0.trace != trace } ?? targets.count
            let producers = try file.spans(of: trace).filter {
                operations.kind(Int32(truncatingIfNeeded: $0.operation)) == .producer
            }
            let senders = Dictionary(producers.map { ($0.spanID, $0) }, uniquingKeysWith: { first, _ in first })
            for target in targets[next..<end] {
                guard let sender = senders[target.spanID] else { continue }
                try insert(Sender(trace: trace, spanID: target.spanID))
                try body(target, ActivityRow(sender))
            }
            next = end
        }
    }

    private mutating func insert(_ sender: Sender) throws(ReadError) {
        senders.insert(sender)
        guard senders.count <= Limits.linkedSenders else {
            throw .invalid(
                "more than \(Limits.linkedSenders) messages are linked to by their receivers; ask for a shorter time")
        }
    }
}

extension BlockFile {
    /// The hot columns of a trace's spans, each once; none if it is not stored.
    fileprivate func spans(of trace: TraceWords) throws(ReadError) -> [SpanOutline] {
        guard let outline = try outline(trace) else { return [] }
        if let spans = outline.spans { return spans }
        var spans: [SpanOutline] = []
        for (block, fragment) in outline.fragments { spans += try outlines(fragment, in: block) }
        return spans
    }
}

extension ActivityRow {
    /// A span that no place is asked of.
    fileprivate init(_ span: SpanOutline) {
        self.init(
            start: span.start, end: span.end, spanID: span.spanID, parentID: span.parent,
            operation: Int32(truncatingIfNeeded: span.operation), place: -1, row: Int32(truncatingIfNeeded: span.row),
            state: span.state)
    }
}
