// SPDX-License-Identifier: Apache-2.0
// What this binary is made of.

enum Version {
    /// The version of Sonde; CHANGELOG says what changed in it.
    static let text = "0.1.0"

    /// The compiler that built it.
    static let swift: String = {
        #if compiler(>=6.4)
            "6.4 or later"
        #elseif compiler(>=6.3)
            "6.3"
        #elseif compiler(>=6.2)
            "6.2"
        #else
            "6.1"
        #endif
    }()
}
