// SPDX-License-Identifier: Apache-2.0
// Answers of OTLP servers.

import SondeWire
import Testing

struct OTLPResponseTests {
    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test func refusesADamagedAnswer() {
        #expect(throws: DecodeError.self) { try OTLPResponse(protobuf: [0x0A, 9], signal: .traces) }
        #expect(throws: DecodeError.self) { try RPCStatus(protobuf: [0x12, 9]) }
    }

    @Test func aFullSuccessIsEmpty() throws {
        #expect(OTLPResponse(.traces).protobuf.isEmpty)
        #expect(text(OTLPResponse(.traces).json) == "{}")
        #expect(try !OTLPResponse(protobuf: [], signal: .logs).isPartial)
    }

    @Test(
        arguments: [
            (.traces, "rejectedSpans"), (.logs, "rejectedLogRecords"), (.metrics, "rejectedDataPoints"),
        ] as [(OTLPResponse.Signal, String)])
    func aPartialSuccessSaysHowManyAndWhy(_ signal: OTLPResponse.Signal, _ key: String) throws {
        let response = OTLPResponse(signal, rejectedCount: 3, errorMessage: "bad ids")
        #expect(try OTLPResponse(protobuf: response.protobuf, signal: signal) == response)
        #expect(text(response.json) == #"{"partialSuccess":{"\#(key)":"3","errorMessage":"bad ids"}}"#)
    }

    @Test func aStatusComesBack() throws {
        let status = RPCStatus(code: 3, message: "cannot decode")
        #expect(try RPCStatus(protobuf: status.protobuf) == status)
        #expect(text(status.json) == #"{"code":3,"message":"cannot decode"}"#)
    }
}
