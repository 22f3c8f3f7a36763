// SPDX-License-Identifier: Apache-2.0
// What became of everything in the files.

import SondeTerminal

struct ImportReport {
    var spans = 0
    var logs = 0
    var files = 0
    /// Spans, log records and data points, and whole pieces of a file, that were not taken.
    private(set) var refusedItems = 0
    private(set) var refusedPieces = 0
    private var told = 0

    var isClean: Bool { refusedItems == 0 && refusedPieces == 0 }
    var isEmpty: Bool { spans == 0 && logs == 0 }

    /// Counts items that were refused and returns the sentence to tell, if it is one of the first.
    mutating func refuse(items: Int, _ place: String, _ reason: String) -> String? {
        refusedItems += items
        return tell(
            items == 1 ? "\(place): \(reason)" : "\(place): \(Quantity.count(items)) refused, the first: \(reason)")
    }

    /// Counts a piece that can't be read.
    mutating func refusePiece(_ place: String, _ reason: String) -> String? {
        refusedPieces += 1
        return tell("\(place): \(reason)")
    }

    private mutating func tell(_ sentence: String) -> String? {
        told += 1
        guard told <= Limits.importReasonsTold else {
            return told == Limits.importReasonsTold + 1 ? "sonde: more was refused and is only counted\n" : nil
        }
        return "sonde: \(sentence)\n"
    }

    /// `imported 12 345 spans and 67 log lines from 2 files`.
    func summary(into target: String) -> String {
        var taken = Quantity.counted(spans, "span")
        if logs > 0 { taken += " and " + Quantity.counted(logs, "log line") }
        return "imported \(taken) from \(Quantity.counted(files, "file")) into \(target)"
    }

    /// `refused: 3 spans or log lines, 1 part of a file`; nil if all was taken.
    var refusals: String? {
        guard !isClean else { return nil }
        var parts: [String] = []
        if refusedItems > 0 { parts.append(Quantity.counted(refusedItems, "item")) }
        if refusedPieces > 0 { parts.append(Quantity.counted(refusedPieces, "line or part", "lines or parts")) }
        return parts.joined(separator: " and ")
    }
}
