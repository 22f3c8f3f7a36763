// SPDX-License-Identifier: Apache-2.0
// The places of a tree: each is the path of services and operations that leads to it, so that the same work in two
// traces has the same place. Siblings of one operation share one.

import SondeModel

struct PositionTree {
    struct Operation: Hashable {
        var service: String
        /// With ids and numbers collapsed.
        var name: String
        var kind: SpanKind
    }

    struct Key: Hashable {
        /// -1 at the top.
        var parent: Int
        /// Index into ``operations``.
        var operation: Int
    }

    private(set) var operations: [Operation] = []
    private var operationPlaces: [Operation: Int] = [:]
    private(set) var keys: [Key] = []
    private(set) var depths: [Int] = []
    private var places: [Key: Int] = [:]
    private let limit: Int
    /// Spans whose place was not kept; they count for the nearest place above that was.
    private(set) var omitted = 0

    init(limit: Int) { self.limit = limit }

    /// The operation at a place.
    func operation(at place: Int) -> Operation { operations[keys[place].operation] }

    /// The place of each span of a trace. Places are made as needed, until there are too many. `maxDepth` holds deeper
    /// spans at that depth.
    mutating func places(of columns: TraceColumns, maxDepth: Int = .max) -> [Int] {
        let known = columns.operations.map { number(of: $0) }
        var result: [Int] = []
        result.reserveCapacity(columns.count)
        for span in 0..<columns.count {
            let parent = columns.trace.parents[span].map { result[$0] } ?? -1
            if parent >= 0, depths[parent] + 1 >= maxDepth {
                result.append(parent)
            } else {
                result.append(place(Key(parent: parent, operation: known[columns.operationOf[span]])))
            }
        }
        return result
    }

    private mutating func number(of operation: TraceColumns.Operation) -> Int {
        let key = Operation(service: operation.service, name: Shape.name(operation.name), kind: operation.kind)
        if let number = operationPlaces[key] { return number }
        operationPlaces[key] = operations.count
        operations.append(key)
        return operations.count - 1
    }

    private mutating func place(_ key: Key) -> Int {
        if let place = places[key] { return place }
        guard keys.count < limit else {
            omitted += 1
            return key.parent
        }
        places[key] = keys.count
        keys.append(key)
        depths.append(key.parent < 0 ? 0 : depths[key.parent] + 1)
        return keys.count - 1
    }

    /// All places, parents before children, siblings in the order that `precedes` wants.
    func depthFirst(by precedes: (Int, Int) -> Bool) -> [Int] {
        var children: [[Int]] = Array(repeating: [], count: keys.count)
        var stack: [Int] = []
        for (place, key) in keys.enumerated() {
            if key.parent < 0 { stack.append(place) } else { children[key.parent].append(place) }
        }
        stack.sort { precedes($1, $0) }
        var order: [Int] = []
        while let place = stack.popLast() {
            order.append(place)
            stack += children[place].sorted { precedes($1, $0) }
        }
        return order
    }
}
