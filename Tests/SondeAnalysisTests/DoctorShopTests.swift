// SPDX-License-Identifier: Apache-2.0
// The doctor over traces of the demo shop: each fault is named, and a shop without one gets no finding.

import SondeAnalysis
import SondeModel
import Testing

@Suite("Doctor and the shop")
struct DoctorShopTests {
    private func findings(_ name: String) throws -> [Finding] {
        let traces = try Fixtures.shop(name)
        return Doctor.findings(in: traces, now: traces.examinedAt)
    }

    @Test(arguments: ["healthy", "healthy-ten-minutes"])
    func healthyShopGetsNoFinding(fixture: String) throws {
        #expect(try findings(fixture) == [])
    }

    @Test func slowInventoryIsNamed() throws {
        let findings = try findings("slow-inventory")
        #expect(findings.map(\.kind) == [.slowOperation])
        #expect(findings.first?.service == "inventory")
        #expect(findings.first?.operation == "reserve items")
    }

    @Test func statementsPerRowAreNamed() throws {
        let findings = try findings("n-plus-one")
        #expect(Set(findings.map(\.kind)) == [.nPlusOne])
        #expect(Set(findings.map(\.operation)) == ["INSERT line", "UPDATE item"])
        #expect(Set(findings.map(\.service)) == ["orders", "inventory"])
    }

    @Test func declinedPaymentsAreNamedThoughNothingIsInError() throws {
        let findings = try findings("declined-payments")
        #expect(findings.map(\.kind) == [.refusals])
        #expect(findings.first?.service == "payments")
        #expect(findings.first?.title.contains("issuer_refused") == true)
    }

    @Test func serverErrorsAreNamedWhereTheyBegin() throws {
        let findings = try findings("server-errors")
        #expect(findings.map(\.kind) == [.errors])
        #expect(findings.first?.service == "payments")
        #expect(findings.first?.title.contains("the card terminal does not answer") == true)
    }
}
