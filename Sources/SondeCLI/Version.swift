// SPDX-License-Identifier: Apache-2.0
// What this binary is made of.

import Sonde

enum Version {
    /// The version of Sonde; CHANGELOG says what changed in it.
    static let text = "0.1.0"

    /// The compiler that built it.
    static let swift = SwiftRuntime.compiler
}
