// SPDX-License-Identifier: Apache-2.0
// Traces that have what the Trace screen is for: repetitions, failures, clocks that disagree, events, logs, links.

import SondeModel
import SondeTerminal
import SondeTestKit

@testable import SondeViewer

extension Trace {
    /// A feed of pages, each of which asks for its items one by one; one of them fails.
    static let feed: Trace = {
        var spans: [SpanRecord] = [.sample(1, service: "gateway", name: "GET /feed", duration: 2_000)]
        var id: UInt64 = 1
        func next() -> UInt64 {
            id += 1
            return id
        }
        for page in 0..<6 {
            let parent = next()
            let start = Int64(page) * 300 + 20
            let failed = SpanStatus(code: .error, message: "upstream timed out")
            spans.append(
                .sample(
                    parent, parent: 1, service: "feed", name: "page \(page)", start: start, duration: 280,
                    status: page == 3 ? failed : SpanStatus()))
            for row in 0..<40 {
                let statement = Attribute("db.query.text", .string("SELECT * FROM items WHERE id = \(row)"))
                spans.append(
                    .sample(
                        next(), parent: parent, service: "postgres", name: "SELECT items", kind: .client,
                        start: start + 10 + Int64(row) * 6, duration: Int64(row % 5 + 1), attributes: [statement]))
            }
            spans.append(
                .sample(
                    next(), parent: parent, service: "cache", name: "SET feed", kind: .client, start: start + 250,
                    duration: 20))
        }
        return Trace(id: .sample(9), assembling: spans)
    }()

    /// A failing call with an exception, an event, a link and a parent to go to.
    static let eventful: Trace = {
        var root = SpanRecord.sample(1, service: "gateway", name: "POST /pay", duration: 100)
        root.events = [SpanEvent(time: .sample(ms: 5), name: "accepted")]
        var call = SpanRecord.sample(
            2, parent: 1, service: "payments", name: "charge", kind: .client, start: 10, duration: 80,
            status: SpanStatus(code: .error, message: "terminal offline"),
            attributes: [Attribute("payment.terminal", .string("T-17")), Attribute("attempt", .int(2))])
        call.events = [
            SpanEvent(
                time: .sample(ms: 85), name: "exception",
                attributes: [
                    Attribute("exception.type", .string("TerminalOffline")),
                    Attribute(
                        "exception.stacktrace", .string("TerminalOffline\n  at charge (pay.swift:12)\n  at main")),
                ])
        ]
        call.links = [SpanLink(traceID: .sample(77), spanID: SpanID(78))]
        return Trace(id: .sample(5), assembling: [root, call])
    }()

    /// A server whose clock is a second behind.
    static let skewed = Trace(
        id: .sample(6),
        assembling: [
            .sample(1, service: "gateway", name: "GET /", duration: 100),
            .sample(2, parent: 1, service: "users", name: "GET /users", start: -1_000, duration: 50),
            .sample(3, parent: 2, service: "users", name: "SELECT users", kind: .client, start: -990, duration: 10),
        ])

    /// Random spans, some without parents, some of them their own ancestors, many alike.
    static func random(_ count: Int, using generator: inout some RandomNumberGenerator) -> Trace {
        let spans = (0..<count).map { index in
            SpanRecord.sample(
                UInt64(index + 1), parent: UInt64.random(in: 0...UInt64(count + 2), using: &generator),
                service: ["a", "b", "c"].randomElement(using: &generator) ?? "a",
                name: "call \(Int.random(in: 0..<3, using: &generator))",
                start: Int64.random(in: -50..<500, using: &generator),
                duration: Int64.random(in: 0..<300, using: &generator),
                status: SpanStatus(code: Bool.random(using: &generator) ? .error : .ok))
        }
        return Trace(id: .sample(8), assembling: spans)
    }
}

extension [LogRecord] {
    static let ofEventful: [LogRecord] = [
        .sample("charging card", ms: 20, service: "payments", trace: 5, span: 2),
        .sample("no answer from terminal", ms: 70, service: "payments", level: .error, trace: 5, span: 2),
    ]
}

/// Rows as lines: depth as indentation, then what the row is.
func rowText(_ explorer: TraceExplorer) -> String {
    (0..<explorer.rows.count).map { row in
        let indent = String(repeating: "  ", count: explorer.rows[row].depth)
        let text =
            switch explorer.rows[row].content {
            case .span(let span): explorer.model.name(of: span)
            case .repeats(let group):
                "×\(explorer.model.repeats.groups[group].count) "
                    + explorer.model.name(of: explorer.model.repeats.first(of: group))
            case .missingParent(let place): "? " + explorer.model.trace.missingParents[place].hex.suffix(4)
            }
        return (row == explorer.selectedRow ? ">" : " ") + indent + text + "\n"
    }.joined()
}
