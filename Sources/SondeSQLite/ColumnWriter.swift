// SPDX-License-Identifier: Apache-2.0
// Cuts the cold part of one block out of a session: the tables its records use, then slice by slice their columns.
//
//   chunk 0, meta     resources, scopes, contexts, keys with the mode of their column, shapes
//   chunk 1, values   for each key in dictionary mode its distinct values
//   chunk 2 …         slices: [context ids] · shape ids · a column for each key that occurs; beside it, not compressed,
//                     the columns that no compressor makes smaller
//
// docs/schema.md draws each of them.

/// How the values of one key lie in a slice.
enum ColumnMode: UInt8 {
    /// Numbers into the key's dictionary.
    case dictionary = 0
    /// Lengths, then the `AnyValue` bytes.
    case raw = 1
    /// Lengths, then the text of `AnyValue`s that hold one string and nothing else.
    case strings = 2
    /// The varints of `AnyValue`s that hold one integer and nothing else.
    case integers = 3
    /// Lengths, then two digits a byte: the text of `AnyValue`s that hold one string of lower-case hex digits.
    case hex = 4
}

/// A record as the column writer sees it.
struct ColumnRow: BitwiseCopyable {
    var context: UInt32
    var shape: UInt32
    /// Where its values begin in the session's ``RecordColumns/valueIDs``.
    var firstValue: UInt32
}

struct ColumnWriter: ~Copyable {
    static let absent = UInt32.max

    struct KeyState: BitwiseCopyable {
        var values: UInt32 = 0
        var distinct: UInt32 = 0
        var local: UInt32 = ColumnWriter.absent
        var mode = ColumnMode.dictionary.rawValue
        /// In a slice: where its values begin among the gathered ones.
        var cursor: UInt32 = 0
    }

    private var localValue = Buffer<UInt32>()
    private var localContext = Buffer<UInt32>()
    private var localShape = Buffer<UInt32>()
    private var keyStates = Buffer<KeyState>()
    /// Session numbers in local order.
    private(set) var usedContexts = Buffer<UInt32>()
    private var usedShapes = Buffer<UInt32>()
    private var usedKeys = Buffer<UInt32>()
    private(set) var usedValues = Buffer<UInt32>()
    private var gathered = Buffer<UInt32>()
    private var numbers = Buffer<UInt32>()
    private var column = ByteBuffer(capacity: 1 << 14)
    /// Of the slice last written: columns of ids and integers, and the column asked for apart.
    private(set) var plain = ByteBuffer()
    private(set) var apart = ByteBuffer()

    /// Numbers everything that `rows` use, from zero.
    mutating func prepare(_ rows: UnsafeBufferPointer<ColumnRow>, of session: borrowing RecordColumns) {
        localValue.fill(Self.absent, count: session.values.count)
        localContext.fill(Self.absent, count: session.contexts.count)
        localShape.fill(Self.absent, count: session.shapes.count)
        keyStates.fill(KeyState(), count: session.keys.count)
        usedContexts.removeAll()
        usedShapes.removeAll()
        usedKeys.removeAll()
        usedValues.removeAll()
        for row in rows {
            number(context: row.context)
            number(shape: row.shape, of: session)
            let shape = session.shapes.bytes(Int(row.shape))
            for place in 0..<(shape.count / 4) {
                let key = Int(RecordColumns.key(in: shape, at: place))
                let value = Int(session.valueIDs.base[Int(row.firstValue) &+ place])
                keyStates.base[key].values &+= 1
                if localValue.base[value] == Self.absent {
                    localValue.base[value] = keyStates.base[key].distinct
                    keyStates.base[key].distinct &+= 1
                    usedValues.append(UInt32(truncatingIfNeeded: value))
                }
            }
        }
        chooseModes(session)
    }

    @inline(__always)
    private mutating func number(context: UInt32) {
        guard localContext.base[Int(context)] == Self.absent else { return }
        localContext.base[Int(context)] = UInt32(usedContexts.count)
        usedContexts.append(context)
    }

