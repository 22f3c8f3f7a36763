// SPDX-License-Identifier: Apache-2.0
// What the loop needs of a terminal: bytes out, events in. DeviceTerminal is the one this process hangs on,
// MemoryTerminal one without a screen, for tests and benchmarks.

package protocol Terminal: AnyObject, Sendable {
    var size: Size { get }

    /// Takes the terminal over: keys arrive one by one, the second screen is shown. From now on events are posted, from
    /// any thread, until ``stop()``.
    func start(_ post: @escaping @Sendable (TerminalEvent) -> Void) throws(TerminalError)

    /// Writes as fast as the terminal reads, without waiting for it; ``TerminalEvent/drained`` is posted when all is out.
    /// MUST NOT be called before that with another picture: what is underway can't be taken back.
    func write(_ bytes: [UInt8])

    /// Gives the terminal back to the shell until that brings the process to the foreground again; then
    /// ``Input/resume`` is posted.
    func suspend()

    /// Gives the terminal back as it was. What was not written yet is left out.
    func stop()

    /// Writes a line on the screen that is there after ``stop()``.
    func printAfterwards(_ line: String)
}

package enum TerminalEvent: Sendable {
    case input(Input)
    case drained
    /// The terminal is gone, as after a hang-up.
    case closed

    /// Keys and mouse may be dropped where they pile up; that the size is another may not.
    var isDispensable: Bool {
        switch self {
        case .input(.key), .input(.mouse), .input(.paste): true
        default: false
        }
    }
}

package struct TerminalError: Error, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
