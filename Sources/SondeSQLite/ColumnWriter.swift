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

extension ColumnMode {
    /// Added to the mode in the file where byte strings (of a dictionary: its values) are written as SimilarStrings.swift
    /// says. Files of layout 1 have none.
    static let similar: UInt8 = 0x10
}

/// What is done to make values smaller than they came, beside giving those that come often a number.
enum ValuePacking {
    /// Nothing: a fresh block is read once, soon, to be merged, and packing would cost it more than writing a few bytes.
    case none
    /// A column is kept by what all its values are, see ``ColumnMode``.
    case byContent
    /// And by what they share with one another. (Not bodies of logs: they are looked through as they lie.)
    case bySimilarity
}

/// A record as the column writer sees it.
struct ColumnRow: BitwiseCopyable {
    var context: UInt32
    var shape: UInt32
    /// Where its values begin in the session's ``RecordColumns/valueIDs``.
    var firstValue: UInt32
}

/// What the filter of a block and the columns of a slice have in common: the values of one key.
struct ColumnValuesInSlice {
    /// The key's number in the session.
    var key: Int
    var isDictionary: Bool
    /// For each record that has the key the place of its value among ``distinct``.
    var places: UnsafeBufferPointer<UInt32>
    /// The number of the service of each of these records, if they were given.
    var owners: UnsafePointer<UInt8>
    /// Where the key's distinct values begin among all of the block, which are numbered on from there.
    var firstDistinct: Int
    /// Session numbers of the key's distinct values in the block.
    var distinct: UnsafeBufferPointer<UInt32>
}

/// Records are walked once: `prepare` gathers their values key by key. Everything after goes along columns.
struct ColumnWriter: ~Copyable {
    static let absent = UInt32.max

    struct KeyState: BitwiseCopyable {
        /// Session number.
        var key: UInt32
        var mode = ColumnMode.dictionary.rawValue
        var isSimilar = false
        /// Values in the block, and the distinct ones among them.
        var values: UInt32 = 0
        var distinct: UInt32 = 0
        /// Where its distinct values begin in `usedValues`.
        var firstDistinct: UInt32 = 0
        /// Values in the slice at hand.
        var sliceValues: UInt32 = 0
    }

    /// A shape's keys, by local number, in `shapeKeys`.
    struct ShapeState: BitwiseCopyable {
        var first: UInt32
        var count: UInt32
        /// Records of this shape: in the block while it is prepared, then in the slice at hand.
        var records: UInt32 = 0
    }

    // Local numbers by session number; `localValue` is clean between blocks.
    private var localValue = Buffer<UInt32>()
    private var localContext = Buffer<UInt32>()
    private var localShape = Buffer<UInt32>()
    private var localKey = Buffer<UInt32>()
    private var keys = Buffer<KeyState>()
    private var shapes = Buffer<ShapeState>()
    private var shapeKeys = Buffer<UInt32>()
    /// Session numbers in local order; values key by key.
    private(set) var usedContexts = Buffer<UInt32>()
    private var usedShapes = Buffer<UInt32>()
    private(set) var usedValues = Buffer<UInt32>()
    /// The values of all records, key by key, as places among the key's distinct values; and for each key where its
    /// next value lies.
    private var gathered = Buffer<UInt32>()
    /// Beside each of them the owner of its record, if owners are given.
    private var gatheredOwners = ByteBuffer()
    private var cursors = Buffer<UInt32>()
    private var numbers = Buffer<UInt32>()
    private var column = ByteBuffer(capacity: 1 << 14)
    private var similar = SimilarWriter()
    private let packing: ValuePacking
    /// Of the slice last written: columns of ids and integers, and the column asked for apart.
    private(set) var plain = ByteBuffer()
    private(set) var apart = ByteBuffer()

    init(packing: ValuePacking) { self.packing = packing }

    /// Numbers everything that `rows` use, from zero; `owners` are the numbers of their services.
    mutating func prepare(
        _ rows: UnsafeBufferPointer<ColumnRow>, owners: UnsafePointer<UInt8>? = nil, of session: borrowing RecordColumns
    ) {
        localContext.fill(Self.absent, count: session.contexts.count)
        localShape.fill(Self.absent, count: session.shapes.count)
        localKey.fill(Self.absent, count: session.keys.count)
        localValue.extend(with: Self.absent, to: session.values.count)
        usedContexts.removeAll()
        usedShapes.removeAll()
        usedValues.removeAll()
        keys.removeAll()
        shapes.removeAll()
        shapeKeys.removeAll()
        for row in rows {
            number(context: row.context)
            number(shape: row.shape, of: session)
        }
        gather(rows, owners, of: session)
        for key in 0..<keys.count { numberValues(of: key, session) }
    }

