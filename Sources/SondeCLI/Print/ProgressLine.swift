// SPDX-License-Identifier: Apache-2.0
// How far a long task has come, on one line of standard error that is drawn again and again. Only on a terminal; a log
// file gets nothing of it.

import FoundationEssentials
import SondeTerminal

struct ProgressLine {
    private let isWanted: Bool
    private let surroundings: Surroundings
    private let start = ContinuousClock.now
    private var lastDrawn: ContinuousClock.Instant?
    private var isOnScreen = false

    /// - Parameter isWanted: False where the answer itself goes to the same screen.
    init(isWanted: Bool = true, environment: [String: String] = ProcessInfo.processInfo.environment) {
        self.isWanted = isWanted
        surroundings = Surroundings(of: .error, color: .auto, environment: environment)
    }

    /// Draws what `line` says now, unless it was drawn a moment ago. `part` is what is done, from 0 to 1, if that is
    /// known.
    mutating func update(part: Double?, _ line: (_ seconds: Double) -> String) {
        let now = ContinuousClock.now
        guard isWanted, surroundings.isTerminal, lastDrawn.map({ now - $0 > Limits.progressInterval }) ?? true else {
            return
        }
        // What is done at once needs no line.
        guard now - start > Limits.progressInterval else { return }
        lastDrawn = now
        var text = StyledText()
        if let part {
            text.append(Bar.text(from: 0, to: part, width: Limits.progressBarCells), .good)
            text.append(" \(Int(part * 100)) %  ")
        }
        let elapsed = (now - start).components
        text.append(line(Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18))
        let fitted = text.fitted(to: max(1, surroundings.columns - 1))
        // The newline that ends every drawn line would leave this one behind.
        let drawn = surroundings.renderer.text([fitted]).dropLast()
        Interruption.progressLine(isOnScreen: true)
        StandardStreams.writeError("\r\u{1B}[2K" + drawn)
        isOnScreen = true
    }

    /// Takes the line away, before anything else is written.
    mutating func clear() {
        guard isOnScreen else { return }
        StandardStreams.writeError("\r\u{1B}[2K")
        Interruption.progressLine(isOnScreen: false)
        isOnScreen = false
    }
}
