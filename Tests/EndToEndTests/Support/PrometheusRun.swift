// SPDX-License-Identifier: Apache-2.0
// A real Prometheus on a free port, and what one asks it.

import Foundation

final class PrometheusRun: Sendable {
    let run: ProgramRun
    let url: String

    /// Starts Prometheus with a configuration and returns when it answers.
    ///
    /// - Parameter features: what Prometheus does only when told to: `exemplar-storage`, `native-histograms`.
    init(configuration: String, features: [String] = [], in folder: ScratchFolder) async throws {
        let file = try folder.write(configuration, to: "prometheus.yml")
        run = try ProgramRun(
            Program.prometheus,
            [
                "--config.file", file, "--storage.tsdb.path", folder.file("prometheus"),
                "--web.listen-address", "127.0.0.1:0",
            ] + (features.isEmpty ? [] : ["--enable-feature=" + features.joined(separator: ",")]), in: folder)
        let url = try await run.line("the address of Prometheus") { line -> String? in
            guard line.contains("Listening on") else { return nil }
            return line.firstMatch(of: /127\.0\.0\.1:[1-9][0-9]*/).map { "http://\($0.output)" }
        }
        self.url = url
        try await eventually("Prometheus is ready") { try await HTTPProbe.get(url + "/-/ready").status == 200 }
    }

    /// One series of an answer: its labels and its value.
    struct Sample: Sendable {
        let labels: [String: String]
        let value: Double
    }

    /// Evaluates an expression now. An expression that does not parse is an error that ends all waiting.
    func query(_ expression: String) async throws -> [Sample] {
        guard let encoded = expression.addingPercentEncoding(withAllowedCharacters: .alphanumerics) else { return [] }
        let answer = try await HTTPProbe.get(url + "/api/v1/query?query=" + encoded)
        guard answer.status == 200 else {
            throw Hopeless(description: "Prometheus does not understand \(expression): \(answer.text)")
        }
        return try answer.json(Answer.self).data.result.map { series in
            Sample(labels: series.metric, value: series.value.last?.text.flatMap(Double.init) ?? .nan)
        }
    }

    private struct Answer: Decodable {
        struct Payload: Decodable {
            struct Series: Decodable {
                var metric: [String: String]
                /// `[1700000000.123, "1.5"]`
                var value: [JSONValue]
            }

            var result: [Series]
        }

        var data: Payload
    }
}

extension Program {
    static let prometheus = "/usr/bin/prometheus"
    static let promtool = "/usr/bin/promtool"
}
