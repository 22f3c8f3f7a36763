// SPDX-License-Identifier: Apache-2.0
// Story: what a newcomer sees of `make demo`, with programs that are already built.

import Foundation
import Testing

@Suite struct DemoTests {
    @Test func showsTheTreeOfTheFirstCheckoutAndItsLogsAndStops() async throws {
        let stage = try Stage("demo-once")
        let result = try await ProgramRun.toEnd(
            stage.script("run"), [], environment: stage.environment(["ONCE": "1"]), in: stage.folder,
            within: .seconds(120))
        #expect(result.status == 0, "\(result.standardOutput)\(result.standardError)")
        #expect(result.standardError == "")
        let output = result.standardOutput
        let trace = try #require(output.firstMatch(of: /checkout 1: .*; trace ([0-9a-f]{32})/)?.1)
        #expect(output.contains(/checkout 3: .* declined, .*on purpose/))
        #expect(output.contains("sonde trace \(trace)"))
        #expect(output.contains("sonde logs --trace \(trace)"))
        for span in [
            "gateway: POST /checkout", "users: POST /tokens/verify", "payments: INSERT payment",
            "mailer: process orders",
        ] {
            #expect(output.contains(span))
        }
        #expect(output.contains("order confirmed"))
        stage.expectNobodyListens()
    }

    @Test func staysUntilItIsToldToStopAndStopsEverything() async throws {
        let stage = try Stage("demo-stays")
        let run = try ProgramRun(stage.script("run"), [], environment: stage.environment(), in: stage.folder)
        _ = try await run.line("it stays open", within: .seconds(120)) { $0.contains("stays open") ? true : nil }
        #expect(try await run.stop() == 0)
        #expect(run.standardOutput.contains("Everything the demo started has stopped."))
        stage.expectNobodyListens()
    }

    @Test func switchesFaultsInTheRunningShop() async throws {
        let stage = try Stage("demo-faults")
        let run = try ProgramRun(stage.script("run"), [], environment: stage.environment(), in: stage.folder)
        _ = try await run.line("it stays open", within: .seconds(120)) { $0.contains("stays open") ? true : nil }

        let all = try await stage.fault([])
        #expect(all.status == 0, "\(all.standardError)")
        #expect(!all.standardOutput.contains(/\son\s/))
        let switched = try await stage.fault(["n-plus-one", "on"])
        #expect(switched.status == 0, "\(switched.standardError)")
        #expect(switched.standardOutput.matches(of: /n-plus-one +on +(inventory|orders)/).count == 2)
        let unknown = try await stage.fault(["earthquake", "on"])
        #expect(unknown.status == 2)
        #expect(unknown.standardError.contains("slow-inventory"))
        let off = try await stage.fault(["off"])
        #expect(!off.standardOutput.contains(/\son\s/))
        #expect(try await run.stop() == 0)
    }

    @Test func saysWhichProcessEndedAndWhatItSaidLast() async throws {
        let stage = try Stage("demo-death")
        let run = try ProgramRun(stage.script("run"), [], environment: stage.environment(), in: stage.folder)
        _ = try await run.line("it stays open", within: .seconds(120)) { $0.contains("stays open") ? true : nil }
        let payments = try #require(stage.ports["PAYMENTS"])
        let processID = try #require(try Self.process(runningWith: ["payments", "--port", "\(payments)"]))
        #expect(kill(processID, SIGKILL) == 0)
        #expect(try await run.exitStatus() == 1)
        #expect(run.standardError.contains("payments has ended by itself"))
        #expect(run.standardError.contains("payment taken"))
        stage.expectNobodyListens()
    }

    @Test func namesThePortThatIsInUseAndWhoHasIt() async throws {
        let stage = try Stage("demo-port")
        let port = try #require(stage.ports["USERS"])
        let squatter = try ProgramRun(
            Program.shop, ["users", "--port", "\(port)", "--data", stage.folder.path],
            environment: ["OTEL_SDK_DISABLED": "true"], in: stage.folder)
        _ = try await squatter.line("it listens") { $0.contains("listening") ? true : nil }
        let result = try await ProgramRun.toEnd(
            stage.script("run"), [], environment: stage.environment(), in: stage.folder)
        #expect(result.status == 1)
        #expect(
            result.standardError.contains(
                "Port \(port), for users, is in use by shop, pid \(squatter.processIdentifier)"))
        #expect(result.standardError.contains("SONDE_DEMO_USERS_PORT="))
        #expect(try await squatter.stop() == 0)
    }

    @Test func saysThatTheShopIsNotRunning() async throws {
        let stage = try Stage("demo-none")
        let result = try await stage.fault(["n-plus-one", "on"])
        #expect(result.status == 3)
        #expect(result.standardError.contains("The shop is not running"))
        #expect(result.standardError.contains("make demo"))
    }

    @Test func scriptsAreCleanShell() async throws {
        let folder = try ScratchFolder("demo-shell")
        for script in ["run", "fault", "shop.bash"] {
            let path = Program.sourceRoot + "/demo/" + script
            let check = try await ProgramRun.toEnd("/bin/bash", ["-n", path], in: folder)
            #expect(check.status == 0, "\(script): \(check.standardError)")
        }
    }

    /// The id of the process whose arguments, after the program's path, begin like this.
    private static func process(runningWith arguments: [String]) throws -> Int32? {
        try FileManager.default.contentsOfDirectory(atPath: "/proc").lazy.compactMap(Int32.init).first { processID in
            let line = FileManager.default.contents(atPath: "/proc/\(processID)/cmdline") ?? Data()
            return line.split(separator: 0).dropFirst().starts(with: arguments.map { Data($0.utf8) })
        }
    }
}

/// Where one run of the demo takes place: a folder and ports of its own.
private struct Stage {
    let folder: ScratchFolder
    let ports: [String: Int]

    init(_ label: String) throws {
        folder = try ScratchFolder(label)
        let names = ["OTLP", "QUERY", "GATEWAY", "USERS", "ORDERS", "INVENTORY", "PAYMENTS", "MAILER"]
        ports = Dictionary(uniqueKeysWithValues: zip(names, try FreePorts.take(names.count)))
    }

    func script(_ name: String) -> String { Program.sourceRoot + "/demo/" + name }

    func environment(_ more: [String: String] = [:]) -> [String: String] {
        var environment = more
        environment["SONDE_DEMO_BIN"] = URL(fileURLWithPath: Program.shop).deletingLastPathComponent().path
        environment["SONDE_DEMO_DIR"] = folder.file("demo")
        for (name, port) in ports { environment["SONDE_DEMO_\(name)_PORT"] = "\(port)" }
        return environment
    }

    func fault(_ arguments: [String]) async throws -> ProgramResult {
        try await ProgramRun.toEnd(script("fault"), arguments, environment: environment(), in: folder)
    }

    /// All that the demo started has stopped.
    func expectNobodyListens(sourceLocation: SourceLocation = #_sourceLocation) {
        for (name, port) in ports {
            #expect(FreePorts.isFree(port), "\(name) still listens", sourceLocation: sourceLocation)
        }
    }
}
