// SPDX-License-Identifier: Apache-2.0
// The names that Jaeger shows where a sender gave none, and the way back from them to what is stored.

import SondeModel

/// Jaeger's stand-ins for absent names. Its clients index tables by these fields and take an empty one badly.
package enum JaegerNames {
    static let missingService = "missing-service-name"
    static let emptyService = "empty-service-name"
    static let emptySpan = "empty-span-name"

    /// The service of a span as its process names it.
    static func service(of resource: Resource) -> String {
        guard case .string(let name)? = resource.attributes["service.name"] else { return missingService }
        return name.isEmpty ? emptyService : name
    }

    /// A span's or an operation's name.
    package static func operation(_ name: String) -> String { name.isEmpty ? emptySpan : name }

    /// The service in lists. Stores keep one name for all services without one.
    package static func service(_ stored: String) -> String {
        stored == Resource.unknownService ? missingService : stored
    }

    /// The stored name of a service that a client has read from one of our answers.
    package static func storedService(_ shown: String) -> String {
        shown == missingService || shown == emptyService ? Resource.unknownService : shown
    }

    /// The stored name of an operation that a client has read from one of our answers.
    package static func storedOperation(_ shown: String) -> String { shown == emptySpan ? "" : shown }
}
