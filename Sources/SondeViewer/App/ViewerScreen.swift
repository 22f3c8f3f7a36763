// SPDX-License-Identifier: Apache-2.0
// The door between the viewer's frame and its screens: a screen is a value with a state, an update for all that can
// happen to it, and a view. Whatever it wants of the world it returns as an effect.

package import SondeModel
package import SondeStorage
package import SondeTerminal

/// One screen.
///
/// - Every method returns at once; what takes time is an effect (``ScreenEffect/ask(_:slot:every:)``,
///   ``ScreenEffect/compute(slot:_:)``).
/// - Answers come back to the screen that asked, also while another one is shown; not after it was closed.
/// - While a source can't be reached the app says so and asks again; the screen hears the answer once there is one.
package protocol ViewerScreen: Sendable {
    /// The name in the configuration and in `?`: `trace`.
    static var name: String { get }
    /// The keys that this screen adds to those that work everywhere.
    static var keys: [KeyBinding] { get }

    /// For the line on top: `Traces`, `checkout 4bf92f35`.
    var title: StyledText { get }
    /// The `sonde` command that gives the same answer, without the flags that name the source; nil where there is none.
    func shellCommand(_ context: ScreenContext) -> String?
    /// Where this picture is, so that it can be opened again.
    var place: Destination { get }
    /// Whether a text field has the keys: then they all come to ``receive(_:_:)-(Input,_)``, Escape and `q` included.
    var isTyping: Bool { get }

    /// Once, before the first drawing.
    mutating func opened(_ context: ScreenContext) -> [ScreenEffect]
    /// The screen comes into sight again, or the range of time is another one.
    mutating func shown(_ context: ScreenContext) -> [ScreenEffect]
    mutating func rangeChanged(_ context: ScreenContext) -> [ScreenEffect]
    /// A key of the map, or a `:` command of that name, with what was typed behind it.
    mutating func perform(
        _ action: ActionName, argument: String, _ context: ScreenContext
    ) -> [ScreenEffect]
    /// Input that the map doesn't name: the mouse (rows and columns are the frame's), typing, pasting.
    mutating func receive(_ input: Input, _ context: ScreenContext) -> [ScreenEffect]
    mutating func receive(
        _ answer: Result<Answer, ReadError>, for request: Request, _ context: ScreenContext
    ) -> [ScreenEffect]
    /// What ``ScreenEffect/compute(slot:_:)`` came to.
    mutating func receive(computed value: any Sendable, slot: String, _ context: ScreenContext) -> [ScreenEffect]
    /// A timer of ``ScreenEffect/wake(slot:after:)`` ran out.
    mutating func woken(_ slot: String, _ context: ScreenContext) -> [ScreenEffect]
    /// Escape: closes what the screen has open of itself (a pane, a search); nil if nothing is, and the screen itself
    /// is to be left.
    mutating func back(_ context: ScreenContext) -> [ScreenEffect]?

    func view(_ frame: inout Frame, in rect: Rect, _ context: ScreenContext)
}

extension ViewerScreen {
    package var isTyping: Bool { false }
    package func shellCommand(_ context: ScreenContext) -> String? { nil }
    package mutating func shown(_ context: ScreenContext) -> [ScreenEffect] { [] }
    package mutating func rangeChanged(_ context: ScreenContext) -> [ScreenEffect] { [] }
    package mutating func receive(_ input: Input, _ context: ScreenContext) -> [ScreenEffect] { [] }
    package mutating func receive(
        computed value: any Sendable, slot: String, _ context: ScreenContext
    ) -> [ScreenEffect] { [] }
    package mutating func woken(_ slot: String, _ context: ScreenContext) -> [ScreenEffect] { [] }
    package mutating func back(_ context: ScreenContext) -> [ScreenEffect]? { nil }
}

/// Where a screen can lead.
package enum Destination: Hashable, Sendable {
    case overview
    case traces(TraceQuery)
    case trace(TraceID, focus: SpanID? = nil)
    /// Against the typical trace of that operation where there is no second one.
    case diff(TraceID, TraceID? = nil)
    case graph
    case logs(LogQuery)
}

/// What a screen wants of the world.
package enum ScreenEffect: Sendable {
    /// Asks; with `every`, again and again after each answer while the screen is in sight. A later question of the same
    /// slot (``Request/slot`` where none is given) replaces an earlier one.
    case ask(Request, slot: String? = nil, every: Duration? = nil)
    /// Withdraws what was asked, computed or timed under a slot.
    case withdraw(slot: String)
    /// Work that takes longer than a frame, off the loop.
    case compute(slot: String, @Sendable () async -> any Sendable)
    /// Calls ``ViewerScreen/woken(_:_:)`` later, if the screen is in sight then; else as soon as it is.
    case wake(slot: String, after: Duration)
    case open(Destination)
    /// Leaves this screen.
    case back
    /// A line that stays until the next key.
    case notice(StyledText)
    /// To the clipboard, and says so.
    case copy(String)
    /// To a file, and says where.
    case export(ViewerExport)
    /// Marks a trace for comparison, or takes the mark back; at most two are marked.
    case mark(TraceID)
    case setRange(TimeRange)
    /// Performs an action that works everywhere: `help`, `time-range`.
    case perform(ActionName)
}
