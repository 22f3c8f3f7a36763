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
            observe(.openFiles, as: .gauge) { ProcessStatus.openFiles }
            observe(.maxFiles, as: .gauge) { ProcessStatus.maxFiles }
            let startTime = ProcessStatus.startTimeSeconds
            observe(.startTime, as: .gauge) { startTime }
        #endif
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
            let pages = text(of: "/proc/self/statm").split(separator: " ").compactMap { Double($0) }
            guard pages.count >= 2 else { return (.nan, .nan) }
            let pageSize = Double(sysconf(Int32(_SC_PAGESIZE)))
            return (pages[0] * pageSize, pages[1] * pageSize)
        }

        static var openFiles: Double {
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

        /// Field 22 of `/proc/self/stat` (clock ticks after boot) and `btime` of `/proc/stat`. Fields are counted from
        /// behind the command's name, which may hold blanks and parentheses.
        static var startTimeSeconds: Double {
            let fields = text(of: "/proc/self/stat").split(separator: ")").last?.split(separator: " ") ?? []
            let boot = text(of: "/proc/stat").split(separator: "\n").first { $0.hasPrefix("btime ") }
            guard fields.count > 19, let ticks = Double(fields[19]),
                let seconds = boot.flatMap({ Double($0.dropFirst(6)) })
            else { return .nan }
            return seconds + ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
        }

        /// A small file of the proc file system, whole.
        private static func text(of path: String) -> String {
            let file = open(path, O_RDONLY | O_CLOEXEC)
            guard file >= 0 else { return "" }
            defer { close(file) }
            var bytes: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 16_384)
            while true {
                let count = read(file, &chunk, chunk.count)
                guard count > 0 else { break }
                bytes += chunk[..<count]
            }
            return String(decoding: bytes, as: UTF8.self)
        }
    #endif
}