    @inline(__always)
    private mutating func number(shape id: UInt32, of session: borrowing RecordColumns) {
        guard localShape.base[Int(id)] == Self.absent else { return }
        localShape.base[Int(id)] = UInt32(usedShapes.count)
        usedShapes.append(id)
        let shape = session.shapes.bytes(Int(id))
        for place in 0..<(shape.count / 4) {
            let key = Int(RecordColumns.key(in: shape, at: place))
            guard keyStates.base[key].local == Self.absent else { continue }
            keyStates.base[key].local = UInt32(usedKeys.count)
            usedKeys.append(UInt32(key))
        }
    }

    /// A dictionary pays where most values come at least twice. The other columns are stored by what they hold.
    private mutating func chooseModes(_ session: borrowing RecordColumns) {
        for key in 0..<keyStates.count {
            let state = keyStates[key]
            guard state.distinct &* 2 > state.values, state.distinct > 1 else { continue }
            keyStates.base[key].mode = Self.undecided
        }
        for value in usedValues.elements {
            let key = Int(session.values.entries.base[Int(value)].tag)
            let mode = keyStates.base[key].mode
            guard mode >= ColumnMode.strings.rawValue else { continue }
            keyStates.base[key].mode = Self.mode(of: session.values.bytes(Int(value)), after: mode)
        }
    }

    /// Stands for a mode until the first value is seen.
    private static let undecided = UInt8.max

    /// The mode of a column that has `mode` so far and also holds `value`.
    private static func mode(of value: UnsafeBufferPointer<UInt8>, after mode: UInt8) -> UInt8 {
        let fits: ColumnMode =
            AnyValueBytes.integer(value) != nil
            ? .integers
            : mode != ColumnMode.strings.rawValue && AnyValueBytes.hex(value) != nil
                ? .hex
                : AnyValueBytes.string(value) != nil ? .strings : .raw
        if mode == undecided || mode == fits.rawValue { return fits.rawValue }
        // Hex digits are text, too.
        let isText = mode != ColumnMode.integers.rawValue && fits != .integers && fits != .raw
        return isText ? ColumnMode.strings.rawValue : ColumnMode.raw.rawValue
    }
}

extension ColumnWriter {
    /// Appends the meta chunk.
    borrowing func writeMeta(_ session: borrowing RecordColumns, into chunk: inout ByteBuffer) {
        var resources = Buffer<UInt32>()
        var scopes = Buffer<UInt32>()
        var localResource = Buffer<UInt32>()
        var localScope = Buffer<UInt32>()
        localResource.fill(Self.absent, count: session.resources.count)
        localScope.fill(Self.absent, count: session.scopes.count)
        for id in usedContexts.elements {
            let context = session.context(Int(id))
            Self.number(context.resource, &localResource, &resources)
            Self.number(context.scope, &localScope, &scopes)
        }
        Self.writeTable(session.resources, resources.elements, into: &chunk)
        Self.writeTable(session.scopes, scopes.elements, into: &chunk)
        chunk.appendVarint(usedContexts.count)
        for id in usedContexts.elements {
            let context = session.context(Int(id))
            chunk.appendVarint(UInt64(localResource[Int(context.resource)]))
            chunk.appendVarint(UInt64(localScope[Int(context.scope)]))
            for number in [context.flags, context.droppedAttributes, context.first, context.second] {
                chunk.appendVarint(UInt64(number))
            }
        }
        writeKeys(session, into: &chunk)
        writeShapes(session, into: &chunk)
    }

    private static func number(_ id: UInt32, _ local: inout Buffer<UInt32>, _ used: inout Buffer<UInt32>) {
        guard local[Int(id)] == absent else { return }
        local[Int(id)] = UInt32(used.count)
        used.append(id)
    }

