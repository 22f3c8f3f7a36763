// SPDX-License-Identifier: Apache-2.0
// What a service does beside answering requests.

import ServiceLifecycle
import Synchronization

/// Work that begins with the service, and is stopped after the last request and before telemetry.
final class BackgroundWork: Sendable {
    private let list = Mutex<[any Service]>([])

    var services: [any Service] { list.withLock { $0 } }

    func add(_ service: any Service) { list.withLock { $0.append(service) } }
}
