// SPDX-License-Identifier: Apache-2.0
// One row of the table: an operation, how much of the processor it takes and how often it asks for memory.
//
// A row is run in rounds and shows their medians. The processor's time is that of the threads that work, not the clock on
// the wall: what else the machine does is not in it.

import AllocationCount
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Runs rows and prints them.
struct Bench {
    /// Only rows whose name contains this are run.
    let filter: String
    /// Rows as "name, value, unit, mallocs, bar" with tabs between, for a program to read.
    var printsTable = false
    private static let rounds = 9

    func heading(_ text: String) {
        guard filter.isEmpty, !printsTable else { return }
        print("\n\(text)")
    }

    /// Measures `operations` operations, all done by one call of `work`.
    func row(_ name: String, bar: String, operations: Int, _ work: (Int) -> Void) {
        guard wants(name) else { return }
        work(max(1, operations / 10))
        let samples = (0..<Self.rounds).map { _ in Sample(operations) { work(operations) } }
        show(name, bar, samples)
    }

    /// The same with as many threads as told, each doing `operations`. What is shown is one operation of one thread.
    func row(_ name: String, bar: String, operations: Int, threads: Int, _ work: @escaping @Sendable (Int) -> Void) {
        guard wants(name) else { return }
        let samples = (0..<Self.rounds).map { _ in
            let parts = Mutex<[Sample]>([])
            let gate = Atomic(threads)
            Threads.run(threads) {
                work(max(1, operations / 100))
                gate.wrappingSubtract(1, ordering: .relaxed)
                while gate.load(ordering: .relaxed) > 0 {}
                let sample = Sample(operations) { work(operations) }
                parts.withLock { $0.append(sample) }
            }
            return Sample.mean(parts.withLock { $0 })
        }
        show(name, bar, samples)
    }

    /// An operation that suspends: time and memory are those of the whole process, which must do nothing else.
    func row(_ name: String, bar: String, operations: Int, _ work: (Int) async throws -> Void) async rethrows {
        guard wants(name) else { return }
        try await work(max(1, operations / 10))
        var samples: [Sample] = []
        for _ in 0..<Self.rounds {
            let start = Meter.ofProcess
            try await work(operations)
            samples.append(Sample(Meter.ofProcess - start, operations))
        }
        show(name, bar, samples)
    }

    func wants(_ name: String) -> Bool { filter.isEmpty || name.contains(filter) }

    /// A row of memory held, in bytes.
    func show(_ name: String, bar: String, bytes: Int) {
        guard wants(name) else { return }
        printRow(name, "\(bytes)\tB\t", bar, "\(Self.fixed(Double(bytes) / 1e6, 1)) MB")
    }

    private func show(_ name: String, _ bar: String, _ samples: [Sample]) {
        let times = samples.map(\.nanoseconds).sorted()
        let median = times[times.count / 2]
        let allocations = Self.fixed(samples.map(\.allocations).sorted()[samples.count / 2], 2)
        printRow(
            name, "\(Self.fixed(median, 1))\tns\t\(allocations)", bar,
            "\(Self.duration(median)) · \(allocations) mallocs  (from \(Self.duration(times[0])))")
    }

    private func printRow(_ name: String, _ fields: String, _ bar: String, _ text: String) {
        print(printsTable ? "\(name)\t\(fields)\t\(bar)" : "  \(Self.pad(name, 56)) \(Self.pad(text, 34)) \(bar)")
        fflush(nil)
    }

    /// Nanoseconds in the unit that reads best.
    static func duration(_ nanoseconds: Double) -> String {
        switch nanoseconds {
        case ..<1_000: "\(fixed(nanoseconds, 1)) ns"
        case ..<1_000_000: "\(fixed(nanoseconds / 1_000, 2)) µs"
        default: "\(fixed(nanoseconds / 1_000_000, 3)) ms"
        }
    }

    static func fixed(_ value: Double, _ digits: Int) -> String {
        let scale = (0..<digits).reduce(1.0) { scale, _ in scale * 10 }
        let scaled = Int((value * scale).rounded())
        guard digits > 0 else { return "\(scaled)" }
        let fraction = String(scaled % Int(scale))
        return "\(scaled / Int(scale))." + String(repeating: "0", count: digits - fraction.count) + fraction
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}

/// What one operation took, on average over a round.
struct Sample {
    var nanoseconds: Double
    var allocations: Double

    init(_ spent: Meter, _ operations: Int) {
        nanoseconds = spent.nanoseconds / Double(operations)
        allocations = Double(spent.allocations) / Double(operations)
    }

    /// Measures `work` on the calling thread.
    init(_ operations: Int, _ work: () -> Void) {
        let start = Meter.ofThread
        work()
        self.init(Meter.ofThread - start, operations)
    }

    static func mean(_ samples: [Sample]) -> Sample {
        var sum = Sample(Meter(nanoseconds: 0, allocations: 0), 1)
        for sample in samples {
            sum.nanoseconds += sample.nanoseconds / Double(samples.count)
            sum.allocations += sample.allocations / Double(samples.count)
        }
        return sum
    }
}

/// Readings of the processor's clock and of the counter of allocations.
struct Meter {
    var nanoseconds: Double
    var allocations: UInt64

    static var ofThread: Meter {
        Meter(nanoseconds: clock(CLOCK_THREAD_CPUTIME_ID), allocations: allocations_of_thread())
    }

    static var ofProcess: Meter {
        Meter(nanoseconds: clock(CLOCK_PROCESS_CPUTIME_ID), allocations: allocations_of_process())
    }

    static func - (end: Meter, start: Meter) -> Meter {
        Meter(nanoseconds: end.nanoseconds - start.nanoseconds, allocations: end.allocations - start.allocations)
    }

    private static func clock(_ id: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(id, &time)
        return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
    }
}

/// Memory that the process holds.
enum ResidentMemory {
    /// Bytes, as the kernel counts them; 0 where it does not say.
    static var bytes: Int {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var text = [UInt8](repeating: 0, count: 128)
        let count = fread(&text, 1, text.count, file)
        let fields = String(decoding: text.prefix(count), as: UTF8.self).split(separator: " ")
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * 4_096 : 0
    }
}

/// Threads of the system, so that nothing of Swift's pool is measured with the work.
enum Threads {
    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    static func run(_ count: Int, _ body: @escaping @Sendable () -> Void) {
        let threads = (0..<count).map { _ in
            var thread = pthread_t()
            let context = Unmanaged.passRetained(Body(body)).toOpaque()
            pthread_create(
                &thread, nil,
                { context in
                    guard let context else { return nil }
                    Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
                    return nil
                }, context)
            return thread
        }
        for thread in threads { pthread_join(thread, nil) }
    }
}

/// Keeps the optimiser from seeing that a value is not used.
@inline(never)
func consume<Value>(_ value: borrowing Value) {}
