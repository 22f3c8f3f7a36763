// SPDX-License-Identifier: Apache-2.0
// When to send it again, as OTLP/gRPC says it: google.rpc.RetryInfo, alone and inside a google.rpc.Status.
//
//   google.rpc.RetryInfo { 1 google.protobuf.Duration retry_delay { 1 int64 seconds, 2 int32 nanos } }
//   google.rpc.Status    { 1 int32 code, 2 string message, 3 google.protobuf.Any details { 1 type_url, 2 value } }
//
// https://opentelemetry.io/docs/specs/otlp/#otlpgrpc-throttling

/// How long a sender should wait.
package struct RetryInfo: Hashable, Sendable {
    package var delay: Duration

    package init(delay: Duration) {
        self.delay = delay
    }

    package var protobuf: [UInt8] {
        let (seconds, attoseconds) = delay.components
        var duration = ProtobufWriter()
        if seconds != 0 { duration.varint(UInt64(bitPattern: seconds), field: 1) }
        let nanoseconds = attoseconds / 1_000_000_000
        if nanoseconds != 0 { duration.varint(UInt64(bitPattern: nanoseconds), field: 2) }
        var info = ProtobufWriter()
        info.bytes(duration.bytes, field: 1)
        return info.bytes
    }

    /// The name under which an `Any` carries it.
    package static let typeURL = "type.googleapis.com/google.rpc.RetryInfo"
}

extension RPCStatus {
    /// The status with a wait among its details, as clients that look into `grpc-status-details-bin` read it.
    package func protobuf(retry: RetryInfo) -> [UInt8] {
        var detail = ProtobufWriter()
        detail.string(RetryInfo.typeURL, field: 1)
        detail.bytes(retry.protobuf, field: 2)
        var writer = ProtobufWriter()
        writer.bytes = protobuf
        writer.bytes(detail.bytes, field: 3)
        return writer.bytes
    }
}
