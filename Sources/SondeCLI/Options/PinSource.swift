// SPDX-License-Identifier: Apache-2.0
// Where pins are asked for and changed: a collector, or a file that no collector holds.

import SondeClient
import SondeStorage

struct PinSource {
    let reader: any TraceReader
    let pins: any TracePins
    let close: () async -> Void
}

extension SourceOptions {
    /// - Parameter writes: whether pins are to be changed; a file is then opened as a collector would.
    func openPins(writes: Bool) async throws(CommandFailure) -> PinSource {
        if let db, writes {
            return try await StoreChoice.changePins(path: db)
        }
        let source = try await open()
        guard let pins = source as? any TracePins else {
            throw CommandFailure(.sourceFailed, "this source knows no pins")
        }
        return PinSource(reader: source, pins: pins) {}
    }
}
