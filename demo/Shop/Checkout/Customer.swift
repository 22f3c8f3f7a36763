// SPDX-License-Identifier: Apache-2.0
// One checkout, seen from outside.

import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

struct Customer: Sendable {
    let gateway: String

    func checkOut(_ errand: Errand) async -> CheckoutOutcome {
        var request = HTTPClientRequest(url: gateway + "/checkout")
        request.method = .POST
        request.headers = ["content-type": "application/json", "authorization": "Bearer \(errand.token)"]
        do {
            request.body = .bytes(ByteBuffer(bytes: try JSONEncoder().encode(Basket(items: errand.lines))))
            let response = try await HTTPClient.shared.execute(
                request, timeout: .seconds(Limits.customerTimeoutSeconds))
            let body = try await response.body.collect(upTo: Limits.maxAnswerBytes)
            return CheckoutOutcome(
                status: Int(response.status.code), body: Array(body.readableBytesView),
                traceID: response.headers.first(name: TraceReference.headerName))
        } catch {
            return CheckoutOutcome(failure: "the gateway cannot be reached at \(gateway): \(error)")
        }
    }
}

struct CheckoutOutcome: Sendable {
    /// Whether the shop gave a proper answer: yes, or no with a reason that is the customer's affair.
    let isAnswered: Bool
    let text: String
    let traceID: String?

    init(failure: String) {
        isAnswered = false
        text = "failed: \(failure)"
        traceID = nil
    }

    init(status: Int, body: [UInt8], traceID: String?) {
        let data = Data(body)
        if let receipt = try? JSONDecoder().decode(Receipt.self, from: data) {
            let total = Money(cents: receipt.totalCents).text
            isAnswered = receipt.status != .failed
            text =
                "order \(receipt.orderID) \(receipt.status.rawValue), \(total)"
                + (receipt.reason.map { " (\($0))" } ?? "")
        } else {
            let problem = try? JSONDecoder().decode(ProblemBody.self, from: data)
            isAnswered = false
            text = "failed with status \(status): \(problem?.error.message ?? "the answer is no receipt")"
        }
        self.traceID = traceID
    }

    /// `checkout 1: 2 notebook, 1 lamp → order 1 confirmed, 48.90 EUR; trace 4bf92f3577b34da6a3ce929d0e0e4736`
    func line(_ number: Int, _ errand: Errand) -> String {
        var line = "checkout \(number): \(errand.text) → \(text)"
        if let remark = errand.remark, isAnswered { line += ", \(remark)" }
        if let traceID { line += "; trace \(traceID)" }
        return line
    }
}
