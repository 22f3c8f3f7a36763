// SPDX-License-Identifier: Apache-2.0
// One request, complete: what a route sees of the network.

import NIOCore
import NIOHTTP1
import SondeModel
import SondePipeline

/// A request whose body has arrived in full.
struct Request: Sendable {
    var head: HTTPRequestHead
    var match: RouteMatch
    var body: [UInt8] = []
    /// When its head was complete.
    var arrival: ContinuousClock.Instant

    /// A header's value; several of one name are joined as the specification allows.
    func header(_ name: String) -> String? { head.headers.joined(name) }
}

extension HTTPHeaders {
    /// All values of a header joined by commas; nil if it is absent.
    func joined(_ name: String) -> String? {
        let values = self[name]
        return values.isEmpty ? nil : values.joined(separator: ", ")
    }
}

/// A route, and what of the target it asked for.
struct RouteMatch: Sendable {
    var route: Route
    var target: RequestTarget
    /// The segments that stand for `{name}`, by name.
    var parameters: [String: String] = [:]
    /// Room for the body in the memory budget; nil where bodies are not metered.
    var reservation: Reservation?
    /// Its place among the questions; nil for what is none.
    var question: Question?
}
