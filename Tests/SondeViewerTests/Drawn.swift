// SPDX-License-Identifier: Apache-2.0
// A checkout as the shop makes it, and drawings as plain text.

import SondeModel
import SondeTerminal
import SondeTestKit
import SondeViewer

/// A zone that is the same on every machine.
let zone = Zone.offset(seconds: 3_600)

func text(_ lines: [StyledText], _ renderer: Renderer = Renderer()) -> String { renderer.text(lines) }

extension Trace {
    /// A checkout with a declined payment.
    static let checkout = Trace(
        id: .sample(1),
        assembling: [
            .sample(0x1, service: "gateway", name: "POST /checkout", duration: 123),
            .sample(
                0x2, parent: 0x1, service: "gateway", name: "GET users /tokens/{token}", kind: .client, start: 1,
                duration: 9),
            .sample(0x3, parent: 0x2, service: "users", name: "GET /tokens/{token}", start: 2, duration: 7),
            .sample(
                0x4, parent: 0x1, service: "gateway", name: "POST orders /orders", kind: .client, start: 11,
                duration: 111),
            .sample(0x5, parent: 0x4, service: "orders", name: "POST /orders", start: 12, duration: 109),
            .sample(0x6, parent: 0x5, service: "orders", name: "SELECT orders", kind: .client, start: 13, duration: 0),
            .sample(0x7, parent: 0x5, service: "inventory", name: "POST /reservations", start: 15, duration: 30),
            .sample(
                0x8, parent: 0x5, service: "payments", name: "POST /payments", start: 50, duration: 60,
                status: SpanStatus(code: .error, message: "card declined: insufficient funds on card ending 4242")),
            .sample(
                0x9, parent: 0x8, service: "payments", name: "INSERT payments", kind: .client, start: 105, duration: 2),
            .sample(
                0xA, parent: 0x5, service: "orders", name: "publish order.failed", kind: .producer, start: 112,
                duration: 5),
        ])

    /// What a trace looks like while half of it is on the way, and when clocks disagree.
    static let halfArrived: Trace = {
        var unfinished = SpanRecord.sample(0x5, parent: 0x4, service: "orders", name: "reserve stock", start: 20)
        unfinished.end = .zero
        unfinished.attributes = [Attribute(SpanRecord.unfinishedKey, .bool(true))]
        return Trace(
            id: .sample(2),
            assembling: [
                .sample(0x2, parent: 0xDEAD, service: "orders", name: "POST /orders", start: 5, duration: 40),
                .sample(0x3, parent: 0xBEEF, service: "users", name: "GET /users/{id}", start: 7, duration: 3),
                .sample(0x4, parent: 0xDEAD, service: "orders", name: "POST /orders retry", start: 10, duration: 90),
                unfinished,
                .sample(0x6, parent: 0x4, service: "mail", name: "send", start: 8, duration: 4),
            ])
    }()

    /// Names that fight back.
    static let hostile = Trace(
        id: .sample(3),
        assembling: [
            .sample(0x1, service: "\u{1B}[2J注文サービス", name: "\u{1B}]0;owned\u{7} 買い物かごを確認する", duration: 100),
            .sample(
                0x2, parent: 0x1, service: "päyments 🛒", name: "line\nbreak\u{202E}", start: 10, duration: 50,
                status: SpanStatus(code: .error, message: "first line\nsecond \u{1B}[31m line")),
            .sample(0x3, parent: 0x1, service: "", name: "", start: 99, duration: 1),
        ])

    /// `depth` spans, each the child of the one before.
    static func chain(_ depth: Int) -> Trace {
        Trace(
            id: .sample(4),
            assembling: (0..<depth).map { level in
                .sample(
                    UInt64(level + 1), parent: UInt64(level), service: level % 2 == 0 ? "ping" : "pong",
                    name: "level \(level)",
                    start: Int64(level), duration: Int64(2 * depth - level))
            })
    }
}
