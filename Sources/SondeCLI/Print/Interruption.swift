// SPDX-License-Identifier: Apache-2.0
// Ctrl-C in the middle of a long task: files that are not whole yet go, the progress line goes, and the process ends as
// every other one does that a signal ends. Shells show that as status 130 (SIGINT) or 143 (SIGTERM).

import Synchronization

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

enum Interruption {
    /// Where the paths to remove lie, each ended by a zero byte, the last by two; 0 for none. A signal's handler may
    /// neither allocate nor lock.
    private static let unfinished = Atomic<UInt>(0)
    private static let hasProgressLine = Atomic(false)
    private static let hasSecondScreen = Atomic(false)

    /// These files go if a signal ends the process before ``keep()``. A process writes one result at a time.
    static func remove(_ paths: [String]) {
        watch()
        let bytes: [CChar] = paths.flatMap { (path: String) -> [CChar] in Array(path.utf8CString) } + [0]
        let list = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
        list.initialize(from: bytes, count: bytes.count)
        // The list that was there before is not freed: a handler may be reading it. It is some dozen bytes, once or twice.
        unfinished.store(UInt(bitPattern: list), ordering: .releasing)
    }

    /// The files have become what they should be, or are gone.
    static func keep() { unfinished.store(0, ordering: .releasing) }

    /// Whether there is a progress line on the terminal, which would otherwise stand before the shell's prompt.
    static func progressLine(isOnScreen: Bool) {
        watch()
        hasProgressLine.store(isOnScreen, ordering: .relaxed)
    }

    /// Whether the terminal shows its second screen, on which a prompt would be lost.
    static func secondScreen(isOn: Bool) {
        watch()
        hasSecondScreen.store(isOn, ordering: .relaxed)
    }

    private static func watch() { _ = watching }

    private static let watching: Void = {
        // All must have been initialized before a handler touches them.
        _ = (unfinished.load(ordering: .relaxed), hasProgressLine.load(ordering: .relaxed))
        _ = hasSecondScreen.load(ordering: .relaxed)
        for number in [SIGINT, SIGTERM, SIGHUP] {
            // Who started us may want this signal ignored, as nohup does.
            let before = unsafeBitCast(signal(number, end), to: Int.self)
            if before == unsafeBitCast(SIG_IGN, to: Int.self) { signal(number, SIG_IGN) }
        }
    }()

    private static let end: @convention(c) (CInt) -> Void = { number in
        if var path = UnsafePointer<CChar>(bitPattern: unfinished.load(ordering: .acquiring)) {
            while path.pointee != 0 {
                unlink(path)
                path += strlen(path) + 1
            }
        }
        if hasProgressLine.load(ordering: .relaxed) {
            "\r\u{1B}[2K".withCString { eraser in
                _ = write(STDERR_FILENO, eraser, 5)
            }
        }
        if hasSecondScreen.load(ordering: .relaxed) {
            // SondeTerminal's ScreenText.leave, in a form that allocates nothing.
            "\u{1B}[?1049l\u{1B}[?25h".withCString { leave in
                _ = write(STDOUT_FILENO, leave, 14)
            }
        }
        signal(number, SIG_DFL)
        raise(number)
    }
}
