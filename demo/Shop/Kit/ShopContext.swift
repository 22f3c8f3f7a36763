// SPDX-License-Identifier: Apache-2.0
// What a request carries through a service: the framework's own, the size limit and who is calling.

import Hummingbird
import NIOCore

struct ShopContext: RequestContext, RemoteAddressRequestContext {
    var coreContext: CoreRequestContextStorage
    let remoteAddress: SocketAddress?

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        remoteAddress = source.channel.remoteAddress
    }

    var maxUploadSize: Int { Limits.maxRequestBytes }

    /// Switching faults is for the one who sits at this machine.
    func requireLoopback() throws {
        guard let address = remoteAddress?.ipAddress, address == "::1" || address.hasPrefix("127.") else {
            throw Problem(.forbidden, code: "loopback_only", "faults can be switched from this machine only")
        }
    }
}
