// SPDX-License-Identifier: Apache-2.0

import SondeWire
import Testing

@Suite("URL authority")
struct URLAuthorityTests {
    @Test(arguments: [
        "http://host:65536", "http://host:99999/path", "http://host:0", "http://host:-1", "http://host:8o",
        "http://[::1]:70000", "http://user:secret@host:70000", "http://host:1:2", "http://host:123456789012345678901",
    ])
    func aPortThatNobodyCanHaveIsNotUsable(url: String) throws {
        #expect(try !#require(URLAuthority(ofURL: url)).hasUsablePort)
    }

    @Test(arguments: [
        "http://host", "http://host:1", "http://host:65535/a:b", "http://[::1]", "http://[::1]:9?x:y",
        "http://user:99999@host:80", "http://host:", "http://host/x:99999", "http://host#:99999", "http://",
    ])
    func everyOtherOneIs(url: String) throws {
        #expect(try #require(URLAuthority(ofURL: url)).hasUsablePort)
    }

    @Test func partsAreFound() throws {
        let authority = try #require(URLAuthority(ofURL: "https://u:p@q@[fe80::1]:8080/a@b:1"))
        #expect(authority.userInfo == "u:p@q" && authority.host == "[fe80::1]" && authority.port == 8080)
        #expect(URLAuthority(ofURL: "host:80") == nil)
        #expect(URLAuthority("host").host == "host")
    }
}
