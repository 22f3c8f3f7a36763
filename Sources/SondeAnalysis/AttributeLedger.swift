// SPDX-License-Identifier: Apache-2.0
// Which attribute values each trace has, so that afterwards any two groups of traces can be compared: the values that
// separate them are those whose shares differ by more than chance explains.
//
// An item is a value of a key at one operation (a resource's: of one service). Each trace keeps the numbers of its items,
// four bytes each. Keys with very many values, ids above all, would fill any memory, so that whenever a key has too many
// the items that were seen once go: what separates groups is seen often, and loses a count or two at most.

import SondeModel

struct AttributeLedger: Sendable {
    /// Where a value stands.
    private enum Scope: UInt8 {
        case resource, span, event, link

        var name: String {
            switch self {
            case .resource: "resource"
            case .span: "span"
            case .event: "event"
            case .link: "link"
            }
        }
    }

    private struct Column: Hashable {
        var service: String
        /// Empty for a resource.
        var operation: String
        var scope: Scope
        var key: String
    }

    private struct Item {
        var column: Int
        var value: String
        /// Traces that have it.
        var traces = 0
    }

    private var columns: [Column] = []
    private var columnPlaces: [Column: Int] = [:]
    /// For each column the numbers of its values.
    private var values: [[String: Int32]] = []
    private var items: [Item] = []
    /// For each trace, in the order of arrival, the numbers of its items.
    private var traces: [[Int32]] = []
    /// Values that were let go or never taken in, because there were too many.
    private(set) var omitted = 0

    init() {}

    var traceCount: Int { traces.count }

    /// Takes in a trace, as number ``traceCount``.
    mutating func add(_ trace: Trace) { add(TraceColumns(trace)) }

    mutating func add(_ trace: TraceColumns) {
        var seen: Set<Int32> = []
        var lastResource: [String: Resource] = [:]
        let shapes = trace.operations.map { Shape.name($0.name) }
        // Columns by operation, then scope and key: the names are hashed once a trace.
        var known: [[Local: Int]] = Array(repeating: [:], count: trace.operations.count)
        for span in 0..<trace.count {
            let record = trace.trace.spans[span]
            let operation = trace.operationOf[span]
            let service = trace.operations[operation].service
            let owner = (service: service, operation: shapes[operation])
            add(record.attributes, .span, owner, &known[operation], &seen)
            for event in record.events { add(event.attributes, .event, owner, &known[operation], &seen) }
            for link in record.links { add(link.attributes, .link, owner, &known[operation], &seen) }
            // Most spans of a service share one resource.
            if lastResource[service] == record.resource { continue }
            lastResource[service] = record.resource
            add(record.resource.attributes, .resource, (service, ""), &known[operation], &seen)
        }
        for item in seen { items[Int(item)].traces += 1 }
        traces.append(Array(seen))
    }

    /// A column as one operation of one trace knows it.
    private struct Local: Hashable {
        var scope: Scope
        var key: String
    }

    private mutating func add(
        _ attributes: [Attribute], _ scope: Scope, _ owner: (service: String, operation: String),
        _ known: inout [Local: Int], _ seen: inout Set<Int32>
    ) {
        for attribute in attributes {
            // Statements and stack traces are no values that people choose between.
            let value = attribute.value.text
            guard value.utf8.count <= Limits.maxLedgerValueBytes else { continue }
            let local = Local(scope: scope, key: attribute.key)
            if known[local] == nil {
                known[local] = place(
                    of: Column(
                        service: owner.service, operation: owner.operation, scope: scope, key: attribute.key))
            }
            if let place = known[local], let item = item(value, in: place) { seen.insert(item) }
        }
    }

    private mutating func item(_ value: String, in place: Int) -> Int32? {
        if let item = values[place][value] { return item }
        if values[place].count >= Limits.maxLedgerValues { thin(place) }
        guard values[place].count < Limits.maxLedgerValues, items.count < Limits.maxLedgerItems else {
            omitted += 1
            return nil
        }
        let item = Int32(items.count)
        items.append(Item(column: place, value: value))
        values[place][value] = item
        return item
    }

    private mutating func place(of column: Column) -> Int? {
        if let place = columnPlaces[column] { return place }
        guard columns.count < Limits.maxLedgerColumns else { return nil }
        columnPlaces[column] = columns.count
        columns.append(column)
        values.append([:])
        return columns.count - 1
    }

