// SPDX-License-Identifier: Apache-2.0
// Lists obey the same keys and the same wheel everywhere.

import SondeTerminal

extension ListState {
    /// Moves as an action of ``ViewerKeys/lists`` says; false for any other.
    mutating func perform(_ action: ActionName) -> Bool {
        switch action {
        case "down": move(by: 1)
        case "up": move(by: -1)
        case "page-down": page(by: 1)
        case "page-up": page(by: -1)
        case "first": home()
        case "last": end()
        default: return false
        }
        return true
    }

    /// Rows that one notch of the wheel moves.
    static let wheelRows = 3
}
