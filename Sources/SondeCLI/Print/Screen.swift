// SPDX-License-Identifier: Apache-2.0
// The terminal's second screen for commands that draw again and again; a signal brings the first one back.

import SondeTerminal

struct Screen: ~Copyable {
    private var isOn = false

    /// Lines that fit.
    var rows: Int { Device.rows(of: .output) ?? Limits.screenRows }

    mutating func show(_ lines: [StyledText], _ printer: Printer) {
        if !isOn {
            isOn = true
            Interruption.secondScreen(isOn: true)
            StandardStreams.write(ScreenText.enter)
        }
        printer.frame(lines)
    }

    deinit {
        guard isOn else { return }
        StandardStreams.write(ScreenText.leave)
        Interruption.secondScreen(isOn: false)
    }
}
