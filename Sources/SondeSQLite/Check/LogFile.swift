// SPDX-License-Identifier: Apache-2.0
// The write-ahead log, walked as SQLite walks it (https://sqlite.org/fileformat2.html#walformat).
//
//   header  magic · version · page size · number · two salts · two checksums, all u32 big-endian
//   frame   page · pages of the file if it ends a commit, else 0 · the salts · two checksums · the page
//
// The checksums run on from frame to frame, over words in the byte order that the magic number tells.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

struct LogFile {
    private let descriptor: Descriptor
    private let isBigEndian: Bool
    private let pageSize: Int
    private let salts: [UInt8]
    private let start: (UInt32, UInt32)

    /// Whether there is a log and its header is not one: SQLite then takes it for empty, whatever lies behind. One that is
    /// only being written is looked at twice.
    static func hasDamagedHeader(path: String) -> Bool {
        (0..<2).allSatisfy { _ in
            guard let header = Descriptor(path)?.read(at: 0, count: 33), header.count == 33 else { return false }
            return LogFile(path: path) == nil
        }
    }

    /// Nil where there is no log, or none that SQLite would read.
    init?(path: String) {
        guard let descriptor = Descriptor(path), let header = descriptor.read(at: 0, count: 32), header.count == 32
        else { return nil }
        let magic = Self.word(header, 0)
        guard magic == 0x377F_0682 || magic == 0x377F_0683 else { return nil }
        // Another version is an error to SQLite, which then reads none of it.
        guard Self.word(header, 4) == 3_007_000 else { return nil }
        self.descriptor = descriptor
        isBigEndian = magic & 1 == 1
        pageSize = Int(Self.word(header, 8))
        salts = Array(header[16..<24])
        guard (512...65_536).contains(pageSize) else { return nil }
        start = Self.sum(header[..<24], from: (0, 0), isBigEndian: isBigEndian)
        guard start == (Self.word(header, 24), Self.word(header, 28)) else { return nil }
    }

    /// The number of the first frame whose checksum is wrong and how many of the same log lie behind it, up to the last
    /// that ends a commit; nil if there is no commit behind it. A frame that is only being written is looked at twice.
    func framesBehindDamage() -> (damaged: Int, behind: Int)? {
        guard let first = firstInvalid(), let again = firstInvalid(), first == again else { return nil }
        var number = first + 1
        var last: Int?
        while let frame = frame(number), Array(frame[8..<16]) == salts {
            if Self.word(frame, 4) != 0 { last = number }
            number += 1
        }
        return last.map { (first + 1, $0 - first) }
    }

    private func firstInvalid() -> Int? {
        var sum = start
        var number = 0
        while let frame = frame(number) {
            let isOurs = Array(frame[8..<16]) == salts
            sum = Self.sum(frame[..<8], from: sum, isBigEndian: isBigEndian)
            sum = Self.sum(frame[24...], from: sum, isBigEndian: isBigEndian)
            guard isOurs, sum == (Self.word(frame, 16), Self.word(frame, 20)) else { return number }
            number += 1
        }
        return nil
    }

    private func frame(_ number: Int) -> [UInt8]? {
        let bytes = descriptor.read(at: 32 + number * (24 + pageSize), count: 24 + pageSize)
        return bytes?.count == 24 + pageSize ? bytes : nil
    }

    private static func word(_ bytes: [UInt8], _ offset: Int) -> UInt32 {
        bytes[offset..<(offset + 4)].reduce(0) { $0 << 8 | UInt32($1) }
    }

    private static func sum(_ bytes: ArraySlice<UInt8>, from: (UInt32, UInt32), isBigEndian: Bool) -> (UInt32, UInt32) {
        bytes.withUnsafeBytes { raw in
            var (a, b) = from
            for offset in stride(from: 0, to: raw.count & ~7, by: 8) {
                let first = raw.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
                let second = raw.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)
                a = a &+ (isBigEndian ? UInt32(bigEndian: first) : UInt32(littleEndian: first)) &+ b
                b = b &+ (isBigEndian ? UInt32(bigEndian: second) : UInt32(littleEndian: second)) &+ a
            }
            return (a, b)
        }
    }
}

/// A file that is read. Not for the database itself: closing it would let go of the locks that SQLite holds there.
private final class Descriptor {
    private let number: Int32

    init?(_ path: String) {
        number = open(path, O_RDONLY | O_CLOEXEC)
        if number < 0 { return nil }
    }

    deinit { close(number) }

    /// Fewer bytes where the file ends; nil where it cannot be read.
    func read(at offset: Int, count: Int) -> [UInt8]? {
        var got = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, written in
            got = pread(number, buffer.baseAddress, count, off_t(offset))
            written = max(0, got)
        }
        return got < 0 ? nil : bytes
    }
}
