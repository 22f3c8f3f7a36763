// SPDX-License-Identifier: Apache-2.0
// The terminal this process hangs on. One thread waits for it and nothing else: it reads what is typed, writes what is to
// be drawn as fast as the terminal takes it, and hears from signals. The program never waits for the terminal.

import Synchronization

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

package final class DeviceTerminal: Terminal {
    private struct State {
        var post: (@Sendable (TerminalEvent) -> Void)?
        /// What is to be written, from `written` on.
        var output: [UInt8] = []
        var written = 0
        var wantsSuspension = false
        var wantsEnd = false
        var isRunning = false
        var size = Size(columns: 0, rows: 0)
        var lines: [String] = []
        var fence = FrameFence()
    }

    private let descriptor: Int32
    /// Bytes in here wake the thread.
    private let wakeUp: Pipe
    /// A byte in here says that the thread has ended.
    private let ended: Pipe
    private let wantsMouse: Bool
    private let state = Mutex(State())

    /// Opens the terminal behind standard output.
    /// - Parameter wantsMouse: whether the mouse is the program's; the person can still select text with Shift.
    /// - Throws: a sentence if there is none, or if it can't show pictures.
    package init(environment: [String: String], wantsMouse: Bool = true) throws(TerminalError) {
        guard Device.isTerminal(.output) else {
            throw TerminalError("cannot draw: standard output is not a terminal")
        }
        let term = environment["TERM"] ?? ""
        guard !["", "dumb", "unknown"].contains(term) else {
            let said = term.isEmpty ? "TERM is not set" : "TERM is \(term)"
            throw TerminalError("cannot draw on this terminal: \(said), which means that it can't move its cursor")
        }
        // Opened anew: a descriptor that doesn't wait is a property of the open file, which we share with the shell.
        let opened = Self.open()
        guard opened >= 0 else {
            throw TerminalError("cannot open the terminal: \(String(cString: strerror(errno)))")
        }
        guard let wakeUp = Pipe(), let ended = Pipe() else {
            let reason = String(cString: strerror(errno))
            close(opened)
            throw TerminalError("cannot make a pipe: \(reason)")
        }
        descriptor = opened
        (self.wakeUp, self.ended) = (wakeUp, ended)
        self.wantsMouse = wantsMouse
        state.withLock { $0.size = Self.size(of: opened) }
    }

    deinit { close(descriptor) }

    package var size: Size { state.withLock { $0.size } }

    private static func open() -> Int32 {
        let flags = O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC
        if let name = ttyname(STDOUT_FILENO) {
            let opened = systemOpen(name, flags)
            if opened >= 0 { return opened }
        }
        return systemOpen("/dev/tty", flags)
    }

    /// A terminal that doesn't say is as large as terminals always were.
    private static func size(of descriptor: Int32) -> Size {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 0, size.ws_col > 0 else {
            return Size(columns: Limits.columnsOfSilentTerminal, rows: Limits.rowsOfSilentTerminal)
        }
        return Size(columns: min(Int(size.ws_col), Limits.maxColumns), rows: min(Int(size.ws_row), Limits.maxRows))
    }
}

// MARK: - What the loop asks for

extension DeviceTerminal {
    package func start(_ post: @escaping @Sendable (TerminalEvent) -> Void) throws(TerminalError) {
        var guarded = GuardedTerminal(
            descriptor: descriptor, wakeDescriptor: wakeUp.in,
            enter: TerminalModes.enter(mouse: wantsMouse).lasting, leave: TerminalModes.leave.lasting,
            before: TerminalGuard.actions())
        guard tcgetattr(descriptor, &guarded.original) == 0 else {
            throw TerminalError("cannot ask the terminal for its modes: \(String(cString: strerror(errno)))")
        }
        guarded.raw = guarded.original
        cfmakeraw(&guarded.raw)
        redirectErrors(&guarded)
        TerminalGuard.install(guarded)
        guard TerminalGuard.enter() else {
            TerminalGuard.uninstall()
            throw TerminalError("cannot change the terminal's modes: \(String(cString: strerror(errno)))")
        }
        state.withLock { state in
            state.post = post
            state.isRunning = true
            state.size = Self.size(of: descriptor)
        }
        guard Self.startThread(self) else {
            TerminalGuard.leave()
            TerminalGuard.uninstall()
            throw TerminalError("cannot start a thread for the terminal")
        }
    }

