// SPDX-License-Identifier: Apache-2.0
// The resource: which service, on which host, in which process. Attribute names are OpenTelemetry's.

import SondeModel

extension Resource {
    /// What the configuration names, what can be found out, and which SDK says so; sorted by key. What the configuration
    /// names is never overwritten.
    init(_ configuration: TelemetryConfiguration, in place: ProcessPlace = ProcessPlace()) {
        var attributes: [String: AttributeValue] = [:]
        for detector in configuration.resourceDetectors {
            attributes.merge(detector.detect(in: place)) { old, _ in old }
        }
        attributes["telemetry.sdk.name"] = .string("sonde")
        attributes["telemetry.sdk.language"] = .string("swift")
        attributes["telemetry.sdk.version"] = .string(LibraryVersion.text)
        for (key, value) in configuration.resourceAttributes { attributes[key] = .string(value) }
        attributes["service.name"] = .string(configuration.serviceName)
        if let version = configuration.serviceVersion { attributes["service.version"] = .string(version) }
        self.init(attributes: attributes.sorted { $0.key < $1.key }.map { Attribute(key: $0.key, value: $0.value) })
    }
}

/// The version that the library tells collectors.
enum LibraryVersion {
    static let text = "0.1.0"
}
