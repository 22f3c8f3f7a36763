// SPDX-License-Identifier: Apache-2.0
// The code of the tutorial "For authors of libraries", in its order; its test is run too.

import Logging
import Metrics
import SondeTesting
import Testing
import Tracing

private struct Envelope: Sendable {
    var address: String
}

private struct Postman: Sendable {
    func deliver(_ envelope: Envelope) async throws {
        try await withSpan("deliver letter", ofKind: .client) { span in
            span.attributes["post.address.length"] = envelope.address.count
            Counter(label: "post.letters").increment()
            try await carry(envelope)
        }
    }

    private func carry(_ envelope: Envelope) async throws {
        Logger.current.debug("carried")
    }
}

@Test private func aDeliveredLetterIsASpanAndACount() async throws {
    try await withTestTelemetry { telemetry in
        try await Postman().deliver(Envelope(address: "Somewhere 1"))
        let span = try telemetry.span(named: "deliver letter")
        #expect(span.kind == .client && span.attributes["post.address.length"] == 11)
        #expect(telemetry.value(of: "post.letters") == 1)
    }
}
