// SPDX-License-Identifier: Apache-2.0
// The names of services and of what they call, as small numbers, so that a call is counted without touching text.

import SondeModel

struct NameTable {
    /// Stands for all names that are too much.
    static let rest = 0

    private let maxServices: Int
    private let maxPeers: Int
    private var texts: [String?] = [nil]
    private var numbers = ByteNumbers()
    /// Bytes in `numbers` that are not a name itself: names that are cut, or no valid text.
    private var aliasCount = 0
    private var book = RowBook()

    /// - Parameters:
    ///   - services: how many names of services there may be, whatever the peers are called.
    ///   - peers: how many more names of peers; who names each call's far end by an address must not cost services.
    init(services: Int, peers: Int, now: ContinuousClock.Instant) {
        maxServices = services
        maxPeers = peers
        _ = book.take(now)
    }

    /// The name with that number; nil for the rest.
    subscript(number: Int) -> String? { texts[number] }

    /// Whether there is no room for more names of peers, or none at all.
    var isFull: Bool { book.usedCount > maxPeers }

    /// The number of a service's name as it came: cut to what a label may have, and made valid text.
    mutating func service(_ name: UnsafeBufferPointer<UInt8>, _ now: ContinuousClock.Instant) -> Int {
        number(of: name, limit: maxServices + maxPeers, now)
    }

    /// The same for the name that a call gives its other side.
    mutating func peer(_ name: UnsafeBufferPointer<UInt8>, _ now: ContinuousClock.Instant) -> Int {
        number(of: name, limit: maxPeers, now)
    }

    private mutating func number(
        of name: UnsafeBufferPointer<UInt8>, limit: Int, _ now: ContinuousClock.Instant
    ) -> Int {
        let looked = UnsafeBufferPointer(rebasing: name.prefix(PipelineLimits.spanNameBytes))
        let number = numbers.number(of: looked) ?? newNumber(looked, limit, now)
        book.use(number, now)
        return number
    }

    mutating func use(_ number: Int, _ now: ContinuousClock.Instant) { book.use(number, now) }

    private mutating func newNumber(
        _ name: UnsafeBufferPointer<UInt8>, _ limit: Int, _ now: ContinuousClock.Instant
    ) -> Int {
        let cut = SpanNameTemplate.cut(name)
        let text = cut.isEmpty ? Resource.unknownService : String(decoding: cut, as: UTF8.self)
        let key = Array(text.utf8)
        let number = numbers.number(of: key) ?? add(text, key, limit, now)
        if number != Self.rest, !key.elementsEqual(name) {
            if aliasCount == PipelineLimits.spanNamesRemembered { forgetAliases() }
            numbers.add(name, number)
            aliasCount += 1
        }
        return number
    }

    private mutating func add(
        _ text: String, _ key: [UInt8], _ limit: Int, _ now: ContinuousClock.Instant
    ) -> Int {
        guard book.usedCount <= limit else { return Self.rest }
        let number = book.take(now)
        if number == texts.count { texts.append(nil) }
        texts[number] = text
        numbers.add(key, number)
        return number
    }

    private mutating func forgetAliases() {
        numbers.removeAll()
        aliasCount = 0
        for (number, text) in texts.enumerated() {
            if let text { numbers.add(text.utf8, number) }
        }
    }

    /// Forgets names that were not used since `moment`; whatever holds their numbers must have gone before.
    mutating func dropIdle(since moment: ContinuousClock.Instant) {
        let idle = book.giveBackIdle(since: moment, except: Self.rest)
        guard !idle.isEmpty else { return }
        for number in idle { texts[number] = nil }
        forgetAliases()
    }
}
