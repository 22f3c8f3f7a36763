// SPDX-License-Identifier: Apache-2.0
// A file to import, or standard input, read in portions and inflated where it is gzip.

import SondeWire

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

final class InputFile {
    /// As it is called in messages.
    let name: String
    /// Bytes on disk; nil for what has no length, such as a pipe.
    let size: Int?
    /// Bytes read from it so far.
    private(set) var bytesRead = 0
    private let descriptor: Int32
    private var gzip: GzipStream?
    private var isAtBegin = true

    /// - Parameter path: `-` is standard input.
    init(path: String) throws(CommandFailure) {
        name = path == "-" ? "standard input" : path
        descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw CommandFailure(.unreachable, "cannot open \(path): \(String(cString: strerror(errno)))")
        }
        var status = stat()
        let isKnown = fstat(descriptor, &status) == 0
        guard !isKnown || status.st_mode & S_IFMT != S_IFDIR else {
            close(descriptor)
            throw CommandFailure(.unreachable, "cannot read \(path): it is a folder", advice: "Name the files in it.")
        }
        size = isKnown && status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
    }

    deinit { if descriptor != STDIN_FILENO { close(descriptor) } }

    /// The next bytes; nil at the end.
    func next() throws(CommandFailure) -> [UInt8]? {
        let portion = try read(gzip == nil ? Limits.importChunkBytes : Limits.importCompressedChunkBytes)
        if isAtBegin, GzipStream.begins(portion) { gzip = GzipStream() }
        isAtBegin = false
        guard let gzip else { return portion.isEmpty ? nil : portion }
        do throws(GzipError) {
            guard portion.isEmpty else { return try gzip.inflate(portion[...]) }
            try gzip.finish()
            return nil
        } catch {
            throw CommandFailure(.sourceFailed, "cannot read \(name): \(error)")
        }
    }

    /// Up to `count` bytes; fewer only at the end.
    private func read(_ count: Int) throws(CommandFailure) -> [UInt8] {
        var failure: Int32?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { room, filled in
            while filled < count, let base = room.baseAddress {
                let got = systemRead(descriptor, base + filled, count - filled)
                if got < 0, errno == EINTR { continue }
                if got < 0 { failure = errno }
                guard got > 0 else { break }
                filled += got
                // What a pipe has now is enough: its writer may take its time.
                if size == nil, filled >= Limits.smallestImportChunk { break }
            }
        }
        if let failure {
            throw CommandFailure(.unreachable, "cannot read \(name): \(String(cString: strerror(failure)))")
        }
        bytesRead += bytes.count
        return bytes
    }
}

private func systemRead(_ descriptor: Int32, _ room: UnsafeMutablePointer<UInt8>, _ count: Int) -> Int {
    #if canImport(Darwin)
        Darwin.read(descriptor, room, count)
    #elseif canImport(Musl)
        Musl.read(descriptor, room, count)
    #else
        Glibc.read(descriptor, room, count)
    #endif
}
