// SPDX-License-Identifier: Apache-2.0
// Patterns: what they match, what is refused where, and that none can run for long.

import SondeStorage
import Testing

@Suite struct RegularExpressionTests {
    @Test(arguments: [
        ("(", 0), ("a)", 1), ("[a", 0), ("*a", 0), ("a**", 2), ("a{3,2}", 1), ("a{1001}", 1), ("(?=x)", 2),
        ("(?<=x)", 2), ("\\1", 0), ("a\\", 1), ("[z-a]", 1), ("\\p{Greek}", 0), ("\\y", 0), ("[[:alfa:]]", 3),
        ("\\xZZ", 0), ("(?P<n", 5),
        ("(?P<<n>x)", 4), ("[" + String(repeating: "ab", count: 500) + "]{100}", 0),
    ])
    func refusesWithThePlace(pattern: String, offset: Int) {
        #expect {
            try RegularExpression(pattern)
        } throws: { error in
            (error as? QuerySyntaxError)?.offset == offset
        }
    }

    @Test(arguments: [
        ("abc", "abc", true), ("abc", "abcd", false), ("abc", "xabc", false), ("a.c", "a\nc", true),
        ("(?-s)a.c", "a\nc", false), ("a|bc", "bc", true), ("a|bc", "abc", false), ("(a|b)*c", "ababc", true),
        ("", "", true), ("", "a", false), ("a{2,3}", "aa", true), ("a{2,3}", "aaaa", false), ("a{2,}", "aaaa", true),
        ("a{,3}", "a{,3}", true), ("x{", "x{", true), ("\\d+", "0123", true), ("\\D", "5", false),
        ("[^a-c]+", "def", true), ("[^a-c]+", "dea", false), ("[]a]+", "]a", true), ("[a-]", "-", true),
        ("[[:alpha:]_]+", "ab_C", true), ("[[:^digit:]]", "5", false), ("(?i)get /É", "GET /é", true),
        ("(?i:get) x", "GET X", false), ("(?i)[a-f]+", "ABC", true), ("^abc$", "abc", true),
        ("(?m)a$.^b", "a\nb", true),
        ("\\bfoo\\b.*", "foo bar", true), ("\\bfoo\\b.*", "foobar", false), ("\\Qa.b*\\E+", "a.b**", true),
        ("\\Qa.b\\E", "axb", false), ("\\x41\\x{1F600}", "A😀", true), ("\\p{Lu}\\pL+", "Éa", true),
        ("\\PL", "a", false), ("(?P<x>a)(?<y>b)(?:c)", "abc", true), ("a*?b+?", "aabb", true), ("e\u{301}", "é", false),
        ("\\.\\*\\/", ".*/", true), ("(((((a{0}){1000}){1000}){1000}){1000}){1000}", "", true),
        ("GET|POST|", "", true), ("\\z|a", "a", true),
    ])
    func matchesTheWholeText(pattern: String, text: String, isMatch: Bool) throws {
        #expect(try RegularExpression(pattern).matches(text) == isMatch)
    }

    @Test(arguments: [
        ("b+", "abbc", true), ("^b", "ab", false), ("c$", "abc", true), ("", "x", true), ("bx", "abc", false),
        ("a.c", "xxabcxx", true), ("aab", "aaab", true),
    ])
    func findsAMatchAnywhereWhenAsked(pattern: String, text: String, isMatch: Bool) throws {
        #expect(try RegularExpression(pattern, matchesWhole: false).matches(text) == isMatch)
    }

    @Test func patternsThatRuinBacktrackersTakeLinearTime() throws {
        let text = String(repeating: "a", count: 20_000)
        for pattern in ["(a+)+b", "(a|a)*b", "(a*)*b", "(.*)(.*)(.*)(.*)x", "(a?){100}b"] {
            #expect(try !RegularExpression(pattern).matches(text))
        }
    }

    @Test func largePatternsAreRefused() {
        #expect(throws: QuerySyntaxError.self) { try RegularExpression("((a{100}){100}){100}") }
        #expect(throws: QuerySyntaxError.self) { try RegularExpression(String(repeating: "a", count: 2_049)) }
        #expect(throws: QuerySyntaxError.self) {
            try RegularExpression(String(repeating: "(", count: 500) + String(repeating: ")", count: 500))
        }
    }

    @Test func aPatternWithoutOperatorsIsItsOnlyMatch() throws {
        #expect(try RegularExpression("GET /a\\.b").literal == "GET /a.b")
        #expect(try RegularExpression("GET.").literal == nil)
        #expect(try RegularExpression("GET", matchesWhole: false).literal == nil)
    }
}
