// SPDX-License-Identifier: Apache-2.0
// Story: a real Prometheus, configured as dashboards/ says, scrapes the shop and the collector, and every panel of the
// dashboard has something to show.

import Foundation
import Testing

@Suite struct PrometheusTests {
    @Test func everyTargetIsUpAndEveryPanelHasData() async throws {
        let folder = try ScratchFolder("prometheus")
        let collector = try await RunningCollector(in: folder)
        let shop = try await ShopRun(sendingTo: collector.otlpURL, in: folder)
        // Without failures the panel of failures would show zeros for any name of the status label.
        try await shop.setFault("server-errors", on: true, in: shop.payments)
        let customers = try ProgramRun(
            Program.shop, ["checkout", "--gateway", shop.gateway.url, "--count", "0", "--every", "100"], in: folder)
        let prometheus = try await PrometheusRun(
            configuration: try Self.configuration(shop: shop, collector: collector), in: folder)

        try await eventually("all targets are up") {
            let up = try await prometheus.query("up")
            return up.count == shop.services.count + 1 && up.allSatisfy { $0.value == 1 }
        }
        let mustBePositive: Set = [
            "Requests", "Errors", "Declined payments", "Records taken", "Commit latency", "Disk", "Spans",
            "Calls between services",
        ]
        for panel in try Dashboard.load().panels {
            for expression in panel.expressions {
                let isPositive = mustBePositive.contains(panel.title)
                try await eventually("\"\(panel.title)\" shows something for \(expression)") {
                    let values = try await prometheus.query(expression).map(\.value)
                    return values.contains { $0.isFinite && (!isPositive || $0 > 0) }
                }
            }
        }
        #expect(customers.isRunning, "\(customers.account)")
        customers.kill()
        _ = try await shop.stop()
        #expect(try await collector.stop() == 0)
    }

    @Test func promtoolFindsNothingToSayAboutAnyMetricsPage() async throws {
        let folder = try ScratchFolder("promtool")
        let collector = try await RunningCollector(in: folder)
        let shop = try await ShopRun(sendingTo: collector.otlpURL, in: folder)
        #expect(try await shop.checkOut(["notebook": 2, "lamp": 1]).status == 201)
        #expect(try await shop.checkOut(["bicycle": 2], token: "alan-token").status == 402)

        let pages = shop.services.map { ($0.name, $0.url) } + [("collector", collector.queryURL)]
        for (name, url) in pages {
            let page = try await HTTPProbe.get(url + "/metrics")
            #expect(page.status == 200)
            let file = try folder.write(page.text, to: "\(name).metrics")
            let check = try await ProgramRun.toEnd(
                "/bin/sh", ["-c", "exec '\(Program.promtool)' check metrics < '\(file)'"], in: folder)
            #expect(check.status == 0, "\(name)")
            #expect(check.standardOutput + check.standardError == "", "\(name)")
        }
    }

    @Test func promtoolAcceptsTheConfiguration() async throws {
        let folder = try ScratchFolder("promtool-config")
        let file = Program.sourceRoot + "/dashboards/prometheus.yml"
        let check = try await ProgramRun.toEnd(Program.promtool, ["check", "config", file], in: folder)
        #expect(check.status == 0, "\(check.standardOutput)\(check.standardError)")
    }

    @Test func everyPanelIsExplainedInTheReadme() throws {
        let readme = try String(contentsOfFile: Program.sourceRoot + "/dashboards/README.md", encoding: .utf8)
        for panel in try Dashboard.load().panels {
            #expect(readme.contains("| \(panel.title) | \(panel.description ?? "") |"), "\(panel.title)")
        }
    }

    /// dashboards/prometheus.yml with the ports of this run, scraping every second.
    private static func configuration(shop: ShopRun, collector: RunningCollector) throws -> String {
        var text = try String(contentsOfFile: Program.sourceRoot + "/dashboards/prometheus.yml", encoding: .utf8)
        let moves = [
            ("127.0.0.1:8080", shop.gateway.url), ("127.0.0.1:9101", shop.users.url),
            ("127.0.0.1:9111", shop.orders.url), ("127.0.0.1:9121", shop.inventory.url),
            ("127.0.0.1:9131", shop.payments.url), ("127.0.0.1:9141", shop.mailer.url),
            ("127.0.0.1:16686", collector.queryURL), ("5s", "1s"),
        ]
        for (old, new) in moves {
            guard text.contains(old) else { throw UnexpectedAnswer(description: "no \(old) in prometheus.yml") }
            text = text.replacingOccurrences(of: old, with: new.replacingOccurrences(of: "http://", with: ""))
        }
        return text
    }
}

/// What of dashboards/sonde.json a test needs.
private struct Dashboard: Decodable {
    struct Panel: Decodable {
        struct Target: Decodable {
            var expr: String
        }

        var title: String
        var type: String
        var description: String?
        var targets: [Target]?

        /// The expressions as Grafana would send them: all services, a rate over a minute.
        var expressions: [String] {
            (targets ?? []).map {
                $0.expr.replacingOccurrences(of: "$__rate_interval", with: "1m")
                    .replacingOccurrences(of: "$service", with: ".*")
            }
        }
    }

    var panels: [Panel]

    /// The dashboard's panels, without the rows that head them.
    static func load() throws -> Dashboard {
        let file = URL(fileURLWithPath: Program.sourceRoot + "/dashboards/sonde.json")
        var dashboard = try JSONDecoder().decode(Dashboard.self, from: Data(contentsOf: file))
        dashboard.panels.removeAll { $0.type == "row" }
        return dashboard
    }
}
