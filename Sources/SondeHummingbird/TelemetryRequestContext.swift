// SPDX-License-Identifier: Apache-2.0
// A request context that knows who asks.

public import Hummingbird
public import NIOCore

/// Hummingbird's basic context with the client's address, which spans and log lines then show. A context of your own
/// does the same by conforming to `RemoteAddressRequestContext`.
public struct TelemetryRequestContext: RequestContext, RemoteAddressRequestContext {
    public var coreContext: CoreRequestContextStorage
    public let remoteAddress: SocketAddress?

    public init(source: Source) {
        coreContext = CoreRequestContextStorage(source: source)
        remoteAddress = source.channel.remoteAddress
    }
}
