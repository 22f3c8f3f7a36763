// SPDX-License-Identifier: Apache-2.0
// Values as the text that searches compare.

import SondeModel
import Testing

@Suite("Attribute values")
struct AttributeValueTests {
    @Test(arguments: [
        (AttributeValue.empty, ""), (.string("a b"), "a b"), (.bool(true), "true"),
        (.int(.min), "-9223372036854775808"),
        (.double(8), "8"), (.double(0.5), "0.5"), (.double(1e300), "1e+300"), (.double(.nan), "nan"),
        (.double(-9_223_372_036_854_775_808), "-9.223372036854776e+18"),
        (.bytes([0, 255]), "00ff"),
        (.array([.int(1), .string("a\"b\n"), .empty]), "[1,\"a\\\"b\\n\",null]"),
        (.map([Attribute("k", .array([])), Attribute("u", .string("\u{1}"))]), "{\"k\":[],\"u\":\"\\u0001\"}"),
    ])
    func valueReadsAs(value: AttributeValue, text: String) {
        #expect(value.text == text)
    }

    @Test func firstOfTwoEqualKeysAnswers() {
        let attributes = [Attribute("a", .int(1)), Attribute("a", .int(2))]
        #expect(attributes["a"] == .int(1))
        #expect(attributes["b"] == nil)
    }

    @Test func serviceWithoutANameIsUnknown() {
        #expect(Resource().serviceName == "unknown_service")
        #expect(Resource(attributes: [Attribute("service.name", .string(""))]).serviceName == "unknown_service")
        #expect(Resource(attributes: [Attribute("service.name", .int(1))]).serviceName == "unknown_service")
    }
}
