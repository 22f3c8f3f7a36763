// SPDX-License-Identifier: Apache-2.0
// How many connections the process can afford: an accept that fails for want of file descriptors ends the listener.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

enum DescriptorLimit {
    /// The share of one listener, after raising the process's soft limit as far as the hard one and our need allow.
    static func connections(perListener wanted: Int, listeners: Int) -> Int {
        let reserved = ServerLimits.reservedDescriptors
        let available = raise(to: wanted * listeners + reserved)
        return max(1, min(wanted, (available - reserved) / listeners))
    }

    /// Descriptors that this process may have open.
    private static func raise(to wanted: Int) -> Int {
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return fallback }
        let current = Int(clamping: limit.rlim_cur)
        guard current < wanted else { return current }
        limit.rlim_cur = min(limit.rlim_max, rlim_t(wanted))
        guard setrlimit(resource, &limit) == 0 else { return current }
        return Int(clamping: limit.rlim_cur)
    }

    /// What POSIX systems give at least by custom.
    private static let fallback = 256

    #if canImport(Glibc)
        private static let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
        private static let resource = RLIMIT_NOFILE
    #endif
}
