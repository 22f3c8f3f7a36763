// SPDX-License-Identifier: Apache-2.0
// The resource: which service, on which host, in which process. Attribute names are OpenTelemetry's.

import SondeModel

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

extension Resource {
    /// What the configuration names, what can be found out, and which SDK says so; sorted by key. What the configuration
    /// names is never overwritten.
    init(_ configuration: TelemetryConfiguration) {
        var attributes = configuration.detectsResource ? Self.detected : [:]
        attributes["telemetry.sdk.name"] = .string("sonde")
        attributes["telemetry.sdk.language"] = .string("swift")
        attributes["telemetry.sdk.version"] = .string(LibraryVersion.text)
        for (key, value) in configuration.resourceAttributes { attributes[key] = .string(value) }
        attributes["service.name"] = .string(configuration.serviceName)
        if let version = configuration.serviceVersion { attributes["service.version"] = .string(version) }
        self.init(attributes: attributes.sorted { $0.key < $1.key }.map { Attribute(key: $0.key, value: $0.value) })
    }

    private static var detected: [String: AttributeValue] {
        var found: [String: AttributeValue] = ["process.pid": .int(Int64(getpid()))]
        #if os(Linux)
            found["os.type"] = .string("linux")
        #elseif canImport(Darwin)
            found["os.type"] = .string("darwin")
        #endif
        if let host = hostName { found["host.name"] = .string(host) }
        if let path = CommandLine.arguments.first, let name = path.split(separator: "/").last {
            found["process.executable.name"] = .string(String(name))
        }
        return found
    }

    private static var hostName: String? {
        var bytes = [CChar](repeating: 0, count: 256)
        let result = gethostname(&bytes, bytes.count - 1)
        let name = String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return result == 0 && !name.isEmpty ? name : nil
    }
}

/// The version that the library tells collectors.
enum LibraryVersion {
    static let text = "0.1.0"
}