    package func write(_ bytes: [UInt8]) {
        state.withLock { state in
            state.output += bytes
            state.output += state.fence.ask()
        }
        wake()
    }

    package func suspend() {
        state.withLock { $0.wantsSuspension = true }
        wake()
    }

    package func stop() {
        state.withLock { $0.wantsEnd = true }
        wake()
        if state.withLock({ $0.isRunning }) {
            var end = pollfd(fd: ended.out, events: Int16(POLLIN), revents: 0)
            poll(&end, 1, Limits.endWaitMilliseconds)
        }
        TerminalGuard.leave()
        TerminalGuard.showErrors()
        TerminalGuard.uninstall()
        let lines = state.withLock { state in
            (state.post, state.isRunning) = (nil, false)
            return state.lines
        }
        for line in lines {
            let bytes = Array((VisibleText.make(line) + "\n").utf8)
            _ = bytes.withUnsafeBytes { systemWrite(STDOUT_FILENO, $0) }
        }
    }

    package func printAfterwards(_ line: String) { state.withLock { $0.lines.append(line) } }

    private func wake() {
        // A full pipe wakes as well as one byte more.
        _ = withUnsafeBytes(of: UInt8(ascii: ".")) { systemWrite(wakeUp.in, $0) }
    }

    /// Anything written to standard error meanwhile would land in the picture; it is kept and shown afterwards.
    private func redirectErrors(_ guarded: inout GuardedTerminal) {
        guard Device.isTerminal(.error), let file = tmpfile() else { return }
        let kept = fcntl(fileno(file), F_DUPFD_CLOEXEC, 3)
        fclose(file)
        let real = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)
        guard kept >= 0, real >= 0 else { return }
        (guarded.errorFile, guarded.realError) = (kept, real)
    }
}

// MARK: - The thread

extension DeviceTerminal {
    /// Detached: ``stop()`` hears through a pipe that it has ended, and has a bound to how long it listens.
    private static func startThread(_ this: DeviceTerminal) -> Bool {
        let pointer = Unmanaged.passRetained(this).toOpaque()
        #if canImport(Glibc)
            var thread = pthread_t()
            let error = pthread_create(&thread, nil, { DeviceTerminal.threadBody($0) }, pointer)
            if error == 0 { pthread_detach(thread) }
        #else
            var thread: pthread_t?
            let error = pthread_create(&thread, nil, { DeviceTerminal.threadBody($0) }, pointer)
            if error == 0, let thread { pthread_detach(thread) }
        #endif
        if error != 0 { Unmanaged<DeviceTerminal>.fromOpaque(pointer).release() }
        return error == 0
    }

    private static func threadBody(_ this: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        guard let this else { return nil }
        // Handlers wait for this thread's writes, so none of them runs on it.
        var mask = sigset_t()
        sigemptyset(&mask)
        for number in TerminalGuard.endings + TerminalGuard.notices { sigaddset(&mask, number) }
        pthread_sigmask(SIG_BLOCK, &mask, nil)
        let terminal = Unmanaged<DeviceTerminal>.fromOpaque(this).takeRetainedValue()
        terminal.serve()
        _ = withUnsafeBytes(of: UInt8(ascii: ".")) { systemWrite(terminal.ended.in, $0) }
        return nil
    }

    /// Waits and works until ``stop()``.
    private func serve() {
        var decoder = InputDecoder()
        var isOpen = true
        while true {
            let wanted = state.withLock { state in
                defer { state.wantsSuspension = false }
                return (
                    end: state.wantsEnd, suspension: state.wantsSuspension, output: !state.output.isEmpty,
                    answer: state.fence.patience(now: .now)
                )
            }
            if wanted.end { return leave(&decoder) }
            if wanted.suspension { suspendNow(&decoder) }
            var events = [
                pollfd(fd: wakeUp.out, events: Int16(POLLIN), revents: 0),
                pollfd(
                    fd: isOpen ? descriptor : -1,
                    events: Int16(POLLIN) | (wanted.output && TerminalGuard.hasEntered ? Int16(POLLOUT) : 0),
                    revents: 0),
            ]
            let pause = [decoder.patience, wanted.answer].compactMap(\.self).min()
            let count = poll(&events, nfds_t(events.count), Self.milliseconds(pause))
            if count == 0 { noticePause(&decoder, pause) }
            guard count > 0 else { continue }
            if events[0].revents != 0 { hearSignals() }
            if events[1].revents & Int16(POLLOUT) != 0 { writeSome() }
            if events[1].revents & Int16(POLLIN | POLLHUP | POLLERR) != 0, !readSome(&decoder) {
                isOpen = false
                post(.closed)
            }
        }
    }

