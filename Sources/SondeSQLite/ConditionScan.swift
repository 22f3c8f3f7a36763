// SPDX-License-Identifier: Apache-2.0
// Finds in which blocks, slices and spans a condition can hold, looking at what is cheapest first: zones, operations,
// filters, trace tables, hot columns, and cold columns only where all that leaves something open.

import SondeModel
import SondeStorage

struct ConditionScan {
    /// Blocks whose tables are kept while their slices wait, at some 10 kB each; slices whose truths are kept, at 1 kB.
    private static let tablesKept = 64
    private static let truthsKept = 256

    let condition: SpanCondition
    private let file: BlockFile
    /// By leaf, by global id; empty for leaves that ask of something else.
    private let services: [[Truth]]
    private let operations: [[Truth]]
    /// By leaf, by status; empty likewise.
    private let statuses: [[Truth]]
    private let isCold: Bool
    /// Whether dictionaries may exclude a block; the service is known without them.
    private let readsTables: Bool
    private let looksAtTraces: Bool
    private let hasFilterHashes: Bool
    /// By leaf, for each of its hashes.
    private var sieves: [[PairSieve]]
    private var tables: [Int64: ConditionTables] = [:]
    private var truths: [SliceKey: TruthColumn] = [:]

    private struct SliceKey: Hashable {
        var block: Int64
        var slice: Int
    }

    init(_ expression: FieldExpression, in file: BlockFile) {
        let condition = SpanCondition(expression)
        self.condition = condition
        self.file = file
        let names = file.catalog.names
        services = condition.leaves.map { leaf in
            leaf.subject == .service ? Self.serviceTruths(leaf, names) : []
        }
        operations = condition.leaves.map { leaf in
            leaf.subject == .operation ? Self.operationTruths(leaf, names) : []
        }
        statuses = condition.leaves.map { leaf in
            leaf.subject == .status ? StatusCode.allCases.map { leaf.truth(status: $0) } : []
        }
        isCold = condition.leaves.contains { $0.isCold || $0.subject == .several }
        readsTables = condition.leaves.contains { $0.isCold && $0.subject != .service }
        looksAtTraces = condition.leaves.contains { $0.subject == .status || $0.subject == .duration }
        hasFilterHashes = condition.leaves.contains { !$0.filterHashes.isEmpty }
        sieves = condition.leaves.map { leaf in leaf.filterHashes.map { PairSieve($0, services: nil) } }
    }

    private static func serviceTruths(_ leaf: ConditionLeaf, _ names: StoredNames) -> [Truth] {
        [.open]
            + names.services.map { name in
                // These names stand for others, or for none.
                guard !name.isEmpty, name != Resource.unknownService, name != NameTables.overflowName else {
                    return .open
                }
                return leaf.truth { $0.resource = Resource(attributes: [Attribute("service.name", .string(name))]) }
            }
    }

    private static func operationTruths(_ leaf: ConditionLeaf, _ names: StoredNames) -> [Truth] {
        [.open]
            + names.operations.map { operation in
                // A nameless operation may stand for names past the dictionary's bound.
                guard !operation.name.isEmpty else { return .open }
                return leaf.truth {
                    $0.name = operation.name
                    $0.kind = operation.kind
                }
            }
    }

    // MARK: Without opening

    /// What can be told of a block by its zones.
    func mayHold(_ block: SpanBlockInfo) -> Bool {
        block.zones.contains { zone in condition.truth { truth($0, zone) } != .no }
    }

    private func truth(_ number: Int, _ zone: ServiceZone) -> Truth {
        let leaf = condition.leaves[number]
        switch leaf.subject {
        case .constant: return leaf.truth { _ in }
        case .service: return services[number][zone.service]
        case .status: return status(number, errors: zone.errors, of: zone.count)
        case .duration: return leaf.durationBound?.truth(longest: zone.maxDuration) ?? .open
        default: return .open
        }
    }

    /// What is known of the status of spans of which so many have errors.
    private func status(_ number: Int, errors: Int, of count: Int) -> Truth {
        let seen = StatusCode.allCases.filter { $0 == .error ? errors > 0 : errors < count }
        return Self.agreed(seen.map { statuses[number][Int($0.rawValue)] })
    }

