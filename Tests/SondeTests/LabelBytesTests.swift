// SPDX-License-Identifier: Apache-2.0

import SondeSight
import Testing

@testable import Sonde

struct LabelBytesTests {
    private let registry = MetricsRegistry(includesProcessMetrics: false)

    @Test func missingValuesAreEmptyHoweverManyNamesThereAre() {
        let own = registry.counter("x", labels: "a", "b", "c", "d", "e", "f")
        own["1", "2", "3", "4"].increment()
        own["1", "2", "3", "4"].increment()
        own[["1", "2", "3", "4"]].increment()
        own["1"].increment()
        #expect(registry.lines("x_total") == [#"x_total{a="1"} 1"#, #"x_total{a="1",b="2",c="3",d="4"} 3"#])
    }

    @Test func valuesAsBytesAreTheSameValues() throws {
        let own = registry.counter("x", labels: "a", "b", "c", "d", "e")
        let series = own["1", "2", "3", "4"].series
        let shape = try #require(own.core.shape)
        let found = Array("1234".utf8).withUnsafeBufferPointer { bytes in
            registry.find(
                shape,
                LabelSlices(
                    a: .init(rebasing: bytes[0..<1]), b: .init(rebasing: bytes[1..<2]),
                    c: .init(rebasing: bytes[2..<3]), d: .init(rebasing: bytes[3..<4])))
        }
        #expect(found === series)
    }
}
