// SPDX-License-Identifier: Apache-2.0
// Cases of https://www.w3.org/TR/trace-context-2/#traceparent-header.

import SondeModel
import Testing

@testable import SondeWire

struct TraceParentTests {
    static let ids = "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331"

    @Test(arguments: [
        "", "00", "00-\(ids)", "00-\(ids)-", "00-\(ids)-1", "00-\(ids)-1z", "00-\(ids)-.1",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-B7AD6B7169203331-01",
        "00-\(ids)-0A",
        "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319cc-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333-01",
        "00-0af7651916cd43dd8448eb211c80319g-b7ad6b7169203331-01",
        "00_\(ids)-01", "00-\(ids)_01", "0-\(ids)-01", "000-\(ids)-01", "ff-\(ids)-01", "0G-\(ids)-01",
        "00-\(ids)-01-what", "00-\(ids)-01.", "01-\(ids)-01.what", "01-\(ids)-01x",
        "00-\(ids)-01,00-\(ids)-01", "00-\(ids)-01, 00-\(ids)-01", "00-\(ids)-\u{661}",
    ])
    func rejects(header: String) {
        #expect(TraceParent(header) == nil)
    }

    @Test(arguments: [
        "00-\(ids)-01", "01-\(ids)-01", "cc-\(ids)-01-what-the-future-holds", "cc-\(ids)-01-", " 00-\(ids)-01\t",
    ])
    func readsItsOwnAndHigherVersions(header: String) throws {
        let parent = try #require(TraceParent(header))
        #expect(parent.traceID.hex + "-" + parent.spanID.hex == Self.ids)
        #expect(parent.flags == .sampled)
        #expect(parent.text == "00-\(Self.ids)-01")
    }

    @Test(arguments: [("00", "00"), ("01", "01"), ("02", "02"), ("03", "03"), ("ff", "03"), ("fc", "00"), ("09", "01")])
    func passesOnOnlyTheFlagsItKnows(received: String, sent: String) throws {
        let parent = try #require(TraceParent("00-\(Self.ids)-\(received)"))
        #expect(parent.text == "00-\(Self.ids)-\(sent)")
    }
}
