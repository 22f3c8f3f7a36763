// SPDX-License-Identifier: Apache-2.0
// Looks at what the library queued for export, decoded as a collector would, and at what it shows to Prometheus: for the
// tests of every library room.

package import Sonde
package import SondeModel
import SondeWire

extension Telemetry {
    /// The spans that wait to be exported, taken out; oldest first.
    package func takeSpans() throws -> [SpanRecord] {
        try takeTraces().flatMap { try OTLPDecoder.traces($0).batch.records() }
    }
}

extension MetricsRegistry {
    /// The lines of the exposition that are samples of a metric whose name begins with `name`.
    package func lines(_ name: String) -> [String] {
        String(decoding: exposition(accept: nil).body, as: UTF8.self).split(separator: "\n").map(String.init)
            .filter { $0.hasPrefix(name) }
    }
}
