// SPDX-License-Identifier: Apache-2.0
// House rules that a machine can see.

import Testing

@Suite("Tidy")
struct TidyTests {
    static let product = House.files(in: "Sources", "demo")
    static let everything = House.files(in: "Sources", "demo", "Tests", "Benchmarks/Sources", "Benchmarks/Benchmarks")

    @Test(arguments: everything.map(\.path))
    func fileBeginsWithItsLicence(path: String) {
        let file = Self.everything.first { $0.path == path }
        #expect(file?.lines.first == "// SPDX-License-Identifier: Apache-2.0")
    }

    @Test func onlyTheLibraryRoomsArePublic() {
        for file in House.files(in: "Sources") where !House.publicRooms.contains(file.room) {
            #expect(file.places { $0.contains(/^\s*(public|open) (?!import|=|\+=)/) } == [])
        }
    }

    @Test func nothingTrapsOnInput() {
        for file in Self.product {
            #expect(file.places { $0.contains(/\btry!|\bas!|fatalError\(/) } == [])
        }
    }

    /// Who switches a check off says on the line before, or on the same line, why it is safe.
    @Test func uncheckedClaimsAreJustified() {
        for file in Self.product {
            for (index, line) in file.lines.enumerated()
            where line.contains("@unchecked Sendable") || line.contains("nonisolated(unsafe)") {
                let above = index > 0 ? file.lines[index - 1] : ""
                #expect(line.contains("//") || above.contains("//"), "\(file):\(index + 1) says no reason")
            }
        }
    }

    @Test func nothingIsLeftForLater() {
        for file in Self.everything where !file.path.hasSuffix("TidyTests.swift") {
            #expect(file.places { $0.contains(/\b(TODO|FIXME|XXX|HACK)\b/) } == [])
        }
    }

    /// Rooms speak through logs, errors and answers; only the shell, the demo and the terminal write to a screen.
    @Test func noDebugPrints() {
        for file in House.files(in: "Sources") where file.room != "SondeCLI" {
            #expect(file.places { $0.contains(/^\s*(debugPrint|dump|print)\(/) } == [])
        }
    }

    /// Text that can't be broken (strings, paths, pages of metrics in a golden text) may be longer.
    @Test func linesFitTheScreen() {
        let unbreakable = #/"|\/|^\s*#\s/#
        for file in Self.everything {
            #expect(file.places { $0.count > 120 && !$0.contains(unbreakable) } == [])
        }
    }

    /// At 400 lines one looks again; at 600 a file is a table or two things.
    @Test func filesAreOneThing() {
        for file in Self.product {
            #expect(file.lines.count <= 600, "\(file) has \(file.lines.count) lines")
        }
    }
}
