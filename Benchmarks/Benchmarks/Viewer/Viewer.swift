// SPDX-License-Identifier: Apache-2.0
// How long a person waits for a picture of a large trace, and how much is written for it: the viewer's frame with its
// Trace screen, drawn into a writer that counts.
//
//   Viewer [SPANS [COLUMNSxROWS]]

import SondeModel
import SondeStorage
import SondeTerminal
import SondeViewer

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

@main
struct Viewer {
    static func main() async {
        let arguments = CommandLine.arguments.dropFirst()
        let count = arguments.first.flatMap { Int($0) } ?? 100_000
        let size = arguments.dropFirst().first.flatMap(size(of:)) ?? Size(columns: 120, rows: 40)
        print("\(count) spans at \(size.columns)×\(size.rows)")
        for shape in Shape.allCases {
            var session = Session(shape.trace(spans: count), size)
            await session.run(shape)
        }
    }

    private static func size(of text: String) -> Size? {
        let numbers = text.split(separator: "x").compactMap { Int($0) }
        return numbers.count == 2 ? Size(columns: numbers[0], rows: numbers[1]) : nil
    }
}

/// One trace looked at.
struct Session {
    private let trace: Trace
    private let context: ScreenContext
    private var screen: TraceScreen
    private var frame: Frame
    private var writer = FrameWriter(theme: .dark)
    private let clock = ContinuousClock()

    init(_ trace: Trace, _ size: Size) {
        self.trace = trace
        context = ScreenContext(size: size, now: Timestamp(nanoseconds: trace.end.nanoseconds + 3_600_000_000_000))
        screen = TraceScreen(trace.id)
        frame = Frame(size)
    }

    mutating func run(_ shape: Shape) async {
        print("\n\(shape.rawValue)")
        _ = screen.opened(context)
        let before = Memory.inUse
        let model = Self.cpu { _ = TraceModel(trace) }
        let start = clock.now
        let cpu = Self.processor
        let effects = screen.receive(.success(.trace(trace)), for: .trace(trace.id), context)
        let bytes = draw()
        let (wall, worked) = (clock.now - start, Self.processor - cpu)
        print("  first paint                \(Self.text(wall)), of the processor \(Self.text(worked)), \(bytes) bytes")
        print("  … of which the columns     \(Self.text(model)) of the processor")
        let analysis = clock.now
        await settle(effects)
        print("  analysis, off the loop     \(Self.text(clock.now - analysis))")
        print("  memory above the trace     \((Memory.inUse - before) / max(1, trace.spans.count)) bytes a span")
        await keys("a row down, in sight", ["down"], times: min(20, context.body.rows / 3))
        await keys("a row down", ["down"], times: 300)
        await keys("moves", Self.moves, times: 20)
        await keys("folding", Self.folding, times: 10)
        await keys("time", Self.time, times: 20)
        await keys("details", ["details", "down", "down", "back", "wrap"], times: 20)
        await search("upstream")
        print("  memory at the end          \((Memory.inUse - before) / max(1, trace.spans.count)) bytes a span")
    }

    private static let moves: [ActionName] = [
        "page-down", "page-up", "next-error", "previous-error", "slower", "faster", "last", "first", "slowest",
        "parent",
        "critical-path", "next-stretch", "previous-stretch", "mark", "next-mark",
    ]
    private static let folding: [ActionName] = [
        "fold", "fold", "fold-level", "open-level", "fold-all", "open-all", "repeats", "repeats", "close", "open",
    ]
    private static let time: [ActionName] = [
        "zoom-in", "zoom-in", "pan-right", "pan-left", "leap-right", "cursor", "cursor-right", "cursor-left", "fit",
        "zoom-out", "whole", "cursor",
    ]

    /// From the key to the bytes of its picture.
    private mutating func keys(_ what: String, _ actions: [ActionName], times: Int) async {
        var waits: [(wait: Duration, action: ActionName)] = []
        var work: [Duration] = []
        var most = 0
        var sum = 0
        for _ in 0..<times {
            for action in actions {
                let start = clock.now
                let cpu = Self.processor
                let effects =
                    action == "back" ? screen.back(context) ?? [] : screen.perform(action, argument: "", context)
                let bytes = draw()
                waits.append((clock.now - start, action))
                work.append(Self.processor - cpu)
                most = max(most, bytes)
                sum += bytes
                await settle(effects)
            }
        }
        waits.sort { $0.wait < $1.wait }
        work.sort()
        let last = waits.count - 1
        let p99 = waits.count * 99 / 100
        print(
            "  \(what.padded(to: 26)) p50 \(Self.text(waits[last / 2].wait)), p99 \(Self.text(waits[min(last, p99)].wait)), "
                + "longest \(Self.text(waits[last].wait)) (\(waits[last].action)); of the processor p99 "
                + "\(Self.text(work[min(last, p99)])), most \(Self.text(work[last])); bytes mean \(sum / waits.count), most \(most)"
        )
    }

    /// What this thread has used of the processor: other programs on the machine make waits longer, but not this.
    private static var processor: Duration {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    private static func cpu(_ work: () -> Void) -> Duration {
        let start = processor
        work()
        return processor - start
    }

    private mutating func search(_ word: String) async {
        let start = clock.now
        let effects = screen.perform("find", argument: word, context)
        _ = draw()
        let typed = clock.now - start
        await settle(effects)
        _ = draw()
        print(
            "  find \(word.padded(to: 21)) \(Self.text(typed)) to the letter, \(Self.text(clock.now - start)) to what is found"
        )
        await keys("among what is found", ["next-match", "previous-match", "sift", "sift"], times: 20)
        _ = screen.back(context)
    }

    private mutating func draw() -> Int {
        frame.clear()
        screen.view(&frame, in: context.body, context)
        return writer.bytes(for: frame).count
    }

    private mutating func settle(_ effects: [ScreenEffect]) async {
        var waiting = effects
        while let effect = waiting.popLast() {
            if case .compute(let slot, let work) = effect {
                waiting += screen.receive(computed: await work(), slot: slot, context)
            }
        }
    }

    private static func text(_ duration: Duration) -> String {
        let microseconds = duration / .microseconds(1)
        return "\((microseconds / 10).rounded() / 100) ms"
    }
}

enum Memory {
    /// Bytes that are resident, after the allocator has given back what it can.
    static var inUse: Int {
        #if canImport(Glibc)
            typealias Trim = @convention(c) (Int) -> Int32
            if let trim = dlsym(nil, "malloc_trim") { _ = unsafeBitCast(trim, to: Trim.self)(0) }
        #endif
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        guard fgets(&line, 128, file) != nil else { return 0 }
        let fields = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self).split(separator: " ")
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * 4_096 : 0
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
