// SPDX-License-Identifier: Apache-2.0
// Gives the terminal back however the process ends or stops: by a signal, by a crash, by exit. What handlers do is what
// they may: no allocation, no lock, only system calls on what was prepared before (signal-safety(7)).
//
//    SIGINT SIGTERM SIGHUP SIGQUIT     leave, show what was written to standard error, then what would have happened
//    SIGSEGV SIGABRT SIGILL SIGTRAP …  without us
//    SIGTSTP                           leave, stop; when continued, tell the terminal's thread
//    SIGCONT SIGWINCH                  tell the terminal's thread

import Synchronization

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// What handlers need, made before there are any and never freed.
struct GuardedTerminal {
    var descriptor: Int32
    /// The end into which handlers write one byte: `w` for a new size, `c` for continued.
    var wakeDescriptor: Int32
    /// How the terminal was before.
    var original = termios()
    /// How it is while a program has it.
    var raw = termios()
    var enter: UnsafeBufferPointer<UInt8>
    var leave: UnsafeBufferPointer<UInt8>
    /// Where standard error goes meanwhile, and the real one; -1 if it was left alone.
    var errorFile: Int32 = -1
    var realError: Int32 = -1
    /// What was there before our handlers, by signal.
    let before: UnsafeMutablePointer<sigaction>
}

enum TerminalGuard {
    private static let guarded = Atomic<UInt>(0)
    private static let isEntered = Atomic(false)
    /// Whether the terminal's thread is in the middle of a write, which would otherwise land on the screen we leave to.
    private static let isWriting = Atomic(false)

    /// Room for what was there before our handlers.
    static func actions() -> UnsafeMutablePointer<sigaction> {
        let actions = UnsafeMutablePointer<sigaction>.allocate(capacity: Int(highestSignal) + 1)
        actions.initialize(repeating: sigaction(), count: Int(highestSignal) + 1)
        return actions
    }

    /// Whether who started us wants no program to stop: leaving the terminal would then be for ever.
    private static let ignoresStops = Atomic(false)
    static var canStop: Bool { !ignoresStops.load(ordering: .acquiring) }

    static let endings = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]
    static let crashes = [SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGABRT, SIGFPE]
    static let notices = [SIGTSTP, SIGCONT, SIGWINCH]

    /// Above every signal that is handled here, on all systems.
    private static let highestSignal: CInt = 31

    /// Takes the terminal into care and enters it. One at a time.
    static func install(_ terminal: GuardedTerminal) {
        let pointer = UnsafeMutablePointer<GuardedTerminal>.allocate(capacity: 1)
        pointer.initialize(to: terminal)
        // Handlers must find everything initialized: statics are, on first use.
        _ = (isEntered.load(ordering: .relaxed), isWriting.load(ordering: .relaxed))
        guarded.store(UInt(bitPattern: pointer), ordering: .releasing)
        _ = exitHook
        for number in endings { install(endHandler, for: number, terminal.before) }
        for number in crashes { install(crashHandler, for: number, terminal.before) }
        ignoresStops.store(!install(stopHandler, for: SIGTSTP, terminal.before), ordering: .releasing)
        install(continueHandler, for: SIGCONT, terminal.before)
        install(sizeHandler, for: SIGWINCH, terminal.before)
    }

    /// Puts back the handlers that were there. The terminal has been left by then.
    static func uninstall() {
        for number in endings + crashes + notices { actAsBefore(number) }
        guarded.store(0, ordering: .releasing)
    }

    private static let exitHook: Void = { atexit { TerminalGuard.leave() } }()

    /// Who started us may want a signal ignored, as nohup does: that stays.
    /// - Returns: false if it is ignored.
    @discardableResult
    private static func install(
        _ handler: @escaping @convention(c) (CInt) -> Void, for number: CInt, _ before: UnsafeMutablePointer<sigaction>
    ) -> Bool {
        sigaction(number, nil, before + Int(number))
        let old = unsafeBitCast(signal(number, handler), to: Int.self)
        guard old == unsafeBitCast(SIG_IGN, to: Int.self) else { return true }
        signal(number, SIG_IGN)
        return false
    }
}

// MARK: - Entering and leaving. Safe in a signal's handler.

extension TerminalGuard {
    private static var terminal: UnsafeMutablePointer<GuardedTerminal>? {
        UnsafeMutablePointer(bitPattern: guarded.load(ordering: .acquiring))
    }

    static var hasEntered: Bool { isEntered.load(ordering: .acquiring) }

