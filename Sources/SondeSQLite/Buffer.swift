// SPDX-License-Identifier: Apache-2.0
// Growing memory for the hot loops: a struct over a pointer, without reference counts, bounds checks in debug builds
// only.

/// A growing run of plain values. Not copyable: it owns its memory.
struct Buffer<Element: BitwiseCopyable>: ~Copyable {
    private(set) var base: UnsafeMutablePointer<Element>
    private(set) var count = 0
    private var capacity: Int

    init(capacity: Int = 64) {
        self.capacity = max(1, capacity)
        base = .allocate(capacity: self.capacity)
    }

    deinit { base.deallocate() }

    var isEmpty: Bool { count == 0 }

    @inline(__always)
    subscript(index: Int) -> Element {
        get {
            assert(index >= 0 && index < count)
            return base[index]
        }
        set {
            assert(index >= 0 && index < count)
            base[index] = newValue
        }
    }

    @inline(__always)
    mutating func append(_ element: Element) {
        if count == capacity { grow(to: count + 1) }
        base[count] = element
        count &+= 1
    }

    /// Makes room for `extra` more elements.
    @inline(__always)
    mutating func reserve(_ extra: Int) {
        if count &+ extra > capacity { grow(to: count + extra) }
    }

    @inline(never)
    private mutating func grow(to needed: Int) {
        let larger = max(needed, capacity * 2)
        let moved = UnsafeMutablePointer<Element>.allocate(capacity: larger)
        moved.update(from: base, count: count)
        base.deallocate()
        base = moved
        capacity = larger
    }

    mutating func removeAll() { count = 0 }

    /// Keeps the first `kept` elements.
    mutating func truncate(to kept: Int) {
        assert(kept <= count)
        count = kept
    }

    /// Makes the buffer `size` elements long, each of them `element`.
    mutating func fill(_ element: Element, count size: Int) {
        count = 0
        reserve(size)
        base.update(repeating: element, count: size)
        count = size
    }

    /// Makes the buffer at least `size` elements long, each new one `element`.
    mutating func extend(with element: Element, to size: Int) {
        guard size > count else { return }
        reserve(size - count)
        (base + count).update(repeating: element, count: size - count)
        count = size
    }

    mutating func replace(with elements: [Element]) {
        count = 0
        elements.withUnsafeBufferPointer { source in
            guard let start = source.baseAddress else { return }
            append(start, count: source.count)
        }
    }

    @inline(__always)
    mutating func append(_ source: UnsafePointer<Element>, count added: Int) {
        guard added > 0 else { return }
        reserve(added)
        (base + count).update(from: source, count: added)
        count &+= added
    }

    /// Calls `body` with room for `size` more elements; it returns how many it has written.
    mutating func appendUninitialized(_ size: Int, _ body: (UnsafeMutablePointer<Element>) -> Int) {
        reserve(size)
        count += body(base + count)
    }

    var array: [Element] { Array(UnsafeBufferPointer(start: base, count: count)) }

    var elements: UnsafeBufferPointer<Element> { UnsafeBufferPointer(start: base, count: count) }
}

typealias ByteBuffer = Buffer<UInt8>

extension Buffer where Element == UInt8 {
    @inline(__always)
    mutating func appendVarint(_ value: UInt64) {
        reserve(10)
        appendVarintUnchecked(value)
    }

    @inline(__always)
    mutating func appendVarint(_ value: Int) { appendVarint(UInt64(truncatingIfNeeded: value)) }

    @inline(__always)
    private mutating func appendVarintUnchecked(_ value: UInt64) {
        var rest = value
        appendUninitialized(10) { place in
            var length = 0
            while rest >= 0x80 {
                place[length] = UInt8(truncatingIfNeeded: rest) | 0x80
                rest >>= 7
                length &+= 1
            }
            place[length] = UInt8(truncatingIfNeeded: rest)
            return length &+ 1
        }
    }

    /// A signed number, small magnitudes short.
    @inline(__always)
    mutating func appendZigZag(_ value: Int64) {
        appendVarint(UInt64(bitPattern: (value << 1) ^ (value >> 63)))
    }

    mutating func appendFixed(_ value: UInt32) {
        withUnsafeBytes(of: value.littleEndian) { append($0) }
    }

    mutating func appendFixed(_ value: UInt64) {
        withUnsafeBytes(of: value.littleEndian) { append($0) }
    }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else { return }
        append(start.assumingMemoryBound(to: UInt8.self), count: bytes.count)
    }

    mutating func append(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { append($0) }
    }

    /// Numbers below `limit`, each in as few of 1, 2 or 4 bytes as all of them need; equal numbers as one.
    ///
    ///   u8 width (0: all equal) · width 0: varint value · else: count × width bytes, little-endian
    mutating func appendNumbers(_ numbers: UnsafeBufferPointer<UInt32>) {
        var highest: UInt32 = 0
        var differ = false
        let first = numbers.first ?? 0
        for number in numbers {
            highest = max(highest, number)
            if number != first { differ = true }
        }
        guard differ else {
            append(0)
            appendVarint(UInt64(first))
            return
        }
        let width = highest < 0x100 ? 1 : highest < 0x1_0000 ? 2 : 4
        append(UInt8(width))
        appendUninitialized(numbers.count * width) { place in
            switch width {
            case 1: for (index, number) in numbers.enumerated() { place[index] = UInt8(truncatingIfNeeded: number) }
            case 2:
                let raw = UnsafeMutableRawPointer(place)
                for (index, number) in numbers.enumerated() {
                    let narrow = UInt16(truncatingIfNeeded: number).littleEndian
                    raw.storeBytes(of: narrow, toByteOffset: index &* 2, as: UInt16.self)
                }
            default:
                let raw = UnsafeMutableRawPointer(place)
                for (index, number) in numbers.enumerated() {
                    raw.storeBytes(of: number.littleEndian, toByteOffset: index &* 4, as: UInt32.self)
                }
            }
            return numbers.count * width
        }
    }
}
