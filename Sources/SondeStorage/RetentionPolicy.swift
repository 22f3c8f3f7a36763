// SPDX-License-Identifier: Apache-2.0
// How long a store keeps what it has taken.

/// Bounds on what is kept. The oldest arrivals are pruned as soon as a bound is passed; pinned traces outlive both.
package struct RetentionPolicy: Hashable, Sendable {
    /// Keep what arrived within this time; nil keeps all.
    package var maxAge: Duration?
    /// Services kept for another time than ``maxAge``, longer or shorter; nil keeps all of a service.
    package var serviceMaxAge: [String: Duration?]
    /// Keep all files of the store together below this many bytes, whatever their age; nil sets no bound.
    package var maxBytes: Int?

    package init(maxAge: Duration? = nil, serviceMaxAge: [String: Duration?] = [:], maxBytes: Int? = nil) {
        self.maxAge = maxAge
        self.serviceMaxAge = serviceMaxAge
        self.maxBytes = maxBytes
    }
}
