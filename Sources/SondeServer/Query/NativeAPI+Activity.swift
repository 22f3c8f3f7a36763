// SPDX-License-Identifier: Apache-2.0
// Descriptions of what many spans come to: the graph of services, and rates, errors and durations over time.

import SondeModel
import SondeStorage
import SondeWire

extension NativeAPI {
    static let activity: [Operation] = []
    static let activitySchemas: [(name: String, schema: Schema)] = []
}
