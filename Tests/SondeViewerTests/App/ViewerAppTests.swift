// SPDX-License-Identifier: Apache-2.0
// The frame around the screens: what it does without a source, with too little room, and with every key that works
// everywhere.

import SondeModel
import SondeStorage
import SondeTerminal
import SondeTestKit
import Testing

@testable import SondeViewer

@Suite("Viewer")
struct ViewerAppTests {
    private func stage(columns: Int = 80, rows: Int = 24) async throws -> Stage {
        let source = TestSource()
        try await source.take(.shop)
        return await Stage(source.viewerSource(), columns: columns, rows: rows)
    }

    // MARK: Trouble

    @Test func withoutACollectorItSaysSoAndTriesAgainUntilThereIsOne() async throws {
        let source = TestSource(isThere: false)
        try await source.take(.shop)
        var stage = await Stage(source.viewerSource())
        #expect(stage.text.contains("no collector answers here · trying again every second"))
        await stage.passTime()
        #expect(stage.text.contains("no collector answers here"))
        source.appear()
        await stage.passTime()
        #expect(!stage.text.contains("no collector answers here"))
        #expect(stage.text.contains("the collector answers"))
        #expect(stage.text.contains("payments"))
    }

    @Test func whatIsAskedWhileTheCollectorIsAwayIsAnsweredWhenItComesBack() async throws {
        let source = TestSource(isThere: false)
        try await source.take(.shop)
        var stage = await Stage(source.viewerSource())
        await stage.press("2")
        source.appear()
        await stage.passTime()
        #expect(stage.text.contains("POST /checkout"))
    }

    @Test(arguments: ["1", "2"])
    func aCollectorThatGoesAwayMeanwhileIsAskedAgainUntilItIsBack(screen: String) async throws {
        let source = TestSource()
        try await source.take(.shop)
        var stage = await Stage(source.viewerSource())
        await stage.press(screen)
        source.fail(with: .unreachable("no collector answers any more"))
        await stage.passTime()
        #expect(stage.text.contains("no collector answers any more"))
        // What was there can still be read.
        #expect(stage.text.contains("gateway"))
        await stage.press("down enter escape")
        source.fail(with: nil)
        try await source.take([.sample(trace: 60, 1, service: "newcomer", start: 715_000)])
        for _ in 1...3 { await stage.passTime() }
        #expect(!stage.text.contains("no collector answers any more"))
        #expect(stage.text.contains("newcomer"))
    }

    @Test(arguments: ["1", "2"])
    func anErrorOfTheCollectorIsSaidAndTheNextLookMendsIt(screen: String) async throws {
        let source = TestSource()
        try await source.take(.shop)
        var stage = await Stage(source.viewerSource())
        await stage.press(screen)
        source.fail(with: .failed("the disk is on fire"))
        await stage.passTime()
        #expect(stage.text.contains("the disk is on fire"))
        source.fail(with: nil)
        await stage.passTime()
        await stage.press("down")
        #expect(!stage.text.contains("the disk is on fire"))
        #expect(stage.text.contains("gateway"))
    }

