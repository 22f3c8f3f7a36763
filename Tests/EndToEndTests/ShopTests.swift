// SPDX-License-Identifier: Apache-2.0
// The story of the demo: six services, one checkout, one trace; and each fault shows up where it is.

import Testing

@Suite struct ShopTests {
    @Test func checkoutIsOneTraceAcrossAllServices() async throws {
        let street = try await Street("shop-checkout")
        let checkout = try await street.shop.checkOut(["notebook": 2, "lamp": 1])
        #expect(checkout.status == 201, "\(checkout.body)")
        try await street.closeShop()

        let answer = try await street.trace(checkout)
        #expect(answer.roots.map(\.title) == ["gateway POST /checkout"])
        #expect(answer.trace.complete)
        #expect(answer.trace.spanTotal == answer.spans.count)
        #expect(Set(answer.spans.map(\.spanId)).count == answer.spans.count)
        #expect(answer.spans.filter(\.hasError).map(\.title) == [])
        try expectCall(from: "gateway", to: "users POST /tokens/verify", in: answer)
        try expectCall(from: "gateway", to: "orders POST /orders", in: answer)
        try expectCall(from: "orders", to: "inventory POST /reservations", in: answer)
        try expectCall(from: "orders", to: "payments POST /payments", in: answer)
    }

    @Test func theMailerReadsTheQueueInTheTraceOfTheCheckout() async throws {
        let street = try await Street("shop-bus")
        let checkout = try await street.shop.checkOut(["notebook": 2])
        #expect(checkout.status == 201, "\(checkout.body)")
        let labels =
            #"{messaging_destination_name="orders",messaging_operation_name="process",messaging_system="shop_bus"}"#
        try await eventually("the mailer counts the message and its time") {
            let page = try await HTTPProbe.get(street.shop.mailer.url + "/metrics").text
            return page.contains("messaging_client_consumed_messages_total\(labels) 1")
                && page.contains("messaging_process_duration_seconds_count\(labels) 1")
        }
        let sender = try await HTTPProbe.get(street.shop.orders.url + "/metrics").text
        #expect(sender.contains(/messaging_client_sent_messages_total\{.*system="shop_bus"\} 1\n/))
        try await street.closeShop()

        let answer = try await street.trace(checkout)
        let sent = try answer.span("orders send orders")
        let processed = try answer.span("mailer process orders")
        #expect(sent.kind == "producer" && processed.kind == "consumer")
        #expect(processed.parentSpanId == sent.spanId)
        for span in [sent, processed] {
            #expect(span.attributes["messaging.system"] == .string("shop_bus"))
            #expect(span.attributes["messaging.destination.name"] == .string("orders"))
        }
        #expect(processed.attributes["messaging.message.id"] == sent.attributes["messaging.message.id"])
        #expect(processed.attributes["messaging.consumer.group.name"] == .string("mailer"))
        let mail = try answer.span("mailer INSERT mail")
        #expect(mail.parentSpanId == processed.spanId)
        try expectCall(from: "orders", to: "mailer POST /topics/{topic}", in: answer)
        let logs = try await street.collector.logs(ofTrace: checkout.traceID)
        #expect(logs.contains { $0.body == .string("mail sent") && $0.spanId == processed.spanId })
    }

    @Test func statementsAreSpansWithTheirTextAndWithoutTheirValues() async throws {
        let street = try await Street("shop-statements")
        let checkout = try await street.shop.checkOut(["notebook": 2])
        try await street.closeShop()

        let statement = try await street.trace(checkout).span("users SELECT person token")
        #expect(statement.kind == "client")
        #expect(statement.attributes["db.system.name"] == .string("sqlite"))
        #expect(statement.attributes["db.operation.name"] == .string("SELECT"))
        #expect(statement.attributes["db.query.summary"] == .string("SELECT person token"))
        #expect(statement.attributes["db.response.returned_rows"] == .integer(1))
        let text = try #require(statement.attributes["db.query.text"]?.text)
        #expect(text.hasSuffix("WHERE token.token = ?"))
        #expect(!text.contains("ada"))
    }

    @Test func everyServiceLogsWithTheTraceOfTheCheckout() async throws {
        let street = try await Street("shop-logs")
        let checkout = try await street.shop.checkOut(["notebook": 2])
        try await street.closeShop()

        let logs = try await street.collector.logs(ofTrace: checkout.traceID)
        #expect(Set(logs.map(\.service)) == Street.everyone)
        #expect(logs.contains { $0.service == "orders" && $0.body == .string("order confirmed") })
        let spans = Set(try await street.trace(checkout).spans.map(\.spanId))
        #expect(logs.allSatisfy { spans.contains($0.spanId ?? "") })
    }

    @Test func declinedPaymentIsAnAnswerAndNoFaultOfTheServices() async throws {
        let street = try await Street("shop-declined")
        let checkout = try await street.shop.checkOut(["bicycle": 2], token: "alan-token")
        #expect(checkout.status == 402, "\(checkout.body)")
        #expect(checkout.body.contains("card_limit_exceeded"))
        try await street.closeShop()

        let answer = try await street.trace(checkout)
        #expect(!answer.spans.contains { $0.kind == "server" && $0.hasError }, "\(answer.outline)")
        #expect(try answer.span("payments authorise payment").events.map(\.name) == ["payment.declined"])
        try expectCall(from: "orders", to: "inventory POST /releases", in: answer)
    }

