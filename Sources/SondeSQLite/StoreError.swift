// SPDX-License-Identifier: Apache-2.0
// Why a store could not be opened.

package import SondeStorage

package struct StoreError: Error, Hashable, Sendable {
    package enum Code: Hashable, Sendable {
        /// No such file or folder.
        case unreachable
        /// Another collector has it open.
        case locked
        /// The file is something else.
        case notSonde
        /// A later version of sonde wrote it.
        case newerFormat
        /// The file system or SQLite refuses.
        case failed
        /// What was asked for cannot be done.
        case invalid
        /// The file's content is wrong.
        case damaged
    }

    package var code: Code
    /// A sentence that says what was tried and what to do.
    package var reason: String

    package init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    /// The same as a reader's error.
    package var readError: ReadError {
        switch code {
        case .unreachable: .unreachable(reason)
        case .invalid: .invalid(reason)
        default: .failed(reason)
        }
    }
}

extension StoreError: CustomStringConvertible {
    package var description: String { reason }
}
