// SPDX-License-Identifier: Apache-2.0
// Columns that fit.

import SondeTerminal
import Testing

@Suite("Table")
struct TableTests {
    private var table: Table {
        var table = Table(columns: [
            .init("name", shrinksTo: 4), .init("count", .right), .init("list", shrinksTo: 4, leavesAt: 1), .init("id"),
        ])
        table.append([StyledText("orders"), StyledText("12"), StyledText("alpha, beta"), StyledText("5b8e")])
        table.append([StyledText("注文する所"), StyledText("3"), StyledText(""), StyledText("00f0")])
        return table
    }

    @Test func alignsColumnsByCells() {
        #expect(
            lines(60) == [
                "name        count  list         id",
                "orders         12  alpha, beta  5b8e",
                "注文する所      3               00f0",
            ])
    }

    @Test func shrinksTheWidestFlexibleColumnFirst() {
        #expect(
            lines(34) == [
                "name        count  list       id",
                "orders         12  alpha, b…  5b8e",
                "注文する所      3             00f0",
            ])
        #expect(
            lines(27) == [
                "name    count  list    id",
                "orders     12  alpha…  5b8e",
                "注文…       3          00f0",
            ])
    }

    @Test func letsGoOfWhatCanBeMissed() {
        #expect(lines(22) == ["name       count  id", "orders        12  5b8e", "注文する…      3  00f0"])
    }

    @Test func neverGrowsBeyondItsWidth() {
        for width in 1...60 {
            for line in table.lines(width: width) { #expect(line.width <= width) }
        }
    }

    private func lines(_ width: Int) -> [String] {
        table.lines(width: width).map { $0.withoutBlanksAtEnd().text }
    }
}
