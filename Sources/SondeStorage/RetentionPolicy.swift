// SPDX-License-Identifier: Apache-2.0
// How long a store keeps what it has taken.

/// Bounds on what is kept. Whole blocks are pruned, oldest arrival first, as soon as either bound is passed.
package struct RetentionPolicy: Hashable, Sendable {
    /// Keep what arrived within this time; nil keeps all.
    package var maxAge: Duration?
    /// Keep all files of the store together below this many bytes; nil sets no bound.
    package var maxBytes: Int?

    package init(maxAge: Duration? = nil, maxBytes: Int? = nil) {
        self.maxAge = maxAge
        self.maxBytes = maxBytes
    }
}
