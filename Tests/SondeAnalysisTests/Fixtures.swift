// SPDX-License-Identifier: Apache-2.0
// Traces captured from the demo shop.

import Foundation
import SondeModel
import SondeWire

enum Fixtures {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")

    /// The traces of one file, by start.
    static func shop(_ name: String) throws -> [Trace] {
        let bytes = [UInt8](try Data(contentsOf: folder.appending(path: "shop/\(name).json.gz")))
        let json = try Gzip.inflate(bytes, limit: 64 * 1024 * 1024)
        let spans = try OTLPJSONDecoder.traces(json).batch.records()
        return Dictionary(grouping: spans, by: \.traceID).map { Trace(id: $0, assembling: $1) }.sorted {
            $0.start < $1.start
        }
    }
}

extension [Trace] {
    /// Some minutes after the last of them.
    var examinedAt: Timestamp { (map(\.end).max() ?? .zero).advanced(byNanoseconds: 300_000_000_000) }
}