    /// Nothing came for as long as was to be waited for something.
    private func noticePause(_ decoder: inout InputDecoder, _ pause: Duration?) {
        if let patience = decoder.patience, let pause, patience <= pause { decoder.flush(post) }
        if state.withLock({ $0.fence.expired(now: .now) }) { post(.drained) }
    }

    /// Answers that are on their way would be typed into the shell.
    private func leave(_ decoder: inout InputDecoder) {
        var events = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while state.withLock({ $0.fence.expectsAnswers && $0.output.isEmpty }),
            poll(&events, 1, Limits.lastAnswerMilliseconds) > 0, readSome(&decoder)
        {}
        TerminalGuard.leave()
    }

    private static func milliseconds(_ pause: Duration?) -> Int32 {
        guard let pause else { return -1 }
        return Int32(clamping: pause.components.seconds * 1_000 + pause.components.attoseconds / 1_000_000_000_000_000)
    }

    /// - Returns: false if the terminal is gone.
    private func readSome(_ decoder: inout InputDecoder) -> Bool {
        var buffer = [UInt8](repeating: 0, count: Limits.inputBytes)
        let count = read(descriptor, &buffer, buffer.count)
        if count > 0 {
            let answers = decoder.statusReports
            decoder.feed(buffer[..<count], post)
            let new = decoder.statusReports - answers
            if new > 0, state.withLock({ $0.fence.answered(new) }) { post(.drained) }
            return true
        }
        return count < 0 && (errno == EAGAIN || errno == EINTR)
    }

    private func writeSome() {
        let isDone = state.withLock { state -> Bool in
            guard !state.output.isEmpty else { return false }
            let written = state.output[state.written...].withUnsafeBytes { bytes in
                TerminalGuard.writing { systemWrite(descriptor, bytes) }
            }
            state.written += max(0, written ?? 0)
            guard state.written == state.output.count else { return false }
            state.output.removeAll(keepingCapacity: true)
            state.written = 0
            return state.fence.flushed(now: .now)
        }
        if isDone { post(.drained) }
    }

    private func hearSignals() {
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = read(wakeUp.out, &bytes, bytes.count)
        guard count > 0 else { return }
        if bytes[..<count].contains(UInt8(ascii: "c")) { resume() }
        if bytes[..<count].contains(UInt8(ascii: "w")) { noticeSize() }
    }

    private func noticeSize() {
        let size = Self.size(of: descriptor)
        let isNew = state.withLock { state in
            defer { state.size = size }
            return state.size != size
        }
        if isNew { post(.input(.resize(size))) }
    }

    /// To all of the group, as the terminal does on Ctrl-Z: whoever started us stops too.
    private func suspendNow(_ decoder: inout InputDecoder) {
        guard TerminalGuard.canStop else { return }
        leave(&decoder)
        kill(0, SIGTSTP)
    }

    /// What was on the screen is not there any more, so what is left of the last picture is of no use.
    private func resume() {
        guard TerminalGuard.enter() else { return }
        state.withLock { state in
            state.output.removeAll()
            state.written = 0
            state.fence.forget()
        }
        noticeSize()
        post(.input(.resume))
        post(.drained)
    }

    private func post(_ input: Input) { post(.input(input)) }
    private func post(_ event: TerminalEvent) { state.withLock { $0.post }?(event) }
}

/// Two ends that don't wait, closed with the last who holds them.
private final class Pipe: Sendable {
    let out: Int32
    let `in`: Int32

    init?() {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return nil }
        for end in ends {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        (out, `in`) = (ends[0], ends[1])
    }

    deinit {
        close(out)
        close(`in`)
    }
}

private func systemOpen(_ path: UnsafePointer<CChar>, _ flags: Int32) -> Int32 { open(path, flags) }

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    write(descriptor, bytes.baseAddress, bytes.count)
}
