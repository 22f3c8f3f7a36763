// SPDX-License-Identifier: Apache-2.0
// A command in our place: it has our terminal, our process group and our streams, hears the signals that are sent to us,
// and we end as it ended. Foundation's Process puts its children into a group of their own, which takes the terminal away.

import Synchronization

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

enum ChildProcess {
    /// How a command ended.
    enum End: Hashable {
        case exited(Int32)
        case signalled(Int32)
        /// It never ran: the error of the system.
        case notStarted(Int32)
    }

    /// Runs a command to its end. Blocks the calling thread: whoever wraps a command has nothing else to do meanwhile.
    ///
    /// - Parameter started: told the process id once there is one.
    static func run(
        _ command: [String], environment: [String: String], started: (Int32) -> Void
    ) -> End {
        forwardSignals()
        // Where our caller ignores the ends of children, the system would not keep how this one ended.
        signal(SIGCHLD, SIG_DFL)
        var process = pid_t()
        let error = spawn(command, environment, &process)
        guard error == 0 else { return .notStarted(error) }
        child.store(process, ordering: .sequentiallyConsistent)
        // A signal that came between the two has been kept.
        let early = pending.exchange(0, ordering: .sequentiallyConsistent)
        if early != 0 { kill(process, early) }
        started(process)
        var status: Int32 = 0
        var found = waitpid(process, &status, 0)
        while found < 0, errno == EINTR { found = waitpid(process, &status, 0) }
        child.store(0, ordering: .sequentiallyConsistent)
        restoreSignals()
        guard found == process else { return .notStarted(errno) }
        let signal = status & 0x7F
        return signal == 0 ? .exited((status >> 8) & 0xFF) : .signalled(signal)
    }

    /// Ends this process as its command ended, so that a shell that looks for Ctrl-C in a script sees it.
    static func end(as end: End) -> Never {
        switch end {
        case .exited(let status): exit(status)
        case .notStarted(let error): exit(statusOfNotStarted(error))
        case .signalled(let number):
            // Signals that dump the memory of a process would dump ours, which tells nothing of the command.
            if [SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGKILL, SIGALRM, SIGUSR1, SIGUSR2].contains(number) {
                signal(number, SIG_DFL)
                var only = sigset_t()
                sigemptyset(&only)
                sigaddset(&only, number)
                pthread_sigmask(SIG_UNBLOCK, &only, nil)
                kill(getpid(), number)
            }
            exit(128 + number)
        }
    }

    /// 127 for a command that is not there and 126 for one that may not be run, as in every shell.
    static func statusOfNotStarted(_ error: Int32) -> Int32 { error == ENOENT ? 127 : 126 }

    static func reason(_ error: Int32) -> String {
        error == ENOENT ? "there is no such program" : String(cString: strerror(error)).lowercased()
    }

    private static func spawn(
        _ command: [String], _ environment: [String: String], _ process: inout pid_t
    ) -> Int32 {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The command begins as a shell would begin it: this thread holds signals back, and we ignore broken pipes.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigaddset(&signals, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var words: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] =
            environment.sorted { $0.key < $1.key }.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in words + variables { free(text) } }
        return posix_spawnp(&process, command[0], nil, &attributes, &words, &variables)
    }
}

// MARK: - Signals

extension ChildProcess {
    /// The process that gets our signals; 0 before it runs and after it ended. A signal's handler may neither allocate
    /// nor lock.
    private static let child = Atomic<Int32>(0)
    /// A signal that came before there was a child.
    private static let pending = Atomic<Int32>(0)

    private static let forwarded = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH]

    /// With the command gone, signals are for us again: nobody must wait for a collector that does not answer.
    private static func restoreSignals() {
        for number in forwarded {
            var present = sigaction()
            sigaction(number, nil, &present)
            if !present.isIgnored { signal(number, SIG_DFL) }
        }
    }

    private static func forwardSignals() {
        // Both must have been initialized before a handler touches them.
        _ = (child.load(ordering: .relaxed), pending.load(ordering: .relaxed))
        for number in forwarded {
            var before = sigaction()
            sigaction(number, nil, &before)
            // What our caller wants ignored, as nohup does, the command ignores as well.
            guard !before.isIgnored else { continue }
            var action = sigaction()
            action.set(forward)
            sigemptyset(&action.sa_mask)
            action.sa_flags = Int32(SA_SIGINFO | SA_RESTART)
            sigaction(number, &action, nil)
        }
    }

    private static let forward:
        @convention(c) (Int32, UnsafeMutablePointer<siginfo_t>?, UnsafeMutableRawPointer?) -> Void =
            { number, info, _ in
                // The terminal's own signals go to the whole group: the command has had this one already.
                if let info, info.pointee.si_code > 0 { return }
                let process = child.load(ordering: .sequentiallyConsistent)
                if process > 0 {
                    kill(process, number)
                } else {
                    pending.store(number, ordering: .sequentiallyConsistent)
                }
            }
}

extension sigaction {
    fileprivate var isIgnored: Bool {
        #if canImport(Darwin)
            unsafeBitCast(__sigaction_u.__sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
        #elseif canImport(Musl)
            unsafeBitCast(__sa_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
        #else
            unsafeBitCast(__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
        #endif
    }

    fileprivate mutating func set(
        _ handler: @escaping @convention(c) (Int32, UnsafeMutablePointer<siginfo_t>?, UnsafeMutableRawPointer?) -> Void
    ) {
        #if canImport(Darwin)
            __sigaction_u.__sa_sigaction = handler
        #elseif canImport(Musl)
            __sa_handler.sa_sigaction = handler
        #else
            __sigaction_handler.sa_sigaction = handler
        #endif
    }
}
