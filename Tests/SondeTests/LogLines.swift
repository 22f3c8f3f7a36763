// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Logging
import SondeModel
import Testing

@testable import Sonde

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// What `body` logs through a telemetry whose lines go into a file of its own: the lines, and the records for export.
func logged(
    _ configure: (inout TelemetryConfiguration) -> Void = { _ in }, _ body: (Logger, Telemetry) throws -> Void
) throws -> (lines: [String], records: [SondeModel.LogRecord]) {
    let path = "/tmp/sonde-log-\(IdentifierSource().nextSpanID().hex)"
    try #require(FileManager.default.createFile(atPath: path, contents: nil))
    defer { try? FileManager.default.removeItem(atPath: path) }
    let descriptor = open(path, O_WRONLY | O_APPEND)
    defer { close(descriptor) }
    var configuration = TelemetryConfiguration(serviceName: "orders")
    configuration.logOutput = LogOutput(descriptor: descriptor)
    configure(&configuration)
    let telemetry = try Telemetry(configuration)
    try body(telemetry.logger(label: "shop.orders"), telemetry)
    #expect(telemetry.flushLogs(within: .seconds(60)))
    let text = String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
    return (text.split(separator: "\n").map(String.init), try telemetry.logQueue?.takeLogs() ?? [])
}
