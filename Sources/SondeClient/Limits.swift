// SPDX-License-Identifier: Apache-2.0
// How long a collector may take, and how much it may say.

package import NIOCore

package enum ClientLimits {
    /// To a connection. A collector is on this machine or near; a wrong address should be noticed soon.
    static let connectTimeout = TimeAmount.seconds(5)

    /// From a question to its whole answer. Scans over a large store take seconds; a person waits no longer than this.
    package static let answerTimeout = TimeAmount.seconds(60)

    /// Bytes of one answer. A trace of 100 000 spans is about 50 MB of protobuf.
    static let answerBytes = 512 * 1024 * 1024
}
