// SPDX-License-Identifier: Apache-2.0
// Colours of services.

import SondeTerminal
import Testing

@testable import SondeViewer

@Suite("Service hues")
struct ServiceHuesTests {
    @Test func upToTwelveServicesAreToldApart() {
        let names = (1...12).map { "service \($0)" }
        let hues = ServiceHues(names)
        #expect(Set(names.map { hues[$0] }).count == 12)
    }

    @Test func aThirteenthServiceHasAColourToo() {
        let hues = ServiceHues((1...13).map { "service \($0)" })
        guard case .hue = hues["service 13"] else {
            Issue.record("no hue")
            return
        }
    }

    @Test func aServiceAloneHasTheColourOfItsName() {
        #expect(ServiceHues(["payments"])["payments"] == .hue(of: "payments"))
    }
}
