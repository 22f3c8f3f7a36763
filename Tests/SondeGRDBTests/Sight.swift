// SPDX-License-Identifier: Apache-2.0
// Looks at what the library queued for export, and keeps databases in folders that go with the test.

import Foundation
import SondeModel
import SondeWire

@testable import Sonde

extension ExportQueue {
    /// The spans that wait, taken out.
    func takeSpans() throws -> [SpanRecord] {
        var spans: [SpanRecord] = []
        while let batch = takeBatch() {
            for part in batch.parts {
                let body = OTLPEncoder.envelope(resource: Resource(), parts: [(InstrumentationScope(), part.bytes)])
                spans += try OTLPDecoder.traces(body).batch.records()
            }
        }
        return spans
    }
}

extension MetricsRegistry {
    /// The lines of the exposition that are samples of a metric whose name begins with `name`.
    func lines(_ name: String) -> [String] {
        String(decoding: exposition(.text), as: UTF8.self).split(separator: "\n").map(String.init)
            .filter { $0.hasPrefix(name) }
    }
}

/// A folder that is removed when the test is done with it.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "sonde-grdb-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
