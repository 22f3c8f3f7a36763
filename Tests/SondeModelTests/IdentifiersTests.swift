// SPDX-License-Identifier: Apache-2.0
// Ids and moments as text and numbers.

import SondeModel
import Testing

@Suite("Identifiers")
struct IdentifiersTests {
    @Test(arguments: [
        "", "0", "5A5a0000000000000000000000000g01", "5a5a00000000000000000000000000011",
        " a5a0000000000000000000000000001",
    ])
    func refusesATraceIDThatIsNot32HexDigits(text: String) {
        #expect(TraceID(hex: text) == nil)
    }

    @Test func traceIDIsReadInEitherCaseAndPrintedInLower() throws {
        let id = try #require(TraceID(hex: "0AF7651916CD43DD8448eb211c80319c"))
        #expect(id.hex == "0af7651916cd43dd8448eb211c80319c")
        #expect(id == TraceID(high: 0x0af7_6519_16cd_43dd, low: 0x8448_eb21_1c80_319c))
    }

    @Test func shortTraceIDIsPaddedOnTheLeft() {
        #expect(TraceID(padding: "8448eb211c80319c") == TraceID(high: 0, low: 0x8448_eb21_1c80_319c))
        #expect(TraceID(padding: "18448eb211c80319c") == TraceID(high: 1, low: 0x8448_eb21_1c80_319c))
        #expect(TraceID(padding: "") == nil)
        #expect(TraceID(padding: String(repeating: "1", count: 33)) == nil)
    }

    @Test func idsOrderAsTheirText() {
        let ids = [
            "00000000000000010000000000000000", "0000000000000000ffffffffffffffff", "ffffffffffffffffffffffffffffffff",
        ]
        .compactMap { TraceID(hex: $0) }
        #expect(ids.sorted().map(\.hex) == ids.map(\.hex).sorted())
    }

    @Test func zeroIsNoId() {
        #expect(!TraceID.zero.isValid && !SpanID.zero.isValid)
        #expect(SpanID(hex: "00f067aa0ba902b7")?.value == 0x00f0_67aa_0ba9_02b7)
        #expect(SpanID(hex: "f067aa0ba902b7") == nil)
    }

    @Test func momentsNeverLeaveTheirRange() {
        #expect(Timestamp(nanoseconds: 5).advanced(byNanoseconds: -10) == .zero)
        #expect(Timestamp.distantFuture.advanced(byNanoseconds: 1) == .distantFuture)
        #expect(Timestamp(nanoseconds: 5).advanced(byNanoseconds: .min) == .zero)
        #expect(Timestamp(nanoseconds: 9).nanoseconds(until: Timestamp(nanoseconds: 4)) == 0)
    }

    @Test func severityNumbersFallIntoLevels() {
        #expect(LogLevel(severityNumber: 0) == nil)
        #expect(LogLevel(severityNumber: 1) == .trace)
        #expect(LogLevel(severityNumber: 12) == .info)
        #expect(LogLevel(severityNumber: 24) == .fatal)
        #expect(LogLevel(severityNumber: 25) == nil)
        #expect(LogLevel(name: "WARNING") == .warn)
        #expect(LogLevel(name: "loud") == nil)
    }
}
