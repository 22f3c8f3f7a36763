// SPDX-License-Identifier: Apache-2.0
// What runs on a terminal: a value that is told what happened, answers with what shall be done, and draws itself. It
// does nothing on its own, so a test can be the terminal and the world.

package protocol Program: Sendable {
    associatedtype Message: Sendable

    /// Called once, before anything else.
    mutating func start(_ size: Size) -> [Effect<Message>]
    mutating func receive(_ input: Input) -> [Effect<Message>]
    mutating func receive(_ message: Message) -> [Effect<Message>]
    /// Draws all of the picture onto an empty frame. MAY be left out between two changes: only the newest is drawn.
    func view(_ frame: inout Frame)
}

/// What a program wants done.
package enum Effect<Message: Sendable>: Sendable {
    /// Work whose result comes back as a message. A later effect with the same key cancels this one: its message is not
    /// delivered any more, even if it is there already.
    case run(key: String?, @Sendable () async -> Message?)
    /// Cancels what has that key.
    case cancel(key: String)
    /// A message after a while; keys as for ``run(key:_:)``.
    case after(key: String?, Duration, Message)
    /// Text for the clipboard of the person at the terminal (OSC 52).
    case copy(String)
    case bell
    /// Everything anew, for a screen that something else has written on.
    case redraw
    /// Back to the shell until it brings the program to the foreground.
    case suspend
    /// Ends the loop with that status. Work under way is cancelled and not waited for.
    case quit(Int32)
    /// A line for the normal screen, written after the program has left.
    case printAfter(String)
}