    private static func writeTable(
        _ table: borrowing ByteTable, _ used: UnsafeBufferPointer<UInt32>, into chunk: inout ByteBuffer
    ) {
        chunk.appendVarint(used.count)
        for id in used {
            let bytes = table.bytes(Int(id))
            chunk.appendVarint(bytes.count)
            chunk.append(UnsafeRawBufferPointer(bytes))
        }
    }

    private borrowing func writeKeys(_ session: borrowing RecordColumns, into chunk: inout ByteBuffer) {
        chunk.appendVarint(usedKeys.count)
        for id in usedKeys.elements {
            let isPseudo = id < PseudoKey.count
            chunk.appendVarint(isPseudo ? UInt64(id) + 1 : 0)
            chunk.append(keyStates[Int(id)].mode)
            guard !isPseudo else { continue }
            let bytes = session.keys.bytes(Int(id))
            chunk.appendVarint(bytes.count)
            chunk.append(UnsafeRawBufferPointer(bytes))
        }
    }

    private borrowing func writeShapes(_ session: borrowing RecordColumns, into chunk: inout ByteBuffer) {
        chunk.appendVarint(usedShapes.count)
        for id in usedShapes.elements {
            let shape = session.shapes.bytes(Int(id))
            chunk.appendVarint(shape.count / 4)
            for place in 0..<(shape.count / 4) {
                let key = Int(RecordColumns.key(in: shape, at: place))
                chunk.appendVarint(UInt64(keyStates[key].local))
            }
        }
    }

    /// Appends the values chunk: for each key in dictionary mode `varint count · lengths · bytes`.
    mutating func writeValues(_ session: borrowing RecordColumns, into chunk: inout ByteBuffer) {
        gather(usedValues.elements, session)
        for key in usedKeys.elements {
            let state = keyStates[Int(key)]
            guard state.mode == ColumnMode.dictionary.rawValue else { continue }
            let ids = UnsafeBufferPointer(start: gathered.base + Int(state.cursor), count: Int(state.distinct))
            chunk.appendVarint(ids.count)
            for id in ids { chunk.appendVarint(UInt64(session.values.entries[Int(id)].count)) }
            for id in ids { chunk.append(UnsafeRawBufferPointer(session.values.bytes(Int(id)))) }
        }
    }

    /// Sorts values by key into `gathered`; each key's run begins at its cursor.
    private mutating func gather(_ values: UnsafeBufferPointer<UInt32>, _ session: borrowing RecordColumns) {
        startCursors { $0.distinct }
        gathered.fill(0, count: values.count)
        for value in values {
            let key = Int(session.values.entries.base[Int(value)].tag)
            gathered.base[Int(keyStates.base[key].cursor)] = value
            keyStates.base[key].cursor &+= 1
        }
        for key in 0..<keyStates.count { keyStates.base[key].cursor &-= keyStates.base[key].distinct }
    }

    private mutating func startCursors(_ size: (KeyState) -> UInt32) {
        var next: UInt32 = 0
        for key in usedKeys.elements {
            keyStates.base[Int(key)].cursor = next
            next &+= size(keyStates.base[Int(key)])
        }
    }

    /// Appends the context ids of `rows`.
    mutating func writeContexts(_ rows: UnsafeBufferPointer<ColumnRow>, into chunk: inout ByteBuffer) {
        numbers.removeAll()
        for row in rows { numbers.append(localContext.base[Int(row.context)]) }
        chunk.appendNumbers(numbers.elements)
    }

