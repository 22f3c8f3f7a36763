// SPDX-License-Identifier: Apache-2.0
// What our instrumentations say has the names of OpenTelemetry's semantic conventions, or `sonde.` before it.

import Foundation
import SondeTestKit
import Testing

@Suite("Semantic conventions")
struct ConventionTests {
    /// Where attributes and metrics are made.
    static let instrumentations = House.files(
        in: "Sources/Sonde/HTTP", "Sources/Sonde/Messaging", "Sources/Sonde/Tracing", "Sources/SondeHummingbird",
        "Sources/SondeGRDB", "Sources/SondeGRPC")

    @Test func everyNameIsOfTheConventionsOrOurOwn() {
        #expect(Self.instrumentations.count > 20)
        for file in Self.instrumentations {
            #expect(file.names.filter { !Self.isKnown($0.name) }.map(\.place) == [])
        }
    }

    @Test func everythingThatHTTPServersAndClientsSayIsStable() {
        // Not stable yet, and worth having: how many requests are being handled.
        let exceptions: Set<String> = ["http.server.active_requests"]
        for file in Self.instrumentations where file.room == "SondeHummingbird" || file.path.contains("/HTTP/") {
            for (name, place) in file.names where !exceptions.contains(name) && !name.hasPrefix("sonde.") {
                let isStable = SemanticConventions.attributes[name].map { $0.stability == .stable }
                #expect(isStable ?? (SemanticConventions.metrics[name] != nil), "\(place)")
            }
        }
    }

    private static func isKnown(_ name: String) -> Bool {
        name.hasPrefix("sonde.") || SemanticConventions.attributes[name] != nil
            || SemanticConventions.metrics[name] != nil
    }
}

extension SourceFile {
    /// String literals that look like names of attributes and metrics: words joined by dots. Documentation is for examples.
    fileprivate var names: [(name: String, place: String)] {
        lines.enumerated().flatMap { index, line -> [(name: String, place: String)] in
            guard !line.trimmingCharacters(in: .whitespaces).hasPrefix("//") else { return [] }
            return line.matches(of: /"([a-z][a-z_0-9]*(?:\.[a-z_0-9]+)+)"/).map {
                (String($0.output.1), "\(path):\(index + 1): \($0.output.1)")
            }
        }
    }
}
