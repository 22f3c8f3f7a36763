// SPDX-License-Identifier: Apache-2.0
// The processes that are killed: the store under load in a child of ours, and the real collector under OTLP over HTTP.

import Foundation
import Synchronization

/// A child that kills itself inside a phase, or is killed from here.
struct ChildVictim {
    /// A child that has not died by then never came into its phase.
    private static let patience: TimeInterval = 20

    private let kind: KillKind
    private let folder: String
    private let seed: UInt64

    init(_ kind: KillKind, _ folder: String, _ seed: UInt64) {
        self.kind = kind
        self.folder = folder
        self.seed = seed
    }

    func run(_ file: inout TortureFile) throws -> Bool {
        var arguments = [
            "child", "--folder", folder, "--seed", "\(seed >> 2)", "--first", "\(file.next)", "--prunes",
            kind.prunes ? "yes" : "no", "--durability", seed & 1 == 0 ? "full" : "relaxed",
        ]
        if kind != .any { arguments += ["--phase", kind.rawValue] }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let pid = process.processIdentifier
        let isFromOutside = kind == .any
        var dice = Dice(state: seed)
        let delay = isFromOutside ? Double.random(in: 0.02...0.8, using: &dice) : Self.patience
        let ended = Flag()
        let killer = Thread {
            let deadline = Date(timeIntervalSinceNow: delay)
            while Date() < deadline, !ended.isUp { usleep(500) }
            if !ended.isUp { kill(pid, SIGKILL) }
        }
        killer.start()
        let said = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        ended.raise()
        guard process.terminationReason == .uncaughtSignal else {
            throw BrokenPromise(
                description: "the child ended by itself with status \(process.terminationStatus): "
                    + String(decoding: said.suffix(500), as: UTF8.self))
        }
        let isInside = file.hear(String(decoding: said, as: UTF8.self))
        return isFromOutside || isInside
    }
}

/// `sonde serve`, asked over HTTP by three senders until it is killed.
struct ServeVictim {
    /// How long telemetry is kept where retention runs: so short that it is at work all the time.
    private static let keep = "300ms"

    private let folder: String
    private let seed: UInt64
    private let prunes: Bool
    /// The collector's binary; the one beside our own by default.
    private let binary: String?

    init(_ folder: String, _ seed: UInt64, prunes: Bool, binary: String?) {
        self.folder = folder
        self.seed = seed
        self.prunes = prunes
        self.binary = binary
    }

    func run(_ file: inout TortureFile) throws -> Bool {
        let own = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        let process = Process()
        process.executableURL =
            binary.map { URL(fileURLWithPath: $0) } ?? own.deletingLastPathComponent().appendingPathComponent("sonde")
        process.arguments = [
            "serve", "--data", folder, "--otlp-http", "127.0.0.1:0", "--otlp-grpc", "off", "--zipkin", "off",
            "--query", "off", "--log-format", "text",
        ]
        if prunes { process.arguments? += ["--keep", Self.keep, "--max-disk", "10MB"] }
        let output = Pipe()
        process.standardError = output
        try process.run()
        let pid = process.processIdentifier
        let port = try port(output.fileHandleForReading)
        var dice = Dice(state: seed)
        let said = Account()
        let next = BatchNumbers(from: file.next)
        let group = DispatchGroup()
        for _ in 0..<3 {
            DispatchQueue.global().async(group: group) { send(port, next, said) }
        }
        usleep(UInt32.random(in: 20_000...900_000, using: &dice))
        kill(pid, SIGKILL)
        group.wait()
        process.waitUntilExit()
        _ = file.hear(said.text)
        return true
    }

    /// Reads log lines until one tells where OTLP is taken.
    private func port(_ output: FileHandle) throws -> UInt16 {
        var text = ""
        while true {
            let more = output.availableData
            guard !more.isEmpty else { throw BrokenPromise(description: "serve did not start:\n\(text)") }
            text += String(decoding: more, as: UTF8.self)
            if let match = text.firstMatch(of: /otlp-http.*http:\/\/127\.0\.0\.1:([0-9]+)/),
                let port = UInt16(match.output.1)
            {
                return port
            }
        }
    }

    private func send(_ port: UInt16, _ next: BatchNumbers, _ said: Account) {
        guard let connection = PlainHTTP(port: port) else { return }
        while true {
            let batch = next.take()
            for (signal, body) in [("spans", TortureLoad.body(batch)), ("logs", TortureLoad.logBody(batch))] {
                said.add("try \(signal) \(batch)")
                guard let status = connection.post(signal == "spans" ? "/v1/traces" : "/v1/logs", body) else { return }
                if status == 200 { said.add("ack \(signal) \(batch)") }
            }
        }
    }
}

/// What senders have to tell, line by line.
final class Account: Sendable {
    private let lines = Mutex("")

    var text: String { lines.withLock { $0 } }
    func add(_ line: String) { lines.withLock { $0 += line + "\n" } }
}

/// A flag that one thread raises and others see.
final class Flag: Sendable {
    private let state = Mutex(false)

    var isUp: Bool { state.withLock { $0 } }
    func raise() { state.withLock { $0 = true } }
}

/// HTTP/1.1 over one blocking socket: all that a sender of OTLP needs.
final class PlainHTTP {
    private let descriptor: Int32

    init?(port: UInt16) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if result != 0 { return nil }
    }

    deinit { close(descriptor) }

    /// The status of the answer; nil once the peer is gone.
    func post(_ path: String, _ body: [UInt8]) -> Int? {
        let head =
            "POST \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-protobuf\r\n"
            + "Content-Length: \(body.count)\r\n\r\n"
        guard write(Array(head.utf8) + body) else { return nil }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            answer += buffer[..<count]
            guard let text = String(bytes: answer, encoding: .isoLatin1), let end = text.range(of: "\r\n\r\n") else {
                continue
            }
            let length =
                text[..<end.lowerBound].firstMatch(of: /(?i)content-length: *([0-9]+)/)
                .flatMap { Int($0.output.1) } ?? 0
            guard text[end.upperBound...].utf8.count >= length || answer.count - length >= 0 else { continue }
            let headBytes = text[..<end.upperBound].unicodeScalars.count
            guard answer.count >= headBytes + length else { continue }
            return Int(text.dropFirst(9).prefix(3))
        }
    }

    private func write(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { raw in
                Foundation.send(
                    descriptor, raw.baseAddress?.advanced(by: sent), bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }
}
