// SPDX-License-Identifier: Apache-2.0
// Which comparisons of a query a table takes over. The values come in the order of the bits, then those of MATCH, of
// which there may be several.

import GRDBSQLite
import SondeStorage

struct TablePlan: OptionSet {
    let rawValue: Int32

    static let traceID = TablePlan(rawValue: 1)
    static let service = TablePlan(rawValue: 2)
    static let earliest = TablePlan(rawValue: 4)
    static let latest = TablePlan(rawValue: 8)
    /// One moment: both bounds in one value.
    static let moment = TablePlan(rawValue: 16)

    private static let all: [TablePlan] = [.traceID, .service, .earliest, .latest, .moment]

    func filter(_ values: [OpaquePointer?]) -> TableFilter {
        var filter = TableFilter()
        let parts = Self.all.filter(contains)
        for value in values.dropFirst(parts.count) { Self.addMatch(value, &filter) }
        for (part, value) in zip(parts, values) {
            guard let value, sqlite3_value_type(value) != SQLITE_NULL else {
                filter.isEmpty = true
                continue
            }
            switch part {
            case .traceID: filter.traceID = Self.text(value, &filter)
            case .service: filter.service = Self.text(value, &filter)
            case .earliest: filter.earliest = Self.time(value)
            case .latest: filter.latest = Self.time(value)
            default:
                filter.earliest = Self.time(value)
                filter.latest = filter.earliest
            }
        }
        return filter
    }

    private static func addMatch(_ value: OpaquePointer?, _ filter: inout TableFilter) {
        guard let value, sqlite3_value_type(value) != SQLITE_NULL else {
            filter.isEmpty = true
            return
        }
        let text = text(value, &filter)
        guard let sign = text.firstIndex(of: "="), sign != text.startIndex else {
            filter.mistake = "MATCH wants 'key=value', not '\(text.prefix(100))'"
            return
        }
        filter.attributes.append(
            AttributeCondition(key: String(text[..<sign]), value: String(text[text.index(after: sign)...])))
    }

    private static func text(_ value: OpaquePointer, _ filter: inout TableFilter) -> String {
        // A blob equals no text.
        if sqlite3_value_type(value) == SQLITE_BLOB { filter.isEmpty = true }
        let start = sqlite3_value_blob(value)?.assumingMemoryBound(to: UInt8.self)
        guard sqlite3_value_type(value) == SQLITE_TEXT else {
            return sqlite3_value_text(value).map { String(cString: $0) } ?? ""
        }
        return String(
            decoding: UnsafeBufferPointer(start: start, count: Int(sqlite3_value_bytes(value))), as: UTF8.self)
    }

    /// A bound by which blocks can be left out; nil for what SQLite compares by other rules.
    private static func time(_ value: OpaquePointer) -> Int64? {
        switch sqlite3_value_type(value) {
        case SQLITE_INTEGER: sqlite3_value_int64(value)
        // Half a nanosecond in doubles of today is 128 of them: a bound is widened to stay on the safe side.
        default: nil
        }
    }
}

extension TableModule {
    /// Takes over what helps, and tells SQLite what that is worth.
    static func chooseIndex(
        _ table: UnsafeMutablePointer<sqlite3_vtab>?, _ plan: UnsafeMutablePointer<sqlite3_index_info>?
    ) -> Int32 {
        guard let module = of(table), let plan else { return SQLITE_ERROR }
        let description = module.description
        var chosen: [TablePlan.RawValue: Int] = [:]
        var matches: [Int] = []
        for index in 0..<Int(plan.pointee.nConstraint) {
            let constraint = plan.pointee.aConstraint[index]
            if Int32(constraint.op) == SQLITE_INDEX_CONSTRAINT_MATCH,
                constraint.iColumn == description.attributesColumn
            {
                // Nobody else can decide it: a plan in which its value is not known yet is none.
                guard constraint.usable != 0 else { return SQLITE_CONSTRAINT }
                matches.append(index)
            }
            guard constraint.usable != 0 else { continue }
            let part: TablePlan
            switch (constraint.iColumn, Int32(constraint.op)) {
            case (description.traceColumn, SQLITE_INDEX_CONSTRAINT_EQ) where isBinary(plan, index): part = .traceID
            case (description.serviceColumn, SQLITE_INDEX_CONSTRAINT_EQ) where isBinary(plan, index): part = .service
            case (description.timeColumn, SQLITE_INDEX_CONSTRAINT_EQ): part = .moment
            case (description.timeColumn, SQLITE_INDEX_CONSTRAINT_GE),
                (description.timeColumn, SQLITE_INDEX_CONSTRAINT_GT):
                part = .earliest
            case (description.timeColumn, SQLITE_INDEX_CONSTRAINT_LE),
                (description.timeColumn, SQLITE_INDEX_CONSTRAINT_LT):
                part = .latest
            default: continue
            }
            if chosen[part.rawValue] == nil { chosen[part.rawValue] = index }
        }
        for (number, (part, index)) in chosen.sorted(by: { $0.key < $1.key }).enumerated() {
            plan.pointee.aConstraintUsage[index].argvIndex = Int32(number + 1)
            let isIdentity = part == TablePlan.traceID.rawValue || part == TablePlan.service.rawValue
            plan.pointee.aConstraintUsage[index].omit = isIdentity && description.isExact ? 1 : 0
        }
        for (number, index) in matches.enumerated() {
            plan.pointee.aConstraintUsage[index].argvIndex = Int32(chosen.count + number + 1)
            plan.pointee.aConstraintUsage[index].omit = 1
        }
        plan.pointee.idxNum = chosen.keys.reduce(0, |)
        estimate(plan, TablePlan(rawValue: plan.pointee.idxNum), rows: module.source.rows(of: description.name))
        if !matches.isEmpty {
            plan.pointee.estimatedRows = max(1, plan.pointee.estimatedRows / 50)
            plan.pointee.estimatedCost /= 10
        }
        return SQLITE_OK
    }

    private static func estimate(_ plan: UnsafeMutablePointer<sqlite3_index_info>, _ chosen: TablePlan, rows: Int) {
        var share = Double(rows)
        if chosen.contains(.service) { share /= 8 }
        if chosen.contains(.earliest) { share /= 4 }
        if chosen.contains(.latest) { share /= 4 }
        if chosen.contains(.moment) { share /= 16 }
        if chosen.contains(.traceID) { share = min(share, 20) }
        plan.pointee.estimatedRows = Int64(max(1, share))
        plan.pointee.estimatedCost = max(1, share) + (chosen.contains(.traceID) ? 100 : 0)
    }

    private static func isBinary(_ plan: UnsafeMutablePointer<sqlite3_index_info>, _ index: Int) -> Bool {
        sqlite3_vtab_collation(plan, Int32(index)).map { String(cString: $0) == "BINARY" } ?? false
    }
}
