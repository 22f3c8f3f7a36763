// SPDX-License-Identifier: Apache-2.0
// Why a listener could not be opened, as a sentence that tells the operator what to do.

import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension CollectorError {
    init(cannotListen listener: BoundListener, _ error: any Error) {
        let flag = "--\(listener.name.rawValue)"
        let what = "cannot listen for \(listener.name.protocolName) on \(listener.address) (\(flag))"
        self.init(message: "\(what): \(Self.reason(error, listener.address, flag))")
    }

    private static func reason(_ error: any Error, _ address: ListenerAddress, _ flag: String) -> String {
        switch (error as? IOError)?.errnoCode {
        case EADDRINUSE:
            "the port is in use; `ss -ltnp 'sport = :\(address.port)'` names its owner. "
                + "Stop that, choose another port with \(flag) HOST:PORT (0 takes any free one), "
                + "or do without: \(flag) off"
        case EACCES:
            "ports below 1024 need more rights than this process has; choose a higher one with \(flag) HOST:PORT"
        case EADDRNOTAVAIL: "no interface of this machine has that address"
        case nil: "\(error)"
        case let code?: String(cString: strerror(code))
        }
    }
}
