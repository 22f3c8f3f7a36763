// SPDX-License-Identifier: Apache-2.0
// Names of keys, as help shows them and configuration files hold them.

import SondeTerminal
import Testing

@Suite("Keys")
struct KeyTests {
    @Test(
        arguments: [
            ("g", KeyPress.character("g")), ("G", .character("G")), ("shift-g", .character("G")),
            ("space", .character(" ")), ("-", .character("-")), ("ctrl--", KeyPress(.character("-"), control: true)),
            ("ctrl-l", KeyPress(.character("l"), control: true)), ("Ctrl-L", KeyPress(.character("l"), control: true)),
            ("shift-tab", KeyPress(.backTab)), ("f12", KeyPress(.function(12))), ("PgDn", KeyPress(.pageDown)),
            ("ctrl-alt-left", KeyPress(.left, control: true, alt: true)), ("esc", KeyPress(.escape)),
            ("alt-漢", KeyPress(.character("漢"), alt: true)), ("shift-up", KeyPress(.up, shift: true)),
        ])
    func readsNames(text: String, press: KeyPress) {
        #expect(KeyPress(text) == press)
        #expect(KeyPress(press.text) == press)
    }

    @Test(arguments: ["", "hyper-x", "f0", "f25", "ctrl-", "upward", "ctrl-ctrl", "ab"])
    func refusesWhatIsNoKey(text: String) { #expect(KeyPress(text) == nil) }
}
