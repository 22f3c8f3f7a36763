// SPDX-License-Identifier: Apache-2.0
// Which store keeps the data: the one place that names it.

import Logging
import SondeStorage

enum StoreChoice {
    static func open(_ settings: ServeSettings, logger: Logger) throws(CommandFailure) -> any TelemetryStore {
        MemoryStore()
    }
}
