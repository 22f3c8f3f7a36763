// SPDX-License-Identifier: Apache-2.0
// The `lock` file of a data folder: held by the one collector that writes there, with its pid inside for those who come
// second. The kernel lets go of it when the process ends, however it ends.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

final class StoreLock: Sendable {
    private let descriptor: Int32
    private let isReleased = Flag()

    init(path: String) throws(StoreError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw StoreError(.failed, "cannot open \(path): \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let holder = Self.pid(in: descriptor)
            close(descriptor)
            let who = holder.map { "the sonde process with pid \($0)" } ?? "another sonde process"
            throw StoreError(
                .locked, "cannot open \(path): \(who) writes to this data folder; stop it or choose another --data")
        }
        self.descriptor = descriptor
        ftruncate(descriptor, 0)
        let text = Array("\(getpid())\n".utf8)
        _ = pwrite(descriptor, text, text.count, 0)
    }

    deinit { release() }

    func release() {
        if isReleased.raise() { close(descriptor) }
    }

    private static func pid(in descriptor: Int32) -> Int? {
        var text = [UInt8](repeating: 0, count: 32)
        let count = pread(descriptor, &text, text.count, 0)
        guard count > 0 else { return nil }
        return Int(String(decoding: text.prefix(count).prefix { $0 != 0x0A }, as: UTF8.self))
    }
}
