// SPDX-License-Identifier: Apache-2.0
// One export body, and where its trace ids lie: each pass over the corpus sends traces of its own, at the cost of a few
// bytes changed in place.

import BenchmarkCorpus
import Foundation
import SondeModel

struct SpanBody: Sendable {
    private let bytes: [UInt8]
    /// Where the first byte of each span's trace id is.
    private let idOffsets: [Int]

    var spanCount: Int { idOffsets.count }

    init(_ bytes: [UInt8]) throws {
        self.bytes = bytes
        var offsets: [Int] = []
        try bytes.withUnsafeBufferPointer { buffer throws(MalformedProtobuf) in
            guard let base = buffer.baseAddress else { return }
            // ExportTraceServiceRequest.resource_spans ▸ scope_spans ▸ spans ▸ trace_id
            let request = ProtobufReader(base: base, range: 0..<buffer.count)
            try Self.walk(request, path: [1, 2, 2, 1]) { offsets.append($0) }
        }
        self.idOffsets = offsets
    }

    /// The body as the pass with this number sends it.
    func bytes(pass: Int) -> [UInt8] {
        guard pass > 0 else { return bytes }
        var generator = SeededGenerator(state: UInt64(pass))
        let mask = withUnsafeBytes(of: generator.next()) { Array($0) }
        var changed = bytes
        for offset in idOffsets {
            for place in 0..<8 { changed[offset + place] ^= mask[place] }
        }
        return changed
    }

    static func index(_ bodies: [[UInt8]]) throws -> [SpanBody] { try bodies.map(SpanBody.init) }

    /// Reads a file of bodies, each behind its length.
    static func read(_ path: String) throws -> [SpanBody] {
        let data = [UInt8](try Data(contentsOf: URL(filePath: path)))
        var bodies: [SpanBody] = []
        var position = 0
        while position + 4 <= data.count {
            let length = (0..<4).reduce(0) { $0 | Int(data[position + $1]) << (8 * $1) }
            position += 4
            guard position + length <= data.count else { break }
            bodies.append(try SpanBody(Array(data[position..<position + length])))
            position += length
        }
        guard position == data.count, !bodies.isEmpty else {
            throw Failure("cannot read the corpus \(path): it ends in the middle of a body")
        }
        return bodies
    }

    private static func walk(
        _ message: ProtobufReader, path: ArraySlice<Int>, found: (Int) -> Void
    ) throws(MalformedProtobuf) {
        var reader = message
        while try reader.next() {
            guard reader.field == path.first else { continue }
            let range = try reader.readRange()
            if path.count > 1 {
                try walk(reader.nested(range), path: path.dropFirst(), found: found)
            } else if range.upperBound - range.lowerBound == 16 {
                found(range.lowerBound)
            }
        }
    }
}

/// Why a run could not go on.
struct Failure: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}

/// CPU time of a process, user and system together, from /proc.
struct ProcessTime {
    var seconds: Double

    init(pid: Int) throws {
        let text = try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
        // The name stands in parentheses and may hold blanks; user and system time are the 12th and 13th field behind.
        let fields = text.drop { $0 != ")" }.split(separator: " ")
        guard fields.count > 13, let user = Double(fields[12]), let system = Double(fields[13]) else {
            throw Failure("cannot read /proc/\(pid)/stat")
        }
        seconds = (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
}
