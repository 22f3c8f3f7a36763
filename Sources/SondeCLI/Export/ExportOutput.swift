// SPDX-License-Identifier: Apache-2.0
// Where an export goes: standard output, or a file that appears under its name only when it is whole.

import SondeTerminal
import SondeWire

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// Collects small parts and writes large ones.
struct ExportOutput: ~Copyable {
    private var waiting: [UInt8] = []
    private let file: PartialFile?
    private let isCompressed: Bool
    /// Bytes given, before compression.
    private(set) var byteCount = 0

    /// - Parameter path: A name that ends in `.gz` is compressed; nil is standard output.
    init(path: String?) throws(CommandFailure) {
        file = try path.map { path throws(CommandFailure) in try PartialFile(path: path) }
        isCompressed = path?.hasSuffix(".gz") ?? false
    }

    /// Whether somebody still wants the rest.
    var isWanted: Bool { file != nil || StandardStreams.outputFate == .whole }

    mutating func write(_ bytes: [UInt8]) throws(CommandFailure) {
        byteCount += bytes.count
        waiting += bytes
        if waiting.count >= Limits.exportChunkBytes { try flush() }
    }

    /// Everything has been written: the file takes its name.
    mutating func finish() throws(CommandFailure) {
        try flush()
        try file?.finish()
    }

    private mutating func flush() throws(CommandFailure) {
        guard !waiting.isEmpty else { return }
        // Members of gzip one after the other are gzip.
        let bytes = isCompressed ? Gzip.compress(waiting, level: 6) : waiting
        waiting.removeAll(keepingCapacity: true)
        guard let file else { return StandardStreams.write(bytes) }
        try file.write(bytes)
    }
}

/// A file under another name until it is whole: `NAME.partial`. Given up, it is removed.
final class PartialFile {
    private let path: String
    private let partialPath: String
    private var descriptor: Int32

    init(path: String) throws(CommandFailure) {
        self.path = path
        partialPath = path + ".partial"
        descriptor = open(partialPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw failure("open", partialPath) }
        Interruption.remove([partialPath])
    }

    deinit {
        guard descriptor >= 0 else { return }
        close(descriptor)
        unlink(partialPath)
        Interruption.keep()
    }

    func write(_ bytes: [UInt8]) throws(CommandFailure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { systemWrite(descriptor, $0) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure("write", partialPath) }
            rest = rest.dropFirst(count)
        }
    }

    func finish() throws(CommandFailure) {
        guard fsync(descriptor) == 0 || errno == EINVAL else { throw failure("write", partialPath) }
        guard rename(partialPath, path) == 0 else { throw failure("name", path) }
        Interruption.keep()
        close(descriptor)
        descriptor = -1
    }

    private func failure(_ action: String, _ path: String) -> CommandFailure {
        CommandFailure(.sourceFailed, "cannot \(action) \(path): \(String(cString: strerror(errno)))")
    }

    private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
        #if canImport(Darwin)
            Darwin.write(descriptor, bytes.baseAddress, bytes.count)
        #elseif canImport(Musl)
            Musl.write(descriptor, bytes.baseAddress, bytes.count)
        #else
            Glibc.write(descriptor, bytes.baseAddress, bytes.count)
        #endif
    }
}
