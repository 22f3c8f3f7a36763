// SPDX-License-Identifier: Apache-2.0
// Where a service's variables come from: its process.

import Configuration

extension Telemetry {
    static var environment: ConfigReader { ConfigReader(provider: EnvironmentVariablesProvider()) }
}
