// SPDX-License-Identifier: Apache-2.0
// The example of docs/library.md for tests, as it stands there.

import Logging
import Metrics
import SondeTesting
import Testing
import Tracing

private struct Order { var cents = 1_299 }
private let order = Order()

private func checkout(_ order: Order) async throws {
    try await withSpan("checkout") { _ in
        try await withSpan("charge card", ofKind: .client) { span in
            span.attributes["payment.amount"] = order.cents
            try await Task.sleep(for: .zero)
        }
        Counter(label: "orders.created", dimensions: [("region", "eu")]).increment()
        Logger.current.info("order shown", metadata: ["order.id": "42"])
    }
}

struct GuideExampleTests {
    @Test func chargesTheCard() async throws {
        try await withTestTelemetry { telemetry in
            try await checkout(order)
            let span = try telemetry.span(named: "charge card")
            #expect(span.kind == .client && span.attributes["payment.amount"] == 1_299)
            #expect(telemetry.spanTree == "checkout\n  charge card")
            #expect(telemetry.value(of: "orders.created", ["region": "eu"]) == 1)
            #expect(try telemetry.log("order shown").metadata["order.id"] == "42")
        }
    }
}
