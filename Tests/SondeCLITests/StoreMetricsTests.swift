// SPDX-License-Identifier: Apache-2.0
// What the store counts is told of where people look.

import Foundation
import Testing

@testable import SondeCLI

@Suite("Store metrics")
struct StoreMetricsTests {
    @Test func theDocumentNamesEveryMetric() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let document = try String(contentsOf: root.appending(path: "docs/api.md"), encoding: .utf8)
        for name in StoreMetricName.help.keys { #expect(document.contains("`\(name)`"), "\(name)") }
    }
}
