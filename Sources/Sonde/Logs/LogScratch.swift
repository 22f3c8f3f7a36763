// SPDX-License-Identifier: Apache-2.0
// Memory that log lines are written in. A line takes a place, is written, and gives the place back; the places are few
// and shared by all threads, so that neither a line nor a thread costs memory of its own.

import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// What a line needs: its bytes, the record for export, and the second that was formatted last.
struct LogScratch: ~Copyable {
    var line = LogBuffer()
    var record = EntryBuffer(capacity: Limits.logScratchBytes)
    var utc = SecondText()
    var local = LocalSecondText()

    deinit { record.free() }

    /// Empties the record. Memory that one huge record needed is given back.
    mutating func clearRecord() {
        record.clear()
        guard record.capacity > Limits.logScratchKeptBytes else { return }
        record.free()
        record = EntryBuffer(capacity: Limits.logScratchBytes)
    }
}

private final class LogPlace: @unchecked Sendable {  // Whoever set `isTaken` owns `scratch` until it clears it.
    let isTaken = Atomic(false)
    var scratch = LogScratch()
}

/// The places of one pipeline.
struct LogScratchPool: Sendable {
    private let places: [LogPlace]

    init(places count: Int = Limits.logScratchPlaces) {
        places = (0..<count).map { _ in LogPlace() }
    }

    /// Lends a place to `body`. The search begins at a place that belongs to the thread. Where none is free, also because
    /// the description of a value logs in its turn, a new one is made: nobody waits here.
    @inline(__always)
    func withScratch(_ body: (inout LogScratch) -> Void) {
        let first = Self.threadNumber
        for offset in 0..<places.count {
            let place = places[(first &+ offset) % places.count]
            guard place.isTaken.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged else {
                continue
            }
            body(&place.scratch)
            return place.isTaken.store(false, ordering: .releasing)
        }
        var spare = LogScratch()
        body(&spare)
    }

    /// The address of the thread's control block: threads are megabytes apart, so low bits tell nothing.
    private static var threadNumber: Int {
        #if canImport(Glibc)
            Int(truncatingIfNeeded: UInt64(pthread_self()) >> 12 & 0xFFFF)
        #else
            Int(bitPattern: pthread_self()) >> 12 & 0xFFFF
        #endif
    }
}