    /// - Returns: false if the terminal is gone.
    static func enter() -> Bool {
        guard let terminal else { return false }
        guard tcsetattr(terminal.pointee.descriptor, TCSANOW, &terminal.pointee.raw) == 0 else { return false }
        if terminal.pointee.errorFile >= 0 { dup2(terminal.pointee.errorFile, STDERR_FILENO) }
        isEntered.store(true, ordering: .releasing)
        writeAll(terminal.pointee.enter, to: terminal.pointee.descriptor)
        return true
    }

    static func leave() {
        guard let terminal, isEntered.exchange(false, ordering: .acquiringAndReleasing) else { return }
        for _ in 0..<Limits.writeChecks where isWriting.load(ordering: .acquiring) { usleep(1_000) }
        writeAll(terminal.pointee.leave, to: terminal.pointee.descriptor)
        // What the mouse still said is not for the shell.
        tcflush(terminal.pointee.descriptor, TCIFLUSH)
        tcsetattr(terminal.pointee.descriptor, TCSANOW, &terminal.pointee.original)
        if terminal.pointee.errorFile >= 0 { dup2(terminal.pointee.realError, STDERR_FILENO) }
    }

    /// Runs a write of the terminal's thread, unless the terminal is left or being left.
    static func writing(_ body: () -> Int) -> Int? {
        isWriting.store(true, ordering: .sequentiallyConsistent)
        defer { isWriting.store(false, ordering: .releasing) }
        return isEntered.load(ordering: .sequentiallyConsistent) ? body() : nil
    }

    /// Shows what was written to standard error while the program had the screen, at most the last of it.
    static func showErrors() {
        guard let terminal, terminal.pointee.errorFile >= 0 else { return }
        let file = terminal.pointee.errorFile
        let end = lseek(file, 0, SEEK_END)
        var place = max(0, end - off_t(Limits.shownErrorBytes))
        withUnsafeTemporaryAllocation(byteCount: 1_024, alignment: 1) { buffer in
            while place < end, let start = buffer.baseAddress {
                let count = pread(file, start, buffer.count, place)
                guard count > 0 else { return }
                _ = write(terminal.pointee.realError, start, count)
                place += off_t(count)
            }
        }
        ftruncate(file, 0)
        lseek(file, 0, SEEK_SET)
    }

    /// Writes to a terminal that may be slow, but doesn't wait for one that has stopped.
    private static func writeAll(_ bytes: UnsafeBufferPointer<UInt8>, to descriptor: Int32) {
        var rest = bytes[...]
        var waits = Limits.leaveWaits
        while !rest.isEmpty {
            let written = write(descriptor, UnsafeBufferPointer(rebasing: rest).baseAddress, rest.count)
            if written > 0 {
                rest = rest.dropFirst(written)
            } else if errno == EAGAIN, waits > 0 {
                waits -= 1
                var room = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&room, 1, Limits.leaveWaitMilliseconds)
            } else if errno != EINTR {
                return
            }
        }
    }
}

// MARK: - Handlers

extension TerminalGuard {
    private static let endHandler: @convention(c) (CInt) -> Void = { number in
        TerminalGuard.leave()
        TerminalGuard.showErrors()
        TerminalGuard.actAsBefore(number)
        // Blocked while we handle it: it comes when we return.
        raise(number)
    }

    /// Comes again where it came from, when the instruction runs once more; an abort raises it once more itself.
    private static let crashHandler: @convention(c) (CInt) -> Void = { number in
        TerminalGuard.leave()
        TerminalGuard.showErrors()
        TerminalGuard.actAsBefore(number)
        raise(number)
    }

    private static let stopHandler: @convention(c) (CInt) -> Void = { number in
        let error = errno
        TerminalGuard.leave()
        var mask = sigset_t()
        sigemptyset(&mask)
        sigaddset(&mask, number)
        signal(number, SIG_DFL)
        pthread_sigmask(SIG_UNBLOCK, &mask, nil)
        raise(number)
        // Continued, or not stopped at all: a process without a shell that could continue it is not.
        pthread_sigmask(SIG_BLOCK, &mask, nil)
        signal(number, TerminalGuard.stopHandler)
        TerminalGuard.wake(UInt8(ascii: "c"))
        errno = error
    }

    private static let continueHandler: @convention(c) (CInt) -> Void = { _ in
        TerminalGuard.wake(UInt8(ascii: "c"))
    }

    private static let sizeHandler: @convention(c) (CInt) -> Void = { _ in
        TerminalGuard.wake(UInt8(ascii: "w"))
    }

    private static func actAsBefore(_ number: CInt) {
        guard let terminal else { return }
        sigaction(number, terminal.pointee.before + Int(number), nil)
    }

    private static func wake(_ byte: UInt8) {
        guard let terminal else { return }
        let error = errno
        var byte = byte
        _ = write(terminal.pointee.wakeDescriptor, &byte, 1)
        errno = error
    }
}
