// SPDX-License-Identifier: Apache-2.0
// The door for pinned traces, of a store that is open for writing and of a file that is read.

package import SondeModel
package import SondeStorage

extension SQLiteStore {
    package func pin(_ id: TraceID, note: String) async throws(ReadError) -> TracePin? {
        try TracePin.check(note: note)
        let bound = Limits.pinnedBytes(maxBytes: configuration.retention.maxBytes)
        let known = try await reader.pinState(of: id)
        guard known.isStored || known.pin != nil else { return nil }
        if known.pin == nil {
            guard known.pins < Limits.pins else {
                throw .invalid("\(known.pins) traces are pinned, the most there can be; unpin one first")
            }
            guard known.bytes + known.pinnedBytes <= bound else {
                throw .invalid(
                    "pinned traces would take \((known.bytes + known.pinnedBytes) >> 20) MiB on disk; the limit is "
                        + "\(bound >> 20) MiB: unpin some first")
            }
        }
        let pin = TracePin(traceID: id, note: note, time: known.pin?.time ?? configuration.now())
        try await writing { try await self.writer.pin(pin) }
        return pin
    }

    package func unpin(_ id: TraceID) async throws(ReadError) -> Bool {
        try await writing { try await self.writer.unpin(id) }
    }

    package func pins() async throws(ReadError) -> [TracePin] { try await reader.pins() }

    private func writing<R: Sendable>(_ body: () async throws -> R) async throws(ReadError) -> R {
        do { return try await body() } catch {
            throw .failed("cannot write the pin: \((error as? SQLiteError)?.message ?? "\(error)")")
        }
    }
}

/// What must be known before a trace is pinned.
struct PinState: Sendable {
    var isStored: Bool
    var pin: TracePin?
    var pins: Int
    var pinnedBytes: Int
    /// About what the trace takes, by its share of the blocks it lies in.
    var bytes: Int
}

extension SQLiteReader: TracePins {
    package func pin(_ id: TraceID, note: String) async throws(ReadError) -> TracePin? { throw Self.readOnly }

    package func unpin(_ id: TraceID) async throws(ReadError) -> Bool { throw Self.readOnly }

    private static let readOnly = ReadError.unsupported("cannot change pins: the file is open for reading only")

    /// All pins, latest first.
    package func pins() async throws(ReadError) -> [TracePin] {
        try await pool.read { file throws(ReadError) in file.catalog.pins.pins }
    }

    func pinState(of id: TraceID) async throws(ReadError) -> PinState {
        try await pool.read { file throws(ReadError) in
            let pins = file.catalog.pins
            var state = PinState(
                isStored: false, pin: pins.pins.first { $0.traceID == id }, pins: pins.pins.count,
                pinnedBytes: file.catalog.pinnedBytes, bytes: 0)
            for block in file.catalog.blocks(mayHold: id) {
                guard let fragment = try file.head(block).fragment(of: TraceWords(id)) else { continue }
                state.isStored = true
                guard !pins.blocks.contains(block.id) else { continue }
                state.bytes += block.bytes * fragment.rows.count / max(1, block.count)
            }
            return state
        }
    }
}
