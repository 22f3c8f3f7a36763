// SPDX-License-Identifier: Apache-2.0
// Searches as text: what is written is read back as the same search.

import SondeModel
import SondeStorage
import Testing

@testable import SondeViewer

@Suite("Query words")
struct QueryWordsTests {
    @Test(arguments: [
        "", "error", "service=orders", "service=\"my shop\" error", "name=\"GET /a b\" duration>=200ms",
        "http.route=/pay duration<=1.5s kind=client", "\"odd key\"=\"a \\\"b\\\" \\\\ c\"", "service=a OR service=b",
        "{ status = error } >> { name = \"charge\" }", "traceDuration>2s status=ok", "service=\"a\\*b\"",
    ])
    func areReadBackAsTheSameSearch(text: String) throws {
        var query = TraceQuery()
        try query.add(text)
        var again = TraceQuery()
        try again.add(query.words)
        #expect(again == query, "\(query.words)")
    }

    @Test func conditionsBesideTraceQLBecomeFlags() throws {
        var query = TraceQuery()
        try query.add("{ status = error }")
        query.service = "my shop"
        #expect(query.words == "{ status = error }")
        #expect(query.flags == " --service 'my shop'")
    }

    @Test(arguments: [
        ("", "", false, ""), ("serv", "serv", false, ""), ("error ser", "ser", false, ""),
        ("service=", "", true, "service"), ("service=or", "or", true, "service"),
        ("a=\"b c", "b c", true, "a"), ("(x=1 OR http.m", "http.m", false, ""),
        ("{ span.http.ro", "http.ro", false, ""), ("{ .http.route = \"/p", "/p", true, "http.route"),
        ("{ .a = 1 && resource.ho", "ho", false, ""), ("operation=GET", "GET", true, "name"),
    ])
    func theWordUnderTheCaretIsFound(text: String, prefix: String, isValue: Bool, key: String) {
        let word = QueryWord(text)
        #expect(word.prefix == prefix)
        #expect(word.isValue == isValue)
        if isValue { #expect(word.key == key) }
    }
}