    @Test(arguments: [(39, 24), (80, 9), (1, 1), (0, 0)])
    func belowItsLeastSizeItShowsASentence(columns: Int, rows: Int) async throws {
        var stage = try await stage(columns: columns, rows: rows)
        if columns > 1 { #expect(stage.text.contains("sonde view needs 40×10 cells")) }
        await stage.press("2 enter")
        #expect(stage.status == nil)
        await stage.press("q")
        #expect(stage.status == 0)
    }

    @Test func everySizeIsDrawn() async throws {
        var stage = try await stage()
        for keys in ["1", "2", "enter", "?", "escape", ":", "escape", "t", "escape", "/"] {
            await stage.press(keys)
            for (columns, rows) in [(40, 10), (41, 11), (80, 24), (250, 60), (1, 1), (40, 200), (300, 10)] {
                await stage.resize(columns: columns, rows: rows)
                #expect(stage.picture.size == Size(columns: columns, rows: rows))
            }
        }
    }

    @Test func aTraceThatIsNotThereIsSaid() async throws {
        let source = TestSource()
        try await source.take(.shop)
        var settings = Stage.settings()
        settings.start = .trace(try #require(TraceIDPrefix("ffff")), focus: nil)
        let stage = await Stage(source.viewerSource(), settings)
        #expect(stage.text.contains("no trace begins with ffff"))
    }

    @Test func anAmbiguousPrefixIsSaid() async throws {
        var stage = try await stage()
        await stage.press(":")
        await stage.type("trace 5a5a")
        await stage.press("enter")
        #expect(stage.text.contains("more than one trace begins with 5a5a"))
    }

    // MARK: Leaving

    @Test(arguments: ["q", "ctrl-c"], ["1", "2", "2 enter"])
    func quitLeavesFromEveryScreen(key: String, way: String) async throws {
        var stage = try await stage()
        await stage.press(way)
        await stage.press(key)
        #expect(stage.status == 0)
    }

    @Test func controlCLeavesAlsoWhileSomethingIsTyped() async throws {
        for way in ["2 /", ":", "t"] {
            var stage = try await stage()
            await stage.press(way)
            await stage.press("q")
            #expect(stage.status == nil)
            await stage.press("ctrl-c")
            #expect(stage.status == 0)
        }
    }

    @Test func escapeGoesBackToTheScreenBefore() async throws {
        var stage = try await stage()
        await stage.press("enter")
        #expect(stage.text.contains("› service=gateway"))
        await stage.press("escape")
        #expect(!stage.text.contains("› service=gateway"))
        await stage.press("escape escape")
        #expect(stage.status == nil)
    }

    @Test func controlZGivesTheTerminalToTheShell() async throws {
        var stage = try await stage()
        await stage.press("ctrl-z")
        #expect(stage.suspensions == 1)
    }

    // MARK: Everywhere

    @Test func helpListsEveryRowOfTheMap() async throws {
        var stage = try await stage(columns: 120, rows: 60)
        await stage.press("2 ?")
        for row in TracesScreen.keys + ViewerKeys.everywhere {
            #expect(stage.text.contains(row.help.prefix(40)), "\(row.action)")
        }
        await stage.press("x")
        #expect(!stage.text.contains("Leave the viewer"))
        await stage.press("? q")
        #expect(stage.status == 0)
    }

    @Test func theCopiedCommandGivesTheSameAnswer() async throws {
        var stage = try await stage()
        await stage.press("2 e y")
        #expect(stage.copied == ["sonde traces error --since 1h --at here"])
        #expect(stage.text.contains("copied: sonde traces error"))
    }

    @Test func theLinkIsCopiedAndStaysOnTheNormalScreen() async throws {
        var stage = try await stage()
        await stage.press("2 e o")
        #expect(stage.copied == ["sonde view error --at here"])
        #expect(stage.printed == ["sonde view error --at here"])
        await stage.press(":")
        await stage.type("range 15m")
        await stage.press("enter o")
        #expect(stage.copied.last == "sonde view error --since 15m --at here")
    }

    @Test func theCommandLineKnowsActionsAndSaysWhatItDoesNotKnow() async throws {
        var stage = try await stage()
        await stage.press(":")
        await stage.type("tra")
        await stage.press("tab s enter")
        #expect(stage.text.contains("POST /checkout"))
        await stage.press(":")
        await stage.type("dance")
        await stage.press("enter")
        #expect(stage.text.contains("there is no command dance"))
        await stage.press(":")
        await stage.type("quit")
        await stage.press("enter")
        #expect(stage.status == 0)
    }

    @Test func theRangeOfTimeHoldsOnAllScreens() async throws {
        var stage = try await stage()
        await stage.press("2")
        #expect(stage.text.contains("12 traces"))
        await stage.press("1 t")
        await stage.type("5m")
        await stage.press("enter")
        #expect(stage.text.contains("last 5m"))
        await stage.press("2")
        #expect(stage.text.contains("5 traces"))
    }

    @Test func configuredKeysReplaceTheUsualOnes() async throws {
        let source = TestSource()
        try await source.take(.shop)
        var settings = Stage.settings()
        settings.keys = ["everywhere": ["quit": ["Q"]], "traces": ["errors": ["q"]]]
        var stage = await Stage(source.viewerSource(), settings)
        await stage.press("q")
        #expect(stage.status == nil)
        await stage.press("2 q")
        #expect(stage.text.contains("6 traces"))
        await stage.press("Q")
        #expect(stage.status == 0)
    }

    @Test func noKeyOfAMapIsUnreadableOrTakesTheWayOut() {
        for map in ViewerKeys.maps {
            for row in map.rows {
                for key in row.keys + row.aliases { #expect(KeyPress(key) != nil, "\(map.screen) \(key)") }
                if map.screen != ViewerKeys.name {
                    #expect(!(row.keys + row.aliases).contains { ["q", "ctrl-c", "?", ":"].contains($0) })
                }
            }
            #expect(Set(map.rows.map(\.action)).count == map.rows.count, "\(map.screen) has an action twice")
        }
    }

    @Test func twoMarkedTracesAreRemembered() async throws {
        var stage = try await stage()
        await stage.press("2 m down down m")
        #expect(stage.app.marked.count == 2)
        #expect(stage.text.contains("two traces are marked; 5 compares them"))
    }

    @Test func nothingIsAskedForAScreenThatIsNotInSight() async throws {
        var stage = try await stage()
        await stage.press("2")
        await stage.passTime()
        await stage.press("1")
        await stage.passTime()
        await stage.passTime()
        // Only the overview's own timers go on.
        #expect(stage.timers.allSatisfy { $0.key.hasPrefix("1/") })
    }
}
