// SPDX-License-Identifier: Apache-2.0
// What comes back to the viewer from its effects.

package import SondeStorage

package enum ViewerMessage: Sendable {
    /// The serial tells an answer that is waited for from one that came too late.
    case answered(Question, serial: Int, Result<Answer, ReadError>)
    /// The time to ask again has come.
    case again(Question)
    case computed(screen: Int, slot: String, serial: Int, any Sendable)
    case woken(screen: Int, slot: String, serial: Int)
    /// The source that could not be reached is tried once more.
    case retry
    /// An export was written, or not.
    case saved(Result<String, ReadError>)
}

/// What a screen asked, and how often.
package struct Question: Hashable, Sendable {
    /// The number of the screen; ``ViewerApp/own`` for the app itself.
    var screen: Int
    var request: Request
    var slot: String
    var interval: Duration?
}