    @inline(__always)
    private mutating func number(context: UInt32) {
        guard localContext.base[Int(context)] == Self.absent else { return }
        localContext.base[Int(context)] = UInt32(usedContexts.count)
        usedContexts.append(context)
    }

    @inline(__always)
    private mutating func number(shape id: UInt32, of session: borrowing RecordColumns) {
        if localShape.base[Int(id)] == Self.absent { addShape(id, of: session) }
        (shapes.base + Int(localShape.base[Int(id)])).pointee.records &+= 1
    }

    @inline(never)
    private mutating func addShape(_ id: UInt32, of session: borrowing RecordColumns) {
        localShape.base[Int(id)] = UInt32(shapes.count)
        usedShapes.append(id)
        let shape = session.shapes.bytes(Int(id))
        shapes.append(ShapeState(first: UInt32(shapeKeys.count), count: UInt32(shape.count / 4)))
        for place in 0..<(shape.count / 4) {
            let key = RecordColumns.key(in: shape, at: place)
            if localKey.base[Int(key)] == Self.absent {
                localKey.base[Int(key)] = UInt32(keys.count)
                keys.append(KeyState(key: key))
            }
            shapeKeys.append(localKey.base[Int(key)])
        }
    }

    /// Sorts the records' values by key.
    private mutating func gather(
        _ rows: UnsafeBufferPointer<ColumnRow>, _ owners: UnsafePointer<UInt8>?, of session: borrowing RecordColumns
    ) {
        for shape in shapes.elements {
            for key in keysOf(shape) { (keys.base + Int(key)).pointee.values &+= shape.records }
        }
        cursors.removeAll()
        var total: UInt32 = 0
        for key in keys.elements {
            cursors.append(total)
            total &+= key.values
        }
        gathered.fill(0, count: Int(total))
        if owners != nil { gatheredOwners.fill(0, count: Int(total)) }
        for (index, row) in rows.enumerated() {
            let shape = shapes.base[Int(localShape.base[Int(row.shape)])]
            let shapeKeys = shapeKeys.base + Int(shape.first)
            let values = session.valueIDs.base + Int(row.firstValue)
            for place in 0..<Int(shape.count) {
                let cursor = cursors.base + Int(shapeKeys[place])
                gathered.base[Int(cursor.pointee)] = values[place]
                if let owners { gatheredOwners.base[Int(cursor.pointee)] = owners[index] }
                cursor.pointee &+= 1
            }
        }
        for key in 0..<keys.count { cursors.base[key] &-= keys.base[key].values }
        for shape in 0..<shapes.count { shapes.base[shape].records = 0 }
    }

    private borrowing func keysOf(_ shape: ShapeState) -> UnsafeBufferPointer<UInt32> {
        UnsafeBufferPointer(start: shapeKeys.base + Int(shape.first), count: Int(shape.count))
    }

    /// Finds the distinct values of a key, puts their places in place of them, and chooses how the column is stored.
    private mutating func numberValues(of key: Int, _ session: borrowing RecordColumns) {
        let state = keys.base + key
        let first = usedValues.count
        state.pointee.firstDistinct = UInt32(first)
        let values = gathered.base + Int(cursors.base[key])
        usedValues.reserve(Int(state.pointee.values))
        for index in 0..<Int(state.pointee.values) {
            let local = localValue.base + Int(values[index])
            if local.pointee == Self.absent {
                local.pointee = UInt32(truncatingIfNeeded: usedValues.count &- first)
                usedValues.append(values[index])
            }
            values[index] = local.pointee
        }
        state.pointee.distinct = UInt32(truncatingIfNeeded: usedValues.count &- first)
        for value in distinctValues(of: state.pointee) { localValue.base[Int(value)] = Self.absent }
        state.pointee.isSimilar = packing == .bySimilarity && state.pointee.distinct >= Self.leastSimilar
        guard !isDictionarySmaller(state.pointee, values, session) else { return }
        guard packing != .none else {
            state.pointee.mode = ColumnMode.raw.rawValue
            return
        }
        var mode = Self.undecided
        for value in distinctValues(of: state.pointee) {
            mode = Self.mode(of: session.values.bytes(Int(value)), after: mode)
            if mode == ColumnMode.raw.rawValue { break }
        }
        state.pointee.mode = mode
        if mode >= ColumnMode.integers.rawValue { state.pointee.isSimilar = false }
    }

