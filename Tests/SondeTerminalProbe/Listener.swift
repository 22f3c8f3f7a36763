// SPDX-License-Identifier: Apache-2.0
// A program that shows what it hears, and ends in every way a program can end.

import SondeTerminal

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

struct Listener: Program {
    enum Message: Sendable { case tick(Int) }

    private var size = Size(columns: 0, rows: 0)
    private var heard: [String] = []
    private var keys = 0
    private var ticks = 0

    mutating func start(_ size: Size) -> [Effect<Message>] {
        self.size = size
        return []
    }

    mutating func receive(_ input: Input) -> [Effect<Message>] {
        switch input {
        case .key(let press):
            keys += 1
            heard.append(press.text)
            return perform(press)
        case .resize(let size): self.size = size
        case .resume: heard.append("resume")
        case .paste(let text): heard.append("paste(\(text))")
        case .focus(let isIn): heard.append("focus(\(isIn))")
        case .mouse(let press): heard.append("\(press.action)(\(press.column),\(press.row))")
        }
        return []
    }

    mutating func receive(_ message: Message) -> [Effect<Message>] {
        guard case .tick(let number) = message else { return [] }
        ticks = number
        return number < 200 ? [.after(key: "tick", .milliseconds(1), .tick(number + 1))] : []
    }

    func view(_ frame: inout Frame) {
        frame.draw("size \(size.columns)x\(size.rows), \(keys) keys, \(ticks) ticks", .strong, row: 0)
        for row in 1..<max(1, frame.size.rows - 1) {
            let place = heard.count - frame.size.rows + 1 + row
            frame.draw("row \(row) " + (heard.indices.contains(place) ? heard[place] : ""), .hue(row), row: row)
        }
        frame.draw("the last row", .bad, row: frame.size.rows - 1, ground: .raised)
    }

    private func perform(_ press: KeyPress) -> [Effect<Message>] {
        switch press.text {
        case "q": return [.printAfter("goodbye"), .quit(0)]
        case "ctrl-c": return [.quit(0)]
        case "ctrl-z": return [.suspend]
        case "ctrl-l": return [.redraw]
        case "y": return [.copy("copied 漢字")]
        case "t": return [.run(key: "tick") { .tick(1) }]
        case "7": return [.quit(7)]
        // What a program should never do, and what happens then.
        case "e": Probe.write(Array("words for standard error\n".utf8), to: STDERR_FILENO)
        case "C": preconditionFailure("the probe was asked to crash")
        case "A": abort()
        case "X": exit(9)
        default: break
        }
        return []
    }
}
