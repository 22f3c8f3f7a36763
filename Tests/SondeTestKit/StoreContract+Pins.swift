// SPDX-License-Identifier: Apache-2.0
// Promises about pinned traces.

import SondeModel
import SondeStorage

extension StoreContract {
    static let pinClaims: [Claim] = [
        Claim("an empty store has no pins, and pins nothing") { contract in
            try expectEqual(await contract.pins.pins(), [], "pins")
            try expect(await contract.pins.pin(.sample(1), note: "") == nil, "an unknown trace is pinned")
            try expect(await !contract.pins.unpin(.sample(1)), "what was not pinned is unpinned")
        },
        Claim("a pin is listed with its note until it is taken back") { contract in
            try await contract.store(.sample(trace: 1, 1), .sample(trace: 2, 1))
            let pin = try await contract.pins.pin(.sample(1), note: "why \"it\" matters, ünï")
            try expectEqual(pin?.traceID, .sample(1), "id")
            try expectEqual(await contract.pins.pins(), [pin].compactMap(\.self), "pins")
            try expectEqual(await contract.traceReader.statistics().pinnedTraces, 1, "pinned traces")
            try expect(await contract.pins.unpin(.sample(1)), "a pinned trace is not unpinned")
            try expect(await !contract.pins.unpin(.sample(1)), "it is unpinned twice")
            try expectEqual(await contract.pins.pins(), [], "pins afterwards")
            try expectEqual(await contract.storedTrace(.sample(1)).spans.count, 1, "spans")
        },
        Claim("pinning again replaces the note and nothing else") { contract in
            try await contract.store(.sample(trace: 1, 1))
            let first = try await contract.pins.pin(.sample(1), note: "one")
            let second = try await contract.pins.pin(.sample(1), note: "")
            try expectEqual(second?.time, first?.time, "time")
            try expectEqual(await contract.pins.pins().map(\.note), [""], "notes")
        },
        Claim("a note of more than 1024 bytes is refused") { contract in
            try await contract.store(.sample(trace: 1, 1))
            do throws(ReadError) {
                _ = try await contract.pins.pin(.sample(1), note: String(repeating: "x", count: 1_025))
            } catch {
                guard case .invalid = error else { throw Violation(description: "\(error) instead of invalid") }
                return try expectEqual(await contract.pins.pins(), [], "pins")
            }
            throw Violation(description: "it is taken")
        },
    ]
}
