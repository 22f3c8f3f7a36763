// SPDX-License-Identifier: Apache-2.0
// Draws in a terminal that a test holds.
//
//    SondeTerminalProbe pictures SEED COUNT COLUMNS ROWS   random pictures as bytes: for each, the length of what is
//                                                          written for its differences, that, and the same for all of it
//    SondeTerminalProbe program                            a program that shows what it hears

import SondeTerminal

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

@main
enum Probe {
    static func main() async {
        let arguments = CommandLine.arguments.dropFirst()
        switch arguments.first {
        case "pictures": pictures(arguments.dropFirst().compactMap { Int($0) })
        case "program": await program()
        default:
            print("usage: pictures SEED COUNT COLUMNS ROWS | program")
            exit(64)
        }
    }

    private static func pictures(_ numbers: [Int]) {
        guard numbers.count == 4 else { exit(64) }
        var picture = RandomPicture(random: SeededGenerator(state: UInt64(numbers[0])))
        var frame = Frame(Size(columns: numbers[2], rows: numbers[3]))
        var writer = FrameWriter(theme: .dark)
        for step in 0..<numbers[1] {
            if numbers[0] % 3 == 0 {
                picture.drawList(at: step, on: &frame)
            } else {
                if step % 7 == 0 { frame.clear() }
                for _ in 0..<4 { picture.draw(on: &frame) }
            }
            write(writer.bytes(for: frame))
            var other = FrameWriter(theme: .dark)
            write(other.bytes(for: frame))
        }
    }

    private static func write(_ bytes: [UInt8]) { write(Array("\(bytes.count)\n".utf8) + bytes, to: STDOUT_FILENO) }

    static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { systemWrite(descriptor, $0) }
            guard count > 0 else { exit(1) }
            rest = rest.dropFirst(count)
        }
    }

    private static func program() async {
        var environment: [String: String] = [:]
        for name in ["TERM", "COLORTERM", "NO_COLOR", "LANG", "LC_ALL"] {
            environment[name] = getenv(name).map { String(cString: $0) }
        }
        do {
            let terminal = try DeviceTerminal(environment: environment)
            var loop = TerminalLoop(program: Listener(), terminal: terminal, theme: Theme(environment: environment))
            exit(try await loop.run())
        } catch {
            write(Array("\(error)\n".utf8), to: STDERR_FILENO)
            exit(3)
        }
    }
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    write(descriptor, bytes.baseAddress, bytes.count)
}
