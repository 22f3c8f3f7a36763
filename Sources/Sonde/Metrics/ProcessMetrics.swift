// SPDX-License-Identifier: Apache-2.0
// What the operating system knows about this process, under the names that Prometheus client libraries share. Read from
// /proc at each scrape; on other systems only the CPU time is shown.
//
// https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics

import SondeWire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

extension MetricsRegistry {
    func addProcessMetrics() {
        observe(.cpu, as: .counter) { ProcessStatus.cpuSeconds }
        #if os(Linux)
            observe(.residentMemory, as: .gauge) { ProcessStatus.memory.resident }
            observe(.virtualMemory, as: .gauge) { ProcessStatus.memory.virtual }
            observe(.anonymousMemory, as: .gauge) { ProcessStatus.anonymousMemory }
            observe(.openFiles, as: .gauge) { ProcessStatus.openFiles }
            observe(.maxFiles, as: .gauge) { ProcessStatus.maxFiles }
            observe(.threads, as: .gauge) { ProcessStatus.threads }
            let startTime = ProcessStatus.startTimeSeconds
            observe(.startTime, as: .gauge) { startTime }
        #endif
        setInfo(MetricName.runtime.name, help: MetricName.runtime.help, labels: SwiftRuntime.labels)
    }
}

/// Readings of this process. What cannot be read is NaN, which Prometheus keeps apart from zero.
enum ProcessStatus {
    static var cpuSeconds: Double {
        var time = timespec()
        guard clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return .nan }
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1_000_000_000
    }

    #if os(Linux)
        /// `/proc/self/statm`: pages of address space, of resident memory, …
        static var memory: (virtual: Double, resident: Double) {
            withText(of: "/proc/self/statm") { text in
                let pageSize = Double(sysconf(Int32(_SC_PAGESIZE)))
                return (number(text, field: 0) * pageSize, number(text, field: 1) * pageSize)
            }
        }

        /// `RssAnon: 1234 kB` of `/proc/self/status`, which is among its first lines.
        static var anonymousMemory: Double {
            withText(of: "/proc/self/status") { text in
                let name: StaticString = "RssAnon:"
                return name.withUTF8Buffer { name in
                    var place = 0
                    while place + name.count < text.count {
                        if text[place..<(place + name.count)].elementsEqual(name) {
                            let rest = text[(place + name.count)...].drop { $0 == 0x20 || $0 == 0x09 }
                            return number(UnsafeRawBufferPointer(rebasing: rest), field: 0) * 1_024
                        }
                        place += 1
                    }
                    return .nan
                }
            }
        }

        /// Linux 6.2 and later tell the number as the folder's size; before, the folder is read.
        static var openFiles: Double {
            var status = stat()
            if stat("/proc/self/fd", &status) == 0, status.st_size > 0 { return Double(status.st_size) }
            guard let folder = opendir("/proc/self/fd") else { return .nan }
            defer { closedir(folder) }
            var count = 0
            while readdir(folder) != nil { count += 1 }
            // Not files of ours: `.`, `..` and the descriptor that reads the folder.
            return Double(max(0, count - 3))
        }

        static var maxFiles: Double {
            var limit = rlimit()
            guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return .nan }
            return Double(limit.rlim_cur)
        }

        /// Field 20 of `/proc/self/stat`.
        static var threads: Double {
            withText(of: "/proc/self/stat") { number(behindName($0), field: 17) }
        }

        /// Field 22 of `/proc/self/stat` (clock ticks after boot) and `btime` of `/proc/stat`.
        static var startTimeSeconds: Double {
            let ticks = withText(of: "/proc/self/stat") { number(behindName($0), field: 19) }
            return bootSeconds + ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
        }

        /// `btime` stands behind the lines of all processors; the file is read whole, once.
        private static var bootSeconds: Double {
            let file = open("/proc/stat", O_RDONLY | O_CLOEXEC)
            guard file >= 0 else { return .nan }
            defer { close(file) }
            var bytes: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 16_384)
            while true {
                let count = read(file, &chunk, chunk.count)
                guard count > 0 else { break }
                bytes += chunk[..<count]
            }
            let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("btime ") }
            return line.flatMap { Double($0.dropFirst(6)) } ?? .nan
        }

        /// The fields behind the command's name, which may hold blanks and parentheses: from field 3 on.
        private static func behindName(_ text: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
            let end = text.lastIndex(of: UInt8(ascii: ")")) ?? 0
            return UnsafeRawBufferPointer(rebasing: text[min(end + 2, text.count)...])
        }

        /// A whole number among fields that blanks divide; NaN if there is none.
        private static func number(_ text: UnsafeRawBufferPointer, field: Int) -> Double {
            var field = field
            var value = Double.nan
            for byte in text {
                if byte == UInt8(ascii: " ") {
                    if field == 0 { return value }
                    field -= 1
                } else if field == 0 {
                    guard (0x30...0x39).contains(byte) else { return value }
                    value = (value.isNaN ? 0 : value) * 10 + Double(byte - 0x30)
                }
            }
            return value
        }

        /// The beginning of a small file of the proc file system, read without allocating: scrapes come often.
        private static func withText<Result>(
            of path: StaticString, _ body: (UnsafeRawBufferPointer) -> Result
        ) -> Result {
            withUnsafeTemporaryAllocation(byteCount: 2_048, alignment: 8) { memory in
                let file = path.withUTF8Buffer { name in
                    name.withMemoryRebound(to: CChar.self) { name in
                        name.baseAddress.map { open($0, O_RDONLY | O_CLOEXEC) } ?? -1
                    }
                }
                guard file >= 0 else { return body(UnsafeRawBufferPointer(start: nil, count: 0)) }
                defer { close(file) }
                let count = max(0, read(file, memory.baseAddress, memory.count))
                return body(UnsafeRawBufferPointer(rebasing: memory[..<count]))
            }
        }
    #endif
}

/// What the program was built with.
package enum SwiftRuntime {
    static var labels: [(String, String)] {
        [("compiler", compiler), ("system", system), ("architecture", architecture)]
    }

    /// The compiler that built the program.
    package static var compiler: String {
        #if compiler(>=6.4)
            "6.4 or later"
        #elseif compiler(>=6.3)
            "6.3"
        #elseif compiler(>=6.2)
            "6.2"
        #else
            "6.1"
        #endif
    }

    private static var system: String {
        #if os(Linux)
            "linux"
        #elseif os(macOS)
            "darwin"
        #else
            "other"
        #endif
    }

    private static var architecture: String {
        #if arch(x86_64)
            "x86_64"
        #elseif arch(arm64)
            "arm64"
        #else
            "other"
        #endif
    }
}
