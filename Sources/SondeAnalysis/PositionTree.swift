// SPDX-License-Identifier: Apache-2.0
// The places of a tree: each is the path of services and operations that leads to it, so that the same work in two
// traces has the same place. Siblings of one operation share one.

import SondeModel

struct PositionTree {
    struct Key: Hashable {
        /// -1 at the top.
        var parent: Int
        var service: String
        var operation: String
        var kind: SpanKind
    }

    private(set) var keys: [Key] = []
    private(set) var depths: [Int] = []
    private var places: [Key: Int] = [:]
    private let limit: Int
    /// Spans whose place was not kept; they count for the nearest place above that was.
    private(set) var omitted = 0

    init(limit: Int) { self.limit = limit }

    /// The place of each span of a trace. Places are made as needed, until there are too many. `maxDepth` holds deeper
    /// spans at that depth.
    mutating func places(of columns: TraceColumns, maxDepth: Int = .max) -> [Int] {
        let shapes = columns.operations.map { Shape.name($0.name) }
        var result: [Int] = []
        result.reserveCapacity(columns.count)
        for span in 0..<columns.count {
            let parent = columns.trace.parents[span].map { result[$0] } ?? -1
            if parent >= 0, depths[parent] + 1 >= maxDepth {
                result.append(parent)
                continue
            }
            let operation = columns.operations[columns.operationOf[span]]
            let key = Key(
                parent: parent, service: operation.service, operation: shapes[columns.operationOf[span]],
                kind: operation.kind)
            result.append(place(key))
        }
        return result
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
