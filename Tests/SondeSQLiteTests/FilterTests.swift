// SPDX-License-Identifier: Apache-2.0
// Filters never miss, and seldom cry wolf.

import SondeModel
import SondeTestKit
import SondeWire
import Testing

@testable import SondeSQLite

@Suite("Filters")
struct FilterTests {
    private func filter(_ hashes: [UInt64]) throws -> Filter {
        var builder = FilterBuilder()
        for hash in hashes { builder.insert(hash) }
        var chunk = ByteBuffer()
        builder.finish(into: &chunk)
        return try Filter(chunk.elements)
    }

    @Test(arguments: [0, 1, 1_000])
    func containEverythingPutIn(count: Int) throws {
        let hashes = (0..<count).map { AttributeFilter.hash(key: "k", text: "\($0)") }
        let filter = try filter(hashes)
        #expect(hashes.allSatisfy(filter.mayContain))
    }

    @Test func containLittleElse() throws {
        let filter = try filter((0..<1_000).map { AttributeFilter.hash(key: "k", text: "\($0)") })
        let wrong = (0..<10_000).count { filter.mayContain(AttributeFilter.hash(key: "k", text: "no \($0)")) }
        #expect(wrong < 200)
    }

    @Test func aCutFilterIsRefused() throws {
        var builder = FilterBuilder()
        builder.insert(1)
        var chunk = ByteBuffer()
        builder.finish(into: &chunk)
        let bytes = chunk.array.dropLast()
        #expect(throws: Damage.self) { try Array(bytes).withUnsafeBufferPointer { try Filter($0) } }
    }

    /// Attributes of events and links, arrays and their elements among them.
    @Test func containWhatEventsAndLinksHave() throws {
        var event = SpanEvent(time: .zero, name: "e", attributes: [Attribute].sampleOfEveryType)
        event.attributes.append(Attribute("ключ", .string("значение")))
        var fields = ByteBuffer()
        let whole = try OTLPDecoder.traces(OTLPEncoder.traces([Self.span(with: event)])).batch
        whole.bytes.withUnsafeBufferPointer { bytes in
            guard let base = bytes.baseAddress, let entry = whole.entries.first else { return }
            fields.append(base + entry.body.lowerBound, count: Int(entry.body.count))
        }
        var builder = FilterBuilder()
        for hash in AttributeFilter.hashes(extras: fields.elements) { builder.insert(hash) }
        var chunk = ByteBuffer()
        builder.finish(into: &chunk)
        let filter = try Filter(chunk.elements)
        for attribute in SpanExtras(fields.elements).attributes {
            #expect(AttributeFilter.hashes(key: attribute.key, attribute.value).allSatisfy(filter.mayContain))
        }
        #expect(SpanExtras(fields.elements).attributes.count == event.attributes.count + 1)
    }

    private static func span(with event: SpanEvent) -> SpanRecord {
        var span = SpanRecord.sample(1)
        span.events = [event]
        span.links = [
            SpanLink(traceID: .sample(2), spanID: SpanID(3), attributes: [Attribute("link.kind", .string("follows"))])
        ]
        return span
    }

    @Test func aNeedleAsksForGroupsOfItsWordsOnly() {
        #expect(LogFilter.hashes(of: "a b").isEmpty)
        #expect(LogFilter.hashes(of: "abc").count == 1)
        #expect(LogFilter.hashes(of: "abcdefg").count == 2)
        #expect(LogFilter.hashes(of: "ABC") == LogFilter.hashes(of: "abc"))
        #expect(LogFilter.hashes(of: "abc def") == LogFilter.hashes(of: "abc") + LogFilter.hashes(of: "def"))
    }
}
