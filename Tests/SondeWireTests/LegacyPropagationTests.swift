// SPDX-License-Identifier: Apache-2.0

import SondeModel
import Testing

@testable import SondeWire

struct LegacyPropagationTests {
    static let trace = "80f198ee56343ba864fe8b2a57d3eff7"
    static let span = "e457b5a2e4d86bd1"

    @Test(arguments: [
        "", "0", "1", "d", "\(trace)", "\(trace)-", "\(trace)-e457", "\(trace)-\(span)-2", "\(trace)-\(span)-1-zz",
        "\(trace)-\(span)-1-\(span)-1", "00000000000000000000000000000000-\(span)-1", "\(trace)-0000000000000000-1",
        "80f198ee-\(span)-1", "\(trace)0-\(span)-1",
    ])
    func refusesWhatNamesNoSpan(header: String) {
        #expect(B3.parse(header) == nil)
    }

    @Test(arguments: [
        ("\(trace)-\(span)-1", true), ("\(trace)-\(span)-d", true), ("\(trace)-\(span)-0", false),
        ("\(trace)-\(span)", false), (" \(trace)-\(span)-1-05e3ac9a4f6e3b90 ", true),
    ])
    func readsTheSingleHeader(header: String, isSampled: Bool) throws {
        let parent = try #require(B3.parse(header))
        #expect(parent.traceID.hex == Self.trace && parent.spanID.hex == Self.span)
        #expect(parent.flags == (isSampled ? .sampled : []))
    }

    @Test func padsATraceIDOf64Bits() {
        #expect(B3.parse("64fe8b2a57d3eff7-\(Self.span)-1")?.traceID.hex == "000000000000000064fe8b2a57d3eff7")
    }

    @Test func readsTheManyHeaders() {
        let ids = ["X-B3-TraceId": Self.trace, "X-B3-SpanId": Self.span]
        func parent(_ more: [String: String]) -> TraceParent? {
            B3.parse { more[$0] ?? ids[$0] }
        }
        #expect(parent([:])?.flags == [])
        #expect(parent(["X-B3-Sampled": "1"])?.flags == .sampled)
        #expect(parent(["X-B3-Sampled": "0"])?.flags == [])
        #expect(parent(["X-B3-Flags": "1"])?.flags == .sampled)
        #expect(parent(["X-B3-SpanId": "short"]) == nil)
        #expect(B3.parse { ["X-B3-TraceId": Self.trace][$0] } == nil)
    }

    @Test(arguments: [
        "", "1:2:3", "1:2:0:zz", "0:2:0:1", "1:0:0:1", "1:2:0:100", "1:\(trace):0:1", "\(trace)0:1:0:1", "x:2:0:1",
    ])
    func refusesWhatIsNotJaegers(header: String) {
        #expect(JaegerHeader.parse(header) == nil)
    }

    @Test(arguments: ["\(trace):\(span):0:1", "\(trace)%3A\(span)%3A0%3A3", "\(trace):\(span):05e3ac9a4f6e3b90:01"])
    func readsJaegersHeader(header: String) throws {
        let parent = try #require(JaegerHeader.parse(header))
        #expect(parent.traceID.hex == Self.trace && parent.spanID.hex == Self.span && parent.flags == .sampled)
    }

    @Test func idsMayLackZeros() {
        let parent = JaegerHeader.parse("abc:d:0:0")
        #expect(parent == TraceParent(traceID: TraceID(high: 0, low: 0xABC), spanID: SpanID(0xD), flags: []))
    }

    @Test(arguments: [TraceFlags.sampled, []])
    func whatIsWrittenIsReadBack(flags: TraceFlags) {
        let parent = TraceParent(traceID: TraceID(high: 1, low: .max), spanID: SpanID(0xA0), flags: flags)
        #expect(B3.parse(B3.single(parent)) == parent)
        #expect(JaegerHeader.parse(JaegerHeader.text(parent)) == parent)
        let headers = Dictionary(uniqueKeysWithValues: B3.multi(parent).map { ($0.name, $0.value) })
        #expect(B3.parse { headers[$0] } == parent)
        #expect(TraceParent(parent.text) == parent)
    }

    @Test func namesOfVariables() {
        #expect(EnvironmentNames.variable(for: "traceparent") == "TRACEPARENT")
        #expect(EnvironmentNames.variable(for: "X-B3-TraceId") == "X_B3_TRACEID")
    }

    @Test func everyDigitIsReadAndWrittenAsOneByOne() {
        for byte in UInt8.min...UInt8.max {
            let word = [UInt8](repeating: byte, count: 1) + [UInt8]("0123456789abcde".utf8)
            let one = word.withUnsafeBufferPointer { HexWord.value($0, at: 0) }
            let isDigit = (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
            #expect((one != nil) == isDigit)
            #expect(one == (isDigit ? Hex.value(of: word) : nil))
        }
        var value: UInt64 = 0x9E37_79B9_7F4A_7C15
        for _ in 0..<1_000 {
            value = value &* 0x5851_F42D_4C95_7F2D &+ 1
            let id = TraceParent(traceID: TraceID(high: value, low: ~value), spanID: SpanID(value | 1), flags: .sampled)
            #expect(id.text == "00-\(id.traceID.hex)-\(id.spanID.hex)-01")
            #expect(TraceParent(id.text) == id)
        }
    }
}
