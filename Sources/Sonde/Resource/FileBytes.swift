// SPDX-License-Identifier: Apache-2.0
// Small files, read whole: configuration, and what the system tells about itself in files.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

enum FileBytes {
    /// The first `limit` bytes of a file; nil if it cannot be read.
    static func read(_ path: String, atMost limit: Int) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: min(limit, 4_096))
        var count = 0
        while count < limit {
            if count == bytes.count { bytes += [UInt8](repeating: 0, count: min(bytes.count, limit - count)) }
            let got = bytes.withUnsafeMutableBytes {
                systemRead(descriptor, UnsafeMutableRawBufferPointer(rebasing: $0[count...]))
            }
            if got < 0 { return nil }
            if got == 0 { break }
            count += got
        }
        return Array(bytes[..<count])
    }

    /// The file as text, without blanks around; nil if it cannot be read or holds nothing.
    static func text(_ path: String, atMost limit: Int = Limits.systemFileBytes) -> String? {
        guard let bytes = read(path, atMost: limit) else { return nil }
        let text = TextTrim.blanks(String(decoding: bytes, as: UTF8.self))
        return text.isEmpty ? nil : text
    }
}

private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
    read(descriptor, buffer.baseAddress, buffer.count)
}
