// SPDX-License-Identifier: Apache-2.0
// Names and label values made fit for Prometheus: what services call their metrics is theirs, what is printed is ours.
//
// https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/

extension PrometheusText {
    /// `raw` as a metric name (`[a-zA-Z_][a-zA-Z0-9_]*`): `http.server.duration` becomes `http_server_duration`. Colons
    /// are for recording rules and become underscores too; a run of refused characters becomes one underscore.
    package static func metricName(_ raw: String) -> String { name(raw) }

    /// `raw` as a label name. Two leading underscores are Prometheus's own and become one.
    package static func labelName(_ raw: String) -> String {
        var name = name(raw)
        while name.hasPrefix("__") { name.removeFirst() }
        return name
    }

    /// Labels as both formats print them between braces, sorted by name: `code="200",path="a\"b"`.
    ///
    /// Empty values are left out, since Prometheus takes them for absent. Where two names become the same their values
    /// are joined by `;`, as OpenTelemetry's mapping says. Names in `reserved` get the prefix `exported_`.
    package static func labels(_ pairs: [(String, String)], reserved: String? = nil) -> String {
        guard !pairs.isEmpty else { return "" }
        var bytes: [UInt8] = []
        for (name, value) in canonical(pairs, reserved: reserved) {
            if !bytes.isEmpty { bytes.append(UInt8(ascii: ",")) }
            bytes.append(contentsOf: name.utf8)
            bytes.append(contentsOf: "=\"".utf8)
            appendEscaped(value, to: &bytes)
            bytes.append(UInt8(ascii: "\""))
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The labels that ``labels(_:reserved:)`` prints, in its order, before their values are escaped.
    package static func canonical(
        _ pairs: [(String, String)], reserved: String? = nil
    ) -> [(name: String, value: String)] {
        var named: [(name: String, value: String)] = []
        for (rawName, value) in pairs.sorted(by: { $0.0 < $1.0 }) where !value.isEmpty {
            let name = labelName(rawName, reserved: reserved)
            if let same = named.firstIndex(where: { $0.name == name }) {
                named[same].value += ";" + value
            } else {
                named.append((name, value))
            }
        }
        return named.sorted { $0.name < $1.name }
    }

    /// `raw` as a label name; `exported_` before it if it is `reserved`.
    package static func labelName(_ raw: String, reserved: String?) -> String {
        let name = labelName(raw)
        return name == reserved ? "exported_" + name : name
    }

    package static func appendEscaped(_ value: String, to bytes: inout [UInt8]) {
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): bytes.append(contentsOf: "\\\\".utf8)
            case UInt8(ascii: "\""): bytes.append(contentsOf: "\\\"".utf8)
            case UInt8(ascii: "\n"): bytes.append(contentsOf: "\\n".utf8)
            default: bytes.append(byte)
            }
        }
    }

    private static func name(_ raw: String) -> String {
        if let first = raw.utf8.first, !isDigit(first), raw.utf8.allSatisfy(isNameByte) { return raw }
        var name: [UInt8] = []
        if let first = raw.utf8.first, isDigit(first) { name.append(UInt8(ascii: "_")) }
        for byte in raw.utf8 {
            if isNameByte(byte) {
                name.append(byte)
            } else if name.last != UInt8(ascii: "_") {
                name.append(UInt8(ascii: "_"))
            }
        }
        return name.isEmpty ? "_" : String(decoding: name, as: UTF8.self)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        isDigit(byte) || (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || byte == UInt8(ascii: "_")
    }
}
