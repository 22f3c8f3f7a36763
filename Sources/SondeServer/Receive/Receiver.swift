// SPDX-License-Identifier: Apache-2.0
// What all receivers share: read ▸ limit ▸ inflate ▸ decode ▸ admit ▸ commit ▸ acknowledge. Reading and the limits on
// the way in are the front's; from inflation on it is here. A receiver is a path, a decode and a reply.

import NIOCore
import NIOHTTP1
import SondeModel
import SondePipeline
import SondeStorage
import SondeWire

/// One path that takes telemetry.
protocol Receiver: Sendable {
    static var path: String { get }
    static var signal: Signal { get }
    /// How refusals are worded.
    static var dialect: Dialect { get }

    /// How the body is written, by its headers; refuses what is not spoken here.
    static func format(_ head: HTTPRequestHead) throws(Refusal) -> PayloadFormat

    /// Whether a body is written anew before it is stored, so that it is in memory twice.
    static func isRewritten(_ format: PayloadFormat) -> Bool

    /// Takes an inflated body as far as it goes and says what to tell the sender.
    func take(_ payload: Payload) async throws(ReceiveError) -> Reply
}

extension Receiver {
    static var dialect: Dialect { .otlp }
    static func format(_ head: HTTPRequestHead) throws(Refusal) -> PayloadFormat { try OTLPContent.format(head) }
    static func isRewritten(_ format: PayloadFormat) -> Bool { format == .json }
}

/// Why a body was not taken.
enum ReceiveError: Error {
    case undecodable(String)
    case sink(SinkError)
}

/// Runs receivers behind routes.
struct Reception: Sendable {
    let limits: ServerLimits
    let metrics: ServerMetrics

    func route<R: Receiver>(_ receiver: R) -> Route {
        let intake = Route.Intake.ingest(R.signal) { head throws(Refusal) in
            _ = try R.format(head)
            _ = try ContentCoding(head)
        }
        return Route(.POST, R.path, dialect: R.dialect, intake: intake) { try await receive($0, with: receiver) }
    }

    private func receive<R: Receiver>(_ request: Request, with receiver: R) async throws(Refusal) -> Reply {
        let format = try R.format(request.head)
        let body = try inflate(request, R.signal)
        metrics.bodyTaken(R.signal, receivedBytes: request.body.count, inflatedBytes: body.count)
        // What is written anew as OTLP does not become longer.
        if R.isRewritten(format) { try reserve(body.count, for: request, R.signal) }
        do throws(ReceiveError) {
            return try await receiver.take(Payload(bytes: body, format: format))
        } catch {
            throw refusal(error, R.signal)
        }
    }

    private func reserve(_ bytes: Int, for request: Request, _ signal: Signal) throws(Refusal) {
        guard let reservation = request.match.reservation else {
            preconditionFailure("an ingest route reserves room for its bodies")
        }
        guard reservation.grow(by: bytes) else {
            metrics.ingestRefused(signal, reason: .memory)
            throw .memoryBusy
        }
    }

    // MARK: Inflation

    private func inflate(_ request: Request, _ signal: Signal) throws(Refusal) -> [UInt8] {
        guard try ContentCoding(request.head) == .gzip, !request.body.isEmpty else { return request.body }
        guard let reservation = request.match.reservation else {
            preconditionFailure("an ingest route reserves room for its bodies")
        }
        // The last four bytes of a gzip member say how long it is inflated. Senders may lie, so it is only a first guess
        // for what to reserve; a body that proves longer is inflated again with room for the largest.
        let guess = min(Self.announcedBytes(request.body), limits.maxBodyBytes)
        var attempts = [guess, limits.maxBodyBytes]
        if guess == limits.maxBodyBytes { attempts.removeFirst() }
        for limit in attempts {
            let missing = request.body.count + limit - reservation.bytes
            guard missing <= 0 || reservation.grow(by: missing) else {
                metrics.ingestRefused(signal, reason: .memory)
                throw .memoryBusy
            }
            do throws(GzipError) {
                return try Gzip.inflate(request.body, limit: limit)
            } catch {
                if case .tooLarge = error, limit < limits.maxBodyBytes { continue }
                throw refusal(error, signal)
            }
        }
        preconditionFailure("the last attempt at inflation returns or throws")
    }

    /// The `ISIZE` field of the last member.
    private static func announcedBytes(_ body: [UInt8]) -> Int {
        guard body.count >= 4 else { return 0 }
        return body.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    // MARK: Refusals

    private func refusal(_ error: GzipError, _ signal: Signal) -> Refusal {
        switch error {
        case .tooLarge:
            metrics.ingestRefused(signal, reason: .tooLarge)
            return .tooLarge(
                "the body is larger than \(limits.maxBodyBytes) bytes after inflation", hint: "send smaller batches")
        case .malformed(let reason):
            metrics.ingestRefused(signal, reason: .undecodable)
            return .invalid("cannot inflate the gzip body: \(reason)")
        }
    }

    private func refusal(_ error: ReceiveError, _ signal: Signal) -> Refusal {
        switch error {
        case .undecodable(let message):
            metrics.ingestRefused(signal, reason: .undecodable)
            return .invalid(message)
        case .sink(.busy(let reason, let retryAfter)):
            metrics.ingestRefused(signal, reason: .busy)
            return .busy("cannot store now: \(reason)", retryAfter: retryAfter)
        case .sink(.rejected(let reason)):
            metrics.ingestRefused(signal, reason: .rejected)
            return Refusal(.badRequest, code: "rejected", "cannot store: \(reason)")
        case .sink(.failed(let reason)):
            // A 5xx outside 502, 503 and 504 makes senders drop their data; a store can be mended while they wait.
            metrics.ingestRefused(signal, reason: .failed)
            return .busy("the store has failed: \(reason)", retryAfter: Self.retryAfterFailure)
        }
    }

    /// How long senders keep what a broken store could not take: operators need at least this long.
    private static let retryAfterFailure = Duration.seconds(30)
}

/// How a body was compressed.
enum ContentCoding: Hashable {
    case identity, gzip

    init(_ head: HTTPRequestHead) throws(Refusal) {
        switch head.headers.joined("content-encoding")?.lowercased() {
        case nil, "", "identity", "none": self = .identity
        case "gzip", "x-gzip": self = .gzip
        case let other?:
            throw .unsupportedMedia("the content encoding \(other) is not known here", hint: "send gzip or no encoding")
        }
    }
}
