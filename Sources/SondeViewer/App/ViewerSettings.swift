// SPDX-License-Identifier: Apache-2.0
// What the program around the viewer decides: keys, time zone, characters, the clock, and where to begin.

package import SondeModel
package import SondeStorage
package import SondeTerminal

package struct ViewerSettings: Sendable {
    package var zone = Zone.local
    package var charset = Charset.unicode
    /// Keys in place of the usual ones, by screen (``ViewerKeys/name`` for those that work everywhere) and action.
    package var keys: [String: [ActionName: [String]]] = [:]
    package var range = TimeRange.standard
    package var start = ViewerStart.place(.overview)
    package var clock: @Sendable () -> Timestamp

    package init(clock: @escaping @Sendable () -> Timestamp) { self.clock = clock }
}

/// What the viewer shows first.
package enum ViewerStart: Hashable, Sendable {
    case place(Destination)
    /// The trace whose id begins so.
    case trace(TraceIDPrefix, focus: SpanID?)
    /// Two traces whose ids begin so.
    case diff(TraceIDPrefix, TraceIDPrefix?)
}
