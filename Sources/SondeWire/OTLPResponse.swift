// SPDX-License-Identifier: Apache-2.0
// What an OTLP server answers: a success, perhaps a partial one, or a google.rpc.Status; in protobuf and in JSON.
//
//   Export…ServiceResponse { 1 partial_success { 1 int64 rejected, 2 string error_message } }
//   google.rpc.Status      { 1 int32 code, 2 string message }
//
// https://opentelemetry.io/docs/specs/otlp/#full-success

internal import SondeModel

/// The answer to an export request that was taken, wholly or in part.
package struct OTLPResponse: Hashable, Sendable {
    /// The three export services. In protobuf their answers are the same; in JSON a name differs.
    package enum Signal: Hashable, Sendable, CaseIterable {
        case traces, logs, metrics

        fileprivate var rejectedKey: String {
            switch self {
            case .traces: "rejectedSpans"
            case .logs: "rejectedLogRecords"
            case .metrics: "rejectedDataPoints"
            }
        }
    }

    package var signal: Signal
    /// Spans, log records or data points that were refused; the sender must not send them again.
    package var rejectedCount: Int64
    /// Why they were refused; with a count of 0 a warning.
    package var errorMessage: String

    /// The answer to a request that was taken whole is the one without arguments.
    package init(_ signal: Signal, rejectedCount: Int64 = 0, errorMessage: String = "") {
        self.signal = signal
        self.rejectedCount = rejectedCount
        self.errorMessage = errorMessage
    }

    /// Whether there is anything to tell. If not, `partial_success` is left unset, as the specification demands.
    package var isPartial: Bool { rejectedCount != 0 || !errorMessage.isEmpty }

    /// The message in protobuf: no bytes at all for a full success.
    package var protobuf: [UInt8] {
        guard isPartial else { return [] }
        var inner = ProtobufWriter()
        if rejectedCount != 0 { inner.varint(UInt64(bitPattern: rejectedCount), field: 1) }
        if !errorMessage.isEmpty { inner.string(errorMessage, field: 2) }
        var outer = ProtobufWriter()
        outer.bytes(inner.bytes, field: 1)
        return outer.bytes
    }

    /// The message in JSON: `{}`, or `{"partialSuccess":{"rejectedSpans":"3","errorMessage":"…"}}`.
    package var json: [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        if isPartial {
            json.key("partialSuccess")
            json.beginObject()
            json.key(signal.rejectedKey)
            json.string(String(rejectedCount))
            json.key("errorMessage")
            json.string(errorMessage)
            json.endObject()
        }
        json.endObject()
        return json.bytes
    }

    /// Reads what a server answered.
    package init(protobuf bytes: [UInt8], signal: Signal) throws(DecodeError) {
        self.init(signal)
        let fields = try FlatMessage(bytes, path: [1])
        rejectedCount = Int64(bitPattern: fields.number)
        errorMessage = fields.text
    }
}

/// `google.rpc.Status`: the body of every refusal.
package struct RPCStatus: Hashable, Sendable {
    /// A number of `google.rpc.Code`, such as 3 for INVALID_ARGUMENT; 0 where none applies.
    package var code: Int32
    package var message: String

    package init(code: Int32 = 0, message: String) {
        self.code = code
        self.message = message
    }

    package var protobuf: [UInt8] {
        var writer = ProtobufWriter()
        if code != 0 { writer.varint(UInt64(bitPattern: Int64(code)), field: 1) }
        if !message.isEmpty { writer.string(message, field: 2) }
        return writer.bytes
    }

    package var json: [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("code")
        json.int(code)
        json.key("message")
        json.string(message)
        json.endObject()
        return json.bytes
    }

    /// Reads what a server answered.
    package init(protobuf bytes: [UInt8]) throws(DecodeError) {
        let fields = try FlatMessage(bytes, path: [])
        self.init(code: Int32(truncatingIfNeeded: fields.number), message: fields.text)
    }
}

/// A message of one number (field 1) and one text (field 2), found inside others by the path of their fields.
private struct FlatMessage {
    var number: UInt64 = 0
    var text = ""

    init(_ bytes: [UInt8], path: [Int]) throws(DecodeError) {
        do throws(MalformedProtobuf) {
            self = try bytes.withUnsafeBufferPointer { buffer throws(MalformedProtobuf) in
                var message = FlatMessage()
                guard let base = buffer.baseAddress, !buffer.isEmpty else { return message }
                try message.read(ProtobufReader(base: base, range: 0..<buffer.count), path: path[...])
                return message
            }
        } catch {
            throw DecodeError(message: "cannot decode the server's answer: \(error.reason)")
        }
    }

    private init() {}

    private mutating func read(_ message: ProtobufReader, path: ArraySlice<Int>) throws(MalformedProtobuf) {
        var reader = message
        while try reader.next() {
            if let outer = path.first {
                guard reader.field == outer else { continue }
                try read(reader.nested(reader.readRange()), path: path.dropFirst())
            } else if reader.field == 1 {
                number = try reader.readVarint()
            } else if reader.field == 2 {
                text = try reader.readString()
            }
        }
    }
}