    /// Lets go of the values of a column that no second trace has had.
    private mutating func thin(_ column: Int) {
        let kept = values[column].filter { items[Int($0.value)].traces > 1 }
        omitted += values[column].count - kept.count
        for (value, item) in values[column] where kept[value] == nil { items[Int(item)].value = "" }
        values[column] = kept
    }

    // MARK: Comparing

    /// The values whose shares in the two groups of traces certainly differ, most certain difference first. Of values that
    /// occur in exactly the same traces, as one that every service notes, the first seen is told. `limit` bounds the list.
    func separations(a: [Int], b: [Int], limit: Int) -> [AttributeSeparation] {
        guard !a.isEmpty, !b.isEmpty else { return [] }
        var countsA = Array(repeating: 0, count: items.count)
        var countsB = countsA
        for trace in a { for item in traces[trace] { countsA[Int(item)] += 1 } }
        for trace in b { for item in traces[trace] { countsB[Int(item)] += 1 } }
        let tested = items.indices.filter { countsA[$0] + countsB[$0] > 1 }
        let z = Significance.quantile(forTests: tested.count)
        var found: [(item: Int, difference: Double)] = []
        for item in tested {
            let difference = Significance.certainDifference(
                countsA[item], of: a.count, countsB[item], of: b.count, z: z)
            if difference > 0 { found.append((item, difference)) }
        }
        // A value that only one side has and one that only the other has say the same; the side looked at goes first.
        let rank = { (item: Int, difference: Double) in
            ((difference * 1e9).rounded(), countsB[item] * a.count > countsA[item] * b.count ? 1 : 0, -item)
        }
        found.sort { rank($0.item, $0.difference) > rank($1.item, $1.difference) }
        var told: Set<String> = []
        var separations: [AttributeSeparation] = []
        for (item, difference) in found where separations.count < limit {
            let column = columns[items[item].column]
            let signature = "\(column.key)\u{0}\(items[item].value)\u{0}\(countsA[item])\u{0}\(countsB[item])"
            guard told.insert(signature).inserted else { continue }
            var separation = AttributeSeparation()
            separation.scope = column.scope.name
            separation.key = column.key
            separation.value = items[item].value
            separation.service = column.service
            separation.operation = column.operation
            separation.countA = countsA[item]
            separation.countB = countsB[item]
            separation.shareA = Double(countsA[item]) / Double(a.count)
            separation.shareB = Double(countsB[item]) / Double(b.count)
            separation.certainDifference = difference
            separations.append(separation)
        }
        return separations
    }
}

/// How sure one can be that two shares differ.
enum Significance {
    /// The quantile of the normal distribution for 5 % in all of `tests` together on two sides (Bonferroni): with a
    /// thousand values some look different by chance. By powers of ten, rounded up.
    static func quantile(forTests tests: Int) -> Double {
        var bound = 1
        for quantile in [1.96, 2.81, 3.48, 4.06, 4.57, 5.03, 5.45] {
            if tests <= bound { return quantile }
            bound *= 10
        }
        return 5.85
    }

    /// What the share of `countA` in `totalA` and that of `countB` in `totalB` differ by at least, without sign; 0 or less
    /// if they may be the same. Newcombe's interval from two Wilson intervals (Statistics in Medicine 17, 1998, method 10),
    /// which holds for small groups and for shares of 0 and 1 too.
    static func certainDifference(
        _ countA: Int, of totalA: Int, _ countB: Int, of totalB: Int, z: Double
    ) -> Double {
        guard totalA > 0, totalB > 0 else { return 0 }
        let shareA = Double(countA) / Double(totalA)
        let shareB = Double(countB) / Double(totalB)
        let (lowerA, upperA) = Rate.interval(countA, of: totalA, z: z)
        let (lowerB, upperB) = Rate.interval(countB, of: totalB, z: z)
        let spread =
            shareA >= shareB
            ? (shareA - lowerA) * (shareA - lowerA) + (upperB - shareB) * (upperB - shareB)
            : (shareB - lowerB) * (shareB - lowerB) + (upperA - shareA) * (upperA - shareA)
        return abs(shareA - shareB) - spread.squareRoot()
    }
}
