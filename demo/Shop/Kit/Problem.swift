// SPDX-License-Identifier: Apache-2.0
// What a service answers when it can't do what was asked: a status, a code for programs and a sentence for people.

import HTTPTypes
import Hummingbird

/// `{"error":{"code":"unknown_item","message":"there is no item with the sku \"sofa\""}}`
struct Problem: Error, HTTPResponseError, CustomStringConvertible {
    let status: HTTPResponse.Status
    let code: String
    let message: String
    /// Headers of the answer beside those that every answer has.
    var headers = HTTPFields()

    init(_ status: HTTPResponse.Status, code: String, _ message: String) {
        self.status = status
        self.code = code
        self.message = message
    }

    var description: String { "\(code): \(message)" }

    func response(from request: Request, context: some RequestContext) throws -> Response {
        let body = ProblemBody(error: .init(code: code, message: message))
        var response = try body.response(status: status, from: request, context: context)
        response.headers.append(contentsOf: headers)
        return response
    }
}

struct ProblemBody: ResponseCodable {
    struct Detail: Codable {
        var code: String
        var message: String
    }

    var error: Detail
}

extension HTTPResponse.Status {
    /// https://www.rfc-editor.org/rfc/rfc9110#name-402-payment-required
    static var paymentRequired: Self { .init(code: 402, reasonPhrase: "Payment Required") }
}

extension ResponseEncodable {
    /// This value as JSON under a status of its own.
    func response(
        status: HTTPResponse.Status, from request: Request, context: some RequestContext
    ) throws -> Response {
        var response = try context.responseEncoder.encode(self, from: request, context: context)
        response.status = status
        return response
    }
}
