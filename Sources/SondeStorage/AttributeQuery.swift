// SPDX-License-Identifier: Apache-2.0
// What can be asked about attributes, so that whoever writes a query need not guess: which keys there are, and which
// values a key has.

package import SondeModel

/// Where a key stands. Intrinsics are the fields of a span that a query names like attributes.
package enum ListedScope: String, CaseIterable, Hashable, Sendable {
    case intrinsic, span, resource, instrumentation, event, link
}

/// What kind of value a key has: the kinds of OTLP's `AnyValue`, and words of a fixed list.
package enum AttributeType: String, CaseIterable, Hashable, Sendable {
    case string, bool, int, double, bytes, array, map, empty, keyword
}

/// Which spans are asked, and how much of the list is wanted. Absent conditions hold always.
package struct AttributeQuery: Hashable, Sendable {
    package var service: String?
    /// Spans that start at or after this moment.
    package var start: Timestamp?
    /// Spans that start before this moment.
    package var end: Timestamp?
    package var scope: ListedScope?
    /// What the key (or the value, as text) begins with.
    package var prefix = ""
    /// At most so many, 1 to ``maxLimit``.
    package var limit = AttributeQuery.defaultLimit

    package init() {}

    /// What a shell can still show as candidates.
    package static let defaultLimit = 100
    /// A page at this size is some 100 kB of JSON; a longer prefix finds the rest.
    package static let maxLimit = 1000
}

/// A key in one scope.
package struct AttributeKeySummary: Hashable, Sendable {
    package var key: String
    package var scope: ListedScope
    /// Sorted by their order in ``AttributeType``.
    package var types: [AttributeType]
    /// Spans that bear it. Resent spans that no merge has seen yet count each time.
    package var spanCount: Int

    package init(key: String, scope: ListedScope, types: [AttributeType], spanCount: Int) {
        self.key = key
        self.scope = scope
        self.types = types
        self.spanCount = spanCount
    }
}

/// A value of a key.
package struct AttributeValueSummary: Hashable, Sendable {
    /// As searches compare it; see ``SondeModel/AttributeValue/text``.
    package var text: String
    package var type: AttributeType
    /// How often it was seen. What a resource or scope bears was seen with each of its spans.
    package var count: Int

    package init(text: String, type: AttributeType, count: Int) {
        self.text = text
        self.type = type
        self.count = count
    }
}

/// Keys, or values, with their number.
package struct AttributeList<Element: Hashable & Sendable>: Hashable, Sendable {
    package var elements: [Element]
    /// All there are, those past the limit included. If it is not exact, spans were left unread, older ones rather than
    /// newer ones, and all counts are lower bounds.
    package var total: Total

    package init(elements: [Element], total: Total) {
        self.elements = elements
        self.total = total
    }
}

extension AttributeValue {
    package var type: AttributeType {
        switch self {
        case .empty: .empty
        case .string: .string
        case .bool: .bool
        case .int: .int
        case .double: .double
        case .bytes: .bytes
        case .array: .array
        case .map: .map
        }
    }
}

/// The fields of a span that queries name like attributes and whose values can be listed.
package enum ListedIntrinsic: String, CaseIterable, Sendable {
    case kind, name, service, status

    package var type: AttributeType {
        switch self {
        case .kind, .status: .keyword
        case .name, .service: .string
        }
    }

    package func text(of span: SpanRecord) -> String {
        switch self {
        case .kind: span.kind.name
        case .name: span.name
        case .service: span.resource.serviceName
        case .status: span.status.code.name
        }
    }
}

/// Counts keys, span by span or many spans at once.
package struct AttributeKeyCount: Sendable {
    private struct Place: Hashable {
        var key: String
        var scope: ListedScope
    }

    private let query: AttributeQuery
    private var found: [Place: (types: Set<AttributeType>, spans: Int)] = [:]

    package init(_ query: AttributeQuery) { self.query = query }

    /// Whether the question is about this scope.
    package func wants(_ scope: ListedScope) -> Bool { query.scope.map { $0 == scope } ?? true }

    /// Whether the question is about this key.
    package func wants(_ key: String) -> Bool { key.utf8.starts(with: query.prefix.utf8) }

    package mutating func add(_ key: String, _ scope: ListedScope, types: Set<AttributeType>, spans: Int) {
        guard spans > 0, wants(scope), wants(key) else { return }
        found[Place(key: key, scope: scope), default: ([], 0)].spans += spans
        found[Place(key: key, scope: scope)]?.types.formUnion(types)
    }

    /// Adds kinds to a key whose spans are counted elsewhere.
    package mutating func note(_ key: String, _ scope: ListedScope, types: Set<AttributeType>) {
        guard !types.isEmpty, wants(scope), wants(key) else { return }
        found[Place(key: key, scope: scope), default: ([], 0)].types.formUnion(types)
    }

    /// By key, then scope.
    package func list(isExact: Bool) -> AttributeList<AttributeKeySummary> {
        let keys = found.filter { $0.value.spans > 0 }.map { place, count in
            AttributeKeySummary(
                key: place.key, scope: place.scope, types: AttributeType.allCases.filter(count.types.contains),
                spanCount: count.spans)
        }
        let order = Dictionary(uniqueKeysWithValues: zip(ListedScope.allCases, 0...))
        let sorted = keys.sorted { ($0.key, order[$0.scope] ?? 0) < ($1.key, order[$1.scope] ?? 0) }
        return AttributeList(
            elements: Array(sorted.prefix(max(1, query.limit))), total: Total(keys.count, isExact: isExact))
    }
}

/// Counts the values of one key.
package struct AttributeValueCount: Sendable {
    private struct Value: Hashable {
        var text: String
        var type: AttributeType
    }

    /// Distinct values that are told apart: some 20 MB at usual lengths. A key with more is an id, whose list nobody
    /// reads; a longer prefix finds what is not in it.
    private static let distinctValues = 100_000

    private let query: AttributeQuery
    private var found: [Value: Int] = [:]
    /// Whether values were left out.
    private(set) package var isFull = false

    package init(_ query: AttributeQuery) { self.query = query }

    /// Whether the question is about this scope.
    package func wants(_ scope: ListedScope) -> Bool { query.scope.map { $0 == scope } ?? true }

    package mutating func add(_ text: String, _ type: AttributeType, count: Int = 1) {
        guard count > 0, text.utf8.starts(with: query.prefix.utf8) else { return }
        let value = Value(text: text, type: type)
        if let known = found[value] {
            found[value] = known + count
        } else if found.count < Self.distinctValues {
            found[value] = count
        } else {
            isFull = true
        }
    }

    /// The most frequent first, then by text.
    package func list(isExact: Bool) -> AttributeList<AttributeValueSummary> {
        let values = found.map { AttributeValueSummary(text: $0.text, type: $0.type, count: $1) }
        let sorted = values.sorted {
            if $0.count != $1.count { return $0.count > $1.count }
            return $0.text != $1.text ? $0.text < $1.text : $0.type.rawValue < $1.type.rawValue
        }
        return AttributeList(
            elements: Array(sorted.prefix(max(1, query.limit))), total: Total(values.count, isExact: isExact && !isFull)
        )
    }
}
