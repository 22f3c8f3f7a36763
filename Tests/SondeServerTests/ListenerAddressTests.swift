// SPDX-License-Identifier: Apache-2.0
// How listeners are spelled in flags.

import SondeServer
import Testing

@Suite struct ListenerAddressTests {
    @Test(arguments: [
        "", ":", "localhost", "localhost:", "localhost:x", "localhost:-1", "localhost:65536", "a b:1", "::1:80",
        "[::1]",
        "[::1]80", "[x]:80", "https://localhost:80", "http://localhost:80/path",
    ])
    func refusesWhatIsNoAddress(text: String) {
        #expect(ListenerAddress(text) == nil)
        #expect(ListenerSetting(text) == nil)
    }

    @Test(arguments: [
        ("127.0.0.1:4318", "127.0.0.1", 4318), ("http://localhost:0", "localhost", 0), ("HTTP://h:1/", "h", 1),
        ("[::1]:80", "::1", 80), ("http://[::]:80/", "::", 80), (":4318", "127.0.0.1", 4318),
        ("4318", "127.0.0.1", 4318),
    ])
    func readsHostAndPort(text: String, host: String, port: Int) {
        #expect(ListenerAddress(text) == ListenerAddress(host: host, port: port))
        #expect(ListenerSetting(text)?.address == ListenerAddress(host: host, port: port))
    }

    @Test(arguments: ["off", "OFF"]) func offIsNoAddress(text: String) {
        #expect(ListenerSetting(text) == .off)
        #expect(ListenerSetting(text)?.address == nil)
    }

    @Test func knowsWhoCanReachIt() {
        for host in ["127.0.0.1", "127.1.2.3", "localhost", "::1"] {
            #expect(ListenerAddress(host: host, port: 1).isLoopback)
        }
        for host in ["0.0.0.0", "::", "10.0.0.1", "example.com", "127.example.com", "128.0.0.1"] {
            #expect(!ListenerAddress(host: host, port: 1).isLoopback)
        }
    }

    @Test func anIPv6AddressIsWrittenInBrackets() {
        #expect(ListenerAddress(host: "::1", port: 80).url == "http://[::1]:80")
    }
}
