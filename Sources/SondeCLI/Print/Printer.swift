// SPDX-License-Identifier: Apache-2.0
// Writes a command's answer to standard output in the form that was asked for.

import FoundationEssentials
import SondeTerminal
import SondeViewer

struct Printer {
    private let surroundings: Surroundings
    let canvas: Canvas
    var isTerminal: Bool { surroundings.isTerminal }

    init(_ options: DrawingOptions, environment: [String: String] = ProcessInfo.processInfo.environment) {
        surroundings = Surroundings(of: .output, color: options.color, environment: environment)
        canvas = Canvas(width: surroundings.columns, zone: options.utc ? .utc : .local)
    }

    func draw(_ lines: [StyledText]) { StandardStreams.write(surroundings.renderer.text(lines)) }

    /// A picture in place of the one before.
    func frame(_ lines: [StyledText]) { StandardStreams.write(ScreenText.frame(lines, surroundings.renderer)) }

    /// A line that belongs to the answer but not to its data.
    func note(_ line: StyledText?) {
        guard let line else { return }
        draw([line])
    }

    func json(_ document: [UInt8]) {
        StandardStreams.write(document.last == UInt8(ascii: "\n") ? document : document + [UInt8(ascii: "\n")])
    }

    func ndjson(_ document: [UInt8]) { StandardStreams.write(JSONLines.text(document)) }
}
