// SPDX-License-Identifier: Apache-2.0
// Story: something is wrong in the shop, and `sonde doctor` names it; nothing is wrong, and it is silent.

import Foundation
import Testing

@Suite("The doctor in the shop")
struct DoctorTests {
    /// Enough for one in two to be told from chance.
    private static let checkouts = 25

    /// Runs the shop, with a fault or none, and asks the collector and its file.
    private func findings(
        with fault: String?, in names: [String]
    ) async throws -> (status: Int32, output: String, findings: [[String: Any]]) {
        let scratch = try ScratchFolder("doctor")
        let collector = try await RunningCollector(in: scratch)
        let shop = try await ShopRun(sendingTo: collector.otlpURL, in: scratch)
        if let fault {
            for service in shop.services where names.contains(service.name) {
                try await shop.setFault(fault, on: true, in: service)
            }
        }
        for number in 0..<Self.checkouts {
            _ = try await shop.checkOut(["notebook": 1 + number % 2, "lamp": 1, "kettle": 1, "teapot": 1])
        }
        // A service that stops has sent everything.
        #expect(try await shop.stop().allSatisfy { $0 == 0 })
        func ask(_ flags: [String]) async throws -> ProgramResult {
            try await ProgramRun.toEnd(Program.sonde, ["doctor"] + flags, in: scratch)
        }
        let text = try await ask(["--at", collector.queryURL])
        let json = try await ask(["--at", collector.queryURL, "-o", "ndjson"])
        #expect(try await collector.stop() == 0)
        let file = try await ask(["--db", "data", "-o", "ndjson"])
        #expect(file.standardOutput == json.standardOutput)
        #expect(file.status == text.status && json.status == text.status)
        let findings = try json.standardOutput.split(separator: "\n").compactMap {
            try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
        }
        return (text.status, text.standardOutput + text.standardError, findings)
    }

    @Test func healthyShopGetsNoFinding() async throws {
        let (status, output, findings) = try await findings(with: nil, in: [])
        #expect(status == 0, "\(output)")
        #expect(findings.isEmpty)
        #expect(output.hasPrefix("Nothing found.\nLooked at "), "\(output)")
    }

    @Test(arguments: [
        ("slow-inventory", ["inventory"], "inventory", "slowOperation"),
        ("n-plus-one", ["inventory", "orders"], "inventory", "nPlusOne"),
        ("declined-payments", ["payments"], "payments", "refusals"),
        ("server-errors", ["payments"], "payments", "errors"),
    ])
    func aFaultIsNamedWhereItIs(fault: String, places: [String], service: String, kind: String) async throws {
        let (status, output, findings) = try await findings(with: fault, in: places)
        #expect(status == 1, "\(output)")
        #expect(!findings.isEmpty, "\(output)")
        // Nothing else is accused.
        #expect(Set(findings.compactMap { $0["kind"] as? String }) == [kind], "\(output)")
        #expect(findings.contains { $0["service"] as? String == service }, "\(output)")
        let command = try #require(findings.first?["command"] as? String)
        #expect(command.hasPrefix("sonde trace "))
        #expect(output.contains(command + " --at http://127.0.0.1:"), "\(output)")
    }
}
