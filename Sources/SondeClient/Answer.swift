// SPDX-License-Identifier: Apache-2.0
// What a collector answered, and what it means if it is a refusal.

import FoundationEssentials
import NIOCore
import NIOHTTP1
import SondeModel
import SondeStorage
import SondeWire

/// One whole answer.
struct Answer: Sendable {
    let url: String
    let status: HTTPResponseStatus
    let headers: HTTPHeaders
    let body: ByteBuffer

    func header(_ name: String) -> String? { headers.first(name: name) }

    func json<Content: Decodable>(_ type: Content.Type) throws(ReadError) -> Content {
        do { return try JSONDecoder().decode(type, from: Data(body.readableBytesView)) } catch { throw notUnderstood }
    }

    func decoded<Batch>(_ decode: ([UInt8]) throws(DecodeError) -> Batch) throws(ReadError) -> Batch {
        do throws(DecodeError) { return try decode(Array(body.readableBytesView)) } catch { throw notUnderstood }
    }

    func records<Record>(_ read: () throws(MalformedProtobuf) -> [Record]) throws(ReadError) -> [Record] {
        do throws(MalformedProtobuf) { return try read() } catch { throw notUnderstood }
    }

    var notUnderstood: ReadError {
        .failed("cannot read the answer of \(url); is it a Sonde collector of this version?")
    }

    // MARK: Refusals

    private struct Refusal: Decodable {
        var error: Body

        struct Body: Decodable {
            var code: String
            var message: String
            var hint: String?
        }
    }

    private var refusalBody: Refusal.Body? { try? json(Refusal.self).error }

    /// The API's word for what is wrong; nil if the answer is not one of the API's.
    var errorCode: String? { refusalBody?.code }

    /// What the collector objected to.
    var refusal: ReadError {
        guard let body = refusalBody else {
            return .failed("\(url) answered with HTTP status \(status.code); is it a Sonde collector?")
        }
        let message = body.hint.map { body.message + "; " + $0 } ?? body.message
        switch (body.code, status.code) {
        case ("unsupported", _): return .unsupported(message)
        case (_, 400..<500): return .invalid(message)
        default: return .failed(message)
        }
    }
}
