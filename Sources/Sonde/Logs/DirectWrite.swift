// SPDX-License-Identifier: Apache-2.0
// Writing without ever waiting, where the system promises that: to sockets, and to pipes from Linux 6.4 on. Not to files:
// a write to one may wait for the disk whatever is asked for, and terminals are no matter of speed.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

struct DirectWrite: Sendable {
    private enum Kind { case none, pipe, socket }

    private var kind: Kind

    init(descriptor: Int32) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            kind = .none
            return
        }
        switch status.st_mode & S_IFMT {
        #if canImport(Glibc)
            case S_IFIFO: kind = Self.vectorWrite == nil ? .none : .pipe
            case S_IFSOCK: kind = .socket
        #endif
        default: kind = .none
        }
    }

    var isPossible: Bool { kind != .none }

    /// Returns how many bytes were taken; none if the reader is gone as well: what then is right is found out by whoever
    /// may wait. Where the system answers that it cannot promise this, it is not asked again.
    mutating func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int {
        #if canImport(Glibc)
            switch kind {
            case .none: return 0
            case .pipe:
                var isRefused = false
                let count = BrokenPipe.ignored { Self.writeToPipe(bytes, descriptor, &isRefused) }
                if isRefused { kind = .none }
                return count
            case .socket:
                return max(
                    0, send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)))
            }
        #else
            return 0
        #endif
    }

    #if canImport(Glibc)
        private static func writeToPipe(
            _ bytes: UnsafeRawBufferPointer, _ descriptor: Int32, _ isRefused: inout Bool
        ) -> Int {
            guard let vectorWrite else { return 0 }
            var part = iovec(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
            // At -1 the position is that of the descriptor.
            let count = vectorWrite(descriptor, &part, 1, -1, noWait)
            // A kernel whose pipes do not know the promise, or one that does not have the call.
            isRefused = count < 0 && (errno == EOPNOTSUPP || errno == ENOSYS)
            return max(0, count)
        }

        private typealias VectorWrite = @convention(c) (Int32, UnsafeRawPointer, Int32, Int, Int32) -> Int

        /// `pwritev2`, which the C library has and its headers show to programs in GNU C only; nil where it has none.
        private static let vectorWrite: VectorWrite? = dlsym(nil, "pwritev2").map {
            unsafeBitCast($0, to: VectorWrite.self)
        }
        /// RWF_NOWAIT: take what fits, or fail; Linux's headers have it as an expression that Swift does not read.
        private static let noWait: Int32 = 8
    #endif
}

/// A pipe whose reader is gone kills who writes to it, unless SIGPIPE is held back.
enum BrokenPipe {
    #if canImport(Glibc)
        /// Runs `body` with SIGPIPE held back on this thread, and takes away the one it may have caused.
        static func ignored(_ body: () -> Int) -> Int {
            var pipe = sigset_t()
            var before = sigset_t()
            sigemptyset(&pipe)
            sigaddset(&pipe, SIGPIPE)
            pthread_sigmask(SIG_BLOCK, &pipe, &before)
            let result = body()
            if result == 0, errno == EPIPE {
                var now = timespec()
                sigtimedwait(&pipe, nil, &now)
            }
            pthread_sigmask(SIG_SETMASK, &before, nil)
            return result
        }
    #endif

    /// Holds back every signal on this thread for good: it must not run anybody's handler.
    static func blockAllSignals() {
        var all = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, nil)
    }
}

func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}

func systemPoll(_ poll: UnsafeMutablePointer<pollfd>, milliseconds: Int32) -> Int32 {
    #if canImport(Glibc)
        Glibc.poll(poll, 1, milliseconds)
    #elseif canImport(Musl)
        Musl.poll(poll, 1, milliseconds)
    #else
        Darwin.poll(poll, 1, milliseconds)
    #endif
}
