// SPDX-License-Identifier: Apache-2.0
// The demo shop as six processes on ports of their own, sending to a collector.

import Foundation
import NIOHTTP1

final class ShopRun: Sendable {
    let gateway: Service
    let users: Service
    let orders: Service
    let inventory: Service
    let payments: Service
    let mailer: Service
    private let folder: ScratchFolder

    /// One running service and where it is.
    struct Service: Sendable {
        let name: String
        let run: ProgramRun
        let url: String
    }

    /// Starts the services, each after those it calls, and returns when all are ready.
    init(sendingTo otlpURL: String, in folder: ScratchFolder) async throws {
        self.folder = folder
        let data = try folder.folder("shop")
        func start(_ name: String, _ flags: [String] = []) async throws -> Service {
            let run = try ProgramRun(
                Program.shop, [name, "--port", "0", "--data", data] + flags,
                environment: ["OTEL_EXPORTER_OTLP_ENDPOINT": otlpURL], in: folder)
            let address = try await run.line("\(name) listens") { line in
                line.contains("listening") ? line.firstMatch(of: /127\.0\.0\.1:\d+/).map { String($0.output) } : nil
            }
            let service = Service(name: name, run: run, url: "http://\(address)")
            try await eventually("\(name) is ready") {
                try await HTTPProbe.get(service.url + "/health/ready").status == 200
            }
            return service
        }
        users = try await start("users")
        inventory = try await start("inventory")
        payments = try await start("payments")
        mailer = try await start("mailer")
        orders = try await start(
            "orders", ["--inventory", inventory.url, "--payments", payments.url, "--mailer", mailer.url])
        gateway = try await start("gateway", ["--users", users.url, "--orders", orders.url])
    }

    var services: [Service] { [gateway, users, orders, inventory, payments, mailer] }

    /// Stops all, those that call before those that are called, and returns their exit statuses.
    func stop() async throws -> [Int32] {
        var statuses: [Int32] = []
        for service in [gateway, orders, mailer, payments, inventory, users] {
            statuses.append(try await service.run.stop())
        }
        return statuses
    }

    /// What came of a checkout: what the gateway answered, and the trace it names.
    struct Checkout: Sendable {
        let status: Int
        let body: String
        let traceID: String
    }

    /// Sends a checkout to the gateway.
    func checkOut(_ basket: [String: Int], token: String = "ada-token") async throws -> Checkout {
        let items = basket.sorted { $0.key < $1.key }.map { #"{"sku":"\#($0.key)","quantity":\#($0.value)}"# }
        let answer = try await HTTPProbe.send(
            "POST", gateway.url + "/checkout",
            headers: [("authorization", "Bearer \(token)"), ("content-type", "application/json")],
            body: Array(#"{"items":[\#(items.joined(separator: ","))]}"#.utf8))
        guard let traceID = answer.headers.first(name: "x-trace-id") else {
            throw UnexpectedAnswer(description: "the gateway named no trace: \(answer.status) \(answer.text)")
        }
        return Checkout(status: answer.status, body: answer.text, traceID: traceID)
    }

    /// Switches a fault in one service.
    func setFault(_ name: String, on isOn: Bool, in service: Service) async throws {
        let answer = try await HTTPProbe.send(
            "PUT", service.url + "/faults/\(name)", body: Array((isOn ? "on" : "off").utf8))
        guard answer.status == 200 else {
            throw UnexpectedAnswer(
                description: "\(service.name) did not switch \(name): \(answer.status) \(answer.text)")
        }
    }
}