    private static func agreed(_ truths: [Truth]) -> Truth {
        guard let first = truths.first, truths.allSatisfy({ $0 == first }) else { return .open }
        return first
    }

    // MARK: By the head

    /// The slices of a block in which the condition may hold.
    mutating func slices(of block: SpanBlockInfo) throws(ReadError) -> [Int] {
        let filtered = try filteredSlices(block)
        guard filtered?.isEmpty != true else { return [] }
        let head = try file.head(block)
        let zones = Dictionary(block.zones.map { ($0.service, $0) }, uniquingKeysWith: { first, _ in first })
        let someOperation = head.operations.contains { operation in
            let service = file.catalog.names.operation(operation)?.service ?? 0
            let zone = zones[service]
            return condition.truth { number in truth(number, operation, zone) } != .no
        }
        guard someOperation else { return [] }
        if let last = filtered?.last, last >= head.slices.count {
            throw BlockFile.damaged(.filter, block.id, Damage("it has more filters than the block has slices"))
        }
        let slices = (filtered ?? Array(head.slices.indices)).filter { mayHold(head, $0) }
        guard !slices.isEmpty, readsTables else { return slices }
        // A rare value is in few dictionaries: the slices of the others are not looked at.
        let tables = try tables(block)
        let canHold = tables.canHold { number in
            switch condition.leaves[number].subject {
            case .service, .operation: Self.agreed(head.operations.map { truth(number, $0, nil) })
            case .constant: condition.leaves[number].truth { _ in }
            default: .open
            }
        }
        guard canHold else {
            self.tables[block.id] = nil
            return []
        }
        return slices
    }

    /// Whether some trace of a slice may have such a span, as far as its errors and its length tell.
    private func mayHold(_ head: SpanHead, _ slice: Int) -> Bool {
        guard looksAtTraces else { return true }
        return head.traces(of: slice).contains { trace in
            let fragment = head.traces[trace]
            return condition.truth { number in
                let leaf = condition.leaves[number]
                switch leaf.subject {
                case .status: return status(number, errors: fragment.errors, of: fragment.rows.count)
                case .duration: return leaf.durationBound?.truth(longest: fragment.end - fragment.start) ?? .open
                case .constant: return leaf.truth { _ in }
                default: return .open
                }
            } != .no
        }
    }

    private func truth(_ number: Int, _ operation: Int, _ zone: ServiceZone?) -> Truth {
        switch condition.leaves[number].subject {
        case .operation: operations[number][operation]
        case .service:
            services[number][file.catalog.names.operation(operation)?.service ?? 0]
        default: zone.map { truth(number, $0) } ?? .open
        }
    }

    /// The slices that the filter of a block leaves; nil if it tells nothing.
    private mutating func filteredSlices(_ block: SpanBlockInfo) throws(ReadError) -> [Int]? {
        guard hasFilterHashes, block.level > 0 else { return nil }
        guard try sievesPass(block) else { return [] }
        let filters = try file.filters(block)
        guard filters.allSatisfy(\.hasElements) else { return nil }
        return filters.indices.filter { slice in
            condition.truth { number in
                let hashes = condition.leaves[number].filterHashes
                return hashes.isEmpty || hashes.contains(where: filters[slice].mayContain) ? .open : .no
            } != .no
        }
    }

    /// Whether the filter of a merge leaves a block.
    private mutating func sievesPass(_ block: SpanBlockInfo) throws(ReadError) -> Bool {
        var mayHold = Array(repeating: true, count: sieves.count)
        for leaf in sieves.indices where !sieves[leaf].isEmpty {
            mayHold[leaf] = false
            for index in sieves[leaf].indices where try sieves[leaf][index].mayHold(block, file) {
                mayHold[leaf] = true
            }
        }
        return condition.truth { mayHold[$0] ? .open : .no } != .no
    }

    // MARK: Span by span

