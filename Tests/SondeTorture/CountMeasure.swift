// SPDX-License-Identifier: Apache-2.0
// `SondeTorture count --folder PATH`: what counting in SQL costs over a file. To be built with optimisation.

import SondeSQLite

struct CountMeasure {
    private let folder: String

    init(_ words: inout Words) throws {
        guard let folder = words.text("folder") else { throw BrokenPromise(description: "count needs --folder") }
        self.folder = folder
    }

    func run() throws {
        for query in [
            "SELECT count(*) FROM spans", "SELECT count(*) FROM spans WHERE service = 'orders'",
            "SELECT service, count(*) FROM spans GROUP BY service", "SELECT count(*) FROM traces",
        ] {
            let opening = ContinuousClock.now
            let session = try SQLSession.open(path: folder)
            let opened = opening.duration(to: .now)
            for turn in ["first", "again"] {
                let began = ContinuousClock.now
                var last: [SQLValue] = []
                _ = try session.run(query, begin: { _ in }) { row in
                    last = row
                    return true
                }
                print("\(query): \(turn) \(began.duration(to: .now)), opening \(opened), last row \(last)")
            }
        }
    }
}
