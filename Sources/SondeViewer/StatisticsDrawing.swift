// SPDX-License-Identifier: Apache-2.0
// What a store holds, as a short list.

package import SondeModel
package import SondeTerminal

package struct StatisticsDrawing: Sendable {
    let statistics: StoreStatistics
    let canvas: Canvas

    package init(_ statistics: StoreStatistics, on canvas: Canvas) {
        self.statistics = statistics
        self.canvas = canvas
    }

    package func lines() -> [StyledText] {
        var facts: [(String, String)] = [("spans", spans)]
        facts.append(("traces", Quantity.count(statistics.traces)))
        facts.append(("logs", Quantity.count(statistics.logs)))
        facts.append(("services", Quantity.count(statistics.services)))
        facts.append(("on disk", onDisk))
        facts.append(("oldest span", statistics.oldest.map(canvas.moment) ?? "–"))
        facts.append(("newest span", statistics.newest.map(canvas.moment) ?? "–"))
        let width = facts.map(\.0.count).max() ?? 0
        return facts.flatMap { name, value in
            StyledText(value).wrapped(to: canvas.width - width - 2).enumerated().map { index, part in
                var line = StyledText(index == 0 ? name : "", .heading)
                line.pad(to: width + 2)
                line.append(part)
                return line
            }
        }
    }

    private var spans: String {
        let count = Quantity.count(statistics.spans)
        guard statistics.unmergedSpans > 0 else { return count }
        return count + " (\(Quantity.count(statistics.unmergedSpans)) not yet checked for duplicates)"
    }

    private var onDisk: String {
        guard statistics.bytes > 0 else { return "nothing" }
        let size = Quantity.size(bytes: statistics.bytes) + " in " + Quantity.counted(statistics.blocks, "block")
        guard statistics.spans > 0, statistics.logs == 0 else { return size }
        return size + ", \(statistics.bytes / statistics.spans) bytes a span"
    }
}