    @Test func slowInventoryIsSlowInItsOwnSpan() async throws {
        let street = try await Street("shop-slow")
        try await street.shop.setFault("slow-inventory", on: true, in: street.shop.inventory)
        let slow = try await street.shop.checkOut(["lamp": 1])
        try await street.closeShop()

        let answer = try await street.trace(slow)
        let span = try answer.span("inventory reserve items")
        #expect(span.durationNanos >= 800_000_000)
        #expect(span.events.map(\.name) == ["waiting for the warehouse"])
    }

    @Test func nPlusOneAsksOncePerRow() async throws {
        let street = try await Street("shop-n-plus-one")
        let basket = ["lamp": 1, "kettle": 1, "teapot": 1]
        let good = try await street.shop.checkOut(basket)
        try await street.shop.setFault("n-plus-one", on: true, in: street.shop.inventory)
        try await street.shop.setFault("n-plus-one", on: true, in: street.shop.orders)
        let bad = try await street.shop.checkOut(basket)
        try await street.closeShop()

        for (checkout, count) in [(good, 1), (bad, 3)] {
            let titles = try await street.trace(checkout).spans.map(\.title)
            #expect(titles.count { $0 == "inventory UPDATE item" } == count)
            #expect(titles.count { $0 == "orders INSERT line" } == count)
        }
    }

    @Test func declinedPaymentsDeclineEveryOne() async throws {
        let street = try await Street("shop-all-declined")
        try await street.shop.setFault("declined-payments", on: true, in: street.shop.payments)
        let declined = try await street.shop.checkOut(["notebook": 1])
        #expect(declined.status == 402, "\(declined.body)")
        #expect(declined.body.contains("issuer_refused"))
        try await street.shop.setFault("declined-payments", on: false, in: street.shop.payments)
        #expect(try await street.shop.checkOut(["notebook": 1]).status == 201)
        try await street.closeShop()
    }

    @Test func serverErrorsFailEverySecondPaymentAndMarkTheWayUp() async throws {
        let street = try await Street("shop-errors")
        try await street.shop.setFault("server-errors", on: true, in: street.shop.payments)
        let failed = try await street.shop.checkOut(["notebook": 1])
        let passed = try await street.shop.checkOut(["notebook": 1])
        #expect([failed.status, passed.status] == [502, 201])
        try await street.closeShop()

        let answer = try await street.trace(failed)
        for title in ["payments POST /payments", "orders POST /orders", "gateway POST /checkout"] {
            #expect(try answer.span(title).hasError, "\(title)")
        }
        #expect(try answer.span("inventory POST /reservations").hasError == false)
        try expectCall(from: "orders", to: "inventory POST /releases", in: answer)
    }

    @Test func strangersAreTurnedAwayAtTheDoor() async throws {
        let street = try await Street("shop-strangers")
        let stranger = try await street.shop.checkOut(["notebook": 1], token: "nobody's")
        #expect(stranger.status == 401, "\(stranger.body)")
        try await street.closeShop()

        let answer = try await street.collector.completeTrace(stranger.traceID, across: ["gateway", "users"])
        #expect(Set(answer.spans.map(\.service)) == ["gateway", "users"])
        #expect(try answer.span("gateway POST /checkout").hasError == false)
    }

    @Test func faultsCanBeListedAndUnknownOnesAreRefused() async throws {
        let street = try await Street("shop-faults")
        let inventory = street.shop.inventory.url
        let listing = try await HTTPProbe.get(inventory + "/faults").text
        #expect(listing.split(separator: "\n").map { $0.prefix { $0 != " " } } == ["slow-inventory", "n-plus-one"])
        #expect(listing.split(separator: "\n").allSatisfy { $0.contains(" off ") })
        let unknown = try await HTTPProbe.send("PUT", inventory + "/faults/earthquake", body: Array("on".utf8))
        #expect(unknown.status == 404)
        let unclear = try await HTTPProbe.send("PUT", inventory + "/faults/n-plus-one", body: Array("maybe".utf8))
        #expect(unclear.status == 400)
        #expect(unclear.text.contains("maybe"))
    }

    /// The server span `title` hangs under a client span of `caller`.
    private func expectCall(
        from caller: String, to title: String, in answer: TraceAnswer,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let served = try answer.span(title)
        #expect(served.kind == "server", sourceLocation: sourceLocation)
        let parent = try #require(
            answer.spans.first { $0.spanId == served.parentSpanId }, "\(answer.outline)", sourceLocation: sourceLocation
        )
        #expect(parent.service == caller, sourceLocation: sourceLocation)
        #expect(parent.kind == "client", sourceLocation: sourceLocation)
    }
}

/// A collector and a shop that sends to it.
private struct Street {
    static let everyone: Set = ["gateway", "users", "orders", "inventory", "payments", "mailer"]

    let folder: ScratchFolder
    let collector: RunningCollector
    let shop: ShopRun

    init(_ label: String) async throws {
        folder = try ScratchFolder(label)
        collector = try await RunningCollector(in: folder)
        shop = try await ShopRun(sendingTo: collector.otlpURL, in: folder)
    }

    /// Stops the services. A service sends what it still has before it ends, so afterwards every span is there.
    func closeShop() async throws {
        #expect(try await shop.stop().allSatisfy { $0 == 0 })
    }

    func trace(_ checkout: ShopRun.Checkout) async throws -> TraceAnswer {
        try await collector.completeTrace(checkout.traceID, across: Self.everyone)
    }
}
