// SPDX-License-Identifier: Apache-2.0
// The lists from which queries are completed, as a client asks for them.

import SondeModel
import SondeStorage
import SondeTestKit
import SondeWire
import Testing

@testable import SondeServer

@Suite struct AttributeAPITests {
    private func withSamples(_ body: @Sendable (RunningCollector) async throws -> Void) async throws {
        try await RunningCollector.run { collector in
            let spans: [SpanRecord] = [
                .sample(1, attributes: [Attribute("http/path", .string("/a b"))]),
                .sample(2, parent: 1, service: "payments", start: 1, attributes: [Attribute("n", .int(7))]),
            ]
            _ = try await collector.post(OTLPEncoder.traces(spans))
            try await body(collector)
        }
    }

    @Test(arguments: ["scope=column", "limit=0", "start=yesterday", "start=now&end=now-1h"])
    func refusesWhatItCannotRead(parameters: String) async throws {
        try await RunningCollector.run { collector in
            for path in ["/sonde/v1/attributes", "/sonde/v1/attributes/n/values"] {
                let reply = try #require(try await collector.get(path + "?" + parameters))
                #expect(reply.status == 400)
                #expect(reply.text.contains(#""code":"invalid""#))
            }
        }
    }

    @Test func namesKeysWithScopeKindsAndSpans() async throws {
        try await withSamples { collector in
            let reply = try #require(
                try await collector.get("/sonde/v1/attributes?service=orders&scope=span&since=1000000h"))
            #expect(
                reply.text
                    == #"{"attributes":[{"key":"http/path","scope":"span","types":["string"],"spanCount":1}],"#
                    + #""total":{"value":1,"exact":true}}"#)
        }
    }

    @Test func aKeyInAPathIsPercentEncoded() async throws {
        try await withSamples { collector in
            let reply = try #require(try await collector.get("/sonde/v1/attributes/http%2Fpath/values?prefix=/"))
            #expect(
                reply.text
                    == #"{"values":[{"value":"/a b","type":"string","count":1}],"total":{"value":1,"exact":true}}"#)
        }
    }

    @Test func aLimitPastTheLargestMeansTheLargest() async throws {
        try await withSamples { collector in
            let reply = try #require(
                try await collector.get("/sonde/v1/attributes/kind/values?limit=1000000000000000000000"))
            #expect(reply.status == 200)
            #expect(reply.text.contains(#"{"value":"server","type":"keyword","count":2}"#))
        }
    }
}