    /// Appends the shape ids of `rows`, then their columns; those that no compressor makes smaller go to ``plain``,
    /// that of `apart`, a key that is read alone, to ``apart``.
    mutating func writeSlice(
        _ rows: UnsafeBufferPointer<ColumnRow>, of session: borrowing RecordColumns, into chunk: inout ByteBuffer,
        apart apartKey: Int? = nil
    ) {
        plain.removeAll()
        apart.removeAll()
        numbers.removeAll()
        for row in rows { numbers.append(localShape.base[Int(row.shape)]) }
        chunk.appendNumbers(numbers.elements)
        gather(rows, of: session)
        for key in usedKeys.elements {
            let state = keyStates[Int(key)]
            guard state.values > 0 else { continue }
            let ids = UnsafeBufferPointer(start: gathered.base + Int(state.cursor), count: Int(state.values))
            writeColumn(key: state, ids, session)
            if Int(key) == apartKey {
                Self.append(column, of: state, count: ids.count, to: &apart)
            } else if state.mode >= ColumnMode.integers.rawValue {
                Self.append(column, of: state, count: ids.count, to: &plain)
            } else {
                Self.append(column, of: state, count: ids.count, to: &chunk)
            }
        }
    }

    /// `varint local key · varint values · varint bytes · bytes`.
    private static func append(
        _ column: borrowing ByteBuffer, of key: KeyState, count: Int, to chunk: inout ByteBuffer
    ) {
        chunk.appendVarint(UInt64(key.local))
        chunk.appendVarint(count)
        chunk.appendVarint(column.count)
        chunk.append(column.base, count: column.count)
    }

    /// Gathers the rows' values by key; afterwards a key's `values` is its number of values in this slice.
    private mutating func gather(_ rows: UnsafeBufferPointer<ColumnRow>, of session: borrowing RecordColumns) {
        for key in usedKeys.elements { keyStates.base[Int(key)].values = 0 }
        var total = 0
        for row in rows {
            let shape = session.shapes.bytes(Int(row.shape))
            for place in 0..<(shape.count / 4) {
                keyStates.base[Int(RecordColumns.key(in: shape, at: place))].values &+= 1
            }
            total += shape.count / 4
        }
        startCursors { $0.values }
        gathered.fill(0, count: total)
        for row in rows {
            let shape = session.shapes.bytes(Int(row.shape))
            for place in 0..<(shape.count / 4) {
                let key = Int(RecordColumns.key(in: shape, at: place))
                gathered.base[Int(keyStates.base[key].cursor)] = session.valueIDs.base[Int(row.firstValue) &+ place]
                keyStates.base[key].cursor &+= 1
            }
        }
        for key in usedKeys.elements {
            keyStates.base[Int(key)].cursor &-= keyStates.base[Int(key)].values
        }
    }

    /// By mode: numbers | lengths and bytes | varints.
    private mutating func writeColumn(
        key: KeyState, _ ids: UnsafeBufferPointer<UInt32>, _ session: borrowing RecordColumns
    ) {
        column.removeAll()
        switch ColumnMode(rawValue: key.mode) {
        case .dictionary, nil:
            numbers.removeAll()
            for id in ids { numbers.append(localValue.base[Int(id)]) }
            column.appendNumbers(numbers.elements)
        case .raw:
            for id in ids { column.appendVarint(UInt64(session.values.entries[Int(id)].count)) }
            for id in ids { column.append(UnsafeRawBufferPointer(session.values.bytes(Int(id)))) }
        case .strings:
            for id in ids { column.appendVarint(AnyValueBytes.string(session.values.bytes(Int(id)))?.count ?? 0) }
            for id in ids {
                guard let text = AnyValueBytes.string(session.values.bytes(Int(id))) else { continue }
                column.append(UnsafeRawBufferPointer(text))
            }
        case .hex:
            for id in ids { column.appendVarint((AnyValueBytes.string(session.values.bytes(Int(id)))?.count ?? 0) / 2) }
            for id in ids {
                guard let text = AnyValueBytes.string(session.values.bytes(Int(id))) else { continue }
                AnyValueBytes.pack(text, into: &column)
            }
        case .integers:
            for id in ids { column.appendVarint(AnyValueBytes.integer(session.values.bytes(Int(id))) ?? 0) }
        }
    }
}
