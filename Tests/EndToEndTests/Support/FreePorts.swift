// SPDX-License-Identifier: Apache-2.0
// Ports for programs that must be told theirs. Whoever can find its own port should: it is asked for port 0.

import Foundation
import Synchronization

enum FreePorts {
    /// Those that were handed out: programs that start at the same time have not bound theirs yet.
    private static let taken = Mutex<Set<Int>>([])

    /// Ports that nobody listens on now, all different.
    ///
    /// They lie below the range from which the kernel serves port 0 and outgoing connections (from 32 768 up), so that
    /// it does not hand them to somebody else before the program under test has bound them.
    static func take(_ count: Int) throws -> [Int] {
        let ports = taken.withLock { taken in
            var ports: Set<Int> = []
            for port in (20_000..<32_000).shuffled()
            where ports.count < count && !taken.contains(port) && isFree(port) {
                ports.insert(port)
            }
            taken.formUnion(ports)
            return ports
        }
        guard ports.count == count else { throw UnexpectedAnswer(description: "fewer than \(count) ports are free") }
        return Array(ports)
    }

    /// Whether nobody listens on the port.
    static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        // Connections that are long closed still hold a port back for a minute; they are no listeners.
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
