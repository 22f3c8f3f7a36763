// SPDX-License-Identifier: Apache-2.0
// How often something happens, as people read it: `12.3/s`, `4.0/min`.

import SondeTerminal

enum Rate {
    /// - Parameter seconds: the time over which was counted; nil gives the count itself.
    static func text(_ count: Int, seconds: Double?) -> String {
        guard let seconds, seconds > 0 else { return Quantity.count(count) }
        let perSecond = Double(count) / seconds
        if perSecond >= 100 { return Quantity.count(Int(min(perSecond, 0x1p52).rounded())) + "/s" }
        if perSecond >= 0.1 { return Phrase.tenths(perSecond) + "/s" }
        if perSecond * 60 >= 0.1 || count == 0 { return Phrase.tenths(perSecond * 60) + "/min" }
        return Phrase.tenths(max(0.1, perSecond * 3_600)) + "/h"
    }
}