    /// What is known of each span of a slice.
    mutating func truths(_ block: SpanBlockInfo, _ slice: Int) throws(ReadError) -> TruthColumn {
        let key = SliceKey(block: block.id, slice: slice)
        if let known = truths[key] { return known }
        let head = try file.head(block)
        let hot = try condition.truths { number throws(ReadError) in try hotTruths(number, block, slice, head) }
        var result = hot
        if isCold, hot.hasOpen {
            let tables = try tables(block)
            let columns = try file.columns(block, slice, head, keys: tables.keys, values: tables.values)
            result = try condition.truths { number throws(ReadError) in
                let leaf = condition.leaves[number]
                if leaf.subject == .several { return try wholeTruths(number, hot, block, slice, head) }
                if leaf.isCold { return tables.truths(number, columns) }
                return try hotTruths(number, block, slice, head)
            }
        }
        if truths.count >= Self.truthsKept { truths.removeAll() }
        truths[key] = result
        return result
    }

    private func hotTruths(
        _ number: Int, _ block: SpanBlockInfo, _ slice: Int, _ head: SpanHead
    ) throws(ReadError) -> TruthColumn {
        let leaf = condition.leaves[number]
        switch leaf.subject {
        case .constant: return .same(leaf.truth { _ in })
        case .operation, .service:
            let truths = head.operations.map { truth(number, $0, nil) }
            if let first = truths.first, truths.allSatisfy({ $0 == first }) { return .same(first) }
            let glance = try file.glance(block, slice, head)
            return .each(glance.operations.map { truths[Int($0)].rawValue })
        case .status:
            let truths = (0...SpanState.statusMask).map { raw in
                statuses[number][Int((StatusCode(rawValue: raw) ?? .unset).rawValue)].rawValue
            }
            let glance = try file.glance(block, slice, head)
            return .each(glance.states.map { truths[Int(UInt8(truncatingIfNeeded: $0) & SpanState.statusMask)] })
        case .duration:
            let durations = try file.durations(block, slice, head).durations
            if let bound = leaf.durationBound { return .each(durations.map { bound.holds($0) ? 2 : 0 }) }
            return .each(durations.map { leaf.truth(duration: $0).rawValue })
        case .parent:
            let root = leaf.probe { _ in }
            let child = leaf.probe { $0.parentSpanID = SpanID(1) }
            return .each(try file.scan(block, slice, head).parents.map { $0 == 0 ? root : child })
        default: return .same(.open)
        }
    }

    /// What a leaf that looks at several things is worth on the whole spans of a slice, where it matters.
    private func wholeTruths(
        _ number: Int, _ hot: TruthColumn, _ block: SpanBlockInfo, _ slice: Int, _ head: SpanHead
    ) throws(ReadError) -> TruthColumn {
        let rows = head.slices[slice]
        let columns = try file.columns(block, slice, head)
        var builder = SpanRecordBuilder(meta: columns.meta, names: file.catalog.names)
        var truths = Array(repeating: Truth.open.rawValue, count: rows.count)
        for trace in head.trace(of: rows.lowerBound)...head.trace(of: rows.upperBound - 1) {
            let fragment = head.traces[trace]
            guard fragment.rows.clamped(to: rows).contains(where: { hot[$0 - rows.lowerBound] == 1 }) else { continue }
            for outline in try file.outlines(fragment, in: block) where rows.contains(outline.row) {
                let index = outline.row - rows.lowerBound
                guard hot[index] == 1 else { continue }
                let span = builder.record(outline, fragment.id.id, columns, index)
                truths[index] = Truth(condition.leaves[number].expression.holds(on: span)).rawValue
            }
        }
        return .each(truths)
    }

    private mutating func tables(_ block: SpanBlockInfo) throws(ReadError) -> ConditionTables {
        if let known = tables[block.id] { return known }
        let file = file
        let made = try ConditionTables(condition, meta: try file.meta(.cold, block.id)) { keys throws(ReadError) in
            try file.values(block, keys: keys)
        }
        if tables.count >= Self.tablesKept { tables.removeAll() }
        tables[block.id] = made
        return made
    }
}

extension TruthColumn {
    /// Whether anything is left open.
    var hasOpen: Bool {
        switch self {
        case .same(let truth): truth == .open
        case .each(let truths): truths.contains(1)
        }
    }
}

extension ConditionLeaf {
    func truth(_ change: (inout SpanRecord) -> Void) -> Truth { Truth(rawValue: probe(change)) ?? .open }

    func truth(status: StatusCode) -> Truth { truth { $0.status.code = status } }

    /// On a span of this duration that begins at zero.
    func truth(duration: UInt64) -> Truth { truth { $0.end = Timestamp(nanoseconds: duration) } }
}
