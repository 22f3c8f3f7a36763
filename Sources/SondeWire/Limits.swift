// SPDX-License-Identifier: Apache-2.0
// Every number that bounds something in this room, with its unit and its reason.

enum Limits {
    /// Times. Deflate cannot shrink further (258 bytes in two bits), so a larger claim in a gzip trailer is a lie and
    /// must not be allocated.
    static let deflateRatio = 1032
    /// Bytes of a gzip member's header and trailer.
    static let smallestGzipMember = 18
    /// Bytes. Room to begin inflating with, where the trailer promises less or nothing.
    static let smallestInflation = 256
}
