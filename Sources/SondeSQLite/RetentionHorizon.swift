// SPDX-License-Identifier: Apache-2.0
// Until when arrivals are kept at a given moment: one bound for all, others for some services.

import SondeModel
import SondeStorage

struct RetentionHorizon {
    enum Verdict: Equatable {
        case keep
        /// Everything in the block is past its time.
        case drop
        /// Some of its services are.
        case part
    }

    /// Arrivals before this go; 0 keeps all.
    private let general: UInt64
    /// The same for services of their own, by id.
    private let services: [Int: UInt64]
    private let earliest: UInt64
    private let latest: UInt64

    init(_ policy: RetentionPolicy, names: StoredNames, now: Timestamp) {
        general = Self.bound(policy.maxAge, now)
        var services: [Int: UInt64] = [:]
        if !policy.serviceMaxAge.isEmpty {
            for (index, name) in names.services.enumerated() {
                if let age = policy.serviceMaxAge[name] { services[index + 1] = Self.bound(age, now) }
            }
        }
        self.services = services
        earliest = services.values.reduce(general, min)
        latest = services.values.reduce(general, max)
    }

    private static func bound(_ age: Duration?, _ now: Timestamp) -> UInt64 {
        guard let age else { return 0 }
        let nanoseconds = UInt64(max(0, age.nanoseconds))
        return now.nanoseconds > nanoseconds ? now.nanoseconds - nanoseconds : 0
    }

    func keeps(_ service: Int, received: UInt64) -> Bool { received >= services[service] ?? general }

    /// What becomes of a block with spans or records of these services.
    func verdict(received: UInt64, _ inside: some Sequence<Int>) -> Verdict {
        if received >= latest { return .keep }
        if received < earliest { return .drop }
        var (kept, gone) = (false, false)
        for service in inside {
            if keeps(service, received: received) { kept = true } else { gone = true }
        }
        return gone ? (kept ? .part : .drop) : .keep
    }
}