    private borrowing func distinctValues(of key: KeyState) -> UnsafeBufferPointer<UInt32> {
        UnsafeBufferPointer(start: usedValues.base + Int(key.firstDistinct), count: Int(key.distinct))
    }

    /// A dictionary pays where most values come at least twice, or where those that do are the long ones.
    private borrowing func isDictionarySmaller(
        _ key: KeyState, _ places: UnsafePointer<UInt32>, _ session: borrowing RecordColumns
    ) -> Bool {
        if key.distinct &* 2 <= key.values || key.distinct <= 1 { return true }
        if key.distinct == key.values { return false }
        let entries = session.values.entries.base
        let distinct = distinctValues(of: key)
        var once = 0
        for value in distinct { once &+= Int(entries[Int(value)].count) &+ 1 }
        var each = 0
        for index in 0..<Int(key.values) { each &+= Int(entries[Int(distinct[Int(places[index])])].count) &+ 1 }
        // Dictionaries are read by the block and columns by the slice, so they must be clearly smaller.
        let width = key.distinct <= 0x100 ? 1 : 2
        return (once &+ width &* Int(key.values)) &* 4 < each &* 3
    }

    /// Distinct values from which a key's are compared with one another.
    private static let leastSimilar = 4
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
        writeShapes(into: &chunk)
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
        chunk.appendVarint(keys.count)
        for state in keys.elements {
            let isPseudo = state.key < PseudoKey.count
            chunk.appendVarint(isPseudo ? UInt64(state.key) + 1 : 0)
            chunk.append(state.isSimilar ? state.mode | ColumnMode.similar : state.mode)
            guard !isPseudo else { continue }
            let bytes = session.keys.bytes(Int(state.key))
            chunk.appendVarint(bytes.count)
            chunk.append(UnsafeRawBufferPointer(bytes))
        }
    }

    private borrowing func writeShapes(into chunk: inout ByteBuffer) {
        chunk.appendVarint(shapes.count)
        for shape in shapes.elements {
            chunk.appendVarint(Int(shape.count))
            for key in keysOf(shape) { chunk.appendVarint(UInt64(key)) }
        }
    }

    /// Appends the values chunk: for each key in dictionary mode `varint count · lengths · bytes`.
    mutating func writeValues(_ session: borrowing RecordColumns, into chunk: inout ByteBuffer) {
        for key in 0..<keys.count where keys.base[key].mode == ColumnMode.dictionary.rawValue {
            let values = distinctValues(of: keys.base[key])
            chunk.appendVarint(values.count)
            if keys.base[key].isSimilar {
                similar.begin()
                for value in values { similar.add(session.values.bytes(Int(value))) }
                similar.finish(into: &chunk)
                continue
            }
            for value in values { chunk.appendVarint(UInt64(session.values.entries[Int(value)].count)) }
            for value in values { chunk.append(UnsafeRawBufferPointer(session.values.bytes(Int(value)))) }
        }
    }

    /// Appends the context ids of `rows`.
    mutating func writeContexts(_ rows: UnsafeBufferPointer<ColumnRow>, into chunk: inout ByteBuffer) {
        numbers.removeAll()
        for row in rows { numbers.append(localContext.base[Int(row.context)]) }
        chunk.appendNumbers(numbers.elements)
    }

    /// Appends the shape ids of `rows`, then their columns; those that no compressor makes smaller go to ``plain``,
    /// that of `apart`, a key that is read alone, to ``apart``. `body` is shown every column. Slices are written in the
    /// order of their rows, each once.
    mutating func writeSlice(
        _ rows: UnsafeBufferPointer<ColumnRow>, of session: borrowing RecordColumns, into chunk: inout ByteBuffer,
        apart apartKey: Int? = nil, _ body: (ColumnValuesInSlice, borrowing RecordColumns) -> Void = { _, _ in }
    ) {
        plain.removeAll()
        apart.removeAll()
        numberShapes(rows, into: &chunk)
        for key in 0..<keys.count {
            let state = keys.base[key]
            guard state.sliceValues > 0 else { continue }
            let places = UnsafeBufferPointer(
                start: gathered.base + Int(cursors.base[key]), count: Int(state.sliceValues))
            let owners = UnsafePointer(gatheredOwners.base + Int(cursors.base[key]))
            cursors.base[key] &+= state.sliceValues
            let values = distinctValues(of: state)
            body(
                ColumnValuesInSlice(
                    key: Int(state.key), isDictionary: state.mode == ColumnMode.dictionary.rawValue, places: places,
                    owners: owners, firstDistinct: Int(state.firstDistinct), distinct: values),
                session)
            writeColumn(state, places, values, session)
            if Int(state.key) == apartKey {
                Self.append(column, of: key, count: places.count, to: &apart)
            } else if state.mode >= ColumnMode.integers.rawValue {
                Self.append(column, of: key, count: places.count, to: &plain)
            } else {
                Self.append(column, of: key, count: places.count, to: &chunk)
            }
        }
    }

    /// Appends the shape ids of `rows` and counts the values of each key in them.
    private mutating func numberShapes(_ rows: UnsafeBufferPointer<ColumnRow>, into chunk: inout ByteBuffer) {
        numbers.removeAll()
        for row in rows {
            let shape = localShape.base[Int(row.shape)]
            numbers.append(shape)
            (shapes.base + Int(shape)).pointee.records &+= 1
        }
        chunk.appendNumbers(numbers.elements)
        for key in 0..<keys.count { (keys.base + key).pointee.sliceValues = 0 }
        for place in 0..<shapes.count where shapes.base[place].records > 0 {
            let shape = shapes.base[place]
            for key in keysOf(shape) { (keys.base + Int(key)).pointee.sliceValues &+= shape.records }
            (shapes.base + place).pointee.records = 0
        }
    }

    /// `varint local key · varint values · varint bytes · bytes`.
    private static func append(_ column: borrowing ByteBuffer, of key: Int, count: Int, to chunk: inout ByteBuffer) {
        chunk.appendVarint(key)
        chunk.appendVarint(count)
        chunk.appendVarint(column.count)
        chunk.append(column.base, count: column.count)
    }

    /// By mode: numbers | lengths and bytes | varints.
    private mutating func writeColumn(
        _ key: KeyState, _ places: UnsafeBufferPointer<UInt32>, _ values: UnsafeBufferPointer<UInt32>,
        _ session: borrowing RecordColumns
    ) {
        column.removeAll()
        switch ColumnMode(rawValue: key.mode) {
        case .dictionary, nil: column.appendNumbers(places)
        case .raw where key.isSimilar:
            similar.begin()
            for place in places { similar.add(session.values.bytes(Int(values[Int(place)]))) }
            similar.finish(into: &column)
        case .strings where key.isSimilar:
            similar.begin()
            for place in places {
                let text = AnyValueBytes.string(session.values.bytes(Int(values[Int(place)])))
                similar.add(text ?? UnsafeBufferPointer(start: nil, count: 0))
            }
            similar.finish(into: &column)
        case .raw:
            for place in places {
                column.appendVarint(UInt64(session.values.entries.base[Int(values[Int(place)])].count))
            }
            for place in places { column.append(UnsafeRawBufferPointer(session.values.bytes(Int(values[Int(place)])))) }
        case .strings:
            texts(places, values, session) { column, text in column.appendVarint(text.count) }
            texts(places, values, session) { column, text in column.append(UnsafeRawBufferPointer(text)) }
        case .hex:
            texts(places, values, session) { column, text in column.appendVarint(text.count / 2) }
            texts(places, values, session) { column, text in AnyValueBytes.pack(text, into: &column) }
        case .integers:
            for place in places {
                column.appendVarint(AnyValueBytes.integer(session.values.bytes(Int(values[Int(place)]))) ?? 0)
            }
        }
    }

    /// Calls `body` with the text of each value, all of which are strings.
    @inline(__always)
    private mutating func texts(
        _ places: UnsafeBufferPointer<UInt32>, _ values: UnsafeBufferPointer<UInt32>,
        _ session: borrowing RecordColumns, _ body: (inout ByteBuffer, UnsafeBufferPointer<UInt8>) -> Void
    ) {
        for place in places {
            let text = AnyValueBytes.string(session.values.bytes(Int(values[Int(place)])))
            body(&column, text ?? UnsafeBufferPointer(start: nil, count: 0))
        }
    }
}
