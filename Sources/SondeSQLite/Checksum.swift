// SPDX-License-Identifier: Apache-2.0
// The checksum of a chunk as it lies in the file.

import SondeModel

extension Hash64 {
    static func checksum(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt32 {
        UInt32(truncatingIfNeeded: hash(bytes, seed: 0) >> 32)
    }
}
