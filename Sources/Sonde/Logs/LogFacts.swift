// SPDX-License-Identifier: Apache-2.0
// How an instrumentation says what it knows in a line of its own, without a dictionary: the keys are known, the values
// need no boxes, and both lie on the stack until they are written.

package import Logging

/// One thing said in a line.
struct LogFact {
    enum Value {
        case text(String)
        case int(Int64)
        /// A duration, counted in microseconds and written in milliseconds.
        case microseconds(Int64)
    }

    var key: String
    var value: Value
}

/// Collects the facts of one line. Keys come each once, should come in their order, and hold nothing that JSON escapes.
package struct LogFacts: ~Copyable {
    private let room: UnsafeMutableBufferPointer<LogFact>
    private var count = 0

    fileprivate init(_ room: UnsafeMutableBufferPointer<LogFact>) { self.room = room }

    deinit { UnsafeMutableBufferPointer(rebasing: room[..<count]).deinitialize() }

    fileprivate var all: UnsafeBufferPointer<LogFact> { UnsafeBufferPointer(rebasing: room[..<count]) }

    /// The same for handlers of other makers.
    fileprivate var metadata: Logger.Metadata {
        Dictionary(all.map { ($0.key, $0.value.metadata) }, uniquingKeysWith: { _, last in last })
    }

    /// A text; nothing for nil.
    package mutating func set(_ key: String, _ value: String?) {
        if let value { add(LogFact(key: key, value: .text(value))) }
    }

    /// A whole number; nothing for nil.
    package mutating func set(_ key: String, _ value: Int?) {
        if let value { add(LogFact(key: key, value: .int(Int64(value)))) }
    }

    /// A duration in milliseconds, to the microsecond.
    package mutating func set(_ key: String, microseconds: Int64) {
        add(LogFact(key: key, value: .microseconds(microseconds)))
    }

    /// The room is made for the line with the most; an instrumentation with more has to make it larger.
    private mutating func add(_ fact: LogFact) {
        assert(count < room.count, "more facts than Limits.logFacts")
        assert(!all.contains { $0.key == fact.key }, "a fact that is said twice")
        guard count < room.count else { return }
        room.initializeElement(at: count, to: fact)
        count += 1
    }
}

extension Logger {
    /// Logs a line with the facts that `write` gives; it is asked only if the line is written.
    ///
    /// - Parameters:
    ///   - span: The span in which the line is made, for Sonde's handler, which then need not look for it; that of the task
    ///     for nil and for other handlers.
    ///   - file: Where the line is made, as Swift names the place; also its source, for handlers that tell them apart.
    package func log(
        level: Logger.Level, _ message: String, in span: SondeSpan? = nil, file: String = #fileID,
        function: String = #function, line: UInt = #line, facts write: (inout LogFacts) -> Void
    ) {
        guard logLevel <= level else { return }
        withUnsafeTemporaryAllocation(of: LogFact.self, capacity: Limits.logFacts) { room in
            var facts = LogFacts(room)
            write(&facts)
            if let handler = handler as? SondeLogHandler {
                handler.log(level: level, message, in: span, facts: facts.all)
            } else {
                log(
                    level: level, "\(message)", metadata: facts.metadata, file: file, function: function, line: line)
            }
        }
    }
}

extension LogFact.Value {
    fileprivate var metadata: Logger.MetadataValue {
        switch self {
        case .text(let text): .string(text)
        case .int(let number): .stringConvertible(number)
        case .microseconds(let number): .stringConvertible(Double(number) / 1_000)
        }
    }
}
