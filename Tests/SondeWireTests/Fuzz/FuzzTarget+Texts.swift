// SPDX-License-Identifier: Apache-2.0
// The texts that come in headers, parameters and on command lines.

import SondeModel
import SondeStorage

@testable import SondeWire

extension FuzzTarget {
    static let texts = [
        text("trace-parent", ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03"], ["-", "00-", "ff"]) { text in
            guard let parent = TraceParent(text) else { return false }
            try expect(TraceParent(parent.text) == parent, "a traceparent comes back as it was")
            return true
        },
        text(
            "trace-state", ["congo=t61rcWkgMzE,rojo=00f067aa0ba902b7", "a@b=1, ,c=2"],
            [",", "=", " ", "\t", "@", "a=1,"]
        ) { text in
            guard let state = TraceState(text) else { return false }
            try expect(TraceState(state.text) == state, "a tracestate comes back as it was")
            return true
        },
        text(
            "baggage", ["userId=alice,serverNode=DF%2028,isProduction=false;ttl=60"],
            [",", ";", "=", "%", "%zz", "%e2"]
        ) {
            let baggage = W3CBaggage($0)
            try expect(W3CBaggage(baggage.text).text == baggage.text, "baggage comes back as it was")
            return !baggage.isEmpty
        },
        text(
            "query-shorthand",
            [
                "service=orders duration>200ms http.request.method=GET error",
                #"name="a \"b\"" status=error kind=client"#,
            ],
            ["=", ">", "<=", "!=", "\"", "\\", " ", "{", "duration", "traceDuration<"]
        ) { text in
            var query = TraceQuery()
            let shorthand = QueryShorthand { DurationText.parse($0) }
            return (try? shorthand.add(text, to: &query)) != nil
        },
        text(
            "moments",
            ["2026-01-02T03:04:05.123456789Z", "2026-12-31T23:59:60+14:00", "now-1h", "1767323045000000000", "now 5m"],
            ["T", "Z", "-", "+", ":", ".", "now", "9999-12-31", "0000", "99999999999999999999"]
        ) { text in
            _ = MomentText.parse(text, now: .zero)
            _ = MomentText.parse(text, now: .distantFuture)
            guard let moment = RFC3339.parse(text) else { return false }
            try expect(RFC3339.parse(RFC3339.text(moment)) == moment, "a moment comes back as it was")
            return true
        },
        text(
            "durations", ["1.2s", "1h5m", "100ms", "7d", "0.000000001s"],
            ["ns", "µs", "d", ".", "99999999999999999999", "0", "h"]
        ) { text in
            guard let nanoseconds = DurationText.parse(text) else { return false }
            try expect(
                DurationText.parse(DurationText.text(nanoseconds)) != nil, "a duration that is shown can be read")
            return true
        },
        text(
            "authorities", ["http://user@host:8080/path", "[::1]:4318", "host:"], ["[", "]", ":", "@", "//", "65536"]
        ) {
            let authority = URLAuthority(Substring($0))
            _ = authority.hasUsablePort
            _ = URLAuthority(ofURL: $0)?.port
            return true
        },
    ]

    private static func text(
        _ name: String, _ seeds: [String], _ words: [String], _ run: @escaping @Sendable (String) throws -> Bool
    ) -> FuzzTarget {
        FuzzTarget(name: name, seeds: { seeds.map { Array($0.utf8) } }, words: words) { bytes in
            try run(String(decoding: bytes, as: UTF8.self))
        }
    }
}
